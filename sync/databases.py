"""The databases of a server: a fixed set, or a folder in which they come and go.

A folder holds one SQLite file for each database, `<name>.db` with `.` for `/` (no name contains a dot), and
`uuid`, the server's for ever. Files are opened when somebody asks for them, and put to rest when many others
were asked for since: there may be more databases than a process may have files open.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol
from weakref import WeakValueDictionary

from sync.documents import Json
from sync.errors import BadRequest, Exists, Forbidden, NotFound, Unavailable
from sync.sqlite import SqliteFile
from sync.store import Store
from sync.writing import WriteRules

MAX_NAME: Final = 238
"""CouchDB's limit; with `.db-wal` it still fits what file systems take."""
MAX_AWAKE: Final = 16
"""Databases whose files stay open without anybody inside: each has about 3 descriptors for its writer and 2 for
each reader. One that is asked again after a rest takes a millisecond longer."""
GOING_S: Final = 5.0
"""So long at most who asks for a database that is being deleted waits until who deletes it has been told."""

_NAME = re.compile(r"[a-z][a-z0-9_$()+/-]*")
_SPECIAL: Final = frozenset({"_users", "_replicator", "_global_changes"})
_SUFFIX: Final = ".db"


class Databases(Protocol):
    """The databases that a server offers; `get` answers None for a name that there is not."""

    def get(self, name: str) -> Store | None:
        """Its store, open; None where there is none of this name."""
        ...

    def names(self) -> list[str]:
        """In the order of their bytes."""

    def create(self, name: str) -> None:
        """Durable when it returns. Raises `Exists`, `BadRequest` for an illegal name, `Forbidden`."""

    def delete(self, name: str) -> Callable[[], None]:
        """With all that is in it. Raises `NotFound`, `Forbidden`. What comes back lets others know: feeds end.

        Whoever deleted it is answered first: PouchDB takes it for a failure when its feed ends before.
        """


def is_legal(name: str) -> bool:
    """Whether a database may have this name: CouchDB's rule, at most `MAX_NAME` characters."""
    return (_NAME.fullmatch(name) is not None or name in _SPECIAL) and len(name) <= MAX_NAME


def checked_name(name: str) -> str:
    """Raises `BadRequest` for what CouchDB would not take as a name. protocol.md §1.2."""
    if not is_legal(name) and len(name) <= MAX_NAME:
        raise BadRequest(
            f"Name: '{name}'. Only lowercase characters (a-z), digits (0-9), and any of the characters _, $,"
            " (, ), +, -, and / are allowed. Must begin with a letter.",
            error="illegal_database_name",
        )
    if len(name) > MAX_NAME:
        raise BadRequest(
            f"At least one path segment of `{name}` is too long.", error="database_name_too_long"
        )
    return name


class FixedDatabases:
    """A set that is its owner's: nobody on the other side of the line changes it."""

    def __init__(self, stores: Mapping[str, Store]) -> None:
        self._stores = stores

    def get(self, name: str) -> Store | None:
        """Its store; None where there is none of this name."""
        return self._stores.get(name)

    def names(self) -> list[str]:
        """In the order of their bytes."""
        return sorted(self._stores)

    def create(self, name: str) -> None:
        """Raises `Forbidden`, always."""
        raise Forbidden("The databases of this server are fixed.")

    def delete(self, name: str) -> Callable[[], None]:
        """Raises `Forbidden`, always."""
        raise Forbidden("The databases of this server are fixed.")


class Folder:
    """`key`: of all files. `rules`: the write rules of the database with this name. `security`: what new ones begin with.

    Only one process at a time may open a folder. Raises `Unavailable` for a second one, `OSError` where it
    may not write.
    """

    def __init__(
        self,
        path: Path,
        *,
        new_id: Callable[[], str],
        key: bytes | None = None,
        rules: Callable[[str], WriteRules | None] = lambda name: None,
        security: Json | None = None,
        max_awake: int = MAX_AWAKE,
    ) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._new_id = new_id
        self._key = key
        self._rules = rules
        self._security = security
        self._max_awake = max_awake
        self._stores: dict[str, Store] = {}  # whose files are open, the one asked for last at the end
        self._resting: WeakValueDictionary[str, Store] = WeakValueDictionary()  # that somebody still holds
        self._going: set[str] = set()  # being deleted: nobody gets them any more
        self._untold: set[str] = set()  # gone, and who deleted them does not know it yet
        self._changed = threading.Condition()
        self._handle = _locked(path / "lock")
        self.uuid = self._read_uuid()

    def check(self) -> None:
        """Open one database, if there is any. Raises `Broken` for the wrong key, before anybody is served."""
        for name in self.names()[:1]:
            self.get(name)

    def get(self, name: str) -> Store | None:
        """The store of a database, opened if it rests; None where there is none, or it is going."""
        with self._changed:
            self._changed.wait_for(lambda: name not in self._going | self._untold, GOING_S)
            self._untold.discard(name)
            if name in self._going:
                return None
            store = self._stores.pop(name, None)
            rested = store is None
            if store is None:
                store = self._resting.pop(name, None)
            if store is None:
                if not is_legal(name) or not self._file(name).exists():
                    return None
                store = self._open(name)
            self._stores[name] = store
            if rested:
                self._put_to_rest(keep=store)
            return store

    def names(self) -> list[str]:
        """Those whose files are there and that nobody is deleting, in the order of their bytes."""
        with self._changed:
            found = {path.stem.replace(".", "/") for path in self._path.glob(f"*{_SUFFIX}")}
            return sorted(name for name in found - self._going if is_legal(name))

    def create(self, name: str) -> None:
        """Durable when this returns. Raises `Exists`, and what `checked_name` does."""
        checked_name(name)
        with self._changed:
            self._changed.wait_for(lambda: name not in self._going)
            self._untold.discard(name)
            file = self._file(name)
            if file.exists():
                raise Exists("The database could not be created, the file already exists.")
            _unlink(*_beside(file))
            store = self._open(name)
            if self._security is not None:
                store.set_security(self._security)
            self._stores[name] = store
            self._sync()
            self._put_to_rest(keep=store)

    def delete(self, name: str) -> Callable[[], None]:
        """As `Databases.delete`; waits for who reads in it just now."""
        with self._changed:
            if not is_legal(name) or name in self._going or not self._file(name).exists():
                raise NotFound("Database does not exist.")
            self._going.add(name)
            store = self._stores.pop(name, None) or self._resting.pop(name, None)
        try:
            if store is not None:  # outside of the lock: who reads just now is waited for
                store.shut()
                store.file.close()
            file = self._file(name)
            # the log last: without it the file would be an older state of itself
            _unlink(file, *_beside(file))
            self._sync()
            with self._changed:
                self._untold.add(name)
        except BaseException:
            if store is not None:
                store.wake()
            raise
        finally:
            with self._changed:
                self._going.discard(name)
                self._changed.notify_all()

        def tell() -> None:
            if store is not None:
                store.wake()
            with self._changed:
                self._untold.discard(name)
                self._changed.notify_all()

        return tell

    def close(self) -> None:
        """End all feeds and close all files."""
        with self._changed:
            stores = [*self._stores.values(), *self._resting.values()]
            self._stores.clear()
        for store in stores:
            store.close()
        for store in stores:
            store.file.close()
        os.close(self._handle)

    def end_feeds(self) -> None:
        """Before the web server stops, which waits for them."""
        with self._changed:
            for store in (*self._stores.values(), *self._resting.values()):
                store.close()

    def _file(self, name: str) -> Path:
        return self._path / (name.replace("/", ".") + _SUFFIX)

    def _open(self, name: str) -> Store:
        file = SqliteFile(self._file(name), key=self._key)
        try:
            return Store(file, name, new_id=self._new_id, rules=self._rules(name), prefix="db")
        except BaseException:
            file.close()
            raise

    def _put_to_rest(self, *, keep: Store) -> None:
        """Close the files of those not asked for the longest, but for those that somebody is using.

        A feed that waits keeps its store and needs no file; when something is written, it is woken.
        """
        others = [store for store in self._stores.values() if store is not keep]
        woken = [store for store in self._resting.values() if store.file.awake]
        for store in (*woken, *others[: max(0, len(others) + 1 - self._max_awake)]):
            if store.file.rest() and store.name in self._stores:
                self._resting[store.name] = self._stores.pop(store.name)

    def _sync(self) -> None:
        handle = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _read_uuid(self) -> str:
        file = self._path / "uuid"
        if not file.exists():
            fresh = file.with_suffix(".new")
            with fresh.open("w") as out:
                out.write(self._new_id() + "\n")
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(file)
            self._sync()
        return file.read_text().strip()


def _locked(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as why:
        os.close(handle)
        raise Unavailable(f"{path.parent} is in use by another process") from why
    return handle


def _beside(file: Path) -> tuple[Path, ...]:
    return tuple(file.with_name(file.name + ending) for ending in ("-wal", "-shm", "-journal"))


def _unlink(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)
