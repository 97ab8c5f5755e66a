"""When a result is due: the vectors of the domain, and what holds for any calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.calendar import VIETNAM, Calendar, DayOff, Year, local_day
from schemas.deadlines import DueMoment, Limit, Unit, due
from schemas.errors import NoDueMoment

D = Unit.WORKING_DAYS
C = Unit.DAYS
S = Unit.SAME_DAY
M = Unit.MONTHS

OFF_2026 = [
    (1, 1), (1, 2), (2, 16), (2, 17), (2, 18), (2, 19), (2, 20), (4, 27), (4, 30), (5, 1),
    (8, 31), (9, 1), (9, 2), (11, 24),
]  # fmt: skip
VIETNAM_2026 = Calendar(
    {
        2026: Year(
            2026,
            tuple(DayOff(date(2026, month, day), "nghỉ lễ") for month, day in OFF_2026),
            (date(2026, 1, 10), date(2026, 8, 22)),
            confirmed=True,
        )
    }
)


def at(text: str) -> datetime:
    """A Vietnamese moment, "20/11 10:00" in 2026."""
    return datetime.strptime(f"2026/{text}", "%Y/%d/%m %H:%M").replace(tzinfo=VIETNAM)


def last_day(received: str, value: int, unit: Unit) -> str:
    return f"{due(at(received), Limit(value, unit), VIETNAM_2026).moment:%a %d/%m}"


@pytest.mark.parametrize(
    ("received", "value", "unit", "expected", "why"),
    [
        ("20/11 10:00", 1, D, "Mon 23/11", ""),
        ("20/11 10:00", 3, D, "Thu 26/11", "skips 24/11"),
        ("23/11 09:00", 1, D, "Wed 25/11", "skips 24/11"),
        ("23/11 08:00", 3, D, "Fri 27/11", ""),
        ("23/11 08:00", 10, D, "Tue 08/12", ""),
        ("23/11 15:00", 0, S, "Mon 23/11", "at 15:00 is not after it"),
        ("23/11 15:20", 0, S, "Wed 25/11", "after 15:00, and 24/11 off"),
        ("23/11 14:59", 0, S, "Mon 23/11", ""),
        ("12/02 08:00", 3, D, "Tue 24/02", "Tết 16-20/2"),
        ("24/04 08:00", 1, D, "Tue 28/04", "27/4 is a substitute"),
        ("24/04 08:00", 4, D, "Tue 05/05", "30/4 and 1/5"),
        ("21/08 08:00", 1, D, "Sat 22/08", "a swapped working Saturday"),
        ("28/08 08:00", 2, D, "Fri 04/09", "31/8 and 1-2/9 off"),
        ("20/11 08:00", 4, C, "Wed 25/11", "lands on 24/11 and rolls"),
    ],
)
def test_the_vectors_of_the_domain(received: str, value: int, unit: Unit, expected: str, why: str) -> None:
    assert last_day(received, value, unit) == expected, why


@pytest.mark.parametrize(
    ("received", "value", "unit", "expected"),
    [
        ("21/11 09:00", 0, S, "Mon 23/11"),
        ("21/11 16:00", 0, S, "Mon 23/11"),
        ("21/11 09:00", 1, D, "Mon 23/11"),
        ("21/11 09:00", 0, D, "Mon 23/11"),
        ("20/11 23:59", 1, D, "Mon 23/11"),
        ("20/11 08:00", 1, C, "Mon 23/11"),
        ("31/01 08:00", 1, M, "Mon 02/03"),
        ("31/03 08:00", 1, M, "Mon 04/05"),
        ("24/10 08:00", 1, M, "Wed 25/11"),
    ],
)
def test_more_days(received: str, value: int, unit: Unit, expected: str) -> None:
    """Receptions on a Saturday, months without a 31st, a month that ends on a day off."""
    assert last_day(received, value, unit) == expected


def test_a_result_is_due_when_the_office_closes() -> None:
    early = Calendar({2026: Year(2026, (), (), True, closes="16:00")})
    limit = Limit(1, D)
    assert due(at("23/11 09:00"), limit, early).moment == at("24/11 16:00")
    assert due(at("23/11 09:00"), limit, Calendar({})).moment == at("24/11 16:30")


def test_the_day_is_vietnamese_wherever_the_server_stands() -> None:
    """18:00 UTC on Sunday is Monday in Lạng Sơn."""
    received = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    assert local_day(received) == date(2026, 11, 23)
    assert due(received, Limit(1, D), VIETNAM_2026).moment == at("25/11 16:30")


def test_each_day_is_explained() -> None:
    counted = due(at("20/11 10:00"), Limit(2, D), VIETNAM_2026)
    assert [(f"{day.day:%d/%m}", day.count, day.why_off) for day in counted.days] == [
        ("20/11", None, None),
        ("21/11", None, "thứ Bảy"),
        ("22/11", None, "Chủ nhật"),
        ("23/11", 1, None),
        ("24/11", None, "nghỉ lễ"),
        ("25/11", 2, None),
    ]
    assert [f"{day.day:%d/%m}" for day in counted.days_off()] == ["21/11", "22/11", "24/11"]


def test_a_due_date_in_an_unconfirmed_year_says_so() -> None:
    assert due(at("20/11 10:00"), Limit(3, D), VIETNAM_2026).unconfirmed == ()
    assert due(at("31/12 10:00"), Limit(3, D), VIETNAM_2026).unconfirmed == (2027,)
    proposed = Calendar({2026: Year(2026, (), (), confirmed=False)})
    assert due(at("20/11 10:00"), Limit(3, D), proposed).unconfirmed == (2026,)


def test_a_calendar_without_working_days_is_a_mistake_and_not_a_loop() -> None:
    days = tuple(DayOff(date(2026, 1, 1) + timedelta(days=n), "?") for n in range(365))
    more = tuple(DayOff(date(2027, 1, 1) + timedelta(days=n), "?") for n in range(365))
    closed = Calendar({2026: Year(2026, days, (), True), 2027: Year(2027, more, (), True)})
    for unit in Unit:
        with pytest.raises(NoDueMoment, match="no working day after 2026"):
            due(at("01/01 08:00"), Limit(1, unit), closed)


def test_months_beyond_the_last_year_are_refused() -> None:
    with pytest.raises(NoDueMoment, match="more than a calendar holds"):
        due(datetime(9990, 1, 1, tzinfo=VIETNAM), Limit(1_000, M), Calendar({}))


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (Limit(4, D), "04 ngày làm việc"),
        (Limit(30, C), "30 ngày"),
        (Limit(2, M), "02 tháng"),
        (Limit(0, S), "trong ngày làm việc"),
    ],
)
def test_a_limit_in_words(limit: Limit, words: str) -> None:
    assert limit.words() == words


# --- laws ---

days_2026 = st.integers(0, 364).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
calendars = st.builds(
    lambda off, worked, confirmed: Calendar(
        {2026: Year(2026, tuple(DayOff(day, "nghỉ") for day in off), tuple(worked), confirmed)}
    ),
    st.lists(days_2026, max_size=60, unique=True),
    st.lists(days_2026, max_size=5, unique=True),
    st.booleans(),
)
moments = st.datetimes(
    datetime(2025, 11, 1),  # noqa: DTZ001 - hypothesis takes naive bounds
    datetime(2027, 2, 1),  # noqa: DTZ001
    timezones=st.just(VIETNAM),
)
limits = st.one_of(
    st.just(Limit(0, S)),
    st.builds(Limit, st.integers(0, 200), st.just(D)),
    st.builds(Limit, st.integers(0, 200), st.just(C)),
    st.builds(Limit, st.integers(0, 24), st.just(M)),
)


@given(moments, limits, calendars)
def test_a_due_moment_is_a_working_moment(received: datetime, limit: Limit, calendar: Calendar) -> None:
    counted = due(received, limit, calendar)
    assert calendar.is_working(local_day(counted.moment))
    assert counted.moment == calendar.close_of(local_day(counted.moment))
    assert local_day(counted.moment) >= local_day(received)


@given(moments, st.timedeltas(timedelta(0), timedelta(days=40)), limits, calendars)
def test_later_reception_is_never_due_earlier(
    received: datetime, delay: timedelta, limit: Limit, calendar: Calendar
) -> None:
    assert due(received, limit, calendar).moment <= due(received + delay, limit, calendar).moment


@given(moments, limits.filter(lambda limit: limit.unit is not S), calendars)
def test_a_longer_limit_is_never_due_earlier(received: datetime, limit: Limit, calendar: Calendar) -> None:
    longer = Limit(limit.value + 1, limit.unit)
    assert due(received, limit, calendar).moment <= due(received, longer, calendar).moment


@given(moments, st.integers(1, 100), calendars)
def test_working_days_are_counted_one_by_one(received: datetime, value: int, calendar: Calendar) -> None:
    """Against the definition: exactly so many working days lie after the day of receipt."""
    last = local_day(due(received, Limit(value, D), calendar).moment)
    first = local_day(received)
    between = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(map(calendar.is_working, between)) == value


@given(moments, limits, calendars)
def test_the_explanation_covers_every_day_and_counts_upwards(
    received: datetime, limit: Limit, calendar: Calendar
) -> None:
    counted: DueMoment = due(received, limit, calendar)
    assert [day.day for day in counted.days] == [
        local_day(received) + timedelta(days=n) for n in range(len(counted.days))
    ]
    counts = [day.count for day in counted.days if day.count is not None]
    assert counts == list(range(1, len(counts) + 1))
    if limit.unit is D and limit.value:
        assert counts[-1] == limit.value
    assert counted.days[-1].day == local_day(counted.moment)


@given(moments, calendars)
def test_a_day_off_has_a_reason_and_a_working_day_has_none(received: datetime, calendar: Calendar) -> None:
    day = local_day(received)
    assert calendar.is_working(day) == (calendar.why_off(day) is None)


def test_a_day_that_is_off_and_swapped_is_off() -> None:
    """A contradiction in the catalog is read in the citizen's favour: nobody is late by it."""
    saturday = date(2026, 8, 22)
    both = Calendar({2026: Year(2026, (DayOff(saturday, "nghỉ lễ"),), (saturday,), True)})
    assert both.why_off(saturday) == "nghỉ lễ"
