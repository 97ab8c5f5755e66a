"""What was turned away with form 02 or 03 in a span of days, the newest first; read along one index.

Nothing of it is work: nobody waits, and the list only grows. So it is always cut by its days, and what a page or a count
costs is bounded by those of the longest span, whatever the archive's age.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from edge.database import Readable
from edge.tables.dossiers import TurnedAwayRow
from sync.sqlite import Connection

SHOWN: Final = 50
_READ: Final = 500
"""Rows read at once for a whole list: no snapshot stays open while somebody saves a file."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Turned away from `since` on, at a place, by a person, for an agency, with a form; empty: all of them."""

    since: str
    place: str = ""
    person: str = ""
    agency: str = ""
    form: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the stream after which the next page begins ("": none)."""

    rows: list[TurnedAwayRow]
    after: str


class TurnedAway:
    """Reads only."""

    def __init__(self, file: Readable) -> None:
        self._file = file

    def count(self, asked: Asked) -> int:
        """How many there are, along the index of their days."""
        where, values = _where(asked)
        with self._file.read() as connection:
            query = f"SELECT count(*) FROM turned_away INDEXED BY turned_away_at WHERE {where}"  # noqa: S608 - ours
            return int(connection.execute(query, values).fetchone()[0])

    def page(self, asked: Asked, *, after: str = "", size: int = SHOWN) -> Page:
        """After the row of this stream; one that has left the list begins it anew."""
        with self._file.read() as connection:
            streams = _streams(connection, asked, after, size + 1)
            found = {row.stream: row for row in TurnedAwayRow.select().where(TurnedAwayRow.stream << streams)}
        more = streams[size - 1] if len(streams) > size else ""
        return Page([found[stream] for stream in streams[:size]], more)

    def of(self, identity: str, procedure: str, since: str, limit: int = 2) -> list[TurnedAwayRow]:
        """What somebody was sent home with for one procedure since a moment, the newest first."""
        if not identity:
            return []
        with self._file.read() as connection:
            query = (
                "SELECT t.stream FROM party p JOIN turned_away t ON t.stream = p.stream"
                " WHERE p.identity = ? AND t.procedure = ? AND t.at >= ? ORDER BY t.at DESC LIMIT ?"
            )
            streams = [stream for (stream,) in connection.execute(query, (identity, procedure, since, limit))]
            found = {row.stream: row for row in TurnedAwayRow.select().where(TurnedAwayRow.stream << streams)}
        return [found[stream] for stream in streams]

    def all(self, asked: Asked) -> Iterator[TurnedAwayRow]:
        """Every row, some at a time."""
        after = ""
        while True:
            page = self.page(asked, after=after, size=_READ)
            yield from page.rows
            if not page.after:
                return
            after = page.after


def _where(asked: Asked) -> tuple[str, list[str]]:
    chosen = {name: getattr(asked, name) for name in ("place", "person", "agency", "form")}
    tests = ["at >= ?", *(f"{name} = ?" for name, value in chosen.items() if value)]
    return " AND ".join(tests), [asked.since, *(value for value in chosen.values() if value)]


def _streams(connection: Connection, asked: Asked, after: str, size: int) -> list[str]:
    where, values = _where(asked)
    row = connection.execute("SELECT at FROM turned_away WHERE stream = ?", (after,)).fetchone()
    if row is not None:
        where, values = f"{where} AND (at, stream) < (?, ?)", [*values, row[0], after]
    query = (
        f"SELECT stream FROM turned_away INDEXED BY turned_away_at WHERE {where}"  # noqa: S608 - ours
        " ORDER BY at DESC, stream DESC LIMIT ?"
    )
    return [stream for (stream,) in connection.execute(query, [*values, size])]
