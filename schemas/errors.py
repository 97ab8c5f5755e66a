"""What the domain says no with.

    Refused                      a person or a program asked for what cannot be; says why and what to do
    ├── Malformed                a document that is no event: `field` and `why`
    ├── NotAllowed               an act that the rules do not allow here and now: `because`, `detail`
    ├── NoNumber                 a dossier number cannot be given
    │   ├── NumbersUsedUp        nor one for a result, from what this machine was granted
    │   ├── TicketsUsedUp        nor one for a visitor, in this queue, today
    │   └── ReceiptsUsedUp       nor one for a receipt
    └── NoDueMoment              a time limit cannot be counted
    CatalogBroken                the catalog's chain does not hold: stop and keep the evidence

Only `NotAllowed` is ever shown to a clerk; the web layer words it by `because`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Refused(Exception):
    """What was asked for cannot be; nothing was changed."""


@dataclass
class Malformed(Refused):
    """A document that breaks a write rule (design: §3.2, §7)."""

    field: str
    why: str

    def __str__(self) -> str:
        return f"{self.field}: {self.why}"


class Because(Enum):
    """Why an act is not allowed; pages word it in Vietnamese, reports count it."""

    UNKNOWN_KIND = "unknown_kind"
    NO_SUCH_PERSON = "no_such_person"
    ROLE = "role"
    DUTY = "duty"
    STATUS = "status"
    CONTESTED = "contested"
    NOT_APPRAISED = "not_appraised"
    SAME_PERSON = "same_person"
    SIGNATURE = "signature"
    CERTIFICATE = "certificate"
    NO_SUCH_CONFLICT = "no_such_conflict"
    TOOK_PART = "took_part"
    NO_SUCH_PROCEDURE = "no_such_procedure"
    NUMBER = "number"
    DATA = "data"
    RESTS_ON = "rests_on"
    INCOMPLETE = "incomplete"
    WITNESS = "witness"
    DELEGATION = "delegation"
    MONEY = "money"
    SHIFT = "shift"
    CATALOG_AGE = "catalog_age"
    ORIGINALS = "originals"
    AGENCY = "agency"


@dataclass
class NotAllowed(Refused):
    """An act that the rules do not allow; `detail` is for programs and for the desk."""

    because: Because
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.because.value}: {self.detail}" if self.detail else self.because.value


@dataclass
class NoNumber(Refused):
    """A dossier number cannot be given: no agency code, no lease, or the day is outside the lease."""

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass
class NumbersUsedUp(NoNumber):
    """This machine was granted no numbers for an agency's documents, or has none left."""


@dataclass
class TicketsUsedUp(NoNumber):
    """This machine was granted no tickets of a queue, or has none left today."""


@dataclass
class ReceiptsUsedUp(NoNumber):
    """This machine was granted no numbers of receipts that may be given today, or has none left."""


@dataclass
class NoDueMoment(Refused):
    """A time limit cannot be counted: an unknown unit, or a calendar without working days."""

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass
class CatalogBroken(Exception):
    """The catalog does not continue where it stood: a gap, a fork, or an entry not by central."""

    seq: int
    why: str

    def __str__(self) -> str:
        return f"catalog entry {self.seq}: {self.why}"
