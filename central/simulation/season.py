"""What comes after a run: two months pass in which nobody works, and what is old leaves the edges; visits sooner.

At one midnight half of the edges have heard central's new day mark, and their neighbours have not. Whatever happened
before, nothing leaves that central does not have, and nothing of it comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, product
from typing import Final

from central.simulation.machine import Machine
from central.simulation.network import Network
from central.simulation.world import World
from edge.acks import SETTLED_AFTER
from schemas.calendar import VIETNAM
from schemas.scopes import KEPT

_DAY: Final = timedelta(days=1)


def a_season_passes(machines: Mapping[str, Machine], network: Network, world: World) -> list[str]:
    """What went wrong in it."""
    season = _Season(machines, world)
    season.central_speaks(season.edges)
    world.now += SETTLED_AFTER
    season.central_speaks(season.edges)
    if season.is_midnight():
        early, late = season.edges[::2], season.edges[1::2]
        season.central_speaks(early)
        before = season.count()
        season.leave(early)
        world.faults["marks_apart"] += season.count() - before
        for one, other in product(early, late):
            network.meet(one, other)
        season.look_for_what_came_back()
    world.now += KEPT + _DAY
    season.central_speaks(season.edges)
    season.leave(season.edges)
    world.faults["left"] += season.count()
    for edge in season.edges:
        for other in machines.values():
            if other is not edge:
                network.meet(edge, other)
    season.look_for_what_came_back()
    return sorted(season.said)


class _Season:
    """What has left each edge, and what was wrong with that."""

    def __init__(self, machines: Mapping[str, Machine], world: World) -> None:
        self._world, self._central = world, machines["central"]
        self.edges = [one for one in machines.values() if one is not self._central]
        self.said: set[str] = set()
        self._kept = _acts(self._central)
        self._gone: dict[str, set[str]] = {edge.name: set() for edge in self.edges}

    def central_speaks(self, to: Sequence[Machine]) -> None:
        self._central.node.acks.renew()
        for edge in to:
            edge.node.acks.take(self._central.node.acks.document())

    def is_midnight(self) -> bool:
        """Go to the day on which something begins to be too old, if there is anything; all know of the day before."""
        with self._central.node.file.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT over FROM stream WHERE over <> '' ORDER BY over"
            ).fetchall()
        if not rows:
            return False
        over = date.fromisoformat(rows[len(rows) // 2][0])
        self._world.now = datetime.combine(over + KEPT, time(23, 50), VIETNAM).astimezone(UTC)
        self.central_speaks(self.edges)
        self.leave(self.edges)
        self._world.now += timedelta(minutes=20)
        return True

    def leave(self, edges: Sequence[Machine]) -> None:
        for edge in edges:
            before = _acts(edge)
            while edge.node.leaving.turn():
                pass
            left = before - _acts(edge)
            self._gone[edge.name] |= left
            self.said |= {f"{edge.name}: {name} has left, and central lacks it" for name in left - self._kept}

    def count(self) -> int:
        return len(list(chain.from_iterable(self._gone.values())))

    def look_for_what_came_back(self) -> None:
        for edge in self.edges:
            self.said |= {f"{edge.name}: {name} came back" for name in self._gone[edge.name] & _acts(edge)}


def _acts(machine: Machine) -> set[str]:
    return {one.id for name in ("dossiers", "visits") for one in machine.node.stores[name].all_docs()}
