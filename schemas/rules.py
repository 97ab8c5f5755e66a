"""`allowed`: the one place that says whether an act may be done, or why not.

The ledger asks before it writes; the fold asks again, over the ancestors of each event, when it reads. What
stands is a set of acts (`Standing`); every status is read from it, none is stored (docs/decisions/0006).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from typing import Any, Final, Protocol

import msgspec

from schemas.acts import (
    Act,
    Approved,
    Author,
    ClockStopped,
    DueChecked,
    Effect,
    EnteredAfterwards,
    Extended,
    FeeNotified,
    FeeRefunded,
    Forwarded,
    NodeStatus,
    Numbered,
    OpinionGiven,
    PetitionStatus,
    ReceiptReplaced,
    ReceiptUndone,
    Received,
    RefusedResult,
    ResultUndone,
    Returned,
    Sealed,
    SecondOpinion,
    Settled,
    Stage,
    Status,
    SupplementRequested,
    Suspended,
    VisitStatus,
)
from schemas.calendar import local_day
from schemas.certificates import why_unfit
from schemas.conflicts import Blocks, Conflict
from schemas.deadlines import Terms
from schemas.entries import Card, Duty, Person, Role, Step
from schemas.errors import Because, Malformed, NotAllowed
from schemas.events import Event, moment
from schemas.numbers import parse as parse_number
from schemas.owing import not_as_the_catalog
from schemas.seals import fingerprint, signature_holds
from schemas.slips import is_real, read
from schemas.views import View


class Done(msgspec.Struct, frozen=True):
    """An act that stands: what, by whom, when, where, resting on which entry of the catalog."""

    hash: str
    kind: str
    data: Any
    by: str
    at: str
    node: str
    catalog: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """A time that may not be counted begins or ends; `why` is the value of a `deadlines.Why`."""

    at: str
    why: str
    begins: bool


class Inner(Enum):
    """Where the work is, inside a national status (domain §3.2); drafts are not events, so there is none for them."""

    NOTHING = ""
    AWAITS_RECEPTION = "awaits_reception"
    AWAITS_TAKE_OVER = "awaits_take_over"
    AWAITS_OPINION = "awaits_opinion"
    AWAITS_APPRAISAL = "awaits_appraisal"
    AWAITS_SIGNATURE = "awaits_signature"
    AWAITS_NUMBER = "awaits_number"
    AWAITS_SEAL = "awaits_seal"
    AWAITS_SUPPLEMENT = "awaits_supplement"
    AWAITS_PAYMENT = "awaits_payment"
    AWAITS_ANSWER = "awaits_answer"
    AWAITS_COLLECTION = "awaits_collection"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class Money(Enum):
    """The state of fees, apart from the business: what is due at reception against what was taken."""

    NOTHING_DUE = "nothing_due"
    DUE = "due"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"
    REFUND_DUE = "refund_due"


class Delivery(Enum):
    """The state of the hand-over, apart from the business."""

    NOTHING_YET = "nothing_yet"
    READY = "ready"
    HANDED_OVER = "handed_over"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True)
class Purse:
    """What was taken (receipts that are not void), what was given back, and what was taken twice, in đồng."""

    collected: Mapping[str, int] = field(default_factory=dict)
    refunded: Mapping[str, int] = field(default_factory=dict)
    void: frozenset[str] = frozenset()

    @property
    def kept(self) -> int:
        """In đồng. Of a receipt of which two counters gave back more than it took, nothing; what they gave is not the payer's
        debt."""
        return sum(max(0, amount - self.refunded.get(name, 0)) for name, amount in self.collected.items())


_STOPS: Final = frozenset({"dossier.withdrawal_granted", "dossier.suspended", "dossier.reception_cancelled"})
_STARTED: Final = frozenset(
    {
        "dossier.appraised",
        "dossier.forwarded",
        "dossier.taken_over",
        "dossier.supplied",
        "dossier.obligation_met",
    }
    | {"dossier.sent_back", "dossier.approved", "dossier.refused"}
)
_NO_ACTS: Final[Mapping[str, Done]] = {}
REVOKES_WITH: Final = (Role.DESK_OFFICER, Role.SUPERVISOR)
"""Of whom one stands beside the officer whose answer revokes a result."""
FOR_ANOTHER: Final = ("TL.", "TUQ.", "KT.")
"""How a capacity begins that somebody else has lent (NĐ 30/2020 Đ13)."""


class Standing(msgspec.Struct, frozen=True):
    """What stands in a stream after some of its events. The statuses are derived, never stored.

    `newest` is the newest act in force of each kind, without those that a later act ended. `receipt` is the
    first reception. `due` is the moment that holds now (extensions, the earlier of two), `first_due` the one
    that was printed. `steps`, `terms` and `hand_in` (originals, when the result is collected) are what the procedure's version asked
    for; `one_step`: it lets its receiver decide at once; `pauses` is what may stop its clock, and
    `taken_over_at` when the competent agency had it first. `blocks` is what open conflicts
    forbid; `authors` are those who wrote the members of the open conflicts: none of them may settle one. `issued` are
    the acts by which a result went out of the room (numbered, sealed or handed over), whatever became of it since;
    `recalls` those that call one back.
    """

    newest: Mapping[str, Done] = msgspec.field(default_factory=lambda: _NO_ACTS)
    receipt: Done | None = None
    outcome: Done | None = None
    steps: tuple[Step, ...] = ()
    terms: Terms | None = None
    pauses: tuple[Pause, ...] = ()
    taken_over_at: str = ""
    one_step: bool = False
    returns: tuple[Done, ...] = ()
    recalled: frozenset[str] = frozenset()
    hand_in: tuple[str, ...] = ()
    asked_before: bool = False
    due: str = ""
    blocks: frozenset[Blocks] = frozenset()
    conflicts: tuple[Conflict, ...] = ()
    authors: frozenset[str] = frozenset()
    issued: frozenset[str] = frozenset()
    recalls: frozenset[str] = frozenset()
    purse: Purse = Purse()

    @property
    def received(self) -> Received | None:
        """What was written at the first reception; None before there is one."""
        return self.receipt.data if self.receipt else None

    def revokes(self, answer: Settled) -> bool:
        """Whether the desk's answer takes its force from a result that was issued: four eyes do that."""
        fallen = set(answer.members) - set(answer.stands)
        return not self.issued.isdisjoint(fallen) or not self.recalls.isdisjoint(answer.stands)

    @property
    def received_at(self) -> str:
        """When the papers were received: for what was entered afterwards, earlier than the event."""
        if self.receipt is None:
            return ""
        if self.checked is not None:
            happened_at: str = self.checked.data.happened_at
            return happened_at
        data = self.receipt.data
        return data.happened_at if isinstance(data, EnteredAfterwards) else self.receipt.at

    @property
    def checked(self) -> Done | None:
        """Central's word on the reception that stands, where the hour of its machine was not sure."""
        done = self.newest.get("dossier.due_checked")
        return (
            done
            if done is not None and self.receipt is not None and done.data.of == self.receipt.hash
            else None
        )

    @property
    def first_due(self) -> str:
        """The moment printed; where it was counted from a wrong hour, what central made of it."""
        if self.checked is not None:
            due: str = self.checked.data.due
            return due
        return self.receipt.data.due if self.receipt else ""

    @property
    def appraisal(self) -> Done | None:
        """The one in force; None before there is one, or when a later act has ended it."""
        return self.newest.get("dossier.appraised")

    @property
    def withdrawal(self) -> Done | None:
        """The newest request that nobody has refused."""
        return self.newest.get("dossier.withdrawal_asked")

    @property
    def number(self) -> Done | None:
        """The act that gave the result its number; None before, or when a later act has ended it."""
        return self.newest.get("dossier.numbered")

    @property
    def sealed(self) -> Done | None:
        """The act that sealed the result; None before there is one, or when a later act has ended it."""
        return self.newest.get("dossier.sealed")

    @property
    def result(self) -> str | None:
        """The file of the result that stands; the sealed one, once there is one."""
        if self.outcome is None:
            return None
        done = self.sealed or self.outcome
        result: str = done.data.result
        return result

    @property
    def preserved(self) -> str | None:
        """The file of the result that stands with its time-stamp, where central has made one."""
        done = self.newest.get("dossier.result_preserved")
        if done is None or done.data.result != self.result:
            return None
        preserved: str = done.data.preserved
        return preserved

    @property
    def finished(self) -> Done | None:
        """The act by which the result came to be, with all steps that its procedure asks for."""
        if self.outcome is None:
            return None
        if Step.SEAL in self.steps:
            return self.sealed
        return self.number if Step.NUMBER in self.steps else self.outcome

    @property
    def status(self) -> Status:
        """One of the ten of the national exchange (domain §3), from what stands; never stored."""
        newest = self.newest
        if self.receipt is None:
            return self._before_reception()
        if self.outcome is not None and self.finished is not None:
            return Status.RETURNED if self.returns else Status.DONE
        if not _STOPS.isdisjoint(newest):
            return Status.STOPPED
        if "dossier.withdrawal_asked" in newest:
            return Status.WITHDRAWING
        if "dossier.supplement_requested" in newest:
            return Status.SUPPLEMENT
        if "dossier.obligation_asked" in newest:
            return Status.FINANCIAL
        return Status.RECEIVED if _STARTED.isdisjoint(newest) else Status.PROCESSING

    def _before_reception(self) -> Status:
        newest = self.newest
        if "dossier.registered" not in newest:
            return Status.NONE
        if "dossier.not_received" in newest:
            return Status.NOT_RECEIVED
        if not _STOPS.isdisjoint(newest):
            return Status.STOPPED
        if "dossier.withdrawal_asked" in newest:
            return Status.WITHDRAWING
        return Status.SUPPLEMENT if "dossier.supplement_requested" in newest else Status.REGISTERED

    @property
    def inner(self) -> Inner:
        """What the dossier waits for within its status, and so in whose queue it is."""
        newest = self.newest
        match self.status:
            case Status.NONE:
                return Inner.NOTHING
            case Status.REGISTERED:
                return Inner.AWAITS_RECEPTION
            case Status.SUPPLEMENT:
                return Inner.AWAITS_SUPPLEMENT
            case Status.FINANCIAL:
                return Inner.AWAITS_PAYMENT
            case Status.WITHDRAWING:
                return Inner.AWAITS_ANSWER
            case Status.STOPPED if "dossier.reception_cancelled" in newest:
                return Inner.CANCELLED
            case Status.NOT_RECEIVED | Status.STOPPED | Status.RETURNED:
                return Inner.CLOSED
            case Status.DONE:
                return Inner.AWAITS_COLLECTION
            case _:
                return self._at_work()

    def _at_work(self) -> Inner:
        """Where a dossier in status 2 or 4 is."""
        if self.outcome is not None:
            return Inner.AWAITS_NUMBER if Step.NUMBER in self.steps and not self.number else Inner.AWAITS_SEAL
        forwarded = self.newest.get("dossier.forwarded")
        if forwarded is not None:
            return Inner.AWAITS_OPINION if forwarded.data.opinion else Inner.AWAITS_TAKE_OVER
        return Inner.AWAITS_SIGNATURE if self.appraisal else Inner.AWAITS_APPRAISAL

    @property
    def notice(self) -> Done | None:
        """The newest notice of fees."""
        return self.newest.get("dossier.fee_notified")

    @property
    def asked(self) -> int:
        """What is to be paid in all, in đồng: as the newest notice says, else as the reception said."""
        if self.notice is not None and self.notice.data is not None:
            return sum(line.amount for line in self.notice.data.lines)
        return sum(fee.amount for fee in self.receipt.data.fees) if self.receipt else 0

    @property
    def originals_due(self) -> tuple[str, ...]:
        """The originals that whoever collects the result has yet to hand in."""
        done = self.newest.get("dossier.originals_collected")
        collected = done.data.components if done is not None and done.data is not None else ()
        return tuple(name for name in self.hand_in if name not in collected)

    @property
    def money(self) -> Money:
        """What was asked against what is kept, in đồng."""
        due = self.asked
        kept = self.purse.kept
        if kept > due:
            return Money.REFUND_DUE
        if kept == due:
            return Money.PAID if due else Money.NOTHING_DUE
        return Money.PARTLY_PAID if kept > 0 else Money.DUE

    @property
    def delivery(self) -> Delivery:
        """Where the result is between the centre and whoever comes for it."""
        if any(done.data.result in self.recalled for done in self.returns):
            return Delivery.RECALLED
        if self.returns:
            return Delivery.HANDED_OVER
        ready = self.status is Status.DONE and self.result not in self.recalled
        return Delivery.READY if ready else Delivery.NOTHING_YET

    def stage(self, subject: str) -> Stage:
        """The status of a dossier, a visit, a petition or a machine, as the acts of a subject ask for it."""
        match subject:
            case "dossier":
                return self.status
            case "visit":
                return self._visit()
            case "petition":
                return self._petition()
            case _:
                return NodeStatus.CLOSED if "node.closed" in self.newest else NodeStatus.OPEN

    def _visit(self) -> VisitStatus:
        newest = self.newest
        if "visit.ticket_taken" not in newest:
            return VisitStatus.NONE
        for kind, status in _VISITS:
            if kind in newest:
                return status
        return VisitStatus.WAITING

    def _petition(self) -> PetitionStatus:
        if "petition.filed" not in self.newest:
            return PetitionStatus.NONE
        if "petition.closed" in self.newest:
            return PetitionStatus.CLOSED
        return PetitionStatus.ANSWERED if "petition.answered" in self.newest else PetitionStatus.OPEN


_VISITS: Final = (
    ("visit.served", VisitStatus.SERVED),
    ("visit.abandoned", VisitStatus.ABANDONED),
    ("visit.called", VisitStatus.CALLED),
    ("visit.recalled", VisitStatus.CALLED),
    ("visit.skipped", VisitStatus.SKIPPED),
)


class Deed(Protocol):
    """What is asked about: an event, or an act that a person is about to do; `with_` are the second persons."""

    @property
    def by(self) -> str:
        """The id of the person who does it."""
        ...

    @property
    def at(self) -> str:
        """The moment, as events write it."""
        ...

    @property
    def node(self) -> str:
        """The id of the machine on which it is done."""
        ...

    @property
    def stream(self) -> str:
        """The stream that it belongs to, of a dossier or of something else."""
        ...

    @property
    def with_(self) -> tuple[str, ...]:
        """Ids of the second persons; empty where one is enough."""
        ...


def allowed(standing: Standing, act: Act, data: Any, deed: Deed, view: View) -> None:
    """Return, or raise `NotAllowed` with why the act may not be done over what stands.

    For an event (not for an act that is yet to be signed) the person's signature is checked as well.
    """
    card, person, day = entitled(act, deed, view)
    _when(standing, act)
    if person is not None and person.agency:
        _of_agency(standing, data, person.agency, view)
    _what(standing, act, data, deed)
    if isinstance(data, OpinionGiven):
        _opinion(standing, data, person)
    if act.effect is Effect.DECISION:
        _knows_lately(card, deed, day, view)
    if isinstance(data, Received):
        _number(standing, data, deed, view, card, day)
    if isinstance(data, FeeNotified):
        _asked(standing, data, view, day)
    if isinstance(data, Approved | RefusedResult):
        if data.delegation:
            _delegation(standing, data.delegation, deed.by, deed.at, day, view)
        elif data.capacity.startswith(FOR_ANOTHER):
            raise NotAllowed(Because.DELEGATION, "signs for another and names no delegation")
    if isinstance(data, Settled):
        _four_eyes(standing, data, deed, view, day)
    if isinstance(data, ReceiptReplaced):
        _replaced(data, deed, card)
    if isinstance(data, Sealed) and data.certificate:
        _organisation(standing, data.certificate, deed.at, view)
    if act.signed and isinstance(deed, Event):
        _signature(deed, person, view)


def entitled(act: Act, deed: Deed, view: View) -> tuple[Card, Person | None, date]:
    """The machine, the person and the Vietnamese day; `NotAllowed` when one of them may never do this act."""
    card, day = view.card(deed.node), local_day(moment(deed.at))
    if card is None or (act.duties and _disjoint(act.duties, card.duties)):
        raise NotAllowed(Because.DUTY, f"this machine has no duty to {_or(act.duties)}")
    person = None
    if deed.by or act.author is Author.PERSON:
        person = view.person(deed.by)
        if person is None:
            raise NotAllowed(Because.NO_SUCH_PERSON)
        if act.author is Author.MACHINE:
            raise NotAllowed(Because.ROLE, "no member of staff does this")
        if not _serves(person, act.roles, day):
            raise NotAllowed(Because.ROLE, _or(act.roles))
    if act.witness and not any(
        name != deed.by and (second := view.person(name)) is not None and _serves(second, act.witness, day)
        for name in deed.with_
    ):
        raise NotAllowed(Because.WITNESS, _or(act.witness))
    return card, person, day


def _knows_lately(card: Card, deed: Deed, day: date, view: View) -> None:
    """Who has not heard of central for long may have been overtaken by it: decisions then need a second person."""
    age = view.age(deed.at)
    if age <= timedelta(days=card.max_catalog_age_days):
        return
    if not any(
        name != deed.by and (second := view.person(name)) is not None and _serves(second, (), day)
        for name in deed.with_
    ):
        raise NotAllowed(Because.CATALOG_AGE, f"the catalog here is {age.days} days old")


def _disjoint(asked: tuple[Duty, ...], held: tuple[Duty, ...]) -> bool:
    for duty in asked:  # noqa: SIM110 - asked of every event: a loop is twice as fast as `any`
        if duty in held:
            return False
    return True


def _or(names: tuple[Enum, ...]) -> str:
    return " or ".join(name.value for name in names)


def _serves(person: Person, roles: tuple[Role, ...], day: date) -> bool:
    for grant in person.roles:  # noqa: SIM110 - asked of every event
        if (not roles or grant.role in roles) and grant.holds(day):
            return True
    return False


def _when(standing: Standing, act: Act) -> None:
    decides = act.effect is Effect.DECISION and act.data is not Settled
    if decides and Blocks.DECISIONS in standing.blocks:
        raise NotAllowed(Because.CONTESTED)
    if act.kind == "dossier.sealed" and Blocks.SEAL in standing.blocks:
        raise NotAllowed(Because.CONTESTED)
    if act.data is Returned and Blocks.RETURN in standing.blocks:
        raise NotAllowed(Because.CONTESTED)
    stage = standing.stage(act.subject)
    if stage not in act.statuses:
        raise NotAllowed(Because.STATUS, f"status {stage.value}")
    if act.undecided and standing.outcome is not None:
        raise NotAllowed(Because.STATUS, "there is a result already")
    if act.needs and not any(kind in standing.newest for kind in act.needs):
        raise NotAllowed(Because.STATUS, f"there is no {' or '.join(act.needs)}")


def _what(standing: Standing, act: Act, data: Any, deed: Deed) -> None:
    match data:
        case Approved() | RefusedResult():
            appraisal = standing.appraisal
            if standing.status is Status.RECEIVED and not standing.one_step:
                raise NotAllowed(Because.STATUS, f"status {Status.RECEIVED.value}")
            if (appraisal is None and not standing.one_step) or (
                appraisal is not None and isinstance(data, Approved) and not appraisal.data.passed
            ):
                raise NotAllowed(Because.NOT_APPRAISED)
            if not standing.one_step and standing.receipt is not None and standing.receipt.by == deed.by:
                raise NotAllowed(Because.SAME_PERSON, "the receiver may not decide")
        case SecondOpinion() if standing.appraisal is not None and standing.appraisal.by == deed.by:
            raise NotAllowed(Because.SAME_PERSON, "the appraiser has no second opinion")
        case Returned():
            if data.result != standing.result:
                raise NotAllowed(Because.DATA, "not the result that stands")
            if data.result in standing.recalled:
                raise NotAllowed(Because.DATA, "the result was recalled")
            if standing.originals_due:
                raise NotAllowed(Because.ORIGINALS, "; ".join(standing.originals_due))
        case Settled():
            _settlement(standing, data, deed)
        case Numbered() if standing.number is not None:
            raise NotAllowed(Because.STATUS, "there is a number already")
        case Sealed():
            _seal(standing, data, deed)
        case ResultUndone() if act.kind == "dossier.result_recalled":
            handed_over = any(done.data.result == data.result for done in standing.returns)
            in_force = standing.result == data.result
            if in_force is handed_over:
                raise NotAllowed(
                    Because.DATA, "neither waiting at the counter, nor handed over without force"
                )
        case DueChecked():
            _check_of_due(standing, data, deed)
        case Forwarded():
            _one_at_a_time(standing, data)
        case Extended() if data.due <= standing.due:
            raise NotAllowed(Because.DATA, "not later than the moment that holds")
        case Suspended():
            _ground(standing, data, deed)
        case ClockStopped() if standing.terms is not None and not _stops(standing.terms, data):
            raise NotAllowed(Because.DATA, f"the procedure counts the time for {data.why}")
        case SupplementRequested() if standing.asked_before and not data.again:
            raise NotAllowed(Because.DATA, "a second request needs its ground: the first list is complete")
        case FeeRefunded() | ReceiptUndone() | ReceiptReplaced():
            _money(standing.purse, data)
        case _:
            pass


def is_with(standing: Standing, agency: str, view: View) -> bool:
    """Whether a dossier is an agency's, was handed over to it or asked of it, or taken by one of its people."""
    received, newest = standing.received, standing.newest
    forwarded, taken = newest.get("dossier.forwarded"), newest.get("dossier.taken_over")
    if received is not None and received.agency == agency:
        return True
    if forwarded is not None and forwarded.data.agency == agency:
        return True
    taker = view.person(taken.by) if taken is not None else None
    return taker is not None and taker.agency == agency


def _of_agency(standing: Standing, data: Any, agency: str, view: View) -> None:
    """Who sits at an agency works on nothing else."""
    its_own = isinstance(data, Received) and data.agency == agency
    if standing.receipt is not None and not is_with(standing, agency, view):
        raise NotAllowed(Because.AGENCY, f"it is not with {agency}")
    if standing.receipt is None and not its_own:
        raise NotAllowed(Because.AGENCY, f"it is not {agency}'s")


def _opinion(standing: Standing, data: OpinionGiven, person: Person | None) -> None:
    """The agency that was asked answers; somebody else writes down what came in a letter, and names it."""
    asked = standing.newest["dossier.forwarded"].data
    if not asked.opinion:
        raise NotAllowed(Because.STATUS, "no opinion was asked for")
    if not data.document and (person is None or person.agency != asked.agency):
        raise NotAllowed(Because.AGENCY, f"{asked.agency} was asked, and no letter of it is named")


def _one_at_a_time(standing: Standing, data: Forwarded) -> None:
    """A folder that nobody has taken yet may be sent elsewhere; while an opinion is asked for, it stays where it is."""
    if data.opinion and standing.status not in (Status.RECEIVED, Status.PROCESSING):
        raise NotAllowed(Because.STATUS, "an opinion is asked for while a dossier is worked on")
    before = standing.newest.get("dossier.forwarded")
    if before is not None and (before.data.opinion or data.opinion):
        raise NotAllowed(
            Because.STATUS,
            "an opinion is asked for and not given"
            if before.data.opinion
            else "handed over, and not taken over",
        )


def _check_of_due(standing: Standing, data: DueChecked, deed: Deed) -> None:
    if standing.receipt is None or data.of != standing.receipt.hash:
        raise NotAllowed(Because.DATA, "not the reception that stands")
    if standing.receipt.by == deed.by:
        raise NotAllowed(Because.SAME_PERSON, "the receiver may not check their own hour")


def _stops(terms: Terms, data: ClockStopped) -> bool:
    return any(why.value == data.why for why in terms.not_counted)


def _ground(standing: Standing, data: Suspended, deed: Deed) -> None:
    """A dossier is stopped for a request that is open, and not before the time that was given has passed."""
    asked = standing.newest.get("dossier.supplement_requested")
    if data.ground == "not_supplemented":
        if asked is None:
            raise NotAllowed(Because.DATA, "nothing was asked for")
        until = asked.data.until if asked.data is not None else msgspec.UNSET
        if until is not msgspec.UNSET and local_day(moment(deed.at)).isoformat() <= until:
            raise NotAllowed(Because.DATA, f"there is time until {until}")
    if data.ground == "obligation_not_met" and "dossier.obligation_asked" not in standing.newest:
        raise NotAllowed(Because.DATA, "no obligation was asked for")


def is_on_paper(standing: Standing) -> bool:
    """Whether the result that stands is signed by hand."""
    return standing.outcome is not None and bool(getattr(standing.outcome.data, "on_paper", False))


def _seal(standing: Standing, data: Sealed, deed: Deed) -> None:
    if standing.outcome is not None and standing.outcome.by == deed.by:
        raise NotAllowed(Because.SAME_PERSON, "the approver may not seal")
    if standing.sealed is not None:
        raise NotAllowed(Because.STATUS, "there is a seal already")
    if is_on_paper(standing) and data.certificate:
        raise NotAllowed(Because.DATA, "the result is on paper, and stamped there")
    if Step.NUMBER in standing.steps and standing.number is None:
        raise NotAllowed(Because.STATUS, "there is no number yet")


def _money(purse: Purse, data: FeeRefunded | ReceiptUndone | ReceiptReplaced) -> None:
    taken = purse.collected.get(data.collected)
    if taken is None:
        raise NotAllowed(Because.MONEY, "no receipt in force")
    left = taken - purse.refunded.get(data.collected, 0)
    if isinstance(data, FeeRefunded) and data.amount > left:
        raise NotAllowed(Because.MONEY, f"{left} of it are left")


def _replaced(data: ReceiptReplaced, deed: Deed, card: Card) -> None:
    """People do it where money is taken; central by itself writes down what the issuer's program has answered."""
    if deed.by:
        if Duty.COLLECT not in card.duties:
            raise NotAllowed(Because.DUTY, f"this machine has no duty to {Duty.COLLECT.value}")
    elif Duty.CATALOG not in card.duties:
        raise NotAllowed(Because.NO_SUCH_PERSON)
    elif not data.lookup or data.receipt.provisional:
        raise NotAllowed(Because.DATA, "nobody issued it: it has no look-up code")


def _asked(standing: Standing, data: FeeNotified, view: View, day: date) -> None:
    """Nobody asks for anything but what the catalog says, on the day of the notice."""
    if standing.received is None:
        raise NotAllowed(Because.STATUS, "nothing was received")
    why = not_as_the_catalog(data, view, standing.received, day)
    if why is not None:
        raise NotAllowed(Because.MONEY, why)


def _settlement(standing: Standing, data: Settled, deed: Deed) -> None:
    conflict = next((c for c in standing.conflicts if c.id == data.conflict), None)
    if conflict is None or data.members != conflict.members:
        raise NotAllowed(Because.NO_SUCH_CONFLICT)
    if not conflict.for_desk:
        raise NotAllowed(Because.NO_SUCH_CONFLICT, "not the desk's to settle")
    if not set(data.stands) <= set(conflict.members) or len(data.stands) > 1:
        raise NotAllowed(Because.DATA, "at most one member of the conflict stands")
    if deed.by in standing.authors:
        raise NotAllowed(Because.TOOK_PART)


def _four_eyes(standing: Standing, data: Settled, deed: Deed, view: View, day: date) -> None:
    if standing.revokes(data) and not any(
        name != deed.by
        and name not in standing.authors
        and (second := view.person(name)) is not None
        and _serves(second, REVOKES_WITH, day)
        for name in deed.with_
    ):
        raise NotAllowed(Because.WITNESS, _or(REVOKES_WITH))


def _number(standing: Standing, data: Received, deed: Deed, view: View, card: Card, day: date) -> None:
    if isinstance(data, EnteredAfterwards):
        if data.happened_at >= deed.at:
            raise NotAllowed(Because.DATA, "received later than it was written down")
        day = local_day(moment(data.happened_at))
    procedure = view.procedure(data.procedure, day)
    if procedure is None:
        raise NotAllowed(Because.NO_SUCH_PROCEDURE, data.procedure)
    if data.agency != procedure.agency:
        raise NotAllowed(Because.DATA, f"{data.procedure} is {procedure.agency}'s, not {data.agency}'s")
    registered = standing.newest.get("dossier.registered")
    if registered is not None and registered.data.number:
        if data.number != registered.data.number:
            raise NotAllowed(Because.NUMBER, "a dossier keeps the number that it came with")
        return
    number = parse_number(data.number)
    if number is None or (number.day, number.agency) != (day, data.agency):
        raise NotAllowed(Because.NUMBER, f"{data.number} is not this machine's to give")
    if isinstance(data, EnteredAfterwards) and data.slip:
        _slip(data, deed, view)
        return
    if number.node != card.number:
        raise NotAllowed(Because.NUMBER, f"{data.number} is not this machine's to give")
    if not card.lease_from <= day <= card.lease_to:
        raise NotAllowed(Because.NUMBER, "outside the lease")


def _slip(data: EnteredAfterwards, deed: Deed, view: View) -> None:
    """Whether a slip is genuine and speaks of this stream and number: its machine sealed it (design §7)."""
    try:
        code, _ = read(data.slip)
    except Malformed as why:
        raise NotAllowed(Because.NUMBER, str(why)) from why
    printed_by = view.card(code.node)
    if printed_by is None or not is_real(data.slip, printed_by.ed25519):
        raise NotAllowed(Because.NUMBER, "the slip is not genuine")
    if (code.number, code.stream) != (data.number, deed.stream):
        raise NotAllowed(Because.NUMBER, "the slip is of another dossier")


def _delegation(standing: Standing, name: str, by: str, at: str, day: date, view: View) -> None:
    """Whether a delegation (TL., TUQ., KT.) covers this person, day and procedure (NĐ 30/2020 Đ13)."""
    delegation = view.delegation(name)
    if delegation is None or delegation.delegate != by:
        raise NotAllowed(Because.DELEGATION, f"{name} is not this person's")
    if not delegation.holds(day) or view.ended("delegation", name, at):
        raise NotAllowed(Because.DELEGATION, f"{name} does not hold on {day}")
    received = standing.received
    if received is not None and delegation.procedures and received.procedure not in delegation.procedures:
        raise NotAllowed(Because.DELEGATION, f"{name} does not cover {received.procedure}")


def _organisation(standing: Standing, certificate: str, at: str, view: View) -> None:
    """A result carries the seal of the agency that resolves it, and of no other (NĐ 30/2020 Đ32)."""
    received = standing.received
    agency = view.agency(received.agency) if received is not None else None
    of_agency = agency.ders() if agency is not None else []
    found = next((der for der in of_agency if fingerprint(der) == certificate), None)
    if found is None:
        raise NotAllowed(Because.CERTIFICATE, "not one of the agency's certificates")
    _fits(found, certificate, at, view)


def _fits(certificate: bytes, name: str, at: str, view: View) -> None:
    """Dates, usage, and revocation as far as this catalog says."""
    if view.ended("certificate", name, at):
        raise NotAllowed(Because.CERTIFICATE, "revoked")
    unfit = why_unfit(certificate, moment(at))
    if unfit is not None:
        raise NotAllowed(Because.CERTIFICATE, unfit.value)


def _signature(event: Event, person: Person | None, view: View) -> None:
    if event.signed is None or person is None:
        raise NotAllowed(Because.SIGNATURE, "not signed")
    certificate = person.certificate(event.signed.certificate)
    if certificate is None:
        raise NotAllowed(Because.CERTIFICATE, "not one of the person's certificates")
    _fits(certificate, event.signed.certificate, event.at, view)
    if not signature_holds(event, certificate):
        raise NotAllowed(Because.SIGNATURE, "does not hold")
