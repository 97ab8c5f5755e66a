"""Central is restored from yesterday's backup while all edges have today's work: real processes, 24 in the proof."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from central import centre as foundations
from central.centre import Authority
from central.control import TakeOver, TookOver, give
from central.demo import setup
from central.demo.centre import free_port
from central.demo.plan import DemoNode, nodes
from central.errors import NotGranted
from central.inspection.reading import Snapshot
from central.restore import NewCentral, restore_centre
from central.verify import verify
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.ledger import Draft
from edge.node import Node
from edge.settings import PeerSettings, read_settings, write_settings
from schemas.acts import Party, ReceivedComponent
from schemas.events import StreamId
from tests.backups import copied, silent
from tests.large import enlarged
from tests.proving import Times
from tests.waiting import until

PATIENCE_S = 300.0


def plan(count: int) -> tuple[DemoNode, ...]:
    """Central, and so many counters."""
    central, counter, *_ = nodes(first_port=0)
    places = [
        msgspec.structs.replace(
            counter.place,
            node=f"counter-{number:02d}.1",
            title=f"Quầy {number:02d}",
            number=number,
            ranges=(),
        )
        for number in range(1, count + 1)
    ]
    return (central, *(DemoNode(place.name, place, 0) for place in places))


class Processes:
    """A centre on this machine; every process ends with the test."""

    def __init__(self, data: Path, names: Sequence[str]) -> None:
        self.data, self.names = data, names
        self.url = f"http://127.0.0.1:{free_port()}"
        self._running: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str) -> None:
        settings = read_settings(self.data / name)
        if name == "central":
            changed = msgspec.structs.replace(settings, port=int(self.url.rpartition(":")[2]), mdns=False)
        else:
            peers = (PeerSettings("central.1", self.url),)
            changed = msgspec.structs.replace(settings, port=0, peers=peers, mdns=False, heartbeat_ms=1_000)
        write_settings(self.data / name, changed)
        kind = "central" if name == "central" else "edge"
        command = [sys.executable, "-m", "central.cli", kind, "--data", str(self.data / name)]
        with (self.data / name / "log.txt").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self._running[name] = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready"), (self.data / name / "log.txt").read_text(encoding="utf-8")[-2000:]

    def kill(self, name: str) -> None:
        process = self._running.pop(name)
        process.kill()
        process.communicate()

    def stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.communicate(timeout=60)
        self._running.clear()

    def receives(self, name: str, applicant: str) -> str:
        """A counter that does not run yet receives a dossier; its stream."""
        folder = Folder(self.data / name)
        node = Node(folder, read_settings(folder.path), clock=system_clock, ids=Ids())
        try:
            stream = StreamId(node.ids.stream(system_clock()))
            draft = Draft(
                "1.000703", Party(applicant, "020085004127"), (ReceivedComponent("Đơn đề nghị", 1),)
            )
            node.ledger.receive(stream, draft, by="hanh.nh", spool=node.papers.spool_slip)
        finally:
            node.close()
        return stream

    def streams(self, name: str) -> set[str]:
        return {doc.partition(":")[0] for doc in self._ids(name, "dossiers_doc")}

    def entries(self, name: str) -> set[str]:
        return self._ids(name, "catalog_doc")

    def _ids(self, name: str, table: str) -> set[str]:
        with closing(Snapshot(Folder(self.data / name).database)) as snapshot:
            return {str(doc) for (doc,) in snapshot.select(f"SELECT id FROM {table}")}


@contextlib.contextmanager
def founded(data: Path, count: int) -> Iterator[tuple[Processes, Authority]]:
    authorities: list[Authority] = []
    found = foundations.found

    def founding(*told: object, **more: object) -> Authority:
        authorities.append(found(*told, **more))  # type: ignore[arg-type]
        return authorities[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "found", founding)
        setup.prepare(data, plan(count), clock=system_clock, ids=Ids())
    one = Processes(data, [node.name for node in plan(count)[1:]])
    with enlarged(data / "central"):
        try:
            yield one, authorities[0]
        finally:
            one.stop()


@pytest.mark.proof
@pytest.mark.timeout(1800)  # 24 processes start one after the other
def test_the_edges_give_everything_back(tmp_path: Path, times: Times) -> None:
    """To a central of yesterday what was done today; to one that has nothing, all there is."""
    with founded(tmp_path / "centre", times(2, 24)) as (centre, authority):
        centre.start("central")
        folder = Folder(centre.data / "central")
        backup = copied(folder.path, tmp_path / "backup", system_clock)
        folders = ("central", *centre.names)
        today = {centre.receives(name, f"Nông Văn {name}") for name in centre.names}
        for name in centre.names:
            centre.start(name)
        until(lambda: today <= centre.streams("central"), patience_s=PATIENCE_S)

        centre.kill("central")
        folder.path.rename(tmp_path / "lost")
        wanted = NewCentral(folder.path, authority)
        restore_centre(wanted, backup, clock=system_clock, ids=Ids(), told=silent)
        assert not today & centre.streams("central")
        centre.start("central")
        until(lambda: takes_over(centre), patience_s=PATIENCE_S)
        assert today <= centre.streams("central")
        until(lambda: len({frozenset(centre.entries(name)) for name in folders}) == 1, patience_s=PATIENCE_S)

        centre.kill("central")
        folder.path.rename(tmp_path / "lost too")
        wanted = NewCentral(folder.path, authority, "central.3")
        restore_centre(wanted, None, clock=system_clock, ids=Ids(), told=silent)
        centre.start("central")
        until(lambda: takes_over(centre), patience_s=PATIENCE_S)
        assert today <= centre.streams("central")
        until(lambda: len({frozenset(centre.entries(name)) for name in folders}) == 1, patience_s=PATIENCE_S)
        centre.stop()
        assert [str(one) for one in verify(centre.data).findings] == []


def takes_over(centre: Processes) -> bool:
    try:
        give(centre.data / "central", TakeOver("quan.nv", []), TookOver)
    except NotGranted:
        return False
    return True
