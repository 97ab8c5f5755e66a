"""A stick between two machines: it may be lost, come twice, late, after a younger one, damaged, or to somebody else."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from central.enrolment import Enrolment
from central.redaction import redact
from central.verify import verify
from edge import courier
from edge.courier import LONGEST, Courier, Given, Taken
from edge.envelope import Whole
from edge.errors import NotGiven, NotTaken
from edge.node import Node, server_uuid
from schemas.acts import Note
from schemas.fold import Dossier, Place
from sync.bundle import Filling
from sync.documents import Json, load, render
from sync.peer import LocalPeer
from sync.replicator import Replication
from tests.centres import SmallCentre
from tests.edge.hostile import Hostile

GROUND = "Luật 91/2025/QH15, Điều 14"


class Sticks:
    """Everybody's stick."""

    def __init__(self, centre: SmallCentre, folder: Path) -> None:
        self.centre, self.folder = centre, folder
        folder.mkdir()
        self._couriers = {name: Courier(node) for name, node in centre.nodes.items()}
        self.given: Given | None = None

    def give(self, sender: str, receiver: str) -> Path:
        path = self.folder / self._couriers[sender].name_for(self.centre[receiver].id)
        self.given = self._couriers[sender].give(self.centre[receiver].id, path)
        return path

    def take(self, receiver: str, path: Path, *, although_old: bool = False) -> Taken:
        return self._couriers[receiver].take(path, although_old=although_old)

    def carry(self, sender: str, receiver: str) -> Taken:
        return self.take(receiver, self.give(sender, receiver))


@pytest.fixture
def sticks(centre: SmallCentre, tmp_path: Path) -> Sticks:
    return Sticks(centre, tmp_path / "usb")


def held(node: Node, database: str = "dossiers") -> list[bytes]:
    """Every document of a database, byte for byte."""
    store = node.stores[database]
    return [render(store.revision(one.id)) for one in store.all_docs()]


def waiting(node: Node) -> int:
    return node.register.waiting().count


def test_a_stick_brings_what_a_line_would_have_brought(centre: SmallCentre, sticks: Sticks) -> None:
    """Acts, files and all; and the other way the same, with the catalog."""
    dossier = centre.receive()
    taken = sticks.carry("counter-01", "central")
    assert (taken.events, taken.refused, taken.gap, taken.before) == (1, 0, [], False)
    assert held(centre["central"]) == held(centre["counter-01"])
    sticks.carry("central", "room-01")
    centre.appraise(dossier)
    approved = centre.approve(dossier)
    sticks.carry("room-01", "central")
    assert approved.standing.result is not None
    assert centre["central"].archive.holds(approved.standing.result)
    back = sticks.carry("central", "counter-01")
    assert back.events == 2
    assert centre["counter-01"].archive.holds(approved.standing.result), "the counter has to hand it out"
    assert (
        len({repr(centre[name].register.dossier(dossier.stream)) for name in ("central", "counter-01")}) == 1
    )


def test_central_says_with_the_stick_that_goes_back_what_it_has(centre: SmallCentre, sticks: Sticks) -> None:
    """Nobody takes an act for arrived because it lay on a stick."""
    counter = centre["counter-01"]
    centre.receive()
    path = sticks.give("counter-01", "central")
    assert waiting(counter) == 1
    sticks.take("central", path)
    assert waiting(counter) == 1
    sticks.carry("central", "counter-01")
    assert waiting(counter) == 0
    centre.receive()
    sticks.give("counter-01", "central")
    assert sticks.given is not None
    assert sticks.given.documents["dossiers"] == 1, "what central said that it has is not carried again"


def test_any_stick_brings_central_s_word_on_what_it_holds(centre: SmallCentre, sticks: Sticks) -> None:
    """It is sealed by central, so a neighbour may pass it on."""
    centre.receive()
    sticks.carry("counter-01", "central")
    sticks.carry("central", "counter-02")
    assert waiting(centre["counter-01"]) == 1
    sticks.carry("counter-02", "counter-01")
    assert waiting(centre["counter-01"]) == 0


def test_a_stick_has_pages_however_quickly_they_are_read(
    centre: SmallCentre, sticks: Sticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its receiver holds some of them in memory, and writes each at once."""
    pages: list[tuple[str, int]] = []
    put = Filling._put

    def counted(filling: Filling, name: str, place: Json, documents: Sequence[Json]) -> None:
        pages.append((name, len(documents)))
        put(filling, name, place, documents)

    monkeypatch.setattr(Filling, "_put", counted)
    monkeypatch.setitem(courier._BATCHES, "dossiers", 2)
    received = [centre.receive() for _ in range(5)]
    sticks.carry("counter-01", "central")
    sizes = [size for name, size in pages if name.startswith("dossiers/")]
    assert sum(sizes) >= len(received)
    assert max(sizes) == 2


def test_a_stick_that_is_lost_costs_a_way(centre: SmallCentre, sticks: Sticks) -> None:
    centre.receive()
    sticks.give("counter-01", "central").unlink()
    centre.receive(applicant="Lý A Sáng")
    assert sticks.carry("counter-01", "central").events == 2
    assert held(centre["central"]) == held(centre["counter-01"])


def test_a_stick_taken_twice_changes_nothing_and_says_so(centre: SmallCentre, sticks: Sticks) -> None:
    centre.receive()
    path = sticks.give("counter-01", "central")
    sticks.take("central", path)
    before = [store.info() for store in centre["central"].stores.values()]
    again = sticks.take("central", path)
    assert (again.events, again.before, again.gap) == (0, True, [])
    assert [store.info() for store in centre["central"].stores.values()] == before


def test_sticks_in_the_wrong_order_lose_nothing(centre: SmallCentre, sticks: Sticks) -> None:
    centre.receive()
    older = sticks.give("counter-01", "central")
    centre.receive(applicant="Lý A Sáng")
    centre.clock.forward(seconds=2)
    younger = sticks.give("counter-01", "central")
    assert sticks.take("central", younger).events == 2
    assert sticks.take("central", older).events == 0
    assert held(centre["central"]) == held(centre["counter-01"])
    sticks.carry("central", "counter-01")
    assert waiting(centre["counter-01"]) == 0, "the note did not go back to the older stick"


def test_what_lies_before_a_stick_is_missed_and_sent_with_the_next(
    centre: SmallCentre, sticks: Sticks, tmp_path: Path
) -> None:
    """Central's disk of yesterday comes back: the counter was told more than central still knows."""
    counter, central = centre["counter-01"], centre["central"]
    central.close()
    shutil.copytree(central.folder.path, tmp_path / "yesterday")
    centre.nodes["central"] = centre.open("central")
    first = Sticks(centre, tmp_path / "first")
    centre.receive()
    first.carry("counter-01", "central")
    first.carry("central", "counter-01")
    centre["central"].close()
    shutil.rmtree(centre["central"].folder.path)
    shutil.copytree(tmp_path / "yesterday", centre.data / "central")
    centre.nodes["central"] = centre.open("central")
    second = Sticks(centre, tmp_path / "second")
    centre.receive(applicant="Lý A Sáng")
    taken = second.carry("counter-01", "central")
    assert (taken.events, taken.gap) == (1, ["dossiers", "files"])
    second.carry("central", "counter-01")
    taken = second.carry("counter-01", "central")
    assert (taken.events, taken.gap) == (1, [])
    assert held(centre["central"]) == held(counter)


def test_the_first_stick_after_the_line_was_lost_holds_only_the_news(
    centre: SmallCentre, sticks: Sticks
) -> None:
    """One replication, two roads: the notes of the line count for the stick, and those of the stick for the line."""
    for name in ("Lý A Sáng", "Hà Thị Mai", "Vy Văn Nam"):
        centre.receive(applicant=name)
    counter, central = centre["counter-01"], centre["central"]
    _push_over_the_line(centre, counter, central)
    centre.receive()
    sticks.carry("counter-01", "central")
    assert sticks.given is not None
    assert sticks.given.documents["dossiers"] == 1
    sticks.carry("central", "counter-01")
    assert _push_over_the_line(centre, counter, central) == 0


def _push_over_the_line(centre: SmallCentre, source: Node, target: Node) -> int:
    """As `edge.roads` does; how many documents the target was asked about."""
    asked: list[str] = []

    class Watched(LocalPeer):
        def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
            asked.extend(wanted)
            return super().revs_diff(wanted)

    Replication(
        LocalPeer(source.stores["dossiers"], server_uuid=server_uuid(source.id), source=target.id),
        Watched(target.stores["dossiers"], server_uuid=server_uuid(target.id), source=source.id),
        node_id=source.id,
        session_id=centre.ids.hex(),
        now=centre.clock,
        jitter=lambda: 0.0,
    ).run_once()
    return len(asked)


def test_a_copy_of_a_machine_takes_nothing_for_its_own_that_the_original_brought(
    centre: SmallCentre, sticks: Sticks, tmp_path: Path
) -> None:
    """Central's note tells of both. Only bundles that a machine has made itself move its own note."""
    counter = centre["counter-01"]
    counter.close()
    shutil.copytree(counter.folder.path, tmp_path / "copied")
    centre.nodes["counter-01"] = centre.open("counter-01")
    for name in ("Lý A Sáng", "Hà Thị Mai", "Vy Văn Nam"):
        centre.receive(applicant=name)
    original = Sticks(centre, tmp_path / "original")
    original.carry("counter-01", "central")
    centre["counter-01"].close()
    shutil.rmtree(counter.folder.path)
    shutil.copytree(tmp_path / "copied", counter.folder.path)
    centre.nodes["counter-01"] = centre.open("counter-01")
    copy = Sticks(centre, tmp_path / "copy")
    received = [centre.receive(applicant=f"Bế Văn {number}") for number in range(4)]
    copy.carry("central", "counter-01")
    copy.carry("counter-01", "central")
    for dossier in received:
        assert centre["central"].register.dossier(dossier.stream).timeline


# ---- refused, with the reason


def _why(act: Callable[[], object]) -> str:
    with pytest.raises(NotTaken) as caught:
        act()
    return caught.value.why


def test_a_stick_for_somebody_else_says_for_whom(centre: SmallCentre, sticks: Sticks) -> None:
    path = sticks.give("counter-01", "central")
    with pytest.raises(NotTaken, match=r"is for central\.1.*carry it there") as caught:
        sticks.take("room-01", path)
    assert (caught.value.why, caught.value.node) == ("elsewhere", centre["central"].id)
    assert _why(lambda: sticks.take("counter-01", path)) == "own"


def test_nobody_else_can_read_it(centre: SmallCentre, sticks: Sticks) -> None:
    """Not a name, not a number: the finder of a stick learns which two machines it went between, and when."""
    centre.receive()
    content = sticks.give("counter-01", "central").read_bytes()
    for personal in ("Nông Văn Thắng", "020085004127", "0912000345", "dossier.received", "H37.07"):
        assert personal.encode() not in content
    head = load(content.splitlines()[1])
    assert head.keys() == {"v", "from", "to", "id", "at", "key"}


def test_whatever_byte_is_changed_nothing_is_taken(centre: SmallCentre, sticks: Sticks) -> None:
    """Each byte of the head and the signature, and every so many between; each cut, and something put behind."""
    centre.receive()
    path = sticks.give("counter-01", "central")
    whole = path.read_bytes()
    head = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    between = range(head, len(whole) - 64, max(1, (len(whole) - head) // 300))
    places = [*range(head), *between, *range(len(whole) - 64, len(whole))]
    before = [store.info() for store in centre["central"].stores.values()]
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        assert _why(lambda: sticks.take("central", path)) in (
            "damaged",
            "none",
            "newer",
            "elsewhere",
            "unknown",
        )
        if place >= head:
            assert _why(lambda: sticks.take("central", path)) == "damaged"
    for place in [0, 1, *places[:: len(places) // 100], len(whole) - 1]:
        path.write_bytes(whole[:place])
        assert _why(lambda: sticks.take("central", path)) in ("damaged", "none", "newer")
    path.write_bytes(whole + b"\0")
    assert _why(lambda: sticks.take("central", path)) == "damaged"
    assert [store.info() for store in centre["central"].stores.values()] == before
    path.write_bytes(whole)
    assert sticks.take("central", path).events == 1


@pytest.mark.parametrize(
    "content", [b"", b"x", b"motcua/courier/1\n", b"PK\x03\x04", b"motcua/courier/1\n{}\n"]
)
def test_what_is_no_bundle_is_none(centre: SmallCentre, sticks: Sticks, content: bytes) -> None:
    path = sticks.folder / "x.motcua"
    path.write_bytes(content)
    assert _why(lambda: sticks.take("central", path)) in ("none", "damaged")


def test_a_bundle_of_a_later_version_asks_for_a_newer_program(sticks: Sticks) -> None:
    path = sticks.folder / "x.motcua"
    path.write_bytes(b"motcua/courier/2\n")
    assert _why(lambda: sticks.take("central", path)) == "newer"


def test_a_machine_that_ended_brings_nothing_and_gets_nothing(centre: SmallCentre, sticks: Sticks) -> None:
    path = sticks.give("counter-02", "central")
    Enrolment(centre["central"]).revoke(centre["counter-02"].id, "stolen", by="quan.nv")
    assert _why(lambda: sticks.take("central", path)) == "ended"
    with pytest.raises(NotGiven, match="has ended") as caught:
        sticks.give("central", "counter-02")
    assert caught.value.why == "receiver"


def test_a_month_old_stick_is_taken_and_brings_nothing_back_that_went(
    centre: SmallCentre, sticks: Sticks
) -> None:
    """What was redacted meanwhile does not come; what was not is as good as on the first day."""
    dossier = centre.receive()
    noted = centre["counter-01"].ledger.act(
        dossier.stream, "dossier.note", Note("Con bà Lành, ở Cao Lộc"), by="hanh.nh"
    )
    path = sticks.give("counter-01", "central")
    redact(centre["central"], [noted.timeline[-1].hash], GROUND, by="quan.nv", second="huong.ltt")
    centre.clock.forward(days=31)
    taken = sticks.take("central", path)
    assert (taken.events, taken.refused) == (1, 1)
    (refused,) = centre["central"].register.refused()
    assert "gone by law" in refused.reason
    assert b"Cao L" not in b"".join(held(centre["central"]))
    assert centre["central"].register.dossier(dossier.stream).received is not None


def test_what_was_redacted_here_is_not_brought_back_by_an_old_stick(
    centre: SmallCentre, sticks: Sticks
) -> None:
    dossier = centre.receive()
    path = sticks.give("counter-01", "central")
    sticks.take("central", path)
    redact(centre["central"], [dossier.timeline[0].hash], GROUND, by="quan.nv", second="huong.ltt")
    sticks.take("central", path)
    (line,) = centre["central"].register.dossier(dossier.stream).timeline
    assert line.place is Place.REDACTED
    assert "Thắng".encode() not in b"".join(held(centre["central"]))


def test_a_bundle_that_is_too_old_is_for_an_edge_refused_and_taken_if_somebody_insists(
    centre: SmallCentre, sticks: Sticks
) -> None:
    """What it brings the edge may have let go of for good. At central it may be the only copy, and is taken."""
    centre.receive()
    sticks.carry("counter-01", "central")
    path, other = sticks.give("central", "counter-02"), sticks.give("counter-01", "central")
    centre.clock.forward(days=LONGEST.days + 1)
    with pytest.raises(NotTaken, match=r"more than 60 days ago.*--although-old") as caught:
        sticks.take("counter-02", path)
    assert caught.value.why == "old"
    assert held(centre["counter-02"]) == []
    assert sticks.take("counter-02", path, although_old=True).events == 1
    sticks.take("central", other)


# ---- what is on it is judged as from any road


def test_what_is_refused_is_listed_on_both_sides_and_offered_until_it_is_taken(
    centre: SmallCentre, sticks: Sticks
) -> None:
    """Central lets go of a note that has not come yet; its counter hears of that only with the stick that goes back."""
    counter, central = centre["counter-01"], centre["central"]
    dossier = centre.receive()
    noted = counter.ledger.act(dossier.stream, "dossier.note", Note("Con bà Lành"), by="hanh.nh")
    redact(central, [noted.timeline[-1].hash], GROUND, by="quan.nv", second="huong.ltt")
    assert sticks.carry("counter-01", "central").refused == 1
    assert [row.peer for row in central.register.refused()] == [central.id]
    sticks.carry("central", "counter-01")
    assert [row.peer for row in counter.register.refused()] == [central.id]
    assert waiting(counter) == 1, "what central refused has not arrived"
    assert sticks.carry("counter-01", "central").refused == 0, "by now it is offered without its data"
    assert central.register.refused() == []
    sticks.carry("central", "counter-01")
    assert counter.register.refused() == []
    assert held(counter) == held(central)


def test_a_hostile_machine_gets_no_further_by_stick(centre: SmallCentre, sticks: Sticks) -> None:
    """What it wrote in another's name is refused, is shown at both ends, and holds up nothing else."""
    hostile = Hostile(centre, "counter-02")
    store = hostile.node.stores["dossiers"]
    stream = centre.receive("counter-02", by="long.pd").stream
    forged = hostile.event(stream, "dossier.note", {"text": "x"}, node=centre["counter-01"].id)
    store._rules = store._arrived = None  # its program takes what it likes
    (written,) = store.bulk_docs([forged], new_edits=False)
    written.saved()
    for _ in range(2):
        taken = sticks.carry("counter-02", "central")
        assert (len(held(centre["central"])), taken.refused) == (1, 1)
        (row,) = centre["central"].register.refused()
        assert row.document == forged["_id"]
        assert "not the seal of counter-01.1" in row.reason
        sticks.carry("central", "counter-02")
        assert [one.document for one in hostile.node.register.refused()] == [forged["_id"]]


def test_what_a_machine_says_of_another_one_s_notes_is_not_heard(centre: SmallCentre, sticks: Sticks) -> None:
    """A bundle speaks for the machine that signed it: a neighbour cannot say that central has something."""
    centre.receive()
    sticks.carry("counter-01", "counter-02")
    sticks.carry("counter-02", "counter-01")
    assert waiting(centre["counter-01"]) == 1
    sticks.give("counter-01", "central")
    assert sticks.given is not None
    assert sticks.given.documents["dossiers"] == 1


# ---- the power goes


class PowerCut(Exception):
    pass


def _cut_off(path: Path) -> None:
    with Whole(path) as file:
        file.write(b"half")
        raise PowerCut


def test_a_file_appears_whole_or_not_at_all(sticks: Sticks) -> None:
    with pytest.raises(PowerCut):
        _cut_off(sticks.folder / "x.motcua")
    assert list(sticks.folder.iterdir()) == []


def test_a_stick_that_is_not_there_or_full_is_said_to_be(
    centre: SmallCentre, sticks: Sticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    courier, central = Courier(centre["counter-01"]), centre["central"].id
    with pytest.raises(NotGiven, match="is the stick in") as caught:
        courier.give(central, sticks.folder / "gone" / "x.motcua")
    assert caught.value.why == "unwritable"
    really = os.open

    def full(path: Path, flags: int, mode: int = 0o777) -> int:
        """A device that the kernel says is full, in the place of the stick's new file."""
        handle = really(path, flags, mode)
        if not str(path).endswith(".part"):
            return handle
        os.close(handle)
        return really("/dev/full", os.O_WRONLY)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", full)
        with pytest.raises(NotGiven, match=r"no room.*nothing was left there") as caught:
            courier.give(central, sticks.folder / "x.motcua")
    assert caught.value.why == "full"
    assert list(sticks.folder.iterdir()) == []
    assert courier.give(central, sticks.folder / "x.motcua").bytes > 1000


def test_everything_that_came_by_stick_is_proven(centre: SmallCentre, sticks: Sticks) -> None:
    dossier: Dossier = centre.receive()
    sticks.carry("counter-01", "central")
    sticks.carry("central", "room-01")
    centre.appraise(dossier)
    centre.approve(dossier)
    sticks.carry("room-01", "central")
    sticks.carry("central", "counter-02")
    centre.close()
    centre.nodes.clear()
    assert verify(centre.data).findings == ()
