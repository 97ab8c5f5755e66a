"""A backup comes back in a machine that is a new one, and nothing is numbered twice."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from central.backup import Copy
from central.centre import enrol
from central.demo.plan import nodes
from central.enrolment import Enrolment
from central.redaction import redact
from central.rescue import Rescued
from central.restore import Wanted, restore_edge
from edge.errors import CannotStart
from edge.folder import Folder
from edge.settings import PrinterKind, PrinterSettings, read_settings, write_settings
from schemas.fold import Dossier
from tests.backups import copied, silent
from tests.centres import SmallCentre
from tests.edge.test_redaction import APPLICANT, GROUND, found_in

PRINTER = PrinterSettings("Giấy A4", PrinterKind.IPP, "ipp://127.0.0.1/printers/a4")


def backed_up(small: SmallCentre, name: str, target: Path) -> Copy:
    return copied(small.data / name, target, small.clock)


def successor(small: SmallCentre, name: str, number: int) -> Path:
    """The folder of the place's next machine, which has its card."""
    plan = next(node for node in nodes(first_port=0) if node.name == name)
    place = msgspec.structs.replace(plan.place, node=f"{plan.place.name}.2", number=number)
    folder = Folder(small.data / f"{name} again")
    settings = msgspec.structs.replace(read_settings(small.data / name), node=place.node, printers=())
    enrol(folder, small["central"], place, settings, by="quan.nv")
    return folder.path


def restored(small: SmallCentre, backup: Copy, data: Path) -> Rescued:
    return restore_edge(Wanted(data), backup, clock=small.clock, ids=small.ids, told=silent)


def number_of(dossier: Dossier) -> str:
    assert dossier.received is not None
    return dossier.received.number


def test_the_next_machine_has_what_the_backup_has_and_numbers_of_its_own(
    centre: SmallCentre, tmp_path: Path
) -> None:
    """What the lost one wrote after the backup is not there, and nobody gives its numbers again."""
    folder = centre.data / "counter-01"
    write_settings(folder, msgspec.structs.replace(read_settings(folder), printers=(PRINTER,)))
    before = centre.receive()
    centre.meet()
    only_here = centre.receive(applicant="Lý Thị Dung")
    backup = backed_up(centre, "counter-01", tmp_path / "backup")
    lost = centre.receive(applicant="Hoàng Văn Mất")
    centre.nodes.pop("counter-01").close()
    Enrolment(centre["central"]).revoke("counter-01.1", "lost", by="quan.nv")

    rescued = restored(centre, backup, successor(centre, "counter-01", 7))

    assert (rescued.found["dossiers"], rescued.new["dossiers"], rescued.whole) == (2, 2, True)
    again = centre.nodes["counter-01"] = centre.open("counter-01 again")
    assert again.id == "counter-01.2"
    assert again.settings.printers == (PRINTER,)
    assert again.register.row(before.stream) is not None
    # what had not left the machine counts when the desk has looked at it
    assert [one.line.why for one in again.register.kept_back()[0]] == ["cut"]
    after = centre.receive(applicant="Nông Thị Sau")
    assert len({number_of(one) for one in (before, only_here, lost, after)}) == 4
    centre.meet()
    central = centre["central"].chains
    assert {(one.node, one.upto) for one in central.all()} >= {
        ("counter-01.1", 2),
        ("counter-01.2", 1),
    }


def test_restoring_twice_changes_nothing(centre: SmallCentre, tmp_path: Path) -> None:
    """A power cut in the middle: the same command again."""
    centre.receive()
    backup = backed_up(centre, "counter-01", tmp_path / "backup")
    centre.nodes.pop("counter-01").close()
    Enrolment(centre["central"]).revoke("counter-01.1", "lost", by="quan.nv")
    data = successor(centre, "counter-01", 7)
    assert restored(centre, backup, data).new["dossiers"] == 1
    assert not any(restored(centre, backup, data).new.values())


def test_a_backup_goes_to_its_own_place_only(centre: SmallCentre, tmp_path: Path) -> None:
    backup = backed_up(centre, "counter-01", tmp_path / "backup")
    with pytest.raises(CannotStart, match="next machine at counter-01"):
        restored(centre, backup, centre.data / "counter-02")
    with pytest.raises(CannotStart, match="next machine at counter-01"):
        restored(centre, backup, centre.data / "counter-01")
    with pytest.raises(CannotStart, match="make a code for the place"):
        restored(centre, backup, tmp_path / "empty")


def test_what_the_law_demanded_to_be_gone_since_the_backup_does_not_come_back(
    centre: SmallCentre, tmp_path: Path
) -> None:
    gone, stays = centre.receive(applicant=APPLICANT), centre.receive(applicant="Lý Thị Dung")
    centre.meet()
    backup = backed_up(centre, "counter-01", tmp_path / "backup")
    redact(centre["central"], [gone.heads[0]], GROUND, by="quan.nv", second="huong.ltt")
    centre.nodes.pop("counter-01").close()
    Enrolment(centre["central"]).revoke("counter-01.1", "lost", by="quan.nv")

    rescued = restored(centre, backup, successor(centre, "counter-01", 7))

    assert (rescued.forgotten, rescued.new["dossiers"], rescued.whole) == (1, 1, True)
    again = centre.nodes["counter-01"] = centre.open("counter-01 again")
    assert again.register.row(stays.stream) is not None
    said = {needle for hits in found_in(again).values() for needle in hits}
    assert said <= {b"020085004127", b"0912000345"}, "which the other dossier says too"
