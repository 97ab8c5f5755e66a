"""What is said of a dossier to whoever knows its number and four digits."""

from __future__ import annotations

import pytest

from schemas.entries import Report
from schemas.fold import fold
from schemas.public import first_letters, is_known_by, told_of
from tests.schemas.histories import (
    STREAM,
    Step,
    appraised,
    approved,
    history,
    informed,
    office,
    received,
    returned,
    told,
    withdrawal_asked,
    withdrawal_granted,
)

ASKED = told(
    "dossier.supplement_requested",
    "lan",
    "room-01.1",
    components=[{"name": "Giấy khai sinh của Vi Thị Lan", "why": "thiếu"}],
    reason="Thiếu",
    until="2026-12-01",
)
FORWARDED = told("dossier.forwarded", "hoa", "counter-01.1", agency="H37.09")


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ([received()], "received"),
        ([received(), FORWARDED], "on_the_way"),
        (
            [received(), told("dossier.forwarded", "hoa", "counter-01.1", agency="H37.09", opinion=True)],
            "opinion",
        ),
        ([received(), appraised()], "signing"),
        ([received(), FORWARDED, ASKED], "supplement"),
        ([received(), withdrawal_asked()], "withdrawing"),
        ([received(), withdrawal_asked(), withdrawal_granted()], "stopped"),
        ([received(), appraised(), approved()], "done"),
        ([received(), appraised(), approved(), returned()], "returned"),
    ],
)
def test_each_step_is_said_and_names_nobody(steps: list[Step], state: str) -> None:
    """Not who applied, not their numbers, not the words of an officer, which may name somebody."""
    said = told_of(history(*steps).dossier, office().catalog.latest.calendar())
    assert said is not None
    assert said.state == state
    for personal in ("Hoàng", "Nùng", "020090001234", "0912345678", "Vi Thị Lan", "Thiếu"):
        assert personal not in repr(said)
    assert said.applicant == "H•••• V•• N•••"


def test_a_request_for_papers_is_counted_and_a_clock_that_stands_still_promises_nothing() -> None:
    said = told_of(history(received(), FORWARDED, ASKED).dossier, office().catalog.latest.calendar())
    assert said is not None
    assert (said.papers, said.until, said.due) == (1, "2026-12-01", "")


def test_two_that_acted_apart_are_said_to_be_settled() -> None:
    past = history(received(), appraised())
    apart = (past + approved()) | (past + withdrawal_asked() + withdrawal_granted())
    said = told_of(apart.dossier, office().catalog.latest.calendar())
    assert said is not None
    assert said.state == "contested"


def test_what_may_be_there_twice_is_told_to_nobody_outside() -> None:
    """A possible duplicate is a warning for the desk: the dossier goes on, and its owner reads how far it is."""
    past = history(received())
    report = Report("r1", "possible_duplicate", (STREAM, "0" * 32), (past.hash_of("received"), "f" * 64))
    catalog = informed(report)
    said = told_of(fold(past, catalog), catalog.latest.calendar())
    assert said is not None
    assert said.state == "received"


@pytest.mark.parametrize(("four", "known"), [("1234", True), ("5678", True), ("0912", False), ("", False)])
def test_the_last_digits_of_identity_or_telephone_prove_that_somebody_may_ask(four: str, known: bool) -> None:
    assert is_known_by(history(received()).dossier, four) is known
    assert not is_known_by(history().dossier, four)


def test_nothing_is_said_of_what_was_never_received() -> None:
    assert told_of(history().dossier, office().catalog.latest.calendar()) is None
    assert first_letters("Páo  Ân") == "P•• Â•"
