"""Trực tuyến: what came online and waits to be received. Everything here works without a line, as far as it has come."""

from __future__ import annotations

from functools import partial
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import TextAreaField

from edge.inbox import Submitted
from edge.web import presence
from edge.web.counter import Chosen, chosen_for
from edge.web.errors import page as trouble_page
from edge.web.forms import Bare, Form, needed, paragraph, text
from edge.web.language import say
from edge.web.pdfs import scan_answer
from edge.web.showing import why_not
from edge.web.site import INBOX, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import NotReceived, RequestedComponent, Status, SupplementRequested
from schemas.intake import NEW, PUBLIC_PC, SUPPLEMENT

blueprint = Blueprint("inbox", __name__)

_STATES: Final = (NEW, SUPPLEMENT)


class Refusal(Form):
    """Why it is not received (form 03), and where its sender should go."""

    refused_for = TextAreaField(
        "Vì sao không tiếp nhận", filters=[paragraph], validators=needed("Chưa ghi lý do.")
    )
    guidance = TextAreaField("Hướng dẫn: nộp ở đâu, làm gì thay", filters=[paragraph])


class Asking(Form):
    """What is lacking (form 02); the papers are typed as rows beside it."""

    reason = TextAreaField("Lý do", filters=[paragraph], validators=needed("Chưa ghi lý do."))


@blueprint.get("/inbox")
def page() -> str:
    """One state of what came online, a page at a time, and how many each state has."""
    presence.require(INBOX)
    state = request.args.get("state", "")
    state = state if state in _STATES else NEW
    inbox = site().node.inbox
    return render_template(
        "inbox.html",
        state=state,
        found=inbox.page(state, after=request.args.get("after", "")),
        counts={one: inbox.count(one) for one in _STATES},
        portal_of=portal_title,
        done=request.args.get("done", ""),
    )


@blueprint.get("/inbox/<stream>")
def one(stream: str) -> ResponseReturnValue:
    """One submission with its files. 303 to the dossier where it was received already; 404."""
    presence.require(INBOX)
    submitted = _submitted(stream)
    if submitted.dossier.received is not None:
        return redirect(url_for("dossier.page", stream=stream), 303)
    return _one(submitted)


@blueprint.get("/inbox/<stream>/files/<int:place>")
def file(stream: str, place: int) -> ResponseReturnValue:
    """One file, by its place in the list."""
    presence.require(INBOX)
    files = _submitted(stream).files
    if not 0 < place <= len(files):
        raise NotFound
    kept = files[place - 1]
    content = site().node.archive.read(kept.file)
    if content is None:
        site().demand(stream)
        return trouble_page(
            Trouble(
                "Tệp này chưa tới máy này.",
                "Hồ sơ và tệp vẫn nguyên ở Trung tâm.",
                "Máy đang lấy tệp này về trước các tệp khác; mở lại sau vài giây.",
                404,
            )
        )
    return scan_answer(content, kept.type, f"{stream[:12]}-{place}")


@blueprint.post("/inbox/<stream>/receive")
def receive(stream: str) -> ResponseReturnValue:
    """Receive it, with number and slip; a portal's code stays its number."""
    presence.require(INBOX)
    Bare.checked()
    submitted = _submitted(stream)
    node = site().node
    try:
        node.inbox.receive(stream, by=presence.person().id, spool=node.papers.spool_slip)
    except Expected as why:
        trouble = trouble_of(why)
        return _one(submitted, trouble=trouble), trouble.status
    site().spool_wake()
    return redirect(url_for("dossier.page", stream=stream, saved=1), 303)


@blueprint.post("/inbox/<stream>/refuse")
def refuse(stream: str) -> ResponseReturnValue:
    """Form 03."""
    presence.require(INBOX)
    form, submitted = Refusal(), _submitted(stream)
    if not form.validate_on_submit():
        return _one(submitted, refusal=form, errors=form.error_list()), 422
    return _answer(submitted, NotReceived(form.refused_for.data, form.guidance.data or ""), refusal=form)


@blueprint.post("/inbox/<stream>/supplement")
def supplement(stream: str) -> ResponseReturnValue:
    """Form 02: one whole list."""
    presence.require(INBOX)
    form, submitted = Asking(), _submitted(stream)
    asked, errors = _asked(submitted)
    errors += [] if form.validate_on_submit() else form.error_list()
    if errors:
        return _one(submitted, asking=form, errors=errors), 422
    return _answer(submitted, SupplementRequested(tuple(asked), form.reason.data), asking=form)


def _answer(
    submitted: Submitted,
    said: NotReceived | SupplementRequested,
    *,
    refusal: Refusal | None = None,
    asking: Asking | None = None,
) -> ResponseReturnValue:
    node, by, stream = site().node, presence.person().id, submitted.dossier.stream
    try:
        node.inbox.answer(stream, said, by=by, spool=partial(node.papers.spool_turned_away, by=by))
    except Expected as why:
        trouble = trouble_of(why)
        return _one(submitted, refusal=refusal, asking=asking, trouble=trouble), trouble.status
    site().spool_wake()
    return redirect(url_for("turning_away.page", stream=stream, new=1), 303)


def papers_of(submitted: Submitted) -> list[str]:
    """What can be asked for: the papers of the procedure, and others that were sent."""
    registered = submitted.registered
    procedure = site().view.procedure(registered.procedure, site().today())
    required = (procedure.papers(registered.case) or procedure.components) if procedure else ()
    return list(
        dict.fromkeys([*(one.name for one in required), *(one.name for one in registered.components)])
    )


def _asked(submitted: Submitted) -> tuple[list[RequestedComponent], list[tuple[str, str]]]:
    asked, errors = [], []
    for place, name in enumerate(papers_of(submitted)):
        if f"missing-{place}" not in request.form:
            continue
        why = text(request.form.get(f"why-{place}", ""))
        if why:
            asked.append(RequestedComponent(name, why, copies=1))
        else:
            errors.append((f"why-{place}", say("Giấy tờ {n}: chưa ghi thiếu gì, sai gì.", n=place + 1)))
    if not asked and not errors:
        errors.append(("missing-0", "Chưa đánh dấu giấy tờ nào cần bổ sung."))
    return asked, errors


def portal_title(name: str) -> str:
    """What people call where a dossier came from; counters know portals by their names only."""
    named = {one.name: one.title for one in site().node.settings.portals}
    return named.get(name, "Máy công cộng" if name == PUBLIC_PC else name)


def _submitted(stream: str) -> Submitted:
    """Raises `NotFound`."""
    found = site().node.inbox.one(stream)
    if found is None:
        raise NotFound
    return found


def _one(
    submitted: Submitted,
    *,
    refusal: Refusal | None = None,
    asking: Asking | None = None,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    dossier, registered = submitted.dossier, submitted.registered
    site().node.views.looked(presence.person().id, dossier.stream, "inbox.one")
    archive = site().node.archive
    here = [any(not archive.missing(one) for one in archive.lists(kept.file)) for kept in submitted.files]
    if not all(here):
        site().demand(dossier.stream)
    chosen = chosen_for(site(), registered.procedure, case=registered.case, channel=registered.channel)
    return render_template(
        "inbox_one.html",
        stream=dossier.stream,
        registered=registered,
        status=dossier.status,
        at=dossier.standing.newest["dossier.registered"].at,
        node=dossier.standing.newest["dossier.registered"].node,
        portal=portal_title(registered.submission.portal) if registered.submission else "",
        code=registered.submission.name if registered.submission else "",
        files=list(zip(submitted.files, here, strict=True)),
        chosen=chosen,
        against=_against(submitted, chosen),
        papers=papers_of(submitted),
        refusal=refusal or Refusal(formdata=None),
        asking=asking or Asking(formdata=None),
        waits=dossier.status is Status.REGISTERED,
        typed=request.form if asking is not None else {},
        errors=errors or [],
        trouble=trouble,
    )


def _against(submitted: Submitted, chosen: Chosen | None) -> Trouble | None:
    """Why it cannot be answered here and now; None where it can."""
    if chosen is None:
        return Trouble(
            say(
                "Thủ tục {code} không còn hiệu lực ở danh mục của máy này.",
                code=submitted.registered.procedure,
            ),
            "Hồ sơ trực tuyến vẫn nguyên.",
            "Từ chối kèm hướng dẫn (Mẫu 03), hoặc báo quản trị danh mục.",
        )
    return why_not(submitted.dossier, "dossier.not_received", NotReceived("?"))
