"""`motcua rescue`: what a found disk holds and the centre does not have comes in, through the same rules as any act.

The disk is never written to, nor trusted: its two files are copied aside, block by block, past what cannot be read; what
can be read of the copy is offered to the node that takes it in. What is there already is only counted. What lies beyond
the cut of its machine is held until the desk has looked at it.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import click
import msgspec

from central.backup import Told, shown
from central.control import TakeInDocuments, give
from central.errors import NotCopied
from central.inspection import events
from central.inspection.archives import content_number
from central.inspection.documents import Documents, Stored
from central.inspection.folders import is_running
from central.inspection.reading import Snapshot
from central.rekey import passphrase
from central.taking_in import Taken
from edge.archive import CONTENT, CONTENT_TYPE
from edge.at_rest import Ask, AtRest, unlock
from edge.errors import CannotStart
from edge.folder import Folder
from edge.settings import key_file_of, read_settings
from schemas.events import Document, redacted
from sync.documents import load
from sync.errors import BadRequest

Database = Literal["catalog", "dossiers", "visits", "files"]
BATCH: Final[Mapping[Database, int]] = {"catalog": 200, "dossiers": 200, "visits": 200, "files": 8}
"""In this order: who may have written, what was done, and the bytes that it names."""
_BLOCK: Final = 64 * 1024
_SOMEBODY: Final = "disk"


TakeIn = Callable[[Database, Sequence[Document], str], Taken]
"""Gives documents of a database, and who brought them, to whoever takes them in."""


@dataclass(slots=True)
class Rescued:
    """What came of one disk. `unreadable`: documents, and bytes of the files, that nobody can read any more."""

    node: str
    found: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    held: int = 0
    forgotten: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    unreadable: Counter[str] = field(default_factory=Counter)

    @property
    def whole(self) -> bool:
        """Whether nothing is lost of what was on the disk: what is held, or gone by law, is not."""
        return not (self.refused or self.unreadable)


def rescue(disk: Path, give: TakeIn, *, aside: Path, told: Told, at_rest: Callable[[], AtRest]) -> Rescued:
    """Bring in what a node's folder on a disk holds. `aside`: where there is room for a copy, gone afterwards.

    `at_rest`: what opens it. Raises `CannotStart`, `NotCopied`.
    """
    folder = Folder(disk)
    if not folder.database.exists():
        raise CannotStart(f"{disk} holds no node: give the folder with node.db in it")
    if is_running(folder):
        raise CannotStart(f"a node is running in {disk}: it brings what it has by itself")
    key = at_rest().database_key
    rescued = Rescued(_name(disk))
    with (
        tempfile.TemporaryDirectory(dir=aside, prefix="rescue-") as copied,
        contextlib.ExitStack() as closing,
    ):
        copies = _salvage(folder, Path(copied), rescued, told)
        snapshots = {name: Snapshot(path, key) for name, path in copies.items()}
        for snapshot in snapshots.values():
            closing.callback(snapshot.close)
        database = snapshots[folder.database.name]
        if database.problem is not None:
            raise NotCopied(f"{folder.database} cannot be read ({database.problem}): nothing was brought in")
        for name in BATCH:
            if name == "files" and folder.files.name not in snapshots:
                continue
            snapshot = database if name != "files" else snapshots[folder.files.name]
            _bring(name, snapshot, give, rescued, told)
    return rescued


def rescue_command(disk: Path, data: Path, key_file: Path | None, *, as_json: bool) -> int:
    """Rescue into the central in `data`, running or not; 0, or 1 where something could not be brought in."""

    def give_it(database: Database, documents: Sequence[Document], source: str) -> Taken:
        return give(data, TakeInDocuments(database, list(documents), source), Taken)

    with shown(as_json=as_json) as told:
        rescued = rescue(
            disk, give_it, aside=data, told=told, at_rest=lambda: opening(disk, key_file, passphrase)
        )
    report(rescued, as_json=as_json)
    return 0 if rescued.whole else 1


def opening(disk: Path, key_file: Path | None, ask: Ask | None) -> AtRest:
    """What opens a folder that was found: the given key file, or what it says itself. Raises `CannotStart`."""
    with contextlib.suppress(CannotStart):
        key_file = key_file or key_file_of(read_settings(disk), disk, {})
    return unlock(disk, key_file=key_file, ask=ask)


def report(rescued: Rescued, *, as_json: bool) -> None:
    """Tell it on standard output: what was found, what of it was new here, what is held, what could not be
    read.
    """
    if as_json:
        click.echo(msgspec.json.encode(rescued).decode())
        return
    click.echo(f"{rescued.node}:")
    for name, words in (
        ("dossiers", "acts"),
        ("visits", "visits"),
        ("files", "files and chunks"),
        ("catalog", "catalog entries"),
    ):
        if rescued.found[name]:
            held = (
                f" ({rescued.held} of them held until the desk has looked)"
                if name == "dossiers" and rescued.held
                else ""
            )
            click.echo(
                f"  {words}: {rescued.found[name]:,} found, {rescued.known[name]:,} were here,"
                f" {rescued.new[name]:,} brought in{held}"
            )
    if rescued.forgotten:
        click.echo(f"  {rescued.forgotten:,} were left out: the law demanded them to be gone")
    for what, count in rescued.unreadable.items():
        click.echo(f"  {what}: {count:,} could not be read")
    for name, why in rescued.refused:
        click.echo(f"  refused: {name}: {why}")


# ---- what is on the disk


def _bring(name: Database, snapshot: Snapshot, give: TakeIn, rescued: Rescued, told: Told) -> None:
    documents = Documents(snapshot, name)
    read = _files(documents, snapshot) if name == "files" else _events(documents)
    batch: list[Document] = []

    def send() -> None:
        if not batch:
            return
        taken = give(name, batch, rescued.node)
        rescued.known[name] += taken.known
        rescued.new[name] += taken.new
        rescued.held += taken.held
        rescued.forgotten += taken.forgotten
        rescued.refused += taken.not_taken
        batch.clear()

    for document in read:
        if document is None:
            rescued.unreadable[name] += 1
            continue
        rescued.found[name] += 1
        batch.append(document)
        if len(batch) == BATCH[name]:
            send()
            told(f"bringing in {name}", rescued.found[name], documents.count)
    send()
    if lost := len(documents.without_body):
        rescued.unreadable[name] += lost


def _events(documents: Documents) -> Iterator[Document | None]:
    """In the order in which they came there; None for one that is not what its id says any more."""
    for read in sorted(events.read_events(documents), key=lambda one: one.seq):
        if read.event is None:
            yield None
        else:
            yield redacted(read.document) if str(read.document["_rev"]).startswith("2-") else read.document


def _files(documents: Documents, snapshot: Snapshot) -> Iterator[Document | None]:
    for stored in documents.read():
        yield _list(stored) if (stored.id or "").startswith("file-") else _chunk(stored, snapshot)


def _list(stored: Stored) -> Document | None:
    with contextlib.suppress(BadRequest, TypeError):
        members = load(stored.body)
        if isinstance(members, dict):
            return {**members, "_id": stored.id, "_rev": stored.rev}
    return None


def _chunk(stored: Stored, snapshot: Snapshot) -> Document | None:
    query = "SELECT data FROM files_piece WHERE content = ? ORDER BY offset"
    pieces: list[Any] = [data for (data,) in snapshot.select(query, content_number(stored.attachments))]
    if not pieces or not all(type(one) is bytes for one in pieces):
        return None
    content = {"content_type": CONTENT_TYPE, "data": base64.b64encode(b"".join(pieces)).decode()}
    return {"_id": stored.id, "_rev": stored.rev, "_attachments": {CONTENT: content}}


def _salvage(folder: Folder, copied: Path, rescued: Rescued, told: Told) -> Mapping[str, Path]:
    """Copies of the databases with their logs; a block that the disk does not give any more is zeros there."""
    paths = [
        path
        for base in (folder.database, folder.files)
        for path in (base, base.with_name(f"{base.name}-wal"))
        if path.exists()
    ]
    needed, free = sum(path.stat().st_size for path in paths), shutil.disk_usage(copied).free
    if needed > free:
        raise NotCopied(
            f"a copy of this disk needs {needed // 2**20 + 1:,} MiB and {free // 2**20:,} MiB are free at {copied.parent};"
            " nothing was brought in"
        )
    done = 0
    for path in paths:
        source = os.open(path, os.O_RDONLY)
        try:
            with (copied / path.name).open("wb") as target:
                size = os.fstat(source).st_size
                for at in range(0, size, _BLOCK):
                    length = min(_BLOCK, size - at)
                    try:
                        block = os.pread(source, length, at)
                    except OSError:
                        block = b""
                    rescued.unreadable[f"bytes of {path.name}"] += length - len(block)
                    target.write(block.ljust(length, b"\0"))
                    done += length
                    told("copying the disk", done, needed)
        finally:
            os.close(source)
    rescued.unreadable = +rescued.unreadable
    return {path.name: copied / path.name for path in paths if not path.name.endswith("-wal")}


def _name(disk: Path) -> str:
    with contextlib.suppress(CannotStart):
        return read_settings(disk).node
    return _SOMEBODY
