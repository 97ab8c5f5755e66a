"""`motcua catalog import-staff`, `import-delegations`, `import-queues` and `import-communes`: every wrong row is told, and
then nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from central.centre import Office
from central.commune_import import changed_communes, read_communes
from central.opened import opened_by
from central.queue_import import changed_queues, read_queues
from central.staff_import import (
    RowProblem,
    changed_delegations,
    changed_people,
    read_delegations,
    read_staff,
)
from edge.node import Node
from schemas.calendar import local_day
from schemas.entries import Entry

WROTE, FOUND = 0, 1


def import_staff_command(file: Path, data: Path, *, by: str, dry_run: bool, as_json: bool) -> int:
    """People, their roles and certificates. Exit status 1, and nothing written, where a row is wrong."""
    with opened_by(by, data) as node:
        read = read_staff(file.read_bytes(), node.catalog.latest)
        fresh = changed_people(read.people, node.catalog.latest)
        return _write(node, len(read.people), fresh, read.problems, by=by, dry_run=dry_run, as_json=as_json)


def import_delegations_command(file: Path, data: Path, *, by: str, dry_run: bool, as_json: bool) -> int:
    """Delegations to sign (TL., TUQ., KT.). Exit status 1, and nothing written, where a row is wrong."""
    with opened_by(by, data) as node:
        read = read_delegations(file.read_bytes(), node.catalog.latest)
        fresh = changed_delegations(read.delegations, node.catalog.latest)
        count = len(read.delegations)
        return _write(node, count, fresh, read.problems, by=by, dry_run=dry_run, as_json=as_json)


def import_queues_command(file: Path, data: Path, *, by: str, dry_run: bool, as_json: bool) -> int:
    """What the kiosk offers, judged as of today. Exit status 1, and nothing written, where a row is wrong."""
    with opened_by(by, data) as node:
        today = local_day(node.clock())
        read = read_queues(file.read_bytes(), node.catalog.latest, today)
        fresh = changed_queues(read.queues, node.catalog.latest)
        count = len(read.queues)
        return _write(node, count, fresh, read.problems, by=by, dry_run=dry_run, as_json=as_json)


def import_communes_command(file: Path, data: Path, *, by: str, dry_run: bool, as_json: bool) -> int:
    """Communes and wards, judged as of today. Exit status 1, and nothing written, where a row is wrong."""
    with opened_by(by, data) as node:
        read = read_communes(file.read_bytes(), local_day(node.clock()))
        fresh = changed_communes(read.communes, node.catalog.latest)
        count = len(read.communes)
        return _write(node, count, fresh, read.problems, by=by, dry_run=dry_run, as_json=as_json)


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
