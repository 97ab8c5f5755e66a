"""A projector in PostgreSQL: reads what has changed in a node's feeds, folds it, and writes its rows.

What is read, what is written of it and up to where that goes are one transaction for the shards that this connection
has (`edge.postgres.shards`). So it may end anywhere, and another goes on at the same place.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final

import psycopg

from edge.dossier_rows import Told, rows_of, write_acts, write_rows
from edge.folding import in_another_light, is_answered, waiting
from edge.postgres.connection import PostgresConnection, connected, first_line, losing
from edge.postgres.reading import Otherwise, Source
from edge.postgres.shards import Lost, Shards, shard_of
from edge.postgres.tables import LOCKS, SHARED, made
from edge.tallying import Tallies
from sync.errors import Unavailable
from sync.sqlite import Connection

BATCH: Final = 500
"""Changes read at once, and so much is done again at most."""
SLICE: Final = 200
"""Streams folded anew in one transaction when the catalog has grown."""
LOOK_S: Final = 0.01
"""So often it is asked whether anything was written since, which takes some microseconds."""
SHARE_S: Final = 1.0
"""So often it is asked who else is there."""
AGAIN_S: Final = 1.0
TRIES: Final = 20
_CLASHES: Final = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.UniqueViolation,
)
"""Two projectors were in each other's way, of which one was turned back; or both drew one position."""

log = logging.getLogger(__name__)


class Follower:
    """One projector over one connection."""

    def __init__(self, connection: PostgresConnection, source: Source, tick: Callable[[], float]) -> None:
        """Makes the tables where they are not. Raises `CannotStart`."""
        self._connection, self._source, self._tick = connection, source, tick
        made(connection, root=source.root.hex(), node=source.name)
        self.shards = Shards(connection)
        self._tallies = Tallies(source.catalog)
        self._shared_at: float | None = None
        self._clashes = 0

    def step(self) -> bool:
        """Do one transaction's worth; whether there was anything to do. Raises `Unavailable`, `Lost`, `Otherwise`."""
        now = self._tick()
        if self._shared_at is None or now - self._shared_at >= SHARE_S:
            self._shared_at = now
            self.shards.take_share()
        if not self.shards.held or not self._source.follow_catalog():
            return False
        try:
            did = self._relight() or self._dossiers() or self._visits()
        except _CLASHES as why:
            self._clashes += 1
            if self._clashes > TRIES:
                raise
            log.info("projected again: %s", first_line(why))
            time.sleep(0.01 * self._clashes)
            return True
        self._clashes = 0
        return did

    def catch_up(self) -> None:
        """All that is there now."""
        while self.step():
            pass

    # ---- what there is to do

    def _behind(self, feed: str) -> tuple[list[int], int, int | None]:
        """The shards that are furthest behind in a feed, where they stand, and where the next ones do."""
        places = {shard: int(getattr(standing, feed)) for shard, standing in self.shards.held.items()}
        since = min(places.values())
        ahead = min((place for place in places.values() if place > since), default=None)
        return [shard for shard, place in places.items() if place == since], since, ahead

    def _dossiers(self) -> bool:
        shards, since, ahead = self._behind("dossiers")
        changes, last = self._source.changes("dossiers", since, limit=BATCH, up_to=ahead)
        if last == since:
            return False
        mine = [one for one in changes if shard_of(one.id.partition(":")[0]) in shards]
        for change in mine:
            if change.winner.generation > 1:
                self._source.forget(change.id)
        told = self._source.folds([*{one.id.partition(":")[0] for one in mine}])
        with self._connection.transaction():
            self.shards.move("dossiers", shards, since, last)
            self._project(told)
        self.shards.moved("dossiers", shards, last)
        return True

    def _visits(self) -> bool:
        shards, since, ahead = self._behind("visits")
        changes, last = self._source.changes("visits", since, limit=BATCH, up_to=ahead)
        if last == since:
            return False
        mine = [one.id for one in changes if shard_of(one.id.partition(":")[0]) in shards]
        with self._connection.transaction():
            self.shards.move("visits", shards, since, last)
            if mine:
                rated = self._source.rated(mine)
                others = {name.partition(":")[0] for name in mine} - rated
                self._rate(rated | self._tallies.rated_before(self._connection, others))
        self.shards.moved("visits", shards, last)
        return True

    def _relight(self) -> bool:
        """Fold again what waited for what is in the catalog now, and what its newest word puts in another light."""
        shards, seen, _ = self._behind("catalog")
        catalog = self._source.catalog
        number = catalog.number  # it may go on while this is done, and then there is more to do
        if seen == number:
            return False
        connection: Connection = self._connection
        streams = {stream for stream, why in waiting(connection) if is_answered(why, catalog)}
        streams |= in_another_light(connection, catalog, seen, self._source.streams_of)
        mine = sorted(stream for stream in streams if shard_of(stream) in shards)
        for first in range(0, len(mine), SLICE):
            told = self._source.folds(mine[first : first + SLICE])
            with self._connection.transaction():
                self._project(told)
        visits = [one for one in self._tallies.ratings_waiting(connection) if shard_of(one) in shards]
        with self._connection.transaction():
            self.shards.move("catalog", shards, seen, number)
            self._rate(visits)
        self.shards.moved("catalog", shards, number)
        return True

    # ---- what is written

    def _project(self, told: Sequence[Told]) -> None:
        if not told:
            return
        connection: Any = self._connection
        known = rows_of(
            connection, "stream, hash, place, why", "event", [dossier.stream for dossier, _ in told]
        )
        written = write_acts(connection, told, known)
        write_rows(connection, told, self._source.catalog.latest, known=known)
        self._alone()
        self._tally_all(self._tallies.take(connection, told, written))

    def _rate(self, visits: Collection[str]) -> None:
        if visits:
            self._alone()
            ratings = self._source.ratings([*visits])
            self._tally_all(self._tallies.take_visits(self._connection, ratings))

    def _tally_all(self, streams: Iterable[str]) -> None:
        """Count dossiers that others' shards may have: as they are once nobody else counts."""
        others = set(streams)
        while others:
            others = self._tallies.take(self._connection, self._source.folds([*others]), ())

    def _alone(self) -> None:
        """Until the end of the transaction nobody else takes figures back and adds others.

        Who did before may have folded by a newer entry of the catalog, and does not look at its dossiers again.
        """
        self._connection.execute("SELECT pg_advisory_xact_lock(?, ?)", (LOCKS, SHARED))
        self._source.follow_catalog()


def follow(
    address: str,
    open_source: Callable[[], Source],
    stopping: threading.Event,
    *,
    tick: Callable[[], float] = time.monotonic,
) -> None:
    """Project until told to stop, whatever becomes of the server meanwhile. Raises `CannotStart`."""
    while not stopping.is_set():
        try:
            _follow_once(address, open_source, stopping, tick)
        except (Unavailable, Lost, Otherwise) as why:
            log.warning("begins again: %s", why)
            stopping.wait(AGAIN_S)


def _follow_once(
    address: str, open_source: Callable[[], Source], stopping: threading.Event, tick: Callable[[], float]
) -> None:
    source = open_source()
    try:
        # what a server forgets when it falls it forgets with the place up to where that was read: it is made again
        connection = connected(address, named="motcua projector", synchronous_commit="off")
        try:
            with losing(connection):
                follower = Follower(connection, source, tick)
                while not stopping.is_set():
                    written = source.written()
                    if not follower.step():
                        _rest(source, written, stopping, tick)
        finally:
            connection.close()
    finally:
        source.close()


def _rest(source: Source, written: int, stopping: threading.Event, tick: Callable[[], float]) -> None:
    """Until something was written there since, or it is to be asked who else is here."""
    until = tick() + SHARE_S
    while source.written() == written and tick() < until:
        if stopping.wait(LOOK_S):
            return
