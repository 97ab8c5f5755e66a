"""The only door for new events.

Each act is one transaction: checked against what stands, numbered, sealed, written, projected and spooled,
all of it or nothing. The page answers after the commit, and what it then says is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from edge.chain import OwnChain
from edge.clock import Clock
from edge.database import NodeFile
from edge.projector import Projector
from edge.tables.node import Fact, Number
from schemas import numbers
from schemas.acts import (
    BY_KIND,
    Act,
    Effect,
    EnteredAfterwards,
    FeeDue,
    NotReceived,
    Numbered,
    Party,
    Received,
    ReceivedComponent,
    Registered,
    Settled,
    SupplementRequested,
)
from schemas.calendar import local_day
from schemas.catalog import Catalog
from schemas.deadlines import DueMoment, Limit, due, hand_over_by
from schemas.entries import Card, Procedure
from schemas.errors import Because, NoNumber, NotAllowed, NumbersUsedUp
from schemas.events import Event, EventHash, Signed, StreamId, timestamp
from schemas.fees import At, Channel, charge
from schemas.fold import Dossier
from schemas.rules import allowed
from schemas.slips import read as read_slip
from schemas.views import View

MOST_PARENTS: Final = 256
"""17 KB of the 64 that an event may have."""


CLOSED: Final = "closed"
"""The fact that this machine has written its last act (`edge.retiring`)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a receiver has entered, before it has a number."""

    procedure: str
    applicant: Party
    components: tuple[ReceivedComponent, ...]
    submitter: Party | None = None
    authorisation: str = ""
    return_by: str = "centre"
    case: str = ""
    channel: Channel = Channel.DIRECT
    commune: str = ""
    elsewhere: bool = False
    notify: bool = False
    sets: int = 1


@dataclass(frozen=True, slots=True)
class Reception:
    """A dossier that was received just now, and how its due moment was counted."""

    dossier: Dossier
    received: Received
    event: EventHash
    at: datetime
    due: DueMoment


@dataclass(frozen=True, slots=True)
class NumbersLeft:
    """Of the numbers that this machine was granted for an agency's results: how many are left, of how many."""

    left: int
    of: int

    @property
    def scarce(self) -> bool:
        """Time to ask for more: a fifth is left."""
        return self.left * 5 <= self.of


@dataclass(frozen=True, slots=True)
class Intended:
    """An act that somebody is about to do here."""

    by: str
    at: str
    node: str
    stream: str
    with_: tuple[str, ...] = ()


Spool = Callable[[Reception], None]
"""Puts the paper of a reception into the spool, inside the ledger's transaction."""


TurnedAway = Callable[[str, Registered, NotReceived | SupplementRequested, str, datetime], None]
"""Puts form 02 or 03 into the spool, inside the ledger's transaction: stream, what was brought, why not, number, moment."""


class Ledger:
    """Writes the acts of one node."""

    def __init__(
        self,
        file: NodeFile,
        projector: Projector,
        catalog: Catalog,
        chain: OwnChain,
        clock: Clock,
        *,
        node: str,
    ) -> None:
        self._file, self._projector, self._catalog = file, projector, catalog
        self._chain, self._clock, self._node = chain, clock, node

    @property
    def card(self) -> Card:
        """This machine's, by the newest catalog; that of a new central counts from when it was introduced."""
        card = self._catalog.card_of(self._node)
        assert card is not None, "a node opens only with its card"  # noqa: S101
        return card

    def expected_number(self, agency: str) -> str:
        """The number that the next dossier of this agency would get here, now. Raises `NoNumber`."""
        day = local_day(self._clock())
        with self._file.read():
            row = Number.get_or_none(Number.key == counter_of(agency, day))
        return str(self._compose(agency, day, (row.last if row else 0) + 1))

    def receive(self, stream: StreamId, draft: Draft, *, by: str, spool: Spool) -> Dossier:
        """Receive one dossier: number it, record it, queue its slip. Asked twice for one stream, once done.

        Raises `NotAllowed`, `NoNumber`, `NoDueMoment`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            before = self._projector.dossier(stream)
            if before.received is not None:
                return before
            at = self._chain.now()
            day = local_day(at)
            view = self._catalog.latest
            procedure = view.procedure(draft.procedure, day)
            if procedure is None:
                raise NotAllowed(Because.NO_SUCH_PROCEDURE, draft.procedure)
            limit = _limit(draft, procedure, day, view)
            calendar = view.calendar()
            begins = hand_over_by(at, calendar) if draft.elsewhere else at
            counted = due(begins, limit, calendar)
            registered = before.standing.newest.get("dossier.registered")
            number = registered.data.number if registered is not None else ""
            number = number or self._next_number(procedure.agency, day)
            received = self._received(draft, procedure, number, limit, day, counted, view)
            event = self._append(before, stream, "dossier.received", received, by=by, at=at, view=view)
            dossier = self._projector.dossier(stream)
            spool(Reception(dossier, received, event, at, counted))
        return dossier

    def turn_away(
        self,
        stream: StreamId,
        draft: Draft,
        kind: str,
        data: NotReceived | SupplementRequested,
        *,
        by: str,
        spool: TurnedAway,
    ) -> Dossier:
        """What was brought and is not received: registered without a number, and why not. Asked twice, once done.

        Raises `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            before = self._projector.dossier(stream)
            if before.timeline:
                return before
            at, view = self._chain.now(), self._catalog.latest
            procedure = view.procedure(draft.procedure, local_day(at))
            if procedure is None:
                raise NotAllowed(Because.NO_SUCH_PROCEDURE, draft.procedure)
            registered = Registered(
                procedure=procedure.code,
                procedure_name=procedure.name,
                agency=procedure.agency,
                applicant=draft.applicant,
                case=draft.case,
                channel=draft.channel.value,
                components=draft.components,
                submitter=draft.submitter or msgspec.UNSET,
            )
            self._append(before, stream, "dossier.registered", registered, by=by, at=at, view=view)
            return self._turned_away(stream, registered, kind, data, by=by, view=view, spool=spool)

    def answer(
        self,
        stream: str,
        kind: str,
        data: NotReceived | SupplementRequested,
        *,
        by: str,
        spool: TurnedAway,
    ) -> Dossier:
        """Form 02 or 03 for what came online and is not received yet. Asked twice, once done.

        Raises `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            before = self._projector.dossier(stream)
            registered = before.standing.newest.get("dossier.registered")
            if kind in before.standing.newest:
                return before
            if registered is None or registered.data is None or before.standing.receipt is not None:
                raise NotAllowed(Because.STATUS, "it does not wait to be received")
            view = self._catalog.latest
            return self._turned_away(stream, registered.data, kind, data, by=by, view=view, spool=spool)

    def _turned_away(
        self,
        stream: str,
        registered: Registered,
        kind: str,
        data: NotReceived | SupplementRequested,
        *,
        by: str,
        view: View,
        spool: TurnedAway,
    ) -> Dossier:
        between, at = self._projector.dossier(stream), self._chain.now()
        self._append(between, stream, kind, data, by=by, at=at, view=view)
        key = f"turned away {local_day(at).isoformat()}"
        count = self._last(key) + 1
        Number.insert(key=key, last=count).on_conflict_replace().execute()
        spool(stream, registered, data, f"{self.card.number:02d}{count:02d}", at)
        return self._projector.dossier(stream)

    def enter_again(
        self,
        slip: str,
        draft: Draft,
        *,
        happened_at: datetime,
        due_at: datetime,
        reason: str,
        by: str,
        with_: Sequence[str],
    ) -> Dossier:
        """Enter a reception from its paper slip, into the same stream under the same number; with a second person.

        Only while the reception is not here: once it is, it stands as it is. `due_at`: what the slip promises. Asked
        twice, once done. Raises `Malformed`, `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        code, _ = read_slip(slip)
        stream = StreamId(code.stream)
        with self._file.write():
            before = self._projector.dossier(stream)
            if before.received is not None:
                return before
            at, view = self._chain.now(), self._catalog.latest
            day = local_day(happened_at)
            procedure = view.procedure(draft.procedure, day)
            if procedure is None:
                raise NotAllowed(Because.NO_SUCH_PROCEDURE, draft.procedure)
            limit = _limit(draft, procedure, day, view)
            counted = DueMoment(due_at, (), ())
            received = self._received(draft, procedure, code.number, limit, day, counted, view)
            again = EnteredAfterwards(
                **{name: getattr(received, name) for name in received.__struct_fields__},
                happened_at=timestamp(happened_at),
                reason=reason,
                slip=slip,
            )
            kind, more = "dossier.entered_afterwards", tuple(with_)
            self._append(before, stream, kind, again, by=by, at=at, view=view, with_=more)
            return self._projector.dossier(stream)

    def enter_from_paper(
        self,
        stream: StreamId,
        draft: Draft,
        *,
        paper: str,
        happened_at: datetime,
        due_at: datetime,
        reason: str,
        by: str,
        with_: Sequence[str],
        spool: Spool,
    ) -> Dossier:
        """Enter what was received by hand, while this machine could not be used; with a second person.

        It gets a number of this machine for the day on which it was received, and form 01. `paper`: the number of its
        handwritten slip; `due_at`: what that promises. Asked twice for one stream, once done. Raises `NotAllowed`,
        `NoNumber`, `NoDueMoment`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            before = self._projector.dossier(stream)
            if before.received is not None:
                return before
            at, view = self._chain.now(), self._catalog.latest
            day = local_day(happened_at)
            procedure = view.procedure(draft.procedure, day)
            if procedure is None:
                raise NotAllowed(Because.NO_SUCH_PROCEDURE, draft.procedure)
            limit = _limit(draft, procedure, day, view)
            counted = due(happened_at, limit, view.calendar())
            if counted.moment != due_at:
                counted = DueMoment(due_at, (), ())  # what stands on the slip was promised
            number = self._next_number(procedure.agency, day)
            received = self._received(draft, procedure, number, limit, day, counted, view)
            entered = EnteredAfterwards(
                **{name: getattr(received, name) for name in received.__struct_fields__},
                happened_at=timestamp(happened_at),
                reason=reason,
                paper=paper,
            )
            kind, more = "dossier.entered_afterwards", tuple(with_)
            event = self._append(before, stream, kind, entered, by=by, at=at, view=view, with_=more)
            dossier = self._projector.dossier(stream)
            spool(Reception(dossier, received, event, happened_at, counted))
        return dossier

    def number_result(self, stream: str, *, symbol: str, by: str, with_: Sequence[str] = ()) -> Dossier:
        """Give the result of a dossier the next number of its agency's register, with the day; `symbol` follows it.

        Raises `NotAllowed`, `NoNumber`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            before, view = self._projector.dossier(stream), self._catalog.latest
            at = self._chain.now()
            day = local_day(at)
            if before.received is None:
                raise NotAllowed(Because.STATUS, "there is no dossier")
            key, last, number = self._result_number(before.received.agency, day)
            Number.insert(key=key, last=last).on_conflict_replace().execute()
            numbered = Numbered(f"{number}{symbol}", day.isoformat())
            more = tuple(with_)
            self._append(before, stream, "dossier.numbered", numbered, by=by, at=at, view=view, with_=more)
            return self._projector.dossier(stream)

    def expected_result_number(self, agency: str, day: date) -> str:
        """The number that the next result of an agency would get here. Raises `NoNumber`."""
        with self._file.read():
            return self._result_number(agency, day)[2]

    def result_numbers_left(self, agency: str, day: date) -> NumbersLeft | None:
        """How many of the granted numbers are left; None where numbers begin with the machine's own."""
        ranges = [one for one in self._catalog.latest.result_ranges(agency, day) if one.node == self._node]
        if not ranges:
            return None
        with self._file.read():
            used = sum(self._last(f"result {one.id}") or one.first - 1 for one in ranges)
        return NumbersLeft(
            sum(one.last for one in ranges) - used, sum(one.last - one.first + 1 for one in ranges)
        )

    def _result_number(self, agency: str, day: date) -> tuple[str, int, str]:
        """The counter, what it then stands at, and the number: from the register's range, else the machine's own.

        Where the agency's register is given out in ranges, a machine without one gives no number.
        """
        ranges = self._catalog.latest.result_ranges(agency, day)
        for one in (one for one in ranges if one.node == self._node):
            last = self._last(f"result {one.id}") or one.first - 1
            if last < one.last:
                return f"result {one.id}", last + 1, str(last + 1)
        if ranges:
            raise NumbersUsedUp(
                f"the numbers that {self._node} was granted for {agency} are used up, or there are none"
            )
        key = f"result {agency} {day.year}"
        count = self._last(key) + 1
        card = self.card
        return key, count, numbers.result_number(card.number, count, day, (card.lease_from, card.lease_to))

    def _last(self, key: str) -> int:
        row = Number.get_or_none(Number.key == key)
        return row.last if row else 0

    def act(
        self,
        stream: str,
        kind: str,
        data: msgspec.Struct,
        *,
        by: str,
        with_: Sequence[str] = (),
        sign: Callable[[bytes], Signed] | None = None,
    ) -> Dossier:
        """Record one act on a dossier, over everything that is known of it here. `with_`: second persons.

        Raises `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            before, view = self._projector.dossier(stream), self._catalog.latest
            at = self._chain.now()
            self._append(before, stream, kind, data, by=by, at=at, view=view, sign=sign, with_=tuple(with_))
            return self._projector.dossier(stream)

    def check(
        self, dossier: Dossier, kind: str, data: msgspec.Struct, *, by: str, with_: Sequence[str] = ()
    ) -> None:
        """Raise `NotAllowed` if the act could not be done now; what costs time asks before it begins."""
        intended = Intended(by, timestamp(self._clock()), self._node, dossier.stream, tuple(with_))
        self._check(dossier, BY_KIND[kind], data, intended, self._catalog.latest)

    def needs_second(self, act: Act) -> bool:
        """Whether an act of this kind needs a second person here and now."""
        if act.witness:
            return True
        if act.effect is not Effect.DECISION:
            return False
        age = self._catalog.latest.age(timestamp(self._clock()))
        return age > timedelta(days=self.card.max_catalog_age_days)

    def _check(self, dossier: Dossier, act: Act, data: Any, intended: Intended, view: View) -> None:
        if act.effect is Effect.DECISION and dossier.missing:
            raise NotAllowed(Because.INCOMPLETE, f"{len(dossier.missing)} earlier acts are not here yet")
        allowed(dossier.standing, act, data, intended, view)

    def _append(
        self,
        before: Dossier,
        stream: str,
        kind: str,
        data: msgspec.Struct,
        *,
        by: str,
        at: datetime,
        view: View,
        sign: Callable[[bytes], Signed] | None = None,
        with_: tuple[str, ...] = (),
    ) -> EventHash:
        """Check the act by one catalog and name that one, though a newer may arrive meanwhile."""
        if Fact.get_or_none(Fact.key == CLOSED) is not None:
            raise NotAllowed(Because.DUTY, "this machine has closed itself, and writes no more")
        if view.card(self._node) is None:
            raise NotAllowed(
                Because.DUTY, "this central is new and collects: it writes nothing before it takes over"
            )
        act = BY_KIND[kind]
        self._check(before, act, data, Intended(by, timestamp(at), self._node, stream, with_), view)
        rests_on = _rests_on(before, act, data) if act.effect is Effect.DECISION else None
        builtins = msgspec.to_builtins(data)
        try:
            msgspec.convert(builtins, act.data)
        except msgspec.ValidationError as why:
            raise NotAllowed(Because.DATA, str(why)) from why
        return self._chain.append(
            stream,
            kind,
            builtins,
            parents=self._parents(before),
            by=by,
            at=at,
            catalog=view.name,
            rests_on=rests_on,
            with_=with_,
            sign=sign,
        )

    def _parents(self, before: Dossier) -> Sequence[str]:
        """The heads that an act names, and not so many that no room is left for the act itself.

        A machine that means harm can leave a thousand of them. Those that lead to what stands come first; the
        acts to come name the rest.
        """
        if len(before.heads) <= MOST_PARENTS:
            return before.heads
        children: dict[str, str] = {}
        for event in self._projector.events_of(before.stream):
            for parent in event.parents if isinstance(event, Event) else ():
                children[parent] = event.hash
        leading = []
        for done in before.standing.newest.values():
            head = done.hash
            while head in children:
                head = children[head]
            leading.append(head)
        return list(dict.fromkeys([*leading, *before.heads]))[:MOST_PARENTS]

    def _received(
        self,
        draft: Draft,
        procedure: Procedure,
        number: str,
        limit: Limit,
        day: date,
        counted: DueMoment,
        view: View,
    ) -> Received:
        return Received(
            number=number,
            procedure=procedure.code,
            procedure_name=procedure.name,
            agency=procedure.agency,
            applicant=draft.applicant,
            submitter=draft.submitter or msgspec.UNSET,
            authorisation=draft.authorisation,
            components=draft.components,
            limit=limit,
            due=timestamp(counted.moment),
            fees=_fees(draft, procedure, day, view),
            return_by="post" if draft.return_by == "post" else "centre",
            channel=draft.channel.value,
            case=draft.case,
            elsewhere=draft.elsewhere,
            commune=draft.commune,
            notify=draft.notify,
            sets=draft.sets,
        )

    def _next_number(self, agency: str, day: date) -> str:
        key = counter_of(agency, day)
        row = Number.get_or_none(Number.key == key)
        count = (row.last if row else 0) + 1
        Number.insert(key=key, last=count).on_conflict_replace().execute()
        return str(self._compose(agency, day, count))

    def _compose(self, agency: str, day: date, count: int) -> numbers.DossierNumber:
        card = self.card
        if self._catalog.latest.agency(agency) is None:
            raise NoNumber(f"agency {agency} has no code")
        lease = (card.lease_from, card.lease_to)
        return numbers.compose(agency=agency, day=day, node=card.number, count=count, lease=lease)


def _limit(draft: Draft, procedure: Procedure, day: date, view: View) -> Limit:
    """The limit of the case; longer where the matter lies in a difficult commune and the procedure says so."""
    commune = view.commune(draft.commune, day) if draft.commune else None
    return procedure.terms(draft.case).limit_for(difficult=commune is not None and commune.difficult)


def _fees(draft: Draft, procedure: Procedure, day: date, view: View) -> tuple[FeeDue, ...]:
    """What is collected at reception: by the fee table, or by what the procedure's own entry says."""
    table = view.fee_table(procedure.code)
    if table is None:
        return tuple(FeeDue(fee.kind.value, fee.amount) for fee in procedure.fees_on(day))
    items = charge(table, day, draft.channel, case=draft.case).items
    return tuple(FeeDue(item.kind.value, item.amount) for item in items if item.at is At.RECEPTION)


def may_second(view: View, name: str, act: Act, day: date) -> bool:
    """Whether somebody may stand beside an act: its witness, or for an old catalog anybody who works here."""
    person = view.person(name)
    if person is None:
        return False
    return any(person.has(role, day) for role in act.witness) if act.witness else bool(person.roles_on(day))


def counter_of(agency: str, day: date) -> str:
    """What counts the dossiers of an agency on a day."""
    return f"{agency} {day.isoformat()}"


def _rests_on(dossier: Dossier, act: Act, data: Any) -> list[str]:
    """The acts that a decision builds on: those that stand, or the conflict that it answers."""
    if isinstance(data, Settled):
        # a row that central reports has members in other dossiers too
        here = {line.hash for line in dossier.timeline}
        return [member for member in data.members if member in here]
    standing = dossier.standing
    named = (standing.newest.get(kind) for kind in act.rests)
    built_on = (standing.receipt, standing.appraisal, standing.outcome, standing.withdrawal, *named)
    return [done.hash for done in built_on if done is not None]
