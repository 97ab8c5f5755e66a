"""Nhập lại từ giấy hẹn: a genuine slip whose reception never came is entered again, into its dossier, under its number.

The slip proves number, machine and stream, offline; what else stands on it a person reads and types, a second person
beside them. If the original turns up, both are kept, and the dossier shows where they differ (`schemas.receptions`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, ClassVar, Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, StopValidation

from edge.slip_check import Checked, check_slip
from edge.web import counter, drafting, presence, second
from edge.web.days import Day, Hour
from edge.web.drafting import Kept
from edge.web.errors import page as trouble_page
from edge.web.forms import LONGEST, Choice, Form, paragraph, too_long
from edge.web.language import say
from edge.web.reception import Reception
from edge.web.site import COUNTER, site
from edge.web.slip import LONGEST as LONGEST_CODE
from edge.web.slip import said_of
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas import numbers
from schemas.calendar import VIETNAM
from schemas.events import moment, timestamp

blueprint = Blueprint("again", __name__)

KIND: Final = "dossier.entered_afterwards"
_DUE: Final = "Chưa ghi hẹn trả như trên giấy."


def _when_other(form: Form, field: Any) -> None:
    if form["incident"].data == "other" and not field.data:
        raise StopValidation(say("Chưa ghi vì sao phải nhập từ giấy."))
    if not field.data:
        raise StopValidation


INCIDENTS: Final = (
    Choice("power", "Mất điện"),
    Choice("line", "Mất mạng"),
    Choice("machine", "Hỏng máy, mất máy"),
    Choice("software", "Lỗi phần mềm"),
    Choice("database", "Cơ sở dữ liệu không khai thác được"),
    Choice("other", "Khác, ghi ở dưới"),
)
"""Why something has to be entered from paper, as `node.outage_opened` names it."""


class FromPaper(Reception):
    """A reception as its paper says it, and why it was not entered at once."""

    slip: ClassVar[tuple[str, ...]] = ("received_hour", "due_day", "due_hour")
    """What is typed from the paper, in its order."""
    received_hour = Hour("Giờ tiếp nhận", validators=[InputRequired("Chưa ghi giờ tiếp nhận trên giấy.")])
    due_day = Day("Hẹn trả, ngày", validators=[InputRequired(_DUE)])
    due_hour = Hour("Hẹn trả, giờ", validators=[InputRequired(_DUE)])
    incident = SelectField("Sự cố đã gặp", choices=INCIDENTS, default="machine")
    reason = TextAreaField(
        "Ghi thêm về sự cố",
        filters=[paragraph],
        validators=[_when_other, Length(max=LONGEST, message=too_long())],
    )

    @property
    def why(self) -> str:
        """The incident in words, as the act keeps it."""
        label = next((one.label for one in INCIDENTS if one.value == self.incident.data), "")
        said = [label if self.incident.data != "other" else "", self.reason.data]
        return ": ".join(one for one in said if one)

    def next_of_slip(self) -> str:
        """The first field that is still to be typed from the paper; "" when all are."""
        return next((name for name in self.slip if not self[name].data), "")

    def moment_wrong(self, received: datetime | None) -> list[tuple[str, str]]:
        """What cannot be of the two moments on the paper."""
        found = []
        if received is not None and received >= site().now():
            found.append(
                ("received_hour", say("Giờ tiếp nhận trên giấy chưa tới. Xem lại giấy và giờ của máy."))
            )
        due = moment_on(self.due_day.data, self.due_hour.data)
        if received is not None and due is not None and due < received:
            found.append(("due_day", say("Hẹn trả không thể trước giờ tiếp nhận. Xem lại giấy.")))
        return found


class Again(FromPaper):
    """A reception as its slip says it. The day stands in the number."""

    code = HiddenField()


@blueprint.get("/slip/again")
def page() -> ResponseReturnValue:
    """`draft`: one that was begun before. Whoever has none begins at the slip."""
    presence.require(COUNTER)
    draft = drafting.of(request.args.get("draft", ""), "again")
    if draft is None:
        return redirect(url_for("slip.page"))
    typed = drafting.typed_in(draft)
    form = Again(formdata=typed)
    found = _genuine(form)
    if not isinstance(found, _Slip):
        drafting.became(draft)
        return found
    form.take_card()
    chosen = counter.chosen_by(form, typed.get("procedure", ""), found.received(form) or found.noon)
    papers = counter.papers_for(form, chosen, typed)
    focus = counter.next_field(form, chosen, False, "") or form.next_of_slip()
    kept = Kept(at=moment(draft.at))
    return _render(form, found, chosen, typed.get("q", ""), papers=papers, focus=focus, kept=kept)


@blueprint.post("/slip/again")
def enter() -> ResponseReturnValue:
    """`act=save` saves; anything else looks: at first from the page that checked the slip."""
    presence.require(COUNTER)
    form = Again()
    found = _genuine(form)
    if not isinstance(found, _Slip):
        return found
    card = form.take_card()
    saving = request.form.get("act") == "save"
    picked = "" if saving else counter.picked_by_enter()
    code = picked or request.form.get("procedure", "")
    chosen = counter.chosen_by(form, code, found.received(form) or found.noon)
    papers = counter.papers_for(form, chosen)
    term = request.form.get("q", "")
    if not saving:
        focus = counter.next_field(form, chosen, card is not None, picked)
        kept = drafting.keep("again", procedure=code)
        return _render(form, found, chosen, term, papers=papers, card=card, focus=focus, kept=kept)
    right = form.validate_on_submit() and counter.is_placed(form, chosen)
    wrong = _wrong(form, found, chosen)
    unseen = chosen is not None and form.components_of.data != chosen.papers_of
    if chosen is None or papers is None or unseen or not papers.validate() or not right or wrong:
        errors = {"saving": True, "unseen": unseen, "more_errors": wrong}
        return _render(form, found, chosen, term, papers=papers, **errors), 422
    try:
        site().node.ledger.enter_again(
            form.code.data,
            form.draft(chosen.procedure.code, papers),
            happened_at=on_paper(found.number.day, form.received_hour.data),
            due_at=on_paper(form.due_day.data, form.due_hour.data),
            reason=form.why,
            by=presence.person().id,
            with_=second.beside(KIND),
        )
    except Expected as why:
        trouble = trouble_of(why)
        return _render(form, found, chosen, term, papers=papers, trouble=trouble), trouble.status
    drafting.saved("again", found.stream)
    return redirect(url_for("dossier.page", stream=found.stream, done=KIND), 303)


@dataclass(frozen=True, slots=True)
class _Slip:
    """A genuine one, whose dossier is not here."""

    checked: Checked
    stream: str
    number: numbers.DossierNumber

    @property
    def noon(self) -> datetime:
        return datetime.combine(self.number.day, time(12), VIETNAM)

    def received(self, form: Again) -> datetime | None:
        return moment_on(self.number.day, form.received_hour.data)


def _genuine(form: Again) -> _Slip | ResponseReturnValue:
    """The slip whose code the form brings, or the page that says why nothing is entered from it."""
    form.code.data = (form.code.data or "")[:LONGEST_CODE].strip()
    checked = check_slip(site().node, form.code.data)
    if checked.code is None or not checked.enters_again:
        return _elsewhere(checked)
    number = numbers.parse(checked.code.number)
    if number is None:
        return _refused(
            Trouble(
                say("{number} không phải số do máy trạm cấp.", number=checked.code.number),
                "Chưa có gì được lưu.",
                say("Chờ hồ sơ từ Cổng dịch vụ công tới, hoặc báo Trung tâm."),
            )
        )
    form.stream.data = checked.code.stream
    return _Slip(checked, checked.code.stream, number)


def _render(form: Again, slip: _Slip, chosen: counter.Chosen | None, term: str, **more: Any) -> str:
    return counter.render(
        form,
        chosen,
        term,
        template="slip_again.html",
        where=url_for(".enter"),
        checked=slip.checked,
        given=slip.number,
        agency=site().view.agency(slip.number.agency),
        second=second.asked_for(KIND),
        **more,
    )


def _elsewhere(checked: Checked) -> ResponseReturnValue:
    """The dossier came meanwhile, or the slip proves nothing."""
    if checked.row is not None:
        return redirect(url_for("dossier.page", stream=checked.row.stream), 303)
    said = said_of(checked)
    return _refused(Trouble(said.headline, "Chưa có gì được lưu.", said.what))


def _refused(trouble: Trouble) -> ResponseReturnValue:
    return trouble_page(trouble)


def on_paper(day: date, hour: time) -> datetime:
    """The Vietnamese moment, as it is kept."""
    return moment(timestamp(datetime.combine(day, hour, VIETNAM)))


def moment_on(day: date | None, hour: time | None) -> datetime | None:
    """None while either is missing."""
    return on_paper(day, hour) if day is not None and hour is not None else None


def _wrong(form: Again, slip: _Slip, chosen: counter.Chosen | None) -> list[tuple[str, str]]:
    agency, found = slip.number.agency, []
    if chosen is not None and chosen.procedure.agency != agency:
        told = say("Số hồ sơ trên giấy là của {agency}. Chọn thủ tục của cơ quan đó.", agency=agency)
        found.append(("q", told))
    return [*found, *form.moment_wrong(slip.received(form))]
