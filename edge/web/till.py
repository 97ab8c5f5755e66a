"""Ca thu: the drawer opened with what lies in it, and closed with what was counted; a difference has its reason.

Whoever closes counts first and sees afterwards what the books say.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import Length

from edge.till import OpenShift
from edge.web import presence, words
from edge.web.forms import LONGEST, Form, amount_of, needed, text, too_long
from edge.web.language import say, tell
from edge.web.site import FEES, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.receipts import DENOMINATIONS, Closing, Method
from schemas.till import by_method

blueprint = Blueprint("till", __name__)

MOST_NOTES: Final = 1_000_000


class Opened(Form):
    """What lies in the drawer at the beginning, in whole đồng."""

    cash = StringField(
        "Tiền trong quỹ lúc mở ca",
        filters=[text],
        validators=needed("Chưa ghi số tiền trong quỹ; không có thì ghi 0."),
    )


class Counted(Form):
    """Why what was counted differs; the pieces are typed as rows beside it."""

    reason = StringField("Giải trình", filters=[text], validators=[Length(max=LONGEST, message=too_long())])


@blueprint.get("/till")
def page() -> ResponseReturnValue:
    """The shift of this cashier at this machine, or the form that opens one."""
    presence.require(FEES)
    return _render(done=request.args.get("done", ""))


@blueprint.post("/till/open")
def open_shift() -> ResponseReturnValue:
    """Open the drawer. 422 for what is no amount, or where a shift is open."""
    presence.require(FEES)
    form = Opened()
    errors = [] if form.validate_on_submit() else form.error_list()
    cash = amount_of(form.cash.data)
    if form.cash.data and cash is None:
        errors.append(("cash", say("Số tiền chỉ có chữ số, ví dụ 500.000. Gõ lại.")))
    if errors or cash is None:
        return _render(opened=form, errors=errors), 422
    try:
        site().node.till.open(cash, by=presence.person().id)
    except Expected as why:
        trouble = trouble_of(why)
        return _render(opened=form, trouble=trouble), trouble.status
    return redirect(url_for("fees.page"), 303)


@blueprint.post("/till/close")
def close_shift() -> ResponseReturnValue:
    """`act=close` closes; anything else counts, and shows what the books say."""
    presence.require(FEES)
    till, form = site().node.till, Counted()
    shift = till.shift()
    if shift is None:
        return redirect(url_for(".page"), 303)
    notes, errors = _notes()
    errors += [] if form.validate_on_submit() else form.error_list()
    if errors:
        return _render(counted=form, errors=errors), 422
    closing = till.balance(shift, notes, form.reason.data or "")
    if request.form.get("act") != "close":
        return _render(counted=form, closing=closing)
    errors = _unexplained(shift, closing, form.reason.data or "")
    if errors:
        return _render(counted=form, closing=closing, errors=errors), 422
    try:
        till.close(notes, form.reason.data or "", by=presence.person().id)
    except Expected as why:
        trouble = trouble_of(why)
        return _render(counted=form, closing=closing, trouble=trouble), trouble.status
    site().spool_wake()
    return redirect(url_for(".page", done="closed"), 303)


def _notes() -> tuple[dict[int, int], list[tuple[str, str]]]:
    """How many notes of each value were counted, and what is wrong with what was typed."""
    notes, errors = {}, []
    for value in DENOMINATIONS:
        typed = text(request.form.get(f"notes-{value}", ""))
        bare = typed.replace(".", "")
        if bare and not (bare.isascii() and bare.isdigit() and int(bare) <= MOST_NOTES):
            errors.append(
                (
                    f"notes-{value}",
                    say("Số tờ {amount} là một số, ví dụ 12. Gõ lại.", amount=words.dong(value)),
                )
            )
        else:
            notes[value] = int(bare or 0)
    return notes, errors


def _unexplained(shift: OpenShift, closing: Closing, reason: str) -> list[tuple[str, str]]:
    if reason:
        return []
    if closing.unexplained:
        why = words.sentence(closing.unexplained)
        return [("reason", tell("{why}. Đếm lại, hoặc ghi lý do.", why=why))]
    if shift.cashier != presence.person().id:
        name = site().name(shift.cashier)
        return [("reason", tell("Ca này của {who}. Đóng thay thì ghi lý do.", who=name))]
    return []


def _render(
    *,
    opened: Opened | None = None,
    counted: Counted | None = None,
    closing: Closing | None = None,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
    done: str = "",
) -> str:
    here = site()
    till = here.node.till
    shift = till.shift()
    so_far = till.so_far(shift) if shift is not None else None
    sums = by_method(so_far) if so_far is not None else {}
    return render_template(
        "till.html",
        shift=shift,
        mine=shift is not None and shift.cashier == presence.person().id,
        so_far=so_far,
        sums={
            method.value: one
            for method, one in sums.items()
            if method is Method.CASH or one.taken or one.given_back
        },
        numbers=till.receipts_left(here.today()),
        denominations=DENOMINATIONS,
        typed={value: text(request.form.get(f"notes-{value}", "")) for value in DENOMINATIONS},
        opened=opened or Opened(formdata=None),
        counted=counted or Counted(formdata=None),
        closing=closing,
        errors=errors or [],
        trouble=trouble,
        done=done,
    )
