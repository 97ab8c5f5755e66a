"""What a machine does by itself, again and again: central says what it holds; an edge keeps an eye on its clock, writes
down when it was alone, and lets go of what may leave.

One thread of low urgency. Whatever goes wrong is tried again at the next turn.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from edge.clock import system_uptime
from edge.leaving import Holds
from edge.node import Node
from sync.errors import SyncError

EVERY_S: Final = 2.0
IDLE_S: Final = 60.0

_log = logging.getLogger(__name__)


class Upkeep:
    """Of one node, until `stop`. `centre_holds`: how central is asked about files, while it is reached."""

    def __init__(
        self, node: Node, centre_holds: Callable[[], Holds | None] = lambda: None, *, every_s: float = EVERY_S
    ) -> None:
        self._node, self._centre_holds, self._every_s = node, centre_holds, every_s
        self._done: object = None
        self._rest_until = float("-inf")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """An edge watches its clock from here on; the first turn comes after `every_s`."""
        if not self._node.is_centre:  # a clock that jumps in the first seconds is noticed too
            self._node.hour.watch(system_uptime)
        self._thread.start()

    def stop(self) -> None:
        """Wait for it, 5 s at most, and note that somebody stopped this machine: that is no outage."""
        self._stopping.set()
        self._thread.join(timeout=5)
        try:
            self._node.outages.stopped()
        except SyncError as why:  # a full disk: the next start takes it for a power cut
            _log.warning("not noted that this machine was stopped: %s", why)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self.turn()
            except SyncError as why:  # a full disk, or the end
                _log.warning("left for later: %s", why)
            except Exception:  # noqa: BLE001 - nobody would miss a thread that ends here
                _log.exception("left for later")

    def turn(self) -> None:
        """Central looks at its chains at every turn. An edge looks at all that is old when central has said something
        new, and when there was more than fits one turn; and once in a while."""
        node = self._node
        node.follow_catalog()
        if node.is_centre and not node.collects:
            node.acks.renew()
            return
        node.hour.watch(system_uptime)
        if node.is_centre:
            return
        node.outages.look()
        newest = node.acks.newest()
        seen = (newest and newest.number, node.acks.mark(), node.catalog.number, node.closed)
        if seen == self._done and node.leaving.farewell() is None and node.stopwatch() < self._rest_until:
            return
        gone = node.leaving.turn(self._centre_holds())
        if gone:
            node.redactions.apply()
        else:
            self._done, self._rest_until = seen, node.stopwatch() + IDLE_S
