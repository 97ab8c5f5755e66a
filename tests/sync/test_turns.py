"""Turns: so many at a time, as many more for a moment, and nobody waits in vain for long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from sync.errors import Unavailable
from sync.turns import Turns
from tests.waiting import until


class Room:
    """Who is in, and stays until `door` opens."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.inside, self.most = 0, 0
        self.door = threading.Event()
        self._counting = threading.Lock()

    def visit(self) -> None:
        with self._turns.taken():
            with self._counting:
                self.inside += 1
                self.most = max(self.most, self.inside)
            self.door.wait(30)
            with self._counting:
                self.inside -= 1


@contextmanager
def visiting(room: Room) -> Iterator[Callable[[int], list[Future[None]]]]:
    """So many come; whoever is still in leaves at the end."""
    with ThreadPoolExecutor(50) as people:
        try:
            yield lambda count: [people.submit(room.visit) for _ in range(count)]
        finally:
            room.door.set()


def test_some_are_in_some_wait_and_all_others_are_told_at_once_to_come_again() -> None:
    room = Room(Turns(at_once=2, waiting=3, patience_s=30, later_s=7))
    with visiting(room) as come:
        came = come(20)
        until(lambda: sum(one.done() for one in came) == 15)
        assert room.inside == 2
        whys = [one.exception() for one in came if one.done()]
        assert {(type(why), getattr(why, "retry_after_s", None)) for why in whys} == {(Unavailable, 7)}
        room.door.set()
        until(lambda: all(one.done() for one in came))
        assert sum(one.exception() is None for one in came) == 5
    assert (room.inside, room.most) == (0, 2)


def test_who_has_waited_for_a_moment_is_told_too_and_his_place_is_free_again() -> None:
    room = Room(Turns(at_once=1, waiting=1, patience_s=0.05, later_s=1))
    with visiting(room) as come:
        come(1)
        until(lambda: room.inside == 1)
        for _ in range(3):
            (waits,) = come(1)
            with pytest.raises(Unavailable):
                waits.result(30)
        room.door.set()
        until(lambda: room.inside == 0)
        (next_one,) = come(1)
        assert next_one.result(30) is None


def test_who_has_begun_to_answer_waits_for_as_long_as_it_takes() -> None:
    turns = Turns(at_once=1, waiting=0, patience_s=0, later_s=1)
    begun, goes_on = threading.Event(), threading.Event()

    def answers() -> None:
        begun.set()
        with turns.awaited():
            goes_on.set()

    with ThreadPoolExecutor(1) as one:
        with turns.taken():
            answered = one.submit(answers)
            assert begun.wait(30)
            assert not goes_on.is_set()
        answered.result(30)
    with turns.taken():
        pass


def test_whatever_happens_in_a_turn_it_ends() -> None:
    turns = Turns(at_once=1, waiting=0, patience_s=0, later_s=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turns.taken():
            raise ZeroDivisionError
    with turns.taken(), pytest.raises(Unavailable), turns.taken():
        pass
