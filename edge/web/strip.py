"""The queue in one line above the reception: who is at this counter, who comes next, and the three things done most.

Everything else is on the page of the queue. Calling the next visitor begins a new page: what was typed for the one before
stays as a draft, and no two people are mixed up in one form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from edge.errors import NotAtCounter
from edge.hall import AtDesk, Hall
from edge.web import presence
from edge.web.site import COUNTER, QUEUE, site
from edge.web.trouble import Trouble, trouble_of
from schemas.errors import Because, NotAllowed

blueprint = Blueprint("strip", __name__)

ACTS: Final[dict[str, Callable[[Hall, str, str], object]]] = {
    "next": lambda hall, shown, by: hall.call_next(shown, "served", by=by),
    "again": lambda hall, shown, by: hall.call_again(shown, by=by),
    "back": lambda hall, shown, by: hall.put_back(shown, by=by),
}
"""By the button of the line; each says which ticket its page showed, so that an old page does nothing."""


def desk() -> AtDesk | None:
    """What the line shows; None where this person calls nobody here."""
    here = site()
    return here.node.hall.at_desk() if here.may(presence.person(), QUEUE) else None


def said(now: AtDesk) -> str:
    """What the line says: it is sent again when that has changed."""
    shown = [(turn.ticket, len(turn.called)) for turn in (*now.here[:1], *now.line[:1])]
    return hashlib.sha256(repr((shown, len(now.line), len(now.here))).encode()).hexdigest()[:12]


def press(what: str) -> None:
    """Raises `NotAtCounter`, `NotAllowed`, `ClockBehind`, `DiskFull`."""
    presence.require(QUEUE)
    ACTS[what](site().node.hall, request.form.get("shown", ""), presence.person().id)


def trouble(why: Exception) -> Trouble:
    """What no longer fits a ticket is a page that was old, whoever else was quicker."""
    match why:
        case NotAllowed(because=Because.STATUS):
            return trouble_of(NotAtCounter(str(why)))
        case _:
            return trouble_of(why)


@blueprint.get("/counter/strip")
def page() -> ResponseReturnValue:
    """204 while it still says what the page says it shows (`said`)."""
    presence.require(COUNTER)
    now = desk()
    if now is None or said(now) == request.args.get("said"):
        return "", 204
    return render_template("strip.html", desk=now, said=said(now))
