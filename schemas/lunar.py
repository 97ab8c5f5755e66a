"""The Vietnamese lunar calendar, as far as public holidays need it.

Hồ Ngọc Đức's algorithm ("Computing the Vietnamese lunar calendar", 2004, after Jean Meeus, *Astronomical
Algorithms*, 1998), in UTC+7 as QĐ 121-CP of 8 August 1967 says. A Chinese calendar counts in UTC+8 and puts
Tết of 2030 on 3 February; in Việt Nam it is the 2nd (domain §3.4).

1. A month begins on the day of a new moon.
2. The 11th month is the one in which the winter solstice falls.
3. Where 13 months lie between two 11th months, the first without a major solar term repeats its number.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from math import floor, radians, sin
from typing import Final

_ZONE: Final = 7 / 24
"""Days by which Việt Nam is ahead of UTC."""

_MONTH: Final = 29.530588853
_EPOCH: Final = 2415021.076998695
"""The new moon of 1 January 1900, as a Julian day."""

_TO_ORDINAL: Final = 1721425
"""A Julian day number less this is Python's `date.toordinal`."""


def day_of(year: int, month: int, day: int) -> date:
    """The solar date of a day in a lunar year's month (not in a repeated one)."""
    before = year if month >= 11 else year - 1
    after = month - 11 if month >= 11 else month + 1
    eleventh = _eleventh_month(before)
    if _months_between(eleventh, _eleventh_month(before + 1)) == 13 and after >= _repeated(eleventh):
        after += 1
    number = floor(0.5 + (eleventh - _EPOCH) / _MONTH)
    return date.fromordinal(_new_moon(number + after) + day - 1 - _TO_ORDINAL)


@cache
def tet(year: int) -> date:
    """The first day of a lunar year."""
    return day_of(year, 1, 1)


@cache
def kings_day(year: int) -> date:
    """Giỗ Tổ Hùng Vương: the tenth of the third month."""
    return day_of(year, 3, 10)


def _eleventh_month(year: int) -> int:
    """The Julian day on which the 11th month, that of the winter solstice of a solar year, begins."""
    last_day = date(year, 12, 31).toordinal() + _TO_ORDINAL
    number = floor((last_day - 2415021) / _MONTH)
    begins = _new_moon(number)
    return _new_moon(number - 1) if _solar_term(begins) >= 9 else begins


def _months_between(first: int, second: int) -> int:
    return floor(0.5 + (second - first) / _MONTH)


def _repeated(eleventh: int) -> int:
    """How many months after the 11th the repeated one comes: the first without a major solar term."""
    number = floor(0.5 + (eleventh - _EPOCH) / _MONTH)
    place = 1
    while place < 14 and _solar_term(_new_moon(number + place)) != _solar_term(_new_moon(number + place + 1)):
        place += 1
    return place


@cache
def _new_moon(number: int) -> int:
    """The Julian day number on which the `number`th new moon since 1900 falls in Việt Nam."""
    t = number / 1236.85
    t2, t3 = t * t, t * t * t
    mean = 2415020.75933 + 29.53058868 * number + 0.0001178 * t2 - 0.000000155 * t3
    mean += 0.00033 * sin(radians(166.56 + 132.87 * t - 0.009173 * t2))
    sun = radians(359.2242 + 29.10535608 * number - 0.0000333 * t2 - 0.00000347 * t3)
    moon = radians(306.0253 + 385.81691806 * number + 0.0107306 * t2 + 0.00001236 * t3)
    node = radians(21.2964 + 390.67050646 * number - 0.0016528 * t2 - 0.00000239 * t3)
    shift = (
        (0.1734 - 0.000393 * t) * sin(sun)
        + 0.0021 * sin(2 * sun)
        - 0.4068 * sin(moon)
        + 0.0161 * sin(2 * moon)
        - 0.0004 * sin(3 * moon)
        + 0.0104 * sin(2 * node)
        - 0.0051 * sin(sun + moon)
        - 0.0074 * sin(sun - moon)
        + 0.0004 * sin(2 * node + sun)
        - 0.0004 * sin(2 * node - sun)
        - 0.0006 * sin(2 * node + moon)
        + 0.0010 * sin(2 * node - moon)
        + 0.0005 * sin(2 * moon + sun)
    )
    # terrestrial time runs ahead of the clock; this formula holds for years after 1900
    ahead = -0.000278 + 0.000265 * t + 0.000262 * t2
    return floor(mean + shift - ahead + 0.5 + _ZONE)


@cache
def _solar_term(day: int) -> int:
    """Which twelfth of its yearly way (0-11) the sun has entered when a Julian day begins in Việt Nam."""
    t = (day - 2451545.5 - _ZONE) / 36525
    t2 = t * t
    anomaly = radians(357.52910 + 35999.05030 * t - 0.0001559 * t2 - 0.00000048 * t * t2)
    mean = 280.46645 + 36000.76983 * t + 0.0003032 * t2
    centre = (
        (1.914600 - 0.004817 * t - 0.000014 * t2) * sin(anomaly)
        + (0.019993 - 0.000101 * t) * sin(2 * anomaly)
        + 0.000290 * sin(3 * anomaly)
    )
    return floor(((mean + centre) % 360) / 30)
