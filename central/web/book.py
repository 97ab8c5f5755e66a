"""Sổ theo dõi hồ sơ (form 07) at central: a page at a time, and as PDF, XLSX and CSV.

It names people, so that every line that is shown or saved is a look at its dossier, and in the log before it is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from flask import Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from central.reports.book import AT_ONCE, Asked, Book, Line
from central.web.reports import ENTRY, KINDS
from central.web.reports import blueprint as blueprint
from edge.web import presence, sheets
from edge.web.days import day_of
from edge.web.language import say
from edge.web.site import site
from edge.web.trouble import Trouble
from edge.web.words import day
from printing.errors import NoFormInForce
from printing.papers.course import Register
from printing.typesetting import to_job
from schemas.calendar import VIETNAM

HEADS: Final = (
    *("TT", "Mã hồ sơ", "Tên TTHC", "Số bộ", "Tên cá nhân, tổ chức", "Địa chỉ, số điện thoại"),
    *("Cơ quan chủ trì", "Ngày nhận", "Ngày hẹn trả", "Ngày trả", "Phương thức nhận", "Ghi chú"),
)
MOST_ON_PAPER: Final = 2_000
"""A PDF and a workbook are made in memory; CSV has all lines."""


@blueprint.get("/reports/so-theo-doi")
def book() -> ResponseReturnValue:
    """`after` is the line behind which this page begins, `tt` the number of its first one."""
    presence.require(ENTRY)
    return _page()


def _page(trouble: Trouble | None = None) -> str:
    asked, tt = _asked(), max(1, request.args.get("tt", 1, int))
    lines = _book().page(asked, _after(), tt=tt)
    _look(lines)
    link = {"first": day(asked.first), "last": day(asked.last), "agency": asked.agency}
    last = lines[-1].mark if len(lines) == AT_ONCE else None
    return render_template(
        "book.html",
        kinds=KINDS,
        kind=None,
        asked=asked,
        rows=[(line.row.stream, _cells(line)) for line in lines],
        heads=HEADS,
        agencies=site().view.agencies(),
        link=link,
        further={**link, "after": f"{last[0]} {last[1]}", "tt": tt + len(lines)} if last else None,
        trouble=trouble,
    )


@blueprint.get("/reports/so-theo-doi.csv")
def book_csv() -> Response:
    """All lines that were asked for, streamed: the only form without a limit of rows."""
    presence.require(ENTRY)
    asked = _asked()
    rows = ([str(cell) for cell in _cells(line)] for line in _saved(asked))
    made = sheets.csv_lines(HEADS, rows)
    return sheets.answer(stream_with_context(made), "text/csv; charset=utf-8", _file(asked, "csv"))


@blueprint.get("/reports/so-theo-doi.xlsx")
def book_xlsx() -> ResponseReturnValue:
    """As a workbook; 422, with how many there are, where they are more than one file should hold."""
    presence.require(ENTRY)
    asked = _asked()
    lines = _few(asked)
    if lines is None:
        return _page(_too_many()), 422
    made = sheets.workbook("Sổ theo dõi", HEADS, (_cells(line) for line in lines))
    return sheets.answer(made, sheets.XLSX, _file(asked, "xlsx"))


@blueprint.get("/reports/so-theo-doi.pdf")
def book_pdf() -> ResponseReturnValue:
    """As form 07; 422 where there are too many rows, or where no form is in force today."""
    presence.require(ENTRY)
    asked = _asked()
    lines = _few(asked)
    if lines is None:
        return _page(_too_many()), 422
    paper = _book().paper(asked, lines, presence.person().name, site().now())
    try:
        made = site().node.papers.render_job(Register.FORM, to_job(paper))
    except NoFormInForce:
        none = Trouble(
            "Hôm nay không có mẫu sổ nào đang dùng.", "Sổ trên trang vẫn xem được.", "Lưu CSV.", 422
        )
        return _page(none), 422
    return sheets.answer(made, "application/pdf", _file(asked, "pdf"))


def _few(asked: Asked) -> list[Line] | None:
    """All lines; None where they are too many for a file that is made in memory."""
    lines = _book().page(asked, size=MOST_ON_PAPER + 1)
    if len(lines) > MOST_ON_PAPER:
        return None
    _look(lines)
    return lines


def _too_many() -> Trouble:
    return Trouble(
        say("Những ngày này có hơn {most} hồ sơ.", most=MOST_ON_PAPER),
        "Chưa lưu gì.",
        "Chọn ít ngày hơn, hoặc lưu CSV.",
        422,
    )


def _saved(asked: Asked) -> Iterator[Line]:
    for lines in _book().all(asked):
        _look(lines)
        yield from lines


def _look(lines: list[Line]) -> None:
    if lines:
        streams = [line.row.stream for line in lines]
        site().node.views.looked_at_all(presence.person().id, streams, request.endpoint or "")


def _cells(line: Line) -> list[str | int]:
    one = line.entry
    moments = (
        f"{at.astimezone(VIETNAM):%d/%m/%Y %H:%M}" if at else ""
        for at in (one.received, one.due, one.returned)
    )
    return [
        *(one.tt, one.number, one.procedure, one.sets, one.applicant, one.contact, one.resolving),
        *moments,
        one.return_by,
        one.note,
    ]


def _asked() -> Asked:
    """Today, where the address says nothing else; what is no day or no agency says nothing."""
    today = site().today()
    last = _day("last") or today
    first = _day("first") or last
    agency = request.args.get("agency", "")
    return Asked(min(first, last), last, agency if site().view.agency(agency) else "")


def _day(name: str) -> date | None:
    found = day_of(request.args.get(name))
    return found if found is not None and 2000 <= found.year < 2100 else None


def _after() -> tuple[str, int]:
    on, _, position = request.args.get("after", "").partition(" ")
    return (on, int(position)) if on and position.isascii() and position.isdigit() else ("", 0)


def _book() -> Book:
    return Book(site().node, presence.phone)


def _file(asked: Asked, ending: str) -> str:
    return f"so-theo-doi-{asked.first:%Y%m%d}-{asked.last:%Y%m%d}.{ending}"
