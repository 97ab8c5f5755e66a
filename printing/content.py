"""What a paper says, apart from how it looks: typed values, and how each becomes the texts that a form names.

A kind of paper is a frozen dataclass that derives from `Paper`; its fields are the facts, its rows the tables. A form
(`printing.forms`) names facts in braces. Each field gives texts by its type:

| type     | field `due` gives                                                     |
|----------|------------------------------------------------------------------------|
| str      | `due`, and `due_line` without its line feeds                           |
| int      | `due`: "1.250"                                                         |
| Dong     | `due`: "1.250.000", and `due_words`: "Một triệu hai trăm …"            |
| date     | `due`: "ngày 30 tháng 11 năm 2026", and `due_short`: "30/11/2026"      |
| datetime | `due`: "16 giờ 30 phút, ngày …", `due_day`: "ngày …", and `due_short`  |

What is not known is an empty string or None, and gives empty texts: the form says what it prints then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar, Final, NewType, cast, get_type_hints

from printing.words import day_in_words, in_vietnam, moment_in_words
from schemas.money import in_words

Dong = NewType("Dong", int)
"""Integer đồng."""

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table; its fields give texts as those of a paper do."""

    def facts(self) -> dict[str, str]:
        """By the field's name, each as the paper says it."""
        return facts_of(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One paper. `FORM` is the form's number; `MADE`, `NAME` and `SUBJECT` say which of its fields are these; `MUST`
    are those that no version of its form may leave out. Agency names are written as in a sentence, line feeds kept.

    `superior` stands above `agency` at the head; `place` is the place-name of the date line. `print_count` counts
    printings ("In lần 2"), `qr_text` is at most `qr.MOST_BYTES` of ASCII, or empty. `catalog` is the number of the
    entry that the fact rests on: which versions of the form were published then.
    """

    FORM: ClassVar[str]
    MADE: ClassVar[str]
    NAME: ClassVar[str] = "number"
    SUBJECT: ClassVar[str] = ""
    MUST: ClassVar[tuple[str, ...]] = ()

    superior: str
    agency: str
    place: str
    catalog: int
    qr_text: str = ""
    print_count: int = 1

    @property
    def made(self) -> datetime:
        """The moment of the fact on paper: it decides the version of the form, and equal facts give equal bytes."""
        made: datetime = getattr(self, self.MADE)
        return made

    @property
    def name(self) -> str:
        """What this paper is called beside its title: a dossier's number, a receipt's, a day."""
        return str(getattr(self, self.NAME))

    @property
    def subject(self) -> str:
        """One line for a reader's window."""
        return str(getattr(self, self.SUBJECT)) if self.SUBJECT else ""

    def facts(self) -> dict[str, str]:
        """All texts that a form may name."""
        return facts_of(self)

    def tables(self) -> dict[str, tuple[Row, ...]]:
        """Its tables by the name of their field."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, tuple)}


_NOTHING: Final = ""


def facts_of(content: object) -> dict[str, str]:
    """The texts of a dataclass, as the table above says."""
    facts: dict[str, str] = {}
    for name, kind in _kinds(type(content)):
        value = getattr(content, name)
        if isinstance(value, str):
            facts[name] = value
            facts[f"{name}_line"] = " ".join(value.split("\n"))
        elif isinstance(value, datetime):
            facts |= _of_moment(name, in_vietnam(value))
        elif isinstance(value, date):
            facts[name], facts[f"{name}_short"] = day_in_words(value), f"{value:%d/%m/%Y}"
        elif isinstance(value, int) and kind is Dong:
            facts[name], facts[f"{name}_words"] = f"{value:,}".replace(",", "."), in_words(value)
        elif isinstance(value, int):
            facts[name] = f"{value:,}".replace(",", ".")
        elif value is None:
            facts |= dict.fromkeys((name, f"{name}_short", f"{name}_day", f"{name}_words"), _NOTHING)
    return facts


def _of_moment(name: str, local: datetime) -> dict[str, str]:
    return {
        name: moment_in_words(local),
        f"{name}_day": day_in_words(local.date()),
        f"{name}_short": f"{local:%H:%M %d/%m/%Y}",
    }


def _kinds(content: type[object]) -> Kinds:
    """Names and declared types of a dataclass's fields; looked up once, because that is slow."""
    known = _KNOWN.get(content)
    if known is None:
        hints = get_type_hints(content)
        known = _KNOWN[content] = tuple((one.name, hints[one.name]) for one in fields(cast(Any, content)))
    return known


Kinds = tuple[tuple[str, Any], ...]
_KNOWN: Final[dict[type[object], Kinds]] = {}
