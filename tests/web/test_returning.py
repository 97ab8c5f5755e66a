"""Trả kết quả: found by what is in the hand, given to whom it belongs, by whichever road."""

from __future__ import annotations

import pytest

from central.centre import Office
from central.demo.plan import SINCE
from schemas.acts import Returned, Status
from schemas.fees import At, FeeLine, FeeTable, Kind
from schemas.fold import Dossier
from schemas.rules import Money
from tests.centres import PINS, SmallCentre
from tests.web.clerk import CARD, Clerk

FREE = {"unpaid": "Biên lai 27TAA-1"}


@pytest.fixture
def waiting(centre: SmallCentre) -> Dossier:
    """A dossier with a result, of which every node knows."""
    dossier = centre.approve(centre.appraised())
    centre.meet()
    return dossier


def returned(centre: SmallCentre, dossier: Dossier) -> Returned:
    done = centre["counter-02"].register.dossier(dossier.stream)
    assert done.status is Status.RETURNED
    data: Returned = done.standing.returns[-1].data
    return data


def test_a_scanned_slip_a_number_or_a_ticket_opens_the_dossier(centre: SmallCentre) -> None:
    """The same visitor comes back with the ticket under which the dossier was received."""
    node = centre["counter-01"]
    turn = node.hall.take(node.hall.queues()[0])
    node.hall.call(turn.stream, "", "", by="hanh.nh")
    dossier = centre.approve(centre.appraised())
    node.hall.finish(turn.stream, "served", by="hanh.nh")
    centre.meet()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert dossier.received is not None
    for typed in (
        dossier.received.number,
        f" {dossier.received.number.lower()} ",
        turn.ticket,
        turn.ticket.lower(),
    ):
        found = clerk.press(clerk.open("/return"), "q", q=typed)
        assert found.leads_to.endswith(f"/return/{dossier.stream}"), typed
    assert "Không có hồ sơ chờ trả nào" in clerk.press(clerk.open("/return"), "q", q="Z-999").page.text


def test_a_scanned_card_fills_in_and_hands_nothing_over(centre: SmallCentre, waiting: Dossier) -> None:
    clerk = Clerk(centre, "counter-02", "long.pd")
    page = clerk.open(f"/return/{waiting.stream}")
    looked = clerk.press(page, f"/return/{waiting.stream}", ("act", "look"), identity=CARD)
    fields = looked.page.form(f"/return/{waiting.stream}").fields
    assert (fields["identity"], fields["taken_by"]) == ("020085004127", "Nông Văn Thắng")
    assert clerk.node.register.dossier(waiting.stream).status is Status.DONE


def test_somebody_elses_number_needs_an_authorisation(centre: SmallCentre, waiting: Dossier) -> None:
    clerk = Clerk(centre, "counter-02", "long.pd")
    path = f"/return/{waiting.stream}"
    page = clerk.open(path)
    stranger = {"identity": "020192001733", "taken_by": "Hoàng Thị Mai", "confirm": "y", **FREE}
    refused = clerk.press(page, path, **stranger)
    assert refused.status == 422
    assert "Số này không phải của chủ hồ sơ hay người nộp." in refused.page.text
    bare = clerk.press(refused, path, taker="other", **stranger)
    assert "Chưa ghi giấy ủy quyền" in bare.page.text
    paper = "Giấy ủy quyền 12/2027, UBND phường Đông Kinh"
    assert clerk.press(bare, path, taker="other", document=paper, **stranger).status == 303
    data = returned(centre, waiting)
    assert (data.taken_by, data.identity, data.document) == ("Hoàng Thị Mai", "020192001733", paper)


@pytest.mark.parametrize(
    ("road", "missing", "document"),
    [
        ("post", "Chưa ghi số bưu gửi.", "EB123456789VN"),
        ("online", "Chưa ghi đã gửi ở đâu", "Kho dữ liệu điện tử, mã 8812"),
    ],
)
def test_by_post_and_as_a_file(
    centre: SmallCentre, waiting: Dossier, road: str, missing: str, document: str
) -> None:
    """Nobody stands at the counter: no number is asked for, but what proves that it was sent."""
    clerk = Clerk(centre, "counter-02", "long.pd")
    path = f"/return/{waiting.stream}"
    bare = clerk.press(clerk.open(path), path, road=road, confirm="y", **FREE)
    assert bare.status == 422
    assert missing in bare.page.text
    assert clerk.press(bare, path, road=road, confirm="y", document=document, **FREE).status == 303
    data = returned(centre, waiting)
    assert (data.road, data.document, data.identity) == (road, document, "")


def test_an_open_fee_is_shown_and_paid_before(centre: SmallCentre, waiting: Dossier) -> None:
    """The receiver sends them to the cashier; once it is paid nobody asks any more."""
    clerk = Clerk(centre, "counter-02", "long.pd")
    page = clerk.open(f"/return/{waiting.stream}")
    assert "Phí còn 200.000 đ" in page.page.text
    assert "Mời người nhận sang quầy thu, rồi trả." in page.page.text
    cashier = Clerk(centre, "counter-02")
    cashier.sign_in("thao.np", PINS["thao.np"])
    cashier.press(cashier.open("/till"), "/till/open", cash="0")
    fees = cashier.open(f"/fees/{waiting.stream}")
    assert cashier.press(fees, f"/fees/{waiting.stream}", ("act", "take")).status == 303
    paid = clerk.open(f"/return/{waiting.stream}")
    assert "Phí còn" not in paid.page.text
    done = clerk.press(paid, f"/return/{waiting.stream}", identity="020085004127", confirm="y")
    assert done.status == 303
    assert returned(centre, waiting).unpaid == ""


def test_a_fee_of_the_return_is_asked_for_then(centre: SmallCentre) -> None:
    """The catalog's table has one part at reception and one when the result is collected."""
    lines = (
        FeeLine(Kind.FEE, "Lệ phí cấp mới", 200_000, SINCE, "TT 01/2027/TT-BTC"),
        FeeLine(Kind.CHARGE, "Phí thẩm định", 50_000, SINCE, "TT 01/2027/TT-BTC", at=At.RETURN),
    )
    Office(centre["central"]).define([FeeTable("1.000703", lines)], by="quan.nv")
    centre.meet()
    dossier = centre.approve(centre.appraised())
    centre.meet()
    cashier = Clerk(centre, "counter-01", "van.lt")
    cashier.press(cashier.open("/till"), "/till/open", cash="0")
    path = f"/fees/{dossier.stream}"
    page = cashier.open(path)
    assert "thu khi trả kết quả" in page.page.text
    looked = cashier.press(page, path, ("act", "look"), line="le_phi:Lệ phí cấp mới")
    assert cashier.press(looked, path, ("act", "take"), line="le_phi:Lệ phí cấp mới").status == 303
    listed = cashier.open("/fees").page.text
    assert "Nông Văn Thắng" in listed  # what was due at reception is paid, and the result is here
    assert "50.000 đ" in listed
    assert "Thu phí" in cashier.open(f"/dossier/{dossier.stream}").page.text
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "còn 50.000 đ." in clerk.open(f"/return/{dossier.stream}").page.text
    assert cashier.press(cashier.open(path), path, ("act", "take")).status == 303
    assert "còn 50.000 đ." not in clerk.open(f"/return/{dossier.stream}").page.text
    assert "Nông Văn Thắng" not in cashier.open("/fees").page.text
    assert cashier.node.register.dossier(dossier.stream).money is Money.PAID
