"""What the simulation is worth: five faults of the program, each of which it must find, and say what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.simulation.mutations import MUTATIONS

ROOT: Final = Path(__file__).parents[2]
SAYS: Final = {
    "the_fold_ignores_parents": "dossier.",
    "a_number_counter_is_not_durable": "number",
    "an_act_skips_its_check": "is held",
    "a_checkpoint_is_noted_before_the_write": "does not hold",
    "a_page_loses_its_last_change": "does not hold",
    "an_arrival_is_not_projected": "shows",
}
"""A word of the sentence in which each is told."""


@pytest.mark.proof
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_mutated_program_fails_and_the_simulation_says_how(mutation: str) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.simulation.mutations", mutation],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    failures = json.loads(child.stdout)
    assert failures, f"nobody noticed that {mutation.replace('_', ' ')}"
    assert any(SAYS[mutation] in failure for failure in failures), failures
