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
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

import msgspec

from schemas import conflicts
from schemas.acts import BY_KIND, Act, Effect, Received, Settled, Status
from schemas.catalog import Catalog, View
from schemas.conflicts import Blocks, Conflict, Deed
from schemas.errors import Because, NotAllowed
from schemas.events import Event, EventHash, Unknown
from schemas.rules import Standing, allowed


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
        return any(what in conflict.blocks for conflict in self.conflicts)


def fold(
    events: Iterable[Event | Unknown], catalog: Catalog, doubts: Mapping[str, str] | None = None
) -> Dossier:
    """Fold the events of one stream. `doubts` names events whose seal does not hold, and why."""
    return _Fold(events, catalog, doubts or {}).dossier()


@dataclass(slots=True)
class _Verdict:
    place: Place
    why: str = ""
    deed: Deed | None = None
    data: Any = None


_NEWER: Final = "needs a newer version"


class _Fold:
    """The graph of one stream, judged from the oldest event on.

    Sets of events are integers, one bit an event in topological order: ancestors are a single OR away.
    """

    def __init__(
        self, events: Iterable[Event | Unknown], catalog: Catalog, doubts: Mapping[str, str]
    ) -> None:
        self.catalog, self.doubts = catalog, doubts
        known = {event.hash: event for event in events}
        self.newer = sorted(h for h, event in known.items() if isinstance(event, Unknown))
        self.stream = next((event.stream for event in known.values()), "")
        self.events = list(_topological({h: e for h, e in known.items() if isinstance(e, Event)}))
        self.index: dict[str, int] = {event.hash: place for place, event in enumerate(self.events)}
        self.missing = sorted({p for e in self.events for p in e.parents if p not in self.index})
        self.ancestors: list[int] = []
        self.lacking: list[bool] = []
        self.verdicts: list[_Verdict] = []
        self.after: list[Standing] = []
        for place, event in enumerate(self.events):
            self._judge(place, event)

    def dossier(self) -> Dossier:
        everything = (1 << len(self.events)) - 1
        standing, void = self._standing(everything)
        contested = {member for conflict in standing.conflicts for member in conflict.members}
        named = {parent for event in self.events for parent in event.parents}
        lines = []
        for place, event in enumerate(self.events):
            verdict = self.verdicts[place]
            shown = verdict.place
            if shown in (Place.EFFECTIVE, Place.IRREGULAR):
                shown = (
                    Place.VOID if void >> place & 1 else Place.CONTESTED if event.hash in contested else shown
                )
            lines.append(
                Line(event.hash, event.kind, event.at, event.by, event.node, event.seq, shown, verdict.why)
            )
        lines += [Line(EventHash(h), "", "", "", "", 0, Place.NEWER, _NEWER) for h in self.newer]
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
        parents = [seen for parent in event.parents if (seen := self.index.get(parent)) is not None]
        mask = 0
        for parent in parents:
            mask |= self.ancestors[parent] | 1 << parent
        self.ancestors.append(mask)
        lacking = len(parents) < len(event.parents) or any(self.lacking[parent] for parent in parents)
        self.lacking.append(lacking)
        if len(parents) == 1:
            base = self.after[parents[0]]
        else:
            base = self._standing(mask)[0] if parents else Standing()
        verdict = self._verdict(event, base, mask, lacking)
        self.verdicts.append(verdict)
        if verdict.deed is None:
            self.after.append(base)
        elif event.kind == "dossier.settled":
            self.after.append(self._standing(mask | 1 << place)[0])
        else:
            self.after.append(base.with_act(event, verdict.data))

    def _verdict(self, event: Event, base: Standing, mask: int, lacking: bool) -> _Verdict:
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
        place, reason = self._regularity(event, act, data, base, view, mask)
        if place is Place.HELD and lacking:
            return _Verdict(Place.WAITING, "parents")
        deed = Deed(event.hash, act, act.outcome(data)) if place is not Place.HELD else None
        return _Verdict(place, reason, deed, data)

    def _regularity(
        self, event: Event, act: Act, data: Any, base: Standing, view: View, mask: int
    ) -> tuple[Place, str]:
        """Whether the act keeps to the rules; a fact that does not still happened, unless nothing precedes it."""
        try:
            for hash_ in event.rests_on:
                seen = self.index.get(hash_)
                if seen is None or not mask >> seen & 1:
                    raise NotAllowed(Because.RESTS_ON, f"{hash_[:12]} is not an ancestor")
            allowed(base, act, data, event, view)
        except NotAllowed as why:
            began = base.received is not None
            fact = act.effect is Effect.FACT and (began or why.because is not Because.STATUS)
            return (Place.IRREGULAR if fact else Place.HELD), str(why)
        return Place.EFFECTIVE, ""

    def _standing(self, mask: int) -> tuple[Standing, int]:
        """The fold of a set of events that holds all its ancestors, and which of them are void."""
        places = [p for p in range(len(self.events)) if mask >> p & 1 and self.verdicts[p].deed is not None]
        pairs = [
            (a, b, row)
            for place, a in enumerate(places)
            for b in places[place + 1 :]
            if not self.ancestors[b] >> a & 1
            if (row := conflicts.row_of(self._deed(a), self._deed(b))) is not None
        ]
        void, answered = self._settlements(places, pairs)
        void = self._with_dependents(void, places)
        open_pairs = [
            (self.events[a].hash, self.events[b].hash, row)
            for a, b, row in pairs
            if not (void >> a & 1 or void >> b & 1) and (a, b) not in answered
        ]
        found = conflicts.components(open_pairs)
        suspended = 0
        for conflict in found:
            if conflict.suspends:
                for member in conflict.members:
                    suspended |= 1 << self.index[member]
        silent = self._with_dependents(void | suspended, places)
        standing = Standing()
        for place in places:
            if not silent >> place & 1:
                standing = standing.with_act(self.events[place], self.verdicts[place].data)
        return replace(standing, conflicts=found, authors=self._authors(found)), void

    def _deed(self, place: int) -> Deed:
        deed = self.verdicts[place].deed
        assert deed is not None  # noqa: S101 - only effective events are asked
        return deed

    def _settlements(
        self, places: list[int], pairs: list[tuple[int, int, conflicts.Row]]
    ) -> tuple[int, set[tuple[int, int]]]:
        """What the desk's answers make void, and which pairs they answer; the newest answer is read first."""
        disputed = [(a, b) for a, b, row in pairs if row.name == "settled_apart"]
        void = 0
        answered: set[tuple[int, int]] = set()
        for place in reversed(places):
            data = self.verdicts[place].data
            if not isinstance(data, Settled) or void >> place & 1:
                continue
            if any(place in pair and not any(void >> p & 1 for p in pair) for pair in disputed):
                continue
            members = [self.index[m] for m in data.members if m in self.index]
            stands = {self.index[m] for m in data.stands if m in self.index}
            answered.update((a, b) for a, b, _ in pairs if a in members and b in members)
            for member in members:
                fact = self._deed(member).act.kind == "dossier.returned"
                if member not in stands and not fact:
                    void |= 1 << member
        return void, answered

    def _with_dependents(self, silent: int, places: list[int]) -> int:
        """Decisions that rest on a silent act share its fate."""
        for place in places:
            rests = (self.index.get(h) for h in self.events[place].rests_on)
            settles = self.events[place].kind == "dossier.settled"
            if not settles and any(p is not None and silent >> p & 1 for p in rests):
                silent |= 1 << place
        return silent

    def _authors(self, found: tuple[Conflict, ...]) -> frozenset[str]:
        members = {member for conflict in found for member in conflict.members}
        return frozenset(event.by for event in self.events if event.hash in members)


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
