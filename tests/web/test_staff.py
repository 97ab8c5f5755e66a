"""Nhân sự at central: people, roles with their days, certificates, delegations, temporary passwords."""

from __future__ import annotations

import re
from datetime import date

import pytest

from central.centre import Authority
from central.demo.plan import ADMINISTRATOR
from schemas.entries import Role
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk, confirmed


@pytest.fixture
def admin(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", ADMINISTRATOR)


def _role(place: int, role: str, since: str, until: str = "") -> dict[str, str]:
    return {f"role-{place}": role, f"since-{place}": since, f"until-{place}": until}


def _add(admin: Clerk, **more: str) -> Answer:
    filled = {
        "id": "thu.nt",
        "name": "Nông Thị Thu",
        "title": "Công chức tiếp nhận",
        "ground": "QĐ 7",
        **more,
    }
    return admin.press(admin.open("/staff/new"), "/staff/new", **filled)


def test_only_an_administrator_sees_the_staff(centre: SmallCentre) -> None:
    for path in ("/staff", "/staff/new", "/staff/hanh.nh", "/delegations", "/staff/import"):
        assert Clerk(centre, "central", "huong.ltt").open(path).status == 403
        assert Clerk(centre, "counter-01", "hanh.nh").open(path).status == 404


def test_a_new_person_works_from_their_first_day_to_their_last(centre: SmallCentre, admin: Clerk) -> None:
    """Every node follows the catalog; a role that is over opens no page, and ends what is open."""
    added = _add(admin, **_role(0, "receiver", "2027-03-01", "2027-03-02"))
    assert "Vai trò: thêm Vai trò tiếp nhận; Từ ngày 01/03/2027" in admin.follow(added).page.text
    confirmed(centre, added)
    centre.meet()
    counter = centre["counter-01"]
    counter.people.set_pin("thu.nt", "907153")
    clerk = Clerk(centre, "counter-01")
    clerk.sign_in("thu.nt", "907153")
    assert clerk.open("/counter").status == 200
    centre.clock.forward(hours=48)
    assert clerk.open("/counter").leads_to.startswith("/sign-in")
    assert "thu.nt" not in clerk.open("/sign-in").page.form("/sign-in").choices["person"]


def test_what_is_wrong_is_said_at_its_row_and_nothing_typed_is_lost(
    centre: SmallCentre, admin: Clerk
) -> None:
    number = centre["central"].catalog.number
    answer = _add(admin, id="Thu", name="", **_role(0, "receiver", "2027-03-02", "2027-03-01"))
    assert answer.status == 422
    for words in ("Mã người chỉ có chữ thường", "Chưa ghi họ và tên.", "Ngày kết thúc trước ngày bắt đầu."):
        assert words in answer.page.text
    assert answer.page.form("/staff/new").fields["since-0"] == "2027-03-02"
    assert centre["central"].catalog.number == number


def test_a_persons_id_is_never_used_again(admin: Clerk) -> None:
    """It stands in every act that they wrote."""
    assert (
        "mã người không dùng lại" in _add(admin, id="hanh.nh", **_role(0, "receiver", "2027-03-01")).page.text
    )


def test_a_role_ends_by_its_last_day(centre: SmallCentre, admin: Clerk) -> None:
    page = admin.open("/staff/hanh.nh")
    confirmed(centre, admin.press(page, "/staff/hanh.nh", ground="QĐ 8", **{"until-0": "2027-04-30"}))
    person = centre["central"].catalog.latest.person("hanh.nh")
    assert person is not None
    assert person.has(Role.RECEIVER, date(2027, 4, 30))
    assert not person.has(Role.RECEIVER, date(2027, 5, 1))
    number = centre["central"].catalog.number
    admin.press(admin.open("/staff/hanh.nh"), "/staff/hanh.nh", ground="không đổi gì")
    assert centre["central"].catalog.number == number


def test_a_temporary_password_is_shown_once_and_opens_nothing_but_the_next_one(
    centre: SmallCentre, admin: Clerk
) -> None:
    """At central, where a password can be changed: then a PIN, then the work."""
    told = admin.press(admin.open("/staff/huong.ltt"), "/staff/huong.ltt/password")
    password = re.findall(r'class="c told">([^<]+)<', told.html)[0]
    assert password not in admin.open("/staff/huong.ltt").html

    clerk = Clerk(centre, "central")
    page = clerk.open("/sign-in/password")
    entered = clerk.press(page, "/sign-in/password", person="huong.ltt", password=password)
    assert clerk.open("/desk").leads_to == "/me/password"
    own = "một câu dài khó đoán"
    changed = clerk.press(clerk.open("/me/password"), "/me/password", current=password, new=own, again=own)
    assert changed.status == 303, changed.page.text
    assert clerk.open("/desk").status == 200
    assert entered.status == 303
    centre["central"].people.check_password("huong.ltt", own)
    known = centre["central"].catalog.latest.password("huong.ltt")
    assert known is not None
    assert not known.temporary


def test_an_administrator_signs_somebody_out_of_every_machine(centre: SmallCentre, admin: Clerk) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = admin.open("/staff/hanh.nh")
    missing = admin.press(page, "/staff/hanh.nh/sign-out")
    assert "Chưa ghi lý do." in missing.page.text
    admin.press(page, "/staff/hanh.nh/sign-out", reason="mất điện thoại", forget_pins="y")
    assert clerk.open("/counter").status == 200
    centre.meet()
    assert clerk.open("/counter").leads_to.startswith("/sign-in")
    assert clerk.sign_in("hanh.nh").status == 422


def test_a_certificate_is_added_and_revoked(centre: SmallCentre, admin: Clerk) -> None:
    authority = Authority.make("CA", centre.clock())
    _, der = authority.issue_token("Trần Quốc Việt", "1234", centre.clock())
    page = admin.open("/staff/viet.tq")
    confirmed(centre, admin.send(page, "/staff/viet.tq/certificate", "certificate", der, "a.cer"))
    person = centre["central"].catalog.latest.person("viet.tq")
    assert person is not None
    assert der in person.ders()
    again = admin.send(page, "/staff/viet.tq/certificate", "certificate", der, "a.cer")
    assert "đã có trong danh mục" in again.page.text

    page = admin.open("/staff/viet.tq")
    admin.press(page, "/revoke", reason="mất thẻ ký số")
    assert "Đã thu hồi" in admin.open("/staff/viet.tq").page.text


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 415),
        (b"<html><script>alert(1)</script>", 415),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 422),
        (b"\x30\x82" + bytes(40_000), 413),
        (b"\x30\x82\x01\x00" + bytes(100), 422),
    ],
)
def test_a_file_that_is_no_certificate_is_refused(admin: Clerk, content: bytes, status: int) -> None:
    answer = admin.send(admin.open("/staff/viet.tq"), "/staff/viet.tq/certificate", "certificate", content)
    assert answer.status == status


def test_a_delegation_is_written_and_ended(centre: SmallCentre, admin: Clerk) -> None:
    """It holds from day to day; who holds one does not pass it on; from the moment of its end it holds no more."""
    written = {
        "id": "15/QĐ-SXD",
        "form": "TUQ",
        "delegator": "huong.ltt",
        "delegate": "ha.lt",
        "decision": "Quyết định ngày 01/02/2027 của Sở Xây dựng",
        "since": "2027-03-01",
        "until": "2027-12-31",
    }
    page = admin.open("/delegations")
    confirmed(centre, admin.press(page, "decision", **written))
    passed_on = {**written, "id": "16/QĐ-SXD", "delegator": "ha.lt", "delegate": "hanh.nh"}
    assert "không uỷ quyền lại" in admin.press(page, "decision", **passed_on).page.text
    assert "Đang có hiệu lực" in admin.open("/delegations").page.text
    page = admin.open("/delegations")
    fields = {**page.page.form("name").fields, "name": "15/QĐ-SXD"}
    admin.post("/delegations/end", {**fields, "reason": "Người được uỷ quyền chuyển công tác"})
    assert "Đã chấm dứt" in admin.open("/delegations").page.text
    view = centre["central"].catalog.latest
    assert view.ended("delegation", "15/QĐ-SXD", "2027-03-02T00:00:00.000000Z")


def test_a_list_is_imported_on_the_page_too(centre: SmallCentre, admin: Clerk) -> None:
    """Wrong rows one by one and nothing written; checked only; then written."""
    head = "id,name,title,capacity,role,since,until\n"
    good = f"{head}thu.nt,Nông Thị Thu,Công chức,,receiver,2027-03-01,\n".encode()
    page = admin.open("/staff/import")
    wrong = admin.send(page, "file", "file", good + b"b,B,B,,boss,2027-01-01,\n", "list.csv")
    assert wrong.status == 422
    assert "không có vai trò này: boss" in wrong.page.text
    checked = admin.send(page, "file", "file", good, "list.csv", check="1")
    assert "Tệp đúng: sẽ đề nghị 1 mục. Chưa ghi gì." in checked.page.text
    assert centre["central"].catalog.latest.person("thu.nt") is None
    confirmed(centre, admin.send(page, "file", "file", good, "list.csv"))
    assert centre["central"].catalog.latest.person("thu.nt") is not None
    assert admin.send(page, "file", "file", b"%PDF-1.7", "list.csv").status == 415
