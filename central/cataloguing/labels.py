"""What entries, their members and the words to choose from are called, in Vietnamese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import Any, Final

import msgspec

from edge.web.words import ROLES
from schemas.calendar import DayOff, Year
from schemas.deadlines import UNIT_WORDS, WHY_NOT_COUNTED, AfterSupplement, Limit
from schemas.entries import (
    Account,
    Agency,
    Case,
    Centre,
    Commune,
    Component,
    Delegation,
    Fee,
    FeeKind,
    Form,
    Grant,
    Person,
    Picture,
    Procedure,
    Queue,
    Step,
)
from schemas.fees import KIND_WORDS, At, Channel, FeeLine, FeeTable, Relief
from schemas.forms import Column, Section, SignatoryForm

KINDS: Final[Mapping[type[Any], str]] = {
    Procedure: "Thủ tục",
    Agency: "Cơ quan",
    FeeTable: "Biểu phí",
    Year: "Lịch năm",
    Commune: "Xã, phường",
    Queue: "Nhóm việc lấy số",
    Centre: "Trung tâm",
    Person: "Người",
    Delegation: "Uỷ quyền",
    Form: "Biểu mẫu",
}
MEMBERS: Final[Mapping[type[Any], Mapping[str, str]]] = {
    Centre: {
        "name": "Tên Trung tâm",
        "superior": "Cơ quan chủ quản",
        "place": "Địa danh ghi trên giấy",
        "page": "Địa chỉ trang kiểm tra giấy",
        "levels": "Số mức đánh giá",
    },
    Agency: {
        "code": "Mã định danh",
        "name": "Tên cơ quan",
        "sample": "Mã mẫu, thay cho mã chưa biết",
        "successor_of": "Kế thừa các cơ quan",
        "since": "Có từ ngày",
        "until": "Đến hết ngày",
        "successor": "Cơ quan kế thừa",
        "parent": "Trực thuộc",
        "abbreviation": "Chữ viết tắt trong số văn bản",
        "seal": "Hình con dấu",
        "next_seal": "Hình con dấu mới",
        "certificates": "Chứng thư",
        "tax_code": "Mã số thuế",
        "account": "Tài khoản thu phí",
    },
    Account: {
        "bank": "Mã ngân hàng (6 số)",
        "bank_name": "Tên ngân hàng",
        "number": "Số tài khoản",
        "holder": "Chủ tài khoản",
    },
    Procedure: {
        "code": "Mã thủ tục",
        "name": "Tên thủ tục",
        "field": "Lĩnh vực",
        "agency": "Cơ quan giải quyết",
        "limit": "Thời hạn",
        "components": "Thành phần hồ sơ",
        "fees": "Phí, lệ phí",
        "result": "Kết quả",
        "on_site": "4 tại chỗ",
        "steps": "Các bước giải quyết",
        "since": "Áp dụng từ ngày",
        "fee_note": "Ghi chú về phí",
        "until": "Bãi bỏ: ngày cuối",
        "cases": "Trường hợp",
        "decision": "Quyết định công bố",
        "in_difficult_communes": "Cộng thêm ở xã khó khăn (ngày làm việc)",
        "after_supplement": "Sau khi bổ sung hồ sơ",
        "not_counted": "Không tính vào thời hạn",
        "checklist": "Điều phải kiểm tra khi thẩm định",
        "wording": "Nội dung kết quả",
        "refusal": "Nội dung từ chối",
        "one_step": "Một bước: người tiếp nhận giải quyết ngay",
    },
    Limit: {"value": "Số", "unit": "Đơn vị", "more_working_days": "Cộng thêm (ngày làm việc)"},
    Component: {
        "name": "Giấy tờ",
        "originals": "Bản chính",
        "copies": "Bản sao",
        "at_return": "Nộp bản chính khi trả",
    },
    Fee: {"kind": "Loại", "amount": "Số tiền (đồng)", "until": "Thu đến hết ngày"},
    Case: {
        "code": "Mã trường hợp",
        "name": "Tên trường hợp",
        "limit": "Thời hạn riêng",
        "components": "Thành phần hồ sơ riêng",
        "fees": "Phí, lệ phí riêng",
    },
    FeeTable: {"procedure": "Mã thủ tục", "lines": "Mức thu", "reliefs": "Miễn, giảm"},
    FeeLine: {
        "kind": "Loại",
        "name": "Tên khoản",
        "amount": "Số tiền (đồng)",
        "since": "Từ ngày",
        "source": "Văn bản quy định",
        "until": "Đến hết ngày",
        "channel": "Kênh",
        "case": "Trường hợp",
        "at": "Thu lúc",
    },
    Relief: {
        "name": "Đối tượng",
        "proof": "Giấy tờ chứng minh",
        "percent": "Giảm (%)",
        "source": "Văn bản quy định",
        "since": "Từ ngày",
        "kinds": "Cho",
        "until": "Đến hết ngày",
    },
    Year: {
        "year": "Năm",
        "days_off": "Ngày nghỉ",
        "working_saturdays": "Ngày nghỉ cuối tuần phải làm bù",
        "confirmed": "Đã xác nhận theo thông báo chính thức",
        "closes": "Hết giờ làm việc",
        "opens": "Bắt đầu làm việc",
        "noon": "Nghỉ trưa từ",
        "afternoon": "Buổi chiều từ",
    },
    DayOff: {"day": "Ngày", "why": "Lý do"},
    Commune: {
        "code": "Mã",
        "name": "Tên",
        "difficult": "Miền núi, đặc biệt khó khăn",
        "since": "Áp dụng từ ngày",
    },
    Queue: {
        "code": "Chữ đầu của số",
        "name": "Tên nhóm việc",
        "since": "Áp dụng từ ngày",
        "until": "Đến hết ngày",
        "english": "Tên tiếng Anh",
        "phase": "Khách đánh giá việc",
        "places": "Chỉ ở các quầy",
    },
    Person: {
        "id": "Mã người",
        "name": "Họ và tên",
        "title": "Chức danh",
        "roles": "Vai trò",
        "capacity": "Cách ghi khi ký",
        "certificates": "Chứng thư",
        "signature": "Hình chữ ký",
        "next_signature": "Hình chữ ký mới",
        "agency": "Làm việc ở cơ quan (mã)",
    },
    Grant: {"role": "Vai trò", "since": "Từ ngày", "until": "Đến hết ngày"},
    Delegation: {
        "id": "Số văn bản",
        "form": "Hình thức",
        "delegator": "Ai giao",
        "delegate": "Giao cho",
        "decision": "Văn bản",
        "since": "Từ ngày",
        "until": "Đến hết ngày",
        "procedures": "Chỉ các thủ tục",
    },
    Form: {
        "number": "Mẫu số",
        "source": "Căn cứ",
        "in_force_from": "Áp dụng từ ngày",
        "in_force_until": "Đến hết ngày",
        "title": "Tên giấy",
        "empty": "In gì khi không có dữ kiện",
        "above": "Cơ quan chủ quản",
        "agency": "Cơ quan",
        "place_line": "Nơi, ngày",
        "paper_number": "Số văn bản",
        "hint": "Lời nhắc cạnh mã QR",
        "bar_code": "Nội dung mã vạch",
        "marks": "Góc phải dưới quốc hiệu",
        "subtitles": "Dưới tên giấy",
        "number_line": "Dòng mã hồ sơ",
        "before": "Phần trên bảng",
        "columns": "Cột của bảng",
        "after": "Phần dưới bảng",
        "further": "Các phần sau",
        "signatories": "Người ký",
        "half_points": "Cỡ chữ (nửa điểm)",
        "table_half_points": "Cỡ chữ trong bảng (nửa điểm)",
        "signing_space_mm": "Chỗ ký (mm)",
        "receivers": "Nơi nhận",
        "foot": "Chân trang đầu",
        "foot_right": "Chân trang, bên phải",
        "foot_further": "Chân các trang sau",
        "copies": "Tên các liên",
        "symbol": "Ký hiệu loại văn bản",
    },
    Section: {"before": "Trên bảng", "columns": "Cột", "after": "Dưới bảng"},
    Column: {
        "head": "Tên cột",
        "text": "Nội dung ô",
        "width_mm": "Rộng (mm)",
        "align": "Canh",
        "group": "Nhóm",
        "total": "Ô cộng",
    },
    SignatoryForm: {"role": "Chức danh", "name": "Họ tên", "hint": "Dòng nhỏ"},
}
HINTS: Final[Mapping[tuple[type[Any], str], str]] = {
    (Agency, "code"): "ví dụ H37.08",
    (Agency, "successor_of"): "mỗi dòng một tên",
    (Agency, "tax_code"): "10 số, đơn vị phụ thuộc thêm 3 số",
    (Procedure, "code"): "ví dụ 1.000703",
    (Procedure, "checklist"): "mỗi dòng một điều",
    (Procedure, "wording"): "dữ kiện của hồ sơ ghi trong ngoặc nhọn",
    (Procedure, "refusal"): "dữ kiện của hồ sơ ghi trong ngoặc nhọn",
    (Year, "working_saturdays"): "mỗi dòng một ngày",
    (Queue, "code"): "một hoặc hai chữ in hoa",
    (Queue, "places"): "mỗi dòng một mã quầy; trống là mọi quầy",
    (FeeTable, "procedure"): "ví dụ 1.000703",
}
PATTERNS: Final[Mapping[tuple[type[Any], str], str]] = {
    (Agency, "code"): "Mã định danh có dạng H37 hoặc H37.08.",
    (Agency, "tax_code"): "Mã số thuế có 10 số, hoặc 10 số rồi 3 số.",
    (Account, "bank"): "Mã ngân hàng có đúng 6 số.",
    (Account, "number"): "Số tài khoản chỉ có số và chữ không dấu, dài nhất 19.",
    (Procedure, "code"): "Mã thủ tục có dạng 1.000703.",
    (Procedure, "agency"): "Mã định danh có dạng H37 hoặc H37.08.",
    (Queue, "code"): "Ghi một hoặc hai chữ in hoa A–Z.",
    (Centre, "page"): "Ghi địa chỉ bắt đầu bằng https://, dài nhất 70 ký tự.",
    **{
        (Year, name): "Ghi giờ như 07:30, hai số giờ, hai số phút."
        for name in ("closes", "opens", "noon", "afternoon")
    },
}
CHOICES: Final[Mapping[Any, str]] = {
    **UNIT_WORDS,
    **WHY_NOT_COUNTED,
    **ROLES,
    **KIND_WORDS,
    FeeKind.CHARGE: "phí",
    FeeKind.FEE: "lệ phí",
    AfterSupplement.RESTART: "tính lại từ đầu",
    AfterSupplement.RESUME: "tính tiếp",
    Step.APPRAISE: "thẩm định",
    Step.APPROVE: "phê duyệt",
    Step.NUMBER: "cấp số",
    Step.SEAL: "đóng dấu",
    Channel.DIRECT: "trực tiếp",
    Channel.ONLINE: "trực tuyến",
    Channel.POST: "bưu chính",
    At.RECEPTION: "tiếp nhận",
    At.RETURN: "trả kết quả",
    "reception": "tiếp nhận",
    "return": "trả kết quả",
    3: "3 mức",
    5: "5 mức",
}


def member(kind: type[Any], name: str) -> str:
    """What a member is called."""
    return MEMBERS.get(kind, {}).get(name, name)


def choice(value: Any) -> str:
    """The word for an enum's member, or for its value; what has no word is shown as it is."""
    return CHOICES.get(value, str(value.value if isinstance(value, Enum) else value))


def amount(value: int) -> str:
    """A number with dots between the thousands: 1.249."""
    return f"{value:,}".replace(",", ".")


def name_of(entry: Any) -> str:
    """An entry as a list names it: its kind, its code, what it is called."""
    kind = KINDS.get(type(entry), type(entry).__name__)
    match entry:
        case FeeTable():
            return f"{kind} của {entry.procedure}"
        case Year():
            return f"{kind} {entry.year}"
        case Centre():
            return entry.name
        case Form():
            return f"{kind} {entry.number}: {entry.title}"
        case Person():
            return f"{kind} {entry.id}: {entry.name}"
        case Delegation():
            return f"{entry.form}. {entry.id}"
        case _:
            return f"{kind} {entry.code}: {entry.name}"


def said(value: Any) -> str:
    """A value in words; what has members, with each of them."""
    match value:
        case bool():
            return "có" if value else "không"
        case int():
            return amount(value)
        case date():
            return f"{value:%d/%m/%Y}"
        case Enum():
            return choice(value)
        case Limit():
            return value.words()
        case Fee():
            until = "" if value.until is msgspec.UNSET else f", thu đến hết {said(value.until)}"
            return f"{choice(value.kind)} {amount(value.amount)} đ{until}"
        case Component():
            later = ", nộp bản chính khi trả" if value.at_return else ""
            return f"{value.name}: {value.originals} bản chính, {value.copies} bản sao{later}"
        case DayOff():
            return f"{said(value.day)}: {value.why}"
        case Picture():
            return f"hình {value.file.removeprefix('file-')[:8]}…, từ {said(value.since)}"
        case msgspec.Struct():
            parts = [
                f"{member(type(value), name)} {said(getattr(value, name))}"
                for name in value.__struct_fields__
                if said(getattr(value, name))
            ]
            return "; ".join(parts)
        case tuple():
            return ", ".join(said(one) for one in value)
        case None | msgspec.UNSET:
            return ""
        case _:
            return CHOICES.get(value, str(value))
