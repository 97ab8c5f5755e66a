"""From events to folds, in the transaction that brings the events.

Own acts and what neighbours bring come through the same door: the store's `arrived` hook. A stream is folded
anew whenever one of its events arrives, or when the catalog brings what one of them was waiting for. What the tables
say of a fold is for `edge.dossier_rows`; of a stream's acts only what differs is written, for all of a batch together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence, Set
from datetime import date, timedelta
from typing import Any, Final, TypeVar

from edge.admission import Admission, Sealed
from edge.clock import Clock
from edge.database import NodeFile
from edge.dossier_rows import Told, each, remove_rows, rows_of, write_acts, write_rows
from edge.folding import TRUSTED_UP_TO, Folding, in_another_light, is_answered, waiting
from edge.seals import Seals, settle
from edge.tables.node import Fact
from edge.tables.projections import DOUBTFUL, fresh_projections
from edge.tallying import Ratings, Tallies
from edge.waits import Waits
from schemas.calendar import local_day
from schemas.catalog import Catalog
from schemas.events import Event, Unknown, moment, timestamp
from schemas.fold import Dossier, fold
from schemas.scopes import agencies_of, over_on
from sync.rows import marks, where_in
from sync.sqlite import Connection
from sync.store import Store
from sync.writing import Arrival

_SLICE: Final = 200
"""Streams folded anew in one transaction when the catalog grew: others write in between."""
_AT_ONCE: Final = 1_000
"""Acts whose names are read at once where all are folded anew."""
_SHORTLY: Final = timedelta(days=7)
"""Nobody's window has been left by what is over for so short a time."""
_ANY_WAITING: Final = f"SELECT 1 FROM event WHERE {DOUBTFUL} AND place = 'waiting' LIMIT 1"  # noqa: S608 - ours
T = TypeVar("T")
Tell = Callable[[Connection, Sequence[tuple[Dossier, Sequence[Event | Unknown], Set[str]]]], None]
"""Hears of dossiers as they are folded now, each with its acts that are new here."""


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
        self.own_up_to = 0
        """Where in the feed the newest act is that was written here since the start."""
        self._folding = Folding(catalog)
        self._tallies = Tallies(catalog)
        self._all_ratings: Callable[[], Iterable[Ratings]] = tuple
        self._tell: Tell | None = None
        self._checked_at = -1  # the number of the catalog by which unknown nodes were last looked for

    def read_from(self, store: Store) -> None:
        """The store of `dossiers`; it has this projector as its hook, and so exists after it."""
        self._folding.read_from(store)

    @property
    def store(self) -> Store:
        """Of `dossiers`. AssertionError before `read_from`."""
        return self._folding.store

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
            if own:
                self.own_up_to = arrival.seq
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
            self._folding.keep(arrival.id, arrival.rev, event)
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
        self._folding.forget(doc_id)

    def forget_all(self) -> None:
        """The dossiers in memory were folded by another catalog."""
        self._folding.forget_all()
        self._checked_at = -1

    def remove(self, connection: Connection, stream: str) -> None:
        """All that is known of a stream here but its documents, which the caller purges in the same transaction."""
        remove_rows(connection, stream)
        hashes = connection.execute("SELECT hash FROM event WHERE stream = ?", (stream,)).fetchall()
        each(connection, "DELETE FROM delivery WHERE hash = ?", hashes)
        each(connection, "DELETE FROM wait WHERE hash = ?", hashes)
        connection.execute("DELETE FROM event WHERE stream = ?", (stream,))
        connection.execute("DELETE FROM stream WHERE stream = ?", (stream,))
        self._file.file.after_commit(lambda: self._removed(stream, [str(one) for (one,) in hashes]))

    def _removed(self, stream: str, hashes: Sequence[str]) -> None:
        self._folding.forget_stream(stream)
        for event_hash in hashes:
            self._seals.seen(f"{stream}:{event_hash}")

    def events_of(self, stream: str) -> list[Event | Unknown]:
        """The events of a stream here, whatever their seal."""
        return self._folding.events_of(stream)

    def dossier(self, stream: str) -> Dossier:
        """The fold of a stream, as of now."""
        with self._file.read() as connection:
            return self._folding.fold(stream, self.events_of(stream), self._doubts(connection))

    def dossier_of(self, stream: str, known: Container[str]) -> Dossier:
        """The fold of some of a stream's events, as whoever had only those before their eyes saw the dossier."""
        with self._file.read() as connection:
            doubts = self._doubts(connection)
        return fold([event for event in self.events_of(stream) if event.hash in known], self._catalog, doubts)

    def catalog_grew(self) -> None:
        """Fold again what waited for a card or an entry, and what central's newest word puts in another light."""
        number = self._catalog.number
        with self._file.write() as connection:
            streams = self._check_seals(connection)
        with self._file.read() as connection:
            streams |= {stream for stream, why in waiting(connection) if is_answered(why, self._catalog)}
            fact = Fact.get_or_none(Fact.key == TRUSTED_UP_TO)
            seen = int(fact.value) if fact is not None else 0
            streams |= in_another_light(
                connection, self._catalog, seen, lambda hashes: stream_of(connection, hashes).values()
            )
        for some in _slices(sorted(streams), _SLICE):
            with self._file.write() as connection:
                self._project(connection, {stream: [] for stream in some})
        with self._file.write() as connection:
            self._waits.settle(connection)
            Fact.insert(key=TRUSTED_UP_TO, value=str(number)).on_conflict_replace().execute()

    def unheard(self) -> set[str]:
        """The entries of another branch of the catalog that acts here wait for, by name."""
        with self._file.read() as connection:
            streams = {
                stream
                for stream, why in waiting(connection)
                if why.startswith("catalogue ") and is_answered(why, self._catalog)
            }
        return {
            event.catalog
            for stream in streams
            for event in self.events_of(stream)
            if isinstance(event, Event) and self._catalog.passed(event.catalog)
        }

    def _note_forks(self, connection: Connection, hashes: Sequence[str]) -> None:
        """Two events with one number, both under the machine's seal."""
        for some in _slices(hashes, 500):
            connection.execute(_FORKS.format(which=f"m.hash IN ({marks(some)})"), tuple(some))

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
            if self._catalog.centre == self._node:
                for ratings in self._all_ratings():
                    self._tallies.take_visits(connection, [ratings])
            count = 0
            for some in self.streams():
                self._project(connection, {stream: self.events_of(stream) for stream in some}, again=True)
                count += len(some)
            connection.execute(_FORKS.format(which="TRUE"))
        return count

    def streams(self) -> Iterator[Sequence[str]]:
        """In their order, some at a time: those of a province, all at once, take more memory than a machine has."""
        start = ""
        while names := [one.id for one in self.store.all_docs(startkey=start, limit=_AT_ONCE)]:
            some = list(dict.fromkeys(name.partition(":")[0] for name in names))
            yield some
            start = f"{some[-1]}~"  # after all acts of that one

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

    def _project(
        self, connection: Connection, streams: dict[str, list[Event | Unknown]], *, again: bool = False
    ) -> None:
        """Fold these streams and write what differs. The events given are all there are of a new stream. `again`: all of it
        was shown before, and nobody outside is told anew."""
        known = rows_of(connection, "stream, hash, place, why", "event", streams)
        windows = rows_of(connection, "stream, agencies, over, missing", "stream", known)
        doubts = self._doubts(connection)
        rows: list[tuple[Any, ...]] = []
        told_again: list[str] = []
        told: list[Told] = []
        outside: list[tuple[Dossier, Sequence[Event | Unknown], Set[str]]] = []
        for stream in sorted(streams):
            here = self.events_of(stream) if stream in known else streams[stream]
            if not here:  # central's word may be about what is not here
                continue
            dossier = self._folding.fold(stream, here, doubts)
            told.append((dossier, here))
            window = self._window_row(connection, dossier, here)
            before_window = windows[stream][0] if stream in windows else None
            if window != before_window:
                rows.append(window)
                if before_window is not None and _comes_in(before_window, window):
                    told_again += [f"{stream}:{event.hash}" for event in here]
            if self._tell is not None:
                before = {row[1] for row in known.get(stream, ())}
                outside.append((dossier, here, {line.hash for line in dossier.timeline} - before))
        written = write_acts(connection, told, known)
        each(connection, "INSERT OR REPLACE INTO stream VALUES (?, ?, ?, ?)", rows)
        write_rows(connection, told, self._catalog.latest, known=known)
        if self._tell is not None and not again:
            self._tell(connection, outside)
        if told_again:
            self._tell_again(connection, told_again)
        if self._catalog.centre == self._node:
            others = self._tallies.take(connection, told, written)
            if others:
                self._project(connection, {stream: [] for stream in others})

    def rated(self, connection: Connection, ratings: Sequence[Ratings]) -> None:
        """How these visits were rated; it counts for the dossiers that they were about."""
        dossiers = self._tallies.take_visits(connection, ratings)
        self._project(connection, {stream: [] for stream in dossiers})

    def rated_before(self, connection: Connection, visits: Collection[str]) -> set[str]:
        """Of these visits those whose ratings what comes may change."""
        return self._tallies.rated_before(connection, visits)

    def ratings_waiting(self) -> list[str]:
        """The visits with a rating that waits for something."""
        with self._file.read() as connection:
            return self._tallies.ratings_waiting(connection)

    def tell_by(self, tell: Tell) -> None:
        """Who writes down what has to go out, in the transaction in which it shows."""
        self._tell = tell

    def rate_by(self, ratings: Callable[[], Iterable[Ratings]]) -> None:
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
        each(
            connection,
            "UPDATE delivery SET local_seq = ? WHERE hash = ?",
            [(seq, name.partition(":")[2]) for name, seq in told.items()],
        )


_FORKS: Final = """
INSERT INTO fork SELECT mine.node || ' ' || mine.seq, mine.node, mine.seq, min(mine.hash, other.hash),
    max(mine.hash, other.hash)
FROM delivery m JOIN event mine ON mine.stream = m.stream AND mine.hash = m.hash
JOIN event other ON other.node = mine.node AND other.seq = mine.seq AND other.hash <> mine.hash
JOIN delivery o ON o.hash = other.hash
WHERE m.sealed > 0 AND o.sealed > 0 AND {which} ON CONFLICT (key) DO NOTHING
"""


def _slices(many: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (many[at : at + size] for at in range(0, len(many), size))


def events_here(file: NodeFile, hashes: Sequence[str]) -> set[str]:
    """Which of these events are here, in whatever copy."""
    with file.read() as connection:
        return {row[0] for row in where_in(connection, "SELECT hash FROM delivery WHERE hash IN", hashes)}


def waiting_since(file: NodeFile, hashes: Sequence[str], since: str, until: str) -> set[str]:
    """Of these events those that came between these moments, as `timestamp` writes them, and wait for another act, an entry
    or a card."""
    with file.read() as connection:
        # asked at every page of a feed, and nearly always nothing waits
        if connection.execute(_ANY_WAITING).fetchone() is None:
            return set()
        rows = where_in(
            connection,
            "SELECT d.hash, d.arrived_at FROM delivery d JOIN event e ON e.stream = d.stream AND e.hash = d.hash"
            " WHERE e.place = 'waiting' AND d.hash IN",
            hashes,
        )
        return {event_hash for event_hash, arrived_at in rows if since < arrived_at <= until}


def stream_of(connection: Connection, hashes: Sequence[str]) -> dict[str, str]:
    """In which stream each of these events lies; without those that are not here."""
    rows = where_in(connection, "SELECT hash, stream FROM delivery WHERE hash IN", hashes)
    return {str(event_hash): str(stream) for event_hash, stream in rows}


def _comes_in(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    """Whether there may be windows in which a stream is only now: of another agency, or open again after a while."""
    if set(now[1].split()) - set(before[1].split()):
        return True
    if not before[2] or before[2] == now[2]:
        return False
    return not now[2] or date.fromisoformat(now[2]) - date.fromisoformat(before[2]) > _SHORTLY
