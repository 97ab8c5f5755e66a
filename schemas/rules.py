"""`allowed`: the one place that says whether an act may be done, or why not.

The ledger asks before it writes; the fold asks again, over the ancestors of each event, when it reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from schemas.acts import (
    Act,
    Approved,
    Effect,
    Received,
    RefusedResult,
    Returned,
    Settled,
    Status,
)
from schemas.calendar import local_day
from schemas.catalog import Card, Person, View
from schemas.conflicts import Blocks, Conflict
from schemas.errors import Because, NotAllowed
from schemas.events import Event, moment
from schemas.numbers import parse as parse_number
from schemas.seals import signature_holds


@dataclass(frozen=True, slots=True)
class Done:
    """An act that stands: what, by whom, when, where."""

    hash: str
    kind: str
    data: Any
    by: str
    at: str
    node: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in a dossier after some of its events. The status is derived, never stored.

    `withdrawal` is the newest request, an open one first; `withdrawal_answer` is None while one is open,
    unless a withdrawal was granted. `blocks` is what open conflicts forbid; `authors` are those who wrote the members of the open conflicts: none
    of them may settle one.
    """

    receipt: Done | None = None
    appraisal: Done | None = None
    outcome: Done | None = None
    withdrawal: Done | None = None
    withdrawal_answer: Done | None = None
    returns: tuple[Done, ...] = ()
    blocks: frozenset[Blocks] = frozenset()
    conflicts: tuple[Conflict, ...] = ()
    authors: frozenset[str] = frozenset()

    @property
    def received(self) -> Received | None:
        return self.receipt.data if self.receipt else None

    @property
    def status(self) -> Status:
        if self.receipt is None:
            return Status.NONE
        if self.outcome is not None:
            return Status.RETURNED if self.returns else Status.DONE
        if self.withdrawal_answer is not None and self.withdrawal_answer.kind == "dossier.withdrawal_granted":
            return Status.STOPPED
        if self.withdrawal is not None and self.withdrawal_answer is None:
            return Status.WITHDRAWING
        return Status.PROCESSING if self.appraisal else Status.RECEIVED


class Deed(Protocol):
    """What is asked about: an event, or an act that a person is about to do."""

    @property
    def by(self) -> str: ...
    @property
    def at(self) -> str: ...
    @property
    def node(self) -> str: ...


def allowed(standing: Standing, act: Act, data: Any, deed: Deed, view: View) -> None:
    """Return, or raise `NotAllowed` with why the act may not be done over what stands.

    For an event (not for an act that is yet to be signed) the person's signature is checked as well.
    """
    card, person = entitled(act, deed, view)
    _when(standing, act)
    _what(standing, act, data, deed)
    if isinstance(data, Received):
        _number(data, view, card, local_day(moment(deed.at)))
    if act.signed and isinstance(deed, Event):
        _signature(deed, person)


def entitled(act: Act, deed: Deed, view: View) -> tuple[Card, Person]:
    """The machine and the person, or `NotAllowed` when one of them may never do this act, whatever stands."""
    card, person = view.card(deed.node), view.person(deed.by)
    if card is None or act.duty not in card.duties:
        raise NotAllowed(Because.DUTY, f"this machine has no duty to {act.duty.value}")
    if person is None:
        raise NotAllowed(Because.NO_SUCH_PERSON)
    if not person.has(act.role, local_day(moment(deed.at))):
        raise NotAllowed(Because.ROLE, act.role.value)
    return card, person


def _when(standing: Standing, act: Act) -> None:
    decides = act.effect is Effect.DECISION and act.data is not Settled
    if decides and Blocks.DECISIONS in standing.blocks:
        raise NotAllowed(Because.CONTESTED)
    if act.data is Returned and Blocks.RETURN in standing.blocks:
        raise NotAllowed(Because.CONTESTED)
    if standing.status not in act.statuses:
        raise NotAllowed(Because.STATUS, f"status {standing.status.value}")


def _what(standing: Standing, act: Act, data: Any, deed: Deed) -> None:
    match data:
        case Approved() | RefusedResult():
            appraisal = standing.appraisal
            if appraisal is None or (isinstance(data, Approved) and not appraisal.data.passed):
                raise NotAllowed(Because.NOT_APPRAISED)
            if standing.receipt is not None and standing.receipt.by == deed.by:
                raise NotAllowed(Because.SAME_PERSON, "the receiver may not decide")
        case Returned():
            if standing.outcome is None or data.result != standing.outcome.data.result:
                raise NotAllowed(Because.DATA, "not the result that stands")
        case Settled():
            _settlement(standing, data, deed)
        case _:
            pass


def _settlement(standing: Standing, data: Settled, deed: Deed) -> None:
    conflict = next((c for c in standing.conflicts if c.id == data.conflict), None)
    if conflict is None or data.members != conflict.members:
        raise NotAllowed(Because.NO_SUCH_CONFLICT)
    if not set(data.stands) <= set(conflict.members) or len(data.stands) > 1:
        raise NotAllowed(Because.DATA, "at most one member of the conflict stands")
    if deed.by in standing.authors:
        raise NotAllowed(Because.TOOK_PART)


def _number(data: Received, view: View, card: Card, day: date) -> None:
    procedure = view.procedure(data.procedure, day)
    if procedure is None:
        raise NotAllowed(Because.NO_SUCH_PROCEDURE, data.procedure)
    if data.agency != procedure.agency:
        raise NotAllowed(Because.DATA, f"{data.procedure} is {procedure.agency}'s, not {data.agency}'s")
    number = parse_number(data.number)
    if number is None or (number.node, number.day, number.agency) != (card.number, day, data.agency):
        raise NotAllowed(Because.NUMBER, f"{data.number} is not this machine's to give")
    if not card.lease_from <= day <= card.lease_to:
        raise NotAllowed(Because.NUMBER, "outside the lease")


def _signature(event: Event, person: Person) -> None:
    if event.signed is None:
        raise NotAllowed(Because.SIGNATURE, "not signed")
    certificate = person.certificate(event.signed.certificate)
    if certificate is None:
        raise NotAllowed(Because.CERTIFICATE, "not one of the person's certificates")
    if not signature_holds(event, certificate):
        raise NotAllowed(Because.SIGNATURE, "does not hold")
