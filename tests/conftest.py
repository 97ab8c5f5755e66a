"""How the tests are run, and a centre on disk for every test that needs one: founded once, copied for each.

Several processes run them, file by file (`loadfile` in the Makefile): the tests of one file share what they set up. There
is one process more for every two processors than there are processors, for a test in three waits: for a line that is
slow on purpose, for a feed, for a printer. Nothing may rest on being alone: a test waits for a state (`until`), with a
limit that only what hangs will reach.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from central.demo.plan import nodes
from central.demo.setup import prepare
from central.starting import calm_collector
from edge.clock import system_clock
from edge.ids import Ids
from tests import large
from tests.centres import MONDAY, QUICK, SmallCentre
from tests.devices import Devices
from tests.proving import PROOFS, Times


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--prove", choices=sorted(PROOFS), default="no", help="run the long proofs: kills, seeds"
    )
    parser.addoption(
        "--documents",
        choices=("embedded", "couchdb", "pouchdb-server"),
        default="embedded",
        help="where every central has its documents (tests/large.py)",
    )
    parser.addoption(
        "--projections",
        choices=("embedded", "postgresql"),
        default="embedded",
        help="where every central has its lists, searches and sums",
    )
    parser.addoption("--pictures", type=Path, help="a folder for pictures of the pages")


def pytest_configure(config: pytest.Config) -> None:
    large.RUN.documents = config.getoption("--documents")
    large.RUN.projections = config.getoption("--projections")


def pytest_unconfigure() -> None:
    large.RUN.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave proofs out where none are asked for; the run says how many."""
    if config.getoption("--prove") != "no":
        return
    proofs = [item for item in items if item.get_closest_marker("proof") is not None]
    items[:] = [item for item in items if item not in proofs]
    config.hook.pytest_deselected(items=proofs)


def pytest_collection_finish() -> None:
    """As a node does when it has started: what was imported stays."""
    calm_collector()


def pytest_xdist_auto_num_workers() -> int:
    processors = len(os.sched_getaffinity(0))
    return processors + processors // 2


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
def founded(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a fresh demo centre, one for all processes of the run; nobody writes into it."""
    run = tmp_path_factory.getbasetemp()
    if hasattr(pytestconfig, "workerinput"):  # the folder of one process of several
        run = run.parent
    data = run / "founded"
    with (run / "founding").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        prepare(data, nodes(first_port=0), clock=system_clock, ids=Ids(), hasher=QUICK)
    return data


@pytest.fixture(scope="session")
def settled(founded: Path) -> Path:
    """The same on a Monday months later: all machines have heard of central a minute ago, and are off."""
    data = founded.parent / "settled"
    with (founded.parent / "settling").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        if not data.exists():
            shutil.copytree(founded, founded.parent / "unsettled")
            SmallCentre(founded.parent / "unsettled", at=MONDAY - timedelta(minutes=1)).close()
            (founded.parent / "unsettled").rename(data)
    return data


@pytest.fixture(scope="session")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Devices]:
    """A reader without devices; tests plug theirs in."""
    with pytest.MonkeyPatch.context() as environment:
        found = Devices(tmp_path_factory.mktemp("softhsm"), environment)
        yield found
        found.close()


@pytest.fixture
def centre(founded: Path, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SmallCentre]:
    """Four nodes in this process, whose clocks stand still and whose cables are in the test's hands."""
    if large.RUN.is_large:  # what a central has beyond its machine is not in its folder
        small = SmallCentre(Path(shutil.copytree(founded, tmp_path / "centre")))
    else:
        settled: Path = request.getfixturevalue("settled")
        small = SmallCentre(Path(shutil.copytree(settled, tmp_path / "centre")), off=True)
    yield small
    small.close()
