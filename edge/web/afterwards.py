"""Nhập bù từ giấy ghi tay: what was received by hand while nothing worked gets a number for its day, and form 01.

The pad for such an hour is printed ahead (`edge.pads`); each of its slips is entered once, one after the other: day,
incident and the next number of the pad stay on the page.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from edge.drafts import Draft
from edge.tables.dossiers import DossierRow
from edge.web import counter, drafting, presence, second, words
from edge.web.again import KIND, FromPaper, moment_on, on_paper
from edge.web.days import Day
from edge.web.drafting import Kept
from edge.web.forms import needed, text, too_long
from edge.web.language import say, tell
from edge.web.reception import same_as_saved
from edge.web.site import COUNTER, site
from edge.web.trouble import Expected, trouble_of
from schemas.acts import EnteredAfterwards
from schemas.calendar import local_day
from schemas.events import StreamId, moment

blueprint = Blueprint("afterwards", __name__)

_LONGEST_PAPER: Final = 60
_ON_PAPER: Final = "on-paper"
"""The part of the page that says what stands on the slip."""
_COUNTED: Final = re.compile(r"(.*?)([0-9]+)")


class Afterwards(FromPaper):
    """A reception as its handwritten slip says it."""

    slip = ("paper", "received_day", *FromPaper.slip)
    paper = StringField(
        "Số phiếu ghi tay",
        filters=[text],
        validators=[
            *needed("Chưa ghi số phiếu. Chép số in trên phiếu, hoặc số thứ tự trong sổ."),
            Length(max=_LONGEST_PAPER, message=too_long(_LONGEST_PAPER)),
        ],
    )
    received_day = Day("Ngày tiếp nhận", validators=[InputRequired("Chưa ghi ngày tiếp nhận trên giấy.")])

    def day_wrong(self) -> list[tuple[str, str]]:
        """A machine has numbers for the days of its card only. What is still to come is said at the hour."""
        day, card = self.received_day.data, site().card
        if day is None or card.lease_from <= day <= card.lease_to or day > site().today():
            return []
        told = say(
            "Máy này chỉ có số từ {first} đến {last}. Đọc lại phiếu, hoặc nhập ở máy đã dùng hôm đó.",
            first=words.day(card.lease_from),
            last=words.day(card.lease_to),
        )
        return [("received_day", told)]


@blueprint.get("/counter/afterwards")
def page() -> ResponseReturnValue:
    """`of`: the dossier that was entered just now; `draft`: one that was begun before."""
    presence.require(COUNTER)
    draft = drafting.of(request.args.get("draft", ""), "afterwards")
    if draft is not None:
        return _go_on(draft)
    form = Afterwards(formdata=None)
    form.incident.data = "power"
    counter.stream_of(form)
    of = request.args.get("of", "")
    before = site().node.register.row(of) if of else None
    if before is not None:
        _take_over(form, of)
    return _render(form, None, "", before=before, focus="identity")


def _go_on(draft: Draft) -> ResponseReturnValue:
    """The page as it was when it was last kept; if it is a dossier already, the next slip."""
    if (saved := drafting.became(draft)) is not None:
        return redirect(url_for(".page", of=saved.stream), 303)
    typed = drafting.typed_in(draft)
    form = Afterwards(formdata=typed)
    form.take_card()
    chosen, wrong = _judged(form, typed.get("procedure", ""))
    papers = counter.papers_for(form, chosen, typed)
    focus = counter.next_field(form, chosen, False, "") or form.next_of_slip()
    kept = Kept(at=moment(draft.at))
    return _render(form, chosen, typed.get("q", ""), papers=papers, more_errors=wrong, focus=focus, kept=kept)


@blueprint.post("/counter/afterwards")
def enter() -> ResponseReturnValue:
    """`act=save` saves; anything else looks: Enter goes on to the next field, what was typed of the slip is only judged."""
    presence.require(COUNTER)
    form = Afterwards()
    card = form.take_card()
    saving = request.form.get("act") == "save"
    beside = request.headers.get("HX-Trigger") == _ON_PAPER
    picked = "" if saving or beside else counter.picked_by_enter()
    code = picked or request.form.get("procedure", "")
    chosen, wrong = _judged(form, code)
    papers = counter.papers_for(form, chosen)
    term = request.form.get("q", "")
    if not saving:
        focus = "" if beside else counter.next_field(form, chosen, card is not None, picked)
        if not focus and chosen is not None and request.headers.get("HX-Trigger") == "look":
            focus = form.next_of_slip()
        kept = drafting.keep("afterwards", procedure=code)
        return _render(
            form, chosen, term, papers=papers, card=card, more_errors=wrong, focus=focus, kept=kept
        )
    right = form.validate_on_submit() and counter.is_placed(form, chosen)
    unseen = chosen is not None and form.components_of.data != chosen.papers_of
    if chosen is None or papers is None or unseen or not papers.validate() or not right or wrong:
        return _render(form, chosen, term, papers=papers, saving=True, unseen=unseen, more_errors=wrong), 422
    node, draft = site().node, form.draft(chosen.procedure.code, papers)
    try:
        dossier = node.ledger.enter_from_paper(
            StreamId(counter.stream_of(form)),
            draft,
            paper=form.paper.data,
            happened_at=on_paper(form.received_day.data, form.received_hour.data),
            due_at=on_paper(form.due_day.data, form.due_hour.data),
            reason=form.why,
            by=presence.person().id,
            with_=second.beside(KIND),
            spool=partial(node.papers.spool_slip, at=site().now()),
        )
    except Expected as why:
        trouble = trouble_of(why)
        return _render(form, chosen, term, papers=papers, trouble=trouble), trouble.status
    if not same_as_saved(draft, dossier.received):
        form.stream.data = ""  # the page of one that is saved already: what stands here now is another
        counter.stream_of(form)
        saved = [
            ("paper", say("Trang này đã lưu phiếu trước. Nội dung dưới đây chưa lưu: bấm Nhập lần nữa."))
        ]
        return _render(form, chosen, term, papers=papers, saving=True, more_errors=saved), 409
    site().spool_wake()
    drafting.saved("afterwards", dossier.stream)
    return redirect(url_for(".page", of=dossier.stream), 303)


def _judged(form: Afterwards, code: str) -> tuple[counter.Chosen | None, list[tuple[str, str]]]:
    """What follows from the procedure on the day of the slip, and what is wrong with what stands on that."""
    received, now = moment_on(form.received_day.data, form.received_hour.data), site().now()
    wrong = [*form.day_wrong(), *form.moment_wrong(received), *_entered_already(form)]
    chosen = counter.chosen_by(form, code, received or now)
    if chosen is None:  # by its day there is none; what was typed of its papers stays
        chosen = counter.chosen_by(form, code, now)
        wrong += _not_on_that_day(form) if chosen is not None and not form.day_wrong() else []
    return chosen, wrong


def _render(form: Afterwards, chosen: counter.Chosen | None, term: str, **more: Any) -> str:
    return counter.render(
        form,
        chosen,
        term,
        template="afterwards.html",
        where=url_for(".enter"),
        second=second.asked_for(KIND),
        **{"before": None, **more},
    )


def _take_over(form: Afterwards, stream: str) -> None:
    """What the next line of the same pad has in common with the one before."""
    receipt = site().node.register.dossier(stream).standing.receipt
    said = receipt.data if receipt is not None else None
    if not isinstance(said, EnteredAfterwards):
        return
    form.received_day.data = local_day(moment(said.happened_at))
    form.paper.data = _next(said.paper)
    label, _, note = said.reason.partition(": ")
    known = next((one.value for one in form.incident.choices if one.label == label), "other")
    form.incident.data, form.reason.data = known, note if known != "other" else said.reason


def _next(paper: str) -> str:
    """ "03-000902" after "03-000901"; "" for what does not end in a number."""
    found = _COUNTED.fullmatch(paper)
    return f"{found[1]}{int(found[2]) + 1:0{len(found[2])}d}" if found is not None else ""


def _not_on_that_day(form: Afterwards) -> list[tuple[str, str]]:
    told = say(
        "Thủ tục này chưa có hoặc không còn hiệu lực ngày {day}.", day=words.day(form.received_day.data)
    )
    return [("q", told)]


def _entered_already(form: Afterwards) -> list[tuple[str, str]]:
    """A slip is entered once; a book's lines begin anew with each book, and so count for their day."""
    day: date | None = form.received_day.data
    found = [
        row
        for row in site().node.register.of_paper(form.paper.data or "")
        if day is not None and _day(row) == day and row.stream != form.stream.data
    ]
    return [
        (
            "paper",
            tell(
                "Phiếu này đã nhập thành hồ sơ {number} của {who}, ngày {day}.",
                {"number": row.number, "day": words.day(_day(row))},
                who=row.applicant,
            ),
        )
        for row in found[:1]
    ]


def _day(row: DossierRow) -> date:
    at: datetime = moment(row.received_at)
    return local_day(at)
