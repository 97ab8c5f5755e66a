"""What peers brought that nobody can judge yet: a node's card or a catalog entry is not here. Kept, but not without end.

An event of a machine that nobody knows costs its sender nothing. So each peer may have at most 64 MiB of them
here; what goes beyond is refused, stays where it is, and is offered again. What turns out to be false goes on
counting against the peer that brought it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from edge.database import NodeFile
from sync.sqlite import Connection

MOST_BYTES: Final = 64 * 1024 * 1024


class Waits:
    """The account of one node, peer by peer. Its methods belong inside the caller's transaction."""

    def __init__(self, file: NodeFile, *, most_bytes: int = MOST_BYTES) -> None:
        self._file = file
        self.most_bytes = most_bytes

    def bytes_of(self, source: str) -> int:
        """How much of what this peer brought still waits."""
        with self._file.read() as connection:
            (size,) = connection.execute(
                "SELECT coalesce(sum(bytes), 0) FROM wait WHERE source = ?", (source,)
            ).fetchone()
        return int(size)

    def note(
        self, connection: Connection, event_hash: str, rev: str, source: str, size: int, at: str
    ) -> None:
        """In the caller's transaction: how many bytes this event has, and who brought them."""
        connection.execute(
            "INSERT INTO wait VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
            (f"{event_hash} {rev}", event_hash, source, size, at),
        )

    def of(self, connection: Connection, doc_ids: Sequence[str]) -> list[str]:
        """Those of these documents of which a copy waits."""
        if connection.execute("SELECT 1 FROM wait LIMIT 1").fetchone() is None:
            return []
        return [
            doc_id
            for doc_id in dict.fromkeys(doc_ids)
            if connection.execute("SELECT 1 FROM wait WHERE hash = ?", (_hash(doc_id),)).fetchone()
            is not None
        ]

    def forget(self, connection: Connection, doc_id: str) -> None:
        """All copies of an event that is judged now."""
        connection.execute("DELETE FROM wait WHERE hash = ?", (_hash(doc_id),))

    def settle(self, connection: Connection) -> None:
        """Forget those that are judged by now."""
        connection.execute(
            "DELETE FROM wait WHERE hash IN (SELECT w.hash FROM wait w JOIN delivery d ON d.hash = w.hash"
            " JOIN event e ON e.stream = d.stream AND e.hash = d.hash WHERE e.place NOT IN ('waiting', 'newer') AND d.sealed > 0)"
        )

    def by_source(self) -> dict[str, int]:
        """For each peer with something waiting here, how many bytes."""
        with self._file.read() as connection:
            found = connection.execute(
                "SELECT source, sum(bytes) FROM wait GROUP BY source ORDER BY source"
            ).fetchall()
        return dict(found)


def _hash(doc_id: str) -> str:
    return doc_id.partition(":")[2]
