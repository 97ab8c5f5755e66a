"""VietQR: what a bank's app reads to fill in a transfer by itself (EMVCo merchant-presented QR, NAPAS 247).

A text of objects, each `<two digits: id><two digits: length><value>`; some values are such texts again:

    00 "01"  01 "12"  38 {00 A000000727, 01 {00 <bank's BIN>, 01 <account>}, 02 QRIBFTTA}
    53 "704" (VND)  54 <amount>  58 "VN"  62 {08 <what for>}  63 <CRC of all before it>

It is made here, with nobody asked: whoever pays needs a network, the counter needs none.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.spelling import plain

LONGEST_PURPOSE: Final = 25
_GUID: Final = "A000000727"
_TO_AN_ACCOUNT: Final = "QRIBFTTA"
_STATIC, _ONCE = "11", "12"
_OTHER: Final = re.compile(r"[^0-9A-Za-z .-]+")


def payload(*, bank: str, account: str, amount: int = 0, purpose: str = "") -> str:
    """The text of the code. `bank` is the six digits of the NAPAS list (BIN); no `amount`: the payer types it.

    Banks pass on plain letters only, and of the purpose 25: the rest is left out. Raises ValueError for what would
    lead money elsewhere or nowhere.
    """
    if not re.fullmatch(r"[0-9]{6}", bank):
        raise ValueError(f"a bank is six digits, not {bank!r}")
    if not re.fullmatch(r"[0-9A-Za-z]{1,19}", account):
        raise ValueError(f"an account is at most 19 letters and digits, not {account!r}")
    if not 0 <= amount <= 9_999_999_999_999:
        raise ValueError(f"no amount for a transfer: {amount}")
    said = _purpose(purpose)
    objects = (
        _object("00", "01"),
        _object("01", _ONCE if amount else _STATIC),
        _object(
            "38",
            _object("00", _GUID)
            + _object("01", _object("00", bank) + _object("01", account))
            + _object("02", _TO_AN_ACCOUNT),
        ),
        _object("53", "704"),
        _object("54", str(amount)) if amount else "",
        _object("58", "VN"),
        _object("62", _object("08", said)) if said else "",
    )
    text = "".join(objects) + "6304"
    return f"{text}{crc(text.encode()):04X}"


def crc(data: bytes) -> int:
    """CRC-16/CCITT-FALSE, as EMVCo asks for (polynomial 0x1021, begun with 0xFFFF)."""
    value = 0xFFFF
    for octet in data:
        value ^= octet << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def _object(name: str, value: str) -> str:
    return f"{name}{len(value):02d}{value}"


def _purpose(text: str) -> str:
    """Letters as they were, without diacritics: "H37.07-261123-1407" stays as it is."""
    bare = "".join(
        letter.upper() if original.isupper() else letter
        for original, letter in zip(text, map(plain, text), strict=True)
    )
    return " ".join(_OTHER.sub(" ", bare).split())[:LONGEST_PURPOSE].strip()
