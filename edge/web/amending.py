"""Sửa thông tin: what was written wrongly at reception is put right by one more act; what was printed stays as it was."""

from __future__ import annotations

from typing import Any, Final, cast, get_args

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import Length

from edge.web import presence, second
from edge.web.forms import LONGEST, Choice, Form, needed, paragraph, text, too_long
from edge.web.language import say
from edge.web.merging import over_what_was_seen
from edge.web.reception import identity_problem
from edge.web.showing import Shown, show, why_not
from edge.web.site import COUNTER, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import Amended, Change, Field
from schemas.identity import digits

blueprint = Blueprint("amending", __name__)

KIND: Final = "dossier.amended"
_TITLES: Final = {
    "name": "Họ và tên",
    "identity": "Số giấy tờ",
    "address": "Địa chỉ",
    "phone": "Điện thoại",
    "email": "Thư điện tử",
}
_DIGITS: Final = ("identity", "phone")
_OTHERS: Final = ("authorisation", "return_by")
FIELDS: Final = {
    field.replace(".", "_"): field
    for field in get_args(Field)
    if field.partition(".")[2] in _TITLES or field in _OTHERS
}
"""What the page asks for, by the name of its box."""


def _box(field: str) -> StringField:
    return StringField(
        _TITLES[field.partition(".")[2]],
        filters=[text],
        validators=[Length(max=LONGEST, message=too_long())],
    )


class Amendment(Form):
    """What may be put right, each field beside what stands; a reason always."""

    authorisation = StringField(
        "Giấy ủy quyền (số, ngày)",
        filters=[text],
        validators=[Length(max=LONGEST, message=too_long())],
    )
    return_by = RadioField(
        "Nhận kết quả ở đâu",
        choices=[Choice("centre", "Tại Trung tâm"), Choice("post", "Qua bưu chính công ích")],
    )
    reason = TextAreaField("Lý do sửa", filters=[paragraph], validators=needed("Chưa ghi lý do sửa."))


for _name, _field in FIELDS.items():
    if _field not in _OTHERS:
        setattr(Amendment, _name, _box(_field))


@blueprint.get("/dossier/<stream>/amend")
def page(stream: str) -> ResponseReturnValue:
    """With everything that stands there now, whole: whoever puts a number right has to read it."""
    presence.require(COUNTER)
    shown, form = show(stream), Amendment(formdata=None)
    for name, value in _standing(shown).items():
        form[name].data = value
    return _render(shown, form)


@blueprint.post("/dossier/<stream>/amend")
@over_what_was_seen(KIND, Amendment, lambda shown: _standing(shown), lambda *typed: _kept(*typed))
def amend(stream: str) -> ResponseReturnValue:
    """Write only what differs. 422 where nothing does; what somebody else wrote meanwhile is shown first."""
    presence.require(COUNTER)
    shown, form = show(stream), Amendment()
    standing = _standing(shown)
    errors = [] if form.validate_on_submit() else form.error_list()
    changes = [(name, _kept(name, form[name].data)) for name in standing]
    changes = [(name, value) for name, value in changes if value != standing[name]]
    errors += [(name, problem) for name, value in changes if (problem := _problem(name, value))]
    if not changes:
        errors.append(("reason", say("Chưa sửa ô nào.")))
    if errors:
        return _render(shown, form, errors), 422
    said = Amended(
        tuple(Change(cast(Field, FIELDS[name]), value) for name, value in changes), form.reason.data
    )
    try:
        site().node.ledger.act(stream, KIND, said, by=presence.person().id, with_=second.beside(KIND))
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, form, trouble=trouble), trouble.status
    return redirect(url_for("dossier.page", stream=stream, done=KIND), 303)


def sample(shown: Shown) -> Amended:
    """An amendment that changes nothing, to ask whether there may be one."""
    return Amended((Change("applicant.name", shown.received.applicant.name),), "?")


def _standing(shown: Shown) -> dict[str, str]:
    """What stands in each box now; those about a submitter only where one came."""
    parties: dict[str, Any] = {"applicant": shown.received.applicant, "submitter": shown.submitter}
    standing = {
        name: getattr(parties[whose], what)
        for name, field in FIELDS.items()
        for whose, _, what in (field.partition("."),)
        if parties.get(whose) is not None
    }
    others = _OTHERS if shown.submitter is not None else ("return_by",)
    return standing | {name: getattr(shown.received, name) for name in others}


def _kept(name: str, typed: str | None) -> str:
    return digits(typed or "") if name.partition("_")[2] in _DIGITS else typed or ""


def _problem(name: str, value: str) -> str | None:
    what = name.partition("_")[2]
    if what == "name" and not value:
        return say("Chưa ghi họ tên.")
    return identity_problem(value) if what == "identity" and value else None


def _render(
    shown: Shown,
    form: Amendment,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    names = list(_standing(shown))
    return render_template(
        "amend.html",
        shown=shown,
        form=form,
        errors=errors or [],
        trouble=trouble,
        parties=[
            (title, [form[name] for name in names if name.startswith(whose)])
            for whose, title in (("applicant", "Chủ hồ sơ"), ("submitter", "Người nộp"))
        ],
        others=[form[name] for name in names if name in _OTHERS],
        second=second.asked_for(KIND),
        against=why_not(shown.dossier, KIND, sample(shown)),
    )
