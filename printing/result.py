"""The result of a procedure as a paper: an approval, or a refusal with its reason.

It is rendered unsigned, with room for a visible signature above the signer's name, and, where the document is to have
a number, with room for number and date in its head; whoever signs is told where.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import ClassVar

import msgspec
from msgspec import structs
from reportlab.lib.units import mm

from printing import letter
from printing.appearance import Box
from printing.blocks import Signatures
from printing.forms import Form
from printing.head import Head
from printing.paper import A4, Document, Placed, paginate
from printing.typeface import printable
from printing.words import LONGEST_DAY, day_in_words, in_vietnam, moment_in_words

# Room for a blue signature image with the signer's details beside it (decree 30/2020, appendix I).
SIGNATURE_WIDTH, SIGNATURE_HEIGHT = 66 * mm, 24 * mm
_WIDEST_NUMBER = "0000000"


class Outcome(Enum):
    """What the authority decided; the value is the number of the form."""

    APPROVED = "approval"
    REFUSED = "refusal"


@dataclass(frozen=True, slots=True)
class ResultDocument:
    """What an approver signs. Agency names as in a sentence; a line feed in them is kept in the head."""

    MUST: ClassVar[tuple[str, ...]] = (
        "agency",
        "number",
        "day",
        "subject",
        "applicant",
        "text",
        "capacity",
        "signer",
    )
    """What no version of its form may leave out."""

    outcome: Outcome
    superior: str
    """The agency above: "Ủy ban nhân dân tỉnh Lạng Sơn"."""
    agency: str
    """The agency in whose name it is decided."""
    place: str
    number: str
    """Of the dossier."""
    subject: str
    """Below the title: the name of the result, or of what is refused."""
    applicant: str
    applicant_id_kind: str
    applicant_id: str
    address: str
    procedure: str
    procedure_code: str
    received: datetime
    opinion: str
    """The appraiser's."""
    text: str
    """The decision, or the reason of the refusal; line feeds are kept."""
    capacity: str
    """By what right the signer signs, a line each: "TUQ. GIÁM ĐỐC\\nTRƯỞNG PHÒNG"."""
    signer: str
    decided: datetime
    sign: str = ""
    """Of the agency in the document's number ("SXD"); empty: the document gets no number, and the day of the decision."""
    qr_text: str = ""

    @property
    def digest(self) -> str:
        """Of all that it says, as 64 hex digits; its QR code carries it, and so is left out of it."""
        return sha256(msgspec.json.encode(replace(self, qr_text=""))).hexdigest()


@dataclass(frozen=True, slots=True)
class RenderedResult:
    """The PDF, and where a visible signature belongs: page from 0, (left, bottom, right, top) in PDF points.

    `number` and `day` are the open places on the first page, or None; `symbol` is what follows the number there.
    `digest` is the document's.
    """

    pdf: bytes
    page: int
    box: Box
    number: Box | None = None
    day: Box | None = None
    symbol: str = ""
    digest: str = ""


def render(document: ResultDocument, form: Form) -> RenderedResult:
    """A PDF/A-2b; equal documents give equal bytes. `form` is the version of `document.outcome.value` in force on the day.

    Raises BadForm.
    """
    sheets = Document(
        title=printable(f"{form.title} {document.number}"),
        subject=printable(document.procedure),
        author=printable(document.agency.replace("\n", " ")),
        made=document.decided,
    )
    facts, symbol = facts_of(document), _symbol(document, form)
    if symbol:
        facts |= {letter.NUMBER_ROOM: f"{_WIDEST_NUMBER}{symbol}", letter.DAY_ROOM: LONGEST_DAY}
        form = structs.replace(form, place_line="{place}")
    placed = paginate(letter.compose(form, facts, qr_text=document.qr_text))
    sheets.add(placed, letter.foot(form, facts))
    number, day = _blanks(placed[0]) if symbol else (None, None)
    return RenderedResult(
        sheets.finish(for_ever=True),
        placed[-1].page,
        _signature_box(placed[-1]),
        number,
        day,
        symbol,
        document.digest,
    )


def _symbol(document: ResultDocument, form: Form) -> str:
    """What follows the number: "/KQ-SXD"; empty for a document without one."""
    return f"/{form.symbol}-{document.sign}" if document.sign and form.symbol else ""


def _blanks(first: Placed) -> tuple[Box, Box]:
    if not isinstance(first.block, Head):
        raise TypeError(f"a result begins with its head, not with {type(first.block).__name__}")
    return first.block.blanks(A4.left, first.top, A4.text_width)


def facts_of(document: ResultDocument) -> dict[str, str]:
    """All texts that its form may name."""
    texts = {field.name: getattr(document, field.name) for field in fields(document)}
    return {name: text for name, text in texts.items() if isinstance(text, str) and name != "qr_text"} | {
        "day": day_in_words(in_vietnam(document.decided).date()),
        "received": moment_in_words(document.received),
    }


def _signature_box(last: Placed) -> Box:
    """In the middle of the space that the signatures leave free."""
    if not isinstance(last.block, Signatures):
        raise TypeError(f"a result ends with its signatures, not with {type(last.block).__name__}")
    left, bottom, right, top = last.block.free_box(A4.left, last.top, A4.text_width)
    across, up = (left + right) / 2, (bottom + top) / 2
    return (
        round(across - SIGNATURE_WIDTH / 2, 2),
        round(up - SIGNATURE_HEIGHT / 2, 2),
        round(across + SIGNATURE_WIDTH / 2, 2),
        round(up + SIGNATURE_HEIGHT / 2, 2),
    )
