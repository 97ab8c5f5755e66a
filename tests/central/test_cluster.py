"""A central whose documents lie elsewhere, in this process: what its machines, its pages and its watchers meet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from argon2 import PasswordHasher

from central.centre import Authority
from central.cluster import PEER, Cluster, lines_of
from central.console import Console, Wrong
from central.control import ChooseBranch, Order, Revoke, Revoked, TakeOver, give
from central.enrolment import Enrolment
from central.errors import NotGranted
from central.moving import move
from central.redaction import redact
from central.succession import collected, take_over
from edge.access import NODE, SENT, STATE, Access
from edge.acks import NAME as ACKS
from edge.health import health_of, unready
from edge.metrics import exposition
from edge.node import Node
from edge.roads import Here, Roads
from edge.settings import read_settings, write_settings
from edge.state import state_of
from edge.status import status_of
from edge.unacknowledged import Unacknowledged
from schemas.acts import Note
from schemas.fold import Place
from sync.digests import differences
from sync.documents import Json
from sync.errors import SyncError, Unavailable
from sync.remote import RemotePeer
from sync.replicator import State
from sync.sessions import Sessions, User
from tests.central.test_succession import EDGES, authority, backed_up, central_is_lost, kept, restored, small
from tests.centres import SmallCentre
from tests.edge.test_leaving import agency_of, grant
from tests.fronts.stand_in import StandIn, settings_for, standing_in
from tests.sync.servers import serving_app
from tests.waiting import until

__all__ = ["authority", "kept", "small"]


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[StandIn]:
    with standing_in(tmp_path / "cluster") as made:
        yield made


def behind(centre: SmallCentre, url: str, prefix: str = "") -> Node:
    """Central, opened again with its documents there."""
    folder = centre["central"].folder.path
    couchdb = msgspec.structs.replace(settings_for(url, folder), database_prefix=prefix)
    settings = msgspec.structs.replace(
        read_settings(folder), documents="couchdb", couchdb=couchdb, heartbeat_ms=500
    )
    write_settings(folder, settings)
    return centre.reopen("central")


class Running:
    """A central and its machines, which speak to it over a line."""

    def __init__(self, centre: SmallCentre, central: Node) -> None:
        self.centre, self.central = centre, central
        self.cluster = Cluster(central)
        access = Access(central.catalog, (), PasswordHasher(), node=central.id, heard=central.contacts.heard)
        self.app = self.cluster.documents(access)
        self.url = ""

    def peer(self, name: str, database: str) -> RemotePeer:
        node = self.centre[name]
        return RemotePeer(
            self.url,
            database,
            user=node.id,
            password=node.keys.password_for(node.id, self.central.id),
            chosen=node.window.chosen(database),
        )

    def brings(self, name: str) -> None:
        """A machine sends all acts that it has."""
        node = self.centre[name]
        store = node.stores["dossiers"]
        peer = self.peer(name, "dossiers")
        assert peer.bulk_docs([store.get(one.id) for one in store.all_docs()]) == []
        peer.close()

    def shows(self, name: str) -> set[str]:
        """The acts that a machine may read."""
        with closing(self.peer(name, "dossiers")) as peer:
            return {one.id for one in peer.changes("0", limit=1000, wait_s=0).changes}


@pytest.fixture
def running(centre: SmallCentre, standing: StandIn) -> Iterator[Running]:
    made = Running(centre, behind(centre, standing.url))
    with serving_app(made.app) as made.url:
        made.cluster.start()
        until(lambda: {road.status.state for road in made.cluster.roads()} == {State.WAITING})
        yield made
        made.cluster.stop()


def test_what_a_machine_says_of_itself_comes_to_central_and_what_central_holds_to_the_machines(
    running: Running, centre: SmallCentre
) -> None:
    counter, central = centre["counter-01"], running.central
    dossier = centre.receive()
    running.brings("counter-01")
    until(lambda: central.register.row(dossier.stream) is not None)
    probe = running.peer("counter-01", "catalog")
    probe.put_local(f"{STATE}{counter.id}", state_of(counter).document())
    (machine,) = [one for one in Console(central).machines(state_of(central)) if one.card.node == counter.id]
    assert machine.state is not None
    assert machine.state.seq == 1
    acks = central.acks.renew()
    assert acks is not None
    until(lambda: (probe.get_local(ACKS) or {}).get("number") == acks.number)
    assert counter.acks.take(probe.get_local(ACKS))
    assert counter.register.waiting().count == 0
    probe.close()


def test_what_central_will_not_take_holds_nobody_up(
    running: Running, standing: StandIn, centre: SmallCentre
) -> None:
    """Somebody has put an act there past us whose seal is none: it is listed here, and all others go on."""
    first, central = centre.receive(), running.central
    (stored,) = centre["counter-01"].stores["dossiers"].all_docs()
    true = centre["counter-01"].stores["dossiers"].get(stored.id)
    wrong = {**true, "seal": "A" * 86, "_rev": "1-" + "0" * 32}
    past_us = standing.peer("dossiers")
    assert past_us.bulk_docs([wrong]) == []
    until(lambda: [one.document for one in central.register.refused()] == [wrong["_id"]])
    assert running.shows("room-01") == {wrong["_id"]}  # its name; nobody gets it
    assert [one.document for one in running.peer("room-01", "dossiers").bulk_get([(wrong["_id"], "")])] == [
        None
    ]
    running.brings("counter-01")
    until(lambda: central.register.row(first.stream) is not None)
    assert running.shows("room-01") == {true["_id"]}
    past_us.close()


def test_a_reader_is_not_led_past_an_act_that_came_before_what_it_rests_on(
    running: Running, standing: StandIn, centre: SmallCentre
) -> None:
    """Shards of a cluster tell in any order. Without its reception nobody knows whose dossier it is."""
    received, asked, agency = _an_agency_of_two_acts(centre)
    past_us = standing.peer("dossiers")
    assert past_us.bulk_docs([asked]) == []
    until(lambda: _is_here(running.central, asked))
    with closing(running.peer(agency, "dossiers")) as reader:
        page = reader.changes("0", limit=9, wait_s=0)
        assert not page.changes
        assert past_us.bulk_docs([received]) == []
        until(lambda: _is_here(running.central, received))
        page = reader.changes(page.last_seq, limit=9, wait_s=0)
        assert {one.id for one in page.changes} == {received["_id"], asked["_id"]}
    past_us.close()


def test_what_an_act_rests_on_may_never_come_and_readers_go_on_after_a_while(
    running: Running, standing: StandIn, centre: SmallCentre
) -> None:
    """Also who waits at the time: nothing else has to happen for it."""
    _, asked, agency = _an_agency_of_two_acts(centre)
    behind_it = centre.receive()
    past_us = standing.peer("dossiers")
    store = centre["counter-01"].stores["dossiers"]
    acts = [asked, store.get(f"{behind_it.stream}:{behind_it.heads[0]}")]
    for act in acts:
        assert past_us.bulk_docs([act]) == []
        until(lambda act=act: _is_here(running.central, act))  # type: ignore[misc]
    told: list[str] = []

    def listen() -> None:
        with closing(running.peer(agency, "dossiers")) as reader:
            since = reader.changes("0", limit=9, wait_s=0).last_seq
            listening.set()
            told.extend(one.id for one in reader.changes(since, limit=9, wait_s=30).changes)

    listening, reader = threading.Event(), threading.Thread(target=listen)
    reader.start()
    assert listening.wait(30)
    assert told == []
    centre.clock.forward(minutes=3)
    reader.join(30)
    assert told == [acts[1]["_id"]]
    past_us.close()


def _an_agency_of_two_acts(centre: SmallCentre) -> tuple[Json, Json, str]:
    """A reception, what rests on it, and the machine of the agency whose dossier it is; it may read no others."""
    received = centre.receive()
    asked = centre.withdraw(received)
    grant(centre, "counter-02", agencies=(agency_of(received),))
    store = centre["counter-01"].stores["dossiers"]
    first, second = (store.get(f"{received.stream}:{one.heads[0]}") for one in (received, asked))
    return first, second, "counter-02"


def _is_here(node: Node, document: Json) -> bool:
    return bool(node.stores["dossiers"].summaries([document["_id"]]))


def test_nobody_is_told_of_acts_before_central_has_fetched_all_that_lie_there(
    running: Running, standing: StandIn, centre: SmallCentre
) -> None:
    """When the cluster was away, and others have written into it meanwhile: in what order it gives that, nobody can say."""
    dossier, there = centre.receive(), standing.store("dossiers")
    assert there is not None
    act = centre["counter-01"].stores["dossiers"].get(f"{dossier.stream}:{dossier.heads[0]}")

    def nobody_hears() -> bool:
        standing.go_away()  # once more, for a feed that was just being opened
        return all(road.status.failing for road in running.cluster.roads() if road.direction == "pull")

    standing.late = True
    until(nobody_hears)
    until(lambda: running.cluster.away() != "")
    there.bulk_docs([act], new_edits=False)
    standing.away = False
    with closing(running.peer("room-01", "dossiers")) as room:
        until(lambda: running.cluster.away() == "")
        with pytest.raises(Unavailable, match="still being fetched"):
            room.changes("0", limit=9, wait_s=0)
        standing.late = False
        until(lambda: {road.status.state for road in running.cluster.roads()} == {State.WAITING})
        assert _is_here(running.central, act)
        assert running.shows("room-01") == {act["_id"]}


def test_a_file_that_the_law_takes_away_leaves_the_cluster_too(running: Running, standing: StandIn) -> None:
    central, files = running.central, standing.peer("files")
    name, kept = central.archive.keep(b"a scan of somebody"), central.archive.keep(b"another")
    listed = central.stores["files"].get(name)

    def there() -> set[str]:
        return {one.id for one in files.changes("0", limit=1000, wait_s=0).changes}

    until(lambda: {name, kept} <= there())
    redact(central, [name], "Luật 91/2025/QH15, Điều 14", by="quan.nv", second="huong.ltt")
    until(lambda: name not in there())
    until(
        lambda: not [one for one in there() if not central.stores["files"].summaries([one])], "its bytes too"
    )
    assert kept in there()
    assert (
        files.bulk_docs([listed]) == []
    )  # a machine brings it back, through a front that has not heard of it yet
    until(lambda: [one.document for one in central.register.refused()] == [name])
    until(lambda: name not in there())
    files.close()


def test_a_purge_of_which_a_copy_has_not_heard_is_asked_for_again(
    running: Running, standing: StandIn
) -> None:
    central, files = running.central, standing.peer("files")
    name = central.archive.keep(b"a scan of somebody")

    def there() -> set[str]:
        return {one.id for one in files.changes("0", limit=1000, wait_s=0).changes}

    until(lambda: name in there())
    standing.deaf = True
    redact(central, [name], "Luật 91/2025/QH15, Điều 14", by="quan.nv", second="huong.ltt")
    until(lambda: standing.purges >= 6)  # as often as it is asked at once, and again
    assert name in there()
    standing.deaf = False
    until(lambda: name not in there())
    files.close()


def test_a_cluster_that_goes_away_is_told_of_and_machines_hear_that_they_must_wait(
    running: Running, standing: StandIn, centre: SmallCentre
) -> None:
    """Not before it was tried; and it is over when it is back."""
    central = running.central
    roads = Roads(central, beside=running.cluster)

    def whys() -> list[str]:
        return unready(health_of(central, central.clock()))

    def wrong() -> set[Wrong]:
        return {alarm.wrong for one in Console(central).machines(state_of(central)) for alarm in one.alarms}

    until(lambda: whys() == [])
    status = status_of(central, roads, central.clock())
    assert status.health is not None
    assert "motcua_documents_there 1" in exposition(status, status.health, "1")
    (told,) = [peer for peer in status.peers if peer.node == PEER]
    assert len(told.lanes) == 8
    standing.go_away()
    until(lambda: whys() == ["documents"])
    assert Wrong.DOCUMENTS in wrong()
    status = status_of(central, roads, central.clock())
    assert status.health is not None
    assert "motcua_documents_there 0" in exposition(status, status.health, "1")
    centre.receive()
    with pytest.raises(Unavailable):
        running.brings("counter-01")
    standing.away = False
    until(lambda: whys() == [])
    roads.retry()
    until(lambda: {road.status.state for road in roads.all()} == {State.WAITING})
    assert Wrong.DOCUMENTS not in wrong()
    running.brings("counter-01")


def test_a_cluster_that_was_emptied_is_filled_again(
    running: Running, standing: StandIn, centre: SmallCentre
) -> None:
    """From central's copy, while it runs."""
    dossier = centre.receive()
    running.brings("counter-01")
    until(lambda: running.central.register.row(dossier.stream) is not None)
    for name in ("catalog", "dossiers"):
        standing.delete(name)

    def same(name: str) -> bool:
        with suppress(SyncError), closing(standing.peer(name)) as there:
            return differences(Here(running.central, name, source="x"), there).none
        return False

    until(lambda: same("catalog") and same("dossiers"))
    until(lambda: {road.status.state for road in running.cluster.roads()} == {State.WAITING})
    assert running.shows("room-01") == {f"{dossier.stream}:{dossier.heads[0]}"}


def falls_behind(running: Running, standing: StandIn) -> None:
    """Central has heard that there is something, and does not get it."""
    standing.late = True
    running.brings("counter-01")

    def is_late() -> bool:
        following = [
            one for one in running.cluster.roads() if (one.database, one.direction) == ("dossiers", "pull")
        ]
        return [one.status.state for one in following] == [State.RETRYING]

    until(is_late)


def test_a_lost_machine_is_not_cut_before_what_it_sent_is_here(
    running: Running, standing: StandIn, centre: SmallCentre
) -> None:
    """The cluster has acknowledged it: cut off at what central has fetched, an act that everybody saw would be held."""
    dossier, central = centre.receive(), running.central
    falls_behind(running, standing)
    with pytest.raises(NotGranted, match="not all that lies in CouchDB is here yet") as why:
        Enrolment(central).revoke("counter-01.1", "lost", by="quan.nv")
    assert why.value.because == "behind"
    standing.late = False
    running.cluster.retry()
    until(lambda: not running.cluster.behind(0))
    Enrolment(central).revoke("counter-01.1", "lost", by="quan.nv")
    assert central.catalog.trust.cuts["counter-01.1"].last_seq == 1
    assert [line.place for line in central.projector.dossier(dossier.stream).timeline] == [Place.EFFECTIVE]


def test_a_new_central_takes_over_when_it_has_what_the_old_one_wrote_after_its_backup(
    small: SmallCentre, authority: Authority, standing: StandIn, tmp_path: Path
) -> None:
    """It lies in the cluster, from where machines have it: none of them has anything more to send."""
    dossier = small.receive()
    small.meet()
    old = behind(small, standing.url)
    backup = backed_up(small, tmp_path / "backup")
    old.ledger.act(dossier.stream, "dossier.note", Note("Sau bản sao lưu."), by="huong.ltt")
    small.meet()
    assert all(one.well for one in move(old, lines_of(old)))
    central_is_lost(small)
    restored(small, authority, backup)
    new = behind(small, standing.url)
    standing.late = True
    cluster = Cluster(new)
    cluster.start()
    until(
        lambda: State.RETRYING in {one.status.state for one in cluster.roads() if one.database == "dossiers"}
    )
    for to in ("central.1", new.id):
        assert not any(one.all for one in collected(new)), "what was said to another central counts"
        for name in EDGES:
            note, catalog = f"{SENT}{small[name].id}", new.stores["catalog"]
            rev = {"_rev": catalog.get_local(note)["_rev"]} if to == new.id else {}
            catalog.put_local(note, {"catalog": "", "to": to, **rev})
    with pytest.raises(NotGranted) as why:
        take_over(new, by="quan.nv")
    assert why.value.because == "behind"
    standing.late = False
    cluster.retry()
    until(lambda: not cluster.behind(0))
    take_over(new, by="quan.nv")
    assert new.catalog.trust.cuts["central.1"].last_seq == 1
    assert {line.place for line in new.projector.dossier(dossier.stream).timeline} == {Place.EFFECTIVE}
    cluster.stop()


def test_nor_while_it_is_just_being_fetched(running: Running, standing: StandIn, centre: SmallCentre) -> None:
    """The road from there says that it waits, until the page is written."""
    centre.receive()
    standing.gate.clear()
    running.brings("counter-01")
    with pytest.raises(NotGranted, match="dossiers, 1 changes are left"):
        Enrolment(running.central).revoke("counter-01.1", "lost", by="quan.nv")
    standing.gate.set()
    until(lambda: not running.cluster.behind(0))


def test_what_central_wrote_and_too_few_copies_have_is_sent_again_after_a_restart(
    running: Running, standing: StandIn, centre: SmallCentre
) -> None:
    central, sent = running.central, Unacknowledged(running.central.file, "dossiers")
    dossier = centre.receive()
    running.brings("counter-01")
    until(lambda: central.register.row(dossier.stream) is not None)
    until(lambda: not sent.before())
    standing.few = True
    central.ledger.act(dossier.stream, "dossier.note", Note("Đã gọi điện."), by="huong.ltt")
    until(lambda: len(sent.before()) == 1)
    running.cluster.stop()
    standing.few = False
    again = Cluster(central)
    again.start()
    until(lambda: not sent.before())
    again.stop()


def test_a_stolen_machine_is_cut_at_once(running: Running, standing: StandIn, centre: SmallCentre) -> None:
    """Whoever has it could write on; what it sent before is held, and the desk lets it in."""
    centre.receive()
    falls_behind(running, standing)
    Enrolment(running.central).revoke("counter-01.1", "stolen", by="quan.nv")
    card = running.central.catalog.latest.card("counter-01.1")
    assert card is not None
    assert card.revoked == "stolen"
    standing.late = False


def test_a_central_that_is_off_cuts_nobody_off(
    running: Running, standing: StandIn, centre: SmallCentre
) -> None:
    """What it has not fetched from the cluster nobody can tell then."""
    running.cluster.stop()
    folder = running.central.folder.path
    running.central.close()
    del centre.nodes["central"]
    orders: tuple[Order, ...] = (
        Revoke("counter-01.1", "lost", "quan.nv"),
        TakeOver("quan.nv", []),
        ChooseBranch("7-abc", "quan.nv", "huong.ltt", "Đĩa đã mất."),
    )
    for order in orders:
        with pytest.raises(NotGranted, match="start it"):
            give(folder, order, Revoked)


def test_databases_of_another_centre_are_left_alone(centre: SmallCentre, standing: StandIn) -> None:
    """Nothing is copied in either direction, and nobody is let in."""
    theirs = standing.peer("catalog")
    theirs.create()
    assert theirs.bulk_docs([{"_id": "f" * 32, "_rev": "1-" + "a" * 32}]) == []
    made = Running(centre, behind(centre, standing.url))
    with serving_app(made.app) as made.url:
        made.cluster.start()
        until(lambda: "another centre" in made.cluster.away())
        with pytest.raises(Unavailable):
            made.shows("room-01")
        made.cluster.stop()
    assert [one.id for one in theirs.changes("0", limit=9, wait_s=0).changes] == ["f" * 32]
    assert made.central.stores["catalog"].summaries(["f" * 32]) == {}
    theirs.close()


def test_two_centres_in_one_cluster_have_databases_and_sessions_of_their_own(
    centre: SmallCentre, standing: StandIn
) -> None:
    """As provinces that share a cluster, whose machines have the same names."""
    theirs = standing.peer("catalog")
    theirs.create()
    assert theirs.bulk_docs([{"_id": "f" * 32, "_rev": "1-" + "a" * 32}]) == []
    made = Running(centre, behind(centre, standing.url, "can-tho-"))
    with serving_app(made.app) as made.url:
        made.cluster.start()
        until(lambda: bool(made.cluster.roads()))
        dossier = centre.receive()
        made.brings("counter-01")
        until(lambda: made.central.register.row(dossier.stream) is not None)
        made.cluster.stop()
    stored = standing.store("can-tho-dossiers")
    assert stored is not None
    assert [one.id for one in stored.all_docs()] == [f"{dossier.stream}:{dossier.heads[0]}"]
    assert standing.store("dossiers") is None
    assert [one.id for one in theirs.changes("0", limit=9, wait_s=0).changes] == ["f" * 32]
    theirs.close()
    ours = lines_of(made.central)
    assert ours.secret(b"root", "central.1") != replace(ours, prefix="").secret(b"root", "central.1")


def test_a_session_of_another_centre_opens_nothing_where_both_clusters_have_one_account(
    centre: SmallCentre, standing: StandIn
) -> None:
    """As whoever installs several may have it: their machines have the same names too."""
    ours = lines_of(behind(centre, standing.url))
    theirs = replace(ours, url="https://another.vn:6984")
    user = User("counter-01.1", (NODE,))
    session = Sessions(ours.secret(b"our authority", "central.1"), now=centre.clock).issue(user)
    here, there = (
        Sessions(lines.secret(authority, "central.1"), now=centre.clock)
        for lines, authority in ((ours, b"our authority"), (theirs, b"another authority"))
    )
    assert here.read(session) == user
    assert there.read(session) is None


def test_a_session_ends_with_the_central_in_whose_name_it_was_given(
    centre: SmallCentre, standing: StandIn
) -> None:
    """Or a machine whose line was away for a moment would not hear that another one is central now."""
    central = behind(centre, standing.url)
    lines, root = lines_of(central), central.folder.root.read_bytes()
    user = User("counter-01.1", (NODE,))
    before, now = (Sessions(lines.secret(root, who), now=centre.clock) for who in ("central.1", "central.2"))
    assert now.read(before.issue(user)) is None
    assert now.read(now.issue(user)) == user
