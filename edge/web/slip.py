"""Kiểm tra giấy: anybody holds the code of a slip, a receipt or a result before a machine and reads whether it is real.

Nothing personal. A telephone opens this page by the address in the code, which stands behind `#` and so goes nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from edge.slip_check import Checked, Effect, Verdict, check_slip, is_issued
from edge.web import words
from edge.web.forms import Bare
from edge.web.language import say
from edge.web.limits import LOOK_UP, limited
from edge.web.site import COUNTER, site
from printing.words import in_vietnam
from schemas.acts import Status
from schemas.events import moment
from schemas.fold import Dossier
from schemas.slips import Coded

blueprint = Blueprint("slip", __name__)
OPEN: Final = ("slip.page", "slip.check")
LONGEST: Final = 512

PAPERS: Final = {
    Coded.SLIP: "Giấy hẹn",
    Coded.RECEIPT: "Biên lai",
    Coded.RESULT: "Văn bản kết quả",
}
SAID: Final = {
    Verdict.HERE: ("ok", "{paper} thật.", "Hồ sơ có ở máy này."),
    Verdict.ELSEWHERE: ("ok", "{paper} thật, nhưng hồ sơ chưa có ở máy này.", "{elsewhere}"),
    Verdict.DOUBTFUL: (
        "wait",
        "Chưa tin được {paper_in} này.",
        "Máy in giấy này đã bị ngừng (mất, bị lấy cắp hoặc nhân đôi) và hồ sơ không có ở đây. Mang giấy tới quầy để"
        " Trung tâm xem lại.",
    ),
    Verdict.ALTERED: (
        "bad",
        "{paper} đã bị sửa.",
        "Có hồ sơ mang số hoặc dấu này, nhưng niêm phong không khớp với chữ trên giấy. Mang giấy tới quầy.",
    ),
    Verdict.FORGED: (
        "bad",
        "{paper} giả.",
        "Niêm phong không phải của máy nào ở đây, và không có hồ sơ nào như vậy. Mang giấy tới quầy.",
    ),
    Verdict.UNKNOWN: (
        "wait",
        "Chưa kiểm tra được.",
        "Máy này chưa biết máy đã in {paper_in}. Thử ở máy khác, hoặc thử lại khi có mạng.",
    ),
    Verdict.UNREADABLE: (
        "wait",
        "Đây không phải mã trên giấy của Trung tâm.",
        "Quét lại ô vuông trên giấy hẹn, biên lai hoặc văn bản kết quả, cho cả ô nằm trong khung.",
    ),
}
_ELSEWHERE: Final = {
    Coded.SLIP: "Hồ sơ đang trên đường tới, hoặc máy in giấy này đã hỏng. Giữ giấy hẹn và đưa cho quầy: quầy nhập lại"
    " được vào đúng hồ sơ, đúng số này.",
    Coded.RECEIPT: "Việc thu đang trên đường tới, hoặc máy in giấy này đã hỏng. Giữ biên lai; thử ở máy khác.",
}
_NO_DECISION: Final = (
    "wait",
    "Chưa có quyết định nào như vậy.",
    "Máy của Trung tâm đã soạn văn bản này, nhưng ở đây chưa biết quyết định đó: nó đang trên đường tới, hoặc dự thảo"
    " chưa được ký. Thử ở máy khác, hoặc thử lại khi có mạng.",
)
EFFECTS: Final = {
    Effect.CONTESTED: "Hồ sơ đang đối soát: chưa dùng văn bản này.",
    Effect.REPLACED: "Nhưng không còn hiệu lực: kết quả này đã bị rút lại hoặc thay bằng văn bản khác.",
    Effect.RECALLED: "Nhưng không còn hiệu lực: kết quả này đã bị thu hồi.",
    Effect.SUPERSEDED: "Nhưng đã được thay bằng biên lai khác.",
    Effect.VOID: "Nhưng không còn giá trị: biên lai này đã bị huỷ.",
    Effect.REFUNDED: "Tiền của biên lai này đã được hoàn, một phần hoặc toàn bộ.",
    Effect.UNSETTLED: "Nhưng máy này chưa công nhận việc đó: chưa dùng giấy này.",
}
"""What a real paper is not worth any more."""
_WRITTEN: Final = ("Thủ tục", "Cơ quan", "Ký theo")


@dataclass(frozen=True, slots=True)
class Said:
    """The answer: how it is coloured, its headline, what follows, and short facts to compare with the paper."""

    tone: str
    headline: str
    what: str
    facts: tuple[tuple[str, str], ...] = ()
    written: frozenset[str] = frozenset()
    """The facts among them whose words somebody wrote, in Vietnamese."""


@blueprint.get("/slip")
def page() -> str:
    """Where a code is read or typed, for anybody."""
    return _render(None, "")


@blueprint.post("/slip")
@limited(LOOK_UP)
def check() -> ResponseReturnValue:
    """By POST, though nothing in a code is personal: addresses are kept by browsers that many use."""
    Bare.checked()
    asked = request.form.get("code", "")[:LONGEST].strip()
    return _render(check_slip(site().node, asked), asked)


def _render(checked: Checked | None, asked: str) -> str:
    may_enter = checked is not None and checked.enters_again and _receives_here()
    said = said_of(checked) if checked else None
    return render_template("slip.html", checked=checked, said=said, asked=asked, may_enter=may_enter)


def _receives_here() -> bool:
    return g.person is not None and site().may(g.person, COUNTER)


def said_of(checked: Checked) -> Said:
    """What anybody is told of a code: tone, headline, facts; nothing personal."""
    tone, headline, what = SAID[checked.verdict]
    paper = checked.code.paper if checked.code else Coded.SLIP
    if paper is Coded.RESULT and checked.verdict is Verdict.ELSEWHERE:
        tone, headline, what = _NO_DECISION
    name = say(_name(checked, paper))
    names = {
        "paper": name,
        "paper_in": name.lower(),
        "elsewhere": say(_ELSEWHERE.get(paper, "")),
    }
    facts: tuple[tuple[str, str], ...] = ()
    if checked.verdict is Verdict.HERE:
        facts = tuple(_facts(checked, paper))
        # a slip of a contested dossier is as good as any
        if paper is not Coded.SLIP and checked.effect in EFFECTS:
            tone, what = "wait", EFFECTS[checked.effect]
    told = tuple((say(title), value) for title, value in facts)
    return Said(tone, say(headline, **names), say(what, **names), told, frozenset(map(say, _WRITTEN)))


def _name(checked: Checked, paper: Coded) -> str:
    """What the paper is called; the slip while a receipt is pending is none."""
    act, code = checked.act, checked.code
    if paper is Coded.RECEIPT and act is not None and code is not None and not act.redacted:
        receipt = act.data.get("receipt", {})
        mine = f"{receipt.get('symbol')}-{receipt.get('number')}" == code.number
        if mine and receipt.get("provisional") and not is_issued(site().node, checked):
            return "Phiếu thu tạm"
    return PAPERS[paper]


def _facts(checked: Checked, paper: Coded) -> list[tuple[str, str]]:
    act, dossier, row = checked.act, checked.dossier, checked.row
    if act is None or dossier is None or row is None or act.redacted:
        return []
    status = say("Đang đối soát" if row.contested else words.STATUS[Status(row.status)])
    match paper:
        case Coded.SLIP:
            due = say("tạm dừng tính thời gian") if row.stopped else words.full(row.due_at)
            if row.unsure:
                due = f"{due} {say('(giờ ghi chưa chắc, Trung tâm đang kiểm lại)')}"
            return [("Tình trạng", status), ("Hẹn trả", due)]
        case Coded.RECEIPT:
            pending = _name(checked, paper) != PAPERS[paper]
            return [
                *([("Giá trị", say("xác nhận đã nộp tiền, không thay biên lai"))] if pending else []),
                ("Số tiền", words.dong(act.data.get("total", 0))),
                ("Thu lúc", words.full(act.at)),
                ("Của hồ sơ", row.number),
            ]
        case Coded.RESULT:
            return _of_result(act, dossier)


def _of_result(act: Any, dossier: Dossier) -> list[tuple[str, str]]:
    agreed = act.kind == "dossier.approved"
    said = [("Nội dung", say("Đồng ý giải quyết" if agreed else "Không giải quyết"))]
    received, numbered = dossier.received, dossier.standing.number
    if received is not None:
        agency = site().view.agency(received.agency)
        said += [
            ("Thủ tục", received.procedure_name),
            ("Cơ quan", agency.name if agency else received.agency),
        ]
    if numbered is not None:
        day = f"{numbered.data.day[8:]}/{numbered.data.day[5:7]}/{numbered.data.day[:4]}"
        said += [("Số văn bản", numbered.data.number), ("Ngày văn bản", day)]
    else:
        said.append(("Ngày ký", f"{in_vietnam(moment(act.at)):%d/%m/%Y}"))
    if act.data.get("capacity"):
        said.append(("Ký theo", act.data["capacity"].replace("\n", ", ")))
    return said
