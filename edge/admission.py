"""What a node lets into its databases, document by document (design §7, write rules).

What breaks a rule is refused with its reason, and nothing else of the request with it. An event of a node
whose card is not here yet, or of a catalog that is not, is let in and waits: replication may bring the card after
the event. Of such a peer may bring so much and no more (`edge.waits`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edge.archive import why_no_file
from edge.waits import Waits
from schemas.canonical import canonical
from schemas.catalog import Catalog
from schemas.errors import Malformed
from schemas.events import Event, Unknown, parse
from schemas.seals import seal_holds

Document = dict[str, Any]
_LATEST = 2_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that was let in. `sealed` is None while the card of its node is not here; `waiting_bytes` is its
    size as long as nobody can judge it."""

    event: Event | Unknown
    sealed: bool | None
    waiting_bytes: int = 0


class Admission:
    """The write rules of one node."""

    def __init__(
        self, catalog: Catalog, waits: Waits, *, node: str, erased: Callable[[str], bool] = lambda name: False
    ) -> None:
        """`erased`: whether a chunk went with a redacted file and no other file here has it."""
        self._catalog = catalog
        self._erased = erased
        self._waits = waits
        self._node = node
        self._admitted: dict[str, Admitted] = {}

    def events(self, documents: Sequence[Document], source: str | None) -> list[str | None]:
        """The rules of `dossiers` and `visits`."""
        refusals = [self._why_not(document) for document in documents]
        if source is not None:
            self._not_too_many(documents, refusals, source)
        return refusals

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
        """The rules of `catalog`: entries sealed by central; central itself takes none from others."""
        if self._catalog.centre == self._node and source is not None:
            return ["the catalog is written by central only"] * len(documents)
        return [self._why_not_in_catalog(document) for document in documents]

    def files(self, documents: Sequence[Document], source: str | None) -> list[str | None]:
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
        return Admitted(event, self.is_sealed(document, event), self._waiting_bytes(document, event))

    def is_sealed(self, document: Document, event: Event | Unknown) -> bool | None:
        """Whether the seal holds; None while the node's card is not here."""
        key = self._known_key(event) if isinstance(event, Event) else None
        return None if key is None else seal_holds(document, key)

    def _why_not(self, document: Document) -> str | None:
        try:
            event = parse(document)
        except Malformed as why:
            return str(why)
        if (refusal := self._why_not_of_its_revision(document, event)) is not None:
            return refusal
        sealed = self.is_sealed(document, event)
        if sealed is False:
            return f"seal: not the seal of {document['node']}"
        self._keep(document, Admitted(event, sealed, self._waiting_bytes(document, event)))
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
        centre = self._catalog.centre
        if centre is not None:
            card = self._catalog.latest.card(centre)
            if document.get("node") != centre or type(document.get("seq")) is not int:
                return "node: not written by central"
            if card is None or not seal_holds(document, card.ed25519):
                return f"seal: not the seal of {centre}"
        self._keep(document, Admitted(event, None if centre is None else True))
        return None

    def _keep(self, document: Document, admitted: Admitted) -> None:
        if len(self._admitted) >= _LATEST:
            self._admitted.clear()
        self._admitted[_key(document)] = admitted

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


def _key(document: Document) -> str:
    return f"{document['_id']} {document['_rev']}"
