"""Form 01 for one submitter with many dossiers: one paper that lists them, beside the slip that each of them has.

Printed when the last one is saved, as often as one likes; each dossier keeps its own slip, because each is returned by its
own number.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from edge.node import Node
from edge.paper import RETURN_PLACES
from printing import spool
from printing.papers.reception import ListSlip, Received
from printing.spool import PrintJob
from printing.typesetting import to_job
from printing.words import in_vietnam
from schemas.acts import Received as Data
from schemas.events import moment
from schemas.numbers import parse
from schemas.rules import Done

FORM: Final = ListSlip.FORM


def together(node: Node, stream: str) -> list[tuple[str, Data, Done]]:
    """What the same person handed in here that day, the oldest first; nothing at a machine that did not receive it."""
    row = node.register.row(stream)
    rows = node.register.handed_in_with(row) if row is not None and row.node == node.id else []
    dossiers = [node.register.dossier(one.stream) for one in rows]
    told = [(one.stream, one.received, one.standing.receipt) for one in dossiers]
    known = [
        (name, data, receipt) for name, data, receipt in told if data is not None and receipt is not None
    ]
    own = next((_identity(one.received) for one in dossiers if one.stream == stream and one.received), "")
    return [one for one in known if _identity(one[1]) == own]


def _identity(data: Data) -> str:
    return (data.submitter or data.applicant).identity


def print_list(node: Node, stream: str) -> PrintJob:
    """Queue the list of what came with a dossier. Raises ValueError where it came alone."""
    at, view = node.clock(), node.catalog.latest
    with node.file.write():
        known = together(node, stream)
        if len(known) < 2:
            raise ValueError("a list has two dossiers at least")
        _, data, receipt = known[-1]
        came, centre = data.submitter or data.applicant, view.centre()
        assert centre is not None, "a centre's catalog begins with its name"  # noqa: S101
        number, title = parse(known[0][1].number), view.title_of(receipt.node)
        content = ListSlip(
            superior=centre.superior,
            agency=centre.name,
            place=centre.place,
            catalog=view.number,
            qr_text=node.papers.code_of_slip(known[0][0], known[0][1], known[0][2].hash),
            counter=title,
            book=f"{title}/{in_vietnam(at).year}",
            serial=f"{number.node:02d}{number.count:02d}" if number else "",
            submitter=came.name,
            address=came.address,
            phone=came.phone,
            email=came.email,
            id_kind="số định danh",
            id_number=came.identity,
            dossiers=tuple(
                Received(
                    tt=place,
                    number=one.number,
                    procedure=one.procedure_name,
                    agency=view.agency_name(one.agency),
                    applicant=one.applicant.name,
                    received=moment(of.at),
                    due=moment(one.due),
                    limit=one.limit.words(),
                    sets=one.sets,
                )
                for place, (_, one, of) in enumerate(known, start=1)
            ),
            received=moment(receipt.at),
            return_place=RETURN_PLACES.get(data.return_by, centre.name),
            receiver=view.name_of(receipt.by),
        )
        before = (
            PrintJob.select().where((PrintJob.number == known[0][1].number) & (PrintJob.form == FORM)).count()
        )
        content = replace(content, print_count=before + 1)
        return spool.put(
            stream=stream,
            number=known[0][1].number,
            form=FORM,
            payload=to_job(content),
            copies=2,
            attempt=before + 1,
            at=at,
        )
