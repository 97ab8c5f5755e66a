"""What one end of a road would not take: kept until it is taken, or until a person dismisses it."""

from __future__ import annotations

from edge.clock import Clock
from edge.database import NodeFile
from edge.tables.exchange import RefusedDocument
from schemas.events import timestamp
from sync.peer import RefusedDocument as Refusal
from sync.replicator import Offered


class Refusals:
    """Of one road: `peer`, `database` and `direction` as in `edge.roads.Road`; `refuser` is the node at its far end."""

    def __init__(
        self, file: NodeFile, clock: Clock, *, peer: str, database: str, direction: str, refuser: str
    ) -> None:
        self._file, self._clock, self._refuser = file, clock, refuser
        self._road = f"{peer} {database} {direction} "

    def note(self, refusal: Refusal) -> None:
        """Keep what a peer would not take; told again, only its reason is taken."""
        with self._file.write():
            RefusedDocument.insert(
                key=self._key(Offered(refusal.id, refusal.rev)),
                peer=self._refuser,
                document=refusal.id,
                reason=refusal.reason,
                at=timestamp(self._clock()),
            ).on_conflict(
                conflict_target=[RefusedDocument.key], update={RefusedDocument.reason: refusal.reason}
            ).execute()

    def before(self) -> list[Offered]:
        """What may be offered again."""
        with self._file.read():
            rows = RefusedDocument.select().where(
                RefusedDocument.key.startswith(self._road), RefusedDocument.dismissed_by == ""
            )
            return [self._offered(row.key) for row in rows]

    def accepted(self, accepted: Offered) -> None:
        """It is there by now, and off the list; nothing happens for what is not on it."""
        with self._file.write():
            RefusedDocument.delete().where(RefusedDocument.key == self._key(accepted)).execute()

    def of(self, doc_id: str) -> bool:
        """Whether a copy of this document was refused, and still is."""
        first = f"{self._road}{doc_id} "
        with self._file.read():
            found = RefusedDocument.select(RefusedDocument.key).where(
                RefusedDocument.key >= first, RefusedDocument.key < first[:-1] + "!"
            )
            return bool(found.exists())

    def _key(self, one: Offered) -> str:
        return f"{self._road}{one.id} {one.rev}"

    def _offered(self, key: str) -> Offered:
        doc_id, _, rev = key.removeprefix(self._road).rpartition(" ")
        return Offered(doc_id, rev)
