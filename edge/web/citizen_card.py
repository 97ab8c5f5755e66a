"""The QR code of a citizen card, as a scanner types it: `số|CMND cũ|họ tên|ddMMyyyy|giới tính|địa chỉ|ngày cấp`."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.identity import is_personal_number
from schemas.spelling import composed


@dataclass(frozen=True, slots=True)
class CitizenCard:
    """What a reception takes over from a card. The rest is not asked for, and so it is not kept."""

    number: str
    name: str
    address: str


def read(scanned: str) -> CitizenCard | None:
    """The card, or None for anything that is not one: a number that somebody typed, another QR code."""
    members = [composed(member) for member in scanned.split("|")]
    if len(members) < 6 or not is_personal_number(members[0]) or not members[2]:
        return None
    return CitizenCard(members[0], members[2], members[5])
