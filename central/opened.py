"""Central's folder, opened by a command that has something to say there while nothing runs in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from edge.chain import ClockBehind
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_settings
from schemas.calendar import local_day
from schemas.entries import Role


@contextlib.contextmanager
def opened_central(data: Path) -> Iterator[Node]:
    """`data` is central's own folder, or a demo's.

    Raises `CannotStart`: another machine's folder, one in use, or a clock that is behind central's last act.
    """
    folder = Folder(data / "central" if (data / "central" / "node.toml").exists() else data)
    settings = read_settings(folder.path)
    with folder.locked():
        node = Node(folder, settings, clock=system_clock, ids=Ids())
        try:
            if not node.is_centre:
                raise CannotStart(f"{folder.path} is not central's folder: only central writes the catalog")
            yield node
        except ClockBehind as why:
            raise CannotStart(f"{why}: set the clock of this machine right") from why
        finally:
            node.close()


@contextlib.contextmanager
def opened_by(administrator: str, data: Path) -> Iterator[Node]:
    """The same for a person who must be an administrator today. Raises `CannotStart`."""
    with opened_central(data) as node:
        person = node.catalog.latest.person(administrator)
        if person is None or not person.has(Role.ADMINISTRATOR, local_day(node.clock())):
            raise CannotStart(f"{administrator} is no administrator today: say --by with one who is")
        yield node
