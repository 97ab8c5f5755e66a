"""Nhật ký xem: who looked at which dossier at this machine, when, on which page; for the administrator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField
from wtforms.validators import Optional

from edge.closing import closed_in, views_of
from edge.tables.dossiers import DossierRow
from edge.views import View
from edge.web import presence
from edge.web.days import Day
from edge.web.forms import Bare, Choice, Form, text
from edge.web.language import say
from edge.web.site import VIEWS, Site, site
from schemas.acts import DayClosed, Views
from schemas.identity import digits

blueprint = Blueprint("viewing", __name__)

PAGES: Final = {
    "afterwards": "nhập bù từ giấy ghi tay",
    "agencies": "hồ sơ với cơ quan",
    "amending": "sửa thông tin",
    "batch": "ký nhiều hồ sơ",
    "cancelling": "huỷ tiếp nhận",
    "correcting": "đính chính",
    "counter": "điền từ hồ sơ trước",
    "course": "bổ sung, tạm dừng, xin lỗi, dừng",
    "desk": "bàn đối soát",
    "dossier": "hồ sơ",
    "dossier.attachment_pdf": "tài liệu kèm theo",
    "dossier.print_together": "giấy tiếp nhận chung",
    "dossier.result_pdf": "kết quả",
    "dossier.slip_pdf": "giấy hẹn",
    "dossier.withdraw": "đơn rút",
    "dossier.withdraw_page": "đơn rút",
    "due_check": "kiểm hạn trả",
    "fees": "phí, lệ phí",
    "folders": "bìa hồ sơ",
    "inbox": "hồ sơ trực tuyến",
    "issuing": "biên lai điện tử",
    "kiosk": "lượt khách",
    "one_step": "giải quyết và trả ngay",
    "personal": "tìm dữ liệu cá nhân",
    "personal.export": "xuất dữ liệu cá nhân",
    "petitions": "phản ánh, kiến nghị",
    "printing": "giấy in bằng trình duyệt",
    "redacting": "xoá theo luật",
    "reports": "sổ theo dõi hồ sơ",
    "returning": "trả kết quả",
    "room": "chờ xử lý",
    "room.draft": "dự thảo kết quả",
    "scanning": "bản quét",
    "scans": "bản quét",
    "sealing": "cấp số, đóng dấu",
    "turned_away": "danh sách lưu thành tệp",
    "turning_away": "phiếu bổ sung, từ chối",
    "worklists": "danh sách lưu thành tệp",
    "workplace": "việc của cơ quan",
}
"""What showed a dossier, by its endpoint, or by the blueprint where all of it shows the same."""


class Search(Form):
    """Who looked, at whose dossier, between which days; each may be left out."""

    person = SelectField("Ai xem", choices=[], validate_choice=False)
    whom = StringField("Xem hồ sơ của ai: mã hồ sơ, tên, hoặc số giấy tờ", filters=[text])
    since = Day("Từ ngày", validators=[Optional()])
    until = Day("Đến ngày", validators=[Optional()])


@dataclass(frozen=True, slots=True)
class Look:
    """One line of the log with the dossier as far as it is here."""

    view: View
    page: str
    dossier: DossierRow | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one machine has sealed of its log so far."""

    node: str
    newest: DayClosed
    lines: int


@blueprint.get("/views")
def page() -> ResponseReturnValue:
    """The newest looks of this machine, and a form that narrows them; up to which day the log is sealed."""
    presence.require(VIEWS)
    return _render(_form(formdata=None))


@blueprint.post("/views")
def search() -> ResponseReturnValue:
    """By POST: what is searched for is a citizen's name or number, and belongs in no address."""
    presence.require(VIEWS)
    form = _form()
    if not form.validate_on_submit():
        return _render(form, searched=False), 422
    return _render(form)


@blueprint.post("/views/check")
def check() -> ResponseReturnValue:
    """Count the whole log again, line by line, against itself and against what was sealed."""
    presence.require(VIEWS)
    Bare.checked()
    here = site()
    return _render(_form(formdata=None), checked=True, broken=here.node.views.why_broken(_sealed_here(here)))


def _sealed_here(here: Site) -> list[Views]:
    return views_of(here.node.closing.closed())


def _form(**arguments: object) -> Search:
    form = Search(**arguments)
    form.person.choices = [
        Choice("", "mọi người"),
        *(Choice(one.id, one.name) for one in site().view.people()),
    ]
    return form


def _render(form: Search, *, searched: bool = True, checked: bool = False, broken: str | None = None) -> str:
    here = site()
    looks, count = _looks(here, form) if searched else ([], 0)
    return render_template(
        "views.html",
        form=form,
        errors=form.error_list() if form.errors else [],
        looks=looks,
        count=count,
        sealed=_sealed(here),
        checked=checked,
        broken=broken,
    )


def _looks(here: Site, form: Search) -> tuple[list[Look], int]:
    term = form.whom.data or ""
    found, count = here.node.views.search(
        person=form.person.data or "",
        streams=_streams(here, term) if term else None,
        since=form.since.data,
        until=form.until.data,
    )
    rows = {stream: here.node.register.row(stream) for stream in {view.stream for view in found}}
    return [Look(view, shown_on(view.what), rows[view.stream]) for view in found], count


def shown_on(endpoint: str) -> str:
    """In words; an endpoint of a version that had others is shown as it was written down."""
    known = PAGES.get(endpoint) or PAGES.get(endpoint.partition(".")[0])
    return endpoint if known is None else say(known)


def _streams(here: Site, term: str) -> list[str]:
    named = here.node.register.naming(digits(term))
    return named or [row.stream for row in here.node.register.find(term).rows]


def _sealed(here: Site) -> list[Sealed]:
    """What each machine has sealed: at central of all, at an edge of those that it has heard of."""
    found = []
    for node, stream in here.node.register.closings():
        closed = closed_in(here.node.projector, stream, node)
        views = [one.views for one in closed if one.views is not msgspec.UNSET]
        if closed:
            found.append(Sealed(node, closed[-1], views[-1].last_line if views else 0))
    return found
