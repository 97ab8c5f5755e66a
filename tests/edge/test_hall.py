"""The hall with its cables in and pulled: tickets are given, called, handed on; and what two counters did apart is seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec
import pytest

from central.centre import Numbers, Office, Place, enrol
from central.demo.plan import QUEUES
from edge.errors import NotAtCounter
from edge.folder import Folder
from edge.node import Node
from edge.settings import NodeSettings
from edge.tables.node import Number
from edge.visits import Taken
from printing.spool import PrintJob, State
from schemas.acts import VisitStatus
from schemas.calendar import local_day
from schemas.entries import Duty, NumberRange, Queue
from schemas.errors import NotAllowed, TicketsUsedUp
from schemas.queue import Turn, stream_of
from tests.centres import SmallCentre

LAND, ROADS = QUEUES[:2]
ONE, TWO = "counter-01", "counter-02"
CLERK: Final = {ONE: "hanh.nh", TWO: "long.pd"}
DOOR: Final = Place(
    "kiosk-01.1", "Kiosk 01", 31, (Duty.KIOSK,), "", ranges=(Numbers("ticket", "*", 800, 802),)
)


def take(node: Node, queue: Queue = LAND) -> Turn:
    return node.hall.take(queue)


def visits(centre: SmallCentre, *names: str) -> None:
    """The line between these machines carries visits, both ways."""
    nodes = [centre[name] for name in names or centre.nodes]
    for _ in range(2):
        for source in nodes:
            for target in nodes:
                if source is not target:
                    centre.copy(source, target, "catalog", "visits")


def call(centre: SmallCentre, at: str) -> Turn | None:
    hall = centre[at].hall
    current = hall.at_desk().current
    return hall.call_next(current.stream if current else "", "served", by=CLERK[at])


def current(centre: SmallCentre, at: str) -> str:
    turn = centre[at].hall.at_desk().current
    return turn.ticket if turn else ""


@pytest.fixture
def kiosk(centre: SmallCentre) -> Node:
    """A machine at the door that may do nothing but give tickets: three a day in each queue."""
    folder = Folder(centre.data / "kiosk-01")
    enrol(folder, centre["central"], DOOR, NodeSettings("kiosk-01.1"), by="quan.nv")
    centre.nodes["kiosk-01"] = centre.open("kiosk-01")
    visits(centre)
    return centre["kiosk-01"]


# ---- tickets


def test_two_kiosks_never_give_one_number(centre: SmallCentre) -> None:
    """Each from its own range, without asking anybody; each queue counts for itself, and every day begins anew."""
    here, there = centre[ONE], centre[TWO]
    names = [take(node, queue).ticket for node in (here, there) for queue in (LAND, LAND, ROADS)]
    assert names == ["A-001", "A-002", "B-001", "A-400", "A-401", "B-400"]
    centre.clock.forward(days=1)
    assert take(here).ticket == "A-001"
    assert [turn.ticket for turn in here.visits.turns()] == ["A-001"], "yesterday's tickets are over"


def test_the_number_its_act_and_its_paper_are_one(centre: SmallCentre) -> None:
    """The disk is full while the paper is queued: no number was used, nobody has a ticket."""
    node = centre[ONE]

    def full(taken: Taken) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        node.hall.take(LAND, spool=full)
    assert node.visits.turns() == []
    assert take(node).ticket == "A-001"


def test_a_ticket_comes_out_of_the_kiosks_printer(centre: SmallCentre) -> None:
    node, printed = centre[ONE], []

    def spool(taken: Taken) -> None:
        printed.append(taken)
        node.papers.spool_ticket(taken, counters="Quầy 01, Quầy 02", priority="", estimate="")

    for _ in range(2):
        node.hall.take(LAND, spool=spool)
    node.spool.work(at=node.clock())
    with node.file.read():
        jobs = list(PrintJob.select())
    assert [(job.form, job.copies, job.state) for job in jobs] == [("ticket", 1, State.DONE.value)] * 2
    assert [taken.ahead for taken in printed] == [0, 1]
    centre.clock.forward(days=1)
    node.hall.take(LAND, spool=spool)
    assert node.spool.work(at=node.clock()) == 1, "tomorrow's A-001 is another paper"


def test_a_kiosk_says_when_its_numbers_run_out(centre: SmallCentre, kiosk: Node) -> None:
    """Nobody gets a number twice; central grants more, and it goes on."""
    assert not kiosk.visits.left("A").few
    assert [take(kiosk).ticket for _ in range(3)] == ["A-800", "A-801", "A-802"]
    assert (kiosk.visits.left("A").left, kiosk.visits.left("A").few) == (0, True)
    with pytest.raises(TicketsUsedUp):
        take(kiosk)
    assert take(kiosk, ROADS).ticket == "B-800"
    more = NumberRange("more", kiosk.id, "ticket", 900, 999, local_day(centre.clock()), symbol="*")
    Office(centre["central"]).define([more], by="quan.nv")
    visits(centre, "central", "kiosk-01")
    assert take(kiosk).ticket == "A-900"


def test_a_machine_without_a_range_gives_no_tickets(centre: SmallCentre) -> None:
    central = centre["central"]
    card = centre["room-01"].card
    Office(central).define([msgspec.structs.replace(card, duties=(*card.duties, Duty.QUEUE))], by="quan.nv")
    visits(centre, "central", "room-01")
    with pytest.raises(TicketsUsedUp):
        take(centre["room-01"])


def test_a_kiosk_whose_disk_was_restored_goes_on_above_what_others_know(
    centre: SmallCentre, kiosk: Node
) -> None:
    take(kiosk)
    visits(centre, "kiosk-01", "central")
    with kiosk.file.write():
        Number.delete().execute()  # the backup was made before
    assert take(kiosk).ticket == "A-801"


def test_after_a_restart_the_queue_is_as_it_was(centre: SmallCentre) -> None:
    take(centre[ONE])
    take(centre[ONE])
    call(centre, ONE)
    before = centre[ONE].visits.turns()
    assert centre.reopen(ONE).visits.turns() == before
    assert take(centre[ONE]).ticket == "A-003"


def test_what_waits_for_central_is_counted_after_a_restart_too(centre: SmallCentre) -> None:
    """Acts of the queue stand in the status line as all others do, until central has them."""
    for _ in range(3):
        take(centre[ONE])
    centre.copy(centre[ONE], centre[TWO], "visits")
    assert centre[ONE].register.waiting().count == 3
    assert centre[TWO].register.waiting().count == 0, "it has not written them"
    node = centre.reopen(ONE)
    assert node.register.waiting().visits == 3
    node.visits.centre_has(2)
    assert node.register.waiting().visits == 1
    assert centre.reopen(ONE).register.waiting().visits == 1


# ---- at the counter


def test_one_press_ends_a_visit_and_calls_the_next(centre: SmallCentre) -> None:
    node = centre[ONE]
    first, second = take(node), take(node)
    call(centre, ONE)
    assert current(centre, ONE) == first.ticket
    dossier = centre.receive(ONE)
    call(centre, ONE)
    assert current(centre, ONE) == second.ticket
    done = node.visits.visit(first.stream).standing.newest["visit.served"]
    assert done.data.dossiers == (dossier.stream,), "what was received in between belongs to this visit"
    assert call(centre, ONE) is None
    assert current(centre, ONE) == ""


def test_a_page_that_is_old_calls_nobody(centre: SmallCentre) -> None:
    """Pressed twice, or in a second tab: the second press changes nothing."""
    node = centre[ONE]
    take(node)
    take(node)
    node.hall.call_next("", "served", by="hanh.nh")
    with pytest.raises(NotAtCounter):
        node.hall.call_next("", "served", by="hanh.nh")
    assert current(centre, ONE) == "A-001"
    assert [turn.ticket for turn in node.hall.at_desk().line] == ["A-002"]


def test_skipped_and_called_back(centre: SmallCentre) -> None:
    node = centre[ONE]
    turn = take(node)
    call(centre, ONE)
    node.hall.finish(turn.stream, "skipped", by="hanh.nh")
    desk = node.hall.at_desk()
    assert (desk.current, [one.ticket for one in desk.skipped]) == (None, ["A-001"])
    node.hall.call(turn.stream, "", "", by="hanh.nh")
    assert current(centre, ONE) == "A-001"
    node.hall.call_again(turn.stream, by="hanh.nh")
    node.hall.finish(turn.stream, "abandoned", by="hanh.nh")
    assert node.visits.turns()[0].status is VisitStatus.ABANDONED


def test_handed_on_without_a_new_number(centre: SmallCentre) -> None:
    """The other counter calls it before all who wait; nobody else does."""
    here, there = centre[ONE], centre[TWO]
    turn = take(here)
    for _ in range(2):
        take(here)
    call(centre, ONE)
    with pytest.raises(NotAtCounter):
        here.hall.hand_on(turn.stream, "Phòng 4 tại chỗ", by="hanh.nh")
    here.hall.hand_on(turn.stream, "Quầy 02", by="hanh.nh")
    visits(centre)
    assert [one.ticket for one in here.hall.at_desk().line] == ["A-002", "A-003"]
    assert [one.ticket for one in there.hall.at_desk().line] == ["A-001", "A-002", "A-003"]
    call(centre, TWO)
    assert current(centre, TWO) == "A-001"


def test_a_queue_that_other_counters_call_is_not_called_here(centre: SmallCentre) -> None:
    only = msgspec.structs.replace(ROADS, places=("counter-02",))
    Office(centre["central"]).define([only], by="quan.nv")
    visits(centre)
    take(centre[ONE], only)
    visits(centre)
    assert call(centre, ONE) is None
    found = call(centre, TWO)
    assert found is not None
    assert found.ticket == "B-001"
    assert centre[ONE].hall.places_of(only) == ["Quầy 02"]


def test_the_wait_is_told_from_what_was_measured_also_on_the_last_open_day(centre: SmallCentre) -> None:
    node = centre[ONE]
    for _ in range(3):
        take(node)
    for _ in range(4):
        call(centre, ONE)
        centre.clock.forward(minutes=6)
    assert [one.minutes for one in node.hall.waiting() if one.queue == LAND] == [0]
    centre.clock.forward(days=3)
    for _ in range(2):
        take(node)
    (land,) = [one for one in node.hall.waiting() if one.queue == LAND]
    (roads,) = [one for one in node.hall.waiting() if one.queue == ROADS]
    assert (land.waiting, land.minutes) == (2, 15), "12 minutes and a bit, in steps of five"
    assert node.hall.minutes(ROADS, 4) is None, "nothing was measured there"
    assert (roads.waiting, roads.minutes) == (0, 0)


# ---- with cables pulled


def test_a_ticket_of_a_kiosk_that_is_out_of_reach_is_served_and_is_one_ticket_afterwards(
    centre: SmallCentre, kiosk: Node
) -> None:
    """The clerk types the number from the paper; the kiosk's own act joins it when the cable is back."""
    held = take(kiosk)
    here = centre[ONE].hall.write_down(held.ticket, by="hanh.nh")
    assert here.stream == held.stream
    centre[ONE].hall.call(here.stream, "", "", by="hanh.nh")
    centre[ONE].hall.finish(here.stream, "served", by="hanh.nh")
    visits(centre)
    for name in (ONE, TWO, "kiosk-01"):
        (turn,) = centre[name].visits.turns()
        assert (turn.ticket, turn.status) == (held.ticket, VisitStatus.SERVED)


def test_called_at_two_counters_that_did_not_see_each_other(centre: SmallCentre) -> None:
    """Both see it once they meet, both still have the visitor; one says where they are, and both go on."""
    for _ in range(3):
        take(centre[ONE])
    visits(centre)
    call(centre, ONE)
    call(centre, TWO)  # the cable between them is out
    visits(centre)
    for name in (ONE, TWO):
        turn = centre[name].hall.at_desk().current
        assert turn is not None
        assert turn.disputed
        assert set(turn.counters) == {"Quầy 01", "Quầy 02"}
        assert [one.ticket for one in centre[name].hall.at_desk().line] == ["A-002", "A-003"]
    first = centre[TWO].hall.calls()[0][0]
    centre[TWO].hall.is_at(first.stream, "Quầy 01", by="long.pd")
    assert current(centre, TWO) == "", "this one is free at once"
    visits(centre)
    assert current(centre, ONE) == "A-001"
    assert [counter for _, counter, _ in centre[ONE].hall.calls()] == ["Quầy 01"]
    assert [turn.ticket for turn in centre[TWO].hall.at_desk().twice] == ["A-001"], "it stays known"
    call(centre, TWO)
    call(centre, ONE)
    visits(centre)
    statuses = {turn.ticket: turn.status for turn in centre[ONE].visits.turns()}
    assert statuses["A-001"] is VisitStatus.SERVED
    assert statuses["A-002"] is VisitStatus.CALLED


def test_nobody_says_where_a_visitor_is_who_was_not_called_there(centre: SmallCentre) -> None:
    turn = take(centre[ONE])
    call(centre, ONE)
    with pytest.raises(NotAtCounter):
        centre[ONE].hall.is_at(turn.stream, "Quầy 02", by="hanh.nh")
    with pytest.raises(NotAllowed):
        centre[ONE].hall.finish(turn.stream, "served", by="ha.lt")


def test_a_counter_knows_which_others_it_does_not_hear(centre: SmallCentre) -> None:
    contacts = centre[ONE].contacts
    contacts.heard(centre[TWO].id)
    assert centre[ONE].hall.away() == []
    centre.clock.forward(minutes=5)
    (away,) = centre[ONE].hall.away()
    assert away.counter == "Quầy 02"
    assert away.since is not None
    assert centre.clock.at - away.since > timedelta(minutes=4)


def test_what_came_before_its_catalog_counts_once_the_catalog_is_there(
    centre: SmallCentre, kiosk: Node
) -> None:
    """A kiosk that was enrolled while the counter was cut off: its tickets wait for its card, and then stand in line."""
    later = Place("kiosk-02.1", "Kiosk 02", 32, (Duty.KIOSK,), "", ranges=(Numbers("ticket", "*", 810, 819),))
    enrol(
        Folder(centre.data / "kiosk-02"), centre["central"], later, NodeSettings("kiosk-02.1"), by="quan.nv"
    )
    centre.nodes["kiosk-02"] = centre.open("kiosk-02")
    taken = take(centre["kiosk-02"])
    assert taken.stream == stream_of(local_day(centre.clock()), "A-810")
    centre.copy(centre["kiosk-02"], centre[ONE], "visits")
    assert centre[ONE].visits.turns() == []
    centre.copy(centre["central"], centre[ONE], "catalog")
    assert [turn.ticket for turn in centre[ONE].visits.turns()] == ["A-810"]
