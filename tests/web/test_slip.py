"""A slip of paper before any machine: real, real and its dossier elsewhere, altered, forged; and nothing personal."""

from __future__ import annotations

from datetime import date

import orjson
import pytest
import zxingcpp
from msgspec.structs import replace

from central.centre import Office
from central.demo.plan import ADMINISTRATOR
from central.trust import cut_before
from edge.keys import NodeKeys
from edge.register import Fork
from printing import raster
from printing.spool import PrintJob
from schemas.acts import FeeCollected, PaidLine, Reasoned, Receipt, ReceiptReplaced, ReceiptUndone
from schemas.entries import Duty, Entry, Grant, Role
from schemas.fold import Dossier
from schemas.slips import Coded, SlipCode
from tests.centres import SEALED, SmallCentre
from tests.web.clerk import Answer, Clerk, confirmed


def _code(centre: SmallCentre, dossier: Dossier, at: str = "counter-01") -> str:
    """The text of the QR code on the slip that was printed."""
    with centre[at].file.read():
        job = PrintJob.get(PrintJob.stream == dossier.stream)
    return str(orjson.loads(bytes(job.payload))["qr_text"])


def _asked(centre: SmallCentre, code: str, at: str = "counter-02") -> Answer:
    citizen = Clerk(centre, at)
    return citizen.press(citizen.open("/slip"), "code", code=code)


def test_a_real_slip_is_known_at_every_machine_without_signing_in_and_without_a_name(
    centre: SmallCentre,
) -> None:
    dossier = centre.receive()
    code = _code(centre, dossier)
    centre.meet()
    for name in centre.nodes:
        text = _asked(centre, code, name).page.text
        assert "Giấy hẹn thật. Hồ sơ có ở máy này." in text
        assert "H37.07-270301-0101" in text
        assert "Được tiếp nhận" in text
        for personal in ("Nông", "Thắng", "020085004127", "0912000345", "Hạnh"):
            assert personal not in text


def test_a_contested_dossier_is_said_to_be_looked_into(centre: SmallCentre) -> None:
    dossier = centre.appraised()
    centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()
    assert "Đang đối soát" in _asked(centre, _code(centre, dossier)).page.text


def test_a_real_slip_whose_dossier_is_not_here_is_real_all_the_same(centre: SmallCentre) -> None:
    """And the citizen reads what to do: the counter can enter it again under its number."""
    code = _code(centre, centre.receive())
    text = _asked(centre, code).page.text
    assert "Giấy hẹn thật, nhưng hồ sơ chưa có ở máy này." in text
    assert "quầy nhập lại được vào đúng hồ sơ, đúng số này" in text


@pytest.mark.parametrize("part", [1, 2, 3, 4, 5])
def test_an_altered_slip_is_told_from_a_forged_one(centre: SmallCentre, part: int) -> None:
    """Whatever is altered, as long as something of it is of a dossier here."""
    dossier = centre.receive()
    other = centre.receive(applicant="Lý A Sáng")
    centre.meet()
    mine, theirs = _code(centre, dossier).split("|"), _code(centre, other).split("|")
    theirs[4] = "counter-02.1"
    altered = "|".join([*mine[:part], theirs[part], *mine[part + 1 :]])
    assert "Giấy hẹn đã bị sửa." in _asked(centre, altered).page.text


def test_a_forged_slip_is_called_so(centre: SmallCentre) -> None:
    """With somebody's own key, in the name of a machine; and of a machine that there is not."""
    keys = NodeKeys.generate()
    forged = SlipCode("H37.07-270301-0199", "d" * 32, "e" * 64, "counter-01.1").sealed(keys.ed25519.sign)
    assert "Giấy hẹn giả." in _asked(centre, forged).page.text
    nowhere = SlipCode("H37.07-270301-7799", "d" * 32, "e" * 64, "counter-77.1").sealed(keys.ed25519.sign)
    assert "Chưa kiểm tra được." in _asked(centre, nowhere).page.text


@pytest.mark.parametrize("text", ["", "xin chào", "MC1|a|b|c|d|e", "00020085004127|281234567|Nông Văn Thắng"])
def test_what_is_no_slip_is_no_slip(centre: SmallCentre, text: str) -> None:
    answer = _asked(centre, text)
    assert "Đây không phải mã trên giấy của Trung tâm." in answer.page.text
    assert "Nông" not in answer.page.text


def test_a_slip_of_a_machine_that_was_cut_is_not_believed_without_its_dossier(centre: SmallCentre) -> None:
    """Who has the key of a stolen machine can print as many as they like; those with a dossier stay real."""
    before = centre.receive("counter-02", by="long.pd")
    centre.meet()
    keys = centre["counter-02"].keys
    made = SlipCode("H37.07-270301-0299", "d" * 32, "e" * 64, "counter-02.1").sealed(keys.ed25519.sign)
    assert "Giấy hẹn thật, nhưng" in _asked(centre, made, "counter-01").page.text
    line = before.timeline[0]
    fork = Fork("counter-02.1", 1, (line, before.stream), (line, before.stream))
    cut_before(centre["central"], fork, by="quan.nv")
    centre.meet()
    assert "Chưa tin được giấy hẹn này." in _asked(centre, made, "counter-01").page.text
    assert (
        "Hồ sơ có ở máy này." in _asked(centre, _code(centre, before, "counter-02"), "counter-01").page.text
    )


def test_nobody_asks_as_often_as_they_like(centre: SmallCentre) -> None:
    citizen = Clerk(centre, "counter-01")
    page = citizen.open("/slip")
    answers = [citizen.press(page, "code", code=f"MC1|{number}").status for number in range(15)]
    assert answers[:10] == [200] * 10
    assert 429 in answers


# ---- results and receipts


def _code_of_result(centre: SmallCentre, dossier: Dossier) -> str:
    """What a decoder reads on the first page of the signed result."""
    content = centre["room-01"].archive.read(dossier.standing.result or "")
    page = next(raster.pages(content or b""))
    (found,) = zxingcpp.read_barcodes(page.convert("L"))
    return str(found.text)


def test_a_result_on_paper_is_known_by_its_code_at_every_machine(centre: SmallCentre) -> None:
    """Its number and date, which were written after the signature, and by whose right it was signed; no name."""
    dossier = centre.receive(procedure=SEALED)
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    sealed = centre.seal(dossier)
    centre.meet()
    numbered = sealed.standing.number
    assert numbered is not None
    for name in centre.nodes:
        text = _asked(centre, _code_of_result(centre, sealed), name).page.text
        assert "Văn bản kết quả thật." in text
        assert f"Số văn bản: {numbered.data.number}" in text
        assert "Ngày văn bản: 01/03/2027" in text
        assert "Nội dung: Đồng ý giải quyết" in text
        assert "TUQ. GIÁM ĐỐC" in text
        for personal in ("Nông", "020085004127", "0912000345"):
            assert personal not in text


def test_a_result_that_another_one_replaced_is_real_and_worth_nothing(centre: SmallCentre) -> None:
    """The paper is in somebody's hand; the approver has taken it back and decided otherwise."""
    dossier = centre.appraised()
    first = _code_of_result(centre, centre.approve(dossier))
    room = centre["room-01"]
    room.ledger.act(dossier.stream, "dossier.sent_back", Reasoned(reason="Xem lại."), by="viet.tq")
    assert "đã bị rút lại hoặc thay" in _asked(centre, first, "room-01").page.text
    centre.appraise(dossier, passed=False)
    second = _code_of_result(centre, centre.refuse(dossier))
    centre.meet()
    assert "đã bị rút lại hoặc thay" in _asked(centre, first).page.text
    text = _asked(centre, second).page.text
    assert "Hồ sơ có ở máy này." in text
    assert "Nội dung: Không giải quyết" in text


def test_a_contested_result_is_not_to_be_used(centre: SmallCentre) -> None:
    dossier = centre.appraised()
    approved = centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()
    assert "chưa dùng văn bản này" in _asked(centre, _code_of_result(centre, approved)).page.text


def test_a_draft_that_nobody_signed_is_no_result(centre: SmallCentre) -> None:
    """The machine made it, and no decision names it."""
    dossier = centre.appraised()
    code = SlipCode("H37.07-270301-0101", dossier.stream, "a" * 64, "room-01.1", Coded.RESULT)
    text = _asked(centre, code.sealed(centre["room-01"].keys.ed25519.sign)).page.text
    assert "Văn bản kết quả thật, nhưng hồ sơ chưa có ở máy này." not in text
    assert "Chưa có quyết định nào như vậy." in text


CASHIER, SUPERVISOR = "hanh.nh", "long.pd"


def _take_money(centre: SmallCentre) -> None:
    """Let counter-01 collect, and somebody there be cashier, somebody else supervisor."""
    view = centre["central"].catalog.latest
    card = view.card("counter-01.1")
    assert card is not None
    said: list[Entry] = [replace(card, duties=(*card.duties, Duty.COLLECT))]
    for name, role in ((CASHIER, Role.CASHIER), (SUPERVISOR, Role.SUPERVISOR)):
        person = view.person(name)
        assert person is not None
        said.append(replace(person, roles=(*person.roles, Grant(role, date(2026, 1, 1)))))
    Office(centre["central"]).define(said, by=ADMINISTRATOR)
    centre.meet()


def test_a_receipt_is_worth_its_money_until_it_is_void(centre: SmallCentre) -> None:
    _take_money(centre)
    dossier = centre.receive()
    node = centre["counter-01"]
    receipt = Receipt(form="EBL01", symbol="27TAA", number=17)
    paid = FeeCollected(receipt, (PaidLine("phi", "Phí thẩm định", 200_000),), 200_000, "Nông Văn Thắng")
    before = node.ledger.act(dossier.stream, "dossier.fee_collected", paid, by=CASHIER)
    collected = before.timeline[-1].hash
    code = node.papers.code_of_receipt(dossier.stream, collected, receipt)
    centre.meet()
    text = _asked(centre, code).page.text
    for words in ("Biên lai thật.", "Số biên lai 27TAA-17", "Số tiền: 200.000 đ"):
        assert words in text
    assert "Nông" not in text
    node.ledger.act(
        dossier.stream,
        "dossier.fee_voided",
        ReceiptUndone(collected, "Ghi sai tên."),
        by=CASHIER,
        with_=(SUPERVISOR,),
    )
    centre.meet()
    assert "biên lai này đã bị huỷ" in _asked(centre, code).page.text
    another = code.replace("27TAA-17", "27TAA-18")
    assert "Biên lai đã bị sửa." in _asked(centre, another).page.text


def test_a_slip_while_a_receipt_is_pending_is_no_receipt_and_ends_with_it(centre: SmallCentre) -> None:
    """The receipt in its place proves the same money, under its own number."""
    _take_money(centre)
    dossier, node = centre.receive(), centre["counter-01"]
    pending = Receipt(form="TẠM", symbol="Q01", number=7, provisional=True)
    paid = FeeCollected(pending, (PaidLine("phi", "Phí thẩm định", 200_000),), 200_000, "Nông Văn Thắng")
    collected = node.ledger.act(dossier.stream, "dossier.fee_collected", paid, by=CASHIER).timeline[-1].hash
    slip = node.papers.code_of_receipt(dossier.stream, collected, pending)
    text = _asked(centre, slip, "counter-01").page.text
    assert "Phiếu thu tạm thật." in text
    assert "không thay biên lai" in text
    issued = Receipt(form="EBL01", symbol="27TAA", number=18)
    replaced = ReceiptReplaced(collected, issued, "Đã có mạng.")
    node.ledger.act(dossier.stream, "dossier.receipt_replaced", replaced, by=CASHIER, with_=(SUPERVISOR,))
    assert "đã được thay bằng biên lai khác" in _asked(centre, slip, "counter-01").page.text
    receipt = node.papers.code_of_receipt(dossier.stream, collected, issued)
    text = _asked(centre, receipt, "counter-01").page.text
    assert "Biên lai thật. Hồ sơ có ở máy này." in text
    assert "Số biên lai 27TAA-18" in text


def test_the_code_leads_a_telephone_to_the_public_page(centre: SmallCentre) -> None:
    """Once the administrator has said where it is; what was printed before stays as it is."""
    before = _code(centre, centre.receive())
    admin = Clerk(centre, "central", ADMINISTRATOR)
    page = "https://motcua.example/slip"
    for wrong in ("http://motcua.example", "https://a b", "https://x.example/#", "https://" + "x" * 80):
        assert admin.press(admin.open("/forms"), "page", page=wrong).status == 422
    confirmed(centre, admin.press(admin.open("/forms"), "page", page=page))
    centre.meet()
    after = _code(centre, centre.receive(applicant="Hoàng Thị Mai"))
    centre.meet()
    assert before.startswith("MC1|")
    assert after.startswith(f"{page}#MC1~")
    for code in (before, after):
        assert "Giấy hẹn thật. Hồ sơ có ở máy này." in _asked(centre, code).page.text
