"""Petitions at one machine: filed by anybody who stands or sits before it, answered and closed by a supervisor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import msgspec

from edge.clock import Clock
from edge.database import NodeFile, Readable
from edge.ids import Ids
from edge.ledger import Ledger
from edge.projector import Projector
from edge.tables.dossiers import DossierRow, PetitionRow
from schemas.acts import Party, PetitionAnswered, PetitionClosed, PetitionFiled
from schemas.catalog import Catalog
from schemas.deadlines import PETITION, due
from schemas.events import timestamp
from schemas.fold import Dossier
from schemas.petitions import Told, number_of, told_of

SHOWN: Final = 40
FILED, ANSWERED, CLOSED = "petition.filed", "petition.answered", "petition.closed"


Spool = Callable[[Told], None]
"""Puts the paper of a petition into the spool, inside the ledger's transaction."""


class Waits(Enum):
    """The lists: what is to be answered, the nearest first; what was answered and what is closed, the newest first."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Page:
    """Some petitions, and the stream after whose row the next page begins ("": none)."""

    rows: list[PetitionRow]
    after: str


class Petitions:
    """The petitions at one node: filed, answered within ten working days, closed. `shown`: where lists are asked."""

    def __init__(
        self,
        file: NodeFile,
        ledger: Ledger,
        projector: Projector,
        catalog: Catalog,
        clock: Clock,
        ids: Ids,
        *,
        shown: Readable,
    ) -> None:
        self._file, self._ledger, self._projector, self._catalog = file, ledger, projector, catalog
        self._clock, self._ids, self._shown = clock, ids, shown

    def file(
        self,
        stream: str,
        *,
        sender: Party,
        text: str,
        about: str = "",
        by: str = "",
        spool: Spool | None = None,
    ) -> str:
        """Record one; its number. Asked twice for one stream, once done. `about`: a dossier's number, if it names one.

        Raises `NotAllowed`, `NoDueMoment`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            if self._projector.dossier(stream).standing.newest.get(FILED) is None:
                moment = due(self._clock(), PETITION, self._catalog.latest.calendar()).moment
                known = self._stream_of(about) if about else None
                said = text if not about or known else f"Về hồ sơ {about}: {text}"
                filed = PetitionFiled(sender, said, timestamp(moment), known or msgspec.UNSET)
                told = told_of(self._ledger.act(stream, FILED, filed, by=by))
                if spool is not None and told is not None:
                    spool(told)
        return number_of(stream)

    def new_stream(self) -> str:
        """For a form, which keeps it: under one stream a petition is filed once, however often it is sent."""
        return self._ids.stream(self._clock())

    def answer(self, stream: str, text: str, *, by: str, with_: Sequence[str] = ()) -> Dossier:
        """Answers one that is open still. Raises `NotAllowed`, `ClockBehind`, `DiskFull`."""
        return self._ledger.act(stream, ANSWERED, PetitionAnswered(text), by=by, with_=with_)

    def close(
        self, stream: str, *, satisfied: bool | None, reason: str, by: str, with_: Sequence[str] = ()
    ) -> Dossier:
        """Answered or not; `satisfied` None: nobody knows. Raises `NotAllowed`, `ClockBehind`, `DiskFull`."""
        data = PetitionClosed(msgspec.UNSET if satisfied is None else satisfied, reason)
        return self._ledger.act(stream, CLOSED, data, by=by, with_=with_)

    def petition(self, stream: str) -> Dossier:
        """The fold of its stream here; of one that nobody has heard of, `PetitionStatus.NONE`."""
        return self._projector.dossier(stream)

    def row(self, stream: str) -> PetitionRow | None:
        """None where nothing was filed here, or its words are gone by law."""
        with self._shown.read():
            found: PetitionRow | None = PetitionRow.get_or_none(PetitionRow.stream == stream)
            return found

    def by_number(self, number: str) -> PetitionRow | None:
        """By the number as `read_number` gives it; None as for `row`."""
        with self._shown.read():
            found: PetitionRow | None = PetitionRow.get_or_none(PetitionRow.number == number)
            return found

    def page(self, waits: Waits, *, after: str = "", size: int = SHOWN) -> Page:
        """By the moment that orders the list, then by the stream; a row that has left the list begins the list anew."""
        column, ascending = _MOMENTS[waits], waits is Waits.OPEN
        order = f"{column}, stream" if ascending else f"{column} DESC, stream DESC"
        with self._shown.read() as connection:
            beyond, key = "", list[str]()
            row = PetitionRow.get_or_none(PetitionRow.stream == after) if after else None
            if row is not None and row.status == waits.value:
                beyond = f" AND ({column}, stream) {'>' if ascending else '<'} (?, ?)"
                key = [getattr(row, column), row.stream]
            query = (
                f"SELECT stream FROM petition WHERE status = '{waits.value}'{beyond} ORDER BY {order} LIMIT ?"  # noqa: S608 - ours
            )
            streams = [stream for (stream,) in connection.execute(query, (*key, size + 1))]
            found = {row.stream: row for row in PetitionRow.select().where(PetitionRow.stream.in_(streams))}
        more = streams[size - 1] if len(streams) > size else ""
        return Page([found[stream] for stream in streams[:size]], more)

    def to_answer(self) -> tuple[int, int]:
        """How many are to be answered, and how many of them late: no more than there is work in hand."""
        with self._shown.read() as connection:
            query = "SELECT count(*), count(*) FILTER (WHERE due < ?) FROM petition WHERE status = 'open'"
            count, late = connection.execute(query, (timestamp(self._clock()),)).fetchone()
        return int(count), int(late)

    def _stream_of(self, number: str) -> str | None:
        with self._shown.read():
            row = DossierRow.get_or_none(DossierRow.number == number)
        return str(row.stream) if row is not None else None


_MOMENTS: Final = {Waits.OPEN: "due", Waits.ANSWERED: "answered_at", Waits.CLOSED: "closed_at"}
"""Each has a partial index, whose own words a query must have: a bound status would not match them."""
