"""Reception on the page: found, filled in, counted, saved once."""

from __future__ import annotations

import re

import msgspec
import pytest

from central.centre import Office
from edge.node import Node
from printing import raster
from schemas.acts import Status
from schemas.entries import Commune
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


# ---- what helps whoever receives forty people a morning


def _focused(answer: Answer) -> str:
    """The box in which typing goes on."""
    (box,) = re.findall(r"<input[^>]* autofocus[^>]*>", answer.html)
    return str(re.findall(r' id="([^"]+)"', box)[0])


def test_enter_leads_from_box_to_box(clerk: Clerk) -> None:
    """Card, telephone, procedure, papers: nobody looks for the next box, and nothing is saved on the way."""
    page = clerk.open("/counter")
    assert _focused(page) == "identity"
    scanned = clerk.press(page, "stream", ("act", "look"), identity=CARD)
    assert _focused(scanned) == "phone"
    told = clerk.press(scanned, "stream", ("act", "look"), phone="0912000345")
    assert _focused(told) == "q"
    chosen = clerk.press(told, "stream", ("act", "look"), q="1.000703")
    assert _focused(chosen) == "originals-0"
    assert 'value="1.000703" checked' in chosen.html
    assert _received(clerk.node) == []


def test_the_card_of_whom_it_is_for_is_scanned_too(clerk: Clerk) -> None:
    """Somebody comes for their mother, with both cards: each scan lands beside its own box."""
    mother = "020155000388||Lý Thị Páo|01011955|Nữ|Thôn Nà Pài|01012022"
    page = clerk.press(
        clerk.reception(), "stream", ("act", "look"), for_whom="other", applicant_identity=mother
    )
    fields = page.page.form("stream").fields
    assert (fields["identity"], fields["name"]) == ("020085004127", "Nông Văn Thắng")
    assert (fields["applicant_identity"], fields["applicant_name"]) == ("020155000388", "Lý Thị Páo")
    assert fields["applicant_address"] == "Thôn Nà Pài"


def test_enter_chooses_nothing_among_several(clerk: Clerk) -> None:
    """Several procedures fit: the first row has the focus and none is chosen, for a tired eye would take any."""
    answer = clerk.press(
        clerk.open("/counter"), "stream", ("act", "look"), q="van tai", identity=CARD, phone="0912000345"
    )
    assert _focused(answer).startswith("procedure-")
    assert "checked hx-post" not in answer.html


def test_the_same_matter_once_more_is_said_before_it_is_saved(clerk: Clerk, centre: SmallCentre) -> None:
    """Received at the other counter, heard of here: the page names it; another procedure is nothing to speak of."""
    other = centre.receive("counter-02", by="long.pd")
    centre.meet("counter-01", "counter-02")
    page = clerk.reception()
    assert other.received is not None
    assert f"Có thể trùng: {other.received.number}" in page.page.text
    assert "Có thể trùng" not in clerk.reception("", "2.001583").page.text


def test_who_came_before_is_not_asked_everything_again(clerk: Clerk) -> None:
    """The number is typed: name, address and telephone come from the newest dossier, and the look is written down."""
    clerk.press(clerk.reception(), "stream", SAVE)
    page = clerk.press(clerk.open("/counter"), "stream", ("act", "look"), identity="020085004127")
    filled = page.page.form("stream").fields
    assert (filled["name"], filled["phone"]) == ("Nông Văn Thắng", "0912000345")
    assert "hỏi lại người nộp" in page.page.text
    assert clerk.node.views.search(limit=1)[0][0].what == "counter.receive"


def test_what_is_received_here_often_is_at_hand(clerk: Clerk) -> None:
    clerk.press(clerk.reception(), "stream", SAVE)
    page = clerk.open("/counter")
    assert "Hay nhận ở đây" in page.page.text
    assert 'id="procedure-1.000703"' in page.html


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"identity": CARD.replace("14031985", "14031986")}, "không khớp năm sinh"),
        ({"identity": CARD.replace("|Nam|", "|Nữ|")}, "không khớp giới tính"),
        ({"identity": "003085004127"}, "Ba số đầu không phải mã tỉnh"),
        ({"identity": "111111111111"}, "Số này không có thật."),
        ({"identity": "MC1~H37.07-270301-0101~x"}, "Mã vừa quét không phải mã QR của thẻ căn cước."),
        ({"identity": "https://dichvucong.gov.vn/p/x"}, "Mã vừa quét không phải mã QR của thẻ căn cước."),
        ({"identity": "020085004127|Nông Văn Thắng"}, "Mã vừa quét không phải mã QR của thẻ căn cước."),
        ({"name": "Nông Văn Thắng 2"}, "Họ tên có chữ số hoặc dấu lạ."),
        ({"phone": "09120003"}, "Số điện thoại có 10 chữ số"),
    ],
)
def test_what_looks_wrong_is_said_beside_its_field_as_soon_as_it_is_there(
    clerk: Clerk, typed: dict[str, str], said: str
) -> None:
    answer = clerk.press(clerk.open("/counter"), "stream", ("act", "look"), **typed)
    (field,) = typed
    assert said in answer.html[answer.html.index(f'id="{field}-warned"') :]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Giàng", "Giàng"),
        ("Sùng A X'ênh", "Sùng A X'ênh"),
        ("Vàng Thị Ma’i", "Vàng Thị Ma’i"),
        ("Lý\u00a0Văn\u200b  Sáng", "Lý Văn Sáng"),
        ("Nguyê\u0303n Thi\u0323 Ươ\u0301c", "Nguyễn Thị Ước"),
        ("Công tằng tôn nữ " * 4 + "Huyền Trân Lăng", "Công tằng tôn nữ " * 4 + "Huyền Trân Lăng"),
    ],
)
def test_names_as_people_have_them(clerk: Clerk, typed: str, kept: str) -> None:
    """One syllable, eighty characters, H'Mông apostrophes, pasted spaces and decomposed marks: saved without a word."""
    looked = clerk.press(clerk.reception(), "stream", ("act", "look"), name=typed)
    assert "name-warned" not in looked.html
    assert clerk.press(looked, "stream", SAVE).status == 303
    assert _received(clerk.node) == [kept]


# ---- what is typed and not saved yet


def test_a_scan_that_nobody_looked_at_yet_is_listed_by_the_name_on_the_card(clerk: Clerk) -> None:
    page = clerk.open("/counter")
    clerk.post("/counter/draft/counter", {**page.page.form("stream").fields, "identity": CARD})
    listed = clerk.open("/counter").page.text
    assert "Nông Văn Thắng" in listed
    assert "281234567" not in listed


def test_what_is_typed_is_kept_and_survives_the_power(clerk: Clerk, centre: SmallCentre) -> None:
    """The fingers rest, the power goes: the list has it, everything is as it was, and saved it is a draft no more."""
    ready = clerk.reception()
    typed = {**ready.page.form("stream").fields, "email": "thang@vidu.vn", "copies-0": "7"}
    kept = clerk.post("/counter/draft/counter", typed)
    assert "Bản nháp chỉ ở máy này" in kept.page.text
    centre.reopen("counter-01")
    after = Clerk(centre, "counter-01", "hanh.nh")
    listed = after.open("/counter")
    assert "Đang nhập dở ở máy này: 1" in listed.page.text
    (link,) = re.findall(r'href="(/counter\?draft=[^"]+)"', listed.html)
    again = after.open(link)
    fields = again.page.form("stream").fields
    assert {name: fields[name] for name in typed if name != "csrf_token"} == {
        name: value for name, value in typed.items() if name != "csrf_token"
    }
    assert after.press(again, "stream", SAVE).status == 303
    assert "Đang nhập dở" not in after.open("/counter").page.text
    assert _received(after.node) == ["Nông Văn Thắng"]


def test_a_draft_is_its_own_persons(clerk: Clerk, centre: SmallCentre) -> None:
    """A colleague at the same machine neither sees nor opens nor drops it."""
    clerk.post("/counter/draft/counter", clerk.reception().page.form("stream").fields)
    (draft,) = clerk.node.drafts.of("hanh.nh")
    other = Clerk(centre, "counter-01", "long.pd")
    assert "Nông Văn Thắng" not in other.open("/counter").html
    assert "Nông Văn Thắng" not in other.open(f"/counter?draft={draft.id}").html
    other.post(
        "/counter/draft/counter/drop",
        {"csrf_token": other.open("/counter").page.form("stream").fields["csrf_token"], "draft": draft.id},
    )
    assert clerk.node.drafts.of("hanh.nh") == [draft]
    clerk.press(clerk.open("/counter"), "/counter/draft/counter/drop", draft=draft.id)
    assert clerk.node.drafts.of("hanh.nh") == []


def test_a_draft_in_two_tabs_is_one_dossier(clerk: Clerk) -> None:
    """Saved in the one; the other says so while somebody types on, and going on with the draft leads to the dossier."""
    ready = clerk.reception()
    (draft,) = clerk.node.drafts.of("hanh.nh")
    one, two = (clerk.open(f"/counter?draft={draft.id}") for _ in range(2))
    saved = clerk.press(one, "stream", SAVE)
    assert saved.status == 303
    said = clerk.post("/counter/draft/counter", two.page.form("stream").fields)
    assert "đã lưu, số" in said.page.text
    assert clerk.press(two, "stream", SAVE).leads_to == saved.leads_to
    assert (
        clerk.press(ready, "stream", SAVE).leads_to == saved.leads_to
    )  # back in the browser, saved once more
    assert clerk.node.drafts.of("hanh.nh") == []


def test_a_crash_between_saving_and_the_answer_leads_to_the_dossier(clerk: Clerk) -> None:
    ready = clerk.reception()
    (draft,) = clerk.node.drafts.of("hanh.nh")
    saved = clerk.press(ready, "stream", SAVE)
    clerk.node.drafts.keep("hanh.nh", draft.path, draft.fields)  # the power went before it was forgotten
    (again,) = clerk.node.drafts.of("hanh.nh")
    assert clerk.open(f"/counter?draft={again.id}").leads_to == saved.leads_to
    assert clerk.node.drafts.of("hanh.nh") == []


def test_nothing_typed_is_no_draft(clerk: Clerk) -> None:
    assert (
        "Chưa lưu."
        in clerk.post("/counter/draft/counter", clerk.open("/counter").page.form("stream").fields).page.text
    )
    assert clerk.node.drafts.of("hanh.nh") == []


# ---- data instead of paper, and how it was handed in


def test_what_a_database_says_is_not_asked_for_on_paper(clerk: Clerk) -> None:
    """Read in a database: no paper, and form 01 says so. Paper and database together contradict each other."""
    both = clerk.press(clerk.reception(), "stream", SAVE, **{"source-0": "database", "originals-0": "1"})
    assert both.status == 422
    assert "không thu bản giấy" in both.page.text
    none = {"originals-0": "0", "certified-0": "0", "copies-0": "0"}
    saved = clerk.press(both, "stream", SAVE, **none)
    page = clerk.follow(saved)
    assert "đã khai thác từ CSDL, không thu bản giấy" in page.page.text
    (stream,) = [row.stream for row in clerk.node.register.find("").rows]
    slip = raster.seen(clerk.download(f"/dossier/{stream}/slip.pdf"))
    assert "(đã khai thác từ cơ sở dữ liệu)" in " ".join(word.text for one in slip for word in one.words)


def test_paper_that_is_asked_for_because_a_database_is_down_has_its_ground(clerk: Clerk) -> None:
    """Which database, since when: asked for, and one more act of the same transaction (NQ 66.7/2025)."""
    ready = clerk.reception()
    asked = clerk.press(ready, "stream", SAVE, **{"source-0": "outage", "originals-0": "1"})
    assert "Chưa ghi cơ sở dữ liệu nào gặp sự cố." in asked.page.text
    assert "Chưa ghi sự cố từ lúc nào." in asked.page.text
    early = clerk.press(asked, "stream", SAVE, outage_database="Đăng ký doanh nghiệp", outage_since="23:59")
    assert "Giờ này chưa tới." in early.page.text
    saved = clerk.press(early, "stream", SAVE, outage_since="08:10")
    stream = saved.leads_to.split("/")[2].split("?")[0]
    timeline = clerk.node.register.dossier(stream).timeline
    assert [line.kind for line in timeline] == ["dossier.received", "dossier.outage_noted"]
    assert clerk.press(early, "stream", SAVE, outage_since="08:10").leads_to == saved.leads_to
    assert len(clerk.node.register.dossier(stream).timeline) == 2


def test_who_wants_to_be_told_can_be_reached(clerk: Clerk) -> None:
    """Nobody is told who did not ask for it; who asks leaves a telephone or an address."""
    mute = clerk.press(clerk.reception(), "stream", SAVE, phone="", notify="y")
    assert "Chưa có điện thoại hoặc thư điện tử" in mute.page.text
    saved = clerk.press(mute, "stream", SAVE, phone="0912000345", channel="post")
    assert "Muốn được nhắn khi có kết quả" in clerk.follow(saved).page.text
    received = clerk.node.register.dossier(saved.leads_to.split("/")[2].split("?")[0]).received
    assert received is not None
    assert (received.notify, received.channel) == (True, "post")
    plain = clerk.follow(clerk.press(clerk.reception(), "stream", SAVE))
    assert "Muốn được nhắn" not in plain.page.text


def test_where_the_matter_lies_moves_the_due_moment_and_has_to_be_said(
    clerk: Clerk, centre: SmallCentre
) -> None:
    """Ten working days more in a difficult commune; a due moment that was printed without it would be wrong."""
    known = centre["central"].catalog.latest.procedure("1.000703", centre.clock().date())
    assert known is not None
    communes = [
        Commune("C1", "Xã Mẫu Sơn", True, known.since),
        Commune("C2", "Phường Đông Kinh", False, known.since),
    ]
    Office(centre["central"]).define(
        [msgspec.structs.replace(known, in_difficult_communes=10), *communes], by="quan.nv"
    )
    centre.meet()
    page = clerk.reception()
    assert "Chưa chọn xã, phường" in clerk.press(page, "stream", SAVE).page.text
    assert "thứ Sáu 05/03/2027" in page.page.text
    difficult = clerk.press(page, "stream", ("act", "look"), commune="C1")
    assert "16:30, thứ Sáu 19/03/2027" in difficult.page.text
    assert "Xã khó khăn: cộng thêm 10 ngày làm việc." in difficult.page.text
    done = clerk.press(difficult, "stream", SAVE)
    stream = done.leads_to.partition("?")[0].rpartition("/")[2]
    received = clerk.node.register.dossier(stream).received
    assert received is not None
    assert (received.commune, received.due[:10], received.limit.more_working_days) == ("C1", "2027-03-19", 10)
    assert "Xã Mẫu Sơn" in clerk.follow(done).page.text
    plain = clerk.press(clerk.reception(), "stream", SAVE, commune="C2", name="Lý Thị Sáng")
    assert plain.status == 303


def test_what_is_received_for_another_place_counts_from_when_that_place_has_it(clerk: Clerk) -> None:
    page = clerk.reception()
    elsewhere = clerk.press(page, "stream", ("act", "look"), elsewhere="y")
    assert "Tính từ khi cơ quan có thẩm quyền nhận" in elsewhere.page.text
    done = clerk.press(elsewhere, "stream", SAVE)
    received = clerk.node.register.dossier(done.leads_to.partition("?")[0].rpartition("/")[2]).received
    assert received is not None
    assert received.elsewhere
    assert "Phi địa giới" in clerk.follow(done).page.text


def test_how_many_sets_were_brought_stands_on_the_slip(clerk: Clerk) -> None:
    page = clerk.reception()
    assert "Số bộ hồ sơ là số từ 1 đến 99." in clerk.press(page, "stream", SAVE, sets="0").page.text
    done = clerk.press(page, "stream", SAVE, sets="3")
    stream = done.leads_to.partition("?")[0].rpartition("/")[2]
    received = clerk.node.register.dossier(stream).received
    assert received is not None
    assert received.sets == 3
    slip = raster.seen(clerk.download(f"/dossier/{stream}/slip.pdf"))
    said = " ".join(word.text for page in slip for word in page.words)
    assert "Số lượng hồ sơ: 03 (bộ)" in said
    assert "3 bộ" in clerk.follow(done).page.text


def test_a_reception_by_mistake_is_cancelled_and_the_right_one_follows_it(
    clerk: Clerk, centre: SmallCentre
) -> None:
    """The wrong procedure: its number stays used, the person is typed once, and whoever opens it finds the right one."""
    mistake = centre.receive()
    page = clerk.open(f"/dossier/{mistake.stream}")
    assert f"/dossier/{mistake.stream}/cancel" in page.html
    asked = clerk.open(f"/dossier/{mistake.stream}/cancel")
    assert "Chưa ghi vì sao huỷ tiếp nhận." in clerk.press(asked, "/cancel", again="y").page.text
    done = clerk.press(asked, "/cancel", reason="Nhầm thủ tục", again="y")
    assert clerk.node.register.dossier(mistake.stream).status is Status.STOPPED
    found = clerk.press(clerk.follow(done), "stream", q="2.002286")
    assert found.page.form("stream").fields["name"] == "Nông Văn Thắng"
    saved = clerk.press(found, "stream", SAVE, **{"originals-0": "1"})
    assert saved.status == 303, saved.page.text
    right = clerk.open(f"/dossier/{mistake.stream}").page.text
    assert "Tiếp nhận nhầm, đã nhận lại: H37.07-270301-0102" in right
    assert clerk.open(f"/dossier/{mistake.stream}/cancel").status == 200
    twice = clerk.press(asked, "/cancel", reason="Nhầm", again="y")
    assert twice.status == 409
    again = clerk.open(done.leads_to).page.form("stream").fields["stream"]
    assert again not in done.leads_to, "a stream that is used is not used again"
