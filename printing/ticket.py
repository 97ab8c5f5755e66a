"""The layout of a roll of 80 mm: everything in the middle, the number so large that it is read from a chair.

The number line is set as large as the roll allows. Lines of short facts stand left and right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from reportlab.lib.enums import TA_CENTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from printing import blocks, qr, typeface
from printing.blocks import BODY, Spread, Text
from printing.forms import Form, Line
from printing.letter import at_the_door
from printing.paper import Block, Piece

_MIDDLE = ParagraphStyle("ticket", BODY, fontSize=11, leading=14, alignment=TA_CENTER)
_LINE = ParagraphStyle("ticket line", _MIDDLE, alignment=0)
_AGENCY = ParagraphStyle("ticket agency", _MIDDLE, fontName=typeface.BOLD)
_SMALL = ParagraphStyle("ticket small", _MIDDLE, fontSize=9.5, leading=12)
_LARGEST, _SMALLEST = 60, 16
_GAP: Final = 1.5 * mm
_APART: float = 2 * mm


def compose(
    form: Form, fields: Mapping[str, str], tables: Mapping[str, Sequence[Mapping[str, str]]], qr_text: str
) -> list[Piece]:
    """One piece of paper. Raises BadForm, TooMuchForQr."""
    return [Piece(block, before=_GAP) for block in _blocks(form, at_the_door(fields), tables, qr_text)]


def _blocks(
    form: Form, fields: Mapping[str, str], tables: Mapping[str, Sequence[Mapping[str, str]]], qr_text: str
) -> Iterable[Block]:
    for text, style in ((form.above, _SMALL), (form.agency, _AGENCY), (form.title, blocks.TITLE)):
        if filled := form.fill(text, fields):
            yield Text(filled, style)
    for subtitle in form.subtitles:
        if filled := form.fill(subtitle, fields):
            yield Text(filled, _SMALL)
    if form.number_line:
        yield Large(form.fill_plain(form.number_line, fields))
    for section in form.sections:
        yield from _lines(form, section.before, fields)
        for row in tables.get(section.table, ()):
            yield _line(form, tuple(column.text for column in section.columns), at_the_door(row))
        yield from _lines(form, section.after, fields)
    if qr_text:
        yield Code(qr_text)
    if filled := form.fill(form.foot, fields):
        yield Text(filled, _SMALL)


def _lines(form: Form, lines: Iterable[Line], fields: Mapping[str, str]) -> Iterable[Block]:
    for line in lines:
        if not isinstance(line, str):
            yield _line(form, line, fields)
        elif filled := form.fill(line, fields):
            yield Text(filled, _MIDDLE)


def _line(form: Form, parts: tuple[str, ...], fields: Mapping[str, str]) -> Block:
    texts = tuple(Text(form.fill(part, fields), _LINE) for part in parts)
    return Pair(*texts) if len(texts) == 2 else Spread(texts)


class Pair:
    """What is said at the left, over several lines if it must, and its short answer at the right of the last."""

    def __init__(self, left: Text, right: Text) -> None:
        self._left, self._right = left, right

    def height(self, width: float) -> float:
        """In points: of the taller one where both are side by side, else of both."""
        if self._beside(width):
            return max(self._left.height(self._room(width)), self._right.height(width))
        return self._left.height(width) + self._right.height(width)

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Never: a ticket is one page."""
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """Downwards from `top`: the answer on the last line, or below where there is no room."""
        beside = self._beside(width)
        room = self._room(width) if beside else width
        bottom = top - self.height(width)
        self._left.draw(canvas, x, top, room)
        if beside:
            wide = self._right.natural_width + 0.01
            self._right.draw(canvas, x + width - wide, bottom + self._right.height(wide), wide)
        else:
            self._right.draw(canvas, x, bottom + self._right.height(width), width)

    def _beside(self, width: float) -> bool:
        return self._right.natural_width <= width * 0.62

    def _room(self, width: float) -> float:
        return width - self._right.natural_width - _APART


class Large:
    """One line, as large as its width allows."""

    def __init__(self, text: str) -> None:
        self._text = text

    def height(self, width: float) -> float:
        """In points, of the size at which the line fills `width`; it is bounded."""
        return self._size(width) * 1.05

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Never: a ticket is one page."""
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """Downwards from `top`, in the middle."""
        size = self._size(width)
        canvas.setFont(typeface.BOLD, size)
        canvas.drawCentredString(x + width / 2, top - size * 0.88, self._text)

    def _size(self, width: float) -> float:
        wanted = typeface.width(self._text, typeface.BOLD, 1)
        return max(_SMALLEST, min(_LARGEST, width / wanted if wanted else _LARGEST))


class Code:
    """A QR code in the middle."""

    def __init__(self, text: str) -> None:
        self._text = text

    def height(self, width: float) -> float:
        """In points, with the quiet zone above and below."""
        return qr.side(self._text) + 2 * qr.QUIET

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Never: half a code says nothing."""
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """Downwards from `top`, in the middle."""
        qr.draw(canvas, self._text, x + (width - qr.side(self._text)) / 2, top - qr.QUIET)
