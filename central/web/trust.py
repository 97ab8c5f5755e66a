"""What central decides about acts and machines in doubt: let a held act have its effect, cut a machine.

Each decision is an entry of the catalog with who decided and why, so that every machine folds alike.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from central.centre import Office
from central.trust import cut_before
from edge.web import presence
from edge.web.forms import LONGEST, Bare, paragraph, too_long
from edge.web.held import render
from edge.web.site import Entry, site
from schemas.entries import Admission, Duty, Role
from schemas.fold import Place

blueprint = Blueprint("trust", __name__, template_folder="../templates")
ADMITS: Final = Entry(6, "Tạm giữ", "held.page", ((Duty.DESK, Role.DESK_OFFICER),))
CUTS: Final = Entry(6, "Tạm giữ", "held.page", ((Duty.CATALOG, Role.ADMINISTRATOR),))


@blueprint.post("/held/<event>/admit")
def admit(event: str) -> ResponseReturnValue:
    """The desk lets one held act have its effect, with its reason."""
    presence.require(ADMITS)
    Bare.checked()
    acts, _ = site().node.register.kept_back()
    found = next((one for one in acts if one.line.hash == event and one.line.place is Place.HELD), None)
    if found is None:
        raise NotFound
    reason = paragraph(request.form.get("reason"))
    if found.line.by == presence.person().id:
        return render("", "Anh/chị là người ghi việc này nên không tự cho có hiệu lực được."), 403
    if not reason or len(reason) > LONGEST:
        return render(event, too_long() if reason else "Chưa ghi lý do cho có hiệu lực."), 422
    Office(site().node).define([Admission(event, reason)], by=presence.person().id)
    return redirect(url_for("held.page", admitted=1), 303)


@blueprint.post("/held/<node>/cut")
def cut(node: str) -> ResponseReturnValue:
    """An administrator cuts a machine before the number that it used twice."""
    presence.require(CUTS)
    Bare.checked()
    fork = next((one for one in site().node.register.forks() if one.node == node), None)
    if fork is None or request.form.get("before") != str(fork.seq):
        raise NotFound
    cut_before(site().node, fork, by=presence.person().id)
    return redirect(url_for("held.page", cut=node), 303)
