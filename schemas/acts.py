"""The table of acts: what may be done to a dossier, a visit, a petition or a machine, by whom, where, and when.

Every act is one event kind. A *fact* happened and always stands; a *decision* may contradict another one
(design §3.4). Pages, the ledger and the fold all ask `schemas.rules.allowed`, and nothing else decides.
`docs/domain.md` is made from this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from schemas.deadlines import Limit
from schemas.entries import AgencyCode, Dong, Duty, Role, Text

Hex64 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
FileId = Annotated[str, Meta(pattern=r"^file-[0-9a-f]{64}\Z")]
Count = Annotated[int, Meta(ge=0, le=999)]
Line = Annotated[str, Meta(max_length=2000)]
Stream = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Day = Annotated[str, Meta(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}\Z")]
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
    """An act says what happened, or it decides; only decisions exclude each other."""

    FACT = "fact"
    DECISION = "decision"


class Party(msgspec.Struct, frozen=True, omit_defaults=True):
    """An applicant or a submitter. `identity` is a personal number (12 digits), a tax code, or empty."""

    name: Text
    identity: Line = ""
    address: Line = ""
    phone: Line = ""
    email: Line = ""


Channel = Literal["direct", "online", "post"]


class ReceivedComponent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A paper that was handed in: how many originals, certified copies and photocopies.

    `source`: what it says was read in a database, so that nothing had to be handed in; or that database could not be
    read (NQ 66.7/2025), and so the paper was asked for.
    """

    name: Text
    originals: Count
    certified: Count = 0
    copies: Count = 0
    source: Literal["", "database", "outage"] = ""


class FeeDue(msgspec.Struct, frozen=True):
    """A fee that the catalog asks for on the day of receipt; integer đồng."""

    kind: Literal["phi", "le_phi"]
    amount: Dong


class Received(msgspec.Struct, frozen=True, omit_defaults=True):
    """What form 01 promises. `due` is UTC; it is printed, and so it is kept as it was printed.

    `elsewhere`: received for an agency of another place; the time counts from when that agency takes it over
    (NĐ 309/2026 Đ17(3)). `commune`: where the matter lies, if the limit depends on it. `notify`: whoever came wants to be
    told by telephone or mail when there is a result.
    """

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
    channel: Channel = "direct"
    case: Line = ""
    elsewhere: bool = False
    commune: Line = ""
    notify: bool = False

    def __post_init__(self) -> None:
        # a day that does not exist: msgspec makes its ValidationError of the ValueError
        datetime.fromisoformat(self.due)


class CheckedPoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """A point of the procedure's checklist, in the words of that day, and what the appraiser found."""

    point: Text
    found: Literal["met", "not_met", "not_needed"]
    note: Line = ""


class Appraised(msgspec.Struct, frozen=True, omit_defaults=True):
    """`points` are those of the procedure's checklist; nothing passes with one that is not met."""

    opinion: Text
    passed: bool
    points: Annotated[tuple[CheckedPoint, ...], Meta(max_length=60)] = ()

    def __post_init__(self) -> None:
        if self.passed and any(one.found == "not_met" for one in self.points):
            raise ValueError("what is not met does not pass")


class SecondOpinion(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody else thinks of an appraisal. It decides nothing: who approves reads both."""

    opinion: Text
    agrees: bool


class Attachment(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that was handed in or scanned; names and types stand here, never in the file's document."""

    file: FileId
    name: Text
    type: Line = "application/pdf"
    pages: Count = 0


class Approved(msgspec.Struct, frozen=True, omit_defaults=True):
    """`result` is the signed PDF; `capacity` is how the approver signs (TL., TUQ., KT.), by which delegation.

    `digest` is of what the document says, and its QR code carries it: the file's own hash cannot stand in it.
    `on_paper`: the document is signed by hand, and `result` is what was printed for it; the decision is signed here as
    always, and the scan of the finished paper comes with its seal.
    """

    result: FileId
    capacity: Line = ""
    delegation: Line = ""
    attachments: Annotated[tuple[Attachment, ...], Meta(max_length=20)] = ()
    digest: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")] = ""
    on_paper: bool = False


class RefusedResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal is a result too: a signed document with its reason (domain §9.4); `digest`, `on_paper` as in `Approved`."""

    result: FileId
    reason: Text
    capacity: Line = ""
    delegation: Line = ""
    digest: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")] = ""
    on_paper: bool = False


class WithdrawalAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """The applicant wants the dossier back: `asked_by` is who said so, in words."""

    reason: Text
    asked_by: Text


class Reasoned(msgspec.Struct, frozen=True, omit_defaults=True):
    """What needs nothing but a reason."""

    reason: Text


class Returned(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who took the result, by which document, by which road; `unpaid`: why it was handed over with fees still open."""

    taken_by: Text
    identity: Line
    result: FileId
    road: Literal["centre", "post", "online"] = "centre"
    document: Line = ""
    unpaid: Line = ""


class Settled(msgspec.Struct, frozen=True, omit_defaults=True):
    """The desk's answer to exactly one conflict: which of its members stands (or none), and why.

    What must follow is not written down here: `conflicts.FOLLOWS` says it of every choice.
    """

    conflict: Hex64
    members: tuple[Hex64, ...]
    stands: tuple[Hex64, ...]
    reason: Text


class EnteredAfterwards(Received, frozen=True, omit_defaults=True, kw_only=True):
    """A reception from the paper book of an outage: `happened_at` is when it really was, and the due moment counts from there.

    `slip` is the QR code of a genuine slip whose event is lost: the number that it names is kept, whichever
    machine gave it.
    """

    happened_at: At
    reason: Text
    paper: Line = ""
    slip: Annotated[str, Meta(max_length=600)] = ""

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.due)
        datetime.fromisoformat(self.happened_at)


class Submission(msgspec.Struct, frozen=True):
    """How a dossier came over a line: which portal sent it, under which name of its own, and the SHA-256 of what it signed.

    The same name with the same digest is the same request once more.
    """

    portal: Text
    name: Text
    digest: Hex64


class Registered(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came over the portal, or was brought and not yet found complete; `number` is the code that it came with."""

    procedure: Text
    procedure_name: Text
    agency: AgencyCode
    applicant: Party
    number: Line = ""
    case: Line = ""
    channel: Channel = "online"
    components: tuple[ReceivedComponent, ...] = ()
    submitter: Party | msgspec.UnsetType = msgspec.UNSET
    authorisation: Line = ""
    return_by: Literal["centre", "post"] = "centre"
    notify: bool = False
    submission: Submission | msgspec.UnsetType = msgspec.UNSET


class NotReceived(msgspec.Struct, frozen=True, omit_defaults=True):
    """Form 03."""

    reason: Text
    guidance: Line = ""


class ComponentsAdded(msgspec.Struct, frozen=True, omit_defaults=True):
    """Papers that came later, and scans of what is here: of either there may be none."""

    components: tuple[ReceivedComponent, ...] = ()
    files: tuple[Attachment, ...] = ()


Field = Literal[
    "applicant.name", "applicant.identity", "applicant.address", "applicant.phone", "applicant.email",
    "submitter.name", "submitter.identity", "submitter.address", "submitter.phone", "submitter.email",
    "authorisation", "return_by",
]  # fmt: skip


class Change(msgspec.Struct, frozen=True):
    """One field, and what it should have said."""

    field: Field
    value: Line


class Amended(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was written wrongly at reception, field by field."""

    changes: Annotated[tuple[Change, ...], Meta(min_length=1, max_length=12)]
    reason: Text

    def __post_init__(self) -> None:
        if len({change.field for change in self.changes}) < len(self.changes):
            raise ValueError("a field is amended once")
        if any(c.field == "return_by" and c.value not in ("centre", "post") for c in self.changes):
            raise ValueError("return_by is centre or post")
        if any(c.field.endswith(".name") and not c.value for c in self.changes):
            raise ValueError("a name is not empty")


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that colleagues should know; it changes nothing."""

    text: Text
    files: tuple[Attachment, ...] = ()


class DueChecked(msgspec.Struct, frozen=True, omit_defaults=True):
    """When papers really were received that a machine of an unsure hour wrote down, and when the result is then due."""

    of: Hex64
    happened_at: At
    due: At
    reason: Text

    def __post_init__(self) -> None:
        if datetime.fromisoformat(self.due) <= datetime.fromisoformat(self.happened_at):
            raise ValueError("due before it was received")


class Forwarded(msgspec.Struct, frozen=True, omit_defaults=True):
    """To whom; `opinion` when another agency is only asked for its opinion, and the dossier waits for it.

    `until`: by which day the opinion is asked for. `result`: what comes back from an agency with the folder, as its
    document is named. `signed_by`: who handed over on paper, where they have no key here.
    """

    agency: Line = ""
    room: Line = ""
    person: Line = ""
    opinion: bool = False
    note: Line = ""
    until: Day | msgspec.UnsetType = msgspec.UNSET
    result: Line = ""
    signed_by: Line = ""

    def __post_init__(self) -> None:
        if self.until is not msgspec.UNSET:
            date.fromisoformat(self.until)
        if self.opinion and self.result:
            raise ValueError("who asks for an opinion brings no result")


class TakenOver(msgspec.Struct, frozen=True, omit_defaults=True):
    """`signed_by`: who of the agency signed for the folder on paper, where they have no key here."""

    note: Line = ""
    signed_by: Line = ""


class OpinionGiven(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the agency that was asked says. `document`: the letter in which it came, where somebody else writes it down."""

    agrees: Literal["yes", "no", "conditions"]
    opinion: Text
    document: Line = ""


class ClockStopped(msgspec.Struct, frozen=True, omit_defaults=True):
    """A time that the procedure does not count begins, as its catalog entry says: publication, an opinion."""

    why: Literal["opinion", "publication", "applicant"]
    reason: Text


class RequestedComponent(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row of form 02."""

    name: Text
    why: Text
    originals: Count = 0
    certified: Count = 0
    copies: Count = 0


class SupplementRequested(msgspec.Struct, frozen=True, omit_defaults=True):
    """Form 02: one complete list. A second request needs its ground, as when a database could not be read."""

    components: Annotated[tuple[RequestedComponent, ...], Meta(min_length=1, max_length=99)]
    reason: Text
    until: Day | msgspec.UnsetType = msgspec.UNSET
    again: Line = ""


class ObligationAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tax or another duty to the State that must be met before the result (domain §3.1, status 6)."""

    what: Text
    amount: Dong
    notice: Line = ""


class ObligationMet(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was owed to the State is paid: `proof` names the document, `amount` is in đồng."""

    proof: Text
    amount: Dong


class AskedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One phí or lệ phí that is asked for: `full` is its rate, `amount` what is left after a relief."""

    kind: Literal["phi", "le_phi"]
    name: Text
    full: Dong
    amount: Dong
    at: Literal["reception", "return"] = "reception"

    def __post_init__(self) -> None:
        if self.amount > self.full:
            raise ValueError("more than its rate")


class FeeNotified(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be paid, as of now; it takes the place of what the reception and earlier notices said.

    A relief names its ground and the paper that shows it. An exemption is a notice with nothing left to pay.
    """

    lines: Annotated[tuple[AskedLine, ...], Meta(min_length=1, max_length=20)]
    relief: Line = ""
    proof: Line = ""
    source: Line = ""

    def __post_init__(self) -> None:
        if len({(line.kind, line.name) for line in self.lines}) < len(self.lines):
            raise ValueError("a line stands there once")
        if any(line.amount < line.full for line in self.lines) and not (self.relief and self.proof):
            raise ValueError("a relief has its ground and its paper")


class PaidLine(msgspec.Struct, frozen=True):
    """One line of a receipt: phí or lệ phí, never added up into one."""

    kind: Literal["phi", "le_phi"]
    name: Text
    amount: Dong


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """`form` and `symbol` as on the receipt (EBL01, 26TAA); a provisional slip stands until one is issued."""

    form: Text
    symbol: Text
    number: Annotated[int, Meta(ge=1, le=99_999_999)]
    provisional: bool = False


class FeeCollected(msgspec.Struct, frozen=True, omit_defaults=True):
    """Money that was taken; `total` is the sum of the lines. `reference`: the bank's or the card terminal's number."""

    receipt: Receipt
    lines: Annotated[tuple[PaidLine, ...], Meta(min_length=1, max_length=20)]
    total: Dong
    payer: Text
    method: Literal["cash", "transfer", "card", "online"] = "cash"
    exemption: Line = ""
    reference: Line = ""

    def __post_init__(self) -> None:
        if self.total != sum(line.amount for line in self.lines):
            raise ValueError("total is not the sum of the lines")


class ReceiptUndone(msgspec.Struct, frozen=True, omit_defaults=True):
    """A receipt made void: `collected` is the event of the collection; its number is never used again."""

    collected: Hex64
    reason: Text


class FeeRefunded(msgspec.Struct, frozen=True, omit_defaults=True):
    """Đồng of one receipt given back; `collected` is the hash of the act that took them."""

    collected: Hex64
    amount: Annotated[int, Meta(ge=1, le=10**12)]
    paid_to: Text
    reason: Text
    method: Literal["cash", "transfer"] = "cash"


class ReceiptReplaced(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another receipt in the place of one; or, with the number that its slip bears, the electronic one that was issued:
    then with who signed it, when, and by which code it is looked up.
    """

    collected: Hex64
    receipt: Receipt
    reason: Text
    lookup: Line = ""
    signed_by: Line = ""
    signed_at: At | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.signed_at is not msgspec.UNSET:
            datetime.fromisoformat(self.signed_at)


class Numbered(msgspec.Struct, frozen=True, omit_defaults=True):
    """Number and date from the agency's register, given after the signature (NĐ 30/2020 Đ15)."""

    number: Text
    day: Day

    def __post_init__(self) -> None:
        date.fromisoformat(self.day)


class ResultNamed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The result document that an act is about."""

    result: FileId


class Sealed(ResultNamed, frozen=True, omit_defaults=True):
    """The sealed document, its attachments, and the organisation's certificate (by fingerprint) that seals them.

    Of a result on paper it is the scan: signed by hand, numbered, stamped. The clerk signs that it is what they stamped.
    """

    certificate: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")] = ""
    attachments: Annotated[tuple[Attachment, ...], Meta(max_length=20)] = ()


class Preserved(ResultNamed, frozen=True, omit_defaults=True):
    """The same document with a time-stamp (B-T), and with what proves its certificates later (B-LT)."""

    preserved: FileId
    level: Literal["B-T", "B-LT"]


class ResultUndone(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result that holds no more, or whose seal does not: its file, and why."""

    result: FileId
    reason: Text


class NumberCancelled(msgspec.Struct, frozen=True, omit_defaults=True):
    """A number of the agency's register that stays used and belongs to nothing."""

    number: Text
    reason: Text


class Suspended(msgspec.Struct, frozen=True, omit_defaults=True):
    """Form 05: why the dossier is stopped. `returned`: what goes back to the applicant, papers and money."""

    ground: Literal["not_supplemented", "obligation_not_met", "asked", "other"]
    reason: Text
    returned: Line = ""


class Extended(msgspec.Struct, frozen=True, omit_defaults=True):
    """Form 04: the new due moment, with an apology. The first one is never lost."""

    due: At
    reason: Text

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.due)


class OriginalsCollected(msgspec.Struct, frozen=True, omit_defaults=True):
    """Originals that had to be handed in for the result, by their names."""

    components: Annotated[tuple[Text, ...], Meta(min_length=1, max_length=99)]


class Linked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Another dossier: the one that corrects this result, or follows it."""

    stream: Stream
    number: Line = ""
    reason: Line = ""


class ReceptionCancelled(msgspec.Struct, frozen=True, omit_defaults=True):
    """Wrong person or procedure: the number stays used, `successor` is the stream that goes on."""

    reason: Text
    successor: Stream | msgspec.UnsetType = msgspec.UNSET


class OutageNoted(msgspec.Struct, frozen=True, omit_defaults=True):
    """ "CSDL không khai thác được": which database, since when; a ground to ask for papers (NQ 66.7/2025)."""

    database: Text
    since: At
    why: Line = ""

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.since)


class Printed(msgspec.Struct, frozen=True, omit_defaults=True):
    """`copy` counts the prints of one paper: from the second on the paper says "in lần 2"."""

    paper: Literal["slip", "receipt", "supplement", "refusal", "apology", "stop", "control"]
    of: Hex64
    copy: Annotated[int, Meta(ge=1, le=999)] = 1
    reason: Line = ""


class TicketTaken(msgspec.Struct, frozen=True, omit_defaults=True):
    """A number drawn at the door; `priority` as the law lists those who go first, `hour` is that of an appointment."""

    ticket: Text
    queue: Text
    priority: Literal["", "elderly", "disabled", "pregnant", "merit", "child", "appointment"] = ""
    hour: Annotated[str, Meta(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?\Z")] = ""


class AtCounter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which counter called the ticket, or serves it, as the hall knows it."""

    counter: Text


class Served(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who was called has been served: where, and for which dossiers."""

    counter: Text
    dossiers: Annotated[tuple[Stream, ...], Meta(max_length=99)] = ()


class Rated(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rating for each phase. The levels are data; `satisfied` is what the index counts (domain §5.1)."""

    phase: Literal["reception", "return"]
    level: Annotated[int, Meta(ge=1, le=5)]
    satisfied: bool
    reason: Line = ""
    dossier: Stream | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if not self.satisfied and not self.reason:
            raise ValueError("who is not satisfied says why")


class Abandoned(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who waited has gone."""

    why: Line = ""


class PetitionFiled(msgspec.Struct, frozen=True, omit_defaults=True):
    """A complaint or a proposal; `due` is the moment of the tenth working day, as it was promised."""

    sender: Party
    text: Text
    due: At
    about: Stream | msgspec.UnsetType = msgspec.UNSET
    files: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.due)


class PetitionAnswered(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer that whoever filed it reads, and files beside it."""

    text: Text
    files: tuple[Attachment, ...] = ()


class PetitionClosed(msgspec.Struct, frozen=True, omit_defaults=True):
    """It is over; `satisfied` is the sender's word, unset where they were not asked."""

    satisfied: bool | msgspec.UnsetType = msgspec.UNSET
    reason: Line = ""


class OutageOpened(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is out at this machine, and since when (UTC). ValueError for a moment that is none."""

    what: Literal["line", "power", "machine", "software", "database", "other"]
    since: At
    reason: Line = ""

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.since)


class OutageClosed(msgspec.Struct, frozen=True, omit_defaults=True):
    """Until when it was out (UTC). ValueError for a moment that is none."""

    until: At
    reason: Line = ""

    def __post_init__(self) -> None:
        datetime.fromisoformat(self.until)


class ShiftOpened(msgspec.Struct, frozen=True, omit_defaults=True):
    """`cash` is what the drawer holds to begin with."""

    cash: Dong


class Denomination(msgspec.Struct, frozen=True):
    """So many notes or coins of one value in đồng."""

    value: Annotated[int, Meta(ge=1, le=500_000)]
    count: Annotated[int, Meta(ge=0, le=1_000_000)]


class ShiftClosed(msgspec.Struct, frozen=True, omit_defaults=True):
    """`counted` is what the drawer holds, `expected` what the receipts say; a difference has its reason."""

    counted: Dong
    expected: Dong
    notes: Annotated[tuple[Denomination, ...], Meta(max_length=20)] = ()
    reason: Line = ""

    def __post_init__(self) -> None:
        if self.notes and self.counted != sum(note.value * note.count for note in self.notes):
            raise ValueError("counted is not the sum of the notes")
        if self.counted != self.expected and not self.reason:
            raise ValueError("a difference has its reason")


class Views(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who looked at what stays at the machine; up to which line of that log, and its hash, is sealed here."""

    last_line: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    last_hash: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
    count: Annotated[int, Meta(ge=0, le=2**53 - 1)]


class DayClosed(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many acts this machine wrote on a Vietnamese day, and up to which number of its chain.

    `views`: how many times somebody looked at a dossier here that day.
    """

    day: Day
    last_seq: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    acts: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    views: Views | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        date.fromisoformat(self.day)


class NodeClosed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last act of a machine that is retired: up to which number its chain goes."""

    last_seq: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    reason: Text


class VisitStatus(Enum):
    """Where a ticket stands; derived, never stored. `NONE` before its first act."""

    NONE = "none"
    WAITING = "waiting"
    CALLED = "called"
    SKIPPED = "skipped"
    SERVED = "served"
    ABANDONED = "abandoned"


class PetitionStatus(Enum):
    """Where a petition stands; derived, never stored. `NONE` before its first act."""

    NONE = "none"
    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class NodeStatus(Enum):
    """Whether a machine still writes: `CLOSED` after its sealed last act."""

    OPEN = "open"
    CLOSED = "closed"


Stage = Status | VisitStatus | PetitionStatus | NodeStatus
"""Where a dossier, a visit, a petition or a machine stands."""


class Author(Enum):
    """Who may be `by`: a person, nobody (the machine by itself, or the citizen at a kiosk), or either."""

    PERSON = "person"
    MACHINE = "machine"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Act:
    """One row of the table.

    `roles`, `duties`: one of them suffices; none means anybody, any machine. `ends`: acts of these kinds that
    its author had seen stand no longer. `needs`: one of these must stand. `rests`: a decision names one of
    these in `rests_on`. `undecided`: only while there is no result. `witness`: the role that one of `with` has.
    `says`: what it claims, by what it is about; two acts of one kind disagree where they claim different
    things about the same. `reaches` is the status led to; None leaves the status as it is.
    """

    kind: str
    title: str
    effect: Effect
    data: type[msgspec.Struct]
    roles: tuple[Role, ...]
    duties: tuple[Duty, ...]
    statuses: frozenset[Stage]
    reaches: Stage | None = None
    law: str = ""
    signed: bool = False
    witness: tuple[Role, ...] = ()
    author: Author = Author.PERSON
    needs: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    rests: tuple[str, ...] = ()
    undecided: bool = False
    says: Callable[[Any], Mapping[str, str]] = lambda data: NOTHING

    @property
    def subject(self) -> str:
        """`dossier`, `visit`, `petition` or `node`."""
        return self.kind.partition(".")[0]

    @property
    def role(self) -> Role:
        """Whose work it is in the first place."""
        return self.roles[0] if self.roles else Role.RECEIVER

    @property
    def duty(self) -> Duty | None:
        """Where it is done in the first place; None at any machine."""
        return self.duties[0] if self.duties else None

    @property
    def opens(self) -> bool:
        """Whether it may begin a stream."""
        return not self.statuses.isdisjoint(_NOTHING_YET)


NOTHING: Final[Mapping[str, str]] = MappingProxyType({"": ""})
_NOTHING_YET: Final[frozenset[Stage]] = frozenset(
    {Status.NONE, VisitStatus.NONE, PetitionStatus.NONE, NodeStatus.OPEN}
)


def _in(*statuses: Stage) -> frozenset[Stage]:
    return frozenset(statuses)


def _claims(member: str) -> Callable[[Any], Mapping[str, str]]:
    return lambda data: {"": str(getattr(data, member))}


_EARLY: Final = _in(Status.REGISTERED)
_OPEN: Final = _in(Status.RECEIVED, Status.PROCESSING)
_WORK: Final = _in(Status.PROCESSING)
_RESULT: Final = _in(Status.DONE)
_BEGUN: Final = frozenset[Stage](set(Status) - {Status.NONE})
_TAKEN: Final = frozenset[Stage](set(Status) - {Status.NONE, Status.REGISTERED, Status.NOT_RECEIVED})
_AMENDABLE: Final = frozenset[Stage](_TAKEN - {Status.STOPPED, Status.RETURNED})
_STOPPED: Final = _in(Status.STOPPED)
_ANY_NODE: Final = _in(NodeStatus.OPEN)
_RESULTS: Final = ("dossier.approved", "dossier.refused")
_FACT, _DECISION = Effect.FACT, Effect.DECISION
_COUNTER: Final = (Role.RECEIVER,)
_OFFICE: Final = (Role.RECEIVER, Role.APPRAISER, Role.APPROVER, Role.CLERK, Role.SUPERVISOR)
_OFFICE_DUTIES: Final = (Duty.RECEIVE, Duty.APPRAISE, Duty.APPROVE, Duty.SEAL)
_CASH: Final = (Role.CASHIER,)

DOSSIER: Final[tuple[Act, ...]] = (
    # reception
    Act("dossier.registered", "Đăng ký trực tuyến", _FACT, Registered, _COUNTER, (Duty.RECEIVE, Duty.INTAKE),
        _in(Status.NONE), Status.REGISTERED, "NĐ 118/2025; NĐ 309/2026", author=Author.EITHER),
    Act("dossier.received", "Tiếp nhận", _FACT, Received, _COUNTER, (Duty.RECEIVE,),
        _in(Status.NONE, Status.REGISTERED), Status.RECEIVED, "NĐ 309/2026 Đ17; Mẫu 01"),
    Act("dossier.entered_afterwards", "Nhập bù từ sổ giấy", _FACT, EnteredAfterwards, _COUNTER, (Duty.RECEIVE,),
        _in(Status.NONE, Status.REGISTERED), Status.RECEIVED, "Mẫu 07", witness=(Role.SUPERVISOR, Role.APPROVER)),
    Act("dossier.not_received", "Không tiếp nhận", _DECISION, NotReceived, _COUNTER, (Duty.RECEIVE,),
        _EARLY, Status.NOT_RECEIVED, "NĐ 118/2025; Mẫu 03"),
    Act("dossier.reception_cancelled", "Huỷ tiếp nhận", _DECISION, ReceptionCancelled, _COUNTER, (Duty.RECEIVE,),
        _OPEN, Status.STOPPED, "", rests=("dossier.received", "dossier.entered_afterwards"), undecided=True,
        says=_claims("successor")),
    Act("dossier.components_added", "Thêm giấy tờ", _FACT, ComponentsAdded, _OFFICE, (*_OFFICE_DUTIES, Duty.INTAKE),
        _BEGUN, None, "TT 01/2023/TT-VPCP", author=Author.EITHER),
    Act("dossier.amended", "Sửa thông tin", _DECISION, Amended, _COUNTER, (Duty.RECEIVE,), _AMENDABLE, None, "",
        says=lambda data: {change.field: change.value for change in data.changes}),
    Act("dossier.note", "Ghi chú", _FACT, Note, (), (), _BEGUN, None, ""),
    Act("dossier.outage_noted", "Ghi nhận sự cố CSDL", _FACT, OutageNoted, _OFFICE, _OFFICE_DUTIES, _BEGUN, None,
        "NQ 66.7/2025; NĐ 309/2026 Đ4(2a)"),
    Act("dossier.due_checked", "Kiểm lại hạn trả", _DECISION, DueChecked, (Role.DESK_OFFICER,), (Duty.DESK,), _TAKEN,
        None, "", says=lambda data: {data.of: data.due}),
    # on the way
    Act("dossier.forwarded", "Chuyển hồ sơ", _FACT, Forwarded, _OFFICE, _OFFICE_DUTIES, _AMENDABLE | _STOPPED, None,
        "NĐ 309/2026 Đ18(2); Mẫu 06"),
    Act("dossier.taken_over", "Nhận bàn giao", _FACT, TakenOver, _OFFICE, _OFFICE_DUTIES, _AMENDABLE | _STOPPED, None,
        "Mẫu 06", ends=("dossier.forwarded",)),
    Act("dossier.opinion_given", "Trả lời ý kiến phối hợp", _FACT, OpinionGiven, _OFFICE, _OFFICE_DUTIES, _BEGUN,
        None, "NĐ 118/2025", needs=("dossier.forwarded",), ends=("dossier.forwarded",)),
    Act("dossier.supplement_requested", "Yêu cầu bổ sung", _DECISION, SupplementRequested,
        (Role.RECEIVER, Role.APPRAISER), (Duty.RECEIVE, Duty.APPRAISE), _in(Status.REGISTERED, Status.PROCESSING),
        Status.SUPPLEMENT, "NĐ 309/2026 Đ17(2)(a); Mẫu 02", undecided=True,
        says=lambda data: {"": "; ".join(sorted(row.name for row in data.components))}),
    Act("dossier.supplied", "Đã bổ sung", _FACT, ComponentsAdded, _COUNTER, (Duty.RECEIVE, Duty.INTAKE),
        _in(Status.SUPPLEMENT), Status.PROCESSING, "", author=Author.EITHER, ends=("dossier.supplement_requested",)),
    Act("dossier.obligation_asked", "Yêu cầu nghĩa vụ tài chính", _DECISION, ObligationAsked,
        (Role.APPRAISER, Role.APPROVER), (Duty.APPRAISE, Duty.APPROVE), _WORK, Status.FINANCIAL, "", undecided=True,
        says=_claims("amount")),
    Act("dossier.obligation_met", "Đã thực hiện nghĩa vụ tài chính", _FACT, ObligationMet,
        (Role.RECEIVER, Role.CASHIER), (Duty.RECEIVE, Duty.COLLECT), _in(Status.FINANCIAL), Status.PROCESSING, "",
        ends=("dossier.obligation_asked",)),
    Act("dossier.clock_stopped", "Tạm dừng tính thời gian", _FACT, ClockStopped,
        (Role.RECEIVER, Role.APPRAISER, Role.APPROVER), (Duty.RECEIVE, Duty.APPRAISE, Duty.APPROVE), _OPEN, None,
        "Quyết định công bố thủ tục", undecided=True),
    Act("dossier.clock_resumed", "Tính tiếp thời gian", _FACT, Note,
        (Role.RECEIVER, Role.APPRAISER, Role.APPROVER), (Duty.RECEIVE, Duty.APPRAISE, Duty.APPROVE), _BEGUN, None,
        "Quyết định công bố thủ tục", needs=("dossier.clock_stopped",), ends=("dossier.clock_stopped",)),
    Act("dossier.appraised", "Thẩm định", _DECISION, Appraised, (Role.APPRAISER,), (Duty.APPRAISE,), _OPEN,
        Status.PROCESSING, "", rests=("dossier.received", "dossier.entered_afterwards"), undecided=True,
        says=_claims("passed")),
    Act("dossier.second_opinion", "Ý kiến thứ hai", _FACT, SecondOpinion, (Role.APPRAISER, Role.APPROVER),
        (Duty.APPRAISE, Duty.APPROVE), _WORK, None, "", needs=("dossier.appraised",)),
    Act("dossier.extended", "Xin lỗi và hẹn lại", _DECISION, Extended, (Role.APPROVER,), (Duty.APPROVE,), _OPEN, None,
        "NĐ 118/2025; Mẫu 04", undecided=True, says=_claims("due")),
    Act("dossier.suspended", "Dừng giải quyết", _DECISION, Suspended, (Role.APPROVER,), (Duty.APPROVE,),
        _in(Status.PROCESSING, Status.SUPPLEMENT, Status.FINANCIAL), Status.STOPPED, "NĐ 118/2025 Đ21; Mẫu 05",
        rests=("dossier.supplement_requested", "dossier.obligation_asked"), undecided=True),
    Act("dossier.withdrawal_asked", "Nhận đơn rút hồ sơ", _FACT, WithdrawalAsked, _COUNTER, (Duty.RECEIVE,),
        _in(Status.REGISTERED, Status.RECEIVED, Status.PROCESSING, Status.SUPPLEMENT), Status.WITHDRAWING,
        "TT 03/2025/TT-VPCP Đ7", undecided=True),
    Act("dossier.withdrawal_granted", "Đồng ý rút hồ sơ", _DECISION, Reasoned, (Role.APPROVER,), (Duty.APPROVE,),
        _in(Status.WITHDRAWING), Status.STOPPED, "TT 03/2025/TT-VPCP Đ7", rests=("dossier.withdrawal_asked",)),
    Act("dossier.withdrawal_refused", "Không đồng ý rút hồ sơ", _DECISION, Reasoned, (Role.APPROVER,), (Duty.APPROVE,),
        _in(Status.WITHDRAWING), Status.PROCESSING, "TT 03/2025/TT-VPCP Đ7", ends=("dossier.withdrawal_asked",),
        rests=("dossier.withdrawal_asked",)),
    # the result
    Act("dossier.approved", "Phê duyệt", _DECISION, Approved, (Role.APPROVER,), (Duty.APPROVE,), _OPEN, Status.DONE,
        "NĐ 30/2020 Đ13; NĐ 118/2025 Đ9", signed=True, rests=("dossier.appraised",), undecided=True,
        says=_claims("result")),
    Act("dossier.refused", "Từ chối giải quyết", _DECISION, RefusedResult, (Role.APPROVER,), (Duty.APPROVE,), _OPEN,
        Status.DONE, "NĐ 30/2020 Đ13", signed=True, rests=("dossier.appraised",), undecided=True,
        says=_claims("result")),
    Act("dossier.sent_back", "Trả lại để thẩm định", _DECISION, Reasoned, (Role.APPROVER,), (Duty.APPROVE,),
        _in(Status.PROCESSING, Status.DONE), Status.PROCESSING, "",
        needs=("dossier.appraised", *_RESULTS), rests=("dossier.appraised", *_RESULTS),
        ends=("dossier.appraised", "dossier.second_opinion", *_RESULTS, "dossier.numbered", "dossier.sealed",
              "dossier.result_ready")),
    Act("dossier.numbered", "Cấp số, ngày", _DECISION, Numbered, (Role.CLERK,), (Duty.SEAL,),
        _in(Status.PROCESSING, Status.DONE), Status.DONE, "NĐ 30/2020 Đ15", needs=_RESULTS, rests=_RESULTS,
        says=_claims("number")),
    Act("dossier.sealed", "Đóng dấu", _DECISION, Sealed, (Role.CLERK,), (Duty.SEAL,),
        _in(Status.PROCESSING, Status.DONE), Status.DONE, "NĐ 30/2020 Đ32–33", signed=True, needs=_RESULTS,
        rests=_RESULTS, says=_claims("result")),
    Act("dossier.number_cancelled", "Huỷ số văn bản", _DECISION, NumberCancelled, (Role.CLERK,), (Duty.SEAL,), _TAKEN,
        None, "NĐ 30/2020 Đ15", ends=("dossier.numbered",), says=lambda data: {data.number: ""}),
    Act("dossier.seal_void", "Huỷ dấu", _DECISION, ResultUndone, (Role.CLERK,), (Duty.SEAL,), _TAKEN, None, "",
        ends=("dossier.sealed",), says=lambda data: {data.result: ""}),
    Act("dossier.result_preserved", "Gắn dấu thời gian", _FACT, Preserved, (Role.ADMINISTRATOR,), (Duty.CATALOG,),
        _TAKEN, None, "ETSI EN 319 142-1", author=Author.EITHER, needs=_RESULTS,
        says=lambda data: {data.result: data.level}),
    # the citizen
    Act("dossier.result_ready", "Có kết quả tại quầy", _FACT, ResultNamed, (Role.RECEIVER, Role.CLERK),
        (Duty.RETURN, Duty.SEAL), _RESULT, None, ""),
    Act("dossier.originals_collected", "Thu bản chính", _FACT, OriginalsCollected, _COUNTER, (Duty.RETURN,), _RESULT,
        None, ""),
    Act("dossier.returned", "Trả kết quả", _FACT, Returned, _COUNTER, (Duty.RETURN,), _RESULT, Status.RETURNED,
        "NĐ 118/2025 Đ22"),
    Act("dossier.result_recalled", "Thu hồi kết quả", _DECISION, ResultUndone, (Role.APPROVER, Role.SUPERVISOR),
        (Duty.APPROVE, Duty.DESK), _TAKEN, None, "", says=lambda data: {data.result: ""}),
    Act("dossier.corrected", "Đính chính bằng hồ sơ khác", _FACT, Linked, (Role.RECEIVER, Role.APPROVER),
        (Duty.RECEIVE, Duty.APPROVE), _in(Status.RETURNED), None, ""),
    # money
    Act("dossier.fee_notified", "Thông báo nộp phí, lệ phí", _DECISION, FeeNotified, (Role.CASHIER, Role.RECEIVER),
        (Duty.COLLECT, Duty.RECEIVE), _TAKEN, None, "NĐ 118/2025 Đ24; Luật 97/2015", ends=("dossier.fee_notified",)),
    Act("dossier.fee_collected", "Thu phí, lệ phí", _FACT, FeeCollected, _CASH, (Duty.COLLECT,), _BEGUN, None,
        "Luật 97/2015; NĐ 254/2026 Đ24", says=lambda data: {line.name: data.receipt.symbol for line in data.lines}),
    Act("dossier.fee_voided", "Huỷ biên lai", _DECISION, ReceiptUndone, _CASH, (Duty.COLLECT,), _BEGUN, None,
        "TT 91/2026/TT-BTC Đ20", witness=(Role.CASHIER, Role.SUPERVISOR), needs=("dossier.fee_collected",),
        says=lambda data: {data.collected: ""}),
    Act("dossier.fee_refunded", "Hoàn phí, lệ phí", _FACT, FeeRefunded, _CASH, (Duty.COLLECT,), _BEGUN, None,
        "NĐ 254/2026", witness=(Role.CASHIER, Role.SUPERVISOR), needs=("dossier.fee_collected",),
        says=lambda data: {data.collected: ""}),
    Act("dossier.receipt_replaced", "Thay biên lai", _FACT, ReceiptReplaced, _CASH, (Duty.COLLECT, Duty.CATALOG), _BEGUN,
        None, "TT 91/2026/TT-BTC Đ20", author=Author.EITHER, needs=("dossier.fee_collected",),
        says=lambda data: {data.collected: ""}),
    # paper
    Act("dossier.printed", "In giấy", _FACT, Printed, (), (), _BEGUN, None, "", author=Author.EITHER),
    Act("dossier.reprinted", "In lại", _FACT, Printed, (), (), _BEGUN, None, ""),
    # the desk
    Act("dossier.settled", "Đối soát", _DECISION, Settled, (Role.DESK_OFFICER,), (Duty.DESK,), _BEGUN, None, "",
        says=lambda data: {"": ",".join(data.stands)}),
)  # fmt: skip

_QUEUE: Final = (Duty.QUEUE,)
_IN_LINE: Final = _in(VisitStatus.WAITING, VisitStatus.CALLED, VisitStatus.SKIPPED)
_CALLS: Final = ("visit.called", "visit.recalled", "visit.skipped", "visit.transferred")

VISIT: Final[tuple[Act, ...]] = (
    Act("visit.ticket_taken", "Lấy số", _FACT, TicketTaken, _COUNTER, (Duty.KIOSK, Duty.QUEUE), _in(VisitStatus.NONE),
        VisitStatus.WAITING, "", author=Author.EITHER),
    Act("visit.called", "Gọi số", _FACT, AtCounter, _COUNTER, _QUEUE, _in(VisitStatus.WAITING), VisitStatus.CALLED, "",
        ends=_CALLS),
    Act("visit.recalled", "Gọi lại", _FACT, AtCounter, _COUNTER, _QUEUE,
        _in(VisitStatus.CALLED, VisitStatus.SKIPPED, VisitStatus.SERVED), VisitStatus.CALLED, "",
        ends=(*_CALLS, "visit.served")),
    Act("visit.skipped", "Bỏ qua", _FACT, AtCounter, _COUNTER, _QUEUE, _in(VisitStatus.CALLED), VisitStatus.SKIPPED,
        "", ends=_CALLS),
    Act("visit.transferred", "Chuyển quầy", _FACT, AtCounter, _COUNTER, _QUEUE, _IN_LINE, VisitStatus.WAITING, "",
        ends=_CALLS),
    Act("visit.served", "Đã phục vụ", _FACT, Served, _COUNTER, _QUEUE, _in(VisitStatus.CALLED), VisitStatus.SERVED, "",
        ends=_CALLS),
    Act("visit.rated", "Đánh giá", _FACT, Rated, (), (Duty.KIOSK, Duty.QUEUE),
        _in(VisitStatus.CALLED, VisitStatus.SERVED), None, "QĐ 766/QĐ-TTg", author=Author.MACHINE,
        says=lambda data: {data.phase: ""}),
    Act("visit.abandoned", "Khách rời đi", _FACT, Abandoned, _COUNTER, (Duty.QUEUE, Duty.KIOSK), _IN_LINE,
        VisitStatus.ABANDONED, "", author=Author.EITHER),
)  # fmt: skip

PETITION: Final[tuple[Act, ...]] = (
    Act("petition.filed", "Nhận phản ánh, kiến nghị", _FACT, PetitionFiled, (Role.RECEIVER, Role.SUPERVISOR),
        (Duty.PETITION, Duty.RECEIVE, Duty.KIOSK), _in(PetitionStatus.NONE), PetitionStatus.OPEN,
        "QĐ 766/QĐ-TTg", author=Author.EITHER),
    Act("petition.answered", "Trả lời phản ánh, kiến nghị", _DECISION, PetitionAnswered, (Role.SUPERVISOR,),
        (Duty.PETITION,), _in(PetitionStatus.OPEN), PetitionStatus.ANSWERED, "", rests=("petition.filed",),
        says=_claims("text")),
    Act("petition.closed", "Đóng phản ánh, kiến nghị", _DECISION, PetitionClosed, (Role.SUPERVISOR,),
        (Duty.PETITION,), _in(PetitionStatus.OPEN, PetitionStatus.ANSWERED), PetitionStatus.CLOSED, "",
        rests=("petition.filed", "petition.answered")),
)  # fmt: skip

_ADMIN: Final = (Role.ADMINISTRATOR, Role.SUPERVISOR)
NODE: Final[tuple[Act, ...]] = (
    Act("node.outage_opened", "Bắt đầu sự cố", _FACT, OutageOpened, (), (), _ANY_NODE, None, "NĐ 309/2026 Đ4(2a)",
        author=Author.EITHER),
    Act("node.outage_closed", "Hết sự cố", _FACT, OutageClosed, (), (), _ANY_NODE, None, "", author=Author.EITHER,
        needs=("node.outage_opened",), ends=("node.outage_opened",)),
    Act("node.shift_opened", "Mở ca", _FACT, ShiftOpened, _CASH, (Duty.COLLECT,), _ANY_NODE, None, ""),
    Act("node.shift_closed", "Đóng ca, kiểm quỹ", _FACT, ShiftClosed, _CASH, (Duty.COLLECT,), _ANY_NODE, None, "",
        needs=("node.shift_opened",), ends=("node.shift_opened",)),
    Act("node.day_closed", "Khoá sổ ngày", _FACT, DayClosed, (), (), _ANY_NODE, None, "TT 91/2026/TT-BTC (01/TH-BLĐT)",
        author=Author.EITHER, says=lambda data: {data.day: str(data.last_seq)}),
    Act("node.closed", "Đóng máy trạm", _DECISION, NodeClosed, _ADMIN, (), _ANY_NODE, NodeStatus.CLOSED, ""),
)  # fmt: skip

TABLE: Final[tuple[Act, ...]] = (*DOSSIER, *VISIT, *PETITION, *NODE)
BY_KIND: Final[Mapping[str, Act]] = {act.kind: act for act in TABLE}
