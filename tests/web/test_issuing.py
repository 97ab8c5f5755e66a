"""After 2026: the slip bears the number, and the electronic receipt follows; what is still to be issued is known."""

from __future__ import annotations

import csv
import io
import re

import pytest

from central.verify import verify
from edge.slip_check import check_slip, is_issued
from printing import raster
from printing.spool import PrintJob
from schemas.fold import Dossier
from schemas.rules import Money
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk

SAVE = ("act", "save")


@pytest.fixture
def cashier(centre: SmallCentre) -> Clerk:
    cashier = Clerk(centre, "counter-01", "van.lt")
    cashier.press(cashier.open("/till"), "/till/open", cash="500.000")
    return cashier


def taken(centre: SmallCentre, cashier: Clerk) -> Dossier:
    dossier = centre.receive()
    fees = f"/fees/{dossier.stream}"
    assert cashier.press(cashier.open(fees), fees, ("act", "take")).status == 303
    return cashier.node.register.dossier(dossier.stream)


def row_of(page: Answer) -> str:
    """The field beside the first receipt of the list."""
    found = re.search(r'name="(lookup-[0-9a-f]{64})"', page.html)
    assert found is not None, page.page.text
    return found[1]


def test_what_was_taken_waits_until_its_receipt_was_issued(centre: SmallCentre, cashier: Clerk) -> None:
    """The payer's slip becomes the receipt: same number, same code; the rendering says who signed and where to look."""
    dossier = taken(centre, cashier)
    code = slip_code(cashier, dossier)
    page = cashier.open("/fees/pending")
    assert "Biên lai điện tử chờ phát hành: 1" in page.page.text
    assert "27TAA-1" in page.page.text
    assert "04/03 16:30" in page.page.text, "three working days"
    nothing = cashier.press(page, "signed", SAVE)
    assert "Chưa có biên lai nào" in nothing.page.text
    done = cashier.press(page, "signed", SAVE, **{row_of(page): "A1B2 C3D4", "on_paper": "y"})
    assert "Đã ghi phát hành 1 biên lai." in cashier.follow(done).page.text
    assert "chờ phát hành: 0" in cashier.open("/fees/pending").page.text
    assert cashier.press(page, "signed", SAVE, **{row_of(page): "X"}).status == 409, "issued once"
    with cashier.node.file.read():
        (job,) = PrintJob.select().where(PrintJob.form == "EBL01")
    paper = raster.seen(cashier.node.papers.render_job(job.form, bytes(job.payload)))
    words = " ".join(word.text for page in paper for word in page.words)
    for said in ("Ký hiệu: 27TAA", "Số: 1", "A1B2 C3D4", "Sở Xây dựng", "Hai trăm nghìn đồng"):
        assert said in words
    fees = cashier.open(f"/fees/{dossier.stream}").page.text
    assert "Đã phát hành" in fees
    assert "mã tra cứu A1B2 C3D4" in fees
    centre.meet()
    checked = check_slip(centre["counter-02"], code)
    assert is_issued(centre["counter-02"], checked)
    citizen = Clerk(centre, "counter-02")
    assert "Biên lai thật." in citizen.press(citizen.open("/slip"), "/slip", code=code).page.text
    assert verify(centre.data / "counter-01").findings == ()


def slip_code(cashier: Clerk, dossier: Dossier) -> str:
    done = dossier.standing.newest["dossier.fee_collected"]
    return cashier.node.papers.code_of_receipt(dossier.stream, done.hash, done.data.receipt)


def test_a_list_from_the_program_that_issues_them_is_taken_whole_or_not_at_all(
    centre: SmallCentre, cashier: Clerk
) -> None:
    for _ in range(3):
        taken(centre, cashier)
    page = cashier.open("/fees/pending")
    wrong = "27TAA;1;AAA\n27TAA;99;BBB\n27TAA;2;\n27TAA;1;CCC\n27TAA\t3\tDDD\t31/02/2027 08:00"
    answer = cashier.press(page, "signed", SAVE, lines=wrong)
    assert answer.status == 422
    for said in (
        "Dòng 2: không có biên lai 27TAA số 99",
        "Dòng 3: chưa có mã tra cứu.",
        "Dòng 4: biên lai 27TAA số 1 ghi hai lần.",
        "Dòng 5: ký lúc ghi như",
    ):
        assert said in answer.page.text
    assert cashier.node.till.count_pending() == 3
    assert "27TAA;99;BBB" in answer.html, "what was pasted stays"
    right = "27taa; 1; AAA\n\n27TAA\t3\tDDD\t01/03/2027 08:00"
    assert cashier.press(answer, "signed", SAVE, lines=right).status == 303
    assert [row.number for row in cashier.node.till.pending()] == [2]
    assert cashier.press(page, "signed", lines="27TAA;2;x").status == 200, "Enter only looks"
    assert cashier.node.till.count_pending() == 1
    cashier.node.projector.rebuild()
    assert cashier.node.till.count_pending() == 1


def test_the_file_has_all_that_stands_on_a_receipt_and_a_void_one_is_not_waited_for(
    centre: SmallCentre, cashier: Clerk
) -> None:
    first, second = taken(centre, cashier), taken(centre, cashier)
    name = first.standing.newest["dossier.fee_collected"].hash
    cashier.node.till.void(first.stream, name, "Sai tên", by="van.lt", with_=("thao.np",))
    head, row = csv.reader(io.StringIO(cashier.download("/fees/pending.csv").decode("utf-8-sig")))
    said = dict(zip(head, row, strict=True))
    assert second.received is not None
    assert (said["Mẫu"], said["Ký hiệu"], said["Số"], said["Tổng tiền"]) == ("EBL01", "27TAA", "2", "200000")
    assert said["Mã hồ sơ"] == second.received.number
    assert cashier.raw("/fees/pending.xlsx").status_code == 200
    centre.meet()
    other = Clerk(centre, "counter-02", "thao.np")
    assert "27TAA-2" in other.open("/fees/pending").page.text
    assert "chờ phát hành: 0" in other.open("/fees/pending?place=here").page.text
    assert Clerk(centre, "counter-01", "hanh.nh").open("/fees/pending").status == 403
    assert second.money is Money.PAID
    supervisor = Clerk(centre, "central", "dung.tt")
    assert "27TAA-2" in supervisor.open("/fees/pending").page.text
    assert 'name="signed"' not in supervisor.open("/fees/pending").html, (
        "whoever collects says what was issued"
    )
