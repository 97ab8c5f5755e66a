"""Moments, ages, amounts and states as the pages say them, in Vietnamese.

Times: `10:12` today, `23/11 10:12` this year, the full date otherwise; always a proven moment with its age.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final

from edge.looks import Language
from edge.paper import WEEKDAYS
from edge.tables.dossiers import DossierRow
from edge.web.language import language, say
from printing.words import in_vietnam
from schemas.acts import Status
from schemas.deadlines import Limit, Unit
from schemas.entries import Role
from schemas.events import moment
from schemas.reports import Share
from schemas.rules import Money

STATUS: Final = {
    Status.NONE: "Chưa có hồ sơ",
    Status.REGISTERED: "Mới đăng ký",
    Status.RECEIVED: "Được tiếp nhận",
    Status.NOT_RECEIVED: "Không được tiếp nhận",
    Status.PROCESSING: "Đang xử lý",
    Status.SUPPLEMENT: "Yêu cầu bổ sung",
    Status.FINANCIAL: "Chờ nghĩa vụ tài chính",
    Status.WITHDRAWING: "Yêu cầu rút hồ sơ",
    Status.STOPPED: "Dừng xử lý",
    Status.DONE: "Có kết quả, chờ trả",
    Status.RETURNED: "Đã trả kết quả",
}
"""The ten statuses of the national exchange (domain §3.1), as staff say them."""

ROLES: Final = {
    Role.RECEIVER: "tiếp nhận",
    Role.APPRAISER: "thẩm định",
    Role.APPROVER: "phê duyệt",
    Role.CLERK: "văn thư",
    Role.CASHIER: "thu phí",
    Role.SUPERVISOR: "kiểm tra giám sát",
    Role.DESK_OFFICER: "đối soát",
    Role.ADMINISTRATOR: "quản trị",
}


METHODS: Final = {
    "cash": "Tiền mặt",
    "transfer": "Chuyển khoản",
    "card": "Thẻ",
    "online": "Trực tuyến",
}
"""Ways of paying."""


AGREES: Final = {
    "yes": "Đồng ý",
    "conditions": "Đồng ý, có điều kiện",
    "no": "Không đồng ý",
}
"""What an agency says that was asked for its opinion."""


MONEY: Final = {
    Money.NOTHING_DUE: "Không phải nộp",
    Money.DUE: "Chưa thu",
    Money.PARTLY_PAID: "Đã thu một phần",
    Money.PAID: "Đã thu đủ",
    Money.REFUND_DUE: "Thu thừa, phải hoàn",
}


LIMITS: Final = {
    Unit.WORKING_DAYS: "{count} ngày làm việc",
    Unit.DAYS: "{count} ngày",
    Unit.MONTHS: "{count} tháng",
    Unit.HOURS: "{count} giờ làm việc",
    Unit.SAME_DAY: "trong ngày làm việc",
}


def as_moment(value: datetime | str) -> datetime:
    """From UTC text as events have it, or a moment that is one already."""
    return moment(value) if isinstance(value, str) else value


def clock(value: datetime | str, now: datetime) -> str:
    """`10:12`, `23/11 10:12` or `23/11/2025 10:12`."""
    then, today = in_vietnam(as_moment(value)), in_vietnam(now)
    hour = f"{then:%H:%M}"
    if then.date() == today.date():
        return hour
    day = f"{then.day:02d}/{then.month:02d}"
    return f"{day} {hour}" if then.year == today.year else f"{day}/{then.year} {hour}"


def full(value: datetime | str) -> str:
    """`16:30, thứ Hai 30/11/2026`: due moments and dates of record."""
    then = in_vietnam(as_moment(value))
    return f"{then:%H:%M}, {say(WEEKDAYS[then.weekday()])} {then:%d/%m/%Y}"


def stamp(value: datetime | str) -> str:
    """`2026-11-30 16:30:05`: for a table that a program reads."""
    return f"{in_vietnam(as_moment(value)):%Y-%m-%d %H:%M:%S}"


def day(value: date) -> str:
    """23/11/2026."""
    return f"{value:%d/%m/%Y}"


def age(value: datetime | str, now: datetime) -> str:
    """How long ago: `2 giây`, `42 phút`, `1 giờ 01 phút`, `3 ngày`."""
    return age_s(int((now - as_moment(value)) / timedelta(seconds=1)))


def age_s(seconds: int) -> str:
    """How long, in the two largest units that matter: seconds, minutes, hours and minutes, days."""
    seconds = max(0, seconds)
    if seconds < 60:
        return say("{count} giây", count=seconds)
    minutes = seconds // 60
    if minutes < 60:
        return say("{count} phút", count=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return say("{hours} giờ {minutes} phút", hours=hours, minutes=f"{minutes:02d}")
    return say("{count} ngày", count=count(hours // 24))


def left(row: DossierRow, now: datetime) -> tuple[str, str, bool]:
    """What a queue says of a dossier's due moment: (what is left, the moment, whether it has passed)."""
    if row.stopped:
        return say("Tạm dừng"), say("không tính giờ"), False
    return time_left(row.due_at, now)


def time_left(due: datetime | str, now: datetime) -> tuple[str, str, bool]:
    """How long until it is due, when that is, and whether it is late."""
    until = as_moment(due)
    local, today = in_vietnam(until), in_vietnam(now).date()
    hour = f"{local:%H:%M}"
    if until < now:
        late = now - until
        by = say("{count} ngày", count=late.days) if late.days else age_s(int(late.total_seconds()))
        return say("Quá {age}", age=by), say("hẹn {at}", at=clock(until, now)), True
    if local.date() == today:
        left_s = int((until - now).total_seconds())
        return say("còn {age}", age=age_s(left_s)), say("hôm nay {hour}", hour=hour), False
    year = "" if local.year == today.year else f"/{local.year}"
    return f"{local:%d/%m}{year}", hour, False


def count(number: int) -> str:
    """`4.812`; in English `4,812`."""
    whole = f"{number:,}"
    return whole if language() is Language.ENGLISH else whole.replace(",", ".")


def share(of: Share) -> str:
    """ "60,47%"; in English "60.47%"."""
    return of.words.replace(",", ".") if language() is Language.ENGLISH else of.words


def dong(amount: int) -> str:
    """`200.000 đ`; in English `200,000 VND`."""
    return f"{count(amount)} {'VND' if language() is Language.ENGLISH else 'đ'}"


def sentence(parts: Iterable[str]) -> str:
    """As a sentence begins; nothing else changes, the capitals of a receipt's symbol least of all."""
    said = "; ".join(parts)
    return said[:1].upper() + said[1:]


_LINE_TROUBLES = (
    ("no connection in time", "không trả lời trong thời gian chờ"),
    ("the line went silent", "đường truyền im lặng"),
    ("the line is down", "đường truyền đứt"),
    ("an answer that is none", "có máy khác trả lời thay; kiểm tra địa chỉ"),
    ("the other side says", "bên kia đang bận hoặc đang khởi động"),
    ("the disk of the other side", "ổ đĩa bên kia đã đầy"),
    ("node.db: nothing was saved", "ổ đĩa máy này đã đầy"),
    ("files.db: nothing was saved", "ổ đĩa máy này đã đầy"),
    ("the source gives changes", "bên kia đếm sai; báo quản trị"),
    ("the sequence of the source", "bên kia đếm sai; báo quản trị"),
    ("the checkpoint was written", "đang đọc lại mốc; nếu còn mãi, máy này chạy ở hai nơi"),
    ("401", "bên kia chưa nhận ra thẻ máy này"),
    ("403", "bên kia không cho phép máy này"),
    ("404", "bên kia chưa mở cơ sở dữ liệu"),
    ("413", "bên kia không nhận gói lớn; đang chia nhỏ"),
    ("closed", "đang dừng"),
)


def file_state(why: str, *, here: int) -> str:
    """How the fetching of a file stands, from what was last said against it."""
    if why == "not there":
        return "Máy kia chưa có; tự hỏi lại."
    if why.startswith("what came does not"):
        return "Phần đã về không đúng mã băm; đang tìm ở máy khác."
    if why:
        return line_trouble(why)
    return "Đang về." if here else "Đang hỏi."


def limit(of: Limit) -> str:
    """A procedure's time: `04 ngày làm việc`; as on paper, but in the language of whoever reads it."""
    if language() is Language.VIETNAMESE:
        return of.words()
    said = say(LIMITS[of.unit], count=of.value)
    more = of.more_working_days
    return f"{said}, {say('cộng thêm {count} ngày làm việc', count=more)}" if more else said


def size(octets: int) -> str:
    """`830 B`, `64 KB`, `1,2 MB`, `14,5 GB`: as people say it, with the comma of Vietnamese."""
    if octets < 1000:
        return f"{octets} B"
    if octets < 1_000_000:
        return f"{round(octets / 1000)} KB"
    amount, unit = (octets / 1e6, "MB") if octets < 1_000_000_000 else (octets / 1e9, "GB")
    said = f"{amount:.1f} {unit}"
    return said if language() is Language.ENGLISH else said.replace(".", ",")


def line_trouble(why: str) -> str:
    """What the replication says of a line, in the words of the office; what is not known stays as it is."""
    return next((words for start, words in _LINE_TROUBLES if why.startswith(start)), why)


_REFUSALS = (
    ("seal:", "niêm phong không phải của máy đã ghi việc đó."),
    ("waiting:", "máy gửi đã đưa sang quá nhiều việc mà ở đây chưa ai xét được."),
    (
        "redacted: the catalog here",
        "bên nhận chưa biết nội dung này đã xoá theo luật; danh mục về tới là nhận.",
    ),
    ("redacted:", "nội dung này đã xoá theo luật, không nhận lại nữa."),
    ("node:", "việc này chỉ Trung tâm được ghi."),
    ("kind:", "việc này nằm sai cơ sở dữ liệu."),
    ("scope:", "thẻ của máy không gồm cơ quan của hồ sơ này."),
    ("size and number", "tệp không đúng cỡ đã khai."),
    ("the bytes", "tệp bị hỏng: nội dung không đúng với tên niêm phong."),
    ("a file's list has its size", "tệp quá lớn hoặc danh sách của tệp sai; mỗi tệp tới 100 MB."),
    ("a chunk", "một phần của tệp bị hỏng hoặc sai dạng."),
    ("data_hash:", "nội dung không khớp với bản đã niêm phong."),
    ("_id:", "nội dung đã bị đổi sau khi ghi: tên niêm phong không còn khớp."),
    ("_rev:", "bản này không phải bản gốc đã niêm phong."),
    ("data: an event has at most", "việc quá lớn; mỗi việc tới 64 KB."),
    ("v:", "việc do phần mềm mới hơn ghi; cập nhật máy nhận."),
)


def refusal(why: str) -> str:
    """Why a machine does not take a document, in the words of the office; beside it stands what the program says."""
    known = next((words for start, words in _REFUSALS if why.startswith(start)), None)
    return known or "nội dung không đúng dạng mà mọi máy đã thống nhất."
