"""What a submitter is given at the counter: forms 01, 02 and 03 (TT 03/2025/TT-VPCP)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from printing.content import Paper, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Component(Row):
    """A paper of a dossier with its numbers of originals, certified and plain copies."""

    tt: int
    name: str
    originals: int
    certified: int
    copies: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptSlip(Paper):
    """Form 01: everything that it says of one reception."""

    FORM: ClassVar[str] = "01"
    MADE: ClassVar[str] = "received"
    SUBJECT: ClassVar[str] = "procedure"
    MUST: ClassVar[tuple[str, ...]] = (
        "number",
        "applicant",
        "submitter",
        "procedure",
        "limit",
        "received",
        "due",
        "receiver",
        "print_count",
    )

    counter: str
    """As the citizen knows it: "Quầy 03"."""
    book: str
    serial: str
    number: str
    applicant: str
    applicant_id_kind: str
    """In the middle of a line: "mã số thuế", "số căn cước"."""
    applicant_id: str
    submitter: str
    authorisation: str
    """By what paper the submitter acts for the applicant; empty where they are one person."""
    address: str
    phone: str
    email: str
    id_kind: str
    """At the beginning of a line: "Số căn cước", "Số hộ chiếu"."""
    id_number: str
    procedure: str
    procedure_code: str
    components: tuple[Component, ...]
    sets: int
    limit: str
    """In words: "04 ngày làm việc"."""
    received: datetime
    due: datetime
    due_note: str
    """Why then: "thứ Hai; không tính 24/11 là ngày nghỉ và 28, 29/11"."""
    return_place: str
    receiver: str
    second_received: datetime | None = None
    """Of procedures with a second phase that begins when an obligation is met (domain §1.5)."""
    second_due: datetime | None = None

    def facts(self) -> dict[str, str]:
        """As those of every paper; the sets in two digits."""
        return {**Paper.facts(self), "sets": f"{self.sets:02d}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectronicSlip(ReceiptSlip):
    """Form 01 as a file for somebody who filed online: one copy, no signature of the applicant."""

    FORM: ClassVar[str] = "01-e"
    MUST: ClassVar[tuple[str, ...]] = (
        "number",
        "applicant",
        "submitter",
        "procedure",
        "limit",
        "received",
        "due",
        "receiver",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PadRow(Row):
    """An empty line for a paper of the dossier."""

    tt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipPad(Paper):
    """Form 01 to be filled by hand when the power is gone, with its number: somebody still leaves with a paper."""

    FORM: ClassVar[str] = "01-pad"
    MADE: ClassVar[str] = "printed"
    MUST: ClassVar[tuple[str, ...]] = ("number", "counter", "valid")

    counter: str
    number: str
    """Of the line of the register's pad that belongs to it (`course.RegisterPad`); the dossier gets its own later."""
    valid: str
    lines: tuple[PadRow, ...]
    printed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Row):
    """One dossier of a list slip."""

    tt: int
    number: str
    procedure: str
    agency: str
    applicant: str
    received: datetime
    due: datetime
    limit: str
    sets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSlip(Paper):
    """Form 01 for one submitter with many dossiers, with the list that goes with it."""

    FORM: ClassVar[str] = "01-list"
    MADE: ClassVar[str] = "received"
    MUST: ClassVar[tuple[str, ...]] = ("count", "submitter", "received", "receiver", "print_count")

    counter: str
    book: str
    serial: str
    submitter: str
    address: str
    phone: str
    email: str
    id_kind: str
    id_number: str
    dossiers: tuple[Received, ...]
    received: datetime
    return_place: str
    receiver: str

    @property
    def name(self) -> str:
        """Book and serial, not the number of any dossier."""
        return f"{self.book}-{self.serial}"

    def facts(self) -> dict[str, str]:
        """As those of every paper, and how many dossiers and sets there are in all."""
        return {
            **Paper.facts(self),
            "count": f"{len(self.dossiers):02d}",
            "sets": str(sum(one.sets for one in self.dossiers)),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplementRequest(Paper):
    """Form 02: everything that is still missing, in one list (NĐ 309/2026 Đ17(2)(a))."""

    FORM: ClassVar[str] = "02"
    MADE: ClassVar[str] = "asked"
    SUBJECT: ClassVar[str] = "procedure"
    MUST: ClassVar[tuple[str, ...]] = (
        "number",
        "submitter",
        "procedure",
        "reason",
        "until",
        "guide",
        "print_count",
    )

    paper_number: str
    """The number of the request itself; empty before it has one."""
    counter: str
    number: str
    """Of the dossier; empty where it was not received yet."""
    submitter: str
    procedure: str
    procedure_code: str
    address: str
    phone: str
    email: str
    components: tuple[Component, ...]
    reason: str
    until: datetime | None
    website: str
    contact: str
    contact_phone: str
    guide: str
    asked: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReceived(Paper):
    """Form 03: why a dossier is not received."""

    FORM: ClassVar[str] = "03"
    MADE: ClassVar[str] = "refused"
    NAME: ClassVar[str] = "paper_number"
    SUBJECT: ClassVar[str] = "procedure"
    MUST: ClassVar[tuple[str, ...]] = ("applicant", "procedure", "reason", "receiver", "print_count")

    paper_number: str
    counter: str
    applicant: str
    submitter: str
    address: str
    phone: str
    email: str
    procedure: str
    procedure_code: str
    reason: str
    advice: str
    """Where to go, or what to do instead."""
    receiver: str
    refused: datetime
