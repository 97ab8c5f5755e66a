"""The typeface of every paper: Liberation Serif, metric twin of the Times New Roman that decree 30/2020 asks for.

The fonts lie beside this module, so that a paper looks the same on every machine; a PDF embeds the glyphs it uses.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR = "LiberationSerif"
BOLD = "LiberationSerif-Bold"
ITALIC = "LiberationSerif-Italic"
BOLD_ITALIC = "LiberationSerif-BoldItalic"

_FILES = {
    REGULAR: "LiberationSerif-Regular.ttf",
    BOLD: "LiberationSerif-Bold.ttf",
    ITALIC: "LiberationSerif-Italic.ttf",
    BOLD_ITALIC: "LiberationSerif-BoldItalic.ttf",
}
NO_GLYPH = "?"
_READABLE = 0.7
"""The least part of its size to which a line may be made smaller in order to fit."""
_UNSEEN = {"Cc", "Cf"}  # controls and format marks: they would turn text around, or show as boxes


@cache
def register() -> None:
    """Tell reportlab about the fonts, once a process (it reads 1.5 MB; a worker does it before its first job)."""
    for name, file in _FILES.items():
        # Without `asciiReadable` a subset has the glyphs that the paper uses and not all of ASCII: half the size.
        pdfmetrics.registerFont(TTFont(name, str(Path(__file__).parent / "fonts" / file), asciiReadable=0))
    pdfmetrics.registerFontFamily(REGULAR, REGULAR, BOLD, ITALIC, BOLD_ITALIC)


def printable(text: str) -> str:
    """The same text as it can be set: composed (NFC), no control characters, and "?" for what the face lacks.

    Line feeds stay; other white space becomes a plain space. A keyboard of a Mac gives decomposed letters, one of
    Windows composed ones; both must give the same paper.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    if _drawn().issuperset(composed):
        return composed
    return "".join(_set(character) for character in composed)


def width(text: str, font: str, size: float) -> float:
    """In points, as reportlab will set it."""
    register()
    return float(pdfmetrics.stringWidth(text, font, size))


def fitting(text: str, font: str, size: float, room: float) -> float:
    """`size`, or the smaller one at which `text` is as wide as `room`; never less than can be read."""
    wanted = width(text, font, size)
    return size * max(_READABLE, min(1.0, room / wanted if wanted else 1.0))


def shortened(text: str, font: str, size: float, room: float) -> str:
    """`text`, or as much of it as fits, and "…"."""
    if width(text, font, size) <= room:
        return text
    while text and width(f"{text}…", font, size) > room:
        text = text[:-1].rstrip()
    return f"{text}…"


def _set(character: str) -> str:
    if character == "\n" or character in _drawn():
        return character
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) in _UNSEEN else NO_GLYPH


@cache
def _drawn() -> frozenset[str]:
    """The characters for which all four faces have a glyph that can be seen; of white space only the plain space."""
    register()
    faces = [frozenset(pdfmetrics.getFont(name).face.charToGlyph) for name in _FILES]
    characters = {chr(code) for code in frozenset.intersection(*faces)}
    return frozenset(
        one for one in characters if one == " " or not (one.isspace() or unicodedata.category(one) in _UNSEEN)
    )
