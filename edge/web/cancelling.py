"""Huỷ tiếp nhận: the wrong procedure or the wrong person was received; the number stays used, and the right one follows.

What can be put right is amended (`edge.web.amending`); a procedure cannot, for number, papers, fee and time follow from it.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, TextAreaField

from edge.web import presence, second
from edge.web.forms import Form, needed, paragraph
from edge.web.merging import over_what_was_seen
from edge.web.showing import Shown, show, why_not
from edge.web.site import COUNTER, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import ReceptionCancelled

blueprint = Blueprint("cancelling", __name__)

KIND: Final = "dossier.reception_cancelled"


class Cancelled(Form):
    """Why the reception was wrong, and whether the next one begins with the same submitter."""

    reason = TextAreaField(
        "Vì sao huỷ", filters=[paragraph], validators=needed("Chưa ghi vì sao huỷ tiếp nhận.")
    )
    again = BooleanField("Nhận lại ngay: mở trang tiếp nhận với người nộp này", default=True)


@blueprint.get("/dossier/<stream>/cancel")
def page(stream: str) -> ResponseReturnValue:
    """What cancelling does, and its form. The number stays used."""
    presence.require(COUNTER)
    return _render(show(stream), Cancelled(formdata=None))


@blueprint.post("/dossier/<stream>/cancel")
@over_what_was_seen(KIND, Cancelled)
def cancel(stream: str) -> ResponseReturnValue:
    """The one that follows has its name already: whoever opens this one finds it as soon as it is saved."""
    presence.require(COUNTER)
    shown, form, node = show(stream), Cancelled(), site().node
    if not form.validate_on_submit():
        return _render(shown, form, form.error_list()), 422
    follows = node.ids.stream(site().now())
    said = ReceptionCancelled(form.reason.data, follows) if form.again.data else sample(form.reason.data)
    try:
        node.ledger.act(stream, KIND, said, by=presence.person().id, with_=second.beside(KIND))
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, form, trouble=trouble), trouble.status
    if form.again.data:
        return redirect(url_for("counter.page", of=stream, instead=follows), 303)
    return redirect(url_for("dossier.page", stream=stream, done=KIND), 303)


def sample(reason: str = "?") -> ReceptionCancelled:
    """A cancellation that nothing follows."""
    return ReceptionCancelled(reason)


def _render(
    shown: Shown,
    form: Cancelled,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    return render_template(
        "cancel_reception.html",
        shown=shown,
        form=form,
        errors=errors or [],
        trouble=trouble,
        second=second.asked_for(KIND),
        against=why_not(shown.dossier, KIND, sample()),
        paid=shown.dossier.standing.purse.kept,
    )
