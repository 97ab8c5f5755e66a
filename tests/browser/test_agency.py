"""Somebody of an agency at a machine of the room: handed over, taken, and seen with what is due. Picture of docs/agencies.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from central.demo.centre import RunningCentre
from tests.agencies import ELSEWHERE, OFFICER
from tests.browser.conftest import SignIn
from tests.browser.walks import look, receive
from tests.web.clerk import CARD


@pytest.mark.proof
def test_an_agencys_person_takes_over_what_the_counter_hands_over(
    running: RunningCentre, sign_in: SignIn, pictures: Path | None
) -> None:
    node = running.url("room-01")
    streams = [receive(running, sign_in, ELSEWHERE, card) for card in (CARD, "020190001234||Lý Thị Mai")]
    desk = sign_in("room-01", "hanh.nh")
    desk.goto(f"{node}/agencies")
    for stream in streams:
        desk.check(f"input[name=stream][value='{stream}']")
    desk.click("button[accesskey=g]")
    desk.wait_for_selector("text=Đã ghi bàn giao: 2 hồ sơ.")

    officer = sign_in("room-01", OFFICER)
    officer.goto(f"{node}/")
    for stream in streams:
        officer.check(f"input[name=stream][value='{stream}']")
    officer.click("button[accesskey=g]")
    officer.wait_for_selector("text=Đã ghi nhận bàn giao: 2 hồ sơ.")
    officer.goto(f"{node}/agency?tab=held")
    officer.check(f"input[name=stream][value='{streams[0]}']")
    officer.fill(f"input[name='result-{streams[0]}']", "12/GP-SXD ngày 26/11/2026")
    look(officer, "agency", pictures)
