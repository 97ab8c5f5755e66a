"""A PDF as others see it: as the dots of a printer, and as words on a page. The only module that knows pypdfium2."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pypdfium2
from PIL import Image

from printing.errors import UnreadablePicture

DPI = 203
"""Of thermal printers: 8 dots a millimetre."""


_ONE_AT_A_TIME: Final = threading.RLock()
"""PDFium must not be entered by two threads."""
_APART: Final = 0.25
"""Letters of one word stand closer together than this part of their height, and slanted ones reach as far over."""


@dataclass(frozen=True, slots=True)
class Word:
    """What is read as one word, with the box of its letters in points from the lower left corner of the sheet."""

    text: str
    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One page as it is read."""

    width: float
    height: float
    words: tuple[Word, ...]


def pages(pdf: bytes, *, dpi: int = DPI) -> Iterator[Image.Image]:
    """Each page in black and white, one pixel a dot. Half-tones become black where they are darker than half."""
    with _opened(pdf) as document:
        for place in range(len(document)):
            with _ONE_AT_A_TIME, closing(document[place]) as page:
                picture = page.render(scale=dpi / 72, grayscale=True).to_pil()
            yield picture.convert("L").point(lambda grey: 255 if grey > 127 else 0).convert("1")


def page(pdf: bytes, place: int, *, dpi: int) -> Image.Image:
    """One page as somebody looks at it. Raises `UnreadablePicture`, `IndexError`."""
    try:
        with _opened(pdf) as document:
            if not 0 <= place < len(document):
                raise IndexError(place)
            with _ONE_AT_A_TIME, closing(document[place]) as found:
                picture: Image.Image = found.render(scale=dpi / 72).to_pil()
        return picture
    except pypdfium2.PdfiumError as why:
        raise UnreadablePicture(str(why)) from why


def stamp(pdf: bytes, *, dpi: int) -> Image.Image:
    """The first page alone on a transparent ground, to be laid upon another one."""
    with _opened(pdf) as document, _ONE_AT_A_TIME, closing(document[0]) as found:
        drawn = found.render(scale=dpi / 72, fill_color=(255, 255, 255, 0), rev_byteorder=True)
        picture: Image.Image = drawn.to_pil()
    return picture


def count(pdf: bytes) -> int:
    """How many pages a PDF has. Raises `UnreadablePicture`, also where it asks for a password."""
    try:
        with _opened(pdf) as document:
            return len(document)
    except pypdfium2.PdfiumError as why:
        raise UnreadablePicture(str(why)) from why


def seen(pdf: bytes) -> list[Seen]:
    """The pages of a PDF, read back as whoever opens it reads them."""
    with _opened(pdf) as document, _ONE_AT_A_TIME:
        return [_seen(document, place) for place in range(len(document))]


@contextmanager
def _opened(pdf: bytes) -> Iterator[Any]:
    """Entered by one thread at a time, left to nobody's garbage collector."""
    with _ONE_AT_A_TIME:
        document = pypdfium2.PdfDocument(pdf)
    try:
        yield document
    finally:
        with _ONE_AT_A_TIME:
            document.close()


def _seen(document: Any, place: int) -> Seen:
    with closing(document[place]) as page, closing(page.get_textpage()) as text:
        width, height = page.get_size()
        return Seen(width, height, tuple(_words(text)))


def _words(page: Any) -> Iterator[Word]:
    """Letters that follow each other on one line without a gap."""
    letters: list[str] = []
    box, last = (0.0, 0.0, 0.0, 0.0), 0.0
    for place in range(page.count_chars()):
        letter = chr(pypdfium2.raw.FPDFText_GetUnicode(page.raw, place))
        if letter.isspace() or not letter.isprintable():
            if letters:
                yield Word("".join(letters), *box)
                letters = []
            continue
        left, bottom, right, top = page.get_charbox(place, loose=True)
        near = left > last and abs(left - box[2]) <= (top - bottom) * _APART
        if letters and not (near and min(top, box[3]) > max(bottom, box[1])):
            yield Word("".join(letters), *box)
            letters = []
        last = left
        if not letters:
            box = (left, bottom, right, top)
        letters.append(letter)
        box = (box[0], min(box[1], bottom), max(box[2], right), max(box[3], top))
    if letters:
        yield Word("".join(letters), *box)
