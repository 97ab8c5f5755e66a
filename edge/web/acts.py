"""Acts as a timeline tells them: a title for each kind, and one sentence from what was written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from edge.node import Node
from edge.web import words
from edge.web.language import say, say_as, tell
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
    """What an act is called, in the reader's language; one of a newer version says that it is."""
    act = BY_KIND.get(kind)
    return say_as("act", act.title) if act else say("Việc mà bản này chưa đọc được")


def in_words(kind: str, data: Any) -> str:
    """One sentence: "Thẩm định: đạt. Hồ sơ đủ, hợp lệ."."""
    match data:
        case EnteredAfterwards():
            said = {"number": data.number, "at": words.full(data.happened_at)}
            return tell("Nhập bù {number}, nhận {at}: {reason}", said, reason=data.reason)
        case Received():
            return say("Tiếp nhận {number}, in Giấy tiếp nhận (2 liên)", number=data.number)
        case Appraised():
            return tell(
                "Thẩm định: đạt. {opinion}" if data.passed else "Thẩm định: không đạt. {opinion}",
                opinion=data.opinion,
            )
        case SecondOpinion():
            return tell(
                "Ý kiến thứ hai: đồng ý. {opinion}"
                if data.agrees
                else "Ý kiến thứ hai: không đồng ý. {opinion}",
                opinion=data.opinion,
            )
        case Approved():
            return tell(
                "Phê duyệt, kết quả ký tay trên giấy{capacity}"
                if data.on_paper
                else "Phê duyệt, ký số kết quả{capacity}",
                capacity=_as(data.capacity),
            )
        case RefusedResult():
            return tell(
                "Từ chối giải quyết, văn bản ký tay trên giấy{capacity}: {reason}"
                if data.on_paper
                else "Từ chối giải quyết{capacity}: {reason}",
                capacity=_as(data.capacity),
                reason=data.reason,
            )
        case WithdrawalAsked():
            return tell("Nhận đơn rút hồ sơ của {who}: {reason}", who=data.asked_by, reason=data.reason)
        case Reasoned():
            return _because(title(kind), data.reason)
        case Returned() if data.unpaid:
            return tell(
                "Trả kết quả cho {who}; phí còn thiếu: {unpaid}", who=data.taken_by, unpaid=data.unpaid
            )
        case Returned():
            return tell("Trả kết quả cho {who}", who=data.taken_by)
        case Settled():
            return tell("Đối soát: {reason}", reason=data.reason)
        case _:
            return _more(kind, data)


def _because(told: str, why: str) -> str:
    """An act, and what was written about it."""
    return tell("{told}: {why}", {"told": told}, why=why)


def _more(kind: str, data: Any) -> str:
    """The sentences of acts besides the nine that a dossier's day consists of."""
    told = title(kind)
    match data:
        case Registered() | Numbered() | TicketTaken():
            return f"{told} {data.ticket if isinstance(data, TicketTaken) else data.number}".rstrip()
        case NotReceived() | ReceptionCancelled() | Suspended() | ResultUndone() | ReceiptUndone():
            return _because(told, data.reason)
        case ComponentsAdded():
            names = [paper.name for paper in data.components] or [file.name for file in data.files]
            return _because(told, "; ".join(names)) if names else told
        case Amended():
            number = len(data.changes)
            return tell("{told} ({number} ô): {why}", {"told": told, "number": number}, why=data.reason)
        case Note():
            return _because(told, data.text)
        case Forwarded():
            return _forwarded(told, data)
        case TakenOver() if data.signed_by:
            return tell("{told}; {who} ký nhận trên giấy", {"told": told}, who=data.signed_by)
        case OpinionGiven():
            said = {"told": told, "agrees": say(words.AGREES[data.agrees]).lower()}
            if data.document:
                return tell(
                    "{told}: {agrees}. {opinion}, văn bản {document}",
                    said,
                    opinion=data.opinion,
                    document=data.document,
                )
            return tell("{told}: {agrees}. {opinion}", said, opinion=data.opinion)
        case SupplementRequested():
            return _because(told, "; ".join(paper.name for paper in data.components))
        case ObligationAsked():
            return tell("{told}: {why}, {amount}", _paid(told, data.amount), why=data.what)
        case ObligationMet():
            return tell("{told}: {why}, {amount}", _paid(told, data.amount), why=data.proof)
        case FeeNotified():
            said = _paid(told, sum(line.amount for line in data.lines))
            if not data.relief:
                return say("{told}: {amount}", **said)
            return tell("{told}: {amount}, {relief} ({proof})", said, relief=data.relief, proof=data.proof)
        case FeeCollected():
            return _collected(told, data)
        case FeeRefunded():
            return tell(
                "{told} {amount} cho {who}: {why}",
                _paid(told, data.amount),
                who=data.paid_to,
                why=data.reason,
            )
        case ReceiptReplaced():
            return _replaced(told, data)
        case Preserved():
            return f"{told} ({data.level})"
        case NumberCancelled():
            return _because(f"{told} {data.number}", data.reason)
        case Extended():
            said = {"told": told, "due": words.full(data.due)}
            return tell("{told} tới {due}: {why}", said, why=data.reason)
        case DueChecked():
            said = {"told": told, "at": words.full(data.happened_at), "due": words.full(data.due)}
            return tell("{told}: nhận {at}, hẹn trả {due}: {why}", said, why=data.reason)
        case OriginalsCollected():
            return _because(told, "; ".join(data.components))
        case Linked():
            linked = f"{told} {data.number}".rstrip()
            return _because(linked, data.reason) if data.reason else linked
        case OutageNoted():
            said = {"told": told, "since": words.full(data.since)}
            return tell("{told}: {database}, từ {since}", said, database=data.database)
        case Printed():
            return say("{told} lần {n}", told=told, n=data.copy)
        case AtCounter():
            return tell("{told} tại {counter}", {"told": told}, counter=data.counter)
        case Rated():
            return f"{told}: {say('Hài lòng' if data.satisfied else 'Không hài lòng').lower()}"
        case _:
            return told


def _paid(told: str, amount: int) -> dict[str, str]:
    return {"told": told, "amount": words.dong(amount)}


def _collected(told: str, data: FeeCollected) -> str:
    return say(
        "{told} {amount}, {way}, phiếu thu tạm {symbol} số {n}"
        if data.receipt.provisional
        else "{told} {amount}, {way}, biên lai {symbol} số {n}",
        **_paid(told, data.total),
        way=say(words.METHODS[data.method]).lower(),
        symbol=data.receipt.symbol,
        n=data.receipt.number,
    )


def _replaced(told: str, data: ReceiptReplaced) -> str:
    said = {"told": told, "symbol": data.receipt.symbol, "n": data.receipt.number, "code": data.lookup}
    if not data.signed_at:
        return tell("{told} bằng {symbol} số {n}: {why}", said, why=data.reason)
    if data.lookup:
        return tell("{why} {symbol} số {n}, mã tra cứu {code}", said, why=data.reason)
    return tell("{why} {symbol} số {n}", said, why=data.reason)


def _forwarded(told: str, data: Forwarded) -> str:
    to = ", ".join(part for part in (agency_name(data.agency), data.room, data.person) if part)
    if data.opinion and data.until:
        said = {"until": words.day(date.fromisoformat(data.until))}
        return tell("Xin ý kiến {to}, trước hết ngày {until}: {note}", said, to=to, note=data.note)
    if data.opinion:
        return tell("Xin ý kiến {to}: {note}", to=to, note=data.note)
    if not to:
        return told
    moved = tell("{told} tới {to}", {"told": told}, to=to)
    if data.result:
        moved = tell("{moved}, kèm kết quả: {result}", {"moved": moved}, result=data.result)
    if data.signed_by:
        moved = tell("{moved}; {who} ký giao trên giấy", {"moved": moved}, who=data.signed_by)
    return moved


def _as(capacity: str) -> str:
    return f" ({capacity.partition(chr(10))[0]})" if capacity else ""
