"""Electronic receipts that are still to be issued: the payer has a slip that bears their number (domain §4.3).

Whoever collects signs them with a program of their own, and says here that it was done: `dossier.receipt_replaced` with
the same number, no longer provisional. Until then they stand in a list that says until when (NĐ 254/2026 Đ27(3)).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from schemas.events import Event, Unknown
from schemas.fold import Dossier, Place

REPLACED: Final = "dossier.receipt_replaced"
_STANDS: Final = (Place.EFFECTIVE, Place.IRREGULAR, Place.CONTESTED)


class Pending(msgspec.Struct, frozen=True):
    """One of them. `collected`: the act that took the money, of which there is one slip."""

    collected: str
    stream: str
    at: str
    place: str
    form: str
    symbol: str
    number: int
    total: int
    payer: str


def pending_of(dossier: Dossier, events: Iterable[Event | Unknown]) -> Iterator[Pending]:
    """Those of one dossier: for money that was taken and not made void."""
    said = {str(event.hash): event for event in events if isinstance(event, Event) and not event.redacted}
    issued = set(issued_of(dossier, said))
    for collected in dossier.standing.purse.collected:
        event = said.get(collected)
        if event is None or collected in issued:
            continue
        receipt = event.data.get("receipt", {})
        if receipt.get("provisional"):
            yield Pending(
                collected,
                dossier.stream,
                event.at,
                event.node.rpartition(".")[0],
                str(receipt["form"]),
                str(receipt["symbol"]),
                int(receipt["number"]),
                int(event.data["total"]),
                str(event.data["payer"]),
            )


def issued_of(dossier: Dossier, said: Mapping[str, Event]) -> Iterator[str]:
    """The acts that took money for which an electronic receipt was issued."""
    for line in dossier.timeline:
        event = said.get(line.hash)
        if event is None or line.kind != REPLACED or line.place not in _STANDS:
            continue
        if not event.data.get("receipt", {}).get("provisional"):
            yield str(event.data.get("collected"))
