"""A machine's own word that it was alone: since when it had lost central, and when it had central back.

It is written by itself, under its seal, and travels like every act: who asks later why a due moment was missed, or when
receipts could be sent at all, has more than somebody's memory (NĐ 309/2026 Đ4(2a), NĐ 254/2026 Đ27(3)). A line that is
gone for a few minutes is no outage. A machine that was switched off was not alone: its outage begins with its start.

A machine whose power went, or that broke, says so when it starts again: it was not stopped, and its last mark, one a
minute, tells since when. One that somebody stopped or shut down was no outage, and leaves no mark.

A clock whose battery is empty would make outages of years. So nothing is written or marked from when it jumped, or from a
start at an hour that nobody believes, until somebody has been asked about it or another clock agrees (`edge.hour`).
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

import msgspec

from edge.chain import ClockBehind
from edge.clock import Clock, Stopwatch
from edge.contact import Contacts
from edge.database import NodeFile
from edge.hour import Hour
from edge.ids import Ids
from edge.ledger import CLOSED as RETIRED
from edge.ledger import Ledger
from edge.tables.node import Fact
from schemas.acts import OutageClosed, OutageOpened
from schemas.catalog import Catalog
from schemas.errors import NotAllowed
from schemas.events import moment, timestamp
from schemas.outages import CLOSED, OPENED

NOTED_AFTER: Final = timedelta(minutes=5)
MARKED_EVERY: Final = timedelta(minutes=1)
_LASTING: Final = "outage that lasts"
_ALIVE: Final = "alive at"
log = logging.getLogger(__name__)


class Lasting(msgspec.Struct, frozen=True):
    """The outage that is written and not over."""

    stream: str
    since: str


class Outages:
    """The outages of one node. `look` is asked again and again, and writes what there is to be written."""

    def __init__(
        self,
        file: NodeFile,
        ledger: Ledger,
        contacts: Contacts,
        catalog: Catalog,
        clock: Clock,
        stopwatch: Stopwatch,
        hour: Hour,
        ids: Ids,
        *,
        node: str,
    ) -> None:
        self._file, self._ledger, self._contacts, self._catalog = file, ledger, contacts, catalog
        self._clock, self._stopwatch, self._hour, self._ids, self._node = clock, stopwatch, hour, ids, node
        self._started = stopwatch()
        self._told = False
        """Whether it is written, where there was anything to write, that this machine had been off."""
        self._marked: datetime | None = None

    @property
    def lasting(self) -> Lasting | None:
        """That of the line to central, kept over a restart; None while there is none."""
        with self._file.read():
            fact = Fact.get_or_none(Fact.key == _LASTING)
        return msgspec.json.decode(fact.value, type=Lasting) if fact is not None else None

    def look(self) -> None:
        """Write that an outage has begun, or is over. What a wrong clock forbids now is written at a later look."""
        centre = self._catalog.centre
        if centre is None or centre == self._node:
            return
        contact, lasting = self._contacts.of(centre), self.lasting
        doubt = self._hour.jumped_to() if self._told else self._hour.doubt()
        if contact.settling or doubt is not None:
            return
        try:
            self._was_off()
            if lasting is None and contact.lost_since is not None:
                self._begin(contact.lost_since)
            elif lasting is not None and contact.lost_since is None and contact.heard_at is not None:
                self._end(lasting, contact.heard_at)
        except (ClockBehind, NotAllowed) as why:
            log.info("the outage is written later: %s", why)

    def stopped(self) -> None:
        """Somebody stops this machine: that is no outage."""
        with self._file.write():
            Fact.delete().where(Fact.key == _ALIVE).execute()

    def _was_off(self) -> None:
        """Write, once after a start, that the machine went off without being stopped; then mark that it is on."""
        now = self._clock()
        if self._told and self._marked is not None and abs(now - self._marked) < MARKED_EVERY:
            return
        with self._file.write():
            if not self._told:
                fact = Fact.get_or_none(Fact.key == _ALIVE)
                began = self._began(now)
                if fact is not None and began - moment(fact.value) >= NOTED_AFTER:
                    self._write_off(fact.value, began)
            Fact.insert(key=_ALIVE, value=timestamp(now)).on_conflict_replace().execute()
        self._told, self._marked = True, now

    def _began(self, now: datetime) -> datetime:
        """When this machine was started, by the hour as it is counted now."""
        return now - timedelta(seconds=self._stopwatch() - self._started)

    def _write_off(self, since: str, began: datetime) -> None:
        if Fact.get_or_none(Fact.key == RETIRED) is not None:
            return
        stream = str(self._ids.stream(self._clock()))
        self._ledger.act(stream, OPENED, OutageOpened("machine", since), by="")
        self._ledger.act(stream, CLOSED, OutageClosed(timestamp(began)), by="")

    def _begin(self, lost_since: datetime) -> None:
        now = self._clock()
        since = max(lost_since, self._began(now))
        if now - since < NOTED_AFTER:
            return
        with self._file.write():
            if Fact.get_or_none(Fact.key == RETIRED) is not None:
                return
            lasting = Lasting(str(self._ids.stream(now)), timestamp(since))
            said = OutageOpened("line", lasting.since)
            self._ledger.act(lasting.stream, OPENED, said, by="")
            value = msgspec.json.encode(lasting).decode()
            Fact.insert(key=_LASTING, value=value).on_conflict_replace().execute()

    def _end(self, lasting: Lasting, heard_at: datetime) -> None:
        with self._file.write():
            if Fact.get_or_none(Fact.key == RETIRED) is None:
                until = max(lasting.since, timestamp(heard_at))
                self._ledger.act(lasting.stream, CLOSED, OutageClosed(until), by="")
            Fact.delete().where(Fact.key == _LASTING).execute()
