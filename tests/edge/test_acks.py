"""Central says up to where it holds everybody's work, and every machine can pass its word on."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import pytest

from edge.acks import SETTLED_AFTER
from edge.folder import Folder
from edge.node import Node
from edge.roads import Roads
from edge.server import application, serving
from edge.settings import PeerSettings, read_settings
from edge.web import create_pages
from schemas.acks import Acks
from schemas.errors import Malformed
from schemas.events import StreamId
from sync.errors import Forbidden
from sync.remote import RemotePeer
from tests.centres import QUICK, SmallCentre
from tests.waiting import until


def renewed(centre: SmallCentre) -> Acks:
    acks = centre["central"].acks.renew()
    assert acks is not None, "central has nothing new to say"
    return acks


def carry(giver: Node, taker: Node) -> bool:
    return taker.acks.take(giver.acks.document())


def test_central_says_what_it_holds_of_each_machine(centre: SmallCentre) -> None:
    dossier = centre.appraised()
    acks = renewed(centre)
    assert acks.upto("dossiers", centre["counter-01"].id) == 1
    assert acks.held["dossiers"][centre["room-01"].id] == (1, dossier.heads[0])
    assert centre["central"].acks.renew() is None


def test_a_new_day_is_said_even_where_nothing_came(centre: SmallCentre) -> None:
    first = renewed(centre)
    centre.clock.forward(days=1)
    second = renewed(centre)
    assert second.held == first.held
    assert second.number == first.number + 1
    assert (second.day - first.day).days == 1


def test_up_to_a_gap_and_no_further(centre: SmallCentre) -> None:
    """The second of three acts is not there yet: what came after it is not promised."""
    counter, central = centre["counter-01"], centre["central"]
    first, second, third = (centre.receive().timeline[0].hash for _ in range(3))
    documents = {
        one.id.partition(":")[2]: counter.stores["dossiers"].get(one.id)
        for one in counter.stores["dossiers"].all_docs()
    }
    central.stores["dossiers"].bulk_docs(
        [documents[first], documents[third]], new_edits=False, source=counter.id
    )
    assert renewed(centre).held["dossiers"][counter.id] == (1, first)
    central.stores["dossiers"].bulk_docs([documents[second]], new_edits=False, source=counter.id)
    assert renewed(centre).held["dossiers"][counter.id] == (3, third)


def test_a_machine_that_exists_twice_is_acked_up_to_where_it_parts(centre: SmallCentre) -> None:
    counter, central = centre["counter-01"], centre["central"]
    centre.receive()
    documents = [counter.stores["dossiers"].get(one.id) for one in counter.stores["dossiers"].all_docs()]
    head = counter.file
    with head.read() as connection:
        chain = connection.execute("SELECT seq, hash, at FROM chain WHERE database = 'dossiers'").fetchone()
    centre.receive()
    with head.write() as connection:  # the copy goes on from where the machine was
        connection.execute("UPDATE chain SET seq = ?, hash = ?, at = ? WHERE database = 'dossiers'", chain)
    centre.receive()
    assert len(documents) == 1
    centre.copy(counter, central)
    assert renewed(centre).upto("dossiers", counter.id) == 1


def test_own_acts_wait_until_central_has_said_that_it_holds_them(centre: SmallCentre) -> None:
    """They came by a stick, so no road here knows."""
    counter, central = centre["counter-01"], centre["central"]
    centre.receive()
    here = counter.stores["dossiers"]
    brought = [here.get(one.id) for one in here.all_docs()]
    central.stores["dossiers"].bulk_docs(brought, new_edits=False, source=counter.id)
    renewed(centre)
    centre.receive()
    assert counter.register.waiting().count == 2
    assert carry(central, counter)
    assert counter.register.waiting().count == 1


def test_a_machine_put_back_takes_no_word_for_acts_that_central_never_had(
    centre: SmallCentre, tmp_path: Path
) -> None:
    """Its disk was copied, or its virtual machine rolled back: central speaks of what the other one wrote since."""
    counter, central = centre["counter-01"], centre["central"]
    centre.receive()
    shutil.copytree(counter.folder.path, tmp_path / "copy")
    for _ in range(3):
        centre.receive()
    centre.copy(counter, central)
    renewed(centre)
    folder = Folder(tmp_path / "copy")
    settings = read_settings(folder.path)
    with closing(Node(folder, settings, clock=centre.clock, ids=centre.ids, hasher=QUICK)) as copy:
        stream = StreamId(centre.ids.stream(centre.clock()))
        copy.ledger.receive(stream, centre.draft(), by="hanh.nh", spool=copy.papers.spool_slip)
        assert carry(central, copy)
        assert copy.register.waiting().count == 2


def test_the_newest_list_counts_whatever_comes_after_it(centre: SmallCentre) -> None:
    central, counter, room = centre["central"], centre["counter-01"], centre["room-01"]
    renewed(centre)
    old = central.acks.document()
    centre.receive()
    centre.meet()
    new = renewed(centre)
    assert carry(central, counter)
    assert not counter.acks.take(old)
    assert carry(counter, room), "a neighbour passes it on"
    assert room.acks.newest() == new


def test_a_list_that_somebody_changed_is_not_taken(centre: SmallCentre) -> None:
    central, counter = centre["central"], centre["counter-01"]
    forged = {**renewed(centre).document(), "number": 900}
    with pytest.raises(Malformed):
        counter.acks.take(forged)
    assert counter.acks.newest() is None
    assert carry(central, counter)


def test_what_is_settled_is_what_central_said_a_week_ago(centre: SmallCentre) -> None:
    central, counter = centre["central"], centre["counter-01"]
    first = renewed(centre)
    carry(central, counter)
    for _ in range(SETTLED_AFTER.days):
        assert counter.acks.settled() is None
        centre.clock.forward(days=1)
        renewed(centre)
        carry(central, counter)
    assert counter.acks.settled() == first
    assert counter.acks.mark() == first.day + SETTLED_AFTER
    centre.clock.turn(days=-2000)
    assert counter.acks.settled() is None, "a clock that stands in the past makes nothing old"


def test_the_list_survives_a_restart(centre: SmallCentre) -> None:
    new = renewed(centre)
    carry(centre["central"], centre["counter-01"])
    assert centre.reopen("counter-01").acks.newest() == new
    assert centre.reopen("central").acks.renew() is None


def test_to_find_nothing_new_costs_the_same_whatever_the_age_of_the_centre(centre: SmallCentre) -> None:
    """Central asks itself every two seconds, an edge at every contact, and there may be millions of acts."""
    central, counter = centre["central"], centre["counter-01"]

    def steps() -> int:
        taken = 0

        def step() -> None:
            nonlocal taken
            taken += 1

        with central.file.write() as one, counter.file.write() as other:
            for connection in (one, other):
                connection.set_progress_handler(step, 10)
            central.acks.renew()
            carry(central, counter)
            for connection in (one, other):
                connection.set_progress_handler(None, 0)
        return taken

    def old(count: int) -> None:
        rows = [
            (f"{seq:032x}", f"{seq:064x}", counter.id, seq, "", "", "", "effective", "")
            for seq in range(1, count)
        ]
        for node in (central, counter):
            with node.file.write() as connection:
                connection.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
                connection.execute(
                    "INSERT OR REPLACE INTO whole VALUES ('dossiers', ?, ?, ?)",
                    (counter.id, count - 1, f"{count - 1:064x}"),
                )
        centre.clock.forward(days=1)

    old(100)
    young = steps()
    old(10_000)
    assert steps() < young + 10


def test_it_is_asked_for_over_the_line_and_nobody_can_write_it_there(centre: SmallCentre) -> None:
    central, counter = centre["central"], centre["counter-01"]
    new = renewed(centre)
    with ExitStack() as stack:
        app = application(central, create_pages(central, None, lambda: None))
        _, port = stack.enter_context(serving(app, "127.0.0.1", 0))
        url = f"http://127.0.0.1:{port}"
        counter.settings = msgspec.structs.replace(
            counter.settings, heartbeat_ms=500, peers=(PeerSettings(central.id, url),)
        )
        roads = Roads(counter)
        roads.start()
        stack.callback(roads.stop)
        until(lambda: counter.acks.newest() == new)
        password = counter.keys.password_for(counter.id, central.id)
        peer = RemotePeer(url, "catalog", user=counter.id, password=password)
        stack.callback(peer.close)
        with pytest.raises(Forbidden):
            peer.put_local("acks", {"number": 1})
        with pytest.raises(Forbidden):
            peer.bulk_docs([{"_id": "_local/acks", "number": 1}])
    assert central.acks.newest() == new
