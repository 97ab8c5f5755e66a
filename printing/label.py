"""The layout of a label for a folder: the QR code at the left, beside it the number and a few short lines.

A label has one page. The number is never cut; lines that do not fit end in "…", because the dossier itself says the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reportlab.lib.units import mm

from printing import qr, typeface
from printing.forms import Form
from printing.grid import broken
from printing.letter import at_the_door
from printing.paper import LABEL, Block, Piece

_SIZE: Final = 10.0
_LEADING: Final = 12.0
_NUMBER_LARGEST: Final = 16.0
_GAP: Final = 3 * mm


def compose(form: Form, fields: Mapping[str, str], qr_text: str) -> list[Piece]:
    """The label as one piece. Raises BadForm, TooMuchForQr."""
    fields = at_the_door(fields)
    lines = [form.fill_cell(line, fields) for line in form.before if isinstance(line, str)]
    return [Piece(_Label(qr_text, form.fill_plain(form.number_line, fields), [one for one in lines if one]))]


class _Label:
    def __init__(self, qr_text: str, number: str, lines: list[str]) -> None:
        self._qr_text, self._number, self._lines = qr_text, number, lines

    def height(self, width: float) -> float:
        return LABEL.text_height

    def cut(self, width: float, room: float) -> tuple[Block, Block] | None:
        return None

    def draw(self, canvas: Any, x: float, top: float, width: float) -> None:
        if self._qr_text:
            side = qr.side(self._qr_text)
            qr.draw(canvas, self._qr_text, x + qr.QUIET, top - qr.QUIET)
            x, width = x + side + 2 * qr.QUIET + _GAP, width - side - 2 * qr.QUIET - _GAP
        wide = typeface.width(self._number, typeface.BOLD, 1)
        size = min(_NUMBER_LARGEST, width / wide if wide else _NUMBER_LARGEST)
        canvas.setFont(typeface.BOLD, size)
        canvas.drawString(x, top - size, self._number)
        y = top - size - _LEADING * 1.2
        canvas.setFont(typeface.REGULAR, _SIZE)
        for line in self._fitting(width, int((LABEL.text_height - size) // _LEADING) - 1):
            canvas.drawString(x, y, line)
            y -= _LEADING

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
