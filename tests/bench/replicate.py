"""How fast events travel from node to node, verified and projected; and how soon one act is seen elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import Queue
from typing import Final

import msgspec
import requests

from edge.clock import system_clock
from edge.ids import Ids
from edge.keys import read_keys
from edge.node import Folder, Node, server_uuid
from edge.settings import PeerSettings, read_settings
from schemas.events import Document
from sync.documents import dump
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.bench import documents, processes
from tests.bench.figures import ROUNDS, Bench, Figure, Round, Size, p50, p95
from tests.bench.ground import Ground
from tests.bench.machine import processor_s
from tests.bench.processes import Running

_EVENTS: Final = {Size.FULL: 20_000, Size.QUICK: 2_000}
_LIVE: Final = {Size.FULL: 200, Size.QUICK: 40}
_PATIENCE_S: Final = 30.0
_DATABASE: Final = "dossiers"
_CENTRAL, _COUNTER, _WRITER = "central", "counter-01", "counter-02"


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    """A central that has all events, and another one with a counter that listens to it."""
    with ground.centre("written") as centre:
        written = documents.events(centre, _EVENTS[size] + ROUNDS * _LIVE[size] + 1)
    events, single = written[: _EVENTS[size]], iter(written[_EVENTS[size] :])
    source = ground.copy("replicate") / _CENTRAL
    _lay_down(source, events)
    rounds = count()
    with processes.node(source) as central, _listening(ground.copy("live")) as line:
        line.lag_ms(next(single))  # until both have met

        def measure() -> dict[str, float]:
            target = ground.copy(f"replicate-{next(rounds)}") / _COUNTER
            lags = [line.lag_ms(next(single)) for _ in range(_LIVE[size])]
            return {
                **_pulled(central, target, len(events)),
                "live_lag_p50": p50(lags),
                "live_lag_p95": p95(lags),
            }

        yield measure


def _lay_down(folder: Path, events: Sequence[Document]) -> None:
    """Put events into a node's database; whoever only passes them on needs no projection of them."""
    file = SqliteFile(Folder(folder).database)
    Store(file, _DATABASE, new_id=Ids().hex).bulk_docs(events, new_edits=False)
    file.close()


def _pulled(central: Running, folder: Path, expected: int) -> dict[str, float]:
    """Pull everything from central into a node of this process, once."""
    node = Node(Folder(folder), read_settings(folder), clock=system_clock, ids=Ids())
    centre = str(node.catalog.centre)
    there = RemotePeer(central.url, _DATABASE, user=node.id, password=node.keys.password_for(node.id, centre))
    here = LocalPeer(node.stores[_DATABASE], server_uuid=server_uuid(node.id), source=centre)
    replication = Replication(
        there,
        here,
        node_id=node.id,
        session_id=node.ids.hex(),
        now=node.clock,
        jitter=node.ids.jitter,
    )
    began, used_there, used_here = time.monotonic(), processor_s(central.process), time.process_time()
    status = replication.run_once()
    took = time.monotonic() - began
    used_there, used_here = processor_s(central.process) - used_there, time.process_time() - used_here
    assert (status.docs_written, status.docs_refused) == (expected, 0), status
    replication.stop()
    node.close()
    return {
        "pulled": expected / took,
        "processor_target": used_here / expected * 1000,
        "processor_source": used_there / expected * 1000,
    }


@dataclass(frozen=True, slots=True)
class _Line:
    """A session at central that writes, and what a feed of the counter has shown: ids, and when."""

    url: str
    writer: requests.Session
    seen: Queue[tuple[str, float]]

    def lag_ms(self, event: Document) -> float:
        """From the request that brings an event to central until it stands on the counter's feed."""
        body = dump({"new_edits": False, "docs": [event]})
        began = time.monotonic()
        answer = self.writer.post(f"{self.url}/{_DATABASE}/_bulk_docs", data=body)
        assert (answer.status_code, answer.json()) == (201, []), answer.text
        shown, at = self.seen.get(timeout=_PATIENCE_S)
        assert shown == event["_id"]
        return (at - began) * 1000


@contextmanager
def _listening(data: Path) -> Iterator[_Line]:
    """Central and a counter as processes of their own, replicating live; somebody reads the counter's feed."""
    seen: Queue[tuple[str, float]] = Queue()
    with processes.node(data / _CENTRAL) as central:
        peer = PeerSettings(read_settings(data / _CENTRAL).node, central.url)
        with processes.node(data / _COUNTER, peers=[peer]) as counter:
            reader = _session(data, _COUNTER)
            feed = reader.get(
                f"{counter.url}/{_DATABASE}/_changes",
                params={"feed": "continuous", "since": "now", "heartbeat": "5000"},
                stream=True,
            )
            threading.Thread(target=_read, args=(feed, seen), daemon=True).start()
            yield _Line(central.url, _session(data, _CENTRAL), seen)


def _read(feed: requests.Response, seen: Queue[tuple[str, float]]) -> None:
    try:
        for line in feed.iter_lines(chunk_size=None):
            at, row = time.monotonic(), msgspec.json.decode(line or b"{}")
            if "id" in row:  # neither a heartbeat nor the feed's last word
                seen.put((row["id"], at))
    except requests.RequestException:
        return  # the counter has stopped


def _session(data: Path, server: str) -> requests.Session:
    """The second counter's session at another node."""
    writer, node = read_settings(data / _WRITER).node, read_settings(data / server).node
    session = requests.Session()
    session.trust_env = False
    session.auth = (writer, read_keys(Folder(data / _WRITER).keys).password_for(writer, node))
    session.headers["Content-Type"] = "application/json"
    return session


BENCH: Final = Bench(
    "replicate",
    (
        Figure(
            "pulled",
            "events of 2 KB pulled over HTTP by a node, every seal verified, every dossier projected",
            "events/s",
            "higher",
        ),
        Figure("processor_target", "processor time of that at the receiver, 1,000 events", "s", "lower"),
        Figure("processor_source", "processor time of that at the sender, 1,000 events", "s", "lower"),
        Figure(
            "live_lag_p50",
            "from a write at central until a counter's _changes feed shows it, p50",
            "ms",
            "lower",
        ),
        Figure("live_lag_p95", "the same, p95", "ms", "lower", must=150, aim=50),
    ),
    prepared,
    absent={
        "PouchDB with PouchDB Server": "not among the project's packages yet: no must for pulled events",
        "CouchDB": "not at hand",
    },
)
