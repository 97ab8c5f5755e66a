"""Nộp hồ sơ tại chỗ: whoever sits before a public PC or a kiosk files a dossier with its files; a counter receives it.

By nobody: the machine writes it down, by its duty `intake`. Not on the public page: over the internet dossiers come by the
portal. The page empties itself when nobody touches it any more.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, EmailField, HiddenField, RadioField, StringField, TelField
from wtforms.validators import Length, Optional, StopValidation

from edge.ids import names_stream
from edge.web.citizen_card import read as read_card
from edge.web.forms import LONGEST, Bare, Choice, Form, check, needed, text, too_long
from edge.web.language import say
from edge.web.limits import LOOK_UP, Limit
from edge.web.reception import identity_problem
from edge.web.scanning import WHY
from edge.web.site import site
from edge.web.trouble import Expected, Trouble, trouble_of
from edge.web.uploads import make_room, named_files, takes_files
from printing import scans
from printing.scans import Scan, UnusableScan
from schemas.acts import Party, ReceivedComponent, Registered, Status
from schemas.entries import Duty, Procedure
from schemas.fold import Dossier
from schemas.identity import digits, is_phone
from schemas.intake import FILED, MOST_FILES, is_mail, registered_of
from schemas.petitions import read_number

blueprint = Blueprint("filing", __name__)
OPEN: Final = ("filing.page", "filing.form", "filing.file", "filing.done", "filing.told")
MOST_BYTES: Final = 30 * 1024 * 1024
FILING: Final = Limit("filing", 8, 1)
"""One after the other people file at one machine; nobody fills the disk."""


def _mail(form: Form, field: EmailField) -> None:
    if field.data and not is_mail(field.data):
        raise StopValidation("Thư điện tử cần có @ và tên miền, ví dụ ten@vidu.vn. Gõ lại.")


def _person(form: Form, field: StringField) -> None:
    problem = identity_problem(field.data) if field.data else "Chưa có số căn cước hoặc mã số thuế."
    if problem is not None:
        raise StopValidation(problem)


def _reachable(form: Form, field: TelField) -> None:
    if not field.data and not form["email"].data:
        raise StopValidation("Chưa có điện thoại hoặc thư điện tử để báo tin. Ghi một trong hai.")


class Filing(Form):
    """Who files (a person or an organisation), how to reach them, and how the result should come. `stream` is
    the dossier's.
    """

    stream = HiddenField()
    identity = StringField("Số căn cước hoặc mã số thuế", filters=[text], validators=[_person])
    name = StringField("Họ và tên, hoặc tên tổ chức", filters=[text], validators=needed("Chưa ghi họ tên."))
    address = StringField("Địa chỉ", filters=[text], validators=[Length(max=LONGEST, message=too_long())])
    phone = TelField(
        "Điện thoại",
        filters=[text],
        validators=[
            _reachable,
            Optional(),
            check(lambda typed: is_phone(digits(typed)), "Số điện thoại có 10 chữ số. Gõ lại số."),
        ],
    )
    email = EmailField("Thư điện tử", filters=[text], validators=[_mail])
    case = StringField("Trường hợp", filters=[text])
    return_by = RadioField(
        "Nhận kết quả ở đâu",
        choices=[Choice("centre", "Tại Trung tâm"), Choice("post", "Qua bưu chính công ích")],
        default="centre",
    )
    notify = BooleanField("Báo cho tôi qua thư điện tử, điện thoại", default=True)

    def take_card(self) -> None:
        """What a scanned citizen card says goes into the fields."""
        card = read_card(self.identity.data or "")
        if card is not None:
            self.identity.data, self.name.data = card.number, card.name
            self.address.data = card.address or self.address.data

    def registered(self, procedure: Procedure, names: list[str]) -> Registered:
        """As the act has it; `names` are those of the files' components, one for each file."""
        party = Party(
            self.name.data,
            digits(self.identity.data),
            self.address.data or "",
            digits(self.phone.data or ""),
            self.email.data or "",
        )
        components = tuple(
            ReceivedComponent(name, 0, copies=names.count(name)) for name in dict.fromkeys(names)
        )
        return Registered(
            procedure=procedure.code,
            procedure_name=procedure.name,
            agency=procedure.agency,
            applicant=party,
            case=self.case.data if any(one.code == self.case.data for one in procedure.cases) else "",
            components=components,
            return_by="post" if self.return_by.data == "post" else "centre",
            notify=bool(self.notify.data),
        )


def is_offered() -> bool:
    """Whether somebody may file at this machine."""
    return Duty.INTAKE in site().card.duties


@blueprint.before_request
def only_so_often_and_where_it_is_offered() -> None:
    """404 at a machine without the duty `intake`; 429 for who files too often."""
    if request.method == "POST":
        limit = FILING if request.endpoint == "filing.file" else LOOK_UP
        site().limits.take(limit, request.remote_addr or "")
    if not is_offered():
        abort(404)
    make_room()


@blueprint.get("/file")
def page() -> ResponseReturnValue:
    """One chooses among the procedures that are posted."""
    return redirect(_start(), 303)


@blueprint.get("/file/<code>")
def form(code: str) -> str:
    """An empty form, with the stream that makes sending it twice one dossier. 404 for a procedure that is
    none.
    """
    filing = Filing(formdata=None)
    filing.stream.data = site().node.ids.stream(site().now())
    return _render(_procedure(code), filing)


@blueprint.post("/file/<code>")
@takes_files(MOST_BYTES)
def file(code: str) -> ResponseReturnValue:
    """Sent twice, filed once: the page that was shown names its stream. `act=look` only takes a scanned card over."""
    procedure, filing = _procedure(code), Filing()
    filing.take_card()
    if request.form.get("act") == "look":
        return _render(procedure, filing)
    errors = [] if filing.validate_on_submit() else filing.error_list()
    files, wrong = _files(_papers(procedure, filing))
    errors += wrong
    if not files and not wrong:
        errors.append(("file-0", "Chưa chọn tệp nào. Chọn ít nhất một tệp PDF hoặc JPEG."))
    if errors:
        return _render(procedure, filing, errors), 422
    if not names_stream(filing.stream.data):
        filing.stream.data = site().node.ids.stream(site().now())
    registered = filing.registered(procedure, [name for name, _ in files])
    try:
        filed = site().node.inbox.file(filing.stream.data, registered, files)
    except Expected as why:
        trouble = trouble_of(why)
        return _render(procedure, filing, trouble=trouble), trouble.status
    return redirect(url_for(".done", filed=filed), 303)


@blueprint.get("/filed")
def done() -> str:
    """The code, and whatever somebody asks by one; nothing personal stands in the address."""
    return _told(request.args.get("filed", "")[:40])


@blueprint.post("/filed")
def told() -> ResponseReturnValue:
    """Where a dossier filed here stands, by the code that the page gave; nothing personal."""
    Bare.checked()
    typed = request.form.get("code", "")[:60].strip()
    code = read_number(typed, FILED)
    dossier = site().node.inbox.filed(code) if code else None
    return _told("", asked=code or typed, dossier=dossier)


def _told(filed: str, *, asked: str = "", dossier: Dossier | None = None) -> str:
    said = registered_of(dossier) if dossier is not None else None
    number = dossier.received.number if dossier is not None and dossier.received is not None else ""
    return render_template(
        "filed.html",
        start=_start(),
        filed=read_number(filed, FILED),
        asked=asked,
        known=dossier is not None,
        procedure=said.procedure_name if said is not None else "",
        number=number,
        status=say(_SAID.get(dossier.status, "Quầy đã tiếp nhận.")) if dossier is not None else "",
        due=dossier.standing.due if number and dossier is not None else "",
    )


_SAID: Final = {
    Status.REGISTERED: "Đang chờ quầy tiếp nhận.",
    Status.SUPPLEMENT: "Quầy yêu cầu bổ sung giấy tờ: hỏi quầy bất kỳ, đọc mã này.",
    Status.NOT_RECEIVED: "Không được tiếp nhận: hỏi quầy bất kỳ để nhận phiếu ghi rõ lý do.",
    Status.STOPPED: "Đã dừng giải quyết.",
    Status.DONE: "Đã có kết quả.",
    Status.RETURNED: "Đã trả kết quả.",
}


def _start() -> str:
    """Where a page that nobody touches goes, and the next visitor begins."""
    return url_for("kiosk.page" if Duty.KIOSK in site().card.duties else "public_procedures.page")


def _procedure(code: str) -> Procedure:
    found = site().view.procedure(code, site().today())
    if found is None:
        abort(404)
    return found


def _papers(procedure: Procedure, filing: Filing) -> list[str]:
    papers = procedure.papers(filing.case.data or "") or procedure.components
    return [*(one.name for one in papers), "Giấy tờ khác"]


def _files(papers: list[str]) -> tuple[list[tuple[str, Scan]], list[tuple[str, str]]]:
    """The files, each as the paper under which it was chosen; and what is wrong with others."""
    found, errors = [], []
    for place, paper in enumerate(papers):
        for name, content in named_files(f"file-{place}", MOST_BYTES):
            try:
                found.append((paper, scans.read(content)))
            except UnusableScan as why:
                errors.append((f"file-{place}", f"{name}: {say(WHY[why.why])}."))
    if len(found) > MOST_FILES:
        errors.append(("file-0", say("Nhiều quá {most} tệp. Gộp lại rồi nộp.", most=MOST_FILES)))
    return found, errors


def _render(
    procedure: Procedure,
    filing: Filing,
    errors: list[tuple[str, str]] | None = None,
    trouble: Trouble | None = None,
) -> str:
    return render_template(
        "filing.html",
        start=_start(),
        back=url_for(
            "kiosk.procedure" if Duty.KIOSK in site().card.duties else "public_procedures.one",
            code=procedure.code,
        ),
        procedure=procedure,
        form=filing,
        papers=_papers(procedure, filing),
        errors=errors or [],
        trouble=trouble,
        most=MOST_BYTES // 1024 // 1024,
    )
