"""Everything moves behind fronts and back, cut again and again, and both sides are held against each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from sync.digests import Leaf, differences, digests
from sync.errors import Unavailable
from sync.remote import RemoteDatabase, RemotePeer
from sync.store import Store
from tests.bench import peers
from tests.fronts.test_fronts import cluster, copying, database, event, local, open_store
from tests.sync.lines import Line, line_to

__all__ = ["cluster", "database"]
pytestmark = pytest.mark.proof

ALL = 300


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Acts, of which one has a second leaf with a wrong seal and one was redacted."""
    made = open_store(tmp_path / "here.db", 2)
    made.bulk_docs([event(n) for n in range(ALL)], new_edits=False)
    spoilt = {**event(7), "_rev": "1-" + "f" * 32}
    redacted = {"_id": event(8)["_id"], "_revisions": {"start": 2, "ids": ["e" * 32, event(8)["_rev"][2:]]}}
    made.bulk_docs([spoilt, redacted], new_edits=False)
    return made


class Over:
    """The database behind, over a line that can be cut."""

    def __init__(self, cluster: peers.Peer, line: Line, name: str) -> None:
        self._cluster, self._name, self.line = cluster, name, line

    def peer(self) -> RemotePeer:
        server = self._cluster
        return RemotePeer(self.line.url, self._name, user=server.user, password=server.password)


@pytest.fixture
def over(cluster: peers.Peer, database: RemoteDatabase) -> Iterator[Over]:
    name = database.ask("GET").read(dict[str, object])["db_name"]
    with line_to(urlsplit(cluster.url).port or 80) as line:
        yield Over(cluster, line, str(name))


def test_it_moves_there_and_back_cut_at_random_and_is_the_same_in_the_end(
    store: Store, over: Over, tmp_path: Path
) -> None:
    random = Random(3)
    cuts = 0
    while True:
        over.line.mend(dies_after=random.randint(2_000, 60_000) if cuts < 4 else None)
        try:
            copying(local(store), over.peer()).run_once()
            break
        except Unavailable:
            cuts += 1
    over.line.mend()
    assert cuts
    assert differences(local(store), over.peer()).none
    back = open_store(tmp_path / "back.db", 3)
    assert copying(over.peer(), local(back)).run_once().docs_refused == 0
    assert differences(local(store), local(back)).none
    assert digests(local(back)) == digests(over.peer())
    assert sum(one.leaves for one in digests(local(back)).values()) == ALL + 1


def test_what_one_side_lacks_is_named_and_what_is_named_twice_is_not(store: Store, over: Over) -> None:
    copying(local(store), over.peer()).run_once()
    store.bulk_docs([event(1000)], new_edits=False)
    over.peer().bulk_docs([event(2000)])
    found = differences(local(store), over.peer(), group=lambda doc_id: doc_id[-1])
    assert found.only_here == [Leaf(event(1000)["_id"], event(1000)["_rev"])]
    assert found.only_there == [Leaf(event(2000)["_id"], event(2000)["_rev"])]
    assert digests(local(store), group=lambda doc_id: doc_id[-1]) != digests(
        over.peer(), group=lambda doc_id: doc_id[-1]
    )
