"""A clerk at the queue: one press ends and calls, an old page calls nobody, two counters put a double call right."""

from __future__ import annotations

import pytest

from central.demo.plan import QUEUES
from schemas.acts import VisitStatus
from tests.centres import PINS, SEALED, SmallCentre
from tests.web.clerk import Answer, Clerk

LAND = QUEUES[0]


@pytest.fixture
def clerk(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "counter-01", "hanh.nh")


def press(clerk: Clerk, act: str, page: Answer | None = None, **filled: str) -> Answer:
    """Press a button of the foot, on the page as it is now or was."""
    form = (page or clerk.open("/queue")).page.form("shown")
    answer = clerk.post("/queue", {**form.fields, "act": act, **filled})
    return clerk.follow(answer) if answer.status == 303 else answer


def status(clerk: Clerk, ticket: str) -> VisitStatus:
    return next(turn.status for turn in clerk.node.visits.turns() if turn.ticket == ticket)


def test_a_morning_at_the_counter(clerk: Clerk) -> None:
    """Nobody waits; two come; one is served, one is skipped and comes after all."""
    assert "Không ai đang chờ" in clerk.open("/queue").page.text
    for _ in range(2):
        clerk.node.hall.take(LAND)
    called = press(clerk, "next")
    assert "Đang ở Quầy 01 A-001" in called.page.text
    assert "Xong A-001, gọi số tiếp" in called.page.text
    press(clerk, "next")
    assert status(clerk, "A-001") is VisitStatus.SERVED
    skipped = press(clerk, "skip")
    assert "Đã bỏ qua: 1" in skipped.page.text
    back = clerk.press(skipped, "stream", ("act", "call"))
    assert back.status == 303
    press(clerk, "again")
    assert "đã gọi 3 lần" in clerk.open("/queue").page.text
    done = press(clerk, "serve")
    assert "Chưa có ai." in done.page.text
    assert status(clerk, "A-002") is VisitStatus.SERVED


def test_pressed_twice_calls_once(clerk: Clerk) -> None:
    """The second press came from a page on which nobody was at the counter."""
    for _ in range(3):
        clerk.node.hall.take(LAND)
    old = clerk.open("/queue")
    press(clerk, "next", old)
    again = press(clerk, "next", old)
    assert again.status == 409
    assert "Hàng chờ vừa đổi" in again.page.text
    assert "Đang chờ: 2" in again.page.text


def test_handed_on_with_the_number_that_the_visitor_has(centre: SmallCentre, clerk: Clerk) -> None:
    clerk.node.hall.take(LAND)
    press(clerk, "next")
    press(clerk, "hand_on", counter="Quầy 02")
    assert "Không ai đang chờ" in clerk.open("/queue").page.text
    centre.copy(clerk.node, centre["counter-02"], "visits")
    other = Clerk(centre, "counter-02", "long.pd").open("/queue")
    assert "Chuyển tới quầy này" in other.page.text
    assert press(clerk, "hand_on", counter="Quầy 09").status == 409


def test_a_number_is_looked_at_before_it_is_called(clerk: Clerk) -> None:
    """Enter, which a scanner sends, calls nobody."""
    clerk.node.hall.take(LAND)
    clerk.node.hall.take(LAND)
    looked = clerk.open("/queue?ticket=a2")
    assert "Đang chờ từ" in looked.page.text
    assert status(clerk, "A-002") is VisitStatus.WAITING
    clerk.press(looked, "number", ("act", "call"))
    assert status(clerk, "A-002") is VisitStatus.CALLED
    assert "Đang ở quầy này" in clerk.open("/queue?ticket=A-002").page.text
    assert "không phải số thứ tự" in clerk.open("/queue?ticket=h%C3%B4m").page.text
    assert "Không có nhóm việc nào mang chữ Z" in clerk.open("/queue?ticket=Z-001").page.text


def test_a_ticket_whose_kiosk_is_out_of_reach_is_written_down(centre: SmallCentre, clerk: Clerk) -> None:
    held = centre["counter-02"].hall.take(LAND)
    looked = clerk.open(f"/queue?ticket={held.ticket}")
    assert "chưa nghe tới số này" in looked.page.text
    clerk.press(looked, "number", ("act", "write_down"))
    centre.copy(centre["counter-02"], clerk.node, "visits")
    (turn,) = clerk.node.visits.turns()
    assert (turn.ticket, turn.status, turn.counters) == ("A-400", VisitStatus.CALLED, ("Quầy 01",))


def test_a_ticket_called_at_two_counters_is_put_right_at_either(centre: SmallCentre, clerk: Clerk) -> None:
    """Both say it in words, with who and when, and offer both places; nothing is chosen beforehand."""
    clerk.node.hall.take(LAND)
    centre.copy(clerk.node, centre["counter-02"], "visits")
    other = Clerk(centre, "counter-02", "long.pd")
    press(clerk, "next")
    press(other, "next")
    _meet(centre)
    for one in (clerk, other):
        text = one.open("/queue").page.text
        assert "Số A-001 được gọi ở hai quầy" in text
        assert "Nguyễn Hồng Hạnh" in text
        assert "Phạm Đức Long" in text
    form = other.open("/queue").page.form("stream")
    assert ("counter", "Quầy 01") in form.buttons
    other.post("/queue", {**form.fields, "counter": "Quầy 01"})
    assert "Chưa có ai" in other.open("/queue").page.text
    _meet(centre)
    text = clerk.open("/queue").page.text
    assert "Đang ở Quầy 01 A-001" in text
    assert "Gọi trùng hôm nay: 1" in text


def test_a_part_of_the_page_is_sent_again_only_when_it_says_something_else(clerk: Clerk) -> None:
    """Nobody is interrupted while choosing a counter because somebody else drew a ticket."""
    clerk.node.hall.take(LAND)
    press(clerk, "next")
    html = clerk.open("/queue").html
    line, now = (part.split('"')[0].replace("&amp;", "&") for part in html.split('hx-get="/queue')[1:3])
    assert clerk.open(f"/queue{line}").status == 204
    assert clerk.open(f"/queue{now}").status == 204
    clerk.node.hall.take(LAND)
    assert "A-002" in clerk.open(f"/queue{line}").page.text


def test_only_who_serves_the_queue_calls(centre: SmallCentre) -> None:
    """An appraiser of the room, and a machine without the duty."""
    assert Clerk(centre, "room-01", "ha.lt").open("/queue").status == 403
    assert "/queue" not in Clerk(centre, "room-01", "hanh.nh").open("/find").html


def _meet(centre: SmallCentre) -> None:
    one, two = centre["counter-01"], centre["counter-02"]
    for source, target in ((one, two), (two, one)):
        centre.copy(source, target, "visits")


def test_a_visitor_whose_result_is_ready_is_called_again_by_the_same_number(
    centre: SmallCentre, clerk: Clerk
) -> None:
    """The room signs while they wait: the counter is told, calls their number again, and hands over that dossier."""
    clerk.node.hall.take(LAND)
    press(clerk, "next")
    dossier = centre.receive("counter-01")
    press(clerk, "serve")
    centre.meet()
    centre.approve(centre.appraise(dossier))
    assert "Có kết quả" not in clerk.open("/queue").page.text
    centre.meet()
    told = clerk.open("/queue")
    assert "Có kết quả, khách gọi lại được: 1" in told.page.text
    again = clerk.follow(clerk.press(told, "stream", ("act", "call")))
    assert "Đang ở Quầy 01 A-001" in again.page.text
    assert (f"/return/{dossier.stream}", "Trả kết quả") in again.page.links
    assert clerk.node.hall.calls()[0][0].ticket == "A-001"
    centre.return_(dossier)
    press(clerk, "serve")
    (turn,) = clerk.node.visits.turns()
    assert (turn.status, turn.dossiers) == (VisitStatus.SERVED, (dossier.stream,))
    assert "Có kết quả" not in clerk.open("/queue").page.text


def test_a_result_on_paper_calls_nobody_before_it_is_at_the_counter(
    centre: SmallCentre, clerk: Clerk
) -> None:
    """Signed by hand, stamped and scanned: until somebody says that the paper was carried over, the counter waits."""
    clerk.node.hall.take(LAND)
    press(clerk, "next")
    dossier = centre.receive("counter-01", procedure=SEALED)
    press(clerk, "serve")
    centre.meet()
    room, signed = centre["room-01"], Clerk(centre, "room-01", "chi.nth")
    centre.appraise(dossier)
    stream, by = dossier.stream, "viet.tq"
    decided = room.deciding.approve_on_paper(stream, by=by, pin=PINS[by], text="Đồng ý cấp.")
    printed = room.archive.read(decided.standing.result or "")
    assert printed is not None
    numbered = signed.follow(signed.press(signed.open(f"/seal/{stream}"), "/number"))
    sealed = signed.follow(signed.send(numbered, "/paper", "scan", printed + b"\n%", pin=PINS["chi.nth"]))
    assert "Bản giấy còn ở phòng." in sealed.page.text
    centre.meet()
    assert "Có kết quả" not in clerk.open("/queue").page.text
    assert "bản giấy chưa được ghi là đã ra quầy" in clerk.open(f"/return/{stream}").page.text
    assert dossier.received is not None
    number = dossier.received.number
    assert number in clerk.open("/lists?list=back").page.text

    told = signed.follow(signed.press(sealed, "/ready"))
    assert f"bản giấy của {number} ở quầy từ" in told.page.text
    centre.meet()
    assert "Có kết quả, khách gọi lại được: 1" in clerk.open("/queue").page.text
    assert "chưa được ghi" not in clerk.open(f"/return/{stream}").page.text
    assert number in clerk.open("/lists?list=return").page.text


def test_whoever_holds_the_paper_at_the_counter_says_so_themselves(centre: SmallCentre, clerk: Clerk) -> None:
    """The room forgot to press; a press at the counter, once, and the page of a dossier at another step says why not."""
    dossier = centre.receive("counter-01", procedure=SEALED)
    stream, by, pin = dossier.stream, "viet.tq", PINS["chi.nth"]
    centre.meet()
    room = centre["room-01"]
    centre.appraise(dossier)
    decided = room.deciding.approve_on_paper(stream, by=by, pin=PINS[by], text="Đồng ý cấp.")
    room.sealing.number_paper(stream, by="chi.nth")
    scan = room.archive.read(decided.standing.result or "")
    assert scan is not None
    room.sealing.seal_paper(stream, by="chi.nth", pin=pin, scan=scan + b"\n%")
    centre.meet()
    page = clerk.open(f"/return/{stream}")
    here = clerk.follow(clerk.press(page, "/ready"))
    assert "chưa được ghi" not in here.page.text
    assert "Chưa trả được" not in here.page.text
    assert clerk.node.register.dossier(stream).timeline[-1].kind == "dossier.result_ready"
    other = centre.receive("counter-01", procedure=SEALED)
    assert clerk.post(f"/return/{other.stream}/ready", page.page.form("/ready").fields).status == 409
