"""The lists of the counter, kept by the projector, and read without counting anything.

A list holds the dossiers that wait for one thing (`schemas.worklists`), each with its moment. How many there are is
added up as dossiers come and go, by who received them, where, and for which agency. What a list is at an hour (overdue,
not collected) is cut out of it by the moment at which somebody asks: those before it are all of the list but those from
it on, and of these there are never more than the work in hand, whatever the archive's age. Pages go on after the last
row's key, never by counting rows that are skipped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from edge.database import Readable
from edge.tables.dossiers import DossierRow
from schemas.calendar import Calendar, local_day
from schemas.events import moment
from schemas.fold import Dossier
from schemas.views import View
from schemas.worklists import OVER, Waits, sorting_name, waits_of
from sync.rows import where_in
from sync.sqlite import Connection

SHOWN: Final = 50
"""Dossiers on one page of a list."""
_READ: Final = 500
"""Dossiers read at once for a whole list: no snapshot stays open while somebody saves a file."""


class Listed(NamedTuple):
    """One dossier in one list."""

    list: str
    moment: str
    place: str
    person: str
    agency: str
    name: str


class Sort(Enum):
    """By the list's own moment, by reception (newest first), or by the applicant's given name."""

    MOMENT = "moment"
    RECEIVED = "received"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Cut:
    """A list as of an hour: its rows with a moment from `since` on and before `before`; empty: no bound."""

    waits: Waits
    since: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose dossiers: received at a place, by a person, for an agency; empty: everybody's."""

    place: str = ""
    person: str = ""
    agency: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One row of a page: the dossier and its moment in this list."""

    row: DossierRow
    moment: str


class Key(NamedTuple):
    """Where a page ended. It stands in addresses, and so says nothing of anybody."""

    moment: str
    position: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and the key after which the next begin; None at the end."""

    items: list[Item]
    after: Key | None


# ---- what the projector keeps


def lists_of(dossier: Dossier, calendar: Calendar, view: View) -> list[Listed]:
    """Where a dossier stands, with whom and whose it is."""
    standing, received = dossier.standing, dossier.received
    if received is None or standing.receipt is None or standing.status in OVER:
        return []
    procedure = view.procedure(received.procedure, local_day(moment(standing.received_at)))
    waits = waits_of(standing, calendar, on_site=procedure is not None and procedure.on_site)
    place, name = standing.receipt.node.rpartition(".")[0], sorting_name(received.applicant.name)
    by = standing.receipt.by
    return [Listed(one.value, at, place, by, received.agency, name) for one, at in waits.items()]


def keep_lists(connection: Connection, lists: Mapping[int, Sequence[Listed]]) -> None:
    """Write where these dossiers (by position) stand now, and add up what that changes."""
    known = where_in(
        connection,
        "SELECT position, list, moment, place, person, agency, name FROM work WHERE position IN",
        list(lists),
    )
    before = {(row[0], Listed(*row[1:])) for row in known}
    now = {(position, one) for position, listed in lists.items() for one in listed}
    if before == now:
        return
    gone, come = before - now, now - before
    connection.executemany(
        "DELETE FROM work WHERE position = ? AND list = ?", [(position, one.list) for position, one in gone]
    )
    connection.executemany(
        "INSERT INTO work VALUES (?, ?, ?, ?, ?, ?, ?)", [(position, *one) for position, one in come]
    )
    counts: Counter[tuple[str, str, str, str]] = Counter()
    counts.update((one.list, one.place, one.person, one.agency) for _, one in come)
    counts.subtract((one.list, one.place, one.person, one.agency) for _, one in gone)
    changed = sorted((*key, number) for key, number in counts.items() if number)
    connection.executemany(
        "INSERT INTO work_count VALUES (?, ?, ?, ?, ?) ON CONFLICT (list, place, person, agency)"
        " DO UPDATE SET count = work_count.count + excluded.count",
        changed,
    )
    connection.executemany(
        "DELETE FROM work_count WHERE list = ? AND place = ? AND person = ? AND agency = ? AND count = 0",
        [one[:4] for one in changed],
    )


# ---- what pages read


class Worklists:
    """Reads only."""

    def __init__(self, file: Readable) -> None:
        self._file = file

    def count(self, cut: Cut, whose: Whose) -> int:
        """How many dossiers stand in a list as of an hour."""
        with self._file.read() as connection:
            if cut.since and cut.before:
                return _ranged(connection, cut.waits, whose, cut.since, cut.before)
            all_of_them = _whole(connection, cut.waits, whose)
            if cut.before:
                return all_of_them - _ranged(connection, cut.waits, whose, cut.before, "")
            return _ranged(connection, cut.waits, whose, cut.since, "") if cut.since else all_of_them

    def page(
        self, cut: Cut, whose: Whose, sort: Sort = Sort.MOMENT, *, after: Key | None = None, size: int = SHOWN
    ) -> Page:
        """The rows after a key, whether its dossier is still there or not; or the first ones."""
        with self._file.read() as connection:
            query, values = _query(connection, cut, whose, sort, after)
            found = connection.execute(f"{query} LIMIT ?", (*values, size + 1)).fetchall()
            at = dict(found[:size])
            rows = {row.position: row for row in DossierRow.select().where(DossierRow.position.in_([*at]))}
        items = [Item(rows[position], at[position]) for position in at if position in rows]
        last = found[size - 1] if len(found) > size else None
        return Page(items, Key(last[1], last[0]) if last is not None else None)

    def all(self, cut: Cut, whose: Whose, sort: Sort = Sort.MOMENT) -> Iterator[Item]:
        """A whole list, some hundred rows at a time."""
        after = None
        while True:
            page = self.page(cut, whose, sort, after=after, size=_READ)
            yield from page.items
            if page.after is None:
                return
            after = page.after

    def moments(self, waits: Waits, positions: Sequence[int]) -> dict[int, str]:
        """The moments of these dossiers in another list, as far as they stand in it."""
        with self._file.read() as connection:
            rows = where_in(
                connection, "SELECT position, list, moment FROM work WHERE position IN", positions
            )
            return {int(position): str(at) for position, name, at in rows if name == waits.value}

    def agencies(self, waits: Waits = Waits.OPEN) -> list[str]:
        """The agencies that have dossiers in a list."""
        with self._file.read() as connection:
            rows = connection.execute("SELECT DISTINCT agency FROM work_count WHERE list = ?", (waits.value,))
            return sorted(agency for (agency,) in rows)


def _of(whose: Whose) -> tuple[list[str], list[str]]:
    chosen = [("place", whose.place), ("person", whose.person), ("agency", whose.agency)]
    return [f"{name} = ?" for name, value in chosen if value], [value for _, value in chosen if value]


def _whole(connection: Connection, waits: Waits, whose: Whose) -> int:
    """As many rows are added up as there are people, places and agencies with something to do."""
    tests, values = _of(whose)
    where = " AND ".join(["list = ?", *tests])
    query = f"SELECT coalesce(sum(count), 0) FROM work_count WHERE {where}"  # noqa: S608 - names are ours
    return int(connection.execute(query, (waits.value, *values)).fetchone()[0])


def _ranged(connection: Connection, waits: Waits, whose: Whose, since: str, before: str) -> int:
    tests, values = _of(whose)
    where = " AND ".join(["list = ?", "moment >= ?", *(["moment < ?"] if before else []), *tests])
    bounds = [since, before] if before else [since]
    query = f"SELECT count(*) FROM work INDEXED BY {_index(whose, Sort.MOMENT)} WHERE {where}"  # noqa: S608
    return int(connection.execute(query, (waits.value, *bounds, *values)).fetchone()[0])


def _index(whose: Whose, sort: Sort) -> str:
    """The index that has the rows in their order."""
    if sort is Sort.MOMENT and whose.person:
        return "work_person"
    if sort is Sort.MOMENT and whose.place:
        return "work_place"
    return {Sort.MOMENT: "work_moment", Sort.RECEIVED: "work_received", Sort.NAME: "work_name"}[sort]


_KEYS: Final = {
    Sort.MOMENT: ("moment, position", "(moment, position) > (?, ?)"),
    Sort.RECEIVED: ("position DESC", "position < ?"),
    Sort.NAME: ("name, position", "(name, position) > (?, ?)"),
}


def _query(
    connection: Connection, cut: Cut, whose: Whose, sort: Sort, after: Key | None
) -> tuple[str, list[object]]:
    tests, chosen = _of(whose)
    where, values = ["list = ?", *tests], [cut.waits.value, *chosen]
    for bound, test in ((cut.since, "moment >= ?"), (cut.before, "moment < ?")):
        if bound:
            where.append(test)
            values.append(bound)
    order, beyond = _KEYS[sort]
    key = _key(connection, sort, after) if after is not None else ()
    if after is not None:
        where.append(beyond)
    said = " AND ".join(where)
    query = (
        f"SELECT position, moment FROM work INDEXED BY {_index(whose, sort)} WHERE {said} ORDER BY {order}"  # noqa: S608
    )
    return query, [*values, *key]


def _key(connection: Connection, sort: Sort, after: Key) -> tuple[object, ...]:
    match sort:
        case Sort.MOMENT:
            return after.moment, after.position
        case Sort.RECEIVED:
            return (after.position,)
        case Sort.NAME:
            query = "SELECT applicant FROM dossier WHERE position = ?"
            row = connection.execute(query, (after.position,)).fetchone()
            return sorting_name(row[0]) if row else "", after.position
