"""Who came when, for what, and what became of it: all five years, before a single act is written.

Each of the article's sums is a number of dossiers that are chosen, not a chance that each has, so that the sums come out
to the last one for every size. The rest is chance: busy and quiet months, growing trust in filing online, limits
that are nearly always kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Final, Literal

from central.dataset.office import DEPARTMENTS, FIRST, LAST, YEARS, procedures
from central.dataset.totals import Totals
from schemas.calendar import ONE_DAY, VIETNAM, Calendar, proposed_year
from schemas.deadlines import due
from schemas.entries import Procedure

_MONTHS: Final = (0.9, 0.7, 1.1, 1.05, 1.05, 1.1, 1.1, 1.05, 1.0, 1.0, 1.0, 0.95)
_GROWTH: Final = {2019: 0.8, 2020: 0.85, 2021: 0.95, 2022: 1.1, 2023: 1.3}
_ONLINE: Final = {2019: 0.3, 2020: 0.8, 2021: 1.5, 2022: 3.0, 2023: 6.0}
"""How willingly people filed online, as weights."""
_APRIL_2020: Final = (2020, 4)
"""Only online and by post then, and few (domain §8.1)."""
_SATURDAY: Final = 0.25
_SESSIONS: Final = ((time(7, 30), time(11, 0)), (time(14, 0), time(16, 30)))
"""When the centre receives; on Saturdays in the morning (domain §3.3)."""
_OPEN_DAYS: Final = timedelta(days=170)
"""Nothing that came earlier is still open at the end."""
_END: Final = datetime.combine(LAST, time(16, 30), VIETNAM)


@dataclass(slots=True)
class Planned:
    """One dossier. `ended` is None for what is still open; `waits`: for papers that were asked for.

    `returned` is None while the result lies at the counter; `level` rates the return.
    """

    number: int
    procedure: int
    received: datetime
    due: datetime
    channel: Literal["direct", "online", "post"] = "direct"
    ended: datetime | None = None
    returned: datetime | None = None
    late: bool = False
    waits: bool = False
    supplemented: bool = False
    level: int = 0


def five_years(wanted: Totals, seed: int) -> list[Planned]:
    """Every dossier, in the order in which they came."""
    chance = Random(f"five years {seed}")  # noqa: S311 - made up, and the same for the same seed
    calendar = Calendar({year: proposed_year(year) for year in YEARS})
    catalog = procedures()
    moments = _moments(wanted.received, calendar, chance)
    on_site = _on_site(wanted.on_site, moments, chance)
    choose = {flag: _chooser(catalog, on_site=flag) for flag in (True, False)}
    planned = []
    for number, at in enumerate(moments):
        place = choose[number in on_site](chance)
        planned.append(Planned(number, place, at, due(at, catalog[place].limit, calendar).moment))
    _channels(planned, wanted.online, chance)
    open_ones = _open_ones(planned, on_site, wanted.in_progress, chance)
    late = _late(planned, on_site | open_ones, wanted.overdue, chance)
    work = _Work(calendar, chance)
    for one in planned:
        if one.number in open_ones:
            one.waits = one.due <= _END
            continue
        one.late = one.number in late
        one.ended = work.late_end(one) if one.late else work.timely_end(one)
        one.returned = work.returned(one.ended)
        span = one.ended - one.received
        one.supplemented = (
            not one.late and one.number not in on_site and span > timedelta(days=4) and chance.random() < 0.08
        )
    _ratings(planned, wanted, chance)
    return planned


def _moments(count: int, calendar: Calendar, chance: Random) -> list[datetime]:
    """When they came, spread over the days on which the centre was open."""
    days = [FIRST + n * ONE_DAY for n in range((LAST - FIRST).days + 1)]
    weights = list(accumulate(_weight(day, calendar) for day in days))
    moments = []
    before = 0
    for day, reached in zip(days, weights, strict=True):
        until = round(count * reached / weights[-1])
        moments += sorted(_moment(day, chance) for _ in range(until - before))
        before = until
    return moments


def _weight(day: date, calendar: Calendar) -> float:
    weight = _MONTHS[day.month - 1] * _GROWTH[day.year]
    if (day.year, day.month) == _APRIL_2020:
        weight *= 0.4
    if calendar.is_working(day):
        return weight * (1.15 if day.weekday() == 0 else 1.0)
    is_saturday = day.weekday() == 5 and calendar.is_working(day - ONE_DAY)
    return weight * _SATURDAY if is_saturday else 0.0


def _moment(day: date, chance: Random) -> datetime:
    begins, ends = _SESSIONS[0 if day.weekday() == 5 or chance.random() < 0.6 else 1]
    first = datetime.combine(day, begins, VIETNAM)
    length = datetime.combine(day, ends, VIETNAM) - first
    return first + timedelta(microseconds=chance.randrange(int(length / timedelta(microseconds=1))))


def _on_site(count: int, moments: Sequence[datetime], chance: Random) -> frozenset[int]:
    """Which of them are the room's; none of the last days, because all of them are done."""
    latest = _END - timedelta(days=7)
    able = [number for number, at in enumerate(moments) if at < latest]
    return frozenset(chance.sample(able, count))


def _chooser(catalog: Sequence[Procedure], *, on_site: bool) -> Callable[[Random], int]:
    """A few procedures of each agency make most of its work."""
    places, weights = [], []
    for agency, department in enumerate(DEPARTMENTS):
        code = f"H37.{901 + agency}"
        own = [n for n, one in enumerate(catalog) if one.agency == code and one.on_site is on_site]
        ranks = [1 / (rank + 1) for rank in range(len(own))]
        places += own
        weights += [department.share * rank / sum(ranks) for rank in ranks]
    reached = list(accumulate(weights))
    return lambda chance: chance.choices(places, cum_weights=reached)[0]


def _channels(planned: list[Planned], online: int, chance: Random) -> None:
    for number in _weighted(planned, online, lambda one: _ONLINE[one.received.year], chance):
        planned[number].channel = "online"
    for one in planned:
        if one.channel == "direct" and chance.random() < 0.05:
            one.channel = "post"


def _open_ones(planned: list[Planned], on_site: frozenset[int], count: int, chance: Random) -> frozenset[int]:
    """What is not done on the last day: above all what came lately and is due later."""
    able = [one for one in planned if one.number not in on_site and one.received > _END - _OPEN_DAYS]

    def weight(one: Planned) -> float:
        age = (_END - one.received) / timedelta(days=1)
        return (12.0 if one.due > _END else 1.0) * math.exp2(-age / 20)

    return frozenset(_weighted(able, count, weight, chance))


def _late(planned: list[Planned], others: frozenset[int], count: int, chance: Random) -> frozenset[int]:
    able = [one.number for one in planned if one.number not in others and one.due < _END - timedelta(days=30)]
    return frozenset(chance.sample(able, count))


def _weighted(
    planned: Iterable[Planned], count: int, weight: Callable[[Planned], float], chance: Random
) -> list[int]:
    """So many of them, the heavier ones sooner (Efraimidis and Spirakis, 2006)."""
    keys = sorted(((chance.random() ** (1 / weight(one)), one.number) for one in planned), reverse=True)
    return [number for _, number in keys[:count]]


def _ratings(planned: list[Planned], wanted: Totals, chance: Random) -> None:
    returned = [one.number for one in planned if one.returned is not None]
    rated = chance.sample(returned, wanted.rated)
    for place, number in enumerate(rated):
        planned[number].level = 4 if place < wanted.satisfied else 5


class _Work:
    """When the offices do things: on working days, in their hours, never after the last day."""

    def __init__(self, calendar: Calendar, chance: Random) -> None:
        self._calendar, self._chance = calendar, chance

    def timely_end(self, one: Planned) -> datetime:
        """At or before the due moment; three of four on an earlier day."""
        latest = min(one.due, _END)
        first, last = one.received.date(), latest.date()
        days = [day for day in self._working(first, last) if day > first] or [last]
        day = days[-1]
        if len(days) > 1 and self._chance.random() < 0.78:
            day = self._chance.choice(days[:-1])
        begins = datetime.combine(day, time(7, 40), VIETNAM)
        if begins <= one.received:
            begins = one.received + timedelta(minutes=5)
        ends = min(latest, datetime.combine(day, time(16, 25), VIETNAM))
        return self._between(begins, max(ends, begins + timedelta(minutes=2)))

    def late_end(self, one: Planned) -> datetime:
        days = self._working(one.due.date() + ONE_DAY, one.due.date() + timedelta(days=25))
        day = days[min(int(self._chance.expovariate(0.4)), len(days) - 1)]
        return self._between(
            datetime.combine(day, time(8), VIETNAM), datetime.combine(day, time(16), VIETNAM)
        )

    def returned(self, ended: datetime) -> datetime | None:
        """Collected some days later; None where it lies at the counter still."""
        after = min(int(self._chance.expovariate(0.5)), 40)
        days = self._working(ended.date(), ended.date() + timedelta(days=after + 12))
        day = days[min(after, len(days) - 1)]
        begins = datetime.combine(day, time(8), VIETNAM)
        if begins < ended + timedelta(minutes=1):
            begins = ended + timedelta(minutes=1)
        at = self._between(begins, begins + timedelta(hours=2))
        return at if at < _END else None

    def _working(self, first: date, last: date) -> list[date]:
        days = (first + n * ONE_DAY for n in range((last - first).days + 1))
        return [day for day in days if self._calendar.is_working(day)]

    def _between(self, begins: datetime, ends: datetime) -> datetime:
        return begins + timedelta(
            microseconds=self._chance.randrange(max(1, int((ends - begins) / timedelta(microseconds=1))))
        )
