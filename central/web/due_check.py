"""Kiểm hạn trả: receptions whose machine was not sure of the hour. design §5.

The due moment on the slip was counted from that hour. The desk asks the slip, the counter or the citizen, and writes
down when it really was; the due moment follows from that, at every machine, and so does the end of the doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField
from wtforms.validators import InputRequired, StopValidation

from edge.tables.dossiers import DossierRow
from edge.tables.exchange import Delivery
from edge.tables.streams import EventRow
from edge.web import presence, showing
from edge.web.days import Moment
from edge.web.forms import Form, needed, paragraph
from edge.web.showing import why_not
from edge.web.site import Entry, Site, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import DueChecked
from schemas.calendar import VIETNAM
from schemas.deadlines import due
from schemas.entries import Duty, Role
from schemas.events import moment, timestamp

blueprint = Blueprint("due_check", __name__, template_folder="../templates")
ENTRY: Final = Entry(6, "Kiểm hạn trả", "due_check.page", ((Duty.DESK, Role.DESK_OFFICER),))
KIND: Final = "dossier.due_checked"
_ONE_DAY: Final = timedelta(days=1)


class Check(Form):
    """When it really was received (local time, not in the future), and on what that rests."""

    happened_at = Moment(
        "Giờ nhận thật",
        validators=[InputRequired("Chưa ghi ngày giờ nhận thật.")],
    )
    reason = TextAreaField(
        "Căn cứ", filters=[paragraph], validators=needed("Chưa ghi căn cứ: sổ, giấy hẹn, ai xác nhận.")
    )

    @property
    def at(self) -> datetime:
        """UTC; of a form that is valid."""
        return moment(timestamp(self.happened_at.data.replace(tzinfo=VIETNAM)))

    def validate_happened_at(self, field: Moment) -> None:
        """Nothing was received later than now, by the clock of this machine."""
        if field.data.replace(tzinfo=VIETNAM) > site().now():
            raise StopValidation("Giờ nhận ở sau giờ hiện nay. Xem lại ngày giờ.")


@dataclass(frozen=True, slots=True)
class Unsure:
    """One such dossier, with the moments between which it was received: the act before it, and its arrival here."""

    row: DossierRow
    node: str
    before: str
    is_first: bool
    arrived: str
    form: Check
    errors: list[tuple[str, str]]
    against: Trouble | None


@blueprint.get("/due")
def page() -> ResponseReturnValue:
    """Receptions whose hour is in doubt; `count` tells how many there are beyond those shown."""
    presence.require(ENTRY)
    return _render()


@blueprint.post("/due/<stream>")
def check(stream: str) -> ResponseReturnValue:
    """Write down the hour: the due moment is counted anew from it. 422 with what is missing or not allowed."""
    presence.require(ENTRY)
    here, form, shown = site(), Check(), showing.show(stream)
    if not form.validate_on_submit():
        return _render(stream, form), 422
    try:
        counted = due(form.at, shown.received.limit, here.view.calendar())
        checked = DueChecked(
            shown.receipt.hash, timestamp(form.at), timestamp(counted.moment), form.reason.data
        )
        here.node.ledger.act(stream, KIND, checked, by=presence.person().id)
    except Expected as why:
        trouble = trouble_of(why, shown.dossier.status)
        return _render(stream, form, trouble), trouble.status
    return redirect(url_for(".page", done=stream), 303)


def _render(stream: str = "", form: Check | None = None, trouble: Trouble | None = None) -> str:
    """The list; `form` is what was typed for one `stream` of it."""
    here = site()
    rows, count = here.node.register.unsure()
    done = request.args.get("done", "")
    return render_template(
        "due_check.html",
        unsure=[_unsure(here, row, form if row.stream == stream else None) for row in rows],
        count=count,
        done=here.node.register.row(done) if done else None,
        trouble=trouble,
    )


def _unsure(here: Site, row: DossierRow, form: Check | None) -> Unsure:
    dossier = here.node.register.dossier(row.stream)
    receipt = dossier.standing.receipt
    hash_ = receipt.hash if receipt else ""
    with here.node.file.read():
        event = EventRow.get_or_none((EventRow.stream == row.stream) & (EventRow.hash == hash_))
        before = (
            EventRow.select(EventRow.at)
            .where((EventRow.node == event.node) & (EventRow.seq == event.seq - 1))
            .first()
            if event
            else None
        )
        delivery = Delivery.get_or_none(Delivery.hash == hash_)
    filled = form or Check(formdata=None)
    if form is None:
        filled.happened_at.data = moment(row.received_at).astimezone(VIETNAM).replace(tzinfo=None)
    sample = DueChecked(hash_, row.received_at, timestamp(moment(row.received_at) + _ONE_DAY), "?")
    return Unsure(
        row,
        row.node,
        before.at if before else "",
        event is not None and event.seq == 1,
        delivery.arrived_at if delivery else "",
        filled,
        form.error_list() if form else [],
        why_not(dossier, KIND, sample),
    )
