"""What goes on as long as a node runs goes on whatever went wrong once."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from central.enrolment import Enrolment
from edge import local_socket, roads
from edge.courier import Courier, Given
from edge.lines import line_to
from edge.roads import Roads
from edge.sticks import Sticks
from edge.upkeep import Upkeep
from sync.errors import DiskFull
from tests.centres import SmallCentre
from tests.waiting import until


class Once:
    """Fails as it is told to at the first call, and does what it should do at every other one."""

    def __init__(self, why: Exception, then: Callable[..., object]) -> None:
        self._why: Exception | None = why
        self._then = then
        self.calls = 0

    def __call__(self, *said: object, **more: object) -> object:
        self.calls += 1
        why, self._why = self._why, None
        if why is not None:
            raise why
        return self._then(*said, **more)


def entry(centre: SmallCentre) -> None:
    """Central says something new."""
    Enrolment(centre["central"]).revoke("counter-02.1", "stolen", by="quan.nv")


def test_peers_are_looked_at_again_after_a_fault(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a machine would never hear of a new central."""
    monkeypatch.setattr(roads, "CATALOG_S", 0.02)
    lines = Roads(centre["counter-01"])
    look = Once(OSError(errno.EMFILE, "Too many open files"), lines.look)
    monkeypatch.setattr(lines, "look", look)
    lines.start()
    try:
        entry(centre)
        centre.copy(centre["central"], centre["counter-01"], "catalog")
        until(lambda: look.calls >= 2)
    finally:
        lines.stop()


def test_what_follows_from_an_entry_is_done_when_the_disk_has_room_again(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else brings it: the entry is there, and is not brought again."""
    counter = centre["counter-01"]
    told: list[bool] = []
    counter.on_catalog.append(lambda: told.append(True))
    monkeypatch.setattr(counter.redactions, "apply", Once(DiskFull("no room"), counter.redactions.apply))
    entry(centre)
    with pytest.raises(DiskFull):
        centre.copy(centre["central"], counter, "catalog")
    assert told == []
    Upkeep(counter).turn()
    assert told == [True]


def test_a_stick_that_fails_in_a_way_that_nobody_foresaw_can_be_tried_again(
    centre: SmallCentre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    courier = Courier(centre["counter-01"])
    sticks = Sticks(courier)
    given = Given("central.1", str(tmp_path / "a"), 1, {})
    monkeypatch.setattr(courier, "give", Once(OSError(errno.EIO, "Input/output error"), lambda *told: given))
    sticks.give("central.1", tmp_path)
    sticks.wait()
    assert sticks.errand is not None
    assert sticks.errand.over
    assert "Input/output error" in str(sticks.errand.problem)
    sticks.give("central.1", tmp_path)
    sticks.wait()
    assert sticks.errand.outcome == given


class Listening:
    """A socket of the system that has no file left for a caller, then has one, and then is shut."""

    def __init__(self) -> None:
        self.ours, theirs = socket.socketpair()
        self._next: list[object] = [OSError(errno.EMFILE, ""), (theirs, ""), OSError(errno.EINVAL, "")]

    def accept(self) -> object:
        what = self._next.pop(0)
        if isinstance(what, Exception):
            raise what
        return what


def test_a_socket_that_could_let_nobody_in_for_a_moment_does_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_socket, "_PAUSE_S", 0.0)
    line = Listening()
    local_socket._accept(line, "status", lambda asking: asking.sendall(b"here"))  # type: ignore[arg-type]
    assert line.ours.recv(4) == b"here"
    line.ours.close()
    until(lambda: not any(thread.name == "status" for thread in threading.enumerate()))


def test_an_address_that_can_be_none_is_a_machine_that_does_not_answer() -> None:
    with pytest.raises(OSError, match="no address"), line_to("https://10.0.0.13:86000", lambda der: True, 1):
        pass
