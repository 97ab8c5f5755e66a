"""Vietnamese as people type it: found with or without diacritics, composed or not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.spelling import composed, plain, words


@pytest.mark.parametrize(
    ("text", "found_by"),
    [
        ("Nguyễn Văn Đạt", "nguyen van dat"),
        ("ĐẶNG THỊ HƯỜNG", "dang thi huong"),
        ("Hoàng Thị Ướt", "hoang thi uot"),
        ("H'Mông", "h'mong"),
        ("", ""),
    ],
)
def test_names_are_found_without_diacritics(text: str, found_by: str) -> None:
    assert plain(text) == found_by
    assert plain(unicodedata.normalize("NFD", text)) == found_by


def test_every_vietnamese_letter_folds_to_a_latin_one() -> None:
    vowels = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"]
    tones = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
    letters = [unicodedata.normalize("NFC", vowel + tone) for vowel in vowels for tone in tones]
    assert {plain(letter) for letter in letters} == set("aeiouy")
    assert plain("đĐ") == "dd"


@given(st.text())
def test_plain_text_stays_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.text())
def test_it_does_not_matter_how_the_keyboard_composes(text: str) -> None:
    assert plain(unicodedata.normalize("NFC", text)) == plain(unicodedata.normalize("NFD", text))


@given(st.text())
def test_names_are_kept_composed_with_single_spaces(text: str) -> None:
    kept = composed(text)
    assert composed(kept) == kept
    assert kept == kept.strip()
    assert "  " not in kept


def test_words_for_searching() -> None:
    assert words("Hồ sơ H37.08-261123-1407 của Đỗ Ánh!") == [
        "ho", "so", "h37", "08", "261123", "1407", "cua", "do", "anh",
    ]  # fmt: skip


@given(st.text())
def test_words_are_plain_ascii(text: str) -> None:
    assert all(word.isascii() and word.isalnum() for word in words(text))
