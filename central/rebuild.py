"""`motcua rebuild`: drop all projections of every node and make the same ones again from the events.

A projection that comes out otherwise than it was had been changed behind the node's back, or is a fault of
the program; either way it is right now, and said.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlcipher3 import dbapi2

from central.inspection.folders import node_folders
from central.rekey import passphrase
from central.verify import FOUND, WELL
from edge.clock import Clock, system_clock
from edge.errors import NodeError
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_settings
from schemas.errors import Malformed
from schemas.fold import Dossier
from sync.errors import SyncError
from sync.sqlite import Connection

_TABLES: Final = (
    ("event", "SELECT * FROM event ORDER BY stream, hash"),
    ("dossier", "SELECT * FROM dossier ORDER BY position"),
    ("conflict", "SELECT * FROM conflict ORDER BY id, stream"),
    ("tally", "SELECT * FROM tally WHERE number <> 0 ORDER BY dimension, span, member, name"),
    ("dossier_search", "SELECT rowid, words FROM dossier_search ORDER BY rowid"),
)
_UNREADABLE: Final = "unreadable"

Told = Callable[[str], None]
"""Hears which node is being rebuilt."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of one node. `differed`: the projections that were not what the events make of them.

    `digest` is over the folded states of all dossiers: the same wherever the same events and catalog are.
    `problem`: why nothing was done here, in one line; empty if all went well.
    """

    node_folder: str
    dossiers: int = 0
    events: int = 0
    differed: tuple[str, ...] = ()
    digest: str = ""
    problem: str = ""

    @property
    def well(self) -> bool:
        """Whether it was rebuilt, and came out as it was before."""
        return not (self.differed or self.problem)


def rebuild(data: Path, *, clock: Clock, ids: Ids, told: Told = lambda folder: None) -> tuple[Rebuilt, ...]:
    """Rebuild every node in a centre's folder. Raises `CannotStart`, before anything is changed, if one runs."""
    folders = [Folder(path) for path in node_folders(data)]
    with contextlib.ExitStack() as locks:
        for folder in folders:
            locks.enter_context(folder.locked())
        rebuilt = []
        for folder in folders:
            told(folder.path.name)
            rebuilt.append(_rebuilt_or_why_not(folder, clock, ids))
    return tuple(rebuilt)


def rebuild_command(data: Path, as_json: bool) -> int:
    """Rebuild, print, and return the exit status: 0 all as before, 1 something differed. Raises `CannotStart`."""
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as progress:
        task = progress.add_task("rebuilding", total=None)
        rebuilt = rebuild(
            data,
            clock=system_clock,
            ids=Ids(),
            told=lambda folder: progress.update(task, description=f"rebuilding {folder}"),
        )
    well = all(one.well for one in rebuilt)
    if as_json:
        click.echo(msgspec.json.encode({"well": well, "nodes": rebuilt}).decode())
    else:
        _print(rebuilt)
    return WELL if well else FOUND


def _print(rebuilt: tuple[Rebuilt, ...]) -> None:
    table = Table("node", "dossiers", "events", "digest of their states")
    for one in rebuilt:
        table.add_row(one.node_folder, str(one.dossiers), str(one.events), one.digest[:16])
    Console().print(table)
    for one in rebuilt:
        for name in one.differed:
            click.echo(f"{one.node_folder}: {name}: it was not what the events make of it, and is now")
        if one.problem:
            click.echo(f"{one.node_folder}: nothing was rebuilt: {one.problem}; run motcua verify")


def _rebuilt_or_why_not(folder: Folder, clock: Clock, ids: Ids) -> Rebuilt:
    """Damaged events cannot be folded: their node stays as it is, and the others are rebuilt all the same."""
    try:
        return _rebuild(folder, clock, ids)
    except (NodeError, Malformed, SyncError, dbapi2.DatabaseError, UnicodeDecodeError) as why:
        return Rebuilt(folder.path.name, problem=str(why))


def _rebuild(folder: Folder, clock: Clock, ids: Ids) -> Rebuilt:
    node = Node(folder, read_settings(folder.path), clock=clock, ids=ids, ask=passphrase)
    try:
        before = _digests(node)
        dossiers = node.projector.rebuild()
        after = _digests(node)
        return Rebuilt(
            node_folder=folder.path.name,
            dossiers=dossiers,
            events=node.stores["dossiers"].info().doc_count,
            differed=tuple(name for name, _ in _TABLES if before[name] != after[name]),
            digest=state_digest(
                node.projector.dossier(stream) for some in node.projector.streams() for stream in some
            ),
        )
    finally:
        node.close()


def state_digest(dossiers: Iterator[Dossier]) -> str:
    """SHA-256 over the JSON list of the folded states, in the order of their streams, keys sorted."""
    digest = hashlib.sha256(b"[")
    for count, one in enumerate(dossiers):
        digest.update(b"," if count else b"")
        digest.update(msgspec.json.encode(msgspec.to_builtins(one), order="sorted"))
    digest.update(b"]")
    return digest.hexdigest()


def _digests(node: Node) -> dict[str, str]:
    """A digest of each projection's rows."""
    with node.file.read() as connection:
        return {name: _digest(connection, query) for name, query in _TABLES}


def _digest(connection: Connection, query: str) -> str:
    what = hashlib.sha256()
    try:
        for row in connection.execute(query):
            what.update(msgspec.json.encode(row))
    except (dbapi2.DatabaseError, UnicodeDecodeError):
        return _UNREADABLE
    return what.hexdigest()
