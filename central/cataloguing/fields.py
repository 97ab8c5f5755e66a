"""An entry as the fields of a page, and back, for every kind of entry alike.

What fields there are, its type says; a field's name is the path to its member, joined by "-": `limit-value`,
`components-0-name`; of several choices each has its own, `steps-seal`. What was typed is one text a name.

1. A list of texts has one a line. A list of things with members has a row each, and empty rows at its end for more;
   a row whose first words are deleted is left out (`ROW_IS`).
2. What no page changes (`KEPT`: pictures, certificates) stays as it was.
3. What is wrong is said at its field, and nothing typed is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import inspect

from central.cataloguing.labels import HINTS, PATTERNS, amount, choice, member
from edge.web.days import NO_DAY, day_of
from edge.web.forms import LONGEST, amount_of, paragraph, text, too_long
from edge.web.language import say
from schemas.calendar import DayOff
from schemas.entries import Agency, Case, Centre, Component, Fee, Procedure
from schemas.fees import FeeLine, Relief

T = TypeVar("T")
Typed = Mapping[str, str]
SPARE: Final = 2
"""Empty rows for more."""
MOST_ROWS: Final = 200
KEPT: Final[frozenset[tuple[Any, str]]] = frozenset(
    {(Agency, "seal"), (Agency, "next_seal"), (Agency, "certificates"), (Centre, "tls_authority")}
)
ROW_IS: Final[Mapping[type[Any], str]] = {
    Component: "name",
    Fee: "amount",
    Case: "code",
    FeeLine: "name",
    Relief: "name",
    DayOff: "day",
}
"""The member without which a row is none."""
LONG: Final = frozenset(
    {
        (Procedure, "name"),
        (Procedure, "wording"),
        (Procedure, "refusal"),
        (Procedure, "fee_note"),
    }
)
"""Texts of several lines."""


class Shape(Enum):
    """How a field looks."""

    LINE = "line"
    AREA = "area"
    DAY = "day"
    BOX = "box"
    CHOICE = "choice"
    BOXES = "boxes"
    GROUP = "group"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a page. `fields` are those of a group, `rows` those of each row; `heads` what the columns are called,
    and `hint` then the one without which a row is none."""

    name: str
    label: str
    shape: Shape
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    number: bool = False
    fixed: bool = False
    fields: tuple[Field, ...] = ()
    rows: tuple[tuple[Field, ...], ...] = ()
    heads: tuple[str, ...] = ()

    @property
    def nested(self) -> bool:
        """Whether its rows hold rows, and so stand below each other."""
        return any(one.shape in (Shape.ROWS, Shape.GROUP) for row in self.rows for one in row)


@dataclass
class Read(Generic[T]):
    """What was typed: the entry, or None with what is wrong (field, words)."""

    entry: T | None
    wrong: list[tuple[str, str]] = field(default_factory=list)


# ---- as a page shows it


def typed_of(entry: msgspec.Struct) -> dict[str, str]:
    """An entry as if somebody had typed it."""
    return dict(_typed("", entry))


Known = Mapping[tuple[type[Any], str], tuple[tuple[str, str], ...]]
"""Of a member that names something else, what it may name."""


def fields(kind: type[Any], typed: Typed, known: Known, *, fixed: str = "") -> list[Field]:
    """The fields of an entry of a kind with what was typed. `fixed`: the member that says whose entry it is."""
    return list(_fields(kind, "", typed, known, fixed))


def _typed(path: str, entry: msgspec.Struct) -> Iterator[tuple[str, str]]:
    for name in entry.__struct_fields__:
        if (type(entry), name) in KEPT:
            continue
        value, here = getattr(entry, name), f"{path}{name}"
        match value:
            case msgspec.Struct():
                yield from _typed(f"{here}-", value)
            case (msgspec.Struct(), *_):
                for place, row in enumerate(value):
                    yield from _typed(f"{here}-{place}-", row)
            case (Enum(), *_):
                yield from ((f"{here}-{one.value}", "y") for one in value)
            case tuple():
                yield here, "\n".join(_word(one) for one in value)
            case _:
                yield here, _word(value)


def _word(value: Any) -> str:
    match value:
        case bool():
            return "y" if value else ""
        case date():
            return f"{value:%d/%m/%Y}"
        case Enum():
            return str(value.value)
        case None | msgspec.UNSET:
            return ""
        case _:
            return str(value)


def _fields(kind: type[Any], path: str, typed: Typed, known: Known, fixed: str = "") -> Iterator[Field]:
    for one in _members(kind):
        if (kind, one.name) in KEPT:
            continue
        name, label = f"{path}{one.name}", member(kind, one.name)
        hint = HINTS.get((kind, one.name), "")
        inner = one.type
        value = typed.get(name, "")
        if isinstance(inner, inspect.StructType):
            group = tuple(_fields(inner.cls, f"{name}-", typed, known))
            yield Field(name, label, Shape.GROUP, fields=group, hint=hint)
        elif isinstance(inner, inspect.VarTupleType) and isinstance(inner.item_type, inspect.StructType):
            of = inner.item_type.cls
            count = _rows_sent(typed, name) + (SPARE if not path else 1)
            rows = tuple(tuple(_fields(of, f"{name}-{place}-", typed, known)) for place in range(count))
            heads = tuple(member(of, named.name) for named in _members(of))
            yield Field(name, label, Shape.ROWS, rows=rows, heads=heads, hint=member(of, ROW_IS[of]))
        elif isinstance(inner, inspect.VarTupleType):
            if choices := _choices(inner.item_type):
                boxes = tuple(
                    Field(f"{name}-{sent}", said, Shape.BOX, typed.get(f"{name}-{sent}", ""))
                    for sent, said in choices
                )
                yield Field(name, label, Shape.BOXES, fields=boxes, hint=hint)
            else:
                yield Field(name, label, Shape.AREA, value, hint=hint)
        elif isinstance(inner, inspect.BoolType):
            yield Field(name, label, Shape.BOX, value, hint=hint)
        elif (kind, one.name) in known:
            here = known[kind, one.name]
            other = ((value, value),) if value and value not in dict(here) else ()
            yield Field(name, label, Shape.CHOICE, value, (("", "–"), *here, *other))
        elif choices := _choices(inner):
            yield Field(
                name,
                label,
                Shape.CHOICE,
                value,
                (("", "–"), *choices) if _may_be_none(one, path) else choices,
            )
        elif isinstance(inner, inspect.DateType):
            yield Field(name, label, Shape.DAY, value, hint=hint)
        else:
            shape = Shape.AREA if (kind, one.name) in LONG else Shape.LINE
            number = isinstance(inner, inspect.IntType)
            shown = _thousands(value) if number and one.name == "amount" else value
            yield Field(name, label, shape, shown, hint=hint, number=number, fixed=one.name == fixed)


def _may_be_none(one: inspect.Field, path: str) -> bool:
    """Whether none of the choices may be chosen, or none is yet."""
    return bool(path) if one.required else one.default is msgspec.NODEFAULT


def _thousands(typed: str) -> str:
    return amount(int(typed)) if typed.isascii() and typed.isdigit() else typed


def _members(kind: type[Any]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType), "entries are structs"  # noqa: S101 - a fact of our own types
    return info.fields


def _choices(info: inspect.Type) -> tuple[tuple[str, str], ...]:
    if isinstance(info, inspect.EnumType):
        return tuple((str(one.value), choice(one)) for one in info.cls)
    if isinstance(info, inspect.LiteralType):
        return tuple((str(one), choice(one)) for one in info.values)
    return ()


def _rows_sent(typed: Typed, name: str) -> int:
    """How many rows of a list were sent."""
    start = f"{name}-"
    numbers = [
        int(rest)
        for sent in typed
        if sent.startswith(start) and (rest := sent[len(start) :].partition("-")[0]).isdigit()
    ]
    return min(max(numbers, default=-1) + 1, MOST_ROWS)


# ---- and back


def read(kind: type[T], typed: Typed, base: T | None = None) -> Read[T]:
    """The entry that was typed; what no page shows is as in `base`."""
    done: Read[T] = Read(None)
    data = _struct(kind, "", typed, done.wrong)
    for name in [name for of, name in KEPT if of is kind]:
        kept = getattr(base, name, None)
        if kept:
            data[name] = kept
    if not done.wrong:
        try:
            done.entry = msgspec.convert(data, kind)
        except msgspec.ValidationError as why:
            path = str(why).partition("`$.")[2].rstrip("`").split("[")[0].replace(".", "-")
            done.wrong.append((path or next(iter(data), ""), "Chưa đúng: xem lại mục này."))
    return done


def _struct(kind: type[Any], path: str, typed: Typed, wrong: list[tuple[str, str]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for one in _members(kind):
        if (kind, one.name) in KEPT:
            continue
        name = f"{path}{one.name}"
        inner = one.type
        if isinstance(inner, inspect.StructType):
            if not one.required and not _anything(typed, f"{name}-"):
                continue
            data[one.name] = _struct(inner.cls, f"{name}-", typed, wrong)
        elif isinstance(inner, inspect.VarTupleType) and isinstance(inner.item_type, inspect.StructType):
            data[one.name] = _rows(inner.item_type.cls, name, typed, wrong)
        elif isinstance(inner, inspect.VarTupleType):
            data[one.name] = _many(kind, one, inner, name, typed, wrong)
        else:
            value = _leaf(kind, one, inner, typed.get(name, ""), name, wrong)
            if value is not None:
                data[one.name] = value
    return data


def _anything(typed: Typed, start: str) -> bool:
    return any(text(value) for name, value in typed.items() if name.startswith(start))


def _rows(kind: type[Any], name: str, typed: Typed, wrong: list[tuple[str, str]]) -> list[dict[str, Any]]:
    found = []
    for place in range(_rows_sent(typed, name)):
        if text(typed.get(f"{name}-{place}-{ROW_IS[kind]}", "")):
            found.append(_struct(kind, f"{name}-{place}-", typed, wrong))
    return found


def _many(
    kind: type[Any],
    one: inspect.Field,
    info: inspect.VarTupleType,
    name: str,
    typed: Typed,
    wrong: list[tuple[str, str]],
) -> list[Any]:
    """A list of choices, of days or of lines."""
    if choices := _choices(info.item_type):
        return [value for value, _ in choices if typed.get(f"{name}-{value}")]
    lines = [text(line) for line in typed.get(name, "").splitlines() if text(line)]
    if info.max_length is not None and len(lines) > info.max_length:
        wrong.append((name, say("Ghi nhiều nhất {most} dòng.", most=info.max_length)))
    return [_leaf(kind, one, info.item_type, line, name, wrong) for line in lines]


def _leaf(
    kind: type[Any],
    one: inspect.Field,
    info: inspect.Type,
    typed: str,
    name: str,
    wrong: list[tuple[str, str]],
) -> Any:
    """The value of one field as JSON has it; None where nothing was typed and nothing has to be."""
    if isinstance(info, inspect.BoolType):
        return bool(typed)
    line = paragraph(typed) if (kind, one.name) in LONG else text(typed)
    if not line:
        if one.required and isinstance(info, inspect.StrType) and not (info.min_length or info.pattern):
            return ""
        if one.required:
            words = say(member(kind, one.name))
            wrong.append((name, say("Chưa ghi {field}.", field=f"{words[:1].lower()}{words[1:]}")))
        return None
    match info:
        case inspect.DateType():
            day = day_of(line)
            if day is None:
                wrong.append((name, NO_DAY))
            return day and day.isoformat()
        case inspect.IntType():
            return _number(info, line, name, wrong)
        case inspect.EnumType() | inspect.LiteralType():
            found = next((value for value, _ in _choices(info) if value == line), None)
            if found is None:
                wrong.append((name, "Chọn một mục trong danh sách."))
            return int(line) if isinstance(info, inspect.LiteralType) and line.isdigit() else found
        case inspect.StrType():
            return _text(kind, one, info, line, name, wrong)
        case _:
            return line


def _number(info: inspect.IntType, line: str, name: str, wrong: list[tuple[str, str]]) -> int | None:
    value = amount_of(line)
    least, most = info.ge or 0, info.le
    if value is None or value < least or (most is not None and value > most):
        wrong.append(
            (
                name,
                say("Ghi một số nguyên từ {least} trở lên.", least=amount(least))
                if most is None
                else say("Ghi một số nguyên từ {least} đến {most}.", least=amount(least), most=amount(most)),
            )
        )
        return None
    return value


def _text(
    kind: type[Any],
    one: inspect.Field,
    info: inspect.StrType,
    line: str,
    name: str,
    wrong: list[tuple[str, str]],
) -> str:
    most = info.max_length or LONGEST
    if len(line) > most:
        wrong.append((name, too_long(most)))
    elif info.pattern is not None and not re.search(info.pattern, line):
        wrong.append((name, PATTERNS.get((kind, one.name), "Chưa đúng dạng.")))
    return line
