"""Sổ thu: what came and went on a day, by counter and cashier, as far as this machine knows; as a page and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from edge.till import DayOf
from edge.web import presence, sheets, words
from edge.web.days import day_of
from edge.web.site import FEES, TAKINGS, site
from schemas.acts import FeeCollected, FeeRefunded
from schemas.receipts import CashCount, Method, Totals, close
from schemas.till import Deal, Sums, amounts, by_method

blueprint = Blueprint("takings", __name__)

HEAD: Final = (
    "Quầy", "Người thu", "Lúc", "Việc", "Mẫu", "Ký hiệu", "Số", "Mã hồ sơ", "Hình thức", "Số tham chiếu", "Phí", "Lệ phí",
    "Thu vào", "Trả ra", "Người thứ hai", "Lý do",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One act of money as a line of the day."""

    deal: Deal
    what: str
    receipt: FeeCollected
    number: str
    taken: int
    given_back: int
    why: str


@dataclass(frozen=True, slots=True)
class Drawer:
    """One cashier at one machine on the day."""

    place: str
    cashier: str
    rows: tuple[Row, ...]
    totals: tuple[Totals, ...]
    sums: dict[Method, Sums]

    @property
    def kept(self) -> int:
        """Đồng taken less those given back, in all ways of paying."""
        return sum(one.kept for one in self.sums.values())


@blueprint.get("/takings")
def page() -> ResponseReturnValue:
    """`day` as 2027-03-01; today where it is not a day."""
    presence.require(TAKINGS)
    day = _day()
    drawers = [_drawer(one) for one in site().node.till.day(day)]
    kept = sum(one.kept for one in drawers)
    return render_template("takings.html", day=day, drawers=drawers, kept=kept, fees_entry=FEES)


@blueprint.get("/takings.csv")
def as_csv() -> ResponseReturnValue:
    """The same, one line an act, for a spreadsheet: UTF-8 with its mark, amounts as plain numbers."""
    presence.require(TAKINGS)
    day = _day()
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(HEAD)
    for drawer in (_drawer(one) for one in site().node.till.day(day)):
        table.writerows(map(_harmless, line) for line in _lines(drawer))
    response = Response("\ufeff" + written.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="so-thu-{day.isoformat()}.csv"'
    return response


@blueprint.get("/takings.xlsx")
def as_xlsx() -> ResponseReturnValue:
    """The same as a workbook; amounts are numbers."""
    presence.require(TAKINGS)
    day = _day()
    rows = (
        [cell if isinstance(cell, int) else str(cell) for cell in line]
        for drawer in (_drawer(one) for one in site().node.till.day(day))
        for line in _lines(drawer)
    )
    return sheets.answer(sheets.workbook("Sổ thu", HEAD, rows), sheets.XLSX, f"so-thu-{day.isoformat()}.xlsx")


def _day() -> date:
    return day_of(request.args.get("day")) or site().today()


def _drawer(one: DayOf) -> Drawer:
    here, shift = site(), one.shift
    return Drawer(
        here.place(one.node),
        here.name(one.cashier),
        tuple(_rows(one.deals)),
        close(shift, CashCount({})).totals,
        by_method(shift),
    )


def _rows(deals: Iterable[Deal]) -> Iterator[Row]:
    for deal in deals:
        taken = deal.data if isinstance(deal.data, FeeCollected) else deal.about
        if taken is None:
            continue
        row = site().node.register.row(deal.stream)
        number = row.number if row else ""
        match deal.data:
            case FeeCollected():
                yield Row(deal, "Thu", taken, number, taken.total, 0, taken.exemption)
            case FeeRefunded():
                yield Row(deal, "Hoàn", taken, number, 0, deal.data.amount, deal.data.reason)
            case _:
                yield Row(deal, "Huỷ", taken, number, 0, taken.total, deal.data.reason)


def _lines(drawer: Drawer) -> Iterator[tuple[object, ...]]:
    for row in drawer.rows:
        receipt = row.receipt.receipt
        charge, fee = amounts(row.receipt.lines) if row.what == "Thu" else (0, 0)
        method = row.deal.data.method if isinstance(row.deal.data, FeeRefunded) else row.receipt.method
        beside = ", ".join(site().name(name) for name in row.deal.with_)
        yield (
            drawer.place, drawer.cashier, words.stamp(row.deal.at), row.what, receipt.form, receipt.symbol,
            receipt.number, row.number, words.METHODS[method], row.receipt.reference, charge, fee, row.taken,
            row.given_back, beside, row.why,
        )  # fmt: skip


def _harmless(cell: object) -> object:
    """A text that a spreadsheet would take for a formula is quoted: names and reasons are what people typed."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in tuple("=+-@\t\r") else cell
