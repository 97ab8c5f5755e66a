"""What people do at a machine: acts drawn from the table of acts, and mistakes.

Somebody looks at a dossier and does one of the things that `allowed` lets them do; now and then somebody tries
what may not be done, and the ledger must say no. Whatever the ledger said yes to is a promise.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from random import Random
from typing import Final

import msgspec

from central.centre import Office
from central.rows import report_rows
from central.simulation.filling import PEOPLE, CannotFill, Scene, drafts, file_id, filled, given
from central.simulation.founding import ADMINISTRATOR, WORKERS, Worker
from central.simulation.machine import Machine
from central.trust import cut_before, report_forks
from edge.ledger import Draft
from edge.tables.exchange import Delivery
from schemas.acts import (
    BY_KIND,
    DOSSIER,
    TABLE,
    VISIT,
    Act,
    Party,
    Received,
    ReceivedComponent,
    Status,
    TicketTaken,
)
from schemas.calendar import local_day
from schemas.entries import Admission, Procedure, Revocation, Role
from schemas.errors import Because, NotAllowed
from schemas.events import Event, StreamId, moment, timestamp
from schemas.fold import Dossier, Place
from schemas.rules import REVOKES_WITH
from schemas.seals import fingerprint, sign_decision
from schemas.slips import SlipCode

WEIGHTS: Final[Mapping[str, float]] = {
    "dossier.appraised": 5,
    "dossier.approved": 14,
    "dossier.refused": 4,
    "dossier.withdrawal_granted": 5,
    "dossier.withdrawal_refused": 5,
    "dossier.numbered": 8,
    "dossier.sealed": 8,
    "dossier.result_ready": 3,
    "dossier.returned": 9,
    "dossier.result_recalled": 2,
    "dossier.withdrawal_asked": 1,
    "dossier.supplied": 4,
    "dossier.obligation_met": 3,
    "dossier.taken_over": 2,
    "dossier.opinion_given": 2,
    "dossier.amended": 1,
    "dossier.extended": 2,
    "dossier.fee_collected": 3,
    "dossier.sent_back": 1,
    "dossier.supplement_requested": 2,
    "dossier.settled": 12,
    "dossier.forwarded": 2,
}
"""How often an act is done where several are possible; seldom, for an act that is not named."""
_SYMBOL: Final = "/QĐ-TTPVHCC"
SELDOM: Final = 0.4
MISTAKES: Final = 0.08


class Broken(Exception):
    """Something that must not happen, however the day went."""


@dataclass(frozen=True, slots=True)
class Promise:
    """An act of which somebody was told that it is saved."""

    stream: str
    hash: str
    kind: str
    machine: str
    node: str
    """Which machine it was: at a place others may follow."""


@dataclass(frozen=True, slots=True)
class Slip:
    """The paper that somebody took home: what was received, and the code that its machine sealed."""

    promise: Promise
    received: Received
    at: str
    code: str


@dataclass(frozen=True, slots=True)
class Reception:
    """What a receiver has filled in; saved once, however often they press the button."""

    stream: StreamId
    draft: Draft
    by: str


@dataclass(frozen=True, slots=True)
class Rivalry:
    """What two machines try at once: acts one after the other at `one`, an act at the `other`."""

    one: tuple[str, ...]
    other: str


RIVALRIES: Final = (
    Rivalry(("dossier.approved",), "dossier.refused"),
    Rivalry(("dossier.approved",), "dossier.withdrawal_asked"),
    Rivalry(("dossier.approved", "dossier.sealed"), "dossier.approved"),
    Rivalry(("dossier.approved", "dossier.numbered", "dossier.sealed"), "dossier.approved"),
    Rivalry(("dossier.returned",), "dossier.result_recalled"),
    Rivalry(("dossier.returned",), "dossier.sent_back"),
    Rivalry(("dossier.returned",), "dossier.returned"),
    Rivalry(("dossier.extended",), "dossier.extended"),
    Rivalry(("dossier.amended",), "dossier.amended"),
    Rivalry(("dossier.fee_collected",), "dossier.fee_collected"),
    Rivalry(("dossier.settled",), "dossier.settled"),
)
"""So that the rare rows of the conflict table occur too."""
TRIED: Final = 8
"""Dossiers that two machines look at until they fall out over one."""


@dataclass(frozen=True, slots=True)
class Deed:
    """An act that somebody is about to do."""

    act: Act
    data: msgspec.Struct
    worker: Worker
    with_: tuple[str, ...] = ()


def fill_in(machine: Machine, chance: Random, stream: StreamId | None = None) -> Reception:
    """Somebody comes with their papers; `stream` is what they had registered before."""
    node = machine.node
    at = node.clock()
    procedure = chance.choice(_procedures(machine, at))
    name, identity = chance.choice(PEOPLE)
    papers = (ReceivedComponent("Đơn đề nghị", 1), ReceivedComponent("Bản sao giấy tờ", 0, 1))
    draft = Draft(procedure.code, Party(name, identity, phone="0912000345"), papers[: chance.randint(1, 2)])
    receivers = [worker.id for worker in WORKERS if _RECEIVES.role in worker.roles]
    return Reception(stream or node.ids.stream(at), draft, chance.choice(receivers))


def receive(machine: Machine, reception: Reception) -> Promise | None:
    """Press the button; None if it was received elsewhere before. Raises what the ledger raises."""
    node = machine.node
    dossier = node.ledger.receive(
        reception.stream, reception.draft, by=reception.by, spool=node.papers.spool_slip
    )
    receipt = dossier.standing.receipt
    if receipt is not None and receipt.node != node.id:
        return None
    return _promised(machine, dossier, _RECEIVES.kind)


def slip_of(machine: Machine, promise: Promise) -> Slip:
    """What was printed for a reception that was just saved."""
    events = machine.node.projector.events_of(promise.stream)
    event = next(one for one in events if isinstance(one, Event) and one.hash == promise.hash)
    received = msgspec.convert(event.data, Received)
    code = SlipCode(received.number, event.stream, event.hash, event.node)
    return Slip(promise, received, event.at, code.sealed(machine.node.keys.ed25519.sign))


def enter_again(machine: Machine, slip: Slip, chance: Random) -> Promise | None:
    """A citizen brings the slip of a reception that this machine has not: it is entered from the paper, mistakes included.

    None where it is here after all. Raises what the ledger raises.
    """
    node, received = machine.node, slip.received
    if node.projector.dossier(slip.promise.stream).standing.receipt is not None:
        return None
    name, identity = chance.choice(PEOPLE)
    misread = chance.random() < 0.5
    applicant = Party(name, identity) if misread else received.applicant
    act = BY_KIND[_AGAIN]
    worker = chance.choice(_having(act.roles))
    dossier = node.ledger.enter_again(
        slip.code,
        Draft(received.procedure, applicant, received.components, return_by=received.return_by),
        happened_at=moment(slip.at).replace(second=0, microsecond=0),
        due_at=moment(received.due) - timedelta(hours=1 if misread else 0),
        reason="Máy quầy hỏng",
        by=worker.id,
        with_=_witness(act, worker, chance),
    )
    return _promised(machine, dossier, _AGAIN)


def register(machine: Machine, chance: Random, number: str) -> Promise:
    """Something comes over the portal, with its code or without: a dossier that is yet to be received.

    Raises what the ledger raises.
    """
    node = machine.node
    at = node.clock()
    procedures = _procedures(machine, at)
    procedure = chance.choice(procedures)
    stream = node.ids.stream(at)
    scene = Scene(node.projector.dossier(stream), timestamp(at), chance, procedures)
    of_it = {
        "procedure": procedure.code,
        "procedure_name": procedure.name,
        "agency": procedure.agency,
        "number": number,
    }
    data = filled(_REGISTERS.data, scene, of_it)
    receivers = [worker.id for worker in WORKERS if _RECEIVES.role in worker.roles]
    dossier = node.ledger.act(stream, _REGISTERS.kind, data, by=chance.choice(receivers))
    return _promised(machine, dossier, _REGISTERS.kind)


def _procedures(machine: Machine, at: datetime) -> tuple[Procedure, ...]:
    """Those in force at a moment. Raises `NotAllowed` where there are none: in another year nothing can be applied for."""
    found = tuple(machine.node.catalog.latest.procedures(local_day(at)))
    if not found:
        raise NotAllowed(Because.NO_SUCH_PROCEDURE)
    return found


def queue(machine: Machine, chance: Random) -> Promise | None:
    """Somebody draws a ticket, is called, served, rates. Raises what the ledger raises."""
    streams = machine.node.visits.streams()
    if not streams or chance.random() < 0.3:
        new = machine.node.ids.stream(machine.clock())
        ticket = TicketTaken(f"A{len(streams) + 1:03d}", "Đất đai", chance.choice(("", "", "elderly")))
        return _visited(machine, new, "visit.ticket_taken", ticket)
    stream = chance.choice(streams[-6:])
    possible = _possible_visits(machine, stream, chance)
    if not possible:
        return None
    kind, data = chance.choice(possible)
    return _visited(machine, stream, kind, data)


def rival_visits(one: Machine, other: Machine, chance: Random) -> list[tuple[Machine, Promise]]:
    """Two machines call one ticket, or ask for one rating, as far as each of them knows. Raises what the ledger raises."""
    common = sorted(set(one.node.visits.streams()) & set(other.node.visits.streams()))
    for stream in reversed(common[-12:]):
        here = dict(_possible_visits(one, stream, chance))
        there = dict(_possible_visits(other, stream, chance))
        for kind in ("visit.called", "visit.rated"):
            if kind in here and kind in there:
                return [
                    (one, _visited(one, stream, kind, here[kind])),
                    (other, _visited(other, stream, kind, here[kind])),
                ]
    return []


def _possible_visits(machine: Machine, stream: str, chance: Random) -> list[tuple[str, msgspec.Struct]]:
    node = machine.node
    visit = node.visits.visit(stream)
    scene = Scene(visit, timestamp(machine.clock()), chance, ())
    possible = []
    for act in VISIT:
        if act.opens or not _at(machine, act):
            continue
        with contextlib.suppress(CannotFill, NotAllowed):
            data = filled(act.data, scene, given(act.kind, scene))
            node.visits.check(visit, act.kind, data, by=_at_the_queue(act.kind))
            possible.append((act.kind, data))
    return possible


def _at_the_queue(kind: str) -> str:
    return "" if kind in ("visit.ticket_taken", "visit.rated") else _RECEIVERS[0]


def _visited(machine: Machine, stream: str, kind: str, data: msgspec.Struct) -> Promise:
    after = machine.node.visits.act(stream, kind, data, by=_at_the_queue(kind))
    return _promised(machine, after, kind)


def work(machine: Machine, stream: str, chance: Random) -> Promise | None:
    """Do one thing to a dossier, if there is anything to do. Raises what the ledger raises.

    Raises `Broken` when the ledger refuses what it had said would be allowed, or writes what it should refuse.
    """
    dossier = machine.node.register.dossier(stream)
    mistaken = chance.random() < MISTAKES
    possible = [
        deed
        for deed in _deeds(machine, dossier, chance)
        if (mistaken and not deed.act.signed) or _may(machine, dossier, deed)
    ]
    if not possible:
        return None
    deed = chance.choices(possible, [WEIGHTS.get(one.act.kind, SELDOM) for one in possible])[0]
    return _do(machine, dossier, deed, mistaken=mistaken)


def in_question(rivalry: Rivalry, one: Machine, other: Machine, chance: Random) -> list[str]:
    """Some dossiers that stand where both could begin, as far as each machine knows."""
    first, opposed = BY_KIND[rivalry.one[0]], BY_KIND[rivalry.other]
    if not (_at(one, first) and _at(other, opposed)):
        return []
    here, there = one.statuses(), other.statuses()
    common = sorted(
        stream
        for stream in here.keys() & there.keys()
        if Status(here[stream]) in first.statuses and Status(there[stream]) in opposed.statuses
    )
    return chance.sample(common, min(len(common), TRIED))


def rivals(
    rivalry: Rivalry, one: Machine, other: Machine, stream: str, chance: Random
) -> list[tuple[Machine, Promise]]:
    """Two machines, each as far as it knows, do what cannot both stand; nothing where they cannot.

    Where the law allows it here and there, one person does both. Raises what the ledger raises.
    """
    *before, last = rivalry.one
    both = [
        worker for worker in _having(BY_KIND[last].roles) if worker in _having(BY_KIND[rivalry.other].roles)
    ]
    there = _possible(other, stream, rivalry.other, chance, both or WORKERS)
    if there is None or _possible(one, stream, rivalry.one[0], chance) is None:
        return []
    done: list[tuple[Machine, Promise]] = []
    for kind in before:
        deed = _possible(one, stream, kind, chance, [w for w in WORKERS if w is not there.worker])
        if deed is None:
            return done
        done.append((one, _do(one, one.node.register.dossier(stream), deed)))
    here = _possible(one, stream, last, chance, [there.worker]) or _possible(one, stream, last, chance)
    if here is not None:
        done.append((one, _do(one, one.node.register.dossier(stream), here)))
    done.append((other, _do(other, other.node.register.dossier(stream), there)))
    return done


def _possible(
    machine: Machine, stream: str, kind: str, chance: Random, by: Sequence[Worker] = WORKERS
) -> Deed | None:
    """An act of this kind that one of these may do now."""
    dossier = machine.node.register.dossier(stream)
    deeds = _deeds(machine, dossier, chance, kinds=frozenset((kind,)), by=by)
    return next((deed for deed in deeds if _may(machine, dossier, deed)), None)


def _do(machine: Machine, dossier: Dossier, deed: Deed, *, mistaken: bool = False) -> Promise:
    _keep_files(machine, deed, dossier)
    sign = partial(sign_decision, deed.worker.key, deed.worker.certificate) if deed.act.signed else None
    ledger, by = machine.node.ledger, deed.worker.id
    try:
        if deed.act.kind == "dossier.numbered":  # the machine counts: nobody thinks of a number
            after = ledger.number_result(dossier.stream, symbol=_SYMBOL, by=by, with_=deed.with_)
        else:
            after = ledger.act(dossier.stream, deed.act.kind, deed.data, by=by, with_=deed.with_, sign=sign)
    except NotAllowed as why:
        if mistaken:
            raise
        raise Broken(f"{deed.act.kind} was allowed, and then refused: {why}") from why
    return _promised(machine, after, deed.act.kind)


def publish(machine: Machine, chance: Random) -> None:
    """At central: the catalog grows. Somebody loses a role or a certificate, what central alone can see is said, or
    only a procedure has another note."""
    chance.choice((_note, _note, find, find, _dismiss, _revoke))(machine, chance)


def find(machine: Machine, chance: Random | None = None) -> None:
    """Central looks for what only it can see: forks, and rows that need several dossiers."""
    report_forks(machine.node)
    report_rows(machine.node)


def _dismiss(machine: Machine, chance: Random) -> None:
    """Whose role ended yesterday decides on, where nobody has heard of it; another day they are back."""
    node = machine.node
    who = chance.choice(_MAY_LEAVE)
    worker = next(one for one in WORKERS if one.id == who)
    known = node.catalog.latest.person(worker.id)
    said = worker.entry()
    if known == said:
        until = local_day(node.clock()) - timedelta(days=1)
        left = tuple(msgspec.structs.replace(grant, until=until) for grant in said.roles)
        said = msgspec.structs.replace(said, roles=left)
    Office(node).define([said], by=ADMINISTRATOR)


def _revoke(machine: Machine, chance: Random) -> None:
    """A card is lost: its certificate has not counted for an hour when central says so."""
    node = machine.node
    worker = next(one for one in WORKERS if one.id == _MAY_LOSE_THEIR_CARD)
    since = timestamp(node.clock() - timedelta(hours=1))
    if not node.catalog.latest.ended("certificate", fingerprint(worker.certificate), since):
        lost = Revocation("certificate", fingerprint(worker.certificate), since, "Mất thẻ")
        Office(node).define([lost], by=ADMINISTRATOR)


def cut(machine: Machine) -> None:
    """An administrator cuts every machine that gave a number twice."""
    node = machine.node
    for fork in node.register.forks():
        cut_before(node, fork, by=ADMINISTRATOR)


def admit(machine: Machine) -> None:
    """The desk lets in all that is held. Raises `Broken` where that does not let it in."""
    node, admitted = machine.node, set[str]()
    while held := [line for line in node.register.doubtful() if line.place is Place.HELD]:
        fresh = [line for line in held if line.hash not in admitted]
        if not fresh:
            raise Broken(f"{held[0].kind} {held[0].hash[:12]} was let in, and is held: {held[0].why}")
        admitted |= {line.hash for line in fresh}
        Office(node).define(
            [Admission(line.hash, "Đã đối chiếu sổ giấy") for line in fresh], by=ADMINISTRATOR
        )


def _note(machine: Machine, chance: Random) -> None:
    node = machine.node
    procedure = chance.choice(node.catalog.latest.procedures(local_day(node.clock())))
    note = f"Ghi chú {chance.randrange(1000)}"
    Office(node).define([msgspec.structs.replace(procedure, fee_note=note)], by=ADMINISTRATOR)


def settle(machine: Machine, dossier: Dossier, chance: Random) -> Promise | None:
    """At a desk, when all are together again: settle one conflict of the dossier. None if nobody may."""
    for deed in _deeds(machine, dossier, chance, kinds=frozenset((_SETTLES.kind,))):
        if _may(machine, dossier, deed):
            after = machine.node.ledger.act(
                dossier.stream, deed.act.kind, deed.data, by=deed.worker.id, with_=deed.with_
            )
            return _promised(machine, after, deed.act.kind)
    return None


def _deeds(
    machine: Machine,
    dossier: Dossier,
    chance: Random,
    *,
    kinds: frozenset[str] = frozenset(),
    by: Sequence[Worker] = WORKERS,
) -> Iterator[Deed]:
    node = machine.node
    at = node.clock()
    procedures = tuple(node.catalog.latest.procedures(local_day(at)))
    scene = Scene(dossier, timestamp(at), chance, procedures)
    for act in DOSSIER:
        if act.opens or not _at(machine, act) or (kinds and act.kind not in kinds):
            continue
        workers = [worker for worker in _having(act.roles) if by is WORKERS or worker in by]
        if act.kind == _SETTLES.kind:
            # of the many officers there is one who took no part
            chance.shuffle(workers)
        else:
            workers = chance.sample(workers, min(1, len(workers)))
        with contextlib.suppress(CannotFill):
            data = filled(act.data, scene, given(act.kind, scene))
            for worker in workers:
                settles = act.kind == _SETTLES.kind
                with_ = _beside(dossier, worker) if settles else _witness(act, worker, chance)
                yield Deed(act, data, worker, with_)


def _at(machine: Machine, act: Act) -> bool:
    return not act.duties or any(duty in machine.duties for duty in act.duties)


@cache
def _having(roles: tuple[Role, ...]) -> tuple[Worker, ...]:
    """Who has one of these roles; all, where none is asked for."""
    return tuple(worker for worker in WORKERS if not roles or any(role in worker.roles for role in roles))


def _witness(act: Act, worker: Worker, chance: Random) -> tuple[str, ...]:
    """The second person, where the act needs one."""
    if not act.witness:
        return ()
    return (chance.choice([other.id for other in _having(act.witness) if other is not worker]),)


def _beside(dossier: Dossier, officer: Worker) -> tuple[str, ...]:
    """Who stands beside the desk officer, should the answer revoke a result: somebody who took no part either."""
    others = (one.id for one in _having(REVOKES_WITH) if one is not officer)
    return tuple(one for one in others if one not in dossier.standing.authors)[:1]


def _may(machine: Machine, dossier: Dossier, deed: Deed) -> bool:
    if deed.act.signed and not _signs(machine, deed.worker):
        return False
    try:
        machine.node.ledger.check(dossier, deed.act.kind, deed.data, by=deed.worker.id, with_=deed.with_)
    except NotAllowed:
        return False
    return True


def _signs(machine: Machine, worker: Worker) -> bool:
    """Whether the person's certificate counts, as far as is known here: no page lets somebody sign with another."""
    at = timestamp(machine.node.chain.now())
    return not machine.node.catalog.latest.ended("certificate", fingerprint(worker.certificate), at)


def _keep_files(machine: Machine, deed: Deed, dossier: Dossier) -> None:
    """The file is durable before the event that names it."""
    told = msgspec.json.encode(deed.data)
    for content in drafts(dossier.stream):
        if file_id(content).encode() in told:
            machine.node.archive.keep(content)


def _promised(machine: Machine, dossier: Dossier, kind: str) -> Promise:
    """The newest act of this machine. Raises `Broken` if it has no effect at the moment at which it was written."""
    written = [line for line in dossier.timeline if line.node == machine.node.id and line.kind == kind]
    with machine.node.file.read():
        # a copy of this machine writes in its name too, and what that wrote comes here over a line
        brought = {
            one.hash
            for one in Delivery.select().where(
                Delivery.source != "", Delivery.hash.in_([line.hash for line in written])
            )
        }
    own = [line for line in written if line.hash not in brought]
    if not own:
        raise Broken(f"{kind} was saved, and the dossier does not show it")
    line = max(own, key=lambda one: one.seq)
    if line.place in (Place.HELD, Place.WAITING):
        raise Broken(f"{kind} was saved at {machine.name}, and is {line.place.value}: {line.why}")
    return Promise(dossier.stream, line.hash, kind, machine.name, machine.node.id)


_RECEIVES: Final = next(act for act in TABLE if act.kind == "dossier.received")
_REGISTERS: Final = next(act for act in TABLE if act.kind == "dossier.registered")
_AGAIN: Final = "dossier.entered_afterwards"
_SETTLES: Final = next(act for act in TABLE if act.kind == "dossier.settled")
_RECEIVERS: Final = tuple(worker.id for worker in WORKERS if Role.RECEIVER in worker.roles)
_MAY_LEAVE: Final = ("approver.2", "appraiser.2", "desk-officer.2")
_MAY_LOSE_THEIR_CARD: Final = "approver.3"
