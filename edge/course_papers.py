"""Forms 02, 04 and 05 in the words of the catalog; each is queued in the transaction of its act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

import msgspec

from edge.paper import asked_for
from edge.projector import Projector
from printing import spool
from printing.content import Paper
from printing.papers.course import Extension, Suspension
from printing.papers.reception import SupplementRequest
from printing.spool import PrintJob
from printing.typesetting import to_job
from schemas.acts import BY_KIND, Extended, Reasoned, Received, SupplementRequested, Suspended
from schemas.calendar import local_day
from schemas.catalog import Catalog
from schemas.clock import due_at
from schemas.entries import Centre, Person
from schemas.events import Event, moment
from schemas.fold import Dossier

GROUNDS: Final = {
    "not_supplemented": "quá thời hạn bổ sung mà hồ sơ chưa được bổ sung (Nghị định 118/2025/NĐ-CP)",
    "obligation_not_met": "nghĩa vụ tài chính chưa được thực hiện (Nghị định 118/2025/NĐ-CP)",
    "asked": "đơn xin rút hồ sơ của người nộp (Thông tư 03/2025/TT-VPCP Điều 7)",
    "other": "Nghị định 118/2025/NĐ-CP Điều 21",
}
"""What form 05 rests on."""
BLANK: Final = "………"
"""The number of a letter: the clerk writes it, as it comes in the agency's register."""


class CoursePapers:
    """Makes and queues these papers at one node. `capacity` is how a person signs a dossier: two lines."""

    def __init__(
        self,
        catalog: Catalog,
        projector: Projector,
        capacity: Callable[[Person, Dossier, datetime], str],
        *,
        node: str,
    ) -> None:
        self._catalog, self._projector, self._capacity, self._node = catalog, projector, capacity, node

    def spool_request(self, dossier: Dossier, act: str) -> None:
        """Form 02, with every row of the list and why it is asked for."""
        event, said = self._act(dossier, act)
        assert isinstance(said, SupplementRequested)  # noqa: S101 - the ledger has just written it
        received = _received(dossier)
        came, guide = received.submitter or received.applicant, self._catalog.latest.name_of(event.by)
        centre = self._centre()
        calendar = self._catalog.latest.calendar()
        paper = SupplementRequest(
            **self._head(),
            paper_number="",
            counter=self._catalog.latest.title_of(self._node),
            number=received.number,
            submitter=came.name,
            procedure=received.procedure_name,
            procedure_code=received.procedure,
            address=came.address or received.applicant.address,
            phone=came.phone or received.applicant.phone,
            email=came.email or received.applicant.email,
            components=asked_for(said),
            reason=said.reason,
            until=calendar.close_of(date.fromisoformat(said.until)) if said.until else None,
            website=centre.page,
            contact=guide,
            contact_phone="",
            guide=guide,
            asked=moment(event.at),
            qr_text=received.number,
        )
        self._put(paper, dossier)

    def spool_extension(self, before: Dossier, act: str) -> None:
        """Form 04; its title is that of the day. `before` is the dossier as it was promised until now."""
        event, said = self._act(before, act)
        assert isinstance(said, Extended)  # noqa: S101 - the ledger has just written it
        received, at = _received(before), moment(event.at)
        calendar = self._catalog.latest.calendar()
        procedure = self._catalog.latest.procedure(received.procedure, local_day(at))
        came = received.submitter or received.applicant
        paper = Extension(
            **self._head(received.agency),
            paper_number=BLANK,
            number=received.number,
            applicant=received.applicant.name,
            address=received.applicant.address or came.address,
            phone=received.applicant.phone or came.phone,
            field=procedure.field if procedure else "",
            procedure=received.procedure_name,
            centre=self._centre().name,
            received=moment(before.standing.received_at),
            due=moment(due_at(before.standing, calendar) or before.standing.due),
            new_due=moment(said.due),
            reason=said.reason,
            written=at,
            qr_text=received.number,
            **self._signer(event.by, before, at),
        )
        self._put(paper, before)

    def spool_stop(self, dossier: Dossier, act: str) -> None:
        """Form 05: of a stop, or of a withdrawal that was granted."""
        event, said = self._act(dossier, act)
        assert isinstance(said, Suspended | Reasoned)  # noqa: S101 - the ledger has just written it
        received, at = _received(dossier), moment(event.at)
        stopped = said if isinstance(said, Suspended) else Suspended("asked", said.reason)
        came = received.submitter or received.applicant
        paper = Suspension(
            **self._head(received.agency),
            paper_number=BLANK,
            number=received.number,
            applicant=received.applicant.name,
            address=received.applicant.address or came.address,
            phone=received.applicant.phone or came.phone,
            procedure=received.procedure_name,
            procedure_code=received.procedure,
            centre=self._centre().name,
            received=moment(dossier.standing.received_at),
            ground=GROUNDS[stopped.ground],
            reason=stopped.reason,
            returned=stopped.returned or "toàn bộ giấy tờ đã nộp",
            suspended=at,
            qr_text=received.number,
            **self._signer(event.by, dossier, at),
        )
        self._put(paper, dossier)

    def _act(self, dossier: Dossier, act: str) -> tuple[Event, Any]:
        event = next(one for one in self._projector.events_of(dossier.stream) if one.hash == act)
        assert isinstance(event, Event)  # noqa: S101 - this version has just written it
        return event, msgspec.convert(event.data, BY_KIND[event.kind].data)

    def _signer(self, person: str, dossier: Dossier, at: datetime) -> dict[str, Any]:
        known = self._catalog.latest.person(person)
        if known is None:
            return {"capacity": "", "signer": person}
        return {"capacity": self._capacity(known, dossier, at), "signer": known.name}

    def _put(self, paper: Paper, dossier: Dossier) -> None:
        before = PrintJob.select().where((PrintJob.stream == dossier.stream) & (PrintJob.form == paper.FORM))
        spool.put(
            stream=dossier.stream,
            number=_received(dossier).number,
            form=paper.FORM,
            payload=to_job(paper),
            copies=2 if paper.FORM == SupplementRequest.FORM else 1,
            attempt=before.count() + 1,
            at=paper.made,
        )

    def _head(self, agency: str = "") -> dict[str, Any]:
        centre = self._centre()
        found = self._catalog.latest.agency(agency) if agency else None
        return {
            "superior": centre.superior,
            "agency": found.name if found else centre.name,
            "place": centre.place,
            "catalog": self._catalog.number,
        }

    def _centre(self) -> Centre:
        return self._catalog.latest.centre() or Centre("?", "?", "?")


def _received(dossier: Dossier) -> Received:
    received = dossier.received
    assert received is not None, "a paper of its course is of what was received"  # noqa: S101
    return received
