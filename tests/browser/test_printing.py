"""The page *Máy in* in a real browser: a printer that is off is added, and the paper comes out by the browser instead."""

from __future__ import annotations

import pytest

from central.demo.centre import free_port
from central.demo.plan import ADMINISTRATOR
from tests.browser.conftest import SignIn
from tests.waiting import until


@pytest.mark.proof
def test_the_browser_is_asked_to_print_the_paper_itself(sign_in: SignIn) -> None:
    """Not the page around it; and until somebody says that it came out nobody knows."""
    page = sign_in("counter-01", ADMINISTRATOR)
    page.click("text=Máy in")
    page.click("summary:has-text('Thêm máy in')")
    page.fill("#name", "Laser đã tắt")
    page.fill("#address", f"ipp://127.0.0.1:{free_port()}/ipp/print")
    page.click("form.pairs button:has-text('Thêm máy in')")
    page.click("tr:has-text('Laser đã tắt') button:has-text('In trang thử')")
    page.wait_for_selector("h1:has-text('1 giấy chưa in xong')")
    page.click("summary:has-text('In chỗ khác')")
    page.click("text=In bằng trình duyệt")

    page.wait_for_selector("h1:has-text('In bằng trình duyệt')")
    shown = "document.getElementById('sheet').contentWindow.location.href.includes('sheet.pdf')"
    until(lambda: bool(page.evaluate(shown)))
    page.evaluate("document.getElementById('sheet').contentWindow.print = () => { window.printed = true; }")
    page.click("[data-prints]")
    assert page.evaluate("window.printed") is True
    page.click("text=Đã ra")
    page.wait_for_selector("text=Không có giấy nào đang chờ.")
    assert "Đã in ở trình duyệt" in page.inner_text("main")
