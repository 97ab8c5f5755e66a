"""Copying to and from servers that are not ours: PouchDB Server, and the CouchDB of `MOTCUA_COUCHDB_URL`.

Documents, conflicts, tombstones with their histories, attachments, odd names; once, live, and over a line that is cut.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests

from sync.peer import LocalPeer, Peer
from sync.remote import RemotePeer
from sync.replicator import Replication, State
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.bench import peers
from tests.sync.lines import line_to
from tests.sync.servers import NOW, Ids
from tests.sync.test_replicator import has, live
from tests.waiting import until

_sessions = Ids(31)
_names = Random(31)


@pytest.fixture(scope="module", params=["PouchDB Server", "CouchDB"])
def theirs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[peers.Peer]:
    if request.param == "CouchDB":
        couchdb = peers.couchdb_elsewhere()
        if couchdb is None:
            pytest.skip("MOTCUA_COUCHDB_URL names none")
        yield couchdb
        return
    missing = peers.lacks_pouchdb_server()
    if missing is not None and os.environ.get("CI") == "true":  # noqa: TID251  # a test's own setting
        pytest.fail(missing)
    if missing is not None:
        pytest.skip(missing)
    with peers.pouchdb_server(tmp_path_factory.mktemp("theirs") / "server") as server:
        yield server


class There:
    """A fresh database over there, as its admin sees it."""

    def __init__(self, server: peers.Peer, session: requests.Session) -> None:
        self.server, self._session = server, session
        self.name = f"motcua-{_names.randbytes(4).hex()}"
        self.url = f"{server.url}/{self.name}"
        session.put(self.url, timeout=20).raise_for_status()

    def delete(self) -> None:
        self._session.delete(self.url, timeout=20)

    def bring(self, documents: list[dict[str, Any]]) -> None:
        answer = self._session.post(
            f"{self.url}/_bulk_docs", json={"docs": documents, "new_edits": False}, timeout=20
        )
        answer.raise_for_status()
        assert answer.json() == []

    def leaves(self, doc_id: str) -> dict[str, dict[str, Any]]:
        """Every leaf with its history and its attachments' bytes."""
        answer = self._session.get(
            f"{self.url}/{quote(doc_id, safe='')}",
            params={"open_revs": "all", "revs": "true", "attachments": "true"},
            headers={"Accept": "application/json"},
            timeout=20,
        )
        answer.raise_for_status()
        return {one["ok"]["_rev"]: _plain(one["ok"]) for one in answer.json()}

    def has(self, *ids: str) -> bool:
        rows = self._session.get(f"{self.url}/_all_docs", timeout=20).json()["rows"]
        return set(ids) <= {row["id"] for row in rows}

    def peer(self, url: str | None = None) -> RemotePeer:
        server = self.server
        return RemotePeer(
            url or server.url, self.name, user=server.user, password=server.password, heartbeat_s=5
        )


@pytest.fixture
def there(theirs: peers.Peer) -> Iterator[There]:
    with theirs.client() as session:
        database = There(theirs, session)
        yield database
        database.delete()


@pytest.fixture
def here(file: SqliteFile) -> Store:
    return Store(file, "dossiers", new_id=Ids(2))


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    """Without what a server may say in its own way: where attachments came from, and in which digest."""
    attachments = {
        name: (one["content_type"], one["data"]) for name, one in document.get("_attachments", {}).items()
    }
    return {**document, "_attachments": attachments}


def _leaves_here(store: Store, doc_id: str) -> dict[str, dict[str, Any]]:
    peer = LocalPeer(store, server_uuid="2" * 32, source=None)
    fetched = peer.bulk_get([(doc_id, str(leaf.rev)) for leaf in store.summary(doc_id).leaves])
    return {one.rev: _plain(one.document or {}) for one in fetched}


def _copy(source: Peer, target: Peer) -> Replication:
    return Replication(
        source,
        target,
        node_id="counter-01",
        session_id=_sessions(),
        now=lambda: NOW,
        jitter=lambda: 0.99,
        batch=20,
    )


def _local(store: Store) -> LocalPeer:
    return LocalPeer(store, server_uuid="2" * 32, source="central")


def _hash(letter: str) -> str:
    return letter * 32


def _documents() -> list[dict[str, Any]]:
    scan = {"content_type": "image/png", "data": base64.b64encode(bytes(range(256)) * 300).decode()}
    path = [_hash("c"), _hash("b"), _hash("a")]
    return [
        {"_id": "a/b c+ể", "_rev": "1-" + _hash("1"), "text": "Nguyễn Thị Ánh", "n": 10**15},
        {"_id": "conflict", "_rev": "3-" + path[0], "_revisions": {"start": 3, "ids": path}, "side": "left"},
        {"_id": "conflict", "_rev": "2-" + _hash("d"), "_revisions": {"start": 2, "ids": [_hash("d"), _hash("a")]}},
        {"_id": "half gone", "_rev": "2-" + _hash("e"), "_revisions": {"start": 2, "ids": [_hash("e"), _hash("a")]}},
        {"_id": "half gone", "_rev": "2-" + _hash("f"), "_revisions": {"start": 2, "ids": [_hash("f"), _hash("a")]}, "_deleted": True},
        {"_id": "gone", "_rev": "2-" + _hash("2"), "_revisions": {"start": 2, "ids": [_hash("2"), _hash("1")]}, "_deleted": True},
        {"_id": "scan", "_rev": "1-" + _hash("3"), "_attachments": {"trang 1.png": scan, "empty": {**scan, "data": ""}}},
        *({"_id": f"many-{n:03}", "_rev": "1-" + f"{n:032x}", "text": "hồ sơ " * 40} for n in range(150)),
    ]  # fmt: skip


IDS = sorted({str(one["_id"]) for one in _documents()})


def _same(here: Store, there: There) -> None:
    for doc_id in IDS:
        assert _leaves_here(here, doc_id) == there.leaves(doc_id), doc_id


def test_pulled(here: Store, there: There) -> None:
    """And nothing is read a second time."""
    there.bring(_documents())
    status = _copy(there.peer(), _local(here)).run_once()
    assert (status.docs_written, status.docs_refused) == (len(_documents()), 0)
    _same(here, there)
    assert _copy(there.peer(), _local(here)).run_once().docs_written == 0


def test_pushed(here: Store, there: There) -> None:
    """And nothing is sent a second time."""
    here.bulk_docs(_documents(), new_edits=False)
    status = _copy(_local(here), there.peer()).run_once()
    assert (status.docs_written, status.docs_refused) == (len(_documents()), 0)
    _same(here, there)
    assert _copy(_local(here), there.peer()).run_once().docs_written == 0


def test_both_ways_until_both_have_the_same(here: Store, there: There) -> None:
    """Each side grew another branch of the same document, and deleted one that the other edited."""
    there.bring(_documents())
    _copy(there.peer(), _local(here)).run_once()
    first = _hash("1")
    here.bulk_docs(
        [
            {"_id": "a/b c+ể", "_revisions": {"start": 2, "ids": [_hash("7"), first]}, "at": "here"},
            {"_id": "scan", "_revisions": {"start": 2, "ids": [_hash("7"), _hash("3")]}, "_deleted": True},
        ],
        new_edits=False,
    )
    there.bring(
        [
            {"_id": "a/b c+ể", "_rev": "2-" + _hash("8"), "_revisions": {"start": 2, "ids": [_hash("8"), first]}},
            {"_id": "scan", "_rev": "2-" + _hash("8"), "_revisions": {"start": 2, "ids": [_hash("8"), _hash("3")]}},
        ]
    )  # fmt: skip
    _copy(there.peer(), _local(here)).run_once()
    _copy(_local(here), there.peer()).run_once()
    _same(here, there)
    assert len(_leaves_here(here, "a/b c+ể")) == len(_leaves_here(here, "scan")) == 2


def test_live_over_a_line_that_is_cut(here: Store, there: There) -> None:
    """What is written meanwhile on either side arrives when the line is back."""
    if there.server.process is None:
        pytest.skip("the line is to a server of this machine")
    with line_to(urlsplit(there.server.url).port or 80) as line:
        pull = _copy(there.peer(line.url), _local(here))
        push = _copy(_local(here), there.peer(line.url))
        with live(pull), live(push):
            until(lambda: {pull.status().state, push.status().state} == {State.WAITING})
            here.put({"_id": "from here"})
            there.bring([{"_id": "from there", "_rev": "1-" + _hash("1")}])
            until(lambda: has(here, "from there") and there.has("from here"))
            line.die()
            here.put({"_id": "meanwhile here"})
            there.bring([{"_id": "meanwhile there", "_rev": "1-" + _hash("1")}])
            until(lambda: pull.status().state is State.RETRYING)
            line.mend()
            pull.wake()
            push.wake()
            until(lambda: has(here, "meanwhile there") and there.has("meanwhile here"))
