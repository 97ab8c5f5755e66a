"""The course of one dossier: where it waited, from when to when, and who ended the wait. Pure.

Built from the acts that have their effect, in the fold's order: the moments of two machines may contradict each other,
and a wait is then shown as no time at all, never as less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from schemas.calendar import local_day
from schemas.entries import Step
from schemas.events import moment
from schemas.fold import Dossier, Line, Place


class Wait(Enum):
    """For whom a dossier waits."""

    APPRAISER = "appraiser"
    APPROVER = "approver"
    CLERK = "clerk"
    CITIZEN = "citizen"
    ELSEWHERE = "elsewhere"
    ANSWER = "answer"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Leg:
    """One wait; `until` is "" for the one that goes on, and `by` and `node` are then empty too."""

    wait: Wait
    since: str
    until: str
    by: str
    node: str

    def minutes(self, now: str) -> int:
        """How long it took, or has taken so far."""
        took = moment(self.until or now) - moment(self.since)
        return max(0, int(took / timedelta(minutes=1)))


@dataclass(frozen=True, slots=True)
class Course:
    """All waits of a dossier, the oldest first. `result_at`: when its result was whole; "" while it is not."""

    legs: tuple[Leg, ...]
    received_at: str
    result_at: str
    over: bool

    @property
    def same_visit(self) -> bool:
        """Whether the result was there on the day of the reception: the visitor need not come twice."""
        return bool(self.result_at) and local_day(moment(self.received_at)) == local_day(
            moment(self.result_at)
        )

    def minutes_to_result(self, now: str) -> int:
        """Whole minutes of the clock from the reception to the result, or to `now` (UTC) while there is none."""
        took = moment(self.result_at or now) - moment(self.received_at)
        return max(0, int(took / timedelta(minutes=1)))


_EFFECTIVE: Final = frozenset({Place.EFFECTIVE, Place.IRREGULAR, Place.CONTESTED})
_OVER: Final = frozenset(
    {"dossier.returned", "dossier.suspended", "dossier.withdrawal_granted", "dossier.reception_cancelled"}
)
_LEADS: Final[Mapping[str, Wait]] = MappingProxyType(
    {
        "dossier.received": Wait.APPRAISER,
        "dossier.entered_afterwards": Wait.APPRAISER,
        "dossier.appraised": Wait.APPROVER,
        "dossier.sent_back": Wait.APPRAISER,
        "dossier.supplement_requested": Wait.CITIZEN,
        "dossier.obligation_asked": Wait.CITIZEN,
        "dossier.forwarded": Wait.ELSEWHERE,
        "dossier.withdrawal_asked": Wait.ANSWER,
    }
)
_BACK: Final = frozenset(
    {"dossier.supplied", "dossier.obligation_met", "dossier.taken_over", "dossier.opinion_given"}
    | {"dossier.withdrawal_refused"}
)
"""What ends such a wait: the dossier waits again for whom it waited before."""


def course_of(dossier: Dossier) -> Course:
    """The course of a dossier as it stands."""
    acts = [line for line in dossier.timeline if line.place in _EFFECTIVE]
    steps = dossier.standing.steps
    legs: list[Leg] = []
    waits: list[tuple[Wait, str]] = []
    result_at, over = "", False
    for line in acts:
        following = _following(line, steps, [wait for wait, _ in waits])
        if following is None:
            continue
        if waits:
            wait, since = waits[-1]
            legs.append(Leg(wait, since, line.at, line.by, line.node))
        over = line.kind in _OVER
        if over:
            waits = []
            continue
        if following is Wait.COUNTER:
            result_at = line.at
        elif line.kind == "dossier.sent_back":
            result_at = ""
        waits.append((following, line.at))
    if waits and not over:
        legs.append(Leg(waits[-1][0], waits[-1][1], "", "", ""))
    return Course(tuple(legs), dossier.standing.received_at, result_at, over)


def _following(line: Line, steps: Iterable[Step], before: list[Wait]) -> Wait | None:
    """For whom a dossier waits after an act; None for one that leaves it where it is."""
    kind = line.kind
    if kind in _OVER:
        return Wait.COUNTER
    if kind in ("dossier.approved", "dossier.refused"):
        return Wait.CLERK if Step.NUMBER in steps or Step.SEAL in steps else Wait.COUNTER
    if kind == "dossier.numbered":
        return None if Step.SEAL in steps else Wait.COUNTER
    if kind == "dossier.sealed":
        return Wait.COUNTER
    if kind in _BACK:
        away = before and before[-1] in (Wait.CITIZEN, Wait.ELSEWHERE, Wait.ANSWER)
        return (
            next((one for one in reversed(before[:-1]) if one not in _AWAY), Wait.APPRAISER) if away else None
        )
    return _LEADS.get(kind)


_AWAY: Final = frozenset({Wait.CITIZEN, Wait.ELSEWHERE, Wait.ANSWER})
