"""What the owner of a server decides: its set of databases, who may enter, and what he is told of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from requests.auth import HTTPBasicAuth

from sync.bare_server import BareServer
from sync.sessions import LIFETIME
from tests.sync.servers import NOW, PASSWORD, USER, Ids, Server, serving, serving_app

AUTH = HTTPBasicAuth(USER.encode(), PASSWORD.encode())  # str would be Latin-1


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "node.db", "dossiers", "visits") as server:
        yield server


def ask(server: Server, method: str, path: str, json: object = None) -> requests.Response:
    return requests.request(method, f"{server.url}/{path}", json=json, auth=AUTH, timeout=9)


def test_the_set_of_databases_is_fixed(server: Server) -> None:
    assert ask(server, "PUT", "dossiers/").status_code == 412
    assert ask(server, "PUT", "dossiers").json()["error"] == "file_exists"
    assert ask(server, "PUT", "other").status_code == 401
    assert ask(server, "DELETE", "dossiers").status_code == 401
    assert ask(server, "GET", "dossiers").status_code == 200


def test_what_only_an_admin_may_is_closed_where_nobody_is_one(server: Server) -> None:
    for method, path in (
        ("POST", "dossiers/_purge"),
        ("POST", "dossiers/_compact"),
        ("PUT", "dossiers/_security"),
        ("PUT", "dossiers/_revs_limit"),
        ("POST", "_replicate"),
        ("GET", "_active_tasks"),
        ("GET", "_dbs_info"),
        ("GET", "_membership"),
        ("PUT", "_node/_local/_config/replicator/startup_jitter"),
    ):
        assert ask(server, method, path, {}).status_code in (401, 403), path
    assert server.stores["dossiers"].revs_limit() == 1000


def test_databases_are_for_those_whom_the_owner_lets_in(server: Server) -> None:
    assert requests.get(f"{server.url}/dossiers", timeout=9).status_code == 401
    assert ask(server, "GET", "dossiers/forbidden").status_code == 403
    assert ask(server, "GET", "_all_dbs").json() == ["dossiers", "visits"]
    assert requests.get(f"{server.url}/_all_dbs", timeout=9).status_code == 401


def test_a_cookie_ends(server: Server) -> None:
    login = requests.post(f"{server.url}/_session", json={"name": USER, "password": PASSWORD}, timeout=9)

    def status() -> int:
        return requests.get(f"{server.url}/dossiers", cookies=login.cookies, timeout=9).status_code

    assert status() == 200
    server.now += LIFETIME + timedelta(seconds=1)
    assert status() == 401


def test_a_checkpoint_with_our_sequence_is_told(server: Server) -> None:
    ask(server, "PUT", "dossiers/a", {})
    ours = server.stores["dossiers"].outer_seq(1)
    theirs = ["1-" + "0" * 16, "5-g1AAAA", 7, None, [1, "x"], "0", {"a": 1}]
    for seq in [*theirs, ours]:
        assert ask(server, "PUT", "dossiers/_local/abc", {"source_last_seq": seq}).status_code == 201
    ((user, database, seq),) = server.checkpoints
    assert (user.name, database, seq) == (USER, "dossiers", 1)


def test_settings_are_as_they_are(tmp_path: Path) -> None:
    """Programs that set what holds anyway may go on; nothing else can be set."""
    bare = BareServer(tmp_path, new_id=Ids(1), now=lambda: NOW, secret=b"secret", admin=None)
    with serving_app(bare.app) as url:
        known = f"{url}/_node/nonode@nohost/_config/replicator/startup_jitter"
        secret = f"{url}/_node/_local/_config/admins/adm"
        assert requests.get(f"{url}/_membership", timeout=9).json()["all_nodes"] == ["nonode@nohost"]
        assert requests.get(known, timeout=9).json() == "0"
        assert requests.put(known, json="0", timeout=9).json() == "0"
        assert requests.put(known, json="5000", timeout=9).status_code == 501
        assert requests.put(known, json=5000, timeout=9).status_code == 400
        assert requests.get(secret, timeout=9).status_code == 404
        assert requests.put(secret, json="secret", timeout=9).status_code == 501
        assert requests.get(f"{url}/_node/_local/_stats", timeout=9).status_code == 501
    bare.close()
