"""The layout of a label for a folder: the QR code at the left, beside it the number and a few short lines, bars below.

A label has one page. The number is never cut; lines that do not fit end in "…", because the dossier itself says the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reportlab.lib.units import mm

from printing import bars, qr, typeface
from printing.forms import Form
from printing.grid import broken
from printing.letter import at_the_door
from printing.paper import LABEL, Block, Piece

_SIZE: Final = 10.0
_LEADING: Final = 12.0
_NUMBER_LARGEST: Final = 16.0
_FIRST_LINE: Final = 1.2 * _LEADING
_DESCENT: Final = 3.0
_GAP: float = 3 * mm
_BARS: float = 7 * mm


def compose(form: Form, fields: Mapping[str, str], qr_text: str) -> list[Piece]:
    """The label as one piece. Raises BadForm, TooMuchForQr."""
    fields = at_the_door(fields)
    lines = [form.fill_cell(line, fields) for line in form.before if isinstance(line, str)]
    bar_code = form.fill_cell(form.bar_code, fields)
    number = form.fill_plain(form.number_line, fields)
    return [Piece(_Label(qr_text, number, [one for one in lines if one], bar_code))]


class _Label:
    def __init__(self, qr_text: str, number: str, lines: list[str], bar_code: str) -> None:
        self._qr_text, self._number, self._lines = qr_text, number, lines
        self._bar_code = bar_code if bars.is_drawn(bar_code) else ""

    def height(self, width: float) -> float:
        return LABEL.text_height

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        below = self._draw_bars(canvas, x, top, width)
        if self._qr_text:
            side = qr.side(self._qr_text)
            qr.draw(canvas, self._qr_text, x + qr.QUIET, top - qr.QUIET)
            x, width = x + side + 2 * qr.QUIET + _GAP, width - side - 2 * qr.QUIET - _GAP
        wide = typeface.width(self._number, typeface.BOLD, 1)
        size = min(_NUMBER_LARGEST, width / wide if wide else _NUMBER_LARGEST)
        canvas.setFont(typeface.BOLD, size)
        canvas.drawString(x, top - size, self._number)
        y = top - size - _FIRST_LINE
        canvas.setFont(typeface.REGULAR, _SIZE)
        room = LABEL.text_height - below - size - _FIRST_LINE - _DESCENT
        for line in self._fitting(width, 1 + int(room // _LEADING)):
            canvas.drawString(x, y, line)
            y -= _LEADING

    def _draw_bars(self, canvas: Any, x: float, top: float, width: float) -> float:
        """At the lower edge, as far right as they may; the height that they take. None where they would not fit."""
        wide = bars.width(self._bar_code) + 2 * bars.QUIET if self._bar_code else width
        if wide >= width:
            return 0.0
        left, upper = x + width - wide + bars.QUIET, top - LABEL.text_height + _BARS
        bars.draw(canvas, self._bar_code, left, upper, _BARS)
        return _BARS + _GAP / 2

    def _fitting(self, width: float, room: int) -> list[str]:
        """All lines; where there is no room for all, the longest are shortened, and end in "…"."""
        parts = [broken(line, typeface.REGULAR, _SIZE, width) for line in self._lines]
        shares = [len(part) for part in parts]
        while sum(shares) > room and max(shares) > 1:
            shares[shares.index(max(shares))] -= 1
        shown: list[str] = []
        for part, share in zip(parts, shares, strict=True):
            if len(part) > share:
                rest = typeface.shortened(" ".join(part[share - 1 :]), typeface.REGULAR, _SIZE, width)
                part = (*part[: share - 1], rest)
            shown += part
        return shown[:room]
