"""A database in a dictionary: what one is to a replication, and nothing else. Its power goes before a commit.

A document is a commit, and so is a note. What was there before the commit at which the power goes is there afterwards.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.documents import Json
from sync.errors import Conflict, Unavailable
from sync.peer import Change, ChangesPage, Fetched, RefusedDocument


@dataclass
class Disk:
    """`documents`: by id and revision; `log`: the changes, oldest first; `refuses`: ids that are not let in."""

    documents: dict[tuple[str, str], Json] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    local: dict[str, Json] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)

    def leaves(self, doc_id: str) -> tuple[str, ...]:
        return tuple(sorted(rev for name, rev in self.documents if name == doc_id))


class ModelStore:
    """All leaves of a document are of generation 1, as events are: none has another one as its parent.

    `before_commit` is called before each commit; what it raises keeps the commit from happening.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.disk = Disk()
        self.before_commit: Callable[[], None] = lambda: None

    def add(self, doc_id: str, rev: str, body: str) -> None:
        self._keep({"_id": doc_id, "_rev": rev, "body": body})

    def contents(self) -> dict[tuple[str, str], Json]:
        return copy.deepcopy(self.disk.documents)

    def peer(self) -> ModelPeer:
        return ModelPeer(self)

    def _keep(self, document: Json) -> None:
        key = (str(document["_id"]), str(document["_rev"]))
        if key in self.disk.documents:
            return
        self.before_commit()
        stored = {name: value for name, value in document.items() if name != "_revisions"}
        self.disk.documents[key] = copy.deepcopy(stored)
        if key[0] in self.disk.log:
            self.disk.log[self.disk.log.index(key[0])] = ""
        self.disk.log.append(key[0])


class ModelPeer:
    """A sequence is the length of the log; a document that changes again moves to its end."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self._closed = False

    @property
    def _disk(self) -> Disk:
        if self._closed:
            raise Unavailable("closed")
        return self._store.disk

    def peer_id(self) -> str:
        return f"{self._store.name}/model"

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        log, start = self._disk.log, int(since)
        places = [place for place in range(start, len(log)) if log[place]][:limit]
        found = [Change(log[place], self._disk.leaves(log[place])) for place in places]
        end = places[-1] + 1 if len(places) == limit else len(log)
        return ChangesPage(tuple(found), str(end), sum(1 for one in log[end:] if one))

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        here = self._disk.documents
        absent = {name: [rev for rev in revs if (name, rev) not in here] for name, revs in wanted.items()}
        return {name: revs for name, revs in absent.items() if revs}

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        here = self._disk.documents
        return [
            Fetched(
                name, rev, copy.deepcopy(here.get((name, rev))), None if (name, rev) in here else "missing"
            )
            for name, rev in wanted
        ]

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        refused = []
        for one in documents:
            if one["_id"] in self._disk.refuses:
                refused.append(RefusedDocument(one["_id"], one["_rev"], "forbidden", "no such card"))
            else:
                self._store._keep(one)
        return refused

    def get_local(self, local_id: str) -> Json | None:
        return copy.deepcopy(self._disk.local.get(local_id))

    def put_local(self, local_id: str, document: Json) -> str:
        before = self._disk.local.get(local_id)
        if document.get("_rev") != (None if before is None else before["_rev"]):
            raise Conflict("Document update conflict.")
        self._store.before_commit()
        number = 1 if before is None else int(before["_rev"][2:]) + 1
        self._disk.local[local_id] = {**copy.deepcopy(document), "_rev": f"0-{number}"}
        return f"0-{number}"

    def wake(self) -> None:
        """It never waits."""

    def close(self) -> None:
        self._closed = True
