"""What a machine may read, and until when it keeps it: its card says of which agencies, central what is old. Pure.

A dossier is of the agencies that its acts name: the one that is competent, and those that it was forwarded to. An
agency that took another's place has its dossiers too. design §6, *Window*.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from schemas.acts import PetitionStatus, Status
from schemas.calendar import local_day
from schemas.entries import Card
from schemas.events import Event, Unknown, moment
from schemas.fold import Dossier, Place
from schemas.turned_away import REGISTERED, kind_of
from schemas.views import View

KEPT: Final = timedelta(days=60)
"""So long does an edge keep what is over, by central's day mark."""
VISITS_KEPT: Final = timedelta(days=7)

ALL: Final = "*"
"""Instead of agencies: of the centre itself, for every machine that holds dossiers (petitions)."""
NOBODYS: Final = "-"
"""Of one machine alone: what it says of itself goes to central, and to no other edge."""
_CODE: Final = re.compile(r"[GH][0-9]{2}(\.[0-9]{2,3})*")
_OVER: Final = (Status.NOT_RECEIVED, Status.STOPPED, Status.RETURNED)
_WITHOUT_EFFECT: Final = (Place.HELD, Place.WAITING, Place.NEWER)


@dataclass(frozen=True, slots=True)
class Scope:
    """`agencies`: whose dossiers, None for all. A machine without `dossiers` (a kiosk, a board) has visits only."""

    agencies: frozenset[str] | None = None
    dossiers: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.dossiers and self.agencies is None

    def has(self, agencies: Collection[str]) -> bool:
        """Whether a stream of these agencies (`agencies_of`) may be read. Of what is not known yet, nothing is."""
        if not self.dossiers or NOBODYS in agencies:
            return False
        return self.agencies is None or ALL in agencies or not self.agencies.isdisjoint(agencies)

    def covers(self, other: Scope) -> bool:
        """Whether whoever may read `other` reads nothing that this does not let them."""
        if not other.dossiers or self.is_whole:
            return True
        return (
            self.dossiers and other.agencies is not None and other.agencies <= (self.agencies or frozenset())
        )

    @property
    def told(self) -> str:
        """As the reader tells it to the source; `read_scope` reads it."""
        if not self.dossiers:
            return NOBODYS
        return ALL if self.agencies is None else ",".join(sorted(self.agencies))


def read_scope(told: str) -> Scope:
    """What `Scope.told` says; an empty text reads no agency."""
    if told == NOBODYS:
        return Scope(dossiers=False)
    return Scope(None if told == ALL else frozenset(filter(None, told.split(","))))


def scope_of(card: Card, view: View) -> Scope:
    """What a card lets its machine read, by a catalog: agencies that were merged into its own count as its own."""
    if card.of_the_hall:
        return Scope(dossiers=False)
    if not card.agencies:
        return Scope()
    agencies, grown = set(card.agencies), True
    while grown:
        before = {agency.code for agency in view.agencies() if agency.successor in agencies} - agencies
        agencies |= before
        grown = bool(before)
    return Scope(frozenset(agencies))


def agencies_of(dossier: Dossier, events: Iterable[Event | Unknown]) -> frozenset[str]:
    """Of which agencies a stream is, as far as its acts here say; `ALL` or `NOBODYS` for what is of none."""
    without = {line.hash for line in dossier.timeline if line.place in _WITHOUT_EFFECT}
    found: set[str] = set()
    for event in events:
        if not isinstance(event, Event):
            continue
        if event.kind.startswith("petition."):
            found.add(ALL)
        elif event.kind.startswith("node."):
            found.add(NOBODYS)
        elif event.hash not in without and isinstance(code := event.data.get("agency"), str):
            found |= {code} if _CODE.fullmatch(code) else set()
    return frozenset(found)


def over_on(dossier: Dossier, events: Sequence[Event | Unknown]) -> date | None:
    """The Vietnamese day of the newest act of a stream that is over; None for one that is not, as far as is known.

    What is contested, incomplete, not understood, or has something left to be done, is not over.
    """
    if dossier.conflicts or dossier.missing or dossier.tasks:
        return None
    if any(line.place in _WITHOUT_EFFECT for line in dossier.timeline):
        return None
    is_over = dossier.status in _OVER or _was_sent_home(dossier)
    if not is_over and dossier.petition is not PetitionStatus.CLOSED:
        return None
    days = [local_day(moment(event.at)) for event in events if isinstance(event, Event)]
    return max(days, default=None)


def _was_sent_home(dossier: Dossier) -> bool:
    """Form 02 at a counter: whoever brings the rest brings a new dossier. What came over the portal keeps its own."""
    standing = dossier.standing
    if kind_of(standing) != "dossier.supplement_requested":
        return False
    brought = standing.newest[REGISTERED].data
    return brought is not None and not brought.number
