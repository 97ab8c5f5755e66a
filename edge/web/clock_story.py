"""The clock of a dossier, told: when its result was due, and what moved that, line by line."""

from __future__ import annotations

from dataclasses import dataclass

from edge.web.language import say, tell
from edge.web.showing import Shown
from schemas.acts import Extended
from schemas.calendar import Calendar
from schemas.clock import WHY, ticks
from schemas.deadlines import AfterSupplement, Terms, Why
from schemas.fold import Place


@dataclass(frozen=True, slots=True)
class Moved:
    """From `at` on the result was due at `due`; empty: nothing was, because of `why`."""

    at: str
    due: str
    why: str


def story(shown: Shown, calendar: Calendar) -> list[Moved]:
    """Every promise in its order; the first is form 01's, and the last is what holds."""
    standing = shown.dossier.standing
    found, waited = [], ""
    terms = standing.terms or Terms(shown.received.limit)
    for place, tick in enumerate(ticks(standing, calendar)):
        if not place:
            why = say("Giấy tiếp nhận hồ sơ và hẹn trả kết quả (Mẫu 01)")
        elif not tick.due:
            waited = tick.why
            why = say("Dừng tính giờ: {why}", why=say(WHY[tick.why].words))
        elif waited:
            why = _after(WHY[waited], terms)
            waited = ""
        else:
            why = say("Cơ quan có thẩm quyền nhận hồ sơ: tính từ đó")
        found.append(Moved(tick.since, tick.due, why))
    for step in shown.steps:
        said = shown.contents.get(step.line.hash)
        if isinstance(said, Extended) and step.line.place in (Place.EFFECTIVE, Place.CONTESTED):
            why = tell("Xin lỗi và hẹn lại (Mẫu 04): {reason}", reason=said.reason)
            found.append(Moved(step.line.at, said.due, why))
    return sorted(found, key=lambda one: one.at)


def _after(waited: Why, terms: Terms) -> str:
    if waited is Why.SUPPLEMENT and terms.after_supplement is AfterSupplement.RESTART:
        return say("Đã bổ sung đủ: tính lại từ đầu")
    return say("Hết {why}: tính tiếp, không kể thời gian chờ", why=say(waited.words))
