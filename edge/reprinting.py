"""Printing a paper again: with a reason, as an act, and marked "in lần 2". Nothing is ever printed twice silently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from edge.course import EXTENDED, GRANTED, REQUESTED, SUSPENDED
from edge.money_papers import receipt_name
from edge.node import Node
from printing import spool
from printing.papers.course import Extension, Suspension
from printing.papers.money import ElectronicReceipt, PaperReceipt, ProvisionalSlip
from printing.papers.reception import ReceiptSlip, SupplementRequest
from printing.spool import PrintJob, State
from printing.typesetting import from_job, to_job
from schemas.acts import Printed

REPRINTED: Final = "dossier.reprinted"
_Paper = Literal["slip", "receipt", "supplement", "apology", "stop"]
LETTERS: Final[Mapping[str, tuple[_Paper, tuple[str, ...]]]] = {
    SupplementRequest.FORM: ("supplement", (REQUESTED,)),
    Extension.FORM: ("apology", (EXTENDED,)),
    Suspension.FORM: ("stop", (SUSPENDED, GRANTED)),
}
"""The letters of a dossier's course by their form: what a reprint calls them, and the acts that they are of."""


class NothingToReprint(Exception):
    """There is no such paper of this dossier at this node, or its content had to go by law."""


def newest_of(node: Node, stream: str, form: str) -> PrintJob | None:
    """The newest printing at this machine of a dossier's slip or letter."""
    with node.file.read():
        found: PrintJob | None = (
            PrintJob.select()
            .where((PrintJob.stream == stream) & (PrintJob.form == form))
            .order_by(PrintJob.attempt.desc())
            .first()
        )
    return found


def reprint_slip(node: Node, stream: str, *, reason: str, by: str) -> PrintJob:
    """Queue the slip with what was amended since, and the number of this printing; act and job are one transaction.

    A printing that has not come out is cancelled by it, and taken back from the printer that has it, outside of the
    transaction: printers may be slow. Raises `NothingToReprint`, `NotAllowed`, `PrintError`.
    """
    _take_back(node, stream, ReceiptSlip.FORM)
    with node.file.write():
        receipt = node.projector.dossier(stream).standing.receipt
        last = newest_of(node, stream, ReceiptSlip.FORM)
        return _again(node, last, "slip", receipt.hash if receipt else "", reason, by)


def reprint_letter(node: Node, stream: str, form: str, *, reason: str, by: str) -> PrintJob:
    """Queue form 02, 04 or 05 again as it was printed last here. As `reprint_slip` in all else; raises as it does."""
    paper, kinds = LETTERS[form]
    _take_back(node, stream, form)
    with node.file.write():
        written = [
            line.hash
            for line in node.projector.dossier(stream).timeline
            if line.kind in kinds and line.node == node.id
        ]
        return _again(node, newest_of(node, stream, form), paper, written[-1] if written else "", reason, by)


def _take_back(node: Node, stream: str, form: str) -> None:
    waiting = newest_of(node, stream, form)
    if waiting is not None and waiting.state == State.SENT:
        node.spool.take_back(waiting.id, at=node.clock())


def receipt_jobs(node: Node, stream: str) -> dict[str, PrintJob]:
    """The newest printing here of each receipt or provisional slip of a dossier, by what it is called."""
    forms = (PaperReceipt.FORM, ProvisionalSlip.FORM, ElectronicReceipt.FORM)
    with node.file.read():
        jobs = (
            PrintJob.select()
            .where((PrintJob.stream == stream) & PrintJob.form.in_(forms))
            .order_by(PrintJob.form == ElectronicReceipt.FORM, PrintJob.attempt, PrintJob.id)
        )
        # the rendering of the receipt, once there is one, and not the slip that bore its number before
        return {job.number: job for job in jobs}


def reprint_receipt(node: Node, stream: str, collected: str, *, reason: str, by: str) -> PrintJob:
    """Queue the receipt of an act of collection again, as it was printed first. Raises as `reprint_slip` does."""
    with node.file.write():
        taken = node.till.collection(node.projector.dossier(stream), collected)
        last = receipt_jobs(node, stream).get(receipt_name(taken)) if taken is not None else None
        return _again(node, last, "receipt", collected, reason, by)


def _again(node: Node, last: PrintJob | None, what: _Paper, of: str, reason: str, by: str) -> PrintJob:
    """One more printing of a paper; the one before it is cancelled if it has not come out."""
    if last is None or not of or not last.payload:
        raise NothingToReprint(of)
    before = from_job(last.form, bytes(last.payload))
    paper = replace(before, print_count=before.print_count + 1)
    received = node.projector.dossier(last.stream).received
    if isinstance(paper, ReceiptSlip) and received is not None:
        paper = node.papers.put_right(paper, received)
    printed = Printed(paper=what, of=of, copy=paper.print_count, reason=reason)
    node.ledger.act(last.stream, REPRINTED, printed, by=by)
    at = node.clock()
    if last.state in (State.QUEUED, State.FAILED, State.UNSURE):
        PrintJob.update(state=State.CANCELLED.value, changed_at=at, error=reason).where(
            PrintJob.id == last.id
        ).execute()
    return spool.put(
        stream=last.stream,
        number=last.number,
        form=last.form,
        payload=to_job(paper),
        copies=last.copies,
        attempt=last.attempt + 1,
        at=at,
    )
