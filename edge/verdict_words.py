"""A verdict in plain Vietnamese: for a page, and for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from edge.verdict import WARNINGS, Signed, Sound, Verdict
from printing.words import in_vietnam

HEADLINES: Final[dict[Sound, str]] = {
    "valid": "Văn bản nguyên vẹn, mọi chữ ký hợp lệ.",
    "unchecked": "Văn bản nguyên vẹn; còn điều chưa kiểm tra được.",
    "invalid": "KHÔNG dùng được văn bản này như một kết quả hợp lệ.",
}
PARTS: Final = {
    "approver": "Người có thẩm quyền ký",
    "clerk": "Văn thư cấp số, ngày",
    "organisation": "Con dấu của cơ quan",
    "attachment": "Cơ quan ký tài liệu kèm theo",
    "timestamp": "Dấu thời gian",
    "other": "Chữ ký khác",
}
PROBLEMS: Final = {
    "changed": "Phần đã ký bị thay đổi sau khi ký.",
    "not_to_the_end": "Có nội dung thêm vào sau chữ ký cuối cùng.",
    "forbidden": "Sau chữ ký này có thay đổi mà người ký không cho phép.",
    "not_yet": "Khi ký, chứng thư chưa tới ngày dùng.",
    "expired": "Khi ký, chứng thư đã hết hạn.",
    "usage": "Chứng thư không dùng để ký văn bản.",
    "unreadable": "Chứng thư không đọc được.",
    "unknown_issuer": "Nơi cấp chứng thư không được Trung tâm tin cậy.",
    "revoked": "Khi ký, chứng thư đã bị thu hồi.",
    "unknown_signer": "Người ký không có trong danh mục của Trung tâm.",
    "unchecked": "Chưa kiểm tra thu hồi chứng thư: danh sách ở máy này chưa có hoặc đã cũ.",
    "revoked_later": "Chứng thư bị thu hồi sau giờ ký mà người ký ghi; chưa có dấu thời gian chứng minh giờ đó.",
    "delegation_ended": "Ngày ký, văn bản uỷ quyền không có hiệu lực.",
    "delegation_unknown": "Ký thay người khác nhưng không tìm thấy văn bản uỷ quyền trong danh mục.",
    "no_signature": "Tệp không có chữ ký số nào.",
}
FIELDS: Final = {
    "SoKyHieu": "số, ký hiệu",
    "NgayThang": "ngày văn bản",
    "VanThu": "chữ ký văn thư",
    "CoQuan": "con dấu cơ quan",
}


def day_and_hour(at: datetime) -> str:
    return f"{in_vietnam(at):%H:%M:%S, %d/%m/%Y}"


def facts(signed: Signed) -> Iterator[tuple[str, str]]:
    """What is told of one signature, line by line: what, and how it is."""
    who = f"{signed.name}, {signed.title}" if signed.title else signed.name
    yield "Ai ký", who
    if signed.at is not None:
        yield (
            "Lúc",
            f"{day_and_hour(signed.at)} (giờ do {'dịch vụ' if signed.part == 'timestamp' else 'người ký'} ghi)",
        )
    if signed.proven is not None and signed.part != "timestamp":
        yield "Chứng minh", f"có trước {day_and_hour(signed.proven)} (dấu thời gian)"
    if signed.reason:
        yield "Nội dung", signed.reason
    if signed.delegation:
        yield (
            "Uỷ quyền",
            f"{signed.delegation}, từ {_day(signed.delegation_from)} đến {_day(signed.delegation_until)}",
        )
    if signed.issuer:
        yield "Nơi cấp chứng thư", signed.issuer
    yield "Thu hồi", _revocation(signed)
    if signed.changed:
        yield "Sau đó thêm", ", ".join(FIELDS.get(field, field) for field in signed.changed) + " (được phép)"


def told(verdict: Verdict) -> Iterator[str]:
    """The whole verdict as lines of a terminal."""
    yield HEADLINES[verdict.sound]
    if verdict.number:
        yield f"Số: {verdict.number}, {verdict.day}"
    yield from (f"! {PROBLEMS[problem]}" for problem in verdict.problems)
    for place, signed in enumerate(verdict.signatures, start=1):
        yield ""
        yield f"{place}. {PARTS[signed.part]}: {'nguyên vẹn' if signed.whole else 'KHÔNG nguyên vẹn'}"
        yield from (f"   {what}: {how}" for what, how in facts(signed))
        yield from (
            f"   {'?' if problem in WARNINGS else '!'} {PROBLEMS[problem]}" for problem in signed.problems
        )


def _revocation(signed: Signed) -> str:
    of = f" (danh sách ngày {in_vietnam(signed.list_made):%d/%m/%Y})" if signed.list_made else ""
    since = f" từ {day_and_hour(signed.revoked_since)}" if signed.revoked_since else ""
    match signed.revocation:
        case "revoked":
            return f"đã thu hồi{since}{of}"
        case "good":
            return f"thu hồi sau khi ký,{since}{of}" if since else f"không bị thu hồi{of}"
        case _:
            return f"chưa kiểm tra{of}"


def _day(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{day}/{month}/{year}"
