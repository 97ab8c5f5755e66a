"""The acts of one group of agencies, in the order of time, as its machines would have written them.

Each machine has its chain and its key, each dossier its parents. Whoever has the same plan, keys and catalog writes the
same documents again to the last byte, so that work that was cut short is gone on with by doing it once more.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.dataset.office import COUNTERS, Staff, group_of, name
from central.dataset.plan import Planned
from edge.ids import new_stream
from schemas.acts import (
    BY_KIND,
    Appraised,
    Approved,
    AtCounter,
    ComponentsAdded,
    Effect,
    Extended,
    FeeCollected,
    FeeDue,
    Forwarded,
    Note,
    Numbered,
    PaidLine,
    Party,
    Rated,
    Receipt,
    Received,
    ReceivedComponent,
    RequestedComponent,
    Returned,
    Sealed,
    Served,
    SupplementRequested,
    TakenOver,
    TicketTaken,
)
from schemas.calendar import VIETNAM, local_day
from schemas.entries import Procedure, Step
from schemas.events import Document, StreamId, timestamp, write
from schemas.numbers import compose, result_number
from schemas.queue import stream_of, ticket
from schemas.seals import sign_decision

Act = tuple[datetime, str, str, str, Any]
"""When, at which machine, what, by whom, and what it says (or how that is made, where it needs a number)."""
_MINUTE: Final = timedelta(minutes=1)
_FEES: Final = {"phi": "Phí", "le_phi": "Lệ phí"}
_WARDS: Final = (
    "Phường Tam Thanh",
    "Phường Vĩnh Trại",
    "Phường Chi Lăng",
    "Phường Hoàng Văn Thụ",
    "Xã Mai Pha",
)
_CAUSES: Final = (
    "Chờ ý kiến của cơ quan phối hợp, có văn bản trả lời chậm.",
    "Phải xác minh thực địa thêm một lần.",
    "Số hồ sơ trong kỳ tăng đột biến.",
    "Hệ thống của bộ ngành gián đoạn, không tra cứu được.",
)


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody's key and certificate (DER)."""

    key: Ed25519PrivateKey
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Machine:
    """A node that writes. `first` is the hash of its first card."""

    node: str
    number: int
    key: Ed25519PrivateKey
    first: str


@dataclass(frozen=True, slots=True)
class World:
    """What every group works by. `catalogs`: when each catalog began, and its name; `results`: by agency, the file."""

    machines: Mapping[str, Machine]
    signers: Mapping[str, Signer]
    staff: Staff
    procedures: Sequence[Procedure]
    results: Mapping[str, str]
    moments: Sequence[datetime]
    catalogs: Sequence[str]
    leases: Mapping[int, tuple[Any, Any]]

    def catalog_at(self, at: datetime) -> str:
        """The newest one that began a quarter of an hour before: it had to come to the machine first."""
        return self.catalogs[bisect_right(self.moments, at - 15 * _MINUTE) - 1]


@dataclass(slots=True)
class _Stream:
    """A dossier or a visit that is being written."""

    id: StreamId
    acts: list[Act]
    done: int = 0
    head: str = ""
    named: dict[str, str] = field(default_factory=dict)


class Group:
    """Writes all that one group did."""

    def __init__(self, world: World, group: int, seed: int) -> None:
        self._world, self._group = world, group
        self._chance = Random(f"group {group} {seed}")  # noqa: S311 - made up, and the same for the same seed
        self._chains: dict[tuple[str, str], tuple[int, str]] = {}
        self._counts: Counter[Any] = Counter()
        first = 1 + group * COUNTERS
        self._counters = [f"counter-{number:02}.1" for number in range(first, first + COUNTERS)]
        self._room, self._agency = f"room-{group + 1:02}.1", f"agency-{group + 1:02}.1"
        self._kiosk, self._letter = f"kiosk-{group + 1:02}.1", "ABCD"[group]

    def documents(self, planned: Sequence[Planned]) -> Iterator[tuple[str, Document]]:
        """Each with its database, in the order of time."""
        waiting: list[tuple[datetime, int, _Stream]] = []
        count = 0
        for one in planned:
            if group_of(self._world.procedures[one.procedure].agency) != self._group:
                continue
            while waiting and waiting[0][0] < one.received:
                yield self._next(waiting)
            for stream in self._streams(one):
                count += 1
                heapq.heappush(waiting, (stream.acts[0][0], count, stream))
        while waiting:
            yield self._next(waiting)

    def _next(self, waiting: list[tuple[datetime, int, _Stream]]) -> tuple[str, Document]:
        _, place, stream = heapq.heappop(waiting)
        at, node, kind, by, data = stream.acts[stream.done]
        stream.done += 1
        written = self._written(stream, at, node, kind, by, data(at) if callable(data) else data)
        if stream.done < len(stream.acts):
            heapq.heappush(waiting, (stream.acts[stream.done][0], place, stream))
        return written

    def _written(
        self, stream: _Stream, at: datetime, node: str, kind: str, by: str, data: msgspec.Struct
    ) -> tuple[str, Document]:
        act = BY_KIND[kind]
        database = "visits" if act.subject == "visit" else "dossiers"
        machine = self._world.machines[node]
        seq, prev = self._chains.get((database, node), (0, machine.first))
        signer = self._world.signers[by] if act.signed else None
        document = write(
            stream=stream.id,
            kind=kind,
            parents=[stream.head] if stream.head else [],
            rests_on=_rests_on(stream, act.rests) if act.effect is Effect.DECISION else None,
            at=at,
            node=node,
            seq=seq + 1,
            prev=prev,
            catalog=self._world.catalog_at(at),
            by=by,
            data=msgspec.to_builtins(data),
            salt=self._chance.randbytes(16),
            seal=machine.key.sign,
            sign=partial(sign_decision, signer.key, signer.certificate) if signer else None,
        )
        stream.head = stream.named[kind] = str(document["_id"]).partition(":")[2]
        self._chains[database, node] = seq + 1, stream.head
        return database, document

    # ---- what happens to one dossier

    def _streams(self, one: Planned) -> Iterator[_Stream]:
        stream = new_stream(one.received, self._chance.getrandbits)
        procedure = self._world.procedures[one.procedure]
        counter = self._counters[one.number % COUNTERS]
        receiver = self._world.staff.counters[counter].id
        applicant = self._party()
        result = self._world.results[procedure.agency]
        acts: list[Act] = []

        def at_counter(at: datetime, kind: str, data: Any) -> None:
            acts.append((at, counter, f"dossier.{kind}", receiver, data))

        at_counter(one.received, "received", partial(self._received, one, procedure, counter, applicant))
        if fees := procedure.fees_on(local_day(one.received)):
            soon = (one.ended - one.received) / 10 if one.ended else _MINUTE
            lines = tuple(PaidLine(fee.kind.value, _FEES[fee.kind.value], fee.amount) for fee in fees)
            collected = partial(
                self._collected, lines, applicant.name, counter, online=one.channel == "online"
            )
            at_counter(one.received + min(soon, _MINUTE), "fee_collected", collected)
        acts += self._work(one, procedure, counter, receiver, result)
        if one.returned is not None:
            taken = Returned(applicant.name, applicant.identity, result)
            at_counter(one.returned, "returned", taken)
        yield _Stream(stream, acts)
        if one.level and one.returned is not None:
            yield self._visit(one, one.returned, stream, counter, receiver)

    def _work(
        self, one: Planned, procedure: Procedure, counter: str, receiver: str, result: str
    ) -> Iterator[Act]:
        """From reception to result, or as far as it has come."""
        staff = self._world.staff
        on_site = Step.SEAL in procedure.steps
        node = self._room if on_site else self._agency
        appraiser = staff.appraisers[procedure.agency][one.number % 2].id
        approver = staff.approvers[procedure.agency].id
        passed = Appraised("Hồ sơ đủ điều kiện giải quyết.", True)
        stage = self._chance.randrange(3)
        supplied = self._supplied(one)
        if one.waits or supplied is not None or (one.ended is None and stage):
            forwarded = Forwarded(agency=procedure.agency)
            yield one.received + 3 * _MINUTE, counter, "dossier.forwarded", receiver, forwarded
            yield one.received + 6 * _MINUTE, node, "dossier.taken_over", appraiser, TakenOver()
        if one.waits or supplied is not None:
            wanted = (RequestedComponent("Giấy tờ chứng minh", "Thiếu chữ ký xác nhận", 1),)
            asked = SupplementRequested(wanted, "Thành phần hồ sơ chưa đầy đủ.")
            yield one.received + 9 * _MINUTE, node, "dossier.supplement_requested", appraiser, asked
        if supplied is not None:
            brought = ComponentsAdded((ReceivedComponent("Giấy tờ chứng minh", 1),))
            yield supplied, counter, "dossier.supplied", receiver, brought
        if one.ended is None:
            if not one.waits and stage == 2:
                yield one.received + 12 * _MINUTE, node, "dossier.appraised", appraiser, passed
            return
        if one.late:
            yield from self._excuse(one, node, approver)
        opened = datetime.combine(one.ended.astimezone(VIETNAM).date(), time(7, 30), VIETNAM)
        back = min((one.ended - one.received) * 0.5, max((one.ended - opened) * 0.8, 2 * _MINUTE))
        yield one.ended - back, node, "dossier.appraised", appraiser, passed
        approved = Approved(result, "PHÓ GIÁM ĐỐC")
        if not on_site:
            yield one.ended, node, "dossier.approved", approver, approved
            return
        clerk = staff.clerks[self._group].id
        yield one.ended - back / 2, node, "dossier.approved", approver, approved
        numbered = partial(self._numbered, procedure, node)
        yield one.ended - back / 4, node, "dossier.numbered", clerk, numbered
        yield one.ended, node, "dossier.sealed", clerk, Sealed(result)

    def _excuse(self, one: Planned, node: str, approver: str) -> Iterator[Act]:
        """Somebody says why it will be late: with form 04, or only in a note."""
        cause = self._chance.choice(_CAUSES)
        at = max(one.due - timedelta(minutes=45), one.received + _MINUTE)
        if one.ended is not None and self._chance.random() < 0.5:
            until = datetime.combine(one.ended.astimezone(VIETNAM).date(), time(16, 30), VIETNAM)
            yield at, node, "dossier.extended", approver, Extended(timestamp(until), cause)
        else:
            yield at, node, "dossier.note", approver, Note(f"Quá hạn vì: {cause}")

    def _supplied(self, one: Planned) -> datetime | None:
        """When the papers came that had been asked for: in the middle of a day between."""
        if not one.supplemented or one.ended is None:
            return None
        day = one.received.date() + (one.ended - one.received) / 2
        for _ in range(4):
            at = datetime.combine(day, time(9), VIETNAM) + self._chance.randrange(120) * _MINUTE
            if day.weekday() < 5 and one.received + 15 * _MINUTE < at < one.ended - timedelta(days=1):
                return at
            day += timedelta(days=1)
        return None

    def _visit(self, one: Planned, at: datetime, dossier: StreamId, counter: str, receiver: str) -> _Stream:
        day = local_day(at)
        self._counts["ticket", day] += 1
        number = ticket(self._letter, self._counts["ticket", day])
        title = AtCounter(f"Quầy {counter[8:10]}")
        queue = f"Nhận kết quả, khu {self._group + 1}"
        rated = Rated("return", one.level, True, dossier=dossier)
        acts: list[Act] = [
            (at - 7 * _MINUTE, self._kiosk, "visit.ticket_taken", "", TicketTaken(number, queue)),
            (at - 2 * _MINUTE, counter, "visit.called", receiver, title),
            (at + _MINUTE, counter, "visit.served", receiver, Served(title.counter, (dossier,))),
            (at + 2 * _MINUTE, self._kiosk, "visit.rated", "", rated),
        ]
        return _Stream(stream_of(day, number), acts)

    # ---- what the acts say

    def _party(self) -> Party:
        chance = self._chance
        identity = f"020{chance.choice('01')}{chance.randrange(55, 99)}{chance.randrange(10**6):06}"
        address = f"{chance.choice(_WARDS)}, thành phố Lạng Sơn, tỉnh Lạng Sơn"
        return Party(name(chance), identity, address, f"09{chance.randrange(10**8):08}")

    def _received(
        self, one: Planned, procedure: Procedure, counter: str, applicant: Party, at: datetime
    ) -> Received:
        day = local_day(at)
        key = (counter, procedure.agency, day)
        self._counts[key] += 1
        number = compose(
            agency=procedure.agency,
            day=day,
            node=self._world.machines[counter].number,
            count=self._counts[key],
            lease=self._world.leases[day.year],
        )
        papers = tuple(
            ReceivedComponent(one.name, max(one.originals, 1), 0, one.copies) for one in procedure.components
        )
        return Received(
            number=str(number),
            procedure=procedure.code,
            procedure_name=procedure.name,
            agency=procedure.agency,
            applicant=applicant,
            components=papers or (ReceivedComponent("Đơn đề nghị", 1),),
            limit=procedure.limit,
            due=timestamp(one.due),
            fees=tuple(FeeDue(fee.kind.value, fee.amount) for fee in procedure.fees_on(day)),
            channel=one.channel,
        )

    def _collected(
        self, lines: tuple[PaidLine, ...], payer: str, counter: str, at: datetime, *, online: bool
    ) -> FeeCollected:
        symbol = f"MAU-{counter[8:10]}"
        self._counts[symbol] += 1
        method: Literal["cash", "transfer", "online"] = "online" if online else "cash"
        if self._chance.random() < 0.2:
            method = "transfer"
        return FeeCollected(
            Receipt("01BLP", symbol, self._counts[symbol]),
            lines,
            sum(line.amount for line in lines),
            payer,
            method,
        )

    def _numbered(self, procedure: Procedure, node: str, at: datetime) -> Numbered:
        day = local_day(at)
        key = ("result", procedure.agency, day.year)
        self._counts[key] += 1
        number = self._world.machines[node].number
        text = result_number(number, self._counts[key], day, self._world.leases[day.year])
        return Numbered(f"{text}/KQ", day.isoformat())


def _rests_on(stream: _Stream, rests: Sequence[str]) -> list[str]:
    """What a decision builds on, as the ledger names it."""
    named = ("dossier.received", "dossier.appraised", "dossier.approved", *rests)
    return [stream.named[kind] for kind in named if kind in stream.named]
