"""The roads to the other nodes: which databases travel, in which direction, and whether the line is up.

| database | from a peer                      | to central          |
|----------|----------------------------------|---------------------|
| catalog  | every peer may carry it          | never               |
| dossiers | pulled                           | pushed              |
| files    | pulled                           | pushed              |

Central is preferred: while it answers, neighbours rest. When it is lost, within five seconds the neighbours of the
building pull from each other (they need no push), until central has answered steadily again. `visits` travels when
there are visits. Each road is a thread with a connection of its own: a stuck file holds up no event.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
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
from sync.replicator import BATCH, Offered, Replication, Status

PROBE_S: Final = 2.0
PROBE_PATIENCE_S: Final = 2.0
"""A probe that has no answer after this long says that the line is lost: at worst 4 s after it was."""
STEADY_S: Final = 10.0
"""So long must central answer without a break before neighbours rest again: a line that flaps moves nobody."""
_PULLED: Final = ("catalog", "dossiers", "files")
_PUSHED: Final = ("dossiers", "files")
_BATCHES: Final = {"files": 64}
"""Chunks travel inside their documents: 64 of them are 4 MiB."""


@dataclass(frozen=True, slots=True)
class Road:
    """One replication as the page about it shows it. `direction` is `pull` or `push`.

    `resting`: not needed now, because central is reached directly.
    """

    peer: str
    database: str
    direction: str
    status: Status
    resting: bool = False


class Preference:
    """Whether neighbours are needed, told by the probes of central. Moments are seconds that only grow."""

    def __init__(self, *, has_centre: bool, steady_s: float = STEADY_S) -> None:
        self.neighbours_needed = not has_centre
        self._steady_s = steady_s
        self._up_since: float | None = None
        self._has_centre = has_centre

    def told(self, *, centre_answers: bool, at: float) -> bool:
        """Whether neighbours are needed now."""
        if not centre_answers:
            self._up_since = None
            self.neighbours_needed = True
        elif self._up_since is None:
            self._up_since = at
        elif self._has_centre and at - self._up_since >= self._steady_s:
            self.neighbours_needed = False
        return self.neighbours_needed


@dataclass(slots=True)
class _Way:
    """A road that is opened and shut: a replication is over when it is stopped, so each opening makes one."""

    peer: PeerSettings
    database: str
    direction: str
    made: Callable[[_Way], Replication]
    replication: Replication | None = None
    thread: threading.Thread | None = None
    last: Status = field(default_factory=Status)

    def open(self) -> None:
        if self.replication is None:
            self.replication = self.made(self)
            name = f"{self.direction} {self.database} {self.peer.node}"
            self.thread = threading.Thread(target=self.replication.run_live, name=name, daemon=True)
            self.thread.start()

    def shut(self) -> threading.Thread | None:
        """Its thread, which ends soon."""
        replication, self.replication = self.replication, None
        if replication is not None:
            replication.stop()
            self.last = replication.status()
        return self.thread

    def status(self) -> Status:
        return self.last if self.replication is None else self.replication.status()


class Roads:
    """All replications of one node, each in its thread, and a probe for each peer. `steady_s`: see `STEADY_S`."""

    def __init__(self, node: Node, *, steady_s: float = STEADY_S) -> None:
        self._node = node
        self._session = node.ids.hex()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._probes: list[RemotePeer] = []
        centre = node.catalog.centre
        has_centre = any(peer.node == centre for peer in node.settings.peers)
        self._preference = Preference(has_centre=has_centre, steady_s=steady_s)
        self._ways: list[_Way] = []
        for peer in node.settings.peers:
            for database in _PULLED:
                self._ways.append(_Way(peer, database, "pull", self._made))
            if peer.node == centre:
                for database in _PUSHED:
                    self._ways.append(_Way(peer, database, "push", self._made))

    def start(self) -> None:
        self._open_and_shut()
        for peer in self._node.settings.peers:
            probe = self._remote(
                peer, "dossiers", connect_s=PROBE_PATIENCE_S, heartbeat_s=PROBE_PATIENCE_S / 2
            )
            self._probes.append(probe)
            thread = threading.Thread(
                target=partial(self._probe, peer, probe), name=f"probe {peer.node}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stopping.set()
        with self._lock:
            for way in self._ways:
                thread = way.shut()
                if thread is not None:
                    self._threads.append(thread)
        for probe in self._probes:
            probe.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def retry(self) -> None:
        """Try every road again at once: somebody plugged a cable in, or pressed the button."""
        for way in self._ways:
            if (replication := way.replication) is not None:
                replication.wake()

    def all(self) -> list[Road]:
        return [
            Road(way.peer.node, way.database, way.direction, way.status(), way.replication is None)
            for way in self._ways
        ]

    def contacts(self) -> list[Contact]:
        return [self._node.contacts.of(peer.node) for peer in self._node.settings.peers]

    # ---- which roads are open

    def _open_and_shut(self) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            for way in self._ways:
                if way.peer.node == self._node.catalog.centre or self._preference.neighbours_needed:
                    way.open()
                else:
                    way.shut()

    def _probe(self, peer: PeerSettings, probe: RemotePeer) -> None:
        """Ask the peer for nothing, again and again: a card is up behind a firewall, an answer is an answer."""
        up = True
        while not self._stopping.is_set():
            try:
                probe.revs_diff({})
            except SyncError as why:
                up = False
                self._node.contacts.lost(peer.node, str(why))
            else:
                if not up:
                    up = True
                    self._wake(peer)
            if peer.node == self._node.catalog.centre:
                before = self._preference.neighbours_needed
                if before != self._preference.told(centre_answers=up, at=time.monotonic()):
                    self._open_and_shut()
            self._stopping.wait(PROBE_S if up else PROBE_S / 2)

    def _wake(self, peer: PeerSettings) -> None:
        for way in self._ways:
            if way.peer == peer and (replication := way.replication) is not None:
                replication.wake()

    # ---- one road

    def _made(self, way: _Way) -> Replication:
        node, peer, database = self._node, way.peer, way.database
        store = node.stores[database]
        here = LocalPeer(store, server_uuid=server_uuid(node.id), source=peer.node)
        there = self._remote(peer, database)
        pull = way.direction == "pull"
        return Replication(
            there if pull else here,
            here if pull else there,
            node_id=node.id,
            session_id=self._session,
            now=node.clock,
            jitter=node.ids.jitter,
            batch=_BATCHES.get(database, BATCH),
            on_refused=partial(self._refused, way),
            refused_before=partial(self._refused_before, way),
            on_accepted=partial(self._accepted, way),
            after_checkpoint=lambda seq: None if pull else self._arrived_there(database, seq),
        )

    def _remote(
        self, peer: PeerSettings, database: str, *, connect_s: float = 5.0, heartbeat_s: float | None = None
    ) -> RemotePeer:
        node = self._node
        return RemotePeer(
            peer.url,
            database,
            user=node.id,
            password=node.keys.password_for(node.id, peer.node),
            connect_s=connect_s,
            heartbeat_s=heartbeat_s or node.settings.heartbeat_ms / 1000,
            heard=lambda: node.contacts.heard(peer.node),
            trusts=partial(node.trusts, peer.node),
        )

    def _arrived_there(self, database: str, seq: object) -> None:
        if database == "dossiers":
            self._node.projector.centre_has(self._node.stores[database].inner_seq(seq))

    # ---- what was refused

    def _refused(self, way: _Way, refusal: Refusal) -> None:
        """Keep what was not taken, until it is or a person dismisses it. Pulled: this node is the one who refuses."""
        refuser = way.peer.node if way.direction == "push" else self._node.id
        with self._node.file.write():
            RefusedDocument.insert(
                key=_key(way, Offered(refusal.id, refusal.rev)),
                peer=refuser,
                document=refusal.id,
                reason=refusal.reason,
                at=timestamp(self._node.clock()),
            ).on_conflict(
                conflict_target=[RefusedDocument.key], update={RefusedDocument.reason: refusal.reason}
            ).execute()

    def _refused_before(self, way: _Way) -> list[Offered]:
        with self._node.file.read():
            rows = RefusedDocument.select().where(
                RefusedDocument.key.startswith(_road(way)), RefusedDocument.dismissed_by == ""
            )
            return [_offered(way, row.key) for row in rows]

    def _accepted(self, way: _Way, accepted: Offered) -> None:
        with self._node.file.write():
            RefusedDocument.delete().where(RefusedDocument.key == _key(way, accepted)).execute()
        if way.direction == "push":
            self._arrived_there(way.database, way.status().source_seq)


def _road(way: _Way) -> str:
    return f"{way.peer.node} {way.database} {way.direction} "


def _key(way: _Way, one: Offered) -> str:
    return f"{_road(way)}{one.id} {one.rev}"


def _offered(way: _Way, key: str) -> Offered:
    doc_id, _, rev = key.removeprefix(_road(way)).rpartition(" ")
    return Offered(doc_id, rev)
