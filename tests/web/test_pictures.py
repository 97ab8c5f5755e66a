"""Hình con dấu, chữ ký at central: one sends a picture, another confirms it, and from its first day results bear it."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import pytest
from PIL import Image

from central.cataloguing.proposals import waiting
from central.demo.pictures import handwriting, seal
from central.demo.plan import ADMINISTRATOR
from edge.looks import Language, Looks, keep_looks
from printing.pictures import Ink, fit
from schemas.calendar import local_day
from schemas.entries import Agency, Person
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk, confirmed

SUPERVISOR, SIGNER, AGENCY = "dung.tt", "viet.tq", "H37.07"
PERSON_PAGE, AGENCY_PAGE = f"/reference/pictures/person/{SIGNER}", f"/reference/pictures/agency/{AGENCY}"
NEW = handwriting("một chữ ký khác")


@pytest.fixture
def admin(centre: SmallCentre) -> Clerk:
    return Clerk(centre, "central", ADMINISTRATOR)


def _day(centre: SmallCentre, days: int = 0) -> str:
    return f"{local_day(centre.clock()) + timedelta(days=days):%d/%m/%Y}"


def _send(admin: Clerk, path: str, content: bytes, since: str, reason: str = "QĐ 9/QĐ-SXD") -> Answer:
    return admin.send(admin.open(path), path, "file", content, "hinh.png", since=since, reason=reason)


def _signer(centre: SmallCentre, node: str = "central") -> Person:
    found = centre[node].catalog.latest.person(SIGNER)
    assert found is not None
    return found


def _agency(centre: SmallCentre) -> Agency:
    found = centre["central"].catalog.latest.agency(AGENCY)
    assert found is not None
    return found


def test_a_new_signature_is_used_from_its_first_day(centre: SmallCentre, admin: Clerk) -> None:
    """Also at a machine that hears of it long before; until then results bear the one before."""
    today = local_day(centre.clock())
    old = _signer(centre).signature
    proposed = _send(admin, PERSON_PAGE, NEW, _day(centre, 7))
    page = admin.follow(proposed)
    assert f"Áp dụng từ {_day(centre, 7)}" in page.page.text
    assert _signer(centre).signature_on(today + timedelta(days=7)) == old, "nobody has confirmed it"
    confirmed(centre, proposed)
    centre.meet()
    there = _signer(centre, "room-01")
    assert there.signature_on(today + timedelta(days=6)) == old
    named = there.signature_on(today + timedelta(days=7))
    assert centre["central"].archive.read(named) == fit(NEW, Ink.HANDWRITING)
    assert {old, named} <= centre["room-01"].catalog.latest.named_files(), "both are fetched ahead"
    assert f"Dùng từ {_day(centre, 7)}" in admin.open(PERSON_PAGE).page.text


def test_who_confirms_sees_it_as_it_will_be_printed(centre: SmallCentre, admin: Clerk) -> None:
    proposed = _send(admin, AGENCY_PAGE, seal("Sở Xây dựng mới", "tỉnh"), _day(centre))
    supervisor = Clerk(centre, "central", SUPERVISOR)
    html = supervisor.open(proposed.leads_to).html
    (source,) = [part.partition('"')[0] for part in html.split('src="')[1:] if ".png" in part[:200]]
    with Image.open(io.BytesIO(supervisor.download(source))) as shown:
        assert shown.format == "PNG"
        pixels = np.asarray(shown.convert("RGB"), dtype=int)
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    assert ((red > 150) & (green < 60) & (blue < 60)).sum() > 1_000, "a red seal"
    assert ((blue > 110) & (red < 60)).sum() > 100, "over somebody's signature"
    assert "đang chờ duyệt" in admin.open(AGENCY_PAGE).page.text


def test_a_result_bears_the_picture_of_its_day(centre: SmallCentre, admin: Clerk) -> None:
    """Signed before the day with the old one, on it with the new one."""
    confirmed(centre, _send(admin, PERSON_PAGE, NEW, _day(centre, 1)))
    centre.meet()
    room = centre["room-01"]
    room.archive.keep(fit(NEW, Ink.HANDWRITING))
    before = room.deciding._handwriting(_signer(centre, "room-01"), (0, 0, 180, 70))
    centre.clock.forward(hours=24)
    after = room.deciding._handwriting(_signer(centre, "room-01"), (0, 0, 180, 70))
    assert before != after


def test_a_picture_that_follows_one_that_was_to_come_takes_its_place(
    centre: SmallCentre, admin: Clerk
) -> None:
    today, old = local_day(centre.clock()), _signer(centre).signature
    confirmed(centre, _send(admin, PERSON_PAGE, NEW, _day(centre, 7)))
    confirmed(centre, _send(admin, PERSON_PAGE, handwriting("ba"), _day(centre, 3)))
    centre.clock.forward(hours=24 * 4)
    admin = Clerk(centre, "central", ADMINISTRATOR)
    confirmed(centre, _send(admin, PERSON_PAGE, NEW, _day(centre)))
    signer = _signer(centre)
    assert signer.signature_on(today) != old, "what is used today stays until the next one"
    assert signer.signature_on(today + timedelta(days=3)) == signer.signature
    assert centre["central"].archive.read(signer.signature) == fit(handwriting("ba"), Ink.HANDWRITING)


def test_other_changes_leave_the_pictures_alone(centre: SmallCentre, admin: Clerk) -> None:
    confirmed(centre, _send(admin, PERSON_PAGE, NEW, _day(centre, 7)))
    confirmed(centre, _send(admin, AGENCY_PAGE, seal("S", "t"), _day(centre, 7)))
    coming = _signer(centre).next_signature, _agency(centre).next_seal
    confirmed(
        centre, admin.press(admin.open(f"/staff/{SIGNER}"), f"/staff/{SIGNER}", title="GĐ", ground="QĐ 1")
    )
    path = f"/reference/agency/of/{AGENCY}/edit"
    confirmed(
        centre, admin.press(admin.open(path), path, ("act", "propose"), abbreviation="SX", reason="QĐ 2")
    )
    assert _signer(centre).title == "GĐ"
    assert _agency(centre).abbreviation == "SX"
    assert (_signer(centre).next_signature, _agency(centre).next_seal) == coming


def test_what_cannot_be_printed_is_said_and_not_proposed(
    centre: SmallCentre, admin: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central.web.pictures.LARGEST", 50_000)
    for path, content, words in (
        (PERSON_PAGE, b"", "Tệp không phải PNG"),
        (PERSON_PAGE, b"\xff\xd8\xff" + bytes(100), "Tệp không phải PNG"),
        (PERSON_PAGE, NEW[:300], "Tệp hỏng"),
        (PERSON_PAGE, bytes(50_001), "Tệp lớn quá 2 MB"),
        (PERSON_PAGE, seal("S", "t"), "Chữ ký phải màu xanh"),
        (AGENCY_PAGE, NEW, "Con dấu phải màu đỏ"),
    ):
        answer = _send(admin, path, content, _day(centre))
        assert answer.status == 422
        assert words in answer.page.text
        assert answer.page.form(path).fields["reason"] == "QĐ 9/QĐ-SXD", "what was typed is not lost"
    assert waiting(centre["central"]) == []


def test_it_begins_today_or_later_and_is_another_one(centre: SmallCentre, admin: Clerk) -> None:
    assert "Chọn từ hôm nay" in _send(admin, PERSON_PAGE, NEW, _day(centre, -1)).page.text
    assert "Chưa ghi lý do" in _send(admin, PERSON_PAGE, NEW, _day(centre), "").page.text
    confirmed(centre, _send(admin, PERSON_PAGE, NEW, _day(centre)))
    assert "Hình này đang dùng rồi." in _send(admin, PERSON_PAGE, NEW, _day(centre)).page.text


def test_pictures_are_for_those_who_publish_them(centre: SmallCentre, admin: Clerk) -> None:
    """Whoever has the picture of a signature can paint it on anything."""
    picture = f"{PERSON_PAGE}/{_signer(centre).signature}.png"
    assert admin.raw(picture).status_code == 200
    assert admin.raw(f"{PERSON_PAGE}/{_agency(centre).seal}.png").status_code == 404
    assert (
        admin.raw(f"/reference/pictures/agency/{AGENCY}/{_signer(centre).signature}.png").status_code == 404
    )
    assert admin.open("/reference/pictures/person/nobody").status == 404
    assert admin.open("/reference/pictures/machine/central").status == 404
    desk = Clerk(centre, "central", "huong.ltt")
    for path in ("/reference/pictures", PERSON_PAGE, picture):
        assert desk.open(path).status == 403
    supervisor = Clerk(centre, "central", SUPERVISOR)
    assert supervisor.open(PERSON_PAGE).status == 200
    assert 'name="file"' not in supervisor.open(PERSON_PAGE).html


def test_the_page_speaks_english(centre: SmallCentre, admin: Clerk) -> None:
    keep_looks(centre["central"].file, ADMINISTRATOR, Looks(language=Language.ENGLISH))
    assert "Pictures of seals and signatures" in admin.open("/reference/pictures").page.text
    assert "300 × 80 pixels" in admin.open(PERSON_PAGE).page.text
    wrong = _send(admin, PERSON_PAGE, b"GIF89a", "", "")
    for words in ("The file is no PNG.", "Write from which day.", "Write the reason and its ground."):
        assert words in wrong.page.text
