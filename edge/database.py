"""The connection over which a node's tables are asked, beside the documents.

peewee's models work over whichever connection of the `SqliteFile` the thread is in: the writer inside
`write()`, a reader's snapshot inside `read()`. Nothing opens a connection of its own, so that an event, its
number, its projection and its print job are one transaction.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Any, Final, Protocol

from sqlcipher3 import dbapi2

from printing.models import Model, PeeweeException, SqliteDatabase
from sync.sqlite import Connection, SqliteFile


class Ambient(SqliteDatabase):
    """peewee over the connection that the present thread is using; it opens none and belongs to no node."""

    def __init__(self) -> None:
        self._thread = threading.local()
        super().__init__(":memory:")

    @contextlib.contextmanager
    def using(self, connection: Connection) -> Iterator[None]:
        """Until the block ends, queries of this thread go over this connection; blocks may lie in each other."""
        before = getattr(self._thread, "connection", None)
        self._thread.connection = connection
        try:
            yield
        finally:
            self._thread.connection = before

    def connection(self) -> Connection:
        """The one of the block that is open in this thread. RuntimeError outside of any."""
        connection = getattr(self._thread, "connection", None)
        if connection is None:
            raise RuntimeError("a query outside read() and write()")
        return connection

    def cursor(self, named_cursor: None = None) -> Any:
        """Of this block's connection, RuntimeError outside of any; `named_cursor` is peewee's, unused."""
        return self.connection().cursor()

    def in_transaction(self) -> bool:
        """True in every block, also in one that only reads: the spool works outside of any, and asks."""
        return not self.is_closed()

    def is_closed(self) -> bool:
        """Whether this thread is outside of any block: another one may be in one at the same time."""
        return getattr(self._thread, "connection", None) is None


AMBIENT: Final = Ambient()
logging.getLogger("peewee").setLevel(logging.INFO)  # below that it writes down every value of every statement


class NodeFile:
    """A node's `node.db`: `write()` and `read()` give a connection to raw statements and to the models alike."""

    def __init__(self, file: SqliteFile) -> None:
        self.file = file

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """One durable transaction; within it, an inner `write()` or `read()` is part of it. Raises `DiskFull`."""
        with self.file.write() as connection, AMBIENT.using(connection):
            try:
                yield connection
            except PeeweeException as why:
                # peewee wraps SQLite's error; whoever decides what a full disk means wants to see it
                if isinstance(why.__context__, dbapi2.Error):
                    raise why.__context__ from None
                raise

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """One stable snapshot."""
        with self.file.read() as connection, AMBIENT.using(connection):
            yield connection


class Readable(Protocol):
    """Where projections are read."""

    def read(self) -> contextlib.AbstractContextManager[Connection]:
        """One stable snapshot, to raw statements and to the models alike."""


class Local(Model):
    """A table that holds what only this node knows."""

    class Meta:
        database = AMBIENT


class Projection(Model):
    """A table that can be thrown away and made again from the events."""

    class Meta:
        database = AMBIENT


def run_script(connection: Connection, script: str) -> None:
    """Run statements within the present transaction (`executescript` would commit it)."""
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)
