"""The drawer of one machine: notices, receipts, what is given back, and the shifts in which all of it happens.

Everything here works without a network. Money, the number of its receipt and the paper are one transaction with the act:
no number is used twice, none is lost in a crash, and no receipt comes out for money that was not written down. Numbers
come from the ranges that central granted this machine, from small to large (NĐ 254/2026 Đ25).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from edge.clock import Clock
from edge.closing import Closing
from edge.database import NodeFile, Readable
from edge.errors import NotEnoughCash
from edge.ledger import Ledger, NumbersLeft
from edge.money_papers import MoneyPapers
from edge.projector import Projector
from edge.tables.dossiers import DossierRow
from edge.tables.money import PendingReceiptRow
from edge.tables.node import Number
from edge.tables.projections import OF_MONEY
from edge.tables.streams import EventRow
from printing.models import Tuple
from printing.papers.money import FeeNotice
from printing.spool import PrintJob
from schemas import receipts
from schemas.acts import (
    BY_KIND,
    AskedLine,
    Denomination,
    FeeCollected,
    FeeNotified,
    FeeRefunded,
    PaidLine,
    Receipt,
    ReceiptReplaced,
    ReceiptUndone,
    Received,
    ShiftClosed,
    ShiftOpened,
)
from schemas.calendar import VIETNAM, local_day
from schemas.catalog import Catalog
from schemas.entries import NumberRange
from schemas.errors import Because, NotAllowed, ReceiptsUsedUp
from schemas.events import Event, moment, timestamp
from schemas.fees import At
from schemas.fold import Dossier, Place
from schemas.owing import Owing, Rated, Taken, lowered, now_owed, owing, still_owed, without_settled
from schemas.receipts import ELECTRONIC_FORM, CashCount, Medium, Range, given_as
from schemas.rules import Done
from schemas.till import KINDS, Deal, expected, shift_of
from sync.rows import marks

NOTIFIED: Final = "dossier.fee_notified"
COLLECTED: Final = "dossier.fee_collected"
VOIDED: Final = "dossier.fee_voided"
REFUNDED: Final = "dossier.fee_refunded"
ISSUED: Final = "dossier.receipt_replaced"
OPENED: Final = "node.shift_opened"
CLOSED: Final = "node.shift_closed"
REASON_ISSUED: Final = "Đã phát hành biên lai điện tử"
PENDING_SHOWN: Final = 40
Way = Literal["cash", "transfer", "card"]
_STANDS: Final = (Place.EFFECTIVE.value, Place.IRREGULAR.value, Place.CONTESTED.value)


@dataclass(frozen=True, slots=True)
class Owed:
    """What a dossier owes now. `asked` is all of it, `lines` what is left to pay, `paid` how much is here of it."""

    asked: Owing
    lines: tuple[AskedLine, ...]
    paid: int

    @property
    def total(self) -> int:
        """Đồng of `lines`: 0 when all is paid."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class OpenShift:
    """The shift that is open at this machine; `seq` is its place in the machine's chain."""

    done: Done
    seq: int

    @property
    def cashier(self) -> str:
        """Who opened it: nobody else takes money at this machine until it is closed."""
        return self.done.by

    @property
    def cash(self) -> int:
        """Đồng that were in the drawer when it was opened."""
        opened: ShiftOpened = self.done.data
        return opened.cash


@dataclass(frozen=True, slots=True)
class Payment:
    """What a cashier is about to take; `total` is what the page showed, so that nothing else is ever taken."""

    lines: Collection[tuple[str, str]]
    total: int
    payer: str
    method: Way = "cash"
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """What the program of whoever collects says of a receipt that it has issued; `by` "": as the receipt names them."""

    lookup: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DayOf:
    """What one cashier took and gave back at one machine on a day."""

    node: str
    cashier: str
    deals: tuple[Deal, ...]

    @property
    def shift(self) -> receipts.Shift:
        """All deals of the day as one shift that began with an empty drawer, for the sums of receipts."""
        return shift_of(self.cashier, 0, self.deals)


class Till:
    """Takes money at one node. `shown`: where the receipts that are still to be issued are asked.

    What came and went is asked of the node itself: drawers are counted by it, and summaries leave by it.
    """

    def __init__(
        self,
        file: NodeFile,
        ledger: Ledger,
        projector: Projector,
        closing: Closing,
        papers: MoneyPapers,
        catalog: Catalog,
        clock: Clock,
        *,
        shown: Readable,
        node: str,
    ) -> None:
        self._shown = shown
        self._file, self._ledger, self._projector, self._closing = file, ledger, projector, closing
        self._papers, self._catalog, self._clock, self._node = papers, catalog, clock, node

    # ---- shifts

    def shift(self) -> OpenShift | None:
        """The shift that is open here, whosever it is."""
        own = self._projector.dossier(self._closing.stream())
        done = own.standing.newest.get(OPENED)
        if done is None:
            return None
        seq = next(line.seq for line in own.timeline if line.hash == done.hash)
        return OpenShift(done, seq)

    def open(self, cash: int, *, by: str) -> None:
        """Begin a shift with what lies in the drawer. Raises `NotAllowed`, `ClockBehind`, `DiskFull`."""
        with self._file.write():
            if self.shift() is not None:
                raise NotAllowed(Because.SHIFT, "a shift is open already")
            self._ledger.act(self._closing.stream(), OPENED, ShiftOpened(cash), by=by)

    def so_far(self, shift: OpenShift) -> receipts.Shift:
        """What a shift has come to."""
        return shift_of(shift.cashier, shift.cash, self._deals_since(shift.seq), ranges=self._ranges())

    def balance(self, shift: OpenShift, notes: Mapping[int, int], why: str = "") -> receipts.Closing:
        """What a shift would come to with these notes in the drawer."""
        return receipts.close(self.so_far(shift), CashCount(notes, why))

    def close(self, notes: Mapping[int, int], reason: str, *, by: str) -> None:
        """End the shift and queue its count. Raises `NotAllowed` where something is left without an explanation.

        Somebody else may end it for a cashier who is gone, with a reason; the paper names both.
        """
        with self._file.write():
            shift = self.shift()
            if shift is None:
                raise NotAllowed(Because.SHIFT, "no shift is open")
            counted = self.so_far(shift)
            closing = receipts.close(counted, CashCount(notes, reason))
            if not reason and (closing.unexplained or by != shift.cashier):
                raise NotAllowed(Because.SHIFT, "; ".join(closing.unexplained) or "closed for somebody else")
            said = ShiftClosed(
                closing.counted,
                closing.expected,
                tuple(Denomination(value, count) for value, count in notes.items() if count),
                reason,
            )
            stream = self._closing.stream()
            own = self._ledger.act(stream, CLOSED, said, by=by)
            done = own.standing.newest[CLOSED]
            self._papers.spool_summary(stream, shift.done, done, counted, closing)

    # ---- one dossier

    def owed(self, dossier: Dossier) -> Owed:
        """What a dossier owes if it is paid now. Raises `NotAllowed` for what was never received."""
        received, standing = dossier.received, dossier.standing
        if received is None:
            raise NotAllowed(Because.STATUS, "nothing was received")
        notice = standing.notice.data if standing.notice else None
        asked = now_owed(self._catalog.latest, received, local_day(self._clock()), notice)
        purse = standing.purse
        acts = self._acts(dossier.stream) if purse.collected else {}
        rests: list[tuple[Event | Done, Taken | None]] = []
        if standing.notice is not None:
            rests.append((standing.notice, None))
        rests += [
            (acts[name], Taken(data.lines, amount - purse.refunded.get(name, 0)))
            for name, amount in purse.collected.items()
            if (data := _collected(acts.get(name))) is not None
        ]
        taken = [receipt for _, receipt in rests if receipt is not None]
        days = [
            Rated(self._asked_then(act, received, notice), receipt)
            for act, receipt in sorted(rests, key=lambda one: one[0].at)
        ]
        asked = without_settled(asked, days)
        kept = purse.kept
        # who has paid that much pays no more, though the catalog may have called its lines otherwise meanwhile
        lines = still_owed(asked.lines, taken) if kept < asked.total else ()
        return Owed(asked, lines, kept)

    def _asked_then(self, act: Event | Done, received: Received, notice: FeeNotified | None) -> Owing:
        """By the rates of the day of an act, as its catalog had them."""
        view = self._catalog.at(act.catalog) or self._catalog.latest
        return now_owed(view, received, local_day(moment(act.at)), notice)

    def due_at_return(self, rows: Iterable[DossierRow]) -> list[tuple[DossierRow, int]]:
        """Of dossiers that can be handed over: those of which a fee is taken only then, and how much is left to pay."""
        found: dict[str, bool] = {}
        for row in rows:
            if row.procedure not in found:
                table = self._catalog.latest.fee_table(row.procedure)
                found[row.procedure] = table is not None and any(line.at is At.RETURN for line in table.lines)
        known = [(row, self._projector.dossier(row.stream)) for row in rows if found[row.procedure]]
        owing = [(row, self.owed(dossier).total) for row, dossier in known if dossier.received is not None]
        return [(row, total) for row, total in owing if total]

    def collection(self, dossier: Dossier, name: str) -> FeeCollected | None:
        """What was taken by the act with this hash."""
        return _collected(self._acts(dossier.stream).get(name))

    def notify(
        self,
        stream: str,
        *,
        by: str,
        relief: str = "",
        proof: str = "",
        percent: int = 0,
        with_: Sequence[str] = (),
    ) -> Dossier:
        """Say what is to be paid and queue the notice; a relief has its ground and its paper.

        `percent` counts only where the catalog knows no reliefs. Raises `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            before = self._projector.dossier(stream)
            if before.received is None:
                raise NotAllowed(Because.STATUS, "nothing was received")
            day = local_day(self._clock())
            asked = owing(self._catalog.latest, before.received, day, relief=relief, proof=proof)
            lines = lowered(asked, percent) if asked.free_ground and relief else asked.lines
            if not lines:
                raise NotAllowed(Because.MONEY, "nothing is to be paid")
            dossier = self._notify(before, FeeNotified(lines, relief, proof, asked.source), by, with_)
            jobs = PrintJob.select().where((PrintJob.stream == stream) & (PrintJob.form == FeeNotice.FORM))
            self._papers.spool_notice(dossier, dossier.standing.newest[NOTIFIED], jobs.count() + 1)
            return dossier

    def collect(self, stream: str, payment: Payment, *, by: str) -> Dossier:
        """Take money: number its receipt, write it down, queue the receipt; all of it or nothing.

        Raises `NotAllowed` (no shift of one's own, or not what is owed now), `ReceiptsUsedUp`, `ClockBehind`,
        `DiskFull`.
        """
        with self._file.write():
            self._own_shift(by)
            before = self._projector.dossier(stream)
            owed = self.owed(before)
            if owed.asked.problems:
                raise NotAllowed(Because.MONEY, "; ".join(owed.asked.problems))
            chosen = [line for line in owed.lines if (line.kind, line.name) in payment.lines]
            if not chosen or sum(line.amount for line in chosen) != payment.total:
                raise NotAllowed(Because.MONEY, "not what is owed now")
            notice = self._bring_up_to_date(before, owed.asked, by)
            taken = FeeCollected(
                self._next_receipt(local_day(self._clock())),
                tuple(PaidLine(line.kind, line.name, line.amount) for line in chosen),
                payment.total,
                payment.payer,
                payment.method,
                f"{notice.relief} ({notice.proof})" if notice is not None and notice.relief else "",
                payment.reference,
            )
            dossier = self._ledger.act(stream, COLLECTED, taken, by=by)
            self._papers.spool_receipt(dossier, dossier.standing.newest[COLLECTED])
            return dossier

    def void(self, stream: str, name: str, reason: str, *, by: str, with_: Sequence[str]) -> Dossier:
        """Make a receipt void: its money goes back the way it came, its number is never used again.

        Raises `NotAllowed`, `NotEnoughCash`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            shift = self._own_shift(by)
            before = self._projector.dossier(stream)
            taken = self.collection(before, name)
            if taken is None or before.standing.purse.refunded.get(name, 0):
                raise NotAllowed(Because.MONEY, "no receipt in force, or some of it was given back")
            if taken.method == "cash":
                self._has_cash(shift, taken.total)
            return self._ledger.act(stream, VOIDED, ReceiptUndone(name, reason), by=by, with_=with_)

    def refund(self, stream: str, refund: FeeRefunded, *, by: str, with_: Sequence[str]) -> Dossier:
        """Give money back; the receipt stands. Raises `NotAllowed`, `NotEnoughCash`, `ClockBehind`, `DiskFull`."""
        with self._file.write():
            shift = self._own_shift(by)
            if refund.method == "cash":
                self._has_cash(shift, refund.amount)
            return self._ledger.act(stream, REFUNDED, refund, by=by, with_=with_)

    # ---- electronic receipts

    def pending(
        self, *, place: str = "", after: str = "", size: int = PENDING_SHOWN
    ) -> list[PendingReceiptRow]:
        """Those that are still to be issued, the oldest first; from after the one of this collection on."""
        with self._shown.read():
            at, name = PendingReceiptRow.at, PendingReceiptRow.collected
            query = PendingReceiptRow.select()
            if place:
                query = query.where(PendingReceiptRow.place == place)
            last = PendingReceiptRow.get_or_none(name == after) if after else None
            if last is not None:
                query = query.where(Tuple(at, name) > Tuple(last.at, last.collected))
            return list(query.order_by(at, name).limit(size))

    def count_pending(self, place: str = "") -> int:
        """How many there are: no more than what is to be done."""
        with self._shown.read():
            query = PendingReceiptRow.select()
            return int((query.where(PendingReceiptRow.place == place) if place else query).count())

    def pending_by_number(self, symbol: str, number: int) -> PendingReceiptRow | None:
        """A receipt that is still to be issued; None where it was, or there is none."""
        with self._shown.read():
            found: PendingReceiptRow | None = PendingReceiptRow.get_or_none(
                (PendingReceiptRow.symbol == symbol) & (PendingReceiptRow.number == number)
            )
            return found

    def issued(self, dossier: Dossier) -> dict[str, ReceiptReplaced]:
        """What was issued for the money of a dossier, by the act that took it; the newest of each."""
        acts, found = self._acts(dossier.stream), dict[str, ReceiptReplaced]()
        for line in dossier.timeline:
            data = _data(acts.get(line.hash)) if line.kind == ISSUED and line.place.value in _STANDS else None
            if isinstance(data, ReceiptReplaced) and not data.receipt.provisional:
                found[data.collected] = data
        return found

    def issue(self, signed: Mapping[str, Signed], *, by: str, on_paper: bool = False) -> None:
        """Record that receipts were issued, all of them or none: `signed` by the act that took the money.

        `on_paper`: queue the rendering of each. Raises `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            for collected, one in signed.items():
                row = PendingReceiptRow.get_or_none(PendingReceiptRow.collected == collected)
                if row is None:
                    raise NotAllowed(Because.MONEY, "no receipt is to be issued for it")
                receipt = Receipt(row.form, row.symbol, row.number)
                who = one.by or self._collector(self._projector.dossier(row.stream))
                said = ReceiptReplaced(collected, receipt, REASON_ISSUED, one.lookup, who, timestamp(one.at))
                dossier = self._ledger.act(row.stream, ISSUED, said, by=by)
                if on_paper:
                    self._render(dossier, collected, said)

    def render_issued(self, stream: str, collected: str) -> None:
        """Queue the rendering of a receipt that was issued. Raises `NotAllowed` where it was not."""
        with self._file.write():
            dossier = self._projector.dossier(stream)
            said = self.issued(dossier).get(collected)
            if said is None:
                raise NotAllowed(Because.MONEY, "no receipt was issued for it")
            self._render(dossier, collected, said)

    def _render(self, dossier: Dossier, collected: str, said: ReceiptReplaced) -> None:
        event, data = self._acts(dossier.stream)[collected], self.collection(dossier, collected)
        taken = Done(collected, event.kind, data, event.by, event.at, event.node)
        self._papers.spool_rendering(dossier, taken, said, self._clock())

    def _collector(self, dossier: Dossier) -> str:
        """Whose receipts those of a dossier are."""
        code = dossier.received.agency if dossier.received is not None else ""
        agency = self._catalog.latest.agency(code)
        return agency.name if agency is not None else code

    # ---- numbers

    def receipts_left(self, day: date) -> NumbersLeft:
        """How many numbers of receipts of the kind that is given now are left on a day, of how many."""
        with self._file.read():
            usable, _ = self._of_the_day(day)
        left = sum(one.last - last for one, _, last in usable)
        return NumbersLeft(left, sum(one.last - one.first + 1 for one, _, _ in usable))

    def next_medium(self, day: date) -> tuple[Medium, str]:
        """What the next payer takes home, and the symbol it bears. Raises `ReceiptsUsedUp`."""
        with self._file.read():
            chosen, provisional = self._choose(day)
        return Medium.PROVISIONAL if provisional else Medium.PAPER, chosen[0].symbol

    def _next_receipt(self, day: date) -> Receipt:
        (one, block, last), provisional = self._choose(day)
        following = block.next_after(last)
        assert following is not None, "only ranges with a number left are chosen"  # noqa: S101
        Number.insert(key=_counter(one), last=following.number).on_conflict_replace().execute()
        return Receipt(block.form, block.symbol, following.number, provisional)

    def _choose(self, day: date) -> tuple[tuple[NumberRange, Range, int], bool]:
        """The range of the next receipt, and whether only a provisional slip can be given for its number.

        An electronic receipt bears the signature of whoever collects, which this machine does not have: until it is
        issued the payer has a slip that says so, with the number that the receipt will bear.
        """
        usable, medium = self._of_the_day(day)
        chosen = [one for one in usable if one[2] < one[0].last]
        if not chosen:
            raise ReceiptsUsedUp(f"{self._node} has no numbers of receipts for {day}")
        return chosen[0], medium is Medium.PROVISIONAL

    def _of_the_day(self, day: date) -> tuple[list[tuple[NumberRange, Range, int]], Medium]:
        """The ranges of the kind of receipt that is given on a day: on paper while that may be, and while there is any."""
        usable = self._usable(day)
        paper = [one for one in usable if one[1].form != ELECTRONIC_FORM]
        medium = given_as(day, issued=False, paper=any(one[2] < one[0].last for one in paper))
        if medium is Medium.PAPER:
            return paper, medium
        return [one for one in usable if one[1].form == ELECTRONIC_FORM], medium

    def _usable(self, day: date) -> list[tuple[NumberRange, Range, int]]:
        """The ranges of this machine that hold on a day, from small to large, each with the last number given."""
        found = []
        for one in self._catalog.latest.ranges(self._node, day):
            block = Range(one.node, one.form or ELECTRONIC_FORM, one.symbol, one.first, one.last)
            if one.what == "receipt" and block.problem(day) is None:
                row = Number.get_or_none(Number.key == _counter(one))
                found.append((one, block, row.last if row else one.first - 1))
        return sorted(found, key=lambda some: (some[1].form, some[1].symbol, some[1].first))

    def _ranges(self) -> dict[tuple[str, str], list[tuple[int, int]]]:
        """First and last of what this machine was ever granted of each form and symbol."""
        found: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for one in self._catalog.latest.ranges(self._node):
            if one.what == "receipt":
                found.setdefault((one.form or ELECTRONIC_FORM, one.symbol), []).append((one.first, one.last))
        return found

    # ---- what was done

    def day(self, day: date) -> list[DayOf]:
        """What came and went on a Vietnamese day, as far as this machine knows, by machine and cashier."""
        begins = datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
        first, last = timestamp(begins), timestamp(begins + timedelta(days=1))
        query = (
            f"SELECT hash, stream FROM event WHERE {OF_MONEY} AND at >= ? AND at < ?"  # noqa: S608 - ours
            f" AND place IN ({marks(_STANDS)})"
        )
        with self._file.read() as connection:
            named = connection.execute(query, (first, last, *_STANDS)).fetchall()
        found: dict[tuple[str, str], list[Deal]] = {}
        for deal in self._deals(named):
            found.setdefault((deal.node, deal.by), []).append(deal)
        return [
            DayOf(node, cashier, tuple(sorted(deals, key=lambda deal: deal.seq)))
            for (node, cashier), deals in sorted(found.items())
        ]

    def _deals_since(self, seq: int) -> list[Deal]:
        with self._file.read():
            rows = EventRow.select(EventRow.hash, EventRow.stream).where(
                (EventRow.node == self._node)
                & (EventRow.seq > seq)
                & EventRow.kind.in_(KINDS)
                & EventRow.place.in_(_STANDS)
            )
            named = [(row.hash, row.stream) for row in rows]
        return sorted(self._deals(named), key=lambda deal: deal.seq)

    def _deals(self, named: Sequence[tuple[str, str]]) -> list[Deal]:
        wanted: dict[str, set[str]] = {}
        for name, stream in named:
            wanted.setdefault(stream, set()).add(name)
        found = []
        for stream, names in wanted.items():
            acts = self._acts(stream)
            found += [deal for name in names if (deal := _deal(acts, name)) is not None]
        return found

    # ---- inside

    def _own_shift(self, by: str) -> OpenShift:
        shift = self.shift()
        if shift is None or shift.cashier != by:
            raise NotAllowed(Because.SHIFT, "no shift of this cashier is open here")
        return shift

    def _has_cash(self, shift: OpenShift, amount: int) -> None:
        left = expected(self.so_far(shift))
        if amount > left:
            raise NotEnoughCash(left)

    def _notify(self, before: Dossier, notice: FeeNotified, by: str, with_: Sequence[str]) -> Dossier:
        return self._ledger.act(before.stream, NOTIFIED, notice, by=by, with_=with_)

    def _bring_up_to_date(self, before: Dossier, asked: Owing, by: str) -> FeeNotified | None:
        """Where today's rates are not those that stand, a notice says today's, so that all nodes reckon alike.

        Where that needs a second person, or is blocked, the money is taken all the same: it is owed.
        """
        standing = before.standing
        notice: FeeNotified | None = standing.notice.data if standing.notice else None
        if standing.asked == asked.total or not asked.lines:
            return notice
        relief, proof = (notice.relief, notice.proof) if notice is not None else ("", "")
        newer = FeeNotified(asked.lines, relief, proof, asked.source)
        try:
            self._ledger.check(before, NOTIFIED, newer, by=by)
        except NotAllowed:
            return notice
        self._notify(before, newer, by, ())
        return newer

    def _acts(self, stream: str) -> dict[str, Event]:
        return {str(one.hash): one for one in self._projector.events_of(stream) if isinstance(one, Event)}


def _counter(one: NumberRange) -> str:
    return f"receipt {one.id}"


def _data(event: Event | None) -> Any:
    act = BY_KIND.get(event.kind) if event is not None else None
    if event is None or act is None:
        return None
    try:
        return msgspec.convert(event.data, act.data)
    except msgspec.ValidationError:
        return None


def _collected(event: Event | None) -> FeeCollected | None:
    found = _data(event)
    return found if isinstance(found, FeeCollected) else None


def _deal(acts: Mapping[str, Event], name: str) -> Deal | None:
    """One act of money with the collection that it undoes; None where its content is gone."""
    event = acts.get(name)
    data = _data(event)
    if event is None or data is None:
        return None
    about = None if isinstance(data, FeeCollected) else _data(acts.get(data.collected))
    return Deal(
        name,
        event.stream,
        event.node,
        event.seq,
        event.at,
        event.by,
        tuple(event.with_),
        data,
        about if isinstance(about, FeeCollected) else None,
    )
