"""From events to tables, in the transaction that brings the events.

Own acts and what neighbours bring come through the same door: the store's `arrived` hook. A stream is folded
anew whenever one of its events arrives, or when the catalog brings what one of them was waiting for.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from edge.admission import Admission
from edge.clock import Clock
from edge.database import Fact, NodeFile, fresh_projections
from edge.waits import Waits
from schemas.acts import TABLE
from schemas.calendar import local_day
from schemas.catalog import Admission as Admitted
from schemas.catalog import Catalog, Cut, Entry, Fork, Person, Redaction, Report, Revocation
from schemas.events import Event, Unknown, moment, parse, timestamp
from schemas.fold import Dossier, Place, fold
from schemas.spelling import words
from sync.documents import load, render
from sync.sqlite import Connection
from sync.store import Store
from sync.writing import Arrival

PARSED = 4_000
"""Events kept in memory, of some 4 KB each: those of a batch that arrives, and of the dossiers that are worked on."""
_SEALED, _UNKNOWN_NODE, _WRONG = 1, 0, -1
_SLICE: Final = 200
"""Streams folded anew in one transaction when the catalog grew: others write in between."""
_TRUSTED_UP_TO: Final = "trusted up to"
T = TypeVar("T")
_SIGNED: Final = tuple(act.kind for act in TABLE if act.signed)


class Parsed:
    """The events read last. A revision names its content and its seal, so that what was parsed once stays true."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._events: OrderedDict[tuple[str, str], Event | Unknown] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, doc_id: str, rev: str) -> Event | Unknown | None:
        with self._lock:
            event = self._events.get((doc_id, rev))
            if event is not None:
                self._events.move_to_end((doc_id, rev))
            return event

    def keep(self, doc_id: str, rev: str, event: Event | Unknown) -> None:
        with self._lock:
            self._events[doc_id, rev] = event
            if len(self._events) > self._most:
                self._events.popitem(last=False)

    def forget(self, doc_id: str) -> None:
        """What must not be in memory any more either."""
        with self._lock:
            for name in [name for name in self._events if name[0] == doc_id]:
                del self._events[name]


class Projector:
    """Keeps the projections of one node. An arrival's `source` is the id of the node that brought it."""

    def __init__(
        self,
        file: NodeFile,
        catalog: Catalog,
        admission: Admission,
        waits: Waits,
        clock: Clock,
        *,
        node: str,
    ) -> None:
        self._file, self._catalog, self._admission, self._clock = file, catalog, admission, clock
        self._waits = waits
        self._node = node
        self._parsed = Parsed(PARSED)
        self._store: Store | None = None

    def read_from(self, store: Store) -> None:
        """The store of `dossiers`; it has this projector as its hook, and so exists after it."""
        self._store = store

    @property
    def store(self) -> Store:
        assert self._store is not None, "read_from() comes first"  # noqa: S101
        return self._store

    def arrived(self, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        """The hook of `dossiers`: note the deliveries, then fold every stream that they belong to."""
        now = timestamp(self._clock())
        deliveries = []
        streams = set()
        for arrival in arrivals:
            admitted = self._admission.admitted(arrival.doc)
            event, mark = admitted.event, _mark(admitted.sealed)
            if admitted.waiting_bytes and arrival.source is not None:
                self._waits.note(
                    connection, event.hash, arrival.rev, arrival.source, admitted.waiting_bytes, now
                )
            from_centre = arrival.source is not None and arrival.source == self._catalog.centre
            own = isinstance(event, Event) and event.node == self._node
            deliveries.append(
                (event.hash, own, arrival.seq, arrival.source or "", mark, now, now if from_centre else None)
            )
            streams.add(event.stream)
            self._parsed.keep(arrival.id, arrival.rev, event)
        connection.executemany(
            # a copy with a junk seal may have come first: the true one has the last word
            "INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET"
            " sealed = max(sealed, excluded.sealed), local_seq = excluded.local_seq,"
            " centre_at = coalesce(centre_at, excluded.centre_at)"
            " WHERE excluded.sealed = 1",
            deliveries,
        )
        for doc_id in self._waits.of(connection, [one.id for one in arrivals]):
            self._only_the_sealed(connection, doc_id)
        for stream in sorted(streams):
            self._project(connection, stream)
        self._note_forks(connection, [delivery[0] for delivery in deliveries])

    def forget(self, doc_id: str) -> None:
        """The parsed event of a document whose data is gone."""
        self._parsed.forget(doc_id)

    def events_of(self, stream: str) -> list[Event | Unknown]:
        """The events of a stream here, whatever their seal."""
        named = [
            (summary.id, str(summary.winner))
            for summary in self.store.all_docs(startkey=f"{stream}:", endkey=f"{stream}:~")
        ]
        known = {name: event for name in named if (event := self._parsed.get(*name)) is not None}
        rest = self.store.winners([doc_id for doc_id, rev in named if (doc_id, rev) not in known])
        for stored in rest.values():
            event = parse(load(render(stored)))
            known[stored.id, str(stored.rev)] = event
            self._parsed.keep(stored.id, str(stored.rev), event)
        return [known[name] for name in named]

    def dossier(self, stream: str) -> Dossier:
        """The fold of a stream, as of now."""
        with self._file.read() as connection:
            events = self.events_of(stream)
            return fold(events, self._catalog, self._doubts(connection, events))

    def catalog_grew(self) -> None:
        """Fold again what waited for a card or an entry, and what central's newest word puts in another light."""
        number = self._catalog.number
        with self._file.write() as connection:
            streams = self._check_seals(connection)
        with self._file.read() as connection:
            streams |= {stream for stream, why in self._waiting(connection) if self._is_answered(why)}
            streams |= self._in_another_light(connection)
        for some in _slices(sorted(streams), _SLICE):
            with self._file.write() as connection:
                for stream in some:
                    self._project(connection, stream)
        with self._file.write() as connection:
            self._waits.settle(connection)
            Fact.insert(key=_TRUSTED_UP_TO, value=str(number)).on_conflict_replace().execute()

    def _waiting(self, connection: Connection) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = connection.execute(
            "SELECT DISTINCT stream, why FROM event WHERE place = ?", (Place.WAITING.value,)
        ).fetchall()
        return found

    def _is_answered(self, why: str) -> bool:
        """Whether what an act waited for may be here by now."""
        what, _, name = why.partition(" ")
        if what == "catalogue":
            return int(name) <= self._catalog.number
        return why.startswith("card of ") and self._catalog.latest.card(name.removeprefix("of ")) is not None

    def _in_another_light(self, connection: Connection) -> set[str]:
        """The streams that trust decisions since the last time are about."""
        fact = Fact.get_or_none(Fact.key == _TRUSTED_UP_TO)
        seen = int(fact.value) if fact is not None else 0
        return {
            stream
            for number, entry in self._catalog.trust.said
            if number > seen
            for stream in _touched(connection, entry)
        }

    def _note_forks(self, connection: Connection, hashes: Sequence[str]) -> None:
        """Two events with one number, both under the machine's seal."""
        for some in _slices(hashes, 500):
            marks = ", ".join("?" * len(some))
            connection.execute(_FORKS.format(which=f"mine.hash IN ({marks})"), tuple(some))

    def centre_has(self, up_to: int) -> None:
        """Central holds all that the push read up to this local sequence, but for what it refused."""
        with self._file.write() as connection:
            connection.execute(
                "UPDATE delivery SET centre_at = ? WHERE centre_at IS NULL AND local_seq <= ?"
                " AND hash NOT IN (SELECT substr(document, 34) FROM refuseddocument WHERE peer = ?)",
                (timestamp(self._clock()), up_to, self._catalog.centre),
            )

    def rebuild(self) -> int:
        """Drop the projections and make them again from the events; how many streams there are."""
        with self._file.write() as connection:
            fresh_projections(connection)
            self._check_seals(connection)
            streams = dict.fromkeys(summary.id.partition(":")[0] for summary in self.store.all_docs())
            for stream in streams:
                self._project(connection, stream)
            connection.execute(_FORKS.format(which="TRUE"))
        return len(streams)

    def _check_seals(self, connection: Connection) -> set[str]:
        """Look again at events whose node was not known when they came; the streams of those that are judged now.

        Of several copies of one event the one whose seal holds is the event; the others go.
        """
        nodes = connection.execute(
            "SELECT DISTINCT e.node FROM delivery d JOIN event e ON e.hash = d.hash"
            " WHERE d.sealed <> 1 AND d.sealed = ?",
            (_UNKNOWN_NODE,),
        ).fetchall()
        streams: set[str] = set()
        for (node,) in nodes:
            if self._catalog.latest.card(node) is None:
                continue
            unknown = connection.execute(
                "SELECT d.hash, e.stream FROM delivery d JOIN event e ON e.hash = d.hash"
                " WHERE d.sealed <> 1 AND d.sealed = ? AND e.node = ?",
                (_UNKNOWN_NODE, node),
            ).fetchall()
            for event_hash, stream in unknown:
                sealed = self._only_the_sealed(connection, f"{stream}:{event_hash}")
                connection.execute(
                    "UPDATE delivery SET sealed = ? WHERE hash = ?", (_mark(sealed), event_hash)
                )
                streams.add(stream)
            self._note_forks(connection, [event_hash for event_hash, _ in unknown])
        return streams

    def _only_the_sealed(self, connection: Connection, doc_id: str) -> bool:
        """Whether one of the copies has the node's seal; if so, the others are forgotten."""
        leaves = [str(leaf.rev) for leaf in self.store.summary(doc_id).leaves]
        right = []
        for rev in leaves:
            document = self.store.get(doc_id, rev)
            if self._admission.is_sealed(document, parse(document)):
                right.append(rev)
        if right and len(leaves) > 1:
            self.store.purge({doc_id: [rev for rev in leaves if rev not in right]})
            self._waits.forget(connection, doc_id)
            connection.execute(
                "UPDATE delivery SET local_seq = ? WHERE hash = ?",
                (self.store.summary(doc_id).seq, doc_id.partition(":")[2]),
            )
        return bool(right)

    def _doubts(self, connection: Connection, events: Sequence[Event | Unknown]) -> dict[str, str]:
        # `sealed <> 1` is the word of the partial index: without it every fold reads the whole archive
        wrong = connection.execute(
            "SELECT hash FROM delivery WHERE sealed <> 1 AND sealed = ?", (_WRONG,)
        ).fetchall()
        here = {event.hash for event in events}
        return {event_hash: "seal" for (event_hash,) in wrong if event_hash in here}

    def _project(self, connection: Connection, stream: str) -> None:
        events = self.events_of(stream)
        dossier = fold(events, self._catalog, self._doubts(connection, events))
        versions = {event.hash: event for event in events}
        connection.execute("DELETE FROM event WHERE stream = ?", (stream,))
        connection.executemany(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    line.hash,
                    stream,
                    line.node,
                    line.seq,
                    line.kind,
                    line.at,
                    line.by,
                    line.place.value,
                    line.why,
                )
                for line in dossier.timeline
            ],
        )
        self._project_conflicts(connection, dossier, versions)
        self._project_dossier(connection, dossier)

    def _project_conflicts(
        self, connection: Connection, dossier: Dossier, events: dict[Any, Event | Unknown]
    ) -> None:
        connection.execute("DELETE FROM conflict WHERE stream = ?", (dossier.stream,))
        for conflict in dossier.conflicts:
            # a row that central reports may name acts of other dossiers, or only those
            members = [event for member in conflict.members if isinstance(event := events.get(member), Event)]
            opened = max((member.at for member in members), default=dossier.timeline[-1].at)
            connection.execute(
                "INSERT INTO conflict VALUES (?, ?, ?, ?, ?, ?)",
                (
                    conflict.id,
                    dossier.stream,
                    conflict.title,
                    " ".join(conflict.rows),
                    " ".join(conflict.members),
                    opened,
                ),
            )

    def _project_dossier(self, connection: Connection, dossier: Dossier) -> None:
        position = _position(connection, dossier.stream)
        connection.execute("DELETE FROM dossier WHERE position = ?", (position,))
        connection.execute("DELETE FROM dossier_search WHERE rowid = ?", (position,))
        standing, received = dossier.standing, dossier.received
        if standing.receipt is None or received is None:
            return
        submitter = received.submitter if received.submitter else None
        phone = (submitter.phone if submitter else "") or received.applicant.phone
        came = submitter.name if submitter else ""
        row: dict[str, Any] = {
            "position": position,
            "stream": dossier.stream,
            "number": received.number,
            "procedure": received.procedure,
            "procedure_name": received.procedure_name,
            "agency": received.agency,
            "applicant": received.applicant.name,
            "identity": received.applicant.identity,
            "phone": phone,
            "submitter": came,
            "received_at": standing.received_at,
            "received_day": local_day(moment(standing.received_at)).isoformat(),
            "due_at": standing.due,
            "status": dossier.status.value,
            "appraisal": ""
            if standing.appraisal is None
            else "passed"
            if standing.appraisal.data.passed
            else "failed",
            "outcome": standing.outcome.kind.removeprefix("dossier.") if standing.outcome else "",
            "contested": len(dossier.conflicts),
            "missing": len(dossier.missing),
            "node": standing.receipt.node,
            "changed_at": max(line.at for line in dossier.timeline),
        }
        names = ", ".join(row)
        connection.execute(
            f"INSERT INTO dossier ({names}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608 - names are ours
            tuple(row.values()),
        )
        text = (
            received.number,
            received.applicant.name,
            row["submitter"],
            phone,
            received.applicant.identity,
        )
        connection.execute(
            "INSERT INTO dossier_search (rowid, words) VALUES (?, ?)",
            (position, " ".join(words(" ".join(text)))),
        )


_FORKS: Final = """
INSERT INTO fork SELECT mine.node || ' ' || mine.seq, mine.node, mine.seq, min(mine.hash, other.hash),
    max(mine.hash, other.hash)
FROM event mine JOIN event other ON other.node = mine.node AND other.seq = mine.seq AND other.hash <> mine.hash
JOIN delivery m ON m.hash = mine.hash JOIN delivery o ON o.hash = other.hash
WHERE m.sealed = 1 AND o.sealed = 1 AND {which} ON CONFLICT (key) DO NOTHING
"""


def _touched(connection: Connection, entry: Entry) -> Iterator[str]:
    """The streams with acts that fold otherwise because of an entry."""
    query: str
    values: tuple[Any, ...]
    match entry:
        case Cut(database="dossiers"):
            query, values = "node = ? AND seq >= ?", (entry.node, entry.last_seq)
        case Fork(database="dossiers"):
            query, values = "node = ? AND seq >= ?", (entry.node, entry.seq)
        case Admitted():
            query, values = "hash = ?", (entry.event,)
        case Redaction():
            query, values = "hash = ?", (entry.target,)
        case Revocation():
            # which certificate an act was signed with stands in the act: all of them since then are looked at
            marks = ", ".join("?" * len(_SIGNED))
            query, values = f"at >= ? AND kind IN ({marks})", (entry.since, *_SIGNED)
        case Person():
            query, values = "by = ?", (entry.id,)
        case Report():
            yield from entry.streams
            return
        case _:
            return
    found = connection.execute(f"SELECT DISTINCT stream FROM event WHERE {query}", values)  # noqa: S608 - ours
    yield from [stream for (stream,) in found]


def _slices(many: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (many[at : at + size] for at in range(0, len(many), size))


def _mark(sealed: bool | None) -> int:
    return _UNKNOWN_NODE if sealed is None else _SEALED if sealed else _WRONG


def _position(connection: Connection, stream: str) -> int:
    """A row number that grows with the moment at which the stream began: newest first costs nothing.

    48 bits of milliseconds and 15 of chance; where two streams meet in one all the same, the later goes on.
    """
    known = connection.execute("SELECT position FROM dossier WHERE stream = ?", (stream,)).fetchone()
    if known is not None:
        return int(known[0])
    position = int(stream[:12], 16) << 15 | int(stream[-4:], 16) & 0x7FFF
    while connection.execute("SELECT 1 FROM dossier WHERE position = ?", (position,)).fetchone() is not None:
        position += 1
    return position
