"""Sự cố: what happened while machines were alone, one page for each outage."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from central.outages import Outages, Story, Taken
from edge.web import presence, words
from edge.web.sheets import XLSX, csv_lines, workbook
from edge.web.site import Entry, Site, site
from schemas.entries import Duty, Role
from schemas.outages import Outage, span_of

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
    "machine": "hỏng máy",
    "software": "lỗi phần mềm",
    "database": "cơ sở dữ liệu không khai thác được",
    "other": "khác",
}
COLUMNS: Final = (
    "Ký hiệu", "Số", "Mẫu", "Số tiền (đồng)", "Hồ sơ", "Người nộp", "Thu lúc", "Người thu", "Máy",
    "Về Trung tâm lúc", "Phải gửi cơ quan thuế trước", "Về kịp", "Biên lai điện tử",
)  # fmt: skip


@blueprint.get("/outages")
def page() -> ResponseReturnValue:
    presence.require(ENTRY)
    groups, older = Outages(site().node).newest(request.args.get("before", ""))
    return render_template("outages.html", groups=[_line(group) for group in groups], older=older, what=WHAT)


def _line(group: list[Outage]) -> tuple[str, str, str, list[Outage]]:
    return (group[0].stream, *span_of(group), group)


@blueprint.get("/outages/<stream>")
def one(stream: str) -> ResponseReturnValue:
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
        "có" if one.in_time else "không" if story.by else "sự cố chưa hết",
        "chưa phát hành" if one.pending else "đã phát hành",
    ]


def _story(stream: str) -> Story:
    story = Outages(site().node).story(stream)
    if story is None:
        raise NotFound
    return story
