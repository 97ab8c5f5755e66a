"""A SQLite file that may be damaged: read-only, as of one moment, and past the pages that cannot be read.

SQLite notices a page that is no b-tree page; it does not notice a changed byte inside a value. So the file's
structure is SQLite's matter (`check`), and what the values say is checked by whoever reads them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlcipher3 import dbapi2

from edge.errors import CannotStart
from sync.sqlite import BUSY_TIMEOUT_S, apply_key

Row = tuple[Any, ...]

PATIENCE: Final = 20_000
"""How many row numbers in a row may give nothing before the end of a damaged table is taken as reached."""
UNREADABLE: Final = (dbapi2.DatabaseError, UnicodeDecodeError)
"""What SQLite raises for a damaged file; the second when its message quotes bytes that are no text."""
_PRIMARY: Final = 0xFF  # of an extended error code, the part that says what kind of error it is
_TREE = re.compile(r"^Tree ([0-9]+)")


class Snapshot:
    """One file, open for reading. `problem`: why nothing of it can be read at all, or None.

    `damaged` has the tables of which something could not be read, with SQLite's words. Raises `CannotStart` for
    a file that this user may not open. `key`: of a closed file. `still`: nobody writes to it, and it has no log: it can be
    read where nothing may be written, not even SQLite's index of the log.
    """

    def __init__(self, path: Path, key: bytes | None = None, *, still: bool = False) -> None:
        self.path = path
        self.damaged: dict[str, str] = {}
        self.problem: str | None = None
        self._connection: Any = None
        try:
            self._connection = connected(path, key, still=still)
            self._connection.execute("BEGIN")
            self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except UNREADABLE as why:
            code = getattr(why, "sqlite_errorcode", 0) & _PRIMARY
            if code == dbapi2.SQLITE_CANTOPEN and path.exists():
                raise CannotStart(
                    f"{path} cannot be opened: verify as the user that the node runs as"
                ) from why
            self.problem = str(why)

    def close(self) -> None:
        """Ends the moment as of which it was read: the node's log can begin anew."""
        if self._connection is not None:
            self._connection.close()

    def check(self) -> list[str]:
        """What SQLite itself finds wrong with the file's structure; tables are named, not their root pages."""
        if self.problem is not None:
            return []
        said = self._said("PRAGMA integrity_check")
        if said is None:
            tables = self.select("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")
            said = [line for (table,) in tables for line in self._said_of(table)]
        names = self._trees()
        return [_TREE.sub(lambda tree: names.get(tree[1], tree[0]), line) for line in said]

    def rows(self, table: str, columns: str) -> Iterator[Row]:
        """All rows of a table that can be read, in the order of their numbers, `columns` after the number."""
        last = 0
        try:
            for row in self._execute(f"SELECT rowid, {columns} FROM {table} NOT INDEXED ORDER BY rowid"):  # noqa: S608 - names are ours
                last = row[0]
                yield row
        except UNREADABLE as why:
            self.damaged.setdefault(table, str(why))
            yield from self._rows_beyond(table, columns, last)

    def keyed_rows(self, table: str, key: str, columns: str) -> Iterator[Row]:
        """The same for a table without row numbers: from both ends, as far as it can be read."""
        seen = set()
        for order in ("ASC", "DESC"):
            query = f"SELECT {columns} FROM {table} ORDER BY {key} {order}"  # noqa: S608 - names are ours
            try:
                for row in self._execute(query):
                    if row not in seen:
                        seen.add(row)
                        yield row
                return
            except UNREADABLE as why:
                self.damaged.setdefault(table, str(why))

    def select(self, query: str, *values: object) -> list[Row]:
        """What a query finds; nothing where that cannot be read."""
        with contextlib.suppress(*UNREADABLE):
            return list(self._execute(query, *values))
        return []

    def _rows_beyond(self, table: str, columns: str, last: int) -> Iterator[Row]:
        """Past a damaged page: what can be read from the end, and each row in between by its number."""
        tail: list[Row] = []
        query = f"SELECT rowid, {columns} FROM {table} NOT INDEXED WHERE rowid"  # noqa: S608 - names are ours
        with contextlib.suppress(*UNREADABLE):
            tail.extend(self._execute(f"{query} > ? ORDER BY rowid DESC", last))
        end = tail[-1][0] if tail else None
        number, nothing = last + 1, 0
        while number != end and nothing < PATIENCE:
            nothing += 1
            with contextlib.suppress(*UNREADABLE):
                for row in self._execute(f"{query} = ?", number):
                    nothing = 0
                    yield row
            number += 1
        yield from reversed(tail)

    def _execute(self, query: str, *values: object) -> Iterator[Row]:
        if self.problem is not None:
            return iter(())
        found: Iterator[Row] = self._connection.execute(query, values)
        return found

    def _said(self, check: str) -> list[str] | None:
        """The lines of a check, none if all is well; None where it ended before its time."""
        try:
            lines = [line for (text,) in self._execute(check) for line in text.splitlines()]
        except UNREADABLE:
            return None
        return [line for line in lines if line != "ok" and not line.startswith("***")]

    def _said_of(self, table: str) -> list[str]:
        said = self._said(f"PRAGMA integrity_check({table})")
        return [f"{table}: it cannot be checked to its end"] if said is None else said

    def _trees(self) -> dict[str, str]:
        with contextlib.suppress(*UNREADABLE):
            return {
                str(root): name for name, root in self._execute("SELECT name, rootpage FROM sqlite_schema")
            }
        return {}


def connected(path: Path, key: bytes | None, *, still: bool = False) -> Any:
    """A connection that cannot write: it makes no checkpoint either, and leaves the log as it lies."""
    connection = dbapi2.connect(
        f"file:{quote(str(path))}?mode=ro{'&immutable=1' if still else ''}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
    )
    if key is not None:
        apply_key(connection, key)
    connection.text_factory = _text
    return connection


def _text(raw: bytes) -> str:
    """Bytes that are no UTF-8 stay in the text as lone surrogates, and fail whatever is checked next."""
    return raw.decode("utf-8", "surrogateescape")
