"""The lunar calendar, and what the law proposes for a year (domain §3.4)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.calendar import VIETNAM, Calendar, DayOff, Year, proposed_year
from schemas.lunar import day_of, kings_day, tet

TET = """2019-02-05 2020-01-25 2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 2027-02-06
2028-01-26 2029-02-13 2030-02-02 2031-01-23 2032-02-11 2033-01-31 2034-02-19 2035-02-08"""
KINGS = "2023-04-29 2024-04-18 2025-04-07 2026-04-26 2027-04-16 2028-04-04 2029-04-23 2030-04-12"
years = st.integers(2019, 2100)


@pytest.mark.parametrize("day", [date.fromisoformat(day) for day in TET.split()])
def test_tet(day: date) -> None:
    """Those of domain §3.4, and of the years before. In 2030 a Chinese calendar would say 3 February."""
    assert tet(day.year) == day


@pytest.mark.parametrize("day", [date.fromisoformat(day) for day in KINGS.split()])
def test_kings_day(day: date) -> None:
    assert kings_day(day.year) == day


def test_a_repeated_month_is_left_out() -> None:
    """2023 repeats the second month, 2025 the sixth, 2033 the eleventh."""
    assert day_of(2023, 3, 1) - day_of(2023, 2, 1) == timedelta(59)
    assert day_of(2025, 7, 1) - day_of(2025, 6, 1) == timedelta(59)
    assert day_of(2033, 12, 1) - day_of(2033, 11, 1) == timedelta(59)


@given(years)
def test_a_lunar_year_is_made_of_months_of_29_or_30_days(year: int) -> None:
    starts = [day_of(year, month, 1) for month in range(1, 13)] + [tet(year + 1)]
    lengths = [(after - before).days for before, after in pairwise(starts)]
    assert set(lengths) <= {29, 30, 58, 59, 60}
    assert sum(length > 30 for length in lengths) <= 1
    assert date(year, 1, 20) <= starts[0] <= date(year, 2, 21)


def off(year: int) -> dict[str, str]:
    return {f"{one.day:%d/%m}": one.why for one in proposed_year(year).days_off}


def test_2026_as_the_law_gives_it() -> None:
    """Announced were these, and two days (2/1, 31/8) in exchange for Saturdays."""
    assert " ".join(off(2026)) == (
        "01/01 16/02 17/02 18/02 19/02 20/02 26/04 27/04 30/04 01/05 01/09 02/09 24/11"
    )
    assert off(2026)["27/04"] == "nghỉ bù Giỗ Tổ Hùng Vương"


def test_2023_as_it_was_announced_in_spring() -> None:
    """Giỗ Tổ on a Saturday, 30 April on a Sunday, 1 May: five days, to Wednesday 3 May."""
    spring = [day for day in off(2023) if day[3:] in ("04", "05")]
    assert spring == ["29/04", "30/04", "01/05", "02/05", "03/05"]


@pytest.mark.parametrize(
    ("year", "days"),
    [(2024, "02/09 03/09"), (2025, "01/09 02/09"), (2026, "01/09 02/09"), (2022, "01/09 02/09")],
)
def test_two_days_in_september(year: int, days: str) -> None:
    assert [day for day in off(year) if day.endswith("/09")] == days.split()


def test_the_day_of_culture_is_off_since_2026() -> None:
    assert "24/11" not in off(2025)
    assert off(2026)["24/11"] == "Ngày Văn hóa Việt Nam"


@given(years)
def test_a_proposal_is_never_confirmed_and_has_no_faults(year: int) -> None:
    proposed = proposed_year(year)
    assert not proposed.confirmed
    assert proposed.faults() == ()
    assert msgspec.convert(msgspec.to_builtins(proposed), Year) == proposed


@given(years)
def test_a_proposal_gives_as_many_days_as_the_law(year: int) -> None:
    """11 days, with the Day of Culture 12, each on or made up for on a weekday."""
    weekdays = [one.day for one in proposed_year(year).days_off if one.day.weekday() < 5]
    named = {one.day for one in proposed_year(year).days_off if not one.why.startswith("nghỉ bù")}
    given = 11 if year < 2026 else 12
    assert len(named) in (given, given - 1)  # Giỗ Tổ may fall on 30 April
    assert len(weekdays) == len(named)


def test_beyond_our_lunar_calendar_only_solar_days_are_proposed() -> None:
    assert " ".join(off(2101)) == "01/01 03/01 30/04 01/05 02/05 03/05 01/09 02/09 24/11"


def test_what_an_administrator_should_mend() -> None:
    saturday = date(2026, 8, 22)
    wrong = Year(
        2026,
        (DayOff(date(2025, 1, 1), "?"), DayOff(saturday, "a"), DayOff(saturday, "b")),
        (saturday, date(2026, 8, 24)),
        confirmed=False,
        opens="08:00",
        noon="07:00",
    )
    assert wrong.faults() == (
        "ngày 01/01/2025 không thuộc năm 2026",
        "ngày nghỉ 22/08 ghi hai lần",
        "ngày 22/08 vừa nghỉ vừa làm bù",
        "ngày làm bù 24/08 không phải thứ Bảy, Chủ nhật",
        "giờ làm việc không theo thứ tự: mở cửa, nghỉ trưa, buổi chiều, đóng cửa",
    )


def test_an_office_day_has_eight_hours_unless_the_calendar_says_otherwise() -> None:
    day = date(2026, 11, 23)
    sessions = Calendar({}).sessions(day)
    assert [f"{begins:%H:%M}-{ends:%H:%M}" for begins, ends in sessions] == ["07:30-12:00", "13:00-16:30"]
    assert sum((ends - begins for begins, ends in sessions), timedelta()) == timedelta(hours=8)
    morning = Calendar({2026: Year(2026, (), (), True, closes="11:00")})
    assert [f"{ends:%H:%M}" for _, ends in morning.sessions(day)] == ["11:00"]
    opening = morning.opening_of(day)
    assert opening is not None
    assert opening.astimezone(VIETNAM).hour == 7


def test_what_was_written_before_there_were_sessions_is_read() -> None:
    old = {"year": 2026, "days_off": [], "working_saturdays": [], "confirmed": True, "closes": "16:30"}
    assert msgspec.convert(old, Year) == Year(2026, (), (), confirmed=True)
