"""How much room the disk of a node has, and when that is too little to begin something new.

Under a tenth the pages warn; under a fiftieth no act is begun, so that what has begun, what others send and what must be
written down to stop in good order still has room. All that was saved can be read, printed and fetched.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.clock import Stopwatch
from sync.errors import DiskFull

LOW: Final = 0.10
FULL: Final = 0.02
_MEASURED_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes that this user may still write, and bytes of the whole disk."""

    free: int
    total: int

    @property
    def share(self) -> float:
        """What is free of the whole, 0.0 to 1.0; 0.0 for a disk that has no size."""
        return self.free / self.total if self.total else 0.0

    @property
    def low(self) -> bool:
        """Under a tenth, also where it is `full`: the pages warn."""
        return self.share < LOW

    @property
    def full(self) -> bool:
        """Under a fiftieth: no act is begun any more."""
        return self.share < FULL


Measure = Callable[[Path], Space]


def measured(folder: Path) -> Space:
    """Raises `OSError` where the folder is not there any more."""
    said = shutil.disk_usage(folder)
    return Space(said.free, said.total)


class Disk:
    """The disk under a node's folder, looked at every two seconds at most."""

    def __init__(self, folder: Path, stopwatch: Stopwatch, measure: Measure = measured) -> None:
        self._folder, self._stopwatch, self.measure = folder, stopwatch, measure
        self._known: tuple[float, Space] | None = None

    def space(self) -> Space:
        """As measured a moment ago: nobody waits for the disk to be asked at each act."""
        now = self._stopwatch()
        if self._known is None or not 0 <= now - self._known[0] < _MEASURED_EVERY_S:
            self._known = now, self.measure(self._folder)
        return self._known[1]

    def require(self) -> None:
        """Raises `DiskFull` where nothing new should be begun."""
        space = self.space()
        if space.full:
            raise DiskFull(
                f"nothing was saved: {space.share:.1%} of the disk is free, and an act needs {FULL:.0%} at least"
            )
