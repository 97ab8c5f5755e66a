"""Signing in and locking."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, PasswordField, RadioField
from wtforms.validators import InputRequired, StopValidation

from edge.drafts import Draft
from edge.errors import WrongPassword, WrongPin, WrongSecret
from edge.web import drafting, presence, words
from edge.web.forms import Bare, Choice, Form
from edge.web.limits import SIGN_IN, limited
from edge.web.site import site
from edge.web.trouble import Trouble
from edge.web.uploads import make_room
from schemas.entries import Person
from schemas.errors import Because, NotAllowed

blueprint = Blueprint("sign_in", __name__)

_OPEN: Final = frozenset(
    {
        "static",
        "sign_in.page",
        "sign_in.enter",
        "sign_in.password_page",
        "sign_in.enter_by_password",
        "sign_in.unlock",
        "status_line.fragment",
    }
)
"""Endpoints that show no dossier."""
SECRET: Final = frozenset(
    {"pin", "second_pin", "password", "current", "new", "again", "csrf_token", "person", "next"}
    | {"typed_by", "draft"}
)
"""Fields that are never kept for later."""
_RECEIVING: Final = ("counter.receive", "afterwards.enter", "again.enter")
_OF_AGENCIES: Final = frozenset(
    {"workplace", "dossier", "account", "sign_in", "keys", "status_line", "verifying", "slip", "exchange"}
)
"""The parts of the site that people who sit at an agency need; of dossiers they see those that are with it."""
_OWED: Final = {"pin": "account.pin_page", "password": "account.password_page"}
_WHILE_OWING: Final = frozenset(
    {
        "account.pin_page",
        "account.set_pin",
        "account.password_page",
        "account.change_password",
        "account.sign_out",
        "sign_in.lock",
    }
)


class SignIn(Form):
    """Who, and the PIN of this machine; the hour is asked only while something speaks against the clock."""

    person = RadioField("Anh/chị là ai", choices=[], validators=[InputRequired("Chưa chọn tên của mình.")])
    pin = PasswordField("Mã PIN", validators=[InputRequired("Chưa gõ mã PIN.")])
    next = HiddenField()
    hour = RadioField(
        "Ngày giờ trên có đúng với lịch và đồng hồ trên tường không?",
        choices=[Choice("right", "Đúng"), Choice("wrong", "Không đúng, hoặc không biết chắc")],
        validate_choice=False,
    )

    def validate_hour(self, field: RadioField) -> None:
        """Asked only while something speaks against the clock; every answer lets in."""
        if site().node.hour.doubt() is not None and field.data not in ("right", "wrong"):
            raise StopValidation("Chưa trả lời ngày giờ của máy có đúng không.")


class PasswordSignIn(SignIn):
    """The same by password, at a machine where the person has no PIN yet."""

    pin = None
    password = PasswordField("Mật khẩu", validators=[InputRequired("Chưa gõ mật khẩu.")])


@blueprint.before_app_request
def ask_who_is_there() -> ResponseReturnValue | None:
    """Nothing but the sign-in page for nobody; from there back to where somebody was."""
    presence.arrive()
    if g.screen is not None:
        make_room()
    if request.endpoint is None or request.endpoint in _OPEN or request.endpoint in site().open:
        return None
    if g.person is not None:
        return _let(g.person)
    if request.headers.get("HX-Request"):
        return "", 204
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("sign_in.page", next=request.full_path.rstrip("?")))
    kept = _keep(request.form.get("typed_by") or presence.locked_for())
    return sign_in_page(next_url=request.path, kept=kept), 401


def _let(person: Person) -> ResponseReturnValue | None:
    """What stands before the page for somebody who is signed in; None where nothing does."""
    typed_by = request.form.get("typed_by", person.id)
    if typed_by != person.id:
        return _somebody_elses(typed_by)
    if person.agency and request.blueprint not in _OF_AGENCIES and request.endpoint != "home":
        raise NotAllowed(Because.AGENCY, "a page of the centre's own people")
    owed = _OWED.get(presence.screen().owes)
    if owed is not None and request.endpoint not in _WHILE_OWING:
        return redirect(url_for(owed), 303)
    if not presence.is_polled():
        presence.touch()
    return None


def _somebody_elses(typed_by: str) -> ResponseReturnValue:
    """A form that one person filled in is not sent by another; it is kept for the one who did."""
    kept = _keep(typed_by)
    name = site().name(typed_by)
    trouble = Trouble(
        f"Trang này do {name} mở và nhập. Chưa có gì được ghi.",
        f"Nội dung được giữ riêng cho {name}." if kept else "Máy không gửi thay người khác.",
        f"Mời {name} vào máy để gửi tiếp; hoặc mở trang mới bằng tên của anh/chị.",
        409,
    )
    return render_template("trouble.html", trouble=trouble, signed_in=g.person), 409


def _keep(owner: str | None) -> bool:
    """Keep what was typed for the person who typed it; whether there was anything.

    Another site must not put words into a form that is sent on after signing in, and who has never been signed in
    in this browser writes nothing into this machine.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in SECRET]
    # files are not kept, only that there were some: the page asks for them again
    fields += [(name, sent.filename) for name, sent in request.files.items(multi=True) if sent.filename]
    known = owner is not None and site().view.person(owner) is not None
    if g.screen is None or not known or owner is None or not any(value for _, value in fields):
        return False
    site().node.drafts.keep(owner, _page_of_draft(), fields)
    return True


def _page_of_draft() -> str:
    """A reception has its own draft, which was begun while it was typed."""
    stream, sent = request.form.get("stream", ""), request.endpoint or ""
    page = sent.partition(".")[0] if sent in _RECEIVING else ""
    return f"{drafting.PAGES[page]}{stream}" if page and stream else request.path


@blueprint.after_app_request
def forget_what_was_sent(response: Response) -> Response:
    """A draft that was sent, and done, is a draft no longer."""
    done = (
        request.method == "POST" and response.status_code == 303
    )  # a form that was too large cannot be read
    draft = request.form.get("draft") if done else None
    if done and getattr(g, "person", None) is not None:
        if draft:
            site().node.drafts.drop(g.person.id, draft)
        if request.view_args and "stream" in request.view_args:
            site().node.drafts.forget(g.person.id, request.path)
    return response


@blueprint.get("/sign-in")
def page() -> ResponseReturnValue:
    """Everybody of this machine to choose from; who locked it, or was here last, is chosen."""
    return sign_in_page(next_url=request.args.get("next", ""))


@blueprint.get("/sign-in/password")
def password_page() -> ResponseReturnValue:
    """For whoever has no PIN at this machine yet, or has forgotten it."""
    form = _form(PasswordSignIn, formdata=None)
    form.person.data = presence.last()
    form.next.data = request.args.get("next", "")
    return _password_page(form)


def sign_in_page(*, next_url: str, kept: bool = False, form: SignIn | None = None) -> str:
    """`kept`: what was typed before the lock is safe, and the page says so."""
    if form is None:
        form = _form(SignIn, formdata=None)
        form.person.data = presence.locked_for() or presence.last()
        form.next.data = next_url
    return render_template(
        "sign_in.html", form=form, kept=kept, pins=_shown_pins(), doubtful=site().node.hour.doubt()
    )


def _password_page(form: SignIn) -> str:
    return render_template("sign_in_password.html", form=form, doubtful=site().node.hour.doubt())


@blueprint.post("/sign-in")
@limited(SIGN_IN)
def enter() -> ResponseReturnValue:
    """By PIN, to the page that was wanted. 422 for a wrong one, with how long to wait; guesses are limited."""
    form = _form(SignIn)
    if not form.validate_on_submit() or not _pin_is_right(form):
        return sign_in_page(next_url="", form=form), 422
    return _enter(form, how="pin")


@blueprint.post("/sign-in/password")
@limited(SIGN_IN)
def enter_by_password() -> ResponseReturnValue:
    """With the password, somebody sets a PIN of their own; with one that was handed out, first another password."""
    form = _form(PasswordSignIn)
    if not form.validate_on_submit() or not _password_is_right(form):
        return _password_page(form), 422
    here, name = site(), form.person.data
    password = here.view.password(name)
    owes = "password" if password and password.temporary else ""
    return _enter(form, how="password", owes=owes or ("" if here.node.people.has_pin(name) else "pin"))


def _enter(form: SignIn, *, how: str, owes: str = "") -> ResponseReturnValue:
    name = form.person.data
    if site().node.hour.doubt() is not None:
        site().node.hour.confirm(name, right=form.hour.data == "right")
    presence.enter(name, how=how, owes=owes)
    target = local(form.next.data)
    waiting = next((one for one in site().node.drafts.of(name) if _was_sent(one, target)), None)
    if waiting is not None and not owes:
        return redirect(url_for("account.draft", draft=waiting.id), 303)
    return redirect(target, 303)


def _was_sent(draft: Draft, target: str) -> bool:
    """Whether somebody pressed a button of the page that they go on to, and it was kept instead."""
    if draft.page:  # kept as it was typed; the page itself offers it
        return False
    begun = draft.path.startswith(f"{target}/") and ("act", "save") in draft.fields
    return begun or draft.path == target


@blueprint.post("/unlock")
@limited(SIGN_IN)
def unlock() -> ResponseReturnValue:
    """Take the cover off an idle screen: the same person, the page beneath untouched."""
    form = _form(SignIn)
    who = presence.locked_for()
    if who is None or form.person.data != who:
        return "", 204, {"HX-Redirect": url_for("sign_in.page")}
    if not form.validate_on_submit() or not _pin_is_right(form):
        return render_template("cover.html", form=form, who=_named(who)), 200
    if site().node.hour.doubt() is not None:
        site().node.hour.confirm(who, right=form.hour.data == "right")
    site().node.sessions.unlock(g.screen)
    return render_template("cover.html", form=None, who=None)


@blueprint.post("/lock")
def lock() -> ResponseReturnValue:
    """Lock the screen: the same person goes on with the PIN alone, and nothing typed is lost."""
    Bare.checked()
    presence.lock()
    return redirect(url_for("sign_in.page"), 303)


def cover() -> str:
    """What hides an idle page: who may take it off, by their PIN; empty where nobody was signed in."""
    who = presence.locked_for()
    if who is None:
        return ""
    form = _form(SignIn, formdata=None)
    form.person.data = who
    return render_template("cover.html", form=form, who=_named(who))


def local(url: str | None) -> str:
    """Where to go after signing in: a page of ours, never another site."""
    if url and url.startswith("/") and not url.startswith(("//", "/\\")) and url.isprintable():
        return url
    return url_for("home")


def _form(kind: type[SignIn], **arguments: object) -> SignIn:
    form = kind(**arguments)
    form.person.choices = [Choice(person.id, person.name) for person in site().staff()]
    return form


def _pin_is_right(form: SignIn) -> bool:
    try:
        site().node.people.check_pin(form.person.data, form.pin.data)
    except WrongPin as why:
        form.pin.errors = [wrong(why)]
        return False
    return True


def _password_is_right(form: SignIn) -> bool:
    try:
        site().node.people.check_password(form.person.data, form.password.data)
    except WrongPassword as why:
        form.password.errors = [wrong(why)]
        return False
    return True


def wrong(why: WrongSecret) -> str:
    """What was wrong, and how long to wait, as a sentence in Vietnamese."""
    what = "Mật khẩu" if isinstance(why, WrongPassword) else "Mã PIN"
    wait = f" Chờ {words.age_s(why.wait_s)} rồi gõ lại." if why.wait_s else f" Gõ lại {what.lower()}."
    return f"{what} chưa đúng.{wait}".replace("mã pin", "mã PIN")


def _named(who: str) -> Person | None:
    return site().view.person(who)


def _shown_pins() -> dict[str, str] | None:
    """In a demo everybody's PIN stands on the page; anywhere else it is None."""
    demo = site().node.settings.demo
    return dict(demo.pins) if demo else None
