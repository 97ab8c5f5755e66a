"""Gzip both ways between our own nodes, where the line is slow; never to anybody who did not ask for it."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import sync.remote
from sync.errors import Unavailable
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.sync.lines import Line, line_to
from tests.sync.servers import NOW, PASSWORD, USER, Ids, Server, serving
from tests.sync.test_replicator import DB, contents, sessions

BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "server.db", DB) as server:
        server.stores[DB].bulk_docs(
            [{"_id": f"{number:04d}", "text": f"Nguyễn Hồng Hạnh {number} " * 40} for number in range(200)]
        )
        yield server


def ask(
    server: Server, method: str, path: str, accepts: str | None, body: object = None
) -> requests.Response:
    with requests.Session() as session:
        answer = session.request(
            method,
            f"{server.url}/{DB}/{path}",
            json=body,
            headers={"Accept-Encoding": accepts, "Authorization": f"Basic {BASIC}"},
            stream=True,
        )
        answer.raw.decode_content = False
        answer._content = answer.raw.read()
    return answer


WANTED = {"docs": [{"id": f"{number:04d}"} for number in range(200)]}


@pytest.mark.parametrize(
    "accepts", ["gzip, deflate", "gzip,deflate,br", "deflate, gzip;q=1.0, *;q=0.5", "identity", None]
)
def test_whoever_was_written_for_couchdb_gets_what_couchdb_gives(server: Server, accepts: str | None) -> None:
    for answer in (
        ask(server, "POST", "_bulk_get", accepts, WANTED),
        ask(server, "GET", "_changes", accepts),
    ):
        assert "Content-Encoding" not in answer.headers
        json.loads(answer.content)


def test_whoever_wants_gzip_alone_gets_it(server: Server) -> None:
    plain, packed = (
        ask(server, "POST", "_bulk_get", accepts, WANTED).content for accepts in ("identity", "gzip")
    )
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 5
    changes = ask(server, "GET", "_changes", "gzip")
    assert len(json.loads(gzip.decompress(changes.content))["results"]) == 200


def pulled(server: Server, line: Line, folder: Path) -> None:
    store = Store(SqliteFile(folder / "here.db"), DB, new_id=Ids(2))
    one = Replication(
        RemotePeer(line.url, DB, user=USER, password=PASSWORD, heartbeat_s=5),
        LocalPeer(store, server_uuid="2" * 32, source="central"),
        node_id="counter-01",
        session_id=sessions(),
        now=lambda: NOW,
        jitter=lambda: 0.0,
    )
    one.run_once()
    one.stop()
    assert contents(store) == contents(server.stores[DB])
    store.file.close()


def test_on_a_slow_line_documents_come_packed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a line is slow is known by what came over it."""
    passed = {}
    for name, fast in (("slow", float("inf")), ("fast", 0.0)):
        monkeypatch.setattr(sync.remote, "FAST_BYTES_S", fast)
        monkeypatch.setattr(sync.remote, "SLOW_BYTES_S", fast)
        (tmp_path / name).mkdir()
        with line_to(server.port) as line:
            pulled(server, line, tmp_path / name)
            passed[name] = line.passed
    assert passed["slow"] < passed["fast"] * 0.7, "all but the first page, which tells"


def test_a_truncated_gzip_is_a_line_that_died(server: Server, tmp_path: Path) -> None:
    """Nothing of it is used, and the next run has everything."""
    with line_to(server.port) as line:
        pulled(server, line, tmp_path)
        whole = line.passed
    for part in (0.4, 0.7, 0.95):
        folder = tmp_path / str(part)
        folder.mkdir()
        with line_to(server.port) as line:
            line.mend(dies_after=int(whole * part))
            with pytest.raises(Unavailable):
                pulled(server, line, folder)
            line.mend()
            pulled(server, line, folder)
