"""The bytes of attachments: each content once, in pieces, so that nobody needs all of it in memory.

Contents are told apart by SHA-256. CouchDB's `digest` is an MD5, for which anybody can make two contents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sync.documents import digest_of
from sync.errors import Broken
from sync.sqlite import Connection

PIECE_BYTES = 256 * 1024


class Content(NamedTuple):
    number: int
    length: int
    digest: str


class Contents:
    def __init__(self, prefix: str) -> None:
        self._p = prefix

    def keep(self, connection: Connection, data: bytes) -> Content:
        """Store `data`, unless the same bytes are here already."""
        sha256 = hashlib.sha256(data).digest()
        row = connection.execute(
            f"SELECT number, length, digest FROM {self._p}_content WHERE sha256 = ?", (sha256,)
        ).fetchone()
        if row is not None:
            return Content(*row)
        digest = digest_of(data)
        number = connection.execute(
            f"INSERT INTO {self._p}_content (sha256, length, digest) VALUES (?, ?, ?)",
            (sha256, len(data), digest),
        ).lastrowid
        connection.executemany(
            f"INSERT INTO {self._p}_piece VALUES (?, ?, ?)",
            (
                (number, offset, data[offset : offset + PIECE_BYTES])
                for offset in range(0, len(data), PIECE_BYTES)
            ),
        )
        return Content(number, len(data), digest)

    def hold(self, connection: Connection, numbers: Iterable[int]) -> None:
        """One more revision holds each of these contents."""
        connection.executemany(
            f"UPDATE {self._p}_content SET held = held + 1 WHERE number = ?",
            ((number,) for number in numbers),
        )

    def release(self, connection: Connection, numbers: Iterable[int]) -> None:
        """One revision less holds each; what nobody holds is deleted."""
        for number in numbers:
            ((held,),) = connection.execute(
                f"UPDATE {self._p}_content SET held = held - 1 WHERE number = ? RETURNING held", (number,)
            ).fetchall()
            if not held:
                self._delete(connection, number)

    def sweep(self, connection: Connection) -> None:
        """Delete what nobody holds."""
        unheld = connection.execute(f"SELECT number FROM {self._p}_content WHERE held = 0").fetchall()
        for (number,) in unheld:
            self._delete(connection, number)

    def _delete(self, connection: Connection, number: int) -> None:
        connection.execute(f"DELETE FROM {self._p}_piece WHERE content = ?", (number,))
        connection.execute(f"DELETE FROM {self._p}_content WHERE number = ?", (number,))

    def pieces(self, connection: Connection, number: int) -> Iterator[bytes]:
        rows = connection.execute(
            f"SELECT data FROM {self._p}_piece WHERE content = ? ORDER BY offset", (number,)
        )
        return (data for (data,) in rows)

    def piece_from(self, connection: Connection, number: int, start: int) -> bytes:
        """What the piece that holds byte `start` has from there on; at least one byte."""
        row = connection.execute(
            f"SELECT offset, data FROM {self._p}_piece WHERE content = ? AND offset <= ?"
            " ORDER BY offset DESC LIMIT 1",
            (number, start),
        ).fetchone()
        if row is None or row[0] + len(row[1]) <= start:
            raise Broken(f"the bytes of content {number} end before {start}")
        piece: bytes = row[1][start - row[0] :]
        return piece
