"""Where benches are run: a folder on a real disk, a centre founded once, and dossiers to fill its nodes with."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

from central.demo.plan import nodes
from central.demo.setup import prepare
from edge.clock import system_clock
from edge.ids import Ids
from edge.ledger import Draft, Reception
from edge.node import Node
from schemas.acts import Party, ReceivedComponent
from schemas.calendar import local_day
from schemas.entries import Procedure
from schemas.fold import Dossier
from tests.centres import SmallCentre

RECEIVER: Final = "hanh.nh"
_FAMILY: Final = ("Nông", "Hoàng", "Vi", "Lý", "Lương", "Triệu", "Nguyễn", "Hứa", "Đàm", "Phùng", "Chu", "Bế")
_MIDDLE: Final = ("Văn", "Thị", "Thúy", "Đức", "Minh", "Thị Hồng", "Quốc", "Ngọc", "Kim")
_GIVEN: Final = ("Thắng", "Páo", "Mai", "Quyết", "Sáng", "Hạnh", "Đạt", "Bích", "Tiến", "Ưng", "Ỷ", "Yến")
Spool = Callable[[Reception], None]


class Ground:
    """`folder` is made, and one bench's own; what is to be there at the next run lies in `kept`. `dossiers`: how many
    central has, where somebody asked for a number."""

    def __init__(self, folder: Path, kept: Path, dossiers: int | None = None) -> None:
        folder.mkdir()
        self.folder, self.kept, self.dossiers = folder, kept, dossiers

    @cached_property
    def _founded(self) -> Path:
        data = self.folder / "founded"
        prepare(data, nodes(first_port=0), clock=system_clock, ids=Ids())
        small = SmallCentre(data)
        small.clock.at = system_clock()
        small.meet()  # the newest catalog for everybody
        small.close()
        return data

    def copy(self, name: str) -> Path:
        """The data folder of a fresh centre of central, two counters and a room."""
        return Path(shutil.copytree(self._founded, self.folder / name))

    @contextmanager
    def centre(self, name: str) -> Iterator[SmallCentre]:
        """A fresh centre whose nodes are open in this process, at the present hour."""
        small = SmallCentre(self.copy(name))
        small.clock.at = system_clock()
        try:
            yield small
        finally:
            small.close()


class People:
    """Who comes to a counter, and with what: made up, and the same for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def name(self) -> str:
        return " ".join(self._random.choice(part) for part in (_FAMILY, _MIDDLE, _GIVEN))

    def identity(self) -> str:
        """A personal number: province, century and sex, year of birth, six digits."""
        return f"020{self._random.choice('01')}{self._random.randrange(60, 99)}{self._random.randrange(10**6):06}"

    def phone(self) -> str:
        return f"09{self._random.randrange(10**8):08}"

    def draft(self, node: Node) -> Draft:
        """Somebody with one of the catalog's procedures."""
        return self.draft_of(self._random.choice(procedures(node)))

    def draft_of(self, procedure: Procedure) -> Draft:
        """Somebody with the papers that a procedure asks for."""
        papers = tuple(
            ReceivedComponent(one.name, max(one.originals, 1), 0, one.copies) for one in procedure.components
        )
        applicant = Party(self.name(), self.identity(), "Phường Đông Kinh, tỉnh Lạng Sơn", self.phone())
        return Draft(procedure.code, applicant, papers or (ReceivedComponent("Đơn đề nghị", 1),))


def procedures(node: Node) -> list[Procedure]:
    """Those in force at a node."""
    return list(node.catalog.latest.procedures(local_day(node.clock())))


def unprinted(reception: Reception) -> None:
    """A spool for dossiers that are only there to be many."""


def receive(node: Node, draft: Draft, *, spool: Spool = unprinted) -> Dossier:
    """Receive one dossier at a node."""
    return node.ledger.receive(node.ids.stream(node.clock()), draft, by=RECEIVER, spool=spool)
