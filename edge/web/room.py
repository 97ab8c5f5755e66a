"""The room: what waits, oldest due first; appraise, sign, refuse, answer a withdrawal.

The page shows why an act cannot be done; whether it can is for the ledger to say, each time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge.deciding import Upload
from edge.pades.paper import LARGEST_BYTES
from edge.register import Work
from edge.tables.dossiers import DossierRow
from edge.web import presence, second, showing
from edge.web.dossier import on_the_way
from edge.web.forms import Bare, Form, paragraph
from edge.web.merging import over_what_was_seen
from edge.web.pdfs import pdf_answer
from edge.web.room_forms import (
    FOUND,
    Appraisal,
    Approval,
    Checklist,
    Refusal,
    Second,
    SendBack,
    WithdrawalAnswer,
)
from edge.web.scans import chosen, scans_of, without_files
from edge.web.showing import Shown, show, sides, why_not
from edge.web.site import ROOM, site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.web.uploads import Kind, takes_files, uploads
from schemas.acts import Appraised, Reasoned, SecondOpinion, Status
from schemas.entries import Role

blueprint = Blueprint("room", __name__)

SHOWN: Final = 60
"""Dossiers of a queue that are shown on one of its pages; the count is always that of all."""
APPRAISE, APPROVE, REFUSE = "dossier.appraised", "dossier.approved", "dossier.refused"
SEND_BACK, SECOND = "dossier.sent_back", "dossier.second_opinion"
WITHDRAWAL: Final = "dossier.withdrawal_granted"


@dataclass(frozen=True, slots=True)
class Tab:
    """One list of the room; `mine` is whether the person here may do its work."""

    work: Work
    title: str
    count: int
    mine: bool


_TABS: Final = (
    (Work.APPROVE, "Chờ ký", "dossier.approved"),
    (Work.APPRAISE, "Chờ thẩm định", "dossier.appraised"),
    (Work.WITHDRAW, "Đơn rút", "dossier.withdrawal_granted"),
)
_HEADINGS: Final = {
    Work.APPROVE: "Chờ ký",
    Work.APPRAISE: "Chờ thẩm định",
    Work.WITHDRAW: "Chờ trả lời đơn rút",
}


@dataclass(frozen=True, slots=True)
class Queue:
    """The list at the left: one kind of work, oldest due first. `after` is the last dossier of the page before.

    `seen` and `ticked` are for signing many; `elsewhere` are those with files that have not arrived.
    """

    work: Work
    heading: str
    rows: list[DossierRow]
    count: int
    tabs: list[Tab]
    selected: str
    after: str = ""
    folders: int = 0
    signs: bool = False
    seen: frozenset[str] = frozenset()
    ticked: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()

    @property
    def more(self) -> str:
        """The dossier after which the next page begins; "" where this is the last."""
        return self.rows[-1].stream if len(self.rows) == SHOWN else ""

    @property
    def digest(self) -> str:
        """Changes when what the list shows changes; ages are left to the next change."""
        seen = [
            (
                *(row.stream, row.due_at, row.contested, row.warned),
                *(row.missing, row.status, row.appraisal, row.holder),
            )
            for row in self.rows
        ]
        shown = (
            seen,
            self.count,
            self.tabs,
            self.selected,
            self.folders,
            sorted(self.seen),
            sorted(self.elsewhere),
        )
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


@blueprint.get("/room")
def page() -> ResponseReturnValue:
    """A queue with its first dossier open; without `tab` the queue of this person's own work."""
    presence.require(ROOM)
    work = _asked_work() or _own_work()
    queue = _queue(work, "")
    first = next((row for row in queue.rows if not row.contested and not row.missing), None)
    first = first or next(iter(queue.rows), None)
    return _render(work, show(first.stream) if first else None)


@blueprint.get("/room/queue")
def queue_fragment() -> ResponseReturnValue:
    """The list anew, or 204 while what it shows has not changed."""
    presence.require(ROOM)
    queue = _queue(_asked_work() or _own_work(), request.args.get("selected", ""))
    if queue.digest == request.args.get("digest"):
        return "", 204
    return render_template("queue.html", queue=queue)


@blueprint.get("/room/<stream>")
def one(stream: str) -> ResponseReturnValue:
    """One dossier beside the list that it belongs to."""
    presence.require(ROOM)
    shown = show(stream)
    return _render(_work_of(shown), shown)


@blueprint.post("/room/<stream>/appraise")
@over_what_was_seen("dossier.appraised", Appraisal)
def appraise(stream: str) -> ResponseReturnValue:
    """With the checklist: each point has its answer, and a reason where it fails. 422 with all mistakes."""
    form, shown = Appraisal(), show(stream)
    right = form.validate_on_submit()
    checklist = checklist_of(shown)
    passed = form.passed.data == "yes"
    open_points = checklist.problems(passed=passed)
    if not right or open_points:
        return _wrong(stream, form, open_points)
    opinion = Appraised(opinion=form.opinion.data, passed=passed, points=checklist.checked())
    try:
        with_ = second.beside("dossier.appraised")
        site().node.ledger.act(stream, "dossier.appraised", opinion, by=presence.person().id, with_=with_)
    except Expected as why:
        return _failed(stream, form, why)
    return _next(Work.APPRAISE, stream, "dossier.appraised")


@blueprint.post("/room/<stream>/approve")
@takes_files(LARGEST_BYTES)
@over_what_was_seen("dossier.approved", Approval)
def approve(stream: str) -> ResponseReturnValue:
    """By token, or on paper with the scan beside. 422 with all mistakes; a wrong PIN costs only typing it
    again.
    """
    form = Approval()
    if not form.validate_on_submit():
        return _wrong(stream, form)
    on_paper = request.form.get("how") == "paper"
    if on_paper and any(one.filename for one in request.files.getlist("attachments")):
        return _wrong(
            stream, form, [("attachments", "Ký tay thì quét tài liệu kèm theo chung với bản giấy.")]
        )
    try:
        with_ = second.beside("dossier.approved")
        if on_paper:
            site().node.deciding.approve_on_paper(
                stream, by=presence.person().id, pin=form.pin.data, text=form.text.data, with_=with_
            )
            return _next(Work.APPROVE, stream, "dossier.approved")
        site().node.deciding.approve(
            stream,
            by=presence.person().id,
            pin=form.pin.data,
            text=form.text.data,
            attachments=[Upload(*one) for one in uploads("attachments", Kind.PDF)],
            with_=with_,
        )
    except Expected as why:
        return _failed(stream, form, why)
    return _next(Work.APPROVE, stream, "dossier.approved")


@blueprint.post("/room/<stream>/refuse")
@over_what_was_seen("dossier.refused", Refusal)
def refuse(stream: str) -> ResponseReturnValue:
    """By token, or on paper. 422 with all mistakes."""
    form = Refusal()
    if not form.validate_on_submit():
        return _wrong(stream, form)
    try:
        deciding, with_ = site().node.deciding, second.beside("dossier.refused")
        decide = deciding.refuse_on_paper if request.form.get("how") == "paper" else deciding.refuse
        decide(stream, by=presence.person().id, pin=form.pin.data, reason=form.reason.data, with_=with_)
    except Expected as why:
        return _failed(stream, form, why)
    return _next(Work.APPROVE, stream, "dossier.refused")


@blueprint.post("/room/<stream>/withdrawal")
@over_what_was_seen("dossier.withdrawal_granted", WithdrawalAnswer)
def answer_withdrawal(stream: str) -> ResponseReturnValue:
    """Grant what was asked, or refuse it. 422 with all mistakes."""
    form = WithdrawalAnswer()
    if not form.validate_on_submit():
        return _wrong(stream, form)
    kind = "dossier.withdrawal_granted" if form.answer.data == "grant" else "dossier.withdrawal_refused"
    try:
        answer = Reasoned(reason=form.reason.data)
        site().node.course.answer_withdrawal(
            stream,
            answer,
            granted=kind == WITHDRAWAL,
            by=presence.person().id,
            with_=second.beside(kind),
        )
    except Expected as why:
        return _failed(stream, form, why)
    return _next(Work.WITHDRAW, stream, kind)


@blueprint.post("/room/<stream>/second")
def second_opinion(stream: str) -> ResponseReturnValue:
    """Write down whether a second person agrees with the appraisal. 422 with all mistakes."""
    form = Second()
    if not form.validate_on_submit():
        return _wrong(stream, form)
    try:
        said = SecondOpinion(form.opinion.data, form.agrees.data == "yes")
        site().node.ledger.act(stream, SECOND, said, by=presence.person().id)
    except Expected as why:
        return _failed(stream, form, why)
    return redirect(url_for(".one", stream=stream, done=SECOND), 303)


@blueprint.post("/room/<stream>/back")
def send_back(stream: str) -> ResponseReturnValue:
    """Back to whoever appraised, with what is wrong. 422 without it."""
    form = SendBack()
    if not form.validate_on_submit():
        return _wrong(stream, form)
    try:
        said = Reasoned(reason=form.reason.data)
        site().node.ledger.act(
            stream, SEND_BACK, said, by=presence.person().id, with_=second.beside(SEND_BACK)
        )
    except Expected as why:
        return _failed(stream, form, why)
    return _next(Work.APPROVE, stream, SEND_BACK)


@blueprint.post("/room/<stream>/draft")
def draft(stream: str) -> ResponseReturnValue:
    """The document as it would be signed, with the words that stand in the form: looked at, and kept nowhere."""
    presence.require(ROOM)
    Bare.checked()
    shown, node, now = show(stream), site().node, site().now()
    approved = "reason" not in request.form
    rendered = node.papers.result_of(
        shown.dossier,
        approved=approved,
        text=paragraph(request.form.get("text" if approved else "reason", "")),
        signer=presence.person(),
        capacity=node.deciding.right_of(presence.person(), shown.dossier, now).capacity,
        at=now,
    )
    return pdf_answer(rendered.pdf, f"{shown.received.number}-du-thao")


def checklist_of(shown: Shown) -> Checklist:
    """What the procedure's version of today has an appraiser go through."""
    procedure = site().view.procedure(shown.received.procedure, site().today())
    return Checklist(procedure.checklist if procedure else ())


def _wrong(stream: str, form: Form, more: list[tuple[str, str]] | None = None) -> ResponseReturnValue:
    shown = show(stream)
    return _render(_work_of(shown), shown, form=form, errors=[*(more or []), *form.error_list()]), 422


def _failed(stream: str, form: Form, why: Exception) -> ResponseReturnValue:
    """The act was not done: the same page with what was typed, and the dossier as it is now."""
    shown = show(stream)
    trouble = trouble_of(why, shown.dossier.status)
    return _render(_work_of(shown), shown, form=form, trouble=trouble), trouble.status


def _next(work: Work, stream: str, kind: str) -> ResponseReturnValue:
    return redirect(url_for(".page", tab=work.value, after=stream, done=kind), 303)


def _render(
    work: Work,
    shown: Shown | None,
    *,
    form: Form | None = None,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    kind = _kind_of_form(form) or _kind_to_do(shown)
    after = request.args.get("after", "")
    scans = scans_of(shown) if shown else []
    scan, scan_page = chosen(scans)
    return render_template(
        "room.html",
        queue=_queue(work, shown.dossier.stream if shown else ""),
        shown=shown,
        kind=kind,
        form=form or _empty_form(kind, shown),
        errors=errors or [],
        trouble=trouble,
        against=_against(shown, kind),
        conflicts=[(conflict, sides(shown, conflict)) for conflict in shown.dossier.conflicts]
        if shown
        else [],
        earlier=_earlier(shown),
        on_the_way=on_the_way(shown) if shown else [],
        after=site().node.register.row(after) if after else None,
        done=request.args.get("done", ""),
        capacity=_capacity(shown),
        second=second.asked_for(kind) if kind else None,
        certificate=showing.certificate_tag(presence.person().ders()),
        may_appraise=presence.is_ones(APPRAISE),
        may_send_back=presence.is_ones(SEND_BACK),
        may_second=_may_second(shown, kind),
        points=checklist_of(shown).points if shown and kind == APPRAISE else [],
        found=FOUND,
        opinions=_opinions(shown),
        authorised=_authorised(shown, kind),
        row=site().node.register.row(shown.dossier.stream) if shown else None,
        scans=scans,
        scan=scan,
        scan_page=scan_page,
    )


def _may_second(shown: Shown | None, kind: str) -> bool:
    if shown is None or kind not in (APPROVE, REFUSE):
        return False
    return why_not(shown.dossier, SECOND, SecondOpinion("?", agrees=True)) is None


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who may sign the dossier today; `seen_at`: since when they are signed in at this machine, "" if not."""

    name: str
    right: str
    seen_at: str


def _authorised(shown: Shown | None, kind: str) -> list[Signer]:
    """Who may sign, those first who are here: when one is absent, the next one does."""
    if shown is None or kind not in (APPRAISE, APPROVE, REFUSE):
        return []
    node, here = site().node, presence.person().id
    found = [
        Signer(
            one.person.name,
            one.right.in_a_line,
            max((session.began_at for session in node.sessions.of(one.person.id)), default=""),
        )
        for one in node.deciding.authorised(shown.dossier)
        if one.person.id != here
    ]
    return sorted(found, key=lambda one: (not one.seen_at, one.name))


def _opinions(shown: Shown | None) -> list[tuple[showing.Step, SecondOpinion]]:
    """The second opinions on the appraisal that stands, oldest first."""
    if shown is None or SECOND not in shown.dossier.standing.newest:
        return []
    appraisal = shown.dossier.standing.appraisal
    hashes: list[str] = [step.line.hash for step in shown.steps]
    since = hashes.index(appraisal.hash) if appraisal else 0
    told = [(step, shown.contents.get(step.line.hash)) for step in shown.steps[since:]]
    return [(step, said) for step, said in told if isinstance(said, SecondOpinion)]


def _queue(work: Work, selected: str) -> Queue:
    node, after = site().node, request.args.get("from", "")
    rows, count = node.register.work(work, SHOWN, after=after)
    counts = node.register.counts()
    tabs = [Tab(of, title, counts[of], presence.is_ones(kind)) for of, title, kind in _TABS]
    signs = work is Work.APPROVE and presence.is_ones(APPROVE)
    streams = [row.stream for row in rows]
    return Queue(
        work,
        _HEADINGS[work],
        rows,
        count,
        tabs,
        selected,
        after,
        node.folders.count(),
        signs,
        frozenset(node.views.seen_by(presence.person().id, streams) if signs else ()),
        frozenset(request.args.getlist("stream")),
        frozenset(without_files(streams)),
    )


def _asked_work() -> Work | None:
    asked = request.args.get("tab")
    return next((work for work, _, _ in _TABS if work.value == asked), None)


def _own_work() -> Work:
    return Work.APPROVE if presence.person().has(Role.APPROVER, site().today()) else Work.APPRAISE


def _work_of(shown: Shown) -> Work:
    """The queue in which a dossier stands."""
    match shown.dossier.status:
        case Status.WITHDRAWING:
            return Work.WITHDRAW
        case Status.PROCESSING if shown.dossier.standing.appraisal:
            return Work.APPROVE
        case _:
            return Work.APPRAISE


def _kind_to_do(shown: Shown | None) -> str:
    """The act that the form in the middle is for; empty where nothing is left to do here."""
    if shown is None or shown.dossier.standing.outcome is not None:
        return ""
    match shown.dossier.status:
        case Status.WITHDRAWING:
            return "dossier.withdrawal_granted"
        case Status.RECEIVED | Status.PROCESSING:
            appraisal = shown.dossier.standing.appraisal
            if appraisal is None or "again" in request.args:
                return "dossier.appraised"
            if "back" in request.args:
                return SEND_BACK
            if "second" in request.args:
                return SECOND
            refusing = "refuse" in request.args or not appraisal.data.passed
            return "dossier.refused" if refusing else "dossier.approved"
        case _:
            return ""


def _kind_of_form(form: Form | None) -> str:
    match form:
        case Appraisal():
            return "dossier.appraised"
        case Approval():
            return "dossier.approved"
        case Refusal():
            return "dossier.refused"
        case WithdrawalAnswer():
            return "dossier.withdrawal_granted"
        case SendBack():
            return SEND_BACK
        case Second():
            return SECOND
        case _:
            return ""


def _empty_form(kind: str, shown: Shown | None) -> Form | None:
    match kind:
        case "dossier.appraised":
            return Appraisal(formdata=None)
        case "dossier.approved" if shown is not None:
            form = Approval(formdata=None)
            form.text.data = _wording(shown, approved=True)
            return form
        case "dossier.refused" if shown is not None:
            refusal = Refusal(formdata=None)
            refusal.reason.data = _wording(shown, approved=False)
            return refusal
        case "dossier.sent_back":
            return SendBack(formdata=None)
        case "dossier.second_opinion":
            return Second(formdata=None)
        case "dossier.withdrawal_granted":
            return WithdrawalAnswer(formdata=None)
        case _:
            return None


def _wording(shown: Shown, *, approved: bool) -> str:
    """What the text of the result begins as; whoever signs reads it and writes it otherwise where they must."""
    return site().node.papers.wording_of(shown.dossier, approved=approved, at=site().now())


def _capacity(shown: Shown | None) -> str:
    """By what right the person here would sign the dossier: "TUQ. GIÁM ĐỐC SỞ, theo Quyết định …"."""
    if shown is None:
        return ""
    return site().node.deciding.right_of(presence.person(), shown.dossier, site().now()).in_a_line


def _against(shown: Shown | None, kind: str) -> Trouble | None:
    if shown is None or not kind:
        return None
    return why_not(shown.dossier, kind, showing.sample_of(shown.dossier, kind))


def _earlier(shown: Shown | None) -> list[DossierRow]:
    if shown is None:
        return []
    return site().node.register.earlier(shown.received.applicant.identity, but=shown.dossier.stream)
