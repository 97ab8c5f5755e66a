"""The result as a paper: an approval or a refusal, with room for a signature."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from printing.forms import Forms
from printing.paper import A4
from printing.result import Outcome, RenderedResult, ResultDocument, render

Poppler = Callable[..., str]


def rendered(document: ResultDocument, forms: Forms) -> RenderedResult:
    return render(document, forms.in_force(document.outcome.value, document.decided.date()))


def test_an_approval_says_what_was_decided_and_by_whom(
    result: ResultDocument, forms: Forms, poppler: Poppler
) -> None:
    text = " ".join(poppler("pdftotext", rendered(result, forms).pdf, "-layout").split())

    for expected in (
        "SỞ XÂY DỰNG",
        "Lạng Sơn, ngày 23 tháng 11 năm 2026",
        "KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH",
        "Mã hồ sơ: H37.07-261123-1407",
        "Cấp cho: Công ty TNHH Vận tải Hữu Lũng, mã số thuế 4900873149",
        "Cấp Giấy phép kinh doanh vận tải bằng xe ô tô (mã thủ tục 1.000703)",
        "ý kiến thẩm định: Hồ sơ đầy đủ, đúng quy định; đề nghị cấp phép.",
        "Giấy phép có hiệu lực kể từ ngày ký.",
        "TUQ. GIÁM ĐỐC",
        "Trần Quốc Việt",
        "Lưu: VT, hồ sơ H37.07-261123-1407",
    ):
        assert expected in text


def test_a_refusal_gives_its_reason(result: ResultDocument, forms: Forms, poppler: Poppler) -> None:
    refusal = replace(result, outcome=Outcome.REFUSED, text="Không đủ điều kiện về phương tiện.")
    text = poppler("pdftotext", rendered(refusal, forms).pdf)

    assert "THÔNG BÁO" in text
    assert "Không đủ điều kiện về phương tiện." in text
    assert "QUYẾT ĐỊNH" not in text


@pytest.mark.parametrize("paragraphs", [1, 30, 200])
def test_the_signature_box_is_empty_and_above_the_name(
    result: ResultDocument, forms: Forms, poppler: Poppler, paragraphs: int
) -> None:
    paper = rendered(replace(result, text="Điều khoản được áp dụng.\n" * paragraphs), forms)
    left, bottom, right, top = paper.box
    *pages, _ = poppler("pdftotext", paper.pdf, "-bbox").split("</page>")
    words = re.findall(
        r'<word xMin="(.+?)" yMin="(.+?)" xMax="(.+?)" yMax="(.+?)">(.+?)</word>', pages[paper.page]
    )
    boxes = {
        word: (float(a), A4.height - float(d), float(c), A4.height - float(b)) for a, b, c, d, word in words
    }

    assert paper.page == len(pages) - 1
    assert left >= A4.left
    assert right <= A4.width - A4.right
    assert bottom >= A4.bottom
    assert not [
        word for word, (a, b, c, d) in boxes.items() if a < right and c > left and b < top and d > bottom
    ]
    assert boxes["Việt"][3] <= bottom
    assert boxes["PHÒNG"][1] >= top - 1


def test_the_same_decision_gives_the_same_bytes(result: ResultDocument, forms: Forms) -> None:
    assert rendered(result, forms) == rendered(result, forms)
    assert rendered(result, forms).pdf != rendered(replace(result, signer="Hoàng Anh"), forms).pdf
