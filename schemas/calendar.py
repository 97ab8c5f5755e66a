"""Working days and office hours of the Vietnamese administration.

A calendar is catalog data per year: days off with their reason, the Saturdays that are worked in exchange,
and the office's hours (Bộ luật Lao động 2019 Đ111, Đ112; NQ 28/2026/QH16; swaps are decided year by year).
What can be computed is proposed by `proposed_year`; what the Prime Minister decides cannot be, and so an
administrator confirms each year. A year that nobody has confirmed is counted as proposed, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas.lunar import kings_day, tet

VIETNAM: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""No daylight saving since 1975: a fixed offset needs no time-zone database on the machine."""

FIRST_YEAR: Final = 2019
LAST_YEAR: Final = 2100
ONE_DAY: Final = timedelta(days=1)

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]

SATURDAY: Final = "thứ Bảy"
SUNDAY: Final = "Chủ nhật"
_WEEKEND: Final = {5: SATURDAY, 6: SUNDAY}


class DayOff(msgspec.Struct, frozen=True):
    """A day on which nobody works, and what it is called."""

    day: date
    why: str


class Year(msgspec.Struct, frozen=True, omit_defaults=True):
    """One year's calendar, `confirmed` by an administrator.

    An office day has a morning, from `opens` to `noon`, and an afternoon, from `afternoon` to `closes`: eight
    hours by default (Bộ luật Lao động 2019 Đ105). They are what time limits in hours are counted in, and
    need not be the hours at which counters receive.
    """

    year: Annotated[int, Meta(ge=FIRST_YEAR, le=LAST_YEAR)]
    days_off: tuple[DayOff, ...]
    working_saturdays: tuple[date, ...]
    confirmed: bool
    closes: Clock = "16:30"
    opens: Clock = "07:30"
    noon: Clock = "12:00"
    afternoon: Clock = "13:00"

    def sessions(self) -> tuple[tuple[time, time], ...]:
        """When the office is open on a working day, in order, without overlap; never more than it closes."""
        opens, noon, afternoon, closes = (
            time.fromisoformat(clock) for clock in (self.opens, self.noon, self.afternoon, self.closes)
        )
        spans = ((opens, min(noon, closes)), (max(noon, afternoon), closes))
        return tuple((begins, ends) for begins, ends in spans if begins < ends)

    def faults(self) -> tuple[str, ...]:
        """What an administrator should mend before confirming the year, in Vietnamese."""
        return tuple(_faults(self))


def _faults(year: Year) -> Iterator[str]:
    days = [off.day for off in year.days_off]
    worked = set(year.working_saturdays)
    for day in sorted({*days, *worked}):
        if day.year != year.year:
            yield f"ngày {day:%d/%m/%Y} không thuộc năm {year.year}"
    for day in sorted({day for day in days if days.count(day) > 1}):
        yield f"ngày nghỉ {day:%d/%m} ghi hai lần"
    for day in sorted(worked):
        if day.weekday() < 5:
            yield f"ngày làm bù {day:%d/%m} không phải thứ Bảy, Chủ nhật"
        if day in days:
            yield f"ngày {day:%d/%m} vừa nghỉ vừa làm bù"
    if not year.opens < year.noon <= year.afternoon < year.closes:
        yield "giờ làm việc không theo thứ tự: mở cửa, nghỉ trưa, buổi chiều, đóng cửa"


@dataclass(frozen=True)
class Calendar:
    """The years that a node's catalog holds; a year that it lacks is taken as proposed."""

    years: Mapping[int, Year]
    _off: dict[int, Mapping[date, str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def why_off(self, day: date) -> str | None:
        """Why no one works on this day, in Vietnamese; None on a working day."""
        off = self._off.get(day.year)
        if off is None:
            off = self._off.setdefault(day.year, _days_off(self._year(day)))
        return off.get(day)

    def is_working(self, day: date) -> bool:
        """Whether anybody works on this Vietnamese day: a weekend's day that is made up for is one too."""
        return self.why_off(day) is None

    def is_confirmed(self, day: date) -> bool:
        """Of the day's year; False too for a year that the catalog lacks."""
        year = self.years.get(day.year)
        return year is not None and year.confirmed

    def opening_of(self, day: date) -> datetime | None:
        """The moment at which the office opens on a day, were it a working day; None if it never does."""
        return next((begins for begins, _ in self.sessions(day)), None)

    def close_of(self, day: date) -> datetime:
        """The moment at which the office closes on a day, were it a working day."""
        return datetime.combine(day, time.fromisoformat(self._year(day).closes), VIETNAM)

    def sessions(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """When the office is open on a day, were it a working day."""
        return tuple(
            (datetime.combine(day, begins, VIETNAM), datetime.combine(day, ends, VIETNAM))
            for begins, ends in self._year(day).sessions()
        )

    def _year(self, day: date) -> Year:
        return self.years.get(day.year) or proposed_year(day.year)


@cache
def _days_off(year: Year) -> Mapping[date, str]:
    """All days off of a year, each with its reason. A day that is off and worked is off: nobody is late by it."""
    off = {day: _WEEKEND[day.weekday()] for day in _days_of(year.year) if day.weekday() >= 5}
    for day in year.working_saturdays:
        off.pop(day, None)
    return off | {one.day: one.why for one in year.days_off if one.day.year == year.year}


def _days_of(year: int) -> Iterator[date]:
    first = date(year, 1, 1)
    return (first + timedelta(days=n) for n in range(366) if (first + timedelta(days=n)).year == year)


def local_day(moment: datetime) -> date:
    """The Vietnamese date of a moment: what numbers and deadlines go by, wherever the server stands."""
    return moment.astimezone(VIETNAM).date()


# --- what can be computed ---

NEW_YEAR: Final = "Tết Dương lịch"
TET: Final = "Tết Nguyên đán"
KINGS: Final = "Giỗ Tổ Hùng Vương"
VICTORY: Final = "Ngày Chiến thắng"
LABOUR: Final = "Quốc tế Lao động"
NATIONAL: Final = "Quốc khánh"
CULTURE: Final = "Ngày Văn hóa Việt Nam"
IN_LIEU: Final = "nghỉ bù "

CULTURE_SINCE: Final = 2026
"""NQ 28/2026/QH16, in force from 1 July 2026."""


@cache
def proposed_year(year: int) -> Year:
    """The days off that the law gives in a year (Đ112), those on weekly rest days made up for (Đ111(3)).

    A proposal: the division of Tết (here one day before and four after) and the day beside 2 September (here
    the one that makes the longer rest) are decided each year, and swaps cannot be computed. A year
    without a lunar calendar of ours (outside 2019-2100) is proposed without Tết and Giỗ Tổ.
    """
    holidays = sorted(_holidays(year))
    taken = {day for day, _ in holidays}
    days = dict(reversed(holidays))
    for day, why in holidays:
        if day.weekday() >= 5:
            instead = day
            while instead.weekday() >= 5 or instead in taken:
                instead += ONE_DAY
            taken.add(instead)
            days[instead] = IN_LIEU + why
    return Year(
        year,
        tuple(DayOff(day, days[day]) for day in sorted(days) if day.year == year),
        (),
        confirmed=False,
    )


def _holidays(year: int) -> Iterable[tuple[date, str]]:
    yield date(year, 1, 1), NEW_YEAR
    if FIRST_YEAR <= year <= LAST_YEAR:
        for after in range(-1, 4):
            yield tet(year) + timedelta(days=after), TET
        yield kings_day(year), KINGS
    yield date(year, 4, 30), VICTORY
    yield date(year, 5, 1), LABOUR
    national = date(year, 9, 2)
    yield national, NATIONAL
    # Thursday, Sunday and Monday are followed, the other days preceded, by the second day
    beside = ONE_DAY if national.weekday() in (0, 3, 6) else -ONE_DAY
    yield national + beside, NATIONAL
    if year >= CULTURE_SINCE:
        yield date(year, 11, 24), CULTURE
