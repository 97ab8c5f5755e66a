"""What pages ask: PostgreSQL where it is as new as a person may expect, else the node's own file.

A person finds on every list what was written at this machine before; what came over a line may be some seconds late, and then
is asked of the file. The same where PostgreSQL is not there, is being filled, or is not as it should be: only those see it who
are being answered when it goes. A page asks once which of them answers, and has one snapshot of it.
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
from edge.database import AMBIENT, NodeFile
from edge.postgres.connection import Postgres, PostgresConnection, first_line, losing
from edge.postgres.tables import VERSION_NAME
from printing.models import PeeweeException
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


class _Page:
    """What one page reads: asked for when it reads first, and the file's once PostgreSQL has failed it."""

    def __init__(self) -> None:
        self.stack = contextlib.ExitStack()
        self.asked = False
        self.found: tuple[PostgresConnection, Place] | None = None


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
        self._least: Place = (here()[0], 0, 0)
        self._lock = threading.Lock()
        self._away_until: float | None = None
        self._thread = threading.local()

    def note(self) -> None:
        """The feeds have gone on."""
        now, here = self._tick(), self._here()
        with self._lock:
            self._noted.append((now, here))
            while len(self._noted) > 1 and now - self._noted[1][0] >= LATE_S:
                self._noted.popleft()

    def forget(self) -> None:
        """What was written until now is answered by who has all of it: the law has taken something of it away."""
        self._least = self._here()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One stable snapshot. Within a transaction that writes it is the file's, with what was written."""
        with contextlib.ExitStack() as stack:
            if getattr(self._thread, "page", None) is None:
                stack.enter_context(self.page())
            page: _Page = self._thread.page
            connection: Connection | None = None
            if not self._file.file.writing_here:
                connection = self._asked(page, stack)
            if connection is None:
                connection = stack.enter_context(self._file.read())
            yield connection

    @contextlib.contextmanager
    def page(self) -> Iterator[None]:
        """All that this thread reads until its end is PostgreSQL's as of one moment, or the file's."""
        before = getattr(self._thread, "page", None)
        page = self._thread.page = _Page()
        try:
            yield
        finally:
            self._thread.page = before
            page.asked, page.found = True, None
            with contextlib.suppress(Unavailable, psycopg.Error):  # what was read is whole
                page.stack.close()

    def _asked(self, page: _Page, stack: contextlib.ExitStack) -> PostgresConnection | None:
        """PostgreSQL's, if it may answer this page, and the page has written nothing meanwhile that it lacks."""
        if not page.asked:
            page.asked, page.found = True, self._taken(page.stack)
        if page.found is None or page.found[1][0] < self._own():
            return None
        connection = page.found[0]
        stack.enter_context(self._answering(page, connection))
        return connection

    @contextlib.contextmanager
    def _answering(self, page: _Page, connection: PostgresConnection) -> Iterator[None]:
        try:
            with losing(connection), AMBIENT.using(connection):
                yield
        except (Unavailable, psycopg.Error, PeeweeException) as why:
            page.found = None
            self._failed(why)
            raise

    def _taken(self, stack: contextlib.ExitStack) -> tuple[PostgresConnection, Place] | None:
        """PostgreSQL's, if it may answer."""
        with contextlib.ExitStack() as entered:
            found = self._place(entered)
            if found is None or not self._is_new(found[1]):
                return None
            stack.push(entered.pop_all())
            return found

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
            with self._postgres.snapshot() as connection:
                yield connection
        except (Unavailable, psycopg.Error) as why:
            self._failed(why)
            raise

    def _failed(self, why: Exception) -> None:
        log.info("lists are asked of the file: %s", first_line(why))
        self._away_until = self._tick() + AGAIN_S

    def _is_new(self, place: Sequence[int]) -> bool:
        now = self._tick()
        with self._lock:
            old = [noted for at, noted in self._noted if now - at >= LATE_S]
        wanted = (old[-1] if old else self._least, self._least, (self._own(), 0, 0))
        return all(one >= least for at in wanted for one, least in zip(place, at, strict=True))

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
        """From then on everything is asked of the file."""
        self._postgres.close()
