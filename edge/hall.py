"""What a counter does with the queue: who sits there, who is next, and the ways by which a ticket goes on.

A press names the ticket that its page showed: a page that is old, or pressed twice, changes nothing (`NotAtCounter`).
To finish one visitor and call the next is one transaction. What another counter did meanwhile and this one has not
heard of is not prevented, it is shown: `Turn.disputed`, until one of the two says where the visitor is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final, Literal

import msgspec

from edge.clock import Clock
from edge.contact import Contacts
from edge.database import NodeFile
from edge.errors import NotAtCounter
from edge.tables.dossiers import DossierRow
from edge.visits import Taken, Visits
from schemas.acts import Abandoned, AtCounter, Served, VisitStatus
from schemas.calendar import VIETNAM
from schemas.catalog import Catalog
from schemas.entries import Card, Duty, Queue
from schemas.events import moment, timestamp
from schemas.queue import Turn, code_of, estimate, in_line
from schemas.worklists import Waits
from sync.rows import where_in

Finish = Literal["served", "skipped", "abandoned", ""]
OPEN_FOR: Final = timedelta(minutes=30)
"""A counter that called nobody for so long does not shorten anybody's wait."""
READY_SHOWN: Final = 20
_CALLED, _RECALLED = "visit.called", "visit.recalled"


@dataclass(frozen=True, slots=True)
class Away:
    """A counter of which this machine hears nothing: what it calls is not known here."""

    counter: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class AtDesk:
    """The queue as one counter sees it. `here` are the tickets called to it, the newest call first."""

    counter: str
    here: tuple[Turn, ...]
    line: tuple[Turn, ...]
    skipped: tuple[Turn, ...]
    twice: tuple[Turn, ...]
    away: tuple[Away, ...]

    @property
    def current(self) -> Turn | None:
        """Whom the counter serves: the ticket that it called last; None while nobody is called."""
        return self.here[0] if self.here else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue as a visitor sees it before choosing it: how many wait, and how many minutes that takes, if it is known."""

    queue: Queue
    waiting: int
    minutes: int | None


class Hall:
    """The queue at one machine."""

    def __init__(
        self, file: NodeFile, visits: Visits, catalog: Catalog, contacts: Contacts, clock: Clock, *, node: str
    ) -> None:
        self._file, self._visits, self._catalog, self._contacts = file, visits, catalog, contacts
        self._clock, self._node = clock, node

    # ---- what can be seen

    @property
    def _card(self) -> Card:
        card = self._catalog.latest.card(self._node)
        assert card is not None, "a node without a card does not open"  # noqa: S101
        return card

    @property
    def counter(self) -> str:
        """What people call this place: it stands in every call."""
        return self._card.title

    def queues(self) -> list[Queue]:
        """What a visitor may choose today, by code; whether this counter calls it or not."""
        return self._catalog.latest.queues(self._visits.today())

    def counters(self) -> list[Card]:
        """The places that call tickets; a place that was installed anew counts once."""
        found = {
            card.title: card
            for card in self._catalog.latest.cards()
            if card.opens and Duty.QUEUE in card.duties and Duty.RECEIVE in card.duties
        }
        return [found[title] for title in sorted(found)]

    def at_desk(self) -> AtDesk:
        """Who is at this counter, who is next and who was passed over; tickets that two counters called."""
        turns = self._visits.turns()
        here = [turn for turn in turns if turn.is_at(self.counter)]
        here.sort(key=self._called_here, reverse=True)
        return AtDesk(
            counter=self.counter,
            here=tuple(here),
            line=tuple(self._line(turns)),
            skipped=tuple(
                sorted(
                    (turn for turn in turns if turn.status is VisitStatus.SKIPPED),
                    key=lambda turn: turn.called[-1].at if turn.called else "",
                    reverse=True,
                )
            ),
            twice=tuple(
                turn
                for turn in turns
                if turn.twice and any(call.counter == self.counter for call in turn.called)
            ),
            away=tuple(self.away()),
        )

    def away(self) -> list[Away]:
        """The other counters out of reach, also by way of others: nothing is heard of them here."""
        others = [card for card in self.counters() if card.node != self._node]
        contacts = [(card, self._contacts.of(card.node)) for card in others]
        return [
            Away(card.title, one.lost_since)
            for card, one in contacts
            if one.heard_at is not None and one.lost_since is not None
        ]

    def calls(self) -> list[tuple[Turn, str, str]]:
        """What the board shows, the newest first: each ticket that is called, its counter, and the act that called it."""
        found = [
            (turn, call.counter, call.event, call.at)
            for turn in self._visits.turns()
            if turn.status is VisitStatus.CALLED
            for call in turn.calls
        ]
        found.sort(key=lambda one: one[3], reverse=True)
        return [(turn, counter, event) for turn, counter, event, _ in found]

    def waiting(self) -> list[Waiting]:
        """Each queue as a visitor finds it who comes now and goes after all others."""
        turns = self._visits.turns()
        return [self._waiting(queue, turns) for queue in self.queues()]

    def _waiting(self, queue: Queue, turns: Sequence[Turn]) -> Waiting:
        ahead = sum(turn.code == queue.code and turn.status is VisitStatus.WAITING for turn in turns)
        return Waiting(queue, ahead, self.minutes(queue, ahead))

    def minutes(self, queue: Queue, ahead: int) -> int | None:
        """Until it is one's turn behind so many; None while too few services were measured."""
        return estimate(ahead, self._visits.services(queue.code), self._open_counters(queue))

    def places_of(self, queue: Queue) -> list[str]:
        """The counters that call a queue."""
        return [card.title for card in self.counters() if not queue.places or card.place in queue.places]

    def phase_of(self, turn: Turn) -> Literal["reception", "return"]:
        """What the visitor came for, and rates."""
        if turn.served is not None and turn.status is VisitStatus.CALLED:
            return "return"  # called again, because a result is ready
        queue = next((one for one in self.queues() if one.code == turn.code), None)
        return queue.phase if queue is not None else "reception"

    def hour(self) -> str:
        """Now in Vietnam, as `09:30`: the booked hours of tickets are compared with it as text."""
        return self._clock().astimezone(VIETNAM).strftime("%H:%M")

    def _open_counters(self, queue: Queue) -> int:
        since = timestamp(self._clock() - OPEN_FOR)
        return len(
            {
                call.counter
                for turn in self._visits.turns()
                if turn.code == queue.code
                for call in turn.called
                if call.at >= since
            }
        )

    def _line(self, turns: Sequence[Turn]) -> list[Turn]:
        elsewhere = {one.code for one in self.queues() if one.places and self._card.place not in one.places}
        return in_line(turns, self.counter, self.hour(), not_served=elsewhere)

    def _called_here(self, turn: Turn) -> str:
        return max(call.at for call in turn.calls if call.counter == self.counter)

    def ready(self) -> list[tuple[Turn, DossierRow]]:
        """Visitors of today whose result is at the counter, the newest first: they are called again by their number."""
        since = timestamp(datetime.combine(self._visits.today(), time(), VIETNAM))
        waiting = {one: turn for turn in self._served() for one in turn.dossiers}
        with self._file.read() as connection:
            # the word of the partial index: a query without it reads all dossiers
            of_today = (
                (DossierRow.queue == "return") & (DossierRow.queue != "") & (DossierRow.moved_at >= since)
            )
            rows = DossierRow.select().where(of_today).order_by(DossierRow.moved_at.desc()).limit(200)
            found = [(waiting[row.stream], row) for row in rows if row.stream in waiting]
            positions = [row.position for _, row in found]
            lists = where_in(connection, "SELECT position, list FROM work WHERE position IN", positions)
            here = {position for position, name in lists if name == Waits.RETURN.value}
        return [(turn, row) for turn, row in found if row.position in here][:READY_SHOWN]

    def _served(self) -> list[Turn]:
        return [turn for turn in self._visits.turns() if turn.status is VisitStatus.SERVED]

    # ---- taking a ticket

    def take(
        self,
        queue: Queue,
        *,
        priority: str = "",
        hour: str = "",
        by: str = "",
        spool: Callable[[Taken], None] = lambda taken: None,
    ) -> Turn:
        """Give a number. Raises `TicketsUsedUp`, `NotAllowed`, `ClockBehind`, `DiskFull`."""
        turns = self._visits.turns()
        return self._visits.take(
            queue,
            priority=priority,
            hour=hour,
            by=by,
            ahead=lambda own: len(self._ahead(own, turns)),
            spool=spool,
        )

    def ahead_of(self, own: Turn) -> list[Turn]:
        """Who is called before, in the same queue."""
        return self._ahead(own, [turn for turn in self._visits.turns() if turn.stream != own.stream])

    def _ahead(self, own: Turn, others: Sequence[Turn]) -> list[Turn]:
        line = in_line([*others, own], "", self.hour())
        return [turn for turn in line[: line.index(own)] if turn.code == own.code] if own in line else []

    # ---- calling

    def call_next(self, shown: str, finish: Finish, *, by: str) -> Turn | None:
        """End the visit that the page `shown` (its stream, or nobody), and call the next; None when nobody waits.

        Raises `NotAtCounter`, `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        desk = self._desk_as_shown(shown)
        following = desk.line[0] if desk.line else None
        with self._file.write():
            if desk.current is not None:
                self._end(desk.current, finish or "served", by)
            if following is not None:
                self._visits.act(following.stream, _CALLED, AtCounter(self.counter), by=by)
        return following

    def call(self, stream: str, shown: str, finish: Finish, *, by: str) -> Turn:
        """Call one ticket out of turn: one that was skipped, or that somebody holds in the hand."""
        desk = self._desk_as_shown(shown)
        with self._file.write():
            turn = self._known(stream)
            if desk.current is not None and desk.current.stream != stream:
                self._end(desk.current, finish or "served", by)
            kind = _CALLED if turn.status is VisitStatus.WAITING else _RECALLED
            self._visits.act(stream, kind, AtCounter(self.counter), by=by)
            return self._known(stream)

    def write_down(self, name: str, *, by: str) -> Turn:
        """A number that a visitor holds, whether this machine has heard of it or not."""
        queue = next((one for one in self.queues() if one.code == code_of(name)), None)
        return self._visits.write_down(name, queue.name if queue else code_of(name), by=by)

    def call_again(self, stream: str, *, by: str) -> None:
        """Of a ticket that is here: this call is the newest then, and so the ticket is `current`.

        Raises `NotAtCounter`, `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        self._visits.act(self._here(stream).stream, _RECALLED, AtCounter(self.counter), by=by)

    def finish(self, stream: str, finish: Finish, *, by: str) -> None:
        """The visit is over, and nobody is called."""
        turn = self._here(stream)
        with self._file.write():
            self._end(turn, finish, by)

    def hand_on(self, stream: str, counter: str, *, by: str) -> None:
        """To another counter, with the number that the visitor has. Raises `NotAtCounter` for a counter that is none."""
        turn = self._here(stream)
        if counter == self.counter or counter not in [card.title for card in self.counters()]:
            raise NotAtCounter(counter)
        self._visits.act(turn.stream, "visit.transferred", AtCounter(counter), by=by)

    def put_back(self, stream: str, *, by: str) -> None:
        """Called by mistake: it waits again, and is the next that this counter calls."""
        self._visits.act(self._here(stream).stream, "visit.transferred", AtCounter(self.counter), by=by)

    def is_at(self, stream: str, counter: str, *, by: str) -> None:
        """Of a ticket that two counters have called: where its visitor is."""
        turn = self._here(stream)
        if counter not in turn.counters:
            raise NotAtCounter(counter)
        self._visits.act(turn.stream, _RECALLED, AtCounter(counter), by=by)

    def _desk_as_shown(self, shown: str) -> AtDesk:
        desk = self.at_desk()
        if (desk.current.stream if desk.current else "") != shown:
            raise NotAtCounter(shown)
        return desk

    def _here(self, stream: str) -> Turn:
        turn = self._known(stream)
        if not turn.is_at(self.counter):
            raise NotAtCounter(turn.ticket)
        return turn

    def _known(self, stream: str) -> Turn:
        turn = self._visits.turn(stream)
        if turn is None:
            raise NotAtCounter(stream)
        return turn

    def _end(self, turn: Turn, finish: Finish, by: str) -> None:
        data: msgspec.Struct = AtCounter(self.counter)
        if finish == "served":
            data = Served(self.counter, self._received_since(turn))
        elif finish == "abandoned":
            data = Abandoned()
        self._visits.act(turn.stream, f"visit.{finish}", data, by=by)

    def _received_since(self, turn: Turn) -> tuple[str, ...]:
        """The dossiers that were received here since the visitor was called."""
        called = self._called_here(turn)
        first = f"{int(moment(called).timestamp() * 1000):012x}"
        rows = (
            DossierRow.select(DossierRow.stream)
            .where(
                (DossierRow.stream >= first)
                & (DossierRow.node == self._node)
                & (DossierRow.received_at >= called)
            )
            .limit(99)
        )
        return tuple(sorted(row.stream for row in rows))
