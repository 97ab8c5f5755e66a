"""The hall in a browser: touch, keyboard and chime, axe on every page, and a cable that is pulled between two counters.

With `--pictures DIR` a picture of every page is left there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from central.demo.centre import RunningCentre
from tests.browser.conftest import SignIn
from tests.browser.walks import violations
from tests.waiting import until

KIOSK: ViewportSize = {"width": 1080, "height": 1920}


def look(page: Page, name: str, pictures: Path | None) -> None:
    """No violation of WCAG 2.2 AA, nothing wider than the screen, and a picture."""
    assert violations(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), (
        f"{name} is too wide"
    )
    if pictures is not None:
        page.screenshot(path=pictures / f"{name}.png")


def alt(page: Page, letter: str) -> None:
    """Press an access key as a keyboard does: Playwright's own press leaves out what the key would have typed."""
    devtools = page.context.new_cdp_session(page)
    code = ord(letter.upper())
    pressed = {"modifiers": 1, "key": letter, "code": f"Key{letter.upper()}", "windowsVirtualKeyCode": code}
    devtools.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **pressed})
    typed = {"text": letter, "unmodifiedText": letter}
    devtools.send("Input.dispatchKeyEvent", {"type": "char", **typed, **pressed})
    devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **pressed})
    devtools.detach()


@pytest.fixture(scope="module")
def visitor(running: RunningCentre, browser: Browser) -> Iterator[Page]:
    """Somebody before the kiosk; axe is put into the page from outside, past the policy."""
    context = browser.new_context(viewport=KIOSK, has_touch=True, bypass_csp=True, locale="vi-VN")
    page = context.new_page()
    page.goto(f"{running.url('counter-01')}/kiosk")
    yield page
    context.close()


def take(visitor: Page, url: str, queue: str = "A") -> str:
    visitor.goto(f"{url}/kiosk")
    visitor.tap(f"button[value={queue}]")
    return visitor.locator(".number").inner_text()


def test_a_number_by_touch_and_a_rating(running: RunningCentre, visitor: Page, pictures: Path | None) -> None:
    """Each page fits the kiosk's screen without scrolling, and no target is smaller than 96 pixels."""
    url = running.url("counter-01")
    look(visitor, "kiosk", pictures)
    assert visitor.evaluate("document.documentElement.scrollHeight") <= KIOSK["height"]
    for target in visitor.locator("button:visible, a:visible, label:visible").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 96, target.inner_text()
    visitor.tap("text=Tôi thuộc diện ưu tiên")
    visitor.tap("button[value=D]")
    expect(visitor.locator("h2")).to_contain_text("Ông/bà thuộc diện nào?")
    look(visitor, "kiosk-priority", pictures)
    visitor.tap("button[value=pregnant]")
    expect(visitor.locator("#paper")).to_have_class(re.compile("is-came"), timeout=20_000)
    look(visitor, "kiosk-ticket", pictures)
    visitor.goto(f"{url}/kiosk")
    visitor.tap("text=Tôi có lịch hẹn")
    visitor.tap("button[value=D]")
    expect(visitor.locator("h2")).to_contain_text("Lịch hẹn lúc mấy giờ?")
    look(visitor, "kiosk-hour", pictures)
    visitor.goto(f"{url}/kiosk?lang=en&low=1&large=1")
    look(visitor, "kiosk-english-low-large", pictures)
    visitor.tap("text=Rate your visit")
    expect(visitor.locator("h2")).to_contain_text("Type the number")
    look(visitor, "kiosk-number", pictures)


def test_a_dossier_is_looked_up_by_touch(
    running: RunningCentre, visitor: Page, pictures: Path | None
) -> None:
    """The keys on the screen type into both boxes; what comes back fits the screen, and so do the agencies."""
    url = running.url("counter-01")
    visitor.goto(f"{url}/kiosk")
    visitor.tap("text=Hồ sơ của tôi tới đâu?")
    for key in "07-261123-1407":
        visitor.tap(f"[data-key='{key}']")
    visitor.tap("[data-key=next]")
    for key in "0345":
        visitor.tap(f"[data-key='{key}']")
    expect(visitor.locator("#number")).to_have_value("H37.07-261123-1407")
    expect(visitor.locator("#four")).to_have_value("0345")
    look(visitor, "kiosk-look-up", pictures)
    visitor.tap("button[type=submit]")
    expect(visitor.locator(".trouble")).to_contain_text("Không có hồ sơ nào khớp")
    look(visitor, "kiosk-look-up-unknown", pictures)
    visitor.goto(f"{url}/kiosk/procedures")
    look(visitor, "kiosk-procedures", pictures)
    assert visitor.evaluate("document.documentElement.scrollHeight") <= KIOSK["height"]
    visitor.goto(f"{url}/kiosk/procedures/1.000703")
    look(visitor, "kiosk-procedure", pictures)


@pytest.mark.proof
def test_a_visit_is_rated_by_touch(
    running: RunningCentre, browser: Browser, visitor: Page, sign_in: SignIn, pictures: Path | None
) -> None:
    """Number by number, three faces, and why where somebody was not satisfied."""
    url = running.url("counter-01")
    ticket = take(visitor, url, "C")
    clerk = sign_in("counter-01", "hanh.nh")
    clerk.goto(f"{url}/queue?ticket={ticket}")
    clerk.click(f"button:has-text('Gọi {ticket} ngay')")
    expect(clerk.locator(".big")).to_have_text(ticket)
    alt(clerk, "x")
    expect(clerk.locator(".nobody")).to_be_visible()
    visitor.goto(f"{url}/kiosk")
    visitor.tap("text=Đánh giá lượt phục vụ")
    for key in (ticket[0], ticket[-1]):
        visitor.tap(f".pad-keys b:text-is('{key}')")
    visitor.tap(f"text=Đánh giá lượt phục vụ {ticket}")
    expect(visitor.locator("h2")).to_contain_text("hài lòng")
    look(visitor, "kiosk-rate", pictures)
    visitor.tap("text=Không hài lòng")
    expect(visitor.locator("h2")).to_contain_text("Vì sao")
    look(visitor, "kiosk-why", pictures)
    visitor.tap("text=Hướng dẫn chưa rõ")
    expect(visitor.locator("main")).to_contain_text("Xin cảm ơn")
    look(visitor, "kiosk-thanks", pictures)
    visitor.goto(f"{running.url('counter-01')}/rating")
    expect(visitor.locator("h2")).to_contain_text("Quầy 01")
    look(visitor, "tablet", pictures)
    administrator = sign_in("counter-01", "quan.nv")
    administrator.goto(f"{url}/scores")
    expect(administrator.locator("main")).to_contain_text("Hướng dẫn chưa rõ: 1")
    _look(administrator, "scores", browser, pictures)


def test_the_kiosk_clears_itself_and_asks_before(
    running: RunningCentre, visitor: Page, pictures: Path | None
) -> None:
    """Who is still there stays; who has gone leaves nothing."""
    visitor.clock.install()
    visitor.goto(f"{running.url('counter-01')}/kiosk?lang=en")
    visitor.clock.run_for(31_000)
    expect(visitor.locator("#leaving")).to_be_visible()
    look(visitor, "kiosk-leaving", pictures)
    visitor.tap("#stay")
    expect(visitor.locator("#leaving")).to_be_hidden()
    visitor.clock.run_for(31_000)
    expect(visitor.locator("#leaving")).to_be_visible()
    visitor.clock.run_for(11_000)
    visitor.wait_for_url("**/kiosk")
    expect(visitor.locator("h2").first).to_contain_text("Lấy số")


def test_a_clerk_calls_by_keyboard_alone_and_the_board_rings(
    running: RunningCentre, browser: Browser, visitor: Page, sign_in: SignIn, pictures: Path | None
) -> None:
    """Alt S calls, ends and calls; the board on another machine shows it and rings once for each call."""
    url = running.url("counter-01")
    first, second = (take(visitor, url, "B") for _ in range(2))
    board = browser.new_context(viewport={"width": 1920, "height": 1080}, bypass_csp=True).new_page()
    board.goto(f"{running.url('counter-02')}/board")
    clerk = sign_in("counter-01", "hanh.nh")
    clerk.goto(f"{url}/queue")
    alt(clerk, "s")
    expect(clerk.locator(".big")).to_have_text(re.compile("-"))
    while clerk.locator(".big").inner_text() != first:  # whoever came before
        before = clerk.locator(".big").inner_text()
        alt(clerk, "s")
        expect(clerk.locator(".big")).not_to_have_text(before)
    expect(board.locator(".called")).to_contain_text(first, timeout=20_000)
    rung = board.evaluate("document.body.dataset.rung")
    alt(clerk, "a")
    expect(clerk.locator("main")).to_contain_text("đã gọi 2 lần")
    until(lambda: bool(board.evaluate("document.body.dataset.rung") != rung))
    look(board, "board", pictures)
    alt(clerk, "o")
    expect(clerk.locator(".big")).to_have_text(second)
    expect(clerk.locator("main")).to_contain_text(f"Gọi {first} về quầy này")
    alt(clerk, "t")
    clerk.keyboard.type(f"{first}\n")
    expect(clerk.locator(".look-result")).to_contain_text("Đã bỏ qua sau khi gọi")
    expect(clerk.locator(".big")).to_have_text(second)
    board.context.close()


@pytest.mark.proof
def test_two_counters_cut_off_from_each_other_call_one_ticket_and_put_it_right(
    running: RunningCentre, browser: Browser, visitor: Page, sign_in: SignIn, pictures: Path | None
) -> None:
    """Both cables are pulled; both call the same number, see it when they meet, and one press frees the other."""
    one, two = sign_in("counter-01", "hanh.nh"), sign_in("counter-02", "long.pd")
    ticket = take(visitor, running.url("counter-01"), "E")
    for clerk, name in ((one, "counter-01"), (two, "counter-02")):
        clerk.goto(f"{running.url(name)}/queue?ticket={ticket}")
    while two.locator("button:has-text('Gọi E-')").count() == 0:  # until it has come over
        two.reload()
    running.switchboard.pull("counter-02")
    for clerk, name in ((one, "counter-01"), (two, "counter-02")):
        clerk.goto(f"{running.url(name)}/queue?ticket={ticket}")
        clerk.click(f"button:has-text('Gọi {ticket} ngay')")
        expect(clerk.locator(".big")).to_have_text(ticket)
    expect(two.locator("main")).to_contain_text("Không nghe được Quầy 01", timeout=20_000)
    _look(two, "queue-cut", browser, pictures)
    running.switchboard.plug("counter-02")
    for clerk in (one, two):
        expect(clerk.locator("[role=alert]")).to_contain_text(
            f"Số {ticket} được gọi ở hai quầy", timeout=40_000
        )
    _look(one, "queue-twice", browser, pictures)
    one.click("button:has-text('Ở Quầy 02')")
    expect(one.locator("main")).to_contain_text(f"{ticket} được gọi ở Quầy 01, Quầy 02")
    expect(two.locator("[role=alert]")).to_have_count(0, timeout=20_000)
    expect(two.locator(".big")).to_have_text(ticket)
    two.locator("#counter").select_option("Quầy 01")
    alt(two, "y")
    two.keyboard.press("Tab")
    two.keyboard.press("Enter")
    expect(two.locator(".nobody")).to_be_visible()
    expect(one.locator("#line")).to_contain_text("Chuyển tới quầy này", timeout=20_000)
    _look(one, "queue", browser, pictures)


def _look(clerk: Page, name: str, browser: Browser, pictures: Path | None) -> None:
    """The same page of the same clerk, where axe may come in."""
    state = clerk.context.storage_state()
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, bypass_csp=True, storage_state=state, locale="vi-VN"
    )
    page = context.new_page()
    page.goto(clerk.url.split("?")[0])
    look(page, name, pictures)
    context.close()
