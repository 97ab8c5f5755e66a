"""The process of a front: fetch the catalog where there is none, answer machines in central's place, follow the cluster."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from pathlib import Path
from typing import Final

from central.cluster import Lines, lines_by
from central.outpost import Outpost, create_signpost, fetch_catalog, is_laid_out
from central.rekey import passphrase
from central.starting import READY, calm_collector, url_of
from central.stopping import stop_signal, wait_until
from edge import log, systemd
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.server import Door, application, serving
from edge.settings import NodeSettings, notify_socket, read_config
from edge.status import NodeStatus, answering, status_of
from edge.succession import PATH as WHO
from edge.succession import create_introducing
from sync.errors import SyncError

AGAIN_S: Final = 2.0
_log = logging.getLogger(__name__)


def run_front(config: Path) -> None:
    """Run a front by its configuration until SIGTERM or SIGINT. Raises `CannotStart`, `AnotherCentre`."""
    stopping = stop_signal()
    settings = read_config(config)
    log.begin(settings.log)
    log.tell_of_crashes()
    folder = Folder(config.parent / settings.data)
    if not folder.keys.is_dir():
        raise CannotStart(
            f"{folder.path} has no keys: enrol this front, or say where its folder is with `data`"
        )
    with folder.locked():
        folder.unlock(settings, passphrase)
        lines, ids = lines_by(settings, folder.path), Ids()
        _lay_out(folder, settings, lines, ids, stopping)
        while not stopping.is_set():  # another central is another server: whoever is connected begins anew
            with contextlib.closing(
                Node(folder, settings, clock=system_clock, ids=ids, ask=passphrase)
            ) as node:
                if not node.card.front:
                    raise CannotStart(
                        f"{node.id} in {folder.path} is not a front: start it with `motcua edge`"
                    )
                _serve_front(node, stopping)
        systemd.tell(systemd.STOPPING, notify_socket())


def _lay_out(
    folder: Folder, settings: NodeSettings, lines: Lines, ids: Ids, stopping: threading.Event
) -> None:
    """Fetch the catalog where there is none, as soon as the cluster answers. Raises `AnotherCentre`."""
    told = False
    while not stopping.is_set() and not is_laid_out(folder):
        try:
            fetch_catalog(folder, settings, lines, clock=system_clock, ids=ids)
        except SyncError as why:
            if not told:
                _log.warning("the catalog cannot be fetched, and nobody is let in: %s", why)
            told = True
            stopping.wait(AGAIN_S)


def _serve_front(node: Node, stopping: threading.Event) -> None:
    """Until it is to stop, or somebody else is central."""
    outpost, central = Outpost(node), node.serves_as

    def status() -> NodeStatus:
        return status_of(node, outpost, node.clock())

    with contextlib.ExitStack() as stack:
        beside = {WHO.strip("/"): create_introducing(node)}
        app, door = application(node, create_signpost(), beside, status, outpost.documents), Door(node)
        host, port = stack.enter_context(serving(app, node.settings.host, node.settings.port, door=door))
        stack.enter_context(answering(node.folder, status))
        outpost.on_late = door.end_feeds
        outpost.start()
        node.seals.start(node.stores["dossiers"])
        calm_collector()
        sys.stdout.write(f"{READY} {node.id} {url_of(host, port)}\n")
        sys.stdout.flush()
        systemd.tell(systemd.READY, notify_socket())
        wait_until(stopping, node.redactions.apply, unless=lambda: node.serves_as != central)
        outpost.stop()
        node.seals.stop()
        for store in node.stores.values():
            store.close()
