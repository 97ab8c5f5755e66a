"""A small centre in one process: real nodes, real files, a clock in the test's hand, and no network but `meet`."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Final

from argon2 import PasswordHasher

from central.centre import Office
from central.demo.plan import PEOPLE, SEAL_PIN, nodes
from edge.folder import Folder
from edge.ids import Ids
from edge.ledger import Draft
from edge.node import Node
from edge.roads import Here, shown_to
from edge.settings import read_settings
from schemas.acts import Appraised, Party, ReceivedComponent, Returned, Settled, WithdrawalAsked
from schemas.calendar import VIETNAM
from schemas.events import StreamId
from schemas.fold import Dossier
from sync.peer import Peer
from sync.replicator import Replication
from tests.large import RUN, Beyond, Front, beyond, left

SEALED = "1.003494"
"""A procedure of the 4-on-site room: its result is numbered and sealed."""
PINS = {person.id: person.pin for person in PEOPLE}
MONDAY = datetime(2027, 3, 1, 9, 0, tzinfo=VIETNAM).astimezone(UTC)
"""A working day after the centre was founded, whenever the tests run before it."""


class HandClock:
    """A clock that moves when it is told to, and a millisecond whenever it is read: two acts are never at once.

    `stopwatch` goes with it, but never back.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._passed = 0.0

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)
        self._passed += max(0.0, timedelta(**by).total_seconds())

    def turn(self, **by: float) -> None:
        """Somebody turns the hands; no time passes."""
        self.at += timedelta(**by)

    def stopwatch(self) -> float:
        return self._passed


QUICK: Final = PasswordHasher(time_cost=1, memory_cost=64)
"""For PINs that nobody will try to guess: a third of a test's time went into them."""


class SmallCentre:
    """`central`, `counter-01`, `counter-02` and `room-01`, or some of them, open in this process on some day `at`.

    `off`: each is opened when it is first needed, as half of a test's time went into opening those that it does not;
    all have heard of central lately.
    """

    def __init__(self, data: Path, *names: str, at: datetime = MONDAY, off: bool = False) -> None:
        self.data = data
        self.clock = HandClock(at)
        self.ids = Ids()
        self._sessions = count()
        self._closing = ExitStack()
        self._beyond: Beyond | None = None
        self._front: Front | None = None
        self._met: dict[tuple[str, str, str], tuple[object, ...]] = {}
        all_of_them = [node.name for node in nodes(first_port=0)]
        self._off = list(names or all_of_them)
        self._on: dict[str, Node] = {}
        self._opening = Lock()
        if not off:
            self._hear_of_central()

    def _hear_of_central(self) -> None:
        """Months have passed since the founding, and everybody has heard of central lately."""
        central = self.nodes.get("central")
        if central is not None and Office(central).confirm():
            for name, node in self.nodes.items():
                if name != "central":
                    self._beside(central, node, "catalog")

    @property
    def nodes(self) -> dict[str, Node]:
        """All of them, open."""
        for name in list(self._off):
            self[name]
        return self._on

    def open(self, name: str) -> Node:
        folder = Folder(self.data / name)
        if name == "central" and RUN.is_large:
            if self._beyond is None:
                self._beyond = self._closing.enter_context(beyond())
                self._closing.callback(left, folder.path, read_settings(folder.path))
            self._beyond.configure(folder.path)
        return Node(
            folder,
            read_settings(folder.path),
            clock=self.clock,
            ids=self.ids,
            stopwatch=self.clock.stopwatch,
            hasher=QUICK,
        )

    def __getitem__(self, name: str) -> Node:
        with self._opening:
            if name in self._off:
                self._on[name] = self.open(name)
                self._off.remove(name)
        return self._on[name]

    def reopen(self, name: str) -> Node:
        """Close a node and open it again, as after a restart."""
        if name == "central":
            self.away()
        self[name].close()
        self._on[name] = self.open(name)
        return self._on[name]

    def loses_central(self) -> Node:
        """The node, closed; all that it had beyond its machine is lost with it, and the next one has its own."""
        self.away()
        self._beyond = None
        lost = self.nodes.pop("central")
        lost.close()
        return lost

    def close(self) -> None:
        self.away()
        self._off.clear()
        for node in self._on.values():
            node.close()
        self._closing.close()

    def meets(self) -> Front | None:
        """The front before central, from when somebody comes to it first; None where central is alone."""
        if self._front is None and self._beyond is not None and "central" in self._on:
            self._front = Front(self._on["central"], self._beyond)
        return self._front

    def away(self) -> None:
        """The front goes before its central does."""
        front, self._front = self._front, None
        if front is not None:
            front.close()

    def meet(self, *names: str) -> None:
        """Bring nodes together until none has anything that another lacks."""
        chosen = [self[name] for name in names or self.nodes]
        for _ in range(2):
            for source in chosen:
                for target in chosen:
                    if source is not target:
                        self.copy(source, target)

    def copy(self, source: Node, target: Node, *databases: str) -> None:
        """What one has and the other lacks, once."""
        for database in databases or ("catalog", "dossiers", "files"):
            if database == "dossiers" and not target.is_centre and not target.window.own.dossiers:
                continue
            if not target.is_centre and source.catalog.latest.card(target.id) is None:
                continue  # nobody lets in whom he does not know
            front = self.meets() if source.is_centre or target.is_centre else None
            if front is None or not front.url or self._is_shut_out(source, target):
                self._beside(source, target, database)
            else:
                self._by_front(front, source, target, database)

    def _is_shut_out(self, source: Node, target: Node) -> bool:
        """One whose card has ended is let in by no front: it hears of that from somebody beside it."""
        cards = [self["central"].catalog.latest.card(one.id) for one in (source, target)]
        return not all(card is not None and card.opens for card in cards)

    def _beside(self, source: Node, target: Node, database: str) -> None:
        there = (
            Here(source, database, source=target.id)  # it is pushed
            if target.is_centre
            else shown_to(target, source, database)
        )
        self._run(source, target, database, there, Here(target, database, source=source.id))

    def _run(self, source: Node, target: Node, database: str, there: Peer, here: Peer) -> None:
        Replication(
            there,
            here,
            node_id=target.id,
            session_id=f"{next(self._sessions):032x}",
            now=self.clock,
            jitter=lambda: 0.0,
            after_checkpoint=partial(self._arrived, source, target, database),
        ).run_once()

    def _by_front(self, front: Front, source: Node, target: Node, database: str) -> None:
        """A machine meets a front, and central what lies behind that. Not again while neither end has anything new."""

        def state() -> tuple[object, ...]:
            ends = [(node.stores[database].published, node.catalog.number) for node in (source, target)]
            return (*ends, self.clock.at.date(), source, target)

        front.settle(database)
        if self._met.get((source.id, target.id, database)) == state() or _has_all(source, target, database):
            return
        if target.is_centre:
            machine = front.peer(source, database)
            self._run(source, target, database, Here(source, database, source=target.id), machine)
            front.settle(database)
        else:
            machine = front.peer(target, database)
            self._run(source, target, database, machine, Here(target, database, source=source.id))
        self._met[source.id, target.id, database] = state()

    @staticmethod
    def _arrived(source: Node, target: Node, database: str, seq: object) -> None:
        if target.is_centre and database == "dossiers":
            source.projector.centre_has(source.stores[database].inner_seq(seq))
        elif target.is_centre and database == "visits":
            source.visits.centre_has(source.stores[database].inner_seq(seq))

    # ---- what people do

    def draft(self, applicant: str = "Nông Văn Thắng", procedure: str = "1.000703") -> Draft:
        """By default for a procedure that is done when it is approved; `SEALED` is one that is not."""
        return Draft(
            procedure,
            Party(applicant, "020085004127", phone="0912000345"),
            (ReceivedComponent("Đơn đề nghị", 1),),
        )

    def receive(
        self,
        at: str = "counter-01",
        *,
        by: str = "hanh.nh",
        applicant: str = "Nông Văn Thắng",
        procedure: str = "1.000703",
    ) -> Dossier:
        node = self[at]
        stream = StreamId(self.ids.stream(self.clock()))
        return node.ledger.receive(
            stream, self.draft(applicant, procedure), by=by, spool=node.papers.spool_slip
        )

    def appraise(self, dossier: Dossier, at: str = "room-01", *, passed: bool = True) -> Dossier:
        data = Appraised(opinion="Hồ sơ đủ, hợp lệ.", passed=passed)
        return self[at].ledger.act(dossier.stream, "dossier.appraised", data, by="ha.lt")

    def appraised(self) -> Dossier:
        """A dossier received at counter-01 and appraised in the room, of which every node knows."""
        dossier = self.receive()
        self.meet()
        appraised = self.appraise(dossier)
        self.meet()
        return appraised

    def approve(self, dossier: Dossier, at: str = "room-01", *, by: str = "viet.tq") -> Dossier:
        return self[at].deciding.approve(dossier.stream, by=by, pin=PINS[by], text="Đồng ý cấp.")

    def refuse(self, dossier: Dossier, at: str = "room-01", *, by: str = "viet.tq") -> Dossier:
        return self[at].deciding.refuse(dossier.stream, by=by, pin=PINS[by], reason="Không đủ điều kiện.")

    def seal(self, dossier: Dossier, at: str = "room-01", *, by: str = "chi.nth") -> Dossier:
        """Number, date and seal."""
        return self[at].sealing.seal(dossier.stream, by=by, pin=PINS[by], agency_pin=SEAL_PIN)

    def withdraw(self, dossier: Dossier, at: str = "counter-01", *, by: str = "hanh.nh") -> Dossier:
        data = WithdrawalAsked(reason="Không còn nhu cầu.", asked_by="Nông Văn Thắng")
        return self[at].ledger.act(dossier.stream, "dossier.withdrawal_asked", data, by=by)

    def return_(self, dossier: Dossier, at: str = "counter-01", *, by: str = "hanh.nh") -> Dossier:
        known = self[at].register.dossier(dossier.stream)
        assert known.standing.outcome is not None
        data = Returned(
            taken_by="Nông Văn Thắng", identity="020085004127", result=known.standing.outcome.data.result
        )
        return self[at].ledger.act(dossier.stream, "dossier.returned", data, by=by)

    def five_ends(self) -> None:
        """Five dossiers, known everywhere: approved and returned, refused, withdrawn, contested, open."""
        done, refused, gone, contested, _open = (self.receive() for _ in range(5))
        self.meet()
        for dossier in (done, refused, contested):
            self.appraise(dossier)
        self.meet()
        self.approve(done)
        self.refuse(refused)
        self.withdraw(gone)
        self.approve(contested)
        self.withdraw(contested)  # at the counter, which has not heard of it
        self.meet()
        self.return_(done)
        self.meet()

    def settle(self, dossier: Dossier, stands: str, *, by: str = "huong.ltt") -> Dossier:
        """The desk lets the act of this kind stand."""
        node = self["central"]
        known = node.register.dossier(dossier.stream)
        (conflict,) = known.conflicts
        kinds = {line.hash: line.kind for line in known.timeline}
        chosen = tuple(member for member in conflict.members if kinds[member] == f"dossier.{stands}")[:1]
        data = Settled(conflict.id, conflict.members, chosen, "Đã gọi điện xác nhận với người nộp.")
        return node.ledger.act(dossier.stream, "dossier.settled", data, by=by)

    def shown(self, dossier: Dossier) -> list[Dossier]:
        """The dossier as each node shows it."""
        return [node.register.dossier(dossier.stream) for node in self.nodes.values()]


def _has_all(source: Node, target: Node, database: str) -> bool:
    """There is nothing to copy; acts and visits are told of as arrived even then."""
    if target.is_centre and database not in ("catalog", "files"):
        return source.stores[database].published == 0
    leaves = [
        {(one.id, leaf.rev) for one in node.stores[database].changes(0, limit=None) for leaf in one.leaves}
        for node in (source, target)
    ]
    return leaves[0] <= leaves[1]
