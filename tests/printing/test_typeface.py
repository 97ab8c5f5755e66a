from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from printing.typeface import printable

VOWELS = "aăâeêioôơuưy"
TONES = "\u0300\u0301\u0303\u0309\u0323"


def test_every_vietnamese_letter_has_its_glyph() -> None:
    letters = [unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in ("", *TONES)]
    alphabet = "".join([*letters, "đ"])

    assert printable(alphabet + alphabet.upper()) == alphabet + alphabet.upper()
    assert all(len(letter) == 1 for letter in letters)


def test_what_the_face_lacks_is_shown_as_lacking() -> None:
    assert printable("Công ty 公司\tHữu Nghị\u00a0Quan\r\n\u202eABC\x07") == "Công ty ?? Hữu Nghị Quan\nABC"


@given(st.text(max_size=50))
def test_once_printable_always_printable(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    assert printable(unicodedata.normalize("NFD", text)) == printable(unicodedata.normalize("NFC", text))
