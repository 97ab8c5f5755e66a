"""The clock of one dossier: when its result is due, as the times that are not counted have moved it.

The moment printed on form 01 is the first promise. It moves when a span that the procedure's version does not count
has ended (supplement, financial obligation, opinion, publication, …), by the rules of `deadlines`. A dossier that
was received for an agency elsewhere is counted from when that agency takes it over (NĐ 309/2026 Đ17(3)).
Form 04 asks for more time; it does not move the promise, and is told beside it.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Final

import msgspec

from schemas.acts import Received
from schemas.calendar import Calendar
from schemas.deadlines import Span, Stopped, Terms, Why, begins, due_now
from schemas.errors import NoDueMoment
from schemas.events import moment, timestamp
from schemas.rules import Standing

WHY: Final = {why.value: why for why in Why}


class Tick(msgspec.Struct, frozen=True, gc=False):
    """From `since` on the result is due at `due`; an empty `due`: the clock stands still, because of `why`."""

    since: str
    due: str
    why: str = ""


def ticks(standing: Standing, calendar: Calendar) -> tuple[Tick, ...]:
    """The moments promised: the printed one, and after each span that is not counted a later one.

    Nothing for what was never received. Moments never go back, whatever a wrong clock says.
    """
    receipt = standing.received
    if receipt is None:
        return ()
    terms = standing.terms or Terms(receipt.limit)
    # of two papers that promise, the earlier one holds (design §3.4)
    received, promised = standing.received_at, min(standing.first_due, standing.due)
    found = [Tick(received, promised)]
    counted_from = received
    if receipt.elsewhere and standing.taken_over_at:
        counted_from = timestamp(begins(moment(received), moment(standing.taken_over_at)))
        promised = max(promised, _counted(counted_from, receipt, terms, calendar, []))
        found.append(Tick(counted_from, promised))
    spans: list[Span] = []
    running: dict[Why, str] = {}
    for pause in standing.pauses:
        why = WHY[pause.why]
        if pause.at < received or why not in terms.not_counted:
            continue
        at = max(pause.at, found[-1].since)
        if pause.begins and why not in running:
            running[why] = at
            found.append(Tick(at, "", pause.why))
        elif not pause.begins and why in running:
            spans.append(Span(moment(running.pop(why)), moment(at), why))
            if running:
                found.append(Tick(at, "", next(iter(running)).value))
            else:
                promised = max(promised, _counted(counted_from, receipt, terms, calendar, spans))
                found.append(Tick(at, promised))
    return tuple(found)


def due_at(standing: Standing, calendar: Calendar) -> str:
    """When the result is due as of now, form 04 included; empty while the clock stands still, or for no reception."""
    found = ticks(standing, calendar)
    if not found or not found[-1].due:
        return ""
    asked_for = standing.due if standing.due > standing.first_due else ""
    return max(found[-1].due, asked_for)


def stopped(standing: Standing, calendar: Calendar) -> Tick | None:
    """Since when the clock stands still, and why; None while it runs."""
    still = list(takewhile(lambda tick: not tick.due, reversed(ticks(standing, calendar))))
    return Tick(still[-1].since, "", still[0].why) if still else None


def _counted(received: str, receipt: Received, terms: Terms, calendar: Calendar, spans: list[Span]) -> str:
    """The due moment after spans; empty where it cannot be counted (and the promise stays)."""
    try:
        now = due_now(moment(received), receipt.limit, calendar, spans, terms.after_supplement)
    except NoDueMoment:
        return ""
    return "" if isinstance(now, Stopped) else timestamp(now.moment)
