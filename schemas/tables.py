"""Makes docs/domain.md from the tables: acts, statuses, conflicts, what must follow. `python -m schemas.tables`.

For readers who know the law and no Python. A test says when the page is stale.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from schemas import acts, conflicts, entries, identity, receipts, reports
from schemas.acts import Act, Author, Effect, NodeStatus, PetitionStatus, Stage, Status, VisitStatus
from schemas.conflicts import Blocks, Settles, Suspends
from schemas.deadlines import PETITION, SUPPLEMENT_DIRECT, SUPPLEMENT_ONLINE, Unit, Why
from schemas.rules import Delivery, Inner, Money

PAGE: Final = Path(__file__).parent.parent / "docs" / "domain.md"

STATUS: Final = {
    Status.REGISTERED: "Mới đăng ký",
    Status.RECEIVED: "Được tiếp nhận",
    Status.NOT_RECEIVED: "Không được tiếp nhận",
    Status.PROCESSING: "Đang xử lý",
    Status.SUPPLEMENT: "Yêu cầu bổ sung giấy tờ",
    Status.FINANCIAL: "Yêu cầu thực hiện nghĩa vụ tài chính",
    Status.WITHDRAWING: "Công dân yêu cầu rút hồ sơ",
    Status.STOPPED: "Dừng xử lý",
    Status.DONE: "Đã xử lý xong",
    Status.RETURNED: "Đã trả kết quả",
}
_ROLES: Final = {
    "receiver": "tiếp nhận",
    "appraiser": "thẩm định",
    "approver": "phê duyệt",
    "clerk": "văn thư",
    "cashier": "thu phí",
    "supervisor": "kiểm tra giám sát",
    "desk_officer": "đối soát",
    "administrator": "quản trị",
}
_DUTIES: Final = {
    "receive": "quầy tiếp nhận",
    "appraise": "thẩm định",
    "approve": "phê duyệt",
    "return": "trả kết quả",
    "desk": "bàn đối soát",
    "catalog": "Trung tâm",
    "intake": "cổng dịch vụ công",
    "seal": "văn thư",
    "collect": "quầy thu phí",
    "queue": "hàng đợi",
    "kiosk": "ki-ốt",
    "petition": "phản ánh, kiến nghị",
}
_STAGES: Final[dict[Stage, str]] = {
    VisitStatus.NONE: "chưa lấy số",
    VisitStatus.WAITING: "đang chờ",
    VisitStatus.CALLED: "đã gọi",
    VisitStatus.SKIPPED: "đã bỏ qua",
    VisitStatus.SERVED: "đã phục vụ",
    VisitStatus.ABANDONED: "đã rời đi",
    PetitionStatus.NONE: "chưa có",
    PetitionStatus.OPEN: "đang giải quyết",
    PetitionStatus.ANSWERED: "đã trả lời",
    PetitionStatus.CLOSED: "đã đóng",
    NodeStatus.OPEN: "đang dùng",
    NodeStatus.CLOSED: "đã đóng",
}
_INNER: Final = {
    Inner.NOTHING: "chưa có gì",
    Inner.AWAITS_RECEPTION: "chờ tiếp nhận",
    Inner.AWAITS_TAKE_OVER: "chờ nhận bàn giao",
    Inner.AWAITS_OPINION: "chờ phối hợp (ý kiến cơ quan khác)",
    Inner.AWAITS_APPRAISAL: "chờ thẩm định",
    Inner.AWAITS_SIGNATURE: "chờ ký",
    Inner.AWAITS_NUMBER: "chờ cấp số",
    Inner.AWAITS_SEAL: "chờ đóng dấu",
    Inner.AWAITS_SUPPLEMENT: "chờ công dân bổ sung",
    Inner.AWAITS_PAYMENT: "chờ thực hiện nghĩa vụ tài chính",
    Inner.AWAITS_ANSWER: "chờ trả lời yêu cầu rút",
    Inner.AWAITS_COLLECTION: "chờ công dân đến nhận",
    Inner.CANCELLED: "đã huỷ tiếp nhận",
    Inner.CLOSED: "đã kết thúc",
}
_MONEY: Final = {
    Money.NOTHING_DUE: "không phải nộp",
    Money.DUE: "chờ thu phí",
    Money.PARTLY_PAID: "đã thu một phần",
    Money.PAID: "đã thu đủ",
    Money.REFUND_DUE: "phải hoàn",
}
_DELIVERY: Final = {
    Delivery.NOTHING_YET: "chưa có kết quả",
    Delivery.READY: "có kết quả, chưa trao",
    Delivery.HANDED_OVER: "đã trao",
    Delivery.RECALLED: "đã trao, đang thu hồi",
}
_ALSO: Final = {
    "dossier.received": "số hồ sơ do chính máy này cấp, trong thời hạn dải số; hồ sơ của cổng giữ nguyên mã",
    "dossier.forwarded": "hồ sơ mới tiếp nhận sang đang xử lý; xin ý kiến thì hồ sơ đang xử lý, mỗi lúc một cơ quan; "
    "người của cơ quan chỉ chuyển hồ sơ của cơ quan mình",
    "dossier.taken_over": "hồ sơ mới tiếp nhận sang đang xử lý; người của cơ quan chỉ nhận hồ sơ chuyển cho cơ quan mình",
    "dossier.opinion_given": "đang xin ý kiến; người của cơ quan được hỏi, hoặc người khác ghi theo văn bản đã nhận",
    "dossier.entered_afterwards": "giờ nhận trên sổ giấy sớm hơn giờ nhập; có giấy tiếp nhận thật thì giữ số cũ",
    "dossier.supplement_requested": "liệt kê đủ một lần; yêu cầu lần hai phải ghi căn cứ",
    "dossier.clock_stopped": "thủ tục có quy định không tính thời gian này",
    "dossier.due_checked": "đúng lần tiếp nhận đang có hiệu lực; người tiếp nhận không tự kiểm giờ của mình",
    "dossier.extended": "hạn mới muộn hơn hạn đang có; hạn đầu vẫn được giữ",
    "dossier.suspended": "vì không bổ sung hoặc không nộp thì phải có yêu cầu trước đó và đã quá ngày cho phép",
    "dossier.approved": "thẩm định đạt; người tiếp nhận không được phê duyệt; ký TL., TUQ., KT. phải có văn bản còn hiệu lực",
    "dossier.refused": "đã thẩm định; người tiếp nhận không được quyết định; nêu lý do bằng văn bản",
    "dossier.numbered": "chưa có số",
    "dossier.sealed": "người phê duyệt không được đóng dấu; chưa có dấu; đã có số, nếu thủ tục yêu cầu",
    "dossier.returned": "đúng kết quả đang có hiệu lực, chưa bị thu hồi; đã thu bản chính mà thủ tục yêu cầu nộp khi trả",
    "dossier.result_recalled": "kết quả đang chờ ở quầy, hoặc đã trao mà không còn hiệu lực",
    "dossier.fee_notified": "đúng mức của danh mục vào ngày thông báo; miễn, giảm phải có diện và giấy tờ",
    "dossier.fee_refunded": "không hoàn quá số đã thu còn lại",
    "dossier.receipt_replaced": "người làm ở máy có nhiệm vụ thu phí; Trung tâm tự ghi khi phần mềm phát hành biên lai trả mã tra cứu",
    "dossier.settled": "không liên quan đến các việc được đối soát; chọn nhiều nhất một việc có hiệu lực; "
    "làm mất hiệu lực kết quả đã cấp số, đóng dấu hoặc đã trao thì phải có người thứ hai (đối soát, kiểm tra giám sát)",
    "visit.rated": "không hài lòng thì ghi lý do; cán bộ không được nhập thay",
    "node.shift_closed": "tiền đếm được khác sổ thì ghi lý do",
}
"""What `rules` and the data ask beyond the columns of the table, in words."""
_BLOCKS: Final = {Blocks.DECISIONS: "quyết định", Blocks.SEAL: "đóng dấu", Blocks.RETURN: "trả kết quả"}
_SETTLES: Final = {
    Settles.DESK: "đối soát",
    Settles.CASHIER: "thu phí, cùng người thứ hai",
    Settles.COUNTER: "quầy mở hồ sơ tiếp theo",
    Settles.ADMINISTRATOR: "quản trị, bằng mốc cắt",
    Settles.NOBODY: "–",
}
_FIELDS: Final = {
    identity.Field.PERSONAL_NUMBER: "số định danh cá nhân",
    identity.Field.OLD_NUMBER: "số chứng minh nhân dân cũ",
    identity.Field.TAX_CODE: "mã số thuế",
    identity.Field.PASSPORT: "số hộ chiếu",
    identity.Field.PHONE: "số điện thoại",
    identity.Field.INSURANCE: "mã số bảo hiểm xã hội",
    identity.Field.NAME: "họ tên",
}
_GRADES: Final = {identity.Grade.REFUSAL: "từ chối", identity.Grade.WARNING: "cảnh báo"}
_SUSPENDS: Final = {
    Suspends.BOTH: "cả hai chưa có hiệu lực",
    Suspends.DECISION: "quyết định chưa có hiệu lực",
    Suspends.NEITHER: "cả hai được ghi nhận",
}
_SUBJECTS: Final = (
    ("Hồ sơ", acts.DOSSIER),
    ("Lượt khách", acts.VISIT),
    ("Phản ánh, kiến nghị", acts.PETITION),
    ("Máy trạm", acts.NODE),
)
_UNITS: Final = {
    Unit.WORKING_DAYS: "ngày làm việc: không tính ngày nhận; chỉ đếm ngày làm việc",
    Unit.DAYS: "ngày: không tính ngày nhận; ngày cuối là ngày nghỉ thì sang ngày làm việc tiếp theo",
    Unit.MONTHS: "tháng: cùng ngày của tháng sau; ngày cuối là ngày nghỉ thì sang ngày làm việc tiếp theo",
    Unit.HOURS: "giờ: chỉ đếm giờ làm việc, tám giờ một ngày",
    Unit.SAME_DAY: "trong ngày: nhận sau 15:00 thì ngày làm việc tiếp theo",
}


def page() -> str:
    """The whole page, Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Nghiệp vụ: việc, trạng thái, thời hạn, phí, xung đột"
    yield ""
    yield "Trang này do chương trình lập từ chính các bảng mà nó chạy theo (`python -m schemas.tables`): không sửa tay."
    yield "Người đọc cần biết luật, không cần biết lập trình; chữ trong khung `như thế này` là tên dùng trong mã nguồn."
    yield ""
    yield "- *Việc đã xảy ra* (thu tiền, trả kết quả, nhận giấy tờ) luôn được ghi nhận, kể cả khi làm trái quy định: khi đó"
    yield "  việc được đánh dấu. *Quyết định* trái quy định thì không có hiệu lực; hai quyết định trái nhau thì xem bảng xung đột."
    yield "- Mỗi việc được xét theo danh mục (thủ tục, cán bộ, uỷ quyền, máy) mà người làm biết lúc đó, nên mọi máy xét như nhau."
    yield "- Máy không nhận được danh mục mới quá số ngày ghi trên thẻ máy (30 ngày) thì quyết định cần người thứ hai xác nhận."
    yield ""
    yield "## Trạng thái"
    yield ""
    yield "Mười trạng thái quốc gia. Trạng thái không được ghi mà được suy ra từ các việc đang có hiệu lực."
    yield ""
    yield from _table(("Mã", "Trạng thái", "Chuyển tới"), map(_status, STATUS))
    yield ""
    yield "Khác với bảng chuyển trạng thái quốc gia ở ba chỗ: yêu cầu rút (2 → 7) và huỷ tiếp nhận nhầm (2 → 8) làm được ngay"
    yield "sau khi tiếp nhận; hồ sơ trực tuyến bổ sung xong trước khi tiếp nhận trở lại mới đăng ký (5 → 1)."
    yield "Kết quả đã trả (10) không sửa: đính chính bằng hồ sơ khác, có liên kết."
    yield ""
    yield "Bên trong trạng thái quốc gia, ba cột riêng nói hồ sơ đang chờ gì:"
    yield ""
    yield f"- Xử lý: {'; '.join(_INNER[one] for one in Inner if one is not Inner.NOTHING)}."
    yield f"- Tiền: {'; '.join(_MONEY[one] for one in Money)}."
    yield f"- Trao kết quả: {'; '.join(_DELIVERY[one] for one in Delivery)}."
    for title, rows in _SUBJECTS:
        yield ""
        yield f"## Việc: {title.lower()}"
        yield ""
        head = ("Việc", "Loại", "Người làm", "Máy", "Ở trạng thái", "Dẫn tới", "Điều kiện", "Căn cứ")
        yield from _table(head, map(_act, rows))
    yield ""
    yield "## Xung đột: hai việc mà người làm chưa thấy nhau"
    yield ""
    yield "Bảng được đọc từ trên xuống; dòng đầu tiên khớp là dòng áp dụng. Việc không có trong bảng thì cùng tồn tại: giấy tờ,"
    yield "ghi chú, sửa hai ô khác nhau, cùng một quyết định với cùng kết quả, hồ sơ nhập lại từ giấy tiếp nhận thật của chính nó."
    yield "Quyết định dựa trên một việc bị đối soát bỏ thì mất hiệu lực theo. Trong khi tranh chấp, trạng thái là trạng thái trước"
    yield "đó và công dân thấy “đang đối soát”; hạn trả tính theo kết cục có hạn sớm nhất."
    yield ""
    yield from _table(
        ("Dòng", "Khi nào", "Hiệu lực", "Chưa được làm", "Ai giải quyết"), map(_row, conflicts.TABLE)
    )
    yield ""
    yield "## Việc phải làm tiếp sau đối soát"
    yield ""
    follows = (*conflicts.FOLLOWS, conflicts.REFUND)
    yield from _table(
        ("Việc không còn hiệu lực", "Phải làm", "Vì sao"),
        ((", ".join(_title(k) for k in sorted(one.void)), _title(one.must), one.words) for one in follows),
    )
    yield ""
    yield from _time()
    yield ""
    yield from _fees()
    yield ""
    yield "## Dữ liệu về người"
    yield ""
    yield "*Từ chối* thì phải sửa mới ghi được; *cảnh báo* thì đối chiếu giấy tờ rồi được ghi."
    yield ""
    yield from _table(
        ("Ô", "Mức", "Điều máy nói"),
        ((_FIELDS[rule.field], _GRADES[rule.grade], rule.words) for rule in identity.RULES),
    )
    yield ""
    yield from _reports()
    yield ""
    yield "## Nội dung của từng việc"
    yield ""
    yield "Phụ lục kỹ thuật: các ô ghi trong `data` của một việc (docs/events.md). ✱: bắt buộc."
    yield ""
    of_acts = ((act.kind, act.effect.value, act.data) for act in acts.TABLE)
    of_catalog = ((kind, "catalog", data) for kind, data in entries.KINDS.items())
    yield from _table(
        ("kind", "", "data"),
        ((f"`{kind}`", effect, _members(data)) for kind, effect, data in (*of_acts, *of_catalog)),
    )


def _time() -> Iterator[str]:
    yield "## Thời hạn"
    yield ""
    yield from (f"- {_UNITS[unit]}" for unit in Unit)
    yield ""
    yield "Thời hạn tính bằng ngày hết vào giờ đóng cửa của ngày cuối (lịch mẫu: 16:30). Tính từ khi nhận đủ hồ sơ; hồ sơ nhận"
    yield "thay cho nơi khác thì từ khi cơ quan có thẩm quyền nhận bàn giao (NĐ 309/2026 Đ17(3)). Hồ sơ nhận sau 15:00 được chuyển"
    yield "vào đầu ngày làm việc sau (Đ18(2)). Thủ tục có quy định thì xã khó khăn được cộng thêm ngày làm việc."
    yield ""
    yield "Không tính, nếu thủ tục quy định: " + "; ".join(why.words for why in Why) + "."
    yield "Ngày bắt đầu chờ vẫn tính, các ngày sau đến hết ngày chờ xong thì không. Bổ sung xong, thời hạn tính lại từ đầu hoặc"
    yield "tính tiếp, theo thủ tục. Gia hạn (Mẫu 04) giữ nguyên hạn đầu: trước hạn, đúng hạn hay quá hạn xét theo hạn đầu và theo"
    yield "lúc có kết quả (trạng thái 9), không theo lúc công dân đến nhận. Hạn đã in trên giấy tiếp nhận không bao giờ bị sửa."
    yield ""
    yield "Ngày nghỉ là danh mục từng năm, do quản trị xác nhận; năm chưa xác nhận thì tính theo đề xuất và có cảnh báo. Tết và Giỗ"
    yield "Tổ được tính theo âm lịch Việt Nam (UTC+7). Ngày lễ trùng ngày nghỉ tuần thì nghỉ bù; thứ Bảy làm bù là ngày làm việc."
    yield ""
    yield (
        "Trả lời phản ánh, kiến nghị: "
        + PETITION.words()
        + ". Yêu cầu bổ sung khi không khai thác được CSDL: hồ sơ trực tuyến "
    )
    yield (
        SUPPLEMENT_ONLINE.words()
        + ", hồ sơ trực tiếp hoặc bưu chính "
        + SUPPLEMENT_DIRECT.words()
        + " (NQ 66.7/2025)."
    )


def _fees() -> Iterator[str]:
    yield "## Phí, lệ phí, biên lai"
    yield ""
    yield "Phí và lệ phí ghi riêng từng dòng (Luật 97/2015). Mức thu chọn theo ngày thu tiền, không theo ngày nhận hồ sơ; theo"
    yield "trường hợp và cách nộp nếu có mức riêng. Miễn, giảm phải có diện và giấy tờ; nhiều diện thì lấy diện lợi nhất cho"
    yield "người nộp. Mức đã hết hiệu lực mà chưa có mức mới thì phải hỏi, không tự thu. Khoản đã nộp đủ theo mức của ngày nộp"
    yield "thì không thu thêm khi mức tăng."
    yield ""
    yield f"Biên lai giấy dùng đến hết {receipts.PAPER_UNTIL:%d/%m/%Y} (NĐ 254/2026 Đ44(2)); sau đó chỉ biên lai điện tử mẫu"
    yield f"{receipts.ELECTRONIC_FORM}, ký hiệu của năm. Chưa lập được thì giao {receipts.PROVISIONAL_TITLE.lower()}:"
    yield f"{receipts.PROVISIONAL_NOTE.lower()}. Số biên lai đã dùng không sửa, không xoá: huỷ có lý do và hai người. Đóng ca phải"
    yield "giải trình mọi số biên lai và mọi đồng chênh lệch."


def _reports() -> Iterator[str]:
    yield "## Báo cáo"
    yield ""
    yield "Biểu II.06a/VPCP/KSTT: tiếp nhận (kể cả kỳ trước chuyển sang) = đã giải quyết + đang giải quyết + rút hồ sơ +"
    yield "dừng giải quyết. Đúng hạn hay quá hạn tính theo lúc có kết quả và hạn hẹn đầu tiên (không tính thời gian"
    yield "tạm dừng); gia hạn không làm hồ sơ quá hạn thành đúng hạn. Hồ sơ liên thông tính một lần. Từ chối giải quyết là"
    yield "một kết quả. Tỷ lệ làm tròn hai chữ số thập phân; mẫu số bằng không thì không có tỷ lệ. Điểm chỉ ghi ở chỉ số mà"
    yield "QĐ 766/QĐ-TTg cho cách tính."
    yield ""
    yield from _table(
        ("Nhóm", "Chỉ số", "Tử số", "Mẫu số", "Điểm tối đa", "Căn cứ"),
        (
            (
                one.group,
                one.title,
                one.over,
                one.under,
                str(one.points.most) if one.points else "–",
                one.source or "–",
            )
            for one in reports.INDICES
        ),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _status(status: Status) -> tuple[str, ...]:
    reached = {
        act.reaches for act in acts.DOSSIER if status in act.statuses and isinstance(act.reaches, Status)
    } - {status}
    return str(status.value), STATUS[status], ", ".join(str(one.value) for one in sorted(reached)) or "–"


def _act(act: Act) -> tuple[str, ...]:
    roles = ", ".join(_ROLES[role.value] for role in act.roles) or "mọi cán bộ"
    who = {Author.PERSON: roles, Author.EITHER: f"{roles}; hoặc máy", Author.MACHINE: "máy (người dân)"}[
        act.author
    ]
    where = ", ".join(_DUTIES[duty.value] for duty in act.duties) or "mọi máy"
    numbers = sorted(one.value for one in act.statuses if isinstance(one, Status))
    others = [word for stage, word in _STAGES.items() if stage in act.statuses]
    statuses = ", ".join(map(str, numbers)) or ", ".join(others)
    every = len(act.statuses) >= len(Status) - 1
    return (
        f"{act.title}<br>`{act.kind}`",
        "việc đã xảy ra" if act.effect is Effect.FACT else "quyết định",
        who,
        where,
        "mọi trạng thái đã có" if every else statuses,
        _STAGES.get(act.reaches, str(act.reaches.value)) if act.reaches is not None else "–",
        "; ".join(_conditions(act)) or "–",
        act.law or "–",
    )


def _conditions(act: Act) -> Iterator[str]:
    if act.kind in _ALSO:
        yield _ALSO[act.kind]
    if act.signed:
        yield "ký số"
    if act.witness:
        yield "người thứ hai: " + ", ".join(_ROLES[role.value] for role in act.witness)
    if act.undecided:
        yield "chưa có kết quả"
    if act.needs:
        yield "đã có: " + ", ".join(map(_title, act.needs))
    if act.rests:
        yield "dựa trên: " + ", ".join(map(_title, act.rests))
    if act.ends:
        yield "kết thúc: " + ", ".join(map(_title, act.ends))


def _title(kind: str) -> str:
    return acts.BY_KIND[kind].title


def _row(row: conflicts.Row) -> tuple[str, ...]:
    blocks = ", ".join(_BLOCKS[one] for one in Blocks if one in row.blocks) or "–"
    return f"{row.title}<br>`{row.name}`", row.when, _SUSPENDS[row.suspends], blocks, _SETTLES[row.settles]


def _members(data: type[msgspec.Struct]) -> str:
    hints = get_type_hints(data)
    required = {one.name for one in msgspec.structs.fields(data) if one.required}
    return (
        ", ".join(
            f"`{name}`{'✱' if name in required else ''}{_inside(hints[name])}"
            for name in data.__struct_fields__
        )
        or "–"
    )


def _inside(hint: Any) -> str:
    """The choices of an enumeration, or the members of what a list holds."""
    origin = get_origin(hint)
    if origin is Literal:
        return ": " + ", ".join(f"`{one}`" for one in get_args(hint) if one)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return ": " + ", ".join(f"`{one.value}`" for one in hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return f" ({_members(hint)})"
    if origin is Annotated or origin in (tuple, Union, types.UnionType):
        return next(filter(None, map(_inside, get_args(hint))), "")
    return ""


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.name} written\n")
