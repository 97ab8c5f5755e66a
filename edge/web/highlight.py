"""Which words of a name were typed: shown underlined, so that the eye finds the right line."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from schemas.spelling import composed, words

_WORD: Final = re.compile(r"(\w+)")


class Piece(NamedTuple):
    """A part of a name, and whether somebody typed its beginning."""

    text: str
    typed: bool


def highlighted(name: str, term: str) -> list[Piece]:
    """The name in pieces that join to the whole: "Đăng ký" for "dang k" is both words, typed."""
    wanted = words(term)
    pieces = []
    for part in _WORD.split(composed(name)):
        if part:
            bare = words(part)
            pieces.append(Piece(part, bool(bare) and any(bare[0].startswith(want) for want in wanted)))
    return pieces
