"""A backup is whole, closed and tried out, or there is none; the node works on while it is made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.backup import Copy, Made, back_up, opened_copy
from central.errors import NotCopied
from central.recovery import make_recovery_key, public_half, read_public_half, read_recovery_key
from central.repository import BLOCK, Repository, kept
from central.restore import Wanted, restore_edge
from central.verify import verify
from edge.at_rest import unlock
from edge.backed_up import last_backup
from edge.errors import CannotStart
from edge.folder import Folder
from edge.node import Node
from edge.rewriting import rekey
from edge.settings import BackupSettings, read_settings, write_settings
from schemas.events import StreamId, moment
from schemas.slips import SlipCode
from tests import backups
from tests.backups import RECOVERY, brought_back, silent
from tests.centres import SmallCentre


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Where the backups go."""
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def backed_up(small: SmallCentre, name: str, disk: Path, daily: int = 7, weekly: int = 5) -> Made:
    return backups.backed_up(small.data / name, disk, small.clock, daily=daily, weekly=weekly)


def blocks(done: Made) -> dict[str, Path]:
    return {path.name: path for path in done.where.glob("blocks/*/*")}


def snapshots(disk: Path, node: str = "counter-01.1") -> list[str]:
    return sorted(path.name for path in (disk / node / "snapshots").iterdir())


def events_in(copy: Copy) -> int:
    return verify(copy.path).nodes[0].events


def test_a_running_counter_is_backed_up_and_what_it_writes_meanwhile_does_no_harm(
    centre: SmallCentre, disk: Path, tmp_path: Path
) -> None:
    before = centre.receive()
    written: list[str] = []

    def receives(what: str, done: int, total: int) -> None:
        if what == "reading node.db" and not written:
            written.append(centre.receive(applicant="Lý Thị Dung").stream)

    (tmp_path / "beside").symlink_to("nowhere")  # what lies beside the backup is none of its business
    done = backups.backed_up(centre.data / "counter-01", disk, centre.clock, told=receives)

    assert (done.snapshot.node, done.snapshot.heads["dossiers"].seq) == ("counter-01.1", 2)
    copy = brought_back(done, tmp_path / "again")
    assert verify(copy.path).well
    assert events_in(copy) == 2
    assert written
    assert before.stream not in written
    assert centre["counter-01"].register.find("").searched == 2
    assert not (centre.data / "counter-01" / "backup-check").exists()
    note = last_backup(centre.data / "counter-01")
    assert note is not None
    assert (note.at, note.where) == (done.snapshot.at, str(done.where))


def test_a_log_that_is_begun_anew_while_it_is_read_undoes_nothing(
    centre: SmallCentre, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the log is in the file already, so nobody keeps SQLite from writing over it: between two reads of ours."""
    node = centre["counter-01"]
    for number in range(3):
        centre.receive(applicant=f"Nông Thị {number}")
    with node.file.write() as connection:
        connection.execute("INSERT INTO fact (key, value) VALUES ('log', 'old')")
    assert _all_in_the_file(node)
    log, asked, headers = node.folder.database.with_name("node.db-wal"), os.fstat, []

    def between_two_reads(handle: int) -> os.stat_result:
        if Path(f"/proc/self/fd/{handle}").readlink() == log:
            headers.append(log.read_bytes()[:32])
            if len(headers) == 1:
                centre.receive(applicant="Lý Thị Sau")
        return asked(handle)

    monkeypatch.setattr(os, "fstat", between_two_reads)
    done = backed_up(centre, "counter-01", disk)
    assert len(headers) == 2, "it was read again"
    assert headers[0] != headers[1], "for it had been begun anew"
    copy = brought_back(done, tmp_path / "again")
    assert verify(copy.path).well
    assert events_in(copy) == 4


def _all_in_the_file(node: Node) -> bool:
    with node.file.write():
        pass
    connection = node.file.file._connect_writer()
    try:
        ((busy, frames, done),) = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    finally:
        connection.close()
    return not busy and frames == done


def test_the_second_backup_adds_what_is_new_and_nothing_else(centre: SmallCentre, disk: Path) -> None:
    """Closed or open: a page is on the disk as it was."""
    first = backed_up(centre, "central", disk)
    before = {name: path.stat().st_mtime_ns for name, path in blocks(first).items()}
    centre.receive()
    centre.meet()
    centre.clock.forward(days=1)
    second = backed_up(centre, "central", disk)
    after = blocks(second)
    assert {name: after[name].stat().st_mtime_ns for name in before} == before
    total = sum(len(file.blocks) for file in second.snapshot.files.values())
    assert 0 < len(after) - len(before) < total / 2


def test_a_closed_machine_adds_no_more_than_an_open_one(
    centre: SmallCentre, disk: Path, tmp_path: Path
) -> None:
    centre.receive(applicant="Nông Thị Kín")
    centre.close()
    folder = centre.data / "counter-01"
    (tmp_path / "key").write_bytes(b"x" * 40)
    rekey(folder, unlock(folder), b"x" * 40, "file")
    write_settings(folder, msgspec.structs.replace(read_settings(folder), key_file=str(tmp_path / "key")))

    before = len(blocks(backed_up(centre, "counter-01", disk)))
    centre.clock.forward(days=1)
    second = backed_up(centre, "counter-01", disk)
    assert len(blocks(second)) == before

    copy = brought_back(second, tmp_path / "again")
    assert verify(copy.path).well
    assert copy.at_rest == unlock(folder, key_file=tmp_path / "key"), "the recovery key is enough"
    assert not (copy.path / "node.db").read_bytes().startswith(b"SQLite format 3")
    for file in copy.path.rglob("*"):
        assert not file.is_file() or "Nông Thị Kín".encode() not in file.read_bytes()


def test_a_passphrase_is_typed_once(centre: SmallCentre, disk: Path) -> None:
    centre.close()
    folder = centre.data / "counter-01"
    rekey(folder, unlock(folder), b"x" * 40, "passphrase")
    asked: list[str] = []

    def asks() -> str:
        asked.append("x" * 40)
        return asked[-1]

    backups.backed_up(folder, disk, centre.clock, ask=asks)
    assert len(asked) == 1


def test_whoever_finds_the_disk_reads_nothing_on_it(centre: SmallCentre, disk: Path, tmp_path: Path) -> None:
    centre.receive(applicant="Nông Thị Kín")
    done = backed_up(centre, "counter-01", disk)
    content = b"".join(path.read_bytes() for path in disk.rglob("*") if path.is_file())
    assert b"SQLite format 3" not in content
    assert "Nông Thị Kín".encode() not in content
    with pytest.raises(CannotStart, match="was not closed for this recovery key"):
        opened_copy(done.where, X25519PrivateKey.generate(), tmp_path / "again", silent)
    with pytest.raises(CannotStart, match="holds no backups"):
        opened_copy(disk, RECOVERY, tmp_path / "again", silent)


def test_the_recovery_key_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    public = make_recovery_key(tmp_path / "key", "một hai ba bốn năm")
    assert public_half(read_recovery_key(tmp_path / "key", "một hai ba bốn năm")) == public
    assert read_public_half(tmp_path / "key.pub") == public
    with pytest.raises(CannotStart, match="does not open"):
        read_recovery_key(tmp_path / "key", "một hai ba bốn")
    with pytest.raises(CannotStart, match="never written over"):
        make_recovery_key(tmp_path / "key", "một hai ba bốn năm")
    with pytest.raises(CannotStart, match="16 characters"):
        make_recovery_key(tmp_path / "other", "ngắn")


def test_another_recovery_key_opens_what_was_made_before_too(
    centre: SmallCentre, disk: Path, tmp_path: Path
) -> None:
    """The machine closes the repository's key for whoever its settings name, and for those before."""
    first = backed_up(centre, "counter-01", disk)
    folder, other = Folder(centre.data / "counter-01"), X25519PrivateKey.generate()
    settings = msgspec.structs.replace(
        read_settings(folder.path), backup=BackupSettings((public_half(other),))
    )
    centre.clock.forward(days=1)
    back_up(folder, settings, disk, clock=centre.clock, told=silent)
    assert opened_copy(first.where, other, tmp_path / "again", silent, first.name).snapshot == first.snapshot
    assert brought_back(first, tmp_path / "too").snapshot == first.snapshot


def test_a_copy_that_does_not_hold_is_not_kept(centre: SmallCentre, disk: Path) -> None:
    dossier = centre.receive()
    before = backed_up(centre, "counter-01", disk)
    kept_before = set(blocks(before))
    with centre["counter-01"].file.write() as connection:
        connection.execute(
            "UPDATE dossiers_rev SET body = CAST(replace(CAST(body AS TEXT), 'Thắng', 'Thua') AS BLOB)"
        )
    with pytest.raises(NotCopied, match="faults and was not kept"):
        backed_up(centre, "counter-01", disk)
    assert dossier.stream
    assert snapshots(disk) == [before.name]
    assert set(blocks(before)) == kept_before
    note = last_backup(centre.data / "counter-01")
    assert note is not None
    assert note.at == before.snapshot.at


def test_what_keeps_a_backup_from_being_made_is_said_before_anything_is_written(
    centre: SmallCentre, disk: Path, tmp_path: Path
) -> None:
    folder = Folder(centre.data / "counter-01")
    with pytest.raises(CannotStart, match="motcua recovery-key"):
        back_up(folder, read_settings(folder.path), disk, clock=centre.clock, told=silent)
    settings = backups.backing_up(folder.path)
    with pytest.raises(CannotStart, match="is the disk in"):
        back_up(folder, settings, tmp_path / "no disk", clock=centre.clock, told=silent)
    (disk / "counter-01.1").mkdir()
    (disk / "counter-01.1" / "letter.txt").touch()
    with pytest.raises(CannotStart, match="holds something else"):
        back_up(folder, settings, disk, clock=centre.clock, told=silent)
    (disk / "counter-01.1" / "letter.txt").unlink()
    done = backed_up(centre, "counter-01", disk)
    with (
        Repository.of_holder(done.where, RECOVERY).locked(),
        pytest.raises(CannotStart, match="another backup is being written"),
    ):
        backed_up(centre, "counter-01", disk)
    (folder.keys / "backup.key").unlink()
    with pytest.raises(CannotStart, match="another key than this machine's"):
        backed_up(centre, "counter-01", disk)


def test_a_disk_without_room_for_the_trial_keeps_what_was_there(
    centre: SmallCentre, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = backed_up(centre, "counter-01", disk)
    usage = shutil.disk_usage(disk)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=usage.total // 10))
    centre.receive()
    with pytest.raises(NotCopied, match="must stay free"):
        backed_up(centre, "counter-01", disk)
    assert snapshots(disk) == [before.name]


class PowerCut(BaseException):
    """Nothing of ours runs after it."""


CUTS = [("write_bytes", 1), ("write_bytes", 2), ("replace", 1), ("unlink", 1), ("unlink", 2)]


@pytest.mark.proof
@pytest.mark.parametrize(("call", "nth"), CUTS)
def test_whenever_the_power_goes_the_backups_before_are_whole(
    centre: SmallCentre, disk: Path, tmp_path: Path, call: str, nth: int
) -> None:
    """While a block is written, before the snapshot is named, before an old one goes, before its blocks go."""
    first = backed_up(centre, "counter-01", disk, daily=1, weekly=0)
    centre.receive()
    centre.clock.forward(days=1)
    with pytest.MonkeyPatch.context() as patch:
        power_goes(patch, disk, call, nth)
        with pytest.raises(PowerCut):
            backed_up(centre, "counter-01", disk, daily=1, weekly=0)
    left = [name for name in snapshots(disk) if not name.endswith(".new")]
    assert left
    for name in left:
        assert verify(opened_copy(first.where, RECOVERY, tmp_path / name, silent, name).path).well

    centre.clock.forward(days=1)
    last = backed_up(centre, "counter-01", disk, daily=1, weekly=0)
    assert snapshots(disk) == [last.name]
    assert events_in(brought_back(last, tmp_path / "last")) == 1
    named = {block for file in last.snapshot.files.values() for block in file.blocks}
    assert set(blocks(last)) == named, "nothing of the interrupted one is left"


def power_goes(patch: pytest.MonkeyPatch, disk: Path, call: str, nth: int) -> None:
    """At the nth such call on the disk; a block that was being written is there in half. Nothing is written afterwards."""
    count = 0

    def watched(name: str, does: Callable[..., object]) -> Callable[..., object]:
        def called(path: Path, *args: object, **said: object) -> object:
            nonlocal count
            if disk in path.parents:
                count += name == call
                if count >= nth:
                    if name == "write_bytes" and count == nth:
                        path.write_text("half")
                    count = nth + 1
                    raise PowerCut
            return does(path, *args, **said)

        return called

    for name in ("write_bytes", "replace", "unlink"):
        patch.setattr(Path, name, watched(name, getattr(Path, name)))


def test_a_byte_that_flips_on_the_shelf_is_found_before_anything_is_restored_and_mended_by_the_next(
    centre: SmallCentre, disk: Path, tmp_path: Path
) -> None:
    """The next one restores itself, finds the block, and the machine still has what was in it."""
    first = backed_up(centre, "counter-01", disk)
    flipped, gone = (blocks(first)[name] for name in first.snapshot.files["node.db"].blocks[:2])
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 1
    flipped.write_bytes(content)
    gone.unlink()
    with pytest.raises(CannotStart, match="2 blocks"):
        brought_back(first, tmp_path / "again")

    centre.clock.forward(days=1)
    backed_up(centre, "counter-01", disk)
    assert verify(brought_back(first, tmp_path / "again").path).well


def test_a_snapshot_that_was_changed_is_none(centre: SmallCentre, disk: Path, tmp_path: Path) -> None:
    done = backed_up(centre, "counter-01", disk)
    path = done.where / "snapshots" / done.name
    path.rename(path.with_name("2027-02-28T000000Z"))  # an older one shown as another is found too
    with pytest.raises(CannotStart, match="damaged"):
        opened_copy(done.where, RECOVERY, tmp_path / "again", silent)


def test_nothing_is_restored_that_the_machine_itself_did_not_sign(
    centre: SmallCentre, disk: Path, tmp_path: Path
) -> None:
    """Whoever has the machine's own key of its backups, and not the key of its seal."""
    done = backed_up(centre, "counter-01", disk)
    repository = Repository.of_holder(done.where, RECOVERY)
    forged = msgspec.structs.replace(done.snapshot, at=done.snapshot.at + timedelta(days=1))
    repository.add(forged, centre["counter-02"].keys.ed25519.sign)
    copy = opened_copy(done.where, RECOVERY, tmp_path / "again", silent)
    with pytest.raises(CannotStart, match=r"not signed by counter-01\.1"):
        restore_edge(
            Wanted(centre.data / "counter-02"), copy, clock=centre.clock, ids=centre.ids, told=silent
        )
    outside = msgspec.structs.replace(forged, files={"../outside": forged.files["node.toml"]})
    name = repository.add(outside, centre["counter-01"].keys.ed25519.sign)
    with pytest.raises(NotCopied, match="no file of a node"):
        opened_copy(done.where, RECOVERY, tmp_path / "inside", silent, name)
    assert not (tmp_path / "outside").exists()


def test_of_old_backups_one_a_day_and_one_a_week_stay() -> None:
    first = date(2027, 3, 1)  # a Monday
    days = {f"{first + timedelta(days=n):%Y-%m-%d} {hour}": n for n in range(30) for hour in ("12", "18")}
    calendar = {name: (first + timedelta(days=n)).isocalendar() for name, n in days.items()}
    assert sorted(kept(calendar, 3, 0)) == ["2027-03-28 18", "2027-03-29 18", "2027-03-30 18"]
    assert sorted(kept(calendar, 1, 3)) == ["2027-03-21 18", "2027-03-28 18", "2027-03-30 18"]
    assert kept({}, 7, 5) == set()


def test_what_is_kept_no_more_leaves_no_block_behind(centre: SmallCentre, disk: Path, tmp_path: Path) -> None:
    """A clock that was turned back loses nobody the backup that was just made."""
    for _ in range(2):
        backed_up(centre, "counter-01", disk, daily=2, weekly=0)
        centre.receive()
        centre.clock.forward(days=1)
    done = backed_up(centre, "counter-01", disk, daily=2, weekly=0)
    assert len(snapshots(disk)) == 2
    centre.clock.forward(days=-10)
    early = backed_up(centre, "counter-01", disk, daily=2, weekly=0)
    assert snapshots(disk)[0] == early.name
    assert len(snapshots(disk)) == 3
    for one in (done, early):
        assert verify(brought_back(one, tmp_path / one.name).path).well
    named = {block for one in (done, early) for file in one.snapshot.files.values() for block in file.blocks}
    assert named <= set(blocks(done))
    assert all(path.stat().st_size <= BLOCK + 256 for path in blocks(done).values())


def test_everything_on_the_disk_is_for_its_owner_alone(centre: SmallCentre, disk: Path) -> None:
    done = backed_up(centre, "counter-01", disk)
    assert (done.where.stat().st_mode & 0o777) == 0o700
    assert (centre.data / "counter-01" / "keys" / "backup.key").stat().st_mode & 0o777 == 0o600


def test_a_reception_that_was_entered_again_from_its_slip_is_no_fault(
    centre: SmallCentre, disk: Path, tmp_path: Path
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
    done = backed_up(centre, "counter-02", disk)
    assert verify(brought_back(done, tmp_path / "copy").path).well


def test_what_a_copied_machine_wrote_twice_keeps_nobody_from_a_backup(
    centre: SmallCentre, disk: Path, tmp_path: Path
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

    done = backed_up(centre, "central", disk)
    said = verify(brought_back(done, tmp_path / "copy").path).findings
    assert said
    assert all(one.written for one in said), said


def test_a_file_that_is_still_on_its_way_keeps_nobody_from_a_backup(
    centre: SmallCentre, disk: Path, tmp_path: Path
) -> None:
    """Acts travel before files, and central's folder is looked at alone."""
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.copy(centre["room-01"], centre["central"], "dossiers")
    done = backed_up(centre, "central", disk)
    (said,) = verify(brought_back(done, tmp_path / "copy").path).findings
    assert "names it, and it is not here" in said.what
