"""Việc của cơ quan: what was handed over to an agency, what it holds and owes, what it is asked; for its own people.

Light, and at any machine that holds the agency's dossiers: a counter's computer in the hall will do. Nothing here needs
central: what is taken, sent back or answered travels like every other act.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from edge.handing_over import OPINION_GIVEN
from edge.tables.queues import OPINION
from edge.web import presence
from edge.web.agencies import HANDED_OVER, HELD, Answer, Move, Tab, jobs_asked_for, slip
from edge.web.showing import Shown, show, sides, why_not
from edge.web.site import WORKPLACE, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import OpinionGiven
from schemas.custody import open_opinion
from schemas.events import timestamp

blueprint = Blueprint("workplace", __name__)

TABS: Final = {HANDED_OVER: "Mới bàn giao", HELD: "Đang giữ, phải trả", OPINION: "Được xin ý kiến"}


@blueprint.get("/agency")
def page() -> ResponseReturnValue:
    """The lists of the person's own agency, by `?tab=`. 404 for a list that is none."""
    presence.require(WORKPLACE)
    return _render(Move(formdata=None))


@blueprint.post("/agency/take-over")
def take_over() -> ResponseReturnValue:
    """What was handed over is in the agency's hands, with one slip."""
    return _move(HANDED_OVER)


@blueprint.post("/agency/hand-back")
def hand_back() -> ResponseReturnValue:
    """What the agency has done goes back to the centre, with one slip."""
    return _move(HELD)


def _move(tab: str) -> ResponseReturnValue:
    presence.require(WORKPLACE)
    form, here, by = Move(), site(), presence.person().id
    form.validate_on_submit()
    errors = form.problems()
    if errors:
        return _render(form, tab=tab, errors=errors), 422
    slips = []
    try:
        if tab == HANDED_OVER:
            count = len(here.node.handing_over.take_over(form.streams, by=by))
        else:
            moved = here.node.handing_over.hand_back(form.results, by=by)
            count, slips = len(moved.dossiers), moved.slips
    except Expected as why:
        trouble = trouble_of(why)
        return _render(form, tab=tab, trouble=trouble), trouble.status
    here.spool_wake()
    jobs = ",".join(str(job.id) for job in slips)
    return redirect(url_for(".page", tab=tab, moved=count, slips=jobs), 303)


@blueprint.get("/agency/slip/<int:job>.pdf")
def slip_pdf(job: int) -> ResponseReturnValue:
    """The slip of one hand-over, for both sides. 404 where it was not made at this machine."""
    presence.require(WORKPLACE)
    return slip(job)


@blueprint.get("/agency/<stream>/opinion")
def opinion(stream: str) -> ResponseReturnValue:
    """What this agency is asked about one dossier."""
    presence.require(WORKPLACE)
    return _opinion(show(stream), Answer(formdata=None))


@blueprint.post("/agency/<stream>/opinion")
def answer(stream: str) -> ResponseReturnValue:
    """Write the agency's opinion down. 422 with what is missing."""
    presence.require(WORKPLACE)
    shown, form = show(stream), Answer()
    if not form.validate_on_submit():
        return _opinion(shown, form, errors=form.error_list()), 422
    said = OpinionGiven(form.agrees.data, form.opinion.data, form.document.data)
    try:
        site().node.handing_over.answer(stream, said, by=presence.person().id)
    except Expected as why:
        trouble = trouble_of(why, shown.dossier.status)
        return _opinion(shown, form, trouble=trouble), trouble.status
    return redirect(url_for(".page", tab=OPINION, moved=1), 303)


def _render(
    form: Move,
    *,
    tab: str = "",
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    here, now, agency = site(), timestamp(site().now()), presence.person().agency
    tab = tab or request.args.get("tab", HANDED_OVER)
    if tab not in TABS:
        raise NotFound
    tabs = []
    for name, title in TABS.items():
        mine = [one for one in here.node.register.custodians(name, now) if one[0] == agency]
        tabs.append(Tab(name, title, sum(one[1] for one in mine), sum(one[2] for one in mine)))
    rows, count = here.node.register.custody(tab, agency)
    return render_template(
        "workplace.html",
        form=form,
        tab=tab,
        tabs=tabs,
        agency=agency,
        rows=rows,
        count=count,
        chosen=form.streams,
        results=form.results,
        errors=errors or [],
        trouble=trouble,
        moved=request.args.get("moved", ""),
        slips=jobs_asked_for(),
    )


def _opinion(
    shown: Shown,
    form: Answer,
    *,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    asked = open_opinion(shown.dossier.standing)
    return render_template(
        "opinion.html",
        shown=shown,
        asked=asked,
        asked_on=shown.dossier.standing.newest.get("dossier.forwarded"),
        until=date.fromisoformat(asked.until) if asked and asked.until else None,
        question=None,
        answer=form,
        errors=errors or [],
        trouble=trouble,
        at_agency=True,
        conflicts=[(one, sides(shown, one)) for one in shown.dossier.conflicts],
        against=why_not(shown.dossier, OPINION_GIVEN, OpinionGiven("yes", "?")),
    )
