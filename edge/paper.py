"""What a node puts on paper: form 01 of a reception, and the document that an approver signs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin

from edge.keys import NodeKeys
from edge.ledger import Reception
from edge.visits import Taken
from printing import result, spool
from printing.forms import FACT, Form, Forms
from printing.papers.hall import PetitionSlip, Ticket
from printing.papers.reception import Component, ReceiptSlip, SupplementRequest
from printing.papers.reception import NotReceived as RefusalSlip
from printing.result import Outcome, RenderedResult, ResultDocument
from printing.typesetting import form_of, from_job, to_job, typeset_by
from printing.words import day_in_words, in_vietnam, moment_in_words
from schemas.acts import NotReceived, Receipt, Received, Registered, SupplementRequested
from schemas.calendar import VIETNAM
from schemas.catalog import Catalog
from schemas.deadlines import DueMoment, Unit
from schemas.entries import Agency, Centre, Person, Step
from schemas.events import moment
from schemas.fold import Dossier
from schemas.forms import FormVersion
from schemas.identity import is_personal_number
from schemas.numbers import parse
from schemas.petitions import Told
from schemas.slips import Coded, SlipCode

WORDING_FACTS: Final = frozenset(
    [
        "result",
        "procedure",
        "number",
        "applicant",
        "identity",
        "identity_kind",
        "address",
        "submitter",
        "received",
        "opinion",
        "day",
    ]
)
"""What a procedure's wording of its result may name."""
WEEKDAYS: Final = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
SOURCES: Final = {
    "": "",
    "database": "đã khai thác từ cơ sở dữ liệu",
    "outage": "cơ sở dữ liệu không khai thác được",
}
"""Where a paper was read, as the slip says it beside its name."""
RETURN_PLACES: Final = {"post": "qua dịch vụ bưu chính công ích"}

Typeset = Callable[[Form, bytes], bytes]
"""(form, payload of a job) -> PDF. Raises PrintError."""


class Papers:
    """Makes the papers of one node, in the words of its catalog."""

    def __init__(
        self, catalog: Catalog, keys: NodeKeys, forms: Forms, *, node: str, typeset: Typeset = typeset_by
    ) -> None:
        self._catalog, self._keys, self._node = catalog, keys, node
        self.forms = forms.with_published(self._published)
        """The program's forms, and those that the catalog publishes."""
        self._typeset = typeset

    def spool_slip(self, reception: Reception, at: datetime | None = None) -> None:
        """Queue form 01 of a reception; within the ledger's transaction. `at`: now, for one that was entered afterwards.
        Of what came online, one copy for the folder."""
        content = self.slip_of(reception)
        spool.put(
            stream=reception.dossier.stream,
            number=reception.received.number,
            form=content.FORM,
            payload=to_job(content),
            copies=1 if reception.received.channel == "online" else 2,
            at=at or reception.at,
        )

    def spool_ticket(self, taken: Taken, *, counters: str, priority: str, estimate: str) -> None:
        """Queue the paper of a ticket; within the transaction that gives its number. It names nobody."""
        centre, turn = self._centre(), taken.turn
        content = Ticket(
            superior=centre.superior,
            agency=centre.name,
            place=centre.place,
            catalog=self._catalog.number,
            qr_text=turn.ticket,
            ticket=turn.ticket,
            group=taken.queue.name,
            counters=counters,
            priority=priority,
            waiting=taken.ahead,
            estimate=estimate,
            taken=taken.at,
        )
        spool.put(
            stream=turn.stream,
            # a ticket's number comes again tomorrow, a paper's never
            number=f"{in_vietnam(taken.at):%y%m%d}-{turn.ticket}",
            form=content.FORM,
            payload=to_job(content),
            copies=1,
            at=taken.at,
        )

    def spool_petition(self, told: Told, at: datetime) -> None:
        """Queue the number of a petition, with its answer if there is one; within a transaction."""
        centre = self._centre()
        content = PetitionSlip(
            superior=centre.superior,
            agency=centre.name,
            place=centre.place,
            catalog=self._catalog.number,
            qr_text=told.number,
            number=told.number,
            filed=moment(told.filed_at),
            due=moment(told.due),
            answered=moment(told.answered_at) if told.answered_at else None,
            answer=told.answer,
            page=urljoin(centre.page, "/petition") if centre.page else "",
        )
        before = (spool.PrintJob.number == told.number) & (spool.PrintJob.form == content.FORM)
        spool.put(
            stream=told.stream,
            number=told.number,
            form=content.FORM,
            payload=to_job(content),
            copies=1,
            attempt=spool.PrintJob.select().where(before).count() + 1,
            at=at,
        )

    def render_job(self, form: str, payload: bytes) -> bytes:
        """The PDF of a spooled paper, all copies. Raises PrintError."""
        return self._typeset(form_of(from_job(form, payload), self.forms), payload)

    def _published(self, number: str, catalog: int) -> Sequence[FormVersion]:
        """The catalog's versions of a form, as of one of its entries."""
        return self._catalog.as_of(catalog).forms(number)

    def slip_of(self, reception: Reception) -> ReceiptSlip:
        """What form 01 says of a reception, by the newest catalog. Nothing is drawn or put into the spool."""
        received, view = reception.received, self._catalog.latest
        centre = self._centre()
        person = (
            view.person(reception.dossier.standing.receipt.by) if reception.dossier.standing.receipt else None
        )
        number = parse(received.number)
        title = view.title_of(self._node)
        return ReceiptSlip(
            superior=centre.superior,
            agency=centre.name,
            place=centre.place,
            counter=title,
            book=f"{title}/{in_vietnam(reception.at).year}",
            serial=f"{number.node:02d}{number.count:02d}" if number else "",
            number=received.number,
            **self._can_be_amended(received),
            id_kind="Số định danh",
            procedure=received.procedure_name,
            procedure_code=received.procedure,
            components=tuple(
                Component(
                    tt=place,
                    name=one.name,
                    originals=one.originals,
                    certified=one.certified,
                    copies=one.copies,
                    note=SOURCES[one.source],
                )
                for place, one in enumerate(received.components, start=1)
            ),
            sets=received.sets,
            limit=received.limit.words(),
            received=reception.at,
            due=reception.due.moment,
            due_note=due_note(reception.due, received.limit.unit),
            receiver=person.name if person else "",
            qr_text=self.code_of_slip(reception.dossier.stream, received, reception.event),
            catalog=view.number,
        )

    def code_of_slip(self, stream: str, received: Received, event: str) -> str:
        """The text of the QR code on a slip; `event` is the reception, which is this machine's."""
        return self._sealed(SlipCode(received.number, stream, event, self._node))

    def spool_turned_away(
        self,
        stream: str,
        brought: Registered,
        why: NotReceived | SupplementRequested,
        number: str,
        at: datetime,
        by: str,
    ) -> None:
        """Queue form 02 or 03 of what was not received; within the ledger's transaction."""
        centre, view = self._centre(), self._catalog.latest
        came = brought.submitter or brought.applicant
        common: dict[str, Any] = {
            "superior": centre.superior,
            "agency": centre.name,
            "place": centre.place,
            "counter": view.title_of(self._node),
            "paper_number": number,
            "submitter": came.name,
            "address": came.address or brought.applicant.address,
            "phone": came.phone or brought.applicant.phone,
            "email": came.email or brought.applicant.email,
            "procedure": brought.procedure_name,
            "procedure_code": brought.procedure,
            "reason": why.reason,
            "qr_text": "",
            "catalog": view.number,
        }
        who = view.name_of(by)
        content: SupplementRequest | RefusalSlip
        if isinstance(why, SupplementRequested):
            content = SupplementRequest(
                **common,
                number="",
                components=asked_for(why),
                until=None,
                website=centre.page,
                contact=who,
                contact_phone="",
                guide=who,
                asked=at,
            )
        else:
            content = RefusalSlip(
                **common, applicant=brought.applicant.name, advice=why.guidance, receiver=who, refused=at
            )
        spool.put(
            stream=stream,
            number=f"{in_vietnam(at):%y%m%d}-{number}",
            form=content.FORM,
            payload=to_job(content),
            copies=2,
            at=at,
        )

    def put_right(self, slip: ReceiptSlip, received: Received) -> ReceiptSlip:
        """A slip as it was printed, with what was amended since; what it promised stays as it was."""
        return replace(slip, **self._can_be_amended(received))

    def _can_be_amended(self, received: Received) -> dict[str, Any]:
        came = received.submitter or received.applicant
        return {
            "applicant": received.applicant.name,
            "applicant_id_kind": _kind_of(received.applicant.identity),
            "applicant_id": received.applicant.identity,
            "submitter": came.name,
            "authorisation": received.authorisation,
            "address": came.address or received.applicant.address,
            "phone": came.phone or received.applicant.phone,
            "email": came.email or received.applicant.email,
            "id_number": came.identity,
            "return_place": RETURN_PLACES.get(received.return_by, self._centre().name),
        }

    def result_of(
        self, dossier: Dossier, *, approved: bool, text: str, signer: Person, capacity: str, at: datetime
    ) -> RenderedResult:
        """The document that `signer` is about to sign: what the procedure results in, or a written refusal."""
        received, receipt = dossier.received, dossier.standing.receipt
        if received is None or receipt is None:
            raise ValueError("a dossier that was never received has no result")
        outcome = Outcome.APPROVED if approved else Outcome.REFUSED
        procedure = self._catalog.latest.procedure(received.procedure, at.astimezone(VIETNAM).date())
        agency = self._catalog.latest.agency(received.agency)
        centre, appraisal = self._centre(), dossier.standing.appraisal
        subject = procedure.result if approved and procedure and procedure.result else received.procedure_name
        document = ResultDocument(
            outcome=outcome,
            superior=centre.superior,
            agency=agency.name if agency else received.agency,
            place=centre.place,
            number=received.number,
            subject=subject,
            applicant=received.applicant.name,
            applicant_id_kind=_kind_of(received.applicant.identity),
            applicant_id=received.applicant.identity,
            address=received.applicant.address,
            procedure=received.procedure_name,
            procedure_code=received.procedure,
            received=moment(receipt.at),
            opinion=appraisal.data.opinion if appraisal else "",
            text=text,
            capacity=capacity,
            signer=signer.name,
            decided=at,
            sign=_sign_of(agency, received.agency) if Step.NUMBER in dossier.standing.steps else "",
        )
        code = SlipCode(received.number, dossier.stream, document.digest, self._node, Coded.RESULT)
        document = replace(document, qr_text=self._sealed(code))
        day = in_vietnam(at).date()
        return result.render(document, self.forms.in_force(outcome.value, day, self._catalog.number))

    def wording_of(self, dossier: Dossier, *, approved: bool, at: datetime) -> str:
        """What the text of a result begins as: in the words of its procedure's version of the day, else in plain ones."""
        received, receipt = dossier.received, dossier.standing.receipt
        if received is None or receipt is None:
            raise ValueError("a dossier that was never received has no result")
        day = in_vietnam(at).date()
        procedure = self._catalog.latest.procedure(received.procedure, day)
        result_name = procedure.result if procedure and procedure.result else received.procedure_name
        if procedure is None or not (wording := procedure.wording if approved else procedure.refusal):
            return f"Đồng ý cấp {result_name} cho {received.applicant.name}." if approved else ""
        appraisal = dossier.standing.appraisal
        facts = {
            "result": result_name,
            "procedure": received.procedure_name,
            "number": received.number,
            "applicant": received.applicant.name,
            "identity": received.applicant.identity,
            "identity_kind": _kind_of(received.applicant.identity),
            "address": received.applicant.address,
            "submitter": received.submitter.name if received.submitter else "",
            "received": moment_in_words(moment(receipt.at)),
            "opinion": appraisal.data.opinion if appraisal else "",
            "day": day_in_words(day),
        }
        # a fact that a newer central knows is none here
        facts = dict.fromkeys(FACT.findall(wording), "") | facts
        form = self.forms.in_force(Outcome.APPROVED.value, day, self._catalog.number)
        return form.fill_plain(wording, facts)

    def symbol_of(self, dossier: Dossier) -> str:
        """What follows the number of a dossier's result: "/KQ-SXD"."""
        outcome, received = dossier.standing.outcome, dossier.received
        if outcome is None or received is None:
            raise ValueError("a dossier without a result has no document to number")
        kind = Outcome.APPROVED if outcome.kind == "dossier.approved" else Outcome.REFUSED
        known = self._catalog.at(outcome.catalog) or self._catalog.latest
        form = self.forms.in_force(kind.value, in_vietnam(moment(outcome.at)).date(), known.number)
        return f"/{form.symbol}-{_sign_of(self._catalog.latest.agency(received.agency), received.agency)}"

    def code_of_receipt(self, stream: str, collected: str, receipt: Receipt) -> str:
        """The text of the QR code on a receipt; `collected` is the event that took the money."""
        number = f"{receipt.symbol}-{receipt.number}"
        return self._sealed(SlipCode(number, stream, collected, self._node, Coded.RECEIPT))

    def _sealed(self, code: SlipCode) -> str:
        return code.sealed(self._keys.ed25519.sign, self._centre().page)

    def _centre(self) -> Centre:
        centre = self._catalog.latest.centre()
        assert centre is not None, "a centre's catalog begins with its name"  # noqa: S101
        return centre


def _sign_of(agency: Agency | None, code: str) -> str:
    """How an agency is written in the number of its documents; by its code where no short form is known."""
    return agency.abbreviation if agency and agency.abbreviation else code


def asked_for(why: SupplementRequested) -> tuple[Component, ...]:
    """The rows of form 02: what is to be brought, how many of each, and why."""
    return tuple(
        Component(
            tt=tt,
            name=one.name,
            originals=one.originals,
            certified=one.certified,
            copies=one.copies,
            note=one.why,
        )
        for tt, one in enumerate(why.components, start=1)
    )


def due_note(due: DueMoment, unit: Unit) -> str:
    """Why then, in words: "thứ Hai; không tính 24/11 là ngày nghỉ và 28, 29/11"."""
    local = in_vietnam(due.moment)
    note = WEEKDAYS[local.weekday()]
    off = due.days_off()
    weekend = [day.day for day in off if day.why_off in ("thứ Bảy", "Chủ nhật")]
    holidays = [day.day for day in off if day.why_off not in ("thứ Bảy", "Chủ nhật")]
    if unit in (Unit.WORKING_DAYS, Unit.SAME_DAY) and (holidays or weekend):
        parts = []
        if holidays:
            parts.append(", ".join(f"{day.day}/{day.month}" for day in holidays) + " là ngày nghỉ")
        if weekend:
            parts.append(", ".join(f"{day.day}/{day.month}" for day in weekend[:6]))
        note += "; không tính " + " và ".join(parts)
    return note


def _kind_of(identity: str) -> str:
    if not identity:
        return ""
    return "số định danh" if is_personal_number(identity) else "mã số thuế"
