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
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import msgspec
from msgspec import structs

from schemas import conflicts
from schemas.acts import (
    BY_KIND,
    NOTHING,
    Act,
    Amended,
    Approved,
    Effect,
    NodeStatus,
    Party,
    PetitionStatus,
    Received,
    RefusedResult,
    Sealed,
    Status,
    VisitStatus,
)
from schemas.calendar import local_day
from schemas.catalog import Catalog
from schemas.conflicts import BY_NAME, FOLLOWS, REFUND, Blocks, Conflict, Row, Suspends, Task
from schemas.deadlines import Terms
from schemas.entries import Step
from schemas.errors import Because, NotAllowed
from schemas.events import Event, EventHash, Unknown, moment
from schemas.receptions import reception_of
from schemas.rules import Delivery, Done, Inner, Money, Pause, Purse, Standing, allowed, entitled
from schemas.views import View


class Place(Enum):
    """What became of one event."""

    EFFECTIVE = "effective"
    IRREGULAR = "irregular"
    CONTESTED = "contested"
    VOID = "void"
    HELD = "held"
    WAITING = "waiting"
    NEWER = "newer"
    REDACTED = "redacted"


class Line(msgspec.Struct, frozen=True):
    """One line of a timeline; `why` says what a waiting, held or irregular act lacks, or why one was admitted."""

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
    """What every node that holds the same events and catalog shows.

    `tasks` is what somebody must still do because of what was settled, or was found to be done twice. `heads` is what
    a new act names as its parents: all that is understood here, by its newest events.
    """

    stream: str
    status: Status
    standing: Standing
    conflicts: tuple[Conflict, ...]
    timeline: tuple[Line, ...]
    heads: tuple[EventHash, ...]
    missing: tuple[EventHash, ...]
    tasks: tuple[Task, ...] = ()

    @property
    def received(self) -> Received | None:
        """What was written at the reception; None before there is one."""
        return self.standing.received

    @property
    def inner(self) -> Inner:
        """Where the work is, inside `status`."""
        return self.standing.inner

    @property
    def money(self) -> Money:
        """Of fees; it moves apart from `status`."""
        return self.standing.money

    @property
    def delivery(self) -> Delivery:
        """Of the hand-over; it moves apart from `status`."""
        return self.standing.delivery

    @property
    def contested(self) -> bool:
        """Whether any conflict binds; one that only tells something (a possible duplicate) is a warning."""
        return any(conflict.binds for conflict in self.conflicts)

    @property
    def complete(self) -> bool:
        """Whether nothing waits for an event that is not here."""
        return not self.missing

    def blocked(self, what: Blocks) -> bool:
        """Whether what stands, conflicts too, keeps this from being done."""
        return what in self.standing.blocks

    @property
    def visit(self) -> VisitStatus:
        """Where the visit of this stream stands; NONE for a stream that is not a visit's."""
        stage = self.standing.stage("visit")
        assert isinstance(stage, VisitStatus)  # noqa: S101 - `stage` answers by its subject
        return stage

    @property
    def petition(self) -> PetitionStatus:
        """Where the petition of this stream stands."""
        stage = self.standing.stage("petition")
        assert isinstance(stage, PetitionStatus)  # noqa: S101 - `stage` answers by its subject
        return stage

    @property
    def node(self) -> NodeStatus:
        """Whether the machine of this stream was closed."""
        stage = self.standing.stage("node")
        assert isinstance(stage, NodeStatus)  # noqa: S101 - `stage` answers by its subject
        return stage


def fold(
    events: Iterable[Event | Unknown], catalog: Catalog, doubts: Mapping[str, str] | None = None
) -> Dossier:
    """Fold the events of one stream. `doubts` names events whose seal does not hold, and why."""
    return _Fold(events, catalog, doubts or {}).dossier()


class _Verdict(msgspec.Struct, frozen=True):
    """What one event is worth; `done` is there when it has an effect."""

    place: Place
    why: str = ""
    done: Done | None = None
    claims: Mapping[str, str] = msgspec.field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class _Silenced:
    """Which of some events have no effect, settled (`void`) or not yet, and what may not be done meanwhile."""

    void: int = 0
    silent: int = 0
    blocks: frozenset[Blocks] = frozenset()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a version of a procedure asks for: the steps of its result, its time, and originals when it is collected."""

    steps: tuple[Step, ...] = ()
    terms: Terms | None = None
    hand_in: tuple[str, ...] = ()
    one_step: bool = False


_NOTHING_ASKED: Final = _Asked()


@dataclass(slots=True, eq=False)
class _Group:
    """Acts that clash with one another, directly or by way of others, and the names of the rows."""

    members: int
    rows: set[str] = field(default_factory=set)


_NEWER: Final = "needs a newer version"
REDACTED: Final = "redacted"
"""Why an act is held that comes after one whose data is gone."""
RECEIPTS: Final = ("dossier.received", "dossier.entered_afterwards")
_CALM: Final = _Silenced()
_RETURNED: Final = "dossier.returned"
_SETTLED: Final = "dossier.settled"
_AMENDED: Final = "dossier.amended"
_COLLECTED: Final = "dossier.fee_collected"
_EXTENDED: Final = "dossier.extended"
_DUE_CHECKED: Final = "dossier.due_checked"
_RECALLED: Final = "dossier.result_recalled"
_FORWARDED: Final = "dossier.forwarded"
_TAKEN_OVER: Final = "dossier.taken_over"
_STOPPED: Final = "dossier.clock_stopped"
_RESUMED: Final = "dossier.clock_resumed"
PAUSES: Final = {
    "dossier.supplement_requested": ("supplement", True),
    "dossier.supplied": ("supplement", False),
    "dossier.obligation_asked": ("financial", True),
    "dossier.obligation_met": ("financial", False),
    _FORWARDED: ("opinion", True),
    _TAKEN_OVER: ("opinion", False),
    "dossier.opinion_given": ("opinion", False),
    _STOPPED: ("", True),
    _RESUMED: ("", False),
}
"""Which acts stop the clock, and which let it run again, where the procedure does not count that time (domain §3.3)."""
_STANDS_WITHOUT_DATA: Final = frozenset(
    {"dossier.components_added", "dossier.note", "dossier.supplied", "dossier.taken_over"}
    | {
        "dossier.opinion_given",
        "dossier.outage_noted",
        "dossier.printed",
        "dossier.reprinted",
        "dossier.withdrawal_asked",
    }
    | {"dossier.withdrawal_granted", "dossier.withdrawal_refused", "dossier.suspended", "dossier.sent_back"}
    | {"dossier.obligation_asked", "dossier.obligation_met", "dossier.supplement_requested"}
)
"""Acts of which only that they were done counts: their effect outlives a redaction of their data."""
_KEPT_APART: Final = frozenset({*RECEIPTS, "dossier.approved", "dossier.refused", "dossier.sealed"})
"""The acts of which one person may not do two (domain §9.1)."""
_ASKS_IN_FULL: Final = frozenset(
    {_SETTLED, _RECALLED, "dossier.fee_voided", "dossier.fee_refunded", "dossier.receipt_replaced"}
)


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
        self.ended: list[int] = []
        """For each event, the acts that it or one of its ancestors ended."""
        self.ends: dict[int, int] = {}
        """For each act in force that ends others, those that it ended."""
        self.clashes: dict[int, list[tuple[Row, int]]] = {}
        """For each act, the older acts that it cannot stand beside."""
        self.alone: dict[int, tuple[Row, int]] = {}
        """Acts that are doubtful by themselves, by which row, and since which catalog number."""
        self.late: dict[int, int] = {}
        """Acts that the desk admitted, with the catalog number of the admission."""
        self.apart: dict[int, int] = {}
        """For each settlement, those that settled the same acts differently."""
        self.asked: dict[int, _Asked] = {}
        """For each reception, what its procedure asked for on that day."""
        self.waiting = self.effective = self.disputed = self.bound = self.resting = self.ending = 0
        self.irregular = self.trusted = self.gone = 0
        self.of_kind: dict[str, int] = {}
        self.of_claim: dict[tuple[str, str], int] = {}
        self.of_value: dict[tuple[str, str, str], int] = {}
        self.of_person: dict[tuple[str, str], int] = {}
        self.of_seq: dict[tuple[str, int], int] = {}
        self.silenced: dict[tuple[int, int], _Silenced] = {}
        for place, event in enumerate(self.events):
            self._judge(place, event)

    def dossier(self) -> Dossier:
        everything, now = (1 << len(self.events)) - 1, self.catalog.number
        standing, silenced = self._in_full(everything, now), self._silenced(everything, now)
        standing = self._with_clock(standing, everything & self.effective & ~silenced.silent)
        contested = {member for conflict in standing.conflicts for member in conflict.members}
        lines = []
        for place, event in enumerate(self.events):
            verdict = self.verdicts[place]
            shown = verdict.place
            if shown is Place.REDACTED:
                pass
            elif silenced.void >> place & 1:
                shown = Place.VOID
            elif silenced.silent >> place & 1 or (verdict.done is not None and event.hash in contested):
                shown = Place.CONTESTED
            lines.append(
                Line(event.hash, event.kind, event.at, event.by, event.node, event.seq, shown, verdict.why)
            )
        lines += [Line(EventHash(h), "", "", "", "", 0, Place.NEWER, _NEWER) for h in self.newer]
        known = [event for place, event in enumerate(self.events) if not self._unread(place)]
        named = {parent for event in known for parent in event.parents}
        return Dossier(
            stream=self.stream,
            status=standing.status,
            standing=standing,
            conflicts=standing.conflicts,
            timeline=tuple(lines),
            heads=tuple(sorted(event.hash for event in known if event.hash not in named)),
            missing=tuple(EventHash(h) for h in self.missing),
            tasks=self._tasks(everything, silenced.void, standing)
            if standing.conflicts or silenced.void
            else (),
        )

    def _with_clock(self, standing: Standing, live: int) -> Standing:
        """What stops the dossier's clock and lets it run again; the order is the fold's, which wrong clocks do not turn."""
        stopping = live & self.of_kinds(PAUSES)
        if not stopping:
            return standing
        pauses, taken_over_at, stopped_for = [], "", ""
        for place in _bits(stopping):
            done = self._done(place)
            if done.kind == _TAKEN_OVER and not taken_over_at:
                taken_over_at = done.at
            why, begins = PAUSES[done.kind]
            if done.kind == _FORWARDED:
                why = why if done.data.opinion else ""
            elif done.kind == _STOPPED:
                why = stopped_for = done.data.why
            elif done.kind == _RESUMED:
                why = stopped_for
            if why:
                pauses.append(Pause(done.at, why, begins))
        return structs.replace(standing, pauses=tuple(pauses), taken_over_at=taken_over_at)

    def _unread(self, place: int) -> bool:
        """Whether nobody here can know what the event means: a new act beside it is concurrent with it.

        Named as a parent it would change later what the act was allowed by; or never come to a node that refuses it.
        """
        return bool(self.waiting >> place & 1) or self.events[place].hash in self.doubts

    def _judge(self, place: int, event: Event) -> None:
        before = ended = 0
        for parent in event.parents:
            seen = self.index.get(parent)
            if seen is not None:
                before |= self.ancestors[seen] | 1 << seen
                ended |= self.ended[seen]
        self.ancestors.append(before)
        self.ended.append(ended)
        verdict = self._verdict(event, place, before)
        self.verdicts.append(verdict)
        if verdict.place in (Place.WAITING, Place.NEWER):
            self.waiting |= 1 << place
        elif verdict.done is not None:
            self._count_in(place, event, verdict)

    def _verdict(self, event: Event, place: int, before: int) -> _Verdict:
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
        if view.card(event.node) is None and self.catalog.latest.card(event.node) is None:
            return _Verdict(Place.WAITING, f"card of {event.node}")
        trust = self.catalog.trust
        if event.hash in trust.redacted:
            verdict = self._redacted(event, act, view, before)
            self.gone |= 1 << place if verdict.done is None else 0
            return verdict
        try:
            data = msgspec.convert(event.data, act.data)
        except msgspec.ValidationError as why:
            return _Verdict(Place.HELD, f"{Because.DATA.value}: {why}")
        admitted = trust.admitted.get(event.hash)
        # a visit's acts lie in a chain of their own, which a cut of the dossiers says nothing of
        if act.subject != "visit" and trust.is_cut(event.node, event.seq, event.hash):
            where, why_not = Place.HELD, "cut"
        else:
            where, why_not = self._regularity(event, act, data, view, before)
        if where is Place.HELD and admitted is not None:
            where, why_not = Place.EFFECTIVE, f"admitted: {why_not}"
            self.late[place] = admitted
            self.trusted |= 1 << place
        if where is not Place.HELD:
            self._trust(event, act, data, place, view)
            done = Done(event.hash, event.kind, data, event.by, event.at, event.node, event.catalog)
            if isinstance(data, Received):
                self.asked[place] = _asked(data, event, view)
                return _Verdict(where, why_not, done, {"": reception_of(data, event.hash)})
            return _Verdict(where, why_not, done, act.says(data))
        if before & self.waiting:
            return _Verdict(Place.WAITING, "parents")
        # what it was judged by is no longer here: nobody can say whether it was right
        return _Verdict(where, REDACTED if before & self.gone else why_not)

    def _redacted(self, event: Event, act: Act, view: View, before: int) -> _Verdict:
        """The data is gone, the header stands: an act of which nothing but its being done counts keeps its effect."""
        why = self.catalog.trust.redacted[event.hash]
        if event.kind not in _STANDS_WITHOUT_DATA:
            return _Verdict(Place.REDACTED, why)
        try:
            allowed(self._standing(before, view.number), act, None, event, view)
        except NotAllowed as refused:
            return _Verdict(Place.HELD, str(refused))
        done = Done(event.hash, event.kind, None, event.by, event.at, event.node, event.catalog)
        return _Verdict(Place.REDACTED, why, done)

    def _trust(self, event: Event, act: Act, data: Any, place: int, view: View) -> None:
        """Whether what central said later puts an act in doubt: a revocation, the end of a role, a fork."""
        trust = self.catalog.trust
        if act.effect is not Effect.DECISION:
            return
        since = None
        if act.roles and len(trust.people.get(event.by, ())) > 1:
            day = local_day(moment(event.at))
            since = trust.role_ended_since(event.by, act.roles, day, view.number)
        if since is None and event.signed is not None:
            since = trust.revoked_since("certificate", event.signed.certificate, event.at)
        if since is None and isinstance(data, Approved | RefusedResult) and data.delegation:
            since = trust.revoked_since("delegation", data.delegation, event.at)
        if since is None and isinstance(data, Sealed) and data.certificate:
            since = trust.revoked_since("certificate", data.certificate, event.at)
        fork = trust.forks.get(event.node)
        if since is not None:
            self.alone[place] = (BY_NAME["revoked"], since)
        elif fork is not None and event.seq >= fork[0] and not trust.answers(event.node, fork[0]):
            self.alone[place] = (BY_NAME["machine_doubted"], fork[1])
        else:
            return
        self.trusted |= 1 << place

    def _regularity(self, event: Event, act: Act, data: Any, view: View, before: int) -> tuple[Place, str]:
        """Whether the act keeps to the rules; a fact that does not still happened, if the stream began."""
        standing = self._standing(before, view.number)
        try:
            for hash_ in event.rests_on:
                seen = self.index.get(hash_)
                if seen is None or not (before & self.effective) >> seen & 1:
                    raise NotAllowed(Because.RESTS_ON, f"{hash_[:12]} is no act in force before this one")
            if event.kind in _ASKS_IN_FULL:
                entitled(act, event, view)
                standing = self._in_full(before, view.number)
            allowed(standing, act, data, event, view)
            if act.rests:
                self._rests(event, act, standing)
        except NotAllowed as why:
            happened = bool(standing.newest) or act.opens
            irregular = act.effect is Effect.FACT and happened
            return (Place.IRREGULAR if irregular else Place.HELD), str(why)
        return Place.EFFECTIVE, ""

    def _rests(self, event: Event, act: Act, standing: Standing) -> None:
        """A decision names what it builds on, where that stands."""
        if any(kind in standing.newest for kind in act.rests):
            named = (self.events[self.index[hash_]].kind for hash_ in event.rests_on)
            if not any(kind in act.rests for kind in named):
                raise NotAllowed(Because.RESTS_ON, f"names no {' or '.join(act.rests)}")

    def _count_in(self, place: int, event: Event, verdict: _Verdict) -> None:
        """An act has an effect: find the older ones that it cannot stand beside."""
        kind, bit, act = event.kind, 1 << place, BY_KIND[event.kind]
        known = self.ancestors[place]
        if self.late:
            known &= ~self._not_yet(self.catalog.at(event.catalog))
        concurrent = self.effective & ~known
        if concurrent:
            self._compare(place, act, verdict.claims, concurrent)
        twin = self.of_seq.setdefault((event.node, event.seq), place)
        if twin != place and not self.catalog.trust.answers(event.node, event.seq):
            self._clash(place, BY_NAME["machine_doubted"], 1 << twin)
        self.effective |= bit
        if verdict.place is Place.IRREGULAR:
            self.irregular |= bit
        if bit & self.trusted:
            self.bound |= bit
            self.disputed |= bit
        if act.ends:
            mine = 0
            for ended in act.ends:
                mine |= self.of_kind.get(ended, 0)
            self.ends[place] = mine & known
            self.ended[place] |= mine & known
            self.ending |= bit
        self.of_kind[kind] = self.of_kind.get(kind, 0) | bit
        if verdict.claims is not NOTHING:
            for about, value in verdict.claims.items():
                claim, said = (kind, about), (kind, about, value)
                self.of_claim[claim] = self.of_claim.get(claim, 0) | bit
                self.of_value[said] = self.of_value.get(said, 0) | bit
        if kind in _KEPT_APART:
            who = (kind, event.by)
            self.of_person[who] = self.of_person.get(who, 0) | bit
        if event.rests_on and act.effect is Effect.DECISION and kind != _SETTLED:
            self.rests[place] = self._places(event.rests_on)
            self.resting |= bit

    def _not_yet(self, view: View | None) -> int:
        """The acts that were still held when a catalog was the newest."""
        number = view.number if view is not None else 0
        return sum(1 << place for place, admitted in self.late.items() if admitted > number)

    def _compare(self, place: int, act: Act, claims: Mapping[str, str], concurrent: int) -> None:
        kind, by = act.kind, self.events[place].by
        for other, of_kind in self.of_kind.items():
            there = concurrent & of_kind
            if not there:
                continue
            if other != kind:
                mine = there & self.of_person.get((other, by), 0) if conflicts.asks_who(kind, other) else 0
                if kind in RECEIPTS and other in RECEIPTS:
                    there &= ~self.of_value.get((other, "", claims[""]), 0)
                self._clash(place, conflicts.row_of(kind, other, False), there & ~mine)
                self._clash(place, conflicts.row_of(kind, other, False, True), mine)
                continue
            if kind == _SETTLED:
                there = self._answering_the_same(place, there)
            if claims is NOTHING:
                self._clash(place, conflicts.row_of(kind, kind, True), there)
                continue
            for about, value in claims.items():
                same = there & self.of_claim.get((kind, about), 0)
                alike = same & self.of_value.get((kind, about, value), 0)
                self._clash(place, conflicts.row_of(kind, kind, True), alike)
                self._clash(place, conflicts.row_of(kind, kind, False), same & ~alike)

    def _clash(self, place: int, row: Row | None, rivals: int) -> None:
        if row is None or not rivals:
            return
        self.clashes.setdefault(place, []).append((row, rivals))
        self.disputed |= rivals | 1 << place
        if row.binds:
            self.bound |= rivals | 1 << place
        if row.name == "settled_apart":
            self.apart[place] = self.apart.get(place, 0) | rivals
            for rival in _bits(rivals):
                self.apart[rival] = self.apart.get(rival, 0) | 1 << place

    def _answering_the_same(self, place: int, settlements: int) -> int:
        event = self.events[place]
        members = set(event.data["members"])
        return sum(1 << p for p in _bits(settlements) if members & set(self._done(p).data.members))

    def _live(self, seen: int, silenced: _Silenced) -> int:
        """The acts among a set that have an effect and that no act in force has ended."""
        live = seen & self.effective & ~silenced.silent
        if self.ending & seen:
            ended, unread = 0, self.ending & live
            if self.ending & seen & silenced.silent:
                for place in _bits(unread):
                    ended |= self.ends[place]
            while unread and not self.ending & seen & silenced.silent:
                # what an act and its ancestors ended was added up when it was judged
                newest = unread.bit_length() - 1
                ended |= self.ended[newest]
                unread &= ~(self.ancestors[newest] | 1 << newest)
            live &= ~ended
        return live

    def _standing(self, seen: int, number: int) -> Standing:
        """What stands after a set of events that holds all its ancestors, as far as one act is judged by it.

        The conflicts are not named, and of several hand-overs only the newest is there.
        """
        silenced = self._silenced(seen, number)
        live = self._live(seen, silenced)
        newest = {}
        for kind, places in self.of_kind.items():
            here = live & places
            if here:
                done = self.verdicts[here.bit_length() - 1].done
                assert done is not None  # noqa: S101 - only acts in force are counted in
                newest[kind] = done
        of_kind = self.of_kind.get
        receipts = live & (of_kind(RECEIPTS[0], 0) | of_kind(RECEIPTS[1], 0))
        receipts = receipts & ~self.irregular or receipts
        first = receipts & -receipts
        asked = self.asked[first.bit_length() - 1] if first else _NOTHING_ASKED
        returned, recalled = newest.get(_RETURNED), frozenset[str]()
        if _RECALLED in newest:
            recalled = frozenset(self._done(p).data.result for p in _bits(live & of_kind(_RECALLED, 0)))
        return Standing(
            newest=newest,
            receipt=self._newest(first),
            outcome=self._newest(live & (of_kind("dossier.approved", 0) | of_kind("dossier.refused", 0))),
            steps=asked.steps,
            terms=asked.terms,
            hand_in=asked.hand_in,
            one_step=asked.one_step,
            returns=(returned,) if returned else (),
            recalled=recalled,
            asked_before=bool(seen & self.effective & of_kind("dossier.supplement_requested", 0)),
            due=self._due(live, receipts) if first else "",
            blocks=silenced.blocks,
        )

    def _due(self, live: int, receipts: int) -> str:
        """The moment that holds: of several receptions, or several extensions that did not know each other, the earlier."""
        extended = live & (self.of_kind.get(_EXTENDED, 0) | self.of_kind.get(_DUE_CHECKED, 0))
        if extended:
            dues, unread = [], extended
            while unread:
                newest = unread.bit_length() - 1
                dues.append(self._done(newest).data.due)
                unread &= ~(self.ancestors[newest] | 1 << newest)
            return str(min(dues))
        return str(min(self._done(place).data.due for place in _bits(receipts)))

    def _in_full(self, seen: int, number: int) -> Standing:
        """The same in full: for the desk's answer, for money, and for who reads the dossier."""
        standing = self._standing(seen, number)
        live = self._live(seen, self._silenced(seen, number))
        returned = seen & self.of_kind.get(_RETURNED, 0)
        found = self._conflicts(seen, number)
        if not found and not (returned or live & self.of_kind.get(_COLLECTED, 0) or _AMENDED in self.of_kind):
            return standing
        for_desk = (m for conflict in found if conflict.for_desk for m in conflict.members)
        members = {self.index[m] for m in for_desk if m in self.index}
        issued, recalls = self._issued(seen) if members else (frozenset[str](), frozenset[str]())
        return structs.replace(
            standing,
            returns=tuple(self._done(place) for place in _bits(returned)),
            purse=self._purse(live),
            receipt=self._amended(standing.receipt, live),
            conflicts=tuple(sorted(found, key=lambda conflict: conflict.id)),
            blocks=standing.blocks.union(*(BY_NAME[row].blocks for c in found for row in c.rows)),
            authors=frozenset(self.events[place].by for place in members),
            issued=issued,
            recalls=recalls,
        )

    def _issued(self, seen: int) -> tuple[frozenset[str], frozenset[str]]:
        """The acts by which results went out: decisions whose result was numbered, sealed or handed over, numbers and
        seals themselves; and the acts that call one back."""
        known = seen & self.effective
        of_kind = self.of_kind.get
        decisions = known & (of_kind("dossier.approved", 0) | of_kind("dossier.refused", 0))
        finished = known & (of_kind("dossier.numbered", 0) | of_kind("dossier.sealed", 0))
        issued, made_by = finished, {self._done(place).data.result: place for place in _bits(decisions)}
        for place in _bits(finished):
            built_on = self.rests.get(place, 0) & decisions
            issued |= built_on
            if self.events[place].kind == "dossier.sealed" and built_on:
                made_by[self._done(place).data.result] = built_on.bit_length() - 1
        for place in _bits(known & of_kind(_RETURNED, 0)):
            made = made_by.get(self._done(place).data.result)
            issued |= 0 if made is None else 1 << made
        recalls = known & (of_kind(_RECALLED, 0) | of_kind("dossier.sent_back", 0))
        return self._named(issued), self._named(recalls)

    def _named(self, places: int) -> frozenset[str]:
        return frozenset(self.events[place].hash for place in _bits(places))

    def _conflicts(self, seen: int, number: int) -> list[Conflict]:
        found = []
        if seen & self.disputed:
            void, answered = self._settlements(seen)
            void = self._with_dependents(void, seen)
            gone = void | self._undone_receipts(seen)
            self._confirmed(seen & ~void, answered)
            found = [
                Conflict.between((self.events[place].hash for place in _bits(group.members)), group.rows)
                for group in self._components(seen & ~gone, answered)
            ]
            for place, (row, since) in self.alone.items():
                if seen & ~void & ~answered.get(place, 0) & self.effective & 1 << place and since <= number:
                    found.append(Conflict.between([self.events[place].hash], [row.name]))
        reports = self.catalog.trust.reports_of(self.stream, number) if self.catalog.trust.reports else ()
        if reports:
            closed = {self._done(p).data.conflict for p in _bits(seen & self.of_kind.get(_SETTLED, 0))}
            for report in reports:
                conflict = Conflict.between(report.members, [report.row])
                if not report.closed and conflict.id not in closed:
                    found.append(conflict)
        return found

    def _confirmed(self, seen: int, answered: dict[int, int]) -> None:
        """An amendment closes the question between those of the same field that it had seen."""
        amended = seen & self.of_kind.get(_AMENDED, 0)
        if not amended & self.disputed:
            return
        for place in _bits(amended):
            for about in self.verdicts[place].claims:
                members = self.ancestors[place] & amended & self.of_claim[_AMENDED, about]
                for member in _bits(members):
                    answered[member] = answered.get(member, 0) | members

    def _undone_receipts(self, seen: int) -> int:
        """Collections that were made void or given back as a whole: they are no longer taken twice."""
        if not seen & self.disputed & self.of_kind.get(_COLLECTED, 0):
            return 0
        purse = self._purse(seen & self.effective)
        void = set(purse.void)
        void |= {h for h, amount in purse.refunded.items() if amount >= purse.collected.get(h, amount)}
        return self._places(void)

    def _purse(self, live: int) -> Purse:
        """Receipts that stand, by the event that took the money."""
        of_kind = self.of_kind.get
        taken = live & of_kind(_COLLECTED, 0)
        if not taken:
            return Purse()
        voided = frozenset(
            self._done(p).data.collected for p in _bits(live & of_kind("dossier.fee_voided", 0))
        )
        collected = {self.events[p].hash: self._done(p).data.total for p in _bits(taken)}
        refunded: dict[str, int] = {}
        for place in _bits(live & of_kind("dossier.fee_refunded", 0)):
            data = self._done(place).data
            refunded[data.collected] = refunded.get(data.collected, 0) + data.amount
        return Purse({h: amount for h, amount in collected.items() if h not in voided}, refunded, voided)

    def _amended(self, receipt: Done | None, live: int) -> Done | None:
        """The reception as it reads after its amendments; what was printed stays in its event."""
        amended = live & self.of_kind.get(_AMENDED, 0)
        if receipt is None or not amended:
            return receipt
        data = receipt.data
        for place in _bits(amended):
            data = _with(data, self._done(place).data)
        return structs.replace(receipt, data=data)

    def _tasks(self, seen: int, void: int, standing: Standing) -> tuple[Task, ...]:
        """What must follow from what was settled, and has not been done."""
        done = {
            kind: set(self.of_claim_of(kind, seen & self.effective))
            for kind in ("dossier.result_recalled", "dossier.number_cancelled", "dossier.seal_void")
        }
        handed_over = {one.data.result for one in standing.returns}
        tasks = []
        for place in _bits(void & self.effective):
            event, data = self.events[place], self._done(place).data
            for follow in FOLLOWS:
                if event.kind not in follow.void or (follow.after and data.result not in handed_over):
                    continue
                about = data.number if event.kind == "dossier.numbered" else data.result
                in_force = event.kind != "dossier.numbered" and about == standing.result
                if about not in done[follow.must] and not in_force:
                    because = self._why_void(place, seen)
                    tasks.append(Task(follow.must, event.hash, because, follow.words))
        tasks += [
            Task(REFUND.must, conflict.members[-1], conflict.id, REFUND.words)
            for conflict in standing.conflicts
            if "fee_twice" in conflict.rows
        ]
        return tuple(tasks)

    def of_kinds(self, kinds: Iterable[str]) -> int:
        places = 0
        for kind in kinds:
            places |= self.of_kind.get(kind, 0)
        return places

    def of_claim_of(self, kind: str, live: int) -> Iterator[str]:
        """What the acts of a kind are about."""
        return (about for (of, about), places in self.of_claim.items() if of == kind and places & live)

    def _why_void(self, place: int, seen: int) -> str:
        """The newest settlement; it voided the act, or what the act rests on."""
        return self.events[(seen & self.of_kind[_SETTLED]).bit_length() - 1].hash

    def _newest(self, places: int) -> Done | None:
        return self.verdicts[places.bit_length() - 1].done if places else None

    def _silenced(self, seen: int, number: int) -> _Silenced:
        """What has no effect among a set of events, because it was settled so or is not settled yet."""
        if not seen & self.bound:
            return _CALM
        # the catalog's number matters only where central has said something of these acts
        since = number if seen & self.trusted else 0
        key = (seen & (self.bound | self.resting | self.of_kind.get(_SETTLED, 0)), since)
        found = self.silenced.get(key)
        if found is None:
            found = self.silenced[key] = self._silence(*key)
        return found

    def _silence(self, seen: int, number: int) -> _Silenced:
        void, answered = self._settlements(seen)
        void = self._with_dependents(void, seen)
        suspended, blocks = 0, frozenset[Blocks]()
        for place in _bits(seen & self.bound & ~void):
            for row, rivals in self._open_clashes(place, seen & ~void, answered):
                blocks |= row.blocks
                if row.suspends is Suspends.BOTH:
                    suspended |= rivals | 1 << place
                elif row.suspends is Suspends.DECISION:
                    suspended |= (rivals | 1 << place) & ~self.of_kind.get(_RETURNED, 0)
            alone = self.alone.get(place)
            if alone is not None and alone[1] <= number and not answered.get(place, 0) >> place & 1:
                blocks |= alone[0].blocks
                suspended |= 1 << place if alone[0].suspends is Suspends.BOTH else 0
            if self.late.get(place, 0) > number:
                suspended |= 1 << place
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

        The newest answer is read first. Facts stay where the row suspends none: a settled hand-over happened
        all the same, and so did a settled reception.
        """
        void = 0
        answered: dict[int, int] = {}
        happened = self.of_kind.get(_RETURNED, 0)
        for kind in RECEIPTS:
            happened |= self.of_kind.get(kind, 0)
        for place in reversed(list(_bits(seen & self.of_kind.get(_SETTLED, 0)))):
            if void >> place & 1 or self.apart.get(place, 0) & seen & ~void:
                continue
            data = self._done(place).data
            members = self._places(data.members)
            for member in _bits(members):
                answered[member] = answered.get(member, 0) | members
            void |= members & ~self._places(data.stands) & ~happened
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


def _asked(data: Received, event: Event, view: View) -> _Asked:
    """What the procedure's version asked for that was in force at reception."""
    procedure = view.procedure(data.procedure, local_day(moment(event.at)))
    if procedure is None:
        return _NOTHING_ASKED
    papers = procedure.papers(data.case)
    hand_in = tuple(paper.name for paper in papers if paper.at_return)
    return _Asked(procedure.steps, procedure.terms(data.case), hand_in, procedure.one_step)


def _with(data: Received, amended: Amended) -> Received:
    """A reception with some of its fields written anew."""
    for change in amended.changes:
        who, _, member = change.field.partition(".")
        if not member:
            data = structs.replace(data, **{who: change.value})
            continue
        party = getattr(data, who)
        if party is msgspec.UNSET:
            party = Party(name=data.applicant.name)
        data = structs.replace(data, **{who: structs.replace(party, **{member: change.value})})
    return data


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
