"""A central whose documents lie in an Apache CouchDB cluster. decisions/0051.

Machines meet a front (`sync.front`), which keeps nothing: what it acknowledges, the cluster keeps. Central itself follows the
cluster into its own files, in which everything is folded and shown as ever, and brings there what is written at central.
So pages do not wait for the cluster, and work while it is away; machines hear 503 then, and work by themselves.

Other machines may be fronts too (`central.outpost`): what they have in common with central is here (`Fronting`).

| what                        | lies                                  | goes                                      |
|-----------------------------|---------------------------------------|-------------------------------------------|
| acts, entries, files        | in the cluster, and a copy at central | both ways, as between any two peers       |
| checkpoints of machines     | in the cluster                        | nowhere                                   |
| what machines say of        | in the cluster, and at central        | to central as it comes through its front, |
| themselves                  |                                       | or from the cluster (`central.hearing`)   |
| central's word on what it   | at central                            | to the cluster, where machines ask for it |
| holds                       |                                       |                                           |
| what the law takes away     | nowhere                               | from central's files and from the cluster |
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from werkzeug.wrappers import Response

from central.errors import AnotherCentre
from central.hearing import Hearing
from edge.access import SENT, STATE, Access
from edge.acks import NAME as ACKS
from edge.admission import Admission
from edge.errors import CannotStart
from edge.node import DATABASES, Node, server_uuid
from edge.projector import waiting_since
from edge.redaction import FILE
from edge.refusals import Refusals
from edge.roads import Road
from edge.settings import NodeSettings
from edge.succession import CENTRE
from edge.tables.departed import Erased
from edge.tables.exchange import Copy
from edge.unacknowledged import Unacknowledged
from schemas.catalog import Catalog
from schemas.events import Document, timestamp
from sync.behind import Judge
from sync.checkpoints import FROM_THE_START
from sync.documents import Json, dump, load, said_in
from sync.errors import NotFound, SyncError, Unavailable
from sync.front import Front
from sync.peer import LocalPeer
from sync.remote import CONNECT_S, PATIENCE_S, RemoteDatabase, RemotePeer
from sync.replicator import BATCH, Replication, State
from sync.web_server import WsgiApp
from sync.writing import WriteRules

PEER: Final = "couchdb"
"""How the cluster is called where the other end of a road is a machine."""
LOOK_S: Final = 2.0
LATER_S: Final = 2
STOP_S: Final = 5.0
PLACED_WITHIN: Final = timedelta(minutes=2)
"""So long readers stay before an act that came here before what it rests on: shards of a cluster tell in any order, and the
catalog comes by a road of its own. What it rests on may never come, and they cannot wait for ever."""
HEARS_WITHIN_S: Final = 1.0
"""So long a copy of the cluster may take to hear of what the others have."""
DIRECTIONS: Final = ("pull", "push")
ACTS: Final = (("catalog", "pull"), ("dossiers", "pull"))
"""What a front must have followed to know whose an act is."""
_BATCHES: Final = {"files": 64}
"""Chunks travel inside their documents: 64 of them are 4 MiB."""
_SAME: Final = 1000
_PAGE: Final = 500
_AT_ONCE: Final = 100
"""So many documents a cluster purges at a time."""
_ROUNDS: Final = 5
_MOST_HELD: Final = 10_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lines:
    """How the cluster is reached. `prefix`: what its names of our databases begin with."""

    url: str
    prefix: str
    user: str
    password: str
    heartbeat_s: float

    def database(self, name: str) -> RemoteDatabase:
        """To ask as machines ask us, whatever they ask. Nothing is said there before the first question."""
        return RemoteDatabase(
            self.url,
            self.prefix + name,
            user=self.user,
            password=self.password,
            patience_s=min(PATIENCE_S, max(CONNECT_S, 1.5 * self.heartbeat_s)),
        )

    def peer(self, name: str) -> RemotePeer:
        """One end of a replication; the connections are its own, so whoever took it closes it."""
        there = self.prefix + name
        return RemotePeer(
            self.url, there, user=self.user, password=self.password, heartbeat_s=self.heartbeat_s
        )

    def secret(self, root: bytes, centre: str) -> bytes:
        """With which fronts sign sessions: the same for all of one centre who sign in at the cluster alike, whatever machine
        they are on. Not for those of another centre, whose machines may have the same names, nor where another cluster
        has the same account; nor before a new central, of which machines hear when they are not known any more.
        `root`: the certificate of the centre's authority; `centre`: who is central now.

        Slow to find out the password from, for whoever has a session of his own.
        """
        salt = (
            b"motcua/front/sessions/2\n"
            + hashlib.sha256(root).digest()
            + f"{centre}\n{self.user}\n{self.prefix}".encode()
        )
        return hashlib.scrypt(self.password.encode(), salt=salt, n=2**15, r=8, p=1, maxmem=2**26, dklen=32)


def lines_of(node: Node) -> Lines:
    """Raises `CannotStart` for an edge, and for credentials that cannot be read."""
    if not (node.is_centre or node.card.front):
        raise CannotStart(f"{node.id} is an edge: only central and its fronts have documents in CouchDB")
    return lines_by(node.settings, node.folder.path)


def lines_by(settings: NodeSettings, folder: Path) -> Lines:
    """What the settings of the node in a folder say. Raises `CannotStart`."""
    couchdb = settings.couchdb
    if couchdb is None:
        raise CannotStart(f"{settings.node} has no section [couchdb] that says where documents lie")
    user, password = couchdb.login(folder)
    return Lines(couchdb.url, couchdb.database_prefix, user, password, settings.heartbeat_ms / 1000)


def meet(node: Node, lines: Lines) -> bool:
    """Make the databases that are not there; whether there were any. Raises `SyncError`, and `AnotherCentre` for those of
    somebody else."""
    made = False
    for name in DATABASES:
        with closing(lines.peer(name)) as peer:
            if not is_there(peer):
                peer.create()
                made = True
            if name == "catalog":
                require_ours(node, peer)
    return made


def is_there(peer: RemotePeer) -> bool:
    """Whether there is such a database. Raises `SyncError`."""
    try:
        peer.revs_diff({})
    except NotFound:
        return False
    return True


def require_ours(node: Node, there: RemotePeer) -> None:
    """Entries of one catalog are at both ends, or at one end only. Raises `SyncError`, `AnotherCentre`."""
    store = node.stores["catalog"]
    ours = {one.id: [str(leaf.rev) for leaf in one.leaves] for one in store.changes(0, limit=_SAME)}
    if ours:
        others = len(there.revs_diff(ours)) == len(ours) and _has_entries(there)
    else:  # a new central that collects: by whose authority is the one before it?
        catalog = Catalog(node.folder.root.read_bytes())
        meet_centrals(catalog, there)
        others = catalog.centre is None and _has_entries(there)
    if others:
        raise AnotherCentre(
            f"the databases at {node.settings.couchdb and node.settings.couchdb.url} are those of another centre:"
            " nothing was copied; correct `url` in the settings, or give this centre a `database_prefix` of its own"
        )


def _has_entries(there: RemotePeer) -> bool:
    return bool(there.changes(FROM_THE_START, limit=1, wait_s=0).changes)


def meet_centrals(catalog: Catalog, there: RemotePeer) -> None:
    """Hear of every central before anything is judged: a cluster gives entries in whatever order. Raises `SyncError`."""
    since, more = FROM_THE_START, True
    while more:
        page = there.changes(since, limit=_PAGE, wait_s=0)
        found: list[Document] = [
            one.document
            for one in there.bulk_get([(change.id, "") for change in page.changes])
            if one.document is not None
        ]
        for document in found:
            catalog.introduce(document)
        since, more = page.last_seq, len(page.changes) > 0


def copying(
    node: Node,
    lines: Lines,
    database: str,
    direction: str,
    *,
    session: str,
    after_checkpoint: Callable[[], None] = lambda: None,
) -> Replication:
    """Of one database, `pull` from the cluster or `push` to it; what is refused is listed."""
    here = LocalPeer(node.stores[database], server_uuid=server_uuid(node.id), source=PEER)
    there, pull = lines.peer(database), direction == "pull"
    refusals = _refusals(node, database, direction)
    return Replication(
        there if pull else here,
        here if pull else there,
        node_id=node.id,
        session_id=session,
        now=node.clock,
        jitter=node.ids.jitter,
        batch=_BATCHES.get(database, BATCH),
        on_refused=refusals.note,
        refused_before=refusals.before,
        on_accepted=refusals.accepted,
        unacknowledged=None if pull else Unacknowledged(node.file, database),
        after_checkpoint=lambda seq: after_checkpoint(),
    )


def _refusals(node: Node, database: str, direction: str) -> Refusals:
    refuser = node.id if direction == "pull" else PEER
    return Refusals(node.file, node.clock, peer=PEER, database=database, direction=direction, refuser=refuser)


@dataclass(frozen=True, slots=True)
class _Way:
    database: str
    direction: str
    replication: Replication
    thread: threading.Thread


class Fronting(ABC):
    """A running node before the cluster: the front that machines meet, and what follows the cluster into the node's own stores.

    `documents` is what machines speak to. `ways`: which databases are copied, and in which direction. Raises `CannotStart` as
    `lines_of`.
    """

    ways: tuple[tuple[str, str], ...]

    def __init__(self, node: Node) -> None:
        self._node, self._lines = node, lines_of(node)
        self._databases = {name: self._lines.database(name) for name in DATABASES}
        self._probe = self._lines.peer("catalog")
        self._session = node.ids.hex()
        self._ways: tuple[_Way, ...] = ()
        self._front: Front | None = None
        self._admission = Admission(
            node.catalog, node.waits, node=node.id, erased=lambda name: node.redactions.erased(name)
        )
        self._judging = threading.Lock()
        self._pulled = _refusals(node, "dossiers", "pull")
        self._held: set[tuple[str, ...]] = set()
        self._holds = self._is_filled = False
        self._met, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name="couchdb", daemon=True)
        node.documents_away = self.away

    def start(self) -> None:
        """Returns at once, whether the cluster answers or not: `away` tells, and it is tried until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Feeds end too."""
        self._stopping.set()
        if self._front is not None:
            self._front.close()
        self._probe.close()
        ways = self._ways
        for way in ways:
            way.replication.stop()
        for thread in (self._thread, *(way.thread for way in ways)):
            if thread.ident is not None:
                thread.join(timeout=STOP_S)
        for database in self._databases.values():
            database.close()

    # ---- what machines speak to

    def documents(self, access: Access) -> WsgiApp:
        """The databases of central, as its peers see them. Until those behind are found to be ours, nobody is let in."""
        node = self._node
        self._front = front = Front(
            self._databases,
            uuid=server_uuid(node.serves_as),
            authenticate=access.authenticate,
            authorize=access.authorize,
            secret=self._lines.secret(node.folder.root.read_bytes(), node.serves_as),
            new_id=node.ids.hex,
            now=node.clock,
            rules=self._rules(),
            judges=self._judges(),
            known={"dossiers": self._known},
            held=self._note_held,
            noted=self._noted,
            filters=node.window.filters_over_the_line(),
            narrowed=node.window.narrowed,
            own_notes=(ACKS, CENTRE),
            yielding=("files",),
        )

        def answering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            why = ""
            if not self._met.is_set():
                why = "the documents are out of reach"
            elif environ["PATH_INFO"] == "/dossiers/_changes":
                why = self._keeps_back()
            if not why:
                return front.app(environ, start_response)
            said = {"error": "service_unavailable", "reason": why}
            headers = {"Retry-After": str(LATER_S)}
            return Response(dump(said), 503, headers, mimetype="application/json")(environ, start_response)

        return answering

    def _rules(self) -> Mapping[str, WriteRules]:
        """What nobody here can judge yet counts against the cluster, from which it will come: all machines together may have so
        much of it as each has elsewhere."""
        return {name: partial(self._alone, rule, source=PEER) for name, rule in self._by_database().items()}

    def _judges(self) -> Mapping[str, Judge]:
        return {name: partial(self._alone, rule, source="") for name, rule in self._by_database().items()}

    def _by_database(self) -> Mapping[str, WriteRules]:
        rules = self._admission
        return {
            "catalog": rules.catalog,
            "dossiers": rules.events,
            "visits": rules.singly,
            "files": rules.files,
        }

    def _alone(
        self, rule: WriteRules, documents: Sequence[Json], _by: str | None = None, *, source: str
    ) -> Sequence[str | None]:
        with self._judging:
            return rule(documents, source)

    def _known(self, ids: Sequence[str]) -> Mapping[str, bool]:
        """What is folded here, and what will not be: a reader must not wait for that. False for what has only just come or been
        refused, and waits for something that may be on its way."""
        node, now = self._node, self._node.clock()
        lately, until = timestamp(now - PLACED_WITHIN), timestamp(now)
        stored = node.stores["dossiers"].summaries(ids).keys()
        hashes = {one.partition(":")[2]: one for one in stored}
        waiting = waiting_since(node.file, list(hashes), lately, until)
        known = {one: event_hash not in waiting for event_hash, one in hashes.items()}
        known |= self._pulled.of([one for one in ids if one not in stored], lately, until)
        if not all(known.values()):
            self._holds = True
        return known

    def _note_held(self, *told: str) -> None:
        """It is listed by who follows, whom the same rules keep from taking it."""
        if told not in self._held and len(self._held) < _MOST_HELD:
            self._held.add(told)
            log.warning("%s has %s %s, which nobody gets: %s", *told)

    @abstractmethod
    def _noted(self, database: str, local_id: str, note: Json) -> None:
        """What somebody leaves here, on its way to the cluster."""

    def _keeps_back(self) -> str:
        """Why no acts are told of here, which are in the cluster and another front may know; "" while they are.

        Not before all have been fetched once: in what order a cluster gives many, nobody can say."""
        if not self._is_filled:
            acts = [road for road in self.roads() if (road.database, road.direction) in ACTS]
            self._is_filled = bool(acts) and all(
                road.status.last_success is not None and road.status.behind_since is None for road in acts
            )
        return "" if self._is_filled else f"what lies there is still being fetched{self._left()}"

    def _left(self) -> str:
        pending = sum(road.status.pending or 0 for road in self.roads() if road.direction == "pull")
        return f", {pending:,} changes are left" if pending else ""

    # ---- how it stands

    def roads(self) -> list[Road]:
        """In the order of `ways`, each as it is now; none until the cluster was met for the first time."""
        return [Road(PEER, way.database, way.direction, way.replication.status()) for way in self._ways]

    def retry(self) -> None:
        """Do not wait for the next try, on any road; from any thread."""
        for way in self._ways:
            way.replication.wake()

    def away(self) -> str:
        """Why documents cannot be written or read there; "" while they can."""
        contact = self._node.contacts.of(PEER)
        if contact.lost_since is not None and not (contact.settling and not contact.why):
            return contact.why or "it says nothing"
        for road in self.roads():
            if road.status.state in (State.REFUSED, State.BROKEN):
                return f"{road.database}, {road.direction}: {road.status.last_error}"
        return ""

    # ---- what goes on

    def _keep(self) -> None:
        reached = True
        while not self._stopping.is_set():
            try:
                if not self._met.is_set():
                    self._meet()
                self._look()
            except Exception as why:  # who looks after the cluster must go on, whatever it was
                if self._stopping.is_set():
                    return
                if not isinstance(why, (SyncError, AnotherCentre)):
                    log.exception("looking after CouchDB is tried again")
                if reached:
                    log.warning("CouchDB is out of reach, and machines work by themselves: %s", why)
                reached = self._is_filled = False
                self._node.contacts.lost(PEER, str(why))
            else:
                self._node.contacts.heard(PEER)
                if not reached:
                    log.warning("CouchDB is back")
                    self.retry()
                reached = True
            if self._holds:
                self._holds = False
                self._folded()
            self._stopping.wait(LOOK_S)

    def _meet(self) -> None:
        self._greet()
        self._met.set()  # before there are roads: who sees those may count on being let in
        self._open()

    @abstractmethod
    def _greet(self) -> None:
        """Find that the databases there are ours. Raises `SyncError`, `AnotherCentre`."""

    @abstractmethod
    def _look(self) -> None:
        """What is done now and then while the cluster answers. Raises `SyncError`, `AnotherCentre`."""

    def _open(self) -> None:
        """All roads, from what both ends remember of them."""
        for way in self._ways:
            way.replication.stop()
            way.thread.join(timeout=STOP_S)
        ways = []
        for name, direction in self.ways:
            waited_for = (name, direction) == ("dossiers", "pull")
            replication = copying(
                self._node,
                self._lines,
                name,
                direction,
                session=self._session,
                after_checkpoint=self._folded if waited_for else lambda: None,
            )
            thread = threading.Thread(
                target=replication.run_live, name=f"{direction} {name} {PEER}", daemon=True
            )
            ways.append(_Way(name, direction, replication, thread))
        self._ways = tuple(ways)
        for way in ways:
            if not self._stopping.is_set():
                way.thread.start()

    def _folded(self) -> None:
        """Who waits until it is known whose an act is looks again."""
        if self._front is not None:
            self._front.ring("dossiers")

    def _lacks_databases(self) -> bool:
        """Whether a road was refused: somebody may have taken databases away there."""
        return any(road.status.state is State.REFUSED for road in self.roads())


class Cluster(Fronting):
    """Of a running central."""

    ways = tuple((name, direction) for name in DATABASES for direction in DIRECTIONS)

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._files = self._databases["files"]
        self._told: object = None
        self._introduced = False
        self._erased = 0
        self._refused_files = _refusals(node, "files", "pull")
        self._hearing = Hearing(node, self._lines.peer("catalog"))
        node.documents_behind = self.behind

    def start(self) -> None:
        """Also forgets checkpoints that machines had at central before its documents lay in a cluster."""
        with suppress(Unavailable), self._node.file.write():
            Copy.delete().execute()  # of checkpoints that machines had here, before: they lie in the cluster now
        super().start()
        self._hearing.start()

    def stop(self) -> None:
        """As of any front; first central asks no more what machines say of themselves."""
        self._hearing.stop()
        super().stop()

    def behind(self, patience_s: float) -> str:
        """What of the cluster is not here yet, asked there; "" when all acts and entries are. Files are no acts.

        It has to say twice that there is nothing: a copy may hear a moment later than the two that acknowledged.
        """
        end, heard = time.monotonic() + patience_s, 0
        while True:
            lacking = self._lacking()
            heard = 0 if lacking else heard + 1
            if heard == 2 or (lacking and time.monotonic() >= end):
                return lacking
            self._stopping.wait(0.1 if lacking else HEARS_WITHIN_S)

    def _lacking(self) -> str:
        following = [one for one in self.roads() if one.direction == "pull" and one.database != "files"]
        for road in following:
            try:
                with closing(self._lines.peer(road.database)) as there:
                    page = there.changes(road.status.source_seq, limit=1, wait_s=0)
            except SyncError as why:
                return f"{road.database}: {why}"
            if page.changes:
                return f"{road.database}, {(page.pending or 0) + 1:,} changes are left"
        return "" if following else "it was not met yet"

    def _noted(self, database: str, local_id: str, note: Json) -> None:
        """Central's own copy of what machines say to it: what they said to the one before it lies in the cluster too."""
        if database == "catalog" and local_id.startswith((STATE, SENT)):
            self._node.stores["catalog"].put_local(local_id, said_in(note))

    def _greet(self) -> None:
        meet(self._node, self._lines)

    def _open(self) -> None:
        self._told, self._introduced = None, False
        super()._open()

    def _look(self) -> None:
        if self._lacks_databases() and meet(self._node, self._lines):
            log.warning("databases in CouchDB were gone: they are filled again from here")
            self._open()
        self._probe.revs_diff({})
        self._tell_who_is_central()
        self._tell_what_central_holds()
        self._erase()

    def _tell_who_is_central(self) -> None:
        """To fronts elsewhere, before this one's first word in the catalog."""
        if self._introduced or not self._node.folder.succession.exists():
            return
        self._leave(CENTRE, {"card": load(self._node.folder.succession.read_bytes())})
        self._introduced = True

    def _tell_what_central_holds(self) -> None:
        said = self._node.acks.document()
        if said is not None and said != self._told:
            self._leave(ACKS, said)
            self._told = said

    def _leave(self, name: str, said: Json) -> None:
        """A note of central's own, unless it says so already."""
        there = self._probe.get_local(name)
        if there is None or {one: there.get(one) for one in said} != said:
            self._probe.put_local(name, said if there is None else {**said, "_rev": there["_rev"]})

    def _erase(self) -> None:
        """Files that the law takes away. The data of acts go with their second revision, which is copied there."""
        node = self._node
        redacted = [one for one in node.catalog.trust.redacted if one.startswith(FILE)]
        with node.file.read():
            is_done = len(redacted) + Erased.select().count() == self._erased
            names = [] if is_done else redacted + [row.name for row in Erased.select()]
        if is_done:
            self._erase_what_came_back()
            return
        portions = (names[first : first + _AT_ONCE] for first in range(0, len(names), _AT_ONCE))
        if not [some for some in portions if not self._is_purged(some)]:  # each is tried
            self._erased = len(names)

    def _is_purged(self, names: Sequence[str]) -> bool:
        """A document may have several leaves; and some copy may not have heard of it, which is asked again later."""
        return any(not self._purged(names) for _ in range(_ROUNDS))

    def _erase_what_came_back(self) -> None:
        """What a machine brought through a front which could not know it: central would not take it."""
        redacted, erased = self._node.catalog.trust.redacted, self._node.redactions.erased
        gone = [one for one in self._refused_files.before() if one.id in redacted or erased(one.id)]
        for first in range(0, len(gone), _AT_ONCE):
            some = gone[first : first + _AT_ONCE]
            self._purged([one.id for one in some])
            for one in some:
                self._refused_files.accepted(one)

    def _purged(self, names: Sequence[str]) -> bool:
        """Whether there was anything to purge, and it was."""
        found = self._asked("_all_docs", {"keys": names})
        wanted = {
            str(row["id"]): [str(row["value"]["rev"])]
            for row in found.get("rows", ())
            if isinstance(row.get("value"), dict) and not row["value"].get("deleted")
        }
        wanted = {
            name: revs
            for name, revs in wanted.items()
            if name.startswith(FILE) or self._node.redactions.erased(name)
        }
        if wanted:
            self._asked("_purge", wanted)
        return bool(wanted)

    def _asked(self, path: str, body: Json) -> Json:
        said = self._files.ask("POST", (path,), data=dump(body))
        if said.status not in (200, 201, 202):
            raise Unavailable(f"what the law takes away is still there: {path} is answered {said.status}")
        return said.read(dict[str, Any])
