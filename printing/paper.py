"""Sheets of paper, and how blocks flow over them: A4 by decree 30/2020, and the sizes of receipts and tickets.

A *block* knows its height at a width, draws itself, and may be cut in two. `paginate` puts pieces (a block, the space
before it, and whether it must stay with the next) on pages; it is a function from values to values, so the number of
pages is known before anything is drawn, and "trang 2/3" needs no second pass.

Lengths are PDF points, y grows upwards, a block is drawn from its top left corner.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Protocol

from reportlab import rl_config
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from printing import archival, typeface
from printing.archival import About
from printing.words import in_vietnam

# Streams as bytes, not as ASCII: a fifth smaller.
rl_config.useA85 = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A size of paper and its margins, in points. On a `rolled` one the paper ends where the content does."""

    width: float
    height: float
    top: float
    right: float
    bottom: float
    left: float
    rolled: bool = False

    @property
    def text_width(self) -> float:
        """In points, between the margins."""
        return self.width - self.left - self.right

    @property
    def text_height(self) -> float:
        """In points, between the margins."""
        return self.height - self.top - self.bottom


# Decree 30/2020, appendix I: top and bottom 20-25 mm, left 30-35 mm (binding), right 15-20 mm. The foot line with
# form, print count and page lies inside the bottom margin; no printer needs the last 10 mm.
A4: Final = Sheet(210 * mm, 297 * mm, top=20 * mm, right=15 * mm, bottom=20 * mm, left=30 * mm)
A4_ACROSS: Final = Sheet(297 * mm, 210 * mm, top=20 * mm, right=15 * mm, bottom=20 * mm, left=15 * mm)
A5_ACROSS: Final = Sheet(210 * mm, 148 * mm, top=11 * mm, right=12 * mm, bottom=18 * mm, left=20 * mm)
ROLL_80: Final = Sheet(80 * mm, 3000 * mm, top=4 * mm, right=4 * mm, bottom=6 * mm, left=4 * mm, rolled=True)
LABEL: Final = Sheet(100 * mm, 50 * mm, top=4 * mm, right=4 * mm, bottom=4 * mm, left=4 * mm)
SHEETS: Final = {
    "a4": A4,
    "a4-across": A4_ACROSS,
    "a5-across": A5_ACROSS,
    "roll-80": ROLL_80,
    "label": LABEL,
}

_LANGUAGE: Final = "vi-VN"
_TOOL: Final = "Motcua"
_FOOT_RULE = 3.2 * mm
_FOOT_BASELINE = 7.2 * mm
"""Below the text."""
_FOOT_SIZE = 10
_FOOT_GAP = "    "
_FOOT_RIGHT = 0.6
"""The part of the foot line that its right end may take."""


class Block(Protocol):
    """Something that stands on a page and fills its width."""

    def height(self, width: float) -> float:
        """In points, at this width in points; asked again, the same."""
        ...

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Two blocks of which the first fits into `room`, or None where this block cannot be cut there."""
        ...

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """`height` was asked for at the same width before."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A block in the flow. `before` is white space, dropped at the top of a page.

    `end_stays`: its last part stays with the next, and the rest may be cut off.
    """

    block: Block
    before: float = 0
    stays_with_next: bool = False
    end_stays: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A block on its page: `page` from 0, `top` in points from the lower edge of the sheet."""

    block: Block
    page: int
    top: float


@dataclass(frozen=True, slots=True)
class Foot:
    """The small line at the bottom of every page; the page number is added where there are several.

    `left_further` takes the place of `left` from the second page on, and says to which paper the page belongs.
    """

    left: str
    right: str
    left_further: str

    def on(self, page: int, count: int) -> tuple[str, str, str]:
        """Left, right and page number of `page` (from 0) of `count`."""
        if count == 1:
            return self.left, self.right, ""
        number = f"trang {page + 1}/{count}"
        return self.left_further if page else self.left, self.right, f" · {number}" if self.right else number


def paginate(pieces: Sequence[Piece], sheet: Sheet = A4) -> tuple[Placed, ...]:
    """Pages in reading order. Pieces that stay together move together; what is too tall for a page is cut."""
    waiting = _groups(pieces)
    placed: list[Placed] = []
    page, used = 0, 0.0
    while waiting:
        group = waiting.pop(0)
        fitting, rest = _fit(group, sheet, sheet.text_height - used, at_top=used == 0)
        for piece in fitting:
            used += piece.before if used else 0
            placed.append(Placed(piece.block, page, sheet.height - sheet.top - used))
            used += piece.block.height(sheet.text_width)
        if rest:
            waiting.insert(0, rest)
            page, used = page + 1, 0.0
    return tuple(placed)


class Document:
    """One PDF: copies of pages, metadata, reproducible bytes."""

    def __init__(self, *, title: str, subject: str, author: str, made: datetime, sheet: Sheet = A4) -> None:
        """`made` is the moment of the fact on paper, not of the printing: equal facts, equal bytes."""
        typeface.register()
        self._sheet = sheet
        self._about = About(title, subject, author, in_vietnam(made), _LANGUAGE, _TOOL)
        self._buffer = io.BytesIO()
        self._canvas = Canvas(
            self._buffer,
            pagesize=(sheet.width, sheet.height),
            pageCompression=1,
            invariant=1,
            lang=_LANGUAGE,
            initialFontName=typeface.REGULAR,
        )
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setAuthor(author)
        self._canvas.setCreator(_TOOL)
        self._canvas.setViewerPreference("DisplayDocTitle", "true")
        stamp = in_vietnam(made).strftime("D:%Y%m%d%H%M%S+07'00'")
        self._canvas.setDateFormatter(lambda *_: stamp)
        self._pages = 0

    def add(self, placed: Sequence[Placed], foot: Foot | None) -> int:
        """Append the pages of one copy, numbered for themselves; the index of the first of them in the document."""
        first, sheet = self._pages, self._sheet
        count = placed[-1].page + 1
        for page, grouped in groupby(placed, lambda item: item.page):
            items = list(grouped)
            below = self._cut_off(items[-1]) if sheet.rolled else 0.0
            for item in items:
                item.block.draw(self._canvas, sheet.left, item.top - below, sheet.text_width)
            if foot is not None:
                self._draw_foot(*foot.on(page, count))
            self._canvas.showPage()
        self._pages += count
        return first

    def _cut_off(self, last: Placed) -> float:
        """Let a roll end below its last block; how much of the sheet is left over."""
        sheet = self._sheet
        below = last.top - last.block.height(sheet.text_width) - sheet.bottom
        self._canvas.setPageSize((sheet.width, sheet.height - below))
        return below

    def finish(self, *, for_ever: bool = False) -> bytes:
        """The bytes; `for_ever`: as PDF/A-2b, for what is signed and kept."""
        if for_ever:
            archival.declare(self._canvas, self._about)
        self._canvas.save()
        return self._buffer.getvalue()

    def _draw_foot(self, left: str, right: str, number: str) -> None:
        """In one line: what has no room ends in "…", but the number of the page never."""
        sheet = self._sheet
        from_left, to_right = sheet.left, sheet.width - sheet.right
        self._canvas.setLineWidth(0.4)
        self._canvas.line(from_left, sheet.bottom - _FOOT_RULE, to_right, sheet.bottom - _FOOT_RULE)
        whole = f"{left}{_FOOT_GAP}{right}{number}"
        size = typeface.fitting(whole, typeface.REGULAR, _FOOT_SIZE, sheet.text_width)
        room = sheet.text_width * _FOOT_RIGHT - typeface.width(number, typeface.REGULAR, size)
        right = typeface.shortened(right, typeface.REGULAR, size, room) + number
        spare = sheet.text_width - typeface.width(f"{_FOOT_GAP}{right}", typeface.REGULAR, size)
        left = typeface.shortened(left, typeface.REGULAR, size, spare)
        self._canvas.setFont(typeface.REGULAR, size)
        self._canvas.drawString(from_left, sheet.bottom - _FOOT_BASELINE, left)
        self._canvas.drawRightString(to_right, sheet.bottom - _FOOT_BASELINE, right)


def _groups(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Runs of pieces that stay together, each ending with one that lets go."""
    groups: list[list[Piece]] = [[]]
    for piece in pieces:
        groups[-1].append(piece)
        if not (piece.stays_with_next or piece.end_stays):
            groups.append([])
    return [group for group in groups if group]


def _fit(group: list[Piece], sheet: Sheet, room: float, *, at_top: bool) -> tuple[list[Piece], list[Piece]]:
    """What of the group goes on this page, and what goes on the next."""
    width = sheet.text_width
    if _height(group, width, at_top=at_top) <= room:
        return group, []
    *lead, last = group
    left = room - _height(lead, width, at_top=at_top) - (last.before if lead or not at_top else 0)
    parts = last.block.cut(width, left) if left > 0 else None
    if parts is not None:
        return [*lead, replace(last, block=parts[0])], [replace(last, block=parts[1])]
    if lead and lead[-1].end_stays and (divided := _divide(lead, width, room, at_top=at_top)):
        return divided[0], [divided[1], last]
    if not at_top:
        return [], group
    return _break_apart(group, width, room)


def _divide(
    lead: list[Piece], width: float, room: float, *, at_top: bool
) -> tuple[list[Piece], Piece] | None:
    """What goes on this page, and the part of the last piece that goes on with what follows; some of it always does."""
    *before, table = lead
    left = room - _height(before, width, at_top=at_top) - (table.before if before or not at_top else 0)
    parts = table.block.cut(width, min(left, table.block.height(width) - 1)) if left > 0 else None
    if parts is None:
        return None
    return [*before, replace(table, block=parts[0])], replace(table, block=parts[1])


def _break_apart(group: list[Piece], width: float, room: float) -> tuple[list[Piece], list[Piece]]:
    """A group taller than a whole page: its first piece goes alone, cut if it must be."""
    first, *others = group
    if first.block.height(width) <= room:
        return [first], others
    parts = first.block.cut(width, room)
    if parts is None:
        return [first], others
    return [replace(first, block=parts[0])], [replace(first, block=parts[1]), *others]


def _height(pieces: Sequence[Piece], width: float, *, at_top: bool) -> float:
    heights = sum(piece.before + piece.block.height(width) for piece in pieces)
    return heights - (pieces[0].before if at_top and pieces else 0)
