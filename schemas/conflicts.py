"""What cannot both stand (design §3.4), as one table.

Two acts are compared only when neither had seen the other. The table is read from the top; the first row
that fits two acts is their row. Acts that no row joins live together: papers, notes, the same decision
with the same outcome.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

from schemas.acts import BY_KIND, Act, Effect
from schemas.events import EventHash


class Blocks(Enum):
    """What a contested dossier may not have done to it, by whoever knows that it is contested."""

    DECISIONS = "decisions"
    SEAL = "seal"
    RETURN = "return"


ALL: Final = frozenset(Blocks)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two concurrent acts, as the table sees them."""

    one: Act
    other: Act
    same_outcome: bool

    @property
    def kinds(self) -> set[str]:
        return {self.one.kind.removeprefix("dossier."), self.other.kind.removeprefix("dossier.")}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `suspends`: the acts have no effect on the status until the desk settles."""

    name: str
    title: str
    joins: Callable[[Pair], bool]
    blocks: frozenset[Blocks]
    suspends: bool = True

    @property
    def binds(self) -> bool:
        """Whether it changes what stands or what may be done; else it is only shown until it is settled."""
        return self.suspends or bool(self.blocks)


def _settled_apart(pair: Pair) -> bool:
    return pair.kinds == {"settled"} and not pair.same_outcome


def _opposed_outcomes(pair: Pair) -> bool:
    ends = {"approved", "refused", "withdrawal_granted"}
    results = pair.kinds & {"approved", "refused"}
    return bool(results) and pair.kinds <= ends and (len(pair.kinds) == 2 or not pair.same_outcome)


def _which_came_first(pair: Pair) -> bool:
    return "withdrawal_asked" in pair.kinds and bool(pair.kinds & {"approved", "refused"})


def _returned_twice(pair: Pair) -> bool:
    return pair.kinds == {"returned"}


def _other_decisions(pair: Pair) -> bool:
    one, other = pair.one, pair.other
    if one.effect is not Effect.DECISION or other.effect is not Effect.DECISION or "settled" in pair.kinds:
        return False
    if one.kind == other.kind:
        return not pair.same_outcome
    return one.reaches is not other.reaches


TABLE: Final[tuple[Row, ...]] = (
    Row("settled_apart", "Hai quyết định đối soát khác nhau", _settled_apart, ALL),
    Row("opposed_outcomes", "Hai kết quả trái nhau", _opposed_outcomes, ALL),
    Row("which_came_first", "Phê duyệt / Rút hồ sơ", _which_came_first, ALL),
    Row("returned_twice", "Trả kết quả hai lần", _returned_twice, frozenset(), suspends=False),
    Row("other_decisions", "Hai quyết định trái nhau", _other_decisions, ALL),
)


@cache
def row_of(one: str, other: str, same_outcome: bool) -> Row | None:
    """The row that joins two concurrent acts of these kinds, or None when both can stand.

    Two settlements are asked about only where they answer a common act.
    """
    pair = Pair(BY_KIND[one], BY_KIND[other], same_outcome)
    return next((row for row in TABLE if row.joins(pair)), None)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A connected component of acts that cannot all stand; `members` and `rows` are sorted."""

    id: str
    members: tuple[EventHash, ...]
    rows: tuple[str, ...]

    @classmethod
    def between(cls, members: Iterable[EventHash], rows: Iterable[str]) -> Conflict:
        """The conflict of these acts; its id is the SHA-256 of the sorted hashes, one a line."""
        ordered = tuple(sorted(members))
        name = hashlib.sha256("\n".join(ordered).encode()).hexdigest()
        return cls(name, ordered, tuple(sorted(rows)))

    @property
    def title(self) -> str:
        return next(row.title for row in TABLE if row.name in self.rows)
