"""Compaction: what no leaf needs any more leaves the file. protocol.md §1.4 (`_compact`).

Of a revision that has a child CouchDB keeps the name and forgets the body; so do we. A run goes through the
documents in slices, each a short transaction, and may be stopped or killed between any two of them.
"""

from __future__ import annotations

from collections.abc import Callable

from sync import rows
from sync.contents import Contents
from sync.sqlite import Connection, SqliteFile

SLICE = 500  # documents a transaction: a few milliseconds for those that have nothing to forget


class Compaction:
    """Of one database: `prefix` is that of its tables in the file."""

    def __init__(self, file: SqliteFile, prefix: str, contents: Contents) -> None:
        self._file = file
        self._p = prefix
        self._contents = contents

    def run(self, *, stopped: Callable[[], bool]) -> None:
        """Does not give free pages back to the disk: `SqliteFile.scrub` does."""
        after: int | None = 0
        while after is not None and not stopped():
            after = self._slice(after)
        with self._file.write() as connection:
            self._contents.sweep(connection)

    def _slice(self, after: int) -> int | None:
        """The next documents after this number; the last of them, None at the end."""
        with self._file.write() as connection:
            (last,) = connection.execute(
                f"SELECT max(number) FROM"
                f" (SELECT number FROM {self._p}_doc WHERE number > ? ORDER BY number LIMIT ?)",
                (after, SLICE),
            ).fetchone()
            if last is None:
                return None
            self.strip(connection, after, last)
            return int(last)

    def strip(self, connection: Connection, after: int, last: int) -> int:
        """Forget the bodies of all revisions with a child, of the documents after one number up to another."""
        old = connection.execute(
            f"SELECT rowid, attachments FROM {self._p}_rev r"
            " WHERE doc > ? AND doc <= ? AND body IS NOT NULL AND EXISTS ("
            f"SELECT 1 FROM {self._p}_rev child WHERE child.doc = r.doc"
            " AND child.generation = r.generation + 1 AND child.parent = r.hash)",
            (after, last),
        ).fetchall()
        for row, attachments in old:
            self._strip(connection, row)
            if attachments is not None:
                self._contents.release(connection, rows.contents_of(attachments))
        return len(old)

    def _strip(self, connection: Connection, row: int) -> None:
        """Leave only the name. Anew at the end of the table, because a row that shrinks frees no page."""
        ((doc, generation, rev_hash, parent, deleted),) = connection.execute(
            f"DELETE FROM {self._p}_rev WHERE rowid = ? RETURNING doc, generation, hash, parent, deleted",
            (row,),
        ).fetchall()
        connection.execute(
            f"INSERT INTO {self._p}_rev (doc, generation, hash, parent, deleted) VALUES (?, ?, ?, ?, ?)",
            (doc, generation, rev_hash, parent, deleted),
        )
