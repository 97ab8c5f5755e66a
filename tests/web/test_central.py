"""Central's pages: the desk settles, the catalog is read, the nodes are seen."""

from __future__ import annotations

import pytest

from central.rows import report_rows
from schemas.acts import Status
from schemas.fold import Dossier
from tests.centres import SmallCentre
from tests.web.clerk import Clerk, events_at


@pytest.fixture
def contested(centre: SmallCentre) -> Dossier:
    """Approved in the room while a counter took a withdrawal."""
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    centre.meet()
    centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()
    return centre["central"].register.dossier(dossier.stream)


@pytest.fixture
def officer(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", "huong.ltt")


def test_both_acts_stand_beside_each_other(contested: Dossier, officer: Clerk) -> None:
    """Who, where, when, what they had not seen, what the citizen holds, and what each choice leads to."""
    text = officer.open("/desk").page.text
    for words in (
        "Cần đối soát: 1",
        "Phê duyệt tại Phòng 4 tại chỗ",
        "Nhận đơn rút hồ sơ tại Quầy 01",
        "Khi đó chưa thấy",
        "Niêm phong đúng · chữ ký số đúng",
        "Kết quả đã ký có hiệu lực và trả được ở mọi quầy.",
        "Đơn rút của Nông Văn Thắng không có hiệu lực",
    ):
        assert words in text


def test_who_did_several_sides_at_one_machine_is_told_once(centre: SmallCentre, officer: Clerk) -> None:
    for _ in range(3):
        centre.receive()
    centre.meet()
    report_rows(centre["central"])
    text = officer.open("/desk").page.text
    assert "Có thể trùng hồ sơ" in text
    told, _, _ = text.partition("Các bên thấy quyết định")[2].partition("ngay khi máy của họ")
    assert told.count("Nguyễn Hồng Hạnh") == 1


def test_nothing_is_chosen_beforehand(contested: Dossier, officer: Clerk) -> None:
    """An officer who presses at once reads what is missing, and what they typed is still there."""
    page = officer.open("/desk")
    assert "stands" not in page.page.form("reason").fields
    answer = officer.press(page, "reason", reason="Đã gọi điện.")
    assert answer.status == 422
    assert "Chưa chọn việc nào có hiệu lực." in answer.page.text
    assert answer.page.form("reason").fields["reason"] == "Đã gọi điện."


def test_a_decision_needs_its_reason(contested: Dossier, officer: Clerk) -> None:
    """The choice stays, the reason is asked for."""
    page = officer.open("/desk")
    chosen = page.page.form("reason").choice("stands", "phê duyệt tại Phòng 4")
    answer = officer.press(page, "reason", stands=chosen)
    assert "Chưa ghi lý do." in answer.page.text
    assert answer.page.form("reason").fields["stands"] == chosen


def test_the_officer_lets_one_act_stand(centre: SmallCentre, contested: Dossier, officer: Clerk) -> None:
    """One more event; every node follows once they meet."""
    page = officer.open("/desk")
    chosen = page.page.form("reason").choice("stands", "phê duyệt tại Phòng 4")
    done = officer.press(page, "reason", stands=chosen, reason="Nộp đơn sau khi có kết quả.")
    assert "Đã ghi quyết định đối soát" in officer.follow(done).page.text
    centre.meet()
    assert {shown.status for shown in centre.shown(contested)} == {Status.DONE}


def test_not_decided_changes_nothing_and_says_so(contested: Dossier, officer: Clerk) -> None:
    """The third choice needs no reason and writes no event."""
    before = events_at(officer.node)
    page = officer.open("/desk")
    answer = officer.follow(officer.press(page, "reason", stands="undecided"))
    assert "Chưa quyết, nên chưa ghi gì." in answer.page.text
    assert events_at(officer.node) == before


def test_no_act_may_stand_either(centre: SmallCentre, contested: Dossier, officer: Clerk) -> None:
    """The dossier goes back to before both."""
    officer.press(officer.open("/desk"), "reason", stands="none", reason="Làm lại từ đầu.")
    assert centre["central"].register.dossier(contested.stream).status is Status.PROCESSING


def test_a_settled_conflict_is_not_settled_again(contested: Dossier, officer: Clerk) -> None:
    """A page that was left open says that the conflict has changed."""
    page = officer.open("/desk")
    chosen = page.page.form("reason").choice("stands", "phê duyệt tại Phòng 4")
    officer.press(page, "reason", stands=chosen, reason="Đã xem.")
    answer = officer.press(page, "reason", stands=chosen, reason="Đã xem.")
    assert answer.status == 409
    assert "Tranh chấp này vừa đổi" in answer.page.text


def test_an_empty_desk_says_what_would_come(officer: Clerk) -> None:
    """Not a blank page."""
    assert "Không còn việc cần đối soát." in officer.open("/desk").page.text


def test_the_catalog_is_read(officer: Clerk) -> None:
    """Counts, a search without diacritics, and which codes are only samples."""
    text = officer.open("/reference?q=dang ky thanh lap").page.text
    assert "Đăng ký thành lập doanh nghiệp tư nhân" in text
    assert "Mã mẫu" in officer.open("/reference?part=agencies").page.text
    assert "Trần Quốc Việt" in officer.open("/reference?part=people").page.text
    assert "Ngày Văn hóa" in officer.open("/reference?part=calendar").page.text


def test_central_says_how_many_nodes_it_hears(centre: SmallCentre, officer: Clerk) -> None:
    """Its own wording of the contact, on the line and on the page of the nodes."""
    assert "Liên lạc với máy trạm: 0/3" in officer.open("/nodes").page.text
    for name in ("counter-01", "counter-02", "room-01"):
        centre["central"].contacts.heard(centre[name].id)
    assert "Liên lạc với máy trạm: 3/3, chậm nhất 0 giây trước" in officer.open("/nodes").page.text


def test_edges_have_no_desk(centre: SmallCentre) -> None:
    """Not even the address."""
    assert Clerk(centre, "counter-01", "hanh.nh").open("/desk").status == 404
