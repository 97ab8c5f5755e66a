"""A connection to PostgreSQL that takes the statements which are written for `node.db`."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, Self

import psycopg
from psycopg.abc import Buffer, Params, Query
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.string import StrDumperUnknown

from edge.errors import CannotStart
from printing.models import PeeweeException
from sync.errors import Unavailable

SCHEMA: Final = "motcua"
"""Where the tables lie; nothing else of the database is touched."""
CONNECT_S: Final = 5
LOCK_S: Final = 2
"""So long a page waits for somebody who rewrites a table (`VACUUM FULL`, new tables), and then asks the file."""
_HERE: Final = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A line that is gone without a word is noticed by both ends within some ten seconds, not after the two hours of the system:
at this one a page waits for it, and at the server's the leases of a machine whose power went (`edge.postgres.shards`)."""
_THERE: Final = {f"tcp_{name.removeprefix('tcp_')}": value for name, value in _HERE.items()}
_AT_ONCE: Final = 128
"""So many rows go in one statement: PostgreSQL then needs half as long for each, and who sends them a fifth."""
_VALUES: Final = re.compile(r"VALUES (\((?:\?, ?)*\?\))")
_MARK: Final = re.compile(r"'(?:[^']|'')*'|\?|\s+INDEXED BY \w+")
_GONE: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,  # a standby, which may be made the server that writes
)


@lru_cache(maxsize=1024)
def in_postgres(statement: str) -> str:
    """The statement with `$1` for the first `?`, and without SQLite's `INDEXED BY`: the planner has statistics."""
    number = 0

    def told(found: re.Match[str]) -> str:
        nonlocal number
        if found[0].startswith("'"):
            return found[0]
        if found[0] != "?":
            return ""
        number += 1
        return f"${number}"

    return _MARK.sub(told, statement)


class _Whole(Loader):
    """What PostgreSQL adds up is `numeric`; all that is added up here are whole numbers."""

    def load(self, data: Buffer) -> int:
        return int(bytes(data))


class _Text(StrDumperUnknown):
    """JSON and SQLite know a text with a NUL in it, PostgreSQL does not."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace("\0", "\N{REPLACEMENT CHARACTER}"))


class _Cursor(psycopg.RawCursor[tuple[Any, ...]]):
    """Asked by peewee and by `execute` alike."""

    def execute(self, query: Query, params: Params | None = None, **how: Any) -> Self:
        return super().execute(_told(query), params, **how)

    def executemany(self, query: Query, params_seq: Any, **how: Any) -> None:
        super().executemany(_told(query), params_seq, **how)


def _told(query: Query) -> bytes:
    assert isinstance(query, str), "statements are texts"  # noqa: S101
    return in_postgres(query).encode()


class PostgresConnection(psycopg.Connection[tuple[Any, ...]]):
    """psycopg's, with the shortcut that SQLite's have."""

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Many rows by few statements; so no two that are written at once may clash with each other."""
        found = _VALUES.search(statement)
        if len(rows) == 1:
            self.execute(statement, rows[0])
        elif found is None:
            self.cursor().executemany(statement, rows)
        elif rows:
            with self.pipeline():
                for some in _portions(rows):
                    several = ", ".join([found[1]] * len(some))
                    told = f"{statement[: found.start(1)]}{several}{statement[found.end(1) :]}"
                    self.execute(told, [value for row in some for value in row])


def _portions(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """In sizes of which there are few, so that few statements have to be understood and kept."""
    first, size = 0, _AT_ONCE
    while first < len(rows):
        while size > len(rows) - first:
            size //= 2
        yield rows[first : first + size]
        first += size


def understood(address: str) -> str:
    """An address, if it is one. Raises `CannotStart`, which does not repeat it: its password stands in it."""
    try:
        conninfo_to_dict(address)
    except psycopg.ProgrammingError:
        raise CannotStart(
            "the setting `projections` is no address of PostgreSQL: postgresql://USER:PASSWORD@HOST/DATABASE, where"
            " signs of the password that mean something there are written as %40 (@), %2F (/), %25 (%) and so on"
        ) from None
    return address


def connected(address: str, *, named: str = "motcua", **session: str) -> PostgresConnection:
    """A connection that commits each statement by itself, outside `transaction()`. Raises `Unavailable`.

    `session`: what else the server is to set for it.
    """
    options = {"search_path": SCHEMA, **_THERE, **session}
    try:
        connection = PostgresConnection.connect(
            make_conninfo(
                address,
                connect_timeout=CONNECT_S,
                application_name=named,
                options=" ".join(f"-c {name}={value}" for name, value in options.items()),
                **_HERE,
            ),
            autocommit=True,
            cursor_factory=_Cursor,
        )
    except _GONE as why:
        raise Unavailable(f"PostgreSQL: {first_line(why)}") from why
    connection.adapters.register_loader("numeric", _Whole)
    connection.adapters.register_dumper(str, _Text)
    return connection


@contextlib.contextmanager
def losing(connection: PostgresConnection) -> Iterator[None]:
    """What the loss of a connection raises, in psycopg's words or in peewee's, becomes `Unavailable`."""
    try:
        yield
    except PeeweeException as why:
        if connection.broken or connection.closed:
            raise Unavailable(f"PostgreSQL: {first_line(why)}") from why
        raise
    except _GONE as why:
        if isinstance(why, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
            raise
        raise Unavailable(f"PostgreSQL: {first_line(why)}") from why


def first_line(why: Exception) -> str:
    """What went wrong, without the statement in which it did."""
    return (str(why).splitlines() or [type(why).__name__])[0]


class Postgres:
    """A database that is read by many threads."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._idle: list[PostgresConnection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[PostgresConnection]:
        """A stable one, on a connection that nobody else uses meanwhile. Raises `Unavailable`."""
        connection = self._taken()
        with losing(connection):
            try:
                with connection.transaction():
                    yield connection
            finally:
                self._give_back(connection)

    def close(self) -> None:
        """What is in use is closed when it is given back; a later `snapshot` raises `Unavailable`."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _taken(self) -> PostgresConnection:
        with self._lock:
            if self._closed:
                raise Unavailable("PostgreSQL: closed")
            if self._idle:
                return self._idle.pop()
        connection = connected(self._address, named="motcua pages", lock_timeout=f"{LOCK_S}s")
        connection.read_only, connection.isolation_level = True, psycopg.IsolationLevel.REPEATABLE_READ
        return connection

    def _give_back(self, connection: PostgresConnection) -> None:
        with self._lock:
            lost = connection.broken or connection.closed
            if not (lost or self._closed):
                self._idle.append(connection)
                return
            idle, self._idle = self._idle, []  # what was lost for one is lost for all
        for one in (connection, *idle):
            one.close()
