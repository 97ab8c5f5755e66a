"""The lines between the machines, and what becomes of what they carry.

A machine that can open a connection to another one pulls from it, and pushes to central, as `edge.roads` says.
Whatever it carries, a line may be cut in the middle, lose the answer, bring a batch twice, in another order, or
again much later.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, TypeVar

from central.simulation.machine import Machine
from central.simulation.world import World
from edge.access import all_is_sent
from edge.roads import Here, shown_to
from schemas.errors import Malformed
from sync.documents import Json, load
from sync.errors import DiskFull, Forbidden, Unavailable
from sync.peer import ChangesPage, Fetched, LocalPeer, RefusedDocument
from sync.replicator import Replication

PULLED: Final = ("catalog", "dossiers", "visits", "files")
PUSHED: Final = ("dossiers", "visits", "files")
_METHODS: Final = ("changes", "revs_diff", "bulk_get", "bulk_docs", "get_local", "put_local")
_KINDS: Final = ("cut", "lost_answer", "duplicate", "reorder", "late")
_BATCHES: Final = (1, 3, 3, 10, 10, 10, 500, 500, 500, 500)
_T = TypeVar("_T")


@dataclass(slots=True)
class Trouble:
    """What befalls one replication: `kind` at the call of this number to this method of the far end."""

    kind: str = ""
    method: str = ""
    call: int = 0
    order: Random = field(default_factory=lambda: Random(0))  # noqa: S311 - a simulation, not a secret
    calls: dict[str, int] = field(default_factory=dict)

    @classmethod
    def draw(cls, chance: Random, *, carrier: str) -> Trouble:
        """`carrier` is the method that carries documents."""
        kind = chance.choice(_KINDS)
        method = chance.choice((carrier, *_METHODS)) if kind in ("cut", "lost_answer") else carrier
        return cls(kind, method, chance.choice((1, 1, 1, 2, 3)), Random(chance.random()))  # noqa: S311

    def now(self, method: str) -> str:
        """The kind of trouble at this call, or ""."""
        self.calls[method] = self.calls.get(method, 0) + 1
        return self.kind if method == self.method and self.calls[method] == self.call else ""


class Line:
    """A peer as the machine at the other end of a line sees it. `late` takes a batch that will come once more."""

    def __init__(
        self,
        peer: LocalPeer,
        ends: tuple[Machine, Machine],
        trouble: Trouble,
        count: Callable[[str], None],
        late: Callable[[list[Json]], None],
    ) -> None:
        self._peer, self._ends, self._trouble = peer, ends, trouble
        self._count, self._late = count, late

    def peer_id(self) -> str:
        """No call to the far end: nothing can befall it."""
        return self._peer.peer_id()

    def changes(self, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        """A page comes whole, or the line is cut before or after the far end was asked."""
        return self._call("changes", lambda: self._peer.changes(since, limit=limit, wait_s=wait_s))

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """As `changes`: an answer comes whole or not at all."""
        return self._call("revs_diff", lambda: self._peer.revs_diff(wanted))

    def get_local(self, local_id: str) -> Json | None:
        """As `changes`: an answer comes whole or not at all."""
        return self._call("get_local", lambda: self._peer.get_local(local_id))

    def put_local(self, local_id: str, document: Json) -> str:
        """Where the answer is lost, the note is there all the same."""
        return self._call("put_local", lambda: self._peer.put_local(local_id, document))

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        """What is answered may come twice, in another order, or once more much later."""
        return self._call("bulk_get", lambda: self._peer.bulk_get(wanted), after=self._fetched)

    def bulk_docs(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        """May arrive in part before a cut, whole without answer, twice, in another order, or again later."""
        return self._call(
            "bulk_docs",
            lambda: self._peer.bulk_docs(documents),
            before=lambda kind: self._bring(kind, documents),
        )

    def wake(self) -> None:
        """No call to the far end: nothing can befall it."""
        self._peer.wake()

    def close(self) -> None:
        """The store at the far end stays open."""
        self._peer.close()

    def _call(
        self,
        method: str,
        call: Callable[[], _T],
        *,
        before: Callable[[str], None] = lambda kind: None,
        after: Callable[[str, _T], _T] = lambda kind, answer: answer,
    ) -> _T:
        self._require_life()
        kind = self._trouble.now(method)
        if kind and kind != "late":
            self._count(kind)
        before(kind)
        if kind == "cut":
            raise Unavailable("the line was cut")
        answer = after(kind, call())
        self._require_life()
        if kind == "lost_answer":
            raise Unavailable("the answer was lost")
        return answer

    def _bring(self, kind: str, documents: Sequence[Json]) -> None:
        """What arrives of a batch beside the batch."""
        order = self._trouble.order
        match kind:
            case "cut":
                self._peer.bulk_docs(documents[: order.randrange(len(documents))])
            case "duplicate":
                self._peer.bulk_docs(documents)
            case "reorder":
                self._peer.bulk_docs(order.sample(documents, 1 + len(documents) // 2))
            case "late":
                self._late(list(documents))
            case _:
                pass

    def _fetched(self, kind: str, answer: list[Fetched]) -> list[Fetched]:
        match kind:
            case "duplicate":
                return answer + answer
            case "reorder":
                return self._trouble.order.sample(answer, len(answer))
            case "late":
                self._late([one.document for one in answer if one.document is not None])
                return answer
            case _:
                return answer

    def _require_life(self) -> None:
        """Nobody hears anything of a machine from the moment on at which its power went."""
        if not all(machine.up for machine in self._ends):
            raise Unavailable("no answer")


class _Later(Future[_T]):
    """Done when somebody asks for it, in the thread that asks."""

    def __init__(self, do: Callable[[], _T]) -> None:
        super().__init__()
        self._do = do

    def result(self, timeout: float | None = None) -> _T:
        self._be_done()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._be_done()
        return super().exception(timeout)

    def _be_done(self) -> None:
        if not self.done():
            try:
                self.set_result(self._do())
            except Exception as why:  # noqa: BLE001 - it is raised where the result is asked for
                self.set_exception(why)


class Hand(Executor):
    """What a replication hands to a thread of its own is done before anything else, or after all that does not wait
    for it: both happen, and the seed says which. With real threads the same seed would not be the same day.
    """

    def __init__(self, *, at_once: bool) -> None:
        self._at_once = at_once

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Run before it returns, or when the result is asked for: there comes out what `fn` raises."""
        later = _Later(lambda: fn(*args, **kwargs))
        if self._at_once:
            later.exception()
        return later


class Network:
    """Who can open a connection to whom. `refused` collects what a node would not take: there is no such thing."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._side: dict[str, int] = {}
        self._deaf: set[tuple[str, str]] = set()
        self._until = 0
        self._late: list[tuple[Machine, str, str, list[Json]]] = []
        self.refused: list[str] = []

    def _count(self, fault: str) -> None:
        self._world.faults[fault] += 1

    # ---- lines

    def part(self, sides: Mapping[str, int], *, until: int) -> None:
        """From now until a step only machines on one side reach each other."""
        self._side, self._until = dict(sides), until
        self._count("partition")

    def deafen(self, one: str, other: str, *, until: int) -> None:
        """From now until a step `one` cannot open a connection to `other`; the other way goes on."""
        self._deaf.add((one, other))
        self._until = max(until, self._until)
        self._count("one_way")

    def mend(self) -> None:
        """All are on one side again, and nobody is deaf."""
        self._side, self._deaf = {}, set()

    def pass_time(self) -> None:
        """Mends, from the step on up to which machines were to be apart."""
        if self._world.step >= self._until:
            self.mend()

    def reaches(self, one: Machine, other: Machine) -> bool:
        """Whether `one` can open a connection to `other`; it says nothing of the other way."""
        together = self._side.get(one.name, 0) == self._side.get(other.name, 0)
        return one.up and other.up and together and (one.name, other.name) not in self._deaf

    # ---- what they carry

    def meet(self, one: Machine, other: Machine, *, trouble: float = 0.0) -> None:
        """`one` runs all its roads to `other`; each gets into trouble with a chance of `trouble`."""
        roads = [(database, "pull") for database in PULLED]
        if self.reaches(one, other):
            if other.is_central:
                self._introduce(one, other)
            self._tell_what_central_holds(one, other)
        if other.is_central:
            # one that was founded wrote all of the catalog itself; a new one may lack some of it
            pushed = ("catalog", *PUSHED) if other.folder.succession.exists() else PUSHED
            roads += [(database, "push") for database in pushed]
        chance, ended = self._world.chance, set[str]()
        for database, direction in roads:
            carrier = "bulk_get" if direction == "pull" else "bulk_docs"
            befalls = Trouble.draw(chance, carrier=carrier) if chance.random() < trouble else Trouble()
            batch = chance.choice(_BATCHES) if trouble else _BATCHES[-1]
            hand = Hand(at_once=chance.random() < 0.5)
            if self.reaches(one, other):
                with contextlib.suppress(Forbidden):  # the catalog over there does not know this card yet
                    if (
                        self._run(one, other, database, direction, befalls, batch, hand)
                        and direction == "push"
                    ):
                        ended.add(database)
        if {"catalog", "dossiers", "visits"} <= ended and self.reaches(one, other):
            self._tell_that_all_is_sent(one, other)

    @staticmethod
    def _introduce(one: Machine, other: Machine) -> None:
        """Somebody else answers where central was: a new one, by its card (`edge.succession`)."""
        here, there = one.node, other.node
        if here.catalog.centre == there.id and not there.collects:
            return
        if there.folder.succession.exists():
            try:
                here.hears_of_central(load(there.folder.succession.read_bytes()))
            except DiskFull:
                return
        if there.collects and there.catalog.latest.card(here.id) is None:
            with contextlib.suppress(Unavailable):
                there.stores["catalog"].bulk_docs(here.entries(), new_edits=False, source="")

    @staticmethod
    def _tell_what_central_holds(one: Machine, other: Machine) -> None:
        """Whoever has central's newest word passes it on, at every contact."""
        document = other.node.acks.document()
        if document is not None:
            # by a central, or a key, that the catalog here does not know (yet); or a full disk
            with contextlib.suppress(Malformed, Unavailable):
                one.node.acks.take(document)

    @staticmethod
    def _tell_that_all_is_sent(one: Machine, other: Machine) -> None:
        """As `edge.roads` does, to a new central that waits for it."""
        here, there = one.node, other.node
        if there.collects and here.catalog.centre == there.id:
            with contextlib.suppress(Unavailable):
                there.stores["catalog"].put_local(
                    *all_is_sent(here.id, to=there.id, catalog=here.catalog.name)
                )

    def bring_late(self) -> None:
        """What was under way for long arrives; everything that it says has been said already."""
        late, self._late = self._late, []
        for to, database, source, documents in late:
            if to.up:
                self._count("reorder")
                with contextlib.suppress(Unavailable):
                    peer = LocalPeer(to.node.stores[database], server_uuid="", source=source)
                    self._note_refused(f"late {database} to {to.name}", peer.bulk_docs(documents))

    def _run(
        self,
        one: Machine,
        other: Machine,
        database: str,
        direction: str,
        trouble: Trouble,
        batch: int,
        hand: Hand,
    ) -> bool:
        """Whether it came to its end."""
        here, there, ends = one.node, other.node, (one, other)
        pull = direction == "pull"
        to, source = (one, there.id) if pull else (other, here.id)
        near = Line(
            Here(here, database, source=there.id),
            ends,
            Trouble(),
            self._count,
            late=lambda documents: None,
        )
        far = Line(
            shown_to(here, there, database) if pull else Here(there, database, source=here.id),
            ends,
            trouble,
            self._count,
            late=lambda documents: self._late.append((to, database, source, documents)),
        )
        what = f"{direction} of {database} by {one.name}, {other.name}"
        replication = Replication(
            far if pull else near,
            near if pull else far,
            node_id=here.id,
            session_id=one.session,
            now=one.clock,
            jitter=here.ids.jitter,
            batch=batch,
            note_every_s=0.0,
            hand=lambda name: hand,
            tick=lambda: 0.0,  # pages must not be larger where the machine is quicker
            on_refused=lambda refused: self._note_refused(what, [refused]),
            after_checkpoint=lambda seq: None if pull else self._arrived_there(one, database, seq),
        )
        try:
            replication.run_once()
        except (Unavailable, Forbidden):  # or the catalog over there does not know this card yet
            return False
        return True

    def _note_refused(self, what: str, refused: Sequence[RefusedDocument]) -> None:
        self.refused += [f"{what}: {one.id} was refused, {one.reason}" for one in refused]

    @staticmethod
    def _arrived_there(one: Machine, database: str, seq: object) -> None:
        if database == "dossiers" and one.up:
            one.node.projector.centre_has(one.node.stores[database].inner_seq(seq))
        elif database == "visits" and one.up:
            one.node.visits.centre_has(one.node.stores[database].inner_seq(seq))
