"""Đối soát: what cannot both stand, side by side, and the officer's answer with its reason.

Nothing is chosen beforehand. Whoever took part cannot settle; the ledger says so, the page only says it earlier.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, StopValidation

from central.web.consequences import Member, consequence_of, held_by_citizen, of_none
from edge.register import CONFLICTS
from edge.tables.dossiers import DossierRow
from edge.tables.streams import ConflictRow
from edge.web import acts, presence, second, words
from edge.web.forms import Choice, Form, paragraph, too_long
from edge.web.held import kept_back
from edge.web.language import tell
from edge.web.pdfs import pdf_answer
from edge.web.scans import Scan, scans_of
from edge.web.showing import Shown, Step, show_all, sides
from edge.web.site import Entry, Site, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import BY_KIND, Settled
from schemas.conflicts import Conflict
from schemas.entries import Duty, Role
from schemas.errors import Because, NotAllowed
from schemas.events import Event
from schemas.fold import Line
from schemas.rules import REVOKES_WITH

blueprint = Blueprint(
    "desk",
    __name__,
    template_folder="../templates",
    static_folder="../static",
    static_url_path="/desk-static",
)
ENTRY: Final = Entry(5, "Đối soát", "desk.page", ((Duty.DESK, Role.DESK_OFFICER),))

KIND: Final = "dossier.settled"
NONE, UNDECIDED = "none", "undecided"
LONGEST: Final = 2000
BY_AGE: Final = "age"
FOUR_EYES: Final = second.Beside(
    REVOKES_WITH,
    "Lựa chọn làm mất hiệu lực một kết quả đã cấp số, đóng dấu hoặc đã trao thì cần hai người.",
)


class Settlement(Form):
    """`stands` is the hash of the act that stands, `none`, or `undecided`."""

    stands = RadioField(
        "Việc nào có hiệu lực?",
        choices=[],
        validators=[InputRequired("Chưa chọn việc nào có hiệu lực.")],
        invalid_choice_message="Lựa chọn này không còn; chọn lại.",
    )
    reason = TextAreaField("Lý do", filters=[paragraph])

    def validate_reason(self, field: TextAreaField) -> None:
        """A decision has its reason; leaving the conflict open needs none."""
        if self.stands.data != UNDECIDED and not field.data:
            raise StopValidation("Chưa ghi lý do. Lý do được ghi vào hồ sơ cho các bên.")
        if len(field.data) > LONGEST:
            raise StopValidation(too_long(LONGEST))


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that an act made: `place` counts them; what is not here yet is asked for."""

    name: str
    place: int
    is_here: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One of the acts that cannot all stand, as the table compares them. `unseen`: the others of its dossier that it did not
    know; what its machine knew of other dossiers no act tells. `revokes`: choosing it takes four eyes."""

    step: Step
    shown: Shown
    machine: str
    when: str
    unseen: tuple[str, ...]
    held: tuple[str, ...]
    papers: tuple[Paper, ...]
    seal: tuple[str, ...]
    stands: str
    revokes: bool


@dataclass(frozen=True, slots=True)
class Open:
    """One open conflict with all that the desk needs to decide it. `dossiers`: all that it is in, the first one first."""

    conflict: Conflict
    since: str
    dossiers: tuple[Shown, ...]
    past: tuple[Step, ...]
    sides: tuple[Side, ...]
    scans: tuple[tuple[Shown, tuple[Scan, ...]], ...]
    consequence_of_none: str
    none_revokes: bool
    against: Trouble | None

    @property
    def shown(self) -> Shown:
        """The first one: its past is shown, and by it is judged whether the person here may settle."""
        return self.dossiers[0]

    @property
    def parties(self) -> tuple[Line, ...]:
        """One act of each person at each machine that did one of the sides."""
        return tuple(
            {(line.by, line.node): line for line in (side.step.line for side in self.sides)}.values()
        )

    @property
    def revokes(self) -> bool:
        """Whether some choice takes four eyes."""
        return self.none_revokes or any(side.revokes for side in self.sides)

    def stream_of(self, member: str) -> str:
        """In which dossier the answer is written: where the act that stands is."""
        found = (side.shown.dossier.stream for side in self.sides if side.step.line.hash == member)
        return next(found, self.shown.dossier.stream)

    def answer(self, stands: tuple[str, ...], reason: str) -> Settled:
        """`stands`: the hash of the member that stands, or () for none. Nothing is written by this."""
        return Settled(self.conflict.id, self.conflict.members, stands, reason)


@dataclass(frozen=True, slots=True)
class Waits:
    """One line of the list: a conflict with the dossiers that it is in. `blocks`: nothing goes on until it is settled."""

    row: ConflictRow
    dossiers: tuple[DossierRow, ...]

    @property
    def blocks(self) -> bool:
        """By the weight of its row: more than 1 for what blocks."""
        return bool(self.row.weight > 1)


@blueprint.get("/desk")
def page() -> ResponseReturnValue:
    """What nobody has settled, and the first of it opened beside the list; `?by=age` puts the oldest first."""
    presence.require(ENTRY)
    found = _list()
    for one in found:
        with contextlib.suppress(NotAllowed):  # settled since the list was read
            return _render(found, _open(one.row.id))
    return _render(found, None)


@blueprint.get("/desk/<conflict>")
def one(conflict: str) -> ResponseReturnValue:
    """The list, and this conflict opened. 409 for one that is open no longer."""
    presence.require(ENTRY)
    return _render(_list(), _open(conflict))


@blueprint.post("/desk/<conflict>")
def settle(conflict: str) -> ResponseReturnValue:
    """The officer's answer: one member stands, none, or "not yet", which writes nothing. 422 with the reason
    if refused.
    """
    presence.require(ENTRY)
    opened = _open(conflict)
    form = _form(opened)
    if not form.validate_on_submit():
        return _render(_list(), opened, form=form, errors=form.error_list()), 422
    if form.stands.data == UNDECIDED:
        return redirect(url_for(".one", conflict=conflict, undecided=1), 303)
    stands = () if form.stands.data == NONE else (form.stands.data,)
    answer, stream = opened.answer(stands, form.reason.data), opened.stream_of(form.stands.data)
    try:
        revokes = site().node.register.dossier(stream).standing.revokes(answer)
        with_ = second.beside(KIND, FOUR_EYES if revokes else None)
        site().node.ledger.act(stream, KIND, answer, by=presence.person().id, with_=with_)
    except Expected as why:
        trouble = trouble_of(why)
        return _render(_list(), opened, form=form, trouble=trouble), trouble.status
    return redirect(url_for(".page", settled=stream), 303)


@blueprint.get("/desk/<conflict>/paper/<event>/<int:place>")
def paper(conflict: str, event: str, place: int) -> ResponseReturnValue:
    """A document that one of the sides made, whether it has any effect or not."""
    presence.require(ENTRY)
    side = next((one for one in _open(conflict).sides if one.step.line.hash == event), None)
    files = _files(side.shown, side.step) if side is not None else []
    if side is None or not 0 < place <= len(files):
        raise NotFound
    content = site().node.archive.read(files[place - 1][1])
    if content is None:
        site().demand(side.shown.dossier.stream)
        raise NotFound
    return pdf_answer(content, f"{side.shown.received.number}-{event[:8]}-{place}")


def _list() -> list[Waits]:
    """What waits, each conflict once."""
    rows = site().node.register.conflicts(by_age=request.args.get("by") == BY_AGE)
    found: dict[str, Waits] = {}
    for row, dossier in rows:
        before = found.get(row.id, Waits(row, ()))
        found[row.id] = Waits(before.row, (*before.dossiers, dossier))
    return list(found.values())


def _render(
    found: Sequence[Waits],
    opened: Open | None,
    *,
    form: Settlement | None = None,
    errors: Sequence[tuple[str, str]] = (),
    trouble: Trouble | None = None,
) -> str:
    settled = request.args.get("settled", "")
    if form is None and opened is not None:
        form = _form(opened, formdata=None)
    return render_template(
        "desk.html",
        found=found,
        by_age=request.args.get("by") == BY_AGE,
        most=CONFLICTS,
        opened=opened,
        form=form,
        errors=list(errors),
        trouble=trouble,
        doubts=kept_back(site()),
        tasks=site().node.register.tasks(),
        settled=site().node.register.row(settled) if settled else None,
        undecided="undecided" in request.args,
        second=second.asked_for(KIND, FOUR_EYES if opened and opened.revokes else None),
        nothing=NONE,
        undecided_choice=UNDECIDED,
    )


def _form(opened: Open, **arguments: object) -> Settlement:
    form = Settlement(**arguments)
    members = [side.step.line.hash for side in opened.sides]
    form.stands.choices = [Choice(member, member) for member in (*members, NONE, UNDECIDED)]
    return form


def _open(conflict_id: str) -> Open:
    """The conflict as it is now. Raises `NotAllowed` for one that is open no longer."""
    here = site()
    rows = here.node.register.conflict(conflict_id)
    # before they are shown: rows lag behind, and of many that are settled since, none is looked at
    first = [here.node.register.dossier(row.stream) for _, row in rows[:1]]
    conflict = next((one for dossier in first for one in dossier.conflicts if one.id == conflict_id), None)
    if conflict is None:
        raise NotAllowed(Because.NO_SUCH_CONFLICT)
    dossiers = show_all([row.stream for _, row in rows])
    before: dict[str, frozenset[str]] = {}
    for shown in dossiers:
        before.update(_ancestors(here, shown))
    members = [Member(shown, step) for shown in dossiers for step in sides(shown, conflict)]
    if not members:
        raise NotAllowed(Because.NO_SUCH_CONFLICT)
    common = frozenset.intersection(*(before[one.step.line.hash] for one in members))
    none = Settled(conflict.id, conflict.members, (), "?")
    return Open(
        conflict,
        rows[0][0].opened_at,
        dossiers,
        tuple(step for step in dossiers[0].steps if step.line.hash in common),
        tuple(_side(here, conflict, one, members, before) for one in members),
        tuple((shown, tuple(scans)) for shown in dossiers if (scans := scans_of(shown))),
        of_none(conflict, members),
        any(shown.dossier.standing.revokes(none) for shown in dossiers),
        _against(dossiers[0], conflict),
    )


def _against(shown: Shown, conflict: Conflict) -> Trouble | None:
    """Why the person here may settle it in no way; None where they may in one."""
    ledger, by = site().node.ledger, presence.person().id
    why: NotAllowed | None = None
    for stands in ((), *((member,) for member in conflict.members)):
        answer = Settled(conflict.id, conflict.members, stands, "?")
        revokes = shown.dossier.standing.revokes(answer)
        with_ = tuple(one.id for one in second.able(KIND, FOUR_EYES)) if revokes else second.anybody(KIND)
        try:
            ledger.check(shown.dossier, KIND, answer, by=by, with_=with_)
        except NotAllowed as refused:
            why = why or refused
        else:
            return None
    return trouble_of(why, shown.dossier.status) if why is not None else None


def _side(
    here: Site,
    conflict: Conflict,
    member: Member,
    members: Sequence[Member],
    before: dict[str, frozenset[str]],
) -> Side:
    shown, step = member.shown, member.step
    line = step.line
    others = [
        one
        for one in members
        if one is not member and one.shown is shown and one.step.line.hash not in before[line.hash]
    ]
    return Side(
        step,
        shown,
        tell(
            "{place}, máy {node}, việc số {seq}",
            {"node": line.node, "seq": words.count(line.seq)},
            place=here.place(line.node),
        ),
        words.full(line.at),
        tuple(_elsewhere(here, one) for one in others),
        held_by_citizen(shown, step),
        tuple(_papers(here, shown, step)),
        _proofs(line.kind),
        consequence_of(conflict, member, members),
        shown.dossier.standing.revokes(Settled(conflict.id, conflict.members, (line.hash,), "?")),
    )


def _elsewhere(here: Site, one: Member) -> str:
    said = {"kind": acts.title(one.step.line.kind)}
    return tell("{kind} tại {place}", said, place=here.place(one.step.line.node))


def _files(shown: Shown, step: Step) -> list[tuple[str, str]]:
    """The documents that an act made or brought, by name and id."""
    data = shown.contents.get(step.line.hash)
    result = getattr(data, "result", None)
    made = [("Văn bản kết quả", result)] if isinstance(result, str) else []
    brought = (*getattr(data, "attachments", ()), *getattr(data, "files", ()))
    return [*made, *((one.name, one.file) for one in brought)]


def _papers(here: Site, shown: Shown, step: Step) -> Iterator[Paper]:
    for place, (name, file) in enumerate(_files(shown, step), start=1):
        lists = here.node.archive.lists(file)
        is_here = any(not here.node.archive.missing(one) for one in lists)
        if not is_here:
            here.demand(shown.dossier.stream)
        yield Paper(name, place, is_here)


def _proofs(kind: str) -> tuple[str, ...]:
    """What has been verified: an act whose seal or signature does not hold is held, and no side of a conflict."""
    act = BY_KIND.get(kind)
    if act is not None and act.signed:
        return ("Niêm phong đúng · chữ ký số đúng", "Chưa kiểm tra thu hồi chứng thư")
    return ("Niêm phong đúng",)


def _ancestors(here: Site, shown: Shown) -> dict[str, frozenset[str]]:
    """What each act of the dossier had seen."""
    parents = {
        event.hash: event.parents
        for event in here.node.projector.events_of(shown.dossier.stream)
        if isinstance(event, Event)
    }
    before: dict[str, frozenset[str]] = {}
    for line in shown.dossier.timeline:  # parents first
        seen: set[str] = set()
        for parent in parents.get(line.hash, ()):
            seen |= before.get(parent, frozenset()) | {parent}
        before[line.hash] = frozenset(seen)
    return before
