"""Many who come at once before one front: some are answered in time, and all others are told to come again."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import requests

from edge.server import THREADS
from sync.documents import Json, dump
from sync.front import AT_ONCE
from tests.conformance.conftest import Client, Server
from tests.fronts.conftest import front_of, fronting, serving_front, there
from tests.fronts.test_fronts import bring, event, port_of
from tests.sync.servers import PASSWORD, USER
from tests.waiting import until


def test_a_herd_is_served_in_turns(behind: Server) -> None:
    """Else so many are under way that each takes longer than he waits for it. Probes and notes are answered meanwhile."""
    entered: list[int] = []
    door = threading.Event()

    def slow(documents: Sequence[Json], by: str | None) -> list[str | None]:
        entered.append(len(documents))
        door.wait(30)
        return [None] * len(documents)

    def writes(n: int) -> requests.Response:
        one = Client(server)
        try:
            return one.post("_bulk_docs", {"docs": [event(n)], "new_edits": False})
        finally:
            one.close()

    databases = {"dossiers": there(behind), "files": there(behind)}
    front = front_of(databases, rules={"dossiers": slow}, yielding=("files",))
    with (
        serving_front(front, threads=THREADS) as url,
        ThreadPoolExecutor(4 * AT_ONCE) as herd,
    ):
        server = Server(url, database="dossiers", user=USER, password=PASSWORD, ours=None)
        first = [herd.submit(writes, n) for n in range(AT_ONCE)]
        until(lambda: len(entered) == AT_ONCE)
        late = [herd.submit(writes, n) for n in range(AT_ONCE, 4 * AT_ONCE)]
        client = Client(server)
        assert client.post("_revs_diff", {}).status_code == 200
        assert client.put("_local/how it stands", {"well": True}).status_code == 201
        files = Client(Server(url, database="files", user=USER, password=PASSWORD, ours=None))
        assert files.get("_changes").status_code == 200
        files.close()
        for one in late:
            answer = one.result()
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert len(entered) == AT_ONCE
        door.set()
        assert {one.result().status_code for one in first} == {201}
        assert writes(AT_ONCE).status_code == 201
        client.close()


def test_a_slow_line_takes_no_turn_before_all_has_arrived(behind: Server) -> None:
    body = dump({"docs": [event(1)], "new_edits": False})
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    head = (
        f"POST /dossiers/_bulk_docs HTTP/1.1\r\nHost: front\r\nAuthorization: Basic {basic}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with fronting({"dossiers": there(behind)}) as url, contextlib.ExitStack() as opened:
        lines = [
            opened.enter_context(socket.create_connection(("127.0.0.1", port_of(url))))
            for _ in range(AT_ONCE)
        ]
        for line in lines:
            line.sendall(head.encode() + body[:-1])
        client = Client(Server(url, database="dossiers", user=USER, password=PASSWORD, ours=None))
        for n in range(2 * AT_ONCE):
            assert bring(client, event(n)).status_code == 201
        for line in lines:
            line.sendall(body[-1:])
            assert line.recv(12) == b"HTTP/1.1 201"
        client.close()
