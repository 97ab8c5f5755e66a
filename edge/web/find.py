"""Finding a dossier by number, name without diacritics, phone or identity number."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.streams import Found
from edge.web import presence
from edge.web.forms import Bare
from edge.web.site import COUNTER, site
from schemas.errors import Malformed
from schemas.numbers import looks_like_a_number
from schemas.slips import read

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
    term = _term()
    found = site().node.register.find(term)
    if "part" in request.args:
        return _render("find_hits.html", term)
    if len(found.rows) == 1 and found.rows[0].number.lower() == term.lower():
        return redirect(url_for("dossier.page", stream=found.rows[0].stream), 303)
    return _render("find.html", term)


@blueprint.post("/find/elsewhere")
def elsewhere() -> ResponseReturnValue:
    """A dossier that is not here, by its whole number, of central and of whoever is spoken to now."""
    Bare.checked()
    term, roads = _term(), site().roads
    if roads is None or not looks_like_a_number(term):
        return redirect(url_for("find.page"), 303)
    found = roads.streams.find(number=term)
    for stream in found.streams:
        if site().node.register.row(stream) is not None:
            return redirect(url_for("dossier.page", stream=stream), 303)
    return _render("find.html", term, asked=found)


def _term() -> str:
    """What was typed, or the number on the slip whose code was scanned."""
    typed = request.form.get("q", "").strip()
    try:
        return str(read(typed)[0].number)
    except Malformed:
        return typed


def _render(template: str, term: str, asked: Found | None = None) -> str:
    return render_template(
        template,
        asked=asked,
        may_ask=site().roads is not None and not site().node.is_centre and looks_like_a_number(term),
        found=site().node.register.find(term),
        term=term,
        may_receive=site().may(presence.person(), COUNTER),
    )
