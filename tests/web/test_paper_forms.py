"""Biểu mẫu at central: an administrator changes a form, tries it, publishes it; and no old paper changes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import pytest

from central.demo.plan import ADMINISTRATOR
from edge.reprinting import reprint_slip
from edge.settings import FOLDER
from printing import raster
from printing.spool import PrintJob
from schemas.calendar import local_day
from schemas.fold import Dossier
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk, confirmed

NEW_TITLE = "GIẤY TIẾP NHẬN HỒ SƠ, HẸN NGÀY TRẢ KẾT QUẢ"


@pytest.fixture
def admin(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", ADMINISTRATOR)


def _tomorrow(centre: SmallCentre) -> str:
    return (local_day(centre.clock()) + timedelta(days=1)).isoformat()


def _write(admin: Clerk, number: str = "01", act: str = "publish", **changed: str) -> Answer:
    page = admin.open(f"/forms/{number}/new")
    return admin.press(page, f"/forms/{number}/new", ("act", act), **changed)


def _publish(centre: SmallCentre, admin: Clerk, number: str = "01", **changed: str) -> None:
    confirmed(centre, _write(admin, number, **changed))


def _said(pdf: bytes) -> str:
    return " ".join(word.text for page in raster.seen(pdf) for word in page.words)


def _slip(centre: SmallCentre, dossier: Dossier, at: str = "counter-01") -> str:
    """What stands on the newest printing of a dossier's slip."""
    node = centre[at]
    with node.file.read():
        query = PrintJob.select().where(PrintJob.stream == dossier.stream)
        job = query.order_by(PrintJob.attempt.desc()).get()
    return _said(node.papers.render_job(job.form, bytes(job.payload)))


def test_only_an_administrator_sees_the_forms(centre: SmallCentre) -> None:
    for path in ("/forms", "/forms/01", "/forms/01/new", "/forms/01/2025-09-15.pdf"):
        assert Clerk(centre, "central", "huong.ltt").open(path).status == 403
        assert Clerk(centre, "counter-01", "hanh.nh").open(path).status == 404


def test_every_form_is_listed_and_opens_as_it_is(admin: Clerk) -> None:
    """What a page shows and sends back unchanged is the form itself: there is nothing to publish."""
    text = admin.open("/forms").page.text
    for number in admin.node.papers.forms.numbers:
        assert number in text
        answer = _write(admin, number, "check")
        assert answer.status == 422
        assert "Chưa đổi gì so với mẫu đang dùng." in answer.page.text, number


def test_a_published_version_is_printed_everywhere_from_its_first_day(
    centre: SmallCentre, admin: Clerk
) -> None:
    before = centre.receive()
    answer = _write(admin, title=NEW_TITLE, since=_tomorrow(centre), source="Quyết định 12/QĐ-TTPVHCC")
    assert (
        f"Tên giấy: GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ → {NEW_TITLE}" in admin.follow(answer).page.text
    )
    confirmed(centre, answer)
    centre.meet()
    same_day = centre.receive(applicant="Hoàng Thị Mai")
    centre.clock.forward(days=1)
    after = centre.receive(applicant="Vi Văn Slám")

    assert NEW_TITLE not in _slip(centre, before)
    assert NEW_TITLE not in _slip(centre, same_day)
    assert NEW_TITLE in _slip(centre, after)
    admin.sign_in(ADMINISTRATOR)
    assert "Đang dùng do Trung tâm ban hành" in admin.open("/forms/01").page.text


def test_a_machine_that_has_not_heard_prints_as_before_and_again_so_when_it_has(
    centre: SmallCentre, admin: Clerk
) -> None:
    """The version counts from Tuesday; the counter is cut off until Wednesday. Its slip of Tuesday stays as it is."""
    _publish(centre, admin, title=NEW_TITLE, since=_tomorrow(centre))
    centre.clock.forward(days=1)
    tuesday = centre.receive()
    first = _slip(centre, tuesday)
    centre.clock.forward(days=1)
    centre.meet()
    wednesday = centre.receive(applicant="Hoàng Thị Mai")
    reprint_slip(centre["counter-01"], tuesday.stream, reason="Mất giấy.", by="hanh.nh")

    assert NEW_TITLE not in first
    assert _slip(centre, tuesday) == first.replace("In lần 1", "In lần 2")
    assert NEW_TITLE in _slip(centre, wednesday)


def test_columns_lines_and_signatories_change_too(centre: SmallCentre, admin: Clerk) -> None:
    page = admin.open("/forms/02/new").page.form("/forms/02/new").fields
    lines = page["before-0"].splitlines()
    answer = _write(
        admin,
        "02",
        since=_tomorrow(centre),
        **{
            "before-0": "\n".join([*lines[:2], "Người có giấy | Số: {number}", *lines[2:]]),
            "head-0-5": "Ghi chú",
            "text-0-5": "{note}",
            "width_mm-0-5": "25",
            "order-0-5": "2",
            "text-0-1": "{name}",
            "role-1": "NGƯỜI NỘP HỒ SƠ",
            "name-1": "{submitter}",
            "half_points": "12,5",
        },
    )
    confirmed(centre, answer)
    form = centre["central"].papers.forms.in_force(
        "02", date.fromisoformat(_tomorrow(centre)), centre["central"].catalog.number
    )
    assert [column.head for column in form.columns][:3] == ["STT", "Thành phần hồ sơ", "Ghi chú"]
    assert ("Người có giấy", "Số: {number}") in form.before
    assert [one.name for one in form.signatories] == ["{guide}", "{submitter}"]
    assert form.size == 12.5
    assert "CSDL không khai thác được" in _said(
        admin.download(f"/forms/02/{_tomorrow(centre)}.pdf?shape=typical")
    )


WRONG: Final[tuple[tuple[dict[str, str], str], ...]] = (
    ({"title": "GIẤY HẸN {nobody}"}, "Giấy này không có dữ kiện {nobody}"),
    ({"foot": "Mẫu số 01 [{number}"}, "chưa đủ cặp"),
    ({"agency": "Sở Xây dựng"}, "Không ghi thẳng tên “Sở Xây dựng”"),
    ({"place_line": "Lạng Sơn, {received_day}"}, "Không ghi thẳng tên “Lạng Sơn”"),
    ({"number_line": "", "foot_further": ""}, "Thiếu dữ kiện bắt buộc {number}."),
    ({"copies": "Lưu"}, "Giấy này phải có đúng 2 liên."),
    ({"title": ""}, "Chưa ghi tên giấy."),
    ({"foot": "Mẫu số 01 ✆"}, "Phông chữ không có ký tự “✆”."),
    ({"width_mm-0-1": "130"}, "Các cột rộng hơn khổ giấy"),
    ({"width_mm-0-0": "3"}, "hẹp quá"),
    ({"width_mm-0-0": "rộng"}, "Ghi một số nguyên từ 0 đến 297."),
    ({"half_points": "20"}, "Cỡ chữ từ 9 đến 14"),
    ({"text-0-0": "{applicant}"}, "Giấy này không có dữ kiện {applicant}"),
    ({"since": "2027-03-01", "title": NEW_TITLE}, "Chọn từ ngày mai trở đi"),
    ({"since": "", "title": NEW_TITLE}, "Chưa ghi áp dụng từ ngày nào."),
    ({"hint": "x" * 2001}, "Dài quá 2000 ký tự."),
    ({"hint": "Quét mã để tra cứu. " * 60}, "chữ đè lên nhau"),
)


def test_a_wrong_version_is_not_published_and_nothing_typed_is_lost(
    centre: SmallCentre, admin: Clerk
) -> None:
    number = centre["central"].catalog.number
    for changed, words in WRONG:
        answer = _write(admin, **{"since": _tomorrow(centre), **changed})
        assert answer.status == 422, words
        assert words in answer.page.text
        fields = answer.page.form("/forms/01/new").fields
        assert {name: fields[name] for name in changed} == changed
    assert centre["central"].catalog.number == number


def test_a_receipt_on_paper_does_not_outlive_its_law(centre: SmallCentre, admin: Clerk) -> None:
    """NĐ 254/2026 Đ44(2): its last day has passed when the tests' centre works."""
    answer = _write(admin, "receipt", since=_tomorrow(centre), title="BIÊN LAI")
    assert answer.status == 422
    assert "Mẫu này thôi dùng trước ngày đó" in answer.page.text
    assert "Hôm nay không dùng" in admin.open("/forms").page.text


def test_a_coming_version_is_replaced_by_one_of_the_same_day(centre: SmallCentre, admin: Clerk) -> None:
    _publish(centre, admin, title=NEW_TITLE, since=_tomorrow(centre))
    _publish(centre, admin, title="GIẤY HẸN", since=_tomorrow(centre))
    versions = centre["central"].papers.forms.versions("01", centre["central"].catalog.number)
    assert [one.title for one in versions][1:] == ["GIẤY HẸN"]


def test_it_is_shown_on_paper_before_anybody_has_it(centre: SmallCentre, admin: Clerk) -> None:
    """With a typical, a sparse and an enormous dossier; nothing is kept."""
    number = centre["central"].catalog.number
    page = admin.open("/forms/01/new").page.form("/forms/01/new")
    for shape, words in (("typical", "Nông Văn Thắng"), ("sparse", "không có"), ("enormous", "trang 2/")):
        fields = {**page.fields, "title": NEW_TITLE, "shape": shape}
        answer = admin.client.post("/forms/01/preview", data=fields)
        assert answer.mimetype == "application/pdf"
        assert NEW_TITLE in _said(answer.get_data())
        assert words in _said(answer.get_data())
    broken = admin.post("/forms/01/preview", {**page.fields, "title": "{nobody}"})
    assert broken.status == 422
    assert "Giấy này không có dữ kiện {nobody}" in broken.page.text
    assert centre["central"].catalog.number == number


def test_a_results_form_changes_what_is_signed_from_its_first_day(centre: SmallCentre, admin: Clerk) -> None:
    before, after = centre.appraised(), centre.appraised()
    _publish(centre, admin, "approval", since=_tomorrow(centre), title="QUYẾT ĐỊNH CẤP PHÉP")
    centre.meet()
    first = centre.approve(before)
    centre.clock.forward(days=1)
    second = centre.approve(after)
    said = []
    for dossier in (first, second):
        assert dossier.standing.outcome is not None
        content = centre["room-01"].archive.read(dossier.standing.outcome.data.result)
        said.append(_said(content or b""))

    assert "QUYẾT ĐỊNH CẤP PHÉP" not in said[0]
    assert "QUYẾT ĐỊNH CẤP PHÉP" in said[1]


def test_tickets_labels_and_trial_pages_follow_too(centre: SmallCentre, admin: Clerk) -> None:
    """Whatever a page prints rests on the newest catalog that its machine knows."""
    for number, changed in (
        ("ticket", {"title": "MẪU MỚI"}),
        ("sticker", {"number_line": "MẪU MỚI {number}"}),
        ("trial", {"title": "MẪU MỚI"}),
    ):
        _publish(centre, admin, number, since=_tomorrow(centre), **changed)
    centre.meet()
    centre.clock.forward(days=1)
    dossier = centre.receive()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    clerk.press(clerk.open(f"/dossier/{dossier.stream}"), "/folder", form="sticker")
    clerk.press(clerk.open("/printing"), "/printing/trial", printer=FOLDER)
    visitor = Clerk(centre, "counter-01")
    form = visitor.open("/kiosk").page.form("csrf_token")
    visitor.post(form.action, {**form.fields, "queue": "A"})
    node = centre["counter-01"]
    for number in ("sticker", "trial", "ticket"):
        with node.file.read():
            job = PrintJob.get(PrintJob.form == number)
        assert "MẪU MỚI" in _said(node.papers.render_job(job.form, bytes(job.payload))), number
