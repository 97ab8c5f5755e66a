"""How fast events travel from node to node, verified and projected, beside what PouchDB does with the same documents;
how soon one act is seen elsewhere; and what it costs: processor, bytes, what is sent again, rounds in which nothing is new.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import Queue
from typing import Final

import msgspec
import requests

from central.starting import calm_collector
from edge.folder import Folder
from edge.keys import read_keys
from edge.settings import PeerSettings, read_settings
from schemas.events import Document
from sync.documents import dump
from tests.bench import bundles, documents, processes, pulling, windows
from tests.bench.edges import EDGES, Edges, live_edges
from tests.bench.figures import ROUNDS, Bench, Figure, Round, Size, p50, p95
from tests.bench.ground import Ground
from tests.bench.idle import archives
from tests.bench.machine import proportional_memory_mib
from tests.bench.peers import (
    Peer,
    couchdb_elsewhere,
    lacks_pouchdb_server,
    pouchdb_replicates,
    pouchdb_server,
)
from tests.bench.pulling import DATABASE

_EVENTS: Final = {Size.FULL: 20_000, Size.QUICK: 1_500}
_LIVE: Final = {Size.FULL: 200, Size.QUICK: 20}
_TO_MANY: Final = {Size.FULL: 40, Size.QUICK: 5}
_ARCHIVE: Final = {Size.FULL: 500_000, Size.QUICK: 5_000}
_WINDOW: Final = {Size.FULL: 25_000, Size.QUICK: 2_000}
_OVER_THE_RELAY: Final = 3_000
_PATIENCE_S: Final = 30.0
_CARRIED: Final = {Size.FULL: bundles.COUNT, Size.QUICK: 1_000}
_BATCH: Final = 500
_CENTRAL, _COUNTER, _WRITER = "central", "counter-01", "counter-02"
_LACKS_POUCHDB: Final = lacks_pouchdb_server()


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    """Everything that serves stands beside each other and is idle but for the one that is measured."""
    with ground.centre("written") as centre:
        written = documents.events(
            centre, max(_WINDOW[size], _EVENTS[size] + ROUNDS * (_LIVE[size] + _TO_MANY[size]) + 2)
        )
    loaded = written[: _WINDOW[size]]
    events, single = written[: _EVENTS[size]], iter(written[_EVENTS[size] :])
    folders, rounds = _Folders(ground), count()
    calm_collector()  # the receiver is in this process, and is to be as its own would be
    with ExitStack() as stack:
        whole = _serving(stack, folders, events)
        window = pulling.windows(events)
        part = _serving(stack, folders, window)
        small = events[: min(_OVER_THE_RELAY, len(events))]
        little = _serving(stack, folders, small)
        carried, giver = events[: _CARRIED[size]], folders.data() / _CENTRAL
        pulling.lay_down(giver, carried)
        loading = folders.data()
        windows.fill(loading / _CENTRAL, loaded)
        full = stack.enter_context(processes.node(loading / _CENTRAL))
        line = stack.enter_context(_listening(ground.copy("live")))
        line.lag_ms(next(single))  # until both have met
        many = stack.enter_context(_many(ground.copy("many")))
        many.lags_ms(next(single))
        few, large = stack.enter_context(archives(ground.folder / "archives", _ARCHIVE[size]))
        peers = [stack.enter_context(peer) for peer in _peers(ground.folder / "peers", events)]

        def measure() -> dict[str, float]:
            round_ = next(rounds)
            figures = pulling.pulled(whole, folders.fresh(), len(events))
            rates = [rate for peer in peers for rate in peer.rates(round_)]
            counter = folders.fresh()
            figures |= windows.first_load(full, counter, len(loaded))
            figures |= windows.a_day(counter, len(loaded))
            figures |= {
                "pulled_peer": max(rates, default=0.0),
                "pulled_ratio": figures["pulled"] / max(rates, default=figures["pulled"]),
                "pulled_windows": pulling.pulled(part, folders.fresh(), len(window))["pulled"],
                **pulling.on_the_wire(little, folders.fresh, len(small)),
                **pulling.saving_meanwhile(little, folders.fresh()),
                **bundles.carried(giver, folders.fresh, carried),
                "idle_few": few.round_ms(),
                "idle_many": large.round_ms(),
            }
            lags = [line.lag_ms(next(single)) for _ in range(_LIVE[size])]
            figures |= {"live_lag_p50": p50(lags), "live_lag_p95": p95(lags)}
            lags = [lag for _ in range(_TO_MANY[size]) for lag in many.lags_ms(next(single))]
            return {
                **figures,
                "edges_lag_p50": p50(lags),
                "edges_lag_p95": p95(lags),
                **many.memory(),
            }

        yield measure


class _Folders:
    """Copies of the centre, one after the other."""

    def __init__(self, ground: Ground) -> None:
        self._ground, self._count = ground, count()

    def data(self) -> Path:
        return self._ground.copy(f"replicate-{next(self._count)}")

    def fresh(self) -> Path:
        """A counter that has no event yet."""
        return self.data() / _COUNTER


def _serving(stack: ExitStack, folders: _Folders, events: Sequence[Document]) -> processes.Running:
    """A central that has these events."""
    folder = folders.data() / _CENTRAL
    pulling.lay_down(folder, events)
    return stack.enter_context(processes.node(folder))


@dataclass(frozen=True, slots=True)
class _Line:
    """A session at central that writes, and what a feed of the counter has shown: ids, and when."""

    url: str
    writer: requests.Session
    seen: Queue[tuple[str, float]]

    def lag_ms(self, event: Document) -> float:
        """From the request that brings an event to central until it stands on the counter's feed."""
        began = _write(self.url, self.writer, event)
        shown, at = self.seen.get(timeout=_PATIENCE_S)
        assert shown == event["_id"]
        return (at - began) * 1000


def _write(url: str, writer: requests.Session, event: Document) -> float:
    """Bring one event to central; when that began."""
    body = dump({"new_edits": False, "docs": [event]})
    began = time.monotonic()
    answer = writer.post(f"{url}/{DATABASE}/_bulk_docs", data=body)
    assert (answer.status_code, answer.json()) == (201, []), answer.text
    return began


@contextmanager
def _listening(data: Path) -> Iterator[_Line]:
    """Central and a counter as processes of their own, replicating live; somebody reads the counter's feed."""
    seen: Queue[tuple[str, float]] = Queue()
    with processes.node(data / _CENTRAL) as central:
        peer = PeerSettings(read_settings(data / _CENTRAL).node, central.url)
        with processes.node(data / _COUNTER, peers=[peer]) as counter:
            reader = _session(data, _COUNTER)
            feed = reader.get(
                f"{counter.url}/{DATABASE}/_changes",
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
    session = requests.Session()
    session.trust_env = False
    session.auth = _credentials(data, server)
    session.headers["Content-Type"] = "application/json"
    return session


def _credentials(data: Path, server: str) -> tuple[str, str]:
    writer, node = read_settings(data / _WRITER).node, read_settings(data / server).node
    return writer, read_keys(Folder(data / _WRITER).keys).password_for(writer, node)


@contextmanager
def _many(data: Path) -> Iterator[_Many]:
    with processes.node(data / _CENTRAL) as central:
        user, password = _credentials(data, _CENTRAL)
        with live_edges(central.url, user, password, data / "edges") as edges:
            yield _Many(central, _session(data, _CENTRAL), edges)


@dataclass(frozen=True, slots=True)
class _Many:
    """A central to which many edges listen."""

    central: processes.Running
    writer: requests.Session
    edges: Edges

    def lags_ms(self, event: Document) -> list[float]:
        """From the request that brings an event to central until each edge has written it."""
        return self.edges.lags_ms(event["_id"], _write(self.central.url, self.writer, event))

    def memory(self) -> Mapping[str, float]:
        return {
            "edges_memory": proportional_memory_mib(self.central.process),
            "edge_memory": self.edges.memory_mib(),
        }


# ---- peers


@dataclass(frozen=True, slots=True)
class _PouchDb:
    """PouchDB in a process of its own, and PouchDB Server, which has all events."""

    server: Peer
    folder: Path

    def rates(self, round_: int) -> list[float]:
        """Events a second pulled into a new database of PouchDB, and then pushed from there into a new one here."""
        local = self.folder / f"pulled-{round_}"
        pulled = pouchdb_replicates("from", f"{self.server.url}/events", local)
        pushed = pouchdb_replicates("to", f"{self.server.url}/pushed-{round_}", local)
        assert pulled.failed == pushed.failed == 0
        return [pulled.written / pulled.seconds, pushed.written / pushed.seconds]


@dataclass(frozen=True, slots=True)
class _CouchDb:
    """A CouchDB that replicates from one of its databases to another."""

    server: Peer

    def rates(self, round_: int) -> list[float]:
        with self.server.client() as session:
            source, target = f"{self.server.url}/motcua_bench", f"{self.server.url}/motcua_bench_{round_}"
            began = time.monotonic()
            answer = session.post(
                f"{self.server.url}/_replicate",
                json={"source": source, "target": target, "create_target": True},
            )
            took = time.monotonic() - began
            written: int = answer.json()["history"][0]["docs_written"]
            session.delete(target)
        return [written / took]


def _peers(folder: Path, events: Sequence[Document]) -> Iterator[AbstractContextManager[_PouchDb | _CouchDb]]:
    if _LACKS_POUCHDB is None:
        yield _pouchdb(folder, events)
    couchdb = couchdb_elsewhere()
    if couchdb is not None:
        yield _couchdb(couchdb, events)


@contextmanager
def _pouchdb(folder: Path, events: Sequence[Document]) -> Iterator[_PouchDb]:
    folder.mkdir()
    with pouchdb_server(folder / "server") as server:
        _fill(server, "events", events)
        yield _PouchDb(server, folder)


@contextmanager
def _couchdb(server: Peer, events: Sequence[Document]) -> Iterator[_CouchDb]:
    with server.client() as session:
        session.delete(f"{server.url}/motcua_bench")
        _fill(server, "motcua_bench", events)
        yield _CouchDb(server)
        session.delete(f"{server.url}/motcua_bench")


def _fill(server: Peer, name: str, events: Sequence[Document]) -> None:
    with server.client() as session:
        session.headers["Content-Type"] = "application/json"
        assert session.put(f"{server.url}/{name}").status_code in (201, 202)
        for first in range(0, len(events), _BATCH):
            body = dump({"new_edits": False, "docs": events[first : first + _BATCH]})
            assert session.post(f"{server.url}/{name}/_bulk_docs", data=body).status_code == 201


BENCH: Final = Bench(
    "replicate",
    (
        Figure(
            "pulled",
            "events of 2 KB pulled over HTTP by a node, contiguous runs, verified, every dossier projected",
            "events/s",
            "higher",
        ),
        Figure(
            "pulled_peer",
            "the same documents by the fastest peer of the run, neither verified nor projected",
            "events/s",
            "higher",
        ),
        Figure("pulled_ratio", "ours in terms of the peer's", "times", "higher", must=1.0, aim=2.0),
        Figure("pulled_windows", "every second dossier: chains with gaps", "events/s", "higher"),
        Figure(
            "first_page",
            "an edge switched on for the first time, a window of 25,000 events (2,000 with --quick): its first page",
            "s",
            "lower",
            must=10,
            aim=3,
        ),
        Figure(
            "first_load",
            "from there until all of the window is here, filtered, verified and projected, pages served meanwhile",
            "events/s",
            "higher",
        ),
        Figure(
            "window_day",
            "what leaves such a window in a day, a sixtieth of it: time of the only writer",
            "ms",
            "lower",
        ),
        Figure("processor_target", "processor time at the receiver, 1,000 events of `pulled`", "s", "lower"),
        Figure("processor_source", "the same at the sender", "s", "lower"),
        Figure(
            "processor_seals",
            "processor time of looking afterwards at each seal that was only proven, 1,000 events",
            "s",
            "lower",
        ),
        Figure("bytes_per_event", "bytes on the wire for each event pulled, both ways", "bytes", "lower"),
        Figure("sent_again", "events' worth of bytes sent again after a cut at half", "events", "lower"),
        Figure(
            "save_while_pulling_p95",
            "a reception in the ledger of a node that pulls meanwhile, p95",
            "ms",
            "lower",
        ),
        Figure("bundle_written", "a bundle of 10,000 events written to disk, whole and synced", "s", "lower"),
        Figure(
            "bundle_taken", "the same checked, opened, verified and projected at its receiver", "s", "lower"
        ),
        Figure("bundle_bytes", "its size", "MB", "lower"),
        Figure("idle_few", "a round without news, 1,000 documents on each side, p50", "ms", "lower"),
        Figure("idle_many", "the same with 500,000 (5,000 with --quick)", "ms", "lower"),
        Figure(
            "live_lag_p50",
            "from a write at central until a counter's _changes feed shows it, p50",
            "ms",
            "lower",
        ),
        Figure("live_lag_p95", "the same, p95", "ms", "lower", must=150, aim=50),
        Figure(
            "edges_lag_p50",
            f"from a write at central until each of {EDGES} live edges has written it, p50",
            "ms",
            "lower",
        ),
        Figure("edges_lag_p95", "the same, p95", "ms", "lower", must=500),
        Figure("edges_memory", f"memory of central with {EDGES} live edges", "MiB", "lower"),
        Figure("edge_memory", "memory of one such edge: a replicator and its file", "MiB", "lower"),
    ),
    prepared,
    absent={
        **({"PouchDB and PouchDB Server": _LACKS_POUCHDB} if _LACKS_POUCHDB is not None else {}),
        **({} if couchdb_elsewhere() else {"CouchDB": "MOTCUA_COUCHDB_URL is not set"}),
    },
)
