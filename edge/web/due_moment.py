"""A due moment as people check it: the moment, a strip of days, and the reason in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from edge.web.language import say, tell
from schemas.calendar import Calendar
from schemas.deadlines import CountedDay, DueMoment, Limit, Unit, due

_SHORT_DAYS: Final = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")
_WEEKEND: Final = ("thứ Bảy", "Chủ nhật")
LONGEST_STRIP: Final = 35
"""More days than five weeks are told in words only."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One day of the strip; `look` is off, end or empty."""

    weekday: str
    day: int
    word: str
    look: str


@dataclass(frozen=True, slots=True)
class Due:
    """`weeks` is true where the strip needs rows of seven days."""

    moment: datetime
    strip: tuple[Cell, ...]
    weeks: bool
    reasons: tuple[str, ...]


def explain(received: datetime, limit: Limit, calendar: Calendar) -> Due:
    """Count a due moment and say why then. Raises `NoDueMoment`."""
    counted = due(received, limit, calendar)
    strip = tuple(_cell(day, counted) for day in counted.days)
    if len(strip) > LONGEST_STRIP:
        strip = ()
    return Due(counted.moment, strip, len(strip) > 8, _reasons(counted, limit))


def _cell(counted: CountedDay, whole: DueMoment) -> Cell:
    day = counted.day
    weekday = say(_SHORT_DAYS[day.weekday()])
    if day == whole.days[-1].day:
        return Cell(weekday, day.day, say("hẹn"), "end")
    if day == whole.days[0].day:
        return Cell(weekday, day.day, say("nhận"), "")
    if counted.why_off is not None:
        return Cell(weekday, day.day, say("nghỉ"), "off")
    return Cell(weekday, day.day, str(counted.count or "–"), "")


def _reasons(counted: DueMoment, limit: Limit) -> tuple[str, ...]:
    reasons = [_rule(limit)]
    if limit.more_working_days:
        reasons.append(say("Xã khó khăn: cộng thêm {count} ngày làm việc.", count=limit.more_working_days))
    reasons += [
        tell("{day} là ngày nghỉ ({why}).", {"day": _short(off.day)}, why=off.why_off or "")
        for off in _holidays(counted)
    ]
    weekends = [off.day for off in counted.days_off() if off.why_off in _WEEKEND]
    if weekends and limit.unit is not Unit.MONTHS:
        reasons.append(_weekend(weekends))
    for year in counted.unconfirmed:
        reasons.append(say("Lịch nghỉ năm {year} chưa được xác nhận: hẹn này có thể đổi.", year=year))
    return tuple(reasons)


def _rule(limit: Limit) -> str:
    match limit.unit:
        case Unit.WORKING_DAYS:
            return say("{count} ngày làm việc, không tính ngày nhận.", count=limit.value)
        case Unit.DAYS:
            return say(
                "{count} ngày, không tính ngày nhận; rơi vào ngày nghỉ thì sang ngày làm việc sau.",
                count=limit.value,
            )
        case Unit.MONTHS:
            return say("{count} tháng; rơi vào ngày nghỉ thì sang ngày làm việc sau.", count=limit.value)
        case Unit.HOURS:
            return say("{count} giờ làm việc, tính trong giờ mở cửa của cơ quan.", count=limit.value)
        case Unit.SAME_DAY:
            return say("Trong ngày làm việc; nhận sau 15:00 thì sang ngày làm việc sau.")


def _holidays(counted: DueMoment) -> list[CountedDay]:
    return [off for off in counted.days_off() if off.why_off not in _WEEKEND]


def _weekend(days: Sequence[date]) -> str:
    if len(days) > 4:
        return say("{number} ngày thứ Bảy, Chủ nhật không tính.", number=len(days))
    return say("{days} là thứ Bảy, Chủ nhật.", days=say(" và ").join(_short(day) for day in days))


def _short(day: date) -> str:
    return f"{day.day:02d}/{day.month:02d}"
