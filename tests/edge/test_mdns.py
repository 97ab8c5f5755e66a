"""Neighbours find each other in the building's network; what they find is a hint, and no more.

The network is the real one, and others may be on it: other tests, or a centre next door.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from zeroconf import Zeroconf

from edge.mdns import SERVICE, Neighbourhood
from edge.peers import PeerNode, peers_of
from tests.addresses import own_address
from tests.centres import SmallCentre
from tests.waiting import until


@pytest.fixture
def network() -> Iterator[tuple[str, ExitStack]]:
    """An address of this machine that others could use, and what ends all that was started there."""
    with ExitStack() as stack:
        yield own_address(), stack


def start(name: str, port: int, network: tuple[str, ExitStack]) -> Neighbourhood:
    address, stack = network
    one = Neighbourhood(name)
    one.start(address, port)
    stack.callback(one.stop)
    return one


def test_two_machines_find_each_other_and_notice_when_one_goes(network: tuple[str, ExitStack]) -> None:
    counter, room = start("counter-71.1", 8601, network), start("room-71.1", 8603, network)
    address = network[0]
    until(lambda: counter.found().get("room-71.1") == (f"https://{address}:8603",))
    until(lambda: room.found().get("counter-71.1") == (f"https://{address}:8601",))
    assert "counter-71.1" not in counter.found()
    room.stop()
    until(lambda: "room-71.1" not in counter.found())


def test_a_stranger_on_the_network_is_no_peer(network: tuple[str, ExitStack], centre: SmallCentre) -> None:
    """Nobody enrolled counter-99: it may call out as loudly as it likes."""
    centre.meet()
    counter = centre["counter-01"]
    here = start(counter.id, 8601, network)
    start("counter-99.1", 9999, network)
    start("room-01.1", 8603, network)
    until(lambda: set(here.found()) >= {"counter-99.1", "room-01.1"})
    heard = {name: urls for name, urls in here.found().items() if name in ("counter-99.1", "room-01.1")}
    found = peers_of(counter.catalog, counter.settings, heard)
    assert found == (PeerNode("room-01.1", heard["room-01.1"]),)
    assert f"https://{network[0]}:8603" in heard["room-01.1"]


def test_a_machine_that_listens_to_itself_alone_says_nothing(network: tuple[str, ExitStack]) -> None:
    here = start("counter-72.1", 8601, network)
    alone = Neighbourhood("room-72.1")
    alone.start("127.0.0.1", 8603)
    start("counter-73.1", 8602, network)
    until(lambda: "counter-73.1" in here.found())
    assert "room-72.1" not in here.found()


def test_a_name_that_is_heard_while_it_stops_troubles_nobody() -> None:
    """The thread that listens may hear one more after the last; it finds a closed door."""
    closed = Zeroconf(interfaces=["127.0.0.1"])
    closed.close()
    here = Neighbourhood("counter-01.1")
    here.heard(closed, f"counter-02-1.{SERVICE}")

    assert here.found() == {}
