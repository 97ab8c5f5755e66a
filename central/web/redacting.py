"""Xoá theo luật: two persons say which acts and files of a dossier have to go, and by which law. It cannot be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from central.inspection.archives import files_named_in
from central.redaction import may_redact, redact
from edge.errors import WrongPin
from edge.web import acts, presence
from edge.web.forms import LONGEST, Bare, paragraph, too_long
from edge.web.language import say
from edge.web.limits import SIGN_IN, limited
from edge.web.site import Entry, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.entries import Duty, Role
from schemas.events import Event

blueprint = Blueprint("redacting", __name__, template_folder="../templates")
ENTRY: Final = Entry(
    7,
    "Xoá theo luật",
    "redacting.page",
    (
        (Duty.CATALOG, Role.ADMINISTRATOR),
        (Duty.CATALOG, Role.SUPERVISOR),
        (Duty.DESK, Role.DESK_OFFICER),
    ),
)


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can go: an act's content, or a file that an act names."""

    name: str
    title: str
    at: str
    by: str


@blueprint.get("/redact/<stream>")
def page(stream: str) -> str:
    """The acts and files of one dossier, to be chosen. 404 where there is none."""
    presence.require(ENTRY)
    return _render(stream)


@blueprint.post("/redact/<stream>")
@limited(SIGN_IN)
def go(stream: str) -> ResponseReturnValue:
    """Redact what was chosen, with the second person's PIN. 422 with all mistakes; guesses of a PIN are
    limited.
    """
    presence.require(ENTRY)
    Bare.checked()
    here = site()
    known = {target.name for target in targets_of(stream)}
    chosen = [name for name in request.form.getlist("target") if name in known]
    ground, second = paragraph(request.form.get("ground")), request.form.get("second", "")
    errors = _errors(chosen, ground, second)
    if errors:
        return _render(stream, errors), 422
    try:
        here.node.people.check_pin(second, request.form.get("second_pin", ""))
        redact(here.node, chosen, ground, by=presence.person().id, second=second)
    except WrongPin as why:
        return _render(stream, [("second_pin", trouble_of(why).what)]), 422
    except Expected as why:
        trouble = trouble_of(why)
        return _render(stream, trouble=trouble), trouble.status
    return redirect(url_for("dossier.page", stream=stream), 303)


def targets_of(stream: str) -> list[Target]:
    """What is still here of a dossier, in the order in which it was written."""
    here = site()
    gone = here.node.catalog.trust.redacted
    events = [one for one in here.node.projector.events_of(stream) if isinstance(one, Event)]
    found: dict[str, Target] = {}
    for event in sorted(events, key=lambda one: one.order):
        title = acts.title(event.kind)
        found.setdefault(
            event.hash, Target(event.hash, say("Nội dung của: {act}", act=title), event.at, event.by)
        )
        for name in files_named_in(event.data):
            found.setdefault(name, Target(name, say("Tệp kèm: {act}", act=title), event.at, event.by))
    if not found:
        raise NotFound
    return [target for target in found.values() if target.name not in gone]


def _errors(chosen: list[str], ground: str, second: str) -> list[tuple[str, str]]:
    errors = []
    if not chosen:
        errors.append(("target", "Chưa chọn nội dung phải xoá."))
    if not ground or len(ground) > LONGEST:
        errors.append(("ground", too_long() if ground else "Chưa ghi căn cứ pháp luật."))
    if not second:
        errors.append(("second", "Chưa chọn người thứ hai."))
    return errors


def _render(stream: str, errors: list[tuple[str, str]] | None = None, trouble: Trouble | None = None) -> str:
    here = site()
    row = here.node.register.row(stream)
    others = [
        one
        for one in here.view.people()
        if one.id != presence.person().id
        and may_redact(here.node, one.id)
        and here.node.people.has_pin(one.id)
    ]
    return render_template(
        "redacting.html",
        stream=stream,
        number=row.number if row else "",
        targets=targets_of(stream),
        others=others,
        typed=request.form,
        chosen=request.form.getlist("target"),
        errors=errors or [],
        trouble=trouble,
    )
