"""A result handed over by keyboard and scanner, with the cable to the centre pulled; axe, and a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.demo.centre import RunningCentre
from tests.browser.conftest import SignIn
from tests.browser.test_fees import alt, received
from tests.browser.walks import appraise, approve, violations
from tests.web.clerk import CARD


@pytest.mark.proof
def test_a_result_by_keyboard(running: RunningCentre, sign_in: SignIn, tmp_path: Path) -> None:
    running.switchboard.pull("central")
    counter = sign_in("counter-01", "hanh.nh")
    number = received(counter)
    stream = counter.url.split("/dossier/")[1].split("?")[0]
    url = f"{running.url('room-01')}/room/{stream}"
    appraise(sign_in, url)
    approve(sign_in, url)

    context = counter.context.browser.new_context(  # type: ignore[union-attr]
        viewport={"width": 1366, "height": 768},
        bypass_csp=True,
        storage_state=counter.context.storage_state(),
    )
    desk = context.new_page()
    desk.goto(f"{running.url('counter-01')}/return")
    for _ in range(60):
        if number in desk.inner_text("nav.queue"):
            break
        desk.wait_for_timeout(500)
        desk.reload()
    desk.fill("#q", number)
    desk.press("#q", "Enter")
    desk.wait_for_selector("#identity")
    desk.keyboard.type(CARD)  # the scanner: the box has the focus, Enter only looks
    desk.keyboard.press("Enter")
    desk.wait_for_selector(".ok-line")
    assert desk.input_value("#taken_by") == "Nông Văn Thắng"
    desk.screenshot(path=tmp_path / "return.png")
    assert violations(desk) == []
    alt(desk, "g")
    desk.wait_for_selector("#confirm-error")
    desk.screenshot(path=tmp_path / "return-errors.png")
    desk.fill("#unpaid", "Biên lai 28AA-26T-1")
    desk.check("#confirm")
    alt(desk, "g")
    desk.wait_for_selector(".note-ok:has-text('Đã trả kết quả')")
    context.close()
    running.switchboard.plug("central")
