"""Clocks that are wrong on bad days: asked about once, and nothing stops."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edge.chain import ClockBehind, ClockJumped
from edge.hour import Doubt
from schemas.events import Event
from schemas.fold import Dossier
from tests.centres import SmallCentre


def _clock_of(centre: SmallCentre, dossier: Dossier) -> str | None:
    (event,) = centre["counter-01"].projector.events_of(dossier.stream)
    assert isinstance(event, Event)
    return event.clock


def test_a_clock_that_nothing_speaks_against_is_believed(centre: SmallCentre) -> None:
    hour = centre["counter-01"].hour
    assert hour.doubt() is None
    assert _clock_of(centre, centre.receive()) is None
    centre.clock.forward(hours=11)
    assert hour.doubt() is None


def test_a_clock_behind_the_last_act_is_asked_about_once(centre: SmallCentre) -> None:
    """Until then it stops the act with both times; afterwards acts carry their doubt, and go on."""
    node = centre["counter-01"]
    centre.receive()
    centre.clock.turn(hours=-3)
    doubtful = node.hour.doubt()
    assert doubtful is not None
    assert doubtful.doubt is Doubt.BEHIND
    assert doubtful.known - doubtful.now > timedelta(hours=2)
    with pytest.raises(ClockBehind):
        centre.receive()

    node.hour.confirm("hanh.nh", right=True)
    assert node.hour.doubt() is None
    first = centre.receive()
    second = centre.receive()
    assert _clock_of(centre, first) == _clock_of(centre, second) == "unsure"
    assert second.timeline[0].at < doubtful.known.isoformat()


def test_a_clock_that_goes_back_again_is_asked_about_again(centre: SmallCentre) -> None:
    node = centre["counter-01"]
    centre.receive()
    centre.clock.turn(hours=-3)
    node.hour.confirm("hanh.nh", right=True)
    centre.receive()
    centre.clock.turn(hours=-3)
    assert node.hour.doubt() is not None


def test_a_clock_far_ahead_of_all_that_is_known_is_asked_about_once(centre: SmallCentre) -> None:
    """The morning after an evening without a line looks just like a clock that jumped."""
    node = centre["counter-01"]
    centre.receive()
    centre.clock.forward(hours=14)
    doubtful = node.hour.doubt()
    assert doubtful is not None
    assert doubtful.doubt is Doubt.AHEAD
    node.hour.confirm("hanh.nh", right=True)
    assert node.hour.doubt() is None
    assert _clock_of(centre, centre.receive()) == "unsure"
    assert node.hour.doubt() is None


def test_a_confirmation_survives_a_restart(centre: SmallCentre) -> None:
    centre.receive()
    centre.clock.forward(hours=14)
    centre["counter-01"].hour.confirm("hanh.nh", right=False)
    node = centre.reopen("counter-01")
    assert node.hour.doubt() is None
    assert node.hour.unsure
    assert node.hour.confirmed is not None
    assert not node.hour.confirmed.right


def test_a_contact_that_agrees_ends_the_doubt(centre: SmallCentre) -> None:
    """And while it lasts no clock is ahead."""
    node = centre["counter-01"]
    centre.receive()
    centre.clock.forward(hours=14)
    node.hour.confirm("hanh.nh", right=True)
    node.hour.measured(centre.clock().replace(microsecond=0))
    assert not node.hour.unsure
    assert _clock_of(centre, centre.receive()) is None
    centre.clock.forward(hours=13)
    node.hour.measured(centre.clock())
    assert node.hour.doubt() is None


def test_a_contact_that_does_not_agree_is_seen_and_ends_nothing(centre: SmallCentre) -> None:
    node = centre["counter-01"]
    centre.receive()
    centre.clock.forward(hours=14)
    node.hour.confirm("hanh.nh", right=True)
    node.hour.measured(centre.clock() - timedelta(minutes=7))
    assert node.hour.unsure
    assert node.hour.skew is not None
    assert round(node.hour.skew / timedelta(minutes=1)) == 7
    node.hour.measured(centre.clock())
    assert node.hour.skew is None


def test_central_is_what_others_are_measured_by(centre: SmallCentre) -> None:
    """A weekend without an act at the centre is no doubt."""
    centre.clock.forward(days=3)
    assert centre["central"].hour.doubt() is None


@pytest.mark.parametrize(("hours", "doubt"), [(5, Doubt.AHEAD), (-5, Doubt.BEHIND), (24 * 30, Doubt.AHEAD)])
def test_a_clock_that_jumps_while_the_machine_is_at_work_is_asked_about(
    centre: SmallCentre, hours: int, doubt: Doubt
) -> None:
    """Against the seconds that passed; before anything is written by it, and though nothing was written before."""
    node = centre["counter-01"]
    node.hour.watch(centre.clock.stopwatch)
    centre.clock.forward(hours=2)
    node.hour.watch(centre.clock.stopwatch)
    centre.clock.turn(hours=hours)
    node.hour.watch(centre.clock.stopwatch)  # what jumped is not taken for the right hour by looking again
    with pytest.raises(ClockJumped):
        centre.receive()
    doubtful = node.hour.doubt()
    assert doubtful is not None
    assert doubtful.doubt is doubt

    node.hour.confirm("hanh.nh", right=False)
    assert node.hour.doubt() is None or abs(hours) > 12
    assert _clock_of(centre, centre.receive()) == "unsure"
    centre.clock.turn(hours=-hours)
    node.hour.measured(centre.clock())
    assert node.hour.jumped_to() is None
    assert not node.hour.unsure


def test_a_night_in_which_the_machine_slept_is_no_jump(centre: SmallCentre) -> None:
    """The clock went on, and so did the seconds."""
    node = centre["counter-01"]
    node.hour.watch(centre.clock.stopwatch)
    centre.clock.forward(hours=9)
    assert node.hour.jumped_to() is None
    assert _clock_of(centre, centre.receive()) is None


def test_a_clock_that_was_wrong_and_jumps_is_measured_by_what_was_counted_past_it(
    centre: SmallCentre,
) -> None:
    """At 2016, and said to be wrong; then set to something else that is wrong: what was known goes on, not 2016."""
    node = centre["counter-01"]
    node.hour.watch(centre.clock.stopwatch)
    centre.receive()
    centre.clock.turn(days=-4015)
    node.hour.confirm("hanh.nh", right=False)
    centre.clock.forward(hours=1)
    known = node.hour.now()
    centre.clock.turn(days=4015, minutes=45)
    doubtful = node.hour.doubt()
    assert doubtful is not None
    assert abs(doubtful.known - known) < timedelta(minutes=1)
    node.hour.confirm("hanh.nh", right=False)
    assert abs(node.hour.now() - known) < timedelta(minutes=1)


def test_who_says_twice_that_a_clock_is_wrong_is_asked_no_more(centre: SmallCentre) -> None:
    """Also at a machine that has never been in contact: nothing but its own acts is known."""
    node = centre["counter-01"]
    centre.receive()
    centre.clock.turn(days=-4015)
    node.hour.confirm("hanh.nh", right=False)
    known = node.hour.now()
    assert node.hour.doubt() is None
    node.hour.confirm("hanh.nh", right=False)
    assert abs(node.hour.now() - known) < timedelta(minutes=1)
    assert node.hour.doubt() is None
    assert _clock_of(centre, centre.receive()) == "unsure"
    assert abs(centre.reopen("counter-01").hour.now() - known) < timedelta(minutes=1)
