"""Another place changed the dossier while somebody was typing: both versions, and the person chooses."""

from __future__ import annotations

import pytest

from edge.web.merging import taken
from schemas.acts import Amended, Change
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk, events_at


def amended_elsewhere(centre: SmallCentre, stream: str, *changes: Change) -> None:
    """Quầy 02 amends, and counter-01 hears of it."""
    said = Amended(changes, "Người nộp báo lại")
    centre["counter-02"].ledger.act(stream, "dossier.amended", said, by="long.pd")
    centre.meet()


def opened(centre: SmallCentre) -> tuple[str, Clerk, Answer]:
    """A dossier of which every place knows, and counter-01's page that amends it."""
    stream = centre.receive().stream
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    return stream, clerk, clerk.open(f"/dossier/{stream}/amend")


def test_two_places_change_one_field_and_the_person_chooses(centre: SmallCentre) -> None:
    """Nothing is written before, nothing is chosen beforehand, and nothing that was typed is lost."""
    stream, clerk, page = opened(centre)
    amended_elsewhere(centre, stream, Change("applicant.phone", "0988111222"))
    before = events_at(clerk.node)
    typed = {"applicant_phone": "0977333444", "applicant_address": "Số 9, đường Bà Triệu", "reason": "Đổi số"}
    asked = clerk.press(page, "/amend", **typed)
    assert asked.status == 409
    assert events_at(clerk.node) == before
    assert "Hồ sơ đã đổi trong lúc anh/chị nhập" in asked.page.text
    assert "Sửa thông tin (1 ô): Người nộp báo lại" in asked.page.text
    assert "Phạm Đức Long" in asked.page.text
    assert "Quầy 02" in asked.page.text
    form = asked.page.form("/amend")
    assert form.choices["applicant_phone"] == ["0977333444", "0988111222"]
    assert "applicant_phone" not in form.fields
    assert form.fields["applicant_address"] == "Số 9, đường Bà Triệu"
    assert form.fields["reason"] == "Đổi số"

    unanswered = clerk.press(asked, "/amend")
    assert unanswered.status == 409
    assert "Chưa chọn: 1 ô hai bên ghi khác nhau" in unanswered.page.text
    assert events_at(clerk.node) == before

    done = clerk.press(unanswered, "/amend", applicant_phone="0977333444")
    assert done.status == 303
    known = clerk.node.register.dossier(stream).received
    assert known is not None
    assert known.applicant.phone == "0977333444"
    assert known.applicant.address == "Số 9, đường Bà Triệu"


def test_what_only_the_other_side_changed_stays_as_it_is_now(centre: SmallCentre) -> None:
    """A field that somebody left as it was on the page does not take another place's change back."""
    stream, clerk, page = opened(centre)
    amended_elsewhere(centre, stream, Change("applicant.phone", "0988111222"))
    asked = clerk.press(page, "/amend", applicant_name="Nông Văn Thăng", reason="Gõ sai dấu")
    form = asked.page.form("/amend")
    assert form.fields["applicant_phone"] == "0988111222"
    assert form.fields["applicant_name"] == "Nông Văn Thăng"
    assert clerk.press(asked, "/amend").status == 303
    known = clerk.node.register.dossier(stream).received
    assert known is not None
    assert (known.applicant.name, known.applicant.phone) == ("Nông Văn Thăng", "0988111222")


def test_a_choice_is_asked_for_again_when_the_dossier_changes_once_more(centre: SmallCentre) -> None:
    stream, clerk, page = opened(centre)
    amended_elsewhere(centre, stream, Change("applicant.phone", "0988111222"))
    asked = clerk.press(page, "/amend", applicant_phone="0977333444", reason="Đổi số")
    amended_elsewhere(centre, stream, Change("applicant.phone", "0900000001"))
    again = clerk.press(asked, "/amend", applicant_phone="0977333444")
    assert again.status == 409
    assert again.page.form("/amend").choices["applicant_phone"] == ["0977333444", "0900000001"]


def test_two_tabs_of_one_person_do_not_write_over_each_other(centre: SmallCentre) -> None:
    _, clerk, page = opened(centre)
    assert clerk.press(page, "/amend", applicant_phone="0988111222", reason="Đổi số").status == 303
    asked = clerk.press(page, "/amend", applicant_phone="0977333444", reason="Đổi số")
    assert asked.status == 409
    assert "anh/chị, ở màn hình khác" in asked.page.text


def test_an_opinion_that_another_place_gave_meanwhile_stands_beside_ones_own(centre: SmallCentre) -> None:
    """The same for a form of another page, with what nobody can type twice asked for again."""
    stream = centre.receive().stream
    centre.meet()
    clerk = Clerk(centre, "room-01", "ha.lt")
    page = clerk.open(f"/room/{stream}")
    centre.withdraw(clerk.node.register.dossier(stream))
    centre.meet()
    asked = clerk.press(page, "/appraise", passed="yes", opinion="Đủ điều kiện.")
    assert asked.status == 409
    assert "Nhận đơn rút hồ sơ của Nông Văn Thắng" in asked.page.text
    assert asked.page.form("/appraise").fields["opinion"] == "Đủ điều kiện."
    assert asked.page.form("/appraise").fields["passed"] == "yes"
    # what may not be done over what is known now is refused by the ledger, and still nothing is lost
    refused = clerk.press(asked, "/appraise")
    assert refused.status == 409
    assert "Yêu cầu rút hồ sơ" in refused.page.text


def test_nobody_is_asked_while_nothing_has_come_or_only_a_paper_was_printed(centre: SmallCentre) -> None:
    stream, clerk, page = opened(centre)
    clerk.node.spool.work(at=centre.clock())
    assert clerk.press(page, "/amend", applicant_phone="0988111222", reason="Đổi số").status == 303
    unknown = clerk.open(f"/dossier/{stream}/amend")
    assert (
        clerk.press(unknown, "/amend", applicant_phone="0977333444", reason="?", seen="0" * 64).status == 303
    )


@pytest.mark.parametrize(
    ("then", "typed", "now", "expected"),
    [
        ("a", "a", "a", (False, "a", "same")),
        ("a", "b", "a", (False, "b", "mine")),
        ("a", "a", "c", (False, "c", "theirs")),
        ("a", "b", "b", (False, "b", "same")),
        ("a", "b", "c", (True, "b", "")),
        (None, "b", None, (False, "b", "mine")),
        (None, "", "c", (False, "c", "theirs")),
        (None, "b", "c", (True, "b", "")),
    ],
)
def test_each_field_is_taken_from_the_side_that_changed_it(
    then: str | None, typed: str, now: str | None, expected: tuple[bool, str, str]
) -> None:
    """A choice is asked for only where both sides have changed a field, and differently."""
    assert taken(then, typed, now) == expected
