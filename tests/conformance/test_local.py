"""protocol.md §1.7: `_local`, and §1.6: the list of them."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Client


def test_put_get_delete(db: Client) -> None:
    said = db.put("_local/abc", {"n": 1})
    assert (said.status_code, said.json()) == (201, {"ok": True, "id": "_local/abc", "rev": "0-1"})
    assert db.get("_local%2Fabc").json() == {"_id": "_local/abc", "_rev": "0-1", "n": 1}
    again = db.put("_local/abc", {"_rev": "0-1", "_revisions": {"start": 0, "ids": ["1"]}, "n": 2})
    assert again.json()["rev"] == "0-2"
    assert db.delete("_local/abc?rev=0-2").json()["rev"] == "0-0"
    assert db.get("_local/abc").json() == {"error": "not_found", "reason": "missing"}


def test_ids_as_pouchdb_and_couchdb_make_them(db: Client) -> None:
    for path in ("_local/a.b_c%3D%3D", "_local%2Fa%2Fb", "_local/a+continuous"):
        assert db.put(path, {}).status_code == 201
        assert db.get(path).status_code == 200


def test_they_are_not_documents(db: Client) -> None:
    db.put("_local/abc", {})
    assert db.get("").json()["doc_count"] == 0
    assert db.get("_changes").json()["results"] == []
    assert db.get("_all_docs").json()["rows"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [("_local/a", {"_rev": "1-a"}), ("_local/a", {"_rev": 1}), ("_local/a", []), ("_local/a/b", {})],
)
def test_malformed(db: Client, path: str, body: object) -> None:
    assert db.put(path, body).status_code == 400


def test_all_of_them_can_be_listed(db: Client) -> None:
    for local_id in ("b", "a", "c"):
        db.put(f"_local/{local_id}", {"n": local_id})
    db.put("document", {})
    listed = db.get("_local_docs").json()
    assert [row["id"] for row in listed["rows"]] == ["_local/a", "_local/b", "_local/c"]
    assert listed["rows"][0] == {"id": "_local/a", "key": "_local/a", "value": {"rev": "0-1"}}
    some = db.post("_local_docs?include_docs=true", {"keys": ["_local/c", "_local/none"]}).json()["rows"]
    assert some[0]["doc"] == {"_id": "_local/c", "_rev": "0-1", "n": "c"}
    assert some[1] == {"key": "_local/none", "error": "not_found"}
    for query, expected in (
        ('startkey="_local/b"', ["b", "c"]),
        ('endkey="_local/b"&inclusive_end=false', ["a"]),
        ("descending=true&limit=2&skip=1", ["b", "a"]),
        ('descending=true&startkey="_local/b"&endkey="_local/b"', ["b"]),
    ):
        rows = db.get(f"_local_docs?{query}").json()["rows"]
        assert [row["id"].removeprefix("_local/") for row in rows] == expected, query


@pytest.mark.parametrize("path", ["_local", "_local/", "_local%2F"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_note_without_a_name(db: Client, method: str, path: str) -> None:
    said = db.ask(method, path, json={})
    assert (said.status_code, said.json()["reason"]) == (400, "Invalid _local document id.")
