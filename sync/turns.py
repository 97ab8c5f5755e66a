"""So much at a time; who would have to wait for long is told to come again.

Whoever asks a peer hears nothing meanwhile, and after some seconds takes the line for dead and asks anew. Where so many ask at
once that none is answered in that time, all is done again and again, and nobody gets on. In turns some are.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sync.errors import Unavailable


class Turns:
    """`at_once` at a time, and `waiting` more, each for `patience_s` at most; all others come again after `later_s`."""

    def __init__(self, *, at_once: int, waiting: int, patience_s: float, later_s: float) -> None:
        self._patience_s, self._later_s = patience_s, later_s
        self._places = threading.Semaphore(at_once + waiting)
        self._turns = threading.Semaphore(at_once)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """A turn for who has begun to answer, and cannot be told to come again: it comes."""
        with self._turns:
            yield

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One of them, as long as the block lasts. Raises `Unavailable`."""
        if not self._places.acquire(blocking=False):
            raise self._too_many()
        try:
            if not self._turns.acquire(timeout=self._patience_s):
                raise self._too_many()
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._places.release()

    def _too_many(self) -> Unavailable:
        return Unavailable("too many ask at once; ask again", retry_after_s=self._later_s)
