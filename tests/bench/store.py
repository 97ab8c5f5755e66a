"""How fast events are stored durably and read out, beside other servers in the same rounds; and with many listening."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from socket import create_connection, socket
from typing import Final
from urllib.parse import quote, urlsplit

import requests

from schemas.events import Document
from sync.documents import dump
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.bench import documents
from tests.bench.figures import Bench, Figure, Round, Size, p50, p95
from tests.bench.ground import Ground
from tests.bench.machine import proportional_memory_mib
from tests.bench.peers import Peer, couchdb_elsewhere, lacks_pouchdb_server, pouchdb_server
from tests.bench.processes import bare_server
from tests.sync.servers import Ids

_EVENTS: Final = {Size.FULL: 20_000, Size.QUICK: 2_000}
_SINGLE: Final = {Size.FULL: 200, Size.QUICK: 40}
_BATCH: Final = 500
_FEEDS: Final = 256
_PATIENCE_S: Final = 30.0
_DATABASE: Final = "events"
_LACKS_POUCHDB_SERVER: Final = lacks_pouchdb_server()


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    """Each round writes the same events into new databases, of our server and of its peers in turn."""
    with ground.centre("store") as centre:
        events = documents.events(centre, _EVENTS[size] + 3 * _SINGLE[size])
    bulk, single = events[: _EVENTS[size]], events[_EVENTS[size] :]
    rounds = count()

    def measure() -> dict[str, float]:
        folder = ground.folder / f"store-{next(rounds)}"
        folder.mkdir()
        figures = _ours(folder, bulk, single, _SINGLE[size])
        peers = [_bulk_of(peer, bulk) for peer in _peers(folder)]
        figures["bulk_docs_peer"] = max(peers, default=0.0)
        figures["bulk_docs_ratio"] = figures["bulk_docs_http"] / max(peers, default=figures["bulk_docs_http"])
        return figures

    yield measure


def _peers(folder: Path) -> Iterator[Peer]:
    """Those at hand, one after the other, each only while it is asked."""
    if _LACKS_POUCHDB_SERVER is None:
        with pouchdb_server(folder / "pouchdb-server") as peer:
            yield peer
    couchdb = couchdb_elsewhere()
    if couchdb is not None:
        yield couchdb


def _ours(folder: Path, bulk: Sequence[Document], single: Sequence[Document], each: int) -> dict[str, float]:
    """All figures of our server, which runs for nothing else."""
    in_process = _in_process(folder / "here.db", bulk)
    with bare_server(folder / "served") as running:
        peer = Peer("Motcua", running.url, running.process)
        with _database(peer) as (session, url):
            figures = {
                "bulk_docs_http": _bulk_docs(session, url, bulk),
                "bulk_docs_in_process": in_process,
                "changes": _changes(session, url, len(bulk)),
                "bulk_get": _bulk_get(session, url, bulk),
            }
            alone = [_put_ms(session, url, event) for event in single[:each]]
            figures |= {"put_p50": p50(alone), "put_p95": p95(alone)}
            figures["live_lag_p95"] = p95(_lags_ms(session, url, single[each : 2 * each]))
            before = proportional_memory_mib(running.process)
            with _listening(url):
                heard = [_put_ms(session, url, event) for event in single[2 * each :]]
                figures["memory"] = proportional_memory_mib(running.process)
            figures |= {"put_p95_256_feeds": p95(heard), "memory_256_feeds": figures["memory"] - before}
            stored = session.get(url).json()
            figures["bytes_per_event"] = stored["sizes"]["file"] / stored["doc_count"]
    return figures


def _bulk_of(peer: Peer, events: Sequence[Document]) -> float:
    with _database(peer) as (session, url):
        return _bulk_docs(session, url, events)


@contextmanager
def _database(peer: Peer) -> Iterator[tuple[requests.Session, str]]:
    """A new database there, and a client; dropped at the end."""
    with peer.client() as session:
        url = f"{peer.url}/{_DATABASE}"
        session.headers["Content-Type"] = "application/json"
        session.delete(url)
        assert session.put(url).status_code in (201, 202)
        yield session, url
        session.delete(url)


def _in_process(file: Path, events: Sequence[Document]) -> float:
    """Events a second into a store of this process."""
    opened = SqliteFile(file)
    store = Store(opened, _DATABASE, new_id=Ids(1))
    began = time.monotonic()
    for first in range(0, len(events), _BATCH):
        store.bulk_docs(events[first : first + _BATCH], new_edits=False)
    took = time.monotonic() - began
    opened.close()
    return len(events) / took


def _bulk_docs(session: requests.Session, url: str, events: Sequence[Document]) -> float:
    """Events a second into a server; the bodies are made before."""
    bodies = [
        dump({"new_edits": False, "docs": events[first : first + _BATCH]})
        for first in range(0, len(events), _BATCH)
    ]
    began = time.monotonic()
    for body in bodies:
        answer = session.post(f"{url}/_bulk_docs", data=body)
        assert answer.status_code == 201, answer.text
    took = time.monotonic() - began
    assert session.get(url).json()["doc_count"] >= len(events)
    return len(events) / took


def _changes(session: requests.Session, url: str, expected: int) -> float:
    """Rows a second of one answer with all of them."""
    began = time.monotonic()
    answer = session.get(f"{url}/_changes", params={"style": "all_docs"})
    took = time.monotonic() - began
    assert len(answer.json()["results"]) == expected
    return expected / took


def _bulk_get(session: requests.Session, url: str, events: Sequence[Document]) -> float:
    """Documents a second, as replicators ask for them."""
    wanted = [{"id": event["_id"], "rev": event["_rev"]} for event in events]
    began = time.monotonic()
    for first in range(0, len(wanted), _BATCH):
        answer = session.post(
            f"{url}/_bulk_get?revs=true&latest=true",
            data=dump({"docs": wanted[first : first + _BATCH]}),
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 200, answer.text
    return len(wanted) / (time.monotonic() - began)


def _put_ms(session: requests.Session, url: str, event: Document) -> float:
    body = dump(event)
    began = time.monotonic()
    answer = session.put(f"{url}/{quote(event['_id'], safe='')}?new_edits=false", data=body)
    assert answer.status_code == 201, answer.text
    return (time.monotonic() - began) * 1000


def _lags_ms(writer: requests.Session, url: str, events: Sequence[Document]) -> list[float]:
    """From before a PUT until its row is read from a continuous feed."""
    lags = []
    with (
        requests.Session() as reader,
        reader.get(
            f"{url}/_changes",
            params={"feed": "continuous", "since": "now", "heartbeat": "5000"},
            stream=True,
        ) as feed,
    ):
        rows = (line for line in feed.iter_lines(chunk_size=None) if line)
        for event in events:
            began = time.monotonic()
            _put_ms(writer, url, event)
            assert event["_id"].encode() in next(rows)
            lags.append((time.monotonic() - began) * 1000)
    return lags


@contextmanager
def _listening(url: str) -> Iterator[None]:
    """Feeds at the head of the database, long polls and continuous ones, as many clients hold them."""
    parts = urlsplit(url)
    requests_of = [
        (
            f"GET {parts.path}/_changes?feed={kind}&since=now&heartbeat=30000 HTTP/1.1\r\n"
            f"Host: {parts.netloc}\r\n\r\n"
        ).encode()
        for kind in ("longpoll", "continuous")
    ]
    ended = threading.Event()
    with ExitStack() as stack, DefaultSelector() as selector:
        for number in range(_FEEDS):
            line = stack.enter_context(create_connection((parts.hostname, parts.port), timeout=_PATIENCE_S))
            asked = requests_of[number % len(requests_of)]
            line.sendall(asked)
            assert line.recv(4096).startswith(b"HTTP/1.1 200")
            selector.register(line, EVENT_READ, asked)
        reader = threading.Thread(target=_read_on, args=(selector, ended), daemon=True)
        reader.start()
        yield
        ended.set()
        reader.join(_PATIENCE_S)


def _read_on(selector: DefaultSelector, ended: threading.Event) -> None:
    """Take what feeds say; who has got his answer asks again."""
    while not ended.is_set():
        for key, _ in selector.select(timeout=0.1):
            line = key.fileobj
            assert isinstance(line, socket)
            if line.recv(65_536).endswith(b"0\r\n\r\n"):
                line.sendall(key.data)


BENCH: Final = Bench(
    "store",
    (
        Figure(
            "bulk_docs_http",
            "events of 2 KB written through _bulk_docs over HTTP, durably, 500 at a time",
            "events/s",
            "higher",
        ),
        Figure("bulk_docs_peer", "the same by the fastest peer of the run", "events/s", "higher"),
        Figure("bulk_docs_ratio", "ours in terms of the peer's", "times", "higher", must=1.0, aim=2.0),
        Figure("bulk_docs_in_process", "the same without HTTP", "events/s", "higher"),
        Figure("changes", "rows of _changes read out", "rows/s", "higher"),
        Figure("bulk_get", "documents read out through _bulk_get, 500 at a time", "documents/s", "higher"),
        Figure("put_p50", "one event by PUT over HTTP, durably, nobody listening, p50", "ms", "lower"),
        Figure("put_p95", "the same, p95", "ms", "lower"),
        Figure("live_lag_p95", "from a PUT until a continuous feed shows it, p95", "ms", "lower"),
        Figure(
            "put_p95_256_feeds",
            "one event by PUT with 256 feeds listening, p95",
            "ms",
            "lower",
            must=100,
            aim=30,
        ),
        Figure("memory", "memory of the server after all that, the feeds open", "MiB", "lower", must=300),
        Figure("memory_256_feeds", "of which for the feeds", "MiB", "lower"),
        Figure("bytes_per_event", "size of the file for each event", "bytes", "lower"),
    ),
    prepared,
    absent={
        **({"PouchDB Server": _LACKS_POUCHDB_SERVER} if _LACKS_POUCHDB_SERVER is not None else {}),
        **({} if couchdb_elsewhere() else {"CouchDB": "MOTCUA_COUCHDB_URL is not set"}),
    },
)
