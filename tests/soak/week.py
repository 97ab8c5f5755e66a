"""Seven days of a centre, its nights left out: real processes, clerks at work, cables pulled, machines killed.

Central and the room run through; the counters are switched off in the evening and on in the morning, or lose their
power at night. All clocks go to the next morning together. What the clerks were told is saved must be at central in the
end, every machine must have nothing left to send, `motcua verify` must find nothing, and no log tells of a fault.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from datetime import time as hour
from pathlib import Path
from typing import Final

import msgspec
import pytest

from central.demo.centre import RunningCentre, centre
from central.demo.plan import nodes
from central.demo.setup import prepare
from central.inspection.reading import Snapshot
from central.verify import verify
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.status import asked
from schemas.calendar import VIETNAM, local_day
from tests.soak.clerks import Clerk, Work
from tests.soak.figures import Evening, faults, leaks, look
from tests.soak.hands import Hands
from tests.waiting import until

MORNING: Final = hour(8, 0, tzinfo=VIETNAM)
AT_WORK: Final = ("counter-01", "counter-02", "room-01")
OFF_AT_NIGHT: Final = ("counter-01", "counter-02")
SETTLES_S: Final = 300.0
"""How long machines may take to send what they have, when all lines are there."""


class Soaked(msgspec.Struct):
    """What a week came to."""

    days: int
    minutes: float
    done: dict[str, int]
    interrupted: int
    refused: dict[str, int]
    pulled: int
    killed: int
    evenings: dict[str, list[Evening]]
    lost: list[str]
    findings: list[str]
    leaks: list[str]
    faults: list[str]
    well: bool


def soak(data: Path, *, minutes: float, days: int, seed: int, say: Callable[[str], None]) -> Soaked:
    """Live through some days in so many minutes, in the folder `data`, which must not be there yet."""
    began = time.monotonic()
    plan = nodes(first_port=0)
    prepare(data, plan, clock=system_clock, ids=Ids())
    hands, work = Hands(data / "clocks"), Work()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in hands.environment().items():  # for processes that are started, not for this one
            environment.setenv(name, value)
        with centre(data, plan, system_clock) as running:
            week = _Week(running, hands, work, random.Random(seed), say)
            for day in range(days):
                week.day(day, minutes * 60 / days)
            week.settle()
            week.evening(days)
            killed = sum(node.killed for node in running.nodes.values())
    findings = [str(one) for one in verify(data).findings]
    lost = sorted(work.saved - _received(data))
    grown = [one for name, evenings in week.evenings.items() for one in leaks(name, evenings)]
    told = [
        one
        for name in ("central", *AT_WORK)
        for one in faults(name, (data / name / "log.txt").read_text(encoding="utf-8"))
    ]
    return Soaked(
        days,
        round((time.monotonic() - began) / 60, 1),
        dict(work.done),
        work.interrupted,
        dict(work.refused),
        week.pulled,
        killed,
        week.evenings,
        lost,
        findings,
        grown,
        told,
        well=not (lost or findings or grown or told) and work.done["returned"] > 0,
    )


class _Week:
    def __init__(
        self,
        running: RunningCentre,
        hands: Hands,
        work: Work,
        chance: random.Random,
        say: Callable[[str], None],
    ) -> None:
        self._running, self._hands, self._chance, self._say = running, hands, chance, say
        self._work = work
        self._clerks = [Clerk(running, name, place, work) for place, name in enumerate(AT_WORK)]
        self._first = local_day(system_clock()) + timedelta(days=1)
        self.evenings: dict[str, list[Evening]] = {name: [] for name in running.nodes}
        self.pulled = 0

    def day(self, day: int, seconds: float) -> None:
        """Morning, work in all weathers, evening."""
        self._turn_to(day)
        off = [name for name in OFF_AT_NIGHT if not self._running.url(name)]
        for name in off:
            self._running.start(name)
        self._running.wait_until_ready()
        evening = threading.Event()
        threads = [
            threading.Thread(target=clerk.work, args=(evening,), daemon=True) for clerk in self._clerks
        ]
        for thread in threads:
            thread.start()
        self._weather(time.monotonic(), seconds)
        evening.set()
        for thread in threads:
            thread.join()
        self.evening(day)
        self._say(f"day {day + 1}: {dict(self._work.done)}, {self._work.interrupted} interrupted")
        self._night()

    def _turn_to(self, day: int) -> None:
        """All clocks to eight in the morning of a day; never back."""
        morning = datetime.combine(self._first + timedelta(days=day), MORNING)
        self._hands.turn(round((morning - system_clock()).total_seconds()))

    def _weather(self, began: float, seconds: float) -> None:
        """A counter alone, somebody's power gone, and some other machine alone, central too."""
        lonely, dead, other = (
            self._chance.choice(names) for names in (OFF_AT_NIGHT, AT_WORK, ("central", *AT_WORK))
        )
        switchboard = self._running.switchboard
        events: tuple[tuple[float, Callable[[], None]], ...] = (
            (0.15, lambda: switchboard.pull(lonely)),
            (0.40, lambda: self._kill(dead)),
            (0.45, lambda: switchboard.plug(lonely)),
            (0.55, lambda: switchboard.pull(other)),
            (0.65, lambda: self._kill(self._chance.choice(list(self._running.nodes)))),
            (0.80, lambda: switchboard.plug(other)),
            (1.00, lambda: None),
        )
        for share, happens in events:
            time.sleep(max(0.0, began + share * seconds - time.monotonic()))
            happens()
        self.pulled += 2

    def _kill(self, name: str) -> None:
        """Its power goes; it is started again at once."""
        node = self._running.nodes[name]
        if node.process is not None and node.ready.is_set():
            node.process.kill()

    def evening(self, day: int) -> None:
        """Look at every machine, with nobody at work."""
        self._running.wait_until_ready()
        for name, node in self._running.nodes.items():
            seen = look(node, day)
            if seen is not None:
                self.evenings[name].append(seen)

    def _night(self) -> None:
        """Counters are switched off; now and then one loses its power instead, and comes up in the dark."""
        for name in OFF_AT_NIGHT:
            node = self._running.nodes[name]
            if node.process is None or self._chance.random() < 0.25:
                self._kill(name)
                continue
            node.process.terminate()
            until(lambda one=node: not one.url, f"{name} ends")  # type: ignore[misc]

    def settle(self) -> None:
        """All are on and hear each other; wait until nobody has anything left to send."""
        for name in self._running.nodes:
            self._running.switchboard.plug(name)
            if not self._running.url(name):
                self._running.start(name)
        self._running.wait_until_ready()
        for name in AT_WORK:
            until(lambda one=name: self._has_sent_all(one), f"{name} has sent all", patience_s=SETTLES_S)  # type: ignore[misc]

    def _has_sent_all(self, name: str) -> bool:
        status = asked(Folder(self._running.data / name))
        return status is not None and status.waiting == 0


def _received(data: Path) -> set[str]:
    """The dossiers that central has the reception of."""
    snapshot = Snapshot(Folder(data / "central").database)
    try:
        return {
            stream
            for (stream,) in snapshot.select("SELECT stream FROM event WHERE kind = 'dossier.received'")
        }
    finally:
        snapshot.close()
