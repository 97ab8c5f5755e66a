"""Scans of a dossier: read before they are kept, from the page and from the scanner's folder."""

from __future__ import annotations

import io
import os
from pathlib import Path

import msgspec
import pytest
from PIL import Image
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from edge.settings import read_settings, write_settings
from schemas.acts import ComponentsAdded
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


def _pdf(pages: int = 2, password: str = "") -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption(password) if password else None)
    for page in range(pages):
        canvas.drawString(72, 720, f"Trang {page + 1}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def dossier(centre: SmallCentre) -> str:
    return centre.receive().stream


def _added(centre: SmallCentre, stream: str, at: str = "counter-01") -> list[tuple[str, str, int]]:
    standing = centre[at].register.dossier(stream).standing.newest.get("dossier.components_added")
    data = standing.data if standing else ComponentsAdded()
    return [(one.name, one.type, one.pages) for one in data.files]


def test_scans_are_with_the_dossier_and_travel(centre: SmallCentre, dossier: str) -> None:
    """Two files in one act, with their pages; opened here, and where they have arrived."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier}/scans")
    done = clerk.send_all(page, "/scans", "files", {"a.pdf": _pdf(), "b.jpg": _jpeg()})
    assert "Đã gắn 2 tệp." in clerk.follow(done).page.text
    assert _added(centre, dossier) == [
        ("Đơn đề nghị", "application/pdf", 2),
        ("Đơn đề nghị", "image/jpeg", 1),
    ]
    assert clerk.raw(f"/dossier/{dossier}/scans/2").mimetype == "image/jpeg"
    centre.meet()
    room = Clerk(centre, "room-01", "ha.lt")
    assert "Đơn đề nghị (2 trang)" in room.open(f"/dossier/{dossier}").page.text
    assert room.raw(f"/dossier/{dossier}/scans/1").get_data() == _pdf_kept(centre, dossier)


def _pdf_kept(centre: SmallCentre, stream: str) -> bytes:
    done = centre["counter-01"].register.dossier(stream).standing.newest["dossier.components_added"]
    return centre["counter-01"].archive.read(done.data.files[0].file) or b""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_pdf(password="bí mật"), "PDF đặt mật khẩu nên người thẩm định không mở được"),
        (_pdf()[:400], "tệp hỏng hoặc bị cắt giữa chừng"),
        (_jpeg()[:300], "tệp hỏng hoặc bị cắt giữa chừng"),
        (b"MZ\x90\x00", "không phải PDF hay JPEG"),
        (b"", "tệp rỗng"),
    ],
)
def test_what_nobody_can_open_later_is_refused_now(
    centre: SmallCentre, dossier: str, content: bytes, said: str
) -> None:
    """Named, with what to do; the good file beside it is not kept either, so that nobody thinks that all are."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open(f"/dossier/{dossier}/scans")
    answer = clerk.send_all(page, "/scans", "files", {"tốt.pdf": _pdf(), "xấu.pdf": content})
    assert answer.status == 422
    assert f"xấu.pdf: {said}" in answer.page.text
    assert _added(centre, dossier) == []


def test_three_hundred_megabytes_are_refused_with_both_numbers(centre: SmallCentre, dossier: str) -> None:
    """Said by what the browser announces: nobody waits for the bytes, and none is read."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    answer = clerk.client.post(
        f"/dossier/{dossier}/scans",
        input_stream=io.BytesIO(b""),
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(300 * 1024 * 1024)},
    )
    assert answer.status_code == 413
    text = answer.get_data(as_text=True)
    assert "Tệp gửi lên 300 MB, giới hạn 100 MB." in text
    assert "Quét lại 200 dpi" in text


def test_the_scanners_folder_is_watched(centre: SmallCentre, dossier: str, tmp_path: Path) -> None:
    """What the scanner has finished can be taken; what it still writes cannot; what was taken is put aside."""
    folder, data = tmp_path / "máy quét", centre.data / "counter-01"
    folder.mkdir()
    write_settings(data, msgspec.structs.replace(read_settings(data), scans=str(folder)))
    centre.reopen("counter-01")
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "Chưa có tệp nào." in clerk.open(f"/dossier/{dossier}/scans").page.text
    (folder / "quet-01.pdf").write_bytes(_pdf(3))
    (folder / "quet-02.pdf").write_bytes(_pdf(1))
    (folder / "lien-ket").symlink_to("/etc/hostname")
    os.utime(folder / "quet-02.pdf", (centre.clock.at.timestamp(),) * 2)  # just now
    page = clerk.open(f"/dossier/{dossier}/scans")
    assert "quet-01.pdf" in page.page.text
    assert "máy quét đang ghi" in page.page.text
    assert "lien-ket" not in page.page.text
    ids = {one.name: one.id for one in clerk.pages.extensions["motcua"].scanner.lying()}
    early = clerk.press(page, "/scans", lying=ids["quet-02.pdf"])
    assert "máy quét còn đang ghi" in early.page.text
    done = clerk.press(page, "/scans", lying=ids["quet-01.pdf"])
    assert done.status == 303
    assert _added(centre, dossier) == [("Đơn đề nghị", "application/pdf", 3)]
    assert sorted(one.name for one in folder.iterdir() if one.is_file() and not one.is_symlink()) == [
        "quet-02.pdf"
    ]
    again = clerk.press(page, "/scans", lying=ids["quet-01.pdf"])
    assert "không còn trong thư mục máy quét" in again.page.text
