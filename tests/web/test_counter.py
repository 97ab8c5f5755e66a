"""Reception on the page: found, filled in, counted, saved once."""

from __future__ import annotations

import pytest

from edge.node import Node
from tests.centres import SmallCentre
from tests.web.clerk import CARD, Answer, Clerk

SAVE = ("act", "save")


@pytest.fixture
def clerk(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "counter-01", "hanh.nh")


def _received(node: Node) -> list[str]:
    return [row.applicant for row in node.register.find("").rows]


def test_a_dossier_is_received_without_any_network(clerk: Clerk, centre: SmallCentre) -> None:
    """Number, due moment and slip are there at once; the page says where it is saved."""
    saved = clerk.press(clerk.reception(), "stream", SAVE)
    assert saved.status == 303
    page = clerk.follow(saved)
    (row,) = clerk.node.register.find("nong van thang").rows
    assert row.number in page.page.text
    assert "Giấy hẹn có hiệu lực ngay." in page.page.text
    assert "Chỉ ở máy này" in page.page.text
    assert clerk.open(f"/dossier/{row.stream}/slip.pdf").status == 200
    assert len(list((centre.data / "counter-01" / "paper").glob("*.pdf"))) == 1


def test_a_procedure_is_found_without_diacritics(clerk: Clerk) -> None:
    """The typed words are marked in the name; the count is whole."""
    answer = clerk.open("/counter/procedures?q=dang ky thanh lap")
    assert "<mark>Đăng</mark>" in answer.html
    assert "thủ tục" in answer.page.text
    kept = clerk.open("/counter/procedures?q=dang ky thanh lap&procedure=1.000703")
    assert 'value="1.000703" checked' in kept.html
    nothing = clerk.open("/counter/procedures?q=khong co thu tuc nay")
    assert "Không tìm thấy thủ tục" in nothing.page.text


def test_what_follows_from_a_procedure_is_shown_before_saving(clerk: Clerk) -> None:
    """Fee, due moment with its reason, and the number that saving will give."""
    text = clerk.reception().page.text
    assert "200.000 đ" in text
    assert "16:30, thứ Sáu 05/03/2027" in text
    assert "4 ngày làm việc, không tính ngày nhận." in text
    assert "Lịch nghỉ năm 2027 chưa được xác nhận" in text
    assert "H37.07-270301-0101" in text


def test_enter_from_a_scanner_fills_in_and_saves_nothing(clerk: Clerk) -> None:
    """A scanned card becomes number, name and address; the first button, which Enter presses, only looks."""
    page = clerk.open("/counter")
    form = page.page.form("stream")
    assert form.buttons[0] == ("act", "look")
    looked = clerk.press(page, "stream", ("act", "look"), identity=CARD)
    filled = looked.page.form("stream").fields
    assert filled["identity"] == "020085004127"
    assert filled["name"] == "Nông Văn Thắng"
    assert "Từ mã QR" in looked.page.text
    assert _received(clerk.node) == []


def test_save_pressed_twice_gives_one_dossier(clerk: Clerk) -> None:
    """Both answers lead to the same dossier."""
    ready = clerk.reception()
    first, second = (clerk.press(ready, "stream", SAVE) for _ in range(2))
    assert first.leads_to == second.leads_to
    assert len(_received(clerk.node)) == 1


def test_the_next_citizen_on_a_page_that_was_saved_is_not_swallowed(clerk: Clerk) -> None:
    """Back in the browser, another name, save: the page says that this one is not saved, and then saves it."""
    ready = clerk.reception()
    clerk.press(ready, "stream", SAVE)
    again = clerk.press(ready, "stream", SAVE, name="Lý Văn Sáng", identity="020085004128")
    assert again.status == 409
    assert "nội dung đang nhập thì chưa lưu" in again.page.text
    assert _received(clerk.node) == ["Nông Văn Thắng"]
    clerk.press(again, "stream", SAVE)
    assert sorted(_received(clerk.node)) == ["Lý Văn Sáng", "Nông Văn Thắng"]


@pytest.mark.parametrize(
    ("field", "typed", "error"),
    [
        ("name", "", "Chưa ghi họ tên."),
        ("name", "x" * 2001, "Dài quá 2000 ký tự"),
        ("identity", "02008500412", "Số căn cước phải đủ 12 chữ số; đang có 11."),
        ("identity", "4900873140", "Mã số thuế sai số kiểm tra."),
        ("identity", "", "Chưa có số căn cước hoặc mã số thuế."),
        ("phone", "12345", "Số điện thoại có 10 chữ số"),
        ("email", "không phải thư", "Thư điện tử cần có @"),
        ("originals-0", "một", "Số bản của giấy tờ 1 là số từ 0 đến 99."),
        ("copies-0", "100", "Số bản của giấy tờ 1 là số từ 0 đến 99."),
        ("procedure", "", "Chưa chọn thủ tục."),
    ],
)
def test_what_is_wrong_stands_above_and_at_its_field_and_nothing_typed_is_lost(
    clerk: Clerk, field: str, typed: str, error: str
) -> None:
    """The summary links to the field; every other input is as it was."""
    ready = clerk.reception()
    answer = clerk.press(ready, "stream", SAVE, **{field: typed, "address": "Số 1, Bắc Sơn"})
    assert answer.status == 422
    assert error in answer.page.text
    assert f'href="#{_anchor(field)}"' in answer.html
    assert answer.page.form("stream").fields["address"] == "Số 1, Bắc Sơn"
    assert _received(clerk.node) == []


def _anchor(field: str) -> str:
    return {"procedure": "q", "copies-0": "originals-0"}.get(field, field)


def test_somebody_without_papers_can_hand_in(clerk: Clerk) -> None:
    """The box says so; then no number is asked for."""
    saved = clerk.press(clerk.reception(), "stream", SAVE, identity="", no_identity="y")
    assert saved.status == 303


def test_nothing_handed_in_is_no_reception(clerk: Clerk) -> None:
    """At least one paper has a number."""
    ready = clerk.reception()
    none = {
        name: "0"
        for name in ready.page.form("stream").fields
        if name.split("-")[0] in ("originals", "certified", "copies")
    }
    answer = clerk.press(ready, "stream", SAVE, **none)
    assert "Chưa ghi số bản của giấy tờ nào." in answer.page.text


def test_another_procedure_is_looked_at_before_its_papers_are_saved(clerk: Clerk) -> None:
    """Without JavaScript a procedure can be changed and saved in one press: its own numbers are shown first."""
    ready = clerk.reception()
    answer = clerk.press(ready, "stream", SAVE, procedure="2.001583")
    assert answer.status == 422
    assert "Vừa đổi thủ tục" in answer.page.text
    assert clerk.press(answer, "stream", SAVE).status == 303


def test_one_comes_for_another(clerk: Clerk) -> None:
    """The dossier is the applicant's, the one who came is the submitter, and both are found."""
    saved = clerk.press(
        clerk.reception(),
        "stream",
        SAVE,
        for_whom="other",
        applicant_name="Công ty TNHH Vận tải Hữu Lũng",
        applicant_identity="4900873149",
        authorisation="số 12/GUQ ngày 20/11/2026",
    )
    assert saved.status == 303
    for term in ("huu lung", "nong van thang", "0912000345"):
        (row,) = clerk.node.register.find(term).rows
        assert (row.applicant, row.submitter) == ("Công ty TNHH Vận tải Hữu Lũng", "Nông Văn Thắng")


def test_another_paper_that_somebody_brings_is_on_the_slip(clerk: Clerk) -> None:
    """A row of its own; a name without a number or the other way round is not forgotten silently."""
    ready = clerk.reception()
    missing = clerk.press(ready, "stream", SAVE, **{"extra-copies-0": "2"})
    assert "chưa có tên" in missing.page.text
    saved = clerk.press(missing, "stream", SAVE, **{"extra-name-0": "Giấy ủy quyền"})
    assert "Giấy ủy quyền" in clerk.follow(saved).page.text


def test_names_are_kept_composed_and_however_long(clerk: Clerk) -> None:
    """Decomposed input is the same name; 665 characters fit."""
    name = "Nguyê" + "\u0303" + "n  Văn Đạt"
    saved = clerk.press(clerk.reception(), "stream", SAVE, name=name)
    assert "Nguyễn Văn Đạt" in clerk.follow(saved).page.text
    long = clerk.press(clerk.reception(), "stream", SAVE, name="Hợp tác xã " * 60)
    assert long.status == 303


def test_html_in_a_name_is_only_text(clerk: Clerk) -> None:
    """No page runs what somebody is called."""
    saved = clerk.press(clerk.reception(), "stream", SAVE, name="<script>alert(1)</script>")
    assert "<script>alert" not in clerk.follow(saved).html


def test_a_full_disk_is_said_loudly_and_the_input_stays(clerk: Clerk) -> None:
    """SQLite finds no room: nothing is saved, nothing typed is lost."""
    ready = clerk.reception()
    with clerk.node.file.write() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    answer: Answer | None = None
    for _ in range(60):
        answer = clerk.press(ready, "stream", SAVE)
        if answer.status == 507 and 'name="stream"' in answer.html:
            break  # else it was the paper of the one before that found no room: in a test the spool works at once
        ready = clerk.reception()
    assert answer is not None
    assert answer.status == 507
    assert "CHƯA được lưu" in answer.page.text
    assert answer.page.form("stream").fields["name"] == "Nông Văn Thắng"


def test_a_clock_behind_the_last_act_saves_nothing(clerk: Clerk, centre: SmallCentre) -> None:
    """The page names both moments and what to do."""
    centre.receive()
    ready = clerk.reception()
    centre.clock.forward(minutes=-10)
    answer = clerk.press(ready, "stream", SAVE)
    assert answer.status == 409
    assert "Đồng hồ máy có thể sai" in answer.page.text
    assert answer.page.form("stream").fields["name"] == "Nông Văn Thắng"


def test_a_machine_without_the_duty_shows_why(centre: SmallCentre) -> None:
    """Central receives nothing; its officer reads so instead of a form."""
    answer = Clerk(centre, "central", "huong.ltt").open("/counter")
    assert answer.status == 403
    assert "Máy này không được giao việc này." in answer.page.text
