"""A backup is whole and verified, or there is none; the node works on while it is made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from central.backup import MANIFEST, back_up, read_backup
from central.errors import NotCopied
from central.verify import verify
from edge.at_rest import unlock
from edge.errors import CannotStart
from edge.node import Folder, Node
from edge.rewriting import rekey
from edge.settings import read_settings
from schemas.events import StreamId, moment
from schemas.slips import SlipCode
from tests.centres import SmallCentre


def silent(what: str, done: int, total: int) -> None:
    pass


def backed_up(small: SmallCentre, name: str, target: Path) -> None:
    folder = Folder(small.data / name)
    back_up(folder, read_settings(folder.path), target, clock=small.clock, told=silent)


def test_a_running_counter_is_copied_with_all_that_it_had_written(
    centre: SmallCentre, tmp_path: Path
) -> None:
    """And what is written while the copy is made is in the next one."""
    before = centre.receive()
    written: list[str] = []

    def receives(what: str, done: int, total: int) -> None:
        if what == "copying node.db" and not written:
            written.append(centre.receive(applicant="Lý Thị Dung").stream)

    folder = Folder(centre.data / "counter-01")
    (tmp_path / "beside").symlink_to("nowhere")  # what lies beside the backup is none of its business
    manifest = back_up(
        folder, read_settings(folder.path), tmp_path / "copy", clock=centre.clock, told=receives
    )

    assert (manifest.node, manifest.heads["dossiers"].seq) == ("counter-01.1", 1)
    assert read_backup(tmp_path / "copy", silent) == manifest
    copy = verify(tmp_path / "copy")
    assert copy.well
    assert copy.nodes[0].events == 1
    assert written
    assert before.stream not in written
    assert centre["counter-01"].register.find("").searched == 2


def test_a_copy_that_does_not_hold_is_not_kept(centre: SmallCentre, tmp_path: Path) -> None:
    dossier = centre.receive()
    with centre["counter-01"].file.write() as connection:
        connection.execute(
            "UPDATE dossiers_rev SET body = CAST(replace(CAST(body AS TEXT), 'Thắng', 'Thua') AS BLOB)"
        )
    with pytest.raises(NotCopied, match="faults and was not kept"):
        backed_up(centre, "counter-01", tmp_path / "copy")
    assert dossier.stream
    assert not list(tmp_path.glob("copy*"))


def test_a_backup_is_never_made_over_another(centre: SmallCentre, tmp_path: Path) -> None:
    backed_up(centre, "counter-01", tmp_path / "copy")
    with pytest.raises(CannotStart, match="there already"):
        backed_up(centre, "counter-01", tmp_path / "copy")
    with pytest.raises(CannotStart, match="is the disk in"):
        backed_up(centre, "counter-01", tmp_path / "no disk" / "copy")


def test_a_disk_that_is_too_small_keeps_nothing(
    centre: SmallCentre, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(NotCopied, match="nothing was copied"):
        backed_up(centre, "counter-01", tmp_path / "copy")
    assert not list(tmp_path.glob("copy*"))


def test_a_byte_that_flips_on_the_shelf_is_found_before_anything_is_restored(
    centre: SmallCentre, tmp_path: Path
) -> None:
    backed_up(centre, "counter-01", tmp_path / "copy")
    database = tmp_path / "copy" / "node.db"
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    database.write_bytes(content)
    with pytest.raises(CannotStart, match=r"damaged \(node\.db\)"):
        read_backup(tmp_path / "copy", silent)
    (tmp_path / "copy" / MANIFEST).unlink()
    with pytest.raises(CannotStart, match="is no backup"):
        read_backup(tmp_path / "copy", silent)


def test_what_is_closed_stays_closed(centre: SmallCentre, tmp_path: Path) -> None:
    centre.receive(applicant="Nông Thị Kín")
    centre.close()
    folder = Folder(centre.data / "counter-01")
    rekey(folder.path, unlock(folder.path), b"x" * 40, "passphrase")
    back_up(
        folder,
        read_settings(folder.path),
        tmp_path / "copy",
        clock=centre.clock,
        told=silent,
        ask=lambda: "x" * 40,
    )
    assert verify(tmp_path / "copy", ask=lambda: "x" * 40).well
    for file in (tmp_path / "copy").rglob("*"):
        assert not file.is_file() or "Nông Thị Kín".encode() not in file.read_bytes()
    assert not (tmp_path / "copy" / "node.db").read_bytes().startswith(b"SQLite format 3")


def test_a_reception_that_was_entered_again_from_its_slip_is_no_fault(
    centre: SmallCentre, tmp_path: Path
) -> None:
    """The machine that received it is lost, and its event with it: its number is known from the paper alone."""
    dossier = centre.receive()
    assert dossier.received is not None
    code = SlipCode(dossier.received.number, dossier.stream, dossier.heads[0], "counter-01.1")
    again = centre["counter-02"].ledger.enter_again(
        code.sealed(centre["counter-01"].keys.ed25519.sign),
        centre.draft(),
        happened_at=centre.clock(),
        due_at=moment(dossier.received.due),
        reason="Máy quầy 01 hỏng",
        by="long.pd",
        with_=["viet.tq"],
    )
    assert again.received is not None
    assert again.received.number == dossier.received.number
    backed_up(centre, "counter-02", tmp_path / "copy")
    assert verify(tmp_path / "copy").well


def test_what_a_copied_machine_wrote_twice_keeps_nobody_from_a_backup(
    centre: SmallCentre, tmp_path: Path
) -> None:
    """`verify` goes on saying it, of central and of the copy: there is nothing to be mended in either."""
    centre.nodes["counter-01"].close()
    shutil.copytree(centre.data / "counter-01", tmp_path / "twin")
    centre.reopen("counter-01")
    centre.receive()
    twin = Node(
        Folder(tmp_path / "twin"), read_settings(tmp_path / "twin"), clock=centre.clock, ids=centre.ids
    )
    draft = centre.draft("Hoàng Thị Mai")
    twin.ledger.receive(
        StreamId(centre.ids.stream(centre.clock())), draft, by="hanh.nh", spool=twin.papers.spool_slip
    )
    centre.meet("counter-01", "central")
    centre.copy(twin, centre["central"], "dossiers")
    twin.close()
    assert len(centre["central"].register.forks()) == 1

    backed_up(centre, "central", tmp_path / "copy")
    said = verify(tmp_path / "copy").findings
    assert said
    assert all(one.written for one in said), said


def test_a_file_that_is_still_on_its_way_keeps_nobody_from_a_backup(
    centre: SmallCentre, tmp_path: Path
) -> None:
    """Acts travel before files, and central's folder is looked at alone."""
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.copy(centre["room-01"], centre["central"], "dossiers")
    backed_up(centre, "central", tmp_path / "copy")
    (said,) = verify(tmp_path / "copy").findings
    assert "names it, and it is not here" in said.what
