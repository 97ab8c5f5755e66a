"""A peer: one database to copy from or to, wherever it is. `LocalPeer` is one in this process.

Sequences are opaque here, as anywhere outside a store: JSON values, compared only for equality.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from sync.documents import DESIGN, Incoming, Json, dump_sorted, load, parse_document, render
from sync.errors import BadRequest, NotFound, Refused, TooLarge, Unavailable
from sync.filtering import EVERYTHING as PASSES
from sync.filtering import Filter, of_ids
from sync.mango import Selector
from sync.rows import Summary
from sync.store import Store, Wanted


class Change(NamedTuple):
    """A document that changed."""

    id: str
    revs: tuple[str, ...]  # all leaves


class ChangesPage(NamedTuple):
    """`last_seq`: where the next page begins. `pending`: how many changes come after it, if the peer says."""

    changes: tuple[Change, ...]
    last_seq: Any
    pending: int | None


class Fetched(NamedTuple):
    """A revision as asked for, attachments inline; or the reason why there is none."""

    id: str
    rev: str
    document: Json | None
    reason: str | None = None


class RefusedDocument(NamedTuple):
    """A document that the other side did not take, in its words: `error` is CouchDB's name for it."""

    id: str
    rev: str
    error: str
    reason: str


NativeFilters = Mapping[str, Callable[[Mapping[str, str]], Filter]]
"""The filters of a source by their names: what each makes of the parameters of whoever reads."""


def _nothing() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which documents a source tells of: all of them, or those that one filter of its own lets pass.

    At most one of `doc_ids`, `selector` and `filter`, the name of a filter that the source has; `parameters` are
    what the reader tells that one, for it is the source that filters and the reader that knows what it needs. `now`
    gives what he tells it beside them at each question and what makes no other part: what is not needed any more.
    """

    doc_ids: tuple[str, ...] | None = None
    selector: Json | None = None
    filter: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    now: Callable[[], Mapping[str, str]] = field(default=_nothing, compare=False)

    def told(self) -> dict[str, str]:
        """All that the source is told at this moment."""
        return {**self.parameters, **self.now()}

    def mark(self) -> str:
        """What a peer's id ends with: the checkpoint of a part must not be taken for that of the whole, nor for
        that of the part which was chosen before the parameters changed."""
        if self == EVERYTHING:
            return ""
        doc_ids = None if self.doc_ids is None else sorted(self.doc_ids)
        what = dump_sorted([doc_ids, self.selector, self.filter, dict(self.parameters)])
        return f"?{hashlib.sha256(what).hexdigest()}"

    def filtering(self, filters: NativeFilters) -> Filter:
        """What passes in a source of ours at this moment. Raises `Refused`.

        (Another server knows its own filters.)
        """
        if self.doc_ids is not None:
            return of_ids(frozenset(self.doc_ids), None)
        if self.selector is not None:
            return Filter(None, by_document=Selector(self.selector).matches)
        match self.filter:
            case None:
                return PASSES
            case "_design":
                return Filter(None, by_id=lambda doc_id: doc_id.startswith(DESIGN))
            case name if name in filters:
                return filters[name](self.told())
            case name if "/" in name:
                raise Refused(
                    f"filter {name}: JavaScript is not executed here", error="not_implemented", status=501
                )
            case _:
                raise BadRequest("unknown builtin filter name")


EVERYTHING = Chosen()


class Peer(Protocol):
    """Every method may raise `Unavailable` (later), `Refused` (a person must look) or `Broken`."""

    def peer_id(self) -> str:
        """`<server uuid>/<database>`: the same for as long as the database lives, whatever its address.

        With what is chosen of it, if that is not everything.
        """

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        """Up to `limit` changes after `since`; where there are none, the first ones within `wait_s`."""

    def wake(self) -> None:
        """End the wait of `changes` soon, or the next one, with no change. From any thread."""

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Which of these revisions are not here."""

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        """Revisions by id and name, or all leaves where the name is empty.

        Where one has grown on meanwhile, what it grew into.
        """

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        """Store copies (`new_edits=false`), durably; returns only those that were not taken."""

    def get_local(self, local_id: str) -> Json | None:
        """A note that belongs to this side alone; None where there is none."""
        ...

    def put_local(self, local_id: str, document: Json) -> str:
        """Returns the new `_rev`."""

    def close(self) -> None:
        """End the calls under way and all later ones with `Unavailable`. From any thread."""


class LocalPeer:
    """A store of this process. `source`: whom the store hears as the bringer of documents written here.

    `chosen`: the revisions that its changes tell of; `filters`: those that it may name. Raises `Refused` for one
    that there is not.
    """

    def __init__(
        self,
        store: Store,
        *,
        server_uuid: str,
        source: str | None,
        chosen: Chosen = EVERYTHING,
        filters: NativeFilters = MappingProxyType({}),
    ) -> None:
        self._store = store
        self._id = f"{server_uuid}/{store.name}{chosen.mark()}"
        self._source = source
        self._chosen, self._filters = chosen, filters
        chosen.filtering(filters)
        self._closed = False
        self._woken = False

    def peer_id(self) -> str:
        """The same for as long as the store lives."""
        return self._id

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        """As `Peer.changes`. Raises `Unavailable` once it is closed."""
        store = self._store
        after = store.inner_seq(since)
        if wait_s:
            store.wait(after, wait_s, unless=lambda: self._closed or self._woken)
            self._woken = False
        while True:
            self._require_open()
            with store.file.read():
                passing = self._chosen.filtering(self._filters)
                found = store.changes(after, limit=limit, doc_ids=passing.few_ids)
                end = len(found) < limit
                after = store.seq() if end else found[-1].seq
                chosen = found
                if passing.by_page is not None:
                    of_page = passing.by_page([one.id for one in found])
                    chosen = [one for one in found if one.id in of_page]
                changes = tuple(change for one in chosen if (change := self._change(one, passing)).revs)
                pending = store.pending(after)
            if changes or end:
                return ChangesPage(changes, store.outer_seq(after), pending)

    def _change(self, one: Summary, passing: Filter) -> Change:
        """With the leaves that pass."""
        leaves = [leaf.rev for leaf in one.leaves]
        if passing.by_id is not None and not passing.by_id(one.id):
            return Change(one.id, ())
        if (passes := passing.by_document) is not None:
            leaves = [rev for rev in leaves if passes(load(render(self._store.revision(one.id, rev))))]
        return Change(one.id, tuple(str(rev) for rev in leaves))

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """As `Peer.revs_diff`. Raises `Unavailable` once it is closed."""
        self._require_open()
        return {doc_id: one["missing"] for doc_id, one in self._store.revs_diff(wanted).items()}

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        """As `Peer.bulk_get`, with attachments inside. Raises `Unavailable` once it is closed."""
        self._require_open()
        answers = self._store.bulk_get(
            [Wanted(doc_id, rev or None) for doc_id, rev in wanted], revs=True, latest=True, attachments=True
        )
        return [
            Fetched(one.id, one.rev, None if one.document is None else load(one.document), one.reason)
            for got in answers
            for one in got
        ]

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        """One malformed document must not keep the others out, as it would over HTTP."""
        self._require_open()
        incoming: list[Incoming] = []
        refused: list[RefusedDocument] = []
        for document in documents:
            try:
                incoming.append(parse_document(document))
            except (BadRequest, TooLarge) as why:
                named = (str(document.get("_id")), str(document.get("_rev")))
                refused.append(RefusedDocument(*named, why.error, why.reason))
        for one in self._store.write(incoming, new_edits=False, source=self._source):
            if one.refusal is not None:
                refused.append(RefusedDocument(one.id, str(one.rev), one.refusal.error, one.refusal.reason))
        return refused

    def get_local(self, local_id: str) -> Json | None:
        """None where there is none. Raises `Unavailable` once it is closed."""
        self._require_open()
        try:
            return self._store.get_local(local_id)
        except NotFound:
            return None

    def put_local(self, local_id: str, document: Json) -> str:
        """As `Peer.put_local`. Raises `Unavailable` once it is closed."""
        self._require_open()
        return self._store.put_local(local_id, document)

    def wake(self) -> None:
        """As `Peer.wake`."""
        self._woken = True
        self._store.wake()

    def close(self) -> None:
        """As `Peer.close`; the store itself stays open."""
        self._closed = True
        self._store.wake()

    def _require_open(self) -> None:
        if self._closed or self._store.closed:
            raise Unavailable("closed")
