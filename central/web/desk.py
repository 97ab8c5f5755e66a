"""Đối soát: what cannot both stand, side by side, and the officer's answer with its reason.

Nothing is chosen beforehand. Whoever took part cannot settle; the ledger says so, the page only says it earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, StopValidation

from central.web.consequences import consequence_of, held_by_citizen, of_none
from edge.database import ConflictRow, DossierRow
from edge.web import acts, presence, second, words
from edge.web.forms import Choice, Form, paragraph, too_long
from edge.web.held import kept_back
from edge.web.showing import Shown, Step, show, sides, why_not
from edge.web.site import Entry, Site, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import BY_KIND, Settled
from schemas.conflicts import Conflict
from schemas.entries import Duty, Role
from schemas.errors import Because, NotAllowed
from schemas.events import Event

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
class Side:
    """One of the acts that cannot all stand, as the table compares them."""

    step: Step
    machine: str
    when: str
    unseen: tuple[str, ...]
    held: str
    seal: tuple[str, ...]
    stands: str


@dataclass(frozen=True, slots=True)
class Open:
    """One open conflict with all that the desk needs to decide it."""

    conflict: Conflict
    shown: Shown
    past: tuple[Step, ...]
    sides: tuple[Side, ...]
    consequence_of_none: str
    against: Trouble | None


@blueprint.get("/desk")
def page() -> ResponseReturnValue:
    presence.require(ENTRY)
    found = site().node.register.conflicts()
    if found:
        row, _ = found[0]
        return _render(found, _open(row.id))
    return _render(found, None)


@blueprint.get("/desk/<conflict>")
def one(conflict: str) -> ResponseReturnValue:
    presence.require(ENTRY)
    return _render(site().node.register.conflicts(), _open(conflict))


@blueprint.post("/desk/<conflict>")
def settle(conflict: str) -> ResponseReturnValue:
    presence.require(ENTRY)
    opened = _open(conflict)
    form = _form(opened)
    if not form.validate_on_submit():
        return _render(site().node.register.conflicts(), opened, form=form, errors=form.error_list()), 422
    stream = opened.shown.dossier.stream
    if form.stands.data == UNDECIDED:
        return redirect(url_for(".one", conflict=conflict, undecided=1), 303)
    stands = () if form.stands.data == NONE else (form.stands.data,)
    answer = Settled(opened.conflict.id, opened.conflict.members, stands, form.reason.data)
    try:
        with_ = second.beside(KIND)
        site().node.ledger.act(stream, KIND, answer, by=presence.person().id, with_=with_)
    except Expected as why:
        trouble = trouble_of(why)
        return _render(site().node.register.conflicts(), opened, form=form, trouble=trouble), trouble.status
    return redirect(url_for(".page", settled=stream), 303)


def _render(
    found: Sequence[tuple[ConflictRow, DossierRow]],
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
        opened=opened,
        form=form,
        errors=list(errors),
        trouble=trouble,
        doubts=kept_back(site()),
        settled=site().node.register.row(settled) if settled else None,
        undecided="undecided" in request.args,
        second=second.asked_for(KIND),
        nothing=NONE,
        undecided_choice=UNDECIDED,
    )


def _form(opened: Open, **arguments: object) -> Settlement:
    form = Settlement(**arguments)
    form.stands.choices = [Choice(member, member) for member in (*opened.conflict.members, NONE, UNDECIDED)]
    return form


def _open(conflict_id: str) -> Open:
    """The conflict as it is now. Raises `NotAllowed` for one that is open no longer."""
    here = site()
    row = next((row for row, _ in here.node.register.conflicts() if row.id == conflict_id), None)
    shown = show(row.stream) if row else None
    conflict = next((c for c in shown.dossier.conflicts if c.id == conflict_id), None) if shown else None
    if shown is None or conflict is None:
        raise NotAllowed(Because.NO_SUCH_CONFLICT)
    before = _ancestors(here, shown)
    members = sides(shown, conflict)
    common = frozenset.intersection(*(before[step.line.hash] for step in members))
    settled = Settled(conflict.id, conflict.members, (), "?")
    return Open(
        conflict,
        shown,
        tuple(step for step in shown.steps if step.line.hash in common),
        tuple(_side(here, shown, step, members, before) for step in members),
        of_none(shown),
        why_not(shown.dossier, KIND, settled),
    )


def _side(
    here: Site, shown: Shown, step: Step, members: Sequence[Step], before: dict[str, frozenset[str]]
) -> Side:
    line = step.line
    others = [other for other in members if other is not step and other.line.hash not in before[line.hash]]
    return Side(
        step,
        f"{here.place(line.node)}, máy {line.node}, việc số {words.count(line.seq)}",
        words.full(line.at),
        tuple(f"{acts.title(other.line.kind)} tại {here.place(other.line.node)}" for other in others),
        held_by_citizen(shown, step),
        _proofs(line.kind),
        consequence_of(shown, step, members),
    )


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
