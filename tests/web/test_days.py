"""Days are read and shown in the order of this country, whatever language a browser speaks."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from pathlib import Path

import pytest

import central
import edge
from edge.web.days import day_of, hour_of, moment_of
from tests.centres import SmallCentre
from tests.web.clerk import Clerk

PAGES = [
    page
    for folder in (edge, central)
    for page in (Path(str(folder.__file__)).parent / "templates").glob("*.html")
]


@pytest.mark.parametrize(
    "typed", ["30/11/2026", " 30 / 11 / 2026 ", "30-11-2026", "30.11.2026", "30112026", "2026-11-30"]
)
def test_a_day_is_understood_as_it_is_usually_typed(typed: str) -> None:
    assert day_of(typed) == date(2026, 11, 30)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        None,
        "11/30/2026",
        "31/11/2026",
        "30/11",
        "30/11/26",
        "thứ Hai",
        "²/3/2026",
        "31/12/9999",
        "1/1/0001",
    ],
)
def test_what_is_no_day_is_none(typed: str | None) -> None:
    assert day_of(typed) is None


def test_a_day_and_an_hour_are_understood_in_either_order() -> None:
    for typed in (
        "30/11/2026 08:05",
        "08:05 30/11/2026",
        "08:05, 30/11/2026",
        "2026-11-30T08:05",
        "30.11.2026 8h05",
    ):
        assert moment_of(typed) == datetime(2026, 11, 30, 8, 5)  # noqa: DTZ001 - it has none
    assert moment_of("30/11/2026") is None
    assert moment_of("30/11/2026 24:00") is None


@pytest.mark.parametrize("typed", ["08:05", "8:05", "8h05", "8g05", "8.05", "0805", " 08:05 "])
def test_an_hour_is_understood_as_it_is_usually_typed(typed: str) -> None:
    assert hour_of(typed) == time(8, 5)


@pytest.mark.parametrize("typed", ["", None, "24:00", "9:60", "99:99", "8", "805", "tám giờ", "٠٨:٠٥"])
def test_what_is_no_hour_is_none(typed: str | None) -> None:
    assert hour_of(typed) is None


def test_no_page_leaves_the_order_of_a_day_to_the_browser() -> None:
    asked = re.compile(r'type="(date|datetime-local|time|month|week)"')
    assert [page.name for page in PAGES if asked.search(page.read_text(encoding="utf-8"))] == []


def test_what_is_typed_wrongly_stays_and_is_explained(centre: SmallCentre) -> None:
    admin = Clerk(centre, "central", "quan.nv")
    answer = admin.press(admin.open("/delegations"), "decision", since="11/30/2026", until="01/03/2027")
    assert answer.status == 422
    assert "Ngày ghi theo thứ tự ngày, tháng, năm" in answer.page.text
    assert answer.page.form("decision").fields["since"] == "11/30/2026"
    assert answer.page.form("decision").fields["until"] == "01/03/2027"


def test_an_hour_that_is_none_stays_and_blanks_are_nothing(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    typed = {"received_day": " ", "received_hour": "99:99", "due_day": "05/03/2027", "due_hour": " "}
    answer = clerk.press(clerk.open("/counter/afterwards"), "stream", ("act", "save"), **typed)
    assert answer.status == 422
    for said in (
        "Chưa ghi ngày tiếp nhận",
        "Giờ ghi như 08:05 hoặc 8h05.",
        "Chưa ghi hẹn trả như trên giấy.",
    ):
        assert said in answer.page.text
    assert answer.page.form("stream").fields["received_hour"] == "99:99"


@pytest.mark.parametrize(
    ("typed", "said"), [("31/02/2027", "Ngày ghi theo thứ tự"), (" ", "Chưa ghi bổ sung trước ngày")]
)
def test_a_day_that_is_none_is_looked_at_no_further(centre: SmallCentre, typed: str, said: str) -> None:
    """Form 02: the rule that its last day must not be over asked a day that was not there."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier.stream}/course/supplement")
    answer = clerk.press(page, "/supplement", reason="Thiếu", until=typed)
    assert answer.status == 422
    assert said in answer.page.text
