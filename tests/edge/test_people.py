"""PINs and passwords: right ones let in, wrong ones cost time, and nobody learns who exists."""

from __future__ import annotations

import threading

import pytest

from central.centre import Office
from edge.errors import WeakSecret, WrongPassword, WrongPin
from schemas.entries import Password, SignOut
from tests.centres import PINS, SmallCentre

PASSWORD = "con trâu đi trước cái cày"


def _wait(centre: SmallCentre, person: str, pin: str) -> int:
    with pytest.raises(WrongPin) as wrong:
        centre["counter-01"].people.check_pin(person, pin)
    return wrong.value.wait_s


def _give_password(centre: SmallCentre, person: str, password: str = PASSWORD) -> None:
    verifier = centre["central"].people.verifier(person, password)
    Office(centre["central"]).define([Password(person, verifier)], by="quan.nv")


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
    assert [_wait(centre, "viet.tq", "000000") for _ in range(3)] == [0, 0, 4]


def test_mistakes_survive_a_restart(centre: SmallCentre) -> None:
    """Pulling the plug does not buy new tries: the whole wait begins anew."""
    for _ in range(3):
        _wait(centre, "hanh.nh", "000000")
    centre.clock.forward(seconds=3)
    centre.reopen("counter-01")
    assert _wait(centre, "hanh.nh", PINS["hanh.nh"]) == 4


@pytest.mark.parametrize("hours", [-400, 400])
def test_turning_the_clock_buys_nothing(centre: SmallCentre, hours: int) -> None:
    """Forward or back, before a restart or after: the wait is measured by a stopwatch."""
    for _ in range(3):
        _wait(centre, "hanh.nh", "000000")
    centre.clock.turn(hours=hours)
    assert _wait(centre, "hanh.nh", PINS["hanh.nh"]) == 4
    centre.reopen("counter-01")
    assert _wait(centre, "hanh.nh", PINS["hanh.nh"]) == 4
    centre.clock.forward(seconds=5)
    centre["counter-01"].people.check_pin("hanh.nh", PINS["hanh.nh"])


def test_many_tries_at_once_are_counted_before_they_are_looked_at(centre: SmallCentre) -> None:
    """A tenth of a second is long enough for twenty guesses, if each is counted only afterwards."""
    looked_at = []

    def guess(pin: str) -> None:
        try:
            centre["counter-01"].people.check_pin("hanh.nh", pin)
        except WrongPin as why:
            looked_at.append(why.wait_s)

    threads = [threading.Thread(target=guess, args=(f"90{number:04d}",)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counted = centre["counter-01"]
    with counted.file.read() as connection:
        assert connection.execute("SELECT failures FROM attempt").fetchone() == (3,)
    assert len(looked_at) == 12


@pytest.mark.parametrize(
    "pin", ["12345", "123456", "876543", "111111", "121212", "12a456", "１２３４５６", "0" * 13]
)
def test_a_pin_that_is_easily_guessed_is_not_set(centre: SmallCentre, pin: str) -> None:
    """Too short, a run, hardly any digits: and the old one stays."""
    with pytest.raises(WeakSecret):
        centre["counter-01"].people.set_pin("hanh.nh", pin)
    centre["counter-01"].people.check_pin("hanh.nh", PINS["hanh.nh"])


@pytest.mark.parametrize("password", ["ngắn quá", "aaaaaaaaaaaaaaa", "hanh.nh hanh.nh", "Nguyễn thị gì đó"])
def test_a_password_that_is_easily_guessed_is_not_taken(centre: SmallCentre, password: str) -> None:
    """Too short, hardly any letters, one's own name."""
    with pytest.raises(WeakSecret):
        centre["counter-01"].people.verifier("hanh.nh", password)


def test_a_password_is_checked_offline_at_any_node_that_has_the_catalog(centre: SmallCentre) -> None:
    """Before the catalog came, nobody has one; then every node knows it, and the right one only."""
    counter = centre["counter-01"].people
    _give_password(centre, "hanh.nh")
    with pytest.raises(WrongPassword):
        counter.check_password("hanh.nh", PASSWORD)
    centre.meet()
    counter.check_password("hanh.nh", PASSWORD)
    with pytest.raises(WrongPassword):
        counter.check_password("hanh.nh", PASSWORD + "!")
    with pytest.raises(WrongPassword):
        counter.check_password("long.pd", PASSWORD)


def test_a_password_is_guessed_as_slowly_as_a_pin(centre: SmallCentre) -> None:
    """Its mistakes are its own: who guesses at one does not lock the other."""
    counter = centre["counter-01"].people
    waits = []
    for _ in range(3):
        with pytest.raises(WrongPassword) as wrong:
            counter.check_password("hanh.nh", "không phải câu này")
        waits.append(wrong.value.wait_s)
    assert waits == [0, 0, 4]
    counter.check_pin("hanh.nh", PINS["hanh.nh"])


def test_central_makes_stolen_pins_void_everywhere(centre: SmallCentre) -> None:
    """As soon as the catalog comes; a PIN that is set afterwards is good again."""
    counter = centre["counter-01"].people
    Office(centre["central"]).define([SignOut("hanh.nh", "mã PIN bị lộ", forget_pins=True)], by="quan.nv")
    counter.check_pin("hanh.nh", PINS["hanh.nh"])
    centre.meet()
    assert not counter.has_pin("hanh.nh")
    with pytest.raises(WrongPin):
        counter.check_pin("hanh.nh", PINS["hanh.nh"])
    counter.set_pin("hanh.nh", "907153")
    counter.check_pin("hanh.nh", "907153")
