"""At the door: a number on paper and on the screen, who goes first, a rating; and the board that names nobody."""

from __future__ import annotations

import msgspec
import pytest

from central.centre import Numbers, Office, Place, enrol
from central.demo.plan import CENTRE, QUEUES
from edge.folder import Folder
from edge.settings import NodeSettings
from edge.web.kiosk_words import WORDS
from printing.spool import PrintJob, State
from schemas.acts import VisitStatus
from schemas.entries import Duty
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk


@pytest.fixture
def visitor(centre: SmallCentre) -> Clerk:
    """Nobody whom the machine knows, before counter-01's kiosk."""
    return Clerk(centre, "counter-01")


def touch(visitor: Clerk, on: Answer, **what: str) -> Answer:
    """Touch a button of the page's form."""
    form = on.page.form("csrf_token")
    return visitor.post(form.action, {**form.fields, **what})


def take(visitor: Clerk, **what: str) -> Answer:
    return touch(visitor, visitor.open("/kiosk"), **{"queue": "A", **what})


def test_a_number_on_paper_and_on_the_screen(visitor: Clerk) -> None:
    """One touch; the paper goes to the printer with it, and says how many are ahead."""
    assert "Không phải chờ" in visitor.open("/kiosk").page.text
    take(visitor)
    given = visitor.follow(take(visitor))
    assert "A-002" in given.page.text
    assert "Đang chờ trước: 1" in given.page.text
    assert "Lấy phiếu ở khe bên dưới" in given.page.text
    assert "1 người đang chờ" not in visitor.open("/kiosk").page.text
    assert "2 người đang chờ" in visitor.open("/kiosk").page.text
    with visitor.node.file.read():
        assert [job.form for job in PrintJob.select()] == ["ticket", "ticket"]


def test_who_may_go_first_is_asked_why_and_is_called_first(visitor: Clerk) -> None:
    take(visitor)
    asked = take(visitor, first="yes")
    assert "Ông/bà thuộc diện nào?" in asked.page.text
    given = visitor.follow(touch(visitor, asked, priority="pregnant"))
    assert "Phụ nữ có thai" in given.page.text
    assert "Đang chờ trước: 0" in given.page.text
    assert [turn.ticket for turn in visitor.node.hall.at_desk().line] == ["A-002", "A-001"]


def test_an_appointment_is_asked_for_its_hour(visitor: Clerk) -> None:
    asked = take(visitor, booked="yes")
    assert "Lịch hẹn lúc mấy giờ?" in asked.page.text
    given = visitor.follow(touch(visitor, asked, hour="09:30"))
    assert "Có lịch hẹn 09:30" in given.page.text
    (turn,) = visitor.node.visits.turns()
    assert (turn.priority, turn.hour) == ("appointment", "09:30")


def test_a_printer_that_is_away_loses_no_number(centre: SmallCentre, visitor: Clerk) -> None:
    """The screen keeps saying that it is coming, and then that the number is good without paper."""
    visitor.pages.extensions["motcua"].spool_wake = lambda: None
    answer = take(visitor)
    assert "Đang in phiếu" in visitor.follow(answer).page.text
    centre.clock.forward(seconds=11)
    assert "số vẫn có giá trị" in visitor.follow(answer).page.text


def test_tickets_do_not_come_out_when_their_visitors_have_gone(centre: SmallCentre, visitor: Clerk) -> None:
    """The printer is back after ten minutes: it prints for whoever stands before it, and for nobody else."""
    site = visitor.pages.extensions["motcua"]
    wake, site.spool_wake = site.spool_wake, lambda: None
    take(visitor)
    centre.clock.forward(minutes=10)
    site.spool_wake = wake
    take(visitor)
    with visitor.node.file.read():
        jobs = [(job.number[-5:], job.state) for job in PrintJob.select().order_by(PrintJob.id)]
    assert jobs == [("A-001", State.CANCELLED.value), ("A-002", State.DONE.value)]


def test_what_is_no_queue_or_no_page_of_ours_gives_no_number(visitor: Clerk) -> None:
    assert take(visitor, queue="Z").leads_to.endswith("/kiosk")
    assert "Xin chạm lại" in visitor.post("/kiosk", {"queue": "A"}).page.text
    assert visitor.node.visits.turns() == []


def test_a_child_that_touches_and_touches_empties_no_roll(visitor: Clerk) -> None:
    answers = [take(visitor).status for _ in range(21)]
    assert answers == [303] * 20 + [429]


def test_the_kiosk_says_that_its_numbers_run_out(centre: SmallCentre) -> None:
    place = Place("kiosk-01.1", "Kiosk 01", 31, (Duty.KIOSK,), "", ranges=(Numbers("ticket", "*", 800, 801),))
    folder = Folder(centre.data / "kiosk-01")
    enrol(folder, centre["central"], place, NodeSettings("kiosk-01.1"), by="quan.nv")
    centre.nodes["kiosk-01"] = centre.open("kiosk-01")
    visitor = Clerk(centre, "kiosk-01")
    assert visitor.open("/").leads_to.endswith("/kiosk"), "it is there for nothing else"
    take(visitor)
    take(visitor)
    assert "sắp hết số: còn 0" in visitor.open("/kiosk").page.text
    none = take(visitor)
    assert (none.status, "hết số của nhóm việc này" in none.page.text) == (409, True)


def test_a_machine_that_is_no_kiosk_gives_none(centre: SmallCentre) -> None:
    assert Clerk(centre, "room-01").open("/kiosk").status == 404


def test_both_languages_say_the_same_things() -> None:
    vi, en = WORDS["vi"], WORDS["en"]
    assert vi.keys() == en.keys()
    for word, said in vi.items():
        assert {part.split("}")[0] for part in said.split("{")[1:]} == {
            part.split("}")[0] for part in en[word].split("{")[1:]
        }, word


def test_in_english_and_lowered_all_along(visitor: Clerk) -> None:
    """Language and height stay with the visitor, also through the question who goes first."""
    start = visitor.open("/kiosk?lang=en&low=1")
    assert "Land, environment" in start.page.text
    asked = touch(visitor, start, queue="A", first="yes")
    given = visitor.follow(touch(visitor, asked, priority="elderly"))
    assert "Your number" in given.page.text
    assert "is-low" in given.html


def test_the_page_says_since_when_the_centre_is_away(centre: SmallCentre, visitor: Clerk) -> None:
    visitor.node.contacts.heard(centre["central"].id)
    assert "Mất liên lạc" not in visitor.open("/kiosk").page.text
    centre.clock.forward(minutes=42)
    assert "Mất liên lạc với Trung tâm từ 09:00. Vẫn lấy số" in visitor.open("/kiosk").page.text


# ---- the rating


def served(visitor: Clerk, by: str = "hanh.nh") -> str:
    node = visitor.node
    turn = node.hall.take(QUEUES[0])
    node.hall.call_next("", "served", by=by)
    node.hall.finish(turn.stream, "served", by=by)
    return turn.stream


def test_a_visit_is_rated_by_its_number_once(visitor: Clerk) -> None:
    """Letter by letter; by nobody, at this machine; the second time it says so and changes nothing."""
    stream = served(visitor)
    assert "chưa đánh giá được" in visitor.open("/kiosk/rate?n=A999").page.text
    typed = visitor.open("/kiosk/rate?n=A1")
    assert "Đánh giá lượt phục vụ A-001" in typed.page.text
    faces = visitor.open("/kiosk/rate?n=A1&ok=1")
    assert "Lượt A-001 tại Quầy 01" in faces.page.text
    assert "Xin cảm ơn" in touch(visitor, faces, level="5").page.text
    rated = visitor.node.visits.visit(stream).standing.newest["visit.rated"]
    assert (rated.by, rated.data.phase, rated.data.level, rated.data.satisfied) == ("", "reception", 5, True)
    assert "đã được đánh giá" in touch(visitor, faces, level="2").page.text
    assert "đã được đánh giá" in visitor.open("/kiosk/rate?n=A1&ok=1").page.text


def test_who_is_not_satisfied_says_why(visitor: Clerk) -> None:
    stream = served(visitor)
    asked = touch(visitor, visitor.open("/kiosk/rate?n=A1&ok=1"), level="2")
    assert "Vì sao ông/bà chưa hài lòng?" in asked.page.text
    touch(visitor, asked, reason="slow")
    rated = visitor.node.visits.visit(stream).standing.newest["visit.rated"].data
    assert (rated.satisfied, rated.reason) == (False, "Chờ lâu, làm lâu")


def test_the_levels_are_the_centres(centre: SmallCentre, visitor: Clerk) -> None:
    """Three as in Lạng Sơn, or five; a level that is not asked for is none."""
    served(visitor)
    three = visitor.open("/kiosk/rate?n=A1&ok=1")
    assert "Bình thường" not in three.page.text
    assert touch(visitor, three, level="3").status == 303
    Office(centre["central"]).define([msgspec.structs.replace(CENTRE, levels=5)], by="quan.nv")
    centre.copy(centre["central"], visitor.node, "catalog")
    assert "Bình thường" in visitor.open("/kiosk/rate?n=A1&ok=1").page.text


def test_collecting_a_result_is_rated_as_a_phase_of_its_own(visitor: Clerk) -> None:
    visitor.node.hall.take(QUEUES[-1])
    visitor.node.hall.call_next("", "served", by="hanh.nh")
    touch(visitor, visitor.open("/kiosk/rate?n=G1&ok=1"), level="4")
    (turn,) = visitor.node.visits.turns()
    assert turn.rated == {"return"}


def test_a_tablet_at_the_counter_asks_whoever_is_there(centre: SmallCentre) -> None:
    """It asks while somebody is at the counter and a little after; and nobody twice."""
    visitor = Clerk(centre, "counter-02")
    assert "khi làm việc xong" in visitor.open("/rating").page.text
    served(visitor, by="long.pd")
    faces = visitor.open("/rating")
    assert "Lượt A-400 tại Quầy 02" in faces.page.text
    asked = faces.html.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert visitor.open(asked).status == 204
    thanks = touch(visitor, faces, level="4")
    assert "Xin cảm ơn" in thanks.page.text
    assert 'data-start="/rating"' in thanks.html, "it goes back to where it lies"
    assert "khi làm việc xong" in visitor.open("/rating").page.text
    served(visitor, by="long.pd")
    centre.clock.forward(minutes=4)
    assert "khi làm việc xong" in visitor.open("/rating").page.text
    assert Clerk(centre, "room-01").open("/rating").status == 404


def test_who_supervises_reads_the_score_beside_the_rate(centre: SmallCentre, visitor: Clerk) -> None:
    """The clerk who was rated does not."""
    for _ in range(3):
        served(visitor)
    touch(visitor, visitor.open("/kiosk/rate?n=A1&ok=1"), level="5")
    why = touch(visitor, visitor.open("/kiosk/rate?n=A2&ok=1"), level="2")
    touch(visitor, why, reason="slow")
    text = Clerk(centre, "counter-01", "quan.nv").open("/scores").page.text
    assert "Cả Trung tâm 3 2 66,67% 50,00% 1 0 1 Chờ lâu, làm lâu: 1" in text
    assert Clerk(centre, "counter-01", "hanh.nh").open("/scores").status == 403
    administrator = Clerk(centre, "counter-01", "quan.nv")
    assert "Cả Trung tâm 0 0 – –" in administrator.open("/scores?day=2027-02-26").page.text
    assert "Quầy 01 3 2 66,67%" in administrator.open("/scores?day=no day").page.text


# ---- the board


def test_the_board_shows_numbers_and_counters_and_nobodys_name(centre: SmallCentre, visitor: Clerk) -> None:
    """Without signing in; what was received meanwhile is nobody's business."""
    board = Clerk(centre, "counter-01")
    assert "Chưa gọi số nào" in board.open("/board").page.text
    centre.receive("counter-01")
    for _ in range(2):
        visitor.node.hall.take(QUEUES[0])
    visitor.node.hall.call_next("", "", by="hanh.nh")
    answer = board.open("/board")
    assert "Mời số A-001 tới Quầy 01" in answer.page.text
    assert "Đang chờ: A 1 người" in answer.page.text
    for private in ("Nông Văn Thắng", "0912", "Hạnh", "020085004127"):
        assert private not in answer.html
    asked = answer.html.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert board.open(asked).status == 204
    visitor.node.hall.call_again(visitor.node.visits.turns()[0].stream, by="hanh.nh")
    again = board.open(asked)
    assert again.status == 200, "called again rings again"
    assert answer.html.split('data-newest="')[1][:64] != again.html.split('data-newest="')[1][:64]


def test_the_board_says_which_counter_it_does_not_hear(centre: SmallCentre) -> None:
    board = Clerk(centre, "counter-01")
    board.node.contacts.heard(centre["counter-02"].id)
    centre.clock.forward(minutes=3)
    assert "Quầy 02 mất nối với bảng này từ 09:00" in board.open("/board").page.text


def test_a_ticket_that_two_counters_call_stands_on_the_board_at_both(centre: SmallCentre) -> None:
    one, two = centre["counter-01"], centre["counter-02"]
    one.hall.take(QUEUES[0])
    centre.copy(one, two, "visits")
    one.hall.call_next("", "", by="hanh.nh")
    two.hall.call_next("", "", by="long.pd")
    centre.copy(two, one, "visits")
    text = Clerk(centre, "counter-01").open("/board").page.text
    assert "Quầy 01" in text
    assert "Quầy 02" in text
    assert one.visits.turns()[0].status is VisitStatus.CALLED
