"""The way of a dossier through the room in a browser: what tests walk before they come to what they are about."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import PINS, SignIn


def open_when_there(page: Page, url: str) -> None:
    """Opens a page as soon as what it shows has come to this machine."""
    for _ in range(300):
        answer = page.goto(url)
        assert answer is not None
        if answer.status == 200:
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
