"""When a result is due: the vectors of the domain, and what holds for any calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.calendar import VIETNAM, Calendar, DayOff, Year, local_day
from schemas.deadlines import (
    AfterSupplement,
    DueMoment,
    Limit,
    Span,
    Stopped,
    Terms,
    Timeliness,
    Unit,
    Why,
    begins,
    due,
    due_now,
    hand_over_by,
    in_progress,
    resolved,
)
from schemas.errors import NoDueMoment

D = Unit.WORKING_DAYS
C = Unit.DAYS
S = Unit.SAME_DAY
M = Unit.MONTHS
H = Unit.HOURS

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


def test_a_year_that_the_catalog_lacks_is_counted_as_proposed() -> None:
    """Nobody is asked to come on the Day of Culture, or at Tết, because an entry is missing."""
    counted = due(at("23/11 09:00"), Limit(1, D), Calendar({}))
    assert counted.moment == at("25/11 16:30")
    assert counted.unconfirmed == (2026,)


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
        with pytest.raises(NoDueMoment, match=r"calendar: no (working day|office hours) after"):
            due(at("01/01 08:00"), Limit(1, unit), closed)


@pytest.mark.parametrize(
    ("received", "limit", "named"),
    [
        (datetime(2018, 12, 31, 9, tzinfo=VIETNAM), Limit(1, D), "received"),
        (datetime(2101, 1, 1, 9, tzinfo=VIETNAM), Limit(1, D), "received"),
        (datetime(1, 1, 1, tzinfo=UTC), Limit(1, D), "received"),
        (datetime(9999, 12, 31, 23, tzinfo=UTC), Limit(1, D), "received"),
        (datetime(2026, 1, 1, 9), Limit(1, D), "received"),  # noqa: DTZ001 - that is the point
        (datetime(2026, 1, 5, 9, tzinfo=VIETNAM), Limit(0, D), "limit"),
        (datetime(2026, 1, 5, 9, tzinfo=VIETNAM), Limit(0, C), "limit"),
        (datetime(2026, 1, 5, 9, tzinfo=VIETNAM), Limit(0, H), "limit"),
        (datetime(2026, 1, 5, 9, tzinfo=VIETNAM), Limit(10_000, M), "limit"),
        (datetime(2090, 1, 5, 9, tzinfo=VIETNAM), Limit(10_000, D), "limit"),
        (datetime(2090, 1, 5, 9, tzinfo=VIETNAM), Limit(10_000, C), "limit"),
        (datetime(2099, 1, 5, 9, tzinfo=VIETNAM), Limit(10_000, H), "limit"),
        (datetime(2100, 12, 31, 16, tzinfo=VIETNAM), Limit(0, S), "limit"),
    ],
)
def test_what_cannot_be_counted_says_which_field(received: datetime, limit: Limit, named: str) -> None:
    with pytest.raises(NoDueMoment, match=f"^{named}: "):
        due(received, limit, Calendar({}))


def test_ten_thousand_days_are_counted_while_the_calendar_lasts() -> None:
    counted = due(at("05/01 09:00"), Limit(10_000, D), Calendar({}))
    assert counted.days[-1].count == 10_000
    assert counted.unconfirmed == tuple(range(2026, counted.moment.year + 1))


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (Limit(4, D), "04 ngày làm việc"),
        (Limit(30, C), "30 ngày"),
        (Limit(2, M), "02 tháng"),
        (Limit(8, H), "08 giờ làm việc"),
        (Limit(0, S), "trong ngày làm việc"),
        (Limit(30, D, 10), "30 ngày làm việc, cộng thêm 10 ngày làm việc"),
    ],
)
def test_a_limit_in_words(limit: Limit, words: str) -> None:
    assert limit.words() == words


# --- hours ---


@pytest.mark.parametrize(
    ("received", "hours", "expected"),
    [
        ("23/11 08:00", 2, "23/11 10:00"),
        ("23/11 11:00", 2, "23/11 14:00"),
        ("23/11 07:30", 8, "23/11 16:30"),
        ("23/11 10:00", 8, "25/11 10:00"),
        ("23/11 17:00", 1, "25/11 08:30"),
        ("21/11 09:00", 1, "23/11 08:30"),
        ("23/11 12:30", 1, "23/11 14:00"),
        ("20/11 16:30", 16, "25/11 16:30"),
    ],
)
def test_hours_are_those_in_which_the_office_is_open(received: str, hours: int, expected: str) -> None:
    """Receipt after hours counts from the next morning; noon and days off do not count."""
    assert due(at(received), Limit(hours, H), VIETNAM_2026).moment == at(expected)


def test_an_office_that_never_opens_is_a_mistake_and_not_a_loop() -> None:
    shut = Calendar({y: Year(y, (), (), True, closes="06:00") for y in (2026, 2027, 2028)})
    with pytest.raises(NoDueMoment, match="calendar: no office hours"):
        due(at("23/11 08:00"), Limit(1, H), shut)


# --- spans that are not counted ---


def span(since: str, until: str | None, why: Why = Why.SUPPLEMENT) -> Span:
    return Span(at(since), None if until is None else at(until), why)


@pytest.mark.parametrize(
    ("limit", "since", "until", "expected"),
    [
        (Limit(5, D), "03/11 10:00", "05/11 15:00", "11/11 16:30"),
        (Limit(5, D), "03/11 10:00", "03/11 15:00", "09/11 16:30"),
        (Limit(5, C), "03/11 10:00", "05/11 15:00", "09/11 16:30"),
        (Limit(1, M), "03/11 10:00", "05/11 15:00", "04/12 16:30"),
        (Limit(8, H), "02/11 10:00", "04/11 15:00", "05/11 12:00"),
        (Limit(0, S), "02/11 10:00", "04/11 14:00", "04/11 16:30"),
        (Limit(0, S), "02/11 10:00", "04/11 15:30", "05/11 16:30"),
        (Limit(0, S), "03/11 10:00", "04/11 15:30", "02/11 16:30"),
        (Limit(5, D), "20/11 10:00", "23/11 15:00", "09/11 16:30"),
    ],
)
def test_waiting_is_not_counted(limit: Limit, since: str, until: str, expected: str) -> None:
    """Received on Monday 2 November at 8:00; a span after the due moment changes nothing."""
    waited = [span(since, until, Why.FINANCIAL)]
    assert due(at("02/11 08:00"), limit, VIETNAM_2026, waited).moment == at(expected)


def test_a_rest_at_the_end_does_not_end_within_a_wait() -> None:
    """Due on Sunday, and from Sunday to Tuesday the applicant was waited for: Wednesday."""
    waited = [span("08/11 10:00", "10/11 15:00", Why.APPLICANT)]
    assert due(at("02/11 08:00"), Limit(6, C), VIETNAM_2026, waited).moment == at("11/11 16:30")


def test_each_day_of_waiting_is_explained() -> None:
    counted = due(at("02/11 08:00"), Limit(3, D), VIETNAM_2026, [span("03/11 10:00", "05/11 15:00")])
    assert [(f"{day.day:%d}", day.count, day.why_waiting) for day in counted.days] == [
        ("02", None, None),
        ("03", 1, None),
        ("04", None, "chờ bổ sung hồ sơ"),
        ("05", None, "chờ bổ sung hồ sơ"),
        ("06", 2, None),
        ("07", None, None),
        ("08", None, None),
        ("09", 3, None),
    ]


def test_after_a_supplement_the_limit_starts_anew_or_goes_on() -> None:
    """NĐ 61/2018 Đ19 against sector law; what waited for money only is never a new start."""
    supplement, money = span("03/11 10:00", "05/11 15:00"), span("03/11 10:00", "05/11 15:00", Why.FINANCIAL)
    received, limit = at("02/11 08:00"), Limit(3, D)
    anew = due_now(received, limit, VIETNAM_2026, [supplement])
    on = due_now(received, limit, VIETNAM_2026, [supplement], AfterSupplement.RESUME)
    paid = due_now(received, limit, VIETNAM_2026, [money])
    assert isinstance(anew, DueMoment)
    assert anew.moment == at("10/11 16:30")
    assert isinstance(on, DueMoment)
    assert on.moment == at("09/11 16:30")
    assert paid == due(received, limit, VIETNAM_2026, [money])


def test_while_something_is_waited_for_nothing_is_due() -> None:
    waited = [span("05/11 10:00", None, Why.FINANCIAL), span("03/11 10:00", None)]
    stopped = due_now(at("02/11 08:00"), Limit(3, D), VIETNAM_2026, waited)
    assert stopped == Stopped(at("03/11 10:00"), Why.SUPPLEMENT)
    assert in_progress(at("30/11 08:00"), stopped) is Timeliness.STOPPED
    assert due(at("02/11 08:00"), Limit(3, D), VIETNAM_2026, waited).moment == at("05/11 16:30")


# --- beginning, handing over, in time ---


def test_from_across_a_boundary_time_counts_from_the_competent_agency() -> None:
    received = at("20/11 10:00")
    assert begins(received, None) == received
    assert begins(received, at("23/11 08:00")) == at("23/11 08:00")
    assert begins(received, at("19/11 08:00")) == received


@pytest.mark.parametrize(
    ("received", "by"),
    [
        ("20/11 10:00", "20/11 16:30"),
        ("20/11 15:00", "20/11 16:30"),
        ("20/11 15:01", "23/11 07:30"),
        ("21/11 09:00", "23/11 07:30"),
        ("23/11 15:20", "25/11 07:30"),
    ],
)
def test_papers_go_to_the_agency_the_same_day(received: str, by: str) -> None:
    """NĐ 309/2026 Đ18(2): after 15:00 at the start of the next working day."""
    assert hand_over_by(at(received), VIETNAM_2026) == at(by)


def test_an_office_without_hours_hands_over_at_its_close() -> None:
    shut = Calendar({2026: Year(2026, (), (), True, closes="06:00")})
    assert hand_over_by(at("20/11 15:30"), shut) == at("23/11 06:00")


@pytest.mark.parametrize(
    ("finished", "verdict", "words"),
    [
        ("19/11 23:59", Timeliness.EARLY, "trước hạn"),
        ("20/11 08:00", Timeliness.ON_TIME, "đúng hạn"),
        ("20/11 16:30", Timeliness.ON_TIME, "đúng hạn"),
        ("20/11 16:31", Timeliness.OVERDUE, "quá hạn"),
    ],
)
def test_early_on_time_overdue(finished: str, verdict: Timeliness, words: str) -> None:
    assert resolved(at(finished), at("20/11 16:30")) is verdict
    assert verdict.words == words


def test_in_progress_is_within_or_over() -> None:
    assert in_progress(at("20/11 16:30"), at("20/11 16:30")) is Timeliness.WITHIN
    assert in_progress(at("20/11 16:31"), at("20/11 16:30")) is Timeliness.OVER


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
more = st.sampled_from([0, 0, 10])
limits = st.one_of(
    st.builds(Limit, st.just(0), st.just(S), more),
    st.builds(Limit, st.integers(1, 200), st.just(D), more),
    st.builds(Limit, st.integers(1, 200), st.just(C), more),
    st.builds(Limit, st.integers(1, 24), st.just(M), more),
    st.builds(Limit, st.integers(1, 200), st.just(H), more),
)
spans = st.lists(
    st.builds(
        lambda since, length, why: Span(since, since + length, why),
        moments,
        st.timedeltas(timedelta(0), timedelta(days=40)),
        st.sampled_from(Why),
    ),
    max_size=3,
)


@given(moments, limits, calendars, spans)
def test_a_due_moment_is_a_working_moment(
    received: datetime, limit: Limit, calendar: Calendar, waited: list[Span]
) -> None:
    counted = due(received, limit, calendar, waited)
    day = local_day(counted.moment)
    assert calendar.is_working(day)
    assert any(opens <= counted.moment <= closes for opens, closes in calendar.sessions(day))
    if limit.unit is not H:
        assert counted.moment == calendar.close_of(day)
    assert day >= local_day(received)


@given(moments, st.timedeltas(timedelta(0), timedelta(days=40)), limits, calendars, spans)
def test_later_reception_is_never_due_earlier(
    received: datetime, delay: timedelta, limit: Limit, calendar: Calendar, waited: list[Span]
) -> None:
    """But for months with waiting: the 29th to 31st may all fall on a 28 February (BLDS Đ148), while each of
    these days that was waited through counts."""
    assume(limit.unit is not Unit.MONTHS or not waited)
    earlier = due(received, limit, calendar, waited).moment
    assert earlier <= due(received + delay, limit, calendar, waited).moment


@given(moments, limits.filter(lambda limit: limit.unit is not S), calendars, spans)
def test_a_longer_limit_is_never_due_earlier(
    received: datetime, limit: Limit, calendar: Calendar, waited: list[Span]
) -> None:
    longer = Limit(limit.value + 1, limit.unit, limit.more_working_days)
    assert due(received, limit, calendar, waited).moment <= due(received, longer, calendar, waited).moment


@given(moments, limits, calendars, spans, spans)
def test_waiting_never_makes_a_result_due_earlier(
    received: datetime, limit: Limit, calendar: Calendar, waited: list[Span], more: list[Span]
) -> None:
    assert (
        due(received, limit, calendar, waited).moment <= due(received, limit, calendar, waited + more).moment
    )


@given(moments, limits, calendars)
def test_a_difficult_commune_is_never_due_earlier(
    received: datetime, limit: Limit, calendar: Calendar
) -> None:
    plain = Limit(limit.value, limit.unit)
    terms = Terms(plain, in_difficult_communes=10)
    assert terms.limit_for(difficult=False) == plain
    harder = terms.limit_for(difficult=True)
    assert due(received, plain, calendar).moment < due(received, harder, calendar).moment


@given(moments, st.integers(1, 60), calendars)
def test_eight_hours_are_a_day(received: datetime, count: int, calendar: Calendar) -> None:
    """Against minutes counted one by one: so many open minutes lie between receipt and due moment."""
    received = received.replace(second=0, microsecond=0)
    counted = due(received, Limit(count, H), calendar).moment
    open_minutes, day = 0, local_day(received)
    while day <= local_day(counted):
        if calendar.is_working(day):
            for opens, closes in calendar.sessions(day):
                length = min(closes, counted) - max(opens, received)
                open_minutes += max(0, int(length.total_seconds()) // 60)
        day += timedelta(days=1)
    assert open_minutes == count * 60


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
    if limit.unit is D:
        assert counts[-1] == limit.value + limit.more_working_days
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
