"""The clerk: results that an approver has signed, oldest due first; number, date and seal in one step.

It works offline, like everything here: the number comes from what this machine was granted, the seal from the
organisation's own token.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField
from wtforms import PasswordField
from wtforms.validators import InputRequired

from edge.pades.paper import LARGEST_BYTES
from edge.register import Work
from edge.sealing import NUMBERED, SEALED, Proposed
from edge.web import presence, second, showing
from edge.web.forms import Bare, Form
from edge.web.language import say, tell
from edge.web.merging import over_what_was_seen
from edge.web.returning import READY, waits_for_paper
from edge.web.showing import Shown, show, sides
from edge.web.site import SEAL, site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.web.uploads import BadUpload, Kind, takes_files, upload
from printing.scans import UnusableScan
from printing.scans import read as read_scan
from schemas.acts import ResultNamed
from schemas.entries import Step
from schemas.errors import NoNumber, NotAllowed
from schemas.rules import is_on_paper

blueprint = Blueprint("sealing", __name__)

SHOWN: Final = 60


class Numbering(Form):
    """Two PINs: the clerk's own token, and the agency's seal; neither is kept."""

    pin = PasswordField(
        "Mã PIN thẻ ký số của anh/chị", validators=[InputRequired("Chưa gõ mã PIN thẻ ký số.")]
    )
    agency_pin = PasswordField(
        "Mã PIN thẻ con dấu", validators=[InputRequired("Chưa gõ mã PIN thẻ con dấu của cơ quan.")]
    )


class Stamping(Form):
    """Of a result on paper: what came out of the scanner, after signature, number and stamp."""

    scan = FileField("Bản quét đã ký tay, ghi số, đóng dấu")
    pin = PasswordField(
        "Mã PIN thẻ ký số của anh/chị", validators=[InputRequired("Chưa gõ mã PIN thẻ ký số.")]
    )


@blueprint.get("/seal")
def page() -> ResponseReturnValue:
    """The list, with its first result open."""
    presence.require(SEAL)
    rows, _ = site().node.register.work(Work.SEAL, SHOWN)
    first = next((row for row in rows if not row.contested and not row.missing), None)
    return _render(show(first.stream) if first else None)


@blueprint.get("/seal/<stream>")
def one(stream: str) -> ResponseReturnValue:
    """One result as it was signed, with the number that is next for it."""
    presence.require(SEAL)
    return _render(show(stream))


@blueprint.post("/seal/<stream>/number")
def number_paper(stream: str) -> ResponseReturnValue:
    """Of a result on paper: the number, which the clerk then writes on it."""
    presence.require(SEAL)
    Bare.checked()
    try:
        site().node.sealing.number_paper(stream, by=presence.person().id, with_=second.beside(NUMBERED))
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, trouble=trouble), trouble.status
    return redirect(url_for(".one", stream=stream), 303)


@blueprint.post("/seal/<stream>/paper")
@takes_files(LARGEST_BYTES)
def seal_paper(stream: str) -> ResponseReturnValue:
    """The scan of what was signed by hand, numbered and stamped."""
    presence.require(SEAL)
    form = Stamping()
    if not form.validate_on_submit():
        return _render(show(stream), stamping=form, errors=form.error_list()), 422
    try:
        content = upload("scan", Kind.PDF)
        read_scan(content)
        site().node.sealing.seal_paper(
            stream,
            by=presence.person().id,
            pin=form.pin.data,
            scan=content,
            with_=second.beside(SEALED),
        )
    except UnusableScan:
        trouble = trouble_of(BadUpload("kind"))
        return _render(show(stream), stamping=form, trouble=trouble), trouble.status
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, stamping=form, trouble=trouble), trouble.status
    return redirect(url_for(".page", after=stream), 303)


@blueprint.post("/seal/<stream>")
@over_what_was_seen("dossier.sealed", Numbering)
def seal(stream: str) -> ResponseReturnValue:
    """Number, date and seal. Where a PIN is wrong, no number is used up."""
    presence.require(SEAL)
    form = Numbering()
    if not form.validate_on_submit():
        return _render(show(stream), form=form, errors=form.error_list()), 422
    try:
        site().node.sealing.seal(
            stream,
            by=presence.person().id,
            pin=form.pin.data,
            agency_pin=form.agency_pin.data,
            with_=second.beside(SEALED),
        )
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, form=form, trouble=trouble), trouble.status
    return redirect(url_for(".page", after=stream), 303)


@blueprint.post("/seal/<stream>/ready")
def ready(stream: str) -> ResponseReturnValue:
    """The paper was carried to the counter, whose page tells whom to call."""
    presence.require(SEAL)
    Bare.checked()
    try:
        said = ResultNamed(show(stream).result or "")
        site().node.ledger.act(stream, READY, said, by=presence.person().id)
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, trouble=trouble), trouble.status
    return redirect(url_for(".page", after=stream), 303)


def _render(
    shown: Shown | None,
    *,
    form: Form | None = None,
    stamping: Form | None = None,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    register = site().node.register
    rows, count = register.work(Work.SEAL, SHOWN)
    after = request.args.get("after", "")
    proposed, against = _proposed(shown)
    done = show(after) if after else None
    return render_template(
        "sealing.html",
        rows=rows,
        count=count,
        shown=shown,
        form=form or Numbering(formdata=None),
        stamping=stamping or Stamping(formdata=None),
        on_paper=shown is not None and is_on_paper(shown.dossier.standing),
        errors=errors or [],
        trouble=trouble,
        proposed=proposed,
        against=against,
        seals=shown is not None and Step.SEAL in shown.dossier.standing.steps,
        tokens=_tokens(shown),
        second=second.asked_for(SEALED),
        sample_pin=demo.seal_pin if (demo := site().node.settings.demo) else "",
        conflicts=[(one, sides(shown, one)) for one in shown.dossier.conflicts] if shown else [],
        file_is_here=shown is not None
        and shown.result is not None
        and site().node.archive.read(shown.result) is not None,
        after=done,
        waits_for_paper=done is not None and waits_for_paper(done.dossier),
    )


def _proposed(shown: Shown | None) -> tuple[Proposed | None, Trouble | None]:
    """The number that is to be given, and what stands against the step."""
    if shown is None or shown.dossier.standing.outcome is None:
        return None, None
    sealing = site().node.sealing
    try:
        proposed = sealing.proposed(shown.dossier)
        sealing.check(shown.dossier, by=presence.person().id, with_=second.anybody(SEALED))
    except (NotAllowed, NoNumber) as why:
        return None, trouble_of(why, shown.dossier.status)
    return proposed, None


def _tokens(shown: Shown | None) -> list[tuple[str, showing.Tag]]:
    """Whose tokens the step needs, and what is known of their certificates."""
    if shown is None:
        return []
    own = (say("Thẻ của anh/chị"), showing.certificate_tag(presence.person().ders()))
    if is_on_paper(shown.dossier.standing):
        return [own]  # the agency's seal is a stamp there
    agency = shown.agency
    name = agency.name if agency else shown.received.agency
    return [
        own,
        (tell("Con dấu {agency}", agency=name), showing.certificate_tag(agency.ders() if agency else [])),
    ]
