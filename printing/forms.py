"""Forms as data: one TOML file for each version of a form, with the days on which it is in force.

    number = "01"                       # the form's number, or a short name where the law gives none
    source = "…"                        # the legal text
    in_force_from = 2025-09-15
    in_force_until = 2027-02-28         # the last day; left out while it is in force
    title = "GIẤY TIẾP NHẬN …"

A text may hold fields in braces, `**bold**`, and parts in square brackets that vanish where one of their fields is
empty: "Người nộp: **{submitter}**[ ({authorisation})]". An empty field elsewhere prints as `empty` ("không có").
No form names an agency: agencies are fields.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from printing.errors import BadForm, NoFormInForce

SHIPPED = Path(__file__).parent / "forms"

Line = str | tuple[str, ...]


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a table. Those with `width_mm` 0 share what the others leave; `total` stands in a last row, if any has one.

    Neighbours with one `group` stand below a common head.
    """

    head: str
    text: str
    width_mm: float = 0
    align: Literal["left", "centre", "right"] = "left"
    group: str = ""
    total: str = ""


class SignatoryForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    role: str
    name: str
    hint: str = ""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lines, a table, lines. `table` names the rows that fill it; an inner list is a line of short facts."""

    before: tuple[Line, ...] = ()
    table: str = "rows"
    columns: tuple[Column, ...] = ()
    after: tuple[Line, ...] = ()


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of one form. `before`, `columns` and `after` are its first section, `further` are the others.

    `layout` and `sheet` say how it is set and on what; sizes are points. `paper_number` stands below the agency, `marks`
    at the right below the head, one a line (book and number; form and symbol of a receipt), the QR code below the agency
    or between the signatures. `foot` is the left end of the foot line on the first page, `foot_further` on the others,
    `foot_right` the right end. `symbol` is the short name of this kind of document in its number ("12/KQ-SXD"; decree
    30/2020, appendix III).
    """

    number: str
    source: str
    in_force_from: date
    title: str
    in_force_until: date | None = None
    layout: Literal["letter", "ticket", "label"] = "letter"
    sheet: Literal["a4", "a4-across", "a5-across", "roll-80", "label"] = "a4"
    empty: str = ""
    above: str = ""
    agency: str = ""
    place_line: str = ""
    paper_number: str = ""
    hint: str = ""
    code_at: Literal["head", "signatures"] = "head"
    marks: tuple[str, ...] = ()
    subtitles: tuple[str, ...] = ()
    number_line: str = ""
    before: tuple[Line, ...] = ()
    table: str = "rows"
    columns: tuple[Column, ...] = ()
    size: Annotated[float, msgspec.Meta(ge=9, le=14)] = 13
    table_size: Annotated[float, msgspec.Meta(ge=7, le=14)] = 12
    after: tuple[Line, ...] = ()
    further: tuple[Section, ...] = ()
    signatories: tuple[SignatoryForm, ...] = ()
    signing_space_mm: float = 14
    receivers: tuple[str, ...] = ()
    foot: str = ""
    foot_right: str = ""
    foot_further: str = ""
    copies: tuple[str, ...] = ()
    symbol: str = ""

    @property
    def sections(self) -> tuple[Section, ...]:
        return (Section(self.before, self.table, self.columns, self.after), *self.further)

    def covers(self, day: date) -> bool:
        return self.in_force_from <= day and (self.in_force_until is None or day <= self.in_force_until)

    def fill(self, text: str, fields: Mapping[str, str]) -> str:
        """`text` with its fields, as markup. Raises BadForm for a field that this paper does not have."""
        return "".join(self._pieces(self._kept(text, fields), fields))

    def fill_plain(self, text: str, fields: Mapping[str, str]) -> str:
        """The same for what is drawn as plain text: no markup, no bold."""
        return self._plain(text, fields, self.empty)

    def fill_cell(self, text: str, fields: Mapping[str, str]) -> str:
        """The same for a cell of a table: what is empty stays empty."""
        return self._plain(text, fields, "")

    def _plain(self, text: str, fields: Mapping[str, str], empty: str) -> str:
        kept = self._kept(text, fields).replace("**", "")
        return _FIELD.sub(lambda found: self._known(found[1], fields) or empty, kept)

    def _kept(self, text: str, fields: Mapping[str, str]) -> str:
        """Without the bracketed parts that have an empty field, and without the brackets."""

        def part(found: re.Match[str]) -> str:
            filled = all(self._known(name, fields) for name in _FIELD.findall(found[1]))
            return found[1] if filled else ""

        return _OPTIONAL.sub(part, text)

    def _pieces(self, text: str, fields: Mapping[str, str]) -> Iterable[str]:
        bold = False
        for part in _PARTS.split(text):
            field = _FIELD.fullmatch(part)
            if part == "**":
                bold = not bold
                yield "<b>" if bold else "</b>"
            else:
                yield _escaped(self._value(field[1], fields) if field else part)

    def _value(self, name: str, fields: Mapping[str, str]) -> str:
        return self._known(name, fields) or self.empty

    def _known(self, name: str, fields: Mapping[str, str]) -> str:
        if name not in fields:
            raise BadForm(self.number, f"there is no field {name!r}")
        return fields[name]


class Forms:
    """All versions of all forms that a node knows."""

    def __init__(self, versions: Iterable[Form]) -> None:
        self._versions = tuple(versions)

    @classmethod
    def shipped(cls) -> Forms:
        """The forms that come with the program, read once: they do not change while it runs."""
        return _shipped()

    def in_force(self, number: str, day: date) -> Form:
        """The version of `number` for a fact of `day` (in Vietnam); the newest where two overlap.

        Raises NoFormInForce. A reprint asks for the day of the fact again, and so looks as the first print did.
        """
        covering = [form for form in self._versions if form.number == number and form.covers(day)]
        if not covering:
            raise NoFormInForce(number, day)
        return max(covering, key=lambda form: form.in_force_from)


@cache
def _shipped() -> Forms:
    return Forms(load(path) for path in sorted(SHIPPED.glob("*.toml")))


def load(path: Path) -> Form:
    """Read one version. Raises BadForm."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Form)
    except (msgspec.DecodeError, UnicodeDecodeError) as why:
        raise BadForm(path.stem, str(why)) from why


_FIELD = re.compile(r"\{(\w+)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PARTS = re.compile(r"(\*\*|\{\w+\})")


def _escaped(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br/>")
