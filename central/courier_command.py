"""`motcua courier`: what the page does, in a terminal, whether the node is running or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from central.rekey import passphrase
from edge.clock import system_clock
from edge.courier import Courier, Given, Stage, Taken, Told
from edge.errors import NotGiven, NotTaken
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_config
from edge.sticks import Give, Order, Take, ask, perform
from sync.errors import SyncError

_STAGES: Final = {"writing": "Đang ghi", "checking": "Đang kiểm tra", "taking": "Đang nhận"}


def export_command(config: Path, to: str, file: Path, *, as_json: bool) -> None:
    """Raises `NodeError`."""
    done = _done(config, Give(to, str(file.absolute())), as_json)
    assert isinstance(done, Given)  # noqa: S101 - what was ordered
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
        return
    click.echo(
        f"{done.file}: {done.events} việc, {done.documents.get('catalog', 0)} mục danh mục,"
        f" {done.documents.get('files', 0)} phần tệp, {done.bytes:,} byte, cho {done.to}. Rút USB được rồi."
    )


def import_command(config: Path, file: Path, *, although_old: bool, as_json: bool) -> None:
    """Raises `NodeError`."""
    done = _done(config, Take(str(file.absolute()), although_old), as_json)
    assert isinstance(done, Taken)  # noqa: S101 - what was ordered
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
        return
    click.echo(
        f"Của {done.sender}: {done.events} việc mới, {done.new.get('catalog', 0)} mục danh mục,"
        f" {done.new.get('files', 0)} phần tệp; {done.refused} bị từ chối. Rút USB được rồi."
    )
    if done.before:
        click.echo("Gói này đã nhận trước đây; không có gì bị ghi hai lần.")
    if done.gap:
        click.echo(
            f"Trước gói này còn thiếu ({', '.join(done.gap)}): mang gói của máy này về {done.sender}, gói sau sẽ gửi bù."
        )


def _done(config: Path, order: Order, as_json: bool) -> Given | Taken:
    settings = read_config(config)
    folder = Folder(config.parent / settings.data)
    with _shown(quiet=as_json) as told:
        done = ask(folder, order, told)
        if done is not None:
            return done
        with folder.locked():
            node = Node(folder, settings, clock=system_clock, ids=Ids(), ask=passphrase)
            try:
                return perform(Courier(node), order, told)
            except SyncError as why:
                raise _said(order, why) from why
            finally:
                node.close()


def _said(order: Order, why: SyncError) -> NotGiven | NotTaken:
    return NotGiven("", str(why)) if isinstance(order, Give) else NotTaken("", str(why))


@contextmanager
def _shown(*, quiet: bool) -> Iterator[Told]:
    if quiet:
        yield lambda stage, done, of: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def told(stage: Stage, done: int, of: int) -> None:
            progress.update(task, description=_STAGES[stage], completed=done, total=of or None)

        yield told
