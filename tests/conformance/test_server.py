"""protocol.md §1.1, §1.2, §1.4: the server, the database, and what holds for every answer."""

from __future__ import annotations

import gzip
import socket
from base64 import b64encode

import pytest
import requests

from tests.conformance.conftest import Client, Server


def test_anybody_may_ask_who_is_there(server: Server) -> None:
    uuids = set()
    for header in ({}, {"Authorization": "Basic: x"}, {"Authorization": "Bearer x"}):
        welcome = requests.get(server.url, headers=header, timeout=9).json()
        assert welcome["couchdb"] == "Welcome"
        uuids.add(welcome["uuid"])
    assert len(uuids) == 1
    assert requests.get(f"{server.url}/_up", timeout=9).json()["status"] == "ok"
    made = requests.get(f"{server.url}/_uuids?count=3", timeout=9).json()["uuids"]
    assert [len(one) for one in made] == [32, 32, 32]
    assert requests.get(f"{server.url}/_uuids?count=1001", timeout=9).status_code == 400


def test_every_answer_is_json_with_a_line_feed(db: Client) -> None:
    for path in ("/", "/_up", "", "_all_docs", "_changes", "nothing", "_local/nothing", "/none", "/_none"):
        answer = db.get(path)
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"].startswith("must-revalidate")
        assert answer.content.endswith(b"\n")
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error", "reason"}


def test_database_information(db: Client) -> None:
    db.put("a", {})
    info = db.get("").json()
    assert info["db_name"] == db.name
    assert info["update_seq"].startswith("1-")
    assert (info["doc_count"], info["doc_del_count"]) == (1, 0)
    assert info["instance_start_time"] == "0"
    assert info["compact_running"] is False
    commit = db.post("_ensure_full_commit", {})
    assert (commit.status_code, commit.json()) == (201, {"ok": True, "instance_start_time": "0"})


def test_slashes_do_not_count(db: Client) -> None:
    assert db.get(f"/{db.name}//").json()["db_name"] == db.name
    assert db.get(f"/{db.name}//_all_docs/").json()["rows"] == []


def test_what_is_running_is_the_admins_to_see(server: Server, db: Client) -> None:
    assert isinstance(db.get("/_active_tasks").json(), list)
    assert requests.get(f"{server.url}/_active_tasks", timeout=9).status_code == 401


def test_a_wrong_method_says_which_are_right(db: Client) -> None:
    answer = db.ask("PATCH", "_bulk_docs")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json() == {"error": "method_not_allowed", "reason": "Only POST allowed"}


def test_head_is_get_without_body(db: Client) -> None:
    db.put("a", {})
    for path in ("", "a", "_all_docs", "_changes", "nothing"):
        head, got = db.ask("HEAD", path), db.get(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["Content-Type"] == "application/json"


def test_a_method_may_be_overridden_in_a_post(db: Client) -> None:
    rev = db.put("a", {}).json()["rev"]
    gone = db.post(f"a?rev={rev}", None, headers={"X-HTTP-Method-Override": "DELETE"})
    assert gone.status_code == 200
    assert db.get("a").status_code == 404


def test_posts_must_say_that_they_are_json(db: Client) -> None:
    for header in ({}, {"Content-Type": "text/plain"}):
        answer = db.ask("POST", "_bulk_docs", data=b'{"docs":[]}', headers=header)
        assert (answer.status_code, answer.json()["error"]) == (415, "bad_content_type")
    with_charset = {"Content-Type": "application/json; charset=utf-8"}
    assert db.ask("POST", "_bulk_docs", data=b'{"docs":[]}', headers=with_charset).status_code == 201


def test_bodies_may_be_gzipped(db: Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    packed = gzip.compress(b'{"docs":[{"_id":"a"}]}')
    assert db.ask("POST", "_bulk_docs", data=packed, headers=headers).status_code == 201
    assert db.ask("POST", "_bulk_docs", data=packed[:-9], headers=headers).status_code == 400
    assert db.ask("POST", "_bulk_docs", data=b"plain", headers=headers).status_code == 400
    headers["Content-Encoding"] = "br"
    assert db.ask("POST", "_bulk_docs", data=packed, headers=headers).status_code == 415


@pytest.mark.parametrize("body", [b"{}", gzip.compress(b"{}")[:-1]], ids=["plain", "cut off"])
def test_a_gzip_that_is_none(db: Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert db.ask("PUT", "a", data=body, headers=headers).status_code == 400
    assert db.get("a").status_code == 404


def test_bodies_may_come_in_chunks(db: Client) -> None:
    headers = {"Content-Type": "application/json"}
    assert db.ask("POST", "_bulk_docs", data=iter([b'{"docs":', b"[]}"]), headers=headers).status_code == 201


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000,
        b"Transfer-Encoding: chunked\r\n\r\n4\r\nGET \r\n0\r\n\r\n",
    ],
)
def test_a_body_that_nobody_wants_does_not_spoil_the_next_request(server: Server, framing: bytes) -> None:
    """401 comes before the body is read; the line goes on."""
    with socket.create_connection(server.address, timeout=9) as line:
        line.sendall(f"POST /{server.database}/_bulk_docs HTTP/1.1\r\nHost: x\r\n".encode() + framing)
        line.sendall(b"GET /_up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: line.recv(65536), b""))
    assert received.count(b"HTTP/1.1 401") == 1
    assert received.count(b"HTTP/1.1 200") == 1
    assert b'"status":"ok"' in received.rpartition(b"\r\n\r\n")[2]


def test_a_body_that_is_cut_off_is_not_stored(server: Server, db: Client) -> None:
    credentials = b64encode(f"{server.user}:{server.password}".encode())
    with socket.create_connection(server.address, timeout=9) as line:
        line.sendall(
            f"PUT /{server.database}/a/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n".encode()
            + b"Authorization: Basic "
            + credentials
            + b"\r\n\r\nhalf"
        )
        line.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: line.recv(65536), b""))
    assert not received.startswith(b"HTTP/1.1 20")
    assert db.get("").json()["doc_count"] == 0


def test_a_request_may_have_a_name(db: Client) -> None:
    name = "E7498DE1-B661-42FA-943D-17F890143068"
    assert db.get("/", headers={"X-Couch-Request-ID": name}).headers["X-Couch-Request-ID"] == name
    rev = db.put("a", {}).json()["rev"]
    said = db.ask("HEAD", "a?open_revs=all")
    assert said.headers["X-Couch-Request-ID"] not in ("", rev)
    assert said.headers["X-CouchDB-Body-Time"].isdigit()


def test_no_answer_with_ids_is_ever_the_same(db: Client) -> None:
    first, second = db.get("/_uuids"), db.get("/_uuids")
    assert first.headers["ETag"] != second.headers["ETag"]
    assert "no-cache" in first.headers["Cache-Control"]
