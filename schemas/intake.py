"""What comes online: the request of a portal as it is read at the door, and what of it waits for a counter. Pure.

A portal names each submission; the same name again is the same submission once more, and changes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from schemas.acts import Attachment, ComponentsAdded, Party, ReceivedComponent, Registered, Status, Submission
from schemas.events import Event, Unknown
from schemas.fold import Dossier, Place
from schemas.identity import digits, is_filler, is_personal_number, is_phone, is_tax_code
from schemas.numbers import looks_like_a_number
from schemas.spelling import composed
from schemas.turned_away import REGISTERED

ADDED: Final = "dossier.components_added"
SUPPLIED: Final = "dossier.supplied"
NOT_RECEIVED: Final = "dossier.not_received"
REQUESTED: Final = "dossier.supplement_requested"
MOST_FILES: Final = 20
NEW, SUPPLEMENT = "new", "supplement"
PUBLIC_PC: Final = "public-pc"
"""Instead of a portal: filed by hand at a machine of the centre. Its names are codes of their own."""
FILED: Final = "NT"
"""How such a code begins: NT-261126-7K3M-9QXA."""

Words = Annotated[str, Meta(min_length=1, max_length=300)]
Maybe = Annotated[str, Meta(max_length=300)]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern="^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_MAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
"""As a browser's `input type=email` has it (HTML, 4.10.5.1.5): no comment, no route, no quoted name."""
_UNSEEN: Final = ("Cc", "Cf", "Co", "Cs", "Cn")


class SentParty(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`identity`: a personal number (12 digits) or a tax code; empty for who has neither."""

    name: Words
    identity: Maybe = ""
    address: Maybe = ""
    phone: Maybe = ""
    email: Maybe = ""


class SentFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PDF or a JPEG in base64. `component` is the paper that it is; several files may be of one."""

    component: Words
    content: bytes


class OnlineDossier(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """One submission. `id` is the portal's name for it; `number` the dossier's code where the portal gave one."""

    id: Name
    procedure: Words
    applicant: SentParty
    files: Annotated[tuple[SentFile, ...], Meta(max_length=MOST_FILES)] = ()
    submitter: SentParty | None = None
    authorisation: Maybe = ""
    number: Maybe = ""
    case: Maybe = ""
    return_by: Literal["centre", "post"] = "centre"
    notify: bool = False


class SentSupplement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What form 02 asked for."""

    files: Annotated[tuple[SentFile, ...], Meta(min_length=1, max_length=MOST_FILES)]


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a request: where in it, and what to do."""

    field: str
    detail: str


def problems_of(sent: OnlineDossier) -> Iterator[Problem]:
    """What a person would have been told at the form; nothing where all is well."""
    if _NAME.fullmatch(sent.id) is None:
        yield Problem("id", "letters, digits and . _ : - only, at most 100")
    if sent.number and not looks_like_a_number(sent.number):
        yield Problem("number", "no dossier code: AGENCY-YYMMDD-NNNN, as H37.08-261126-0001")
    yield from _of_party("applicant", sent.applicant)
    if sent.submitter is not None:
        yield from _of_party("submitter", sent.submitter)
    if not sent.files:
        yield Problem("files", "nothing was handed in: at least one file")


def _of_party(field: str, sent: SentParty) -> Iterator[Problem]:
    if not any(one.isalpha() for one in sent.name):
        yield Problem(f"{field}.name", "a name has letters")
    number = digits(sent.identity)
    if number and (is_filler(number) or not (is_personal_number(number) or is_tax_code(number))):
        yield Problem(f"{field}.identity", "neither a personal number of 12 digits nor a tax code")
    if sent.phone and not is_phone(digits(sent.phone)):
        yield Problem(f"{field}.phone", "no Vietnamese telephone number")
    if sent.email and not is_mail(sent.email):
        yield Problem(f"{field}.email", "no mail address")


def is_mail(text: str) -> bool:
    """Whether mail can be sent there: one @, something on both sides, and nothing that could be a second header."""
    local, at, domain = text.partition("@")
    return bool(at and local and "." in domain) and _MAIL.fullmatch(text) is not None


def cleaned(text: str) -> str:
    """A line as it is kept: NFC, single spaces, nothing that cannot be seen."""
    return "".join(one for one in composed(text) if unicodedata.category(one) not in _UNSEEN)


def party_of(sent: SentParty) -> Party:
    """Cleaned: numbers as digits alone, lines as they are kept."""
    return Party(
        name=cleaned(sent.name),
        identity=digits(sent.identity),
        address=cleaned(sent.address),
        phone=digits(sent.phone),
        email=sent.email,
    )


def components_of(files: Sequence[SentFile]) -> tuple[ReceivedComponent, ...]:
    """Each paper once, as so many copies as files of it came: an original cannot come over a line."""
    counts: dict[str, int] = {}
    for one in files:
        name = cleaned(one.component)
        counts[name] = counts.get(name, 0) + 1
    return tuple(ReceivedComponent(name, 0, copies=count) for name, count in counts.items())


# ---- what waits


class Waiting(msgspec.Struct, frozen=True):
    """A dossier that came online and is not received yet, as the inbox lists it."""

    stream: str
    state: str
    at: str
    agency: str
    procedure: str
    procedure_name: str
    applicant: str
    number: str
    portal: str
    files: int


def registered_of(dossier: Dossier) -> Registered | None:
    """What was registered; None where nothing was, or its words are gone."""
    done = dossier.standing.newest.get(REGISTERED)
    return done.data if done is not None and isinstance(done.data, Registered) else None


def submission_of(dossier: Dossier) -> Submission | None:
    """Under which name of which portal it came; None for what came another way."""
    registered = registered_of(dossier)
    return registered.submission if registered is not None and registered.submission else None


def waiting_of(dossier: Dossier, events: Sequence[Event | Unknown]) -> Waiting | None:
    """None for what did not come online, was received, or was answered for good."""
    registered = registered_of(dossier)
    if registered is None or registered.channel != "online" or dossier.standing.receipt is not None:
        return None
    states = {Status.REGISTERED: NEW, Status.SUPPLEMENT: SUPPLEMENT}
    state = states.get(dossier.status)
    if state is None:
        return None
    return Waiting(
        dossier.stream,
        state,
        dossier.standing.newest[REGISTERED].at,
        registered.agency,
        registered.procedure,
        registered.procedure_name,
        registered.applicant.name,
        registered.number,
        registered.submission.portal if registered.submission else "",
        len(files_of(dossier, events)),
    )


def files_of(dossier: Dossier, events: Sequence[Event | Unknown]) -> list[Attachment]:
    """The files that came before the reception, in the order of the acts that brought them."""
    by_hash = {event.hash: event for event in events if isinstance(event, Event)}
    brought = [
        by_hash[line.hash].data
        for line in dossier.timeline
        if line.kind in (ADDED, SUPPLIED) and line.place not in _WITHOUT_EFFECT and line.hash in by_hash
    ]
    return [one for data in brought if data for one in msgspec.convert(data, ComponentsAdded).files]


_WITHOUT_EFFECT: Final = (Place.HELD, Place.WAITING, Place.NEWER, Place.REDACTED)


class Accepted(msgspec.Struct, frozen=True):
    """What a portal is told of a submission. `status` is that of the national exchange (1 … 10); `number` is there once
    somebody has received the dossier, or from the beginning where the portal gave one."""

    id: str
    dossier: str
    status: int
    number: str
    due: str


def accepted_of(name: str, dossier: Dossier) -> Accepted:
    """What a portal is told of what it sent: number and due moment are "" while there is none."""
    registered, received = registered_of(dossier), dossier.received
    number = received.number if received is not None else registered.number if registered is not None else ""
    due = dossier.standing.due if received is not None else ""
    return Accepted(name, dossier.stream, dossier.status.value, number, due)
