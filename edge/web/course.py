"""Bổ sung, hẹn lại, dừng giải quyết, tạm dừng tính giờ: each a page of one dossier, with its clock told line by line.

From the counter and from the room: who may do what is for `allowed` to say, and the pages show why not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, cast

import msgspec
from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import Field, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, StopValidation

from edge.course import EXTENDED, REQUESTED, RESUMED, STOPPED, SUPPLIED, SUSPENDED
from edge.reprinting import LETTERS, newest_of
from edge.web import presence, second, words
from edge.web.clock_story import story
from edge.web.days import Day
from edge.web.forms import LONGEST, Choice, Form, needed, paragraph, text, too_long
from edge.web.language import say, tell
from edge.web.merging import changed
from edge.web.pdfs import pdf_answer
from edge.web.showing import Shown, show, sides, why_not
from edge.web.site import site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import (
    ClockStopped,
    ComponentsAdded,
    Extended,
    Note,
    ReceivedComponent,
    RequestedComponent,
    Status,
    SupplementRequested,
    Suspended,
)
from schemas.clock import due_at
from schemas.deadlines import Why
from schemas.events import moment, timestamp
from schemas.fold import Dossier

blueprint = Blueprint("course", __name__)

DAYS_TO_SUPPLY: Final = 30
"""What is offered as the time to bring a supplement."""
SPARE: Final = 3
"""Empty rows below the papers that the procedure asks for."""
MOST_ROWS: Final = 60
MOST_COPIES: Final = 999
TITLES: Final = {
    "supplement": "Yêu cầu bổ sung, hoàn thiện hồ sơ (Mẫu 02)",
    "supplied": "Nhận giấy tờ bổ sung",
    "extend": "Xin lỗi và hẹn lại (Mẫu 04)",
    "suspend": "Dừng giải quyết hồ sơ (Mẫu 05)",
    "stop-clock": "Tạm dừng tính thời gian",
    "resume-clock": "Tính tiếp thời gian",
}
KINDS: Final = {
    "supplement": REQUESTED,
    "supplied": SUPPLIED,
    "extend": EXTENDED,
    "suspend": SUSPENDED,
    "stop-clock": STOPPED,
    "resume-clock": RESUMED,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of form 02 as typed; numbers are texts until they are read."""

    place: int
    name: str
    why: str
    originals: str
    certified: str
    copies: str


class Supplement(Form):
    """What is lacking and until when (form 02); asked a second time only with its ground."""

    reason = TextAreaField(
        "Lý do yêu cầu", filters=[paragraph], validators=needed("Chưa ghi lý do yêu cầu bổ sung.")
    )
    until = Day("Bổ sung trước hết ngày", validators=[InputRequired("Chưa ghi bổ sung trước ngày nào.")])
    again = StringField(
        "Căn cứ để yêu cầu lần nữa",
        filters=[text],
        validators=[Length(max=LONGEST, message=too_long())],
    )

    def validate_until(self, field: Field) -> None:
        """Today or later. Called by WTForms."""
        _not_past(field)


class Extension(Form):
    """Another day for the result, a working day, not past, later than the one promised; and why."""

    day = Day("Hẹn trả lại vào ngày", validators=[InputRequired("Chưa ghi hẹn lại ngày nào.")])
    reason = TextAreaField("Lý do chậm", filters=[paragraph], validators=needed("Chưa ghi lý do chậm."))

    def validate_day(self, field: Field) -> None:
        """Today or later, and a working day by the newest catalog. Called by WTForms.

        Whether it is later than the day promised is a rule of the act (`schemas.rules`).
        """
        _not_past(field)
        why_off = site().view.calendar().why_off(field.data)
        if why_off is not None:
            raise StopValidation(
                tell(
                    "Ngày {day} là ngày nghỉ ({why}). Chọn ngày làm việc.",
                    {"day": words.day(field.data)},
                    why=why_off,
                )
            )


class Stop(Form):
    """Why the dossier is stopped, and what was given back to whom."""

    ground = RadioField(
        "Vì sao dừng",
        choices=[
            Choice("not_supplemented", "Quá hạn mà chưa bổ sung"),
            Choice("obligation_not_met", "Chưa thực hiện nghĩa vụ tài chính"),
            Choice("other", "Căn cứ khác theo quy định"),
        ],
        validators=[InputRequired("Chưa chọn vì sao dừng.")],
    )
    reason = TextAreaField("Lý do", filters=[paragraph], validators=needed("Chưa ghi lý do dừng."))
    returned = StringField(
        "Trả lại cho người nộp",
        filters=[text],
        validators=[Length(max=LONGEST, message=too_long())],
    )


class StopClock(Form):
    """What time does not count, and why; the choices are those that the law has for this status."""

    why = RadioField(
        "Thời gian nào không tính", choices=[], validators=[InputRequired("Chưa chọn vì sao tạm dừng.")]
    )
    reason = TextAreaField("Lý do", filters=[paragraph], validators=needed("Chưa ghi lý do tạm dừng."))


class ResumeClock(Form):
    """Why time counts again."""

    reason = TextAreaField("Vì sao tính tiếp", filters=[paragraph], validators=needed("Chưa ghi vì sao."))


class Supplied(Form):
    """What was lacking has come: the papers themselves are typed as rows beside it."""


FORMS_OF: Final[dict[str, type[Form]]] = {
    "supplement": Supplement,
    "supplied": Supplied,
    "extend": Extension,
    "suspend": Stop,
    "stop-clock": StopClock,
    "resume-clock": ResumeClock,
}


def _not_past(field: Field) -> None:
    if field.data < site().today():
        raise StopValidation(say("Ngày {day} đã qua. Chọn ngày sau.", day=words.day(field.data)))


# ---- one dossier


@blueprint.get("/dossier/<stream>/course/<what>")
def one(stream: str, what: str) -> ResponseReturnValue:
    """The page of one of the acts in `KINDS`, with the clock line by line. 404 for another word."""
    shown = show(stream)
    return _render(shown, what, _empty(shown, what))


@blueprint.post("/dossier/<stream>/course/<what>")
def act(stream: str, what: str) -> ResponseReturnValue:
    """Write it. 422 with all mistakes; what somebody else wrote meanwhile is shown first."""
    if what in FORMS_OF and (asked := changed(stream, KINDS[what], FORMS_OF[what])) is not None:
        return asked
    shown = show(stream)
    form = _form(shown, what)
    errors = [] if form.validate_on_submit() else form.error_list()
    rows = _typed_rows() if what == "supplement" else []
    if what == "supplement":
        errors += _row_problems(rows)
        if shown.dossier.standing.asked_before and not form["again"].data:
            errors.append(("again", say("Đã yêu cầu bổ sung một lần. Ghi căn cứ để yêu cầu lần nữa.")))
    if what == "extend" and not errors and _new_due(form) <= _due(shown.dossier):
        errors.append(
            ("day", say("Hẹn lại phải sau hạn đang có: {due}.", due=words.full(_due(shown.dossier))))
        )
    if what == "suspend":
        errors += _too_early(shown.dossier, form["ground"].data)
    if what == "supplied" and not errors and not _brought(shown):
        errors.append(("brought", say("Chưa đánh dấu giấy tờ nào.")))
    if errors:
        return _render(shown, what, form, errors=errors, rows=rows), 422
    try:
        done = _do(shown, what, form, rows)
    except Expected as why:
        trouble = trouble_of(why, shown.dossier.status)
        return _render(show(stream), what, form, trouble=trouble, rows=rows), trouble.status
    site().spool_wake()
    return redirect(url_for("dossier.page", stream=stream, done=done), 303)


@blueprint.get("/dossier/<stream>/paper/<form>.pdf")
def paper_pdf(stream: str, form: str) -> ResponseReturnValue:
    """Form 02, 04 or 05 as it was printed last at this machine."""
    shown, job = show(stream), newest_of(site().node, stream, form) if form in LETTERS else None
    if job is None or not job.payload:
        raise NotFound
    content = site().node.papers.render_job(job.form, bytes(job.payload))
    return pdf_answer(content, f"{shown.received.number}-{form}")


def _do(shown: Shown, what: str, form: Form, rows: Sequence[Row]) -> str:
    """Write the act; the kind that was written."""
    course, stream, kind = site().node.course, shown.dossier.stream, KINDS[what]
    by, with_ = presence.person().id, second.beside(kind)
    match what:
        case "supplement":
            asked = SupplementRequested(
                tuple(_requested(row) for row in rows),
                form["reason"].data,
                form["until"].data.isoformat(),
                form["again"].data or "",
            )
            course.request_supplement(stream, asked, by=by, with_=with_)
        case "supplied":
            brought = _brought(shown)
            whole = len(brought) == len(_wanted(shown))
            course.supplied(stream, brought, whole=whole, by=by)
            return SUPPLIED if whole else "dossier.components_added"
        case "extend":
            course.extend(stream, Extended(_new_due(form), form["reason"].data), by=by, with_=with_)
        case "suspend":
            said = Suspended(form["ground"].data, form["reason"].data, form["returned"].data or "")
            course.suspend(stream, said, by=by, with_=with_)
        case "stop-clock":
            stopped = ClockStopped(form["why"].data, form["reason"].data)
            site().node.ledger.act(stream, kind, stopped, by=by, with_=with_)
        case _:
            site().node.ledger.act(stream, kind, Note(form["reason"].data), by=by, with_=with_)
    return kind


# ---- what is typed


def _form(shown: Shown, what: str, **arguments: object) -> Form:
    if what not in FORMS_OF:
        raise NotFound
    form = FORMS_OF[what](**arguments)
    if isinstance(form, StopClock):
        form.why.choices = _pausable(shown.dossier)
    return form


def _empty(shown: Shown, what: str) -> Form:
    form = _form(shown, what, formdata=None)
    if isinstance(form, Supplement):
        form.until.data = site().today() + timedelta(days=DAYS_TO_SUPPLY)
    if isinstance(form, Stop) and shown.dossier.status is Status.SUPPLEMENT:
        form.ground.data = "not_supplemented"
    return form


def _too_early(dossier: Dossier, ground: str | None) -> list[tuple[str, str]]:
    """Nobody is stopped for what was not asked for, or while there is time for it."""
    if ground == "obligation_not_met" and "dossier.obligation_asked" not in dossier.standing.newest:
        return [("ground", say("Hồ sơ này chưa được yêu cầu nghĩa vụ tài chính nào."))]
    if ground != "not_supplemented":
        return []
    until = _until(dossier)
    if REQUESTED not in dossier.standing.newest:
        return [("ground", say("Hồ sơ này chưa được yêu cầu bổ sung lần nào."))]
    if until is not None and site().today() <= until:
        return [
            (
                "ground",
                say("Còn thời gian bổ sung tới hết ngày {day}; dừng được từ ngày sau.", day=words.day(until)),
            )
        ]
    return []


def _pausable(dossier: Dossier) -> list[Choice]:
    """What the procedure's version does not count, of what somebody says by hand."""
    terms = dossier.standing.terms
    counted_out = terms.not_counted if terms is not None else tuple(Why)
    return [
        Choice(why.value, said[:1].upper() + said[1:])
        for why, said in ((why, say(why.words)) for why in (Why.PUBLICATION, Why.OPINION, Why.APPLICANT))
        if why in counted_out
    ]


def _blank_rows(shown: Shown) -> list[Row]:
    """The papers that the procedure asks for, and some rows for others."""
    procedure = site().view.procedure(shown.received.procedure, site().today())
    papers = procedure.papers(shown.received.case) if procedure else ()
    rows = [
        Row(place, one.name, "", str(one.originals), "0", str(one.copies)) for place, one in enumerate(papers)
    ]
    first = len(rows)
    return [*rows, *(Row(first + place, "", "", "0", "0", "0") for place in range(SPARE))][:MOST_ROWS]


def _typed_rows() -> list[Row]:
    """The rows in which something is asked for: a reason stands there."""
    found = []
    for place in range(MOST_ROWS):
        if f"name-{place}" not in request.form:
            break
        name, why = (text(request.form.get(f"{what}-{place}"))[:LONGEST] for what in ("name", "why"))
        numbers = [
            text(request.form.get(f"{what}-{place}")) or "0" for what in ("originals", "certified", "copies")
        ]
        if why:
            found.append(Row(place, name, why, *numbers))
    return found


def _row_problems(rows: Sequence[Row]) -> list[tuple[str, str]]:
    if not rows:
        return [("why-0", say("Chưa yêu cầu giấy tờ nào. Ghi “cần bổ sung gì” ở ít nhất một dòng."))]
    errors = [(f"name-{row.place}", say("Chưa ghi tên giấy tờ.")) for row in rows if not row.name]
    for row in rows:
        for what, number in (
            ("originals", row.originals),
            ("certified", row.certified),
            ("copies", row.copies),
        ):
            if not (number.isascii() and number.isdigit() and int(number) <= MOST_COPIES):
                errors.append(
                    (
                        f"{what}-{row.place}",
                        say("“{number}” không phải số bản. Gõ số từ 0.", number=number),
                    )
                )
    return errors


def _requested(row: Row) -> RequestedComponent:
    return RequestedComponent(row.name, row.why, int(row.originals), int(row.certified), int(row.copies))


def _wanted(shown: Shown) -> list[RequestedComponent]:
    """What form 02 asked for and nobody has brought since."""
    done = shown.dossier.standing.newest.get(REQUESTED)
    if done is None or done.data is None:
        return []
    lines = [str(step.line.hash) for step in shown.steps]
    since = lines[lines.index(done.hash) :] if done.hash in lines else []
    brought = {
        paper.name
        for one in since
        if isinstance(said := shown.contents.get(one), ComponentsAdded)
        for paper in said.components
    }
    return [one for one in done.data.components if one.name not in brought]


def _brought(shown: Shown) -> list[ReceivedComponent]:
    """What was ticked, with the numbers that form 02 asked for."""
    ticked = set(request.form.getlist("brought"))
    return [
        ReceivedComponent(one.name, one.originals, one.certified, one.copies)
        for one in _wanted(shown)
        if one.name in ticked
    ]


def _due(dossier: Dossier) -> str:
    return due_at(dossier.standing, site().view.calendar()) or dossier.standing.due


def _new_due(form: Form) -> str:
    return timestamp(site().view.calendar().close_of(form["day"].data))


# ---- the page


def why_none(dossier: Dossier, what: str) -> Trouble | None:
    """Why the person here may not do this with a dossier now; None where they may."""
    return why_not(dossier, KINDS[what], _sample(dossier, what))


def _sample(dossier: Dossier, what: str) -> msgspec.Struct:
    """An act with any content, to ask whether there may be one."""
    match what:
        case "supplement":
            return SupplementRequested((RequestedComponent("?", "?"),), "?", again="?")
        case "supplied":
            return ComponentsAdded()
        case "extend":
            later = moment(dossier.standing.due) + timedelta(days=1)
            return Extended(timestamp(later), "?")
        case "suspend":
            return Suspended("other", "?")
        case "stop-clock":
            choices = _pausable(dossier)
            return ClockStopped(cast(Any, choices[0].value if choices else "publication"), "?")
        case _:
            return Note("?")


def _render(
    shown: Shown,
    what: str,
    form: Form,
    *,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
    rows: Sequence[Row] = (),
) -> str:
    calendar, dossier = site().view.calendar(), shown.dossier
    kind = KINDS[what]
    blanks = _blank_rows(shown) if what == "supplement" else []
    typed = {row.place: row for row in rows}
    against = None if _begins_first(shown, what) else why_none(dossier, what)
    return render_template(
        "course.html",
        shown=shown,
        what=what,
        title=TITLES[what],
        form=form,
        errors=errors or [],
        trouble=trouble,
        rows=[typed.get(row.place, row) for row in blanks],
        wanted=_wanted(shown),
        ticked=request.form.getlist("brought"),
        asked_before=dossier.standing.asked_before,
        extended_before=sum(1 for step in shown.steps if step.line.kind == EXTENDED),
        story=story(shown, calendar),
        due=_due(dossier),
        conflicts=[(conflict, sides(shown, conflict)) for conflict in dossier.conflicts],
        second=second.asked_for(kind),
        against=against,
        expired=_expired(dossier),
    )


def _begins_first(shown: Shown, what: str) -> bool:
    """Who asks for a supplement of what nobody has begun with takes it over with the same press."""
    return (
        what == "supplement"
        and shown.dossier.status is Status.RECEIVED
        and presence.is_ones(REQUESTED)
        and presence.is_ones("dossier.taken_over")
    )


def _expired(dossier: Dossier) -> date | None:
    """The last day on which a supplement was awaited, once it is over."""
    day = _until(dossier)
    return day if day is not None and day < site().today() else None


def _until(dossier: Dossier) -> date | None:
    """The last day for bringing what form 02 asks for; None where no day was named."""
    done = dossier.standing.newest.get(REQUESTED)
    until = done.data.until if done is not None and done.data is not None else ""
    return date.fromisoformat(until) if until else None
