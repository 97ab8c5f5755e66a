"""Finding a dossier by number, name without diacritics, phone or identity number."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.web import presence
from edge.web.forms import Bare
from edge.web.site import COUNTER, site

blueprint = Blueprint("find", __name__)


@blueprint.get("/find")
def page() -> ResponseReturnValue:
    """The newest dossiers, and the question."""
    return _render("find.html", "")


@blueprint.post("/find")
def search() -> ResponseReturnValue:
    """One hit for a whole number opens at once; `part` asks for the list alone.

    By POST: a citizen's name and number belong in no address, which browsers remember and machines write down.
    """
    Bare.checked()
    term = request.form.get("q", "").strip()
    found = site().node.register.find(term)
    if "part" in request.args:
        return _render("find_hits.html", term)
    if len(found.rows) == 1 and found.rows[0].number.lower() == term.lower():
        return redirect(url_for("dossier.page", stream=found.rows[0].stream), 303)
    return _render("find.html", term)


def _render(template: str, term: str) -> str:
    return render_template(
        template,
        found=site().node.register.find(term),
        term=term,
        may_receive=site().may(presence.person(), COUNTER),
    )
