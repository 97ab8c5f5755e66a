"""Thu phí: what is to be paid, by which way, the receipt; and what is given back, by two.

Enter, which a scanner sends, presses the form's first button: it only looks again. Taking money is a button of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import HiddenField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, StopValidation

from edge.money_papers import receipt_name
from edge.register import Work
from edge.reprinting import NothingToReprint, receipt_jobs, reprint_receipt
from edge.tables.dossiers import DossierRow
from edge.till import ISSUED, NOTIFIED, REFUNDED, VOIDED, Owed, Payment, Way
from edge.web import presence, second, words
from edge.web.codes import drawn
from edge.web.errors import page as trouble_page
from edge.web.forms import LONGEST, WRITTEN, Bare, Choice, Form, amount_of, needed, text, too_long
from edge.web.language import say
from edge.web.merging import over_what_was_seen
from edge.web.scanned import streams_of
from edge.web.showing import Shown, show, sides
from edge.web.site import FEES, site
from edge.web.trouble import Expected, Trouble, trouble_of
from printing.papers.money import ElectronicReceipt, FeeNotice, PaperReceipt, ProvisionalSlip
from printing.spool import PrintJob
from schemas.acts import FeeCollected, FeeRefunded, ObligationMet, ReceiptReplaced
from schemas.entries import Account
from schemas.errors import NoNumber
from schemas.owing import NAMES
from schemas.receipts import Medium
from schemas.rules import Done
from schemas.spelling import words as plain_words
from schemas.vietqr import payload

blueprint = Blueprint("fees", __name__)

SHOWN: Final = 60
WAITING: Final = 200
"""Results that wait to be handed over, of which those that cost something then are looked for."""
MET: Final = "dossier.obligation_met"
_PAPERS: Final = (FeeNotice.FORM, PaperReceipt.FORM, ProvisionalSlip.FORM, ElectronicReceipt.FORM)
OTHER: Final = "other"
PERCENTS: Final = ("100", "75", "50", "25")
MEDIA: Final = {
    Medium.PAPER: "biên lai giấy, 3 liên",
    Medium.PROVISIONAL: "phiếu thu tạm",
    Medium.ELECTRONIC: "biên lai điện tử",
}


def _reference(form: Form, field: Any) -> None:
    if form["method"].data == "cash":
        raise StopValidation
    if not field.data:
        raise StopValidation(
            say("Chưa ghi số tham chiếu. Chép số giao dịch ngân hàng báo, hoặc số hoá đơn trên máy thẻ.")
        )


def _handed(form: Form, field: Any) -> None:
    if not field.data:
        raise StopValidation
    if amount_of(field.data) is None:
        raise StopValidation(say("Số tiền khách đưa chỉ có chữ số, ví dụ 500.000. Gõ lại, hoặc để trống."))


class Payable(Form):
    """What a cashier takes: the lines are ticked, `total` is what the page showed."""

    method = RadioField(
        "Hình thức nộp",
        choices=[Choice("cash", "Tiền mặt"), Choice("transfer", "Chuyển khoản"), Choice("card", "Máy thẻ")],
        default="cash",
        validators=[InputRequired("Chưa chọn hình thức nộp.")],
    )
    payer = StringField("Người nộp tiền", filters=[text], validators=needed("Chưa ghi tên người nộp tiền."))
    handed = StringField("Khách đưa", filters=[text], validators=[_handed])
    reference = StringField(
        "Số tham chiếu",
        filters=[text],
        validators=[_reference, Length(max=60, message=too_long(60))],
    )
    total = HiddenField(filters=[text])


class Relieved(Form):
    """A notice of fees, with a relief or without."""

    relief = SelectField("Diện miễn, giảm", validate_choice=False, default="")
    ground = StringField(
        "Tên diện, văn bản", filters=[text], validators=[Length(max=LONGEST, message=too_long())]
    )
    percent = SelectField(
        "Mức",
        choices=[Choice(one, "Miễn" if one == "100" else f"Giảm {one}%") for one in PERCENTS],
        default="100",
    )
    proof = StringField(
        "Giấy tờ chứng minh (loại, số, ngày)",
        filters=[text],
        validators=[Length(max=LONGEST, message=too_long())],
    )


class Undone(Form):
    """A receipt that is made void."""

    reason = StringField("Lý do huỷ", filters=[text], validators=needed("Chưa ghi lý do huỷ biên lai."))


class Refunded(Form):
    """How much goes back (whole đồng), to whom, how, and why."""

    amount = StringField("Số tiền hoàn", filters=[text], validators=needed("Chưa ghi số tiền hoàn."))
    paid_to = StringField(
        "Người nhận lại tiền", filters=[text], validators=needed("Chưa ghi ai nhận lại tiền.")
    )
    method = RadioField(
        "Hoàn bằng",
        choices=[Choice("cash", "Tiền mặt"), Choice("transfer", "Chuyển khoản")],
        default="cash",
        validators=[InputRequired("Chưa chọn hoàn bằng gì.")],
    )
    reason = StringField("Lý do hoàn", filters=[text], validators=needed("Chưa ghi lý do hoàn."))


class Met(Form):
    """A tax or another duty to the State that was paid elsewhere; nothing of it goes through this drawer."""

    evidence = StringField(
        "Chứng từ đã nộp (loại, số, ngày)",
        filters=[text],
        validators=needed("Chưa ghi chứng từ. Chép số giấy nộp tiền vào ngân sách và ngày nộp."),
    )
    met = StringField("Số tiền đã nộp", filters=[text], validators=needed("Chưa ghi số tiền đã nộp."))


class Again(Form):
    """Why a receipt is printed once more."""

    reason = StringField(
        "Lý do in lại", filters=[text], validators=needed("Chưa ghi vì sao in lại biên lai.")
    )


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where to pay, and the code that tells a bank's app so; `path` draws it, `side` modules wide."""

    account: Account
    purpose: str
    amount: int
    path: str
    side: int


@dataclass(frozen=True, slots=True)
class Taken:
    """One receipt of a dossier. `job` is its printing here; `state` is empty while it stands."""

    hash: str
    name: str
    done: Done
    data: FeeCollected
    left: int
    void: bool
    job: PrintJob | None
    issued: ReceiptReplaced | None

    @property
    def pending(self) -> bool:
        """Whether its electronic receipt is still to be issued."""
        return self.data.receipt.provisional and self.issued is None and not self.void


@blueprint.get("/fees")
def page() -> ResponseReturnValue:
    """`after`: the dossier whose fee was taken just now; `back`: what the payer gets back of their cash."""
    presence.require(FEES)
    stream = request.args.get("after", "")
    after = show(stream) if stream else None
    return render_template(
        "fees.html",
        **_list(),
        **_drawer(),
        shown=None,
        after=after,
        receipts=_receipts(after) if after else [],
        back=amount_of(request.args.get("back")) or 0,
    )


@blueprint.post("/fees")
def search() -> ResponseReturnValue:
    """A slip's code, a whole number or a ticket opens the dossier; anything else searches among those who owe."""
    presence.require(FEES)
    Bare.checked()
    meant = streams_of(request.form.get("q", ""))
    if len(meant) == 1:
        return redirect(url_for(".one", stream=meant[0]), 303)
    return render_template("fees.html", **_list(), **_drawer(), shown=None, after=None, back=0)


@blueprint.get("/fees/<stream>")
def one(stream: str) -> ResponseReturnValue:
    """What the dossier owes and what was taken; the submitter is set in as payer."""
    presence.require(FEES)
    shown, form = show(stream), Payable(formdata=None)
    form.payer.data = (shown.submitter or shown.received.applicant).name
    return _render(shown, form, done=request.args.get("done", ""))


@blueprint.post("/fees/<stream>")
@over_what_was_seen("dossier.fee_collected", Payable)
def collect(stream: str) -> ResponseReturnValue:
    """`act=take` takes the money; anything else looks again."""
    presence.require(FEES)
    shown, form = show(stream), Payable()
    if request.form.get("act") != "take":
        return _render(shown, form)
    total, handed = amount_of(form.total.data) or 0, amount_of(form.handed.data)
    errors = [] if form.validate_on_submit() else form.error_list()
    if form.method.data == "cash" and handed is not None and handed < total:
        errors.append(
            (
                "handed",
                say(
                    "Khách đưa {handed}, còn thiếu {short}. Đếm lại tiền.",
                    handed=words.dong(handed),
                    short=words.dong(total - handed),
                ),
            )
        )
    chosen = [_line(value) for value in request.form.getlist("line")]
    now = sum(
        line.amount for line in site().node.till.owed(shown.dossier).lines if (line.kind, line.name) in chosen
    )
    if not chosen:
        errors.append(("line-0", say("Chưa chọn khoản nào để thu. Đánh dấu ít nhất một khoản.")))
    elif now != total:
        errors.append(
            (
                "line-0",
                say(
                    "Khoản thu vừa đổi: nay là {amount}. Xem lại, rồi bấm Thu lần nữa.",
                    amount=words.dong(now),
                ),
            )
        )
    if errors:
        return _render(shown, form, errors), 422
    payment = Payment(
        chosen,
        total,
        form.payer.data,
        cast(Way, form.method.data),
        form.reference.data if form.method.data != "cash" else "",
    )
    try:
        site().node.till.collect(stream, payment, by=presence.person().id)
    except Expected as why:
        return _refused(stream, form, why)
    site().spool_wake()
    back = handed - total if handed is not None and form.method.data == "cash" else 0
    return redirect(url_for(".page", after=stream, back=back or None), 303)


@blueprint.post("/fees/<stream>/notice")
@over_what_was_seen("dossier.fee_notified", Relieved)
def notify(stream: str) -> ResponseReturnValue:
    """Write down what is to be paid, and what a relief takes off with its proof. 422 with all mistakes."""
    presence.require(FEES)
    shown, form = show(stream), Relieved()
    owed, chosen = site().node.till.owed(shown.dossier), form.relief.data or ""
    ground = form.ground.data if owed.asked.free_ground and chosen == OTHER else chosen
    errors = [] if form.validate_on_submit() else form.error_list()
    if chosen and not ground:
        errors.append(("ground", say("Chưa ghi tên diện được miễn, giảm và văn bản cho phép.")))
    if chosen and not form.proof.data:
        errors.append(("proof", say("Chưa ghi giấy tờ chứng minh. Ghi loại giấy, số và ngày.")))
    if errors:
        return _render(shown, None, relieved=form, relief_errors=errors), 422
    try:
        site().node.till.notify(
            stream,
            by=presence.person().id,
            relief=ground,
            proof=form.proof.data if chosen else "",
            percent=int(form.percent.data) if form.percent.data in PERCENTS else 0,
            with_=second.beside(NOTIFIED),
        )
    except Expected as why:
        return _refused(stream, None, why)
    site().spool_wake()
    return redirect(url_for(".one", stream=stream, done=NOTIFIED), 303)


@blueprint.get("/fees/<stream>/void/<name>")
def void_page(stream: str, name: str) -> ResponseReturnValue:
    """A receipt with what making it void does. 404 for one that the dossier has not."""
    presence.require(FEES)
    return _render_undoing(*_undone(stream, name), VOIDED, Undone(formdata=None))


@blueprint.post("/fees/<stream>/void/<name>")
@over_what_was_seen("dossier.fee_voided", Undone)
def void(stream: str, name: str) -> ResponseReturnValue:
    """Make a receipt void, with a second person. 422 with all mistakes."""
    presence.require(FEES)
    (shown, taken), form = _undone(stream, name), Undone()
    errors = [] if form.validate_on_submit() else form.error_list()
    errors += _second_errors()
    if errors:
        return _render_undoing(shown, taken, VOIDED, form, errors), 422
    try:
        site().node.till.void(
            stream, name, form.reason.data, by=presence.person().id, with_=second.beside(VOIDED)
        )
    except Expected as why:
        trouble = trouble_of(why, shown.dossier.status)
        return _render_undoing(show(stream), taken, VOIDED, form, trouble=trouble), trouble.status
    return redirect(url_for(".one", stream=stream, done=VOIDED), 303)


@blueprint.get("/fees/<stream>/refund/<name>")
def refund_page(stream: str, name: str) -> ResponseReturnValue:
    """What the receipt still holds; what was paid too much is set in as amount."""
    presence.require(FEES)
    shown, taken = _undone(stream, name)
    form = Refunded(formdata=None)
    form.paid_to.data = taken.data.payer
    form.method.data = "cash" if taken.data.method == "cash" else "transfer"
    too_much = shown.dossier.standing.purse.kept - site().node.till.owed(shown.dossier).asked.total
    form.amount.data = words.count(min(taken.left, too_much) if too_much > 0 else taken.left)
    return _render_undoing(shown, taken, REFUNDED, form)


@blueprint.post("/fees/<stream>/refund/<name>")
@over_what_was_seen("dossier.fee_refunded", Refunded)
def refund(stream: str, name: str) -> ResponseReturnValue:
    """Give money back, with a second person. 422 for more than the receipt still holds."""
    presence.require(FEES)
    (shown, taken), form = _undone(stream, name), Refunded()
    errors = [] if form.validate_on_submit() else form.error_list()
    amount = amount_of(form.amount.data)
    if form.amount.data and not amount:
        errors.append(("amount", say("Số tiền hoàn chỉ có chữ số, ví dụ 50.000. Gõ lại.")))
    elif amount and amount > taken.left:
        errors.append(
            ("amount", say("Biên lai này chỉ còn {amount}. Gõ số nhỏ hơn.", amount=words.dong(taken.left)))
        )
    errors += _second_errors()
    if errors or not amount:
        return _render_undoing(shown, taken, REFUNDED, form, errors), 422
    back = FeeRefunded(name, amount, form.paid_to.data, form.reason.data, form.method.data)
    try:
        site().node.till.refund(stream, back, by=presence.person().id, with_=second.beside(REFUNDED))
    except Expected as why:
        trouble = trouble_of(why, shown.dossier.status)
        return _render_undoing(show(stream), taken, REFUNDED, form, trouble=trouble), trouble.status
    return redirect(url_for(".one", stream=stream, done=REFUNDED), 303)


@blueprint.post("/fees/<stream>/met")
@over_what_was_seen(MET, Met)
def met(stream: str) -> ResponseReturnValue:
    """What was asked for by the tax office was paid: the dossier goes on."""
    presence.require(FEES)
    shown, form = show(stream), Met()
    errors = [] if form.validate_on_submit() else form.error_list()
    amount = amount_of(form.met.data)
    if form.met.data and amount is None:
        errors.append(("met", say("Số tiền đã nộp chỉ có chữ số, ví dụ 1.250.000. Gõ lại.")))
    if errors or amount is None:
        return _render(shown, None, errors, met=form), 422
    try:
        site().node.ledger.act(
            stream, MET, ObligationMet(form.evidence.data, amount), by=presence.person().id
        )
    except Expected as why:
        return _refused(stream, None, why)
    return redirect(url_for(".one", stream=stream, done=MET), 303)


@blueprint.post("/fees/<stream>/again/<name>")
def again(stream: str, name: str) -> ResponseReturnValue:
    """Print a receipt once more, with the reason."""
    presence.require(FEES)
    shown, form = show(stream), Again()
    if not form.validate_on_submit():
        return _render(shown, None, again_errors=form.error_list(), again=name), 422
    try:
        reprint_receipt(site().node, stream, name, reason=form.reason.data, by=presence.person().id)
    except NothingToReprint:
        return trouble_page(
            Trouble(
                say("Máy này không có biên lai đó để in lại."),
                say("Tiền đã thu và số biên lai vẫn nguyên."),
                say("In lại ở quầy đã thu; xem Việc đã làm của hồ sơ."),
                409,
            )
        )
    site().spool_wake()
    return redirect(url_for(".one", stream=stream, done="dossier.reprinted"), 303)


@blueprint.post("/fees/<stream>/rendering/<name>")
def rendering(stream: str, name: str) -> ResponseReturnValue:
    """Print the rendering of a receipt that was issued."""
    presence.require(FEES)
    Bare.checked()
    show(stream)
    try:
        site().node.till.render_issued(stream, name)
    except Expected as why:
        return _refused(stream, None, why)
    site().spool_wake()
    return redirect(url_for(".one", stream=stream, done=ISSUED), 303)


@blueprint.get("/fees/<stream>/paper/<int:job>.pdf")
def paper(stream: str, job: int) -> ResponseReturnValue:
    """A paper about money as it was printed here."""
    presence.require(FEES)
    show(stream)
    with site().node.file.read():
        found: PrintJob | None = PrintJob.get_or_none(PrintJob.id == job)
    if found is None or found.stream != stream or found.form not in _PAPERS or not found.payload:
        raise NotFound
    pdf = site().node.papers.render_job(found.form, bytes(found.payload))
    response = Response(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{found.form}-{found.id}.pdf"'
    return response


# ---- what the pages show


def _list() -> dict[str, object]:
    """Who has something to pay, the newest first; those that match `q` where somebody searches."""
    register, term = site().node.register, request.form.get("q", "").strip()
    rows, count = register.work(Work.COLLECT, SHOWN)
    late = _at_return({row.stream for row in rows})
    rows, count = [*late, *rows], count + len(late)
    if plain_words(term):
        owing = {row.stream for row in (*late, *register.work(Work.COLLECT, count)[0])}
        meant = streams_of(term)
        found = [register.row(stream) for stream in meant] if meant else register.find(term).rows
        rows = [row for row in found if row is not None and (meant or row.stream in owing)]
    back, refunds = register.work(Work.REFUND, SHOWN)
    return {"rows": rows, "count": count, "term": term, "back_rows": back, "refunds": refunds}


def _at_return(listed: set[str]) -> list[DossierRow]:
    """Whose result is here and whose fee is taken with it, the oldest due first; what is listed already is left out."""
    node, found = site().node, []
    waiting = [row for row in node.register.work(Work.RETURN, WAITING)[0] if row.stream not in listed]
    for row, total in node.till.due_at_return(waiting):
        row.owed = total
        found.append(row)
    return found


def _drawer() -> dict[str, object]:
    """The shift and the numbers of this machine; `against` says why no money can be taken now."""
    here = site()
    till, today = here.node.till, here.today()
    shift = till.shift()
    medium, symbol, trouble = None, "", None
    try:
        medium, symbol = till.next_medium(today)
    except NoNumber as why:
        trouble = trouble_of(why)
    return {
        "shift": shift,
        "mine": shift is not None and shift.cashier == presence.person().id,
        "numbers": till.receipts_left(today),
        "medium": MEDIA[medium] if medium else "",
        "symbol": symbol,
        "against": trouble,
    }


def _render(
    shown: Shown,
    form: Payable | None,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
    *,
    relieved: Relieved | None = None,
    relief_errors: list[tuple[str, str]] | None = None,
    met: Met | None = None,
    again: str = "",
    again_errors: list[tuple[str, str]] | None = None,
    done: str = "",
) -> str:
    if form is None:
        form = Payable(formdata=None)
        form.payer.data = (shown.submitter or shown.received.applicant).name
    owed = site().node.till.owed(shown.dossier)
    chosen = set(request.form.getlist("line")) if "line" in request.form else None
    ticked = [chosen is None or f"{one.kind}:{one.name}" in chosen for one in owed.lines]
    total = sum(line.amount for line, on in zip(owed.lines, ticked, strict=True) if on)
    handed = amount_of(form.handed.data)
    return render_template(
        "fees.html",
        **_list(),
        **_drawer(),
        shown=shown,
        form=form,
        errors=(errors or []) + (relief_errors or []) + (again_errors or []),
        trouble=trouble,
        after=None,
        done=done,
        owed=owed,
        ticked=ticked,
        total=total,
        change=handed - total if handed is not None and handed >= total else None,
        names=NAMES,
        transfer=_transfer(shown, total),
        receipts=_receipts(shown),
        relieved=_relieved(owed, relieved),
        again=again,
        obligation=shown.dossier.standing.newest.get("dossier.obligation_asked"),
        met=met or Met(formdata=None),
        conflicts=[(conflict, sides(shown, conflict)) for conflict in shown.dossier.conflicts],
        second=second.asked_for(NOTIFIED),
    )


def _relieved(owed: Owed, form: Relieved | None) -> Relieved:
    form = form or Relieved(formdata=None)
    reliefs = [
        Choice(name, f"{name} (cần: {proof})", WRITTEN)
        for name, proof in zip(owed.asked.reliefs, owed.asked.proofs, strict=True)
    ]
    other = [Choice(OTHER, say("Diện khác, ghi ở dưới"))] if owed.asked.free_ground else []
    form.relief.choices = [Choice("", say("Không miễn, giảm")), *reliefs, *other]
    return form


def _transfer(shown: Shown, total: int) -> Transfer | None:
    """Where the agency's fees are paid into; None where the catalog knows no account, or nothing is to be paid."""
    account = shown.agency.account if shown.agency else None
    if not isinstance(account, Account) or not total:
        return None
    code = payload(bank=account.bank, account=account.number, amount=total, purpose=shown.received.number)
    path, side = drawn(code)
    return Transfer(account, shown.received.number, total, path, side)


def _receipts(shown: Shown) -> list[Taken]:
    """All money that was taken for a dossier, the void ones too, oldest first."""
    purse, jobs = shown.dossier.standing.purse, receipt_jobs(site().node, shown.dossier.stream)
    issued = site().node.till.issued(shown.dossier)
    found = []
    for step in shown.steps:
        data = shown.contents.get(step.line.hash)
        if not isinstance(data, FeeCollected) or (
            step.doubt is not None and step.line.hash not in purse.collected
        ):
            continue
        name, line = receipt_name(data), step.line
        left = purse.collected.get(line.hash, 0) - purse.refunded.get(line.hash, 0)
        done = Done(line.hash, line.kind, data, line.by, line.at, line.node)
        found.append(
            Taken(
                line.hash,
                name,
                done,
                data,
                left,
                line.hash in purse.void,
                jobs.get(name),
                issued.get(line.hash),
            )
        )
    return found


def _undone(stream: str, name: str) -> tuple[Shown, Taken]:
    """A dossier and the receipt in force that is to be undone. Raises `NotFound`."""
    shown = show(stream)
    found = next((one for one in _receipts(shown) if one.hash == name and not one.void), None)
    if found is None:
        raise NotFound
    return shown, found


def _second_errors() -> list[tuple[str, str]]:
    if not request.form.get(second.NAME):
        return [(second.NAME, say("Chưa chọn người thứ hai. Người thứ hai chọn tên mình và gõ mã PIN."))]
    return [] if request.form.get(second.PIN) else [(second.PIN, say("Người thứ hai chưa gõ mã PIN."))]


def _render_undoing(
    shown: Shown,
    taken: Taken,
    kind: str,
    form: Undone | Refunded,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    return render_template(
        "fee_undone.html",
        **_drawer(),
        shown=shown,
        taken=taken,
        voids=kind == VOIDED,
        form=form,
        errors=errors or [],
        trouble=trouble,
        second=second.asked_for(kind),
    )


def _refused(stream: str, form: Payable | None, why: Exception) -> ResponseReturnValue:
    shown = show(stream)
    trouble = trouble_of(why, shown.dossier.status)
    return _render(shown, form, trouble=trouble), trouble.status


def _line(value: str) -> tuple[str, str]:
    kind, _, name = value.partition(":")
    return kind, name
