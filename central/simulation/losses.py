"""Disks that are lost, the machines that come in their places, and disks that are found again.

An edge's place gets its next machine: central ends the card of the lost one and lets the new one in, which fetches what
central and the neighbours have. Central itself is made anew, from an earlier backup or from nothing, collects what the
others have, and takes over. What only the lost disk had is gone until somebody finds it; what was on paper is entered
again. At most one disk is lost in a run, so that what must be left of it can be said exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.backup import Made, back_up, reopened
from central.centre import Place
from central.enrolment import Enrolment
from central.recovery import public_half
from central.rescue import Database, rescue
from central.simulation.founding import ADMINISTRATOR, WORKERS, come_in, prepare_central
from central.simulation.machine import Machine
from central.simulation.world import World
from central.succession import branches, choose, collected, take_over
from central.taking_in import Taken, take_in
from edge.at_rest import OPEN
from edge.settings import BackupSettings, read_settings
from schemas.calendar import local_day
from schemas.enrolment import incarnation
from schemas.entries import Role
from schemas.events import Document

FOUND: Final = 0.5
"""How often a lost disk turns up again, between so many steps later."""
AFTER: Final = (5, 200)
WITHOUT: Final = 0.03
"""How often, in any step, a new central does not wait any longer for machines that have not come."""
OTHER: Final = 0.3
"""How often two administrators choose a branch of the catalog that is not the one that central has gone along."""
IN_DANGER: Final = 0.3
_SECOND: Final = [worker.id for worker in WORKERS if Role.ADMINISTRATOR in worker.roles][1]


@dataclass(slots=True)
class Lost:
    """A disk that is gone, where it lies now, and the acts that its machine had written: their hashes by number."""

    name: str
    node: str
    folder: Path
    wrote: Mapping[int, str]
    turns_up: int | None
    found: bool = False


class Losses:
    """`machines` is changed: a place keeps its name whatever machine stands there. `twins` are left alone.
    `refused` collects what a rescue could not bring in: there is no such thing.
    """

    def __init__(
        self,
        world: World,
        data: Path,
        machines: MutableMapping[str, Machine],
        twins: Callable[[], Set[str]],
        refused: list[str],
        say: Callable[[str], None],
    ) -> None:
        self._world, self._data, self._machines = world, data, machines
        self._twins, self._refused, self._say = twins, refused, say
        self.lost: Lost | None = None
        self._vacant: Machine | None = None
        self._backup: Made | None = None

    # ---- what happens in a step

    def back_up(self) -> None:
        """Central is copied to another disk."""
        central = self._machines["central"]
        if self.lost is not None or not central.up:
            return
        self._say("central is backed up")
        target = self._aside("backups")
        target.mkdir(exist_ok=True)
        settings = msgspec.structs.replace(
            read_settings(central.folder.path), backup=BackupSettings((public_half(_RECOVERY),))
        )
        done = back_up(central.folder, settings, target, clock=central.clock, told=_silent)
        self._backup = done

    def lose_edge(self) -> None:
        """One that is up, by chance; the next comes in `pass_by`. Nothing, where a disk was lost before."""
        could = [
            one
            for one in self._machines.values()
            if one.up and not one.is_central and one.name not in self._twins()
        ]
        if self.lost is not None or not could:
            return
        machine = self._world.chance.choice(could)
        self._say(f"the disk of {machine.name} is lost")
        self._lose(machine)
        self._vacant = machine
        self._world.faults["disk_lost"] += 1

    def lose_central(self) -> None:
        """Another one stands in its place after a while; until then it cannot be reached."""
        chance, central = self._world.chance, self._machines["central"]
        if self.lost is not None or not central.up:
            return
        backup = self._backup if chance.random() < 0.6 else None
        self._say(f"central's disk is lost; there is {'a backup' if backup else 'no backup'}")
        self._lose(central)
        where, number = incarnation(self._lost_node)
        place = Place(f"{where}.{number + 1}", central.name, 0, central.duties)
        new = Machine(central.name, self._data / place.node, self._world, central.duties)
        prepare_central(new.folder, place, clock=new.clock, ids=self._world.ids())
        self._machines[central.name] = new
        if backup is not None:
            new.start()
            beside = self._aside("backups")
            with reopened(backup.where, _RECOVERY, beside=beside, told=_silent, moment=backup.name) as copy:
                self._take_in(new, copy.path)
            new.stop()
        new.back_at = self._world.step + chance.randint(1, 40)
        self._world.faults["central_restored" if backup else "central_anew"] += 1

    @property
    def _lost_node(self) -> str:
        assert self.lost is not None, "nothing is lost"  # noqa: S101
        return self.lost.node

    def pass_by(self) -> None:
        """In any step, where there is something to mend: a new machine comes, a new central takes over, a disk is found."""
        if self.lost is None or not self._machines["central"].up:
            return
        chance, central = self._world.drawn("losses"), self._machines["central"]
        if central.node.collects:
            late = [one.node for one in collected(central.node) if not one.all]
            if not late or (central.node.catalog.number and chance.random() < WITHOUT):
                self._take_over(late)
        elif central.node.branched:
            if chance.random() < 0.1:
                self._choose(other=chance.random() < OTHER)
        elif self._world.step >= central.full_until:
            if self._vacant is not None:
                self._come()
            elif self._turns_up(self._world.step):
                self._find(chance.randint(1, 300) if chance.random() < IN_DANGER else None)

    # ---- afterwards

    def mend(self, gather: Callable[[], None]) -> None:
        """All that is left to do, one after the other; `gather` brings everybody together."""
        if self.lost is None:
            return
        chance, central = self._world.drawn("losses"), self._machines["central"]
        gather()
        if central.node.collects:
            self._take_over([])
        if central.node.branched:
            self._choose(other=chance.random() < OTHER)
            gather()
        if self._vacant is not None:
            self._come()
        if self._turns_up(None):
            self._find(None)
        if central.node.branched:
            self._choose(other=chance.random() < OTHER)
        gather()
        if lost := central.node.unheard():
            choose(
                central.node, central.node.catalog.name, by=ADMINISTRATOR, second=_SECOND, reason="Đĩa đã mất"
            )
            self._say(f"{', '.join(lost)} of the catalog is lost for good")
            self._world.faults["two_branches"] += 1
            gather()

    # ---- one thing each

    def _lose(self, machine: Machine) -> None:
        chance = self._world.chance
        with machine.node.file.read() as connection:
            wrote = dict(
                connection.execute(
                    "SELECT seq, hash FROM event WHERE node = ?", (machine.node.id,)
                ).fetchall()
            )
        later = self._world.step + chance.randint(*AFTER) if chance.random() < FOUND else None
        node = machine.node.id
        machine.stop()
        folder = self._aside(node)
        machine.folder.path.rename(folder)
        self.lost = Lost(machine.name, node, folder, wrote, later)
        del self._machines[machine.name]

    def _come(self) -> None:
        """Central lets the place's next machine in."""
        before, central = self._vacant, self._machines["central"].node
        assert before is not None, "somebody's place is free"  # noqa: S101
        card = central.catalog.latest.card(self._lost_node)
        if card is not None and card.opens:
            Enrolment(central).revoke(self._lost_node, "lost", by=ADMINISTRATOR)
        where, number = incarnation(self._lost_node)
        free = Enrolment(central).free_number(local_day(central.clock()))
        place = Place(f"{where}.{number + 1}", before.name, free, before.duties)
        new = Machine(before.name, self._data / place.node, self._world, before.duties)
        come_in(new.folder, central, place)
        new.start()
        self._machines[before.name], self._vacant = new, None
        self._say(f"{place.node} stands in the place of {self._lost_node}")

    def _take_over(self, late: Sequence[str]) -> None:
        central = self._machines["central"].node
        take_over(central, by=ADMINISTRATOR, without=late)
        self._say(f"{central.id} takes over" + (f" without {', '.join(late)}" if late else ""))

    def _choose(self, *, other: bool) -> None:
        central = self._machines["central"].node
        _, found = branches(central)
        tip = next((one.tip for one in found if one.here is not other), found[0].tip)
        choose(central, tip, by=ADMINISTRATOR, second=_SECOND, reason="Máy nghe sau cùng")
        self._say(f"the catalog had {len(found)} branches, and {tip} goes on")
        self._world.faults["two_branches"] += 1

    def _turns_up(self, by: int | None) -> bool:
        lost = self.lost
        if lost is None or lost.found or lost.turns_up is None:
            return False
        return by is None or by >= lost.turns_up

    def _find(self, statements: int | None) -> None:
        """The disk is put into central's machine, which may lose its power meanwhile: then somebody begins anew."""
        central = self._machines["central"]
        assert self.lost is not None, "nothing is lost"  # noqa: S101
        self._say(f"the disk of {self.lost.node} is found")
        with self._perhaps_in_danger(central, statements):
            self._take_in(central, self.lost.folder)
        if central.up:
            self.lost.found = True
            self._world.faults["disk_found"] += 1
        else:
            self._say(f"{central.name} loses its power meanwhile")
            central.bury(back_at=self._world.step + 1)

    def _take_in(self, machine: Machine, disk: Path) -> None:
        def give(database: Database, documents: Sequence[Document], source: str) -> Taken:
            return take_in(machine.node, database, documents, source)

        rescued = rescue(disk, give, aside=self._data / _ASIDE, told=_silent, at_rest=lambda: OPEN)
        self._refused += [f"rescue of {disk.name}: {name}, {why}" for name, why in rescued.refused]
        self._refused += [f"rescue of {disk.name}: {what} unreadable" for what in rescued.unreadable]

    @staticmethod
    @contextmanager
    def _perhaps_in_danger(machine: Machine, statements: int | None) -> Iterator[None]:
        if statements is None:
            yield
            return
        with machine.in_danger(statements, torn=False):
            yield

    def _aside(self, name: str) -> Path:
        """Where no machine runs: what lies there is nobody's node any more."""
        (self._data / _ASIDE).mkdir(exist_ok=True)
        return self._data / _ASIDE / name


_ASIDE: Final = "aside"
_RECOVERY: Final = X25519PrivateKey.from_private_bytes(bytes(range(32)))


def _silent(what: str, done: int, total: int) -> None:
    pass
