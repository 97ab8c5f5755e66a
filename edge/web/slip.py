"""Kiểm tra giấy hẹn: anybody holds a slip's code before a machine and reads whether it is real. Nothing personal."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from edge.slip_check import Checked, Verdict, check_slip
from edge.web import words
from edge.web.forms import Bare
from edge.web.limits import LOOK_UP, limited
from edge.web.site import site
from schemas.acts import Status

blueprint = Blueprint("slip", __name__)
OPEN: Final = ("slip.page", "slip.check")
LONGEST: Final = 512

SAID: Final = {
    Verdict.HERE: ("ok", "Giấy hẹn thật.", "Hồ sơ có ở máy này."),
    Verdict.ELSEWHERE: (
        "ok",
        "Giấy hẹn thật, nhưng hồ sơ chưa có ở máy này.",
        "Hồ sơ đang trên đường tới, hoặc máy in giấy này đã hỏng. Giữ giấy hẹn và đưa cho quầy: quầy nhập lại được vào"
        " đúng hồ sơ, đúng số này.",
    ),
    Verdict.DOUBTFUL: (
        "wait",
        "Chưa tin được giấy hẹn này.",
        "Máy in giấy này đã bị ngừng (mất, bị lấy cắp hoặc nhân đôi) và hồ sơ không có ở đây. Mang giấy tới quầy để"
        " Trung tâm xem lại.",
    ),
    Verdict.ALTERED: (
        "bad",
        "Giấy hẹn đã bị sửa.",
        "Có hồ sơ mang số hoặc dấu này, nhưng niêm phong không khớp với chữ trên giấy. Mang giấy tới quầy.",
    ),
    Verdict.FORGED: (
        "bad",
        "Giấy hẹn giả.",
        "Niêm phong không phải của máy nào ở đây, và không có hồ sơ nào như vậy. Mang giấy tới quầy.",
    ),
    Verdict.UNKNOWN: (
        "wait",
        "Chưa kiểm tra được.",
        "Máy này chưa biết máy đã in giấy hẹn. Thử ở máy khác, hoặc thử lại khi có mạng.",
    ),
    Verdict.UNREADABLE: (
        "wait",
        "Đây không phải mã của giấy hẹn.",
        "Quét lại ô vuông ở góc giấy hẹn, cho cả ô nằm trong khung.",
    ),
}


@blueprint.get("/slip")
def page() -> str:
    return _render(None)


@blueprint.post("/slip")
@limited(LOOK_UP)
def check() -> ResponseReturnValue:
    """By POST, though nothing in a code is personal: addresses are kept by browsers that many use."""
    Bare.checked()
    return _render(check_slip(site().node, request.form.get("code", "")[:LONGEST].strip()))


def _render(checked: Checked | None) -> str:
    row = checked.row if checked is not None else None
    status = ""
    if row is not None:
        status = "Đang đối soát" if row.contested else words.STATUS[Status(row.status)]
    return render_template(
        "slip.html", checked=checked, said=SAID[checked.verdict] if checked else None, row=row, status=status
    )
