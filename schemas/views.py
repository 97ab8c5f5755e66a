"""What was in force at any entry of the catalog, and what central's later word changes in acts already written.

`Said` is what central has said so far; only `schemas.catalog` adds to it, after it has proven an entry. A `View` looks
into it as of one number, and so two views of one number answer alike, whatever was said since.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from schemas.calendar import Calendar, Year
from schemas.entries import (
    Admission,
    Agency,
    Anchor,
    ApplicationForm,
    Card,
    Centre,
    Choice,
    Commune,
    Cut,
    DataAnswer,
    Delegation,
    Entry,
    Fork,
    Form,
    NumberRange,
    Password,
    Person,
    Procedure,
    Queue,
    Redaction,
    Report,
    Revocation,
    RevocationList,
    Role,
    SignOut,
    subject_of,
    within,
)
from schemas.events import moment
from schemas.fees import FeeTable

T = TypeVar("T")


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
        """Take in the entry of this number of the catalog; entries come in their order."""
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


@dataclass
class Said:
    """Every entry applied, by kind and subject, with its number."""

    names: list[str] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    """When each entry was written, by central's clock."""
    versions: dict[tuple[type[Any], str], list[tuple[int, Any]]] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)

    def learn(self, number: int, entry: Entry) -> None:
        """Keep what entry `number` says. No view sees it before its name is there."""
        self.versions.setdefault((type(entry), subject_of(entry)), []).append((number, entry))
        self.trust.learn(number, entry)

    def cards_of(self, node: str) -> list[Card]:
        """Every card that a node ever had."""
        return [card for _, card in self.versions.get((Card, node), ())]


@dataclass(frozen=True, slots=True)
class View:
    """The catalog as of one entry."""

    said: Said
    number: int

    @property
    def name(self) -> str:
        """The name of this entry; empty before the first."""
        return self.said.names[self.number - 1] if self.number else ""

    def age(self, at: str) -> timedelta:
        """How long before a moment central last said something here; nothing before its first entry."""
        if not self.number:
            return timedelta()
        return moment(at) - self.said.moments[self.number - 1]

    def _find(self, kind: type[T], subject: str, day: date | None = None) -> T | None:
        for number, entry in reversed(self.said.versions.get((kind, subject), ())):
            if number <= self.number and (day is None or entry.since <= day):
                found: T = entry
                return found
        return None

    def _all(self, kind: type[T], day: date | None = None) -> Iterator[T]:
        for of_kind, subject in list(self.said.versions):
            if of_kind is kind:
                entry = self._find(kind, subject, day)
                if entry is not None:
                    yield entry

    def versions(self, kind: type[T], subject: str) -> list[tuple[int, T]]:
        """All that was ever said on a subject with the numbers of the entries, the oldest first."""
        said = self.said.versions.get((kind, subject), ())
        return [(number, entry) for number, entry in list(said) if number <= self.number]

    def communes(self, day: date) -> list[Commune]:
        """All that there are on a Vietnamese day, by code."""
        return sorted(self._all(Commune, day), key=lambda commune: commune.code)

    def centre(self) -> Centre | None:
        """Who the centre is; None before an entry has said it."""
        return self._find(Centre, "centre")

    def card(self, node: str) -> Card | None:
        """The newest that was said of the machine; None for one that is not known (yet)."""
        return self._find(Card, node)

    def card_entry(self, node: str) -> int:
        """The number of the entry that says a machine's card; 0 without one."""
        versions = self.said.versions.get((Card, node), ())
        return max((number for number, _ in versions if number <= self.number), default=0)

    def title_of(self, node: str) -> str:
        """What people call the machine `node`: "Quầy 03"; its id, where the catalog does not know it (yet)."""
        card = self.card(node)
        return card.title if card else node

    def cards(self) -> list[Card]:
        """The newest of each machine."""
        return list(self._all(Card))

    def agency(self, code: str) -> Agency | None:
        """The newest that was said; None for one that is not known (yet)."""
        return self._find(Agency, code)

    def agency_name(self, code: str) -> str:
        """Its code, where the catalog does not know it (yet)."""
        found = self.agency(code)
        return found.name if found else code

    def agencies(self) -> list[Agency]:
        """All that there are, by code."""
        return sorted(self._all(Agency), key=lambda agency: agency.code)

    def procedure(self, code: str, day: date) -> Procedure | None:
        """The version in force on a Vietnamese day; None once it is abolished."""
        found = self._find(Procedure, code, day)
        return None if found is None or not within(day, found.since, found.until) else found

    def delegation(self, name: str) -> Delegation | None:
        """By its id, whether it holds or not; None for one that is not known (yet)."""
        return self._find(Delegation, name)

    def anchors(self) -> list[Anchor]:
        """All that ever were trusted; each says on which days."""
        return sorted(self._all(Anchor), key=lambda anchor: anchor.id)

    def revocation_list(self, issuer: str) -> RevocationList | None:
        """The newest list of an authority."""
        return self._find(RevocationList, issuer)

    def application_forms(self, procedure: str = "") -> list[ApplicationForm]:
        """The newest word on every blank of a procedure, or of all of them; also on those that are posted no longer."""
        found = [one for one in self._all(ApplicationForm) if procedure in ("", one.procedure)]
        return sorted(found, key=lambda one: (one.procedure, one.name, one.id))

    def named_files(self) -> set[str]:
        """The files that the newest entries name: pictures, authorities, lists of revoked certificates, blanks."""
        people, agencies = list(self._all(Person)), list(self._all(Agency))
        named = {one.signature for one in people} | {one.seal for one in agencies}
        coming = [*(one.coming for one in people), *(one.coming for one in agencies)]
        named |= {one.file for one in coming if one is not None}
        named |= {one.file for one in self._all(Anchor)} | {one.file for one in self._all(RevocationList)}
        named |= {one.file for one in self._all(ApplicationForm)}
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
        """What holds on a Vietnamese day; None for one that is not known then."""
        return self._find(Commune, code, day)

    def forms(self, code: str) -> list[Form]:
        """The versions of a form that were published, the oldest entry first (`printing.forms.Forms` chooses)."""
        return [entry for _, entry in self.versions(Form, code)]

    def ranges(self, node: str, day: date | None = None) -> list[NumberRange]:
        """The numbers that a machine may give on a Vietnamese day (None: on any), by the ids of their ranges."""
        held = [
            one
            for one in self._all(NumberRange)
            if one.node == node and (day is None or within(day, one.since, one.until))
        ]
        return sorted(held, key=lambda one: one.id)

    def queue(self, code: str) -> Queue | None:
        """The newest word on a queue, from whatever day on."""
        return self._find(Queue, code)

    def queues(self, day: date) -> list[Queue]:
        """What a visitor may choose on a day."""
        found = [one for one in self._all(Queue, day) if within(day, one.since, one.until)]
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
            if one.what == "result" and one.symbol == agency and within(day, one.since, one.until)
        ]
        return sorted(held, key=lambda one: one.first)

    def ended(self, what: str, name: str, at: str) -> bool:
        """Whether a certificate or delegation had ended at a moment, as far as this catalog says."""
        number = self.said.trust.revoked_since(what, name, at)
        return number is not None and number <= self.number

    def fee_table(self, procedure: str) -> FeeTable | None:
        """What a procedure costs, with all dates and reliefs; None where only its own `fees` say it."""
        return self._find(FeeTable, procedure)

    def procedures(self, day: date) -> list[Procedure]:
        """Those in force on a Vietnamese day, by code."""
        found = [one for one in self._all(Procedure, day) if within(day, one.since, one.until)]
        return sorted(found, key=lambda procedure: procedure.code)

    def person(self, name: str) -> Person | None:
        """By their id, whether they still have a role or not; None for somebody who is not known (yet)."""
        return self._find(Person, name)

    def name_of(self, person: str) -> str:
        """A person's name; their id, where the catalog does not know them (yet)."""
        found = self.person(person)
        return found.name if found else person

    def password(self, person: str) -> Password | None:
        """What the password of the person with this id is checked against; None for who has none."""
        return self._find(Password, person)

    def all_delegations(self) -> list[Delegation]:
        """Every delegation, the newest first, whether it holds or not."""
        return sorted(self._all(Delegation), key=lambda one: (one.since, one.id), reverse=True)

    def revocation(self, what: str, name: str) -> Revocation | None:
        """The newest of a "certificate" or a "delegation" with this name; None where nothing was revoked."""
        return self._find(Revocation, f"{what} {name}")

    def data_answers(self) -> list[DataAnswer]:
        """Those to people who asked for their data, the newest first."""
        return sorted(self._all(DataAnswer), key=lambda one: one.id, reverse=True)

    def people(self) -> list[Person]:
        """All that there are by id, with those who have no role any more."""
        return sorted(self._all(Person), key=lambda person: person.id)

    def holder_of(self, certificate: bytes) -> Person | Agency | None:
        """Whose certificate (DER) this is, or ever was: a renewed one still stands on old papers."""
        return next((one for one in self.holders() if certificate in one.ders()), None)

    def holders(self) -> Iterator[Person | Agency]:
        """All that was ever said of people and agencies, the newest of each first."""
        for (kind, _), versions in list(self.said.versions.items()):
            if kind is Person or kind is Agency:
                yield from (entry for number, entry in reversed(versions) if number <= self.number)

    def calendar(self) -> Calendar:
        """All years that anybody wrote down, confirmed or not."""
        return Calendar({year.year: year for year in self._all(Year)})
