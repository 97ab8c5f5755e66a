"""How often a proof does what a test does once or a few times: `make prove`, `make prove FULL=1`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

PROOFS: Final = {"no": 0.0, "quarter": 0.25, "full": 1.0}
Times = Callable[[int, int], int]
"""`times(usual, full)`."""
