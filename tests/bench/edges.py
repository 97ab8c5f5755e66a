"""Many live edges on one central: replicators, several a process, each with a file of its own.

`python -m tests.bench.edges URL USER PASSWORD FOLDER FIRST COUNT` is such a process. It says `ready` when all of them
are live, and then a line for each document that one of them has written durably: the edge, the id, and when.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Final

from edge.clock import system_clock
from edge.ids import Ids
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication, State
from sync.sqlite import Connection, SqliteFile
from sync.store import Store
from sync.writing import Arrival
from tests.bench.machine import proportional_memory_mib

EDGES: Final = 64
PROCESSES: Final = 4
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Edges:
    """`seen`: edge, id of a document, and when it was durable there."""

    count: int
    processes: Sequence[int]
    seen: Queue[tuple[int, str, float]]

    def lags_ms(self, doc_id: str, began: float) -> list[float]:
        """From the moment at which a document was sent to central until each edge has it."""
        lags: dict[int, float] = {}
        while len(lags) < self.count:
            edge, seen, at = self.seen.get(timeout=_PATIENCE_S)
            assert seen == doc_id
            lags[edge] = (at - began) * 1000
        return list(lags.values())

    def memory_mib(self) -> float:
        """Of one edge: its share of its process."""
        return sum(map(proportional_memory_mib, self.processes)) / self.count


@contextmanager
def live_edges(url: str, user: str, password: str, folder: Path, count: int = EDGES) -> Iterator[Edges]:
    """Ready when all of them wait for the next change."""
    folder.mkdir()
    each = count // PROCESSES
    seen: Queue[tuple[int, str, float]] = Queue()
    with ExitStack() as stack:
        running = []
        for number in range(PROCESSES):
            arguments = [url, user, password, str(folder), str(number * each), str(each)]
            running.append(stack.enter_context(_process(arguments, folder / f"log-{number}.txt")))
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            threading.Thread(target=_hear, args=(process, seen), daemon=True).start()
        yield Edges(each * PROCESSES, [process.pid for process in running], seen)


@contextmanager
def _process(arguments: Sequence[str], log: Path) -> Iterator[subprocess.Popen[str]]:
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _hear(process: subprocess.Popen[str], seen: Queue[tuple[int, str, float]]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        edge, doc_id, at = line.split()
        seen.put((int(edge), doc_id, float(at)))


def _run(url: str, user: str, password: str, folder: Path, first: int, count: int) -> None:
    told = _Told()
    replications = [
        _edge(url, user, password, folder / f"edge-{number:03}.db", number, told)
        for number in range(first, first + count)
    ]
    for one in replications:
        threading.Thread(target=one.run_live, daemon=True).start()
    while any(one.status().state is not State.WAITING for one in replications):
        time.sleep(0.05)
    told.begin()
    sys.stdin.read()


class _Told:
    """Standard output, from the moment on at which all are live."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live = False

    def begin(self) -> None:
        with self._lock:
            self._live = True
            sys.stdout.write("ready\n")
            sys.stdout.flush()

    def wrote(self, edge: int, doc_ids: Sequence[str]) -> None:
        at = time.monotonic()
        with self._lock:
            if self._live:
                sys.stdout.write("".join(f"{edge} {doc_id} {at}\n" for doc_id in doc_ids))
                sys.stdout.flush()


def _edge(url: str, user: str, password: str, path: Path, number: int, told: _Told) -> Replication:
    file, ids = SqliteFile(path), Ids()

    def arrived(connection: Connection, arrivals: Sequence[Arrival]) -> None:
        file.after_commit(lambda: told.wrote(number, [arrival.id for arrival in arrivals]))

    store = Store(file, "dossiers", new_id=ids.hex, arrived=arrived)
    return Replication(
        RemotePeer(url, "dossiers", user=user, password=password),
        LocalPeer(store, server_uuid=f"{number:032x}", source="central"),
        node_id=f"edge-{number}",
        session_id=ids.hex(),
        now=system_clock,
        jitter=ids.jitter,
    )


if __name__ == "__main__":
    _url, _user, _password, _folder, _first, _count = sys.argv[1:]
    _run(_url, _user, _password, Path(_folder), int(_first), int(_count))
