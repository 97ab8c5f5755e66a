"""What one entry of the catalog can say: centre, cards, agencies, procedures, people, trust decisions, and so on.

Each is the data of one kind of event that central alone writes (`KINDS`). A later entry on the same subject
(`subject_of`) replaces an earlier one; which of them holds at an act, `schemas.views` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from schemas.calendar import Year
from schemas.canonical import from_base64
from schemas.deadlines import AfterSupplement, Limit, Terms
from schemas.deadlines import Why as NotCounted
from schemas.events import moment
from schemas.fees import FeeTable
from schemas.forms import FormVersion
from schemas.seals import fingerprint, pin_of

Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Dong = Annotated[int, Meta(ge=0, le=10**12)]
AgencyCode = Annotated[str, Meta(pattern=r"^[GH][0-9]{2}(\.[0-9]{2,3})*\Z")]
NamedFile = Annotated[str, Meta(pattern=r"^file-[0-9a-f]{64}\Z")]
FileOrNone = Annotated[str, Meta(pattern=r"^(file-[0-9a-f]{64})?\Z")]


class Role(Enum):
    """What a person may be; the words of design §2."""

    RECEIVER = "receiver"
    APPRAISER = "appraiser"
    APPROVER = "approver"
    CLERK = "clerk"
    CASHIER = "cashier"
    SUPERVISOR = "supervisor"
    DESK_OFFICER = "desk_officer"
    ADMINISTRATOR = "administrator"


class Duty(Enum):
    """What a machine may write, whoever sits at it; stands on its card."""

    RECEIVE = "receive"
    APPRAISE = "appraise"
    APPROVE = "approve"
    RETURN = "return"
    DESK = "desk"
    CATALOG = "catalog"
    INTAKE = "intake"
    SEAL = "seal"
    COLLECT = "collect"
    QUEUE = "queue"
    KIOSK = "kiosk"
    PETITION = "petition"


class Step(Enum):
    """The steps that make a result; a procedure's entry lists those that it needs, in order."""

    APPRAISE = "appraise"
    APPROVE = "approve"
    NUMBER = "number"
    SEAL = "seal"


Der = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]*\Z", max_length=8192)]
"""An X.509 certificate's DER in base64url; empty where there is none."""
Why = Literal["retired", "lost", "stolen", "forked"]


class Centre(msgspec.Struct, frozen=True, omit_defaults=True):
    """The words at the head of every paper; `tls_authority` is the certificate that those of the cards hang on.

    `page` is where anybody checks a paper on the web; the QR codes of papers lead there. Empty: they are only read by
    the centre's own machines.
    `levels` are those between which a visitor chooses who rates a visit (domain §5.1).
    """

    name: Text
    superior: Text
    place: Text
    tls_authority: Der = ""
    page: Annotated[str, Meta(pattern=r"^(https://[0-9A-Za-z][!$-;=?-Z_a-z]{2,60})?\Z")] = ""
    levels: Literal[3, 5] = 3


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """What central grants a node: who it is, its keys, its number's lease, and what it may write.

    No `agencies`: all of them. Machines of one `building` speak with each other while central is out of reach; an
    empty one is the centre's own. `address` is the URL at which other nodes reach it. `tls` is the certificate that it
    shows there: whoever connects asks for the key in it, and for nothing else that it says. A card that was
    `revoked` says why; it opens nothing any more, and what its machine has written is judged as before, up to the cut.
    `front`: whoever has its key answers machines in central's place (decisions/0051); it has no duties.
    """

    node: Text
    place: Text
    title: Text
    number: Annotated[int, Meta(ge=0, le=999)]
    lease_from: date
    lease_to: date
    duties: tuple[Duty, ...]
    ed25519: Text
    x25519: Text
    address: Annotated[str, Meta(max_length=200)] = ""
    max_catalog_age_days: Annotated[int, Meta(ge=1, le=366)] = 30
    agencies: tuple[AgencyCode, ...] = ()
    building: Annotated[str, Meta(max_length=200)] = ""
    tls: Der = ""
    revoked: Why | Literal[""] = ""
    front: bool = False

    @property
    def opens(self) -> bool:
        """Whether other nodes let this one in, and it them: no date decides that, for clocks are wrong on bad days."""
        return not self.revoked

    @property
    def of_the_hall(self) -> bool:
        """A kiosk or a board: it works on no dossier, and keeps none but what it wrote itself."""
        return {Duty.KIOSK, Duty.QUEUE}.issuperset(self.duties)

    @property
    def pin(self) -> str:
        """What a TLS server must prove to be this node: `pin_of` its certificate's key; "" for one without TLS."""
        return pin_of(from_base64(self.tls, "tls")) if self.tls else ""


def within(day: date, since: date | msgspec.UnsetType, until: date | msgspec.UnsetType) -> bool:
    """Both ends count; one that is unset is open."""
    return (since is msgspec.UNSET or since <= day) and (until is msgspec.UNSET or day <= until)


class Account(msgspec.Struct, frozen=True):
    """Where an agency's fees are paid into: the bank's six digits in the NAPAS list (BIN) and name, the account, its holder."""

    bank: Annotated[str, Meta(pattern=r"^[0-9]{6}\Z")]
    bank_name: Text
    number: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{1,19}\Z")]
    holder: Text


def _picture_on(day: date, now: str, coming: Picture | None) -> str:
    """`now` until the coming one takes its place."""
    return coming.file if coming is not None and coming.since <= day else now


class Picture(msgspec.Struct, frozen=True):
    """What takes the place of another picture of the same thing on its first day."""

    file: NamedFile
    since: date


class Agency(msgspec.Struct, frozen=True, omit_defaults=True):
    """`code` is the electronic identification code; a `sample` code stands for one that is not known.

    `abbreviation` ends its document numbers (SXD), `seal` is the picture of its red seal until `next_seal` takes its
    place, `certificates` are those that seal its documents (DER, base64url). `tax_code` and `account` are for its fees.
    """

    code: AgencyCode
    name: Text
    sample: bool = False
    successor_of: tuple[Text, ...] = ()
    since: date | msgspec.UnsetType = msgspec.UNSET
    until: date | msgspec.UnsetType = msgspec.UNSET
    successor: str = ""
    parent: str = ""
    abbreviation: str = ""
    seal: FileOrNone = ""
    certificates: tuple[str, ...] = ()
    tax_code: Annotated[str, Meta(pattern=r"^([0-9]{10}(-?[0-9]{3})?)?\Z")] = ""
    account: Account | msgspec.UnsetType = msgspec.UNSET
    next_seal: Picture | msgspec.UnsetType = msgspec.UNSET

    @property
    def coming(self) -> Picture | None:
        """What takes the place of its seal, once somebody has said it; also when its day has come."""
        return self.next_seal if isinstance(self.next_seal, Picture) else None

    def seal_on(self, day: date) -> str:
        """The picture of its seal on a day; empty where there is none."""
        return _picture_on(day, self.seal, self.coming)

    def ders(self) -> list[bytes]:
        """The DER of all certificates; `Catalog` has made sure that they can be read."""
        return [from_base64(text, "certificate") for text in self.certificates]

    def exists(self, day: date) -> bool:
        """Whether the agency was there on a day; one without dates always was."""
        return within(day, self.since, self.until)


class FeeKind(Enum):
    """Phí pays for a service; lệ phí is the fixed price of an administrative act (Luật 97/2015 Đ3)."""

    CHARGE = "phi"
    FEE = "le_phi"


class Fee(msgspec.Struct, frozen=True, omit_defaults=True):
    """Integer đồng; `until` is the last day on which this rate is collected."""

    kind: FeeKind
    amount: Dong
    until: date | msgspec.UnsetType = msgspec.UNSET


class Component(msgspec.Struct, frozen=True, omit_defaults=True):
    """A paper that a procedure requires, with how many originals and copies.

    `at_return`: its original is shown at reception, and handed in by whoever collects the result (domain §8.5).
    """

    name: Text
    originals: Annotated[int, Meta(ge=0, le=99)]
    copies: Annotated[int, Meta(ge=0, le=99)]
    at_return: bool = False


class Case(msgspec.Struct, frozen=True, omit_defaults=True):
    """One case of a procedure ("trường hợp"), with what differs from the procedure itself."""

    code: Text
    name: Text
    limit: Limit | msgspec.UnsetType = msgspec.UNSET
    components: tuple[Component, ...] = ()
    fees: tuple[Fee, ...] = ()


class Procedure(msgspec.Struct, frozen=True, omit_defaults=True):
    """What can be applied for; `since` is the first day of this version, `until` the last ("bãi bỏ").

    `checklist` is what an appraiser goes through. `wording` and `refusal` are what a result begins as: texts with
    facts of the dossier in braces, and parts in square brackets that vanish with a fact that is not known. In `one_step`
    whoever receives it may decide it at once, and nobody appraises it before.
    """

    code: Annotated[str, Meta(pattern=r"^[0-9]\.[0-9]{6}(\.[0-9A-Z.]+)?\Z")]
    name: Text
    field: Text
    agency: AgencyCode
    limit: Limit
    components: tuple[Component, ...]
    fees: tuple[Fee, ...]
    result: str
    on_site: bool
    steps: tuple[Step, ...]
    since: date
    fee_note: str = ""
    until: date | msgspec.UnsetType = msgspec.UNSET
    cases: tuple[Case, ...] = ()
    decision: str = ""
    in_difficult_communes: Annotated[int, Meta(ge=0, le=60)] = 0
    after_supplement: AfterSupplement = AfterSupplement.RESTART
    not_counted: tuple[NotCounted, ...] = (NotCounted.SUPPLEMENT, NotCounted.FINANCIAL)
    checklist: Annotated[tuple[Text, ...], Meta(max_length=60)] = ()
    wording: Annotated[str, Meta(max_length=2000)] = ""
    refusal: Annotated[str, Meta(max_length=2000)] = ""
    one_step: bool = False

    def limit_of(self, case: str) -> Limit:
        """The limit of a case; the procedure's own where the case says nothing."""
        found = next((one.limit for one in self.cases if one.code == case), msgspec.UNSET)
        return self.limit if found is msgspec.UNSET else found

    def papers(self, case: str = "") -> tuple[Component, ...]:
        """The papers that a case requires; those of the procedure, where the case says nothing of them."""
        found = next((one.components for one in self.cases if one.code == case), msgspec.UNSET)
        return self.components if found is msgspec.UNSET else found

    def terms(self, case: str = "") -> Terms:
        """What it says of its time, whole."""
        return Terms(self.limit_of(case), self.in_difficult_communes, self.after_supplement, self.not_counted)

    def fees_on(self, day: date) -> tuple[Fee, ...]:
        """The fees collected on a day; a rate that has run out is left out, and the note says why."""
        return tuple(fee for fee in self.fees if fee.until is msgspec.UNSET or day <= fee.until)


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """A role and the days on which it holds."""

    role: Role
    since: date
    until: date | msgspec.UnsetType = msgspec.UNSET

    def holds(self, day: date) -> bool:
        """On a Vietnamese day; the first and the last are in it, and without `until` there is no last."""
        return self.since <= day and (self.until is msgspec.UNSET or day <= self.until)


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """A member of staff; `certificates` are DER in base64url, `capacity` is how they sign (TUQ. …).

    `signature` is the picture of their handwritten signature, blue on a transparent ground, until `next_signature` takes
    its place. `agency`: they sit at that agency and not at the centre, and work on its dossiers alone, at whichever machine.
    """

    id: Text
    name: Text
    title: Text
    roles: tuple[Grant, ...]
    capacity: str = ""
    certificates: tuple[str, ...] = ()
    signature: FileOrNone = ""
    agency: Annotated[str, Meta(pattern=r"^([GH][0-9]{2}(\.[0-9]{2,3})*)?\Z")] = ""
    next_signature: Picture | msgspec.UnsetType = msgspec.UNSET

    @property
    def coming(self) -> Picture | None:
        """What takes the place of their handwriting, once somebody has said it; also when its day has come."""
        return self.next_signature if isinstance(self.next_signature, Picture) else None

    def signature_on(self, day: date) -> str:
        """The picture of their handwriting on a day; empty where there is none."""
        return _picture_on(day, self.signature, self.coming)

    def has(self, role: Role, day: date) -> bool:
        """On a Vietnamese day, by any of the grants."""
        return any(grant.role is role and grant.holds(day) for grant in self.roles)

    def roles_on(self, day: date) -> frozenset[Role]:
        """All that are held on a Vietnamese day; empty for who has none then."""
        return frozenset(role for role in Role if self.has(role, day))

    def certificate(self, name: str) -> bytes | None:
        """The person's certificate (DER) with this fingerprint."""
        return next((der for der in self.ders() if fingerprint(der) == name), None)

    def ders(self) -> list[bytes]:
        """The DER of all certificates; `Catalog` has made sure that they can be read."""
        return [from_base64(text, "certificate") for text in self.certificates]


class Delegation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A written TL., TUQ. or KT. (NĐ 30/2020 Đ13): who may sign for whom, when, for which procedures (none: all)."""

    id: Text
    form: Literal["TL", "TUQ", "KT"]
    delegator: Text
    delegate: Text
    decision: Text
    since: date
    until: date
    procedures: tuple[str, ...] = ()

    def holds(self, day: date) -> bool:
        """On a Vietnamese day; the first and the last are in it."""
        return self.since <= day <= self.until

    def covers(self, procedure: str) -> bool:
        """By the procedure's code; one that names none covers all."""
        return not self.procedures or procedure in self.procedures


class Commune(msgspec.Struct, frozen=True, omit_defaults=True):
    """A commune or ward; `difficult` ones have ten working days more for land (domain §3.3)."""

    code: Text
    name: Text
    difficult: bool
    since: date


class Form(FormVersion, frozen=True, omit_defaults=True):
    """A version of a form of paper that an administrator published; one with the same first day replaces it."""

    @property
    def code(self) -> str:
        """The form's number: what its versions have in common in the catalog."""
        return self.number

    @property
    def since(self) -> date:
        """The first Vietnamese day on which paper is printed by it."""
        return self.in_force_from


class NumberRange(msgspec.Struct, frozen=True, omit_defaults=True):
    """Numbers that one machine may give: receipts of a symbol, a pad of printed forms, results of an agency (`symbol`).

    Those of tickets begin anew every day, in each queue (`symbol`, or `*` for all of them).
    """

    id: Text
    node: Text
    what: Literal["receipt", "pad", "result", "ticket"]
    first: Annotated[int, Meta(ge=1, le=99_999_999)]
    last: Annotated[int, Meta(ge=1, le=99_999_999)]
    since: date
    until: date | msgspec.UnsetType = msgspec.UNSET
    form: str = ""
    symbol: str = ""

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("last comes before first")


class Queue(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group of fields that visitors choose at the kiosk; its letters begin the tickets.

    `places` are those of the counters that call it; none means all of them. `phase` is what its visitors rate.
    """

    code: Annotated[str, Meta(pattern=r"^[A-Z]{1,2}\Z")]
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    since: date
    until: date | msgspec.UnsetType = msgspec.UNSET
    english: Annotated[str, Meta(max_length=80)] = ""
    phase: Literal["reception", "return"] = "reception"
    places: Annotated[tuple[Text, ...], Meta(max_length=200)] = ()


Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
CatalogName = Annotated[str, Meta(pattern=r"^[1-9][0-9]*-[0-9a-f]{16}\Z")]
StreamName = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}\Z")]
Moment = Annotated[
    str, Meta(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z\Z")
]


class Cut(msgspec.Struct, frozen=True, omit_defaults=True):
    """Up to where the events of a machine fold, by itself, whatever its key still seals afterwards."""

    node: Text
    database: Literal["dossiers", "visits"]
    last_seq: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    last_hash: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
    why: Why


class Fork(msgspec.Struct, frozen=True, omit_defaults=True):
    """Two events with one number, seen by central: until a cut, decisions of the machine from there on are doubted."""

    node: Text
    database: Literal["dossiers", "visits"]
    seq: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    events: Annotated[tuple[Hash, ...], Meta(min_length=2, max_length=2)]


class Admission(msgspec.Struct, frozen=True, omit_defaults=True):
    """The desk lets one held act have its effect."""

    event: Hash
    reason: Text


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row that needs other streams: central found it and tells every node. `members` are acts, by hash."""

    id: Text
    row: Literal["portal_twice", "possible_duplicate", "number_twice"]
    streams: Annotated[tuple[StreamName, ...], Meta(min_length=1, max_length=9)]
    members: Annotated[tuple[Hash, ...], Meta(min_length=2, max_length=9)]
    number: str = ""
    closed: bool = False


class Revocation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A certificate (by the SHA-256 of its DER) or a delegation that ended, and since when."""

    what: Literal["certificate", "delegation"]
    name: Text
    since: Moment
    reason: Text

    def __post_init__(self) -> None:
        moment(self.since)


class Anchor(msgspec.Struct, frozen=True, omit_defaults=True):
    """A certificate authority that is trusted on these days; `file` is its certificate, `id` the SHA-256 of the DER.

    `timestamps`: for time-stamps, not for people and organisations.
    """

    id: Hash
    name: Text
    file: NamedFile
    since: date
    until: date | msgspec.UnsetType = msgspec.UNSET
    timestamps: bool = False

    def holds(self, day: date) -> bool:
        """On a Vietnamese day."""
        return within(day, self.since, self.until)


class ApplicationForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """A blank that applicants fill in ("mẫu đơn, tờ khai"), posted with a procedure on these days; `file` is of `type`."""

    id: Text
    procedure: Annotated[str, Meta(pattern=r"^[0-9]\.[0-9]{6}(\.[0-9A-Z.]+)?\Z")]
    name: Text
    file: NamedFile
    type: Literal["pdf", "docx"]
    since: date
    until: date | msgspec.UnsetType = msgspec.UNSET

    def holds(self, day: date) -> bool:
        """On a Vietnamese day."""
        return within(day, self.since, self.until)


class RevocationList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A list of revoked certificates: of which anchor (`issuer`), made when, and until when it is fresh."""

    issuer: Hash
    file: NamedFile
    made: Moment
    fresh_until: Moment

    def __post_init__(self) -> None:
        if moment(self.fresh_until) < moment(self.made):
            raise ValueError("fresh_until comes before made")


class Redaction(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the law demands to be gone (design §3.6): an event's data, or a file; two persons sign the entry."""

    target: Annotated[str, Meta(pattern=r"^(file-)?[0-9a-f]{64}\Z")]
    ground: Text


class Password(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person's long password is checked against, at every node and offline: argon2id, never the password.

    A `temporary` one was handed out by an administrator, and opens nothing but the page that asks for another.
    """

    person: Text
    verifier: Annotated[str, Meta(pattern=r"^\$argon2id\$[ -~]{20,300}\Z")]
    temporary: bool = False


class SignOut(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ends every session of a person that began under an earlier catalog, at every node; no clock is asked.

    `forget_pins`: the PINs that were set under an earlier catalog, too (a PIN was stolen, somebody left).
    """

    person: Text
    reason: Text
    forget_pins: bool = False


class DataAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a person's request about their data was answered (Luật 91/2025/QH15), or a restriction lifted.

    It names dossiers and files, never the person: the catalog goes to every machine and stays for ever.
    """

    id: Text
    what: Literal["given", "corrected", "restricted", "lifted", "refused", "redacted"]
    ground: Text
    reason: Text
    asked: date
    streams: Annotated[tuple[StreamName, ...], Meta(max_length=200)] = ()
    targets: Annotated[tuple[str, ...], Meta(max_length=200)] = ()


MOST_DROPPED: Final = 2_000
"""Entries that one choice leaves out."""


class Choice(msgspec.Struct, frozen=True):
    """Of two branches of the catalog this one goes on, as two administrators chose: `after` is the last entry of both.

    What names an entry of the other one (`dropped`, by name) is judged by `after`.
    """

    after: Annotated[int, Meta(ge=1)]
    dropped: Annotated[tuple[CatalogName, ...], Meta(min_length=1, max_length=MOST_DROPPED)]
    reason: Text


class Confirmation(msgspec.Struct, frozen=True):
    """That nothing newer is to be known: written when central has had nothing else to say for some days."""

    day: date


Entry = (
    Centre | Card | Agency | Procedure | Person | Year | Delegation | Commune | Form | NumberRange
    | Cut | Fork | Admission | Report | Revocation | Redaction | Password | SignOut | DataAnswer
    | Anchor | RevocationList | FeeTable | Confirmation | Queue | Choice | ApplicationForm
)  # fmt: skip

KINDS: Final[Mapping[str, type[Any]]] = {
    "centre.defined": Centre,
    "card.granted": Card,
    "agency.defined": Agency,
    "procedure.defined": Procedure,
    "person.defined": Person,
    "calendar.defined": Year,
    "delegation.granted": Delegation,
    "commune.defined": Commune,
    "form.defined": Form,
    "range.granted": NumberRange,
    "fees.defined": FeeTable,
    "catalog.confirmed": Confirmation,
    "catalog.chosen": Choice,
    "cut.made": Cut,
    "fork.reported": Fork,
    "event.admitted": Admission,
    "conflict.reported": Report,
    "trust.revoked": Revocation,
    "event.redacted": Redaction,
    "password.set": Password,
    "person.signed_out": SignOut,
    "data.answered": DataAnswer,
    "anchor.defined": Anchor,
    "crl.published": RevocationList,
    "queue.defined": Queue,
    "application_form.posted": ApplicationForm,
}


def kind_of(entry: Entry) -> str:
    """The event kind that says an entry."""
    return next(kind for kind, content in KINDS.items() if content is type(entry))


def subject_of(entry: Entry) -> str:
    """What an entry is about: a later entry on the same subject replaces it."""
    match entry:
        case Centre():
            return "centre"
        case Card():
            return entry.node
        case Agency() | Procedure() | Commune() | Form() | Queue():
            return entry.code
        case Person() | Delegation() | NumberRange() | Report() | DataAnswer() | Anchor() | ApplicationForm():
            return entry.id
        case Password() | SignOut():
            return entry.person
        case Year():
            return str(entry.year)
        case FeeTable():
            return entry.procedure
        case Confirmation():
            return "catalog"
        case Choice():
            return f"{entry.after} {entry.dropped[0]}"
        case Cut():
            return f"{entry.node} {entry.database}"
        case Fork():
            return f"{entry.node} {entry.database} {entry.seq}"
        case Admission():
            return entry.event
        case Revocation():
            return f"{entry.what} {entry.name}"
        case Redaction():
            return entry.target
        case RevocationList():
            return entry.issuer
