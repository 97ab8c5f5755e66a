"""Days as people here write them, day before month, whatever language the browser speaks.

A browser shows a date field in the order of its own language, and nobody can tell 03/04 from 03/04. So a day is a
line of text, and these say what is meant by it.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Final

from wtforms import DateField, DateTimeField

from schemas.spelling import composed

_OURS: Final = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})")
_BARE: Final = re.compile(r"(\d{2})(\d{2})(\d{4})")
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_CLOCK: Final = re.compile(r"(\d{1,2})[:hg](\d{2})(?::\d{2})?")
NO_DAY: Final = "Ngày ghi theo thứ tự ngày, tháng, năm, ví dụ 30/11/2026. Gõ lại."
NO_MOMENT: Final = "Ghi ngày rồi giờ, ví dụ 30/11/2026 08:05. Gõ lại."


def day_of(typed: str | None) -> date | None:
    """The day that is meant by `30/11/2026`, `30.11.2026`, `30112026` or `2026-11-30`; None for what is no day."""
    text = composed(typed or "")
    if (iso := _ISO.fullmatch(text)) is not None:
        year, month, day = iso.groups()
    elif (ours := _OURS.fullmatch(text) or _BARE.fullmatch(text)) is not None:
        day, month, year = ours.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def moment_of(typed: str | None) -> datetime | None:
    """A day and an hour, in either order: `30/11/2026 08:05`, `08:05 30/11/2026`; no zone."""
    hour, day = None, []
    for part in composed(typed or "").replace("T", " ").replace(",", " ").split():
        found = _CLOCK.fullmatch(part)
        if found is not None and hour is None:
            hour = int(found[1]), int(found[2])
        else:
            day.append(part)
    on = day_of(" ".join(day))
    if on is None or hour is None or hour > (23, 59) or hour[1] > 59:
        return None
    return datetime(on.year, on.month, on.day, *hour)  # noqa: DTZ001 - the form's own zone is Vietnam's


class Day(DateField):  # type: ignore[misc]  # WTForms has no types
    """A day in a form; what was typed and is none stays in the field."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = next((str(one) for one in valuelist), "")
        self.data = day_of(typed)
        if self.data is None and typed.strip():
            raise ValueError(NO_DAY)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:%d/%m/%Y}" if self.data else ""


class Moment(DateTimeField):  # type: ignore[misc]
    """A day and an hour of Vietnam in a form."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        typed = next((str(one) for one in valuelist), "")
        self.data = moment_of(typed)
        if self.data is None and typed.strip():
            raise ValueError(NO_MOMENT)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:%d/%m/%Y %H:%M}" if self.data else ""
