"""The 4-on-site room, from a slip to the result in the visitor's hand, with the cable to the centre pulled.

Every press is counted: clicks, keys with Alt, fields that are filled (a scan and a PIN are one each). With
`--pictures DIR` the pages of docs/room.md are left there.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from central.demo.centre import RunningCentre
from central.demo.plan import SEAL_PIN
from tests.browser.conftest import PINS, SignIn
from tests.browser.test_axe import AXE, TAGS
from tests.browser.test_fees import alt
from tests.centres import SEALED
from tests.web.clerk import CARD

MOST = 25


class Hands:
    """What somebody does on a page, counted."""

    def __init__(self) -> None:
        self.presses = 0

    def check(self, page: Page, selector: str) -> None:
        self.presses += 1
        page.check(selector)

    def fill(self, page: Page, selector: str, text: str) -> None:
        self.presses += 1
        page.fill(selector, text)

    def alt(self, page: Page, key: str) -> None:
        self.presses += 1
        alt(page, key)


def test_from_the_slip_to_the_result_in_the_hand(
    running: RunningCentre, sign_in: SignIn, pictures: Path | None
) -> None:
    running.switchboard.pull("central")
    stream = _received(running, sign_in)
    hands, node = Hands(), running.url("room-01")

    appraiser = sign_in("room-01", "ha.lt")
    appraiser.goto(f"{node}/room/{stream}")
    _look(appraiser, "appraising", pictures)
    for point in range(3):
        hands.check(appraiser, f"input[name=point-{point}][value=met]")
    hands.check(appraiser, "input[name=passed][value=yes]")
    hands.fill(appraiser, "textarea[name=opinion]", "Hồ sơ đủ, hợp lệ.")
    hands.alt(appraiser, "g")
    appraiser.wait_for_selector("text=Đã ghi: thẩm định")

    approver = sign_in("room-01", "viet.tq")
    approver.goto(f"{node}/room/{stream}")
    _look(approver, "approving", pictures)
    hands.fill(approver, "input[name=pin]", PINS["viet.tq"])
    hands.alt(approver, "k")
    approver.wait_for_selector("text=Đã ghi: phê duyệt")

    clerk = sign_in("room-01", "chi.nth")
    clerk.goto(f"{node}/seal")
    hands.fill(clerk, "input[name=pin]", PINS["chi.nth"])
    hands.fill(clerk, "input[name=agency_pin]", SEAL_PIN)
    hands.alt(clerk, "k")
    clerk.wait_for_selector("text=và đóng dấu")
    clerk.goto(f"{node}/timing")
    _look(clerk, "timing", pictures)

    desk = sign_in("room-01", "hanh.nh")
    desk.goto(f"{node}/return/{stream}")
    hands.fill(desk, "#identity", CARD)
    desk.press("#identity", "Enter")
    desk.wait_for_selector(".ok-line")
    if desk.locator("#unpaid").count():
        hands.fill(desk, "#unpaid", "Biên lai 28AA-26T-1")
    hands.check(desk, "#confirm")
    hands.alt(desk, "g")
    desk.wait_for_selector("text=Đã trả kết quả")
    assert hands.presses <= MOST, hands.presses
    running.switchboard.plug("central")


def _received(running: RunningCentre, sign_in: SignIn) -> str:
    """A dossier of the room's own counter; its stream."""
    desk = sign_in("room-01", "hanh.nh")
    desk.goto(f"{running.url('room-01')}/counter")
    desk.fill("#q", SEALED)
    desk.check(f"input[name=procedure][value='{SEALED}']")
    desk.wait_for_selector("[name=originals-0]")
    desk.fill("#identity", CARD.partition("|")[0])
    desk.fill("#name", "Nông Văn Thắng")
    desk.fill("#phone", "0912 000 345")
    desk.click("button[value=save]")
    desk.wait_for_selector(".done .c")
    return desk.url.split("/dossier/")[1].split("?")[0]


def _look(page: Page, name: str, pictures: Path | None) -> None:
    """A picture for the page of documentation; nothing wider than the screen, and nothing that axe finds."""
    if pictures is not None:
        page.screenshot(path=pictures / f"room-{name}.png")
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    context = page.context.browser.new_context(  # type: ignore[union-attr]
        viewport={"width": 1366, "height": 768}, bypass_csp=True, storage_state=page.context.storage_state()
    )
    other = context.new_page()
    other.goto(page.url)
    other.evaluate(AXE.read_text(encoding="utf-8"))
    found = other.evaluate("options => axe.run(document, options)", {"runOnly": TAGS})
    context.close()
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
