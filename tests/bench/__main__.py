"""`python -m tests.bench [NAME…] [--quick] [--json]`: measure, and hold the figures against what they must be.

Exit status 1 when a figure is not as good as it must be. With --json one object a bench, each on a line of its own.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.table import Table

from tests.bench import cluster, counter, fold, office, paper, postgresql, replicate, room, store, trust
from tests.bench.figures import Bench, Report, Size, run
from tests.bench.ground import Ground
from tests.bench.machine import describe

BENCHES: Final = {
    bench.name: bench
    for bench in (
        fold.BENCH,
        store.BENCH,
        replicate.BENCH,
        trust.BENCH,
        counter.BENCH,
        room.BENCH,
        paper.BENCH,
        office.BENCH,
    )
}
_WORK: Final = Path("var")
"""On the disk of the project, because a temporary folder may be in memory, where everything is durable at once."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)), metavar="[NAME…]")
@click.option(
    "--quick", is_flag=True, help="Smaller counts, the same musts; all benches within some minutes."
)
@click.option(
    "--dossiers", type=click.IntRange(100, 521_756), help="centre: how many. [default: 521756, quick 5000]"
)
@click.option(
    "--projections",
    type=click.Choice(["postgresql"]),
    help="centre: the same pages over PostgreSQL beside it.",
)
@click.option(
    "--documents",
    type=click.Choice(["couchdb"]),
    help="centre: before a cluster, beside an embedded one; with --projections. [--dossiers: 20000, quick 500]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a bench.")
def main(
    names: tuple[str, ...],
    quick: bool,
    dossiers: int | None,
    projections: str | None,
    documents: str | None,
    as_json: bool,
) -> None:
    """Measure; without NAME everything that can be measured."""
    if documents and not projections:
        raise click.UsageError(
            "--documents couchdb is measured over PostgreSQL: say --projections postgresql too"
        )
    centre = cluster.BENCH if documents else postgresql.BENCH if projections else office.BENCH
    benches = {**BENCHES, centre.name: centre}
    chosen = [benches[name] for name in names or benches]
    _WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_WORK) as folder:
        size = Size.QUICK if quick else Size.FULL
        reports = _measured(chosen, Path(folder), dossiers, size, as_json=as_json)
    sys.exit(0 if all(report.ok for report in reports) else 1)


def _measured(
    chosen: list[Bench], folder: Path, dossiers: int | None, size: Size, *, as_json: bool
) -> list[Report]:
    """Run the benches one after the other, each on its own ground and in its own process, because what others leave in
    memory is nothing to measure; each is reported as soon as it is done."""
    machine, reports = describe(folder), []
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for bench in chosen:
            ground = Ground(folder / bench.name, _WORK, dossiers)
            report = processes.submit(run, bench, ground, size, machine).result()
            reports.append(report)
            if as_json:
                click.echo(msgspec.json.encode(report.to_json()).decode())
            else:
                _show(report)
    return reports


def _show(report: Report) -> None:
    console = Console()
    table = Table("figure", "value", "must", "aim", "", title=report.bench.name, title_justify="left")
    for figure in report.bench.figures:
        value = report.values[figure.name]
        verdict = "" if figure.must is None else "ok" if figure.holds(value) else "NOT OK"
        table.add_row(
            figure.what, _shown(value, figure.unit), _shown(figure.must), _shown(figure.aim), verdict
        )
    console.print(table)
    for peer, why in report.bench.absent.items():
        console.print(f"{peer}: {why}")


def _shown(value: float | None, unit: str = "") -> str:
    if value is None:
        return "–"
    return f"{value:,.0f} {unit}".strip() if value >= 100 else f"{value:.3g} {unit}".strip()


if __name__ == "__main__":
    main()
