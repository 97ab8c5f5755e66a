"""Dossier numbers that two nodes can give at the same time and never give twice (design §3.5).

`<agency code>-<YYMMDD>-<NN><serial>`: the national form `H37.08-261123-1407` (TT 03/2025/TT-VPCP Đ13), where
the last part starts with the node's number (00-89, or three digits 900-999) and goes on with the node's
own count for that agency and that Vietnamese day, at least two digits; 4 to 7 digits in all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from schemas.errors import NoNumber

MAX_COUNT: Final = 9_999
_NUMBER = re.compile(r"^([GH][0-9]{2}(?:\.[0-9]{2,3})*)-([0-9]{2})([0-9]{2})([0-9]{2})-([0-9]{4,7})$")
_SEARCHABLE = re.compile(
    r"^(?:[GH][0-9]{2}(?:\.[0-9]{2,3})*|[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.H[0-9]{2})-[0-9]{6}-[0-9]{4,7}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class DossierNumber:
    """A number's parts; `node` is the node's leased number, `count` its own count of that agency and day."""

    agency: str
    day: date
    node: int
    count: int

    def __str__(self) -> str:
        return f"{self.agency}-{self.day:%y%m%d}-{self.node:02d}{self.count:02d}"


def compose(*, agency: str, day: date, node: int, count: int, lease: tuple[date, date]) -> DossierNumber:
    """The number for the node's `count`th dossier of an agency on a Vietnamese day.

    `lease` is the first and last day on which the node may use its number. Raises `NoNumber`.
    """
    if not agency:
        raise NoNumber("the agency has no code")
    if not lease[0] <= day <= lease[1]:
        raise NoNumber(f"the lease of node number {node:02d} runs from {lease[0]} to {lease[1]}")
    if not (0 <= node <= 89 or 900 <= node <= 999):
        raise NoNumber(f"{node} is no node number")
    if not 1 <= count <= MAX_COUNT:
        raise NoNumber(f"{count} is more than one node may receive for one agency in one day")
    return DossierNumber(agency, day, node, count)


def result_number(node: int, count: int, day: date, lease: tuple[date, date]) -> str:
    """The number of a node's `count`th result of an agency in a year: the node's own number first. Raises `NoNumber`."""
    if not lease[0] <= day <= lease[1]:
        raise NoNumber(f"the lease of node number {node:02d} runs from {lease[0]} to {lease[1]}")
    return f"{node:02d}{count:02d}"


def parse(text: str) -> DossierNumber | None:
    """The parts of a number that a node of ours gave; None for anything else (portal and old numbers too)."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    width = 3 if match[5].startswith("9") else 2
    try:
        day = date(2000 + int(match[2]), int(match[3]), int(match[4]))
    except ValueError:
        return None
    serial = match[5]
    number = DossierNumber(match[1], day, int(serial[:width]), int(serial[width:] or 0))
    given = 1 <= number.count <= MAX_COUNT and (number.node <= 89 or number.node >= 900)
    # one spelling a number: 0707, never 07007
    return number if given and str(number) == text else None


def looks_like_a_number(text: str) -> bool:
    """Whether a search term is a whole dossier number, the old forms included (domain §2.1)."""
    return _SEARCHABLE.fullmatch(text.strip()) is not None
