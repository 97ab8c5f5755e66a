"""Mẫu đơn: a blank is posted with a procedure at central, and fetched by anybody at every machine."""

from __future__ import annotations

import io
import re
import zipfile

import msgspec
import pytest

from central.centre import Office
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk
from tests.web.test_scanning import _pdf

CODE = "1.000703"


def word(*, macro: bool = False) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("word/document.xml", "<w/>")
        if macro:
            file.writestr("word/vbaProject.bin", "x")
    return made.getvalue()


@pytest.fixture
def admin(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", "quan.nv")


def post(admin: Clerk, content: bytes, **more: str) -> Answer:
    found = admin.open("/application-forms?q=kinh doanh van tai")
    assert f"procedure={CODE}" in found.html
    page = admin.open(f"/application-forms?procedure={CODE}")
    return admin.send(page, "procedure", "file", content, **{"title": "Đơn đề nghị (mẫu 01)", **more})


def test_posted_at_central_it_is_fetched_at_every_machine_until_it_is_taken_down(
    centre: SmallCentre, admin: Clerk
) -> None:
    centre_entry = centre["central"].catalog.latest.centre()
    assert centre_entry is not None
    page = msgspec.structs.replace(centre_entry, page="https://hoso.example.vn/slip")
    Office(centre["central"]).define([page], by="quan.nv")
    content = word()
    done = admin.follow(post(admin, content))
    assert "Đã đăng." in done.page.text
    citizen = Clerk(centre, "counter-01")
    centre.copy(centre["central"], centre["counter-01"], "catalog")
    assert "chưa về tới máy này" in citizen.open(f"/procedures/{CODE}").page.text
    centre.meet()
    shown = citizen.open(f"/procedures/{CODE}")
    (link,) = re.findall(r'href="(/procedures/[^"]*/forms/[^"]*)"', shown.html)
    answer = citizen.raw(link)
    assert answer.get_data() == content
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    at_home = admin.pages.test_client().get(link, headers={"Host": "hoso.example.vn"})
    assert at_home.status_code == 200
    kiosk = citizen.open(f"/kiosk/procedures/{CODE}")
    assert "Đơn đề nghị (mẫu 01)" in kiosk.page.text
    assert "tải mẫu đơn" in kiosk.page.text, "a telephone fetches it by the code"
    assert link not in kiosk.html, "a kiosk keeps no file for anybody"

    assert "Đã gỡ" in admin.follow(admin.press(done, "/down")).page.text
    centre.meet()
    assert "Đơn đề nghị (mẫu 01)" not in citizen.open(f"/procedures/{CODE}").page.text
    assert citizen.raw(link).status_code == 404


def test_what_nobody_could_open_is_not_posted(admin: Clerk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("central.web.application_forms.LARGEST", 5_000)
    page = admin.open(f"/application-forms?procedure={CODE}")
    assert "Chưa chọn tệp." in admin.press(page, "procedure", title="Đơn").page.text
    for content, said in (
        (b"MZ\x90\x00", "Tệp không phải PDF hay Word"),
        (b"PK\x03\x04 nothing", "Tệp không phải PDF hay Word"),
        (word(macro=True), "hoặc có macro"),
        (_pdf(password="bí mật"), "PDF đặt mật khẩu"),
        (_pdf()[:-300], "Tệp hỏng."),
        (_pdf(pages=40), "lớn quá 5 MB"),
    ):
        answer = admin.send(page, "procedure", "file", content, title="Đơn")
        assert answer.status == 422
        assert said in answer.page.text
    assert admin.node.catalog.latest.application_forms() == []


def test_a_pdf_from_a_coming_day_on_and_nobody_else_posts(centre: SmallCentre, admin: Clerk) -> None:
    assert post(admin, _pdf(), since="02/03/2027").status == 303
    assert "Đơn đề nghị (mẫu 01)" not in admin.open(f"/procedures/{CODE}").page.text
    centre.clock.forward(days=1)
    admin.node.hour.confirm("quan.nv", right=True)
    assert "Đơn đề nghị (mẫu 01) PDF" in Clerk(centre, "central").open(f"/procedures/{CODE}").page.text
    assert Clerk(centre, "central", "huong.ltt").open("/application-forms").status == 403
