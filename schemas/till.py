"""One drawer and one cashier: which acts belong to a shift, and what they come to.

A shift is what a cashier did at one machine between `node.shift_opened` and `node.shift_closed`, in the order of that
machine's own chain: no clock decides what belongs to it. A receipt of an earlier shift, or of another machine, that is
made void here gives its money out of this drawer: it counts as money given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.acts import FeeCollected, FeeRefunded, PaidLine, ReceiptUndone
from schemas.receipts import Collected, Method, ReceiptNumber, Refunded, Shift, Voided

KINDS: Final = ("dossier.fee_collected", "dossier.fee_voided", "dossier.fee_refunded")
"""The acts by which money comes and goes."""


@dataclass(frozen=True, slots=True)
class Deal:
    """One act of money. `about` is the collection that a void or a refund undoes."""

    hash: str
    stream: str
    node: str
    seq: int
    at: str
    by: str
    with_: tuple[str, ...]
    data: FeeCollected | ReceiptUndone | FeeRefunded
    about: FeeCollected | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """What came and went by one way of paying."""

    taken: int = 0
    given_back: int = 0

    @property
    def kept(self) -> int:
        """In đồng; below 0 where more was given back than taken."""
        return self.taken - self.given_back


def shift_of(
    cashier: str,
    opening: int,
    deals: Sequence[Deal],
    last_before: Mapping[tuple[str, str], int] | None = None,
    ranges: Mapping[tuple[str, str], Sequence[tuple[int, int]]] | None = None,
) -> Shift:
    """The shift that these acts of one cashier at one machine make. Total."""
    collected = {deal.hash: deal.data for deal in deals if isinstance(deal.data, FeeCollected)}
    void: dict[str, Voided] = {}
    refunded = []
    for deal in deals:
        match deal.data:
            case ReceiptUndone() if deal.data.collected in collected:
                void[deal.data.collected] = Voided(deal.by, _second(deal), deal.data.reason)
            case ReceiptUndone() if deal.about is not None:
                taken = deal.about
                refunded.append(
                    Refunded(
                        number_of(taken), Method(taken.method), taken.total, _second(deal), deal.data.reason
                    )
                )
            case FeeRefunded() if deal.about is not None:
                refunded.append(
                    Refunded(
                        number_of(deal.about),
                        Method(deal.data.method),
                        deal.data.amount,
                        _second(deal),
                        deal.data.reason,
                    )
                )
            case _:
                pass
    return Shift(
        cashier,
        opening,
        tuple(
            Collected(number_of(data), Method(data.method), *amounts(data.lines), void.get(name))
            for name, data in collected.items()
        ),
        tuple(refunded),
        last_before,
        ranges=ranges,
    )


def by_method(shift: Shift) -> dict[Method, Sums]:
    """What stands of a shift by way of paying, every way named."""
    return {
        method: Sums(
            sum(one.amount for one in shift.collected if one.method is method and one.void is None),
            sum(one.amount for one in shift.refunded if one.method is method),
        )
        for method in Method
    }


def expected(shift: Shift) -> int:
    """What the drawer must hold."""
    return shift.opening + by_method(shift)[Method.CASH].kept


def number_of(collected: FeeCollected) -> ReceiptNumber:
    """What tells a receipt from all others: form, symbol and number."""
    receipt = collected.receipt
    return ReceiptNumber(receipt.form, receipt.symbol, receipt.number)


def amounts(lines: Iterable[PaidLine]) -> tuple[int, int]:
    """Phí and lệ phí of a receipt."""
    charge = fee = 0
    for line in lines:
        charge += line.amount if line.kind == "phi" else 0
        fee += line.amount if line.kind == "le_phi" else 0
    return charge, fee


def _second(deal: Deal) -> str:
    return next((name for name in deal.with_ if name != deal.by), "")
