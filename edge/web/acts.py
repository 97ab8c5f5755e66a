"""Acts as a timeline tells them: a title for each kind, and one sentence from what was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from edge.node import Node
from schemas.acts import (
    BY_KIND,
    Appraised,
    Approved,
    Reasoned,
    Received,
    RefusedResult,
    Returned,
    Settled,
    WithdrawalAsked,
)
from schemas.events import Event

Contents = Mapping[str, Any]
"""What was written, by the hash of its event; kinds that this version does not know are left out."""


def contents_of(node: Node, stream: str) -> Contents:
    """The data of all acts of a stream, those that have no effect too."""
    found: dict[str, Any] = {}
    for event in node.projector.events_of(stream):
        act = BY_KIND.get(event.kind) if isinstance(event, Event) else None
        if act is None or not isinstance(event, Event):
            continue
        try:
            found[event.hash] = msgspec.convert(event.data, act.data)
        except msgspec.ValidationError:
            continue  # held by the fold, which says why; there is nothing to tell of it here
    return found


def title(kind: str) -> str:
    act = BY_KIND.get(kind)
    return act.title if act else "Việc mà bản này chưa đọc được"


def in_words(kind: str, data: Any) -> str:
    """One sentence: "Thẩm định: đạt. Hồ sơ đủ, hợp lệ."."""
    match data:
        case Received():
            return f"Tiếp nhận {data.number}, in Giấy tiếp nhận (2 liên)"
        case Appraised():
            return f"Thẩm định: {'đạt' if data.passed else 'không đạt'}. {data.opinion}"
        case Approved():
            return f"Phê duyệt, ký số kết quả{_as(data.capacity)}"
        case RefusedResult():
            return f"Từ chối giải quyết{_as(data.capacity)}: {data.reason}"
        case WithdrawalAsked():
            return f"Nhận đơn rút hồ sơ của {data.asked_by}: {data.reason}"
        case Reasoned():
            return f"{title(kind)}: {data.reason}"
        case Returned():
            return f"Trả kết quả cho {data.taken_by}"
        case Settled():
            return f"Đối soát: {data.reason}"
        case _:
            return title(kind)


def _as(capacity: str) -> str:
    return f" ({capacity})" if capacity else ""
