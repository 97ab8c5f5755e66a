"""What happened during an outage, out of what the machines wrote: who worked, what arrived, what clashed, which due
moments it touched, and which receipts have to be with the tax authority by when.

All of it is read through the outage: its days, the chains of its machines between two numbers, the dossiers that those
acts are in. It costs what the outage was long, and nothing for the years before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from edge.node import Node
from edge.tables.dossiers import DossierRow
from edge.tables.outages import OutageRow
from edge.tables.streams import ConflictRow
from schemas.acts import FeeCollected, ReceiptReplaced, Settled
from schemas.deadlines import RECEIPTS_AFTER_OUTAGE, due
from schemas.errors import NoDueMoment
from schemas.events import moment, timestamp
from schemas.outages import Outage, span_of, together
from schemas.pending_receipts import REPLACED
from schemas.tallies import OVER
from sync.rows import MAX_MARKS, where_in
from sync.sqlite import Connection

LISTED: Final = 200
"""Outages of single machines that the list looks at, the newest first."""
MOST_ACTS: Final = 5_000
"""Acts of one machine in one outage that are looked at; a page says where there were more."""
MOST_DUE: Final = 500
_COLLECTED: Final = "dossier.fee_collected"
_FEES: Final = (
    _COLLECTED,
    "dossier.fee_voided",
    "dossier.fee_refunded",
    REPLACED,
)
_SETTLED: Final = "dossier.settled"
_BETWEEN: Final = "SELECT hash, stream, kind, at, by, node, seq FROM event WHERE node = ? AND seq >= ? AND seq <= ? ORDER BY seq LIMIT ?"
_BEFORE: Final = "SELECT hash, stream, kind, at, by, node, seq FROM event WHERE node = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
_STEP: Final = 200
T = TypeVar("T")
R = TypeVar("R", ConflictRow, DossierRow)
_DUE: Final = "SELECT stream, at FROM due_turn WHERE at >= ? AND at <= ? AND name = ? ORDER BY at LIMIT ?"
_OF_DAYS: Final = "SELECT stream FROM outage_day WHERE day IN"


@dataclass(frozen=True, slots=True)
class Done:
    """One act in an outage, and when central got it."""

    hash: str
    stream: str
    kind: str
    at: str
    by: str
    node: str
    seq: int
    arrived_at: str


@dataclass(frozen=True, slots=True)
class Worked:
    """What one machine did in its outage. `lacking`: numbers of its chain that are not here; `more`: beyond what was looked at."""

    outage: Outage
    acts: int
    people: tuple[tuple[str, int], ...]
    kinds: tuple[tuple[str, int], ...]
    arrived_from: str
    arrived_until: str
    lacking: int
    more: bool


@dataclass(frozen=True, slots=True)
class Clash:
    """A conflict with an act of the outage: open, or how it was settled."""

    row: DossierRow | None
    stream: str
    title: str
    conflict: str
    settled_at: str = ""
    settled_by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Touched:
    """A due moment that passed in the outage, of a dossier that one of its machines worked on."""

    row: DossierRow
    due_at: str


@dataclass(frozen=True, slots=True)
class Taken:
    """One receipt of the outage. `in_time`: whether central had it by the last moment for the tax authority; `pending`:
    whether the electronic receipt for the payer's slip is still to be issued. `lookup`, `signed_at`: what was written
    down when it was; `signed_in_time`: whether that was by then."""

    row: DossierRow | None
    act: Done
    symbol: str
    number: int
    form: str
    total: int
    in_time: bool
    pending: bool
    lookup: str = ""
    signed_at: str = ""
    signed_in_time: bool = False


@dataclass(frozen=True, slots=True)
class Story:
    """One outage, of one machine or of several at a time. `by`: until when its receipts go to the tax authority; "" while
    it lasts, or where the calendar ends before."""

    id: str
    since: str
    until: str
    worked: tuple[Worked, ...]
    clashes: tuple[Clash, ...]
    touched: tuple[Touched, ...]
    receipts: tuple[Taken, ...]
    other_money: int
    by: str

    @property
    def lasts(self) -> bool:
        """Whether one of its machines is not back yet."""
        return not self.until

    @property
    def acts(self) -> int:
        """At all its machines, as far as was looked (`Worked.more`); not what they write of themselves."""
        return sum(one.acts for one in self.worked)

    @property
    def lacking(self) -> int:
        """Numbers in the chains of its machines that central does not have yet."""
        return sum(one.lacking for one in self.worked)

    @property
    def pending(self) -> int:
        """How many electronic receipts are still to be issued."""
        return sum(one.pending for one in self.receipts)

    @property
    def signed_in_time(self) -> int:
        """How many electronic receipts were signed by the last moment for the tax authority."""
        return sum(one.signed_in_time for one in self.receipts)

    @property
    def total(self) -> int:
        """In đồng, of the receipts that central has."""
        return sum(one.total for one in self.receipts)


class Outages:
    """What central knows of all outages."""

    def __init__(self, centre: Node) -> None:
        self._centre = centre

    def newest(self, before: str = "") -> tuple[list[list[Outage]], str]:
        """The newest outages, those that overlap together; and from where to go on, "" at the end."""
        with self._centre.shown.read():
            rows = OutageRow.select()
            if before:
                rows = rows.where(OutageRow.since < before)
            found = [_outage(row) for row in rows.order_by(OutageRow.since.desc()).limit(LISTED)]
        groups = together(found)
        if len(found) < LISTED:
            return groups, ""
        # the oldest group may go on where nobody has looked
        return (groups[:-1] or groups), span_of(groups[-1] if len(groups) == 1 else groups[-2])[0]

    def group(self, stream: str) -> list[Outage]:
        """The outage of a stream, with all that overlap it; nothing where there is none."""
        with self._centre.shown.read() as connection:
            first = OutageRow.get_or_none(OutageRow.stream == stream)
            if first is None:
                return []
            found = {stream: _outage(first)}
            while True:
                since, until = span_of(list(found.values()))
                end = until or timestamp(self._centre.clock())
                more = {
                    one.stream: one
                    for one in self._on_days(connection, found.values(), end)
                    if one.stream not in found and one.overlaps(since, until)
                }
                if not more:
                    break
                found.update(more)
        return sorted(found.values(), key=lambda one: (one.since, one.stream))

    def _on_days(self, connection: Connection, outages: Iterable[Outage], end: str) -> list[Outage]:
        days: set[str] = set()
        for one in outages:
            lasted = Outage(one.stream, one.node, one.since, one.until or max(one.since, end), "", 0, 0)
            days |= {day.isoformat() for day in lasted.days()}
        streams = [stream for (stream,) in where_in(connection, _OF_DAYS, sorted(days))]
        lasting = OutageRow.select().where((OutageRow.until == "") & (OutageRow.since <= end))
        known = {row.stream: _outage(row) for row in lasting}
        for row in OutageRow.select().where(OutageRow.stream.in_(streams)):
            known[row.stream] = _outage(row)
        return list(known.values())

    def story(self, stream: str) -> Story | None:
        """All that is known of an outage; None where there is none."""
        group = self.group(stream)
        if not group:
            return None
        since, until = span_of(group)
        by = self._tax_by(until)
        with self._centre.shown.read() as connection:
            done = {one.stream: self._acts(connection, one) for one in group}
            acts = [act for some in done.values() for act in some]
            streams = sorted({act.stream for act in acts if act.kind.startswith("dossier.")})
            rows = _dossiers(connection, streams)
            worked = tuple(_worked(one, done[one.stream]) for one in group)
            clashes = tuple(self._clashes(connection, streams, {act.hash for act in acts}, rows))
            # a due moment may also have passed after the line was back, and before central had the acts
            last = max([until or timestamp(self._centre.clock()), *(one.arrived_until for one in worked)])
            touched = tuple(self._touched(connection, since, last, {one.node for one in group}))
            collected = [act for act in acts if act.kind == _COLLECTED]
            waits = _pending(connection, [act.hash for act in collected])
            signed = self._signed(connection, sorted({act.stream for act in collected}))
        receipts = tuple(self._taken(collected, rows, by, waits, signed))
        other = sum(act.kind in _FEES for act in acts) - len(receipts)
        return Story(group[0].stream, since, until, worked, clashes, touched, receipts, other, by)

    def _tax_by(self, until: str) -> str:
        if not until:
            return ""
        try:
            counted = due(moment(until), RECEIPTS_AFTER_OUTAGE, self._centre.catalog.latest.calendar())
        except NoDueMoment:
            return ""
        return timestamp(counted.moment)

    def _acts(self, connection: Connection, outage: Outage) -> list[Done]:
        """A machine's acts from the moment at which it was alone: those before it noticed, and those until it was back."""
        last = outage.last_seq or 2**53
        after = self._done(connection.execute(_BETWEEN, (outage.node, outage.seq, last, MOST_ACTS)))
        before: list[Done] = []
        upper = outage.seq
        while upper and len(before) < MOST_ACTS:
            rows = self._done(connection.execute(_BEFORE, (outage.node, upper, _STEP)))
            before += [row for row in rows if row.at >= outage.since]
            if len(rows) < _STEP or rows[-1].at < outage.since:
                break
            upper = rows[-1].seq
        return [*reversed(before), *after]

    def _done(self, acts: Iterable[Sequence[Any]]) -> list[Done]:
        """With when central got them, which only its own file says."""
        rows = list(acts)
        with self._centre.file.read() as connection:
            asked = "SELECT hash, arrived_at FROM delivery WHERE hash IN"
            arrived = {one[0]: one[1] for one in where_in(connection, asked, [row[0] for row in rows])}
        return [Done(*(*row, arrived[row[0]])) for row in rows if row[0] in arrived]

    def _clashes(
        self, connection: Connection, streams: Sequence[str], hashes: set[str], rows: dict[str, DossierRow]
    ) -> Iterator[Clash]:
        for row in _rows_in(ConflictRow, streams):
            if not hashes.isdisjoint(row.members.split()):
                yield Clash(rows.get(row.stream), row.stream, row.title, row.id)
        settled = where_in(
            connection,
            f"SELECT stream, hash, at, by FROM event WHERE kind = '{_SETTLED}' AND place = 'effective' AND stream IN",  # noqa: S608 - ours
            list(streams),
        )
        for stream, event, at, by in settled:
            answer = self._data(str(stream), str(event), Settled)
            if answer is not None and not hashes.isdisjoint(answer.members):
                yield Clash(rows.get(stream), stream, "", answer.conflict, at, by, answer.reason)

    def _touched(self, connection: Connection, since: str, until: str, nodes: set[str]) -> Iterator[Touched]:
        passed = connection.execute(_DUE, (since, until, OVER, MOST_DUE)).fetchall()
        streams = [stream for stream, _ in passed]
        wrote = where_in(connection, "SELECT DISTINCT stream, node FROM event WHERE stream IN", streams)
        ours = {str(stream) for stream, node in wrote if node in nodes}
        rows = _dossiers(connection, sorted(ours))
        for stream, at in passed:
            if stream in rows:
                yield Touched(rows[stream], at)

    def _signed(self, connection: Connection, streams: Sequence[str]) -> dict[str, ReceiptReplaced]:
        """What was written down of electronic receipts that were issued, by the act that took the money; the newest."""
        written = where_in(
            connection,
            f"SELECT stream, hash, at FROM event WHERE kind = '{REPLACED}'"  # noqa: S608 - ours
            " AND place IN ('effective', 'irregular', 'contested') AND stream IN",
            streams,
        )
        found = {}
        for stream, event, _ in sorted(written, key=lambda row: str(row[2])):
            data = self._data(str(stream), str(event), ReceiptReplaced)
            if data is not None and not data.receipt.provisional:
                found[data.collected] = data
        return found

    def _taken(
        self,
        collected: Iterable[Done],
        rows: dict[str, DossierRow],
        by: str,
        waits: set[str],
        signed: dict[str, ReceiptReplaced],
    ) -> Iterator[Taken]:
        for act in collected:
            data = self._data(act.stream, act.hash, FeeCollected)
            if data is not None:
                one, issued = data.receipt, signed.get(act.hash)
                signed_at = (issued.signed_at or "") if issued is not None else ""
                in_time = bool(by) and act.arrived_at <= by
                yield Taken(
                    rows.get(act.stream),
                    act,
                    one.symbol,
                    one.number,
                    one.form,
                    data.total,
                    in_time,
                    act.hash in waits,
                    issued.lookup if issued is not None else "",
                    signed_at,
                    bool(by and signed_at) and signed_at <= by,
                )

    def _data(self, stream: str, event: str, kind: type[T]) -> T | None:
        document = self._centre.stores["dossiers"].get(f"{stream}:{event}")
        try:
            return msgspec.convert(document.get("data"), kind)
        except msgspec.ValidationError:
            return None


def _outage(row: OutageRow) -> Outage:
    return Outage(row.stream, row.node, row.since, row.until, row.what, row.seq, row.last_seq)


def _worked(outage: Outage, done: Sequence[Done]) -> Worked:
    people = Counter(act.by for act in done if act.by)
    # what a machine writes of itself (an outage, a day that is over) is nobody's work
    kinds = Counter(act.kind for act in done if act.by or not act.kind.startswith("node."))
    arrived = sorted(act.arrived_at for act in done)
    numbers = {act.seq for act in done}
    first, last = (min(numbers), outage.last_seq or max(numbers)) if numbers else (1, 0)
    more = len(done) >= MOST_ACTS
    return Worked(
        outage,
        sum(kinds.values()),
        tuple(people.most_common()),
        tuple(kinds.most_common()),
        arrived[0] if arrived else "",
        arrived[-1] if arrived else "",
        0 if more else last - first + 1 - len(numbers),
        more,
    )


def _pending(connection: Connection, collected: Sequence[str]) -> set[str]:
    rows = where_in(connection, "SELECT collected FROM pending_receipt WHERE collected IN", collected)
    return {str(name) for (name,) in rows}


def _dossiers(connection: Connection, streams: Sequence[str]) -> dict[str, DossierRow]:
    return {row.stream: row for row in _rows_in(DossierRow, streams)}


def _rows_in(model: type[R], streams: Sequence[str]) -> Iterator[R]:
    for begin in range(0, len(streams), MAX_MARKS):
        yield from model.select().where(model.stream.in_(streams[begin : begin + MAX_MARKS]))
