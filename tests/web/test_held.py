"""Tạm giữ và đang chờ: what is kept without effect, why, how long, what would release it, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from central.trust import report_forks
from schemas.acts import Status
from schemas.fold import Dossier
from tests.centres import SmallCentre
from tests.edge.hostile import Hostile
from tests.web.clerk import Clerk

ADMITTED = "Biên bản xác minh số 3: đúng là người được phân công."


@pytest.fixture
def dossier(centre: SmallCentre) -> Dossier:
    received = centre.receive()
    centre.meet()
    return received


@pytest.fixture
def held(centre: SmallCentre, dossier: Dossier) -> Dossier:
    """counter-02 cancels a reception in the name of somebody who may not; every machine has it."""
    _send(centre, dossier, "dossier.reception_cancelled", {"reason": "Nhầm thủ tục."}, by="ha.lt")
    centre.meet()
    return dossier


def _send(centre: SmallCentre, dossier: Dossier, kind: str, data: dict[str, Any], **members: Any) -> str:
    hostile, receipt = Hostile(centre), dossier.timeline[0].hash
    named = {"seq": 1, "parents": [receipt], "rests_on": [receipt], **members}
    document = hostile.event(dossier.stream, kind, data, **named)
    store = centre["counter-02"].stores["dossiers"]
    (outcome,) = store.bulk_docs([document], new_edits=False, source="central.1")
    assert outcome.refusal is None, outcome.refusal
    return str(document["_id"].partition(":")[2])


def test_every_machine_says_why_an_act_is_held_how_long_and_what_releases_it(
    centre: SmallCentre, held: Dossier
) -> None:
    centre.clock.forward(hours=2)
    page = Clerk(centre, "counter-01", "hanh.nh").open("/held").page.text
    for words in (
        "Tạm giữ và đang chờ: 1 việc",
        "Huỷ tiếp nhận",
        "Không hợp lệ: người ghi không có vai trò này.",
        "Công chức đối soát ở Trung tâm xem lại và cho có hiệu lực, kèm lý do.",
        "Lộc Thị Hà",
        "Quầy 02, việc số 1",
        "2 giờ 00 phút",
    ):
        assert words in page
    assert "Lý do cho có hiệu lực" not in page


def test_nothing_held_is_said_too(centre: SmallCentre) -> None:
    page = Clerk(centre, "counter-01", "hanh.nh").open("/held").page.text
    assert "Không có việc nào tạm giữ hay đang chờ." in page


def test_the_desk_admits_with_a_reason_and_every_machine_counts_it(
    centre: SmallCentre, held: Dossier
) -> None:
    """Without a reason nothing is written; with it, an entry of the catalog says who and why."""
    officer = Clerk(centre, "central", "huong.ltt")
    page = officer.open("/held")
    answer = officer.press(page, "reason", reason=" ")
    assert answer.status == 422
    assert "Chưa ghi lý do cho có hiệu lực." in answer.page.text
    number = centre["central"].catalog.number
    assert "Đã ghi quyết định" in officer.follow(officer.press(page, "reason", reason=ADMITTED)).page.text
    assert centre["central"].catalog.number == number + 1

    centre.meet()
    for node in centre.nodes.values():
        assert node.register.dossier(held.stream).status is Status.STOPPED
        row = node.register.row(held.stream)
        assert row is not None
        assert row.status == Status.STOPPED.value
        assert node.register.kept_back() == ([], 0)


@pytest.mark.parametrize(("node", "person"), [("central", "quan.nv"), ("counter-01", "hanh.nh")])
def test_nobody_else_admits(centre: SmallCentre, held: Dossier, node: str, person: str) -> None:
    """Neither an administrator nor a counter; at a counter there is no such address."""
    clerk = Clerk(centre, node, person)
    event = centre[node].register.kept_back()[0][0].line.hash
    token = clerk.open("/held").page.form("/lock").fields
    answer = clerk.post(f"/held/{event}/admit", {**token, "reason": ADMITTED})
    assert answer.status == (403 if node == "central" else 404)
    assert centre["central"].register.dossier(held.stream).status is Status.RECEIVED


def test_what_waits_for_the_catalog_says_so_and_that_nobody_need_do_anything(
    centre: SmallCentre, dossier: Dossier
) -> None:
    _send(centre, dossier, "dossier.note", {"text": "x"}, catalog="9999-" + "0" * 16, rests_on=None)
    page = Clerk(centre, "counter-02", "long.pd").open("/held").page.text
    assert "Chờ danh mục số 9999 từ Trung tâm." in page
    assert "Tự có hiệu lực khi danh mục về tới máy này. Không phải làm gì." in page
    assert "Trung tâm: 1 KiB" in page


def test_a_fork_is_shown_with_both_acts_and_an_administrator_cuts_the_machine(
    centre: SmallCentre, dossier: Dossier
) -> None:
    _send(centre, dossier, "dossier.note", {"text": "x"}, rests_on=None)
    _send(centre, dossier, "dossier.reception_cancelled", {"reason": "x"})
    centre.meet()
    counter = Clerk(centre, "counter-01", "hanh.nh")
    page = counter.open("/held").page.text
    assert "Quầy 02 (counter-02.1) ghi hai việc khác nhau cùng số 1" in page
    assert "Cả hai việc được chuyển tới Trung tâm làm chứng cứ." in page
    report_forks(centre["central"])
    centre.meet()
    assert "quyết định của máy này bị nghi ngờ" in counter.open("/held").page.text

    administrator = Clerk(centre, "central", "quan.nv")
    page_there = administrator.open("/held")
    answer = administrator.press(page_there, "/cut", ("before", "1"))
    assert "Đã cắt máy Quầy 02." in administrator.follow(answer).page.text
    centre.meet()
    shown = counter.open("/held").page.text
    assert "Máy này ghi sau khi đã bị cắt" in shown
    assert not centre["counter-01"].register.dossier(dossier.stream).contested
