"""The way of a dossier through the room in a browser: what tests walk before they come to what they are about."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from central.demo.centre import RunningCentre
from tests.browser.conftest import PINS, SignIn
from tests.centres import SEALED
from tests.web.clerk import CARD

AXE: Final = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_RULES: Final = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
}
_VIOLATIONS: Final = """async rules => (window.axe ? await axe.run(document, rules) : null)
  ?.violations.map(one => [one.id, one.nodes[0].html.slice(0, 200)])"""


def violations(page: Page) -> list[list[str]]:
    """What axe finds against WCAG 2.2 AA on the page that is open: of each rule its name and the first element.

    What is right leaves the browser in no list: it is far more, and took a third of the time.
    """
    found: list[list[str]] | None = page.evaluate(_VIOLATIONS, _RULES)
    if found is None:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(_VIOLATIONS, _RULES)
    assert found is not None
    return found


def open_when_there(page: Page, url: str, *shows: str) -> None:
    """Opens a page as soon as what it shows has come to this machine: all of these words, for acts come in any order."""
    for _ in range(300):
        answer = page.goto(url)
        assert answer is not None
        if answer.status == 200 and all(one in page.locator("main").inner_text() for one in shows):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{url} did not come: {page.content()}")


def appraise(sign_in: SignIn, url: str) -> None:
    """`url`: the room's page of a dossier that is on its way there."""
    room = sign_in("room-01", "ha.lt")
    open_when_there(room, url)
    for point in room.locator("input[name^=point-][value=met]").all():
        point.check()
    room.check("input[name=passed][value=yes]")
    room.fill("textarea[name=opinion]", "Hồ sơ đủ, hợp lệ.")
    room.locator("form[action$='/appraise'] button[type=submit], button[form][accesskey]").last.click()
    room.wait_for_url("**/room?*")


def approve(sign_in: SignIn, url: str) -> None:
    approver = sign_in("room-01", "viet.tq")
    approver.goto(url)
    approver.fill("textarea[name=text]", "Đồng ý cấp.")
    approver.fill("input[name=pin]", PINS["viet.tq"])
    approver.press("input[name=pin]", "Enter")
    approver.wait_for_url("**/room?*")


def receive(running: RunningCentre, sign_in: SignIn, procedure: str = SEALED, card: str = CARD) -> str:
    """A dossier of the room's own counter; its stream."""
    desk = sign_in("room-01", "hanh.nh")
    desk.goto(f"{running.url('room-01')}/counter")
    desk.fill("#q", procedure)
    desk.check(f"input[name=procedure][value='{procedure}']")
    desk.wait_for_selector("[name=originals-0]")
    desk.fill("#identity", card.partition("|")[0])
    desk.fill("#name", card.split("|")[2])
    desk.fill("#phone", "0912 000 345")
    desk.click("button[value=save]")
    desk.wait_for_selector(".done .c")
    return desk.url.split("/dossier/")[1].split("?")[0]


def look(page: Page, name: str, pictures: Path | None) -> None:
    """A picture for the page of documentation; nothing wider than the screen, and nothing that axe finds."""
    if pictures is not None:
        page.screenshot(path=pictures / f"{name}.png")
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    context = page.context.browser.new_context(  # type: ignore[union-attr]
        viewport={"width": 1366, "height": 768}, bypass_csp=True, storage_state=page.context.storage_state()
    )
    other = context.new_page()
    other.goto(page.url)
    found = violations(other)
    context.close()
    assert found == []
