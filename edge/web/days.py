"""Days as people here write them, day before month, whatever language the browser speaks.

A browser shows a date field in the order of its own language, and nobody can tell 03/04 from 03/04. So a day is a
line of text, and these say what is meant by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any, Final

from wtforms import DateField, DateTimeField, TimeField
from wtforms.validators import StopValidation

from schemas.spelling import composed

_OURS: Final = re.compile(r"(\d{1,2})\s*[/.-]\s*(\d{1,2})\s*[/.-]\s*(\d{4})")
_BARE: Final = re.compile(r"(\d{2})(\d{2})(\d{4})")
_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_CLOCK: Final = re.compile(r"([0-9]{1,2})[:hg]([0-9]{2})(?::[0-9]{2})?")
_DIGITS: Final = re.compile(r"([0-9]{2})([0-9]{2})")
_FIRST_YEAR, _LAST_YEAR = 1900, 2999
"""Nobody means a year beyond these, and at the ends of the calendar no day can be counted on."""
NO_DAY: Final = "Ngày ghi theo thứ tự ngày, tháng, năm, ví dụ 30/11/2026. Gõ lại."
NO_HOUR: Final = "Giờ ghi như 08:05 hoặc 8h05. Gõ lại."
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
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


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


def hour_of(typed: str | None) -> time | None:
    """The hour that is meant by `08:05`, `8h05`, `8.05` or `0805`; None for what is none."""
    text = composed(typed or "").replace(".", ":")
    found = _CLOCK.fullmatch(text) or _DIGITS.fullmatch(text)
    if found is None or (int(found[1]), int(found[2])) > (23, 59) or int(found[2]) > 59:
        return None
    return time(int(found[1]), int(found[2]))


def _said(field: Any, valuelist: list[Any]) -> str:
    """What was typed; for blanks the same as for nothing, so that something that must be there is asked for."""
    typed = next((str(one) for one in valuelist), "")
    if not typed.strip():
        field.raw_data = []
    return typed


class _Read:
    """What cannot be read is not looked at any further: validators see a day, a moment or an hour, or nothing typed."""

    process_errors: Sequence[str]

    def pre_validate(self, form: Any) -> None:
        if self.process_errors:
            raise StopValidation


class Day(_Read, DateField):  # type: ignore[misc]  # WTForms has no types
    """A day in a form; what was typed and is none stays in the field."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        """As `day_of` reads it; None for blanks. ValueError says to the person how a day is written."""
        typed = _said(self, valuelist)
        self.data = day_of(typed)
        if self.data is None and typed.strip():
            raise ValueError(NO_DAY)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:%d/%m/%Y}" if self.data else ""


class Moment(_Read, DateTimeField):  # type: ignore[misc]
    """A day and an hour of Vietnam in a form."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        """As `moment_of` reads it, without a zone; None for blanks. ValueError says how one is written."""
        typed = _said(self, valuelist)
        self.data = moment_of(typed)
        if self.data is None and typed.strip():
            raise ValueError(NO_MOMENT)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:%d/%m/%Y %H:%M}" if self.data else ""


class Hour(_Read, TimeField):  # type: ignore[misc]
    """An hour of the day in a form; what was typed and is none stays in the field."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        """As `hour_of` reads it; None for blanks. ValueError says how an hour is written."""
        typed = _said(self, valuelist)
        self.data = hour_of(typed)
        if self.data is None and typed.strip():
            raise ValueError(NO_HOUR)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data:%H:%M}" if self.data else ""
