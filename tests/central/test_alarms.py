"""What is wrong with a machine reaches the administrators by a real mail server: once, again after a day, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from central.alarms import Alarms, ask
from central.outlet import Outlet
from edge.disk import Space
from edge.node import Node
from edge.retiring import close_node
from edge.roads import Roads
from edge.server import application, serving
from edge.settings import MailSettings, PeerSettings
from edge.status import status_of
from edge.web import create_pages
from sync.errors import DiskFull
from tests.central.test_console import says
from tests.central.test_outlet import Letterbox, letterbox
from tests.centres import SmallCentre
from tests.exchange import connect

__all__ = ["letterbox"]
OTHERS = ("counter-01", "counter-02", "room-01")
TO = ("quan-tri@vidu.vn", "truc@vidu.vn")


@dataclass
class Watched:
    """A centre with a mail server. `wrong`: what a machine says of itself that is not so well; `away`: who is switched off."""

    centre: SmallCentre
    box: Letterbox
    alarms: Alarms
    wrong: dict[str, dict[str, Any]] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    unready: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def central(self) -> Node:
        return self.centre["central"]

    def after(self, **by: float) -> list[Any]:
        """The mails that have come when so much time has passed, with machines that say how they are."""
        self.centre.clock.forward(**by)
        for name in OTHERS:
            if name not in self.away:
                self.central.contacts.heard(self.centre[name].id)
                says(self.centre, name, **self.wrong.get(name, {}))
        before = len(self.box.mails)
        self.alarms.look()
        Outlet(self.central).run_once()
        return self.box.mails[before:]

    def texts(self, **by: float) -> list[str]:
        """Those to the first administrator; each of them gets the same."""
        mails = self.after(**by)
        assert [mail["To"] for mail in mails] == list(TO) * (len(mails) // len(TO))
        return [mail.get_content() for mail in mails if mail["To"] == TO[0]]


@pytest.fixture
def watched(centre: SmallCentre, letterbox: tuple[Letterbox, int]) -> Watched:
    box, port = letterbox
    central = connect(centre, mail=MailSettings("127.0.0.1", "hoso@vidu.vn", port, "none", alarms=TO))
    unready: dict[str, tuple[str, ...]] = {}
    one = Watched(
        centre, box, Alarms(central, ready=lambda card: unready.get(card.node, ())), unready=unready
    )
    assert one.after(minutes=1) == []
    return one


def test_a_fault_is_told_again_after_a_day_and_when_it_is_over(watched: Watched) -> None:
    watched.centre.receive(applicant="Hoàng Thị Mây")
    watched.centre.meet()
    watched.wrong["counter-01"] = {"refused": 2}
    assert watched.after(minutes=1) == []
    assert watched.after(minutes=1) == [], "it may be gone in a moment"
    (mail, _) = watched.after(minutes=3)
    assert mail["Subject"] == "Motcua: 1 lỗi mới"
    text = mail.get_content()
    assert (
        "LỖI MỚI\n- Quầy 01 (counter-01.1): 2 việc bị nơi nhận từ chối (thấy từ 09:02 ngày 01/03/2027)"
        in text
    )
    assert "Việc đã báo “Đã lưu” vẫn nguyên" in text
    assert watched.after(hours=5) == [], "it was told"

    watched.wrong["room-01"] = {"disk_free": 10**9}
    assert watched.after(minutes=1) == []
    (text,) = watched.texts(minutes=4)
    assert "LỖI MỚI\n- Phòng" in text
    assert "ổ đĩa chỉ còn 1,0 GB" in text
    assert "VẪN CÒN\n- Quầy 01" in text

    assert watched.after(hours=14) == [], "at night nobody is told again"
    (text,) = watched.texts(hours=8)
    assert "LỖI MỚI" not in text
    assert text.count("việc bị nơi nhận từ chối") == 1
    assert "ổ đĩa chỉ còn" in text

    del watched.wrong["counter-01"]
    assert watched.after(minutes=1) == []
    (mail, _) = watched.after(minutes=4)
    assert mail["Subject"] == "Motcua: 1 lỗi đã hết, 1 lỗi vẫn còn"
    assert "ĐÃ HẾT\n- Quầy 01 (counter-01.1): 2 việc" in mail.get_content()
    assert watched.after(minutes=5) == []
    for said in ("Mây", "020085004127", "0912000345", "hanh", "Hạnh"):
        assert not any(said in str(mail) + mail.get_content() for mail in watched.box.mails), (
            "nobody is named"
        )


def test_what_comes_and_goes_and_machines_that_are_off_at_night_wake_nobody(watched: Watched) -> None:
    watched.wrong["counter-01"] = {"refused": 1}
    assert watched.after(minutes=1) == []
    watched.wrong.clear()
    assert watched.after(minutes=1) == []
    watched.wrong["counter-01"] = {"refused": 1}
    assert watched.after(minutes=2) == [], "anew"
    watched.wrong.clear()

    watched.away = {"counter-02"}
    assert watched.after(hours=8) == []  # ten past five
    assert watched.after(hours=2) == []
    assert watched.after(hours=12, minutes=40) == [], "the office has been open for less than half an hour"
    (text,) = watched.texts(minutes=40)
    assert "Quầy 02 (counter-02.1): mất liên lạc" in text
    watched.away = set()
    watched.after(minutes=1)
    (text,) = watched.texts(minutes=4)
    assert "ĐÃ HẾT\n- Quầy 02" in text


def test_a_mail_server_that_is_down_for_days_loses_no_mail_and_gets_no_pile(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is anything lost or told twice by a restart, or a disk that is full while it is noted."""
    settings = watched.central.settings.mail
    assert settings is not None
    down = msgspec.structs.replace(settings, port=9)
    monkeypatch.setattr(
        watched.central, "settings", msgspec.structs.replace(watched.central.settings, mail=down)
    )
    watched.wrong["counter-01"] = {"refused": 1}
    watched.after(minutes=1)
    with monkeypatch.context() as patched:
        patched.setattr(watched.central.outbox, "mail", _full)
        with pytest.raises(DiskFull):
            watched.after(minutes=4)
    for _ in range(4):
        assert watched.after(hours=24) == []
    (waiting,) = watched.central.outbox.waiting()
    assert waiting.due == len(TO), "it is not told again while nobody has heard of it"

    central = watched.centre.reopen("central")
    watched.alarms = Alarms(central, ready=lambda card: ())
    first, still = watched.texts(hours=2), watched.texts(minutes=1)
    assert [text.count("LỖI MỚI") for text in first] == [1]
    assert "01/03/2027" in first[0], "when it was seen, however late it comes"
    assert ["VẪN CÒN" in text for text in still] == [True], "and that it has not gone meanwhile"
    assert watched.texts(minutes=1) == []


def _full(*args: object) -> None:
    raise DiskFull("no room")


def test_what_central_and_machines_say_when_asked_is_told(watched: Watched) -> None:
    watched.unready["room-01.1"] = ("closed", "disk")
    watched.central.disk.measure = lambda _: Space(10**9, 10**11)
    watched.after(minutes=6)
    (text,) = watched.texts(minutes=6)
    assert "không làm được việc của mình: đã đóng máy" in text
    assert text.count("ổ đĩa chỉ còn 1,0 GB") == 1, "central's own, by its figures alone"


def test_a_machine_is_asked_over_its_line(centre: SmallCentre) -> None:
    """A real one, by its address; where nobody answers, nothing is said: its contacts tell that."""
    node, central = centre["counter-01"], centre["central"]
    roads = Roads(node)
    close_node(node, by="quan.nv", reason="Thay máy.")
    app = application(
        node, create_pages(node, None, lambda: None), status=lambda: status_of(node, roads, node.clock())
    )
    with serving(app, "127.0.0.1", 0) as (host, port):
        peer = PeerSettings(node.id, f"http://{host}:{port}")
        central.settings = msgspec.structs.replace(central.settings, peers=(peer,))
        assert list(ask(central, node.card)) == ["closed"]
        node.close()
        assert list(ask(central, node.card)) == ["healthz"]
    assert list(ask(central, node.card)) == []
