"""Files: fetched where a dossier is worked on, piece by piece, each piece once, and nothing that is not the file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import pytest

from edge.archive import CHUNK_BYTES, Damaged, chunk_revision, files_named, list_revision
from edge.fetching import PIECES, Fetching
from edge.node import Node, server_uuid
from schemas.acts import Attachment, ComponentsAdded
from schemas.fold import Dossier
from sync.errors import Unavailable
from sync.peer import Fetched, LocalPeer
from tests.centres import SmallCentre
from tests.waiting import until


@dataclass
class Machine:
    """Another node as one that files may be asked of. `dies_after` requests for pieces it is out of reach; `busy`: it says
    when to come again, and counts who does not wait."""

    on: Node
    asked: Counter[str] = field(default_factory=Counter)
    dies_after: int | None = None
    order: list[str] = field(default_factory=list)
    busy: bool = False
    turned_away: int = 0

    @property
    def node(self) -> str:
        return self.on.id

    @property
    def files(self) -> Asked:
        return Asked(self)


class Asked(LocalPeer):
    def __init__(self, machine: Machine) -> None:
        super().__init__(machine.on.stores["files"], server_uuid=server_uuid(machine.on.id), source=None)
        self._machine = machine

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> list[Fetched]:
        machine = self._machine
        if machine.busy:
            machine.turned_away += 1
            raise Unavailable("too many ask at once", retry_after_s=20)
        if machine.dies_after is not None:
            if machine.dies_after == 0:
                raise Unavailable("the line is down")
            machine.dies_after -= 1
        got = super().bulk_get(wanted)
        for one in got:
            if one.document is not None:
                machine.asked[one.id] += 1
                machine.order.append(one.id)
        return got


def fetching(
    node: Node,
    *machines: Machine,
    sources: Callable[[], list[Machine]] | None = None,
    after_events: Callable[[], None] = lambda: None,
) -> Fetching:
    return Fetching(
        node.archive,
        node.register,
        node.projector,
        node.catalog,
        node=node.id,
        server_uuid=server_uuid(node.id),
        sources=sources or (lambda: list(machines)),
        after_events=after_events,
    )


def scan(size: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(size)


def meet_without_files(centre: SmallCentre) -> None:
    """Events travel to everybody; files stay where they are."""
    for source in centre.nodes.values():
        for target in centre.nodes.values():
            if source is not target:
                for database in ("catalog", "dossiers"):
                    centre.copy(source, target, database)


def with_scan(centre: SmallCentre, content: bytes, at: str = "counter-01") -> tuple[Dossier, str]:
    """A dossier received at a counter, with a scan that only this counter has."""
    dossier = centre.receive(at)
    file = centre[at].archive.keep(content)
    named = ComponentsAdded(files=(Attachment(file, "đơn.pdf"),))
    dossier = centre[at].ledger.act(dossier.stream, "dossier.components_added", named, by="hanh.nh")
    meet_without_files(centre)
    return dossier, file


def run(one: Fetching) -> Fetching:
    one.start()
    return one


# ---- what is fetched


def test_the_room_gets_the_scan_of_what_it_is_to_appraise(centre: SmallCentre) -> None:
    _, file = with_scan(centre, scan(3 * CHUNK_BYTES + 17))
    room, counter = centre["room-01"], Machine(centre["counter-01"])
    one = run(fetching(room, counter))
    until(lambda: room.archive.read(file) == scan(3 * CHUNK_BYTES + 17))
    until(lambda: one.elsewhere() == [])
    one.stop()
    assert set(counter.asked.values()) == {1}


def test_many_dossiers_that_come_within_a_moment_are_looked_through_once(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To find out what is wanted, all that is worked on here is read: a machine that takes in ten thousand acts has else to do."""
    looked = [0]

    def sources() -> list[Machine]:  # asked for once after each look, while nothing can be fetched
        looked[0] += 1
        return []

    monkeypatch.setattr("edge.fetching.LOOK_S", 3600.0)
    one = run(fetching(centre["room-01"], sources=sources))
    until(lambda: looked[0] > 0)
    for _ in range(10):
        centre.receive("room-01")
    one.wake()
    until(lambda: looked[0] > 1)
    one.stop()
    assert looked[0] == 2


def test_a_scan_comes_soon_after_its_dossier_and_a_look(centre: SmallCentre) -> None:
    room, looked = centre["room-01"], [0]

    def sources() -> list[Machine]:
        looked[0] += 1
        return [Machine(centre["counter-01"])]

    one = run(fetching(room, sources=sources))
    until(lambda: looked[0] > 0)
    _, file = with_scan(centre, scan(10))
    until(lambda: room.archive.read(file) == scan(10))
    one.stop()


def test_who_opens_a_dossier_does_not_wait_for_the_next_look(
    centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.fetching.LOOK_S", 3600.0)
    dossier, file = with_scan(centre, scan(10))
    other = centre["counter-02"]
    one = run(fetching(other, Machine(centre["counter-01"])))
    for _ in range(3):
        centre.receive("counter-02")
    one.demand(dossier.stream)
    until(lambda: other.archive.read(file) == scan(10))
    one.stop()


def test_a_counter_that_only_knows_of_a_dossier_leaves_its_scan_where_it_is(centre: SmallCentre) -> None:
    dossier, file = with_scan(centre, scan(100))
    other = fetching(centre["counter-02"], Machine(centre["counter-01"]))
    other.look()
    assert other.elsewhere() == []

    other.demand(dossier.stream)  # somebody there opens it
    run(other)
    until(lambda: centre["counter-02"].archive.read(file) == scan(100))
    other.stop()


def test_every_counter_that_returns_results_gets_those_that_are_ready(centre: SmallCentre) -> None:
    dossier = centre.appraised()
    approved = centre.approve(dossier)
    meet_without_files(centre)
    result = approved.standing.outcome.data.result if approved.standing.outcome else ""
    counter = centre["counter-02"]
    assert counter.archive.read(result) is None
    one = run(fetching(counter, Machine(centre["room-01"])))
    until(lambda: counter.archive.read(result) is not None)
    one.stop()


def test_when_the_work_is_done_elsewhere_nothing_is_fetched_any_more(centre: SmallCentre) -> None:
    dossier, _ = with_scan(centre, scan(100))
    other = fetching(centre["room-01"], Machine(centre["counter-02"]))
    other.look()
    assert [one.stream for one in other.elsewhere()] == [dossier.stream]
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.return_(dossier, at="room-01")
    other.look()
    assert other.elsewhere() == []


def test_files_are_named_anywhere_in_an_act() -> None:
    one, other = f"file-{'a' * 64}", f"file-{'b' * 64}"
    data = {"files": [{"file": one, "name": "đơn.pdf"}], "result": other, "note": f"xem {one}", "n": 3}
    assert list(files_named(data)) == [one, other]


# ---- from whom, and what of


def test_who_does_not_have_it_is_passed_over(centre: SmallCentre) -> None:
    _, file = with_scan(centre, scan(CHUNK_BYTES + 1))
    central, counter = Machine(centre["central"]), Machine(centre["counter-01"])
    one = run(fetching(centre["room-01"], central, counter))
    until(lambda: centre["room-01"].archive.read(file) is not None)
    one.stop()
    assert central.asked == Counter()


def test_who_is_told_to_come_again_later_asks_for_no_other_file_meanwhile(centre: SmallCentre) -> None:
    files = [with_scan(centre, scan(CHUNK_BYTES + 1, seed))[1] for seed in range(3)]
    room, counter = centre["room-01"], Machine(centre["counter-01"], busy=True)
    one = run(fetching(room, counter))
    until(lambda: counter.turned_away > 0 and len(one.elsewhere()) == 3)
    one.look()
    counter.busy = False
    one.wake()
    until(lambda: all(room.archive.read(file) is not None for file in files))
    one.stop()
    assert counter.turned_away == 1


def test_half_a_file_at_one_and_the_rest_at_another(centre: SmallCentre) -> None:
    """Central has only got the first pieces by now."""
    content = scan(10 * CHUNK_BYTES)
    _, file = with_scan(centre, content)
    source, central = centre["counter-01"].stores["files"], centre["central"].stores["files"]
    (index,) = centre["counter-01"].archive.lists(file)
    peer = LocalPeer(source, server_uuid="1" * 32, source=None)
    some = peer.bulk_get([(file, ""), *((one, chunk_revision(one)) for one in index["chunks"][:5])])
    central.bulk_docs([one.document for one in some if one.document is not None], new_edits=False)

    first, second = Machine(centre["central"]), Machine(centre["counter-01"])
    one = run(fetching(centre["room-01"], first, second))
    until(lambda: centre["room-01"].archive.read(file) == content)
    one.stop()
    assert (sum(first.asked.values()), sum(second.asked.values())) == (6, 5)


def test_a_half_transfer_survives_a_restart(centre: SmallCentre) -> None:
    """Pieces are documents: what has come is not asked for again, whoever gives the rest."""
    content = scan(20 * CHUNK_BYTES)
    _, file = with_scan(centre, content)
    room, counter = centre["room-01"], Machine(centre["counter-01"], dies_after=3)
    one = run(fetching(room, counter))
    until(lambda: counter.dies_after == 0)
    until(lambda: any(two.why == "the line is down" for two in one.elsewhere()))
    (shown,) = one.elsewhere()
    assert (shown.size, shown.here) == (20 * CHUNK_BYTES, 2 * PIECES * CHUNK_BYTES)
    one.stop()

    room = centre.reopen("room-01")
    counter.dies_after = None
    again = fetching(room, counter)
    again.look()
    (shown,) = again.elsewhere()
    assert shown.here == 2 * PIECES * CHUNK_BYTES
    run(again)
    until(lambda: room.archive.read(file) == content)
    again.stop()
    assert set(counter.asked.values()) == {1}


def test_what_lacks_least_comes_first_and_what_somebody_waits_for_before_that(centre: SmallCentre) -> None:
    _, large = with_scan(centre, scan(40 * CHUNK_BYTES, 1))
    _, small = with_scan(centre, scan(2 * CHUNK_BYTES, 2))
    opened, asked_for = with_scan(centre, scan(12 * CHUNK_BYTES, 3), at="counter-02")
    counter = Machine(centre["counter-01"])
    for name in (large, small, asked_for):
        archive = centre["counter-01"].archive
        archive.keep(
            {large: scan(40 * CHUNK_BYTES, 1), small: scan(2 * CHUNK_BYTES, 2)}.get(
                name, scan(12 * CHUNK_BYTES, 3)
            )
        )
    one = fetching(centre["room-01"], counter)
    one.demand(opened.stream)
    run(one)
    until(lambda: one.elsewhere() == [] and centre["room-01"].archive.holds(large))
    one.stop()
    archive = centre["counter-01"].archive
    last = {
        name: max(counter.order.index(chunk) for chunk in archive.lists(name)[0]["chunks"])
        for name in (large, small, asked_for)
    }
    assert last[asked_for] < last[small] < last[large]


# ---- only what is the file


def made_up(content: bytes) -> dict[str, object]:
    pieces = [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]
    index = {"size": len(content), "chunks": [f"sha256-{hashlib.sha256(one).hexdigest()}" for one in pieces]}
    return {"_rev": list_revision(index), **index}


def test_a_list_that_somebody_made_up_hides_no_file(centre: SmallCentre) -> None:
    """Anybody may write a list under any file's name. The file is read by the list whose pieces have its hash."""
    content, other = scan(2 * CHUNK_BYTES, 1), scan(3 * CHUNK_BYTES, 2)
    _, file = with_scan(centre, content)
    counter = centre["counter-01"]
    counter.archive.keep(other)
    counter.stores["files"].bulk_docs([{"_id": file, **made_up(other)}], new_edits=False)
    assert len(counter.archive.lists(file)) == 2
    assert counter.archive.read(file) == content
    assert counter.archive.holds(file)

    one = run(fetching(centre["room-01"], Machine(counter)))
    until(lambda: centre["room-01"].archive.read(file) == content)
    until(lambda: one.elsewhere() == [])
    one.stop()


def test_pieces_that_are_not_the_file_are_not_taken_for_it(centre: SmallCentre) -> None:
    """The true file is taken as soon as somebody has it."""
    content, other = scan(2 * CHUNK_BYTES, 1), scan(CHUNK_BYTES, 2)
    _, file = with_scan(centre, content)
    liar = centre["counter-02"]
    liar.archive.keep(other)
    liar.stores["files"].bulk_docs([{"_id": file, **made_up(other)}], new_edits=False)
    room = centre["room-01"]
    one = run(fetching(room, Machine(liar)))
    until(lambda: any("hash" in two.why for two in one.elsewhere()))
    one.stop()
    with pytest.raises(Damaged):
        room.archive.read(file)

    again = run(fetching(room, Machine(liar), Machine(centre["counter-01"])))
    until(lambda: len(room.archive.lists(file)) > 1 and room.archive.holds(file))
    again.stop()
    assert room.archive.read(file) == content


def test_pieces_wait_while_events_are_copied(centre: SmallCentre) -> None:
    """Before each piece the events are asked whether they have something to say."""
    _, file = with_scan(centre, scan(9 * CHUNK_BYTES))
    turns: list[int] = []
    counter = Machine(centre["counter-01"])
    one = run(fetching(centre["room-01"], counter, after_events=lambda: turns.append(len(counter.order))))
    until(lambda: centre["room-01"].archive.read(file) is not None)
    one.stop()
    assert turns == [0, 1, 5, 9]
