"""`motcua print`: the papers of a node that wait, failed, or of which nobody knows whether they came out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from central.inspection.folders import node_folders
from central.inspection.reading import Snapshot
from edge.errors import CannotStart
from edge.folder import Folder
from printing.spool import State

FOUND, WELL = 1, 0


class Job(msgspec.Struct, frozen=True):
    """One paper. `changed_at`: since when it is in this state, UTC; `error`: in the printer's words."""

    id: int
    node: str
    form: str
    number: str
    attempt: int
    state: str
    printer: str
    changed_at: str
    error: str


class Report(msgspec.Struct, frozen=True):
    """`jobs` are those that are not finished, `counts` all of them by state."""

    jobs: tuple[Job, ...]
    counts: dict[str, int]


def print_command(data: Path, as_json: bool) -> int:
    """Exit status 1 where a person has to look at something. Raises `CannotStart`."""
    report = _report([Folder(path) for path in node_folders(data)])
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        _show(report, Console())
    asked = (State.UNSURE.value, State.FAILED.value)
    return FOUND if any(job.state in asked for job in report.jobs) else WELL


def _report(folders: Sequence[Folder]) -> Report:
    jobs: list[Job] = []
    counts = dict.fromkeys((state.value for state in State), 0)
    for folder in folders:
        snapshot = Snapshot(folder.database)
        try:
            if snapshot.problem is not None:
                raise CannotStart(f"{folder.database} cannot be read: {snapshot.problem}")
            for state, count in snapshot.select("SELECT state, count(*) FROM print_job GROUP BY state"):
                counts[str(state)] = counts.get(str(state), 0) + int(count)
            rows = snapshot.select(
                "SELECT id, form, number, attempt, state, printer, changed_at, error FROM print_job"
                " WHERE state NOT IN ('done', 'cancelled') ORDER BY id"
            )
            jobs += [
                Job(int(row[0]), folder.path.name, str(row[1]), str(row[2]), int(row[3]), *map(str, row[4:]))
                for row in rows
            ]
        finally:
            snapshot.close()
    return Report(tuple(jobs), counts)


def _show(report: Report, console: Console) -> None:
    if report.jobs:
        table = Table("Máy trạm", "Giấy", "Số", "Lần", "Tình trạng", "Máy in", "Vì sao")
        for job in report.jobs:
            table.add_row(
                job.node,
                job.form,
                job.number,
                str(job.attempt),
                job.state,
                job.printer or "theo loại giấy",
                job.error,
            )
        console.print(table)
    console.print(", ".join(f"{state} {count}" for state, count in report.counts.items()))
