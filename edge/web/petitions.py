"""Phản ánh, kiến nghị: anybody files one and reads its answer by its number; a supervisor answers and closes it."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from edge.ids import names_stream
from edge.petitions import ANSWERED, CLOSED, FILED, Spool, Waits
from edge.web import presence, second
from edge.web.forms import LONGEST, Bare, Choice, Form, check, needed, paragraph, text, too_long
from edge.web.limits import LOOK_UP, Limit, limited
from edge.web.site import PETITION, PETITIONS, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import BY_KIND, Party, PetitionStatus
from schemas.entries import Duty
from schemas.fold import Dossier
from schemas.identity import digits
from schemas.numbers import looks_like_a_number
from schemas.petitions import read_number, told_of

blueprint = Blueprint("petitions", __name__)
OPEN: Final = ("petitions.new", "petitions.file", "petitions.read")

FILING: Final = Limit("petition", 5, 0.5)
"""Nobody floods the supervisors; a family may have something to say one after the other."""


class Petition(Form):
    """Who files, how they can be reached (all but the name may be left out), and about what."""

    stream = HiddenField()
    name = StringField("Họ và tên", filters=[text], validators=needed("Chưa ghi họ tên người phản ánh."))
    phone = StringField(
        "Điện thoại",
        filters=[text],
        validators=[
            Optional(),
            check(lambda typed: len(digits(typed)) in (10, 11), "Điện thoại có 10 hoặc 11 chữ số."),
        ],
    )
    email = StringField(
        "Thư điện tử",
        filters=[text],
        validators=[Optional(), check(lambda typed: "@" in typed, "Thư điện tử có dấu @.")],
    )
    about = StringField(
        "Mã hồ sơ, nếu nói về một hồ sơ",
        filters=[text],
        validators=[Optional(), check(looks_like_a_number, "Mã hồ sơ chưa đúng: chép như trên giấy hẹn.")],
    )
    content = TextAreaField(
        "Nội dung phản ánh, kiến nghị",
        filters=[paragraph],
        validators=needed("Chưa ghi nội dung phản ánh, kiến nghị."),
    )

    def file(self, *, by: str = "", spool: Spool | None = None) -> str:
        """Record what was filled in; its number. Raises what `Expected` names."""
        petitions = site().node.petitions
        if not names_stream(self.stream.data):
            self.stream.data = petitions.new_stream()
        sender = Party(
            self.name.data,
            phone=digits(self.phone.data or ""),
            email=self.email.data or "",
        )
        about = (self.about.data or "").upper()
        return petitions.file(
            self.stream.data, sender=sender, text=self.content.data, about=about, by=by, spool=spool
        )


class Answering(Form):
    """The answer that whoever filed it will read."""

    answer = TextAreaField("Trả lời", filters=[paragraph], validators=needed("Chưa ghi nội dung trả lời."))


class Closing(Form):
    """Whether they were content, where somebody has asked; a note."""

    satisfied = RadioField(
        "Người phản ánh có hài lòng với trả lời không?",
        choices=[Choice("yes", "Hài lòng"), Choice("no", "Không hài lòng"), Choice("", "Chưa hỏi được")],
        validators=[InputRequired("Chưa chọn.")],
    )
    reason = TextAreaField(
        "Ghi chú", filters=[paragraph], validators=[Length(max=LONGEST, message=too_long())]
    )


# ---- for everybody


def takes_petitions() -> bool:
    """Whether this machine's card has the duty for it."""
    return any(duty in BY_KIND[FILED].duties for duty in site().card.duties)


@blueprint.before_request
def only_where_petitions_are_taken() -> None:
    """404 elsewhere."""
    if not takes_petitions() or not site().keeps_dossiers:
        abort(404)


@blueprint.get("/petition")
def new() -> str:
    """An empty form, for anybody."""
    return _page(_empty())


@blueprint.post("/petition")
@limited(FILING)
def file() -> ResponseReturnValue:
    """Sent twice, filed once: the page that was shown names its stream."""
    form = Petition()
    if not form.validate_on_submit():
        return _page(form, errors=form.error_list()), 422
    try:
        number = form.file(by=_who())
    except Expected as why:
        trouble = trouble_of(why)
        return _page(form, trouble=trouble), trouble.status
    return _page(_empty(), filed=site().node.petitions.row(form.stream.data), number=number)


@blueprint.post("/petition/answer")
@limited(LOOK_UP)
def read() -> ResponseReturnValue:
    """The answer, for whoever has the number; not who asked, nor what."""
    Bare.checked()
    typed = request.form.get("number", "")[:60].strip()
    row = site().node.petitions.by_number(read_number(typed)) if read_number(typed) else None
    if row is None:
        return _page(_empty(), asked=typed, unknown=True)
    return _page(
        _empty(), asked=row.number, row=row, answer=answer_of(site().node.petitions.petition(row.stream))
    )


@blueprint.post("/petition/paper")
def paper() -> ResponseReturnValue:
    """The number, with the answer once there is one, on paper: for whoever stands at the counter and asks for it."""
    Bare.checked()
    if not _takes_down():
        presence.require(PETITIONS)
    number = read_number(request.form.get("number", "")[:60])
    row = site().node.petitions.by_number(number) if number else None
    if row is None:
        raise NotFound
    print_petition(row.stream)
    return _page(_empty(), asked=row.number, printed=row.number)


def print_petition(stream: str) -> None:
    """Queue the paper of a petition that is here."""
    node, at = site().node, site().now()
    with node.file.write():
        told = told_of(node.petitions.petition(stream))
        if told is None:
            raise NotFound
        node.papers.spool_petition(told, at)
    site().spool_wake()


def answer_of(petition: Dossier) -> str:
    """The newest answer; empty while there is none."""
    done = petition.standing.newest.get(ANSWERED)
    return str(done.data.text) if done is not None and done.data is not None else ""


def _who() -> str:
    """Who writes down what somebody says at the counter; nobody, where they write themselves."""
    person, act = g.person, BY_KIND[FILED]
    return person.id if person and not person.roles_on(site().today()).isdisjoint(act.roles) else ""


def _takes_down() -> bool:
    """Whether somebody is signed in who may write down what people say."""
    return g.person is not None and site().may(g.person, PETITION)


def _empty() -> Petition:
    form = Petition(formdata=None)
    form.stream.data = site().node.petitions.new_stream()
    return form


def _page(form: Petition, **said: object) -> str:
    known: dict[str, object] = {"filed": None, "number": "", "asked": "", "unknown": False, "row": None}
    known |= {"answer": "", "errors": [], "trouble": None, "printed": ""}
    known["prints"] = _takes_down() or (g.person is not None and site().may(g.person, PETITIONS))
    return render_template("petition.html", form=form, **(known | said))


# ---- for supervisors


@blueprint.get("/petitions")
def page() -> str:
    """One list of petitions, a page at a time, and how many are late."""
    presence.require(PETITIONS)
    asked = request.args.get("list", "")
    waits = Waits(asked) if asked in {one.value for one in Waits} else Waits.OPEN
    count, late = site().node.petitions.to_answer()
    return render_template(
        "petitions.html",
        waits=waits,
        found=site().node.petitions.page(waits, after=request.args.get("after", "")),
        count=count,
        late=late,
        done=request.args.get("done", ""),
    )


@blueprint.get("/petitions/<stream>")
def one(stream: str) -> str:
    """One petition with its answer. 404."""
    presence.require(PETITIONS)
    return _one(stream)


@blueprint.post("/petitions/<stream>/answer")
def answer(stream: str) -> ResponseReturnValue:
    """Write the answer. 422 without words."""
    presence.require(PETITIONS)
    form = Answering()
    if not form.validate_on_submit():
        return _one(stream, answering=form, errors=form.error_list()), 422
    try:
        with_ = second.beside(ANSWERED)
        site().node.petitions.answer(stream, form.answer.data, by=presence.person().id, with_=with_)
    except Expected as why:
        trouble = trouble_of(why)
        return _one(stream, answering=form, trouble=trouble), trouble.status
    return redirect(url_for(".one", stream=stream, done="answered"), 303)


@blueprint.post("/petitions/<stream>/paper")
def paper_of(stream: str) -> ResponseReturnValue:
    """What the sender takes along, or is sent."""
    presence.require(PETITIONS)
    Bare.checked()
    print_petition(stream)
    return redirect(url_for(".one", stream=stream, done="printed"), 303)


@blueprint.post("/petitions/<stream>/close")
def close(stream: str) -> ResponseReturnValue:
    """Close it, with what its author thought of the answer. 422 where nothing was chosen."""
    presence.require(PETITIONS)
    form = Closing()
    if not form.validate_on_submit():
        return _one(stream, closing=form, errors=form.error_list()), 422
    satisfied = {"yes": True, "no": False}.get(form.satisfied.data)
    try:
        site().node.petitions.close(
            stream,
            satisfied=satisfied,
            reason=form.reason.data or "",
            by=presence.person().id,
            with_=second.beside(CLOSED),
        )
    except Expected as why:
        trouble = trouble_of(why)
        return _one(stream, closing=form, trouble=trouble), trouble.status
    return redirect(url_for(".page", done="closed"), 303)


def _one(
    stream: str,
    *,
    answering: Answering | None = None,
    closing: Closing | None = None,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    row, petition = site().node.petitions.row(stream), site().node.petitions.petition(stream)
    filed = petition.standing.newest.get(FILED)
    if row is None or filed is None or filed.data is None:
        raise NotFound
    site().node.views.looked(presence.person().id, stream, "petitions.one")
    newest = petition.standing.newest
    may = {
        kind: Duty.PETITION in site().card.duties and presence.is_ones(kind) for kind in (ANSWERED, CLOSED)
    }
    about = site().node.register.row(filed.data.about) if isinstance(filed.data.about, str) else None
    return render_template(
        "petition_one.html",
        row=row,
        filed=filed,
        about=about,
        answered=newest.get(ANSWERED),
        closed=newest.get(CLOSED),
        conflicts=petition.conflicts,
        answering=answering or Answering(formdata=None),
        closing=closing or Closing(formdata=None),
        may_answer=may[ANSWERED] and petition.petition is PetitionStatus.OPEN,
        may_close=may[CLOSED] and petition.petition is not PetitionStatus.CLOSED,
        second_answer=second.asked_for(ANSWERED),
        second_close=second.asked_for(CLOSED),
        errors=errors or [],
        trouble=trouble,
        done=request.args.get("done", ""),
    )
