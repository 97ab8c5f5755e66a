"""The top of the first page.

Decree 30/2020, appendix I: left who writes (the agency above in regular capitals, the own one in bold, with a rule of
a third of its width below); right the country and its motto, with a rule of the motto's own length; place and date in
italics. Below the agency stands the number of the document, where the paper has one, or the QR code. Number and date
may stay open: they are given after the signature (article 15), and the head says where they belong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from printing import bars, qr, typeface
from printing.appearance import Box
from printing.blocks import BODY, Text
from printing.paper import Block

COUNTRY = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"

_NUMBER = "Số: "
_LEFT: float = 68 * mm
_GAP: float = 4 * mm
_SIZE = 12
_MOTTO_SIZE = 13
_LINE = 14.4
_MOTTO_LINE = 15.6
_RULE_BELOW: float = 1.6 * mm
_PLACE_GAP: float = 2 * mm
_CODE_GAP: float = 3 * mm
_BAR_GAP: float = 1.5 * mm
_HINT = ParagraphStyle("hint", BODY, fontSize=10, leading=12.5)
_HINT_WIDTH = 40 * mm


@dataclass(frozen=True, slots=True)
class Head:
    """`above` and `agency` in any case; a line feed in them is kept, else their lines are balanced.

    `number` stands below the agency, as letters have it ("Số: 215/SXD-VP"). `hint` stands beside the QR code, `marks` at
    the right margin, the last on the height of its lower edge, and above them `bar_code` as bars, if there is room
    for them. `number_room` is the longest number that may come behind
    "Số:", `day_room` the longest date that may come behind the place; with them `place_line` is the place alone.
    """

    above: str
    agency: str
    place_line: str
    qr_text: str = ""
    hint: str = ""
    marks: tuple[str, ...] = ()
    number: str = ""
    number_room: str = ""
    day_room: str = ""
    bar_code: str = ""

    def height(self, width: float) -> float:
        """In points, with what stands below the letterhead."""
        return self._letterhead() + self._below(width)

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        """Never: it stands whole on the first page."""
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        """Downwards from `top`: agency at the left, country at the right, code and marks below."""
        self._draw_agency(canvas, x + _LEFT / 2, top)
        self._draw_country(canvas, x + (_LEFT + _GAP + width) / 2, top, width - _LEFT - _GAP)
        bottom = top - self.height(width)
        room = width - _LEFT - _GAP if self.qr_text else width
        if self._has_bars(width):
            left = x + width - bars.width(self.bar_code)
            bars.draw(canvas, self.bar_code, left, bottom + self._marks() + bars.HEIGHT)
        for line, mark in enumerate(reversed(self.marks)):
            size = typeface.fitting(mark, typeface.REGULAR, _SIZE, room)
            mark = typeface.shortened(mark, typeface.REGULAR, size, room)
            canvas.setFont(typeface.REGULAR, size)
            canvas.drawRightString(x + width, bottom + 1 + line * _LINE, mark)
        if self.qr_text:
            self._draw_code(canvas, x, bottom)

    def _letterhead(self) -> float:
        agency = len(self._above_lines() + self._agency_lines()) * _LINE + _RULE_BELOW
        if self.number or self.number_room:
            agency += _PLACE_GAP + (_MOTTO_LINE if self.number_room else _LINE)
        country = _LINE + _MOTTO_LINE + _RULE_BELOW + _PLACE_GAP + _MOTTO_LINE
        return max(agency, country)

    def _below(self, width: float) -> float:
        code = _CODE_GAP + qr.side(self.qr_text) if self.qr_text else 0
        marks = _PLACE_GAP + self._marks() if self.marks else 0
        over = _CODE_GAP + self._marks() + bars.HEIGHT if self._has_bars(width) else 0
        return max(code, marks, over)

    def _marks(self) -> float:
        return len(self.marks) * _LINE + (_BAR_GAP if self.marks and self.bar_code else 0)

    def _has_bars(self, width: float) -> bool:
        """The hint beside a QR code has its own room."""
        taken = qr.side(self.qr_text) + 3 * mm + _HINT_WIDTH if self.qr_text else 0
        wide = bars.width(self.bar_code) + bars.QUIET if bars.is_drawn(self.bar_code) else width
        return taken + wide < width

    def _above_lines(self) -> tuple[str, ...]:
        return balanced(self.above.upper(), typeface.REGULAR, _SIZE, _LEFT)

    def _agency_lines(self) -> tuple[str, ...]:
        return balanced(self.agency.upper(), typeface.BOLD, _SIZE, _LEFT)

    def _draw_agency(self, canvas: Any, centre: float, top: float) -> None:
        y = _draw_lines(canvas, self._above_lines(), typeface.REGULAR, centre, top)
        y = _draw_lines(canvas, self._agency_lines(), typeface.BOLD, centre, y)
        longest = max(
            (typeface.width(line, typeface.BOLD, _SIZE) for line in self._agency_lines()), default=0
        )
        _rule(canvas, centre, y - _RULE_BELOW, longest * 0.4)
        if self.number:
            size = typeface.fitting(self.number, typeface.REGULAR, _MOTTO_SIZE, _LEFT)
            canvas.setFont(typeface.REGULAR, size)
            number = typeface.shortened(self.number, typeface.REGULAR, size, _LEFT)
            canvas.drawCentredString(centre, y - _RULE_BELOW - _PLACE_GAP - _LINE + 3.2, number)
        if self.number_room:
            left, bottom, _, _ = self._number_box(centre, top)
            canvas.setFont(typeface.REGULAR, _MOTTO_SIZE)
            canvas.drawRightString(left, bottom + 3.5, _NUMBER)

    def _draw_country(self, canvas: Any, centre: float, top: float, room: float) -> None:
        y = _draw_lines(canvas, (COUNTRY,), typeface.BOLD, centre, top) - _MOTTO_LINE
        canvas.setFont(typeface.BOLD, _MOTTO_SIZE)
        canvas.drawCentredString(centre, y + 3.5, MOTTO)
        _rule(canvas, centre, y - _RULE_BELOW, typeface.width(MOTTO, typeface.BOLD, _MOTTO_SIZE))
        canvas.setFont(typeface.ITALIC, _MOTTO_SIZE)
        if self.day_room:
            left, bottom, _, _ = self._day_box(centre, top)
            canvas.drawRightString(left, bottom + 3.5, self._place)
        else:
            size = typeface.fitting(self.place_line, typeface.ITALIC, _MOTTO_SIZE, room)
            line = typeface.shortened(self.place_line, typeface.ITALIC, size, room)
            canvas.setFont(typeface.ITALIC, size)
            canvas.drawCentredString(centre, y - _RULE_BELOW - _PLACE_GAP - _MOTTO_LINE + 3.5, line)

    def blanks(self, x: float, top: float, width: float) -> tuple[Box, Box]:
        """Where number and date belong when drawn from `x`, `top`: (left, bottom, right, top) of each."""
        return (
            self._number_box(x + _LEFT / 2, top),
            self._day_box(x + (_LEFT + _GAP + width) / 2, top),
        )

    @property
    def _place(self) -> str:
        return f"{self.place_line}, "

    def _number_box(self, centre: float, top: float) -> Box:
        lines = len(self._above_lines() + self._agency_lines())
        bottom = top - lines * _LINE - _RULE_BELOW - _PLACE_GAP - _MOTTO_LINE
        return _behind(_NUMBER, self.number_room, typeface.REGULAR, centre, bottom)

    def _day_box(self, centre: float, top: float) -> Box:
        bottom = top - _LINE - _MOTTO_LINE - _RULE_BELOW - _PLACE_GAP - _MOTTO_LINE
        return _behind(self._place, self.day_room, typeface.ITALIC, centre, bottom)

    def _draw_code(self, canvas: Any, x: float, bottom: float) -> None:
        side = qr.side(self.qr_text)
        qr.draw(canvas, self.qr_text, x, bottom + side)
        hint = Text(self.hint, _HINT)
        margin = (side - hint.height(_HINT_WIDTH)) / 2
        hint.draw(canvas, x + side + 3 * mm, bottom + side - margin, _HINT_WIDTH)


def _behind(label: str, room: str, font: str, centre: float, bottom: float) -> Box:
    """The box behind a label, when both together stand in the middle."""
    before, after = (typeface.width(text, font, _MOTTO_SIZE) for text in (label, room))
    left = centre - (before + after) / 2 + before
    return (left, bottom, left + after + 2, bottom + _MOTTO_LINE)


def balanced(text: str, font: str, size: float, width: float) -> tuple[str, ...]:
    """`text` on as few lines as fit into `width`, broken so that the longest line is as short as it can be.

    "ỦY BAN NHÂN DÂN / TỈNH LẠNG SƠN" and not "ỦY BAN NHÂN DÂN TỈNH / LẠNG SƠN".
    """
    lines: list[str] = []
    for part in text.split("\n"):
        lines += _balanced_line(part.split(), font, size, width)
    return tuple(lines)


def _balanced_line(words: list[str], font: str, size: float, width: float) -> list[str]:
    lines = _greedy(words, font, size, width)
    while len(lines) > 1:
        # Squeeze: the narrowest column that needs no further line.
        longest = max(typeface.width(line, font, size) for line in lines)
        narrower = _greedy(words, font, size, longest - 0.01)
        if (
            len(narrower) > len(lines)
            or max(typeface.width(line, font, size) for line in narrower) >= longest
        ):
            break
        lines = narrower
    return lines


def _greedy(words: list[str], font: str, size: float, width: float) -> list[str]:
    lines: list[str] = []
    for word in words:
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and typeface.width(longer, font, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _draw_lines(canvas: Any, lines: tuple[str, ...], font: str, centre: float, top: float) -> float:
    """The lower edge of the last line."""
    canvas.setFont(font, _SIZE)
    for line in lines:
        top -= _LINE
        canvas.drawCentredString(centre, top + 3.2, line)
    return top


def _rule(canvas: Any, centre: float, y: float, length: float) -> None:
    canvas.setLineWidth(0.8)
    canvas.line(centre - length / 2, y, centre + length / 2, y)
