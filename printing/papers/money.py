"""What is printed about money: fee notice, receipts, the slip while one is pending, and a shift's count (domain §4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from printing.content import Dong, Paper, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine(Row):
    """One phí or lệ phí. `exemption` says why it is less than its rate."""

    tt: int
    name: str
    kind: str
    """ "Phí" or "Lệ phí"."""
    amount: Dong
    exemption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeNotice(Paper):
    """What is to be paid for a dossier, where and how."""

    FORM: ClassVar[str] = "fee-notice"
    MADE: ClassVar[str] = "notified"
    SUBJECT: ClassVar[str] = "procedure"
    MUST: ClassVar[tuple[str, ...]] = ("number", "submitter", "total", "total_words", "source")

    number: str
    applicant: str
    submitter: str
    procedure: str
    fees: tuple[FeeLine, ...]
    total: Dong
    until: date | None
    ways: str
    """How it can be paid: "tiền mặt tại quầy, chuyển khoản, trực tuyến"."""
    source: str
    """The legal text that sets the rates."""
    notifier: str
    notified: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperReceipt(Paper):
    """The receipt on paper, usable until 31/12/2026 (NĐ 254/2026 Đ44(2))."""

    FORM: ClassVar[str] = "receipt"
    MADE: ClassVar[str] = "collected"
    SUBJECT: ClassVar[str] = "charge_name"
    MUST: ClassVar[tuple[str, ...]] = (
        "collector",
        "tax_code",
        "receipt_form",
        "symbol",
        "receipt_number",
        "charge_name",
        "payer",
        "amount",
        "amount_words",
        "collected",
        "cashier",
    )

    collector: str
    """Đơn vị thu."""
    tax_code: str
    receipt_form: str
    symbol: str
    receipt_number: str
    charge_name: str
    payer: str
    number: str
    """Of the dossier."""
    address: str
    amount: Dong
    charge: Dong
    """The part that is phí."""
    fee: Dong
    """The part that is lệ phí."""
    method: str
    cashier: str
    collected: datetime

    @property
    def name(self) -> str:
        """Its ký hiệu and its số."""
        return f"{self.symbol} {self.receipt_number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectronicReceipt(PaperReceipt):
    """The rendering of an issued electronic receipt, form EBL01 (TT 91/2026/TT-BTC, PL II)."""

    FORM: ClassVar[str] = "EBL01"
    MUST: ClassVar[tuple[str, ...]] = (
        "collector",
        "tax_code",
        "receipt_form",
        "symbol",
        "receipt_number",
        "charge_name",
        "payer",
        "amount",
        "amount_words",
        "collected",
        "signed_by",
    )

    lookup: str
    """Where and by which code the receipt itself is found."""
    signed_by: str
    signed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionalSlip(Paper):
    """Says that money was paid while the electronic receipt is pending; it is no receipt and says so (domain §4.3)."""

    FORM: ClassVar[str] = "provisional"
    MADE: ClassVar[str] = "collected"
    NAME: ClassVar[str] = "slip_number"
    MUST: ClassVar[tuple[str, ...]] = (
        "slip_number",
        "payer",
        "amount",
        "amount_words",
        "collected",
        "cashier",
    )

    slip_number: str
    payer: str
    number: str
    charge_name: str
    fees: tuple[FeeLine, ...]
    amount: Dong
    method: str
    cashier: str
    counter: str
    collected: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRun(Row):
    """The receipts of one form and symbol in a shift, first to last, every number explained."""

    symbol: str
    numbers: str
    given: int
    void: int
    unused: int
    charge: Dong
    fee: Dong
    cash: Dong
    transfer: Dong
    online: Dong
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes(Row):
    """Banknotes of one value."""

    value: Dong
    count: int
    amount: Dong


@dataclass(frozen=True, slots=True, kw_only=True)
class CashSummary(Paper):
    """A shift's count: what was collected by receipts, what lies in the drawer, and why they differ if they do."""

    FORM: ClassVar[str] = "cash"
    MADE: ClassVar[str] = "closed"
    MUST: ClassVar[tuple[str, ...]] = (
        "counter",
        "cashier",
        "opened",
        "closed",
        "expected",
        "counted",
        "difference",
        "explanation",
        "gaps",
    )

    counter: str
    cashier: str
    opened: datetime
    closed: datetime
    runs: tuple[ReceiptRun, ...]
    charge: Dong
    fee: Dong
    cash: Dong
    transfer: Dong
    online: Dong
    opening: Dong
    refunded: Dong
    expected: Dong
    notes: tuple[Notes, ...]
    counted: Dong
    difference: Dong
    explanation: str
    gaps: str
    """Numbers that are neither given, void nor noted as unused; empty when there are none."""
    taker: str

    @property
    def name(self) -> str:
        """The counter, and the day on which the shift was closed."""
        return f"{self.counter} {self.closed:%d/%m/%Y}"
