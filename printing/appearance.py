"""What a signature, a seal, a filled number and a filled date look like: each a small PDF of one page.

Decree 30/2020, appendix I: the signer's handwriting in blue at the signer's place; the organisation's red seal in its
true size over about a third of the signature, to the left; on a separate attachment no picture but, at the top right
of the first page, number and sign of the document, and the moment of signing with its zone.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from PIL import Image
from reportlab.lib.colors import Color
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from printing import typeface
from printing.errors import UnreadablePicture
from printing.typeface import printable
from printing.words import in_vietnam

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in points from the lower left corner of the page."""

SEAL_MM: Final = 36
"""Across, of the round seal of an agency, whose picture has its true size."""
MARK_WIDTH: Final = 62 * mm
MARK_HEIGHT: Final = 19 * mm
_COVERED: Final = 1 / 3
_BLUE: Final = Color(0.08, 0.2, 0.55)
_RED: Final = Color(0.78, 0.09, 0.09)
_SMALL: Final = 9.0


def picture_box(picture: bytes, room: Box) -> Box:
    """Where a picture stands when it is as large as the room lets it be, in the middle. Raises `UnreadablePicture`."""
    left, bottom, right, top = room
    wide, high = _read(picture).getSize()
    scale = min((right - left) / wide, (top - bottom) / high)
    across, up = (left + right) / 2, (bottom + top) / 2
    return (
        across - wide * scale / 2,
        up - high * scale / 2,
        across + wide * scale / 2,
        up + high * scale / 2,
    )


def seal_box(signature: Box) -> Box:
    """Where the seal stands: over the left third of a signature, at its height."""
    left, bottom, right, top = signature
    edge = left + (right - left) * _COVERED
    middle, side = (bottom + top) / 2, SEAL_MM * mm
    return (edge - side, middle - side / 2, edge, middle + side / 2)


def number_line(text: str, width: float, height: float) -> bytes:
    """The number of a document as it stands behind "Số:"."""
    return _line(text, typeface.REGULAR, 13, width, height)


def day_line(text: str, width: float, height: float) -> bytes:
    """The date as it stands behind the place."""
    return _line(text, typeface.ITALIC, 13, width, height)


def picture(content: bytes, width: float, height: float) -> bytes:
    """A picture alone, with whatever is transparent in it. Raises `UnreadablePicture`."""
    canvas, buffer = _sheet(width, height)
    canvas.drawImage(_read(content), 0, 0, width, height, mask="auto")
    return _finished(canvas, buffer)


def written_name(name: str, width: float, height: float) -> bytes:
    """For a signer whose handwriting the catalog does not have."""
    return _framed(("Đã ký số", printable(name)), _BLUE, width, height)


def written_seal(agency: str, width: float, height: float) -> bytes:
    """For an organisation whose seal the catalog has no picture of."""
    return _framed(("Đã ký số cơ quan", printable(agency)), _RED, width, height)


def mark(agency: str, number: str, at: datetime, width: float, height: float) -> bytes:
    """The mark at the top right of a separate attachment: whose, to which document, signed when."""
    moment = in_vietnam(at).isoformat(timespec="seconds")
    lines = (printable(agency), f"Kèm theo văn bản số {printable(number)}", f"Thời gian ký: {moment}")
    return _framed(lines, _RED, width, height)


def _line(text: str, font: str, size: float, width: float, height: float) -> bytes:
    canvas, buffer = _sheet(width, height)
    text = printable(text)
    wanted = typeface.width(text, font, size)
    canvas.setFont(font, size if wanted <= width else size * width / wanted)
    canvas.drawString(0, 3.5, text)
    return _finished(canvas, buffer)


def _framed(lines: Sequence[str], colour: Color, width: float, height: float) -> bytes:
    canvas, buffer = _sheet(width, height)
    canvas.setStrokeColor(colour)
    canvas.setFillColor(colour)
    canvas.setLineWidth(0.8)
    canvas.roundRect(0.6, 0.6, width - 1.2, height - 1.2, 3)
    step = (height - 4) / len(lines)
    for place, line in enumerate(lines):
        wanted = typeface.width(line, typeface.REGULAR, _SMALL)
        canvas.setFont(typeface.REGULAR, _SMALL if wanted <= width - 8 else _SMALL * (width - 8) / wanted)
        canvas.drawString(4, height - 2 - step * (place + 0.5) - _SMALL / 3, line)
    return _finished(canvas, buffer)


def _sheet(width: float, height: float) -> tuple[Any, io.BytesIO]:
    typeface.register()
    buffer = io.BytesIO()
    canvas = Canvas(
        buffer,
        pagesize=(width, height),
        pageCompression=1,
        invariant=1,
        initialFontName=typeface.REGULAR,
    )
    return canvas, buffer


def _finished(canvas: Any, buffer: io.BytesIO) -> bytes:
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _read(content: bytes) -> Any:
    """In the colours of a screen: what is kept for decades says what its colours are, and says so of these."""
    try:
        with Image.open(io.BytesIO(content)) as opened:
            if opened.mode == "CMYK":
                return ImageReader(opened.convert("RGB"))
        return ImageReader(io.BytesIO(content))
    except OSError as why:
        raise UnreadablePicture(str(why)) from why
