"""Which acts are here and which are not, said without asking anybody: by the numbers of each machine."""

from __future__ import annotations

import pytest

from central.status import status_in
from edge.completeness import ChainState
from edge.folder import Folder
from schemas.fold import Dossier
from tests.centres import SmallCentre
from tests.web.clerk import Clerk


def deliver(centre: SmallCentre, at: str, to: str, dossier: Dossier, *kinds: str) -> None:
    """Only these acts of a dossier reach another machine."""
    source, target = centre[at], centre[to]
    for line in source.register.dossier(dossier.stream).timeline:
        if line.kind in kinds:
            event = source.stores["dossiers"].get(f"{dossier.stream}:{line.hash}")
            target.stores["dossiers"].bulk_docs([event], new_edits=False, source=source.id)


def chain(centre: SmallCentre, at: str, node: str) -> ChainState:
    (found,) = [one for one in centre[at].chains.all() if one.node == centre[node].id]
    return found


def test_central_says_of_every_machine_that_nothing_is_missing(centre: SmallCentre) -> None:
    for _ in range(3):
        centre.receive()
    centre.receive("counter-02", by="long.pd")
    centre.meet()
    central = centre["central"]
    assert [(one.node, one.upto, one.known, one.complete) for one in central.chains.all()] == [
        ("counter-01.1", 3, 3, True),
        ("counter-02.1", 1, 1, True),
    ]
    central.acks.renew()
    assert chain(centre, "central", "counter-01").acked == 3
    centre.receive()
    centre.meet()
    assert chain(centre, "central", "counter-01").upto == 4  # what was gone along once is not counted again


def test_central_names_what_is_missing_and_who_may_have_it(centre: SmallCentre) -> None:
    """The machine itself, who brought what comes later, and its neighbours; not one whose card has ended."""
    dossiers = [centre.receive() for _ in range(7)]
    for dossier in (dossiers[0], dossiers[3], dossiers[6]):
        deliver(centre, "counter-01", "room-01", dossier, "dossier.received")
        deliver(centre, "room-01", "central", dossier, "dossier.received")
    found = chain(centre, "central", "counter-01")
    assert (found.upto, found.known, found.missing, found.lacking) == (1, 7, ((2, 3), (5, 6)), 4)
    holders = centre["central"].chains.holders(found)
    assert holders[:2] == ("counter-01.1", "room-01.1")
    assert "central.1" not in holders
    page = Clerk(centre, "central", "quan.nv").open("/sync").page.text
    assert "Thiếu 4 việc số 2–3, 5–6; có thể còn ở Quầy 01, Phòng 4 tại chỗ" in page
    assert "thiếu 4 trong 7 việc" in Clerk(centre, "central", "quan.nv").open("/nodes").page.text
    centre.meet()
    assert chain(centre, "central", "counter-01").complete


def test_an_edge_says_it_of_itself_and_of_others_what_it_has_seen(centre: SmallCentre) -> None:
    """What central holds may have left; what it does not hold and is not here is lost, and said."""
    dossiers = [centre.receive() for _ in range(3)]
    deliver(centre, "counter-01", "room-01", dossiers[2], "dossier.received")
    other = chain(centre, "room-01", "counter-01")
    assert (other.whole, other.known, other.missing, other.complete) == (False, 3, (), True)

    own = chain(centre, "counter-01", "counter-01")
    assert (own.whole, own.upto, own.complete) == (True, 3, True)
    counter = centre["counter-01"]
    with counter.file.write() as connection:
        connection.execute("DELETE FROM event WHERE stream = ?", (dossiers[0].stream,))
    assert chain(centre, "counter-01", "counter-01").missing == ((1, 1),)
    deliver(centre, "counter-01", "central", dossiers[0], "dossier.received")
    deliver(centre, "counter-01", "central", dossiers[1], "dossier.received")
    acks = centre["central"].acks.renew()
    assert acks is not None
    counter.acks.take(acks.document())
    own = chain(centre, "counter-01", "counter-01")
    assert (own.upto, own.missing, own.acked) == (3, (), 2)


@pytest.mark.parametrize("name", ["central", "counter-01"])
def test_a_machine_that_does_not_run_is_told_of_from_its_file(centre: SmallCentre, name: str) -> None:
    dossiers = [centre.receive() for _ in range(3)]
    deliver(centre, "counter-01", "central", dossiers[2], "dossier.received")
    running = [one for one in centre[name].chains.all() if one.node == "counter-01.1"]
    node = centre.nodes.pop(name)
    folder = Folder(node.folder.path)
    node.close()
    (told,) = [one for one in status_in(folder, centre.clock).chains if one.node == "counter-01.1"]
    assert ChainState(**{field: getattr(told, field) for field in ChainState.__struct_fields__}) == running[0]


def test_a_dossier_whose_parents_are_missing_says_so_on_its_page(centre: SmallCentre) -> None:
    """What waits, for how many acts, where they may be; and whole again, with the moment as of which it is."""
    dossier = centre.receive("room-01")
    centre.appraise(dossier)
    centre.approve(dossier)
    deliver(centre, "room-01", "counter-02", dossier, "dossier.received", "dossier.approved")
    clerk = Clerk(centre, "counter-02", "long.pd")
    page = clerk.open(f"/dossier/{dossier.stream}").page.text
    assert "Hồ sơ chưa đủ: 1 việc trước đó chưa về máy này" in page
    assert "Việc còn thiếu có thể ở Phòng 4 tại chỗ (chưa liên lạc)" in page
    centre["counter-02"].contacts.heard("room-01.1")
    assert "liên lạc gần nhất 09:00" in clerk.open(f"/dossier/{dossier.stream}").page.text
    centre.meet()
    centre["counter-02"].contacts.heard("central.1")
    page = clerk.open(f"/dossier/{dossier.stream}").page.text
    assert "chưa đủ" not in page
    assert "Đủ các việc mà máy này biết, như khi liên lạc với Trung tâm lúc 09:00" in page


def test_a_dossier_whose_reception_is_missing_has_a_page_all_the_same(centre: SmallCentre) -> None:
    dossier = centre.receive("room-01")
    centre.appraise(dossier)
    deliver(centre, "room-01", "counter-02", dossier, "dossier.appraised")
    clerk = Clerk(centre, "counter-02", "long.pd")
    page = clerk.open(f"/dossier/{dossier.stream}")
    assert page.status == 200
    assert "Việc tiếp nhận chưa về máy này" in page.page.text
    assert "Thẩm định" in page.page.text
    assert f"/dossier/{dossier.stream}" in clerk.open("/held").html
