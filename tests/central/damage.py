"""Damage to a node's files, as disks and people do it: bytes, pages and rows, behind everybody's back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sqlcipher3 import dbapi2

PAGE = 4096


class StoredEvent(NamedTuple):
    """One event as it lies in a node's file."""

    place: str  # as a finding names it, up to the number of the dossier
    id: str
    rev_hash: str
    body: bytes


@contextmanager
def rows_of(file: Path) -> Iterator[Any]:
    """A connection to a node's file while no node has it open; what is changed is kept."""
    connection = dbapi2.connect(str(file), isolation_level=None)
    try:
        yield connection
    finally:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()


def stored_events(file: Path, database: str = "dossiers") -> list[StoredEvent]:
    with rows_of(file) as rows:
        found = rows.execute(
            f"SELECT d.id, r.hash, r.body FROM {database}_rev r JOIN {database}_doc d ON d.number = r.doc"
            " ORDER BY d.number"
        ).fetchall()
    return [
        StoredEvent(_place(database, json.loads(body)), doc_id, rev_hash, body)
        for doc_id, rev_hash, body in found
    ]


def _place(database: str, event: dict[str, Any]) -> str:
    if database == "catalog":
        return f"catalog entry {event['seq']}"
    return f"{database} event {event['node']} #{event['seq']}"


def places_of(file: Path, content: bytes) -> list[int]:
    """Where these bytes lie in the file."""
    lying, places, at = file.read_bytes(), [], -1
    while (at := lying.find(content, at + 1)) >= 0:
        places.append(at)
    return places


def flip(file: Path, at: int, bit: int = 0) -> None:
    """Change one bit of one byte."""
    with file.open("r+b") as opened:
        opened.seek(at)
        (byte,) = opened.read(1)
        opened.seek(at)
        opened.write(bytes([byte ^ 1 << bit]))


def flip_within(file: Path, content: bytes, random: Random) -> None:
    """Change one bit somewhere in these bytes, which may lie over several pages of the file."""
    while True:
        start = random.randrange(len(content))
        piece = content[start : start + 40]
        places = places_of(file, piece)
        if len(places) == 1 and len(piece) == 40:
            flip(file, places[0] + random.randrange(40), random.randrange(8))
            return


def overwrite_page(file: Path, at: int, content: bytes) -> None:
    """Put other bytes over the page that holds byte `at`."""
    with file.open("r+b") as opened:
        opened.seek(at // PAGE * PAGE)
        opened.write(content)
