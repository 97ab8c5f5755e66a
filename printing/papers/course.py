"""What accompanies a dossier on its way: forms 04 to 07 (TT 03/2025/TT-VPCP), and the slips of its hand-overs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from printing.content import Paper, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(Paper):
    """Form 04: the resolving agency is sorry, and names a new day. Its title is data, by the day of its fact."""

    FORM: ClassVar[str] = "04"
    MADE: ClassVar[str] = "written"
    SUBJECT: ClassVar[str] = "procedure"
    MUST: ClassVar[tuple[str, ...]] = (
        "number",
        "applicant",
        "received",
        "due",
        "new_due",
        "reason",
        "capacity",
        "signer",
    )

    paper_number: str
    number: str
    applicant: str
    address: str
    phone: str
    field: str
    procedure: str
    centre: str
    """Where the dossier was received and the letter is kept too."""
    received: datetime
    due: datetime
    new_due: datetime
    reason: str
    capacity: str
    """By what right the signer signs, a line each: "KT. GIÁM ĐỐC\\nPHÓ GIÁM ĐỐC"."""
    signer: str
    written: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension(Paper):
    """Form 05: the dossier is not worked on any further."""

    FORM: ClassVar[str] = "05"
    MADE: ClassVar[str] = "suspended"
    SUBJECT: ClassVar[str] = "procedure"
    MUST: ClassVar[tuple[str, ...]] = (
        "number",
        "applicant",
        "procedure",
        "ground",
        "reason",
        "capacity",
        "signer",
    )

    paper_number: str
    number: str
    applicant: str
    address: str
    phone: str
    procedure: str
    procedure_code: str
    centre: str
    received: datetime
    ground: str
    """The legal ground."""
    reason: str
    returned: str
    """What goes back to the applicant: papers, money."""
    capacity: str
    signer: str
    suspended: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Row):
    """One hand-over: who gave the folder to whom, when, and how the stage before ended. Empty lines are for pens."""

    giver: str
    taker: str
    handed: datetime | None
    given_by: str
    taken_by: str
    timeliness: str
    """ "Trước hạn", "Đúng hạn", "Quá hạn"."""
    note: str = ""


EMPTY_STAGE = Stage(giver="", taker="", handed=None, given_by="", taken_by="", timeliness="")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSlip(Paper):
    """Form 06: lies in the folder and says who had it."""

    FORM: ClassVar[str] = "06"
    MADE: ClassVar[str] = "received"
    SUBJECT: ClassVar[str] = "procedure"
    MUST: ClassVar[tuple[str, ...]] = ("number", "applicant", "received", "due", "resolving")

    book: str
    serial: str
    number: str
    applicant: str
    procedure: str
    received: datetime
    due: datetime
    resolving: str
    coordinating: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Row):
    """One line of the register."""

    tt: int
    number: str
    procedure: str
    sets: int
    applicant: str
    contact: str
    """Address and phone."""
    resolving: str
    received: datetime
    due: datetime | None
    returned: datetime | None
    return_by: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Paper):
    """Form 07: what was received and returned in a span of days."""

    FORM: ClassVar[str] = "07"
    MADE: ClassVar[str] = "printed"
    MUST: ClassVar[tuple[str, ...]] = ("counter", "first", "last", "count")

    counter: str
    first: date
    last: date
    entries: tuple[Entry, ...]
    keeper: str
    printed: datetime

    @property
    def name(self) -> str:
        """The first day that it lists."""
        return f"{self.first:%d/%m/%Y}"

    def facts(self) -> dict[str, str]:
        """As those of every paper, and how many dossiers it lists."""
        return {**Paper.facts(self), "count": str(len(self.entries))}


@dataclass(frozen=True, slots=True, kw_only=True)
class PadLine(Row):
    """An empty line of the pad with its number printed."""

    tt: int
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPad(Paper):
    """Form 07 to be filled by hand when the power is gone: the numbers are printed, so that none is given twice."""

    FORM: ClassVar[str] = "07-pad"
    MADE: ClassVar[str] = "printed"
    MUST: ClassVar[tuple[str, ...]] = ("counter", "valid")

    counter: str
    valid: str
    """From when to when these numbers may be used."""
    lines: tuple[PadLine, ...]
    printed: datetime

    @property
    def name(self) -> str:
        """The first and the last number printed; empty without a line."""
        return f"{self.lines[0].number} – {self.lines[-1].number}" if self.lines else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder(Row):
    """One dossier of a hand-over."""

    tt: int
    number: str
    procedure: str
    applicant: str
    received: datetime
    due: datetime | None
    sets: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(Paper):
    """Dossiers that go from the centre to an agency."""

    FORM: ClassVar[str] = "handover"
    MADE: ClassVar[str] = "handed"
    MUST: ClassVar[tuple[str, ...]] = ("giver", "taker", "count", "handed")

    giver: str
    taker: str
    folders: tuple[Folder, ...]
    given_by: str
    taken_by: str
    handed: datetime

    @property
    def name(self) -> str:
        """Who takes them, and the day."""
        return f"{self.taker} {self.handed:%d/%m/%Y}"

    def facts(self) -> dict[str, str]:
        """As those of every paper, and how many dossiers go, in two digits."""
        return {**Paper.facts(self), "count": f"{len(self.folders):02d}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack(HandOver):
    """Dossiers that come back from an agency to the centre."""

    FORM: ClassVar[str] = "takeback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Row):
    """One result of a hand-over list. `fee` and `post` are "X" or empty."""

    tt: int
    number: str
    subject: str
    result: str
    applicant: str
    address: str
    fee: str
    post: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultList(Paper):
    """Results that come from an agency to the centre ("Phiếu bàn giao kết quả giải quyết TTHC")."""

    FORM: ClassVar[str] = "results"
    MADE: ClassVar[str] = "handed"
    MUST: ClassVar[tuple[str, ...]] = ("giver", "taker", "count", "handed")

    giver: str
    taker: str
    results: tuple[Result, ...]
    given_by: str
    taken_by: str
    handed: datetime

    @property
    def name(self) -> str:
        """Who gives them, and the day."""
        return f"{self.giver} {self.handed:%d/%m/%Y}"

    def facts(self) -> dict[str, str]:
        """As those of every paper, and how many results come, in two digits."""
        return {**Paper.facts(self), "count": f"{len(self.results):02d}"}
