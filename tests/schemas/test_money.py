"""Amounts as a receipt has them, against a second way of saying the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import in_words, shown


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "Không đồng"),
        (1, "Một đồng"),
        (4, "Bốn đồng"),
        (10, "Mười đồng"),
        (11, "Mười một đồng"),
        (14, "Mười bốn đồng"),
        (15, "Mười lăm đồng"),
        (21, "Hai mươi mốt đồng"),
        (24, "Hai mươi tư đồng"),
        (25, "Hai mươi lăm đồng"),
        (101, "Một trăm linh một đồng"),
        (105, "Một trăm linh năm đồng"),
        (115, "Một trăm mười lăm đồng"),
        (1_000, "Một nghìn đồng"),
        (1_001, "Một nghìn không trăm linh một đồng"),
        (1_010, "Một nghìn không trăm mười đồng"),
        (25_000, "Hai mươi lăm nghìn đồng"),
        (5_000, "Năm nghìn đồng"),
        (115_500, "Một trăm mười lăm nghìn năm trăm đồng"),
        (1_010_005, "Một triệu không trăm mười nghìn không trăm linh năm đồng"),
        (1_000_005, "Một triệu không trăm linh năm đồng"),
        (1_250_000, "Một triệu hai trăm năm mươi nghìn đồng"),
        (21_000_000, "Hai mươi mốt triệu đồng"),
        (10**9, "Một tỷ đồng"),
        (10**9 + 1, "Một tỷ không trăm linh một đồng"),
        (1_000_100_000, "Một tỷ một trăm nghìn đồng"),
        (24_001_000_015, "Hai mươi tư tỷ không trăm linh một triệu không trăm mười lăm đồng"),
        (999_999_999_999, "Chín trăm chín mươi chín tỷ chín trăm chín mươi chín triệu chín trăm chín mươi chín "
         "nghìn chín trăm chín mươi chín đồng"),
        (10**12, "Một nghìn tỷ đồng"),
        (10**12 + 5 * 10**9, "Một nghìn không trăm linh năm tỷ đồng"),
        (10**18, "Một tỷ tỷ đồng"),
        (-50_000, "Âm năm mươi nghìn đồng"),
    ],
)  # fmt: skip
def test_amounts_in_words(amount: int, words: str) -> None:
    assert in_words(amount) == words


# --- the same rules, formulated the other way: spell every digit out, then say how speech shortens it ---

NAMES = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"]
SHORTER = (
    (r"không mươi không", ""),
    (r"không mươi (\w+)", r"linh \1"),
    (r"một mươi không", "mười"),
    (r"một mươi năm", "mười lăm"),
    (r"một mươi", "mười"),
    (r"mươi không", "mươi"),
    (r"mươi một", "mươi mốt"),
    (r"mươi bốn", "mươi tư"),
    (r"mươi năm", "mươi lăm"),
)


def spelt(amount: int) -> str:
    """12 digits in four groups of "a trăm b mươi c", shortened as people speak."""
    digits = f"{amount:012d}"
    said = []
    for place, name in enumerate(("tỷ", "triệu", "nghìn", "")):
        group = digits[3 * place : 3 * place + 3]
        if group == "000":
            continue
        text = "{} trăm {} mươi {}".format(*(NAMES[int(digit)] for digit in group))
        for pattern, short in SHORTER:
            text = re.sub(pattern, short, text)
        said.append(f"{text} {name}")
    text = " ".join(" ".join(said).split())
    # nothing stands before the first group, so nothing is missing in it
    text = re.sub(r"^không trăm (linh )?", "", text) or "không"
    return f"{text} đồng".capitalize()


def test_all_amounts_to_9999() -> None:
    assert [n for n in range(10_000) if in_words(n) != spelt(n)] == []


@given(st.integers(0, 10**12 - 1))
def test_amounts_to_a_thousand_billions(amount: int) -> None:
    assert in_words(amount) == spelt(amount)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_no_two_amounts_read_alike(one: int, other: int) -> None:
    assert (in_words(one) == in_words(other)) == (one == other)


@given(st.integers())
def test_any_integer_is_read(amount: int) -> None:
    assert in_words(amount).endswith(" đồng")


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0 đ"), (25_000, "25.000 đ"), (1_250_000, "1.250.000 đ"), (-500, "-500 đ")]
)
def test_amounts_as_numbers(amount: int, text: str) -> None:
    assert shown(amount) == text
