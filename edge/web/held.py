"""Tạm giữ và đang chờ: acts that are kept without effect, why, how long, and what would give them one.

Nothing is dropped and nothing is guessed: what waits takes effect by itself when the missing thing comes; what is
held needs a decision of the desk, which is an entry of the catalog and so the same for every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from edge.register import Fork, KeptBack
from edge.waits import MOST_BYTES
from edge.web.language import say
from edge.web.presence import person
from edge.web.site import Site, site
from schemas.errors import Because
from schemas.fold import REDACTED, Line, Place

blueprint = Blueprint("held", __name__)

CUT: Final = "cut"
SEAL: Final = "seal"


@dataclass(frozen=True, slots=True)
class Shown:
    """One act that is kept back, in words: `why` it has no effect, and what would `release` it.

    `admissible`: the desk can let it have its effect, and the person here may be the one who does.
    """

    kept: KeptBack
    why: str
    release: str
    admissible: bool


@dataclass(frozen=True, slots=True)
class ForkShown:
    """A machine that sealed two acts under one number, and what became of it."""

    fork: Fork
    reported: bool
    cut: bool


@blueprint.get("/held")
def page() -> ResponseReturnValue:
    """All of them, the oldest here first, and machines of which two events share one number."""
    return render("", "")


def render(wrong: str, why: str) -> str:
    """The page; `wrong` is the act whose form was not right, and `why`."""
    here = site()
    acts, count = here.node.register.kept_back()
    return render_template(
        "held.html",
        acts=[_shown(here, one) for one in acts],
        count=count,
        forks=forks(here),
        brought=[(source, size) for source, size in here.node.waits.by_source().items()],
        most=MOST_BYTES,
        cuts=here.cuts is not None and here.may(person(), here.cuts),
        wrong=wrong,
        why=why,
    )


def forks(here: Site) -> list[ForkShown]:
    """Machines with two events of one number, and what the desk has said of each."""
    trust = here.node.catalog.trust
    return [
        ForkShown(one, one.node in trust.forks, trust.answers(one.node, one.seq))
        for one in here.node.register.forks()
    ]


def kept_back(here: Site) -> list[Shown]:
    """What is held or waits, and why."""
    return [_shown(here, one) for one in here.node.register.kept_back()[0]]


def _shown(here: Site, one: KeptBack) -> Shown:
    line = one.line
    releasable = line.place is Place.HELD and line.why != SEAL and not line.why.startswith(Because.DATA.value)
    may = here.admits is not None and here.may(person(), here.admits)
    return Shown(
        one,
        why_in_words(line, here.node.catalog.number),
        _release_in_words(line, here.node.catalog.number, releasable=releasable),
        releasable and may and line.by != person().id,
    )


def why_in_words(line: Line, catalog: int) -> str:
    """What a waiting, held, irregular or newer act lacks; `catalog`: the number of the newest entry here."""
    match line.place:
        case Place.NEWER:
            return "Máy kia dùng bản phần mềm mới hơn; máy này chưa đọc được việc này."
        case Place.WAITING:
            return _waits_for(line.why, catalog)
        case Place.IRREGULAR:
            return say(
                "Đã xảy ra nên vẫn tính vào hồ sơ, nhưng không đúng quy định: {why}.",
                why=say(_reason(line.why)),
            )
        case _:
            return _held_for(line.why)


def _release_in_words(line: Line, catalog: int, *, releasable: bool) -> str:
    match line.place:
        case Place.NEWER:
            return "Cập nhật phần mềm máy này. Việc vẫn được giữ và chuyển tiếp cho máy khác."
        case Place.WAITING if _is_passed(line.why, catalog):
            return "Máy còn giữ danh mục đó đem về; hoặc hai quản trị cho đi tiếp ở trang Trung tâm mới."
        case Place.WAITING if line.why.startswith("catalogue") or line.why.startswith("card of"):
            return "Tự có hiệu lực khi danh mục về tới máy này. Không phải làm gì."
        case Place.WAITING:
            return "Tự có hiệu lực khi việc còn thiếu về tới máy này. Không phải làm gì."
        case Place.IRREGULAR:
            return "Người kiểm tra giám sát xem lại việc này."
        case _ if releasable:
            return "Công chức đối soát ở Trung tâm xem lại và cho có hiệu lực, kèm lý do."
        case _ if line.why == SEAL:
            return "Không gì cả: đây không phải việc của máy đó. Việc thật, nếu có, vẫn tới và vẫn tính."
        case _:
            return "Không cho có hiệu lực được: nội dung không đúng mẫu. Người ghi làm lại việc này."


def _is_passed(why: str, catalog: int) -> bool:
    """Whether an act waits for an entry though the catalog here goes past its number."""
    what, _, number = why.partition(" ")
    return what == "catalogue" and int(number) <= catalog


def _waits_for(why: str, catalog: int) -> str:
    if _is_passed(why, catalog):
        return say(
            "Chờ một danh mục số {n} khác: lời cuối của Trung tâm cũ.", n=why.removeprefix("catalogue ")
        )
    if why.startswith("catalogue"):
        return say("Chờ danh mục số {n} từ Trung tâm.", n=why.removeprefix("catalogue "))
    if why.startswith("card of"):
        return say("Chờ thẻ máy của {node} từ Trung tâm.", node=why.removeprefix("card of "))
    return "Chờ việc trước đó của cùng hồ sơ, còn ở máy khác."


_HELD: Final = {
    Because.UNKNOWN_KIND: "loại việc chưa biết",
    Because.NO_SUCH_PERSON: "người ghi không có trong danh mục",
    Because.ROLE: "người ghi không có vai trò này",
    Because.DUTY: "máy ghi không được giao nhiệm vụ này",
    Because.STATUS: "hồ sơ khi đó không ở bước này",
    Because.CONTESTED: "hồ sơ khi đó đang tranh chấp",
    Because.NOT_APPRAISED: "hồ sơ khi đó chưa thẩm định đạt",
    Because.SAME_PERSON: "một người làm hai việc phải do hai người làm",
    Because.SIGNATURE: "chữ ký số không đúng",
    Because.CERTIFICATE: "chứng thư không phải của người ký, hoặc đã bị thu hồi",
    Because.NO_SUCH_CONFLICT: "không có tranh chấp như vậy",
    Because.TOOK_PART: "người đối soát là một bên",
    Because.NO_SUCH_PROCEDURE: "thủ tục không có hiệu lực khi đó",
    Because.NUMBER: "số hồ sơ không thuộc máy này",
    Because.DATA: "nội dung không khớp",
    Because.RESTS_ON: "dựa trên việc mà người ghi chưa thấy",
    Because.INCOMPLETE: "hồ sơ khi đó chưa đủ",
    Because.WITNESS: "thiếu người thứ hai xác nhận",
    Because.DELEGATION: "văn bản uỷ quyền không có hiệu lực khi đó",
    Because.ORIGINALS: "chưa thu đủ bản chính phải nộp khi nhận kết quả",
    Because.MONEY: "số tiền không khớp biên lai",
    Because.CATALOG_AGE: "danh mục của máy đã quá cũ mà không có người thứ hai",
}


def _reason(why: str) -> str:
    """The fold's reasons begin with a `Because`."""
    word = why.partition(":")[0]
    return next((text for because, text in _HELD.items() if because.value == word), "trái quy định")


def _held_for(why: str) -> str:
    if why == SEAL:
        return "Sai niêm phong của máy trạm: giả, hoặc đã bị sửa trên đường đi. Không tính vào hồ sơ."
    if why == CUT:
        return "Máy này ghi sau khi đã bị cắt (mất, bị lấy cắp, nhân đôi hoặc ngừng dùng)."
    if why == REDACTED:
        return "Dựa trên việc mà nội dung đã xoá theo quy định."
    return say("Không hợp lệ: {why}.", why=say(_reason(why)))
