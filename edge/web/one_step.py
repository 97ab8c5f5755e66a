"""A procedure of one step: whoever received it decides, signs and hands over in one action, where the catalog lets them.

Two acts, one press: the signed decision, then the hand-over. Where the power goes in between, the result waits at the
counter like any other.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, PasswordField, StringField, TextAreaField
from wtforms.validators import InputRequired, StopValidation

from edge.web import presence, second, showing, words
from edge.web.forms import Form, needed, paragraph
from edge.web.forms import text as one_line
from edge.web.language import say
from edge.web.reception import identity_problem
from edge.web.showing import Shown, sample_of, show, why_not
from edge.web.site import RETURN, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import Returned, Status
from schemas.entries import Step
from schemas.identity import digits

blueprint = Blueprint("one_step", __name__)

APPROVED, RETURNED = "dossier.approved", "dossier.returned"


def _a_number(form: Form, field: Any) -> None:
    problem = identity_problem(field.data or "")
    if problem:
        raise StopValidation(problem)


class Closing(Form):
    """The decision's words, who takes the result with which paper, that it was compared, and the PIN."""

    text = TextAreaField(
        "Nội dung quyết định", filters=[paragraph], validators=needed("Chưa ghi nội dung quyết định.")
    )
    taken_by = StringField(
        "Người nhận kết quả", filters=[one_line], validators=needed("Chưa ghi ai nhận kết quả.")
    )
    identity = StringField("Số giấy tờ của người nhận", filters=[one_line], validators=[_a_number])
    confirm = BooleanField(
        "Đã đối chiếu giấy tờ; người nhận đang ở quầy.",
        validators=[InputRequired("Chưa xác nhận đã đối chiếu giấy tờ.")],
    )
    pin = PasswordField("Mã PIN thẻ ký số", validators=[InputRequired("Chưa gõ mã PIN thẻ ký số.")])


def may_close(shown: Shown) -> bool:
    """Whether the catalog lets this dossier be closed in one action, and it is this person's to do here."""
    standing = shown.dossier.standing
    return (
        standing.one_step
        and shown.dossier.status is Status.RECEIVED
        and not {Step.NUMBER, Step.SEAL} & set(standing.steps)
        and presence.is_ones(APPROVED)
        and site().may(presence.person(), RETURN)
    )


@blueprint.get("/one-step/<stream>")
def page(stream: str) -> ResponseReturnValue:
    """The decision's words and the submitter set in; the paper's number is read from the card that they show."""
    presence.require(RETURN)
    shown, form = show(stream), Closing(formdata=None)
    came = shown.submitter or shown.received.applicant
    form.text.data = site().node.papers.wording_of(shown.dossier, approved=True, at=site().now())
    form.taken_by.data = came.name  # the number is read from the card that they show
    return _render(shown, form)


@blueprint.post("/one-step/<stream>")
def close(stream: str) -> ResponseReturnValue:
    """Decide, sign and hand over. 422 with all mistakes."""
    presence.require(RETURN)
    shown, form, node = show(stream), Closing(), site().node
    if not form.validate_on_submit() or not _is_theirs(form, shown):
        return _render(shown, form, errors=form.error_list()), 422
    against, by = _against(shown), presence.person().id
    if against is not None:
        return _render(shown, form, trouble=against), against.status
    try:
        done = node.deciding.approve(
            stream, by=by, pin=form.pin.data, text=form.text.data, with_=second.beside(APPROVED)
        )
        returned = Returned(
            taken_by=form.taken_by.data,
            identity=digits(form.identity.data),
            result=done.standing.result or "",
        )
        node.ledger.act(stream, RETURNED, returned, by=by)
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, form, trouble=trouble), trouble.status
    return redirect(url_for("dossier.page", stream=stream, done=RETURNED), 303)


def _is_theirs(form: Closing, shown: Shown) -> bool:
    """Whether the number is that of the applicant or the submitter: anybody else takes a result at the return page."""
    named = [one.identity for one in (shown.received.applicant, shown.submitter) if one and one.identity]
    if not named or digits(form.identity.data or "") in named:
        return True
    form.identity.errors = [
        say("Số này không phải của chủ hồ sơ hay người nộp. Người được ủy quyền nhận ở trang Trả kết quả.")
    ]
    return False


def _against(shown: Shown) -> Trouble | None:
    """What stands against closing it: also a fee that is open, which belongs before the result."""
    if not may_close(shown):
        return Trouble(
            "Hồ sơ này không giải quyết được trong một bước ở đây.",
            "Hồ sơ vẫn nguyên.",
            "Làm theo các bước thường: thẩm định, phê duyệt, trả kết quả.",
        )
    if owed := site().node.till.owed(shown.dossier).total:
        return Trouble(
            say("Còn phải thu {amount}.", amount=words.dong(owed)),
            "Hồ sơ vẫn nguyên.",
            "Thu phí rồi giải quyết.",
        )
    return why_not(shown.dossier, APPROVED, sample_of(shown.dossier, APPROVED))


def _render(
    shown: Shown,
    form: Closing,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    right = site().node.deciding.right_of(presence.person(), shown.dossier, site().now())
    return render_template(
        "one_step.html",
        shown=shown,
        form=form,
        errors=errors or [],
        trouble=trouble,
        against=_against(shown),
        capacity=right.in_a_line,
        certificate=showing.certificate_tag(presence.person().ders()),
        second=second.asked_for(APPROVED),
    )
