"""What a node lets into its databases, document by document (design §7, write rules).

What breaks a rule is refused with its reason, and nothing else of the request with it. An event of a node
whose card is not here yet is let in and waits: replication may bring the card after the event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edge.archive import why_no_file
from schemas.catalog import Catalog
from schemas.errors import Malformed
from schemas.events import Event, Unknown, parse
from schemas.seals import seal_holds

Document = dict[str, Any]
_LATEST = 2_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that was let in; `sealed` is None while the card of its node is not here."""

    event: Event | Unknown
    sealed: bool | None


class Admission:
    """The write rules of one node."""

    def __init__(self, catalog: Catalog, *, node: str) -> None:
        self._catalog = catalog
        self._node = node
        self._admitted: dict[str, Admitted] = {}

    def events(self, documents: Sequence[Document], source: str | None) -> list[str | None]:
        """The rules of `dossiers` and `visits`."""
        return [self._why_not(document, self._known_key) for document in documents]

    def catalog(self, documents: Sequence[Document], source: str | None) -> list[str | None]:
        """The rules of `catalog`: entries sealed by central; central itself takes none from others."""
        if self._catalog.centre == self._node and source is not None:
            return ["the catalog is written by central only"] * len(documents)
        return [self._why_not(document, self._central_key) for document in documents]

    def files(self, documents: Sequence[Document], source: str | None) -> list[str | None]:
        return [why_no_file(document) for document in documents]

    def admitted(self, document: Document) -> Admitted:
        """What the rules have found out about a document that was let in; nothing is verified twice."""
        found = self._admitted.pop(_key(document), None)
        if found is not None:
            return found
        event = parse(document)
        return Admitted(event, self.is_sealed(document, event))

    def is_sealed(self, document: Document, event: Event | Unknown) -> bool | None:
        """Whether the seal holds; None while the node's card is not here."""
        key = self._known_key(event) if isinstance(event, Event) else None
        return None if key is None else seal_holds(document, key)

    def _why_not(self, document: Document, key_of: Callable[[Event], str | None]) -> str | None:
        try:
            event = parse(document)
        except Malformed as why:
            return str(why)
        key = key_of(event) if isinstance(event, Event) else None
        if key == "":
            return "node: not written by central"
        if key is not None and not seal_holds(document, key):
            return f"seal: not the seal of {document['node']}"
        if len(self._admitted) >= _LATEST:
            self._admitted.clear()
        self._admitted[_key(document)] = Admitted(event, None if key is None else True)
        return None

    def _known_key(self, event: Event) -> str | None:
        card = self._catalog.latest.card(event.node)
        return card.ed25519 if card is not None else None

    def _central_key(self, event: Event) -> str | None:
        """Central's key, None before its card is known, "" for an event of any other node."""
        if self._catalog.centre is None:
            return None
        return self._known_key(event) if event.node == self._catalog.centre else ""


def _key(document: Document) -> str:
    return f"{document['_id']} {document['_rev']}"
