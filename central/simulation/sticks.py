"""Sticks in people's pockets: written at one machine, taken at another, at once or much later, twice, in any order, or
never; and the power goes while one is written or taken. Whatever lies on one is the same as over a line.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from central.simulation.machine import Machine
from central.simulation.network import Hand
from central.simulation.world import World
from edge.courier import ENDING, Courier
from edge.errors import NotGiven, NotTaken
from sync.errors import DiskFull, Unavailable

OFTEN: Final = 0.05
"""How often somebody has a stick in hand, in any step."""
IN_DANGER: Final = 0.2
MOST: Final = 6
"""Sticks that are about; the oldest is lost."""


@dataclass(frozen=True, slots=True)
class _Stick:
    path: Path
    receiver: str


class Sticks:
    """All of them, in `folder`. `refused` collects what a machine would not take: there is no such thing."""

    def __init__(self, world: World, folder: Path, refused: list[str], say: Callable[[str], None]) -> None:
        self._world, self._folder, self._refused, self._say = world, folder, refused, say
        self._about: list[_Stick] = []
        self._written = 0

    def pass_by(self, machines: Sequence[Machine]) -> None:
        """Now and then somebody writes one, or takes one that is for the machine where they are."""
        chance = self._world.drawn("sticks")
        if chance.random() >= OFTEN:
            return
        up = [machine for machine in machines if machine.up]
        takers = [(one, stick) for one in up for stick in self._about if stick.receiver == one.node.id]
        if takers and chance.random() < 0.5:
            machine, stick = chance.choice(takers)
            self._in_danger(machine, chance, lambda: self._take(machine, stick, chance))
            if chance.random() < 0.5 and stick in self._about:  # else it stays about, and is taken again
                self._drop(stick)
        elif up:
            machine = chance.choice(up)
            self._in_danger(machine, chance, lambda: self._give(machine, chance))

    def turn_up(self, machines: Sequence[Machine]) -> None:
        """What lies in drawers is found when all is over."""
        chance = self._world.drawn("drawers")
        for stick in list(self._about):
            for machine in machines:
                if machine.node.id == stick.receiver:
                    self._take(machine, stick, chance)
            self._drop(stick)

    def _in_danger(self, machine: Machine, chance: Random, do: Callable[[], None]) -> None:
        if chance.random() >= IN_DANGER:
            do()
            return
        with machine.in_danger(chance.randint(1, 60), torn=chance.random() < 0.4):
            do()
        if machine.dying:
            self._say(f"{machine.name} loses its power meanwhile")
            machine.bury(back_at=self._world.step + chance.choice((1, 1, 3, 15)))

    def _give(self, machine: Machine, chance: Random) -> None:
        cards = [card.node for card in machine.node.catalog.latest.cards() if card.opens]
        receivers = sorted(set(cards) - {machine.node.id})
        if not receivers:
            return
        stick = _Stick(self._folder / f"{self._written:04d}{ENDING}", chance.choice(receivers))
        self._written += 1
        self._say(f"{machine.name} writes a stick for {stick.receiver}")
        with self._told():
            self._courier(machine, chance).give(stick.receiver, stick.path)
            self._about.append(stick)
            self._world.faults["stick"] += 1
        if machine.dying and stick in self._about:  # nobody saw it end
            self._drop(stick)
        while len(self._about) > MOST:
            self._world.faults["stick_lost"] += 1
            self._drop(self._about[0])

    def _take(self, machine: Machine, stick: _Stick, chance: Random) -> None:
        self._say(f"{machine.name} takes a stick")
        with self._told():
            taken = self._courier(machine, chance).take(stick.path, although_old=True)
            self._world.faults["stick_again"] += taken.before
            self._world.faults["stick_gap"] += bool(taken.gap)
            if taken.refused:
                self._refused.append(
                    f"a stick from {taken.sender} to {machine.name}: {taken.refused} were refused"
                )

    def _courier(self, machine: Machine, chance: Random) -> Courier:
        hand = Hand(at_once=chance.random() < 0.5)
        return Courier(machine.node, wanted=tuple, tick=lambda: 0.0, hand=lambda name: hand)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """A person is told why not, and that nothing was taken or left."""
        try:
            yield
        except (NotGiven, NotTaken, Unavailable) as why:
            self._say(f"not done: {why}")
            self._world.faults["disk_full"] += isinstance(why, DiskFull)

    def _drop(self, stick: _Stick) -> None:
        self._about.remove(stick)
        stick.path.unlink(missing_ok=True)
