"""Whom a machine speaks to: the enrolled ones of its building, where the catalog, its settings or mDNS say they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import pytest

from central.centre import Office
from edge.node import Node
from edge.peers import PeerNode, peers_of
from edge.roads import Roads
from edge.settings import NodeSettings, PeerSettings
from schemas.entries import Card
from tests.centres import SmallCentre
from tests.waiting import until


@pytest.fixture
def counter(centre: SmallCentre) -> Node:
    """It knows of all that were enrolled after it."""
    centre.meet()
    return centre["counter-01"]


def say(centre: SmallCentre, name: str, **news: object) -> None:
    """Central changes a machine's card, and every machine hears of it."""
    card = centre["central"].catalog.latest.card(centre[name].id)
    assert card is not None
    changed: Card = msgspec.structs.replace(card, **news)
    Office(centre["central"]).define([changed], by="quan.nv")
    centre.meet()


def peers(node: Node, found: Mapping[str, tuple[str, ...]] | None = None) -> list[PeerNode]:
    return list(peers_of(node.catalog, node.settings, found))


def settings(node: Node, *own: tuple[str, str]) -> NodeSettings:
    told = tuple(PeerSettings(name, url) for name, url in own)
    return msgspec.structs.replace(node.settings, peers=told)


def test_addresses_stand_on_the_cards_and_central_comes_first(centre: SmallCentre, counter: Node) -> None:
    say(centre, "room-01", address="https://10.1.0.11:8600/")
    say(centre, "central", address="https://trungtam.langson.example:8600")
    assert peers(counter) == [
        PeerNode("central.1", ("https://trungtam.langson.example:8600",)),
        PeerNode("room-01.1", ("https://10.1.0.11:8600",)),
    ]


def test_machines_are_spread_over_central_and_its_fronts(centre: SmallCentre, counter: Node) -> None:
    """Each has an order of its own. A front is no neighbour; one that was revoked is nobody, and so is one without an address."""
    say(centre, "central", address="https://10.0.0.2:8600")
    for name, address in (("counter-02", "https://10.0.0.3:8600/"), ("room-01", "https://10.0.0.4:8600")):
        say(centre, name, address=address, duties=(), front=True)
    all_three = {f"https://10.0.0.{host}:8600" for host in (2, 3, 4)}
    (peer,) = peers(counter)
    assert (peer.node, {*peer.urls}, len(peer.urls)) == ("central.1", all_three, 3)
    assert peers(counter) == [peer]
    others = [msgspec.structs.replace(counter.settings, node=f"counter-{n}.1") for n in range(10, 40)]
    assert {peers_of(counter.catalog, one)[0].urls[0] for one in others} == all_three
    say(centre, "room-01", revoked="stolen")
    say(centre, "counter-02", address="")
    assert peers(counter) == [PeerNode("central.1", ("https://10.0.0.2:8600",))]


def test_what_divides_connections_comes_before_the_addresses_of_the_cards(
    centre: SmallCentre, counter: Node
) -> None:
    """Unless it is one of theirs: enrolment wrote down where it was asked for a card."""
    say(centre, "central", address="https://10.0.0.2:8600")
    say(centre, "counter-02", address="https://10.0.0.3:8600", duties=(), front=True)
    (spread,) = peers(counter)
    for own, first in (
        ("https://10.0.0.9:8600/", ("https://10.0.0.9:8600",)),
        ("https://10.0.0.2:8600/", ()),
    ):
        counter.settings = settings(counter, ("central.1", own))
        assert peers(counter) == [PeerNode("central.1", (*first, *spread.urls))]


def test_a_machine_of_which_nobody_knows_the_address_is_none(counter: Node) -> None:
    assert peers(counter) == []


def test_its_own_settings_know_better(centre: SmallCentre, counter: Node) -> None:
    say(centre, "room-01", address="https://10.1.0.11:8600")
    counter.settings = settings(counter, ("room-01.1", "http://127.0.0.1:9"))
    assert peers(counter) == [PeerNode("room-01.1", ("http://127.0.0.1:9",))]


def test_only_the_enrolled_are_spoken_to(counter: Node) -> None:
    """Neither what somebody typed nor what somebody on the network says makes anybody a peer."""
    counter.settings = settings(counter, ("counter-99.1", "http://127.0.0.1:9"))
    assert peers(counter, {"counter-98.1": ("https://10.1.0.98:8600",)}) == []


def test_a_machine_whose_card_was_revoked_is_spoken_to_no_more(centre: SmallCentre, counter: Node) -> None:
    say(centre, "room-01", address="https://10.1.0.11:8600")
    say(centre, "room-01", revoked="stolen")
    counter.settings = settings(counter, ("room-01.1", "http://127.0.0.1:9"))
    assert peers(counter) == []


def test_neighbours_are_those_of_the_same_building(centre: SmallCentre, counter: Node) -> None:
    """A commune's counter does not try the machines of the whole province when its line is down."""
    for name in ("central", "counter-02", "room-01"):
        say(centre, name, address=f"https://{name}.example:8600")
    say(centre, "counter-02", building="UBND xã Hoàng Văn Thụ")
    assert [peer.node for peer in peers(counter)] == ["central.1", "room-01.1"]
    assert [peer.node for peer in peers(centre["counter-02"])] == ["central.1"]


def test_central_opens_no_roads_by_itself(centre: SmallCentre) -> None:
    say(centre, "room-01", address="https://10.1.0.11:8600")
    assert peers(centre["central"], {"room-01.1": ("https://10.1.0.11:8600",)}) == []


def test_what_the_network_tells_comes_after_what_the_catalog_says(centre: SmallCentre, counter: Node) -> None:
    found = {"room-01.1": ("https://10.1.0.77:8600", "https://10.1.0.11:8600")}
    assert peers(counter, found) == [PeerNode("room-01.1", found["room-01.1"])]
    say(centre, "room-01", address="https://10.1.0.11:8600")
    assert peers(counter, found) == [
        PeerNode("room-01.1", ("https://10.1.0.11:8600", "https://10.1.0.77:8600"))
    ]


# ---- while it runs


@pytest.fixture
def roads(counter: Node) -> Iterator[Roads]:
    one = Roads(counter)
    one.start()
    yield one
    one.stop()


def test_a_machine_that_is_enrolled_today_is_spoken_to_today(centre: SmallCentre, roads: Roads) -> None:
    assert roads.peers() == ()
    say(centre, "central", address="http://127.0.0.1:9")
    until(lambda: {road.peer for road in roads.all()} == {"central.1"})
    say(centre, "room-01", address="http://127.0.0.1:9")
    until(lambda: {road.peer for road in roads.all()} == {"central.1", "room-01.1"})
    say(centre, "room-01", revoked="lost")
    until(lambda: {road.peer for road in roads.all()} == {"central.1"})
