"""What the law demands to be gone goes: from documents, lists, search, papers, files, and the bytes of all of them.

The catalog names an event or a file, and the ground. Every node does the same, at once and again at each start, so
that a restored copy forgets anew. Header, seal and chain stay: that something was done, by whom and when, can still be
proven. A peer that has not heard of it yet cannot bring the data back: the first revision is refused by then.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from edge.archive import Archive, Damaged
from edge.database import NodeFile
from edge.projector import Projector, stream_of
from edge.tables.departed import Erased
from edge.tables.node import Fact
from edge.tables.people import DraftRow
from printing import spool
from schemas.catalog import Catalog
from schemas.events import redacted
from sync.errors import Unavailable
from sync.sqlite import SqliteFile
from sync.store import Store

log = logging.getLogger(__name__)

SCRUB_DUE: Final = "scrub due"
FILE: Final = "file-"


class Redactions:
    """Applies the redactions of the catalog to one node. `aside`: copies of the database that migrations left; `gone`: told when
    anything went."""

    def __init__(
        self,
        file: NodeFile,
        archive: Archive,
        stores: tuple[Store, ...],
        projector: Projector,
        catalog: Catalog,
        *,
        aside: Callable[[], list[Path]],
        gone: Callable[[], None] = lambda: None,
    ) -> None:
        self._file, self._archive, self._stores = file, archive, stores
        self._projector, self._catalog, self._aside = projector, catalog, aside
        self._gone = gone
        self._looked_for: set[str] = set()

    def apply(self) -> int:
        """Do what is not done here yet; how many events and files went. Raises `DiskFull`.

        A crash anywhere leaves the rest to the next time, which is at the latest the next start.
        """
        targets = list(self._catalog.trust.redacted)
        gone = sum(self._document_goes(*one) for one in self._documents(targets))
        gone += sum(self._file_goes(one) for one in targets if one.startswith(FILE))
        gone += self._chunks_that_came_back()
        if gone:
            self._gone()
        if gone or self._is_due():
            self._scrub()
        return gone

    def erased(self, name: str) -> bool:
        """Whether a chunk went with a redacted file, and no other file here has it."""
        with self._file.read():
            if Erased.get_or_none(Erased.name == name) is None:
                return False
        return not self._archive.lists_naming([name])

    def _documents(self, targets: Sequence[str]) -> list[tuple[Store, str]]:
        """The documents of events that have to go. The list of events has those of all streams but of visits.

        Those are looked for one by one, for each target once: what was not here then is refused from then on.
        """
        if not targets:
            return []
        with self._file.write():
            pass  # whoever began to write before the catalog said so is done by now
        with self._file.read() as connection:
            known = stream_of(connection, targets)
        listed = self._projector.store
        names = [f"{stream}:{event_hash}" for event_hash, stream in known.items()]
        found = [(listed, name) for name in listed.summaries(names)]
        new = {one for one in targets if not one.startswith(FILE)} - self._looked_for
        if new:
            for store in self._stores:
                if store is not listed:
                    found += ((store, one.id) for one in store.all_docs() if one.id.partition(":")[2] in new)
            self._looked_for |= new
        return found

    def _document_goes(self, store: Store, doc_id: str) -> bool:
        """Data and salt of one event, and all that this node made of them, in one transaction; whether any were here."""
        summary = store.summary(doc_id)
        first = [str(leaf.rev) for leaf in summary.leaves if leaf.rev.generation == 1]
        with self._file.write():
            if first:
                copies = [redacted(store.get(doc_id, rev)) for rev in first]
                for outcome in store.bulk_docs(copies, new_edits=False):
                    outcome.saved()
            stripped = store.strip(doc_id)
            if not first and not stripped:
                return False
            stream = doc_id.partition(":")[0]
            papers = spool.forget(stream)
            DraftRow.delete().where(
                DraftRow.path.contains(stream) | DraftRow.fields.contains(stream)
            ).execute()
            self._note_due()
        self._projector.forget(doc_id)
        for paper in papers:
            paper.unlink(missing_ok=True)
        return True

    def _file_goes(self, name: str) -> bool:
        lists = self._archive.lists(name)
        if not lists:
            return False
        chunks = {chunk for index in lists for chunk in index["chunks"]}
        others = [one for one in self._archive.lists_naming(chunks) if one != name and self._is_true(one)]
        shared = {chunk for one in others for index in self._archive.lists(one) for chunk in index["chunks"]}
        alone = sorted(chunks - shared)
        with self._file.write():
            self._note_due()
            for chunk in alone:
                Erased.insert(name=chunk).on_conflict_ignore().execute()
        with contextlib.suppress(Unavailable):  # gone all the same; the bytes go with `_scrub`
            self._archive.forget([*alone, name])
        return True

    def _chunks_that_came_back(self) -> int:
        """A list that somebody made up, and that names them, opens the door to erased chunks; no true file has them."""
        with self._file.read():
            erased = [row.name for row in Erased.select()]
        back = set(self._archive.store.summaries(erased))
        if not back:
            return 0
        true = [name for name in self._archive.lists_naming(back) if self._is_true(name)]
        kept = {chunk for name in true for index in self._archive.lists(name) for chunk in index["chunks"]}
        if not (alone := sorted(back - kept)):
            return 0
        with self._file.write():
            self._note_due()
        with contextlib.suppress(Unavailable):
            self._archive.forget(alone)
        return len(alone)

    def _is_true(self, name: str) -> bool:
        """Whether a file is whole: a list that somebody made up keeps no chunk here."""
        try:
            return self._archive.holds(name)
        except Damaged:
            return False

    def _note_due(self) -> None:
        Fact.insert(key=SCRUB_DUE, value="1").on_conflict_replace().execute()

    def _is_due(self) -> bool:
        with self._file.read():
            return Fact.get_or_none(Fact.key == SCRUB_DUE) is not None

    def _scrub(self) -> None:
        """Leave no byte: the logs are folded into the files, free pages go, older copies of the file too."""
        for copy in self._aside():
            copy.unlink(missing_ok=True)
        files: tuple[SqliteFile, ...] = (self._file.file, self._archive.store.file)
        try:
            for file in files:
                file.scrub()
        except Unavailable as why:
            log.warning("redacted, and the bytes are still in a log: %s", why)
            return
        with self._file.write():
            Fact.delete().where(Fact.key == SCRUB_DUE).execute()
