"""Where the backups of one machine lie: a folder to which each of them adds only what is new.

    repository.json        the key that closes all of it, itself closed for each holder of a recovery key
    blocks/3f/3f9c…        64 KiB of a file at most, packed and closed, once for all snapshots that have it; named by an
                           HMAC of its content, so that the name tells nobody what is in it
    snapshots/<moment>     which blocks make up which file: signed by the machine, closed, written last

SQLite changes pages where they lie and moves none, so blocks of one length find again what was there before. A snapshot
gets its name when all that it names is on the disk, and what no snapshot names is nothing: whenever the power goes, the
snapshots before are whole. AES-256-GCM closes everything; a block is bound to its name, and so is a snapshot.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edge.durable import synced, write_whole
from edge.errors import CannotStart
from schemas import boxes
from schemas.calendar import local_day
from schemas.canonical import from_base64, to_base64
from schemas.errors import Malformed

BLOCK: Final = 64 * 1024
KEY_BYTES: Final = 32
_NAME: Final = "repository.json"
_NONCE: Final = 12
_SIGNATURE: Final = 64
_SIGNED: Final = b"motcua/backup/1\n"
_MOMENT: Final = "%Y-%m-%dT%H%M%SZ"


class Stored(msgspec.Struct, frozen=True):
    """A file: its length in bytes, and its blocks in order."""

    size: int
    blocks: list[str]


class Head(msgspec.Struct, frozen=True):
    """Up to where the machine had written in one database."""

    seq: int
    hash: str


class Snapshot(msgspec.Struct, frozen=True):
    """One machine as of one moment. `files` by their paths in its folder; `key`: what opens them where they are closed."""

    v: Literal[1]
    node: str
    at: datetime
    heads: dict[str, Head]
    files: dict[str, Stored]
    key: str


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`repository.json`. `id` tells one key from another; `boxes` by the public recovery key that each is for."""

    v: Literal[1]
    id: str
    boxes: dict[str, str]


class DamagedBlocks(Exception):
    """Blocks that are not what they were, or are gone."""

    def __init__(self, blocks: Iterable[str]) -> None:
        super().__init__()
        self.blocks = set(blocks)


class Repository:
    """One folder, opened with its key."""

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._cipher = AESGCM(_derived(key, b"motcua/backup/content/1"))
        self._names = _derived(key, b"motcua/backup/names/1")
        self._written: list[Path] = []
        self._here: set[str] = set()
        """Blocks that are known to be whole on the disk, or were written by this run."""

    # ---- opening

    @classmethod
    def of_machine(cls, path: Path, key: bytes, holders: Sequence[str]) -> Repository:
        """The repository of the machine that has the key; made where none is. `holders`: public recovery keys.

        Raises `CannotStart`, `OSError`.
        """
        name = path / _NAME
        path.mkdir(mode=0o700, exist_ok=True)
        known = _read_envelope(name) if name.exists() else None
        if known is not None and known.id != _id(key):
            raise CannotStart(
                f"{path} is closed with another key than this machine's: say another folder for its backups"
            )
        if known is None and any(one.suffix != ".new" for one in path.iterdir()):
            raise CannotStart(f"{path} holds something else: say another folder for the backups")
        closed = {} if known is None else known.boxes
        if known is None or not closed.keys() >= set(holders):
            # who could open it once knows the key: nobody is left out again
            new = {one: to_base64(boxes.closed(key, one, os.urandom(KEY_BYTES))) for one in holders}
            write_whole(name, msgspec.json.encode(_Envelope(1, _id(key), closed | new)))
        for folder in (path / "blocks", path / "snapshots"):
            folder.mkdir(mode=0o700, exist_ok=True)
        repository = cls(path, key)
        repository._here = repository._named()
        return repository

    @classmethod
    def of_holder(cls, path: Path, recovery: X25519PrivateKey) -> Repository:
        """The repository of whoever has a recovery key. Raises `CannotStart`."""
        name = path / _NAME
        if not name.exists():
            raise CannotStart(
                f"{path} holds no backups: give the folder with {_NAME} in it. A found disk is brought in with"
                " `motcua rescue`"
            )
        envelope = _read_envelope(name)
        box = envelope.boxes.get(to_base64(recovery.public_key().public_bytes_raw()))
        if box is None:
            raise CannotStart(f"{path} was not closed for this recovery key: it needs the other one")
        try:
            return cls(path, boxes.opened(from_base64(box, "box"), recovery))
        except Malformed as why:
            raise CannotStart(f"{name} is damaged: take the backups on another disk") from why

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One backup at a time. Raises `CannotStart`."""
        with (self.path / _NAME).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as why:
                raise CannotStart(f"another backup is being written to {self.path}") from why
            yield

    # ---- blocks

    def put(self, content: bytes) -> str:
        """Keep a block, unless it is here; its name."""
        name = self._name_of(content)
        if name in self._here:
            return name
        path = self._block(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(self._shut(name, zlib.compress(content, 1)))
        self._written.append(path)
        self._here.add(name)
        return name

    def get(self, name: str) -> bytes:
        """Raises `DamagedBlocks`."""
        try:
            content = zlib.decompress(self._opened(name, self._block(name).read_bytes()))
        except (OSError, InvalidTag, ValueError, zlib.error) as why:
            raise DamagedBlocks([name]) from why
        return content

    def distrust(self, blocks: Iterable[str]) -> None:
        """What is damaged is written anew, as soon as a file has it; that mends earlier snapshots too."""
        self._here -= set(blocks)

    def _name_of(self, content: bytes) -> str:
        return hmac.new(self._names, content, hashlib.sha256).hexdigest()[:32]

    def _block(self, name: str) -> Path:
        return self.path / "blocks" / name[:2] / name

    # ---- snapshots

    def names(self) -> list[str]:
        """The oldest first."""
        folder = self.path / "snapshots"
        return sorted(one.name for one in folder.iterdir() if not one.name.endswith(".new"))

    def add(self, snapshot: Snapshot, sign: Callable[[bytes], bytes]) -> str:
        """Name a snapshot whose blocks have been put; what it is called. From here on it is there."""
        folders = {path.parent for path in self._written}
        for path in (*self._written, *folders, self.path / "blocks"):
            synced(path)
        self._written.clear()
        at = snapshot.at.astimezone(UTC)
        while (self.path / "snapshots" / (name := at.strftime(_MOMENT))).exists():
            at += timedelta(seconds=1)
        content = msgspec.json.encode(snapshot)
        content = sign(_SIGNED + content) + content
        write_whole(self.path / "snapshots" / name, self._shut(name, content))
        return name

    def read(self, name: str) -> tuple[Snapshot, bytes, bytes]:
        """A snapshot, what the machine signed, and its signature. Raises `CannotStart`."""
        path = self.path / "snapshots" / name
        try:
            content = path.read_bytes()
        except OSError as why:
            raise CannotStart(f"{path} cannot be read ({why.strerror}): take another backup") from why
        try:
            content = self._opened(name, content)
            signature, content = content[:_SIGNATURE], content[_SIGNATURE:]
            return msgspec.json.decode(content, type=Snapshot), _SIGNED + content, signature
        except (InvalidTag, ValueError, msgspec.MsgspecError) as why:
            raise CannotStart(f"{path} is damaged: take another backup") from why

    def chosen(self, moment: str) -> str:
        """The newest snapshot, or the newest whose name begins so. Raises `CannotStart`."""
        names = self.names()
        found = [name for name in names if name.startswith(moment)]
        if not found:
            those = ", ".join(names[-20:]) or "none"
            raise CannotStart(
                f"there is no backup {moment or 'at all'} in {self.path}; these are there: {those}"
            )
        return found[-1]

    # ---- what may go

    def thin(self, *, daily: int, weekly: int, but: str) -> list[str]:
        """Drop the snapshots that nobody asked to keep; their names. `but`: the one just made, whatever the clock says."""
        names = self.names()
        keep = {but} | kept({name: local_day(moment_of(name)).isocalendar() for name in names}, daily, weekly)
        gone = [name for name in names if name not in keep]
        for name in gone:
            (self.path / "snapshots" / name).unlink()
        if gone:
            synced(self.path / "snapshots")
        return gone

    def sweep(self) -> int:
        """Remove the blocks that no snapshot names, those of an interrupted run among them; how many."""
        named, swept = self._named(), 0
        for half in (self.path / "snapshots").glob("*.new"):
            half.unlink()
        for path in self.path.glob("blocks/*/*"):
            if path.name not in named:
                path.unlink()
                swept += 1
        self._here &= named
        return swept

    def _named(self) -> set[str]:
        """The blocks of all snapshots. Of a damaged one nothing could be restored; a disk that cannot be read raises."""
        named: set[str] = set()
        for name in self.names():
            (self.path / "snapshots" / name).read_bytes()
            with contextlib.suppress(CannotStart):
                snapshot, _, _ = self.read(name)
                named.update(block for file in snapshot.files.values() for block in file.blocks)
        return named

    # ---- closing and opening

    def _shut(self, name: str, content: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, content, name.encode())

    def _opened(self, name: str, content: bytes) -> bytes:
        return self._cipher.decrypt(content[:_NONCE], content[_NONCE:], name.encode())


def moment_of(name: str) -> datetime:
    """When the snapshot of this name was made, UTC. ValueError for a name that is no snapshot's."""
    return datetime.strptime(name, _MOMENT).replace(tzinfo=UTC)


def kept(days: Mapping[str, tuple[int, int, int]], daily: int, weekly: int) -> set[str]:
    """Of snapshots with their year, week and weekday: the newest of each of the newest days, and of each of the weeks."""
    keep: set[str] = set()
    newest = sorted(days, reverse=True)
    for many, unit in ((daily, 3), (weekly, 2)):
        first: dict[tuple[int, ...], str] = {}
        for name in newest:
            first.setdefault(days[name][:unit], name)
        keep.update(list(first.values())[:many])
    return keep


def _read_envelope(path: Path) -> _Envelope:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Envelope)
    except (OSError, msgspec.MsgspecError) as why:
        raise CannotStart(f"{path} cannot be read ({why}): say another folder for the backups") from why


def _id(key: bytes) -> str:
    return _derived(key, b"motcua/backup/id/1")[:8].hex()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(key)
