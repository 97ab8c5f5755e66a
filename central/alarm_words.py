"""What is wrong with a machine, in the words of the office: on the page *Máy trạm*, and in a mail."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from central.console import Alarm, Wrong
from edge.outbox import DOSSIER, ISSUING, MAIL, SUMMARY
from edge.web import words
from edge.web.language import say

ALARMS: Final = {
    Wrong.INCOMPLETE: "thiếu {count} việc trong chuỗi",
    Wrong.REFUSED: "{count} việc bị nơi nhận từ chối",
    Wrong.UNREADY: "không làm được việc của mình: {name}",
    Wrong.DOCUMENTS: "không tới được kho tài liệu CouchDB: các máy làm việc riêng, tự gửi khi có lại",
    Wrong.DISK_LOW: "ổ đĩa chỉ còn {size}",
    Wrong.CLOCK: "giờ máy không chắc đúng{skew}",
    Wrong.CARD_OVER: "thẻ máy đã hết hạn {count} ngày",
    Wrong.CERTIFICATE_OVER: "chứng thư máy đã hết hạn {count} ngày",
    Wrong.RANGE_OVER: "đã dùng hết dải số {name}",
    Wrong.LOST: "mất liên lạc{since}",
    Wrong.WAITS: "{count} việc chờ gửi dù đang liên lạc được, cũ nhất{since}",
    Wrong.PRINTER: "máy in {name} cần người xem, {count} tờ chờ",
    Wrong.OUTGOING_REFUSED: "{count} {name} bị nơi nhận từ chối, xem trang Liên thông",
    Wrong.OUTGOING_LATE: "{count} {name} chưa gửi đi được{since}",
    Wrong.RECEIPTS_LATE: "{count} biên lai điện tử quá hạn phát hành, cũ nhất{since}",
    Wrong.RANGE_SCARCE: "dải số {name} chỉ còn {count} số",
    Wrong.DISK_SCARCE: "ổ đĩa còn {size}",
    Wrong.CARD_ENDS: "thẻ máy còn {count} ngày",
    Wrong.CERTIFICATE_ENDS: "chứng thư máy còn {count} ngày",
    Wrong.CATALOG: "danh mục chậm {count} mục",
    Wrong.VERSION: "chạy bản phần mềm {name}, khác Trung tâm",
    Wrong.SILENT: "không nói gì về mình{since}",
}
_NAMES: Final = {
    DOSSIER: "hồ sơ liên thông",
    MAIL: "thư báo",
    ISSUING: "biên lai điện tử gửi phát hành",
    SUMMARY: "bảng tổng hợp biên lai",
    "catalog": "không theo được danh mục",
    "revoked": "thẻ máy đã bị thu hồi",
    "collects": "đang gom dữ liệu từ các máy, chưa ghi gì",
    "closed": "đã đóng máy",
    "disk": "ổ đĩa đã đầy",
    "documents": "chưa tới được kho tài liệu CouchDB, hoặc còn đang nạp",
    "healthz": "không đọc được dữ liệu của mình",
}
"""What a name stands for that a program gave: a kind of what goes out, a reason of `/readyz`."""


def in_words(alarm: Alarm, now: datetime) -> str:
    """One sentence, in the reader's language, with the count, the size, or since when, as the alarm has them."""
    ahead = alarm.count > 0
    return say(
        ALARMS[alarm.wrong],
        count=words.count(alarm.count),
        name=say(_NAMES.get(alarm.name, alarm.name) or "chưa rõ"),
        size=words.size(alarm.count),
        skew=say(", nhanh {age}" if ahead else ", chậm {age}", age=words.age_s(abs(alarm.count)))
        if alarm.count
        else "",
        since=say(" từ {at}", at=words.clock(alarm.since, now)) if alarm.since is not None else "",
    )
