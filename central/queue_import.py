"""What visitors choose at the kiosk, from CSV: every wrong row is told, and then nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import msgspec

from central.catalog_import import rows
from central.staff_import import RowProblem, Wrong, day_of
from schemas.entries import Queue
from schemas.spelling import composed
from schemas.views import View

COLUMNS: Final = ("code", "name", "english", "phase", "places", "since", "until")


@dataclass(frozen=True, slots=True)
class ReadQueues:
    """What a file says; `queues` is only to be used where `problems` is empty."""

    queues: tuple[Queue, ...]
    problems: tuple[RowProblem, ...]


def read_queues(content: bytes, view: View, today: date) -> ReadQueues:
    """Queues in the columns of `COLUMNS`; places with `|` between them, an empty `since` is today.

    Raises `UnreadableCatalog`.
    """
    known = {card.place for card in view.cards()}
    found: dict[str, Queue] = {}
    problems = []
    for line, row in rows(content, COLUMNS):
        try:
            if row["code"] in found:
                raise Wrong("chữ này đã có ở một dòng trên")
            places = [one.strip() for one in row["places"].split("|") if one.strip()]
            unknown = [one for one in places if one not in known]
            if unknown:
                raise Wrong(f"không có máy nào ở: {', '.join(unknown)}")
            since = day_of(row["since"], "ngày bắt đầu") if row["since"] else today
            until = day_of(row["until"], "ngày kết thúc") if row["until"] else msgspec.UNSET
            queue = Queue(
                row["code"],
                composed(row["name"]),
                since,
                until,
                composed(row["english"]),
                "return" if row["phase"] == "return" else "reception",
                tuple(places),
            )
            found[row["code"]] = msgspec.convert(msgspec.to_builtins(queue), Queue)
        except (Wrong, msgspec.ValidationError) as why:
            problems.append(RowProblem(line, row["code"], _in_words(row, why)))
    return ReadQueues(tuple(found.values()), tuple(problems))


def changed_queues(read: Sequence[Queue], view: View) -> list[Queue]:
    """Those of which the catalog does not say just this already, but for the day from which it does."""
    known = {one.code: view.queue(one.code) for one in read}
    return [one for one in read if _since(known[one.code], one.since) != one]


def _since(queue: Queue | None, day: date) -> Queue | None:
    return None if queue is None else msgspec.structs.replace(queue, since=day)


def _in_words(row: dict[str, str], why: Exception) -> str:
    if isinstance(why, Wrong):
        return str(why)
    if not row["name"]:
        return "thiếu tên nhóm việc"
    return f"chữ đầu của số phải là một hoặc hai chữ in hoa A–Z, tên tối đa 80 ký tự: {row['code'] or 'để trống'}"
