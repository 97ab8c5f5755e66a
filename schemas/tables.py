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

from schemas import acts, catalog, conflicts, reports
from schemas.acts import Act, Author, Effect, Status
from schemas.conflicts import Blocks, Settles, Suspends
from schemas.deadlines import Unit

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
_BLOCKS: Final = {Blocks.DECISIONS: "quyết định", Blocks.SEAL: "đóng dấu", Blocks.RETURN: "trả kết quả"}
_SETTLES: Final = {
    Settles.DESK: "đối soát",
    Settles.CASHIER: "thu phí, cùng người thứ hai",
    Settles.COUNTER: "quầy mở hồ sơ tiếp theo",
    Settles.ADMINISTRATOR: "quản trị, bằng mốc cắt",
    Settles.NOBODY: "–",
}
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
    yield "# Nghiệp vụ: việc, trạng thái, xung đột"
    yield ""
    yield "Made from the tables in `schemas/` by `python -m schemas.tables`; do not edit by hand."
    yield ""
    yield "*Việc đã xảy ra* luôn được ghi nhận. *Quyết định* có thể trái nhau; khi đó xem bảng xung đột."
    yield ""
    yield "## Trạng thái quốc gia"
    yield ""
    yield from _table(("Mã", "Trạng thái", "Chuyển tới"), map(_status, STATUS))
    for title, rows in _SUBJECTS:
        yield ""
        yield f"## Việc: {title.lower()}"
        yield ""
        head = ("Việc", "Loại", "Người làm", "Máy", "Ở trạng thái", "Dẫn tới", "Điều kiện", "Căn cứ")
        yield from _table(head, map(_act, rows))
    yield ""
    yield "## Xung đột: hai việc mà người làm chưa thấy nhau"
    yield ""
    yield "Bảng được đọc từ trên xuống; dòng đầu tiên khớp là dòng áp dụng. Việc không có trong bảng thì cùng tồn tại."
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
    yield "## Đơn vị thời hạn"
    yield ""
    yield from (f"- {_UNITS[unit]}" for unit in Unit)
    yield ""
    yield from _reports()
    yield ""
    yield "## Data of each kind"
    yield ""
    yield "What stands in `data` of an event (docs/events.md). ✱: must be there."
    yield ""
    of_acts = ((act.kind, act.effect.value, act.data) for act in acts.TABLE)
    of_catalog = ((kind, "catalog", data) for kind, data in catalog.KINDS.items())
    yield from _table(
        ("kind", "", "data"),
        ((f"`{kind}`", effect, _members(data)) for kind, effect, data in (*of_acts, *of_catalog)),
    )


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
    where = ", ".join(f"`{duty.value}`" for duty in act.duties) or "mọi máy"
    numbers = sorted(one.value for one in act.statuses if isinstance(one, Status))
    statuses = ", ".join(map(str, numbers)) or ", ".join(sorted(str(one.value) for one in act.statuses))
    every = len(act.statuses) >= len(Status) - 1
    return (
        f"{act.title}<br>`{act.kind}`",
        "việc đã xảy ra" if act.effect is Effect.FACT else "quyết định",
        who,
        where,
        "mọi trạng thái đã có" if every else statuses,
        str(act.reaches.value) if act.reaches is not None else "–",
        "; ".join(_conditions(act)) or "–",
        act.law or "–",
    )


def _conditions(act: Act) -> Iterator[str]:
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
