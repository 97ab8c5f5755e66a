"""The bytes of attachments: each content once, in pieces, so that nobody needs all of it in memory.

Contents are told apart by SHA-256. CouchDB's `digest` is an MD5, for which anybody can make two contents.

A content is *held* by the revisions that name it; with the last one it goes. What comes in as a stream is
laid down before its document is written, in short transactions of its own (`Staging`): until then nobody
holds it, no revision names it, and nobody can see it. A crash leaves it so, and `sweep` takes it away.
DESIGN.md, "Attachments".
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

from sync.documents import BINARY_TYPE, Content, digest_from, digest_of
from sync.errors import BadRequest, Broken, TooLarge, Unavailable
from sync.gunzip import Gunzip
from sync.packing import Packing, is_packed
from sync.sqlite import Connection, SqliteFile

PIECE_BYTES = 256 * 1024
STRIDE_BYTES = 1024 * 1024  # how much of a stream is in memory, and laid down in one transaction
MAX_ATTACHMENT_BYTES = 1024**3  # CouchDB's default; packed and unpacked


class Contents:
    """The contents of one store. All but `piece_from` runs inside `SqliteFile.write`."""

    def __init__(self, prefix: str) -> None:
        self._p = prefix
        # by number: how many requests of this process need it, whoever holds it; guarded by the writer's lock
        self._pinned: Counter[int] = Counter()

    def keep(self, connection: Connection, data: bytes) -> Content:
        """Store `data`, unless the same bytes are here already."""
        sha256 = hashlib.sha256(data).digest()
        known = self.find(connection, sha256)
        if known is not None:
            return known
        number = self.begin(connection)
        self.add(connection, number, 0, data)
        return self.finish(connection, number, sha256, len(data), digest_of(data))

    def find(self, connection: Connection, sha256: bytes) -> Content | None:
        """By the SHA-256 of its bytes; None where it is not here."""
        row = connection.execute(
            f"SELECT number, length, digest FROM {self._p}_content WHERE sha256 = ?", (sha256,)
        ).fetchone()
        return None if row is None else Content(*row)

    def begin(self, connection: Connection) -> int:
        """A content that has no bytes yet. Until they are all here it has a name that no SHA-256 can be.

        Its number is never another one's: who still reads or writes it when it is gone finds nothing.
        """
        ((number,),) = connection.execute(
            f"UPDATE {self._p}_meta SET last_content = last_content + 1 RETURNING last_content"
        ).fetchall()
        connection.execute(
            f"INSERT INTO {self._p}_content (number, sha256, length, digest)"
            " VALUES (?, CAST('staged ' || ? AS BLOB), 0, '')",
            (number, number),
        )
        return int(number)

    def add(self, connection: Connection, number: int, start: int, data: bytes) -> None:
        """Its bytes from `start` on."""
        connection.executemany(
            f"INSERT INTO {self._p}_piece VALUES (?, ?, ?)",
            (
                (number, start + offset, data[offset : offset + PIECE_BYTES])
                for offset in range(0, len(data), PIECE_BYTES)
            ),
        )

    def finish(self, connection: Connection, number: int, sha256: bytes, length: int, digest: str) -> Content:
        """Give staged bytes their name; `length` in bytes, `digest` as attachments have it."""
        found = connection.execute(
            f"UPDATE {self._p}_content SET sha256 = ?, length = ?, digest = ? WHERE number = ?",
            (sha256, length, digest, number),
        ).rowcount
        _require_here(found)
        return Content(number, length, digest)

    # ---- who needs them

    def hold(self, connection: Connection, numbers: Iterable[int]) -> None:
        """One more revision holds each of these contents."""
        for number in numbers:
            found = connection.execute(
                f"UPDATE {self._p}_content SET held = held + 1 WHERE number = ?", (number,)
            ).rowcount
            _require_here(found)

    def release(self, connection: Connection, numbers: Iterable[int]) -> None:
        """One revision less holds each; what nobody holds or needs is deleted."""
        for number in numbers:
            ((held,),) = connection.execute(
                f"UPDATE {self._p}_content SET held = held - 1 WHERE number = ? RETURNING held", (number,)
            ).fetchall()
            if not held and not self._pinned[number]:
                self._delete(connection, number)

    def sweep(self, connection: Connection) -> None:
        """Delete what nobody holds or needs: what uploads left that ended in a crash."""
        unheld = connection.execute(f"SELECT number FROM {self._p}_content WHERE held = 0").fetchall()
        for (number,) in unheld:
            if not self._pinned[number]:
                self._delete(connection, number)

    def pin(self, number: int) -> None:
        """Keep it until `unpin`, though no revision holds it; in this process, as often as asked."""
        self._pinned[number] += 1

    def unpin(self, number: int) -> None:
        """One need less; deletes nothing, which the next `release` or `sweep` does."""
        self._pinned[number] -= 1
        if not self._pinned[number]:
            del self._pinned[number]

    def doom(self, connection: Connection, number: int) -> bool:
        """Whether nobody holds this content and only the caller needs it; then nobody can find it any more."""
        if self._pinned[number] > 1:
            return False
        return bool(
            connection.execute(
                f"UPDATE {self._p}_content SET sha256 = CAST('staged ' || number AS BLOB)"
                " WHERE number = ? AND held = 0",
                (number,),
            ).rowcount
        )

    def shorten(self, connection: Connection, number: int) -> bool:
        """Delete a stride of its pieces; False once there is nothing left of it."""
        pieces = STRIDE_BYTES // PIECE_BYTES
        gone = connection.execute(
            f"DELETE FROM {self._p}_piece WHERE content = ? AND offset IN"
            f" (SELECT offset FROM {self._p}_piece WHERE content = ? LIMIT ?)",
            (number, number, pieces),
        ).rowcount
        if gone < pieces:
            self._delete(connection, number)
        return bool(gone == pieces)

    def _delete(self, connection: Connection, number: int) -> None:
        connection.execute(f"DELETE FROM {self._p}_piece WHERE content = ?", (number,))
        connection.execute(f"DELETE FROM {self._p}_content WHERE number = ?", (number,))

    # ---- reading

    def piece_from(self, connection: Connection, number: int, digest: str, start: int) -> bytes:
        """What the piece that holds byte `start` has from there on; at least one byte.

        Raises `Broken` if the content is gone, or is not the one of this digest (in a file that was restored).
        """
        row = connection.execute(
            f"SELECT offset, data FROM {self._p}_piece WHERE content = ? AND offset <= ?"
            f" AND EXISTS (SELECT 1 FROM {self._p}_content WHERE number = ? AND digest = ?)"
            " ORDER BY offset DESC LIMIT 1",
            (number, start, number, digest),
        ).fetchone()
        if row is None or row[0] + len(row[1]) <= start:
            raise Broken(f"the bytes of content {number} end before {start}")
        piece: bytes = row[1][start - row[0] :]
        return piece


class Staging:
    """Contents that are laid down for a document which is still to be written.

    A context: inside it nobody else's deletion takes them away. What no revision holds when it ends is
    deleted, whether the document was refused, the stream broke, or the bytes were here already.
    """

    def __init__(self, file: SqliteFile, contents: Contents) -> None:
        self._file = file
        self._contents = contents
        self._numbers: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._numbers:
            return
        doomed = []
        with self._file.write() as connection:
            for number in self._numbers:
                if self._contents.doom(connection, number):
                    doomed.append(number)
                else:
                    self._contents.unpin(number)
        for number in doomed:
            shortened = True
            while shortened:
                with self._file.write() as connection:
                    shortened = self._contents.shorten(connection, number)
                    if not shortened:
                        self._contents.unpin(number)

    def lay(
        self,
        chunks: Iterable[bytes],
        *,
        name: str,
        content_type: str = BINARY_TYPE,
        gzipped: bool = False,
        digest: str | None = None,
    ) -> Content:
        """Store a stream, packed if it is text of which nobody sent the gzip; never is more than a stride in memory.

        Raises `TooLarge` (of the attachment `name`), `BadRequest` if what should be gzipped is not or what
        came has not this digest, and whatever `chunks` raises.
        """
        arriving = _Digested(chunks)
        packing = Packing(arriving) if not gzipped and is_packed(content_type) else None
        unpacking = Gunzip() if gzipped else None
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        number: int | None = None
        laid = length = unpacked = 0
        waiting = bytearray()
        for chunk in arriving if packing is None else packing:
            sha256.update(chunk)
            md5.update(chunk)
            length += len(chunk)
            if unpacking is not None:
                for piece in unpacking.feed(chunk):
                    unpacked += len(piece)
                    _check_size(name, unpacked)
            if packing is not None:
                unpacked = packing.length
            _check_size(name, max(length, unpacked))
            waiting += chunk
            if len(waiting) >= STRIDE_BYTES:
                whole = len(waiting) - len(waiting) % PIECE_BYTES
                number = self._down(number, laid, bytes(waiting[:whole]))
                laid += whole
                del waiting[:whole]
        if unpacking is not None and not unpacking.complete:
            raise BadRequest(f"the attachment {name} is not the gzip that it is said to be")
        if digest not in (None, arriving.digest()):
            raise BadRequest("Possible message corruption.", error="content_md5_mismatch")
        with self._file.write() as connection:
            known = self._contents.find(connection, sha256.digest())
            if known is not None:
                self._pin(known.number)
            else:
                number = self._down(number, laid, bytes(waiting))
                known = self._contents.finish(
                    connection, number, sha256.digest(), length, digest_from(md5.digest())
                )
        return known._replace(unpacked=unpacked if gzipped or unpacked else None)

    def _down(self, number: int | None, start: int, data: bytes) -> int:
        with self._file.write() as connection:
            if number is None:
                number = self._contents.begin(connection)
                self._pin(number)
            self._contents.add(connection, number, start, data)
            return number

    def _pin(self, number: int) -> None:
        self._contents.pin(number)
        self._numbers.append(number)


class _Digested:
    """A stream that goes through, and what its digest is when it has."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._md5 = hashlib.md5(usedforsecurity=False)

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._md5.update(chunk)
            yield chunk

    def digest(self) -> str:
        return digest_from(self._md5.digest())


def _require_here(found: int) -> None:
    if not found:
        raise Unavailable("an attachment was taken away before its document came; send it again")


def _check_size(name: str, length: int) -> None:
    if length > MAX_ATTACHMENT_BYTES:
        raise TooLarge(name, error="attachment_too_large")


def unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What a stored gzip unpacks to."""
    unpacking = Gunzip()
    for chunk in chunks:
        yield from unpacking.feed(chunk)
