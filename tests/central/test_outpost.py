"""A front on a machine of its own, in this process: who is let in, who it says that it is, and what central hears through it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import msgspec
import pytest
import requests
from argon2 import PasswordHasher

from central.centre import Authority, Place, enrol
from central.cluster import PEER, Cluster, lines_by, lines_of, meet
from central.console import Console, Machine
from central.enrolment import Change, Enrolment, Wish
from central.errors import AnotherCentre, NotGranted
from central.hearing import Hearing
from central.outpost import Outpost, create_signpost, fetch_catalog, is_laid_out
from central.redaction import redact
from central.restore import NewCentral, restore_centre
from central.serve import run_node
from central.serve_front import run_front
from central.succession import collected
from edge.access import SENT, STATE, Access
from edge.acks import NAME as ACKS
from edge.errors import CannotStart
from edge.folder import Folder
from edge.keys import NodeKeys
from edge.node import Node, server_uuid
from edge.server import application
from edge.settings import NodeSettings, PeerSettings, read_settings, write_settings
from edge.state import state_of
from edge.status import status_of
from edge.succession import CENTRE, PATH, Shown, ask_who, create_introducing
from schemas.canonical import to_base64
from schemas.entries import Duty
from schemas.events import revision_of
from sync.documents import Json
from sync.errors import Forbidden, Unauthorized, Unavailable
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from tests.backups import silent
from tests.central.test_succession import authority, central_is_lost, kept, small
from tests.centres import QUICK, SmallCentre
from tests.edge.hostile import Hostile
from tests.fronts.stand_in import StandIn, settings_for, standing_in
from tests.sync.servers import serving_app
from tests.waiting import until

__all__ = ["authority", "kept", "small"]

FRONT = "front-1.1"


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[StandIn]:
    with standing_in(tmp_path / "cluster") as made:
        yield made


class Behind:
    """Central with its documents in the cluster, and a front in a folder of its own."""

    def __init__(self, centre: SmallCentre, standing: StandIn, folder: Folder) -> None:
        self.centre, self.standing, self.folder = centre, standing, folder
        folder.path.mkdir()
        own = settings_for(standing.url, folder.path)
        settings = NodeSettings(FRONT, heartbeat_ms=500, documents="couchdb", couchdb=own)
        place = Place(FRONT, "Cổng 1", 81, (), front=True)
        enrol(folder, centre["central"], place, settings, by="quan.nv")
        at_central = centre["central"].folder.path
        said = msgspec.structs.replace(
            read_settings(at_central),
            documents="couchdb",
            couchdb=settings_for(standing.url, at_central),
            heartbeat_ms=500,
            peers=(PeerSettings(FRONT, "http://127.0.0.1:9"),),
        )
        write_settings(at_central, said)
        self.central = centre.reopen("central")
        self.cluster = Cluster(self.central)
        self.cluster.start()
        until(lambda: {road.status.state.value for road in self.cluster.roads()} == {"waiting"})

    def opened(self) -> Node:
        """The front, with the catalog that it has, or with what lies in the cluster, which may be silent for a moment."""
        settings = read_settings(self.folder.path)
        lines = lines_by(settings, self.folder.path)
        while not is_laid_out(self.folder):
            with suppress(Unavailable):
                fetch_catalog(self.folder, settings, lines, clock=self.centre.clock, ids=self.centre.ids)
        return Node(self.folder, settings, clock=self.centre.clock, ids=self.centre.ids, hasher=QUICK)

    def empty(self) -> None:
        for path in self.folder.path.iterdir():
            if path.name not in ("keys", "node.toml", "couchdb"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def close(self) -> None:
        self.cluster.stop()


@pytest.fixture
def behind(centre: SmallCentre, standing: StandIn, tmp_path: Path) -> Iterator[Behind]:
    made = Behind(centre, standing, Folder(tmp_path / "front-1"))
    yield made
    made.close()


class Running:
    """A front that answers over a line, until the block ends; it follows the cluster from `start` on."""

    def __init__(self, behind: Behind) -> None:
        self.behind = behind

    def __enter__(self) -> Running:
        self._stack = ExitStack()
        self.node = node = self._stack.enter_context(closing(self.behind.opened()))
        self.outpost = Outpost(node)
        app = application(
            node,
            create_signpost(),
            {PATH.strip("/"): create_introducing(node)},
            lambda: status_of(node, self.outpost, node.clock()),
            self.outpost.documents,
        )
        self.url = self._stack.enter_context(serving_app(app))
        return self

    def __exit__(self, *_why: object) -> None:
        self.outpost.stop()
        self._stack.close()

    def start(self) -> None:
        self.outpost.start()
        until(lambda: self.outpost.away() == "")

    def peer(self, name: str, database: str = "dossiers") -> RemotePeer:
        node = self.behind.centre[name]
        password = node.keys.password_for(node.id, self.node.serves_as)
        return RemotePeer(self.url, database, user=node.id, password=password)

    def says(self, name: str, note: str, said: Json) -> None:
        """A machine leaves a note here for central."""
        with closing(self.peer(name, "catalog")) as peer:
            peer.put_local(note, said)

    def brings(self, name: str) -> None:
        """A machine sends all acts that it has."""
        store = self.behind.centre[name].stores["dossiers"]
        with closing(self.peer(name)) as peer:
            assert peer.bulk_docs([store.get(one.id) for one in store.all_docs()]) == []


@pytest.fixture
def running(behind: Behind) -> Iterator[Running]:
    with Running(behind) as made:
        made.start()
        yield made


# ---- whom machines find there


def test_a_front_is_central_to_whoever_asks(running: Running, behind: Behind) -> None:
    """The same server, with the same sessions: what one has signed the other knows."""
    counter, central = behind.centre["counter-01"], behind.central
    assert requests.get(running.url, timeout=30).json()["uuid"] == server_uuid(central.id)
    login = {"name": counter.id, "password": counter.keys.password_for(counter.id, central.id)}
    signed = requests.post(f"{running.url}/_session", json=login, timeout=30)
    access = Access(central.catalog, (), PasswordHasher(), node=central.id, heard=lambda node: None)
    with serving_app(behind.cluster.documents(access)) as other:
        asked = requests.get(f"{other}/dossiers", cookies=signed.cookies.get_dict(), timeout=30)
        assert asked.status_code == 200
    lost = requests.get(f"{running.url}/counter", headers={"Accept": "text/html"}, timeout=30)
    assert lost.status_code == 404
    assert "Trung tâm" in lost.text


def test_what_a_machine_brings_through_a_front_is_folded_at_central(running: Running, behind: Behind) -> None:
    dossier = behind.centre.receive()
    running.brings("counter-01")
    until(lambda: behind.central.register.row(dossier.stream) is not None)
    with closing(running.peer("room-01")) as room:
        until(lambda: len(room.changes("0", limit=9, wait_s=0).changes) == 1)


def test_nobody_is_let_in_by_an_old_catalog(behind: Behind) -> None:
    """A card that was revoked while the front was off opens nothing there, not for a moment."""
    with Running(behind) as off:
        Enrolment(behind.central).revoke("counter-01.1", "stolen", by="quan.nv")
        with closing(behind.standing.peer("catalog")) as there:
            until(
                lambda: not there.revs_diff({one["_id"]: [one["_rev"]] for one in behind.central.entries()})
            )
        card = off.node.catalog.latest.card("counter-01.1")
        assert card is not None
        assert card.opens
        with closing(off.peer("counter-01")) as stolen:
            with pytest.raises(Unavailable):
                stolen.revs_diff({})
            off.start()
            with pytest.raises(Unauthorized):
                stolen.revs_diff({})


def test_only_central_says_who_is_central_and_what_it_holds(running: Running) -> None:
    for note in (ACKS, CENTRE):
        with pytest.raises(Forbidden):
            running.says("counter-01", note, {"card": {}})


# ---- what lies in its folder


def test_an_emptied_front_fetches_all_again(behind: Behind) -> None:
    """It says that it is not ready meanwhile, and until when machines would wait in vain."""
    dossier = behind.centre.receive()
    with Running(behind) as before:
        before.start()
        before.brings("counter-01")
        until(lambda: before.node.register.row(dossier.stream) is not None)
    behind.empty()
    with Running(behind) as again:
        assert again.node.catalog.names == behind.central.catalog.names
        ready = requests.get(f"{again.url}/readyz", timeout=30)
        assert (ready.status_code, ready.json()["why"]) == (503, ["documents"])
        again.start()
        assert requests.get(f"{again.url}/readyz", timeout=30).status_code == 200
        assert "motcua_documents_there 1" in requests.get(f"{again.url}/metrics", timeout=30).text
        assert again.node.register.row(dossier.stream) is not None
        assert [road.direction for road in again.outpost.roads()] == ["pull", "pull"]


def test_only_what_central_sealed_is_fetched(behind: Behind) -> None:
    """Somebody has put an entry into the cluster past us: it is not in a catalog that was fetched anew."""
    true = behind.central.entries()[-1]
    seal = to_base64(bytes(range(64)))
    forged = {**true, "seal": seal, "_rev": revision_of(true["_id"].partition(":")[2], bytes(range(64)))}
    with closing(behind.standing.peer("catalog")) as there:
        assert there.bulk_docs([forged]) == []
    behind.empty()
    with closing(behind.opened()) as node:
        assert node.catalog.names == behind.central.catalog.names
        leaves = node.stores["catalog"].summary(true["_id"]).leaves
        assert [str(leaf.rev) for leaf in leaves] == [true["_rev"]]


def test_a_catalog_of_another_authority_is_not_fetched(behind: Behind, tmp_path: Path) -> None:
    with standing_in(tmp_path / "another") as another:
        settings = msgspec.structs.replace(
            read_settings(behind.folder.path), couchdb=settings_for(another.url, behind.folder.path)
        )
        write_settings(behind.folder.path, settings)
        with closing(another.peer("catalog")) as there:
            there.create()
            assert there.bulk_docs([{"_id": "f" * 32, "_rev": "1-" + "a" * 32}]) == []
        behind.empty()
        with pytest.raises(AnotherCentre):
            behind.opened()
        assert not is_laid_out(behind.folder)


def test_each_front_counts_what_nobody_can_judge_yet(running: Running, behind: Behind) -> None:
    """What it let in, and what came to it from the cluster, as one account."""
    running.node.waits.most_bytes = 15_000
    hostile, keys = Hostile(behind.centre), NodeKeys.generate()
    stranger = [
        hostile.event(f"{n:032x}", "dossier.note", {"text": "x" * 8_000}, node="nowhere.1", keys=keys, seq=n)
        for n in (1, 2, 3)
    ]
    with closing(running.peer("counter-02")) as peer:
        assert peer.bulk_docs(stranger[:1]) == []
        until(lambda: running.node.waits.bytes_of(PEER) > 8_000)
        assert [one.reason.partition(":")[0] for one in peer.bulk_docs(stranger[1:2])] == ["waiting"]
    with closing(behind.standing.peer("dossiers")) as past_us:
        assert past_us.bulk_docs(stranger[2:]) == []
    until(lambda: [one.document for one in running.node.register.refused()] == [stranger[2]["_id"]])


def test_a_front_that_cannot_follow_says_so_and_tells_nobody_that_there_is_nothing(
    running: Running, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that read nothing and heard no error would wait, while another front has what it waits for. What machines send
    it takes as ever."""
    monkeypatch.setattr("central.outpost.LATE_LOOKS", 2)
    sent_away: list[bool] = []
    running.outpost.on_late = lambda: sent_away.append(True)  # who listens there already
    behind.standing.late = True
    dossier = behind.centre.receive()
    running.brings("counter-01")
    until(lambda: "dossiers" in running.outpost.away())
    assert sent_away == [True]
    with closing(running.peer("room-01")) as room:
        with pytest.raises(Unavailable, match="dossiers"):
            room.changes("0", limit=10, wait_s=0)
        assert room.revs_diff({}) == {}
        behind.standing.late = False
        until(lambda: running.outpost.away() == "")
        shown = {one.id.partition(":")[0] for one in room.changes("0", limit=10, wait_s=0).changes}
        assert dossier.stream in shown


# ---- what central hears


def test_central_hears_what_machines_say_of_themselves_at_a_front(running: Running, behind: Behind) -> None:
    counter, central = behind.centre["counter-01"], behind.central
    central.settings = msgspec.structs.replace(central.settings, peers=(PeerSettings(FRONT, running.url),))
    running.says("counter-01", f"{STATE}{counter.id}", state_of(counter).document())

    def shown() -> dict[str, Machine]:
        return {one.card.node: one for one in Console(central).machines(state_of(central))}

    until(lambda: shown()[counter.id].state is not None and shown()[counter.id].near)
    until(lambda: shown()[FRONT].near)
    central.settings = msgspec.structs.replace(
        central.settings, peers=(PeerSettings(FRONT, "http://127.0.0.1:9"),)
    )
    until(lambda: not shown()[FRONT].near)


def past_us(there: RemotePeer, note: str, said: Json) -> None:
    before = there.get_local(note)
    there.put_local(note, said if before is None else {**said, "_rev": before["_rev"]})


def test_an_older_word_of_a_machine_does_not_take_the_place_of_a_newer_one(
    running: Running, behind: Behind
) -> None:
    """Nor does one that somebody else has left in its name."""
    counter, central = behind.centre["counter-01"], behind.central
    older = state_of(counter).document()
    behind.centre.clock.forward(minutes=1)
    newer = state_of(counter).document()
    central.stores["catalog"].put_local(f"{STATE}{counter.id}", newer)
    running.says("counter-01", f"{STATE}{counter.id}", older)
    forged = {**state_of(behind.centre["counter-02"]).document(), "node": counter.id}
    with closing(behind.standing.peer("catalog")) as there:
        hearing = Hearing(central, there)
        with pytest.raises(Forbidden):
            running.says("counter-02", f"{STATE}{counter.id}", forged)
        for said in (older, forged):
            past_us(there, f"{STATE}{counter.id}", said)
            for _ in central.catalog.latest.cards():
                hearing.look()
    assert central.stores["catalog"].get_local(f"{STATE}{counter.id}")["at"] == newer["at"]


def test_a_chunk_that_went_by_law_and_comes_back_through_a_front_is_purged_again(
    running: Running, behind: Behind
) -> None:
    central, counter = behind.central, behind.centre["counter-01"]
    name = counter.archive.keep(b"a scan of somebody")
    (index,) = counter.archive.lists(name)
    local = LocalPeer(counter.stores["files"], server_uuid=server_uuid(counter.id), source="")
    wanted = [(one, "") for one in (name, *index["chunks"])]
    found = {one.id: one.document for one in local.bulk_get(wanted) if one.document is not None}
    chunks = [document for one, document in found.items() if one != name]
    with (
        closing(running.peer("counter-01", "files")) as peer,
        closing(behind.standing.peer("files")) as there,
    ):

        def lie_there() -> set[str]:
            return {one.id for one in there.changes("0", limit=999, wait_s=0).changes} & found.keys()

        assert peer.bulk_docs([*found.values()]) == []
        assert lie_there() == found.keys()
        until(lambda: central.archive.holds(name))
        redact(central, [name], "Luật 91/2025/QH15, Điều 14", by="quan.nv", second="huong.ltt")
        until(lambda: not lie_there())
        assert peer.bulk_docs(chunks) == []
        until(lambda: not lie_there())
        assert central.stores["files"].summaries([*found]) == {}
        until(lambda: central.register.refused() == [])


def test_a_new_central_is_heard_of_through_the_cluster(
    small: SmallCentre, authority: Authority, standing: StandIn, tmp_path: Path
) -> None:
    """Before its first word in the catalog. Machines hear of it at the front, and what they say to it there comes to it; what
    they said to another one does not."""
    made = Behind(small, standing, Folder(tmp_path / "front-1"))
    with Running(made) as front:
        front.start()
        made.close()
        central_is_lost(small)
        wanted = NewCentral(small.data / "central", authority)
        restore_centre(wanted, None, clock=small.clock, ids=small.ids, told=silent)
        settings = msgspec.structs.replace(
            read_settings(wanted.data),
            documents="couchdb",
            couchdb=settings_for(standing.url, wanted.data),
        )
        write_settings(wanted.data, settings)
        new = small.nodes["central"] = small.open("central")
        cluster = Cluster(new)
        cluster.start()
        until(lambda: front.node.serves_as == new.id == "central.2")
        shown = who_is_at(front.url)
        assert not shown.collects
        assert small["counter-01"].hears_of_central(shown.card)
        until(lambda: new.catalog.number > 0)
    with Running(made) as front:
        assert front.node.serves_as == new.id
        front.start()
        front.says("counter-01", f"{SENT}counter-01.1", {"catalog": "", "to": "central.1"})
        front.says("counter-02", f"{SENT}counter-02.1", {"catalog": "", "to": new.id})
        until(lambda: sent(new) == {"counter-02.1"})
        assert FRONT not in {one.node for one in collected(new)}
    cluster.stop()


def who_is_at(url: str) -> Shown:
    """Asked again and again, as a machine asks: two seconds are short for a busy front."""
    said: list[Shown | None] = []

    def asked() -> bool:
        said.append(ask_who(url))
        return said[-1] is not None

    until(asked, f"nobody is introduced at {url}")
    assert said[-1] is not None
    return said[-1]


def test_a_new_central_mixes_nothing_with_the_databases_of_another_centre(
    small: SmallCentre, authority: Authority, standing: StandIn, tmp_path: Path
) -> None:
    """It has no catalog yet by which it could tell them apart, but an authority."""
    central_is_lost(small)
    wanted = NewCentral(small.data / "central", authority)
    restore_centre(wanted, None, clock=small.clock, ids=small.ids, told=silent)
    couchdb = settings_for(standing.url, wanted.data)
    write_settings(
        wanted.data, msgspec.structs.replace(read_settings(wanted.data), documents="couchdb", couchdb=couchdb)
    )
    new = small.nodes["central"] = small.open("central")
    assert meet(new, lines_of(new))
    with closing(standing.peer("catalog")) as there:
        assert there.bulk_docs([{"_id": "f" * 32, "_rev": "1-" + "a" * 32}]) == []
    with pytest.raises(AnotherCentre):
        meet(new, lines_of(new))


def sent(new: Node) -> set[str]:
    return {one.node for one in collected(new) if one.all}


# ---- its card


def test_a_front_gets_nothing_to_do(behind: Behind) -> None:
    office = Enrolment(behind.central)
    with pytest.raises(NotGranted, match="a front writes nothing"):
        office.make_code(Wish("front-2", "Cổng 2", (Duty.RECEIVE,), front=True), by="quan.nv")
    with pytest.raises(NotGranted, match="nobody works at it"):
        office.change(FRONT, Change(duties=(Duty.RECEIVE,)), by="quan.nv")
    assert office.change(FRONT, Change(title="Cổng một"), by="quan.nv").front


def test_a_front_that_is_not_needed_any_more_is_retired_without_a_last_act(behind: Behind) -> None:
    """It has written none that could be missing."""
    Enrolment(behind.central).revoke(FRONT, "retired", by="quan.nv")
    card = behind.central.catalog.latest.card(FRONT)
    assert card is not None
    assert (card.opens, card.revoked) == (False, "retired")


def test_a_front_is_started_as_one_and_nothing_else_is(behind: Behind) -> None:
    with pytest.raises(CannotStart, match="motcua central front"):
        run_node(behind.folder.settings, centre=False)
    counter = behind.centre["counter-02"].folder
    settings = read_settings(counter.path)
    behind.centre.nodes.pop("counter-02").close()
    couchdb = settings_for(behind.standing.url, counter.path)
    write_settings(counter.path, msgspec.structs.replace(settings, couchdb=couchdb))
    with pytest.raises(CannotStart, match="is not a front"):
        run_front(counter.settings)
