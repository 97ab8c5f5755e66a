"""Finding a dossier by number, name without diacritics, phone or identity number."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.web import presence
from edge.web.site import COUNTER, site

blueprint = Blueprint("find", __name__)


@blueprint.get("/find")
def page() -> ResponseReturnValue:
    """One hit for a whole number opens at once; `part` asks for the list alone."""
    term = request.args.get("q", "").strip()
    register = site().node.register
    found = register.find(term)
    if len(found.rows) == 1 and found.rows[0].number.lower() == term.lower():
        return redirect(url_for("dossier.page", stream=found.rows[0].stream))
    template = "find_hits.html" if "part" in request.args else "find.html"
    return render_template(
        template, found=found, term=term, may_receive=site().may(presence.person(), COUNTER)
    )
