"""What a dossier owes: notices, reliefs, and money that came and went; told as acts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.acts import AskedLine, FeeNotified, PaidLine
from schemas.errors import Because
from schemas.fees import At, FeeLine, FeeTable, Kind, Relief
from schemas.fold import Place
from schemas.owing import (
    Owing,
    Rated,
    Taken,
    lowered,
    not_as_the_catalog,
    now_owed,
    owing,
    still_owed,
    without_settled,
)
from schemas.rules import Money
from tests.schemas.histories import (
    PROCEDURE,
    History,
    Step,
    fee_collected,
    fee_refunded,
    fee_voided,
    history,
    informed,
    received,
    told,
)

DUE = [{"kind": "le_phi", "amount": 100_000}]
TODAY = date(2026, 11, 23)
POOR = Relief("Hộ nghèo", "Giấy chứng nhận hộ nghèo", 50, "Nghị quyết 12/2025/NQ-HĐND", date(2025, 1, 1))
TABLE = FeeTable(
    PROCEDURE,
    (
        FeeLine(
            Kind.FEE,
            "Lệ phí cấp mới",
            100_000,
            date(2025, 1, 1),
            "TT 85/2019/TT-BTC",
            until=date(2026, 12, 31),
        ),
        FeeLine(Kind.FEE, "Lệ phí cấp mới", 200_000, date(2027, 1, 1), "TT 85/2019/TT-BTC"),
        FeeLine(Kind.CHARGE, "Phí thẩm định", 50_000, date(2025, 1, 1), "TT 85/2019/TT-BTC", at=At.RETURN),
    ),
    (POOR,),
)


def notified(amount: int = 100_000, full: int = 100_000, **more: Any) -> Step:
    line = {"kind": "le_phi", "name": "Lệ phí", "full": full, "amount": amount}
    return told("dossier.fee_notified", "tien", "counter-01.1", lines=[line], **more)


def due() -> History:
    return history(received().saying(fees=DUE))


# --- acts and fold ---


def test_an_exemption_leaves_nothing_to_pay_and_names_its_ground() -> None:
    past = due() + notified(0, relief="Người có công", proof="Thẻ thương binh 45/TB")
    assert past.dossier.money is Money.NOTHING_DUE
    assert past.line(past.last).place is Place.EFFECTIVE


def test_a_relief_lowers_what_is_owed() -> None:
    past = due() + notified(50_000, relief="Hộ nghèo", proof="Giấy chứng nhận 12/GCN")
    assert past.dossier.money is Money.DUE
    assert (past + fee_collected(1, 50_000)).dossier.money is Money.PAID
    assert (past + fee_collected(1, 100_000)).dossier.money is Money.REFUND_DUE


def test_a_later_notice_takes_back_a_relief_that_was_none() -> None:
    past = due() + notified(0, relief="Hộ nghèo", proof="Giấy chứng nhận đã hết hạn") + notified()
    assert past.dossier.money is Money.DUE
    assert past.dossier.standing.asked == 100_000


@pytest.mark.parametrize(
    "step", [notified(0), notified(0, relief="Hộ nghèo"), notified(0, proof="12/GCN"), notified(200_000)]
)
def test_a_relief_without_ground_or_paper_is_no_notice(step: Step) -> None:
    past = due() + step
    assert past.line(past.last).place is Place.HELD
    assert past.dossier.money is Money.DUE


def test_nobody_asks_for_another_rate_than_the_catalogs() -> None:
    past = due() + notified(70_000, full=70_000)
    assert past.line(past.last).place is Place.HELD
    assert past.line(past.last).why == f"{Because.MONEY.value}: not the rates"
    assert past.dossier.standing.asked == 100_000


def test_two_notices_apart_are_read_alike_everywhere() -> None:
    past = due()
    one = past + notified(50_000, relief="Hộ nghèo", proof="12/GCN")
    other = past + notified(0, relief="Người có công", proof="45/TB").but(by="ngan", node="counter-02.1")
    assert (one | other).dossier == (other | one).dossier
    assert (one | other).dossier.conflicts == ()


def test_money_that_went_back_is_owed_again() -> None:
    paid = due() + fee_collected()
    assert (paid + fee_voided(paid.last)).dossier.money is Money.DUE
    assert (paid + fee_refunded(paid.last, 40_000)).dossier.money is Money.PARTLY_PAID


# --- what is owed on a day ---


def _view(*said: Any) -> Any:
    return informed(*said).latest


def _received(**members: Any) -> Any:
    return due().dossier.received


def test_the_day_of_collection_chooses_the_rate() -> None:
    view = _view(TABLE)
    assert owing(view, _received(), TODAY).total == 150_000
    assert owing(view, _received(), date(2027, 1, 4)).total == 250_000
    assert [line.at for line in owing(view, _received(), TODAY).lines] == ["reception", "return"]


def test_a_relief_of_a_notice_counts_on_a_later_day_too() -> None:
    view, received_ = _view(TABLE), _received()
    owed = owing(view, received_, TODAY, relief=POOR.name, proof="12/GCN")
    notice = FeeNotified(owed.lines, POOR.name, "12/GCN", owed.source)
    assert now_owed(view, received_, TODAY, notice).total == 75_000
    assert now_owed(view, received_, date(2027, 1, 4), notice).total == 125_000
    assert owing(view, received_, TODAY, relief="Người cao tuổi", proof="?").problems
    assert owing(view, received_, TODAY, relief=POOR.name, proof=" ").problems


def test_a_free_ground_holds_as_it_was_noted() -> None:
    received_ = _received()
    view = _view()
    notice = FeeNotified(lowered(owing(view, received_, TODAY), 100), "Người có công", "45/TB")
    assert now_owed(view, received_, date(2027, 1, 4), notice).total == 0


JANUARY = date(2027, 1, 4)


def _paid(
    day: date, amount: int, name: str = "Lệ phí cấp mới", kind: Any = "le_phi", left: int = -1
) -> Rated:
    """Money that was taken on a day, by that day's rates."""
    receipt = Taken((PaidLine(kind, name, amount),), amount if left < 0 else left)
    return Rated(owing(_view(TABLE), _received(), day), receipt)


def _left(*days: Rated) -> list[tuple[str, int]]:
    """What is left to pay in January, when one rate has doubled."""
    asked = without_settled(owing(_view(TABLE), _received(), JANUARY), days)
    taken = [day.receipt for day in days if day.receipt is not None]
    return [(line.name, line.amount) for line in still_owed(asked.lines, taken)]


def test_what_was_paid_in_full_costs_no_more_when_its_rate_rises() -> None:
    assert _left(_paid(TODAY, 100_000)) == [("Phí thẩm định", 50_000)]
    assert _left(_paid(TODAY, 100_000), _paid(JANUARY, 50_000, "Phí thẩm định", "phi")) == []
    assert _left(_paid(TODAY, 50_000, "Phí thẩm định", "phi")) == [("Lệ phí cấp mới", 200_000)]


def test_what_went_back_or_was_never_enough_is_owed_by_the_rate_of_now() -> None:
    assert _left(_paid(TODAY, 100_000, left=60_000))[0] == ("Lệ phí cấp mới", 140_000)
    assert _left(_paid(TODAY, 50_000))[0] == ("Lệ phí cấp mới", 150_000), (
        "it was half of it by a relief that is none"
    )


def test_of_what_a_relief_left_nothing_nothing_is_owed_when_the_relief_ends() -> None:
    free = Owing((AskedLine("le_phi", "Lệ phí cấp mới", 100_000, 0),))
    assert _left(Rated(free)) == [("Phí thẩm định", 50_000)]


def test_who_has_paid_all_pays_nothing_of_lines_that_are_called_otherwise_since() -> None:
    was = Owing((AskedLine("le_phi", "Lệ phí", 100_000, 100_000),))
    assert _left(Rated(was, Taken((PaidLine("le_phi", "Lệ phí", 100_000),), 100_000))) == []


# --- properties ---

LINES = st.lists(st.integers(1, 10**9), min_size=1, max_size=5).map(
    lambda amounts: tuple(AskedLine("phi", f"Khoản {n}", amount, amount) for n, amount in enumerate(amounts))
)


@given(LINES, st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 4)), max_size=6), st.randoms())
def test_nobody_ever_owes_less_than_nothing(
    lines: tuple[AskedLine, ...], payments: list[tuple[int, int]], chance: Any
) -> None:
    """Whatever was paid and given back, twice too, each line's rest lies between nothing and its amount."""
    taken = [
        Taken((PaidLine("phi", f"Khoản {n}", amount),), chance.randint(-amount, amount))
        for amount, n in payments
    ]
    rest = {line.name: line.amount for line in still_owed(lines, taken)}
    for line in lines:
        assert 0 <= rest.get(line.name, 0) <= line.amount


@given(LINES)
def test_what_is_paid_in_full_is_not_asked_for_again(lines: tuple[AskedLine, ...]) -> None:
    paid = [PaidLine(line.kind, line.name, line.amount) for line in lines]
    total = sum(line.amount for line in paid)
    assert still_owed(lines, [Taken(paid, total)]) == ()
    assert sum(line.amount for line in still_owed(lines, [Taken(paid, 0)])) == total


@given(LINES, st.integers(1, 100))
def test_a_relief_never_makes_a_fee_dearer(lines: tuple[AskedLine, ...], percent: int) -> None:
    less = lowered(Owing(lines), percent)
    assert all(0 <= one.amount <= one.full for one in less)
    assert percent < 100 or sum(one.amount for one in less) == 0


def test_a_notice_says_what_the_catalog_asks_for_on_its_day() -> None:
    view, received_ = _view(TABLE), _received()
    lines = owing(view, received_, TODAY).lines
    assert not_as_the_catalog(FeeNotified(lines), view, received_, TODAY) is None
    assert (
        not_as_the_catalog(FeeNotified(lines[:1]), view, received_, TODAY) == "not what the catalog asks for"
    )
    unknown = FeeNotified(lines, "Người cao tuổi", "45/CT")
    assert not_as_the_catalog(unknown, view, received_, TODAY) not in (None, "not what the catalog asks for")
    assert now_owed(view, received_, TODAY, None) == owing(view, received_, TODAY)
