"""protocol.md §1.8: one attachment."""

from __future__ import annotations

import pytest

from tests.conformance.conftest import Client

BYTES = bytes(range(256)) * 300


@pytest.fixture
def scan(db: Client) -> Client:
    assert db.ask("PUT", "scan/content", data=BYTES, headers={"Content-Type": "image/png"}).status_code == 201
    return db


def test_put_and_get(scan: Client) -> None:
    got = scan.get("scan/content")
    assert got.content == BYTES
    assert got.headers["Content-Type"] == "image/png"
    assert got.headers["Content-Length"] == str(len(BYTES))
    assert got.headers["Accept-Ranges"] == "bytes"
    assert scan.get("scan/content", headers={"If-None-Match": got.headers["ETag"]}).status_code == 304
    assert scan.get("scan/content", headers={"If-Match": "1-x"}).status_code == 200
    head = scan.ask("HEAD", "scan/content")
    assert (head.headers["Content-Length"], head.content) == (str(len(BYTES)), b"")


@pytest.mark.parametrize("name", ["a/b", "a%2Fb", "h%E1%BB%93 s%C6%A1", "a%2Bb"])
def test_names_of_any_kind(db: Client, name: str) -> None:
    assert db.ask("PUT", f"x/{name}", data=b"x").status_code == 201
    assert db.get(f"x/{name}").content == b"x"
    assert db.get("x").json()["_attachments"].keys() <= {"a/b", "hồ sơ", "a+b"}


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=10-", 206, 10, len(BYTES)),
        ("bytes=-10", 206, len(BYTES) - 10, len(BYTES)),
        ("bytes=5-999999", 206, 5, len(BYTES)),
        ("bytes=0-", 200, 0, len(BYTES)),
        ("bytes=-", 200, 0, len(BYTES)),
        ("lines=1-2", 200, 0, len(BYTES)),
        ("bytes=0-1,5-6", 200, 0, len(BYTES)),
    ],
)
def test_ranges(scan: Client, asked: str, status: int, start: int, stop: int) -> None:
    got = scan.get("scan/content", headers={"Range": asked})
    assert (got.status_code, got.content) == (status, BYTES[start:stop])
    if status == 206:
        assert got.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(BYTES)}"


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=5-2", "bytes=-0"])
def test_ranges_that_are_not_there(scan: Client, asked: str) -> None:
    assert scan.get("scan/content", headers={"Range": asked}).status_code == 416


def test_changes_need_the_revision(scan: Client) -> None:
    rev = scan.get("scan").json()["_rev"]
    assert scan.ask("PUT", "scan/other", data=b"x").status_code == 409
    missing = scan.ask("PUT", "scan/other?rev=1-x", data=b"x")
    assert (missing.status_code, missing.json()) == (409, {"error": "not_found", "reason": "missing_rev"})
    rev = scan.ask("PUT", f"scan/other?rev={rev}", data=b"x").json()["rev"]
    rev = scan.ask("PUT", "scan/third", data=b"", headers={"If-Match": rev}).json()["rev"]
    assert scan.get("scan/third").content == b""
    gone = scan.delete(f"scan/content?rev={rev}")
    assert (gone.status_code, gone.json()["rev"][:2]) == (200, "4-")
    assert scan.get("scan/content").json() == {
        "error": "not_found",
        "reason": "Document is missing attachment",
    }
    assert scan.get(f"scan/content?rev={rev}").content == BYTES
    assert set(scan.get("scan").json()["_attachments"]) == {"other", "third"}


def test_an_edit_keeps_what_it_names_as_a_stub(scan: Client) -> None:
    document = scan.get("scan").json()
    assert scan.put("scan", {**document, "n": 1}).status_code == 201
    assert scan.get("scan/content").content == BYTES


def test_chunked_and_gzipped_bodies(db: Client) -> None:
    assert db.ask("PUT", "a/x", data=iter([b"one", b"two"])).status_code == 201
    assert db.get("a/x").content == b"onetwo"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "a/_x", 400),
        ("GET", "none/x", 404),
        ("DELETE", "none/x", 409),
        ("DELETE", "scan/none?rev=1-x", 409),
        ("GET", "scan/content?rev=x", 400),
        ("POST", "scan/content", 405),
    ],
)
def test_malformed(scan: Client, method: str, path: str, status: int) -> None:
    assert scan.ask(method, path).status_code == status
