"""protocol.md §1.8: one attachment."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from email import message_from_bytes
from email.message import MIMEPart
from email.policy import HTTP

import pytest
import requests

from tests.conformance.conftest import Client

BYTES = bytes(range(256)) * 300
DIGEST = base64.b64encode(hashlib.md5(BYTES, usedforsecurity=False).digest()).decode()


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
    assert got.headers["ETag"] == f'"{DIGEST}"'
    assert got.headers["Content-Security-Policy"] == "sandbox"
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
        ("bytes=0-999999", 206, 0, len(BYTES)),
        ("bytes=1-2,0-", 200, 0, len(BYTES)),
        ("bytes=1-2,x", 200, 0, len(BYTES)),
        (f"bytes={','.join(['0-1'] * 10)}", 200, 0, len(BYTES)),
    ],
)
def test_ranges(scan: Client, asked: str, status: int, start: int, stop: int) -> None:
    got = scan.get("scan/content", headers={"Range": asked})
    assert (got.status_code, got.content) == (status, BYTES[start:stop])
    if status == 206:
        assert got.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(BYTES)}"


def test_weak_and_several_etags_match(scan: Client) -> None:
    for known in (f'W/"{DIGEST}"', f'"x", "{DIGEST}"', "*"):
        assert scan.get("scan/content", headers={"If-None-Match": known}).status_code == 304
    assert scan.get("scan/content", headers={"If-None-Match": '"x"'}).status_code == 200


def test_several_ranges_are_parts(scan: Client) -> None:
    got = scan.get("scan/content", headers={"Range": "bytes=0-9, 300-300,-5"})
    assert got.status_code == 206
    parts = [(part["Content-Type"], part["Content-Range"], body(part)) for part in parts_of(got)]
    assert parts == [
        ("image/png", f"bytes 0-9/{len(BYTES)}", BYTES[:10]),
        ("image/png", f"bytes 300-300/{len(BYTES)}", BYTES[300:301]),
        ("image/png", f"bytes {len(BYTES) - 5}-{len(BYTES) - 1}/{len(BYTES)}", BYTES[-5:]),
    ]


def parts_of(got: requests.Response) -> list[MIMEPart]:
    headers = f"Content-Type: {got.headers['Content-Type']}\r\n\r\n".encode()
    return list(message_from_bytes(headers + got.content, policy=HTTP).iter_parts())


def body(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=5-2", "bytes=-0", "bytes=0-1,5-2"])
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
    assert scan.delete(f"scan/none?rev={rev}").status_code == 404
    assert scan.delete("scan/content").status_code == 409
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


def test_a_chunked_body(db: Client) -> None:
    said = db.ask("PUT", "a/x", data=iter([b"one", b"two"]))
    assert (said.status_code, said.headers["Location"][-4:]) == (201, "/a/x")
    assert db.get("a/x").content == b"onetwo"
    assert db.get("a").json()["_attachments"]["x"]["content_type"] == "application/octet-stream"


PACKED = gzip.compress(b"tenths " * 1000, mtime=0)


@pytest.fixture
def packed(db: Client) -> Client:
    headers = {"Content-Type": "application/x-log", "Content-Encoding": "gzip"}
    assert db.ask("PUT", "log/gz", data=PACKED, headers=headers).status_code == 201
    return db


def test_what_came_gzipped_is_stored_so(packed: Client) -> None:
    stub = packed.get("log?att_encoding_info=true").json()["_attachments"]["gz"]
    digest = base64.b64encode(hashlib.md5(PACKED, usedforsecurity=False).digest()).decode()
    assert (stub["encoding"], stub["encoded_length"]) == ("gzip", len(PACKED))
    assert stub["digest"] == f"md5-{digest}"
    assert "encoding" not in packed.get("log").json()["_attachments"]["gz"]


def test_it_leaves_gzipped_if_the_client_takes_that(packed: Client) -> None:
    with packed.get("log/gz", headers={"Accept-Encoding": "gzip"}, stream=True) as got:
        assert got.raw.read(decode_content=False) == PACKED
        assert got.headers["Content-Encoding"] == "gzip"
        assert got.headers["Content-Length"] == str(len(PACKED))
        assert got.headers["Accept-Ranges"] == "none"
    for encoding in ("identity", "gzip;q=0"):
        got = packed.get("log/gz", headers={"Accept-Encoding": encoding, "Range": "bytes=1-2"})
        assert "Content-Encoding" not in got.headers
        assert (got.status_code, got.content) == (200, b"tenths " * 1000)


def test_inline_it_is_unpacked(packed: Client) -> None:
    document = packed.get("log?attachments=true", headers={"Accept": "application/json"}).json()
    assert base64.b64decode(document["_attachments"]["gz"]["data"]) == b"tenths " * 1000


def arrived(db: Client, content_type: str, way: str, data: bytes, *, doc_id: str = "x") -> None:
    """`data` as the attachment `t`, sent in one of the ways there are."""
    about = {"content_type": content_type}
    if way == "inline":
        sent = db.put(doc_id, {"_attachments": {"t": {**about, "data": base64.b64encode(data).decode()}}})
    elif way == "alone":
        sent = db.ask("PUT", f"{doc_id}/t", data=data, headers={"Content-Type": content_type})
    else:
        document = {
            "_attachments": {"t": {**about, "follows": True, "length": len(data), "digest": md5(data)}}
        }
        body = b"--abc\r\nContent-Type: application/json\r\n\r\n" + json.dumps(document).encode()
        body += b"\r\n--abc\r\n\r\n" + data + b"\r\n--abc--"
        sent = db.ask("PUT", doc_id, data=body, headers={"Content-Type": 'multipart/related; boundary="abc"'})
    assert sent.status_code == 201, sent.text


def md5(data: bytes) -> str:
    return "md5-" + base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize("way", ["inline", "alone", "multipart"])
@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/html;charset=utf-8", "Application/JSON", "application/xml ; x=y"]
)
def test_text_is_packed_when_it_arrives(db: Client, content_type: str, way: str) -> None:
    """CouchDB's compressible_types. Digest and ETag are those of the gzip; whoever reads gets the text."""
    text = "hồ sơ ".encode() * 5000
    arrived(db, content_type, way, text)
    stub = db.get("x?att_encoding_info=true").json()["_attachments"]["t"]
    assert (stub["encoding"], stub["length"]) == ("gzip", len(text))
    assert stub["encoded_length"] < len(text) / 50
    with db.get("x/t", headers={"Accept-Encoding": "gzip"}, stream=True) as got:
        gzipped = got.raw.read(decode_content=False)
        assert (got.headers["Content-Encoding"], len(gzipped)) == ("gzip", stub["encoded_length"])
        assert got.headers["ETag"] == f'"{stub["digest"].removeprefix("md5-")}"'
    assert md5(gzipped) == stub["digest"]
    assert gzip.decompress(gzipped) == text
    assert db.get("x/t", headers={"Accept-Encoding": "identity"}).content == text
    document = db.get("x?attachments=true", headers={"Accept": "application/json"}).json()
    assert base64.b64decode(document["_attachments"]["t"]["data"]) == text
    rev = db.put("x", {**db.get("x").json(), "edited": True}).json()["rev"]
    assert db.get(f"x/t?rev={rev}").content == text


@pytest.mark.parametrize("way", ["inline", "alone", "multipart"])
@pytest.mark.parametrize(
    "content_type", ["application/pdf", "image/svg+xml", "application/octet-stream", "textual/x"]
)
def test_what_is_not_text_stays_as_it_came(db: Client, content_type: str, way: str) -> None:
    arrived(db, content_type, way, BYTES)
    stub = db.get("x?att_encoding_info=true").json()["_attachments"]["t"]
    assert (stub["digest"], stub["length"], "encoding" in stub) == (md5(BYTES), len(BYTES), False)


def test_the_same_text_is_the_same_revision_however_it_was_sent(db: Client) -> None:
    text = b"the same " * 100_000
    for way in ("inline", "alone", "multipart"):
        arrived(db, "text/plain", way, text, doc_id=way)
    rows = db.get("_all_docs").json()["rows"]
    assert len(rows) == 3
    assert len({row["value"]["rev"] for row in rows}) == 1


def test_text_of_another_digest_is_refused(db: Client) -> None:
    document = {
        "_attachments": {
            "t": {"content_type": "text/plain", "follows": True, "length": 4, "digest": md5(b"that")}
        }
    }
    body = b"--abc\r\nContent-Type: application/json\r\n\r\n" + json.dumps(document).encode()
    body += b"\r\n--abc\r\n\r\nthis\r\n--abc--"
    answer = db.ask("PUT", "x", data=body, headers={"Content-Type": 'multipart/related; boundary="abc"'})
    assert (answer.status_code, answer.json()["error"]) == (400, "content_md5_mismatch")


def test_empty_text_is_empty(db: Client) -> None:
    for name in ("a", "b"):
        path = f"{name}/t"
        assert db.ask("PUT", path, data=b"", headers={"Content-Type": "text/plain"}).status_code == 201
        assert (db.get(path).status_code, db.get(path).content) == (200, b"")
    db.put("inline", {"_attachments": {"t": {"content_type": "text/plain", "data": ""}}})
    assert db.get("inline/t").content == b""


@pytest.mark.parametrize("data", ["notBase64Encoded=", "abc", "ab=c", "YQ===", "YQ", "Y Q=", "tiếng"])
def test_data_that_is_no_base64(db: Client, data: str) -> None:
    answer = db.put("x", {"_attachments": {"t": {"content_type": "text/plain", "data": data}}})
    assert answer.status_code == 400
    assert db.get("x").status_code == 404


def test_other_encodings_are_refused(db: Client) -> None:
    said = db.ask("PUT", "a/x", data=b"x", headers={"Content-Encoding": "br"})
    assert (said.status_code, said.json()["error"]) == (415, "bad_content_type")


@pytest.mark.parametrize("content_type", ["text/html;x", "x", "văn bản", 'a/b; c="é\u2028"', ""])
def test_types_of_any_kind(db: Client, content_type: str) -> None:
    attachment = {"content_type": content_type, "data": "eA=="}
    assert db.put("a", {"_attachments": {"x": attachment}}).status_code == 201
    got = db.get("a/x")
    assert got.content == b"x"
    assert got.headers.get("Content-Type", "").encode("latin-1").decode() == content_type
    assert db.get("a").json()["_attachments"]["x"]["content_type"] == content_type


def test_revpos_is_the_generation_in_which_the_bytes_came(db: Client) -> None:
    inline = {"content_type": "a/b", "data": "eA=="}
    rev = db.put("a", {"_attachments": {"old": {**inline, "revpos": 7}}}).json()["rev"]
    document = db.get("a").json()
    assert document["_attachments"]["old"]["revpos"] == 1
    attachments = {**document["_attachments"], "new": inline}
    rev = db.put("a", {"_rev": rev, "_attachments": attachments}).json()["rev"]
    revpos = {name: one["revpos"] for name, one in db.get("a").json()["_attachments"].items()}
    assert revpos == {"old": 1, "new": 2}
    wrong = {"old": {"stub": True, "revpos": 2}}
    refused = db.put("a", {"_rev": rev, "_attachments": wrong})
    assert (refused.status_code, refused.json()["error"]) == (412, "missing_stub")
    assert db.put("a", {"_rev": rev, "_attachments": {"old": {"stub": True}}}).status_code == 201
    assert set(db.get("a").json()["_attachments"]) == {"old"}
    copy = {"_rev": "3-x", "_attachments": {"old": {**inline, "revpos": 2}}}
    assert db.put("b?new_edits=false", copy).status_code == 201
    assert db.get("b").json()["_attachments"]["old"]["revpos"] == 2


def test_a_stub_of_a_copy_is_that_of_its_nearest_ancestor_here(db: Client) -> None:
    rev = db.put("a", {"_attachments": {"x": {"content_type": "a/b", "data": "eA=="}}}).json()["rev"]
    stub = {"x": {"stub": True, "revpos": 1}}
    path = {"start": 3, "ids": ["c", "b", rev[2:]]}
    assert db.put("a?new_edits=false", {"_revisions": path, "_attachments": stub}).status_code == 201
    assert db.get("a/x?rev=3-c").content == b"x"
    lost = db.put("a?new_edits=false", {"_rev": "5-e", "_attachments": stub})
    assert (lost.status_code, lost.json()["error"]) == (412, "missing_stub")


def test_attachments_of_design_documents(db: Client) -> None:
    assert db.ask("PUT", "_design/x/a/b.html", data=b"x").status_code == 201
    assert db.get("_design%2Fx/a%2Fb.html").content == b"x"
    assert db.ask("PUT", "_local/x/y", data=b"x").status_code == 400


def test_the_digest_of_a_large_one_in_many_chunks(db: Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            yield BYTES

    assert db.ask("PUT", "a/x", data=chunks()).status_code == 201
    got = db.get("a/x")
    assert got.content == BYTES * 40
    sum_ = hashlib.md5(got.content, usedforsecurity=False).digest()
    assert got.headers["ETag"] == f'"{base64.b64encode(sum_).decode()}"'
    assert db.get("a/x", headers={"Range": "bytes=262140-262150"}).content == (BYTES * 40)[262140:262151]
    document = db.get("a?attachments=true", headers={"Accept": "application/json"}).json()
    assert base64.b64decode(document["_attachments"]["x"]["data"]) == BYTES * 40


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "a/_x", 400),
        ("GET", "none/x", 404),
        ("DELETE", "none/x", 404),
        ("PUT", "scan/x?rev=x", 400),
        ("PUT", "none/x?rev=1-x", 409),
        ("DELETE", "scan/none?rev=1-x", 409),
        ("GET", "scan/content?rev=x", 400),
        ("POST", "scan/content", 405),
    ],
)
def test_malformed(scan: Client, method: str, path: str, status: int) -> None:
    assert scan.ask(method, path).status_code == status
