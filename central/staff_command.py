"""`motcua catalog import-staff`, `import-delegations` and `import-queues`: every wrong row is told, and then nothing is written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from central.centre import Office
from central.queue_import import changed_queues, read_queues
from central.staff_import import (
    RowProblem,
    changed_delegations,
    changed_people,
    read_delegations,
    read_staff,
)
from edge.chain import ClockBehind
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.ids import Ids
from edge.node import Folder, Node
from edge.settings import read_settings
from schemas.calendar import local_day
from schemas.entries import Entry, Role

WROTE, FOUND = 0, 1


def import_staff_command(file: Path, data: Path, *, by: str, dry_run: bool, as_json: bool) -> int:
    with opened(data, by) as node:
        read = read_staff(file.read_bytes(), node.catalog.latest)
        fresh = changed_people(read.people, node.catalog.latest)
        return _write(node, len(read.people), fresh, read.problems, by=by, dry_run=dry_run, as_json=as_json)


def import_delegations_command(file: Path, data: Path, *, by: str, dry_run: bool, as_json: bool) -> int:
    with opened(data, by) as node:
        read = read_delegations(file.read_bytes(), node.catalog.latest)
        fresh = changed_delegations(read.delegations, node.catalog.latest)
        count = len(read.delegations)
        return _write(node, count, fresh, read.problems, by=by, dry_run=dry_run, as_json=as_json)


def import_queues_command(file: Path, data: Path, *, by: str, dry_run: bool, as_json: bool) -> int:
    with opened(data, by) as node:
        today = local_day(node.clock())
        read = read_queues(file.read_bytes(), node.catalog.latest, today)
        fresh = changed_queues(read.queues, node.catalog.latest)
        count = len(read.queues)
        return _write(node, count, fresh, read.problems, by=by, dry_run=dry_run, as_json=as_json)


@contextlib.contextmanager
def opened(data: Path, by: str) -> Iterator[Node]:
    """Central's folder, open for somebody who may write the catalog. Raises `CannotStart`."""
    folder = Folder(data / "central" if (data / "central" / "node.toml").exists() else data)
    settings = read_settings(folder.path)
    with folder.locked():
        node = Node(folder, settings, clock=system_clock, ids=Ids())
        try:
            if not node.is_centre:
                raise CannotStart(f"{folder.path} is not central's folder: only central writes the catalog")
            person = node.catalog.latest.person(by)
            if person is None or not person.has(Role.ADMINISTRATOR, local_day(node.clock())):
                raise CannotStart(f"{by} is no administrator today: say --by with one who is")
            yield node
        except ClockBehind as why:
            raise CannotStart(f"{why}: set the clock of this machine right") from why
        finally:
            node.close()


def _write(
    node: Node,
    right: int,
    fresh: Sequence[Entry],
    problems: Sequence[RowProblem],
    *,
    by: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    written = 0 if dry_run or problems else Office(node).define(fresh, by=by)
    if as_json:
        wrong = [{"line": one.line, "id": one.id, "why": one.why} for one in problems]
        report = {
            "right": right,
            "changed": len(fresh),
            "written": written,
            "catalog": node.catalog.name,
            "wrong": wrong,
        }
        click.echo(msgspec.json.encode(report).decode())
    else:
        _tell(right, len(fresh), written, problems)
    return FOUND if problems else WROTE


def _tell(right: int, fresh: int, written: int, problems: Sequence[RowProblem]) -> None:
    console = Console()
    if problems:
        table = Table("Dòng", "Mã", "Không nhập vì", title=f"{len(problems)} dòng sai: chưa ghi gì")
        for one in problems:
            table.add_row(str(one.line), one.id, one.why)
        console.print(table)
    console.print(f"{right} mục đúng, {right - fresh} không đổi, {written} đã ghi vào danh mục.")
