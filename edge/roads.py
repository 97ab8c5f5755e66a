"""The roads to the other nodes: which databases travel, in which direction, and whether the line is up.

| database | from a peer                           | to central           |
|----------|---------------------------------------|----------------------|
| catalog  | every peer may carry it               | what a new one lacks |
| visits   | pulled                                | pushed               |
| dossiers | pulled, but by kiosks and boards      | pushed               |
| files    | fetched where needed (edge.fetching)  | pushed               |

Who the peers are follows from the catalog (`edge.peers`), and is looked at again as it grows. Central is preferred:
while it answers, neighbours rest. When it is lost, within five seconds the neighbours of the building pull from each
other (they need no push), until central has answered steadily again. Each road is a thread with a connection of its
own; those of files yield to all others, and wait while events are copied. The hall's machines (kiosks, boards) keep
the visits, and of dossiers what they wrote themselves.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final, Protocol

from edge.access import NODE, STATE, all_is_sent
from edge.acks import NAME as ACKS
from edge.fetching import Elsewhere, Fetching
from edge.leaving import Holds
from edge.node import Node, server_uuid
from edge.peers import PeerNode, peers_of
from edge.refusals import Refusals
from edge.state import SAID_EVERY_S, state_of
from edge.streams import Streams
from edge.succession import ask_who, give_catalog, is_a_stranger
from edge.unacknowledged import Unacknowledged
from schemas.errors import Malformed
from sync.errors import DiskFull, Refused, SyncError, Unavailable
from sync.peer import EVERYTHING, Chosen, Fetched, LocalPeer
from sync.remote import RemotePeer
from sync.replicator import BATCH, Offered, Replication, State, Status
from sync.sessions import User

PROBE_S: Final = 2.0
PROBE_PATIENCE_S: Final = 2.0
"""A probe that has no answer after this long says that the line is lost: at worst 4 s after it was."""
STEADY_S: Final = 10.0
"""So long must central answer without a break before neighbours rest again: a line that flaps moves nobody."""
CATALOG_S: Final = 1.0
"""So often is it looked whether the catalog knows other machines by now."""
SILENT_S: Final = 30.0
"""So long an address that answers may tell of no acts before the next one is tried; twice as long after each round."""
SILENT_AT_MOST_S: Final = 600.0
ACKS_S: Final = 30.0
"""So often is a machine in contact asked for central's word on what it holds."""
TURN_S: Final = 0.02
_PULLED: Final = ("catalog", "visits", "dossiers")
_PUSHED: Final = ("catalog", "visits", "dossiers", "files")
_BATCHES: Final = {"files": 8}
"""Chunks travel inside their documents: 8 of them are half a MiB, some seconds at 1 Mbit/s."""

_log = logging.getLogger(__name__)


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


class Beside(Protocol):
    """Who keeps roads that lead to no machine."""

    def roads(self) -> Sequence[Road]:
        """Whatever their state; shown behind those to machines."""

    def retry(self) -> None:
        """As `Roads.retry`: at once, instead of when their waiting times end."""


class Preference:
    """Whether neighbours are needed, told by the probes of central. Moments are seconds that only grow."""

    def __init__(self, *, has_centre: bool, steady_s: float = STEADY_S) -> None:
        self.neighbours_needed = not has_centre
        self._steady_s = steady_s
        self._up_since: float | None = None
        self._has_centre = has_centre

    def knows_centre(self, has_centre: bool) -> None:
        """The catalog or the settings say by now whether there is a way to central."""
        self._has_centre = has_centre
        self.neighbours_needed = self.neighbours_needed or not has_centre

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

    line: _Line
    database: str
    direction: str
    made: Callable[[_Way], Replication]
    chosen: Chosen = EVERYTHING
    replication: Replication | None = None
    thread: threading.Thread | None = None
    last: Status = field(default_factory=Status)

    @property
    def peer(self) -> str:
        return self.line.peer.node

    def open(self) -> None:
        if self.replication is None:
            self.replication = self.made(self)
            name = f"{self.direction} {self.database} {self.peer}"
            self.thread = threading.Thread(target=self.replication.run_live, name=name, daemon=True)
            self.thread.start()

    def shut(self) -> threading.Thread | None:
        """Its thread, which ends soon."""
        replication, self.replication = self.replication, None
        if replication is not None:
            replication.stop()
            # whatever it was just doing
            self.last = replace(replication.status(), state=State.STOPPED, failing=False)
        return self.thread

    def status(self) -> Status:
        replication = self.replication  # it may be shut at any moment
        return self.last if replication is None else replication.status()


@dataclass(slots=True)
class _Line:
    """All that goes on with one peer. `at`: which of its addresses is used; `files`: to fetch them from there; `told`:
    that all is sent, to a new central; `silent_since`: since when nothing can be read there; `moves`: how often that had it
    go on to the next address; `stood_at`: when this machine last said how it stands."""

    peer: PeerNode
    at: int = 0
    answers: bool = True
    gone: bool = False
    ways: list[_Way] = field(default_factory=list)
    probe: RemotePeer | None = None
    asked_at: float | None = None
    stood_at: float | None = None
    told: bool = False
    silent_since: float | None = None
    moves: int = 0
    probing: threading.Thread | None = None
    fetching: RemotePeer | None = None

    @property
    def node(self) -> str:
        return self.peer.node

    @property
    def url(self) -> str:
        return self.peer.urls[self.at % len(self.peer.urls)]

    @property
    def files(self) -> RemotePeer:
        if self.fetching is None:
            raise Unavailable("closed")
        return self.fetching


class Roads:
    """All replications of one node, each in its thread, a probe for each peer, and what fetches files.

    `steady_s`: see `STEADY_S`. `found`: by node, the addresses that the building's network tells of. `beside`: who keeps roads
    that are shown with these.
    """

    def __init__(
        self,
        node: Node,
        *,
        steady_s: float = STEADY_S,
        found: Callable[[], Mapping[str, Sequence[str]]] = dict,
        beside: Beside | None = None,
    ) -> None:
        self._node = node
        self._found, self._beside = found, beside
        self._session = node.ids.hex()
        self._stopping = threading.Event()
        self._lock = threading.RLock()
        self._ending: list[threading.Thread] = []
        self._lines: dict[str, _Line] = {}
        centre = node.catalog.centre
        has_centre = any(peer.node == centre for peer in self._peers())
        self._preference = Preference(has_centre=has_centre, steady_s=steady_s)
        self._watching = threading.Thread(target=self._watch, name="peers", daemon=True)
        self.files = Fetching(
            node.archive,
            node.register,
            node.projector,
            node.catalog,
            node=node.id,
            server_uuid=server_uuid(node.id),
            sources=self._sources,
            after_events=self._after_events,
        )
        self.streams = Streams(
            node.file,
            node.stores["dossiers"],
            node.clock,
            server_uuid=server_uuid(node.id),
            sources=self._stream_sources,
            after_events=self._after_events,
        )
        self._looked_at = (
            self._known()
        )  # before it is looked, else what a first probe learns at once is missed
        for peer in self._peers():
            self._lines[peer.node] = self._line(peer)

    def start(self) -> None:
        """Begin to replicate on every line, and to watch which are lost."""
        with self._lock:
            for line in self._lines.values():
                self._start(line)
        self._open_and_shut()
        self._watching.start()
        self.files.start()
        self.streams.start()

    def stop(self) -> None:
        """End every line; what is under way may be cut off, and goes on at the next start."""
        self._stopping.set()
        with self._lock:
            for line in self._lines.values():
                self._end(line)
        self.files.stop()
        self.streams.stop()
        for thread in (*self._ending, self._watching):
            thread.join(timeout=5)

    def retry(self) -> None:
        """Try every road again at once: somebody plugged a cable in, or pressed the button."""
        for way in self._ways():
            if (replication := way.replication) is not None:
                replication.wake()
        self.files.wake()
        if self._beside is not None:
            self._beside.retry()

    def all(self) -> list[Road]:
        """How each line stands, by peer, database and direction."""
        own = [
            Road(way.peer, way.database, way.direction, way.status(), way.replication is None)
            for way in self._ways()
            if way.database != "dossiers" or way.direction == "push" or self._node.window.own.dossiers
        ]
        return own if self._beside is None else [*own, *self._beside.roads()]

    def peers(self) -> tuple[PeerNode, ...]:
        """Those with a line now, whether they answer or not, in the order in which they became known."""
        with self._lock:
            return tuple(line.peer for line in self._lines.values())

    def elsewhere(self) -> list[Elsewhere]:
        """As `Fetching.elsewhere`: in the order in which they are fetched."""
        return self.files.elsewhere()

    # ---- who the peers are

    def _peers(self) -> tuple[PeerNode, ...]:
        return peers_of(self._node.catalog, self._node.settings, self._found())

    def look(self) -> None:
        """Begin with peers that are new, end with those that are none any more."""
        peers = {peer.node: peer for peer in self._peers()}
        with self._lock:
            if self._stopping.is_set():
                return
            for node, line in list(self._lines.items()):
                if node not in peers:
                    self._end(self._lines.pop(node))
                elif line.peer != peers[node]:
                    self._moved(line, peers[node])
            for node, peer in peers.items():
                if node not in self._lines:
                    self._lines[node] = self._line(peer)
                    self._start(self._lines[node])
            self._preference.knows_centre(self._node.catalog.centre in self._lines)
        self._open_and_shut()

    def _watch(self) -> None:
        while not self._stopping.wait(CATALOG_S):
            try:
                if self._looked_at != (known := self._known()):
                    self.look()
                    self._looked_at = known
            except Exception:  # noqa: BLE001 - nobody would miss a thread that ends here
                _log.exception("who the peers are is looked at again")

    def _known(self) -> object:
        return (
            self._node.catalog.number,
            self._node.catalog.centre,
            self._node.acks.turned,
            dict(self._found()),
        )

    def _line(self, peer: PeerNode) -> _Line:
        line = _Line(peer)
        databases = [(database, "pull") for database in _PULLED]
        if peer.node == self._node.catalog.centre:
            databases += [(database, "push") for database in _PUSHED]
        line.ways = [_Way(line, database, direction, self._made) for database, direction in databases]
        return line

    def _start(self, line: _Line) -> None:
        line.fetching = self._remote(line, "files", yielding=True)
        line.probe = self._remote(
            line, "catalog", connect_s=PROBE_PATIENCE_S, heartbeat_s=PROBE_PATIENCE_S / 2
        )
        if line.probing is None:
            line.probing = threading.Thread(
                target=partial(self._probe, line), name=f"probe {line.node}", daemon=True
            )
            line.probing.start()

    def _rest(self, line: _Line) -> None:
        """Shut everything that uses the line's address."""
        for way in line.ways:
            if (thread := way.shut()) is not None:
                self._ending.append(thread)
        for remote in (line.probe, line.fetching):
            if remote is not None:
                remote.close()
        line.probe = line.fetching = None

    def _end(self, line: _Line) -> None:
        line.gone = True
        self._rest(line)
        if line.probing is not None:
            self._ending.append(line.probing)

    def _moved(self, line: _Line, peer: PeerNode) -> None:
        """Other addresses. The one in use stays in use as long as it is among them."""
        before = line.url
        line.peer = peer
        line.at = peer.urls.index(before) if before in peer.urls else 0
        if line.url != before:
            self._rest(line)
            self._start(line)

    def _try_next_address(self, line: _Line, *, silent: bool) -> None:
        with self._lock:
            if line.gone or self._stopping.is_set() or len(line.peer.urls) < 2:
                return
            line.at, line.silent_since, line.moves = line.at + 1, None, line.moves + silent
            self._rest(line)
            self._start(line)
        self._open_and_shut()

    def _ways(self) -> list[_Way]:
        with self._lock:
            return [way for line in self._lines.values() for way in line.ways]

    # ---- which roads are open

    def _open_and_shut(self) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            for line in self._lines.values():
                for way in line.ways:
                    if self._is_of_another_window(way) and (thread := way.shut()) is not None:
                        self._ending.append(thread)
                    if self._is_needed(line) and self._is_read(line, way):
                        way.open()
                    elif (thread := way.shut()) is not None:
                        self._ending.append(thread)
            self._ending = [thread for thread in self._ending if thread.is_alive()]

    def _is_of_another_window(self, way: _Way) -> bool:
        """Whether a road was opened by a card, or a day mark, that no longer counts."""
        if way.direction == "push" or way.replication is None:
            return False
        return way.chosen != self._node.window.chosen(way.database)

    def _is_read(self, line: _Line, way: _Way) -> bool:
        """A kiosk or a board reads no dossiers; nobody does before he knows what is old, if the other side can say it."""
        if way.direction == "push" or way.database != "dossiers":
            return True
        knows = self._node.acks.newest() is not None or line.asked_at is not None
        return knows and self._node.window.own.dossiers

    def _is_needed(self, line: _Line) -> bool:
        return line.node == self._node.catalog.centre or self._preference.neighbours_needed

    def _probe(self, line: _Line) -> None:
        """Ask the peer for nothing, again and again: a card is up behind a firewall, an answer is an answer."""
        while not self._stopping.is_set() and not line.gone:
            probe, up = line.probe, True
            try:
                if probe is not None:
                    probe.revs_diff({})
                    self._ask_what_central_holds(line, probe)
                    self._tell_that_all_is_sent(line, probe)
                    self._tell_how_it_stands(line, probe)
            except SyncError as why:
                if probe is not line.probe:  # closed by us, and another address is used by now
                    continue
                up = False
                self._node.contacts.lost(line.node, str(why))
                if line.node == self._node.catalog.centre and is_a_stranger(why):
                    self._meet(line)
            except Exception:  # noqa: BLE001 - a fault here says nothing of the line
                _log.exception("%s is asked again", line.node)
                up = line.answers
            woken, line.answers = up and not line.answers, up
            if woken:
                self._wake(line)
            if line.node == self._node.catalog.centre:
                before = self._preference.neighbours_needed
                if before != self._preference.told(centre_answers=up, at=time.monotonic()):
                    self._open_and_shut()
            silent = up and self._is_silent(line)
            if not up or silent:
                self._try_next_address(line, silent=silent)
            self._stopping.wait(PROBE_S if up else PROBE_S / 2)

    def _is_silent(self, line: _Line) -> bool:
        """Whether for half a minute acts could not be read at an address that answers: a front may be behind, and another one not.

        Where all are, or the fault is here, it is left less and less often."""
        pulled = [
            way.status()
            for way in line.ways
            if way.direction == "pull" and way.database != "files" and way.replication is not None
        ]
        if self._node.disk.space().full or not any(one.failing for one in pulled):
            line.silent_since = None
            if pulled and all(one.last_success for one in pulled):
                line.moves = 0
            return False
        now = time.monotonic()
        if line.silent_since is None:
            line.silent_since = now
        rounds = line.moves // len(line.peer.urls)
        return now - line.silent_since > min(SILENT_S * 2.0 ** min(rounds, 10), SILENT_AT_MOST_S)

    def _ask_what_central_holds(self, line: _Line, probe: RemotePeer) -> None:
        """At every contact, and then now and then: whoever has central's newest word passes it on."""
        now = time.monotonic()
        if line.asked_at is not None and now - line.asked_at < ACKS_S and line.answers:
            return
        document = probe.get_local(ACKS)
        if document is not None:
            try:
                self._node.acks.take(document)
            except Malformed as why:  # of a central, or of a key, that the catalog here does not know (yet)
                _log.warning("%s says what central holds, not believed: %s", line.node, why)
            except DiskFull as why:  # the line is up: what lies on a full disk must get off it
                _log.warning("what central holds is noted later: %s", why)
        first, line.asked_at = line.asked_at is None, now
        if first:
            self._open_and_shut()

    def _tell_that_all_is_sent(self, line: _Line, probe: RemotePeer) -> None:
        """To a new central, which takes over when everybody has brought what they have; files may come later."""
        catalog = self._node.catalog
        if line.told or line.node != catalog.centre or catalog.seated == catalog.centre:
            return
        ways = [way for way in line.ways if way.direction == "push" and way.database != "files"]
        if ways and all(way.status().state is State.WAITING for way in ways):
            probe.put_local(*all_is_sent(self._node.id, to=line.node, catalog=catalog.name))
            line.told = True

    def _tell_how_it_stands(self, line: _Line, probe: RemotePeer) -> None:
        """To central, at every contact and then now and then: what this machine says of itself."""
        now = time.monotonic()
        if line.node != self._node.catalog.centre:
            return
        if line.stood_at is not None and now - line.stood_at < SAID_EVERY_S and line.answers:
            return
        state = state_of(self._node, files_elsewhere=len(self.elsewhere()))
        try:
            probe.put_local(f"{STATE}{self._node.id}", state.document())
        except Refused as why:  # a central of another version may not take it
            _log.info("%s does not take what this machine says of itself: %s", line.node, why)
        line.stood_at = now

    def _meet(self, line: _Line) -> None:
        """Somebody else answers where central was: perhaps a new central. Roads to it are made by `look`."""
        shown = ask_who(line.url)
        if shown is None:
            return
        try:
            self._node.hears_of_central(shown.card)
        except DiskFull as why:  # it answers at the next try too
            _log.warning("a new central answers at %s, and it could not be noted: %s", line.url, why)
            return
        if shown.collects and shown.card.get("node") == self._node.catalog.centre:
            give_catalog(line.url, self._node)  # else it may not know this machine, and let it in

    def _wake(self, line: _Line) -> None:
        for way in line.ways:
            if (replication := way.replication) is not None:
                replication.wake()
        self.files.wake()

    # ---- files, after everything else

    def _sources(self) -> list[_Line]:
        """Whom files may be asked of: central first, and neighbours while roads to them are open."""
        with self._lock:
            return [
                line
                for line in self._lines.values()
                if line.answers and line.fetching is not None and self._is_needed(line)
            ]

    def _stream_sources(self) -> list[_Asked]:
        """Whom streams may be asked of; nobody asks for dossiers who may have none."""
        if not self._node.window.own.dossiers:
            return []
        return [_Asked(line.node, partial(self._remote_for, line)) for line in self._sources()]

    def _remote_for(self, line: _Line, chosen: Chosen) -> RemotePeer:
        return self._remote(line, "dossiers", connect_s=PROBE_PATIENCE_S, chosen=chosen)

    def centre_holds(self) -> Holds | None:
        """How central is asked whether it has files; None while it does not answer."""
        line = next((one for one in self._sources() if one.node == self._node.catalog.centre), None)
        if line is None:
            return None
        return lambda wanted: not line.files.revs_diff(wanted)

    def _after_events(self) -> None:
        """Return when no road has events to copy, or the node stops."""
        while not self._stopping.is_set() and any(
            way.database != "files" and way.status().state is State.COPYING for way in self._ways()
        ):
            self._stopping.wait(TURN_S)

    # ---- one road

    def _made(self, way: _Way) -> Replication:
        node, database = self._node, way.database
        here = Here(node, database, source=way.peer, after_events=self._after_events)
        pull = way.direction == "pull"
        way.chosen = node.window.chosen(database) if pull else EVERYTHING
        there = self._remote(way.line, database, yielding=database == "files", chosen=way.chosen)
        refusals = Refusals(
            node.file,
            node.clock,
            peer=way.peer,
            database=database,
            direction=way.direction,
            refuser=node.id if pull else way.peer,
        )
        return Replication(
            there if pull else here,
            here if pull else there,
            node_id=node.id,
            session_id=self._session,
            now=node.clock,
            jitter=node.ids.jitter,
            batch=_BATCHES.get(database, BATCH),
            on_refused=refusals.note,
            refused_before=refusals.before,
            on_accepted=partial(self._accepted, way, refusals),
            unacknowledged=None if pull else Unacknowledged(node.file, database),
            after_checkpoint=lambda seq: None if pull else self._arrived_there(database, seq),
        )

    def _remote(
        self,
        line: _Line,
        database: str,
        *,
        connect_s: float = 5.0,
        heartbeat_s: float | None = None,
        yielding: bool = False,
        chosen: Chosen = EVERYTHING,
    ) -> RemotePeer:
        node, peer = self._node, line.peer
        return RemotePeer(
            line.url,
            database,
            user=node.id,
            password=node.keys.password_for(node.id, peer.node),
            yielding=yielding,
            chosen=chosen,
            connect_s=connect_s,
            heartbeat_s=heartbeat_s or node.settings.heartbeat_ms / 1000,
            heard=lambda: node.contacts.heard(peer.node),
            trusts=partial(node.trusts, peer.node),
            dated=self._measured,
        )

    def _measured(self, date: str) -> None:
        """The clocks are compared at every contact, before anything else."""
        with contextlib.suppress(TypeError, ValueError):
            self._node.hour.measured(parsedate_to_datetime(date))

    def _arrived_there(self, database: str, seq: object) -> None:
        if database == "dossiers":
            self._node.projector.centre_has(self._node.stores[database].inner_seq(seq))
        elif database == "visits":
            self._node.visits.centre_has(self._node.stores[database].inner_seq(seq))

    def _accepted(self, way: _Way, refusals: Refusals, accepted: Offered) -> None:
        refusals.accepted(accepted)
        if way.direction == "push":
            self._arrived_there(way.database, way.status().source_seq)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Somebody who is asked for single streams, over a connection of its own."""

    node: str
    asked: Callable[[Chosen], RemotePeer]


class Here(LocalPeer):
    """This node's side of a road. Files are given away only while no event has to be.

    What has left because it was old is not missing here, when a neighbour has it still. Central knows better.
    """

    def __init__(
        self, node: Node, database: str, *, source: str, after_events: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(node.stores[database], server_uuid=server_uuid(node.id), source=source)
        self._after_events = after_events if database == "files" else lambda: None
        self._known = node.leaving.known if database == "dossiers" and source != node.catalog.centre else None

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Without what has left here because it was old, unless it is central that offers it."""
        missing = super().revs_diff(wanted)
        if self._known is not None and missing:
            for doc_id in self._known(missing):
                del missing[doc_id]
        return missing

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        """Of `files`: waits first until no road has events to copy."""
        self._after_events()
        return super().bulk_get(wanted)


def shown_to(reader: Node, source: Node, database: str) -> LocalPeer:
    """A database of a node as another one sees it over a line, where both are in one process."""
    store = source.window.seen_by(User(reader.id, (NODE,)), source.stores[database])
    return LocalPeer(
        store,
        server_uuid=server_uuid(source.id),
        source=reader.id,
        chosen=reader.window.chosen(database),
        filters=source.window.filters(source.window.scope(reader.id)),
    )
