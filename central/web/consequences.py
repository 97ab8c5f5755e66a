"""What follows if one of several acts stands: for the dossier, its due moment and the citizen.

The desk reads this before it chooses. It says what the fold will make of the choice, and what people must then do.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.web import acts
from edge.web.showing import Shown, Step
from edge.web.site import site
from schemas.acts import Appraised, Approved, RefusedResult, Returned, Settled, WithdrawalAsked


def held_by_citizen(shown: Shown, step: Step) -> str:
    """Which papers of this act are out of the house."""
    match shown.contents.get(step.line.hash):
        case Approved() | RefusedResult():
            taken = _handed_over(shown, step)
            return f"Kết quả, trao cho {taken.taken_by}" if taken else "Không có giấy tờ gì của việc này"
        case WithdrawalAsked():
            return "Giấy tiếp nhận; đơn xin rút đã nộp lại quầy"
        case Returned() as returned:
            return f"Kết quả, trao cho {returned.taken_by}"
        case _:
            return "Không có giấy tờ gì của việc này"


def consequence_of(shown: Shown, step: Step, members: Sequence[Step]) -> str:
    """What the dossier becomes if this act stands, and what becomes of the others."""
    others = [other for other in members if other is not step]
    parts = [_stands(shown, step), *(_falls(shown, other) for other in others)]
    return " ".join(part for part in parts if part)


def of_none(shown: Shown) -> str:
    recalled = any(_handed_over(shown, step) for step in shown.steps)
    back = "Hồ sơ trở lại bước trước các việc này và làm lại từ đó; hạn trả không đổi."
    return f"{back} Kết quả đã trao phải thu hồi." if recalled else back


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
        case _:
            return f"{acts.title(step.line.kind)} của {_who(step)} không có hiệu lực."


def _handed_over(shown: Shown, step: Step) -> Returned | None:
    """The hand-over of the result that this act made, if it was handed over."""
    made = shown.contents.get(step.line.hash)
    result = getattr(made, "result", None)
    returns = (one for one in shown.contents.values() if isinstance(one, Returned))
    return next((one for one in returns if one.result == result), None)


def _who(step: Step) -> str:
    return site().name(step.line.by)
