"""The outage scenario, played through the nodes' own pages.

Forty dossiers are received at two counters. The room's cable and one counter's are pulled for half of it; they go
on. Three dossiers get acts that cannot both stand; one node loses its power inside a commit. Then the cables are
plugged in, the desk settles, and results are returned.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import requests

from central.demo.centre import RunningCentre
from central.demo.plan import AUDITOR, PEOPLE, SEAL_PIN
from central.demo.visitor import Page, PageError, Visitor

PATIENCE_S: Final = 40.0
PROCEDURES: Final = 24
_PINS: Final = {person.id: person.pin for person in PEOPLE}
_SUPERVISOR: Final = "dung.tt"
_FAMILY: Final = ("Nông", "Hoàng", "Vi", "Lý", "Lương", "Triệu", "Nguyễn", "Hứa", "Đàm", "Phùng", "Chu", "Bế")
_MIDDLE: Final = ("Văn", "Thị", "Thúy", "Đức", "Minh", "Thị Hồng", "Quốc", "Ngọc", "Kim")
_GIVEN: Final = ("Thắng", "Páo", "Mai", "Quyết", "Sáng", "Hạnh", "Đạt", "Bích", "Tiến", "Ưng", "Ỷ", "Yến")


@dataclass(frozen=True, slots=True)
class Received:
    """A dossier of the scenario."""

    stream: str
    applicant: str
    identity: str


class Player:
    """Plays the scenario in a running centre; `say` hears what happens. Raises when a page says no."""

    def __init__(self, centre: RunningCentre, seed: int, say: Callable[[str], None]) -> None:
        self._centre = centre
        self._random = random.Random(seed)  # noqa: S311 - a scenario, not a secret
        self._say = say
        self._visitors: dict[tuple[str, str], Visitor] = {}
        self._turns = itertools.count()
        self._sealing = 0
        """Acts of the clerk: which procedures need them, chance decides."""

    def play(self) -> None:
        """The whole day."""
        self._procedures = self._choose_procedures()
        decided, waiting = self._morning()
        self._together(*self._outage(decided, waiting))

    # ---- the day

    def _morning(self) -> tuple[list[Received], list[Received]]:
        """24 dossiers received, 22 appraised, 8 approved, and all nodes know of it."""
        self._say("Sáng: 24 hồ sơ, 22 thẩm định, 8 phê duyệt; mọi máy nối với nhau")
        received = [self._receive(f"counter-{1 + place % 2:02d}") for place in range(24)]
        self._meet(24)
        for dossier in received[:22]:
            self._appraise(dossier)
        for dossier in received[:8]:
            self._approve(dossier)
        self._meet(24 + 22 + 8)
        return received[:8], received[8:22]

    def _outage(
        self, decided: list[Received], waiting: list[Received]
    ) -> tuple[list[tuple[Received, str]], list[Received]]:
        """Room and first counter are on their own: 16 receptions, 12 approvals, and three clashes.

        Returns the dossiers that clash, each with the act that shall stand, and those to return afterwards.
        """
        self._say("Rút cáp Phòng 4 và Quầy 01: mỗi máy làm một mình")
        for name in ("room-01", "counter-01"):
            self._centre.switchboard.pull(name)
        withdrawn, refused, returned = waiting[0], waiting[1], decided[0]
        self._withdraw(withdrawn, "counter-02")
        self._refuse(refused, "central")
        for dossier in waiting[:12]:
            self._approve(dossier)
        for dossier in decided[:4]:
            self._return(dossier, "counter-01")
        self._return(returned, "counter-02")
        for _ in range(8):
            self._receive("counter-02")
        for place in range(8):
            self._receive("counter-01", crash=place == 4)
        clashing = [(withdrawn, "phê duyệt"), (refused, "phê duyệt"), (returned, "trả kết quả")]
        return clashing, [*decided[4:8], waiting[2], waiting[3]]

    def _together(self, clashing: list[tuple[Received, str]], to_return: list[Received]) -> None:
        """The cables are plugged in: three conflicts, settled at the desk; six more results are returned."""
        self._say("Cắm cáp: ba xung đột, Trung tâm đối soát")
        for name in ("room-01", "counter-01"):
            self._centre.switchboard.plug(name)
        acts = 24 + 22 + 8 + 1 + 1 + 12 + 4 + 1 + 16
        self._meet(acts)
        for dossier, stands in clashing:
            self._settle(dossier, stands)
        self._meet(acts + 3)
        self._say("Trả kết quả")
        for place, dossier in enumerate(to_return):
            self._return(dossier, f"counter-{1 + place % 2:02d}")
        self._meet(acts + 3 + 6)

    # ---- what people do

    def _receive(self, at: str, *, crash: bool = False) -> Received:
        """Find the procedure by words without diacritics, fill in the form, save."""
        desk = self._at(at, "hanh.nh" if at == "counter-01" else "long.pd")
        name, identity = self._person()
        page = desk.open("/counter")
        form = page.form("/counter")
        code = self._procedures[next(self._turns) % len(self._procedures)]
        page = desk.press(page, form, ("act", "look"), q=code, procedure=code)
        form = page.form("/counter")
        filled = {
            "name": name,
            "identity": identity,
            "phone": self._phone(),
            "address": "Phường Đông Kinh, Lạng Sơn",
        }
        if form.fields.get("originals-0") == form.fields.get("copies-0") == "0":
            filled["originals-0"] = "1"
        stream = form.fields["stream"]
        if crash:
            desk, page = self._press_save_in_a_power_cut(at, desk, page, filled)
        else:
            page = desk.press(page, form, ("act", "save"), **filled)
        if not urlsplit(page.url).path.endswith(stream):
            raise PageError(page.url, 200, page.text)
        return Received(stream, name, identity)

    def _press_save_in_a_power_cut(
        self, at: str, desk: Visitor, page: Page, filled: dict[str, str]
    ) -> tuple[Visitor, Page]:
        """The node dies inside the commit; the clerk starts it again, and presses save once more."""
        form = page.form("/counter")
        node = self._centre.nodes[at]
        killed = node.killed
        self._centre.crash_in_next_reception(at)
        try:
            desk.press(page, form, ("act", "save"), **filled)
        except requests.ConnectionError:
            self._until(f"{at} is up again", lambda: node.killed > killed and node.ready.is_set())
        else:
            raise PageError(page.url, 200, "the node should have died inside the commit")
        return desk, desk.press(page, form, ("act", "save"), **filled)

    def _appraise(self, dossier: Received) -> None:
        room = self._at("room-01", "ha.lt")
        page = room.open(f"/room/{dossier.stream}")
        opinion = "Hồ sơ đủ thành phần, hợp lệ. Đề nghị giải quyết."
        form = page.form("/appraise")
        form.fields |= {name: "met" for name in form.choices if name.startswith("point-")}
        room.press(page, form, passed="yes", opinion=opinion)

    def _approve(self, dossier: Received) -> None:
        room = self._at("room-01", "viet.tq")
        page = room.open(f"/room/{dossier.stream}")
        room.press(page, page.form("/approve"), text="Đồng ý giải quyết theo đề nghị.", pin=_PINS["viet.tq"])
        self._seal(dossier)

    def _seal(self, dossier: Received) -> None:
        """The clerk numbers and seals the result at once, where its procedure asks for it."""
        clerk = self._at("room-01", "chi.nth")
        page = clerk.open(f"/seal/{dossier.stream}")
        if any("agency_pin" in form.fields for form in page.forms):
            form = page.form("agency_pin")
            clerk.press(page, form, pin=_PINS["chi.nth"], agency_pin=SEAL_PIN)
            self._sealing += 2

    def _refuse(self, dossier: Received, at: str) -> None:
        room = self._at(at, "mai.hk")
        page = room.open(f"/room/{dossier.stream}?refuse=1")
        room.press(
            page, page.form("/refuse"), reason="Không đủ điều kiện theo quy định.", pin=_PINS["mai.hk"]
        )

    def _withdraw(self, dossier: Received, at: str) -> None:
        desk = self._at(at, "long.pd")
        page = desk.open(f"/dossier/{dossier.stream}/withdraw")
        desk.press(page, page.form("/withdraw"), asked_by=dossier.applicant, reason="Không còn nhu cầu.")

    def _return(self, dossier: Received, at: str) -> None:
        desk = self._at(at, "hanh.nh" if at == "counter-01" else "long.pd")
        page = desk.open(f"/return/{dossier.stream}")
        form = page.form("taken_by")
        if "unpaid" in form.fields:  # where the fee was paid is no part of this play
            form.fields["unpaid"] = "Đã nộp tại ngân hàng"
        desk.press(page, form, taken_by=dossier.applicant, identity=dossier.identity, confirm="y")

    def _settle(self, dossier: Received, stands: str) -> None:
        """At the desk: find the conflict of this dossier, and let the act with these words stand."""
        desk = self._at("central", "huong.ltt")
        for path in sorted({href for href, _ in desk.open("/desk").links if href.startswith("/desk/")}):
            page = desk.open(path)
            if any(dossier.stream in href for href, _ in page.links):
                form = page.form("stands")
                chosen = form.choice("stands", stands)
                if "second_pin" in form.fields:  # a result went out: four eyes
                    form.fields.update(second=_SUPERVISOR, second_pin=_PINS[_SUPERVISOR])
                desk.press(page, form, stands=chosen, reason="Đã gọi điện xác nhận với người nộp.")
                return
        raise PageError(desk.url, 200, f"the desk shows no conflict of {dossier}")

    # ---- waiting and choosing

    def _at(self, node: str, person: str) -> Visitor:
        """The person's session at a node, signed in by PIN."""
        if (node, person) not in self._visitors:
            visitor = Visitor(self._centre.url(node))
            page = visitor.open("/sign-in")
            visitor.press(page, page.form("pin"), person=person, pin=_PINS[person])
            self._visitors[node, person] = visitor
        return self._visitors[node, person]

    def _meet(self, events: int) -> None:
        """Wait until every node has this many events and the clerk's, and central every file."""
        names = list(self._centre.nodes)
        events += self._sealing
        self._until(
            f"all nodes have {events} events", lambda: set(self._counts("dossiers", names)) == {events}
        )
        files = ["central", *(name for name in names if name != "central")]
        self._until("central has all files", lambda: _first_is_most(self._counts("files", files)))

    def _counts(self, database: str, names: Iterable[str]) -> list[int]:
        """How many documents each has; none at all where one cannot say it now, as a front whose cluster has much to do."""
        answers = [
            requests.get(f"{self._centre.url(name)}/{database}", auth=AUDITOR, timeout=10) for name in names
        ]
        if any(one.status_code == HTTPStatus.SERVICE_UNAVAILABLE for one in answers):
            return []
        for one in answers:
            one.raise_for_status()
        return [int(one.json()["doc_count"]) for one in answers]

    def _until(self, what: str, holds: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not holds():
            if time.monotonic() > end:
                raise TimeoutError(f"waited {PATIENCE_S:.0f} s and it is not so: {what}")
            time.sleep(0.05)

    def _choose_procedures(self) -> list[str]:
        """Codes of different procedures, as the counter's own search finds them."""
        desk = self._at("counter-01", "hanh.nh")
        found: list[str] = []
        for term in (
            "cap",
            "dang ky",
            "giay phep",
            "cap lai",
            "gia han",
            "dieu chinh",
            "thong bao",
            "cong nhan",
        ):
            page = desk.open(f"/counter?q={term}")
            found += page.form("/counter").choices.get("procedure", [])
        codes = sorted(set(found))
        self._random.shuffle(codes)
        return codes[:PROCEDURES]

    def _person(self) -> tuple[str, str]:
        choose = self._random.choice
        name = f"{choose(_FAMILY)} {choose(_MIDDLE)} {choose(_GIVEN)}"
        return name, f"0200{self._random.randrange(55, 99)}{self._random.randrange(10**6):06d}"

    def _phone(self) -> str:
        return f"09{self._random.randrange(10**8):08d}"


def _first_is_most(counts: list[int]) -> bool:
    return bool(counts) and counts[0] == max(counts)
