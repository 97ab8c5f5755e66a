"""Twenty-four edges live on one central: what one of them writes is at all others, and nobody is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication, State
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.sync.lines import Line, line_to
from tests.sync.servers import NOW, PASSWORD, USER, Ids, Server, serving
from tests.sync.test_replicator import DB, contents, sessions
from tests.waiting import until

EDGES = 24
FIRST = 100
"""Edges are numbered from here: with the identity of the server (1) one would take the notes of its two roads for one."""


class Edge:
    """A store of its own, and its two roads to central over a line of its own."""

    def __init__(self, number: int, folder: Path, server: Server, stack: ExitStack) -> None:
        self.number = number
        self.store = Store(SqliteFile(folder / f"{number}.db"), DB, new_id=Ids(FIRST + number))
        stack.callback(self.store.file.close)
        self.line: Line = stack.enter_context(line_to(server.port))
        self.roads = [self._road(pull=True), self._road(pull=False)]
        for road in self.roads:
            thread = threading.Thread(target=road.run_live)
            thread.start()
            stack.callback(thread.join, 20)
            stack.callback(road.stop)

    def _road(self, *, pull: bool) -> Replication:
        here = LocalPeer(self.store, server_uuid=f"{FIRST + self.number:032x}", source="central")
        there = RemotePeer(self.line.url, DB, user=USER, password=PASSWORD, heartbeat_s=5)
        return Replication(
            there if pull else here,
            here if pull else there,
            node_id=f"counter-{self.number:02d}",
            session_id=sessions(),
            now=lambda: NOW,
            jitter=lambda: 0.99,
        )

    def write(self, name: str) -> None:
        self.store.bulk_docs([{"_id": name, "by": self.number}])


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[tuple[Server, list[Edge]]]:
    with serving(tmp_path / "central.db", DB) as server, ExitStack() as stack:
        edges = [Edge(number, tmp_path, server, stack) for number in range(1, EDGES + 1)]
        until(lambda: all(is_live(edge) for edge in edges))
        yield server, edges


def is_live(edge: Edge) -> bool:
    return all(road.status().state is State.WAITING for road in edge.roads)


@pytest.mark.proof
def test_what_one_writes_is_at_all_others(centre: tuple[Server, list[Edge]]) -> None:
    server, edges = centre
    for edge in edges:
        edge.write(f"first-{edge.number}")
    everything = {f"first-{edge.number}" for edge in edges}
    until(lambda: all(set(contents(edge.store)) == everything for edge in edges))
    assert set(contents(server.stores[DB])) == everything
    until(lambda: all(is_live(edge) for edge in edges))
    for edge in edges:
        often = {name: times for name, times in edge.line.counts().items() if name.startswith("first-")}
        assert set(often.values()) == {1}, "each act went over each line once"


@pytest.mark.proof
def test_those_whose_line_is_cut_come_back_and_the_others_do_not_notice(
    centre: tuple[Server, list[Edge]],
) -> None:
    server, edges = centre
    away, here = edges[::3], [edge for edge in edges if edge.number % 3 != 1]
    for edge in away:
        edge.line.die()
    for edge in edges:
        edge.write(f"second-{edge.number}")
    theirs = {f"second-{edge.number}" for edge in here}
    until(lambda: all(theirs <= set(contents(edge.store)) for edge in here))
    assert not any(f"second-{edge.number}" in contents(server.stores[DB]) for edge in away)
    for edge in away:
        edge.line.mend()
    everything = {f"second-{edge.number}" for edge in edges}
    until(lambda: all(set(contents(edge.store)) == everything for edge in edges))
