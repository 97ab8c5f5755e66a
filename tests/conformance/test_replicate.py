"""`_replicate`, as CouchDB's own replication tests ask it: from here to here, and over HTTP. protocol.md §3.1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import requests

from tests.conformance.conftest import Client, Server
from tests.waiting import until

WAYS = ["local to local", "remote to local", "local to remote", "remote to remote"]


class Pair:
    """Two databases, and how a replication is told of them."""

    def __init__(self, db: Client, way: str, *, create_target: bool = True) -> None:
        self.db = db
        self.a, self.b = db.fresh(), db.fresh(create=create_target)
        self._source, _, self._target = way.split()

    def replicate(self, **more: Any) -> requests.Response:
        asked = {"source": self.end(self._source, self.a), "target": self.end(self._target, self.b), **more}
        return self.db.post("/_replicate", asked)

    def end(self, kind: str, path: str) -> object:
        server = self.db.server
        if kind == "local":
            server.only_ours()  # CouchDB 3 takes URLs only
            return path[1:]
        return {
            "url": server.url + path,
            "auth": {"basic": {"username": server.user, "password": server.password}},
        }

    def save(self, path: str, *documents: Mapping[str, object]) -> list[str]:
        rows = self.db.post(f"{path}/_bulk_docs", {"docs": documents}).json()
        assert all("rev" in row for row in rows), rows
        return [row["rev"] for row in rows]

    def ids(self, path: str) -> list[str]:
        return [row["id"] for row in self.db.get(f"{path}/_all_docs").json()["rows"]]


@pytest.fixture(params=WAYS)
def pair(db: Client, request: pytest.FixtureRequest) -> Pair:
    return Pair(db, request.param)


def history(answer: requests.Response) -> dict[str, Any]:
    said = answer.json()
    assert (answer.status_code, said["ok"]) == (200, True), said
    newest: dict[str, Any] = said["history"][0]
    assert newest["session_id"] == said["session_id"]
    return newest


def counts(entry: dict[str, Any]) -> list[int]:
    names = ("missing_checked", "missing_found", "docs_read", "docs_written", "doc_write_failures")
    return [entry[name] for name in names]


def test_once_again_and_again(pair: Pair) -> None:
    revs = pair.save(pair.a, *({"_id": f"{n}", "integer": n} for n in range(1, 21)), {"_id": "_design/foo"})
    first = history(pair.replicate())
    assert counts(first) == [21, 21, 21, 21, 0]
    assert first["start_last_seq"] == 0
    assert pair.ids(pair.b) == pair.ids(pair.a)

    again = pair.replicate().json()
    assert (again["ok"], again["no_changes"], len(again["history"])) == (True, True, 1)

    pair.save(pair.a, {"_id": "1", "_rev": revs[0], "_deleted": True}, {"_id": "new"})
    second = pair.replicate()
    assert counts(history(second)) == [2, 2, 2, 2, 0]
    assert len(second.json()["history"]) == 2
    assert pair.db.get(f"{pair.b}/1").json()["reason"] == "deleted"


def test_attachments_conflicts_and_odd_ids(pair: Pair) -> None:
    db, ids = pair.db, ["a/b", "a:b", "a+b", "a%2Fb", "hồ sơ 1", "😀"]
    data = {"x y/z.txt": {"content_type": "text/plain", "data": "aGVsbG8="}}
    pair.save(pair.a, *({"_id": one, "_attachments": data} for one in ids))
    for rev in ("1-" + "a" * 32, "1-" + "b" * 32):
        db.post(f"{pair.a}/_bulk_docs", {"new_edits": False, "docs": [{"_id": "c", "_rev": rev}]})
    assert counts(history(pair.replicate())) == [8, 8, 8, 8, 0]
    assert pair.ids(pair.b) == pair.ids(pair.a)
    assert db.get(f"{pair.b}/c?conflicts=true").json()["_conflicts"] == ["1-" + "a" * 32]
    assert db.get(f"{pair.b}/a%2Fb/x%20y%2Fz.txt").content == b"hello"


def test_documents_by_their_ids(pair: Pair) -> None:
    pair.save(pair.a, *({"_id": f"{n}"} for n in range(10)))
    said = pair.replicate(doc_ids=["3", "7", "none", "3"])
    assert (said.status_code, said.json()["docs_written"]) == (200, 2)
    assert pair.ids(pair.b) == ["3", "7"]
    assert counts(history(pair.replicate())) == [10, 8, 8, 8, 0]


def test_documents_that_are_not_there(pair: Pair) -> None:
    for ids in (["none"], []):
        said = pair.replicate(doc_ids=ids).json()
        assert (said["ok"], said["no_changes"]) == (True, True)


def test_documents_by_a_selector(pair: Pair) -> None:
    pair.save(pair.a, *({"_id": f"{n}", "integer": n} for n in range(10)))
    assert history(pair.replicate(selector={"integer": {"$gt": 6}}))["docs_written"] == 3
    assert pair.ids(pair.b) == ["7", "8", "9"]
    pair.save(pair.a, {"_id": "10", "integer": 10}, {"_id": "11", "integer": 0})
    assert history(pair.replicate(selector={"integer": {"$gt": 6}}))["docs_written"] == 1


def test_design_documents_alone(pair: Pair) -> None:
    pair.save(pair.a, {"_id": "a"}, {"_id": "_design/a"})
    assert history(pair.replicate(filter="_design"))["docs_written"] == 1
    assert pair.ids(pair.b) == ["_design/a"]


def test_from_a_sequence(pair: Pair) -> None:
    pair.save(pair.a, *({"_id": f"{n}"} for n in range(5)))
    since = pair.db.get(pair.a).json()["update_seq"]
    pair.save(pair.a, {"_id": "late"})
    assert history(pair.replicate(since_seq=since))["docs_written"] == 1
    assert pair.ids(pair.b) == ["late"]


def test_without_checkpoints(pair: Pair) -> None:
    pair.save(pair.a, {"_id": "a"})
    for written in (1, 0):
        assert history(pair.replicate(use_checkpoints=False))["docs_written"] == written
    for path in (pair.a, pair.b):
        assert pair.db.get(f"{path}/_local_docs").json()["rows"] == []


@pytest.mark.parametrize("way", WAYS)
def test_the_target_is_created_if_asked(db: Client, way: str) -> None:
    pair = Pair(db, way, create_target=False)
    pair.save(pair.a, {"_id": "a"})
    assert pair.replicate().json()["error"] == "db_not_found"
    assert history(pair.replicate(create_target=True))["docs_written"] == 1
    assert history(pair.replicate(create_target=True))["docs_written"] == 1
    assert pair.ids(pair.b) == ["a"]


def test_a_source_that_is_not_there(pair: Pair) -> None:
    pair.db.delete(pair.a)
    said = pair.replicate()
    assert said.json()["error"] == "db_not_found"
    assert said.json()["reason"].startswith("could not open")


def test_for_ever_until_it_is_cancelled(pair: Pair) -> None:
    db = pair.db
    pair.save(pair.a, {"_id": "a"})
    started = pair.replicate(continuous=True)
    assert (started.status_code, started.json()["ok"]) == (202, True)
    number = started.json()["_local_id"]
    assert pair.replicate(continuous=True).json()["_local_id"] == number

    def task() -> dict[str, Any] | None:
        tasks = db.get("/_active_tasks").json()
        return next((one for one in tasks if one.get("replication_id") == number), None)

    until(lambda: pair.ids(pair.b) == ["a"])
    pair.save(pair.a, {"_id": "b"})
    until(lambda: pair.ids(pair.b) == ["a", "b"])
    until(lambda: (task() or {}).get("docs_written") == 2)
    shown = task()
    assert shown is not None
    assert (shown["type"], shown["continuous"]) == ("replication", True)
    assert "through_seq" in shown
    assert db.server.password not in str(shown)

    cancelled = db.post("/_replicate", {"cancel": True, "replication_id": number})
    assert (cancelled.status_code, cancelled.json()["ok"]) == (200, True)
    until(lambda: task() is None)
    assert db.post("/_replicate", {"cancel": True, "replication_id": number}).status_code == 404
    pair.save(pair.a, {"_id": "c"})
    assert pair.ids(pair.b) == ["a", "b"]


def test_the_same_body_cancels(pair: Pair) -> None:
    pair.replicate(continuous=True)
    assert pair.replicate(continuous=True, cancel=True).status_code == 200
    assert pair.replicate(continuous=True, cancel=True).status_code == 404


def test_it_ends_with_its_database(db: Client) -> None:
    db.server.only_ours()
    pair = Pair(db, "local to local")
    assert pair.replicate(continuous=True).status_code == 202
    db.delete(pair.a)
    until(lambda: db.get("/_active_tasks").json() == [])


def test_only_an_admin_may_ask(server: Server, db: Client) -> None:
    answer = requests.post(f"{server.url}/_replicate", json={"source": "a", "target": "b"}, timeout=9)
    assert answer.status_code in (401, 403)


@pytest.mark.parametrize("wrong", ["source", "target"])
def test_wrong_credentials(db: Client, wrong: str) -> None:
    pair = Pair(db, "remote to remote")
    url = db.server.url + (pair.a if wrong == "source" else pair.b)
    other = {"url": url, "auth": {"basic": {"username": "nobody", "password": "x"}}}
    said = pair.replicate(**{wrong: other})
    assert (said.status_code, said.json()["error"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"source": "a"},
        {"source": 1, "target": "b"},
        {"source": {"url": "a"}, "target": "b"},
        {"source": "ftp://a/b", "target": "b"},
        {"source": "http://", "target": "b"},
        {"source": "http://[::1/a", "target": "b"},
        {"source": "http://a:x/b", "target": "b"},
        {"source": {"url": "http://a/b", "headers": [1]}, "target": "b"},
        {"source": {"url": "http://a/b", "headers": {"a": "b\r\nc: d"}}, "target": "b"},
        {"source": {"url": "http://a/b", "auth": 1}, "target": "b"},
        {"source": {"url": "http://a/b", "auth": {"basic": {"username": "a"}}}, "target": "b"},
        {"source": "a", "target": "b", "continuous": 1},
        {"source": "a", "target": "b", "cancel": "yes"},
        {"source": "a", "target": "b", "create_target": "yes"},
        {"source": "a", "target": "b", "doc_ids": "a"},
        {"source": "a", "target": "b", "doc_ids": [1]},
        {"source": "a", "target": "b", "selector": 1},
        {"source": "a", "target": "b", "query_params": 1},
        {"source": "a", "target": "b", "doc_ids": [], "selector": {}},
        {"cancel": True, "replication_id": 1},
        [],
    ],
)
def test_malformed(db: Client, body: object) -> None:
    db.server.only_ours()  # CouchDB says 500 to some of them
    said = db.post("/_replicate", body)
    assert said.status_code == 400, said.text


def test_a_server_that_does_not_answer(db: Client) -> None:
    db.server.only_ours()  # CouchDB tries for a minute
    said = db.post("/_replicate", {"source": "http://127.0.0.1:9/a", "target": db.fresh()[1:]})
    assert (said.status_code, said.json()["error"]) == (503, "unavailable")
    name = db.fresh()[1:]
    said = db.post("/_replicate", {"source": name, "target": name, "filter": "a/b"})
    assert (said.status_code, said.json()["error"]) == (501, "not_implemented")
