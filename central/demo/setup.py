"""Making a demo's data folder: all of it or nothing, and the same folder again at the next start."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from central.catalog_import import read_agencies, read_procedures
from central.centre import Authority, enrol, found, write_token
from central.demo.plan import ADMINISTRATOR, CALENDARS, CENTRE, DELEGATIONS, PEOPLE, SINCE, DemoNode
from edge.clock import Clock
from edge.errors import CannotStart
from edge.ids import Ids
from edge.node import Folder, Node
from edge.settings import NodeSettings, read_settings
from schemas.acts import TABLE
from schemas.canonical import to_base64
from schemas.catalog import Entry, Role

WHOLE: Final = "demo-centre"
"""Made last: a folder without it is half made."""


@contextlib.contextmanager
def claimed(data: Path) -> Iterator[None]:
    """Nobody else may use the folder meanwhile; raises `CannotStart`."""
    data.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(data.parent / f".{data.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as why:
            raise CannotStart(
                f"{data} is in use by another demo: stop that one, or choose another --data"
            ) from why
        yield
    finally:
        os.close(handle)


def prepare(data: Path, nodes: Sequence[DemoNode], *, clock: Clock, ids: Ids) -> bool:
    """Make the centre in `data` unless it is there whole; True if it was made now. Raises `CannotStart`."""
    if (data / WHOLE).exists():
        missing = [node.name for node in nodes if not (data / node.name / "node.toml").exists()]
        if missing:
            raise CannotStart(
                f"{data} is damaged: {', '.join(missing)} is not in it; remove the folder to begin anew"
            )
        return False
    if data.exists() and any(data.iterdir()):
        raise CannotStart(f"{data} is half made or holds something else: remove it, or choose another --data")
    half = data.with_name(f"{data.name}.new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    _build(half, nodes, clock, ids)
    (half / WHOLE).touch()
    if data.exists():
        data.rmdir()
    half.rename(data)
    return True


def _build(data: Path, nodes: Sequence[DemoNode], clock: Clock, ids: Ids) -> None:
    central, *edges = nodes
    folder = Folder(data / central.name)
    tokens: dict[str, tuple[bytes, bytes]] = {}

    def entries(authority: Authority) -> list[Entry]:
        tokens.update(
            (one.id, authority.issue_token(one.name, one.pin, clock())) for one in PEOPLE if one.signs
        )
        return _catalog(tokens)

    settings = NodeSettings(central.place.node)
    found(
        folder,
        central.place,
        settings,
        centre=CENTRE,
        entries=entries,
        by=ADMINISTRATOR,
        clock=clock,
        ids=ids,
    )
    centre = Node(folder, settings, clock=clock, ids=ids)
    try:
        for edge in edges:
            settings = NodeSettings(edge.place.node)
            enrol(Folder(data / edge.name), centre, edge.place, settings, by=ADMINISTRATOR)
        _prepare_people(centre, tokens)
    finally:
        centre.close()
    for edge in edges:
        opened = Folder(data / edge.name)
        node = Node(opened, read_settings(opened.path), clock=clock, ids=ids)
        try:
            _prepare_people(node, tokens)
        finally:
            node.close()


def _catalog(tokens: dict[str, tuple[bytes, bytes]]) -> list[Entry]:
    sample = files("central") / "sample"
    agencies = read_agencies((sample / "agencies.csv").read_bytes())
    read = read_procedures((sample / "procedures.csv").read_bytes(), agencies, since=SINCE)
    people = [
        person.entry((to_base64(tokens[person.id][1]),) if person.id in tokens else ()) for person in PEOPLE
    ]
    return [*CALENDARS, *agencies, *people, *DELEGATIONS, *read.procedures]


def _prepare_people(node: Node, tokens: dict[str, tuple[bytes, bytes]]) -> None:
    """Everybody's PIN, and token, at the machines where they work."""
    served = {role for act in TABLE if act.duty in node.card.duties for role in act.roles[:1]}
    served.add(Role.ADMINISTRATOR)
    for person in PEOPLE:
        if person.role in served:
            node.people.set_pin(person.id, person.pin)
            if person.id in tokens:
                write_token(node.folder, person.id, tokens[person.id][0])
