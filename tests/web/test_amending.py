"""Putting right what was written wrongly at reception: one more act, with its reason."""

from __future__ import annotations

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
