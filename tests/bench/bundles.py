"""A bundle on a stick: how long it takes to write and to take, and how large it is. The stick is this machine's disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from edge.courier import Courier
from schemas.events import Document
from tests.bench import pulling

COUNT: Final = 10_000
"""What the figures speak of, however many there were."""


def carried(giver: Path, fresh: Callable[[], Path], events: Sequence[Document]) -> dict[str, float]:
    """From a central that has these events to a counter that has none: verified, opened, admitted, projected."""
    share, stick = COUNT / len(events), giver / "bench.motcua"
    with pulling.opened(giver) as central, pulling.opened(fresh()) as counter:
        began = time.monotonic()
        given = Courier(central).give(counter.id, stick)
        written = time.monotonic() - began
        began = time.monotonic()
        taken = Courier(counter).take(stick)
        took = time.monotonic() - began
    assert (taken.new["dossiers"], taken.refused, taken.gap) == (len(events), 0, []), taken
    stick.unlink()
    return {
        "bundle_written": written * share,
        "bundle_taken": took * share,
        "bundle_bytes": given.bytes * share / 1e6,
    }
