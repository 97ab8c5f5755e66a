"""What pages ask: PostgreSQL where it is as new as a person may expect, else the node's own file.

A person finds on every list what was written at this machine before; what came over a line may be some seconds late, and then
is asked of the file. The same where PostgreSQL is not there, is being filled, or is not as it should be: only those see it who
are being answered when it goes.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import psycopg

from edge.clock import Stopwatch
from edge.database import NodeFile
from edge.postgres.connection import Postgres, PostgresConnection, first_line
from edge.postgres.tables import VERSION_NAME
from sync.errors import Unavailable
from sync.sqlite import Connection

LATE_S: Final = 5.0
"""So late may be on a list what others wrote."""
AGAIN_S: Final = 10.0
"""A server that did not answer is asked again after so long."""
_PLACE: Final = (
    "SELECT min(dossiers), min(visits), min(catalog), (SELECT value FROM motcua WHERE key = 'version'),"
    " (SELECT value FROM motcua WHERE key = 'node') FROM shard"
)
Place = tuple[int, int, int]
"""Up to where the feeds of dossiers and visits go, and the catalog."""

log = logging.getLogger(__name__)


class Shown:
    """`read()` as a node's file has it. `here`: up to where the feeds go now; `own`: where the last act of this machine is."""

    def __init__(
        self,
        file: NodeFile,
        postgres: Postgres,
        *,
        name: str,
        here: Callable[[], Place],
        own: Callable[[], int],
        tick: Stopwatch,
    ) -> None:
        self._file, self._postgres, self._name = file, postgres, name
        self._here, self._own, self._tick = here, own, tick
        self._noted: deque[tuple[float, Place]] = deque([(tick(), here())])
        self._first = here()[0]
        self._lock = threading.Lock()
        self._away_until: float | None = None

    def note(self) -> None:
        """The feeds have gone on."""
        now, here = self._tick(), self._here()
        with self._lock:
            self._noted.append((now, here))
            while len(self._noted) > 1 and now - self._noted[1][0] >= LATE_S:
                self._noted.popleft()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One stable snapshot. Within a transaction that writes it is the file's, with what was written."""
        with contextlib.ExitStack() as stack:
            connection = None if self._file.file.writing_here else self._taken(stack)
            if connection is None:
                connection = stack.enter_context(self._file.read())
            yield connection

    def _taken(self, stack: contextlib.ExitStack) -> PostgresConnection | None:
        """PostgreSQL's, if it may answer."""
        with contextlib.ExitStack() as entered:
            found = self._place(entered)
            if found is None or not self._is_new(found[1]):
                return None
            stack.push(entered.pop_all())
            return found[0]

    def _place(self, stack: contextlib.ExitStack) -> tuple[PostgresConnection, Place] | None:
        """A snapshot of PostgreSQL, and up to where it goes; None where it has none of this node."""
        if self._away_until is not None and self._tick() < self._away_until:
            return None
        try:
            with contextlib.ExitStack() as entered:
                connection = entered.enter_context(self._snapshot())
                row = connection.execute(_PLACE).fetchone()
                self._away_until = None
                if row is None or tuple(row[3:]) != (VERSION_NAME, self._name):
                    return None
                stack.push(entered.pop_all())
                return connection, (row[0], row[1], row[2])
        except (Unavailable, psycopg.Error):
            return None  # whatever is wrong with it, the file has the same

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[PostgresConnection]:
        """Where it fails, here or in what a page asks of it, it is asked again later."""
        try:
            with self._postgres.read() as connection:
                yield connection
        except (Unavailable, psycopg.Error) as why:
            log.info("lists are asked of the file: %s", first_line(why))
            self._away_until = self._tick() + AGAIN_S
            raise

    def _is_new(self, place: Sequence[int]) -> bool:
        now = self._tick()
        with self._lock:
            old = [noted for at, noted in self._noted if now - at >= LATE_S]
        wanted = old[-1] if old else (self._first, 0, 0)
        return place[0] >= self._own() and all(one >= least for one, least in zip(place, wanted, strict=True))

    def behind(self) -> int | None:
        """How many changes PostgreSQL lacks; None where it does not answer, or nobody has made its tables."""
        with contextlib.ExitStack() as stack:
            place = self._place(stack)
            return (
                None
                if place is None
                else sum(max(0, there - one) for one, there in zip(place[1], self._here(), strict=True))
            )

    def close(self) -> None:
        self._postgres.close()
