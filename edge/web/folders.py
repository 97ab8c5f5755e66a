"""Taking a folder over by the code on its slip, from any page; and folders that are here before their dossiers."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.slip_check import Checked, Verdict, check_slip
from edge.web import presence
from edge.web.errors import page as trouble_page
from edge.web.forms import Bare
from edge.web.language import say, tell
from edge.web.scanned import streams_of
from edge.web.site import COUNTER, ROOM, site
from edge.web.slip import LONGEST, said_of
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.numbers import looks_like_a_number
from schemas.spelling import composed

blueprint = Blueprint("folders", __name__)

_NOTHING: Final = "Chưa ghi gì."


@blueprint.get("/folders")
def page() -> ResponseReturnValue:
    """The folders that wait for their dossiers."""
    presence.require(ROOM)
    return render_template(
        "folders.html",
        folders=site().node.folders.noted(),
        may_enter=site().may(presence.person(), COUNTER),
        noted=request.args.get("noted", ""),
    )


@blueprint.post("/folders")
def take() -> ResponseReturnValue:
    """`q`: the code of a slip, a whole number, or a ticket of today. What is here is taken over and opened; what is not
    yet here is noted. Asked twice, once done."""
    presence.require(ROOM)
    Bare.checked()
    typed = composed(request.form.get("q", ""))[:LONGEST]
    meant = streams_of(typed)
    if len(meant) > 1:
        return _several(typed)
    if meant:
        return _taken(meant[0])
    checked = check_slip(site().node, typed)
    if checked.verdict is Verdict.ELSEWHERE and checked.code is not None:
        return _noted(str(checked.code.number), typed)
    if checked.verdict is Verdict.UNREADABLE and looks_like_a_number(typed):
        return _noted(typed.upper(), "")
    return _unknown(checked, typed)


@blueprint.post("/folders/back")
def back() -> ResponseReturnValue:
    """The folder went back to where it came from: it waits here no more."""
    presence.require(ROOM)
    Bare.checked()
    site().node.folders.forget(request.form.get("number", ""))
    return redirect(url_for(".page"), 303)


def _taken(stream: str) -> ResponseReturnValue:
    try:
        site().node.folders.take(stream, by=presence.person().id)
    except Expected as why:
        return trouble_page(trouble_of(why, site().node.register.dossier(stream).status))
    return redirect(url_for("room.one", stream=stream, done="dossier.taken_over"), 303)


def _noted(number: str, code: str) -> ResponseReturnValue:
    site().node.folders.note(number, by=presence.person().id, code=code)
    return redirect(url_for(".page", noted=number), 303)


def _several(typed: str) -> ResponseReturnValue:
    what = say("{number} là số của nhiều hồ sơ hôm nay.", number=typed)
    return trouble_page(Trouble(what, _NOTHING, "Quét mã trên giấy hẹn trong từng bìa hồ sơ.", 409))


def _unknown(checked: Checked, typed: str) -> ResponseReturnValue:
    if checked.verdict is Verdict.UNREADABLE:
        what = tell("Không hiểu “{typed}”: không phải mã trên giấy, cũng không phải số hồ sơ.", typed=typed)
        return trouble_page(
            Trouble(what, _NOTHING, "Quét lại, hoặc gõ đủ số hồ sơ như in trên giấy hẹn.", 422)
        )
    said = said_of(checked)
    return trouble_page(Trouble(said.headline, _NOTHING, said.what, 409))
