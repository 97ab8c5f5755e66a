"""A run of one node's events is proven by its last seal; and nothing else is, whoever carries the events."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.centre import Place, enrol
from central.redaction import redact
from edge.admission import Sealed
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import NodeKeys
from edge.node import Node, server_uuid
from edge.settings import NodeSettings, read_settings
from schemas import events
from schemas.entries import Duty
from schemas.events import Document
from schemas.fold import Place as Fate
from schemas.seals import seal_holds
from sync.peer import LocalPeer
from tests.centres import MONDAY, HandClock, SmallCentre
from tests.edge.hostile import resealed

AUTHOR, CARRIER = "counter-01", "room-01"
STRANGER = NodeKeys.generate()


def junk(document: Document) -> Document:
    return resealed(document, bytes(range(64)))


def invented(document: Document, keys: NodeKeys = STRANGER) -> Document:
    """Another act in the place of this one, in the name of the same node, sealed by somebody else."""
    header = {**events.header_of(document), "by": "long.pd"}
    event_hash = events.hash_of(header)
    body = {**header, "salt": document["salt"], "data": document["data"], "seal": ""}
    named = {"_id": f"{document['stream']}:{event_hash}", "_rev": "", **body}
    return resealed(named, keys.ed25519.sign(events.seal_message(header)))


def vouching(document: Document, carrier: Node) -> Document:
    """An event of the carrier, with its own good seal, that names somebody's event as its predecessor."""
    return events.write(
        stream=document["stream"],
        kind="dossier.note",
        parents=[],
        at=carrier.clock(),
        node=carrier.id,
        seq=document["seq"] + 1,
        prev=document["_id"].partition(":")[2],
        catalog=carrier.catalog.name,
        by="viet.tq",
        data={"text": "…"},
        salt=bytes(16),
        seal=carrier.keys.ed25519.sign,
    )


def written(centre: SmallCentre, receptions: int) -> list[Document]:
    """The chain of counter-01 after some receptions."""
    for _ in range(receptions):
        centre.receive(AUTHOR)
    store = centre[AUTHOR].stores["dossiers"]
    return [store.get(summary.id) for summary in store.changes()]


def bring(node: Node, documents: list[Document]) -> list[str | None]:
    """What the node says of each: why it was refused, None if it was not."""
    outcomes = node.stores["dossiers"].bulk_docs(documents, new_edits=False, source="room-01.1")
    return [None if one.refusal is None else one.refusal.reason for one in outcomes]


def mark(node: Node, document: Document) -> Sealed:
    with node.file.read() as connection:
        event_hash = document["_id"].partition(":")[2]
        row = connection.execute("SELECT sealed FROM delivery WHERE hash = ?", (event_hash,)).fetchone()
        return Sealed(row[0])


def given_away(node: Node) -> list[Document]:
    """What a neighbour gets that asks for everything that the feed names."""
    peer = LocalPeer(node.stores["dossiers"], server_uuid=server_uuid(node.id), source=None)
    page = peer.changes("0", limit=1000, wait_s=0)
    fetched = peer.bulk_get([(one.id, rev) for one in page.changes for rev in one.revs])
    return [one.document for one in fetched if one.document is not None]


def look_at_all(node: Node) -> None:
    while node.seals.look(node.stores["dossiers"]):
        pass


def leaves(node: Node, document: Document) -> list[str]:
    return [str(leaf.rev) for leaf in node.stores["dossiers"].summary(document["_id"]).leaves]


def test_a_run_is_proven_by_its_last_seal(centre: SmallCentre) -> None:
    """One verification; all of it folds at once, and the other seals are looked at later."""
    chain = written(centre, 5)
    other = centre["counter-02"]
    assert bring(other, chain) == [None] * 5
    assert [mark(other, one) for one in chain] == [Sealed.PROVEN] * 4 + [Sealed.HOLDS]
    assert all(other.register.dossier(one["stream"]).received is not None for one in chain)

    look_at_all(other)
    assert {mark(other, one) for one in chain} == {Sealed.HOLDS}


def test_a_gap_ends_the_run(centre: SmallCentre) -> None:
    """The last event proves nothing beyond what is not there; a window of a chain is as good as its pieces."""
    chain = written(centre, 5)
    other = centre["counter-02"]
    bring(other, [chain[0], chain[1], chain[3], chain[4]])
    assert [mark(other, chain[place]) for place in (0, 1, 3, 4)] == [
        Sealed.PROVEN,
        Sealed.HOLDS,
        Sealed.PROVEN,
        Sealed.HOLDS,
    ]


def test_a_run_whose_last_seal_is_junk_is_proven_from_the_one_before(centre: SmallCentre) -> None:
    """Only the junk is refused."""
    chain = written(centre, 3)
    other = centre["counter-02"]
    refusals = bring(other, [*chain[:2], junk(chain[2])])
    assert refusals == [None, None, "seal: not the seal of counter-01.1"]
    assert [mark(other, one) for one in chain[:2]] == [Sealed.PROVEN, Sealed.HOLDS]


def test_nobody_else_proves_what_a_node_has_written(centre: SmallCentre) -> None:
    """A node that means harm names its own invention, in the name of another node, as its predecessor."""
    centre.meet()  # everybody has everybody's card
    forged = invented(written(centre, 1)[0])
    voucher = vouching(forged, centre[CARRIER])
    other = centre["counter-02"]
    assert bring(other, [forged, voucher]) == ["seal: not the seal of counter-01.1", None]


def test_a_true_act_with_a_junk_seal_folds_and_does_not_travel_on(centre: SmallCentre) -> None:
    """A carrier spoils the seals within a run: what the node wrote stands, the junk is given to nobody."""
    chain = written(centre, 4)
    other = centre["counter-02"]
    assert bring(other, [*map(junk, chain[:3]), chain[3]]) == [None] * 4
    assert all(other.register.dossier(one["stream"]).received is not None for one in chain)
    assert [one["_id"] for one in given_away(other)] == [chain[3]["_id"]]

    look_at_all(other)
    assert [mark(other, one) for one in chain[:3]] == [Sealed.SPOILT] * 3
    reopened = centre.reopen("counter-02")
    assert [one["_id"] for one in given_away(reopened)] == [chain[3]["_id"]]
    assert reopened.register.dossier(chain[0]["stream"]).received is not None


@pytest.mark.parametrize("looked", [False, True], ids=["before it was looked at", "after"])
def test_the_true_copy_takes_the_place_of_a_junk_one(centre: SmallCentre, looked: bool) -> None:
    """Whoever brings it; and the junk one does not come in again."""
    chain = written(centre, 3)
    other = centre["counter-02"]
    bring(other, [*map(junk, chain[:2]), chain[2]])
    if looked:
        look_at_all(other)
    assert bring(other, chain) == [None] * 3
    assert [leaves(other, one) for one in chain] == [[one["_rev"]] for one in chain]
    assert {mark(other, one) for one in chain} == {Sealed.HOLDS}
    assert sorted(one["_id"] for one in given_away(other)) == sorted(one["_id"] for one in chain)
    assert bring(other, [*map(junk, chain[:2]), chain[2]])[:2] == ["seal: not the seal of counter-01.1"] * 2


def test_two_copies_in_one_batch_are_both_looked_at(centre: SmallCentre) -> None:
    """A junk copy beside the true one is refused even within a run."""
    chain = written(centre, 3)
    other = centre["counter-02"]
    refusals = bring(other, [junk(chain[0]), *chain])
    assert refusals == ["seal: not the seal of counter-01.1", None, None, None]


def test_of_two_copies_that_waited_for_a_card_the_true_one_stays(centre: SmallCentre, tmp_path: Any) -> None:
    """Whichever the revisions say wins; and an invention in that node's name is held when its card is here."""
    folder = Folder(tmp_path / "counter-09")
    place = Place("counter-09.1", "Quầy 09", 9, (Duty.RECEIVE, Duty.RETURN), "")
    enrol(folder, centre["central"], place, NodeSettings("counter-09.1"), by="quan.nv")
    newcomer = Node(folder, read_settings(folder.path), clock=centre.clock, ids=centre.ids)
    centre.nodes["counter-09"] = newcomer
    dossier = centre.receive("counter-09")
    true = newcomer.stores["dossiers"].get(f"{dossier.stream}:{dossier.timeline[0].hash}")
    winning = next(
        copy
        for copy in (resealed(true, bytes([number]) * 64) for number in count())
        if copy["_rev"] > true["_rev"]
    )
    forged = invented(true)
    other = centre["counter-02"]
    assert bring(other, [winning, forged]) == [None] * 2
    assert bring(other, [true]) == [None]
    assert other.register.dossier(dossier.stream).received is None

    centre.meet("central", "counter-02")
    assert leaves(other, true) == [true["_rev"]]
    assert (mark(other, true), mark(other, forged)) == (Sealed.HOLDS, Sealed.WRONG)
    shown = other.register.dossier(dossier.stream)
    assert shown.received is not None
    assert [(line.place, line.why) for line in shown.timeline if line.by == "long.pd"] == [
        (Fate.HELD, "seal")
    ]


@pytest.fixture(scope="module")
def chain(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Document], Path]:
    """Five events of counter-01 (and what the carrier makes of each), and a folder of counter-02 to copy."""
    data = tmp_path_factory.mktemp("seals") / "centre"
    shutil.copytree(founded, data)
    small = SmallCentre(data)
    small.meet()  # everybody has everybody's card
    documents = written(small, 5)
    pool = [
        copy
        for one in documents
        for copy in (
            one,
            junk(one),
            invented(one),
            junk(invented(one)),
            vouching(invented(one), small[CARRIER]),
        )
    ]
    small.close()
    return pool, data


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.integers(0, 24), min_size=1, max_size=10), min_size=1, max_size=4))
def test_whatever_a_carrier_brings_nothing_folds_that_the_node_has_not_written(
    chain: tuple[list[Document], Path], tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]
) -> None:
    """True copies, junk seals, inventions and vouchers in any order and any batches; then the true ones."""
    pool, data = chain
    true = {one["_id"]: one for one in pool[::5]}
    vouchers = {one["_id"] for one in pool[4::5]}
    copied = tmp_path_factory.mktemp("one") / "counter-02"
    folder = Folder(Path(shutil.copytree(data / "counter-02", copied)))
    node = Node(folder, read_settings(folder.path), clock=HandClock(MONDAY), ids=Ids())
    try:
        for batch in [*batches, list(range(0, 25, 5))]:
            bring(node, [pool[number] for number in batch])
            for stream in {one["stream"] for one in true.values()}:
                for line in node.projector.dossier(stream).timeline:
                    assert f"{stream}:{line.hash}" in true.keys() | vouchers
            for document in given_away(node):
                card = node.catalog.latest.card(document["node"])
                assert card is not None
                assert seal_holds(document, card.ed25519)
        assert all(leaves(node, one) == [one["_rev"]] for one in true.values())
        look_at_all(node)
        assert {mark(node, one) for one in true.values()} == {Sealed.HOLDS}
    finally:
        node.close()


def test_the_data_of_a_spoilt_act_goes_too_when_the_law_demands_it(centre: SmallCentre) -> None:
    """What nobody gets from here is here all the same, and is redacted like anything."""
    chain = written(centre, 2)
    other = centre["counter-02"]
    bring(other, [junk(chain[0]), chain[1]])
    look_at_all(other)
    event_hash = chain[0]["_id"].partition(":")[2]
    centre.meet("counter-01", "central")
    redact(centre["central"], [event_hash], "Luật 91/2025/QH15, Điều 14", by="quan.nv", second="huong.ltt")
    centre.meet("central", "counter-02")
    store = other.stores["dossiers"]
    assert "data" not in store.get(chain[0]["_id"])
    assert mark(other, chain[0]) is Sealed.HOLDS, "central's redacted copy has the true seal"


@pytest.mark.parametrize("asked", [False, True])
def test_a_machine_that_dies_before_it_has_looked_gives_nothing_away_when_it_is_back(
    centre: SmallCentre, tmp_path: Path, asked: bool
) -> None:
    """SIGKILL after the commit and before the first look: its files as they are then, opened by another process."""
    chain = written(centre, 3)
    other = centre["counter-02"]
    bring(other, [junk(chain[0]), chain[1], chain[2]])
    if asked:
        assert junk(chain[0]) not in given_away(other)
    shutil.copytree(other.folder.path, tmp_path / "dead")
    dead = Node(Folder(tmp_path / "dead"), other.settings, clock=centre.clock, ids=centre.ids)
    try:
        assert dead.seals.unseen == 2
        assert sorted(one["seq"] for one in given_away(dead)) == [2, 3]
        look_at_all(dead)
        assert mark(dead, chain[0]) is Sealed.SPOILT
        assert sorted(one["seq"] for one in given_away(dead)) == [2, 3]
    finally:
        dead.close()


def test_somebody_who_asks_while_the_seals_are_looked_at_gets_no_spoilt_one(centre: SmallCentre) -> None:
    """Whatever the moment: a spoilt seal is in one list or the other, and never in none."""
    chain = written(centre, 2)
    other = centre["counter-02"]
    bring(other, [junk(chain[0]), chain[1]])
    store, seals = other.stores["dossiers"], other.seals
    name = chain[0]["_id"]
    stored = store.revision(name, for_others=False)
    told: list[bool] = []

    class Watched(dict[str, None]):
        def __delitem__(self, key: str) -> None:
            super().__delitem__(key)
            told.append(seals.may_leave(stored))

        def pop(self, key: str, *default: Any) -> Any:
            found = super().pop(key, *default)
            told.append(seals.may_leave(stored))
            return found

    seals._unseen = Watched(seals._unseen)
    look_at_all(other)
    assert told == [False]
