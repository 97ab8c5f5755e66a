"""Clocks at 2015 and at 2030, and one that jumps in the middle of a reception: real processes, libfaketime, no waiting.

Nothing stops but what would give a number for a day that the machine may give none for; nothing is silent; and when the
clock is right again, everybody shows the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from central.demo.centre import RunningCentre, centre
from central.demo.plan import PEOPLE, nodes
from central.demo.visitor import Page, PageError, Visitor
from central.verify import verify
from edge.clock import system_clock
from edge.folder import Folder
from edge.status import asked
from schemas.calendar import VIETNAM
from tests.large import enlarged
from tests.waiting import until

LIBRARIES = "*/faketime/libfaketimeMT.so.1"
"""Debian's libfaketime, in the folder of whatever kind of machine this is."""
PIN = {person.id: person.pin for person in PEOPLE}
CARD = "020085004127|281234567|Nông Văn Thắng|14031985|Nam|Số 45, đường Phai Vệ, phường Đông Kinh|01012022"
RIGHT = "+0"


class Hands:
    """The hands of counter-01's clock: what its process is told instead of the hour."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.turn(RIGHT)

    def turn(self, by: str) -> None:
        half = self.file.with_suffix(".new")
        half.write_text(f"{by}\n", encoding="ascii")
        half.replace(self.file)

    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(next(Path("/usr/lib").glob(LIBRARIES))),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path / "hands")


@pytest.fixture
def running(
    founded: Path, tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningCentre]:
    """A centre whose first counter has hands that the test turns."""
    shutil.copytree(founded, tmp_path / "centre")
    start = RunningCentre.start

    def started(self: RunningCentre, name: str) -> None:
        with monkeypatch.context() as environment:
            for member, value in hands.environment().items() if name == "counter-01" else ():
                environment.setenv(member, value)
            start(self, name)

    monkeypatch.setattr(RunningCentre, "start", started)
    with (
        enlarged(tmp_path / "centre" / "central"),
        centre(tmp_path / "centre", nodes(first_port=0), system_clock) as one,
    ):
        yield one


def signed_in(running: RunningCentre, node: str, person: str, hour: str = "") -> Visitor:
    """Somebody at a screen; `hour` is their answer where the page asks about it, which it must."""
    visitor = Visitor(running.url(node))
    page = visitor.open("/sign-in")
    form = page.form("/sign-in")
    assert ("hour" in form.choices) is bool(hour), page.text
    form.fields.update({"person": person, "pin": PIN[person], **({"hour": hour} if hour else {})})
    visitor.press(page, form)
    return visitor


def filled_in(visitor: Visitor) -> Page:
    """A reception with everything filled in, ready to save."""
    page = visitor.open("/counter")
    return visitor.press(page, page.form("stream"), ("act", "look"), procedure="1.000703", identity=CARD)


def save(visitor: Visitor, page: Page) -> Page:
    form = page.form("stream")
    form.fields.update({"phone": "0912000345", "originals-0": "1"})
    return visitor.press(page, form, ("act", "save"))


def refused(visitor: Visitor, page: Page) -> str:
    with pytest.raises(PageError) as why:
        save(visitor, page)
    assert why.value.status == 409
    return why.value.text


def opens(visitor: Visitor, path: str) -> Callable[[], bool]:
    def opened() -> bool:
        try:
            visitor.open(path)
        except PageError:
            return False
        return True

    return opened


def stream_of(saved: Page) -> str:
    return saved.url.partition("/dossier/")[2].partition("?")[0]


def today() -> str:
    return f"{system_clock().astimezone(VIETNAM):%d/%m/%Y}"


@pytest.mark.proof
def test_2015_2030_and_a_jump_in_the_middle_of_a_reception(running: RunningCentre, hands: Hands) -> None:
    clerk = signed_in(running, "counter-01", "hanh.nh")
    first = stream_of(save(clerk, filled_in(clerk)))
    desk = signed_in(running, "central", "huong.ltt")
    until(opens(desk, f"/dossier/{first}"))

    # the line is down, and in the middle of a reception the battery of the clock is empty
    running.switchboard.pull("counter-01")
    half = filled_in(clerk)
    hands.turn("-11y")
    assert "Đồng hồ máy vừa đổi đột ngột" in refused(clerk, half)
    clerk = signed_in(running, "counter-01", "hanh.nh", hour="wrong")
    assert "Giờ máy chưa chắc" in clerk.open("/counter").text
    second = save(clerk, filled_in(clerk))
    assert today() in second.text
    assert "Hạn chưa chắc" in second.text

    # it starts again in 2030: what was said of its clock still counts, and so do roles, numbers and days off
    hands.turn("+4y")
    killed = running.nodes["counter-01"].killed
    process = running.nodes["counter-01"].process
    assert process is not None
    process.kill()
    until(lambda: running.nodes["counter-01"].killed > killed)
    running.wait_until_ready(["counter-01"])
    clerk = signed_in(running, "counter-01", "hanh.nh")
    third = save(clerk, filled_in(clerk))
    assert today() in third.text
    assert "Hạn chưa chắc" in third.text

    # somebody sets it right, again in the middle of a reception
    half = filled_in(clerk)
    hands.turn(RIGHT)
    assert "Đồng hồ máy vừa đổi đột ngột" in refused(clerk, half)
    clerk = signed_in(running, "counter-01", "hanh.nh", hour="right")
    fourth = stream_of(save(clerk, filled_in(clerk)))
    assert "Hạn chưa chắc" in clerk.open(f"/dossier/{fourth}").text

    # the line is back: the clocks are compared before anything else
    running.switchboard.plug("counter-01")
    until(opens(desk, f"/dossier/{fourth}"))
    until(lambda: "Không có gì cho thấy giờ máy sai" in clerk.open("/me/hour").text)
    page = desk.open("/due")
    assert "Kiểm hạn trả: 3" in page.text
    now = system_clock().astimezone(VIETNAM) - timedelta(minutes=1)
    form = page.form(f"/due/{fourth}")
    done = desk.press(page, form, happened_at=f"{now:%Y-%m-%dT%H:%M}", reason="Quầy 01 xác nhận")
    assert "Kiểm hạn trả: 2" in done.text
    told = f"/dossier/{fourth}"
    until(lambda: "Trung tâm đã kiểm lại giờ nhận và hạn trả" in clerk.open(told).text)
    assert "Hạn chưa chắc" not in clerk.open(told).text

    # what is written now is sure again, and nothing is missing
    assert "Hạn chưa chắc" not in save(clerk, filled_in(clerk)).text
    until(lambda: status_of(running) == [("counter-01.1", 5, True)])
    running.stop()
    assert verify(running.data).findings == ()


def status_of(running: RunningCentre) -> list[tuple[str, int, bool]]:
    """What central says of the counter's chain."""
    found = asked(Folder(running.data / "central"))
    assert found is not None
    return [(one.node, one.upto, one.complete) for one in found.chains if one.node == "counter-01.1"]
