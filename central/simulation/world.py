"""Time and chance of one run. All of it follows from the seed and the number of the step.

Each step draws from a chance of its own, so that leaving out one step changes nothing of what the others draw:
that is what makes a failing run small.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from edge.ids import Ids, new_stream
from schemas.calendar import VIETNAM

OPENS: Final = datetime(2027, 3, 1, 8, 0, tzinfo=VIETNAM).astimezone(UTC)
STEPS_A_DAY: Final = 60
BETWEEN: Final = timedelta(minutes=9)
"""Between two steps: 60 of them make an office day of nine hours."""

FAULTS: Final = (
    "partition",
    "one_way",
    "crash",
    "cut",
    "lost_answer",
    "duplicate",
    "reorder",
    "clock_jump",
    "clock_of_another_year",
    "disk_full",
    "clone",
    "stick",
    "stick_lost",
    "stick_again",
    "stick_gap",
    "slip_again",
    "left",
    "disk_lost",
    "disk_found",
    "central_restored",
    "central_anew",
    "two_branches",
    "agency_lost",
    "agency_back",
    "forwarded_in",
    "foreign",
    "marks_apart",
)


class World:
    """What all machines of a run share. `faults` counts those that struck, not those that were only planned."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.step = 0
        self.now = OPENS
        self.faults: Counter[str] = Counter(dict.fromkeys(FAULTS, 0))
        self.chance = self.drawn("")
        self._ids = self.drawn("ids")

    def begin_step(self, step: int) -> None:
        """Time and chance begin anew, whatever earlier steps made of them."""
        self.step = step
        self.now = moment_of(step)
        self.chance = self.drawn("")
        self._ids = self.drawn("ids")

    def passed(self) -> float:
        """Seconds since the beginning, whatever the machines' clocks say."""
        return (self.now - OPENS).total_seconds()

    def ids(self) -> Ids:
        """Random values for a node, drawn from whichever step is being played."""
        return Ids(
            stream=lambda at: new_stream(at, lambda bits: self._ids.getrandbits(bits)),
            salt=lambda: self._ids.randbytes(16),
            hex=lambda: self._ids.randbytes(16).hex(),
            jitter=lambda: 0.0,
        )

    def drawn(self, what: str) -> Random:
        """Chance of this step, apart from all other chance of it."""
        return Random(f"{self.seed} {self.step} {what}")  # noqa: S311 - a simulation, not a secret


def moment_of(step: int) -> datetime:
    """Mondays to Fridays, from 08:00 on."""
    day, place = divmod(step, STEPS_A_DAY)
    weeks, weekday = divmod(day, 5)
    return OPENS + timedelta(weeks=weeks, days=weekday) + place * BETWEEN


class MachineClock:
    """A machine's own clock: `ahead` of the world's, and a millisecond later whenever somebody looks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        """Each look moves the time of all machines on."""
        self._world.now += timedelta(milliseconds=1)
        return self._world.now + self.ahead
