"""What comes after a run: two months pass in which nobody works, and what is old leaves the edges.

Whatever happened before, nothing leaves that central does not have, and nothing of it comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from central.simulation.machine import Machine
from central.simulation.network import Network
from central.simulation.world import World
from edge.acks import SETTLED_AFTER
from schemas.scopes import KEPT

_DAY: Final = timedelta(days=1)


def a_season_passes(machines: Mapping[str, Machine], network: Network, world: World) -> list[str]:
    """What went wrong in it."""
    central = machines["central"]
    edges = [one for one in machines.values() if one is not central]
    for passing in (timedelta(), SETTLED_AFTER, KEPT + _DAY):
        world.now += passing
        central.node.acks.renew()
        for edge in edges:
            edge.node.acks.take(central.node.acks.document())
    kept, said = _acts(central), []
    gone: dict[str, set[str]] = {}
    for edge in edges:
        before = _acts(edge)
        while edge.node.leaving.turn():
            pass
        gone[edge.name] = before - _acts(edge)
        world.faults["left"] += len(gone[edge.name])
        said += [f"{edge.name}: {name} has left, and central lacks it" for name in gone[edge.name] - kept]
    for edge in edges:
        for other in machines.values():
            if other is not edge:
                network.meet(edge, other)
    for edge in edges:
        said += [f"{edge.name}: {name} came back" for name in gone[edge.name] & _acts(edge)]
    return sorted(said)


def _acts(machine: Machine) -> set[str]:
    return {one.id for one in machine.node.stores["dossiers"].all_docs()}
