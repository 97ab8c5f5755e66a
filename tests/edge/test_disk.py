"""A disk that fills: first the pages warn, then nothing new is begun; what was saved is there, and work goes on with room."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.centre import Office
from central.doctor.folder import faults_in
from edge.disk import Space
from schemas.entries import Cut
from schemas.fold import Dossier
from sync.errors import DiskFull
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


def fill(centre: SmallCentre, name: str, percent: float) -> None:
    """So much of its disk is left."""
    centre[name].disk.measure = lambda _folder: Space(int(percent * 1000), 100_000)
    centre.clock.forward(seconds=5)


def test_an_act_needs_room_for_what_has_begun(centre: SmallCentre) -> None:
    """Nothing of it stays, no number is used; reading, and what others send, go on."""
    before = centre.receive()
    fill(centre, "counter-01", 1.9)
    with pytest.raises(DiskFull, match=r"1\.9% of the disk is free, and an act needs 2% at least"):
        centre.receive()
    assert centre["counter-01"].register.waiting().count == 1
    assert centre["counter-01"].register.dossier(before.stream) == before

    other = centre.receive("counter-02")
    centre.meet()
    assert centre["counter-01"].register.dossier(other.stream).received == other.received
    assert centre["central"].register.dossier(before.stream).received == before.received

    fill(centre, "central", 0.5)  # what protects everybody goes on as long as a byte can be written
    cut = Cut(centre["counter-02"].id, "dossiers", 0, "0" * 64, "stolen")
    assert Office(centre["central"]).define([cut], by="quan.nv") == 1

    fill(centre, "counter-01", 2.1)
    after = centre.receive()
    assert _serial(after) == _serial(before) + 1


def _serial(dossier: Dossier) -> int:
    assert dossier.received is not None
    return int(dossier.received.number[-2:])


def test_the_pages_warn_before_and_say_what_still_goes(centre: SmallCentre) -> None:
    clerk = Clerk(centre, "counter-01", "hanh.nh")
    assert "Đĩa" not in clerk.open("/status").html
    fill(centre, "counter-01", 9.9)
    assert "Đĩa của máy còn 9%: báo quản trị." in clerk.open("/status").html
    fill(centre, "counter-01", 1.0)
    assert "Đĩa của máy đã đầy: xem và in được, việc mới không lưu được." in clerk.open("/status").html


@pytest.fixture
def small_disk(founded: Path, tmp_path: Path) -> Iterator[SmallCentre]:
    """A centre whose counter has a disk of its own, of 48 MiB."""
    shutil.copytree(founded, tmp_path / "centre")
    counter = tmp_path / "centre" / "counter-01"
    counter.rename(tmp_path / "as-founded")
    counter.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(counter)], check=True)
    try:
        shutil.copytree(tmp_path / "as-founded", counter, dirs_exist_ok=True)
        small = SmallCentre(tmp_path / "centre")
        yield small
        small.close()
    finally:
        subprocess.run(["umount", str(counter)], check=True)


@pytest.mark.proof
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes disks")
def test_a_disk_that_others_fill_to_the_last_byte_loses_nothing(small_disk: SmallCentre) -> None:
    """First no act is begun; then not even what others send fits; with room everything is there, and goes on."""
    node, folder = small_disk["counter-01"], small_disk.data / "counter-01"
    kept = [small_disk.receive() for _ in range(3)]
    stuff = folder / "stuff"
    space = node.disk.measure(folder)
    stuff.write_bytes(bytes(space.free - space.total // 100))
    small_disk.clock.forward(seconds=5)
    with pytest.raises(DiskFull, match="of the disk is free"):
        small_disk.receive()
    assert "disk-full" in {one.fault for one in faults_in(node.folder, node.settings)}

    theirs = [small_disk.receive("counter-02", applicant=f"Người thứ {n}") for n in range(20)]
    with (folder / "more").open("wb", buffering=0) as more, contextlib.suppress(OSError):
        while more.write(bytes(1024)):
            pass  # to the last byte
    with pytest.raises(DiskFull):
        small_disk.meet("central", "counter-01", "counter-02")

    (folder / "more").unlink()
    stuff.write_bytes(bytes(space.free - space.total * 7 // 100))
    assert "disk-low" in {one.fault for one in faults_in(node.folder, node.settings)}
    stuff.unlink()
    small_disk.clock.forward(seconds=5)
    small_disk.meet()
    for dossier in (*kept, *theirs):
        assert node.register.dossier(dossier.stream).received == dossier.received
        assert small_disk["central"].register.dossier(dossier.stream).received == dossier.received
    assert _serial(small_disk.receive()) == _serial(kept[-1]) + 1
    with node.file.read() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
