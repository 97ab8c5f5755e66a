"""What a node lets into its databases, document by document (design §7, write rules).

What breaks a rule is refused with its reason, and nothing else of the request with it. An event of a node
whose card is not here yet is let in and waits: replication may bring the card after the event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edge.archive import why_no_file
from schemas.catalog import Catalog
from schemas.errors import Malformed
from schemas.events import Event, Unknown, parse
from schemas.seals import seal_holds

Document = dict[str, Any]
_LATEST_PARSED = 2_000


class Admission:
    """The write rules of one node."""

    def __init__(self, catalog: Catalog, *, node: str) -> None:
        self._catalog = catalog
        self._node = node
        self._parsed: dict[str, Event | Unknown] = {}

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

    def parsed(self, document: Document) -> Event | Unknown:
        """The event in a document that was let in: what the rules have parsed is not parsed again."""
        event = self._parsed.pop(f"{document['_id']} {document['_rev']}", None)
        return event if event is not None else parse(document)

    def is_sealed(self, document: Document, event: Event | Unknown) -> bool | None:
        """Whether the seal holds; None while the node's card is not here."""
        key = self._known_key(event) if isinstance(event, Event) else None
        return None if key is None else seal_holds(document, key)

    def _why_not(self, document: Document, key_of: Callable[[Event], str | None]) -> str | None:
        try:
            event = parse(document)
        except Malformed as why:
            return str(why)
        if isinstance(event, Event):
            key = key_of(event)
            if key == "":
                return "node: not written by central"
            if key is not None and not seal_holds(document, key):
                return f"seal: not the seal of {event.node}"
        if len(self._parsed) >= _LATEST_PARSED:
            self._parsed.clear()
        self._parsed[f"{document['_id']} {document['_rev']}"] = event
        return None

    def _known_key(self, event: Event) -> str | None:
        card = self._catalog.latest.card(event.node)
        return card.ed25519 if card is not None else None

    def _central_key(self, event: Event) -> str | None:
        """Central's key, None before its card is known, "" for an event of any other node."""
        if self._catalog.centre is None:
            return None
        return self._known_key(event) if event.node == self._catalog.centre else ""
