"""The power was gone for an hour: what was received by hand gets its number and its paper, slip by slip."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from central.verify import verify
from printing import raster
from printing.spool import PrintJob
from schemas.calendar import local_day
from schemas.events import moment
from tests.centres import PINS, SmallCentre
from tests.web.clerk import CARD, Answer, Clerk

SAVE = ("act", "save")
SLIP = {
    "paper": "01-000901",
    "received_day": "26/02/2027",
    "received_hour": "15:10",
    "due_day": "05/03/2027",
    "due_hour": "15:10",
    "second": "viet.tq",
    "second_pin": PINS["viet.tq"],
}


@pytest.fixture
def clerk(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "counter-01", "hanh.nh")


def _page(clerk: Clerk, path: str = "/counter/afterwards") -> Answer:
    page = clerk.press(clerk.open(path), "stream", q="cap giay phep kinh doanh van tai")
    return clerk.press(
        page,
        "stream",
        ("act", "look"),
        procedure="1.000703",
        identity=CARD,
        phone="0912 000 345",
        **{"originals-0": "1"},
    )


def _enter(clerk: Clerk, **changed: str) -> Answer:
    return clerk.press(_page(clerk), "stream", SAVE, **{**SLIP, **changed})


def test_a_handwritten_slip_gets_a_number_of_its_day_and_form_01(clerk: Clerk, centre: SmallCentre) -> None:
    """Found by its old number as by its new one, at every machine; the time counts from the hour on the slip."""
    done = _enter(clerk)
    assert done.status == 303, done.page.text
    stream = done.leads_to.partition("of=")[2]
    dossier = clerk.node.register.dossier(stream)
    receipt, received = dossier.standing.receipt, dossier.received
    assert receipt is not None
    assert received is not None
    assert received.number == "H37.07-270226-0101"
    assert (receipt.data.paper, receipt.data.reason) == ("01-000901", "Mất điện")
    assert local_day(moment(dossier.standing.received_at)).isoformat() == "2027-02-26"
    assert dossier.timeline[0].place.value == "effective"
    with clerk.node.file.read():
        (job,) = PrintJob.select().where(PrintJob.stream == stream)
    paper = raster.seen(clerk.node.papers.render_job(job.form, bytes(job.payload)))
    words = " ".join(word.text for page in paper for word in page.words)
    assert "15 giờ 10 phút, ngày 26 tháng 02 năm 2027" in words
    centre.meet()
    other = Clerk(centre, "counter-02", "long.pd")
    assert "H37.07-270226-0101" in other.find("01-000901").page.text
    scanned = other.post("/scan", {**other.open("/find").page.form("q").fields, "identity": "01-000901"})
    assert scanned.leads_to == f"/dossier/{stream}"
    assert (
        "Nhập bù H37.07-270226-0101, nhận 15:10, thứ Sáu 26/02/2027: Mất điện"
        in other.open(scanned.leads_to).page.text
    )


def test_the_next_line_of_the_pad_keeps_what_all_have_in_common_and_no_slip_is_entered_twice(
    clerk: Clerk, centre: SmallCentre
) -> None:
    first = clerk.follow(_enter(clerk, incident="other", reason="Lũ cuốn trạm điện"))
    assert "Đã nhập phiếu 01-000901: H37.07-270226-0101" in first.page.text
    fields = first.page.form("stream").fields
    assert (fields["paper"], fields["received_day"], fields["incident"]) == (
        "01-000902",
        "26/02/2027",
        "other",
    )
    assert fields["reason"] == "Lũ cuốn trạm điện"
    twice = _enter(clerk)
    assert twice.status == 422
    assert "Phiếu này đã nhập thành hồ sơ H37.07-270226-0101" in twice.page.text
    assert _enter(clerk, paper="01-000902").status == 303
    assert _enter(clerk, received_day="25/02/2027").status == 303, "a line of another day's book"
    centre.receive()
    assert verify(centre.data / "counter-01").findings == (), "every number of a day is accounted for"
    numbers = [row.number for row in clerk.node.register.find("").rows]
    assert sorted(numbers) == [
        "H37.07-270225-0101",
        "H37.07-270226-0101",
        "H37.07-270226-0102",
        "H37.07-270301-0101",
    ]


def test_what_is_wrong_is_said_and_what_was_typed_stays(clerk: Clerk) -> None:
    page = _page(clerk)
    for changed, said in (
        ({"paper": ""}, "Chưa ghi số phiếu."),
        ({"received_day": "31/02/2027"}, "Ngày ghi theo thứ tự ngày, tháng, năm"),
        ({"received_day": "01/03/2028"}, "Giờ tiếp nhận trên giấy chưa tới."),
        ({"due_day": "25/02/2027"}, "Hẹn trả không thể trước giờ tiếp nhận."),
        ({"incident": "other"}, "Chưa ghi vì sao phải nhập từ giấy."),
        ({"second": ""}, "Việc này cần người thứ hai."),
    ):
        answer = clerk.press(page, "stream", SAVE, **{**SLIP, **changed})
        assert answer.status in (403, 422)
        assert said in answer.page.text
        assert "020085004127" in answer.html
    assert clerk.node.register.find("").rows == []


def test_enter_goes_on_as_at_the_reception(clerk: Clerk) -> None:
    """After the card the telephone, after a whole code its papers, then the slip; a look by itself takes nobody away."""
    scanned = clerk.press(clerk.open("/counter/afterwards"), "stream", ("act", "look"), identity=CARD)
    assert re.search(r'id="phone"[^>]* autofocus', scanned.html)
    coded = clerk.press(scanned, "stream", ("act", "look"), phone="0912 000 345", q="1.000703")
    assert re.search(r'<input autofocus[^>]*id="originals-0"', coded.html)
    form, slip = coded.page.form("stream"), list(SLIP)[:5]
    for place, field in enumerate(slip):  # and from the papers to what is still to be typed of the slip
        typed = {name: SLIP[name] for name in slip[:place]}
        page = clerk.post(form.action, {**form.fields, **typed, "act": "look"}, HX_Trigger="look")
        assert re.search(rf'id="{field}"[^>]* autofocus', page.html), field
        beside = clerk.post(form.action, {**form.fields, **typed, "act": "look"}, HX_Trigger="on-paper")
        assert " autofocus" not in beside.html


def test_what_cannot_be_entered_is_said_beside_its_field_before_anybody_confirms(
    clerk: Clerk, centre: SmallCentre
) -> None:
    """A machine has no number for a day before its card; a slip of the first day is entered, and one once only."""
    first = clerk.node.card.lease_from
    page = _page(clerk)
    for changed, field, said in (
        (
            {"received_day": f"{first - timedelta(days=1):%d/%m/%Y}"},
            "received_day",
            "chỉ có số từ",
        ),
        ({"received_day": "26/02/1997"}, "received_day", "chỉ có số từ"),
        ({"received_day": "01/03/2027", "received_hour": "23:59"}, "received_hour", "trên giấy chưa tới."),
        ({"due_day": "25/02/2027"}, "due_day", "Hẹn trả không thể trước giờ tiếp nhận."),
    ):
        for act in ("look", "save"):
            answer = clerk.press(page, "stream", ("act", act), **{**SLIP, **changed})
            assert answer.status == (200 if act == "look" else 422)
            beside = re.search(rf'id="{field}-error">.*?</p>', answer.html, re.DOTALL)
            assert beside, f"{act}: {answer.page.text}"
            assert said in beside[0]
            assert ('id="sum"' in answer.html) == (act == "save"), (
                "a look takes nobody away from where they type"
            )
            fields, typed = answer.page.form("stream").fields, {**SLIP, **changed, "originals-0": "1"}
            assert [name for name in typed if fields[name] != typed[name]] == ["second_pin"]
    assert clerk.node.register.find("").rows == []
    assert _enter(clerk, received_day=f"{first:%d/%m/%Y}").status == 303
    again = clerk.press(
        _page(clerk), "stream", ("act", "look"), **{**SLIP, "received_day": f"{first:%d/%m/%Y}"}
    )
    assert "Phiếu này đã nhập thành hồ sơ" in again.page.text


def test_pressed_twice_it_is_one_dossier_and_a_second_slip_on_an_old_page_is_another(clerk: Clerk) -> None:
    page = _page(clerk)
    one = clerk.press(page, "stream", SAVE, **SLIP)
    assert clerk.press(page, "stream", SAVE, **SLIP).leads_to == one.leads_to
    other = clerk.press(page, "stream", SAVE, **{**SLIP, "paper": "01-000902", "name": "Lý Thị Sáng"})
    assert other.status == 409
    assert "Trang này đã lưu phiếu trước." in other.page.text
    assert clerk.press(other, "stream", SAVE, **{**SLIP, "paper": "01-000902"}).status == 303
    assert len(clerk.node.register.find("").rows) == 2


def _kept(clerk: Clerk) -> dict[str, str]:
    """A slip that is typed as far as its papers and what stands on it, and nobody has pressed anything."""
    typed = {
        **_page(clerk).page.form("stream").fields,
        **SLIP,
        "copies-0": "7",
        "reason": "Lũ cuốn trạm điện",
    }
    assert "Bản nháp chỉ ở máy này" in clerk.post("/counter/draft/afterwards", typed).page.text
    return typed


def test_a_slip_that_is_half_entered_survives_the_power(clerk: Clerk, centre: SmallCentre) -> None:
    """Listed here and at the reception by name and slip, gone on with as it was, and entered it is a draft no more. Who
    confirms does so again."""
    typed = _kept(clerk)
    centre.reopen("counter-01")
    after = Clerk(centre, "counter-01", "hanh.nh")
    (link,) = re.findall(r'href="(/counter/afterwards\?draft=[^"]+)"', after.open("/counter").html)
    listed = after.open("/counter/afterwards")
    assert link in listed.html
    assert "Đang nhập dở ở máy này: 1" in listed.page.text
    assert "phiếu 01-000901" in listed.page.text
    again = after.open(link)
    fields = again.page.form("stream").fields
    own = {"csrf_token", "second", "second_pin"}
    assert {name: fields[name] for name in typed if name not in own} == {
        name: value for name, value in typed.items() if name not in own
    }
    assert fields["second"] == ""
    done = after.press(again, "stream", SAVE, second="viet.tq", second_pin=PINS["viet.tq"])
    assert done.status == 303, done.page.text
    assert "Đang nhập dở" not in after.open("/counter/afterwards").page.text


def test_a_draft_of_a_slip_has_no_pin_in_it(clerk: Clerk) -> None:
    _kept(clerk)
    (draft,) = clerk.node.drafts.of("hanh.nh")
    assert PINS["viet.tq"] not in str(draft.fields)


def test_a_draft_is_dropped_where_it_is_listed(clerk: Clerk) -> None:
    _kept(clerk)
    (draft,) = clerk.node.drafts.of("hanh.nh")
    dropped = clerk.press(clerk.open("/counter/afterwards"), "/drop", draft=draft.id)
    assert dropped.leads_to == "/counter/afterwards"
    assert clerk.node.drafts.of("hanh.nh") == []


def test_a_crash_between_entering_and_the_answer_leads_to_the_next_slip(clerk: Clerk) -> None:
    _kept(clerk)
    (draft,) = clerk.node.drafts.of("hanh.nh")
    page = clerk.open(f"/counter/afterwards?draft={draft.id}")
    done = clerk.press(page, "stream", SAVE, second="viet.tq", second_pin=PINS["viet.tq"])
    clerk.node.drafts.keep("hanh.nh", draft.path, draft.fields)  # the power went before it was forgotten
    (again,) = clerk.node.drafts.of("hanh.nh")
    assert clerk.open(f"/counter/afterwards?draft={again.id}").leads_to == done.leads_to
    assert clerk.node.drafts.of("hanh.nh") == []


def test_a_form_that_met_a_locked_screen_is_gone_on_with(clerk: Clerk, centre: SmallCentre) -> None:
    page = _page(clerk)
    centre.clock.forward(minutes=16)
    locked = clerk.press(page, "stream", SAVE, **SLIP)
    assert locked.status == 401
    inside = clerk.press(locked, "/sign-in", person="hanh.nh", pin=PINS["hanh.nh"])
    resumed = clerk.follow(clerk.follow(inside))
    assert resumed.page.form("stream").fields["paper"] == "01-000901"


def test_a_wrong_pin_of_the_second_person_is_told_at_its_field(clerk: Clerk) -> None:
    wrong = _enter(clerk, second_pin="000000")
    assert wrong.status == 422
    assert re.search(r'id="second_pin-error">.*?Mã PIN chưa đúng\. Gõ lại mã PIN\.', wrong.html)
    assert re.search(r'id="second_pin"[^>]* aria-describedby="second_pin-error"', wrong.html)
    assert wrong.page.form("stream").fields["second"] == "viet.tq"
