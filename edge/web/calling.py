"""Calling tickets at a counter: one press ends a visit and calls the next.

Each press says which ticket its page showed (`shown`); a page that is old changes nothing and shows what is. The typed
number of a ticket is only looked at: Enter, which a scanner sends, calls nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.errors import NotAtCounter
from edge.hall import AtDesk, Finish, Hall
from edge.web import presence
from edge.web.forms import Bare
from edge.web.language import say
from edge.web.site import COUNTER, QUEUE, RETURN, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import VisitStatus
from schemas.errors import Because, NotAllowed
from schemas.queue import Turn, code_of, read_ticket

blueprint = Blueprint("calling", __name__)

PRIORITY: Final = {
    "": "",
    "elderly": "người cao tuổi",
    "disabled": "người khuyết tật",
    "pregnant": "phụ nữ có thai",
    "merit": "người có công",
    "child": "có con nhỏ",
    "appointment": "có lịch hẹn",
}
SHOWN: Final = 60
"""Tickets that the list of who waits shows; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A number that somebody typed: what is wrong with it, or what is known of it; `turn` None: nothing is."""

    said: str
    ticket: str = ""
    turn: Turn | None = None
    error: str = ""


@blueprint.get("/queue")
def page() -> ResponseReturnValue:
    """With `polled`, only one part of what changes by itself, and nothing while it has not."""
    presence.require(QUEUE)
    desk = site().node.hall.at_desk()
    if presence.is_polled():
        part = "line" if request.args.get("part") == "line" else "now"
        if _said(desk)[part] == request.args.get("said"):
            return "", 204
        return render_template(f"calling_{part}.html", **_shown(desk))
    return _page(desk, _looked(request.args.get("ticket", "")))


@blueprint.post("/queue")
def press() -> ResponseReturnValue:
    """`act` is next, skip, serve, abandon, again, call, write_down, hand_on, here or there; `shown` the ticket on the page."""
    presence.require(QUEUE)
    Bare.checked()
    act = _ACTS.get(request.form.get("act", ""))
    if act is None:
        return redirect(url_for(".page"), 303)
    try:
        act(site().node.hall, presence.person().id)
    except Expected as why:
        trouble = _trouble(why)
        return _page(site().node.hall.at_desk(), None, trouble=trouble), trouble.status
    return redirect(url_for(".page"), 303)


def _trouble(why: Exception) -> Trouble:
    """What no longer fits a ticket is a page that was old, whoever else was quicker."""
    match why:
        case NotAllowed(because=Because.STATUS):
            return trouble_of(NotAtCounter(str(why)))
        case _:
            return trouble_of(why)


def _shown_on_page() -> str:
    return request.form.get("shown", "")


def _stream() -> str:
    return request.form.get("stream", "") or _shown_on_page()


def _next(finish: Finish) -> Callable[[Hall, str], object]:
    return lambda hall, by: hall.call_next(_shown_on_page(), finish, by=by)


def _over(finish: Finish) -> Callable[[Hall, str], object]:
    return lambda hall, by: hall.finish(_stream(), finish, by=by)


def _call(hall: Hall, by: str) -> object:
    return hall.call(_stream(), _shown_on_page(), "served", by=by)


def _write_down(hall: Hall, by: str) -> object:
    name = read_ticket(request.form.get("number", ""))
    if name is None:
        raise NotAtCounter("no ticket")
    return hall.call(hall.write_down(name, by=by).stream, _shown_on_page(), "served", by=by)


def _is_at(hall: Hall, by: str) -> None:
    hall.is_at(_stream(), request.form.get("counter", ""), by=by)


_ACTS: Final[dict[str, Callable[[Hall, str], object]]] = {
    "next": _next("served"),
    "skip": _next("skipped"),
    "serve": _over("served"),
    "abandon": _over("abandoned"),
    "again": lambda hall, by: hall.call_again(_stream(), by=by),
    "call": _call,
    "write_down": _write_down,
    "hand_on": lambda hall, by: hall.hand_on(_stream(), request.form.get("counter", ""), by=by),
    "is_at": _is_at,
}


def _looked(said: str) -> Looked | None:
    if not said.strip():
        return None
    name = read_ticket(said)
    codes = [queue.code for queue in site().node.hall.queues()]
    if name is None:
        return Looked(
            said, error=say("“{said}” không phải số thứ tự. Gõ như trên phiếu, ví dụ A-047.", said=said[:40])
        )
    if code_of(name) not in codes:
        listed = ", ".join(codes)
        return Looked(
            said,
            error=say(
                "Không có nhóm việc nào mang chữ {code}. Các chữ đang dùng: {listed}.",
                code=code_of(name),
                listed=listed,
            ),
        )
    found = [turn for turn in site().node.visits.turns() if turn.ticket == name]
    return Looked(said, name, found[0] if found else None)


def _page(desk: AtDesk, looked: Looked | None, trouble: Trouble | None = None) -> str:
    errors = [("ticket", looked.error)] if looked is not None and looked.error else []
    return render_template("calling.html", **_shown(desk), looked=looked, errors=errors, trouble=trouble)


def _shown(desk: AtDesk) -> dict[str, object]:
    hall = site().node.hall
    return {
        "desk": desk,
        "said": _said(desk),
        "others": [card.title for card in hall.counters() if card.title != desk.counter],
        "priority_words": PRIORITY,
        "hour": hall.hour(),
        "most": SHOWN,
        "names": {queue.code: queue.name for queue in hall.queues()},
        "Status": VisitStatus,
        "phase": hall.phase_of,
        "ready": hall.ready(),
        "COUNTER": COUNTER,
        "RETURN": RETURN,
    }


def _said(desk: AtDesk) -> dict[str, str]:
    """What each part of the page says: a part is sent again when that has changed, and nobody is interrupted before."""

    def states(turns: Iterable[Turn]) -> list[object]:
        return [(turn.ticket, turn.status.value, turn.counters, len(turn.called)) for turn in turns]

    following = [] if desk.current else states(desk.line[:1])
    ready = [(turn.ticket, row.number) for turn, row in site().node.hall.ready()]
    now = [states(desk.here), states(desk.skipped), states(desk.twice), desk.away, bool(desk.line), following]
    now.append(ready)
    return {"line": _digest([(states(desk.line), len(desk.line))]), "now": _digest(now)}


def _digest(said: list[Any]) -> str:
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]
