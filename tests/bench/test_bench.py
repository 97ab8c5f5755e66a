"""The shape of what a bench says; never how fast anything is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

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


@pytest.mark.proof
def test_all_benches_run_one_after_the_other() -> None:
    """As `make bench` runs them: none finds in its way what another one left."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick", "--json"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )

    said = [msgspec.json.decode(line)["bench"] for line in done.stdout.splitlines()]
    assert said == ["fold", "store", "replicate", "trust", "counter", "room", "print", "centre"], done.stderr
    assert done.returncode in (0, 1), done.stderr


@pytest.mark.proof
def test_a_central_before_a_cluster_is_measured_beside_an_embedded_one() -> None:
    """The same pages of both, with the same musts; acts as they come in through the front, with 1, 2 and 4 projectors."""
    command = ["centre", "--documents", "couchdb", "--projections", "postgresql", "--dossiers", "100"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *command, "--quick", "--json"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    figures = msgspec.json.decode(done.stdout)["figures"]

    assert all(figure["value"] > 0 for figure in figures.values())
    for page in ("dashboard_p95", "search_p95"):
        assert figures[page]["must"] == figures[f"couchdb_{page}"]["must"] is not None
    for count in (1, 2, 4):
        assert (
            figures[f"acknowledged_by_{count}"]["value"]
            >= figures[f"folded_by_{count}"]["value"]
            >= figures[f"projected_by_{count}"]["value"]
        )
        assert figures[f"lag_p50_by_{count}"]["value"] <= figures[f"lag_p95_by_{count}"]["value"]


def test_a_cluster_is_measured_with_projections_in_postgresql() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "centre", "--documents", "couchdb"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "--projections postgresql" in done.stderr
