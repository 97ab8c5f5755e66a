"""protocol.md §1.7: `_bulk_docs`, `_bulk_get`, `_revs_diff`, `_missing_revs`."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Client


def test_edits_answer_one_row_each_in_order(db: Client) -> None:
    docs = [{"_id": "a"}, {"_id": "a", "n": 2}, {"n": 3}, {"_id": "b", "_rev": "1-x"}]
    answer = db.post("_bulk_docs", {"docs": docs})
    assert answer.status_code == 201
    first, second, third, fourth = answer.json()
    assert (first["ok"], first["id"], first["rev"][:2]) == (True, "a", "1-")
    assert second == {"id": "a", "error": "conflict", "reason": "Document update conflict."}
    assert third["ok"] is True
    assert fourth["error"] == "conflict"


def test_one_request_settles_a_conflict(db: Client) -> None:
    """Each leaf may be edited, once: the losing one is deleted and the other goes on."""
    loser, winner = f"1-{'a' * 32}", f"1-{'b' * 32}"
    both = [{"_id": "a", "_rev": loser}, {"_id": "a", "_rev": winner}]
    assert db.post("_bulk_docs", {"docs": both, "new_edits": False}).json() == []

    edits = [
        {"_id": "a", "_rev": loser, "_deleted": True},
        {"_id": "a", "_rev": winner, "settled": True},
        {"_id": "a", "_rev": winner, "settled": False},
    ]
    rows = db.post("_bulk_docs", {"docs": edits}).json()
    assert [row.get("error") for row in rows] == [None, None, "conflict"]
    document = db.get("a?conflicts=true&deleted_conflicts=true").json()
    assert document["settled"] is True
    assert "_conflicts" not in document
    assert document["_deleted_conflicts"] == [rows[0]["rev"]]


def test_a_tombstone_is_edited_only_beside_something_that_lives(db: Client) -> None:
    tombstone, alive = f"1-{'a' * 32}", f"1-{'b' * 32}"
    both = [{"_id": "a", "_rev": tombstone, "_deleted": True}, {"_id": "a", "_rev": alive}]
    assert db.post("_bulk_docs", {"docs": both, "new_edits": False}).json() == []

    edited = db.put("a", {"_rev": tombstone, "_deleted": True})
    assert edited.status_code == 200
    assert db.delete(f"a?rev={alive}").status_code == 200
    for body in ({"_rev": edited.json()["rev"]}, {"_deleted": True}):
        assert db.put("a", body).status_code == 409, body
    assert db.put("a", {}).status_code == 201


def test_copies_answer_only_what_failed(db: Client) -> None:
    docs = [{"_id": "a", "_rev": "1-a"}, {"_id": "b", "_revisions": {"start": 2, "ids": ["b", "a"]}}]
    for _ in range(2):
        answer = db.post("_bulk_docs", {"docs": docs, "new_edits": False})
        assert (answer.status_code, answer.json()) == (201, [])
    assert db.get("b?revs=true").json()["_revisions"] == {"start": 2, "ids": ["b", "a"]}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"docs": {}},
        {"docs": [1]},
        {"docs": [{"_id": "_x"}]},
        {"docs": [{"_id": "a"}], "new_edits": False},
        {"docs": [], "new_edits": "no"},
        {"docs": [{"_id": "a", "_foo": 1}]},
        [],
        None,
    ],
)
def test_malformed_bulk_docs_store_nothing(db: Client, body: object) -> None:
    assert db.post("_bulk_docs", body).status_code in (400, 415)
    assert db.get("").json()["doc_count"] == 0


def test_an_unresolvable_stub_fails_the_request(db: Client) -> None:
    docs = [{"_id": "a"}, {"_id": "b", "_attachments": {"x": {"stub": True}}}]
    answer = db.post("_bulk_docs", {"docs": docs})
    assert (answer.status_code, answer.json()["error"]) == (412, "missing_stub")
    assert db.get("a").status_code == 404


def test_bulk_get_answers_in_the_order_of_its_entries(db: Client) -> None:
    rev = db.put("a", {"n": 1}).json()["rev"]
    entries = [
        {"id": "a", "rev": rev},
        {"id": "none"},
        {"id": "a"},
        {"id": "a", "rev": "1-x"},
        {"id": "a", "rev": "?"},
    ]
    answer = db.post("_bulk_get?revs=true&latest=true", {"docs": entries}).json()
    assert list(answer) == ["results"]
    document = {"_id": "a", "_rev": rev, "_revisions": {"start": 1, "ids": [rev[2:]]}, "n": 1}
    missing = {"id": "a", "rev": "1-x", "error": "not_found", "reason": "missing"}
    assert answer["results"] == [
        {"id": "a", "docs": [{"ok": document}]},
        {"id": "none", "docs": [{"error": {**missing, "id": "none", "rev": "undefined"}}]},
        {"id": "a", "docs": [{"ok": document}]},
        {"id": "a", "docs": [{"error": missing}]},
        {
            "id": "a",
            "docs": [
                {"error": {"id": "a", "rev": "?", "error": "bad_request", "reason": "Invalid rev format"}}
            ],
        },
    ]


def test_bulk_get_with_attachments_and_tombstones(db: Client) -> None:
    rev = db.put("a", {"_attachments": {"x": {"data": "eA=="}}}).json()["rev"]
    for query, member in (("", "stub"), ("?attachments=true", "data")):
        (got,) = db.post(f"_bulk_get{query}", {"docs": [{"id": "a"}]}).json()["results"]
        assert member in got["docs"][0]["ok"]["_attachments"]["x"]
    gone = db.delete(f"a?rev={rev}").json()["rev"]
    (got,) = db.post("_bulk_get", {"docs": [{"id": "a", "rev": gone}]}).json()["results"]
    assert got["docs"][0]["ok"] == {"_id": "a", "_rev": gone, "_deleted": True}


@pytest.mark.parametrize("body", [{}, {"docs": 1}, []])
def test_malformed_bulk_get(db: Client, body: object) -> None:
    assert db.post("_bulk_get", body).status_code == 400
    assert db.post("_bulk_get?rev=1-a", {"docs": []}).status_code == 400


def test_revs_diff(db: Client) -> None:
    rev = db.put("a", {}).json()["rev"]
    asked = {"a": [rev, "2-x"], "b": [], "c": ["1-c"], "d": ["1-d"]}
    db.put("d?new_edits=false", {"_rev": "1-d"})
    missing = {"a": {"missing": ["2-x"], "possible_ancestors": [rev]}, "c": {"missing": ["1-c"]}}
    assert db.post("_revs_diff", asked).json() == missing
    assert db.post("_missing_revs", asked).json() == {"missing_revs": {"a": ["2-x"], "c": ["1-c"]}}


@pytest.mark.parametrize("body", [[], {"a": 1}, {"a": "1-a"}, {"a": [1]}, {"a": ["x"]}, {"a": {"b": 1}}])
def test_malformed_revs_diff(db: Client, body: object) -> None:
    assert db.post("_revs_diff", body).status_code == 400


@pytest.mark.parametrize(
    ("entry", "doc_id", "error"),
    [
        (1, None, "bad_request"),
        ({}, None, "bad_request"),
        ({"rev": "1-x"}, None, "bad_request"),
        ({"id": "_x"}, "_x", "illegal_docid"),
        ({"id": ""}, "", "illegal_docid"),
        ({"id": "a", "rev": 1}, "a", "bad_request"),
        ({"id": "a", "atts_since": "1-x"}, "a", "bad_request"),
        ({"id": "a", "atts_since": ["x"]}, "a", "bad_request"),
    ],
)
def test_a_malformed_entry_spoils_only_itself(db: Client, entry: object, doc_id: object, error: str) -> None:
    db.put("b", {})
    bad, good = db.post("_bulk_get", {"docs": [entry, {"id": "b"}]}).json()["results"]
    assert bad["id"] == doc_id
    assert bad["docs"][0]["error"]["error"] == error
    assert good["docs"][0]["ok"]["_id"] == "b"


@pytest.mark.parametrize("name", ["rev", "open_revs", "atts_since", "w", "new_edits"])
def test_options_that_bulk_get_does_not_have(db: Client, name: str) -> None:
    assert db.post(f"_bulk_get?{name}=x", {"docs": []}).status_code == 400


def test_bulk_get_leaves_out_attachments_that_the_client_has(db: Client) -> None:
    inline = {"content_type": "a/b", "data": "eA=="}
    first = db.put("a", {"_attachments": {"old": inline}}).json()["rev"]
    attachments = {"old": {"stub": True}, "new": inline}
    rev = db.put("a", {"_rev": first, "_attachments": attachments}).json()["rev"]
    entry = {"id": "a", "rev": rev, "atts_since": [first, "1-x"]}
    entries = [entry, {"id": "a", "atts_since": ["0-x"]}, {"id": "a", "atts_since": []}]
    result, all_, none = db.post("_bulk_get", {"docs": entries}).json()["results"]
    assert all("data" in one for one in all_["docs"][0]["ok"]["_attachments"].values())
    assert all("stub" in one for one in none["docs"][0]["ok"]["_attachments"].values())
    got = result["docs"][0]["ok"]["_attachments"]
    assert (got["old"]["stub"], got["new"]["data"]) == (True, "eA==")


def test_bulk_get_with_nothing_asked(db: Client) -> None:
    assert db.post("_bulk_get", {"docs": []}).json() == {"results": []}


def test_all_or_nothing_is_not_to_be_had(db: Client) -> None:
    answer = db.post("_bulk_docs", {"docs": [{"_id": "a"}, {"n": 1}], "all_or_nothing": True})
    assert (answer.status_code, len(answer.json())) == (417, 2)
    assert {row["error"] for row in answer.json()} == {"not_implemented"}
    assert db.get("a").status_code == 404


def test_local_documents_among_the_others(db: Client) -> None:
    docs = [{"_id": "a"}, {"_id": "_local/x", "n": 1}, {"_id": "b"}]
    rows = db.post("_bulk_docs", {"docs": docs}).json()
    assert [(row["ok"], row["id"]) for row in rows] == [(True, "a"), (True, "_local/x"), (True, "b")]
    assert rows[1]["rev"] == "0-1"
    assert db.get("_local/x").json()["n"] == 1
    assert db.get("").json()["doc_count"] == 2
