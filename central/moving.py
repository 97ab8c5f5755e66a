"""`motcua central migrate`: bring documents into a cluster, or back, and prove that both ends have the same.

A running central does the first by itself (`central.cluster`), and nobody says when it is done. This says it, while
nothing else writes: each database is copied both ways, on from where the last run was cut, and then held against the other end leaf by leaf.
Whichever end was the one that counted, both have everything afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from central.cluster import DIRECTIONS, PEER, Lines, copying, lines_of, meet
from central.errors import NotMoved
from central.rekey import passphrase
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.node import DATABASES, Node, server_uuid
from edge.settings import NodeSettings, read_config
from sync.digests import GROUPED, Differences, differences
from sync.errors import Refused, SyncError
from sync.peer import LocalPeer

WELL, FOUND = 0, 1
_GROUPED: Final = {"files": len("sha256-") + 3}
"""So many first letters of an id make its group: names of chunks begin alike."""
_NAMED: Final = 5

Told = Callable[[str, int | None], None]
"""Hears what goes on, and how many changes are still to be looked at, where that is known."""


class Moved(msgspec.Struct, frozen=True):
    """What became of one database: how many documents went to the cluster and came from it, and the ids of some that only
    one end has, with how many there are."""

    database: str
    sent: int
    fetched: int
    only_here: int
    only_there: int
    named: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether each end has every leaf of the other, however much was copied to make it so."""
        return not (self.only_here or self.only_there)


def move(node: Node, lines: Lines, told: Told = lambda what, left: None) -> tuple[Moved, ...]:
    """Raises `NotMoved` where it is cut, and `AnotherCentre`; the next run goes on."""
    try:
        meet(node, lines)
        return tuple(_moved(node, lines, name, told) for name in DATABASES)
    except SyncError as why:
        again = "it was refused" if isinstance(why, Refused) else "it was cut"
        raise NotMoved(f"{again}: {why}; nothing is lost, the same command goes on from there") from why


def _moved(node: Node, lines: Lines, name: str, told: Told) -> Moved:
    written = {}
    for direction in DIRECTIONS:
        written[direction] = _copied(node, lines, name, direction, told)
    found = _differences(node, lines, name, told)
    some = [leaf.id for leaf in (*found.only_here, *found.only_there)][:_NAMED]
    return Moved(
        name, written["push"], written["pull"], len(found.only_here), len(found.only_there), tuple(some)
    )


def _copied(node: Node, lines: Lines, name: str, direction: str, told: Told) -> int:
    what = f"{name}, {'from' if direction == 'pull' else 'to'} {PEER}"
    told(what, None)
    replication = copying(
        node,
        lines,
        name,
        direction,
        session=node.ids.hex(),
        after_checkpoint=lambda: told(what, replication.status().pending),
    )
    try:
        return replication.run_once().docs_written
    finally:
        replication.stop()


def _differences(node: Node, lines: Lines, name: str, told: Told) -> Differences:
    here = LocalPeer(node.stores[name], server_uuid=server_uuid(node.id), source=PEER)
    there, letters = lines.peer(name), _GROUPED.get(name, GROUPED)
    told(f"{name}, both ends compared", None)
    try:
        return differences(here, there, group=lambda doc_id: doc_id[:letters])
    finally:
        there.close()


# ---- the command


def migrate_command(config: Path, to: Path, *, as_json: bool) -> int:
    """Move, print, and return the exit status: 0 when both ends have the same. Raises `CannotStart`, `NotMoved`."""
    before, after = read_config(config), read_config(to)
    folder = Folder(config.parent / before.data)
    settings = _with_both_ends(before, after, to)
    if Folder(to.parent / after.data).path.resolve() != folder.path.resolve():
        raise CannotStart(f"{to} is about another folder: say `data` there")
    with (
        folder.locked(),
        Progress(console=Console(stderr=True), transient=True, disable=as_json) as progress,
    ):
        task = progress.add_task("opening", total=None)

        def told(what: str, left: int | None) -> None:
            progress.update(task, description=what if left is None else f"{what}: {left:,} left")

        node = Node(folder, settings, clock=system_clock, ids=Ids(), ask=passphrase)
        try:
            moved = move(node, lines_of(node), told)
        finally:
            node.close()
    well = all(one.well for one in moved)
    if as_json:
        click.echo(msgspec.json.encode({"well": well, "databases": moved}).decode())
    else:
        _print(moved, to)
    return WELL if well else FOUND


def _with_both_ends(before: NodeSettings, after: NodeSettings, to: Path) -> NodeSettings:
    """The settings by which both ends are reached."""
    if before.node != after.node:
        raise CannotStart(f"{to} is the configuration of {after.node}, not of {before.node}")
    if before.documents == after.documents:
        raise CannotStart(f'{to} says documents = "{after.documents}", as before: nothing is to be moved')
    chosen = after if after.documents == "couchdb" else before
    return msgspec.structs.replace(before, documents=chosen.documents, couchdb=chosen.couchdb)


def _print(moved: tuple[Moved, ...], to: Path) -> None:
    table = Table("database", "sent", "fetched", "only here", "only there")
    for one in moved:
        counts = (one.sent, one.fetched, one.only_here, one.only_there)
        table.add_row(one.database, *(f"{count:,}" for count in counts))
    Console().print(table)
    for one in moved:
        if not one.well:
            click.echo(f"{one.database}: only one end has {', '.join(one.named)}")
    if all(one.well for one in moved):
        click.echo(f"both ends have the same: start central with {to}")
    else:
        click.echo("what only one end has was refused by the other: see motcua status, and the page Đồng bộ")
