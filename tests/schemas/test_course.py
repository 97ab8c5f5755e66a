"""The course of a dossier: for whom it waited, how long, and whether its result came on the day of the reception."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.course import Wait, course_of
from schemas.events import timestamp
from tests.schemas.histories import appraised, approved, history, received, returned, sent_back, told

LATER = timestamp(datetime(2026, 12, 30, tzinfo=UTC))


def test_each_wait_ends_with_the_act_that_it_was_for() -> None:
    """Received, appraised, sent back, appraised again, approved; the last wait goes on until somebody comes."""
    course = course_of(history(received(), appraised(), sent_back(), appraised(), approved()).dossier)
    assert [leg.wait for leg in course.legs] == [
        Wait.APPRAISER,
        Wait.APPROVER,
        Wait.APPRAISER,
        Wait.APPROVER,
        Wait.COUNTER,
    ]
    waits = course.legs[-1]
    assert (waits.by, waits.until) == ("", "")
    assert course.result_at == waits.since
    assert course.same_visit
    assert sum(leg.minutes(LATER) for leg in course.legs[:-1]) <= course.minutes_to_result(LATER)


def test_who_waits_for_papers_waits_again_for_whom_they_waited_before() -> None:
    components = [{"name": "Bản sao hộ khẩu", "why": "thiếu"}]
    asked = told("dossier.supplement_requested", "lan", "room-01.1", components=components, reason="Thiếu")
    supplied = told("dossier.supplied", "hoa", "counter-01.1", components=[{"name": "Đơn", "originals": 1}])
    course = course_of(history(received(), appraised(), asked, supplied).dossier)
    assert [leg.wait for leg in course.legs] == [
        Wait.APPRAISER,
        Wait.APPROVER,
        Wait.CITIZEN,
        Wait.APPROVER,
    ]


def test_what_is_returned_waits_for_nobody() -> None:
    course = course_of(history(received(), appraised(), approved(), returned()).dossier)
    assert course.over
    assert course.legs[-1].until
    assert course.legs[-1].wait is Wait.COUNTER
