"""Phản ánh, kiến nghị: filed by anybody anywhere, answered within ten working days, read by whoever has the number."""

from __future__ import annotations

import re

import pytest

from central.centre import Numbers, Place, enrol
from edge.folder import Folder
from edge.petitions import Waits
from edge.settings import NodeSettings
from schemas.entries import Duty
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk, events_at


@pytest.fixture
def supervisor(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", "dung.tt")


def send(on: Clerk, path: str = "/petition", **said: str) -> Answer:
    filled = {"content": "Chờ hai giờ\nmới tới lượt.", "name": "Vi Thị Lan", "phone": "0912 000 345"}
    return on.press(on.open(path), "content", **{**filled, **said})


def number_on(page: Answer) -> str:
    found = re.search(r"PA-\d{6}-\w{4}-\w{4}", page.page.text)
    assert found is not None, page.page.text
    return found[0]


def test_filed_in_public_answered_by_a_supervisor_and_read_by_its_number(
    centre: SmallCentre, supervisor: Clerk
) -> None:
    citizen = Clerk(centre, "central")
    filed = send(citizen)
    number = number_on(filed)
    assert "chậm nhất 16:30, thứ Hai 15/03/2027" in filed.page.text, "ten working days from Monday the first"
    waiting = citizen.press(citizen.open("/petition"), "/petition/answer", number=number)
    assert "Đang được xem xét." in waiting.page.text

    listed = supervisor.open("/petitions")
    assert "Chờ trả lời: 1" in listed.page.text
    assert "Chờ hai giờ mới tới lượt." in listed.page.text
    row = supervisor.node.petitions.by_number(number)
    assert row is not None
    one = supervisor.open(f"/petitions/{row.stream}")
    assert "Vi Thị Lan" in one.page.text
    assert "Chưa ghi nội dung trả lời." in supervisor.press(one, "/answer").page.text
    done = supervisor.follow(supervisor.press(one, "/answer", answer="Xin lỗi bà; đã thêm một quầy."))
    assert "Đã ghi trả lời." in done.page.text

    read = citizen.press(
        citizen.open("/petition"), "/petition/answer", number=number.lower().replace("-", " ")
    )
    assert "Xin lỗi bà; đã thêm một quầy." in read.page.text
    assert "Vi Thị Lan" not in read.html
    assert "Chờ hai giờ" not in read.html
    assert "/petition/paper" not in read.html, "nobody prints on our paper from home"
    assert "Phiếu đã vào hàng in" in supervisor.follow(supervisor.press(done, "/paper")).page.text
    clerk_page = supervisor.press(supervisor.open("/petition"), "/petition/answer", number=number)
    assert number in supervisor.press(clerk_page, "/petition/paper").page.text
    assert (
        citizen.post(
            "/petition/paper", {"number": number, **citizen.open("/petition").page.form("/answer").fields}
        ).status
        != 200
    )
    closed = supervisor.follow(supervisor.press(done, "/close", satisfied="yes"))
    assert "Đã đóng phản ánh." in closed.page.text
    assert [row.number for row in supervisor.node.petitions.page(Waits.CLOSED).rows] == [number]


def test_filed_once_though_it_is_sent_twice_and_nothing_typed_is_lost(centre: SmallCentre) -> None:
    citizen = Clerk(centre, "central")
    page = citizen.open("/petition")
    wrong = citizen.press(page, "content", content="Lâu quá", name="", phone="12")
    assert "Chưa ghi họ tên người phản ánh." in wrong.page.text
    assert "Điện thoại có 10 hoặc 11 chữ số." in wrong.page.text
    assert "Lâu quá" in wrong.html
    before = events_at(citizen.node)
    one = citizen.press(wrong, "content", content="Lâu quá", name="Lan", phone="")
    two = citizen.press(wrong, "content", content="Lâu quá", name="Lan", phone="")
    assert number_on(one) == number_on(two)
    assert events_at(citizen.node) == before + 1


def test_nobody_floods_the_supervisors(centre: SmallCentre) -> None:
    citizen = Clerk(centre, "central")
    assert [send(citizen).status for _ in range(6)] == [200] * 5 + [429]


def test_a_kiosk_files_without_a_line_and_central_answers(centre: SmallCentre, supervisor: Clerk) -> None:
    """The number is there at once; the petition comes with the next line."""
    place = Place("kiosk-01.1", "Kiosk 01", 31, (Duty.KIOSK,), "", ranges=(Numbers("ticket", "*", 800, 899),))
    enrol(
        Folder(centre.data / "kiosk-01"), centre["central"], place, NodeSettings("kiosk-01.1"), by="quan.nv"
    )
    centre.nodes["kiosk-01"] = centre.open("kiosk-01")
    kiosk = Clerk(centre, "kiosk-01")
    assert "Chưa ghi họ tên." in send(kiosk, "/kiosk/petition", name="").page.text
    number = number_on(send(kiosk, "/kiosk/petition"))
    assert supervisor.node.petitions.by_number(number) is None
    centre.meet()
    row = supervisor.node.petitions.by_number(number)
    assert row is not None
    assert "Kiosk 01" in supervisor.open(f"/petitions/{row.stream}").page.text


def test_at_the_counter_a_clerk_writes_it_down_and_does_not_read_what_others_say(
    centre: SmallCentre, supervisor: Clerk
) -> None:
    """About a dossier, which is named by its number; who is complained about learns nothing here."""
    dossier = centre.receive()
    assert dossier.received is not None
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    number = number_on(send(clerk, about=dossier.received.number.lower()))
    assert clerk.open("/petitions").status == 403
    centre.meet()
    row = supervisor.node.petitions.by_number(number)
    assert row is not None
    one = supervisor.open(f"/petitions/{row.stream}").page.text
    assert "Nguyễn Hồng Hạnh ghi" in one
    assert dossier.received.number in one


def test_what_is_late_is_late_by_the_clock_alone_and_lists_read_no_more_than_their_part(
    centre: SmallCentre, supervisor: Clerk
) -> None:
    citizen, petitions = Clerk(centre, "central"), supervisor.node.petitions
    numbers = [number_on(send(citizen)) for _ in range(3)]
    assert petitions.to_answer() == (3, 0)
    first = petitions.page(Waits.OPEN, size=2)
    rest = petitions.page(Waits.OPEN, after=first.rows[-1].stream, size=2)
    assert [row.number for row in (*first.rows, *rest.rows)] == numbers
    assert (first.after, rest.after) == (first.rows[-1].stream, "")
    centre.clock.forward(days=15)
    assert petitions.to_answer() == (3, 3)
    with supervisor.node.file.read() as connection:
        for waits, column in (
            (Waits.OPEN, "due"),
            (Waits.ANSWERED, "answered_at"),
            (Waits.CLOSED, "closed_at"),
        ):
            query = f"SELECT stream FROM petition WHERE status = '{waits.value}' ORDER BY {column}, stream LIMIT 5"
            (plan,) = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
            assert f"petition_{waits.value}" in plan
    supervisor.node.projector.rebuild()
    assert petitions.to_answer() == (3, 3)
