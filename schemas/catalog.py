"""The catalog: what central says, entry by entry, and what was in force at any entry.

Central alone writes it. Its chain numbers the entries: `seq` is the catalog's number, and an event that
names catalog "413-9f2c01ab44d0e7aa" is judged, by everybody and for ever, against exactly the first 413
entries. Entries are applied along `prev`, none left out; the first is central's own card, signed by the
centre's certificate authority, whose certificate is pinned at enrolment and is the root of all trust.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from schemas.calendar import Calendar, Year
from schemas.canonical import from_base64
from schemas.deadlines import AfterSupplement, Limit, Terms
from schemas.deadlines import Why as NotCounted
from schemas.enrolment import incarnation
from schemas.errors import CatalogBroken, Malformed
from schemas.events import Document, Event, Unknown, moment, parse
from schemas.fees import FeeTable
from schemas.forms import FormVersion
from schemas.seals import fingerprint, pin_of, seal_holds, signature_holds

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


def _within(day: date, since: date | msgspec.UnsetType, until: date | msgspec.UnsetType) -> bool:
    return (since is msgspec.UNSET or since <= day) and (until is msgspec.UNSET or day <= until)


class Account(msgspec.Struct, frozen=True):
    """Where an agency's fees are paid into: the bank's six digits in the NAPAS list (BIN) and name, the account, its holder."""

    bank: Annotated[str, Meta(pattern=r"^[0-9]{6}\Z")]
    bank_name: Text
    number: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{1,19}\Z")]
    holder: Text


class Agency(msgspec.Struct, frozen=True, omit_defaults=True):
    """`code` is the electronic identification code; a `sample` code stands for one that is not known.

    `abbreviation` ends its document numbers (SXD), `seal` is the picture of its red seal, `certificates` are those
    that seal its documents (DER, base64url). `tax_code` and `account` are for its fees.
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

    def ders(self) -> list[bytes]:
        """The DER of all certificates; `_entry` has made sure that they can be read."""
        return [from_base64(text, "certificate") for text in self.certificates]

    def exists(self, day: date) -> bool:
        """Whether the agency was there on a day; one without dates always was."""
        return _within(day, self.since, self.until)


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
    """What can be applied for; `since` is the first day of this version, `until` the last ("bãi bỏ")."""

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
        return self.since <= day and (self.until is msgspec.UNSET or day <= self.until)


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """A member of staff; `certificates` are DER in base64url, `capacity` is how they sign (TUQ. …).

    `signature` is the picture of their handwritten signature, blue on a transparent ground.
    """

    id: Text
    name: Text
    title: Text
    roles: tuple[Grant, ...]
    capacity: str = ""
    certificates: tuple[str, ...] = ()
    signature: FileOrNone = ""

    def has(self, role: Role, day: date) -> bool:
        return any(grant.role is role and grant.holds(day) for grant in self.roles)

    def roles_on(self, day: date) -> frozenset[Role]:
        return frozenset(role for role in Role if self.has(role, day))

    def certificate(self, name: str) -> bytes | None:
        """The person's certificate (DER) with this fingerprint."""
        return next((der for der in self.ders() if fingerprint(der) == name), None)

    def ders(self) -> list[bytes]:
        """The DER of all certificates; `_entry` has made sure that they can be read."""
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
        return self.since <= day <= self.until

    def covers(self, procedure: str) -> bool:
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
        return self.number

    @property
    def since(self) -> date:
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
        return _within(day, self.since, self.until)


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


class Choice(msgspec.Struct, frozen=True):
    """Of two branches of the catalog this one goes on, as two administrators chose: `after` is the last entry of both.

    What names an entry of the other one (`dropped`, by name) is judged by `after`.
    """

    after: Annotated[int, Meta(ge=1)]
    dropped: Annotated[tuple[CatalogName, ...], Meta(min_length=1, max_length=2000)]
    reason: Text


class Confirmation(msgspec.Struct, frozen=True):
    """That nothing newer is to be known: written when central has had nothing else to say for some days."""

    day: date


Entry = (
    Centre | Card | Agency | Procedure | Person | Year | Delegation | Commune | Form | NumberRange
    | Cut | Fork | Admission | Report | Revocation | Redaction | Password | SignOut | DataAnswer
    | Anchor | RevocationList | FeeTable | Confirmation | Queue | Choice
)  # fmt: skip
T = TypeVar("T")

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
        case Person() | Delegation() | NumberRange() | Report() | DataAnswer() | Anchor():
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


@dataclass
class Trust:
    """What central's later word changes in acts already written: the only thing that does (design §3.3).
    Beside it, whom it has signed out, and which dossiers it has restricted.

    Each with the number of its entry: an act is judged by what its author could know.
    """

    cuts: dict[str, Cut] = field(default_factory=dict)
    forks: dict[str, tuple[int, int]] = field(default_factory=dict)
    admitted: dict[str, int] = field(default_factory=dict)
    revoked: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    redacted: dict[str, str] = field(default_factory=dict)
    reports: dict[str, dict[str, list[tuple[int, Report]]]] = field(default_factory=dict)
    restricted: dict[str, DataAnswer] = field(default_factory=dict)
    signed_out: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    said: list[tuple[int, Entry]] = field(default_factory=list)
    """All such entries, in order: what has to be folded again when they come."""
    people: dict[str, list[tuple[int, Person]]] = field(default_factory=dict)

    def learn(self, number: int, entry: Entry) -> None:
        if (isinstance(entry, Person) and self._ends_a_role(entry)) or isinstance(
            entry, Cut | Fork | Admission | Revocation | Redaction | Report | Year | Choice
        ):
            self.said.append((number, entry))
        match entry:
            case Cut(database="dossiers"):
                self.cuts[entry.node] = entry
            case Fork(database="dossiers"):
                seq, _ = self.forks.get(entry.node, (entry.seq, number))
                self.forks[entry.node] = (min(seq, entry.seq), number)
            case Admission():
                self.admitted.setdefault(entry.event, number)
            case Revocation():
                since, first = self.revoked.get((entry.what, entry.name), (entry.since, number))
                self.revoked[entry.what, entry.name] = (min(since, entry.since), first)
            case Redaction():
                self.redacted[entry.target] = entry.ground
            case Person():
                self.people.setdefault(entry.id, []).append((number, entry))
            case Report():
                for stream in entry.streams:
                    self.reports.setdefault(stream, {}).setdefault(entry.id, []).append((number, entry))
            case DataAnswer(what="restricted"):
                self.restricted.update(dict.fromkeys(entry.streams, entry))
            case DataAnswer(what="lifted"):
                for stream in entry.streams:
                    self.restricted.pop(stream, None)
            case SignOut():
                self.signed_out.setdefault(entry.person, []).append((number, entry.forget_pins))
            case _:
                pass

    def is_cut(self, node: str, seq: int, event_hash: str) -> bool:
        """Whether an event lies beyond the cut of its machine."""
        cut = self.cuts.get(node)
        if cut is None:
            return False
        return seq > cut.last_seq or (seq == cut.last_seq and event_hash != cut.last_hash)

    def answers(self, node: str, seq: int) -> bool:
        """Whether a machine was cut before a number that it used twice: what it wrote under it is held anyhow.

        A cut further on, of a machine that was lost, answers nothing: who has its key can go back behind it.
        """
        cut = self.cuts.get(node)
        return cut is not None and cut.last_seq < seq

    def signed_out_since(self, person: str, number: int, *, pins: bool = False) -> bool:
        """Whether a person was signed out everywhere after catalog `number`; with `pins`, of their PINs too."""
        return any(n > number and (forgets or not pins) for n, forgets in self.signed_out.get(person, ()))

    def reports_of(self, stream: str, number: int) -> list[Report]:
        """What central said of a dossier and others, as of a catalog number; the newest word on each."""
        said = self.reports.get(stream, {}).values()
        found = ([report for since, report in one if since <= number] for one in said)
        return [one[-1] for one in found if one]

    def revoked_since(self, what: str, name: str, at: str) -> int | None:
        """The number of the entry by which this had ended at or before a moment."""
        since, number = self.revoked.get((what, name), ("", 0))
        return number if number and since <= at else None

    def _ends_a_role(self, entry: Person) -> bool:
        """Whether an entry that replaces others on a person has last days of roles."""
        return entry.id in self.people and any(grant.until is not msgspec.UNSET for grant in entry.roles)

    def role_ended_since(self, person: str, roles: tuple[Role, ...], day: date, known: int) -> int | None:
        """The number of the first entry after `known` by which the person's role had ended before a day.

        A role ends by its last day. A grant that is merely left out of a later entry ends nothing that was done; one
        that is given back later leaves the question to the desk, as with a certificate.
        """
        for number, entry in self.people.get(person, ()):
            of_role = [grant for grant in entry.roles if grant.role in roles and grant.since <= day]
            if number > known and of_role and not any(grant.holds(day) for grant in of_role):
                return number
        return None


def _follows(node: str, before: str) -> bool:
    """Whether one is a later installation at the place of the other."""
    try:
        (place, number), (other, earlier) = incarnation(node), incarnation(before)
    except Malformed:
        return False
    return place == other and number > earlier


@dataclass
class Catalog:
    """The entries applied so far. `root` is the DER of the centre's pinned CA certificate."""

    root: bytes
    names: list[str] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    """When each entry was written, by central's clock."""
    _numbers: dict[str, int] = field(default_factory=dict)
    _tip: str = ""
    _centre: str | None = None
    _seated: str | None = None
    _introduced: dict[str, Card] = field(default_factory=dict)
    _dropped: dict[str, int] = field(default_factory=dict)
    _versions: dict[tuple[type[Any], str], list[tuple[int, Any]]] = field(default_factory=dict)
    _streams: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)

    @property
    def number(self) -> int:
        return len(self.names)

    @property
    def centre(self) -> str | None:
        """Central's node id: the newest whose card the authority has signed, wherever that was seen."""
        return self._centre

    @property
    def seated(self) -> str | None:
        """The central that wrote the newest entry applied. A new one that has written none yet only collects."""
        return self._seated

    def card_of(self, node: str) -> Card | None:
        """The newest card of a node; that of a new central counts from when it was introduced."""
        return self.latest.card(node) or self._introduced.get(node)

    def introduce(self, document: Document) -> Card | None:
        """Hear of a central: its own card, sealed by itself and signed by the authority; None for anything else.

        Who is central the authority says and nobody else; where in the catalog its card stands does not matter here.
        """
        try:
            event = parse(document)
            if isinstance(event, Unknown) or event.kind != "card.granted" or event.signed is None:
                return None
            card = msgspec.convert(event.data, Card)
        except (Malformed, msgspec.ValidationError):
            return None
        if card.node != event.node or Duty.CATALOG not in card.duties:
            return None
        if not (signature_holds(event, self.root) and seal_holds(document, card.ed25519)):
            return None
        self._introduced[card.node] = card
        self._meet(card.node)
        return card

    def _meet(self, node: str) -> None:
        if self._centre is None or _follows(node, self._centre):
            self._centre = node

    def key_of_central(self, node: str) -> str | None:
        """The key of one that is, was or will be central; None for any other node."""
        card = self._introduced.get(node)
        if card is None and node == self._seated:
            card = self.latest.card(node)
        return None if card is None else card.ed25519

    @property
    def tip(self) -> str:
        """The hash of the newest entry applied."""
        return self._tip

    @property
    def name(self) -> str:
        """What an event written now puts in `catalog`; empty before the first entry."""
        return self.names[-1] if self.names else ""

    def apply(self, documents: Iterable[Document]) -> None:
        """Apply the next entries, in order of `seq`. Raises `CatalogBroken` and applies none of them.

        One seal is verified for the whole run: entry n's seal proves its `prev`, and so every entry before.
        """
        first = self.number + 1
        run = [(document, self._parsed(document, seq)) for seq, document in enumerate(documents, first)]
        if not run:
            return
        before, tip = self.name, self._tip
        for seq, (_, event) in enumerate(run, first):
            if event.seq != seq or event.prev != tip or event.catalog != before:
                raise CatalogBroken(seq, "does not follow the entry before it")
            before, tip = f"{seq}-{event.hash[:16]}", event.hash
        entries = [self._entry(event) for _, event in run]
        self._prove(run, entries)
        for (document, event), entry in zip(run, entries, strict=True):
            if isinstance(entry, Card) and entry.node == event.node and event.signed is not None:
                self.introduce(document)
            if entry is not None:
                self._versions.setdefault((type(entry), subject_of(entry)), []).append((event.seq, entry))
                self._streams[event.kind, subject_of(entry)] = (event.stream, event.hash)
                self.trust.learn(event.seq, entry)
            if isinstance(entry, Choice):
                self._dropped.update(dict.fromkeys(entry.dropped, entry.after))
            self._seated = event.node
            self._centre = self._centre or event.node
            self.moments.append(moment(event.at))
            # last: another thread that sees the new number finds its entry
            self.names.append(f"{event.seq}-{event.hash[:16]}")
            self._numbers[self.name] = event.seq
        self._tip = tip

    def keys_of(self, node: str) -> frozenset[str]:
        """Every Ed25519 key that a node's cards ever had (base64url)."""
        return frozenset(card.ed25519 for _, card in self._versions.get((Card, node), ()))

    def stream_of(self, entry: Entry) -> tuple[str, str] | None:
        """The stream of an entry's subject and its newest event; None for a new subject."""
        return self._streams.get((kind_of(entry), subject_of(entry)))

    def at(self, name: str) -> View | None:
        """What was in force at a named catalog; None when we have not applied it (the event waits)."""
        number = self._numbers.get(name, self._dropped.get(name))
        return None if number is None else View(self, number)

    def drops(self, name: str) -> bool:
        """Whether an entry belongs to a branch that was not chosen."""
        return name in self._dropped

    def become(self, other: Catalog) -> None:
        """Say from now on what another one says: one of two branches was chosen, and this was the other."""
        introduced = {**self._introduced, **other._introduced}
        vars(self).update(vars(other))
        self._introduced = introduced
        for node in introduced:
            self._meet(node)

    @property
    def latest(self) -> View:
        return View(self, self.number)

    def _parsed(self, document: Document, seq: int) -> Event:
        try:
            event = parse(document)
        except Malformed as why:
            raise CatalogBroken(seq, str(why)) from why
        if isinstance(event, Unknown):
            raise CatalogBroken(seq, "written by a newer version; update this node")
        return event

    def _entry(self, event: Event) -> Entry | None:
        """The entry's content; a kind that a newer version writes is kept in the chain and not applied."""
        kind = KINDS.get(event.kind)
        if kind is None:
            return None
        try:
            entry: Entry = msgspec.convert(event.data, kind)
            if isinstance(entry, Person | Agency):
                entry.ders()
            if isinstance(entry, Card):
                from_base64(entry.tls, "tls")
            if isinstance(entry, Redaction | Choice) and len({event.by, *event.with_} - {""}) < 2:
                raise Malformed("with", "it needs two persons")
        except (msgspec.ValidationError, Malformed) as why:
            raise CatalogBroken(event.seq, str(why)) from why
        return entry

    def _prove(self, run: list[tuple[Document, Event]], entries: list[Entry | None]) -> None:
        first = run[0][1]
        if first.seq == 1:
            card = entries[0]
            if not isinstance(card, Card) or card.node != first.node or Duty.CATALOG not in card.duties:
                raise CatalogBroken(1, "the first entry is central's own card")
            if not signature_holds(first, self.root):
                raise CatalogBroken(1, "not signed by the pinned certificate authority")
        else:
            found = self.latest.card(self._seated or "")
            assert found is not None, "entry 1 is central's card"  # noqa: S101 - an invariant of this class
            card = found
        for place, ((document, event), entry) in enumerate(zip(run, entries, strict=True)):
            takes_over = self._takes_over(card, event, entry)
            renewed = entry if isinstance(entry, Card) and entry.node == card.node else None
            # the seal of the last entry proves those before it, as far back as the key is the same
            followed = place + 1 < len(run) and run[place + 1][1].node == event.node
            proves = renewed is not None or takes_over is not None or not followed
            key = (takes_over or card).ed25519
            if (takes_over or card).node != event.node or (proves and not seal_holds(document, key)):
                raise CatalogBroken(event.seq, "not sealed by central")
            card = takes_over or renewed or card

    def _takes_over(self, card: Card, event: Event, entry: Entry | None) -> Card | None:
        """The card of a new central, where an entry is that: signed by the authority, of a later installation."""
        if event.node == card.node or not isinstance(entry, Card) or entry.node != event.node:
            return None
        if Duty.CATALOG not in entry.duties or not signature_holds(event, self.root):
            return None
        return entry if _follows(entry.node, card.node) else None


@dataclass(frozen=True, slots=True)
class View:
    """The catalog as of one entry."""

    catalog: Catalog
    number: int

    @property
    def name(self) -> str:
        return self.catalog.names[self.number - 1] if self.number else ""

    def age(self, at: str) -> timedelta:
        """How long before a moment central last said something here; nothing before its first entry."""
        if not self.number:
            return timedelta()
        return moment(at) - self.catalog.moments[self.number - 1]

    def _find(self, kind: type[T], subject: str, day: date | None = None) -> T | None:
        for number, entry in reversed(self.catalog._versions.get((kind, subject), ())):
            if number <= self.number and (day is None or entry.since <= day):
                found: T = entry
                return found
        return None

    def _all(self, kind: type[T], day: date | None = None) -> Iterator[T]:
        for of_kind, subject in list(self.catalog._versions):
            if of_kind is kind:
                entry = self._find(kind, subject, day)
                if entry is not None:
                    yield entry

    def centre(self) -> Centre | None:
        return self._find(Centre, "centre")

    def card(self, node: str) -> Card | None:
        return self._find(Card, node)

    def card_entry(self, node: str) -> int:
        """The number of the entry that says a machine's card; 0 without one."""
        versions = self.catalog._versions.get((Card, node), ())
        return max((number for number, _ in versions if number <= self.number), default=0)

    def cards(self) -> list[Card]:
        return list(self._all(Card))

    def agency(self, code: str) -> Agency | None:
        return self._find(Agency, code)

    def agencies(self) -> list[Agency]:
        return sorted(self._all(Agency), key=lambda agency: agency.code)

    def procedure(self, code: str, day: date) -> Procedure | None:
        """The version in force on a Vietnamese day; None once it is abolished."""
        found = self._find(Procedure, code, day)
        return None if found is None or not _within(day, found.since, found.until) else found

    def delegation(self, name: str) -> Delegation | None:
        return self._find(Delegation, name)

    def anchors(self) -> list[Anchor]:
        """All that ever were trusted; each says on which days."""
        return sorted(self._all(Anchor), key=lambda anchor: anchor.id)

    def revocation_list(self, issuer: str) -> RevocationList | None:
        """The newest list of an authority."""
        return self._find(RevocationList, issuer)

    def named_files(self) -> set[str]:
        """The files that the newest entries name: pictures, authorities, lists of revoked certificates."""
        named = {one.signature for one in self._all(Person)} | {one.seal for one in self._all(Agency)}
        named |= {one.file for one in self._all(Anchor)} | {one.file for one in self._all(RevocationList)}
        return named - {""}

    def delegations_of(self, person: str) -> list[Delegation]:
        """Every power that somebody was ever lent."""
        return sorted(
            (one for one in self._all(Delegation) if one.delegate == person), key=lambda one: one.id
        )

    def delegations(self, person: str, day: date) -> list[Delegation]:
        """What a person may sign by on a day."""
        held = [one for one in self._all(Delegation) if one.delegate == person and one.holds(day)]
        return sorted(held, key=lambda one: one.id)

    def commune(self, code: str, day: date) -> Commune | None:
        return self._find(Commune, code, day)

    def forms(self, code: str) -> list[Form]:
        """The versions of a form that were published, the oldest entry first (`printing.forms.Forms` chooses)."""
        versions = self.catalog._versions.get((Form, code), ())
        return [entry for number, entry in list(versions) if number <= self.number]

    def ranges(self, node: str, day: date) -> list[NumberRange]:
        held = [
            one for one in self._all(NumberRange) if one.node == node and _within(day, one.since, one.until)
        ]
        return sorted(held, key=lambda one: one.id)

    def queue(self, code: str) -> Queue | None:
        """The newest word on a queue, from whatever day on."""
        return self._find(Queue, code)

    def queues(self, day: date) -> list[Queue]:
        """What a visitor may choose on a day."""
        found = [one for one in self._all(Queue, day) if _within(day, one.since, one.until)]
        return sorted(found, key=lambda queue: queue.code)

    def ticket_ranges(self, node: str, code: str, day: date) -> list[NumberRange]:
        """The numbers that a machine may give in a queue on a day, lowest first."""
        held = [one for one in self.ranges(node, day) if one.what == "ticket" and one.symbol in (code, "*")]
        return sorted(held, key=lambda one: one.first)

    def all_ranges(self) -> list[NumberRange]:
        """Whatever was granted to any machine, in force or not: numbers are never given twice."""
        return sorted(self._all(NumberRange), key=lambda one: one.id)

    def result_ranges(self, agency: str, day: date) -> list[NumberRange]:
        """The ranges of an agency's register of documents that machines may number from on a day, lowest first."""
        held = [
            one
            for one in self._all(NumberRange)
            if one.what == "result" and one.symbol == agency and _within(day, one.since, one.until)
        ]
        return sorted(held, key=lambda one: one.first)

    def ended(self, what: str, name: str, at: str) -> bool:
        """Whether a certificate or delegation had ended at a moment, as far as this catalog says."""
        number = self.catalog.trust.revoked_since(what, name, at)
        return number is not None and number <= self.number

    def fee_table(self, procedure: str) -> FeeTable | None:
        """What a procedure costs, with all dates and reliefs; None where only its own `fees` say it."""
        return self._find(FeeTable, procedure)

    def procedures(self, day: date) -> list[Procedure]:
        found = [one for one in self._all(Procedure, day) if _within(day, one.since, one.until)]
        return sorted(found, key=lambda procedure: procedure.code)

    def person(self, name: str) -> Person | None:
        return self._find(Person, name)

    def password(self, person: str) -> Password | None:
        return self._find(Password, person)

    def all_delegations(self) -> list[Delegation]:
        """Every delegation, the newest first, whether it holds or not."""
        return sorted(self._all(Delegation), key=lambda one: (one.since, one.id), reverse=True)

    def revocation(self, what: str, name: str) -> Revocation | None:
        return self._find(Revocation, f"{what} {name}")

    def data_answers(self) -> list[DataAnswer]:
        return sorted(self._all(DataAnswer), key=lambda one: one.id, reverse=True)

    def people(self) -> list[Person]:
        return sorted(self._all(Person), key=lambda person: person.id)

    def holder_of(self, certificate: bytes) -> Person | Agency | None:
        """Whose certificate (DER) this is, or ever was: a renewed one still stands on old papers."""
        return next((one for one in self.holders() if certificate in one.ders()), None)

    def holders(self) -> Iterator[Person | Agency]:
        """All that was ever said of people and agencies, the newest of each first."""
        for (kind, _), versions in list(self.catalog._versions.items()):
            if kind is Person or kind is Agency:
                yield from (entry for number, entry in reversed(versions) if number <= self.number)

    def calendar(self) -> Calendar:
        return Calendar({year.year: year for year in self._all(Year)})
