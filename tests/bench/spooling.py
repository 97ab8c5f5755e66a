"""A node with a pile of slips to print: how long they take, how much memory, and whether clerks feel it meanwhile."""

from __future__ import annotations

import shutil
import time
from itertools import count
from pathlib import Path
from typing import Final

from edge.folder import Folder
from tests.bench import processes
from tests.bench.counter import Clerk, opened
from tests.bench.figures import Size, p95
from tests.bench.ground import Ground, People, procedures, receive
from tests.bench.machine import proportional_memory_mib

_COUNTER: Final = "counter-01"
_PILE: Final = {Size.FULL: 1_000, Size.QUICK: 20}
_MEANWHILE: Final = {Size.FULL: 200, Size.QUICK: 60}
_SAVES: Final = {Size.FULL: 40, Size.QUICK: 6}
_PATIENCE_S: Final = 300.0


class Spooled:
    """A counter whose spool is filled while its process is down, and which prints when it is there again."""

    def __init__(self, ground: Ground, size: Size) -> None:
        there = ground.folder / "piled" / _COUNTER
        self._folder = Path(shutil.copytree(ground.copy("spooled") / _COUNTER, there))
        self._paper = Folder(self._folder).paper
        self._size, self._people, self._turn, self._due = size, People(), count(), 0
        node = opened(self._folder)
        self._codes = [procedure.code for procedure in procedures(node)]
        node.close()

    def measure(self) -> dict[str, float]:
        """Saves with an idle spool, saves while it renders, and a pile with nothing else to do."""
        alone = self._saves()
        self._pile(_MEANWHILE[self._size])
        meanwhile = self._saves(rendering=True)
        self._pile(_PILE[self._size])
        with processes.node(self._folder) as node:
            began = time.monotonic()
            self._all_out()
            took, memory = time.monotonic() - began, proportional_memory_mib(node.process)
        return {
            "save_alone_p95": p95(alone),
            "save_while_rendering_p95": p95(meanwhile),
            "pile": took,
            "pile_memory": memory,
        }

    def _saves(self, *, rendering: bool = False) -> list[float]:
        """Milliseconds until the answer to each."""
        with processes.node(self._folder) as node:
            clerk = Clerk(node, self._folder)
            clerk.sign_in()
            times = [
                clerk.answered_ms(self._codes[next(self._turn) % len(self._codes)], self._people)
                for _ in range(_SAVES[self._size])
            ]
            self._due += len(times)
            if rendering:
                assert self._out() < self._due - len(times), "the pile was printed before the last save"
            self._all_out()
        return times

    def _pile(self, slips: int) -> None:
        node = opened(self._folder)
        for _ in range(slips):
            receive(node, self._people.draft(node), spool=node.papers.spool_slip)
        node.close()
        self._due += slips

    def _out(self) -> int:
        return sum(file.suffix == ".pdf" for file in self._paper.iterdir()) if self._paper.exists() else 0

    def _all_out(self) -> None:
        began = time.monotonic()
        while self._out() < self._due:
            assert time.monotonic() - began < _PATIENCE_S, f"{self._out()} of {self._due} slips came out"
            time.sleep(0.02)
