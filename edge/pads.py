"""Paper for the hour without power, printed ahead: the register's pad and a form 01 for each of its lines.

Their numbers come from a range that central granted, so that no counter ever writes one twice. They are taken and the
papers queued in one transaction: a number is on paper, or free.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from edge.errors import NodeError
from edge.node import Node
from edge.tables.node import Number
from printing import spool
from printing.papers.course import PadLine, RegisterPad
from printing.papers.reception import PadRow, SlipPad
from printing.typesetting import to_job
from schemas.calendar import local_day
from schemas.entries import NumberRange

MOST: Final = 50
"""Slips of one pad; a pad for an hour has ten or twenty."""
_ROWS: Final = 6
"""Lines for papers on a form 01: what one page has room for."""


class NoPadNumbers(NodeError):
    """Central granted no numbers for pads, or all are printed."""


def left(node: Node, at: datetime) -> int:
    """How many numbers may still be printed."""
    with node.file.read():
        return sum(one.last - last for one, last in _ranges(node, at))


def print_pad(node: Node, count: int, at: datetime) -> tuple[str, str]:
    """Queue a register's pad with `count` lines (fewer at the end of a range) and its slips; first and last number.

    Raises `NoPadNumbers`.
    """
    view, card = node.catalog.latest, node.card
    centre = view.centre()
    assert centre is not None, "a centre's catalog begins with its name"  # noqa: S101
    with node.file.write():
        found = next(((one, last) for one, last in _ranges(node, at) if last < one.last), None)
        if found is None:
            raise NoPadNumbers(node.id)
        granted, last = found
        taken = range(last + 1, min(last + count, granted.last) + 1)
        Number.insert(key=_key(granted), last=taken[-1]).on_conflict_replace().execute()
        numbers = [f"{card.number:02d}-{number:06d}" for number in taken]
        # whichever ends first: the numbers, or the lease of the machine that they belong to
        until = card.lease_to if granted.until is msgspec.UNSET else min(granted.until, card.lease_to)
        common: dict[str, Any] = {
            "superior": centre.superior,
            "agency": centre.name,
            "place": centre.place,
            "counter": card.title,
            "valid": f"dùng từ {local_day(at):%d/%m/%Y} đến {until:%d/%m/%Y}",
            "printed": at,
            "catalog": view.number,
        }
        lines = tuple(PadLine(tt=tt, number=number) for tt, number in enumerate(numbers, start=1))
        register = RegisterPad(**common, lines=lines)
        _queue(register, f"{numbers[0]}_{numbers[-1]}", at, copies=1)
        for number in numbers:
            rows = tuple(PadRow(tt=tt) for tt in range(1, _ROWS + 1))
            _queue(SlipPad(**common, number=number, lines=rows), number, at, copies=2)
    return numbers[0], numbers[-1]


def _queue(paper: RegisterPad | SlipPad, number: str, at: datetime, *, copies: int) -> None:
    spool.put(stream="", number=number, form=paper.FORM, payload=to_job(paper), copies=copies, at=at)


def _ranges(node: Node, at: datetime) -> list[tuple[NumberRange, int]]:
    """The ranges for pads that this machine was granted, with the last number printed of each."""
    held = [one for one in node.catalog.latest.ranges(node.id, local_day(at)) if one.what == "pad"]
    rows = {row.key: row.last for row in Number.select().where(Number.key << [_key(one) for one in held])}
    return [(one, rows.get(_key(one), one.first - 1)) for one in held]


def _key(granted: NumberRange) -> str:
    return f"pad {granted.id}"
