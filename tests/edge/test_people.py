"""PINs: right ones let in, wrong ones cost time, and nobody learns who exists."""

from __future__ import annotations

import pytest

from edge.errors import WrongPin
from tests.centres import PINS, SmallCentre


def _wait(centre: SmallCentre, person: str, pin: str) -> int:
    with pytest.raises(WrongPin) as wrong:
        centre["counter-01"].people.check_pin(person, pin)
    return wrong.value.wait_s


def test_the_right_pin_lets_in(centre: SmallCentre) -> None:
    """At the node where it was set, without any network."""
    centre["counter-01"].people.check_pin("hanh.nh", PINS["hanh.nh"])


def test_each_mistake_after_the_second_costs_more_time(centre: SmallCentre) -> None:
    """Two free tries, then the wait doubles; within it not even the right PIN is looked at."""
    waits = []
    for _ in range(5):
        waits.append(_wait(centre, "hanh.nh", "000000"))
        centre.clock.forward(seconds=waits[-1] + 1)
    assert waits == [0, 0, 4, 8, 16]

    _wait(centre, "hanh.nh", "000000")
    assert _wait(centre, "hanh.nh", PINS["hanh.nh"]) > 0
    centre.clock.forward(minutes=1)
    centre["counter-01"].people.check_pin("hanh.nh", PINS["hanh.nh"])
    assert _wait(centre, "hanh.nh", "000000") == 0


def test_somebody_without_a_pin_is_refused_like_anybody(centre: SmallCentre) -> None:
    """The answer does not tell whether the person exists."""
    assert _wait(centre, "nobody", "000000") == 0


def test_mistakes_survive_a_restart(centre: SmallCentre) -> None:
    """Pulling the plug does not buy new tries."""
    for _ in range(3):
        _wait(centre, "hanh.nh", "000000")
    centre.reopen("counter-01")
    assert _wait(centre, "hanh.nh", PINS["hanh.nh"]) > 0
