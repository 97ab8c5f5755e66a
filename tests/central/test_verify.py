"""Every way in which a node's files can be wrong, done to real files and found by reading them again."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from pathlib import Path
from random import Random
from typing import Any

import pytest

from central.inspection.findings import Finding
from central.verify import Verdict, verify, verify_command
from edge.errors import CannotStart
from edge.keys import read_keys
from schemas.acts import Approved
from schemas.canonical import canonical, to_base64
from schemas.events import header_of, revision_of, seal_message
from tests.central.damage import (
    PAGE,
    flip,
    flip_within,
    overwrite_page,
    places_of,
    rows_of,
    stored_events,
)
from tests.centres import PINS, SmallCentre

SEEDS = range(3)
ALL = ("central", "counter-01", "counter-02", "room-01")


def found_at(verdict: Verdict, folder: str) -> list[Finding]:
    return [finding for finding in verdict.findings if finding.node_folder == folder]


def places(findings: list[Finding]) -> set[str]:
    """Where, without the number of the dossier."""
    return {finding.where.partition(" (")[0] for finding in findings}


def content_of(data: Path) -> dict[str, str]:
    return {
        str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in data.rglob("*")
        if path.is_file() and path.suffix not in (".db-shm",) and path.stat().st_size
    }


# ---- what is well


def test_a_centre_that_nobody_touched_is_well(data: Path) -> None:
    """Four nodes, one day's work: everything holds, everything is counted, and nothing was written."""
    before = content_of(data)
    with rows_of(data / "central" / "node.db") as rows:
        ((entries,),) = rows.execute("SELECT count(*) FROM catalog_rev").fetchall()

    verdict = verify(data)

    assert verdict.findings == ()
    assert [one.node_folder for one in verdict.nodes] == list(ALL)
    for one in verdict.nodes:
        assert (one.events, one.verified, one.entries) == (11, 11, entries)
        assert (one.files >= 2, one.chunks >= 2, one.awaited) == (True, True, 0)
    assert len({one.files for one in verdict.nodes}) == 1
    for path, digest in before.items():
        assert hashlib.sha256((data / path).read_bytes()).hexdigest() == digest, path


def test_nodes_that_run_and_know_different_things_are_well(centre: SmallCentre) -> None:
    """What has not arrived is not gone: neither events, nor files, nor the newest catalog entries."""
    dossier = centre.receive()
    centre.meet("counter-01", "room-01")
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.receive("counter-02", by="long.pd")

    verdict = verify(centre.data)

    assert verdict.findings == ()
    assert {one.node_folder: one.verified for one in verdict.nodes} == {
        "central": 0,
        "counter-01": 1,
        "counter-02": 1,
        "room-01": 3,
    }


def test_a_file_that_is_still_on_its_way_is_counted_and_no_fault(centre: SmallCentre) -> None:
    """Events travel before files."""
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    room, central = centre["room-01"].stores["dossiers"], centre["central"].stores["dossiers"]
    events = [room.get(summary.id) for summary in room.changes()]
    central.bulk_docs(events, new_edits=False, source="room-01.1")

    verdict = verify(centre.data)

    assert verdict.well
    assert {one.node_folder: one.awaited for one in verdict.nodes}["central"] == 1


def test_one_node_can_be_verified_by_itself(data: Path) -> None:
    assert [one.node for one in verify(data / "room-01").nodes] == ["room-01.1"]
    assert verify(data / "room-01").well


def test_a_killed_node_is_read_with_its_log(centre: SmallCentre, tmp_path: Path) -> None:
    """What was committed and not yet folded into the file counts."""
    centre.receive()
    killed = shutil.copytree(centre.data, tmp_path / "killed")

    verdict = verify(killed)

    assert verdict.findings == ()
    assert verdict.nodes[1].verified == 1


# ---- bytes


@pytest.mark.parametrize("seed", SEEDS)
def test_a_changed_byte_in_the_text_of_any_event_is_found_and_named(data: Path, seed: int) -> None:
    """One in each event at once: each is named as itself, and nothing else is blamed."""
    random = Random(seed)
    file = data / "counter-01" / "node.db"
    events = stored_events(file)
    for event in events:
        flip_within(file, event.body, random)

    verdict = verify(data)

    assert places(found_at(verdict, "counter-01")) >= {event.place for event in events}
    assert not [finding for finding in verdict.findings if " is gone" in finding.what]
    assert {finding.node_folder for finding in verdict.findings} == {"counter-01"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_changed_byte_in_any_catalog_entry_is_found_and_named(data: Path, seed: int) -> None:
    """Cards, procedures, people: the other nodes' copies say what each entry was."""
    random = Random(seed)
    file = data / "central" / "node.db"
    entries = stored_events(file, "catalog")
    for entry in entries:
        flip_within(file, entry.body, random)

    verdict = verify(data)

    assert places(found_at(verdict, "central")) >= {entry.place for entry in entries}
    assert {finding.node_folder for finding in verdict.findings} == {"central"}


@pytest.mark.parametrize("what", ["id", "rev_hash"])
def test_a_changed_byte_in_an_id_or_a_revision_is_found_wherever_it_lies(data: Path, what: str) -> None:
    """In the rows that hold it, and in the indexes that SQLite keeps of them."""
    file = data / "counter-02" / "node.db"
    event = stored_events(file)[5]
    content = getattr(event, what).encode()
    lying = places_of(file, content)
    assert len(lying) == (2 if what == "id" else 3)
    named = 0
    for at in lying:
        flip(file, at + len(content) // 2, bit=1)
        findings = found_at(verify(data), "counter-02")
        assert findings
        named += event.place in places(findings)
        flip(file, at + len(content) // 2, bit=1)
    assert named == len(lying) - 1  # the index is SQLite's own affair, and named by SQLite
    assert verify(data).well


@pytest.mark.parametrize("seed", SEEDS)
def test_a_changed_byte_in_any_chunk_is_found_and_named(data: Path, seed: int) -> None:
    random = Random(seed)
    file = data / "central" / "files.db"
    with rows_of(file) as rows:
        pieces = [piece for (piece,) in rows.execute("SELECT data FROM files_piece")]
        ((files,),) = rows.execute("SELECT count(*) FROM files_doc WHERE id LIKE 'file-%'").fetchall()
    for piece in pieces:
        flip_within(file, piece, random)

    findings = found_at(verify(data), "central")

    names = {f"chunk {hashlib.sha256(piece).hexdigest()[:16]}…" for piece in pieces}
    assert {finding.where for finding in findings if "not what its name says" in finding.what} == names
    assert len({finding.where for finding in findings if finding.where.startswith("file ")}) == files


def test_a_changed_byte_in_the_numbers_is_found(data: Path) -> None:
    """In the counter's key, and wherever a list or a paper shows the number."""
    file = data / "counter-01" / "node.db"
    with rows_of(file) as rows:
        ((key,),) = rows.execute("SELECT key FROM number").fetchall()
        (number,) = rows.execute("SELECT number FROM dossier ORDER BY position LIMIT 1").fetchone()
    for content in (key, number):
        lying = places_of(file, content.encode())
        assert lying
        for at in lying:
            flip(file, at + len(content) - 1)
            assert not verify(data).well
            flip(file, at + len(content) - 1)
    assert verify(data).well


def test_a_changed_byte_in_the_log_of_a_killed_node_is_found(centre: SmallCentre, tmp_path: Path) -> None:
    """SQLite drops what follows it without a word; so it is said before anybody opens the file."""
    for name in ("An", "Bình", "Chi"):
        centre.receive(applicant=name)
    killed = shutil.copytree(centre.data, tmp_path / "killed")
    log = killed / "counter-01" / "node.db-wal"
    flip(log, log.stat().st_size // 2)

    (finding, *_) = found_at(verify(killed), "counter-01")

    assert finding.where == "node.db-wal"
    assert "damaged from frame" in finding.what


# ---- pages


@pytest.mark.parametrize("junk", [bytes(PAGE), Random(7).randbytes(PAGE)], ids=["zeros", "junk"])
def test_events_on_a_page_that_cannot_be_read_are_named_as_gone(data: Path, junk: bytes) -> None:
    """Those on other pages are read past it; every one that is gone is named, with who still has it."""
    file = data / "counter-01" / "node.db"
    events = stored_events(file)
    at = places_of(file, events[4].body)[0] // PAGE
    on_page = {event.place for event in events if places_of(file, event.body)[0] // PAGE == at}
    overwrite_page(file, at * PAGE, junk)

    findings = found_at(verify(data), "counter-01")

    gone = [finding for finding in findings if "it is gone" in finding.what]
    assert places(gone) == on_page
    assert {finding.what for finding in gone} == {"it is gone; central, counter-02, room-01 have it"}
    assert "node.db table dossiers_rev" in places(findings)


def test_each_page_of_a_node_lost_in_turn_is_seen(data: Path) -> None:
    """Whatever lies on it: the verification ends, and says so; random pages, zeros and junk."""
    random = Random(1)
    file = data / "counter-02" / "node.db"
    whole = file.read_bytes()
    used = [n for n in range(len(whole) // PAGE) if any(whole[n * PAGE : (n + 1) * PAGE])]
    for page in [0, *random.sample(used, 8)]:
        overwrite_page(file, page * PAGE, random.choice([bytes(PAGE), random.randbytes(PAGE)]))
        assert found_at(verify(data), "counter-02"), f"page {page + 1}"
        file.write_bytes(whole)


def test_acts_that_only_the_damaged_node_had_are_named_by_its_own_chain(centre: SmallCentre) -> None:
    """Nobody else has them; gaps, head and marks still tell which they were."""
    centre.receive()
    centre.meet()
    for _ in range(3):
        centre.receive()
    centre.close()
    file = centre.data / "counter-01" / "node.db"
    events = stored_events(file)
    with rows_of(file) as rows:
        rows.execute("DELETE FROM dossiers_rev WHERE rowid > 2")

    findings = found_at(verify(centre.data), "counter-01")

    gone = [finding for finding in findings if finding.what == "it is gone, and no node here has it"]
    assert [finding.where for finding in gone] == [event.place for event in events[2:]]


def test_a_file_that_is_no_database_any_more(data: Path) -> None:
    """Nothing can be read: its own acts are named by what the others have."""
    (data / "counter-01" / "node.db").write_bytes(Random(3).randbytes(20_000))
    findings = found_at(verify(data), "counter-01")

    assert findings[0].what.startswith("it cannot be read")
    assert places(findings) >= {f"dossiers event counter-01.1 #{seq}" for seq in range(1, 6)}


def test_a_database_that_is_not_there(data: Path) -> None:
    (data / "room-01" / "files.db").unlink()

    assert "files.db" in places(found_at(verify(data), "room-01"))


# ---- rows


def test_a_node_put_back_to_yesterday_is_seen_by_what_the_others_have(centre: SmallCentre) -> None:
    """An old copy is whole in itself, but its own later acts are elsewhere: it would number them again."""
    centre.receive()
    centre.meet()
    centre.close()
    old = (centre.data / "counter-01" / "node.db").read_bytes()
    again = SmallCentre(centre.data)
    again.receive()
    again.meet()
    again.close()
    (centre.data / "counter-01" / "node.db").write_bytes(old)

    (gone,) = verify(centre.data).findings

    assert gone.node_folder == "counter-01"
    assert gone.where.startswith("dossiers event counter-01.1 #2 (H37.")
    assert gone.what == "it is gone; central, counter-02, room-01 have it"


def test_a_counter_that_is_off_by_one(data: Path) -> None:
    with rows_of(data / "counter-01" / "node.db") as rows:
        rows.execute("UPDATE number SET last = last + 1")

    (finding,) = verify(data).findings

    assert finding.where.startswith("number counter H37.")
    assert finding.what == "it stands at 4, own events used 1-3"


def test_a_number_that_was_given_twice(centre: SmallCentre) -> None:
    """A counter was set back: both dossiers have the number for life, and both are shown."""
    centre.receive()
    with centre["counter-01"].file.write() as connection:
        connection.execute("UPDATE number SET last = 0")
        connection.execute("DELETE FROM print_job")
    centre.receive()

    findings = verify(centre.data).findings

    assert any("was given to counter-01.1 #1 as well" in finding.what for finding in findings)
    assert any(finding.what == "it stands at 1, own events used 1, 1" for finding in findings)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            "UPDATE chain SET seq = seq - 1 WHERE database = 'dossiers'",
            "it says #4, the newest event here is #5",
        ),
        (
            "UPDATE chain SET seq = 70000 WHERE database = 'dossiers'",
            "it says #70000, the newest event here is #5",
        ),
        (
            "UPDATE chain SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE database = 'dossiers'",
            "it does not name the newest event here, #5",
        ),
        ("DELETE FROM chain WHERE database = 'dossiers'", "it is gone"),
    ],
)
def test_a_chain_head_that_is_not_the_newest_event(data: Path, change: str, what: str) -> None:
    with rows_of(data / "counter-01" / "node.db") as rows:
        rows.execute(change)

    (finding,) = verify(data).findings

    assert (finding.where, finding.what) == ("dossiers chain head", what)


def test_marks_that_say_other_things_than_the_events(data: Path) -> None:
    with rows_of(data / "counter-01" / "node.db") as rows:
        rows.execute("UPDATE delivery SET sealed = -1 WHERE local_seq = 1")
        rows.execute("UPDATE delivery SET own = 1 - own WHERE local_seq = 2")
        rows.execute("DELETE FROM delivery WHERE local_seq = 3")

    assert {finding.what for finding in verify(data).findings} == {
        "its seal holds, but the delivery mark denies it",
        "its delivery mark says other things than the event",
        "it has no delivery mark",
    }


def test_what_came_ahead_of_the_rest_is_no_loss(centre: SmallCentre) -> None:
    """By a neighbour's stick central has a counter's third act, while the first two are still at the counter."""
    *_, third = (centre.receive() for _ in range(3))
    counter, central = centre["counter-01"], centre["central"]
    document = counter.stores["dossiers"].get(f"{third.stream}:{third.heads[0]}")
    (outcome,) = central.stores["dossiers"].bulk_docs([document], new_edits=False, source=counter.id)
    assert outcome.refusal is None
    centre.close()
    assert verify(centre.data).findings == ()


def vanish(file: Path, seq: int) -> None:
    """An event goes with its row, its text and its mark; only the store's own count is left."""
    with rows_of(file) as rows:
        ((number, name),) = rows.execute(
            "SELECT number, id FROM dossiers_doc WHERE seq = ?", (seq,)
        ).fetchall()
        rows.execute("DELETE FROM dossiers_doc WHERE number = ?", (number,))
        rows.execute("DELETE FROM dossiers_rev WHERE doc = ?", (number,))
        rows.execute("DELETE FROM delivery WHERE hash = ?", (name.partition(":")[2],))


@pytest.mark.parametrize(
    ("folder", "what"),
    [
        ("central", "it is gone; counter-01, counter-02, room-01 have it"),
        (
            "counter-02",
            "it is not here, and 1 of the counted events cannot be found; central, counter-01, room-01 have it",
        ),
    ],
)
def test_the_newest_event_vanished_without_a_gap(data: Path, folder: str, what: str) -> None:
    """That central had it is noted at the others; of another node only the count says that one is missing."""
    file = data / folder / "node.db"
    newest = stored_events(file)[-1]
    vanish(file, 11)

    findings = found_at(verify(data), folder)

    assert "10 documents can be read, 11 are counted" in {finding.what for finding in findings}
    assert [finding.what for finding in findings if finding.where.startswith(newest.place)] == [what]


def test_a_chunk_that_is_missing(data: Path) -> None:
    with rows_of(data / "central" / "files.db") as rows:
        ((number, name),) = rows.execute(
            "SELECT number, id FROM files_doc WHERE id LIKE 'sha256-%' LIMIT 1"
        ).fetchall()
        rows.execute("DELETE FROM files_doc WHERE number = ?", (number,))
        rows.execute("DELETE FROM files_rev WHERE doc = ?", (number,))

    findings = found_at(verify(data), "central")

    missing = f"chunk {name.removeprefix('sha256-')[:16]}… is missing or damaged"
    assert missing in {finding.what for finding in findings}


def test_a_file_that_is_half_way_here_is_awaited_and_no_damage(centre: SmallCentre) -> None:
    """Its list came before its last chunk, and the evening came between the two."""
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.meet("room-01", "central")
    here, there = centre["counter-02"].stores["files"], centre["central"].stores["files"]
    lists = [one.id for one in there.all_docs() if one.id.startswith("file-")]
    for name in lists:
        (outcome,) = here.bulk_docs([there.get(name)], new_edits=False)
        outcome.saved()

    report = verify(centre.data)

    assert report.findings == ()


def test_the_author_of_a_decision_must_have_its_file(data: Path) -> None:
    """The room kept the result before it decided; that it is elsewhere does not help the room."""
    with rows_of(data / "room-01" / "files.db") as rows:
        ((number, name),) = rows.execute(
            "SELECT number, id FROM files_doc WHERE id LIKE 'file-%' ORDER BY number DESC LIMIT 1"
        ).fetchall()
        rows.execute("DELETE FROM files_doc WHERE number = ?", (number,))
        rows.execute("DELETE FROM files_rev WHERE doc = ?", (number,))

    findings = found_at(verify(data), "room-01")

    assert any(
        finding.where == f"file {name.removeprefix('file-')[:16]}…"
        and finding.what.endswith("it is not here")
        for finding in findings
    )


# ---- identity


def test_a_result_that_the_approver_did_not_sign(centre: SmallCentre) -> None:
    """The decision is signed and the file is whole; but the PDF bears no signature."""
    dossier = centre.receive()
    centre.meet()
    centre.appraise(dossier)
    room = centre["room-01"]
    signer = room.catalog.latest.person("viet.tq")
    assert signer is not None
    slip = room.papers.result_of(
        room.register.dossier(dossier.stream),
        approved=True,
        text="Đồng ý.",
        signer=signer,
        capacity="?",
        at=centre.clock(),
    )
    decision = Approved(result=room.archive.keep(slip.pdf))
    with room.signatories.opened("viet.tq", PINS["viet.tq"], signer.ders(), centre.clock()) as signatory:
        sign = signatory.token.sign_decision
        room.ledger.act(dossier.stream, "dossier.approved", decision, by="viet.tq", sign=sign)

    (finding,) = verify(centre.data).findings

    assert finding.node_folder == "room-01"
    assert finding.what == "the result of room-01.1 #2: 0 signatures, 1 expected"


def test_an_event_sealed_with_another_key(data: Path) -> None:
    """All hashes are right, the machine is not: somebody wrote in its name."""
    file = data / "counter-01" / "node.db"
    event = stored_events(file)[0]
    members = json.loads(event.body)
    seal = read_keys(data / "counter-02" / "keys").ed25519.sign(seal_message(header_of(members)))
    forged = {**members, "seal": to_base64(seal)}
    revision = revision_of(event.id.partition(":")[2], seal).removeprefix("1-")
    with rows_of(file) as rows:
        change = (canonical(forged), revision, event.rev_hash)
        rows.execute("UPDATE dossiers_rev SET body = ?, hash = ? WHERE hash = ?", change)
        rows.execute("UPDATE dossiers_doc SET hash = ? WHERE id = ?", (revision, event.id))

    (finding,) = verify(data).findings

    assert finding.where.startswith(f"{event.place} (H37.")
    assert finding.what == "it is not sealed with the key of counter-01.1"


def test_keys_that_do_not_fit_the_card(data: Path) -> None:
    for name in ("seal.key", "box.key"):
        shutil.copyfile(data / "counter-02" / "keys" / name, data / "counter-01" / "keys" / name)

    assert {str(finding) for finding in verify(data).findings} == {
        "counter-01: keys/seal.key: it is not the key on the card of counter-01.1",
        "counter-01: keys/box.key: it is not the key on the card of counter-01.1",
    }


def test_keys_and_certificate_that_are_gone_or_changed(data: Path) -> None:
    (data / "counter-01" / "keys" / "seal.key").unlink()
    flip(data / "central" / "keys" / "root.der", 200)

    assert {finding.where for finding in verify(data).findings} == {"keys", "keys/root.der"}


# ---- the command


def test_the_command_says_what_it_found(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0 and 1; sentences for people, one object for programs."""
    assert verify_command(data, as_json=False) == 0
    assert "all well" in capsys.readouterr().out

    with rows_of(data / "counter-01" / "node.db") as rows:
        rows.execute("UPDATE number SET last = 9")
    assert verify_command(data, as_json=False) == 1
    assert "counter-01: number counter H37." in capsys.readouterr().out

    assert verify_command(data, as_json=True) == 1
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert report["well"] is False
    assert [node["node_folder"] for node in report["nodes"]] == list(ALL)
    assert report["findings"][0]["node_folder"] == "counter-01"


def test_bytes_that_are_no_text_any_more_can_be_shown(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The key of a counter is no UTF-8 now: it is shown by its codes."""
    file = data / "counter-01" / "node.db"
    with rows_of(file) as rows:
        ((key,),) = rows.execute("SELECT key FROM number").fetchall()
    (at,) = places_of(file, key.encode())
    flip(file, at, bit=7)

    assert verify_command(data, as_json=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert r"number counter \xc837." in {finding["where"][:22] for finding in report["findings"]}


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch])
def test_a_folder_without_a_node_is_one_clear_line(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "nothing")
    with pytest.raises(CannotStart, match="holds no node"):
        verify(tmp_path / "nothing")


def test_a_file_that_cannot_be_opened_is_one_clear_line(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there, and it is not for us: nothing can be said about what is in it.

    A socket in its place is what nobody may open, the superuser included.
    """
    monkeypatch.chdir(data / "room-01")
    Path("node.db").unlink()
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind("node.db")
        with pytest.raises(CannotStart, match="as the user"):
            verify(data)


def test_a_changed_log_of_views_is_found(centre: SmallCentre) -> None:
    """Also one that was written anew, by what central holds of its days."""
    counter = centre["counter-01"]
    stream = centre.receive().stream
    for person in ("hanh.nh", "long.pd"):
        counter.views.looked(person, stream, "dossier.page")
    centre.clock.forward(days=1)
    counter.closing.close_days()
    centre.meet()
    centre.close()
    assert verify(centre.data).well

    node = centre.open("counter-01")
    with node.file.write() as connection:
        connection.execute("DELETE FROM view_log")
    for person in ("hanh.nh", "hanh.nh"):
        node.views.looked(person, stream, "dossier.page")
    node.close()
    (finding,) = verify(centre.data).findings
    assert str(finding) == "counter-01: log of views: line 2 is not the one that was sealed"
