"""The inbox of a counter: what came online and waits, whether the line is there or not; received, or answered by form 02 or 03."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.archive import Archive
from edge.database import NodeFile, Readable
from edge.ledger import Draft, Ledger, Spool, TurnedAway
from edge.projector import Projector
from edge.tables.dossiers import InboxRow, SubmissionRow
from printing.scans import Scan
from schemas.acts import (
    Attachment,
    ComponentsAdded,
    NotReceived,
    Registered,
    Submission,
    SupplementRequested,
)
from schemas.canonical import canonical
from schemas.errors import Because, NotAllowed
from schemas.events import Event, StreamId, Unknown
from schemas.fees import Channel
from schemas.fold import Dossier
from schemas.intake import ADDED, FILED, NEW, PUBLIC_PC, files_of, registered_of
from schemas.petitions import number_of
from schemas.turned_away import REGISTERED

SHOWN: Final = 40
REFUSED, REQUESTED = "dossier.not_received", "dossier.supplement_requested"


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what waits, and the stream after whose row the next page begins ("": none)."""

    rows: list[InboxRow]
    after: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """One dossier that came online: what was registered, with its files in the order in which they came."""

    dossier: Dossier
    registered: Registered
    files: list[Attachment]


class Inbox:
    """Of one node. `shown`: where its list is asked."""

    def __init__(
        self, file: NodeFile, ledger: Ledger, projector: Projector, archive: Archive, *, shown: Readable
    ) -> None:
        self._file, self._ledger, self._projector, self._archive = file, ledger, projector, archive
        self._shown = shown

    def count(self, state: str = NEW) -> int:
        """How many wait. They are work in hand: counting them costs the same whatever the archive's age."""
        with self._shown.read():
            return int(InboxRow.select().where(InboxRow.state == state).count())

    def page(self, state: str = NEW, *, after: str = "", size: int = SHOWN) -> Page:
        """What came first comes first; after a row that has gone the list begins anew."""
        with self._shown.read() as connection:
            last = InboxRow.get_or_none(InboxRow.stream == after) if after else None
            beyond, key = (" AND (at, stream) > (?, ?)", (last.at, last.stream)) if last else ("", ())
            query = f"SELECT stream FROM inbox WHERE state = ?{beyond} ORDER BY at, stream LIMIT ?"  # noqa: S608 - ours
            streams = [stream for (stream,) in connection.execute(query, (state, *key, size + 1))]
            found = {row.stream: row for row in InboxRow.select().where(InboxRow.stream.in_(streams[:size]))}
        rows = [found[stream] for stream in streams[:size]]
        return Page(rows, rows[-1].stream if len(streams) > size else "")

    def one(self, stream: str) -> Submitted | None:
        """None for what did not come online, or whose words are gone."""
        dossier = self._projector.dossier(stream)
        registered = registered_of(dossier)
        if registered is None or registered.channel != "online":
            return None
        return Submitted(dossier, registered, files_of(dossier, self._events(stream)))

    def file(self, stream: str, registered: Registered, files: Sequence[tuple[str, Scan]]) -> str:
        """Register what somebody filed at this machine, with their files; the code by which they ask for it. Asked twice for
        one stream, once done.

        Raises `NotAllowed`, `ClockBehind`, `DiskFull`.
        """
        code = number_of(stream, FILED)
        with self._file.write():
            if self._projector.dossier(stream).timeline:
                return code
            kept = tuple(
                Attachment(self._archive.keep(scan.content), name, scan.type, scan.pages)
                for name, scan in files
            )
            said = canonical([one.file for one in kept])
            submission = Submission(PUBLIC_PC, code, hashlib.sha256(said).hexdigest())
            filed = msgspec.structs.replace(registered, submission=submission)
            self._ledger.act(stream, REGISTERED, filed, by="")
            self._ledger.act(stream, ADDED, ComponentsAdded(files=kept), by="")
        return code

    def filed(self, code: str) -> Dossier | None:
        """What was filed at a machine of the centre under this code, and is here."""
        with self._shown.read():
            row = SubmissionRow.get_or_none(
                (SubmissionRow.portal == PUBLIC_PC) & (SubmissionRow.name == code)
            )
        return self._projector.dossier(row.stream) if row is not None else None

    def receive(self, stream: str, *, by: str, spool: Spool) -> Dossier:
        """Receive it as it came, under the number that it came with, if it did. Asked twice, once done.

        Raises `NotAllowed`, `NoNumber`, `NoDueMoment`, `ClockBehind`, `DiskFull`.
        """
        with self._file.write():
            submitted = self.one(stream)
            if submitted is None:
                raise NotAllowed(Because.STATUS, "it did not come online")
            return self._ledger.receive(StreamId(stream), draft_of(submitted), by=by, spool=spool)

    def answer(
        self, stream: str, said: NotReceived | SupplementRequested, *, by: str, spool: TurnedAway
    ) -> Dossier:
        """Form 03, or form 02. Asked twice, once done. Raises `NotAllowed`, `ClockBehind`, `DiskFull`."""
        kind = REFUSED if isinstance(said, NotReceived) else REQUESTED
        return self._ledger.answer(stream, kind, said, by=by, spool=spool)

    def _events(self, stream: str) -> Sequence[Event | Unknown]:
        return self._projector.events_of(stream)


def draft_of(submitted: Submitted) -> Draft:
    """What is received: the registration, and the papers that came after it for a supplement."""
    registered = submitted.registered
    return Draft(
        registered.procedure,
        registered.applicant,
        registered.components,
        submitter=registered.submitter or None,
        authorisation=registered.authorisation,
        return_by=registered.return_by,
        case=registered.case,
        channel=Channel.ONLINE,
        notify=registered.notify,
    )
