"""The queue's acts stay at an edge for a week, and at central for as long as it likes."""

from __future__ import annotations

import pytest

from central.centre import Numbers, Place, enrol
from central.verify import verify
from edge.folder import Folder
from edge.node import Node
from edge.settings import NodeSettings
from edge.tables.departed import DepartedVisit, VisitAct
from edge.tables.node import Fact
from schemas.entries import Duty
from schemas.scopes import VISITS_KEPT
from tests.centres import SmallCentre
from tests.edge.test_hall import ONE, TWO, call, take, visits
from tests.edge.test_leaving import days

DOOR = "kiosk-01"


@pytest.fixture
def kiosk(centre: SmallCentre) -> Node:
    place = Place("kiosk-01.1", "Kiosk 01", 31, (Duty.KIOSK,), "", ranges=(Numbers("ticket", "*", 800, 899),))
    enrol(Folder(centre.data / DOOR), centre["central"], place, NodeSettings(place.node), by="quan.nv")
    centre.nodes[DOOR] = centre.open(DOOR)
    return centre[DOOR]


def count(node: Node) -> int:
    """Acts of visits that are here, as the store and the table of their places both say."""
    stored = len(node.stores["visits"].all_docs())
    with node.file.read():
        assert VisitAct.select().count() == stored
    return stored


def served(centre: SmallCentre, kiosk: Node) -> None:
    """A ticket is drawn at the door and called at a counter."""
    take(kiosk)
    visits(centre, DOOR, ONE)
    call(centre, ONE)


def test_visits_leave_every_edge_a_week_after_their_day_and_stay_at_central(
    centre: SmallCentre, kiosk: Node
) -> None:
    served(centre, kiosk)
    visits(centre)
    here = count(kiosk)
    assert here == 2
    days(centre, VISITS_KEPT.days)
    for node in centre.nodes.values():
        node.leaving.turn()
        assert count(node) == here, "the seventh day is within the week"
    days(centre, 1)
    take(centre[ONE])
    for node in centre.nodes.values():
        node.leaving.turn()
    assert {name: count(node) for name, node in centre.nodes.items()} == {
        "central": here,
        ONE: 1,
        TWO: 0,
        "room-01": 0,
        DOOR: 0,
    }
    assert verify(centre.data).findings == ()
    take(kiosk)  # its chain goes on
    visits(centre)
    assert count(centre["central"]) == here + 2
    assert verify(centre.data).findings == ()


def test_what_central_does_not_hold_stays_however_old_it_is(centre: SmallCentre, kiosk: Node) -> None:
    """Days pass, central speaks, and the kiosk's line carries its word but not the visits."""
    take(kiosk)
    days(centre, 20)
    kiosk.leaving.turn()
    assert count(kiosk) == 1
    visits(centre)
    days(centre, 6)
    kiosk.leaving.turn()
    assert count(kiosk) == 1, "central holds it since a few days only"
    days(centre, 2)
    kiosk.leaving.turn()
    assert count(kiosk) == 0


def test_a_neighbour_whose_day_mark_is_a_day_older_brings_nothing_back(
    centre: SmallCentre, kiosk: Node
) -> None:
    served(centre, kiosk)
    visits(centre)
    days(centre, VISITS_KEPT.days)
    days(centre, 1, ONE, DOOR)
    for name in (ONE, TWO):
        centre[name].leaving.turn()
    assert (count(centre[ONE]), count(centre[TWO])) == (0, 2)
    centre.copy(centre[TWO], centre[ONE], "visits")
    centre.copy(centre["central"], centre[ONE], "visits")
    assert count(centre[ONE]) == 0
    centre.copy(centre["central"], centre[TWO], "visits")
    assert count(centre[TWO]) == 2


def test_a_copied_machines_visits_stay_where_central_holds_the_copys(
    centre: SmallCentre, kiosk: Node
) -> None:
    """Central's word names a number; under that number the copy wrote something else."""
    visits(centre)
    with kiosk.file.write() as connection:
        connection.execute("SAVEPOINT before")
        take(kiosk)
        others = kiosk.stores["visits"].get(kiosk.stores["visits"].all_docs()[0].id)
        connection.execute("ROLLBACK TO before")
    centre.clock.forward(minutes=1)
    take(kiosk)
    assert kiosk.stores["visits"].all_docs()[0].id != others["_id"]
    centre["central"].stores["visits"].bulk_docs([others], new_edits=False, source=kiosk.id)
    days(centre, 20)
    kiosk.leaving.turn()
    assert count(kiosk) == 1


def test_acts_of_before_the_table_are_listed_at_the_next_start(centre: SmallCentre, kiosk: Node) -> None:
    take(kiosk)
    with kiosk.file.write():
        VisitAct.delete().execute()
        Fact.delete().where(Fact.key == "visits are listed").execute()
    assert count(centre.reopen(DOOR)) == 1
    with centre[DOOR].file.read():
        assert DepartedVisit.select().count() == 0
