"""What waits to leave the centre: dossiers for the exchange, mails, and electronic receipts that somebody has to issue.

Nothing in it is about a person or a dossier. Each count is along an index of what is still to be done.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta
from typing import Final

import msgspec

from edge.node import Node
from schemas.deadlines import RECEIPTS_AFTER_OUTAGE, due
from schemas.entries import Duty
from schemas.errors import NoDueMoment
from schemas.events import moment

RECEIPT: Final = "receipt"
LONG: Final = timedelta(hours=2)
"""Twice the longest pause between two tries (`edge.outbox`)."""


class Outgoing(msgspec.Struct, frozen=True):
    """One kind (`dossier`, `mail`, `receipt`): how much waits, since when the oldest does, how much was refused for good.

    `late`: the oldest waits for longer than two hours; a receipt, for longer than the law lets it (NĐ 254/2026 Đ27(3)).
    """

    kind: str
    due: int
    oldest: datetime | None
    refused: int
    late: bool


def outgoing_of(node: Node, at: datetime) -> list[Outgoing]:
    """Of central all there is, of another machine the receipts of its own place."""
    found = []
    for one in node.outbox.waiting():
        oldest = moment(one.oldest) if one.oldest else None
        late = oldest is not None and at - oldest > LONG
        found.append(Outgoing(one.kind, one.due, oldest, one.refused, late))
    if node.is_centre or Duty.COLLECT in node.card.duties:
        found.append(_receipts(node, at))
    return found


def _receipts(node: Node, at: datetime) -> Outgoing:
    place = "" if node.is_centre else node.id.rpartition(".")[0]
    first = next(iter(node.till.pending(place=place, size=1)), None)
    if first is None:
        return Outgoing(RECEIPT, 0, None, 0, late=False)
    oldest, late = moment(first.at), False
    with contextlib.suppress(NoDueMoment):  # a year that central has not confirmed
        late = due(oldest, RECEIPTS_AFTER_OUTAGE, node.catalog.latest.calendar()).moment < at
    return Outgoing(RECEIPT, node.till.count_pending(place), oldest, 0, late)
