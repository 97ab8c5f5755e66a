"""What one end of a road would not take: kept until it is taken, or until a person dismisses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from edge.clock import Clock
from edge.database import NodeFile
from edge.tables.exchange import RefusedDocument
from schemas.events import timestamp
from sync.peer import RefusedDocument as Refusal
from sync.replicator import Offered

_REFUSED: Final = (
    "SELECT asked.value, r.reason, r.at FROM json_each(?) AS asked"
    " CROSS JOIN refuseddocument AS r ON r.key >= ? || asked.value || ' ' AND r.key < ? || asked.value || '!'"
)
_PASSING: Final = ("waiting:", "the source does not give it:")
"""How the reasons begin for which nobody has to do anything: `edge.admission`, `sync.replicator`."""


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

    def of(self, ids: Sequence[str], since: str, until: str) -> dict[str, bool]:
        """Those of these documents of which a copy was refused, and still is: whether that is for good. What only waits for
        room or for a copy, and was first refused between these moments, may be taken soon."""
        with self._file.read() as connection:
            rows = connection.execute(_REFUSED, (orjson.dumps(ids).decode(), self._road, self._road))
            found: dict[str, bool] = {}
            for doc_id, reason, at in rows:
                passes = reason.startswith(_PASSING) and since < at <= until
                found[doc_id] = found.get(doc_id, True) and not passes
            return found

    def _key(self, one: Offered) -> str:
        return f"{self._road}{one.id} {one.rev}"

    def _offered(self, key: str) -> Offered:
        doc_id, _, rev = key.removeprefix(self._road).rpartition(" ")
        return Offered(doc_id, rev)
