"""A node on a machine that may fail: its disk fills up, its clock jumps, its power goes between any two statements.

A crash is exact and costs no process: just before a statement runs, the files are copied as they lie, which is what
a killed process would leave. The program runs on for a moment and nobody hears of it, because from the copy on
every line to the machine is dead. Then the copy takes the place of the files. In a *torn* crash the power goes
within a commit: of what that commit appended to the log, a part is there.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from central.simulation.world import MachineClock, World
from edge.folder import Folder
from edge.node import Node
from edge.settings import read_settings
from printing.errors import PrinterUnavailable
from printing.spool import Fate, Printers, Spool, Told
from schemas.entries import Duty
from sync.sqlite import SqliteFile

_ROOM: Final = 1_000_000
"""Pages: a disk that is not full."""


class Tray:
    """A printer that can tell what came out of it, and how often."""

    def __init__(self) -> None:
        self.papers: Counter[str] = Counter()
        self.off = False

    def deliver(self, paper: str, pdf: bytes) -> Told:
        """Out at once. Raises `PrinterUnavailable` after the power went."""
        if self.off:
            raise PrinterUnavailable("tray", "no power")
        self.papers[paper] += 1
        return Told(Fate.OUT)

    def ask(self, paper: str) -> Told:
        """It knows of every paper, with power or without."""
        return Told(Fate.OUT if paper in self.papers else Fate.ABSENT)

    def take_back(self, paper: str) -> Told:
        """As `ask`: a paper is out, or was never here."""
        return self.ask(paper)


class Machine:
    """One place of the centre. `node` is there while it is up; `back_at` is the step at which it starts again,
    `full_until` the one at which somebody makes room on its disk.
    """

    def __init__(self, name: str, folder: Path, world: World, duties: tuple[Duty, ...]) -> None:
        self.name = name
        self.folder = Folder(folder)
        self.world = world
        self.duties = duties
        self.clock = MachineClock(world)
        self.tray = Tray()
        self.back_at = 0
        self.full_until = 0
        self.session = ""
        self.dying = False
        self._node: Node | None = None
        self._spool: Spool | None = None
        self._left: dict[str, bytes] = {}
        self._within_commit = False
        self._full: list[SqliteFile] = []

    @property
    def node(self) -> Node:
        """An `AssertionError` while it is down: the simulation itself is wrong then."""
        assert self._node is not None, "nobody works at a machine that is down"  # noqa: S101
        return self._node

    @property
    def spool(self) -> Spool:
        """As `node`; another one after each start."""
        assert self._spool is not None, "nobody prints at a machine that is down"  # noqa: S101
        return self._spool

    @property
    def up(self) -> bool:
        """No longer from the moment on at which its power goes, though the program still runs on."""
        return self._node is not None and not self.dying

    @property
    def node_id(self) -> str:
        """Who it is, up or down."""
        return read_settings(self.folder.path).node if self._node is None else self._node.id

    def statuses(self) -> dict[str, int]:
        """Where the received dossiers stand, as the lists of this machine say."""
        with self.node.file.read() as connection:
            return dict(connection.execute("SELECT stream, status FROM dossier").fetchall())

    @property
    def is_central(self) -> bool:
        """By its duties: a new one too, before it has taken over."""
        return Duty.CATALOG in self.duties

    # ---- power

    def start(self) -> None:
        """Switch on. The files must be whole, whatever happened to the machine."""
        settings = read_settings(self.folder.path)
        ids = self.world.ids()
        self._node = Node(
            self.folder,
            settings,
            clock=self.clock,
            ids=ids,
            printer=self.tray,
            tick=lambda: 0.0,  # transactions must not be larger where the machine is quicker
            stopwatch=self.world.passed,
        )
        if not self.is_central:
            self._node.hour.watch(self.world.passed)
        # how a paper looks is none of our business here, and costs 20 ms a paper
        self._spool = Spool(Printers.only(self.tray), lambda form, payload: payload, self._node.file.write)
        self.session = ids.hex()
        self._full = []

    def stop(self) -> None:
        """Switch off properly."""
        if self._node is not None:
            self._node.close()
        self._node = self._spool = None

    @contextmanager
    def in_danger(self, statements: int, *, torn: bool) -> Iterator[None]:
        """Within the block the power goes before the statement of this number, if there are so many.

        `torn`: in the first commit from there on, instead of before it.
        """
        left = statements

        def statement(sql: str) -> None:
            nonlocal left
            left -= 1
            if self._within_commit:
                self._end_of_commit(share)
            elif not self.dying and left <= 0 and (not torn or sql == "COMMIT"):
                self._left = self._files()
                self._within_commit = torn
                self.dying = self.tray.off = True
                self.world.faults["crash"] += 1

        share = self.world.chance.random()
        file = self.node.file.file
        file.on_statement(statement)
        try:
            yield
        finally:
            if self._within_commit:
                self._end_of_commit(share)
            file.on_statement(None)

    def _end_of_commit(self, share: float) -> None:
        """The commit has run: keep a share of what it wrote. Nobody was told of it."""
        self._left = _torn(self._left, self._files(), share)
        self._within_commit = False

    def bury(self, *, back_at: int) -> None:
        """After a crash: leave the files as they lay at that moment, and stay down until a step."""
        self.stop()
        for path in self._data():
            path.unlink(missing_ok=True)
        for name, content in self._left.items():
            (self.folder.path / name).write_bytes(content)
        self.back_at = back_at
        self.dying = self.tray.off = False

    def _data(self) -> list[Path]:
        return [
            self.folder.path / f"{database}{part}"
            for database in ("node.db", "files.db")
            for part in ("", "-wal", "-shm")
        ]

    def _files(self) -> dict[str, bytes]:
        """All that lies on the disk, but for the log's index, which every start makes anew."""
        return {
            path.name: path.read_bytes()
            for path in self._data()
            if path.exists() and not path.name.endswith("-shm")
        }

    # ---- disk

    def copied_to(self, name: str, folder: Path) -> Machine:
        """A second machine from a copy of this one's disk: the same keys, the same chain, the same counters."""
        shutil.copytree(
            self.folder.path, folder, ignore=lambda path, names: [one for one in names if ".db" in one]
        )
        for file, content in self._files().items():
            (folder / file).write_bytes(content)
        self.world.faults["clone"] += 1
        return Machine(name, folder, self.world, self.duties)

    def fill_disk(self, pages: int, *, until: int) -> None:
        """Until a step, or the next start, there is room for so many pages only."""
        self.full_until = until
        for file in (self.node.file.file, self.node.stores["files"].file):
            with file.write() as connection:
                (used,) = connection.execute("PRAGMA page_count").fetchone()
                connection.execute(f"PRAGMA max_page_count = {used + pages}")
            self._full.append(file)

    def free_disk(self) -> None:
        """Ends what `fill_disk` began; nothing, where that was not since the start."""
        for file in self._full:
            with file.write() as connection:
                connection.execute(f"PRAGMA max_page_count = {_ROOM}")
        self._full = []


def _torn(before: dict[str, bytes], after: dict[str, bytes], share: float) -> dict[str, bytes]:
    """The files when a commit has written only a share of what it appends to the log."""
    name = "node.db-wal"
    old, new = before.get(name, b""), after.get(name, b"")
    first = _first_difference(old, new)
    cut = first + int((len(new) - first) * share)
    return {**before, name: new[:cut] + old[cut:]}


def _first_difference(old: bytes, new: bytes) -> int:
    """Where two logs part; found by halves, for a log has megabytes."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
