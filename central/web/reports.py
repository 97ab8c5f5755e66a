"""Báo cáo: what the centre did, from the sums that the projector keeps; each table as a page, PDF, XLSX and CSV.

Only read: nobody writes anything here. A leader sees them, and the public sees the few figures of one page.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from central.reports.building import DIMENSIONS, LEVELS, Asked, Reports
from central.reports.chart import bars
from central.reports.table import Table, words
from edge.register import Work
from edge.tallying import Reckoning
from edge.web import presence, sheets
from edge.web.days import day_of
from edge.web.language import say
from edge.web.site import Entry, site
from edge.web.words import STATUS, day, share
from edge.worklists import Cut, Whose
from printing.errors import NoFormInForce
from printing.sheet import sheet
from printing.typesetting import to_job
from schemas.acts import Status
from schemas.calendar import VIETNAM
from schemas.entries import Role
from schemas.events import timestamp
from schemas.fold import Dossier
from schemas.reports import Figures, Period, Share
from schemas.worklists import Waits

blueprint = Blueprint("reports", __name__, template_folder="../templates")
ENTRY: Final = Entry(55, "Báo cáo", "reports.page", roles=(Role.SUPERVISOR, Role.ADMINISTRATOR))
OPEN: Final = frozenset({"reports.public"})
PDF: Final = "application/pdf"
FORM_06A: Final = "06a"
"""It has a form of the law; the other tables are set as they are."""
_LISTED: Final = 50
_CAUSES: Final = ("dossier.extended", "dossier.note", "dossier.outage_noted")


@dataclass(frozen=True, slots=True)
class Kind:
    """One report: its name in addresses, what people call it, how it is built, whether it is by something."""

    name: str
    title: str
    build: Callable[[Reports, Asked], Table]
    by: tuple[str, ...] = ()


KINDS: Final = (
    Kind("06a", "Biểu 06a", Reports.form_06a, ("agency", "heir", "field", "place", "procedure")),
    Kind("766", "Chỉ số 766", Reports.indices),
    Kind("4-tai-cho", "4 tại chỗ", Reports.on_site, ("agency", "heir")),
    Kind("hai-long", "Hài lòng", Reports.satisfaction, ("agency", "heir", "field", "place")),
    Kind("phi", "Phí, lệ phí", Reports.fees, ("agency", "heir", "field", "place", "procedure")),
    Kind("qua-han", "Quá hạn", Reports.standing_still, ("agency", "heir", "field", "place", "procedure")),
    Kind("cong-viec", "Công việc", Reports.load),
)
_BY_NAME: Final = {kind.name: kind for kind in KINDS}
PERIODS: Final = {
    "today": "Hôm nay",
    "month": "Tháng này",
    "last_month": "Tháng trước",
    "quarter": "Quý này",
    "year": "Năm nay",
    "all": "Từ đầu",
    "days": "Từ ngày đến ngày",
}


@dataclass(frozen=True, slots=True)
class Late:
    """A dossier that is over, and why, as far as anybody has said."""

    row: Any
    status: str
    where: str
    cause: str


@blueprint.get("/reports")
def page() -> ResponseReturnValue:
    """Today, this month, all years."""
    presence.require(ENTRY)
    today, reckoning = site().today(), _reckoning()
    first = reckoning.first_day() or today
    at = timestamp(site().now())
    spans = (
        ("Hôm nay", Period(today, today)),
        (say("Tháng {month}", month=f"{today:%m/%Y}"), Period(today.replace(day=1), today)),
        (say("Từ {day}", day=day(first)), Period(first, today)),
    )
    last_year = _last_year(reckoning, first, today)
    years = list(range(first.year, today.year + 1))
    months = [f"{last_year}-{month:02}" for month in range(1, 13)]
    return render_template(
        "reports.html",
        kinds=KINDS,
        spans=[(title, cards_of(reckoning.sums("agency", period, at).total())) for title, period in spans],
        as_of=_as_of(),
        by_year=bars(
            say("Hồ sơ tiếp nhận theo năm"),
            [str(year) for year in years],
            _received(lambda name: reckoning.by_year(name, years)),
        ),
        by_month=bars(
            say("Hồ sơ tiếp nhận từng tháng, năm {year}", year=last_year),
            [str(n) for n in range(1, 13)],
            _received(lambda name: reckoning.by_month(name, months)),
        ),
        last_year=last_year,
    )


def _last_year(reckoning: Reckoning, first: date, today: date) -> int:
    """The newest year in which anything was received."""
    years = list(range(first.year, today.year + 1))
    counts = _received(lambda name: reckoning.by_year(name, years))
    return next(
        (year for year, count in zip(reversed(years), reversed(counts), strict=True) if count), today.year
    )


def _received(of: Callable[[str], list[int]]) -> list[int]:
    return [sum(some) for some in zip(*(of(name) for name in ("online", "direct", "post")), strict=True)]


@blueprint.get("/reports/<name>")
def one(name: str) -> ResponseReturnValue:
    """One table, with the question that it answers: which days, and by what."""
    presence.require(ENTRY)
    kind, asked, chosen = _asked(name)
    table = kind.build(_reports(), asked)
    return render_template(
        "report.html",
        kinds=KINDS,
        kind=kind,
        table=table,
        asked=asked,
        chosen=chosen,
        periods=PERIODS,
        dimensions=DIMENSIONS,
        words=words,
        late=_late() if name == "qua-han" else None,
        waiting=_waiting() if name == "qua-han" else [],
        link={"period": chosen, "by": asked.by, "first": asked.period.first, "last": asked.period.last},
    )


@blueprint.get("/reports/<name>.csv")
def csv(name: str) -> Response:
    """All rows, UTF-8 with a mark of the byte order, so that Excel reads it. 404 for a report that is none."""
    presence.require(ENTRY)
    kind, asked, _ = _asked(name)
    table = kind.build(_reports(), asked)
    rows = ([str(cell) for cell in row] for row in table.rows())
    made = b"".join(sheets.csv_lines(table.names(), rows))
    return sheets.answer(made, "text/csv; charset=utf-8", _file(kind, asked, "csv"))


@blueprint.get("/reports/<name>.xlsx")
def xlsx(name: str) -> Response:
    """All rows with numbers as numbers. 404 for a report that is none."""
    presence.require(ENTRY)
    kind, asked, _ = _asked(name)
    table = kind.build(_reports(), asked)
    made = sheets.workbook(kind.title.replace("/", "-"), table.names(), table.rows())
    return sheets.answer(made, sheets.XLSX, _file(kind, asked, "xlsx"))


@blueprint.get("/reports/<name>.pdf")
def pdf(name: str) -> Response:
    """Form 06a as the form in force says; any other table on plain sheets. 404 for a report that is none."""
    presence.require(ENTRY)
    kind, asked, _ = _asked(name)
    if name == FORM_06A:
        paper = _reports().paper_06a(asked, presence.person().name)
        with contextlib.suppress(NoFormInForce):  # of days before it was in force: set as it is
            made = site().node.papers.render_job(paper.FORM, to_job(paper))
            return sheets.answer(made, PDF, _file(kind, asked, "pdf"))
    table = kind.build(_reports(), asked)
    under = f"Từ {day(asked.period.first)} đến {day(asked.period.last)}. {table.as_of}"
    made = sheet(
        table.title,
        under,
        table.names(),
        [[line.name, *(words(cell) for cell in line.cells)] for line in table.lines],
        table.notes,
        sums=bool(table.lines) and table.lines[-1].is_sum,
        numbers=[False, *table.numeric()],
    )
    return sheets.answer(made, PDF, _file(kind, asked, "pdf"))


@blueprint.get("/figures")
def public() -> ResponseReturnValue:
    """What anybody may know: no names, no agencies, only how many, and how well."""
    today, reckoning = site().today(), _reckoning()
    first = reckoning.first_day() or today
    at = timestamp(site().now())
    year = _last_year(reckoning, first, today)
    spans = []
    for title, period in (
        (say("Năm {year}", year=year), Period(date(year, 1, 1), min(today, date(year, 12, 31)))),
        (say("Từ {day}", day=day(first)), Period(first, today)),
    ):
        sums = reckoning.sums("agency", period, at)
        levels = {
            words_of: sum(sums.amount(member, f"level_{level}") for member in sums.members())
            for level, words_of in LEVELS.items()
        }
        spans.append((title, sums.total(), levels))
    centre = site().view.centre()
    return render_template(
        "figures.html",
        spans=spans,
        share=Share,
        as_of=_as_of(),
        public=True,
        centre=centre.name if centre else "",
    )


# ---- what is asked


def _asked(name: str) -> tuple[Kind, Asked, str]:
    """The report, its days and by what; what is no day or no kind is the usual one. Nothing of a person in it."""
    kind = _BY_NAME.get(name)
    if kind is None:
        raise NotFound
    chosen = request.args.get("period", "year")
    by = request.args.get("by", "agency")
    period = _period(chosen if chosen in PERIODS else "year")
    return (
        kind,
        Asked(period, by if by in kind.by else "agency", timestamp(site().now()), _as_of()),
        chosen if chosen in PERIODS else "year",
    )


def _period(chosen: str) -> Period:
    today = site().today()
    month = today.replace(day=1)
    match chosen:
        case "today":
            return Period(today, today)
        case "month":
            return Period(month, today)
        case "last_month":
            before = month - timedelta(days=1)
            return Period.of_months(before.year, before.month)
        case "quarter":
            return Period(date(today.year, (today.month - 1) // 3 * 3 + 1, 1), today)
        case "all":
            return Period(_reckoning().first_day() or today, today)
        case "days":
            last = _day("last") or today
            return Period(min(_day("first") or last.replace(month=1, day=1), last), last)
        case _:
            return Period(today.replace(month=1, day=1), today)


def _day(name: str) -> date | None:
    found = day_of(request.args.get(name))
    return found if found is not None and 2000 <= found.year < 2100 else None


def _as_of() -> str:
    now = site().now().astimezone(VIETNAM)
    at = {"hour": f"{now:%H:%M}", "day": f"{now:%d/%m/%Y}"}
    return say("Số liệu đến {hour} ngày {day}, theo các việc đã về Trung tâm.", **at)


def _reckoning() -> Reckoning:
    return Reckoning(site().node.shown)


def _reports() -> Reports:
    return Reports(_reckoning(), site().view)


def _file(kind: Kind, asked: Asked, ending: str) -> str:
    return f"{kind.name}-{asked.period.first:%Y%m%d}-{asked.period.last:%Y%m%d}.{ending}"


# ---- what stands still


QUEUES: Final = {
    Work.APPRAISE: "Chờ thẩm định",
    Work.APPROVE: "Chờ ký",
    Work.WITHDRAW: "Chờ trả lời đơn rút",
    Work.SEAL: "Chờ cấp số, đóng dấu",
    Work.RETURN: "Chờ trả kết quả",
}


def _waiting() -> list[tuple[str, int, str]]:
    """What waits for which work now, how much of it, and since when the first of it has stood there."""
    register = site().node.register
    counts = register.counts()
    found = []
    for work, title in QUEUES.items():
        first = next(iter(register.longest_at(work, 1)), None)
        found.append((title, counts[work], str(first.moved_at) if first is not None else ""))
    return found


def _late() -> list[Late]:
    """The dossiers that have been over for longest, of the list that is kept of what runs."""
    node = site().node
    over = Cut(Waits.RUNNING, before=timestamp(site().now()))
    found = [item.row for item in node.worklists.page(over, Whose(), size=_LISTED).items]
    late = []
    for row in found:
        dossier = node.register.dossier(row.stream)
        last = dossier.timeline[-1] if dossier.timeline else None
        where = site().place(last.node) if last else ""
        late.append(Late(row, STATUS[Status(row.status)], where, _cause(dossier)))
    return late


def _cause(dossier: Dossier) -> str:
    """What somebody wrote down: form 04 before a note."""
    for kind in _CAUSES:
        done = dossier.standing.newest.get(kind)
        if done is not None and done.data is not None:
            return str(
                getattr(done.data, "reason", "") or getattr(done.data, "text", "") or done.data.database
            )
    return ""


def cards_of(figures: Figures) -> list[tuple[str, int, str]]:
    """What a dashboard shows of a period: title, number, and a share with its denominator in words."""
    return [
        (
            "Tiếp nhận mới",
            figures.new,
            say("trực tuyến {share} số tiếp nhận mới", share=share(Share(figures.online, figures.new))),
        ),
        (
            "Đã giải quyết",
            figures.resolved,
            say(
                "trước và đúng hạn {share} số đã giải quyết",
                share=share(Share(figures.in_time, figures.resolved)),
            ),
        ),
        (
            "Đang giải quyết",
            figures.in_progress,
            say(
                "quá hạn {over}, tạm dừng {stopped}", over=words(figures.over), stopped=words(figures.stopped)
            ),
        ),
        (
            "4 tại chỗ",
            figures.on_site_received,
            say("{share} số tiếp nhận mới", share=share(Share(figures.on_site_received, figures.new))),
        ),
        (
            "Đánh giá",
            figures.rated,
            say("hài lòng {share} lượt đánh giá", share=share(Share(figures.satisfied, figures.rated))),
        ),
    ]
