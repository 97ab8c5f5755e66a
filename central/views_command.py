"""`motcua views`: the log of who looked at what at one machine, searched and counted again."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.table import Table

from edge.clock import system_clock
from edge.closing import views_of
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_settings


def views_command(data: Path, person: str, streams: tuple[str, ...], *, as_json: bool) -> int:
    """0: whole. 1: the log was changed, or is not the one that was sealed."""
    folder = Folder(data)
    with folder.locked():
        node = Node(folder, read_settings(data), clock=system_clock, ids=Ids())
        try:
            looks, count = node.views.search(person=person, streams=list(streams) or None)
            broken = node.views.why_broken(views_of(node.closing.closed()))
        finally:
            node.close()
    if as_json:
        report = {"count": count, "broken": broken, "looks": looks}
        click.echo(msgspec.json.encode(report).decode())
    else:
        table = Table("Dòng", "Lúc", "Ai", "Hồ sơ", "Trang", title=f"{count} lượt xem")
        for look in looks:
            table.add_row(str(look.line), look.at, look.person, look.stream, look.what)
        Console().print(table)
        click.echo(f"nhật ký: {broken or 'nguyên vẹn'}")
    return 1 if broken else 0
