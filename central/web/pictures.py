"""Hình con dấu, chữ ký: the pictures that results are printed with, from a day on, as they will look on paper.

An administrator proposes one, somebody else confirms it (`central.cataloguing.proposals`); until its first day the one
before is used. What was signed and sealed keeps what it was drawn with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from msgspec import structs
from werkzeug.exceptions import NotFound
from wtforms import StringField
from wtforms.validators import InputRequired

from central.cataloguing.proposals import propose, waiting_about
from central.web.cataloguing import ENTRY
from central.web.reference import EDITS
from edge.archive import Damaged
from edge.web import presence
from edge.web.days import Day
from edge.web.forms import Form, needed, text
from edge.web.language import say
from edge.web.site import site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.web.uploads import named_files, takes_files
from printing import pictures
from printing.errors import PrintError, UnfitPicture
from printing.pictures import LARGEST, Ink
from printing.result import Outcome
from schemas.entries import Agency, Person, Picture, Role, subject_of

blueprint = Blueprint("pictures", __name__, template_folder="../templates")
Holder = Agency | Person

WHY: Final = {
    "missing": "Chưa chọn tệp.",
    "long": "Tệp lớn quá 2 MB. Lưu lại nhỏ hơn.",
    "kind": "Tệp không phải PNG. Lưu lại thành PNG nền trong suốt rồi gửi.",
    "damaged": "Tệp hỏng. Mở lại, lưu lại rồi gửi.",
    "large": "Hình lớn quá 4.000 điểm mỗi chiều. Thu nhỏ rồi gửi.",
    "small": "Hình nhỏ quá, in ra sẽ vỡ nét: con dấu cần từ 340 điểm mỗi chiều, chữ ký từ 300 × 80 điểm. Quét lại nét hơn.",
    "ground": "Nền chưa trong suốt. Xoá nền trắng, lưu lại thành PNG nền trong suốt.",
    "empty": "Hình trống: không có nét nào.",
    "shape": "Con dấu không tròn. Cắt sát vành ngoài, bỏ chữ và nét ở ngoài dấu.",
}
"""What is wrong with a file; of a wrong colour there are two."""
COLOUR: Final = {
    Ink.SEAL: "Con dấu phải màu đỏ. Hình này màu khác, hoặc bên trong còn nền trắng.",
    Ink.HANDWRITING: "Chữ ký phải màu xanh. Hình này màu khác, hoặc còn nền trắng giữa các nét.",
}


class NewPicture(Form):
    """The first day of a picture, and by which decision; the file comes beside."""

    since = Day("Dùng từ ngày", validators=[InputRequired("Chưa ghi dùng từ ngày nào.")])
    reason = StringField("Lý do, căn cứ", filters=[text], validators=needed("Chưa ghi lý do, căn cứ."))


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose pictures: `now` is the file in use today, `coming` the one that takes its place."""

    what: str
    subject: str
    name: str
    title: str
    now: str
    coming: Picture | None


# ---- who has one


@blueprint.get("/reference/pictures")
def page() -> ResponseReturnValue:
    """Agencies that seal and people who sign, with the picture of today and the coming one."""
    presence.require(ENTRY)
    today = site().today()
    view = site().view
    sealing = [one for one in view.agencies() if one.exists(today) and (one.certificates or _has(one, today))]
    signing = [one for one in view.people() if one.has(Role.APPROVER, today) or _has(one, today)]
    return render_template(
        "pictures.html",
        agencies=[_shown(one, today) for one in sealing],
        people=[_shown(one, today) for one in signing],
    )


def _has(holder: Holder, today: date) -> bool:
    return bool(_now(holder, today)) or _coming(holder, today) is not None


def _now(holder: Holder, today: date) -> str:
    return holder.seal_on(today) if isinstance(holder, Agency) else holder.signature_on(today)


def _coming(holder: Holder, today: date) -> Picture | None:
    return holder.coming if holder.coming is not None and holder.coming.since > today else None


def _shown(holder: Holder, today: date) -> Shown:
    now, coming = _now(holder, today), _coming(holder, today)
    if isinstance(holder, Agency):
        return Shown("agency", holder.code, holder.name, holder.code, now, coming)
    return Shown("person", holder.id, holder.name, holder.title, now, coming)


# ---- one of them


@blueprint.get("/reference/pictures/<what>/<subject>")
def one(what: str, subject: str) -> ResponseReturnValue:
    """One holder's pictures, and the form for another. 404 for who is not in the catalog."""
    presence.require(ENTRY)
    form = NewPicture(formdata=None)
    form.since.data = site().today()
    return _one(_holder(what, subject), form)


@blueprint.post("/reference/pictures/<what>/<subject>")
@takes_files(LARGEST)
def change(what: str, subject: str) -> ResponseReturnValue:
    """Propose a picture from a day on."""
    presence.require(EDITS)
    holder, form, today = _holder(what, subject), NewPicture(), site().today()
    errors = [] if form.validate_on_submit() else form.error_list()
    if form.since.data and form.since.data < today:
        errors.append(("since", say("Chọn từ hôm nay, {day}, trở đi.", day=f"{today:%d/%m/%Y}")))
    content, wrong = _sent(Ink.SEAL if isinstance(holder, Agency) else Ink.HANDWRITING)
    if wrong:
        errors.append(("file", say(wrong)))
    if errors:
        return _one(holder, form, errors), 422
    node = site().node
    try:
        with node.file.write():  # the file, and that somebody proposes it
            said = _with(holder, Picture(node.archive.keep(content), form.since.data), today)
            number = 0
            if _now(said, form.since.data) != _now(holder, form.since.data):
                number = propose(
                    node,
                    [said],
                    title=f"{'Hình con dấu' if isinstance(said, Agency) else 'Hình chữ ký'}: {said.name}",
                    reason=form.reason.data,
                    by=presence.person().id,
                )
    except Expected as problem:
        trouble = trouble_of(problem)
        return _one(holder, form, trouble=trouble), trouble.status
    if not number:
        return _one(holder, form, [("file", say("Hình này đang dùng rồi."))]), 422
    return redirect(url_for("cataloguing.one", number=number, done="proposed"), 303)


def _with(holder: Holder, new: Picture, today: date) -> Holder:
    """What is used today is used until the new one begins; another one that was to come does not come."""
    if isinstance(holder, Agency):
        return structs.replace(holder, seal=holder.seal_on(today), next_seal=new)
    return structs.replace(holder, signature=holder.signature_on(today), next_signature=new)


def _sent(ink: Ink) -> tuple[bytes, str]:
    """The picture of the form as it is kept, or what is wrong with it."""
    sent = named_files("file", LARGEST)
    if not sent:
        return b"", WHY["missing"]
    (_, content), *_ = sent
    if len(content) > LARGEST:
        return b"", WHY["long"]
    try:
        return pictures.fit(content, ink), ""
    except UnfitPicture as why:
        return b"", COLOUR[ink] if why.why == "colour" else WHY[why.why]


def _holder(what: str, subject: str) -> Holder:
    view = site().view
    found: Holder | None = None
    if what == "agency":
        found = view.agency(subject)
    elif what == "person":
        found = view.person(subject)
    if found is None:
        raise NotFound
    return found


def _one(
    holder: Holder,
    form: NewPicture,
    errors: Sequence[tuple[str, str]] = (),
    trouble: Trouble | None = None,
) -> str:
    return render_template(
        "picture.html",
        one=_shown(holder, site().today()),
        waits=[number for number, said in _proposed(holder) if said.coming != holder.coming],
        edits=site().may(presence.person(), EDITS),
        form=form,
        errors=list(errors),
        trouble=trouble,
    )


# ---- as it is printed


@blueprint.get("/reference/pictures/<what>/<subject>/<file>.png")
def printed(what: str, subject: str, file: str) -> ResponseReturnValue:
    """The end of a sample result with a picture that the catalog says of somebody, or that somebody proposes."""
    presence.require(ENTRY)
    holder = _holder(what, subject)
    if not any(file in _files(said) for said in _said_of(holder)):
        raise NotFound
    here, today = site(), site().today()
    mine = _read(file)
    if mine is None:
        raise NotFound
    agency = holder if isinstance(holder, Agency) else _agency_of(holder, today)
    signer = holder if isinstance(holder, Person) else _signer_of(holder, today)
    seal = mine if isinstance(holder, Agency) else _read(agency.seal_on(today)) if agency else None
    signature = mine if isinstance(holder, Person) else _read(signer.signature_on(today)) if signer else None
    try:
        shown = pictures.on_paper(
            here.node.papers.forms.in_force(Outcome.APPROVED.value, today, here.view.number),
            agency=agency.name if agency else "",
            signer=signer.name if signer else "",
            capacity=(signer.capacity or signer.title.upper()) if signer else "",
            signature=signature,
            seal=seal,
        )
    except PrintError as why:
        raise NotFound from why
    return Response(shown, mimetype="image/png")


def _files(holder: Holder) -> set[str]:
    now = holder.seal if isinstance(holder, Agency) else holder.signature
    return {now, holder.coming.file} if holder.coming is not None else {now}


def _said_of(holder: Holder) -> Iterator[Holder]:
    """All that was ever published of somebody, and then what is proposed: that is read only where it is asked for."""
    yield holder
    yield from (entry for _, entry in site().view.versions(type(holder), subject_of(holder)))
    yield from (entry for _, entry in _proposed(holder))


def _proposed(holder: Holder) -> Iterator[tuple[int, Holder]]:
    """What waits to be confirmed about somebody, with the number of its proposal."""
    for number, entry in waiting_about(site().node, holder):
        if isinstance(entry, type(holder)):
            yield number, entry


def _read(file: str) -> bytes | None:
    try:
        return site().node.archive.read(file) if file else None
    except Damaged:
        return None


def _signer_of(agency: Agency, today: date) -> Person | None:
    """Somebody who signs: of that agency, if anybody is."""
    signing = [one for one in site().view.people() if one.has(Role.APPROVER, today)]
    return min(
        signing, key=lambda one: (one.agency != agency.code, not one.signature_on(today)), default=None
    )


def _agency_of(person: Person, today: date) -> Agency | None:
    """Theirs, or for somebody of the centre one that has a seal."""
    agencies = [one for one in site().view.agencies() if one.exists(today)]
    return min(agencies, key=lambda one: (one.code != person.agency, not one.seal_on(today)), default=None)
