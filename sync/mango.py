"""Mango selectors: which documents does a JSON query mean? For `_find` and `_changes?filter=_selector`.

A selector is checked and put into normal form once, as CouchDB does (src/mango/src/mango_selector.erl), so
that asking a document cannot go wrong: field names are pushed down to the operators, negations too. The
second is not only for speed, it is the meaning: `{"$not": {"age": {"$gt": 5}}}` becomes `age <= 5`, which a
document without `age` does not fulfil. A field that is missing fulfils `$exists: false` and nothing else.

Where we differ from CouchDB:
- Strings are compared by code points, as PouchDB does and as ids are in both; CouchDB compares all but
  `_id` by ICU's order (`a < B`), under which different strings may even be equal. Members of objects are
  compared by name, not in the order in which they were sent: a body is stored with sorted names.
- `$regex` is RE2's syntax, which is PCRE's without look-around and back references, and takes time in
  proportion to the text, whatever the pattern: nobody can stop a server with `(a*)*b`. A text too long for
  its pattern does not match, as one beyond PCRE's limits does not in CouchDB.
- `$text` needs Lucene: refused. So is a divisor of 0, on which CouchDB answers 500.
- There are limits on depth and size, so that a selector cannot cost more than the documents it is asked of.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple, NoReturn, TypeAlias

import re2

from sync.documents import Json, dump
from sync.errors import BadRequest

MAX_DEPTH = 64
MAX_CONDITIONS = 1_000
MAX_PATTERN_LENGTH = 1_000
_PATTERN_BYTES = 1024 * 1024  # of RE2's memory: bounds what `(.{200}){200}` may become
_PATTERN_STEPS = 10**9  # about a second: instructions of a pattern times characters of a text

Path: TypeAlias = tuple[str, ...]
_Test: TypeAlias = Callable[[Any], bool]


class Selector:
    """A selector in normal form.

    Raises `BadRequest` with CouchDB's words (`bad_arg`, `invalid_operator`, `not_supported`,
    `invalid_selector_json`, …; src/mango/src/mango_error.erl) for anything malformed; `matches` never raises.
    """

    def __init__(self, selector: object) -> None:
        if not isinstance(selector, dict):
            raise BadRequest(
                f"Selector must be a JSON object, not: {_short(selector)}", error="invalid_selector_json"
            )
        self.condition = _Normal().of(selector) if selector else All(())
        if isinstance(self.condition, Where) and not self.condition.path:
            raise BadRequest("One or more conditions is missing a field name.", error="invalid_selector")

    def matches(self, document: Json) -> bool:
        """`document` as a client would read it, with `_id` and `_rev`."""
        return self.condition.holds(document)

    def ids(self) -> IdRange:
        """The ids between which every match lies: what a scan need not leave."""
        bounds = [one.ids() for one in self.condition.all_of()]
        lows = [one.low for one in bounds if one.low is not None]
        highs = [one.high for one in bounds if one.high is not None]
        return IdRange(max(lows, default=None), min(highs, default=None))

    def requires(self, path: Path) -> bool:
        """Whether nothing matches that does not have this field."""
        return self.condition.requires(path)

    def fixes(self, path: Path) -> bool:
        """Whether all that match have the same value there."""
        return any(one.path == path and one.operator == "$eq" for one in self.condition.all_of())


class IdRange(NamedTuple):
    """Both ends belong to it; None is open."""

    low: str | None
    high: str | None


# ---- collation


def collate(one: Any, other: Any) -> int:
    """Less than, equal to or greater than 0, as `one` comes before, with or after `other` in CouchDB's order:
    null, false, true, numbers, strings, arrays, objects.

    Goes no deeper than the shallower of the two.
    """
    rank, other_rank = _rank(one), _rank(other)
    if rank != other_rank or rank < _NUMBER:
        return rank - other_rank
    if rank == _ARRAY:
        return _collate_each(one, other)
    if rank == _OBJECT:
        return _collate_each(_flat(one), _flat(other))
    return int(one > other) - int(one < other)


_NUMBER, _STRING, _ARRAY, _OBJECT = 3, 4, 5, 6


def _rank(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, bool):
        return 2 if value else 1
    if isinstance(value, str):
        return _STRING
    if isinstance(value, list):
        return _ARRAY
    return _OBJECT if isinstance(value, dict) else _NUMBER


def _flat(members: Json) -> list[Any]:
    return [part for name in sorted(members) for part in (name, members[name])]


def _collate_each(ones: Sequence[Any], others: Sequence[Any]) -> int:
    for one, other in zip(ones, others, strict=False):
        if order := collate(one, other):
            return order
    return len(ones) - len(others)


def _collate_id(doc_id: Any, bound: Any) -> int:
    """An id comes after everything that is no string: CouchDB compares it as an Erlang term."""
    if isinstance(doc_id, str) and not isinstance(bound, str):
        return 1
    return collate(doc_id, bound)


class _Set:
    """Values told apart as `collate` does; a lookup does not grow with their number, but for containers."""

    def __init__(self, values: Iterable[Any]) -> None:
        self._scalars: set[tuple[int, Any]] = set()
        self._containers: list[Any] = []
        for value in values:
            if isinstance(value, list | dict):
                self._containers.append(value)
            else:
                self._scalars.add((_rank(value), value))

    def __contains__(self, value: Any) -> bool:
        if isinstance(value, list | dict):
            return any(collate(value, one) == 0 for one in self._containers)
        return (_rank(value), value) in self._scalars


# ---- the normal form


class Condition(ABC):
    """What a selector asks of one value, in the normal form."""

    @abstractmethod
    def holds(self, value: Any) -> bool:
        """Of a value as JSON has it; of a whole document to begin with."""
        ...

    @abstractmethod
    def requires(self, path: Path) -> bool:
        """Whether it can only hold where there is such a field."""

    def all_of(self) -> Iterator[Where]:
        """Operators that must all hold; there may be more that must."""
        yield from ()


@dataclass(frozen=True, slots=True)
class All(Condition):
    """Every one of them must hold."""

    conditions: tuple[Condition, ...]

    def holds(self, value: Any) -> bool:
        """Of none, too."""
        return all(one.holds(value) for one in self.conditions)

    def requires(self, path: Path) -> bool:
        """It is enough that one does."""
        return any(one.requires(path) for one in self.conditions)

    def all_of(self) -> Iterator[Where]:
        """Those of its conditions, in their order."""
        for one in self.conditions:
            yield from one.all_of()


@dataclass(frozen=True, slots=True)
class Some(Condition):
    """At least one; of none, as in CouchDB, it holds."""

    conditions: tuple[Condition, ...]

    def holds(self, value: Any) -> bool:
        """Of one value, by any of them."""
        return not self.conditions or any(one.holds(value) for one in self.conditions)

    def requires(self, path: Path) -> bool:
        """Only if each of them does; of none, no field is."""
        return bool(self.conditions) and all(one.requires(path) for one in self.conditions)


@dataclass(frozen=True, slots=True)
class Where(Condition):
    """An operator upon one field; upon the value itself where `path` is empty."""

    path: Path
    operator: str
    argument: Any
    test: _Test

    def requires(self, path: Path) -> bool:
        """Of its own field, unless it asks that there be none."""
        return self.path == path and not (self.operator == "$exists" and self.argument is False)

    def all_of(self) -> Iterator[Where]:
        """Itself alone."""
        yield self

    def holds(self, value: Any) -> bool:
        """Whether a document's value passes; one that is not there passes `$exists: false` alone."""
        found = field(value, self.path)
        if found is Missing.HERE:
            return self.operator == "$exists" and self.argument is False
        return found is not Missing.ON_THE_WAY and self.test(found)

    def ids(self) -> IdRange:
        """Between which ids a document must lie to pass; without bounds where the condition is on something
        else.
        """
        nothing = IdRange(None, None)
        if self.path != ("_id",) or not isinstance(self.argument, str):
            return nothing
        match self.operator:
            case "$eq":
                return IdRange(self.argument, self.argument)
            case "$gt" | "$gte" | "$beginsWith":
                return IdRange(self.argument, None)
            case "$lt" | "$lte":
                return IdRange(None, self.argument)
            case _:
                return nothing


class Missing(Enum):
    """A field that is not there: an object has no such member, or there is no object where one was expected."""

    HERE = auto()
    ON_THE_WAY = auto()


def field(value: Any, path: Iterable[str]) -> Any:
    """The value at the end of `path`, or how it is missing. A number is a place in an array."""
    for name in path:
        if isinstance(value, dict):
            if name not in value:
                return Missing.HERE
            value = value[name]
        elif isinstance(value, list):
            place = int(name) if name.isascii() and name.isdigit() and len(name) < 10 else len(value)
            if place >= len(value):
                return Missing.ON_THE_WAY
            value = value[place]
        else:
            return Missing.ON_THE_WAY
    return value


def field_path(name: str) -> Path:
    """`a.b` is member `b` of member `a`; `a\\.b` is one member. Raises `BadRequest` for an empty piece."""
    pieces = _DOT.split(name)
    if not all(pieces):
        raise BadRequest(f"Invalid field name: {name:.100}", error="invalid_field_name")
    return tuple(piece.replace("\\", "") for piece in pieces)


_DOT = re.compile(r"(?<!\\)\.")


class _Normal:
    """Puts one selector into normal form, and counts what it takes."""

    def __init__(self) -> None:
        self._conditions = 0

    def of(self, selector: Any, path: str = "", *, negated: bool = False, depth: int = 0) -> Condition:
        if depth > MAX_DEPTH:
            raise BadRequest(f"A selector may be {MAX_DEPTH} levels deep.", error="invalid_selector")
        if not isinstance(selector, dict) or not selector:
            return self._operator("$eq", selector, path, negated, depth)
        if len(selector) == 1:
            ((name, argument),) = selector.items()
            return self._one(name, argument, path, negated, depth)
        every = tuple(self._one(name, argument, path, negated, depth) for name, argument in selector.items())
        return Some(every) if negated else All(every)

    def _one(self, name: str, argument: Any, path: str, negated: bool, depth: int) -> Condition:
        match name:
            case "$and" | "$or" | "$nor":
                if not isinstance(argument, list):
                    _bad_argument(name, argument)
                inner = negated is not (name == "$nor")
                every = tuple(self.of(one, path, negated=inner, depth=depth + 1) for one in argument)
                return All(every) if (name == "$and") is not inner else Some(every)
            case "$not":
                if not isinstance(argument, dict):
                    _bad_argument(name, argument)
                return self.of(argument, path, negated=not negated, depth=depth + 1)
            case _ if name.startswith("$"):
                return self._operator(name, argument, path, negated, depth)
            case _:
                inner_path = f"{path}.{name}" if path else name
                return self.of(argument, inner_path, negated=negated, depth=depth + 1)

    def _operator(self, name: str, argument: Any, path: str, negated: bool, depth: int) -> Condition:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise BadRequest(f"A selector may have {MAX_CONDITIONS} conditions.", error="invalid_selector")
        where = field_path(path) if path else ()
        if negated and name in _OPPOSITE:
            name, negated = _OPPOSITE[name], False
        if name == "$exists":
            if not isinstance(argument, bool):
                _bad_argument(name, argument)
            argument = argument is not negated
            return Where(where, name, argument, _always if argument else _never)
        test = self._test(name, argument, _collate_id if where == ("_id",) else collate, depth)
        if negated:
            return Where(where, "$not", {name: argument}, lambda value: not test(value))
        return Where(where, name, argument, test)

    def _test(self, name: str, argument: Any, order: Callable[[Any, Any], int], depth: int) -> _Test:
        match name:
            case "$eq":
                return lambda value: order(value, argument) == 0
            case "$ne":
                return lambda value: order(value, argument) != 0
            case "$lt":
                return lambda value: order(value, argument) < 0
            case "$lte":
                return lambda value: order(value, argument) <= 0
            case "$gt":
                return lambda value: order(value, argument) > 0
            case "$gte":
                return lambda value: order(value, argument) >= 0
            case "$elemMatch" | "$allMatch" | "$keyMapMatch":
                if not isinstance(argument, dict):
                    _bad_argument(name, argument)
                return _QUANTIFIERS[name](self.of(argument, depth=depth + 1))
            case _ if name in _OPERATORS:
                return _OPERATORS[name](argument)
            case _ if name in _UNSUPPORTED:
                raise BadRequest(f"Unsupported operator: {name}", error="not_supported")
            case _:
                raise BadRequest(f"Invalid operator: {name:.100}", error="invalid_operator")


_OPPOSITE = {
    "$eq": "$ne",
    "$ne": "$eq",
    "$lt": "$gte",
    "$gte": "$lt",
    "$gt": "$lte",
    "$lte": "$gt",
    "$in": "$nin",
    "$nin": "$in",
}
_UNSUPPORTED = frozenset(("$where", "$geoWithin", "$geoIntersects", "$near", "$nearSphere", "$text"))


def _bad_argument(name: str, argument: Any) -> NoReturn:
    raise BadRequest(f"Bad argument for operator {name}: {_short(argument)}", error="bad_arg")


def _short(value: object) -> str:
    return f"{dump(value).decode():.100}"


# ---- operators: each takes its argument, checks it, and gives the test of a value


def _always(value: Any) -> bool:
    return True


def _never(value: Any) -> bool:
    return False


def _in(argument: Any) -> _Test:
    """Of an array one element is enough."""
    if not isinstance(argument, list):
        _bad_argument("$in", argument)
    known = _Set(argument)
    return lambda value: any(one in known for one in value) if isinstance(value, list) else value in known


def _nin(argument: Any) -> _Test:
    if not isinstance(argument, list):
        _bad_argument("$nin", argument)
    one_of = _in(argument)
    return lambda value: not one_of(value)


def _all(argument: Any) -> _Test:
    """An array that holds all of these; a single array may also be meant itself. Of none: nothing."""
    if not isinstance(argument, list):
        _bad_argument("$all", argument)
    whole = argument[0] if len(argument) == 1 and isinstance(argument[0], list) else None

    def test(value: Any) -> bool:
        if not isinstance(value, list) or not argument:
            return False
        if whole is not None and collate(value, whole) == 0:
            return True
        held = _Set(value)
        return all(one in held for one in argument)

    return test


def _type(argument: Any) -> _Test:
    if not isinstance(argument, str):
        _bad_argument("$type", argument)
    ranks = [rank for rank, name in enumerate(_TYPES) if name == argument]
    return lambda value: _rank(value) in ranks


_TYPES = ("null", "boolean", "boolean", "number", "string", "array", "object")


def _size(argument: Any) -> _Test:
    if not _is_integer(argument) or argument < 0:
        _bad_argument("$size", argument)
    return lambda value: isinstance(value, list) and len(value) == argument


def _mod(argument: Any) -> _Test:
    """Erlang's `rem`: what is left over has the sign of the value."""
    if not (isinstance(argument, list) and len(argument) == 2 and all(map(_is_integer, argument))):
        _bad_argument("$mod", argument)
    divisor, remainder = abs(argument[0]), argument[1]
    if divisor == 0:
        _bad_argument("$mod", argument)

    def test(value: Any) -> bool:
        if not _is_integer(value):
            return False
        rest = abs(value) % divisor
        return bool((rest if value >= 0 else -rest) == remainder)

    return test


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _begins_with(argument: Any) -> _Test:
    if not isinstance(argument, str):
        _bad_argument("$beginsWith", argument)
    return lambda value: isinstance(value, str) and value.startswith(argument)


def _regex(argument: Any) -> _Test:
    if not isinstance(argument, str) or len(argument) > MAX_PATTERN_LENGTH:
        _bad_argument("$regex", argument)
    options = re2.Options()
    options.max_mem = _PATTERN_BYTES
    options.never_capture = True
    options.log_errors = False
    try:
        pattern = re2.compile(argument, options)
    except re2.error:
        _bad_argument("$regex", argument)
    longest = _PATTERN_STEPS // pattern.programsize
    return lambda value: isinstance(value, str) and len(value) <= longest and bool(pattern.search(value))


_OPERATORS: dict[str, Callable[[Any], _Test]] = {
    "$in": _in,
    "$nin": _nin,
    "$all": _all,
    "$type": _type,
    "$size": _size,
    "$mod": _mod,
    "$beginsWith": _begins_with,
    "$regex": _regex,
}


def _some_element(condition: Condition) -> _Test:
    return lambda value: isinstance(value, list) and any(map(condition.holds, value))


def _every_element(condition: Condition) -> _Test:
    """Of an empty array it does not hold."""
    return lambda value: isinstance(value, list) and bool(value) and all(map(condition.holds, value))


def _some_key(condition: Condition) -> _Test:
    return lambda value: isinstance(value, dict) and any(map(condition.holds, value))


_QUANTIFIERS: dict[str, Callable[[Condition], _Test]] = {
    "$elemMatch": _some_element,
    "$allMatch": _every_element,
    "$keyMapMatch": _some_key,
}
