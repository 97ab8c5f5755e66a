"""What goes onto a dossier's folder and into it: the label, and form 06 with the hand-overs that are known.

Printed as often as one likes, at any machine that holds the dossier; no act comes of it. The QR code and the bars say the
number alone, so that whoever scans a folder finds its dossier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from schemas.events import Event, moment
from schemas.fold import Dossier, Place
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
        book=f"{_place(node, receipt.node)}/{in_vietnam(common['received']).year}",
        serial=f"{number.node:02d}{number.count:02d}" if number else "",
        coordinating="",
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
    events = {one.hash: one for one in node.projector.events_of(dossier.stream) if isinstance(one, Event)}
    stage: Stage | None = None
    for line in dossier.timeline:
        event = events.get(line.hash)
        if event is None or line.place not in (Place.EFFECTIVE, Place.IRREGULAR):
            continue
        if line.kind == "dossier.forwarded":
            if stage is not None:
                yield stage
            stage = Stage(
                giver=_place(node, line.node),
                taker=_taker(node, event.data),
                handed=moment(line.at),
                given_by=_name(node, line.by),
                taken_by="",
                timeliness="",
            )
        elif line.kind == "dossier.taken_over" and stage is not None:
            stage = replace(stage, taken_by=_name(node, line.by))
    if stage is not None:
        yield stage


def _taker(node: Node, forwarded: Mapping[str, Any]) -> str:
    code = str(forwarded.get("agency", ""))
    agency = node.catalog.latest.agency(code)
    named = (
        agency.name if agency else code,
        forwarded.get("room", ""),
        _name(node, forwarded.get("person", "")),
    )
    return ", ".join(part for part in named if part)


def _place(node: Node, name: str) -> str:
    card = node.catalog.latest.card(name)
    return card.title if card else name


def _name(node: Node, person: str) -> str:
    known = node.catalog.latest.person(person)
    return known.name if known else person
