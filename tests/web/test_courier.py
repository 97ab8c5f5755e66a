"""Chuyển bằng USB: a stick is put in, a button pressed, and the page says when it may be taken out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.settings import read_settings, write_settings
from edge.web.site import Site
from tests.centres import SmallCentre
from tests.web.clerk import Answer, Clerk


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "KINGSTON"
    folder.mkdir()
    return folder


@pytest.fixture
def centre(founded: Path, tmp_path: Path, stick: Path) -> Iterator[SmallCentre]:
    """As everywhere; every machine takes one folder for its stick."""
    data = tmp_path / "centre"
    shutil.copytree(founded, data)
    for folder in data.iterdir():
        if (folder / "node.toml").exists():
            settings = read_settings(folder)
            write_settings(folder, msgspec.structs.replace(settings, sticks=(str(stick),)))
    small = SmallCentre(data)
    yield small
    small.close()


def _gone_through(clerk: Clerk, pressed: Answer) -> str:
    """What the page says when what was begun is over."""
    site: Site = clerk.pages.extensions["motcua"]
    site.sticks.wait()
    return clerk.follow(pressed).page.text


def _give(centre: SmallCentre, sender: str, person: str, to: str) -> str:
    clerk = Clerk(centre, sender, person)
    page = clerk.open("/courier")
    return _gone_through(clerk, clerk.press(page, "/courier/give", to=centre[to].id))


def _take(centre: SmallCentre, receiver: str, person: str, **more: str) -> str:
    clerk = Clerk(centre, receiver, person)
    return _gone_through(clerk, clerk.press(clerk.open("/courier"), "/courier/take", **more))


def test_a_dossier_goes_to_central_in_a_pocket_and_the_news_comes_back(
    centre: SmallCentre, stick: Path
) -> None:
    centre.receive()
    text = _give(centre, "counter-01", "hanh.nh", "central")
    assert "Rút USB được rồi" in text
    assert "1 việc" in text
    assert "mất USB thì ghi lại gói khác" in text
    assert "Mang tới Trung tâm." in text
    text = _take(centre, "central", "huong.ltt")
    assert "Rút USB được rồi" in text
    assert "1 việc mới" in text
    assert "Đã nhận" in text
    for path in stick.iterdir():
        path.unlink()
    _give(centre, "central", "huong.ltt", "counter-01")
    text = _take(centre, "counter-01", "hanh.nh")
    assert "Chờ gửi: 0 việc" in text, "only now the counter knows that central has it"


def test_a_stick_taken_again_says_that_nothing_is_written_twice(centre: SmallCentre) -> None:
    centre.receive()
    _give(centre, "counter-01", "hanh.nh", "central")
    _take(centre, "central", "huong.ltt")
    text = _take(centre, "central", "huong.ltt")
    assert "0 việc mới" in text
    assert "không có gì bị ghi hai lần" in text


def test_without_a_stick_the_page_says_what_to_do(centre: SmallCentre, stick: Path) -> None:
    stick.rmdir()
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    text = clerk.open("/courier").page.text
    assert "Chưa thấy USB nào." in text
    assert "Chuyển bằng USB" in clerk.open("/sync").page.text


def test_a_stick_that_was_taken_out_before_the_button_changes_nothing(
    centre: SmallCentre, stick: Path
) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    page = clerk.open("/courier")
    stick.rmdir()
    pressed = clerk.press(page, "/courier/give", to=centre["central"].id)
    assert "Không thấy USB hoặc gói đó nữa." in clerk.follow(pressed).page.text
    assert not stick.exists()


def test_a_bundle_for_another_machine_can_only_be_carried_on(centre: SmallCentre) -> None:
    _give(centre, "counter-01", "hanh.nh", "central")
    clerk = Clerk(centre, "room-01", "viet.tq")
    page = clerk.open("/courier")
    assert "Chỉ Trung tâm mở được: mang tới máy đó." in page.page.text
    assert 'action="/courier/take"' not in page.html


def test_a_damaged_bundle_says_what_happened_what_is_safe_and_what_to_do(
    centre: SmallCentre, stick: Path
) -> None:
    centre.receive()
    _give(centre, "counter-01", "hanh.nh", "central")
    (path,) = stick.iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    text = _take(centre, "central", "huong.ltt")
    assert "Gói này bị hỏng hoặc đã bị sửa. Chưa nhận gì từ gói này" in text
    assert "Ghi lại gói ở máy gửi" in text


def test_an_old_bundle_is_taken_only_by_whoever_insists(centre: SmallCentre) -> None:
    centre.receive()
    centre.meet()
    _give(centre, "central", "huong.ltt", "counter-02")
    centre.clock.forward(days=61)
    clerk = Clerk(centre, "counter-02", "long.pd")
    refused = _gone_through(clerk, clerk.press(clerk.open("/courier"), "/courier/take"))
    assert "Gói này đã quá 60 ngày" in refused
    again = clerk.press(clerk.open("/courier"), "/courier/take", although_old="y")
    assert "Rút USB được rồi" in _gone_through(clerk, again)


def test_the_page_shows_who_is_there_by_itself(centre: SmallCentre) -> None:
    """While something goes on the page looks again by itself, and says: not yet."""
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    from edge.sticks import Errand

    site: Site = clerk.pages.extensions["motcua"]
    site.sticks._errand = Errand("give", centre["central"].id, Path("/x"), "writing", 3, 10)
    page = clerk.open("/courier")
    assert "Chưa rút USB." in page.page.text
    assert "Đang ghi gói cho Trung tâm: 30%" in page.page.text
    assert 'hx-trigger="every 1s"' in page.html
