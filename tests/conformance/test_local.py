"""protocol.md §1.7: `_local`, and what checkpoints tell."""

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


def test_a_checkpoint_with_our_sequence_is_told(db: Client) -> None:
    db.put("a", {})
    ours = db.server.stores["dossiers"].outer_seq(1)
    theirs = ["1-" + "0" * 16, "5-g1AAAA", 7, None, [1, "x"], "0", {"a": 1}]
    for seq in [*theirs, ours]:
        assert db.put("_local/abc", {"source_last_seq": seq}).status_code == 201
    ((user, database, seq),) = db.server.checkpoints
    assert (user.name, database, seq) == ("room-01", "dossiers", 1)
