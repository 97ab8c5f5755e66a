"""The layout of letters, lists and receipts: head, title, sections of lines and tables, signatures.

`compose` turns a form, its fields and rows into pieces for `paper.paginate`; what the paper is about, it does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reportlab.lib.units import mm

from printing import blocks, grid
from printing.blocks import Signatory, Signatures, Spread, Text
from printing.forms import Form, Line, Section
from printing.grid import Grid
from printing.head import Head
from printing.paper import SHEETS, Block, Foot, Piece
from printing.typeface import printable

Fields = Mapping[str, str]
Tables = Mapping[str, Sequence[Fields]]

_LINE_GAP = 0.9 * mm
_FIRST_LINE_GAP = 2 * mm
# The signatures take the last lines with them: a page that holds nothing but signatures could be signed for anything.
_LINES_WITH_SIGNATURES = 2


NUMBER_ROOM, DAY_ROOM = "number_room", "day_room"
"""Fields by which a paper asks for a head whose number and date stay open (`head.Head`)."""


def compose(form: Form, fields: Fields, tables: Tables | None = None, qr_text: str = "") -> list[Piece]:
    """The pieces of one copy, the signatures last. All text enters here: composed, and only what can be drawn.

    Raises BadForm, TooMuchForQr.
    """
    fields = at_the_door(fields)
    pieces = [*_top(form, fields, qr_text)]
    for section in form.sections:
        pieces += _section(form, section, fields, tables or {})
    return _with_signatures(form, fields, pieces, qr_text if form.code_at != "head" else "")


def foot(form: Form, fields: Fields) -> Foot | None:
    """The foot line, if the form has one."""
    if form.layout != "letter" or not (form.foot or form.foot_right):
        return None
    fields = at_the_door(fields)
    left, right, further = (
        form.fill_plain(text, fields) for text in (form.foot, form.foot_right, form.foot_further)
    )
    return Foot(left, right, further)


def at_the_door(fields: Fields) -> dict[str, str]:
    """What was typed, made printable (`typeface.printable`) before anything is measured."""
    return {name: printable(value) for name, value in fields.items()}


def _top(form: Form, fields: Fields, qr_text: str) -> Iterable[Piece]:
    yield Piece(
        Head(
            above=form.fill_plain(form.above, fields),
            agency=form.fill_plain(form.agency, fields),
            place_line=form.fill_plain(form.place_line, fields),
            # a number that is not given yet is written by hand
            number=form.fill_cell(form.paper_number, fields),
            qr_text=qr_text if form.code_at == "head" else "",
            hint=form.fill(form.hint, fields),
            marks=tuple(mark for text in form.marks if (mark := form.fill_plain(text, fields))),
            number_room=fields.get(NUMBER_ROOM, ""),
            day_room=fields.get(DAY_ROOM, ""),
            bar_code=form.fill_cell(form.bar_code, fields),
        )
    )
    yield Piece(Text(form.fill(form.title, fields), blocks.TITLE), before=_gap(form), stays_with_next=True)
    for subtitle in form.subtitles:
        if text := form.fill(subtitle, fields):
            yield Piece(Text(text, blocks.SUBTITLE), stays_with_next=True)
    if number := form.fill(form.number_line, fields):
        yield Piece(Text(number, blocks.NUMBER), before=1 * mm, stays_with_next=True)


def _section(form: Form, section: Section, fields: Fields, tables: Tables) -> list[Piece]:
    before, after = _lines(form, section.before, fields), _lines(form, section.after, fields)
    if not section.columns:
        return [*before, *after]
    if before:
        before[-1] = replace(before[-1], stays_with_next=True)
    rows = [at_the_door(row) for row in tables.get(section.table, ())]
    return [*before, _table(form, section, fields, rows), *after]


def _with_signatures(form: Form, fields: Fields, pieces: list[Piece], qr_text: str) -> list[Piece]:
    if not form.signatories:
        return pieces
    for place in range(max(0, len(pieces) - _LINES_WITH_SIGNATURES), len(pieces)):
        if not isinstance(pieces[place].block, Grid):
            pieces[place] = replace(pieces[place], stays_with_next=True)
        elif place == len(pieces) - 1:
            pieces[place] = replace(pieces[place], end_stays=True)
    return [*pieces, Piece(_signatures(form, fields, qr_text), before=_gap(form))]


def _gap(form: Form) -> float:
    """Above the title and the signatures: 5 mm, less where the text is smaller."""
    return float(5 * mm * form.size / blocks.BODY.fontSize)


def _signatures(form: Form, fields: Fields, qr_text: str) -> Signatures:
    """The block that ends every paper that somebody signs."""
    signatories = tuple(
        # where nobody's name is known, the one who signs writes it
        Signatory(*(form.fill(text, fields, "") for text in (one.role, one.hint, one.name)))
        for one in form.signatories
    )
    receivers = tuple(form.fill(line, fields) for line in form.receivers)
    return Signatures(
        signatories,
        form.signing_space_mm * mm,
        receivers,
        blocks.body(form.size),
        qr_text,
        below_receivers=form.code_at == "receivers",
    )


def _table(form: Form, section: Section, fields: Fields, rows: Sequence[Fields]) -> Piece:
    columns = section.columns
    spare = SHEETS[form.sheet].text_width - sum(column.width_mm for column in columns) * mm
    sharing = sum(not column.width_mm for column in columns)
    cells = [[form.fill_cell(column.text, row) for column in columns] for row in rows]
    totals = [form.fill_cell(column.total, fields) for column in columns]
    if any(totals):
        cells.append(totals)
    return Piece(
        Grid(
            [
                grid.Column(
                    form.fill_plain(column.head, fields),
                    column.width_mm * mm or spare / sharing,
                    column.align,
                    form.fill_plain(column.group, fields),
                )
                for column in columns
            ],
            cells,
            size=form.table_size,
            totals=int(any(totals)),
        ),
        before=1.4 * mm,
    )


def _lines(form: Form, lines: Sequence[Line], fields: Fields) -> list[Piece]:
    """A line of which nothing is left, because all of it was optional, takes no room."""
    said = [line for line in lines if not isinstance(line, str) or form.fill(line, fields)]
    return [
        Piece(_line(form, line, fields), before=_LINE_GAP if number else _FIRST_LINE_GAP)
        for number, line in enumerate(said)
    ]


def _line(form: Form, line: Line, fields: Fields) -> Block:
    style = blocks.body(form.size)
    if isinstance(line, str):
        return Text(form.fill(line, fields), style)
    return Spread(tuple(Text(form.fill(part, fields), style) for part in line))
