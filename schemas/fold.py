"""A dossier is the fold of its events.

    fold(events, catalog) -> Dossier

Pure and total: no clock, no I/O, no exception for any set of well-formed events, the same answer for every
order and every duplicate. Each act is judged over the fold of its *ancestors* with exactly the catalog
that it names, so that every reader judges alike, however much it knows by now.

    waiting   something it needs is not here yet: a parent, a catalog entry, a machine's card
    held      kept and shown, without effect: a rule says so
    void      effective once; the desk settled that another act stands
    contested one of several acts that cannot all stand

A held or waiting event keeps its place in the graph, so that its descendants still fold.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

import msgspec

from schemas import conflicts
from schemas.acts import BY_KIND, Act, Effect, Received, Status
from schemas.catalog import Catalog, View
from schemas.conflicts import Blocks, Conflict, Row
from schemas.errors import Because, NotAllowed
from schemas.events import Event, EventHash, Unknown
from schemas.rules import Done, Standing, allowed, entitled


class Place(Enum):
    """What became of one event."""

    EFFECTIVE = "effective"
    IRREGULAR = "irregular"
    CONTESTED = "contested"
    VOID = "void"
    HELD = "held"
    WAITING = "waiting"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a dossier's timeline; `why` says what a waiting, held or irregular act lacks."""

    hash: EventHash
    kind: str
    at: str
    by: str
    node: str
    seq: int
    place: Place
    why: str = ""


@dataclass(frozen=True, slots=True)
class Dossier:
    """What every node that holds the same events and catalog shows."""

    stream: str
    status: Status
    standing: Standing
    conflicts: tuple[Conflict, ...]
    timeline: tuple[Line, ...]
    heads: tuple[EventHash, ...]
    missing: tuple[EventHash, ...]

    @property
    def received(self) -> Received | None:
        return self.standing.received

    @property
    def contested(self) -> bool:
        return bool(self.conflicts)

    @property
    def complete(self) -> bool:
        """Whether nothing waits for an event that is not here."""
        return not self.missing

    def blocked(self, what: Blocks) -> bool:
        return what in self.standing.blocks


def fold(
    events: Iterable[Event | Unknown], catalog: Catalog, doubts: Mapping[str, str] | None = None
) -> Dossier:
    """Fold the events of one stream. `doubts` names events whose seal does not hold, and why."""
    return _Fold(events, catalog, doubts or {}).dossier()


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one event is worth; `done` is there when it has an effect."""

    place: Place
    why: str = ""
    done: Done | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class _Silenced:
    """Which of some events have no effect, settled (`void`) or not yet, and what may not be done meanwhile."""

    void: int = 0
    silent: int = 0
    blocks: frozenset[Blocks] = frozenset()


@dataclass(slots=True, eq=False)
class _Group:
    """Acts that clash with one another, directly or by way of others, and the names of the rows."""

    members: int
    rows: set[str] = field(default_factory=set)


_NEWER: Final = "needs a newer version"
_CALM: Final = _Silenced()
_RETURNED: Final = "dossier.returned"
_SETTLED: Final = "dossier.settled"


class _Fold:
    """The graph of one stream, judged from the oldest event on.

    A set of events is an integer, one bit an event, in topological order: ancestors, concurrent acts and
    what stands are a few ANDs away, however long the stream is: a node that means harm can write ten
    thousand acts in one night.
    """

    def __init__(
        self, events: Iterable[Event | Unknown], catalog: Catalog, doubts: Mapping[str, str]
    ) -> None:
        self.catalog, self.doubts = catalog, doubts
        known = {event.hash: event for event in events}
        self.newer = sorted(h for h, event in known.items() if isinstance(event, Unknown))
        self.stream = min((event.stream for event in known.values()), default="")
        self.events = list(_topological({h: e for h, e in known.items() if isinstance(e, Event)}))
        self.index: dict[str, int] = {event.hash: place for place, event in enumerate(self.events)}
        self.missing = sorted({p for e in self.events for p in e.parents if p not in known})
        self.verdicts: list[_Verdict] = []
        self.ancestors: list[int] = []
        self.rests: dict[int, int] = {}
        """What each decision in force rests on; settlements answer, they rest on nothing."""
        self.clashes: dict[int, list[tuple[Row, int]]] = {}
        """For each act, the older acts that it cannot stand beside."""
        self.apart: dict[int, int] = {}
        """For each settlement, those that settled the same acts differently."""
        self.waiting = self.effective = self.disputed = self.bound = self.resting = 0
        self.of_kind: dict[str, int] = {}
        self.of_outcome: dict[tuple[str, str], int] = {}
        self.silenced: dict[int, _Silenced] = {}
        for place, event in enumerate(self.events):
            self._judge(place, event)

    def dossier(self) -> Dossier:
        everything = (1 << len(self.events)) - 1
        standing, silenced = self._in_full(everything), self._silenced(everything)
        contested = {member for conflict in standing.conflicts for member in conflict.members}
        lines = []
        for place, event in enumerate(self.events):
            verdict = self.verdicts[place]
            shown = verdict.place
            if silenced.void >> place & 1:
                shown = Place.VOID
            elif silenced.silent >> place & 1 or event.hash in contested:
                shown = Place.CONTESTED
            lines.append(
                Line(event.hash, event.kind, event.at, event.by, event.node, event.seq, shown, verdict.why)
            )
        lines += [Line(EventHash(h), "", "", "", "", 0, Place.NEWER, _NEWER) for h in self.newer]
        named = {parent for event in self.events for parent in event.parents}
        return Dossier(
            stream=self.stream,
            status=standing.status,
            standing=standing,
            conflicts=standing.conflicts,
            timeline=tuple(lines),
            heads=tuple(sorted(event.hash for event in self.events if event.hash not in named)),
            missing=tuple(EventHash(h) for h in self.missing),
        )

    def _judge(self, place: int, event: Event) -> None:
        before = 0
        for parent in event.parents:
            seen = self.index.get(parent)
            if seen is not None:
                before |= self.ancestors[seen] | 1 << seen
        self.ancestors.append(before)
        verdict = self._verdict(event, before)
        self.verdicts.append(verdict)
        if verdict.place in (Place.WAITING, Place.NEWER):
            self.waiting |= 1 << place
        elif verdict.place is not Place.HELD:
            self._count_in(place, event, verdict)

    def _verdict(self, event: Event, before: int) -> _Verdict:
        if any(parent not in self.index for parent in event.parents):
            return _Verdict(Place.WAITING, "parents")
        if event.hash in self.doubts:
            return _Verdict(Place.HELD, self.doubts[event.hash])
        act = BY_KIND.get(event.kind)
        if act is None:
            return _Verdict(Place.NEWER, _NEWER)
        view = self.catalog.at(event.catalog)
        if view is None:
            return _Verdict(Place.WAITING, f"catalogue {event.catalog.partition('-')[0]}")
        if view.card(event.node) is None:
            return _Verdict(Place.WAITING, f"card of {event.node}")
        try:
            data = msgspec.convert(event.data, act.data)
        except msgspec.ValidationError as why:
            return _Verdict(Place.HELD, f"{Because.DATA.value}: {why}")
        place, why_not = self._regularity(event, act, data, view, before)
        if place is not Place.HELD:
            done = Done(event.hash, event.kind, data, event.by, event.at, event.node)
            return _Verdict(place, why_not, done, act.outcome(data))
        if before & self.waiting:
            return _Verdict(Place.WAITING, "parents")
        return _Verdict(place, why_not)

    def _regularity(self, event: Event, act: Act, data: Any, view: View, before: int) -> tuple[Place, str]:
        """Whether the act keeps to the rules; a fact that does not still happened, if the dossier began."""
        standing = self._standing(before)
        try:
            for hash_ in event.rests_on:
                seen = self.index.get(hash_)
                if seen is None or not (before & self.effective) >> seen & 1:
                    raise NotAllowed(Because.RESTS_ON, f"{hash_[:12]} is no act in force before this one")
            if event.kind == _SETTLED:
                entitled(act, event, view)
                standing = self._in_full(before)
            allowed(standing, act, data, event, view)
        except NotAllowed as why:
            happened = standing.receipt is not None or Status.NONE in act.statuses
            irregular = act.effect is Effect.FACT and happened
            return (Place.IRREGULAR if irregular else Place.HELD), str(why)
        return Place.EFFECTIVE, ""

    def _count_in(self, place: int, event: Event, verdict: _Verdict) -> None:
        """An act has an effect: find the older ones that it cannot stand beside."""
        kind, outcome, bit = event.kind, verdict.outcome, 1 << place
        concurrent = self.effective & ~self.ancestors[place]
        if concurrent:
            self._compare(place, kind, outcome, concurrent)
        self.effective |= bit
        self.of_kind[kind] = self.of_kind.get(kind, 0) | bit
        self.of_outcome[kind, outcome] = self.of_outcome.get((kind, outcome), 0) | bit
        if event.rests_on and BY_KIND[kind].effect is Effect.DECISION and kind != _SETTLED:
            self.rests[place] = self._places(event.rests_on)
            self.resting |= bit

    def _compare(self, place: int, kind: str, outcome: str, concurrent: int) -> None:
        alike = self.of_outcome.get((kind, outcome), 0)
        for other, of_kind in self.of_kind.items():
            there = concurrent & of_kind
            if kind == other == _SETTLED:
                there = self._answering_the_same(place, there)
            for rivals, same in ((there & alike, True), (there & ~alike, False)):
                row = conflicts.row_of(kind, other, same) if rivals else None
                if row is None:
                    continue
                self.clashes.setdefault(place, []).append((row, rivals))
                self.disputed |= rivals | 1 << place
                if row.binds:
                    self.bound |= rivals | 1 << place
                if kind == _SETTLED:
                    self.apart[place] = self.apart.get(place, 0) | rivals
                    for rival in _bits(rivals):
                        self.apart[rival] = self.apart.get(rival, 0) | 1 << place

    def _answering_the_same(self, place: int, settlements: int) -> int:
        members = set(self._done(place).data.members)
        return sum(1 << p for p in _bits(settlements) if members & set(self._done(p).data.members))

    def _standing(self, seen: int) -> Standing:
        """What stands after a set of events that holds all its ancestors, as far as one act is judged by it.

        The conflicts are not named, and of several hand-overs only the newest is there.
        """
        silenced = self._silenced(seen)
        live = seen & self.effective & ~silenced.silent
        of_kind = self.of_kind.get
        receipts = live & of_kind("dossier.received", 0)
        withdrawal, answer = self._withdrawal(live)
        newest_return = self._newest(live & of_kind(_RETURNED, 0))
        return Standing(
            receipt=self._newest(receipts & -receipts),
            appraisal=self._newest(live & of_kind("dossier.appraised", 0)),
            outcome=self._newest(live & (of_kind("dossier.approved", 0) | of_kind("dossier.refused", 0))),
            withdrawal=withdrawal,
            withdrawal_answer=answer,
            returns=(newest_return,) if newest_return else (),
            blocks=silenced.blocks,
        )

    def _in_full(self, seen: int) -> Standing:
        """The same in full: for the desk's answer, and for who reads the dossier."""
        returns = tuple(self._done(place) for place in _bits(seen & self.of_kind.get(_RETURNED, 0)))
        standing = replace(self._standing(seen), returns=returns)
        if not seen & self.disputed:
            return standing
        void, answered = self._settlements(seen)
        void = self._with_dependents(void, seen)
        found = [
            Conflict.between((self.events[place].hash for place in _bits(group.members)), group.rows)
            for group in self._components(seen & ~void, answered)
        ]
        members = {self.index[member] for conflict in found for member in conflict.members}
        return replace(
            standing,
            conflicts=tuple(sorted(found, key=lambda conflict: conflict.id)),
            authors=frozenset(self.events[place].by for place in members),
        )

    def _withdrawal(self, live: int) -> tuple[Done | None, Done | None]:
        """The request that counts and its answer; a refusal answers only the requests that it had seen."""
        asked = live & self.of_kind.get("dossier.withdrawal_asked", 0)
        if not asked:
            return None, None
        granted = live & self.of_kind.get("dossier.withdrawal_granted", 0)
        refused = live & self.of_kind.get("dossier.withdrawal_refused", 0)
        answered, unread = 0, refused
        while unread:
            newest = unread.bit_length() - 1
            answered |= self.ancestors[newest]
            unread &= ~(answered | 1 << newest)
        still_open = asked & ~answered
        if granted or not still_open:
            return self._newest(asked), self._newest(granted or refused)
        return self._newest(still_open), None

    def _newest(self, places: int) -> Done | None:
        return self.verdicts[places.bit_length() - 1].done if places else None

    def _silenced(self, seen: int) -> _Silenced:
        """What has no effect among a set of events, because it was settled so or is not settled yet."""
        if not seen & self.bound:
            return _CALM
        key = seen & (self.bound | self.resting | self.of_kind.get(_SETTLED, 0))
        found = self.silenced.get(key)
        if found is None:
            found = self.silenced[key] = self._silence(key)
        return found

    def _silence(self, seen: int) -> _Silenced:
        void, answered = self._settlements(seen)
        void = self._with_dependents(void, seen)
        suspended, blocks = 0, frozenset[Blocks]()
        for place in _bits(seen & self.bound & ~void):
            for row, rivals in self._open_clashes(place, seen & ~void, answered):
                blocks |= row.blocks
                if row.suspends:
                    suspended |= rivals | 1 << place
        return _Silenced(void, self._with_dependents(void | suspended, seen), blocks)

    def _open_clashes(self, place: int, seen: int, answered: Mapping[int, int]) -> Iterator[tuple[Row, int]]:
        for row, rivals in self.clashes.get(place, ()):
            still_open = rivals & seen & ~answered.get(place, 0)
            if still_open:
                yield row, still_open

    def _components(self, seen: int, answered: Mapping[int, int]) -> Iterable[_Group]:
        """The connected components of open clashes."""
        group_of: dict[int, _Group] = {}
        for place in _bits(seen & self.disputed):
            for row, rivals in self._open_clashes(place, seen, answered):
                mine = group_of.setdefault(place, _Group(1 << place))
                mine.rows.add(row.name)
                while strangers := rivals & ~mine.members:
                    rival = strangers.bit_length() - 1
                    theirs = group_of.setdefault(rival, _Group(1 << rival))
                    small, mine = sorted((mine, theirs), key=lambda group: group.members.bit_count())
                    mine.members |= small.members
                    mine.rows |= small.rows
                    group_of.update(dict.fromkeys(_bits(small.members), mine))
        return set(group_of.values())

    def _settlements(self, seen: int) -> tuple[int, dict[int, int]]:
        """What the desk's answers make void, and for each act those that it was settled with.

        The newest answer is read first. Facts stay: a settled hand-over happened all the same.
        """
        void = 0
        answered: dict[int, int] = {}
        returned = self.of_kind.get(_RETURNED, 0)
        for place in reversed(list(_bits(seen & self.of_kind.get(_SETTLED, 0)))):
            if void >> place & 1 or self.apart.get(place, 0) & seen & ~void:
                continue
            data = self._done(place).data
            members = self._places(data.members)
            for member in _bits(members):
                answered[member] = answered.get(member, 0) | members
            void |= members & ~self._places(data.stands) & ~returned
        return void, answered

    def _with_dependents(self, silent: int, seen: int) -> int:
        """Decisions that rest on a silent act share its fate."""
        if silent:
            for place in _bits(seen & self.resting):
                if self.rests[place] & silent:
                    silent |= 1 << place
        return silent

    def _places(self, hashes: Iterable[str]) -> int:
        places = 0
        for hash_ in hashes:
            seen = self.index.get(hash_)
            if seen is not None:
                places |= 1 << seen
        return places

    def _done(self, place: int) -> Done:
        done = self.verdicts[place].done
        assert done is not None  # noqa: S101 - only acts in force are asked
        return done


def _bits(places: int) -> Iterator[int]:
    """The members of a set of events, oldest first."""
    while places:
        lowest = places & -places
        yield lowest.bit_length() - 1
        places ^= lowest


def _topological(events: Mapping[str, Event]) -> Iterator[Event]:
    """Parents first; between concurrent events by (`at`, hash)."""
    waits_for = {h: {p for p in e.parents if p in events} for h, e in events.items()}
    children: dict[str, list[str]] = {}
    for h, parents in waits_for.items():
        for parent in parents:
            children.setdefault(parent, []).append(h)
    ready = [events[h].order for h, parents in waits_for.items() if not parents]
    heapq.heapify(ready)
    while ready:
        _, h = heapq.heappop(ready)
        yield events[h]
        for child in children.get(h, ()):
            waits_for[child].discard(h)
            if not waits_for[child]:
                heapq.heappush(ready, events[child].order)
