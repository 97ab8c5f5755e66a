"""The room's decisions that need a person's signature: the result is made, signed, kept, and only then decided.

The file is durable before the event that names it. A crash in between leaves a file that nobody names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from edge.archive import Archive
from edge.clock import Clock
from edge.ledger import Ledger
from edge.paper import Papers
from edge.projector import Projector
from edge.signing import open_token
from schemas.acts import Approved, RefusedResult
from schemas.calendar import local_day
from schemas.catalog import Catalog, Person
from schemas.errors import Because, NotAllowed
from schemas.events import timestamp
from schemas.fold import Dossier

_UNMADE = "file-" + "0" * 64
"""Stands for the result while it is asked whether one may be made at all."""


class Deciding:
    """Signs approvals and refusals at one node; `tokens` is the folder of PKCS#12 files, `<person>.p12`."""

    def __init__(
        self,
        ledger: Ledger,
        projector: Projector,
        archive: Archive,
        papers: Papers,
        catalog: Catalog,
        clock: Clock,
        tokens: Path,
    ) -> None:
        self._ledger, self._projector, self._archive, self._papers = ledger, projector, archive, papers
        self._catalog, self._clock, self._tokens = catalog, clock, tokens

    def approve(self, stream: str, *, by: str, pin: str, text: str, with_: tuple[str, ...] = ()) -> Dossier:
        """Approve: a signed result and an event that names it. Raises `NotAllowed`, `CannotSign`."""
        return self._decide(stream, "dossier.approved", by=by, pin=pin, text=text, with_=with_)

    def refuse(self, stream: str, *, by: str, pin: str, reason: str, with_: tuple[str, ...] = ()) -> Dossier:
        """Refuse in writing: a signed document with the reason. Raises `NotAllowed`, `CannotSign`."""
        return self._decide(stream, "dossier.refused", by=by, pin=pin, text=reason, with_=with_)

    def _decide(
        self, stream: str, kind: str, *, by: str, pin: str, text: str, with_: tuple[str, ...]
    ) -> Dossier:
        signer = self._catalog.latest.person(by)
        if signer is None:
            raise NotAllowed(Because.NO_SUCH_PERSON)
        dossier = self._projector.dossier(stream)
        approved = kind == "dossier.approved"
        now = self._clock()
        right = self.right_of(signer, dossier, now)
        self._ledger.check(dossier, kind, _decision(approved, _UNMADE, text, right), by=by, with_=with_)
        token = open_token(self._tokens / f"{by}.p12", pin, on=now, certificates=signer.ders())
        rendered = self._papers.result_of(
            dossier, approved=approved, text=text, signer=signer, capacity=right.capacity, at=now
        )
        centre = self._catalog.latest.centre()
        signed = token.sign_pdf(
            rendered.pdf,
            page=rendered.page,
            box=rendered.box,
            reason="Phê duyệt" if approved else "Từ chối giải quyết",
            place=centre.place if centre else "",
        )
        decision = _decision(approved, self._archive.keep(signed), text, right)
        return self._ledger.act(stream, kind, decision, by=by, sign=token.sign_decision, with_=with_)

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


@dataclass(frozen=True, slots=True)
class Right:
    """How a person signs: the lines above the name, and the delegation that lends it (its id and its decision)."""

    capacity: str
    delegation: str = ""
    decision: str = ""


def _decision(approved: bool, file: str, text: str, right: Right) -> Approved | RefusedResult:
    if approved:
        return Approved(result=file, capacity=right.capacity, delegation=right.delegation)
    return RefusedResult(result=file, reason=text, capacity=right.capacity, delegation=right.delegation)
