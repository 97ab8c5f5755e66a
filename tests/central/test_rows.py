"""What only central can see: rows that join several dossiers, as every node shows them."""

from __future__ import annotations

import pytest

from central import rows as centre_rows
from central.rows import report_rows
from schemas.acts import Settled
from schemas.fold import Dossier
from tests.centres import SmallCentre


def alike(centre: SmallCentre) -> Dossier:
    """One more dossier of the same person, procedure and day."""
    dossier = centre.receive()
    centre.meet()
    return dossier


def rows(centre: SmallCentre, dossier: Dossier, at: str = "counter-01") -> list[tuple[tuple[str, ...], int]]:
    return [(one.rows, len(one.members)) for one in centre[at].register.dossier(dossier.stream).conflicts]


def answer(centre: SmallCentre, dossier: Dossier) -> None:
    """The desk lets this dossier's reception stand."""
    central = centre["central"]
    known = central.register.dossier(dossier.stream)
    (conflict,) = known.conflicts
    stands = tuple(line.hash for line in known.timeline if line.hash in conflict.members)
    data = Settled(conflict.id, conflict.members, stands, "Hai hồ sơ khác nhau, người nộp xác nhận.")
    central.ledger.act(dossier.stream, "dossier.settled", data, by="huong.ltt")


def test_a_row_of_two_dossiers_is_shown_in_both_until_the_desk_answers_in_one(centre: SmallCentre) -> None:
    first, second = alike(centre), alike(centre)
    assert report_rows(centre["central"]) == 1
    centre.meet()
    assert rows(centre, first) == rows(centre, second) == [(("possible_duplicate",), 2)]

    answer(centre, first)
    assert report_rows(centre["central"]) == 1
    centre.meet()
    assert rows(centre, first) == rows(centre, second) == []
    assert report_rows(centre["central"]) == 0


def test_a_row_that_grows_while_it_is_answered_stays_open(centre: SmallCentre) -> None:
    """The answer spoke of two dossiers; a third one is there now."""
    first, second = alike(centre), alike(centre)
    report_rows(centre["central"])
    third = alike(centre)
    answer(centre, first)
    report_rows(centre["central"])
    centre.meet()
    for dossier in (first, second, third):
        assert rows(centre, dossier) == [(("possible_duplicate",), 3)]


def test_an_archive_that_comes_at_once_is_looked_at_some_changes_at_a_time(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where it was cut off it goes on."""
    first, second, third = alike(centre), alike(centre), alike(centre)
    monkeypatch.setattr(centre_rows, "_AT_ONCE", 1)
    assert centre_rows._report_some(centre["central"]) == 1, "the first dossier has its like already"
    central = centre.reopen("central")
    assert report_rows(central) == 0
    assert centre_rows._report_some(central) is None
    centre.meet()
    for dossier in (first, second, third):
        assert rows(centre, dossier) == [(("possible_duplicate",), 3)]
