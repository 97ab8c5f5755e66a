"""The blocks that forms are made of: text, a row of short facts, a ruled table, signatures. (The head: `head`.)

Every string here is reportlab's markup: `<b>`, `<br/>`, the rest escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, Table

from printing import typeface
from printing.paper import Block

BODY = ParagraphStyle("body", fontName=typeface.REGULAR, fontSize=13, leading=16.6)
TITLE = ParagraphStyle("title", BODY, fontName=typeface.BOLD, fontSize=14, leading=17.5, alignment=TA_CENTER)
SUBTITLE = ParagraphStyle(
    "subtitle", BODY, fontName=typeface.ITALIC, fontSize=12, leading=15, alignment=TA_CENTER
)
NUMBER = ParagraphStyle("number", TITLE, leading=19)
CELL = ParagraphStyle("cell", BODY, fontSize=12, leading=14.4)
CELL_CENTRED = ParagraphStyle("cell centred", CELL, alignment=TA_CENTER)
CELL_HEAD = ParagraphStyle("cell head", CELL_CENTRED, fontName=typeface.BOLD)
NOTE = ParagraphStyle("note", BODY, fontSize=11, leading=13.5)
_SIGNATORY = ParagraphStyle("signatory", BODY, alignment=TA_CENTER)

# Characters of one cell: about half a page. Only a table with such a monster may be cut inside a row.
_TALL_CELL = 1200
# Breaking lines is most of the work, and a block is asked for its height several times: (width, height) of the last.
_NOT_WRAPPED = (-1.0, 0.0)


class Text:
    """A paragraph."""

    def __init__(self, markup: str, style: Any = BODY) -> None:
        self._paragraph = Paragraph(markup, style)
        self._wrapped = _NOT_WRAPPED

    @cached_property
    def natural_width(self) -> float:
        """The width that it takes on one line."""
        line = Paragraph(self._paragraph.text, self._paragraph.style)
        line.wrap(10_000, 0)
        return float(max(line.getActualLineWidths0()))

    def height(self, width: float) -> float:
        if self._wrapped[0] != width:
            self._wrapped = (width, float(self._paragraph.wrap(width, 0)[1]))
        return self._wrapped[1]

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        self._wrapped = _NOT_WRAPPED  # a paragraph that was asked to split forgets its lines
        parts = self._paragraph.split(width, room)
        return (_Rest(parts[0]), _Rest(parts[1])) if len(parts) == 2 else None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        self._paragraph.drawOn(canvas, x, top - self.height(width))


class _Rest(Text):
    """A part of a paragraph that was cut over two pages."""

    def __init__(self, paragraph: Any) -> None:
        self._paragraph = paragraph
        self._wrapped = _NOT_WRAPPED


@dataclass(frozen=True, slots=True)
class Spread:
    """Short facts on one line, from margin to margin; below each other where one of them is long."""

    texts: tuple[Text, ...]

    def height(self, width: float) -> float:
        heights = [text.height(width) for text in self.texts]
        return max(heights) if self._on_one_line(width) else sum(heights)

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        if self._on_one_line(width):
            self._draw_line(canvas, x, top, width)
            return
        for text in self.texts:
            text.draw(canvas, x, top, width)
            top -= text.height(width)

    def _on_one_line(self, width: float) -> bool:
        gaps: float = 4 * mm * (len(self.texts) - 1)
        return sum(text.natural_width for text in self.texts) + gaps <= width

    def _draw_line(self, canvas: Any, x: float, top: float, width: float) -> None:
        spare = width - sum(text.natural_width for text in self.texts)
        gap = spare / max(len(self.texts) - 1, 1)
        for text in self.texts:
            # A hair more than its width: a sum of floats must not push the last word to a second line.
            text.height(text.natural_width + 0.01)
            text.draw(canvas, x, top, text.natural_width + 0.01)
            x += text.natural_width + gap


class Grid:
    """A ruled table; its head is repeated on every page, and a row is cut only where it is taller than a page."""

    def __init__(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        centred: Sequence[bool],
    ) -> None:
        """`head` and `rows` are markup; `centred` says so of each column."""
        cells = [
            [
                Paragraph(cell, CELL_CENTRED if middle else CELL)
                for cell, middle in zip(row, centred, strict=True)
            ]
            for row in rows
        ]
        self._table = Table(
            [[Paragraph(cell, CELL_HEAD) for cell in head], *cells],
            colWidths=list(widths),
            repeatRows=1,
            splitInRow=int(any(len(cell) > _TALL_CELL for row in rows for cell in row)),
            style=[
                # Unused by paragraphs, but reportlab would name its own default, which a PDF cannot embed.
                ("FONT", (0, 0), (-1, -1), typeface.REGULAR, CELL.fontSize),
                ("GRID", (0, 0), (-1, -1), 0.6, colors.black),
                ("VALIGN", (0, 0), (-1, 0), "MIDDLE"),
                ("VALIGN", (0, 1), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 1.2 * mm),
                ("RIGHTPADDING", (0, 0), (-1, -1), 1.2 * mm),
                ("TOPPADDING", (0, 0), (-1, -1), 0.5 * mm),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2 * mm),
            ],
        )
        self._wrapped = _NOT_WRAPPED

    def height(self, width: float) -> float:
        if self._wrapped[0] != width:
            self._wrapped = (width, float(self._table.wrap(width, 0)[1]))
        return self._wrapped[1]

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        self._table.wrap(width, room)
        parts = self._table.split(width, room)
        return (_RestOfGrid(parts[0]), _RestOfGrid(parts[1])) if len(parts) == 2 else None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        self._table.drawOn(canvas, x, top - self.height(width))


class _RestOfGrid(Grid):
    """A part of a table that was cut over two pages."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._wrapped = _NOT_WRAPPED


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs: `role` in bold capitals, line by line; `hint` below it ("Ký và ghi rõ họ tên"); the name under the space."""

    role: str
    hint: str
    name: str


@dataclass(frozen=True, slots=True)
class Signatures:
    """The end of a paper: signatories side by side; a sole one stands right, with the list of receivers at the left.

    `space` is what is left free for pen or stamp, in points.
    """

    signatories: tuple[Signatory, ...]
    space: float
    receivers: tuple[str, ...] = ()

    def height(self, width: float) -> float:
        columns = [
            self._above(one, width) + self.space + self._name(one).height(self._column(width))
            for one in self.signatories
        ]
        return max([*columns, self._receivers().height(self._column(width))])

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        column = self._column(width)
        if self.receivers:
            self._receivers().draw(canvas, x, top, column)
        x = x + width - column * len(self.signatories)
        for one in self.signatories:
            self._draw_one(canvas, one, x, top, column, width)
            x += column

    def free_box(self, x: float, top: float, width: float) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) of the space of the last signatory, when drawn from `x`, `top`."""
        column = self._column(width)
        upper = top - self._above(self.signatories[-1], width)
        return (x + width - column, upper - self.space, x + width, upper)

    def _column(self, width: float) -> float:
        return width / 2

    def _draw_one(
        self, canvas: Any, one: Signatory, x: float, top: float, column: float, width: float
    ) -> None:
        for text in self._heading(one):
            text.draw(canvas, x, top, column)
            top -= text.height(column)
        self._name(one).draw(canvas, x, top - self.space, column)

    def _heading(self, one: Signatory) -> tuple[Text, ...]:
        role = Text(f"<b>{one.role}</b>", _SIGNATORY)
        return (role, Text(one.hint, SUBTITLE)) if one.hint else (role,)

    def _above(self, one: Signatory, width: float) -> float:
        return sum(text.height(self._column(width)) for text in self._heading(one))

    def _name(self, one: Signatory) -> Text:
        return Text(f"<b>{one.name}</b>", _SIGNATORY)

    def _receivers(self) -> Text:
        lines = "".join(f"<br/>- {line};" for line in self.receivers)
        return Text(f'<font face="{typeface.BOLD_ITALIC}" size="12">Nơi nhận:</font>{lines}', NOTE)
