"""The page that tries a printer: all letters of Vietnamese, the edges of the sheet, a code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from printing.content import Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPage(Paper):
    """On A4."""

    FORM: ClassVar[str] = "trial"
    MADE: ClassVar[str] = "tried"
    NAME: ClassVar[str] = "printer"

    counter: str
    printer: str
    letters: str
    tried: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRoll(TrialPage):
    """On a roll of 80 mm."""

    FORM: ClassVar[str] = "trial-roll"


LETTERS = (
    "AÀÁẢÃẠ ĂẰẮẲẴẶ ÂẦẤẨẪẬ EÈÉẺẼẸ ÊỀẾỂỄỆ IÌÍỈĨỊ OÒÓỎÕỌ ÔỒỐỔỖỘ ƠỜỚỞỠỢ UÙÚỦŨỤ ƯỪỨỬỮỰ YỲÝỶỸỴ Đ "
    "aàáảãạ ăằắẳẵặ âầấẩẫậ eèéẻẽẹ êềếểễệ iìíỉĩị oòóỏõọ ôồốổỗộ ơờớởỡợ uùúủũụ ưừứửữự yỳýỷỹỵ đ 0123456789"
)
