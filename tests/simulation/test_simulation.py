"""Whole centres in which everything fails that can fail: afterwards nothing is lost and all agree (design §12)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

import pytest

from tests.proving import Times

USUAL_SEEDS, MANY, ALL_SEEDS = 2, 50, 200
MUST_HAPPEN: Final = (
    "partition",
    "one_way",
    "crash",
    "cut",
    "lost_answer",
    "duplicate",
    "reorder",
    "clock_jump",
    "clock_of_another_year",
    "disk_full",
    "stick",
    "stick_lost",
    "stick_again",
    "slip_again",
    "disk_lost",
    "agency_lost",
    "marks_apart",
    "clone",
    "disk_found",
    "central_restored",
    "central_anew",
    "two_branches",
    "agency_back",
    "forwarded_in",
    "foreign",
)
"""In fifty days or more: each is too rare to ask for in one."""


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


@pytest.mark.timeout(3600)
def test_whatever_fails_nothing_is_lost_and_all_agree(times: Times) -> None:
    seeds = times(USUAL_SEEDS, ALL_SEEDS)
    said = simulated("--seeds", str(seeds))
    assert said["failures"] == []
    assert said["status"] == 0
    if seeds >= MANY:
        assert all(said["faults"][fault] for fault in MUST_HAPPEN), said["faults"]
        assert not said["unseen"]


def test_a_central_that_is_lost_without_a_backup_is_followed_by_a_new_one() -> None:
    said = simulated("--seeds", "1", "--from", "122", "--only", "343")
    assert said["failures"] == []
    assert said["faults"]["central_anew"] == 1


@pytest.mark.proof
@pytest.mark.timeout(1200)
def test_a_seed_is_always_the_same_day() -> None:
    """Every document of every node comes out byte for byte the same, in another process at another hour."""
    once, again = (simulated("--seeds", "1", "--from", "7", "--steps", "100") for _ in range(2))
    for said in (once, again):
        said.pop("seconds")
    assert len(once["digest"]) == 64
    assert once == again
    other = simulated("--seeds", "1", "--from", "8", "--steps", "20")
    assert other["digest"] != once["digest"]


def test_a_choice_of_steps_that_is_none_is_refused_in_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "central.cli", "simulate", "--only", "3,x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--only: numbers of steps with commas between them" in done.stderr
    assert "Traceback" not in done.stderr
