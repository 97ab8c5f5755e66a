"""When this node last heard of each other node: a proven moment, never a guess.

A reply or a heartbeat proves contact; so does a request that the other one makes here. A network card that is
up proves nothing. The last moments survive a restart.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from edge.clock import Clock
from edge.database import NodeFile
from edge.tables.node import Fact
from schemas.events import moment, timestamp
from sync.errors import Unavailable

SILENCE: Final = timedelta(seconds=6)
"""After this long without any sign the other node counts as lost, though no error was seen."""
SETTLING: Final = timedelta(seconds=15)
"""So long after its start a node has not yet reached everybody: machines of a room are switched on one after another."""
_KEPT_EVERY: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Contact:
    """`heard_at`: the last proof. `lost_since`: None while in contact. `why`: the last error, in English.

    `settling`: this node has only just started and has not heard of the other one since; that proves nothing yet.
    """

    node: str
    heard_at: datetime | None
    lost_since: datetime | None
    why: str = ""
    settling: bool = False


class Contacts:
    """The contacts of one node, told by its replications, its probes and its server."""

    def __init__(self, file: NodeFile, clock: Clock) -> None:
        self._file, self._clock = file, clock
        self._lock = threading.Lock()
        self._contacts: dict[str, Contact] = {}
        self._kept: dict[str, datetime] = {}
        self._met: set[str] = set()
        self._signs: dict[str, tuple[datetime, timedelta]] = {}
        self._began = clock()
        with file.read():
            for fact in Fact.select().where(Fact.key.startswith("contact ")):
                node = fact.key.removeprefix("contact ")
                self._contacts[node] = Contact(node, moment(fact.value), moment(fact.value))

    def heard(self, node: str, *, silent: timedelta = SILENCE) -> None:
        """The other node gave a sign of life just now; `silent`: after so long without another one it counts as lost."""
        now = self._clock()
        with self._lock:
            before = self._contacts.get(node)
            at, lasting = self._signs.get(node, (now, silent))
            # what lasts longer counts, unless the clock went back
            if at > now or now + silent >= at + lasting:
                self._signs[node] = now, silent
            self._contacts[node] = Contact(node, now, None)
            self._met.add(node)
            due = node not in self._kept or now - self._kept[node] >= _KEPT_EVERY or before is None
            if due or (before is not None and before.lost_since is not None):
                self._kept[node] = now
                due = True
        if due:
            self._keep(node, now)

    def lost(self, node: str, why: str) -> None:
        """An attempt to reach the other node failed."""
        with self._lock:
            before = self._contacts.get(node) or Contact(node, None, None)
            since = before.lost_since or before.heard_at or self._began
            newly = before.lost_since is None and before.heard_at is not None
            self._contacts[node] = replace(before, lost_since=since, why=why)
        if newly and before.heard_at is not None:
            self._keep(node, before.heard_at)

    def of(self, node: str) -> Contact:
        """What is known now; silence counts as loss."""
        now = self._clock()
        with self._lock:
            contact = self._contacts.get(node) or Contact(node, None, self._began)
            settling = node not in self._met and timedelta(0) <= now - self._began < SETTLING
            at, lasting = self._signs.get(node, (now, SILENCE))
        if contact.lost_since is None and contact.heard_at is not None and now - at > lasting:
            contact = replace(contact, lost_since=contact.heard_at)
        return replace(contact, settling=True) if settling else contact

    def _keep(self, node: str, at: datetime) -> None:
        """For the next start. On a full disk it is tried again with the next sign of life."""
        try:
            with self._file.write():
                Fact.insert(key=f"contact {node}", value=timestamp(at)).on_conflict_replace().execute()
        except Unavailable:
            with self._lock:
                self._kept.pop(node, None)
