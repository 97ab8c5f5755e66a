"""What runs for longer than a request: listed in `_active_tasks` for as long as it does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sync.documents import Json
from sync.errors import SyncError

_log = logging.getLogger(__name__)


class Tasks:
    """Each task is described anew whenever somebody asks. The descriptions are CouchDB's: `type`, `database`, …"""

    def __init__(self) -> None:
        self._running: list[Callable[[], Json]] = []
        self._lock = threading.Lock()

    def all(self) -> list[Json]:
        """Of those that run now, each as it is now."""
        with self._lock:
            running = list(self._running)
        return [describe() for describe in running]

    @contextmanager
    def listed(self, describe: Callable[[], Json]) -> Iterator[None]:
        """While the block runs."""
        self._begin(describe)
        try:
            yield
        finally:
            self._end(describe)

    def start(self, describe: Callable[[], Json], run: Callable[[], object]) -> threading.Thread:
        """Run in a thread of its own; listed already when this returns. A `SyncError` ends it, and is logged."""
        self._begin(describe)

        def work() -> None:
            try:
                run()
            except SyncError as why:
                _log.warning("%s ended early: %s", describe(), why)
            finally:
                self._end(describe)

        thread = threading.Thread(target=work, name="task", daemon=True)
        thread.start()
        return thread

    def _begin(self, describe: Callable[[], Json]) -> None:
        with self._lock:
            self._running.append(describe)

    def _end(self, describe: Callable[[], Json]) -> None:
        with self._lock:
            self._running.remove(describe)
