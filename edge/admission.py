"""What a node lets into its databases, document by document (design §7, write rules).

What breaks a rule is refused with its reason, and nothing else of the request with it. An event of a node
whose card is not here yet, or of a catalog that is not, is let in and waits: replication may bring the card after
the event. Of such a peer may bring so much and no more (`edge.waits`).

A run of one node's events, each the predecessor of the next, needs one verification (design §3.2): whoever sealed the
last one sealed its `prev`, which is the hash of the one before, and so on back. That proves what an event says, but not
its own seal, which no hash covers but the revision's. So every event that is not the predecessor of one that comes with
it, and every further copy of one that is here or in the same batch, is verified by itself, and `edge.seals` looks
at the others' seals before anybody else gets them. decisions/0011.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

from edge.archive import why_no_file
from edge.waits import Waits
from schemas.canonical import canonical
from schemas.catalog import Catalog
from schemas.errors import Malformed
from schemas.events import VERSION, Event, Unknown, database_of, parse
from schemas.seals import seal_holds

Document = dict[str, Any]
Here = Callable[[Sequence[str]], set[str]]
"""Which of these hashes are of events that are here already, in whatever copy."""
_LATEST: Final = 2_000


class Sealed(IntEnum):
    """What is known of the seal of an event here. The numbers stand in `delivery.sealed`."""

    WRONG = -1
    """No copy here has the node's seal, and nothing else proves it: held."""
    UNKNOWN = 0
    """The node's card is not here yet: waits."""
    HOLDS = 1
    PROVEN = 2
    """Its node sealed a later event of a chain through this one. Its own seal has not been looked at."""
    SPOILT = 3
    """The same, but its own seal is somebody's who carried it: it folds here, and nobody gets it from here."""


class Admitted(NamedTuple):
    """An event that was let in; `waiting_bytes` is its size as long as nobody can judge it."""

    event: Event | Unknown
    sealed: Sealed
    waiting_bytes: int = 0


class Admission:
    """The write rules of one node. Without `here` every seal is verified by itself."""

    def __init__(
        self,
        catalog: Catalog,
        waits: Waits,
        *,
        node: str,
        here: Here | None = None,
        erased: Callable[[str], bool] = lambda name: False,
    ) -> None:
        """`erased`: whether a chunk went with a redacted file and no other file here has it."""
        self._catalog = catalog
        self._erased = erased
        self._waits = waits
        self._here = here
        self._node = node
        self._admitted: dict[str, Admitted] = {}
        self._looked_at: set[str] = set()

    def looked_at(self, names: Iterable[tuple[str, str]]) -> None:
        """Another process of this node has seen that the seals of these copies (id, revision) hold; told just before they
        are written, once."""
        self._looked_at.update(f"{doc_id} {rev}" for doc_id, rev in names)

    def events(self, documents: Sequence[Document], source: str | None) -> list[str | None]:
        """The rules of `dossiers`. The last events of a node come first, because they prove those before them."""
        parsed = [_parsed(document) for document in documents]
        links = self._links(parsed, documents)
        refusals: list[str | None] = [None] * len(documents)
        proven: set[tuple[str, int, str]] = set()
        self._make_room(len(documents))
        for place in sorted(range(len(documents)), key=lambda place: _seq(parsed[place]), reverse=True):
            event, document = parsed[place], documents[place]
            if isinstance(event, Malformed):
                refusals[place] = str(event)
                continue
            refusals[place] = _why_elsewhere(event, "dossiers") or self._why_not_of_its_revision(
                document, event
            )
            if refusals[place] is not None:
                continue
            # node and number too: else a node could name a stranger's invention as its predecessor
            if (
                isinstance(event, Event)
                and _key(document) not in self._looked_at
                and (event.node, event.seq, event.hash) in proven
                and event.hash in links
            ):
                sealed = Sealed.PROVEN
            else:
                sealed = self.is_sealed(document)
            if sealed is Sealed.WRONG and not (source is None and document["_rev"].startswith("2-")):
                refusals[place] = f"seal: not the seal of {document['node']}"
                continue  # only this node itself takes the data even out of what is spoilt
            if isinstance(event, Event) and sealed in (Sealed.HOLDS, Sealed.PROVEN):
                proven.add((event.node, event.seq - 1, event.prev))
            admitted = Admitted(event, sealed, self._waiting_bytes(document, event))
            self._admitted[_key(document)] = admitted
        if source is not None:
            self._not_too_many(documents, refusals, source)
        return refusals

    def singly(self, documents: Sequence[Document], source: str | None) -> list[str | None]:
        """The rules of `visits`: the same, each seal verified by itself."""
        refusals = [self._why_no_visit(document) for document in documents]
        if source is not None:
            self._not_too_many(documents, refusals, source)
        return refusals

    def _links(
        self, parsed: Sequence[Event | Unknown | Malformed], documents: Sequence[Document]
    ) -> set[str]:
        """Events that a later one may prove: they come whole and in one copy, and none is here."""
        if self._here is None:
            return set()
        events = [
            (event, document)
            for event, document in zip(parsed, documents, strict=True)
            if isinstance(event, Event)
        ]
        named = {event.prev for event, _ in events}
        copies = Counter(event.hash for event, _ in events)
        links: list[str] = [
            event.hash
            for event, document in events
            if event.hash in named and copies[event.hash] == 1 and document["_rev"].startswith("1-")
        ]
        return set(links) - self._here(links) if links else set()

    def _make_room(self, count: int) -> None:
        if len(self._admitted) + count > _LATEST:
            self._admitted.clear()  # of writes that were taken back

    def _not_too_many(self, documents: Sequence[Document], refusals: list[str | None], source: str) -> None:
        """Refuse what nobody here can judge, once this peer has brought as much of it as it may."""
        left: int | None = None
        for place, document in enumerate(documents):
            admitted = None if refusals[place] is not None else self._admitted.get(_key(document))
            if admitted is None or not admitted.waiting_bytes:
                continue
            if left is None:
                left = self._waits.most_bytes - self._waits.bytes_of(source)
            left -= admitted.waiting_bytes
            if left < 0:
                del self._admitted[_key(document)]
                refusals[place] = f"waiting: {source} has brought too much that nobody here can judge yet"

    def catalog(self, documents: Sequence[Document], source: str | None) -> list[str | None]:
        """The rules of `catalog`: entries sealed by who is or was central.

        Central itself has all of them, unless it is new and collects. What it really wrote and does not have shows that
        it was put back from a copy: it is kept, and central stops (`edge.node`).
        """
        for document in documents:
            self._catalog.introduce(document)
        return [self._why_not_in_catalog(document) for document in documents]

    def files(self, documents: Sequence[Document], source: str | None) -> list[str | None]:
        """The rules of `files`: each is what its name says. They have no seal, and none waits."""
        return [self._why_no_file(document, source) for document in documents]

    def _why_no_file(self, document: Document, source: str | None) -> str | None:
        """A file that was redacted does not come back, nor do chunks that only it had."""
        name = str(document.get("_id"))
        ground = self._catalog.trust.redacted.get(name)
        if ground is None and source is not None and self._erased(name):
            ground = "of a file that is"
        return why_no_file(document) if ground is None else f"redacted: it is gone by law ({ground})"

    def admitted(self, document: Document) -> Admitted:
        """What the rules have found out about a document that was let in; nothing is verified twice."""
        found = self._admitted.pop(_key(document), None)
        if found is not None:
            return found
        event = parse(document)
        return Admitted(event, self.is_sealed(document), self._waiting_bytes(document, event))

    def is_sealed(self, document: Document) -> Sealed:
        """Whether the own seal of a well-formed event holds; UNKNOWN while its node's card is not here, or newer."""
        card = self._catalog.latest.card(document["node"]) if document["v"] == VERSION else None
        if card is None:
            return Sealed.UNKNOWN
        if self._looked_at and (key := _key(document)) in self._looked_at:
            self._looked_at.discard(key)
            return Sealed.HOLDS
        return Sealed.HOLDS if seal_holds(document, card.ed25519) else Sealed.WRONG

    def _why_no_visit(self, document: Document) -> str | None:
        try:
            event = parse(document)
        except Malformed as why:
            return str(why)
        refusal = _why_elsewhere(event, "visits") or self._why_not_of_its_revision(document, event)
        if refusal is not None:
            return refusal
        sealed = self.is_sealed(document)
        if sealed is Sealed.WRONG:
            return f"seal: not the seal of {document['node']}"
        self._make_room(1)
        self._admitted[_key(document)] = Admitted(event, sealed, self._waiting_bytes(document, event))
        return None

    def _why_not_of_its_revision(self, document: Document, event: Event | Unknown) -> str | None:
        """The second revision is for what the catalog says is redacted, and then there is no first one any more."""
        ground = self._catalog.trust.redacted.get(event.hash)
        if not document["_rev"].startswith("2-"):
            return None if ground is None else f"redacted: its data is gone by law ({ground})"
        if ground is None:
            return "redacted: the catalog here does not say so"
        if "_revisions" not in document:
            return "_revisions: a redaction has the event's first revision as its history"
        return None

    def _why_not_in_catalog(self, document: Document) -> str | None:
        """Entries are central's, of whatever version, once its card is known."""
        try:
            event = parse(document)
        except Malformed as why:
            return str(why)
        if not document["_rev"].startswith("1-"):
            return "redacted: what the catalog says is not"
        if self._catalog.centre is not None:
            key = self._catalog.key_of_central(str(document.get("node")))
            if key is None or type(document.get("seq")) is not int:
                return "node: not written by central"
            if not seal_holds(document, key):
                return f"seal: not the seal of {document['node']}"
        return _why_elsewhere(event, "catalog")

    def _waiting_bytes(self, document: Document, event: Event | Unknown) -> int:
        """The size of an event whose card or catalog is not here, or whose version is not known; else 0."""
        if (
            isinstance(event, Event)
            and self._known_key(event)
            and self._catalog.at(event.catalog) is not None
        ):
            return 0
        return len(canonical({name: value for name, value in document.items() if name != "_revisions"}))

    def _known_key(self, event: Event) -> str | None:
        card = self._catalog.latest.card(event.node)
        return card.ed25519 if card is not None else None


def _parsed(document: Document) -> Event | Unknown | Malformed:
    try:
        return parse(document)
    except Malformed as why:
        return why


def _why_elsewhere(event: Event | Unknown, database: str) -> str | None:
    """Numbers count in one database: what was written into another one is no second act under its number."""
    if not isinstance(event, Event) or (own := database_of(event.kind)) == database:
        return None
    return f"kind: {event.kind} belongs to {own}"


def _seq(event: Event | Unknown | Malformed) -> int:
    return event.seq if isinstance(event, Event) else 0


def _key(document: Document) -> str:
    return f"{document['_id']} {document['_rev']}"
