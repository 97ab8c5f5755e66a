"""The table of acts: what may be done to a dossier, by whom, at which machine, and when.

Every act is one event kind. A *fact* happened and always stands; a *decision* may contradict another one
(design §3.4). Pages, the ledger and the fold all ask `allowed`, and nothing else decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from schemas.catalog import AgencyCode, Dong, Duty, Role, Text
from schemas.deadlines import Limit

Hex64 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
FileId = Annotated[str, Meta(pattern=r"^file-[0-9a-f]{64}\Z")]
Count = Annotated[int, Meta(ge=0, le=999)]
Line = Annotated[str, Meta(max_length=2000)]
At = Annotated[str, Meta(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z\Z")]


class Status(IntEnum):
    """The ten statuses of the national exchange (domain §3.1); 0 is ours, for no dossier yet."""

    NONE = 0
    REGISTERED = 1
    RECEIVED = 2
    NOT_RECEIVED = 3
    PROCESSING = 4
    SUPPLEMENT = 5
    FINANCIAL = 6
    WITHDRAWING = 7
    STOPPED = 8
    DONE = 9
    RETURNED = 10


class Effect(Enum):
    FACT = "fact"
    DECISION = "decision"


class Party(msgspec.Struct, frozen=True, omit_defaults=True):
    """An applicant or a submitter. `identity` is a personal number (12 digits), a tax code, or empty."""

    name: Text
    identity: Line = ""
    address: Line = ""
    phone: Line = ""
    email: Line = ""


class ReceivedComponent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A paper that was handed in: how many originals, certified copies and photocopies."""

    name: Text
    originals: Count
    certified: Count = 0
    copies: Count = 0


class FeeDue(msgspec.Struct, frozen=True):
    """A fee that the catalog asks for on the day of receipt; integer đồng."""

    kind: Literal["phi", "le_phi"]
    amount: Dong


class Received(msgspec.Struct, frozen=True, omit_defaults=True):
    """What form 01 promises. `due` is UTC; it is printed, and so it is kept as it was printed."""

    number: Text
    procedure: Text
    procedure_name: Text
    agency: AgencyCode
    applicant: Party
    components: tuple[ReceivedComponent, ...]
    limit: Limit
    due: At
    fees: tuple[FeeDue, ...] = ()
    submitter: Party | msgspec.UnsetType = msgspec.UNSET
    authorisation: Line = ""
    sets: Annotated[int, Meta(ge=1, le=99)] = 1
    return_by: Literal["centre", "post"] = "centre"

    def __post_init__(self) -> None:
        # a day that does not exist: msgspec makes its ValidationError of the ValueError
        datetime.fromisoformat(self.due)


class Appraised(msgspec.Struct, frozen=True, omit_defaults=True):
    opinion: Text
    passed: bool


class Approved(msgspec.Struct, frozen=True, omit_defaults=True):
    """`result` is the signed PDF; `capacity` is how the approver signs (TL., TUQ., KT.)."""

    result: FileId
    capacity: Line = ""


class RefusedResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal is a result too: a signed document with its reason (domain §9.4)."""

    result: FileId
    reason: Text
    capacity: Line = ""


class WithdrawalAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    reason: Text
    asked_by: Text


class Reasoned(msgspec.Struct, frozen=True, omit_defaults=True):
    reason: Text


class Returned(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who took the result, by which document, by which road."""

    taken_by: Text
    identity: Line
    result: FileId
    road: Literal["centre", "post"] = "centre"


class Settled(msgspec.Struct, frozen=True, omit_defaults=True):
    """The desk's answer to exactly one conflict: which of its members stands (or none), and why."""

    conflict: Hex64
    members: tuple[Hex64, ...]
    stands: tuple[Hex64, ...]
    reason: Text


@dataclass(frozen=True, slots=True)
class Act:
    """One row of the table. `outcome` tells two decisions of one kind apart; `reaches` is the status led to."""

    kind: str
    title: str
    effect: Effect
    data: type[msgspec.Struct]
    role: Role
    duty: Duty
    statuses: frozenset[Status]
    reaches: Status | None
    signed: bool = False
    outcome: Callable[[Any], str] = lambda data: ""


def _in(*statuses: Status) -> frozenset[Status]:
    return frozenset(statuses)


_OPEN: Final = _in(Status.RECEIVED, Status.PROCESSING)
_RESULT: Final = _in(Status.DONE)

TABLE: Final[tuple[Act, ...]] = (
    Act("dossier.received", "Tiếp nhận", Effect.FACT, Received, Role.RECEIVER, Duty.RECEIVE,
        _in(Status.NONE), Status.RECEIVED),
    Act("dossier.appraised", "Thẩm định", Effect.DECISION, Appraised, Role.APPRAISER, Duty.APPRAISE,
        _OPEN, Status.PROCESSING, outcome=lambda data: str(data.passed)),
    Act("dossier.approved", "Phê duyệt", Effect.DECISION, Approved, Role.APPROVER, Duty.APPROVE,
        _in(Status.PROCESSING), Status.DONE, signed=True, outcome=lambda data: data.result),
    Act("dossier.refused", "Từ chối giải quyết", Effect.DECISION, RefusedResult, Role.APPROVER, Duty.APPROVE,
        _in(Status.PROCESSING), Status.DONE, signed=True, outcome=lambda data: data.result),
    Act("dossier.withdrawal_asked", "Nhận đơn rút hồ sơ", Effect.FACT, WithdrawalAsked, Role.RECEIVER,
        Duty.RECEIVE, _OPEN, Status.WITHDRAWING),
    Act("dossier.withdrawal_granted", "Đồng ý rút hồ sơ", Effect.DECISION, Reasoned, Role.APPROVER,
        Duty.APPROVE, _in(Status.WITHDRAWING), Status.STOPPED),
    Act("dossier.withdrawal_refused", "Không đồng ý rút hồ sơ", Effect.DECISION, Reasoned, Role.APPROVER,
        Duty.APPROVE, _in(Status.WITHDRAWING), Status.PROCESSING),
    Act("dossier.returned", "Trả kết quả", Effect.FACT, Returned, Role.RECEIVER, Duty.RETURN,
        _RESULT, Status.RETURNED),
    Act("dossier.settled", "Đối soát", Effect.DECISION, Settled, Role.DESK_OFFICER, Duty.DESK,
        frozenset(Status) - {Status.NONE}, None, outcome=lambda data: ",".join(data.stands)),
)  # fmt: skip

BY_KIND: Final[Mapping[str, Act]] = {act.kind: act for act in TABLE}
