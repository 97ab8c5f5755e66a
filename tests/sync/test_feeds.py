"""Many live feeds on one thread: everybody hears, nobody holds up the others, and all are told when it ends."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sync.documents import Json
from sync.endpoints.changes import Asked, ChangesFeed, Manner, Rows
from sync.errors import BadRequest
from sync.feeds import Feed, Steps, Until
from sync.filtering import EVERYTHING, Filter
from sync.rows import Summary
from sync.sessions import User
from sync.store import Store
from tests.sync.servers import Http, Server, serving
from tests.waiting import until

DB = "dossiers"
AUTHORIZATION = "Basic cm9vbS0wMTp0aOG7rSAx"
KINDS = ("longpoll", "continuous", "eventsource")
DEADLINE_S = 20.0
EVERY_ROW = Rows(
    feed="continuous",
    filter=EVERYTHING,
    descending=False,
    all_leaves=False,
    include_docs=False,
    conflicts=False,
    attachments=False,
    att_encoding_info=False,
    seq_interval=1,
)


def head(path: str, more: str = "") -> bytes:
    return f"GET /{DB}/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZATION}\r\n{more}\r\n".encode()


class Listener:
    """A client of one feed, at the level of its socket. `heard`: all bytes after the headers, chunks and all."""

    def __init__(self, server: Server, query: str, *, receive_bytes: int | None = None) -> None:
        self.line = socket.socket()
        self.line.settimeout(DEADLINE_S)
        if receive_bytes is not None:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.line.connect(("127.0.0.1", server.port))
        self.line.sendall(head(f"_changes?{query}"))
        self.heard = b""

    def hear(self, wanted: bytes) -> None:
        while wanted not in self.heard:
            part = self.line.recv(65536)
            assert part, f"ended before {wanted!r}: {self.heard[-200:]!r}"
            self.heard += part

    def close(self) -> None:
        self.line.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "node.db", DB) as server:
        yield server


@pytest.fixture
def store(server: Server) -> Store:
    return server.stores[DB]


def many(server: Server, count: int) -> list[Listener]:
    """Feeds of all kinds, all at the head."""
    listeners = [
        Listener(server, f"feed={KINDS[number % 3]}&since=now&heartbeat=60000") for number in range(count)
    ]
    for listener in listeners:
        listener.hear(b"\r\n\r\n")
    until(lambda: len(server.http.server.feeds) == count)
    until(lambda: all(live.until is not None for live in set(server.http.server.feeds._live)))
    return listeners


def test_one_write_reaches_256_feeds_from_a_few_threads(server: Server, store: Store) -> None:
    asked: list[int] = []
    store.changes = counting(store.changes, asked)  # type: ignore[method-assign]
    listeners = many(server, 256)
    assert sum(thread.name.startswith("feeds") for thread in threading.enumerate()) <= 3
    asked.clear()
    store.put({"_id": "hồ sơ"})
    for listener in listeners:
        listener.hear('"id":"hồ sơ"'.encode())
    # one page for each of the three framings, whoever asks
    assert len(asked) == len(KINDS)
    for listener in listeners:
        listener.close()
    until(lambda: len(server.http.server.feeds) == 0)


def counting(changes: Callable[..., list[Summary]], asked: list[int]) -> Callable[..., list[Summary]]:
    def counted(since: int = 0, **more: Any) -> list[Summary]:
        asked.append(since)
        return changes(since, **more)

    return counted


def test_a_feed_that_waits_takes_little_memory(server: Server) -> None:
    for listener in many(server, 10):  # what is made once
        listener.close()
    until(lambda: len(server.http.server.feeds) == 0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        listeners = many(server, 100)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / 100 < 64 * 1024
    for listener in listeners:
        listener.close()


def test_a_slow_reader_is_cut_off_and_the_others_go_on(tmp_path: Path) -> None:
    with serving(tmp_path / "node.db", DB, stuck_s=0.3) as server:
        store = server.stores[DB]
        store.bulk_docs([{"_id": f"{n:05}", "text": "x" * 10_000} for n in range(1000)])
        quick = Listener(server, "feed=continuous&since=now&heartbeat=20")
        quick.hear(b"1\r\n\n")
        slow = Listener(server, "feed=continuous&include_docs=true&heartbeat=20", receive_bytes=4096)
        until(lambda: len(server.http.server.feeds) == 2)
        unsent = max(live.unsent for live in set(server.http.server.feeds._live))
        assert unsent < 3 * 1024 * 1024
        store.put({"_id": "new"})
        quick.hear(b'"id":"new"')
        until(lambda: len(server.http.server.feeds) == 1)
        store.put({"_id": "newer"})
        quick.hear(b'"id":"newer"')
        quick.close()
        slow.close()


def test_a_slow_reader_that_does_read_gets_everything(server: Server, store: Store) -> None:
    store.bulk_docs([{"_id": f"{n:05}", "text": "x" * 10_000} for n in range(600)])
    with closing(
        Listener(server, "feed=continuous&include_docs=true&timeout=50", receive_bytes=4096)
    ) as slow:
        slow.hear(b'"last_seq"')
        assert slow.heard.count(b'"seq"') == 600


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_goes_is_forgotten(server: Server, kind: str) -> None:
    listeners = [Listener(server, f"feed={kind}&since=now&heartbeat=60000") for _ in range(20)]
    for listener in listeners:
        listener.hear(b"\r\n\r\n")
    until(lambda: len(server.http.server.feeds) == 20)
    for listener in listeners:
        listener.close()
    until(lambda: len(server.http.server.feeds) == 0)
    until(lambda: len(server.http.server.connections) == 0)


def test_a_client_that_vanished_is_found_by_the_kernel(server: Server) -> None:
    """What cannot be played on one machine: nobody acknowledges. So only that the kernel was asked."""
    with closing(Listener(server, "feed=continuous&heartbeat=60000")) as listener:
        listener.hear(b"1\r\n\n")
        (live,) = server.http.server.feeds._live
        assert live.line.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


def test_stopping_ends_every_feed_as_if_its_time_were_over(tmp_path: Path) -> None:
    with serving(tmp_path / "node.db", DB) as server:
        listeners = {kind: Listener(server, f"feed={kind}&heartbeat=60000&since=now") for kind in KINDS}
        until(lambda: len(server.http.server.feeds) == 3)
        began = time.monotonic()
        server.http.server.stop()
        assert time.monotonic() - began < 2
    for listener in listeners.values():
        listener.hear(b"0\r\n\r\n")
        assert listener.line.recv(1) == b""
        listener.close()
    seq = '"last_seq":"0-'
    assert seq in listeners["longpoll"].heard.decode()
    assert seq in listeners["continuous"].heard.decode()
    assert seq not in listeners["eventsource"].heard.decode()


def test_a_connection_is_good_for_more_after_its_feed(server: Server, store: Store) -> None:
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
    with closing(line):
        for number in range(3):
            line.request(
                "GET", f"/{DB}/_changes?feed=longpoll&since=now", headers={"Authorization": AUTHORIZATION}
            )
            answer = line.getresponse()
            here = line.sock
            store.put({"_id": f"{number}"})
            assert [row["id"] for row in json.load(answer)["results"]] == [f"{number}"]
            line.request("GET", f"/{DB}", headers={"Authorization": AUTHORIZATION})
            assert json.load(line.getresponse())["doc_count"] == number + 1
            assert line.sock is here
        assert len(server.http.server.connections) == 1


def test_what_a_client_asks_ahead_waits_for_the_end_of_the_feed(server: Server, store: Store) -> None:
    with closing(Listener(server, "feed=longpoll&since=now")) as listener:
        listener.hear(b'{"results":[\n')
        listener.line.sendall(head("")[:20])
        until(lambda: any(live.ahead for live in set(server.http.server.feeds._live)))
        listener.line.sendall(head("", "Connection: close\r\n")[20:])
        store.put({"_id": "a"})
        listener.hear(b'"doc_count":1')
        assert listener.heard.index(b'"last_seq"') < listener.heard.index(b'"doc_count"')


def test_old_clients_are_told_the_end_by_closing(server: Server) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S)) as line:
        line.sendall(head("_changes?feed=longpoll&timeout=1").replace(b"HTTP/1.1", b"HTTP/1.0"))
        heard = b""
        while part := line.recv(4096):
            heard += part
    assert heard.partition(b"\r\n\r\n")[2].startswith(b'{"results":[\n')
    assert heard.endswith(b'"pending":0}\n')


def test_a_long_way_to_the_head_delays_no_feed_that_is_there(server: Server, store: Store) -> None:
    store.bulk_docs([{"_id": f"{n:05}", "kind": n % 2} for n in range(5000)])
    with closing(Listener(server, "feed=continuous&since=now&heartbeat=60000")) as here:
        here.hear(b"1\r\n\n")
        behind = [
            Listener(
                server,
                f"feed=continuous&include_docs=true&since=0&heartbeat=60000&limit={6000 + n}",
            )
            for n in range(4)
        ]
        until(lambda: len(server.http.server.feeds) == 5)
        store.put({"_id": "now"})
        here.hear(b'"id":"now"')
        for listener in behind:
            listener.hear(b'"id":"now"')
            listener.close()


def test_a_filter_of_this_server_by_its_name(server: Server, store: Store) -> None:
    def window(parameters: Mapping[str, str], user: User | None) -> Filter:
        if "to" not in parameters:
            raise BadRequest("to which n?")
        end = int(parameters["to"])
        return Filter(end, by_document=lambda document: user is not None and document.get("n", end) < end)

    server.filters["of/window"] = window
    store.bulk_docs([{"_id": str(n), "n": n} for n in range(9)])
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)) as line:
        for query, status, ids in (
            ("to=3", 200, ["0", "1", "2"]),
            ("to=3&limit=2", 200, ["0", "1"]),
            ("none", 400, []),
        ):
            path = f"/{DB}/_changes?filter=of/window&{query}"
            line.request("GET", path, headers={"Authorization": AUTHORIZATION})
            answer = line.getresponse()
            assert answer.status == status
            assert [row["id"] for row in json.load(answer).get("results", [])] == ids


def test_a_filter_that_fails_ends_its_feed_and_no_other(server: Server, store: Store, caplog: Any) -> None:
    def broken(document: Json) -> bool:
        raise ZeroDivisionError

    server.filters["of/mine"] = lambda parameters, user: Filter(None, by_document=broken)
    with closing(Listener(server, "feed=continuous&since=now&heartbeat=60000")) as sound:
        sound.hear(b"1\r\n\n")
        with closing(Listener(server, "feed=continuous&filter=of/mine&heartbeat=60000")) as listener:
            listener.hear(b"1\r\n\n")
            store.put({"_id": "a"})
            while listener.line.recv(4096):
                pass
        sound.hear(b'"id":"a"')
    assert "a feed could not be read" in caplog.text


class Broken(Feed):
    def steps(self) -> Steps:
        yield b"a"
        yield Until(self.store.published, time.monotonic() + 60)
        raise ZeroDivisionError


def test_a_mistake_in_one_feed_ends_that_one(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Feed:
        start_response("200 OK", [])
        whole = Asked(EVERY_ROW, since=0, manner=Manner("continuous", False, 1, 60, 60))
        return Broken(store) if environ["PATH_INFO"] == "/broken" else ChangesFeed(store, whole)

    with closing(Http(app)) as http_server:
        lines = [socket.create_connection(("127.0.0.1", http_server.port), timeout=DEADLINE_S) for _ in "ab"]
        for line, path in zip(lines, (b"/broken", b"/sound"), strict=True):
            line.sendall(b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
        until(lambda: len(http_server.server.feeds) == 2)
        until(lambda: all(live.until is not None for live in set(http_server.server.feeds._live)))
        store.put({"_id": "a"})
        broken, sound = lines
        while broken.recv(4096):
            pass
        heard = b""
        while not heard.endswith(b"0\r\n\r\n"):
            heard += sound.recv(4096)
        broken.close()
        sound.close()
    assert "a feed broke" in caplog.text


def test_without_our_web_server_a_feed_is_a_plain_iterable(store: Store) -> None:
    parts = iter(
        ChangesFeed(store, Asked(EVERY_ROW, since=0, manner=Manner("continuous", False, 1, 0.001, 1)))
    )
    assert next(parts) == b"\n"
    assert next(parts) == b"\n"
    store.put({"_id": "a"})
    assert json.loads(next(part for part in parts if part != b"\n"))["id"] == "a"
    assert json.loads(b"".join(parts))["pending"] == 0
