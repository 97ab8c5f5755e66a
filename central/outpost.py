"""A front on a machine of its own, before the cluster in which central's documents lie. decisions/0051.

Machines meet central there: the same `uuid`, the same sessions, the same rules. It follows the cluster's catalog and acts into
stores of its own, by pull only, because whose a dossier is follows from its acts; each document is judged as if a stranger had
brought it. Nothing else is done here: a front writes no act, no entry and no note, folds for no page, and has no duties. What lies in its folder
beside its keys and settings can be deleted at any time, and is fetched again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Final

from flask import Flask, Response
from werkzeug.exceptions import NotFound

from central.cluster import ACTS, PEER, Fronting, Lines, copying, is_there, meet_centrals, require_ours
from central.errors import AnotherCentre
from edge.admission import Admission
from edge.clock import Clock
from edge.database import NodeFile
from edge.fetching import Elsewhere
from edge.folder import Folder
from edge.ids import Ids
from edge.node import DATABASES, Node, server_uuid
from edge.peers import PeerNode
from edge.roads import Road
from edge.settings import NodeSettings
from edge.succession import CENTRE
from edge.tables.migrations import migrate
from edge.tables.node import Chain
from edge.waits import Waits
from schemas.catalog import Catalog
from sync.documents import Json
from sync.errors import Unavailable
from sync.peer import LocalPeer
from sync.replicator import Replication
from sync.sqlite import SqliteFile
from sync.store import Store

_WORDS: Final = (
    "Máy này thay Trung tâm trả lời các máy trạm, không có trang để làm việc."
    " Trang của Trung tâm ở địa chỉ riêng của máy Trung tâm.\n"
)

LATE_LOOKS: Final = 5
"""So many looks in a row, two seconds apart, may a road fail before machines are told to go to another front."""

log = logging.getLogger(__name__)


class Outpost(Fronting):
    """Of a running front."""

    ways = ACTS

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self._late = 0
        self.on_late: Callable[[], None] = lambda: None
        """Ends the feeds of those who wait here already: asked again, they hear why there is nothing."""

    def all(self) -> Sequence[Road]:
        """As `edge.status.Ways`: a front's only roads are those from the cluster."""
        return self.roads()

    def peers(self) -> Sequence[PeerNode]:
        """None: machines come here, and a front goes to nobody."""
        return ()

    def elsewhere(self) -> Sequence[Elsewhere]:
        """None: files lie in the cluster, and a front wants none of them."""
        return ()

    def away(self) -> str:
        """Also until all acts that lie there have been fetched once, and while they are not: readers would wait here for what
        another front can tell."""
        if why := super().away():
            return why
        if self._late >= LATE_LOOKS:
            return (
                "; ".join(f"{one.database}: {one.status.last_error}" for one in self._stuck())
                or "it follows late"
            )
        return super()._keeps_back()

    def _keeps_back(self) -> str:
        return self.away()

    def _stuck(self) -> list[Road]:
        return [road for road in self.roads() if road.status.failing]

    def _noted(self, database: str, local_id: str, note: Json) -> None:
        """Central asks the cluster for it."""

    def _greet(self) -> None:
        """Nobody is let in by an old catalog: whose card it calls open may be revoked by now."""
        for name in DATABASES:
            with closing(self._lines.peer(name)) as there:
                if not is_there(there):
                    raise Unavailable(f"there is no database {name}: central makes it when it starts")
                if name == "catalog":
                    require_ours(self._node, there)
        self._hear_who_is_central()
        replication = copying(self._node, self._lines, "catalog", "pull", session=self._session)
        try:
            replication.run_once()
        finally:
            replication.stop()
        log.info("machines are let in as at %s, by entry %s", self._node.serves_as, self._node.catalog.name)

    def _look(self) -> None:
        self._late = self._late + 1 if self._stuck() else 0
        if self._late == LATE_LOOKS:
            self.on_late()
        self._probe.revs_diff({})
        self._hear_who_is_central()

    def _hear_who_is_central(self) -> None:
        """A new one says so in the cluster before its first word in the catalog."""
        note = self._probe.get_local(CENTRE)
        card = None if note is None else note.get("card")
        if isinstance(card, dict) and self._node.hears_of_central(card):
            log.warning("the authority has made %s central", self._node.catalog.centre)


def fetch_catalog(folder: Folder, settings: NodeSettings, lines: Lines, *, clock: Clock, ids: Ids) -> None:
    """Into a folder that has none: every entry in the cluster that a central of the folder's authority has sealed.

    Raises `SyncError`, and `AnotherCentre` where there is none.
    """
    file = NodeFile(SqliteFile(folder.database, key=folder.at_rest.database_key))
    try:
        migrate(file)
        catalog = Catalog(folder.root.read_bytes())
        rules = Admission(catalog, Waits(file), node=settings.node)
        store = Store(file.file, "catalog", new_id=ids.hex, rules=rules.catalog)
        with closing(lines.peer("catalog")) as there:
            meet_centrals(catalog, there)
        if catalog.centre is None:
            raise AnotherCentre(
                f"the catalog at {lines.url} begins with no central of this front's authority: nothing was copied;"
                " correct `url` in the settings, or wait until central has brought its catalog there"
            )
        replication = Replication(
            lines.peer("catalog"),
            LocalPeer(store, server_uuid=server_uuid(settings.node), source=PEER),
            node_id=settings.node,
            session_id=ids.hex(),
            now=clock,
            jitter=ids.jitter,
        )
        try:
            replication.run_once()
        finally:
            replication.stop()
        with file.write():  # as enrolment does; nothing is ever written on from there
            for database in ("dossiers", "visits"):
                Chain.create(database=database, seq=0, hash="", at="")
    finally:
        file.file.close()


def is_laid_out(folder: Folder) -> bool:
    """Whether there is a whole catalog in the folder, of whatever age."""
    if not folder.database.exists():
        return False
    file = NodeFile(SqliteFile(folder.database, key=folder.at_rest.database_key))
    try:
        migrate(file)
        with file.read():
            return Chain.get_or_none(Chain.database == "dossiers") is not None
    finally:
        file.file.close()


def create_signpost() -> Flask:
    """What a browser finds that was led here."""
    app = Flask("signpost", static_folder=None)

    @app.errorhandler(NotFound)
    def nothing(_why: NotFound) -> Response:
        return Response(_WORDS, 404, mimetype="text/plain")

    return app
