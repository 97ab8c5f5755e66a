"""The simulated centre: two desks, counters and rooms, and more people than machines.

Keys, certificates and ids come from fixed seeds, so that a seed plays the same on every machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from central.catalog_import import read_agencies, read_procedures
from central.centre import Office, Place, enrol, lay_foundation
from central.demo.plan import CALENDARS, CENTRE, SINCE
from central.succession import prepare
from edge.clock import Clock
from edge.folder import Folder
from edge.ids import Ids, new_stream
from edge.keys import NodeKeys
from edge.node import Node
from edge.settings import NodeSettings
from schemas.calendar import VIETNAM
from schemas.canonical import to_base64
from schemas.entries import Duty, Entry, Grant, Person, Role, Step
from schemas.seals import sign_decision

FOUNDED: Final = datetime(2027, 3, 1, 7, 30, tzinfo=VIETNAM).astimezone(UTC)
"""A Monday, half an hour before the first step."""
MOST: Final = 12
_PROCEDURES: Final = 8
_SEALED: Final = (Step.APPRAISE, Step.APPROVE, Step.NUMBER, Step.SEAL)
"""Half of the procedures need all steps, half are done when they are approved."""
_LIFE: Final = timedelta(days=3650)


def _duties(kind: str) -> tuple[Duty, ...]:
    """What a machine of this kind may write. Duties that come to be later are everybody's but the desk's alone."""
    not_here = {
        "central": set[Duty](),
        "desk": {Duty.CATALOG},
        "counter": {Duty.CATALOG, Duty.DESK, Duty.APPRAISE, Duty.APPROVE},
        "room": {Duty.CATALOG, Duty.DESK},
    }
    return tuple(duty for duty in Duty if duty not in not_here[kind])


def places(count: int) -> tuple[Place, ...]:
    """Central, a counter, a room, a second desk; from then on counters and rooms by turns."""
    kinds = ("central", "counter", "room", "desk", *("counter", "room") * MOST)[:count]
    numbered: dict[str, int] = {}
    found = []
    for number, kind in enumerate(kinds):
        numbered[kind] = numbered.get(kind, 0) + 1
        name = kind if kind == "central" else f"{kind}-{numbered[kind]:02d}"
        found.append(Place(f"{name}.1", name, number, _duties(kind), ""))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who works here; they sign with a key of their own."""

    id: str
    roles: tuple[Role, ...]

    @property
    def key(self) -> Ed25519PrivateKey:
        """Made from the id: the same in each run."""
        return _key(f"person {self.id}")

    @property
    def certificate(self) -> bytes:
        """DER."""
        return _certificate_of(self.id)

    def entry(self) -> Person:
        """Every role from `SINCE` on, and the certificate, but for who is administrator only."""
        certificates = (to_base64(self.certificate),) if _SIGNERS.intersection(self.roles) else ()
        return Person(
            self.id,
            self.id,
            self.roles[0].value,
            tuple(Grant(role, SINCE) for role in self.roles),
            "TUQ. GIÁM ĐỐC",
            certificates,
        )


_SIGNERS: Final = frozenset(Role) - {Role.ADMINISTRATOR}
_HOW_MANY: Final = {
    Role.RECEIVER: 5,
    Role.APPRAISER: 3,
    Role.APPROVER: 3,
    Role.CLERK: 1,
    Role.DESK_OFFICER: 16,
}
"""Whoever took part in a conflict may not settle it: there must be officers left who did not."""
_AS_WELL: Final = {Role.APPROVER: (Role.CLERK,), Role.SUPERVISOR: (Role.CASHIER,)}
"""In a small office one person does two things; the law says which of them not on one dossier."""
WORKERS: Final = tuple(
    Worker(
        f"{role.value.replace('_', '-')}.{number}", (role, *(_AS_WELL.get(role, ()) if number == 1 else ()))
    )
    for role in Role
    for number in range(1, _HOW_MANY.get(role, 2) + 1)
)
ADMINISTRATOR: Final = next(worker.id for worker in WORKERS if Role.ADMINISTRATOR in worker.roles)


def found(data: Path, count: int) -> None:
    """Make the folders of a centre of `count` nodes in `data`."""
    chance = Random("founding")  # noqa: S311 - a simulation, not a secret
    ids = Ids(
        stream=lambda at: new_stream(at, chance.getrandbits),
        salt=lambda: chance.randbytes(16),
        hex=lambda: chance.randbytes(16).hex(),
        jitter=chance.random,
    )
    passed = timedelta()

    def clock() -> datetime:
        nonlocal passed
        passed += timedelta(milliseconds=1)
        return FOUNDED + passed

    central, *others = places(count)
    folder = Folder(data / central.title)
    authority = _key("authority")
    root = _certificate("authority", authority.public_key())
    lay_foundation(
        folder,
        central,
        NodeSettings(central.node),
        keys=_node_keys(central.node),
        root=root,
        sign=lambda message: sign_decision(authority, root, message),
        at=clock(),
        ids=ids,
    )
    node = Node(folder, NodeSettings(central.node), clock=clock, ids=ids)
    try:
        Office(node).define(_catalog(), by=ADMINISTRATOR)
        for place in others:
            come_in(Folder(data / place.title), node, place)
    finally:
        node.close()


def come_in(folder: Folder, centre: Node, place: Place) -> None:
    """A machine gets its card from central, and its folder. Raises what the office and its chain raise."""
    enrol(folder, centre, place, NodeSettings(place.node), by=ADMINISTRATOR, keys=_node_keys(place.node))


def prepare_central(folder: Folder, place: Place, *, clock: Clock, ids: Ids) -> None:
    """The folder of a new central, whose card the authority signs."""
    authority = _key("authority")
    root = _certificate("authority", authority.public_key())
    prepare(
        folder,
        place,
        NodeSettings(place.node),
        keys=_node_keys(place.node),
        root=root,
        sign=lambda message: sign_decision(authority, root, message),
        tls=None,
        clock=clock,
        ids=ids,
    )


def _catalog() -> Sequence[Entry]:
    sample = files("central") / "sample"
    agencies = read_agencies((sample / "agencies.csv").read_bytes())
    read = read_procedures((sample / "procedures.csv").read_bytes(), agencies, since=SINCE)
    # first those that cost something: without a fee there is nothing to collect
    on_site = [one for one in read.procedures if one.on_site]
    chosen = sorted(on_site, key=lambda one: not one.fees_on(FOUNDED.date()))[:_PROCEDURES]
    sealed = [
        msgspec.structs.replace(one, steps=_SEALED if place % 2 else one.steps)
        for place, one in enumerate(chosen)
    ]
    return [CENTRE, *CALENDARS, *agencies, *(worker.entry() for worker in WORKERS), *sealed]


@cache
def _key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_seed(name))


def _node_keys(node: str) -> NodeKeys:
    return NodeKeys(_key(f"node {node}"), X25519PrivateKey.from_private_bytes(_seed(f"box {node}")))


def _seed(name: str) -> bytes:
    return hashlib.sha256(f"motcua/simulation/1\n{name}".encode()).digest()


@cache
def _certificate_of(worker: str) -> bytes:
    return _certificate(worker, _key(f"person {worker}").public_key())


def _certificate(name: str, key: Ed25519PublicKey) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
        .public_key(key)
        .serial_number(int.from_bytes(_seed(name)[:8]))
        .not_valid_before(FOUNDED - timedelta(days=1))
        .not_valid_after(FOUNDED + _LIFE)
    )
    return builder.sign(_key("authority"), None).public_bytes(Encoding.DER)
