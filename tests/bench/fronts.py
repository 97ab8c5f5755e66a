"""What a front costs its machine: `python -m tests.bench.fronts [--documents N] [--probes N] [--feeds N …]`.

A front as a process before our bare server as another: processor's time of each for documents that are written and read, for the
question with which a machine proves its line, and for one ring of the bell with so many feeds that wait, together or not. No write rules: what
they cost is the bench `trust`'s to say.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import requests

from tests.bench.machine import processor_s
from tests.conformance.conftest import basic
from tests.fronts.test_fronts import event, port_of
from tests.sync.servers import PASSWORD, USER

ROOT: Final = Path(__file__).parents[2]
BATCH: Final = 250
RINGS: Final = 10


@contextlib.contextmanager
def _process(*command: str) -> Iterator[tuple[int, str]]:
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdout is not None
        try:
            yield started.pid, started.stdout.readline().decode().split()[-1].rstrip("/")
        finally:
            started.kill()


class _Watch:
    """Processor's time of front and database for what was done since."""

    def __init__(self, *processes: int) -> None:
        self._processes = processes
        self._began = [processor_s(one) for one in processes]

    def ms_each(self, count: int) -> list[float]:
        return [
            (processor_s(one) - began) * 1000 / count
            for one, began in zip(self._processes, self._began, strict=True)
        ]


@click.command()
@click.option("--documents", default=5000, show_default=True, help="How many are written, and read.")
@click.option("--alone", default=1000, show_default=True, help="How many of them one by one.")
@click.option("--probes", default=2000, show_default=True, help="How often a machine asks for nothing.")
@click.option("--feeds", multiple=True, default=(100, 300, 600), show_default=True, help="How many wait.")
def main(documents: int, alone: int, probes: int, feeds: tuple[int, ...]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        _process("sync", "serve", "--dir", folder, "--port", "0") as (behind, url),
        requests.Session() as client,
    ):
        client.trust_env = False
        client.put(f"{url}/dossiers", timeout=60).raise_for_status()
        with _process("tests.fronts.process", url, "dossiers", "", "") as (front, own):
            client.auth = basic(USER, PASSWORD)
            here = f"{own}/dossiers"
            _say("written", documents, _written(client, here, documents, _Watch(front, behind)))
            _say("read", documents, _read(client, here, documents, _Watch(front, behind)))
            _say("a probe", probes, _probed(client, here, probes, _Watch(front, behind)))
            _say("read alone", alone, _read_alone(client, here, alone, _Watch(front, behind)))
            _say("written alone", alone, _written_alone(client, here, alone, _Watch(front, behind)))
            for count in feeds:
                _say(
                    f"a ring for each of {count} feeds",
                    count * RINGS,
                    _rung(client, here, count, front, behind),
                )
                _say(
                    f"a page for each of {count} feeds that share none",
                    count * RINGS,
                    _rung(client, here, count, front, behind, apart=True),
                )


def _written(client: requests.Session, here: str, documents: int, watch: _Watch) -> list[float]:
    for first in range(0, documents, BATCH):
        batch = [event(n) for n in range(first, first + BATCH)]
        said = client.post(f"{here}/_bulk_docs", json={"docs": batch, "new_edits": False}, timeout=60)
        assert (said.status_code, said.json()) == (201, [])
    return watch.ms_each(documents)


def _read(client: requests.Session, here: str, documents: int, watch: _Watch) -> list[float]:
    for first in range(0, documents, BATCH):
        wanted = [{"id": event(n)["_id"], "rev": event(n)["_rev"]} for n in range(first, first + BATCH)]
        said = client.post(f"{here}/_bulk_get?revs=true", json={"docs": wanted}, timeout=60)
        assert len(said.json()["results"]) == BATCH
    return watch.ms_each(documents)


def _written_alone(client: requests.Session, here: str, documents: int, watch: _Watch) -> list[float]:
    """As a machine sends an act while no other one waits: asks whether it is missing, sends it, notes how far it is."""
    rev = None
    for n in range(2 * 10**9, 2 * 10**9 + documents):
        one = event(n)
        missing = client.post(f"{here}/_revs_diff", json={one["_id"]: [one["_rev"]]}, timeout=60).json()
        assert list(missing) == [one["_id"]]
        said = client.post(f"{here}/_bulk_docs", json={"docs": [one], "new_edits": False}, timeout=60)
        assert (said.status_code, said.json()) == (201, [])
        rev = _noted(client, f"{here}/_local/writer", rev, n)
    return watch.ms_each(documents)


def _read_alone(client: requests.Session, here: str, documents: int, watch: _Watch) -> list[float]:
    """As a machine hears of an act that came alone: the row, the act, its note. What others wait for is the ring's."""
    since, rev = "0", None
    for n in range(documents):
        asked = {"feed": "longpoll", "style": "all_docs", "limit": "1", "since": since}
        heard = client.get(f"{here}/_changes", params=asked, timeout=60).json()
        (row,) = heard["results"]
        since = heard["last_seq"]
        wanted = [{"id": row["id"], "rev": row["changes"][0]["rev"]}]
        said = client.post(f"{here}/_bulk_get?revs=true", json={"docs": wanted}, timeout=60)
        assert len(said.json()["results"]) == 1
        rev = _noted(client, f"{here}/_local/reader", rev, n)
    return watch.ms_each(documents)


def _noted(client: requests.Session, note: str, rev: str | None, seq: int) -> str:
    said = client.put(note, json={"seq": seq} | ({"_rev": rev} if rev else {}), timeout=60)
    said.raise_for_status()
    return str(said.json()["rev"])


def _probed(client: requests.Session, here: str, probes: int, watch: _Watch) -> list[float]:
    """As `edge.roads` asks, every two seconds for each machine."""
    for _ in range(probes):
        assert client.post(f"{here}/_revs_diff", json={}, timeout=60).json() == {}
    return watch.ms_each(probes)


def _rung(
    client: requests.Session, here: str, count: int, front: int, behind: int, *, apart: bool = False
) -> list[float]:
    """Feeds that wait at the head, and one document after the other that all of them are told of.

    `apart`: each asks for other documents besides, so that none shares a page with another.
    """
    address = ("127.0.0.1", port_of(here))
    newest = client.get(f"{here}/_changes?since=now", timeout=60).json()["last_seq"]
    with contextlib.ExitStack() as open_feeds:
        told = [event(10**9 + (count + 5000 * apart) * 1000 + n) for n in range(RINGS)]
        lines = [
            open_feeds.enter_context(
                _feed(address, here, newest, [*(one["_id"] for one in told), f"other-{n}"] if apart else None)
            )
            for n in range(count)
        ]
        for line in lines:
            _hear(line, b"\r\n\r\n")
        watch = _Watch(front, behind)
        for document in told:
            client.post(f"{here}/_bulk_docs", json={"docs": [document], "new_edits": False}, timeout=60)
            for line in lines:
                _hear(line, document["_id"].encode())
        return watch.ms_each(count * RINGS)


@contextlib.contextmanager
def _feed(
    address: tuple[str, int], here: str, since: str, doc_ids: list[str] | None
) -> Iterator[socket.socket]:
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    path = here.partition("//")[2].partition("/")[2]
    body = json.dumps({"doc_ids": doc_ids}) if doc_ids else ""
    only = "&filter=_doc_ids" if body else ""
    sent = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    with socket.create_connection(address, timeout=120) as line:
        line.sendall(
            f"{'POST' if body else 'GET'} /{path}/_changes?feed=continuous&heartbeat=60000&since={since}{only} HTTP/1.1\r\n"
            f"Host: x\r\nAuthorization: Basic {credentials}\r\n{sent}\r\n{body}".encode()
        )
        yield line


def _hear(line: socket.socket, wanted: bytes) -> None:
    heard = b""
    while wanted not in heard:
        part = line.recv(65536)
        assert part, heard
        heard += part


def _say(what: str, count: int, ms: list[float]) -> None:
    click.echo(f"{what}: front {ms[0]:.3f} ms, database {ms[1]:.3f} ms of processor ({count})")


if __name__ == "__main__":
    main()
