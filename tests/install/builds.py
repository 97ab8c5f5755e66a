"""What is built from the tree, or from a commit of it, beside it: nothing of a test lands in the tree, nor the other way round."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.scenarios.walk import blocks, commands

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


def newest_release() -> str | None:
    """Its tag; where the tags were not fetched, its commit (docs/releasing.md). None where there is neither."""
    tags = _git("tag", "--list", "v*", "--sort=-version:refname")
    commit = _git("log", "-1", "--format=%H", "--extended-regexp", r"--grep=^Release [0-9]+\.[0-9]+\.[0-9]+$")
    return next(iter((tags + commit).decode().split()), None)


def released(commit: str, target: Path) -> Path:
    """The tree as a commit has it, with what npm brought."""
    target.mkdir(parents=True)
    subprocess.run(["tar", "-x", "-C", str(target)], input=_git("archive", commit), check=True)
    shutil.copytree(ROOT / "edge/static/vendor", target / "edge/static/vendor", dirs_exist_ok=True)
    return target


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def wheel(folder: Path, tree: Path | None = None) -> Path:
    """The wheel of `tree`; without it, of this one as it is."""
    tree = source(folder / "source") if tree is None else tree
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist")]
    command = ["env", f"SOURCE_DATE_EPOCH={EPOCH}", *build, str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = (folder / "dist").glob("*.whl")
    return built


def environment(folder: Path, built: Path, lock: Path) -> Path:
    """A fresh environment with a wheel and what its lock file names, as docs/install.md says; its commands."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    programs = folder / "venv" / "bin"
    for file in (lock, built):
        (folder / file.name).write_bytes(file.read_bytes())
    (block,) = blocks("install.md", "Without Debian's package")
    for command in commands(block):
        quietly = f"{programs}/{command} --quiet --disable-pip-version-check"
        subprocess.run(["bash", "-c", quietly], cwd=folder, check=True)
    return programs
