"""Fronts on machines of their own: real processes behind what divides connections among them, before a stand-in for a cluster."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
import pytest

from central.centre import Place, enrol
from central.console import Console
from central.demo.centre import free_port
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import DATABASES, Node
from edge.roads import Here
from edge.settings import NodeSettings, PeerSettings, read_settings
from edge.state import state_of
from edge.status import asked
from sync.digests import differences
from tests.centres import QUICK
from tests.fronts.carousel import carousel
from tests.fronts.stand_in import StandIn, settings_for, standing_in
from tests.scenarios.test_documents_in_couchdb import Central, connected, has, receive
from tests.waiting import until

RECEIVED: Final = 30
"""Dossiers that are brought in bulk."""
KEPT: Final = ("keys", "node.toml", "couchdb", "log.txt")
"""All that a front cannot fetch again, and the log of the test."""


class Front:
    """A process, which may be killed, and whose folder may be emptied."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.port = read_settings(folder.path).port
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "central.cli", "central", "front", "--data", str(self.folder.path)]
        with (self.folder.path / "log.txt").open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("ready"), (self.folder.path / "log.txt").read_text(encoding="utf-8")[-3000:]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

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

    def empty(self) -> None:
        """Somebody deletes what lies in its folder, but for who it is."""
        for path in self.folder.path.iterdir():
            if path.name not in KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def is_ready(self) -> bool:
        """Whether it has all that lies in the cluster, as `/readyz` says."""
        status = asked(self.folder)
        return (
            status is not None
            and status.health is not None
            and status.health.documents is not None
            and (status.health.documents.away == "")
        )


def enrolled(central: Folder, folder: Path, url: str, *, host: str = "127.0.0.1") -> Front:
    """A front with a card, made at central before that runs. `url`: its way to the cluster."""
    node = Node(central, read_settings(central.path), clock=system_clock, ids=Ids())
    try:
        place = Place(f"{folder.name}.1", folder.name, 80 + int(folder.name[-1]), (), front=True)
        folder.mkdir()
        settings = NodeSettings(
            place.node,
            host=host,
            port=free_port(),
            heartbeat_ms=1_000,
            documents="couchdb",
            couchdb=settings_for(url, folder),
        )
        enrol(Folder(folder), node, place, settings, by="quan.nv")
    finally:
        node.close()
    return Front(Folder(folder))


def opened(folder: Path, url: str) -> Node:
    """A machine that finds central at the address of what divides connections."""
    peer = (PeerSettings("central.1", url),)
    settings = msgspec.structs.replace(read_settings(folder), peers=peer, heartbeat_ms=1_000, mdns=False)
    return Node(Folder(folder), settings, clock=system_clock, ids=Ids(), hasher=QUICK)


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[StandIn]:
    with standing_in(tmp_path / "cluster") as made:
        yield made


@pytest.mark.proof
def test_fronts_are_killed_and_emptied_and_central_is_away(
    founded: Path, tmp_path: Path, standing: StandIn
) -> None:
    """Machines never meet central itself: what they receive is everywhere all the same, and central sees how they are."""
    data = tmp_path / "centre"
    shutil.copytree(founded, data)
    central = Central(Folder(data / "central"), standing.url)
    first, second = (enrolled(central.folder, data / name, standing.url) for name in ("front-1", "front-2"))
    with contextlib.ExitStack() as stack:
        divided = stack.enter_context(carousel(first.port, second.port))
        one, other = (opened(data / name, divided.url) for name in ("counter-01", "counter-02"))
        for ended in (central.kill, first.kill, second.kill, one.close, other.close):
            stack.callback(ended)
        central.start()
        first.start()
        second.start()
        until(lambda: first.is_ready() and second.is_ready())
        with connected(one), connected(other):
            streams = [receive(one, "Nông Văn Một")]
            until(lambda: has(other, streams[0]))
            assert "Nông Văn Một" in central.desk().open(f"/dossier/{streams[0]}").text
            assert min(divided.taken.values()) > 0

            central.kill()
            streams.append(receive(other, "Nông Văn Hai"))
            until(lambda: has(one, streams[1]))

        streams += [receive(one, f"Nông {number}") for number in range(RECEIVED)]
        peer = standing.peer("dossiers")
        with connected(one), connected(other):
            until(lambda: len(peer.changes("0", limit=1000, wait_s=0).changes) > 2)
            first.kill()
            first.empty()
            divided.part()
            until(lambda: all(has(other, stream) for stream in streams))

            first.start()
            second.kill()
            divided.part()
            streams.append(receive(other, "Nông Văn Ba"))
            until(lambda: has(one, streams[-1]))

            central.start()
            until(lambda: {lane[2] for lane in central.lanes()} == {"waiting"})
            until(lambda: near(central, one.id, other.id))
            assert one.register.waiting().count == other.register.waiting().count == 0
        peer.close()
        until(first.is_ready)
        assert (central.stop(), first.stop()) == (0, 0)
        centre = Node(central.folder, read_settings(central.folder.path), clock=system_clock, ids=Ids())
        stack.callback(centre.close)
        assert all(has(centre, stream) for stream in streams)
        assert centre.register.refused() == []
        for name in DATABASES:
            there = stack.enter_context(closing(standing.peer(name)))
            found = differences(Here(centre, name, source="x"), there)
            # an entry of its last moment, about dossiers that are alike, goes there at its next start
            assert found.only_there == []
            assert found.none or name == "catalog"
        said = {one.card.node: one.state for one in Console(centre).machines(state_of(centre))}
        assert all(said[node.id] is not None for node in (one, other))


def near(central: Central, *nodes: str) -> bool:
    """Whether central says that it is in contact with these machines."""
    status = asked(central.folder)
    lost = {} if status is None else {peer.node: peer.lost_since for peer in status.peers}
    return all(node in lost and lost[node] is None for node in nodes)
