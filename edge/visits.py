"""The door for what happens to queue tickets: each visit is a stream of its own, in a database and chain of its own.

As the ledger: checked against what stands, sealed, written, all of it in one transaction. Visits have no tables yet:
a stream is a handful of acts and is folded when somebody asks for it.
"""

from __future__ import annotations

import msgspec

from edge.admission import Admission, Sealed
from edge.chain import OwnChain
from edge.clock import Clock
from edge.database import NodeFile
from edge.ledger import Intended
from schemas.acts import BY_KIND
from schemas.catalog import Catalog
from schemas.events import Event, Unknown, parse, timestamp
from schemas.fold import Dossier, fold
from schemas.rules import allowed
from sync.documents import load, render
from sync.store import Store


class Visits:
    """Reads and writes the visits of one node."""

    def __init__(
        self,
        file: NodeFile,
        store: Store,
        catalog: Catalog,
        rules: Admission,
        chain: OwnChain,
        clock: Clock,
        *,
        node: str,
    ) -> None:
        self._file, self._store, self._catalog, self._rules = file, store, catalog, rules
        self._chain, self._clock, self._node = chain, clock, node

    def streams(self) -> list[str]:
        """The visits known here, oldest first."""
        with self._file.read():
            return list(dict.fromkeys(one.id.partition(":")[0] for one in self._store.all_docs()))

    def visit(self, stream: str) -> Dossier:
        """The fold of one visit, as of now."""
        with self._file.read():
            names = [one.id for one in self._store.all_docs(startkey=f"{stream}:", endkey=f"{stream}:~")]
            events: list[Event | Unknown] = []
            doubts: dict[str, str] = {}
            for stored in self._store.winners(names).values():
                document = load(render(stored))
                event = parse(document)
                events.append(event)
                if self._rules.is_sealed(document) is Sealed.WRONG:
                    doubts[event.hash] = "seal"
            return fold(events, self._catalog, doubts)

    def check(self, visit: Dossier, kind: str, data: msgspec.Struct, *, by: str = "") -> None:
        """Raise `NotAllowed` if the act could not be done now."""
        self._check(visit, kind, data, by, timestamp(self._clock()))

    def act(self, stream: str, kind: str, data: msgspec.Struct, *, by: str = "") -> Dossier:
        """Record one act, by a person or (no `by`) by the machine itself, over all that is known of the visit here.

        Raises `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            before, at = self.visit(stream), self._chain.now()
            self._check(before, kind, data, by, timestamp(at), stream)
            # nothing that happens to a ticket is a decision: no act of a visit rests on another
            self._chain.append(
                stream,
                kind,
                msgspec.to_builtins(data),
                parents=before.heads,
                by=by,
                at=at,
                catalog=self._catalog.latest.name,
            )
            return self.visit(stream)

    def _check(
        self, visit: Dossier, kind: str, data: msgspec.Struct, by: str, at: str, stream: str = ""
    ) -> None:
        deed = Intended(by, at, self._node, stream or visit.stream)
        allowed(visit.standing, BY_KIND[kind], data, deed, self._catalog.latest)
