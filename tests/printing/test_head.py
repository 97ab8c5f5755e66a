from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from printing import typeface
from printing.head import balanced

WIDTH = 190.0


def test_agency_names_break_where_a_person_would() -> None:
    assert balanced("ỦY BAN NHÂN DÂN TỈNH LẠNG SƠN", typeface.REGULAR, 12, WIDTH) == (
        "ỦY BAN NHÂN DÂN",
        "TỈNH LẠNG SƠN",
    )
    assert balanced("SỞ XÂY DỰNG", typeface.BOLD, 12, WIDTH) == ("SỞ XÂY DỰNG",)


def test_a_line_feed_decides() -> None:
    assert balanced("TRUNG TÂM\nPHỤC VỤ", typeface.BOLD, 12, WIDTH) == ("TRUNG TÂM", "PHỤC VỤ")


@given(st.lists(st.text("ABCĐƠỮ", min_size=1, max_size=12), max_size=20))
def test_balancing_keeps_all_words_and_the_width(words: list[str]) -> None:
    lines = balanced(" ".join(words), typeface.BOLD, 12, WIDTH)

    assert " ".join(lines).split() == words
    assert all(typeface.width(line, typeface.BOLD, 12) <= WIDTH for line in lines)
