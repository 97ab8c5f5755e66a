"""Nhân sự: who works here, in which roles from when to when, by which certificates and delegations.

Every change is an entry of the catalog: old acts are judged by what was in force then. Who may do what needs two persons
(`central.cataloguing.proposals`); what only takes something away (a certificate, a delegation, open sessions) takes effect
at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, StopValidation

from central import staffing
from central.cataloguing.labels import name_of
from central.cataloguing.proposals import Report, propose
from central.centre import Office
from central.errors import UnreadableCatalog
from central.staff_import import (
    FORMS,
    RowProblem,
    Wrong,
    changed_delegations,
    changed_people,
    check_id,
    check_overlap,
    delegation_of,
    ended_on,
    grant_of,
    read_delegations,
    read_staff,
)
from central.web.certificates import certificates_of
from edge.errors import WrongPassword
from edge.office import CHANGE, SIGN_OUT, Ask, Problem
from edge.web import presence, words
from edge.web.days import Day
from edge.web.forms import Bare, Choice, Form, needed, text
from edge.web.language import tell
from edge.web.limits import SIGN_IN, limited
from edge.web.site import Entry, site
from edge.web.trouble import Trouble, trouble_of
from edge.web.uploads import BadUpload, Kind, upload
from schemas.canonical import from_base64
from schemas.entries import Delegation, Duty, Grant, Person, Revocation, Role
from schemas.events import timestamp
from schemas.seals import fingerprint
from schemas.spelling import words as plain_words

blueprint = Blueprint("staff", __name__, template_folder="../templates")
ENTRY: Final = Entry(55, "Nhân sự", "staff.page", ((Duty.CATALOG, Role.ADMINISTRATOR),))
SPARE: Final = 2
"""Empty rows for new roles."""
_ROLES: Final = [Choice("", "–"), *(Choice(role.value, words.ROLES[role]) for role in Role)]


class PersonForm(Form):
    """A person as the catalog has them; roles are typed as rows beside it, certificates come as files."""

    id = StringField("Mã người (đăng nhập)", filters=[text])
    name = StringField("Họ và tên", filters=[text], validators=needed("Chưa ghi họ và tên."))
    title = StringField("Chức danh", filters=[text], validators=needed("Chưa ghi chức danh."))
    capacity = StringField("Cách ghi khi ký (ví dụ TUQ. GIÁM ĐỐC)", filters=[text])
    agency = SelectField("Làm việc ở", choices=[], validate_choice=False)
    ground = StringField("Lý do, căn cứ", filters=[text], validators=needed("Chưa ghi lý do, căn cứ."))

    def validate_agency(self, field: SelectField) -> None:
        """Empty is the centre itself; an agency may be one that exists no longer."""
        if field.data and site().view.agency(field.data) is None:
            raise StopValidation("Không có cơ quan này trong danh mục.")


class DelegationForm(Form):
    """A written delegation: who lets whom sign what, by which paper, from the first day to the end of the
    last.
    """

    id = StringField("Số văn bản", filters=[text], validators=needed("Chưa ghi số văn bản."))
    form = SelectField("Hình thức", choices=[Choice(one, f"{one}.") for one in FORMS])
    delegator = StringField(
        "Ai giao: chức vụ", filters=[text], validators=needed("Chưa ghi ai giao, ví dụ Giám đốc Sở.")
    )
    delegate = SelectField("Giao cho ai", choices=[])
    decision = StringField(
        "Văn bản: loại, ngày, cơ quan, nội dung",
        filters=[text],
        validators=needed("Chưa ghi văn bản: loại, ngày, cơ quan, nội dung."),
    )
    since = Day("Từ ngày", validators=[InputRequired("Chưa ghi từ ngày nào.")])
    until = Day("Đến hết ngày", validators=[InputRequired("Chưa ghi đến hết ngày nào.")])
    procedures = StringField("Chỉ các thủ tục (mã, cách nhau bằng dấu phẩy; trống là mọi thủ tục)")


class Reason(Form):
    """Why something is taken away; it takes effect at once and stands in the catalog."""

    reason = StringField("Lý do", filters=[text], validators=needed("Chưa ghi lý do."))
    forget_pins = BooleanField("Bỏ cả mã PIN ở mọi máy")


@dataclass(frozen=True, slots=True)
class RoleRow:
    """One row of the table of roles, as typed."""

    role: str
    since: str
    until: str


# ---- the list


@blueprint.get("/staff")
def page() -> ResponseReturnValue:
    """Everybody of the catalog, with roles of today, passwords and delegations."""
    presence.require(ENTRY)
    return _list()


@blueprint.post("/staff")
def search() -> ResponseReturnValue:
    """By the beginnings of words of name, title and id; what is typed never stands in an address."""
    presence.require(ENTRY)
    Bare.checked()
    return _list(text(request.form.get("q")))


def _list(term: str = "") -> str:
    here = site()
    everybody = here.view.people()
    wanted = plain_words(term)
    found = [one for one in everybody if _matches(one, wanted)]
    today = here.today()
    return render_template(
        "staff.html",
        people=found,
        total=len(everybody),
        at_work=sum(1 for one in everybody if one.roles_on(today)),
        term=term,
        today=today,
        passwords={one.id: here.view.password(one.id) for one in found},
        delegations={one.id: here.view.delegations(one.id, today) for one in found},
        done=request.args.get("done", ""),
    )


def _matches(person: Person, wanted: list[str]) -> bool:
    pool = plain_words(f"{person.name} {person.title} {person.id}")
    return all(any(word.startswith(want) for word in pool) for want in wanted)


# ---- one person


@blueprint.get("/staff/new")
def new() -> ResponseReturnValue:
    """An empty form for somebody whom the catalog does not have."""
    presence.require(ENTRY)
    return _person_page(None, PersonForm(formdata=None))


@blueprint.get("/staff/<person>")
def one(person: str) -> ResponseReturnValue:
    """One person: roles, certificates, delegations, sessions. 404 for who is not in the catalog."""
    presence.require(ENTRY)
    known = _known(person)
    return _person_page(known, _filled(known))


@blueprint.post("/staff/new")
def add() -> ResponseReturnValue:
    """Propose a new person. 422 with all mistakes, typed words kept."""
    return _save(None)


@blueprint.post("/staff/<person>")
def change(person: str) -> ResponseReturnValue:
    """Propose other roles or titles. 422 with all mistakes, typed words kept."""
    presence.require(ENTRY)
    return _save(_known(person))


def _save(known: Person | None) -> ResponseReturnValue:
    presence.require(ENTRY)
    form, rows = PersonForm(), _typed_rows()
    right = form.validate_on_submit()
    wrong = []
    name = known.id if known else form.id.data
    try:
        check_id(name)
        if known is None and site().view.person(name) is not None:
            raise Wrong("mã này đã có người dùng; mã người không dùng lại")
    except Wrong as why:
        wrong.append(("id", _sentence(why)))
    grants: list[Grant] = []
    for place, row in enumerate(rows):
        if not (row.role or row.since or row.until):
            continue
        try:
            grant = grant_of(row.role, row.since, row.until)
            check_overlap([*grants, grant])
            grants.append(grant)
        except Wrong as why:
            wrong.append((f"role-{place}", _sentence(why)))
    if not right or wrong:
        return _person_page(known, form, rows=rows, errors=[*form.error_list(), *wrong]), 422
    said = msgspec.structs.replace(
        known or Person(name, "", "", ()),
        name=form.name.data,
        title=form.title.data,
        roles=tuple(grants),
        capacity=form.capacity.data,
        agency=form.agency.data or "",
    )
    if said == known:
        return redirect(url_for(".one", person=name), 303)
    return _proposed([said], name_of(said), form.ground.data)


def _proposed(
    entries: Sequence[Person | Delegation], title: str, reason: str, report: Report | None = None
) -> ResponseReturnValue:
    """Who works here, and as what, needs two: somebody else confirms it."""
    by = presence.person().id
    number = propose(site().node, entries, title=title, reason=reason, by=by, report=report)
    return redirect(url_for("cataloguing.one", number=number, done="proposed"), 303)


def _typed_rows() -> list[RoleRow]:
    rows: list[RoleRow] = []
    while (role := request.form.get(f"role-{len(rows)}")) is not None and len(rows) < 50:
        place = len(rows)
        since, until = request.form.get(f"since-{place}", ""), request.form.get(f"until-{place}", "")
        rows.append(RoleRow(role, since.strip(), until.strip()))
    return rows


def _filled(known: Person) -> PersonForm:
    form = PersonForm(formdata=None)
    form.id.data, form.name.data, form.title.data = known.id, known.name, known.title
    form.capacity.data = known.capacity
    form.agency.data = known.agency
    return form


def _person_page(
    known: Person | None,
    form: PersonForm,
    *,
    rows: Sequence[RoleRow] | None = None,
    errors: Sequence[tuple[str, str]] = (),
    trouble: Trouble | None = None,
    reason: Reason | None = None,
    told: str = "",
) -> str:
    if rows is None:
        rows = [_row(grant) for grant in known.roles] if known else []
    form.agency.choices = _places(known)
    blank = max(0, SPARE - sum(1 for row in rows if not row.role))
    here = site()
    return render_template(
        "person.html",
        known=known,
        form=form,
        rows=[*rows, *[RoleRow("", "", "")] * blank],
        roles=_ROLES,
        errors=list(errors) + (reason.error_list() if reason and reason.errors else []),
        trouble=trouble,
        reason=reason or Reason(formdata=None),
        certificates=certificates_of(known) if known else [],
        password=here.view.password(known.id) if known else None,
        delegations=[one for one in here.view.all_delegations() if known and one.delegate == known.id],
        told=told,
        done=request.args.get("done", ""),
    )


def _places(known: Person | None) -> list[Choice]:
    """The centre, or an agency that exists; and the one that is written down already."""
    today = site().today()
    agencies = [
        one for one in site().view.agencies() if one.exists(today) or (known and known.agency == one.code)
    ]
    return [Choice("", "Trung tâm"), *(Choice(one.code, one.name) for one in agencies)]


def _row(grant: Grant) -> RoleRow:
    until = "" if grant.until is msgspec.UNSET else words.day(grant.until)
    return RoleRow(grant.role.value, words.day(grant.since), until)


# ---- certificates, passwords, signing out


@blueprint.post("/staff/<person>/certificate")
def add_certificate(person: str) -> ResponseReturnValue:
    """Propose a certificate from a file (PEM or DER). 422 where it is none, ended, or somebody else's."""
    presence.require(ENTRY)
    Bare.checked()
    known = _known(person)
    try:
        content = upload("certificate", Kind.CERTIFICATE)
        added = staffing.read_certificate(content, known, site().now())
    except BadUpload as why:
        trouble = trouble_of(why)
        return _person_page(known, _filled(known), trouble=trouble), trouble.status
    except Wrong as why:
        return _person_page(known, _filled(known), errors=[("certificate", _sentence(why))]), 422
    said = msgspec.structs.replace(known, certificates=(*known.certificates, added))
    name = fingerprint(from_base64(added, "certificate"))
    return _proposed([said], f"Chứng thư của {known.name}", f"Thêm chứng thư {name[:16]}…")


@blueprint.post("/staff/<person>/certificate/<name>/revoke")
def revoke_certificate(person: str, name: str) -> ResponseReturnValue:
    """End a certificate for all coming acts, at once, without a second person. 404 for one that the person
    does not have.
    """
    presence.require(ENTRY)
    known, reason = _known(person), Reason()
    if known.certificate(name) is None:
        raise NotFound
    if not reason.validate_on_submit():
        return _person_page(known, _filled(known), reason=reason), 422
    staffing.revoke_certificate(site().node, name, reason.reason.data, by=presence.person().id)
    return redirect(url_for(".one", person=person, done="revoked"), 303)


@blueprint.post("/staff/<person>/password")
def give_password(person: str) -> ResponseReturnValue:
    """A temporary password, shown once on this page and kept nowhere."""
    presence.require(ENTRY)
    Bare.checked()
    known = _known(person)
    told = staffing.give_temporary_password(site().node, person, by=presence.person().id)
    return _person_page(known, _filled(known), told=told)


@blueprint.post("/staff/<person>/sign-out")
def sign_out(person: str) -> ResponseReturnValue:
    """End the person's sessions at all machines, at once; on request their PINs too."""
    presence.require(ENTRY)
    known, reason = _known(person), Reason()
    if not reason.validate_on_submit():
        return _person_page(known, _filled(known), reason=reason), 422
    staffing.sign_out(
        site().node,
        person,
        reason.reason.data,
        forget_pins=reason.forget_pins.data,
        by=presence.person().id,
    )
    return redirect(url_for(".one", person=person, done="out"), 303)


# ---- delegations


@blueprint.get("/delegations")
def delegations() -> ResponseReturnValue:
    """All delegations, coming and ended ones too, and the form for another."""
    presence.require(ENTRY)
    return _delegations(_delegation_form(formdata=None))


@blueprint.post("/delegations")
def delegate() -> ResponseReturnValue:
    """Say a delegation in the catalog. 422 where it is wrong, or its number is already there."""
    presence.require(ENTRY)
    form = _delegation_form()
    if not form.validate_on_submit():
        return _delegations(form, form.error_list()), 422
    typed = tuple(one.strip() for one in (form.procedures.data or "").split(",") if one.strip())
    try:
        if site().view.delegation(form.id.data) is not None:
            raise Wrong("số văn bản này đã có; văn bản thay thế có số mới")
        said = delegation_of(
            site().view,
            form.id.data,
            form.form.data,
            form.delegator.data,
            form.delegate.data,
            form.decision.data,
            form.since.data,
            form.until.data,
            typed,
        )
    except Wrong as why:
        return _delegations(form, [("id", _sentence(why))]), 422
    return _proposed([said], f"Uỷ quyền {name_of(said)}", said.decision)


@blueprint.post("/delegations/end")
def end_delegation() -> ResponseReturnValue:
    """From now on it holds no longer; `name` is its number, which may hold any sign and so stands in no address."""
    presence.require(ENTRY)
    reason = Reason()
    name = request.form.get("name", "")
    if site().view.delegation(name) is None:
        raise NotFound
    if not reason.validate_on_submit():
        return _delegations(_delegation_form(formdata=None), reason.error_list()), 422
    said = Revocation("delegation", name, timestamp(site().now()), reason.reason.data)
    _office().define([said], by=presence.person().id)
    return redirect(url_for(".delegations", done="ended"), 303)


def _delegation_form(**arguments: object) -> DelegationForm:
    form = DelegationForm(**arguments)
    people = [Choice(one.id, f"{one.name} · {one.title}") for one in site().view.people()]
    form.delegate.choices = people
    return form


def _delegations(form: DelegationForm, errors: Sequence[tuple[str, str]] = ()) -> str:
    here, today = site(), site().today()
    return render_template(
        "delegations.html",
        form=form,
        errors=list(errors),
        reason=Reason(formdata=None),
        delegations=[(one, _state(one, today)) for one in here.view.all_delegations()],
        ended={one.id: ended_on(here.view, one.id) for one in here.view.all_delegations()},
        done=request.args.get("done", ""),
    )


def _state(one: Delegation, today: date) -> str:
    """ended, over, coming or holds."""
    if site().view.revocation("delegation", one.id) is not None:
        return "ended"
    if one.until < today:
        return "over"
    return "holds" if one.since <= today else "coming"


# ---- import


@blueprint.get("/staff/import")
def import_page() -> ResponseReturnValue:
    """Where files of people and of delegations are given."""
    presence.require(ENTRY)
    return _import_page()


@blueprint.post("/staff/import")
def import_file() -> ResponseReturnValue:
    """`what` is `staff` or `delegations`. Every wrong row is told, and then nothing is written."""
    presence.require(ENTRY)
    Bare.checked()
    here, what = site(), request.form.get("what", "staff")
    try:
        content = upload("file", Kind.CSV)
        fresh: Sequence[Person | Delegation]
        if what == "delegations":
            granted = read_delegations(content, here.view)
            fresh, right, problems = (
                changed_delegations(granted.delegations, here.view),
                len(granted.delegations),
                granted.problems,
            )
        else:
            read = read_staff(content, here.view)
            fresh, right, problems = changed_people(read.people, here.view), len(read.people), read.problems
    except BadUpload as why:
        trouble = trouble_of(why)
        return _import_page(what, trouble=trouble), trouble.status
    except UnreadableCatalog as why:
        trouble = Trouble(
            tell("Không đọc được tệp: {why}.", why=str(why)), "Chưa ghi gì.", "Sửa tệp rồi gửi lại.", 422
        )
        return _import_page(what, trouble=trouble), trouble.status
    if problems:
        return _import_page(what, problems=problems, right=right), 422
    if "check" in request.form or not fresh:
        return _import_page(what, right=right, changed=len(fresh))
    named = text(request.files["file"].filename)[-80:]
    report = Report(rows=right, unchanged=right - len(fresh))
    return _proposed(list(fresh), f"Nhập {'uỷ quyền' if what == 'delegations' else 'nhân sự'}", named, report)


def _import_page(
    what: str = "staff",
    *,
    problems: Sequence[RowProblem] = (),
    right: int | None = None,
    changed: int = 0,
    trouble: Trouble | None = None,
) -> str:
    return render_template(
        "staff_import.html",
        what=what,
        problems=problems,
        right=right,
        changed=changed,
        trouble=trouble,
    )


# ---- what people ask from other machines


@blueprint.post(CHANGE)
@blueprint.post(SIGN_OUT)
@limited(SIGN_IN)
def asked_from_afar() -> ResponseReturnValue:
    """JSON of `edge.office.Ask`, from a machine that shows its card's key; 204, or a problem (RFC 9457)."""
    node, credentials = site().node, request.authorization
    name = (credentials.username if credentials else None) or ""
    proof = (credentials.password if credentials else None) or ""
    if not staffing.is_our_machine(node, name, proof):
        return _problem(Problem("not a machine of this centre", 401))
    try:
        ask = msgspec.json.decode(request.get_data(), type=Ask)
        staffing.answer(node, ask)
    except WrongPassword as why:
        return _problem(Problem("wrong password", 403, why.wait_s))
    except (msgspec.DecodeError, msgspec.ValidationError):
        return _problem(Problem("not what is asked for here", 400))
    return "", 204


OPEN: Final = ("staff.asked_from_afar",)


def _problem(problem: Problem) -> Response:
    return Response(msgspec.json.encode(problem), problem.status, mimetype="application/problem+json")


def _known(person: str) -> Person:
    found = site().view.person(person)
    if found is None:
        raise NotFound
    return found


def _office() -> Office:
    return Office(site().node)


def _sentence(why: Wrong) -> str:
    said = str(why)
    return f"{said[:1].upper()}{said[1:]}."
