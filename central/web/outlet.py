"""Liên thông: what waits to go out of the centre, and what the other side refused."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.outbox import DOSSIER, ISSUING, MAIL, SUMMARY, day_of_summary
from edge.register import Register
from edge.tables.centre import OutboxRow
from edge.web import presence
from edge.web.acts import agency_name
from edge.web.forms import Bare
from edge.web.language import say, tell
from edge.web.site import Entry, site
from schemas.entries import Role

blueprint = Blueprint("outlet", __name__, template_folder="../templates")
ENTRY: Final = Entry(88, "Liên thông", "outlet.page", roles=(Role.ADMINISTRATOR, Role.SUPERVISOR))
KINDS: Final = {
    DOSSIER: "Hồ sơ gửi hệ thống liên thông",
    MAIL: "Thư báo cho người dân, quản trị",
    ISSUING: "Biên lai chờ phát hành, huỷ, hoàn tiền",
    SUMMARY: "Bảng tổng hợp biên lai trong ngày",
}


@blueprint.get("/outlet")
def page() -> str:
    """How many messages wait, by kind; each that is in trouble, with its dossier and what was said."""
    presence.require(ENTRY)
    outbox, register = site().node.outbox, site().node.register
    troubled = outbox.troubled()
    settings = site().node.settings
    return render_template(
        "outlet.html",
        waiting=outbox.waiting(),
        troubled=[(row, _about(row, register)) for row in troubled],
        kinds=KINDS,
        portals=settings.portals,
        to={
            DOSSIER: settings.exchange.url if settings.exchange else "",
            ISSUING: settings.receipts.url if settings.receipts else "",
            SUMMARY: settings.receipts.url if settings.receipts else "",
            MAIL: settings.mail.host if settings.mail else "",
        },
        done=request.args.get("done", ""),
    )


def _about(one: OutboxRow, register: Register) -> tuple[str, str]:
    """What a row is about, in words, and the dossier's page ("": none)."""
    if one.kind == SUMMARY:
        day, agency = day_of_summary(one.key)
        return tell("{day}, {agency}", {"day": f"{day:%d/%m/%Y}"}, agency=agency_name(agency)), ""
    if not one.stream:
        return say("báo lỗi máy"), ""
    row = register.row(one.stream)
    return (row.number, row.stream) if row is not None else (say("chưa tiếp nhận"), "")


@blueprint.post("/outlet/again")
def again() -> ResponseReturnValue:
    """What was refused is due at once, as if never tried. Says `gone` where it was not refused any more."""
    presence.require(ENTRY)
    Bare.checked()
    moved = site().node.outbox.again(request.form.get("key", ""))
    return redirect(url_for(".page", done="again" if moved else "gone"), 303)


@blueprint.post("/outlet/drop")
def drop() -> ResponseReturnValue:
    """What was refused is given up, until its dossier changes. Says `gone` where it was not refused any more."""
    presence.require(ENTRY)
    Bare.checked()
    moved = site().node.outbox.drop(request.form.get("key", ""))
    return redirect(url_for(".page", done="dropped" if moved else "gone"), 303)
