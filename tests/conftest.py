"""A centre on disk for every test that needs one: founded once, copied for each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.demo.plan import nodes
from central.demo.setup import prepare
from edge.clock import system_clock
from edge.ids import Ids
from tests.centres import SmallCentre
from tests.proving import PROOFS, Times


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--prove", choices=sorted(PROOFS), default="no", help="run the long proofs: kills, seeds"
    )
    parser.addoption("--pictures", type=Path, help="a folder for pictures of the pages")


@pytest.fixture(scope="session")
def pictures(pytestconfig: pytest.Config) -> Path | None:
    """Where tests in a browser leave pictures of the pages that they look at; None for nowhere."""
    folder: Path | None = pytestconfig.getoption("--pictures")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def times(pytestconfig: pytest.Config) -> Times:
    """`times(usual, full)`: how often to do what a proof does many times."""
    share = PROOFS[pytestconfig.getoption("--prove")]
    return lambda usual, full: max(usual, round(full * share))


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a fresh demo centre; nobody writes into it."""
    data = tmp_path_factory.mktemp("founded") / "centre"
    prepare(data, nodes(first_port=0), clock=system_clock, ids=Ids())
    return data


@pytest.fixture
def centre(founded: Path, tmp_path: Path) -> Iterator[SmallCentre]:
    """Four open nodes in this process, whose clocks stand still and whose cables are in the test's hands."""
    shutil.copytree(founded, tmp_path / "centre")
    small = SmallCentre(tmp_path / "centre")
    yield small
    small.close()
