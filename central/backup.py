"""`motcua backup`: a snapshot of one node, made while it works, restored to see that it can be, and only then named.

    node.db, files.db    with their logs, block by block as they lie on the disk, closed or open. While they are read a
                         reader holds its place in both logs, so that what is copied is as of one moment each; `files.db`
                         comes after `node.db`, so that every file that an event in the copy names is in the copy too
    node.toml, keys, …   the small files beside them

What was put into the repository (`central.repository`) is brought back into a folder beside the node, its logs are folded
in, and it is read from its first event to its last as `motcua verify` does. The key of a folder that is closed goes along:
whoever has the recovery key needs no other.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import click
import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from rich.console import Console
from rich.progress import Progress
from sqlcipher3 import dbapi2

from central.errors import NotCopied
from central.inspection.folders import head_in
from central.inspection.reading import Snapshot as Reading
from central.inspection.reading import connected
from central.recovery import read_public_half
from central.rekey import passphrase
from central.repository import BLOCK, KEY_BYTES, DamagedBlocks, Head, Repository, Snapshot, Stored
from central.verify import verify
from edge.at_rest import NAME as CLOSED
from edge.at_rest import OPEN, Ask, AtRest
from edge.backed_up import BackedUp, note_backup
from edge.clock import Clock, system_clock
from edge.durable import write_whole
from edge.errors import CannotStart
from edge.folder import Folder
from edge.keys import read_keys
from edge.rewriting import finish
from edge.settings import NAME, BackupSettings, NodeSettings, key_file_of, read_config
from schemas.canonical import from_base64, to_base64
from sync.sqlite import apply_key

OWN_KEY: Final = "backup.key"
ROOM_LEFT: Final = 0.10
"""Of the disk on which a backup is tried: below that the node's pages would warn."""
_CHECK: Final = "backup-check"
_LOG: Final = "-wal"
_HEADER_BYTES: Final = 32
_BESIDE: Final = ("keys", "tokens")
_OF_A_NODE: Final = re.compile(r"(?:(?:keys|tokens)/)?[^/.][^/]*")

Told = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is, and how much there is."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A node's folder as a backup had it, its logs folded in; `at_rest` opens it."""

    path: Path
    snapshot: Snapshot
    at_rest: AtRest
    signed: bytes = b""
    signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Made:
    """`name` of the new snapshot in `where`, and the names of those that went for it."""

    where: Path
    name: str
    snapshot: Snapshot
    gone: list[str]


def back_up(
    folder: Folder, settings: NodeSettings, target: Path, *, clock: Clock, told: Told, ask: Ask | None = None
) -> Made:
    """Add a snapshot of the node in a folder, which may be running, to its repository in `target`.

    Raises `CannotStart`, `NotCopied`.
    """
    wanted = settings.backup
    if wanted is None or not wanted.keys:
        raise CannotStart(
            "nobody could open a backup of this machine: make a key for the safe (`motcua recovery-key FILE`), and say its"
            f" public half in {NAME}, or with --for"
        )
    if not folder.database.exists():
        raise CannotStart(f"{folder.path} holds no node")
    if not target.is_dir():
        raise CannotStart(f"{target} is not there: is the disk in?")
    asked = None if ask is None else _once(ask)
    folder.unlock(settings, asked)
    at = clock()
    try:
        repository = Repository.of_machine(target / settings.node, _own_key(folder), wanted.keys)
        with repository.locked():
            try:
                snapshot = _kept(folder, settings, repository, wanted, at, told, asked)
                name = repository.add(snapshot, read_keys(folder.keys, folder.at_rest).ed25519.sign)
                note_backup(folder.path, BackedUp(at, str(repository.path.resolve())))
                gone = repository.thin(daily=wanted.daily, weekly=wanted.weekly, but=name)
            finally:
                repository.sweep()
    except (OSError, dbapi2.DatabaseError) as why:
        raise NotCopied(
            f"the backup was not made ({why}); the node is as it was, and so are the backups before"
        ) from why
    return Made(repository.path, name, snapshot, gone)


def _kept(
    folder: Folder,
    settings: NodeSettings,
    repository: Repository,
    wanted: BackupSettings,
    at: datetime,
    told: Told,
    ask: Ask | None,
) -> Snapshot:
    """All blocks of a snapshot, which has been restored and read."""
    check = Path(wanted.scratch or folder.path) / _CHECK
    key = "" if folder.at_rest.key is None else to_base64(folder.at_rest.key)
    try:
        for last in (False, True):
            files = _cut(folder, settings, repository, told)
            snapshot = Snapshot(1, settings.node, at, {}, files, key)
            try:
                copy = _bring_back(repository, snapshot, check, told)
            except DamagedBlocks as why:
                if last:
                    raise NotCopied(
                        f"{len(why.blocks)} blocks cannot be read again from {repository.path}: the backup was not made,"
                        " and this disk should not be trusted"
                    ) from why
                repository.distrust(why.blocks)
                continue
            _verify(check, told, ask)
            return msgspec.structs.replace(snapshot, heads=_heads(copy))
    finally:
        shutil.rmtree(check, ignore_errors=True)
    raise AssertionError("the second time ends it")


def _bring_back(repository: Repository, snapshot: Snapshot, into: Path, told: Told) -> Copy:
    """Make the folder that a snapshot is of, where nothing may be yet. Raises `DamagedBlocks`, `NotCopied`, `OSError`."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(mode=0o700)
    total, done = sum(file.size for file in snapshot.files.values()), 0
    _require_room(into, total)
    bad: set[str] = set()
    for name, file in snapshot.files.items():
        if not _OF_A_NODE.fullmatch(name):
            raise NotCopied(f"{name} is no file of a node: nothing was restored")
        path = into / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            for block in file.blocks:
                try:
                    target.write(content := repository.get(block))
                except DamagedBlocks:
                    bad.add(block)
                    continue
                done += len(content)
                told("restoring", done, total)
    if bad:
        raise DamagedBlocks(bad)
    at_rest = OPEN if not snapshot.key else AtRest(from_base64(snapshot.key, "key", KEY_BYTES))
    copy = Copy(into, snapshot, at_rest)
    for database in (Folder(into).database, Folder(into).files):
        _fold_log(database, copy.at_rest.database_key)
    return copy


def opened_copy(path: Path, recovery: X25519PrivateKey, into: Path, told: Told, moment: str = "") -> Copy:
    """The newest backup in a repository, or the newest whose name begins with `moment`, as a folder.

    Nothing is known yet of who made it (`signature`). Raises `CannotStart`, `NotCopied`.
    """
    repository = Repository.of_holder(path, recovery)
    snapshot, signed, signature = repository.read(repository.chosen(moment))
    try:
        copy = _bring_back(repository, snapshot, into, told)
    except DamagedBlocks as why:
        raise CannotStart(
            f"this backup is damaged ({len(why.blocks)} blocks), and nothing was restored: take another one (`--at`), or one"
            " on another disk"
        ) from why
    except (OSError, dbapi2.DatabaseError) as why:
        raise NotCopied(f"the backup could not be restored ({why}); nothing was changed") from why
    return replace(copy, signed=signed, signature=signature)


@contextlib.contextmanager
def reopened(
    path: Path, recovery: X25519PrivateKey, *, beside: Path, told: Told, moment: str = ""
) -> Iterator[Copy]:
    """The same for a while, in a folder beside others."""
    into = beside / f"{path.name}-restoring"
    try:
        yield opened_copy(path, recovery, into, told, moment)
    finally:
        shutil.rmtree(into, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says to `motcua backup` in place of the settings."""

    target: Path | None = None
    holders: tuple[Path, ...] = ()
    daily: int | None = None
    weekly: int | None = None

    def over(self, settings: BackupSettings) -> BackupSettings:
        """Raises `CannotStart`."""
        keys = tuple(read_public_half(file) for file in self.holders)
        try:
            return BackupSettings(
                keys or settings.keys,
                settings.to if self.target is None else str(self.target),
                settings.daily if self.daily is None else self.daily,
                settings.weekly if self.weekly is None else self.weekly,
                settings.scratch,
            )
        except ValueError as why:
            raise CannotStart(str(why)) from why


def backup_command(config: Path, said: Said, *, as_json: bool) -> None:
    """Back up, and say what. Raises `CannotStart`, `NotCopied`."""
    settings = read_config(config)
    wanted = said.over(settings.backup or BackupSettings(()))
    if not wanted.to:
        raise CannotStart(f"say where: a folder, or `to` under [backup] in {config.name}")
    folder = Folder(config.parent / settings.data)
    settings, target = msgspec.structs.replace(settings, backup=wanted), Path(wanted.to)
    with shown(as_json=as_json) as told:
        done = back_up(folder, settings, target, clock=system_clock, told=told, ask=passphrase)
    heads = {name: head.seq for name, head in sorted(done.snapshot.heads.items())}
    if as_json:
        report = {
            "node": done.snapshot.node,
            "at": done.snapshot.at,
            "backup": str(done.where / "snapshots" / done.name),
            "heads": heads,
            "gone": done.gone,
        }
        click.echo(msgspec.json.encode(report).decode())
        return
    counted = ", ".join(f"{database} {seq}" for database, seq in heads.items())
    click.echo(
        f"{done.name} of {done.snapshot.node} is in {done.where}, restored once and verified ({counted})"
    )
    if done.gone:
        click.echo(f"gone by the rule of what is kept: {', '.join(done.gone)}")


@contextlib.contextmanager
def shown(*, as_json: bool) -> Iterator[Told]:
    """A progress bar for a person."""
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def part_of(told: Told, what: str) -> Callable[[int, int], None]:
    """`told` for one part of the work: what is called with bytes done and bytes in all."""
    return lambda done, total: told(what, done, total)


def _once(ask: Ask) -> Ask:
    """Nobody types a passphrase twice for one backup."""
    known: list[str] = []

    def asked() -> str:
        if not known:
            known.append(ask())
        return known[0]

    return asked


def _own_key(folder: Folder) -> bytes:
    """What this machine closes its backups with, made at the first one."""
    path = folder.keys / OWN_KEY
    if not path.exists():
        write_whole(path, folder.at_rest.shut(OWN_KEY, secrets.token_bytes(KEY_BYTES)))
    try:
        key = folder.at_rest.read(path)
    except (OSError, ValueError) as why:
        raise CannotStart(
            f"{path} cannot be read: take it away, and say another folder for the backups"
        ) from why
    if len(key) != KEY_BYTES:
        raise CannotStart(f"{path} is damaged: take it away, and say another folder for the backups")
    return key


# ---- from the node into the repository


def _cut(folder: Folder, settings: NodeSettings, repository: Repository, told: Told) -> dict[str, Stored]:
    """The blocks of all files of a node."""
    files = {}
    with _pinned(folder) as handles:
        for database in (folder.database, folder.files):
            # the log after its file: it has every page that was written into the file meanwhile
            files[database.name] = _database(
                handles[database], repository, part_of(told, f"reading {database.name}")
            )
            log = database.with_name(f"{database.name}{_LOG}")
            if log.exists():
                files[log.name] = _log(log, repository)
    for path, content in _small(folder, settings):
        files[path] = Stored(len(content), [repository.put(content)] if content else [])
    return files


@contextlib.contextmanager
def _pinned(folder: Folder) -> Iterator[Mapping[Path, int]]:
    """Both databases, to be read as they lie on the disk.

    A reader at its place keeps SQLite from writing pages into a file that are newer than what the reader sees, and from
    beginning its log anew over what is not in the file yet; who writes does not wait. The handles are closed last: a process
    that closes a file gives up every lock that it has on it.
    """
    with contextlib.ExitStack() as closing:
        handles = {}
        for path in (folder.database, folder.files):
            handles[path] = os.open(path, os.O_RDONLY)
            closing.callback(os.close, handles[path])
        for path in handles:
            source = closing.enter_context(contextlib.closing(connected(path, folder.at_rest.database_key)))
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        yield handles


def _database(handle: int, repository: Repository, told: Callable[[int, int], None]) -> Stored:
    size, at, blocks = os.fstat(handle).st_size, 0, []
    while content := os.pread(handle, min(BLOCK, size - at), at):
        blocks.append(repository.put(content))
        at += len(content)
        told(at, size)
    return Stored(at, blocks)


def _log(path: Path, repository: Repository) -> Stored:
    """A log that is begun anew meanwhile is read again: half of the old one would undo what the file has."""
    while True:
        with path.open("rb") as file:
            begun, size = file.read(_HEADER_BYTES), os.fstat(file.fileno()).st_size
            file.seek(0)
            content = file.read(size)
            file.seek(0)
            if file.read(_HEADER_BYTES) == begun == content[:_HEADER_BYTES]:
                break
    pieces = [content[at : at + BLOCK] for at in range(0, len(content), BLOCK)]
    return Stored(len(content), [repository.put(piece) for piece in pieces])


def _small(folder: Folder, settings: NodeSettings) -> Iterator[tuple[str, bytes]]:
    for name in _BESIDE:
        for path in sorted((folder.path / name).glob("*")):
            if path.is_file() and path.name != OWN_KEY:
                yield f"{name}/{path.name}", path.read_bytes()
    for name in (CLOSED, folder.succession.name):
        if (folder.path / name).exists():
            yield name, (folder.path / name).read_bytes()
    key = key_file_of(settings, folder.path, {})
    yield (
        NAME,
        msgspec.toml.encode(
            msgspec.structs.replace(settings, data="", key_file=str(key.resolve()) if key else "")
        ),
    )


def _require_room(into: Path, needed: int) -> None:
    usage = shutil.disk_usage(into)
    free = usage.free - int(usage.total * ROOM_LEFT)
    if needed > free:
        raise NotCopied(
            f"a backup is restored once to see that it can be; that needs {needed // 2**20 + 1:,} MiB at {into.parent}, and"
            f" there are {max(0, free) // 2**20:,} MiB beyond the tenth that must stay free: make room, or say `scratch`"
            " under [backup]. The backups before are as they were"
        )


def _fold_log(database: Path, key: bytes | None) -> None:
    with contextlib.closing(dbapi2.connect(str(database), isolation_level=None)) as connection:
        if key is not None:
            apply_key(connection, key)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for ending in ("-wal", "-shm"):
        database.with_name(f"{database.name}{ending}").unlink(missing_ok=True)


def _verify(copy: Path, told: Told, ask: Ask | None) -> None:
    """Read the copy as if nobody had ever read it."""
    finish(copy)
    verdict = verify(copy, part_of(told, "verifying"), ask)
    # what a copied machine wrote twice, say, is in the node too and stays there: a copy is still worth having
    faults = [one for one in verdict.findings if not one.written]
    if faults:
        first = "; ".join(str(one) for one in faults[:3])
        raise NotCopied(
            f"the copy has {len(faults)} faults and was not kept ({first}): `motcua verify` tells whether the"
            " node has them too"
        )


def _heads(copy: Copy) -> dict[str, Head]:
    with contextlib.closing(Reading(Folder(copy.path).database, copy.at_rest.database_key)) as snapshot:
        found = {name: head_in(snapshot, name) for name in ("catalog", "dossiers", "visits")}
    return {
        name: Head(head.seq, head.hash)
        for name, head in found.items()
        if isinstance(head.seq, int) and isinstance(head.hash, str)
    }
