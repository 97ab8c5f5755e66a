"""Where a dossier's folder is between the centre and agencies, and which agency was asked for its opinion.

Read from the hand-overs that stand, in the fold's order. A hand-over has two signatures: of who gives (`forwarded`) and of
who takes (`taken_over`). An agency has the folder once one of its people has taken it, or has signed for it on paper;
whoever else takes it has brought it back. An opinion that is asked for moves no folder.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import Any, Final

import msgspec

from schemas.acts import BY_KIND, Forwarded, OpinionGiven, Received, Status, TakenOver
from schemas.calendar import VIETNAM, Calendar
from schemas.clock import due_at
from schemas.deadlines import hand_over_by
from schemas.errors import NoDueMoment
from schemas.events import Event, Unknown, moment, timestamp
from schemas.fold import Dossier, Line, Place
from schemas.rules import Standing
from schemas.views import View

KINDS: Final = ("dossier.forwarded", "dossier.taken_over", "dossier.opinion_given")
_STANDS: Final = (Place.EFFECTIVE, Place.IRREGULAR)


class Where(Enum):
    """Where a folder is; the values name the lists of the pages."""

    CENTRE = ""
    TO_HAND_OVER = "to_hand_over"
    HANDED_OVER = "handed_over"
    HELD = "held"
    HANDED_BACK = "handed_back"


@dataclass(frozen=True, slots=True)
class HandOver:
    """One hand-over: who gave the folder to whom; `taken` once somebody has taken it. `again`: who took it afterwards by its
    slip, though nobody had handed it over to them."""

    given: Line
    to: Forwarded
    taken: Line | None = None
    how: TakenOver | None = None
    again: Line | None = None


@dataclass(frozen=True, slots=True)
class Custody:
    """`since` when the folder is `where` it is. `result`: what an agency brings back with it, as it names it."""

    where: Where
    agency: str = ""
    since: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What an agency was asked, and what it said; `answer` is None while it is waited for."""

    asked: Line
    question: Forwarded
    given: Line | None = None
    answer: OpinionGiven | None = None


def told(events: Iterable[Event | Unknown]) -> dict[str, Any]:
    """What the acts of hand-overs and opinions say, by the hash of their event."""
    found: dict[str, Any] = {}
    for event in events:
        if isinstance(event, Event) and event.kind in KINDS:
            with contextlib.suppress(msgspec.ValidationError):  # the fold holds it, and says why
                found[event.hash] = msgspec.convert(event.data, BY_KIND[event.kind].data)
    return found


def hand_overs(lines: Iterable[Line], contents: Mapping[str, Any]) -> tuple[HandOver, ...]:
    """The hand-overs of a timeline, in its order; `contents` is what was written, by the hash of its event."""
    found: list[HandOver] = []
    for line in lines:
        data = contents.get(line.hash)
        if line.place not in _STANDS:
            continue
        if isinstance(data, Forwarded) and not data.opinion:
            found.append(HandOver(line, data))
        elif isinstance(data, TakenOver) and found and found[-1].taken is None:
            found[-1] = replace(found[-1], taken=line, how=data)
        elif isinstance(data, TakenOver) and found:
            found[-1] = replace(found[-1], again=line)
    return tuple(found)


def opinions(lines: Iterable[Line], contents: Mapping[str, Any]) -> tuple[Opinion, ...]:
    """The opinions that were asked for, in their order, each with its answer. Whoever took the dossier back instead asks
    no longer."""
    found: list[Opinion] = []
    for line in lines:
        data = contents.get(line.hash)
        if line.place not in _STANDS:
            continue
        if isinstance(data, Forwarded) and data.opinion:
            found.append(Opinion(line, data))
        elif isinstance(data, OpinionGiven) and found and found[-1].given is None:
            found[-1] = Opinion(found[-1].asked, found[-1].question, line, data)
    return tuple(found)


def open_opinion(standing: Standing) -> Forwarded | None:
    """What an agency is asked now and has not answered."""
    done = standing.newest.get("dossier.forwarded")
    return done.data if done is not None and done.data.opinion else None


def custody(dossier: Dossier, handed: tuple[HandOver, ...], view: View) -> Custody:
    """Where the folder is. `view` says who sits at which agency."""
    where, agency, since, result, was_there = Where.CENTRE, "", "", "", False
    for one in handed:
        if one.to.agency:
            where, agency, result = Where.HANDED_OVER, one.to.agency, ""
        elif where is Where.HELD:
            where, result = Where.HANDED_BACK, one.to.result
        else:
            where, agency, result = Where.CENTRE, "", ""
        since = one.given.at
        if one.taken is None:
            continue
        since = one.taken.at
        if where is Where.HANDED_OVER and _is_the_agencys(one, view):
            where, was_there = Where.HELD, True
        else:
            where, agency, result = Where.CENTRE, "", ""
        if one.again is not None:
            where, agency, since, result = Where.CENTRE, "", one.again.at, ""
    if where is Where.CENTRE and not was_there and _is_for_an_agency(dossier, view):
        return Custody(Where.TO_HAND_OVER, dossier.received.agency, dossier.standing.received_at)  # type: ignore[union-attr]
    return Custody(where, agency, since, result)


def due_by(where: Where, dossier: Dossier, calendar: Calendar) -> str:
    """By when what is waited for is to happen: the hand-over within the day (NĐ 309/2026 Đ18(2)), the folder back when the
    result is due. Empty where nothing is."""
    standing = dossier.standing
    match where:
        case Where.TO_HAND_OVER | Where.HANDED_OVER:
            try:
                return timestamp(hand_over_by(moment(standing.received_at), calendar))
            except NoDueMoment:
                return ""
        case Where.HELD | Where.HANDED_BACK:
            return due_at(standing, calendar)
        case Where.CENTRE:
            return ""


def opinion_by(question: Forwarded, calendar: Calendar) -> str:
    """By when an opinion is asked for: the close of that day; empty where no day was named."""
    if not question.until:
        return ""
    return timestamp(calendar.close_of(date.fromisoformat(question.until)))


def _is_the_agencys(one: HandOver, view: View) -> bool:
    """Whether the agency signed for the folder: one of its people here, or on paper."""
    if one.how is not None and one.how.signed_by:
        return True
    person = view.person(one.taken.by) if one.taken else None
    return person is not None and person.agency == one.to.agency


def _is_for_an_agency(dossier: Dossier, view: View) -> bool:
    """Whether a folder is to leave the centre: received for elsewhere, or of a procedure that is not done on the spot."""
    received, standing = dossier.received, dossier.standing
    if received is None or dossier.status not in (Status.RECEIVED, Status.PROCESSING):
        return False
    if standing.appraisal is not None or standing.outcome is not None:
        return False
    return received.elsewhere or not _on_site(received, standing, view)


def _on_site(received: Received, standing: Standing, view: View) -> bool:
    day = moment(standing.received_at).astimezone(VIETNAM).date()
    procedure = view.procedure(received.procedure, day)
    return procedure is None or procedure.on_site
