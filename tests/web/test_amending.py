"""Putting right what was written wrongly at reception: one more act, with its reason."""

from __future__ import annotations

import re

from printing import raster
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


def test_a_receiver_puts_right_what_was_written_wrongly(centre: SmallCentre) -> None:
    """Only what differs is an act; every node shows it, and the reception still says what it said."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier.stream}/amend")
    assert page.page.form("/amend").fields["applicant_identity"] == "020085004127"
    done = clerk.press(page, "/amend", applicant_name="Nông Văn Thăng", reason="Gõ sai dấu")
    assert "Đã ghi: sửa thông tin." in clerk.follow(done).page.text
    centre.meet()
    for shown in centre.shown(dossier):
        assert shown.received is not None
        assert shown.received.applicant.name == "Nông Văn Thăng"
        assert shown.received.applicant.identity == "020085004127"
    event = centre["central"].projector.events_of(dossier.stream)
    assert "Nông Văn Thắng" in str([getattr(one, "data", {}) for one in event])


def test_nothing_changed_is_no_act_and_a_wrong_number_none_either(centre: SmallCentre) -> None:
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier.stream}/amend")
    assert "Chưa sửa ô nào." in clerk.press(page, "/amend", reason="?").page.text
    wrong = clerk.press(page, "/amend", applicant_identity="0200850041", reason="?")
    assert wrong.status == 422
    assert wrong.page.form("/amend").fields["applicant_identity"] == "0200850041"
    assert "Chưa ghi lý do sửa." in clerk.press(page, "/amend", applicant_phone="").page.text
    assert len(centre["counter-01"].register.dossier(dossier.stream).timeline) == 1


def test_only_reception_amends(centre: SmallCentre) -> None:
    dossier = centre.receive()
    centre.meet()
    assert Clerk(centre, "room-01", "viet.tq").open(f"/dossier/{dossier.stream}/amend").status == 403


def test_what_was_put_right_stands_on_the_next_printing(centre: SmallCentre) -> None:
    """Name and road are amended, the slip is printed again: right, "in lần 2", and due when the first one says."""
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")

    def slip() -> str:
        pdf = clerk.download(f"/dossier/{dossier.stream}/slip.pdf")
        return " ".join(word.text for page in raster.seen(pdf) for word in page.words)

    first = slip()
    page = clerk.open(f"/dossier/{dossier.stream}/amend")
    done = clerk.press(page, "/amend", applicant_name="Nông Văn Thăng", return_by="post", reason="Gõ sai dấu")
    ready = clerk.follow(done)
    assert ready.page.form("/reprint").fields["reason"] == "Sửa thông tin"
    assert re.search(r'name="reason"[^>]* autofocus', ready.html), "Enter prints it"
    assert clerk.press(ready, "/reprint").status == 303
    again = slip()
    assert "Thăng" in again
    assert "Thắng" not in again
    assert "qua dịch vụ bưu chính công ích" in again
    assert "In lần 2" in again
    due = "16 giờ 30 phút, ngày 05 tháng 3 năm 2027"
    assert due in first
    assert due in again
