"""What a machine does by itself, again and again: central says what it holds, an edge keeps an eye on its clock.

One thread of low urgency. Whatever goes wrong is tried again at the next turn.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from edge.clock import system_uptime
from edge.node import Node
from sync.errors import Unavailable

EVERY_S: Final = 2.0

_log = logging.getLogger(__name__)


class Upkeep:
    """Of one node, until `stop`."""

    def __init__(self, node: Node, *, every_s: float = EVERY_S) -> None:
        self._node, self._every_s = node, every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            try:
                self.turn()
            except Unavailable as why:  # a full disk, or the end
                _log.warning("left for later: %s", why)

    def turn(self) -> None:
        if self._node.is_centre and not self._node.collects:
            self._node.acks.renew()
        else:
            self._node.hour.watch(system_uptime)
