"""Signing several dossiers with one PIN: those that were ticked in the queue and opened before, and no others.

The answer is written while they are signed, one line each as soon as it is verified; whoever closes the page stops what
has not begun.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from flask import Blueprint, redirect, render_template, request, stream_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField
from wtforms.validators import InputRequired

from edge.deciding import MOST_AT_ONCE, Approval, Wanted
from edge.errors import CannotSign
from edge.register import Work
from edge.tables.dossiers import DossierRow
from edge.web import presence, second, showing
from edge.web.forms import Form
from edge.web.scans import without_files
from edge.web.showing import sample_of, why_not
from edge.web.site import ROOM, site
from edge.web.trouble import Trouble, trouble_of

blueprint = Blueprint("batch", __name__)

KIND = "dossier.approved"


class Signing(Form):
    """The PIN of the token, once for all of them; it is kept nowhere."""

    pin = PasswordField("Mã PIN thẻ ký số", validators=[InputRequired("Chưa gõ mã PIN thẻ ký số.")])


@dataclass(frozen=True, slots=True)
class Ticked:
    """A dossier that was ticked: what its document will say and by what right, or why it is left out."""

    row: DossierRow
    text: str
    right: str
    against: Trouble | None


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one of them."""

    row: DossierRow | None
    approval: Approval
    trouble: Trouble | None


@blueprint.get("/room/batch")
def page() -> ResponseReturnValue:
    """What is about to be signed, each with its text; nothing is signed by looking."""
    presence.require(ROOM)
    ticked = _ticked()
    if not ticked:
        return redirect(url_for("room.page", tab=Work.APPROVE.value))
    return _render(ticked, Signing(formdata=None))


@blueprint.post("/room/batch")
def sign() -> ResponseReturnValue:
    """Sign what was ticked, telling of each as it is done. Where the PIN is wrong nothing was signed."""
    presence.require(ROOM)
    form, ticked = Signing(), _ticked()
    if not form.validate_on_submit():
        return _render(ticked, form, form.error_list()), 422
    wanted = [Wanted(one.row.stream, one.text) for one in ticked if one.against is None]
    with_ = second.beside(KIND)
    approvals = site().node.deciding.approve_each(
        wanted, by=presence.person().id, pin=form.pin.data, with_=with_
    )
    first = next(approvals, None)
    if first is None:
        return _render(ticked, form)
    if not first.begun and isinstance(first.why, CannotSign):
        trouble = trouble_of(first.why)
        return _render(ticked, form, trouble=trouble), trouble.status
    rows = {one.row.stream: one.row for one in ticked}
    lines = _lines(chain([first], approvals), rows)
    left_out = [one for one in ticked if one.against is not None]
    return stream_template("batch_done.html", lines=lines, of=len(wanted), left_out=left_out), {
        "Content-Type": "text/html; charset=utf-8"
    }


def _lines(approvals: Iterator[Approval], rows: dict[str, DossierRow]) -> Iterator[Line]:
    for one in approvals:
        yield Line(rows.get(one.stream), one, trouble_of(one.why) if one.why is not None else None)


def _ticked() -> list[Ticked]:
    """The dossiers that were ticked, oldest due first, each as it is now."""
    node = site().node
    streams = list(dict.fromkeys(request.values.getlist("stream")))[:MOST_AT_ONCE]
    opened = node.views.seen_by(presence.person().id, streams)
    found = [row for stream in streams if (row := node.register.row(stream)) is not None]
    found.sort(key=lambda row: (row.due_at, row.position))
    elsewhere = without_files(streams)
    for stream in elsewhere:
        site().demand(stream)
    return [_as_it_is(row, opened=row.stream in opened, whole=row.stream not in elsewhere) for row in found]


def _as_it_is(row: DossierRow, *, opened: bool, whole: bool) -> Ticked:
    """`whole`: all its scans are here. One dossier alone may be signed without them, by who reads that they are not."""
    node, now = site().node, site().now()
    dossier = node.register.dossier(row.stream)
    against = None if opened else _UNOPENED
    against = against or why_not(dossier, KIND, sample_of(dossier, KIND))
    against = against or (None if whole else _ELSEWHERE)
    right = node.deciding.right_of(presence.person(), dossier, now).in_a_line
    return Ticked(row, node.papers.wording_of(dossier, approved=True, at=now), right, against)


_UNOPENED = Trouble(
    "Chưa mở xem hồ sơ này.", "Hồ sơ vẫn nguyên.", "Mở xem, rồi chọn lại; ký nhiều chỉ gồm hồ sơ đã mở xem."
)

_ELSEWHERE = Trouble(
    "Bản quét còn ở máy khác.",
    "Hồ sơ vẫn nguyên.",
    "Đang lấy về; chờ vài giây rồi chọn lại, hoặc mở ra ký riêng.",
)


def _render(
    ticked: list[Ticked],
    form: Signing,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    return render_template(
        "batch.html",
        ticked=ticked,
        ready=[one for one in ticked if one.against is None],
        form=form,
        errors=errors or [],
        trouble=trouble,
        certificate=showing.certificate_tag(presence.person().ders()),
        second=second.asked_for(KIND),
    )
