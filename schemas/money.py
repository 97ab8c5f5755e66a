"""Integer đồng: as a number, and in words as a receipt has them (NĐ 254/2026 Đ23(2)).

Read by the rules of production receipts (domain §4.3): groups of three digits; in a group that follows another,
"không trăm" is read; "linh" before a lone unit; mốt, tư and lăm after mươi, lăm after mười too. A group of zeros
is not read. Above a tỷ the reading begins again: 10^12 is "một nghìn tỷ".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_DIGITS: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_AFTER_TENS: Final = {1: "mốt", 4: "tư", 5: "lăm"}
_GROUPS: Final = ((10**9, "tỷ"), (10**6, "triệu"), (10**3, "nghìn"))


def in_words(amount: int) -> str:
    """ "Hai mươi lăm nghìn đồng"; of any integer, a negative one with "âm"."""
    words = " ".join(_number(abs(amount)))
    text = f"{'âm ' if amount < 0 else ''}{words} đồng"
    return text[0].upper() + text[1:]


def shown(amount: int) -> str:
    """ "1.250.000 đ"."""
    return f"{amount:,} đ".replace(",", ".")


def _number(amount: int) -> Iterator[str]:
    if amount == 0:
        yield _DIGITS[0]
        return
    yield from _read(amount, follows=False)


def _read(amount: int, *, follows: bool) -> Iterator[str]:
    """`follows`: a higher group was read before, so that the hundreds are named even if there are none."""
    rest = amount
    for size, name in _GROUPS:
        group, rest = divmod(rest, size)
        if group:
            yield from _read(group, follows=follows)
            yield name
            follows = True
    if rest:
        yield from _three(rest, follows=follows)


def _three(group: int, *, follows: bool) -> Iterator[str]:
    hundreds, tens, units = group // 100, group // 10 % 10, group % 10
    if hundreds or follows:
        yield _DIGITS[hundreds]
        yield "trăm"
    if tens > 1:
        yield _DIGITS[tens]
        yield "mươi"
    elif tens == 1:
        yield "mười"
    elif units and (hundreds or follows):
        yield "linh"
    if units:
        yield _unit(tens, units)


def _unit(tens: int, units: int) -> str:
    if tens > 1:
        return _AFTER_TENS.get(units, _DIGITS[units])
    return "lăm" if tens == 1 and units == 5 else _DIGITS[units]
