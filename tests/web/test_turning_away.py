"""Forms 02 and 03 from the reception page: not received, and whoever brought it knows why."""

from __future__ import annotations

import pytest

from printing import raster
from schemas.acts import Status
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk

SAVE = ("act", "save")


@pytest.fixture
def clerk(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "counter-01", "hanh.nh")


def _turn(clerk: Clerk, what: str) -> Answer:
    page = clerk.reception()
    assert ("what", what) in page.page.form("stream").buttons
    return clerk.post("/counter/turn-away", {**page.page.form("stream").fields, "what": what})


def _paper(clerk: Clerk, answer: Answer) -> str:
    return " ".join(
        word.text for page in raster.seen(clerk.download(f"{answer.leads_to}.pdf")) for word in page.words
    )


def test_form_03_says_why_and_where_to_go(clerk: Clerk, centre: SmallCentre) -> None:
    """Two acts, no number, two copies of the paper; pressed twice it is one refusal, and the draft is gone."""
    asked = _turn(clerk, "refuse")
    assert "Chưa ghi lý do." in clerk.press(asked, "/turn-away", SAVE).page.text
    why = {"reason": "Không thuộc thẩm quyền của tỉnh.", "guidance": "nộp tại Bộ Xây dựng"}
    done = clerk.press(asked, "/turn-away", SAVE, **why)
    assert clerk.press(asked, "/turn-away", SAVE, **why).leads_to == done.leads_to
    stream = done.leads_to.rpartition("/")[2]
    dossier = clerk.node.register.dossier(stream)
    assert dossier.status is Status.NOT_RECEIVED
    assert [line.kind for line in dossier.timeline] == ["dossier.registered", "dossier.not_received"]
    assert clerk.node.register.find("").rows == []
    assert clerk.node.drafts.of("hanh.nh") == []
    said = _paper(clerk, done)
    for words in (
        "Nông Văn Thắng",
        "Không thuộc thẩm quyền của tỉnh.",
        "nộp tại Bộ Xây dựng",
        "Nguyễn Hồng Hạnh",
    ):
        assert words in said
    assert "Đã ghi: không tiếp nhận." in clerk.follow(done).page.text
    centre.meet()
    assert centre["central"].register.dossier(stream).status is Status.NOT_RECEIVED


def test_form_02_is_one_whole_list(clerk: Clerk) -> None:
    """What is ticked needs its why; the paper has each with its numbers."""
    asked = _turn(clerk, "supplement")
    assert "Chưa đánh dấu giấy tờ nào" in clerk.press(asked, "/turn-away", SAVE, reason="Thiếu.").page.text
    half = clerk.press(asked, "/turn-away", SAVE, **{"missing-1": "y", "reason": "Thiếu bản sao."})
    assert half.status == 422
    assert "Giấy tờ 2: chưa ghi thiếu gì, sai gì." in half.page.text
    done = clerk.press(half, "/turn-away", SAVE, **{"why-1": "chưa chứng thực"})
    assert clerk.node.register.dossier(done.leads_to.rpartition("/")[2]).status is Status.SUPPLEMENT
    said = _paper(clerk, done)
    assert "Văn bằng, chứng chỉ" in said
    assert "chưa chứng thực" in said
    assert "Quyết định" not in said


def test_back_at_the_reception_everything_is_there(clerk: Clerk) -> None:
    """Nothing is lost on the way there and back; and without a name there is nobody to give the paper to."""
    asked = _turn(clerk, "supplement")
    fields = asked.page.form("/turn-away").fields
    back = clerk.post("/counter", {**fields, "act": "look"}).page.form("stream").fields
    kept = clerk.node.drafts.of("hanh.nh")[0].fields
    before = {name: value for name, value in kept if not name.startswith(("why-", "missing-"))}
    assert before["identity"] == "020085004127"
    assert {name: back[name] for name in before} == before
    nobody = clerk.post("/counter/turn-away", {**fields, "name": ""})
    assert nobody.status == 422
    assert "phiếu ghi tên người nộp" in nobody.page.text


def test_only_who_receives_turns_away(centre: SmallCentre, clerk: Clerk) -> None:
    fields = _turn(clerk, "refuse").page.form("/turn-away").fields
    cashier = Clerk(centre, "counter-01", "van.lt")
    token = cashier.open("/find").page.form("q").fields["csrf_token"]
    sent = {**fields, "csrf_token": token, "typed_by": "van.lt", "act": "save", "reason": "?"}
    assert cashier.post("/counter/turn-away", sent).status == 403
