"""Trung tâm mới: what a new central has collected, and taking over; choosing between two branches of the catalog, and
going on without one that is lost.

While central may say nothing, every page that would write the catalog says so and leads here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from central.errors import NotGranted
from central.succession import Branch, Collected, branches, choose, collected, said_by, take_over
from central.web.nodes import ADMINISTERS, STOPPED
from edge.errors import WrongPin
from edge.web import errors, presence
from edge.web.forms import LONGEST, Bare, paragraph, too_long
from edge.web.language import say
from edge.web.limits import SIGN_IN, limited
from edge.web.site import site
from edge.web.trouble import trouble_of
from schemas.entries import Role

blueprint = Blueprint("succession", __name__, template_folder="../templates")

REFUSED: Final = {
    "missing": "Chưa đủ việc từ: {nodes}. Chờ thêm, hoặc đánh dấu không chờ máy đó.",
    "nothing": "Chưa máy nào đem danh mục về. Chờ ít nhất một máy.",
    "branches": "Danh mục có hai nhánh. Chọn một nhánh trước.",
    "behind": "Máy này chưa lấy hết việc đang nằm ở CouchDB. Chờ lấy xong; nhận ngay thì việc Trung tâm cũ đã gửi sẽ bị tạm giữ.",
    "no_branch": "Nhánh này vừa dài thêm, hoặc đã được chọn. Xem lại rồi chọn lần nữa.",
}
KINDS: Final = {
    "card.granted": "Thẻ máy",
    "centre.defined": "Tên Trung tâm",
    "agency.defined": "Cơ quan",
    "procedure.defined": "Thủ tục",
    "person.defined": "Cán bộ",
    "password.set": "Mật khẩu của",
    "person.signed_out": "Đăng xuất mọi nơi",
    "calendar.defined": "Lịch làm việc năm",
    "delegation.granted": "Văn bản uỷ quyền",
    "range.granted": "Dải số",
    "cut.made": "Mốc cắt của máy",
    "fork.reported": "Máy bị nhân đôi",
    "event.admitted": "Cho việc có hiệu lực",
    "event.redacted": "Xoá theo luật",
    "conflict.reported": "Tranh chấp giữa các hồ sơ",
    "trust.revoked": "Thu hồi",
    "fees.defined": "Biểu phí",
    "catalog.confirmed": "Xác nhận không có gì mới",
    "catalog.chosen": "Chọn nhánh",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A branch as it is chosen: what only it says, in words."""

    branch: Branch
    said: list[str]


def install(app: Flask) -> None:
    """The pages, and what every other page of central says while nothing can be written."""
    app.register_blueprint(blueprint)
    app.register_error_handler(NotGranted, _not_granted)


def _not_granted(why: NotGranted) -> ResponseReturnValue:
    return errors.page(STOPPED.get(why.because) or trouble_of(why))


@blueprint.get("/nodes/central")
def page() -> ResponseReturnValue:
    """For administrators. What has come from each machine, and whether central may take over, or must choose."""
    presence.require(ADMINISTERS)
    return _render()


@blueprint.post("/nodes/central/takeover")
def takes_over() -> ResponseReturnValue:
    """Let the new central begin."""
    presence.require(ADMINISTERS)
    Bare.checked()
    try:
        take_over(site().node, by=presence.person().id, without=request.form.getlist("without"))
    except NotGranted as why:
        return _render([("takeover", _words(why))]), 422
    return redirect(url_for("nodes.page", took_over=1), 303)


@blueprint.post("/nodes/central/choose")
@limited(SIGN_IN)
def chooses() -> ResponseReturnValue:
    """Two administrators say which branch goes on."""
    presence.require(ADMINISTERS)
    Bare.checked()
    tip, second = request.form.get("tip", ""), request.form.get("second", "")
    reason = paragraph(request.form.get("reason"))
    wrong = _errors(tip, reason, second)
    if wrong:
        return _render(wrong), 422
    try:
        site().node.people.check_pin(second, request.form.get("second_pin", ""))
        choose(site().node, tip, by=presence.person().id, second=second, reason=reason)
    except WrongPin as why:
        return _render([("second_pin", trouble_of(why).what)]), 422
    except NotGranted as why:
        return _render([("tip", _words(why))]), 422
    return redirect(url_for("nodes.page", chosen=1), 303)


def _errors(tip: str, reason: str, second: str) -> list[tuple[str, str]]:
    wrong = []
    if not tip:
        wrong.append(("tip", "Chưa chọn nhánh."))
    if not reason or len(reason) > LONGEST:
        wrong.append(("reason", too_long() if reason else "Chưa ghi lý do chọn."))
    if not second:
        wrong.append(("second", "Chưa chọn quản trị thứ hai."))
    return wrong


def _render(wrong: list[tuple[str, str]] | None = None) -> str:
    here = site()
    node, today = here.node, here.today()
    after, found = branches(node)
    others = [
        person
        for person in here.view.people()
        if person.id != presence.person().id
        and person.has(Role.ADMINISTRATOR, today)
        and node.people.has_pin(person.id)
    ]
    machines: list[Collected] = collected(node) if node.collects else []
    return render_template(
        "succession.html",
        collects=node.collects,
        machines=machines,
        entries=node.catalog.number,
        acts=node.stores["dossiers"].info().doc_count,
        after=after,
        lost=node.unheard(),
        own=node.catalog.name,
        branches=[Shown(one, [_said(said_by(entry)) for entry in one.entries]) for one in found],
        others=others,
        typed=request.form,
        errors=wrong or [],
    )


def _said(entry: str) -> str:
    kind, _, subject = entry.partition(" ")
    return f"{say(KINDS.get(kind, 'Mục khác'))} {subject}".strip()


def _words(why: NotGranted) -> str:
    told = REFUSED.get(why.because)
    return say(told or "Chưa làm được việc này. Chưa có gì thay đổi.", **why.facts)
