"""Where a folder is between the centre and agencies, by who signed for it; and whose work is whose."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import msgspec
import pytest
from msgspec import structs

from schemas.acts import BY_KIND
from schemas.custody import (
    Custody,
    Where,
    custody,
    due_by,
    hand_overs,
    open_opinion,
    opinion_by,
    opinions,
    told,
)
from schemas.deadlines import Why
from schemas.entries import Grant, Person, Role
from schemas.errors import Because
from schemas.fold import Dossier, Place, fold
from schemas.rules import Inner
from tests.schemas.histories import (
    AGENCY,
    MORNING,
    PROCEDURE,
    History,
    Step,
    appraised,
    history,
    informed,
    office,
    received,
)
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


# --- what is to leave the centre, and by when ---


def test_a_folder_of_a_procedure_that_is_not_done_on_the_spot_is_to_be_handed_over() -> None:
    """Within the day; with the agency, by the hour at which the result is due."""
    procedure = office().catalog.latest.procedure(PROCEDURE, MORNING.date())
    assert procedure is not None
    catalog = informed(msgspec.structs.replace(procedure, on_site=False))
    past = history(received())
    found = custody(past.dossier, (), catalog.latest)
    assert found == Custody(Where.TO_HAND_OVER, AGENCY, past.dossier.standing.received_at)
    assert custody(past.dossier, (), office().catalog.latest).where is Where.CENTRE
    calendar = catalog.latest.calendar()
    by = {one: due_by(one, past.dossier, calendar) for one in Where}
    assert by[Where.TO_HAND_OVER] == by[Where.HANDED_OVER] < by[Where.HELD] == by[Where.HANDED_BACK]
    assert by[Where.HELD] == past.dossier.standing.due
    assert by[Where.CENTRE] == ""


def test_a_hand_over_that_is_held_moves_no_folder_and_asks_nothing() -> None:
    for asks in (False, True):
        past = history(received(), forwarded(agency=OTHER, opinion=asks))
        lines = [structs.replace(line, place=Place.HELD) for line in past.dossier.timeline]
        assert hand_overs(lines, told(past)) == ()
        assert opinions(lines, told(past)) == ()


def test_an_opinion_is_open_until_it_is_given() -> None:
    past = history(received(), forwarded(agency=OTHER, opinion=True, until="2026-12-01"))
    question = open_opinion(past.dossier.standing)
    assert question is not None
    calendar = office().catalog.latest.calendar()
    assert opinion_by(question, calendar).startswith("2026-12-01T")
    assert open_opinion((past + answered(document="15/SXD")).dossier.standing) is None
    asked_openly = history(received(), forwarded(agency=OTHER, opinion=True))
    without_day = open_opinion(asked_openly.dossier.standing)
    assert without_day is not None
    assert opinion_by(without_day, calendar) == ""


# --- who sits at an agency ---

HANH: Final = Person("hanh", "Hạnh", "Chuyên viên", (Grant(Role.APPRAISER, date(2026, 1, 1)),), agency=OTHER)


def at_the_agency(*steps: Step) -> tuple[History, Dossier]:
    catalog = informed(HANH)
    past = history(*(one.but(catalog=catalog.name) if one.by == HANH.id else one for one in steps))
    return past, fold(past, catalog)


MINE: Final[dict[str, Any]] = {"by": "hanh", "node": "room-01.1"}


@pytest.mark.parametrize(
    ("before", "place"),
    [
        ([], Place.HELD),
        ([forwarded(agency="H37.01")], Place.HELD),
        ([forwarded(agency=OTHER)], Place.EFFECTIVE),
        ([forwarded(agency=OTHER), taken_over().but(**MINE)], Place.EFFECTIVE),
        ([forwarded(agency=OTHER), taken_over()], Place.HELD),
    ],
    ids=["another's", "with a third", "handed over to it", "taken by it", "taken back"],
)
def test_who_sits_at_an_agency_works_on_what_is_with_it(before: list[Step], place: Place) -> None:
    _, dossier = at_the_agency(received(), *before, appraised().but(**MINE))
    assert dossier.timeline[-1].place is place, dossier.timeline[-1].why
    assert place is Place.EFFECTIVE or dossier.timeline[-1].why.startswith(Because.AGENCY.value)


def test_the_agencys_own_person_takes_the_folder_and_has_it() -> None:
    past, dossier = at_the_agency(received(), forwarded(agency=OTHER), taken_over().but(**MINE))
    found = custody(dossier, hand_overs(dossier.timeline, told(past)), informed(HANH).latest)
    assert (found.where, found.agency) == (Where.HELD, OTHER)


def test_the_agency_that_was_asked_answers_without_a_letter() -> None:
    _, dossier = at_the_agency(received(), forwarded(agency=OTHER, opinion=True), answered().but(**MINE))
    assert dossier.timeline[-1].place is Place.EFFECTIVE, dossier.timeline[-1].why
