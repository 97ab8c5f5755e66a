"""Identity data as it is typed at the counter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import digits, is_personal_number, is_phone, is_tax_code, masked

WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


@pytest.mark.parametrize("code", ["0100109106", "0101245486", "0100112437", "0300588569", "0100109106-001"])
def test_tax_codes_of_real_companies(code: str) -> None:
    assert is_tax_code(code)


@pytest.mark.parametrize(
    "code",
    ["0100109107", "0100109106-000", "0100109106-01", "010010910", "01001091060", "0100109106\n", "", "٠١"],
)
def test_what_is_no_tax_code(code: str) -> None:
    assert not is_tax_code(code)


nine_digits = st.from_regex(r"[0-9]{9}", fullmatch=True)


def check_digits(nine: str) -> list[str]:
    """The digits that make nine others a tax code, by the rule itself."""
    remainder = sum(int(digit) * weight for digit, weight in zip(nine, WEIGHTS, strict=True)) % 11
    return [str(10 - remainder)] if remainder else []


@given(nine_digits)
def test_nine_digits_have_at_most_one_check_digit(nine: str) -> None:
    assert [check for check in "0123456789" if is_tax_code(nine + check)] == check_digits(nine)


tax_codes = nine_digits.filter(check_digits).map(lambda nine: nine + check_digits(nine)[0])


@given(tax_codes, st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_in_a_tax_code_is_found(code: str, place: int, off: int) -> None:
    wrong = str((int(code[place]) + off) % 10)
    assert not is_tax_code(code[:place] + wrong + code[place + 1 :])


@pytest.mark.parametrize(
    "text", ["0912345678", "0312345678", "0512345678", "0712345678", "0812345678", "02053812345"]
)
def test_telephone_numbers(text: str) -> None:
    assert is_phone(text)


@pytest.mark.parametrize(
    "text", ["", "0112345678", "091234567", "09123456789", "0205381234", "+84912345678", "0912345678\n"]
)
def test_what_is_no_telephone_number(text: str) -> None:
    assert not is_phone(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+84 912 345 678", "0912345678"),
        ("0912.345.678", "0912345678"),
        ("0912-345-678", "0912345678"),
        ("020 090 001 234", "020090001234"),
        ("0100109106-001", "0100109106-001"),
        ("0100109106 - 001", "0100109106-001"),
        ("", ""),
    ],
)
def test_numbers_as_people_type_them(typed: str, kept: str) -> None:
    assert digits(typed) == kept


def test_a_personal_number_has_twelve_digits() -> None:
    assert is_personal_number("020090001234")
    assert not is_personal_number("02009000123")
    assert not is_personal_number("020090001234\n")
    assert not is_personal_number("O20090001234")


@pytest.mark.parametrize(
    ("identity", "shown"),
    [("020090004127", "0200••••4127"), ("0100109106", "010••••106"), ("C1234567", "C1••••67"), ("", "")],
)
def test_an_identity_is_masked_outside_reception(identity: str, shown: str) -> None:
    assert masked(identity) == shown


@given(st.from_regex(r"[A-Z]?[0-9]{1,19}", fullmatch=True))
def test_a_masked_identity_never_tells_more_than_two_thirds(identity: str) -> None:
    assert len(masked(identity).replace("•", "")) <= len(identity) * 2 / 3
