"""The 4-on-site room, from a slip to the result in the visitor's hand, with the cable to the centre pulled.

Every press is counted: clicks, keys with Alt, fields that are filled (a scan and a PIN are one each); a dossier is opened by
the scan of its slip. With `--pictures DIR` the pages of docs/room.md are left there.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from central.demo.centre import RunningCentre
from central.demo.plan import SEAL_PIN
from tests.browser.conftest import PINS, SignIn
from tests.browser.test_fees import alt
from tests.browser.walks import look, receive
from tests.web.clerk import CARD

MOST = 25


class Hands:
    """What somebody does on a page, counted."""

    def __init__(self) -> None:
        self.presses = 0

    def scan(self, page: Page, url: str) -> None:
        """What a scanned slip opens."""
        self.presses += 1
        page.goto(url)

    def check(self, page: Page, selector: str) -> None:
        self.presses += 1
        page.check(selector)

    def fill(self, page: Page, selector: str, text: str) -> None:
        self.presses += 1
        page.fill(selector, text)

    def type(self, page: Page, text: str) -> None:
        self.presses += 1
        page.keyboard.type(text)

    def press(self, page: Page, key: str) -> None:
        self.presses += 1
        page.keyboard.press(key)

    def alt(self, page: Page, key: str) -> None:
        self.presses += 1
        alt(page, key)


def test_from_the_slip_to_the_result_in_the_hand(
    running: RunningCentre, sign_in: SignIn, pictures: Path | None
) -> None:
    running.switchboard.pull("central")
    stream = receive(running, sign_in)
    hands, node = Hands(), running.url("room-01")

    appraiser = sign_in("room-01", "ha.lt")
    hands.scan(appraiser, f"{node}/room/{stream}")
    look(appraiser, "room-appraising", pictures)
    hands.alt(appraiser, "g")  # nothing is answered yet: it leads to the first point
    expect(appraiser.locator("input[name=point-0]").first).to_be_focused()
    for point in range(3):
        hands.check(appraiser, f"input[name=point-{point}][value=met]")
    hands.check(appraiser, "input[name=passed][value=yes]")
    hands.fill(appraiser, "textarea[name=opinion]", "Hồ sơ đủ, hợp lệ.")
    hands.alt(appraiser, "g")
    appraiser.wait_for_selector("text=Đã ghi: thẩm định")

    approver = sign_in("room-01", "viet.tq")
    hands.scan(approver, f"{node}/room/{stream}")
    look(approver, "room-approving", pictures)
    hands.alt(approver, "k")  # the PIN is not there yet: it leads to its box, and Enter signs
    expect(approver.locator("input[name=pin]")).to_be_focused()
    hands.type(approver, PINS["viet.tq"])
    hands.press(approver, "Enter")
    approver.wait_for_selector("text=Đã ghi: phê duyệt")

    clerk = sign_in("room-01", "chi.nth")
    hands.scan(clerk, f"{node}/seal/{stream}")
    hands.fill(clerk, "input[name=pin]", PINS["chi.nth"])
    hands.fill(clerk, "input[name=agency_pin]", SEAL_PIN)
    hands.alt(clerk, "k")
    clerk.wait_for_selector("text=và đóng dấu")
    clerk.goto(f"{node}/timing")
    look(clerk, "room-timing", pictures)

    desk = sign_in("room-01", "hanh.nh")
    hands.scan(desk, f"{node}/return/{stream}")
    hands.fill(desk, "#identity", CARD)
    desk.press("#identity", "Enter")
    desk.wait_for_selector(".ok-line")
    if desk.locator("#unpaid").count():
        hands.fill(desk, "#unpaid", "Biên lai 28AA-26T-1")
    hands.check(desk, "#confirm")
    hands.alt(desk, "g")
    desk.wait_for_selector(".note-ok:has-text('Đã trả kết quả')")
    assert hands.presses <= MOST, hands.presses
    running.switchboard.plug("central")
