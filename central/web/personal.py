"""Dữ liệu cá nhân: what is held on a person, by number; answers to their requests; the register of processing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final, cast

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, StopValidation

from central import personal
from central.personal import Holding, What
from central.redaction import may_redact
from edge.errors import NotYours, WrongPin
from edge.web import presence
from edge.web.days import Day
from edge.web.forms import Bare, Choice, Form, needed, paragraph, text
from edge.web.limits import SIGN_IN
from edge.web.sign_in import wrong as wrong_secret
from edge.web.site import Entry, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.entries import Duty, Role
from schemas.identity import digits
from schemas.processing import ANSWER_DAYS, REGISTER, VERSION

blueprint = Blueprint("personal", __name__, template_folder="../templates")
ENTRY: Final = Entry(57, "Dữ liệu cá nhân", "personal.page", ((Duty.CATALOG, Role.ADMINISTRATOR),))

ANSWERS: Final = {
    "given": "Cung cấp dữ liệu",
    "corrected": "Chấp nhận sửa: quầy sửa trong hồ sơ",
    "restricted": "Hạn chế xử lý",
    "lifted": "Bỏ hạn chế xử lý",
    "refused": "Từ chối",
    "redacted": "Xoá nội dung (cần hai người)",
}


class Answer(Form):
    """The answer to a person's request (`ANSWERS`), by which law and why; deleting needs a second person's
    PIN.
    """

    number = StringField(filters=[text])
    what = RadioField(
        "Trả lời thế nào",
        choices=[Choice(key, title) for key, title in ANSWERS.items()],
        validators=[InputRequired("Chưa chọn trả lời thế nào.")],
    )
    asked = Day("Ngày nhận yêu cầu", validators=[InputRequired("Chưa ghi ngày nhận yêu cầu.")])
    ground = StringField(
        "Căn cứ pháp lý (điều, luật)", filters=[text], validators=needed("Chưa ghi căn cứ pháp lý.")
    )
    reason = TextAreaField("Lý do, nội dung", filters=[paragraph], validators=needed("Chưa ghi lý do."))
    second = SelectField("Người thứ hai (khi xoá)", choices=[], validate_choice=False)
    second_pin = PasswordField("Mã PIN của người thứ hai")

    def validate_asked(self, field: Day) -> None:
        """Today in Vietnam at the latest; how long ago it was is for the page to judge."""
        if field.data > site().today():
            raise StopValidation("Ngày nhận yêu cầu ở tương lai. Ghi lại ngày.")


@blueprint.get("/personal")
def page() -> ResponseReturnValue:
    """Search by a person's number (it never stands in the address), and the answers that were given."""
    presence.require(ENTRY)
    return render_template(
        "personal.html", answers=site().view.data_answers(), titles=ANSWERS, number="", holding=None
    )


@blueprint.post("/personal")
def found() -> ResponseReturnValue:
    """By POST: the number of a citizen stands in no address. The search itself is a look, and logged."""
    presence.require(ENTRY)
    Bare.checked()
    number = digits(request.form.get("q", ""))
    if len(number) < 5:
        trouble = Trouble(
            "Chưa ghi số giấy tờ.", "Chưa tìm gì.", "Gõ đủ số định danh, mã số thuế hoặc hộ chiếu.", 422
        )
        return render_template(
            "personal.html",
            answers=site().view.data_answers(),
            titles=ANSWERS,
            number="",
            holding=None,
            trouble=trouble,
        ), 422
    return _render(number, _form(formdata=None))


@blueprint.post("/personal/export")
def export() -> ResponseReturnValue:
    """`as` is `json`, or `page` for one that can be read and printed."""
    presence.require(ENTRY)
    Bare.checked()
    holding = _held(digits(request.form.get("number", "")))
    if request.form.get("as") != "json":
        return render_template("personal_readable.html", holding=holding, labels=personal.LABELS)
    answer = Response(holding.json(), mimetype="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="du-lieu-ca-nhan.json"'
    return answer


@blueprint.post("/personal/file")
def file() -> ResponseReturnValue:
    """One of the files, to be saved: what citizens brought is not opened on our pages."""
    presence.require(ENTRY)
    Bare.checked()
    holding = _held(digits(request.form.get("number", "")))
    content = personal.file_of(site().node, holding, request.form.get("file", ""))
    if content is None:
        raise NotFound
    answer = Response(content, mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = 'attachment; filename="tep-ho-so.pdf"'
    return answer


@blueprint.post("/personal/answer")
def answer() -> ResponseReturnValue:
    """Write an answer down, and for a deletion the redactions with it. 422 with all mistakes; nothing is half
    done.
    """
    presence.require(ENTRY)
    form, here = _form(), site()
    number = digits(form.number.data or "")
    streams, targets = request.form.getlist("stream"), request.form.getlist("target")
    errors = [] if form.validate_on_submit() else form.error_list()
    holding = _held(number)
    known = {one.stream for one in holding.streams}
    what = form.what.data
    if not set(streams) <= known or (known and not streams and what not in ("given", "refused", None)):
        errors.append(("stream", "Chưa chọn hồ sơ nào trong danh sách."))
    parts = {act.hash for one in holding.streams for act in one.acts} | {
        one.id for stream in holding.streams for one in stream.files
    }
    if what == "redacted" and (not targets or not set(targets) <= parts):
        errors.append(("target", "Chưa chọn việc hoặc tệp nào để xoá nội dung."))
    if errors:
        return _render(number, form, errors=errors, holding=holding), 422
    try:
        second = _second(form) if what == "redacted" else ""
        said = personal.record(
            here.node,
            cast(What, what),
            ground=form.ground.data,
            reason=form.reason.data,
            asked=form.asked.data,
            day=here.today(),
            streams=streams,
            by=presence.person().id,
            targets=targets if what == "redacted" else (),
            second=second,
        )
    except WrongPin as why:
        return _render(number, form, errors=[("second_pin", wrong_secret(why))], holding=holding), 422
    except Expected as why:
        trouble = trouble_of(why)
        return _render(number, form, trouble=trouble, holding=holding), trouble.status
    return _render(number, _form(formdata=None), done=said.id)


@blueprint.get("/personal/register")
def register() -> ResponseReturnValue:
    """The register of processing, to be printed."""
    presence.require(ENTRY)
    here = site()
    return render_template("processing.html", rows=REGISTER, version=VERSION, counts=counts(here.node))


def counts(node: Any) -> dict[str, int]:
    """How much of it there is at this machine."""
    with node.shown.read() as connection:
        people, dossiers = connection.execute(
            "SELECT (SELECT count(DISTINCT identity) FROM party), (SELECT count(*) FROM dossier)"
        ).fetchone()
    with node.file.read() as connection:
        (views,) = connection.execute("SELECT count(*) FROM view_log").fetchone()
    return {"people": people, "dossiers": dossiers, "views": views}


def _second(form: Answer) -> str:
    """Who stands beside a redaction, and has shown their PIN. Raises `NotYours`, `WrongPin`, `TooOften`."""
    here, name = site(), form.second.data or ""
    if name == presence.person().id or not may_redact(here.node, name):
        raise NotYours
    here.limits.take(SIGN_IN, request.remote_addr or "")
    here.node.people.check_pin(name, form.second_pin.data or "")
    return name


def _form(**arguments: object) -> Answer:
    form, here = Answer(**arguments), site()
    able = [
        one
        for one in here.view.people()
        if one.id != presence.person().id
        and may_redact(here.node, one.id)
        and here.node.people.has_pin(one.id)
    ]
    form.second.choices = [Choice("", "chọn tên"), *(Choice(one.id, one.name) for one in able)]
    if form.asked.data is None:
        form.asked.data = here.today()
    return form


def _held(number: str) -> Holding:
    """What is held on a number; a look at each of the dossiers."""
    here = site()
    holding = personal.held_on(here.node, number, at=here.now())
    for stream in [one.stream for one in holding.streams] or [""]:
        here.node.views.looked(presence.person().id, stream, request.endpoint or "")
    return holding


def _render(
    number: str,
    form: Answer,
    *,
    errors: Sequence[tuple[str, str]] = (),
    trouble: Trouble | None = None,
    holding: Holding | None = None,
    done: str = "",
) -> str:
    holding = holding or _held(number)
    asked: date = form.asked.data or site().today()
    return render_template(
        "personal.html",
        answers=site().view.data_answers(),
        titles=ANSWERS,
        number=number,
        holding=holding,
        form=form,
        errors=list(errors),
        trouble=trouble,
        done=done,
        until={what: asked + timedelta(days=days) for what, days in ANSWER_DAYS.items()},
        ticked=request.form.getlist("stream"),
        chosen=request.form.getlist("target"),
    )
