"""The same centre beyond one machine: `--documents couchdb --projections postgresql`, with any tests.

Every central that a test opens or starts has its documents behind a front then, and its projections in a database of Debian's
PostgreSQL. No test says so, and none says anything else than without.

| `--documents`    | what stands for the cluster                                                                     |
|------------------|-------------------------------------------------------------------------------------------------|
| `couchdb`        | the CouchDB of `MOTCUA_COUCHDB_URL` where it is given; else our bare server, one for each central |
| `pouchdb-server` | PouchDB Server from npm, one for all centrals of a process of tests                             |

Where one server is for all, the databases of each central have a prefix of their own (`database_prefix`), and are deleted after it.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
import psycopg
from argon2 import PasswordHasher

from central.cluster import PEER, Cluster, Lines, is_there
from edge.access import Access
from edge.node import DATABASES, Node
from edge.postgres.connection import understood
from edge.postgres.following import follow
from edge.postgres.reading import Source
from edge.settings import CouchdbSettings, NodeSettings, read_settings, write_settings
from sync.digests import differences
from sync.peer import Chosen, LocalPeer, Peer
from sync.remote import HEARTBEAT_S, RemotePeer
from sync.tls import is_loopback
from tests.bench import peers
from tests.fronts.stand_in import ADMIN, StandIn, settings_for
from tests.postgres import Postgres, a_server
from tests.sync.lines import line_to
from tests.sync.servers import Http
from tests.waiting import until

_T = TypeVar("_T")


class Run:
    """What this run of tests was told. One server of PostgreSQL, and one that is for the documents of all centrals if there is any,
    for each of its processes, from when it is first needed."""

    def __init__(self) -> None:
        self.documents = self.projections = "embedded"
        self._closing = contextlib.ExitStack()
        self._server: Postgres | None = None
        self._documents: peers.Peer | None = None

    @property
    def is_large(self) -> bool:
        return (self.documents, self.projections) != ("embedded", "embedded")

    @property
    def postgres(self) -> Postgres:
        if self._server is None:
            self._server = self._closing.enter_context(a_server())
        return self._server

    @property
    def server(self) -> peers.Peer | None:
        """Where the documents of all centrals lie; None where each has a bare server of its own."""
        if self._documents is None and self.documents == "couchdb":
            self._documents = peers.couchdb_elsewhere()
        if self._documents is None and self.documents == "pouchdb-server":
            folder = Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="pouchdb-server")))
            self._documents = self._closing.enter_context(peers.pouchdb_server(folder, ADMIN))
        return self._documents

    def close(self) -> None:
        self._closing.close()


RUN: Final = Run()


def here(act: Callable[[], _T]) -> _T:
    return act()


# ---- where documents lie


class Documents(Protocol):
    """Of one central, in what stands for a cluster. `settings`: as its front is told."""

    settings: CouchdbSettings

    def peer(self, name: str) -> Peer | None:
        """One of its databases; None while nobody has made it."""

    def written(self, name: str) -> object:
        """Something that changes whenever a database does."""


class _OfItsOwn:
    """In a bare server that nobody else uses."""

    def __init__(self, cluster: StandIn, folder: Path) -> None:
        self._cluster, self.settings = cluster, settings_for(cluster.url, folder)

    def peer(self, name: str) -> Peer | None:
        store = self._cluster.store(name)
        return None if store is None else LocalPeer(store, server_uuid=store.name, source=PEER)

    def written(self, name: str) -> object:
        store = self._cluster.store(name)
        return None if store is None else store.published


class _AmongOthers:
    """In a server that has the databases of other centrals too. `url`: where its front reaches it."""

    def __init__(self, server: peers.Peer, url: str, folder: Path) -> None:
        assert server.user is not None, "MOTCUA_COUCHDB_URL needs its admin's name and password"
        assert server.password is not None
        prefix = f"motcua-{secrets.token_hex(6)}-"
        settings = settings_for(url, folder, server.user, server.password)
        self.settings = msgspec.structs.replace(settings, database_prefix=prefix)
        lines = Lines(server.url, prefix, server.user, server.password, HEARTBEAT_S)
        self._peers = {name: lines.peer(name) for name in DATABASES}
        self._databases = {name: lines.database(name) for name in DATABASES}

    def close(self) -> None:
        for name, database in self._databases.items():
            assert database.ask("DELETE").status in (200, 202, 404)
            database.close()
            self._peers[name].close()

    def peer(self, name: str) -> Peer | None:
        there = self._peers[name]
        return there if is_there(there) else None

    def written(self, name: str) -> object:
        said = self._databases[name].ask("GET")
        return said.read(dict[str, Any])["update_seq"] if said.status == 200 else None


@contextlib.contextmanager
def _documents(at: Callable[[Callable[[], Any]], Any]) -> Iterator[Documents]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cluster")))
        made: _OfItsOwn | _AmongOthers
        if (server := RUN.server) is None:
            cluster = at(partial(StandIn, folder / "databases"))
            stack.callback(at, cluster.close)
            made = _OfItsOwn(cluster, folder)
        else:
            made = _AmongOthers(server, stack.enter_context(_road(server.url, at)), folder)
            stack.callback(made.close)
        credentials = str(folder / made.settings.credentials)
        made.settings = msgspec.structs.replace(made.settings, credentials=credentials)
        yield made


@contextlib.contextmanager
def _road(url: str, at: Callable[[Callable[[], Any]], Any]) -> Iterator[str]:
    """Where a server of this machine is found `at` one in a network of its own."""
    if at is here:
        yield url
        return
    parts = urlsplit(url)
    assert parts.scheme == "http", f"{url} is not reached from a network of tests: http on this machine is"
    assert is_loopback(parts.hostname or ""), f"{url} is not this machine"
    listener = at(partial(socket.create_server, ("127.0.0.1", 0)))
    with line_to(parts.port or 80, listener) as line:
        yield line.url


# ---- one central


class Beyond:
    """What one central has beyond its machine: nothing, where the run was not told to."""

    def __init__(self, documents: Documents | None, address: str) -> None:
        self.documents, self.address = documents, address
        self._created = False

    def of(self, settings: NodeSettings) -> NodeSettings:
        """These settings of central, and where its documents and projections are."""
        if self.documents is not None:
            couchdb = self.documents.settings
            settings = msgspec.structs.replace(settings, documents="couchdb", couchdb=couchdb)
        return msgspec.structs.replace(settings, projections=self.address) if self.address else settings

    def create(self) -> None:
        """Make the database of projections, which nobody needs before somebody meets this central."""
        if self.address and not self._created:
            RUN.postgres.create(self.address)
            self._created = True

    def drop(self) -> None:
        if self._created:
            RUN.postgres.drop(self.address)

    def configure(self, folder: Path) -> None:
        """Write it into the settings of the central in a folder."""
        if RUN.is_large:
            write_settings(folder, self.of(read_settings(folder)))


def left(folder: Path, before: NodeSettings) -> None:
    """What the settings of the central in a folder, if it is there still, said before of where its documents and projections are."""
    if folder.exists():
        said = {name: getattr(before, name) for name in ("documents", "couchdb", "projections")}
        write_settings(folder, msgspec.structs.replace(read_settings(folder), **said))


@contextlib.contextmanager
def beyond(at: Callable[[Callable[[], Any]], Any] = here) -> Iterator[Beyond]:
    """For one central, as long as the block lasts. `at`: does something where connections of its machine end."""
    with contextlib.ExitStack() as stack:
        documents = None if RUN.documents == "embedded" else stack.enter_context(_documents(at))
        given = Beyond(documents, RUN.postgres.next_address() if RUN.projections == "postgresql" else "")
        stack.callback(given.drop)
        yield given


@contextlib.contextmanager
def enlarged(folder: Path) -> Iterator[None]:
    """The central in a folder is started within this block."""
    with beyond() as given:
        given.configure(folder)
        given.create()
        yield


# ---- a central in this process


class Front:
    """Before a central that is open in this process: `cluster` follows, a projector too."""

    def __init__(self, node: Node, given: Beyond) -> None:
        self._node, self._given = node, given
        self._closing = contextlib.ExitStack()
        self._peers: dict[tuple[str, str], tuple[Chosen, RemotePeer]] = {}
        self._seen: dict[str, tuple[object, object]] = {}
        self.url = ""
        given.create()
        if given.address:
            self._project()
        if given.documents is not None:
            self._follow()

    def close(self) -> None:
        self._closing.close()

    def _project(self) -> None:
        """Who asks before there are tables does not ask again while the test's clock stands still: they come first."""
        stopping, node, address = threading.Event(), self._node, understood(self._given.address)
        source = partial(Source, node.folder, node.id)
        projector = threading.Thread(target=follow, args=(address, source, stopping), daemon=True)
        projector.start()
        self._closing.callback(projector.join)
        self._closing.callback(stopping.set)
        with psycopg.connect(self._given.address, autocommit=True) as looking:
            until(partial(_has_tables, looking), "the projector has made its tables")

    def _follow(self) -> None:
        cluster, node = Cluster(self._node), self._node
        access = Access(node.catalog, (), PasswordHasher(), node=node.id, heard=lambda name: None)
        http = Http(cluster.documents(access))
        self._closing.callback(http.close)
        self._closing.callback(cluster.stop)
        self.url = http.url
        cluster.start()
        until(lambda: bool(cluster.roads()))
        self._cluster = cluster

    def peer(self, node: Node, database: str) -> RemotePeer:
        """As a machine meets this central, which signs in once."""
        chosen = node.window.chosen(database)
        known = self._peers.get((node.id, database))
        if known is None or known[0] != chosen:
            password = node.keys.password_for(node.id, self._node.id)
            peer = RemotePeer(self.url, database, user=node.id, password=password, chosen=chosen)
            self._closing.callback(peer.close)
            known = self._peers[node.id, database] = chosen, peer
        return known[1]

    def settle(self, *databases: str) -> None:
        """Until central and the cluster have the same, and it tells of acts."""
        for name in databases or DATABASES:
            until(partial(self._same, name), f"central and the cluster have the same {name}")
        until(lambda: not self._cluster._keeps_back(), "all that lay there was fetched")

    def _same(self, name: str) -> bool:
        assert self._given.documents is not None
        store, there = self._node.stores[name], self._given.documents.peer(name)
        if there is None:
            return False
        now = store.published, self._given.documents.written(name)
        if self._seen.get(name) != now:
            here = LocalPeer(store, server_uuid=store.name, source=PEER)
            if not differences(here, there).none:
                return False
            self._seen[name] = now
        return True


def _has_tables(looking: psycopg.Connection[Any]) -> bool:
    return looking.execute("SELECT to_regclass('motcua.shard')").fetchone() != (None,)


def projected(node: Node) -> None:
    """Until PostgreSQL has all that this node has, so that its pages are PostgreSQL's.

    At once where nobody projects: without PostgreSQL, and while a new central collects, whose file answers.
    """
    behind = node.projections_behind
    if behind is not None and not node.collects:
        until(lambda: not behind(), "the projector has caught up")
