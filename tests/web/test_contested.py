"""What the room can bring into contradiction is told on its page: which acts, by whom, how it came about, what waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

import pytest
from msgspec.structs import replace

from central.centre import Office
from edge.web.contested import HOW, how, until_then
from schemas.acts import (
    Amended,
    Appraised,
    Change,
    Extended,
    FeeCollected,
    PaidLine,
    Reasoned,
    Receipt,
    SupplementRequested,
)
from schemas.acts import RequestedComponent as Requested
from schemas.conflicts import TABLE, Conflict
from schemas.entries import Grant, Revocation, Role
from schemas.events import timestamp
from schemas.fold import Dossier
from tests.centres import SEALED, SmallCentre
from tests.web.clerk import Clerk

ROOM, CENTRAL = "room-01", "central"
_OF_VISITS: Final = {"rated_twice", "called_twice"}


@pytest.mark.parametrize("row", [row.name for row in TABLE if row.name not in _OF_VISITS])
def test_every_row_of_a_dossier_has_its_words(row: str) -> None:
    """A civil servant reads how it came about and who settles it, and no word of the program's."""
    told = Conflict.between(["a", "b"], [row])
    assert how(told) == HOW[row]
    assert until_then(told).endswith(".")
    assert row not in how(told) + until_then(told)


def _act(centre: SmallCentre, node: str, dossier: Dossier, kind: str, data: object, by: str) -> None:
    centre[node].ledger.act(dossier.stream, f"dossier.{kind}", data, by=by)  # type: ignore[arg-type]


def _results_of_two_approvers(centre: SmallCentre, dossier: Dossier) -> None:
    centre.approve(dossier)
    centre.approve(dossier, CENTRAL, by="mai.hk")


def _result_and_supplement(centre: SmallCentre, dossier: Dossier) -> None:
    centre.approve(dossier)
    asked = SupplementRequested((Requested("Đơn", "Thiếu chữ ký"),), "Chưa đủ.", "2027-03-31")
    _act(centre, "counter-01", dossier, "supplement_requested", asked, "hanh.nh")


def _result_and_withdrawal(centre: SmallCentre, dossier: Dossier) -> None:
    centre.approve(dossier)
    centre.withdraw(dossier)


def _two_appraisals(centre: SmallCentre, dossier: Dossier) -> None:
    _act(centre, ROOM, dossier, "appraised", Appraised("Đủ.", passed=True), "ha.lt")
    centre.appraise(dossier, CENTRAL, passed=False)


def _two_new_days(centre: SmallCentre, dossier: Dossier) -> None:
    for node, by, day in ((ROOM, "viet.tq", 10), (CENTRAL, "mai.hk", 11)):
        due = timestamp(centre[node].catalog.latest.calendar().close_of(date(2027, 3, day)))
        _act(centre, node, dossier, "extended", Extended(due, "Chờ xác minh."), by)


def _returned_and_sent_back(centre: SmallCentre, dossier: Dossier) -> None:
    centre.approve(dossier)
    centre.meet()
    centre.return_(dossier)
    _act(centre, ROOM, dossier, "sent_back", Reasoned("Sai tên."), "viet.tq")


def _returned_twice(centre: SmallCentre, dossier: Dossier) -> None:
    centre.approve(dossier)
    centre.meet()
    centre.return_(dossier)
    centre.return_(dossier, "counter-02", by="long.pd")


def _signed_and_sealed_by_one(centre: SmallCentre, dossier: Dossier) -> None:
    """She seals in the room what he signed, and had signed it herself where the room was not heard."""
    centre.approve(dossier, CENTRAL, by="mai.hk")
    centre.approve(dossier)
    centre.seal(dossier, by="mai.hk")


def _money_taken_twice(centre: SmallCentre, dossier: Dossier) -> None:
    for number, (node, by) in enumerate((("counter-01", "van.lt"), ("counter-02", "thao.np")), start=1):
        receipt = Receipt(form="EBL01", symbol="27TAA", number=number)
        paid = FeeCollected(receipt, (PaidLine("phi", "Phí thẩm định", 200_000),), 200_000, "Nông Văn Thắng")
        _act(centre, node, dossier, "fee_collected", paid, by)


def _amended_differently(centre: SmallCentre, dossier: Dossier) -> None:
    for node, by, phone in ((ROOM, "hanh.nh", "0912000346"), ("counter-02", "long.pd", "0912000347")):
        said = Amended((Change("applicant.phone", phone),), "Ghi sai số điện thoại.")
        _act(centre, node, dossier, "amended", said, by)


def _signed_without_the_power(centre: SmallCentre, dossier: Dossier) -> None:
    """It ended this morning, and the room had no line to hear of it."""
    ended = Revocation("delegation", "UQ-01", timestamp(centre.clock()), "Thôi giữ chức vụ")
    Office(centre[CENTRAL]).define([ended], by="quan.nv")
    centre.approve(dossier)


Story = Callable[[SmallCentre, Dossier], None]
_WAITS: Final = "Chưa quyết định, đóng dấu, trả kết quả được cho đến khi Trung tâm đối soát."
STORIES: Final[list[tuple[Story, bool, str, str, str]]] = [
    (_results_of_two_approvers, True, "Hai kết quả trái nhau", "Hoàng Kim Mai", _WAITS),
    (_result_and_supplement, True, "Hai kết quả trái nhau", "Nguyễn Hồng Hạnh", _WAITS),
    (_result_and_withdrawal, True, "Phê duyệt / Rút hồ sơ", "Nguyễn Hồng Hạnh", _WAITS),
    (_two_appraisals, False, "Hai quyết định trái nhau", "Lộc Thị Hà", _WAITS),
    (
        _two_new_days,
        True,
        "Hẹn lại hai ngày khác nhau",
        "Hoàng Kim Mai",
        "Chưa quyết định được cho đến khi Trung tâm đối soát.",
    ),
    (
        _returned_and_sent_back,
        True,
        "Đã trả / Thu hồi kết quả",
        "Nguyễn Hồng Hạnh",
        "Chưa quyết định được cho đến khi Trung tâm đối soát.",
    ),
    (
        _amended_differently,
        True,
        "Sửa một ô thành hai giá trị",
        "Phạm Đức Long",
        "Việc còn lại: quầy mở hồ sơ lần tới sửa hoặc xác nhận ô đó.",
    ),
    (
        _money_taken_twice,
        True,
        "Thu phí hai lần",
        "Nguyễn Phương Thảo",
        "Việc còn lại: thu ngân hoàn tiền, có người thứ hai.",
    ),
    (
        _signed_and_sealed_by_one,
        True,
        "Một người làm hai việc phải tách",
        "Hoàng Kim Mai",
        _WAITS,  # her own result is another than the one that she sealed
    ),
    (_returned_twice, True, "Trả kết quả hai lần", "Phạm Đức Long", "Mọi việc khác vẫn làm được."),
    (  # the last: from then on nothing is signed by this power
        _signed_without_the_power,
        True,
        "Ký khi chứng thư, uỷ quyền hoặc vai trò đã hết",
        "Trần Quốc Việt",
        "Chưa đóng dấu, trả kết quả được cho đến khi Trung tâm đối soát.",
    ),
]


def test_what_the_room_brings_into_contradiction_stands_on_its_page(centre: SmallCentre) -> None:
    """Done at two places that were cut off from each other; afterwards the room's page and the dossier's tell all of it."""
    person = centre[CENTRAL].catalog.latest.person("mai.hk")
    assert person is not None
    both = (*person.roles, Grant(Role.CLERK, person.roles[0].since))
    Office(centre[CENTRAL]).define([replace(person, roles=both)], by="quan.nv")
    centre.meet()
    told = []
    for story, appraised, *_ in STORIES:
        procedure = SEALED if story is _signed_and_sealed_by_one else "1.000703"
        dossier = centre.receive("counter-01", procedure=procedure)
        centre.meet()
        if appraised:
            centre.appraise(dossier)
            centre.meet()
        story(centre, dossier)
        centre.meet()
        told.append(dossier)
    approver = Clerk(centre, ROOM, "viet.tq")
    for dossier, (story, _, title, other, waits) in zip(told, STORIES, strict=True):
        for page in (f"/room/{dossier.stream}", f"/dossier/{dossier.stream}"):
            text = approver.open(page).page.text
            row = next(one for one in TABLE if one.title == title)
            for words in (title, other, HOW[row.name], waits, "Mọi việc đều còn nguyên."):
                assert words in text, (story.__name__, page, words)
