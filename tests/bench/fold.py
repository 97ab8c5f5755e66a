"""How fast dossiers fold, and due moments are counted. Pure: no disk, and every signature verified before."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Final, TypeAlias

from central.catalog_import import read_agencies, read_procedures
from central.demo.plan import CALENDARS, SINCE
from schemas import seals
from schemas.calendar import Calendar
from schemas.deadlines import Limit, due
from schemas.events import Event, Unknown
from schemas.fold import fold
from tests.bench.figures import Bench, Figure, Round, Size
from tests.bench.ground import Ground
from tests.schemas.histories import (
    MORNING,
    History,
    appraised,
    approved,
    history,
    office,
    received,
    returned,
    settled,
    withdrawal_asked,
    withdrawal_refused,
)

Events: TypeAlias = list[Event | Unknown]

_DOSSIERS: Final = {Size.FULL: 500, Size.QUICK: 60}
_DUE_MOMENTS: Final = {Size.FULL: 40_000, Size.QUICK: 2_500}


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    """No two dossiers are the same, and no two signatures."""
    streams = [f"{number:032x}" for number in range(1, _DOSSIERS[size] + 1)]
    branched = [list(_branched(stream)) for stream in streams]
    straight = [list(_straight(stream)) for stream in streams]
    receptions, limits = _receptions(_DUE_MOMENTS[size]), _limits()
    verified = _verified_per_s(straight)
    for dossiers in (branched, straight):
        _folded_per_s(dossiers)  # a signature is verified once, and remembered
    memory = _mib_per_1000(straight)

    def measure() -> dict[str, float]:
        return {
            "events_folded": _folded_per_s(branched),
            "events_folded_unbranched": _folded_per_s(straight),
            "due_moments": _counted_per_s(receptions, limits),
            "events_folded_unverified": verified,
            "memory": memory,
        }

    yield measure


def _folded_per_s(dossiers: Sequence[Events]) -> float:
    catalog = office().catalog
    began = time.monotonic()
    for events in dossiers:
        fold(events, catalog)
    return sum(map(len, dossiers)) / (time.monotonic() - began)


def _verified_per_s(dossiers: Sequence[Events]) -> float:
    """The first fold of every dossier: each person's signature is verified on the way."""
    seals._verify.cache_clear()
    return _folded_per_s(dossiers)


def _mib_per_1000(dossiers: Sequence[Events]) -> float:
    """What the folds of 1,000 dossiers hold of Python's memory, their events apart."""
    catalog = office().catalog
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        kept = [fold(events, catalog) for events in dossiers]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / len(kept) * 1_000 / 2**20


def _counted_per_s(receptions: Sequence[datetime], limits: Sequence[Limit]) -> float:
    calendar = Calendar({year.year: year for year in CALENDARS})
    began = time.monotonic()
    for place, at in enumerate(receptions):
        due(at, limits[place % len(limits)], calendar)
    return len(receptions) / (time.monotonic() - began)


def _branched(stream: str) -> History:
    """Eight acts: approved in the room and withdrawn at a counter at once, settled, returned."""
    past = history(received(), withdrawal_asked(), withdrawal_refused(), appraised(), stream=stream)
    both = (past + approved()) | (past + withdrawal_asked())
    return both + settled("approved") + returned()


def _straight(stream: str) -> History:
    """Eight acts, one after the other."""
    return history(
        received(),
        withdrawal_asked(),
        withdrawal_refused(),
        withdrawal_asked(),
        withdrawal_refused(),
        appraised(),
        approved(),
        returned(),
        stream=stream,
    )


def _receptions(count: int) -> list[datetime]:
    """Moments within the office hours of a year."""
    chance = random.Random(1)
    return [
        MORNING + timedelta(days=chance.randrange(365), seconds=chance.randrange(8 * 3600))
        for _ in range(count)
    ]


def _limits() -> list[Limit]:
    """Those of the 98 procedures of the sample."""
    sample = files("central") / "sample"
    agencies = read_agencies((sample / "agencies.csv").read_bytes())
    read = read_procedures((sample / "procedures.csv").read_bytes(), agencies, since=SINCE)
    return [procedure.limit for procedure in read.procedures]


BENCH: Final = Bench(
    "fold",
    (
        Figure(
            "events_folded",
            "events folded, dossiers of 8 with one branch that was settled",
            "events/s",
            "higher",
            must=20_000,
            aim=50_000,
        ),
        Figure(
            "events_folded_unbranched",
            "events folded, dossiers of 8 one after the other",
            "events/s",
            "higher",
        ),
        Figure(
            "events_folded_unverified",
            "events folded for the first time, a person's signature verified for each dossier",
            "events/s",
            "higher",
        ),
        Figure("memory", "memory of 1,000 folded dossiers of 8 events, the events apart", "MiB", "lower"),
        Figure(
            "due_moments",
            "due moments counted, limits of the 98 procedures",
            "moments/s",
            "higher",
            must=20_000,
            aim=50_000,
        ),
    ),
    prepared,
)
