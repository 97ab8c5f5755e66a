"""Numbers that two counters give at the same time, without a line between them, and never give twice."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import NoNumber
from schemas.numbers import (
    MAX_COUNT,
    DossierNumber,
    compose,
    looks_like_a_number,
    parse,
    result_number,
)

DAY = date(2026, 11, 23)
LEASE = (date(2026, 1, 1), date(2026, 12, 31))

agencies = st.sampled_from(["H37", "H37.08", "H37.901", "H37.08.02", "G09"])
days = st.dates(*LEASE)
nodes = st.integers(0, 89) | st.integers(900, 999)
counts = st.integers(1, MAX_COUNT)
numbers = st.builds(DossierNumber, agencies, days, nodes, counts)


def composed(number: DossierNumber) -> str:
    return str(
        compose(agency=number.agency, day=number.day, node=number.node, count=number.count, lease=LEASE)
    )


@pytest.mark.parametrize(
    ("agency", "node", "count", "text"),
    [
        ("H37.08", 14, 7, "H37.08-261123-1407"),
        ("H37.08", 0, 1, "H37.08-261123-0001"),
        ("H37.08", 7, 100, "H37.08-261123-07100"),
        ("H37.901", 900, 1, "H37.901-261123-90001"),
        ("H37.901", 999, 9999, "H37.901-261123-9999999"),
    ],
)
def test_a_number_in_the_national_form(agency: str, node: int, count: int, text: str) -> None:
    assert composed(DossierNumber(agency, DAY, node, count)) == text
    assert parse(text) == DossierNumber(agency, DAY, node, count)


@given(numbers, numbers)
def test_two_receptions_never_get_one_number(one: DossierNumber, other: DossierNumber) -> None:
    """Other machine, other day, other agency or other count: another number, whoever knows of whom."""
    assert (composed(one) == composed(other)) == (one == other)


@given(numbers)
def test_a_number_is_read_back_as_its_parts(number: DossierNumber) -> None:
    assert parse(composed(number)) == number
    assert looks_like_a_number(composed(number))


@given(st.from_regex(r"H37\.08-2611(0[1-9]|[12][0-9]|30)-[0-9]{4,7}", fullmatch=True))
def test_a_number_has_one_spelling(text: str) -> None:
    number = parse(text)
    assert number is None or composed(number) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "H37.08-261123-0700",
        "H37.08-261123-07007",
        "H37.08-261123-0712345",
        "H37.08-261123-9001",
        "H37.08-261123-900",
        "H37.08-261131-0701",
        "H37.08-261301-0701",
        "h37.08-261123-0701",
        "H37.08-261123-0701\n",
        " H37.08-261123-0701",
        "H37.08-261123-07०१",
        "000.00.08.H37-261123-0701",
    ],
)
def test_what_no_machine_of_ours_gives(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2027, 1, 1)])
def test_no_number_is_given_outside_the_lease(day: date) -> None:
    with pytest.raises(NoNumber, match="lease of node number 07 runs from 2026-01-01 to 2026-12-31"):
        compose(agency="H37.08", day=day, node=7, count=1, lease=LEASE)


@pytest.mark.parametrize("day", LEASE)
def test_the_first_and_the_last_day_belong_to_the_lease(day: date) -> None:
    assert compose(agency="H37.08", day=day, node=7, count=1, lease=LEASE).day == day


@pytest.mark.parametrize("node", [-1, 90, 899, 1000])
def test_between_two_and_three_digits_there_are_no_node_numbers(node: int) -> None:
    with pytest.raises(NoNumber, match="is no node number"):
        compose(agency="H37.08", day=DAY, node=node, count=1, lease=LEASE)


def test_an_agency_without_a_code_cannot_issue() -> None:
    with pytest.raises(NoNumber, match="the agency has no code"):
        compose(agency="", day=DAY, node=7, count=1, lease=LEASE)


@pytest.mark.parametrize("count", [0, MAX_COUNT + 1])
def test_a_count_that_has_no_place_is_refused(count: int) -> None:
    with pytest.raises(NoNumber, match="more than one node may receive"):
        compose(agency="H37.08", day=DAY, node=7, count=count, lease=LEASE)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("H37.08-261123-1407", True),
        ("  h37.08-261123-1407 ", True),
        ("000.00.08.H37-210115-0012", True),
        ("000.12.34.H37-210115-0012", True),
        ("H37.08-261123-14", False),
        ("Nguyễn Văn Đạt", False),
        ("0912345678", False),
    ],
)
def test_a_search_for_a_whole_number_is_recognised(text: str, whole: bool) -> None:
    assert looks_like_a_number(text) is whole


def test_a_result_s_number_begins_with_the_machine_s_and_needs_its_lease() -> None:
    lease = (date(2027, 1, 1), date(2027, 6, 30))
    assert result_number(3, 7, lease[1], lease) == "0307"
    assert result_number(901, 120, lease[0], lease) == "901120"
    for day in (date(2026, 12, 31), date(2027, 7, 1)):
        with pytest.raises(NoNumber, match="lease of node number 03"):
            result_number(3, 7, day, lease)
