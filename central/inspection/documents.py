"""The documents of one database of one node, as the rows of its store say: nothing is looked up by an index.

Every document of Motcua is written once: one revision, of generation 1, without parent, never deleted. An event
that was redacted has a second one, and of the first nothing but its name. What differs from that was not written by a
node.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from central.inspection.reading import Snapshot

UNKNOWN: Final = 100_000
_REDACTED: Final = 2


class Stored(NamedTuple):
    """One revision and what is wrong with its rows. `id` is None where no row names the document."""

    id: str | None
    seq: int
    rev: str
    body: Any
    attachments: Any
    faults: tuple[str, ...]


class _Document(NamedTuple):
    number: Any
    id: Any
    seq: Any
    generation: Any
    hash: Any
    deleted: Any
    others: Any


class Documents:
    """Reads one database. `count`, `without_body` and `faults` are there when all of `read()` was taken."""

    def __init__(self, snapshot: Snapshot, prefix: str) -> None:
        self._snapshot, self._p = snapshot, prefix
        self.count = 0
        self.missing = 0
        """How many documents the store counts beyond those that can be read; many, where it cannot be asked."""
        self.without_body: list[str] = []
        """Ids of documents that have a row and no revision that can be read."""
        self.faults: list[str] = []

    def read(self) -> Iterator[Stored]:
        """Every revision that can be read, by number of its row, with its faults. To be taken once."""
        rows = self._snapshot.rows(f"{self._p}_doc", "id, seq, generation, hash, deleted, others")
        documents = {row[0]: _Document(*row) for row in rows}
        self.count = len(documents)
        taken: set[int] = set()
        first: dict[Any, Any] = {}
        parents: dict[Any, Any] = {}
        purged = any(row[1] for row in self._snapshot.rows(f"{self._p}_meta", "purge_seq"))
        told_again = any(row[1] for row in self._snapshot.rows(f"{self._p}_meta", "told_again"))
        revisions = self._snapshot.rows(
            f"{self._p}_rev", "doc, generation, hash, parent, deleted, body, attachments"
        )
        for _, number, generation, rev_hash, parent, deleted, body, attachments in revisions:
            rev = f"{generation}-{rev_hash}"
            document = documents.get(number)
            faults = []
            redacted = document is not None and document.generation == _REDACTED
            if redacted and (generation, parent, deleted, body, attachments) == (1, None, 0, None, None):
                first[number] = rev_hash
                continue
            if redacted and generation == _REDACTED:
                parents[number] = parent
            elif (parent, deleted) != (None, 0) or generation != 1:
                faults.append("its revision is not the first and only one")
            if document is None:
                yield Stored(None, 0, rev, body, attachments, (*faults, "no document has this revision"))
                continue
            if number in taken:
                faults.append("it has a second revision")
            taken.add(number)
            expected = (_REDACTED if redacted else 1, rev_hash, 0, None)
            if (document.generation, document.hash, document.deleted, document.others) != expected:
                faults.append("the row of the document does not name this revision")
            if document.seq != number and not (redacted or purged or (told_again and document.seq > number)):
                faults.append("its place in the order of arrival was changed")
            yield Stored(_known_id(document), document.seq, rev, body, attachments, tuple(faults))
        for number, parent in parents.items():
            if first.get(number) != parent:
                name = _known_id(documents[number])
                self.faults.append(f"{name} was redacted, and its first revision is not what it names")
        self.without_body = [_known_id(one) for number, one in documents.items() if number not in taken]
        self._check_meta(documents, purged=purged)

    def _check_meta(self, documents: dict[Any, _Document], *, purged: bool) -> None:
        """The store's own counts: they show a loss at the end, where no gap does."""
        meta = list(self._snapshot.rows(f"{self._p}_meta", "doc_count, doc_del_count, seq"))
        if not meta:
            self.missing = UNKNOWN
            if self._snapshot.problem is None:
                self.faults.append("the counts of its documents cannot be read")
            return
        _, count, deleted, seq = meta[0]
        self.missing = max(0, count - self.count) + len(self.without_body) if type(count) is int else UNKNOWN
        if (count, deleted) != (self.count, 0):
            self.faults.append(f"{self.count} documents can be read, {count} are counted")
        last = max((one.seq for one in documents.values() if type(one.seq) is int), default=0)
        if self.count == count and seq != last and not (purged and type(seq) is int and last < seq):
            self.faults.append(f"the last change has the number {last}, the count says {seq}")


def _known_id(document: _Document) -> str:
    return document.id if type(document.id) is str else repr(document.id)
