"""Sums for central's reports, kept by the projector, so that a page costs the same whatever the archive's age.

Each dossier has one row with the moments at which it changes a figure (`schemas.tallies`). When it is folded anew, what
it said before is taken back and what it says now is added, to the sums of its day, its month and its year, by agency, by
field, by place and by procedure. A report adds up a few dozen of these sums; nothing looks at dossiers.

What is known now and happens later (a moment that is due) is kept by its moment too: so figures are true to the
second, and not only to the day. Only central keeps sums: an edge has a window, and its sums would be of nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from edge.database import Readable
from schemas.acts import FeeCollected, FeeRefunded
from schemas.calendar import ONE_DAY, local_day
from schemas.catalog import Catalog
from schemas.events import Event, Unknown, moment
from schemas.fold import Dossier
from schemas.reports import (
    AT_THE_TIME,
    Counted,
    Ending,
    Figures,
    Period,
    Petition,
    Rating,
    Succession,
    counted,
    linked_streams,
)
from schemas.tallies import (
    OVER,
    OVER_EXCUSED,
    Turn,
    day_span,
    figures,
    spans,
    spans_of,
    turns,
    turns_of_petition,
    turns_of_rating,
)
from sync.rows import marks, where_in
from sync.sqlite import Connection

AHEAD: Final = (OVER, OVER_EXCUSED)
"""What changes at a moment that nobody does anything at."""
BY: Final = ("agency", "field", "place", "procedure")
HEIR: Final = "heir"
"""Not kept, but added up of what is kept by procedure: that names the agency too ("1.000703 H37.07")."""
PERSON: Final = "person"
_FIRST: Final = date(2000, 1, 1)


class Whose(NamedTuple):
    """Where a dossier counts: the agency that received it, its procedure's field, the machine's place, both codes."""

    agency: str
    field: str
    place: str
    procedure: str

    @property
    def members(self) -> tuple[str, str, str, str]:
        """Under which name it is kept, by each of `BY`."""
        both = f"{self.procedure} {self.agency}" if self.procedure or self.agency else ""
        return self.agency, self.field, self.place, both


class Rated(NamedTuple):
    """One rating of a visit, by the hash of its act; `dossier` is empty for a visit that was about none."""

    hash: str
    visit: str
    dossier: str
    phase: str
    level: int
    satisfied: int
    at: str
    node: str


class Ratings(NamedTuple):
    """How one visit was rated, as far as it counts; `waits`: something that a rating needs is not here yet."""

    visit: str
    given: list[Rated]
    waits: bool = False


class Written(NamedTuple):
    """An act that is here for the first time."""

    by: str
    kind: str
    at: str


class Tallies:
    """Takes dossiers in, within the projector's transaction."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def take(
        self,
        connection: Connection,
        dossiers: Sequence[tuple[Dossier, Sequence[Event | Unknown]]],
        written: Iterable[Written],
    ) -> set[str]:
        """Count these dossiers as they are now. Returns others whose count hangs on theirs: to be folded too."""
        ratings = _ratings(connection, [dossier.stream for dossier, _ in dossiers])
        calendar = self._catalog.latest.calendar()
        rows: dict[str, tuple[Whose, list[Turn]]] = {}
        names: dict[str, tuple[str, ...]] = {}
        for dossier, events in dossiers:
            rated = ratings.get(dossier.stream, [])
            petition = _petition(dossier)
            if petition is not None:
                rows[dossier.stream] = (Whose("", "", "", ""), turns_of_petition(petition))
                continue
            one = counted(dossier, self._catalog, [_rating(row) for row in rated], calendar)
            found = [*turns(one), *_money(dossier, events), *_levels(rated)]
            rows[dossier.stream] = (self._whose(dossier, one), found)
            if one.counts_for and one.received and one.ending is not Ending.CANCELLED:
                names[dossier.stream] = one.counts_for
        inside, others = _links(connection, list(rows), names)
        for stream in inside & rows.keys():
            rows[stream] = (rows[stream][0], [])
        _count(connection, rows, written)
        return others

    def take_visits(self, connection: Connection, ratings: Sequence[Ratings]) -> set[str]:
        """Note how these visits were rated; the dossiers that they were about are to be folded again."""
        visits, rated = [one.visit for one in ratings], [row for one in ratings for row in one.given]
        before = list(where_in(connection, "SELECT dossier FROM rated WHERE visit IN", visits))
        _each(connection, "DELETE FROM rated WHERE visit = ?", [(visit,) for visit in visits])
        _each(connection, "INSERT INTO rated VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rated)
        _each(connection, "DELETE FROM rating_waits WHERE visit = ?", [(visit,) for visit in visits])
        waiting = [(one.visit,) for one in ratings if one.waits]
        _each(connection, "INSERT INTO rating_waits VALUES (?)", waiting)
        # a rating that stood alone may have lost its effect: what was counted of it is taken back
        alone: dict[str, tuple[Whose, list[Turn]]] = {visit: (Whose("", "", "", ""), []) for visit in visits}
        for row in rated:
            if not row.dossier:
                whose = Whose("", "", self._place(row.node), "")
                alone[row.visit] = (whose, alone[row.visit][1] + _turns_of(row))
        _count(connection, alone, ())
        return {row.dossier for row in rated} | {name for (name,) in before} - {""}

    def rated_before(self, connection: Connection, visits: Collection[str]) -> set[str]:
        """Of these visits those that were rated, or whose rating waits: what comes may change what counts of it."""
        found = list(where_in(connection, "SELECT visit FROM rated WHERE visit IN", sorted(visits)))
        found += where_in(connection, "SELECT visit FROM rating_waits WHERE visit IN", sorted(visits))
        return {visit for (visit,) in found}

    def ratings_waiting(self, connection: Connection) -> list[str]:
        """The streams of visits whose rating waits for what is not here, in their order."""
        return [visit for (visit,) in connection.execute("SELECT visit FROM rating_waits ORDER BY visit")]

    def _whose(self, dossier: Dossier, one: Counted) -> Whose:
        receipt, received = dossier.standing.receipt, dossier.received
        if receipt is None or received is None:
            return Whose(one.agency, "", "", "")
        view = self._catalog.at(receipt.catalog) or self._catalog.latest
        procedure = view.procedure(received.procedure, local_day(moment(one.received or receipt.at)))
        return Whose(
            received.agency,
            procedure.field if procedure else "",
            self._place(receipt.node),
            received.procedure,
        )

    def _place(self, node: str) -> str:
        """The place, whichever installation stands there."""
        return node.rpartition(".")[0]


def _count(
    connection: Connection, rows: Mapping[str, tuple[Whose, list[Turn]]], written: Iterable[Written]
) -> None:
    """Take back what these said before, and add what they say now."""
    sums: Counter[tuple[str, str, str, str]] = Counter()
    stored: list[tuple[str, ...]] = []
    ahead: list[tuple[Any, ...]] = []
    before = where_in(
        connection,
        "SELECT stream, agency, field, place, procedure, turns FROM tallied WHERE stream IN",
        list(rows),
    )
    known = {stream: (Whose(*whose), said) for stream, *whose, said in before}
    gone = []
    for stream, (whose, found) in rows.items():
        merged = _merged(found)
        if not merged and stream not in known:
            continue
        said = json.dumps(merged, separators=(",", ":"))
        if stream in known:
            if known[stream] == (whose, said):
                continue
            gone.append((stream,))
            for turn in json.loads(known[stream][1]):
                _add(sums, known[stream][0], Turn(*turn), -1)
        for turn in merged:
            _add(sums, whose, turn, 1)
        stored.append((stream, *whose, said))
        ahead += ((turn.at, stream, turn.name, turn.number, *whose) for turn in merged if turn.name in AHEAD)
    for act in written:
        if act.by:
            _, month, year = spans_of(local_day(moment(act.at)))
            sums[PERSON, month, act.by, act.kind] += 1
            sums[PERSON, year, act.by, act.kind] += 1
    _each(connection, "DELETE FROM due_turn WHERE stream = ?", gone)
    _each(
        connection,
        "INSERT INTO tallied VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET agency = excluded.agency,"
        " field = excluded.field, place = excluded.place, procedure = excluded.procedure, turns = excluded.turns",
        stored,
    )
    _each(connection, "INSERT INTO due_turn VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ahead)
    _each(
        connection,
        "INSERT INTO tally VALUES (?, ?, ?, ?, ?) ON CONFLICT (dimension, span, member, name)"
        " DO UPDATE SET number = tally.number + excluded.number",
        [(*key, number) for key, number in sorted(sums.items()) if number],
    )


def _add(sums: Counter[tuple[str, str, str, str]], whose: Whose, turn: Turn, sign: int) -> None:
    days = spans_of(local_day(moment(turn.at)))
    for dimension, member in zip(BY, whose.members, strict=True):
        for span in days:
            sums[dimension, span, member, turn.name] += sign * turn.number


def _merged(found: Iterable[Turn]) -> list[Turn]:
    """Changes of one figure at one moment are one; what takes itself back is none."""
    sums: Counter[tuple[str, str]] = Counter()
    for turn in found:
        sums[turn.at, turn.name] += turn.number
    return [Turn(at, name, number) for (at, name), number in sorted(sums.items()) if number]


def _money(dossier: Dossier, events: Iterable[Event | Unknown]) -> list[Turn]:
    """Receipts in force with what they are for and how they were paid, and what was given back."""
    purse = dossier.standing.purse
    stands = {line.hash for line in dossier.timeline if line.place.value in ("effective", "irregular")}
    found = []
    for event in events:
        if not isinstance(event, Event) or event.redacted:
            continue
        if event.kind == "dossier.fee_collected" and event.hash in purse.collected:
            receipt = msgspec.convert(event.data, FeeCollected)
            found.append(Turn(event.at, "receipts", 1))
            found.append(Turn(event.at, f"paid_by_{receipt.method}", receipt.total))
            found += (Turn(event.at, line.kind, line.amount) for line in receipt.lines)
        elif event.kind == "dossier.fee_refunded" and event.hash in stands:
            found.append(Turn(event.at, "refunded", msgspec.convert(event.data, FeeRefunded).amount))
    return found


def _petition(dossier: Dossier) -> Petition | None:
    newest = dossier.standing.newest
    filed, answered = newest.get("petition.filed"), newest.get("petition.answered")
    if filed is None or filed.data is None:
        return None
    closed = newest.get("petition.closed")
    satisfied = closed.data.satisfied if closed is not None and closed.data is not None else msgspec.UNSET
    return Petition(
        filed.at,
        filed.data.due,
        answered.at if answered else "",
        closed.at if closed else "",
        None if satisfied is msgspec.UNSET else bool(satisfied),
    )


def _ratings(connection: Connection, streams: Sequence[str]) -> dict[str, list[Rated]]:
    found: dict[str, list[Rated]] = {}
    for row in where_in(connection, "SELECT * FROM rated WHERE dossier IN", list(streams)):
        found.setdefault(row[2], []).append(Rated(*row))
    return found


def _rating(row: Rated) -> Rating:
    return msgspec.convert({"phase": row.phase, "satisfied": bool(row.satisfied), "at": row.at}, Rating)


def _levels(rated: Iterable[Rated]) -> list[Turn]:
    """The level of the rating that counts: the first of each phase."""
    first = {row.phase: row for row in sorted(rated, key=lambda row: (row.at, row.satisfied), reverse=True)}
    return [Turn(row.at, f"level_{row.level}", 1) for row in first.values()]


def _turns_of(row: Rated) -> list[Turn]:
    return [*turns_of_rating(_rating(row)), Turn(row.at, f"level_{row.level}", 1)]


def _links(
    connection: Connection, streams: Sequence[str], names: Mapping[str, tuple[str, ...]]
) -> tuple[set[str], set[str]]:
    """Which dossiers are counted in another one, and whose count has changed by what these name now."""
    rows = where_in(connection, "SELECT stream, other FROM counted_in WHERE stream IN", streams)
    before = {(stream, other) for stream, other in rows}
    now = {(stream, other) for stream, others in names.items() for other in others}
    _each(connection, "DELETE FROM counted_in WHERE stream = ? AND other = ?", sorted(before - now))
    _each(connection, "INSERT INTO counted_in VALUES (?, ?) ON CONFLICT DO NOTHING", sorted(now - before))
    touched = {other for pair in before ^ now for other in pair}
    group, ahead = set(), {*streams}
    pairs: set[tuple[str, str]] = set()
    while ahead:
        group |= ahead
        found = set(
            where_in(connection, "SELECT stream, other FROM counted_in WHERE stream IN", sorted(ahead))
        )
        found |= set(
            where_in(connection, "SELECT stream, other FROM counted_in WHERE other IN", sorted(ahead))
        )
        pairs |= {(str(stream), str(other)) for stream, other in found}
        ahead = {name for pair in pairs for name in pair} - group
    linked: dict[str, list[str]] = {}
    for stream, other in sorted(pairs):
        linked.setdefault(stream, []).append(other)
    inside = linked_streams(
        Counted(stream, "", received="-", counts_for=tuple(others)) for stream, others in linked.items()
    )
    # the whole group is counted anew when a link in it has come or gone
    others = {name for pair in pairs for name in pair} | touched if touched else set()
    return set(inside), others - set(streams)


def _each(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        connection.executemany(statement, rows)


# --- reading them ---


@dataclass(frozen=True, slots=True)
class Sums:
    """Of each member of a dimension: what changed in a period, before it, and up to its end."""

    flow: Mapping[str, Mapping[str, int]]
    before: Mapping[str, Mapping[str, int]]
    until: Mapping[str, Mapping[str, int]]

    def members(self) -> list[str]:
        """Every one of which there is a sum, by its id; "" stands for what belongs to none."""
        return sorted({*self.flow, *self.before, *self.until})

    def figures(self, member: str) -> Figures:
        """All 0 for a member of which there is nothing."""
        return figures(self.flow.get(member, {}), self.before.get(member, {}), self.until.get(member, {}))

    def amount(self, member: str, name: str) -> int:
        """What a name that is no figure comes to in the period: money, levels."""
        return self.flow.get(member, {}).get(name, 0)

    def total(self) -> Figures:
        """Of all members: a dossier counts under one of them only."""
        found = Figures()
        for member in self.members():
            found = found.plus(self.figures(member))
        return found


class Reckoning:
    """Reads sums. What a page asks costs by the number of members and of sums in its period, never of dossiers."""

    def __init__(self, file: Readable) -> None:
        self._file = file

    def sums(self, dimension: str, period: Period, at: str, succession: Succession = AT_THE_TIME) -> Sums:
        """As known at a moment: at the end of the period, or then, if that is earlier.

        `HEIR`: by who answers now, as `succession` says, for what an agency received.
        """
        stored = "procedure" if dimension == HEIR else dimension
        whose = _member_of(dimension, succession)
        first, end = period.first, min(period.last, local_day(moment(at))) + ONE_DAY
        end = max(first, end)
        with self._file.read() as connection:
            flow = _summed(connection, stored, spans(first, end), whose)
            before = _summed(connection, stored, spans(_FIRST, first), whose)
            later = _later(connection, stored, at, period.ends, whose)
        until: dict[str, dict[str, int]] = {}
        for sums, sign in ((flow, 1), (before, 1), (later, -1)):
            for member, names in sums.items():
                for name, number in names.items():
                    kept = until.setdefault(member, {})
                    kept[name] = kept.get(name, 0) + sign * number
        return Sums(flow, before, until)

    def first_day(self) -> date | None:
        """The first day of which there is anything."""
        with self._file.read() as connection:
            row = connection.execute(
                "SELECT span FROM tally WHERE dimension = 'agency' AND span LIKE 'D%' ORDER BY span LIMIT 1"
            ).fetchone()
        return None if row is None else date.fromisoformat(row[0][1:])

    def by_day(self, name: str, days: Sequence[date]) -> list[int]:
        """One figure of the whole centre, day by day."""
        return self._by_span(name, [day_span(day) for day in days])

    def by_month(self, name: str, months: Sequence[str]) -> list[int]:
        """As `by_day`; months as `2027-03`."""
        return self._by_span(name, [f"M{month}" for month in months])

    def by_year(self, name: str, years: Sequence[int]) -> list[int]:
        """As `by_day`; a year is one sum, and costs what a day does."""
        return self._by_span(name, [f"Y{year}" for year in years])

    def _by_span(self, name: str, wanted: Sequence[str]) -> list[int]:
        with self._file.read() as connection:
            query = "SELECT coalesce(sum(number), 0) FROM tally WHERE dimension = 'agency' AND span = ? AND name = ?"
            return [int(connection.execute(query, (span, name)).fetchone()[0]) for span in wanted]

    def acts(self, period: Period) -> dict[str, dict[str, int]]:
        """How many acts of each kind everybody wrote in the months that a period touches."""
        first = period.first.replace(day=1)
        end = (period.last.replace(day=1) + 32 * ONE_DAY).replace(day=1)
        with self._file.read() as connection:
            return _summed(connection, PERSON, spans(first, end), str)


def _member_of(dimension: str, succession: Succession) -> Callable[[str], str]:
    """Under which name a report tells what is kept under another one."""
    if dimension == "procedure":
        return lambda member: member.partition(" ")[0]
    if dimension != HEIR:
        return str
    known: dict[str, str] = {}

    def heir(member: str) -> str:
        if member not in known:
            procedure, _, agency = member.partition(" ")
            known[member] = succession.heir(agency, procedure) if agency else ""
        return known[member]

    return heir


def _summed(
    connection: Connection, dimension: str, wanted: Iterable[str], whose: Callable[[str], str]
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    some = list(wanted)
    query = f"SELECT member, name, sum(number) FROM tally WHERE dimension = ? AND span IN ({marks(some)})"  # noqa: S608
    for member, name, number in connection.execute(f"{query} GROUP BY member, name", (dimension, *some)):
        names = found.setdefault(whose(member), {})
        names[name] = names.get(name, 0) + number
    return found


def _later(
    connection: Connection, dimension: str, at: str, end: str, whose: Callable[[str], str]
) -> dict[str, dict[str, int]]:
    """What is due later on the same day, and so is in the sum of the day and not so yet."""
    if dimension not in BY:
        return {}
    tomorrow = Period(local_day(moment(at)), local_day(moment(at))).ends
    found: dict[str, dict[str, int]] = {}
    for name, number, agency, field, place, procedure in connection.execute(
        "SELECT name, number, agency, field, place, procedure FROM due_turn WHERE at >= ? AND at < ?",
        (at, min(tomorrow, end)),
    ):
        member = Whose(agency, field, place, procedure).members[BY.index(dimension)]
        names = found.setdefault(whose(member), {})
        names[name] = names.get(name, 0) + number
    return found
