"""One SQLite file: one connection that writes, and as many that read as there are readers.

Under WAL readers see the last commit and never wait for the writer. The writer is durable
(`synchronous=FULL`): when `write()` has returned, a power cut cannot take it back.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from sqlite3 import SQLITE_IOERR_SHMSIZE
from typing import Any, TypeAlias

from sqlcipher3 import dbapi2

from sync.errors import Broken, DiskFull, Unavailable

# sqlcipher3 has no type stubs; a connection is that of PEP 249 with sqlite3's shortcuts (`execute`, …).
Connection: TypeAlias = Any

KEY_BYTES = 32
_NO_ROOM = (dbapi2.SQLITE_FULL, SQLITE_IOERR_SHMSIZE)
"""The index of the write-ahead log needs some room too."""
VACUUM_PAGES = 2_000  # at a time: some milliseconds
PATIENCE_S = 1.0
BUSY_TIMEOUT_S = 10.0  # another process may hold the file for a backup or a verification


class SqliteFile:
    """`key`: 32 random bytes for SQLCipher, or None for a plain file. Raises `Broken` for a wrong key."""

    def __init__(self, path: Path, *, key: bytes | None = None) -> None:
        if key is not None and len(key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, this one {len(key)}")
        self.path = path
        self._key = key
        self._lock = threading.RLock()
        self._turn = threading.Condition()
        self._hurried = 0  # who waits for the lock and is not patient
        self._writing = False
        self._committed: list[Callable[[], None]] = []
        self._told: Callable[[str], None] | None = None
        self._idle: list[Connection] = []
        self._inside = 0  # readers
        self._idle_changed = threading.Condition()
        self._open: list[Connection] = []
        self._closed = False
        self._reading = threading.local()
        self._writer = self._connect_writer()

    @property
    def key(self) -> bytes | None:
        """What closes it."""
        return self._key

    @contextlib.contextmanager
    def write(self, *, patient: bool = False) -> Iterator[Connection]:
        """One transaction on the only writer: committed and durable when the block ends, else rolled back.

        Other threads wait; who is `patient` lets all go first that wait and are not. Within the same thread an
        inner block is part of the outer one; an exception that leaves the inner block takes back only what the inner
        one did. Raises `DiskFull`.
        """
        self._require_open()
        with self._in_turn(patient=patient and not self._inside_write()):
            if self._writing:
                with self._inner():
                    yield self._writer
                return
            self._wake_up()
            self._writing = True
            self._committed = []
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException as why:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                if isinstance(why, dbapi2.OperationalError) and why.sqlite_errorcode in _NO_ROOM:
                    raise DiskFull(f"{self.path.name}: nothing was saved, {why}") from why
                raise
            finally:
                self._writing = False
            callbacks = self._committed
        with contextlib.ExitStack() as told:  # every one of them, even if one raises
            for callback in reversed(callbacks):
                told.callback(callback)

    @contextlib.contextmanager
    def _in_turn(self, *, patient: bool) -> Iterator[None]:
        """Hold the writer's lock. A lock alone would go back to whoever gave it up last."""
        with self._turn:
            if patient:
                self._turn.wait_for(lambda: not self._hurried, timeout=PATIENCE_S)
            else:
                self._hurried += 1
        try:
            self._lock.acquire()
        finally:
            if not patient:
                with self._turn:
                    self._hurried -= 1
                    if not self._hurried:
                        self._turn.notify_all()
        try:
            yield
        finally:
            self._lock.release()

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits to write who is not patient."""
        return self._hurried > 0

    @contextlib.contextmanager
    def _inner(self) -> Iterator[None]:
        promised = len(self._committed)
        self._writer.execute("SAVEPOINT inner_block")
        try:
            yield
        except BaseException:
            if self._writer.in_transaction:  # a full disk may have rolled back everything already
                self._writer.execute("ROLLBACK TO inner_block")
                self._writer.execute("RELEASE inner_block")
            del self._committed[promised:]
            raise
        self._writer.execute("RELEASE inner_block")

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A stable snapshot. Inside `write()` of the same thread it is the writer, with what it wrote."""
        if self._inside_write():
            yield self._writer
            return
        current = getattr(self._reading, "connection", None)
        if current is not None:
            yield current
            return
        connection = self._take_reader()
        self._reading.connection = connection
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            self._reading.connection = None
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            with self._idle_changed:
                self._idle.append(connection)
                self._inside -= 1
                self._idle_changed.notify_all()

    def written_by_others(self) -> int:
        """Another number once another process, or another object of this class, has written to the file."""
        with self._lock:
            self._wake_up()
            (number,) = self._writer.execute("PRAGMA data_version").fetchone()
            return int(number)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once the present outermost transaction is durable; never if it is rolled back."""
        if not self._inside_write():
            raise RuntimeError("after_commit() belongs inside write()")
        self._committed.append(callback)

    def on_statement(self, callback: Callable[[str], None] | None) -> None:
        """Tell `callback` each statement of the writer, just before it runs: to profile, or to crash there."""
        with self._lock:
            self._wake_up()
            self._told = callback
            self._writer.set_trace_callback(callback)

    def close(self) -> None:
        """Close all connections; the last one folds the WAL into the file.

        Whoever comes from now on gets `Unavailable`. Those who are inside are waited for; a reader that takes
        longer than `BUSY_TIMEOUT_S` keeps its connection until it leaves.
        """
        self._closed = True
        with self._idle_changed:
            self._idle_changed.wait_for(lambda: self._inside == 0, timeout=BUSY_TIMEOUT_S)
        with self._lock, self._idle_changed:
            self._close_connections()

    @property
    def awake(self) -> bool:
        """Whether connections are open."""
        return bool(self._open)

    def rest(self) -> bool:
        """Close all connections until somebody comes again; False if somebody is inside just now.

        A file that rests holds no descriptors, so that there can be many more files than descriptors.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            with self._idle_changed:
                if self._writing or self._inside:
                    return False
                self._close_connections()
                return True
        finally:
            self._lock.release()

    def _close_connections(self) -> None:
        """All that nobody uses: the writer and the idle readers."""
        for connection in (self._writer, *self._idle):
            connection.close()
        self._open = [one for one in self._open if one not in (self._writer, *self._idle)]
        self._idle.clear()

    def _wake_up(self) -> None:
        """Have a writer, also after a rest. The lock must be held."""
        self._require_open()
        if self._writer not in self._open:
            self._writer = self._connect_writer()

    def _require_open(self) -> None:
        if self._closed:
            raise Unavailable(f"{self.path.name} is closed")

    def _connect_writer(self) -> Connection:
        writer = self._connect()
        try:
            # auto_vacuum only takes effect before the first table
            writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("PRAGMA synchronous = FULL")
            writer.execute("PRAGMA secure_delete = ON")
        except dbapi2.DatabaseError as why:
            writer.close()
            raise Broken(f"{self.path} is no database, or the key is wrong: {why}") from why
        writer.set_trace_callback(self._told)
        return writer

    def _connect(self) -> Connection:
        connection = dbapi2.connect(
            str(self.path),
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        if self._key is not None:
            apply_key(connection, self._key)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")  # nothing of it in a file that nobody closes
        self._open.append(connection)
        return connection

    def _take_reader(self) -> Connection:
        with self._idle_changed:
            self._require_open()
            if self._idle:
                connection = self._idle.pop()
            else:
                connection = self._connect()
                connection.execute("PRAGMA query_only = ON")
            self._inside += 1
            return connection

    @property
    def writing_here(self) -> bool:
        """Whether this thread is inside `write()`."""
        return self._inside_write()

    def _inside_write(self) -> bool:
        """Whether this thread is the one inside `write()`: only its owner can take the lock meanwhile."""
        if not self._writing or not self._lock.acquire(blocking=False):
            return False
        try:
            return self._writing
        finally:
            self._lock.release()

    def scrub(self) -> None:
        """Leave no byte of what was deleted: give free pages back, fold the WAL into the file and empty it.

        What is deleted is overwritten at once (`secure_delete`), but until this the WAL still tells of it.
        Raises `Unavailable` if a reader is in the way for longer than `BUSY_TIMEOUT_S`, or the disk is full; then ask again.
        """
        with self._says_if_full():
            while self._give_back(VACUUM_PAGES):
                pass
            with self._lock:
                self._wake_up()
                ((busy, _, _),) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if busy:
            raise Unavailable(
                f"{self.path.name}: deleted, but a reader keeps its log from being emptied; try again"
            )

    @contextlib.contextmanager
    def _says_if_full(self) -> Iterator[None]:
        try:
            yield
        except dbapi2.OperationalError as why:
            if why.sqlite_errorcode in _NO_ROOM:
                raise DiskFull(f"{self.path.name}: deleted, and its log still tells of it: {why}") from why
            raise

    def _give_back(self, pages: int) -> bool:
        """Free pages to the disk; whether there are more. Others write between two calls."""
        with self._lock:
            if self._writing:
                raise RuntimeError("scrub() belongs after the commit")
            self._wake_up()
            self._writer.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
            (free,) = self._writer.execute("PRAGMA freelist_count").fetchone()
            return bool(free)

    def sizes(self) -> tuple[int, int]:
        """Bytes of the file, and those of them in use; without the WAL."""
        with self.read() as connection:
            (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        return pages * page_bytes, (pages - free) * page_bytes

    def size(self) -> int:
        """Bytes of the file, without the WAL."""
        return self.sizes()[0]


def apply_key(connection: Connection, key: bytes, database: str = "main") -> None:
    """Open a closed file, or close a new one, before anything else is done with it. Not verified: the first read does.

    The seal of a page is HMAC-SHA256 and not SQLCipher's SHA512: processors have instructions for it, and half as much of
    the time goes into it (decisions/0019).
    """
    connection.execute(f"PRAGMA {database}.key = \"x'{key.hex()}'\"")
    connection.execute(f"PRAGMA {database}.cipher_hmac_algorithm = HMAC_SHA256")
