"""Waiting for a state that nobody tells of: it is looked for, often at first and then ten times a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

PATIENCE_S: Final = 120.0
"""Only what hangs takes so long, on the slowest machine and beside everything else that it does."""
_SHORTEST_S, _LONGEST_S = 0.005, 0.1
_pause = threading.Event()


def until(
    state: Callable[[], bool], wish: str = "it did not come to pass", *, patience_s: float = PATIENCE_S
) -> None:
    """Wait for a state; `wish` says what has not come about."""
    began = time.monotonic()
    while not state():
        waited = time.monotonic() - began
        assert waited < patience_s, wish
        _pause.wait(min(_LONGEST_S, max(_SHORTEST_S, waited / 20)))
