"""What it costs to save in a closed folder, beside the same folder left open, save by save in turn."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import msgspec

from edge.at_rest import OPEN
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.rewriting import rekey
from edge.settings import read_settings
from tests.bench.figures import Figure, Size, p50
from tests.bench.ground import Ground, People, receive
from tests.centres import SmallCentre

_SAVES: Final = {Size.FULL: 1_000, Size.QUICK: 100}
_COUNTER: Final = "counter-01"


@contextmanager
def beside_each_other(ground: Ground) -> Iterator[tuple[Node, Node]]:
    """Two counters with the same past: one open, one closed."""
    data = ground.copy("plain")
    closed = Folder(Path(shutil.copytree(data, ground.folder / "closed")) / _COUNTER)
    key_file = (ground.folder / "closed.key").resolve()
    key_file.write_bytes(b"9" * 64)
    rekey(closed.path, OPEN, key_file.read_bytes(), "file")
    settings = msgspec.structs.replace(read_settings(closed.path), key_file=str(key_file))
    small = SmallCentre(data, _COUNTER)
    small.clock.at = system_clock()
    node = Node(closed, settings, clock=small.clock, ids=Ids())
    try:
        yield small[_COUNTER], node
    finally:
        node.close()
        small.close()


class Saves:
    """Receives dossiers at both in turn; each round goes on where the last one ended."""

    def __init__(self, plain: Node, closed: Node) -> None:
        self._plain, self._closed, self._people, self._turn = plain, closed, People(), count()

    def measure(self, size: Size) -> dict[str, float]:
        took: dict[Node, list[float]] = {self._plain: [], self._closed: []}
        for _ in range(_SAVES[size]):
            both = (self._plain, self._closed)
            for node in both if next(self._turn) % 2 else reversed(both):
                draft = self._people.draft(node)
                began = time.monotonic()
                receive(node, draft)
                took[node].append((time.monotonic() - began) * 1000)
        plain, closed = p50(took[self._plain]), p50(took[self._closed])
        return {
            "save_open_p50": plain,
            "save_closed_p50": closed,
            "save_closed_cost": (closed / plain - 1) * 100,
        }


FIGURES: Final = (
    Figure("save_open_p50", "a dossier received in an open folder, p50", "ms", "lower"),
    Figure("save_closed_p50", "a dossier received in a closed folder (SQLCipher), p50", "ms", "lower"),
    Figure(
        "save_closed_cost",
        "what SQLCipher adds to the p50 of 1,000 saves",
        "%",
        "lower",
        must=25,
        aim=15,
    ),
)
