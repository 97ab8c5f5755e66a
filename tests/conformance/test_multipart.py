"""protocol.md §1.8, §4.15: documents that travel with their attachments."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterator
from email import message_from_bytes
from email.message import MIMEPart
from email.policy import HTTP
from random import Random
from typing import Any, cast
from urllib.parse import quote

import orjson
import pytest
import requests

from tests.conformance.conftest import Client
from tests.proving import Times

Json = dict[str, Any]

RELATED = {"Content-Type": 'multipart/related;boundary="abc123"'}
FIRST, SECOND = b"the first one,\r\n--abc12\nwith lines", bytes(range(256)) * 3000


def following(content: bytes, **more: object) -> Json:
    return {"follows": True, "content_type": "application/x-scan", "length": len(content), **more}


def body(document: object, *parts: bytes, boundary: bytes = b"abc123", epilogue: bytes = b"") -> bytes:
    head = b"--" + boundary + b"\r\ncontent-type: application/json\r\n\r\n" + orjson.dumps(document)
    mark = b"\r\n--" + boundary
    return head + b"".join(mark + b"\r\n\r\n" + part for part in parts) + mark + b"--" + epilogue


def put(db: Client, path: str, data: bytes | Iterator[bytes], **headers: str) -> requests.Response:
    return db.ask("PUT", path, data=data, headers=RELATED | headers)


def two(db: Client) -> Json:
    """A document with two attachments, whose bytes followed it; what the server said."""
    document = {"n": 1, "_attachments": {"z": following(FIRST), "a": following(SECOND)}}
    said = put(db, "doc", body(document, FIRST, SECOND))
    assert said.status_code == 201
    return cast(Json, said.json())


def test_parts_without_headers_belong_to_attachments_by_their_order(db: Client) -> None:
    two(db)
    assert db.get("doc/z").content == FIRST
    assert db.get("doc/a").content == SECOND
    stub = db.get("doc").json()["_attachments"]["z"]
    digest = base64.b64encode(hashlib.md5(FIRST, usedforsecurity=False).digest()).decode()
    assert stub == {
        "content_type": "application/x-scan",
        "revpos": 1,
        "digest": f"md5-{digest}",
        "length": len(FIRST),
        "stub": True,
    }


def test_names_in_the_headers_of_parts_do_not_count(db: Client) -> None:
    document = {"_attachments": {"z": following(b"1"), "a": following(b"2")}}
    data = (
        b"a preamble\r\n--abc123 \r\nCONTENT-TYPE: application/json; charset=utf-8\r\nX: y\r\n\r\n"
        + orjson.dumps(document)
        + b'\r\n--abc123\r\nContent-Disposition: attachment; filename="a"\r\n\r\n1'
        + b'\r\n--abc123\r\nContent-Disposition: attachment; filename="z"\r\n\r\n2'
        + b"\r\n--abc123--an epilogue\r\n"
    )
    assert put(db, "doc", data).status_code == 201
    assert (db.get("doc/z").content, db.get("doc/a").content) == (b"1", b"2")


def test_a_chunked_body_and_a_bare_boundary(db: Client) -> None:
    data = body({"_attachments": {"a": following(SECOND)}}, SECOND, epilogue=b"epilogue")
    chunks = (data[at : at + 1000] for at in range(0, len(data), 1000))
    said = db.ask("PUT", "doc", data=chunks, headers={"Content-Type": "multipart/related; boundary=abc123"})
    assert said.status_code == 201
    assert db.get("doc/a").content == SECOND


def test_stubs_inline_and_following_side_by_side(db: Client) -> None:
    rev = two(db)["rev"]
    attachments = {
        "z": {"stub": True},
        "new": following(b"new"),
        "inline": {"content_type": "a/b", "data": "eA=="},
        "empty": following(b""),
    }
    said = put(db, "doc", body({"_rev": rev, "_attachments": attachments}, b"new", b""))
    assert said.status_code == 201
    revpos = {name: one["revpos"] for name, one in db.get("doc").json()["_attachments"].items()}
    assert revpos == {"z": 1, "new": 2, "inline": 2, "empty": 2}
    assert db.get("doc/new").content == b"new"
    assert db.get("doc/empty").content == b""
    assert db.get("doc/a").status_code == 404


def test_a_copy_with_attachments(db: Client) -> None:
    document = {
        "_revisions": {"start": 3, "ids": ["c", "b", "a"]},
        "_attachments": {"x": following(b"1", revpos=2)},
    }
    said = put(db, "doc?new_edits=false", body(document, b"1"))
    assert (said.status_code, said.json()["rev"]) == (201, "3-c")
    assert db.get("doc").json()["_attachments"]["x"]["revpos"] == 2


def test_the_digest_must_be_that_of_the_bytes(db: Client) -> None:
    digest = base64.b64encode(hashlib.md5(b"1", usedforsecurity=False).digest()).decode()
    wrong = put(db, "doc", body({"_attachments": {"x": following(b"2", digest=f"md5-{digest}")}}, b"2"))
    assert (wrong.status_code, wrong.json()["error"]) == (400, "content_md5_mismatch")
    assert db.get("doc").status_code == 404
    right = put(db, "doc", body({"_attachments": {"x": following(b"1", digest=f"md5-{digest}")}}, b"1"))
    assert right.status_code == 201


def test_a_gzipped_attachment_travels_as_it_is(db: Client) -> None:
    text = b"tenths " * 1000
    packed = gzip.compress(text, mtime=0)
    about = {**following(text), "encoding": "gzip", "encoded_length": len(packed)}
    assert put(db, "doc", body({"_attachments": {"x": about}}, packed)).status_code == 201
    stub = db.get("doc?att_encoding_info=true").json()["_attachments"]["x"]
    assert (stub["length"], stub["encoding"], stub["encoded_length"]) == (len(text), "gzip", len(packed))
    assert db.get("doc/x", headers={"Accept-Encoding": "identity"}).content == text
    got = db.get("doc?attachments=true", headers={"Accept": "multipart/related"})
    document, part = parts_of(got)
    assert part["Content-Encoding"] == "gzip"
    assert part.get_payload(decode=True) == packed
    assert json_of(document)["_attachments"]["x"]["encoded_length"] == len(packed)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"--abc123",
        b"--abc123--",
        b"--abc123\r\n\r\n{}\r\n--abc123--",
        b"--abc123x\r\ncontent-type: application/json\r\n\r\n{}\r\n--abc123--",
        b"--abc123\r\ncontent-type: application/json\r\n\r\n{\r\n--abc123--",
        b"--abc123\r\ncontent-type: application/json\r\n\r\n{}",
        b"--abc123\r\nno colon\r\n\r\n{}\r\n--abc123--",
        b"--abc123\r\ncontent-type: application/json\r\nx: " + b"y" * 20_000 + b"\r\n\r\n{}\r\n--abc123--",
        body([]),
        body({}, b"nobody's"),
        body({"_attachments": {"x": following(b"four")}}, b"fo"),
        body({"_attachments": {"x": following(b"four")}}, b"four and more"),
        body({"_attachments": {"x": following(b"four")}}, b"four")[:-7],
        body({"_attachments": {"x": following(b"four")}}),
        body({"_attachments": {"x": {"follows": True}}}, b"four"),
        body({"_attachments": {"x": following(b"four", length=-1)}}, b"four"),
        body({"_attachments": {"x": following(b"four", length=True)}}, b"four"),
        body({"_attachments": {"x": following(b"four", encoding="br")}}, b"four"),
        body({"_attachments": {"x": following(b"four", encoding="gzip")}}, b"four"),
        body({"_attachments": {"_x": following(b"four")}}, b"four"),
        body({"_attachments": {"x": 1}}, b"four"),
        body({"_attachments": []}, b"four"),
        body({"_other": 1, "_attachments": {"x": following(b"four")}}, b"four"),
    ],
)
def test_malformed_bodies_store_nothing(db: Client, data: bytes) -> None:
    assert put(db, "doc", data).status_code in (400, 415)
    assert db.get("doc").status_code == 404
    assert db.get("").status_code == 200


def test_other_bad_requests(db: Client) -> None:
    data = body({"_attachments": {"x": following(b"four")}}, b"four")
    unbound = db.ask("PUT", "doc", data=data, headers={"Content-Type": "multipart/related; x=y"})
    assert unbound.status_code == 400
    huge = {"_attachments": {"x": following(b"four", length=2**40)}}
    refused = put(db, "doc", body(huge, b"four"))
    assert (refused.status_code, refused.json()["error"]) == (413, "attachment_too_large")
    assert put(db, "doc?rev=1-x", data).status_code == 409
    stub = {"_attachments": {"x": following(b"four"), "y": {"stub": True}}}
    assert put(db, "doc", body(stub, b"four")).json()["error"] == "missing_stub"
    followed = db.put("doc", {"_attachments": {"x": {"follows": True, "length": 0}}})
    assert followed.status_code == 400


# ---- out


def parts_of(got: requests.Response | MIMEPart) -> list[MIMEPart]:
    if isinstance(got, requests.Response):
        head = f"Content-Type: {got.headers['Content-Type']}\r\n\r\n".encode()
        got = message_from_bytes(head + got.content, policy=HTTP)
    return list(got.iter_parts())


def json_of(part: MIMEPart) -> Json:
    return cast(Json, orjson.loads(cast(bytes, part.get_payload(decode=True))))


def test_related_out(db: Client) -> None:
    two(db)
    got = db.get("doc?attachments=true&revs=true", headers={"Accept": "multipart/related,*/*;"})
    assert got.headers["Content-Type"].startswith('multipart/related; boundary="')
    assert got.headers["Content-Length"] == str(len(got.content))
    document, z, a = parts_of(got)
    assert document["Content-Type"] == "application/json"
    sent = json_of(document)
    assert list(sent["_attachments"]) == ["z", "a"]
    assert sent["_attachments"]["z"]["follows"] is True
    assert sent["_revisions"]["start"] == 1
    assert z["Content-Disposition"] == 'attachment; filename="z"'
    assert (z["Content-Type"], z["Content-Length"]) == ("application/x-scan", str(len(FIRST)))
    assert z.get_payload(decode=True) == FIRST
    assert a.get_payload(decode=True) == SECOND


def test_without_attachments_the_answer_is_json(db: Client) -> None:
    db.put("doc", {"n": 1})
    assert db.get("doc?attachments=true").json()["n"] == 1


@pytest.mark.parametrize("accept", [None, "*/*", "multipart/mixed", "multipart/*;q=0.5, application/json"])
def test_open_revisions_are_parts_of_their_own(db: Client, accept: str | None) -> None:
    rev = two(db)["rev"]
    db.put("doc?new_edits=false", {"_rev": "1-0", "n": 2})
    got = db.get(f'doc?open_revs=["{rev}","1-0","9-z"]', headers={"Accept": accept})
    assert got.headers["Content-Type"].startswith('multipart/mixed; boundary="')
    with_attachments, bare, missing = parts_of(got)
    assert with_attachments.get_content_type() == "multipart/related"
    document, z, a = parts_of(with_attachments)
    assert (document["Content-Type"], json_of(document)["_rev"]) == ("application/json", rev)
    assert (z.get_payload(decode=True), a.get_payload(decode=True)) == (FIRST, SECOND)
    assert (bare["Content-Type"], json_of(bare)) == (
        "application/json",
        {"_id": "doc", "_rev": "1-0", "n": 2},
    )
    assert (missing["Content-Type"], json_of(missing)) == (
        'application/json; error="true"',
        {"missing": "9-z"},
    )


def test_attachments_that_the_client_has_are_stubs(db: Client) -> None:
    first = two(db)["rev"]
    attachments = {"z": {"stub": True}, "new": following(b"new")}
    rev = put(db, "doc", body({"_rev": first, "_attachments": attachments}, b"new")).json()["rev"]
    for query in (f'?open_revs=["{rev}"]&atts_since=["{first}"]', f'?atts_since=["1-none","{first}"]'):
        got = db.get(f"doc{query}", headers={"Accept": "multipart/mixed, multipart/related"})
        outer = parts_of(got)
        document, new = parts_of(outer[0]) if "open_revs" in query else outer
        shown = json_of(document)["_attachments"]
        assert (shown["z"]["stub"], shown["new"]["follows"]) == (True, True)
        assert new.get_payload(decode=True) == b"new"
    (bare,) = parts_of(db.get(f'doc?open_revs=["{rev}"]&atts_since=["{rev}"]&revs=true'))
    assert bare["Content-Type"] == "application/json"
    assert json_of(bare)["_attachments"]["new"]["stub"] is True
    whole = db.get(f'doc?atts_since=["{rev}"]', headers={"Accept": "multipart/related"})
    assert whole.headers["Content-Type"] == "application/json"
    inline = db.get('doc?atts_since=["9-z"]', headers={"Accept": "application/json"}).json()["_attachments"]
    assert base64.b64decode(inline["z"]["data"]) == FIRST
    (_, *rest) = parts_of(db.get("doc?atts_since=[]", headers={"Accept": "multipart/related"}))
    assert len(rest) == 2
    assert db.get("doc?atts_since=x").status_code == 400
    assert db.get("doc?atts_since={}").status_code == 400


def test_what_came_can_be_sent_on(db: Client) -> None:
    """As CouchDB's replicator does: the inner part of one answer is the body of the next request."""
    two(db)
    (part,) = parts_of(db.get("doc?open_revs=all&revs=true", headers={"Accept": "multipart/mixed"}))
    inner = db.get("doc?attachments=true&revs=true", headers={"Accept": "multipart/related"})
    headers = {"Content-Type": inner.headers["Content-Type"]}
    said = db.ask("PUT", "other?new_edits=false", data=inner.content, headers=headers)
    assert (said.status_code, said.json()["rev"]) == (201, json_of(parts_of(part)[0])["_rev"])
    assert db.get("other/a").content == SECOND


def test_bulk_get_in_multipart_for_those_who_take_no_json(db: Client) -> None:
    rev = two(db)["rev"]
    entries = [{"id": "doc", "rev": rev}, {"id": "none"}]
    for accept in ("multipart/mixed", "multipart/related"):
        got = db.post("_bulk_get", {"docs": entries}, headers={"Accept": accept})
        assert got.headers["Content-Type"].startswith(f"{accept}; boundary=")
        found, missing = parts_of(got)
        assert (found["X-Doc-Id"], found["X-Rev-Id"]) == ("doc", rev)
        assert parts_of(found)[2].get_payload(decode=True) == SECOND
        assert missing["Content-Type"] == 'application/json; error="true"'
        assert json_of(missing)["error"] == "not_found"
    for accept in ("*/*", "multipart/mixed, application/json"):
        got = db.post("_bulk_get", {"docs": entries}, headers={"Accept": accept})
        assert "_attachments" in got.json()["results"][0]["docs"][0]["ok"]


def form(*fields: bytes) -> bytes:
    return (
        b"".join(b"--abc123\r\nContent-Disposition: form-data; " + one + b"\r\n" for one in fields)
        + b"--abc123--"
    )


def test_forms_with_files(db: Client) -> None:
    host = f"http://{db.server.address[0]}:{db.server.port}"
    headers = {"Content-Type": "multipart/form-data; boundary=abc123", "Referer": f"{host}/page"}
    document = b'name="_doc"\r\n\r\n{"n":1}'
    file = b'name="_attachments"; filename="a b.bin"\r\nContent-Type: a/b\r\n\r\ncontent\r\n'
    said = db.ask("POST", "doc", data=form(document, file), headers=headers)
    assert said.status_code == 201
    rev = said.json()["rev"]
    assert db.get("doc/a%20b.bin").content == b"content\r\n"
    assert db.get("doc").json()["n"] == 1
    other = b'name="_attachments"; filename="other"\r\n\r\n' + SECOND
    base = b'name="_rev"\r\n\r\n' + rev.encode()
    assert db.ask("POST", "doc", data=form(other, base), headers=headers).status_code == 201
    assert set(db.get("doc").json()["_attachments"]) == {"a b.bin", "other"}
    assert db.get("doc/other").content == SECOND
    assert db.ask("POST", "doc", data=form(other, base), headers=headers).status_code == 409
    assert db.ask("POST", "doc", data=form(other), headers=headers).status_code == 400
    assert (
        db.ask("POST", "x", data=form(document), headers=headers | {"Referer": "http://evil/"}).status_code
        == 400
    )
    assert db.ask("POST", "x", data=form(document), headers={**headers, "Referer": None}).status_code == 400
    assert db.post("x", {"n": 1}, headers={"Referer": f"{host}/page"}).status_code == 415
    assert db.get("x").status_code == 404


def test_names_cannot_add_headers(db: Client) -> None:
    name = 'a"\r\nContent-Length: 0\r\n\r\nhồ sơ'
    assert put(db, "doc", body({"_attachments": {name: following(b"1")}}, b"1")).status_code == 201
    document, part = parts_of(db.get("doc?attachments=true"))
    assert list(json_of(document)["_attachments"]) == [name]
    assert part["Content-Length"] == "1"
    assert part.get_payload(decode=True) == b"1"


def test_no_mutation_of_a_body_is_half_taken(db: Client, times: Times) -> None:
    packed = gzip.compress(b"tenths " * 100, mtime=0)
    attachments = {
        "z": following(
            FIRST,
            digest="md5-" + base64.b64encode(hashlib.md5(FIRST, usedforsecurity=False).digest()).decode(),
        ),
        "g": {**following(packed), "encoding": "gzip"},
    }
    data = body({"n": 1, "_attachments": attachments}, FIRST, packed)
    random = Random(4)
    pieces = [b"", b"\r\n", b"--", b"--abc123", b"\r\n--abc123--", b'"', b"\0", b"1", b"\xff", data[:100]]
    taken = 0
    for number in range(times(150, 5000)):
        start = random.randrange(len(data))
        stop = start + random.choice((0, 0, 1, 2, 50))
        mutant = data[:start] + random.choice(pieces) + data[stop:]
        said = put(db, f"doc{number}", mutant)
        assert said.status_code in (201, 400, 413, 415), said.text
        got = db.get(f"doc{number}?attachments=true", headers={"Accept": "application/json"})
        assert (said.status_code == 201) == (got.status_code == 200)
        if got.status_code == 200:
            taken += 1
            for name, one in got.json().get("_attachments", {}).items():
                content = db.get(
                    f"doc{number}/{quote(name, safe='')}", headers={"Accept-Encoding": "identity"}
                )
                assert content.content == base64.b64decode(one["data"])
    assert taken > 0
    assert db.get("").json()["doc_count"] == taken
