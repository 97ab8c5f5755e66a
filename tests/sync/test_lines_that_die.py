"""Nothing lost and nothing sent twice: wherever a line dies, and whichever side is killed."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
import requests

from sync.errors import Unavailable
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.proving import Times
from tests.sync.carrier import DB, PAGE
from tests.sync.lines import Line, line_to
from tests.sync.servers import NOW, PASSWORD, USER, Ids, Server, serving
from tests.sync.test_replicator import contents

ROOT = Path(__file__).parents[2]
_sessions = Ids(21)


# ---- at every byte


class Run:
    """A few documents between a server and a store of their own, over one line."""

    def __init__(self, server: Server, line: Line, folder: Path, way: str, number: int) -> None:
        self._server, self._line, self._way = server, line, way
        self._path = folder / f"{number}.db"
        self._file = SqliteFile(self._path)
        self.here = Store(self._file, DB, new_id=Ids(number))
        self.there = server.stores[DB]
        self.names = [f"{way}-{number}-{n}" for n in range(5)]

    def write(self) -> None:
        source = self.there if self._way == "pull" else self.here
        source.bulk_docs([{"_id": name, "text": "Nguyễn"} for name in self.names])

    def copy(self) -> None:
        """Pages of two documents, of which the newest is being read while the one before is written."""
        near = LocalPeer(self.here, server_uuid="2" * 32, source=None)
        far = RemotePeer(self._line.url, DB, user=USER, password=PASSWORD, heartbeat_s=5)
        source, target = (far, near) if self._way == "pull" else (near, far)
        one = Replication(
            source,
            target,
            node_id="counter-01",
            session_id=_sessions(),
            now=lambda: NOW,
            jitter=lambda: 0.0,
            batch=2,
        )
        try:
            one.run_once()
        finally:
            one.stop()

    def check(self, *, deaths: int) -> None:
        before, after = contents(self.here), contents(self.there)
        assert {name: before[name] for name in self.names} == {name: after[name] for name in self.names}
        counts = self._line.counts()
        assert all(1 <= counts[name] <= 1 + deaths for name in self.names), counts

    def close(self) -> None:
        """And forget all of it, at both ends."""
        for store in (self.here, self.there):
            store.purge({one.id: [str(one.winner)] for one in store.all_docs()})
        self._file.close()
        self._path.unlink()


@pytest.mark.timeout(3600)  # thousands of lines with --prove=full
@pytest.mark.parametrize("way", ["pull", "push"])
def test_a_line_that_dies_at_any_byte(tmp_path: Path, times: Times, way: str) -> None:
    """Everything is there after the next run, and no document went over the line more than once more."""
    with serving(tmp_path / "server.db", DB) as server:
        whole = _bytes_of_a_run(server, tmp_path, way)
        positions = range(whole + 1)
        chosen = Random(6).sample(positions, min(len(positions), times(40, 1_500)))
        died = 0
        for number, position in enumerate(chosen, 1):
            with line_to(server.port) as line:
                run = Run(server, line, tmp_path, way, number)
                run.write()
                line.mend(dies_after=position)
                try:
                    run.copy()
                except Unavailable:
                    died += 1
                line.mend()
                run.copy()
                run.check(deaths=1)
                run.close()
        assert died > len(chosen) * 0.9


def _bytes_of_a_run(server: Server, folder: Path, way: str) -> int:
    with line_to(server.port) as line:
        run = Run(server, line, folder, way, 0)
        run.write()
        run.copy()
        run.check(deaths=0)
        run.close()
        return line.passed


# ---- SIGKILL

WRITTEN = 60  # at each side, before each kill
KILLS_A_RUN = 10
PAGES_UNDER_WAY = 2 * 2  # one that is read and one that is written, each way


class Killed:
    """A server and a carrier in processes of their own, and the line between them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._port = _free_port()
        self._server = self._serve()
        stack.callback(lambda: _end(self._server))
        self.line = stack.enter_context(line_to(self._port))
        self._direct = f"http://127.0.0.1:{self._port}/{DB}"
        requests.put(self._direct, timeout=10).raise_for_status()
        self._carrier: subprocess.Popen[str] | None = None
        stack.callback(lambda: _end(self._carrier))
        self.names: set[str] = set()

    def write(self, seed: int) -> None:
        """New documents at the server, and at the carrier where it has to be started anyway."""
        names = [f"there-{seed}-{n}" for n in range(WRITTEN)]
        documents = [{"_id": name, "text": "Nguyễn " * 10} for name in names]
        requests.post(f"{self._direct}/_bulk_docs", json={"docs": documents}, timeout=10).raise_for_status()
        self.names.update(names)
        if self._carrier is None:
            self._carrier = self._carry(str(seed), str(WRITTEN))
            assert self._carrier.stdout is not None
            self.names.update(self._carrier.stdout.readline().split()[1:])

    def kill(self, random: Random) -> None:
        """One of the two, somewhere in the middle of what they have to say to each other."""
        self.line.wait_for(self.line.passed + random.randrange(300, WRITTEN * 150))
        if random.random() < 0.5:
            _end(self._server)
            self._server = self._serve()
        else:
            _end(self._carrier)
            self._carrier = None

    def settle(self) -> Store:
        """Let both copy what is left; the carrier's store, which nobody uses any more."""
        _end(self._carrier)
        self._carrier = None
        once = self._carry()
        assert once.wait(60) == 0
        _end(once)
        return Store(SqliteFile(self._folder / "carrier.db"), DB, new_id=Ids(2))

    def there(self) -> dict[str, str]:
        rows = requests.get(f"{self._direct}/_all_docs", timeout=10).json()["rows"]
        return {row["id"]: row["value"]["rev"] for row in rows}

    def _serve(self) -> subprocess.Popen[str]:
        command = ["-m", "sync", "serve", "--dir", str(self._folder / "there"), "--port", str(self._port)]
        process = _python(*command)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        return process

    def _carry(self, *more: str) -> subprocess.Popen[str]:
        return _python("-m", "tests.sync.carrier", str(self._folder / "carrier.db"), self.line.url, *more)


def _free_port() -> int:
    """One that no outgoing connection is given while nobody listens there."""
    for port in range(20_000, 21_000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port")


def _python(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _end(process: subprocess.Popen[str] | None) -> None:
    if process is not None:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def killing(folder: Path) -> Iterator[Killed]:
    folder.mkdir()
    with ExitStack() as stack:
        yield Killed(folder, stack)


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_either_side_is_killed_in_the_middle(tmp_path: Path, times: Times) -> None:
    """Again and again: everything is at both ends, and sent again at most once for each kill."""
    kills = times(10, 200)
    for run in range(-(-kills // KILLS_A_RUN)):
        random = Random(run)
        with killing(tmp_path / str(run)) as both:
            for number in range(KILLS_A_RUN):
                both.write(number)
                both.kill(random)
            here = both.settle()
            held = {one.id: str(one.winner) for one in here.all_docs()}
            assert held == both.there()
            assert both.names <= set(held)
            counts = both.line.counts()
            assert max(counts.values()) <= 1 + KILLS_A_RUN
            again = sum(count - 1 for count in counts.values())
            assert again <= KILLS_A_RUN * PAGES_UNDER_WAY * PAGE, "more than what was under way"
            here.file.close()
