"""The clock of a dossier: the printed moment, moved by what its procedure does not count, and by nothing else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from schemas.acts import Received
from schemas.catalog import Catalog
from schemas.clock import Tick, due_at, ticks
from schemas.clock import stopped as clock_stopped
from schemas.deadlines import AfterSupplement, Why
from schemas.entries import Procedure
from schemas.errors import Because
from schemas.events import timestamp
from schemas.fold import Dossier, Place, fold
from tests.schemas.histories import (
    PROCEDURE,
    History,
    Step,
    extended,
    history,
    informed,
    office,
    received,
    told,
)

PRINTED = "2026-11-27T09:30:00.000000Z"


def vietnamese(day: int, hour: int, month: int = 11) -> datetime:
    """A moment of late 2026 in Lạng Sơn, as UTC."""
    return datetime(2026, month, day, hour - 7, tzinfo=UTC)


def where(**terms: Any) -> Catalog:
    """The sample centre, where the procedure says of its time what a test is about."""
    procedure = office().catalog.latest.procedure(PROCEDURE, date(2026, 11, 23))
    assert isinstance(procedure, Procedure)
    return informed(msgspec.structs.replace(procedure, **terms))


def shown(catalog: Catalog, *steps: Step) -> Dossier:
    """A dossier received and worked on by nodes that have all of this catalog."""
    return fold(history(*(step.but(catalog=catalog.name) for step in steps)), catalog)


def stopped(why: str, at: datetime) -> Step:
    return told("dossier.clock_stopped", "lan", "room-01.1", why=why, reason="Niêm yết 5 ngày").but(at=at)


def resumed(at: datetime) -> Step:
    return told("dossier.clock_resumed", "lan", "room-01.1", text="Hết niêm yết").but(at=at)


def asked_and_supplied() -> list[Step]:
    """Asked on Thursday, supplied on the Friday of the week after."""
    rows = [{"name": "Giấy đề nghị", "why": "mờ"}]
    return [
        told("dossier.forwarded", "hoa", "counter-01.1", room="4"),
        told("dossier.supplement_requested", "lan", "room-01.1", components=rows, reason="mờ").but(
            at=vietnamese(26, 9)
        ),
        told("dossier.supplied", "hoa", "counter-01.1").but(at=vietnamese(4, 9, 12)),
    ]


def test_what_was_never_received_has_no_clock() -> None:
    nothing = shown(office().catalog)
    assert ticks(nothing.standing, office().catalog.latest.calendar()) == ()
    assert due_at(nothing.standing, office().catalog.latest.calendar()) == ""


def test_publication_is_not_counted_where_the_procedure_says_so() -> None:
    """Three working days from Monday, the day of culture off: Friday. Published Wednesday to Monday: Wednesday after."""
    catalog = where(not_counted=(Why.PUBLICATION,))
    calendar = catalog.latest.calendar()
    begun = [received(), stopped("publication", vietnamese(25, 9))]
    waiting = shown(catalog, *begun)
    assert due_at(waiting.standing, calendar) == ""
    over = shown(catalog, *begun, resumed(vietnamese(30, 9)))
    assert [line.place for line in over.timeline] == [Place.EFFECTIVE] * 3
    assert ticks(over.standing, calendar)[-1] == Tick(
        timestamp(vietnamese(30, 9)), timestamp(datetime(2026, 12, 2, 9, 30, tzinfo=UTC))
    )


def test_the_clock_is_not_stopped_for_what_the_procedure_counts() -> None:
    past = history(received(), stopped("publication", vietnamese(25, 9)))
    assert past.place_of_last is Place.IRREGULAR
    assert past.why("clock_stopped").startswith(Because.DATA.value)
    assert due_at(past.dossier.standing, office().catalog.latest.calendar()) == PRINTED


def test_an_opinion_of_another_agency_is_waited_for_only_where_the_procedure_says_so() -> None:
    steps = [
        received(),
        told("dossier.forwarded", "hoa", "counter-01.1", agency="H37.09", opinion=True).but(
            at=vietnamese(25, 9)
        ),
        told("dossier.taken_over", "lan", "room-01.1").but(at=vietnamese(27, 9)),
    ]
    catalog = where(not_counted=(Why.OPINION,))
    calendar = catalog.latest.calendar()
    assert due_at(shown(catalog, *steps).standing, calendar) == "2026-12-01T09:30:00.000000Z"
    assert due_at(shown(office().catalog, *steps).standing, calendar) == PRINTED


@pytest.mark.parametrize(
    ("after", "due"),
    [
        # Wednesday was day one, the Thursday on which it was asked day two, Monday is day three
        (AfterSupplement.RESUME, "2026-12-07T09:30:00.000000Z"),
        # three days from that Friday on
        (AfterSupplement.RESTART, "2026-12-09T09:30:00.000000Z"),
    ],
)
def test_after_a_supplement_the_limit_goes_on_or_starts_anew_as_the_procedure_says(
    after: AfterSupplement, due: str
) -> None:
    catalog = where(after_supplement=after)
    dossier = shown(catalog, received(), *asked_and_supplied())
    assert due_at(dossier.standing, catalog.latest.calendar()) == due


def test_a_supplement_is_waited_for_at_the_agency_s_cost_where_the_procedure_counts_it() -> None:
    catalog = where(not_counted=())
    dossier = shown(catalog, received(), *asked_and_supplied())
    assert due_at(dossier.standing, catalog.latest.calendar()) == PRINTED


def test_a_dossier_for_an_agency_elsewhere_is_counted_from_when_that_agency_has_it() -> None:
    """Received here on Monday, taken over there on Thursday: three working days from Thursday on."""
    came = received().saying(elsewhere=True)
    there = told("dossier.taken_over", "lan", "room-01.1").but(at=vietnamese(26, 9))
    past = history(came, told("dossier.forwarded", "hoa", "counter-01.1", agency="H37.09"))
    calendar = office().catalog.latest.calendar()
    assert due_at(past.dossier.standing, calendar) == PRINTED
    assert due_at((past + there).dossier.standing, calendar) == "2026-12-01T09:30:00.000000Z"


def test_form_04_asks_for_more_and_is_told_beside_the_promise() -> None:
    past = history(received(), extended(3))
    calendar = office().catalog.latest.calendar()
    assert due_at(past.dossier.standing, calendar) == "2026-12-03T09:30:00.000000Z"
    assert [tick.due for tick in ticks(past.dossier.standing, calendar)] == [PRINTED]


def test_the_version_of_the_day_of_reception_says_what_is_counted() -> None:
    """A later version of the procedure changes nothing for what is under way."""
    before = where(not_counted=(Why.PUBLICATION,))
    past = history(
        received().but(catalog=before.name),
        stopped("publication", vietnamese(25, 9)).but(catalog=before.name),
        resumed(vietnamese(30, 9)).but(catalog=before.name),
    )
    standing = fold(past, before).standing
    assert standing.terms is not None
    assert standing.terms.not_counted == (Why.PUBLICATION,)
    data = standing.receipt.data if standing.receipt else None
    assert isinstance(data, Received)
    assert due_at(standing, before.latest.calendar()) > data.due


def checked(happened_at: datetime, due: str, **changes: Any) -> Step:
    """The desk says when the papers of the first act really came."""

    def data(past: History) -> dict[str, str]:
        return {
            "of": next(iter(past.events)),
            "happened_at": timestamp(happened_at),
            "due": due,
            "reason": "Sổ",
        }

    return Step("dossier.due_checked", "thu", "central.1", data).but(**changes)


def test_the_desk_says_when_papers_came_that_an_unsure_clock_wrote_down() -> None:
    """Written down three days early: the due moment goes on by three days, and the printed one is kept in its event."""
    due = "2026-12-01T09:30:00.000000Z"
    past = history(received(), checked(vietnamese(26, 9), due))
    calendar, standing = office().catalog.latest.calendar(), past.dossier.standing
    assert past.place_of_last is Place.EFFECTIVE
    assert standing.received_at == timestamp(vietnamese(26, 9))
    assert (due_at(standing, calendar), standing.due, standing.first_due) == (due, due, due)
    assert ticks(standing, calendar) == (Tick(timestamp(vietnamese(26, 9)), due),)
    assert standing.receipt is not None
    assert standing.receipt.data.due == PRINTED


def test_a_check_may_bring_the_due_moment_forward_and_form_04_asks_for_more_after_it() -> None:
    due = "2026-11-26T09:30:00.000000Z"
    calendar = office().catalog.latest.calendar()
    past = history(received(), checked(vietnamese(20, 9), due))
    assert due_at(past.dossier.standing, calendar) == due
    more = past + extended(3)
    assert due_at(more.dossier.standing, calendar) == "2026-12-03T09:30:00.000000Z"
    assert more.dossier.standing.first_due == due


def test_two_desks_that_check_one_reception_differently_are_contested() -> None:
    past = history(received())
    one, other = "2026-11-26T09:30:00.000000Z", "2026-12-01T09:30:00.000000Z"
    apart = (past + checked(vietnamese(20, 9), one)) | (
        past + checked(vietnamese(20, 9), other, node="central.2")
    )
    (conflict,) = apart.dossier.conflicts
    assert conflict.rows == ("other_decisions",)
    assert apart.dossier.standing.due == PRINTED


def test_a_check_is_of_the_reception_that_stands() -> None:
    def other(past: History) -> dict[str, str]:
        return {"of": "0" * 64, "happened_at": timestamp(vietnamese(20, 9)), "due": PRINTED, "reason": "Sổ"}

    past = history(received(), Step("dossier.due_checked", "thu", "central.1", other))
    assert past.place_of_last is Place.HELD
    assert past.why("due_checked").startswith(Because.DATA.value)


def test_why_a_clock_stands_still_and_since_when() -> None:
    """Two reasons at once: told is the first moment, and the reason that came last and still holds."""
    catalog = where(not_counted=(Why.PUBLICATION, Why.SUPPLEMENT))
    calendar = catalog.latest.calendar()
    steps = [received(), stopped("publication", vietnamese(25, 9))]
    still = clock_stopped(shown(catalog, *steps).standing, calendar)
    assert still == Tick(timestamp(vietnamese(25, 9)), "", "publication")
    over = [*steps, resumed(vietnamese(30, 9))]
    assert clock_stopped(shown(catalog, *over).standing, calendar) is None
