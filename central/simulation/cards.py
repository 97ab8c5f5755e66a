"""A machine loses agencies, and gets them back: what it may no longer hold leaves it, and comes again.

Central changes the machine's card. The machine hears of it, sends what it wrote, and lets go of what central says that it
holds; a dossier of another agency comes when it is forwarded to one of its own, whatever it has read before. At the end
it must hold exactly what its card says, and with the old card all of it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Final

from central.enrolment import Change, Enrolment
from central.simulation.founding import ADMINISTRATOR
from central.simulation.machine import Machine
from central.simulation.world import World
from schemas.calendar import local_day
from schemas.scopes import NOBODYS

BACK: Final = 0.4
"""How often a machine with fewer agencies gets all of them back, when its card is changed again."""
LEAVES: Final = 0.15
IN_DANGER: Final = 0.3


class Cards:
    """`spared` tells whose cards stay as they are."""

    def __init__(
        self,
        world: World,
        machines: Mapping[str, Machine],
        spared: Callable[[], Set[str]],
        say: Callable[[str], None],
    ) -> None:
        self._world, self._machines, self._spared, self._say = world, machines, spared, say
        self.narrow: str | None = None
        """The machine that has fewer agencies."""

    def change(self) -> None:
        """An administrator changes a card."""
        chance, central = self._world.chance, self._machines["central"]
        could = sorted(
            one.name
            for one in self._machines.values()
            if not one.is_central and one.name not in self._spared()
        )
        if not self._works(central) or not could:
            return
        if self.narrow is not None and chance.random() < BACK:
            self._grant(())
        else:
            known = {one.agency for one in central.node.catalog.latest.procedures(local_day(central.clock()))}
            name = self.narrow or chance.choice(could)
            agencies = tuple(sorted(chance.sample(sorted(known), chance.randint(1, 3))))
            self._grant(agencies, name)

    def pass_by(self) -> None:
        """In any step: central says what it holds, and what may leave leaves."""
        if self.narrow is None or self.narrow not in self._machines:
            return
        chance, central = self._world.drawn("cards"), self._machines["central"]
        machine = self._machines[self.narrow]
        if chance.random() >= LEAVES:
            return
        if self._works(central):
            central.node.acks.renew()
        if machine.up and chance.random() < IN_DANGER:
            with machine.in_danger(chance.randint(1, 60), torn=chance.random() < 0.4):
                machine.node.leaving.turn()
            if machine.dying:
                self._say(f"{machine.name} loses its power while dossiers leave it")
                machine.bury(back_at=self._world.step + chance.choice((1, 3, 15)))
        elif machine.up:
            self._world.faults["foreign"] += machine.node.leaving.turn()

    def mend(self, gather: Callable[[], None]) -> list[str]:
        """All are together: what is wrong with what the machine holds. Then it has all agencies again."""
        if self.narrow is None:
            return []
        machine, central = self._machines[self.narrow], self._machines["central"]
        gather()
        central.node.acks.renew()
        gather()
        while gone := machine.node.leaving.turn():
            self._world.faults["foreign"] += gone
        said = self._misplaced(machine, central)
        self._grant(())
        gather()
        return said

    def _grant(self, agencies: tuple[str, ...], name: str = "") -> None:
        name = name or self.narrow or ""
        machine, central = self._machines[name], self._machines["central"]
        Enrolment(central.node).change(machine.node_id, Change(agencies=agencies), by=ADMINISTRATOR)
        self._say(f"{name} is of {', '.join(agencies) or 'all agencies'} now")
        self._world.faults["agency_lost" if agencies else "agency_back"] += 1
        self.narrow = name if agencies else None

    def _misplaced(self, machine: Machine, central: Machine) -> list[str]:
        """Every dossier of its agencies whole, and no other that may leave.

        Acts that came without their reception (by a stick, of a dossier that had left) stay: whose they are nobody
        here can say, and they may be the beginning of what is its own.
        """
        scope, here, said = machine.node.window.own, _acts(machine), []
        with central.node.file.read() as connection:
            streams = connection.execute("SELECT stream, agencies FROM stream ORDER BY stream").fetchall()
        with machine.node.file.read() as connection:
            unknown = {
                stream
                for (stream,) in connection.execute(
                    "SELECT stream FROM stream WHERE agencies = ''"
                ).fetchall()
            }
        there = _acts(central)
        for stream, agencies in streams:
            of = agencies.split()
            if scope.has(of):
                if here.get(stream) != there.get(stream):
                    said.append(f"{machine.name} lacks acts of {stream}, which is of {agencies}")
                received = central.node.register.dossier(stream).received
                self._world.faults["forwarded_in"] += received is not None and not scope.has(
                    [received.agency]
                )
            elif (
                of
                and NOBODYS not in of
                and stream in here.keys() - unknown
                and self._may_leave(machine, stream)
            ):
                said.append(f"{machine.name} still holds {stream}, which is of {agencies}")
        return said

    @staticmethod
    def _may_leave(machine: Machine, stream: str) -> bool:
        """Whether central has said of every act that it holds it; of a chain with a gap, or a fork, it cannot."""
        acks = machine.node.acks.newest()
        with machine.node.file.read() as connection:
            acts = connection.execute(
                "SELECT e.node, e.seq, d.centre_at FROM event e LEFT JOIN delivery d ON d.hash = e.hash"
                " WHERE e.stream = ?",
                (stream,),
            ).fetchall()
        return acks is not None and all(at and seq <= acks.upto("dossiers", node) for node, seq, at in acts)

    def _works(self, central: Machine) -> bool:
        return (
            central.up
            and self._world.step >= central.full_until
            and not central.node.collects
            and not central.node.branched
        )


def _acts(machine: Machine) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in machine.node.stores["dossiers"].all_docs():
        found.setdefault(one.id[:32], set()).add(one.id)
    return found
