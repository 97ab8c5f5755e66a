"""The shape of what a bench says; never how fast anything is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

PROJECT = Path(__file__).resolve().parents[2]


def test_a_bench_says_what_it_measured_in_one_json_object() -> None:
    """Design §11: figures with their musts, peers, machine; the exit status says whether all musts are met."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "fold", "--quick", "--json"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    (line,) = done.stdout.splitlines()
    said = msgspec.json.decode(line)

    assert list(said) == ["bench", "figures", "peers", "machine"]
    assert said["bench"] == "fold"
    assert {"events_folded", "events_folded_unverified", "due_moments", "memory"} <= set(said["figures"])
    assert said["figures"]["memory"]["value"] > 0
    for figure in said["figures"].values():
        assert list(figure) == ["value", "unit", "must", "aim", "better", "ok"]
        bound = figure["must"]
        higher = figure["better"] == "higher"
        ok = bound is None or (figure["value"] >= bound if higher else figure["value"] <= bound)
        assert figure["ok"] is ok
    all_ok = all(figure["ok"] for figure in said["figures"].values())
    assert done.returncode == (0 if all_ok else 1), done.stderr


def test_a_bench_that_does_not_exist_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "weather"], cwd=PROJECT, capture_output=True, text=True
    )

    assert done.returncode == 2
    assert "weather" in done.stderr
