"""A stick in a browser: written at a counter that is cut off, carried to the centre, and back with the news."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from central.demo.centre import RunningCentre
from tests.browser.conftest import SignIn
from tests.browser.test_outage import _receive


@pytest.mark.proof
def test_a_stick_is_written_carried_and_taken(running: RunningCentre, sign_in: SignIn) -> None:
    """Eject now: the page says it only when the bundle is whole; until the way back the act waits."""
    counter = sign_in("counter-01", "hanh.nh")
    for name in ("central", "counter-01", "counter-02", "room-01"):
        running.switchboard.pull(name)
    stream = _receive(counter, running.url("counter-01"), "Nông Văn Thắng")
    counter.goto(f"{running.url('counter-01')}/courier")
    expect(counter.locator("h1")).to_have_text("Chuyển bằng USB")
    _give(counter, "Trung tâm")
    (bundle,) = running.stick.glob("*.motcua")

    desk = sign_in("central", "huong.ltt")
    desk.goto(f"{running.url('central')}/courier")
    _take(desk)
    expect(desk.locator("main")).to_contain_text("việc mới")
    desk.goto(f"{running.url('central')}/dossier/{stream}")
    expect(desk.locator("main")).to_contain_text("Nông Văn Thắng")

    bundle.unlink()
    desk.goto(f"{running.url('central')}/courier")
    _give(desk, "Quầy 01")
    counter.goto(f"{running.url('counter-01')}/courier")
    _take(counter)
    counter.goto(f"{running.url('counter-01')}/dossier/{stream}")
    expect(counter.locator("main")).to_contain_text("Trung tâm đã có")

    content = bytearray(next(running.stick.glob("*.motcua")).read_bytes())
    content[-1] ^= 1
    next(running.stick.glob("*.motcua")).write_bytes(content)
    counter.goto(f"{running.url('counter-01')}/courier")
    counter.locator("form[action$='/courier/take'] button").first.click()
    expect(counter.get_by_text("Gói này bị hỏng hoặc đã bị sửa.")).to_be_visible(timeout=20_000)
    for name in ("central", "counter-01", "counter-02", "room-01"):
        running.switchboard.plug(name)


def _give(page: Page, to: str) -> None:
    page.locator("select[name=to]").first.select_option(label=_option(page, to))
    page.get_by_role("button", name="Ghi gói vào USB").first.click()
    expect(page.locator("#errand")).to_contain_text("Rút USB được rồi", timeout=20_000)


def _option(page: Page, to: str) -> str:
    options = page.locator("select[name=to] option").all_text_contents()
    return next(one for one in options if to in one)


def _take(page: Page) -> None:
    page.locator("form[action$='/courier/take'] button").first.click()
    expect(page.locator("#errand")).to_contain_text("Rút USB được rồi", timeout=20_000)
