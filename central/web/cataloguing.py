"""Soạn danh mục: one editor for every kind of entry, what a change changes in words, and the second person's yes.

Nothing on these pages says anything to the machines by itself: an administrator proposes, and another administrator or a
supervisor confirms. What is in force stays as it is until the first day of the new version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import msgspec
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import structs
from werkzeug.exceptions import NotFound
from wtforms import StringField
from wtforms.validators import InputRequired

from central import staffing
from central.cataloguing import labels
from central.cataloguing.changes import Change, changes
from central.cataloguing.fields import Known, fields, read, typed_of
from central.cataloguing.proposals import (
    OPEN,
    STAGED,
    Item,
    NotConfirmed,
    Proposal,
    accept,
    before,
    confirm,
    count_open,
    ended,
    may_confirm,
    proposal,
    propose,
    refuse,
    waiting,
    withdraw,
)
from central.cataloguing.rules import wrong_with
from central.cataloguing.staging import stage
from central.errors import UnreadableCatalog
from central.staff_import import Wrong
from central.web.certificates import certificates_of
from central.web.reference import EDITS
from central.web.reference import ENTRY as READING
from edge.web import presence
from edge.web.days import Day
from edge.web.forms import Bare, Form, needed, text
from edge.web.language import say, tell
from edge.web.site import Entry, site
from edge.web.trouble import Trouble, trouble_of
from edge.web.uploads import LARGEST_CATALOG, BadUpload, Kind, takes_files, upload
from schemas.calendar import LAST_YEAR, Year, proposed_year
from schemas.canonical import from_base64
from schemas.entries import (
    Agency,
    Centre,
    Commune,
    Duty,
    Person,
    Procedure,
    Queue,
    Role,
    subject_of,
)
from schemas.entries import Entry as CatalogEntry
from schemas.events import Event, parse
from schemas.fees import FeeTable
from schemas.seals import fingerprint

blueprint = Blueprint("cataloguing", __name__, template_folder="../templates")


def _open() -> int:
    return count_open(site().node)


ENTRY: Final = Entry(
    52,
    "Duyệt danh mục",
    "cataloguing.proposals",
    ((Duty.CATALOG, Role.ADMINISTRATOR), (Duty.CATALOG, Role.SUPERVISOR)),
    count=_open,
)
KINDS: Final[Mapping[str, type[Any]]] = {
    "procedure": Procedure,
    "agency": Agency,
    "fees": FeeTable,
    "calendar": Year,
    "commune": Commune,
    "queue": Queue,
    "centre": Centre,
}
SUBJECT: Final[Mapping[type[Any], str]] = {FeeTable: "procedure", Year: "year", Centre: ""}
"""The member that says what an entry is about; `code` for the others."""
_PAGE: Final = 40
"""Entries of a proposal that one page compares."""
STATES: Final = {
    "staged": "đang xem lại",
    "open": "chờ duyệt",
    "published": "đã ban hành",
    "refused": "không duyệt",
    "withdrawn": "đã rút",
}
_REFUSED: Final = {
    "gone": "Đề nghị này không còn chờ duyệt: có người đã duyệt, không duyệt hoặc rút.",
    "same_person": "Người đề nghị không tự duyệt. Chờ quản trị khác hoặc người kiểm tra giám sát.",
    "role": "Hôm nay anh/chị không có vai trò duyệt đề nghị này.",
    "stale": "Mục {name} đã có bản mới sau khi đề nghị. Không duyệt được nữa: rút, rồi đề nghị lại từ bản mới.",
    "nothing": "Không còn mục nào để đề nghị.",
    "wrong": "Mục {name} không còn đúng hôm nay: {why}",
}


class Proposing(Form):
    """Why the catalog should change: whoever confirms reads it, and the log keeps it."""

    reason = StringField(
        "Lý do, căn cứ (số quyết định)", filters=[text], validators=needed("Chưa ghi lý do, căn cứ.")
    )


class Answering(Form):
    """Why a proposal is not confirmed: its author reads it."""

    answer = StringField("Lý do không duyệt", filters=[text], validators=needed("Chưa ghi lý do."))


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a proposal, and what it would change."""

    item: Item
    name: str
    is_new: bool
    changes: list[Change]
    since: date | None
    picture: tuple[str, str, str] | None
    """Of a new seal or handwriting: whose (`agency` or `person`, subject), and its file."""


@dataclass(frozen=True, slots=True)
class Written:
    """One version that was said: its number in the catalog, when and by whom, and what it changed."""

    number: int
    at: str
    people: tuple[str, ...]
    changes: list[Change]


# ---- one subject: all versions of it


@blueprint.get("/reference/<kind>/of/<path:subject>")
def history(kind: str, subject: str) -> ResponseReturnValue:
    """What was ever said of something, the newest first, and by whom."""
    presence.require(READING)
    return _history(kind, subject)


def _history(
    kind: str, subject: str, errors: Sequence[tuple[str, str]] = (), trouble: Trouble | None = None
) -> str:
    versions = _versions(kind, subject)
    events = _events(versions[-1][1])
    told = []
    older: CatalogEntry | None = None
    for number, entry in versions:
        event = events.get(number)
        people = (event.by, *event.with_) if event else ()
        told.append(
            Written(number, event.at if event else "", tuple(filter(None, people)), changes(older, entry))
        )
        older = entry
    return render_template(
        "catalog_history.html",
        kind=kind,
        subject=subject,
        name=labels.name_of(versions[-1][1]),
        versions=told[::-1],
        in_force=_in_force(kind, subject),
        edits=site().may(presence.person(), EDITS),
        table=site().view.fee_table(subject) if kind == "procedure" else None,
        certificates=certificates_of(_agency(subject)) if kind == "agency" else [],
        revoking=Revoking(formdata=None),
        errors=list(errors),
        trouble=trouble,
    )


def _in_force(kind: str, subject: str) -> Procedure | Commune | Queue | None:
    """What holds today, where the newest version only begins later."""
    today = site().today()
    dated = [one for _, one in _versions(kind, subject) if isinstance(one, Procedure | Commune | Queue)]
    if not dated or dated[-1].since <= today:
        return None
    return next((one for one in reversed(dated) if one.since <= today), None)


def _versions(kind: str, subject: str) -> list[tuple[int, CatalogEntry]]:
    found: list[tuple[int, CatalogEntry]] = site().view.versions(_kind(kind), subject)
    if not found:
        raise NotFound
    return found


def _events(entry: CatalogEntry) -> dict[int, Event]:
    """The entries of one subject as they were written, by number: one range of documents."""
    here = site().node
    known = here.catalog.stream_of(entry)
    if known is None:
        return {}
    store = here.stores["catalog"]
    with here.file.read():
        rows = store.all_docs(startkey=f"{known[0]}:", endkey=f"{known[0]}:~")
        parsed = [parse(store.get(row.id)) for row in rows]
    return {event.seq: event for event in parsed if isinstance(event, Event)}


# ---- what seals an agency's documents


class Revoking(Form):
    """Why something is taken back at once, without a second person."""

    why = StringField("Lý do", filters=[text], validators=needed("Chưa ghi lý do thu hồi."))


@blueprint.post("/reference/agency/of/<path:subject>/certificate")
def add_certificate(subject: str) -> ResponseReturnValue:
    """Propose a certificate (PEM or DER) of an agency."""
    presence.require(EDITS)
    Bare.checked()
    known = _agency(subject)
    try:
        added = staffing.read_certificate(upload("certificate", Kind.CERTIFICATE), known, site().now())
    except BadUpload as why:
        trouble = trouble_of(why)
        return _history("agency", subject, trouble=trouble), trouble.status
    except Wrong as why:
        return _history("agency", subject, [("certificate", f"{str(why)[:1].upper()}{str(why)[1:]}.")]), 422
    said = structs.replace(known, certificates=(*known.certificates, added))
    name = fingerprint(from_base64(added, "certificate"))
    number = propose(
        site().node,
        [said],
        title=f"Chứng thư của {known.name}",
        reason=f"Thêm chứng thư {name[:16]}…",
        by=presence.person().id,
    )
    return redirect(url_for(".one", number=number, done="proposed"), 303)


@blueprint.post("/reference/agency/of/<path:subject>/revoke/<name>")
def revoke_certificate(subject: str, name: str) -> ResponseReturnValue:
    """At once, by one person: what seals from now on with it has no effect."""
    presence.require(EDITS)
    form, known = Revoking(), _agency(subject)
    if name not in {one.name for one in certificates_of(known)}:
        raise NotFound
    if not form.validate_on_submit():
        return _history("agency", subject, form.error_list()), 422
    staffing.revoke_certificate(site().node, name, form.why.data, by=presence.person().id)
    return redirect(url_for(".history", kind="agency", subject=subject), 303)


def _agency(subject: str) -> Agency:
    known = site().view.agency(subject)
    if known is None:
        raise NotFound
    return known


# ---- the editor


@blueprint.get("/reference/<kind>/new")
def new(kind: str) -> ResponseReturnValue:
    """`subject` is what it will be about, where that is known: the procedure of a table of fees."""
    presence.require(EDITS)
    of, typed = _kind(kind), dict[str, str]()
    if of is Year:
        typed = typed_of(_next_year())
    elif of is Centre:
        raise NotFound
    elif subject := request.args.get("subject", ""):
        typed = {SUBJECT.get(of, "code"): subject}
    return _editor(kind, None, Proposing(formdata=None), typed)


def _next_year() -> Year:
    known = site().view.calendar().years
    today = site().today()
    return proposed_year(next(year for year in range(today.year, LAST_YEAR) if year not in known))


@blueprint.post("/reference/<kind>/new")
def add(kind: str) -> ResponseReturnValue:
    """Propose a subject that the catalog does not have. 422 with all mistakes, typed words kept."""
    return _save(kind, None)


@blueprint.get("/reference/<kind>/of/<path:subject>/edit")
def edit(kind: str, subject: str) -> ResponseReturnValue:
    """The newest version in the editor; where versions have a first day, tomorrow's is set in."""
    presence.require(EDITS)
    base = _versions(kind, subject)[-1][1]
    typed = typed_of(base)
    if isinstance(base, Procedure | Commune | Queue):
        since = max(base.since, site().today() + timedelta(days=1))
        typed["since"] = f"{since:%d/%m/%Y}"
    return _editor(kind, base, Proposing(formdata=None), typed)


@blueprint.post("/reference/<kind>/of/<path:subject>/edit")
def change(kind: str, subject: str) -> ResponseReturnValue:
    """Propose another version of what is there. 422 with all mistakes, typed words kept."""
    presence.require(EDITS)
    return _save(kind, _versions(kind, subject)[-1][1])


def _save(kind: str, base: CatalogEntry | None) -> ResponseReturnValue:
    """`act` is `more` (rows), `check` or `propose`; what has a problem is not proposed."""
    presence.require(EDITS)
    form = Proposing()
    typed = {
        name: value
        for name, value in request.form.items()
        if name not in ("csrf_token", "typed_by", "act", "reason")
    }
    act = request.form.get("act", "propose")
    right = form.validate_on_submit()
    if act == "more" and "csrf_token" not in form.errors:
        return _editor(kind, base, Proposing(formdata=None, reason=form.reason.data), typed)
    done = read(_kind(kind), typed, base)
    errors = list(done.wrong)
    if done.entry is not None:
        errors += _wrong(done.entry, base)
    if act == "check" and not errors and done.entry is not None and "csrf_token" not in form.errors:
        kept = Proposing(formdata=None, reason=form.reason.data)
        return _editor(kind, base, kept, typed, found=changes(base, done.entry))
    if errors or not right or done.entry is None:
        return _editor(kind, base, form, typed, errors=[*errors, *form.error_list()]), 422
    number = propose(
        site().node,
        [done.entry],
        title=labels.name_of(done.entry),
        reason=form.reason.data,
        by=presence.person().id,
    )
    return redirect(url_for(".one", number=number, done="proposed"), 303)


def _wrong(entry: CatalogEntry, base: CatalogEntry | None) -> list[tuple[str, str]]:
    """What is wrong with an entry that was read."""
    named = SUBJECT.get(type(entry), "code")
    if base is None and site().view.versions(type(entry), subject_of(entry)):
        return [(named, "Mục này đã có trong danh mục: mở mục đó ra sửa.")]
    if base is not None and subject_of(entry) != subject_of(base):
        return [(named, "Không đổi được mã: mã theo mọi hồ sơ đã ghi.")]
    if base is not None and not _differs(base, entry):
        return [(next(iter(entry.__struct_fields__)), "Chưa đổi gì so với bản mới nhất.")]
    return wrong_with(site().node, entry, tell)


def _differs(base: CatalogEntry, entry: CatalogEntry) -> bool:
    """Whether more than the first day is new."""
    since = getattr(base, "since", msgspec.UNSET)
    if isinstance(entry, Procedure | Commune | Queue) and isinstance(since, date):
        return structs.replace(entry, since=since) != base
    return entry != base


def _editor(
    kind: str,
    base: CatalogEntry | None,
    form: Proposing,
    typed: Mapping[str, str],
    *,
    errors: Sequence[tuple[str, str]] = (),
    found: Sequence[Change] | None = None,
) -> str:
    of = _kind(kind)
    named = SUBJECT.get(of, "code")
    return render_template(
        "catalog_edit.html",
        kind=kind,
        title=labels.KINDS[of],
        name=labels.name_of(base) if base is not None else "",
        subject=subject_of(base) if base is not None else "",
        fields=fields(of, typed, _known(), fixed=named if base is not None else ""),
        form=form,
        errors=list(errors),
        found=found,
    )


def _known() -> Known:
    agencies = tuple((one.code, f"{one.name} ({one.code})") for one in site().view.agencies())
    return {(Procedure, "agency"): agencies, (Agency, "successor"): agencies, (Agency, "parent"): agencies}


def _kind(kind: str) -> type[Any]:
    found = KINDS.get(kind)
    if found is None:
        raise NotFound
    return found


# ---- proposals


@blueprint.get("/reference/proposals")
def proposals() -> ResponseReturnValue:
    """What waits for a second person, what was read from files and is being looked at, and what has ended."""
    presence.require(ENTRY)
    node = site().node
    return render_template(
        "catalog_proposals.html",
        open=waiting(node),
        staged=waiting(node, STAGED),
        ended=ended(node),
        states=STATES,
        edits=site().may(presence.person(), EDITS),
    )


@blueprint.get("/reference/proposals/<int:number>")
def one(number: int) -> ResponseReturnValue:
    """`page` counts from 1: a proposal may be a whole catalog."""
    presence.require(ENTRY)
    return _one(number)


@blueprint.post("/reference/proposals/<int:number>/confirm")
def confirms(number: int) -> ResponseReturnValue:
    """The second person's yes: the catalog says it. 422 to its author, and where the catalog has moved on."""
    presence.require(ENTRY)
    Bare.checked()
    try:
        confirm(site().node, number, by=presence.person().id, tell=tell)
    except NotConfirmed as why:
        return _one(number, [("confirm", words_of(why))]), 422
    return redirect(url_for(".one", number=number, done="published"), 303)


@blueprint.post("/reference/proposals/<int:number>/refuse")
def refuses(number: int) -> ResponseReturnValue:
    """The second person's no, with a reason. 422 to its author, and where it has ended."""
    presence.require(ENTRY)
    form = Answering()
    if not form.validate_on_submit():
        return _one(number, form.error_list()), 422
    try:
        refuse(site().node, number, form.answer.data, by=presence.person().id)
    except NotConfirmed as why:
        return _one(number, [("confirm", words_of(why))]), 422
    return redirect(url_for(".proposals"), 303)


@blueprint.post("/reference/proposals/<int:number>/withdraw")
def withdraws(number: int) -> ResponseReturnValue:
    """Its author takes it back. 422 for anybody else, and where it has ended."""
    presence.require(EDITS)
    Bare.checked()
    try:
        withdraw(site().node, number, by=presence.person().id)
    except NotConfirmed as why:
        return _one(number, [("confirm", words_of(why))]), 422
    return redirect(url_for(".proposals"), 303)


def words_of(why: NotConfirmed) -> str:
    """Why a proposal could not be confirmed, as a sentence in Vietnamese."""
    facts = dict(zip(("kind", "name", "field", "why"), why.facts, strict=False))
    return tell(_REFUSED[why.why], {"why": facts.get("why", "")}, name=str(facts.get("name", "")))


def _one(number: int, errors: Sequence[tuple[str, str]] = ()) -> str:
    found = proposal(site().node, number)
    if found is None:
        raise NotFound
    page = max(1, request.args.get("page", 1, int))
    first = (page - 1) * _PAGE
    return render_template(
        "catalog_proposal.html",
        one=found,
        told=[_told(item) for item in found.items[first : first + _PAGE]],
        page=page,
        pages=max(1, -(-len(found.items) // _PAGE)),
        states=STATES,
        errors=list(errors),
        form=Answering(formdata=None),
        may=_may(found),
        others=_others(found),
        done=request.args.get("done", ""),
    )


def _may(found: Proposal) -> str:
    """What whoever is signed in may do with it: confirm, withdraw, or nothing."""
    person = presence.person().id
    if found.state == OPEN and found.by != person and may_confirm(site().node, person):
        return "confirm"
    return "withdraw" if found.state in (OPEN, STAGED) and found.by == person else ""


def _others(found: Proposal) -> list[str]:
    """Who could confirm it."""
    node = site().node
    return [one.id for one in site().view.people() if one.id != found.by and may_confirm(node, one.id)]


def _told(item: Item) -> Told:
    entry, older = item.entry, before(site().node, item)
    since = getattr(entry, "since", getattr(entry, "in_force_from", None))
    coming = entry.coming if isinstance(entry, Agency | Person) else None
    picture = None
    if coming is not None and coming != getattr(older, "coming", None):
        since = coming.since
        picture = item.kind.partition(".")[0], subject_of(entry), coming.file
    return Told(
        item,
        labels.name_of(entry),
        not item.over,
        changes(older, entry),
        since if isinstance(since, date) else None,
        picture,
    )


# ---- from a file, in stages


class Importing(Form):
    """The first day of all that a file says."""

    since = Day("Áp dụng từ ngày", validators=[InputRequired("Chưa ghi áp dụng từ ngày nào.")])


@blueprint.get("/reference/import")
def import_page() -> ResponseReturnValue:
    """Where a file of procedures is given; tomorrow is set in as its first day."""
    presence.require(EDITS)
    form = Importing(formdata=None)
    form.since.data = site().today() + timedelta(days=1)
    return render_template("catalog_import.html", form=form, errors=[], trouble=None)


@blueprint.post("/reference/import")
@takes_files(LARGEST_CATALOG)
def import_file() -> ResponseReturnValue:
    """Read a file of procedures, judge its rows, and keep them to be looked at."""
    presence.require(EDITS)
    form = Importing()
    errors, trouble = [], None
    if not form.validate_on_submit():
        errors = form.error_list()
    elif form.since.data < site().today():
        errors = [("since", say("Chọn từ hôm nay, {day}, trở đi.", day=f"{site().today():%d/%m/%Y}"))]
    else:
        try:
            content = upload("file", Kind.CATALOG)
            named = text(request.files["file"].filename)[-80:]
            number = stage(site().node, content, since=form.since.data, named=named, by=presence.person().id)
            return redirect(url_for(".staged", number=number), 303)
        except BadUpload as why:
            trouble = trouble_of(why)
        except UnreadableCatalog as why:
            trouble = Trouble(
                tell("Không đọc được tệp: {why}.", why=str(why)), "Chưa ghi gì.", "Sửa tệp rồi gửi lại.", 422
            )
    status = trouble.status if trouble else 422
    return render_template("catalog_import.html", form=form, errors=errors, trouble=trouble), status


@blueprint.get("/reference/staged/<int:number>")
def staged(number: int) -> ResponseReturnValue:
    """The report of a file, and the rows about which somebody has to decide."""
    presence.require(EDITS)
    return _staged(number, Proposing(formdata=None))


@blueprint.post("/reference/staged/<int:number>")
def accepts(number: int) -> ResponseReturnValue:
    """Propose what was read, and of the doubtful rows those that were ticked (`line`)."""
    presence.require(EDITS)
    form = Proposing()
    if not form.validate_on_submit():
        return _staged(number, form, form.error_list()), 422
    lines = {int(line) for line in request.form.getlist("line") if line.isascii() and line.isdigit()}
    try:
        accept(site().node, number, lines, form.reason.data, by=presence.person().id)
    except NotConfirmed as why:
        return _staged(number, form, [("reason", words_of(why))]), 422
    return redirect(url_for(".one", number=number, done="proposed"), 303)


def _staged(number: int, form: Proposing, errors: Sequence[tuple[str, str]] = ()) -> str:
    found = proposal(site().node, number)
    if found is None or not found.report.rows:
        raise NotFound
    page = max(1, request.args.get("page", 1, int))
    first = (page - 1) * _PAGE
    new = sum(1 for item in found.items if not item.over)
    return render_template(
        "catalog_staged.html",
        one=found,
        new=new,
        changed=len(found.items) - new,
        left=[row for row in found.report.odd if not row.doubtful],
        doubtful=[row for row in found.report.odd if row.doubtful],
        told=[_told(item) for item in found.items[first : first + _PAGE]],
        ticked=request.form.getlist("line"),
        page=page,
        pages=max(1, -(-len(found.items) // _PAGE)),
        form=form,
        errors=list(errors),
        mine=found.state == STAGED and found.by == presence.person().id,
    )
