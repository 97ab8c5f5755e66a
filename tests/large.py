"""The same centre beyond one machine: `--documents couchdb --projections postgresql`, with any tests.

Every central that a test opens or starts has its documents behind a front then, and its projections in a database of Debian's
PostgreSQL. What stands for the cluster is our bare server. No test says so, and none says anything else than without.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import psycopg
from argon2 import PasswordHasher

from central.cluster import PEER, Cluster
from edge.access import Access
from edge.node import DATABASES, Node
from edge.postgres.connection import understood
from edge.postgres.following import follow
from edge.postgres.reading import Source
from edge.settings import CouchdbSettings, NodeSettings, read_settings, write_settings
from sync.digests import differences
from sync.peer import Chosen, LocalPeer
from sync.remote import RemotePeer
from tests.fronts.stand_in import StandIn, settings_for
from tests.postgres import Postgres, a_server
from tests.sync.servers import Http
from tests.waiting import until

_T = TypeVar("_T")


class Run:
    """What this run of tests was told. One server of PostgreSQL for each of its processes, from when it is first needed."""

    def __init__(self) -> None:
        self.documents = self.projections = "embedded"
        self._closing = contextlib.ExitStack()
        self._server: Postgres | None = None

    @property
    def is_large(self) -> bool:
        return (self.documents, self.projections) != ("embedded", "embedded")

    @property
    def postgres(self) -> Postgres:
        if self._server is None:
            self._server = self._closing.enter_context(a_server())
        return self._server

    def close(self) -> None:
        self._closing.close()


RUN: Final = Run()


def here(act: Callable[[], _T]) -> _T:
    return act()


class Beyond:
    """What one central has beyond its machine: nothing, where the run was not told to."""

    def __init__(self, cluster: StandIn | None, couchdb: CouchdbSettings | None, address: str) -> None:
        self.cluster, self._couchdb, self.address = cluster, couchdb, address
        self._created = False

    def of(self, settings: NodeSettings) -> NodeSettings:
        """These settings of central, and where its documents and projections are."""
        if self._couchdb is not None:
            settings = msgspec.structs.replace(settings, documents="couchdb", couchdb=self._couchdb)
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
        cluster = couchdb = None
        address = ""
        if RUN.documents == "couchdb":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cluster")))
            cluster = at(partial(StandIn, folder / "databases"))
            stack.callback(at, cluster.close)
            couchdb = settings_for(cluster.url, folder)
            couchdb = msgspec.structs.replace(couchdb, credentials=str(folder / couchdb.credentials))
        if RUN.projections == "postgresql":
            address = RUN.postgres.next_address()
        given = Beyond(cluster, couchdb, address)
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
        self._seen: dict[str, tuple[int, int]] = {}
        self.url = ""
        given.create()
        if given.address:
            self._project()
        if given.cluster is not None:
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
        """Until central and the cluster have the same."""
        for name in databases or DATABASES:
            until(partial(self._same, name), f"central and the cluster have the same {name}")

    def _same(self, name: str) -> bool:
        assert self._given.cluster is not None
        here, behind = self._node.stores[name], self._given.cluster.store(name)
        if behind is None:
            return False
        now = here.published, behind.published
        if self._seen.get(name) != now:
            ends = (LocalPeer(store, server_uuid=store.name, source=PEER) for store in (here, behind))
            if not differences(*ends).none:
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
