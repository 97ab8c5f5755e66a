"""Máy in: what waits for a printer, what nobody knows of, what failed; and the printers, each with a page to try it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound
from wtforms import StringField
from wtforms.validators import Length

from edge.pads import MOST as MOST_PADS
from edge.pads import NoPadNumbers, left, print_pad
from edge.printers import fits
from edge.settings import FOLDER, PrinterKind
from edge.web import presence
from edge.web.forms import Bare, Form, needed, text, too_long
from edge.web.language import say
from edge.web.showing import show
from edge.web.site import Entry, Site, site
from printing import spool
from printing.discovery import Found
from printing.errors import PrinterError, PrintError
from printing.papers import KINDS
from printing.papers.trial import LETTERS, TrialPage, TrialRoll
from printing.spool import BROWSER, Printers, PrintJob, State
from printing.typesetting import to_job
from schemas.entries import Role

blueprint = Blueprint("printing", __name__)

ADDING: Final = Entry(75, "Máy in", "printing.page", roles=(Role.ADMINISTRATOR,))
"""Who may say which printers there are: citizens' papers go there."""
FORMS: Final = tuple(form for form in KINDS if form not in (TrialPage.FORM, TrialRoll.FORM))
"""The kinds of paper that a printer may be chosen for; a trial page names its own."""
_LATELY: Final = 20
TITLES: Final = {FOLDER: "Thư mục PDF", BROWSER: "trình duyệt"}
"""What people call what is no printer."""
_OPEN: Final = tuple(state.value for state in (State.UNSURE, State.FAILED, State.QUEUED, State.SENT))
WORDS: Final = {
    "01": "Giấy tiếp nhận và hẹn trả",
    "01-list": "Giấy tiếp nhận nhiều hồ sơ",
    "01-pad": "Giấy tiếp nhận ghi tay",
    "02": "Phiếu yêu cầu bổ sung",
    "03": "Phiếu từ chối tiếp nhận",
    "04": "Văn bản xin lỗi, gia hạn",
    "05": "Thông báo dừng giải quyết",
    "06": "Phiếu kiểm soát",
    "07": "Sổ theo dõi hồ sơ",
    "07-pad": "Sổ ghi tay có số in sẵn",
    "receipt": "Biên lai giấy",
    "EBL01": "Bản thể hiện biên lai điện tử",
    "provisional": "Phiếu thu tạm",
    "01-e": "Giấy tiếp nhận điện tử",
    "06a": "Báo cáo II.06a",
    "fee-notice": "Thông báo phí, lệ phí",
    "handover": "Phiếu bàn giao hồ sơ",
    "takeback": "Phiếu nhận lại hồ sơ",
    "results": "Danh sách bàn giao kết quả",
    "cash": "Bảng kê cuối ca",
    "ticket": "Phiếu số thứ tự",
    "petition": "Phiếu phản ánh, kiến nghị",
    "look-up": "Tình trạng hồ sơ (kiosk)",
    "procedure": "Tờ thủ tục (kiosk)",
    "sticker": "Nhãn hồ sơ",
    "trial": "Trang in thử",
    "trial-roll": "In thử",
}
TROUBLES: Final = {
    "media-empty": "Hết giấy. Nạp giấy, máy tự in tiếp.",
    "media-needed": "Hết giấy. Nạp giấy, máy tự in tiếp.",
    "media-jam": "Kẹt giấy. Gỡ giấy kẹt, máy tự in tiếp.",
    "cover-open": "Nắp máy in đang mở. Đóng nắp, máy tự in tiếp.",
    "door-open": "Nắp máy in đang mở. Đóng nắp, máy tự in tiếp.",
    "paused": "Máy in đang bị tạm dừng. Bật lại ở máy chủ in.",
    "stopped": "Máy in dừng vì lỗi. Xem đèn báo trên máy in.",
    "toner-empty": "Hết mực. Thay mực, máy tự in tiếp.",
    "marker-supply-empty": "Hết mực. Thay mực, máy tự in tiếp.",
    "offline": "Máy in đang tắt hoặc mất dây. Bật máy, cắm dây; máy tự in tiếp.",
    "it is off": "Máy in đang tắt hoặc mất dây. Bật máy, cắm dây; máy tự in tiếp.",
    "refused": "Máy in đang tắt hoặc mất dây. Bật máy, cắm dây; máy tự in tiếp.",
    "the line broke": "Đường tới máy in đứt giữa lúc gửi.",
    "does not say that it has printed": "Máy in đã nhận nhưng không báo đã in.",
    "keeps no record": "Máy dừng giữa lúc in, máy in này không nhớ đã in gì.",
    "keeps no list": "Máy dừng giữa lúc in, máy in này không nhớ đã in gì.",
    "cancelled at the printer": "Bị huỷ ở máy in.",
    "was taken away": "Máy in bị gỡ khỏi cấu hình trong lúc in.",
    "had begun to print": "Đã lấy lại từ máy in khi máy in đã bắt đầu in.",
    "was taken back": "Đã lấy lại từ máy in, chưa tờ nào ra. Chọn máy in khác.",
    "does not answer": "Máy in không trả lời.",
    "it answers 5": "Máy in báo lỗi của chính nó.",
    "does not speak ipp": "Địa chỉ này không phải của máy in IPP.",
    "no such address": "Địa chỉ máy in ghi sai. Gỡ máy in, thêm lại bằng địa chỉ đúng.",
    "is no address": "Địa chỉ máy in ghi sai. Gỡ máy in, thêm lại bằng địa chỉ đúng.",
    "its certificate": "Chứng thư của máy in do chính nó ký. Gỡ máy in, thêm lại bằng địa chỉ ipp:// của nó.",
    "knows nothing of it": "Máy in đã nhận nhưng không còn nhớ giấy này.",
    "as which job": "Máy in đã nhận nhưng không báo đã in.",
    "wider than its roll": "Giấy rộng hơn cuộn của máy in nhiệt. Chọn máy in khác.",
    "another job": "Máy in đang bận in giấy khác; máy tự in tiếp.",
    "there is no printer called": "Máy in này không còn trong cấu hình. Chọn máy in khác.",
    "the visitor has gone": "Khách đã đi, không cần phiếu nữa.",
}


@dataclass(frozen=True, slots=True)
class PrinterShown:
    """`title` is what people call it; `busy` counts what waits for it; `added`: by somebody on this page."""

    name: str
    title: str
    kind: str
    address: str
    forms: str
    busy: int
    added: bool = False


class Cancelling(Form):
    """Why a paper is not to be printed."""

    reason = StringField(
        "Lý do không in",
        filters=[text],
        validators=[*needed("Chưa ghi vì sao không in."), Length(max=300, message=too_long(300))],
    )


@blueprint.get("/printing")
def page() -> ResponseReturnValue:
    """What is not finished, and the printers of this place."""
    return render()


def render(
    wrong: int = 0,
    why: str = "",
    found: Sequence[Found] | None = None,
    mistakes: Sequence[str] = (),
    typed: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """`wrong` is the job that `why` is about; `found` are printers to add, `mistakes` what forbade adding one, as it was
    `typed`."""
    here = site()
    with here.node.file.read():
        jobs = list(PrintJob.select().where(PrintJob.state.in_(_OPEN)).order_by(PrintJob.id))
        lately = list(
            PrintJob.select()
            .where(PrintJob.state.not_in(_OPEN))
            .order_by(PrintJob.changed_at.desc())
            .limit(_LATELY)
        )
    shown = _shown(here, jobs)
    kinds = {one.name: one.kind for one in here.node.place_printers.listed()}
    return render_template(
        "printing.html",
        jobs=sorted(jobs, key=lambda job: (_OPEN.index(job.state), job.id)),
        lately=lately,
        printers=shown,
        titles={one.name: one.title for one in shown} | TITLES,
        goes_to=here.node.spool.printers.of,
        browser=BROWSER,
        administrator=here.may(presence.person(), ADDING),
        assigned=here.node.place_printers.chosen(),
        choosable=FORMS,
        fits=lambda form, name: fits(form, kinds.get(name)),
        found=found,
        mistakes=mistakes,
        typed=typed,
        words=WORDS,
        pads_left=left(here.node, here.now()),
        most_pads=MOST_PADS,
        trouble=trouble_in_words,
        wrong=wrong,
        why=why,
    )


def trouble_in_words(error: str) -> str:
    """What a printer's own words mean, and what to do; the printer's words where they are not known."""
    return say(next((words for key, words in TROUBLES.items() if key in error.lower()), error))


def _shown(here: Site, jobs: list[PrintJob]) -> list[PrinterShown]:
    there = here.node.spool.printers
    waiting = [there.of(job) for job in jobs]
    added = {one.name for one in here.node.place_printers.added()}
    shown = [
        PrinterShown(
            one.name,
            one.name,
            "IPP" if one.kind is PrinterKind.IPP else "ESC/POS",
            one.address,
            _papers(there, one.name),
            waiting.count(one.name),
            one.name in added,
        )
        for one in here.node.place_printers.listed()
    ]
    folder = PrinterShown(FOLDER, TITLES[FOLDER], "PDF", "", _papers(there, FOLDER), waiting.count(FOLDER))
    return [*shown, folder]


def _papers(there: Printers, name: str) -> str:
    """What comes out at a printer, in words."""
    claimed = [say(WORDS.get(form, form)) for form, printer in there.by_form.items() if printer == name]
    if name == there.standard:
        claimed.append(say("các giấy còn lại"))
    return ", ".join(claimed) or say("chỉ khi chọn")


@blueprint.post("/printing/<int:job>/answer")
def answer(job: int) -> ResponseReturnValue:
    """Somebody looked at the tray: `came_out` is `yes` or `no`."""
    Bare.checked()
    here = site()
    here.node.spool.answer(job, came_out=request.form.get("came_out") == "yes", at=here.now())
    return _done(here)


@blueprint.post("/printing/<int:job>/again")
def again(job: int) -> ResponseReturnValue:
    """What was wrong is put right; `printer`: let another one do it."""
    Bare.checked()
    here = site()
    name = request.form.get("printer")
    if name is None:
        here.node.spool.retry(job, at=here.now())
    elif name in here.node.spool.printers.by_name:
        here.node.spool.send_to(job, name, at=here.now())
    else:
        raise NotFound
    return _done(here)


@blueprint.post("/printing/<int:job>/back")
def back(job: int) -> ResponseReturnValue:
    """Take a paper back from the printer that has it."""
    Bare.checked()
    here = site()
    here.node.spool.take_back(job, at=here.now())
    return _done(here)


@blueprint.post("/printing/<int:job>/browser")
def by_hand(job: int) -> ResponseReturnValue:
    """The last resort: from now on the paper is unsure, and its page shows it to be printed by hand."""
    Bare.checked()
    here = site()
    here.node.spool.by_hand(job, at=here.now())
    return redirect(url_for(".in_browser", job=job), 303)


@blueprint.get("/printing/<int:job>/browser")
def in_browser(job: int) -> ResponseReturnValue:
    """The paper for the browser's own printing, where no printer of ours can. 404 for a job that is not at
    hand.
    """
    found = _at_hand(job)
    return render_template("by_hand.html", job=found, words=WORDS)


@blueprint.get("/printing/<int:job>/sheet.pdf")
def sheet(job: int) -> ResponseReturnValue:
    """The paper itself, only while somebody prints it by hand: afterwards it is a reprint, with a reason."""
    found = _at_hand(job)
    try:
        pdf = site().node.papers.render_job(found.form, bytes(found.payload))
    except PrintError as why:
        raise NotFound(str(why)) from why
    return Response(pdf, mimetype="application/pdf")


def _at_hand(job: int) -> PrintJob:
    """A job that a person prints from the browser at present, which is a look at its dossier. Raises `NotFound`."""
    with site().node.file.read():
        found: PrintJob | None = PrintJob.get_or_none(
            (PrintJob.id == job) & (PrintJob.state == State.UNSURE.value) & (PrintJob.printer == BROWSER)
        )
    if found is None or not found.payload:
        raise NotFound
    if found.stream and site().node.register.dossier(found.stream).standing.receipt is not None:
        show(found.stream)  # a ticket's stream is a visit, and names nobody
    return found


@blueprint.post("/printing/<int:job>/cancel")
def cancel(job: int) -> ResponseReturnValue:
    """Take a job out of the queue, with its reason. The act that it prints stands."""
    form = Cancelling()
    if not form.validate_on_submit():
        return render(job, form.error_list()[0][1]), 422
    here = site()
    here.node.spool.cancel(job, why=form.reason.data, at=here.now())
    return _done(here)


@blueprint.post("/printing/trial")
def trial() -> ResponseReturnValue:
    """Try a printer: `printer` is its name."""
    Bare.checked()
    here = site()
    name = request.form.get("printer", "")
    if name not in here.node.spool.printers.by_name:
        raise NotFound
    at, view = here.now(), here.node.catalog.latest
    centre = view.centre()
    kinds = {one.name: one.kind for one in here.node.place_printers.listed()}
    kind = TrialRoll if kinds.get(name) is PrinterKind.ESCPOS else TrialPage
    paper = kind(
        superior=centre.superior if centre else "",
        agency=centre.name if centre else "",
        place=centre.place if centre else "",
        catalog=view.number,
        counter=here.node.card.title,
        printer=TITLES.get(name, name),
        letters=LETTERS,
        tried=at,
        qr_text=f"MOTCUA {here.node.id}",
    )
    number = f"thu-{at:%Y%m%d%H%M%S%f}"
    with here.node.file.write():
        spool.put(
            stream="", number=number, form=kind.FORM, payload=to_job(paper), copies=1, at=at, printer=name
        )
    return _done(here)


@blueprint.post("/printing/pad")
def pad() -> ResponseReturnValue:
    """Print paper for the hour without power: `count` slips with their register."""
    Bare.checked()
    here, typed = site(), request.form.get("count", "").strip()
    if not (typed.isascii() and typed.isdigit() and 1 <= int(typed) <= MOST_PADS):
        return render(why=say("Ghi số giấy cần in, từ 1 đến {most}.", most=MOST_PADS)), 422
    try:
        print_pad(here.node, int(typed), here.now())
    except NoPadNumbers:
        return render(
            why=say("Hết số cho giấy ghi tay. Chưa in gì; Quản trị cấp dải số mới trong thẻ của máy.")
        ), 422
    return _done(here)


@blueprint.get("/printing/state")
def state() -> str:
    """How one printer is, as it says itself; asked for by the page after it is there, because it may take seconds."""
    printer = site().node.spool.printers.by_name.get(request.args.get("printer", ""))
    about = getattr(printer, "about", None)
    if about is None:
        return say("Luôn sẵn sàng")
    try:
        return trouble_in_words(str(about()).replace("ready", say("Sẵn sàng")))
    except PrinterError as why:
        return trouble_in_words(why.why)


def _done(here: Site) -> ResponseReturnValue:
    here.spool_wake()
    return redirect(url_for(".page"), 303)
