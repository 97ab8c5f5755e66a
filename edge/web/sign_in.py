"""Signing in and locking."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, PasswordField, RadioField
from wtforms.validators import InputRequired

from edge.errors import WrongPin
from edge.web import presence, words
from edge.web.forms import Bare, Choice, Form
from edge.web.site import site
from schemas.catalog import Person

blueprint = Blueprint("sign_in", __name__)

KEPT: Final = "kept-"
"""Prefix of the fields that a sign-in carries through for the form that was interrupted."""


_OPEN: Final = frozenset(
    {"static", "sign_in.page", "sign_in.enter", "sign_in.unlock", "status_line.fragment"}
)
"""Endpoints that show no dossier."""
_SECRET: Final = frozenset({"pin", "csrf_token", "person", "next"})


class SignIn(Form):
    person = RadioField("Anh/chị là ai", choices=[], validators=[InputRequired("Chưa chọn tên của mình.")])
    pin = PasswordField("Mã PIN", validators=[InputRequired("Chưa gõ mã PIN.")])
    next = HiddenField()


@blueprint.before_app_request
def ask_who_is_there() -> ResponseReturnValue | None:
    """Nothing but the sign-in page for nobody; from there back to where somebody was."""
    g.person = presence.signed_in()
    if request.endpoint in _OPEN or request.endpoint is None:
        return None
    if g.person is not None:
        if not presence.is_polled():
            presence.touch()
        return None
    if request.headers.get("HX-Request"):
        return "", 204
    if request.method == "GET":
        return redirect(url_for("sign_in.page", next=request.full_path.rstrip("?")))
    return sign_in_page(next_url=request.path, kept=_kept_fields()), 401


def _kept_fields() -> list[tuple[str, str]]:
    """What was typed when the screen locked, but for secrets.

    Another site must not put words into a form that is sent on after signing in.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return []
    return [(name, value) for name, value in request.form.items(multi=True) if name not in _SECRET]


@blueprint.get("/sign-in")
def page() -> ResponseReturnValue:
    return sign_in_page(next_url=request.args.get("next", ""))


def sign_in_page(
    *, next_url: str, kept: list[tuple[str, str]] | None = None, form: SignIn | None = None
) -> str:
    if form is None:
        form = _form(formdata=None)
        form.person.data = session.get("last")
        form.next.data = next_url
    return render_template("sign_in.html", form=form, kept=kept or [], pins=_shown_pins(), kept_prefix=KEPT)


@blueprint.post("/sign-in")
def enter() -> ResponseReturnValue:
    form = _form()
    kept = [(n.removeprefix(KEPT), v) for n, v in request.form.items(multi=True) if n.startswith(KEPT)]
    if not form.validate_on_submit() or not _pin_is_right(form):
        return sign_in_page(next_url="", kept=kept, form=form), 422
    presence.enter(form.person.data)
    session["last"] = form.person.data
    target = local(form.next.data)
    if kept:
        return render_template("resume.html", url=target, kept=kept)
    return redirect(target, 303)


@blueprint.post("/unlock")
def unlock() -> ResponseReturnValue:
    """Take the cover off an idle screen: the same person, the page beneath untouched."""
    form = _form()
    who = session.get("person")
    if who is None or form.person.data != who:
        return "", 204, {"HX-Redirect": url_for("sign_in.page")}
    if not form.validate_on_submit() or not _pin_is_right(form):
        return render_template("cover.html", form=form, who=_named(who)), 200
    presence.touch()
    return render_template("cover.html", form=None, who=None)


@blueprint.post("/lock")
def lock() -> ResponseReturnValue:
    Bare.checked()
    presence.leave()
    return redirect(url_for("sign_in.page"), 303)


def cover() -> str:
    """What hides an idle page: who may take it off, by their PIN; empty where nobody was signed in."""
    who = session.get("person")
    if who is None or presence.signed_in() is not None:
        return ""
    form = _form(formdata=None)
    form.person.data = who
    return render_template("cover.html", form=form, who=_named(who))


def local(url: str | None) -> str:
    """Where to go after signing in: a page of ours, never another site."""
    if url and url.startswith("/") and not url.startswith(("//", "/\\")):
        return url
    return url_for("home")


def _form(**arguments: object) -> SignIn:
    form = SignIn(**arguments)
    form.person.choices = [Choice(person.id, person.name) for person in site().staff()]
    return form


def _pin_is_right(form: SignIn) -> bool:
    try:
        site().node.people.check_pin(form.person.data, form.pin.data)
    except WrongPin as why:
        wait = f" Chờ {words.age_s(why.wait_s)} rồi gõ lại." if why.wait_s else " Gõ lại mã PIN."
        form.pin.errors = [f"Mã PIN chưa đúng.{wait}"]
        return False
    return True


def _named(who: str) -> Person | None:
    return site().view.person(who)


def _shown_pins() -> dict[str, str] | None:
    """In a demo everybody's PIN stands on the page; anywhere else it is None."""
    demo = site().node.settings.demo
    return dict(demo.pins) if demo else None
