"""Everything that is held about one person, by number: for them to read, to take with them, and to have put right.

The search goes over every act of every dossier and petition, those that have no effect too; over the files that these
name, and over the log of views of this machine. What others said of themselves in the same dossier is theirs: their
numbers, addresses and telephones are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec

from central.centre import Office
from central.redaction import redact
from edge.archive import Damaged, files_named
from edge.node import Node
from edge.views import View
from schemas.acts import BY_KIND
from schemas.entries import DataAnswer
from schemas.events import Event
from schemas.identity import hidden, numbers_in

LABELS: Final = {
    "name": "Họ tên", "identity": "Số giấy tờ", "address": "Địa chỉ", "phone": "Điện thoại", "email": "Thư điện tử",
    "applicant": "Chủ hồ sơ", "submitter": "Người nộp", "authorisation": "Uỷ quyền", "number": "Số",
    "procedure": "Mã thủ tục", "procedure_name": "Thủ tục", "agency": "Cơ quan", "components": "Giấy tờ",
    "originals": "Bản chính", "certified": "Bản chứng thực", "copies": "Bản sao", "due": "Hẹn trả", "fees": "Phí, lệ phí",
    "amount": "Số tiền", "kind": "Loại", "limit": "Thời hạn", "unit": "Đơn vị", "value": "Giá trị", "opinion": "Ý kiến",
    "passed": "Đạt", "result": "Tệp kết quả", "reason": "Lý do", "capacity": "Ký theo", "delegation": "Văn bản uỷ quyền",
    "taken_by": "Người nhận", "document": "Giấy tờ của người nhận", "asked_by": "Người xin rút", "changes": "Nội dung sửa",
    "field": "Mục", "text": "Nội dung", "files": "Tệp", "file": "Tệp", "type": "Loại tệp", "pages": "Số trang",
    "sender": "Người gửi", "payer": "Người nộp tiền", "total": "Tổng số tiền", "receipt": "Biên lai",
    "relief": "Diện miễn, giảm", "proof": "Giấy tờ chứng minh", "lines": "Khoản thu", "full": "Mức thu",
    "method": "Hình thức nộp", "reference": "Số tham chiếu", "paid_to": "Người nhận lại tiền",
}  # fmt: skip
"""What members of acts are called on a page for the person; what is not here keeps its own name."""

What = Literal["given", "corrected", "restricted", "lifted", "refused", "redacted"]
_THEIRS: Final = frozenset({"address", "phone", "email"})
ALL: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class HeldAct:
    """One act as the person may read it. `data` is None where it was redacted; `names`: whether it names them."""

    hash: str
    kind: str
    title: str
    at: str
    by: str
    place: str
    data: dict[str, Any] | None
    names: bool


@dataclass(frozen=True, slots=True)
class HeldFile:
    """A file that one of the acts names; `size` is None where it is not at this machine."""

    id: str
    name: str
    size: int | None


@dataclass(frozen=True, slots=True)
class HeldStream:
    """One dossier or petition."""

    stream: str
    number: str
    what: str
    acts: tuple[HeldAct, ...]
    files: tuple[HeldFile, ...]
    views: tuple[View, ...]
    restricted: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """All of it, as of a moment."""

    number: str
    at: str
    centre: str
    streams: tuple[HeldStream, ...]
    answers: tuple[DataAnswer, ...]

    def json(self) -> bytes:
        """UTF-8, indented, its members in the order of the fields: for the person to take along."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1)


def held_on(node: Node, number: str, *, at: datetime) -> Holding:
    """What this machine holds on whoever has this number; central holds everything."""
    streams = tuple(_stream(node, stream, number) for stream in node.register.naming(number))
    known = {one.stream for one in streams}
    answers = tuple(one for one in node.catalog.latest.data_answers() if known & set(one.streams))
    centre = node.catalog.latest.centre()
    return Holding(number, at.isoformat(), centre.name if centre else "", streams, answers)


def file_of(node: Node, holding: Holding, name: str) -> bytes | None:
    """A file that is part of what is held; None for any other, and for one that is not here whole."""
    if all(one.id != name for stream in holding.streams for one in stream.files):
        return None
    try:
        return node.archive.read(name)
    except Damaged:
        return None


def next_id(node: Node, day: date) -> str:
    """The number of the next answer of a year: 2026-0001, …"""
    year = f"{day.year}-"
    taken = [one.id for one in node.catalog.latest.data_answers() if one.id.startswith(year)]
    return f"{year}{len(taken) + 1:04d}"


def record(
    node: Node,
    what: What,
    *,
    ground: str,
    reason: str,
    asked: date,
    day: date,
    streams: Sequence[str],
    by: str,
    targets: Sequence[str] = (),
    second: str = "",
) -> DataAnswer:
    """Record how a request was answered; what is to go, goes in the same breath. Raises `NotAllowed`.

    A redaction names its second person, who has shown who they are.
    """
    with node.file.write():
        if what == "redacted":
            redact(node, targets, ground, by=by, second=second)
        said = DataAnswer(next_id(node, day), what, ground, reason, asked, tuple(streams), tuple(targets))
        Office(node).define([said], by=by)
    return said


def only_of(data: Any, number: str) -> Any:
    """The data of an act without what others said of themselves."""
    if isinstance(data, dict):
        other = isinstance(data.get("identity"), str) and data["identity"] not in ("", number)
        kept = {name: value for name, value in data.items() if not (other and name in _THEIRS)}
        if other:
            kept["identity"] = hidden(kept["identity"])
        return {name: only_of(value, number) for name, value in kept.items()}
    if isinstance(data, list):
        return [only_of(one, number) for one in data]
    return data


def _stream(node: Node, stream: str, number: str) -> HeldStream:
    view = node.catalog.latest
    acts: list[HeldAct] = []
    files: dict[str, HeldFile] = {}
    code = what = ""
    for event in node.projector.events_of(stream):
        if not isinstance(event, Event):
            continue
        act = BY_KIND.get(event.kind)
        code = code or str(event.data.get("number") or "")
        what = what or str(event.data.get("procedure_name") or "")
        acts.append(
            HeldAct(
                event.hash,
                event.kind,
                act.title if act else event.kind,
                event.at,
                view.name_of(event.by),
                view.title_of(event.node),
                None if event.redacted else only_of(event.data, number),
                number in numbers_in(event.data),
            )
        )
        for name in files_named(event.data):
            files.setdefault(name, HeldFile(name, _name_of(event.data, name), _size(node, name)))
    acts.sort(key=lambda one: (one.at, one.hash))
    views, _ = node.views.search(streams=[stream], limit=ALL)
    restricted = stream in node.catalog.trust.restricted
    return HeldStream(stream, code, what, tuple(acts), tuple(files.values()), tuple(views), restricted)


def _name_of(data: Any, file: str) -> str:
    """What an act calls a file."""
    if isinstance(data, dict):
        if data.get("file") == file and isinstance(data.get("name"), str):
            return str(data["name"])
        return next((found for one in data.values() if (found := _name_of(one, file))), "")
    if isinstance(data, list):
        return next((found for one in data if (found := _name_of(one, file))), "")
    return ""


def _size(node: Node, name: str) -> int | None:
    try:
        content = node.archive.read(name)
    except Damaged:
        return None
    return None if content is None else len(content)
