"""Electronic receipts go to whoever issues them for the collector, the code comes back as an act, and the day is summed up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from central.outlet import Outlet
from edge.node import Node
from edge.outbox import ISSUING, SUMMARY
from edge.settings import ReceiptsSettings
from edge.till import Payment, Signed
from schemas.acts import FeeRefunded, Receipt, ReceiptReplaced
from schemas.calendar import VIETNAM
from schemas.errors import Because, NotAllowed
from schemas.fold import Dossier, Place
from tests.centres import SmallCentre
from tests.exchange import ExchangeServer, Got, connect
from tests.web.clerk import Clerk

BY, SECOND = "van.lt", "thao.np"
ISSUED = "dossier.receipt_replaced"


def code(got: Got) -> str:
    """What the issuing program answers: a look-up code for each number, the same however often it is asked."""
    said = json.loads(got.body)
    if "BienLai" not in said:
        return "{}"
    number = said["BienLai"]["So"]
    return json.dumps({"MaTraCuu": f"TC-{number}", "ThoiDiemKy": "20270301091500", "NguoiKy": "Sở Xây dựng"})


@pytest.fixture
def issuer() -> Iterator[ExchangeServer]:
    server = ExchangeServer(says=code)
    server.start()
    yield server
    server.stop()


def connected(centre: SmallCentre, issuer: ExchangeServer) -> Node:
    return connect(centre, receipts=ReceiptsSettings(f"http://127.0.0.1:{issuer.port}/bien-lai"))


def paid(centre: SmallCentre) -> Dossier:
    """A dossier whose fee was taken at counter-01, against a provisional slip."""
    till = centre["counter-01"].till
    if till.shift() is None:
        till.open(0, by=BY)
    dossier = centre.receive()
    return till.collect(dossier.stream, Payment((("le_phi", "Lệ phí"),), 200_000, "Nông Văn Thắng"), by=BY)


def taken(dossier: Dossier) -> str:
    return dossier.standing.newest["dossier.fee_collected"].hash


def sent(issuer: ExchangeServer, what: str) -> list[dict[str, Any]]:
    return [said[what] for said in (json.loads(got.body) for got in issuer.got) if what in said]


def receipts(issuer: ExchangeServer) -> list[dict[str, Any]]:
    return sent(issuer, "BienLai")


def given_back(issuer: ExchangeServer) -> list[dict[str, Any]]:
    return sent(issuer, "HoanTien")


def refund(centre: SmallCentre, dossier: Dossier, amount: int, why: str = "Được miễn một phần") -> None:
    back = FeeRefunded(taken(dossier), amount, "Nông Văn Thắng", why)
    centre["counter-01"].till.refund(dossier.stream, back, by=BY, with_=(SECOND,))


def summaries(issuer: ExchangeServer) -> list[dict[str, Any]]:
    return sent(issuer, "BangTongHop")


def waiting(central: Node) -> dict[str, tuple[int, int]]:
    return {one.kind: (one.due, one.refused) for one in central.outbox.waiting()}


def test_a_receipt_is_issued_and_every_counter_knows_its_code(
    centre: SmallCentre, issuer: ExchangeServer
) -> None:
    central = connected(centre, issuer)
    dossier = paid(centre)
    centre.meet()
    outlet = Outlet(central)
    centre.clock.forward(minutes=20)
    assert outlet.run_once() == 1
    (said,) = receipts(issuer)
    assert (said["KyHieuMau"], said["KyHieu"], said["So"]) == ("EBL01", "27TAA", 1)
    assert (said["TongTien"], said["BangChu"], said["LePhi"]) == (200_000, "Hai trăm nghìn đồng", 200_000)
    assert dossier.received is not None
    assert (said["MaHoSo"], said["NguoiNop"]) == (dossier.received.number, "Nông Văn Thắng")
    assert said["ToChucThu"] == "Sở Xây dựng"
    centre.meet()
    counter = centre["counter-01"]
    known = counter.till.issued(counter.register.dossier(dossier.stream))[taken(dossier)]
    assert (known.lookup, known.signed_by, known.receipt.number) == ("TC-1", "Sở Xây dựng", 1)
    assert counter.till.count_pending() == 0
    (line,) = [one for one in counter.register.dossier(dossier.stream).timeline if one.kind == ISSUED]
    assert (line.by, line.node, line.place) == ("", "central.1", Place.EFFECTIVE)
    assert outlet.run_once() == 0, "issued once"


def test_the_day_is_summed_up_when_it_is_over_and_again_when_it_changes(
    centre: SmallCentre, issuer: ExchangeServer
) -> None:
    central = connected(centre, issuer)
    first, second = paid(centre), paid(centre)
    centre["counter-01"].till.void(second.stream, taken(second), "Sai tên", by=BY, with_=(SECOND,))
    centre.meet()
    outlet = Outlet(central)
    centre.clock.forward(minutes=20)
    outlet.run_once()
    assert {(one["So"], one["TrangThai"]) for one in receipts(issuer)} == {(1, "1"), (2, "2")}
    assert summaries(issuer) == [], "the day is not over"
    centre.clock.at = datetime(2027, 3, 1, 21, 1, tzinfo=VIETNAM).astimezone(UTC)
    assert outlet.run_once() == 1
    (whole,) = summaries(issuer)
    assert (whole["Mau"], whole["Ngay"], whole["SoLuong"]) == ("01/TH-BLĐT", "20270301", 2)
    assert whole["TongTien"] == 200_000, "what is void is listed, and not added up"
    assert [(one["So"], one["TrangThai"], one["MaTraCuu"]) for one in whole["BienLai"]] == [
        (1, "1", "TC-1"),
        (2, "2", ""),
    ]
    assert whole["BienLai"][1]["LyDoHuy"] == "Sai tên"
    assert outlet.run_once() == 0

    centre.clock.forward(hours=12)
    centre["counter-01"].till.void(first.stream, taken(first), "Thu nhầm", by=BY, with_=(SECOND,))
    centre.meet()
    assert outlet.run_once() == 1
    assert receipts(issuer)[-1]["LyDoHuy"] == "Thu nhầm"
    centre.clock.forward(minutes=6)
    assert outlet.run_once() == 1
    assert (summaries(issuer)[-1]["Ngay"], summaries(issuer)[-1]["TongTien"]) == ("20270301", 0)


def test_what_was_pending_before_central_knew_where_receipts_go_is_sent_too(
    centre: SmallCentre, issuer: ExchangeServer
) -> None:
    paid(centre)
    centre.meet()
    central = connected(centre, issuer)
    assert ISSUING not in {kind for kind, (due, _) in waiting(central).items() if due}
    centre.clock.forward(minutes=20)
    assert Outlet(central).run_once() == 1
    assert [one["So"] for one in receipts(issuer)] == [1]


def test_money_given_back_is_told_once_and_its_receipt_stands(
    centre: SmallCentre, issuer: ExchangeServer
) -> None:
    """Each time with what was given back then; the receipt's own number and amount stay what they were."""
    central = connected(centre, issuer)
    dossier = paid(centre)
    centre.meet()
    outlet = Outlet(central)
    centre.clock.forward(minutes=20)
    outlet.run_once()
    refund(centre, dossier, 50_000)
    centre.meet()
    refund(centre, dossier, 30_000, "Thu thừa")
    centre.meet()
    outlet.run_once()
    first, second = given_back(issuer)
    assert (first["KyHieuMau"], first["KyHieu"], first["So"], first["ToChucThu"]) == (
        *("EBL01", "27TAA", 1),
        "Sở Xây dựng",
    )
    assert (first["SoTien"], first["BangChu"], first["HinhThuc"]) == (50_000, "Năm mươi nghìn đồng", "1")
    assert (first["NguoiNhan"], first["LyDo"]) == ("Nông Văn Thắng", "Được miễn một phần")
    assert (second["SoTien"], second["LyDo"]) == (30_000, "Thu thừa")
    assert [(one["So"], one["TrangThai"]) for one in receipts(issuer)] == [(1, "1")], "it is not issued anew"
    assert outlet.run_once() == 0
    assert len({got.name for got in issuer.got}) == 3, "each has a name of its own"


def test_money_given_back_before_its_receipt_was_issued_is_told_after_it(
    centre: SmallCentre, issuer: ExchangeServer
) -> None:
    """The program could make nothing of money of a receipt that it does not know."""
    central = connected(centre, issuer)
    dossier = paid(centre)
    refund(centre, dossier, 50_000)
    centre.meet()
    outlet = Outlet(central)
    centre.clock.forward(minutes=20)
    issuer.answers.append(503)
    outlet.run_once()
    assert given_back(issuer) == []
    centre.clock.forward(minutes=20)
    outlet.run_once()
    outlet.run_once()
    assert [list(json.loads(got.body)) for got in issuer.got] == [["BienLai"], ["BienLai"], ["HoanTien"]]
    assert given_back(issuer)[0]["SoTien"] == 50_000


def test_a_code_that_does_not_come_is_asked_for_again_under_the_same_name(
    centre: SmallCentre, issuer: ExchangeServer
) -> None:
    central = connected(centre, issuer)
    dossier = paid(centre)
    centre.meet()
    outlet = Outlet(central)
    centre.clock.forward(minutes=20)
    issuer.answers.append(202)
    assert outlet.run_once() == 0
    issuer.says = lambda got: "<html>maintenance</html>"
    centre.clock.forward(minutes=20)
    assert outlet.run_once() == 0
    assert waiting(central)[ISSUING] == (1, 0)
    empty_date = {"ThoiDiemKy": "00010101000000"}  # as some programs write it
    issuer.says = lambda got: json.dumps(json.loads(code(got)) | empty_date)
    centre.clock.forward(minutes=20)
    assert outlet.run_once() == 0
    assert waiting(central)[ISSUING] == (1, 0)
    issuer.says = code
    centre.clock.forward(minutes=40)
    assert outlet.run_once() == 1
    assert len({got.name for got in issuer.got}) == 1
    assert taken(dossier) in central.till.issued(central.register.dossier(dossier.stream))


def test_what_a_cashier_wrote_down_meanwhile_is_not_sent(centre: SmallCentre, issuer: ExchangeServer) -> None:
    central = connected(centre, issuer)
    dossier = paid(centre)
    centre.meet()
    by_hand = {taken(dossier): Signed("BY-HAND", "", centre.clock())}
    centre["counter-01"].till.issue(by_hand, by=BY)
    centre.meet()
    assert Outlet(central).run_once() == 0
    assert receipts(issuer) == []
    assert waiting(central) == {ISSUING: (0, 0), SUMMARY: (0, 0)}, "the day is not over"


def test_what_the_issuer_refuses_is_looked_at_by_an_administrator(
    centre: SmallCentre, issuer: ExchangeServer
) -> None:
    central = connected(centre, issuer)
    dossier = paid(centre)
    centre.meet()
    issuer.answers.append(422)
    issuer.says = lambda got: "Ký hiệu chưa đăng ký"
    Outlet(central).run_once()
    page = Clerk(centre, "central", "quan.nv").open("/outlet").page.text
    for said in ("422 Ký hiệu chưa đăng ký", "Biên lai chờ phát hành, huỷ", f"127.0.0.1:{issuer.port}"):
        assert said in page
    assert dossier.received is not None
    assert dossier.received.number in page


def test_nobody_but_central_writes_it_down_without_a_person(centre: SmallCentre) -> None:
    dossier = paid(centre)
    said = ReceiptReplaced(taken(dossier), Receipt("EBL01", "27TAA", 1), "Đã phát hành", "TC-1")
    with pytest.raises(NotAllowed) as why:
        centre["counter-01"].ledger.act(dossier.stream, ISSUED, said, by="")
    assert why.value.because is Because.NO_SUCH_PERSON
    centre.meet()
    without = ReceiptReplaced(taken(dossier), Receipt("EBL01", "27TAA", 1), "Đã phát hành")
    with pytest.raises(NotAllowed, match="look-up code"):
        centre["central"].ledger.act(dossier.stream, ISSUED, without, by="")
    with pytest.raises(NotAllowed) as why:
        centre["central"].ledger.act(dossier.stream, ISSUED, said, by=BY)
    assert why.value.because is Because.DUTY, "people do it where money is taken"


def test_a_rebuild_sends_nothing_again(centre: SmallCentre, issuer: ExchangeServer) -> None:
    central = connected(centre, issuer)
    paid(centre)
    centre.meet()
    centre.clock.forward(minutes=20)
    Outlet(central).run_once()
    before = waiting(central)
    central.projector.rebuild()
    assert waiting(central) == before
    assert Outlet(central).run_once() == 0
