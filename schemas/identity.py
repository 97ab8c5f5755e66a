"""Identity data at the counter: what is refused, and what only warns (domain §7.2).

A *refusal* stops the form: the text cannot be what the field asks for. A *warning* is shown and may be passed,
because corrected records exist and the person at the counter sees the paper. Nobody needs to invent a number
to get on: "không có giấy tờ" with a reason is always a possible answer, and so known fillers are refused.

`RULES` is the table: field, what is wrong, how grave, the words. `findings` looks a text up in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Final

from schemas.addresses import Address, read_address
from schemas.spelling import composed

_PERSONAL: Final = re.compile(r"[0-9]{12}")
_OLD: Final = re.compile(r"[0-9]{9}")
_TAX: Final = re.compile(r"[0-9]{10}(-[0-9]{3})?")
_PHONE: Final = re.compile(r"0[35789][0-9]{8}|02[0-9]{9}")
_VIETNAMESE_PASSPORT: Final = re.compile(r"[A-Z][0-9]{7,8}")
_FOREIGN_PASSPORT: Final = re.compile(r"[A-Z0-9]{5,20}")
_INSURANCE: Final = re.compile(r"[0-9]{10}")
_TAX_WEIGHTS: Final = (31, 29, 23, 19, 17, 13, 7, 5, 3)

OLDEST: Final = 120
PROVINCES: Final = frozenset(
    # a table to read, not 63 literals
    """
    001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033
    034 035 036 037 038 040 042 044 045 046 048 049 051 052 054 056 058 060 062 064 066
    067 068 070 072 074 075 077 079 080 082 083 084 086 087 089 091 092 093 094 095 096
    """.split()  # noqa: SIM905
)
"""The 63 provinces before the mergers of 2025, whose codes stay in the numbers; from 100 on a country."""


class Sex(Enum):
    """As identity papers have it."""

    MALE = "male"
    FEMALE = "female"


class Grade(Enum):
    """Whether what was typed is refused, or doubted and kept."""

    REFUSAL = "refusal"
    WARNING = "warning"


class Field(Enum):
    """What a number or a name is checked as."""

    PERSONAL_NUMBER = "personal_number"
    OLD_NUMBER = "old_number"
    TAX_CODE = "tax_code"
    PASSPORT = "passport"
    PHONE = "phone"
    INSURANCE = "insurance"
    NAME = "name"


# --- as it is typed ---


def digits(text: str) -> str:
    """What was typed without spaces, dots and hyphens (but the hyphen of a branch's tax code); +84 becomes 0."""
    bare = re.sub(r"[\s.]", "", text)
    if _TAX.fullmatch(bare) is None:
        bare = bare.replace("-", "")
    return "0" + bare[3:] if bare.startswith("+84") else bare


def is_personal_number(text: str) -> bool:
    """12 digits (số định danh cá nhân)."""
    return _PERSONAL.fullmatch(text) is not None


def is_old_number(text: str) -> bool:
    """9 digits (CMND): no longer an identity paper since 01/01/2025, and still on old papers."""
    return _OLD.fullmatch(text) is not None


def is_tax_code(text: str) -> bool:
    """10 digits with their check digit, or a branch (`NNNNNNNNNN-NNN`, suffix from 001)."""
    if _TAX.fullmatch(text) is None or text.endswith("-000"):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _TAX_WEIGHTS, strict=False))
    return 10 - total % 11 == int(text[9])


def is_passport(text: str) -> bool:
    """A Vietnamese passport, or any 5-20 capitals and digits of a foreign one."""
    return _FOREIGN_PASSPORT.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """A Vietnamese mobile (10 digits) or landline (02 and 9 digits) number."""
    return _PHONE.fullmatch(text) is not None


def is_filler(text: str) -> bool:
    """A number that somebody typed to get past a field: 000000001, 111111111111, 123456789012."""
    bare = digits(text)
    if len(bare) < 9 or not (bare.isascii() and bare.isdigit()):
        return False
    return (
        len(set(bare)) == 1
        or int(bare) < 100
        or bare in "12345678901234567890"
        or bare in "98765432109876543210"
    )


# --- what a personal number says ---


@dataclass(frozen=True, slots=True)
class NumberSays:
    """`place` is a province's or country's code at birth; `sex` and `born` are None where the digit has no meaning."""

    place: str
    sex: Sex | None
    born: int | None


def read_number(number: str) -> NumberSays:
    """The parts of 12 digits: place, century and sex, year, and six that mean nothing; there is no check digit."""
    century = int(number[3])
    if century > 5:
        return NumberSays(number[:3], None, None)
    sex = Sex.FEMALE if century % 2 else Sex.MALE
    return NumberSays(number[:3], sex, 1900 + 100 * (century // 2) + int(number[4:6]))


# --- a birth date, of which only the year may be known ---


@dataclass(frozen=True, slots=True)
class Birth:
    """Of old people often only the year is known, sometimes the month; 0 is unknown."""

    year: int
    month: int = 0
    day: int = 0

    def __str__(self) -> str:
        known = [f"{part:02d}" for part in (self.day, self.month) if part]
        return "/".join([*known, f"{self.year:04d}"])

    def earliest(self) -> date:
        """The first day that it may be."""
        return date(self.year, self.month or 1, self.day or 1)


_BIRTH: Final = re.compile(r"(?:(?:([0-9]{1,2})[/.-])?([0-9]{1,2})[/.-])?([0-9]{4})")
_BIRTH_RUN_ON: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")


def read_birth(text: str) -> Birth | None:
    """ "1950", "3/1950", "12/03/1950", "12031950", "00/00/1950"; None for what is no day that has been."""
    bare = re.sub(r"\s", "", text)
    match = _BIRTH.fullmatch(bare) or _BIRTH_RUN_ON.fullmatch(bare)
    if match is None or not bare.isascii():
        return None
    day, month, year = (int(part or 0) for part in match.groups())
    try:
        birth = Birth(year, month, day if month else 0)
        birth.earliest()
    except ValueError:
        return None
    return birth if month or not day else None


# --- the table ---


@dataclass(frozen=True, slots=True)
class Person:
    """What is known beside a field, to compare it with; `on` is the Vietnamese day."""

    on: date
    sex: Sex | None = None
    birth: Birth | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: `broken` says whether a text breaks it. A warning is asked about only of sound texts."""

    code: str
    field: Field
    grade: Grade
    broken: Callable[[str, Person], bool]
    words: str


def _not(is_right: Callable[[str], bool]) -> Callable[[str, Person], bool]:
    return lambda text, person: not is_right(text)


def _filler(text: str, person: Person) -> bool:
    return is_filler(text)


def _unknown_place(text: str, person: Person) -> bool:
    place = read_number(text).place
    return place not in PROVINCES and place < "100"


def _other_sex(text: str, person: Person) -> bool:
    sex = read_number(text).sex
    return None not in (sex, person.sex) and sex is not person.sex


def _other_year(text: str, person: Person) -> bool:
    born = read_number(text).born
    return born is not None and person.birth is not None and born != person.birth.year


def _implausible_year(text: str, person: Person) -> bool:
    born = read_number(text).born
    return born is None or not person.on.year - OLDEST <= born <= person.on.year


def _foreign(text: str, person: Person) -> bool:
    return _VIETNAMESE_PASSPORT.fullmatch(text) is None


def _not_a_name(text: str) -> bool:
    return not any(character.isalpha() for character in text) or any(
        unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Cn") for character in text
    )


def _odd_name(text: str, person: Person) -> bool:
    return any(not (character.isalpha() or character in " '’.-") for character in composed(text))


NO_PAPERS: Final = "Nếu không có giấy tờ, chọn “không có giấy tờ” và ghi lý do."
R, W = Grade.REFUSAL, Grade.WARNING
RULES: Final[tuple[Rule, ...]] = (
    Rule("personal_form", Field.PERSONAL_NUMBER, R, _not(is_personal_number),
         "Số định danh phải đủ 12 chữ số. Quét lại mã QR hoặc gõ lại số."),
    Rule("personal_filler", Field.PERSONAL_NUMBER, R, _filler, f"Số này không có thật. {NO_PAPERS}"),
    Rule("personal_place", Field.PERSONAL_NUMBER, W, _unknown_place,
         "Ba số đầu không phải mã tỉnh hay mã nước. Đối chiếu với thẻ."),
    Rule("personal_sex", Field.PERSONAL_NUMBER, W, _other_sex,
         "Số thứ tư không khớp giới tính. Đối chiếu với thẻ; hồ sơ cải chính có thể khác."),
    Rule("personal_year", Field.PERSONAL_NUMBER, W, _other_year,
         "Số thứ năm, thứ sáu không khớp năm sinh. Đối chiếu với thẻ; hồ sơ cải chính có thể khác."),
    Rule("personal_age", Field.PERSONAL_NUMBER, W, _implausible_year,
         f"Năm sinh trong số định danh ở tương lai hoặc đã quá {OLDEST} năm. Đối chiếu với thẻ."),
    Rule("old_form", Field.OLD_NUMBER, R, _not(is_old_number), "Số chứng minh nhân dân cũ có 9 chữ số. Gõ lại số."),
    Rule("old_filler", Field.OLD_NUMBER, R, _filler, f"Số này không có thật. {NO_PAPERS}"),
    Rule("old_ended", Field.OLD_NUMBER, W, lambda text, person: person.on >= date(2025, 1, 1),
         "Chứng minh nhân dân hết giá trị từ 01/01/2025: chỉ ghi để đối chiếu giấy tờ cũ."),
    Rule("tax_form", Field.TAX_CODE, R, lambda text, person: not (is_tax_code(text) or is_personal_number(text)),
         "Mã số thuế sai số kiểm tra hoặc không đủ 10 chữ số; cá nhân, hộ kinh doanh dùng số định danh. Đọc lại từng số."),
    Rule("tax_filler", Field.TAX_CODE, R, _filler, f"Số này không có thật. {NO_PAPERS}"),
    Rule("passport_form", Field.PASSPORT, R, _not(is_passport),
         "Số hộ chiếu có 5 đến 20 chữ in hoa và chữ số. Gõ lại số."),
    Rule("passport_filler", Field.PASSPORT, R, _filler, f"Số này không có thật. {NO_PAPERS}"),
    Rule("passport_foreign", Field.PASSPORT, W, _foreign,
         "Không phải dạng hộ chiếu Việt Nam (một chữ và 7–8 chữ số). Đúng nếu là hộ chiếu nước ngoài."),
    Rule("phone_form", Field.PHONE, R, _not(is_phone), "Số điện thoại có 10 chữ số, hoặc bắt đầu bằng 02. Gõ lại số."),
    Rule("insurance_form", Field.INSURANCE, R, lambda text, person: _INSURANCE.fullmatch(text) is None,
         "Mã số bảo hiểm xã hội có 10 chữ số. Gõ lại số."),
    Rule("name_empty", Field.NAME, R, lambda text, person: _not_a_name(text), "Chưa ghi họ tên, hoặc có ký tự lạ."),
    Rule("name_odd", Field.NAME, W, _odd_name, "Họ tên có chữ số hoặc dấu lạ. Đối chiếu với giấy tờ."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one field, and what to do, in Vietnamese."""

    code: str
    field: Field
    grade: Grade
    words: str


def findings(field: Field, text: str, person: Person) -> tuple[Finding, ...]:
    """The first refusal, or else all warnings; empty for what is well. `text` as `digits` or `composed` keeps it."""
    rules = [rule for rule in RULES if rule.field is field]
    broken = next((rule for rule in rules if rule.grade is R and rule.broken(text, person)), None)
    warned = [rule for rule in rules if rule.grade is W] if broken is None else []
    found = [broken] if broken else [rule for rule in warned if rule.broken(text, person)]
    return tuple(Finding(rule.code, rule.field, rule.grade, rule.words) for rule in found)


# --- the QR code of a citizen card ---


@dataclass(frozen=True, slots=True)
class CitizenCard:
    """`số|CMND cũ|họ tên|ddMMyyyy|giới tính|địa chỉ|ngày cấp`; what newer cards add is left alone."""

    number: str
    old_number: str
    name: str
    birth: Birth | None
    sex: Sex | None
    address: Address
    issued: date | None


_SEXES: Final = {"NAM": Sex.MALE, "NỮ": Sex.FEMALE}
_BARS: Final = str.maketrans({"｜": "|", "¦": "|", "│": "|", "ǀ": "|"})
_AIM: Final = re.compile(r"^\][A-Za-z][0-9A-Za-z]")


def read_card(scanned: str) -> CitizenCard | None:
    """The card, or None for anything that is not one.

    Forgiven are: a byte order mark, an AIM prefix (`]Q1`), control characters, another bar than `|`, decomposed
    letters, UTF-8 that a scanner typed as Windows-1252 or Latin-1, dates with slashes, a birth year alone, and
    the date of issue left out.
    """
    text = "".join(c for c in _unmangled(scanned) if unicodedata.category(c) not in ("Cc", "Cf"))
    members = [composed(member) for member in _AIM.sub("", text.strip()).translate(_BARS).split("|")]
    if len(members) < 6 or not is_personal_number(members[0]) or not members[2]:
        return None
    issued = read_birth(members[6]) if len(members) > 6 else None
    return CitizenCard(
        number=members[0],
        old_number=members[1] if is_old_number(members[1]) else "",
        name=members[2],
        birth=read_birth(members[3]),
        sex=_SEXES.get(members[4].upper()),
        address=read_address(members[5]),
        issued=issued.earliest() if issued and issued.day else None,
    )


def _unmangled(text: str) -> str:
    """Undo UTF-8 read as one byte a letter, as keyboard-wedge scanners on Windows type it."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text


# --- masking ---


def masked(identity: str) -> str:
    """How an identity number is shown outside reception: `0200••••4127`; of a short one less is shown."""
    ends = min(4, len(identity) // 3)
    return f"{identity[:ends]}{'•' * 4}{identity[len(identity) - ends :]}" if identity else ""


def hidden(identity: str) -> str:
    """What somebody sees whose work needs no number: the place alone, `020*********` (domain §7.1)."""
    return f"{identity[:3]}{'*' * (len(identity) - 3)}" if len(identity) >= 9 else "*" * len(identity)


def masked_phone(phone: str) -> str:
    """On boards and in public only the last three digits: `•••••••678`; of a short one none."""
    shown = 3 if len(phone) >= 9 else 0
    return "•" * (len(phone) - shown) + phone[len(phone) - shown :]


def proves(typed: str, identity: str, phone: str) -> bool:
    """Whether the last four digits asked for in public are those of the identity or the telephone (domain §7.1)."""
    four = digits(typed)
    return len(four) == 4 and any(len(known) >= 9 and known.endswith(four) for known in (identity, phone))


# --- whom an act names ---


def numbers_in(data: Any) -> Iterator[str]:
    """Every identity number that the data of an act holds: of who applied, came, took, complained, or was put right."""
    if isinstance(data, dict):
        for name, value in data.items():
            if name == "identity" and isinstance(value, str) and value:
                yield value
            else:
                yield from numbers_in(value)
        field, value = data.get("field"), data.get("value")
        if isinstance(field, str) and field.endswith(".identity") and isinstance(value, str) and value:
            yield value
    elif isinstance(data, list):
        for one in data:
            yield from numbers_in(one)
