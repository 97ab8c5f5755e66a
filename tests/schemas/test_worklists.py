"""In which lists of the counter a dossier stands, as its acts come."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.worklists import Waits, sorting_name, waits_of
from tests.schemas.histories import (
    Step,
    appraised,
    approved,
    history,
    office,
    received,
    result_file,
    returned,
    told,
    withdrawal_asked,
    withdrawal_granted,
)

HAND_OVER = told("dossier.forwarded", "hoa", "counter-01.1", agency="H37.09")
TAKEN_OVER = told("dossier.taken_over", "lan", "room-01.1")
READY = told("dossier.result_ready", "kim", "room-01.1", result=result_file("a"))
ON_PAPER = told("dossier.approved", "viet", "room-01.1", result=result_file("a"), on_paper=True)
NOT_ON_SITE, ON_SITE = False, True


def asked_for_papers(**more: Any) -> Step:
    rows = [{"name": "Bản sao hộ khẩu", "why": "thiếu"}]
    return told("dossier.supplement_requested", "lan", "room-01.1", components=rows, reason="Thiếu", **more)


def waits(*steps: Step, on_site: bool = NOT_ON_SITE) -> dict[Waits, str]:
    standing = history(*steps).dossier.standing
    return dict(waits_of(standing, office().catalog.latest.calendar(), on_site=on_site))


@pytest.mark.parametrize(
    ("steps", "on_site", "lists"),
    [
        ([], ON_SITE, ""),
        ([received()], ON_SITE, "open running"),
        ([received()], NOT_ON_SITE, "open running hand_over"),
        ([received(), HAND_OVER], NOT_ON_SITE, "open running"),
        ([received(), HAND_OVER, TAKEN_OVER], NOT_ON_SITE, "open running"),
        ([received(), appraised()], NOT_ON_SITE, "open running"),
        ([received(), HAND_OVER, asked_for_papers()], ON_SITE, "open supplement"),
        ([received(), HAND_OVER, asked_for_papers(until="2026-12-01")], ON_SITE, "open supplement expiring"),
        ([received(), HAND_OVER, asked_for_papers(until="2026-02-31")], ON_SITE, "open supplement"),
        ([received(), withdrawal_asked()], ON_SITE, "open running"),
        ([received(), withdrawal_asked(), withdrawal_granted()], ON_SITE, ""),
        ([received(), appraised(), approved()], ON_SITE, "open return"),
        ([received(), appraised(), approved()], NOT_ON_SITE, "open back"),
        ([received(), appraised(), approved(), READY], NOT_ON_SITE, "open return"),
        ([received(), HAND_OVER, TAKEN_OVER, appraised(), approved()], NOT_ON_SITE, "open back"),
        ([received(), appraised(), approved(), HAND_OVER], NOT_ON_SITE, "open back"),
        ([received(), appraised(), approved(), HAND_OVER, TAKEN_OVER], NOT_ON_SITE, "open return"),
        ([received(), appraised(), ON_PAPER], ON_SITE, "open back"),
        ([received(), appraised(), ON_PAPER, READY], ON_SITE, "open return"),
        ([received(), appraised(), approved(), returned()], ON_SITE, ""),
    ],
)
def test_a_dossier_stands_where_it_waits(steps: list[Step], on_site: bool, lists: str) -> None:
    assert sorted(one.value for one in waits(*steps, on_site=on_site)) == sorted(lists.split())


def test_a_result_may_be_collected_from_the_moment_on_that_was_promised_or_later() -> None:
    """Nobody comes before the day on the slip, however early the result is there."""
    early = waits(received(), appraised(), approved(), on_site=ON_SITE)
    assert early[Waits.RETURN] == early[Waits.OPEN] == "2026-11-27T09:30:00.000000Z"


def test_a_supplement_ends_with_its_last_day() -> None:
    steps = [received(), HAND_OVER, asked_for_papers(until="2026-12-01")]
    assert waits(*steps)[Waits.EXPIRING] == "2026-12-01T17:00:00.000000Z"


def test_names_are_ordered_by_the_given_name() -> None:
    names = ["Vi Văn Quyết", "Nông Thị Anh", "Đặng Văn Ân", "Páo"]
    assert sorted(names, key=sorting_name) == ["Đặng Văn Ân", "Nông Thị Anh", "Páo", "Vi Văn Quyết"]
