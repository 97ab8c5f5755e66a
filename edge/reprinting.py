"""Printing a paper again: with a reason, as an act, and marked "in lần 2". Nothing is ever printed twice silently."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from edge.money_papers import receipt_name
from edge.node import Node
from printing import spool
from printing.papers.money import ElectronicReceipt, PaperReceipt, ProvisionalSlip
from printing.papers.reception import ReceiptSlip
from printing.spool import PrintJob, State
from printing.typesetting import from_job, to_job
from schemas.acts import Printed

REPRINTED: Final = "dossier.reprinted"
LONGEST_REASON: Final = 300


class NothingToReprint(Exception):
    """There is no such paper of this dossier at this node, or its content had to go by law."""


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
    """Queue the slip with what was amended since, and the number of this printing; act and job are one transaction.

    A printing that has not come out is cancelled by it, and taken back from the printer that has it, outside of the
    transaction: printers may be slow. Raises `NothingToReprint`, `NotAllowed`, `PrintError`.
    """
    waiting = newest_slip(node, stream)
    if waiting is not None and waiting.state == State.SENT:
        node.spool.take_back(waiting.id, at=node.clock())
    with node.file.write():
        receipt = node.projector.dossier(stream).standing.receipt
        return _again(node, newest_slip(node, stream), "slip", receipt.hash if receipt else "", reason, by)


def receipt_jobs(node: Node, stream: str) -> dict[str, PrintJob]:
    """The newest printing here of each receipt or provisional slip of a dossier, by what it is called."""
    forms = (PaperReceipt.FORM, ProvisionalSlip.FORM, ElectronicReceipt.FORM)
    with node.file.read():
        jobs = (
            PrintJob.select()
            .where((PrintJob.stream == stream) & PrintJob.form.in_(forms))
            .order_by(PrintJob.attempt, PrintJob.id)
        )
        return {job.number: job for job in jobs}


def reprint_receipt(node: Node, stream: str, collected: str, *, reason: str, by: str) -> PrintJob:
    """Queue the receipt of an act of collection again, as it was printed first. Raises as `reprint_slip` does."""
    with node.file.write():
        taken = node.till.collection(node.projector.dossier(stream), collected)
        last = receipt_jobs(node, stream).get(receipt_name(taken)) if taken is not None else None
        return _again(node, last, "receipt", collected, reason, by)


def _again(
    node: Node, last: PrintJob | None, what: Literal["slip", "receipt"], of: str, reason: str, by: str
) -> PrintJob:
    """One more printing of a paper; the one before it is cancelled if it has not come out."""
    if last is None or not of or not last.payload:
        raise NothingToReprint(of)
    attempt = last.attempt + 1
    paper = replace(from_job(last.form, bytes(last.payload)), print_count=attempt)
    received = node.projector.dossier(last.stream).received
    if isinstance(paper, ReceiptSlip) and received is not None:
        paper = node.papers.put_right(paper, received)
    node.ledger.act(last.stream, REPRINTED, Printed(paper=what, of=of, copy=attempt, reason=reason), by=by)
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
        attempt=attempt,
        at=at,
    )
