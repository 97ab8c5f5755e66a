"""What follows if one of several acts stands: for the dossier, its due moment and the citizen.

The desk reads this before it chooses. It says what the fold will make of the choice, and what people must then do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from edge.web import acts, words
from edge.web.language import say, tell
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
            return (
                say(
                    "Giấy tiếp nhận số {number}, hẹn trả {due}",
                    number=received.number,
                    due=words.full(received.due),
                ),
            )
        case Approved() | RefusedResult():
            taken = _handed_over(shown, step)
            return (tell("Kết quả, trao cho {who}", who=taken.taken_by),) if taken else _NOTHING
        case WithdrawalAsked():
            return ("Giấy tiếp nhận; đơn xin rút đã nộp lại quầy",)
        case Returned() as returned:
            return (tell("Kết quả, trao cho {who}", who=returned.taken_by),)
        case Extended() as extended:
            return (say("Văn bản xin lỗi, hẹn lại {due}", due=words.full(extended.due)),)
        case SupplementRequested():
            return ("Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",)
        case ResultUndone():
            back = tuple(
                tell("Kết quả, trao cho {who}", who=one.data.taken_by)
                for one in shown.dossier.standing.returns
            )
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
    return Markup(" ").join(part for part in parts if part)


def of_none(conflict: Conflict, members: Sequence[Member]) -> str:
    """What follows if none of them stands."""
    if "possible_duplicate" in conflict.rows:
        return say("Các hồ sơ khác nhau: tất cả xử lý tiếp, mỗi hồ sơ theo hạn của mình.")
    if "portal_twice" in conflict.rows:
        return say(
            "Không hồ sơ nào là chính: cả hai xử lý tiếp, hạn sớm hơn vẫn giữ; hai quầy liên hệ người nộp."
        )
    if _HAPPENED.intersection(conflict.rows):
        kept = say("Không việc nào là chính; tất cả vẫn được ghi là đã xảy ra.")
        return f"{kept} {say('Việc thu hồi, trả lại không có hiệu lực.')}" if _recalls(members) else kept
    if "extended_apart" in conflict.rows:
        printed = words.full(members[0].shown.dossier.standing.first_due)
        return say(
            "Các lần hẹn lại không có hiệu lực; hạn trả trở lại {due}. Báo cho người nộp.", due=printed
        )
    recalled = any(_handed_over(one.shown, step) for one in members[:1] for step in one.shown.steps)
    back = say("Hồ sơ trở lại bước trước các việc này và làm lại từ đó; hạn trả không đổi.")
    return f"{back} {say('Kết quả đã trao phải thu hồi.')}" if recalled else back


_HAPPENED: Final = frozenset({"returned_twice", "returned_or_recalled", "received_twice"})


def _of_several(conflict: Conflict) -> bool:
    """Whether whole dossiers are compared, and not acts of one."""
    return not {"portal_twice", "possible_duplicate", "received_twice"}.isdisjoint(conflict.rows)


def _the_one(conflict: Conflict, member: Member, others: Sequence[Member]) -> str:
    number = _number(member)
    rest = ", ".join(_number(one) for one in others)
    if "received_twice" in conflict.rows:
        return say(
            "Số {number} là số chính trên màn hình. Số {rest} vẫn tra được suốt đời hồ sơ; hạn sớm hơn vẫn giữ.",
            number=number,
            rest=rest,
        )
    goes_on = say("Hồ sơ {number} xử lý tiếp, hạn trả {due}.", number=number, due=member.shown.due.words)
    if not rest:
        return goes_on
    cancelled = say(
        "Quầy huỷ tiếp nhận {rest} với lý do cùng một hồ sơ của cổng, báo người nộp và đổi giấy tiếp nhận."
        if "portal_twice" in conflict.rows
        else "Quầy huỷ tiếp nhận {rest} với lý do nộp trùng, báo người nộp và đổi giấy tiếp nhận.",
        rest=rest,
    )
    return f"{goes_on} {cancelled}"


def _number(member: Member) -> str:
    data = member.shown.contents.get(member.step.line.hash)
    return data.number if isinstance(data, Received) else str(member.shown.received.number)


def _recalls(members: Sequence[Member]) -> bool:
    return any(isinstance(one.shown.contents.get(one.step.line.hash), ResultUndone) for one in members)


def _stands(shown: Shown, step: Step) -> str:
    due = say("Hạn trả vẫn {due}.", due=shown.due.words)
    match shown.contents.get(step.line.hash):
        case Approved():
            return say("Kết quả đã ký có hiệu lực và trả được ở mọi quầy. {due}", due=due)
        case RefusedResult():
            return say("Văn bản từ chối có hiệu lực và trả được ở mọi quầy. {due}", due=due)
        case WithdrawalAsked():
            return say(
                "Hồ sơ chờ trả lời đơn xin rút; người phê duyệt đồng ý thì hồ sơ dừng, không tính quá hạn."
            )
        case Appraised(passed=passed):
            return say(
                "Ý kiến “đạt” có hiệu lực; hồ sơ chờ ký. {due}"
                if passed
                else "Ý kiến “không đạt” có hiệu lực; hồ sơ chờ ký. {due}",
                due=due,
            )
        case Returned() as returned:
            return tell("Lần trả cho {who} là lần trả chính.", who=returned.taken_by)
        case Extended() as extended:
            return say("Hạn trả là {due}; người nộp được báo hạn này.", due=words.full(extended.due))
        case SupplementRequested():
            return say("Hồ sơ chờ bổ sung; thời gian chờ không tính vào hạn.")
        case Sealed():
            return say("Văn bản đã đóng dấu giữ nguyên giá trị.")
        case ResultUndone():
            return say("Kết quả phải thu hồi; quầy liên hệ người đang giữ và ghi khi nhận lại.")
        case Settled():
            return say("Quyết định đối soát này có hiệu lực.")
        case _ if step.line.kind == "dossier.withdrawal_granted":
            return say("Hồ sơ dừng xử lý, không tính quá hạn.")
        case _:
            return say("Hồ sơ xử lý tiếp. {due}", due=due)


def _falls(shown: Shown, step: Step) -> str:
    match shown.contents.get(step.line.hash):
        case Approved() | RefusedResult():
            taken = _handed_over(shown, step)
            said = {"act": acts.title(step.line.kind)}
            if taken:
                return tell(
                    "{act} của {who} không có hiệu lực; phải thu hồi kết quả đã trao cho {taken_by}.",
                    said,
                    who=_who(step),
                    taken_by=taken.taken_by,
                )
            return tell("{act} của {who} không có hiệu lực, kết quả đó không được trả.", said, who=_who(step))
        case WithdrawalAsked() as asked:
            return tell("Đơn rút của {who} không có hiệu lực; báo cho người nộp.", who=asked.asked_by)
        case Returned() as returned:
            return tell("Lần trả cho {who} vẫn được ghi là đã xảy ra.", who=returned.taken_by)
        case Extended() as extended:
            return say("Lần hẹn lại {due} không có hiệu lực.", due=words.full(extended.due))
        case Sealed():
            return say("Dấu đã đóng phải huỷ.")
        case _:
            said = {"act": acts.title(step.line.kind)}
            return tell("{act} của {who} không có hiệu lực.", said, who=_who(step))


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
