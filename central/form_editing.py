"""A version of a form as the fields of a page, and back.

A list has one text a line; short facts that share a line are parted by " | ". A row of a table of columns or
signatories whose words are all empty is left out; columns stand in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, cast

from msgspec import structs

from printing.forms import Column, Form, Line, Section, SignatoryForm
from schemas.spelling import composed

TEXTS: Final = (
    "source",
    "title",
    "empty",
    "above",
    "agency",
    "place_line",
    "paper_number",
    "hint",
    "bar_code",
    "number_line",
    "foot",
    "foot_further",
    "foot_right",
    "symbol",
)
LISTS: Final = ("marks", "subtitles", "receivers", "copies")
SIZES: Final = ("half_points", "table_half_points")
ALIGN: Final = ("left", "centre", "right")
APART: Final = " | "
MOST_ROWS: Final = 40
"""Columns or signatories of one table; 13 is the most that any form has."""
_COLUMN: Final = ("head", "text", "width_mm", "align", "group", "total")
_SIGNATORY: Final = ("role", "hint", "name")
_LARGEST: Final = {"width_mm": 297, "signing_space_mm": 120}

Fields = dict[str, str]
_Align = Literal["left", "centre", "right"]


@dataclass
class Read:
    """What was typed: a version, and where something is no number (field, what is wrong)."""

    form: Form
    wrong: list[tuple[str, str]] = field(default_factory=list)


def fields_of(form: Form) -> Fields:
    """A version as a page shows it."""
    fields = {name: getattr(form, name) for name in TEXTS}
    fields |= {name: "\n".join(getattr(form, name)) for name in LISTS}
    fields |= {name: points(getattr(form, name)) for name in SIZES}
    fields["signing_space_mm"] = str(form.signing_space_mm)
    for place, section in enumerate(form.sections):
        fields[f"before-{place}"] = _typed_lines(section.before)
        fields[f"after-{place}"] = _typed_lines(section.after)
        for row, column in enumerate(section.columns):
            for name in _COLUMN:
                fields[f"{name}-{place}-{row}"] = str(getattr(column, name) or "")
            fields[f"order-{place}-{row}"] = str(row + 1)
    for row, one in enumerate(form.signatories):
        for name in _SIGNATORY:
            fields[f"{name}-{row}"] = getattr(one, name)
    return fields


def points(half_points: int) -> str:
    """As in "10,5"."""
    return f"{half_points / 2:g}".replace(".", ",")


def read(fields: Mapping[str, str], base: Form, since: date) -> Read:
    """The version that was typed, from its first day on. What no page changes is as in `base`."""
    done = Read(base)
    sections = [_section(fields, place, section, done) for place, section in enumerate(base.sections)]
    first, further = sections[0], tuple(sections[1:])
    done.form = structs.replace(
        base,
        in_force_from=since,
        before=first.before,
        columns=first.columns,
        after=first.after,
        further=further,
        signatories=tuple(_signatories(fields)),
        signing_space_mm=_number(fields, "signing_space_mm", base.signing_space_mm, done),
        **{name: composed(fields.get(name, getattr(base, name))) for name in TEXTS},
        **{name: _list(fields.get(name)) if name in fields else getattr(base, name) for name in LISTS},
        **{name: _half_points(fields, name, getattr(base, name), done) for name in SIZES},
    )
    return done


def rows_of(fields: Mapping[str, str], name: str) -> int:
    """How many rows of a table were sent: `name` is the field that each of them has, before its number."""
    return next((row for row in range(MOST_ROWS) if f"{name}-{row}" not in fields), MOST_ROWS)


def _section(fields: Mapping[str, str], place: int, base: Section, done: Read) -> Section:
    return Section(
        before=_lines(fields.get(f"before-{place}"), base.before),
        table=base.table,
        columns=tuple(_columns(fields, place, done)) if base.columns else (),
        after=_lines(fields.get(f"after-{place}"), base.after),
    )


def _columns(fields: Mapping[str, str], place: int, done: Read) -> list[Column]:
    found: list[tuple[int, int, Column]] = []
    for row in range(rows_of(fields, f"head-{place}")):
        said = {name: _cell(fields.get(f"{name}-{place}-{row}", "")) for name in _COLUMN}
        if not (said["head"] or said["text"]):
            continue
        align = said["align"] if said["align"] in ALIGN else "left"
        column = Column(
            head=said["head"],
            text=said["text"],
            width_mm=_number(fields, f"width_mm-{place}-{row}", 0, done),
            align=cast(_Align, align),
            group=said["group"],
            total=said["total"],
        )
        found.append((_number(fields, f"order-{place}-{row}", row + 1, done), row, column))
    return [column for _, _, column in sorted(found, key=lambda one: one[:2])]


def _signatories(fields: Mapping[str, str]) -> Iterator[SignatoryForm]:
    for row in range(rows_of(fields, "role")):
        said = {name: composed(fields.get(f"{name}-{row}", "")) for name in _SIGNATORY}
        if said["role"] or said["name"]:
            yield SignatoryForm(role=said["role"], name=said["name"], hint=said["hint"])


def _typed_lines(lines: tuple[Line, ...]) -> str:
    return "\n".join(line if isinstance(line, str) else APART.join(line) for line in lines)


def _lines(typed: str | None, base: tuple[Line, ...]) -> tuple[Line, ...]:
    if typed is None:
        return base
    found: list[Line] = []
    for line in typed.splitlines():
        parts = tuple(composed(part) for part in line.split("|"))
        if any(parts):
            found.append(parts if len(parts) > 1 else parts[0])
    return tuple(found)


def _list(typed: str | None) -> tuple[str, ...]:
    return tuple(said for line in (typed or "").splitlines() if (said := composed(line)))


def _cell(typed: str) -> str:
    """A cell may have several lines, empty ones too: room for pens."""
    return "\n".join(composed(line) for line in typed.replace("\r\n", "\n").split("\n"))


def _number(fields: Mapping[str, str], name: str, otherwise: int, done: Read) -> int:
    typed = fields.get(name, str(otherwise)).strip()
    most = _LARGEST.get(name.partition("-")[0], MOST_ROWS)
    if not typed:
        return 0
    if not (typed.isascii() and typed.isdigit() and int(typed) <= most):
        done.wrong.append((name, f"Ghi một số nguyên từ 0 đến {most}."))
        return otherwise
    return int(typed)


def _half_points(fields: Mapping[str, str], name: str, otherwise: int, done: Read) -> int:
    typed = fields.get(name, points(otherwise)).strip().replace(",", ".")
    least = 14 if name.startswith("table") else 18
    try:
        twice = float(typed) * 2
    except ValueError:
        twice = 0
    if twice != int(twice) or not least <= twice <= 28:
        done.wrong.append((name, f"Cỡ chữ từ {points(least)} đến 14, cách nhau nửa điểm."))
        return otherwise
    return int(twice)
