"""The queue over real lines: a kiosk and two counters, with central and without, and a counter that is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import msgspec
import pytest

from central.centre import Numbers, Place, enrol
from central.demo.plan import QUEUES
from edge.folder import Folder
from edge.node import Node
from edge.roads import Roads
from edge.server import application, serving
from edge.settings import NodeSettings, PeerSettings
from edge.web import create_pages
from schemas.entries import Duty
from tests.centres import SmallCentre
from tests.sync.lines import Line, line_to
from tests.waiting import until

LAND = QUEUES[0]
ONE, TWO, DOOR = "counter-01", "counter-02", "kiosk-01"
EDGES: Final = (ONE, TWO, DOOR)
CLERK: Final = {ONE: "hanh.nh", TWO: "long.pd"}


@dataclass
class House:
    """Each machine reaches each other one over a line of its own, `lines[who, whom]`."""

    centre: SmallCentre
    lines: dict[tuple[str, str], Line]
    roads: dict[str, Roads]

    def node(self, name: str) -> Node:
        return self.centre[name]

    def pull(self, *names: str) -> None:
        """The cables of these machines are out."""
        for ways, line in self.lines.items():
            if not set(ways).isdisjoint(names):
                line.die()

    def plug(self, *names: str) -> None:
        for ways, line in self.lines.items():
            if not set(ways).isdisjoint(names):
                line.mend()
        for roads in self.roads.values():
            roads.retry()

    def line_at(self, name: str) -> list[str]:
        return [turn.ticket for turn in self.node(name).hall.at_desk().line]

    def call(self, at: str) -> None:
        assert self.node(at).hall.call_next("", "", by=CLERK[at]) is not None


@pytest.fixture
def house(centre: SmallCentre) -> Iterator[House]:
    place = Place("kiosk-01.1", "Kiosk 01", 31, (Duty.KIOSK,), "", ranges=(Numbers("ticket", "*", 800, 899),))
    enrol(Folder(centre.data / DOOR), centre["central"], place, NodeSettings(place.node), by="quan.nv")
    centre.nodes[DOOR] = centre.open(DOOR)
    for name in (ONE, TWO):
        centre.copy(centre["central"], centre[name], "catalog")
    with ExitStack() as stack:
        ports = {
            name: stack.enter_context(
                serving(
                    application(centre[name], create_pages(centre[name], None, lambda: None)), "127.0.0.1", 0
                )
            )[1]
            for name in ("central", *EDGES)
        }
        lines = {
            (who, whom): stack.enter_context(line_to(ports[whom]))
            for who in EDGES
            for whom in ("central", *EDGES)
            if who != whom
        }
        roads = {}
        for name in EDGES:
            node = centre[name]
            node.settings = msgspec.structs.replace(
                node.settings,
                heartbeat_ms=500,
                peers=tuple(
                    PeerSettings(centre[whom].id, line.url)
                    for (who, whom), line in lines.items()
                    if who == name
                ),
            )
            roads[name] = Roads(node, steady_s=0.5)
            roads[name].start()
            stack.callback(roads[name].stop)
        yield House(centre, lines, roads)


def test_a_ticket_reaches_the_counters_by_way_of_central_and_the_kiosk_keeps_no_dossier(house: House) -> None:
    dossier = house.centre.receive(ONE)
    ticket = house.node(DOOR).hall.take(LAND).ticket
    until(lambda: house.line_at(ONE) == [ticket] == house.line_at(TWO))
    until(lambda: house.node("central").register.row(dossier.stream) is not None)
    house.call(ONE)
    until(lambda: [counter for _, counter, _ in house.node(DOOR).hall.calls()] == ["Quầy 01"])
    until(lambda: house.line_at(TWO) == [])
    assert {road.database for road in house.roads[DOOR].all() if road.direction == "pull"} == {
        "catalog",
        "visits",
    }
    assert house.node(DOOR).register.row(dossier.stream) is None


def test_the_hall_goes_on_without_central_and_a_counter_that_was_cut_off_is_put_right(house: House) -> None:
    """Central is away; then Quầy 02 is cut off from everybody, calls a ticket that Quầy 01 calls too, and comes back."""
    house.pull("central")
    first, second = (house.node(DOOR).hall.take(LAND).ticket for _ in range(2))
    assert house.node(DOOR).register.waiting().visits == 2
    until(lambda: house.line_at(ONE) == [first, second] == house.line_at(TWO))

    house.pull("central", TWO)
    house.call(ONE)
    house.call(TWO)
    until(lambda: [away.counter for away in house.node(TWO).hall.away()] == ["Quầy 01"])
    assert house.node(TWO).hall.at_desk().line[0].ticket == second

    house.plug(TWO)
    house.pull("central")
    until(lambda: all(_disputes(house, name) == [first] for name in (ONE, TWO, DOOR)))
    stream = house.node(TWO).hall.calls()[0][0].stream
    house.node(TWO).hall.is_at(stream, "Quầy 01", by=CLERK[TWO])
    until(lambda: all(not _disputes(house, name) for name in (ONE, TWO, DOOR)))
    assert [counter for _, counter, _ in house.node(DOOR).hall.calls()] == ["Quầy 01"]

    assert all(house.node(name).register.waiting().visits for name in (ONE, TWO, DOOR))
    house.plug("central")
    until(lambda: not any(house.node(name).register.waiting().count for name in EDGES))
    until(lambda: len(house.node("central").visits.turns()) == 2)
    until(lambda: house.node("central").visits.turns() == house.node(ONE).visits.turns())


def _disputes(house: House, name: str) -> list[str]:
    return [turn.ticket for turn in house.node(name).visits.turns() if turn.disputed]
