"""SIGKILL while papers are spooled: a real node, a clerk at its pages, a real print server, a thermal printer, a folder.

At a random moment the node is gone, and is started again before another of its printers. In the end every act has its
paper, every paper came out once, whole and in order, and where nobody can know a person is asked.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import msgspec
import pytest
import requests

from central.inspection.reading import Snapshot
from edge.settings import FOLDER, PrinterKind, PrinterSettings, read_settings, write_settings
from printing.spool import PrintJob, State
from tests.bench.counter import Clerk, opened
from tests.bench.ground import People, procedures
from tests.bench.processes import Running
from tests.printing.cups import PrintServer, print_server
from tests.printing.thermal import Thermal, thermal
from tests.proving import Times
from tests.waiting import until

LASER, ROLL = "Laser", "Nhiệt"
USUAL_KILLS, ALL_KILLS, ENOUGH_KILLS = 3, 100, 25
LONGEST_LIFE_S = 0.8


@dataclass
class Place:
    """A counter with three printers. `saved` counts what the clerk was told; `files` is what lay in the folder,
    `struck` the states in which papers were when the node died."""

    folder: Path
    server: PrintServer
    roll: Thermal
    roll_address: str
    codes: list[str]
    people: People = field(default_factory=People)
    saved: int = 0
    files: dict[str, int] = field(default_factory=dict)
    struck: set[str] = field(default_factory=set)

    def set_before(self, first: str) -> None:
        """All papers that come now go to this printer; the others stay where they are."""
        printers = {
            LASER: PrinterSettings(LASER, PrinterKind.IPP, self.server.queue),
            ROLL: PrinterSettings(ROLL, PrinterKind.ESCPOS, self.roll_address),
        }
        others = [
            msgspec.structs.replace(one, forms=("trial",)) for name, one in printers.items() if name != first
        ]
        chosen = [printers[first]] if first in printers else []
        settings = msgspec.structs.replace(
            read_settings(self.folder), printers=(*chosen, *others), host="127.0.0.1", port=0
        )
        write_settings(self.folder, settings)

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "central.cli", "edge", "--watch-stdin", "--data", str(self.folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()

    def live(self, seconds: float) -> None:
        """A clerk receives one dossier after the other, until the node is killed."""
        with self.running() as process:
            clerk = Clerk(Running(_url(process), process.pid), self.folder)
            clerk.sign_in()
            failed: list[Exception] = []
            work = threading.Thread(target=self._receive, args=(clerk, failed))
            work.start()
            threading.Event().wait(seconds)
            process.kill()
            work.join()
        assert failed == []

    def _receive(self, clerk: Clerk, failed: list[Exception]) -> None:
        try:
            while True:
                clerk.answered_ms(self.codes[self.saved % len(self.codes)], self.people)
                self.saved += 1
        except requests.RequestException:
            return
        except AssertionError as why:
            failed.append(why)

    def finish(self) -> None:
        """Start it once more, and let it print what is left."""
        with self.running() as process:
            _url(process)
            try:
                until(lambda: not self.left(), "all papers are out")
            except AssertionError as why:
                raise AssertionError(f"{self.left()} papers are left; {self.server.story()}") from why

    def left(self) -> int:
        """Papers that go on by themselves."""
        return sum(state in (State.QUEUED, State.SENT) for state in self.states())

    def states(self) -> list[str]:
        with contextlib.closing(Snapshot(self.folder / "node.db")) as snapshot:
            return [str(state) for (state,) in snapshot.select("SELECT state FROM print_job")]

    def keep_watch(self) -> None:
        """No paper in the folder is ever written a second time; and where each paper was when the node died."""
        self.struck |= set(self.states())
        now = {file.name: file.stat().st_ino for file in (self.folder / "paper").glob("*.pdf")}
        assert now.items() >= self.files.items()
        self.files = now


@pytest.fixture
def place(founded: Path, tmp_path: Path) -> Iterator[Place]:
    folder = Path(shutil.copytree(founded / "counter-01", tmp_path / "counter-01"))
    node = opened(folder)
    codes = [procedure.code for procedure in procedures(node)]
    node.close()
    with print_server() as server, thermal() as (roll, address):
        yield Place(folder, server, roll, address, codes)


def _url(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().split()[-1].rstrip("/")


@pytest.mark.proof
@pytest.mark.timeout(3600)  # a hundred lives of a node with --prove=full
def test_a_node_that_is_killed_while_it_prints_loses_no_paper_and_repeats_none(
    place: Place, times: Times
) -> None:
    random, kills = Random(1), times(USUAL_KILLS, ALL_KILLS)
    for kill in range(kills):
        place.set_before((LASER, ROLL, FOLDER)[kill % 3])
        place.live(random.uniform(0, LONGEST_LIFE_S))
        place.keep_watch()
    place.finish()
    place.keep_watch()
    assert kills < ENOUGH_KILLS or {State.QUEUED, State.SENT} <= place.struck, "no kill came while it printed"

    node = opened(place.folder)
    with node.file.read():
        jobs = list(PrintJob.select().order_by(PrintJob.id))
    received = node.stores["dossiers"].info().doc_count
    papers = {job.id: node.papers.render_job(job.form, bytes(job.payload)) for job in jobs}
    node.close()
    assert len(jobs) == received >= place.saved > 0, "an act without its paper, or a paper without its act"
    assert {job.state for job in jobs} <= {State.DONE, State.UNSURE}
    at = {name: [job for job in jobs if job.printer == name] for name in (LASER, ROLL, FOLDER)}
    assert sum(map(len, at.values())) == len(jobs)

    # CUPS counts its jobs, so its papers are told apart by their bytes, and their order is known
    came_out = [file.read_bytes() for file in sorted(place.server.papers, key=_job_number)]
    assert came_out == [papers[job.id] for job in at[LASER]], "once each, whole and in order"
    assert {job.state for job in at[LASER]} <= {State.DONE}, "CUPS can tell"

    done = sum(job.state == State.DONE for job in at[ROLL])
    assert done <= len(place.roll.rolls) <= len(at[ROLL]), "the thermal printer printed a paper twice"

    assert {Path(job.path).name for job in at[FOLDER]} == place.files.keys()
    for job in at[FOLDER]:
        assert Path(job.path).read_bytes() == papers[job.id]


def _job_number(file: Path) -> int:
    return int(file.name.partition("-")[0])
