"""A failing run is made small: what is left still fails, and nothing could be left out of it."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from central.simulation.shrink import shrunk


@given(st.sets(st.integers(0, 399), min_size=1, max_size=5))
def test_exactly_the_steps_that_matter_are_left(needed: set[int]) -> None:
    assert shrunk(range(400), lambda steps: needed <= set(steps), tries=2_000) == sorted(needed)


@given(st.integers(0, 30))
def test_it_asks_no_more_often_than_it_may_and_what_is_left_fails(tries: int) -> None:
    asked = []

    def fails(steps: Sequence[int]) -> bool:
        asked.append(list(steps))
        return {17, 230} <= set(steps)

    left = shrunk(range(400), fails, tries=tries)
    assert len(asked) <= tries
    assert {17, 230} <= set(left)
