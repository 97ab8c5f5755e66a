from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from printing.words import day_in_words, moment_in_words


def test_small_days_and_months_have_a_zero() -> None:
    assert day_in_words(date(2027, 2, 5)) == "ngày 05 tháng 02 năm 2027"
    assert day_in_words(date(2026, 11, 23)) == "ngày 23 tháng 11 năm 2026"
    assert day_in_words(date(2026, 3, 31)) == "ngày 31 tháng 3 năm 2026"


def test_paper_shows_the_hour_on_the_wall() -> None:
    assert (
        moment_in_words(datetime(2026, 11, 22, 17, 5, tzinfo=UTC))
        == "00 giờ 05 phút, ngày 23 tháng 11 năm 2026"
    )


def test_a_moment_without_a_zone_has_no_meaning() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        moment_in_words(datetime(2026, 11, 22, 17, 5))  # noqa: DTZ001  # what the test is about
