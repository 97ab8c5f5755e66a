"""`motcua simulate`: many runs, as many at a time as there are processors, and one report."""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from central.simulation.founding import found
from central.simulation.play import Outcome, Run
from central.simulation.shrink import shrunk
from central.simulation.world import FAULTS
from schemas import conflicts

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it
"""The folders of a run need no disk: a power cut is played, not waited for."""
TRIES: Final = 80
SHRUNK: Final = 3
"""So many failing runs are made small; the others are told as they are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which runs. `only`: these steps of each, instead of all."""

    first: int
    seeds: int
    nodes: int
    steps: int
    only: tuple[int, ...] | None = None

    @property
    def chosen(self) -> Sequence[int]:
        """Numbers of steps from 0 on, the same in each run."""
        return range(self.steps) if self.only is None else self.only

    def command(self, seed: int, only: Sequence[int]) -> str:
        """What plays one run again."""
        run = f"motcua simulate --seeds 1 --from {seed} --nodes {self.nodes} --steps {self.steps}"
        return run if only == self.chosen else f"{run} --only {','.join(map(str, only))}"


@dataclass(frozen=True, slots=True)
class Failure:
    """`what`: the first thing that was wrong. `story`: what happened in the steps that are needed for it."""

    seed: int
    what: str
    replay: str
    story: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What many runs came to. `conflicts` counts by row, `faults` those that struck.

    `digest`: of all documents of all nodes of all runs; the same plan always comes to the same one.
    `unseen`: rows of the table that did not occur, so that these runs say nothing of them.
    """

    seeds: int
    failures: tuple[Failure, ...]
    events: int
    dossiers: int
    conflicts: dict[str, int]
    unseen: tuple[str, ...]
    faults: dict[str, int]
    digest: str
    seconds: float


def play(founded: Path, plan: Plan, seed: int, steps: Sequence[int]) -> Outcome:
    """One run, in a copy of a founded centre that is removed afterwards."""
    with _folder() as data:
        shutil.copytree(founded, data, dirs_exist_ok=True)
        gc.disable()  # hardly anything goes before the run is over: looking for it takes a tenth of the time
        try:
            return Run(data, seed=seed, nodes=plan.nodes).play(steps, plan.steps)
        finally:
            gc.enable()
            gc.collect()


def simulate(plan: Plan, *, processes: int, told: Callable[[], None] = lambda: None) -> Report:
    """All runs of a plan; `told` hears of each that has ended. What fails is shrunk."""
    began = time.monotonic()
    with _folder() as founded:
        found(founded, plan.nodes)
        outcomes: list[Outcome] = []
        failures: list[Failure] = []
        for outcome in _outcomes(founded, plan, processes):
            told()
            outcomes.append(outcome)
            if outcome.failures:
                tries = TRIES if len(failures) < SHRUNK else 0
                failures.append(_shrunk(founded, plan, outcome, tries))
    counted: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for outcome in outcomes:
        counted.update(outcome.conflicts)
        faults.update(outcome.faults)
    rows = {row.name: counted.pop(row.name, 0) for row in conflicts.TABLE} | dict(counted)
    return Report(
        seeds=plan.seeds,
        failures=tuple(failures),
        events=sum(outcome.events for outcome in outcomes),
        dossiers=sum(outcome.dossiers for outcome in outcomes),
        conflicts=rows,
        unseen=tuple(row.name for row in conflicts.TABLE if not rows[row.name]),
        digest=hashlib.sha256("".join(outcome.digest for outcome in outcomes).encode()).hexdigest(),
        faults={fault: faults[fault] for fault in FAULTS},
        seconds=round(time.monotonic() - began, 1),
    )


def simulate_command(plan: Plan, *, processes: int | None, as_json: bool) -> int:
    """Simulate, print, and return the exit status: 0 all well, 1 something failed."""
    # whoever stops us wants our folders gone too: they lie in memory
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with Progress(console=Console(stderr=True), transient=True, disable=as_json) as progress:
        task = progress.add_task("simulating", total=plan.seeds)
        report = simulate(
            plan, processes=processes or os.cpu_count() or 1, told=lambda: progress.advance(task)
        )
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        _print(report)
    return 1 if report.failures else 0


def _outcomes(founded: Path, plan: Plan, processes: int) -> Iterator[Outcome]:
    seeds = range(plan.first, plan.first + plan.seeds)
    if processes == 1 or plan.seeds == 1:
        yield from (play(founded, plan, seed, plan.chosen) for seed in seeds)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, plan.seeds), context) as pool:
        yield from pool.map(_play, ((founded, plan, seed) for seed in seeds))


def _play(task: tuple[Path, Plan, int]) -> Outcome:
    founded, plan, seed = task
    return play(founded, plan, seed, plan.chosen)


def _shrunk(founded: Path, plan: Plan, outcome: Outcome, tries: int) -> Failure:
    """The failure with as few steps as it needs; it is told by what is wrong in the end."""
    last = outcome

    def fails(steps: Sequence[int]) -> bool:
        nonlocal last
        again = play(founded, plan, outcome.seed, steps)
        if again.failures:
            last = again
        return bool(again.failures)

    steps = shrunk(plan.chosen, fails, tries=tries) if tries else plan.chosen
    return Failure(outcome.seed, last.failures[0], plan.command(outcome.seed, steps), last.story)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory, or where temporary files go; gone afterwards."""
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="motcua-simulation-", dir=where) as path:
        yield Path(path)


def _print(report: Report) -> None:
    console = Console()
    table = Table("runs", "events", "dossiers", "seconds", "failures")
    figures: tuple[Any, ...] = (
        report.seeds,
        report.events,
        report.dossiers,
        report.seconds,
        len(report.failures),
    )
    table.add_row(*map(str, figures))
    console.print(table)
    for title, counts in (("conflicts", report.conflicts), ("faults", report.faults)):
        click.echo(f"{title}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))
    for failure in report.failures:
        click.echo(f"seed {failure.seed}: {failure.what}")
        for line in failure.story:
            click.echo(f"    {line}")
        click.echo(f"    {failure.replay}")
    click.echo("all well" if not report.failures else f"{len(report.failures)} failures")
