"""The receipt slip, form 01: what the submitter takes home."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime

import msgspec

from printing import letter
from printing.errors import UnreadableJob
from printing.forms import Form, Forms
from printing.paper import Document, paginate
from printing.typeface import printable
from printing.words import day_in_words, in_vietnam, moment_in_words

FORM = "01"


@dataclass(frozen=True, slots=True)
class SlipComponent:
    """One row of the table: a paper that was handed in, with its numbers of originals, certified and plain copies."""

    name: str
    originals: int
    certified: int
    copies: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptSlip:
    """Everything that form 01 says of one reception.

    Agency names are written as in a sentence; the head turns them to capitals, and keeps a line feed in them. Moments
    know their zone and are printed in Vietnam's. What is not known is an empty string: the form says what it prints.
    """

    superior: str
    """The agency above the centre: "Ủy ban nhân dân tỉnh Lạng Sơn"."""
    centre: str
    place: str
    """The place-name of the date line: "Lạng Sơn"."""
    counter: str
    """As the citizen knows it: "Quầy 03"."""
    book: str
    serial: str
    number: str
    applicant: str
    applicant_id_kind: str
    """In the middle of a line: "mã số thuế", "số căn cước"."""
    applicant_id: str
    submitter: str
    authorisation: str
    """By what paper the submitter acts for the applicant; empty where they are one person."""
    address: str
    phone: str
    email: str
    id_kind: str
    """At the beginning of a line: "Số căn cước", "Số hộ chiếu"."""
    id_number: str
    procedure: str
    procedure_code: str
    components: tuple[SlipComponent, ...]
    sets: int
    limit: str
    """In words: "04 ngày làm việc"."""
    received: datetime
    due: datetime
    due_note: str
    """Why then: "thứ Hai; không tính 24/11 là ngày nghỉ và 28, 29/11"."""
    return_place: str
    receiver: str
    qr_text: str
    """About 200 ASCII characters; at most `qr.MOST_BYTES`."""
    print_count: int = 1
    copy: int = 1
    """Which of the form's copies, from 1: stays here, goes with the customer."""


def render(slip: ReceiptSlip, form: Form) -> bytes:
    """One copy as a PDF. Equal slips give equal bytes. Raises BadForm, TooMuchForQr."""
    return _render((slip,), form)


def render_copies(slip: ReceiptSlip, form: Form) -> bytes:
    """All copies of the form in one PDF, each with its own page numbers; `slip.copy` does not matter."""
    return _render(tuple(replace(slip, copy=copy) for copy in range(1, len(form.copies) + 1)), form)


def to_job(slip: ReceiptSlip) -> bytes:
    """The slip as it waits in the spool: JSON."""
    return msgspec.json.encode(slip)


def render_job(payload: bytes, forms: Forms) -> bytes:
    """All copies of a spooled slip, by the form that was in force when the dossier was received.

    Raises UnreadableJob, FormError, TooMuchForQr.
    """
    try:
        slip = msgspec.json.decode(payload, type=ReceiptSlip)
    except msgspec.DecodeError as why:
        raise UnreadableJob(FORM, str(why)) from why
    return render_copies(slip, forms.in_force(FORM, in_vietnam(slip.received).date()))


def _render(copies: tuple[ReceiptSlip, ...], form: Form) -> bytes:
    slip = copies[0]
    document = Document(
        title=printable(f"{form.title} {slip.number}"),
        subject=printable(slip.procedure),
        author=printable(slip.centre.replace("\n", " ")),
        made=slip.received,
    )
    for one in copies:
        facts = _facts(one, form)
        rows = [_row(number, component) for number, component in enumerate(one.components, start=1)]
        document.add(paginate(letter.compose(form, facts, rows, one.qr_text)), letter.foot(form, facts))
    return document.finish()


def _facts(slip: ReceiptSlip, form: Form) -> dict[str, str]:
    """Texts by their own names, and beside them what has to be said in words."""
    texts = {field.name: getattr(slip, field.name) for field in fields(slip)}
    return {name: text for name, text in texts.items() if isinstance(text, str)} | {
        "centre_line": slip.centre.replace("\n", " "),
        "received_day": day_in_words(in_vietnam(slip.received).date()),
        "received": moment_in_words(slip.received),
        "due": moment_in_words(slip.due),
        "sets": f"{slip.sets:02d}",
        "copy": str(slip.copy),
        "copy_name": form.copies[slip.copy - 1],
        "print_count": str(slip.print_count),
    }


def _row(number: int, component: SlipComponent) -> dict[str, str]:
    return {
        "tt": str(number),
        "name": component.name,
        "originals": str(component.originals),
        "certified": str(component.certified),
        "copies": str(component.copies),
        "note": component.note,
    }
