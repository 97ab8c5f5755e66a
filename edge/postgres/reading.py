"""What a projector reads: the documents of a node, as the process that runs it has left them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from edge.admission import Admission, Sealed
from edge.branches import CHOSEN, INTRODUCED, branch_with, hash_of, source_of
from edge.database import NodeFile
from edge.errors import CannotStart
from edge.folder import Folder
from edge.folding import TRUSTED_UP_TO, Folding
from edge.projector import stream_of
from edge.tables.migrations import MIGRATIONS
from edge.tables.node import Chain, Fact
from edge.tallying import Ratings
from edge.visits import RATED, folded, ratings_of
from edge.waits import Waits
from schemas.catalog import Catalog
from schemas.events import Document, Event, Unknown
from schemas.fold import Dossier
from sync.documents import load, render
from sync.rows import Summary
from sync.sqlite import SqliteFile
from sync.store import Store

DATABASES: Final = ("catalog", "dossiers", "visits")


class Otherwise(Exception):
    """The documents are not the continuation of those that were read: all is to be read anew."""


class Source:
    """One node's documents. Another process writes them; nothing is written here.

    What was seen of seals is the node's word, and events are folded by its catalog up to the entry by which it has folded
    everything itself: so two that read one place say the same of it.
    """

    def __init__(self, folder: Folder, node: str) -> None:
        """`folder` is unlocked. Raises `CannotStart`."""
        self.folder, self.node = folder, node
        if not folder.database.exists():
            raise CannotStart(f"{folder.path} holds no node")
        self._inode = folder.database.stat().st_ino
        self.file = NodeFile(SqliteFile(folder.database, key=folder.at_rest.database_key))
        with self.file.read() as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version != len(MIGRATIONS):
            raise CannotStart(
                f"{folder.database} has tables {version}, this program knows {len(MIGRATIONS)}: start the node first"
            )
        self.root = folder.root.read_bytes()
        self.catalog = Catalog(self.root)
        self.stores: Mapping[str, Store] = {
            name: Store(self.file.file, name, new_id=str, reading=True) for name in DATABASES
        }
        self._folding = Folding(self.catalog)
        self._folding.read_from(self.stores["dossiers"])
        self._rules = Admission(self.catalog, Waits(self.file), node=node)
        self._entries: dict[str, Document] = {}
        self._catalog_seq = 0
        with self.file.read():
            self.choice = _fact(CHOSEN)
            introduced = _fact(INTRODUCED)
        if introduced:
            self.catalog.introduce(json.loads(introduced))
        if folder.succession.exists():
            self.catalog.introduce(load(folder.succession.read_bytes()))

    @property
    def name(self) -> str:
        """What the documents are of: the node, the life of its store, and the branch of the catalog."""
        return source_of(self.node, self.stores["dossiers"].epoch, self.choice)

    def close(self) -> None:
        """The node's file as read here; its process does not notice."""
        self.file.file.close()

    def written(self) -> int:
        """Another number once anything was written there."""
        return self.file.file.written_by_others()

    def follow_catalog(self) -> bool:
        """Apply the catalog as far as the node has folded by it; False where it has not begun. Raises `Otherwise`."""
        if self.folder.database.stat().st_ino != self._inode:
            raise Otherwise("another file has taken its place")  # it was closed with a new key, or put back
        with self.file.read() as connection:
            asked = "SELECT key, value FROM fact WHERE key IN (?, ?)"  # at each step: peewee takes ten times as long
            facts = dict(connection.execute(asked, (CHOSEN, TRUSTED_UP_TO)).fetchall())
            if facts.get(CHOSEN, "") != self.choice:
                raise Otherwise("another branch of the catalog was chosen")
            trusted = int(facts.get(TRUSTED_UP_TO) or 0)
            if trusted == self.catalog.number:
                return trusted > 0
            head = Chain.get_or_none(Chain.database == "catalog")
            if head is None or not head.seq:
                return False  # a new central that collects
            self._read_entries()
        if trusted < self.catalog.number:
            raise Otherwise("the catalog is shorter than it was")
        run = branch_with(list(self._entries.values()), head.hash)
        run = [one for one in run if self.catalog.number < one["seq"] <= trusted]
        if not run or run[0]["seq"] != self.catalog.number + 1 or run[0]["prev"] != self.catalog.tip:
            raise Otherwise("the catalog does not go on where it ended")
        self.catalog.apply(run)
        for document in run:
            del self._entries[hash_of(document)]
        return True

    def _read_entries(self) -> None:
        store = self.stores["catalog"]
        names = [change.id for change in store.changes(since=self._catalog_seq)]
        self._catalog_seq = store.seq()
        for stored in store.winners(names).values():
            document = load(render(stored))
            self._entries[hash_of(document)] = document

    def changes(
        self, database: str, since: int, *, limit: int, up_to: int | None
    ) -> tuple[list[Summary], int]:
        """Up to so many changes of a feed, none behind `up_to`; and up to where that is all of them."""
        store = self.stores[database]
        with self.file.read():
            now = store.seq() if up_to is None else up_to
            found = store.changes(since, limit=limit)
        listed = [one for one in found if one.seq <= now]
        return listed, found[-1].seq if len(listed) == limit else now

    def forget(self, doc_id: str) -> None:
        """Its data may be gone, and so is what was kept of it."""
        self._folding.forget(doc_id)

    def folds(self, streams: Sequence[str]) -> list[tuple[Dossier, list[Event | Unknown]]]:
        """These streams as of now, in the order of their names; without those that have nothing here."""
        with self.file.read() as connection:
            doubted = "SELECT hash FROM delivery WHERE sealed <> 1 AND sealed = ?"
            doubts = {one: "seal" for (one,) in connection.execute(doubted, (Sealed.WRONG,))}
            told = []
            for stream in sorted(streams):
                events = self._folding.events_of(stream)
                if events:
                    told.append((self._folding.fold(stream, events, doubts), events))
            return told

    def streams_of(self, hashes: Sequence[str]) -> list[str]:
        """In which streams these acts lie."""
        with self.file.read() as connection:
            return list(stream_of(connection, hashes).values())

    def rated(self, names: Sequence[str]) -> set[str]:
        """Which visits are rated by these documents."""
        with self.file.read():
            found = self.stores["visits"].winners(names).values()
            return {one.id.partition(":")[0] for one in found if load(render(one)).get("kind") == RATED}

    def ratings(self, visits: Sequence[str]) -> list[Ratings]:
        """How these visits were rated."""
        with self.file.read():
            store = self.stores["visits"]
            return [
                ratings_of(visit, *folded(store, self._rules, self.catalog, visit))
                for visit in sorted(visits)
            ]


def _fact(key: str) -> str:
    fact: Any = Fact.get_or_none(Fact.key == key)
    return "" if fact is None else str(fact.value)
