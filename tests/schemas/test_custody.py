"""Where a folder is between the centre and agencies, by who signed for it; and whose work is whose."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest

from schemas.acts import BY_KIND
from schemas.custody import Custody, Where, custody, hand_overs, opinions, told
from schemas.deadlines import Why
from schemas.entries import Person
from schemas.fold import Place
from schemas.rules import Inner
from tests.schemas.histories import AGENCY, History, Step, appraised, history, office, received
from tests.schemas.histories import told as step

OTHER: Final = "H37.07"


def forwarded(**to: Any) -> Step:
    return step("dossier.forwarded", "hoa", "counter-01.1", **to)


def taken_over(**how: Any) -> Step:
    return step("dossier.taken_over", "hoa", "counter-01.1", **how)


def answered(**said: Any) -> Step:
    return step("dossier.opinion_given", "hoa", "counter-01.1", agrees="yes", opinion="Đồng ý.", **said)


def where(past: History) -> Custody:
    """As a reader sees it who knows everybody; nobody of these tests' catalog sits at an agency."""
    return custody(past.dossier, hand_overs(past.dossier.timeline, told(past)), office().catalog.latest)


def test_a_folder_is_with_an_agency_once_somebody_there_has_signed_for_it() -> None:
    """Handed over, signed for on paper, given back, taken back: each with its two signatures."""
    past = history(received(), forwarded(agency=OTHER))
    assert where(past).where is Where.HANDED_OVER
    past += taken_over(signed_by="Vi Văn Tình")
    assert (where(past).where, where(past).agency) == (Where.HELD, OTHER)
    past += forwarded(room="Quầy 01", result="12/GP-SXD", signed_by="Vi Văn Tình")
    assert (where(past).where, where(past).result) == (Where.HANDED_BACK, "12/GP-SXD")
    past += taken_over()
    assert where(past).where is Where.CENTRE


def test_who_takes_it_for_the_centre_has_brought_it_back() -> None:
    """The agency never had it: it is where it was."""
    past = history(received(), forwarded(agency=OTHER), taken_over())
    assert where(past).where is not Where.HELD


def test_whoever_takes_it_by_its_slip_has_it() -> None:
    """The agency's messenger put it on the room's table, and nobody wrote that down."""
    past = history(received(), forwarded(agency=OTHER), taken_over(signed_by="Tình"), taken_over())
    assert where(past).where is Where.CENTRE


def test_a_folder_moves_also_while_the_dossier_waits_or_is_stopped() -> None:
    """Papers of a dossier that was stopped come back from the agency all the same."""
    past = history(received(), forwarded(agency=OTHER), taken_over(signed_by="Tình"))
    past += step("dossier.suspended", "viet", "room-01.1", ground="other", reason="?")
    past += forwarded(room="Quầy 01", signed_by="Tình")
    past += taken_over()
    assert [line.place for line in past.dossier.timeline[-2:]] == [Place.EFFECTIVE, Place.EFFECTIVE]
    assert where(past).where is Where.CENTRE


def test_an_opinion_moves_no_folder_and_ends_with_its_answer() -> None:
    """The dossier waits for it, and is worked on again."""
    past = history(received(), forwarded(agency=OTHER, opinion=True, note="?", until="2026-12-01"))
    assert past.dossier.inner is Inner.AWAITS_OPINION
    assert where(past).where is not Where.HANDED_OVER
    past += answered(document="15/SXD")
    assert past.dossier.inner is Inner.AWAITS_APPRAISAL
    (asked,) = opinions(past.dossier.timeline, told(past))
    assert asked.answer is not None
    assert asked.answer.document == "15/SXD"
    assert [(pause.why, pause.begins) for pause in past.dossier.standing.pauses] == [
        (Why.OPINION.value, True),
        (Why.OPINION.value, False),
    ]


@pytest.mark.parametrize(
    ("before", "late"),
    [
        ([forwarded(agency=OTHER, opinion=True)], forwarded(agency=AGENCY)),
        ([forwarded(agency=OTHER)], forwarded(agency=AGENCY, opinion=True)),
        ([forwarded(agency=OTHER)], answered(document="15")),
        ([forwarded(agency=OTHER, opinion=True)], answered()),
        ([], answered(document="15")),
    ],
    ids=["moves while asked", "asks while it moves", "nothing was asked", "no letter named", "never sent"],
)
def test_what_does_not_fit_happened_and_is_marked(before: list[Step], late: Step) -> None:
    past = history(received(), *before, late)
    assert past.dossier.timeline[-1].place is Place.IRREGULAR


def test_a_result_comes_with_no_question() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"agency": OTHER, "opinion": True, "result": "12"}, BY_KIND["dossier.forwarded"].data)


def test_an_appraised_dossier_stays_in_the_house() -> None:
    past = history(received(), appraised())
    assert where(past).where is Where.CENTRE


def test_a_person_without_agency_is_the_centres() -> None:
    assert Person("x", "X", "?", ()).agency == ""
