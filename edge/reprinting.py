"""Printing a paper again: with a reason, as an act, and marked "in lần 2". Nothing is ever printed twice silently."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from edge.node import Node
from printing import spool
from printing.papers.reception import ReceiptSlip
from printing.spool import PrintJob, State
from printing.typesetting import from_job, to_job
from schemas.acts import Printed

REPRINTED: Final = "dossier.reprinted"
LONGEST_REASON: Final = 300


class NothingToReprint(Exception):
    """There is no slip of this dossier at this node, or its content had to go by law."""


def newest_slip(node: Node, stream: str) -> PrintJob | None:
    """The newest printing of the dossier's slip at this machine."""
    with node.file.read():
        found: PrintJob | None = (
            PrintJob.select()
            .where((PrintJob.stream == stream) & (PrintJob.form == ReceiptSlip.FORM))
            .order_by(PrintJob.attempt.desc())
            .first()
        )
    return found


def reprint_slip(node: Node, stream: str, *, reason: str, by: str) -> PrintJob:
    """Queue the slip as it was printed first, with the number of this printing; act and job are one transaction.

    A printing that has not come out is cancelled by it, and taken back from the printer that has it, outside of the
    transaction: printers may be slow. Raises `NothingToReprint`, `NotAllowed`, `PrintError`.
    """
    waiting = newest_slip(node, stream)
    if waiting is not None and waiting.state == State.SENT:
        node.spool.take_back(waiting.id, at=node.clock())
    with node.file.write():
        last = newest_slip(node, stream)
        receipt = node.projector.dossier(stream).standing.receipt
        if last is None or receipt is None or not last.payload:
            raise NothingToReprint(stream)
        attempt = last.attempt + 1
        paper = replace(from_job(last.form, bytes(last.payload)), print_count=attempt)
        node.ledger.act(
            stream, REPRINTED, Printed(paper="slip", of=receipt.hash, copy=attempt, reason=reason), by=by
        )
        at = node.clock()
        if last.state in (State.QUEUED, State.FAILED, State.UNSURE):
            PrintJob.update(state=State.CANCELLED.value, changed_at=at, error=reason).where(
                PrintJob.id == last.id
            ).execute()
        return spool.put(
            stream=stream,
            number=last.number,
            form=last.form,
            payload=to_job(paper),
            copies=last.copies,
            attempt=attempt,
            at=at,
        )
