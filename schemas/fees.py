"""What a dossier costs: phí and lệ phí apart, by the day of collection and the road (domain §4.1-4.2).

1. A line holds from `since` to `until`; the day on which the money is *collected* chooses, not that of receipt:
   TT 64/2025/TT-BTC halves many rates to 31/12/2026, and from 01/01/2027 the lines under them count again.
2. Of the lines of one kind and name that hold, one for this case goes before one for all cases, then one for this
   channel before one for all, then the later `since`.
3. A relief (hộ nghèo, người có công, …) needs a claim with its proof. Reliefs are not added up: of those claimed,
   the best for the payer counts for each line.
4. A line that has been, and that nothing has followed, is a gap: it is named, and a person looks it up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Dong = Annotated[int, Meta(ge=0, le=10**12)]

LEAST: Final = 1_000
"""An amount below this has lost its thousands: nothing costs 25 đồng."""


class Kind(Enum):
    """Phí pays for a service; lệ phí is the fixed price of an administrative act (Luật 97/2015 Đ3)."""

    CHARGE = "phi"
    FEE = "le_phi"

    @property
    def words(self) -> str:
        """In Vietnamese: "phí", "lệ phí"."""
        return KIND_WORDS[self]


KIND_WORDS: Final = {Kind.CHARGE: "phí", Kind.FEE: "lệ phí"}


class Channel(Enum):
    """KenhThucHien of the national exchange (domain §3.1)."""

    DIRECT = "direct"
    ONLINE = "online"
    POST = "post"


class At(Enum):
    """When a line is collected: most at reception, some at return (domain §9.2)."""

    RECEPTION = "reception"
    RETURN = "return"


class FeeLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rate of one fee. Without `channel` or `case` it is for all of them; `source` is the text that sets it."""

    kind: Kind
    name: Text
    amount: Dong
    since: date
    source: Text
    until: date | msgspec.UnsetType = msgspec.UNSET
    channel: Channel | msgspec.UnsetType = msgspec.UNSET
    case: str = ""
    at: At = At.RECEPTION

    def holds(self, day: date) -> bool:
        """On a Vietnamese day; the first and the last are in it, and without `until` there is no last."""
        return self.since <= day and (self.until is msgspec.UNSET or day <= self.until)


class Relief(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who pays less, by how many hundredths, and by which paper they show it; 100 is an exemption."""

    name: Text
    proof: Text
    percent: Annotated[int, Meta(ge=1, le=100)]
    source: Text
    since: date
    kinds: tuple[Kind, ...] = (Kind.CHARGE, Kind.FEE)
    until: date | msgspec.UnsetType = msgspec.UNSET

    def holds(self, day: date) -> bool:
        """On a Vietnamese day; the first and the last are in it, and without `until` there is no last."""
        return self.since <= day and (self.until is msgspec.UNSET or day <= self.until)


class FeeTable(msgspec.Struct, frozen=True, omit_defaults=True):
    """A procedure's fees and reliefs with their dates: catalog data. No lines: it costs nothing."""

    procedure: Text
    lines: tuple[FeeLine, ...] = ()
    reliefs: tuple[Relief, ...] = ()

    def faults(self) -> tuple[str, ...]:
        """What a human should look at before the table is used, in Vietnamese (domain §4.2)."""
        return tuple(_faults(self))


class Claim(msgspec.Struct, frozen=True):
    """That a relief holds for this payer, with the paper that they showed (its kind, number, date)."""

    relief: Text
    proof: Text


@dataclass(frozen=True, slots=True)
class Item:
    """What is to be paid for one line; `full` is the amount before the relief that `why` names."""

    kind: Kind
    name: str
    amount: int
    full: int
    at: At
    source: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """What is to be collected on a day. `problems` must be looked at before any money is taken."""

    items: tuple[Item, ...]
    problems: tuple[str, ...]

    @property
    def total(self) -> int:
        """In đồng, of phí and lệ phí together, whenever they are collected."""
        return sum(item.amount for item in self.items)

    def of(self, kind: Kind) -> int:
        """In đồng, of one kind; 0 where there is none."""
        return sum(item.amount for item in self.items if item.kind is kind)

    def due_at(self, at: At) -> int:
        """In đồng, what is collected at this moment of the course; 0 where nothing is."""
        return sum(item.amount for item in self.items if item.at is at)


def charge(
    table: FeeTable,
    day: date,
    channel: Channel,
    *,
    case: str = "",
    claims: Sequence[Claim] = (),
) -> Charge:
    """What a payer owes if the money is collected on a Vietnamese day. Total."""
    reliefs = {claim.relief: (claim, _relief(table, claim.relief, day)) for claim in claims}
    problems = [_unproved(claim, relief) for claim, relief in reliefs.values()]
    applied = [relief for claim, relief in reliefs.values() if relief is not None and claim.proof.strip()]
    proofs = {name: claim.proof for name, (claim, _) in reliefs.items()}
    items = []
    for kind, name in dict.fromkeys((line.kind, line.name) for line in table.lines):
        lines = [line for line in table.lines if (line.kind, line.name) == (kind, name)]
        fitting = [
            line for line in lines if line.case in ("", case) and line.channel in (msgspec.UNSET, channel)
        ]
        line = max((line for line in fitting if line.holds(day)), key=_rank, default=None)
        if line is not None:
            items.append(_item(line, applied, proofs))
        elif any(line.until is not msgspec.UNSET and line.until < day for line in fitting):
            problems.append(f"{kind.words} “{name}” hết hiệu lực trước ngày {day:%d/%m/%Y}, chưa có mức mới")
    return Charge(tuple(items), tuple(problem for problem in problems if problem))


def _rank(line: FeeLine) -> tuple[bool, bool, date]:
    return line.case != "", line.channel is not msgspec.UNSET, line.since


def _relief(table: FeeTable, name: str, day: date) -> Relief | None:
    held = (relief for relief in table.reliefs if relief.name == name and relief.holds(day))
    return max(held, key=lambda relief: relief.since, default=None)


def _unproved(claim: Claim, relief: Relief | None) -> str:
    if relief is None:
        return f"diện miễn, giảm “{claim.relief}” không áp dụng cho thủ tục này vào ngày thu"
    return "" if claim.proof.strip() else f"diện “{claim.relief}” cần giấy tờ: {relief.proof}"


def _item(line: FeeLine, reliefs: Sequence[Relief], proofs: dict[str, str]) -> Item:
    fitting = [relief for relief in reliefs if line.kind in relief.kinds]
    best = max(fitting, key=lambda relief: relief.percent, default=None)
    if best is None:
        return Item(line.kind, line.name, line.amount, line.amount, line.at, line.source)
    word = "miễn" if best.percent == 100 else f"giảm {best.percent}%"
    why = f"{word}: {best.name} ({proofs[best.name].strip()}; {best.source})"
    return Item(
        line.kind, line.name, _less(line.amount, best.percent), line.amount, line.at, line.source, why
    )


def _less(amount: int, percent: int) -> int:
    """Half a đồng is rounded up."""
    return (amount * (100 - percent) + 50) // 100


def _faults(table: FeeTable) -> Iterator[str]:
    seen: dict[tuple[object, ...], FeeLine] = {}
    for line in table.lines:
        named = f"{line.kind.words} “{line.name}”"
        if 0 < line.amount < LEAST:
            yield f"{named}: {line.amount} đ dưới 1.000 đ, có thể mất hàng nghìn"
        if line.until is not msgspec.UNSET and line.until < line.since:
            yield f"{named}: hết hiệu lực trước khi có hiệu lực"
        key = (line.kind, line.name, line.case, line.channel, line.since)
        other = seen.setdefault(key, line)
        if other.amount != line.amount:
            yield f"{named}: hai mức khác nhau từ cùng ngày {line.since:%d/%m/%Y}"
    for relief in table.reliefs:
        if relief.until is not msgspec.UNSET and relief.until < relief.since:
            yield f"miễn, giảm “{relief.name}”: hết hiệu lực trước khi có hiệu lực"
