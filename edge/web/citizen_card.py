"""The QR code of a citizen card, as a scanner types it: `số|CMND cũ|họ tên|ddMMyyyy|giới tính|địa chỉ|ngày cấp`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas.identity import Birth, Sex, is_personal_number, read_birth
from schemas.spelling import composed

_SEXES: Final = {"nam": Sex.MALE, "nữ": Sex.FEMALE}


@dataclass(frozen=True, slots=True)
class CitizenCard:
    """What a reception takes over from a card; `sex` and `birth` are only compared with the number, never kept."""

    number: str
    name: str
    address: str
    sex: Sex | None = None
    birth: Birth | None = None


def read(scanned: str) -> CitizenCard | None:
    """The card, or None for anything that is not one: a number that somebody typed, another QR code.

    Cards of later years have members after these; what a scanner is set to type before and after the code is left out.
    """
    members = [composed(member) for member in scanned.split("|")]
    if len(members) < 6 or not is_personal_number(members[0]) or not members[2]:
        return None
    sex = _SEXES.get(members[4].lower())
    return CitizenCard(members[0], members[2], members[5], sex, read_birth(members[3]))


def is_another_code(scanned: str) -> bool:
    """Whether this was scanned, and is no citizen card: nobody types so much for a number."""
    return "|" in scanned or "~" in scanned or "://" in scanned or len(scanned) > 40
