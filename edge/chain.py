"""This node's own chain of events in one database: each names the one before, none is left out or used twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from edge.clock import Clock
from edge.database import NodeFile
from edge.disk import Disk
from edge.hour import BEHIND, Hour
from edge.ids import Ids
from edge.keys import NodeKeys
from edge.tables.node import Chain
from schemas.events import EventHash, Signed, moment, timestamp, write
from sync.errors import Broken
from sync.store import Store

STEP_BACK: Final = BEHIND
"""A clock that is at most this far behind our own last event is taken as that event's time and 1 µs."""


class ClockBehind(Exception):
    """The machine's clock is behind its own last act by more than two minutes; nothing was written."""

    def __init__(self, now: datetime, last: datetime) -> None:
        super().__init__(f"the clock says {now}, the last act of this machine was at {last}")
        self.now, self.last = now, last


class ClockJumped(ClockBehind):
    """The machine's clock jumped while it was at work; nothing was written. `last`: what it should say."""


class OwnChain:
    """Writes sealed events, one after the other. `append` belongs inside the caller's `file.write()`."""

    def __init__(
        self,
        file: NodeFile,
        store: Store,
        keys: NodeKeys,
        clock: Clock,
        ids: Ids,
        *,
        node: str,
        hour: Hour | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._file, self._store, self._disk = file, store, disk
        self._keys, self._clock, self._ids, self._node, self._hour = keys, clock, ids, node, hour

    def begin(self, after: str) -> None:
        """Begin the chain, once: `after` is the hash of the node's first card, or "" for the catalog's."""
        with self._file.write():
            Chain.insert(database=self._store.name, seq=0, hash=after, at="").on_conflict_ignore().execute()

    def now(self) -> datetime:
        """The clock, but never behind our own last event here, unless a person says that it is right.

        Raises `ClockBehind`, also where it jumped, while nobody was asked.
        """
        jumped = self._hour.jumped_to() if self._hour is not None else None
        if jumped is not None:
            raise ClockJumped(jumped.now, jumped.known)
        now = self._clock()
        with self._file.read():
            at = Chain.get(Chain.database == self._store.name).at
        last = moment(at) if at else None
        if last is None or now > last:
            return now
        if last - now > STEP_BACK:
            if self._hour is not None and self._hour.covers(last):
                return now
            raise ClockBehind(now, last)
        return last + timedelta(microseconds=1)

    def append(
        self,
        stream: str,
        kind: str,
        data: Mapping[str, Any],
        *,
        parents: Sequence[str],
        by: str,
        at: datetime,
        catalog: str = "",
        rests_on: Sequence[str] | None = None,
        with_: Sequence[str] = (),
        sign: Callable[[bytes], Signed] | None = None,
    ) -> EventHash:
        """Write the next event; its hash. The chain's head and the event are one transaction.

        `catalog` names the catalog by which the act was checked; a catalog entry names the entry before it.
        Raises `DiskFull` while there is still room for what has begun.
        """
        if self._disk is not None:
            self._disk.require()
        head = Chain.get(Chain.database == self._store.name)
        document = write(
            stream=stream,
            kind=kind,
            parents=parents,
            rests_on=rests_on,
            with_=with_,
            at=at,
            node=self._node,
            seq=head.seq + 1,
            prev=head.hash,
            catalog=_before(head) if self._store.name == "catalog" else catalog,
            by=by,
            data=data,
            salt=self._ids.salt(),
            seal=self._keys.ed25519.sign,
            sign=sign,
            clock_unsure=self._hour is not None and self._hour.unsure,
        )
        event = EventHash(document["_id"].partition(":")[2])
        Chain.update(seq=head.seq + 1, hash=event, at=timestamp(at)).where(
            Chain.database == self._store.name
        ).execute()
        (outcome,) = self._store.bulk_docs([document], new_edits=False)
        if outcome.refusal is not None:
            raise Broken(f"our own event was refused, and nothing was written: {outcome.refusal}")
        return event


def _before(head: Chain) -> str:
    """The name of the catalog that ends with the entry at the head of the chain."""
    return f"{head.seq}-{head.hash[:16]}" if head.seq else ""
