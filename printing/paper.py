"""A4 sheets by decree 30/2020, and how blocks flow over them.

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
from typing import Any, Protocol

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from printing import typeface
from printing.words import in_vietnam

# Streams as bytes, not as ASCII: a fifth smaller.
rl_config.useA85 = 0

PAGE_WIDTH, PAGE_HEIGHT = A4
# Decree 30/2020, appendix I: top and bottom 20-25 mm, left 30-35 mm (binding), right 15-20 mm. The foot line with
# form, print count and page lies inside the bottom margin; no printer needs the last 10 mm.
TOP, RIGHT, BOTTOM, LEFT = 20 * mm, 15 * mm, 20 * mm, 30 * mm
TEXT_WIDTH = PAGE_WIDTH - LEFT - RIGHT
TEXT_HEIGHT = PAGE_HEIGHT - TOP - BOTTOM

_FOOT_RULE = 16.8 * mm
_FOOT_BASELINE = 12.8 * mm
_FOOT_SIZE = 10
_FOOT_GAP = "    "


class Block(Protocol):
    """Something that stands on a page and fills its width."""

    def height(self, width: float) -> float: ...

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Two blocks of which the first fits into `room`, or None where this block cannot be cut there."""
        ...

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """`height` was asked for at the same width before."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A block in the flow. `before` is white space, dropped at the top of a page."""

    block: Block
    before: float = 0
    stays_with_next: bool = False


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

    def on(self, page: int, count: int) -> tuple[str, str]:
        """Left and right of `page` (from 0) of `count`."""
        if count == 1:
            return self.left, self.right
        return self.left_further if page else self.left, f"{self.right} · trang {page + 1}/{count}"


def paginate(pieces: Sequence[Piece]) -> tuple[Placed, ...]:
    """Pages in reading order. Pieces that stay together move together; what is too tall for a page is cut."""
    waiting = _groups(pieces)
    placed: list[Placed] = []
    page, used = 0, 0.0
    while waiting:
        group = waiting.pop(0)
        fitting, rest = _fit(group, TEXT_HEIGHT - used, at_top=used == 0)
        for piece in fitting:
            used += piece.before if used else 0
            placed.append(Placed(piece.block, page, PAGE_HEIGHT - TOP - used))
            used += piece.block.height(TEXT_WIDTH)
        if rest:
            waiting.insert(0, rest)
            page, used = page + 1, 0.0
    return tuple(placed)


class Document:
    """One PDF: copies of pages, metadata, reproducible bytes."""

    def __init__(self, *, title: str, subject: str, author: str, made: datetime) -> None:
        """`made` is the moment of the fact on paper, not of the printing: equal facts, equal bytes."""
        typeface.register()
        self._buffer = io.BytesIO()
        self._canvas = Canvas(
            self._buffer,
            pagesize=A4,
            pageCompression=1,
            invariant=1,
            lang="vi-VN",
            initialFontName=typeface.REGULAR,
        )
        self._canvas.setTitle(title)
        self._canvas.setSubject(subject)
        self._canvas.setAuthor(author)
        self._canvas.setCreator("Motcua")
        self._canvas.setViewerPreference("DisplayDocTitle", "true")
        stamp = in_vietnam(made).strftime("D:%Y%m%d%H%M%S+07'00'")
        self._canvas.setDateFormatter(lambda *_: stamp)
        self._pages = 0

    def add(self, placed: Sequence[Placed], foot: Foot) -> int:
        """Append the pages of one copy, numbered for themselves; the index of the first of them in the document."""
        first = self._pages
        count = placed[-1].page + 1
        for page in range(count):
            for item in placed:
                if item.page == page:
                    item.block.draw(self._canvas, LEFT, item.top, TEXT_WIDTH)
            self._draw_foot(*foot.on(page, count))
            self._canvas.showPage()
        self._pages += count
        return first

    def finish(self) -> bytes:
        self._canvas.save()
        return self._buffer.getvalue()

    def _draw_foot(self, left: str, right: str) -> None:
        self._canvas.setLineWidth(0.4)
        self._canvas.line(LEFT, _FOOT_RULE, PAGE_WIDTH - RIGHT, _FOOT_RULE)
        wanted = typeface.width(f"{left}{_FOOT_GAP}{right}", typeface.REGULAR, _FOOT_SIZE)
        self._canvas.setFont(typeface.REGULAR, _FOOT_SIZE * min(1, TEXT_WIDTH / wanted))
        self._canvas.drawString(LEFT, _FOOT_BASELINE, left)
        self._canvas.drawRightString(PAGE_WIDTH - RIGHT, _FOOT_BASELINE, right)


def _groups(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Runs of pieces that stay together, each ending with one that lets go."""
    groups: list[list[Piece]] = [[]]
    for piece in pieces:
        groups[-1].append(piece)
        if not piece.stays_with_next:
            groups.append([])
    return [group for group in groups if group]


def _fit(group: list[Piece], room: float, *, at_top: bool) -> tuple[list[Piece], list[Piece]]:
    """What of the group goes on this page, and what goes on the next."""
    if _height(group, at_top=at_top) <= room:
        return group, []
    *lead, last = group
    left = room - _height(lead, at_top=at_top) - (last.before if lead or not at_top else 0)
    parts = last.block.cut(TEXT_WIDTH, left) if left > 0 else None
    if parts is not None:
        return [*lead, replace(last, block=parts[0])], [replace(last, block=parts[1])]
    if not at_top:
        return [], group
    return _break_apart(group, room)


def _break_apart(group: list[Piece], room: float) -> tuple[list[Piece], list[Piece]]:
    """A group taller than a whole page: its first piece goes alone, cut if it must be."""
    first, *others = group
    if first.block.height(TEXT_WIDTH) <= room:
        return [first], others
    parts = first.block.cut(TEXT_WIDTH, room)
    if parts is None:
        return [first], others
    return [replace(first, block=parts[0])], [replace(first, block=parts[1]), *others]


def _height(pieces: Sequence[Piece], *, at_top: bool) -> float:
    heights = sum(piece.before + piece.block.height(TEXT_WIDTH) for piece in pieces)
    return heights - (pieces[0].before if at_top and pieces else 0)
