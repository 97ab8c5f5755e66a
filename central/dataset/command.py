"""`motcua dataset`: make the five years, with progress, and say how quickly that went."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from central.dataset.making import PIN, make
from central.dataset.office import ADMINISTRATOR, LEADER
from edge.ids import Ids

_DOING: Final = {
    "founding": "founding the centre, its machines and its catalog",
    "planning": "planning who came when, and for what",
    "writing": "writing, sealing, verifying, taking in",
}


def dataset_command(folder: Path, dossiers: int, seed: int, *, as_json: bool) -> None:
    """Raises `CannotStart`."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("dossiers"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=as_json) as progress:
        task = progress.add_task("", total=dossiers)

        def told(what: str, done: int) -> None:
            progress.update(task, description=_DOING[what], completed=done)

        made = make(folder, dossiers, seed, ids=Ids(), told=told)
    if as_json:
        click.echo(msgspec.json.encode(made).decode())
        return
    click.echo(
        f"{made.dossiers} dossiers, {made.events} acts and {made.visits} of visits in {folder}."
        f" Central took in {made.events_a_second:,.0f} acts a second; the whole took {made.seconds:,.0f} s.\n"
        f"Look at it: motcua central --data {folder / 'central'}, as {LEADER} or {ADMINISTRATOR}, PIN {PIN}."
    )
