"""Moments as a Vietnamese paper says them.

Data keeps UTC; paper shows the hour on the wall of the centre. Source of the forms: decree 30/2020, appendix I.
"""

from __future__ import annotations

from datetime import date, datetime

from schemas.calendar import VIETNAM


def in_vietnam(moment: datetime) -> datetime:
    """`moment` must know its zone: a naive one has lost what it means."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(VIETNAM)


def day_in_words(day: date) -> str:
    """As in "ngày 05 tháng 02 năm 2027": days under 10 and the months 1 and 2 with a zero, against forgery."""
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


LONGEST_DAY = "ngày 30 tháng 12 năm 2026"


def moment_in_words(moment: datetime) -> str:
    """As in "16 giờ 30 phút, ngày 30 tháng 11 năm 2026"."""
    local = in_vietnam(moment)
    return f"{local.hour:02d} giờ {local.minute:02d} phút, {day_in_words(local.date())}"
