"""What people do at a machine: acts drawn from the table of acts, and mistakes.

Somebody looks at a dossier and does one of the things that `allowed` lets them do; now and then somebody tries
what may not be done, and the ledger must say no. Whatever the ledger said yes to is a promise.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Final

import msgspec

from central.centre import Office
from central.simulation.filling import PEOPLE, CannotFill, Scene, drafts, file_id, filled
from central.simulation.founding import ADMINISTRATOR, WORKERS, Worker
from central.simulation.machine import Machine
from edge.ledger import Draft
from schemas.acts import TABLE, Act, Party, ReceivedComponent
from schemas.calendar import local_day
from schemas.errors import NotAllowed
from schemas.events import StreamId, timestamp
from schemas.fold import Dossier, Place
from schemas.seals import sign_decision

WEIGHTS: Final[Mapping[str, float]] = {
    "dossier.appraised": 8,
    "dossier.approved": 9,
    "dossier.refused": 3,
    "dossier.withdrawal_asked": 3,
    "dossier.withdrawal_granted": 5,
    "dossier.withdrawal_refused": 5,
    "dossier.returned": 5,
    "dossier.settled": 8,
}
"""How often an act is done where several are possible; 2 for an act that is not named."""
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


@dataclass(frozen=True, slots=True)
class Reception:
    """What a receiver has filled in; saved once, however often they press the button."""

    stream: StreamId
    draft: Draft
    by: str


@dataclass(frozen=True, slots=True)
class Deed:
    """An act that somebody is about to do."""

    act: Act
    data: msgspec.Struct
    worker: Worker


def fill_in(machine: Machine, chance: Random) -> Reception:
    """Somebody comes with their papers."""
    node = machine.node
    at = node.clock()
    procedure = chance.choice(node.catalog.latest.procedures(local_day(at)))
    name, identity = chance.choice(PEOPLE)
    papers = (ReceivedComponent("Đơn đề nghị", 1), ReceivedComponent("Bản sao giấy tờ", 0, 1))
    draft = Draft(procedure.code, Party(name, identity, phone="0912000345"), papers[: chance.randint(1, 2)])
    receivers = [worker.id for worker in WORKERS if worker.role is _RECEIVES.role]
    return Reception(node.ids.stream(at), draft, chance.choice(receivers))


def receive(machine: Machine, reception: Reception) -> Promise:
    """Press the button. Raises what the ledger raises."""
    node = machine.node
    dossier = node.ledger.receive(
        reception.stream, reception.draft, by=reception.by, spool=node.papers.spool_slip
    )
    return _promised(machine, dossier, _RECEIVES.kind)


def work(machine: Machine, stream: str, chance: Random) -> Promise | None:
    """Do one thing to a dossier, if there is anything to do. Raises what the ledger raises.

    Raises `Broken` when the ledger refuses what it had said would be allowed, or writes what it should refuse.
    """
    node = machine.node
    dossier = node.register.dossier(stream)
    mistaken = chance.random() < MISTAKES
    possible = [deed for deed in _deeds(machine, dossier, chance) if mistaken or _may(machine, dossier, deed)]
    if not possible:
        return None
    deed = chance.choices(possible, [WEIGHTS.get(one.act.kind, 2) for one in possible])[0]
    _keep_files(machine, deed, dossier)
    sign = partial(sign_decision, deed.worker.key, deed.worker.certificate) if deed.act.signed else None
    try:
        after = node.ledger.act(stream, deed.act.kind, deed.data, by=deed.worker.id, sign=sign)
    except NotAllowed as why:
        if mistaken:
            raise
        raise Broken(f"{deed.act.kind} was allowed, and then refused: {why}") from why
    return _promised(machine, after, deed.act.kind)


def publish(machine: Machine, chance: Random) -> None:
    """At central: the catalog grows by an entry, a procedure with another note."""
    node = machine.node
    procedure = chance.choice(node.catalog.latest.procedures(local_day(node.clock())))
    note = f"Ghi chú {chance.randrange(1000)}"
    Office(node).define([msgspec.structs.replace(procedure, fee_note=note)], by=ADMINISTRATOR)


def settle(machine: Machine, dossier: Dossier, chance: Random) -> Promise | None:
    """At a desk, when all are together again: settle one conflict of the dossier. None if nobody may."""
    for deed in _deeds(machine, dossier, chance, kinds=frozenset((_SETTLES.kind,))):
        if _may(machine, dossier, deed):
            after = machine.node.ledger.act(dossier.stream, deed.act.kind, deed.data, by=deed.worker.id)
            return _promised(machine, after, deed.act.kind)
    return None


def _deeds(
    machine: Machine, dossier: Dossier, chance: Random, *, kinds: frozenset[str] = frozenset()
) -> Iterator[Deed]:
    node = machine.node
    at = node.clock()
    procedures = tuple(node.catalog.latest.procedures(local_day(at)))
    scene = Scene(dossier, timestamp(at), chance, procedures)
    for act in TABLE:
        if act.kind == _RECEIVES.kind or act.duty not in machine.duties or (kinds and act.kind not in kinds):
            continue
        workers = [worker for worker in WORKERS if worker.role is act.role]
        if act.kind == _SETTLES.kind:
            # of the many officers there is one who took no part
            chance.shuffle(workers)
        else:
            workers = chance.sample(workers, min(1, len(workers)))
        with contextlib.suppress(CannotFill):
            data = filled(act.data, scene, _given(act, scene))
            yield from (Deed(act, data, worker) for worker in workers)


def _given(act: Act, scene: Scene) -> dict[str, object]:
    """What the shape of the data cannot tell."""
    if act.kind == _SETTLES.kind:
        open_ones = [conflict for conflict in scene.dossier.conflicts if conflict.for_desk]
        if not open_ones:
            raise CannotFill("no conflict is open")
        conflict = scene.chance.choice(open_ones)
        stands = scene.chance.sample(conflict.members, scene.chance.choice((1, 1, 1, 0)))
        return {"conflict": conflict.id, "members": list(conflict.members), "stands": stands}
    if act.kind == "dossier.returned":
        return {"result": scene.outcome.data.result}
    return {}


def _may(machine: Machine, dossier: Dossier, deed: Deed) -> bool:
    try:
        machine.node.ledger.check(dossier, deed.act.kind, deed.data, by=deed.worker.id)
    except NotAllowed:
        return False
    return True


def _keep_files(machine: Machine, deed: Deed, dossier: Dossier) -> None:
    """The file is durable before the event that names it."""
    told = msgspec.json.encode(deed.data)
    for content in drafts(dossier.stream):
        if file_id(content).encode() in told:
            machine.node.archive.keep(content)


def _promised(machine: Machine, dossier: Dossier, kind: str) -> Promise:
    """The newest act of this machine. Raises `Broken` if it has no effect at the moment at which it was written."""
    own = [line for line in dossier.timeline if line.node == machine.node.id and line.kind == kind]
    if not own:
        raise Broken(f"{kind} was saved, and the dossier does not show it")
    line = max(own, key=lambda one: one.seq)
    if line.place in (Place.HELD, Place.WAITING):
        raise Broken(f"{kind} was saved at {machine.name}, and is {line.place.value}: {line.why}")
    return Promise(dossier.stream, line.hash, kind, machine.name)


_RECEIVES: Final = next(act for act in TABLE if act.kind == "dossier.received")
_SETTLES: Final = next(act for act in TABLE if act.kind == "dossier.settled")
