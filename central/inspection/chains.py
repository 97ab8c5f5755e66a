"""All nodes together: which events are gone from where, which do not follow, which share a place.

A node that has not got an event yet has not lost it. Gone is what a node is known to have had: a gap in a
chain that goes on here, the head of its own chain, its own event at another node, or a mark that it was here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from central.inspection.documents import UNKNOWN
from central.inspection.events import Shelf
from central.inspection.findings import Findings, Link, Trace

LONGEST_GAP: Final = 100_000
"""Of so many events each is named; a longer gap is one finding: a number proves nothing but that it was written."""


class Head(NamedTuple):
    """The head of a node's own chain, as the node remembers it; None where that cannot be read."""

    seq: object = None
    hash: object = None


@dataclass(frozen=True, slots=True)
class Place:
    """One database at one node; `writes`: whether it has a chain of its own there.

    `whole`: whether all of a chain that it has the end of was here; an edge keeps a window. `filled`: by machine, up to
    where its chain was here without a gap, by central's own note: what comes by stick or by a neighbour may be ahead of
    what is still on its way. `departed`: own acts that have left by the window.
    """

    folder: str
    node: str
    shelf: Shelf
    writes: bool
    head: Head
    whole: bool = True
    filled: Mapping[str, int] = field(default_factory=dict)
    departed: Collection[int] = ()


Again = Callable[[str, str], int]
"""The head of a node's own chain by now, by folder and database: a running node writes on while it is read."""


class Chains:
    """The chains of one database, over all nodes. `first` is what seq 1 follows, by node; `or_else`: or one of these."""

    def __init__(
        self,
        database: str,
        places: list[Place],
        first: Mapping[str, str],
        findings: Findings,
        *,
        or_else: Mapping[str, Collection[str]],
    ) -> None:
        self._database, self._places, self._first, self._findings = database, places, first, findings
        self._or_else = or_else
        self._hashes: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._holders: dict[tuple[str, int], list[str]] = defaultdict(list)
        for place in places:
            for link in place.shelf.links.values():
                self._hashes[link.node, link.seq].add(link.hash)
                self._holders[link.node, link.seq].append(place.folder)

    def check(self, again: Again) -> None:
        """Say what is gone at each node, what does not follow, and what was forked."""
        self._check_forks()
        for place in self._places:
            self._check_links(place)
            self._check_head(place)
            self._check_gone(place, again)

    def follows(self, link: Link) -> bool | None:
        """Whether an event names the one before it; None while nobody here has that one."""
        before = self._hashes.get((link.node, link.seq - 1))
        if link.seq == 1 and link.node in self._first:
            before = self._begins(link.node)
        return link.prev in before if before else None

    def verified(self, shelf: Shelf) -> int:
        """How many events of a node hold altogether: text, revision, seal and chain."""
        return sum(1 for name in shelf.whole if self.follows(shelf.links[name]))

    def _check_forks(self) -> None:
        for (node, seq), hashes in sorted(self._hashes.items()):
            if len(hashes) > 1:
                holder = next(p.folder for p in self._places if hashes & p.shelf.links.keys())
                names = " and ".join(f"{name[:16]}…" for name in sorted(hashes))
                where = f"{self._database} chain of {node}"
                what = f"#{seq} was used for two events: {names}"
                self._findings.say(holder, where, what, written=True)

    def _check_links(self, place: Place) -> None:
        for link in place.shelf.links.values():
            if self.follows(link) is False:
                what = f"it does not follow the event #{link.seq - 1} of its node"
                self._findings.say_of_event(place.folder, self._database, link.trace, what)

    def _check_head(self, place: Place) -> None:
        """The own chain ends where the node says; what is missing up to there is gone, and named as such."""
        if not place.writes:
            return
        seq, last = place.head.seq, self._last_own(place)
        where, newest = f"{self._database} chain head", last.seq
        if seq is None:
            if place.shelf.missing != UNKNOWN:  # else all of the file is as good as gone, and that is said
                self._findings.say(place.folder, where, "it is gone")
        elif type(seq) is not int or seq < newest or seq > _reach(place, newest) + place.shelf.missing:
            self._findings.say(place.folder, where, f"it says #{seq}, the newest event here is #{newest}")
        elif seq == newest and place.head.hash not in self._begins_or_ends_with(place.node, last):
            self._findings.say(place.folder, where, f"it does not name the newest event here, #{newest}")

    def _last_own(self, place: Place) -> Trace:
        """The newest event of the node's own chain that is here, damaged or not; before the first, its card."""
        here = [*(link.trace for link in place.shelf.links.values()), *self._spoiled(place)]
        begin = Trace(self._first.get(place.node, ""), place.node, 0)
        return max((one for one in here if one.node == place.node), key=lambda one: one.seq, default=begin)

    def _begins(self, node: str) -> set[str]:
        """What a chain may begin after: the node's first card, or the one of a branch that was not chosen."""
        return {self._first.get(node, ""), *self._or_else.get(node, ())}

    def _begins_or_ends_with(self, node: str, last: Trace) -> set[str]:
        return {last.hash} if last.seq else self._begins(node)

    def _spoiled(self, place: Place) -> list[Trace]:
        return [self._findings.resolved(self._database, trace) for trace in place.shelf.spoiled]

    def _check_gone(self, place: Place, again: Again) -> None:
        spoiled = self._spoiled(place)
        hashes = {trace.hash for trace in spoiled}
        named = {(link.node, link.seq) for link in place.shelf.links.values()}
        named |= {(trace.node, trace.seq) for trace in spoiled}
        gone = 0
        for trace in [*self._lost(place), *self._gaps(place), *self._own_elsewhere(place, again)]:
            key = (trace.node, trace.seq)
            if (trace.node and key in named) or (trace.hash and trace.hash in hashes):
                continue
            named.add(key)
            hashes.add(trace.hash)
            gone += 1
            self._findings.say_of_event(
                place.folder, self._database, trace, f"it is gone{self._who_has(trace)}"
            )
        if gone < place.shelf.missing != UNKNOWN:
            self._say_who_may_be_gone(place, named, place.shelf.missing - gone)

    def _say_who_may_be_gone(self, place: Place, named: set[tuple[str, int]], missing: int) -> None:
        """The store counts more than can be named: it is among what others have and this node has not."""
        for node, seq in sorted(self._hashes.keys() - named):
            trace = self._trace_at(node, seq)
            what = (
                f"it is not here, and {missing} of the counted events cannot be found{self._who_has(trace)}"
            )
            self._findings.say_of_event(place.folder, self._database, trace, what)

    def _lost(self, place: Place) -> Iterator[Trace]:
        return (self._findings.resolved(self._database, trace) for trace in place.shelf.lost)

    def _gaps(self, place: Place) -> Iterator[Trace]:
        """The places below the highest one that is known to have been filled here."""
        shelf = place.shelf
        tops: dict[str, int] = defaultdict(int)
        sealed = [shelf.links[name].trace for name in shelf.whole]
        for trace in [*sealed, *self._lost(place)]:
            tops[trace.node] = max(tops[trace.node], trace.seq)
        head = place.head.seq
        if (
            place.writes
            and type(head) is int
            and head <= _reach(place, self._last_own(place).seq) + shelf.missing
        ):
            tops[place.node] = max(tops[place.node], head)
        held = {(link.node, link.seq) for link in shelf.links.values()}
        held |= {(place.node, seq) for seq in place.departed}
        if not place.whole:
            tops = defaultdict(int, {**place.filled, place.node: tops[place.node]})
        for node, top in sorted(tops.items()):
            before = 0
            for seq in [*sorted(seq for writer, seq in held if writer == node and seq <= top), top + 1]:
                if seq - before > LONGEST_GAP:
                    where = f"{self._database} chain of {node}"
                    self._findings.say(place.folder, where, f"#{before + 1} to #{seq - 1} are not here")
                else:
                    yield from (self._trace_at(node, gone) for gone in range(before + 1, seq))
                before = seq

    def _own_elsewhere(self, place: Place, again: Again) -> Iterator[Trace]:
        """What the node itself wrote and only others have."""
        if not place.writes:
            return
        held = {link.seq for link in place.shelf.links.values() if link.node == place.node}
        held |= set(place.departed)
        known = place.head.seq if type(place.head.seq) is int else 0
        for seq in sorted(seq for node, seq in self._hashes if node == place.node and seq not in held):
            if seq <= known or seq > again(place.folder, self._database):
                yield self._trace_at(place.node, seq)

    def _trace_at(self, node: str, seq: int) -> Trace:
        return Trace(min(self._hashes.get((node, seq), ()), default=""), node, seq)

    def _who_has(self, trace: Trace) -> str:
        folders = self._holders.get((trace.node, trace.seq))
        if not folders:
            return ", and no node here has it"
        return f"; {', '.join(folders)} {'has' if len(folders) == 1 else 'have'} it"


def _reach(place: Place, newest: int) -> int:
    """How far the own chain goes without a gap beyond an act, counting what has left."""
    while newest + 1 in place.departed:
        newest += 1
    return newest
