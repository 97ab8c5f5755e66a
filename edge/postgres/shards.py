"""Who projects which streams: shards, the leases on them, and how far each has come.

A lease is an advisory lock of the connection over which the rows are written. It ends with the connection, however that ends,
and so does all that was not committed: who can still commit has the lease, and nobody waits for a time-out.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from edge.postgres.connection import PostgresConnection
from edge.postgres.tables import LOCKS, PRESENT, SHARDS
from sync.rows import marks

FEEDS: Final = ("dossiers", "visits", "catalog")


def shard_of(stream: str) -> int:
    """The shard of a stream, for ever."""
    return crc32(stream.encode()) % SHARDS


class Lost(Exception):
    """Somebody else has moved a shard on: what was read of it is not true any more, and nothing was written."""


@dataclass(slots=True)
class Standing:
    """Up to where a shard has read each feed; of the catalog, by which entry it is folded."""

    dossiers: int
    visits: int
    catalog: int


class Shards:
    """Those that one connection has the lease of."""

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection
        self._held: dict[int, Standing] = {}
        connection.execute("SELECT pg_advisory_lock_shared(?, ?)", (LOCKS, PRESENT))

    @property
    def held(self) -> dict[int, Standing]:
        """By shard. No copy: `take_share` and `moved` change it."""
        return self._held

    def take_share(self) -> None:
        """As many as everybody who is present has; what is more is given up, what nobody has is taken."""
        share = -(-SHARDS // self._present())
        for shard in sorted(self._held, reverse=True)[: max(0, len(self._held) - share)]:
            self._connection.execute("SELECT pg_advisory_unlock(?, ?)", (LOCKS, shard))
            del self._held[shard]
        for shard in range(SHARDS):
            if len(self._held) >= share:
                return
            if shard not in self._held and self._claim(shard):
                self._held[shard] = self._standing(shard)

    def move(self, feed: str, shards: Collection[int], since: int, to: int) -> None:
        """Move shards on that stood at one place, within the transaction of what was made of it. Raises `Lost`."""
        assert feed in FEEDS, feed  # noqa: S101
        moved = self._connection.execute(
            f"UPDATE shard SET {feed} = ? WHERE {feed} = ? AND shard IN ({marks(list(shards))})",  # noqa: S608 - ours
            (to, since, *shards),
        ).rowcount
        if moved != len(shards):
            raise Lost(f"{feed}: {len(shards) - moved} of {len(shards)} shards do not stand at {since}")

    def moved(self, feed: str, shards: Collection[int], to: int) -> None:
        """They were: the transaction has been committed."""
        for shard in shards:
            setattr(self._held[shard], feed, to)

    def _present(self) -> int:
        (count,) = self._connection.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = ?::oid"
            " AND objid = ?::bigint::oid AND objsubid = 2"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (LOCKS, PRESENT % 2**32),
        ).fetchone() or (1,)
        return int(count)

    def _claim(self, shard: int) -> bool:
        row = self._connection.execute("SELECT pg_try_advisory_lock(?, ?)", (LOCKS, shard)).fetchone()
        return row is not None and bool(row[0])

    def _standing(self, shard: int) -> Standing:
        columns = ", ".join(FEEDS)
        row = self._connection.execute(f"SELECT {columns} FROM shard WHERE shard = ?", (shard,)).fetchone()  # noqa: S608
        if row is None:
            raise Lost(f"there is no shard {shard}")
        return Standing(*row)
