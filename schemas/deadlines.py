"""When a result is due, and whether it was in time.

| unit         | rule                                                                     | source |
|--------------|--------------------------------------------------------------------------|--------|
| working_days | the day of receipt is not counted; then working days only                | BLDS 2015 Đ147 |
| days         | calendar days, the first not counted; rolls to the next working day      | BLDS 2015 Đ147, Đ148(5) |
| months       | the same day n months later (the month's last day if there is none); rolls | BLDS 2015 Đ148 |
| hours        | hours in which the office is open; eight are a day                       | NQ 66.7/2025, domain §3.3 |
| same_day     | the same working day; received after 15:00, the next working day         | NĐ 309/2026 Đ18(2) |

A limit in days ends when the office closes on its last day. A procedure may add working days in difficult
communes; they are counted from the day on which the limit without them would end.

**Spans that are not counted** (supplement, financial obligation, …, domain §3.3): of the day on which a span
begins the agency has had the morning, and of the day on which it ends only a rest, as at reception. So the
first counts and the last does not: from Monday 10:00 to Wednesday 15:00, Tuesday and Wednesday are not
counted. Limits in hours leave out the span to the minute. After a supplement the limit may also start anew.
"""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas.calendar import FIRST_YEAR, LAST_YEAR, ONE_DAY, VIETNAM, Calendar
from schemas.errors import NoDueMoment

AFTERNOON_CUT: Final = time(15, 0)
LONGEST_REST: Final = 366
"""A calendar without a working day in a year is a mistake, not a holiday."""


class Unit(Enum):
    """What a procedure's limit counts; `HOURS` are working hours."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    MONTHS = "months"
    HOURS = "hours"
    SAME_DAY = "same_day"


UNIT_WORDS: Final = {
    Unit.WORKING_DAYS: "ngày làm việc",
    Unit.DAYS: "ngày",
    Unit.MONTHS: "tháng",
    Unit.HOURS: "giờ làm việc",
    Unit.SAME_DAY: "trong ngày làm việc",
}


class Limit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A procedure's time limit; `value` counts units and is 0 for `same_day`.

    `more_working_days` are those that it adds in a difficult commune, where this dossier is from one.
    """

    value: Annotated[int, Meta(ge=0, le=10_000)]
    unit: Unit
    more_working_days: Annotated[int, Meta(ge=0, le=60)] = 0

    def words(self) -> str:
        """As on form 01: "04 ngày làm việc"."""
        words = (
            UNIT_WORDS[self.unit]
            if self.unit is Unit.SAME_DAY
            else f"{self.value:02d} {UNIT_WORDS[self.unit]}"
        )
        more = self.more_working_days
        return f"{words}, cộng thêm {more:02d} ngày làm việc" if more else words


SUPPLEMENT_ONLINE: Final = Limit(8, Unit.HOURS)
"""To ask for a supplement when a database cannot be read, online dossiers (NQ 66.7/2025)."""

SUPPLEMENT_DIRECT: Final = Limit(1, Unit.WORKING_DAYS)
"""The same for dossiers that came to the counter or by post."""

PETITION: Final = Limit(10, Unit.WORKING_DAYS)
"""To answer a petition (domain §5.2)."""

RECEIPTS_AFTER_OUTAGE: Final = Limit(3, Unit.WORKING_DAYS)
"""To send the receipts of an outage to the tax authority (NĐ 254/2026 Đ27(3))."""


class Why(Enum):
    """Why a span of time is not counted."""

    SUPPLEMENT = "supplement"
    FINANCIAL = "financial"
    OPINION = "opinion"
    PUBLICATION = "publication"
    APPLICANT = "applicant"

    @property
    def words(self) -> str:
        """In Vietnamese, as papers and pages have it."""
        return WHY_NOT_COUNTED[self]


WHY_NOT_COUNTED: Final = {
    Why.SUPPLEMENT: "chờ bổ sung hồ sơ",
    Why.FINANCIAL: "chờ thực hiện nghĩa vụ tài chính",
    Why.OPINION: "chờ ý kiến cơ quan phối hợp",
    Why.PUBLICATION: "thời gian niêm yết, công khai",
    Why.APPLICANT: "chờ người dân",
}


class AfterSupplement(Enum):
    """How the clock goes on when the complete dossier is back (NĐ 61/2018 Đ19; sector law may say otherwise)."""

    RESTART = "restart"
    RESUME = "resume"


class Terms(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a procedure says of its time, whole: catalog data."""

    limit: Limit
    in_difficult_communes: Annotated[int, Meta(ge=0, le=60)] = 0
    after_supplement: AfterSupplement = AfterSupplement.RESTART
    not_counted: tuple[Why, ...] = (Why.SUPPLEMENT, Why.FINANCIAL)

    def limit_for(self, *, difficult: bool) -> Limit:
        """The limit for a dossier from a commune with or without the flag of a difficult one."""
        more = self.in_difficult_communes if difficult else 0
        return Limit(self.limit.value, self.limit.unit, self.limit.more_working_days + more)


@dataclass(frozen=True, slots=True)
class Span:
    """A time that is not counted, from one aware moment to another; without `until` it is still running."""

    since: datetime
    until: datetime | None
    why: Why


class CountedDay(msgspec.Struct, frozen=True, gc=False):
    """One day between receipt and due moment: its count, or why it is not counted.

    `why_off`: nobody works on that day. `why_waiting`: the clock stood still.
    """

    day: date
    count: int | None
    why_off: str | None
    why_waiting: str | None = None


@dataclass(frozen=True, slots=True)
class DueMoment:
    """When a result is due, and how that was counted; `unconfirmed` years are named."""

    moment: datetime
    days: tuple[CountedDay, ...]
    unconfirmed: tuple[int, ...]

    def days_off(self) -> tuple[CountedDay, ...]:
        """The days that pushed the due moment back, weekends included."""
        return tuple(day for day in self.days if day.why_off is not None)


@dataclass(frozen=True, slots=True)
class Stopped:
    """The clock stands still since a moment: nothing is due, and nothing can be overdue (domain §3.3)."""

    since: datetime
    why: Why


def due(received: datetime, limit: Limit, calendar: Calendar, spans: Sequence[Span] = ()) -> DueMoment:
    """The due moment of a dossier received at an aware moment. Raises `NoDueMoment`.

    `spans` have ended; what they take from the count is left out. They may overlap and lie anywhere.
    """
    if received.tzinfo is None or not FIRST_YEAR <= received.year <= LAST_YEAR:
        raise NoDueMoment(f"received: {received} is no moment in {FIRST_YEAR}-{LAST_YEAR}")
    if limit.value == 0 and limit.unit is not Unit.SAME_DAY:
        raise NoDueMoment(f"limit: 0 {limit.unit.value} is no time; a result of the same day is same_day")
    local = received.astimezone(VIETNAM)
    first = last = local.date()
    waiting = _waiting_days(spans) if spans else {}
    moment: datetime | None = None
    match limit.unit:
        case Unit.SAME_DAY:
            last = _same_day(_resumed(local, calendar, spans), calendar)
            # it is due on the very day on which the waiting ends
            waiting.pop(last, None)
        case Unit.WORKING_DAYS:
            last = _working_days_after(first, limit.value, calendar, waiting)
        case Unit.DAYS:
            last = _put_off(first, first + timedelta(days=limit.value), waiting)
        case Unit.MONTHS:
            last = _put_off(first, _months_later(first, limit.value), waiting)
        case Unit.HOURS:
            moment = _hours_after(local, limit.value, calendar, spans)
            last = moment.date()
    if moment is None:
        last = _working_day_from(last, calendar, waiting)
    if limit.more_working_days:
        last = _working_days_after(last, limit.more_working_days, calendar, waiting)
        moment = None
    _within(last)
    if moment is None:
        moment = calendar.close_of(last)
    return DueMoment(moment, *_counted(first, last, limit.unit, calendar, waiting))


def due_now(
    received: datetime,
    limit: Limit,
    calendar: Calendar,
    spans: Sequence[Span],
    after_supplement: AfterSupplement = AfterSupplement.RESTART,
) -> DueMoment | Stopped:
    """What form 01's promise has become after the spans so far. Raises `NoDueMoment`.

    A running span stops the clock. After the last supplement the limit starts anew, or goes on.
    """
    running = min((span for span in spans if span.until is None), key=lambda span: span.since, default=None)
    if running is not None:
        return Stopped(running.since, running.why)
    begins = received
    if after_supplement is AfterSupplement.RESTART:
        supplied = (span.until for span in spans if span.why is Why.SUPPLEMENT)
        begins = max([received, *(until for until in supplied if until is not None)])
    return due(begins, limit, calendar, spans)


def begins(received: datetime, at_competent: datetime | None) -> datetime:
    """When the clock starts: at full and proper receipt; of a dossier from across a boundary when the
    *competent* agency receives it (NĐ 309/2026 Đ17(3)). Both moments are kept."""
    return received if at_competent is None else max(received, at_competent)


def hand_over_by(received: datetime, calendar: Calendar) -> datetime:
    """By when papers go to the competent agency: the office's close on that working day; after 15:00 or on
    a day off the start of the next one (NĐ 309/2026 Đ18(2)). Raises `NoDueMoment`."""
    local = received.astimezone(VIETNAM)
    day = _same_day(local, calendar)
    if day == local.date():
        return calendar.close_of(day)
    return calendar.opening_of(day) or calendar.close_of(day)


# --- in time or not ---


class Timeliness(Enum):
    """The columns of report 06a; of a stopped clock nothing is overdue."""

    EARLY = "early"
    ON_TIME = "on_time"
    OVERDUE = "overdue"
    WITHIN = "within"
    OVER = "over"
    STOPPED = "stopped"

    @property
    def words(self) -> str:
        """In Vietnamese, as papers and pages have it."""
        return TIMELINESS_WORDS[self]


TIMELINESS_WORDS: Final = {
    Timeliness.EARLY: "trước hạn",
    Timeliness.ON_TIME: "đúng hạn",
    Timeliness.OVERDUE: "quá hạn",
    Timeliness.WITHIN: "trong hạn",
    Timeliness.OVER: "quá hạn",
    Timeliness.STOPPED: "tạm dừng tính thời gian",
}


def resolved(finished: datetime, due_moment: datetime) -> Timeliness:
    """By the time of status 9, not of the pick-up: who comes late makes no agency late (domain §3.3)."""
    if finished.astimezone(VIETNAM).date() < due_moment.astimezone(VIETNAM).date():
        return Timeliness.EARLY
    return Timeliness.ON_TIME if finished <= due_moment else Timeliness.OVERDUE


def in_progress(at: datetime, due_moment: datetime | Stopped) -> Timeliness:
    """Of a dossier that is not resolved at a moment."""
    if isinstance(due_moment, Stopped):
        return Timeliness.STOPPED
    return Timeliness.WITHIN if at <= due_moment else Timeliness.OVER


# --- counting ---


def _within(day: date) -> None:
    if day.year > LAST_YEAR:
        raise NoDueMoment(f"limit: ends after {LAST_YEAR}, which is more than a calendar holds")


def _working_day_from(day: date, calendar: Calendar, waiting: Mapping[date, Why]) -> date:
    """The first day from this one on that is worked and on which the clock runs."""
    candidate, why_off = day, calendar.why_off
    for _ in range(LONGEST_REST + len(waiting)):
        if why_off(candidate) is None and candidate not in waiting:
            return candidate
        candidate += ONE_DAY
    raise NoDueMoment(f"calendar: no working day after {day}")


def _same_day(local: datetime, calendar: Calendar) -> date:
    late = local.time() > AFTERNOON_CUT
    return _working_day_from(local.date() + ONE_DAY if late else local.date(), calendar, {})


def _working_days_after(day: date, count: int, calendar: Calendar, waiting: Mapping[date, Why]) -> date:
    for _ in range(count):
        day = _working_day_from(day + ONE_DAY, calendar, waiting)
        _within(day)
    return day


def _put_off(first: date, last: date, waiting: Mapping[date, Why]) -> date:
    """The last day put off by as many days as were waited, those of the delay included."""
    for day in sorted(waiting):
        if first < day <= last:
            last += ONE_DAY
    return last


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    year += day.year
    month += 1
    if year > LAST_YEAR:
        raise NoDueMoment(f"limit: ends after {LAST_YEAR}, which is more than a calendar holds")
    return date(year, month, min(day.day, gregorian.monthrange(year, month)[1]))


def _hours_after(local: datetime, hours: int, calendar: Calendar, spans: Sequence[Span]) -> datetime:
    """The moment at which so many open hours have passed."""
    left = timedelta(hours=hours)
    day, idle = local.date(), 0
    while idle < LONGEST_REST:
        idle += 1
        if calendar.why_off(day) is None:
            for opens, closes in calendar.sessions(day):
                for since, until in _free(max(opens, local), closes, spans):
                    if until - since >= left:
                        return since + left
                    left -= until - since
                    idle = 0
        day += ONE_DAY
        _within(day)
    raise NoDueMoment(f"calendar: no office hours after {day - LONGEST_REST * ONE_DAY}")


def _free(since: datetime, until: datetime, spans: Sequence[Span]) -> Iterator[tuple[datetime, datetime]]:
    """The pieces of a time in which no span lies."""
    for begins, ends in _ended(spans):
        if ends <= since or begins >= until:
            continue
        if begins > since:
            yield since, begins
        since = ends
    if since < until:
        yield since, until


def _waiting_days(spans: Sequence[Span]) -> dict[date, Why]:
    """The days that spans take from a count in days: after the day of the beginning, to that of the end."""
    waiting: dict[date, Why] = {}
    for span in spans:
        if span.until is None:
            continue
        day, last = span.since.astimezone(VIETNAM).date(), span.until.astimezone(VIETNAM).date()
        _within(last)
        while day < last:
            day += ONE_DAY
            waiting.setdefault(day, span.why)
    return waiting


def _resumed(local: datetime, calendar: Calendar, spans: Sequence[Span]) -> datetime:
    """From when a result of the same day is asked for: the end of the last span that began before it was due."""
    for since, until in _ended(spans):
        if until > local and since < calendar.close_of(_same_day(local, calendar)):
            local = until.astimezone(VIETNAM)
    return local


def _ended(spans: Sequence[Span]) -> list[tuple[datetime, datetime]]:
    return sorted((span.since, span.until) for span in spans if span.until is not None)


def _counted(
    first: date, last: date, unit: Unit, calendar: Calendar, waiting: Mapping[date, Why]
) -> tuple[tuple[CountedDay, ...], tuple[int, ...]]:
    why_off = calendar.why_off
    days = [CountedDay(first, None, why_off(first))]
    day, count = first, 0
    skips = unit is Unit.WORKING_DAYS or unit is Unit.HOURS
    while day < last:
        day += ONE_DAY
        off = why_off(day)
        if day in waiting:
            days.append(CountedDay(day, None, off, waiting[day].words))
        elif skips and off is not None:
            days.append(CountedDay(day, None, off))
        else:
            count += 1
            days.append(CountedDay(day, count, off))
    years = range(first.year, last.year + 1)
    return tuple(days), tuple(year for year in years if not calendar.is_confirmed(date(year, 1, 1)))
