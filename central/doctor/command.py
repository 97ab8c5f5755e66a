"""`motcua doctor`: look at every node of a folder, and say what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
from rich.console import Console

from central.doctor.faults import Finding, finding
from central.doctor.folder import faults_in, faults_of_start
from central.doctor.line import faults_to
from central.doctor.node import faults_of
from central.inspection.folders import is_running, node_folders
from edge.errors import CannotStart
from edge.folder import Folder
from edge.settings import NAME, read_config
from edge.status import asked

FOUND, WELL = 1, 0


def doctor_command(data: Path, *, as_json: bool) -> int:
    """Exit status 1 where anything was found. Raises `CannotStart` where there is no node at all."""
    new = _without_card(data)
    try:
        folders = node_folders(data)
    except CannotStart:
        if not new:
            raise
        folders = []
    found = [one for path in folders for one in faults_at(path)]
    found += [finding(path.name, "no-card", str(path)) for path in new]
    if as_json:
        click.echo(msgspec.json.encode({"nodes": len(folders), "found": found}).decode())
    else:
        _show(found, len(folders), Console(soft_wrap=True))
    return FOUND if found else WELL


def _without_card(data: Path) -> list[Path]:
    """Folders of machines that wait for their card: they have keys, and are no nodes yet."""
    return [
        keys.parent
        for keys in sorted((data / Folder(data).keys.name, *data.glob("*/keys")))
        if keys.is_dir() and not (keys.parent / NAME).exists()
    ]


def faults_at(path: Path) -> Iterator[Finding]:
    """All that is wrong with the node in one folder, the folder first."""
    try:
        settings = read_config(path / NAME)
    except CannotStart as why:
        yield finding(path.name, "settings", str(why))
        return
    folder = Folder(path / settings.data)
    before = list(faults_in(folder, settings))
    yield from before
    if any(one.fault == "no-card" for one in before):
        return
    if not is_running(folder):
        yield from faults_of_start(folder, settings)
        return
    status = asked(folder)
    if status is None:
        yield finding(settings.node, "silent")
        return
    yield from faults_of(status)
    for peer in status.peers:
        yield from faults_to(status.node, peer)


def _show(found: list[Finding], nodes: int, console: Console) -> None:
    if not found:
        console.print(f"{nodes} nodes, nothing found." if nodes > 1 else "Nothing found.")
    for one in sorted(found, key=lambda one: not one.urgent):
        console.print(f"[bold]{one.node}: {one.what}[/] [dim]({one.fault})[/]", highlight=False)
        if one.seen:
            console.print(f"  seen: {one.seen}", markup=False, highlight=False)
        console.print(f"  safe: {one.safe}\n  to do: {one.todo}\n", markup=False, highlight=False)
