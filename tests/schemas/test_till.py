"""A drawer: which acts belong to a shift, and that every đồng of it is accounted for."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.acts import FeeCollected, FeeRefunded, PaidLine, Receipt, ReceiptUndone
from schemas.receipts import CashCount, Method, close
from schemas.till import Deal, by_method, expected, shift_of


def receipt(n: int, amount: int, method: Any = "cash") -> FeeCollected:
    lines = (PaidLine("phi", "Phí", amount // 2), PaidLine("le_phi", "Lệ phí", amount - amount // 2))
    return FeeCollected(Receipt("EBL01", "27TAA", n), lines, amount, "Nông Văn Thắng", method)


def deal(n: int, data: Any, about: FeeCollected | None = None) -> Deal:
    with_ = () if isinstance(data, FeeCollected) else ("hai.dv",)
    return Deal(f"{n:064x}", "s", "counter-01.1", n, "", "thu.nt", with_, data, about)


def test_a_receipt_made_void_in_its_own_shift_never_was_in_the_drawer() -> None:
    taken = deal(1, receipt(1, 100_000))
    shift = shift_of("thu.nt", 500_000, [taken, deal(2, ReceiptUndone(taken.hash, "sai tên"))])
    assert expected(shift) == 500_000
    assert shift.collected[0].void is not None
    assert shift.refunded == ()


def test_a_receipt_of_an_earlier_shift_gives_its_money_out_of_this_drawer() -> None:
    before = receipt(1, 100_000)
    shift = shift_of("thu.nt", 500_000, [deal(9, ReceiptUndone("f" * 64, "sai tên"), before)])
    assert expected(shift) == 400_000
    assert close(shift, CashCount({200_000: 2})).unexplained == ()


def test_money_that_came_by_transfer_does_not_leave_the_drawer() -> None:
    by_card, by_bank = receipt(1, 100_000, "card"), receipt(2, 50_000, "transfer")
    deals = [
        deal(1, by_card),
        deal(2, by_bank),
        deal(3, FeeRefunded(deal(2, by_bank).hash, 20_000, "Thắng", "thu hai lần", "transfer"), by_bank),
        deal(4, ReceiptUndone("f" * 64, "sai"), receipt(3, 70_000, "transfer")),
    ]
    shift = shift_of("thu.nt", 0, deals)
    assert expected(shift) == 0
    sums = by_method(shift)
    assert (sums[Method.CARD].kept, sums[Method.TRANSFER].kept) == (100_000, -40_000)


AMOUNTS = st.integers(1_000, 10**8)
WAYS = st.sampled_from(["cash", "transfer", "card", "online"])


@given(
    st.integers(0, 10**9),
    st.lists(st.tuples(AMOUNTS, WAYS, st.integers(0, 2), st.integers(0, 100)), max_size=30),
)
def test_the_sums_of_a_shift_are_those_of_its_acts(
    opening: int, acts: list[tuple[int, Any, int, int]]
) -> None:
    """Each đồng that came and was not given back is somewhere; the drawer is never asked for more than came into it."""
    deals: list[Deal] = []
    kept = cash = 0
    for n, (amount, way, fate, percent) in enumerate(acts, start=1):
        taken = receipt(n, amount, way)
        deals.append(deal(2 * n, taken))
        back = {0: 0, 1: amount, 2: max(1, amount * percent // 100)}[fate]
        if fate == 1:
            deals.append(deal(2 * n + 1, ReceiptUndone(deals[-1].hash, "sai tên"), taken))
        elif fate == 2:
            road: Any = "cash" if way == "cash" else "transfer"
            deals.append(deal(2 * n + 1, FeeRefunded(deals[-1].hash, back, "Thắng", "thừa", road), taken))
        kept += amount - back
        cash += amount - back if way == "cash" else 0
    shift = shift_of("thu.nt", opening, deals)
    assert sum(sums.kept for sums in by_method(shift).values()) == kept
    assert expected(shift) == opening + cash >= opening
    closing = close(shift, CashCount({}, "đếm sau"))
    assert closing.expected == expected(shift)
    assert closing.unexplained == ()
    assert sum(one.charge + one.fee for one in closing.totals) == sum(
        one.amount for one in shift.collected if one.void is None
    )
