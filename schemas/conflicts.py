"""What cannot both stand (design §3.4), as one table, and what must follow when the desk has chosen.

Two acts are compared only when neither had seen the other. The table is read from the top; the first row
that fits two acts is their row. Acts that no row joins live together: papers, notes, the same decision
with the same outcome. `docs/domain.md` is made from this table.
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


class Settles(Enum):
    """Who closes a conflict."""

    DESK = "desk"
    CASHIER = "cashier"
    COUNTER = "counter"
    ADMINISTRATOR = "administrator"
    NOBODY = "nobody"


class Suspends(Enum):
    """Which of the acts have no effect until it is settled."""

    BOTH = "both"
    DECISION = "decision"
    NEITHER = "neither"


ALL: Final = frozenset(Blocks)
_NONE: Final = frozenset[Blocks]()
_HAND_OVER: Final = frozenset({Blocks.SEAL, Blocks.RETURN})


@dataclass(frozen=True, slots=True)
class Pair:
    """Two concurrent acts, as the table sees them: whether they claim the same, and whether one person did both."""

    one: Act
    other: Act
    same_outcome: bool
    same_person: bool = False

    @property
    def kinds(self) -> set[str]:
        """Both kinds without their `dossier.`; one only, where both acts are of it."""
        return {self.one.kind.removeprefix("dossier."), self.other.kind.removeprefix("dossier.")}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `joins` is never true of two acts where the fold finds the row by other means."""

    name: str
    title: str
    when: str
    joins: Callable[[Pair], bool]
    blocks: frozenset[Blocks]
    suspends: Suspends = Suspends.BOTH
    settles: Settles = Settles.DESK
    reported: bool = False

    @property
    def binds(self) -> bool:
        """Whether it changes what stands or what may be done; else it is only shown until it is settled."""
        return self.suspends is not Suspends.NEITHER or bool(self.blocks)


_RESULTS: Final = {"approved", "refused"}
_RECEPTIONS: Final = {"received", "entered_afterwards"}


def _settled_apart(pair: Pair) -> bool:
    return pair.kinds == {"settled"} and not pair.same_outcome


def _opposed_outcomes(pair: Pair) -> bool:
    ends = {*_RESULTS, "withdrawal_granted", "supplement_requested"}
    results = pair.kinds & _RESULTS
    return bool(results) and pair.kinds <= ends and (len(pair.kinds) == 2 or not pair.same_outcome)


def _which_came_first(pair: Pair) -> bool:
    return "withdrawal_asked" in pair.kinds and bool(pair.kinds & _RESULTS)


def _one_person(pair: Pair) -> bool:
    apart = "sealed" in pair.kinds or bool(pair.kinds & _RECEPTIONS)
    return pair.same_person and apart and bool(pair.kinds & _RESULTS)


def _returned_or_recalled(pair: Pair) -> bool:
    return "returned" in pair.kinds and bool(pair.kinds & {"result_recalled", "sent_back"})


def _returned_twice(pair: Pair) -> bool:
    return pair.kinds == {"returned"}


def _received_twice(pair: Pair) -> bool:
    return pair.kinds <= _RECEPTIONS and not pair.same_outcome


def _extended_apart(pair: Pair) -> bool:
    return pair.kinds == {"extended"} and not pair.same_outcome


def _fee_twice(pair: Pair) -> bool:
    return pair.kinds == {"fee_collected"}


def _amended_apart(pair: Pair) -> bool:
    return pair.kinds == {"amended"} and not pair.same_outcome


def _rated_twice(pair: Pair) -> bool:
    return pair.kinds == {"visit.rated"}


def _called_twice(pair: Pair) -> bool:
    return pair.kinds <= {"visit.called", "visit.recalled"}


def _other_decisions(pair: Pair) -> bool:
    one, other = pair.one, pair.other
    if one.effect is not Effect.DECISION or other.effect is not Effect.DECISION or "settled" in pair.kinds:
        return False
    if one.kind == other.kind:
        return not pair.same_outcome
    return (
        one.subject == other.subject
        and None not in (one.reaches, other.reaches)
        and one.reaches is not other.reaches
    )


def _never(pair: Pair) -> bool:
    return False


TABLE: Final[tuple[Row, ...]] = (
    Row("settled_apart", "Hai quyết định đối soát khác nhau", "Hai lần đối soát cùng việc, chọn khác nhau",
        _settled_apart, ALL),
    Row("opposed_outcomes", "Hai kết quả trái nhau",
        "Phê duyệt và từ chối, đồng ý rút hoặc yêu cầu bổ sung; hai kết quả khác nhau", _opposed_outcomes, ALL),
    Row("which_came_first", "Phê duyệt / Rút hồ sơ", "Đơn rút và kết quả, chưa biết việc nào trước",
        _which_came_first, ALL),
    Row("one_person", "Một người làm hai việc phải tách", "Một người vừa phê duyệt vừa đóng dấu, hoặc vừa tiếp nhận",
        _one_person, _HAND_OVER, Suspends.NEITHER),
    Row("returned_or_recalled", "Đã trả / Thu hồi kết quả", "Trả kết quả trong khi nơi khác thu hồi hoặc trả lại",
        _returned_or_recalled, frozenset({Blocks.DECISIONS}), Suspends.DECISION),
    Row("returned_twice", "Trả kết quả hai lần", "Hai quầy cùng trả kết quả", _returned_twice, _NONE,
        Suspends.NEITHER),
    Row("received_twice", "Tiếp nhận hai lần", "Một hồ sơ trực tuyến được hai quầy tiếp nhận", _received_twice, _NONE,
        Suspends.NEITHER),
    Row("extended_apart", "Hẹn lại hai ngày khác nhau", "Hai văn bản xin lỗi với hai ngày hẹn", _extended_apart,
        frozenset({Blocks.DECISIONS}), Suspends.NEITHER),
    Row("fee_twice", "Thu phí hai lần", "Một khoản được thu ở hai nơi", _fee_twice, _NONE, Suspends.NEITHER,
        Settles.CASHIER),
    Row("amended_apart", "Sửa một ô thành hai giá trị", "Một ô được hai quầy sửa khác nhau", _amended_apart, _NONE,
        Suspends.NEITHER, Settles.COUNTER),
    Row("rated_twice", "Đánh giá hai lần", "Hai đánh giá của một lượt cho một khâu", _rated_twice, _NONE,
        Suspends.NEITHER, Settles.NOBODY),
    Row("called_twice", "Một số được hai quầy gọi", "Hai quầy cùng gọi một số", _called_twice, _NONE,
        Suspends.NEITHER, Settles.NOBODY),
    Row("other_decisions", "Hai quyết định trái nhau",
        "Hai quyết định cùng loại khác kết quả, hoặc dẫn tới hai trạng thái khác nhau", _other_decisions, ALL),
    Row("revoked", "Ký khi chứng thư, uỷ quyền hoặc vai trò đã hết",
        "Chứng thư, văn bản uỷ quyền hoặc vai trò đã hết hiệu lực khi quyết định, máy của người ký chưa biết", _never,
        _HAND_OVER),
    Row("machine_doubted", "Máy trạm bị nghi ngờ", "Hai việc mang cùng một số thứ tự của một máy", _never, _HAND_OVER,
        Suspends.NEITHER, Settles.ADMINISTRATOR),
    Row("portal_twice", "Một hồ sơ trực tuyến, hai nơi tiếp nhận", "Một hồ sơ cổng dịch vụ công có hai hồ sơ ở đây",
        _never, _NONE, Suspends.NEITHER, reported=True),
    Row("possible_duplicate", "Có thể trùng hồ sơ", "Một người, một thủ tục, một ngày, hai hồ sơ", _never, _NONE,
        Suspends.NEITHER, reported=True),
    Row("number_twice", "Một số cấp hai lần", "Hai hồ sơ mang cùng một số", _never, _HAND_OVER, Suspends.NEITHER,
        Settles.ADMINISTRATOR, reported=True),
)  # fmt: skip
BY_NAME: Final = {row.name: row for row in TABLE}


@cache
def row_of(one: str, other: str, same_outcome: bool, same_person: bool = False) -> Row | None:
    """The row that joins two concurrent acts of these kinds, or None when both can stand.

    Two acts of one kind are asked about only where they are about the same: one field, one fee, one phase.
    Two settlements are asked about only where they answer a common act.
    """
    pair = Pair(BY_KIND[one], BY_KIND[other], same_outcome, same_person)
    return next((row for row in TABLE if row.joins(pair)), None)


@cache
def asks_who(one: str, other: str) -> bool:
    """Whether it matters for two kinds that one person did both."""
    return row_of(one, other, False, True) is not row_of(one, other, False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A connected component of acts that cannot all stand; `members` and `rows` are sorted."""

    id: str
    members: tuple[EventHash, ...]
    rows: tuple[str, ...]

    @classmethod
    def between(cls, members: Iterable[str], rows: Iterable[str]) -> Conflict:
        """The conflict of these acts; its id is the SHA-256 of the sorted hashes, one a line."""
        ordered = tuple(sorted(EventHash(member) for member in members))
        name = hashlib.sha256("\n".join(ordered).encode()).hexdigest()
        return cls(name, ordered, tuple(sorted(rows)))

    @property
    def title(self) -> str:
        """Of every row that it has, in the table's order."""
        return "; ".join(row.title for row in TABLE if row.name in self.rows)

    @property
    def binds(self) -> bool:
        """Whether any of its rows does: that is a dispute, and the rest are warnings."""
        return any(BY_NAME[row].binds for row in self.rows)

    @property
    def for_desk(self) -> bool:
        """Whether the desk settles it by an act in the dossier."""
        return any(BY_NAME[row].settles is Settles.DESK for row in self.rows)

    @property
    def weight(self) -> int:
        """How much waits for the desk: 0 where it is not the desk's, else 1 and one more for all that is blocked."""
        if not self.for_desk:
            return 0
        return 1 + len(_NONE.union(*(BY_NAME[row].blocks for row in self.rows)))


@dataclass(frozen=True, slots=True)
class Follow:
    """What must be done once an act has no force any more; `after` is what had been done meanwhile."""

    void: frozenset[str]
    after: str
    must: str
    words: str


FOLLOWS: Final[tuple[Follow, ...]] = (
    Follow(frozenset({"dossier.approved", "dossier.refused"}), "dossier.returned", "dossier.result_recalled",
           "Kết quả đã trao mà không còn hiệu lực thì phải thu hồi"),
    Follow(frozenset({"dossier.numbered"}), "", "dossier.number_cancelled", "Số đã cấp thì phải huỷ, không dùng lại"),
    Follow(frozenset({"dossier.sealed"}), "", "dossier.seal_void", "Dấu đã đóng thì phải huỷ"),
)  # fmt: skip
REFUND: Final = Follow(
    frozenset({"dossier.fee_collected"}),
    "dossier.fee_collected",
    "dossier.fee_refunded",
    "Khoản thu hai lần thì phải hoàn một",
)


@dataclass(frozen=True, slots=True)
class Task:
    """What somebody still has to do: an act of the kind `must`, about the act `about`, because of `because`."""

    must: str
    about: EventHash
    because: str
    words: str
