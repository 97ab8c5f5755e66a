"""In which lists of the counter a dossier stands: what it waits for, and by which moment each list orders it.

A function of what stands, without a clock: which dossiers are overdue, due today, not supplemented in time or not
collected changes by itself, and is judged when somebody asks, by the moment that stands here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final

import msgspec

from schemas.acts import Status
from schemas.calendar import VIETNAM, Calendar
from schemas.clock import due_at, stopped
from schemas.events import timestamp
from schemas.rules import Standing, is_on_paper
from schemas.spelling import words


class Waits(Enum):
    """What is kept of a dossier that is not over. The moment that orders each list stands behind it."""

    OPEN = "open"  # when its result is due
    RUNNING = "running"  # the same, while its time is counted
    SUPPLEMENT = "supplement"  # when papers were asked for
    EXPIRING = "expiring"  # the end of the last day for bringing them
    HAND_OVER = "hand_over"  # when it was received
    BACK = "back"  # when it was done: by its agency, or on paper in the room
    RETURN = "return"  # from when on somebody may be expected to come for it


NOT_COLLECTED_DAYS: Final = 7
"""So many days after the moment of `Waits.RETURN` a result counts as not collected (domain §3.2: a forgotten state)."""

_AT_WORK: Final = frozenset({Status.RECEIVED, Status.PROCESSING})
OVER: Final = frozenset(
    {Status.NONE, Status.REGISTERED, Status.NOT_RECEIVED, Status.STOPPED, Status.RETURNED}
)
_NOT_OVERDUE: Final = frozenset({Status.SUPPLEMENT, Status.FINANCIAL})
"""Whatever the procedure counts (domain §3.3)."""
_HANDED_OVER: Final = ("dossier.forwarded", "dossier.taken_over")


def waits_of(standing: Standing, calendar: Calendar, *, on_site: bool) -> Mapping[Waits, str]:
    """The lists of a dossier and its moment in each; none once it is over. `on_site`: its procedure is of the 4-on-site room."""
    status = standing.status
    if standing.receipt is None or status in OVER:
        return {}
    due = due_at(standing, calendar) or standing.due
    found = {Waits.OPEN: due}
    if status is Status.DONE:
        return found | _of_result(standing, due, on_site=on_site)
    if status not in _NOT_OVERDUE and stopped(standing, calendar) is None:
        found[Waits.RUNNING] = due
    if status is Status.SUPPLEMENT:
        found |= _of_supplement(standing)
    untouched = standing.appraisal is None and standing.outcome is None
    handed_over = any(kind in standing.newest for kind in _HANDED_OVER)
    if status in _AT_WORK and not on_site and untouched and not handed_over:
        found[Waits.HAND_OVER] = standing.received_at
    return found


def _of_result(standing: Standing, due: str, *, on_site: bool) -> dict[Waits, str]:
    """A result of an agency outside, or one on paper, waits to come to the counter, unless somebody has said that it is
    there, or has taken its folder over since. A signed file is at every counter."""
    done, taken = standing.finished, standing.newest.get("dossier.taken_over")
    if done is not None and taken is not None and taken.at < done.at:
        taken = None
    ready = standing.newest.get("dossier.result_ready") or taken
    if ready is None and done is not None and (not on_site or is_on_paper(standing)):
        return {Waits.BACK: done.at}
    here = ready or done
    return {Waits.RETURN: max(here.at, due) if here is not None else due}


def _of_supplement(standing: Standing) -> dict[Waits, str]:
    asked = standing.newest["dossier.supplement_requested"]
    found = {Waits.SUPPLEMENT: asked.at}
    until = asked.data.until if asked.data is not None else msgspec.UNSET
    if until is not msgspec.UNSET:
        with contextlib.suppress(ValueError):  # a day that does not exist never ends
            found[Waits.EXPIRING] = end_of(date.fromisoformat(until))
    return found


def end_of(day: date) -> str:
    """The first moment after a Vietnamese day."""
    return timestamp(datetime.combine(day + timedelta(days=1), time(), VIETNAM))


def sorting_name(name: str) -> str:
    """A name as Vietnamese lists order it: by the given name, which comes last, then by the rest; without diacritics."""
    said = words(name)
    return " ".join([*said[-1:], *said[:-1]])
