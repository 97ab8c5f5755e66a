"""Handing a result over to whoever comes for it, at any counter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import structs
from wtforms import BooleanField, RadioField, StringField
from wtforms.validators import InputRequired, Length, StopValidation

from edge.register import Work
from edge.web import presence, showing
from edge.web.citizen_card import CitizenCard, read
from edge.web.forms import LONGEST, Bare, Choice, Form, needed, text, too_long
from edge.web.language import say
from edge.web.merging import over_what_was_seen
from edge.web.reception import identity_problem
from edge.web.scanned import streams_of
from edge.web.showing import Shown, show, sides, why_not
from edge.web.site import FEES, RETURN, site
from edge.web.trouble import Expected, Trouble, trouble_of
from schemas.acts import OriginalsCollected, ResultNamed, Returned
from schemas.fold import Dossier
from schemas.identity import digits
from schemas.rules import Done, Inner, is_on_paper
from schemas.spelling import words as plain_words

blueprint = Blueprint("returning", __name__)

KIND, COLLECTED, READY = "dossier.returned", "dossier.originals_collected", "dossier.result_ready"
SHOWN: Final = 60


def _a_number(form: Form, field: Any) -> None:
    if form["road"].data != "centre":
        raise StopValidation
    if not field.data:
        raise StopValidation(say("Chưa ghi số giấy tờ của người nhận."))
    problem = identity_problem(field.data or "")
    if problem:
        raise StopValidation(problem)


_NO_DOCUMENT: Final = {
    "post": "Chưa ghi số bưu gửi. Chép mã trên biên nhận của bưu chính.",
    "online": "Chưa ghi đã gửi ở đâu: mã gửi, kho dữ liệu hoặc hộp thư.",
    "centre": "Chưa ghi giấy ủy quyền: loại giấy, số, ngày, nơi chứng thực.",
}


def _a_document(form: Form, field: Any) -> None:
    """What proves the hand-over where nobody stands at the counter for themselves."""
    if form["road"].data == "centre" and form["taker"].data != "other":
        raise StopValidation
    if not field.data:
        raise StopValidation(say(_NO_DOCUMENT.get(form["road"].data, _NO_DOCUMENT["centre"])))


class HandOver(Form):
    """To whom, by which road; who comes for somebody else shows the paper that says so."""

    road = RadioField(
        "Trả bằng cách nào",
        choices=[
            Choice("centre", "Tại quầy"),
            Choice("post", "Bưu chính"),
            Choice("online", "Điện tử"),
        ],
        default="centre",
        validators=[InputRequired("Chưa chọn trả bằng cách nào.")],
    )
    taker = RadioField(
        "Người đến nhận",
        choices=[Choice("self", "Chủ hồ sơ, người nộp"), Choice("other", "Người được ủy quyền")],
        default="self",
    )
    taken_by = StringField("Người nhận", filters=[text], validators=needed("Chưa ghi ai nhận kết quả."))
    identity = StringField("Số giấy tờ của người nhận", filters=[text], validators=[_a_number])
    document = StringField(
        "Giấy ủy quyền, số bưu gửi hoặc mã gửi",
        filters=[text],
        validators=[_a_document, Length(max=LONGEST, message=too_long())],
    )
    unpaid = StringField("Vì sao trả khi phí chưa ghi đủ", filters=[text])
    confirm = BooleanField(
        "Đã đối chiếu giấy tờ và giấy hẹn; người nhận đã ký nhận.",
        validators=[InputRequired("Chưa xác nhận đã đối chiếu và ký nhận.")],
    )

    def take_card(self) -> CitizenCard | None:
        """Put what a scanned citizen card says into the fields; the card, if it was one."""
        card = read(self.identity.data or "")
        if card is not None:
            self.identity.data, self.taken_by.data = card.number, card.name
        return card

    def is_theirs(self, shown: Shown) -> bool:
        """Whether whoever stands here with this number is the applicant or the submitter, or says that they are not."""
        if self.road.data != "centre" or self.taker.data == "other" or self.identity.errors:
            return True
        named = [one.identity for one in (shown.received.applicant, shown.submitter) if one and one.identity]
        if not named or digits(self.identity.data or "") in named:
            return True
        self.identity.errors = [
            say(
                "Số này không phải của chủ hồ sơ hay người nộp. Đọc lại số; nếu là người khác, chọn Người được ủy"
                " quyền và ghi giấy ủy quyền."
            )
        ]
        return False

    def asks(self, dossier: Dossier) -> bool:
        """Whether what this dossier asks for at its return was answered too: open fees, and originals to hand in."""
        answered = True
        if _open_fees(dossier) and not self.unpaid.data:
            self.unpaid.errors = [say("Chưa ghi: đã nộp ở đâu, biên lai nào, hay được miễn theo gì.")]
            answered = False
        if set(dossier.standing.originals_due) - set(self.originals):
            self.confirm.errors = [*self.confirm.errors, say("Chưa đánh dấu đủ bản chính đã thu.")]
            answered = False
        return answered

    @property
    def originals(self) -> list[str]:
        """The papers that were ticked as handed in."""
        return request.form.getlist("originals")


@blueprint.get("/return")
def page() -> ResponseReturnValue:
    """What is ready, oldest due first, and a field for a scanner; after a return the one before is named."""
    presence.require(RETURN)
    after = request.args.get("after", "")
    return render_template(
        "return.html",
        **_list(),
        shown=None,
        after=site().node.register.row(after) if after else None,
    )


@blueprint.post("/return")
def search() -> ResponseReturnValue:
    """A slip's code, a whole number or a ticket opens the dossier. By POST: a citizen's name belongs in no address."""
    presence.require(RETURN)
    Bare.checked()
    meant = streams_of(request.form.get("q", ""))
    if len(meant) == 1:
        return redirect(url_for(".one", stream=meant[0]), 303)
    return render_template("return.html", **_list(), shown=None, after=None)


@blueprint.get("/return/<stream>")
def one(stream: str) -> ResponseReturnValue:
    """One dossier's result, with the submitter set in, and the road that was wished for."""
    presence.require(RETURN)
    shown, form = show(stream), HandOver(formdata=None)
    came = shown.submitter or shown.received.applicant
    form.taken_by.data = came.name
    form.road.data = "post" if shown.received.return_by == "post" else "centre"
    return _render(shown, form)


@blueprint.post("/return/<stream>")
@over_what_was_seen(KIND, HandOver)
def hand_over(stream: str) -> ResponseReturnValue:
    """`act=look` only looks again: Enter, which a scanner sends, hands nothing over."""
    presence.require(RETURN)
    shown, form = show(stream), HandOver()
    card = form.take_card()
    if request.form.get("act") == "look":
        return _render(shown, form, card=card)
    filled = form.validate_on_submit()
    asked = form.asks(shown.dossier)
    if not (form.is_theirs(shown) and asked and filled):
        return _render(shown, form, form.error_list()), 422
    at_counter = form.road.data == "centre"
    returned = Returned(
        taken_by=form.taken_by.data,
        identity=digits(form.identity.data) if at_counter else "",
        result=shown.result or "",
        road=form.road.data,
        document=form.document.data if not at_counter or form.taker.data == "other" else "",
        unpaid=form.unpaid.data if _open_fees(shown.dossier) else "",
    )
    node, by = site().node, presence.person().id
    try:
        with node.file.write():  # what was handed in and what was handed over: both or neither
            if due := shown.dossier.standing.originals_due:
                node.ledger.act(stream, COLLECTED, OriginalsCollected(due), by=by)
            node.ledger.act(stream, KIND, returned, by=by)
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, form, trouble=trouble), trouble.status
    return redirect(url_for(".page", after=stream), 303)


@blueprint.post("/return/<stream>/ready")
def ready(stream: str) -> ResponseReturnValue:
    """Its paper is at the counter: visitors of today are called again, others may come for it."""
    presence.require(RETURN)
    Bare.checked()
    shown = show(stream)
    try:
        said = ResultNamed(shown.result or "")
        site().node.ledger.act(stream, READY, said, by=presence.person().id)
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render(shown, HandOver(formdata=None), trouble=trouble), trouble.status
    return redirect(url_for(".one", stream=stream), 303)


def waits_for_paper(dossier: Dossier) -> bool:
    """Whether a result that was signed by hand is not known to be at a counter yet."""
    standing = dossier.standing
    return (
        standing.inner is Inner.AWAITS_COLLECTION and is_on_paper(standing) and READY not in standing.newest
    )


def _open_fees(dossier: Dossier) -> int:
    """What is still to be paid by all that this machine knows, in đồng: at today's rates, with what is taken at the return."""
    return site().node.till.owed(dossier).total


def as_if_handed_in(dossier: Dossier) -> Dossier:
    """To ask whether anything else stands against the return: the originals are ticked on this page."""
    standing = dossier.standing
    if not standing.originals_due:
        return dossier
    done = Done("", COLLECTED, OriginalsCollected(standing.hand_in), "", "", "")
    return replace(dossier, standing=structs.replace(standing, newest={**standing.newest, COLLECTED: done}))


def _list() -> dict[str, object]:
    """Dossiers with a result, oldest due first; those that match `q` where somebody searches."""
    register, term = site().node.register, request.form.get("q", "").strip()
    rows, count = register.work(Work.RETURN, SHOWN)
    if plain_words(term):
        meant = [row for stream in streams_of(term) if (row := register.row(stream)) is not None]
        rows = [row for row in meant or register.find(term).rows if row.queue == Work.RETURN.value]
    return {"rows": rows, "count": count, "term": term}


def _render(
    shown: Shown,
    form: HandOver,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
    card: CitizenCard | None = None,
) -> str:
    file_is_here = shown.result is not None and site().node.archive.holds(shown.result)
    if shown.result is not None and not file_is_here:
        site().demand(shown.dossier.stream)
    return render_template(
        "return.html",
        **_list(),
        shown=shown,
        form=form,
        errors=errors or [],
        trouble=trouble,
        after=None,
        against=why_not(as_if_handed_in(shown.dossier), KIND, showing.sample_of(shown.dossier, KIND)),
        open_fees=_open_fees(shown.dossier),
        collects=site().may(presence.person(), FEES),
        card=card,
        originals_due=shown.dossier.standing.originals_due,
        ticked=form.originals,
        conflicts=[(conflict, sides(shown, conflict)) for conflict in shown.dossier.conflicts],
        file_is_here=file_is_here,
        waits_for_paper=waits_for_paper(shown.dossier),
    )
