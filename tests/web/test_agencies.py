"""Pages of hand-overs: the counter's lists, the light workplace of an agency, and opinions."""

from __future__ import annotations

from pathlib import Path

from schemas.custody import Where
from schemas.fold import Dossier
from tests.agencies import AGENCY, ELSEWHERE, OFFICER, OTHER_OFFICER, people_of_agencies
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


def received(centre: SmallCentre, applicant: str = "Nông Văn Thắng") -> Dossier:
    dossier = centre.receive(procedure=ELSEWHERE, applicant=applicant)
    centre.meet()
    return dossier


def test_a_counter_hands_over_and_the_agency_takes_sends_back_and_is_told_what_is_late(
    centre: SmallCentre,
) -> None:
    """The whole way on the pages of both, with form 06 for the folder and a slip each way."""
    people_of_agencies(centre)
    dossier = received(centre)
    centre.clock.forward(hours=9)
    counter = Clerk(centre, "counter-01", "hanh.nh")
    page = counter.open("/agencies")
    assert "Chờ bàn giao 1 Trễ 1" in page.page.text
    assert "Trễ 1" in Clerk(centre, "central", "huong.ltt").open("/agencies").page.text
    nothing = counter.press(page, "/hand-over")
    assert nothing.status == 422
    assert "Chưa chọn hồ sơ nào." in nothing.page.text
    done = counter.press(page, "/hand-over", stream=dossier.stream, control="y")
    told = counter.follow(done)
    assert "Đã ghi bàn giao: 1 hồ sơ." in told.page.text
    slip = counter.download(f"/agencies/slip/{done.leads_to.rpartition('slips=')[2]}.pdf")
    assert slip.startswith(b"%PDF")
    papers = {path.name.rsplit("-", 2)[1] for path in printed(counter)}
    assert {"handover", "06"} <= papers
    centre.meet()

    officer = Clerk(centre, "room-01", OFFICER)
    home = officer.follow(officer.open("/"))
    assert "Sở Xây dựng" in home.page.text
    assert "Mới bàn giao 1" in home.page.text
    taken = officer.press(home, "/take-over", stream=dossier.stream)
    assert "Đã ghi nhận bàn giao: 1 hồ sơ." in officer.follow(taken).page.text
    back = officer.press(
        officer.open("/agency?tab=held"),
        "/hand-back",
        **{"stream": dossier.stream, f"result-{dossier.stream}": "12/GP-SXD ngày 31/3/2027"},
    )
    officer.download(f"/agency/slip/{back.leads_to.rpartition('slips=')[2]}.pdf")
    centre.meet()
    lists = counter.open("/agencies?tab=handed_back")
    assert "12/GP-SXD" in lists.page.text
    done = counter.press(lists, "/take-back", stream=dossier.stream)
    assert "Đã nhận lại: 1 hồ sơ." in counter.follow(done).page.text
    text = counter.open(f"/dossier/{dossier.stream}").page.text
    assert "Chuyển hồ sơ tới Sở Xây dựng" in text
    assert "kèm kết quả: 12/GP-SXD" in text


def test_people_of_an_agency_see_their_own_dossiers_and_no_other_page(centre: SmallCentre) -> None:
    people_of_agencies(centre)
    dossier = received(centre)
    other = Clerk(centre, "room-01", OTHER_OFFICER)
    for path in ("/room", "/find", "/agencies", "/printing", f"/room/{dossier.stream}"):
        assert other.open(path).status == 403, path
    text = other.open(f"/dossier/{dossier.stream}").page.text
    assert "Hồ sơ này không giao cho cơ quan của anh/chị." in text
    assert Clerk(centre, "room-01", OFFICER).open(f"/dossier/{dossier.stream}").status == 200
    assert Clerk(centre, "counter-01", "hanh.nh").open("/agency").status == 403


def test_an_opinion_is_asked_answered_and_told(centre: SmallCentre) -> None:
    """By the agency at its workplace; a letter is written down by whoever got it."""
    people_of_agencies(centre)
    dossier = received(centre)
    desk = Clerk(centre, "room-01", "ha.lt")
    page = desk.open(f"/agencies/{dossier.stream}/opinion")
    wrong = desk.press(page, "/ask", question="", until="2020-01-01")
    for why in ("Chưa chọn cơ quan nào.", "Chưa ghi xin ý kiến về việc gì.", "Ngày trả lời đã qua."):
        assert why in wrong.page.text
    asked = desk.press(page, "/ask", agency="H37.08", question="Có ảnh hưởng đê?", until="2027-03-05")
    assert (
        "Xin ý kiến Sở Nông nghiệp và Môi trường, trước hết ngày 05/03/2027" in desk.follow(asked).page.text
    )
    officer = Clerk(centre, "room-01", OTHER_OFFICER)
    assert "Được xin ý kiến 1" in officer.open("/agency").page.text
    form = officer.open(f"/agency/{dossier.stream}/opinion")
    assert "Chưa chọn đồng ý hay không." in officer.press(form, "/opinion").page.text
    officer.press(form, "/opinion", agrees="conditions", opinion="Giữ hành lang 5 m.")
    text = desk.open(f"/dossier/{dossier.stream}").page.text
    assert "Trả lời ý kiến phối hợp: đồng ý, có điều kiện. Giữ hành lang 5 m." in text
    desk.press(desk.open(f"/agencies/{dossier.stream}/opinion"), "/ask", agency=AGENCY, question="?")
    letter = desk.open(f"/agencies/{dossier.stream}/opinion")
    assert "Chưa ghi số, ngày" in desk.press(letter, "/answer", agrees="yes", opinion="Nhất trí").page.text
    done = desk.press(letter, "/answer", agrees="yes", opinion="Nhất trí", document="15/SXD-QLXD")
    assert "văn bản 15/SXD-QLXD" in desk.follow(done).page.text


def test_a_dossier_that_is_in_no_list_is_handed_over_from_its_page(centre: SmallCentre) -> None:
    """Of a procedure of the room, which has to go to the agency all the same; its messenger signs on paper."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "Bàn giao cho cơ quan" in clerk.open(f"/dossier/{dossier.stream}").page.text
    page = clerk.open(f"/agencies?tab=to_hand_over&agency={AGENCY}&stream={dossier.stream}")
    clerk.press(page, "/hand-over", stream=dossier.stream, signed_by="Triệu Văn Bình")
    held = clerk.open(f"/agencies?tab=held&agency={AGENCY}")
    assert "Chưa ghi ai của cơ quan" in clerk.press(held, "/take-back", stream=dossier.stream).page.text
    assert clerk.node.register.custody(Where.HELD.value)[1] == 1
    clerk.press(held, "/take-back", stream=dossier.stream, signed_by="Triệu Văn Bình")
    assert clerk.node.register.custody(Where.HELD.value)[1] == 0


def printed(clerk: Clerk) -> list[Path]:
    return sorted(clerk.node.folder.paper.glob("*.pdf"))
