"""A reception that was entered again from its slip, beside the original that turned up: where they differ, in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from edge.web import presence, words
from edge.web.language import marked_as_written, say, tell
from edge.web.showing import Shown, Step
from schemas.fold import Place
from schemas.receptions import Difference, retold
from schemas.rules import Done

_STANDS: Final = (Place.EFFECTIVE, Place.IRREGULAR, Place.CONTESTED)
_RECEPTIONS: Final = ("dossier.received", "dossier.entered_afterwards")


@dataclass(frozen=True, slots=True)
class Telling:
    """One re-entry. `rows`: what, in the original, in what was entered; all in words. `proven`: the original is here."""

    original: Step
    again: Step
    proven: bool
    rows: tuple[tuple[str, str, str], ...]


def tellings(shown: Shown) -> list[Telling]:
    """Of each reception that was told twice: both, whether they are proven one, and the fields that differ."""
    steps: dict[str, Step] = {step.line.hash: step for step in shown.steps}
    receptions = [
        Done(line.hash, line.kind, shown.contents[line.hash], line.by, line.at, line.node)
        for line in shown.dossier.timeline
        if line.kind in _RECEPTIONS and line.place in _STANDS and line.hash in shown.contents
    ]
    return [
        Telling(
            steps[one.original.hash],
            steps[one.again.hash],
            one.proven,
            tuple(_row(difference) for difference in one.differences),
        )
        for one in retold(receptions)
    ]


def _papers(components: Any) -> str:
    return Markup("; ").join(
        tell(
            "{name} ({originals} chính, {certified} chứng thực, {copies} photo)",
            {"originals": one.originals, "certified": one.certified, "copies": one.copies},
            name=one.name,
        )
        for one in components
    )


def _return_by(value: str) -> str:
    return say("Qua bưu chính công ích" if value == "post" else "Tại Trung tâm")


WORDS: Final[dict[str, tuple[str, Callable[[Any], str]]]] = {
    "procedure": ("Thủ tục", marked_as_written),
    "applicant.name": ("Chủ hồ sơ", marked_as_written),
    "applicant.identity": ("Số giấy tờ của chủ hồ sơ", lambda value: presence.identity(value)),
    "applicant.address": ("Địa chỉ của chủ hồ sơ", marked_as_written),
    "applicant.phone": ("Điện thoại của chủ hồ sơ", lambda value: presence.phone(value)),
    "submitter.name": ("Người nộp", marked_as_written),
    "submitter.identity": ("Số giấy tờ của người nộp", lambda value: presence.identity(value)),
    "components": ("Thành phần hồ sơ", _papers),
    "due": ("Hẹn trả", words.full),
    "fees": ("Phí, lệ phí", words.dong),
    "return_by": ("Nhận kết quả", _return_by),
    "received_at": ("Tiếp nhận lúc", words.full),
}


def _row(difference: Difference) -> tuple[str, str, str]:
    title, worded = WORDS[difference.what]
    one, other = difference.original, difference.again
    if worded is not marked_as_written and one and other and worded(one) == worded(other):
        hidden = say("khác nhau ở phần được che")
        return say(title), hidden, hidden
    none = say("không có")
    return say(title), worded(one) if one else none, worded(other) if other else none
