"""Working days of the Vietnamese administration.

A calendar is catalog data per year: days off with their reason, and the Saturdays that are worked in
exchange (Bộ luật Lao động 2019 Đ112, NQ 28/2026/QH16; swaps are decided year by year). A year without a
confirmed calendar is counted with weekends and what is proposed, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property
from typing import Annotated, Final

import msgspec
from msgspec import Meta

VIETNAM: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""No daylight saving since 1975: a fixed offset needs no time-zone database on the machine."""

Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z")]


_WEEKEND: Final = {5: "thứ Bảy", 6: "Chủ nhật"}


class DayOff(msgspec.Struct, frozen=True):
    day: date
    why: str


class Year(msgspec.Struct, frozen=True):
    """One year's calendar; `confirmed` by an administrator, `closes` is when an office day ends."""

    year: Annotated[int, Meta(ge=2019, le=2100)]
    days_off: tuple[DayOff, ...]
    working_saturdays: tuple[date, ...]
    confirmed: bool
    closes: Clock = "16:30"


@dataclass(frozen=True)
class Calendar:
    """The years that a node's catalog holds."""

    years: Mapping[int, Year]

    @cached_property
    def _days_off(self) -> Mapping[date, str]:
        return {
            off.day: off.why for y, year in self.years.items() for off in year.days_off if off.day.year == y
        }

    @cached_property
    def _worked(self) -> frozenset[date]:
        """Weekend days that are worked, each by the calendar of its own year."""
        return frozenset(
            day for y, year in self.years.items() for day in year.working_saturdays if day.year == y
        )

    def why_off(self, day: date) -> str | None:
        """Why no one works on this day, in Vietnamese; None on a working day."""
        reason = self._days_off.get(day)
        if reason is not None or day.weekday() < 5 or day in self._worked:
            return reason
        return _WEEKEND[day.weekday()]

    def is_working(self, day: date) -> bool:
        return self.why_off(day) is None

    def is_confirmed(self, day: date) -> bool:
        year = self.years.get(day.year)
        return year is not None and year.confirmed

    def close_of(self, day: date) -> datetime:
        """The moment at which the office closes on a day."""
        year = self.years.get(day.year)
        closes = time.fromisoformat(year.closes if year else "16:30")
        return datetime.combine(day, closes, VIETNAM)


def local_day(moment: datetime) -> date:
    """The Vietnamese date of a moment: what numbers and deadlines go by, wherever the server stands."""
    return moment.astimezone(VIETNAM).date()
