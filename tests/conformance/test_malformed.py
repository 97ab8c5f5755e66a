"""What CouchDB answers to requests that are malformed: status and error word, and nothing is stored.

Attacks without an expected answer, only that there is one, are in tests/sync/test_fuzz.py.
"""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.conformance.conftest import Client

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def untouched(db: Client) -> Any:
    """The database, in which the test must change nothing."""
    db.put("known", {"n": 1})
    db.put("_local/note", {"n": 1})
    before = content(db)
    yield db
    assert content(db) == before


def content(db: Client) -> list[Any]:
    asked = (
        "_all_docs?include_docs=true",
        "_changes?style=all_docs",
        "_local/note",
        "_security",
        "_revs_limit",
    )
    return [db.get(path).json() for path in asked]


def refused(db: Client, method: str, path: str, status: int, error: str, **more: Any) -> None:
    answer = db.ask(method, path, **more)
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert set(answer.json()) == {"error", "reason"}
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b"'a'",
        b"{a:1}",
        b'{"a":1}}',
        b"\xff",
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b"NaN",
        b"[" * 5000,
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", ""),
        ("POST", "_bulk_docs"),
        ("POST", "_revs_diff"),
        ("POST", "_find"),
        ("PUT", "new"),
        ("PUT", "_local/new"),
    ],
)
def test_no_json(untouched: Client, method: str, path: str, sent: bytes) -> None:
    refused(untouched, method, path, 400, "bad_request", data=sent, headers=JSON)


@pytest.mark.parametrize(
    "path", ["", "_bulk_docs", "_revs_diff", "_missing_revs", "_find", "_bulk_get", "_all_docs"]
)
def test_json_that_is_no_object(untouched: Client, path: str) -> None:
    for sent in ("[]", "1", '"a"', "null", "true"):
        assert untouched.ask("POST", path, data=sent, headers=JSON).status_code == 400


@pytest.mark.parametrize(
    "path", ["", "_bulk_docs", "_bulk_get", "_revs_diff", "_missing_revs", "_find", "_index"]
)
def test_another_content_type(untouched: Client, path: str) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        refused(
            untouched,
            "POST",
            path,
            415,
            "bad_content_type",
            data="{}",
            headers={"Content-Type": content_type},
        )


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"_id": ""}, "illegal_docid"),
        ({"_id": "_x"}, "illegal_docid"),
        ({"_id": 1}, "illegal_docid"),
        ({"_id": "a" * 1_000_000}, "illegal_docid"),
        ({"_id": "a", "_foo": 1}, "doc_validation"),
        ({"_id": "a", "_rev": "x"}, "bad_request"),
        ({"_id": "a", "_rev": "1-"}, "bad_request"),
        ({"_id": "a", "_rev": 1}, "bad_request"),
        ({"_id": "a", "_revisions": {"start": "1", "ids": ["a"]}}, "doc_validation"),
        ({"_id": "a", "_revisions": {"start": 1, "ids": "a"}}, "doc_validation"),
        ({"_id": "a", "_revisions": {"start": 1, "ids": [1]}}, "doc_validation"),
        ({"_id": "a", "_attachments": {"_x": {"data": ""}}}, "bad_request"),
        ({"_id": "a", "_attachments": {"x": {"data": "!"}}}, "bad_request"),
    ],
)
def test_malformed_documents(untouched: Client, document: dict[str, Any], error: str) -> None:
    """One of them fails the whole request."""
    if not (document["_id"] == "" or len(str(document["_id"])) > 10):
        refused(untouched, "POST", "_bulk_docs", 400, error, json={"docs": [{"_id": "good"}, document]})
    if document["_id"] != "":  # to POST, no id
        refused(untouched, "POST", "", 400, error, json=document)


@pytest.mark.parametrize(
    "path", ["known?rev=x", "known?rev=1-", "known?open_revs=x", "known?open_revs={}", "known?atts_since=x"]
)
def test_malformed_revisions_in_urls(untouched: Client, path: str) -> None:
    assert untouched.get(path).status_code == 400


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("_all_docs?limit=x", "query_parse_error"),
        ("_all_docs?skip=-1", "query_parse_error"),
        ("_all_docs?descending=x", "query_parse_error"),
        ("_changes?since=x", "bad_request"),
        ("_changes?feed=x", "bad_request"),
        ("_changes?heartbeat=0", "bad_request"),
        ("_changes?heartbeat=x", "bad_request"),
        ("_changes?filter=_x", "bad_request"),
        ("_bulk_docs", "method_not_allowed"),
    ],
)
def test_malformed_parameters(untouched: Client, path: str, error: str) -> None:
    refused(untouched, "GET", path, 405 if error == "method_not_allowed" else 400, error)


@pytest.mark.parametrize("name", ["A", "1a", "a.b", "a%00b", "a%2F..%5C", "%C3%A9", "a*", "a%20b", "_x"])
def test_names_that_no_database_has(untouched: Client, name: str) -> None:
    refused(untouched, "PUT", f"/{name}", 400, "illegal_database_name")


def test_paths_that_climb_lead_nowhere(untouched: Client) -> None:
    """Percent-encoded, so that no client takes them out."""
    for path in ("/%2e%2e", "/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/..%2f..%2fx"):
        assert untouched.get(path).status_code in (400, 404)
    stored = untouched.ask("PUT", "_local/%2e%2e%2fx", data="{}")
    assert stored.json()["id"] == "_local/../x"
    untouched.delete("_local/%2e%2e%2fx")


def test_attachments_may_have_any_name_but_one_with_an_underscore(db: Client) -> None:
    for name in ("..", "../x", "a/b", "\\", "a\0b", "hồ sơ.pdf", "?", "#", "%2F"):
        quoted = "".join(f"%{byte:02X}" for byte in name.encode())
        saved = db.ask("PUT", f"doc{quoted}/{quoted}", data=b"xyz", headers={"Content-Type": "text/x"})
        assert saved.status_code == 201
        assert list(db.get(f"doc{quoted}").json()["_attachments"]) == [name]
        assert db.get(f"doc{quoted}/{quoted}").content == b"xyz"
    refused(db, "PUT", "doc/_x", 400, "bad_request", data=b"x")


def test_a_body_that_is_no_gzip(untouched: Client) -> None:
    whole = gzip.compress(json.dumps({"_id": "new"}).encode())
    headers = {**JSON, "Content-Encoding": "gzip"}
    for sent in (b"{}", whole[:-5], b""):
        assert untouched.ask("POST", "", data=sent, headers=headers).status_code == 400
    refused(
        untouched, "POST", "", 415, "bad_content_type", data=b"{}", headers={**JSON, "Content-Encoding": "br"}
    )


def multipart(*parts: bytes, end: bytes = b"--b--") -> dict[str, Any]:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end
    return {"data": body, "headers": {"Content-Type": 'multipart/related; boundary="b"'}}


def document(**attachment: object) -> bytes:
    about = {"follows": True, "length": 3, "content_type": "text/plain", **attachment}
    return b"Content-Type: application/json\r\n\r\n" + json.dumps({"_attachments": {"x": about}}).encode()


@pytest.mark.parametrize(
    "sent",
    [
        multipart(document(), b"\r\nabc", end=b""),
        multipart(document(length=5), b"\r\nabc"),
        multipart(document(digest="md5-AAAAAAAAAAAAAAAAAAAAAA=="), b"\r\nabc"),
        multipart(document(length=-1), b"\r\nabc"),
        multipart(document(length="3"), b"\r\nabc"),
        multipart(document()),
        multipart(b"Content-Type: application/json\r\n\r\n{", b"\r\nabc"),
        multipart(b"Content-Type: application/json\r\n\r\n[]"),
        multipart(),
        {"data": b"--b--", "headers": {"Content-Type": "multipart/related"}},
    ],
)
def test_malformed_multipart(untouched: Client, sent: dict[str, Any]) -> None:
    answer = untouched.ask("PUT", "new", **sent)
    assert answer.status_code in (400, 412, 415), answer.text
    assert set(answer.json()) == {"error", "reason"}
