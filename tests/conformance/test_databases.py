"""protocol.md §1.4: databases come, tell about themselves, are tidied up, and go."""

from __future__ import annotations

from urllib.parse import quote

import pytest
import requests

from tests.conformance.conftest import Client, Server
from tests.waiting import until


def test_created_once_and_gone_when_deleted(db: Client) -> None:
    path = db.fresh(create=False)
    assert db.get(path).json() == {"error": "not_found", "reason": "Database does not exist."}
    made = db.put(path + "/")
    assert (made.status_code, made.json()) == (201, {"ok": True})
    assert made.headers["Location"].endswith(path)
    again = db.put(path)
    assert (again.status_code, again.json()["error"]) == (412, "file_exists")
    assert db.delete(f"{path}?rev=1-a").status_code == 400
    gone = db.delete(path)
    assert (gone.status_code, gone.json()) == (200, {"ok": True})
    assert (db.get(path).status_code, db.delete(path).status_code) == (404, 404)


def test_created_again_it_is_empty(db: Client) -> None:
    path = db.fresh()
    db.put(f"{path}/a", {})
    before = db.get(path).json()["update_seq"]
    db.delete(path)
    db.put(path)
    info = db.get(path).json()
    assert info["doc_count"] == 0
    assert info["update_seq"] != before
    assert db.get(f"{path}/a").status_code == 404


@pytest.mark.parametrize("name", ["a", "x_$()+-1", "đ", "a/b", "a/b/c"])
def test_names_that_are_legal_or_not(db: Client, name: str) -> None:
    path = db.fresh(create=False) + quote(f"/{name}", safe="")
    made = db.put(path)
    if not name.isascii():
        assert (made.status_code, made.json()["error"]) == (400, "illegal_database_name")
        return
    assert made.status_code == 201
    assert db.get(path).json()["db_name"].endswith(f"/{name}")
    assert db.delete(path).status_code == 200


@pytest.mark.parametrize(
    "name", ["A", "1a", "_a", "a b", "a.b", "a%00", "..%2Fa", "a%2F..%2F..%2Fb", "a" * 239]
)
def test_illegal_names(db: Client, name: str) -> None:
    for method in ("PUT", "DELETE"):
        assert db.ask(method, f"/{name}").status_code in (400, 404)
    assert db.put(f"/{name}").json()["error"] in ("illegal_database_name", "database_name_too_long")


def test_the_list_of_databases(db: Client) -> None:
    first, second = sorted([db.fresh()[1:], db.fresh()[1:]])
    everything = db.get("/_all_dbs").json()
    assert everything == sorted(everything)
    assert {first, second, db.name} <= set(everything)
    between = f'startkey="{first}"&endkey="{second}"'
    chosen = db.get(f"/_all_dbs?{between}").json()
    assert (chosen[0], chosen[-1]) == (first, second)
    backwards = db.get(f'/_all_dbs?descending=true&startkey="{second}"&endkey="{first}"').json()
    assert backwards == chosen[::-1]
    assert db.get(f"/_all_dbs?{between}&limit=1").json() == chosen[:1]
    assert db.get(f"/_all_dbs?{between}&skip=1").json() == chosen[1:]
    assert db.get("/_all_dbs?limit=x").status_code == 400


def test_information_about_several(db: Client) -> None:
    rows = db.post("/_dbs_info", {"keys": [db.name, "none-of-this-name"]}).json()
    assert rows[0]["info"]["db_name"] == db.name
    assert rows[1] == {"key": "none-of-this-name", "error": "not_found"}
    for wrong in ({}, {"keys": ["a"] * 101}):
        assert db.post("/_dbs_info", wrong).status_code == 400
    assert db.name in [row["key"] for row in db.get("/_dbs_info").json()]


def test_only_an_admin_creates_and_deletes(server: Server, db: Client) -> None:
    for method, path in (("PUT", "other"), ("DELETE", server.database), ("DELETE", "other")):
        answer = requests.request(method, f"{server.url}/{path}", timeout=9)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert db.get("").status_code == 200


# ---- tidying up


def test_compaction_forgets_bodies_and_keeps_names(db: Client) -> None:
    first = db.put("a", {"n": 1}).json()["rev"]
    second = db.put("a", {"_rev": first, "n": 2}).json()["rev"]
    started = db.post("_compact", {})
    assert (started.status_code, started.json()) == (202, {"ok": True})
    until(lambda: not db.get("").json()["compact_running"])
    until(lambda: db.get(f"a?rev={first}").status_code == 404)
    assert db.get("a?revs=true").json()["_revisions"]["ids"] == [
        rev.partition("-")[2] for rev in (second, first)
    ]
    assert db.ask("POST", "_compact", data=b"{}").status_code == 415


def test_views_are_tidied_up_although_there_are_none(db: Client) -> None:
    assert db.post("_view_cleanup", {}).status_code == 202
    assert db.post("_compact/none", {}).status_code == 404
    db.put("_design/x", {"views": {}})
    assert db.post("_compact/x", {}).status_code == 202


def test_purge_forgets_leaves_for_good(db: Client) -> None:
    rev = db.put("a", {"n": 1}).json()["rev"]
    kept = db.put("b", {"n": 1}).json()["rev"]
    purged = db.post("_purge", {"a": [rev], "b": ["1-" + "0" * 32]})
    assert (purged.status_code, purged.json()["purged"]["a"]) == (201, [rev])
    assert purged.json()["purge_seq"] is None
    assert db.get("a").json() == {"error": "not_found", "reason": "missing"}
    assert db.get("b").json()["_rev"] == kept
    assert [row["id"] for row in db.get("_changes").json()["results"]] == ["b"]
    assert db.get("").json()["doc_count"] == 1


@pytest.mark.parametrize(
    "body",
    [[], {"a": "1-a"}, {"a": ["x"]}, {"a": [1]}, {f"{n}": [] for n in range(101)}, {"a": ["1-a"] * 1001}],
)
def test_malformed_purges(db: Client, body: object) -> None:
    assert db.post("_purge", body).status_code == 400


def test_the_limit_of_histories(db: Client) -> None:
    assert db.get("_revs_limit").json() == 1000
    assert db.ask("PUT", "_revs_limit", data=b"3").json() == {"ok": True}
    assert db.get("_revs_limit").json() == 3
    rev = None
    for number in range(5):
        rev = db.put("a", {"n": number} | ({} if rev is None else {"_rev": rev})).json()["rev"]
    assert len(db.get("a?revs=true").json()["_revisions"]["ids"]) == 3
    for wrong in (b"0", b"-1", b"x", b'"5"', b"1.5", b"true", b"99999999999999999999", b""):
        assert db.ask("PUT", "_revs_limit", data=wrong).status_code == 400, wrong


def test_the_limit_of_what_is_remembered_of_purges(db: Client) -> None:
    assert db.get("_purged_infos_limit").json() == 1000
    assert db.put("_purged_infos_limit", 1000).json() == {"ok": True}
    assert db.put("_purged_infos_limit", 0).status_code == 400


def test_a_database_is_not_partitioned(db: Client) -> None:
    path = db.fresh(create=False)
    assert db.put(f"{path}?q=2&n=1&partitioned=false").status_code == 201
    assert db.get("_partition/x").json()["reason"] == "database is not partitioned"


# ---- design documents


def test_what_would_run_javascript_says_that_it_does_not(db: Client) -> None:
    for path in ("_design/x/_view/y", "_design/x/_show/y", "_design/x/_list/y/z", "_design/x/_update/y"):
        assert db.get(path).status_code == 404
    db.server.only_ours()  # CouchDB would run them
    db.put("_design/x", {"views": {"y": {"map": "function (doc) { emit(1) }"}}})
    for path in ("_design/x/_view/y", "_design/x/_show/y", "_design/x/_list/y/z", "_design/x/_info"):
        answer = db.get(path)
        assert (answer.status_code, answer.json()["error"]) == (501, "not_implemented")
        assert "JavaScript" in answer.json()["reason"]
    assert db.post("_temp_view", {"map": "x"}).status_code == 410


def test_a_design_document_may_have_attachments(db: Client) -> None:
    rev = db.put("_design/x", {}).json()["rev"]
    put = db.ask("PUT", f"_design/x/a/b.txt?rev={rev}", data=b"hello", headers={"Content-Type": "text/plain"})
    assert put.status_code == 201
    assert db.get("_design/x/a/b.txt").content == b"hello"
    assert db.get("_design%2Fx/a/b.txt").content == b"hello"


def test_there_is_one_kind_of_storage(db: Client) -> None:
    path = db.fresh(create=False)
    assert db.ask("PUT", f"{path}?engine=cowabunga").status_code == 400
    assert db.ask("HEAD", path).status_code == 404
    assert db.ask("PUT", f"{path}?engine=couch&q=1&n=1").status_code == 201


def test_purges_are_not_listed(db: Client) -> None:
    db.server.only_ours()
    rev = db.put("a", {}).json()["rev"]
    assert db.post("_purge", {"a": [rev]}).json()["purged"] == {"a": [rev]}
    assert db.get("_purged_infos").json() == {"purged_infos": []}
    assert db.post("_purged_infos", {}).status_code == 405
