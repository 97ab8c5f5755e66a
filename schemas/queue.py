"""The hall's queue: whose turn it is, who is called where, how long it takes. Pure.

A visit's stream follows from its Vietnamese day and its number (`stream_of`): whoever hears a number knows the stream,
also when the machine that gave it is out of reach, and all that is ever written about one ticket meets in one stream.
Two counters that call one ticket without having seen each other are both shown, until somebody says where the
visitor is.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from statistics import median
from typing import Final

import msgspec

from schemas.acts import BY_KIND, Rated, TicketTaken, VisitStatus
from schemas.calendar import VIETNAM
from schemas.events import Event, StreamId, moment
from schemas.fold import Dossier, Place

CALLS: Final = ("visit.called", "visit.recalled")
ROW: Final = "called_twice"
LEAST_MEASURED: Final = 3
"""Fewer services than this say nothing of how long the next one takes."""
NEWEST_MEASURED: Final = 20
_TICKET = re.compile(r"^([A-Z]{1,2})[- ]?0*([1-9][0-9]{0,3})$")
_HAPPENED: Final = frozenset({Place.EFFECTIVE, Place.IRREGULAR, Place.CONTESTED})
"""What happens to a ticket are facts: they stand also while it is asked which of two counters the visitor is at."""


def ticket(code: str, number: int) -> str:
    """`A-047`."""
    return f"{code}-{number:03d}"


def read_ticket(text: str) -> str | None:
    """A number as somebody types or says it ("a47", "A-047"), as it is printed; None for what is none."""
    match = _TICKET.match(text.strip().upper())
    return ticket(match[1], int(match[2])) if match else None


def code_of(name: str) -> str:
    """The letters of a ticket."""
    return name.partition("-")[0]


def number_of(name: str) -> int:
    """The count of a ticket; 0 where there is none."""
    digits = name.partition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def _milliseconds(day: date) -> int:
    return int(datetime.combine(day, time(), VIETNAM).timestamp() * 1000)


def stream_of(day: date, name: str) -> StreamId:
    """The stream of a ticket of a Vietnamese day: a UUIDv7 of its midnight, whose other bits are a hash."""
    said = hashlib.sha256(f"motcua/ticket/1\n{day.isoformat()}\n{name}".encode()).digest()
    rest = int.from_bytes(said[:10], "big") & (1 << 74) - 1
    value = _milliseconds(day) << 80 | 0x7 << 76 | (rest >> 62) << 64 | 0b10 << 62 | rest & (1 << 62) - 1
    return StreamId(f"{value:032x}")


def streams_from(day: date) -> str:
    """What the names of a day's streams begin with, or what they are not less than: where a range of ids begins."""
    return f"{_milliseconds(day):012x}"


def day_of(stream: str) -> date:
    """The Vietnamese day on which a visit's stream began."""
    return datetime.fromtimestamp(int(stream[:12], 16) / 1000, VIETNAM).date()


@dataclass(frozen=True, slots=True)
class Call:
    """A ticket was called to a counter; `event` is the act's hash."""

    event: str
    counter: str
    node: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Rating:
    """How one phase of a visit was rated; of several the first counts."""

    phase: str
    level: int
    satisfied: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One ticket, as every machine that holds the same acts sees it.

    `calls` are those that stand, the oldest first; `called` are all there ever were. `bound_for` is the counter that
    it was handed to while it waits. `twice`: two counters have called it without having seen each other.
    `served_s`: how long the service took, by the clock of the machine that served. `dossiers` were received then; a
    visitor whose result is ready is called again by the number that they have, and what was served first is what counts.
    """

    stream: str
    ticket: str
    queue: str
    priority: str
    hour: str
    taken_at: str
    status: VisitStatus
    calls: tuple[Call, ...] = ()
    called: tuple[Call, ...] = ()
    bound_for: str = ""
    twice: bool = False
    served: Call | None = None
    served_s: int | None = None
    ratings: tuple[Rating, ...] = ()
    dossiers: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The letters of its ticket, without the rest of its name."""
        return code_of(self.ticket)

    @property
    def rated(self) -> frozenset[str]:
        """The phases that were rated."""
        return frozenset(rating.phase for rating in self.ratings)

    @property
    def counters(self) -> tuple[str, ...]:
        """Where it is called to now; more than one, and somebody must say where the visitor is."""
        return tuple(dict.fromkeys(call.counter for call in self.calls))

    @property
    def disputed(self) -> bool:
        """Whether it is called to more than one counter: somebody must say where the visitor is."""
        return self.status is VisitStatus.CALLED and len(self.counters) > 1

    def is_at(self, counter: str) -> bool:
        """Whether it is called to this counter now, be it to another one too."""
        return self.status is VisitStatus.CALLED and counter in self.counters

    def goes_first(self, hour: str) -> bool:
        """Whom the law lets go first; whoever made an appointment, from its hour (`09:30`) on."""
        return self.hour <= hour if self.priority == "appointment" else bool(self.priority)


def turn_of(visit: Dossier, events: Iterable[Event]) -> Turn | None:
    """What a folded visit and its events say of its ticket; None where no ticket was taken."""
    known: dict[str, Event] = {event.hash: event for event in events}
    acts = [known[line.hash] for line in visit.timeline if line.place in _HAPPENED]
    first = next((act for act in acts if act.kind == "visit.ticket_taken"), None)
    if first is None:
        return None
    taken = msgspec.convert(first.data, TicketTaken)
    before = _ancestors(known)
    ended = {
        older
        for act in acts
        for older in before[act.hash]
        if older in known and known[older].kind in BY_KIND[act.kind].ends
    }
    calls = [_call(act) for act in acts if act.kind in CALLS]
    served = next((act for act in acts if act.kind == "visit.served"), None)
    moved = [act for act in acts if act.kind == "visit.transferred" and act.hash not in ended]
    return Turn(
        stream=visit.stream,
        ticket=taken.ticket,
        queue=taken.queue,
        priority=taken.priority,
        hour=taken.hour,
        taken_at=first.at,
        status=visit.visit,
        calls=tuple(call for call in calls if call.event not in ended),
        called=tuple(calls),
        bound_for=str(moved[-1].data["counter"]) if moved and visit.visit is VisitStatus.WAITING else "",
        twice=_called_apart(visit, calls),
        served=_call(served) if served else None,
        served_s=_service(served, calls) if served else None,
        ratings=_ratings([act for act in acts if act.kind == "visit.rated"]),
        dossiers=tuple(dict.fromkeys(one for act in acts for one in _received_in(act))),
    )


def _received_in(act: Event) -> Sequence[str]:
    return act.data.get("dossiers", ()) if act.kind == "visit.served" else ()


def _call(act: Event) -> Call:
    return Call(act.hash, str(act.data["counter"]), act.node, act.by, act.at)


def _ancestors(events: Mapping[str, Event]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}

    def of(name: str) -> frozenset[str]:
        if name not in found:
            parents = events[name].parents if name in events else ()
            found[name] = frozenset(parents).union(*(of(parent) for parent in parents))
        return found[name]

    for name in events:
        of(name)
    return found


def _called_apart(visit: Dossier, calls: Sequence[Call]) -> bool:
    counters = {call.event: call.counter for call in calls}
    return any(
        len({counters[member] for member in conflict.members if member in counters}) > 1
        for conflict in visit.conflicts
        if ROW in conflict.rows
    )


def _ratings(acts: Sequence[Event]) -> tuple[Rating, ...]:
    first: dict[str, Rating] = {}
    for act in sorted(acts, key=lambda act: (act.at, act.hash)):
        said = msgspec.convert(act.data, Rated)
        first.setdefault(said.phase, Rating(said.phase, said.level, said.satisfied, said.reason))
    return tuple(first.values())


def _service(served: Event, calls: Sequence[Call]) -> int | None:
    """Two clocks measure nothing: only a call and an end of one machine do."""
    began = [call for call in calls if call.node == served.node and call.at <= served.at]
    return int((moment(served.at) - moment(began[-1].at)).total_seconds()) if began else None


def in_line(
    turns: Iterable[Turn], counter: str, hour: str, *, not_served: Collection[str] = ()
) -> list[Turn]:
    """Who is called next at a counter: handed to it, then who goes first, then who came first.

    `not_served` are the letters that are called at other counters only. `hour` is now, as `09:30`.
    """
    mine = [
        turn
        for turn in turns
        if turn.status is VisitStatus.WAITING
        and (turn.bound_for == counter or (not turn.bound_for and turn.code not in not_served))
    ]
    return sorted(
        mine,
        key=lambda turn: (
            turn.bound_for != counter,
            not turn.goes_first(hour),
            turn.taken_at,
            turn.ticket,
        ),
    )


def measured(turns: Iterable[Turn], code: str) -> list[int]:
    """How long the newest services of a queue took, in seconds."""
    done = [turn for turn in turns if turn.code == code and turn.served and turn.served_s is not None]
    done.sort(key=lambda turn: turn.served.at if turn.served else "")
    return [turn.served_s for turn in done[-NEWEST_MEASURED:] if turn.served_s is not None]


def estimate(ahead: int, services: Sequence[int], counters: int) -> int | None:
    """Minutes until it is one's turn: the middle of what services took, for all who are ahead, over the counters.

    None where too few services were measured; beyond ten minutes in steps of five, for nobody knows better.
    """
    if ahead == 0:
        return 0
    if len(services) < LEAST_MEASURED:
        return None
    minutes = max(1, math.ceil(median(services) * ahead / max(1, counters) / 60))
    return minutes if minutes <= 10 else math.ceil(minutes / 5) * 5


@dataclass(frozen=True, slots=True)
class Score:
    """How the visits of a counter were rated: a score says little without how many of the visitors gave one."""

    counter: str
    served: int
    rated: int
    satisfied: int
    levels: Mapping[int, int]
    reasons: Mapping[str, int]


def scores(turns: Iterable[Turn]) -> list[Score]:
    """By counter, and under "" all of them together; of visits that were served."""
    by_counter: dict[str, list[Turn]] = {"": []}
    for turn in turns:
        if turn.served is not None:
            by_counter[""].append(turn)
            by_counter.setdefault(turn.served.counter, []).append(turn)
    return [_score(counter, by_counter[counter]) for counter in sorted(by_counter)]


def _score(counter: str, turns: Sequence[Turn]) -> Score:
    ratings = [rating for turn in turns for rating in turn.ratings]
    return Score(
        counter=counter,
        served=len(turns),
        rated=sum(bool(turn.ratings) for turn in turns),
        satisfied=sum(rating.satisfied for rating in ratings),
        levels=Counter(rating.level for rating in ratings),
        reasons=Counter(rating.reason for rating in ratings if rating.reason),
    )
