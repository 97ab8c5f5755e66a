"""Receipt numbers, and what a shift must explain before it is closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.receipts import (
    CashCount,
    Collected,
    Medium,
    Method,
    Range,
    ReceiptNumber,
    Refunded,
    Shift,
    Totals,
    Voided,
    close,
    given_as,
    media_on,
    symbol_problem,
)

LAST_PAPER, FIRST_WITHOUT = date(2026, 12, 31), date(2027, 1, 1)


def test_paper_ends_with_the_year_2026() -> None:
    """NĐ 254/2026 Đ44(2)."""
    assert Medium.PAPER in media_on(LAST_PAPER)
    assert media_on(FIRST_WITHOUT) == (Medium.ELECTRONIC, Medium.PROVISIONAL)


@pytest.mark.parametrize(
    ("day", "issued", "paper", "given"),
    [
        (LAST_PAPER, True, True, Medium.ELECTRONIC),
        (LAST_PAPER, False, True, Medium.PAPER),
        (LAST_PAPER, False, False, Medium.PROVISIONAL),
        (FIRST_WITHOUT, False, True, Medium.PROVISIONAL),
        (FIRST_WITHOUT, True, False, Medium.ELECTRONIC),
    ],
)
def test_a_slip_while_the_electronic_receipt_is_pending(
    day: date, issued: bool, paper: bool, given: Medium
) -> None:
    assert given_as(day, issued=issued, paper=paper) is given


@pytest.mark.parametrize(
    ("form", "symbol", "day", "problem"),
    [
        ("EBL01", "26TAA", LAST_PAPER, None),
        ("EBL01", "27TYX", FIRST_WITHOUT, None),
        ("EBL01", "26TAA", FIRST_WITHOUT, "ký hiệu 26TAA là của năm 2026, không phải 2027"),
        ("EBL01", "26TAF", LAST_PAPER, "ký hiệu biên lai điện tử không đúng dạng 26TAA: 26TAF"),
        ("EBL01", "26TAA\n", LAST_PAPER, "ký hiệu biên lai điện tử không đúng dạng 26TAA: 26TAA\n"),
        ("EBL01", "", LAST_PAPER, "ký hiệu biên lai điện tử không đúng dạng 26TAA: để trống"),
        ("01BLP2-001", "28AA-17T", LAST_PAPER, None),
        ("01BLP2-001", "28AA-17T", FIRST_WITHOUT, "biên lai giấy chỉ dùng đến 31/12/2026"),
        ("01BLP2-001", "26TAA", LAST_PAPER, "ký hiệu biên lai giấy không đúng dạng 28AA-17T: 26TAA"),
        ("01BLP2-001", "", LAST_PAPER, "ký hiệu biên lai giấy không đúng dạng 28AA-17T: để trống"),
        ("", "26TAA", LAST_PAPER, "ký hiệu mẫu biên lai không đúng: để trống"),
    ],
)
def test_forms_and_symbols(form: str, symbol: str, day: date, problem: str | None) -> None:
    assert symbol_problem(form, symbol, day) == problem


def test_a_range_is_used_from_small_to_large_and_then_it_is_used_up() -> None:
    block = Range("counter-01.1", "EBL01", "26TAA", 101, 103)
    assert [str(block.next_after(last)) for last in (0, 101, 102)] == [
        "EBL01 26TAA 101",
        "EBL01 26TAA 102",
        "EBL01 26TAA 103",
    ]
    assert block.next_after(103) is None
    assert [block.left(last) for last in (0, 101, 103, 999)] == [3, 2, 0, 0]
    assert block.problem(LAST_PAPER) is None
    assert block.problem(FIRST_WITHOUT) == "ký hiệu 26TAA là của năm 2026, không phải 2027"
    backwards = Range("counter-01.1", "EBL01", "26TAA", 103, 101)
    assert backwards.problem(LAST_PAPER) == "dải số 103–101 ngược thứ tự"


def test_two_nodes_never_share_a_number() -> None:
    one, other = Range("a", "EBL01", "26TAA", 1, 100), Range("b", "EBL01", "26TAA", 101, 200)
    assert not one.overlaps(other)
    assert one.overlaps(Range("b", "EBL01", "26TAA", 100, 200))
    assert not one.overlaps(Range("b", "EBL01", "26TAB", 100, 200))


def test_paper_receipts_have_seven_digits() -> None:
    assert str(ReceiptNumber("01BLP2-001", "28AA-17T", 42)) == "01BLP2-001 28AA-17T 0000042"
    assert str(ReceiptNumber("EBL01", "26TAA", 42)) == "EBL01 26TAA 42"


# --- a shift ---


def number(n: int) -> ReceiptNumber:
    return ReceiptNumber("EBL01", "26TAA", n)


def took(n: int, charge: int = 0, fee: int = 0, method: Method = Method.CASH) -> Collected:
    return Collected(number(n), method, charge, fee)


SERIES = ("EBL01", "26TAA")
VOID = Voided("thu.nt", "hai.dv", "ghi nhầm thủ tục")
MORNING = Shift(
    "thu.nt",
    500_000,
    (
        took(1, charge=100_000, fee=50_000),
        took(2, fee=25_000),
        replace(took(3, fee=90_000), void=VOID),
        took(4, fee=400_000, method=Method.TRANSFER),
    ),
    (Refunded(number(2), Method.CASH, 25_000, "hai.dv", "thu hai lần"),),
    last_before={SERIES: 0},
)
DRAWER = CashCount({500_000: 1, 100_000: 1, 50_000: 1})


def test_a_shift_that_balances() -> None:
    closing = close(MORNING, DRAWER)
    assert closing.expected == closing.counted == 650_000
    assert closing.difference == 0
    assert closing.unexplained == ()
    assert closing.totals == (
        Totals("EBL01", "26TAA", Method.CASH, 2, 100_000, 75_000),
        Totals("EBL01", "26TAA", Method.TRANSFER, 1, 0, 400_000),
    )


def test_a_shift_without_receipts_balances_too() -> None:
    assert close(Shift("thu.nt", 0), CashCount({})).unexplained == ()


@pytest.mark.parametrize(
    ("shift", "drawer", "unexplained"),
    [
        (MORNING, CashCount({500_000: 1, 100_000: 1}), ("quỹ thiếu 50.000 đ chưa giải trình",)),
        (MORNING, CashCount({500_000: 1, 100_000: 2}), ("quỹ thừa 50.000 đ chưa giải trình",)),
        (MORNING, CashCount({500_000: 1, 100_000: 1}, "trả nhầm 50.000 đ, đã lập biên bản"), ()),
        (MORNING, CashCount({500_000: 1, 150_000: 1}), ("không có tờ 150.000 đ",)),
        (MORNING, CashCount({500_000: 2, 50_000: -7}), ("số tờ 50.000 đ là số âm",)),
        (
            replace(MORNING, collected=(*MORNING.collected, took(6))),
            DRAWER,
            ("số EBL01 26TAA 5 thiếu, chưa giải trình",),
        ),
        (
            replace(MORNING, collected=(*MORNING.collected, took(6)), unused={number(5): "kẹt giấy"}),
            DRAWER,
            (),
        ),
        (
            replace(MORNING, collected=(*MORNING.collected, took(6)), unused={number(5): " "}),
            DRAWER,
            ("số EBL01 26TAA 5 hỏng mà không ghi lý do",),
        ),
        (
            replace(MORNING, unused={number(4): "kẹt giấy"}),
            DRAWER,
            ("số EBL01 26TAA 4 vừa thu tiền vừa ghi là hỏng",),
        ),
        (
            replace(MORNING, collected=(*MORNING.collected, took(4))),
            DRAWER,
            ("số EBL01 26TAA 4 ghi 2 lần",),
        ),
        (
            replace(MORNING, last_before={SERIES: 1}),
            DRAWER,
            ("số EBL01 26TAA 1 đã dùng trước ca này",),
        ),
        (replace(MORNING, last_before=None), DRAWER, ()),
        (
            replace(MORNING, collected=(*MORNING.collected, took(99_999_999))),
            DRAWER,
            ("EBL01 26TAA: thiếu 99999994 số chưa giải trình",),
        ),
        (
            replace(MORNING, collected=(*MORNING.collected, replace(took(5), void=Voided("a", "a", "")))),
            DRAWER,
            ("số EBL01 26TAA 5 hủy mà không có người thứ hai", "số EBL01 26TAA 5 hủy mà không ghi lý do"),
        ),
        (
            replace(MORNING, refunded=(Refunded(number(2), Method.CASH, 25_000, "thu.nt", ""),)),
            DRAWER,
            (
                "hoàn tiền số EBL01 26TAA 2 mà không có người thứ hai",
                "hoàn tiền số EBL01 26TAA 2 mà không ghi lý do",
            ),
        ),
        (
            replace(MORNING, refunded=(Refunded(number(2), Method.CASH, 25_001, "hai.dv", "x"),)),
            CashCount(DRAWER.notes, "lẻ 1 đ"),
            ("hoàn 25.001 đ cho số EBL01 26TAA 2 chỉ thu 25.000 đ",),
        ),
        (
            replace(
                MORNING,
                refunded=(*MORNING.refunded, Refunded(number(3), Method.TRANSFER, 90_000, "hai.dv", "x")),
            ),
            DRAWER,
            ("số EBL01 26TAA 3 vừa hủy vừa hoàn tiền",),
        ),
    ],
)
def test_what_a_shift_must_explain(shift: Shift, drawer: CashCount, unexplained: tuple[str, ...]) -> None:
    assert close(shift, drawer).unexplained == unexplained


# --- laws ---

receipts = st.lists(
    st.builds(
        Collected,
        st.integers(1, 30).map(number),
        st.sampled_from(Method),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.one_of(st.none(), st.just(VOID)),
    ),
    max_size=12,
)


@given(
    st.integers(0, 10**7),
    receipts,
    st.dictionaries(st.integers(-5, 600_000), st.integers(-5, 50), max_size=4),
)
def test_a_shift_is_clean_exactly_when_numbers_run_on_and_the_drawer_holds_what_it_should(
    opening: int, collected: list[Collected], notes: dict[int, int]
) -> None:
    closing = close(Shift("thu.nt", opening, tuple(collected), last_before={SERIES: 0}), CashCount(notes))
    numbers = sorted(one.number.number for one in collected)
    balanced = opening + sum(
        one.amount for one in collected if one.method is Method.CASH and not one.void
    ) == sum(value * count for value, count in notes.items())
    named = [text for text in closing.unexplained if "thiếu, chưa" in text]
    absent = set(range(1, max(numbers, default=0) + 1)) - set(numbers)
    assert len(named) == len(absent) or any("số chưa" in t for t in closing.unexplained)
    assert any("quỹ" in text for text in closing.unexplained) != balanced
    if closing.unexplained == ():
        assert numbers == list(range(1, len(numbers) + 1))
    assert sum(total.charge + total.fee for total in closing.totals) == sum(
        one.amount for one in collected if not one.void
    )


def test_what_lies_between_two_ranges_of_a_machine_is_somebody_elses() -> None:
    """A shift that goes on from one into the next explains nothing; what is left of the first one is missing."""
    ranges = {SERIES: [(1, 1000), (3001, 4000)]}

    def missing(*numbers: int) -> list[str]:
        taken = tuple(Collected(number(one), Method.CASH, 0, 10_000) for one in numbers)
        closing = close(Shift("thu.nt", 0, taken, ranges=ranges), CashCount({10_000: len(numbers)}))
        return [text for text in closing.unexplained if "thiếu" in text]

    assert missing(1000, 3001, 3002) == []
    assert missing(999, 3001) == [f"số {number(1000)} thiếu, chưa giải trình"]
    assert missing(1000, 3003) == [f"số {number(one)} thiếu, chưa giải trình" for one in (3001, 3002)]
    assert missing(900, 3001) == [f"{SERIES[0]} {SERIES[1]}: thiếu 100 số chưa giải trình"]
