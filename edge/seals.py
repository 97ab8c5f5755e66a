"""The seals that nobody has looked at yet: of events that a later one of their node's chain has proven.

Such an event folds at once, because what it says is its node's. Its own seal may be anybody's, and whoever gets it
from here may lack the event that proves it. So it does not leave this node before its own seal was seen to hold: when
somebody asks for it, or before, in the background, as soon as no more events come for a while. One that fails is spoilt: it
stays, folds, and is not given to anybody; a good copy, whoever brings it, takes its place. decisions/0011.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from edge.admission import Admission, Sealed
from edge.database import NodeFile
from sync.documents import Stored, load, render
from sync.errors import SyncError
from sync.store import Store

_log = logging.getLogger(__name__)

QUIET_S: Final = 0.5
MOST: Final = 20_000
"""Beyond so many nobody waits for quiet: a name takes some 300 bytes of memory until its seal was looked at."""
_AT_ONCE: Final = 100
_TIRED_S: Final = 30.0


class Seals:
    """Of one node's `dossiers`. `tick`: seconds that only grow."""

    def __init__(
        self, file: NodeFile, admission: Admission, *, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._file, self._admission, self._tick = file, admission, tick
        self._unseen: dict[str, None] = {}
        self._spoilt: set[str] = set()
        self._lock = threading.Lock()
        self._came_at = float("-inf")
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def remember(self) -> None:
        """At the start: what was not done when the node stopped."""
        with self._file.read() as connection:
            rows = connection.execute(
                "SELECT stream || ':' || hash, sealed FROM delivery WHERE sealed <> 1 AND sealed IN (?, ?)",
                (Sealed.PROVEN, Sealed.SPOILT),
            ).fetchall()
        with self._lock:
            self._unseen.update((name, None) for name, sealed in rows if sealed == Sealed.PROVEN)
            self._spoilt.update(name for name, sealed in rows if sealed == Sealed.SPOILT)

    def proven(self, names: Sequence[str]) -> None:
        """These documents came just now, proven by others; before their commit, so that nobody is quicker."""
        if names:
            with self._lock:
                self._unseen.update(dict.fromkeys(names))
                self._came_at = self._tick()
            self._wake.set()

    def seen(self, name: str) -> None:
        """A copy whose own seal holds is committed, and is the only one."""
        with self._lock:
            self._unseen.pop(name, None)
            self._spoilt.discard(name)

    def may_leave(self, stored: Stored) -> bool:
        """The hook of the store: whether somebody else may have this copy."""
        if stored.id not in self._unseen and stored.id not in self._spoilt:
            return True
        return self._holds(stored)

    @property
    def unseen(self) -> int:
        """How many are still to be looked at."""
        return len(self._unseen)

    def look(self, store: Store, most: int = _AT_ONCE) -> int:
        """Look at some seals and note what was seen; how many."""
        with self._lock:
            names = list(islice(self._unseen, most))
        if not names:
            return 0
        stored = store.winners(names, for_others=False)
        seen = {name: self._holds(stored[name]) for name in names if name in stored}
        with self._file.write() as connection:
            connection.executemany(
                "UPDATE delivery SET sealed = ? WHERE hash = ? AND sealed = ?",
                [
                    (Sealed.HOLDS if holds else Sealed.SPOILT, name.partition(":")[2], Sealed.PROVEN)
                    for name, holds in seen.items()
                ],
            )
            self._file.file.after_commit(lambda: self._noted(names, seen))
        return len(names)

    def _noted(self, names: Sequence[str], seen: dict[str, bool]) -> None:
        with self._lock:
            for name in names:
                if (
                    name in self._unseen
                ):  # `may_leave` takes no lock: a spoilt one is in one of the two throughout
                    if seen.get(name) is False:
                        self._spoilt.add(name)
                    del self._unseen[name]

    def _holds(self, stored: Stored) -> bool:
        return self._admission.is_sealed(load(render(stored))) is Sealed.HOLDS

    # ---- in the background

    def start(self, store: Store) -> None:
        """It looks when nothing has come for `QUIET_S`, or more than `MOST` wait."""
        self._thread = threading.Thread(target=self._keep_looking, args=(store,), name="seals", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Wait for it, 5 s at most. What it has not looked at it finds at the next start (`remember`)."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _keep_looking(self, store: Store) -> None:
        while not self._stopping:
            if not self._unseen:
                self._wake.wait()
                self._wake.clear()
                continue
            quiet_in = self._came_at + QUIET_S - self._tick()
            if quiet_in > 0 and len(self._unseen) <= MOST:
                time.sleep(quiet_in)
                continue
            try:
                self.look(store)
            except SyncError:  # a full disk: nothing is lost, and the seals are looked at when somebody asks
                self._wake.wait(_TIRED_S)
                self._wake.clear()
            except Exception:  # noqa: BLE001 - nobody would miss a thread that ends here
                _log.exception("seals are looked at again later, or when somebody asks")
                self._wake.wait(_TIRED_S)
                self._wake.clear()


def settle(store: Store, admission: Admission, name: str, before: Sealed) -> Sealed:
    """Look at the own seal of every copy of an event. Where one holds, the others go; returns what is known now."""
    copies = {}
    for leaf in store.summary(name).leaves:
        stored = store.revision(name, leaf.rev, for_others=False)
        copies[str(leaf.rev)] = admission.is_sealed(load(render(stored)))
    if Sealed.HOLDS in copies.values():
        false = [rev for rev, sealed in copies.items() if sealed is Sealed.WRONG]
        if false:
            store.purge({name: false}, scrub=False)
        return Sealed.HOLDS
    if before in (Sealed.PROVEN, Sealed.SPOILT):
        return Sealed.SPOILT
    return min(copies.values())
