"""The ruled table of a form: its head stands on every page again, and it is cut between rows.

Cells are plain text, broken into lines here: a register of 10,000 rows has 130,000 cells, and reportlab's tables of
paragraphs take 45 s of processor for them where this takes 5. Only a row that is taller than a page is cut inside.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, groupby
from typing import Any, Final, Literal

from reportlab.lib.units import mm

from printing import typeface
from printing.paper import Block

Align = Literal["left", "centre", "right"]

_LEADING: Final = 1.2
_DESCENT: Final = 0.22
"""The part of the size that a face reaches below its baseline."""
_SIDE: Final = 1.2 * mm
_ABOVE, _BELOW = 0.7 * mm, 1.2 * mm
_RULE: Final = 0.6
_SMALLEST: Final = 0.6
"""A head whose longest word does not fit is set smaller, down to this part of its size; then the word is cut."""

Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in points; neighbours with one `group` stand below a common head."""

    head: str
    width: float
    align: Align = "left"
    group: str = ""


class Grid:
    """A part of a table: rows `first` to `last` of it. What is cut off shares everything with the rest."""

    def __init__(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, size: float = 12, totals: int = 0
    ) -> None:
        """The last `totals` rows are bold: sums."""
        self._setting = _Setting(tuple(columns), size)
        bold_from = len(rows) - totals
        self._rows = [
            self._setting.row(row, typeface.BOLD if place >= bold_from else typeface.REGULAR)
            for place, row in enumerate(rows)
        ]
        self._ends = [0.0, *accumulate(row.height for row in self._rows)]
        self._first, self._last = 0, len(self._rows)

    def height(self, width: float) -> float:
        """In points, with the head, which each part repeats."""
        return self._setting.head_height + self._ends[self._last] - self._ends[self._first]

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Between two rows; within one only where it is higher than a page may be."""
        free = room - self._setting.head_height + self._ends[self._first]
        place = bisect_right(self._ends, free + 0.01, self._first, self._last + 1) - 1
        if self._first < place < self._last:
            return self._part(self._first, place), self._part(place, self._last)
        return self._cut_row(room) if self._is_monstrous() else None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """Downwards from `top`: the head, then the rows of this part."""
        canvas.setLineWidth(_RULE)
        top = self._setting.draw_head(canvas, x, top)
        for row in self._rows[self._first : self._last]:
            self._setting.draw_row(canvas, row, x, top)
            top -= row.height

    def _part(self, first: int, last: int) -> Grid:
        part = object.__new__(Grid)
        part._setting, part._rows, part._ends = self._setting, self._rows, self._ends
        part._first, part._last = first, last
        return part

    def _is_monstrous(self) -> bool:
        """Whether the first row is taller than half a page would be: only such a one is cut inside."""
        return self._first < self._last and self._rows[self._first].height > _MONSTROUS

    def _cut_row(self, room: float) -> tuple[Block, Block] | None:
        """The first row over two pages."""
        row = self._rows[self._first]
        count = int((room - self._setting.head_height - _ABOVE - _BELOW) // self._setting.leading)
        if count < _LINES_TOGETHER or count >= max(map(len, row.cells)):
            return None
        upper = self._setting.of(tuple(cell[:count] for cell in row.cells), row.font)
        lower = self._setting.of(tuple(cell[count:] for cell in row.cells), row.font)
        return self._of([upper]), self._of([lower, *self._rows[self._first + 1 : self._last]])

    def _of(self, rows: list[_Row]) -> Grid:
        part = self._part(0, len(rows))
        part._rows, part._ends = rows, [0.0, *accumulate(row.height for row in rows)]
        return part


_MONSTROUS: Final = 80 * mm
_LINES_TOGETHER: Final = 3


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[Lines, ...]
    font: str
    height: float


class _Setting:
    """How the cells of one table are set, and its head."""

    def __init__(self, columns: tuple[Column, ...], size: float) -> None:
        typeface.register()
        self._columns, self._size = columns, size
        self.leading = size * _LEADING
        self._groups = [
            (name, list(members)) for name, members in groupby(columns, lambda column: column.group)
        ]
        self._heads = [self._head(column.head, column.width) for column in columns]
        self._group_heads = [
            self._head(name, sum(column.width for column in members)) for name, members in self._groups
        ]
        named = [head.height for (name, _), head in zip(self._groups, self._group_heads, strict=True) if name]
        self._upper = max(named, default=0.0)
        below = [head.height for column, head in zip(columns, self._heads, strict=True) if column.group]
        alone = [head.height for column, head in zip(columns, self._heads, strict=True) if not column.group]
        self.head_height = max([self._upper + max(below, default=0.0), *alone])

    def row(self, texts: Sequence[str], font: str) -> _Row:
        cells = tuple(
            broken(text, font, self._size, column.width - 2 * _SIDE)
            for text, column in zip(texts, self._columns, strict=True)
        )
        return self.of(cells, font)

    def of(self, cells: tuple[Lines, ...], font: str) -> _Row:
        count = max((len(cell) for cell in cells), default=0)
        return _Row(cells, font, max(count, 1) * self.leading + _ABOVE + _BELOW)

    def draw_head(self, canvas: Any, x: float, top: float) -> float:
        """The lower edge of the head."""
        bottom = top - self.head_height
        heads = iter(self._heads)
        for (name, members), group_head in zip(self._groups, self._group_heads, strict=True):
            across = sum(column.width for column in members)
            upper = top
            if name:
                group_head.draw(canvas, x, top, top - self._upper, across)
                upper = top - self._upper
            for column in members:
                next(heads).draw(canvas, x, upper, bottom, column.width)
                x += column.width
        return bottom

    def draw_row(self, canvas: Any, row: _Row, x: float, top: float) -> None:
        canvas.setFont(row.font, self._size)
        for column, lines in zip(self._columns, row.cells, strict=True):
            canvas.rect(x, top - row.height, column.width, row.height)
            y = top - _ABOVE - self.leading + self._size * _DESCENT
            for line in lines:
                _place(canvas, line, column.align, x, y, column.width)
                y -= self.leading
            x += column.width

    def _head(self, text: str, width: float) -> _Head:
        """The longest word decides the size: a head is not broken inside a word while it can be read."""
        inner = width - 2 * _SIDE
        longest = max((typeface.width(word, typeface.BOLD, self._size) for word in text.split()), default=0.0)
        size = self._size * min(1.0, max(_SMALLEST, inner / longest if longest else 1.0))
        lines = broken(text, typeface.BOLD, size, inner)
        return _Head(lines, size, len(lines) * size * _LEADING + _ABOVE + _BELOW)


@dataclass(frozen=True, slots=True)
class _Head:
    lines: Lines
    size: float
    height: float

    def draw(self, canvas: Any, x: float, top: float, bottom: float, width: float) -> None:
        canvas.rect(x, bottom, width, top - bottom)
        canvas.setFont(typeface.BOLD, self.size)
        leading = self.size * _LEADING
        y = (top + bottom + len(self.lines) * leading) / 2 - leading + self.size * _DESCENT
        for line in self.lines:
            _place(canvas, line, "centre", x, y, width)
            y -= leading


def _place(canvas: Any, line: str, align: Align, x: float, y: float, width: float) -> None:
    if align == "left":
        canvas.drawString(x + _SIDE, y, line)
    elif align == "centre":
        canvas.drawCentredString(x + width / 2, y, line)
    else:
        canvas.drawRightString(x + width - _SIDE, y, line)


def broken(text: str, font: str, size: float, width: float) -> Lines:
    """`text` on lines of at most `width`: at spaces, at line feeds, and inside a word that is longer than a line."""
    lines: list[str] = []
    space = _wide(" ", font, size)
    for part in text.split("\n"):
        line, used = "", 0.0
        for word in part.split():
            wide = _wide(word, font, size)
            if line and used + space + wide <= width:
                line, used = f"{line} {word}", used + space + wide
                continue
            if line:
                lines.append(line)
            *full, word = _pieces(word, wide, font, size, width)
            lines += full
            line, used = word, _wide(word, font, size)
        lines.append(line)
    return tuple(lines) if text else ()


def _pieces(word: str, wide: float, font: str, size: float, width: float) -> list[str]:
    """A word, in as many pieces as lines it needs."""
    if wide <= width:
        return [word]
    pieces = [""]
    for letter in word:
        if pieces[-1] and typeface.width(pieces[-1] + letter, font, size) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


@lru_cache(maxsize=20_000)
def _wide(word: str, font: str, size: float) -> float:
    return typeface.width(word, font, size)
