"""What cannot both stand (design §3.4), as one table.

Two acts are compared only when neither had seen the other. The table is read from the top; the first row
that fits two acts is their row. Acts that no row joins live together: papers, notes, the same decision
with the same outcome.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from schemas.acts import Act, Effect
from schemas.events import EventHash


class Blocks(Enum):
    """What a contested dossier may not have done to it, by whoever knows that it is contested."""

    DECISIONS = "decisions"
    SEAL = "seal"
    RETURN = "return"


ALL: Final = frozenset(Blocks)


@dataclass(frozen=True, slots=True)
class Deed:
    """What the table needs to know of an effective act."""

    hash: EventHash
    act: Act
    outcome: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `suspends`: the acts have no effect on the status until the desk settles."""

    name: str
    title: str
    joins: Callable[[Deed, Deed], bool]
    blocks: frozenset[Blocks]
    suspends: bool = True


def _kinds(one: Deed, other: Deed) -> set[str]:
    return {one.act.kind.removeprefix("dossier."), other.act.kind.removeprefix("dossier.")}


def _settled_apart(one: Deed, other: Deed) -> bool:
    return _kinds(one, other) == {"settled"} and one.outcome != other.outcome


def _opposed_outcomes(one: Deed, other: Deed) -> bool:
    kinds = _kinds(one, other)
    ends = {"approved", "refused", "withdrawal_granted"}
    return bool(
        kinds <= ends
        and kinds & {"approved", "refused"}
        and (len(kinds) == 2 or one.outcome != other.outcome)
    )


def _which_came_first(one: Deed, other: Deed) -> bool:
    kinds = _kinds(one, other)
    return "withdrawal_asked" in kinds and bool(kinds & {"approved", "refused"})


def _returned_twice(one: Deed, other: Deed) -> bool:
    return _kinds(one, other) == {"returned"}


def _other_decisions(one: Deed, other: Deed) -> bool:
    if one.act.effect is not Effect.DECISION or other.act.effect is not Effect.DECISION:
        return False
    if "settled" in _kinds(one, other):
        return False
    return (one.act.kind, one.outcome) != (other.act.kind, other.outcome)


TABLE: Final[tuple[Row, ...]] = (
    Row("settled_apart", "Hai quyết định đối soát khác nhau", _settled_apart, ALL),
    Row("opposed_outcomes", "Hai kết quả trái nhau", _opposed_outcomes, ALL),
    Row("which_came_first", "Phê duyệt / Rút hồ sơ", _which_came_first, ALL),
    Row("returned_twice", "Trả kết quả hai lần", _returned_twice, frozenset(), suspends=False),
    Row("other_decisions", "Hai quyết định trái nhau", _other_decisions, ALL),
)


def row_of(one: Deed, other: Deed) -> Row | None:
    """The row that joins two concurrent acts, or None when both can stand."""
    return next((row for row in TABLE if row.joins(one, other)), None)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A connected component of acts that cannot all stand; `members` and `rows` are sorted."""

    id: str
    members: tuple[EventHash, ...]
    rows: tuple[str, ...]

    @property
    def blocks(self) -> frozenset[Blocks]:
        return frozenset().union(*(row.blocks for row in TABLE if row.name in self.rows))

    @property
    def suspends(self) -> bool:
        return any(row.suspends for row in TABLE if row.name in self.rows)

    @property
    def title(self) -> str:
        return next(row.title for row in TABLE if row.name in self.rows)


def components(pairs: Sequence[tuple[EventHash, EventHash, Row]]) -> tuple[Conflict, ...]:
    """The conflicts that open pairs of acts make, sorted by their id."""
    groups: list[tuple[set[EventHash], set[str]]] = []
    for one, other, row in pairs:
        members, rows = {one, other}, {row.name}
        for group in [group for group in groups if group[0] & members]:
            members |= group[0]
            rows |= group[1]
            groups.remove(group)
        groups.append((members, rows))
    found = []
    for group_members, group_rows in groups:
        ordered = tuple(sorted(group_members))
        name = hashlib.sha256("\n".join(ordered).encode()).hexdigest()
        found.append(Conflict(name, ordered, tuple(sorted(group_rows))))
    return tuple(sorted(found, key=lambda conflict: conflict.id))
