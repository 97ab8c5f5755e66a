"""A counter's disk burns before its receptions were anywhere else: the slips that citizens hold bring them back."""

from __future__ import annotations

import re

import orjson
import pytest

from edge.tables.dossiers import DossierRow
from printing.spool import PrintJob
from schemas.fold import Dossier
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Answer, Clerk

NUMBER = "H37.07-270301-0101"


@pytest.fixture
def lost(centre: SmallCentre) -> tuple[Dossier, str]:
    """A dossier of counter-01 that nobody else knows, and the code on its slip."""
    dossier = centre.receive()
    with centre["counter-01"].file.read():
        job = PrintJob.get(PrintJob.stream == dossier.stream)
    centre.clock.forward(hours=2)
    return dossier, str(orjson.loads(bytes(job.payload))["qr_text"])


def _form(centre: SmallCentre, code: str, person: str = "long.pd") -> tuple[Clerk, Answer]:
    """The page on which it is entered, reached from the page that checks slips."""
    clerk = Clerk(centre, "counter-02", person)
    checked = clerk.press(clerk.open("/slip"), "/slip", code=code)
    page = clerk.press(checked, "/slip/again")
    page = clerk.press(page, "/slip/again", q="cap giay phep kinh doanh van tai")
    return clerk, clerk.press(page, "/slip/again", procedure="1.000703")


def _filled(dossier: Dossier, **changed: str) -> dict[str, str]:
    """As the paper says it: nothing on it is the address or the telephone."""
    assert dossier.received is not None
    filled = {
        "name": "Nông Văn Thắng",
        "identity": "020085004127",
        "phone": "0912000345",
        "received_hour": "09:00",
        "due_day": dossier.received.due[:10],
        "due_hour": "16:30",
        "reason": "Máy quầy 01 cháy ổ đĩa",
        "second": "viet.tq",
        "second_pin": PINS["viet.tq"],
        "originals-0": "1",
    }
    return {**filled, **changed}


def _entered(centre: SmallCentre, dossier: Dossier, code: str, **changed: str) -> Answer:
    clerk, page = _form(centre, code)
    return clerk.press(page, "/slip/again", ("act", "save"), **_filled(dossier, **changed))


def test_a_lost_reception_comes_back_under_its_number_and_goes_on(
    centre: SmallCentre, lost: tuple[Dossier, str]
) -> None:
    """Into the same stream, so that whatever was done elsewhere finds it; and the slip is known again."""
    dossier, code = lost
    answer = _entered(centre, dossier, code)
    assert answer.status == 303, answer.page.text
    assert answer.leads_to.startswith(f"/dossier/{dossier.stream}")
    clerk = Clerk(centre, "counter-02", "long.pd")
    text = clerk.open(answer.leads_to).page.text
    assert NUMBER in text
    assert "Nhập bù H37.07-270301-0101, nhận 09:00" in text
    assert "Hỏng máy, mất máy: Máy quầy 01 cháy ổ đĩa" in text
    for node in ("central", "room-01", "counter-02"):
        centre.copy(centre["counter-02"], centre[node], "catalog", "dossiers", "files")
    appraised = centre.appraise(dossier)
    assert centre.approve(appraised).standing.outcome is not None
    visitor = Clerk(centre, "room-01")
    assert "Hồ sơ có ở máy này." in visitor.press(visitor.open("/slip"), "/slip", code=code).page.text


def test_it_takes_a_second_person(centre: SmallCentre, lost: tuple[Dossier, str]) -> None:
    dossier, code = lost
    answer = _entered(centre, dossier, code, second="", second_pin="")
    assert answer.status == 403
    assert "Việc này cần người thứ hai." in answer.page.text
    assert "Nông Văn Thắng" in answer.html, "what was typed stays"
    wrong = _entered(centre, dossier, code, second_pin="000000")
    assert "Mã PIN chưa đúng." in wrong.page.text
    assert centre["counter-02"].register.row(dossier.stream) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"received_hour": ""}, "Chưa ghi giờ tiếp nhận trên giấy."),
        ({"received_hour": "23:59"}, "Giờ tiếp nhận trên giấy chưa tới."),
        ({"due_day": ""}, "Chưa ghi hẹn trả như trên giấy."),
        ({"due_day": "2027-02-01"}, "Hẹn trả không thể trước giờ tiếp nhận."),
        ({"incident": "other", "reason": ""}, "Chưa ghi vì sao phải nhập từ giấy."),
        ({"name": ""}, "Chưa ghi họ tên."),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(
    centre: SmallCentre, lost: tuple[Dossier, str], changed: dict[str, str], said: str
) -> None:
    dossier, code = lost
    answer = _entered(centre, dossier, code, **changed)
    assert answer.status == 422
    assert said in answer.page.text
    assert "020085004127" in answer.html
    assert centre["counter-02"].register.row(dossier.stream) is None


def test_a_procedure_of_another_agency_does_not_fit_the_number(
    centre: SmallCentre, lost: tuple[Dossier, str]
) -> None:
    dossier, code = lost
    clerk, page = _form(centre, code)
    page = clerk.press(page, "/slip/again", q="dang ky thanh lap")
    other = next(
        one for one in clerk.node.catalog.latest.procedures(centre.clock().date()) if one.agency != "H37.07"
    )
    page = clerk.press(page, "/slip/again", procedure=other.code)
    answer = clerk.press(page, "/slip/again", ("act", "save"), **_filled(dossier))
    assert "Số hồ sơ trên giấy là của H37.07." in answer.page.text


def test_the_original_turns_up_both_are_kept_and_the_page_says_where_they_differ(
    centre: SmallCentre, lost: tuple[Dossier, str]
) -> None:
    """The disk is found after all. Whoever opens the dossier, at any machine, reads both."""
    dossier, code = lost
    _entered(centre, dossier, code, name="Nông Văn Thẳng", due_hour="10:00")
    centre.meet()
    assert len({repr(shown) for shown in centre.shown(dossier)}) == 1
    shown = centre["central"].register.dossier(dossier.stream)
    assert not shown.contested
    assert [line.place.value for line in shown.timeline] == ["effective", "effective"]
    assert shown.received is not None
    assert shown.received.applicant.name == "Nông Văn Thắng"
    for node, person in (("central", "huong.ltt"), ("counter-01", "hanh.nh"), ("room-01", "viet.tq")):
        text = Clerk(centre, node, person).open(f"/dossier/{dossier.stream}").page.text
        assert "Bản gốc và bản nhập lại từ giấy hẹn khác nhau ở" in text
        assert "Chủ hồ sơ Nông Văn Thắng Nông Văn Thẳng" in text
        assert "Hẹn trả 16:30" in text
    with centre["central"].file.read():
        (row,) = DossierRow.select().where(DossierRow.number == NUMBER)
    assert row.due_at < dossier.received.due if dossier.received else False


def test_when_both_say_the_same_the_page_says_that(centre: SmallCentre, lost: tuple[Dossier, str]) -> None:
    dossier, code = lost
    assert dossier.received is not None
    (paper,) = dossier.received.components
    clerk, page = _form(centre, code)
    listed = {f"originals-{place}": "0" for place in range(5)} | {
        f"copies-{place}": "0" for place in range(5)
    }
    extra = {"extra-name-0": paper.name, "extra-originals-0": "1"}
    answer = clerk.press(page, "/slip/again", ("act", "save"), **{**_filled(dossier), **listed, **extra})
    assert answer.status == 303, answer.page.text
    centre.meet()
    text = Clerk(centre, "central", "huong.ltt").open(f"/dossier/{dossier.stream}").page.text
    assert "Nhập lại từ giấy hẹn, rồi bản gốc tới: hai bản như nhau" in text


def test_while_the_dossier_is_here_there_is_nothing_to_enter(
    centre: SmallCentre, lost: tuple[Dossier, str]
) -> None:
    """It may come while somebody types: then the page of the dossier opens, and nothing was written."""
    dossier, code = lost
    clerk, page = _form(centre, code)
    centre.meet()
    answer = clerk.press(page, "/slip/again", ("act", "save"), **_filled(dossier))
    assert (answer.status, answer.leads_to) == (303, f"/dossier/{dossier.stream}")
    assert len(centre["counter-02"].register.dossier(dossier.stream).timeline) == 1


def test_a_citizen_and_a_room_are_not_offered_it(centre: SmallCentre, lost: tuple[Dossier, str]) -> None:
    _, code = lost
    citizen = Clerk(centre, "counter-02")
    assert "/slip/again" not in citizen.press(citizen.open("/slip"), "/slip", code=code).html
    room = Clerk(centre, "room-01", "viet.tq")
    assert "/slip/again" not in room.press(room.open("/slip"), "/slip", code=code).html
    forged = code[:-4] + "AAAA"
    clerk = Clerk(centre, "counter-02", "long.pd")
    assert "/slip/again" not in clerk.press(clerk.open("/slip"), "/slip", code=forged).html


@pytest.mark.parametrize(("why", "offered"), [("lost", True), ("stolen", False), ("forked", False)])
def test_slips_of_a_machine_that_was_stolen_are_not_believed(
    centre: SmallCentre, lost: tuple[Dossier, str], why: str, offered: bool
) -> None:
    """Who has its key can print slips. Of one that burnt, nobody can; its slips are looked at by two persons."""
    from central.enrolment import Enrolment

    dossier, code = lost
    Enrolment(centre["central"]).revoke(centre["counter-01"].id, why, by="quan.nv")  # type: ignore[arg-type]
    centre.copy(centre["central"], centre["counter-02"], "catalog")
    clerk = Clerk(centre, "counter-02", "long.pd")
    checked = clerk.press(clerk.open("/slip"), "/slip", code=code)
    assert ("/slip/again" in checked.html) is offered
    if offered:
        assert "Máy in giấy này đã ngừng" in clerk.press(checked, "/slip/again").page.text
    else:
        answer = clerk.post("/slip/again", {"code": code, **clerk.open("/slip").page.form("/slip").fields})
        assert answer.status != 303
    assert centre["counter-02"].register.row(dossier.stream) is None


def test_a_slip_that_is_half_entered_survives_the_power(
    centre: SmallCentre, lost: tuple[Dossier, str]
) -> None:
    """Its code is kept with it; if the reception comes meanwhile, the draft leads to that."""
    dossier, code = lost
    clerk, page = _form(centre, code)
    typed = {**page.page.form("/slip/again").fields, **_filled(dossier, phone="0912000999")}
    assert "Bản nháp chỉ ở máy này" in clerk.post("/counter/draft/again", typed).page.text
    centre.reopen("counter-02")
    after = Clerk(centre, "counter-02", "long.pd")
    (link,) = re.findall(r'href="(/slip/again\?draft=[^"]+)"', after.open("/counter").html)
    again = after.open(link)
    assert NUMBER in again.page.text
    assert again.page.form("/slip/again").fields["phone"] == "0912000999"
    assert again.page.form("/slip/again").fields["received_hour"] == "09:00"
    sure = {"second": "viet.tq", "second_pin": PINS["viet.tq"]}
    (draft,) = after.node.drafts.of("long.pd")
    done = after.press(again, "/slip/again", ("act", "save"), **sure)
    assert done.status == 303, done.page.text
    assert after.node.drafts.of("long.pd") == []
    after.node.drafts.keep("long.pd", draft.path, draft.fields)  # the power went before it was forgotten
    (kept,) = after.node.drafts.of("long.pd")
    assert after.open(f"/slip/again?draft={kept.id}").leads_to == f"/dossier/{dossier.stream}"
    assert after.node.drafts.of("long.pd") == []


def test_whoever_has_no_draft_begins_at_the_slip(centre: SmallCentre) -> None:
    assert Clerk(centre, "counter-02", "long.pd").open("/slip/again?draft=none").leads_to == "/slip"
