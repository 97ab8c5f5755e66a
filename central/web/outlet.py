"""Liên thông: what waits to go out of the centre, and what the other side refused."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.outbox import DOSSIER, MAIL
from edge.web import presence
from edge.web.forms import Bare
from edge.web.site import Entry, site
from schemas.entries import Role

blueprint = Blueprint("outlet", __name__, template_folder="../templates")
ENTRY: Final = Entry(88, "Liên thông", "outlet.page", roles=(Role.ADMINISTRATOR, Role.SUPERVISOR))
KINDS: Final = {DOSSIER: "Hồ sơ gửi hệ thống liên thông", MAIL: "Thư báo cho người dân, quản trị"}


@blueprint.get("/outlet")
def page() -> str:
    presence.require(ENTRY)
    outbox, register = site().node.outbox, site().node.register
    troubled = outbox.troubled()
    settings = site().node.settings
    return render_template(
        "outlet.html",
        waiting=outbox.waiting(),
        troubled=[(row, register.row(row.stream) if row.stream else None) for row in troubled],
        kinds=KINDS,
        portals=settings.portals,
        to={
            DOSSIER: settings.exchange.url if settings.exchange else "",
            MAIL: settings.mail.host if settings.mail else "",
        },
        done=request.args.get("done", ""),
    )


@blueprint.post("/outlet/again")
def again() -> ResponseReturnValue:
    presence.require(ENTRY)
    Bare.checked()
    moved = site().node.outbox.again(request.form.get("key", ""))
    return redirect(url_for(".page", done="again" if moved else "gone"), 303)


@blueprint.post("/outlet/drop")
def drop() -> ResponseReturnValue:
    presence.require(ENTRY)
    Bare.checked()
    moved = site().node.outbox.drop(request.form.get("key", ""))
    return redirect(url_for(".page", done="dropped" if moved else "gone"), 303)
