"""A ticket's day: taken, called, skipped, handed on, served; and called at two counters that had not seen each other."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.acts import VisitStatus
from schemas.events import Event
from schemas.queue import (
    Turn,
    day_of,
    estimate,
    in_line,
    measured,
    number_of,
    read_ticket,
    scores,
    stream_of,
    streams_from,
    ticket,
    turn_of,
)
from tests.schemas.histories import History, Step, history, told

DAY = date(2026, 11, 26)
STREAM = stream_of(DAY, "A-047")
ONE, TWO, THREE = "Quầy 01", "Quầy 02", "Quầy 03"


def taken(name: str = "A-047", node: str = "counter-01.1", **more: str) -> Step:
    return told("visit.ticket_taken", "", node, ticket=name, queue="Đất đai", **more)


def at_one(act: str, counter: str = ONE) -> Step:
    return told(f"visit.{act}", "hoa", "counter-01.1", counter=counter)


def at_two(act: str, counter: str = TWO) -> Step:
    return told(f"visit.{act}", "minh", "counter-02.1", counter=counter)


def turn(past: History) -> Turn:
    found = turn_of(past.dossier, [event for event in past if isinstance(event, Event)])
    assert found is not None
    return found


def drawn(*steps: Step) -> History:
    return history(taken(), *steps, stream=STREAM)


# ---- numbers and streams


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("A-047", "A-047"),
        ("a47", "A-047"),
        (" b 1204 ", "B-1204"),
        ("A0", None),
        ("47", None),
        ("A-12345", None),
    ],
)
def test_a_number_is_understood_as_people_say_it(said: str, read: str | None) -> None:
    assert read_ticket(said) == read


def test_whoever_knows_the_number_knows_the_stream() -> None:
    """A UUIDv7 of its day's midnight: all of a day lie together, and no two numbers share one."""
    names = {stream_of(DAY, ticket("A", number)) for number in range(1, 400)}
    assert len(names) == 399
    assert all(name.startswith(streams_from(DAY)) for name in names)
    assert all(name[12] == "7" and name[16] in "89ab" for name in names)
    assert stream_of(date(2026, 11, 27), "A-047") > max(names)
    assert {day_of(name) for name in names} == {DAY}
    assert streams_from(DAY) < stream_of(DAY, "A-001") < streams_from(date(2026, 11, 27))


# ---- one visit


def test_a_ticket_that_is_called_is_at_its_counter_until_it_was_served() -> None:
    called = drawn(at_one("called"))
    assert (turn(called).status, turn(called).counters) == (VisitStatus.CALLED, (ONE,))
    served = turn(called + at_one("served"))
    assert (served.status, served.calls) == (VisitStatus.SERVED, ())
    assert served.served_s is not None


def test_a_ticket_handed_to_another_counter_waits_for_that_one_only() -> None:
    """Without a new number, and before everybody who waits there."""
    past = drawn(at_one("called"), at_one("transferred", THREE))
    handed, other = turn(past), turn(history(taken("A-001"), stream=stream_of(DAY, "A-001")))
    assert (handed.status, handed.bound_for) == (VisitStatus.WAITING, THREE)
    assert in_line([other, handed], THREE, "09:00") == [handed, other]
    assert in_line([other, handed], ONE, "09:00") == [other]
    assert turn(past + told("visit.called", "minh", "counter-02.1", counter=THREE)).bound_for == ""


def test_no_ticket_no_turn() -> None:
    assert turn_of(history(at_one("called"), stream=STREAM).dossier, []) is None


def test_a_ticket_written_down_at_the_counter_and_at_the_kiosk_is_one() -> None:
    """The kiosk was out of reach: the counter took down the number that the visitor held, and served it."""
    kiosk = drawn()
    counter = History(kiosk.notebook, {}) + taken(node="counter-02.1") + at_two("called") + at_two("served")
    both = turn(kiosk | counter)
    assert (both.ticket, both.status) == ("A-047", VisitStatus.SERVED)


# ---- called twice


def test_called_at_two_counters_apart_is_seen_at_both() -> None:
    past = drawn()
    both = turn((past + at_one("called")) | (past + at_two("called")))
    assert both.twice
    assert both.disputed
    assert set(both.counters) == {ONE, TWO}
    assert both.is_at(ONE)
    assert both.is_at(TWO)


def test_called_again_where_the_visitor_is_puts_it_right() -> None:
    """Whichever of the two says so; that it was called twice is never forgotten."""
    past = drawn()
    both = (past + at_one("called")) | (past + at_two("called"))
    for said in (at_one("recalled", TWO), at_two("recalled")):
        settled = turn(both + said)
        assert (settled.counters, settled.disputed, settled.twice) == ((TWO,), False, True)


def test_two_who_put_it_right_apart_and_otherwise_are_asked_again() -> None:
    past = drawn()
    both = (past + at_one("called")) | (past + at_two("called"))
    again = (both + at_one("recalled", ONE)) | (both + at_two("recalled", TWO))
    assert turn(again).disputed
    agreed = (both + at_one("recalled", TWO)) | (both + at_two("recalled", TWO))
    assert not turn(agreed).disputed


def test_called_twice_and_served_at_one_of_them_is_served() -> None:
    """Nobody is asked any more; both counters still see that it was called at two."""
    past = drawn()
    served = turn((past + at_one("called") + at_one("served")) | (past + at_two("called")))
    assert (served.status, served.disputed, served.twice) == (VisitStatus.SERVED, False, True)
    assert served.served is not None
    assert served.served.counter == ONE


def test_skipped_at_one_and_called_at_the_other_is_at_the_other() -> None:
    past = drawn()
    called = turn((past + at_one("called") + at_one("skipped")) | (past + at_two("called")))
    assert (called.status, called.counters) == (VisitStatus.CALLED, (TWO,))


def test_called_again_at_one_counter_is_no_second_call() -> None:
    assert not turn(drawn(at_one("called"), at_one("recalled"))).twice


# ---- who is next, and when


def test_who_goes_first_is_called_first_and_an_appointment_from_its_hour_on() -> None:
    early = turn(history(taken("A-001"), stream=stream_of(DAY, "A-001")))
    old = turn(history(taken("A-002", priority="elderly"), stream=stream_of(DAY, "A-002")))
    booked = turn(
        history(taken("A-003", priority="appointment", hour="09:30"), stream=stream_of(DAY, "A-003"))
    )
    everybody = [booked, early, old]
    assert in_line(everybody, ONE, "09:29") == [old, early, booked]
    assert in_line(everybody, ONE, "09:30") == [old, booked, early]
    assert in_line(everybody, ONE, "09:30", not_served={"A"}) == []


def test_the_wait_is_estimated_from_what_services_took() -> None:
    assert estimate(0, [], 1) == 0
    assert estimate(4, [300, 300], 1) is None, "two services say nothing"
    assert estimate(2, [240, 300, 3000], 1) == 10
    assert estimate(5, [300, 300, 300], 1) == 25
    assert estimate(6, [300, 300, 310], 2) == 15
    assert estimate(7, [300, 300, 310], 2) == 20, "17.5 minutes, in steps of five"


def test_only_one_clock_measures_a_service() -> None:
    """Called by one machine and ended by another: their clocks may differ by minutes."""
    here = turn(drawn(at_one("called"), at_one("served")))
    elsewhere = turn(drawn(at_one("called"), at_two("served")))
    assert measured([here, elsewhere], "A") == [here.served_s]
    assert elsewhere.served_s is None
    assert measured([here], "B") == []


def test_the_count_of_a_ticket() -> None:
    assert (number_of("A-047"), number_of("A1")) == (47, 0)


# ---- ratings


def rated(level: int, reason: str = "", node: str = "counter-01.1") -> Step:
    said = {"phase": "reception", "level": level, "satisfied": level >= 4, "reason": reason}
    return told("visit.rated", "", node, **said)


def test_a_score_says_how_many_gave_one() -> None:
    """Three were served, two rated; the third said nothing and counts against the rate, not the score."""
    served = (at_one("called"), at_one("served"))
    past = [
        drawn(*served, rated(5)),
        drawn(*served, rated(2, "Chờ lâu, làm lâu")),
        drawn(at_two("called"), at_two("served")),
        drawn(),
    ]
    every, one, two = scores([turn(each) for each in past])
    assert (every.served, every.rated, every.satisfied) == (3, 2, 1)
    assert (one.counter, one.served, one.rated, one.reasons) == (ONE, 2, 2, {"Chờ lâu, làm lâu": 1})
    assert (two.counter, two.served, two.rated, two.levels) == (TWO, 1, 0, {})


def test_of_two_ratings_of_one_phase_the_first_counts() -> None:
    """At the kiosk and at the counter's tablet, apart: both stand, one is counted."""
    past = drawn(at_one("called"), at_one("served"))
    both = turn((past + rated(5)) | (past + rated(2, "Chờ lâu, làm lâu", "counter-02.1")))
    assert [rating.level for rating in both.ratings] == [5]
