"""The end of each day at a machine: one event says how much was written and looked at, and seals the log of views.

It is written by the machine itself, when the next day has begun and the machine is on. What was closed last stands
in the events; nothing is kept beside them. A day on which nobody did anything is not closed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from edge.chain import ClockBehind
from edge.clock import Clock
from edge.database import NodeFile
from edge.ids import Ids
from edge.leaving import own_acts_that_left
from edge.ledger import Ledger
from edge.projector import Projector
from edge.tables.node import Fact
from edge.tables.streams import EventRow
from edge.views import ViewLog
from schemas.acts import DayClosed, Views
from schemas.calendar import local_day
from schemas.errors import NotAllowed
from schemas.events import Event, StreamId, moment
from sync.errors import Unavailable

log = logging.getLogger(__name__)

KIND: Final = "node.day_closed"
_STREAM: Final = "node stream"
LOOKED_EVERY_S: Final = 600.0


class Closing:
    """Closes the days of one node."""

    def __init__(
        self,
        file: NodeFile,
        ledger: Ledger,
        projector: Projector,
        views: ViewLog,
        clock: Clock,
        ids: Ids,
        *,
        node: str,
    ) -> None:
        self._file, self._ledger, self._projector, self._views = file, ledger, projector, views
        self._clock, self._ids, self._node = clock, ids, node

    def close_days(self) -> int:
        """Close every day before today on which something was done here; how many there were."""
        with self._file.write():
            count = 0
            for closed in self._due():
                self._ledger.act(self.stream(), KIND, closed, by="")
                count += 1
        return count

    def closed(self) -> list[DayClosed]:
        """The days that this machine has closed, oldest first."""
        return closed_in(self._projector, self.stream(), self._node)

    def _due(self) -> Iterator[DayClosed]:
        today = local_day(self._clock())
        last = next(reversed(self.closed()), None)
        views = last.views if last and last.views is not msgspec.UNSET else None
        written = self._written(last.last_seq if last else 0)
        looked = self._views.days_after(views.last_line if views else 0)
        days = {local_day(moment(at)) for _, kind, at in written if kind != KIND}
        days |= {local_day(moment(at)) for at in looked}
        seq = last.last_seq if last else 0
        for day in sorted(day for day in days if day < today and (not last or day.isoformat() > last.day)):
            of_day = [number for number, _, at in written if local_day(moment(at)) == day]
            seq = max([seq, *of_day])
            views = self._views.sealed_by(day, views)
            yield DayClosed(day.isoformat(), seq, len(of_day), views)

    def _written(self, after: int) -> list[tuple[int, str, str]]:
        with self._file.read():
            rows = EventRow.select(EventRow.seq, EventRow.kind, EventRow.at).where(
                (EventRow.node == self._node) & (EventRow.seq > after)
            )
            here = {(row.seq, row.kind, row.at) for row in rows}
        return sorted(here.union(own_acts_that_left(self._file, after)))

    def stream(self) -> str:
        """The stream of this machine's own events; made once."""
        with self._file.write():
            fresh = str(self._ids.stream(self._clock()))
            Fact.insert(key=_STREAM, value=fresh).on_conflict_ignore().execute()
            return str(Fact.get(Fact.key == _STREAM).value)


def closed_in(projector: Projector, stream: str, node: str) -> list[DayClosed]:
    """The days that a machine closed in a stream, oldest first; what is not well-formed is left out."""
    found = []
    for event in projector.events_of(StreamId(stream)):
        if isinstance(event, Event) and event.kind == KIND and event.node == node:
            try:
                found.append((event.seq, msgspec.convert(event.data, DayClosed)))
            except msgspec.ValidationError:
                continue
    return [closed for _, closed in sorted(found, key=lambda one: one[0])]


def views_of(closed: list[DayClosed]) -> list[Views]:
    """What each of these days says of its log of views; days of versions before there was one say nothing."""
    return [one.views for one in closed if one.views is not msgspec.UNSET]


def day_of(closed: DayClosed) -> date:
    """The day in Vietnam that was closed."""
    return date.fromisoformat(closed.day)


class ClosingDays:
    """The thread that looks, now and then, whether a new day has begun."""

    def __init__(self, closing: Closing, *, every_s: float = LOOKED_EVERY_S) -> None:
        self._closing, self._every_s = closing, every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="closing", daemon=True)

    def start(self) -> None:
        """The first look is at once: a machine that was off for days closes them all in one transaction."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for it, 5 s at most: the days that it is closing are written all or not at all."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._closing.close_days()
            except (ClockBehind, NotAllowed, Unavailable) as why:
                log.warning("the day was not closed yet: %s", why)
            except Exception:  # nobody would miss a thread that ends here
                log.exception("the day was not closed yet")
            self._stopping.wait(self._every_s)
