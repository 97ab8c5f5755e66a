"""Electronic receipts as they go to whoever issues them for the collector, money that was given back while its receipt
stands, and the summary of a day. Pure.

What a receipt must say is NĐ 254/2026 Đ23(2); the summary is form 01/TH-BLĐT (Đ29(3)). A message is a function of the
dossier alone, but for what was issued meanwhile: that is no change, and nothing is sent for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Final

import msgspec

from schemas.acts import FeeCollected, FeeRefunded, ReceiptUndone, Received
from schemas.calendar import VIETNAM, local_day
from schemas.events import Event, Unknown, moment
from schemas.fold import Dossier, Place
from schemas.money import in_words
from schemas.pending_receipts import issued_of
from schemas.receipts import ELECTRONIC_FORM, RECEIPT_TITLE
from schemas.till import amounts
from schemas.views import View

SUMMARY_FORM: Final = "01/TH-BLĐT"
COLLECTED: Final = "dossier.fee_collected"
VOIDED: Final = "dossier.fee_voided"
REFUNDED: Final = "dossier.fee_refunded"
_KINDS: Final = {"phi": "1", "le_phi": "2"}
_METHODS: Final = {"cash": "1", "transfer": "2", "card": "3", "online": "4"}
_STANDS: Final = (Place.EFFECTIVE, Place.IRREGULAR, Place.CONTESTED)


class State(Enum):
    """What became of a receipt: `TrangThai` of its message."""

    PENDING = "1"
    ISSUED = "issued"
    VOID = "2"


@dataclass(frozen=True, slots=True)
class Electronic:
    """One electronic receipt; `agency` is whose it is, `day` the Vietnamese day of its money."""

    collected: str
    stream: str
    agency: str
    day: date
    symbol: str
    number: int
    state: State
    said: Mapping[str, Any]

    @property
    def message(self) -> dict[str, Any]:
        """As JSON, under `BienLai`; the caller's own at the top."""
        return {"BienLai": dict(self.said)}


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Money that was given back of an electronic receipt that stands; `refunded` is the act."""

    refunded: str
    collected: str
    stream: str
    said: Mapping[str, Any]

    @property
    def message(self) -> dict[str, Any]:
        """As JSON, under `HoanTien`; the caller's own at the top."""
        return {"HoanTien": dict(self.said)}


def electronic_of(dossier: Dossier, events: Iterable[Event | Unknown], view: View) -> Iterator[Electronic]:
    """Those of one dossier, in the order of its acts; of a redacted act nothing is said."""
    received = dossier.received
    if received is None or not any(line.kind == COLLECTED for line in dossier.timeline):
        return
    said = {str(event.hash): event for event in events if isinstance(event, Event) and not event.redacted}
    purse, issued = dossier.standing.purse, set(issued_of(dossier, said))
    reasons = _reasons(dossier, said)
    for line in dossier.timeline:
        event = said.get(line.hash)
        if line.kind != COLLECTED or line.place not in _STANDS or event is None:
            continue
        taken = msgspec.convert(event.data, FeeCollected)
        if taken.receipt.form != ELECTRONIC_FORM:
            continue
        void = line.hash in purse.void
        if not void and line.hash not in purse.collected:
            continue
        known = line.hash in issued or not taken.receipt.provisional
        state = State.VOID if void else State.ISSUED if known else State.PENDING
        words = _said(received, taken, event.at, view)
        if void:
            words |= {"TrangThai": State.VOID.value, "LyDoHuy": reasons.get(line.hash, "")}
        yield Electronic(
            line.hash,
            dossier.stream,
            received.agency,
            local_day(moment(event.at)),
            taken.receipt.symbol,
            taken.receipt.number,
            state,
            words,
        )


def given_back_of(
    dossier: Dossier, events: Iterable[Event | Unknown], one: Electronic
) -> Iterator[GivenBack]:
    """What was given back of one receipt, in the order of the acts; each says of itself and of the receipt alone."""
    said = {str(event.hash): event for event in events if isinstance(event, Event) and not event.redacted}
    for line in dossier.timeline:
        event = said.get(line.hash)
        if line.kind != REFUNDED or line.place not in _STANDS or event is None:
            continue
        back = msgspec.convert(event.data, FeeRefunded)
        if back.collected != one.collected:
            continue
        whose = ("KyHieuMau", "KyHieu", "So", "NgayLap", "ToChucThu", "MaSoThue", "MaHoSo")
        words = {name: one.said[name] for name in whose} | {
            "NgayHoan": f"{moment(event.at).astimezone(VIETNAM):%Y%m%d%H%M%S}",
            "NguoiNhan": back.paid_to,
            "SoTien": back.amount,
            "BangChu": in_words(back.amount),
            "HinhThuc": _METHODS[back.method],
            "LyDo": back.reason,
        }
        yield GivenBack(line.hash, one.collected, dossier.stream, words)


def _reasons(dossier: Dossier, said: Mapping[str, Event]) -> dict[str, str]:
    found = {}
    for line in dossier.timeline:
        event = said.get(line.hash)
        if line.kind == VOIDED and line.place in _STANDS and event is not None:
            undone = msgspec.convert(event.data, ReceiptUndone)
            found[undone.collected] = undone.reason
    return found


def _said(received: Received, taken: FeeCollected, at: str, view: View) -> dict[str, Any]:
    agency = view.agency(received.agency)
    came = received.submitter or received.applicant
    charge, fee = amounts(taken.lines)
    return {
        "TenBienLai": RECEIPT_TITLE,
        "KyHieuMau": taken.receipt.form,
        "KyHieu": taken.receipt.symbol,
        "So": taken.receipt.number,
        "NgayLap": f"{moment(at).astimezone(VIETNAM):%Y%m%d%H%M%S}",
        "ToChucThu": agency.name if agency is not None else received.agency,
        "MaSoThue": agency.tax_code if agency is not None else "",
        "NguoiNop": taken.payer,
        "DiaChi": came.address or received.applicant.address,
        "MaHoSo": received.number,
        "KhoanThu": [
            {"Ten": line.name, "Loai": _KINDS[line.kind], "SoTien": line.amount} for line in taken.lines
        ],
        "Phi": charge,
        "LePhi": fee,
        "TongTien": taken.total,
        "BangChu": in_words(taken.total),
        "HinhThuc": _METHODS[taken.method],
        "SoThamChieu": taken.reference,
        "TrangThai": State.PENDING.value,
    }


def summary_of(
    day: date, agency: str, receipts: Sequence[Electronic], lookups: Mapping[str, str], view: View
) -> dict[str, Any]:
    """The summary of one collector's day: each number once, in its order, void ones too; what stands is added up."""
    whose, standing = view.agency(agency), [one for one in receipts if one.state is not State.VOID]
    return {
        "BangTongHop": {
            "Mau": SUMMARY_FORM,
            "Ngay": f"{day:%Y%m%d}",
            "ToChucThu": whose.name if whose is not None else agency,
            "MaSoThue": whose.tax_code if whose is not None else "",
            "SoLuong": len(receipts),
            "TongTien": sum(one.said["TongTien"] for one in standing),
            "BienLai": [
                {
                    name: one.said[name]
                    for name in (
                        *("KyHieuMau", "KyHieu", "So", "NgayLap", "NguoiNop", "MaHoSo"),
                        *("Phi", "LePhi", "TongTien", "TrangThai"),
                    )
                }
                | {"LyDoHuy": one.said.get("LyDoHuy", ""), "MaTraCuu": lookups.get(one.collected, "")}
                for one in sorted(receipts, key=lambda one: (one.symbol, one.number))
            ],
        }
    }
