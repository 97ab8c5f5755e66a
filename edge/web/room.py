"""The room: what waits, oldest due first; appraise, sign, refuse, answer a withdrawal.

The page shows why an act cannot be done; whether it can is for the ledger to say, each time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, PasswordField, RadioField, TextAreaField
from wtforms.validators import InputRequired, StopValidation

from edge.database import DossierRow
from edge.deciding import Upload
from edge.pades.reading import LARGEST_BYTES
from edge.register import Work
from edge.web import presence, second, showing
from edge.web.forms import Choice, Form, needed, paragraph
from edge.web.showing import Shown, show, sides, why_not
from edge.web.site import ROOM, site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.web.uploads import Kind, takes_files, uploads
from schemas.acts import Appraised, Reasoned, Status
from schemas.entries import Role

blueprint = Blueprint("room", __name__)

_PIN: Final = [InputRequired("Chưa gõ mã PIN thẻ ký số.")]
MOST_ATTACHED: Final = 20
SHOWN: Final = 60
"""Dossiers of a queue that are shown at once; the count is always that of all."""


class Appraisal(Form):
    passed = RadioField(
        "Kết luận",
        choices=[Choice("yes", "Đạt, trình ký"), Choice("no", "Không đạt")],
        validators=[InputRequired("Chưa chọn kết luận: đạt hay không đạt.")],
    )
    opinion = TextAreaField(
        "Ý kiến thẩm định", filters=[paragraph], validators=needed("Chưa ghi ý kiến thẩm định.")
    )


class Approval(Form):
    text = TextAreaField(
        "Nội dung quyết định", filters=[paragraph], validators=needed("Chưa ghi nội dung quyết định.")
    )
    attachments = MultipleFileField("Tài liệu kèm theo kết quả")
    without = BooleanField("Không kèm tài liệu nữa")
    pin = PasswordField("Mã PIN thẻ ký số", validators=_PIN)

    @property
    def lost(self) -> list[str]:
        """The files that were chosen when this was sent before: no page can keep them, a person chooses them again."""
        before = [name for name in request.form.getlist(self.attachments.name) if name]
        return list(dict.fromkeys([*before, *(str(one.filename) for one in self._chosen())]))

    def validate_attachments(self, field: MultipleFileField) -> None:
        """Nothing is signed without the papers that were to go with it, because a screen was locked meanwhile."""
        chosen = self._chosen()
        if self.lost and not chosen and not self.without.data:
            raise StopValidation("Chưa chọn lại tài liệu kèm theo; trang không giữ được tệp.")
        if len(chosen) > MOST_ATTACHED:
            raise StopValidation(f"Nhiều hơn {MOST_ATTACHED} tệp. Gộp lại rồi chọn lần nữa.")

    def _chosen(self) -> list[FileStorage]:
        return [one for one in request.files.getlist(self.attachments.name) if one.filename]


class Refusal(Form):
    reason = TextAreaField("Lý do từ chối", filters=[paragraph], validators=needed("Chưa ghi lý do từ chối."))
    pin = PasswordField("Mã PIN thẻ ký số", validators=_PIN)


class WithdrawalAnswer(Form):
    answer = RadioField(
        "Trả lời đơn xin rút",
        choices=[
            Choice("grant", "Đồng ý cho rút: hồ sơ dừng xử lý"),
            Choice("refuse", "Không đồng ý: hồ sơ xử lý tiếp"),
        ],
        validators=[InputRequired("Chưa chọn đồng ý hay không.")],
    )
    reason = TextAreaField("Lý do", filters=[paragraph], validators=needed("Chưa ghi lý do."))


@dataclass(frozen=True, slots=True)
class Tab:
    """One list of the room; `mine` is whether the person here may do its work."""

    work: Work
    title: str
    count: int
    mine: bool


_TABS: Final = (
    (Work.APPROVE, "Chờ ký", "dossier.approved"),
    (Work.APPRAISE, "Chờ thẩm định", "dossier.appraised"),
    (Work.WITHDRAW, "Đơn rút", "dossier.withdrawal_granted"),
)
_HEADINGS: Final = {
    Work.APPROVE: "Chờ ký",
    Work.APPRAISE: "Chờ thẩm định",
    Work.WITHDRAW: "Chờ trả lời đơn rút",
}


@dataclass(frozen=True, slots=True)
class Queue:
    """The list at the left: one kind of work, oldest due first."""

    work: Work
    heading: str
    rows: list[DossierRow]
    count: int
    tabs: list[Tab]
    selected: str

    @property
    def digest(self) -> str:
        """Changes when what the list shows changes; ages are left to the next change."""
        seen = [
            (row.stream, row.due_at, row.contested, row.missing, row.status, row.appraisal)
            for row in self.rows
        ]
        return hashlib.sha256(repr((seen, self.count, self.tabs, self.selected)).encode()).hexdigest()[:16]


@blueprint.get("/room")
def page() -> ResponseReturnValue:
    """A queue with its first dossier open; without `tab` the queue of this person's own work."""
    presence.require(ROOM)
    work = _asked_work() or _own_work()
    queue = _queue(work, "")
    first = next((row for row in queue.rows if not row.contested and not row.missing), None)
    first = first or next(iter(queue.rows), None)
    return _render(work, show(first.stream) if first else None)


@blueprint.get("/room/queue")
def queue_fragment() -> ResponseReturnValue:
    """The list anew, or 204 while what it shows has not changed."""
    presence.require(ROOM)
    queue = _queue(_asked_work() or _own_work(), request.args.get("selected", ""))
    if queue.digest == request.args.get("digest"):
        return "", 204
    return render_template("queue.html", queue=queue)


@blueprint.get("/room/<stream>")
def one(stream: str) -> ResponseReturnValue:
    presence.require(ROOM)
    shown = show(stream)
    return _render(_work_of(shown), shown)


@blueprint.post("/room/<stream>/appraise")
def appraise(stream: str) -> ResponseReturnValue:
    form = Appraisal()
    if not form.validate_on_submit():
        return _wrong(stream, form)
    opinion = Appraised(opinion=form.opinion.data, passed=form.passed.data == "yes")
    try:
        with_ = second.beside("dossier.appraised")
        site().node.ledger.act(stream, "dossier.appraised", opinion, by=presence.person().id, with_=with_)
    except Expected as why:
        return _failed(stream, form, why)
    return _next(Work.APPRAISE, stream, "dossier.appraised")


@blueprint.post("/room/<stream>/approve")
@takes_files(LARGEST_BYTES)
def approve(stream: str) -> ResponseReturnValue:
    form = Approval()
    if not form.validate_on_submit():
        return _wrong(stream, form)
    try:
        with_ = second.beside("dossier.approved")
        site().node.deciding.approve(
            stream,
            by=presence.person().id,
            pin=form.pin.data,
            text=form.text.data,
            attachments=[Upload(*one) for one in uploads("attachments", Kind.PDF)],
            with_=with_,
        )
    except Expected as why:
        return _failed(stream, form, why)
    return _next(Work.APPROVE, stream, "dossier.approved")


@blueprint.post("/room/<stream>/refuse")
def refuse(stream: str) -> ResponseReturnValue:
    form = Refusal()
    if not form.validate_on_submit():
        return _wrong(stream, form)
    try:
        with_ = second.beside("dossier.refused")
        site().node.deciding.refuse(
            stream, by=presence.person().id, pin=form.pin.data, reason=form.reason.data, with_=with_
        )
    except Expected as why:
        return _failed(stream, form, why)
    return _next(Work.APPROVE, stream, "dossier.refused")


@blueprint.post("/room/<stream>/withdrawal")
def answer_withdrawal(stream: str) -> ResponseReturnValue:
    form = WithdrawalAnswer()
    if not form.validate_on_submit():
        return _wrong(stream, form)
    kind = "dossier.withdrawal_granted" if form.answer.data == "grant" else "dossier.withdrawal_refused"
    try:
        answer = Reasoned(reason=form.reason.data)
        site().node.ledger.act(stream, kind, answer, by=presence.person().id, with_=second.beside(kind))
    except Expected as why:
        return _failed(stream, form, why)
    return _next(Work.WITHDRAW, stream, kind)


def _wrong(stream: str, form: Form) -> ResponseReturnValue:
    shown = show(stream)
    return _render(_work_of(shown), shown, form=form, errors=form.error_list()), 422


def _failed(stream: str, form: Form, why: Exception) -> ResponseReturnValue:
    """The act was not done: the same page with what was typed, and the dossier as it is now."""
    shown = show(stream)
    trouble = trouble_of(why, shown.dossier.status)
    return _render(_work_of(shown), shown, form=form, trouble=trouble), trouble.status


def _next(work: Work, stream: str, kind: str) -> ResponseReturnValue:
    return redirect(url_for(".page", tab=work.value, after=stream, done=kind), 303)


def _render(
    work: Work,
    shown: Shown | None,
    *,
    form: Form | None = None,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    kind = _kind_of_form(form) or _kind_to_do(shown)
    after = request.args.get("after", "")
    return render_template(
        "room.html",
        queue=_queue(work, shown.dossier.stream if shown else ""),
        shown=shown,
        kind=kind,
        form=form or _empty_form(kind, shown),
        errors=errors or [],
        trouble=trouble,
        against=_against(shown, kind),
        conflicts=[(conflict, sides(shown, conflict)) for conflict in shown.dossier.conflicts]
        if shown
        else [],
        earlier=_earlier(shown),
        after=site().node.register.row(after) if after else None,
        done=request.args.get("done", ""),
        capacity=_capacity(shown),
        second=second.asked_for(kind) if kind else None,
        certificate=showing.certificate_tag(presence.person().ders()),
        may_appraise=presence.is_ones("dossier.appraised"),
    )


def _queue(work: Work, selected: str) -> Queue:
    register = site().node.register
    rows, count = register.work(work, SHOWN)
    tabs = [
        Tab(of, title, count if of is work else register.work(of, 0)[1], presence.is_ones(kind))
        for of, title, kind in _TABS
    ]
    return Queue(work, _HEADINGS[work], rows, count, tabs, selected)


def _asked_work() -> Work | None:
    asked = request.args.get("tab")
    return next((work for work, _, _ in _TABS if work.value == asked), None)


def _own_work() -> Work:
    return Work.APPROVE if presence.person().has(Role.APPROVER, site().today()) else Work.APPRAISE


def _work_of(shown: Shown) -> Work:
    """The queue in which a dossier stands."""
    match shown.dossier.status:
        case Status.WITHDRAWING:
            return Work.WITHDRAW
        case Status.PROCESSING if shown.dossier.standing.appraisal:
            return Work.APPROVE
        case _:
            return Work.APPRAISE


def _kind_to_do(shown: Shown | None) -> str:
    """The act that the form in the middle is for; empty where nothing is left to do here."""
    if shown is None or shown.dossier.standing.outcome is not None:
        return ""
    match shown.dossier.status:
        case Status.WITHDRAWING:
            return "dossier.withdrawal_granted"
        case Status.RECEIVED | Status.PROCESSING:
            appraisal = shown.dossier.standing.appraisal
            if appraisal is None or "again" in request.args:
                return "dossier.appraised"
            refusing = "refuse" in request.args or not appraisal.data.passed
            return "dossier.refused" if refusing else "dossier.approved"
        case _:
            return ""


def _kind_of_form(form: Form | None) -> str:
    match form:
        case Appraisal():
            return "dossier.appraised"
        case Approval():
            return "dossier.approved"
        case Refusal():
            return "dossier.refused"
        case WithdrawalAnswer():
            return "dossier.withdrawal_granted"
        case _:
            return ""


def _empty_form(kind: str, shown: Shown | None) -> Form | None:
    match kind:
        case "dossier.appraised":
            return Appraisal(formdata=None)
        case "dossier.approved" if shown is not None:
            form = Approval(formdata=None)
            form.text.data = _usual_words(shown)
            return form
        case "dossier.refused":
            return Refusal(formdata=None)
        case "dossier.withdrawal_granted":
            return WithdrawalAnswer(formdata=None)
        case _:
            return None


def _usual_words(shown: Shown) -> str:
    procedure = site().view.procedure(shown.received.procedure, site().today())
    result = procedure.result if procedure and procedure.result else shown.received.procedure_name
    return f"Đồng ý cấp {result} cho {shown.received.applicant.name}."


def _capacity(shown: Shown | None) -> str:
    """By what right the person here would sign the dossier: "TUQ. GIÁM ĐỐC SỞ, theo Quyết định …"."""
    if shown is None:
        return ""
    return site().node.deciding.right_of(presence.person(), shown.dossier, site().now()).in_a_line


def _against(shown: Shown | None, kind: str) -> Trouble | None:
    if shown is None or not kind:
        return None
    return why_not(shown.dossier, kind, showing.sample_of(shown.dossier, kind))


def _earlier(shown: Shown | None) -> list[DossierRow]:
    if shown is None:
        return []
    return site().node.register.earlier(shown.received.applicant.identity, but=shown.dossier.stream)
