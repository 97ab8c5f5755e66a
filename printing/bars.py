"""Bar codes (Code 128) for scanners that read nothing else: what they type is a dossier's number.

Like the QR codes on the grid of a 203 dpi printer: the narrowest bar is two of its dots (0.25 mm).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from reportlab.graphics.barcode.code128 import Code128Auto
from reportlab.lib.units import mm

MODULE: Final = 2 * 72 / 203
QUIET: Final = 10 * MODULE
"""The white that the bars need at either end, in points."""
HEIGHT: Final = 8 * mm
_LONGEST: Final = 40


@lru_cache(maxsize=16)
def _runs(text: str) -> tuple[int, ...]:
    """Widths of bars and gaps in turn, a bar first, in modules."""
    code = Code128Auto(text)
    code.validate()
    code.encode()
    code.decompose()
    return tuple("abcd".index(run.lower()) + 1 for run in code.decomposed)


def is_drawn(text: str) -> bool:
    """Whether it can be said in bars: Code 128 has ASCII, and a line has an end."""
    return text.isascii() and text.isprintable() and 0 < len(text) <= _LONGEST


def width(text: str) -> float:
    """Of the bars in points, without their quiet zones."""
    return sum(_runs(text)) * MODULE


def draw(canvas: Any, text: str, x: float, top: float, height: float = HEIGHT) -> None:
    """Draw the bars with their upper left corner at `x`, `top`. The caller leaves the quiet zones white."""
    bar = True
    for run in _runs(text):
        if bar:
            canvas.rect(x, top - height, run * MODULE, height, stroke=0, fill=1)
        x, bar = x + run * MODULE, not bar
