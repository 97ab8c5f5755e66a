"""What the hall prints: the ticket of a visit, what became of a petition, where a dossier stands, what is posted of a
procedure, and the sticker of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from printing.content import Paper, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket(Paper):
    """A queue ticket: a number that can be read from a chair, nothing about who holds it."""

    FORM: ClassVar[str] = "ticket"
    MADE: ClassVar[str] = "taken"
    NAME: ClassVar[str] = "ticket"
    MUST: ClassVar[tuple[str, ...]] = ("ticket", "group", "counters", "taken")

    ticket: str
    group: str
    """The group of fields that the visitor chose."""
    counters: str
    priority: str
    waiting: int
    estimate: str
    taken: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PetitionSlip(Paper):
    """The number of a petition, by when it is answered, and the answer once there is one. It names nobody."""

    FORM: ClassVar[str] = "petition"
    MADE: ClassVar[str] = "filed"
    MUST: ClassVar[tuple[str, ...]] = ("number", "filed", "due", "answer")

    number: str
    filed: datetime
    due: datetime
    answered: datetime | None
    answer: str
    page: str
    """Where anybody may read it at home; "" where the centre has no public page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpSlip(Paper):
    """Where a dossier stands, for whoever asked at a kiosk. It names nobody, and takes the place of no slip."""

    FORM: ClassVar[str] = "look-up"
    MADE: ClassVar[str] = "asked"
    MUST: ClassVar[tuple[str, ...]] = ("number", "state", "asked")

    number: str
    state: str
    what: str
    """What follows from it for whoever asked."""
    procedure: str
    due: datetime | None
    paused: str
    """Said where there is no due moment, because the time is not counted now."""
    returned: datetime | None
    missing: str
    """Papers that were asked for, and by when."""
    owed: str
    known: str
    """As of when, and where."""
    page: str
    asked: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedPaper(Row):
    """A paper that a procedure asks for."""

    tt: int
    name: str
    originals: int
    copies: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureSheet(Paper):
    """What is posted of a procedure, to take along: papers, fee, limit, blanks."""

    FORM: ClassVar[str] = "procedure"
    MADE: ClassVar[str] = "printed"
    NAME: ClassVar[str] = "code"
    SUBJECT: ClassVar[str] = "procedure"
    MUST: ClassVar[tuple[str, ...]] = ("code", "procedure", "limit", "fees", "printed")

    code: str
    procedure: str
    field: str
    resolving: str
    limit: str
    not_counted: str
    fees: str
    reliefs: str
    result: str
    decision: str
    papers: tuple[PostedPaper, ...]
    cases: str
    blanks: str
    page: str
    printed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticker(Paper):
    """On the folder: scanning it opens the dossier, or takes the folder over."""

    FORM: ClassVar[str] = "sticker"
    MADE: ClassVar[str] = "received"
    MUST: ClassVar[tuple[str, ...]] = ("number", "applicant", "due")

    number: str
    applicant: str
    procedure: str
    resolving: str
    received: datetime
    due: datetime
