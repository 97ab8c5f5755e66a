"""What follows if one of several acts stands: for the dossier, its due moment and the citizen.

The desk reads this before it chooses. It says what the fold will make of the choice, and what people must then do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.web import acts, words
from edge.web.showing import Shown, Step
from edge.web.site import site
from schemas.acts import (
    Appraised,
    Approved,
    Extended,
    Received,
    RefusedResult,
    ResultUndone,
    Returned,
    Sealed,
    Settled,
    SupplementRequested,
    WithdrawalAsked,
)
from schemas.conflicts import Conflict
from schemas.events import Event


@dataclass(frozen=True, slots=True)
class Member:
    """One of the acts that cannot all stand, with the dossier that it is in."""

    shown: Shown
    step: Step


def held_by_citizen(shown: Shown, step: Step) -> tuple[str, ...]:
    """Which papers of this act are out of the house."""
    match shown.contents.get(step.line.hash):
        case Received() as received:
            return (f"Giấy tiếp nhận số {received.number}, hẹn trả {words.full(received.due)}",)
        case Approved() | RefusedResult():
            taken = _handed_over(shown, step)
            return (f"Kết quả, trao cho {taken.taken_by}",) if taken else _NOTHING
        case WithdrawalAsked():
            return ("Giấy tiếp nhận; đơn xin rút đã nộp lại quầy",)
        case Returned() as returned:
            return (f"Kết quả, trao cho {returned.taken_by}",)
        case Extended() as extended:
            return (f"Văn bản xin lỗi, hẹn lại {words.full(extended.due)}",)
        case SupplementRequested():
            return ("Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",)
        case ResultUndone():
            back = tuple(f"Kết quả, trao cho {one.data.taken_by}" for one in shown.dossier.standing.returns)
            return back or _NOTHING
        case _:
            return _NOTHING


_NOTHING: Final = ("Không có giấy tờ gì của việc này",)


def consequence_of(conflict: Conflict, member: Member, members: Sequence[Member]) -> str:
    """What the dossier becomes if this act stands, and what becomes of the others."""
    others = [other for other in members if other is not member]
    if _of_several(conflict):
        return _the_one(conflict, member, others)
    parts = [_stands(member.shown, member.step), *(_falls(one.shown, one.step) for one in others)]
    return " ".join(part for part in parts if part)


def of_none(conflict: Conflict, members: Sequence[Member]) -> str:
    """What follows if none of them stands."""
    if "possible_duplicate" in conflict.rows:
        return "Các hồ sơ khác nhau: tất cả xử lý tiếp, mỗi hồ sơ theo hạn của mình."
    if "portal_twice" in conflict.rows:
        return "Không hồ sơ nào là chính: cả hai xử lý tiếp, hạn sớm hơn vẫn giữ; hai quầy liên hệ người nộp."
    if _HAPPENED.intersection(conflict.rows):
        kept = "Không việc nào là chính; tất cả vẫn được ghi là đã xảy ra."
        return f"{kept} Việc thu hồi, trả lại không có hiệu lực." if _recalls(members) else kept
    if "extended_apart" in conflict.rows:
        printed = words.full(members[0].shown.dossier.standing.first_due)
        return f"Các lần hẹn lại không có hiệu lực; hạn trả trở lại {printed}. Báo cho người nộp."
    recalled = any(_handed_over(one.shown, step) for one in members[:1] for step in one.shown.steps)
    back = "Hồ sơ trở lại bước trước các việc này và làm lại từ đó; hạn trả không đổi."
    return f"{back} Kết quả đã trao phải thu hồi." if recalled else back


_HAPPENED: Final = frozenset({"returned_twice", "returned_or_recalled", "received_twice"})


def _of_several(conflict: Conflict) -> bool:
    """Whether whole dossiers are compared, and not acts of one."""
    return not {"portal_twice", "possible_duplicate", "received_twice"}.isdisjoint(conflict.rows)


def _the_one(conflict: Conflict, member: Member, others: Sequence[Member]) -> str:
    number = _number(member)
    rest = ", ".join(_number(one) for one in others)
    if "received_twice" in conflict.rows:
        return f"Số {number} là số chính trên màn hình. Số {rest} vẫn tra được suốt đời hồ sơ; hạn sớm hơn vẫn giữ."
    twin = "cùng một hồ sơ của cổng" if "portal_twice" in conflict.rows else "nộp trùng"
    other = (
        f" Quầy huỷ tiếp nhận {rest} với lý do {twin}, báo người nộp và đổi giấy tiếp nhận." if rest else ""
    )
    return f"Hồ sơ {number} xử lý tiếp, hạn trả {member.shown.due.words}.{other}"


def _number(member: Member) -> str:
    data = member.shown.contents.get(member.step.line.hash)
    return data.number if isinstance(data, Received) else str(member.shown.received.number)


def _recalls(members: Sequence[Member]) -> bool:
    return any(isinstance(one.shown.contents.get(one.step.line.hash), ResultUndone) for one in members)


def _stands(shown: Shown, step: Step) -> str:
    due = f"Hạn trả vẫn {shown.due.words}."
    match shown.contents.get(step.line.hash):
        case Approved():
            return f"Kết quả đã ký có hiệu lực và trả được ở mọi quầy. {due}"
        case RefusedResult():
            return f"Văn bản từ chối có hiệu lực và trả được ở mọi quầy. {due}"
        case WithdrawalAsked():
            return "Hồ sơ chờ trả lời đơn xin rút; người phê duyệt đồng ý thì hồ sơ dừng, không tính quá hạn."
        case Appraised(passed=passed):
            return f"Ý kiến “{'đạt' if passed else 'không đạt'}” có hiệu lực; hồ sơ chờ ký. {due}"
        case Returned() as returned:
            return f"Lần trả cho {returned.taken_by} là lần trả chính."
        case Extended() as extended:
            return f"Hạn trả là {words.full(extended.due)}; người nộp được báo hạn này."
        case SupplementRequested():
            return "Hồ sơ chờ bổ sung; thời gian chờ không tính vào hạn."
        case Sealed():
            return "Văn bản đã đóng dấu giữ nguyên giá trị."
        case ResultUndone():
            return "Kết quả phải thu hồi; quầy liên hệ người đang giữ và ghi khi nhận lại."
        case Settled():
            return "Quyết định đối soát này có hiệu lực."
        case _ if step.line.kind == "dossier.withdrawal_granted":
            return "Hồ sơ dừng xử lý, không tính quá hạn."
        case _:
            return f"Hồ sơ xử lý tiếp. {due}"


def _falls(shown: Shown, step: Step) -> str:
    match shown.contents.get(step.line.hash):
        case Approved() | RefusedResult():
            taken = _handed_over(shown, step)
            where = f"{acts.title(step.line.kind)} của {_who(step)} không có hiệu lực"
            if taken:
                return f"{where}; phải thu hồi kết quả đã trao cho {taken.taken_by}."
            return f"{where}, kết quả đó không được trả."
        case WithdrawalAsked() as asked:
            return f"Đơn rút của {asked.asked_by} không có hiệu lực; báo cho người nộp."
        case Returned() as returned:
            return f"Lần trả cho {returned.taken_by} vẫn được ghi là đã xảy ra."
        case Extended() as extended:
            return f"Lần hẹn lại {words.full(extended.due)} không có hiệu lực."
        case Sealed():
            return "Dấu đã đóng phải huỷ."
        case _:
            return f"{acts.title(step.line.kind)} của {_who(step)} không có hiệu lực."


def _handed_over(shown: Shown, step: Step) -> Returned | None:
    """The hand-over of the result that this act made, as it was signed or as it was sealed."""
    made = shown.contents.get(step.line.hash)
    results = {getattr(made, "result", None)}
    for event in site().node.projector.events_of(shown.dossier.stream):
        sealed = shown.contents.get(event.hash)
        if (
            isinstance(event, Event)
            and isinstance(sealed, Sealed)
            and step.line.hash in (event.rests_on or ())
        ):
            results.add(sealed.result)
    returns = (one for one in shown.contents.values() if isinstance(one, Returned))
    return next((one for one in returns if one.result in results), None)


def _who(step: Step) -> str:
    return site().name(step.line.by)
