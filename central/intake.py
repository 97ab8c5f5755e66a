"""Taking in what portals send: registered once however often it is sent, with its files, and then every counter's.

The files are durable before the acts that name them; the acts are one transaction. Whoever heard nothing (the power went,
the line broke) sends the same again and gets the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from central.errors import CentralError
from edge.node import Node
from edge.tables.dossiers import SubmissionRow
from edge.tables.streams import FileRow
from printing import scans
from printing.scans import Scan, UnusableScan
from schemas.acts import Attachment, ComponentsAdded, Registered, Status, Submission
from schemas.calendar import local_day
from schemas.events import StreamId
from schemas.exchange import released
from schemas.fold import Dossier
from schemas.intake import (
    ADDED,
    SUPPLIED,
    OnlineDossier,
    Problem,
    SentFile,
    SentSupplement,
    cleaned,
    components_of,
    files_of,
    party_of,
    problems_of,
)
from schemas.turned_away import REGISTERED

_WHY_NOT: Final = {
    "empty": "the file is empty",
    "kind": "neither PDF nor JPEG",
    "password": "a PDF with a password cannot be appraised: send it without",
    "damaged": "the file is damaged or cut off",
    "pages": f"a PDF without pages, or with more than {scans.MOST_PAGES}",
}


class Unacceptable(CentralError):
    """A request that is understood and cannot be registered, with everything that is wrong with it at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{one.field}: {one.detail}" for one in problems))
        self.problems = tuple(problems)


class SentOtherwise(CentralError):
    """The portal has used this name before, for something else. What came first stands."""


class UnknownSubmission(CentralError):
    """The portal has sent nothing under this name."""


class NotWaited(CentralError):
    """Nobody waits for papers of this dossier, or has asked for any."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A dossier that is registered; `new`: by this request, and not by one before it."""

    dossier: Dossier
    new: bool


class Intake:
    """The inlet of central."""

    def __init__(self, centre: Node) -> None:
        self._centre = centre

    def take(self, portal: str, digest: str, sent: OnlineDossier) -> Taken:
        """Register a submission. `digest`: the SHA-256 of the request as it was signed.

        Raises `Unacceptable`, `SentOtherwise`, and what the ledger raises.
        """
        centre = self._centre
        before = self._known(portal, sent.id, digest)
        if before is not None:
            return Taken(before, new=False)
        view, day = centre.catalog.latest, local_day(centre.clock())
        problems = list(problems_of(sent))
        procedure = view.procedure(sent.procedure, day)
        if procedure is None:
            problems.append(Problem("procedure", f"{sent.procedure} is not in force on {day}"))
        elif sent.case and all(one.code != sent.case for one in procedure.cases):
            problems.append(Problem("case", f"{sent.procedure} has no case {sent.case}"))
        read, unusable = _read(sent.files)
        if problems or unusable or procedure is None:
            raise Unacceptable([*problems, *unusable])
        registered = Registered(
            procedure=procedure.code,
            procedure_name=procedure.name,
            agency=procedure.agency,
            applicant=party_of(sent.applicant),
            number=sent.number.strip().upper(),
            case=sent.case,
            components=components_of(sent.files),
            submitter=party_of(sent.submitter) if sent.submitter is not None else msgspec.UNSET,
            authorisation=cleaned(sent.authorisation),
            return_by=sent.return_by,
            notify=sent.notify,
            submission=Submission(portal, sent.id, digest),
        )
        with centre.file.write():
            before = self._known(portal, sent.id, digest)
            if before is not None:
                return Taken(before, new=False)
            stream = StreamId(centre.ids.stream(centre.clock()))
            files = tuple(self._kept(sent.files, read))
            centre.ledger.act(stream, REGISTERED, registered, by="")
            return Taken(centre.ledger.act(stream, ADDED, ComponentsAdded(files=files), by=""), new=True)

    def supply(self, portal: str, name: str, sent: SentSupplement) -> Taken:
        """Add what form 02 asked for. Sent again, it is there once.

        Raises `Unacceptable`, `NotWaited`, `UnknownSubmission`, and what the ledger raises.
        """
        centre = self._centre
        dossier = self.known(portal, name)
        read, unusable = _read(sent.files)
        if unusable:
            raise Unacceptable(unusable)
        with centre.file.write():
            files = tuple(self._kept(sent.files, read))
            here = files_of(dossier, centre.projector.events_of(dossier.stream))
            if set(files) <= set(here):
                return Taken(centre.projector.dossier(dossier.stream), new=False)
            dossier = centre.projector.dossier(dossier.stream)
            if dossier.status is not Status.SUPPLEMENT:
                raise NotWaited(f"nobody waits for papers of {name}: its status is {dossier.status.value}")
            added = ComponentsAdded(components_of(sent.files), files)
            return Taken(centre.ledger.act(dossier.stream, SUPPLIED, added, by=""), new=True)

    def known(self, portal: str, name: str) -> Dossier:
        """The dossier that a portal has sent under this name. Raises `UnknownSubmission`."""
        row = self._row(portal, name)
        if row is None:
            raise UnknownSubmission(f"there is no {name}")
        return self._centre.projector.dossier(row.stream)

    def result(self, file: str) -> bytes:
        """A result that was released, for the exchange or a portal to fetch. Raises `UnknownSubmission`."""
        with self._centre.file.read():
            streams = [row.stream for row in FileRow.select().where(FileRow.file == file)]
        if any(released(self._centre.projector.dossier(stream)) == file for stream in streams):
            content = self._centre.archive.read(file)
            if content is not None:
                return content
        raise UnknownSubmission(f"{file} is no result that was released, or has not come to central yet")

    def _known(self, portal: str, name: str, digest: str) -> Dossier | None:
        """Raises `SentOtherwise`."""
        row = self._row(portal, name)
        if row is None:
            return None
        if row.digest != digest:
            raise SentOtherwise(
                f"{name} was sent before, and said something else then; what came first stands"
            )
        return self._centre.projector.dossier(row.stream)

    def _row(self, portal: str, name: str) -> SubmissionRow | None:
        """The first of them, where a centre that was restored took one in twice."""
        with self._centre.file.read():
            rows = SubmissionRow.select().where(
                (SubmissionRow.portal == portal) & (SubmissionRow.name == name)
            )
            found: SubmissionRow | None = rows.order_by(SubmissionRow.stream).first()
            return found

    def _kept(self, sent: Iterable[SentFile], read: Iterable[Scan]) -> Iterator[Attachment]:
        for file, scan in zip(sent, read, strict=True):
            kept = self._centre.archive.keep(scan.content)
            yield Attachment(kept, cleaned(file.component), scan.type, scan.pages)


def _read(files: Sequence[SentFile]) -> tuple[list[Scan], list[Problem]]:
    """What the files are, and which are of no use to whoever appraises them."""
    read, problems = [], []
    for place, file in enumerate(files):
        try:
            read.append(scans.read(file.content))
        except UnusableScan as why:
            problems.append(Problem(f"files[{place}].content", _WHY_NOT[why.why]))
        if not cleaned(file.component):
            problems.append(Problem(f"files[{place}].component", "the paper has no name"))
    return read, problems
