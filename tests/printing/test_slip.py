"""Form 01: what it says, how it breaks over pages, that it is the same every time."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, timezone

import pypdf
import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from printing import letter
from printing.blocks import Signatures
from printing.errors import TooMuchForQr, UnreadableJob
from printing.forms import Form, Forms
from printing.paper import A4, paginate
from printing.papers.reception import Component, ReceiptSlip
from printing.qr import MOST_BYTES
from printing.typesetting import form_of, to_job, typeset, typeset_by

Poppler = Callable[..., str]

LONG_NAME = ("Đăng ký biến động quyền sử dụng đất, quyền sở hữu tài sản gắn liền với đất; " * 9)[:665]


def flowing(text: str) -> str:
    """As read aloud: line breaks are spaces."""
    return " ".join(text.split())


def many(count: int) -> tuple[Component, ...]:
    return tuple(
        Component(
            tt=number,
            name=f"Giấy tờ thứ {number:02d} " + "về thỏa thuận giữa các bên " * (number % 5),
            originals=1,
            certified=0,
            copies=number,
        )
        for number in range(1, count + 1)
    )


def test_everything_that_form_01_asks_for_can_be_read(
    slip: ReceiptSlip, form01: Form, poppler: Poppler
) -> None:
    text = flowing(poppler("pdftotext", typeset(slip, form01, copy=1), "-layout"))

    for expected in (
        "TRUNG TÂM PHỤC VỤ",
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Lạng Sơn, ngày 23 tháng 11 năm 2026",
        "Quyển số: Q03/2026, Số thứ tự: 1407",
        "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        "(Liên 1: Lưu)",
        "Mã hồ sơ: H37.07-261123-1407",
        "Bộ phận tiếp nhận và trả kết quả: Quầy 03, Trung tâm Phục vụ hành chính công",
        "Tiếp nhận hồ sơ của: Công ty TNHH Vận tải Hữu Lũng, mã số thuế 4900873149",
        "Người nộp: Nông Văn Thắng (giấy ủy quyền số 12/GUQ ngày 20/11/2026)",
        "Địa chỉ: Số 45, đường Phai Vệ, phường Đông Kinh, tỉnh Lạng Sơn",
        "Số điện thoại: 0912 000 345 Email: không có Số căn cước: 020085004127",
        "bằng xe bốn bánh có gắn động cơ (mã thủ tục 1.000703)",
        "1 Giấy đề nghị cấp Giấy phép kinh doanh theo mẫu 1 0 0",
        "Giấy chứng nhận đăng ký doanh nghiệp (CSDL không",
        "2. Số lượng hồ sơ: 01 (bộ)",
        "3. Thời gian giải quyết hồ sơ theo quy định là: 04 ngày làm việc",
        "4. Thời gian nhận hồ sơ: 10 giờ 13 phút, ngày 23 tháng 11 năm 2026",
        "5. Thời gian trả kết quả giải quyết hồ sơ: 16 giờ 30 phút, ngày 30 tháng 11 năm 2026 "
        "(thứ Hai; không tính 24/11 là ngày nghỉ và 28, 29/11)",
        "6. Đăng ký nhận kết quả tại: Trung tâm Phục vụ hành chính công",
        "NGƯỜI NỘP HỒ SƠ NGƯỜI TIẾP NHẬN HỒ SƠ",
        "Nông Văn Thắng Nguyễn Hồng Hạnh",
        "In lần 1 · Quầy 03",
    ):
        assert expected in text
    assert "trang" not in text


def test_both_copies_say_whose_they_are(slip: ReceiptSlip, form01: Form, poppler: Poppler) -> None:
    first, second, nothing = poppler("pdftotext", typeset(slip, form01)).split("\f")

    assert "(Liên 1: Lưu)" in first
    assert "(Liên 2: Giao khách hàng)" in second
    assert nothing == ""


def test_a_reprint_says_that_it_is_one(slip: ReceiptSlip, form01: Form, poppler: Poppler) -> None:
    assert "In lần 2 · Quầy 03" in poppler("pdftotext", typeset(replace(slip, print_count=2), form01, copy=1))


def test_who_comes_for_himself_needs_no_authorisation(
    slip: ReceiptSlip, form01: Form, poppler: Poppler
) -> None:
    alone = replace(
        slip, applicant="Nông Văn Thắng", applicant_id="", applicant_id_kind="", authorisation="", due_note=""
    )
    text = poppler("pdftotext", typeset(alone, form01, copy=1))

    assert "Tiếp nhận hồ sơ của: Nông Văn Thắng\n" in text
    assert "Người nộp: Nông Văn Thắng\n" in text
    assert "năm 2026 (" not in text


def test_a_second_phase_has_its_own_moments(slip: ReceiptSlip, form01: Form, poppler: Poppler) -> None:
    """For procedures that go on when an obligation is met; others do not mention it."""
    two = replace(slip, second_received=slip.due, second_due=slip.due + timedelta(days=4))

    assert "giai đoạn 2" not in poppler("pdftotext", typeset(slip, form01, copy=1))
    text = flowing(poppler("pdftotext", typeset(two, form01, copy=1)))
    assert "7. Thời gian nhận hồ sơ (giai đoạn 2): 16 giờ 30 phút, ngày 30 tháng 11 năm 2026" in text
    assert "8. Thời gian trả kết quả giải quyết hồ sơ (giai đoạn 2): 16 giờ 30 phút, ngày 04 tháng 12" in text


def test_the_qr_code_reads_at_203_dpi(
    slip: ReceiptSlip, form01: Form, scanned: Callable[[bytes], Image.Image]
) -> None:
    (found,) = zxingcpp.read_barcodes(scanned(typeset(slip, form01, copy=1)))

    assert found.text == slip.qr_text


def test_more_than_a_qr_code_can_carry_is_refused(slip: ReceiptSlip, form01: Form) -> None:
    with pytest.raises(TooMuchForQr):
        typeset(replace(slip, qr_text="x" * (MOST_BYTES + 1)), form01, copy=1)


def test_seventy_components_repeat_the_head_of_the_table(
    slip: ReceiptSlip, form01: Form, poppler: Poppler
) -> None:
    monstrous = replace(slip, procedure=LONG_NAME, components=many(70), email="rat.dai." * 12 + "@example.vn")
    *pages, _ = poppler("pdftotext", typeset(monstrous, form01, copy=1), "-layout").split("\f")

    assert [re.findall(r"trang \d+/\d+", page) for page in pages] == [
        [f"trang {number}/{len(pages)}"] for number in range(1, len(pages) + 1)
    ]
    assert all("Mã hồ sơ: H37.07-261123-1407" in page for page in pages)
    with_rows = [page for page in pages if "Giấy tờ thứ" in page]
    assert len(with_rows) > 3
    assert all("Thành phần hồ sơ" in page and "chứng thực" in page for page in with_rows)
    assert re.findall(r"Giấy tờ thứ (\d\d)", "".join(pages)) == [f"{number:02d}" for number in range(1, 71)]
    assert flowing(LONG_NAME) in flowing(pages[0])


def test_each_copy_counts_its_own_pages(slip: ReceiptSlip, form01: Form, poppler: Poppler) -> None:
    text = poppler("pdftotext", typeset(replace(slip, components=many(20)), form01))

    assert re.findall(r"trang (\d/\d)", text) == ["1/2", "2/2", "1/2", "2/2"]


def test_nothing_leaves_the_margins(slip: ReceiptSlip, form01: Form, poppler: Poppler) -> None:
    words_without_end = replace(
        slip,
        applicant="Công" * 100,
        address="x" * 400,
        email="a" * 300,
        counter="Quầy tiếp nhận hồ sơ và trả kết quả lĩnh vực đất đai",
        due_note="ngày nghỉ " * 300,
        components=(
            Component(tt=1, name="một " * 1500, originals=1, certified=0, copies=0),
            Component(tt=2, name="y" * 200, originals=999, certified=999, copies=999),
        ),
    )
    boxes = re.findall(
        r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)"',
        poppler("pdftotext", typeset(words_without_end, form01, copy=1), "-bbox"),
    )

    left, right = 85.0, 85.1 + A4.text_width
    assert len(boxes) > 1000
    for x_min, y_min, x_max, y_max in boxes:
        assert left <= float(x_min)
        assert float(x_max) <= right + 0.5
        assert float(y_min) >= 50
        assert float(y_max) <= 841.9 - A4.bottom / 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(count=st.integers(0, 45), note=st.integers(0, 1500))
def test_signatures_never_stand_alone(slip: ReceiptSlip, form01: Form, count: int, note: int) -> None:
    """A page with nothing but signatures could be put behind any paper."""
    paper = replace(slip, components=many(count), due_note="lý do " * (note // 6))
    rows = [row.facts() for row in paper.components]
    fields = paper.facts() | {"copy": "1", "copy_name": "Lưu"}
    placed = paginate(letter.compose(form01, fields, {"components": rows}, slip.qr_text))

    last = [item.block for item in placed if item.page == placed[-1].page]
    assert isinstance(last[-1], Signatures)
    assert len(last) >= 2


def test_decomposed_and_composed_letters_give_the_same_paper(slip: ReceiptSlip, form01: Form) -> None:
    apart = replace(
        slip,
        applicant=unicodedata.normalize("NFD", slip.applicant),
        procedure=unicodedata.normalize("NFD", slip.procedure),
        agency=unicodedata.normalize("NFD", slip.agency),
        components=tuple(
            replace(one, name=unicodedata.normalize("NFD", one.name)) for one in slip.components
        ),
    )

    assert apart != slip
    assert typeset(apart, form01, copy=1) == typeset(slip, form01, copy=1)


def test_the_same_slip_gives_the_same_bytes(slip: ReceiptSlip, form01: Form) -> None:
    in_paris = slip.received.astimezone(timezone(timedelta(hours=1)))

    assert typeset(slip, form01) == typeset(slip, form01)
    assert typeset(slip, form01, copy=1) == typeset(replace(slip, received=in_paris), form01, copy=1)
    assert typeset(slip, form01, copy=1) != typeset(replace(slip, serial="1408"), form01, copy=1)


def test_fonts_are_embedded_subsets(slip: ReceiptSlip, form01: Form, poppler: Poppler) -> None:
    pdf = typeset(slip, form01)
    _, _, *fonts = poppler("pdffonts", pdf).splitlines()

    assert fonts
    for font in fonts:
        assert re.match(r"[A-Z]{6}\+LiberationSerif\S* +TrueType +WinAnsi +yes yes yes", font)
    assert len(pdf) < 60_000


def test_a_reader_is_told_what_it_holds(slip: ReceiptSlip, form01: Form) -> None:
    reader = pypdf.PdfReader(io.BytesIO(typeset(slip, form01, copy=1)))

    assert reader.metadata is not None
    assert reader.metadata.title == "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ H37.07-261123-1407"
    assert reader.metadata.subject == slip.procedure
    assert reader.metadata.creation_date == slip.received
    assert str(reader.root_object["/Lang"]) == "vi-VN"


def test_names_are_not_markup(slip: ReceiptSlip, form01: Form, poppler: Poppler) -> None:
    odd = replace(
        slip, applicant="A & B <b>{phone}</b> **[x]**", submitter="\x00Lê\tThị\u200b Mai \N{SNOWMAN}"
    )
    text = poppler("pdftotext", typeset(odd, form01, copy=1))

    assert "A & B <b>{phone}</b> **[x]**" in text
    assert "Lê Thị Mai ?" in text


def test_a_spooled_slip_prints_by_the_form_of_its_day(slip: ReceiptSlip, form01: Form, forms: Forms) -> None:
    assert typeset_by(form_of(slip, forms), to_job(slip)) == typeset(slip, form01)
    with pytest.raises(UnreadableJob):
        typeset_by(form01, b'{"number": 1}')
