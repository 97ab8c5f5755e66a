"""From documents to folds: what is read of a stream, what is kept in memory of it, and what has to be folded again.

Used by the projector of a node, in the transaction that brings events, and by those who follow it
(`edge.postgres.following`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, Final

from edge.tables.projections import DOUBTFUL
from schemas.acts import TABLE
from schemas.calendar import Year
from schemas.catalog import Catalog
from schemas.entries import Admission as Admitted
from schemas.entries import Choice, Cut, Entry, Fork, Person, Redaction, Report, Revocation
from schemas.events import Event, EventHash, Unknown, parse
from schemas.fold import PAUSES, Dossier, Place, fold
from sync.documents import load, render
from sync.rows import marks, where_in
from sync.sqlite import Connection
from sync.store import Store

PARSED = 4_000
"""Events kept in memory, of some 4 KB each: those of a batch that arrives, and of the dossiers that are worked on."""
FOLDED: Final = 64
"""Dossiers kept in memory as they were folded last: one that is worked on is asked for several times an act."""
TRUSTED_UP_TO: Final = "trusted up to"
"""The fact up to which entry of the catalog everything here is folded."""
_MadeOf = tuple[int, list[Event | Unknown], list[EventHash]]
"""The catalog's number, the events, and those of them whose seal is doubted."""
_SIGNED: Final = tuple(act.kind for act in TABLE if act.signed)
StreamsOf = Callable[[Sequence[str]], Iterable[str]]
"""In which streams these acts lie, by their hashes; without those that are not here."""


class Parsed:
    """The events read last. A revision names its content and its seal, so that what was parsed once stays true."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._events: OrderedDict[tuple[str, str], Event | Unknown] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, doc_id: str, rev: str) -> Event | Unknown | None:
        """The event of a revision, if it is still remembered."""
        with self._lock:
            event = self._events.get((doc_id, rev))
            if event is not None:
                self._events.move_to_end((doc_id, rev))
            return event

    def keep(self, doc_id: str, rev: str, event: Event | Unknown) -> None:
        """In place of the one that was asked for longest ago, once there are more than `most`."""
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
        """None unless it was made of exactly this: catalog, events in this order, and doubts."""
        with self._lock:
            kept = self._dossiers.get(stream)
        return kept[1] if kept is not None and kept[0] == made_of else None

    def keep(self, stream: str, made_of: _MadeOf, dossier: Dossier) -> None:
        """In place of what was kept of the stream; beyond `most` the one that was kept longest ago goes."""
        with self._lock:
            self._dossiers[stream] = made_of, dossier
            self._dossiers.move_to_end(stream)
            if len(self._dossiers) > self._most:
                self._dossiers.popitem(last=False)

    def forget(self, stream: str) -> None:
        """Nothing happens for a stream of which nothing is kept."""
        with self._lock:
            self._dossiers.pop(stream, None)


class Folding:
    """Folds the streams of one store by one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._parsed = Parsed(PARSED)
        self._folded = Folded(FOLDED)
        self._store: Store | None = None

    def read_from(self, store: Store) -> None:
        """The store of `dossiers`; it has the projector as its hook, and so exists after it."""
        self._store = store

    @property
    def store(self) -> Store:
        """Of `dossiers`. AssertionError before `read_from`."""
        assert self._store is not None, "read_from() comes first"  # noqa: S101
        return self._store

    def keep(self, doc_id: str, rev: str, event: Event | Unknown) -> None:
        """What was parsed when it came."""
        self._parsed.keep(doc_id, rev, event)

    def forget(self, doc_id: str) -> None:
        """The parsed event of a document whose data is gone, and the dossier that was made of it."""
        self._parsed.forget(doc_id)
        self._folded.forget(doc_id.partition(":")[0])

    def forget_stream(self, stream: str) -> None:
        """After all of it has left here. Its parsed events go when others need their room."""
        self._folded.forget(stream)

    def forget_all(self) -> None:
        """The dossiers in memory were folded by another catalog."""
        self._folded = Folded(FOLDED)

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

    def fold(self, stream: str, events: list[Event | Unknown], doubts: Mapping[str, str]) -> Dossier:
        """The dossier of these events; the one of before, where events, doubts and catalog are what they
        were.
        """
        made_of = self._catalog.number, events, [one.hash for one in events if one.hash in doubts]
        dossier = self._folded.get(stream, made_of)
        if dossier is None:
            dossier = fold(events, self._catalog, doubts)
            self._folded.keep(stream, made_of, dossier)
        return dossier


# ---- what has to be folded again when the catalog has grown


def waiting(connection: Connection) -> list[tuple[str, str]]:
    """The streams with an act that waits, each with what it waits for."""
    query = f"SELECT DISTINCT stream, why FROM event WHERE {DOUBTFUL} AND place = ?"  # noqa: S608 - ours
    found: list[tuple[str, str]] = connection.execute(query, (Place.WAITING.value,)).fetchall()
    return found


def is_answered(why: str, catalog: Catalog) -> bool:
    """Whether what an act waited for may be here by now."""
    what, _, name = why.partition(" ")
    if what == "catalogue":
        return int(name) <= catalog.number
    return why.startswith("card of ") and catalog.latest.card(name.removeprefix("of ")) is not None


def in_another_light(connection: Connection, catalog: Catalog, seen: int, streams_of: StreamsOf) -> set[str]:
    """The streams that trust decisions after entry `seen` are about."""
    said = [entry for number, entry in catalog.trust.said if number > seen]
    persons = {entry.id for entry in said if isinstance(entry, Person)}
    found = {stream for entry in said for stream in _touched(connection, entry, streams_of)}
    return found | _of_persons(connection, persons)


def _touched(connection: Connection, entry: Entry, streams_of: StreamsOf) -> Iterator[str]:
    """The streams with acts that fold otherwise because of an entry."""
    query: str
    values: tuple[Any, ...]
    match entry:
        case Cut(database="dossiers"):
            query, values = "node = ? AND seq >= ?", (entry.node, entry.last_seq)
        case Fork(database="dossiers"):
            query, values = "node = ? AND seq >= ?", (entry.node, entry.seq)
        case Admitted(event=named) | Redaction(target=named):
            yield from streams_of([named])
            return
        case Revocation():
            # which certificate an act was signed with stands in the act: all of them since then are looked at
            query, values = f"at >= ? AND kind IN ({marks(_SIGNED)})", (entry.since, *_SIGNED)
        case Year():
            # what was waited for counts in working days, and those are others now
            query, values = f"kind IN ({marks(pauses := tuple(PAUSES))})", pauses
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
