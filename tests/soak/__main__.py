"""`python -m tests.soak`: a week of a centre in an hour, with everything that goes wrong in one.

Exit status 1 when something was lost, leaks, or is found by `motcua verify`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.table import Table

from tests.soak.week import Soaked, soak

_WORK: Final = Path("var")
"""On the disk of the project, because a temporary folder may be in memory."""


@click.command()
@click.option("--minutes", type=click.FloatRange(0.5), default=60.0, show_default=True, help="In how many.")
@click.option("--days", type=click.IntRange(1, 31), default=7, show_default=True, help="How many days.")
@click.option("--seed", type=int, default=1, show_default=True, help="What chance chooses by.")
@click.option("--keep", is_flag=True, help="Leave the centre's folder where something was found.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(minutes: float, days: int, seed: int, keep: bool, as_json: bool) -> None:
    """Live through a week, and say what it came to."""
    _WORK.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=_WORK))
    well = False
    try:
        done = soak(
            folder / "centre",
            minutes=minutes,
            days=days,
            seed=seed,
            say=lambda said: click.echo(said, err=True),
        )
        well = done.well
    finally:
        if keep and not well:
            click.echo(f"its folder: {folder}", err=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
    else:
        _show(done)
    sys.exit(0 if well else 1)


def _show(done: Soaked) -> None:
    console = Console(width=110)
    table = Table("machine", "evening", "memory", "open files", "threads", "node.db", "files.db", "log")
    for name, evenings in done.evenings.items():
        for one in evenings:
            table.add_row(
                name,
                str(one.day + 1),
                f"{one.memory_mib:.0f} MiB",
                str(one.handles),
                str(one.threads),
                f"{one.database_mib:.1f} MiB",
                f"{one.files_mib:.1f} MiB",
                f"{one.log_kib:.0f} KiB",
            )
    console.print(table)
    console.print(
        f"{done.days} days in {done.minutes} minutes: {done.done}; {done.interrupted} acts interrupted, refused"
        f" {done.refused}; {done.pulled} cables pulled, {done.killed} processes killed."
    )
    for what, found in (
        ("lost", done.lost),
        ("verify", done.findings),
        ("grown", done.leaks),
        ("log", done.faults),
    ):
        for said in found:
            console.print(f"{what}: {said}", markup=False)
    console.print("well" if done.well else "NOT well")


if __name__ == "__main__":
    main()
