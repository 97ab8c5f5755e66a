"""One dossier: what it is, what was done, where it is, what may be done next; and its papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import RadioField, StringField, TextAreaField

from edge.course import STOPPED, SUPPLIED
from edge.folder_papers import FORMS as FOLDER_FORMS
from edge.folder_papers import print_folder_paper
from edge.handing_over import FORWARDED
from edge.list_slip import print_list, together
from edge.reprinting import LETTERS, REPRINTED, NothingToReprint, newest_of, reprint_letter, reprint_slip
from edge.tables.dossiers import DossierRow
from edge.web import presence, showing
from edge.web.amending import KIND as AMEND
from edge.web.amending import sample as amendment
from edge.web.cancelling import KIND as CANCEL
from edge.web.cancelling import sample as cancellation
from edge.web.clock_story import story
from edge.web.correcting import KIND as CORRECT
from edge.web.correcting import corrected_by
from edge.web.correcting import sample as correction
from edge.web.course import KINDS, TITLES, why_none
from edge.web.errors import page as trouble_page
from edge.web.forms import Bare, Choice, Form, needed, paragraph, text
from edge.web.language import say, tell
from edge.web.merging import over_what_was_seen
from edge.web.one_step import may_close
from edge.web.pdfs import pdf_answer
from edge.web.retelling import tellings
from edge.web.returning import KIND as RETURN_KIND
from edge.web.returning import as_if_handed_in
from edge.web.scanning import kept_with
from edge.web.showing import Shown, show, sides, why_not
from edge.web.site import AGENCIES, COUNTER, FEES, RETURN, ROOM, Site, site
from edge.web.trouble import Expected, Trouble, trouble_of
from printing.papers.reception import ReceiptSlip
from printing.spool import PrintJob
from schemas.acts import Status, WithdrawalAsked
from schemas.calendar import local_day
from schemas.custody import Where, open_opinion
from schemas.events import moment
from schemas.fold import Place
from schemas.rules import Money

blueprint = Blueprint("dossier", __name__)

_PUT_RIGHT: Final = "Sửa thông tin"
WITHDRAW: Final = "dossier.withdrawal_asked"


class Withdrawal(Form):
    """Who asks for the dossier back, and why."""

    asked_by = StringField("Ai xin rút", filters=[text], validators=needed("Chưa ghi ai xin rút hồ sơ."))
    reason = TextAreaField(
        "Lý do xin rút", filters=[paragraph], validators=needed("Chưa ghi lý do xin rút hồ sơ.")
    )


class Reprint(Form):
    """Why a paper is printed once more: it carries "in lần 2", and is an act."""

    reason = StringField("Lý do in lại", filters=[text], validators=needed("Chưa ghi vì sao in lại."))


class CameOut(Form):
    """Whether a paper of which nobody knows came out."""

    came_out = RadioField(choices=[Choice("yes", "Đã ra"), Choice("no", "Chưa ra, in")])


@dataclass(frozen=True, slots=True)
class Next:
    """Something to do next with a dossier; `why` says what stands against it."""

    title: str
    url: str
    key: str
    icon: str
    why: Trouble | None
    main: bool = False


@blueprint.get("/dossier/<stream>")
def page(stream: str) -> ResponseReturnValue:
    """All of one dossier; in its place what was redacted and by which law, or what is still missing here.
    404.
    """
    dossier = site().node.register.dossier(stream)
    redacted = [line.why for line in dossier.timeline if line.place is Place.REDACTED]
    if redacted and dossier.standing.receipt is None:
        grounds = list(dict.fromkeys(redacted))
        return render_template("redacted.html", lines=dossier.timeline, grounds=grounds)
    if dossier.standing.receipt is None and (lacking := showing.lacks(site(), dossier)) is not None:
        return render_template("incomplete.html", lines=dossier.timeline, lacks=lacking)
    return _render(show(stream))


@blueprint.get("/dossier/<stream>/paper")
def paper(stream: str) -> str:
    """How far the slip's printing is; asks again by itself until it is done."""
    shown = show(stream)
    return render_template(
        "paper.html", shown=shown, job=slip_job(site(), stream), token=CameOut, saved=False, polled=True
    )


@blueprint.post("/dossier/<stream>/paper/<int:job>")
def answer(stream: str, job: int) -> ResponseReturnValue:
    """The answer to whether a paper came out: `came_out` is `yes` or `no`."""
    Bare.checked()
    shown, form = show(stream), CameOut()
    found = slip_job(site(), stream)
    if not form.validate_on_submit() or found is None or found.id != job:
        raise NotFound
    site().node.spool.answer(job, came_out=form.came_out.data == "yes", at=site().now())
    site().spool_wake()
    return redirect(url_for(".page", stream=shown.dossier.stream), 303)


@blueprint.post("/dossier/<stream>/reprint")
def reprint(stream: str) -> ResponseReturnValue:
    """Print the slip again, with the reason that was chosen or written."""
    shown, form, here = show(stream), Reprint(), site()
    if not form.validate_on_submit():
        return _render(shown, reprint=form), 422
    try:
        reprint_slip(here.node, stream, reason=form.reason.data, by=presence.person().id)
    except NothingToReprint:
        card = here.node.catalog.latest.card(shown.receipt.node)
        next_step = tell("In lại ở {place}.", place=here.place(shown.receipt.node))
        if card is None or not card.opens:  # its key is gone, and nobody else can seal the code on the slip
            next_step = say(
                "Máy đã in giấy ấy không còn: giấy đã giao vẫn dùng được; ai chưa có thì báo cho họ số hồ sơ."
            )
        return trouble_page(
            Trouble(
                say("Máy này không có giấy hẹn của {number} để in lại.", number=shown.received.number),
                say("Hồ sơ vẫn nguyên."),
                next_step,
                409,
            )
        )
    here.spool_wake()
    return redirect(url_for(".page", stream=stream, done=REPRINTED), 303)


@blueprint.post("/dossier/<stream>/reprint/<form>")
def reprint_of_letter(stream: str, form: str) -> ResponseReturnValue:
    """Print form 02, 04 or 05 again, with the reason."""
    shown, why, here = show(stream), Reprint(), site()
    if form not in LETTERS:
        raise NotFound
    if not why.validate_on_submit():
        return _render(shown, reprint=why, reprinted=form), 422
    try:
        reprint_letter(here.node, stream, form, reason=why.reason.data, by=presence.person().id)
    except NothingToReprint:
        return trouble_page(
            Trouble(
                say(
                    "Máy này không có Mẫu {form} của {number} để in lại.",
                    form=form,
                    number=shown.received.number,
                ),
                say("Hồ sơ vẫn nguyên."),
                say("In lại ở máy đã ghi việc đó; xem Việc đã làm của hồ sơ."),
                409,
            )
        )
    here.spool_wake()
    return redirect(url_for(".page", stream=stream, done=REPRINTED), 303)


@blueprint.get("/dossier/<stream>/slip.pdf")
def slip_pdf(stream: str) -> ResponseReturnValue:
    """The slip as it was printed at this machine. 404 with the place that has it, where it was another."""
    shown, job = show(stream), slip_job(site(), stream)
    name, where = shown.received.number, site().place(shown.receipt.node)
    if job is None:
        return trouble_page(
            Trouble(
                tell("Giấy hẹn của {number} in ở {place}, không ở máy này.", {"number": name}, place=where),
                say("Hồ sơ có đủ ở đây; giấy hẹn đã in vẫn có hiệu lực."),
                tell("Xem hoặc in lại ở {place}.", place=where),
                404,
            )
        )
    if not job.payload:
        return trouble_page(
            Trouble(
                say("Nội dung giấy hẹn của {number} đã xoá theo quy định.", number=name),
                say("Việc đã in vẫn được ghi."),
                say("Xem Việc đã làm của hồ sơ."),
                404,
            )
        )
    return pdf_answer(site().node.papers.render_job(job.form, bytes(job.payload)), name)


@blueprint.post("/dossier/<stream>/folder")
def folder(stream: str) -> ResponseReturnValue:
    """Print the folder's label, or form 06 that lies in it: `form` says which."""
    Bare.checked()
    shown, form = show(stream), request.form.get("form", "")
    if form not in FOLDER_FORMS:
        raise NotFound
    print_folder_paper(site().node, shown.dossier.stream, form)
    site().spool_wake()
    return redirect(url_for(".page", stream=stream, printed=form), 303)


@blueprint.post("/dossier/<stream>/list")
def print_together(stream: str) -> ResponseReturnValue:
    """Print the list of all that this submitter handed in here on that day."""
    Bare.checked()
    presence.require(COUNTER)
    shown = show(stream)
    try:
        job = print_list(site().node, shown.dossier.stream)
    except ValueError:
        raise NotFound from None
    site().spool_wake()
    return redirect(url_for(".page", stream=stream, printed=job.form), 303)


@blueprint.get("/dossier/<stream>/result.pdf")
def result_pdf(stream: str) -> ResponseReturnValue:
    """The result that is in force, with the revision that lasts longest. 404 while there is none, or not
    here.
    """
    shown = show(stream)
    if shown.result is None:
        return trouble_page(
            Trouble(
                say("Hồ sơ này chưa có kết quả có hiệu lực."),
                say("Hồ sơ vẫn nguyên."),
                say("Xem Việc đã làm của hồ sơ."),
                404,
            )
        )
    archive, lasting = site().node.archive, shown.dossier.standing.preserved
    content = (archive.read(lasting) if lasting else None) or archive.read(shown.result)
    if content is None:
        site().demand(stream)
        outcome = shown.dossier.standing.outcome
        maker = site().place(outcome.node) if outcome else ""
        return trouble_page(
            Trouble(
                tell(
                    "Tệp kết quả của {number} còn ở {place}, chưa tới máy này.",
                    {"number": shown.received.number},
                    place=maker,
                ),
                say("Việc phê duyệt và chữ ký vẫn nguyên."),
                say("Máy đang lấy tệp về trước các tệp khác; mở lại sau vài giây, hoặc xem ở Đồng bộ."),
                404,
            )
        )
    return pdf_answer(content, f"{shown.received.number}-ket-qua")


@blueprint.get("/dossier/<stream>/attachment/<int:place>.pdf")
def attachment_pdf(stream: str, place: int) -> ResponseReturnValue:
    """What goes with the result, by its place in the list."""
    shown = show(stream)
    if not 0 < place <= len(shown.attachments):
        raise NotFound
    content = site().node.archive.read(shown.attachments[place - 1].file)
    if content is None:
        site().demand(stream)
        return trouble_page(
            Trouble(
                say("Tài liệu kèm theo của {number} chưa tới máy này.", number=shown.received.number),
                say("Kết quả và chữ ký vẫn nguyên."),
                say("Máy đang lấy tệp về trước các tệp khác; mở lại sau vài giây, hoặc xem ở Đồng bộ."),
                404,
            )
        )
    return pdf_answer(content, f"{shown.received.number}-kem-theo-{place}")


@blueprint.get("/dossier/<stream>/withdraw")
def withdraw_page(stream: str) -> ResponseReturnValue:
    """Whoever came is set in as the one who asks."""
    shown = show(stream)
    form = Withdrawal(formdata=None)
    came = shown.submitter or shown.received.applicant
    form.asked_by.data = came.name
    return _render_withdrawal(shown, form)


@blueprint.post("/dossier/<stream>/withdraw")
@over_what_was_seen(WITHDRAW, Withdrawal)
def withdraw(stream: str) -> ResponseReturnValue:
    """A fact, whatever was decided meanwhile (design §3.4). 422 with all mistakes."""
    shown, form = show(stream), Withdrawal()
    if not form.validate_on_submit():
        return _render_withdrawal(shown, form, form.error_list()), 422
    asked = WithdrawalAsked(reason=form.reason.data, asked_by=form.asked_by.data)
    try:
        site().node.ledger.act(stream, WITHDRAW, asked, by=presence.person().id)
    except Expected as why:
        shown = show(stream)
        trouble = trouble_of(why, shown.dossier.status)
        return _render_withdrawal(shown, form, trouble=trouble), trouble.status
    return redirect(url_for(".page", stream=stream, done=WITHDRAW), 303)


def slip_job(here: Site, stream: str) -> PrintJob | None:
    """The newest printing of the dossier's slip at this machine; None where it was never printed here."""
    return newest_of(here.node, stream, ReceiptSlip.FORM)


def _render(shown: Shown, *, reprint: Reprint | None = None, reprinted: str = ReceiptSlip.FORM) -> str:
    """`reprinted` is the form of the paper that `reprint` asks for."""
    stream = shown.dossier.stream
    return render_template(
        "dossier.html",
        shown=shown,
        saved="saved" in request.args,
        goes_on=_goes_on(shown),
        done=request.args.get("done", ""),
        printed=request.args.get("printed", ""),
        folder_forms=FOLDER_FORMS,
        job=slip_job(site(), stream),
        earlier=_earlier(shown),
        on_the_way=on_the_way(shown),
        story=story(shown, site().view.calendar()),
        letters=[job for form in LETTERS if (job := newest_of(site().node, stream, form)) is not None],
        conflicts=[(conflict, sides(shown, conflict)) for conflict in shown.dossier.conflicts],
        tellings=tellings(shown),
        next_acts=_next_acts(shown),
        brought=site().node.leaving.brought(stream),
        follows=_follows(shown),
        corrected=corrected_by(shown),
        corrects=[] if presence.person().agency else site().node.register.corrects(stream),
        reprint=reprint or _reprint(),
        reprinted=reprinted,
        put_right=request.args.get("done") == AMEND,
        reprint_errors=reprint.error_list() if reprint else [],
        token=CameOut,
        scans=kept_with(shown),
        together=len(together(site().node, stream)),
        COUNTER=COUNTER,
    )


def _goes_on(shown: Shown) -> bool:
    """Whether whoever handed this in stands here still: it was received at this machine today."""
    here, receipt = site(), shown.receipt
    today = local_day(moment(receipt.at)) == here.today()
    return receipt.node == here.node.id and today and here.may(presence.person(), COUNTER)


def _follows(shown: Shown) -> DossierRow | None:
    """What was received in the place of one that was a mistake."""
    done = shown.dossier.standing.newest.get(CANCEL)
    follows = done.data.successor if done is not None and done.data is not None else ""
    return site().node.register.row(follows) if follows else None


def _reprint() -> Reprint:
    """Right after a correction its reason is known."""
    form = Reprint(formdata=None)
    form.reason.data = _PUT_RIGHT if request.args.get("done") == AMEND else ""
    return form


def _earlier(shown: Shown) -> list[DossierRow]:
    """Other dossiers of the applicant; whoever sits at an agency sees only what is with it."""
    if presence.person().agency:
        return []
    return site().node.register.earlier(shown.received.applicant.identity, but=shown.dossier.stream)


def _render_withdrawal(
    shown: Shown,
    form: Withdrawal,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    against = why_not(shown.dossier, WITHDRAW, showing.sample_of(shown.dossier, WITHDRAW))
    return render_template(
        "withdraw.html", shown=shown, form=form, errors=errors or [], trouble=trouble, against=against
    )


def _with_agencies(shown: Shown) -> list[Next]:
    """What an agency may be given, or asked, from the page of a dossier."""
    here, dossier, stream = site(), shown.dossier, shown.dossier.stream
    found, asked = [], open_opinion(dossier.standing)
    if presence.is_ones(FORWARDED) and dossier.status in (Status.RECEIVED, Status.PROCESSING):
        title = say("Ghi ý kiến phối hợp" if asked else "Xin ý kiến")
        found.append(Next(title, url_for("agencies.opinion_page", stream=stream), "", "info", None))
        if asked is None and here.node.handing_over.where(dossier).where in (
            Where.CENTRE,
            Where.TO_HAND_OVER,
        ):
            url = url_for(
                "agencies.page", tab=Where.TO_HAND_OVER.value, agency=shown.received.agency, stream=stream
            )
            found.append(Next(say("Bàn giao cho cơ quan"), url, "", "up", None))
    return found


def on_the_way(shown: Shown) -> list[Next]:
    """What else may become of a dossier on its way, as far as it is this person's kind of work."""
    dossier, stream = shown.dossier, shown.dossier.stream
    stands = dossier.standing.newest
    offered = {
        "supplement": dossier.status in (Status.RECEIVED, Status.PROCESSING),
        "extend": dossier.status in (Status.RECEIVED, Status.PROCESSING),
        "stop-clock": STOPPED not in stands and dossier.status in (Status.RECEIVED, Status.PROCESSING),
        "resume-clock": STOPPED in stands,
        "suspend": dossier.status in (Status.PROCESSING, Status.SUPPLEMENT, Status.FINANCIAL),
    }
    if presence.person().agency:
        return []
    if dossier.standing.outcome is not None:
        fits = presence.is_ones(CORRECT) and why_not(dossier, CORRECT, correction()) is None
        url = url_for("correcting.page", stream=stream)
        return [Next(say("Đính chính bằng hồ sơ khác"), url, "", "pen", None)] if fits else []
    found = [
        Next(say(TITLES[what]), url_for("course.one", stream=stream, what=what), "", "pen", None)
        for what, fits in offered.items()
        if fits and presence.is_ones(KINDS[what])
    ]
    if presence.is_ones(CANCEL) and why_not(dossier, CANCEL, cancellation()) is None:
        url = url_for("cancelling.page", stream=stream)
        found.append(Next(say("Huỷ tiếp nhận nhầm"), url, "", "no", None))
    return [*found, *(_with_agencies(shown) if site().may(presence.person(), AGENCIES) else [])]


def _next_acts(shown: Shown) -> list[Next]:
    """What this person may do here, the main one last; what is not their kind of work is left out."""
    here, dossier, stream = site(), shown.dossier, shown.dossier.stream
    ends = {Status.STOPPED, Status.RETURNED}
    found = []
    if presence.is_ones(WITHDRAW) and dossier.status not in ends:
        why = why_not(dossier, WITHDRAW, showing.sample_of(dossier, WITHDRAW))
        found.append(
            Next(say("Nhận đơn rút hồ sơ"), url_for(".withdraw_page", stream=stream), "", "back", why)
        )
    if here.may(presence.person(), COUNTER) and dossier.status not in ends:
        why = why_not(dossier, AMEND, amendment(shown))
        found.append(Next(say("Sửa thông tin"), url_for("amending.page", stream=stream), "z", "pen", why))
    if presence.is_ones(SUPPLIED) and dossier.status is Status.SUPPLEMENT:
        url = url_for("course.one", stream=stream, what="supplied")
        found.append(Next(say("Nhận bổ sung"), url, "", "page", why_none(dossier, "supplied"), main=True))
    if may_close(shown):
        found.append(
            Next(
                say("Giải quyết và trả ngay"),
                url_for("one_step.page", stream=stream),
                "",
                "pen",
                None,
                main=True,
            )
        )
    if here.may(presence.person(), ROOM) and dossier.status in (
        Status.RECEIVED,
        Status.PROCESSING,
        Status.WITHDRAWING,
    ):
        found.append(
            Next(say("Mở ở Chờ xử lý"), url_for("room.one", stream=stream), "", "pen", None, main=True)
        )
    owing = dossier.money in (Money.DUE, Money.PARTLY_PAID, Money.REFUND_DUE)
    at_return = dossier.status is Status.DONE and here.node.till.owed(dossier).total > 0
    if here.may(presence.person(), FEES) and (owing or at_return):
        found.append(Next(say("Thu phí"), url_for("fees.one", stream=stream), "", "page", None, main=True))
    if here.may(presence.person(), RETURN) and dossier.status is Status.DONE:
        why = why_not(as_if_handed_in(dossier), RETURN_KIND, showing.sample_of(dossier, RETURN_KIND))
        url = url_for("returning.one", stream=stream)
        found.append(Next(say("Trả kết quả"), url, "", "page", why, main=True))
    return found
