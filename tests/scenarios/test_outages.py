"""docs/outages.md, followed to the letter with real processes: a counter is lost, its disk found, central lost twice."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest

from central.centre import Office as Words
from central.demo.centre import free_port
from central.enrolment import Change, Enrolment
from central.inspection.reading import Snapshot
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.ledger import Draft
from edge.node import Node
from edge.settings import read_settings
from schemas.acts import Party, ReceivedComponent
from schemas.calendar import local_day
from schemas.entries import Grant, Person, Role
from schemas.events import StreamId
from tests.addresses import own_address
from tests.scenarios.test_enrolment import FOUND, ONLINE, Office
from tests.scenarios.test_enrolment import PAGE as ENROLMENT
from tests.scenarios.walk import blocks, commands
from tests.waiting import until

PAGE = "outages.md"
BEFOREHAND, COUNTER, CENTRAL = "Beforehand", "A counter is lost", "Central is lost"
LINE, BRANCHES = "A line is lost", "The catalog has two branches"
PROCEDURE = "1.000703"


class Hall(Office):
    """A centre with two counters, each with an address of its own on this machine."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "disk").mkdir()
        self.replaced = {**self.replaced, "/media/disk": str(folder / "disk")}

    def found(self) -> None:
        sample = files("central") / "sample"
        for block in blocks(ENROLMENT, FOUND):
            for command in commands(block):
                if "central init" in command:
                    command += f" --agencies {sample}/agencies.csv --procedures {sample}/procedures.csv"
                self.do(command)
        self.stop("central")
        with self.opened("central") as node:
            since = local_day(system_clock())
            administrator = Grant(Role.ADMINISTRATOR, since)
            people = [
                Person("quan.nv", "Nông Văn Quân", "Quản trị", (administrator, Grant(Role.RECEIVER, since))),
                Person("huong.ltt", "Lương Thị Thu Hương", "Quản trị", (administrator,)),
            ]
            Words(node).define(people, by="quan.nv")
        self.do("motcua central --data /var/lib/motcua/central")

    def let_in(self, place: str) -> None:
        self.takes_address()
        self.code(place)
        for block in blocks(ENROLMENT, ONLINE)[1:]:
            for command in commands(block):
                self.do(command.replace("counter-01", place))

    def takes_address(self) -> None:
        self.counter_url = f"https://{own_address()}:{free_port()}"
        self.replaced = {**self.replaced, "https://10.0.0.13:8600": self.counter_url}

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[Node]:
        """A machine that does not run."""
        folder = Folder(self.folder / name)
        with folder.locked():
            node = Node(folder, read_settings(folder.path), clock=system_clock, ids=Ids())
            try:
                yield node
            finally:
                node.close()

    def receives(self, name: str, applicant: str) -> str:
        """A stopped counter receives somebody before it is started, or is lost; the stream."""
        with self.opened(name) as node:
            stream = StreamId(node.ids.stream(system_clock()))
            paper = (ReceivedComponent("Đơn đề nghị", 1),)
            draft = Draft(PROCEDURE, Party(applicant, "020085004127"), paper)
            node.ledger.receive(stream, draft, by="quan.nv", spool=node.papers.spool_slip)
        return stream

    def has(self, name: str, *streams: str) -> bool:
        """Whether a machine holds these dossiers durably."""
        with closing(Snapshot(Folder(self.folder / name).database)) as snapshot:
            held = {str(doc).partition(":")[0] for (doc,) in snapshot.select("SELECT id FROM dossiers_doc")}
        return set(streams) <= held

    def entries(self, name: str) -> set[str]:
        with closing(Snapshot(Folder(self.folder / name).database)) as snapshot:
            return {str(doc) for (doc,) in snapshot.select("SELECT id FROM catalog_doc")}

    def numbers(self, name: str) -> list[str]:
        with closing(Snapshot(Folder(self.folder / name).database)) as snapshot:
            return [number for (number,) in snapshot.select("SELECT number FROM dossier")]


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path)
    yield hall
    hall.close()


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_the_page_is_right_from_the_first_command_to_the_last(hall: Hall) -> None:
    """One day: a backup, a counter's disk lost and found, central lost and another one in its place, a copy of it."""
    hall.found()
    for place in ("counter-01", "counter-02"):
        hall.let_in(place)
    hall.stop("counter-01")
    morning = hall.receives("counter-01", "Nông Thị Sáng")
    hall.do("motcua edge --data /var/lib/motcua/counter-01")
    until(lambda: hall.has("central", morning), "central has the morning's")

    key, timer, by_hand = (commands(block) for block in blocks(PAGE, BEFOREHAND))
    assert "put it, and its passphrase, into the safe" in hall.do(*key)
    assert all("motcua-backup@central" in line for line in timer)  # which a machine that was booted has
    for command in by_hand:
        assert "restored once and verified" in hall.do(command)
    hall.stop("counter-01")
    noon = hall.receives("counter-01", "Nông Văn Trưa")
    hall.do("motcua edge --data /var/lib/motcua/counter-01")
    until(lambda: hall.has("central", noon) and hall.has("counter-02", noon), "all have the noon's")
    (status,) = commands(blocks(PAGE, LINE)[0])
    assert "counter-01.1" in hall.do(status)
    hall.stop("counter-01")
    lost = hall.receives("counter-01", "Lý Thị Mất")
    (hall.folder / "counter-01").rename(hall.folder / "disk" / "counter-01")

    revokes, codes, restores, starts, rescues = (commands(block)[0] for block in blocks(PAGE, COUNTER))
    assert "its acts count up to number 2 (" in hall.do(revokes)
    hall.takes_address()
    hall.do(f"{codes} --address {hall.counter_url}")
    said = hall.do(restores)
    assert "1 found, 0 were here, 1 brought in" in said or "1 were here" in said
    hall.do(starts)
    until(lambda: hall.has("counter-01b", morning, noon), "the next machine has all that left")
    assert not hall.has("central", lost)
    assert "3 found, 2 were here, 1 brought in (1 of them held" in hall.do(rescues)
    assert "3 found, 3 were here, 0 brought in" in hall.do(rescues)
    until(lambda: hall.has("counter-02", lost), "everybody has what was on the disk")

    hall.stop("central")
    (hall.folder / "central").rename(hall.folder / "copy")
    restores, without_backup, starts, takes_over = (commands(block)[0] for block in blocks(PAGE, CENTRAL))
    assert "1 found, 0 were here, 1 brought in" in hall.do(restores)
    hall.do(starts)
    until(lambda: hall.tries(takes_over), "every machine has brought what it has")
    assert hall.has("central2", morning, noon, lost)
    hall.stop("counter-02")
    afternoon = hall.receives("counter-02", "Hoàng Văn Chiều")
    hall.do("motcua edge --data /var/lib/motcua/counter-02")
    until(lambda: hall.has("central2", afternoon), "the new central has it")

    with hall.opened("copy") as copy:
        Enrolment(copy).change("counter-02.1", Change(title="Quầy 02 cũ"), by="quan.nv")
    hall.do("motcua rescue --disk /var/lib/motcua/copy --data /var/lib/motcua/central2")
    assert "two branches" in hall.fails(
        "motcua central change counter-02.1 --title Q --data /var/lib/motcua/central2 --by quan.nv"
    )
    asks, chooses = (commands(block)[0] for block in blocks(PAGE, BRANCHES))
    own = re.search(r"^(\S+) \(what central goes by\)", hall.do(asks), re.M)
    assert own is not None
    assert "one way" in hall.do(chooses.replace("413-9f2c01ab44d0e7aa", own[1]))
    hall.stop("central2")
    (hall.folder / "central2").rename(hall.folder / "gone for good")
    for command in (without_backup, starts):
        hall.do(command.replace("central2", "central3").replace("central.2", "central.3"))
    third = takes_over.replace("central2", "central3")
    until(lambda: hall.tries(third), "every machine has brought what it has")
    assert hall.has("central3", morning, noon, lost, afternoon)
    names = ("central3", "counter-01b", "counter-02")
    until(lambda: len({frozenset(hall.entries(name)) for name in names}) == 1, "the choice is everywhere")
    hall.close()
    titles = set()
    for name in names:
        with hall.opened(name) as node:
            card = node.catalog.latest.card("counter-02.1")
            assert card is not None
            titles.add((node.catalog.seated, card.title))
    assert titles == {("central.3", "Quầy 02 cũ")}
    numbers = hall.numbers("central3")
    assert len(set(numbers)) == len(numbers) == 3  # the fourth is held until the desk has looked
