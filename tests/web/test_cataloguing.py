"""Danh mục at central: one proposes, another confirms, and only then does anybody's machine say something else."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import msgspec
import pytest

from central.catalog_import import COLUMNS
from central.cataloguing.changes import changes
from central.cataloguing.fields import read, typed_of
from central.cataloguing.proposals import NotConfirmed, confirm, proposal, waiting
from central.centre import Authority, Office
from central.demo.plan import ADMINISTRATOR
from edge.looks import Language, Looks, keep_looks
from edge.node import Node
from schemas.calendar import local_day, proposed_year
from schemas.deadlines import Limit, Unit
from schemas.entries import Commune, Procedure, Queue
from schemas.fees import Channel, FeeLine, FeeTable, Kind
from schemas.seals import fingerprint
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk

SUPERVISOR = "dung.tt"
CODE = "1.000703"


@pytest.fixture
def admin(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", ADMINISTRATOR)


@pytest.fixture
def supervisor(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", SUPERVISOR)


def _edit(admin: Clerk, path: str, act: str = "propose", **changed: str | list[str]) -> Answer:
    filled = {name.replace("__", "-"): value for name, value in changed.items()}
    return admin.press(
        admin.open(path), path.partition("?")[0], ("act", act), **{"reason": "QĐ 12/QĐ-UBND", **filled}
    )


def _confirm(somebody: Clerk, proposed: Answer) -> Answer:
    path = proposed.leads_to.partition("?")[0]
    return somebody.press(somebody.open(path), f"{path}/confirm")


def _procedure(centre: SmallCentre, day: date, node: str = "central") -> Procedure:
    found = centre[node].catalog.latest.procedure(CODE, day)
    assert found is not None
    return found


def _close_agency(central: Node, last: date) -> None:
    known = central.catalog.latest.agency("H37.07")
    assert known is not None
    Office(central).define([msgspec.structs.replace(known, until=last)], by=ADMINISTRATOR)


def test_what_one_proposes_another_confirms_and_it_counts_from_its_first_day(
    centre: SmallCentre, admin: Clerk, supervisor: Clerk
) -> None:
    today = local_day(centre.clock())
    old = _procedure(centre, today).limit
    number = centre["central"].catalog.number
    proposed = _edit(
        admin,
        f"/reference/procedure/of/{CODE}/edit",
        limit__value="2",
        since=f"{today + timedelta(days=1):%d/%m/%Y}",
    )
    page = admin.follow(proposed).page.text
    assert "Thời hạn: 04 ngày làm việc → 02 ngày làm việc" in page
    assert centre["central"].catalog.number == number, "nothing is said before somebody else has said yes"

    assert _confirm(supervisor, proposed).status == 303
    centre.meet()
    assert _procedure(centre, today, "counter-01").limit == old
    tomorrow = _procedure(centre, today + timedelta(days=1), "counter-01")
    assert tomorrow.limit == Limit(2, Unit.WORKING_DAYS)
    history = supervisor.open(f"/reference/procedure/of/{CODE}").page.text
    assert "Nông Văn Quân đề nghị, Triệu Thị Dung duyệt" in history
    assert f"Hôm nay vẫn dùng bản từ {_procedure(centre, today).since:%d/%m/%Y}" in history


def test_nobody_confirms_alone_twice_or_over_another_version(
    centre: SmallCentre, admin: Clerk, supervisor: Clerk
) -> None:
    """Of two proposals side by side the second would take back the first without anybody seeing it."""
    path, central = f"/reference/procedure/of/{CODE}/edit", centre["central"]
    first, second = _edit(admin, path, limit__value="2"), _edit(admin, path, limit__value="3")
    one = waiting(central)[0].id
    assert "Duyệt danh mục 2 đang chờ" in supervisor.open("/reference").page.text
    own = admin.open(first.leads_to).page.form("/withdraw").fields
    assert "Người đề nghị không tự duyệt." in admin.post(f"/reference/proposals/{one}/confirm", own).page.text
    with pytest.raises(NotConfirmed, match="role"):
        confirm(central, one, by="huong.ltt")
    assert _confirm(supervisor, first).status == 303
    with pytest.raises(NotConfirmed, match="gone"):
        confirm(central, one, by=SUPERVISOR)
    answer = _confirm(supervisor, second)
    assert answer.status == 422
    assert "đã có bản mới sau khi đề nghị" in answer.page.text


class PowerCut(Exception):
    pass


def test_a_power_cut_leaves_a_proposal_open_or_published_and_nothing_between(
    centre: SmallCentre, admin: Clerk
) -> None:
    _edit(admin, f"/reference/procedure/of/{CODE}/edit", limit__value="2")
    central = centre["central"]
    number, proposed = central.catalog.number, waiting(central)[0].id

    def cut_before_it_is_on_the_disk() -> None:
        with central.file.write():
            confirm(central, proposed, by=SUPERVISOR)
            raise PowerCut

    with pytest.raises(PowerCut):
        cut_before_it_is_on_the_disk()
    assert (central.catalog.number, len(waiting(central))) == (number, 1)
    central = centre.reopen("central")
    assert confirm(central, proposed, by=SUPERVISOR) == 1
    assert (central.catalog.number, len(waiting(central))) == (number + 1, 0)


def test_what_was_right_when_it_was_proposed_is_looked_at_again(
    centre: SmallCentre, admin: Clerk, supervisor: Clerk
) -> None:
    tomorrow = local_day(centre.clock()) + timedelta(days=1)
    proposed = _edit(
        admin, f"/reference/procedure/of/{CODE}/edit", limit__value="2", since=f"{tomorrow:%d/%m/%Y}"
    )
    centre.clock.forward(days=3)
    supervisor.sign_in(SUPERVISOR)
    answer = _confirm(supervisor, proposed)
    assert answer.status == 422
    assert "Chọn từ hôm nay" in answer.page.text


def test_what_is_wrong_at_last_is_told_whole_in_english(
    centre: SmallCentre, admin: Clerk, supervisor: Clerk
) -> None:
    """The name of the agency in it is marked as Vietnamese, and is no markup to read."""
    today, central = local_day(centre.clock()), centre["central"]
    proposed = _edit(
        admin,
        f"/reference/procedure/of/{CODE}/edit",
        limit__value="2",
        since=f"{today + timedelta(days=1):%d/%m/%Y}",
    )
    _close_agency(central, today)
    keep_looks(central.file, SUPERVISOR, Looks(language=Language.ENGLISH))
    answer = _confirm(supervisor, proposed)
    assert answer.status == 422
    assert '<span lang="vi">Sở Xây dựng</span> no longer exists on' in answer.html


def test_a_proposal_is_refused_with_a_reason_or_taken_back(
    centre: SmallCentre, admin: Clerk, supervisor: Clerk
) -> None:
    path = f"/reference/procedure/of/{CODE}/edit"
    refused, withdrawn = _edit(admin, path, limit__value="2"), _edit(admin, path, limit__value="3")
    number = centre["central"].catalog.number
    page = supervisor.open(refused.leads_to)
    assert "Chưa ghi lý do." in supervisor.press(page, "/refuse").page.text
    supervisor.press(page, "/refuse", answer="Chưa có quyết định.")
    admin.press(admin.open(withdrawn.leads_to), "/withdraw")
    text = admin.open("/reference/proposals").page.text
    assert "Không có đề nghị nào chờ duyệt." in text
    assert "Chưa có quyết định." in text
    assert centre["central"].catalog.number == number


WRONG: tuple[tuple[str, dict[str, str], str], ...] = (
    ("procedure", {"name": ""}, "Chưa ghi tên thủ tục."),
    ("procedure", {"since": "32/01/2027"}, "Ngày ghi theo thứ tự ngày, tháng, năm"),
    ("procedure", {"since": "01/01/2020"}, "Chọn từ hôm nay"),
    ("procedure", {"until": "01/01/2020"}, "Ngày cuối trước ngày đầu."),
    ("procedure", {"limit-value": "hai"}, "Ghi một số nguyên từ 0 đến 10.000."),
    ("procedure", {"limit-value": "0"}, "Chưa ghi số ngày, giờ hoặc tháng."),
    ("procedure", {"limit-unit": ""}, "Chưa ghi đơn vị."),
    ("procedure", {"agency": "H37.999"}, "Không có cơ quan H37.999 trong danh mục."),
    ("procedure", {"agency": "Sở"}, "Mã định danh có dạng"),
    ("procedure", {"steps-approve": ""}, "Phải có bước phê duyệt."),
    ("procedure", {"steps-number": "y", "steps-seal": ""}, "Có bước cấp số thì phải có bước đóng dấu."),
    ("procedure", {"one_step": "y"}, "Thủ tục một bước thì không có bước thẩm định."),
    ("procedure", {"wording": "Cho {nobody}"}, "Hồ sơ không có dữ kiện nobody."),
    ("procedure", {"fees-0-amount": "25", "fees-0-kind": "phi"}, "25 đ dưới 1.000 đ"),
    ("procedure", {"fees-1-amount": "25000", "fees-1-kind": ""}, "Chưa ghi loại."),
    ("procedure", {"code": "1.000704"}, "Không đổi được mã"),
    ("procedure", {"reason": ""}, "Chưa ghi lý do, căn cứ."),
    ("procedure", {}, "Chưa đổi gì so với bản mới nhất."),
    ("agency", {"tax_code": "12"}, "Mã số thuế có 10 số"),
    ("agency", {"successor": "H37.08"}, "Cơ quan có nơi kế thừa thì ghi ngày cuối."),
    ("agency", {"name": "Sở Nông nghiệp và Môi trường"}, "Tên này đã có: H37.08."),
)


def test_what_is_wrong_is_said_in_words_and_nothing_typed_is_lost(admin: Clerk) -> None:
    for kind, changed, said in WRONG:
        path = f"/reference/{kind}/of/{CODE if kind == 'procedure' else 'H37.07'}/edit"
        shown = admin.open(path).page.form(path).fields
        typed = {"result": "Giấy phép số 9"} if changed else {}
        answer = admin.post(path, {**shown, "reason": "QĐ 1", "act": "propose", **typed, **changed})
        assert answer.status == 422, said
        assert said in answer.page.text
        if kind == "procedure" and changed:
            assert answer.page.form(path).fields["result"] == "Giấy phép số 9"


def test_a_row_whose_name_is_deleted_goes_and_a_new_one_comes(centre: SmallCentre, admin: Clerk) -> None:
    """And the page says so in words before anything is proposed."""
    before = _procedure(centre, local_day(centre.clock()))
    last = len(before.components)
    checked = _edit(
        admin,
        f"/reference/procedure/of/{CODE}/edit",
        "check",
        components__0__name="",
        **{
            f"components__{last}__name": "Giấy xác nhận",
            f"components__{last}__originals": "1",
            f"components__{last}__copies": "0",
        },
    )
    assert checked.status == 200
    assert f"Thành phần hồ sơ: bỏ {before.components[0].name}" in checked.page.text
    assert "Thành phần hồ sơ: thêm Giấy xác nhận: 1 bản chính, 0 bản sao" in checked.page.text
    assert waiting(centre["central"]) == []


def test_every_entry_of_the_catalog_is_the_same_when_it_was_shown_and_read(centre: SmallCentre) -> None:
    """What a page shows and gets back unchanged is the entry itself, for every kind that the editor knows."""
    view, day = centre["central"].catalog.latest, local_day(centre.clock())
    entries = [
        *view.procedures(day),
        *view.agencies(),
        view.centre(),
        proposed_year(2028),
        Queue("A", "Đất đai", day, english="Land", phase="return", places=("counter-01",)),
        Commune("06001", "Tam Thanh", False, day),
        FeeTable(CODE, (FeeLine(Kind.FEE, "lệ phí", 25_000, day, "NQ 1", channel=Channel.ONLINE),)),
    ]
    assert len(entries) > 100
    for entry in entries:
        assert entry is not None
        kind: type[msgspec.Struct] = type(entry)
        done = read(kind, typed_of(entry), entry)
        assert (done.entry, done.wrong) == (entry, [])
        assert changes(entry, entry) == []


def test_a_new_year_a_commune_a_queue_and_a_table_of_fees_are_proposed_by_the_same_page(
    centre: SmallCentre, admin: Clerk, supervisor: Clerk
) -> None:
    day = f"{local_day(centre.clock()):%d/%m/%Y}"
    made = [
        _edit(admin, "/reference/calendar/new", confirmed="y"),
        _edit(admin, "/reference/commune/new", code="06001", name="Xã Mẫu Sơn", difficult="y", since=day),
        _edit(admin, "/reference/queue/new", code="Z", name="Việc khác", since=day, phase="reception"),
        _edit(
            admin,
            f"/reference/fees/new?subject={CODE}",
            **{"lines-0-kind": "le_phi", "lines-0-name": "Lệ phí cấp phép", "lines-0-amount": "200.000",
               "lines-0-since": day, "lines-0-source": "TT 1", "lines-0-at": "reception"},
        ),
    ]  # fmt: skip
    for one in made:
        assert one.status == 303, one.page.text
        assert _confirm(supervisor, one).status == 303
    view = centre["central"].catalog.latest
    table = view.fee_table(CODE)
    assert table is not None
    assert [line.amount for line in table.lines] == [200_000]
    commune = view.commune("06001", local_day(centre.clock()))
    assert commune is not None
    assert commune.difficult
    assert view.queue("Z") is not None
    assert any(year.confirmed for year in view.calendar().years.values())


def test_an_agencys_certificate_is_proposed_and_taken_back_at_once(
    centre: SmallCentre, admin: Clerk, supervisor: Clerk
) -> None:
    _, der = Authority.make("CA", centre.clock()).issue_token("Sở Xây dựng", "1234", centre.clock())
    path = "/reference/agency/of/H37.07"
    assert admin.send(admin.open(path), "certificate", "certificate", b"<html>").status == 415
    proposed = admin.send(admin.open(path), "certificate", "certificate", der, "a.cer")
    assert f"Chứng thư: thêm {fingerprint(der)[:16]}…" in admin.follow(proposed).page.text
    assert _confirm(supervisor, proposed).status == 303
    agency = centre["central"].catalog.latest.agency("H37.07")
    assert agency is not None
    assert der in agency.ders()
    revoke = f"{path}/revoke/{fingerprint(der)}"
    page = admin.open(path)
    assert "Chưa ghi lý do thu hồi." in admin.press(page, revoke).page.text
    assert "Đã thu hồi" in admin.follow(admin.press(page, revoke, why="mất thiết bị")).page.text


def test_who_may_not_sees_no_editor(centre: SmallCentre) -> None:
    officer = Clerk(centre, "central", "huong.ltt")
    assert officer.open(f"/reference/procedure/of/{CODE}").status == 200, "everybody may read what was said"
    for path in (
        f"/reference/procedure/of/{CODE}/edit",
        "/reference/procedure/new",
        "/reference/proposals",
        "/reference/import",
    ):
        assert officer.open(path).status == 403
    assert Clerk(centre, "central", SUPERVISOR).open("/reference/import").status == 403


# ---- the portal's data, in stages


GOOD = {
    "ma_tthc": "1.000703",
    "ten_tthc": "Cấp Giấy phép kinh doanh vận tải",
    "linh_vuc": "Đường bộ",
    "co_quan_2026": "Sở Xây dựng (H37.07)",
    "thoi_han": "3",
    "don_vi": "ngay_lam_viec",
    "thoi_han_goc": "03 ngày làm việc",
    "phi_vnd": "",
    "le_phi_vnd": "200000",
    "ghi_chu_phi": "",
    "phi_hieu_luc_den": "",
    "thanh_phan_ho_so": "Giấy đề nghị [1 bản chính, 0 bản sao]",
    "ket_qua": "Giấy phép",
    "bon_tai_cho_du_kien": "co",
}


def _csv(*rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, (*COLUMNS, "thoi_han_goc"))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _import(admin: Clerk, *rows: dict[str, str]) -> Answer:
    return admin.send(admin.open("/reference/import"), "/reference/import", "file", _csv(*rows), "cong.csv")


def test_the_portals_data_is_read_looked_at_proposed_and_confirmed(
    centre: SmallCentre, admin: Clerk, supervisor: Clerk
) -> None:
    """The wrong row is left out, the odd one waits for somebody's word, the right one goes on."""
    odd = {
        **GOOD,
        "ma_tthc": "9.000001",
        "ten_tthc": "Việc lạ",
        "thoi_han_goc": "10 ngày làm việc; từng trường hợp 20 ngày",
    }
    odder = {**GOOD, "ma_tthc": "9.000002", "ten_tthc": "Việc lạ hơn", "ghi_chu_phi": "Miễn phí"}
    wrong = {**GOOD, "ma_tthc": "9.000003", "le_phi_vnd": "25"}
    page = admin.follow(_import(admin, GOOD, odd, odder, wrong))
    text = page.page.text
    assert "4 dòng: 2 thủ tục mới, 1 thủ tục đổi, 0 không đổi, 1 dòng bỏ lại" in text
    assert "lời gốc ghi nhiều thời hạn" in text
    assert "ghi chú là miễn phí mà có số tiền" in text
    assert "phí 25 đ dưới 1.000 đ" in text

    assert "Chưa ghi lý do" in admin.press(page, "/reference/staged/1").page.text
    proposed = admin.press(page, "/reference/staged/1", line="4", reason="QĐ công bố 92")
    told = supervisor.open(proposed.leads_to).page.text
    assert "Việc lạ hơn" in told
    assert "9.000001" not in told
    number = centre["central"].catalog.number
    assert _confirm(supervisor, proposed).status == 303
    assert centre["central"].catalog.number == number + 2
    view, tomorrow = centre["central"].catalog.latest, local_day(centre.clock()) + timedelta(days=1)
    assert view.procedure("9.000002", tomorrow) is not None
    assert view.procedure("9.000001", tomorrow) is None
    changed = _procedure(centre, tomorrow)
    assert changed.limit == Limit(3, Unit.WORKING_DAYS)
    again = admin.follow(_import(admin, GOOD)).page.text
    assert "1 dòng: 0 thủ tục mới, 0 thủ tục đổi, 1 không đổi" in again


def test_the_report_of_a_file_is_kept_in_vietnamese_whoever_read_it(
    centre: SmallCentre, admin: Clerk
) -> None:
    """Somebody whose pages are in English sends the file; all others read the report too."""
    central = centre["central"]
    _close_agency(central, local_day(centre.clock()))
    keep_looks(central.file, ADMINISTRATOR, Looks(language=Language.ENGLISH))
    _import(admin, GOOD)
    staged = proposal(central, 1)
    assert staged is not None
    (left,) = staged.report.odd
    day = f"{local_day(centre.clock()) + timedelta(days=1):%d/%m/%Y}"
    assert left.why == f"Sở Xây dựng không còn vào ngày {day}."


def test_what_only_the_centre_decides_outlives_an_import(
    centre: SmallCentre, admin: Clerk, supervisor: Clerk
) -> None:
    known = _procedure(centre, local_day(centre.clock()))
    kept = msgspec.structs.replace(
        known, checklist=("Đủ giấy tờ?",), in_difficult_communes=10, decision="QĐ 7"
    )
    Office(centre["central"]).define([kept], by=ADMINISTRATOR)
    page = admin.follow(_import(admin, GOOD))
    proposed = admin.press(page, "/reference/staged/1", reason="QĐ công bố 92")
    assert _confirm(supervisor, proposed).status == 303
    after = _procedure(centre, local_day(centre.clock()) + timedelta(days=1))
    assert after.limit.value == 3
    assert (after.checklist, after.in_difficult_communes, after.decision, after.steps) == (
        kept.checklist, 10, "QĐ 7", kept.steps,
    )  # fmt: skip


def test_a_file_that_is_no_table_is_one_clear_error(centre: SmallCentre, admin: Clerk) -> None:
    page = admin.open("/reference/import")
    assert "Không đọc được tệp" in admin.send(page, "/reference/import", "file", b"a,b\n1,2\n").page.text
    assert admin.send(page, "/reference/import", "file", b"<html>").status == 415
    assert waiting(centre["central"]) == []
