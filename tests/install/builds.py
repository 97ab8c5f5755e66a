"""What is built from the tree, beside it: nothing of a test lands in the tree, nor anything of the tree's own builds in a test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "sync", "printing", "edge", "central")
EPOCH = "1800000000"


def source(target: Path) -> Path:
    """A copy of what a wheel is made of."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
    return target


def wheel(folder: Path) -> Path:
    """The wheel of the tree as it is."""
    command = [
        "env",
        f"SOURCE_DATE_EPOCH={EPOCH}",
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
    ]
    outdir = ["--outdir", str(folder / "dist")]
    subprocess.run([*command, *outdir, str(source(folder / "source"))], check=True, capture_output=True)
    (built,) = (folder / "dist").glob("*.whl")
    return built
