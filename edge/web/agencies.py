"""Cơ quan: folders that are to go to an agency, are there, or come back; and opinions that agencies are asked for.

Every list shows what is due first and what is late, at each counter and at central alike. What is chosen together moves
together, with one slip for both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, StopValidation

from edge.agency_papers import FORMS
from edge.folder_papers import print_folder_paper
from edge.handing_over import FORWARDED, MOST, OPINION_GIVEN
from edge.register import Held
from edge.tables.queues import OPINION
from edge.web import presence
from edge.web.days import Day
from edge.web.forms import LONGEST, Choice, Form, needed, paragraph, text, too_long
from edge.web.language import say
from edge.web.showing import Shown, show, sides, why_not
from edge.web.site import AGENCIES, site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.web.words import AGREES
from printing.papers.course import ControlSlip
from printing.spool import PrintJob
from schemas.acts import Forwarded, OpinionGiven
from schemas.custody import Where, open_opinion
from schemas.events import timestamp

blueprint = Blueprint("agencies", __name__)

TO_HAND_OVER, HANDED_OVER, HELD, HANDED_BACK = (
    one.value for one in (Where.TO_HAND_OVER, Where.HANDED_OVER, Where.HELD, Where.HANDED_BACK)
)
TABS: Final = {
    TO_HAND_OVER: "Chờ bàn giao",
    HANDED_OVER: "Chờ cơ quan nhận",
    HELD: "Đang ở cơ quan",
    HANDED_BACK: "Chờ nhận lại",
    OPINION: "Chờ ý kiến",
}


class Move(Form):
    """Folders that are chosen together; who of the agency signs on paper, where they have no key here."""

    signed_by = StringField(
        "Người của cơ quan ký trên giấy",
        filters=[text],
        validators=[Length(max=LONGEST, message=too_long())],
    )
    control = BooleanField("In Phiếu kiểm soát (Mẫu 06) để trong từng hồ sơ")

    @property
    def streams(self) -> list[str]:
        """As ticked, in the order of the page, each once. Nobody has looked yet whether they may move."""
        return list(dict.fromkeys(request.form.getlist("stream")))

    @property
    def results(self) -> dict[str, str]:
        """What is said to come back with each chosen folder."""
        return {one: text(request.form.get(f"result-{one}"))[:LONGEST] for one in self.streams}

    def problems(self) -> list[tuple[str, str]]:
        """What `error_list` says; wrong too are no folder at all, and more than `MOST`."""
        errors = self.error_list()
        if not self.streams:
            errors.append(("chosen", "Chưa chọn hồ sơ nào."))
        if len(self.streams) > MOST:
            errors.append(("chosen", say("Nhiều hơn {most} hồ sơ. Chia làm hai lần bàn giao.", most=MOST)))
        return errors


class Question(Form):
    """Which agency is asked what, and until which day, which may be left out."""

    agency = SelectField("Xin ý kiến cơ quan", choices=[])
    question = TextAreaField(
        "Nội dung xin ý kiến", filters=[paragraph], validators=needed("Chưa ghi xin ý kiến về việc gì.")
    )
    until = Day("Trả lời trước hết ngày", validators=[Optional()])

    def validate_agency(self, field: SelectField) -> None:
        """The list begins with a choice that is none. Called by WTForms."""
        if not field.data:
            raise StopValidation("Chưa chọn cơ quan nào.")


class Answer(Form):
    """What an agency says; `document` is the letter in which it came."""

    agrees = RadioField(
        "Ý kiến",
        choices=[Choice(value, said) for value, said in AGREES.items()],
        validators=[InputRequired("Chưa chọn đồng ý hay không.")],
    )
    opinion = TextAreaField("Nội dung", filters=[paragraph], validators=needed("Chưa ghi nội dung ý kiến."))
    document = StringField(
        "Số, ngày của văn bản trả lời",
        filters=[text],
        validators=[Length(max=LONGEST, message=too_long())],
    )


@dataclass(frozen=True, slots=True)
class Tab:
    """One list: how many folders are in it, and how many of them are late."""

    name: str
    title: str
    count: int
    late: int


# ---- the lists


@blueprint.get("/agencies")
def page() -> ResponseReturnValue:
    """One list; of an agency, if one is named. `stream` names a dossier that somebody wants to hand over all the same."""
    presence.require(AGENCIES)
    return _render(Move(formdata=None))


@blueprint.post("/agencies/hand-over")
def hand_over() -> ResponseReturnValue:
    """What was chosen goes to one agency, with one slip. 422 with all mistakes; all go, or none."""
    presence.require(AGENCIES)
    form, here = Move(), site()
    agency = request.form.get("agency", "")
    form.validate_on_submit()
    errors = form.problems()
    if here.view.agency(agency) is None:
        errors.append(("chosen", "Chưa chọn bàn giao cho cơ quan nào."))
    if errors:
        return _render(form, tab=TO_HAND_OVER, agency=agency, errors=errors), 422
    try:
        with here.node.file.write():
            moved = here.node.handing_over.hand_over(
                form.streams, agency, by=presence.person().id, signed_by=form.signed_by.data
            )
            for one in moved.dossiers if form.control.data else ():
                print_folder_paper(here.node, one.stream, ControlSlip.FORM)
    except Expected as why:
        trouble = trouble_of(why)
        return _render(form, tab=TO_HAND_OVER, agency=agency, trouble=trouble), trouble.status
    here.spool_wake()
    return _moved(TO_HAND_OVER, agency, len(moved.dossiers), moved.slips)


@blueprint.post("/agencies/take-back")
def take_back() -> ResponseReturnValue:
    """What was chosen comes back from one agency. 422 with all mistakes; all come, or none."""
    presence.require(AGENCIES)
    form, here = Move(), site()
    tab, agency = request.form.get("tab", HANDED_BACK), request.form.get("agency", "")
    form.validate_on_submit()
    errors = form.problems()
    if tab == HELD and not form.signed_by.data:
        errors.append(("signed_by", "Chưa ghi ai của cơ quan giao lại và ký trên giấy."))
    if errors:
        return _render(form, tab=tab, agency=agency, errors=errors), 422
    try:
        moved = here.node.handing_over.take_back(
            form.streams, by=presence.person().id, signed_by=form.signed_by.data, results=form.results
        )
    except Expected as why:
        trouble = trouble_of(why)
        return _render(form, tab=tab, agency=agency, trouble=trouble), trouble.status
    here.spool_wake()
    return _moved(tab, agency, len(moved.dossiers), moved.slips)


@blueprint.get("/agencies/slip/<int:job>.pdf")
def slip_pdf(job: int) -> ResponseReturnValue:
    """A slip of a hand-over, as it was printed."""
    presence.require(AGENCIES)
    return slip(job)


def slip(job: int) -> Response:
    """The PDF of a slip of this machine; it shows its first dossier, which is a look at it."""
    with site().node.file.read():
        found = PrintJob.get_or_none((PrintJob.id == job) & PrintJob.form.in_(FORMS))
    if found is None or not found.payload:
        raise NotFound
    show(found.stream)
    response = Response(
        site().node.papers.render_job(found.form, bytes(found.payload)), mimetype="application/pdf"
    )
    response.headers["Content-Disposition"] = f'inline; filename="{found.number}.pdf"'
    return response


def _moved(tab: str, agency: str, count: int, slips: list[PrintJob]) -> ResponseReturnValue:
    jobs = ",".join(str(job.id) for job in slips)
    return redirect(url_for(".page", tab=tab, agency=agency, moved=count, slips=jobs), 303)


def jobs_asked_for() -> list[int]:
    """The slips of what was just done, as the address names them."""
    return [int(one) for one in request.args.get("slips", "").split(",") if one.isdigit()][:2]


def _render(
    form: Move,
    *,
    tab: str = "",
    agency: str | None = None,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    here, now = site(), timestamp(site().now())
    tab = tab or request.args.get("tab", TO_HAND_OVER)
    if tab not in TABS:
        raise NotFound
    agency = request.args.get("agency", "") if agency is None else agency
    tabs = []
    custodians: list[tuple[str, int, int]] = []
    for name, title in TABS.items():
        found = here.node.register.custodians(name, now)
        custodians = found if name == tab else custodians
        tabs.append(Tab(name, title, sum(one[1] for one in found), sum(one[2] for one in found)))
    if not agency and tab in (TO_HAND_OVER, HELD):
        # one hand-over is with one agency: the one whose folders wait longest comes first
        first, _ = here.node.register.custody(tab, limit=1)
        agency = first[0].custody.agency if first else ""
    rows, count = here.node.register.custody(tab, agency)
    return render_template(
        "agencies.html",
        form=form,
        tab=tab,
        tabs=tabs,
        agency=agency,
        custodians=sorted(custodians, key=lambda one: (-one[2], one[0])),
        rows=rows,
        asked=_asked_for(tab, rows),
        count=count,
        chosen=form.streams,
        results=form.results,
        errors=errors or [],
        trouble=trouble,
        moved=request.args.get("moved", ""),
        slips=jobs_asked_for(),
        may_move=presence.is_ones(FORWARDED),
    )


def _asked_for(tab: str, rows: list[Held]) -> Shown | None:
    """A dossier that is in no list, and that somebody wants to hand over."""
    stream = request.args.get("stream", "")
    if tab != TO_HAND_OVER or not stream or any(one.row.stream == stream for one in rows):
        return None
    return show(stream)


# ---- opinions


@blueprint.get("/agencies/<stream>/opinion")
def opinion_page(stream: str) -> ResponseReturnValue:
    """What agencies were asked about one dossier and what they said; the next question."""
    presence.require(AGENCIES)
    return _opinion(show(stream))


@blueprint.post("/agencies/<stream>/ask")
def ask(stream: str) -> ResponseReturnValue:
    """Ask an agency. 422 without one, without words, or with a day that is past."""
    presence.require(AGENCIES)
    shown, form = show(stream), _question()
    errors = [] if form.validate_on_submit() else form.error_list()
    if form.until.data and form.until.data < site().today():
        errors.append(("until", "Ngày trả lời đã qua. Chọn hôm nay hoặc ngày sau."))
    if errors:
        return _opinion(shown, question=form, errors=errors), 422
    try:
        site().node.handing_over.ask(
            stream,
            form.agency.data,
            by=presence.person().id,
            question=form.question.data,
            until=form.until.data.isoformat() if form.until.data else msgspec.UNSET,
        )
    except Expected as why:
        trouble = trouble_of(why, shown.dossier.status)
        return _opinion(show(stream), question=form, trouble=trouble), trouble.status
    return redirect(url_for("dossier.page", stream=stream, done=FORWARDED), 303)


@blueprint.post("/agencies/<stream>/answer")
def answer(stream: str) -> ResponseReturnValue:
    """The opinion came in a letter: whoever got it writes it down."""
    presence.require(AGENCIES)
    shown, form = show(stream), Answer()
    errors = [] if form.validate_on_submit() else form.error_list()
    if not form.document.data:
        errors.append(("document", "Chưa ghi số, ngày của văn bản trả lời."))
    if errors:
        return _opinion(shown, answer=form, errors=errors), 422
    said = OpinionGiven(form.agrees.data, form.opinion.data, form.document.data)
    try:
        site().node.handing_over.answer(stream, said, by=presence.person().id)
    except Expected as why:
        trouble = trouble_of(why, shown.dossier.status)
        return _opinion(show(stream), answer=form, trouble=trouble), trouble.status
    return redirect(url_for("dossier.page", stream=stream, done=OPINION_GIVEN), 303)


def _question(**arguments: object) -> Question:
    form = Question(**arguments)
    today = site().today()
    agencies = [one for one in site().view.agencies() if one.exists(today)]
    form.agency.choices = [Choice("", "chọn cơ quan"), *(Choice(one.code, one.name) for one in agencies)]
    return form


def _opinion(
    shown: Shown,
    *,
    question: Question | None = None,
    answer: Answer | None = None,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    asked = open_opinion(shown.dossier.standing)
    sample: Any = OpinionGiven("yes", "?", "?") if asked else Forwarded(opinion=True)
    return render_template(
        "opinion.html",
        shown=shown,
        asked=asked,
        asked_on=shown.dossier.standing.newest.get(FORWARDED),
        until=date.fromisoformat(asked.until) if asked and asked.until else None,
        question=question or _question(formdata=None),
        answer=answer or Answer(formdata=None),
        errors=errors or [],
        trouble=trouble,
        at_agency=False,
        conflicts=[(one, sides(shown, one)) for one in shown.dossier.conflicts],
        against=why_not(shown.dossier, OPINION_GIVEN if asked else FORWARDED, sample),
    )
