"""Addresses of two levels, with the old one of three kept (Luật Tổ chức chính quyền địa phương 2025).

Since 1 July 2025 there are provinces and communes, and no districts. Papers from before name a district; what
they say is kept word for word, because nobody may rewrite somebody's paper, and the new commune is asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import msgspec

from schemas.spelling import composed

_PROVINCE: Final = re.compile(r"^(tỉnh|thành phố|tp\.?)\s+", re.IGNORECASE)
_COMMUNE: Final = re.compile(r"^(xã|phường|đặc khu|p\.)\s*\S", re.IGNORECASE)


class Address(msgspec.Struct, frozen=True, omit_defaults=True):
    """`line` is house, street, hamlet. `old` is the whole address as an old paper has it, with its district."""

    line: str = ""
    commune: str = ""
    province: str = ""
    old: str = ""

    def shown(self) -> str:
        """For paper and screen; the old one where there is no new one yet."""
        whole = ", ".join(part for part in (self.line, self.commune, self.province) if part)
        return self.old if self.old and not self.commune else whole

    def moved(self, commune: str, province: str = "") -> Address:
        """The address under its new commune; what the old paper says stays."""
        return Address(self.line, composed(commune), composed(province) or self.province, self.old)


@dataclass(frozen=True, slots=True)
class AddressWarning:
    """A warning, never a refusal: people live where they live."""

    code: str
    words: str


OLD_ADDRESS: Final = AddressWarning(
    "address_old", "Địa chỉ còn cấp huyện: hỏi xã, phường mới; địa chỉ cũ được giữ nguyên."
)
NO_COMMUNE: Final = AddressWarning("address_no_commune", "Chưa rõ xã, phường.")
NO_PROVINCE: Final = AddressWarning("address_no_province", "Chưa rõ tỉnh, thành phố.")


def read_address(text: str) -> Address:
    """An address from one line, as cards and people write it; parts are parted by commas, the largest last.

    A commune is what is called one (xã, phường, đặc khu) with nothing but a province after it. Of any other address
    of three parts or more, the last but one may be a district: it is kept as an old one. Total.
    """
    parts = [part for part in (composed(part) for part in text.split(",")) if part]
    if not parts:
        return Address()
    *rest, last = parts
    if _COMMUNE.match(last):
        return Address(", ".join(rest), last)
    if not rest:
        return Address(last)
    province = _PROVINCE.sub("", last)
    if _COMMUNE.match(rest[-1]):
        return Address(", ".join(rest[:-1]), rest[-1], province)
    if len(rest) > 1:
        return Address(", ".join(rest[:-2]), province=province, old=", ".join(parts))
    return Address(rest[0], province=province)


def warnings(address: Address) -> tuple[AddressWarning, ...]:
    """What the counter should ask about."""
    found = []
    if address.old and not address.commune:
        found.append(OLD_ADDRESS)
    elif not address.commune:
        found.append(NO_COMMUNE)
    if not address.province:
        found.append(NO_PROVINCE)
    return tuple(found)
