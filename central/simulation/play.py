"""One run: a centre works for some days while everything fails, then all is mended, and the checks are made."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, permutations
from pathlib import Path
from typing import Final

from central.errors import NotGranted
from central.simulation import checks, deeds
from central.simulation.cards import Cards
from central.simulation.deeds import Promise, Reception, Slip
from central.simulation.founding import WORKERS, places
from central.simulation.losses import Losses
from central.simulation.machine import Machine
from central.simulation.network import Network
from central.simulation.season import a_season_passes
from central.simulation.sticks import Sticks
from central.simulation.world import STEPS_A_DAY, World
from edge.chain import ClockBehind
from edge.hour import BEHIND
from schemas.calendar import local_day
from schemas.entries import Duty
from schemas.errors import Refused
from schemas.events import StreamId
from schemas.fold import Dossier
from sync.errors import DiskFull, Unavailable

TROUBLE: Final = 0.35
"""How likely a replication gets into trouble during the days of a run."""
JUMPS: Final = (0, 0, -1, -1.5, -30, -600, 1, 45, 600, 2 * 24 * 60)
"""Minutes. A clock that is far behind stops the work at its machine until it is set right."""
YEARS: Final = (-11, 4)
"""2016 and 2031: the battery of a clock is empty, or somebody typed a year wrongly."""
ANOTHER_YEAR: Final = 0.15
ASKED: Final = 0.6
"""How often somebody signs in, and is asked about the hour, before they work at a machine where something speaks against it."""
WEEKS: Final = 2
"""Between the last step and the mending: whatever a clock did, it is past that now."""
NEW: Final = 0.1
"""How often somebody comes with a new dossier, where dossiers are received."""
SLIPS: Final = 0.04
"""How often somebody brings a slip to another counter, in any step."""
SENT_AGAIN: Final = 0.4
"""How often the portal sends something again under a code that it has used."""
TRIED: Final = 20
"""Dossiers at pairs of machines that are looked at until one pair has something to fall out over."""
GLANCES: Final = 3
"""How many dossiers somebody opens before they go for a coffee."""
FULL_FOR: Final = (5, 30)
"""Steps until there is room on a disk again."""
ROUNDS: Final = 4
CUT: Final = 0.5
"""How often a forked machine is cut in the end; else its decisions stay doubted."""
PATIENCE: Final = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run; `conflicts` counts conflicts by the rows that joined them."""

    seed: int
    failures: tuple[str, ...]
    events: int
    dossiers: int
    conflicts: Mapping[str, int]
    faults: Mapping[str, int]
    story: tuple[str, ...] = ()
    digest: str = ""
    """Of all documents of all nodes in the end: the same for the same seed and steps."""


class Run:
    """A centre of which `data` holds the folders, fresh; they are changed."""

    def __init__(self, data: Path, *, seed: int, nodes: int) -> None:
        self.world = World(seed)
        self.machines = {
            place.title: Machine(place.title, data / place.title, self.world, place.duties)
            for place in places(nodes)
        }
        self.network = Network(self.world)
        self.promises: list[Promise] = []
        self.slips: list[Slip] = []
        self.conflicts: dict[str, tuple[str, ...]] = {}
        self.failures: list[str] = []
        self.registered: list[StreamId] = []
        self.sent: list[str] = []
        """The codes under which the portal sent something."""
        self.twins: set[str] = set()
        """The names of a machine and its copy."""
        self.story: list[str] = []
        self.digest = ""
        self._data = data
        (data / "sticks").mkdir(exist_ok=True)
        self.sticks = Sticks(self.world, data / "sticks", self.network.refused, self._say)
        self.losses = Losses(self.world, data, self.machines, self._spared, self.network.refused, self._say)
        self.cards = Cards(self.world, self.machines, self._spared, self._say)
        self._unanswered: dict[str, Reception] = {}

    def play(self, steps: Collection[int], last: int) -> Outcome:
        """Play the steps of these numbers, of all those before `last`; mend, check, report."""
        try:
            for machine in self.machines.values():
                machine.start()
            for step in sorted(steps):
                self._step(step)
            self._mend(last)
            held = checks.held(self.machines.values())
            played = checks.Played(
                self.machines, self.promises, self.conflicts, self.failures, self.twins, self.losses.lost
            )
            failures = [*self.network.refused, *checks.together(played, held)]
        except Exception as why:  # noqa: BLE001 - whatever the program raises here is a finding
            failures = [*self.network.refused, f"step {self._last()}: {type(why).__name__}: {why}"]
            self._stop()
            return self._outcome(failures, events=0, dossiers=0)
        self.digest = checks.digest(held)
        central = self.machines["central"].node
        events, dossiers = central.stores["dossiers"].info().doc_count, central.register.find("").searched
        self._stop()
        cloned = bool(self.twins)
        apart = checks.apart(self._data, self.world, cloned=cloned)
        if not failures and not apart:
            apart = self._season() or checks.verified(self._data, cloned=cloned)
        return self._outcome([*failures, *apart], events, dossiers)

    def _season(self) -> list[str]:
        try:
            for machine in self.machines.values():
                machine.start()
            return a_season_passes(self.machines, self.network, self.world)
        except Exception as why:  # noqa: BLE001 - a finding, as in the run
            return [f"two months later: {type(why).__name__}: {why}"]
        finally:
            self._stop()

    def _outcome(self, failures: list[str], events: int, dossiers: int) -> Outcome:
        rows = Counter(row for found in self.conflicts.values() for row in found)
        return Outcome(
            self.world.seed,
            tuple(failures),
            events,
            dossiers,
            rows,
            dict(self.world.faults),
            tuple(self.story),
            self.digest,
        )

    def _last(self) -> str:
        return self.story[-1] if self.story else "start"

    def _stop(self) -> None:
        for machine in self.machines.values():
            machine.stop()

    def _say(self, what: str) -> None:
        self.story.append(f"{self.world.step} {what}")

    # ---- steps

    def _step(self, step: int) -> None:
        world = self.world
        world.begin_step(step)
        self.network.pass_time()
        for machine in self.machines.values():
            if machine.up and step >= machine.full_until:
                machine.free_disk()
            if not machine.up and step >= machine.back_at:
                self._say(f"{machine.name} starts again")
                machine.start()
        happens = world.chance.choices([do for _, do in STEPS], [weight for weight, _ in STEPS])[0]
        happens(self)
        with self._told():
            self.losses.pass_by()
            self.cards.pass_by()
        self.sticks.pass_by(list(self.machines.values()))
        self._come_with_a_slip()

    def _spared(self) -> set[str]:
        """Whose disks are not lost and whose cards do not change: of what two things did to one machine nobody could say
        exactly what must be left.
        """
        changed = {self.cards.narrow} if self.cards.narrow is not None else set()
        replaced = {self.losses.lost.name} if self.losses.lost is not None else set()
        return self.twins | changed | replaced

    def _anybody(self) -> Machine | None:
        up = [machine for machine in self.machines.values() if machine.up]
        return self.world.chance.choice(up) if up else None

    def _pair(self) -> tuple[Machine, Machine] | None:
        """Who calls whom; central calls nobody, and is called most."""
        chance = self.world.chance
        callers = [machine for machine in self.machines.values() if machine.up and not machine.is_central]
        if not callers:
            return None
        one = chance.choice(callers)
        others = [machine for machine in self.machines.values() if machine is not one]
        central = self.machines["central"]
        return one, central if chance.random() < 0.6 else chance.choice(others)

    def _work(self) -> None:
        machine = self._anybody()
        if machine is not None:
            self._work_at(machine)

    def _meet(self) -> None:
        pair = self._pair()
        if pair is not None:
            self._say(f"{pair[0].name} calls {pair[1].name}")
            self._compare_clocks(*pair)
            self.network.meet(*pair, trouble=TROUBLE)

    def _compare_clocks(self, one: Machine, other: Machine) -> None:
        """At every contact, before anything else: an answer has its date."""
        if self.network.reaches(one, other):
            with self._told():
                one.node.hour.measured(other.clock().replace(microsecond=0))

    def _rivals(self) -> None:
        """Two machines that have not heard of each other lately do what cannot both stand."""
        up = [machine for machine in self.machines.values() if machine.up]
        if len(up) < 2:
            return
        chance = self.world.chance
        rivalry = chance.choice((*deeds.RIVALRIES, None))
        with self._told():
            if rivalry is None:
                self._two_receptions(up)
                return
            pairs = chance.sample([*permutations(up, 2)], len(up) * (len(up) - 1))
            tried = (
                (one, other, stream)
                for one, other in pairs
                for stream in deeds.in_question(rivalry, one, other, chance)
            )
            for one, other, stream in islice(tried, TRIED):
                self._say(f"at {one.name} and {other.name} people work on {stream}")
                done = deeds.rivals(rivalry, one, other, stream, chance)
                for machine, promise in done:
                    self._promise(machine, promise)
                if done:
                    return
                self.story.pop()

    def _print(self) -> None:
        machine = self._anybody()
        if machine is not None:
            self._say(f"{machine.name} prints")
            with self._told():
                machine.spool.work(at=machine.clock())

    def _publish(self) -> None:
        central = self.machines["central"]
        if central.up and not central.node.collects:
            self._say("central publishes")
            with self._told():
                deeds.publish(central, self.world.chance)

    def _queue(self) -> None:
        """At the door: tickets are drawn, called, served, rated; now and then at two machines at once."""
        chance, machine = self.world.chance, self._anybody()
        up = [one for one in self.machines.values() if one.up and Duty.QUEUE in one.duties]
        with self._told():
            if len(up) > 1 and chance.random() < 0.3:
                one, other = chance.sample(up, 2)
                self._say(f"at {one.name} and {other.name} people look at the queue")
                for where, promise in deeds.rival_visits(one, other, chance):
                    self._promise(where, promise)
            elif machine is not None and Duty.QUEUE in machine.duties:
                self._say(f"at {machine.name} somebody looks at the queue")
                self._promise(machine, deeds.queue(machine, chance))

    def _come_with_a_slip(self) -> None:
        """Now and then a citizen brings a slip to a counter that has not heard of it."""
        chance = self.world.drawn("slips")
        if chance.random() >= SLIPS or not self.slips:
            return
        slip = chance.choice(self.slips)
        self._bring(slip, [one for one in self.machines.values() if one.node_id != slip.promise.node])

    def _bring(self, slip: Slip, to: Sequence[Machine]) -> None:
        """Somebody comes with a slip to one of these machines."""
        chance = self.world.drawn("slips")
        counters = [one for one in to if one.up and Duty.RECEIVE in one.duties]
        if not counters:
            return
        machine = chance.choice(counters)
        self._say(f"at {machine.name} a slip of {slip.promise.node} is entered again")
        with self._told():
            done = deeds.enter_again(machine, slip, chance)
            self.world.faults["slip_again"] += done is not None
            self._promise(machine, done)

    # ---- what fails

    def _crash(self) -> None:
        """The power goes while somebody works, prints, calls or is called."""
        chance, machine = self.world.chance, self._anybody()
        if machine is None:
            return
        with machine.in_danger(chance.randint(1, 45), torn=chance.random() < 0.4):
            others = [one for one in self.machines.values() if one is not machine and not one.is_central]
            what = chance.randrange(4)
            if what == 0 and not machine.is_central:
                other = chance.choice([one for one in self.machines.values() if one is not machine])
                self._say(f"{machine.name} calls {other.name}")
                self.network.meet(machine, other, trouble=TROUBLE)
            elif what == 1:
                other = chance.choice(others)
                self._say(f"{other.name} calls {machine.name}")
                self.network.meet(other, machine, trouble=TROUBLE)
            elif what == 2:
                self._say(f"{machine.name} prints")
                with self._told():
                    machine.spool.work(at=machine.clock())
            else:
                self._work_at(machine)
        if machine.dying:
            self.story[-1] += f"; {machine.name} loses its power"
            machine.bury(back_at=self.world.step + chance.choice((1, 1, 3, 15)))

    def _part(self) -> None:
        """For a while the centre is in two or three parts."""
        chance = self.world.chance
        sides = {name: chance.randrange(chance.choice((2, 3))) for name in self.machines}
        self._say(f"the lines are cut: {sides}")
        self.network.part(sides, until=self.world.step + chance.randint(5, 40))

    def _deafen(self) -> None:
        one, other = self.world.chance.sample(list(self.machines), 2)
        self._say(f"{one} cannot call {other}")
        self.network.deafen(one, other, until=self.world.step + self.world.chance.randint(5, 40))

    def _come_late(self) -> None:
        self._say("what was under way for long arrives")
        self.network.bring_late()

    def _jump(self) -> None:
        """A clock jumps, or somebody sets it right."""
        machine = self._anybody()
        if machine is not None:
            chance = self.world.chance
            machine.clock.ahead = timedelta(minutes=chance.choice(JUMPS))
            if not machine.is_central and chance.random() < ANOTHER_YEAR:
                machine.clock.ahead = timedelta(days=365 * chance.choice(YEARS))
                self.world.faults["clock_of_another_year"] += 1
            self._say(f"{machine.name}: its clock is ahead by {machine.clock.ahead}")
            self.world.faults["clock_jump"] += 1

    def _asked_about_the_hour(self, machine: Machine) -> None:
        """Whoever signs in says what the wall says, where something speaks against the clock."""
        hour = machine.node.hour
        if machine.is_central or hour.doubt() is None or self.world.chance.random() >= ASKED:
            return
        right = abs(machine.clock.ahead) <= BEHIND
        self._say(f"at {machine.name} somebody says that its clock is {'right' if right else 'wrong'}")
        with self._told():
            hour.confirm(WORKERS[0].id, right=right)

    def _clone(self) -> None:
        """Somebody copies a machine's disk, and the copy runs beside it. Once is enough."""
        chance = self.world.chance
        could = [
            one
            for one in self.machines.values()
            if one.up and not one.full_until and Duty.DESK not in one.duties
        ]
        could = [one for one in could if one.name not in self._spared()]
        if self.twins or not could:
            return
        machine = chance.choice(could)
        name = f"{machine.name}{checks.COPY}"
        self._say(f"{machine.name} is copied, and the copy runs")
        copy = machine.copied_to(name, self._data / name)
        self.machines[name] = copy
        self.twins = {machine.name, name}
        copy.start()
        with self._told():
            first = deeds.fill_in(machine, chance)
            self._receive(machine, first)
            self._receive(copy, replace(deeds.fill_in(copy, chance), draft=first.draft))

    def _lose_central(self) -> None:
        """Not where acts have left a machine because central said that it holds them: they may be nowhere else."""
        if not self.world.faults["agency_lost"]:
            self.losses.lose_central()

    def _change_a_card(self) -> None:
        if self.losses.lost is None or self.losses.lost.name != "central":
            with self._told():
                self.cards.change()

    def _fill_disk(self) -> None:
        """For a while there is little room on a disk, or none."""
        machine = self._anybody()
        if machine is not None:
            pages = self.world.chance.randint(0, 5)
            self._say(f"{machine.name}: room for {pages} more pages")
            machine.fill_disk(pages, until=self.world.step + self.world.chance.randint(*FULL_FOR))

    # ---- what people do

    def _work_at(self, machine: Machine) -> None:
        chance = self.world.chance
        self._asked_about_the_hour(machine)
        streams = checks.streams(machine)
        unanswered = self._unanswered.get(machine.name)
        with self._told():
            if unanswered is not None and chance.random() < 0.7:
                self._say(f"at {machine.name} the button is pressed once more")
                self._receive(machine, unanswered)
            elif Duty.RECEIVE in machine.duties and (not streams or chance.random() < NEW):
                self._begin(machine)
            else:
                self._work_on_something(machine, streams)

    def _work_on_something(self, machine: Machine, streams: Sequence[str]) -> None:
        """Open dossiers, mostly new ones, until there is something to do; at a desk mostly contested ones."""
        chance = self.world.chance
        for _ in range(GLANCES):
            among = streams
            if Duty.DESK in machine.duties and chance.random() < 0.7:
                among = [row.stream for row, _ in machine.node.register.conflicts()] or streams
            if among:
                stream = among[-1 - min(int(chance.expovariate(0.25)), len(among) - 1)]
                self._say(f"at {machine.name} somebody works on {stream}")
                self._note_conflicts(machine, stream)
                promise = deeds.work(machine, stream, chance)
                if promise is not None:
                    self._promise(machine, promise)
                    return

    def _begin(self, machine: Machine) -> None:
        """Something comes over the portal, or somebody comes: with what they had registered, or anew."""
        chance = self.world.chance
        held = [stream for stream in self.registered if self._waits_at(machine, stream)]
        if chance.random() < 0.3:
            number = self._portal_number()
            self._say(f"at {machine.name} {number or 'something'} comes over the portal")
            promise = deeds.register(machine, chance, number)
            self.registered.append(StreamId(promise.stream))
            self._promise(machine, promise)
            return
        of_it = chance.choice(held[-2:]) if held and chance.random() < 0.6 else None
        self._say(f"at {machine.name} somebody is received {f'with {of_it}' if of_it else ''}".strip())
        self._receive(machine, deeds.fill_in(machine, chance, of_it))

    def _portal_number(self) -> str:
        """Half of what comes over the portal has a code; and what the portal had no answer to, it sends once more."""
        chance = self.world.chance
        if chance.random() < 0.5:
            return ""
        if self.sent and chance.random() < SENT_AGAIN:
            return chance.choice(self.sent[-3:])
        self.sent.append(f"G13-{local_day(self.world.now):%y%m%d}-{900_001 + len(self.sent)}")
        return self.sent[-1]

    def _two_receptions(self, up: Sequence[Machine]) -> None:
        """Somebody comes to a counter with what they had registered, and their spouse to another one."""
        chance = self.world.chance
        for one, other in permutations([machine for machine in up if Duty.RECEIVE in machine.duties], 2):
            for stream in reversed(self.registered):
                if self._waits_at(one, stream) and self._waits_at(other, stream):
                    self._say(f"at {one.name} and {other.name} somebody is received with {stream}")
                    for machine in (one, other):
                        self._receive(machine, deeds.fill_in(machine, chance, stream))
                    return

    @staticmethod
    def _waits_at(machine: Machine, stream: StreamId) -> bool:
        """Whether a machine knows of something that was registered, and of nobody who received it."""
        dossier = machine.node.register.dossier(stream)
        return bool(dossier.timeline) and dossier.received is None

    def _receive(self, machine: Machine, reception: Reception) -> None:
        self._unanswered[machine.name] = reception
        promise = deeds.receive(machine, reception)
        if machine.up:
            del self._unanswered[machine.name]
        self._promise(machine, promise)

    def _promise(self, machine: Machine, promise: Promise | None) -> None:
        """Somebody was told; not if the power went meanwhile."""
        if promise is not None and machine.up:
            self.promises.append(promise)
            if promise.kind == "dossier.received":
                self.slips.append(deeds.slip_of(machine, promise))
            self.story[-1] += f": {promise.kind}"

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """A person is told why not, and that nothing was saved."""
        try:
            yield
        except (Refused, ClockBehind, Unavailable, NotGranted) as why:
            self.story[-1] += f": {type(why).__name__} {why}"
            if isinstance(why, DiskFull):
                self.world.faults["disk_full"] += 1

    def _note_conflicts(self, machine: Machine, stream: str) -> Dossier:
        return self._note(machine.node.register.dossier(stream))

    def _note(self, dossier: Dossier) -> Dossier:
        self.conflicts.update((conflict.id, conflict.rows) for conflict in dossier.conflicts)
        return dossier

    # ---- afterwards

    def _mend(self, last: int) -> None:
        """Everything works again; people press their buttons, all meet, the desk settles, what waits is printed."""
        self.world.begin_step(last + WEEKS * 5 * STEPS_A_DAY)
        self.network.mend()
        for machine in self.machines.values():
            machine.clock.ahead = timedelta()
            if machine.up:
                machine.free_disk()
            else:
                machine.start()
        self._say("all is mended")
        for name, reception in sorted(self._unanswered.items()):
            if name not in self.machines:
                continue
            with self._told():
                self._promise(self.machines[name], deeds.receive(self.machines[name], reception))
        self.network.bring_late()
        self.sticks.turn_up(list(self.machines.values()))
        self._gather()
        self.losses.mend(self._gather)
        self.failures += self.cards.mend(self._gather)
        self._bring_what_is_lost()
        self._gather()
        central = self.machines["central"]
        deeds.find(central)
        if self.twins and self.world.chance.random() < CUT:
            self._say("the machines that gave a number twice are cut")
            deeds.cut(central)
        deeds.admit(central)
        self._settle()
        for stream in central.node.visits.streams():
            self._note(central.node.visits.visit(stream))
        deeds.find(central)
        self._gather()
        for machine in self.machines.values():
            # a full disk may have left a paper half-sent, as a crash does
            machine.spool.work(at=machine.clock())

    def _bring_what_is_lost(self) -> None:
        """Whoever holds a slip that no machine knows comes with it."""
        lost = self.losses.lost
        if lost is None:
            return
        known = set().union(*(checks.streams(machine) for machine in self.machines.values()))
        for slip in self.slips:
            if slip.promise.node == lost.node and slip.promise.stream not in known:
                self._bring(slip, list(self.machines.values()))

    def _gather(self) -> None:
        """All call central and nobody else, until nobody has anything new: what lies at one machine only must go there."""
        central = self.machines["central"]
        for _ in range(ROUNDS):
            before = self._held()
            for one in self.machines.values():
                if one is not central:
                    self._compare_clocks(one, central)
                    self.network.meet(one, central)
            if self._held() == before:
                return

    def _held(self) -> list[int]:
        return [store.seq() for one in self.machines.values() for store in one.node.stores.values()]

    def _settle(self) -> None:
        """The desk settles all that is the desk's to settle."""
        central = self.machines["central"]
        for stream in checks.streams(central):
            for _ in range(PATIENCE):
                dossier = self._note_conflicts(central, stream)
                if not any(conflict.for_desk for conflict in dossier.conflicts):
                    break
                self._say(f"the desk settles {stream}")
                promise = deeds.settle(central, dossier, self.world.chance)
                if promise is None:
                    self.failures.append(f"nobody may settle {stream}, {dossier.conflicts[0].rows}")
                    break
                self.promises.append(promise)
            else:
                self.failures.append(f"after {PATIENCE} settlements {stream} is still contested")


STEPS: Final[tuple[tuple[float, Callable[[Run], None]], ...]] = (
    (54, Run._work),
    (28, Run._meet),
    (8, Run._rivals),
    (3, Run._print),
    (3, Run._publish),
    (5, Run._queue),
    (6, Run._crash),
    (1.5, Run._part),
    (1, Run._deafen),
    (1.5, Run._come_late),
    (1.5, Run._jump),
    (1.5, Run._fill_disk),
    (0.3, Run._clone),
    (0.25, lambda run: run.losses.back_up()),
    (0.2, lambda run: run.losses.lose_edge()),
    (0.2, Run._lose_central),
    (0.4, Run._change_a_card),
)
"""What happens in a step, and how often."""
