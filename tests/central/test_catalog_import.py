"""Importing procedures: what is wrong is shown row by row, what is right is imported."""

from __future__ import annotations

import csv
import io
from datetime import date
from importlib.resources import files

import pytest

from central.catalog_import import COLUMNS, Read, read_agencies, read_procedures
from central.centre import Office
from central.errors import UnreadableCatalog
from schemas.deadlines import Limit, Unit
from schemas.entries import Agency, Component, Fee, FeeKind
from tests.centres import SmallCentre

DAY = date(2026, 11, 23)
AGENCIES = (Agency("H37.07", "Sở Xây dựng"), Agency("H37.912", "Công an tỉnh", sample=True))
GOOD = {
    "ma_tthc": "1.000703",
    "ten_tthc": "Cấp Giấy phép kinh doanh vận tải",
    "linh_vuc": "Đường bộ",
    "co_quan_2026": "Sở Xây dựng (H37.07)",
    "thoi_han": "4",
    "don_vi": "ngay_lam_viec",
    "phi_vnd": "",
    "le_phi_vnd": "200000",
    "ghi_chu_phi": "",
    "phi_hieu_luc_den": "2026-12-31",
    "thanh_phan_ho_so": "Giấy đề nghị [1 bản chính, 0 bản sao] | Bằng cấp [0 bản chính,1 bản sao, nộp bản chính khi trả] | Ảnh",
    "ket_qua": "Giấy phép",
    "bon_tai_cho_du_kien": "co",
}


def _csv(*rows: dict[str, str], columns: tuple[str, ...] = (*COLUMNS, "thoi_han_goc")) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def _read(*rows: dict[str, str]) -> Read:
    return read_procedures(_csv(*rows), AGENCIES, since=DAY)


def test_a_right_row_becomes_a_procedure() -> None:
    """Limit, fee with its last day, papers with their counts."""
    (procedure,) = _read(GOOD).procedures
    assert procedure.agency == "H37.07"
    assert procedure.limit == Limit(4, Unit.WORKING_DAYS)
    assert procedure.fees == (Fee(FeeKind.FEE, 200_000, date(2026, 12, 31)),)
    assert procedure.fees_on(date(2027, 1, 1)) == ()
    assert procedure.components == (
        Component("Giấy đề nghị", 1, 0),
        Component("Bằng cấp", 0, 1, at_return=True),
        Component("Ảnh", 1, 0),
    )
    assert procedure.on_site


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"don_vi": ""}, "thời hạn không có đơn vị"),
        ({"don_vi": "tuan"}, "đơn vị thời hạn chưa dùng được"),
        ({"thoi_han": "mười"}, "thời hạn không phải số ngày"),
        ({"thoi_han": "0"}, "thời hạn không phải số ngày"),
        ({"le_phi_vnd": "25"}, "dưới 1.000 đ"),
        ({"phi_vnd": "25.000"}, "số tiền không đúng"),
        ({"co_quan_2026": "Sở Y tế"}, "không có cơ quan này"),
        ({"ma_tthc": "703"}, "mã thủ tục không đúng dạng"),
        ({"ten_tthc": ""}, "thiếu tên thủ tục"),
        ({"phi_hieu_luc_den": "31/12/2026"}, "ngày hết hiệu lực"),
        ({"ten_tthc": "x" * 2001}, "Expected `str` of length <= 2000"),
    ],
)
def test_a_wrong_row_is_left_out_and_named(fault: dict[str, str], why: str) -> None:
    """With its line, its code and its reason; the row beside it is imported."""
    read = _read({**GOOD, **fault}, {**GOOD, "ma_tthc": "2.002288"})
    assert [one.code for one in read.procedures] == ["2.002288"]
    (problem,) = read.problems
    assert problem.line == 2
    assert why in problem.why


@pytest.mark.parametrize(
    ("oddity", "why"),
    [
        ({"thoi_han_goc": "04 ngày làm việc; nộp qua bưu chính 10 ngày"}, "nhiều thời hạn"),
        ({"thoi_han_goc": "40 ngày làm việc"}, "thời hạn khác lời gốc"),
        ({"thoi_han_goc": "04 ngày"}, "thời hạn khác lời gốc"),
        ({"ghi_chu_phi": "Miễn phí"}, "miễn phí mà có số tiền"),
        ({"ghi_chu_phi": "Theo nghị quyết HĐND", "le_phi_vnd": ""}, "chưa có số tiền"),
        ({"ghi_chu_phi": "trực tuyến 115 VNĐ"}, "dưới 1.000 đ"),
        ({"ghi_chu_phi": "115.000 khi nộp trực tuyến đến hết 31/12/2025"}, "chỉ đến 31/12/2025"),
        ({"phi_hieu_luc_den": "2026-06-30"}, "phí hết hiệu lực"),
    ],
)
def test_a_row_that_is_right_and_odd_is_used_when_somebody_says_so(oddity: dict[str, str], why: str) -> None:
    """The traps of the portal (domain §4.2) that no rule can decide."""
    read = _read({**GOOD, "thoi_han_goc": "04 ngày làm việc", **oddity})
    assert len(read.procedures) == 1
    assert read.surely() == ()
    (doubt,) = read.doubts
    assert (doubt.line, doubt.code) == (2, GOOD["ma_tthc"])
    assert why in doubt.why
    assert (
        _read({**GOOD, "thoi_han_goc": "04 ngày làm việc", "ghi_chu_phi": "giảm đến hết 31/12/2026"}).doubts
        == ()
    )


def test_a_name_that_two_codes_of_one_agency_have_is_odd() -> None:
    read = _read(GOOD, {**GOOD, "ma_tthc": "2.002288"})
    assert [one.why for one in read.doubts] == ["cùng tên, cùng cơ quan với 1.000703"]


def test_a_code_that_stands_twice_is_taken_once() -> None:
    """The second row is the one that is wrong."""
    read = _read(GOOD, {**GOOD, "ten_tthc": "Tên khác"})
    assert [one.name for one in read.procedures] == [GOOD["ten_tthc"]]
    assert [one.line for one in read.problems] == [3]


def test_remarks_behind_an_agency_are_not_part_of_its_name() -> None:
    """As the notes write them: "Công an tỉnh (chuyển từ …)"."""
    read = _read({**GOOD, "co_quan_2026": "Công an tỉnh (chuyển từ Sở Tư pháp từ 01/3/2025)"})
    assert read.procedures[0].agency == "H37.912"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (_csv(), "no rows"),
        (_csv(GOOD, columns=COLUMNS[:5]), "columns are missing: don_vi, phi_vnd"),
        ("ma_tthc,ten_tthc\nCấp".encode("utf-16"), "not UTF-8"),
        (b'ma_tthc,ten_tthc\n"1.0007', "columns are missing"),
    ],
)
def test_a_file_that_is_no_catalog_is_one_clear_error(content: bytes, why: str) -> None:
    """Nothing of it is used."""
    with pytest.raises(UnreadableCatalog, match=why):
        read_procedures(content, AGENCIES, since=DAY)


def test_the_sample_is_right_but_for_the_row_without_a_limit() -> None:
    """98 codes, 97 of them fit for use, and one that shows what an import says."""
    sample = files("central") / "sample"
    agencies = read_agencies((sample / "agencies.csv").read_bytes())
    read = read_procedures((sample / "procedures.csv").read_bytes(), agencies, since=DAY)
    assert len(read.procedures) == 97
    assert [(one.code, one.why) for one in read.problems] == [("3.000095", "thời hạn không có đơn vị")]
    assert len(read.doubts) == 20


def test_imported_procedures_reach_every_node(centre: SmallCentre) -> None:
    """As sealed, numbered entries; a dossier that is open keeps the version under which it was received."""
    dossier = centre.receive()
    before = centre["central"].catalog.number
    changed = _read({**GOOD, "thoi_han": "9"}).procedures
    assert Office(centre["central"]).define(changed, by="quan.nv") == 1
    centre.meet()

    assert {node.catalog.number for node in centre.nodes.values()} == {before + 1}
    after = centre.receive("counter-02")
    assert after.received is not None
    assert after.received.limit.value == 9
    kept = centre["counter-02"].register.dossier(dossier.stream).received
    assert kept is not None
    assert kept.limit.value == 4
