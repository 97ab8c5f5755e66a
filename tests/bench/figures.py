"""What a bench measures, what it must reach, and what came out: the table of design §11 as data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from statistics import median
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from tests.bench.ground import Ground

ROUNDS: Final = 3
"""The median of so many rounds counts."""


class Size(Enum):
    """How much is measured: the counts that the table names, or so few that all benches end within some minutes."""

    FULL = "full"
    QUICK = "quick"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: `what` says in words what is measured. `must` and `aim` are None where there is none."""

    name: str
    what: str
    unit: str
    better: Literal["higher", "lower"]
    must: float | None = None
    aim: float | None = None

    def holds(self, value: float) -> bool:
        """Whether a value is as good as it must be."""
        if self.must is None:
            return True
        return value >= self.must if self.better == "higher" else value <= self.must


Round = Callable[[], Mapping[str, float]]
"""One round: every figure of the bench, by its name."""


@dataclass(frozen=True, slots=True)
class Bench:
    """`prepared` makes what is measured and gives its rounds. `absent` are peers that are not here, and why. `quick_rounds`:
    fewer where a round starts so much that quick would not be quick."""

    name: str
    figures: tuple[Figure, ...]
    prepared: Callable[[Ground, Size], AbstractContextManager[Round]]
    absent: Mapping[str, str] = field(default_factory=dict)
    quick_rounds: int = ROUNDS


@dataclass(frozen=True, slots=True)
class Report:
    """What came out of one bench: the median of its rounds for each figure."""

    bench: Bench
    values: Mapping[str, float]
    machine: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        return all(figure.holds(self.values[figure.name]) for figure in self.bench.figures)

    def to_json(self) -> dict[str, Any]:
        return {
            "bench": self.bench.name,
            "figures": {figure.name: self._figure(figure) for figure in self.bench.figures},
            "peers": {peer: {"left_out": why} for peer, why in self.bench.absent.items()},
            "machine": dict(self.machine),
        }

    def _figure(self, figure: Figure) -> dict[str, Any]:
        value = self.values[figure.name]
        return {
            "value": float(f"{value:.4g}"),
            "unit": figure.unit,
            "must": figure.must,
            "aim": figure.aim,
            "better": figure.better,
            "ok": figure.holds(value),
        }


def run(bench: Bench, ground: Ground, size: Size, machine: Mapping[str, Any]) -> Report:
    """Prepare once, measure in rounds."""
    with bench.prepared(ground, size) as measure:
        rounds = [measure() for _ in range(ROUNDS if size is Size.FULL else bench.quick_rounds)]
    values = {figure.name: median(one[figure.name] for one in rounds) for figure in bench.figures}
    return Report(bench, values, machine)


def p50(samples: Sequence[float]) -> float:
    return median(samples)


def p95(samples: Sequence[float]) -> float:
    """The sample that 95 of 100 do not exceed; of fewer than 20 the largest."""
    return sorted(samples)[math.ceil(len(samples) * 0.95) - 1]
