"""`motcua backup`: a copy of one node, made while it works, verified, and there whole or not at all.

    node.db, files.db    as of one moment each (SQLite's backup); `files.db` is pinned after `node.db`, so that every
                         file that an event in the copy names is in the copy too
    node.toml, keys, …   the small files beside them; what is closed stays closed, with the same key
    backup.json          what of which node this is, and the hash of every file: a copy that rots is known as such

The copy is made under another name, read from its first event to its last as `motcua verify` does, and gets its name when
nothing was found. It is a node's folder like any other, and as secret as one: it holds the node's keys.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from sqlcipher3 import dbapi2

from central.errors import NotCopied
from central.inspection.folders import head_in
from central.inspection.reading import Snapshot, connected
from central.rekey import passphrase
from central.verify import verify
from edge.at_rest import NAME as CLOSED
from edge.at_rest import Ask
from edge.clock import Clock, system_clock
from edge.errors import CannotStart
from edge.node import Folder
from edge.rewriting import finish
from edge.settings import NodeSettings, key_file_of, read_config, write_settings
from sync.sqlite import apply_key

MANIFEST: Final = "backup.json"
PAGES: Final = 2_000
"""At a time: 8 MiB, between two looks at the progress bar."""
_HASHED_BYTES: Final = 1024 * 1024
_BESIDE: Final = ("keys", "tokens")

Told = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is, and how much there is."""


class Head(msgspec.Struct, frozen=True):
    """Up to where the node had written in one database."""

    seq: int
    hash: str


class Manifest(msgspec.Struct, frozen=True):
    """`backup.json`. `files`: the SHA-256 of each, by its path in the folder."""

    v: int
    node: str
    at: datetime
    heads: dict[str, Head]
    files: dict[str, str]


def back_up(
    folder: Folder, settings: NodeSettings, target: Path, *, clock: Clock, told: Told, ask: Ask | None = None
) -> Manifest:
    """Copy the node in a folder, which may be running, to `target`. Raises `CannotStart`, `NotCopied`."""
    if target.exists():
        raise CannotStart(f"{target} is there already: a backup gets a folder of its own, say today's date")
    if not folder.database.exists():
        raise CannotStart(f"{folder.path} holds no node")
    if not target.parent.is_dir():
        raise CannotStart(f"{target.parent} is not there: is the disk in?")
    half = target.with_name(f"{target.name}.new")
    try:
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        asked = None if ask is None else _once(ask)
        folder.unlock(settings, asked)
        at = clock()
        with _pinned(folder) as sources:
            _require_room(sources, half)
            for name, source in sources.items():
                _copy(source, half / name, folder.at_rest.database_key, part_of(told, f"copying {name}"))
        _copy_small(folder, settings, half)
        _verify(half, told, asked)
        manifest = Manifest(1, settings.node, at, _heads(folder, half), _hashes(half, told))
        _put(half / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        _sync(*half.rglob("*"), half)
        half.rename(target)
        _sync(target.parent)
    except (OSError, dbapi2.DatabaseError) as why:
        raise NotCopied(
            f"the backup was not made ({why}), and nothing of it was kept; the node is as it was"
        ) from why
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return manifest


def read_backup(path: Path, told: Told) -> Manifest:
    """What a backup says of itself, once every file in it is what it was. Raises `CannotStart`."""
    try:
        manifest = msgspec.json.decode((path / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as why:
        raise CannotStart(
            f"{path} is no backup: a folder that `motcua backup` made has {MANIFEST} in it. A found disk is brought in"
            " with `motcua rescue`"
        ) from why
    except (OSError, msgspec.MsgspecError) as why:
        raise CannotStart(f"{path / MANIFEST} cannot be read ({why}): take another backup") from why
    found = _hashes(path, told)
    wrong = sorted(name for name in manifest.files if found.get(name) != manifest.files[name])
    if wrong:
        raise CannotStart(
            f"this backup is damaged ({', '.join(wrong)}), and nothing was restored: take another one, and bring what"
            " can still be read of this with `motcua rescue`"
        )
    return manifest


def backup_command(config: Path, target: Path, *, as_json: bool) -> None:
    """Back up, and say what. Raises `CannotStart`, `NotCopied`."""
    settings = read_config(config)
    folder = Folder(config.parent / settings.data)
    with shown(as_json=as_json) as told:
        manifest = back_up(folder, settings, target, clock=system_clock, told=told, ask=passphrase)
    if as_json:
        click.echo(msgspec.json.encode(manifest).decode())
        return
    heads = ", ".join(f"{database} {head.seq}" for database, head in sorted(manifest.heads.items()))
    click.echo(
        f"{manifest.node} as of {manifest.at.isoformat(timespec='seconds')} is in {target}, verified ({heads})"
    )
    click.echo("it holds the machine's keys: keep it where nobody takes it, and not beside the machine")


@contextlib.contextmanager
def shown(*, as_json: bool) -> Iterator[Told]:
    """A progress bar for a person."""
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


def part_of(told: Told, what: str) -> Callable[[int, int], None]:
    return lambda done, total: told(what, done, total)


def _once(ask: Ask) -> Ask:
    """Nobody types a passphrase twice for one backup."""
    known: list[str] = []

    def asked() -> str:
        if not known:
            known.append(ask())
        return known[0]

    return asked


@contextlib.contextmanager
def _pinned(folder: Folder) -> Iterator[dict[str, dbapi2.Connection]]:
    """Both files as of one moment each, for as long as it takes; who writes does not wait."""
    with contextlib.ExitStack() as closing:
        sources = {}
        for path in (folder.database, folder.files):
            source = closing.enter_context(contextlib.closing(connected(path, folder.at_rest.database_key)))
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            sources[path.name] = source
        yield sources


def _require_room(sources: dict[str, dbapi2.Connection], half: Path) -> None:
    needed = 0
    for source in sources.values():
        ((pages,),), ((size,),) = (source.execute(f"PRAGMA {what}") for what in ("page_count", "page_size"))
        needed += int(pages) * int(size)
    free = shutil.disk_usage(half).free
    if needed > free:
        raise NotCopied(
            f"the backup needs {needed // 2**20 + 1:,} MiB and there are {free // 2**20:,} MiB free at {half.parent};"
            " nothing was copied"
        )


def _copy(
    source: dbapi2.Connection, target: Path, key: bytes | None, told: Callable[[int, int], None]
) -> None:
    with contextlib.closing(dbapi2.connect(str(target), isolation_level=None)) as copy:
        if key is not None:
            apply_key(copy, key)
        copy.execute("PRAGMA synchronous = FULL")
        source.backup(copy, pages=PAGES, progress=lambda status, left, total: told(total - left, total))
    target.chmod(0o600)


def _copy_small(folder: Folder, settings: NodeSettings, half: Path) -> None:
    for name in _BESIDE:
        if (folder.path / name).is_dir():
            shutil.copytree(folder.path / name, half / name)
    if (folder.path / CLOSED).exists():
        shutil.copyfile(folder.path / CLOSED, half / CLOSED)
    key = key_file_of(settings, folder.path, {})
    write_settings(
        half, msgspec.structs.replace(settings, data="", key_file=str(key.resolve()) if key else "")
    )


def _verify(half: Path, told: Told, ask: Ask | None) -> None:
    """Read the copy as if nobody had ever read it."""
    finish(half)
    verdict = verify(half, part_of(told, "verifying"), ask)
    for name in ("node.db", "files.db"):
        for ending in ("-wal", "-shm"):
            (half / f"{name}{ending}").unlink(missing_ok=True)  # empty: nobody has written
    # what a copied machine wrote twice, say, is in the node too and stays there: a copy is still worth having
    faults = [one for one in verdict.findings if not one.written]
    if faults:
        first = "; ".join(str(one) for one in faults[:3])
        raise NotCopied(
            f"the copy has {len(faults)} faults and was not kept ({first}): `motcua verify` tells whether the"
            " node has them too"
        )


def _heads(folder: Folder, half: Path) -> dict[str, Head]:
    with contextlib.closing(Snapshot(half / folder.database.name, folder.at_rest.database_key)) as snapshot:
        found = {name: head_in(snapshot, name) for name in ("catalog", "dossiers", "visits")}
    return {
        name: Head(head.seq, head.hash)
        for name, head in found.items()
        if isinstance(head.seq, int) and isinstance(head.hash, str)
    }


def _hashes(path: Path, told: Told) -> dict[str, str]:
    files = sorted(one for one in path.rglob("*") if one.is_file() and one.name != MANIFEST)
    total, done, hashes = sum(one.stat().st_size for one in files), 0, {}
    for file in files:
        digest = hashlib.sha256()
        with file.open("rb") as opened:
            while piece := opened.read(_HASHED_BYTES):
                digest.update(piece)
                done += len(piece)
                told("reading", done, total)
        hashes[str(file.relative_to(path))] = digest.hexdigest()
    return hashes


def _put(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)


def _sync(*paths: Path) -> None:
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
