"""Somebody files at a public PC or a kiosk: once, with files, and a counter has it in its inbox."""

from __future__ import annotations

import io
import re

import pytest

from central.centre import Place, enrol
from central.demo.visitor import parse
from edge.folder import Folder
from edge.settings import NodeSettings, PortalSettings
from schemas.acts import Status
from schemas.entries import Duty
from schemas.intake import PUBLIC_PC
from tests.centres import SmallCentre
from tests.portal import PDF
from tests.web.clerk import CARD, Answer, Clerk, events_at

FILED = {"identity": CARD, "name": "", "phone": "0912 000 345"}


def attach(
    clerk: Clerk, on: Answer, content: bytes = PDF, called: str = "don.pdf", /, **filled: str
) -> Answer:
    """Press the button with a file for the first paper."""
    form = on.page.form("/file/1.000703")
    fields: dict[str, object] = {
        **form.fields,
        **filled,
        "act": "file",
        "file-0": (io.BytesIO(content), called),
    }
    response = clerk.client.post(form.action, data=fields, content_type="multipart/form-data")
    html = response.get_data(as_text=True)
    return Answer(response.status_code, html, parse(form.action, html), response.location or "")


def code_on(page: Answer) -> str:
    found = re.search(r"NT-\d{6}-\w{4}-\w{4}", page.page.text)
    assert found is not None, page.page.text
    return found[0]


def test_filed_at_a_public_pc_received_at_a_counter_and_asked_for_by_its_code(centre: SmallCentre) -> None:
    citizen = Clerk(centre, "central")
    posted = citizen.open("/procedures/1.000703")
    assert "Nộp hồ sơ ở đây" in posted.page.text
    page = citizen.open("/file/1.000703")
    before = events_at(citizen.node)
    empty = citizen.press(page, "/file/1.000703", ("act", "file"))
    assert empty.status == 422
    for words in (
        "Chưa có số căn cước",
        "Chưa ghi họ tên.",
        "Chưa có điện thoại hoặc thư",
        "Chưa chọn tệp nào.",
    ):
        assert words in empty.page.text
    looked = citizen.press(page, "/file/1.000703", ("act", "look"), identity=CARD)
    assert looked.page.form("/file/1.000703").fields["name"] == "Nông Văn Thắng"
    wrong = attach(citizen, page, b"MZ", "virus.exe", **FILED)
    assert "virus.exe: không phải PDF hay JPEG" in wrong.page.text
    assert "chọn lại các tệp" in wrong.page.text
    assert events_at(citizen.node) == before

    done = attach(citizen, wrong)
    twice = attach(citizen, wrong)
    assert twice.leads_to == done.leads_to
    assert events_at(citizen.node) == before + 2
    code = code_on(citizen.follow(done))
    asked = citizen.press(citizen.open("/filed"), "/filed", code=code.lower().replace("-", " "))
    assert "Đang chờ quầy tiếp nhận." in asked.page.text
    assert "Nông Văn Thắng" not in asked.html
    assert "không có hồ sơ nào" in citizen.press(asked, "/filed", code="NT-270301-0000-0000").page.text

    centre.meet()
    counter = Clerk(centre, "counter-01", "hanh.nh")
    (row,) = counter.node.inbox.page().rows
    one = counter.open(f"/inbox/{row.stream}")
    for words in ("Máy công cộng", code, "Giấy đề nghị cấp Giấy phép kinh doanh (1 trang)", "0912"):
        assert words in one.page.text
    counter.press(one, "/receive")
    received = counter.node.register.dossier(row.stream).received
    assert received is not None
    centre.meet()
    told = citizen.press(citizen.open("/filed"), "/filed", code=code)
    assert received.number in told.page.text
    assert citizen.node.register.dossier(row.stream).status is Status.RECEIVED


def test_it_is_offered_in_the_house_alone(centre: SmallCentre) -> None:
    """Over the internet dossiers come by the portal; and a counter has its own page."""
    citizen = Clerk(centre, "central")
    assert citizen.open("/file/1.000703", Host="evil.example").status == 421
    counter = Clerk(centre, "counter-01")
    assert counter.open("/file/1.000703").status == 404
    assert "Nộp hồ sơ ở đây" not in counter.open("/procedures/1.000703").page.text
    assert citizen.open("/file/9.999999").status == 404


def test_nobody_floods_the_counters(centre: SmallCentre) -> None:
    citizen = Clerk(centre, "central")
    page = citizen.open("/file/1.000703")
    statuses = [citizen.press(page, "/file/1.000703", ("act", "file")).status for _ in range(9)]
    assert statuses == [422] * 8 + [429]


def test_a_kiosk_takes_it_without_a_line(centre: SmallCentre) -> None:
    place = Place("kiosk-01.1", "Kiosk 01", 31, (Duty.KIOSK, Duty.QUEUE, Duty.INTAKE), "")
    enrol(
        Folder(centre.data / "kiosk-01"), centre["central"], place, NodeSettings("kiosk-01.1"), by="quan.nv"
    )
    centre.nodes["kiosk-01"] = centre.open("kiosk-01")
    kiosk = Clerk(centre, "kiosk-01")
    assert "Nộp hồ sơ ở đây" in kiosk.open("/kiosk/procedures/1.000703").page.text
    page = kiosk.open("/file/1.000703")
    code = code_on(kiosk.follow(attach(kiosk, page, **FILED)))
    assert centre["central"].inbox.filed(code) is None
    centre.meet()
    central = centre["central"]
    dossier = central.inbox.filed(code)
    assert dossier is not None
    submitted = central.inbox.one(dossier.stream)
    assert submitted is not None
    assert central.archive.read(submitted.files[0].file) == PDF
    assert "Kiosk 01" not in submitted.registered.procedure_name
    assert centre["counter-02"].inbox.count() == 1


def test_no_portal_is_called_as_the_machines_of_the_centre() -> None:
    with pytest.raises(ValueError, match="machines of the centre"):
        PortalSettings(PUBLIC_PC, "x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
