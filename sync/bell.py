"""One listener at a database elsewhere for all who wait here: it says that something has changed, and not what.

What has changed each of them asks for by himself, from where he is. Sequences of a cluster can be told apart and nothing
else: whether one lies before another only the cluster knows. And a node of it that answers a question may have
heard less than the one that rang; so it is rung once more when all has been quiet for a while. decisions/0051.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sync.errors import SyncError, Unavailable
from sync.remote import RemoteDatabase, RemotePeer

_log = logging.getLogger(__name__)

ROWS: Final = 1000
QUIET_S: Final = 2.0
"""So long must nothing have come before it is rung once more; feeds beat as often, so that silence is noticed."""
REST_S: Final = 60.0
"""So long is listened at a time when all is quiet."""
APART_S: Final = 0.1
"""So far apart it rings: all who wait ask at each ring, and what came in between they get together."""
AGAIN_S: Final = 1.0
"""After a line that broke."""


class Bell:
    """Begins to listen at once, in a thread of its own, until `close`."""

    def __init__(self, there: RemoteDatabase, *, name: str, quiet_s: float = QUIET_S) -> None:
        self._there, self._quiet_s = there, quiet_s
        self._changed = threading.Condition()
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._published = 0
        self._hears = False
        self._over = threading.Event()
        self._peer: RemotePeer | None = None
        self._thread = threading.Thread(target=self._listen, name=f"bell of {name}", daemon=True)
        self._thread.start()

    @property
    def published(self) -> int:
        """How often it has rung."""
        return self._published

    @property
    def closed(self) -> bool:
        """Whether nobody would hear of a change: it cannot be reached, or it is all over."""
        return not self._hears

    def wait(self, since: int, timeout_s: float) -> bool:
        """Wait until it has rung more than `since` times: True; or for `timeout_s`, or the end: False."""
        with self._changed:
            self._changed.wait_for(lambda: self._published > since or self.closed, timeout=timeout_s)
            return self._published > since

    def await_hearing(self, timeout_s: float) -> None:
        """Raises `Unavailable` for a database that cannot be listened to."""
        with self._changed:
            self._changed.wait_for(lambda: self._hears or self._over.is_set(), timeout=timeout_s)
            if not self._hears:
                raise Unavailable("the documents are out of reach", retry_after_s=AGAIN_S)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every ring, from any thread. Returns what ends it."""
        with self._changed:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._changed:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return end

    def ring(self) -> None:
        """Have all who wait ask now: it has become known here what they may read."""
        self._tell(rung=True)

    def close(self) -> None:
        """All who listen are told to end."""
        self._over.set()
        if (peer := self._peer) is not None:
            peer.close()
        self._thread.join()

    def _listen(self) -> None:
        while not self._over.is_set():
            self._peer = peer = self._there.listener(heartbeat_s=self._quiet_s)
            try:
                with suppress(SyncError):  # whatever it was, who asks there himself hears it
                    self._follow(peer)
            except Exception:  # noqa: BLE001 - nobody would miss a thread that ends here
                _log.exception("it is listened to anew")
            finally:  # whatever else it was: no feed may beat as if somebody listened
                peer.close()
                self._tell(rung=False, hears=False)
            self._over.wait(AGAIN_S)

    def _follow(self, peer: RemotePeer) -> None:
        since = peer.changes("now", limit=1, wait_s=0).last_seq
        settled = False
        self._tell(rung=True, hears=True)  # of what came while nobody listened
        while not self._over.is_set():
            page = peer.changes(since, limit=ROWS, wait_s=REST_S if settled else self._quiet_s)
            since = page.last_seq
            if page.changes or not settled:
                self._tell(rung=True, hears=True)
            settled = not page.changes
            self._over.wait(APART_S)

    def _tell(self, *, rung: bool, hears: bool | None = None) -> None:
        """`hears`: None leaves it as it is."""
        with self._changed:
            hears = self._hears if hears is None else hears
            if not rung and hears == self._hears:
                return
            self._published += rung
            self._hears = hears
            self._changed.notify_all()
            listeners = self._listeners
        for listener in listeners:
            listener()
