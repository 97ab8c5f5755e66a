"""Identity data at the counter: what is refused, and what only warns (domain §7.2)."""

from __future__ import annotations

import re
from typing import Final

_PERSONAL: Final = re.compile(r"^[0-9]{12}$")
_TAX: Final = re.compile(r"^[0-9]{10}(-[0-9]{3})?$")
_PHONE: Final = re.compile(r"^(0[35789][0-9]{8}|02[0-9]{9})$")
_TAX_WEIGHTS: Final = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def digits(text: str) -> str:
    """What was typed without spaces, dots and hyphens (but the hyphen of a branch's tax code); +84 becomes 0."""
    bare = re.sub(r"[\s.]", "", text)
    if _TAX.fullmatch(bare) is None:
        bare = bare.replace("-", "")
    return "0" + bare[3:] if bare.startswith("+84") else bare


def is_personal_number(text: str) -> bool:
    """12 digits (số định danh cá nhân)."""
    return _PERSONAL.fullmatch(text) is not None


def is_tax_code(text: str) -> bool:
    """10 digits with their check digit, or a branch (`NNNNNNNNNN-NNN`, suffix from 001)."""
    if _TAX.fullmatch(text) is None or text.endswith("-000"):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _TAX_WEIGHTS, strict=False))
    return 10 - total % 11 == int(text[9])


def is_phone(text: str) -> bool:
    """A Vietnamese mobile (10 digits) or landline (02 and 9 digits) number."""
    return _PHONE.fullmatch(text) is not None


def masked(identity: str) -> str:
    """How an identity number is shown outside reception: `0200••••4127`; of a short one less is shown."""
    ends = min(4, len(identity) // 3)
    return f"{identity[:ends]}{'•' * 4}{identity[len(identity) - ends :]}" if identity else ""
