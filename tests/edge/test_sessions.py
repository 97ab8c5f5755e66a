"""Sessions live at the machine: they lock, they end, and nobody prolongs one by turning a clock."""

from __future__ import annotations

from central.centre import Office
from edge.node import Node
from edge.sessions import Session
from schemas.entries import SignOut
from tests.centres import SmallCentre


def _found(node: Node, token: str) -> Session:
    session = node.sessions.get(token)
    assert session is not None
    return session


def test_a_session_survives_a_restart_and_a_token_is_not_in_the_file(centre: SmallCentre) -> None:
    """Who reads the disk finds nothing to put into a cookie."""
    node = centre["counter-01"]
    token = node.sessions.begin("hanh.nh", how="pin")
    node = centre.reopen("counter-01")
    assert _found(node, token).person == "hanh.nh"
    assert not _found(node, token).locked
    assert token.encode() not in node.folder.database.read_bytes()


def test_a_made_up_token_is_nobody(centre: SmallCentre) -> None:
    assert centre["counter-01"].sessions.get("0" * 64) is None
    assert centre["counter-01"].sessions.get(None) is None


def test_a_session_that_ended_stays_ended_for_a_request_that_holds_it_still(centre: SmallCentre) -> None:
    """Somebody signs out all browsers while one of them is about to say that its person was there."""
    node = centre["counter-01"]
    token = node.sessions.begin("hanh.nh", how="pin")
    held = _found(node, token)
    centre.clock.forward(minutes=2)
    node.sessions.end_all("hanh.nh")
    node.sessions.touch(held)
    node.sessions.lock(held)
    node.sessions.unlock(held)
    node.sessions.owe(held, "pin")
    assert node.sessions.get(token) is None
    assert centre.reopen("counter-01").sessions.get(token) is None


def test_nobody_at_the_screen_locks_it(centre: SmallCentre) -> None:
    """And only the PIN opens it again, not the mere passing of time."""
    sessions = centre["counter-01"].sessions
    token = sessions.begin("hanh.nh", how="pin")
    centre.clock.forward(minutes=14)
    sessions.touch(_found(centre["counter-01"], token))
    centre.clock.forward(minutes=14)
    assert not _found(centre["counter-01"], token).locked
    centre.clock.forward(minutes=2)
    assert _found(centre["counter-01"], token).locked
    sessions.unlock(_found(centre["counter-01"], token))
    assert not _found(centre["counter-01"], token).locked


def test_a_clock_turned_back_keeps_no_screen_open(centre: SmallCentre) -> None:
    """The stopwatch runs on."""
    token = centre["counter-01"].sessions.begin("hanh.nh", how="pin")
    centre.clock.turn(hours=-5)
    centre.clock.forward(minutes=16)
    assert _found(centre["counter-01"], token).locked


def test_a_clock_turned_back_over_a_restart_locks(centre: SmallCentre) -> None:
    """Then nothing can tell how long nobody was there."""
    token = centre["counter-01"].sessions.begin("hanh.nh", how="pin")
    centre.clock.turn(minutes=-10)
    assert _found(centre.reopen("counter-01"), token).locked


def test_a_clock_that_jumps_ahead_locks_and_ends_nothing(centre: SmallCentre) -> None:
    """Whose screen it is stays known: what they had typed is kept for them."""
    token = centre["counter-01"].sessions.begin("hanh.nh", how="pin")
    centre.clock.turn(days=5)
    assert _found(centre["counter-01"], token).locked


def test_a_day_later_a_session_is_over(centre: SmallCentre) -> None:
    token = centre["counter-01"].sessions.begin("hanh.nh", how="pin")
    centre.clock.forward(hours=17)
    assert centre["counter-01"].sessions.get(token) is None
    assert centre.reopen("counter-01").sessions.get(token) is None


def test_signing_out_everywhere_here_leaves_the_one_screen(centre: SmallCentre) -> None:
    """A browser that was forgotten at the next desk is signed out; others' people are not."""
    sessions = centre["counter-01"].sessions
    here, there = (sessions.begin("hanh.nh", how="pin") for _ in range(2))
    other = sessions.begin("long.pd", how="pin")
    assert sessions.end_all("hanh.nh", but=_found(centre["counter-01"], here).id) == 1
    assert sessions.get(there) is None
    assert sessions.get(here) is not None
    assert sessions.get(other) is not None
    assert len(sessions.of("hanh.nh")) == 1


def test_central_signs_somebody_out_of_every_machine(centre: SmallCentre) -> None:
    """As soon as the catalog comes, whatever the machine's clock says; who signs in after that stays."""
    counter = centre["counter-01"]
    before = counter.sessions.begin("hanh.nh", how="pin")
    Office(centre["central"]).define([SignOut("hanh.nh", "để quên máy mở")], by="quan.nv")
    assert counter.sessions.get(before) is not None
    centre.meet()
    assert counter.sessions.get(before) is None
    after = counter.sessions.begin("hanh.nh", how="pin")
    assert counter.sessions.get(after) is not None
    assert counter.people.has_pin("hanh.nh")
