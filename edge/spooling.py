"""The thread that drives the spool: woken after each reception, and now and then by itself."""

from __future__ import annotations

import logging
import threading
from typing import Final

from edge.clock import Clock
from printing.spool import Spool

PASS_S: Final = 5.0
"""A printer that did not answer is tried again after this long."""

log = logging.getLogger(__name__)


class Spooling:
    """Prints what is queued until it is stopped; the paper under way is waited for, for `patience_s` at most."""

    def __init__(self, spool: Spool, clock: Clock, *, patience_s: float = PASS_S) -> None:
        self._spool, self._clock, self._patience_s = spool, clock, patience_s
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)

    def start(self) -> None:
        """What was still queued when the node stopped is printed at once."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to print."""
        self._wake.set()

    def stop(self) -> None:
        """A paper that is not out by then is asked about at the next start; the others stay queued."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=self._patience_s)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._spool.work(at=self._clock(), unless=lambda: self._stopping)
            except Exception as why:  # whatever went wrong in one pass, there is a next one
                if self._stopping:  # the node was closed under a paper that takes long to set
                    log.warning(
                        "the spool ended in the middle of a paper, which is looked after at the next start: %s",
                        why,
                    )
                else:
                    log.exception("the spool rests until its next pass; no paper is lost")
            self._wake.wait(PASS_S)
            self._wake.clear()
