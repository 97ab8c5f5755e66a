"""What machines say of their outages: since when they were alone, and until when. Pure.

Each outage of each machine is a stream of its own: it opens with one act and ends with another, so that it costs the
same to read however many there were before. Outages of several machines that overlap are one for whoever looks back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, TypeVar

import msgspec

from schemas.acts import OutageClosed, OutageOpened
from schemas.calendar import local_day
from schemas.events import Event, EventHash, Unknown, moment
from schemas.fold import Dossier, Line, Place

OPENED: Final = "node.outage_opened"
CLOSED: Final = "node.outage_closed"
MOST_DAYS: Final = 400
"""A machine that says it was alone for longer is found by the first of these days."""
_IN_FORCE: Final = (Place.EFFECTIVE, Place.IRREGULAR)
T = TypeVar("T", OutageOpened, OutageClosed)


class Outage(msgspec.Struct, frozen=True):
    """One machine's outage; `until` is "" while it lasts. `seq`: the act by which it was noted, in the machine's chain;
    `last_seq`: the one that ended it, 0 while it lasts."""

    stream: str
    node: str
    since: str
    until: str
    what: str
    seq: int
    last_seq: int

    def days(self) -> Iterator[date]:
        """The Vietnamese days that it touched; while it lasts only the first is known."""
        first = local_day(moment(self.since))
        last = local_day(moment(self.until)) if self.until else first
        for number in range(min((last - first).days, MOST_DAYS) + 1):
            yield first + timedelta(days=number)

    def overlaps(self, since: str, until: str) -> bool:
        """Whether it lasted at some moment of a span that ends with `until` ("": that still lasts)."""
        return (not until or self.since <= until) and (not self.until or since <= self.until)


def outage_of(dossier: Dossier, events: Iterable[Event | Unknown]) -> Outage | None:
    """The outage that a stream tells of; None for any other stream."""
    said = {event.hash: event for event in events if isinstance(event, Event)}
    opened, begun = _first(dossier, said, OPENED, OutageOpened)
    if opened is None or begun is None:
        return None
    closed, over = _first(dossier, said, CLOSED, OutageClosed)
    return Outage(
        dossier.stream,
        opened.node,
        begun.since,
        max(over.until, begun.since) if over is not None else "",
        begun.what,
        opened.seq,
        closed.seq if closed is not None else 0,
    )


def _first(
    dossier: Dossier, said: Mapping[EventHash, Event], kind: str, data: type[T]
) -> tuple[Line | None, T | None]:
    """The first act of a kind that counts, and what it says."""
    for line in dossier.timeline:
        if line.kind == kind and line.place in _IN_FORCE and line.hash in said:
            return line, msgspec.convert(said[line.hash].data, data)
    return None, None


def together(outages: Iterable[Outage]) -> list[list[Outage]]:
    """Those that overlap, directly or by others between them; the newest group first."""
    groups: list[list[Outage]] = []
    until: str | None = None
    for one in sorted(outages, key=lambda one: (one.since, one.stream)):
        if groups and (until == "" or (until is not None and one.since <= until)):
            groups[-1].append(one)
            until = "" if not (until and one.until) else max(until, one.until)
        else:
            groups.append([one])
            until = one.until
    return groups[::-1]


def span_of(outages: Sequence[Outage]) -> tuple[str, str]:
    """Since when and until when; until "" while one of them lasts."""
    ends = [one.until for one in outages]
    return min(one.since for one in outages), "" if "" in ends else max(ends)
