"""What the hall prints: the ticket of a visit, what became of a petition, and the sticker of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from printing.content import Paper


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
