"""The wheel brings all that a node needs: pages, styles, type, forms, words."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.builds import PACKAGES, ROOT, environment, wheel

BESIDE = {"edge/static/vendor/.copied", "sync/DESIGN.md"}
"""What lies in the tree for those who work on it."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_has_every_file_and_no_other(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        meta = {name.partition("/")[2] for name in archive.namelist() if ".dist-info/" in name}
    assert names == set(_files()) - BESIDE
    vendor = [
        Path(line).name
        for line in (ROOT / "edge/static/vendor.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert {f"edge/static/vendor/{name}" for name in vendor} <= names
    assert {"entry_points.txt", "licenses/LICENSE", "licenses/printing/fonts/OFL.txt"} <= meta


def _files() -> Iterator[str]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()


@pytest.mark.proof
def test_one_tree_makes_one_wheel(built: Path, tmp_path: Path) -> None:
    assert wheel(tmp_path).read_bytes() == built.read_bytes()


@pytest.mark.proof
def test_a_whole_day_is_played_from_the_wheel_alone(built: Path, tmp_path: Path) -> None:
    """In a fresh environment, as docs/install.md says, where the tree is not: pages are asked for, papers set."""
    programs = environment(tmp_path, built, ROOT / "requirements.lock")
    done = subprocess.run(
        ["env", "-u", "PYTHONPATH", str(programs / "motcua"), "demo", "--once", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["converged"] is True
    assert (report["received"], report["slips"], report["missing_events"]) == (40, 40, 0)
