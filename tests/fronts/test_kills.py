"""SIGKILL of a front, and of what is behind it, in the middle of bulk writes: what was acknowledged is there."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests

from sync.remote import RemoteDatabase
from tests.conformance.conftest import Server, basic
from tests.fronts.carousel import carousel
from tests.fronts.conftest import fronting, there
from tests.fronts.test_fronts import copying, event, local, open_store, port_of, through
from tests.proving import Times
from tests.sync.servers import PASSWORD, USER
from tests.sync.test_replicator import live
from tests.waiting import until

ROOT = Path(__file__).parents[2]
BATCH = 25


@contextlib.contextmanager
def process(*command: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server as a process that says where it listens; killed at the end, if it lives."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        try:
            assert started.stdout is not None
            yield started, started.stdout.readline().decode().split()[-1].rstrip("/")
        finally:
            started.kill()


class Writer:
    """Brings batch after batch through fronts, and notes which were acknowledged."""

    def __init__(self, url: str, *, first: int = 0) -> None:
        self.acknowledged: set[str] = set()
        self.refused = 0
        self._url, self._first = url, first
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_why: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        n = self._first
        with requests.Session() as client:
            client.trust_env = False
            client.auth = basic(USER, PASSWORD)
            while not self._over.is_set():
                batch = [event(one) for one in range(n, n + BATCH)]
                try:
                    said = client.post(
                        f"{self._url}/dossiers/_bulk_docs",
                        json={"docs": batch, "new_edits": False},
                        timeout=30,
                    )
                except requests.ConnectionError:
                    self._rest()
                    continue
                if said.status_code == 201 and said.json() == []:
                    self.acknowledged |= {str(one["_id"]) for one in batch}
                    n += BATCH
                else:
                    assert said.status_code == 503, said.text
                    self._rest()

    def _rest(self) -> None:
        self.refused += 1
        self._over.wait(0.05)


def _ids(database: RemoteDatabase) -> set[str]:
    return {row["id"] for row in database.ask("GET", ("_all_docs",)).read(dict[str, Any])["rows"]}


def test_a_front_dies_while_it_writes(behind: Server, tmp_path: Path, times: Times) -> None:
    """A machine copies through it, and another one brings batches; it is killed. Another front goes on, and nothing is lost."""
    database, random = there(behind), Random(5)
    store = open_store(tmp_path / "here.db", 2)
    named = (behind.url, behind.database, behind.user, behind.password)
    with fronting({"dossiers": database}) as stays, carousel(port_of(stays)) as divided:
        push = copying(local(store), through(divided.url, "dossiers"))
        with live(push):
            for kill in range(times(1, 20)):
                with (
                    process("tests.fronts.process", *named) as (front, url),
                    Writer(url, first=10_000 + kill * 1000) as writer,
                ):
                    divided.go_to(port_of(url))
                    store.bulk_docs([event(kill * 200 + n) for n in range(200)], new_edits=False)
                    enough = BATCH * random.randint(1, 4)
                    until(lambda: len(writer.acknowledged) >= enough)  # noqa: B023
                    front.kill()
                    divided.go_to(port_of(stays))
                    writer.stop()
                    assert writer.acknowledged <= _ids(database)
                divided.part()
                everything = {f"{n:032x}" for n in range((kill + 1) * 200)}
                until(lambda: everything <= _ids(database))  # noqa: B023
    database.close()


@pytest.mark.proof
def test_what_is_behind_dies_while_a_front_writes(tmp_path: Path, times: Times) -> None:
    """Until it is back everybody hears 503; then all that was acknowledged is there, and the same goes on."""
    serve, random = ("sync", "serve", "--dir", str(tmp_path / "behind"), "--port", "0"), Random(6)
    with carousel() as line:
        database = RemoteDatabase(line.url, "dossiers", patience_s=5)
        with fronting({"dossiers": database}) as front, contextlib.ExitStack() as running:
            bare, url = running.enter_context(process(*serve))
            line.go_to(port_of(url))
            assert database.ask("PUT").status == 201
            with Writer(front) as writer:
                for _ in range(times(2, 20)):
                    enough = len(writer.acknowledged) + BATCH * random.randint(1, 8)
                    until(lambda: len(writer.acknowledged) >= enough)  # noqa: B023
                    refused = writer.refused
                    bare.kill()
                    until(lambda: writer.refused > refused)  # noqa: B023
                    written = set(writer.acknowledged)
                    bare, url = running.enter_context(process(*serve))
                    line.go_to(port_of(url))
                    assert written <= _ids(database)
                until(lambda: len(writer.acknowledged) > len(written))
        database.close()
