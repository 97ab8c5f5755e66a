"""Vietnamese text as people type it: with or without diacritics, composed or decomposed."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[0-9a-z]+")


def composed(text: str) -> str:
    """NFC with single spaces: how names are kept (domain §7.2)."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def plain(text: str) -> str:
    """Lower case without diacritics, đ as d: "Nguyễn Văn Đạt" is found by "nguyen van dat"."""
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).lower()


def words(text: str) -> list[str]:
    """The plain words and numbers of a text, for searching."""
    return _WORD.findall(plain(text))
