"""Events of 2 KB, eight to a dossier, written as a counter and a room would have: chained, sealed and signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

import msgspec

from edge.node import Node
from edge.tables.node import Chain
from schemas.acts import (
    BY_KIND,
    Appraised,
    Approved,
    Effect,
    Party,
    Reasoned,
    Received,
    ReceivedComponent,
    Returned,
    WithdrawalAsked,
)
from schemas.calendar import local_day
from schemas.canonical import canonical
from schemas.entries import Step
from schemas.events import Document, Signed, StreamId, timestamp, write
from schemas.numbers import compose
from tests.bench.ground import RECEIVER, People, procedures
from tests.bench.trust import APPRAISER, APPROVER
from tests.centres import PINS, SmallCentre

EVENT_BYTES: Final = 2048
A_DOSSIER: Final = 8
_HEADER_BYTES: Final = 1_060
"""What an event has beside its data: one in eight with a person's signature."""
_STEP: Final = timedelta(microseconds=100)
_FILE: Final = "file-" + "5" * 64


def events(centre: SmallCentre, count: int) -> list[Document]:
    """The first `count` events of as many dossiers as that takes, dossier by dossier."""
    return list(islice(_Office(centre).documents(), count))


def dossiers(centre: SmallCentre, count: int) -> Iterator[list[Document]]:
    """Events of `count` dossiers, each as far as its work has come: the first act only, two, … all eight."""
    office = _Office(centre)
    for place in range(count):
        yield list(islice(office.dossier(), 1 + place % A_DOSSIER))


class _Hand:
    """A node that writes, and where its chain has come to."""

    def __init__(self, node: Node) -> None:
        self.node = node
        with node.file.read():
            head = Chain.get(Chain.database == "dossiers")
        self._seq: int = head.seq
        self._prev: str = head.hash

    def write(
        self, stream: StreamId, kind: str, data: msgspec.Struct, at: datetime, by: str, **links: Any
    ) -> Document:
        document = write(
            stream=stream,
            kind=kind,
            at=at,
            by=by,
            node=self.node.id,
            seq=self._seq + 1,
            prev=self._prev,
            catalog=self.node.catalog.name,
            data=msgspec.to_builtins(data),
            salt=self.node.ids.salt(),
            seal=self.node.keys.ed25519.sign,
            **links,
        )
        self._seq, self._prev = self._seq + 1, _hash(document)
        return document


class _Office:
    """Receives at `counter-02`, decides in `room-01`."""

    def __init__(self, centre: SmallCentre) -> None:
        self._counter, self._room = _Hand(centre["counter-02"]), _Hand(centre["room-01"])
        self._people = People()
        self._at = centre.clock()
        self._received = 0
        offered = procedures(centre["counter-02"])
        self._procedures = [one for one in offered if Step.SEAL not in one.steps]
        self._sign = _signer(centre["room-01"], self._at)

    def documents(self) -> Iterator[Document]:
        while True:
            yield from self.dossier()

    def dossier(self) -> Iterator[Document]:
        """Withdrawn and not let go, twice; appraised, approved, returned: each act builds on the one before."""
        stream = self._counter.node.ids.stream(self._at)
        before: list[str] = []
        named: dict[str, str] = {}
        for kind, data, by in self._acts(self._people.name()):
            self._at += _STEP
            act, hand = BY_KIND[kind], self._counter if by == RECEIVER else self._room
            document = hand.write(
                stream,
                kind,
                data,
                self._at,
                by,
                parents=before,
                rests_on=[named[one] for one in act.rests if one in named]
                if act.effect is Effect.DECISION
                else None,
                sign=self._sign if act.signed else None,
            )
            named[kind] = _hash(document)
            before = [named[kind]]
            yield document

    def _acts(self, name: str) -> Iterator[tuple[str, msgspec.Struct, str]]:
        """Kind, data and person of each act."""
        yield "dossier.received", self._reception(name), RECEIVER
        for _ in range(2):
            asked = WithdrawalAsked(reason="Không còn nhu cầu.", asked_by=name)
            yield "dossier.withdrawal_asked", _filled(asked, "reason"), RECEIVER
            yield "dossier.withdrawal_refused", _filled(Reasoned("Hồ sơ đã có kết quả."), "reason"), APPROVER
        yield "dossier.appraised", _filled(Appraised("Hồ sơ đủ.", True), "opinion"), APPRAISER
        yield "dossier.approved", _filled(Approved(_FILE, "PHÓ GIÁM ĐỐC SỞ"), "capacity"), APPROVER
        yield "dossier.returned", _filled(Returned(name, "020085004127", _FILE), "taken_by"), RECEIVER

    def _reception(self, name: str) -> msgspec.Struct:
        procedure = self._procedures[self._received % len(self._procedures)]
        self._received += 1
        day, card = local_day(self._at), self._counter.node.card
        number = compose(
            agency=procedure.agency,
            day=day,
            node=card.number,
            count=self._received,
            lease=(card.lease_from, card.lease_to),
        )
        reception = Received(
            number=str(number),
            procedure=procedure.code,
            procedure_name=procedure.name,
            agency=procedure.agency,
            applicant=Party(name, self._people.identity(), phone=self._people.phone()),
            components=(ReceivedComponent("Đơn đề nghị", 1),),
            limit=procedure.limit,
            due=timestamp(self._at + timedelta(days=7)),
        )
        return _filled(reception, "authorisation")


def _filled(data: msgspec.Struct, member: str) -> msgspec.Struct:
    """The same data with so much text in a member that its event has about 2 KB."""
    short = EVENT_BYTES - _HEADER_BYTES - len(canonical(msgspec.to_builtins(data)))
    text = f"{getattr(data, member)} {'Theo đề nghị của người nộp. ' * (1 + short // 30)}"
    return msgspec.structs.replace(data, **{member: text[: max(short, 1)].strip()})


def _signer(room: Node, at: datetime) -> Callable[[bytes], Signed]:
    person = room.catalog.latest.person(APPROVER)
    assert person is not None
    with room.signatories.opened(APPROVER, PINS[APPROVER], person.ders(), at) as signatory:
        return signatory.token.sign_decision


def _hash(document: Document) -> str:
    return str(document["_id"]).partition(":")[2]
