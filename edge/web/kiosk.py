"""The kiosk: a number, and a rating, for whoever touches it. Nobody is signed in, and nothing personal is shown.

Language, size and height stand in the address, so that the pages need no script and remember nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.hall_papers import LATE as LATE_PAPERS
from edge.visits import Taken
from edge.web import words
from edge.web.forms import Bare
from edge.web.kiosk_words import LEVELS, PRIORITIES, REASONS, SATISFIED, WORDS
from edge.web.limits import Limit, TooOften
from edge.web.site import site
from edge.web.trouble import Expected
from printing.spool import PrintJob, State
from schemas.acts import Rated, VisitStatus
from schemas.calendar import VIETNAM
from schemas.entries import Duty, Queue
from schemas.errors import TicketsUsedUp
from schemas.events import timestamp
from schemas.queue import Turn, read_ticket

blueprint = Blueprint("kiosk", __name__)
OPEN: Final = ("kiosk.page", "kiosk.take", "kiosk.ticket", "kiosk.rate", "kiosk.rated", "kiosk.tablet")
_RATINGS: Final = frozenset({"kiosk.rated", "kiosk.tablet"})
"""Also at a counter: a tablet lies before the visitor."""

TOUCHES: Final = Limit("kiosk", 20, 30)
"""One after the other people take numbers; nobody takes a roll of paper."""
HOURS: Final = tuple(
    f"{hour:02d}:{minute:02d}" for hour in (*range(7, 12), *range(13, 17)) for minute in (0, 30)
)
"""The appointments that can be touched."""
JUST_NOW: Final = timedelta(minutes=3)
"""So long the tablet asks whoever was served, while nobody else is called."""
LATE: Final = timedelta(minutes=2)
"""A ticket that comes out later than this is found by somebody else."""
_PAPER_S: Final = 10.0
"""After this long a paper that did not come out is not waited for."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the page is shown to whoever stands before it."""

    lang: str
    low: bool
    large: bool
    tablet: bool

    def args(self, **other: object) -> dict[str, Any]:
        """What goes along in every address."""
        said: dict[str, Any] = {
            "lang": "en" if self.lang == "en" else None,
            "low": 1 if self.low else None,
            "large": 1 if self.large else None,
            "tablet": 1 if self.tablet else None,
        }
        return said | other

    @property
    def home(self) -> str:
        """Where one begins."""
        return "kiosk.tablet" if self.tablet else "kiosk.page"

    def say(self, word: str, **facts: object) -> str:
        """In the page's language. KeyError for a `word` that is not in `WORDS`, or a fact that it needs."""
        return WORDS[self.lang][word].format(**facts)


@blueprint.before_request
def not_too_often() -> ResponseReturnValue | None:
    """Whatever is sent, before it is looked at."""
    if request.method == "POST":
        try:
            site().limits.take(TOUCHES, request.remote_addr or "")
        except TooOften:
            return _start("too_often"), 429
    return None


@blueprint.before_request
def only_at_a_kiosk() -> None:
    """404 at a machine without the duty; ratings are also for a counter with a tablet."""
    duties = site().card.duties
    if Duty.KIOSK not in duties and not (request.endpoint in _RATINGS and Duty.QUEUE in duties):
        abort(404)


@blueprint.get("/kiosk")
def page() -> str:
    """What can be chosen by touch."""
    return _start()


@blueprint.post("/kiosk")
def take() -> ResponseReturnValue:
    """A number for `queue`; who may go first, or has an appointment, is asked one thing more."""
    manner, hall = manner_of_page(), site().node.hall
    if not Bare().validate_on_submit():
        return _start("old_page"), 400
    queue = next((one for one in hall.queues() if one.code == request.form.get("queue")), None)
    if queue is None:
        return redirect(url_for(".page", **manner.args()), 303)
    priority, hour = request.form.get("priority", ""), request.form.get("hour", "")
    if hour in HOURS and request.form.get("booked"):
        priority = "appointment"
    elif request.form.get("first") and priority not in PRIORITIES:
        return render("kiosk_choose.html", queue=queue, ask="priority", choices=PRIORITIES)
    elif request.form.get("booked"):
        return render("kiosk_choose.html", queue=queue, ask="hour", choices=HOURS)
    else:
        priority, hour = priority if priority in PRIORITIES else "", ""
    return _take(manner, queue, priority, hour if priority == "appointment" else "")


def _take(manner: Manner, queue: Queue, priority: str, hour: str) -> ResponseReturnValue:
    hall = site().node.hall

    def spool(taken: Taken) -> None:
        minutes = hall.minutes(queue, taken.ahead)
        vietnamese = WORDS["vi"]
        said = f"{vietnamese[priority]} {hour}".strip() if priority else ""
        site().node.papers.spool_ticket(
            taken,
            counters=", ".join(hall.places_of(queue)),
            priority=said,
            estimate=vietnamese["minutes"].format(minutes=minutes) if minutes else "",
        )

    try:
        turn = hall.take(queue, priority=priority, hour=hour, spool=spool)
    except TicketsUsedUp:
        return _start("none"), 409
    except Expected:
        return _start("not_taken"), 409
    let_go_of_late_papers()
    site().spool_wake()
    return redirect(url_for(".ticket", stream=turn.stream, **manner.args()), 303)


@blueprint.get("/kiosk/ticket/<stream>")
def ticket(stream: str) -> ResponseReturnValue:
    """The number, large, and what became of its paper; with `polled`, the latter only."""
    turn = _today(stream)
    if turn is None:
        return redirect(url_for(".page", **manner_of_page().args()), 303)
    hall = site().node.hall
    line = hall.ahead_of(turn)
    queue = next((one for one in hall.queues() if one.code == turn.code), None)
    facts: dict[str, object] = {
        "turn": turn,
        "paper": _paper(stream),
        "ahead": len(line),
        "minutes": hall.minutes(queue, len(line)) if queue else None,
        "places": hall.places_of(queue) if queue else [],
    }
    return render("kiosk_paper.html" if "polled" in request.args else "kiosk_ticket.html", **facts)


def let_go_of_late_papers() -> None:
    """The printer was away: whoever took a number then has gone to a chair, and nobody is to find their ticket."""
    node, now = site().node, site().now()
    late = PrintJob.form.in_(("ticket", "petition", *LATE_PAPERS)) & (PrintJob.created_at < now - LATE)
    with node.file.read():
        jobs = [job.id for job in PrintJob.select().where(late & (PrintJob.state == State.QUEUED.value))]
    for job in jobs:
        node.spool.cancel(job, why="the visitor has gone without it", at=now)


def _paper(stream: str) -> Literal["comes", "came", "missing"]:
    node = site().node
    with node.file.read():
        job = PrintJob.get_or_none(PrintJob.stream == stream)
    if job is not None and job.state == State.DONE.value:
        return "came"
    waited = (site().now() - job.created_at).total_seconds() if job is not None else _PAPER_S
    on_its_way = job is not None and job.state in (State.QUEUED.value, State.SENT.value)
    return "comes" if on_its_way and waited < _PAPER_S else "missing"


# ---- the rating


@blueprint.get("/kiosk/rate")
def rate() -> str:
    """`n` is the number as far as it was touched: each touch is a page of its own, one letter or digit longer."""
    typed = request.args.get("n", "").upper()[:6]
    name = read_ticket(typed)
    turn = _called(name) if name else None
    if turn is not None and "ok" in request.args:
        return _faces(turn)
    return render("kiosk_number.html", typed=typed, turn=turn, name=name)


@blueprint.get("/rating")
def tablet() -> ResponseReturnValue:
    """Before the visitor at a counter: the faces for whoever is there, or was just now; with `polled`, if it changed."""
    turn = _at_this_counter()
    if "polled" in request.args and request.args.get("said") == (turn.stream if turn else ""):
        return "", 204
    counter = site().node.hall.counter
    return render("kiosk_tablet.html", turn=turn, counter=counter, levels=LEVELS[_levels()])


def _at_this_counter() -> Turn | None:
    desk, since = site().node.hall.at_desk(), timestamp(site().now() - JUST_NOW)
    served = [
        turn
        for turn in site().node.visits.turns()
        if turn.served and turn.served.counter == desk.counter and turn.served.at >= since
    ]
    last = max(served, key=lambda turn: turn.served.at if turn.served else "", default=None)
    turn = desk.current or last
    return None if turn is None or site().node.hall.phase_of(turn) in turn.rated else turn


@blueprint.post("/kiosk/rate/<stream>")
def rated(stream: str) -> ResponseReturnValue:
    """By nobody: the machine writes it, and who served cannot."""
    manner, turn = manner_of_page(), _today(stream)
    if not Bare().validate_on_submit():
        return _start("old_page"), 400
    if turn is None or turn.status not in _RATEABLE:
        return redirect(url_for(manner.home, **manner.args()), 303)
    level, reason = request.form.get("level", "0"), request.form.get("reason", "")
    if not level.isdecimal() or int(level) not in LEVELS[_levels()]:
        return redirect(url_for(manner.home, **manner.args()), 303)
    if site().node.hall.phase_of(turn) in turn.rated:
        return render("kiosk_said.html", said="rated_before")
    satisfied = int(level) >= SATISFIED
    if not satisfied and reason not in REASONS:
        return render("kiosk_why.html", turn=turn, level=level, reasons=REASONS)
    try:
        data = Rated(
            site().node.hall.phase_of(turn), int(level), satisfied, "" if satisfied else WORDS["vi"][reason]
        )
        site().node.visits.act(stream, "visit.rated", data)
    except Expected:
        return _start("not_taken"), 409
    return render("kiosk_said.html", said="thanks")


_RATEABLE: Final = frozenset({VisitStatus.CALLED, VisitStatus.SERVED})


def _faces(turn: Turn) -> str:
    if site().node.hall.phase_of(turn) in turn.rated:
        return render("kiosk_said.html", said="rated_before")
    counter = turn.served.counter if turn.served else turn.calls[-1].counter if turn.calls else ""
    return render("kiosk_rate.html", turn=turn, counter=counter, levels=LEVELS[_levels()])


def _levels() -> int:
    centre = site().view.centre()
    return centre.levels if centre is not None else 3


def _today(stream: str) -> Turn | None:
    return next((turn for turn in site().node.visits.turns() if turn.stream == stream), None)


def _called(name: str) -> Turn | None:
    found = (turn for turn in site().node.visits.turns() if turn.ticket == name)
    return next((turn for turn in found if turn.status in _RATEABLE), None)


# ---- what all of its pages share


def manner_of_page() -> Manner:
    """Language, height and size from the address; what is not there is the default."""
    asked = request.values
    tablet = "tablet" in asked or request.endpoint == "kiosk.tablet"
    return Manner("en" if asked.get("lang") == "en" else "vi", "low" in asked, "large" in asked, tablet)


def _start(trouble: str = "") -> str:
    hall = site().node.hall
    left = [site().node.visits.left(one.code) for one in hall.queues()]
    few = min((one.left for one in left if one.few), default=None)
    return render("kiosk.html", queues=hall.waiting(), few=few, trouble=trouble)


def render(template: str, **facts: object) -> str:
    """A page of the kiosk, with its manner, the hour, and since when central is out of reach."""
    manner, now = manner_of_page(), site().now()
    contact = site().node.contacts.of(site().node.catalog.centre or "")
    cut = "" if contact.lost_since is None else words.clock(contact.lost_since, now)
    return render_template(
        template,
        **{"trouble": "", **facts},
        manner=manner,
        say=manner.say,
        cut=cut,
        shown_at=words.full(now),
        hour=now.astimezone(VIETNAM).strftime("%H:%M"),
    )
