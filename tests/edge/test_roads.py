"""Which roads a node uses: central while it answers, the building's neighbours as soon as it does not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from central.console import Console
from central.doctor.node import faults_of
from edge.node import Node
from edge.roads import Preference, Roads
from edge.server import application, serving
from edge.settings import PeerSettings
from edge.status import status_of
from edge.unacknowledged import Unacknowledged
from edge.web import create_pages
from schemas.fold import Dossier
from sync.replicator import State
from tests.centres import SmallCentre
from tests.sync.lines import Line, line_to
from tests.waiting import until

# ---- the choice


def test_neighbours_rest_while_central_answers() -> None:
    choice = Preference(has_centre=True)
    assert not any(choice.told(centre_answers=True, at=second) for second in range(0, 60, 2))


def test_neighbours_are_needed_at_the_first_probe_without_an_answer() -> None:
    choice = Preference(has_centre=True)
    choice.told(centre_answers=True, at=0)
    assert choice.told(centre_answers=False, at=2)


def test_neighbours_rest_again_when_central_answered_steadily() -> None:
    choice = Preference(has_centre=True, steady_s=10)
    choice.told(centre_answers=False, at=0)
    answers = [choice.told(centre_answers=True, at=second) for second in range(2, 16, 2)]
    assert answers == [True, True, True, True, True, False, False]


def test_a_line_that_flaps_moves_nobody() -> None:
    choice = Preference(has_centre=True, steady_s=10)
    choice.told(centre_answers=False, at=0)
    assert all(choice.told(centre_answers=second % 3 != 0, at=second) for second in range(1, 100))


def test_where_there_is_no_central_neighbours_are_always_needed() -> None:
    choice = Preference(has_centre=False)
    assert choice.neighbours_needed
    assert all(choice.told(centre_answers=True, at=second) for second in range(0, 60, 2))


# ---- with real lines


@dataclass
class Building:
    """Counter-01 with its roads: to central over a line that can be cut, and to the room directly."""

    centre: SmallCentre
    line: Line
    counter: Node
    roads: Roads

    def roads_to(self, node: str) -> list[bool]:
        """Of each road, whether it is resting."""
        return [road.resting for road in self.roads.all() if road.peer == self.centre[node].id]

    def is_quiet(self) -> bool:
        return all(road.status.state is State.WAITING for road in self.roads.all() if not road.resting)

    def has(self, node: str, dossier: Dossier) -> bool:
        return self.centre[node].register.row(dossier.stream) is not None


@pytest.fixture
def building(centre: SmallCentre) -> Iterator[Building]:
    with ExitStack() as stack:
        ports = {
            name: stack.enter_context(
                serving(
                    application(centre[name], create_pages(centre[name], None, lambda: None)), "127.0.0.1", 0
                )
            )[1]
            for name in ("central", "room-01")
        }
        line = stack.enter_context(line_to(ports["central"]))
        counter = centre["counter-01"]
        counter.settings = msgspec.structs.replace(
            counter.settings,
            heartbeat_ms=500,
            peers=(
                PeerSettings(centre["central"].id, line.url),
                PeerSettings(centre["room-01"].id, f"http://127.0.0.1:{ports['room-01']}"),
            ),
        )
        roads = Roads(counter, steady_s=0.5)
        roads.start()
        stack.callback(roads.stop)
        yield Building(centre, line, counter, roads)


def test_the_room_is_reached_within_five_seconds_of_losing_central_and_rests_again(
    building: Building,
) -> None:
    until(building.is_quiet)
    until(lambda: Console(building.centre["central"]).state(building.counter.card) is not None)
    assert all(building.roads_to("room-01"))
    received = building.centre.receive("counter-01")
    until(lambda: building.has("central", received))

    building.line.die()
    lost = time.monotonic()
    elsewhere = _received_in_room(building.centre)
    until(lambda: building.has("counter-01", elsewhere))
    assert time.monotonic() - lost < 5
    assert not any(building.roads_to("room-01"))

    building.line.mend()
    until(lambda: all(building.roads_to("room-01")))
    until(lambda: building.has("central", elsewhere))


def _received_in_room(centre: SmallCentre) -> Dossier:
    """What the room has from counter-02, whom counter-01 does not know."""
    dossier = centre.receive("counter-02")
    centre.meet("counter-02", "room-01")
    return dossier


def test_who_is_told_of_nothing_at_one_address_goes_to_the_next(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its probe is answered there, and what it sends is taken: a front that has fallen behind."""
    monkeypatch.setattr("edge.roads.SILENT_S", 0.2)
    central, counter = centre["central"], centre["counter-01"]
    whole = application(central, create_pages(central, None, lambda: None))

    def late(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/dossiers/_changes":
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        return whole(environ, start_response)

    with ExitStack() as stack:
        first, second = (
            f"http://127.0.0.1:{stack.enter_context(serving(app, '127.0.0.1', 0))[1]}"
            for app in (late, whole)
        )
        counter.settings = msgspec.structs.replace(
            counter.settings,
            heartbeat_ms=500,
            peers=(PeerSettings(central.id, first),),
        )
        dossier = centre.receive("room-01")
        centre.copy(centre["room-01"], central)
        roads = Roads(counter, found=lambda: {central.id: [second]})
        roads.start()
        stack.callback(roads.stop)
        until(lambda: counter.register.row(dossier.stream) is not None)


def test_what_central_did_not_acknowledge_is_sent_again_after_a_restart(centre: SmallCentre) -> None:
    """It says that it is not missing: before a cluster that may be true of one copy only."""
    central, counter, bad = centre["central"], centre["counter-01"], threading.Event()
    whole = application(central, create_pages(central, None, lambda: None))

    def without_a_quorum(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not bad.is_set() or environ["PATH_INFO"] != "/dossiers/_bulk_docs":
            return whole(environ, start_response)
        b"".join(whole(environ, lambda *said: lambda data: None))
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return [b""]

    with ExitStack() as stack:
        port = stack.enter_context(serving(without_a_quorum, "127.0.0.1", 0))[1]
        counter.settings = msgspec.structs.replace(
            counter.settings,
            heartbeat_ms=500,
            peers=(PeerSettings(central.id, f"http://127.0.0.1:{port}"),),
        )
        sent = Unacknowledged(counter.file, "dossiers")
        bad.set()
        dossier = centre.receive()
        roads = Roads(counter)
        roads.start()
        until(lambda: central.register.row(dossier.stream) is not None)
        roads.stop()
        assert len(sent.before()) == 1
        bad.clear()
        roads = Roads(counter)
        roads.start()
        stack.callback(roads.stop)
        until(lambda: not sent.before())


def test_what_central_refuses_is_listed_until_it_takes_it(building: Building) -> None:
    """The others go on; the refused act counts as not sent."""
    until(building.is_quiet)
    rules = building.centre["central"].stores["dossiers"]
    before, rules._rules = rules._rules, lambda documents, _source: ["no such card"] * len(documents)
    refused = building.centre.receive("counter-01")
    until(lambda: len(building.counter.register.refused()) > 0)
    (row,) = building.counter.register.refused()
    assert (row.peer, row.reason) == (building.centre["central"].id, "no such card")
    assert row.document.startswith(refused.stream)
    assert building.counter.register.waiting().count == 1
    assert "refused" in _told_by_doctor(building)

    rules._rules = before
    received = building.centre.receive("counter-01")
    until(lambda: building.has("central", received))
    assert len(building.counter.register.refused()) == 1

    building.line.die()
    building.line.mend()
    building.roads.retry()
    until(lambda: building.has("central", refused))
    until(lambda: not building.counter.register.refused())
    until(lambda: building.counter.register.waiting().count == 0)
    assert "refused" not in _told_by_doctor(building)


def _told_by_doctor(building: Building) -> set[str]:
    status = status_of(building.counter, building.roads, building.counter.clock())
    return {one.fault for one in faults_of(status)}


def test_a_road_that_is_shut_in_the_middle_of_copying_copies_no_more(building: Building) -> None:
    """Files wait for the roads that copy acts, and would wait for this one for ever."""
    until(building.is_quiet)
    until(lambda: all(building.roads_to("room-01")))
    room = building.centre["room-01"].id
    way = next(one for one in building.roads._ways() if (one.peer, one.database) == (room, "dossiers"))
    way.replication = way.made(way)
    way.replication._connect()
    assert way.status().state is State.COPYING
    way.shut()
    assert way.status().state is State.STOPPED


def test_what_is_learnt_between_the_first_look_and_the_start_is_not_missed(centre: SmallCentre) -> None:
    """As by a machine whose very first probe finds a new central: nothing else would change for it to look again."""
    found: dict[str, list[str]] = {}
    roads = Roads(centre["counter-01"], found=lambda: found)
    found["room-01.1"] = ["http://127.0.0.1:9"]
    roads.start()
    try:
        until(lambda: "http://127.0.0.1:9" in {url for peer in roads.peers() for url in peer.urls})
    finally:
        roads.stop()
