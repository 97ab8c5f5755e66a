"""The room: appraise, sign, refuse, answer a withdrawal; and what stands against it, in words."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from central.centre import Office
from central.demo.visitor import Page, parse
from central.rows import report_rows
from edge.settings import TokenSettings
from edge.tokens import Tokens
from printing.raster import seen
from printing.spool import PrintJob
from schemas.acts import Attachment, ComponentsAdded, Status
from schemas.calendar import VIETNAM
from schemas.entries import Revocation
from schemas.errors import Because, NotAllowed
from schemas.events import timestamp
from schemas.fold import Dossier
from tests.centres import PINS, SEALED, SmallCentre
from tests.devices import MODULE, Devices
from tests.signers import hand_token, on_device
from tests.web.clerk import Clerk, events_at

KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def approver(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "room-01", "viet.tq")


def _status(centre: SmallCentre, stream: str) -> Status:
    return centre["room-01"].register.dossier(stream).status


def test_appraised_approved_and_the_next_one_opens(centre: SmallCentre) -> None:
    """From the queue to a signed result, with a confirmation of what was done."""
    one, other = centre.receive(applicant="Lý Văn Sáng"), centre.receive(applicant="Vi Văn Quyết")
    centre.meet()
    appraiser = Clerk(centre, "room-01", "ha.lt")
    queue = appraiser.open("/room")
    assert "Chờ thẩm định: 2" in queue.page.text
    after = appraiser.press(queue, "/appraise", passed="yes", opinion="Hồ sơ đủ, hợp lệ.")
    assert "Đã ghi: thẩm định" in appraiser.follow(after).page.text

    approver = Clerk(centre, "room-01", "viet.tq")
    page = approver.open(f"/room/{one.stream}")
    assert (f"/dossier/{one.stream}/course/suspend", "Dừng giải quyết hồ sơ (Mẫu 05)") in page.page.links
    assert "Hồ sơ đủ, hợp lệ." in page.page.text
    assert page.page.form("/approve").fields["text"].endswith("cho Lý Văn Sáng.")
    signed = approver.press(page, "/approve", pin=PINS["viet.tq"])
    assert _status(centre, one.stream) is Status.DONE
    assert "Đã ghi: phê duyệt" in approver.follow(signed).page.text
    assert approver.open(f"/dossier/{one.stream}/result.pdf").status == 200
    assert _status(centre, other.stream) is Status.RECEIVED


def test_a_wrong_token_pin_signs_nothing_and_keeps_the_text(centre: SmallCentre, approver: Clerk) -> None:
    """What happened, what is safe, what to do; the PIN itself is not sent back."""
    dossier = centre.appraise(_at_room(centre))
    page = approver.open(f"/room/{dossier.stream}")
    answer = approver.press(page, "/approve", pin="000000", text="Đồng ý cấp theo đề nghị.")
    assert answer.status == 422
    assert "Mã PIN thẻ ký số chưa đúng. Chưa có gì được ký." in answer.page.text
    assert answer.page.form("/approve").fields["text"] == "Đồng ý cấp theo đề nghị."
    assert "000000" not in answer.html
    assert _status(centre, dossier.stream) is Status.PROCESSING


def test_a_missing_token_is_said(centre: SmallCentre, approver: Clerk) -> None:
    """The card is not in its reader."""
    dossier = centre.appraise(_at_room(centre))
    for token in (centre.data / "room-01" / "tokens").glob("viet.tq*"):
        token.unlink()
    answer = approver.press(approver.open(f"/room/{dossier.stream}"), "/approve", pin=PINS["viet.tq"])
    assert "Không đọc được thẻ ký số." in answer.page.text


def test_refused_in_writing(centre: SmallCentre, approver: Clerk) -> None:
    """A page of its own asks for the reason; the refusal is a signed result too."""
    dossier = centre.appraise(_at_room(centre))
    page = approver.open(f"/room/{dossier.stream}?refuse=1")
    empty = approver.press(page, "/refuse", pin=PINS["viet.tq"])
    assert "Chưa ghi lý do từ chối." in empty.page.text
    approver.press(empty, "/refuse", reason="Không đủ điều kiện.", pin=PINS["viet.tq"])
    assert _status(centre, dossier.stream) is Status.DONE


def test_what_did_not_pass_can_only_be_refused(centre: SmallCentre, approver: Clerk) -> None:
    """The form in the middle is the refusal's."""
    dossier = centre.appraise(_at_room(centre), passed=False)
    page = approver.open(f"/room/{dossier.stream}")
    assert page.page.form("/refuse").action == f"/room/{dossier.stream}/refuse"


def test_a_withdrawal_is_answered(centre: SmallCentre, approver: Clerk) -> None:
    """Granted with a reason, the dossier stops; the choice has no default."""
    dossier = _at_room(centre)
    centre.withdraw(dossier)
    centre.meet()
    queue = approver.open("/room?tab=withdraw")
    assert "Không còn nhu cầu." in queue.page.text
    form = queue.page.form("/withdrawal")
    assert "answer" not in form.fields
    approver.press(queue, "/withdrawal", answer="grant", reason="Đúng đơn.")
    assert _status(centre, dossier.stream) is Status.STOPPED


def test_contested_cannot_be_decided_and_says_why(centre: SmallCentre, approver: Clerk) -> None:
    """Both acts are shown, the button is off, and pressing it by other means is refused by the ledger."""
    dossier = centre.appraise(_at_room(centre))
    centre.meet()
    centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()
    page = approver.open(f"/room/{dossier.stream}")
    assert "Phê duyệt / Rút hồ sơ: hồ sơ đang tranh chấp" in page.page.text
    assert "Chưa làm được: Hồ sơ đang tranh chấp." in page.page.text
    answer = approver.press(page, "/approve", pin=PINS["viet.tq"])
    assert answer.status == 409
    assert "Chờ Trung tâm đối soát hoặc gọi số trực." in answer.page.text


def test_an_appraiser_reads_why_signing_is_not_theirs(centre: SmallCentre) -> None:
    """The page asks `allowed` and words its answer."""
    dossier = centre.appraise(_at_room(centre))
    text = Clerk(centre, "room-01", "ha.lt").open(f"/room/{dossier.stream}").page.text
    assert "Anh/chị chưa được giao vai trò phê duyệt." in text


def test_the_queue_answers_only_when_it_has_changed(centre: SmallCentre, approver: Clerk) -> None:
    """Polling costs nothing while nothing happens."""
    queue = approver.open("/room?tab=appraise")
    asked = queue.html.split('hx-get="')[2].split('"')[0].replace("&amp;", "&")
    assert approver.open(asked).status == 204
    _at_room(centre)
    assert "Chờ thẩm định: 1" in approver.open(asked).page.text


def test_an_empty_queue_says_what_comes_next(approver: Clerk) -> None:
    """Not a blank page."""
    assert "Hồ sơ mới từ quầy hiện ở đây sau vài giây." in approver.open("/room").page.text


# ---- what goes with a result


def test_what_goes_with_the_result_is_attached_sealed_apart_and_opened(centre: SmallCentre) -> None:
    """Chosen on the page, named in the signed decision, sealed by the clerk; a name is text and no path."""
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED))
    drawing, table = _pdf(centre, dossier, "Bản vẽ"), _large_pdf()
    approver = Clerk(centre, "room-01", "viet.tq")
    page = approver.open(f"/room/{dossier.stream}")
    chosen = {"Hồ sơ/Bản vẽ.pdf": drawing, "../<b>bảng kê</b>.pdf": table}
    signed = approver.send_all(page, "/approve", "attachments", chosen, pin=PINS["viet.tq"])
    assert signed.status == 303, signed.page.text
    sealed = centre.seal(centre["room-01"].register.dossier(dossier.stream))
    assert sealed.standing.sealed is not None
    assert [one.name for one in sealed.standing.sealed.data.attachments] == ["Bản vẽ.pdf", "b>.pdf"]

    shown = approver.open(f"/dossier/{dossier.stream}")
    assert "Kèm theo: Bản vẽ.pdf" in shown.page.text
    first = approver.raw(f"/dossier/{dossier.stream}/attachment/1.pdf")
    assert first.data.startswith(b"%PDF-")
    assert "sandbox" in first.headers["Content-Security-Policy"]
    assert approver.open(f"/dossier/{dossier.stream}/attachment/3.pdf").status == 404


def test_a_wrong_pin_asks_for_the_files_again_before_anything_is_signed(centre: SmallCentre) -> None:
    """A page cannot keep files: pressed again without them, nothing is signed; or the person says that none go with it."""
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED))
    drawing, approver = _pdf(centre, dossier, "Bản vẽ"), Clerk(centre, "room-01", "viet.tq")
    page = approver.open(f"/room/{dossier.stream}")
    wrong = approver.send_all(page, "/approve", "attachments", {"a.pdf": drawing}, pin="000000")
    assert "Chọn lại 1 tệp: a.pdf" in wrong.page.text
    forgotten = approver.press(wrong, "/approve", pin=PINS["viet.tq"])
    assert "Chưa chọn lại tài liệu kèm theo" in forgotten.page.text
    assert centre["room-01"].register.dossier(dossier.stream).standing.outcome is None
    done = approver.press(forgotten, "/approve", pin=PINS["viet.tq"], without="y")
    assert done.status == 303
    outcome = centre["room-01"].register.dossier(dossier.stream).standing.outcome
    assert outcome is not None
    assert outcome.data.attachments == ()


def test_files_that_were_chosen_before_the_screen_locked_are_asked_for_again(centre: SmallCentre) -> None:
    """The words are kept for who typed them, the files are not: they are named, and nothing is signed without them."""
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED))
    drawing, approver = _pdf(centre, dossier, "Bản vẽ"), Clerk(centre, "room-01", "viet.tq")
    page = approver.open(f"/room/{dossier.stream}")
    centre.clock.forward(hours=1)
    locked = approver.send_all(
        page, "/approve", "attachments", {"a.pdf": drawing + b"%" * 300_000}, pin=PINS["viet.tq"], text="Có."
    )
    assert locked.status == 401
    (draft,) = centre["room-01"].drafts.of("viet.tq")
    again = approver.follow(approver.press(locked, "/sign-in", person="viet.tq", pin=PINS["viet.tq"]))
    sent = approver.press(again, "/approve", pin=PINS["viet.tq"])
    assert ("attachments", "a.pdf") in draft.fields
    assert "Chọn lại 1 tệp: a.pdf" in sent.page.text
    assert centre["room-01"].register.dossier(dossier.stream).standing.outcome is None


def _locked_pdf() -> bytes:
    """Anybody may read it, nobody may add to it: the clerk's mark would find no place."""
    drawn = io.BytesIO()
    canvas = Canvas(drawn, encrypt=StandardEncryption("", ownerPassword="x", canModify=0))
    canvas.drawString(72, 72, "So do")
    canvas.save()
    return drawn.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_locked_pdf(), "không đọc được như một văn bản PDF"),
        (b"<html><script>alert(1)</script>", "Nội dung tệp không phải loại mà trang này nhận."),
        (b"%PDF-1.7\nnothing more", "không đọc được như một văn bản PDF"),
    ],
)
def test_what_is_no_pdf_does_not_go_with_a_result(centre: SmallCentre, content: bytes, said: str) -> None:
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED))
    approver = Clerk(centre, "room-01", "viet.tq")
    page = approver.open(f"/room/{dossier.stream}")
    answer = approver.send_all(page, "/approve", "attachments", {"a.pdf": content}, pin=PINS["viet.tq"])
    assert said in answer.page.text
    assert centre["room-01"].register.dossier(dossier.stream).standing.outcome is None


def test_who_is_not_signed_in_sends_no_file(centre: SmallCentre) -> None:
    """A page takes files of whoever is signed in; of others, and every other page, no more than words."""
    form = {"paper": (io.BytesIO(b"%PDF-" + b" " * 300_000), "a.pdf")}
    stranger = Clerk(centre, "counter-02").pages.test_client()
    assert stranger.post("/verify", data=form).status_code == 413
    clerk = Clerk(centre, "counter-02", "long.pd")
    large = clerk.send(clerk.open("/verify"), "/verify", "paper", b"%PDF-" + b" " * 300_000)
    assert "không đọc được như một văn bản PDF" in large.page.text
    assert clerk.post("/find", {"q": "a" * 300_000}).status == 413


def test_no_file_of_a_form_touches_the_disk(centre: SmallCentre, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary file would lie open beside a closed folder."""
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", None)
    clerk = Clerk(centre, "counter-02", "long.pd")
    head = b'--x\r\nContent-Disposition: form-data; name="paper"; filename="a.pdf"\r\n\r\n%PDF-'
    sent = clerk.client.post(
        "/verify",
        data=head + b" " * 900_000 + b"\r\n--x--\r\n",
        content_type="multipart/form-data; boundary=x",
    )
    assert "Trang mở đã lâu" in sent.get_data(as_text=True)


def slip_of(centre: SmallCentre, dossier: Dossier) -> str:
    """The code on the slip that the receiving machine printed."""
    assert dossier.standing.receipt is not None
    node = next(one for one in centre.nodes.values() if one.id == dossier.standing.receipt.node)
    with node.file.read():
        job = PrintJob.get(PrintJob.stream == dossier.stream)
    return str(orjson.loads(bytes(job.payload))["qr_text"])


def _large_pdf() -> bytes:
    """More than a form of words may be."""
    drawn = io.BytesIO()
    canvas = Canvas(drawn, pageCompression=0)
    for row in range(5_000):
        canvas.drawString(72, 72 + row % 600, f"Thua dat so {row}, to ban do so 12")
    canvas.save()
    assert len(drawn.getvalue()) > 256 * 1024
    return drawn.getvalue()


def _pdf(centre: SmallCentre, dossier: Dossier, text: str) -> bytes:
    room = centre["room-01"]
    signer = room.catalog.latest.person("viet.tq")
    assert signer is not None
    at = centre.clock()
    return room.papers.result_of(dossier, approved=True, text=text, signer=signer, capacity="?", at=at).pdf


def _at_room(centre: SmallCentre) -> Dossier:
    dossier = centre.receive()
    centre.meet()
    return dossier


# ---- the checklist, a second opinion, back to the appraiser


def test_every_point_of_the_checklist_is_answered_before_anything_passes(centre: SmallCentre) -> None:
    """The points are the procedure's; one that is not met lets nothing pass, and the appraisal names them all."""
    dossier = centre.receive("room-01", procedure=SEALED)
    appraiser = Clerk(centre, "room-01", "ha.lt")
    page = appraiser.open(f"/room/{dossier.stream}")
    open_ = appraiser.press(page, "/appraise", passed="yes", opinion="Đủ.")
    assert "Chưa xem: Giấy tờ đủ thành phần, đúng mẫu" in open_.page.text
    found = {"point-0": "met", "point-1": "not_needed", "point-2": "not_met"}
    failing = appraiser.press(open_, "/appraise", passed="yes", opinion="Đủ.", **found)
    assert "Không đạt mà kết luận đạt: Đủ điều kiện" in failing.page.text
    assert failing.page.form("/appraise").fields["point-1"] == "not_needed"
    assert _status(centre, dossier.stream) is Status.RECEIVED
    appraiser.press(failing, "/appraise", passed="no", opinion="Thiếu điều kiện.")
    standing = centre["room-01"].register.dossier(dossier.stream).standing
    assert standing.appraisal is not None
    assert [one.found for one in standing.appraisal.data.points] == ["met", "not_needed", "not_met"]


def test_the_draft_says_what_the_procedure_words_and_is_kept_nowhere(
    centre: SmallCentre, approver: Clerk
) -> None:
    """The text begins as the catalog says, with the dossier's facts; what is typed is what the draft shows."""
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED))
    page = approver.open(f"/room/{dossier.stream}")
    text = page.page.form("/approve").fields["text"]
    assert text.startswith("Cấp ")
    assert "cho Nông Văn Thắng, số định danh 020085004127, theo hồ sơ số" in text
    fields = {**page.page.form("/approve").fields, "text": "Cấp theo đề nghị."}
    kept = sum(1 for _ in centre["room-01"].stores["files"].all_docs())
    answer = approver.client.post(f"/room/{dossier.stream}/draft", data=fields)
    assert answer.data.startswith(b"%PDF-")
    assert "Cấp theo đề nghị." in " ".join(word.text for word in seen(answer.data)[0].words)
    assert sum(1 for _ in centre["room-01"].stores["files"].all_docs()) == kept
    assert centre["room-01"].register.dossier(dossier.stream).standing.outcome is None


def test_a_second_opinion_is_somebody_elses_and_is_read_beside_the_first(
    centre: SmallCentre, approver: Clerk
) -> None:
    """Who appraised is not asked twice; sent back, both opinions are of the past."""
    dossier = centre.appraise(_at_room(centre))
    assert "second=1" not in Clerk(centre, "room-01", "ha.lt").open(f"/room/{dossier.stream}").html
    page = approver.open(f"/room/{dossier.stream}?second=1")
    after = approver.press(page, "/second", agrees="no", opinion="Còn thiếu sơ đồ.")
    shown = approver.follow(after)
    assert "Không đồng ý Còn thiếu sơ đồ." in shown.page.text
    back = approver.open(f"/room/{dossier.stream}?back=1")
    assert "Chưa ghi vì sao trả về" in approver.press(back, "/back").page.text
    approver.press(back, "/back", reason="Bổ sung sơ đồ vị trí.")
    again = Clerk(centre, "room-01", "ha.lt").open(f"/room/{dossier.stream}")
    assert "Trả lại để thẩm định: Bổ sung sơ đồ vị trí." in again.page.text
    assert "Ý kiến thứ hai" not in again.page.text.partition("Việc đã làm")[0]
    assert again.page.form("/appraise").fields.get("passed") is None


# ---- folders of paper


def test_a_folder_is_taken_over_by_its_slip_from_any_page(centre: SmallCentre, approver: Clerk) -> None:
    """One scan: the folder is mine, and the dossier open; scanned again, nothing more is written."""
    dossier = _at_room(centre)
    find = approver.open("/find")
    taken = approver.press(find, "/folders", q=slip_of(centre, dossier))
    assert taken.leads_to.startswith(f"/room/{dossier.stream}")
    assert "Đã ghi: nhận bàn giao." in approver.follow(taken).page.text
    events = events_at(centre["room-01"])
    approver.press(find, "/folders", q=slip_of(centre, dossier))
    assert events_at(centre["room-01"]) == events
    row = centre["room-01"].register.row(dossier.stream)
    assert row is not None
    assert row.holder == "viet.tq"


def test_a_folder_that_is_here_before_its_dossier_is_joined_to_it_when_that_comes(
    centre: SmallCentre, approver: Clerk
) -> None:
    """The counter's cable is pulled: its slip proves it, the room notes it, and decides nothing; then the events come."""
    dossier = centre.receive("counter-02")
    noted = approver.follow(approver.press(approver.open("/room"), "/folders", q=slip_of(centre, dossier)))
    assert "dữ liệu chưa tới" in noted.page.text
    assert "Chưa tới" in noted.page.text
    assert dossier.received is not None
    typed = approver.press(noted, "/folders", q=dossier.received.number.lower())
    assert approver.follow(typed).page.text.count("Chưa tới") == 1
    centre.meet()
    here = approver.open("/folders")
    assert "Đã có dữ liệu" in here.page.text
    approver.press(here, "/folders", q=dossier.received.number)
    assert centre["room-01"].folders.count() == 0
    assert _status(centre, dossier.stream) is Status.PROCESSING


def test_what_is_no_paper_of_ours_is_not_noted(centre: SmallCentre, approver: Clerk) -> None:
    page = approver.open("/folders")
    assert "không phải mã trên giấy" in approver.press(page, "/folders", q="xin chào").page.text
    forged = slip_of(centre, centre.receive("counter-02"))[:-4] + "AAAA"
    assert "giả" in approver.press(page, "/folders", q=forged).page.text
    assert centre["room-01"].folders.count() == 0


# ---- scans


def test_scans_are_pictures_and_say_when_they_are_elsewhere(centre: SmallCentre, approver: Clerk) -> None:
    """A page of a PDF is drawn here; one whose file is still at the counter is named, and nothing of many is signed over it."""
    dossier = centre.receive("counter-01")
    content = _pdf(centre, centre.appraise(centre.receive("room-01")), "Bản vẽ")
    counter = centre["counter-01"]
    scan = Attachment(counter.archive.keep(content), "Đơn đề nghị", pages=1)
    added = ComponentsAdded(files=(scan,))
    counter.ledger.act(dossier.stream, "dossier.components_added", added, by="hanh.nh")
    centre.copy(counter, centre["room-01"], "dossiers")
    away = approver.open(f"/room/{dossier.stream}")
    assert "Bản quét “Đơn đề nghị” còn ở máy khác." in away.page.text
    assert away.page.text.count("Bản quét chưa về") == 1
    centre.appraise(dossier)
    batch = f"/room/batch?stream={dossier.stream}"
    left = approver.open(batch)
    assert "Ký 0 hồ sơ bằng một mã PIN" in left.page.text
    assert "Để lại Bản quét còn ở máy khác." in left.page.text
    centre["room-01"].archive.keep(content)
    assert "Ký 1 hồ sơ bằng một mã PIN" in approver.open(batch).page.text
    here = approver.open(f"/room/{dossier.stream}")
    assert f'src="/dossier/{dossier.stream}/scan/1/1.png"' in here.html
    assert "Bản quét chưa về" not in here.page.text
    assert approver.raw(f"/dossier/{dossier.stream}/scan/1/1.png").data.startswith(b"\x89PNG")
    assert approver.raw(f"/dossier/{dossier.stream}/scan/1/9.png").status_code == 404
    assert approver.raw(f"/dossier/{dossier.stream}/scan/2/1.png").status_code == 404


# ---- what may be there twice


def test_a_possible_duplicate_warns_and_keeps_nobody_from_signing(
    centre: SmallCentre, approver: Clerk
) -> None:
    """No dispute: it leads to the other dossier, says so wherever it is listed, and is ticked and signed with others."""
    first, second = centre.appraised(), centre.appraised()
    report_rows(centre["central"])
    centre.meet()
    assert first.received is not None
    assert second.received is not None
    page = approver.open(f"/room/{first.stream}")
    assert "Có thể trùng hồ sơ: chờ xử lý" in page.page.text
    assert (f"/dossier/{second.stream}", second.received.number) in page.page.links
    assert approver.open("/room/queue").page.text.count("Có thể trùng") == 2
    assert "tranh chấp" not in page.page.text
    ticks = approver.open("/room").html.split('name="stream"')
    assert ["disabled" in one.partition(">")[0] for one in ticks[1:]] == [False, True], "only what was opened"
    assert "Có thể trùng" in approver.find("nong van thang").page.text
    asked = approver.open(f"/room/batch?stream={first.stream}")
    assert "Có thể trùng" in asked.page.text
    done = approver.press(asked, "/batch", pin=PINS["viet.tq"])
    assert "1 hồ sơ đã ký và kiểm tra đúng" in done.page.text


# ---- many with one PIN


def test_what_was_ticked_and_opened_is_signed_with_one_pin_and_shown_one_by_one(
    centre: SmallCentre, approver: Clerk
) -> None:
    """One that was not opened cannot be ticked, one whose power ended this morning is not signed; each line says why."""
    opened = [centre.appraise(_at_room(centre)) for _ in range(2)]
    unseen = centre.appraise(_at_room(centre))
    approver.open(f"/room/{opened[0].stream}")
    page = approver.open(f"/room/{opened[1].stream}")
    assert page.html.count('name="stream"') == 3
    assert page.html.count("Mở xem hồ sơ rồi mới chọn được") == 1
    ticked = "&".join(f"stream={one.stream}" for one in (*opened, unseen))
    asked = approver.open(f"/room/batch?{ticked}")
    assert "Ký 2 hồ sơ bằng một mã PIN" in asked.page.text
    assert "Chưa mở xem hồ sơ này." in asked.page.text
    streams = [one.stream for one in opened]
    wrong = approver.press(asked, "/batch", pin="000000", stream=streams)
    assert "Mã PIN thẻ ký số chưa đúng. Chưa có gì được ký." in wrong.page.text
    centre.approve(opened[0], by="mai.hk")
    done = approver.press(wrong, "/batch", pin=PINS["viet.tq"], stream=streams)
    assert done.page.text.count("Đã ký, kiểm tra đúng") == 1
    assert "Xong: 1 hồ sơ đã ký và kiểm tra đúng, 1 hồ sơ để lại." in done.page.text
    assert done.page.text.count("Để lại") == 1
    assert _status(centre, opened[1].stream) is Status.DONE
    assert _status(centre, unseen.stream) is Status.PROCESSING


def _as_they_are_signed(approver: Clerk, waiting: list[Dossier], then: Callable[[], object]) -> Page:
    """The answer as it comes line by line; `then` happens when the first line is there."""
    for one in waiting:
        approver.open(f"/room/{one.stream}")
    asked = approver.open(f"/room/batch?{'&'.join(f'stream={one.stream}' for one in waiting)}")
    fields = {**asked.page.form("/batch").fields, "pin": PINS["viet.tq"]}
    sent = approver.client.post(
        "/room/batch", data={**fields, "stream": [one.stream for one in waiting]}, buffered=False
    )
    told = ""
    for part in sent.iter_encoded():
        before, told = "Đã ký" in told, told + part.decode()
        if "Đã ký" in told and not before:
            then()
    return parse("/room/batch", told)


def test_a_token_pulled_in_the_middle_is_told_line_by_line(
    centre: SmallCentre, approver: Clerk, devices: Devices
) -> None:
    """Signed, not signed and why, not begun: each dossier with its state in words, and what is safe."""
    place = devices.plug("page", PINS["viet.tq"], KEY, on_device(centre, "viet.tq", KEY))
    room = centre["room-01"]
    room.signatories.tokens = Tokens(room.folder.tokens, [TokenSettings(MODULE, "viet.tq", "page")])
    waiting = [centre.appraise(centre.receive("room-01")) for _ in range(3)]
    told = _as_they_are_signed(approver, waiting, lambda: devices.unplug(place)).text
    first, second, third = (one.received.number for one in waiting if one.received)
    assert f"Đã ký, kiểm tra đúng {first}" in told
    assert f"Không ký được {second}" in told
    assert "Thẻ ký số bị rút ra khi đang ký. Cắm lại thẻ, chờ đèn sáng, rồi ký lại." in told
    assert f"Chưa ký, còn nguyên {third}" in told
    assert "Xong: 1 hồ sơ đã ký và kiểm tra đúng, 2 hồ sơ chưa ký." in told
    assert [_status(centre, one.stream) for one in waiting] == [Status.DONE, *[Status.PROCESSING] * 2]


def test_a_certificate_that_ends_at_midnight_is_told_line_by_line(centre: SmallCentre) -> None:
    """What was signed before midnight stands; from then on each line says that the certificate has run out."""
    midnight = datetime(2027, 3, 2, tzinfo=VIETNAM).astimezone(UTC)
    until = (centre.clock() - timedelta(days=100), midnight - timedelta(seconds=1))
    hand_token(centre["room-01"], "viet.tq", KEY, on_device(centre, "viet.tq", KEY, until), PINS["viet.tq"])
    centre.clock.at = midnight - timedelta(minutes=1)
    waiting = [centre.appraise(centre.receive("room-01")) for _ in range(3)]
    approver = Clerk(centre, "room-01", "viet.tq")
    told = _as_they_are_signed(approver, waiting, lambda: centre.clock.forward(minutes=2)).text
    first, second, third = (one.received.number for one in waiting if one.received)
    assert f"Đã ký, kiểm tra đúng {first}" in told
    assert f"Không ký được {second}" in told
    assert "Chứng thư trên thẻ đã hết hạn." in told
    assert f"Chưa ký, còn nguyên {third}" in told
    assert _status(centre, waiting[0].stream) is Status.DONE
    assert not centre["room-01"].register.dossier(waiting[0].stream).contested


def test_a_delegation_that_ended_this_morning_signs_nothing_and_says_so(
    centre: SmallCentre, approver: Clerk
) -> None:
    """Before anything is typed, on the dossier and in the batch alike."""
    dossier = centre.appraise(_at_room(centre))
    ended = Revocation("delegation", "UQ-01", timestamp(centre.clock()), "Thôi giữ chức vụ")
    Office(centre["central"]).define([ended], by="quan.nv")
    centre.meet()
    page = approver.open(f"/room/{dossier.stream}")
    assert "Văn bản uỷ quyền không có hiệu lực cho việc này hôm nay." in page.page.text
    assert "Văn bản uỷ quyền" in approver.open(f"/room/batch?stream={dossier.stream}").page.text


def test_who_is_absent_is_followed_by_the_next_who_may_sign(centre: SmallCentre, approver: Clerk) -> None:
    """The appraiser reads who may sign today, those first who are here; whose power ended is none of them."""
    dossier = _at_room(centre)
    appraiser = Clerk(centre, "room-01", "ha.lt")
    text = appraiser.open(f"/room/{dossier.stream}").page.text
    assert "Người ký được hôm nay: 2" in text
    assert text.index("Trần Quốc Việt") < text.index("Hoàng Kim Mai")
    assert "đang ở máy này từ 09:00" in text
    assert approver.open("/timing").status == 200
    ended = Revocation("delegation", "UQ-02", timestamp(centre.clock()), "Đi công tác")
    Office(centre["central"]).define([ended], by="quan.nv")
    centre.meet()
    alone = appraiser.open(f"/room/{dossier.stream}").page.text
    assert "Người ký được hôm nay: 1" in alone
    assert "Hoàng Kim Mai" not in alone


def test_what_stands_still_is_seen_with_where_and_how_long(centre: SmallCentre) -> None:
    """The whole way in one view; on the dossier each wait in minutes, and whether the visitor came once."""
    dossier = _at_room(centre)
    centre.clock.forward(minutes=12)
    centre.appraise(dossier)
    centre.clock.forward(minutes=75)
    approver = Clerk(centre, "room-01", "viet.tq")
    way = approver.open("/timing").page.text
    assert "Chờ ký 1 1 giờ 15 phút" in way
    assert "Chờ thẩm định 0" in way
    centre.approve(dossier)
    shown = approver.open(f"/dossier/{dossier.stream}").page.text
    assert "chờ thẩm định 12 phút" in shown
    assert "chờ ký 75 phút" in shown
    assert "Có kết quả trong ngày nhận: 87 phút" in shown


def test_two_approvers_cut_off_from_each_other_are_both_shown_and_nobody_seals_or_returns(
    centre: SmallCentre,
) -> None:
    """One signs here, the other refuses elsewhere; when the lines are back both stand there, in words, at both places."""
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED))
    centre.meet()
    centre.approve(dossier)
    centre.refuse(dossier, "central", by="mai.hk")
    centre.meet()
    for node in ("room-01", "central"):
        text = Clerk(centre, node, "mai.hk").open(f"/room/{dossier.stream}").page.text
        assert "hồ sơ đang tranh chấp" in text
        assert "Trần Quốc Việt" in text
        assert "Hoàng Kim Mai" in text
        assert "Hai nơi chưa thấy việc của nhau." in text
    with pytest.raises(NotAllowed) as refused:
        centre.seal(centre["room-01"].register.dossier(dossier.stream))
    assert refused.value.because is Because.CONTESTED
