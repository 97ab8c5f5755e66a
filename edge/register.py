"""What the pages ask: lists, searches and counts over the projections, and the facts of the status line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeVar

from edge.database import NodeFile, Readable
from edge.projector import Projector
from edge.searching import positions
from edge.tables.dossiers import DossierRow
from edge.tables.exchange import Copy, RefusedDocument
from edge.tables.projections import DOUBTFUL
from edge.tables.queues import OPINION, CustodyRow
from edge.tables.streams import ConflictRow, EventRow, PartyRow, TaskRow
from printing.models import Tuple
from schemas.acts import Status
from schemas.custody import Where
from schemas.entries import Procedure
from schemas.events import moment
from schemas.fold import Dossier, Line, Place
from schemas.numbers import looks_like_a_number
from schemas.rules import Money
from schemas.spelling import words
from sync.rows import where_in

_Row = TypeVar("_Row", ConflictRow, TaskRow)

LISTED: Final = 50
CONFLICTS: Final = 200
"""Open conflicts that a desk sees at once."""
LATELY: Final = 400
"""Of so many dossiers, the newest, a counter sees which procedures are frequent."""
# the first words are those of the partial index
_KEPT_BACK: Final = f"{DOUBTFUL} AND place <> 'redacted' AND why <> 'redacted'"
_KEPT_BACK_COLUMNS: Final = (
    "e.hash, e.kind, e.at, e.by, e.node, e.seq, e.place, e.why, e.stream, d.arrived_at, d.source"
)


class Work(Enum):
    """The lists of the room, of the clerk, of the return counter, and of the cashier."""

    APPRAISE = "appraise"
    APPROVE = "approve"
    WITHDRAW = "withdraw"
    SEAL = "seal"
    RETURN = "return"
    COLLECT = "collect"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: at most `LISTED` rows, newest first, out of `searched` dossiers here."""

    rows: list[DossierRow]
    searched: int
    more: bool


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where one event is known to be: at central since when, and at which neighbours."""

    centre_at: datetime | None
    at_peers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Own acts that central is not known to have: how many, and since when the oldest waits.

    `visits` of them are of the queue.
    """

    count: int
    oldest: datetime | None
    visits: int = 0


@dataclass(frozen=True, slots=True)
class Problems:
    """What a person should look at: contested dossiers, refused documents, incomplete dossiers, held acts."""

    contested: int
    refused: int
    incomplete: int
    held: int

    @property
    def none(self) -> bool:
        """All four are 0."""
        return not (self.contested or self.refused or self.incomplete or self.held)


@dataclass(frozen=True, slots=True)
class KeptBack:
    """An act without effect (yet): since when it is here, and which peer brought it ("": this machine)."""

    line: Line
    stream: str
    row: DossierRow | None
    since: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Fork:
    """Two acts, each with its stream, that one machine sealed under one number."""

    node: str
    seq: int
    first: tuple[Line, str]
    second: tuple[Line, str]


@dataclass(frozen=True, slots=True)
class Held:
    """A folder of a list of hand-overs, with its dossier."""

    custody: CustodyRow
    row: DossierRow


LATE_LISTS: Final = (Where.TO_HAND_OVER.value, Where.HANDED_OVER.value, Where.HELD.value, OPINION)


class Register:
    """Reads only. `is_centre`: at central every event is at central."""

    def __init__(
        self,
        file: NodeFile,
        projector: Projector,
        *,
        is_centre: bool,
        visits_waiting: Callable[[], tuple[int, str]] = lambda: (0, ""),
        shown: Readable | None = None,
    ) -> None:
        """`visits_waiting`: how many acts of the queue wait for central too, and since when. `shown`: where lists are asked,
        if not of the file, which knows what came when and what is refused."""
        self._file, self._projector = file, projector
        self._shown: Readable = shown or file
        self._visits_waiting = visits_waiting
        self._is_centre = is_centre

    def dossier(self, stream: str) -> Dossier:
        """As it folds now from the acts here: an empty one for a stream of which nothing is here."""
        return self._projector.dossier(stream)

    def row(self, stream: str) -> DossierRow | None:
        """As lists show it; None for what is not here, or was never received."""
        with self._shown.read():
            found: DossierRow | None = DossierRow.get_or_none(DossierRow.stream == stream)
            return found

    def find(self, term: str) -> Found:
        """Dossiers by number, name without diacritics, identity or phone; every word is a prefix.

        An empty term lists the newest.
        """
        plain = words(term)
        with self._file.read() as connection:
            searched = connection.execute("SELECT count(*) FROM dossier").fetchone()[0]
        with self._shown.read() as connection:
            if plain:
                found = positions(connection, plain, phrase=looks_like_a_number(term), limit=LISTED + 1)
            else:
                newest = "SELECT position FROM dossier ORDER BY position DESC LIMIT ?"
                found = [position for (position,) in connection.execute(newest, (LISTED + 1,))]
            rows = DossierRow.select().where(DossierRow.position.in_(found[:LISTED]))
            ordered = sorted(rows, key=lambda row: -row.position)
        return Found(ordered, searched, len(found) > LISTED)

    def of_paper(self, paper: str) -> list[DossierRow]:
        """What was entered from a handwritten slip of this number, the oldest first."""
        with self._shown.read():
            # the word of the partial index: a query without it reads all dossiers
            rows = DossierRow.select().where((DossierRow.paper == paper) & (DossierRow.paper != ""))
            return sorted(rows.limit(LISTED), key=lambda row: row.position)

    def corrects(self, stream: str) -> list[DossierRow]:
        """The dossiers whose results this one corrects, as was said last; the oldest first."""
        with self._shown.read():
            rows = DossierRow.select().where(
                (DossierRow.corrected_by == stream) & (DossierRow.corrected_by != "")
            )
            return sorted(rows.limit(LISTED), key=lambda row: row.position)

    def work(self, what: Work, limit: int = 200, *, after: str = "") -> tuple[list[DossierRow], int]:
        """What waits for one kind of work, oldest due first, and how many there are in all.

        `after`: the stream of the last row of the page before; without it, or where it waits no more, the first page.
        """
        if what in (Work.COLLECT, Work.REFUND):
            return self._money(what, limit)
        with self._shown.read() as connection:
            # the word of the partial index: a query without it reads all dossiers
            query = DossierRow.select().where((DossierRow.queue == what.value) & (DossierRow.queue != ""))
            last = DossierRow.get_or_none(DossierRow.stream == after) if after else None
            if last is not None:
                key = Tuple(DossierRow.stopped, DossierRow.due_at, DossierRow.position)
                query = query.where(key > Tuple(last.stopped, last.due_at, last.position))
            query = query.order_by(DossierRow.stopped, DossierRow.due_at, DossierRow.position).limit(limit)
            return list(query) if limit else [], _counts(connection).get(what.value, 0)

    def files_of(self, streams: Sequence[str]) -> dict[str, list[str]]:
        """The files that the acts of these dossiers name; without those that name none."""
        found: dict[str, list[str]] = {}
        with self._shown.read() as connection:
            for stream, file in where_in(
                connection, "SELECT stream, file FROM named_file WHERE stream IN", streams
            ):
                found.setdefault(stream, []).append(file)
        return found

    def longest_at(self, what: Work, limit: int) -> list[DossierRow]:
        """Those that have stood longest in one queue, whatever their due moments."""
        with self._shown.read():
            # the word of the partial index, as in `work`
            query = DossierRow.select().where((DossierRow.queue == what.value) & (DossierRow.queue != ""))
            return list(query.order_by(DossierRow.moved_at).limit(limit))

    def counts(self) -> dict[Work, int]:
        """How many dossiers wait for each kind of work; money is not counted here."""
        with self._shown.read() as connection:
            known = _counts(connection)
        return {work: known.get(work.value, 0) for work in Work}

    def _money(self, what: Work, limit: int) -> tuple[list[DossierRow], int]:
        """Whose fee is still to be taken, or given back; the newest first, because they stand at the counter."""
        owing = (Money.DUE.value, Money.PARTLY_PAID.value)
        states = owing if what is Work.COLLECT else (Money.REFUND_DUE.value,)
        over = (Status.NOT_RECEIVED.value, Status.STOPPED.value) if what is Work.COLLECT else ()
        with self._shown.read():
            query = DossierRow.select().where(DossierRow.money.in_(states) & DossierRow.status.not_in(over))
            return list(query.order_by(DossierRow.position.desc()).limit(limit)), query.count()

    def custody(self, what: str, agency: str = "", limit: int = 200) -> tuple[list[Held], int]:
        """Folders of one list (`custody.Where`, or `OPINION`), what is due first; all agencies', or one's. And how many."""
        with self._shown.read():
            of_it = CustodyRow.what == what
            if agency:
                of_it &= CustodyRow.agency == agency
            rows = list(CustodyRow.select().where(of_it).order_by(CustodyRow.due_at).limit(limit))
            streams = [row.stream for row in rows]
            dossiers = {row.stream: row for row in DossierRow.select().where(DossierRow.stream.in_(streams))}
            count = CustodyRow.select().where(of_it).count()
        return [Held(row, dossiers[row.stream]) for row in rows if row.stream in dossiers], count

    def custodians(self, what: str, now: str) -> list[tuple[str, int, int]]:
        """The agencies of a list, each with how many folders stand there for it and how many of them are late."""
        with self._shown.read() as connection:
            rows = connection.execute(
                "SELECT agency, count(*), count(*) FILTER (WHERE due_at <> '' AND due_at < ?) FROM custody WHERE what = ? GROUP BY agency",
                (now, what),
            ).fetchall()
        return [(agency, count, late) for agency, count, late in rows]

    def overdue(self, now: str) -> int:
        """How many folders, and opinions asked for, should have moved or come by now."""
        with self._shown.read():
            late = (CustodyRow.due_at < now) & (CustodyRow.due_at != "")
            return sum(
                CustodyRow.select().where((CustodyRow.what == what) & late).count() for what in LATE_LISTS
            )

    def open_of(self, node: str, limit: int = 200) -> list[DossierRow]:
        """Dossiers that a machine received and that are not over, oldest due first."""
        over = (Status.NOT_RECEIVED.value, Status.STOPPED.value, Status.RETURNED.value)
        with self._shown.read():
            query = DossierRow.select().where(
                (DossierRow.node == node) & DossierRow.status.not_in(over) & (DossierRow.status > 0)
            )
            return list(query.order_by(DossierRow.due_at, DossierRow.position).limit(limit))

    def unsure(self, limit: int = LISTED) -> tuple[list[DossierRow], int]:
        """Dossiers received at an hour that nobody is sure of, the oldest first, and how many there are."""
        with self._shown.read():
            query = DossierRow.select().where(DossierRow.unsure > 0)
            return list(query.order_by(DossierRow.received_at).limit(limit)), query.count()

    def received(
        self,
        first: date,
        last: date,
        agency: str = "",
        *,
        after: tuple[str, int] = ("", 0),
        limit: int = LISTED,
    ) -> list[DossierRow]:
        """What was received on these days, in its order, behind one row (its day, its position). `agency`: "" for all."""
        with self._shown.read():
            days = (DossierRow.received_day >= first.isoformat()) & (
                DossierRow.received_day <= last.isoformat()
            )
            if after != ("", 0):
                days &= Tuple(DossierRow.received_day, DossierRow.position) > Tuple(*after)
            if agency:
                days &= DossierRow.agency == agency
            query = DossierRow.select().where(days)
            return list(query.order_by(DossierRow.received_day, DossierRow.position).limit(limit))

    def earlier(self, identity: str, *, but: str = "", limit: int = 5) -> list[DossierRow]:
        """Earlier dossiers of the same applicant, newest first."""
        if not identity:
            return []
        with self._shown.read():
            query = DossierRow.select().where((DossierRow.identity == identity) & (DossierRow.stream != but))
            return list(query.order_by(DossierRow.position.desc()).limit(limit))

    def alike(self, identity: str, procedure: str, day: str, limit: int = 3) -> list[DossierRow]:
        """Dossiers of one applicant for one procedure that are open, or were received on a Vietnamese day; newest first."""
        over = (Status.NOT_RECEIVED.value, Status.STOPPED.value, Status.RETURNED.value)
        if not identity:
            return []
        with self._shown.read():
            query = DossierRow.select().where(
                (DossierRow.identity == identity)
                & (DossierRow.procedure == procedure)
                & (DossierRow.status.not_in(over) | (DossierRow.received_day == day))
            )
            return list(query.order_by(DossierRow.position.desc()).limit(limit))

    def handed_in_with(self, row: DossierRow, limit: int = 99) -> list[DossierRow]:
        """What somebody of one name handed in at one machine on one day, the oldest first, among those received near it."""
        with self._shown.read():
            before = DossierRow.select().where(DossierRow.position <= row.position)
            after = DossierRow.select().where(DossierRow.position > row.position)
            near = [
                *reversed(list(before.order_by(DossierRow.position.desc()).limit(LATELY))),
                *after.order_by(DossierRow.position).limit(LATELY),
            ]
        same = (row.node, row.received_day, came_with(row))
        return [one for one in near if (one.node, one.received_day, came_with(one)) == same][:limit]

    def procedures_lately(self, node: str, limit: int = 6) -> list[str]:
        """The codes of what was received lately, most often first, this machine's own before others'."""
        with self._shown.read() as connection:
            rows = connection.execute(
                "SELECT procedure, node FROM dossier ORDER BY position DESC LIMIT ?", (LATELY,)
            ).fetchall()
        own = Counter(procedure for procedure, received_at in rows if received_at == node)
        others = Counter(procedure for procedure, _ in rows)
        ordered = [code for counted in (own, others) for code, _ in counted.most_common(limit)]
        return list(dict.fromkeys(ordered))[:limit]

    def naming(self, identity: str) -> list[str]:
        """The streams in which any act names this number, oldest first."""
        with self._shown.read():
            rows = PartyRow.select(PartyRow.stream).where(PartyRow.identity == identity)
            return sorted({row.stream for row in rows})

    def closings(self) -> list[tuple[str, str]]:
        """(node, stream) of every machine that has closed a day."""
        with self._shown.read():
            rows = EventRow.select(EventRow.node, EventRow.stream).where(EventRow.kind == "node.day_closed")
            return sorted({(row.node, row.stream) for row in rows})

    def conflicts(
        self, limit: int = CONFLICTS, *, by_age: bool = False
    ) -> list[tuple[ConflictRow, DossierRow]]:
        """Open conflicts that the desk settles, with their dossiers: what blocks most first, or what is oldest.

        A row that central reports of several dossiers is there once for each of them.
        """
        order = () if by_age else (ConflictRow.weight.desc(),)
        with self._shown.read():
            # the word of the partial indexes: a query without it sorts all there are
            found = ConflictRow.select().where(ConflictRow.weight > 0)
            return _with_dossiers(found.order_by(*order, ConflictRow.opened_at).limit(limit))

    def conflict(self, conflict: str) -> list[tuple[ConflictRow, DossierRow]]:
        """One open conflict that the desk settles, with its dossiers; none once it is settled.

        Not those that central reports and that have no reception that counts (yet).
        """
        with self._shown.read():
            found = ConflictRow.select().where((ConflictRow.id == conflict) & (ConflictRow.weight > 0))
            return _with_dossiers(found.order_by(ConflictRow.stream))

    def tasks(self, limit: int = LISTED) -> list[tuple[TaskRow, DossierRow]]:
        """What must still be done about acts that lost their force, with the dossiers, the oldest dossier first."""
        with self._shown.read():
            return _with_dossiers(
                TaskRow.select().order_by(TaskRow.stream, TaskRow.must, TaskRow.about).limit(limit)
            )

    def doubtful(self) -> list[Line]:
        """Acts that are kept and have no effect: waiting, held, irregular, or of a newer version."""
        return [one.line for one in self.kept_back()[0]]

    def kept_back(self) -> tuple[list[KeptBack], int]:
        """Such acts with all that explains them, the oldest here first, and how many there are."""
        with self._file.read() as connection:
            query = f"SELECT {_KEPT_BACK_COLUMNS} FROM event e JOIN delivery d ON d.hash = e.hash WHERE {_KEPT_BACK}"  # noqa: S608 - ours
            rows = connection.execute(f"{query} ORDER BY d.arrived_at, e.hash LIMIT ?", (LISTED,)).fetchall()
            dossiers = {row[8]: self.row(row[8]) for row in rows}
            count = _kept_back(connection)
        return [
            KeptBack(
                Line(h, kind, at, by, node, seq, Place(place), why),
                stream,
                dossiers[stream],
                moment(came),
                source,
            )
            for h, kind, at, by, node, seq, place, why, stream, came, source in rows
        ], count

    def forks(self) -> list[Fork]:
        """Machines that wrote two acts under one number: for each the first such number."""
        with self._file.read() as connection:
            rows = connection.execute(
                "SELECT f.node, min(f.seq), f.first, f.second FROM fork f GROUP BY f.node ORDER BY f.node"
            ).fetchall()
            return [
                Fork(node, seq, self._at(connection, first), self._at(connection, second))
                for node, seq, first, second in rows
            ]

    def _at(self, connection: Any, event_hash: str) -> tuple[Line, str]:
        h, kind, at, by, node, seq, place, why, stream = connection.execute(
            "SELECT e.hash, e.kind, e.at, e.by, e.node, e.seq, e.place, e.why, e.stream FROM delivery d"
            " JOIN event e ON e.stream = d.stream AND e.hash = d.hash WHERE d.hash = ?",
            (event_hash,),
        ).fetchone()
        return Line(h, kind, at, by, node, seq, Place(place), why), stream

    def waiting(self) -> Waiting:
        """Own acts that central is not known to have, and since when the oldest is here; none at central."""
        with self._file.read() as connection:
            if self._is_centre:
                return Waiting(0, None)
            count, oldest = connection.execute(
                "SELECT count(*), min(arrived_at) FROM delivery WHERE centre_at IS NULL AND own = 1"
            ).fetchone()
        visits, since = self._visits_waiting()
        first = min(filter(None, (oldest, since)), default=None)
        return Waiting(count + visits, moment(first) if first else None, visits)

    def waiting_acts(self, limit: int = LISTED) -> list[tuple[Line, DossierRow | None, Whereabouts]]:
        """The own acts that central is not known to have, oldest first."""
        if self._is_centre:
            return []
        with self._file.read() as connection:
            rows = connection.execute(
                "SELECT e.hash, e.kind, e.at, e.by, e.node, e.seq, e.place, e.why, e.stream FROM delivery d"
                " JOIN event e ON e.stream = d.stream AND e.hash = d.hash WHERE d.centre_at IS NULL AND d.own = 1 ORDER BY d.local_seq LIMIT ?",
                (limit,),
            ).fetchall()
            where = self.whereabouts([row[0] for row in rows])
            dossiers = {row[8]: self.row(row[8]) for row in rows}
        return [
            (Line(h, kind, at, by, node, seq, Place(place), why), dossiers[stream], where[h])
            for h, kind, at, by, node, seq, place, why, stream in rows
        ]

    def problems(self) -> Problems:
        """Counts for the status line: contested and incomplete dossiers, refused documents that nobody has dismissed,
        acts kept back."""
        with self._file.read() as connection:
            contested, incomplete = connection.execute(
                "SELECT (SELECT count(*) FROM dossier WHERE contested > 0),"
                " (SELECT count(*) FROM dossier WHERE missing > 0)"
            ).fetchone()
            held = _kept_back(connection)
            refused = RefusedDocument.select().where(RefusedDocument.dismissed_by == "").count()
            return Problems(contested, refused, incomplete, held)

    def refused(self) -> list[RefusedDocument]:
        """In either direction, the oldest first, without those that somebody dismissed."""
        with self._file.read():
            listed = RefusedDocument.select().where(RefusedDocument.dismissed_by == "")
            return list(listed.order_by(RefusedDocument.at))

    def whereabouts(self, hashes: Sequence[str]) -> dict[str, Whereabouts]:
        """Where events are known to be; for the tag of a dossier and for its timeline."""
        with self._file.read() as connection:
            asked = "SELECT hash, local_seq, centre_at, arrived_at FROM delivery WHERE hash IN"
            rows = list(where_in(connection, asked, hashes))
            copies = [(copy.peer, copy.seq) for copy in Copy.select().order_by(Copy.peer)]
        found = {}
        for event_hash, local_seq, centre_at, arrived_at in rows:
            at = arrived_at if self._is_centre else centre_at
            peers = tuple(peer for peer, seq in copies if seq >= local_seq)
            found[event_hash] = Whereabouts(moment(at) if at else None, peers)
        return found


def _with_dossiers(rows: Iterable[_Row]) -> list[tuple[_Row, DossierRow]]:
    """Each with the dossier that it is of, without those that lists do not show; within a read."""
    found = list(rows)
    streams = {row.stream for row in found}
    dossiers = {row.stream: row for row in DossierRow.select().where(DossierRow.stream.in_(streams))}
    return [(row, dossiers[row.stream]) for row in found if row.stream in dossiers]


def _counts(connection: Any) -> dict[str, int]:
    return dict(connection.execute("SELECT queue, count FROM queue_count").fetchall())


def came_with(row: DossierRow) -> str:
    """Who came with a dossier, by the name on the slip."""
    return row.submitter or row.applicant


def _kept_back(connection: Any) -> int:
    """How many acts are kept without effect."""
    (count,) = connection.execute(f"SELECT count(*) FROM event WHERE {_KEPT_BACK}").fetchone()  # noqa: S608 - ours
    return int(count)


def search_procedures(
    procedures: Sequence[Procedure], term: str, limit: int = 8
) -> tuple[list[Procedure], int]:
    """Procedures whose code, name or field has every word of the term as a prefix; best first, and how many."""
    wanted = words(term)
    if not wanted:
        return [], 0
    scored = []
    for procedure in procedures:
        name, pool = _searched(procedure.name, procedure.code, procedure.field)
        if all(any(word.startswith(want) for word in pool) for want in wanted):
            scored.append((_distance(name, wanted), len(name), procedure.code, procedure))
    scored.sort(key=lambda row: row[:3])
    return [row[3] for row in scored[:limit]], len(scored)


@lru_cache(maxsize=8192)
def _searched(name: str, code: str, field: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a procedure's name, and all that it is found by: read once, and not with every key that is typed."""
    named = tuple(words(name))
    return named, (*named, *words(code), *words(field))


def _distance(name: Sequence[str], wanted: Sequence[str]) -> int:
    """How far into the name the wanted words stand together; a name that begins with them comes first."""
    for start in range(len(name) - len(wanted) + 1):
        if all(name[start + i].startswith(want) for i, want in enumerate(wanted)):
            return start
    return len(name)
