"""Closing a node that is open, and giving a closed one another key: whole or not at all, whenever the power goes.

New files are made aside under the name of their key and synced; then `closed.json` is replaced, and with that it is
decided; then the new files take the places of the old ones, whose bytes are written over. What a power cut left is
finished at the next start (`finish`): files of the key in `closed.json` take their places, others are thrown away.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from sqlcipher3 import dbapi2

from edge.at_rest import NAME, AtRest, key_id, read_envelope, wrap
from edge.durable import synced, write_new
from edge.errors import CannotStart
from edge.tables.migrations import copies_aside
from sync.sqlite import apply_key

_DATABASES: Final = ("node.db", "files.db")
_MAY_LIE_OPEN: Final = frozenset({"root.der", "tls.pem", "tls-authority.der"})
"""Certificates: everybody may read them."""
_SHRED_BYTES: Final = 1024 * 1024


def rekey(
    folder: Path, now: AtRest, secret: bytes, by: Literal["file", "passphrase"], *, anew: bool = False
) -> None:
    """Close the node in a folder, which nobody has open, with a secret. `now`: what opens it at present.

    `anew`: with another key of the node as well, so that who has read the old `closed.json` and knows the old secret
    can read nothing of what comes. Raises `CannotStart`.
    """
    finish(folder)
    key = secrets.token_bytes(32) if now.key is None or anew else now.key
    new = AtRest(key)
    rewrites = now.key != key
    if rewrites:
        for path in _files(folder):
            _aside(path, key).unlink(missing_ok=True)
            if path.name in _DATABASES:
                _rewrite_database(path, _aside(path, key), now, new)
            else:
                _put(_aside(path, key), closed_content(path, now, new))
        synced(folder)
    fresh = folder / f"{NAME}.new"
    _put(fresh, msgspec.json.encode(wrap(key, secret, by)))
    fresh.replace(folder / NAME)
    synced(folder)
    finish(folder)


def finish(folder: Path) -> None:
    """Do to its end what a power cut interrupted; nothing where nothing was."""
    envelope = read_envelope(folder)
    mine = f".{envelope.id}.closing" if envelope is not None else None
    (folder / f"{NAME}.new").unlink(missing_ok=True)
    for path in _found(folder, "*.closing"):
        if mine is None or not path.name.endswith(mine):
            path.unlink()
            continue
        _take_place(path, path.with_name(path.name.removesuffix(mine)))
    if envelope is not None:
        for path in copies_aside(folder / _DATABASES[0]):
            if _is_open_database(path):
                _shred(path)


def closed_content(path: Path, now: AtRest, new: AtRest) -> bytes:
    """A small file as the new key closes it; a PEM that libraries read by themselves stays a PEM."""
    content = now.read(path)
    if path.name != "tls.key":
        return new.shut(path.name, content)
    key = load_pem_private_key(content, now.pem_password if b"ENCRYPTED" in content else None)
    assert new.pem_password is not None  # noqa: S101 - a new key closes
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(new.pem_password))


def _files(folder: Path) -> Iterator[Path]:
    """All that is not for everybody's eyes."""
    yield from (folder / name for name in _DATABASES if (folder / name).exists())
    for part in ("keys", "paper", "tokens"):
        for path in _found(folder / part, "*"):
            if path.name not in _MAY_LIE_OPEN and not path.name.endswith(".closing"):
                yield path


def _found(folder: Path, pattern: str) -> list[Path]:
    return sorted(path for path in folder.rglob(pattern) if path.is_file())


def _aside(path: Path, key: bytes) -> Path:
    return path.with_name(f"{path.name}.{key_id(key)}.closing")


def _rewrite_database(path: Path, target: Path, now: AtRest, new: AtRest) -> None:
    connection = dbapi2.connect(str(path), isolation_level=None)
    try:
        if now.database_key is not None:
            apply_key(connection, now.database_key)
        connection.execute("PRAGMA temp_store = MEMORY")
        ((busy, _, _),) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if busy:
            raise CannotStart(f"{path} is in use: stop the node first")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        assert new.database_key is not None  # noqa: S101 - a new key closes
        connection.execute("ATTACH DATABASE ? AS fresh KEY ''", (str(target),))
        apply_key(connection, new.database_key, "fresh")
        connection.execute("PRAGMA fresh.auto_vacuum = INCREMENTAL")
        connection.execute("SELECT sqlcipher_export('fresh')")
        connection.execute(f"PRAGMA fresh.user_version = {int(version)}")
        connection.execute("DETACH DATABASE fresh")
    except dbapi2.DatabaseError as why:
        raise CannotStart(f"{path} cannot be rewritten: {why}") from why
    finally:
        connection.close()
    synced(target)


def _take_place(path: Path, old: Path) -> None:
    """The log first: it is empty, and belongs to the old file."""
    for ending in ("-wal", "-shm"):
        beside = old.with_name(old.name + ending)
        if beside.exists():
            _shred(beside)
    handle = os.open(old, os.O_RDWR) if old.exists() else None
    path.chmod(0o600)
    path.replace(old)
    synced(old.parent)
    if handle is not None:
        with os.fdopen(handle, "r+b") as opened:
            _write_over(opened.fileno())


def _shred(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        _write_over(handle)
    finally:
        os.close(handle)
    path.unlink()


def _write_over(handle: int) -> None:
    """Zeros over all bytes. What a disk of flash keeps elsewhere only its own encryption reaches."""
    size = os.fstat(handle).st_size
    os.lseek(handle, 0, os.SEEK_SET)
    while size > 0:
        size -= os.write(handle, bytes(min(size, _SHRED_BYTES)))
    os.fsync(handle)


def _is_open_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(15) == b"SQLite format 3"


def _put(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    write_new(path, content)
