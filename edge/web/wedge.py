"""A scanner at any page, while nobody types anywhere: a citizen card opens a reception, a paper's code its dossier.

By POST: what is on a card belongs in no address. Whoever may not receive is told so, and nothing of the card is kept.
"""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from edge.web import citizen_card
from edge.web.errors import page as trouble_page
from edge.web.forms import LONGEST, Bare
from edge.web.presence import person
from edge.web.scanned import streams_of
from edge.web.site import COUNTER, site
from edge.web.trouble import Trouble

blueprint = Blueprint("wedge", __name__)


@blueprint.post("/scan")
def scan() -> ResponseReturnValue:
    """`identity` is what was scanned: by this name the reception takes it over, with the same request."""
    Bare.checked()
    code = request.form.get("identity", "")[:LONGEST].strip()
    if citizen_card.read(code) is not None and site().may(person(), COUNTER):
        return redirect(url_for("counter.receive"), 307)
    streams = streams_of(code)
    if len(streams) == 1:
        return redirect(url_for("dossier.page", stream=streams[0]), 303)
    return trouble_page(
        Trouble(
            "Mã vừa quét không mở được trang nào ở máy này.",
            "Chưa có gì được ghi; nội dung mã không được giữ.",
            "Quét lại, hoặc vào Tìm hồ sơ rồi quét vào ô tìm.",
            422,
        )
    )
