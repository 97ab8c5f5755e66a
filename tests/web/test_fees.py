"""Thu phí at a counter with central away: what a cashier sees, types wrongly, takes and gives back."""

from __future__ import annotations

import csv
import io

import pytest

from edge.till import COLLECTED
from edge.web import words
from schemas.acts import ObligationAsked, Status
from schemas.fold import Dossier
from schemas.rules import Money
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Answer, Clerk

SECOND = {"second": "thao.np", "second_pin": PINS["thao.np"]}


@pytest.fixture
def cashier(centre: SmallCentre) -> Clerk:
    """Vân at counter-01, with half a million đồng in her drawer."""
    cashier = Clerk(centre, "counter-01", "van.lt")
    cashier.press(cashier.open("/till"), "/till/open", cash="500.000")
    return cashier


def take(cashier: Clerk, dossier: Dossier, **more: str) -> Answer:
    return cashier.press(
        cashier.open(f"/fees/{dossier.stream}"), f"/fees/{dossier.stream}", ("act", "take"), **more
    )


def to(page: Answer, part: str) -> str:
    """Where the first link leads whose address has this in it."""
    return next(address for address, _ in page.page.links if part in address)


def money(cashier: Clerk, dossier: Dossier) -> Money:
    return cashier.node.register.dossier(dossier.stream).money


def test_from_the_list_to_the_change(centre: SmallCentre, cashier: Clerk) -> None:
    dossier = centre.receive()
    page = cashier.open("/fees")
    assert "Chờ thu phí: 1" in page.page.text
    assert "200.000 đ" in page.page.text
    after = cashier.follow(take(cashier, dossier, handed="500.000"))
    assert "Đã thu 200.000 đ của Nông Văn Thắng, tiền mặt" in after.page.text
    assert "Trả lại khách 300.000 đ" in after.page.text
    assert "27TAA-1" in after.page.text
    assert "Không còn hồ sơ nào chờ thu phí." in after.page.text
    assert money(cashier, dossier) is Money.PAID
    assert "Phí, lệ phí 200.000 đ Đã thu đủ" in " ".join(
        cashier.open(f"/dossier/{dossier.stream}").page.text.split()
    )


def test_without_a_shift_the_page_says_what_to_do(centre: SmallCentre) -> None:
    dossier = centre.receive()
    cashier = Clerk(centre, "counter-01", "van.lt")
    page = cashier.open(f"/fees/{dossier.stream}")
    assert "Chưa mở ca thu ở quầy này." in page.page.text
    form = page.page.form(f"/fees/{dossier.stream}")
    refused = cashier.post(form.action, {**form.fields, "act": "take"})
    assert (refused.status, money(cashier, dossier)) == (409, Money.DUE)
    assert "Quầy này chưa mở ca thu" in refused.page.text


def test_enter_takes_no_money(centre: SmallCentre, cashier: Clerk) -> None:
    """A scanner ends with Enter: the form's first button only looks again, and says the change."""
    dossier = centre.receive()
    page = cashier.open(f"/fees/{dossier.stream}")
    looked = cashier.press(page, f"/fees/{dossier.stream}", ("act", "look"), handed="500000")
    assert "Trả lại khách 300.000 đ" in looked.page.text
    assert money(cashier, dossier) is Money.DUE


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"handed": "năm trăm"}, "Số tiền khách đưa chỉ có chữ số"),
        ({"handed": "150.000"}, "Khách đưa 150.000 đ, còn thiếu 50.000 đ. Đếm lại tiền."),
        ({"payer": "  "}, "Chưa ghi tên người nộp tiền."),
        ({"method": "transfer"}, "Chưa ghi số tham chiếu."),
        ({"method": "card", "reference": "x" * 61}, "Dài quá 60 ký tự."),
        ({"method": "gold"}, "Not a valid choice"),
        ({"total": "1"}, "Khoản thu vừa đổi: nay là 200.000 đ."),
        ({"line": "phi:Phí khác"}, "Khoản thu vừa đổi: nay là 0 đ."),
    ],
)
def test_bad_input_is_said_at_its_field_and_costs_nothing(
    centre: SmallCentre, cashier: Clerk, typed: dict[str, str], said: str
) -> None:
    dossier = centre.receive()
    answer = take(cashier, dossier, **typed)
    assert answer.status == 422
    assert said in answer.page.text or "Chưa chọn hình thức nộp." in answer.page.text
    assert money(cashier, dossier) is Money.DUE


def test_pressed_twice_is_taken_once(centre: SmallCentre, cashier: Clerk) -> None:
    dossier = centre.receive()
    page = cashier.open(f"/fees/{dossier.stream}")
    assert cashier.press(page, f"/fees/{dossier.stream}", ("act", "take")).status == 303
    met = cashier.press(page, f"/fees/{dossier.stream}", ("act", "take"))
    assert met.status == 409
    again = cashier.press(met, f"/fees/{dossier.stream}")
    assert again.status == 422
    assert "Khoản thu vừa đổi: nay là 0 đ." in again.page.text
    assert cashier.node.register.dossier(dossier.stream).standing.purse.kept == 200_000


def test_a_transfer_shows_where_to_pay_and_keeps_its_reference(centre: SmallCentre, cashier: Clerk) -> None:
    dossier = centre.receive()
    page = cashier.open(f"/fees/{dossier.stream}")
    assert dossier.received is not None
    assert f"Mã VietQR: 200.000 đ vào tài khoản 83002013707, nội dung {dossier.received.number}" in page.html
    after = cashier.follow(take(cashier, dossier, method="transfer", reference="FT26061 0042"))
    assert "chuyển khoản" in after.page.text
    assert "Chuyển khoản FT26061 0042" in cashier.open(f"/fees/{dossier.stream}").page.text


def test_a_slip_or_receipt_that_is_scanned_opens_its_dossier(centre: SmallCentre, cashier: Clerk) -> None:
    dossier = centre.receive()
    assert dossier.received is not None
    take(cashier, dossier)
    paid = centre["counter-01"].register.dossier(dossier.stream).standing.newest[COLLECTED]
    node = centre["counter-01"]
    for typed in (
        dossier.received.number,
        f" {dossier.received.number.lower()} ",
        node.papers.code_of_receipt(dossier.stream, paid.hash, paid.data.receipt),
    ):
        found = cashier.press(cashier.open("/fees"), "q", q=typed)
        assert found.leads_to.endswith(f"/fees/{dossier.stream}")
    nothing = cashier.press(cashier.open("/fees"), "q", q="khong co ai")
    assert "Không có hồ sơ chờ thu nào có “khong co ai”" in nothing.page.text


def test_an_exemption_names_its_ground_and_paper(centre: SmallCentre, cashier: Clerk) -> None:
    dossier = centre.receive()
    page = cashier.open(f"/fees/{dossier.stream}")
    bare = cashier.press(page, "/notice", relief="other")
    assert "Chưa ghi tên diện được miễn, giảm và văn bản cho phép." in bare.page.text
    assert "Chưa ghi giấy tờ chứng minh." in bare.page.text
    filled = cashier.press(
        bare, "/notice", relief="other", ground="Người có công", proof="Thẻ 45/TB", percent="100"
    )
    done = cashier.follow(filled)
    assert "Đã ghi: thông báo nộp phí, lệ phí." in done.page.text
    assert "Người có công (Thẻ 45/TB)" in done.page.text
    assert money(cashier, dossier) is Money.NOTHING_DUE


def test_a_receipt_is_made_void_by_two(centre: SmallCentre, cashier: Clerk) -> None:
    dossier = centre.receive()
    take(cashier, dossier)
    page = cashier.open(f"/fees/{dossier.stream}")
    link = to(page, "/void/")
    alone = cashier.press(cashier.open(link), "reason", reason="Sai tên")
    assert alone.status == 422
    assert "Chưa chọn người thứ hai." in alone.page.text
    wrong = cashier.press(alone, "reason", reason="Sai tên", second="thao.np", second_pin="000000")
    assert "Mã PIN chưa đúng." in wrong.page.text
    assert money(cashier, dossier) is Money.PAID
    done = cashier.follow(cashier.press(wrong, "reason", reason="Sai tên", **SECOND))
    assert "Đã ghi: huỷ biên lai." in done.page.text
    assert "Đã huỷ" in done.page.text
    assert money(cashier, dossier) is Money.DUE
    assert cashier.open(link).status == 404


def test_a_refund_is_never_more_than_is_left(centre: SmallCentre, cashier: Clerk) -> None:
    dossier = centre.receive()
    take(cashier, dossier)
    link = to(cashier.open(f"/fees/{dossier.stream}"), "/refund/")
    page = cashier.open(link)
    assert page.page.form("amount").fields["amount"] == "200.000"
    too_much = cashier.press(page, "amount", amount="200.001", reason="Thừa", **SECOND)
    assert "Biên lai này chỉ còn 200.000 đ." in too_much.page.text
    none = cashier.press(page, "amount", amount="abc", reason="Thừa", **SECOND)
    assert "Số tiền hoàn chỉ có chữ số" in none.page.text
    done = cashier.follow(cashier.press(page, "amount", amount="50.000", reason="Thừa", **SECOND))
    assert "Đã hoàn 50.000 đ, còn 150.000 đ." in done.page.text


def test_a_tax_that_was_paid_elsewhere_lets_the_dossier_go_on(centre: SmallCentre, cashier: Clerk) -> None:
    """Asked for in the room, shown at the counter by its paper; nothing of it is in the drawer."""
    dossier = centre.appraised()
    asked = ObligationAsked("Thuế thu nhập cá nhân", 1_250_000, "TB 88/2027")
    centre["room-01"].ledger.act(dossier.stream, "dossier.obligation_asked", asked, by="ha.lt")
    centre.meet()
    page = cashier.open(f"/fees/{dossier.stream}")
    assert "Nghĩa vụ tài chính: Thuế thu nhập cá nhân, 1.250.000 đ" in page.page.text
    bare = cashier.press(page, "evidence", met="một triệu")
    assert "Chưa ghi chứng từ." in bare.page.text
    assert "Số tiền đã nộp chỉ có chữ số" in bare.page.text
    done = cashier.press(bare, "evidence", evidence="GNT 0012, 01/3/2027", met="1.250.000")
    assert "Đã ghi: đã thực hiện nghĩa vụ tài chính." in cashier.follow(done).page.text
    assert cashier.node.register.dossier(dossier.stream).status is Status.PROCESSING
    shift = cashier.node.till.shift()
    assert shift is not None
    assert cashier.node.till.so_far(shift).collected == ()


def test_a_receipt_is_printed_again_with_a_reason(centre: SmallCentre, cashier: Clerk) -> None:
    dossier = centre.receive()
    take(cashier, dossier)
    page = cashier.open(f"/fees/{dossier.stream}")
    without = cashier.press(page, "reason", reason="")
    assert "Chưa ghi vì sao in lại biên lai." in without.page.text
    done = cashier.follow(cashier.press(page, "reason", reason="Kẹt giấy"))
    assert "in lần 2" in done.page.text
    assert cashier.download(to(done, ".pdf")).startswith(b"%PDF")


def test_what_is_unexplained_begins_a_sentence_and_keeps_its_capitals() -> None:
    parts = ("quỹ thiếu 100.000 đ chưa giải trình", "số EBL01 27TAA 0000005 thiếu, chưa giải trình")
    assert words.sentence(parts) == "; ".join(("Quỹ thiếu 100.000 đ chưa giải trình", parts[1]))


def test_the_drawer_is_counted_before_the_books_are_shown(centre: SmallCentre, cashier: Clerk) -> None:
    take(cashier, centre.receive())
    page = cashier.open("/till")
    assert "Phải có trong quỹ" not in page.page.text
    wrong = cashier.press(page, "/till/close", ("act", "look"), **{"notes-500000": "một"})
    assert "Số tờ 500.000 đ là một số" in wrong.page.text
    short = cashier.press(page, "/till/close", ("act", "look"), **{"notes-500000": "1", "notes-100000": "1"})
    assert "Phải có trong quỹ 700.000 đ" in " ".join(short.page.text.split())
    unexplained = cashier.press(short, "/till/close", ("act", "close"))
    assert unexplained.status == 422
    assert "Quỹ thiếu 100.000 đ chưa giải trình. Đếm lại, hoặc ghi lý do." in unexplained.page.text
    counted = cashier.press(unexplained, "/till/close", ("act", "look"), **{"notes-100000": "2"})
    assert "Quỹ và sổ khớp nhau" in counted.page.text
    closed = cashier.follow(cashier.press(counted, "/till/close", ("act", "close")))
    assert "Đã đóng ca." in closed.page.text
    assert cashier.node.till.shift() is None


def test_anothers_shift_is_closed_with_a_reason(centre: SmallCentre, cashier: Clerk) -> None:
    other = Clerk(centre, "counter-01", "thao.np")
    page = other.open("/till")
    assert "Ca này của Lương Thị Vân." in page.page.text
    counted = other.press(page, "/till/close", ("act", "look"), **{"notes-500000": "1"})
    without = other.press(counted, "/till/close", ("act", "close"))
    assert "Đóng thay thì ghi lý do." in without.page.text
    assert other.press(without, "/till/close", ("act", "close"), reason="Chị Vân ốm").status == 303


@pytest.mark.parametrize("typed", ["", "nhiều", "-5"])
def test_a_drawer_opens_with_a_number(centre: SmallCentre, typed: str) -> None:
    cashier = Clerk(centre, "counter-01", "van.lt")
    answer = cashier.press(cashier.open("/till"), "/till/open", cash=typed)
    assert answer.status == 422
    assert "cash-error" in answer.html
    assert cashier.node.till.shift() is None


def test_a_day_as_a_page_and_as_a_table(centre: SmallCentre, cashier: Clerk) -> None:
    dossier = centre.receive(applicant="=HYPERLINK(1)")
    take(cashier, dossier, method="card", reference="=1+1")
    page = cashier.open("/takings")
    assert "Quầy 01, Lương Thị Vân: 200.000 đ" in page.page.text
    assert cashier.download("/takings.xlsx?day=2027-03-01").startswith(b"PK")
    content = cashier.download("/takings.csv?day=2027-03-01").decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(content))
    assert (line["Quầy"], line["Số"], line["Lệ phí"], line["Thu vào"]) == ("Quầy 01", "1", "200000", "200000")
    assert line["Số tham chiếu"] == "'=1+1", "no spreadsheet runs what somebody typed"
    assert "chưa có khoản thu nào" in cashier.open("/takings?day=2027-03-02").page.text
    assert cashier.open("/takings?day=abc").status == 200


def test_a_receiver_takes_no_money(centre: SmallCentre) -> None:
    dossier = centre.receive()
    receiver = Clerk(centre, "counter-01", "hanh.nh")
    for path in ("/fees", f"/fees/{dossier.stream}", "/till", "/takings", "/takings.csv", "/takings.xlsx"):
        assert receiver.open(path).status == 403
