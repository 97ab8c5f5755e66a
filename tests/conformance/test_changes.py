"""protocol.md §1.5, `_changes`, byte for byte."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import pytest

from tests.conformance.conftest import Client
from tests.sync.servers import Server


def rows(db: Client, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = db.get(f"_changes{query}").json()["results"]
    return found


def ids(db: Client, query: str) -> list[str]:
    return [row["id"] for row in rows(db, query)]


@pytest.fixture
def abc(db: Client) -> Client:
    for doc_id in "abc":
        db.put(doc_id, {"n": 1})
    return db


def seq(db: Client, number: int) -> str:
    return db.server.stores["dossiers"].outer_seq(number)


def test_framing_of_normal(abc: Client) -> None:
    row = [json.dumps(one, separators=(",", ":")) for one in rows(abc)]
    body = abc.get("_changes").text
    assert body == (
        '{"results":[\n' + ",\r\n".join(row) + f'\n],\n"last_seq":"{seq(abc, 3)}","pending":0}}\n'
    )


def test_an_empty_database_has_a_last_seq_too(db: Client) -> None:
    assert db.get("_changes").text == f'{{"results":[\n\n],\n"last_seq":"{seq(db, 0)}","pending":0}}\n'


def test_framing_of_continuous(abc: Client) -> None:
    lines = abc.get("_changes?feed=continuous&timeout=1").text.split("\n")
    assert [json.loads(line).get("id") for line in lines[:3]] == ["a", "b", "c"]
    assert lines[3:] == [f'{{"last_seq":"{seq(abc, 3)}","pending":0}}', ""]


def test_longpoll_begins_at_once_and_beats_until_there_is_something(server: Server, db: Client) -> None:
    answer = db.get("_changes?feed=longpoll&heartbeat=20", stream=True)
    parts = answer.iter_content(chunk_size=None)
    assert next(parts) == b'{"results":[\n'
    assert next(parts) == b"\n"
    server.stores["dossiers"].put({"_id": "a"})
    rest = b"".join(parts)
    assert json.loads(b'{"results":[' + rest)["results"][0]["id"] == "a"


def test_longpoll_with_something_to_say_does_not_wait(abc: Client) -> None:
    assert ids(abc, "?feed=longpoll&heartbeat=60000") == ["a", "b", "c"]
    assert ids(abc, "?feed=longpoll&heartbeat=60000&limit=2") == ["a", "b"]


def test_longpoll_ends_with_its_time(abc: Client) -> None:
    ended = abc.get("_changes?feed=longpoll&timeout=10&since=now").json()
    assert ended == {"results": [], "last_seq": seq(abc, 3), "pending": 0}


def test_longpoll_wakes_for_what_passes_its_filter(server: Server, db: Client) -> None:
    got: list[list[str]] = []
    query = '?feed=longpoll&heartbeat=50&filter=_doc_ids&doc_ids=["b"]'
    waiting = threading.Thread(target=lambda: got.append(ids(db, query)))
    waiting.start()
    for doc_id in "ab":
        server.stores["dossiers"].put({"_id": doc_id})
    waiting.join()
    assert got == [["b"]]


def test_continuous_goes_on_with_every_write(server: Server, db: Client) -> None:
    lines = db.get("_changes?feed=continuous&heartbeat=20", stream=True).iter_lines()
    for doc_id in "ab":
        server.stores["dossiers"].put({"_id": doc_id})
        assert json.loads(next(line for line in lines if line))["id"] == doc_id


def test_a_feed_ends_when_the_store_closes(server: Server, db: Client) -> None:
    answer = db.get("_changes?feed=continuous&heartbeat=60000&since=0", stream=True)
    server.stores["dossiers"].close()
    assert json.loads(answer.content)["pending"] == 0


def test_a_feed_whose_client_is_gone_ends(server: Server) -> None:
    """Otherwise each lost client would keep a thread for ever."""
    before = threading.active_count()
    for _ in range(20):  # more than the pool has threads
        line = socket.create_connection(("127.0.0.1", server.port), timeout=9)
        line.sendall(
            b"GET /dossiers/_changes?feed=continuous&heartbeat=10 HTTP/1.1\r\nHost: x\r\n"
            b"Authorization: Basic cm9vbS0wMTp0aOG7rSAx\r\n\r\n"
        )
        assert line.recv(15) == b"HTTP/1.1 200 OK"
        line.close()
    assert threading.active_count() == before


def test_since_and_limit(abc: Client) -> None:
    assert ids(abc, f"?since={seq(abc, 1)}") == ["b", "c"]
    assert ids(abc, f'?since="{seq(abc, 1)}"') == ["b", "c"]
    assert ids(abc, "?since=now") == []
    assert ids(abc, f"?since=2-{'0' * 16}") == ["a", "b", "c"]
    page = abc.get("_changes?limit=2").json()
    assert (len(page["results"]), page["last_seq"], page["pending"]) == (2, seq(abc, 2), 1)
    none = abc.get("_changes?limit=0").json()
    assert none == {"results": [], "last_seq": seq(abc, 0), "pending": 3}


def test_pages_are_whole_beyond_one_transaction(db: Client) -> None:
    store = db.server.stores["dossiers"]
    store.bulk_docs([{"_id": f"{n:04}"} for n in range(1201)])
    assert [row["id"] for row in rows(db)] == [f"{n:04}" for n in range(1201)]
    assert len(rows(db, "?limit=700")) == 700
    assert ids(db, "?descending=true&limit=601")[-1] == "0600"


def test_descending_starts_from_the_newest(abc: Client) -> None:
    assert ids(abc, "?descending=true") == ["c", "b", "a"]
    assert ids(abc, f"?descending=true&limit=1&since={seq(abc, 3)}") == ["c"]
    assert ids(abc, "?descending=true&feed=longpoll") == ["c", "b", "a"]


def test_style_and_deleted(db: Client) -> None:
    copies = [{"_id": "a", "_rev": rev, "_deleted": rev == "3-d"} for rev in ("1-a", "2-b", "3-d")]
    for copy in copies:
        db.put("a?new_edits=false", copy)
    (main,) = rows(db)
    assert main["changes"] == [{"rev": "2-b"}]
    assert "deleted" not in main
    (leaves,) = rows(db, "?style=all_docs")
    assert leaves["changes"] == [{"rev": "2-b"}, {"rev": "1-a"}, {"rev": "3-d"}]
    for rev in ("1-a", "2-b"):
        db.delete(f"a?rev={rev}")
    assert rows(db)[0]["deleted"] is True


def test_include_docs(db: Client) -> None:
    db.put("a?new_edits=false", {"_rev": "1-a", "_attachments": {"x": {"data": "eA=="}}})
    db.put("a?new_edits=false", {"_rev": "1-b", "n": 1})
    (row,) = rows(db, "?include_docs=true&conflicts=true")
    assert row["doc"] == {"_id": "a", "_rev": "1-b", "_conflicts": ["1-a"], "n": 1}
    db.delete("a?rev=1-b")
    assert rows(db, "?include_docs=true")[0]["doc"]["_attachments"]["x"]["stub"] is True
    assert rows(db, "?include_docs=true&attachments=true")[0]["doc"]["_attachments"]["x"]["data"] == "eA=="


def test_filter_by_ids(abc: Client) -> None:
    found = abc.post("_changes?filter=_doc_ids", {"doc_ids": ["b", "none"]}).json()
    assert [row["id"] for row in found["results"]] == ["b"]
    assert found["last_seq"] == seq(abc, 3)
    assert ids(abc, '?filter=_doc_ids&doc_ids=["c"]') == ["c"]


def test_an_unchanged_database_is_not_sent_again(abc: Client) -> None:
    etag = abc.get("_changes").headers["ETag"]
    assert abc.get("_changes", headers={"If-None-Match": etag}).status_code == 304
    abc.put("d", {})
    assert abc.get("_changes", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?since=5", 400),
        ("?since=x", 400),
        ('?since="', 400),
        ("?limit=-1", 400),
        ("?limit=x", 400),
        ("?limit=9999999999999999999999", 400),
        ("?heartbeat=0", 400),
        ("?heartbeat=x", 400),
        ("?timeout=x&feed=longpoll", 400),
        ("?feed=x", 400),
        ("?filter=_x", 400),
        ("?filter=_doc_ids", 400),
        ("?filter=_doc_ids&doc_ids=x", 400),
        ("?filter=a/b", 404),
    ],
)
def test_malformed_parameters(abc: Client, query: str, status: int) -> None:
    assert abc.get(f"_changes{query}").status_code == status
