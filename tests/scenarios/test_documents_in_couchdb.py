"""A central whose documents lie elsewhere: a real process before real servers that stand for a cluster of CouchDB."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from central.cluster import PEER
from central.demo.centre import free_port
from central.demo.visitor import Visitor
from central.restore import NewCentral, restore_centre
from central.verify import verify
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.ledger import Draft
from edge.node import DATABASES, Node
from edge.roads import Here, Roads
from edge.settings import PeerSettings, read_settings, write_settings
from edge.status import asked
from schemas.acts import Party, ReceivedComponent
from schemas.events import StreamId
from sync.digests import differences
from sync.remote import RemotePeer
from tests.backups import copied, silent
from tests.bench import peers
from tests.centres import PINS, QUICK
from tests.fronts.stand_in import ADMIN, StandIn, settings_for, standing_in
from tests.proving import Times
from tests.scenarios.test_many_edges_one_new_central import PATIENCE_S, founded, takes_over
from tests.waiting import until


class Central:
    """A process, which may be killed and begins anew."""

    def __init__(self, folder: Folder, cluster: str, *, host: str = "127.0.0.1") -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = msgspec.structs.replace(
            read_settings(folder.path),
            host=host,
            port=self.port,
            heartbeat_ms=1_000,
            mdns=False,
            documents="couchdb",
            couchdb=settings_for(cluster, folder.path),
        )
        write_settings(folder.path, settings)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "central.cli", "central", "--data", str(self.folder.path)]
        with (self.folder.path / "log.txt").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("ready"), self.said()

    def said(self) -> str:
        return (self.folder.path / "log.txt").read_text(encoding="utf-8")[-3000:]

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stop(self) -> int:
        assert self._process is not None
        self._process.terminate()
        self._process.communicate(timeout=60)
        status, self._process = self._process.returncode, None
        return status

    def lanes(self) -> set[tuple[str, str, str]]:
        """What is told of the roads to the cluster."""
        status = asked(self.folder)
        found = {} if status is None else {peer.node: peer.lanes for peer in status.peers}
        return {(lane.database, lane.direction, lane.state) for lane in found.get(PEER, [])}

    def desk(self) -> Visitor:
        visitor = Visitor(self.url)
        page = visitor.open("/sign-in")
        visitor.press(page, page.form("pin"), person="huong.ltt", pin=PINS["huong.ltt"])
        return visitor


def opened(folder: Path, central: Central) -> Node:
    """A machine of which the cable goes to that central."""
    peer = (PeerSettings("central.1", central.url),)
    settings = msgspec.structs.replace(read_settings(folder), peers=peer, heartbeat_ms=1_000, mdns=False)
    return Node(Folder(folder), settings, clock=system_clock, ids=Ids(), hasher=QUICK)


@contextlib.contextmanager
def connected(node: Node) -> Iterator[Roads]:
    roads = Roads(node, steady_s=0.5)
    roads.start()
    try:
        yield roads
    finally:
        roads.stop()


def receive(node: Node, applicant: str) -> str:
    stream = StreamId(node.ids.stream(system_clock()))
    draft = Draft("1.000703", Party(applicant, "020085004127"), (ReceivedComponent("Đơn đề nghị", 1),))
    node.ledger.receive(stream, draft, by="hanh.nh", spool=node.papers.spool_slip)
    return stream


def has(node: Node, stream: str) -> bool:
    return bool(node.register.row(stream))


def holds_the_same(central: Central, *streams: str, there: Callable[[str], RemotePeer]) -> None:
    """What lies in the cluster and what the central that was stopped has are the same, these dossiers among it."""
    node = Node(central.folder, read_settings(central.folder.path), clock=system_clock, ids=Ids())
    try:
        assert all(has(node, stream) for stream in streams)
        assert node.register.refused() == []
        for name in DATABASES:
            peer = there(name)
            assert differences(Here(node, name, source="x"), peer).none
            peer.close()
    finally:
        node.close()


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[StandIn]:
    with standing_in(tmp_path / "cluster") as made:
        yield made


def test_what_a_counter_receives_lies_in_the_cluster(
    founded: Path, tmp_path: Path, standing: StandIn
) -> None:
    """It is seen at central's desk and at another counter. Central is killed, the cluster is away for a while: nothing is lost."""
    shutil.copytree(founded, tmp_path / "centre")
    central = Central(Folder(tmp_path / "centre" / "central"), standing.url)
    one, other = (opened(tmp_path / "centre" / name, central) for name in ("counter-01", "counter-02"))
    try:
        central.start()
        with connected(one), connected(other):
            first = receive(one, "Nông Văn Một")
            until(lambda: has(other, first))
            desk = central.desk()
            assert "Nông Văn Một" in desk.open(f"/dossier/{first}").text
            assert PEER in desk.open("/sync").text

            standing.go_away()
            second = receive(one, "Nông Văn Hai")
            until(lambda: "CouchDB" in desk.open("/nodes").text)
            central.kill()
            central.start()
            assert not has(other, second)
            standing.away = False
            until(lambda: has(other, second))
        until(lambda: {lane[2] for lane in central.lanes()} == {"waiting"})
        assert len(central.lanes()) == 2 * len(DATABASES)
        assert one.register.waiting().count == 0
        assert central.stop() == 0
        holds_the_same(central, first, second, there=standing.peer)
    finally:
        central.kill()
        one.close()
        other.close()


@pytest.mark.proof
def test_central_dies_again_and_again_before_another_program(
    founded: Path, tmp_path: Path, times: Times
) -> None:
    """PouchDB Server keeps what counters receive while central is killed wherever it is."""
    lacks = peers.lacks_pouchdb_server()
    if lacks is not None:
        pytest.skip(lacks)
    random, streams = Random(7), list[str]()
    shutil.copytree(founded, tmp_path / "centre")
    with peers.pouchdb_server(tmp_path / "cluster") as server:
        with server.client() as admin:
            admin.put(f"{server.url}/_config/admins/{ADMIN.name}", json=ADMIN.password).raise_for_status()

        def there(name: str) -> RemotePeer:
            return RemotePeer(server.url, name, user=ADMIN.name, password=ADMIN.password)

        central = Central(Folder(tmp_path / "centre" / "central"), server.url)
        one, other = (opened(tmp_path / "centre" / name, central) for name in ("counter-01", "counter-02"))
        try:
            with connected(one), connected(other):
                for kill in range(times(2, 10)):
                    central.start()
                    before = len(streams)
                    streams += [receive(random.choice((one, other)), f"Nông {kill} {n}") for n in range(20)]
                    sought = streams[before + random.randint(0, 19)]
                    until(lambda: has(one, sought) and has(other, sought))  # noqa: B023
                    central.kill()
                central.start()
                until(lambda: all(has(one, stream) and has(other, stream) for stream in streams))
                until(lambda: {lane[2] for lane in central.lanes()} == {"waiting"})
            assert central.stop() == 0
            holds_the_same(central, *streams, there=there)
        finally:
            central.kill()
            one.close()
            other.close()


@pytest.mark.proof
def test_a_new_central_finds_in_the_cluster_what_its_backup_lacks(tmp_path: Path, standing: StandIn) -> None:
    """Also from machines that are away; and it takes over as it would without a cluster."""
    with founded(tmp_path / "centre", 2) as (centre, authority):
        folder, away = Folder(centre.data / "central"), centre.names[1]
        credentials = tmp_path / "couchdb"
        couchdb = msgspec.structs.replace(settings_for(standing.url, tmp_path), credentials=str(credentials))
        settings = msgspec.structs.replace(read_settings(folder.path), documents="couchdb", couchdb=couchdb)
        write_settings(folder.path, settings)
        centre.start("central")
        backup = copied(folder.path, tmp_path / "backup", system_clock)
        today = {centre.receives(name, f"Nông Văn {name}") for name in centre.names}
        for name in centre.names:
            centre.start(name)
        until(lambda: today <= centre.streams("central"))

        centre.kill("central")
        centre.kill(away)
        folder.path.rename(tmp_path / "lost")
        wanted = NewCentral(folder.path, authority)
        restore_centre(wanted, backup, clock=system_clock, ids=Ids(), told=silent)
        assert not today & centre.streams("central")
        centre.start("central")
        until(lambda: today <= centre.streams("central"))
        centre.start(away)
        until(lambda: takes_over(centre), patience_s=PATIENCE_S)
        folders = ("central", *centre.names)
        until(lambda: len({frozenset(centre.entries(name)) for name in folders}) == 1, patience_s=PATIENCE_S)
        centre.stop()
        assert [str(one) for one in verify(centre.data).findings] == []
