"""QR codes that a desk scanner, a telephone and a 203 dpi label printer can read.

A code is drawn on the grid of a 203 dpi printer: each module is exactly three of its dots (0.375 mm), so that no edge
falls between two dots. Level M bears 15% of damage: a stamp's edge, a fold, a coffee ring.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from typing import Any

from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel

from printing.errors import TooMuchForQr

MODULE = 3 * 72 / 203
QUIET_MODULES = 4
QUIET = QUIET_MODULES * MODULE
"""The white that a code needs around it, in points."""
# Version 12 has 65 modules, 24.4 mm wide: the most that the head of an A4 form has room for.
LARGEST_VERSION = 12
MOST_BYTES = 287
# All eight masks are valid. Trying each (as encoders do) costs 20 ms a slip and helps only regular data;
# ours is numbers, hashes and seals.
_MASK = 3

Modules = tuple[tuple[bool, ...], ...]


@lru_cache(maxsize=16)
def modules(text: str) -> Modules:
    """Rows from the top, True is dark; without the quiet zone. `text` is carried as UTF-8.

    Raises TooMuchForQr. A slip prints the same code on two copies: the last few are remembered.
    """
    data = text.encode()
    if len(data) > MOST_BYTES:
        raise TooMuchForQr(len(data), MOST_BYTES)
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(QR8bitByte(text))
    code.version = code.calculate_version()
    code.makeImpl(False, _MASK)
    return tuple(tuple(bool(dark) for dark in row) for row in code.modules)


def side(text: str) -> float:
    """Width and height of the code in points, without its quiet zone."""
    return len(modules(text)) * MODULE


def draw(canvas: Any, text: str, x: float, top: float) -> None:
    """Draw the code with its upper left corner at `x`, `top` (points). The caller leaves the quiet zone white.

    As vectors, sharp on every device, in whole numbers on the code's own grid; once a document, however many copies.
    """
    name = f"qr-{sha256(text.encode()).hexdigest()[:16]}"
    rows = modules(text)
    if not canvas.hasForm(name):
        canvas.beginForm(name, 0, 0, len(rows), len(rows))
        canvas.addLiteral(_rectangles(rows))
        canvas.addLiteral("f")
        canvas.endForm()
    canvas.saveState()
    canvas.translate(x, top - side(text))
    canvas.scale(MODULE, MODULE)
    canvas.doForm(name)
    canvas.restoreState()


def _rectangles(rows: Modules) -> str:
    """PDF's `re` operators, one for each dark run, on a grid of one unit a module."""
    return "\n".join(
        f"{start} {len(rows) - number} {length} 1 re"
        for number, row in enumerate(rows, start=1)
        for start, length in _dark_runs(row)
    )


def _dark_runs(row: tuple[bool, ...]) -> list[tuple[int, int]]:
    """(start, length) of each run of dark modules: fewer rectangles, and no hairlines between them."""
    runs: list[tuple[int, int]] = []
    column = 0
    for dark, run in groupby(row):
        length = len(list(run))
        if dark:
            runs.append((column, length))
        column += length
    return runs
