"""A PDF as the dots of a printer. The only module that knows pypdfium2."""

from __future__ import annotations

from collections.abc import Iterator

import pypdfium2
from PIL import Image

DPI = 203
"""Of thermal printers: 8 dots a millimetre."""


def pages(pdf: bytes, *, dpi: int = DPI) -> Iterator[Image.Image]:
    """Each page in black and white, one pixel a dot. Half-tones become black where they are darker than half."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
            yield picture.convert("L").point(lambda grey: 255 if grey > 127 else 0).convert("1")
    finally:
        document.close()
