"""What goes onto a dossier's folder and into it: the label, and form 06 with the hand-overs that are known.

Printed as often as one likes, at any machine that holds the dossier; no act comes of it. The QR code and the bars say the
number alone, so that whoever scans a folder finds its dossier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from edge.node import Node
from printing import spool
from printing.content import Paper
from printing.papers.course import EMPTY_STAGE, ControlSlip, Stage
from printing.papers.hall import Sticker
from printing.spool import PrintJob
from printing.typesetting import to_job
from printing.words import in_vietnam
from schemas.acts import Forwarded
from schemas.clock import due_at
from schemas.custody import hand_overs, opinions, told
from schemas.deadlines import resolved
from schemas.events import moment
from schemas.fold import Dossier
from schemas.numbers import parse

FORMS: Final = (Sticker.FORM, ControlSlip.FORM)
_LINES: Final = 4
"""Of form 06: what one page has room for. At least one is empty, for pens."""


def print_folder_paper(node: Node, stream: str, form: str) -> PrintJob:
    """Queue a paper of `FORMS`. Raises ValueError for a dossier that was never received."""
    dossier, at = node.register.dossier(stream), node.clock()
    paper = _label(node, dossier) if form == Sticker.FORM else _control_slip(node, dossier)
    with node.file.write():
        before = PrintJob.select().where((PrintJob.stream == stream) & (PrintJob.form == form)).count()
        again = replace(paper, print_count=before + 1)
        return spool.put(
            stream=stream,
            number=paper.name,
            form=form,
            payload=to_job(again),
            copies=1,
            attempt=again.print_count,
            at=at,
        )


def _label(node: Node, dossier: Dossier) -> Paper:
    return Sticker(**_common(node, dossier))


def _control_slip(node: Node, dossier: Dossier) -> Paper:
    common, stages = _common(node, dossier), list(_stages(node, dossier))
    number, receipt = parse(common["number"]), dossier.standing.receipt
    assert receipt is not None, "a dossier with a number was received"  # noqa: S101
    return ControlSlip(
        **common,
        book=f"{node.catalog.latest.title_of(receipt.node)}/{in_vietnam(common['received']).year}",
        serial=f"{number.node:02d}{number.count:02d}" if number else "",
        coordinating=_coordinating(node, dossier),
        stages=(*stages, *[EMPTY_STAGE] * max(1, _LINES - len(stages))),
    )


def _common(node: Node, dossier: Dossier) -> dict[str, Any]:
    """What both papers say."""
    received, receipt = dossier.received, dossier.standing.receipt
    view = node.catalog.latest
    centre = view.centre()
    if received is None or receipt is None or centre is None:
        raise ValueError("a dossier that was never received has no folder")
    agency = view.agency(received.agency)
    return {
        "superior": centre.superior,
        "agency": centre.name,
        "place": centre.place,
        "number": received.number,
        "applicant": received.applicant.name,
        "procedure": received.procedure_name,
        "resolving": agency.name if agency else received.agency,
        "received": moment(receipt.at),
        "due": moment(received.due),
        "qr_text": received.number,
        "catalog": view.number,
    }


def _stages(node: Node, dossier: Dossier) -> Iterator[Stage]:
    """The hand-overs that stand, in their order."""
    due = due_at(dossier.standing, node.catalog.latest.calendar()) or dossier.standing.due
    for one in hand_overs(dossier.timeline, told(node.projector.events_of(dossier.stream))):
        giver = _agency_of(node, one.given.by)
        yield Stage(
            giver=giver or node.catalog.latest.title_of(one.given.node),
            taker=_taker(node, one.to),
            handed=moment(one.given.at),
            given_by=one.to.signed_by or node.catalog.latest.name_of(one.given.by),
            taken_by=(one.how.signed_by if one.how else "")
            or (node.catalog.latest.name_of(one.taken.by) if one.taken else ""),
            timeliness=resolved(moment(one.given.at), moment(due)).words.capitalize() if giver else "",
            note=one.to.result,
        )


def _coordinating(node: Node, dossier: Dossier) -> str:
    asked = opinions(dossier.timeline, told(node.projector.events_of(dossier.stream)))
    return "; ".join(dict.fromkeys(node.catalog.latest.agency_name(one.question.agency) for one in asked))


def _taker(node: Node, to: Forwarded) -> str:
    named = (node.catalog.latest.agency_name(to.agency), to.room, node.catalog.latest.name_of(to.person))
    return ", ".join(part for part in named if part)


def _agency_of(node: Node, name: str) -> str:
    """The agency at which a person sits; empty for the centre's own."""
    person = node.catalog.latest.person(name)
    return node.catalog.latest.agency_name(person.agency) if person and person.agency else ""
