"""A whole centre of real processes on a network of its own, and people who work at its machines."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from central.demo.plan import nodes
from central.demo.visitor import Page, Visitor
from central.inspection.reading import Snapshot
from edge.folder import Folder
from edge.settings import PeerSettings, read_settings, write_settings
from edge.status import NodeStatus, asked
from tests.centres import PINS
from tests.large import beyond
from tests.network import Network
from tests.waiting import PATIENCE_S, until

NAMES: Final = tuple(node.name for node in nodes(first_port=0))
NODE: Final = {node.name: node.place.node for node in nodes(first_port=0)}
EDGES: Final = NAMES[1:]
_CLERK: Final = {"counter-01": "hanh.nh", "counter-02": "long.pd", "room-01": "hanh.nh"}
_people: Final = count(1)
"""Nobody applies twice, not even at a centre that was stopped and goes on."""


class Centre:
    """`data`: its nodes' folders. `programs`: the `motcua` of machines that have not this tree's. Processes end with the
    test, whatever happens.
    """

    def __init__(self, data: Path, network: Network, programs: Mapping[str, Path]) -> None:
        self.data, self.network, self.programs = data, network, programs
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._visitors: dict[tuple[str, str], Visitor] = {}
        self._procedure = ""
        for name in NAMES:
            self._configure(name)

    def start(self, *names: str) -> None:
        for name in names or NAMES:
            kind = "central" if name == "central" else "edge"
            program = self.programs.get(name)
            begun = [sys.executable, "-m", "central.cli"] if program is None else [str(program)]
            command = [*begun, kind, "--watch-stdin", "--data", str(self.data / name)]
            with (self.data / name / "log.txt").open("a", encoding="utf-8") as log:
                self._processes[name] = subprocess.Popen(
                    self.network.command(name, command),
                    cwd=self.data,  # what is begun by `python -m` must not find the tree here
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
        for name in names or NAMES:
            said = self._processes[name].stdout
            assert said is not None
            line = said.readline()
            assert line.startswith("ready"), (self.data / name / "log.txt").read_text()[-2000:]

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
        self._processes.clear()

    def _configure(self, name: str) -> None:
        host, port = self.network.listens(name)
        others = () if name == "central" else tuple(other for other in NAMES if other != name)
        settings = msgspec.structs.replace(
            read_settings(self.data / name),
            host=host,
            port=port,
            heartbeat_ms=1_000,
            mdns=False,
            peers=tuple(PeerSettings(NODE[other], self.network.url(name, other)) for other in others),
        )
        write_settings(self.data / name, settings)

    # ---- what people do

    def press(self, at: str, person: str, path: str, form: str, **filled: str) -> Page:
        """Somebody opens a page at a machine and sends a form of it; the page that this leads to."""

        def do() -> Page:
            browser = self.at(at, person)
            page = browser.open(path)
            return browser.press(page, page.form(form), None, **filled)

        return self.network.at(at, do)

    def receive(self, at: str) -> str:
        """A dossier is received at a counter, as a clerk does it; the stream."""
        return self.network.at(at, lambda: self._receive(at))

    def _receive(self, at: str) -> str:
        number = next(_people)
        desk = self.at(at, _CLERK[at])
        page = desk.open("/counter?q=cap")
        if not self._procedure:
            self._procedure = page.form("/counter").choices["procedure"][0]
        page = desk.press(
            page, page.form("/counter"), ("act", "look"), q=self._procedure, procedure=self._procedure
        )
        form = page.form("/counter")
        filled = {
            "name": "Nông Văn Thắng",
            "identity": f"0200850{number:05d}",
            "phone": "0912000345",
            "address": "Phường Đông Kinh, Lạng Sơn",
        }
        if form.fields.get("originals-0") == form.fields.get("copies-0") == "0":
            filled["originals-0"] = "1"
        stream = form.fields["stream"]
        page = desk.press(page, form, ("act", "save"), **filled)
        assert stream in page.url, page.text
        return stream

    def ask(self, at: str, number: str) -> str:
        """Somebody looks for a dossier that is not at this machine, and asks central; what the page says."""
        return self.network.at(at, lambda: self._ask(at, number))

    def _ask(self, at: str, number: str) -> str:
        desk = self.at(at, _CLERK[at])
        page = desk.open("/find")
        page = desk.press(page, page.form("/find"), q=number)
        return desk.press(page, page.form("/find/elsewhere")).text

    def appraise(self, stream: str) -> None:
        self.network.at("room-01", lambda: self._appraise(stream))

    def _appraise(self, stream: str) -> None:
        room = self.at("room-01", "ha.lt")
        page = room.open(f"/room/{stream}")
        form = page.form("/appraise")
        form.fields |= {name: "met" for name in form.choices if name.startswith("point-")}
        room.press(page, form, passed="yes", opinion="Hồ sơ đủ, hợp lệ.")

    def at(self, name: str, person: str) -> Visitor:
        if (name, person) not in self._visitors:
            visitor = Visitor(self.network.page_url(name))
            page = visitor.open("/sign-in")
            visitor.press(page, page.form("pin"), person=person, pin=PINS[person])
            self._visitors[name, person] = visitor
        return self._visitors[name, person]

    # ---- what can be seen

    def status(self, name: str) -> NodeStatus:
        found = asked(Folder(self.data / name))
        assert found is not None, f"{name} says nothing"
        return found

    def acts(self, name: str) -> set[str]:
        """The ids of all acts that a machine holds durably."""
        return set(self._ids(Folder(self.data / name).database, "dossiers_doc"))

    def files(self, name: str) -> set[str]:
        return set(self._ids(Folder(self.data / name).files, "files_doc"))

    def has(self, name: str, stream: str) -> bool:
        return any(act.startswith(stream) for act in self.acts(name))

    def acts_of(self, name: str, stream: str) -> int:
        return sum(act.startswith(stream) for act in self.acts(name))

    def all_have(self, *streams: str, names: tuple[str, ...] = NAMES) -> bool:
        """These machines have the same acts, and these dossiers among them."""
        held = [self.acts(name) for name in names]
        known = {act.partition(":")[0] for act in held[0]}
        return all(one == held[0] for one in held) and set(streams) <= known

    def wait(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        until(condition, patience_s=timeout_s)

    @staticmethod
    def _ids(path: Path, table: str) -> Iterator[str]:
        snapshot = Snapshot(path)
        try:
            for (name,) in snapshot.select(f"SELECT id FROM {table}"):
                yield name
        finally:
            snapshot.close()


@contextlib.contextmanager
def working(
    data: Path, network: Network, programs: Mapping[str, Path] = MappingProxyType({})
) -> Iterator[Centre]:
    one = Centre(data, network, programs)
    with beyond(partial(network.at, "central")) as given:
        given.configure(data / "central")
        given.create()
        try:
            yield one
        finally:
            one.stop()
