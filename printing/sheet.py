"""A table on paper: as wide as it needs to be, on A4 lying down, its head on every page, numbers to the right.

For reports that have no form of their own; the law's forms are `printing.papers`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from printing.typeface import BOLD, ITALIC, REGULAR, printable, register

_MARGIN: Final = 12 * mm
_NAME: Final = 0.24
"""The part of the width that the column of names has at least."""
_LETTERS: Final = 7.5


def sheet(
    title: str,
    under: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str],
    *,
    sums: bool,
    numbers: Sequence[bool],
) -> bytes:
    """The PDF. `numbers` says of each column whether it holds them; with `sums` the last row is set in bold."""
    register()
    made = io.BytesIO()
    width = landscape(A4)[0] - 2 * _MARGIN
    page = SimpleDocTemplate(
        made,
        pagesize=landscape(A4),
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=printable(title),
        invariant=1,
        lang="vi",
    )
    plain = ParagraphStyle("plain", fontName=REGULAR, fontSize=_LETTERS, leading=_LETTERS * 1.25)
    bold = ParagraphStyle("bold", parent=plain, fontName=BOLD)
    body: list[list[Any]] = [[_said(cell, bold) for cell in head]]
    for place, row in enumerate(rows):
        is_sum = sums and place == len(rows) - 1
        body.append(
            [
                printable(cell) if numbers[column] else _said(cell, bold if is_sum else plain)
                for column, cell in enumerate(row)
            ]
        )
    grid = Grid(body, colWidths=_widths(head, rows, width), repeatRows=1)
    grid.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), REGULAR, _LETTERS),
                ("GRID", (0, 0), (-1, -1), 0.4, colors.black),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                *(("ALIGN", (n, 1), (n, -1), "RIGHT") for n, is_number in enumerate(numbers) if is_number),
                *([("FONT", (0, -1), (-1, -1), BOLD, _LETTERS)] if sums and rows else []),
            ]
        )
    )
    large = ParagraphStyle("title", fontName=BOLD, fontSize=13, leading=16)
    small = ParagraphStyle("note", fontName=ITALIC, fontSize=8.5, leading=11)
    page.build(
        [
            _said(title, large),
            _said(under, small),
            Spacer(1, 3 * mm),
            grid,
            Spacer(1, 3 * mm),
            *(_said(note, small) for note in notes),
        ]
    )
    return made.getvalue()


def _said(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(escape(printable(text)), style)


def _widths(head: Sequence[str], rows: Sequence[Sequence[str]], width: float) -> list[float]:
    """By the longest word of a head and the longest cells, the first column not too narrow."""
    needs = [
        max(
            max((len(word) for word in title.split()), default=1) * 1.15,
            min(26, max((len(row[place]) for row in rows), default=1)),
            4,
        )
        for place, title in enumerate(head)
    ]
    rest = sum(needs[1:]) or 1
    first = max(_NAME, needs[0] / (needs[0] + rest)) * width if len(needs) > 1 else width
    return [first, *((width - first) * need / rest for need in needs[1:])]
