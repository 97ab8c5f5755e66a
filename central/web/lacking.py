"""Chưa về: files that central still lacks, and what somebody refused of a machine, with what brings each of them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from central.missing_files import Lacking, missing
from central.web.nodes import machines
from edge.tables.dossiers import DossierRow
from edge.web import presence, words
from edge.web.site import Entry, Site, site
from schemas.entries import Duty, Role
from schemas.states import Refusal

blueprint = Blueprint("lacking", __name__, template_folder="../templates")
ENTRY: Final = Entry(
    8, "Chưa về", "lacking.page", ((Duty.DESK, Role.DESK_OFFICER),), (Role.SUPERVISOR, Role.ADMINISTRATOR)
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A file that lacks; `release`: what brings it."""

    lacking: Lacking
    release: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A document that was refused, of which machine, with its dossier where that is known here."""

    node: str
    refusal: Refusal
    row: DossierRow | None
    why: str


@blueprint.get("/lacking")
def page() -> ResponseReturnValue:
    """One page of both lists; counts tell how many there are beyond what is shown."""
    presence.require(ENTRY)
    here = site()
    files, count = missing(here.node)
    found = [one.state for one in machines(here) if one.state is not None]
    return render_template(
        "lacking.html",
        files=[Shown(one, _release(here, one)) for one in files],
        count=count,
        refused=[_refused(here, state.node, one) for state in found for one in state.refusals],
        refused_count=sum(state.refused for state in found),
    )


def _release(here: Site, one: Lacking) -> str:
    card = here.view.card(one.node)
    if card is None:
        return "Không biết máy nào có tệp này."
    if not card.opens:
        return "Máy đó đã thu hồi thẻ: tìm đĩa của máy (motcua rescue), hoặc quét lại từ hồ sơ giấy."
    contact = here.node.contacts.of(one.node)
    if one.node != here.node.id and contact.lost_since is not None:
        return "Tự về khi máy đó liên lạc được."
    return "Đang về, sau các việc. Quá một ngày mà chưa về: quét lại từ hồ sơ giấy."


def _refused(here: Site, node: str, one: Refusal) -> Refused:
    row = here.node.register.row(one.document.partition(":")[0])
    return Refused(node, one, row, words.refusal(one.reason))
