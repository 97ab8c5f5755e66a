"""What it takes to make a signed paper at a node: for those who decide, and for those who number and seal."""

from __future__ import annotations

from edge.archive import Archive, Damaged, MadeFor
from edge.clock import Clock
from edge.ledger import Ledger
from edge.paper import Papers
from edge.projector import Projector
from edge.signing import Signatories
from schemas.catalog import Catalog


class SignedWork:
    """Its parts, wired once; `node` is the machine's own name."""

    def __init__(
        self,
        ledger: Ledger,
        projector: Projector,
        archive: Archive,
        papers: Papers,
        catalog: Catalog,
        clock: Clock,
        signatories: Signatories,
        *,
        node: str,
    ) -> None:
        self._ledger, self._projector, self._archive, self._papers = ledger, projector, archive, papers
        self._catalog, self._clock, self._signatories, self._node = catalog, clock, signatories, node

    def _keep(self, content: bytes, stream: str) -> str:
        """Store a paper that was made for one act of this dossier, which is about to be written; its id."""
        return self._archive.keep(content, MadeFor(stream, self._node))

    def _picture(self, file: str) -> bytes | None:
        """A picture that the catalog names; None where there is none, or it has not come yet."""
        try:
            return self._archive.read(file) if file else None
        except Damaged:
            return None
