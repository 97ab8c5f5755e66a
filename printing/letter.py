"""The layout of forms 01 to 05 and of results: head, title, lines, a table, lines, signatures.

`compose` turns a form, its fields and rows into pieces for `paper.paginate`; what the paper is about, it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reportlab.lib.units import mm

from printing import blocks
from printing.blocks import Grid, Signatory, Signatures, Spread, Text
from printing.forms import Form, Line
from printing.head import Head
from printing.paper import TEXT_WIDTH, Block, Foot, Piece
from printing.typeface import printable

Fields = Mapping[str, str]

_LINE_GAP = 0.9 * mm
_FIRST_LINE_GAP = 2 * mm
# The signatures take the last lines with them: a page that holds nothing but signatures could be signed for anything.
_LINES_WITH_SIGNATURES = 2


def compose(form: Form, fields: Fields, rows: Sequence[Fields] = (), qr_text: str = "") -> list[Piece]:
    """The pieces of one copy, the signatures last. All text enters here: composed, and only what can be drawn.

    Raises BadForm, TooMuchForQr.
    """
    fields = _at_the_door(fields)
    *before, announcement = _lines(form, form.before, fields)
    table = _table(form, [_at_the_door(row) for row in rows])
    announcement = replace(announcement, stays_with_next=bool(table))
    return [*_top(form, fields, qr_text), *before, announcement, *table, *_ending(form, fields)]


def foot(form: Form, fields: Fields) -> Foot:
    fields = _at_the_door(fields)
    left, right, further = (
        form.fill_plain(text, fields) for text in (form.foot, form.foot_right, form.foot_further)
    )
    return Foot(left, right, further)


def _at_the_door(fields: Fields) -> dict[str, str]:
    return {name: printable(value) for name, value in fields.items()}


def _top(form: Form, fields: Fields, qr_text: str) -> Iterable[Piece]:
    yield Piece(
        Head(
            above=form.fill_plain(form.above, fields),
            agency=form.fill_plain(form.agency, fields),
            place_line=form.fill_plain(form.place_line, fields),
            qr_text=qr_text,
            hint=form.fill(form.hint, fields),
            number_line=form.fill_plain(form.book_line, fields),
        )
    )
    yield Piece(Text(form.fill(form.title, fields), blocks.TITLE), before=5 * mm, stays_with_next=True)
    for subtitle in form.subtitles:
        yield Piece(Text(form.fill(subtitle, fields), blocks.SUBTITLE), stays_with_next=True)
    if form.number_line:
        yield Piece(
            Text(form.fill(form.number_line, fields), blocks.NUMBER), before=1 * mm, stays_with_next=True
        )


def _ending(form: Form, fields: Fields) -> Iterable[Piece]:
    lines = _lines(form, form.after, fields)
    for number, piece in enumerate(lines):
        yield replace(piece, stays_with_next=len(lines) - number <= _LINES_WITH_SIGNATURES)
    yield Piece(_signatures(form, fields), before=5 * mm)


def _signatures(form: Form, fields: Fields) -> Signatures:
    """The block that ends every paper."""
    signatories = tuple(
        Signatory(form.fill(one.role, fields), form.fill(one.hint, fields), form.fill(one.name, fields))
        for one in form.signatories
    )
    receivers = tuple(form.fill(line, fields) for line in form.receivers)
    return Signatures(signatories, form.signing_space_mm * mm, receivers)


def _table(form: Form, rows: Sequence[Fields]) -> list[Piece]:
    if not form.columns:
        return []
    taken = sum(column.width_mm for column in form.columns) * mm
    grid = Grid(
        head=[form.fill(column.head, {}) for column in form.columns],
        rows=[[form.fill(column.text, row) for column in form.columns] for row in rows],
        widths=[column.width_mm * mm or TEXT_WIDTH - taken for column in form.columns],
        centred=[column.centred for column in form.columns],
    )
    return [Piece(grid, before=1.4 * mm)]


def _lines(form: Form, lines: Sequence[Line], fields: Fields) -> list[Piece]:
    return [
        Piece(_line(form, line, fields), before=_LINE_GAP if number else _FIRST_LINE_GAP)
        for number, line in enumerate(lines)
    ]


def _line(form: Form, line: Line, fields: Fields) -> Block:
    if isinstance(line, str):
        return Text(form.fill(line, fields))
    return Spread(tuple(Text(form.fill(part, fields)) for part in line))
