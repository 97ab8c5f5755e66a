"""docs/cluster.md's configurations of HAProxy, with Debian's: before central and its fronts, and before the nodes of a cluster."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from central.demo.centre import free_port
from edge.folder import Folder
from edge.lines import line_to
from edge.node import Node
from sync.tls import ServerTls
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


def certified(folder: Path, file: str, name: str) -> ServerTls:
    """A node of a cluster, which `name` is in the certificate of."""
    chain, key = folder / f"{file}.pem", folder / f"{file}.key"
    command = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(chain)]
    subprocess.run(command, check=True, capture_output=True)
    return ServerTls(chain, key)


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


@pytest.mark.proof
def test_what_is_behind_central_is_away_for_a_while(founded: Path, tmp_path: Path) -> None:
    """A node answers over TLS, one shows a certificate that nobody knows, one shows another's: they are told nothing."""
    here, port = own_address(), free_port()
    shutil.copytree(founded, tmp_path / "centre")
    with contextlib.ExitStack() as stack:
        names = {"couchdb-1": "couchdb-1", "stranger": "couchdb-2", "another": "couchdb-1"}
        nodes = {
            file: stack.enter_context(
                standing_in(tmp_path / f"{file}-data", certified(tmp_path, file, f"{name}.example.vn"))
            )
            for file, name in names.items()
        }
        known = tmp_path / "couchdb.pem"
        known.write_bytes(
            b"".join((tmp_path / f"{one}.pem").read_bytes() for one in ("couchdb-1", "another"))
        )
        said = written(
            "cluster.md",
            "documents",
            {
                "127.0.0.1:5984": f"127.0.0.1:{port}",
                "/etc/haproxy/couchdb.pem": str(known),
                **{
                    f"10.0.0.{5 + number}:6984": f"{here}:{node.port}"
                    for number, node in enumerate(nodes.values())
                },
            },
        )
        divided, node = stack.enter_context(haproxy(said)), nodes["couchdb-1"]
        central = Central(Folder(tmp_path / "centre" / "central"), f"http://127.0.0.1:{port}")
        one, other = (
            before_central(tmp_path / "centre" / name, central) for name in ("counter-01", "counter-02")
        )
        for ended in (central.kill, one.close, other.close):
            stack.callback(ended)
        until(lambda: divided.up() == {"couchdb-1"})
        central.start()
        with connected(one), connected(other):
            first = receive(one, "Nông Văn Một")
            until(lambda: has(other, first))
            node.go_away()
            second = receive(one, "Nông Văn Hai")
            until(lambda: divided.up() == set())
            assert not has(other, second)
            node.away = False
            until(lambda: has(other, second))
        until(lambda: {lane[2] for lane in central.lanes()} == {"waiting"})
        assert one.register.waiting().count == 0
        assert nobody_at(divided, "couchdb-2")
        assert nobody_at(divided, "couchdb-3")
        assert central.stop() == 0
        holds_the_same(central, first, second, there=node.peer)
