"""How fast events are stored, durably: through `_bulk_docs` over HTTP, and in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import requests

from schemas.events import Document
from sync.documents import dump
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.bench import documents
from tests.bench.bare_store import DATABASE
from tests.bench.figures import Bench, Figure, Round, Size, p95
from tests.bench.ground import Ground
from tests.bench.machine import proportional_memory_mib
from tests.bench.processes import Running, bare_store
from tests.sync.servers import PASSWORD, USER, Ids

_EVENTS: Final = {Size.FULL: 20_000, Size.QUICK: 2_000}
_SINGLE: Final = {Size.FULL: 200, Size.QUICK: 40}
_BATCH: Final = 500


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    """Each round writes the same events into new files."""
    with ground.centre("store") as centre:
        events = documents.events(centre, _EVENTS[size] + _SINGLE[size])
    bulk, single = events[: _EVENTS[size]], events[_EVENTS[size] :]
    rounds = count()

    def measure() -> dict[str, float]:
        folder = ground.folder / f"store-{next(rounds)}"
        folder.mkdir()
        in_process = _in_process(folder / "here.db", bulk)
        with bare_store(folder / "served.db") as server, _session(server) as session:
            over_http = _over_http(server, session, bulk)
            puts = [_put_ms(server, session, event) for event in single]
            memory = proportional_memory_mib(server.process)
        return {
            "bulk_docs_http": over_http,
            "bulk_docs_in_process": in_process,
            "put_p95": p95(puts),
            "memory": memory,
            "bytes_per_event": _size(folder / "served.db") / len(events),
        }

    yield measure


def _in_process(file: Path, events: Sequence[Document]) -> float:
    """Events a second into a store of this process."""
    opened = SqliteFile(file)
    store = Store(opened, DATABASE, new_id=Ids(1))
    began = time.monotonic()
    for first in range(0, len(events), _BATCH):
        store.bulk_docs(events[first : first + _BATCH], new_edits=False)
    took = time.monotonic() - began
    opened.close()
    return len(events) / took


def _over_http(server: Running, session: requests.Session, events: Sequence[Document]) -> float:
    """Events a second into a store of another process; the bodies are made before."""
    bodies = [
        dump({"new_edits": False, "docs": events[first : first + _BATCH]})
        for first in range(0, len(events), _BATCH)
    ]
    began = time.monotonic()
    for body in bodies:
        answer = session.post(f"{server.url}/{DATABASE}/_bulk_docs", data=body)
        assert (answer.status_code, answer.json()) == (201, []), answer.text
    return len(events) / (time.monotonic() - began)


def _put_ms(server: Running, session: requests.Session, event: Document) -> float:
    body = dump(event)
    began = time.monotonic()
    answer = session.put(f"{server.url}/{DATABASE}/{event['_id']}?new_edits=false", data=body)
    assert answer.status_code == 201, answer.text
    return (time.monotonic() - began) * 1000


def _session(server: Running) -> requests.Session:
    """A client with its cookie, as a replicator has."""
    session = requests.Session()
    session.trust_env = False
    answer = session.post(f"{server.url}/_session", json={"name": USER, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    session.headers["Content-Type"] = "application/json"
    return session


def _size(file: Path) -> int:
    """Bytes of a database that was closed."""
    return file.stat().st_size


BENCH: Final = Bench(
    "store",
    (
        Figure(
            "bulk_docs_http",
            "events of 2 KB written through _bulk_docs over HTTP, durably, 500 at a time",
            "events/s",
            "higher",
        ),
        Figure("bulk_docs_in_process", "the same without HTTP", "events/s", "higher"),
        Figure("put_p95", "one event by PUT over HTTP, durably, nobody listening, p95", "ms", "lower"),
        Figure("memory", "memory of the server after that", "MiB", "lower"),
        Figure("bytes_per_event", "size of the file for each event", "bytes", "lower"),
    ),
    prepared,
    absent={
        "PouchDB Server on LevelDB": "not among the project's packages yet: no must for bulk writes",
        "CouchDB": "not at hand",
    },
)
