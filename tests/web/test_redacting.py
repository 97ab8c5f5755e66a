"""Two persons at central let the data of a dossier go; the page says what stays, and the second shows their PIN."""

from __future__ import annotations

from schemas.fold import Place
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Clerk

GROUND = "Luật 91/2025/QH15, Điều 14"


def test_two_persons_let_a_reception_go_and_every_machine_says_by_which_law(centre: SmallCentre) -> None:
    dossier = centre.receive()
    centre.meet()
    administrator = Clerk(centre, "central", "quan.nv")
    page = administrator.open(f"/redact/{dossier.stream}")
    assert "Nội dung của: Tiếp nhận Nguyễn Hồng Hạnh" in page.page.text
    event = dossier.timeline[0].hash

    empty = administrator.press(page, "ground")
    assert empty.status == 422
    for words in ("Chưa chọn nội dung phải xoá.", "Chưa ghi căn cứ pháp luật.", "Chưa chọn người thứ hai."):
        assert words in empty.page.text
    filled = {"target": event, "ground": GROUND, "second": "huong.ltt"}
    wrong = administrator.press(page, "ground", **filled, second_pin="000000")
    assert wrong.status == 422
    assert GROUND in wrong.html
    assert centre["central"].catalog.trust.redacted == {}

    done = administrator.press(page, "ground", **filled, second_pin=PINS["huong.ltt"])
    text = administrator.follow(done).page.text
    assert "Nội dung hồ sơ này đã xoá" in text
    assert f"Đã xoá theo {GROUND}" in text
    centre.meet()
    counter = Clerk(centre, "counter-01", "hanh.nh")
    assert f"Đã xoá theo {GROUND}" in counter.open(f"/dossier/{dossier.stream}").page.text
    assert "Nông Văn Thắng" not in counter.find("nong").page.text
    (line,) = centre["counter-01"].register.dossier(dossier.stream).timeline
    assert line.place is Place.REDACTED


def test_a_counter_has_no_such_page_and_others_at_central_may_not(centre: SmallCentre) -> None:
    dossier = centre.receive()
    centre.meet()
    assert Clerk(centre, "counter-01", "hanh.nh").open(f"/redact/{dossier.stream}").status == 404
    assert Clerk(centre, "central", "viet.tq").open(f"/redact/{dossier.stream}").status == 403
    assert (
        "Xoá nội dung theo luật"
        in Clerk(centre, "central", "quan.nv").open(f"/dossier/{dossier.stream}").html
    )
