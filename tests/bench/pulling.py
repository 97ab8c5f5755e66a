"""One node of this process pulls from another that is a process of its own, and what that costs both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node, server_uuid
from edge.settings import read_settings
from schemas.events import Document
from sync.errors import Unavailable
from sync.peer import LocalPeer
from sync.remote import RemotePeer
from sync.replicator import Replication
from sync.sqlite import SqliteFile
from sync.store import Store
from tests.bench import ground
from tests.bench.figures import p95
from tests.bench.machine import processor_s
from tests.bench.processes import Running
from tests.sync.relay import Relay, relaying

DATABASE: Final = "dossiers"
_BETWEEN_SAVES_S: Final = 0.02
_PATIENCE_S: Final = 5.0


def lay_down(folder: Path, events: Sequence[Document]) -> None:
    """Put events into a node's database; whoever only passes them on needs no projection of them."""
    file = SqliteFile(Folder(folder).database)
    Store(file, DATABASE, new_id=Ids().hex).bulk_docs(events, new_edits=False)
    file.close()


@contextmanager
def opened(folder: Path) -> Iterator[Node]:
    node = Node(Folder(folder), read_settings(folder), clock=system_clock, ids=Ids())
    try:
        yield node
    finally:
        node.close()


def replication(node: Node, url: str) -> Replication:
    """Of central's `dossiers`, by the node's own name and rights, with all write rules and projections."""
    centre = str(node.catalog.centre)
    return Replication(
        RemotePeer(url, DATABASE, user=node.id, password=node.keys.password_for(node.id, centre)),
        LocalPeer(node.stores[DATABASE], server_uuid=server_uuid(node.id), source=centre),
        node_id=node.id,
        session_id=node.ids.hex(),
        now=node.clock,
        jitter=node.ids.jitter,
    )


def pulled(central: Running, folder: Path, expected: int) -> dict[str, float]:
    """Pull everything from central into a node, once; then look at the seals that were only proven."""
    with opened(folder) as node:
        one = replication(node, central.url)
        began, used_there, used_here = time.monotonic(), processor_s(central.process), time.process_time()
        status = one.run_once()
        took = time.monotonic() - began
        used_there, used_here = processor_s(central.process) - used_there, time.process_time() - used_here
        one.stop()
        assert (status.docs_written, status.docs_refused) == (expected, 0), status
        began_looking = time.process_time()
        while node.seals.look(node.stores[DATABASE]):
            pass
        looked = time.process_time() - began_looking
    return {
        "pulled": expected / took,
        "processor_target": used_here / expected * 1000,
        "processor_source": used_there / expected * 1000,
        "processor_seals": looked / expected * 1000,
    }


def windows(events: Sequence[Document]) -> list[Document]:
    """Every second dossier: of no node's chain more than a few numbers in a row."""
    streams = dict.fromkeys(event["stream"] for event in events)
    here = {stream for place, stream in enumerate(streams) if place % 2}
    return [event for event in events if event["stream"] in here]


def on_the_wire(central: Running, fresh: Callable[[], Path], expected: int) -> dict[str, float]:
    """Through a relay that counts: bytes both ways for each event, and what is sent again after a cut at half."""
    with _relayed(central) as relay, opened(fresh()) as node:
        replication(node, relay.url).run_once()
        uncut = relay.passed
        bytes_per_event = (relay.passed + relay.asked) / expected
    with _relayed(central) as relay, opened(fresh()) as node:
        relay.cut_after_bytes = uncut // 2
        with suppress(Unavailable):
            replication(node, relay.url).run_once()
        assert relay.is_cut.wait(_PATIENCE_S)
        relay.mend()
        replication(node, relay.url).run_once()
        assert node.stores[DATABASE].info().doc_count == expected
        again = (relay.passed - uncut) / uncut * expected
    return {"bytes_per_event": bytes_per_event, "sent_again": max(again, 0.0)}


def _relayed(central: Running) -> AbstractContextManager[Relay]:
    port = urlsplit(central.url).port
    assert port is not None
    return relaying(port)


def saving_meanwhile(central: Running, folder: Path) -> dict[str, float]:
    """How long a reception waits and takes in the ledger, again and again, while everything is pulled."""
    with opened(folder) as node:
        people, one = ground.People(2), replication(node, central.url)
        thread = threading.Thread(target=one.run_once)
        thread.start()
        took = []
        while thread.is_alive():
            draft = people.draft(node)
            began = time.monotonic()
            ground.receive(node, draft)
            took.append((time.monotonic() - began) * 1000)
            thread.join(_BETWEEN_SAVES_S)
        one.stop()
    return {"save_while_pulling_p95": p95(took)}
