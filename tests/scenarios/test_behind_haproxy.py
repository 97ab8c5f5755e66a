"""docs/cluster.md's configuration of HAProxy before central and its fronts, with Debian's and real processes."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from central.demo.centre import free_port
from edge.folder import Folder
from edge.lines import line_to
from edge.node import Node
from tests.addresses import own_address
from tests.fronts.carousel import carousel
from tests.fronts.stand_in import StandIn, standing_in
from tests.fronts.test_fronts import port_of
from tests.haproxy import HAProxy, haproxy, written
from tests.scenarios.test_documents_in_couchdb import (
    Central,
    connected,
    has,
    holds_the_same,
    receive,
)
from tests.scenarios.test_documents_in_couchdb import opened as before_central
from tests.scenarios.test_fronts_elsewhere import enrolled, opened
from tests.waiting import until

EVERYWHERE: Final = "0.0.0.0"
"""Over a line a front speaks TLS, and only there: HAProxy comes to it over this machine's own address."""
RECEIVED: Final = 30
"""Dossiers that are brought in bulk."""
ASKED: Final = 12
"""Connections of one session."""


class Asking:
    """A machine that asks central with a session of its own, each time over a new connection."""

    def __init__(self, node: Node, url: str) -> None:
        self._node, self._url = node, url
        self._session = ""

    def sign_in(self) -> None:
        password = self._node.keys.password_for(self._node.id, "central.1")
        status, self._session = self._said("POST", "/_session", {"name": self._node.id, "password": password})
        assert status == 200

    def reads(self) -> int:
        """The status with which it is answered."""
        return self._said("GET", "/dossiers")[0]

    def _said(self, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, str]:
        with line_to(self._url, partial(self._node.trusts, "central.1"), 30) as (line, _):
            headers = {"Content-Type": "application/json", "Cookie": self._session}
            line.request(method, path, None if body is None else json.dumps(body), headers)
            answer = line.getresponse()
            answer.read()
            return answer.status, (answer.headers.get("Set-Cookie") or "").partition(";")[0]


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[StandIn]:
    with standing_in(tmp_path / "cluster") as made:
        yield made


@pytest.mark.proof
def test_a_front_is_killed_and_one_is_not_ready(founded: Path, tmp_path: Path, standing: StandIn) -> None:
    """Machines have heard of the fronts, and know HAProxy's address alone. They are led to who is ready, and hear all that was
    acknowledged."""
    data, here = tmp_path / "centre", own_address()
    shutil.copytree(founded, data)
    central, port = Central(Folder(data / "central"), standing.url, host=EVERYWHERE), free_port()
    with contextlib.ExitStack() as stack:
        cable = stack.enter_context(carousel())
        first = enrolled(central.folder, data / "front-1", standing.url, host=EVERYWHERE)
        second = enrolled(central.folder, data / "front-2", cable.url, host=EVERYWHERE)
        said = written(
            "cluster.md",
            "machines",
            {
                "bind :8600": f"bind {here}:{port}",
                "10.0.0.2:8600": f"{here}:{central.port}",
                "10.0.0.3:8600": f"{here}:{first.port}",
                "10.0.0.4:8600": f"{here}:{second.port}",
            },
        )
        divided, url = stack.enter_context(haproxy(said)), f"https://{here}:{port}"
        for started in (central, first, second):
            stack.callback(started.kill)
            started.start()
        for name in ("counter-01", "counter-02"):
            hears_of_fronts(before_central(data / name, central))
        one, other = (opened(data / name, url) for name in ("counter-01", "counter-02"))
        for ended in (one.close, other.close):
            stack.callback(ended)
        until(lambda: divided.up() == {"central", "front-01"})
        until(lambda: divided.servers()["front-02"]["check_code"] == "503")

        with connected(one), connected(other):
            streams = [receive(one, "Nông Văn Một")]
            until(lambda: has(other, streams[0]))
            assert "Nông Văn Một" in central.desk().open(f"/dossier/{streams[0]}").text
            assert nobody_at(divided, "front-02")

            central.kill()
            streams.append(receive(other, "Nông Văn Hai"))
            until(lambda: has(one, streams[1]))
            until(lambda: divided.up() == {"front-01"})
            cable.go_to(port_of(standing.url))
            until(lambda: divided.up() == {"front-01", "front-02"})

            peer = stack.enter_context(contextlib.closing(standing.peer("dossiers")))
            before = len(peer.changes("0", limit=1000, wait_s=0).changes)
            streams += [receive(one, f"Nông {number}") for number in range(RECEIVED)]
            until(lambda: len(peer.changes("0", limit=1000, wait_s=0).changes) > before)
            first.kill()
            until(lambda: all(has(other, stream) for stream in streams))
            until(lambda: divided.up() == {"front-02"})

        first.start()
        central.start()
        until(lambda: divided.up() == {"central", "front-01", "front-02"})
        asking = Asking(one, url)
        asking.sign_in()
        taken = {name: int(row["stot"]) for name, row in divided.servers().items()}
        assert {asking.reads() for _ in range(ASKED)} == {200}
        assert all(int(row["stot"]) > taken[name] for name, row in divided.servers().items())
        assert one.register.waiting().count == other.register.waiting().count == 0
        assert (central.stop(), first.stop(), second.stop()) == (0, 0, 0)
        holds_the_same(central, *streams, there=standing.peer)


def hears_of_fronts(node: Node) -> None:
    """A machine that is closed then."""
    with contextlib.closing(node), connected(node):
        until(lambda: node.catalog.latest.card("front-2.1") is not None)


def nobody_at(divided: HAProxy, server: str) -> bool:
    return divided.servers()[server]["stot"] == "0"
