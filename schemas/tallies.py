"""Figures that are kept, so that a report costs the same after ten years as after a day.

    turns(one) -> the moments at which a figure of one dossier changes
    figures(flow, before, until) -> what `reports.report` would say

`report` looks at every dossier. Here each dossier says once at which moments it changes a count: received (one
online more, one open more), due and not done (one over more), done (one early more, one open less). A *flow* is the sum
of what changed in a period, a *stock* the sum of all that changed before a moment. Sums over days, months and years can be
kept as the changes come; which sums make a period is said by `spans`. Whatever `report` finds is found here too: a
property test holds them against each other.

A change at a moment counts from the first moment after it, as `report` counts: what is due at five is over for who asks
after five.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date, timedelta
from itertools import accumulate, chain
from typing import Final, NamedTuple

from schemas.clock import Tick
from schemas.reports import Counted, Ending, Figures, Petition, Rating, local_day
from schemas.reports import _other_acts as acts_of
from schemas.reports import _resolved as resolved_names

OPEN: Final = "open"
"""Received and not at an end."""
OVER: Final = "over"
STOPPED: Final = "stopped"
OVER_EXCUSED: Final = "over_excused"
CONTESTED_FROM: Final = "contested_from"
CONTESTED_TO: Final = "contested_to"
"""A contested dossier counts in every period that it touches: from its reception to its end."""
_STOCKS: Final = (OVER, STOPPED, OVER_EXCUSED)
_FLOWS: Final = frozenset(one.name for one in fields(Figures)) - {
    "carried_over",
    "within",
    "contested",
    *_STOCKS,
}


class Turn(NamedTuple):
    """At a moment a figure changes by a number."""

    at: str
    name: str
    number: int


def turns(one: Counted) -> list[Turn]:
    """All changes of one dossier; none where a moment of it is none. Those at one moment are in order of their names."""
    try:
        found = list(chain(_acts(one), _course(one)))
        for turn in found:
            local_day(turn.at)
    except (ValueError, OverflowError):
        return []
    return sorted(found)


def _acts(one: Counted) -> Iterator[Turn]:
    """Returned, paid, rated: each once, whatever became of the dossier."""
    moments = {one.returned, one.paid, *(rating.at for rating in one.ratings)} - {""}
    for at in moments:
        # between a moment and the next one lies only what happened at it
        for name in acts_of(one, at, f"{at}~"):
            yield Turn(at, name, 1)


def _course(one: Counted) -> Iterator[Turn]:
    if one.ending is Ending.NOT_RECEIVED:
        yield Turn(one.ended, "not_received", 1)
        return
    if not one.received:
        return
    if one.ending is Ending.CANCELLED:
        yield Turn(one.received, "cancelled", 1)
        return
    yield Turn(one.received, one.channel, 1)
    yield Turn(one.received, OPEN, 1)
    if one.on_site:
        yield Turn(one.received, "on_site_received", 1)
    if one.contested:
        yield Turn(one.received, CONTESTED_FROM, 1)
    ended = max(one.ended, one.received) if one.ending is not None else ""
    yield from _waiting(one, ended)
    if not ended:
        return
    yield Turn(ended, OPEN, -1)
    if one.contested:
        yield Turn(ended, CONTESTED_TO, 1)
    if one.ending in (Ending.WITHDRAWN, Ending.SUSPENDED) and one.ending is not None:
        yield Turn(ended, one.ending.value, 1)
        return
    for name in resolved_names(one, ended):
        yield Turn(ended, name, 1)


def _waiting(one: Counted, ended: str) -> Iterator[Turn]:
    """When the clock stood, and when the dossier was over, until it was at an end ("": it is not)."""
    for tick, until in _spans(one.clock, ended):
        begins = max(tick.since, one.received)
        if not tick.due:
            yield from _between(STOPPED, begins, until)
            continue
        over = max(begins, tick.due)
        yield from _between(OVER, over, until)
        yield from _between(OVER_EXCUSED, over, min(one.extended, until) if until else one.extended)


def _spans(clock: tuple[Tick, ...], ended: str) -> Iterator[tuple[Tick, str]]:
    reached = list(accumulate((tick.since for tick in clock), max))  # moments never go back
    for place, tick in enumerate(clock):
        following = reached[place + 1] if place + 1 < len(clock) else ""
        until = min(following, ended) if following and ended else following or ended
        yield Tick(reached[place], tick.due), until


def _between(name: str, begins: str, until: str) -> Iterator[Turn]:
    """From `begins` on, and not any more from `until` on ("": still)."""
    if name == OVER_EXCUSED and not until:
        return
    if until and until <= begins:
        return
    yield Turn(begins, name, 1)
    if until:
        yield Turn(until, name, -1)


def turns_of_petition(one: Petition) -> list[Turn]:
    """A petition counts once: when it is answered in time, or when the time for it has passed."""
    in_time = bool(one.answered) and one.answered <= one.due
    at = one.answered if in_time else one.due
    found = [Turn(at, "petitions", 1)]
    if in_time:
        found.append(Turn(at, "petitions_in_time", 1))
    if one.satisfied is not None and one.closed:
        found.append(Turn(one.closed, "petitions_judged", 1))
        if one.satisfied:
            found.append(Turn(one.closed, "petitions_satisfied", 1))
    return sorted(found)


def turns_of_rating(one: Rating) -> list[Turn]:
    """Of a visit that was about no dossier."""
    found = [Turn(one.at, f"rated_{one.phase}", 1)]
    if one.satisfied:
        found.append(Turn(one.at, f"satisfied_{one.phase}", 1))
    return found


def figures(flow: Mapping[str, int], before: Mapping[str, int], until: Mapping[str, int]) -> Figures:
    """The figures of a period: what changed in it, and the sums of all changes before it begins and before it ends."""
    counts = {name: flow[name] for name in _FLOWS & flow.keys()}
    stocks = {name: until.get(name, 0) for name in _STOCKS}
    return Figures(
        **counts,
        **stocks,
        carried_over=before.get(OPEN, 0),
        within=until.get(OPEN, 0) - until.get(OVER, 0),
        contested=until.get(CONTESTED_FROM, 0) - before.get(CONTESTED_TO, 0),
    )


# --- sums that are kept ---


def day_span(day: date) -> str:
    """The sum of a Vietnamese day alone: "D2026-11-26"."""
    return f"D{day.isoformat()}"


def spans_of(day: date) -> tuple[str, str, str]:
    """The sums that a change of a day belongs to: its day's, its month's, its year's."""
    text = day.isoformat()
    return f"D{text}", f"M{text[:7]}", f"Y{text[:4]}"


def spans(first: date, end: date) -> Iterator[str]:
    """The fewest days, months and years that make up all days from `first` to the one before `end`."""
    day = first
    while day < end:
        ahead = _next_year(day)
        if (day.month, day.day) == (1, 1) and ahead <= end:
            yield f"Y{day:%Y}"
            day = ahead
            continue
        ahead = _next_month(day)
        if day.day == 1 and ahead <= end:
            yield f"M{day:%Y-%m}"
            day = ahead
            continue
        yield day_span(day)
        day += timedelta(days=1)


def _next_year(day: date) -> date:
    return date(day.year + 1, 1, 1)


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
