"""Two servers, each started once: ours without an admin, and another that speaks CouchDB's protocol."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sync.bare_server import BareServer
from tests.bench.peers import Peer, couchdb_elsewhere, lacks_pouchdb_server, pouchdb_server
from tests.sync.servers import NOW, Http, Ids


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    bare = BareServer(
        tmp_path_factory.mktemp("ours"), new_id=Ids(1), now=lambda: NOW, secret=b"secret", admin=None
    )
    http = Http(bare.app)
    yield Peer("Motcua", http.url, None)
    bare.end_feeds()
    http.close()
    bare.close()


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """The CouchDB of `MOTCUA_COUCHDB_URL` where it is given, else PouchDB Server."""
    couchdb = couchdb_elsewhere()
    if couchdb is not None:
        yield couchdb
        return
    missing = lacks_pouchdb_server()
    if missing is not None and os.environ.get("CI") == "true":  # noqa: TID251  # a test's own setting
        pytest.fail(missing)
    if missing is not None:
        pytest.skip(missing)
    with pouchdb_server(tmp_path_factory.mktemp("theirs") / "server") as server:
        yield server
