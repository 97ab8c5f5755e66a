"""axe over the pages of people, personal data, the catalog and reports: no violation of WCAG 2.2 AA, at 1366×768."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from central.demo.centre import RunningCentre
from central.demo.plan import ADMINISTRATOR
from tests.browser.conftest import PINS

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = (
    *("/staff", "/staff/new", "/staff/viet.tq", "/delegations", "/staff/import", "/personal"),
    *("/personal/register", "/views", "/me", "/me/pin", "/me/hour", "/find"),
    *("/forms", "/forms/01", "/forms/02/new", "/forms/ticket/new", "/slip", "/courier"),
    *("/printing", "/printers/search", "/sync", "/nodes"),
    *("/reference", "/reference/procedure/of/1.000703", "/reference/procedure/of/1.000703/edit"),
    *("/reference/fees/new", "/reference/proposals", "/reference/import"),
    *("/reports", "/reports/06a", "/reports/qua-han", "/reports/so-theo-doi", "/figures"),
    *("/look-up", "/procedures", "/procedures/1.000703"),
)


@pytest.fixture(scope="module")
def administrator(running: RunningCentre, browser: Browser) -> Page:
    """axe is put into the page from outside, past the policy."""
    page = browser.new_context(viewport={"width": 1366, "height": 768}, bypass_csp=True).new_page()
    page.goto(f"{running.url('central')}/sign-in")
    page.check(f"input[name=person][value='{ADMINISTRATOR}']")
    page.fill("input[name=pin]", PINS[ADMINISTRATOR])
    page.press("input[name=pin]", "Enter")
    page.wait_for_selector("header.bar nav")
    return page


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(running: RunningCentre, administrator: Page, path: str) -> None:
    administrator.goto(f"{running.url('central')}{path}")
    administrator.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"runOnly": TAGS}
    found = administrator.evaluate("options => axe.run(document, options)", options)
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    wide = administrator.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert not wide, f"{path} is wider than the screen"


def test_signing_in_has_no_violation(running: RunningCentre, browser: Browser) -> None:
    page = browser.new_context(viewport={"width": 1366, "height": 768}, bypass_csp=True).new_page()
    for path in ("/sign-in", "/sign-in/password"):
        page.goto(f"{running.url('counter-01')}{path}")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("options => axe.run(document, options)", {"runOnly": TAGS})
        assert found["violations"] == []


def test_no_page_breaks_its_own_policy(running: RunningCentre, browser: Browser) -> None:
    """With the policy in force the browser has nothing to report, and htmx works."""
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{running.url('counter-01')}/sign-in")
    page.check("input[name=person][value='hanh.nh']")
    page.fill("input[name=pin]", PINS["hanh.nh"])
    page.press("input[name=pin]", "Enter")
    page.wait_for_selector("header.bar nav")
    for path in ("/counter", "/find", "/return", "/me"):
        page.goto(f"{running.url('counter-01')}{path}")
    page.goto(f"{running.url('counter-01')}/find")
    page.fill("#q", "khong co ai")
    page.wait_for_selector("#hits >> text=Không tìm thấy")
    assert said == []


def test_a_telephone_that_opens_a_papers_code_reads_the_answer(
    running: RunningCentre, browser: Browser
) -> None:
    """The code stands behind "#": no server was sent it, and the browser's history does not keep it."""
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{running.url('central')}/slip#MC1~H37.07-270301-0101~nonsense")
    page.wait_for_selector("div.note")
    assert "Đây không phải mã trên giấy của Trung tâm." in page.inner_text("div.note")
    assert not any("H37.07" in url for url in (*asked, page.url))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
