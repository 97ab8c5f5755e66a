"""A day with an outage, played and counted: everybody worked on, and nothing was lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from central.verify import verify_command
from tests.proving import Times
from tests.scenarios.conftest import Start


def test_a_day_with_an_outage(motcua: Start, tmp_path: Path, times: Times) -> None:
    """40 received, 20 approved, 3 conflicts settled, a power cut inside a commit; then all is verified again."""
    for seed in range(7, 7 + times(1, 5)):
        data = tmp_path / f"day-{seed}"
        _check(_play(motcua, data, seed))
        assert verify_command(data, True) == 0


def _play(motcua: Start, data: Path, seed: int) -> dict[str, Any]:
    process = motcua("demo", "--once", "--json", "--seed", seed, "--data", data)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    report: dict[str, Any] = json.loads(out)
    return report


def _check(report: dict[str, Any]) -> None:
    assert report["converged"] is True
    assert (report["received"], report["approved"], report["returned"], report["slips"]) == (40, 20, 10, 40)
    assert report["procedures"] >= 20
    assert (report["received_offline"], report["approved_offline"]) == (8, 12)
    assert report["signatures_valid"] == 20
    assert report["sealed"] == report["seals_valid"] > 0
    assert report["conflicts"]["found"] == report["conflicts"]["settled"] == 3
    assert len(report["conflicts"]["rows"]) == 3
    assert report["missing_events"] == report["duplicate_numbers"] == 0
    assert report["killed"] == 1
    assert set(report["nodes"]) == {"central", "counter-01", "counter-02", "room-01"}
    assert len({node["digest"] for node in report["nodes"].values()}) == 1
    acts = 98 + 2 * report["sealed"]
    assert all(node["events"] == node["verified"] == acts for node in report["nodes"].values())


def test_a_folder_with_something_in_it_is_not_played_in(motcua: Start, tmp_path: Path) -> None:
    """The figures of a scenario must be its own."""
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "something").touch()
    process = motcua("demo", "--once", "--json", "--data", tmp_path / "day")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
