"""What the hall prints: the ticket of a visit, and the sticker of a folder."""

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
