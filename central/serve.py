"""The process of one node: open it, serve its pages and databases, keep its roads and its spool going."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from central.alarms import Alarms
from central.centre import Office
from central.control import taking_orders
from central.demo import crash
from central.enrolment import Enrolment
from central.outlet import Outlet
from central.rekey import passphrase
from central.starting import READY, calm_collector, url_of
from central.stopping import stop_signal, stop_with_stdin, wait_until
from central.trust import Watch
from central.web import register
from central.web.enrolling import create_enrolling
from central.web.intake import PATH as API
from central.web.intake import create_intake
from edge import log, systemd
from edge.clock import Clock, system_clock
from edge.closing import ClosingDays
from edge.courier import Courier
from edge.enrolment import PATH
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.mdns import Neighbourhood
from edge.node import Node
from edge.rendering import Renderers
from edge.roads import Roads
from edge.server import Door, application, serving
from edge.settings import NodeSettings, notify_socket, port_of, read_config
from edge.spooling import Spooling
from edge.status import NodeStatus, answering, status_of
from edge.sticks import taking_orders as taking_stick_orders
from edge.succession import PATH as WHO
from edge.succession import create_introducing
from edge.upkeep import Upkeep
from edge.web import create_pages

if TYPE_CHECKING:
    from central.cluster import Cluster

LOOK_S: Final = 0.5


def run_node(config: Path, *, centre: bool, watch_stdin: bool = False, first_run: bool = False) -> None:
    """Run a node by its configuration until SIGTERM, SIGINT or, with `watch_stdin`, the end of standard input.

    `centre`: whether it is to be central. `first_run`: without a configuration, serve the page that brings one first.
    Raises `CannotStart`.
    """
    stopping = stop_signal()
    if watch_stdin:
        stop_with_stdin(stopping)
    if first_run and not config.exists():
        from edge.first_run import wait_for_card

        wait_for_card(config.parent, port_of(), Ids(), _waits_for_card, partial(stopping.wait, LOOK_S))
        if stopping.is_set():
            systemd.tell(systemd.STOPPING, notify_socket())
            return
    settings = read_config(config)
    log.begin(settings.log)
    log.tell_of_crashes()
    folder = Folder(config.parent / settings.data)
    if not folder.keys.is_dir():
        raise CannotStart(
            f"{folder.path} has no keys: enrol this node, or say where its folder is with `data`"
        )
    with (
        folder.locked(),
        contextlib.closing(Renderers()) as renderers,
        _open(folder, settings, renderers, system_clock, Ids()) as node,
    ):
        if node.card.front:
            raise CannotStart(f"{node.id} in {folder.path} is a front: start it with `motcua central front`")
        if node.is_centre != centre:
            right, wrong = ("central", "an edge") if node.is_centre else ("edge", "central")
            raise CannotStart(f"{node.id} in {folder.path} is not {wrong}: start it with `motcua {right}`")
        if settings.demo is not None:
            crash.install(node)
        neighbourhood = Neighbourhood(node.id)
        cluster = _cluster(node)
        roads = Roads(node, found=neighbourhood.found, beside=cluster)
        spooling = Spooling(node.spool, node.clock)
        closing, upkeep = ClosingDays(node.closing), Upkeep(node, roads.centre_holds)
        courier = Courier(node, wanted=lambda: [one.file for one in roads.elsewhere()])
        extra = [register] if node.is_centre else []
        status = partial(_status, node, roads)
        pages = create_pages(node, roads, spooling.wake, extra=extra, courier=courier)
        with contextlib.ExitStack() as stack:
            beside = {}
            if node.is_centre:
                beside = {
                    PATH.strip("/"): create_enrolling(node),
                    WHO.strip("/"): create_introducing(node),
                    API: create_intake(node),
                }
            documents = cluster.documents if cluster is not None else None
            app, door = application(node, pages, beside, status, documents), Door(node)
            host, port = stack.enter_context(serving(app, settings.host, settings.port, door=door))
            if node.is_centre:
                stack.enter_context(taking_orders(node))
            stack.enter_context(taking_stick_orders(folder, courier))
            stack.enter_context(answering(folder, status))
            roads.start()
            if cluster is not None:
                cluster.start()
            if settings.mdns:
                neighbourhood.start(host, port)
            spooling.start()
            closing.start()
            upkeep.start()
            _stamp(node, stack)
            outlet = Outlet(node)
            outlet.start()
            stack.callback(outlet.stop)
            watch = Watch(node) if node.is_centre else None
            if watch is not None:
                watch.start()
                alarms = Alarms(node, lambda: len(roads.elsewhere()))
                alarms.start()
                stack.callback(alarms.stop)
            if node.is_centre and settings.projections:
                from central.projecting import Projectors

                projectors = Projectors(config, settings.projectors, folder.at_rest.key)
                projectors.start()
                stack.callback(projectors.stop)
            node.seals.start(node.stores["dossiers"])
            calm_collector()
            sys.stdout.write(f"{READY} {node.id} {url_of(host, port)}\n")
            sys.stdout.flush()
            systemd.tell(systemd.READY, notify_socket())
            renderers.warm()
            wait_until(stopping, partial(_hour, node))
            systemd.tell(systemd.STOPPING, notify_socket())
            if watch is not None:
                watch.stop()
            neighbourhood.stop()
            roads.stop()
            if cluster is not None:
                cluster.stop()
            closing.stop()
            upkeep.stop()
            spooling.stop()
            node.seals.stop()
            for store in node.stores.values():
                store.close()


def _cluster(node: Node) -> Cluster | None:
    """Where the documents lie, if not here alone. Raises `CannotStart`."""
    if node.settings.documents == "embedded":
        return None
    from central.cluster import Cluster

    return Cluster(node)


def _waits_for_card(url: str) -> None:
    sys.stdout.write(f"this machine has no card yet; open {url} on it\n")
    sys.stdout.flush()
    systemd.tell(systemd.READY, notify_socket())


def _status(node: Node, roads: Roads) -> NodeStatus:
    return status_of(node, roads, node.clock())


def _stamp(node: Node, stack: contextlib.ExitStack) -> None:
    """Time-stamp results, at central, where a service is configured."""
    service = node.settings.timestamp
    if service is None or not node.is_centre:
        return
    from central.preserving import Preserving
    from edge.pades.stamps import StampService

    preserving = Preserving(node, StampService(service), service.every_s)
    preserving.start()
    stack.callback(preserving.stop)


def _hour(node: Node) -> None:
    """What a node does by itself; central more."""
    node.redactions.apply()  # bytes that a reader kept in a log when they had to go
    if not node.is_centre or Office(node).stopped is not None:
        return
    Office(node).confirm()
    enrolment = Enrolment(node)
    enrolment.forget_keys()
    enrolment.renew()


@contextlib.contextmanager
def _open(
    folder: Folder, settings: NodeSettings, renderers: Renderers, clock: Clock, ids: Ids
) -> Iterator[Node]:
    node = Node(folder, settings, clock=clock, ids=ids, ask=passphrase, typeset=renderers.typeset)
    try:
        yield node
    finally:
        node.close()
