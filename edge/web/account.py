"""What belongs to the person at the screen: their PIN, password, sessions, and what they typed and have not sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, NotFound
from wtforms import BooleanField, PasswordField, RadioField
from wtforms.validators import EqualTo, InputRequired

from edge.drafts import Draft
from edge.errors import CentreOutOfReach, WeakSecret, WrongSecret
from edge.looks import Language, Looks, Size, Theme, keep_looks, looks_of
from edge.people import PASSWORD_LENGTH, PIN_DIGITS
from edge.web import drafting, presence, words
from edge.web.forms import Bare, Choice, Form
from edge.web.language import say
from edge.web.limits import SIGN_IN, limited
from edge.web.sign_in import SECRET, local, wrong
from edge.web.site import site
from edge.web.trouble import Trouble, trouble_of
from edge.web.viewing import shown_on

blueprint = Blueprint("account", __name__)

_WEAK: Final = {
    "digits": f"Mã PIN có {PIN_DIGITS[0]} đến {PIN_DIGITS[1]} chữ số. Gõ lại.",
    "length": f"Mật khẩu có {PASSWORD_LENGTH[0]} đến {PASSWORD_LENGTH[1]} ký tự. Gõ một câu dài dễ nhớ.",
    "simple": "Dễ đoán quá: đừng dùng dãy số liền nhau, số lặp lại, hoặc tên của mình. Chọn cái khác.",
}


class NewPin(Form):
    """A PIN for this machine, typed twice; the old one first, where there is one and nobody came by password."""

    current = PasswordField("Mã PIN đang dùng")
    new = PasswordField("Mã PIN mới", validators=[InputRequired("Chưa gõ mã PIN mới.")])
    again = PasswordField(
        "Gõ lại mã PIN mới", validators=[EqualTo("new", "Hai lần gõ chưa giống nhau. Gõ lại mã PIN mới.")]
    )


class NewPassword(Form):
    """A password for all machines, typed twice; central checks the old one."""

    current = PasswordField("Mật khẩu đang dùng", validators=[InputRequired("Chưa gõ mật khẩu đang dùng.")])
    new = PasswordField("Mật khẩu mới", validators=[InputRequired("Chưa gõ mật khẩu mới.")])
    again = PasswordField(
        "Gõ lại mật khẩu mới", validators=[EqualTo("new", "Hai lần gõ chưa giống nhau. Gõ lại mật khẩu mới.")]
    )


class Everywhere(Form):
    """End all of one's sessions, at all machines; the PINs too, where somebody may know one."""

    password = PasswordField("Mật khẩu", validators=[InputRequired("Chưa gõ mật khẩu.")])
    forget_pins = BooleanField("Bỏ cả mã PIN của tôi ở mọi máy (mã PIN có thể đã bị lộ)")


class Look(Form):
    """Light or dark, size of type, language: `edge.looks.Looks`."""

    theme = RadioField(
        "Nền", choices=[Choice(Theme.LIGHT, "Sáng"), Choice(Theme.DARK, "Tối")], default=Theme.LIGHT
    )
    size = RadioField(
        "Cỡ chữ",
        choices=[
            Choice(Size.NORMAL, "Thường"),
            Choice(Size.LARGE, "Lớn"),
            Choice(Size.LARGEST, "Rất lớn"),
        ],
        default=Size.NORMAL,
    )
    language = RadioField(
        "Ngôn ngữ",
        choices=[Choice(Language.VIETNAMESE, "Tiếng Việt"), Choice(Language.ENGLISH, "English")],
        default=Language.VIETNAMESE,
    )


class HourConfirmed(Form):
    """Whether the hour of this machine is right, said with the PIN once for the day (design §5)."""

    hour = RadioField(
        "Ngày giờ trên có đúng với lịch và đồng hồ trên tường không?",
        choices=[Choice("right", "Đúng"), Choice("wrong", "Không đúng, hoặc không biết chắc")],
        validators=[InputRequired("Chưa trả lời ngày giờ của máy có đúng không.")],
    )
    pin = PasswordField("Mã PIN", validators=[InputRequired("Chưa gõ mã PIN.")])


@blueprint.get("/me")
def page() -> ResponseReturnValue:
    """One's drafts, sessions, delegations, looks and secrets."""
    return _render()


def _render(form: Everywhere | None = None, trouble: Trouble | None = None) -> str:
    here, who = site(), presence.person()
    return render_template(
        "account.html",
        sessions=here.node.sessions.of(who.id),
        this=presence.screen().id,
        drafts=[(one, *_typed_for(one)) for one in here.node.drafts.of(who.id)],
        delegations=here.view.delegations(who.id, here.today()),
        form=form or Everywhere(formdata=None),
        errors=form.error_list() if form else [],
        trouble=trouble,
        done=request.args.get("done", ""),
        look=Look(formdata=None, data=msgspec.structs.asdict(looks_of(here.node.file, who.id))),
        has_password=here.view.password(who.id) is not None,
    )


# ---- PIN


@blueprint.get("/me/pin")
def pin_page() -> ResponseReturnValue:
    """Where a PIN is set, for this machine alone."""
    return _pin_page(NewPin(formdata=None))


def _pin_page(form: NewPin) -> str:
    return render_template(
        "pin.html", form=form, errors=form.error_list() if form.errors else [], asks_old=_asks_old_pin()
    )


def _asks_old_pin() -> bool:
    """Whoever has just signed in with their password has shown enough."""
    return presence.screen().how == "pin"


@blueprint.post("/me/pin")
@limited(SIGN_IN)
def set_pin() -> ResponseReturnValue:
    """422 where the old PIN is wrong or the new one too easy; guesses are limited."""
    form, people, who = NewPin(), site().node.people, presence.person()
    if not form.validate_on_submit():
        return _pin_page(form), 422
    try:
        if _asks_old_pin():
            people.check_pin(who.id, form.current.data or "")
        people.set_pin(who.id, form.new.data)
    except WrongSecret as why:
        form.current.errors = [wrong(why)]
        return _pin_page(form), 422
    except WeakSecret as why:
        form.new.errors = [_WEAK[why.why]]
        return _pin_page(form), 422
    if presence.screen().owes == "pin":
        site().node.sessions.paid(presence.screen())
        return redirect(url_for("home"), 303)
    return redirect(url_for(".page", done="pin"), 303)


# ---- password


@blueprint.get("/me/password")
def password_page() -> ResponseReturnValue:
    """Where the password is changed: central has to be in reach."""
    return _password_page(NewPassword(formdata=None))


def _password_page(form: NewPassword, trouble: Trouble | None = None) -> str:
    errors = form.error_list() if form.errors else []
    owed = presence.screen().owes == "password"
    return render_template("password.html", form=form, errors=errors, trouble=trouble, owed=owed)


@blueprint.post("/me/password")
@limited(SIGN_IN)
def change_password() -> ResponseReturnValue:
    """Only in contact with central: it checks the old one, and says the new one to every machine."""
    here, form, who = site(), NewPassword(), presence.person()
    if not form.validate_on_submit():
        return _password_page(form), 422
    try:
        verifier = here.node.people.verifier(who.id, form.new.data)
        here.office.change_password(who.id, form.current.data, verifier)
    except WeakSecret as why:
        form.new.errors = [_WEAK[why.why]]
        return _password_page(form), 422
    except WrongSecret as why:
        form.current.errors = [wrong(why)]
        return _password_page(form), 422
    except CentreOutOfReach as why:
        trouble = trouble_of(why)
        return _password_page(form, trouble), trouble.status
    here.node.sessions.end_all(who.id, but=presence.screen().id)
    if presence.screen().owes == "password":
        here.node.sessions.owe(presence.screen(), "" if here.node.people.has_pin(who.id) else "pin")
        return redirect(url_for("home"), 303)
    return redirect(url_for(".page", done="password"), 303)


# ---- signing out


@blueprint.post("/me/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session; what is typed and not sent stays as a draft."""
    Bare.checked()
    presence.leave()
    return redirect(url_for("sign_in.page"), 303)


@blueprint.post("/me/sign-out-here")
def sign_out_here() -> ResponseReturnValue:
    """Every other browser at this machine."""
    Bare.checked()
    site().node.sessions.end_all(presence.person().id, but=presence.screen().id)
    return redirect(url_for(".page", done="here"), 303)


@blueprint.post("/me/sign-out-everywhere")
@limited(SIGN_IN)
def sign_out_everywhere() -> ResponseReturnValue:
    """At every machine that hears of it. 422 for a wrong password; nothing where central is out of reach."""
    here, form, who = site(), Everywhere(), presence.person()
    if not form.validate_on_submit():
        return _render(form), 422
    try:
        here.office.sign_out(who.id, form.password.data, forget_pins=form.forget_pins.data)
    except WrongSecret as why:
        form.password.errors = [wrong(why)]
        return _render(form), 422
    except CentreOutOfReach as why:
        trouble = trouble_of(why)
        return _render(form, trouble), trouble.status
    here.node.sessions.end_all(who.id)
    return redirect(url_for("sign_in.page"), 303)


# ---- the hour


@blueprint.get("/me/hour")
def hour_page() -> ResponseReturnValue:
    """What the machine shows, to be compared with the calendar and the clock on the wall."""
    return _hour_page(HourConfirmed(formdata=None))


def _hour_page(form: HourConfirmed) -> str:
    hour = site().node.hour
    return render_template(
        "hour.html",
        form=form,
        errors=form.error_list() if form.errors else [],
        doubtful=hour.doubt(),
        confirmed=hour.confirmed,
        skew=hour.skew,
        skew_words=lambda skew: words.age_s(int(abs(skew).total_seconds())),
    )


@blueprint.post("/me/hour")
@limited(SIGN_IN)
def confirm_hour() -> ResponseReturnValue:
    """From now on acts say that the hour is sure, or unsure. 422 for a wrong PIN; guesses are limited."""
    form, here, who = HourConfirmed(), site(), presence.person()
    if not form.validate_on_submit():
        return _hour_page(form), 422
    try:
        here.node.people.check_pin(who.id, form.pin.data)
    except WrongSecret as why:
        form.pin.errors = [wrong(why)]
        return _hour_page(form), 422
    here.node.hour.confirm(who.id, right=form.hour.data == "right")
    return redirect(url_for(".page", done="hour"), 303)


# ---- what was typed and not sent


@blueprint.get("/me/drafts/<draft>")
def draft(draft: str) -> ResponseReturnValue:
    """Go on with one's own draft: a reception opens itself, any other page is named. 404 for somebody else's."""
    found = _mine(draft)
    if page := drafting.page_of(found.path):
        return redirect(url_for(f"{page}.page", draft=found.id))
    return render_template("resume.html", draft=found)


@blueprint.post("/me/drafts")
def keep_draft() -> ResponseReturnValue:
    """Keep what somebody is typing on a page of a dossier, as they type it."""
    Bare.checked()
    path = request.form.get("kept_for", "")
    if not _is_ours(path):
        raise NotFound
    typed = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in SECRET and name != "kept_for"
    ]
    site().node.drafts.keep(presence.person().id, path, typed)
    return f"Đã giữ bản nháp lúc {words.clock(site().now(), site().now())}, ở máy này."


def _is_ours(path: str) -> bool:
    """Whether a path takes a form about a dossier."""
    return "stream" in _taken(path)[1]


def _taken(path: str) -> tuple[str, Mapping[str, Any]]:
    """Who takes a form that is sent there, and the values in its path; of another version's path nobody."""
    try:
        return current_app.url_map.bind("").match(path, method="POST")
    except HTTPException:
        return "", {}


def _typed_for(draft: Draft) -> tuple[str, str]:
    """On which page somebody typed, in words, and the number of the dossier that it is about."""
    if page := drafting.page_of(draft.path):
        return say("Tiếp nhận hồ sơ") if page == "counter" else shown_on(page), ""
    endpoint, arguments = _taken(draft.path)
    row = site().node.register.row(arguments.get("stream", ""))
    return shown_on(endpoint) or draft.path, row.number if row is not None else ""


@blueprint.get("/me/drafts/<draft>/open")
def reopen(draft: str) -> ResponseReturnValue:
    """The page on which it was typed, which fills it in again; the name of a draft stays behind "#"."""
    page = local(_mine(draft).page)
    return redirect(f"{page}#draft={draft}", 303)


@blueprint.get("/me/drafts/<draft>/fields")
def draft_fields(draft: str) -> ResponseReturnValue:
    """As JSON: the page that a draft belongs to, and what was typed. 404 for somebody else's."""
    found = _mine(draft)
    return {"path": found.path, "fields": found.fields}


def drafts_here() -> list[Draft]:
    """What this person has typed for the page that is shown, and not sent."""
    if request.method != "GET" or "stream" not in (request.view_args or {}):
        return []
    mine = site().node.drafts.of(presence.person().id)
    return [one for one in mine if one.path == request.path or one.page == request.path]


@blueprint.post("/me/looks")
def looks() -> ResponseReturnValue:
    """Light or dark, how large; for this person, at this machine."""
    form = Look()
    if not form.validate_on_submit():
        return _render(), 422
    chosen = Looks(Theme(form.theme.data), Size(form.size.data), Language(form.language.data))
    keep_looks(site().node.file, presence.person().id, chosen)
    return redirect(url_for(".page", done="looks"), 303)


@blueprint.post("/me/drafts/<draft>/drop")
def drop_draft(draft: str) -> ResponseReturnValue:
    """Throw one's own draft away, for good. 404 for somebody else's."""
    Bare.checked()
    site().node.drafts.drop(presence.person().id, _mine(draft).id)
    return redirect(url_for(".page", done="dropped"), 303)


def _mine(draft: str) -> Draft:
    found = site().node.drafts.get(presence.person().id, draft)
    if found is None:
        raise NotFound
    return found
