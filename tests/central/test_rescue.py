"""A disk is found: what was on it and never left comes in by the rules of any act; the rest is only counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from central.centre import Office
from central.enrolment import Enrolment
from central.rescue import Database, Rescued, rescue
from central.taking_in import Taken, take_in
from edge.at_rest import OPEN
from edge.errors import CannotStart
from edge.folder import Folder
from schemas.entries import Admission, Redaction
from schemas.events import Document
from tests.central.damage import PAGE
from tests.centres import SmallCentre


def found(small: SmallCentre, disk: Path) -> Rescued:
    """Rescue into central what is on a disk."""

    def give(database: Database, documents: Sequence[Document], source: str) -> Taken:
        return take_in(small["central"], database, documents, source)

    return rescue(disk, give, aside=small.data, told=lambda *told: None, at_rest=lambda: OPEN)


def test_what_never_left_a_lost_counter_comes_in_and_is_held_until_the_desk_has_looked(
    centre: SmallCentre,
) -> None:
    centre.receive()
    centre.meet()
    late = centre.receive(applicant="Lý Thị Dung")
    scan = centre["counter-01"].archive.keep(b"scan " * 40_000)
    centre["counter-01"].close()
    Enrolment(centre["central"]).revoke("counter-01.1", "lost", by="quan.nv")
    assert centre["central"].register.row(late.stream) is None

    rescued = found(centre, centre.data / "counter-01")

    assert (rescued.node, rescued.whole) == ("counter-01.1", True)
    assert (rescued.found["dossiers"], rescued.known["dossiers"], rescued.new["dossiers"]) == (2, 1, 1)
    assert (rescued.held, rescued.new["catalog"]) == (1, 0)
    assert centre["central"].archive.read(scan) == b"scan " * 40_000
    (held,), _ = centre["central"].register.kept_back()
    Office(centre["central"]).define([Admission(held.line.hash, "Đã xem giấy tiếp nhận.")], by="huong.ltt")
    row = centre["central"].register.row(late.stream)
    assert row is not None
    assert late.received is not None
    assert row.number == late.received.number
    again = found(centre, centre.data / "counter-01")
    assert not any(again.new.values())


def test_what_is_lost_with_a_disk_is_named_exactly_and_comes_back_after_three_weeks(
    centre: SmallCentre,
) -> None:
    """One act is everywhere, one nowhere else, one at a neighbour, one nowhere else again."""
    centre.receive()
    centre.meet()
    centre.receive(applicant="Lý Thị Hai")
    third = centre.receive(applicant="Lý Thị Ba")
    document = centre["counter-01"].stores["dossiers"].get(f"{third.stream}:{third.timeline[0].hash}")
    take_in(centre["counter-02"], "dossiers", [document], "counter-01.1")
    centre.receive(applicant="Lý Thị Tư")
    centre["counter-01"].close()
    office = Enrolment(centre["central"])
    office.revoke("counter-01.1", "lost", by="quan.nv")
    first = office.remains("counter-01.1")
    assert (first.upto, first.missing, first.beyond) == (1, [], [])
    assert first.at is not None

    centre.copy(centre["counter-02"], centre["central"])
    known = office.remains("counter-01.1")
    assert (known.upto, known.missing, known.beyond) == (1, [2], [3])

    centre.clock.forward(days=21)
    rescued = found(centre, centre.data / "counter-01")
    assert (rescued.known["dossiers"], rescued.new["dossiers"], rescued.held) == (2, 2, 2)
    back = office.remains("counter-01.1")
    assert (back.upto, back.missing, back.beyond) == (1, [], [2, 3, 4])


def test_what_the_law_demanded_to_be_gone_does_not_come_back_from_a_disk(centre: SmallCentre) -> None:
    dossier = centre.receive()
    centre["counter-01"].close()
    (line,) = dossier.timeline
    office = Office(centre["central"])
    office.define([Redaction(line.hash, "Lộ bí mật nhà nước.")], by="quan.nv", with_=("huong.ltt",))

    rescued = found(centre, centre.data / "counter-01")

    assert (rescued.forgotten, rescued.new["dossiers"], rescued.whole) == (1, 0, True)
    assert centre["central"].register.naming("020085004127") == []


def test_a_disk_with_a_bad_page_gives_all_else(centre: SmallCentre) -> None:
    for name in ("An", "Bình", "Chi", "Dung", "Em", "Giang", "Hoa", "Yến"):
        centre.receive(applicant=f"Nông Văn {name}")
    centre["counter-01"].close()
    database = Folder(centre.data / "counter-01").database
    content = bytearray(database.read_bytes())
    place = content.index('"name":"Nông Văn Dung"'.encode())
    start = place - place % PAGE
    content[start : start + PAGE] = bytes(PAGE)
    database.write_bytes(content)

    rescued = found(centre, centre.data / "counter-01")

    assert not rescued.whole
    assert 0 < rescued.new["dossiers"] < 8
    assert rescued.new["dossiers"] + rescued.unreadable["dossiers"] == 8
    assert database.read_bytes() == content


def test_a_node_that_runs_is_no_found_disk(centre: SmallCentre, tmp_path: Path) -> None:
    folder = Folder(centre.data / "counter-01")
    with folder.locked(), pytest.raises(CannotStart, match="is running"):
        found(centre, folder.path)
    with pytest.raises(CannotStart, match="holds no node"):
        found(centre, tmp_path)
