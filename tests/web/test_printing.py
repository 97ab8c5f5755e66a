"""The page of the printers, and printing again: asked, tried again, sent elsewhere, cancelled, reprinted with a reason."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edge.settings import PrinterKind, PrinterSettings
from printing.spool import PrintJob, State
from schemas.acts import Printed
from tests.centres import SmallCentre
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


def test_another_printer_takes_over_when_a_person_says_so(centre: SmallCentre) -> None:
    centre.receive()
    becomes(centre, State.QUEUED, "Laser: it is off, or the line to it is down", "Laser")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/printing")
    assert "Máy in đang tắt hoặc mất dây." in page.page.text

    clerk.post("/printing/1/again", {"csrf_token": token_on(page), "printer": ""})
    assert (job_of(centre).state, job_of(centre).printer) == (State.DONE, "")
    assert clerk.post("/printing/1/again", {"csrf_token": token_on(page), "printer": "?"}).status == 404


def test_a_printer_is_tried_from_the_page(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/printing")
    clerk.post("/printing/trial", {"csrf_token": token_on(page), "printer": ""})

    assert (job_of(centre).form, job_of(centre).state) == ("trial", State.DONE)
    assert "Luôn sẵn sàng" in clerk.open("/printing/state?printer=").html
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
    assert "Chưa ghi vì sao in lại giấy hẹn." in answer.page.text

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


def test_a_slip_is_reprinted_where_it_was_printed(centre: SmallCentre) -> None:
    dossier = centre.receive("counter-02", by="long.pd")
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(DOSSIER.format(dossier.stream))
    assert "In lại giấy hẹn" not in page.page.text
    answer = clerk.post(
        f"/dossier/{dossier.stream}/reprint", {"csrf_token": token_on(page), "reason": "mất giấy"}
    )

    assert answer.status == 409
    assert "In lại ở Quầy 02" in answer.page.text


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
