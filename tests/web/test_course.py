"""A dossier's course from the counter and the room: supplement, more time, a stop, the clock; each with its paper."""

from __future__ import annotations

import re
from dataclasses import replace

from printing.papers.course import Extension, Suspension
from printing.papers.reception import SupplementRequest
from printing.spool import PrintJob
from printing.typesetting import from_job
from schemas.acts import RequestedComponent, Status, SupplementRequested
from schemas.fold import Dossier
from tests.centres import SmallCentre
from tests.web.clerk import Clerk

ASKED = {
    "why-0": "Thiếu chữ ký của người đại diện",
    "name-9": "Giấy chứng nhận đăng ký xe",
    "reason": "Hồ sơ chưa đủ theo quyết định công bố.",
    "until": "2027-03-31",
}


def papers(clerk: Clerk, dossier: Dossier, form: str) -> list[PrintJob]:
    with clerk.node.file.read():
        jobs = PrintJob.select().where((PrintJob.stream == dossier.stream) & (PrintJob.form == form))
        return list(jobs.order_by(PrintJob.id))


def asked(centre: SmallCentre, until: str = "2027-03-31") -> Dossier:
    """A supplement is asked for in the room, of which everybody knows."""
    dossier = centre.receive()
    centre.meet()
    said = SupplementRequested((RequestedComponent("Đơn", "Thiếu chữ ký"),), "Chưa đủ.", until)
    centre["room-01"].course.request_supplement(dossier.stream, said, by="ha.lt")
    centre.meet()
    return dossier


def test_form_02_is_one_list_and_what_is_brought_turns_the_clock_anew(centre: SmallCentre) -> None:
    """Asked in the room, brought at the counter two days later; the page tells when it was due, and why."""
    dossier = centre.receive()
    centre.meet()
    desk = Clerk(centre, "room-01", "ha.lt")
    page = desk.open(f"/dossier/{dossier.stream}/course/supplement")
    empty = desk.press(page, "/supplement", reason="", until="2020-01-01", **{"originals-0": "x"})
    assert empty.status == 422
    for why in ("Chưa yêu cầu giấy tờ nào.", "Chưa ghi lý do yêu cầu bổ sung.", "đã qua"):
        assert why in empty.page.text
    wrong = desk.press(page, "/supplement", **{**ASKED, "originals-0": "x"})
    assert "“x” không phải số bản." in wrong.page.text
    done = desk.press(page, "/supplement", **{k: v for k, v in ASKED.items() if k != "name-9"})
    text = desk.follow(done).page.text
    assert "Đã ghi: yêu cầu bổ sung." in text
    assert "Dừng tính giờ: chờ bổ sung hồ sơ" in text
    (job,) = papers(desk, dossier, SupplementRequest.FORM)
    letter = from_job(job.form, bytes(job.payload))
    assert isinstance(letter, SupplementRequest)
    assert [row.note for row in letter.components] == ["Thiếu chữ ký của người đại diện"]
    assert (letter.guide, letter.print_count) == ("Lộc Thị Hà", 1)
    assert desk.download(f"/dossier/{dossier.stream}/paper/02.pdf").startswith(b"%PDF")
    centre.meet()
    counter = Clerk(centre, "counter-01", "hanh.nh")
    shown = counter.open(f"/dossier/{dossier.stream}")
    assert "Nhận bổ sung" in shown.page.text
    brought = counter.open(f"/dossier/{dossier.stream}/course/supplied")
    assert "Chưa đánh dấu giấy tờ nào." in counter.press(brought, "/supplied").page.text
    name = "Giấy đề nghị cấp Giấy phép kinh doanh"
    text = counter.follow(counter.press(brought, "/supplied", brought=name)).page.text
    assert "Đã ghi: đã bổ sung." in text
    assert "Đã bổ sung đủ: tính lại từ đầu" in text
    assert counter.node.register.dossier(dossier.stream).status is Status.PROCESSING


def test_a_part_of_what_was_asked_is_kept_and_the_rest_waited_for(centre: SmallCentre) -> None:
    dossier = centre.receive()
    said = SupplementRequested(
        (RequestedComponent("Đơn", "Thiếu chữ ký"), RequestedComponent("Đăng ký xe", "Chưa nộp", 1)), "?"
    )
    centre["counter-01"].course.request_supplement(dossier.stream, said, by="hanh.nh")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier.stream}/course/supplied")
    done = clerk.press(page, "/supplied", brought="Đăng ký xe")
    assert "Thêm giấy tờ: Đăng ký xe" in clerk.follow(done).page.text
    assert clerk.node.register.dossier(dossier.stream).status is Status.SUPPLEMENT
    rest = clerk.open(f"/dossier/{dossier.stream}/course/supplied")
    assert 'value="Đăng ký xe"' not in rest.html
    clerk.press(rest, "/supplied", brought="Đơn")
    assert clerk.node.register.dossier(dossier.stream).status is Status.PROCESSING


def test_a_second_list_needs_its_ground(centre: SmallCentre) -> None:
    dossier = asked(centre)
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier.stream}/course/supplied")
    clerk.press(page, "/supplied", brought="Đơn")
    again = clerk.open(f"/dossier/{dossier.stream}/course/supplement")
    one = {k: v for k, v in ASKED.items() if k != "name-9"}
    assert "Ghi căn cứ để yêu cầu lần nữa." in clerk.press(again, "/supplement", **one).page.text
    done = clerk.press(again, "/supplement", again="CSDL dân cư không khai thác được", **one)
    assert done.status == 303
    assert len(papers(clerk, dossier, SupplementRequest.FORM)) == 1


def test_nobody_is_stopped_before_the_time_given_has_passed(centre: SmallCentre) -> None:
    """Form 05 on the day after; who sits at the counter may not."""
    dossier = asked(centre, until="2027-03-01")
    counter = Clerk(centre, "counter-01", "hanh.nh")
    refused = counter.open(f"/dossier/{dossier.stream}/course/suspend")
    assert "Máy này không được giao việc này." in refused.page.text
    boss = Clerk(centre, "room-01", "viet.tq")
    page = boss.open(f"/dossier/{dossier.stream}/course/suspend")
    early = boss.press(page, "/suspend", ground="not_supplemented", reason="Quá hạn bổ sung.")
    assert early.status == 422
    assert "Còn thời gian bổ sung tới hết ngày 01/03/2027" in early.page.text
    centre.clock.forward(hours=16)
    boss = Clerk(centre, "room-01")
    signed_in = boss.open("/sign-in")
    boss.press(signed_in, "/sign-in", person="viet.tq", pin="472013", **_hour(signed_in.html))
    page = boss.open(f"/dossier/{dossier.stream}/course/suspend")
    done = boss.press(page, "/suspend", ground="not_supplemented", reason="Quá hạn bổ sung.")
    assert "“Dừng xử lý”" in boss.follow(done).page.text
    (job,) = papers(boss, dossier, Suspension.FORM)
    letter = from_job(job.form, bytes(job.payload))
    assert isinstance(letter, Suspension)
    assert (letter.agency, letter.signer) == ("Sở Xây dựng", "Trần Quốc Việt")
    assert letter.ground.startswith("quá thời hạn bổ sung")


def _hour(html: str) -> dict[str, str]:
    """The clock is right, if the page asks."""
    return {"hour": "right"} if 'name="hour"' in html else {}


def test_form_04_keeps_the_first_promise_and_names_a_later_one(centre: SmallCentre) -> None:
    dossier = centre.appraised()
    boss = Clerk(centre, "room-01", "viet.tq")
    page = boss.open(f"/dossier/{dossier.stream}/course/extend")
    assert "ngày nghỉ" in boss.press(page, "/extend", day="2027-03-13", reason="?").page.text
    assert (
        "Hẹn lại phải sau hạn đang có" in boss.press(page, "/extend", day="2027-03-02", reason="?").page.text
    )
    done = boss.press(page, "/extend", day="2027-03-12", reason="Chờ kiểm tra thực địa.")
    text = boss.follow(done).page.text
    assert "Xin lỗi và hẹn lại (Mẫu 04): Chờ kiểm tra thực địa." in text
    (job,) = papers(boss, dossier, Extension.FORM)
    letter = from_job(job.form, bytes(job.payload))
    assert isinstance(letter, Extension)
    assert letter.due < letter.new_due
    assert letter.capacity.startswith("TUQ.")
    assert "đã hẹn lại 1 lần" in boss.open(f"/dossier/{dossier.stream}/course/extend").page.text
    standing = boss.node.register.dossier(dossier.stream).standing
    assert standing.first_due == dossier.standing.first_due < standing.due


def test_a_letter_is_printed_again_as_an_act_with_its_reason(centre: SmallCentre) -> None:
    """Form 02 got lost: the paper says "In lần 2", the act says why; where it was not printed nothing can be."""
    dossier = asked(centre, until="2027-03-01")
    counter = Clerk(centre, "counter-01", "hanh.nh")
    token = counter.open(f"/dossier/{dossier.stream}").page.form("/folder").fields["csrf_token"]
    elsewhere = counter.post(
        f"/dossier/{dossier.stream}/reprint/02", {"csrf_token": token, "reason": "Mất giấy."}
    )
    assert "Máy này không có Mẫu 02" in elsewhere.page.text
    desk = Clerk(centre, "room-01", "ha.lt")
    page = desk.open(f"/dossier/{dossier.stream}")
    assert "Chưa ghi vì sao in lại." in desk.press(page, "/reprint/02", reason=" ").page.text
    assert desk.press(page, "/reprint/02", reason="Khách làm mất.").status == 303
    first, again = papers(desk, dossier, SupplementRequest.FORM)
    letters = [from_job(job.form, bytes(job.payload)) for job in (first, again)]
    assert [letter.print_count for letter in letters] == [1, 2]
    assert replace(letters[1], print_count=1) == letters[0]
    written = desk.node.register.dossier(dossier.stream).timeline[-1]
    said = desk.node.register.dossier(dossier.stream).standing.newest["dossier.reprinted"].data
    assert (written.kind, said.paper, said.copy) == ("dossier.reprinted", "supplement", 2)
    assert (said.reason, said.of) == ("Khách làm mất.", asked_by(desk, dossier))


def asked_by(desk: Clerk, dossier: Dossier) -> str:
    """The act that form 02 is of."""
    timeline = desk.node.register.dossier(dossier.stream).timeline
    return next(line.hash for line in timeline if line.kind == "dossier.supplement_requested")


def test_who_withdraws_gets_form_05_or_hears_why_not(centre: SmallCentre) -> None:
    granted, refused = centre.receive(), centre.receive()
    for one in (granted, refused):
        centre.withdraw(one)
    centre.meet()
    boss = Clerk(centre, "room-01", "viet.tq")
    for one, answer in ((granted, "grant"), (refused, "refuse")):
        page = boss.open(f"/room/{one.stream}")
        boss.press(page, "/withdrawal", answer=answer, reason="Theo đơn.")
    (job,) = papers(boss, granted, Suspension.FORM)
    letter = from_job(job.form, bytes(job.payload))
    assert isinstance(letter, Suspension)
    assert letter.ground.startswith("đơn xin rút")
    assert papers(boss, refused, Suspension.FORM) == []


def test_the_clock_stands_only_for_what_the_procedure_does_not_count(centre: SmallCentre) -> None:
    """This one counts everything but the usual: nobody may stop it for a publication."""
    dossier = centre.appraised()
    desk = Clerk(centre, "room-01", "ha.lt")
    page = desk.open(f"/dossier/{dossier.stream}/course/stop-clock")
    assert "Thủ tục này tính mọi thời gian." in page.page.text
    forced = desk.press(page, "/stop-clock", why="publication", reason="?")
    assert forced.status == 422
    none = desk.press(
        desk.open(f"/dossier/{dossier.stream}/course/resume-clock"), "/resume-clock", reason="?"
    )
    assert none.status == 409


def test_a_supplement_here_and_an_approval_there_are_told_in_words(centre: SmallCentre) -> None:
    """Both pages say which two acts contradict each other, who did them where, and who will settle it."""
    dossier = centre.appraised()
    said = SupplementRequested((RequestedComponent("Đơn", "Thiếu"),), "?", "2027-03-31")
    centre["counter-01"].course.request_supplement(dossier.stream, said, by="hanh.nh")
    centre.approve(dossier)
    centre.meet()
    boss = Clerk(centre, "room-01", "viet.tq")
    text = boss.open(f"/dossier/{dossier.stream}/course/suspend").page.text
    assert "Hai kết quả trái nhau: hồ sơ đang tranh chấp" in text
    assert re.search(r"Quầy 01, [0-9:]+, Nguyễn Hồng Hạnh: Yêu cầu bổ sung: Đơn", text)
    assert re.search(r"Phòng 4 tại chỗ, [0-9:]+, Trần Quốc Việt: Phê duyệt", text)
    assert "cho đến khi Trung tâm đối soát" in text
