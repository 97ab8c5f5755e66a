"""One slip and one result to start from, and poppler's eyes to read papers back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from printing.forms import Form, Forms
from printing.result import Outcome, ResultDocument
from printing.slip import ReceiptSlip, SlipComponent

QR_TEXT = "MC1|H37.07-261123-1407|01934f0e6b7c7d3e9a51c0ffee000001|" + "A1b2C3d4E5_-" * 11


@pytest.fixture
def slip() -> ReceiptSlip:
    """Received on Monday 23/11/2026 at 10:13, due a week later; made up."""
    return ReceiptSlip(
        superior="Ủy ban nhân dân tỉnh Lạng Sơn",
        centre="Trung tâm Phục vụ hành chính công",
        place="Lạng Sơn",
        counter="Quầy 03",
        book="Q03/2026",
        serial="1407",
        number="H37.07-261123-1407",
        applicant="Công ty TNHH Vận tải Hữu Lũng",
        applicant_id_kind="mã số thuế",
        applicant_id="4900873149",
        submitter="Nông Văn Thắng",
        authorisation="giấy ủy quyền số 12/GUQ ngày 20/11/2026",
        address="Số 45, đường Phai Vệ, phường Đông Kinh, tỉnh Lạng Sơn",
        phone="0912 000 345",
        email="",
        id_kind="Số căn cước",
        id_number="020085004127",
        procedure="Cấp Giấy phép kinh doanh vận tải bằng xe ô tô, bằng xe bốn bánh có gắn động cơ",
        procedure_code="1.000703",
        components=(
            SlipComponent("Giấy đề nghị cấp Giấy phép kinh doanh theo mẫu", 1, 0, 0),
            SlipComponent("Quyết định thành lập bộ phận quản lý an toàn giao thông", 0, 2, 0),
            SlipComponent("Giấy chứng nhận đăng ký doanh nghiệp", 0, 0, 3, note="CSDL không khai thác được"),
        ),
        sets=1,
        limit="04 ngày làm việc",
        received=datetime(2026, 11, 23, 3, 13, tzinfo=UTC),
        due=datetime(2026, 11, 30, 9, 30, tzinfo=UTC),
        due_note="thứ Hai; không tính 24/11 là ngày nghỉ và 28, 29/11",
        return_place="Trung tâm Phục vụ hành chính công",
        receiver="Nguyễn Hồng Hạnh",
        qr_text=QR_TEXT,
    )


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
