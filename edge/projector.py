"""From events to tables, in the transaction that brings the events.

Own acts and what neighbours bring come through the same door: the store's `arrived` hook. A stream is folded
anew whenever one of its events arrives, or when the catalog brings what one of them was waiting for. Of the rows only
what differs is written, for all streams of a batch together.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, timedelta
from itertools import count
from typing import Any, Final, TypeVar
from zlib import crc32

from msgspec.structs import astuple

from edge.admission import Admission, Sealed
from edge.archive import files_named
from edge.clock import Clock
from edge.database import DOUBTFUL, OPINION, Fact, NodeFile, fresh_projections
from edge.seals import Seals, settle
from edge.tallying import Rated, Tallies, Written
from edge.waits import Waits
from edge.worklists import Listed, keep_lists, lists_of
from schemas.acts import TABLE, EnteredAfterwards, Status
from schemas.calendar import Calendar, Year, local_day
from schemas.catalog import Catalog
from schemas.clock import due_at, stopped
from schemas.custody import Where, custody, due_by, hand_overs, open_opinion, opinion_by, told
from schemas.entries import Admission as Admitted
from schemas.entries import Choice, Cut, Entry, Fork, Person, Redaction, Report, Revocation
from schemas.events import Event, EventHash, Unknown, moment, parse, timestamp
from schemas.fold import PAUSES, Dossier, Place, fold
from schemas.identity import numbers_in
from schemas.intake import submission_of, waiting_of
from schemas.pending_receipts import pending_of
from schemas.petitions import listed_of
from schemas.rules import Inner, Standing
from schemas.scopes import agencies_of, over_on
from schemas.spelling import words
from schemas.turned_away import REGISTERED
from schemas.turned_away import listed_of as turned_away_of
from schemas.views import View
from sync.documents import load, render
from sync.rows import where_in
from sync.sqlite import Connection
from sync.store import Store
from sync.writing import Arrival

PARSED = 4_000
"""Events kept in memory, of some 4 KB each: those of a batch that arrives, and of the dossiers that are worked on."""
FOLDED: Final = 64
"""Dossiers kept in memory as they were folded last: one that is worked on is asked for several times an act."""
_SEARCHED: Final = ("number", "applicant", "submitter", "phone", "identity", "paper")
"""What the search finds a dossier by."""
_SLICE: Final = 200
"""Streams folded anew in one transaction when the catalog grew: others write in between."""
_TRUSTED_UP_TO: Final = "trusted up to"
_SHORTLY: Final = timedelta(days=7)
"""Nobody's window has been left by what is over for so short a time."""
T = TypeVar("T")
_MadeOf = tuple[int, list[Event | Unknown], list[EventHash]]
"""The catalog's number, the events, and those of them whose seal is doubted."""
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


class Folded:
    """The dossiers folded last, each with all that it was made of: of the same, a pure function makes the same."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._dossiers: OrderedDict[str, tuple[_MadeOf, Dossier]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, stream: str, made_of: _MadeOf) -> Dossier | None:
        with self._lock:
            kept = self._dossiers.get(stream)
        return kept[1] if kept is not None and kept[0] == made_of else None

    def keep(self, stream: str, made_of: _MadeOf, dossier: Dossier) -> None:
        with self._lock:
            self._dossiers[stream] = made_of, dossier
            self._dossiers.move_to_end(stream)
            if len(self._dossiers) > self._most:
                self._dossiers.popitem(last=False)

    def forget(self, stream: str) -> None:
        with self._lock:
            self._dossiers.pop(stream, None)


class Projector:
    """Keeps the projections of one node. An arrival's `source` is the id of the node that brought it."""

    def __init__(
        self,
        file: NodeFile,
        catalog: Catalog,
        admission: Admission,
        waits: Waits,
        seals: Seals,
        clock: Clock,
        *,
        node: str,
    ) -> None:
        self._file, self._catalog, self._admission, self._clock = file, catalog, admission, clock
        self._waits, self._seals = waits, seals
        self._node = node
        self._parsed = Parsed(PARSED)
        self._folded = Folded(FOLDED)
        self._tallies = Tallies(catalog)
        self._all_ratings: Callable[[], Iterable[tuple[str, Sequence[Rated]]]] = tuple
        self._store: Store | None = None
        self._checked_at = -1  # the number of the catalog by which unknown nodes were last looked for

    def read_from(self, store: Store) -> None:
        """The store of `dossiers`; it has this projector as its hook, and so exists after it."""
        self._store = store

    @property
    def store(self) -> Store:
        assert self._store is not None, "read_from() comes first"  # noqa: S101
        return self._store

    def arrived(self, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        """The hook of `dossiers`: note the deliveries, then fold every stream that they belong to."""
        checked: set[str] = set()
        if (
            self._checked_at != self._catalog.number
        ):  # nothing is folded by a card by which it was not checked
            checked = self._check_seals(connection)
        now = timestamp(self._clock())
        deliveries, proven = [], []
        streams: dict[str, list[Event | Unknown]] = {stream: [] for stream in checked}
        for arrival in arrivals:
            admitted = self._admission.admitted(arrival.doc)
            event, sealed = admitted.event, admitted.sealed
            if admitted.waiting_bytes and arrival.source is not None:
                self._waits.note(
                    connection, event.hash, arrival.rev, arrival.source, admitted.waiting_bytes, now
                )
            from_centre = arrival.source is not None and arrival.source == self._catalog.centre
            own = isinstance(event, Event) and event.node == self._node
            deliveries.append(
                (
                    event.hash,
                    event.stream,
                    own,
                    arrival.seq,
                    arrival.source or "",
                    sealed,
                    now,
                    now if from_centre else None,
                )
            )
            if sealed is Sealed.PROVEN:
                proven.append(arrival.id)
            streams.setdefault(event.stream, []).append(event)
            self._parsed.keep(arrival.id, arrival.rev, event)
        self._seals.proven(proven)
        noted = connection.executemany(
            "INSERT INTO delivery VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING", deliveries
        ).rowcount
        if noted < len(arrivals):
            self._settle_copies(connection, arrivals, now)
        self._project(connection, streams)
        self._note_forks(connection, [delivery[0] for delivery in deliveries])

    def forget(self, doc_id: str) -> None:
        """The parsed event of a document whose data is gone, and the dossier that was made of it."""
        self._parsed.forget(doc_id)
        self._folded.forget(doc_id.partition(":")[0])

    def forget_all(self) -> None:
        """The dossiers in memory were folded by another catalog."""
        self._folded = Folded(FOLDED)
        self._checked_at = -1

    def remove(self, connection: Connection, stream: str) -> None:
        """All that is known of a stream here but its documents, which the caller purges in the same transaction."""
        rows = connection.execute(
            "SELECT position, queue FROM dossier WHERE stream = ?", (stream,)
        ).fetchall()
        positions = [(position,) for position, _ in rows]
        _count(connection, {queue: -1 for _, queue in rows})
        keep_lists(connection, {position: [] for position, _ in rows})
        _each(connection, "DELETE FROM dossier_search WHERE rowid = ?", positions)
        _each(connection, "DELETE FROM dossier WHERE position = ?", positions)
        hashes = connection.execute("SELECT hash FROM event WHERE stream = ?", (stream,)).fetchall()
        _each(connection, "DELETE FROM delivery WHERE hash = ?", hashes)
        _each(connection, "DELETE FROM wait WHERE hash = ?", hashes)
        for table in (
            "event",
            "conflict",
            "party",
            "named_file",
            "stream",
            "custody",
            "petition",
            "turned_away",
            "inbox",
            "submission",
            "pending_receipt",
        ):
            connection.execute(f"DELETE FROM {table} WHERE stream = ?", (stream,))  # noqa: S608 - names are ours
        self._file.file.after_commit(lambda: self._removed(stream, [str(one) for (one,) in hashes]))

    def _removed(self, stream: str, hashes: Sequence[str]) -> None:
        self._folded.forget(stream)
        for event_hash in hashes:
            self._seals.seen(f"{stream}:{event_hash}")

    def events_of(self, stream: str) -> list[Event | Unknown]:
        """The events of a stream here, whatever their seal."""
        named = [
            (summary.id, str(summary.winner))
            for summary in self.store.all_docs(startkey=f"{stream}:", endkey=f"{stream}:~")
        ]
        known = {name: event for name in named if (event := self._parsed.get(*name)) is not None}
        missing = [doc_id for doc_id, rev in named if (doc_id, rev) not in known]
        for stored in self.store.winners(missing, for_others=False).values() if missing else ():
            event = parse(load(render(stored)))
            known[stored.id, str(stored.rev)] = event
            self._parsed.keep(stored.id, str(stored.rev), event)
        return [known[name] for name in named]

    def dossier(self, stream: str) -> Dossier:
        """The fold of a stream, as of now."""
        with self._file.read() as connection:
            return self._fold(stream, self.events_of(stream), self._doubts(connection))

    def dossier_of(self, stream: str, known: Container[str]) -> Dossier:
        """The fold of some of a stream's events, as whoever had only those before their eyes saw the dossier."""
        with self._file.read() as connection:
            doubts = self._doubts(connection)
        return fold([event for event in self.events_of(stream) if event.hash in known], self._catalog, doubts)

    def _fold(self, stream: str, events: list[Event | Unknown], doubts: Mapping[str, str]) -> Dossier:
        made_of = self._catalog.number, events, [one.hash for one in events if one.hash in doubts]
        dossier = self._folded.get(stream, made_of)
        if dossier is None:
            dossier = fold(events, self._catalog, doubts)
            self._folded.keep(stream, made_of, dossier)
        return dossier

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
                self._project(connection, {stream: [] for stream in some})
        with self._file.write() as connection:
            self._waits.settle(connection)
            Fact.insert(key=_TRUSTED_UP_TO, value=str(number)).on_conflict_replace().execute()

    def _waiting(self, connection: Connection) -> list[tuple[str, str]]:
        query = f"SELECT DISTINCT stream, why FROM event WHERE {DOUBTFUL} AND place = ?"  # noqa: S608 - ours
        found: list[tuple[str, str]] = connection.execute(query, (Place.WAITING.value,)).fetchall()
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
        said = [entry for number, entry in self._catalog.trust.said if number > seen]
        persons = {entry.id for entry in said if isinstance(entry, Person)}
        touched = {stream for entry in said for stream in _touched(connection, entry)}
        return touched | _of_persons(connection, persons)

    def _note_forks(self, connection: Connection, hashes: Sequence[str]) -> None:
        """Two events with one number, both under the machine's seal."""
        for some in _slices(hashes, 500):
            marks = ", ".join("?" * len(some))
            connection.execute(_FORKS.format(which=f"m.hash IN ({marks})"), tuple(some))

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
            streams = dict.fromkeys(summary.id.partition(":")[0] for summary in self.store.all_docs())
            if self._catalog.centre == self._node:
                for visit, rated in self._all_ratings():
                    self._tallies.take_visits(connection, [visit], rated)
            for some in _slices([*streams], _SLICE):
                self._project(connection, {stream: self.events_of(stream) for stream in some})
            connection.execute(_FORKS.format(which="TRUE"))
        return len(streams)

    def _check_seals(self, connection: Connection) -> set[str]:
        """Look again at events whose node was not known when they came; the streams of those that are judged now.

        Of several copies of one event the one whose seal holds is the event; the others go.
        """
        number = self._catalog.number
        nodes = connection.execute(
            "SELECT DISTINCT e.node FROM delivery d JOIN event e ON e.stream = d.stream AND e.hash = d.hash"
            " WHERE d.sealed <> 1 AND d.sealed = ?",
            (Sealed.UNKNOWN,),
        ).fetchall()
        streams: set[str] = set()
        for (node,) in nodes:
            if self._catalog.latest.card(node) is None:
                continue
            unknown = connection.execute(
                "SELECT d.hash, d.stream FROM delivery d JOIN event e ON e.stream = d.stream AND e.hash = d.hash"
                " WHERE d.sealed <> 1 AND d.sealed = ? AND e.node = ?",
                (Sealed.UNKNOWN, node),
            ).fetchall()
            for event_hash, stream in unknown:
                self._settle(connection, f"{stream}:{event_hash}", Sealed.UNKNOWN)
                streams.add(stream)
            self._note_forks(connection, [event_hash for event_hash, _ in unknown])
        self._checked_at = number
        return streams

    def _settle_copies(self, connection: Connection, arrivals: Sequence[Arrival], now: str) -> None:
        """Another copy came of an event that is here: the true one takes the place of all others."""
        hashes = [arrival.id.partition(":")[2] for arrival in arrivals]
        rows = where_in(connection, "SELECT hash, sealed, local_seq FROM delivery WHERE hash IN", hashes)
        before = {event_hash: (Sealed(sealed), seq) for event_hash, sealed, seq in rows}
        for arrival, event_hash in zip(arrivals, hashes, strict=True):
            sealed, seq = before[event_hash]
            if seq == arrival.seq:
                continue  # it came just now
            if self._settle(connection, arrival.id, sealed) is Sealed.HOLDS and (
                arrival.source is not None and arrival.source == self._catalog.centre
            ):
                connection.execute(
                    "UPDATE delivery SET centre_at = coalesce(centre_at, ?) WHERE hash = ?", (now, event_hash)
                )

    def _settle(self, connection: Connection, name: str, before: Sealed) -> Sealed:
        """Look at the own seals of all copies of an event, and note what was seen."""
        copies = len(self.store.summary(name).leaves)
        sealed = settle(self.store, self._admission, name, before)
        connection.execute(
            "UPDATE delivery SET sealed = ?, local_seq = ? WHERE hash = ?",
            (sealed, self.store.summary(name).seq, name.partition(":")[2]),
        )
        if sealed is Sealed.HOLDS:
            if copies > 1:
                self._waits.forget(connection, name)
            self._file.file.after_commit(lambda: self._seals.seen(name))
        return sealed

    def _doubts(self, connection: Connection) -> dict[str, str]:
        """Events whose seal is not their node's; those of a node whose card came just now may be among them."""
        # `sealed <> 1` is the word of the partial index: without it every fold reads the whole archive
        states = [Sealed.WRONG]
        if self._checked_at != self._catalog.number:
            states.append(Sealed.UNKNOWN)
        doubted = where_in(connection, "SELECT hash FROM delivery WHERE sealed <> 1 AND sealed IN", states)
        return {event_hash: "seal" for (event_hash,) in doubted}

    # ---- rows

    def _project(self, connection: Connection, streams: dict[str, list[Event | Unknown]]) -> None:
        """Fold these streams and write what differs. The events given are all there are of a new stream."""
        known = rows_of(connection, "stream, hash, place, why", "event", streams)
        windows = rows_of(connection, "stream, agencies, over, missing", "stream", known)
        doubts = self._doubts(connection)
        dossiers: list[tuple[Dossier, bool]] = []
        conflicts = []
        rows: list[tuple[Any, ...]] = []
        events: list[tuple[Any, ...]] = []
        gone: list[tuple[str, str]] = []
        parties: list[tuple[str, str, str]] = []
        files: list[tuple[str, str, str]] = []
        custody: list[tuple[str, str, str, str, str, str]] = []
        receipts: list[tuple[Any, ...]] = []
        told_again: list[str] = []
        told: list[tuple[Dossier, Sequence[Event | Unknown]]] = []
        written: list[Written] = []
        for stream in sorted(streams):
            here = self.events_of(stream) if stream in known else streams[stream]
            if not here:  # central's word may be about what is not here
                continue
            dossier = self._fold(stream, here, doubts)
            dossiers.append((dossier, _is_unsure(dossier, here)))
            told.append((dossier, here))
            conflicts += _conflict_rows(dossier, here)
            parties += _party_rows(stream, here)
            files += _file_rows(stream, here)
            receipts += map(astuple, pending_of(dossier, here))
            custody += _custody_rows(dossier, here, self._catalog.latest)
            window = self._window_row(connection, dossier, here)
            before_window = windows[stream][0] if stream in windows else None
            if window != before_window:
                rows.append(window)
                if before_window is not None and _comes_in(before_window, window):
                    told_again += [f"{stream}:{event.hash}" for event in here]
            before: dict[str, tuple[Any, ...]] = {row[1]: row[2:] for row in known.get(stream, ())}
            for line in dossier.timeline:
                if line.hash not in before:
                    written.append(Written(line.by, line.kind, line.at))
                if before.pop(line.hash, None) != (line.place.value, line.why):
                    place = (line.place.value, line.why)
                    events.append(
                        (stream, line.hash, line.node, line.seq, line.kind, line.at, line.by, *place)
                    )
            gone += ((stream, event_hash) for event_hash in before)
        _each(connection, "DELETE FROM event WHERE stream = ? AND hash = ?", gone)
        _each(connection, "INSERT OR REPLACE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", events)
        _each(connection, "DELETE FROM party WHERE stream = ?", [(stream,) for stream in known])
        _each(connection, "INSERT INTO party VALUES (?, ?, ?)", parties)
        _each(connection, "DELETE FROM conflict WHERE stream = ?", [(stream,) for stream in known])
        _each(connection, "INSERT INTO conflict VALUES (?, ?, ?, ?, ?, ?, ?)", conflicts)
        _each(connection, "DELETE FROM custody WHERE stream = ?", [(stream,) for stream in known])
        _each(connection, "INSERT INTO custody VALUES (?, ?, ?, ?, ?, ?)", custody)
        _each(connection, "DELETE FROM pending_receipt WHERE stream = ?", [(stream,) for stream in known])
        _each(connection, "INSERT INTO pending_receipt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", receipts)
        _each(connection, "DELETE FROM named_file WHERE stream = ?", [(stream,) for stream in known])
        _each(connection, "INSERT INTO named_file VALUES (?, ?, ?)", files)
        _each(connection, "INSERT OR REPLACE INTO stream VALUES (?, ?, ?, ?)", rows)
        self._project_dossiers(connection, dossiers)
        _project_petitions(connection, [dossier for dossier, _ in dossiers])
        _project_turned_away(connection, [dossier for dossier, _ in dossiers])
        _project_inbox(connection, told)
        if told_again:
            self._tell_again(connection, told_again)
        if self._catalog.centre == self._node:
            others = self._tallies.take(connection, told, written)
            if others:
                self._project(connection, {stream: [] for stream in others})

    def rated(self, connection: Connection, visits: Mapping[str, Sequence[Rated]]) -> None:
        """How these visits were rated; it counts for the dossiers that they were about."""
        rated = [one for some in visits.values() for one in some]
        dossiers = self._tallies.take_visits(connection, list(visits), rated)
        self._project(connection, {stream: [] for stream in dossiers})

    def rate_by(self, ratings: Callable[[], Iterable[tuple[str, Sequence[Rated]]]]) -> None:
        """Who has all visits that were rated, for when everything is made again."""
        self._all_ratings = ratings

    def _window_row(
        self, connection: Connection, dossier: Dossier, events: Sequence[Event | Unknown]
    ) -> tuple[str, str, str, int]:
        """What is over is so since its last act, or since that came here: whoever has the rest must get it, however
        old it is when it comes."""
        over = over_on(dossier, events)
        if over is not None:
            came = where_in(
                connection, "SELECT arrived_at FROM delivery WHERE hash IN", [event.hash for event in events]
            )
            over = max([over, *(local_day(moment(at)) for (at,) in came)])
        agencies = " ".join(sorted(agencies_of(dossier, events)))
        return dossier.stream, agencies, over.isoformat() if over else "", len(dossier.missing)

    def _tell_again(self, connection: Connection, names: Sequence[str]) -> None:
        """These streams are now in windows that they were not in before, whose owners are past them."""
        told = self.store.tell_again(names)
        _each(
            connection,
            "UPDATE delivery SET local_seq = ? WHERE hash = ?",
            [(seq, name.partition(":")[2]) for name, seq in told.items()],
        )

    def _project_dossiers(self, connection: Connection, dossiers: Sequence[tuple[Dossier, bool]]) -> None:
        """Each with whether its due moment was counted from an hour that nobody is sure of."""
        calendar = self._catalog.latest.calendar()
        searched = f"stream, position, queue, {', '.join(_SEARCHED)}"
        known = rows_of(connection, searched, "dossier", [one.stream for one, _ in dossiers])
        taken = _Positions(connection, [one.stream for one, _ in dossiers if one.stream not in known])
        rows, gone = [], []
        moved: dict[str, int] = {}
        lists: dict[int, list[Listed]] = {}
        unsearched: list[tuple[int]] = []
        texts: list[tuple[int, str]] = []
        for dossier, unsure in dossiers:
            before = known[dossier.stream][0] if dossier.stream in known else None
            if before is not None:
                moved[before[2]] = moved.get(before[2], 0) - 1
            row = _dossier_row(dossier, calendar, unsure=unsure)
            if row is None:
                if before is not None:
                    gone.append((before[1],))
                    lists[before[1]] = []
                continue
            position = taken.next(dossier.stream) if before is None else before[1]
            rows.append((position, *row.values()))
            moved[row["queue"]] = moved.get(row["queue"], 0) + 1
            lists[position] = lists_of(dossier, calendar, self._catalog.latest)
            text = tuple(row[name] for name in _SEARCHED)
            if before is None or before[3:] != text:
                texts.append((position, " ".join(words(" ".join(text)))))
                if before is not None:
                    unsearched.append((position,))
        _each(connection, "DELETE FROM dossier WHERE position = ?", gone)
        _each(connection, "DELETE FROM dossier_search WHERE rowid = ?", [*gone, *unsearched])
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            _each(connection, f"INSERT OR REPLACE INTO dossier VALUES ({marks})", rows)  # noqa: S608
        keep_lists(connection, lists)
        _each(connection, "INSERT INTO dossier_search (rowid, words) VALUES (?, ?)", texts)
        _count(connection, moved)


_FORKS: Final = """
INSERT INTO fork SELECT mine.node || ' ' || mine.seq, mine.node, mine.seq, min(mine.hash, other.hash),
    max(mine.hash, other.hash)
FROM delivery m JOIN event mine ON mine.stream = m.stream AND mine.hash = m.hash
JOIN event other ON other.node = mine.node AND other.seq = mine.seq AND other.hash <> mine.hash
JOIN delivery o ON o.hash = other.hash
WHERE m.sealed > 0 AND o.sealed > 0 AND {which} ON CONFLICT (key) DO NOTHING
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
        case Admitted(event=named) | Redaction(target=named):
            yield from stream_of(connection, [named]).values()
            return
        case Revocation():
            # which certificate an act was signed with stands in the act: all of them since then are looked at
            marks = ", ".join("?" * len(_SIGNED))
            query, values = f"at >= ? AND kind IN ({marks})", (entry.since, *_SIGNED)
        case Year():
            # what was waited for counts in working days, and those are others now
            marks = ", ".join("?" * len(PAUSES))
            query, values = f"kind IN ({marks})", tuple(PAUSES)
        case Choice():
            query, values = "place = ? AND why LIKE 'catalogue %'", (Place.WAITING.value,)
        case Report():
            yield from entry.streams
            return
        case _:
            return
    found = connection.execute(f"SELECT DISTINCT stream FROM event WHERE {query}", values)  # noqa: S608 - ours
    yield from [stream for (stream,) in found]


def _of_persons(connection: Connection, persons: Set[str]) -> set[str]:
    """The streams with acts of theirs: one look through all acts, however many persons a list of staff brings."""
    if not persons:
        return set()
    return {
        stream
        for (stream,) in where_in(connection, "SELECT DISTINCT stream FROM event WHERE by IN", [*persons])
    }


def _slices(many: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (many[at : at + size] for at in range(0, len(many), size))


def events_here(file: NodeFile, hashes: Sequence[str]) -> set[str]:
    """Which of these events are here, in whatever copy."""
    with file.read() as connection:
        return {row[0] for row in where_in(connection, "SELECT hash FROM delivery WHERE hash IN", hashes)}


def stream_of(connection: Connection, hashes: Sequence[str]) -> dict[str, str]:
    """In which stream each of these events lies; without those that are not here."""
    rows = where_in(connection, "SELECT hash, stream FROM delivery WHERE hash IN", hashes)
    return {str(event_hash): str(stream) for event_hash, stream in rows}


def _project_petitions(connection: Connection, folded: Sequence[Dossier]) -> None:
    petitions = [one for one in folded if any(line.kind.startswith("petition.") for line in one.timeline)]
    _each(connection, "DELETE FROM petition WHERE stream = ?", [(one.stream,) for one in petitions])
    rows = [astuple(row) for one in petitions if (row := listed_of(one)) is not None]
    _each(connection, "INSERT INTO petition VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _project_turned_away(connection: Connection, folded: Sequence[Dossier]) -> None:
    brought = [one for one in folded if any(line.kind == REGISTERED for line in one.timeline)]
    _each(connection, "DELETE FROM turned_away WHERE stream = ?", [(one.stream,) for one in brought])
    rows = [astuple(row) for one in brought if (row := turned_away_of(one)) is not None]
    _each(connection, "INSERT INTO turned_away VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _project_inbox(connection: Connection, told: Sequence[tuple[Dossier, Sequence[Event | Unknown]]]) -> None:
    """What came online and waits, and under which name it came. Of a stream that came otherwise there is nothing."""
    came = [(one, events) for one, events in told if any(line.kind == REGISTERED for line in one.timeline)]
    streams = [(one.stream,) for one, _ in came]
    _each(connection, "DELETE FROM inbox WHERE stream = ?", streams)
    _each(connection, "DELETE FROM submission WHERE stream = ?", streams)
    rows = [astuple(row) for one, events in came if (row := waiting_of(one, events)) is not None]
    _each(connection, "INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    names = [(one, submission) for one, _ in came if (submission := submission_of(one)) is not None]
    _each(
        connection,
        "INSERT INTO submission VALUES (?, ?, ?, ?)",
        [(submission.portal, submission.name, one.stream, submission.digest) for one, submission in names],
    )


def _each(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement for each row. For none it would still hand the interpreter to another thread, and wait for it."""
    if rows:
        connection.executemany(statement, rows)


def _count(connection: Connection, moved: Mapping[str, int]) -> None:
    """Note by how much queues grew or shrank; what waits for nobody is not counted."""
    _each(
        connection,
        "INSERT INTO queue_count VALUES (?, ?) ON CONFLICT (queue) DO UPDATE SET count = count + excluded.count",
        [(queue, by) for queue, by in moved.items() if queue and by],
    )


def rows_of(
    connection: Connection, columns: str, table: str, streams: Iterable[str]
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of a projection by their stream, which is the first column."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    statement = f"SELECT {columns} FROM {table} WHERE stream IN"  # noqa: S608 - names are ours
    for row in where_in(connection, statement, list(streams)):
        found.setdefault(row[0], []).append(tuple(row))
    return found


def _party_rows(stream: str, events: Sequence[Event | Unknown]) -> list[tuple[str, str, str]]:
    """Whom the acts of a stream name, by number."""
    named = {number for event in events if isinstance(event, Event) for number in numbers_in(event.data)}
    return [(f"{stream} {number}", number, stream) for number in sorted(named)]


def _file_rows(stream: str, events: Sequence[Event | Unknown]) -> list[tuple[str, str, str]]:
    """Which files the acts of a stream name."""
    named = {file for event in events if isinstance(event, Event) for file in files_named(event.data)}
    return [(f"{stream} {file}", file, stream) for file in sorted(named)]


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


def _comes_in(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    """Whether there may be windows in which a stream is only now: of another agency, or open again after a while."""
    if set(now[1].split()) - set(before[1].split()):
        return True
    if not before[2] or before[2] == now[2]:
        return False
    return not now[2] or date.fromisoformat(now[2]) - date.fromisoformat(before[2]) > _SHORTLY


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


def _is_unsure(dossier: Dossier, events: Sequence[Event | Unknown]) -> bool:
    """Whether the reception carries `clock: unsure` and central has not looked at it yet."""
    standing = dossier.standing
    if standing.receipt is None or standing.checked is not None:
        return False
    return any(
        isinstance(event, Event) and event.clock == "unsure" and event.hash == standing.receipt.hash
        for event in events
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
        "contested": len(dossier.conflicts),
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
