"""What is printed about money, in the words of the catalog; each paper is queued in the transaction of its act."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from printing import spool
from printing.content import Dong, Paper
from printing.papers.money import (
    CashSummary,
    ElectronicReceipt,
    FeeLine,
    FeeNotice,
    Notes,
    PaperReceipt,
    ProvisionalSlip,
    ReceiptRun,
)
from printing.typesetting import to_job
from schemas import receipts
from schemas.acts import AskedLine, FeeCollected, FeeNotified, PaidLine, Receipt, ReceiptReplaced, ShiftClosed
from schemas.catalog import Catalog
from schemas.entries import Centre
from schemas.events import moment
from schemas.fold import Dossier
from schemas.money import shown
from schemas.owing import NAMES
from schemas.receipts import Collected, Method
from schemas.rules import Done
from schemas.till import amounts, by_method

WAYS: Final = {"cash": "tiền mặt", "transfer": "chuyển khoản", "card": "thẻ", "online": "trực tuyến"}
"""Ways of paying, in the middle of a sentence."""
WAYS_HERE: Final = "tiền mặt, chuyển khoản quét mã VietQR, hoặc thẻ tại quầy thu"
PAPER_COPIES: Final = 3
"""Of a receipt on paper: for the office, for the payer, for the books."""


Code = Callable[[str, str, Receipt], str]
"""(stream, hash of the act that took the money, receipt) -> the text of its QR code (`Papers.code_of_receipt`)."""


class MoneyPapers:
    """Makes and queues the papers of one node's drawer."""

    def __init__(self, catalog: Catalog, code: Code, *, node: str) -> None:
        self._catalog, self._code, self._node = catalog, code, node

    def spool_notice(self, dossier: Dossier, done: Done, attempt: int) -> None:
        """Queue the notice of what is to be paid; `attempt` counts the notices of this dossier here."""
        received, notice = _received(dossier), done.data
        assert isinstance(notice, FeeNotified)  # noqa: S101 - the ledger has just written it
        came = received.submitter or received.applicant
        paper = FeeNotice(
            **self._head(),
            number=received.number,
            applicant=received.applicant.name,
            submitter=came.name,
            procedure=received.procedure_name,
            fees=_asked_rows(notice),
            total=Dong(sum(line.amount for line in notice.lines)),
            until=None,
            ways=WAYS_HERE,
            source=notice.source or "Danh mục phí, lệ phí của thủ tục",
            notifier=self._catalog.latest.name_of(done.by),
            notified=moment(done.at),
        )
        self._put(paper, dossier.stream, received.number, moment(done.at), attempt=attempt)

    def spool_receipt(self, dossier: Dossier, done: Done) -> None:
        """Queue what the payer takes home: a receipt on paper in three copies, or the slip while one is pending."""
        taken = done.data
        assert isinstance(taken, FeeCollected)  # noqa: S101 - the ledger has just written it
        paper = (
            self._slip(dossier, done, taken)
            if taken.receipt.provisional
            else self._receipt(dossier, done, taken)
        )
        self._put(
            paper,
            dossier.stream,
            receipt_name(taken),
            moment(done.at),
            copies=1 if taken.receipt.provisional else PAPER_COPIES,
        )

    def spool_rendering(self, dossier: Dossier, done: Done, issued: ReceiptReplaced, at: datetime) -> None:
        """Queue the rendering of the electronic receipt that was issued for an act of collection."""
        taken, receipt = done.data, issued.receipt
        assert isinstance(taken, FeeCollected)  # noqa: S101 - money is taken by nothing else
        number = f"{receipt.symbol}-{receipt.number}"
        before = (spool.PrintJob.number == number) & (spool.PrintJob.form == ElectronicReceipt.FORM)
        attempt = spool.PrintJob.select().where(before).count() + 1
        plain = self._receipt(dossier, done, taken)
        said = {field.name: getattr(plain, field.name) for field in fields(plain)} | {
            "receipt_form": receipt.form,
            "symbol": receipt.symbol,
            "receipt_number": str(receipt.number),
            "qr_text": self._code(dossier.stream, done.hash, receipt),
            "print_count": attempt,
        }
        paper = ElectronicReceipt(
            **said,
            lookup=issued.lookup,
            signed_by=issued.signed_by,
            signed=moment(issued.signed_at or done.at),
        )
        self._put(paper, dossier.stream, number, at, attempt=attempt)

    def spool_summary(
        self, stream: str, opened: Done, closed: Done, shift: receipts.Shift, closing: receipts.Closing
    ) -> None:
        """Queue the count of a shift that was closed."""
        said, at = closed.data, moment(closed.at)
        assert isinstance(said, ShiftClosed)  # noqa: S101 - the ledger has just written it
        ways = {method: sums.taken for method, sums in by_method(shift).items()}
        charge, fee = _charge_and_fee(shift.collected)
        paper = CashSummary(
            **self._head(),
            counter=self._catalog.latest.title_of(self._node),
            cashier=self._catalog.latest.name_of(opened.by),
            opened=moment(opened.at),
            closed=at,
            runs=runs_of(shift),
            charge=Dong(charge),
            fee=Dong(fee),
            cash=Dong(ways[Method.CASH]),
            transfer=Dong(ways[Method.TRANSFER] + ways[Method.CARD]),
            online=Dong(ways[Method.ONLINE]),
            opening=Dong(shift.opening),
            refunded=Dong(sum(one.amount for one in shift.refunded if one.method is Method.CASH)),
            expected=Dong(said.expected),
            notes=tuple(
                Notes(value=Dong(one.value), count=one.count, amount=Dong(one.value * one.count))
                for one in said.notes
                if one.count
            ),
            counted=Dong(said.counted),
            difference=Dong(said.counted - said.expected),
            explanation="; ".join(filter(None, (said.reason, *_given_back_otherwise(shift)))),
            gaps="; ".join(one for one in closing.unexplained if one.startswith("số") or ": thiếu " in one),
            taker="",
        )
        self._put(paper, stream, f"ca-{closed.hash[:12]}", at)

    def _receipt(self, dossier: Dossier, done: Done, taken: FeeCollected) -> PaperReceipt:
        received = _received(dossier)
        agency = self._catalog.latest.agency(received.agency)
        charge, fee = amounts(taken.lines)
        receipt = taken.receipt
        return PaperReceipt(
            **self._head(),
            collector=agency.name if agency else received.agency,
            tax_code=agency.tax_code if agency else "",
            receipt_form=receipt.form,
            symbol=receipt.symbol,
            receipt_number=f"{receipt.number:07d}",
            charge_name=charge_name(taken.lines, received.procedure_name),
            payer=taken.payer,
            number=received.number,
            address=(received.submitter or received.applicant).address or received.applicant.address,
            amount=Dong(taken.total),
            charge=Dong(charge),
            fee=Dong(fee),
            method=_way(taken),
            cashier=self._catalog.latest.name_of(done.by),
            collected=moment(done.at),
            qr_text=self._code(dossier.stream, done.hash, receipt),
        )

    def _slip(self, dossier: Dossier, done: Done, taken: FeeCollected) -> ProvisionalSlip:
        received = _received(dossier)
        return ProvisionalSlip(
            **self._head(),
            slip_number=receipt_name(taken),
            payer=taken.payer,
            number=received.number,
            charge_name=charge_name(taken.lines, received.procedure_name),
            fees=tuple(
                FeeLine(
                    tt=place,
                    name=line.name,
                    kind=NAMES[line.kind],
                    amount=Dong(line.amount),
                    exemption=taken.exemption,
                )
                for place, line in enumerate(taken.lines, start=1)
            ),
            amount=Dong(taken.total),
            method=_way(taken),
            cashier=self._catalog.latest.name_of(done.by),
            counter=self._catalog.latest.title_of(self._node),
            collected=moment(done.at),
            qr_text=self._code(dossier.stream, done.hash, taken.receipt),
        )

    def _put(
        self, paper: Paper, stream: str, number: str, at: datetime, *, copies: int = 1, attempt: int = 1
    ) -> None:
        spool.put(
            stream=stream,
            number=number,
            form=paper.FORM,
            payload=to_job(paper),
            copies=copies,
            attempt=attempt,
            at=at,
        )

    def _head(self) -> dict[str, Any]:
        centre = self._catalog.latest.centre() or Centre("?", "?", "?")
        return {
            "superior": centre.superior,
            "agency": centre.name,
            "place": centre.place,
            "catalog": self._catalog.number,
        }


def receipt_name(taken: FeeCollected) -> str:
    """What a receipt is called in the spool and at the counter: "26TAA-7"."""
    return f"{taken.receipt.symbol}-{taken.receipt.number}"


def charge_name(lines: Sequence[PaidLine], procedure: str) -> str:
    """ "Lệ phí: Cấp giấy phép …", or the names that the catalog has."""
    named = "; ".join(dict.fromkeys(line.name for line in lines))
    return f"{named}: {procedure}"


def runs_of(shift: receipts.Shift) -> tuple[ReceiptRun, ...]:
    """The receipts of a shift by form and symbol, each void one with its reason."""
    series: dict[tuple[str, str], list[Collected]] = {}
    for one in shift.collected:
        series.setdefault((one.number.form, one.number.symbol), []).append(one)
    return tuple(_run(form, symbol, some) for (form, symbol), some in sorted(series.items()))


def _run(form: str, symbol: str, collected: Sequence[Collected]) -> ReceiptRun:
    standing = [one for one in collected if one.void is None]
    numbers = [one.number.number for one in collected]
    ways: Mapping[Method, int] = {
        method: sum(one.amount for one in standing if one.method is method) for method in Method
    }
    charge, fee = _charge_and_fee(collected)
    return ReceiptRun(
        symbol=f"{form} {symbol}",
        numbers=", ".join(_spans(numbers)),
        given=len(standing),
        void=len(collected) - len(standing),
        unused=0,
        charge=Dong(charge),
        fee=Dong(fee),
        cash=Dong(ways[Method.CASH]),
        transfer=Dong(ways[Method.TRANSFER] + ways[Method.CARD]),
        online=Dong(ways[Method.ONLINE]),
        note="; ".join(f"{one.number.number} huỷ: {one.void.why}" for one in collected if one.void),
    )


def _spans(numbers: Sequence[int]) -> Iterator[str]:
    """Numbers that follow each other as one: another range of the machine begins elsewhere."""
    for _, span in groupby(enumerate(sorted(set(numbers))), lambda one: one[1] - one[0]):
        some = [number for _, number in span]
        yield f"{some[0]} – {some[-1]}" if len(some) > 1 else str(some[0])


def _given_back_otherwise(shift: receipts.Shift) -> Iterator[str]:
    """Money that went back and lies in no drawer."""
    for one in shift.refunded:
        if one.method is not Method.CASH:
            yield f"hoàn {shown(one.amount)} không bằng tiền mặt cho số {one.number}"


def _charge_and_fee(collected: Sequence[Collected]) -> tuple[int, int]:
    standing = [one for one in collected if one.void is None]
    return sum(one.charge for one in standing), sum(one.fee for one in standing)


def _asked_rows(notice: FeeNotified) -> tuple[FeeLine, ...]:
    return tuple(
        FeeLine(
            tt=place,
            name=line.name,
            kind=NAMES[line.kind],
            amount=Dong(line.amount),
            exemption=_less(line, notice),
        )
        for place, line in enumerate(notice.lines, start=1)
    )


def _less(line: AskedLine, notice: FeeNotified) -> str:
    if line.amount == line.full:
        return "thu khi trả kết quả" if line.at == "return" else ""
    word = "miễn" if line.amount == 0 else f"giảm từ {line.full:,} đ".replace(",", ".")
    return f"{word}: {notice.relief}, {notice.proof}"


def _way(taken: FeeCollected) -> str:
    way = WAYS[taken.method]
    return f"{way}, số {taken.reference}" if taken.reference else way


def _received(dossier: Dossier) -> Any:
    received = dossier.received
    assert received is not None, "money is taken for what was received"  # noqa: S101
    return received
