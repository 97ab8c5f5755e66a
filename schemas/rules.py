"""`allowed`: the one place that says whether an act may be done, or why not.

The ledger asks before it writes; the fold asks again, over the ancestors of each event, when it reads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from schemas.acts import (
    Act,
    Appraised,
    Approved,
    Effect,
    Received,
    RefusedResult,
    Returned,
    Settled,
    Status,
    WithdrawalAsked,
)
from schemas.calendar import local_day
from schemas.catalog import Card, Person, View
from schemas.conflicts import Blocks, Conflict
from schemas.errors import Because, Malformed, NotAllowed
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

    `authors` are those who wrote the members of its open conflicts: none of them may settle one.
    """

    receipt: Done | None = None
    appraisal: Done | None = None
    outcome: Done | None = None
    withdrawal: Done | None = None
    withdrawal_answer: Done | None = None
    returns: tuple[Done, ...] = ()
    settlements: tuple[Done, ...] = ()
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

    def with_act(self, event: Event, data: Any) -> Standing:
        """What stands once this act, which saw all of it, is added."""
        done = Done(event.hash, event.kind, data, event.by, event.at, event.node)
        match data:
            case Received():
                return replace(self, receipt=self.receipt or done)
            case Appraised():
                return replace(self, appraisal=done)
            case Approved() | RefusedResult():
                return replace(self, outcome=done)
            case WithdrawalAsked():
                return replace(self, withdrawal=done, withdrawal_answer=None)
            case Returned():
                return replace(self, returns=(*self.returns, done))
            case Settled():
                return replace(self, settlements=(*self.settlements, done))
            case _:
                return replace(self, withdrawal_answer=done)


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
    card, person = view.card(deed.node), view.person(deed.by)
    day = local_day(moment(deed.at))
    _who(act, card, person, day)
    _when(standing, act)
    _what(standing, act, data, deed)
    if isinstance(data, Received):
        assert card is not None  # noqa: S101 - checked in _who
        _number(data, view, card, day)
    if act.signed and isinstance(deed, Event):
        _signature(deed, person)


def _who(act: Act, card: Card | None, person: Person | None, day: date) -> None:
    if card is None or act.duty not in card.duties:
        raise NotAllowed(Because.DUTY, f"this machine has no duty to {act.duty.value}")
    if person is None:
        raise NotAllowed(Because.NO_SUCH_PERSON)
    if not person.has(act.role, day):
        raise NotAllowed(Because.ROLE, act.role.value)


def _when(standing: Standing, act: Act) -> None:
    blocks = frozenset[Blocks]().union(*(conflict.blocks for conflict in standing.conflicts))
    if act.effect is Effect.DECISION and act.data is not Settled and Blocks.DECISIONS in blocks:
        raise NotAllowed(Because.CONTESTED)
    if act.data is Returned and Blocks.RETURN in blocks:
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
    try:
        moment(data.due)
    except Malformed as error:
        raise NotAllowed(Because.DATA, f"due: {error.why}") from error
    number = parse_number(data.number)
    if number is None or (number.node, number.day, number.agency) != (card.number, day, data.agency):
        raise NotAllowed(Because.NUMBER, f"{data.number} is not this machine's to give")
    if not card.lease_from <= day <= card.lease_to:
        raise NotAllowed(Because.NUMBER, "outside the lease")


def _signature(event: Event, person: Person | None) -> None:
    if event.signed is None:
        raise NotAllowed(Because.SIGNATURE, "not signed")
    certificate = person.certificate(event.signed.certificate) if person else None
    if certificate is None:
        raise NotAllowed(Because.CERTIFICATE, "not one of the person's certificates")
    if not signature_holds(event, certificate):
        raise NotAllowed(Because.SIGNATURE, "does not hold")
