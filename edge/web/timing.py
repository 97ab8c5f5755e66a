"""Chặng đường: what stands still, where and for how long; and the course of one dossier, in minutes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from edge.register import Work
from edge.tables.dossiers import DossierRow
from edge.web import presence
from edge.web.site import TIMING, site
from schemas.course import Leg, Wait
from schemas.events import timestamp

blueprint = Blueprint("timing", __name__)

OLDEST: Final = 6
WAITS: Final = {
    Wait.APPRAISER: "chờ thẩm định",
    Wait.APPROVER: "chờ ký",
    Wait.CLERK: "chờ cấp số, đóng dấu",
    Wait.CITIZEN: "chờ người dân",
    Wait.ELSEWHERE: "ở cơ quan khác",
    Wait.ANSWER: "chờ trả lời đơn rút",
    Wait.COUNTER: "chờ trả",
}
_STATIONS: Final = (
    (Work.APPRAISE, "Chờ thẩm định"),
    (Work.APPROVE, "Chờ ký"),
    (Work.SEAL, "Chờ cấp số, đóng dấu"),
    (Work.RETURN, "Chờ trả kết quả"),
    (Work.WITHDRAW, "Chờ trả lời đơn rút"),
)


@dataclass(frozen=True, slots=True)
class Station:
    """One step of the way: how many wait there, and those that have stood there longest."""

    title: str
    count: int
    oldest: Sequence[DossierRow]


@blueprint.get("/timing")
def page() -> ResponseReturnValue:
    """Of each station how many stand there, and the longest."""
    presence.require(TIMING)
    register = site().node.register
    counts = register.counts()
    stations = [Station(title, counts[work], register.longest_at(work, OLDEST)) for work, title in _STATIONS]
    return render_template("timing.html", stations=stations)


def minutes(leg: Leg) -> int:
    """How long a wait took, or has taken until now."""
    return leg.minutes(timestamp(site().now()))
