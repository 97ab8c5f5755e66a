"""The hall's board: which number is called to which counter. Never a name or a phone; it rings when a call is new."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from edge.web.site import site
from schemas.queue import Turn

blueprint = Blueprint("board", __name__)
OPEN: Final = ("board.page",)
ROWS: Final = 7
"""Calls below the newest one: as many as can be read across a hall."""


@blueprint.get("/board")
def page() -> ResponseReturnValue:
    """With `polled`, only the calls, and nothing while the newest are the same."""
    hall = site().node.hall
    calls, away = hall.calls()[: ROWS + 1], hall.away()
    said = " ".join([event[:12] for _, _, event in calls] + [one.counter for one in away])
    waiting = [one for one in hall.waiting() if one.waiting]
    said += " " + " ".join(f"{one.queue.code}{one.waiting}" for one in waiting)
    facts = {"calls": calls, "away": away, "waiting": waiting, "said": said, "newest": _newest(calls)}
    if "polled" not in request.args:
        return render_template("board.html", **facts)
    return ("", 204) if request.args.get("said") == said else render_template("board_now.html", **facts)


def _newest(calls: list[tuple[Turn, str, str]]) -> str:
    """What rings once."""
    return calls[0][2] if calls else ""
