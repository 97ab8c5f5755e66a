"""A paper and a form make a PDF. Equal papers and equal forms give equal bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from printing import label, letter, ticket
from printing.content import Paper
from printing.errors import UnreadableJob
from printing.forms import Form, Forms
from printing.paper import SHEETS, Document, Piece, paginate
from printing.papers import KINDS
from printing.typeface import printable
from printing.words import in_vietnam

_ONLY: Final = ("",)
"""The copies of a form that names none."""


def typeset(paper: Paper, form: Form, *, copy: int | None = None) -> bytes:
    """All copies of a paper in one PDF, each with its own page numbers; or the copy with this number, from 1.

    Raises BadForm, TooMuchForQr.
    """
    facts = paper.facts()
    title = form.fill_plain(form.title, facts)
    document = Document(
        title=printable(f"{title} {paper.name}".strip()),
        subject=printable(paper.subject),
        author=printable(" ".join(paper.agency.split("\n"))),
        made=paper.made,
        sheet=SHEETS[form.sheet],
    )
    tables = {name: [row.facts() for row in rows] for name, rows in paper.tables().items()}
    names = form.copies or _ONLY
    for number in range(1, len(names) + 1) if copy is None else (copy,):
        fields = facts | {"copy": str(number), "copy_name": names[number - 1]}
        pieces = _composed(form, fields, tables, paper.qr_text)
        document.add(paginate(pieces, SHEETS[form.sheet]), letter.foot(form, fields))
    return document.finish()


def form_of(paper: Paper, forms: Forms) -> Form:
    """The version of the paper's form that was in force on the day of its fact, as was known then. Raises NoFormInForce."""
    return forms.in_force(paper.FORM, in_vietnam(paper.made).date(), paper.catalog)


def to_job(paper: Paper) -> bytes:
    """The paper as it waits in the spool: JSON."""
    return msgspec.json.encode(paper)


def from_job(number: str, payload: bytes) -> Paper:
    """The spooled paper of the form with this number; one from before forms were published rests on none of them.

    Raises UnreadableJob.
    """
    kind = KINDS.get(number)
    if kind is None:
        raise UnreadableJob(number, "this version of the program does not know the form")
    try:
        return msgspec.convert({"catalog": 0, **msgspec.json.decode(payload, type=dict[str, Any])}, kind)
    except msgspec.DecodeError as why:
        raise UnreadableJob(number, str(why)) from why


def typeset_by(form: Form, payload: bytes) -> bytes:
    """All copies of a spooled paper, by a form. Raises UnreadableJob, BadForm, TooMuchForQr."""
    return typeset(from_job(form.number, payload), form)


def _composed(
    form: Form, fields: Mapping[str, str], tables: Mapping[str, Sequence[Mapping[str, str]]], qr_text: str
) -> list[Piece]:
    match form.layout:
        case "letter":
            return letter.compose(form, fields, tables, qr_text)
        case "ticket":
            return ticket.compose(form, fields, tables, qr_text)
        case "label":
            return label.compose(form, fields, qr_text)
