"""Histories of dossiers, as tests like to tell them, made of real events.

    past = history(received(), appraised())
    here, there = past + approved(), past + withdrawal_asked()
    assert (here | there).dossier.contested

Everything is real and the same in every run: keys from fixed seeds, a certificate authority, a catalog
whose entries are written by `events.write` and applied by `Catalog.apply`, seals, chains and signatures.

A `Step` is one act as somebody would do it; `step.but(by="…")` changes what the test is about. `history()`
opens a notebook that all histories grown from it share: it turns the hours and counts each machine's chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from schemas.acts import (
    BY_KIND,
    Appraised,
    Approved,
    Effect,
    Extended,
    FeeCollected,
    FeeRefunded,
    Numbered,
    PaidLine,
    Party,
    Reasoned,
    Receipt,
    ReceiptUndone,
    Received,
    ReceivedComponent,
    RefusedResult,
    Registered,
    ResultUndone,
    Returned,
    Sealed,
    Settled,
    WithdrawalAsked,
)
from schemas.calendar import DayOff, Year, local_day
from schemas.canonical import to_base64
from schemas.catalog import Catalog
from schemas.conflicts import Conflict
from schemas.deadlines import Limit, Unit
from schemas.entries import (
    Agency,
    Card,
    Centre,
    Component,
    Duty,
    Entry,
    Fee,
    FeeKind,
    Grant,
    Person,
    Procedure,
    Redaction,
    Role,
    kind_of,
)
from schemas.entries import Step as ProcedureStep
from schemas.events import Document, Event, EventHash, Signed, Unknown, parse, write
from schemas.fold import Dossier, Line, Place, fold
from schemas.numbers import DossierNumber
from schemas.seals import sign_decision

MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
"""Monday, 08:00 in Lạng Sơn, the day before a day off."""

STREAM = "01934f0e6b7c7d3e9a51c0ffee000001"
LEASE = (date(2026, 1, 1), date(2030, 12, 31))
AGENCY = "H37.08"
PROCEDURE = "1.001612.H37"

DUTIES = {
    "central.1": (89, (Duty.CATALOG, Duty.DESK, Duty.RECEIVE, Duty.RETURN)),
    "central.2": (88, (Duty.DESK,)),
    "counter-01.1": (1, (Duty.RECEIVE, Duty.RETURN, Duty.COLLECT, Duty.QUEUE, Duty.PETITION)),
    "counter-02.1": (2, (Duty.RECEIVE, Duty.RETURN, Duty.COLLECT, Duty.QUEUE, Duty.INTAKE)),
    "room-01.1": (21, (Duty.APPRAISE, Duty.APPROVE, Duty.RETURN, Duty.SEAL)),
    "room-02.1": (22, (Duty.APPRAISE, Duty.APPROVE, Duty.RETURN, Duty.SEAL)),
}
ROLES = {
    "hoa": Role.RECEIVER,
    "minh": Role.RECEIVER,
    "lan": Role.APPRAISER,
    "dung": Role.APPRAISER,
    "viet": Role.APPROVER,
    "quang": Role.APPROVER,
    "thu": Role.DESK_OFFICER,
    "son": Role.DESK_OFFICER,
    "ha": Role.DESK_OFFICER,
    "kim": Role.CLERK,
    "chi": Role.CLERK,
    "tien": Role.CASHIER,
    "ngan": Role.CASHIER,
    "giam": Role.SUPERVISOR,
    "quan": Role.ADMINISTRATOR,
}
_ALSO = {"kim": (Grant(Role.APPROVER, date(2026, 1, 1)),)}
"""Somebody who may sign and may seal, though never the same result."""


def key_of(name: str) -> Ed25519PrivateKey:
    """A machine's or a person's key, the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def certificate_of(name: str, key: Ed25519PublicKey, issuer: str, signer: Ed25519PrivateKey) -> bytes:
    """A certificate (DER), the same in every run."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]))
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
    )
    return builder.sign(signer, None).public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Office:
    """A founded centre: the pinned certificate, the catalog and the entries that made it."""

    root: bytes
    catalog: Catalog
    documents: tuple[Document, ...]
    certificates: Mapping[str, bytes]

    def signer(self, person: str) -> Callable[[bytes], Signed] | None:
        """How a person signs; None for somebody who has no certificate."""
        der = self.certificates.get(person)
        return None if der is None else lambda message: sign_decision(key_of(person), der, message)


@cache
def office() -> Office:
    """The centre of all histories: two counters, two rooms, two desks, nine people, one procedure."""
    root = certificate_of("Motcua CA", key_of("ca").public_key(), "Motcua CA", key_of("ca"))
    certificates = {
        person: certificate_of(person, key_of(person).public_key(), "Motcua CA", key_of("ca"))
        for person in ("viet", "quang", "kim", "chi")
    }
    documents = catalog_documents(entries(certificates), root)
    catalog = Catalog(root)
    catalog.apply(documents)
    return Office(root, catalog, tuple(documents), certificates)


def entries(certificates: Mapping[str, bytes]) -> list[Entry]:
    """What the sample centre's catalog says, central's own card first."""
    people = [
        Person(
            id=person,
            name=person.title(),
            title="Chuyên viên",
            roles=(Grant(role, date(2026, 1, 1)), *_ALSO.get(person, ())),
            certificates=(to_base64(certificates[person]),) if person in certificates else (),
        )
        for person, role in ROLES.items()
    ]
    return [
        *(card(node) for node in DUTIES),
        Centre("Trung tâm Phục vụ hành chính công", "UBND tỉnh Lạng Sơn", "Lạng Sơn"),
        Agency(AGENCY, "Sở Nội vụ", sample=True),
        Procedure(
            code=PROCEDURE,
            name="Đăng ký thành lập hộ kinh doanh",
            field="Thành lập và hoạt động của hộ kinh doanh",
            agency=AGENCY,
            limit=Limit(3, Unit.WORKING_DAYS),
            components=(Component("Giấy đề nghị", 1, 0),),
            fees=(Fee(FeeKind.FEE, 100_000),),
            result="Giấy chứng nhận",
            on_site=True,
            steps=(ProcedureStep.APPRAISE, ProcedureStep.APPROVE),
            since=date(2026, 1, 1),
        ),
        Year(2026, (DayOff(date(2026, 11, 24), "Ngày Văn hóa Việt Nam"),), (date(2026, 8, 22),), True),
        *people,
    ]


def card(node: str) -> Card:
    """The card that the sample centre grants a node."""
    number, duties = DUTIES[node]
    return Card(
        node=node,
        place=node.rpartition(".")[0],
        title=node,
        number=number,
        lease_from=LEASE[0],
        lease_to=LEASE[1],
        duties=duties,
        ed25519=to_base64(key_of(node).public_key().public_bytes_raw()),
        x25519=to_base64(bytes(32)),
    )


def catalog_documents(
    said: Sequence[Entry], root: bytes, *, after: Sequence[Document] = (), node: str = "central.1"
) -> list[Document]:
    """Catalog entries in central's chain, the first signed by the authority; they follow `after`."""
    documents = list(after)
    for entry in said:
        seq = len(documents) + 1
        last = str(documents[-1]["_id"]).partition(":")[2] if documents else ""
        documents.append(
            write(
                stream=f"{seq:032x}",
                kind=kind_of(entry),
                parents=(),
                at=MORNING - timedelta(days=7) + timedelta(seconds=seq),
                node=node,
                seq=seq,
                prev=last,
                catalog=f"{seq - 1}-{last[:16]}" if last else "",
                by="" if seq == 1 else "thu",
                with_=("son",) if isinstance(entry, Redaction) else (),
                data=msgspec.to_builtins(entry),
                salt=seq.to_bytes(16),
                seal=key_of(node).sign,
                sign=(lambda message: sign_decision(key_of("ca"), root, message)) if seq == 1 else None,
                rests_on=() if seq == 1 else None,
            )
        )
    return documents[len(after) :]


@dataclass(frozen=True)
class Step:
    """One act as somebody would do it. None means: what a node would put there by itself.

    `data` may be a function of the history that the act is added to.
    """

    kind: str
    by: str
    node: str
    data: Any
    at: datetime | None = None
    parents: Sequence[str] | None = None
    rests_on: Sequence[str] | None = None
    catalog: str | None = None
    signed_by: str | None = None
    stream: str | None = None
    with_: Sequence[str] = ()
    seq: int | None = None

    def but(self, **changes: Any) -> Step:
        """The same act, but for this."""
        return replace(self, **changes)

    def saying(self, **members: Any) -> Step:
        """The same act with some members of its data changed."""
        return replace(
            self,
            data=lambda past: {**msgspec.to_builtins(self.said(past)), **members},
        )

    def said(self, past: History) -> Any:
        """The data, as somebody who knows this history would put it."""
        return self.data(past) if callable(self.data) else self.data


def received(applicant: str = "Hoàng Văn Nùng", **changes: Any) -> Step:
    step = Step("dossier.received", "hoa", "counter-01.1", None).but(**changes)

    def data(past: History) -> Received:
        at = step.at or past.notebook.now
        due = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
        number = DossierNumber(
            AGENCY, local_day(at), DUTIES.get(step.node, (0, ()))[0], past.notebook.seq_of(step.node) + 1
        )
        return Received(
            number=str(number),
            procedure=PROCEDURE,
            procedure_name="Đăng ký thành lập hộ kinh doanh",
            agency=AGENCY,
            applicant=Party(applicant, identity="020090001234", phone="0912345678"),
            components=(ReceivedComponent("Giấy đề nghị", 1),),
            limit=Limit(3, Unit.WORKING_DAYS),
            due=due.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        )

    return step.but(data=data)


def appraised(*, passed: bool = True, **changes: Any) -> Step:
    return Step("dossier.appraised", "lan", "room-01.1", Appraised("Đủ điều kiện", passed)).but(**changes)


def approved(result: str = "a", **changes: Any) -> Step:
    return Step("dossier.approved", "viet", "room-01.1", Approved(result_file(result))).but(**changes)


def refused(result: str = "r", **changes: Any) -> Step:
    data = RefusedResult(result_file(result), "Không đủ điều kiện")
    return Step("dossier.refused", "viet", "room-01.1", data).but(**changes)


def withdrawal_asked(**changes: Any) -> Step:
    data = WithdrawalAsked("Không có nhu cầu nữa", "Hoàng Văn Nùng")
    return Step("dossier.withdrawal_asked", "minh", "counter-02.1", data).but(**changes)


def withdrawal_granted(**changes: Any) -> Step:
    return Step("dossier.withdrawal_granted", "quang", "room-02.1", Reasoned("Đồng ý")).but(**changes)


def withdrawal_refused(**changes: Any) -> Step:
    return Step("dossier.withdrawal_refused", "quang", "room-02.1", Reasoned("Đã có kết quả")).but(**changes)


def returned(result: str = "a", **changes: Any) -> Step:
    data = Returned("Hoàng Văn Nùng", "020090001234", result_file(result))
    return Step("dossier.returned", "hoa", "counter-01.1", data).but(**changes)


def settled(stands: str | None, *, of: str | None = None, **changes: Any) -> Step:
    """The desk's answer: `stands` is a member's kind ("approved"), its hash, or None for none of them.

    `of` is the name of a row of the table, where the dossier has more than one conflict.
    """

    def data(past: History) -> Settled:
        conflict = past.conflict(of)
        chosen = [
            member
            for member in conflict.members
            if stands in (member, past.kind_of(member).partition(".")[2])
        ]
        return Settled(conflict.id, conflict.members, tuple(chosen[:1]), "Theo biên bản đối soát")

    return Step("dossier.settled", "thu", "central.1", data).but(**changes)


def registered(number: str = "", **changes: Any) -> Step:
    data = Registered(PROCEDURE, "Đăng ký thành lập hộ kinh doanh", AGENCY, Party("Hoàng Văn Nùng"), number)
    return Step("dossier.registered", "", "counter-02.1", data).but(**changes)


def extended(day: int = 3, **changes: Any) -> Step:
    data = Extended(f"2026-12-{day:02d}T09:30:00.000000Z", "Chờ ý kiến của cơ quan khác")
    return Step("dossier.extended", "viet", "room-01.1", data).but(**changes)


def amended(value: str = "Hoàng Văn Nhùng", field: str = "applicant.name", **changes: Any) -> Step:
    data = {"changes": [{"field": field, "value": value}], "reason": "Ghi nhầm"}
    return Step("dossier.amended", "hoa", "counter-01.1", data).but(**changes)


def sent_back(**changes: Any) -> Step:
    return Step("dossier.sent_back", "quang", "room-02.1", Reasoned("Sai ngày sinh")).but(**changes)


def numbered(number: str = "12/GCN", **changes: Any) -> Step:
    return Step("dossier.numbered", "kim", "room-01.1", Numbered(number, "2026-11-23")).but(**changes)


def sealed(result: str = "a", **changes: Any) -> Step:
    return Step("dossier.sealed", "kim", "room-01.1", Sealed(result_file(result))).but(**changes)


def recalled(result: str = "a", **changes: Any) -> Step:
    data = ResultUndone(result_file(result), "Không còn hiệu lực")
    return Step("dossier.result_recalled", "quang", "room-02.1", data).but(**changes)


def fee_collected(number: int = 1, amount: int = 100_000, **changes: Any) -> Step:
    data = FeeCollected(
        Receipt("01BLP", "26TAA", number), (PaidLine("le_phi", "Lệ phí", amount),), amount, "Hoàng Văn Nùng"
    )
    return Step("dossier.fee_collected", "tien", "counter-01.1", data).but(**changes)


def fee_refunded(collected: str, amount: int = 100_000, **changes: Any) -> Step:
    data = FeeRefunded(collected, amount, "Hoàng Văn Nùng", "Thu hai lần")
    return Step("dossier.fee_refunded", "tien", "counter-01.1", data, with_=("giam",)).but(**changes)


def fee_voided(collected: str, **changes: Any) -> Step:
    data = ReceiptUndone(collected, "Ghi nhầm số tiền")
    return Step("dossier.fee_voided", "tien", "counter-01.1", data, with_=("ngan",)).but(**changes)


def told(kind: str, by: str, node: str, **data: Any) -> Step:
    """Any act of the table."""
    return Step(kind, by, node, data)


def informed(*said: Entry) -> Catalog:
    """The sample centre's catalog, and what central said later; a redaction is entered by two."""
    catalog = Catalog(office().root)
    catalog.apply(office().documents)
    catalog.apply(catalog_documents(said, office().root, after=office().documents))
    return catalog


def result_file(letter: str) -> str:
    """The id of a result document; letters tell results apart."""
    return "file-" + hashlib.sha256(letter.encode()).hexdigest()


@dataclass
class Notebook:
    """What the machines of one test remember between two acts: the hour, their chains, all documents."""

    stream: str = STREAM
    now: datetime = MORNING
    chains: dict[str, tuple[int, str]] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)

    def seq_of(self, node: str) -> int:
        return self.chains.get(node, (0, ""))[0]

    def write(self, step: Step, past: History) -> Event:
        """Do the act at its machine, and turn the clock on by a minute."""
        act = BY_KIND.get(step.kind)
        seq, prev = self.chains.get(step.node, (0, hashlib.sha256(step.node.encode()).hexdigest()))
        catalog = office().catalog.name if step.catalog is None else step.catalog
        decision = act is not None and act.effect is Effect.DECISION
        rests_on = past.rests_on(step.kind) if decision and step.rests_on is None else step.rests_on
        signed = act is not None and act.signed and step.signed_by != ""
        document = write(
            stream=step.stream or self.stream,
            kind=step.kind,
            parents=past.heads if step.parents is None else step.parents,
            at=step.at or self.now,
            node=step.node,
            seq=step.seq or seq + 1,
            prev=prev,
            catalog=catalog,
            by=step.by,
            with_=step.with_,
            data=msgspec.to_builtins(step.said(past)),
            salt=(len(self.documents) + 1).to_bytes(16),
            seal=key_of(step.node).sign,
            rests_on=rests_on,
            sign=office().signer(step.signed_by or step.by) if signed else None,
        )
        event = parse(document)
        assert isinstance(event, Event)
        self.now += timedelta(minutes=1)
        self.chains[step.node] = (seq + 1, event.hash)
        self.documents[event.hash] = document
        return event


@dataclass(frozen=True)
class History:
    """Some events of one dossier: what one machine may know of it."""

    notebook: Notebook
    events: Mapping[EventHash, Event | Unknown]

    def __repr__(self) -> str:
        told = [f"{line.kind.partition('.')[2]} ({line.place.value})" for line in self.dossier.timeline]
        return f"<History: {', '.join(told)}>"

    def __iter__(self) -> Iterator[Event | Unknown]:
        return iter(self.events.values())

    def __len__(self) -> int:
        return len(self.events)

    def __add__(self, step: Step) -> History:
        """This history and one more act by somebody who knows all of it."""
        event = self.notebook.write(step, self)
        return History(self.notebook, {**self.events, event.hash: event})

    def __or__(self, other: History) -> History:
        """What two machines know once they have met."""
        return History(self.notebook, {**self.events, **other.events})

    def without(self, *kinds: str) -> History:
        """This history, as of a machine that some acts have not reached yet."""
        kept = {h: e for h, e in self.events.items() if self.kind_of(h).partition(".")[2] not in kinds}
        return History(self.notebook, kept)

    @property
    def heads(self) -> list[EventHash]:
        named = {p for event in self if isinstance(event, Event) for p in event.parents}
        return [event_hash for event_hash in self.events if event_hash not in named]

    @property
    def last(self) -> EventHash:
        """The act that was added last."""
        return next(reversed(list(self.events)))

    @property
    def place_of_last(self) -> Place:
        """What became of the act that was added last."""
        return self.line(self.last).place

    @cached_property
    def dossier(self) -> Dossier:
        return fold(self, office().catalog)

    @property
    def documents(self) -> list[Document]:
        return [self.notebook.documents[event_hash] for event_hash in self.events]

    def hash_of(self, kind: str) -> EventHash:
        """The hash of the newest act of a kind ("approved")."""
        return next(h for h in reversed(list(self.events)) if self.kind_of(h) == f"dossier.{kind}")

    def kind_of(self, event_hash: str) -> str:
        event = self.events[EventHash(event_hash)]
        return event.kind if isinstance(event, Event) else ""

    def line(self, event_hash: str) -> Line:
        return next(line for line in self.dossier.timeline if line.hash == event_hash)

    def place(self, kind: str) -> Place:
        """What became of the newest act of a kind."""
        return self.line(self.hash_of(kind)).place

    def why(self, kind: str) -> str:
        return self.line(self.hash_of(kind)).why

    def acts(self, place: Place) -> list[str]:
        """The kinds of the acts at one place, without "dossier.", in the order of the timeline."""
        return [line.kind.partition(".")[2] for line in self.dossier.timeline if line.place is place]

    def conflict(self, row: str | None = None) -> Conflict:
        """The dossier's conflict, or the one of a row of the table."""
        found = [c for c in self.dossier.conflicts if row is None or row in c.rows]
        assert len(found) == 1, f"{len(found)} conflicts, one expected"
        return found[0]

    def rests_on(self, kind: str) -> list[str]:
        """What a decision builds on when a node writes it: whatever stands, or the conflict it answers."""
        if kind == "dossier.settled":
            return sorted({member for c in self.dossier.conflicts for member in c.members})
        standing = self.dossier.standing
        act = BY_KIND.get(kind)
        named = (standing.newest.get(one) for one in (act.rests if act else ()))
        built_on = (standing.receipt, standing.appraisal, standing.outcome, standing.withdrawal, *named)
        return [done.hash for done in built_on if done is not None]


def history(*steps: Step, stream: str = STREAM) -> History:
    """A dossier's history from its first act on, one act after the other."""
    past = History(Notebook(stream), {})
    for step in steps:
        past = past + step
    return past
