"""The desk and the console before a real browser: by keyboard, without a violation of WCAG 2.2 AA, nothing wider than
the screen."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from central.web import register
from edge.access import STATE
from edge.server import application, serving
from edge.state import state_of
from edge.web import create_pages
from tests.browser.conftest import ARGUMENTS, CHROMIUM, PINS
from tests.browser.test_fees import alt
from tests.browser.walks import violations
from tests.centres import SmallCentre

Enter = Callable[[str], Page]


@pytest.fixture(scope="module")
def centre(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCentre]:
    """Approved in the room while a counter took a withdrawal, both without the line for twenty minutes.

    Made before there is a browser: its loop leaves no room for the one in which results are signed.
    """
    data = tmp_path_factory.mktemp("desk") / "centre"
    shutil.copytree(founded, data)
    centre = SmallCentre(data)
    centre.clock.forward(minutes=10)
    dossier = centre.appraised()
    for name in ("counter-01", "room-01"):
        centre[name].contacts.heard(centre["central"].id)
    centre.clock.forward(minutes=20)
    for name in ("counter-01", "room-01"):
        centre[name].outages.look()
    centre.approve(dossier)
    centre.withdraw(dossier)
    for name in ("counter-01", "room-01"):
        node = centre[name]
        node.contacts.heard(centre["central"].id)
        node.outages.look()
        centre["central"].stores["catalog"].put_local(f"{STATE}{node.id}", state_of(node).document())
    centre.meet()
    yield centre
    centre.close()


@pytest.fixture(scope="module")
def enter(centre: SmallCentre) -> Iterator[Enter]:
    """Opens central's pages, with somebody signed in; axe is put in from outside, past the policy."""
    central = centre["central"]
    pages = create_pages(central, None, lambda: None, extra=[register])
    with (
        serving(application(central, pages), "127.0.0.1", 0) as (host, port),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))

        def sign_in(person: str) -> Page:
            page = browser.new_context(
                base_url=f"http://{host}:{port}",
                viewport={"width": 1366, "height": 768},
                locale="vi-VN",
                bypass_csp=True,
            ).new_page()
            page.goto("/sign-in")
            page.check(f"input[name=person][value='{person}']")
            page.fill("input[name=pin]", PINS[person])
            page.press("input[name=pin]", "Enter")
            page.wait_for_selector("header.bar nav")
            return page

        yield sign_in
        browser.close()


def look(page: Page, path: str, name: str, pictures: Path | None) -> None:
    """Open a page, and look at it as somebody who does not see it well."""
    if path:
        page.goto(path)
    assert violations(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, f"{path} is wider than the screen"
    if pictures is not None:
        page.screenshot(path=pictures / f"{name}.png", full_page=True)


def test_the_desk_settles_by_keyboard_and_reads_the_outage(enter: Enter, pictures: Path | None) -> None:
    page = enter("huong.ltt")
    look(page, "/desk", "desk", pictures)
    page.locator("input[name=stands]").first.focus()
    page.keyboard.press("Space")
    page.locator("#reason").focus()
    page.keyboard.type("Người nộp xác nhận qua điện thoại.")
    alt(page, "g")
    expect(page.locator("main")).to_contain_text("Đã ghi quyết định đối soát")
    look(page, "", "desk-empty", pictures)
    look(page, "/lacking", "lacking", pictures)
    look(page, "/outages", "outages", pictures)
    page.locator("main table a").first.click()
    expect(page.locator("h1")).to_contain_text("Sự cố từ")
    expect(page.locator("main")).to_contain_text("Người nộp xác nhận qua điện thoại.")
    look(page, "", "outage", pictures)


def test_the_console_shows_every_machine_and_grants_numbers(enter: Enter, pictures: Path | None) -> None:
    page = enter("quan.nv")
    look(page, "/nodes", "nodes", pictures)
    look(page, "/nodes/map", "reach", pictures)
    page.goto("/nodes")
    page.get_by_role("link", name="Quầy 01", exact=True).click()
    look(page, "", "machine", pictures)
    page.check("input[name=what][value=receipt]")
    page.fill("#symbol", "27TAA")
    page.fill("#form", "EBL01")
    page.fill("#first", "9001")
    page.fill("#last", "9100")
    page.get_by_role("button", name="Cấp dải số cho Quầy 01").click()
    expect(page.locator("main")).to_contain_text("Đã cấp 100 số.")
