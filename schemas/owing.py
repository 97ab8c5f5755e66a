"""What a dossier owes on the day on which somebody asks: the catalog's rates, a relief, and what was paid before.

The day of collection chooses the rate (`schemas.fees`), so a notice of one day is not the truth of another: what is
owed is reckoned anew whenever money is to be taken, by the relief that the newest notice names. What was paid in full has
had its day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from schemas.acts import AskedLine, FeeNotified, PaidLine, Received
from schemas.fees import Channel, Claim, Kind, charge
from schemas.views import View

NAMES: Final = {"phi": "Phí", "le_phi": "Lệ phí"}
"""What a line is called where the catalog gives it no name of its own."""


@dataclass(frozen=True, slots=True)
class Owing:
    """What is asked for on a day. `problems`: look at them before any money is taken. `reliefs`: what may be claimed."""

    lines: tuple[AskedLine, ...]
    source: str = ""
    problems: tuple[str, ...] = ()
    reliefs: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    free_ground: bool = False
    """The catalog knows no reliefs of this procedure: whoever takes the money states the ground."""

    @property
    def total(self) -> int:
        """In đồng, of all lines."""
        return sum(line.amount for line in self.lines)


def owing(view: View, received: Received, day: date, *, relief: str = "", proof: str = "") -> Owing:
    """What a dossier costs if the money is taken on a Vietnamese day; of a free ground the full rates. Total."""
    table = view.fee_table(received.procedure)
    if table is None:
        return Owing(as_received(received), problems=_lapsed(view, received, day), free_ground=True)
    claims = [Claim(relief, proof)] if relief else []
    charged = charge(table, day, Channel(received.channel), case=received.case, claims=claims)
    lines = [
        AskedLine(_kind(item.kind), item.name, item.full, item.amount, item.at.value)
        for item in charged.items
    ]
    known = [one for one in table.reliefs if one.holds(day)]
    return Owing(
        _once(lines),
        "; ".join(dict.fromkeys(item.source for item in charged.items)),
        charged.problems,
        tuple(one.name for one in known),
        tuple(one.proof for one in known),
    )


def _lapsed(view: View, received: Received, day: date) -> tuple[str, ...]:
    """Rates that have run out and that nothing has followed: a person looks them up."""
    procedure = view.procedure(received.procedure, day)
    return tuple(
        f"{NAMES[fee.kind.value].lower()} của thủ tục hết hiệu lực ngày {fee.until:%d/%m/%Y}, chưa có mức mới"
        for fee in (procedure.fees if procedure else ())
        if isinstance(fee.until, date) and fee.until < day
    )


def as_received(received: Received) -> tuple[AskedLine, ...]:
    """What the reception said: all there is where the catalog has no table with names and dates."""
    return _once([AskedLine(fee.kind, NAMES[fee.kind], fee.amount, fee.amount) for fee in received.fees])


def lowered(owed: Owing, percent: int) -> tuple[AskedLine, ...]:
    """Lines less so many hundredths, for a free ground; half a đồng is rounded up."""
    return tuple(
        AskedLine(line.kind, line.name, line.full, (line.full * (100 - percent) + 50) // 100, line.at)
        for line in owed.lines
    )


def now_owed(view: View, received: Received, day: date, notice: FeeNotified | None) -> Owing:
    """What is owed on a day by the relief of the newest notice; of a free ground, exactly what that notice says."""
    if notice is None or not notice.relief:
        return owing(view, received, day)
    owed = owing(view, received, day, relief=notice.relief, proof=notice.proof)
    if not owed.free_ground:
        return owed
    return Owing(notice.lines, owed.source, owed.problems, free_ground=True)


def not_as_the_catalog(data: FeeNotified, view: View, received: Received, day: date) -> str | None:
    """Why a notice may not say this; None if it may."""
    owed = owing(view, received, day, relief=data.relief, proof=data.proof)
    if owed.problems:
        return "; ".join(owed.problems)
    if owed.free_ground:
        rates = [(line.kind, line.name, line.full) for line in owed.lines]
        return None if [(one.kind, one.name, one.full) for one in data.lines] == rates else "not the rates"
    return None if data.lines == owed.lines else "not what the catalog asks for"


@dataclass(frozen=True, slots=True)
class Taken:
    """Money of one receipt in force: the lines it named, and how much of it is still here."""

    lines: Sequence[PaidLine]
    left: int


def still_owed(lines: Iterable[AskedLine], taken: Iterable[Taken]) -> tuple[AskedLine, ...]:
    """What is left to pay of each line. Money given back is taken off the last lines of its receipt."""
    paid, owed = _paid(taken), []
    for asked in lines:
        rest = asked.amount - paid.get((asked.kind, asked.name), 0)
        if rest > 0:
            owed.append(AskedLine(asked.kind, asked.name, asked.full, rest, asked.at))
    return tuple(owed)


@dataclass(frozen=True, slots=True)
class Rated:
    """What was asked for, of the dossier as it is now, by the rates of the day of a receipt in force (of the newest notice,
    where it is None)."""

    asked: Owing
    receipt: Taken | None = None


def without_settled(asked: Owing, days: Iterable[Rated]) -> Owing:
    """What is asked for now, but for what was settled: a line that was paid in full on the day on which it was paid costs no
    more because its rate has risen since, nor one of which a relief left nothing. `days` in their order."""
    days = list(days)
    paid = _paid(one.receipt for one in days if one.receipt is not None)
    lines, kept = {(line.kind, line.name): line for line in asked.lines}, 0
    for day in days:
        receipt = Taken((), 0) if day.receipt is None else day.receipt
        kept += max(0, receipt.left)
        if 0 < day.asked.total <= kept:  # all that there was, whatever its lines are called today
            return replace(asked, lines=day.asked.lines)
        named = {(line.kind, line.name) for line in receipt.lines}
        for line in day.asked.lines:
            name = (line.kind, line.name)
            is_settled = paid[name] >= line.amount if name in named else not line.amount
            if name in lines and is_settled:
                lines[name] = line
    return replace(asked, lines=tuple(lines.values()))


def _paid(taken: Iterable[Taken]) -> dict[tuple[str, str], int]:
    """In đồng, by kind and name. Of a receipt of which more was given back than it took nothing is here."""
    paid: dict[tuple[str, str], int] = {}
    for one in taken:
        left = max(0, one.left)
        for line in one.lines:
            mine = min(line.amount, left)
            left -= mine
            paid[line.kind, line.name] = paid.get((line.kind, line.name), 0) + mine
    return paid


def _kind(kind: Kind) -> Any:
    return kind.value


def _once(lines: Sequence[AskedLine]) -> tuple[AskedLine, ...]:
    """Lines of one kind and name as one: a notice names each once."""
    found: dict[tuple[str, str], AskedLine] = {}
    for line in lines:
        before = found.get((line.kind, line.name))
        found[line.kind, line.name] = (
            line
            if before is None
            else AskedLine(
                line.kind, line.name, before.full + line.full, before.amount + line.amount, line.at
            )
        )
    return tuple(found.values())
