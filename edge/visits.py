"""The door for what happens to queue tickets: each visit is a stream of its own, in a database and chain of its own.

As the ledger: checked against what stands, sealed, written, all of it in one transaction. Visits have no tables: a
stream is a handful of acts, and those of one day are folded once and kept in memory (`Visits.turns`), each anew when
one of its acts arrives. An edge keeps them for seven days (`Visits.let_go`). A ticket's number, its event and its paper are one transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from edge.admission import Admission, Sealed
from edge.chain import OwnChain
from edge.clock import Clock
from edge.database import NodeFile
from edge.ledger import Intended
from edge.tables.departed import DepartedVisit, VisitAct
from edge.tables.node import Fact, Number
from edge.tallying import Rated, Ratings
from printing import spool
from schemas.acks import Acks
from schemas.acts import BY_KIND, TicketTaken
from schemas.acts import Rated as RatedAct
from schemas.calendar import local_day
from schemas.catalog import Catalog
from schemas.entries import Queue
from schemas.errors import TicketsUsedUp
from schemas.events import Event, Unknown, parse, timestamp
from schemas.fold import Dossier, Place, fold
from schemas.queue import (
    LEAST_MEASURED,
    Turn,
    code_of,
    day_of,
    measured,
    number_of,
    stream_of,
    streams_from,
    ticket,
    turn_of,
)
from schemas.rules import allowed
from sync.documents import load, render
from sync.sqlite import Connection
from sync.store import Store
from sync.writing import Arrival

TAKEN: Final = "visit.ticket_taken"
RATED: Final = "visit.rated"
SENT: Final = "visits at central"
"""The fact up to which sequence of the store central is known to have it."""
_LISTED: Final = "visits are listed"
"""The fact that every act that is here stands in `visit_act`: those of before that table too."""
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """A ticket that was just taken, for its paper: how many are `ahead`, and when."""

    turn: Turn
    queue: Queue
    ahead: int
    at: datetime


@dataclass(frozen=True, slots=True)
class TicketsLeft:
    """Numbers that this machine may still give today in one queue, of how many."""

    left: int
    granted: int

    @property
    def few(self) -> bool:
        """A fifth or less; True also where none was granted."""
        return self.left * 5 <= self.granted


class Visits:
    """Reads and writes the visits of one node."""

    def __init__(
        self,
        file: NodeFile,
        store: Store,
        catalog: Catalog,
        rules: Admission,
        chain: OwnChain,
        clock: Clock,
        *,
        node: str,
    ) -> None:
        self._file, self._store, self._catalog, self._rules = file, store, catalog, rules
        self._chain, self._clock, self._node = chain, clock, node
        self._lock = threading.Lock()
        self._day: date | None = None
        self._turns: dict[str, Turn] = {}
        self._stale: set[str] = set()
        self._past: dict[date, list[Turn]] = {}
        self._unsent: dict[int, str] | None = None

    def streams(self) -> list[str]:
        """The visits known here, oldest first."""
        with self._file.read():
            return list(dict.fromkeys(one.id.partition(":")[0] for one in self._store.all_docs()))

    def visit(self, stream: str) -> Dossier:
        """The fold of one visit, as of now."""
        return self._folded(stream)[0]

    def turn(self, stream: str) -> Turn | None:
        """One ticket, as of now; None where nobody here knows of it."""
        visit, events = self._folded(stream)
        return turn_of(visit, [event for event in events if isinstance(event, Event)])

    def _folded(self, stream: str) -> tuple[Dossier, list[Event | Unknown]]:
        with self._file.read():
            return folded(self._store, self._rules, self._catalog, stream)

    def rated(self, stream: str) -> Ratings:
        """The ratings of one visit that have their effect, and whether one waits."""
        return ratings_of(stream, *self._folded(stream))

    def unheard(self, stream: str) -> set[str]:
        """The entries of another branch of the catalog that acts of a visit wait for, by name."""
        _, events = self._folded(stream)
        return {
            event.catalog
            for event in events
            if isinstance(event, Event) and self._catalog.passed(event.catalog)
        }

    def all_rated(self) -> Iterator[Ratings]:
        """All visits here that were rated."""
        for stream in self.streams():
            rated = self.rated(stream)
            if rated.given or rated.waits:
                yield rated

    # ---- the tickets of a day

    def today(self) -> date:
        """The Vietnamese day."""
        return local_day(self._clock())

    def turns(self) -> list[Turn]:
        """All tickets of today that this machine knows of, the first that was taken first."""
        day = self.today()
        with self._lock:
            if day != self._day:
                self._stale.clear()
                self._turns, self._day = self._of_day(day), day
            while self._stale:
                stream = self._stale.pop()
                turn = self.turn(stream)
                if turn is not None:
                    self._turns[stream] = turn
                else:
                    self._turns.pop(stream, None)
            return sorted(self._turns.values(), key=lambda turn: (turn.taken_at, turn.ticket))

    def arrived(self, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        """Acts were written or brought; called within their transaction."""
        streams = {arrival.doc["_id"].partition(":")[0] for arrival in arrivals}
        own = {one.seq: str(one.doc["at"]) for one in arrivals if one.doc["node"] == self._node}
        self._list(connection, (arrival.doc for arrival in arrivals))
        self._file.file.after_commit(lambda: self._expire(streams, own))

    @staticmethod
    def _list(connection: Connection, documents: Iterable[Mapping[str, Any]]) -> None:
        for one in documents:
            connection.execute(
                "INSERT OR IGNORE INTO visit_act (stream, hash, node, seq) VALUES (?, ?, ?, ?)",
                (one["_id"][:32], one["_id"][33:], one["node"], one["seq"]),
            )

    def catch_up(self) -> None:
        """List the acts that came before acts were listed, once."""
        with self._file.read():
            if Fact.get_or_none(Fact.key == _LISTED) is not None:
                return
        with self._file.write() as connection:
            names = [one.id for one in self._store.all_docs()]
            for at in range(0, len(names), _AT_ONCE):
                found = self._store.winners(names[at : at + _AT_ONCE])
                self._list(connection, (load(render(one)) for one in found.values()))
            Fact.insert(key=_LISTED, value="1").on_conflict_replace().execute()

    # ---- leaving

    def let_go(self, before: date, acks: Acks) -> list[Path]:
        """At an edge: visits of the days before one day leave, as far as central holds every act of theirs.

        A visit is over with its day. Returns the papers that were printed for them, to be taken away.
        """
        papers: list[Path] = []
        start, end = "", streams_from(before)
        while True:
            with self._file.read():
                names = [one.id for one in self._store.all_docs(startkey=start, endkey=end, limit=_AT_ONCE)]
            if not names:
                return papers
            for stream in dict.fromkeys(name[:32] for name in names):
                papers += self._leave(stream, acks)
            start = f"{names[-1][:32]}~"

    def _leave(self, stream: str, acks: Acks) -> list[Path]:
        """One visit, whole or not at all."""
        with self._file.write():
            rows = list(VisitAct.select().where(VisitAct.stream == stream))
            documents = self._store.all_docs(startkey=f"{stream}:", endkey=f"{stream}:~")
            sent = self._sent()
            own = {row.hash: row.seq for row in rows if row.node == self._node}
            if len(rows) != len(documents) or not all(self._is_held(row, acks) for row in rows):
                return []
            if any(one.id[33:] in own and one.seq > sent for one in documents):
                return []  # its number may be held, and be a copied machine's
            for seq in own.values():
                DepartedVisit.insert(seq=seq).on_conflict_ignore().execute()
            papers = spool.forget(stream)
            VisitAct.delete().where(VisitAct.stream == stream).execute()
            self._store.purge(
                {one.id: [str(leaf.rev) for leaf in one.leaves] for one in documents}, scrub=False
            )
        return papers

    def _is_held(self, row: VisitAct, acks: Acks) -> bool:
        upto, tip = acks.held.get("visits", {}).get(row.node, (0, ""))
        if row.seq > upto:
            return False
        at_tip = VisitAct.get_or_none((VisitAct.node == row.node) & (VisitAct.seq == upto))
        return at_tip is None or at_tip.hash == tip

    def central_changed(self) -> None:
        """What another central had, a new one may not have. Inside `file.write()`."""
        Fact.delete().where(Fact.key == SENT).execute()
        with self._lock:
            self._unsent = None

    def _expire(self, streams: set[str], own: Mapping[int, str]) -> None:
        with self._lock:
            if self._unsent is not None:
                self._unsent |= own
            if self._day is not None:
                first, end = streams_from(self._day), streams_from(self._day + timedelta(days=1))
                self._stale |= {stream for stream in streams if first <= stream < end}

    def waiting(self) -> tuple[int, str]:
        """How many own acts central is not known to have, and when the oldest was done; "" where there is none."""
        if self._catalog.centre == self._node:
            return 0, ""
        with self._lock:
            if self._unsent is None:
                self._unsent = self._own_after(self._sent())
            return len(self._unsent), min(self._unsent.values(), default="")

    def centre_has(self, up_to: int) -> None:
        """Central holds all that the push read up to this local sequence."""
        if up_to <= self._sent():
            return
        with self._file.write():
            Fact.insert(key=SENT, value=str(up_to)).on_conflict_replace().execute()
        with self._lock:
            if self._unsent is not None:
                self._unsent = {seq: at for seq, at in self._unsent.items() if seq > up_to}

    def _sent(self) -> int:
        with self._file.read():
            fact = Fact.get_or_none(Fact.key == SENT)
        return int(fact.value) if fact is not None else 0

    def _own_after(self, seq: int) -> dict[int, str]:
        with self._file.read():
            seqs = {one.id: one.seq for one in self._store.changes(since=seq)}
            stored = self._store.winners(list(seqs))
        documents = [(seqs[name], load(render(one))) for name, one in stored.items()]
        return {seq: str(document["at"]) for seq, document in documents if document["node"] == self._node}

    def catalog_grew(self) -> None:
        """What waited for the catalog may have its effect now."""
        with self._lock:
            self._day = None
            self._past.clear()

    def of_day(self, day: date) -> list[Turn]:
        """The tickets of another day; folded anew each time."""
        return list(self._of_day(day).values())

    def _of_day(self, day: date) -> dict[str, Turn]:
        first, end = streams_from(day), streams_from(day + timedelta(days=1))
        with self._file.read():
            ids = [one.id for one in self._store.all_docs(startkey=first, endkey=end)]
            streams = list(dict.fromkeys(name.partition(":")[0] for name in ids))
            turns = [self.turn(stream) for stream in streams]
        return {turn.stream: turn for turn in turns if turn is not None}

    def services(self, code: str) -> list[int]:
        """How many seconds services of a queue took: today's, and before there are enough those of the last open day."""
        found = measured(self.turns(), code)
        return found if len(found) >= LEAST_MEASURED else measured(self._before(self.today()), code)

    def _before(self, today: date) -> list[Turn]:
        """The last day on which tickets were taken; read once a day, whatever arrives of it later."""
        if today not in self._past:
            with self._file.read():
                last = self._store.all_docs(startkey=streams_from(today), descending=True, limit=1)
            turns = self.of_day(day_of(last[0].id)) if last else []
            with self._lock:
                self._past = {today: turns}
        return self._past[today]

    # ---- taking a ticket

    def take(
        self,
        queue: Queue,
        *,
        priority: str = "",
        hour: str = "",
        by: str = "",
        ahead: Callable[[Turn], int] = lambda turn: 0,
        spool: Callable[[Taken], None] = lambda taken: None,
    ) -> Turn:
        """Give the next number of a queue, from the numbers that this machine was granted, and queue its paper.

        `ahead` counts who is called before. Raises `TicketsUsedUp`, `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        known = self.turns()
        with self._file.write():
            at = self._chain.now()
            day = local_day(at)
            number = self._next_number(queue.code, day, known)
            name = ticket(queue.code, number)
            Number.insert(key=_counter(queue.code, day), last=number).on_conflict_replace().execute()
            stream = stream_of(day, name)
            data = msgspec.convert(
                {"ticket": name, "queue": queue.name, "priority": priority, "hour": hour}, TicketTaken
            )
            self.act(stream, TAKEN, data, by=by)
            turn = self.turn(stream)
            assert turn is not None, "it has just been taken"  # noqa: S101
            spool(Taken(turn, queue, ahead(turn), at))
        return turn

    def write_down(self, name: str, queue: str, *, by: str) -> Turn:
        """A number that a visitor holds and this machine has not heard of: its kiosk may be out of reach."""
        with self._file.write():
            stream = stream_of(self.today(), name)
            known = self.turn(stream)
            if known is None:
                self.act(stream, TAKEN, TicketTaken(name, queue), by=by)
                known = self.turn(stream)
            assert known is not None, "it has just been written down"  # noqa: S101
        return known

    def left(self, code: str) -> TicketsLeft:
        """How many numbers this machine may still give in a queue today."""
        known, day = self.turns(), self.today()
        ranges = self._catalog.latest.ticket_ranges(self._node, code, day)
        with self._file.read():
            last = self._last(code, day, known)
        left = sum(max(0, one.last - max(one.first - 1, last)) for one in ranges)
        return TicketsLeft(left, sum(one.last - one.first + 1 for one in ranges))

    def _next_number(self, code: str, day: date, known: Iterable[Turn]) -> int:
        last = self._last(code, day, known)
        for one in self._catalog.latest.ticket_ranges(self._node, code, day):
            if last < one.last:
                return max(one.first, last + 1)
        raise TicketsUsedUp(
            f"the tickets {code} that {self._node} may give today are used up, or there are none"
        )

    def _last(self, code: str, day: date, known: Iterable[Turn]) -> int:
        """The highest number given here today, as remembered, and as others know of it: a disk may have been restored."""
        row = Number.get_or_none(Number.key == _counter(code, day))
        ranges = self._catalog.latest.ticket_ranges(self._node, code, day)
        given = [number_of(turn.ticket) for turn in known if code_of(turn.ticket) == code]
        own = [number for number in given if any(one.first <= number <= one.last for one in ranges)]
        return max(row.last if row else 0, *own, 0)

    def check(self, visit: Dossier, kind: str, data: msgspec.Struct, *, by: str = "") -> None:
        """Raise `NotAllowed` if the act could not be done now."""
        self._check(visit, kind, data, by, timestamp(self._clock()))

    def act(self, stream: str, kind: str, data: msgspec.Struct, *, by: str = "") -> Dossier:
        """Record one act, by a person or (no `by`) by the machine itself, over all that is known of the visit here.

        Raises `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            before, at = self.visit(stream), self._chain.now()
            self._check(before, kind, data, by, timestamp(at), stream)
            # nothing that happens to a ticket is a decision: no act of a visit rests on another
            self._chain.append(
                stream,
                kind,
                msgspec.to_builtins(data),
                parents=before.heads,
                by=by,
                at=at,
                catalog=self._catalog.latest.name,
            )
            return self.visit(stream)

    def _check(
        self, visit: Dossier, kind: str, data: msgspec.Struct, by: str, at: str, stream: str = ""
    ) -> None:
        deed = Intended(by, at, self._node, stream or visit.stream)
        allowed(visit.standing, BY_KIND[kind], data, deed, self._catalog.latest)


def folded(
    store: Store, rules: Admission, catalog: Catalog, stream: str
) -> tuple[Dossier, list[Event | Unknown]]:
    """One visit as of now, with its acts; those without their machine's seal are doubted."""
    names = [one.id for one in store.all_docs(startkey=f"{stream}:", endkey=f"{stream}:~")]
    events: list[Event | Unknown] = []
    doubts: dict[str, str] = {}
    for stored in store.winners(names).values():
        document = load(render(stored))
        event = parse(document)
        events.append(event)
        if rules.is_sealed(document) is Sealed.WRONG:
            doubts[event.hash] = "seal"
    return fold(events, catalog, doubts), events


def ratings_of(stream: str, visit: Dossier, events: Iterable[Event | Unknown]) -> Ratings:
    """The ratings of a visit that have their effect, and whether one waits."""
    places = {line.hash: line.place for line in visit.timeline}
    found, waits = [], False
    for event in events:
        if not isinstance(event, Event) or event.kind != RATED:
            continue
        place = places.get(event.hash)
        waits = waits or place is Place.WAITING
        if place in (Place.EFFECTIVE, Place.IRREGULAR):
            data = msgspec.convert(event.data, RatedAct)
            dossier = "" if data.dossier is msgspec.UNSET else data.dossier
            satisfied = int(data.satisfied)
            found.append(
                Rated(event.hash, stream, dossier, data.phase, data.level, satisfied, event.at, event.node)
            )
    return Ratings(stream, found, waits)


def _counter(code: str, day: date) -> str:
    return f"ticket {code} {day.isoformat()}"
