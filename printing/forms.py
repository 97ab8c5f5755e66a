"""Forms as data (`schemas.forms`): one TOML file for each version that comes with the program, and those of the catalog.

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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import structs

from printing.errors import BadForm, NoFormInForce
from schemas.forms import Column, FormVersion, Line, Section, SignatoryForm

__all__ = ["Column", "Form", "Forms", "Line", "Section", "SignatoryForm", "load"]

SHIPPED = Path(__file__).parent / "forms"


class Form(FormVersion, frozen=True, omit_defaults=True):
    """A version of a form that fills itself."""

    @classmethod
    def of(cls, version: FormVersion) -> Form:
        """The same version, field by field."""
        return cls(**structs.asdict(version))

    def fill(self, text: str, fields: Mapping[str, str], empty: str | None = None) -> str:
        """`text` with its fields, as markup. Raises BadForm for a field that this paper does not have.

        `empty` takes the place of the form's own word for what is empty.
        """
        said = self.empty if empty is None else empty
        return "".join(self._pieces(self._kept(text, fields), fields, said))

    def fill_plain(self, text: str, fields: Mapping[str, str]) -> str:
        """The same for what is drawn as plain text: no markup, no bold."""
        return self._plain(text, fields, self.empty)

    def fill_cell(self, text: str, fields: Mapping[str, str]) -> str:
        """The same for a cell of a table: what is empty stays empty."""
        return self._plain(text, fields, "")

    def _plain(self, text: str, fields: Mapping[str, str], empty: str) -> str:
        kept = self._kept(text, fields).replace("**", "")
        return FACT.sub(lambda found: self._known(found[1], fields) or empty, kept)

    def _kept(self, text: str, fields: Mapping[str, str]) -> str:
        """Without the bracketed parts that have an empty field, and without the brackets."""

        def part(found: re.Match[str]) -> str:
            filled = all(self._known(name, fields) for name in FACT.findall(found[1]))
            return found[1] if filled else ""

        return OPTIONAL.sub(part, text)

    def _pieces(self, text: str, fields: Mapping[str, str], empty: str) -> Iterable[str]:
        bold = False
        for part in _PARTS.split(text):
            field = FACT.fullmatch(part)
            if part == "**":
                bold = not bold
                yield "<b>" if bold else "</b>"
            else:
                yield _escaped(self._known(field[1], fields) or empty if field else part)

    def _known(self, name: str, fields: Mapping[str, str]) -> str:
        if name not in fields:
            raise BadForm(self.number, f"there is no field {name!r}")
        return fields[name]


Published = Callable[[str, int], Sequence[FormVersion]]
"""The versions of a form that the first so many entries of the catalog publish, the oldest entry first."""


class Forms:
    """All versions of all forms that a node knows: those of the program, and those that the catalog publishes."""

    def __init__(self, versions: Iterable[Form], published: Published = lambda number, catalog: ()) -> None:
        self._versions = tuple(versions)
        self._published = published
        self._of = cache(Form.of)

    @classmethod
    def shipped(cls) -> Forms:
        """The forms that come with the program, read once: they do not change while it runs."""
        return _shipped()

    def with_published(self, published: Published) -> Forms:
        """The same, and those of a catalog."""
        return Forms(self._versions, published)

    @property
    def numbers(self) -> list[str]:
        """Of all forms that the program has."""
        return sorted({form.number for form in self._versions})

    def versions(self, number: str, catalog: int = 0) -> list[Form]:
        """All versions of a form, from the earliest day to the latest, as of an entry of the catalog.

        Of two with one first day the later one replaces the other; one of the catalog replaces the program's own.
        """
        by_day = {form.in_force_from: form for form in self._versions if form.number == number}
        by_day |= {one.in_force_from: self._of(one) for one in self._published(number, catalog)}
        return [by_day[day] for day in sorted(by_day)]

    def in_force(self, number: str, day: date, catalog: int = 0) -> Form:
        """The version of `number` for a fact of `day` (in Vietnam); the newest where two overlap.

        `catalog` is the number of the entry that the fact rests on: what is published afterwards, for whatever day,
        changes no paper of it. Raises NoFormInForce. A reprint asks for the same again, and so looks as the first
        print did.
        """
        covering = [form for form in self.versions(number, catalog) if form.covers(day)]
        if not covering:
            raise NoFormInForce(number, day)
        return covering[-1]


@cache
def _shipped() -> Forms:
    return Forms(load(path) for path in sorted(SHIPPED.glob("*.toml")))


def load(path: Path) -> Form:
    """Read one version. Raises BadForm."""
    try:
        said = msgspec.toml.decode(path.read_bytes())
        form = msgspec.convert(said, Form)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as why:
        raise BadForm(path.stem, str(why)) from why
    for name in _strays(said, Form):
        raise BadForm(path.stem, f"there is no place for {name!r}")
    return form


_PARTS_OF: Final = {"columns": Column, "signatories": SignatoryForm, "further": Section}


def _strays(said: Mapping[str, Any], kind: Any) -> Iterator[str]:
    """Members of a file that nothing reads: a mistyped one would be left out without a word."""
    yield from set(said) - set(kind.__struct_fields__)
    for name, part in _PARTS_OF.items():
        for one in said.get(name, ()):
            yield from _strays(one, part)


FACT: Final = re.compile(r"\{(\w+)\}")
OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")
_PARTS = re.compile(r"(\*\*|\{\w+\})")


def _escaped(text: str) -> str:
    return html.escape(text, quote=False).replace("\n", "<br/>")
