"""The number of a petition, and what a list says of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge.ids import new_stream
from schemas.petitions import listed_of, number_of, read_number
from tests.schemas.histories import history, received, told

DUE = "2026-12-07T09:30:00.000000Z"
FILED = told(
    "petition.filed", "giam", "counter-01.1", sender={"name": "Bà Lan"}, text="Chờ lâu\n\n  quá", due=DUE
)
ANSWERED = told("petition.answered", "giam", "counter-01.1", text="Xin lỗi bà")


def test_a_number_says_the_vietnamese_day_and_takes_its_letters_from_chance() -> None:
    night = datetime(2026, 11, 25, 17, 30, tzinfo=UTC)
    assert number_of(new_stream(night, lambda bits: 0)).startswith("PA-261126-0000-0000")
    assert number_of(new_stream(night, lambda bits: 2**bits - 1)) == "PA-261126-ZZZZ-ZZZZ"
    assert len({number_of(new_stream(night)) for _ in range(1_000)}) == 1_000


@pytest.mark.parametrize("typed", ["PA-261126-0AB1-ZZZZ", " pa261126 oabi zzzz", "PA-261126-OABL-ZZZZ"])
def test_what_is_easily_misread_is_read_right(typed: str) -> None:
    assert read_number(typed) == "PA-261126-0AB1-ZZZZ"


@pytest.mark.parametrize(
    "typed", ["", "PA-261126", "H37.07-261126-0101", "PA-261126-0AB1-ZZZ", "PA-261126-0AB1-ZZZ!"]
)
def test_what_is_no_number_is_none(typed: str) -> None:
    assert read_number(typed) == ""


def test_a_list_says_where_a_petition_stands() -> None:
    open_ = listed_of(history(FILED).dossier)
    assert open_ is not None
    assert (open_.status, open_.due, open_.excerpt, open_.answered_at) == ("open", DUE, "Chờ lâu quá", "")
    answered = listed_of(history(FILED, ANSWERED).dossier)
    assert answered is not None
    assert (answered.status, bool(answered.answered_at)) == ("answered", True)
    assert listed_of(history(received()).dossier) is None
    assert listed_of(history(ANSWERED).dossier) is None, "an answer to nothing"
