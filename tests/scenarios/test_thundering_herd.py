"""Central is away for a day's work while all edges go on alone, and then all of them come back at once: real processes,
24 in the proof. The desk works meanwhile; and the same with a central that is killed again and again while it takes in.

A day's work is so many dossiers at each counter, not so many hours.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
import requests

from central.demo.visitor import PageError, Visitor
from central.verify import verify
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.ledger import Draft
from edge.node import Node
from edge.settings import read_settings
from schemas.acts import Party, ReceivedComponent
from schemas.events import StreamId
from tests.centres import PINS
from tests.proving import Times
from tests.scenarios.test_many_edges_one_new_central import PATIENCE_S, Processes, founded
from tests.waiting import until

OFFICER, LEADER = "huong.ltt", "dung.tt"
LONGEST_LIFE_S = 6.0
_LOOKED_AT = {OFFICER: ("/desk", "/held", "/outages"), LEADER: ("/reports", "/nodes", "/reports/06a")}


def works(centre: Processes, name: str, dossiers: int) -> set[str]:
    """A counter that nobody reaches receives so many dossiers; their streams."""
    folder = Folder(centre.data / name)
    node = Node(folder, read_settings(folder.path), clock=system_clock, ids=Ids())
    streams = set()
    try:
        for number in range(dossiers):
            stream = StreamId(node.ids.stream(system_clock()))
            party = Party(f"Nông Văn {name} {number}", f"0200850{number:05d}")
            draft = Draft("1.000703", party, (ReceivedComponent("Đơn đề nghị", 1),))
            node.ledger.receive(stream, draft, by="hanh.nh", spool=node.papers.spool_slip)
            streams.add(str(stream))
    finally:
        node.close()
    return streams


@dataclass
class People:
    """Who sits at central's desk and who leads it, looking at one page after the other. `pages`: how many they got."""

    url: str
    pages: int = 0
    failed: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def look(self, person: str) -> None:
        try:
            visitor = Visitor(self.url)
            page = visitor.open("/sign-in")
            visitor.press(page, page.form("pin"), person=person, pin=PINS[person])
            while not self.over.wait(0.2):
                for path in _LOOKED_AT[person]:
                    visitor.open(path)
                    self.pages += 1
        except (PageError, requests.RequestException) as why:
            self.failed.append(why)


@contextmanager
def people_at(url: str) -> Iterator[People]:
    """Each gets every page within the half minute that a browser waits, or it is a failure."""
    people = People(url)
    threads = [threading.Thread(target=people.look, args=(person,)) for person in _LOOKED_AT]
    for thread in threads:
        thread.start()
    try:
        yield people
    finally:
        people.over.set()
        for thread in threads:
            thread.join()


def day_alone(centre: Processes, dossiers: int) -> set[str]:
    """All machines have met central once; then it is gone, and each works by itself and looks for it."""
    centre.start("central")
    for name in centre.names:
        centre.start(name)
    entries = centre.entries("central")
    until(lambda: all(centre.entries(name) == entries for name in centre.names), patience_s=PATIENCE_S)
    centre.kill("central")
    for name in centre.names:
        centre.kill(name)
    streams: set[str] = set()
    for name in centre.names:
        streams |= works(centre, name, dossiers)
        centre.start(name)
    assert not streams & centre.streams("central")
    return streams


def nothing_is_lost(centre: Processes, streams: set[str]) -> None:
    until(lambda: streams <= centre.streams("central"), patience_s=PATIENCE_S)
    until(lambda: all(streams <= centre.streams(name) for name in centre.names), patience_s=PATIENCE_S)
    centre.stop()
    assert [str(one) for one in verify(centre.data).findings] == []


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_all_edges_come_back_at_once_and_the_desk_works_meanwhile(tmp_path: Path, times: Times) -> None:
    with founded(tmp_path / "centre", times(4, 24)) as (centre, _):
        streams = day_alone(centre, times(5, 40))
        centre.start("central")
        with people_at(centre.url) as people:
            until(lambda: streams <= centre.streams("central"), patience_s=PATIENCE_S)
        assert people.failed == []
        assert people.pages > 0
        nothing_is_lost(centre, streams)


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_a_central_that_is_killed_while_all_come_back_has_everything_in_the_end(
    tmp_path: Path, times: Times
) -> None:
    random = Random(12)
    with founded(tmp_path / "centre", times(3, 12)) as (centre, _):
        streams = day_alone(centre, times(5, 40))
        for _ in range(times(2, 20)):
            centre.start("central")
            threading.Event().wait(random.uniform(0.2, LONGEST_LIFE_S))
            centre.kill("central")
        centre.start("central")
        nothing_is_lost(centre, streams)
