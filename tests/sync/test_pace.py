"""How many documents a page has."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.pace import FIRST, FIRST_HELD, LEAST, MOST_HELD, Hold, Pace


def pace(most: int = 1000) -> Pace:
    return Pace(most=most, line_s=1.0, write_s=0.3)


def after(one: Pace, line: float, *, pages: int = 12) -> int:
    """The size when a line carries `line` documents a second, and the disk is no hindrance."""
    for _ in range(pages):
        one.took(one.size, read_s=one.size / line, write_s=0.0)
    return one.size


def test_a_fast_line_soon_has_the_largest_pages() -> None:
    assert after(pace(), 20_000, pages=4) == 1000


def test_on_a_slow_line_a_page_takes_a_second() -> None:
    """256 kbit/s carry about 16 events of 2 KB a second: fewer than the least that a page has."""
    assert after(pace(), 16) == LEAST
    assert after(pace(), 300) == 300


def test_a_line_that_becomes_fast_again_is_used() -> None:
    one = pace()
    assert after(one, 40) == 40
    assert after(one, 20_000) == 1000


def test_a_page_whose_write_holds_the_writer_long_becomes_smaller() -> None:
    one = pace()
    one.took(100, read_s=0.01, write_s=0.6)
    assert one.size == 50


def test_pages_in_which_little_was_missing_say_nothing() -> None:
    one = pace()
    one.took(3, read_s=0.01, write_s=0.01)
    assert one.size == FIRST


def test_what_the_other_side_does_not_take_is_halved_down_to_one() -> None:
    one = pace()
    for _ in range(20):
        one.halve()
    assert one.size == 1


seconds = st.floats(0, 100)


@given(st.integers(1, 2000), st.lists(st.tuples(st.floats(0, 1), seconds, seconds)))
def test_whatever_happens_a_page_is_neither_too_small_nor_too_large(
    most: int, pages: list[tuple[float, float, float]]
) -> None:
    one = pace(most)
    for share, read_s, write_s in pages:
        one.took(int(one.size * share), read_s=read_s, write_s=write_s)
        assert min(LEAST, most) <= one.size <= most


def test_the_writer_is_looked_up_from_before_somebody_has_waited_long() -> None:
    """As many documents as are written in 15 of 20 ms; a slow moment is answered at once, a quick one slowly."""
    hold = Hold(0.02)
    for _ in range(20):
        hold.took(hold.size, hold.size * 0.000_1)
    assert hold.size == 150
    hold.took(150, 0.15)
    assert hold.size == FIRST_HELD
    for _ in range(30):
        hold.took(hold.size, hold.size * 0.000_001)
    assert hold.size == MOST_HELD


def test_a_few_documents_say_nothing_of_how_many_are_written_at_a_time() -> None:
    hold = Hold(0.02)
    before = hold.size
    hold.took(1, 0.003)
    assert hold.size == before
