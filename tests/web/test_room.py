"""The room: appraise, sign, refuse, answer a withdrawal; and what stands against it, in words."""

from __future__ import annotations

import pytest

from schemas.acts import Status
from schemas.fold import Dossier
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Clerk


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


def _at_room(centre: SmallCentre) -> Dossier:
    dossier = centre.receive()
    centre.meet()
    return dossier
