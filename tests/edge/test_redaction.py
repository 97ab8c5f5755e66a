"""The law demands that data go: they go at every node, from every byte, and no peer brings them back."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from central.centre import Office
from central.redaction import redact
from central.verify import verify
from edge.archive import list_revision
from edge.node import Node
from printing.spool import PrintJob
from schemas import events
from schemas.acts import Note, Status, TicketTaken
from schemas.entries import Duty
from schemas.errors import Because, NotAllowed
from schemas.fold import Dossier, Place
from sync.documents import load, render
from sync.errors import Forbidden
from tests.centres import SmallCentre
from tests.edge.hostile import Hostile

APPLICANT = "Triệu Thị Hồng Vân"
GROUND = "Luật 91/2025/QH15, Điều 14: dữ liệu của người khác"
NEEDLES = [
    APPLICANT.encode(),
    b"trieu",
    "triệu".encode(),
    b"020085004127",
    b"0912000345",
]
"""What an applicant can be found by: as written, as searched, and as printed."""


def found_in(node: Node) -> dict[str, list[bytes]]:
    """Which of the needles are anywhere in the bytes of a node's folder, by file."""
    return found_under(node.folder.path)


def found_under(folder: Path) -> dict[str, list[bytes]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        if hits := [needle for needle in NEEDLES if needle in content]:
            found[path.name] = hits
    return found


@pytest.fixture
def dossier(centre: SmallCentre) -> Dossier:
    """Received, printed, and known to every machine."""
    received = centre.receive(applicant=APPLICANT)
    counter = centre["counter-01"]
    assert counter.spool.work(at=counter.clock()) == 1
    centre.meet()
    return received


def _redact(centre: SmallCentre, *targets: str) -> int:
    return redact(centre["central"], targets, GROUND, by="quan.nv", second="huong.ltt")


def test_a_reception_goes_from_every_byte_of_every_machine(centre: SmallCentre, dossier: Dossier) -> None:
    """Documents, lists, search, spool, paper, logs: a search of all bytes finds nothing; what was done stays proven."""
    assert all(found_in(node) for node in centre.nodes.values())
    assert _redact(centre, dossier.timeline[0].hash) == 1
    centre.meet()
    for node in centre.nodes.values():
        assert found_in(node) == {}, node.id
        shown = node.register.dossier(dossier.stream)
        (line,) = shown.timeline
        assert (line.place, line.why, line.by) == (Place.REDACTED, GROUND, "hanh.nh")
        assert node.register.find(APPLICANT).rows == []
        assert node.register.kept_back() == ([], 0)
        (document,) = [node.stores["dossiers"].get(one.id) for one in node.stores["dossiers"].all_docs()]
        assert events.parse(document).redacted  # type: ignore[union-attr]
        assert document["_rev"].startswith("2-")
    assert not list(centre["counter-01"].folder.paper.glob("*.pdf"))
    assert len({repr(shown) for shown in centre.shown(dossier)}) == 1
    with centre["counter-01"].file.read():
        (job,) = PrintJob.select()
    assert (job.number, bytes(job.payload)) == ("H37.07-270301-0101", b"")


def test_what_was_done_after_it_stays_and_says_that_its_ground_is_gone(
    centre: SmallCentre, dossier: Dossier
) -> None:
    """Later acts are held with the reason, and nobody is asked to look at them."""
    centre.appraise(dossier)
    _redact(centre, dossier.timeline[0].hash)
    centre.meet()
    for shown in centre.shown(dossier):
        places = [(line.kind, line.place, line.why) for line in shown.timeline]
        assert places == [
            ("dossier.received", Place.REDACTED, GROUND),
            ("dossier.appraised", Place.HELD, "redacted"),
        ]
        assert shown.status is Status.NONE
    assert centre["room-01"].register.kept_back() == ([], 0)


def test_what_somebody_had_begun_to_type_about_it_goes_too(centre: SmallCentre, dossier: Dossier) -> None:
    """A draft of a reception that a lock interrupted, and one for the dossier's own page; others stay."""
    drafts = centre["counter-01"].drafts
    drafts.keep("hanh.nh", "/counter", [("stream", dossier.stream), ("name", APPLICANT)])
    drafts.keep("hanh.nh", f"/dossier/{dossier.stream}/withdraw", [("asked_by", APPLICANT)])
    drafts.keep("hanh.nh", "/elsewhere", [("reason", "việc khác")])
    _redact(centre, dossier.timeline[0].hash)
    centre.meet()
    assert [one.path for one in drafts.of("hanh.nh")] == ["/elsewhere"]
    assert found_in(centre["counter-01"]) == {}


def test_a_note_goes_and_its_dossier_goes_on(centre: SmallCentre, dossier: Dossier) -> None:
    room = centre["room-01"]
    noted = room.ledger.act(dossier.stream, "dossier.note", Note("Con bà Lành, ở Cao Lộc"), by="ha.lt")
    centre.meet()
    _redact(centre, noted.timeline[-1].hash)
    centre.meet()
    for node in centre.nodes.values():
        assert not [
            path
            for path in node.folder.path.rglob("*")
            if path.is_file() and "bà Lành".encode() in path.read_bytes()
        ]
    done = centre.approve(centre.appraise(dossier))
    assert done.status is Status.DONE


def test_a_peer_that_has_not_heard_of_it_cannot_bring_it_back(centre: SmallCentre, dossier: Dossier) -> None:
    """It offers the data again and again, over HTTP too; when it hears of the redaction it forgets as well."""
    late = centre["counter-02"]
    _redact(centre, dossier.timeline[0].hash)
    centre.meet("central", "counter-01", "room-01")
    hostile = Hostile(centre)
    first = dict(late.stores["dossiers"].get(f"{dossier.stream}:{dossier.timeline[0].hash}"))
    assert first["data"]["applicant"]["name"] == APPLICANT
    for name in ("central", "counter-01", "room-01"):
        with hostile.facing(centre[name]) as line:
            line.send([first])
        assert found_in(centre[name]) == {}
    centre.meet()
    assert {name: found_in(node) for name, node in centre.nodes.items()} == dict.fromkeys(centre.nodes, {})  # noqa: RUF024


def test_a_machine_that_never_had_it_gets_the_header_and_not_the_data(
    centre: SmallCentre, dossier: Dossier
) -> None:
    """The first revision is refused there with the ground; the second one is taken, and the chain has no gap."""
    received = centre.receive("counter-01", applicant=APPLICANT)
    first = dict(
        centre["counter-01"].stores["dossiers"].get(f"{received.stream}:{received.timeline[0].hash}")
    )
    _redact(centre, received.timeline[0].hash)
    centre.copy(centre["central"], centre["room-01"])  # the catalog alone: central has not the event either
    with Hostile(centre).facing(centre["room-01"]) as line:
        (refused,) = line.send([first])
    assert refused == f"redacted: its data is gone by law ({GROUND})"
    centre.meet()
    assert centre["room-01"].register.dossier(received.stream).timeline[0].place is Place.REDACTED
    assert {one.upto for one in centre["room-01"].chains.all()} == {2}


def test_nobody_deletes_by_feigning_a_redaction(centre: SmallCentre, dossier: Dossier) -> None:
    """The second revision is taken only for what the catalog names, and only with the first as its history."""
    victim = centre["room-01"]
    first = dict(victim.stores["dossiers"].get(f"{dossier.stream}:{dossier.timeline[0].hash}"))
    second = events.redacted(first)
    bare = {name: value for name, value in second.items() if name != "_revisions"}
    with Hostile(centre).facing(victim) as line:
        assert line.send([second]) == ["redacted: the catalog here does not say so"]
        _redact(centre, dossier.timeline[0].hash)
        (refused,) = [
            one.refusal.reason  # type: ignore[union-attr]
            for one in centre["central"]
            .stores["dossiers"]
            .bulk_docs([{**bare, "_rev": "2-" + "0" * 32}], new_edits=False, source="x")
        ]
    assert refused == "_rev: the revision is not that of a redaction"
    assert victim.stores["dossiers"].get(first["_id"]) == first


def test_a_file_goes_with_the_chunks_that_no_other_file_has(centre: SmallCentre, dossier: Dossier) -> None:
    """A scan of the wrong citizen's paper; a page that both scans begin with stays with the other one."""
    counter = centre["counter-01"]
    same = bytes(range(256)) * 256
    wrong = counter.archive.keep(same + APPLICANT.encode() * 100)
    right = counter.archive.keep(same + b"the right scan")
    centre.meet()
    assert APPLICANT.encode() in (centre["room-01"].archive.read(wrong) or b"")
    _redact(centre, wrong)
    centre.meet()
    for node in centre.nodes.values():
        assert node.archive.read(wrong) is None
        assert node.archive.read(right) == same + b"the right scan"
        assert APPLICANT.encode() not in node.folder.files.read_bytes()
        assert node.archive.lists(wrong) == []
    with pytest.raises(Forbidden):
        counter.archive.keep(same + APPLICANT.encode() * 100)


def test_a_late_peer_brings_neither_the_list_nor_the_chunks_of_a_file(
    centre: SmallCentre, dossier: Dossier
) -> None:
    late = centre["counter-02"]
    scan = centre["counter-01"].archive.keep(APPLICANT.encode() * 10_000)
    centre.meet()
    _redact(centre, scan)
    centre.meet("central", "room-01")
    for _ in range(2):
        centre.copy(late, centre["room-01"])
        assert APPLICANT.encode() not in centre["room-01"].folder.files.read_bytes()
    centre.meet()
    assert APPLICANT.encode() not in late.folder.files.read_bytes()


def test_a_restored_copy_forgets_again_when_it_is_opened(centre: SmallCentre, dossier: Dossier) -> None:
    """A machine is opened from a copy of before, with the catalog of now."""
    counter = centre["counter-01"]
    before = counter.folder.path.with_name("copy")
    with counter.file.read() as connection:
        connection.execute("SELECT 1")
    shutil.copytree(counter.folder.path, before)
    _redact(centre, dossier.timeline[0].hash)
    centre.meet()
    assert found_in(counter) == {}
    counter.close()
    catalog = {
        one.id: centre["central"].stores["catalog"].get(one.id)
        for one in centre["central"].stores["catalog"].all_docs()
    }
    shutil.rmtree(counter.folder.path)
    before.rename(counter.folder.path)
    centre.nodes["counter-01"] = centre.open("counter-01")
    assert found_in(centre["counter-01"])
    # the catalog of now is in the copy before it is opened again, as a restore puts it there
    centre["counter-01"].stores["catalog"]._arrived = None
    centre["counter-01"].stores["catalog"].bulk_docs(list(catalog.values()), new_edits=False)
    reopened = centre.reopen("counter-01")
    assert found_in(reopened) == {}
    assert reopened.register.dossier(dossier.stream).timeline[0].place is Place.REDACTED


def test_it_takes_two_persons_who_may(centre: SmallCentre, dossier: Dossier) -> None:
    central, target = centre["central"], [dossier.timeline[0].hash]
    for by, second, because in (
        ("quan.nv", "quan.nv", Because.WITNESS),
        ("hanh.nh", "quan.nv", Because.ROLE),
        ("quan.nv", "hanh.nh", Because.WITNESS),
    ):
        with pytest.raises(NotAllowed) as refused:
            redact(central, target, GROUND, by=by, second=second)
        assert refused.value.because is because
    assert central.catalog.trust.redacted == {}


def test_verify_finds_a_redacted_centre_whole(centre: SmallCentre, dossier: Dossier) -> None:
    """Chains, counters and files hold; that data are gone by law is no finding."""
    scan = centre["room-01"].archive.keep(APPLICANT.encode())
    centre.approve(centre.appraise(dossier))
    _redact(centre, dossier.timeline[0].hash, scan)
    centre.meet()
    centre.close()
    verdict = verify(centre.data)
    assert verdict.findings == ()


def test_a_redaction_that_a_power_cut_interrupts_is_done_at_the_next_start(
    centre: SmallCentre, dossier: Dossier
) -> None:
    """After the commit and before the bytes are scrubbed: they are when the machine starts again."""
    room = centre["room-01"]
    _redact(centre, dossier.timeline[0].hash)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(room.file.file), "scrub", lambda self: (_ for _ in ()).throw(OSError("power")))
        with pytest.raises(OSError, match="power"):
            centre.meet("central", "room-01")
    reopened = centre.reopen("room-01")
    assert found_in(reopened) == {}


def test_a_list_that_somebody_made_up_brings_no_chunk_back_for_long(
    centre: SmallCentre, dossier: Dossier
) -> None:
    """It names what was erased, and so the chunk is taken; at the next look no true file has it, and it goes again."""
    room = centre["room-01"]
    counter = centre["counter-01"]
    wrong = counter.archive.keep(APPLICANT.encode() * 1000)
    right = counter.archive.keep(b"another scan")
    centre.meet()
    (index,) = room.archive.lists(wrong)
    chunk = counter.stores["files"].revision(index["chunks"][0])
    document = load(render(chunk, contents=counter.stores["files"].contents(chunk)))
    _redact(centre, wrong)
    centre.meet()
    forged = {"size": 10, "chunks": index["chunks"]}
    made_up = {"_id": f"file-{'0' * 64}", "_rev": list_revision(forged), **forged}
    with Hostile(centre).facing(room) as line:
        assert line.send([document], "files")[0] is not None
        assert line.send([made_up], "files") == [None]
        assert line.send([document], "files") == [None]
    assert APPLICANT.encode() in room.folder.files.read_bytes() + _log_of(room.folder.files)
    assert room.redactions.apply() == 1
    assert APPLICANT.encode() not in room.folder.files.read_bytes() + _log_of(room.folder.files)
    assert room.redactions.apply() == 0
    assert room.archive.read(right) == b"another scan"


def test_a_visit_goes_too_and_is_looked_for_once(centre: SmallCentre) -> None:
    central = centre["central"]
    card = centre["counter-01"].card
    Office(central).define([msgspec.structs.replace(card, duties=(*card.duties, Duty.QUEUE))], by="quan.nv")
    centre.meet()
    visits = centre["counter-01"].visits
    visits.act(
        centre.ids.stream(centre.clock()), "visit.ticket_taken", TicketTaken("A001", APPLICANT), by="hanh.nh"
    )
    store = centre["counter-01"].stores["visits"]
    (name,) = [one.id for one in store.all_docs()]
    first = store.get(name)
    _redact(centre, name.partition(":")[2])
    centre.meet()
    assert store.get(name)["_rev"].startswith("2-")
    assert found_in(centre["counter-01"]) == {}
    (outcome,) = central.stores["visits"].bulk_docs([first], new_edits=False, source="counter-01.1")
    assert outcome.refusal is not None
    assert outcome.refusal.reason.startswith("redacted: ")


def test_one_person_under_two_names_is_not_two(centre: SmallCentre, dossier: Dossier) -> None:
    """Central's key alone, without a second person: no node obeys, and the catalog says where it broke."""
    central, room = centre["central"], centre["room-01"]
    number = room.catalog.number
    for by, second in (("quan.nv", ()), ("quan.nv", ("quan.nv",)), ("", ("quan.nv",))):
        with central.file.read():
            head = Office(central).entries()[-1]
        document = events.write(
            stream=centre.ids.stream(centre.clock()),
            kind="event.redacted",
            data={"target": dossier.timeline[0].hash, "ground": GROUND},
            parents=(),
            at=centre.clock(),
            node=central.id,
            seq=head["seq"] + 1,
            prev=head["_id"].partition(":")[2],
            catalog=central.catalog.name,
            by=by,
            with_=second,
            salt=bytes(16),
            seal=central.keys.ed25519.sign,
        )
        store = room.stores["catalog"]
        assert store.bulk_docs([document], new_edits=False, source="central.1")[0].refusal is None
        assert (room.catalog.number, room.catalog.trust.redacted) == (number, {})
        assert "two persons" in str(room.catalog_problem)


def _log_of(database: Path) -> bytes:
    log = Path(f"{database}-wal")
    return log.read_bytes() if log.exists() else b""
