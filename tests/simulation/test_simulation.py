"""Whole centres in which everything fails that can fail: afterwards nothing is lost and all agree (design §12)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

from tests.proving import Times

USUAL_SEEDS, ALL_SEEDS = 10, 200
MUST_HAPPEN: Final = ("partition", "one_way", "crash", "duplicate", "reorder", "clock_jump")


def simulated(*arguments: str) -> dict[str, Any]:
    """What `motcua simulate` says, with its exit status as `status`."""
    done = subprocess.run(
        [sys.executable, "-m", "central.cli", "simulate", "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return {**said, "status": done.returncode}


def test_whatever_fails_nothing_is_lost_and_all_agree(times: Times) -> None:
    said = simulated("--seeds", str(times(USUAL_SEEDS, ALL_SEEDS)))
    assert said["failures"] == []
    assert said["status"] == 0
    assert all(said["faults"][fault] for fault in MUST_HAPPEN), said["faults"]
    assert sum(said["conflicts"].values()) > 0


def test_a_seed_is_always_the_same_day() -> None:
    once, again = (simulated("--seeds", "1", "--from", "7", "--steps", "120") for _ in range(2))
    for said in (once, again):
        said.pop("seconds")
    assert once == again
