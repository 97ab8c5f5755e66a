"""protocol.md §1.2, §1.4: who may enter a database, who may change what is its own, and `_security`."""

from __future__ import annotations

import pytest
import requests

from tests.conformance.conftest import Client, Server

PUBLIC: dict[str, object] = {"admins": {"names": [], "roles": []}, "members": {"names": [], "roles": []}}


def anybody(server: Server, method: str, path: str, **more: object) -> requests.Response:
    return requests.request(method, f"{server.url}/{server.database}/{path}", timeout=9, **more)  # type: ignore[arg-type]


def test_a_new_database_is_the_admins(server: Server, db: Client) -> None:
    security = db.get("_security").json()
    assert security["members"]["roles"] == security["admins"]["roles"] == ["_admin"]
    for path in ("", "a", "_all_docs", "_changes", "_local/a", "_security"):
        answer = anybody(server, "GET", path)
        assert (answer.status_code, answer.json()) == (
            401,
            {"error": "unauthorized", "reason": "You are not authorized to access this db."},
        )
    assert db.get("").status_code == 200
    assert requests.get(f"{server.url}/_all_dbs", timeout=9).status_code == 401


def test_without_members_it_is_public(server: Server, db: Client) -> None:
    assert db.put("_security", PUBLIC).json() == {"ok": True}
    assert anybody(server, "PUT", "a", json={}).status_code == 201
    assert anybody(server, "GET", "a").status_code == 200
    assert anybody(server, "POST", "_bulk_docs", json={"docs": [{}]}).status_code == 201
    assert anybody(server, "PUT", "_local/a", json={}).status_code == 201
    db.put("_security", {**PUBLIC, "members": {"names": ["anna"], "roles": []}})
    assert anybody(server, "GET", "a").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "_security", PUBLIC),
        ("PUT", "_revs_limit", 10),
        ("POST", "_compact", {}),
        ("POST", "_compact/x", {}),
        ("POST", "_view_cleanup", {}),
        ("POST", "_purge", {"a": ["1-a"]}),
        ("PUT", "_purged_infos_limit", 10),
    ],
)
def test_what_is_the_admins_alone(server: Server, db: Client, method: str, path: str, body: object) -> None:
    db.put("_security", PUBLIC)
    answer = anybody(server, method, path, json=body)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert db.get("_revs_limit").json() == 1000


def test_design_documents_are_written_by_admins(server: Server, db: Client) -> None:
    db.put("_security", PUBLIC)
    assert anybody(server, "PUT", "_design/x", json={}).status_code in (401, 403)
    (row,) = anybody(server, "POST", "_bulk_docs", json={"docs": [{"_id": "_design/x"}]}).json()
    assert row["error"] in ("unauthorized", "forbidden")
    copies = {
        "new_edits": False,
        "docs": [{"_id": "_design/x", "_rev": "1-" + "a" * 32}, {"_id": "b", "_rev": "1-" + "a" * 32}],
    }
    assert [row["id"] for row in anybody(server, "POST", "_bulk_docs", json=copies).json()] == ["_design/x"]
    assert db.get("_design/x").status_code == 404
    assert db.get("b").status_code == 200
    assert db.put("_design/x", {}).status_code == 201
    assert anybody(server, "GET", "_design/x").status_code == 200


@pytest.mark.parametrize(
    "security",
    [
        [],
        1,
        {"members": []},
        {"admins": {"names": "x"}},
        {"members": {"roles": [1]}},
        {"admins": {"roles": {}}},
    ],
)
def test_malformed_security(db: Client, security: object) -> None:
    before = db.get("_security").json()
    assert db.put("_security", security).status_code >= 400
    assert db.get("_security").json() == before


def test_malformed_security_is_the_askers_fault(db: Client) -> None:
    db.server.only_ours()  # CouchDB says 500 to some of them
    assert db.put("_security", {"members": []}).status_code == 400


def test_other_members_of_security_are_kept(db: Client) -> None:
    security = {**PUBLIC, "note": {"hồ sơ": 1}}
    db.put("_security", security)
    assert db.get("_security").json() == security
