"""Central's word on machines that wrote two acts under one number (design §3.3).

Central finds a fork among what it holds, as every node does, and says so in the catalog: from then on every node
doubts the decisions of that machine, in whatever dossier, until an administrator cuts it.
"""

from __future__ import annotations

import logging
import threading
from typing import Final

from central.centre import Office
from central.errors import NotGranted
from central.missing_files import forget_arrived, note_missing
from central.rows import report_rows
from edge.chain import ClockBehind
from edge.node import Node
from edge.register import Fork as Found
from schemas.entries import Cut, Fork
from schemas.events import Event, parse
from sync.errors import Unavailable

LOOK_S: Final = 5.0
log = logging.getLogger(__name__)


def report_forks(centre: Node) -> int:
    """Write an entry for every fork that none tells of yet; how many."""
    trust = centre.catalog.trust
    entries = []
    for fork in centre.register.forks():
        reported = trust.forks.get(fork.node)
        if trust.answers(fork.node, fork.seq) or (reported is not None and reported[0] <= fork.seq):
            continue
        entries.append(Fork(fork.node, "dossiers", fork.seq, (fork.first[0].hash, fork.second[0].hash)))
    return Office(centre).define(entries, by="") if entries else 0


def cut_before(centre: Node, fork: Found, *, by: str) -> None:
    """Hold all that a machine wrote from the number on that it used twice; the desk may admit acts one by one."""
    line, stream = fork.first
    event = parse(centre.stores["dossiers"].get(f"{stream}:{line.hash}"))
    assert isinstance(event, Event), "only events that are understood have numbers"  # noqa: S101
    Office(centre).define([Cut(fork.node, "dossiers", fork.seq - 1, event.prev, "forked")], by=by)


class Watch:
    """Looks for forks, for rows of several dossiers and for files that lack, whenever something arrived at central, in a
    thread of its own."""

    def __init__(self, centre: Node) -> None:
        self._centre = centre
        self._stopping = threading.Event()
        self._told = ""
        self._thread = threading.Thread(target=self._run, name="watch for forks", daemon=True)

    def start(self) -> None:
        """Looks at once, and then whenever something has arrived."""
        self._thread.start()

    def stop(self) -> None:
        """A look that is under way is waited for, `LOOK_S` at most."""
        self._stopping.set()
        self._centre.stores["dossiers"].wake()
        self._thread.join(timeout=LOOK_S)

    def look(self) -> bool:
        """Whether all that is here was looked at. What keeps central from it is told once, however often it is tried."""
        try:
            report_forks(self._centre)
            report_rows(self._centre)
            note_missing(self._centre)
            forget_arrived(self._centre)
        except (Unavailable, ClockBehind, NotGranted) as why:
            if self._told != (told := str(why)):
                log.warning("forks are looked for again every %.0f s: %s", LOOK_S, told)
                self._told = told
            return False
        except Exception:  # nobody would miss a thread that ends here
            log.exception("forks are looked for again every %.0f s", LOOK_S)
            return False
        self._told = ""
        return True

    def _run(self) -> None:
        store, files = self._centre.stores["dossiers"], self._centre.stores["files"]
        seen = (-1, -1)
        while not self._stopping.is_set():
            if seen != (newest := (store.published, files.published)):
                if not self.look():
                    self._stopping.wait(LOOK_S)
                    continue
                seen = newest
            store.wait(seen[0], LOOK_S, unless=self._stopping.is_set)
