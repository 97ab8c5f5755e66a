"""Sự cố: what happened while machines were alone, one page for each outage."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from central.outages import Outages, Story, Taken
from edge.web import presence, words
from edge.web.pdfs import pdf_answer
from edge.web.sheets import XLSX, csv_lines, workbook
from edge.web.site import Entry, Site, site
from printing.sheet import sheet
from schemas.entries import Duty, Role
from schemas.events import timestamp
from schemas.outages import Outage, span_of
from schemas.receipts import ELECTRONIC_FORM

blueprint = Blueprint("outages", __name__, template_folder="../templates")
ENTRY: Final = Entry(
    7,
    "Sự cố",
    "outages.page",
    ((Duty.DESK, Role.DESK_OFFICER),),
    (Role.SUPERVISOR, Role.ADMINISTRATOR),
)
WHAT: Final = {
    "line": "mất liên lạc với Trung tâm",
    "power": "mất điện",
    "machine": "máy dừng đột ngột (mất điện hoặc hỏng)",
    "software": "lỗi phần mềm",
    "database": "cơ sở dữ liệu không khai thác được",
    "other": "khác",
}
COLUMNS: Final = (
    "Ký hiệu", "Số", "Mẫu", "Số tiền (đồng)", "Hồ sơ", "Người nộp", "Thu lúc", "Người thu", "Máy",
    "Về Trung tâm lúc", "Phải gửi cơ quan thuế trước", "Về kịp", "Biên lai điện tử", "Ký lúc", "Mã tra cứu", "Ký kịp",
)  # fmt: skip

PROVEN: Final = (
    "Biên lai", "Số tiền (đồng)", "Hồ sơ", "Thu lúc, người thu, ở đâu", "Về Trung tâm lúc", "Ký lúc", "Mã tra cứu", "Ký kịp hạn",
)  # fmt: skip
_SAYS: Final = (
    "Ký lúc, mã tra cứu: phần mềm biên lai của tổ chức thu trả lời, hoặc công chức ghi theo phần mềm đó. Cơ quan thuế đã"
    " nhận hay chưa: tra mã ở cổng của cơ quan thuế.",
)


@blueprint.get("/outages")
def page() -> ResponseReturnValue:
    """Outages, newest first, those that overlap together; `?before=` says from where to go on."""
    presence.require(ENTRY)
    groups, older = Outages(site().node).newest(request.args.get("before", ""))
    return render_template("outages.html", groups=[_line(group) for group in groups], older=older, what=WHAT)


def _line(group: list[Outage]) -> tuple[str, str, str, list[Outage]]:
    return (group[0].stream, *span_of(group), group)


@blueprint.get("/outages/<stream>")
def one(stream: str) -> ResponseReturnValue:
    """One outage as a story. 404 where there is none."""
    presence.require(ENTRY)
    return render_template("outage.html", story=_story(stream), what=WHAT)


@blueprint.get("/outages/<stream>/receipts.<any(csv, xlsx):form>")
def receipts(stream: str, form: str) -> ResponseReturnValue:
    """The receipts of an outage as a file, for who sends them to the tax authority."""
    presence.require(ENTRY)
    story, here = _story(stream), site()
    rows = [_row(here, story, one) for one in story.receipts]
    name = f"bien-lai-su-co-{story.since[:10]}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if form == "csv":
        lines = csv_lines(COLUMNS, ([str(cell) for cell in row] for row in rows))
        return Response(lines, mimetype="text/csv; charset=utf-8", headers=headers)
    return Response(workbook("Biên lai trong sự cố", COLUMNS, rows), mimetype=XLSX, headers=headers)


@blueprint.get("/outages/<stream>/receipts.pdf")
def proof(stream: str) -> Response:
    """What a collector shows the tax authority: the outage as machines wrote it, and of each receipt when it was signed."""
    presence.require(ENTRY)
    story, here = _story(stream), site()
    made = sheet(
        "Biên lai lập trong sự cố: gửi trong 3 ngày làm việc (NĐ 254/2026 Đ27(3))",
        _under(here, story),
        PROVEN,
        [_proven(here, story, one) for one in story.receipts] + [_sum(story)],
        [*(_alone(here, one.outage) for one in story.worked), *_SAYS, _made(here)],
        sums=True,
        numbers=[False, True, *([False] * (len(PROVEN) - 2))],
    )
    return pdf_answer(made, f"bien-lai-su-co-{story.since[:10]}")


def _under(here: Site, story: Story) -> str:
    centre = here.view.centre()
    lasted = f"đến {words.full(story.until)}" if story.until else "chưa hết"
    until = f"Phải gửi trước {words.full(story.by)}." if story.by else ""
    return f"{centre.name + '. ' if centre is not None else ''}Sự cố từ {words.full(story.since)} {lasted}. {until}"


def _proven(here: Site, story: Story, one: Taken) -> list[str]:
    return [
        f"{one.form} {one.symbol} {one.number}",
        words.count(one.total),
        one.row.number if one.row else "",
        f"{words.full(one.act.at)}, {here.name(one.act.by)}, {here.place(one.act.node)}",
        words.full(one.act.arrived_at),
        words.full(one.signed_at) if one.signed_at else _issued(one),
        one.lookup,
        _in_time(story, one.signed_in_time) if one.signed_at else "",
    ]


def _sum(story: Story) -> list[str]:
    count = f"{words.count(len(story.receipts))} tờ"
    signed = f"{words.count(story.signed_in_time)} ký kịp"
    return [count, words.count(story.total), "", "", "", "", "", signed]


def _alone(here: Site, outage: Outage) -> str:
    """What a machine wrote itself, and where in its chain that stands."""
    lasted = f"đến {words.full(outage.until)}" if outage.until else "và chưa hết"
    acts = f"việc số {outage.seq}" + (f" đến {outage.last_seq}" if outage.last_seq else "")
    return (
        f"{here.place(outage.node)} ({outage.node}): {WHAT[outage.what]} từ {words.full(outage.since)} {lasted}; máy tự"
        f" ghi và niêm phong, {acts} trong chuỗi của máy."
    )


def _made(here: Site) -> str:
    return f"Lập lúc {words.full(timestamp(here.now()))}, {presence.person().name}."


def _row(here: Site, story: Story, one: Taken) -> list[str | int]:
    return [
        one.symbol,
        one.number,
        one.form,
        one.total,
        one.row.number if one.row else "",
        (one.row.submitter or one.row.applicant) if one.row else "",
        words.full(one.act.at),
        here.name(one.act.by),
        here.place(one.act.node),
        words.full(one.act.arrived_at),
        words.full(story.by) if story.by else "",
        _in_time(story, one.in_time),
        _issued(one),
        words.full(one.signed_at) if one.signed_at else "",
        one.lookup,
        _in_time(story, one.signed_in_time) if one.signed_at else "",
    ]


def _issued(one: Taken) -> str:
    if one.form != ELECTRONIC_FORM:
        return "biên lai giấy"
    return "chưa phát hành" if one.pending else "đã phát hành" if one.lookup else "huỷ, chưa phát hành"


def _in_time(story: Story, held: bool) -> str:
    return "có" if held else "không" if story.by else "sự cố chưa hết"


def _story(stream: str) -> Story:
    story = Outages(site().node).story(stream)
    if story is None:
        raise NotFound
    return story
