"""The room's decisions that need a person's signature: the result is made, signed, kept, and only then decided.

The file is durable before the event that names it. A crash in between leaves a file that nobody names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from msgspec import structs

from edge.errors import CannotSign, NodeError
from edge.pades.paper import APPROVER, Draft, Signing, Visible, read_apart
from edge.signed_work import SignedWork
from edge.signing import Signatory, why_not_signed
from printing import appearance
from printing.appearance import Box
from printing.result import RenderedResult
from schemas.acts import Appraised, Approved, Attachment, RefusedResult, Status
from schemas.calendar import local_day
from schemas.entries import Person, Role, Step
from schemas.errors import Because, NotAllowed, Refused
from schemas.events import timestamp
from schemas.fold import Dossier
from schemas.rules import Done

_UNMADE = "file-" + "0" * 64
"""Stands for the result while it is asked whether one may be made at all."""
NO_NUMBER, NO_DAY = "………", "ngày …… tháng …… năm ………"
"""What stands in the blanks until the clerk fills them."""


@dataclass(frozen=True, slots=True)
class Right:
    """How a person signs: the lines above the name, and the delegation that lends it (its id and its decision)."""

    capacity: str
    delegation: str = ""
    decision: str = ""

    @property
    def in_a_line(self) -> str:
        """ "TUQ. GIÁM ĐỐC SỞ, theo Quyết định …": who reads the signature looks the decision up."""
        first = self.capacity.partition("\n")[0]
        return f"{first}, theo {self.decision}" if self.decision else first


@dataclass(frozen=True, slots=True)
class Upload:
    """A PDF that goes with a result; it is sealed apart, with a mark at its top right."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of several dossiers to approve, with what its document is to say."""

    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Approval:
    """What became of one of several: signed and verified, or why not. One that was not `begun` is as it was."""

    stream: str
    why: Exception | None
    begun: bool = True

    @property
    def done(self) -> bool:
        """Whether it is approved and written; else `why` says what stood against it."""
        return self.why is None


@dataclass(frozen=True, slots=True)
class Authorised:
    """Somebody who may sign a dossier today, and by what right."""

    person: Person
    right: Right


@dataclass
class Stopped(Exception):
    """The token signs no more: what was next in line, and why."""

    wanted: Wanted
    why: CannotSign


OF_ONE_DOCUMENT: Final = frozenset({"pdf", "no_result", "no_form", "attachment_signed", "not_verified"})
"""What stands against one document, and says nothing of the token."""
MOST_AT_ONCE: Final = 50


class Deciding(SignedWork):
    """Signs approvals and refusals at one node."""

    def approve(
        self,
        stream: str,
        *,
        by: str,
        pin: str,
        text: str,
        attachments: Sequence[Upload] = (),
        with_: tuple[str, ...] = (),
    ) -> Dossier:
        """Approve: a signed result and an event that names it. Raises `NotAllowed`, `CannotSign`, `UnreadablePdf`."""
        return self._decide(
            stream, "dossier.approved", by=by, pin=pin, text=text, uploads=attachments, with_=with_
        )

    def approve_on_paper(
        self, stream: str, *, by: str, pin: str, text: str, with_: tuple[str, ...] = ()
    ) -> Dossier:
        """Approve a result that is signed by hand: the decision is signed as always, the document is printed.

        Only where a clerk numbers or stamps it afterwards, and scans what then holds. Raises `NotAllowed`, `CannotSign`.
        """
        return self._decide_on_paper(stream, "dossier.approved", by=by, pin=pin, text=text, with_=with_)

    def refuse_on_paper(
        self, stream: str, *, by: str, pin: str, reason: str, with_: tuple[str, ...] = ()
    ) -> Dossier:
        """Refuse by a document that is signed by hand, as `approve_on_paper`. Raises `NotAllowed`, `CannotSign`."""
        return self._decide_on_paper(stream, "dossier.refused", by=by, pin=pin, text=reason, with_=with_)

    def _decide_on_paper(
        self, stream: str, kind: str, *, by: str, pin: str, text: str, with_: tuple[str, ...]
    ) -> Dossier:
        signer, now = self._signer(by), self._clock()
        dossier, right = self._check(stream, kind, signer, text, with_, now)
        if Step.SEAL not in dossier.standing.steps:
            raise CannotSign("no_stamp")
        approved = kind == "dossier.approved"
        rendered = self._papers.result_of(
            dossier, approved=approved, text=text, signer=signer, capacity=right.capacity, at=now
        )
        with self._signatories.opened(by, pin, signer.ders(), now) as signatory:
            file = self._keep(rendered.pdf, stream)
            decision = _decision(approved, file, text, right, digest=rendered.digest, on_paper=True)
            sign = signatory.token.sign_decision
            return self._ledger.act(stream, kind, decision, by=by, sign=sign, with_=with_)

    def refuse(self, stream: str, *, by: str, pin: str, reason: str, with_: tuple[str, ...] = ()) -> Dossier:
        """Refuse in writing: a signed document with the reason. Raises `NotAllowed`, `CannotSign`."""
        return self._decide(stream, "dossier.refused", by=by, pin=pin, text=reason, uploads=(), with_=with_)

    def approve_each(
        self, wanted: Sequence[Wanted], *, by: str, pin: str, with_: tuple[str, ...] = ()
    ) -> Iterator[Approval]:
        """Approve several with one PIN, each whole before the next one begins, each read back and verified.

        What stands against one dossier says nothing of the others. What stands against the token (it was pulled out, its
        certificate has just ended) stops what follows: the last `Approval` is then one that was not `begun`, for each.
        Who stops asking stops the rest; what was signed is signed.
        """
        signer = self._signer(by)
        left = list(wanted)
        try:
            with self._signatories.opened(by, pin, signer.ders(), self._clock()) as signatory:
                while left:
                    yield self._approve_one(left.pop(0), signer, signatory, with_)
        except Stopped as why:
            yield Approval(why.wanted.stream, why.why)
            yield from (Approval(one.stream, why.why, begun=False) for one in left)
        except CannotSign as why:
            yield from (Approval(one.stream, why, begun=False) for one in left)

    def _approve_one(
        self, one: Wanted, signer: Person, signatory: Signatory, with_: tuple[str, ...]
    ) -> Approval:
        """One of many. Raises `Stopped` where no other can be signed either."""
        try:
            now = self._clock()
            # midnight may pass in the middle: the certificate is asked about each time
            unfit = self._signatories.assess(signatory.token.certificate, now).why_not
            if unfit:
                raise CannotSign(unfit, signer.id)
            done = self._sign(one.stream, "dossier.approved", signer, signatory, one.text, (), with_, now)
            self._verify(done, signatory)
            return Approval(one.stream, None)
        except CannotSign as why:
            if why.why in OF_ONE_DOCUMENT:
                return Approval(one.stream, why)
            raise Stopped(one, why) from why
        except (Refused, NodeError) as why:
            return Approval(one.stream, why)

    def _verify(self, dossier: Dossier, signatory: Signatory) -> None:
        """What was signed is read back, as anybody will who doubts it. Raises `CannotSign`."""
        content = self._archive.read(dossier.standing.result or "")
        if content is None or why_not_signed(content, signatory.token.certificate) is not None:
            raise CannotSign("not_verified")

    def _signer(self, by: str) -> Person:
        signer = self._catalog.latest.person(by)
        if signer is None:
            raise NotAllowed(Because.NO_SUCH_PERSON)
        return signer

    def _decide(
        self,
        stream: str,
        kind: str,
        *,
        by: str,
        pin: str,
        text: str,
        uploads: Sequence[Upload],
        with_: tuple[str, ...],
    ) -> Dossier:
        signer, now = self._signer(by), self._clock()
        self._check(stream, kind, signer, text, with_, now)
        for one in uploads:
            if read_apart(one.content).signatures:
                raise CannotSign("attachment_signed")
        with self._signatories.opened(by, pin, signer.ders(), now) as signatory:
            return self._sign(stream, kind, signer, signatory, text, uploads, with_, now)

    def _check(
        self, stream: str, kind: str, signer: Person, text: str, with_: tuple[str, ...], now: datetime
    ) -> tuple[Dossier, Right]:
        """The dossier, and by what right it is signed. Raises `NotAllowed`."""
        dossier = self._projector.dossier(stream)
        right = self.right_of(signer, dossier, now)
        decision = _decision(kind == "dossier.approved", _UNMADE, text, right)
        self._ledger.check(dossier, kind, decision, by=signer.id, with_=with_)
        return dossier, right

    def _sign(
        self,
        stream: str,
        kind: str,
        signer: Person,
        signatory: Signatory,
        text: str,
        uploads: Sequence[Upload],
        with_: tuple[str, ...],
        now: datetime,
    ) -> Dossier:
        """Make, sign and keep the document, and write the decision that names it."""
        from edge.pades.revisions import approve

        dossier, right = self._check(stream, kind, signer, text, with_, now)
        approved = kind == "dossier.approved"
        rendered = self._papers.result_of(
            dossier, approved=approved, text=text, signer=signer, capacity=right.capacity, at=now
        )
        draft = self._draft(dossier, rendered, signer)
        what = "Phê duyệt" if approved else "Từ chối"
        centre = self._catalog.latest.centre()
        number = dossier.received.number if dossier.received else ""
        signing = Signing(
            APPROVER,
            f"{what} hồ sơ {number}. {right.in_a_line}",
            centre.place if centre else "",
            now,
            certify=True,
        )
        signed = approve(draft, signatory.token, signing=signing)
        attachments = tuple(Attachment(self._archive.keep(one.content), one.name) for one in uploads)
        file = self._keep(signed, stream)
        decision = _decision(approved, file, text, right, attachments, digest=rendered.digest)
        by, sign = signer.id, signatory.token.sign_decision
        return self._ledger.act(stream, kind, decision, by=by, sign=sign, with_=with_)

    def _draft(self, dossier: Dossier, rendered: RenderedResult, signer: Person) -> Draft:
        """The result with everything that will ever be drawn on it in its place."""
        drawn, box = self._handwriting(signer, rendered.box)
        number, day = rendered.number, rendered.day
        sealed = Step.SEAL in dossier.standing.steps
        return Draft(
            rendered.pdf,
            Visible(drawn, rendered.page, box),
            Visible(appearance.number_line(f"{NO_NUMBER}{rendered.symbol}", *size(number)), 0, number)
            if number
            else None,
            Visible(appearance.day_line(NO_DAY, *size(day)), 0, day) if day else None,
            (rendered.page, appearance.seal_box(box)) if sealed else None,
        )

    def _handwriting(self, signer: Person, room: Box) -> tuple[bytes, Box]:
        """The picture of the person's signature, or their name where it is not here."""
        picture = self._picture(signer.signature_on(local_day(self._clock())))
        if picture is None:
            return appearance.written_name(signer.name, *size(room)), room
        box = appearance.picture_box(picture, room)
        return appearance.picture(picture, *size(box)), box

    def authorised(self, dossier: Dossier) -> list[Authorised]:
        """Who may sign this dossier today, whoever is absent: their right, and what is known of their certificates."""
        now = self._clock()
        found = []
        for person in self._catalog.latest.people():
            if not person.has(Role.APPROVER, local_day(now)):
                continue
            right = self.right_of(person, dossier, now)
            approved = dossier.standing.appraisal is None or dossier.standing.appraisal.data.passed
            decision = _decision(approved, _UNMADE, "?", right)
            kind = "dossier.approved" if approved else "dossier.refused"
            try:
                self._ledger.check(_as_if_appraised(dossier), kind, decision, by=person.id)
            except NotAllowed as why:
                if why.because is not Because.CATALOG_AGE:
                    continue
            assessed = [self._signatories.assess(der, now) for der in person.ders()]
            if any(not one.why_not for one in assessed):
                found.append(Authorised(person, right))
        return found

    def right_of(self, signer: Person, dossier: Dossier, at: datetime) -> Right:
        """By what right somebody signs a dossier now: a delegation in force that covers it, else their own.

        Of several the one that ends last. A right that needs a delegation and has none is refused by the rules.
        """
        view, received = self._catalog.latest, dossier.received
        held = [
            one
            for one in view.delegations(signer.id, local_day(at))
            if not view.ended("delegation", one.id, timestamp(at))
            and (received is None or one.covers(received.procedure))
        ]
        if not held:
            return Right(signer.capacity or signer.title.upper())
        chosen = max(held, key=lambda one: (one.until, one.id))
        capacity = f"{chosen.form}. {chosen.delegator.upper()}\n{signer.title.upper()}"
        return Right(capacity, chosen.id, chosen.decision)


def _as_if_appraised(dossier: Dossier) -> Dossier:
    """To ask who signs it next: the appraisal is still to come."""
    standing = dossier.standing
    if standing.appraisal is not None or standing.status not in (Status.RECEIVED, Status.PROCESSING):
        return dossier
    done = Done("", "dossier.appraised", Appraised("?", passed=True), "", "", "")
    return replace(dossier, standing=structs.replace(standing, newest={**standing.newest, done.kind: done}))


def size(box: Box) -> tuple[float, float]:
    """Width and height, in points."""
    left, bottom, right, top = box
    return right - left, top - bottom


def _decision(
    approved: bool,
    file: str,
    text: str,
    right: Right,
    attachments: tuple[Attachment, ...] = (),
    *,
    digest: str = "",
    on_paper: bool = False,
) -> Approved | RefusedResult:
    if approved:
        return Approved(file, right.capacity, right.delegation, attachments, digest, on_paper)
    return RefusedResult(file, text, right.capacity, right.delegation, digest, on_paper)
