"""A cashier's hour by keyboard alone, the cable to the centre pulled: shift, cash, transfer, receipts, the count.

The pictures of every page lie beside the other artefacts of the run (`--basetemp`), at 1366×768.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page

from central.demo.centre import RunningCentre
from tests.browser.conftest import SignIn
from tests.browser.walks import violations
from tests.web.clerk import CARD

Take = Callable[[Page, str], bytes]
"""Takes a picture of a page under a name."""


def alt(page: Page, letter: str) -> None:
    """Press Alt and a letter as a keyboard does; Playwright leaves out the letter that Chromium looks for."""
    keys = page.context.new_cdp_session(page)
    key = {"modifiers": 1, "code": f"Key{letter.upper()}", "windowsVirtualKeyCode": ord(letter.upper())}
    keys.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": letter, "unmodifiedText": letter, **key})
    keys.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
    keys.detach()


def _axe(page: Page) -> None:
    assert violations(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth"), page.url


@pytest.fixture
def picture(tmp_path: Path) -> Take:
    def take(page: Page, name: str) -> bytes:
        return page.screenshot(path=tmp_path / f"{name}.png")

    return take


def received(receiver: Page) -> str:
    """A dossier that a colleague receives; its number."""
    receiver.goto(receiver.url.partition("/counter")[0].partition("/dossier")[0] + "/counter")
    receiver.fill("#q", "cap giay phep kinh doanh van tai")
    receiver.check("input[name=procedure][value='1.000703']")
    receiver.wait_for_selector("[name=originals-0]")
    receiver.fill("#identity", CARD.partition("|")[0])
    receiver.fill("#name", "Nông Văn Thắng")
    receiver.fill("#phone", "0912 000 345")
    receiver.click("button[value=save]")
    receiver.wait_for_selector(".done .c")
    return receiver.inner_text(".done .c").strip()


def test_a_cashiers_hour_by_keyboard(running: RunningCentre, sign_in: SignIn, picture: Take) -> None:
    receiver, cashier = sign_in("counter-01", "hanh.nh"), sign_in("counter-01", "van.lt")
    running.switchboard.pull("central")
    numbers = [received(receiver), received(receiver)]
    base = running.url("counter-01")
    cashier.goto(f"{base}/fees")
    picture(cashier, "1-no-shift")
    alt(cashier, "u")
    cashier.wait_for_selector("#cash")
    cashier.focus("#cash")
    cashier.keyboard.type("500000")
    picture(cashier, "2-open-shift")
    alt(cashier, "u")
    cashier.wait_for_selector("#q")

    # the slip is scanned: the box has the focus, and the scanner ends with Enter
    cashier.keyboard.type(numbers[0])
    cashier.keyboard.press("Enter")
    cashier.wait_for_selector("#handed")
    cashier.keyboard.type("500000")  # the box has the focus: scan, type, Alt U
    assert cashier.inner_text(".change") == "Trả lại khách 300.000 đ"
    picture(cashier, "3-cash")
    cashier.keyboard.press("Enter")
    cashier.wait_for_selector("#handed")
    assert cashier.locator(".receipt").count() == 0, "Enter takes no money"
    alt(cashier, "u")
    cashier.wait_for_selector(".done .c")
    assert "Trả lại khách 300.000 đ" in cashier.inner_text(".done")
    picture(cashier, "4-taken")

    # no slip at hand: by name, and from the box by the arrow to the first that was found
    cashier.keyboard.type("nong van thang")
    cashier.keyboard.press("Enter")
    cashier.wait_for_selector("#q:focus[value='nong van thang']")
    cashier.keyboard.press("ArrowDown")
    cashier.keyboard.press("Enter")
    cashier.wait_for_selector("#handed")
    assert numbers[1] in cashier.inner_text(".dh")
    cashier.focus("#method")
    cashier.keyboard.press("ArrowRight")
    code = cashier.locator("svg.qr")
    code.wait_for(state="visible")
    seen = Image.open(io.BytesIO(code.screenshot())).convert("L")
    (read,) = zxingcpp.read_barcodes(seen)
    assert numbers[1] in read.text
    assert "5406200000" in read.text
    picture(cashier, "5-transfer")
    alt(cashier, "u")
    cashier.wait_for_selector("#reference-error")
    picture(cashier, "6-no-reference")
    cashier.fill("#reference", "FT26331 004512")
    alt(cashier, "u")
    cashier.wait_for_selector(".done .c")

    cashier.goto(f"{base}/fees")
    cashier.wait_for_selector("#q:focus")
    cashier.keyboard.type(numbers[0])
    cashier.keyboard.press("Enter")
    cashier.wait_for_selector(".receipt")
    picture(cashier, "7-paid")
    cashier.click("text=Huỷ biên lai")
    cashier.wait_for_selector("#reason")
    picture(cashier, "8-void")
    cashier.goto(f"{base}/till")
    cashier.fill("#notes-500000", "1")
    cashier.press("#notes-500000", "Enter")
    cashier.wait_for_selector("text=Phải có trong quỹ")
    picture(cashier, "9-count")
    cashier.fill("#notes-200000", "1")
    alt(cashier, "g")
    cashier.wait_for_selector("text=Đã đóng ca.")
    cashier.goto(f"{base}/takings")
    cashier.click("summary:has-text('việc')")
    picture(cashier, "10-takings")
    running.switchboard.plug("central")


@pytest.mark.proof
def test_axe_finds_nothing_on_the_pages_of_money(running: RunningCentre, sign_in: SignIn) -> None:
    receiver, cashier = sign_in("counter-02", "hanh.nh"), sign_in("counter-02", "thao.np")
    number, base = received(receiver), running.url("counter-02")
    context = cashier.context.browser.new_context(  # type: ignore[union-attr]
        viewport={"width": 1366, "height": 768},
        bypass_csp=True,
        storage_state=cashier.context.storage_state(),
    )
    page = context.new_page()
    for path in ("/fees", "/till", "/takings"):
        page.goto(f"{base}{path}")
        _axe(page)
    page.goto(f"{base}/till")
    page.fill("#cash", "0")
    alt(page, "u")
    page.wait_for_selector("#q")
    page.fill("#q", number)
    page.press("#q", "Enter")
    page.wait_for_selector("#handed")
    _axe(page)
    page.focus("#method")
    page.keyboard.press("ArrowRight")
    alt(page, "u")
    page.wait_for_selector("#reference-error")
    _axe(page)
    page.fill("#reference", "FT1")
    alt(page, "u")
    page.wait_for_selector(".done .c")
    _axe(page)
    page.click(".done a.code")
    page.wait_for_selector(".receipt")
    for link in ("Hoàn tiền", "Huỷ biên lai"):
        page.click(f"text={link}")
        page.wait_for_selector("#second")
        _axe(page)
        page.go_back()
    page.goto(f"{base}/till")
    page.press("#notes-500000", "Enter")
    page.wait_for_selector("text=Phải có trong quỹ")
    _axe(page)
    context.close()


@pytest.mark.proof
def test_a_list_is_walked_by_arrows_and_has_no_violation(
    running: RunningCentre, sign_in: SignIn, browser: Browser
) -> None:
    """What was received stands in it; the arrows go from row to row, and Enter opens."""
    receiver = sign_in("counter-02", "long.pd")
    numbers = {received(receiver), received(receiver)}
    base = running.url("counter-02")
    receiver.goto(f"{base}/lists?list=mine")
    rows = receiver.locator("[data-rows] tbody a.code").all_inner_texts()
    assert set(rows) == numbers
    receiver.keyboard.press("ArrowDown")
    receiver.keyboard.press("ArrowDown")
    assert receiver.evaluate("document.activeElement.textContent") == rows[1]
    receiver.keyboard.press("Enter")
    receiver.wait_for_url("**/dossier/*")
    looking = browser.new_context(
        viewport={"width": 1366, "height": 768},
        bypass_csp=True,
        storage_state=receiver.context.storage_state(),
    ).new_page()
    looking.goto(f"{base}/lists?list=mine")
    assert violations(looking) == []
    assert not looking.evaluate("document.documentElement.scrollWidth > window.innerWidth")
