"""Identity data as it is typed at the counter."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.addresses import Address
from schemas.identity import (
    RULES,
    Birth,
    Field,
    Grade,
    NumberSays,
    Person,
    Sex,
    digits,
    findings,
    hidden,
    is_filler,
    is_old_number,
    is_passport,
    is_personal_number,
    is_phone,
    is_tax_code,
    masked,
    masked_phone,
    numbers_in,
    proves,
    read_birth,
    read_card,
    read_number,
)

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


def test_who_needs_no_number_sees_its_place_alone() -> None:
    assert hidden("020090004127") == "020*********"
    assert hidden("C1234567") == "********"
    assert hidden("") == ""


@given(st.from_regex(r"[A-Z]?[0-9]{1,19}", fullmatch=True))
def test_a_masked_identity_never_tells_more_than_two_thirds(identity: str) -> None:
    assert len(masked(identity).replace("•", "")) <= len(identity) * 2 / 3


# --- what a personal number says, and what only warns ---

TODAY = date(2026, 11, 23)
WOMAN_1990 = Person(TODAY, Sex.FEMALE, Birth(1990, 3, 12))


NOBODY = Person(TODAY)


def codes(field: Field, text: str, person: Person = NOBODY) -> list[str]:
    return [finding.code for finding in findings(field, text, person)]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("020190001234", NumberSays("020", Sex.FEMALE, 1990)),
        ("020090001234", NumberSays("020", Sex.MALE, 1990)),
        ("001305001234", NumberSays("001", Sex.FEMALE, 2005)),
        ("101499001234", NumberSays("101", Sex.MALE, 2199)),
        ("020990001234", NumberSays("020", None, None)),
    ],
)
def test_the_parts_of_a_personal_number(number: str, says: NumberSays) -> None:
    assert read_number(number) == says


@pytest.mark.parametrize(
    ("number", "person", "warned"),
    [
        ("020190004127", WOMAN_1990, []),
        ("020190004127", Person(TODAY), []),
        ("020090004127", WOMAN_1990, ["personal_sex"]),
        ("020191004127", WOMAN_1990, ["personal_year"]),
        ("003190004127", WOMAN_1990, ["personal_place"]),
        ("000190004127", WOMAN_1990, ["personal_place"]),
        ("101190004127", WOMAN_1990, []),
        ("020990004127", WOMAN_1990, ["personal_age"]),
        ("020300004127", Person(TODAY, birth=Birth(2000)), []),
        ("020327004127", Person(TODAY), ["personal_age"]),
        ("020105004127", Person(TODAY), ["personal_age"]),
    ],
)
def test_an_implausible_personal_number_warns_and_does_not_stop(
    number: str, person: Person, warned: list[str]
) -> None:
    """Records are corrected, and the number stays: the person at the counter sees the card."""
    assert codes(Field.PERSONAL_NUMBER, number, person) == warned
    assert all(one.grade is Grade.WARNING for one in findings(Field.PERSONAL_NUMBER, number, person))


@pytest.mark.parametrize(
    ("field", "text", "found"),
    [
        (Field.PERSONAL_NUMBER, "02019000412", ["personal_form"]),
        (Field.PERSONAL_NUMBER, "111111111111", ["personal_filler"]),
        (Field.OLD_NUMBER, "080123457", ["old_ended"]),
        (Field.OLD_NUMBER, "000000001", ["old_filler"]),
        (Field.OLD_NUMBER, "08012345", ["old_form"]),
        (Field.TAX_CODE, "0100109106", []),
        (Field.TAX_CODE, "0100109106-001", []),
        (Field.TAX_CODE, "0100109107", ["tax_form"]),
        (Field.TAX_CODE, "020190004127", []),
        (Field.TAX_CODE, "000000000001", ["tax_filler"]),
        (Field.PASSPORT, "C1234567", []),
        (Field.PASSPORT, "AB12345", ["passport_foreign"]),
        (Field.PASSPORT, "C12", ["passport_form"]),
        (Field.PASSPORT, "999999999", ["passport_filler"]),
        (Field.PHONE, "0912345678", []),
        (Field.PHONE, "0112345678", ["phone_form"]),
        (Field.INSURANCE, "2012345678", []),
        (Field.INSURANCE, "201234567", ["insurance_form"]),
        (Field.NAME, "Nguyễn Văn Đạt", []),
        (Field.NAME, "Sùng", []),
        (Field.NAME, "H'Mông", []),
        (Field.NAME, "  ", ["name_empty"]),
        (Field.NAME, "123", ["name_empty"]),
        (Field.NAME, "Lý\x00", ["name_empty"]),
        (Field.NAME, "Lý 2", ["name_odd"]),
    ],
)
def test_refusals_and_warnings_of_the_table(field: Field, text: str, found: list[str]) -> None:
    assert codes(field, text) == found


def test_an_old_number_was_good_until_2025() -> None:
    assert codes(Field.OLD_NUMBER, "080123457", Person(date(2024, 12, 31))) == []


def test_every_rule_has_a_code_of_its_own_and_tells_what_to_do() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.words.endswith(".") for rule in RULES)
    assert {rule.field for rule in RULES} == set(Field)


@given(st.sampled_from(Field), st.text(max_size=30))
def test_any_text_gets_an_answer(field: Field, text: str) -> None:
    """One refusal, or warnings only."""
    found = findings(field, text, WOMAN_1990)
    assert len(found) == 1 or all(one.grade is Grade.WARNING for one in found)


@pytest.mark.parametrize(
    ("text", "filler"),
    [
        ("000000001", True),
        ("999999999999", True),
        ("123456789012", True),
        ("987654321", True),
        ("020190004127", False),
        ("12345678", False),
        ("²²²²²²²²²", False),
        ("", False),
    ],
)
def test_numbers_that_somebody_made_up(text: str, filler: bool) -> None:
    assert is_filler(text) is filler


def test_other_papers() -> None:
    assert is_old_number("080123457")
    assert is_passport("C1234567")
    assert not is_passport("c1234567")


@pytest.mark.parametrize(
    ("typed", "birth", "shown"),
    [
        ("12/03/1950", Birth(1950, 3, 12), "12/03/1950"),
        ("12-3-1950", Birth(1950, 3, 12), "12/03/1950"),
        ("12031950", Birth(1950, 3, 12), "12/03/1950"),
        ("3/1950", Birth(1950, 3), "03/1950"),
        ("1950", Birth(1950), "1950"),
        ("00/00/1950", Birth(1950), "1950"),
        ("00001950", Birth(1950), "1950"),
        (" 29/02/2000 ", Birth(2000, 2, 29), "29/02/2000"),
    ],
)
def test_of_old_people_only_the_year_may_be_known(typed: str, birth: Birth, shown: str) -> None:
    assert read_birth(typed) == birth
    assert str(birth) == shown
    assert read_birth(shown) == birth


@pytest.mark.parametrize(
    "typed", ["", "29/02/2001", "13/1950", "12/00/1950", "0000", "50", "hôm nay", "١٩٥٠", "1950-03-12"]
)
def test_what_is_no_birth_date(typed: str) -> None:
    assert read_birth(typed) is None


# --- the QR code of a citizen card ---

SCANNED = "020190004127|080123457|Lộc Thị Hà|12031990|Nữ|Nà Sla, Hợp Thành, Cao Lộc, Lạng Sơn|15052021"
ADDRESS = Address("Nà Sla", province="Lạng Sơn", old="Nà Sla, Hợp Thành, Cao Lộc, Lạng Sơn")


def test_a_citizen_card() -> None:
    card = read_card(SCANNED)
    assert card is not None
    assert (card.number, card.old_number, card.name) == ("020190004127", "080123457", "Lộc Thị Hà")
    assert (card.birth, card.sex, card.issued) == (Birth(1990, 3, 12), Sex.FEMALE, date(2021, 5, 15))
    assert card.address == ADDRESS


@pytest.mark.parametrize(
    "scanned",
    [
        SCANNED + "\r\n",
        "\ufeff" + SCANNED,
        "]Q1" + SCANNED,
        SCANNED + "|||more|of|a|newer|card",
        SCANNED.replace("|", "｜"),
        SCANNED.replace("12031990", "12/03/1990").replace("Nữ", "NỮ"),
        unicodedata.normalize("NFD", SCANNED),
        SCANNED.encode().decode("latin-1"),
        SCANNED.replace("Nữ", "nữ").replace("Hợp", "Hợp  "),
    ],
)
def test_what_scanners_do_to_a_card_is_forgiven(scanned: str) -> None:
    assert read_card(scanned) == read_card(SCANNED)


def test_a_scanner_that_types_utf_8_as_windows_1252() -> None:
    mangled = "020090004127||Vi Văn Hòa|1950|Nam|Xã Hoàng Văn Thụ, Lạng Sơn|".encode().decode("cp1252")
    card = read_card(mangled)
    assert card is not None
    assert (card.name, card.birth, card.old_number, card.issued) == ("Vi Văn Hòa", Birth(1950), "", None)
    assert card.address == Address("", "Xã Hoàng Văn Thụ", "Lạng Sơn")


@pytest.mark.parametrize(
    "text",
    ["", "020190004127", "a|b|c", SCANNED.replace("020190004127", "02019"), SCANNED.replace("Lộc Thị Hà", ""),
     "|".join(SCANNED.split("|")[:5])],
)  # fmt: skip
def test_what_is_no_card(text: str) -> None:
    assert read_card(text) is None


def test_a_card_without_sex_or_date_of_issue_is_still_a_card() -> None:
    card = read_card("020190004127||Hà||?|Lạng Sơn")
    assert card is not None
    assert (card.sex, card.birth, card.issued, card.address) == (None, None, None, Address("Lạng Sơn"))


@given(st.text())
def test_any_text_is_a_card_or_not(text: str) -> None:
    read_card(text)
    read_card(f"020190004127|{text}|Hà|{text}|{text}|{text}|{text}")
    read_birth(text)


# --- what others may see ---


def test_a_phone_is_masked_on_boards() -> None:
    assert masked_phone("0912345678") == "•••••••678"
    assert masked_phone("113") == "•••"
    assert masked_phone("") == ""


def test_the_public_page_asks_for_four_digits() -> None:
    assert proves("4127", "020190004127", "0912345678")
    assert proves("56 78", "020190004127", "0912345678")
    assert not proves("4128", "020190004127", "0912345678")
    assert not proves("", "", "")
    assert not proves("1234", "1234", "")
    assert not proves("20190004127", "020190004127", "")


def test_all_whom_an_act_names_are_found_wherever_they_stand_in_it() -> None:
    act = {
        "applicant": {"name": "Nông Văn Thắng", "identity": "020085004127"},
        "others": [{"identity": "020192001733"}, "020078005512", 7],
        "changes": [
            {"field": "submitter.identity", "value": "020195003048"},
            {"field": "applicant.phone", "value": "0912000345"},
            {"field": "applicant.identity", "value": ""},
        ],
        "identity": "",
    }
    assert list(numbers_in(act)) == ["020085004127", "020192001733", "020195003048"]
    empty: list[Any] = [{}, [], "020085004127", None, {"identity": 5}, {"field": 1, "value": "020085004127"}]
    for nothing in empty:
        assert list(numbers_in(nothing)) == []
