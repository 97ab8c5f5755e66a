"""Personal data: everything held on somebody is found, told, restricted, put right, refused or gone, each with its ground."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from central.centre import Office
from central.demo.plan import ADMINISTRATOR
from schemas.fold import Dossier
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Answer, Clerk

NUMBER = "020085004127"


@pytest.fixture
def admin(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", ADMINISTRATOR)


@pytest.fixture
def dossier(centre: SmallCentre) -> Dossier:
    """Received, approved, and handed over to the applicant: three acts name them."""
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.meet()
    return dossier


def _found(admin: Clerk, number: str = NUMBER) -> Answer:
    return admin.press(admin.open("/personal"), "q", q=number)


def _answer(admin: Clerk, on: Answer, **filled: object) -> Answer:
    fields: dict[str, object] = {
        **on.page.form("ground").fields,
        "ground": "Luật 91/2025/QH15 Điều 14",
        **filled,
    }
    return admin.post("/personal/answer", fields)  # type: ignore[arg-type]


def test_everything_held_on_somebody_is_found_by_their_number(dossier: Dossier, admin: Clerk) -> None:
    """However it is typed; with files; and the search is itself a look."""
    found = _found(admin, "020 085 004 127")
    assert dossier.received is not None
    for words in ("Đang giữ: 1 hồ sơ", dossier.received.number, "Tiếp nhận", "Phê duyệt", "Tải về"):
        assert words in found.page.text
    looks, _ = admin.node.views.search(person=ADMINISTRATOR)
    assert [(look.stream, look.what) for look in looks] == [(dossier.stream, "personal.found")]


def test_somebody_of_whom_nothing_is_held_is_told_so(dossier: Dossier, admin: Clerk) -> None:
    assert "Không giữ dữ liệu nào theo số này" in _found(admin, "020085004128").page.text


def test_a_number_stands_in_no_address(dossier: Dossier, admin: Clerk) -> None:
    found = _found(admin)
    assert NUMBER not in " ".join(url for url, _ in found.page.links)
    assert all(NUMBER not in form.action for form in found.page.forms)


def test_the_export_has_every_act_and_hides_what_is_anothers(centre: SmallCentre, admin: Clerk) -> None:
    """JSON for a machine, a page for a reader; somebody else's number and telephone in the same dossier are not theirs."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    ready = clerk.reception()
    clerk.press(
        ready,
        "stream",
        ("act", "save"),
        for_whom="other",
        applicant_name="Lý Thị Mẩy",
        applicant_identity="020190001111",
        authorisation="Giấy 12",
    )
    centre.meet()
    found = _found(admin, "020190001111")
    fields = {**found.page.form("/personal/export").fields, "as": "json"}
    told = json.loads(admin.post("/personal/export", fields).html)
    text = json.dumps(told, ensure_ascii=False)
    assert told["number"] == "020190001111"
    assert "Lý Thị Mẩy" in text
    assert NUMBER not in text
    assert "0912000345" not in text
    page = admin.post("/personal/export", {**fields, "as": "page"})
    assert "Lý Thị Mẩy" in page.page.text
    assert NUMBER not in page.html


def test_a_restriction_is_seen_at_every_node_and_lifted(
    centre: SmallCentre, dossier: Dossier, admin: Clerk
) -> None:
    """The dossier says so, and shows a receiver no more than it must."""
    done = _answer(admin, _found(admin), what="restricted", reason="Đang khiếu nại", stream=dossier.stream)
    assert "Đã ghi trả lời số 2027-0001" in done.page.text
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    shown = clerk.open(f"/dossier/{dossier.stream}")
    assert "Hạn chế xử lý dữ liệu" in shown.page.text
    assert "020*********" in shown.html
    assert "0912000345" not in shown.html
    _answer(admin, _found(admin), what="lifted", reason="Đã giải quyết khiếu nại", stream=dossier.stream)
    centre.meet()
    assert "0200••••4127" in clerk.open(f"/dossier/{dossier.stream}").html


def test_a_refusal_is_recorded_with_its_ground(centre: SmallCentre, dossier: Dossier, admin: Clerk) -> None:
    """A recorded act of central's chain: who, when, by which law, which dossiers; never whom."""
    page = _found(admin)
    missing = _answer(admin, page, what="refused", ground="")
    assert "Chưa ghi căn cứ pháp lý." in missing.page.text
    _answer(admin, page, what="refused", reason="Hồ sơ phải lưu theo luật", stream=dossier.stream)
    (answer,) = centre["central"].catalog.latest.data_answers()
    assert (answer.what, answer.ground, answer.streams) == (
        "refused",
        "Luật 91/2025/QH15 Điều 14",
        (dossier.stream,),
    )
    documents = Office(centre["central"]).entries()
    (said,) = [document for document in documents if document["kind"] == "data.answered"]
    assert said["by"] == ADMINISTRATOR
    assert NUMBER not in json.dumps(said)


def test_an_answer_names_only_dossiers_that_were_found(dossier: Dossier, admin: Clerk) -> None:
    answer = _answer(admin, _found(admin), what="restricted", reason="?", stream="0" * 32)
    assert answer.status == 422
    assert "Chưa chọn hồ sơ nào" in answer.page.text
    later = (admin.node.clock() + timedelta(days=3)).date().isoformat()
    assert "ở tương lai" in _answer(admin, _found(admin), what="given", reason="?", asked=later).page.text


def test_what_the_law_demands_to_go_goes_by_two_persons(
    centre: SmallCentre, dossier: Dossier, admin: Clerk
) -> None:
    """The second one shows a PIN on the same page; afterwards no list and no search finds the name."""
    event = dossier.timeline[0].hash
    wanted = {"what": "redacted", "reason": "Quét nhầm giấy tờ của người khác", "stream": dossier.stream}
    page = _found(admin)
    alone = _answer(admin, page, **wanted, target=event)
    assert alone.status == 403
    wrong = _answer(admin, page, **wanted, target=event, second="huong.ltt", second_pin="000000")
    assert "Mã PIN chưa đúng." in wrong.page.text
    assert not centre["central"].catalog.trust.redacted
    _answer(admin, page, **wanted, target=event, second="huong.ltt", second_pin=PINS["huong.ltt"])
    assert event in centre["central"].catalog.trust.redacted
    (answer,) = centre["central"].catalog.latest.data_answers()
    assert (answer.what, answer.targets) == ("redacted", (event,))
    assert centre["central"].register.naming(NUMBER) == []


def test_only_an_administrator_at_central_may(centre: SmallCentre, admin: Clerk) -> None:
    desk = Clerk(centre, "central", "huong.ltt")
    for path in ("/personal", "/personal/register"):
        assert desk.open(path).status == 403
    fields = {**admin.open("/personal").page.form("q").fields, "q": NUMBER}
    assert desk.post("/personal", {**fields, "typed_by": "huong.ltt"}).status in (400, 403)
    assert Clerk(centre, "counter-01", "hanh.nh").open("/personal").status == 404


def test_the_register_of_processing_says_what_why_who_and_how_long(dossier: Dossier, admin: Clerk) -> None:
    text = admin.open("/personal/register").page.text
    for words in ("Dữ liệu gì", "Căn cứ", "Ai thấy", "Bao lâu", "Luật 91/2025/QH15", "1 hồ sơ, 1 người"):
        assert words in text
