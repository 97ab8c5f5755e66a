"""What a dossier costs on the day on which the money is taken."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.fees import (
    At,
    Channel,
    Charge,
    Claim,
    FeeLine,
    FeeTable,
    Kind,
    Relief,
    charge,
)

OLD_YEARS_EVE, NEW_YEAR = date(2026, 12, 31), date(2027, 1, 1)
SINCE = date(2025, 7, 1)

LICENCE = FeeTable(
    "1.000828",
    (
        FeeLine(Kind.CHARGE, "phí thẩm định", 800_000, date(2017, 1, 1), "TT 220/2016/TT-BTC"),
        FeeLine(Kind.CHARGE, "phí thẩm định", 400_000, SINCE, "TT 64/2025/TT-BTC", until=OLD_YEARS_EVE),
        FeeLine(Kind.FEE, "lệ phí cấp", 50_000, SINCE, "NQ HĐND", at=At.RETURN),
    ),
    (
        Relief("hộ nghèo", "giấy chứng nhận hộ nghèo", 100, "NQ HĐND", SINCE, until=NEW_YEAR),
        Relief("người cao tuổi", "căn cước", 50, "NQ HĐND", SINCE, kinds=(Kind.FEE,)),
    ),
)


def test_a_halved_fee_doubles_on_the_first_of_january() -> None:
    """By the day of collection, whenever the dossier came (TT 64/2025)."""
    assert charge(LICENCE, OLD_YEARS_EVE, Channel.DIRECT).of(Kind.CHARGE) == 400_000
    assert charge(LICENCE, NEW_YEAR, Channel.DIRECT).of(Kind.CHARGE) == 800_000
    assert charge(LICENCE, date(2025, 6, 30), Channel.DIRECT).of(Kind.CHARGE) == 800_000


def test_charges_and_fees_stay_apart() -> None:
    whole = charge(LICENCE, NEW_YEAR, Channel.DIRECT)
    assert [(item.kind.words, item.amount) for item in whole.items] == [("phí", 800_000), ("lệ phí", 50_000)]
    assert (whole.total, whole.of(Kind.FEE)) == (850_000, 50_000)
    assert (whole.due_at(At.RECEPTION), whole.due_at(At.RETURN)) == (800_000, 50_000)
    assert whole.problems == ()


def test_online_may_be_cheaper_and_a_case_dearer() -> None:
    table = FeeTable(
        "2.001610",
        (
            FeeLine(Kind.FEE, "lệ phí", 1_400_000, SINCE, "QĐ 1949/2025"),
            FeeLine(Kind.FEE, "lệ phí", 700_000, SINCE, "QĐ 1949/2025", channel=Channel.ONLINE),
            FeeLine(Kind.FEE, "lệ phí", 2_000_000, SINCE, "QĐ 1949/2025", case="2.001610.01"),
        ),
    )
    assert charge(table, NEW_YEAR, Channel.DIRECT).total == 1_400_000
    assert charge(table, NEW_YEAR, Channel.POST).total == 1_400_000
    assert charge(table, NEW_YEAR, Channel.ONLINE).total == 700_000
    assert charge(table, NEW_YEAR, Channel.ONLINE, case="2.001610.01").total == 2_000_000


def test_an_exemption_needs_its_paper_and_names_it() -> None:
    poor = charge(LICENCE, OLD_YEARS_EVE, Channel.DIRECT, claims=[Claim("hộ nghèo", "số 12/2026")])
    assert poor.total == 0
    assert [item.full for item in poor.items] == [400_000, 50_000]
    assert poor.items[0].why == "miễn: hộ nghèo (số 12/2026; NQ HĐND)"
    without = charge(LICENCE, OLD_YEARS_EVE, Channel.DIRECT, claims=[Claim("hộ nghèo", " ")])
    assert without.total == 450_000
    assert without.problems == ("diện “hộ nghèo” cần giấy tờ: giấy chứng nhận hộ nghèo",)


def test_a_reduction_is_for_its_kind_only_and_the_best_counts() -> None:
    old = charge(LICENCE, OLD_YEARS_EVE, Channel.DIRECT, claims=[Claim("người cao tuổi", "căn cước")])
    assert [item.amount for item in old.items] == [400_000, 25_000]
    assert old.items[1].why == "giảm 50%: người cao tuổi (căn cước; NQ HĐND)"
    both = [Claim("người cao tuổi", "căn cước"), Claim("hộ nghèo", "số 12")]
    assert charge(LICENCE, OLD_YEARS_EVE, Channel.DIRECT, claims=both).total == 0


def test_a_relief_that_has_run_out_or_is_unknown_is_named() -> None:
    late = charge(LICENCE, date(2027, 1, 2), Channel.DIRECT, claims=[Claim("hộ nghèo", "số 12")])
    assert late.total == 850_000
    assert late.problems == ("diện miễn, giảm “hộ nghèo” không áp dụng cho thủ tục này vào ngày thu",)


def test_a_rate_that_nothing_follows_is_a_gap_and_not_free() -> None:
    """What the portal showed of driving licences: 115.000 online, to 31/12/2025."""
    line = FeeLine(Kind.FEE, "lệ phí", 115_000, SINCE, "TT", until=date(2025, 12, 31))
    gone = charge(FeeTable("1", (line,)), NEW_YEAR, Channel.ONLINE)
    assert gone.items == ()
    assert gone.problems == ("lệ phí “lệ phí” hết hiệu lực trước ngày 01/01/2027, chưa có mức mới",)
    assert charge(FeeTable("1", (line,)), date(2025, 1, 1), Channel.ONLINE) == Charge((), ())


def test_what_costs_nothing_costs_nothing() -> None:
    assert charge(FeeTable("1"), NEW_YEAR, Channel.DIRECT) == Charge((), ())


def test_half_a_dong_is_rounded_up() -> None:
    table = FeeTable(
        "1",
        (FeeLine(Kind.FEE, "lệ phí", 1_001, SINCE, "x"),),
        (Relief("a", "b", 50, "x", SINCE),),
    )
    assert charge(table, NEW_YEAR, Channel.DIRECT, claims=[Claim("a", "p")]).total == 501


def test_what_a_human_should_look_at_before_a_table_is_used() -> None:
    table = FeeTable(
        "1",
        (
            FeeLine(Kind.CHARGE, "phí", 25, SINCE, "x"),
            FeeLine(Kind.FEE, "lệ phí", 50_000, SINCE, "x", until=date(2025, 1, 1)),
            FeeLine(Kind.FEE, "lệ phí", 90_000, SINCE, "x"),
            FeeLine(Kind.FEE, "lệ phí", 0, SINCE, "x", channel=Channel.ONLINE),
        ),
        (Relief("a", "b", 50, "x", SINCE, until=date(2025, 1, 1)),),
    )
    assert table.faults() == (
        "phí “phí”: 25 đ dưới 1.000 đ, có thể mất hàng nghìn",
        "lệ phí “lệ phí”: hết hiệu lực trước khi có hiệu lực",
        "lệ phí “lệ phí”: hai mức khác nhau từ cùng ngày 01/07/2025",
        "miễn, giảm “a”: hết hiệu lực trước khi có hiệu lực",
    )
    assert LICENCE.faults() == ()


def test_a_table_travels_as_catalog_data() -> None:
    assert msgspec.convert(msgspec.to_builtins(LICENCE), FeeTable) == LICENCE


@pytest.mark.parametrize("amount", [-1, 10**12 + 1])
def test_an_amount_beyond_reason_is_refused(amount: int) -> None:
    line = {"kind": "phi", "name": "a", "amount": amount, "since": "2026-01-01", "source": "x"}
    with pytest.raises(msgspec.ValidationError, match="amount"):
        msgspec.convert(line, FeeLine)


# --- laws ---

days = st.integers(0, 1500).map(lambda n: date(2024, 1, 1) + timedelta(days=n))
fee_lines = st.builds(
    FeeLine,
    st.sampled_from(Kind),
    st.sampled_from(["a", "b"]),
    st.integers(0, 10**7),
    days,
    st.just("x"),
    st.one_of(st.just(msgspec.UNSET), days),
    st.one_of(st.just(msgspec.UNSET), st.sampled_from(Channel)),
    st.sampled_from(["", "case"]),
)
reliefs = st.builds(
    Relief,
    st.sampled_from(["r", "s"]),
    st.just("p"),
    st.integers(1, 100),
    st.just("x"),
    days,
    st.sampled_from([(Kind.CHARGE,), (Kind.FEE,), tuple(Kind)]),
)
tables = st.builds(
    FeeTable,
    st.just("1"),
    st.lists(fee_lines, max_size=6).map(tuple),
    st.lists(reliefs, max_size=3).map(tuple),
)
claims = st.lists(st.builds(Claim, st.sampled_from(["r", "s", "t"]), st.sampled_from(["", "p"])), max_size=3)


@given(tables, days, st.sampled_from(Channel), st.sampled_from(["", "case"]), claims)
def test_nobody_pays_a_line_twice_or_one_that_does_not_hold(
    table: FeeTable, day: date, channel: Channel, case: str, claimed: list[Claim]
) -> None:
    whole = charge(table, day, channel, case=case, claims=claimed)
    names = [(item.kind, item.name) for item in whole.items]
    assert len(names) == len(set(names))
    for item in whole.items:
        assert 0 <= item.amount <= item.full
        assert any(
            line.holds(day) and line.amount == item.full and line.kind is item.kind for line in table.lines
        )
        assert bool(item.why) or item.amount == item.full
    assert whole.total == whole.of(Kind.CHARGE) + whole.of(Kind.FEE)


@given(tables, days, st.sampled_from(Channel), claims)
def test_a_claim_never_makes_anything_dearer(
    table: FeeTable, day: date, channel: Channel, claimed: list[Claim]
) -> None:
    assert charge(table, day, channel, claims=claimed).total <= charge(table, day, channel).total
