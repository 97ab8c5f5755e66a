"""A version of a form of paper, as data: its words, facts and columns, and the days on which it is in force.

Versions come with the program and from the catalog, where an administrator publishes them; `printing.forms` chooses
among them and fills them. Nothing here has a fraction: canonical JSON has none (docs/decisions/0004).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Words = Annotated[str, Meta(max_length=2000)]
Line = Words | Annotated[tuple[Words, ...], Meta(max_length=9)]
Millimetres = Annotated[int, Meta(ge=0, le=297)]
HalfPoints = Annotated[int, Meta(ge=18, le=28)]
"""Twice a size in points, as word processors count."""
HalfPointsOfTable = Annotated[int, Meta(ge=14, le=28)]


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of a table. Those with `width_mm` 0 share what the others leave; `total` stands in a last row, if any has one.

    Neighbours with one `group` stand below a common head.
    """

    head: Words
    text: Words
    width_mm: Millimetres = 0
    align: Literal["left", "centre", "right"] = "left"
    group: Words = ""
    total: Words = ""


class SignatoryForm(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who signs at the foot of a form: the line above the name, the name, and what stands between them."""

    role: Words
    name: Words
    hint: Words = ""


class Section(msgspec.Struct, frozen=True, omit_defaults=True):
    """Lines, a table, lines. `table` names the rows that fill it; an inner list is a line of short facts."""

    before: tuple[Line, ...] = ()
    table: Words = "rows"
    columns: tuple[Column, ...] = ()
    after: tuple[Line, ...] = ()


class FormVersion(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of one form. `before`, `columns` and `after` are its first section, `further` are the others.

    `number` is the form's number, or a short name where the law gives none; `source` is the legal text.
    `in_force_until` is the last day, left out while there is none. `layout` and `sheet` say how it is set and on what.
    `paper_number` stands below the agency, `marks` at the right below the head, one a line (book and number; form and
    symbol of a receipt), the QR code below the agency, between the signatures or below the receivers (a seal stands between
    them), and `bar_code` as bars beside it.
    `foot` is the left end of the foot line on the first page, `foot_further` on the others, `foot_right` the right end.
    `symbol` is the short name of this kind of document in its number ("12/KQ-SXD"; decree 30/2020, appendix III).
    """

    number: Annotated[str, Meta(pattern=r"^[0-9A-Za-z-]{1,20}\Z")]
    source: Words
    in_force_from: date
    title: Words
    in_force_until: date | None = None
    layout: Literal["letter", "ticket", "label"] = "letter"
    sheet: Literal["a4", "a4-across", "a5-across", "roll-80", "label"] = "a4"
    empty: Words = ""
    above: Words = ""
    agency: Words = ""
    place_line: Words = ""
    paper_number: Words = ""
    hint: Words = ""
    code_at: Literal["head", "signatures", "receivers"] = "head"
    bar_code: Words = ""
    marks: tuple[Words, ...] = ()
    subtitles: tuple[Words, ...] = ()
    number_line: Words = ""
    before: tuple[Line, ...] = ()
    table: Words = "rows"
    columns: tuple[Column, ...] = ()
    half_points: HalfPoints = 26
    table_half_points: HalfPointsOfTable = 24
    after: tuple[Line, ...] = ()
    further: tuple[Section, ...] = ()
    signatories: tuple[SignatoryForm, ...] = ()
    signing_space_mm: Millimetres = 14
    receivers: tuple[Words, ...] = ()
    foot: Words = ""
    foot_right: Words = ""
    foot_further: Words = ""
    copies: tuple[Words, ...] = ()
    symbol: Words = ""

    @property
    def size(self) -> float:
        """Of running text, in points."""
        return self.half_points / 2

    @property
    def table_size(self) -> float:
        """Of text in tables, in points."""
        return self.table_half_points / 2

    @property
    def sections(self) -> tuple[Section, ...]:
        """The first one and the `further`, in the order of the paper."""
        return (Section(self.before, self.table, self.columns, self.after), *self.further)

    def covers(self, day: date) -> bool:
        """On a Vietnamese day; the first and the last are in it, and without a last it stays in force."""
        return self.in_force_from <= day and (self.in_force_until is None or day <= self.in_force_until)
