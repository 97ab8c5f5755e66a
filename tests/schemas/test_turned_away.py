"""What a list says of what was not received."""

from __future__ import annotations

from schemas.turned_away import listed_of
from tests.schemas.histories import history, received, registered, told

REFUSED = told("dossier.not_received", "hoa", "counter-01.1", reason="Sai\n\n  nơi")
ASKED = told(
    "dossier.supplement_requested",
    "hoa",
    "counter-01.1",
    components=[{"name": name, "why": "mờ", "originals": 1} for name in ("Đơn", "Giấy")],
    reason="Thiếu",
)


def test_a_refusal_says_why_and_who_said_it() -> None:
    row = listed_of(history(registered(), REFUSED).dossier)
    assert row is not None
    assert (row.form, row.reason, row.papers, row.place, row.person) == (
        "03",
        "Sai nơi",
        0,
        "counter-01",
        "hoa",
    )


def test_a_request_for_papers_says_how_many_until_they_are_received() -> None:
    row = listed_of(history(registered(), ASKED).dossier)
    assert row is not None
    assert (row.form, row.papers) == ("02", 2)
    supplied = told(
        "dossier.components_added", "hoa", "counter-01.1", components=[{"name": "Đơn", "originals": 1}]
    )
    assert listed_of(history(registered(), ASKED, supplied, received()).dossier) is None


def test_what_was_received_or_only_registered_was_not_turned_away() -> None:
    assert listed_of(history(registered()).dossier) is None
    assert listed_of(history(received()).dossier) is None
    asked_later = history(registered(), received(), ASKED)
    assert listed_of(asked_later.dossier) is None, "its papers are waited for, at the room's asking"
