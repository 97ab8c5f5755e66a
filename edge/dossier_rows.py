"""What the tables say of dossiers: the rows that are made of a fold, and how they are written.

The projector says which streams were folded anew; here each becomes its row with the work that it waits for, its words in
the search, whom and what its acts name, where its folder is, and what is contested. Queues are counted as rows come and
go, so that no page counts them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Final
from zlib import crc32

from msgspec.structs import astuple

from edge.archive import files_named
from edge.tables.dossiers import DossierRow
from edge.tables.queues import OPINION
from edge.tallying import Written
from edge.worklists import Listed, keep_lists, lists_of
from schemas.acts import TABLE, EnteredAfterwards, Status
from schemas.calendar import Calendar, local_day
from schemas.clock import due_at, stopped
from schemas.conflicts import BY_NAME
from schemas.custody import Where, custody, due_by, hand_overs, open_opinion, opinion_by, told
from schemas.events import Event, Unknown, moment
from schemas.fold import Dossier, Place
from schemas.identity import numbers_in
from schemas.intake import submission_of, waiting_of
from schemas.outages import OPENED, outage_of
from schemas.pending_receipts import pending_of
from schemas.petitions import listed_of
from schemas.rules import Inner, Standing
from schemas.spelling import words
from schemas.turned_away import REGISTERED
from schemas.turned_away import listed_of as turned_away_of
from schemas.views import View
from sync.rows import marks, where_in
from sync.sqlite import Connection

Told = tuple[Dossier, Sequence[Event | Unknown]]
"""A stream: its fold, and the events that it was made of."""
_SEARCHED: Final = ("number", "applicant", "submitter", "phone", "identity", "paper")
"""What the search finds a dossier by."""
_OF_STREAMS: Final = (
    *("conflict", "party", "named_file", "custody", "petition", "turned_away"),
    *("inbox", "submission", "pending_receipt", "outage", "outage_day", "task"),
)
"""The tables that have rows of a stream, but for those of the dossier itself."""


def write_rows(connection: Connection, folded: Sequence[Told], view: View, *, known: Collection[str]) -> None:
    """Write these streams, of which those that are `known` have rows."""
    before = [(stream,) for stream in known]
    made: Mapping[str, Iterable[Sequence[tuple[Any, ...]]]] = {
        "party": (_party_rows(*one) for one in folded),
        "conflict": (_conflict_rows(*one) for one in folded),
        "task": (_task_rows(dossier) for dossier, _ in folded),
        "custody": (_custody_rows(*one, view) for one in folded),
        "named_file": (_file_rows(*one) for one in folded),
        "pending_receipt": ([astuple(row) for row in pending_of(*one)] for one in folded),
    }
    for table, rows_of_each in made.items():
        rows = [row for some in rows_of_each for row in some]
        each(connection, f"DELETE FROM {table} WHERE stream = ?", before)  # noqa: S608 - names are ours
        if rows:
            each(connection, f"INSERT INTO {table} VALUES ({marks(rows[0])})", rows)  # noqa: S608 - names are ours
    _write_dossiers(connection, folded, view)
    _write_petitions(connection, [dossier for dossier, _ in folded])
    _write_turned_away(connection, [dossier for dossier, _ in folded])
    _write_inbox(connection, folded)
    _write_outages(connection, folded)


def write_acts(
    connection: Connection, folded: Sequence[Told], known: Mapping[str, Sequence[tuple[Any, ...]]]
) -> list[Written]:
    """Write the acts of these streams where they differ from what is `known` of them (stream, hash, place, why); those that
    are here for the first time."""
    events: list[tuple[Any, ...]] = []
    gone: list[tuple[str, str]] = []
    written: list[Written] = []
    for dossier, _ in folded:
        stream = dossier.stream
        before: dict[str, tuple[Any, ...]] = {row[1]: row[2:] for row in known.get(stream, ())}
        for line in dossier.timeline:
            if line.hash not in before:
                written.append(Written(line.by, line.kind, line.at))
            place = (line.place.value, line.why)
            if before.pop(line.hash, None) != place:
                events.append((stream, line.hash, line.node, line.seq, line.kind, line.at, line.by, *place))
        gone += ((stream, event_hash) for event_hash in before)
    each(connection, "DELETE FROM event WHERE stream = ? AND hash = ?", gone)
    each(connection, _ACT, events)
    return written


_ACT: Final = (
    "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (stream, hash) DO UPDATE SET place = excluded.place, why = excluded.why"
)


def remove_rows(connection: Connection, stream: str) -> None:
    """All that the tables say of a stream."""
    rows = connection.execute("SELECT position, queue FROM dossier WHERE stream = ?", (stream,)).fetchall()
    positions = [(position,) for position, _ in rows]
    _count(connection, {queue: -1 for _, queue in rows})
    keep_lists(connection, {position: [] for position, _ in rows})
    each(connection, "DELETE FROM dossier_search WHERE rowid = ?", positions)
    each(connection, "DELETE FROM dossier WHERE position = ?", positions)
    for table in _OF_STREAMS:
        connection.execute(f"DELETE FROM {table} WHERE stream = ?", (stream,))  # noqa: S608 - names are ours


def each(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement for each row. For none it would still hand the interpreter to another thread, and wait for it."""
    if rows:
        connection.executemany(statement, rows)


def rows_of(
    connection: Connection, columns: str, table: str, streams: Iterable[str]
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of a projection by their stream, which is the first column."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    statement = f"SELECT {columns} FROM {table} WHERE stream IN"  # noqa: S608 - names are ours
    for row in where_in(connection, statement, list(streams)):
        found.setdefault(row[0], []).append(tuple(row))
    return found


def _count(connection: Connection, moved: Mapping[str, int]) -> None:
    """Note by how much queues grew or shrank; what waits for nobody is not counted."""
    each(
        connection,
        "INSERT INTO queue_count VALUES (?, ?)"
        " ON CONFLICT (queue) DO UPDATE SET count = queue_count.count + excluded.count",
        sorted((queue, by) for queue, by in moved.items() if queue and by),
    )


def _write_dossiers(connection: Connection, folded: Sequence[Told], view: View) -> None:
    calendar = view.calendar()
    searched = f"stream, position, queue, {', '.join(_SEARCHED)}"
    known = rows_of(connection, searched, "dossier", [one.stream for one, _ in folded])
    taken = _Positions(connection, [one.stream for one, _ in folded if one.stream not in known])
    rows, gone = [], []
    moved: dict[str, int] = {}
    lists: dict[int, list[Listed]] = {}
    unsearched: list[tuple[int]] = []
    texts: list[tuple[int, str]] = []
    for dossier, events in folded:
        before = known[dossier.stream][0] if dossier.stream in known else None
        if before is not None:
            moved[before[2]] = moved.get(before[2], 0) - 1
        row = _dossier_row(dossier, calendar, unsure=_is_unsure(dossier, events))
        if row is None:
            if before is not None:
                gone.append((before[1],))
                lists[before[1]] = []
            continue
        position = taken.next(dossier.stream) if before is None else before[1]
        rows.append((position, *row.values()))
        moved[row["queue"]] = moved.get(row["queue"], 0) + 1
        lists[position] = lists_of(dossier, calendar, view)
        text = tuple(row[name] for name in _SEARCHED)
        if before is None or before[3:] != text:
            texts.append((position, " ".join(words(" ".join(text)))))
            if before is not None:
                unsearched.append((position,))
    each(connection, "DELETE FROM dossier WHERE position = ?", gone)
    each(connection, "DELETE FROM dossier_search WHERE rowid = ?", [*gone, *unsearched])
    if rows:
        each(connection, _DOSSIER, rows)
    keep_lists(connection, lists)
    each(connection, "INSERT INTO dossier_search (rowid, words) VALUES (?, ?)", texts)
    _count(connection, moved)


_COLUMNS: Final = tuple(DossierRow._meta.sorted_field_names)
_DOSSIER: Final = (
    f"INSERT INTO dossier ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - ours
    f" ON CONFLICT (position) DO UPDATE SET {', '.join(f'{one} = excluded.{one}' for one in _COLUMNS[1:])}"
)


def _dossier_row(dossier: Dossier, calendar: Calendar, *, unsure: bool) -> dict[str, Any] | None:
    """The columns of `dossier` after the position, in their order; None where nothing was received."""
    standing, received = dossier.standing, dossier.received
    if standing.receipt is None or received is None:
        return None
    submitter = received.submitter if received.submitter else None
    return {
        "stream": dossier.stream,
        "number": received.number,
        "procedure": received.procedure,
        "procedure_name": received.procedure_name,
        "agency": received.agency,
        "applicant": received.applicant.name,
        "identity": received.applicant.identity,
        "phone": (submitter.phone if submitter else "") or received.applicant.phone,
        "submitter": submitter.name if submitter else "",
        "received_at": standing.received_at,
        "received_day": local_day(moment(standing.received_at)).isoformat(),
        "due_at": due_at(standing, calendar) or standing.due,
        "stopped": int(stopped(standing, calendar) is not None),
        "unsure": int(unsure),
        "status": dossier.status.value,
        "appraisal": ""
        if standing.appraisal is None
        else "passed"
        if standing.appraisal.data.passed
        else "failed",
        "outcome": standing.outcome.kind.removeprefix("dossier.") if standing.outcome else "",
        "contested": sum(conflict.binds for conflict in dossier.conflicts),
        "missing": len(dossier.missing),
        "node": standing.receipt.node,
        "changed_at": max(line.at for line in dossier.timeline),
        "money": dossier.money.value,
        "owed": max(0, standing.asked - standing.purse.kept),
        "queue": _queue(standing),
        "holder": taken.by if (taken := standing.newest.get("dossier.taken_over")) else "",
        "moved_at": max(
            (
                line.at
                for line in dossier.timeline
                if line.kind in _MOVES and line.place not in _WITHOUT_EFFECT
            ),
            default=standing.receipt.at,
        ),
        "paper": entered.paper if isinstance(entered := standing.receipt.data, EnteredAfterwards) else "",
        "corrected_by": said.data.stream
        if (said := standing.newest.get("dossier.corrected")) and said.data
        else "",
        "warned": " ".join(
            sorted({row for one in dossier.conflicts for row in one.rows if not BY_NAME[row].binds})
        ),
    }


_MOVES: Final = frozenset(
    act.kind for act in TABLE if act.subject == "dossier" and act.reaches is not None
) | {"dossier.result_ready"}
"""The acts that lead a dossier from one step to the next; a result waits for its citizen once it is at the counter."""
_WITHOUT_EFFECT: Final = frozenset({Place.HELD, Place.WAITING, Place.VOID})
_QUEUES: Final = {
    Inner.AWAITS_APPRAISAL: "appraise",
    Inner.AWAITS_SIGNATURE: "approve",
    Inner.AWAITS_NUMBER: "seal",
    Inner.AWAITS_SEAL: "seal",
    Inner.AWAITS_ANSWER: "withdraw",
    Inner.AWAITS_COLLECTION: "return",
}


def _queue(standing: Standing) -> str:
    """Whose work a dossier waits for in the house. One on its way to another room waits there for what comes next."""
    inner = standing.inner
    if inner is Inner.AWAITS_TAKE_OVER and not standing.newest["dossier.forwarded"].data.agency:
        return "approve" if standing.appraisal else "appraise"
    return _QUEUES.get(inner, "")


def _is_unsure(dossier: Dossier, events: Sequence[Event | Unknown]) -> bool:
    """Whether the reception carries `clock: unsure` and central has not looked at it yet."""
    standing = dossier.standing
    if standing.receipt is None or standing.checked is not None:
        return False
    return any(
        isinstance(event, Event) and event.clock == "unsure" and event.hash == standing.receipt.hash
        for event in events
    )


class _Positions:
    """Row numbers of dossiers that grow with the moment at which a stream began: newest first costs nothing.

    48 bits of milliseconds and 15 of chance. Where two streams meet in one all the same, the later draws anew, and
    ever further back: whoever makes up names of streams finds no end of the numbers, and no long way to a free one.
    """

    def __init__(self, connection: Connection, streams: Sequence[str]) -> None:
        self._connection = connection
        wanted = [_position(stream) for stream in streams]
        rows = where_in(connection, "SELECT position FROM dossier WHERE position IN", wanted)
        self._taken = {int(position) for (position,) in rows}

    def next(self, stream: str) -> int:
        position = _position(stream)
        for draw in count(1):
            if position not in self._taken:
                break
            position = _position(stream, draw)
            if self._connection.execute("SELECT 1 FROM dossier WHERE position = ?", (position,)).fetchone():
                self._taken.add(position)
        self._taken.add(position)
        return position


def _position(stream: str, draw: int = 0) -> int:
    chance = crc32(f"{stream} {draw}".encode()) if draw else int(stream[-4:], 16)
    return int(stream[:12], 16) - draw // 4 << 15 | chance & 0x7FFF


# ---- whom and what a stream names, where its folder is, what is contested


def _party_rows(dossier: Dossier, events: Sequence[Event | Unknown]) -> list[tuple[str, str, str]]:
    """Whom the acts of a stream name, by number."""
    named = {number for event in events if isinstance(event, Event) for number in numbers_in(event.data)}
    return [(f"{dossier.stream} {number}", number, dossier.stream) for number in sorted(named)]


def _file_rows(dossier: Dossier, events: Sequence[Event | Unknown]) -> list[tuple[str, str, str]]:
    """Which files the acts of a stream name."""
    named = {file for event in events if isinstance(event, Event) for file in files_named(event.data)}
    return [(f"{dossier.stream} {file}", file, dossier.stream) for file in sorted(named)]


def _custody_rows(
    dossier: Dossier, events: Sequence[Event | Unknown], view: View
) -> list[tuple[str, str, str, str, str, str]]:
    """Where the folder is, unless at the centre for good; and which agency is asked for its opinion."""
    if dossier.received is None or dossier.status in (Status.NOT_RECEIVED, Status.RETURNED):
        return []
    calendar, rows = view.calendar(), []
    said = told(events)
    found = custody(dossier, hand_overs(dossier.timeline, said), view)
    if found.where is not Where.CENTRE:
        due = due_by(found.where, dossier, calendar) or dossier.standing.due
        rows.append((dossier.stream, found.where.value, found.agency, found.since, due, found.result))
    asked = open_opinion(dossier.standing)
    if asked is not None:
        since = dossier.standing.newest["dossier.forwarded"].at
        rows.append((dossier.stream, OPINION, asked.agency, since, opinion_by(asked, calendar), ""))
    return rows


def _conflict_rows(dossier: Dossier, events: Sequence[Event | Unknown]) -> list[tuple[str | int, ...]]:
    if not dossier.conflicts:
        return []
    at = {event.hash: event.at for event in events if isinstance(event, Event)}
    return [
        (
            conflict.id,
            dossier.stream,
            conflict.title,
            " ".join(conflict.rows),
            " ".join(conflict.members),
            # a row that central reports may name acts of other dossiers, or only those
            max((at[member] for member in conflict.members if member in at), default=dossier.timeline[-1].at),
            conflict.weight,
        )
        for conflict in dossier.conflicts
    ]


def _task_rows(dossier: Dossier) -> list[tuple[str, str, str, str]]:
    return sorted({(dossier.stream, task.must, task.about, task.words) for task in dossier.tasks})


def _write_petitions(connection: Connection, folded: Sequence[Dossier]) -> None:
    petitions = [one for one in folded if any(line.kind.startswith("petition.") for line in one.timeline)]
    each(connection, "DELETE FROM petition WHERE stream = ?", [(one.stream,) for one in petitions])
    rows = [astuple(row) for one in petitions if (row := listed_of(one)) is not None]
    each(connection, "INSERT INTO petition VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _write_turned_away(connection: Connection, folded: Sequence[Dossier]) -> None:
    brought = [one for one in folded if any(line.kind == REGISTERED for line in one.timeline)]
    each(connection, "DELETE FROM turned_away WHERE stream = ?", [(one.stream,) for one in brought])
    rows = [astuple(row) for one in brought if (row := turned_away_of(one)) is not None]
    each(connection, "INSERT INTO turned_away VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _write_inbox(connection: Connection, folded: Sequence[Told]) -> None:
    """What came online and waits, and under which name it came. Of a stream that came otherwise there is nothing."""
    came = [(one, events) for one, events in folded if any(line.kind == REGISTERED for line in one.timeline)]
    streams = [(one.stream,) for one, _ in came]
    each(connection, "DELETE FROM inbox WHERE stream = ?", streams)
    each(connection, "DELETE FROM submission WHERE stream = ?", streams)
    rows = [astuple(row) for one, events in came if (row := waiting_of(one, events)) is not None]
    each(connection, "INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    names = [(one, submission) for one, _ in came if (submission := submission_of(one)) is not None]
    each(
        connection,
        "INSERT INTO submission VALUES (?, ?, ?, ?)",
        [(submission.portal, submission.name, one.stream, submission.digest) for one, submission in names],
    )


def _write_outages(connection: Connection, folded: Sequence[Told]) -> None:
    telling = [one for one in folded if one[0].timeline and one[0].timeline[0].kind == OPENED]
    outages = [one for dossier, events in telling if (one := outage_of(dossier, events)) is not None]
    streams = [(dossier.stream,) for dossier, _ in telling]
    each(connection, "DELETE FROM outage WHERE stream = ?", streams)
    each(connection, "DELETE FROM outage_day WHERE stream = ?", streams)
    each(connection, "INSERT INTO outage VALUES (?, ?, ?, ?, ?, ?, ?)", [astuple(one) for one in outages])
    days = [(day.isoformat(), one.stream) for one in outages for day in one.days()]
    each(connection, "INSERT INTO outage_day VALUES (?, ?)", days)
