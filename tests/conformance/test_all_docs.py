"""protocol.md §1.6, `_all_docs`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.conftest import Client


@pytest.fixture
def abc(db: Client) -> Client:
    for doc_id in ("a", "b", "c", "gone"):
        db.put(doc_id, {"n": doc_id})
    db.delete("gone?rev=" + db.get("gone").json()["_rev"])
    return db


def ids(db: Client, query: str) -> list[str]:
    return [row["id"] for row in db.get(f"_all_docs?{query}").json()["rows"]]


def test_all_rows(abc: Client) -> None:
    answer = abc.get("_all_docs").json()
    assert (answer["total_rows"], answer["offset"]) == (3, 0)
    row = answer["rows"][0]
    assert (row["id"], row["key"], set(row["value"])) == ("a", "a", {"rev"})
    assert abc.get("_all_docs?update_seq=true").json()["update_seq"].startswith("5-")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('startkey="b"', ["b", "c"]),
        ('start_key="b"&end_key="b"', ["b"]),
        ('endkey="b"', ["a", "b"]),
        ('endkey="b"&inclusive_end=false', ["a"]),
        ('key="b"', ["b"]),
        ('key="gone"', []),
        ('startkey="a\\u0000"', ["b", "c"]),
        ("descending=true", ["c", "b", "a"]),
        ('descending=true&startkey="b"', ["b", "a"]),
        ("limit=1&skip=1", ["b"]),
        ("limit=0", []),
        ("startkey=null", ["a", "b", "c"]),
        ("unknown=x&stale=ok", ["a", "b", "c"]),
    ],
)
def test_ranges(abc: Client, query: str, expected: list[str]) -> None:
    assert ids(abc, query) == expected


def test_offset_is_how_many_come_before(abc: Client) -> None:
    assert abc.get('_all_docs?startkey="b"&skip=1').json()["offset"] == 2
    assert abc.get('_all_docs?descending=true&startkey="b"').json()["offset"] == 1


def test_keys_one_row_each(abc: Client) -> None:
    keys: list[Any] = ["c", "none", "gone", "c", 1, None]
    answer = abc.post("_all_docs?include_docs=true", {"keys": keys}).json()
    rows = answer["rows"]
    assert [row.get("error", row.get("id")) for row in rows] == [
        "c",
        "not_found",
        "gone",
        "c",
        "not_found",
        "not_found",
    ]
    assert rows[0]["doc"]["n"] == "c"
    assert rows[1] == {"key": "none", "error": "not_found"}
    assert (rows[2]["value"]["deleted"], rows[2]["doc"]) == (True, None)
    assert answer["offset"] is None
    assert [row["key"] for row in abc.get('_all_docs?keys=["b","a"]').json()["rows"]] == ["b", "a"]


def test_include_docs_with_conflicts_and_attachments(db: Client) -> None:
    db.put("a?new_edits=false", {"_rev": "1-a"})
    db.put("a?new_edits=false", {"_rev": "1-b", "_attachments": {"x": {"data": "eA=="}}})
    (row,) = db.get("_all_docs?include_docs=true&conflicts=true&attachments=true").json()["rows"]
    assert row["doc"]["_conflicts"] == ["1-a"]
    assert row["doc"]["_attachments"]["x"]["data"] == "eA=="


@pytest.mark.parametrize("descending", ["true", "false"])
@pytest.mark.parametrize("limit", ["", "&limit=500", "&limit=501", "&limit=1000"])
def test_pages_are_whole_beyond_one_transaction(db: Client, descending: str, limit: str) -> None:
    names = [f"{n:04}" for n in range(1003)]
    assert db.post("_bulk_docs", {"docs": [{"_id": name} for name in names]}).status_code == 201
    expected = names[::-1] if descending == "true" else names
    asked = ids(db, f"descending={descending}&skip=2{limit}")
    assert asked == expected[2:][: int(limit.partition("=")[2] or 1003)]
    rows = db.post("_all_docs?include_docs=true", {"keys": expected}).json()["rows"]
    assert [row["doc"]["_id"] for row in rows] == expected


def test_several_questions_at_once(abc: Client) -> None:
    asked = [{"keys": ["c", "none"]}, {"startkey": "b", "limit": 1}, {}]
    answers = abc.post("_all_docs/queries?include_docs=true", {"queries": asked}).json()["results"]
    assert [[row.get("id") for row in one["rows"]] for one in answers] == [
        ["c", None],
        ["b"],
        ["a", "b", "c"],
    ]
    assert answers[0]["rows"][0]["doc"]["n"] == "c"
    assert abc.post("_all_docs/queries", {"queries": []}).json() == {"results": []}
    for wrong in ({}, {"queries": 1}, {"queries": [1]}, {"queries": [{"limit": "x"}]}):
        assert abc.post("_all_docs/queries", wrong).status_code == 400


def test_design_documents_have_a_list_of_their_own(abc: Client) -> None:
    for name in ("b", "a"):
        abc.put(f"_design/{name}", {"language": "javascript"})
    listed = abc.get("_design_docs?include_docs=true").json()
    assert [row["id"] for row in listed["rows"]] == ["_design/a", "_design/b"]
    assert (listed["total_rows"], listed["offset"]) == (2, 0)
    assert listed["rows"][0]["doc"]["language"] == "javascript"
    assert [row["id"] for row in abc.get("_design_docs?skip=1").json()["rows"]] == ["_design/b"]
    by_key = abc.post("_design_docs", {"keys": ["_design/b", "_design/x"]}).json()["rows"]
    assert [row.get("error", row.get("id")) for row in by_key] == ["_design/b", "not_found"]
    assert abc.get("_all_docs").json()["total_rows"] == 5


def test_a_range_in_a_post(abc: Client) -> None:
    rows = abc.post("_all_docs?limit=1", {"startkey": "b"}).json()["rows"]
    assert [row["id"] for row in rows] == ["b"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=x",
        "limit=-1",
        "skip=x",
        "descending=1",
        "startkey=x",
        "startkey=1",
        "include_docs=maybe",
        "keys=1",
        "keys=x",
    ],
)
def test_malformed_parameters(abc: Client, query: str) -> None:
    assert abc.get(f"_all_docs?{query}").status_code == 400


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('key="a"&startkey="b"', []),
        ('startkey="b"&key="a"', ["a"]),
        ('key="a"&endkey="b"', ["a", "b"]),
        ('endkey="b"&key="a"', ["a"]),
        ('start_key="c"&startkey="b"&limit=1', ["b"]),
    ],
)
def test_a_key_is_a_range_and_the_later_parameter_counts(
    abc: Client, query: str, expected: list[str]
) -> None:
    """CouchDB's chttpd_view_test."""
    assert [row["id"] for row in abc.get(f"_all_docs?{query}").json()["rows"]] == expected


@pytest.mark.parametrize("path", ["_all_docs", "_design_docs", "_local_docs"])
@pytest.mark.parametrize("ranged", ["key", "startkey", "start_key", "endkey", "end_key"])
def test_keys_are_no_range(db: Client, path: str, ranged: str) -> None:
    asked = [db.get(f'{path}?keys=["a"]&{ranged}="b"'), db.post(path, {"keys": ["a", "b"], ranged: "b"})]
    for answer in asked:
        assert (answer.status_code, answer.json()["error"]) == (400, "query_parse_error")
        assert answer.json()["reason"] == "`keys` is incompatible with `key`, `start_key` and `end_key`"
    assert db.post(path, {"keys": [], ranged: "b"}).json()["rows"] == []


@pytest.mark.parametrize("path", ["_all_docs", "_design_docs", "_local_docs"])
def test_the_url_counts_more_than_the_body(db: Client, path: str) -> None:
    for prefix in ("", "_design/", "_local/"):
        db.put(f"{prefix}a", {})
        db.put(f"{prefix}b", {})
    asked = {
        "keys": [{"_all_docs": "", "_design_docs": "_design/", "_local_docs": "_local/"}[path] + "a"],
        "limit": 2,
    }
    assert len(db.post(path, asked).json()["rows"]) == 1
    assert db.post(f"{path}?limit=0", asked).json()["rows"] == []


def test_what_is_wrong_with_keys_depends_on_where_they_are(db: Client) -> None:
    assert db.post("_all_docs", {"keys": 1}).json()["reason"] == "`keys` body member must be an array."
    assert db.get("_all_docs?keys=1").json()["reason"] == "`keys` parameter must be an array."


@pytest.mark.parametrize(
    ("path", "prefix", "offset"),
    [("_all_docs", "x", 2), ("_design_docs", "_design/", 2), ("_local_docs", "_local/", None)],
)
def test_every_list_takes_several_questions(db: Client, path: str, prefix: str, offset: int | None) -> None:
    for number in range(8):
        db.put(f"{prefix}{number}", {})
    asked = {"queries": [{"keys": [f"{prefix}3", f"{prefix}5"]}, {"limit": 5, "skip": 2}]}
    by_keys, by_range = db.post(f"{path}/queries", asked).json()["results"]
    assert [row["id"] for row in by_keys["rows"]] == [f"{prefix}3", f"{prefix}5"]
    assert [row["id"] for row in by_range["rows"]] == [f"{prefix}{number}" for number in range(2, 7)]
    assert by_range["offset"] == offset
    assert db.post(f"{path}/queries", {"queries": {}}).status_code == 400
