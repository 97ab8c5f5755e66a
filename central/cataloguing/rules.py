"""What must hold for an entry beside its shape, before it is proposed and again when it is confirmed.

A version that begins on a coming day leaves what is in force alone until then. Versions come in the order of their first
days: one that began before a version already published would outlast it without anybody having said so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import msgspec

from central.form_publishing import wrong_with as wrong_with_form
from edge.node import Node
from edge.paper import WORDING_FACTS
from edge.verdict_words import Tell, plainly
from printing.forms import FACT
from printing.forms import Form as Version
from schemas.calendar import Year, local_day
from schemas.deadlines import Limit, Unit
from schemas.entries import (
    Agency,
    Commune,
    Delegation,
    Entry,
    Fee,
    Form,
    Person,
    Procedure,
    Queue,
    Step,
    subject_of,
)
from schemas.fees import LEAST, FeeTable
from schemas.spelling import plain
from schemas.views import View

Problems = list[tuple[str, str]]
"""The field that is wrong, and what is wrong with it, as a sentence."""
_DATED: Final = (Procedure, Commune, Queue)


def wrong_with(node: Node, entry: Entry, tell: Tell = plainly) -> Problems:
    """All that keeps an entry from being published now; in Vietnamese, unless a page tells it to whoever reads it."""
    if isinstance(entry, Form):
        version = msgspec.convert(msgspec.structs.asdict(entry), Version)
        again = "Mẫu không còn đúng, hoặc ngày áp dụng đã tới. Soạn lại từ bản đang dùng."
        return [("title", tell(again))] if wrong_with_form(node, version) else []
    view, today = node.catalog.latest, local_day(node.clock())
    found = [*_dates(view, today, entry, tell)]
    if isinstance(entry, Agency | Person):
        found += _of_picture(node, entry, tell)
    match entry:
        case Procedure():
            found += _of_procedure(view, today, entry, tell)
        case FeeTable():
            found += _of_fees(view, entry, tell)
        case Agency():
            found += _of_agency(view, entry, tell)
        case Delegation() | Person():
            found += _of_people(view, entry, tell)
        case Queue():
            places = {card.place for card in view.cards()}
            found += (
                ("places", tell("Không có máy nào ở {place}.", place=one))
                for one in entry.places
                if one not in places
            )
        case Year():
            found += (("days_off", _sentence(fault, tell)) for fault in entry.faults())
        case _:
            pass
    return found


def _dates(view: View, today: date, entry: Any, tell: Tell) -> Iterator[tuple[str, str]]:
    since, until = getattr(entry, "since", msgspec.UNSET), getattr(entry, "until", msgspec.UNSET)
    if isinstance(since, date) and isinstance(until, date) and until < since:
        yield "until", tell("Ngày cuối trước ngày đầu.")
    if not isinstance(entry, _DATED):
        return
    newest = max((one.since for _, one in view.versions(type(entry), subject_of(entry))), default=entry.since)
    if entry.since < today:
        yield (
            "since",
            tell(
                "Chọn từ hôm nay, {day}, trở đi: việc đã ghi giữ nguyên theo bản cũ.",
                {"day": f"{today:%d/%m/%Y}"},
            ),
        )
    elif entry.since < newest:
        yield (
            "since",
            tell(
                "Đã có bản áp dụng từ {day}. Chọn ngày đó hoặc sau đó; cùng ngày thì thay bản ấy.",
                {"day": f"{newest:%d/%m/%Y}"},
            ),
        )


def _of_procedure(view: View, today: date, one: Procedure, tell: Tell) -> Iterator[tuple[str, str]]:
    agency = view.agency(one.agency)
    if agency is None:
        yield "agency", tell("Không có cơ quan {code} trong danh mục.", {"code": one.agency})
    elif not agency.exists(max(one.since, today)):
        yield (
            "agency",
            tell(
                "{agency} không còn vào ngày {day}.",
                {"day": f"{max(one.since, today):%d/%m/%Y}"},
                agency=agency.name,
            ),
        )
    yield from _of_limit("limit", one.limit, tell)
    yield from _of_amounts("fees", one.fees, tell)
    if Step.APPROVE not in one.steps:
        yield "steps", tell("Phải có bước phê duyệt.")
    if Step.NUMBER in one.steps and Step.SEAL not in one.steps:
        # the clerk signs number and date together with the seal: without it they stay blank on the signed result
        yield "steps", tell("Có bước cấp số thì phải có bước đóng dấu.")
    if one.one_step and Step.APPRAISE in one.steps:
        yield "steps", tell("Thủ tục một bước thì không có bước thẩm định.")
    codes = [case.code for case in one.cases]
    for place, case in enumerate(one.cases):
        if codes.count(case.code) > 1:
            yield f"cases-{place}-code", tell("Mã trường hợp {code} ghi hai lần.", {"code": case.code})
        if case.limit is not msgspec.UNSET:
            yield from _of_limit(f"cases-{place}-limit", case.limit, tell)
        yield from _of_amounts(f"cases-{place}-fees", case.fees, tell)
    for name in ("wording", "refusal"):
        unknown = sorted(set(FACT.findall(getattr(one, name))) - WORDING_FACTS)
        if unknown:
            yield name, tell("Hồ sơ không có dữ kiện {names}.", {"names": ", ".join(unknown)})
    seen: set[str] = set()
    for place, component in enumerate(one.components):
        if plain(component.name) in seen:
            yield f"components-{place}-name", tell("Giấy tờ này ghi hai lần.")
        seen.add(plain(component.name))


def _of_limit(field: str, limit: Limit, tell: Tell) -> Iterator[tuple[str, str]]:
    if limit.unit is not Unit.SAME_DAY and limit.value == 0:
        yield f"{field}-value", tell("Chưa ghi số ngày, giờ hoặc tháng.")


def _of_amounts(field: str, fees: tuple[Fee, ...], tell: Tell) -> Iterator[tuple[str, str]]:
    for place, fee in enumerate(fees):
        if 0 < fee.amount < LEAST:
            yield (
                f"{field}-{place}-amount",
                tell("{amount} đ dưới 1.000 đ: có thể mất hàng nghìn.", {"amount": fee.amount}),
            )


def _of_fees(view: View, table: FeeTable, tell: Tell) -> Iterator[tuple[str, str]]:
    versions = view.versions(Procedure, table.procedure)
    if not versions:
        yield "procedure", tell("Không có thủ tục {code} trong danh mục.", {"code": table.procedure})
        return
    cases = {case.code for case in versions[-1][1].cases} | {""}
    for place, line in enumerate(table.lines):
        if line.case not in cases:
            yield f"lines-{place}-case", tell("Thủ tục không có trường hợp {code}.", {"code": line.case})
    yield from (("lines", _sentence(fault, tell)) for fault in table.faults())


def _of_agency(view: View, agency: Agency, tell: Tell) -> Iterator[tuple[str, str]]:
    for name in ("successor", "parent"):
        other = getattr(agency, name)
        if other == agency.code:
            yield name, tell("Chọn một cơ quan khác.")
        elif other and view.agency(other) is None:
            yield name, tell("Không có cơ quan {code} trong danh mục.", {"code": other})
    if agency.successor and agency.until is msgspec.UNSET:
        yield "until", tell("Cơ quan có nơi kế thừa thì ghi ngày cuối.")
    for other in view.agencies():
        if other.code != agency.code and plain(other.name) == plain(agency.name):
            yield "name", tell("Tên này đã có: {code}.", {"code": other.code})


def _of_picture(node: Node, entry: Agency | Person, tell: Tell) -> Iterator[tuple[str, str]]:
    if entry.coming is not None and not node.archive.holds(entry.coming.file):
        field = "next_seal" if isinstance(entry, Agency) else "next_signature"
        yield field, tell("Tệp hình không có ở máy này: đề nghị lại, gửi kèm tệp.")


def _of_people(view: View, entry: Delegation | Person, tell: Tell) -> Iterator[tuple[str, str]]:
    if isinstance(entry, Person):
        if entry.agency and view.agency(entry.agency) is None:
            yield "agency", tell("Không có cơ quan {code} trong danh mục.", {"code": entry.agency})
    elif view.person(entry.delegate) is None:
        yield "delegate", tell("Không có người {id} trong danh mục.", {"id": entry.delegate})


def _sentence(words: str, tell: Tell) -> str:
    return tell("{why}.", why=f"{words[:1].upper()}{words[1:]}")
