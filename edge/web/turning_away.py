"""Forms 02 and 03 from the reception page: what was brought is not received, and whoever brought it knows why.

Form 02 lists everything that is missing at once (NĐ 309/2026 Đ17(2)(a)); form 03 says why not and where to go. What was
typed at the reception goes along in the page, and comes back to it whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import TextAreaField

from edge.web import drafting, presence
from edge.web.counter import Chosen, chosen_by, papers_for, stream_of
from edge.web.counter import render as render_reception
from edge.web.forms import Form, needed, paragraph, text
from edge.web.language import say
from edge.web.reception import KINDS, Paper, Reception
from edge.web.site import COUNTER, LISTS, site
from edge.web.trouble import Expected, Trouble, trouble_of
from printing.spool import PrintJob
from schemas.acts import NotReceived, Registered, RequestedComponent, SupplementRequested
from schemas.events import StreamId
from schemas.rules import Done
from schemas.turned_away import FORMS, REGISTERED

blueprint = Blueprint("turning_away", __name__)

KINDS_OF: Final = {"supplement": "dossier.supplement_requested", "refuse": "dossier.not_received"}
NOT_COMPLETE: Final = "Hồ sơ chưa đủ giấy tờ theo quy định của thủ tục."
"""What a form 02 begins with where papers were not brought."""
_OWN: Final = ("csrf_token", "typed_by", "act", "what", "reason", "guidance")


class Why(Form):
    """Why not, and where to go instead, as the paper will say it."""

    reason = TextAreaField("Lý do", filters=[paragraph], validators=needed("Chưa ghi lý do."))
    guidance = TextAreaField("Hướng dẫn: nộp ở đâu, làm gì thay", filters=[paragraph])


@dataclass(slots=True)
class Missing:
    """A paper of the procedure, whether it is asked for, and what is wrong with it."""

    paper: Paper
    asked: bool
    why: str
    error: str = ""


@blueprint.post("/counter/turn-away")
def turn_away() -> ResponseReturnValue:
    """`what` is supplement or refuse. `act=save` saves; anything else looks: at first from the reception page."""
    presence.require(COUNTER)
    here, what = site(), request.form.get("what", "")
    if what not in KINDS_OF:
        raise NotFound
    form, why = Reception(), Why()
    form.take_card()
    code = request.form.get("procedure", "")
    chosen = chosen_by(form, code)
    papers = papers_for(form, chosen)
    drafting.keep("counter")
    name = form.applicant_name if form.for_whom.data == "other" else form.name
    if chosen is None or papers is None or not name.data or not form.name.data:
        lacking = (
            [("q", say("Chưa chọn thủ tục. Gõ tên thủ tục rồi chọn một dòng."))] if chosen is None else []
        )
        lacking += [
            (one.name, say("Chưa ghi họ tên: phiếu ghi tên người nộp."))
            for one in {name, form.name}
            if not one.data
        ]
        term = request.form.get("q", "")
        return render_reception(form, chosen, term, papers=papers, saving=True, more_errors=lacking), 422
    missing = [_missing(place, paper) for place, paper in enumerate(papers.listed)]
    if request.form.get("act") != "save":
        if not _comes_from_reception():
            return _render(what, form, why, chosen, missing, [])
        asking = Why(formdata=None)
        if what == "supplement" and any(one.asked for one in missing):
            asking.reason.data = NOT_COMPLETE
        return _render(what, form, asking, chosen, missing, [])
    errors = _errors(what, why, missing)
    if errors:
        return _render(what, form, why, chosen, missing, errors), 422
    data: NotReceived | SupplementRequested = NotReceived(why.reason.data, why.guidance.data or "")
    if what == "supplement":
        data = SupplementRequested(tuple(_requested(one) for one in missing if one.asked), why.reason.data)
    by, stream = presence.person().id, StreamId(stream_of(form))
    try:
        here.node.ledger.turn_away(
            stream,
            form.draft(chosen.procedure.code, papers),
            KINDS_OF[what],
            data,
            by=by,
            spool=partial(here.node.papers.spool_turned_away, by=by),
        )
    except Expected as problem:
        trouble = trouble_of(problem)
        return _render(what, form, why, chosen, missing, [], trouble), trouble.status
    here.spool_wake()
    drafting.saved("counter", stream)
    return redirect(url_for(".page", stream=stream, new=1), 303)


@blueprint.get("/counter/turned-away/<stream>")
def page(stream: str) -> ResponseReturnValue:
    """What was brought and why it was not received; with its paper where that was printed."""
    presence.require(LISTS)
    job, brought, said = _known(stream)
    g.restricted = stream in site().node.catalog.trust.restricted
    site().node.views.looked(presence.person().id, stream, "turning_away.page")
    return render_template(
        "turned_away.html",
        stream=stream,
        job=job,
        brought=brought,
        said=said,
        new=job is not None and "new" in request.args,
        receives=site().may(presence.person(), COUNTER),
        lists_entry=LISTS,
    )


@blueprint.get("/counter/turned-away/<stream>.pdf")
def pdf(stream: str) -> ResponseReturnValue:
    """The paper as it was printed; the look is in the log. 404 where it was not made here."""
    presence.require(LISTS)
    job, _, _ = _known(stream)
    if job is None or not job.payload:
        raise NotFound
    site().node.views.looked(presence.person().id, stream, "turning_away.pdf")
    response = Response(
        site().node.papers.render_job(job.form, bytes(job.payload)), mimetype="application/pdf"
    )
    response.headers["Content-Disposition"] = f'inline; filename="{job.number}.pdf"'
    return response


def _known(stream: str) -> tuple[PrintJob | None, Registered, Done]:
    """The paper, if it was printed here; what was brought; the act that says why not. Raises `NotFound` for anything else."""
    node = site().node
    newest = node.register.dossier(stream).standing.newest
    kind = next((kind for kind in FORMS if kind in newest), "")
    brought = newest[REGISTERED].data if REGISTERED in newest else None
    if not kind or not isinstance(brought, Registered) or newest[kind].data is None:
        raise NotFound
    with node.file.read():
        job = PrintJob.get_or_none((PrintJob.stream == stream) & (PrintJob.form == FORMS[kind]))
    return job, brought, newest[kind]


def _comes_from_reception() -> bool:
    return "reason" not in request.form


def _missing(place: int, paper: Paper) -> Missing:
    """As ticked on the page; on the way there from the reception, what was not brought."""
    if _comes_from_reception():
        brought = any(typed.strip("0 ") for typed in paper.counts.values())
        why = f"Còn thiếu {paper.lacking} bản" if brought else "Chưa nộp"
        return Missing(paper, asked=paper.lacking > 0, why=why if paper.lacking else "")
    asked = f"missing-{place}" in request.form
    return Missing(paper, asked, text(request.form.get(f"why-{place}")))


def _errors(what: str, why: Why, missing: list[Missing]) -> list[tuple[str, str]]:
    found = [] if why.validate_on_submit() else why.error_list()
    if what == "refuse":
        return found
    if not any(one.asked for one in missing):
        found.append(("missing-0", say("Chưa đánh dấu giấy tờ nào cần bổ sung.")))
    for place, one in enumerate(missing):
        if one.asked and not one.why:
            one.error = say("Giấy tờ {n}: chưa ghi thiếu gì, sai gì.", n=place + 1)
            found.append((f"why-{place}", one.error))
    return found


def _requested(one: Missing) -> RequestedComponent:
    asked = {kind: int(one.paper.needed[kind]) for kind in KINDS}
    if not any(asked.values()):
        asked["originals"] = 1
    return RequestedComponent(one.paper.name, one.why, **asked)


def _render(
    what: str,
    form: Reception,
    why: Why,
    chosen: Chosen,
    missing: list[Missing],
    errors: list[tuple[str, str]],
    trouble: Trouble | None = None,
) -> str:
    own = (*_OWN, *(f"{name}-{place}" for place in range(len(missing)) for name in ("missing", "why")))
    return render_template(
        "turn_away.html",
        what=what,
        form=form,
        why=why,
        chosen=chosen,
        missing=missing,
        errors=errors,
        trouble=trouble,
        carried=[(name, value) for name, value in request.form.items(multi=True) if name not in own],
    )
