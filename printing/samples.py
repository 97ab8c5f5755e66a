"""Sample papers: what a form is shown with, and checked with before it may be published. People and cases are made up.

Each kind has a typical one; `sparse` leaves out all that may be missing, `enormous` makes everything as long as it can get.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

from printing.content import Dong, Paper, Row
from printing.papers.course import (
    EMPTY_STAGE,
    ControlSlip,
    Entry,
    Extension,
    Folder,
    HandOver,
    PadLine,
    Register,
    RegisterPad,
    Result,
    ResultList,
    Stage,
    Suspension,
    TakeBack,
)
from printing.papers.hall import LookUpSlip, PetitionSlip, PostedPaper, ProcedureSheet, Sticker, Ticket
from printing.papers.money import (
    CashSummary,
    ElectronicReceipt,
    FeeLine,
    FeeNotice,
    Notes,
    PaperReceipt,
    ProvisionalSlip,
    ReceiptRun,
)
from printing.papers.reception import (
    Component,
    ElectronicSlip,
    ListSlip,
    NotReceived,
    PadRow,
    ReceiptSlip,
    Received,
    SlipPad,
    SupplementRequest,
)
from printing.papers.reports import Figures, Report06a
from printing.papers.trial import LETTERS, TrialPage, TrialRoll
from printing.result import Outcome, ResultDocument

_QR: Final = "MC1|H37.07-261123-1407|01934f0e6b7c7d3e9a51c0ffee000001|" + "A1b2C3d4E5_-" * 11
_CENTRE: Final[dict[str, Any]] = {
    "superior": "Ủy ban nhân dân tỉnh Lạng Sơn",
    "agency": "Trung tâm Phục vụ hành chính công",
    "place": "Lạng Sơn",
    "catalog": 0,
    "qr_text": _QR,
}
_AGENCY: Final[dict[str, Any]] = {**_CENTRE, "agency": "Sở Xây dựng"}
_UNCODED: Final[dict[str, Any]] = {**_CENTRE, "qr_text": ""}
"""What is for the house itself needs no code."""
_RECEIVED: Final = datetime(2026, 11, 23, 3, 13, tzinfo=UTC)
_DUE: Final = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
_LATER: Final = datetime(2026, 12, 4, 9, 30, tzinfo=UTC)
_WRITTEN: Final = datetime(2026, 11, 27, 8, 45, tzinfo=UTC)
_NUMBER: Final = "H37.07-261123-1407"
_APPLICANT: Final = "Công ty TNHH Vận tải Hữu Lũng"
_SUBMITTER: Final = "Nông Văn Thắng"
_ADDRESS: Final = "Số 45, đường Phai Vệ, phường Đông Kinh, tỉnh Lạng Sơn"
_PROCEDURE: Final = "Cấp Giấy phép kinh doanh vận tải bằng xe ô tô, bằng xe bốn bánh có gắn động cơ"
_CODE: Final = "1.000703"
_CLERK: Final = "Nguyễn Hồng Hạnh"
_COUNTER: Final = "Quầy 03"
_PERSON: Final[dict[str, Any]] = {
    "address": _ADDRESS,
    "phone": "0912 000 345",
    "email": "",
}
_IDENTITY: Final[dict[str, Any]] = {"id_kind": "Số căn cước", "id_number": "020085004127"}
_MATTER: Final[dict[str, Any]] = {"procedure": _PROCEDURE, "procedure_code": _CODE}

_COMPONENTS: Final = (
    Component(
        tt=1, name="Giấy đề nghị cấp Giấy phép kinh doanh theo mẫu", originals=1, certified=0, copies=0
    ),
    Component(
        tt=2,
        name="Quyết định thành lập bộ phận quản lý an toàn giao thông",
        originals=0,
        certified=2,
        copies=0,
    ),
    Component(
        tt=3,
        name="Giấy chứng nhận đăng ký doanh nghiệp",
        originals=0,
        certified=0,
        copies=3,
        note="CSDL không khai thác được",
    ),
)
_SLIP: Final[dict[str, Any]] = {
    **_CENTRE,
    **_PERSON,
    **_IDENTITY,
    **_MATTER,
    "counter": _COUNTER,
    "book": "Q03/2026",
    "serial": "1407",
    "number": _NUMBER,
    "applicant": _APPLICANT,
    "applicant_id_kind": "mã số thuế",
    "applicant_id": "4900873149",
    "submitter": _SUBMITTER,
    "authorisation": "giấy ủy quyền số 12/GUQ ngày 20/11/2026",
    "components": _COMPONENTS,
    "sets": 1,
    "limit": "04 ngày làm việc",
    "received": _RECEIVED,
    "due": _DUE,
    "due_note": "thứ Hai; không tính 24/11 là ngày nghỉ và 28, 29/11",
    "return_place": "Trung tâm Phục vụ hành chính công",
    "receiver": _CLERK,
}
_FEES: Final = (
    FeeLine(tt=1, name="Phí thẩm định cấp giấy phép", kind="Phí", amount=Dong(800_000)),
    FeeLine(
        tt=2,
        name="Lệ phí cấp giấy phép",
        kind="Lệ phí",
        amount=Dong(210_005),
        exemption="giảm 50% đến 31/12/2026",
    ),
)
_RECEIPT: Final[dict[str, Any]] = {
    **_CENTRE,
    "collector": "Trung tâm Phục vụ hành chính công",
    "tax_code": "4900873149",
    "receipt_form": "01BLP2-001",
    "symbol": "28AA-17T",
    "receipt_number": "0001234",
    "charge_name": "Phí thẩm định và lệ phí cấp Giấy phép kinh doanh vận tải bằng xe ô tô",
    "payer": _APPLICANT,
    "number": _NUMBER,
    "address": _ADDRESS,
    "amount": Dong(1_010_005),
    "charge": Dong(800_000),
    "fee": Dong(210_005),
    "method": "tiền mặt",
    "cashier": "Lương Thị Vân",
    "collected": _RECEIVED,
}
_FOLDER: Final = Folder(
    tt=1,
    number=_NUMBER,
    procedure=_PROCEDURE,
    applicant=_APPLICANT,
    received=_RECEIVED,
    due=_DUE,
    sets=1,
)
_HANDED: Final[dict[str, Any]] = {
    **_UNCODED,
    "giver": "Trung tâm Phục vụ hành chính công",
    "taker": "Sở Xây dựng",
    "folders": (_FOLDER, replace(_FOLDER, tt=2, number="H37.07-261123-1408", note="kèm 02 bản vẽ A1")),
    "given_by": _CLERK,
    "taken_by": "",
    "handed": _WRITTEN,
}
_ENTRY: Final = Entry(
    tt=1,
    number=_NUMBER,
    procedure=_PROCEDURE,
    sets=1,
    applicant=_APPLICANT,
    contact=f"{_ADDRESS}; 0912 000 345",
    resolving="Sở Xây dựng",
    received=_RECEIVED,
    due=_DUE,
    returned=None,
    return_by="tại Trung tâm",
)
_ALL: Final = Figures(
    tt="",
    name="Tổng cộng",
    received=521_756,
    online=315_494,
    direct=206_262,
    carried=0,
    resolved=509_560,
    early=480_000,
    on_time=29_254,
    overdue=306,
    pending=12_196,
    within=12_196,
    over=0,
)

TYPICAL: Final[tuple[Paper, ...]] = (
    ReceiptSlip(**_SLIP),
    ElectronicSlip(**_SLIP),
    ListSlip(
        **_CENTRE,
        **_PERSON,
        **_IDENTITY,
        counter=_COUNTER,
        book="Q03/2026",
        serial="1409",
        submitter=_SUBMITTER,
        dossiers=tuple(
            Received(
                tt=place,
                number=f"H37.07-261123-14{place:02d}",
                procedure=_PROCEDURE,
                agency="Sở Xây dựng",
                applicant=applicant,
                received=_RECEIVED,
                due=_DUE,
                limit="04 ngày làm việc",
                sets=1,
            )
            for place, applicant in enumerate((_APPLICANT, "Hoàng Thị Mai", "H'Mông Vàng Seo Páo"), start=1)
        ),
        received=_RECEIVED,
        return_place="Trung tâm Phục vụ hành chính công",
        receiver=_CLERK,
    ),
    SupplementRequest(
        **_CENTRE,
        **_PERSON,
        **_MATTER,
        paper_number="127",
        counter=_COUNTER,
        number=_NUMBER,
        submitter=_SUBMITTER,
        components=_COMPONENTS,
        reason="Bản sao quyết định chưa được chứng thực; giấy đề nghị thiếu chữ ký của người đại diện theo pháp luật.",
        until=_LATER,
        website="dichvucong.gov.vn",
        contact=_CLERK,
        contact_phone="0205 000 000",
        guide=_CLERK,
        asked=_RECEIVED,
    ),
    NotReceived(
        **_CENTRE,
        **_PERSON,
        **_MATTER,
        paper_number="31",
        counter=_COUNTER,
        applicant=_APPLICANT,
        submitter=_SUBMITTER,
        reason="Thủ tục không thuộc thẩm quyền giải quyết của cơ quan tại địa phương.",
        advice="nộp hồ sơ tại Bộ phận tiếp nhận và trả kết quả của Bộ Xây dựng",
        receiver=_CLERK,
        refused=_RECEIVED,
    ),
    Extension(
        **_AGENCY,
        paper_number="215/SXD-VP",
        number=_NUMBER,
        applicant=_APPLICANT,
        address=_ADDRESS,
        phone="0912 000 345",
        field="đường bộ",
        procedure=_PROCEDURE,
        centre="Trung tâm Phục vụ hành chính công",
        received=_RECEIVED,
        due=_DUE,
        new_due=_LATER,
        reason="cần xác minh phương tiện tại cơ quan đăng kiểm, chưa có kết quả trả lời.",
        capacity="KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC",
        signer="Trần Quốc Việt",
        written=_WRITTEN,
    ),
    Suspension(
        **_AGENCY,
        **_MATTER,
        paper_number="216/TB-SXD",
        number=_NUMBER,
        applicant=_APPLICANT,
        address=_ADDRESS,
        phone="0912 000 345",
        centre="Trung tâm Phục vụ hành chính công",
        received=_RECEIVED,
        ground="Điều 21 Nghị định 118/2025/NĐ-CP",
        reason="Quá thời hạn bổ sung ghi trên phiếu yêu cầu, người nộp không bổ sung hồ sơ.",
        returned="toàn bộ bản chính; phí đã nộp 800.000 đồng",
        capacity="KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC",
        signer="Trần Quốc Việt",
        suspended=_WRITTEN,
    ),
    ControlSlip(
        **_CENTRE,
        book="Q03/2026",
        serial="1407",
        number=_NUMBER,
        applicant=_APPLICANT,
        procedure=_PROCEDURE,
        received=_RECEIVED,
        due=_DUE,
        resolving="Sở Xây dựng",
        coordinating="",
        stages=(
            Stage(
                giver=_COUNTER,
                taker="Phòng 4 tại chỗ",
                handed=_RECEIVED,
                given_by=_CLERK,
                taken_by="Lê Minh Đức",
                timeliness="Trước hạn",
            ),
            EMPTY_STAGE,
            EMPTY_STAGE,
            EMPTY_STAGE,
        ),
    ),
    Register(
        **_UNCODED,
        counter=_COUNTER,
        first=date(2026, 11, 23),
        last=date(2026, 11, 27),
        entries=tuple(
            replace(_ENTRY, tt=place, number=f"H37.07-261123-14{place:02d}") for place in range(1, 13)
        ),
        keeper=_CLERK,
        printed=_WRITTEN,
    ),
    RegisterPad(
        **_UNCODED,
        counter=_COUNTER,
        valid="dùng từ 23/11/2026 đến 31/12/2026",
        lines=tuple(PadLine(tt=place, number=f"03-{900 + place:06d}") for place in range(1, 11)),
        printed=_RECEIVED,
    ),
    SlipPad(
        **_UNCODED,
        counter=_COUNTER,
        number="03-000901",
        valid="dùng từ 23/11/2026 đến 31/12/2026",
        lines=tuple(PadRow(tt=place) for place in range(1, 7)),
        printed=_RECEIVED,
    ),
    HandOver(**_HANDED),
    TakeBack(**{**_HANDED, "giver": "Sở Xây dựng", "taker": "Trung tâm Phục vụ hành chính công"}),
    ResultList(
        **_UNCODED,
        giver="Sở Xây dựng",
        taker="Trung tâm Phục vụ hành chính công",
        results=(
            Result(
                tt=1,
                number=_NUMBER,
                subject=_PROCEDURE,
                result="Giấy phép kinh doanh vận tải bằng xe ô tô",
                applicant=_APPLICANT,
                address=_ADDRESS,
                fee="X",
                post="",
            ),
        ),
        given_by="Lê Minh Đức",
        taken_by=_CLERK,
        handed=_WRITTEN,
    ),
    FeeNotice(
        **_UNCODED,
        number=_NUMBER,
        applicant=_APPLICANT,
        submitter=_SUBMITTER,
        procedure=_PROCEDURE,
        fees=_FEES,
        total=Dong(1_010_005),
        until=date(2026, 11, 30),
        ways="tiền mặt tại quầy, chuyển khoản, hoặc trực tuyến",
        source="Thông tư 64/2025/TT-BTC",
        notifier="Lương Thị Vân",
        notified=_RECEIVED,
    ),
    PaperReceipt(**_RECEIPT),
    ElectronicReceipt(
        **{**_RECEIPT, "receipt_form": "EBL01", "symbol": "26TAA", "receipt_number": "1234"},
        lookup="tracuu.example.vn, mã A1B2C3D4",
        signed_by="Trung tâm Phục vụ hành chính công",
        signed=_RECEIVED,
    ),
    ProvisionalSlip(
        **_CENTRE,
        slip_number="Q03-261123-07",
        payer=_APPLICANT,
        number=_NUMBER,
        charge_name="Phí, lệ phí cấp Giấy phép kinh doanh vận tải",
        fees=_FEES,
        amount=Dong(1_010_005),
        method="tiền mặt",
        cashier="Lương Thị Vân",
        counter=_COUNTER,
        collected=_RECEIVED,
    ),
    CashSummary(
        **_UNCODED,
        counter=_COUNTER,
        cashier="Lương Thị Vân",
        opened=datetime(2026, 11, 23, 0, 25, tzinfo=UTC),
        closed=datetime(2026, 11, 23, 10, 2, tzinfo=UTC),
        runs=(
            ReceiptRun(
                symbol="01BLP2-001 28AA-17T",
                numbers="0001201 – 0001234",
                given=32,
                void=1,
                unused=1,
                charge=Dong(12_800_000),
                fee=Dong(3_210_000),
                cash=Dong(14_010_000),
                transfer=Dong(2_000_000),
                online=Dong(0),
                note="0001210 huỷ: sai tên người nộp",
            ),
        ),
        charge=Dong(12_800_000),
        fee=Dong(3_210_000),
        cash=Dong(14_010_000),
        transfer=Dong(2_000_000),
        online=Dong(0),
        opening=Dong(500_000),
        refunded=Dong(0),
        expected=Dong(14_510_000),
        notes=tuple(
            Notes(value=Dong(value), count=count, amount=Dong(value * count))
            for value, count in ((500_000, 27), (200_000, 4), (100_000, 2), (10_000, 1))
        ),
        counted=Dong(14_510_000),
        difference=Dong(0),
        explanation="",
        gaps="",
        taker="Hoàng Thu Trang",
    ),
    Ticket(
        **_UNCODED,
        ticket="B-047",
        group="Đất đai, Môi trường",
        counters="Quầy 03, 04, 05",
        priority="",
        waiting=6,
        estimate="khoảng 25 phút",
        taken=_RECEIVED,
    ),
    PetitionSlip(
        **_UNCODED,
        number="PA-261123-7K3M-9QXA",
        filed=_RECEIVED,
        due=_DUE,
        answered=_WRITTEN,
        answer="Trung tâm xin lỗi vì để ông/bà chờ lâu.\nTừ 01/12/2026 có thêm một quầy nhận hồ sơ đất đai buổi sáng.",
        page="https://mcdt.example.vn/petition",
    ),
    LookUpSlip(
        **_UNCODED,
        number=_NUMBER,
        state="Chờ bổ sung",
        what="Hồ sơ còn thiếu giấy tờ. Ông/bà bổ sung ở bất kỳ quầy nào.",
        procedure=_PROCEDURE,
        due=None,
        paused="tạm dừng tính thời gian",
        returned=None,
        missing="1 loại, chậm nhất ngày 04/12/2026",
        owed="200.000",
        known="Theo dữ liệu lúc 10:12, tại Quầy 01.",
        page="https://mcdt.example.vn/look-up",
        asked=_WRITTEN,
    ),
    ProcedureSheet(
        **{**_CENTRE, "qr_text": "https://mcdt.example.vn/procedures/1.000703"},
        code="1.000703",
        procedure=_PROCEDURE,
        field="Đường bộ",
        resolving="Sở Xây dựng",
        limit="04 ngày làm việc",
        not_counted="chờ bổ sung hồ sơ; chờ thực hiện nghĩa vụ tài chính",
        fees="Lệ phí cấp mới: 200.000 đồng\nPhí thẩm định: 50.000 đồng, thu khi trả kết quả",
        reliefs="Hộ nghèo: miễn, khi có Giấy chứng nhận hộ nghèo",
        result="Giấy phép kinh doanh vận tải bằng xe ô tô",
        decision="QĐ 1234/QĐ-UBND ngày 01/07/2026",
        papers=(
            PostedPaper(tt=1, name="Giấy đề nghị cấp Giấy phép kinh doanh", originals=1, copies=0, note=""),
            PostedPaper(
                tt=2, name="Giấy phép cũ", originals=1, copies=0, note="bản chính nộp khi nhận kết quả"
            ),
        ),
        cases="Cấp lại do mất: 03 ngày làm việc; Đơn đề nghị cấp lại",
        blanks="Giấy đề nghị cấp Giấy phép kinh doanh (Phụ lục I)",
        page="https://mcdt.example.vn/procedures/1.000703",
        printed=_WRITTEN,
    ),
    Sticker(
        **_CENTRE,
        number=_NUMBER,
        applicant=_APPLICANT,
        procedure=_PROCEDURE,
        resolving="Sở Xây dựng",
        received=_RECEIVED,
        due=_DUE,
    ),
    Report06a(
        **_UNCODED,
        first=date(2026, 1, 1),
        last=date(2026, 11, 23),
        rows=(
            replace(
                _ALL, tt="1", name="Đường bộ – Sở Xây dựng", received=71_126, online=40_000, direct=31_126
            ),
            replace(_ALL, tt="2", name="Đất đai – Sở Nông nghiệp và Môi trường", received=450_630),
        ),
        sums=_ALL,
        remarks="",
        writer="Hoàng Thu Trang",
        head="",
        cut=_WRITTEN,
    ),
    TrialPage(**_CENTRE, counter=_COUNTER, printer="HP LaserJet", letters=LETTERS, tried=_RECEIVED),
    TrialRoll(**_CENTRE, counter=_COUNTER, printer="nhiệt", letters=LETTERS, tried=_RECEIVED),
)
"""One of every kind."""

RESULTS: Final = tuple(
    ResultDocument(
        outcome=outcome,
        superior="Ủy ban nhân dân tỉnh Lạng Sơn",
        agency="Sở Xây dựng",
        place="Lạng Sơn",
        number=_NUMBER,
        subject="Giấy phép kinh doanh vận tải bằng xe ô tô",
        applicant=_APPLICANT,
        applicant_id_kind="mã số thuế",
        applicant_id="4900873149",
        address=_ADDRESS,
        procedure=_PROCEDURE,
        procedure_code=_CODE,
        received=_RECEIVED,
        opinion=opinion,
        text=text,
        capacity="TUQ. GIÁM ĐỐC\nTRƯỞNG PHÒNG",
        signer="Trần Quốc Việt",
        decided=_WRITTEN,
        sign="SXD",
        qr_text=_QR,
    )
    for outcome, opinion, text in (
        (
            Outcome.APPROVED,
            "Hồ sơ đầy đủ, đúng quy định; đề nghị cấp phép.",
            f"Cấp Giấy phép cho {_APPLICANT}.\nGiấy phép có hiệu lực kể từ ngày ký.",
        ),
        (
            Outcome.REFUSED,
            "Phương tiện không đạt tiêu chuẩn khí thải.",
            "Phương tiện không đủ điều kiện theo khoản 2 Điều 14.\nÔng/Bà có thể nộp lại khi đã khắc phục.",
        ),
    )
)
"""A result of either outcome."""

_KEPT: Final = frozenset(
    {"superior", "agency", "place", "qr_text", "number", "ticket", "symbol", "receipt_number"}
    | {
        "receipt_form",
        "serial",
        "slip_number",
        "collector",
        "tax_code",
        "sign",
        "counter",
        "book",
        "id_kind",
        "centre",
        "tt",
    }
)
"""What is never missing, and never longer than the law or a machine makes it."""
_LONG: Final = "thuộc phạm vi quản lý của cơ quan nhà nước có thẩm quyền tại địa phương và các xã khó khăn"


Sample = TypeVar("Sample", bound=Paper | ResultDocument)


def sparse(paper: Sample) -> Sample:
    """With all texts empty that may be missing, and no rows."""
    changes: dict[str, Any] = {}
    for field in fields(paper):
        value = getattr(paper, field.name)
        if isinstance(value, tuple):
            changes[field.name] = ()
        elif isinstance(value, str) and field.name not in _KEPT:
            changes[field.name] = ""
    return replace(paper, **changes)


def enormous(paper: Sample, *, rows: int = 70, letters: int = 300) -> Sample:
    """With `rows` rows in each table, and texts of about so many letters."""
    changes: dict[str, Any] = {}
    for field in fields(paper):
        value = getattr(paper, field.name)
        if isinstance(value, tuple):
            changes[field.name] = tuple(_stretched(row, letters) for row in _again(value, rows))
        elif isinstance(value, str) and field.name not in _KEPT:
            changes[field.name] = _long(value, letters)
    return replace(paper, **changes)


def _again(rows: tuple[Row, ...], count: int) -> Iterator[Row]:
    for place in range(count if rows else 0):
        row = rows[place % len(rows)]
        yield replace(row, tt=place + 1) if isinstance(getattr(row, "tt", None), int) else row  # type: ignore[call-arg]


def _stretched(row: Row, letters: int) -> Row:
    return replace(
        row,
        **{
            field.name: _long(getattr(row, field.name), letters)
            for field in fields(row)
            if isinstance(getattr(row, field.name), str) and field.name not in (*_KEPT, "fee", "post")
        },
    )


def _long(text: str, letters: int) -> str:
    return " ".join([text, *[_LONG] * (letters // len(_LONG) + 1)])[: max(letters, len(text))].strip()
