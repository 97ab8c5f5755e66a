"""A verdict in plain Vietnamese: for a page, and for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Protocol

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
    """In Vietnam, to the second."""
    return f"{in_vietnam(at):%H:%M:%S, %d/%m/%Y}"


class Tell(Protocol):
    """How a sentence is said: `said` are its facts, `written` is what people wrote in it."""

    def __call__(self, text: str, said: Mapping[str, object] | None = None, /, **written: str) -> str:
        """`text` is Vietnamese, with the names of both in braces."""


def plainly(text: str, said: Mapping[str, object] | None = None, /, **written: str) -> str:
    """In Vietnamese, as a terminal has it."""
    return text.format(**(said or {}), **written)


def facts(signed: Signed, tell: Tell = plainly) -> Iterator[tuple[str, str]]:
    """What is told of one signature, line by line: what, and how it is."""
    who = f"{signed.name}, {signed.title}" if signed.title else signed.name
    yield tell("Ai ký"), tell("{who}", who=who)
    if signed.at is not None:
        yield (
            tell("Lúc"),
            tell(
                "{at} (giờ do dịch vụ ghi)" if signed.part == "timestamp" else "{at} (giờ do người ký ghi)",
                {"at": day_and_hour(signed.at)},
            ),
        )
    if signed.proven is not None and signed.part != "timestamp":
        yield tell("Chứng minh"), tell("có trước {at} (dấu thời gian)", {"at": day_and_hour(signed.proven)})
    if signed.reason:
        yield tell("Nội dung"), tell("{what}", what=signed.reason)
    if signed.delegation:
        said = {"since": _day(signed.delegation_from), "until": _day(signed.delegation_until)}
        yield tell("Văn bản uỷ quyền"), tell("{what}, từ {since} đến {until}", said, what=signed.delegation)
    if signed.issuer:
        yield tell("Nơi cấp chứng thư"), tell("{what}", what=signed.issuer)
    yield tell("Thu hồi chứng thư"), _revocation(signed, tell)
    if signed.changed:
        added = ", ".join(tell(FIELDS.get(field, field)) for field in signed.changed)
        yield tell("Sau đó thêm"), tell("{fields} (được phép)", {"fields": added})


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


def _revocation(signed: Signed, tell: Tell) -> str:
    since = {"at": day_and_hour(signed.revoked_since)} if signed.revoked_since else None
    match signed.revocation, since:
        case "revoked", None:
            state = tell("đã thu hồi")
        case "revoked", _:
            state = tell("đã thu hồi từ {at}", since)
        case "good", None:
            state = tell("không bị thu hồi")
        case "good", _:
            state = tell("thu hồi sau khi ký, từ {at}", since)
        case _:
            state = tell("chưa kiểm tra")
    if signed.list_made is None:
        return state
    day = f"{in_vietnam(signed.list_made):%d/%m/%Y}"
    return tell("{state} (danh sách ngày {day})", {"state": state, "day": day})


def _day(iso: str) -> str:
    year, month, day = iso.split("-")
    return f"{day}/{month}/{year}"
