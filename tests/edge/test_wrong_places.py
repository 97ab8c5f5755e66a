"""True acts of honest machines, carried by an enrolled one to where they do not belong; and a catalog of two branches."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from central.centre import Office
from edge.folder import Folder
from edge.node import Node
from edge.settings import read_settings
from schemas.acts import Note, TicketTaken
from schemas.calendar import local_day
from schemas.entries import Confirmation, Duty
from schemas.fold import Dossier
from sync.peer import LocalPeer
from tests.centres import SmallCentre
from tests.edge.hostile import Document, Hostile


def documents(node: Node, database: str) -> list[Document]:
    store = node.stores[database]
    return [dict(store.get(one.id)) for one in store.all_docs()]


def confirm(centre: SmallCentre, central: Node) -> Document:
    """Central says that there is nothing new; the entry."""
    Office(central).define([Confirmation(local_day(centre.clock()))], by="")
    return Office(central).entries()[-1]


@pytest.fixture
def dossier(centre: SmallCentre) -> Dossier:
    """Received at counter-01, which writes visits too, and noted on at central: both have a number 1 in `dossiers`."""
    central = centre["central"]
    card = centre["counter-01"].card
    Office(central).define([msgspec.structs.replace(card, duties=(*card.duties, Duty.QUEUE))], by="quan.nv")
    centre.meet()
    received = centre.receive()
    centre.meet()
    central.ledger.act(received.stream, "dossier.note", Note("đã gọi điện"), by="huong.ltt")
    centre["counter-01"].visits.act(
        centre.ids.stream(centre.clock()), "visit.ticket_taken", TicketTaken("A001", "Đất đai"), by="hanh.nh"
    )
    centre.meet()
    return received


def test_no_machine_is_doubted_because_somebody_mixes_its_databases(
    centre: SmallCentre, dossier: Dossier
) -> None:
    """Numbers count in one database. A ticket and an entry of the catalog are no second acts under theirs."""
    victim = centre["room-01"]
    ticket = documents(centre["counter-01"], "visits")[0]
    entry = next(one for one in documents(victim, "catalog") if one["seq"] == 1)
    act = next(one for one in documents(victim, "dossiers") if one["node"] == "counter-01.1")
    assert (ticket["node"], ticket["seq"]) == (act["node"], act["seq"])
    with Hostile(centre).facing(victim) as line:
        assert line.send([ticket, entry]) == [
            "kind: visit.ticket_taken belongs to visits",
            "kind: card.granted belongs to catalog",
        ]
        assert line.send([act], "visits") == ["kind: dossier.received belongs to dossiers"]
    assert victim.register.forks() == []
    assert not victim.register.dossier(dossier.stream).contested


def test_an_act_of_central_takes_no_place_in_the_catalog(centre: SmallCentre, dossier: Dossier) -> None:
    """Its seal is central's, and its number may be the next one. The catalog goes on, and the machine starts again."""
    victim, central = centre["room-01"], centre["central"]
    while _newest(central)["seq"] <= victim.catalog.number:
        central.ledger.act(dossier.stream, "dossier.note", Note("đã gọi điện"), by="huong.ltt")
    acts = [one for one in documents(central, "dossiers") if one["node"] == central.id]
    assert {victim.catalog.number, victim.catalog.number + 1} <= {one["seq"] for one in acts}
    with Hostile(centre).facing(victim) as line:
        assert set(line.send(acts, "catalog")) == {"kind: dossier.note belongs to dossiers"}
    confirm(centre, central)
    centre.copy(central, victim, "catalog")
    assert victim.catalog.name == central.catalog.name
    assert centre.reopen("room-01").catalog.name == central.catalog.name


def test_a_machine_that_took_such_acts_before_it_refused_them_goes_on(
    centre: SmallCentre, dossier: Dossier
) -> None:
    """What is in the database already, where no rule was, does not follow the catalog's tip."""
    victim, central = centre["room-01"], centre["central"]
    act = _newest(central)
    store = victim.stores["catalog"]
    store._rules, rules = None, store._rules
    store.bulk_docs([act], new_edits=False)
    store._rules = rules
    confirm(centre, central)
    centre.copy(central, victim, "catalog")
    assert victim.catalog.name == central.catalog.name
    assert centre.reopen("room-01").catalog.name == central.catalog.name


def test_a_catalog_of_two_branches_stops_no_machine_and_each_keeps_to_its_own(
    centre: SmallCentre, tmp_path: Path
) -> None:
    """Central was restored from a copy, or its disk is in other hands: two true entries have one number."""
    copy = tmp_path / "copy"
    centre["central"].close()
    shutil.copytree(centre["central"].folder.path, copy)
    central = centre.nodes["central"] = centre.open("central")
    other = Node(Folder(copy), read_settings(copy), clock=centre.clock, ids=centre.ids)
    branch = [confirm(centre, other), confirm(centre, other)]
    other.close()
    confirm(centre, central)
    room, counter = centre["room-01"], centre["counter-01"]
    centre.copy(central, room, "catalog")
    for node, first, then in ((room, [], branch), (counter, branch[:1], Office(central).entries()[-1:])):
        peer = LocalPeer(node.stores["catalog"], server_uuid="0" * 32, source="counter-02.1")
        assert peer.bulk_docs(first) == []
        name, number = node.catalog.name, node.catalog.number
        assert number == branch[0]["seq"]
        assert peer.bulk_docs(then) == []
        assert (node.catalog.name, node.catalog.number) == (name, number)
        assert str(node.catalog_problem) == (
            f"catalog entry {number}: central has written two entries with this number"
        )
    names = room.catalog.name, counter.catalog.name
    assert names[0] != names[1]
    assert centre.reopen("room-01").catalog.name == names[0]
    assert centre.reopen("counter-01").catalog.name == names[1]
    assert centre["room-01"].catalog_problem is not None


def test_a_broken_entry_does_not_take_those_before_it_along(centre: SmallCentre) -> None:
    """Central speaks a newer language from some entry on; who does not know it uses what it knows, after a restart too."""
    room, central = centre["room-01"], centre["central"]
    number = room.catalog.number
    with central.file.write():
        Office(central)._chain.append(
            centre.ids.stream(centre.clock()),
            "catalog.confirmed",
            {"day": "someday"},
            parents=[],
            by="",
            at=centre.clock(),
        )
    centre.copy(central, room, "catalog")
    assert (room.catalog.number, room.catalog_problem is None) == (number, False)
    reopened = centre.reopen("room-01")
    assert reopened.catalog.number == number
    assert reopened.catalog_problem is not None


def _newest(node: Node) -> Document:
    own = [one for one in documents(node, "dossiers") if one["node"] == node.id]
    return max(own, key=lambda one: int(one["seq"]))
