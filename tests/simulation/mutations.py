"""Programs with one fault each: `python -m tests.simulation.mutations NAME` plays runs until one fails, and says why.

The simulation is worth what it finds. Each fault is one that could slip in and that no page would show.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from central.simulation.command import Plan, play
from central.simulation.founding import found
from edge import ledger
from edge.ledger import Ledger
from edge.projector import Projector
from schemas.events import Event, Unknown
from schemas.fold import _Fold
from sync.documents import Json
from sync.peer import ChangesPage, LocalPeer
from sync.replicator import Replication
from sync.sqlite import Connection
from sync.writing import Arrival

PLAN: Final = Plan(first=1, seeds=12, nodes=6, steps=200)


def the_fold_ignores_parents() -> None:
    judge = _Fold._judge

    def mutated(self: _Fold, place: int, event: Event) -> None:
        judge(self, place, msgspec.structs.replace(event, parents=()))

    _Fold._judge = mutated  # type: ignore[method-assign]


def a_number_counter_is_not_durable() -> None:
    def mutated(self: Ledger, agency: str, day: Any) -> str:
        counts: dict[str, int] = self.__dict__.setdefault("counts", {})
        key = f"{agency} {day}"
        counts[key] = counts.get(key, 0) + 1
        return str(self._compose(agency, day, counts[key]))

    Ledger._next_number = mutated  # type: ignore[method-assign]


def an_act_skips_its_check() -> None:
    ledger.__dict__["allowed"] = lambda *arguments: None


def a_page_loses_its_last_change() -> None:
    changes = LocalPeer.changes

    def mutated(self: LocalPeer, since: Any, *, limit: int, wait_s: float) -> ChangesPage:
        page = changes(self, since, limit=limit, wait_s=wait_s)
        return page._replace(changes=page.changes[:-1]) if len(page.changes) > 1 else page

    LocalPeer.changes = mutated  # type: ignore[method-assign]


def a_checkpoint_is_noted_before_the_write() -> None:
    fetch = Replication._fetch

    def mutated(self: Replication, page: ChangesPage) -> list[Json]:
        documents = fetch(self, page)
        self._note(self._notes, self._session, page.last_seq)
        return documents

    Replication._fetch = mutated  # type: ignore[method-assign]


def an_arrival_is_not_projected() -> None:
    arrived = Projector.arrived
    project = Projector._project

    def mutated(self: Projector, connection: Connection, arrivals: Sequence[Arrival]) -> None:
        skipped = all(arrival.source is not None for arrival in arrivals) and len(arrivals) > 1
        self.__dict__["skips"] = skipped
        try:
            arrived(self, connection, arrivals)
        finally:
            self.__dict__["skips"] = False

    def unless(
        self: Projector,
        connection: Connection,
        streams: dict[str, list[Event | Unknown]],
        *,
        again: bool = False,
    ) -> None:
        if not self.__dict__.get("skips"):
            project(self, connection, streams, again=again)

    Projector.arrived = mutated  # type: ignore[method-assign]
    Projector._project = unless  # type: ignore[method-assign]


MUTATIONS: Final[dict[str, Callable[[], None]]] = {
    one.__name__: one
    for one in (
        the_fold_ignores_parents,
        a_number_counter_is_not_durable,
        an_act_skips_its_check,
        a_page_loses_its_last_change,
        a_checkpoint_is_noted_before_the_write,
        an_arrival_is_not_projected,
    )
}


def first_failure() -> tuple[str, ...]:
    """What the first failing run says; nothing if all went well."""
    with TemporaryDirectory() as folder:
        founded = Path(folder)
        found(founded, PLAN.nodes)
        for seed in range(PLAN.first, PLAN.first + PLAN.seeds):
            failures = play(founded, PLAN, seed, PLAN.chosen).failures
            if failures:
                return failures
    return ()


if __name__ == "__main__":
    MUTATIONS[sys.argv[1]]()
    sys.stdout.write(msgspec.json.encode(first_failure()).decode())
