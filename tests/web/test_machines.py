"""Central's pages about machines: codes, sticks, revocations; and what a machine says of its own card."""

from __future__ import annotations

import re
from datetime import timedelta

import msgspec
import pytest

from central.centre import Office
from central.enrolment import Enrolment
from edge.enrolment import make_request
from edge.keys import NodeKeys
from edge.retiring import close_node
from schemas.calendar import local_day
from schemas.enrolment import Code, check_of
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk

NEW = {"place": "counter-03", "title": "Quầy 03", "kind": "counter"}


@pytest.fixture
def administrator(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", "quan.nv")


def make_code(administrator: Clerk, **filled: str) -> Answer:
    return administrator.press(administrator.open("/nodes/code"), "place", **{**NEW, **filled})


def test_a_code_is_shown_once_with_what_to_type(centre: SmallCentre, administrator: Clerk) -> None:
    made = make_code(administrator)
    found = re.search(r"(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}", made.page.text)
    assert found is not None
    assert f"motcua enrol {found[0]} http" in made.page.text
    request = make_request(NodeKeys.generate(), address="", server="")
    code = Code.of(found[0])
    Enrolment(centre["central"]).answer(code.name, code.tag("request", request), request, server="")

    listed = administrator.open("/nodes").page.text
    assert found[0] not in listed
    assert "Đã dùng" in listed
    assert "counter-03.1" in listed


def test_an_open_code_can_be_cancelled(administrator: Clerk) -> None:
    make_code(administrator)
    listed = administrator.open("/nodes")
    assert "Chờ máy mới" in listed.page.text
    done = administrator.follow(administrator.press(listed, "/cancel"))
    assert "Đã hủy mã" in done.page.text
    assert "Chờ máy mới" not in done.page.text


@pytest.mark.parametrize(
    ("filled", "words"),
    [
        ({"place": "Quầy 3"}, "Vị trí chỉ gồm chữ thường không dấu"),
        ({"place": "counter-01"}, "Vị trí này đang có counter-01.1"),
        ({"number": "11"}, "Số 11 còn thuộc thẻ của room-01.1"),
        ({"number": "x"}, "Số máy từ 0 đến 89"),
        ({"number": "95"}, "Số máy từ 0 đến 89"),
        ({"address": "http://10.0.0.3"}, "Địa chỉ có dạng https://"),
        ({"title": ""}, "Chưa ghi tên máy."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    administrator: Clerk, filled: dict[str, str], words: str
) -> None:
    answer = make_code(administrator, **filled)
    assert answer.status == 422
    assert words in answer.page.text
    assert answer.page.form("place").fields["kind"] == "counter"


def test_a_request_on_a_stick_becomes_a_card_to_carry_back(administrator: Clerk) -> None:
    request = make_request(NodeKeys.generate(), address="https://10.0.0.14:8600", server="")
    page = administrator.open("/nodes/stick")
    fields = {**page.page.form("place").fields, **NEW, "check": check_of(request)}
    done = administrator.upload("/nodes/stick", fields, "request", request)
    check = re.search(r"--check ((?:[0-9A-Z]{5}-){3}[0-9A-Z]{5})", done.page.text)
    assert check is not None, done.page.text
    card = administrator.download(f"/nodes/cards/{check[1]}")
    assert check_of(card) == check[1]
    wrong = administrator.upload("/nodes/stick", {**fields, "check": "ABC"}, "request", request)
    assert "Mã đối chiếu chưa đúng" in wrong.page.text
    other = administrator.upload("/nodes/stick", fields, "request", b"{}")
    assert "không khớp mã đối chiếu" in other.page.text


def test_revoking_says_what_follows_and_needs_a_reason(centre: SmallCentre, administrator: Clerk) -> None:
    page = administrator.open("/nodes/counter-01.1/revoke")
    assert "Không hoàn lại được" in page.page.text
    assert "why" not in page.page.form("revoke").fields
    assert "Chưa chọn vì sao." in administrator.press(page, "revoke").page.text
    refused = administrator.press(page, "revoke", why="retired")
    assert "Máy này chưa tự đóng" in refused.page.text
    done = administrator.follow(administrator.press(page, "revoke", why="stolen"))
    assert "Đã thu hồi thẻ của Quầy 01" in done.page.text
    assert "bị lấy cắp" in done.page.text
    card = centre["central"].catalog.latest.card("counter-01.1")
    assert card is not None
    assert card.revoked == "stolen"
    assert administrator.open("/nodes/counter-01.1/revoke").status == 404
    assert administrator.open("/nodes/central.1/revoke").status == 404


def test_what_only_answered_in_the_centres_place_has_nothing_to_bring_home(
    centre: SmallCentre, administrator: Clerk
) -> None:
    card = centre["central"].catalog.latest.card("counter-02.1")
    assert card is not None
    Office(centre["central"]).define([msgspec.structs.replace(card, duties=(), front=True)], by="quan.nv")
    page = administrator.open("/nodes/counter-02.1/revoke")
    assert "không giữ việc nào của riêng mình" in page.page.text
    assert "đã tự đóng" not in page.page.text
    done = administrator.follow(administrator.press(page, "revoke", why="retired"))
    assert "nghỉ hẳn" in done.page.text


def test_only_administrators_make_codes_or_revoke(centre: SmallCentre) -> None:
    officer = Clerk(centre, "central", "huong.ltt")
    listed = officer.open("/nodes").page.text
    assert "Tạo mã cho máy mới" not in listed
    assert "Thu hồi thẻ" not in listed
    for path in ("/nodes/code", "/nodes/stick", "/nodes/counter-01.1/revoke", "/nodes/cards/x"):
        assert officer.open(path).status == 403, path
    card = centre["central"].catalog.latest.card("counter-01.1")
    assert card is not None
    assert card.opens


def test_the_centres_certificate_is_there_for_browsers_with_its_fingerprint(
    centre: SmallCentre, administrator: Clerk
) -> None:
    assert administrator.download("/nodes/root.crt") == centre["central"].catalog.root
    assert re.search(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", administrator.open("/nodes").page.text)


def test_a_machine_warns_before_its_card_ends_and_says_what_still_works(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "Thẻ của máy này" not in clerk.open("/find").page.text
    left = centre["counter-01"].card.lease_to - local_day(centre.clock.at)
    centre.clock.at += left - timedelta(days=20)
    clerk.sign_in("hanh.nh")
    assert "còn 20 ngày" in clerk.open("/find").page.text
    centre.clock.forward(days=21)
    clerk.sign_in("hanh.nh")
    assert "đã hết hạn" in clerk.open("/find").page.text


def test_a_machine_says_that_it_closed_itself_or_was_revoked(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    close_node(centre["counter-01"], by="quan.nv", reason="Thay máy mới")
    assert "đã tự đóng" in clerk.open("/find").page.text
    card = msgspec.structs.replace(centre["counter-02"].card, duties=(), revoked="stolen")
    Office(centre["central"]).define([card], by="quan.nv")
    centre.meet("central", "counter-02")
    assert "đã bị thu hồi" in Clerk(centre, "counter-02").open("/sign-in").page.text
