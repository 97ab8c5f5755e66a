"""Receipts: which kind on which day, their numbers, and a shift's cash count (domain §4.3).

| day of collection   | what may be given                                                       | source |
|---------------------|-------------------------------------------------------------------------|--------|
| to 31/12/2026       | a pre-printed paper receipt of the node's range, or an electronic one   | NĐ 254/2026 Đ44(2) |
| from 01/01/2027     | an electronic receipt only: form EBL01, symbol of that year             | NĐ 254/2026 Đ23, TT 91/2026 PL II |
| while it is pending | a provisional slip, which is no receipt and says so                     | domain §4.3 |

A number has at most 8 digits; those of electronic receipts begin again at 1 each year, with the year's symbol.
Ranges are split among nodes and used from small to large (Đ25(5)), so that two nodes never give one number.
A number is never changed or deleted: it is made void with a reason, and so a shift explains every number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from schemas.money import shown

Dong = Annotated[int, Meta(ge=0, le=10**12)]
LAST_NUMBER: Final = 99_999_999
PAPER_UNTIL: Final = date(2026, 12, 31)
"""The last day on which a paper receipt may be given; the leftovers are destroyed from the next day on."""

ELECTRONIC_FORM: Final = "EBL01"
_PAPER_FORM: Final = re.compile(r"[0-9]{2}BLP[0-9]-[0-9]{3}")
_PAPER_SYMBOL: Final = re.compile(r"[0-9]{0,2}[ABCDEGHKLMNPQRSTUVXY]{2}-[0-9]{2}[TP]")
_ELECTRONIC_SYMBOL: Final = re.compile(r"([0-9]{2})T[ABCDEGHKLMNPQRSTUVXY]{2}")

DENOMINATIONS: Final = (500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 200)
"""Notes in circulation, in đồng."""

RECEIPT_TITLE: Final = "BIÊN LAI THU TIỀN PHÍ, LỆ PHÍ"
PROVISIONAL_TITLE: Final = "PHIẾU THU TẠM"
PROVISIONAL_NOTE: Final = "Giấy xác nhận đã nộp tiền, không có giá trị thay biên lai"


class Medium(Enum):
    """On what a receipt is given; `PROVISIONAL` is what stands for an electronic one until that is issued."""

    PAPER = "paper"
    ELECTRONIC = "electronic"
    PROVISIONAL = "provisional"


def media_on(day: date) -> tuple[Medium, ...]:
    """What may be given for money that is collected on a Vietnamese day, the provisional slip last."""
    paper = (Medium.PAPER,) if day <= PAPER_UNTIL else ()
    return (Medium.ELECTRONIC, *paper, Medium.PROVISIONAL)


def given_as(day: date, *, issued: bool, paper: bool) -> Medium:
    """What the payer takes home: the electronic receipt once issued, else paper where there is any, else a slip."""
    if issued:
        return Medium.ELECTRONIC
    return Medium.PAPER if paper and Medium.PAPER in media_on(day) else Medium.PROVISIONAL


class ReceiptNumber(msgspec.Struct, frozen=True, order=True):
    """Ký hiệu mẫu, ký hiệu and số: together unique for ever."""

    form: str
    symbol: str
    number: Annotated[int, Meta(ge=1, le=LAST_NUMBER)]

    @property
    def medium(self) -> Medium:
        """Told by the ký hiệu mẫu: those that begin with EBL are electronic."""
        return Medium.ELECTRONIC if self.form.startswith("EBL") else Medium.PAPER

    def __str__(self) -> str:
        """As people write it; paper receipts carry seven digits."""
        width = 7 if self.medium is Medium.PAPER else 1
        return f"{self.form} {self.symbol} {self.number:0{width}d}"


class Range(msgspec.Struct, frozen=True, omit_defaults=True):
    """The numbers of one symbol that a node may give: catalog data."""

    node: Annotated[str, Meta(min_length=1, max_length=100)]
    form: str
    symbol: str
    first: Annotated[int, Meta(ge=1, le=LAST_NUMBER)]
    last: Annotated[int, Meta(ge=1, le=LAST_NUMBER)]

    def problem(self, day: date) -> str | None:
        """Why no number of this range may be given on a day, in Vietnamese; None if one may."""
        return symbol_problem(self.form, self.symbol, day) or (
            None if self.first <= self.last else f"dải số {self.first}–{self.last} ngược thứ tự"
        )

    def next_after(self, last_given: int) -> ReceiptNumber | None:
        """The number after the last one given (0: none yet); None when the range is used up."""
        number = max(self.first, last_given + 1)
        return ReceiptNumber(self.form, self.symbol, number) if number <= self.last else None

    def left(self, last_given: int) -> int:
        """How many numbers may still be given after this one (0: none was given yet)."""
        return max(0, self.last + 1 - max(self.first, last_given + 1))

    def overlaps(self, other: Range) -> bool:
        """Whether two ranges could give one number: the second must not be written."""
        same = (self.form, self.symbol) == (other.form, other.symbol)
        return same and self.first <= other.last and other.first <= self.last


def symbol_problem(form: str, symbol: str, day: date) -> str | None:
    """Why a form and symbol may not be used on a Vietnamese day, in Vietnamese; None if they may."""
    if form == ELECTRONIC_FORM:
        match = _ELECTRONIC_SYMBOL.fullmatch(symbol)
        if match is None:
            return f"ký hiệu biên lai điện tử không đúng dạng 26TAA: {symbol or 'để trống'}"
        if int(match[1]) != day.year % 100:
            return f"ký hiệu {symbol} là của năm 20{match[1]}, không phải {day.year}"
        return None
    if _PAPER_FORM.fullmatch(form) is None:
        return f"ký hiệu mẫu biên lai không đúng: {form or 'để trống'}"
    if _PAPER_SYMBOL.fullmatch(symbol) is None:
        return f"ký hiệu biên lai giấy không đúng dạng 28AA-17T: {symbol or 'để trống'}"
    if day > PAPER_UNTIL:
        return f"biên lai giấy chỉ dùng đến {PAPER_UNTIL:%d/%m/%Y}"
    return None


# --- a shift ---


class Method(Enum):
    """How money was paid: only cash lies in the drawer."""

    CASH = "cash"
    TRANSFER = "transfer"
    CARD = "card"
    ONLINE = "online"


@dataclass(frozen=True, slots=True)
class Voided:
    """Made void by two: a cashier cannot void alone."""

    by: str
    with_: str
    why: str


@dataclass(frozen=True, slots=True)
class Collected:
    """One receipt of a shift: its amounts by kind, and what became of it. Money of a void one is with the payer."""

    number: ReceiptNumber
    method: Method
    charge: int
    fee: int
    void: Voided | None = None

    @property
    def amount(self) -> int:
        """In đồng, phí and lệ phí together."""
        return self.charge + self.fee


@dataclass(frozen=True, slots=True)
class Refunded:
    """Money that was given back, for whichever shift's receipt."""

    number: ReceiptNumber
    method: Method
    amount: int
    with_: str
    why: str


@dataclass(frozen=True, slots=True)
class CashCount:
    """Notes in the drawer by value, counted; `why` explains a difference."""

    notes: Mapping[int, int]
    why: str = ""

    @property
    def total(self) -> int:
        """In đồng; 0 for an empty drawer."""
        return sum(value * count for value, count in self.notes.items())


@dataclass(frozen=True, slots=True)
class Shift:
    """What one cashier did at one node between opening and closing the drawer.

    `last_before`: the last number of each form and symbol given before this shift, so that a gap at the beginning
    shows. `unused` are the numbers that were spoiled before any money was taken, each with its reason. `ranges`: first and
    last of what this machine may give of each form and symbol; what lies between two of them is somebody else's.
    """

    cashier: str
    opening: int
    collected: tuple[Collected, ...] = ()
    refunded: tuple[Refunded, ...] = ()
    last_before: Mapping[tuple[str, str], int] | None = None
    unused: Mapping[ReceiptNumber, str] | None = None
    ranges: Mapping[tuple[str, str], Sequence[tuple[int, int]]] | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What stands of one form, symbol and method: how many receipts, and the two kinds of money apart."""

    form: str
    symbol: str
    method: Method
    count: int
    charge: int
    fee: int


@dataclass(frozen=True, slots=True)
class Closing:
    """A shift's balance. It may be closed when `unexplained` is empty."""

    totals: tuple[Totals, ...]
    expected: int
    counted: int
    unexplained: tuple[str, ...]

    @property
    def difference(self) -> int:
        """In đồng: above 0 where there is too much in the drawer, below where something lacks."""
        return self.counted - self.expected


def close(shift: Shift, count: CashCount) -> Closing:
    """Balance a shift: every number and every đồng is explained, or named in Vietnamese. Total."""
    standing = [one for one in shift.collected if one.void is None]
    expected = (
        shift.opening
        + sum(one.amount for one in standing if one.method is Method.CASH)
        - sum(one.amount for one in shift.refunded if one.method is Method.CASH)
    )
    unexplained = (
        *_numbers(shift),
        *_voids(shift),
        *_refunds(shift),
        *_notes(count),
        *_difference(count, expected),
    )
    return Closing(_totals(standing), expected, count.total, unexplained)


MOST_NAMED: Final = 20
"""More missing numbers than these are counted, not listed."""


def _numbers(shift: Shift) -> Iterator[str]:
    unused = shift.unused or {}
    before = shift.last_before or {}
    used = Counter(one.number for one in shift.collected)
    for number, times in sorted(used.items()):
        if times > 1:
            yield f"số {number} ghi {times} lần"
        if number in unused:
            yield f"số {number} vừa thu tiền vừa ghi là hỏng"
    for number, why in sorted(unused.items()):
        if not why.strip():
            yield f"số {number} hỏng mà không ghi lý do"
    for series in sorted({(number.form, number.symbol) for number in (*used, *unused)}):
        numbers = [number.number for number in (*used, *unused) if (number.form, number.symbol) == series]
        after = before.get(series, min(numbers) - 1)
        for early in sorted(number for number in numbers if number <= after):
            yield f"số {ReceiptNumber(*series, early)} đã dùng trước ca này"
        yield from _missing(series, numbers, after, (shift.ranges or {}).get(series, ()))


def _missing(
    series: tuple[str, str], numbers: Sequence[int], after: int, ranges: Sequence[tuple[int, int]]
) -> Iterator[str]:
    newest = max(numbers)
    own = [(max(after + 1, first), min(newest, last)) for first, last in ranges or [(after + 1, newest)]]
    given = {number for number in numbers if any(first <= number <= last for first, last in own)}
    absent = sum(max(0, last - first + 1) for first, last in own) - len(given)
    if absent > MOST_NAMED:
        yield f"{series[0]} {series[1]}: thiếu {absent} số chưa giải trình"
        return
    for first, last in sorted(own) if absent else ():
        for number in range(first, last + 1):
            if number not in given:
                yield f"số {ReceiptNumber(*series, number)} thiếu, chưa giải trình"


def _voids(shift: Shift) -> Iterator[str]:
    for one in shift.collected:
        if one.void is None:
            continue
        if not one.void.with_ or one.void.with_ == one.void.by:
            yield f"số {one.number} hủy mà không có người thứ hai"
        if not one.void.why.strip():
            yield f"số {one.number} hủy mà không ghi lý do"


def _refunds(shift: Shift) -> Iterator[str]:
    given = Counter[ReceiptNumber]()
    for one in shift.refunded:
        given[one.number] += one.amount
        if not one.with_ or one.with_ == shift.cashier:
            yield f"hoàn tiền số {one.number} mà không có người thứ hai"
        if not one.why.strip():
            yield f"hoàn tiền số {one.number} mà không ghi lý do"
    for receipt in shift.collected:
        back = given[receipt.number]
        if back and receipt.void is not None:
            yield f"số {receipt.number} vừa hủy vừa hoàn tiền"
        elif back > receipt.amount:
            yield f"hoàn {shown(back)} cho số {receipt.number} chỉ thu {shown(receipt.amount)}"


def _notes(count: CashCount) -> Iterator[str]:
    for value, pieces in sorted(count.notes.items(), reverse=True):
        if value not in DENOMINATIONS:
            yield f"không có tờ {shown(value)}"
        if pieces < 0:
            yield f"số tờ {shown(value)} là số âm"


def _difference(count: CashCount, expected: int) -> Iterator[str]:
    difference = count.total - expected
    if difference and not count.why.strip():
        word = "thừa" if difference > 0 else "thiếu"
        yield f"quỹ {word} {shown(abs(difference))} chưa giải trình"


def _totals(standing: Sequence[Collected]) -> tuple[Totals, ...]:
    keys = sorted(
        {(one.number.form, one.number.symbol, one.method) for one in standing},
        key=lambda key: (key[0], key[1], key[2].value),
    )
    return tuple(
        Totals(
            *key,
            len(mine := [o for o in standing if (o.number.form, o.number.symbol, o.method) == key]),
            sum(one.charge for one in mine),
            sum(one.fee for one in mine),
        )
        for key in keys
    )
