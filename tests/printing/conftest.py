"""One slip and one result to start from, and poppler's eyes to read papers back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from printing.forms import Form, Forms
from printing.papers.reception import ReceiptSlip
from printing.result import Outcome, ResultDocument
from printing.samples import TYPICAL


@pytest.fixture
def slip() -> ReceiptSlip:
    """Received on Monday 23/11/2026 at 10:13, due a week later; made up."""
    (found,) = [paper for paper in TYPICAL if type(paper) is ReceiptSlip]
    return found


@pytest.fixture
def result() -> ResultDocument:
    """The approval of the same dossier in the afternoon; made up."""
    return ResultDocument(
        outcome=Outcome.APPROVED,
        superior="Ủy ban nhân dân tỉnh Lạng Sơn",
        agency="Sở Xây dựng",
        place="Lạng Sơn",
        number="H37.07-261123-1407",
        subject="Giấy phép kinh doanh vận tải bằng xe ô tô",
        applicant="Công ty TNHH Vận tải Hữu Lũng",
        applicant_id_kind="mã số thuế",
        applicant_id="4900873149",
        address="Số 45, đường Phai Vệ, phường Đông Kinh, tỉnh Lạng Sơn",
        procedure="Cấp Giấy phép kinh doanh vận tải bằng xe ô tô",
        procedure_code="1.000703",
        received=datetime(2026, 11, 23, 3, 13, tzinfo=UTC),
        opinion="Hồ sơ đầy đủ, đúng quy định; đề nghị cấp phép.",
        text="Cấp Giấy phép cho Công ty TNHH Vận tải Hữu Lũng.\nGiấy phép có hiệu lực kể từ ngày ký.",
        capacity="TUQ. GIÁM ĐỐC\nTRƯỞNG PHÒNG",
        signer="Trần Quốc Việt",
        decided=datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
    )


@pytest.fixture(scope="session")
def forms() -> Forms:
    return Forms.shipped()


@pytest.fixture
def form01(forms: Forms, slip: ReceiptSlip) -> Form:
    return forms.in_force("01", slip.received.date())


@pytest.fixture
def poppler(tmp_path: Path) -> Callable[..., str]:
    """Run one of poppler's tools on a PDF: `poppler("pdftotext", pdf, "-layout")`; what it says."""

    def run(tool: str, pdf: bytes, *options: str) -> str:
        file = tmp_path / "paper.pdf"
        file.write_bytes(pdf)
        output = ["-"] if tool == "pdftotext" else []
        done = subprocess.run(
            [tool, *options, str(file), *output], check=True, capture_output=True, text=True
        )
        assert done.stderr == ""
        return done.stdout

    return run


@pytest.fixture
def scanned(tmp_path: Path) -> Callable[[bytes], Image.Image]:
    """The first page as a 203 dpi device would put it on paper: black dots or none."""

    def scan(pdf: bytes) -> Image.Image:
        file = tmp_path / "scan.pdf"
        file.write_bytes(pdf)
        picture = tmp_path / "scan"
        subprocess.run(
            ["pdftoppm", "-r", "203", "-mono", "-f", "1", "-l", "1", "-singlefile", str(file), str(picture)],
            check=True,
        )
        with Image.open(picture.with_suffix(".pbm")) as image:
            return image.convert("L")

    return scan
