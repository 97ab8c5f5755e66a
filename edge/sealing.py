"""The clerk's step: number and date from the agency's register, then the agency's seal (NĐ 30/2020 Đ15, Đ18, Đ32–33).

The number is an event of its own, written first: a power cut afterwards leaves a numbered dossier that waits for its
seal, and never a number used twice. The paper gets the clerk's revision and the organisation's in one go, from the
document that the approver signed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from msgspec import structs
from reportlab.lib.units import mm

from edge.deciding import size
from edge.errors import CannotSign
from edge.ledger import NumbersLeft
from edge.pades.paper import CLERK, DAY, NUMBER, ORGANISATION, Signing
from edge.signed_work import SignedWork
from edge.signing import Signatory
from printing import appearance
from printing.words import day_in_words
from schemas.acts import Attachment, Numbered, Sealed
from schemas.calendar import local_day
from schemas.conflicts import Blocks
from schemas.entries import Agency, Person, Step
from schemas.errors import Because, NotAllowed
from schemas.events import timestamp
from schemas.fold import Dossier
from schemas.rules import Done, is_on_paper
from schemas.seals import fingerprint

NUMBERED, SEALED = "dossier.numbered", "dossier.sealed"
_ATTACHED = "KemTheo"
_UNMADE = "file-" + "0" * 64


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the clerk is about to give: the number as it will stand on the paper, its date, and how many are left."""

    number: str
    day: date
    given: bool
    left: NumbersLeft | None


@dataclass(frozen=True, slots=True)
class _Both:
    """The clerk's token and the organisation's, open at once: neither PIN is wrong."""

    clerk: Signatory
    organisation: Signatory


class Sealing(SignedWork):
    """Numbers and seals results at one node."""

    def proposed(self, dossier: Dossier) -> Proposed | None:
        """The number that the result has or would get now; None where its procedure gives none. Raises `NoNumber`."""
        if Step.NUMBER not in dossier.standing.steps or dossier.received is None:
            return None
        given, day = dossier.standing.number, local_day(self._clock())
        agency = dossier.received.agency
        left = self._ledger.result_numbers_left(agency, day)
        if given is not None:
            return Proposed(given.data.number, date.fromisoformat(given.data.day), True, left)
        number = self._ledger.expected_result_number(agency, day)
        return Proposed(f"{number}{self._papers.symbol_of(dossier)}", day, False, left)

    def seal(
        self, stream: str, *, by: str, pin: str, agency_pin: str, with_: tuple[str, ...] = ()
    ) -> Dossier:
        """Number, date and seal the result of a dossier, as far as its procedure asks for them.

        `pin` opens the clerk's own token, `agency_pin` the organisation's. Raises `NotAllowed`, `NoNumber`,
        `CannotSign`; when the seal cannot be made, a number that was given stays.
        """
        dossier, now = self._projector.dossier(stream), self._clock()
        clerk, agency = self._parties(dossier, by)
        if is_on_paper(dossier.standing):
            raise NotAllowed(Because.DATA, "the result is on paper")
        self.check(dossier, by=by, with_=with_)
        result = self._result(dossier)
        with self._opened(clerk, pin, agency, agency_pin, now) as tokens:
            if Step.NUMBER in dossier.standing.steps and dossier.standing.number is None:
                symbol = self._papers.symbol_of(dossier)
                dossier = self._ledger.number_result(stream, symbol=symbol, by=by, with_=with_)
            if Step.SEAL not in dossier.standing.steps:
                return dossier
            sealed = self._sealed(dossier, result, agency, tokens, now)
            data = Sealed(
                self._keep(sealed, stream),
                fingerprint(tokens.organisation.token.certificate),
                self._attachments(dossier, agency, tokens.organisation, now),
            )
            sign = tokens.clerk.token.sign_decision
            return self._ledger.act(stream, SEALED, data, by=by, sign=sign, with_=with_)

    def number_paper(self, stream: str, *, by: str, with_: tuple[str, ...] = ()) -> Dossier:
        """Give the number that the clerk writes on a result signed by hand. Raises `NotAllowed`, `NoNumber`."""
        dossier = self._projector.dossier(stream)
        self.check(dossier, by=by, with_=with_)
        return self._ledger.number_result(stream, symbol=self._papers.symbol_of(dossier), by=by, with_=with_)

    def seal_paper(
        self, stream: str, *, by: str, pin: str, scan: bytes, with_: tuple[str, ...] = ()
    ) -> Dossier:
        """Keep the scan of a result that was signed by hand, numbered and stamped; the clerk signs that it is that.

        Raises `NotAllowed`, `CannotSign`.
        """
        dossier, now = self._projector.dossier(stream), self._clock()
        clerk, _ = self._parties(dossier, by)
        if not is_on_paper(dossier.standing):
            raise NotAllowed(Because.DATA, "the result is no paper")
        self.check(dossier, by=by, with_=with_)
        with self._signatories.opened(clerk.id, pin, clerk.ders(), now) as own:
            data = Sealed(self._keep(scan, stream))
            self._ledger.check(dossier, SEALED, data, by=by, with_=with_)
            sign = own.token.sign_decision
            return self._ledger.act(stream, SEALED, data, by=by, sign=sign, with_=with_)

    def check(self, dossier: Dossier, *, by: str, with_: tuple[str, ...] = ()) -> None:
        """Raise `NotAllowed` where the step could not be done to its end: no number is given for nothing."""
        if dossier.blocked(Blocks.SEAL):
            raise NotAllowed(Because.CONTESTED)
        if dossier.standing.outcome is None:
            raise NotAllowed(Because.STATUS, "there is no result")
        day = local_day(self._clock()).isoformat()
        if Step.NUMBER in dossier.standing.steps and dossier.standing.number is None:
            numbered = Numbered("?", day)
            self._ledger.check(dossier, NUMBERED, numbered, by=by, with_=with_)
            done = Done("", NUMBERED, numbered, by, timestamp(self._clock()), "")
            newest = {**dossier.standing.newest, NUMBERED: done}
            dossier = replace(dossier, standing=structs.replace(dossier.standing, newest=newest))
        if Step.SEAL in dossier.standing.steps:
            self._ledger.check(dossier, SEALED, Sealed(_UNMADE), by=by, with_=with_)

    def _parties(self, dossier: Dossier, by: str) -> tuple[Person, Agency]:
        view = self._catalog.latest
        clerk = view.person(by)
        agency = view.agency(dossier.received.agency) if dossier.received else None
        if clerk is None:
            raise NotAllowed(Because.NO_SUCH_PERSON)
        if agency is None:
            raise NotAllowed(Because.STATUS, "there is no agency")
        return clerk, agency

    def _result(self, dossier: Dossier) -> bytes:
        """The document that the approver signed. Raises `CannotSign` while it is not here."""
        outcome = dossier.standing.outcome
        content = self._archive.read(outcome.data.result) if outcome else None
        if content is None:
            raise CannotSign("no_result")
        return content

    @contextlib.contextmanager
    def _opened(
        self, clerk: Person, pin: str, agency: Agency, agency_pin: str, at: datetime
    ) -> Iterator[_Both]:
        opened = self._signatories.opened
        with (
            opened(clerk.id, pin, clerk.ders(), at) as own,
            opened(agency.code, agency_pin, agency.ders(), at) as organisation,
        ):
            yield _Both(own, organisation)

    def _sealed(self, dossier: Dossier, result: bytes, agency: Agency, tokens: _Both, at: datetime) -> bytes:
        """The clerk's revision, where the document has blanks, and the organisation's."""
        from edge.pades import revisions

        number, place = dossier.standing.number, self._place()
        if number is not None:
            signing = Signing(CLERK, f"Cấp số {number.data.number}", place, at)
            values = self._values(result, number.data)
            clerk = tokens.clerk
            result = revisions.number(result, clerk.token, values=values, signing=signing)
        signing = Signing(ORGANISATION, f"Đóng dấu. {agency.name}", place, at)
        organisation = tokens.organisation
        return revisions.seal(result, organisation.token, self._drawn(agency, at), signing=signing)

    def _values(self, result: bytes, numbered: Numbered) -> list[tuple[str, str, bytes]]:
        from edge.pades import revisions

        number, day = revisions.box_of(result, NUMBER), revisions.box_of(result, DAY)
        if number is None or day is None:
            raise CannotSign("no_form")
        words = day_in_words(date.fromisoformat(numbered.day))
        return [
            (NUMBER, numbered.number, appearance.number_line(numbered.number, *size(number))),
            (DAY, words, appearance.day_line(words, *size(day))),
        ]

    def _drawn(self, agency: Agency, at: datetime) -> bytes:
        """The agency's red seal in its true size, or its name where the picture is not here."""
        side = appearance.SEAL_MM * mm
        picture = self._picture(agency.seal_on(local_day(at)))
        if picture is None:
            return appearance.written_seal(agency.name, side, side)
        return appearance.picture(picture, side, side)

    def _attachments(
        self, dossier: Dossier, agency: Agency, organisation: Signatory, at: datetime
    ) -> tuple[Attachment, ...]:
        """What goes with the result, each with the organisation's signature and its mark at the top right."""
        from edge.pades import revisions

        outcome, number = dossier.standing.outcome, dossier.standing.number
        sealed = []
        for one in getattr(outcome.data, "attachments", ()) if outcome else ():
            content = self._archive.read(one.file)
            if content is None:
                raise CannotSign("no_result")
            width, height = appearance.MARK_WIDTH, appearance.MARK_HEIGHT
            named = number.data.number if number else (dossier.received.number if dossier.received else "")
            marked = revisions.mark(
                content,
                organisation.token,
                appearance.mark(agency.name, named, at, width, height),
                (width, height),
                signing=Signing(_ATTACHED, f"Kèm theo văn bản số {named}. {agency.name}", self._place(), at),
            )
            sealed.append(Attachment(self._keep(marked, dossier.stream), one.name, one.type, one.pages))
        return tuple(sealed)

    def _place(self) -> str:
        centre = self._catalog.latest.centre()
        return centre.place if centre else ""
