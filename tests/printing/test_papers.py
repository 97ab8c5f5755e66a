"""Every form, with typical, sparse and enormous contents: what it says, where it stands, and that it is the same again."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import date
from typing import Any, Final

import msgspec
import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from printing.blocks import Signatures
from printing.content import Paper
from printing.errors import NoFormInForce, UnreadableJob
from printing.forms import Form, Forms
from printing.letter import compose
from printing.paper import SHEETS, paginate
from printing.papers import KINDS
from printing.papers.course import Extension, HandOver, Register
from printing.papers.hall import Ticket
from printing.papers.money import PaperReceipt
from printing.samples import TYPICAL, enormous, sparse
from printing.typeface import NO_GLYPH, printable
from printing.typesetting import form_of, from_job, to_job, typeset, typeset_by
from tests.proving import Times

Poppler = Callable[..., str]

BY_FORM: Final = {paper.FORM: paper for paper in TYPICAL}
SHAPES: Final[dict[str, Callable[[Paper], Paper]]] = {
    "typical": lambda paper: paper,
    "sparse": sparse,
    "enormous": enormous,
}

SAYS: Final = {
    "01-e": ("(Bản điện tử)", "Tiếp nhận hồ sơ của: Công ty TNHH Vận tải Hữu Lũng"),
    "01-list": ("Biên bản giao nhận 03 hồ sơ", "H'Mông Vàng Seo Páo", "Tổng số: 03 hồ sơ, 3 bộ", "Cộng"),
    "02": (
        "Số: 127/HDHS",
        "Tiếp nhận hồ sơ/yêu cầu của Ông/Bà: Nông Văn Thắng",
        "Yêu cầu Ông/Bà hoàn thiện hồ sơ gồm những nội dung như sau:",
        "Số lượng",
        "Lý do yêu cầu: Bản sao quyết định chưa được chứng thực",
        "Thời hạn bổ sung: chậm nhất 16 giờ 30 phút, ngày 04 tháng 12 năm 2026",
        "Website: dichvucong.gov.vn hoặc liên hệ với công chức Nguyễn Hồng Hạnh",
        "NGƯỜI HƯỚNG DẪN",
    ),
    "03": (
        "PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ",
        "thông báo không tiếp nhận, giải quyết hồ sơ này với lý do cụ thể như sau:",
        "Xin thông báo cho Ông/Bà được biết và thực hiện./.",
    ),
    "04": (
        "VĂN BẢN XIN LỖI VÀ ĐỀ NGHỊ GIA HẠN THỜI GIAN GIẢI QUYẾT",
        "Số biên nhận hồ sơ: H37.07-261123-1407",
        "Ngày hẹn trả kết quả giải quyết hồ sơ: 16 giờ 30 phút, ngày 30 tháng 11 năm 2026",
        "trân trọng gửi lời xin lỗi đến Ông/Bà",
        "16 giờ 30 phút, ngày 04 tháng 12 năm 2026",
        "KT. GIÁM ĐỐC PHÓ GIÁM ĐỐC",
        "Lưu: VT",
    ),
    "05": ("THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ", "Căn cứ: Điều 21 Nghị định 118/2025/NĐ-CP"),
    "06": (
        "Cơ quan (bộ phận) giải quyết hồ sơ: Sở Xây dựng",
        "Cơ quan phối hợp giải quyết hồ sơ: không có",
        "THỜI GIAN GIAO, NHẬN HỒ SƠ",
        "1. Giao: Quầy 03",
        "Người nhận: Lê Minh Đức",
        "Trước hạn",
    ),
    "07": ("SỔ THEO DÕI HỒ SƠ", "Nhận và trả kết quả", "Phương thức nhận", "Ký nhận", "Tổng số: 12 hồ sơ."),
    "01-pad": ("Giấy ghi tay khi mất điện", "Số phiếu: 03-000901", "Thời gian nhận hồ sơ: …… giờ"),
    "07-pad": ("BẢN GHI TAY KHI MẤT ĐIỆN", "03-000901", "03-000910", "không dùng lại số"),
    "handover": ("GIẤY BÀN GIAO HỒ SƠ", "Bên nhận: Sở Xây dựng", "Bàn giao để giải quyết 02 hồ sơ"),
    "takeback": ("GIẤY NHẬN LẠI HỒ SƠ", "Bên giao: Sở Xây dựng", "NGƯỜI GIAO NGƯỜI NHẬN"),
    "results": ("PHIẾU BÀN GIAO KẾT QUẢ", "Phí, lệ phí", "Trả qua bưu điện", "Giấy phép kinh doanh"),
    "fee-notice": ("1.010.005", "Một triệu không trăm mười nghìn không trăm linh năm đồng", "Cộng"),
    "receipt": (
        "Mẫu số: 01BLP2-001 · Ký hiệu: 28AA-17T",
        "Số: 0001234",
        "P: 800.000 VNĐ LP: 210.005 VNĐ",
        "Một triệu không trăm mười nghìn không trăm linh năm đồng",
        "NGƯỜI THU TIỀN",
    ),
    "EBL01": (
        "Ký hiệu mẫu: EBL01 · Ký hiệu: 26TAA",
        "(Bản thể hiện của biên lai điện tử)",
        "CHỮ KÝ SỐ CỦA TỔ CHỨC THU",
    ),
    "provisional": ("PHIẾU THU TẠM", "không có giá trị thay biên lai", "1.010.005 đồng"),
    "cash": ("Số chưa giải trình được: không có", "0001201 – 0001234", "14.510.000", "Chênh lệch: 0 đ"),
    "ticket": ("B-047", "Đất đai, Môi trường", "Đang chờ trước: 6"),
    "look-up": (
        "Chờ bổ sung",
        "Hẹn trả: tạm dừng tính thời gian",
        "chậm nhất ngày 04/12/2026",
        "không thay giấy hẹn",
    ),
    "procedure": ("Mã thủ tục: 1.000703", "Phí thẩm định: 50.000 đồng", "bản chính nộp khi nhận kết quả"),
    "petition": ("PA-261123-7K3M-9QXA", "Trả lời lúc 15:45 27/11/2026", "có thêm một quầy"),
    "sticker": ("H37.07-261123-1407", "Hẹn trả 16:30 30/11/2026"),
    "06a": ("Số hồ sơ tiếp nhận", "521.756", "315.494", "509.560", "306", "Tổng cộng"),
}
"""What the law and production systems put on each form (domain §1.5, §4.3)."""


@pytest.fixture(params=sorted(KINDS))
def typical(request: pytest.FixtureRequest) -> Paper:
    return BY_FORM[request.param]


def flowing(text: str) -> str:
    return " ".join(text.split())


def named(form: Form) -> set[str]:
    """The facts that a form names outside of its tables."""
    texts = [form.title, form.number_line, form.paper_number, form.place_line, *form.marks, *form.subtitles]
    for section in form.sections:
        texts += [
            part
            for line in (*section.before, *section.after)
            for part in ([line] if isinstance(line, str) else line)
        ]
    texts += [text for one in form.signatories for text in (one.role, one.name, one.hint)]
    return {name for text in texts for name in re.findall(r"\{(\w+)\}", text)}


def test_there_is_a_sample_and_a_form_of_every_kind(forms: Forms) -> None:
    assert sorted(BY_FORM) == sorted(KINDS)
    for paper in TYPICAL:
        assert form_of(paper, forms).number == paper.FORM


def test_all_that_a_form_names_can_be_read(typical: Paper, forms: Forms, poppler: Poppler) -> None:
    form = form_of(typical, forms)
    pdf = typeset(typical, form, copy=1)
    plain = "".join("".join(poppler("pdftotext", pdf, order).split()) for order in ("-layout", "-raw"))

    for name, value in (typical.facts() | {"copy": "1"}).items():
        if name in named(form) and value:
            assert flowing(value).replace(" ", "") in plain, name
    for expected in SAYS.get(typical.FORM, ()):
        assert expected.replace(" ", "") in plain


def test_every_row_and_column_can_be_read(typical: Paper, forms: Forms, poppler: Poppler) -> None:
    form = form_of(typical, forms)
    plain = "".join(poppler("pdftotext", typeset(typical, form, copy=1), "-raw").split())

    for section in form.sections:
        for row in typical.tables().get(section.table, ()):
            for column in section.columns:
                assert "".join(form.fill_cell(column.text, row.facts()).split()) in plain


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_leaves_the_margins_or_lies_on_something_else(
    typical: Paper, shape: str, forms: Forms, poppler: Poppler
) -> None:
    paper = SHAPES[shape](typical)
    form = form_of(paper, forms)
    assert_sound(form, poppler("pdftotext", typeset(paper, form, copy=1), "-bbox"))


def assert_sound(form: Form, boxes: str) -> None:
    """Words stand inside the sheet's margins (the foot line inside the lower one), and none upon another."""
    sheet = SHEETS[form.sheet]
    for page in boxes.split("<page ")[1:]:
        height = float(re.findall(r'height="([\d.]+)"', page)[0])
        words = [
            tuple(map(float, found))
            for found in re.findall(
                r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">', page
            )
        ]
        assert words
        for x_min, y_min, x_max, y_max in words:
            assert x_min >= sheet.left - 0.5
            assert x_max <= sheet.width - sheet.right + 0.5
            assert y_min >= sheet.top - 4
            assert y_max <= height - sheet.bottom / 3
        assert not list(overlapping(words))


def overlapping(words: list[tuple[float, ...]]) -> Iterator[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Pairs of words of which one covers more than a third of the other's height and width."""
    by_line = sorted(words, key=lambda word: word[1])
    for place, one in enumerate(by_line):
        for other in by_line[place + 1 :]:
            if other[1] > one[3]:
                break
            across = min(one[2], other[2]) - max(one[0], other[0])
            down = min(one[3], other[3]) - max(one[1], other[1])
            if across > 1 and down > 0.5 * min(one[3] - one[1], other[3] - other[1]):
                yield one, other


def test_no_letter_is_missing(typical: Paper, forms: Forms, poppler: Poppler) -> None:
    """Fonts are embedded subsets of ours; a glyph that a face lacks would be a "?" (`typeface.printable`)."""
    pdf = typeset(typical, form_of(typical, forms))
    _, _, *fonts = poppler("pdffonts", pdf).splitlines()

    assert fonts
    assert all(
        re.match(r"[A-Z]{6}\+LiberationSerif\S* +TrueType +WinAnsi +yes yes yes", font) for font in fonts
    )
    assert "?" not in poppler("pdftotext", pdf)


def test_the_code_reads_at_203_dpi(
    typical: Paper, forms: Forms, scanned: Callable[[bytes], Image.Image]
) -> None:
    """And the bars, where the form has them."""
    form = form_of(typical, forms)
    found = zxingcpp.read_barcodes(scanned(typeset(typical, form, copy=1)))

    bars = form.fill_cell(form.bar_code, typical.facts())
    assert {code.text for code in found} == {typical.qr_text, bars} - {""}


def test_the_same_again_and_by_way_of_the_spool(typical: Paper, forms: Forms) -> None:
    job = to_job(typical)

    assert from_job(typical.FORM, job) == typical
    assert typeset_by(form_of(typical, forms), job) == typeset(typical, form_of(typical, forms))
    with pytest.raises(UnreadableJob):
        from_job(typical.FORM, job[:-1])


def test_a_job_of_an_unknown_form_says_so() -> None:
    with pytest.raises(UnreadableJob, match="does not know"):
        from_job("99", b"{}")


def test_a_receipt_on_paper_ends_with_the_year_2026(forms: Forms) -> None:
    """NĐ 254/2026 Đ44(2)."""
    receipt = BY_FORM["receipt"]
    assert isinstance(receipt, PaperReceipt)

    assert form_of(receipt, forms).copies == ("Lưu tại cơ quan thu", "Giao cho người nộp tiền", "Lưu nội bộ")
    with pytest.raises(NoFormInForce):
        form_of(replace(receipt, collected=receipt.collected.replace(year=2027)), forms)


def test_form_04_has_the_title_of_its_day(forms: Forms) -> None:
    letter = BY_FORM["04"]
    assert isinstance(letter, Extension)
    earlier = replace(letter, written=letter.written.replace(year=2025, month=9, day=14))

    assert form_of(letter, forms).title == "VĂN BẢN XIN LỖI VÀ ĐỀ NGHỊ GIA HẠN THỜI GIAN GIẢI QUYẾT"
    assert form_of(earlier, forms).title == "PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ"


def test_each_page_of_a_register_has_its_head(forms: Forms, poppler: Poppler) -> None:
    register = BY_FORM["07"]
    assert isinstance(register, Register)
    long = enormous(register, rows=70, letters=40)
    *pages, _ = poppler("pdftotext", typeset(long, form_of(long, forms)), "-layout").split("\f")

    assert len(pages) > 3
    assert all("Nhận và trả kết quả" in page or "NGƯỜI LẬP SỔ" in page for page in pages)
    assert all(f"trang {number}/{len(pages)}" in page for number, page in enumerate(pages, start=1))


def test_a_ticket_names_nobody_and_is_as_long_as_it_must_be(forms: Forms, poppler: Poppler) -> None:
    ticket = BY_FORM["ticket"]
    assert isinstance(ticket, Ticket)
    form = form_of(ticket, forms)
    plain = float(re.findall(r"Page size: +[\d.]+ x ([\d.]+)", poppler("pdfinfo", typeset(ticket, form)))[0])
    urgent = replace(ticket, priority="người cao tuổi")
    longer = float(re.findall(r"Page size: +[\d.]+ x ([\d.]+)", poppler("pdfinfo", typeset(urgent, form)))[0])

    assert {field.name for field in fields(ticket)}.isdisjoint(
        {"applicant", "submitter", "phone", "identity"}
    )
    assert plain < longer < plain + 40


WORDS: Final = st.lists(
    st.sampled_from(
        [
            "Nguyễn",
            "Thị",
            "Ngọc",
            "Ánh",
            "Ng.",
            "quyền",
            "sử dụng",
            "đất",
            "ở",
            "H'Mông",
            "Ỷ",
            "ậ" * 70,
            "Nguye\u0302\u0303n",
            "12/3A",
            "&",
        ]
    ),
    max_size=60,
).map(" ".join)
FREE: Final = frozenset(
    {"applicant", "submitter", "address", "procedure", "reason", "email", "payer", "note"}
)


@st.composite
def generated(draw: st.DrawFn) -> Paper:
    """A paper of any kind, with texts from empty to enormous, and any number of rows."""
    paper = draw(st.sampled_from(TYPICAL))
    changes: dict[str, Any] = {field.name: draw(WORDS) for field in fields(paper) if field.name in FREE}
    stretched = enormous(paper, rows=draw(st.integers(0, 40)), letters=draw(st.integers(0, 200)))
    rows = {
        field.name: getattr(stretched, field.name)
        for field in fields(paper)
        if isinstance(getattr(paper, field.name), tuple)
    }
    return replace(paper, **changes, **rows)


def test_whatever_is_filled_in_stays_inside_the_margins(forms: Forms, poppler: Poppler, times: Times) -> None:
    """And no word of a line is cut off or lost, no letter missing, no signature alone on its page."""

    @settings(max_examples=times(30, 500), deadline=None, suppress_health_check=list(HealthCheck))
    @given(generated())
    def check(paper: Paper) -> None:
        form = form_of(paper, forms)
        boxes = poppler("pdftotext", typeset(paper, form, copy=1), "-bbox")
        assert_sound(form, boxes)
        words = {html.unescape(word) for word in re.findall(r">([^<>]*)</word>", boxes)}
        assert not any(NO_GLYPH in word for word in words)
        if form.layout == "letter":
            assert_whole(form, paper, words)
            assert_signed_under_something(form, paper)

    check()


def assert_whole(form: Form, paper: Paper, words: set[str]) -> None:
    """Every word of what the lines say stands on paper; one that is longer than a line stands on two."""
    lines = [line for section in form.sections for line in (*section.before, *section.after)]
    named = {name for line in lines for name in re.findall(r"\{(\w+)\}", "".join(line))}
    for name, value in paper.facts().items():
        if name in named:
            missing = {word for word in printable(value).split() if len(word) < 40} - words
            # punctuation of the line itself clings to a word
            assert not {word for word in missing if not any(word in one for one in words)}, name


def assert_signed_under_something(form: Form, paper: Paper) -> None:
    tables = {name: [row.facts() for row in rows] for name, rows in paper.tables().items()}
    facts = paper.facts() | {"copy": "1", "copy_name": ""}
    placed = paginate(compose(form, facts, tables, paper.qr_text), SHEETS[form.sheet])
    last = [one.block for one in placed if one.page == placed[-1].page]
    if isinstance(placed[-1].block, Signatures):
        assert len(last) > 1, "a page of signatures could be signed for anything"


def test_signatures_take_the_last_row_of_a_table_with_them(forms: Forms) -> None:
    """However many rows there are: at each count at which the table just fills its page."""
    handed = BY_FORM["handover"]
    assert isinstance(handed, HandOver)
    form = form_of(handed, forms)
    for count in range(1, 40):
        paper = replace(
            handed, folders=tuple(replace(handed.folders[0], tt=tt) for tt in range(1, count + 1))
        )
        assert_signed_under_something(form, paper)


def test_decomposed_letters_give_the_same_paper(typical: Paper, forms: Forms) -> None:
    """A Mac's keyboard and one of Windows, on every form, byte for byte."""
    apart: dict[str, Any] = {
        field.name: unicodedata.normalize("NFD", getattr(typical, field.name))
        for field in fields(typical)
        if isinstance(getattr(typical, field.name), str)
    }
    form = form_of(typical, forms)
    assert typeset(replace(typical, **apart), form) == typeset(typical, form)


def test_a_form_says_which_fact_a_paper_lacks(forms: Forms) -> None:
    form = msgspec.structs.replace(forms.in_force("03", date(2026, 11, 23)), before=("{nonsense}",))

    with pytest.raises(Exception, match="nonsense"):
        paginate(compose(form, BY_FORM["03"].facts() | {"copy": "1", "copy_name": ""}))
