"""Acts as a timeline tells them: a title for each kind, and one sentence from what was written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from edge.node import Node
from edge.web import words
from edge.web.site import site
from schemas.acts import (
    BY_KIND,
    Amended,
    Appraised,
    Approved,
    AtCounter,
    ComponentsAdded,
    DueChecked,
    EnteredAfterwards,
    Extended,
    FeeCollected,
    FeeNotified,
    FeeRefunded,
    Forwarded,
    Linked,
    Note,
    NotReceived,
    NumberCancelled,
    Numbered,
    ObligationAsked,
    ObligationMet,
    OpinionGiven,
    OriginalsCollected,
    OutageNoted,
    Preserved,
    Printed,
    Rated,
    Reasoned,
    ReceiptReplaced,
    ReceiptUndone,
    Received,
    ReceptionCancelled,
    RefusedResult,
    Registered,
    ResultUndone,
    Returned,
    SecondOpinion,
    Settled,
    SupplementRequested,
    Suspended,
    TakenOver,
    TicketTaken,
    WithdrawalAsked,
)
from schemas.events import Event

Contents = Mapping[str, Any]
"""What was written, by the hash of its event; kinds that this version does not know are left out."""


def contents_of(node: Node, stream: str) -> Contents:
    """The data of all acts of a stream, those that have no effect too."""
    found: dict[str, Any] = {}
    for event in node.projector.events_of(stream):
        act = BY_KIND.get(event.kind) if isinstance(event, Event) else None
        if act is None or not isinstance(event, Event):
            continue
        try:
            found[event.hash] = msgspec.convert(event.data, act.data)
        except msgspec.ValidationError:
            continue  # held by the fold, which says why; there is nothing to tell of it here
    return found


def agency_name(code: str) -> str:
    """What an agency is called; its code where the catalog does not know it."""
    found = site().view.agency(code) if code else None
    return found.name if found else code


def title(kind: str) -> str:
    act = BY_KIND.get(kind)
    return act.title if act else "Việc mà bản này chưa đọc được"


def in_words(kind: str, data: Any) -> str:
    """One sentence: "Thẩm định: đạt. Hồ sơ đủ, hợp lệ."."""
    match data:
        case EnteredAfterwards():
            return f"Nhập bù {data.number}, nhận {words.full(data.happened_at)}: {data.reason}"
        case Received():
            return f"Tiếp nhận {data.number}, in Giấy tiếp nhận (2 liên)"
        case Appraised():
            return f"Thẩm định: {'đạt' if data.passed else 'không đạt'}. {data.opinion}"
        case SecondOpinion():
            return f"Ý kiến thứ hai: {'đồng ý' if data.agrees else 'không đồng ý'}. {data.opinion}"
        case Approved():
            how = "kết quả ký tay trên giấy" if data.on_paper else "ký số kết quả"
            return f"Phê duyệt, {how}{_as(data.capacity)}"
        case RefusedResult():
            how = ", văn bản ký tay trên giấy" if data.on_paper else ""
            return f"Từ chối giải quyết{how}{_as(data.capacity)}: {data.reason}"
        case WithdrawalAsked():
            return f"Nhận đơn rút hồ sơ của {data.asked_by}: {data.reason}"
        case Reasoned():
            return f"{title(kind)}: {data.reason}"
        case Returned():
            owing = f"; phí còn thiếu: {data.unpaid}" if data.unpaid else ""
            return f"Trả kết quả cho {data.taken_by}{owing}"
        case Settled():
            return f"Đối soát: {data.reason}"
        case _:
            return _more(kind, data)


def _more(kind: str, data: Any) -> str:
    """The sentences of acts besides the nine that a dossier's day consists of."""
    told = title(kind)
    match data:
        case Registered():
            return f"{told} {data.number}".rstrip()
        case NotReceived() | ReceptionCancelled() | Suspended() | ResultUndone() | ReceiptUndone():
            return f"{told}: {data.reason}"
        case ComponentsAdded():
            names = [paper.name for paper in data.components] or [file.name for file in data.files]
            return f"{told}: {'; '.join(names)}" if names else told
        case Amended():
            return f"{told} ({len(data.changes)} ô): {data.reason}"
        case Note():
            return f"{told}: {data.text}"
        case Forwarded():
            return _forwarded(told, data)
        case TakenOver():
            return f"{told}; {data.signed_by} ký nhận trên giấy" if data.signed_by else told
        case OpinionGiven():
            letter = f", văn bản {data.document}" if data.document else ""
            return f"{told}: {words.AGREES[data.agrees].lower()}. {data.opinion}{letter}"
        case SupplementRequested():
            return f"{told}: {'; '.join(paper.name for paper in data.components)}"
        case ObligationAsked():
            return f"{told}: {data.what}, {words.dong(data.amount)}"
        case ObligationMet():
            return f"{told}: {data.proof}, {words.dong(data.amount)}"
        case FeeNotified():
            ground = f", {data.relief} ({data.proof})" if data.relief else ""
            return f"{told}: {words.dong(sum(line.amount for line in data.lines))}{ground}"
        case FeeCollected():
            slip = "phiếu thu tạm" if data.receipt.provisional else "biên lai"
            way = words.METHODS[data.method].lower()
            return f"{told} {words.dong(data.total)}, {way}, {slip} {data.receipt.symbol} số {data.receipt.number}"
        case FeeRefunded():
            return f"{told} {words.dong(data.amount)} cho {data.paid_to}: {data.reason}"
        case ReceiptReplaced() if data.signed_at:
            code = f", mã tra cứu {data.lookup}" if data.lookup else ""
            return f"{data.reason} {data.receipt.symbol} số {data.receipt.number}{code}"
        case ReceiptReplaced():
            return f"{told} bằng {data.receipt.symbol} số {data.receipt.number}: {data.reason}"
        case Preserved():
            return f"{told} ({data.level})"
        case Numbered():
            return f"{told} {data.number}"
        case NumberCancelled():
            return f"{told} {data.number}: {data.reason}"
        case Extended():
            return f"{told} tới {words.full(data.due)}: {data.reason}"
        case DueChecked():
            return (
                f"{told}: nhận {words.full(data.happened_at)}, hẹn trả {words.full(data.due)}: {data.reason}"
            )
        case OriginalsCollected():
            return f"{told}: {'; '.join(data.components)}"
        case Linked():
            why = f": {data.reason}" if data.reason else ""
            return f"{told} {data.number}".rstrip() + why
        case OutageNoted():
            return f"{told}: {data.database}, từ {words.full(data.since)}"
        case Printed():
            return f"{told} lần {data.copy}"
        case TicketTaken():
            return f"{told} {data.ticket}"
        case AtCounter():
            return f"{told} tại {data.counter}"
        case Rated():
            return f"{told}: {'hài lòng' if data.satisfied else 'không hài lòng'}"
        case _:
            return told


def _forwarded(told: str, data: Forwarded) -> str:
    to = ", ".join(part for part in (agency_name(data.agency), data.room, data.person) if part)
    if data.opinion:
        until = f", trước hết ngày {words.day(date.fromisoformat(data.until))}" if data.until else ""
        return f"Xin ý kiến {to}{until}: {data.note}"
    brought = f", kèm kết quả: {data.result}" if data.result else ""
    signed = f"; {data.signed_by} ký giao trên giấy" if data.signed_by else ""
    return f"{told} tới {to}{brought}{signed}" if to else told


def _as(capacity: str) -> str:
    return f" ({capacity.partition(chr(10))[0]})" if capacity else ""
