"""When a result is due.

| unit         | rule                                                                     | source |
|--------------|--------------------------------------------------------------------------|--------|
| working_days | the day of receipt is not counted; then working days only                | BLDS 2015 Đ147 |
| days         | calendar days, the first not counted; rolls to the next working day      | BLDS 2015 Đ147, Đ148(5) |
| months       | the same day n months later (the month's last day if there is none); rolls | BLDS 2015 Đ148 |
| same_day     | the same working day; received after 15:00, the next working day         | NĐ 309/2026 Đ18(2) |

A limit in days ends when the office closes on its last day.
"""

from __future__ import annotations

import calendar as gregorian
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas.calendar import VIETNAM, Calendar
from schemas.errors import NoDueMoment

AFTERNOON_CUT: Final = time(15, 0)
ONE_DAY: Final = timedelta(days=1)
LONGEST_REST: Final = 366
"""A calendar without a working day in a year is a mistake, not a holiday."""


class Unit(Enum):
    WORKING_DAYS = "working_days"
    DAYS = "days"
    MONTHS = "months"
    SAME_DAY = "same_day"


class Limit(msgspec.Struct, frozen=True):
    """A procedure's time limit; `value` counts units and is 0 for `same_day`."""

    value: Annotated[int, Meta(ge=0, le=10_000)]
    unit: Unit

    def words(self) -> str:
        """As on form 01: "04 ngày làm việc"."""
        match self.unit:
            case Unit.WORKING_DAYS:
                return f"{self.value:02d} ngày làm việc"
            case Unit.DAYS:
                return f"{self.value:02d} ngày"
            case Unit.MONTHS:
                return f"{self.value:02d} tháng"
            case Unit.SAME_DAY:
                return "trong ngày làm việc"


@dataclass(frozen=True, slots=True)
class CountedDay:
    """One day between receipt and due moment: its count, or why it is not counted."""

    day: date
    count: int | None
    why_off: str | None


@dataclass(frozen=True, slots=True)
class DueMoment:
    """When a result is due, and how that was counted; `unconfirmed` years are named."""

    moment: datetime
    days: tuple[CountedDay, ...]
    unconfirmed: tuple[int, ...]

    def days_off(self) -> tuple[CountedDay, ...]:
        """The days that pushed the due moment back, weekends included."""
        return tuple(day for day in self.days if day.why_off is not None)


def due(received: datetime, limit: Limit, calendar: Calendar) -> DueMoment:
    """The due moment of a dossier received at an aware moment. Raises `NoDueMoment`."""
    local = received.astimezone(VIETNAM)
    first = last = local.date()
    match limit.unit:
        case Unit.SAME_DAY:
            late = local.time() > AFTERNOON_CUT
            last = _working_day_from(first + ONE_DAY if late else first, calendar)
        case Unit.WORKING_DAYS:
            for _ in range(limit.value):
                last = _working_day_from(last + ONE_DAY, calendar)
        case Unit.DAYS:
            last = _working_day_from(first + timedelta(days=limit.value), calendar)
        case Unit.MONTHS:
            last = _working_day_from(_months_later(first, limit.value), calendar)
    if not calendar.is_working(last):
        last = _working_day_from(last, calendar)
    return DueMoment(calendar.close_of(last), *_counted(first, last, limit.unit, calendar))


def _working_day_from(day: date, calendar: Calendar) -> date:
    candidate = day
    for _ in range(LONGEST_REST):
        if calendar.why_off(candidate) is None:
            return candidate
        candidate += ONE_DAY
    raise NoDueMoment(f"the calendar has no working day after {day}")


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    year += day.year
    if year > date.max.year:
        raise NoDueMoment(f"{months} months are more than a calendar holds")
    month += 1
    return date(year, month, min(day.day, gregorian.monthrange(year, month)[1]))


def _counted(
    first: date, last: date, unit: Unit, calendar: Calendar
) -> tuple[tuple[CountedDay, ...], tuple[int, ...]]:
    days = [CountedDay(first, None, calendar.why_off(first))]
    day, count = first, 0
    while day < last:
        day += ONE_DAY
        why_off = calendar.why_off(day)
        counts = unit is not Unit.WORKING_DAYS or why_off is None
        count += counts
        days.append(CountedDay(day, count if counts else None, why_off))
    years = range(first.year, last.year + 1)
    return tuple(days), tuple(year for year in years if not calendar.is_confirmed(date(year, 1, 1)))
