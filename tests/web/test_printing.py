"""The page of the printers, and printing again: asked, tried again, sent elsewhere, cancelled, reprinted with a reason."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import zxingcpp

from central.centre import Office
from central.demo.centre import free_port
from central.enrolment import Enrolment
from edge.settings import FOLDER, PrinterKind, PrinterSettings, read_settings, write_settings
from edge.tables.node import Fact
from printing import raster
from printing.samples import TYPICAL
from printing.spool import BROWSER, PrintJob, State, put
from printing.typesetting import to_job
from schemas.acts import Forwarded, Printed
from schemas.calendar import local_day
from schemas.entries import NumberRange
from tests.centres import SmallCentre
from tests.printing.thermal import thermal
from tests.web.clerk import Answer, Clerk

DOSSIER = "/dossier/{}"


def job_of(centre: SmallCentre, number: int = 1) -> PrintJob:
    with centre["counter-01"].file.read():
        found: PrintJob = PrintJob.get_by_id(number)
        return found


def token_on(answer: Answer) -> str:
    """The page's own token against forged requests."""
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', answer.html)[0])


def becomes(centre: SmallCentre, state: State, error: str = "", printer: str = "") -> None:
    with centre["counter-01"].file.write():
        PrintJob.update(state=state.value, error=error, printer=printer).execute()


def test_nothing_waits_and_the_page_says_so(centre: SmallCentre) -> None:
    page = Clerk(centre, "counter-01", "hanh.nh").open("/printing").page.text

    assert "Không có giấy nào đang chờ." in page
    assert "Thư mục PDF" in page


def test_a_printer_out_of_paper_is_told_in_words(centre: SmallCentre) -> None:
    centre.receive()
    becomes(centre, State.SENT, "media-empty-error, media-needed")
    page = Clerk(centre, "counter-01", "hanh.nh").open("/printing").page.text

    assert "1 giấy chưa in xong" in page
    assert "Đã gửi máy in" in page
    assert "Hết giấy. Nạp giấy, máy tự in tiếp." in page


def test_whoever_looked_at_the_tray_answers_once(centre: SmallCentre) -> None:
    centre.receive()
    becomes(centre, State.UNSURE, "the line broke")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.press(clerk.open("/printing"), "/printing/1/answer", ("came_out", "yes"))

    assert job_of(centre).state == State.DONE


def test_what_failed_is_printed_again_or_given_up_with_a_reason(centre: SmallCentre) -> None:
    centre.receive()
    becomes(centre, State.FAILED, "it was cancelled at the printer")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/printing")
    assert "Không in được" in page.page.text

    answer = clerk.post("/printing/1/cancel", {"csrf_token": token_on(page), "reason": ""})
    assert answer.status == 422
    assert "Chưa ghi vì sao không in." in answer.page.text
    clerk.post("/printing/1/cancel", {"csrf_token": token_on(page), "reason": "khách đã về"})
    assert (job_of(centre).state, job_of(centre).error) == (State.CANCELLED, "khách đã về")
    assert "Không in: khách đã về" in clerk.open("/printing").page.text

    becomes(centre, State.FAILED)
    clerk.post("/printing/1/again", {"csrf_token": token_on(page)})
    assert job_of(centre).state == State.DONE


def ticket(centre: SmallCentre, number: str) -> str:
    """The stream of a visit whose ticket is queued at counter 01."""
    (paper,) = [paper for paper in TYPICAL if paper.FORM == "ticket"]
    stream, at = centre.ids.stream(centre.clock()), centre.clock()
    with centre["counter-01"].file.write():
        put(stream=stream, number=number, form="ticket", payload=to_job(paper), copies=1, at=at)
    return stream


def with_laser(centre: SmallCentre) -> None:
    """Counter 01 has a laser printer for everything, and somebody has switched it off."""
    folder = centre["counter-01"].folder.path
    laser = PrinterSettings("Laser", PrinterKind.IPP, f"ipp://127.0.0.1:{free_port()}/ipp/print")
    write_settings(folder, msgspec.structs.replace(read_settings(folder), printers=(laser,)))
    centre.reopen("counter-01")


def test_another_printer_takes_over_when_a_person_says_so(centre: SmallCentre) -> None:
    with_laser(centre)
    centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.node.spool.work(at=centre.clock())
    page = clerk.open("/printing")
    assert "Máy in đang tắt hoặc mất dây." in page.page.text
    assert "In ở Laser" not in page.page.text

    clerk.press(page, "/printing/1/again", ("printer", FOLDER))
    assert (job_of(centre).state, job_of(centre).printer) == (State.DONE, FOLDER)
    assert "Đã in ở Thư mục PDF" in clerk.open("/printing").page.text
    answer = clerk.post("/printing/1/again", {"csrf_token": token_on(page), "printer": "?"})
    assert answer.status == 404


def test_a_paper_whose_printer_is_gone_finds_the_folder(centre: SmallCentre) -> None:
    """The settings name it no more: nothing is lost, and the page offers what there is."""
    centre.receive()
    becomes(centre, State.QUEUED, printer="Laser cũ")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.node.spool.work(at=centre.clock())
    page = clerk.open("/printing")
    assert "Máy in này không còn trong cấu hình. Chọn máy in khác." in page.page.text
    clerk.press(page, "/printing/1/again", ("printer", FOLDER))
    assert job_of(centre).state == State.DONE


def test_a_paper_is_taken_back_from_a_printer_that_does_not_answer(centre: SmallCentre) -> None:
    """Whether something of it comes out yet nobody can say: whoever takes it back is asked."""
    with_laser(centre)
    centre.receive()
    becomes(centre, State.SENT, "media-empty")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.post("/printing/1/back", {"csrf_token": token_on(clerk.open("/printing"))})
    page = clerk.follow(page)
    assert "Chưa rõ đã ra chưa" in page.page.text
    clerk.press(page, "/printing/1/again", ("printer", FOLDER))
    assert (job_of(centre).state, job_of(centre).printer) == (State.DONE, FOLDER)


def test_the_browser_prints_as_the_last_resort_and_a_person_says_what_came_out(centre: SmallCentre) -> None:
    with_laser(centre)
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.node.spool.work(at=centre.clock())
    assert clerk.open("/printing/1/sheet.pdf").status == 404

    answer = clerk.press(clerk.open("/printing"), "/printing/1/browser")
    assert (job_of(centre).state, job_of(centre).printer) == (State.UNSURE, BROWSER)
    page = clerk.follow(answer)
    sheet = clerk.raw("/printing/1/sheet.pdf")
    assert sheet.get_data().startswith(b"%PDF")
    assert "sandbox" not in sheet.headers["Content-Security-Policy"]
    assert "Giấy đã giao cho trình duyệt in" in clerk.open(DOSSIER.format(dossier.stream)).page.text

    clerk.press(page, "/printing/1/answer", ("came_out", "yes"))
    assert job_of(centre).state == State.DONE
    assert clerk.open("/printing/1/sheet.pdf").status == 404, "a second print needs a reason"
    assert "Đã in ở trình duyệt" in clerk.open("/printing").page.text
    looks, _ = clerk.node.views.search(streams=[dossier.stream])
    assert {look.what for look in looks} >= {"printing.in_browser", "printing.sheet"}


def test_a_ticket_too_is_printed_from_the_browser(centre: SmallCentre) -> None:
    """It belongs to a visit, which is no dossier and has no page."""
    with_laser(centre)
    node, stream = centre["counter-01"], ticket(centre, "B-047")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    node.spool.work(at=centre.clock())
    page = clerk.open("/printing")
    assert f"/dossier/{stream}" not in page.html
    assert clerk.follow(clerk.press(page, "/printing/1/browser")).status == 200
    assert clerk.raw("/printing/1/sheet.pdf").get_data().startswith(b"%PDF")


def test_an_administrator_adds_a_printer_and_people_choose_what_it_prints(centre: SmallCentre) -> None:
    """At once, and after a restart; and once it is gone its papers say so."""
    manager, clerk = Clerk(centre, "counter-01", "quan.nv"), Clerk(centre, "counter-01", "hanh.nh")
    with thermal() as (printer, address):
        manager.press(
            manager.open("/printing"), "/printers/add", name="Nhiệt", kind="escpos", address=address
        )
        page = clerk.open("/printing")
        clerk.post("/printing/trial", {"csrf_token": token_on(page), "printer": "Nhiệt"})
        assert len(printer.rolls) == 1

        ticket(centre, "B-047")
        centre.reopen("counter-01").spool.work(at=centre.clock())
        assert len(printer.rolls) == 2, "what is on a roll comes out at a thermal printer by itself"
        clerk = Clerk(centre, "counter-01", "hanh.nh")
        clerk.press(clerk.open("/printing"), "/printers/papers", **{"form-ticket": FOLDER})
        ticket(centre, "B-048")
        centre.reopen("counter-01").spool.work(at=centre.clock())
        assert len(printer.rolls) == 2
        assert job_of(centre, 3).printer == FOLDER
        clerk = Clerk(centre, "counter-01", "hanh.nh")
        clerk.press(clerk.open("/printing"), "/printers/papers", **{"form-ticket": "Nhiệt"})
    manager = Clerk(centre, "counter-01", "quan.nv")
    ticket(centre, "B-049")
    manager.node.spool.work(at=centre.clock())
    assert job_of(centre, 4).state == State.QUEUED
    manager.press(manager.open("/printing"), "/printers/remove", ("printer", "Nhiệt"))
    manager.node.spool.work(at=centre.clock())
    assert job_of(centre, 4).state == State.DONE
    assert job_of(centre, 4).printer == FOLDER


def test_a_thermal_printer_is_offered_no_sheets(centre: SmallCentre) -> None:
    """A slip of A4 would be cut to the width of its roll; it lies in the folder, where there is no other printer."""
    manager = Clerk(centre, "counter-01", "quan.nv")
    page = manager.follow(
        manager.press(
            manager.open("/printing"), "/printers/add", name="Nhiệt", kind="escpos", address="10.0.0.9"
        )
    )
    choices = {
        form: re.findall(r'<option value="([^"]*)"', options)
        for form, options in re.findall(r'<select [^>]*name="(form-[^"]+)">(.*?)</select>', page.html, re.S)
    }
    assert choices["form-01"] == ["", FOLDER]
    assert choices["form-ticket"] == ["", "Nhiệt", FOLDER]
    chosen = {"csrf_token": token_on(page), "form-01": "Nhiệt"}
    assert manager.post("/printers/papers", chosen).status == 404
    centre.receive()
    manager.node.spool.work(at=centre.clock())
    assert (job_of(centre).state, job_of(centre).printer) == (State.DONE, FOLDER)


def test_a_printer_that_an_older_version_let_in_keeps_no_machine_from_starting(centre: SmallCentre) -> None:
    """It could never be reached, and is left out."""
    node = centre["counter-01"]
    node.place_printers.add(PrinterSettings("Laser", PrinterKind.IPP, "ipp://10.0.0.9/ipp/print"))
    with node.file.write():
        fact = Fact.get(Fact.key == "printers")
        never = fact.value.replace("10.0.0.9/", "10.0.0.9:99999/")
        Fact.update(value=never).where(Fact.key == "printers").execute()
    assert centre.reopen("counter-01").place_printers.added() == ()


@pytest.mark.parametrize(
    ("name", "kind", "address", "said"),
    [
        ("", "ipp", "ipp://localhost/printers/Quay03", "Chưa đặt tên máy in."),
        ("Laser", "ipp", "10.0.0.9", "ipp://máy/đường-dẫn"),
        ("Laser", "ipp", "ipp://10.0.0.9:631ipp/print", "ipp://máy/đường-dẫn"),
        ("Laser", "ipp", "ipp://10.0.0.9:99999/ipp/print", "ipp://máy/đường-dẫn"),
        ("Nhiệt", "escpos", "http://10.0.0.9", "máy:cổng"),
        ("Nhiệt", "escpos", "10.0.0.9:9100/", "máy:cổng"),
        ("Nhiệt", "escpos", "10.0.0.9:91OO", "máy:cổng"),
        ("Nhiệt", "escpos", "/var/lib/motcua/node.db", "tệp thiết bị trong /dev/"),
        ("Nhiệt", "escpos", "/dev/../etc/passwd", "tệp thiết bị trong /dev/"),
        ("pdf", "escpos", "10.0.0.9", "Đã có máy in tên pdf."),
    ],
)
def test_a_printer_that_cannot_be_added_says_why(
    centre: SmallCentre, name: str, kind: str, address: str, said: str
) -> None:
    manager = Clerk(centre, "counter-01", "quan.nv")
    answer = manager.press(manager.open("/printing"), "/printers/add", name=name, kind=kind, address=address)
    assert answer.status == 422
    assert said in answer.page.text
    assert f'value="{address}"' in answer.html, "nobody types it again"
    assert manager.node.place_printers.added() == ()


def test_only_an_administrator_says_where_papers_may_go(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/printing")
    assert "Thêm máy in" not in page.page.text
    printer = {"name": "Xa", "kind": "ipp", "address": "ipp://198.51.100.7/ipp/print"}
    assert clerk.post("/printers/add", {"csrf_token": token_on(page), **printer}).status == 403
    assert clerk.post("/printers/remove", {"csrf_token": token_on(page), "printer": "Xa"}).status == 403
    assert clerk.open("/printers/search").status == 403
    assert clerk.node.place_printers.added() == ()


def test_a_printer_is_tried_from_the_page(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/printing")
    clerk.post("/printing/trial", {"csrf_token": token_on(page), "printer": FOLDER})

    assert (job_of(centre).form, job_of(centre).state) == ("trial", State.DONE)
    assert "Luôn sẵn sàng" in clerk.open("/printing/state?printer=PDF").html
    assert "Trang in thử" in clerk.open("/printing").page.text


def test_a_reprint_is_an_act_with_a_reason_and_says_that_it_is_the_second(centre: SmallCentre) -> None:
    dossier = centre.receive()
    node = centre["counter-01"]
    node.spool.work(at=centre.clock())
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(DOSSIER.format(dossier.stream))
    token = token_on(page)

    answer = clerk.post(f"/dossier/{dossier.stream}/reprint", {"csrf_token": token, "reason": ""})
    assert answer.status == 422
    assert "Chưa ghi vì sao in lại." in answer.page.text

    clerk.post(f"/dossier/{dossier.stream}/reprint", {"csrf_token": token, "reason": "khách làm ướt giấy"})
    again = node.projector.dossier(dossier.stream)
    assert again.timeline[-1].kind == "dossier.reprinted"
    reprinted = again.standing.newest["dossier.reprinted"].data
    assert isinstance(reprinted, Printed)
    assert (reprinted.copy, reprinted.reason, reprinted.paper) == (2, "khách làm ướt giấy", "slip")
    job = job_of(centre, 2)
    assert (job.attempt, job.state) == (2, State.DONE)
    assert b'"print_count":2' in bytes(job.payload)
    assert "in lần 2" in clerk.open(DOSSIER.format(dossier.stream)).page.text


def test_a_reprint_ends_the_doubt_about_the_first(centre: SmallCentre) -> None:
    """Whoever prints again knows that nothing usable came out; the first is not asked about any more."""
    dossier = centre.receive()
    becomes(centre, State.UNSURE)
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(DOSSIER.format(dossier.stream))
    clerk.post(f"/dossier/{dossier.stream}/reprint", {"csrf_token": token_on(page), "reason": "kẹt giấy"})

    assert job_of(centre, 1).state == State.CANCELLED
    assert job_of(centre, 2).state == State.DONE


def test_a_reprint_takes_the_first_back_from_its_printer(centre: SmallCentre) -> None:
    """Else both would come out when somebody puts paper in."""
    with_laser(centre)
    dossier = centre.receive()
    becomes(centre, State.SENT, "media-empty")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(DOSSIER.format(dossier.stream))
    clerk.post(f"/dossier/{dossier.stream}/reprint", {"csrf_token": token_on(page), "reason": "hết giấy"})

    assert job_of(centre, 1).state == State.CANCELLED
    assert (job_of(centre, 2).state, job_of(centre, 2).attempt) == (State.QUEUED, 2)


def test_a_slip_is_reprinted_where_it_was_printed(centre: SmallCentre) -> None:
    dossier = centre.receive("counter-02", by="long.pd")
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(DOSSIER.format(dossier.stream))
    assert "In lại giấy hẹn" not in page.page.text
    again = {"csrf_token": token_on(page), "reason": "mất giấy"}
    answer = clerk.post(f"/dossier/{dossier.stream}/reprint", again)

    assert answer.status == 409
    assert "In lại ở Quầy 02" in answer.page.text
    Enrolment(centre["central"]).revoke("counter-02.1", "lost", by="quan.nv")
    centre.meet("central", "counter-01")
    answer = clerk.post(f"/dossier/{dossier.stream}/reprint", again)
    assert "Máy đã in giấy ấy không còn" in answer.page.text, "its key is gone, and the slip's code with it"


def test_the_command_says_what_a_person_must_look_at(centre: SmallCentre) -> None:
    centre.receive()
    becomes(centre, State.UNSURE, "the line broke")
    folder = centre["counter-01"].folder.path
    done = subprocess.run(
        [str(Path(sys.executable).parent / "motcua"), "print", "--data", str(folder), "--json"],
        capture_output=True,
        text=True,
    )

    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["counts"]["unsure"] == 1
    assert report["jobs"][0] | {"changed_at": ""} == {
        "id": 1, "node": folder.name, "form": "01", "number": job_of(centre).number, "attempt": 1,
        "state": "unsure", "printer": "", "changed_at": "", "error": "the line broke",
    }  # fmt: skip


def test_settings_name_printers_and_their_papers() -> None:
    with pytest.raises(ValueError, match="no ipp"):
        PrinterSettings(name="Laser", kind=PrinterKind.IPP, address="10.0.0.9")


# ---- what lies in the folder, and paper for the hour without power


def _said(centre: SmallCentre, job: PrintJob) -> str:
    pdf = centre["counter-01"].papers.render_job(job.form, bytes(job.payload))
    return " ".join(word.text for page in raster.seen(pdf) for word in page.words)


def test_a_folder_gets_its_label_and_control_slip(centre: SmallCentre) -> None:
    """The code on both finds the dossier; form 06 knows the hand-overs, and leaves lines for pens."""
    dossier = centre.receive()
    node = centre["counter-01"]
    room = Forwarded(room="Phòng 4 tại chỗ")
    node.ledger.act(dossier.stream, "dossier.forwarded", room, by="hanh.nh")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(DOSSIER.format(dossier.stream))
    assert "Đã đưa vào hàng in." not in page.page.text
    for form in ("sticker", "06", "06"):
        page = clerk.follow(clerk.press(page, "/folder", form=form))
        assert "Đã đưa vào hàng in." in page.page.text

    with node.file.read():
        jobs = list(PrintJob.select().where(PrintJob.form.in_(["sticker", "06"])).order_by(PrintJob.id))
    label, first, second = jobs
    assert {job.state for job in jobs} == {State.DONE.value}
    assert "Nông Văn Thắng" in _said(centre, label)
    page_one = next(raster.pages(node.papers.render_job(label.form, bytes(label.payload))))
    assert {code.text for code in zxingcpp.read_barcodes(page_one.convert("L"))} == {label.number}
    for words in ("Nhận: Phòng 4 tại chỗ", "Người giao: Nguyễn Hồng Hạnh", "Giao: Quầy 01", "In lần 1"):
        assert words in _said(centre, first)
    assert "In lần 2" in _said(centre, second)
    assert clerk.press(page, "/folder", form="01").status == 404


def _grant_pad(centre: SmallCentre, first: int, last: int) -> None:
    day = local_day(centre.clock())
    granted = NumberRange(f"counter-01.1 pad {first}", "counter-01.1", "pad", first, last, day)
    Office(centre["central"]).define([granted], by="quan.nv")
    centre.meet()


def test_paper_for_the_hour_without_power_has_its_numbers_printed(centre: SmallCentre) -> None:
    """A register and a slip for each of its lines; the next pad goes on, and nothing is printed twice."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "Trung tâm chưa cấp số" in clerk.open("/printing").page.text
    _grant_pad(centre, 901, 905)
    page = clerk.open("/printing")
    assert "Còn 5 số" in page.page.text
    for wrong in ("", "0", "51", "-1", "mười"):
        assert clerk.press(page, "/printing/pad", count=wrong).status == 422
    assert clerk.press(page, "/printing/pad", count="3").status == 303
    node = centre.reopen("counter-01")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/printing")
    assert "Còn 2 số" in page.page.text
    assert clerk.press(page, "/printing/pad", count="9").status == 303
    again = clerk.press(page, "/printing/pad", count="1")
    assert again.status == 422
    assert "Hết số cho giấy ghi tay." in again.page.text

    with node.file.read():
        slips = list(PrintJob.select().where(PrintJob.form == "01-pad").order_by(PrintJob.id))
        registers = list(PrintJob.select().where(PrintJob.form == "07-pad").order_by(PrintJob.id))
    numbers = [f"01-{number:06d}" for number in range(901, 906)]
    assert [job.number for job in slips] == numbers
    assert [job.number for job in registers] == ["01-000901_01-000903", "01-000904_01-000905"]
    said = _said(centre, registers[0])
    assert all(number in said for number in numbers[:3])
    assert numbers[3] not in said
    assert f"Số phiếu: {numbers[0]}" in _said(centre, slips[0])
