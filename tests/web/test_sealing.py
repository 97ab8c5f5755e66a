"""The clerk's page, and the page that tells whether a file is genuine."""

from __future__ import annotations

import io

import pytest

from central.verify import verify
from schemas.acts import Status
from schemas.errors import NotAllowed
from schemas.fold import Dossier
from tests.centres import PINS, SEALED, SmallCentre
from tests.web.clerk import Clerk, events_at

SEAL_PIN = "246810"


@pytest.fixture
def clerk(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "room-01", "chi.nth")


def approved(centre: SmallCentre, applicant: str = "Nông Văn Thắng") -> Dossier:
    return centre.approve(centre.appraise(centre.receive("room-01", procedure=SEALED, applicant=applicant)))


def test_from_the_list_to_a_sealed_result(centre: SmallCentre, clerk: Clerk) -> None:
    """What waits, what number it will get, whose tokens are asked for; and then the next one."""
    first, second = approved(centre, "Lý Văn Sáng"), approved(centre, "Vi Văn Quyết")
    page = clerk.open("/seal")
    assert "Chờ đóng dấu: 2" in page.page.text
    assert "1101/KQ-CAT" in page.page.text
    assert "TUQ. GIÁM ĐỐC SỞ" in page.page.text
    done = clerk.press(page, "agency_pin", pin=PINS["chi.nth"], agency_pin=SEAL_PIN)
    after = clerk.follow(done)
    assert "Đã cấp số 1101/KQ-CAT và đóng dấu" in after.page.text
    assert "Chờ đóng dấu: 1" in after.page.text
    room = centre["room-01"]
    statuses = [room.register.dossier(one.stream).status for one in (first, second)]
    assert sorted(statuses) == [Status.PROCESSING, Status.DONE]


def test_a_wrong_seal_pin_says_which_token_and_gives_no_number(centre: SmallCentre, clerk: Clerk) -> None:
    dossier = approved(centre)
    page = clerk.open(f"/seal/{dossier.stream}")
    answer = clerk.press(page, "agency_pin", pin=PINS["chi.nth"], agency_pin="000000")
    assert answer.status == 422
    assert "Mã PIN thẻ con dấu chưa đúng." in answer.page.text
    assert "000000" not in answer.html
    assert centre["room-01"].register.dossier(dossier.stream).standing.number is None
    empty = clerk.press(page, "agency_pin", pin=PINS["chi.nth"])
    assert "Chưa gõ mã PIN thẻ con dấu của cơ quan." in empty.page.text


def test_an_approver_finds_it_gone_from_the_room_and_waiting_for_the_clerk(centre: SmallCentre) -> None:
    dossier = approved(centre)
    room = Clerk(centre, "room-01", "viet.tq")
    assert "Chờ ký: 0" in room.open("/room?tab=approve").page.text
    assert "chờ văn thư cấp số, đóng dấu" in room.open(f"/room/{dossier.stream}").page.text


def test_nobody_else_seals(centre: SmallCentre) -> None:
    """A receiver does not see the page, whatever address is typed."""
    dossier = approved(centre)
    answer = Clerk(centre, "room-01", "hanh.nh").open(f"/seal/{dossier.stream}")
    assert answer.status != 200


def test_the_dossier_says_that_revocation_was_not_checked(centre: SmallCentre, clerk: Clerk) -> None:
    """The demo's list is of last year: on the dossier, and where somebody signs."""
    dossier = approved(centre)
    assert "Chưa kiểm tra thu hồi chứng thư" in clerk.open(f"/dossier/{dossier.stream}").page.text
    assert "Chưa kiểm tra thu hồi chứng thư" in clerk.open(f"/seal/{dossier.stream}").page.text


# ---- is it genuine?


def upload(clerk: Clerk, content: bytes, name: str = "ket-qua.pdf") -> str:
    page = clerk.open("/verify")
    fields = dict(page.page.form("/verify").fields)
    fields.pop("paper", None)
    answer = clerk.client.post(
        "/verify", data={**fields, "paper": (io.BytesIO(content), name)}, content_type="multipart/form-data"
    )
    return str(answer.get_data(as_text=True))


def test_a_genuine_result_is_told_of_signature_by_signature(centre: SmallCentre) -> None:
    """At a counter that has never seen the dossier, offline; nothing is kept and nothing is shown of the file."""
    dossier = centre.seal(approved(centre))
    content = centre["room-01"].archive.read(dossier.standing.result or "")
    assert content is not None
    counter = Clerk(centre, "counter-02", "long.pd")
    files = sum(1 for _ in counter.node.stores["files"].all_docs())
    html = upload(counter, content)
    for said in ("Văn bản nguyên vẹn", "1101/KQ-CAT", "Trần Quốc Việt", "Nguyễn Thị Hoài Chi", "Công an tỉnh",
                 "Quyết định số 01/QĐ-UQ (mẫu)", "chưa kiểm tra"):  # fmt: skip
        assert said in html, said
    assert "<iframe" not in html
    assert "<embed" not in html
    assert sum(1 for _ in counter.node.stores["files"].all_docs()) == files
    assert events_at(counter.node) == 0


def test_a_changed_result_and_a_file_that_is_none(centre: SmallCentre) -> None:
    dossier = centre.seal(approved(centre))
    content = centre["room-01"].archive.read(dossier.standing.result or "")
    assert content is not None
    counter = Clerk(centre, "counter-02", "long.pd")
    changed = content.replace(b"/Author", b"/Autor ", 1)
    assert "KHÔNG dùng được văn bản này" in upload(counter, changed)
    assert "không đọc được như một văn bản PDF" in upload(counter, b"<html><script>alert(1)</script>")
    hostile = upload(counter, content, '"><script>alert(1)</script>.pdf')
    assert "<script>alert" not in hostile


def test_a_result_on_paper_has_the_same_records_and_its_scan_is_what_is_handed_over(
    centre: SmallCentre, clerk: Clerk
) -> None:
    """Printed, signed by hand, numbered, stamped, scanned: each step is signed here, and a whole check finds it well."""
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED))
    approver, room = Clerk(centre, "room-01", "viet.tq"), centre["room-01"]
    page = approver.open(f"/room/{dossier.stream}")
    approver.press(page, "/approve", ("how", "paper"), pin=PINS["viet.tq"])
    decided = room.register.dossier(dossier.stream)
    assert decided.standing.outcome is not None
    assert decided.standing.outcome.data.on_paper
    printed = room.archive.read(decided.standing.result or "")
    assert printed is not None
    with pytest.raises(NotAllowed):
        centre.seal(decided)

    waiting = clerk.open(f"/seal/{dossier.stream}")
    assert "Kết quả ký tay trên giấy." in waiting.page.text
    numbered = clerk.follow(clerk.press(waiting, "/number"))
    assert "Ghi số 1101/KQ-CAT" in numbered.page.text
    for wrong in (b"<html>", b"%PDF-1.7\nnothing more"):
        refused = clerk.send(numbered, "/paper", "scan", wrong, pin=PINS["chi.nth"])
        assert "Nội dung tệp không phải loại mà trang này nhận." in refused.page.text
    # what the scanner makes of the paper: here the printed page once more, with a picture's worth of bytes behind it
    scan = printed + b"\n% scanned"
    done = clerk.send(numbered, "/paper", "scan", scan, pin=PINS["chi.nth"])
    assert done.status == 303, done.page.text
    after = room.register.dossier(dossier.stream)
    assert after.status is Status.DONE
    assert room.archive.read(after.standing.result or "") == scan
    assert {line.kind for line in after.timeline} >= {
        "dossier.approved",
        "dossier.numbered",
        "dossier.sealed",
    }
    centre.meet()
    assert {one.status for one in centre.shown(dossier)} == {Status.DONE}
    centre.close()
    assert verify(centre.data).findings == ()


def test_a_refusal_too_may_be_signed_by_hand(centre: SmallCentre, clerk: Clerk) -> None:
    """The decision is signed by token, the paper is printed; the scan of the stamped notice is what is handed over."""
    dossier = centre.appraise(centre.receive("room-01", procedure=SEALED), passed=False)
    approver, room = Clerk(centre, "room-01", "viet.tq"), centre["room-01"]
    page = approver.open(f"/room/{dossier.stream}")
    approver.press(page, "/refuse", ("how", "paper"), reason="Đất có tranh chấp.", pin=PINS["viet.tq"])
    decided = room.register.dossier(dossier.stream)
    assert decided.standing.outcome is not None
    assert decided.standing.outcome.kind == "dossier.refused"
    assert decided.standing.outcome.data.on_paper
    assert (
        "Từ chối giải quyết, văn bản ký tay trên giấy"
        in approver.open(f"/dossier/{dossier.stream}").page.text
    )
    printed = room.archive.read(decided.standing.result or "")
    assert printed is not None

    numbered = clerk.follow(clerk.press(clerk.open(f"/seal/{dossier.stream}"), "/number"))
    assert "Ghi số 1101/TB-CAT" in numbered.page.text
    clerk.send(numbered, "/paper", "scan", printed + b"\n% scanned", pin=PINS["chi.nth"])
    assert room.register.dossier(dossier.stream).status is Status.DONE
    centre.close()
    assert verify(centre.data).findings == ()
