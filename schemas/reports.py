"""Reports: what a centre received and resolved, in time or not, and how content people were.

    report(dossiers, period, at) -> Report

Pure, total, and one pass over any number of dossiers: a projection or `fold` feeds `Counted`, which is what a
report needs to know of one dossier. Every figure is a number of dossiers, ratings or petitions; every index
is a numerator over a denominator, both named (`INDICES`), and has no percentage where the denominator is zero.

**What counts, and where** (Biểu II.06a/VPCP/KSTT, domain §1.5, §3.3, §8.2):

1. Days are Vietnamese days; a period is whole days. The report says what was so at its *cut*: the end of
   the period, or the moment at which it is asked for, if that is earlier.
2. A dossier is received at its reception (form 01); entered afterwards, when its papers really came.
3. It is resolved when its result is there (status 9), not when it is picked up (status 10). A refusal is
   a result.
4. In time is judged by the moment first promised, as spans that are not counted have moved it; an extension
   (form 04) makes nobody punctual, and what it excused is told beside. Early: on a Vietnamese day before
   the due day.
5. What waits for supplement or payment is in progress and not overdue.
6. Withdrawn and suspended dossiers (status 8) are neither resolved nor in progress. The form has no column for
   them; they are told beside it, so that the sum is right:
   received + carried over = resolved + in progress + closed without a result.
7. A cancelled reception never counts, its successor does. A dossier that another one names (the correction
   of its result) is counted in that one: linked dossiers count once.
8. Contested acts have no effect until the desk settles: the dossier counts where the fold shows it, and is told.
9. A dossier belongs to one agency for all columns: the one that received it, or that one's heir.
"""

from __future__ import annotations

import calendar as gregorian
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from typing import Final, Literal

import msgspec

from schemas.acts import Status
from schemas.calendar import ONE_DAY, VIETNAM, Calendar
from schemas.catalog import Catalog
from schemas.clock import Tick, ticks
from schemas.deadlines import Timeliness
from schemas.entries import Agency, Procedure
from schemas.events import timestamp
from schemas.fold import Dossier
from schemas.rules import Standing

# --- what a report needs to know ---


class Ending(Enum):
    """How a dossier came out of the agency's hands."""

    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    NOT_RECEIVED = "not_received"


class Rating(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One rating; levels are data, `satisfied` is what the index counts (domain §5.1)."""

    phase: Literal["reception", "return"]
    satisfied: bool
    at: str


class Counted(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One dossier. Moments are UTC as events have them (`2026-11-23T01:15:22.123456Z`), empty for never.

    `clock` begins with reception and the moment printed on form 01. `extended` is the newest moment that
    form 04 asked for. `paid` is when the newest fee was collected. `counts_for` are the streams of dossiers
    that are counted in this one. `on_site` is the flag of the procedure's version at reception.
    """

    stream: str
    agency: str
    procedure: str = ""
    channel: Literal["direct", "online", "post"] = "direct"
    received: str = ""
    clock: tuple[Tick, ...] = ()
    extended: str = ""
    ending: Ending | None = None
    ended: str = ""
    returned: str = ""
    on_site: bool = False
    contested: bool = False
    paid: str = ""
    paid_online: bool = False
    ratings: tuple[Rating, ...] = ()
    counts_for: tuple[str, ...] = ()


class Petition(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A petition, its moments as in `Counted`; `satisfied` is the sender's word, None if it was not asked for."""

    filed: str
    due: str
    answered: str = ""
    closed: str = ""
    satisfied: bool | None = None


_ENDINGS: Final = (
    ("dossier.reception_cancelled", Ending.CANCELLED),
    ("dossier.withdrawal_granted", Ending.WITHDRAWN),
    ("dossier.suspended", Ending.SUSPENDED),
)


def counted(
    dossier: Dossier, catalog: Catalog, ratings: Iterable[Rating] = (), calendar: Calendar | None = None
) -> Counted:
    """What a report needs to know of a dossier; of one that never began it counts nowhere.

    `calendar`: the catalog's newest, where somebody has it at hand.
    """
    standing, newest = dossier.standing, dossier.standing.newest
    ending, ended = _ending(standing)
    receipt = standing.received
    if receipt is None:
        registered = newest.get("dossier.registered")
        data = registered.data if registered else None
        agency = data.agency if data else ""
        return Counted(dossier.stream, agency, ending=ending, ended=ended, ratings=tuple(ratings))
    received = standing.received_at
    paid = newest.get("dossier.fee_collected") if standing.purse.kept > 0 else None
    corrected = newest.get("dossier.corrected")
    view = catalog.at(standing.receipt.catalog if standing.receipt else "") or catalog.latest
    day = date.fromordinal(local_day(received))
    procedure = view.procedure(receipt.procedure, day)
    return Counted(
        stream=dossier.stream,
        agency=receipt.agency,
        procedure=receipt.procedure,
        channel=receipt.channel,
        received=received,
        clock=ticks(standing, calendar or catalog.latest.calendar()),
        extended=standing.due if standing.due > standing.first_due else "",
        ending=ending,
        ended=ended,
        returned=min((done.at for done in standing.returns), default=""),
        on_site=procedure is not None and procedure.on_site,
        contested=dossier.contested,
        paid=paid.at if paid else "",
        paid_online=paid is not None and paid.data.method == "online",
        ratings=tuple(ratings),
        counts_for=(corrected.data.stream,) if corrected else (),
    )


def _ending(standing: Standing) -> tuple[Ending | None, str]:
    newest, finished = standing.newest, standing.finished
    match standing.status:
        case Status.DONE | Status.RETURNED if finished is not None and standing.outcome is not None:
            is_refusal = standing.outcome.kind == "dossier.refused"
            return (Ending.REFUSED if is_refusal else Ending.APPROVED), finished.at
        case Status.NOT_RECEIVED:
            return Ending.NOT_RECEIVED, newest["dossier.not_received"].at
        case Status.STOPPED:
            return next((ending, newest[kind].at) for kind, ending in _ENDINGS if kind in newest)
        case _:
            return None, ""


@dataclass(frozen=True, slots=True)
class Period:
    """Vietnamese days from `first` to `last`, both of them in it; empty where `last` comes first."""

    first: date
    last: date

    @classmethod
    def of_months(cls, year: int, month: int, months: int = 1) -> Period:
        """Whole months from one on: a month, a quarter, a half-year, a year."""
        years, ending = divmod(month - 2 + months, 12)
        last = date(year + years, ending + 1, gregorian.monthrange(year + years, ending + 1)[1])
        return cls(date(year, month, 1), last)

    @property
    def begins(self) -> str:
        """The first midnight in Vietnam, as events write a moment."""
        return _midnight(self.first)

    @property
    def ends(self) -> str:
        """The first moment that is no longer in it."""
        return _midnight(min(self.last, _LAST_DAY) + ONE_DAY)


_FIRST_DAY: Final = date(1999, 1, 1)
_LAST_DAY: Final = date(2100, 12, 31)
"""Events lie in 2000-2099, so that days outside make no difference."""


def _midnight(day: date) -> str:
    return timestamp(datetime.combine(max(_FIRST_DAY, min(day, _LAST_DAY + ONE_DAY)), time.min, VIETNAM))


# --- the figures ---


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one agency, or of the centre. `a.plus(b)` counts both."""

    # report 06a
    online: int = 0
    direct: int = 0
    post: int = 0
    carried_over: int = 0
    early: int = 0
    on_time: int = 0
    overdue: int = 0
    within: int = 0
    over: int = 0
    # beside it: closed without a result, and what never was a reception
    withdrawn: int = 0
    suspended: int = 0
    not_received: int = 0
    cancelled: int = 0
    # of those above
    refused: int = 0
    overdue_excused: int = 0
    over_excused: int = 0
    stopped: int = 0
    contested: int = 0
    on_site_received: int = 0
    on_site_resolved: int = 0
    # other acts of the period
    returned: int = 0
    paid: int = 0
    paid_online: int = 0
    rated_reception: int = 0
    satisfied_reception: int = 0
    rated_return: int = 0
    satisfied_return: int = 0
    petitions: int = 0
    petitions_in_time: int = 0
    petitions_judged: int = 0
    petitions_satisfied: int = 0

    @property
    def new(self) -> int:
        """Received in the period."""
        return self.online + self.direct + self.post

    @property
    def received(self) -> int:
        """Column "Tiếp nhận: tổng số": those carried over are in it."""
        return self.new + self.carried_over

    @property
    def in_time(self) -> int:
        """Resolved early or on the day."""
        return self.early + self.on_time

    @property
    def resolved(self) -> int:
        """In the period, with a result; those at an end without one are `closed`."""
        return self.in_time + self.overdue

    @property
    def in_progress(self) -> int:
        """Neither resolved nor closed at the end of the period, in time or not."""
        return self.within + self.over

    @property
    def closed(self) -> int:
        """Withdrawn or suspended: at an end without a result."""
        return self.withdrawn + self.suspended

    @property
    def rated(self) -> int:
        """Answers, not dossiers: one may be rated at reception and at return."""
        return self.rated_reception + self.rated_return

    @property
    def satisfied(self) -> int:
        """Of the `rated` answers."""
        return self.satisfied_reception + self.satisfied_return

    def plus(self, other: Figures) -> Figures:
        """Count by count. Only for disjoint dossiers: who is in both is counted twice."""
        return Figures(*(getattr(self, name) + getattr(other, name) for name in _NAMES))


_NAMES: Final = tuple(one.name for one in fields(Figures))


def figures_of(one: Counted, begins: str, cut: str) -> tuple[str, ...]:
    """The names of the figures in which one dossier counts, between two moments (the second not included).

    Raises `ValueError` for a moment that is none.
    """
    acts = _other_acts(one, begins, cut)
    if one.ending is Ending.NOT_RECEIVED:
        return (*acts, "not_received") if begins <= one.ended < cut else acts
    if not one.received:
        return acts
    local_day(one.received)
    if one.received >= cut:
        return acts
    if one.ending is Ending.CANCELLED:
        return (*acts, "cancelled") if begins <= one.received else acts
    # a clock that was wrong on a bad day does not end what has not begun
    ended = max(one.ended, one.received) if one.ending is not None else ""
    if ended and ended < begins:
        return acts
    is_new = begins <= one.received
    names: tuple[str, ...] = (one.channel if is_new else "carried_over", *acts)
    if is_new and one.on_site:
        names += ("on_site_received",)
    if one.contested:
        names += ("contested",)
    if not ended or ended >= cut:
        return names + _in_progress(one, cut)
    match one.ending:
        case Ending.WITHDRAWN | Ending.SUSPENDED:
            return (*names, one.ending.value)
        case _:
            return names + _resolved(one, ended)


def _resolved(one: Counted, ended: str) -> tuple[str, ...]:
    timeliness = _timeliness(one, ended)
    names: tuple[str, ...] = (timeliness,)
    if timeliness == _OVERDUE and ended <= one.extended:
        names += ("overdue_excused",)
    if one.ending is Ending.REFUSED:
        names += ("refused",)
    return (*names, "on_site_resolved") if one.on_site else names


# named once: the value of an enum is looked up by a function
_EARLY: Final = Timeliness.EARLY.value
_ON_TIME: Final = Timeliness.ON_TIME.value
_OVERDUE: Final = Timeliness.OVERDUE.value


def _timeliness(one: Counted, ended: str) -> str:
    """As `deadlines.resolved`, by the clock of that moment; what was done while it stood still took no time."""
    due = ""
    at = ended
    for tick in one.clock:
        if tick.since > ended:
            break
        if tick.due:
            due, at = tick.due, ended
        elif at == ended:
            at = tick.since
    if local_day(at) < local_day(due):
        return _EARLY
    return _ON_TIME if at <= due else _OVERDUE


def _in_progress(one: Counted, cut: str) -> tuple[str, ...]:
    due: str | None = None
    for tick in one.clock:
        if tick.since >= cut:
            break
        due = tick.due
    if due == "":
        return ("within", "stopped")
    # the cut itself is the first moment that is not counted
    if due is None or cut <= due:
        return ("within",)
    return ("over", "over_excused") if cut <= one.extended else ("over",)


def _other_acts(one: Counted, begins: str, cut: str) -> tuple[str, ...]:
    names: tuple[str, ...] = ()
    if one.returned and begins <= one.returned < cut:
        names += ("returned",)
    if one.paid and begins <= one.paid < cut:
        names += ("paid", "paid_online") if one.paid_online else ("paid",)
    if one.ratings:
        # one rating a phase and dossier: the first
        for rating in one.ratings if len(one.ratings) == 1 else _first_of_each_phase(one.ratings):
            if begins <= rating.at < cut:
                names += _rated(rating)
    return names


def _first_of_each_phase(ratings: tuple[Rating, ...]) -> Iterable[Rating]:
    return {rating.phase: rating for rating in sorted(ratings, key=_by_time, reverse=True)}.values()


def _by_time(rating: Rating) -> tuple[str, bool]:
    return rating.at, rating.satisfied


def _rated(rating: Rating) -> tuple[str, ...]:
    rated = f"rated_{rating.phase}"
    return (rated, f"satisfied_{rating.phase}") if rating.satisfied else (rated,)


def local_day(at: str) -> int:
    """The Vietnamese day of a moment, as an ordinal. Raises `ValueError` for what is no moment."""
    return _day_of_hour(at[:13])


@lru_cache(maxsize=1 << 16)
def _day_of_hour(hour: str) -> int:
    begins = datetime.fromisoformat(f"{hour}:00:00+00:00")
    return (begins + _AHEAD).toordinal()


_AHEAD: Final = timedelta(hours=7)


# --- agencies and their heirs ---


@dataclass(frozen=True, slots=True)
class Succession:
    """Who answers for an agency that is no more. `after`: the heirs of each, the first in doubt.

    Of several heirs it is the one that is competent for the procedure now (`competent`).
    """

    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    competent: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def on(cls, day: date, agencies: Iterable[Agency], procedures: Iterable[Procedure] = ()) -> Succession:
        """The successions that have happened by the end of a Vietnamese day; `procedures` in force on it."""
        agencies = sorted(agencies, key=lambda agency: agency.code)
        there = {agency.code for agency in agencies if agency.since is msgspec.UNSET or agency.since <= day}
        after: dict[str, tuple[str, ...]] = {}
        for agency in agencies:
            ended = agency.until is msgspec.UNSET or agency.until < day
            if agency.successor in there and ended:
                after[agency.code] = (agency.successor,)
        for agency in agencies:
            for old in agency.successor_of if agency.code in there else ():
                heirs = after.get(old, ())
                if agency.code not in heirs:
                    after[old] = (*heirs, agency.code)
        return cls(after, {procedure.code: procedure.agency for procedure in procedures})

    def heir(self, agency: str, procedure: str = "") -> str:
        """Who answers now for what an agency received; itself, where nobody follows it."""
        seen = {agency}
        while heirs := self.after.get(agency):
            competent = self.competent.get(procedure, "")
            agency = competent if competent in heirs else heirs[0]
            if agency in seen:
                return min(seen)
            seen.add(agency)
        return agency


AT_THE_TIME: Final = Succession()
"""Every dossier stays with the agency that received it."""


# --- the report ---


@dataclass(frozen=True, slots=True)
class Report:
    """`agencies` in order of their codes. `linked`: dossiers counted in another one.

    `unreadable`: the streams (at most 100) and how many were left out, because a moment is none.
    """

    period: Period
    cut: str
    agencies: Mapping[str, Figures]
    total: Figures
    linked: int = 0
    unreadable: tuple[str, ...] = ()
    left_out: int = 0


_SHOWN: Final = 100


def report(
    dossiers: Iterable[Counted],
    period: Period,
    at: str,
    *,
    succession: Succession = AT_THE_TIME,
    linked: frozenset[str] = frozenset(),
    petitions: Iterable[Petition] = (),
    visits: Iterable[Rating] = (),
) -> Report:
    """Count dossiers over a period, as known at a moment; each dossier is given once.

    `linked` are the streams counted in another dossier (`linked_streams`). `visits` are ratings of visits that
    were about no dossier. They and petitions count for the centre, not for an agency.
    """
    begins, cut = period.begins, min(at, period.ends)
    found: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    skipped, left_out, unreadable = 0, 0, []
    for one in dossiers:
        if linked and one.stream in linked:
            skipped += 1
            continue
        try:
            names = figures_of(one, begins, cut)
        except (ValueError, OverflowError):
            left_out += 1
            if left_out <= _SHOWN:
                unreadable.append(one.stream)
            continue
        if names:
            procedure = one.procedure if one.agency in succession.after else ""
            found[one.agency, procedure, names] += 1
    counts: dict[str, Counter[str]] = {}
    for (agency, procedure, names), number in found.items():
        figures = counts.setdefault(succession.heir(agency, procedure), Counter())
        for name in names:
            figures[name] += number
    agencies = {agency: Figures(**counts[agency]) for agency in sorted(counts)}
    total = _of_the_centre(petitions, visits, begins, cut)
    for figures_of_one in agencies.values():
        total = total.plus(figures_of_one)
    return Report(period, cut, agencies, total, skipped, tuple(unreadable), left_out)


def _of_the_centre(petitions: Iterable[Petition], visits: Iterable[Rating], begins: str, cut: str) -> Figures:
    counts = Counter(chain.from_iterable(_petition(one, begins, cut) for one in petitions))
    counts.update(chain.from_iterable(_rated(one) for one in visits if begins <= one.at < cut))
    return Figures(**counts)


def _petition(one: Petition, begins: str, cut: str) -> tuple[str, ...]:
    """A petition counts once: when it is answered in time, or when the time for it has passed."""
    in_time = bool(one.answered) and one.answered <= one.due
    names: tuple[str, ...] = ()
    if begins <= (one.answered if in_time else one.due) < cut:
        names += ("petitions", "petitions_in_time") if in_time else ("petitions",)
    if one.satisfied is not None and one.closed and begins <= one.closed < cut:
        names += ("petitions_judged", "petitions_satisfied") if one.satisfied else ("petitions_judged",)
    return names


def linked_streams(dossiers: Iterable[Counted]) -> frozenset[str]:
    """The dossiers that are counted in another one, so that each group of linked dossiers counts once.

    Counted is the one that nobody names; of dossiers that name each other in a circle, the first by stream.
    """
    names = {
        one.stream: tuple(other for other in one.counts_for if other != one.stream)
        for one in dossiers
        if one.counts_for and one.received and one.ending is not Ending.CANCELLED
    }
    named = {other for others in names.values() for other in others}
    inside: set[str] = set()
    reached: set[str] = set()
    for head in chain(sorted(names.keys() - named), sorted(named)):
        if head in reached:
            continue
        reached.add(head)
        ahead = [head]
        while ahead:
            for other in names.get(ahead.pop(), ()):
                if other not in reached:
                    reached.add(other)
                    inside.add(other)
                    ahead.append(other)
    return frozenset(inside)


# --- shares and indices ---


@dataclass(frozen=True, slots=True)
class Share:
    """A numerator over its denominator; both are kept, the percentage is computed."""

    numerator: int
    denominator: int

    @property
    def percent(self) -> Decimal | None:
        """Rounded half up to two decimals; None where there is nothing to divide by."""
        if self.denominator <= 0:
            return None
        return half_up(Fraction(100 * self.numerator, self.denominator))

    @property
    def words(self) -> str:
        """As people read it: "60,47%"; a dash where there is nothing to divide by."""
        percent = self.percent
        return "–" if percent is None else f"{vietnamese(percent)}%"


def half_up(value: Fraction) -> Decimal:
    """Two decimals, halves away from zero: 0.125 is 0.13, -0.125 is -0.13."""
    hundredths = (abs(value) * 200 + 1) // 2
    return Decimal(-hundredths if value < 0 else hundredths).scaleb(-2)


def vietnamese(number: int | Decimal) -> str:
    """A number as it is written in Vietnamese: 1.234,56."""
    text = f"{number:,}" if isinstance(number, int) else f"{number:,.2f}"
    return text.translate(_POINTS)


_POINTS: Final = str.maketrans(",.", ".,")


@dataclass(frozen=True, slots=True)
class Points:
    """Points of QĐ 766/QĐ-TTg: `most` at a share of `full_at`, less in proportion; `without` a denominator."""

    most: int
    full_at: Fraction = Fraction(1)
    without: int | None = None

    def of(self, share: Share) -> Decimal | None:
        """To two places; None where there is nothing to measure and the source says no points for that."""
        if share.denominator <= 0:
            return None if self.without is None else Decimal(self.without).quantize(Decimal("0.01"))
        reached = Fraction(share.numerator, share.denominator) / self.full_at
        return half_up(self.most * max(Fraction(0), min(Fraction(1), reached)))


@dataclass(frozen=True, slots=True)
class Index:
    """One row of the table of indices; titles are Vietnamese, `points` only where the source says how."""

    name: str
    group: str
    title: str
    over: str
    under: str
    numerator: Callable[[Figures], int]
    denominator: Callable[[Figures], int]
    source: str = ""
    points: Points | None = None

    def share(self, figures: Figures) -> Share:
        """The index of one agency, or of the centre; its percentage may be None."""
        return Share(self.numerator(figures), self.denominator(figures))

    def scored(self, figures: Figures) -> Decimal | None:
        """The points of QĐ 766, where this index has any."""
        return None if self.points is None else self.points.of(self.share(figures))


_PROGRESS: Final = "Tiến độ giải quyết"
_ONLINE: Final = "Dịch vụ công trực tuyến"
_PAYMENT: Final = "Thanh toán trực tuyến"
_CONTENT: Final = "Mức độ hài lòng"
_ON_SITE: Final = "4 tại chỗ"
_NEW: Final = "hồ sơ tiếp nhận trong kỳ"
_ALL: Final = "hồ sơ tiếp nhận, kể cả kỳ trước chuyển sang"
_DONE: Final = "hồ sơ đã giải quyết trong kỳ"
_IN_TIME: Final = "hồ sơ giải quyết trước hạn và đúng hạn"
_QD_766: Final = "QĐ 766/QĐ-TTg"

INDICES: Final[tuple[Index, ...]] = (
    Index("in_time", _PROGRESS, "Tỷ lệ giải quyết trước hạn và đúng hạn", _IN_TIME, _DONE,
        lambda f: f.in_time, lambda f: f.resolved, "Biểu II.06a"),
    Index("overdue", _PROGRESS, "Tỷ lệ giải quyết quá hạn", "hồ sơ giải quyết quá hạn", _DONE,
        lambda f: f.overdue, lambda f: f.resolved, "Biểu II.06a"),
    Index("progress_766", _PROGRESS, "Tiến độ giải quyết", _IN_TIME, _ALL,
        lambda f: f.in_time, lambda f: f.received, _QD_766, Points(20)),
    Index("resolved", _PROGRESS, "Tỷ lệ đã giải quyết", _DONE, _ALL,
        lambda f: f.resolved, lambda f: f.received, "Biểu II.06a"),
    Index("online", _ONLINE, "Tỷ lệ hồ sơ trực tuyến", "hồ sơ tiếp nhận trực tuyến trong kỳ", _NEW,
        lambda f: f.online, lambda f: f.new, _QD_766),
    Index("paid_online", _PAYMENT, "Tỷ lệ hồ sơ thanh toán trực tuyến", "hồ sơ có lần thu gần nhất là trực tuyến",
        "hồ sơ đã thu phí, lệ phí trong kỳ", lambda f: f.paid_online, lambda f: f.paid, _QD_766),
    Index("satisfied", _CONTENT, "Tỷ lệ hài lòng", "lượt đánh giá hài lòng", "lượt đánh giá",
        lambda f: f.satisfied, lambda f: f.rated, _QD_766, Points(6, Fraction(9, 10), without=0)),
    Index("satisfied_reception", _CONTENT, "Tỷ lệ hài lòng khi tiếp nhận", "lượt hài lòng khi tiếp nhận",
        "lượt đánh giá khi tiếp nhận", lambda f: f.satisfied_reception, lambda f: f.rated_reception),
    Index("satisfied_return", _CONTENT, "Tỷ lệ hài lòng khi trả kết quả", "lượt hài lòng khi trả kết quả",
        "lượt đánh giá khi trả kết quả", lambda f: f.satisfied_return, lambda f: f.rated_return),
    Index("response", _CONTENT, "Tỷ lệ có đánh giá", "lượt đánh giá", _DONE, lambda f: f.rated, lambda f: f.resolved),
    Index("response_reception", _CONTENT, "Tỷ lệ có đánh giá khi tiếp nhận", "lượt đánh giá khi tiếp nhận", _NEW,
        lambda f: f.rated_reception, lambda f: f.new),
    Index("response_return", _CONTENT, "Tỷ lệ có đánh giá khi trả kết quả", "lượt đánh giá khi trả kết quả",
        "hồ sơ trả kết quả trong kỳ", lambda f: f.rated_return, lambda f: f.returned),
    Index("petitions_in_time", _CONTENT, "Phản ánh, kiến nghị trả lời đúng hạn",
        "phản ánh, kiến nghị trả lời trong hạn", "phản ánh, kiến nghị đã trả lời trong hạn hoặc đã hết hạn trong kỳ",
        lambda f: f.petitions_in_time, lambda f: f.petitions, _QD_766, Points(6, without=6)),
    Index("petitions_satisfied", _CONTENT, "Hài lòng với trả lời phản ánh, kiến nghị",
        "phản ánh, kiến nghị mà người gửi hài lòng", "phản ánh, kiến nghị đóng trong kỳ có ý kiến người gửi",
        lambda f: f.petitions_satisfied, lambda f: f.petitions_judged, _QD_766, Points(6, without=6)),
    Index("on_site_of_received", _ON_SITE, "Tỷ lệ hồ sơ 4 tại chỗ trên số tiếp nhận",
        "hồ sơ tiếp nhận trong kỳ của thủ tục 4 tại chỗ", _NEW, lambda f: f.on_site_received, lambda f: f.new),
    Index("on_site_of_resolved", _ON_SITE, "Tỷ lệ hồ sơ 4 tại chỗ trên số đã giải quyết",
        "hồ sơ đã giải quyết của thủ tục 4 tại chỗ", _DONE, lambda f: f.on_site_resolved, lambda f: f.resolved),
)  # fmt: skip
"""Of the six groups of QĐ 766, what dossiers can tell. Not computed: openness and digitisation, whose parts
our sources do not define, and so no sum of 100 points. Points stand where the source says how they are given."""


def on_site_procedures(procedures: Iterable[Procedure], heirs: Succession = AT_THE_TIME) -> dict[str, Share]:
    """For each agency, how many of its procedures are 4-on-site; under "" those of the whole centre. With `heirs`, of
    who answers for them now."""
    every: Counter[str] = Counter()
    on_site: Counter[str] = Counter()
    for procedure in procedures:
        for agency in (heirs.heir(procedure.agency, procedure.code), ""):
            every[agency] += 1
            on_site[agency] += procedure.on_site
    return {agency: Share(on_site[agency], every[agency]) for agency in sorted(every)}


# --- report 06a as a form ---


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the form: its group, its title, its figure."""

    group: str
    title: str
    figure: Callable[[Figures], int]


_TAKEN: Final = "Tiếp nhận"
_RESOLVED: Final = "Đã giải quyết"
_OPEN: Final = "Đang giải quyết"
_BESIDE: Final = "Ngoài biểu"

FORM_06A: Final[tuple[Column, ...]] = (
    Column(_TAKEN, "Tổng số", lambda f: f.received),
    Column(_TAKEN, "Trực tuyến", lambda f: f.online),
    Column(_TAKEN, "Trực tiếp, bưu chính công ích", lambda f: f.direct + f.post),
    Column(_TAKEN, "Kỳ trước chuyển sang", lambda f: f.carried_over),
    Column(_RESOLVED, "Tổng số", lambda f: f.resolved),
    Column(_RESOLVED, "Trước hạn", lambda f: f.early),
    Column(_RESOLVED, "Đúng hạn", lambda f: f.on_time),
    Column(_RESOLVED, "Quá hạn", lambda f: f.overdue),
    Column(_OPEN, "Tổng số", lambda f: f.in_progress),
    Column(_OPEN, "Trong hạn", lambda f: f.within),
    Column(_OPEN, "Quá hạn", lambda f: f.over),
)
"""Biểu II.06a/VPCP/KSTT (domain §1.5)."""

BESIDE_06A: Final[tuple[Column, ...]] = (
    Column(_BESIDE, "Rút hồ sơ", lambda f: f.withdrawn),
    Column(_BESIDE, "Dừng giải quyết", lambda f: f.suspended),
    Column(_BESIDE, "Không tiếp nhận (Mẫu 03)", lambda f: f.not_received),
    Column(_BESIDE, "Huỷ tiếp nhận", lambda f: f.cancelled),
    Column(_BESIDE, "Đã giải quyết: từ chối", lambda f: f.refused),
    Column(_BESIDE, "Đã giải quyết quá hạn, trong hạn mới (Mẫu 04)", lambda f: f.overdue_excused),
    Column(_BESIDE, "Đang giải quyết quá hạn, trong hạn mới (Mẫu 04)", lambda f: f.over_excused),
    Column(_BESIDE, "Đang giải quyết: tạm dừng tính thời gian", lambda f: f.stopped),
    Column(_BESIDE, "Đang tranh chấp", lambda f: f.contested),
)
"""What the form has no column for. The first two close the sum: received = resolved + in progress + these."""
