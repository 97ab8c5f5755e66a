"""The process of one node: open it, serve its pages and databases, keep its roads and its spool going."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from central.centre import Office
from central.demo import crash
from central.trust import Watch
from central.web import register
from edge.chain import ClockBehind
from edge.clock import Clock, system_clock
from edge.ids import Ids
from edge.mdns import Neighbourhood
from edge.node import Folder, Node
from edge.roads import Roads
from edge.server import application, serving
from edge.settings import read_settings
from edge.spooling import Spooling
from edge.web import create_pages
from sync.errors import Unavailable

READY = "ready"
HOUR_S: Final = 3600


def run_node(path: Path, *, watch_stdin: bool = False) -> None:
    """Run the node in `path` until SIGTERM, SIGINT or, with `watch_stdin`, the end of standard input.

    Raises `CannotStart`.
    """
    stopping = _stop_signal(watch_stdin)
    settings = read_settings(path)
    folder = Folder(path)
    with folder.locked(), _open(folder, system_clock, Ids()) as node:
        if settings.demo is not None:
            crash.install(node)
        neighbourhood = Neighbourhood(node.id)
        roads, spooling = Roads(node, found=neighbourhood.found), Spooling(node.spool, node.clock)
        pages = create_pages(node, roads, spooling.wake, extra=[register] if node.is_centre else [])
        with serving(application(node, pages), settings.host, settings.port) as (host, port):
            roads.start()
            if settings.mdns:
                neighbourhood.start(host, port)
            spooling.start()
            watch = Watch(node) if node.is_centre else None
            if watch is not None:
                watch.start()
            sys.stdout.write(f"{READY} {node.id} http://{host}:{port}/\n")
            sys.stdout.flush()
            wait_until(stopping, Office(node).confirm if node.is_centre else lambda: False)
            if watch is not None:
                watch.stop()
            neighbourhood.stop()
            roads.stop()
            spooling.stop()
            for store in node.stores.values():
                store.close()


def wait_until(stopping: threading.Event, now_and_then: Callable[[], object] = lambda: None) -> None:
    """Look up every second: a signal that comes just before a wait begins does not end it.

    At once, and about every hour, something is done `now_and_then`; what a full disk or a wrong clock forbids then is
    done an hour later.
    """
    seconds = 0
    while True:
        if seconds % HOUR_S == 0:
            with contextlib.suppress(Unavailable, ClockBehind):
                now_and_then()
        if stopping.wait(1):
            return
        seconds += 1


@contextlib.contextmanager
def _open(folder: Folder, clock: Clock, ids: Ids) -> Iterator[Node]:
    node = Node(folder, read_settings(folder.path), clock=clock, ids=ids)
    try:
        yield node
    finally:
        node.close()


def _stop_signal(watch_stdin: bool) -> threading.Event:
    """Set when the process is asked to end, from the moment it starts."""
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if watch_stdin:

        def watch() -> None:
            sys.stdin.read()
            stopping.set()

        threading.Thread(target=watch, name="stdin", daemon=True).start()
    return stopping
