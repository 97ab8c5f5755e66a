"""The roads to the other nodes: which databases travel, in which direction, and whether the line is up.

| database | from a peer                      | to central          |
|----------|----------------------------------|---------------------|
| catalog  | every peer may carry it          | never               |
| dossiers | pulled from every peer           | pushed              |
| files    | pulled from every peer           | pushed              |

Neighbours pull from each other and need no push; only central cannot be counted on to reach us. `visits`
travels when there are visits. Each road is a thread of its own: a stuck file holds up no event.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from edge.contact import Contact
from edge.database import RefusedDocument
from edge.node import Node, server_uuid
from edge.settings import PeerSettings
from schemas.events import timestamp
from sync.errors import SyncError
from sync.peer import LocalPeer
from sync.peer import RefusedDocument as Refusal
from sync.remote import RemotePeer
from sync.replicator import BATCH, Replication, Status

PROBE_S: Final = 2.0
_PULLED: Final = ("catalog", "dossiers", "files")
_PUSHED: Final = ("dossiers", "files")
_BATCHES: Final = {"files": 64}
"""Chunks travel inside their documents: 64 of them are 4 MiB."""


@dataclass(frozen=True, slots=True)
class Road:
    """One replication as the page about it shows it. `direction` is `pull` or `push`."""

    peer: str
    database: str
    direction: str
    status: Status


class Roads:
    """All replications of one node, each in its thread, and a probe for each peer."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._session = node.ids.hex()
        self._stopping = threading.Event()
        self._replications: list[tuple[PeerSettings, str, str, Replication]] = []
        self._threads: list[threading.Thread] = []
        self._probes: list[RemotePeer] = []
        for peer in node.settings.peers:
            for database in _PULLED:
                self._add(peer, database, "pull")
            if peer.node == node.catalog.centre:
                for database in _PUSHED:
                    self._add(peer, database, "push")

    def start(self) -> None:
        for peer, database, direction, replication in self._replications:
            self._start(f"{direction} {database} {peer.node}", replication.run_live)
        for peer in self._node.settings.peers:
            probe = self._remote(peer, "dossiers")
            self._probes.append(probe)
            self._start(f"probe {peer.node}", partial(self._probe, peer, probe))

    def stop(self) -> None:
        self._stopping.set()
        for _, _, _, replication in self._replications:
            replication.stop()
        for probe in self._probes:
            probe.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def retry(self) -> None:
        """Try every road again at once: somebody plugged a cable in, or pressed the button."""
        for _, _, _, replication in self._replications:
            replication.wake()

    def all(self) -> list[Road]:
        return [
            Road(peer.node, database, way, one.status()) for peer, database, way, one in self._replications
        ]

    def contacts(self) -> list[Contact]:
        return [self._node.contacts.of(peer.node) for peer in self._node.settings.peers]

    def _start(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _add(self, peer: PeerSettings, database: str, direction: str) -> None:
        node = self._node
        store = node.stores[database]
        here = LocalPeer(store, server_uuid=server_uuid(node.id), source=peer.node)
        there = self._remote(peer, database)
        pull = direction == "pull"
        replication = Replication(
            there if pull else here,
            here if pull else there,
            node_id=node.id,
            session_id=self._session,
            now=node.clock,
            jitter=node.ids.jitter,
            batch=_BATCHES.get(database, BATCH),
            on_refused=lambda refusal: None if pull else self._refused(peer, database, refusal),
            after_checkpoint=lambda seq: None if pull else self._arrived_there(database, seq),
        )
        self._replications.append((peer, database, direction, replication))

    def _remote(self, peer: PeerSettings, database: str) -> RemotePeer:
        node = self._node
        return RemotePeer(
            peer.url,
            database,
            user=node.id,
            password=node.keys.password_for(node.id, peer.node),
            heartbeat_s=node.settings.heartbeat_ms / 1000,
            heard=lambda: node.contacts.heard(peer.node),
        )

    def _probe(self, peer: PeerSettings, probe: RemotePeer) -> None:
        """Ask the peer for nothing, again and again: a card is up behind a firewall, an answer is an answer."""
        up = True
        while not self._stopping.wait(PROBE_S if up else PROBE_S / 2):
            try:
                probe.revs_diff({})
            except SyncError as why:
                up = False
                self._node.contacts.lost(peer.node, str(why))
                continue
            if not up:
                up = True
                self._wake(peer)

    def _wake(self, peer: PeerSettings) -> None:
        for other, _, _, replication in self._replications:
            if other == peer:
                replication.wake()

    def _arrived_there(self, database: str, seq: object) -> None:
        if database == "dossiers":
            self._node.projector.centre_has(self._node.stores[database].inner_seq(seq))

    def _refused(self, peer: PeerSettings, database: str, refusal: Refusal) -> None:
        """Keep what the other side would not take, until it does or a person dismisses it."""
        with self._node.file.write():
            RefusedDocument.insert(
                key=f"{peer.node} {database} {refusal.id}",
                peer=peer.node,
                document=refusal.id,
                reason=refusal.reason,
                at=timestamp(self._node.clock()),
            ).on_conflict_replace().execute()
