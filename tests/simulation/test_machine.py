"""The machine that the simulation breaks: a power cut leaves exactly what a killed process would leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from central.simulation import deeds
from central.simulation.founding import found, places
from central.simulation.machine import Machine
from central.simulation.network import Line, Trouble
from central.simulation.world import World
from edge.node import server_uuid
from sync.errors import DiskFull, Unavailable
from sync.peer import LocalPeer


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Machine]:
    found(tmp_path, 3)
    place = places(3)[1]
    machine = Machine(place.title, tmp_path / place.title, World(1), place.duties)
    machine.start()
    yield machine
    machine.stop()


def received(machine: Machine) -> int:
    return machine.node.stores["dossiers"].info().doc_count


def receive(machine: Machine) -> None:
    deeds.receive(machine, deeds.fill_in(machine, Random(1)))


def receive_until_nothing_more_fits(machine: Machine) -> None:
    while True:
        receive(machine)


@pytest.mark.parametrize("statements", [1, 5, 12, 20])
def test_before_the_commit_nothing_is_there(counter: Machine, statements: int) -> None:
    receive(counter)
    with counter.in_danger(statements, torn=False):
        receive(counter)
    assert counter.dying
    counter.bury(back_at=0)
    counter.start()
    assert received(counter) == 1
    receive(counter)
    assert received(counter) == 2


@pytest.mark.parametrize("share", range(12))
def test_a_torn_commit_is_there_whole_or_not_at_all(counter: Machine, share: int) -> None:
    """The file opens and is sound, whatever part of the log was written."""
    receive(counter)
    counter.world.chance = Random(share)
    with counter.in_danger(5, torn=True):
        receive(counter)
    counter.bury(back_at=0)
    counter.start()
    with counter.node.file.read() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert received(counter) in (1, 2)


def test_who_calls_a_machine_that_has_lost_its_power_gets_no_answer(counter: Machine) -> None:
    peer = LocalPeer(counter.node.stores["dossiers"], server_uuid=server_uuid(counter.node.id), source=None)
    line = Line(peer, (counter, counter), Trouble(), lambda fault: None, lambda documents: None)
    assert line.revs_diff({}) == {}
    with counter.in_danger(5, torn=False):
        receive(counter)
        with pytest.raises(Unavailable):
            line.revs_diff({})
    counter.bury(back_at=0)


def test_a_full_disk_takes_nothing_until_there_is_room(counter: Machine) -> None:
    counter.fill_disk(0, until=9)
    with pytest.raises(DiskFull):
        receive_until_nothing_more_fits(counter)
    before = received(counter)
    counter.free_disk()
    receive(counter)
    assert received(counter) == before + 1
