"""What nodes do apart, and what every one of them shows when they have met again."""

from __future__ import annotations

import pytest

from schemas.acts import Reasoned, Status
from schemas.errors import Because, NotAllowed
from tests.centres import SmallCentre


def test_a_dossier_goes_from_counter_to_room_to_another_counter(centre: SmallCentre) -> None:
    """Received here, decided there, returned elsewhere: all nodes show the same dossier."""
    dossier = centre.receive("counter-01")
    centre.meet("counter-01", "room-01")
    centre.appraise(dossier)
    centre.approve(dossier)
    centre.meet()
    returned = centre.return_(dossier, "counter-02", by="long.pd")
    centre.meet()

    assert returned.status is Status.RETURNED
    assert len(set(map(repr, centre.shown(dossier)))) == 1


def test_approved_in_the_room_and_withdrawn_at_a_counter_is_contested_everywhere(centre: SmallCentre) -> None:
    """Both acts are kept and shown; neither has won; the status is that of what both had seen."""
    dossier = centre.appraised()
    centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()

    for shown in centre.shown(dossier):
        (conflict,) = shown.conflicts
        kinds = {line.kind for line in shown.timeline if line.hash in conflict.members}
        assert kinds == {"dossier.approved", "dossier.withdrawal_asked"}
        assert conflict.rows == ("which_came_first",)
        assert shown.status is Status.PROCESSING
    with pytest.raises(NotAllowed) as refused:
        centre.refuse(dossier)
    assert refused.value.because is Because.CONTESTED


@pytest.mark.parametrize(
    ("stands", "status"), [("approved", Status.DONE), ("withdrawal_asked", Status.WITHDRAWING)]
)
def test_the_desk_settles_and_every_node_follows(centre: SmallCentre, stands: str, status: Status) -> None:
    """One more act, with its reason; what does not stand is void, and still there."""
    dossier = centre.appraised()
    centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()
    centre.settle(dossier, stands)
    centre.meet()

    for shown in centre.shown(dossier):
        assert not shown.contested
        assert shown.status is status
        assert len(shown.timeline) == 5
    if stands == "withdrawal_asked":
        room = centre["room-01"]
        granted = room.ledger.act(
            dossier.stream, "dossier.withdrawal_granted", Reasoned("Theo đơn."), by="viet.tq"
        )
        assert granted.status is Status.STOPPED


def test_approved_here_and_refused_there_is_contested(centre: SmallCentre) -> None:
    """Two approvers at two machines that did not see each other."""
    dossier = centre.appraised()
    centre.approve(dossier, "room-01")
    centre.refuse(dossier, "central", by="mai.hk")
    centre.meet()
    assert {conflict.rows for shown in centre.shown(dossier) for conflict in shown.conflicts} == {
        ("opposed_outcomes",)
    }


def test_returned_at_two_counters_is_shown_and_blocks_nothing(centre: SmallCentre) -> None:
    """Two papers were handed over; both facts stand, and the desk is told."""
    dossier = centre.appraised()
    centre.approve(dossier)
    centre.meet()
    centre.return_(dossier, "counter-01")
    centre.return_(dossier, "counter-02", by="long.pd")
    centre.meet()

    for shown in centre.shown(dossier):
        assert shown.status is Status.RETURNED
        assert len(shown.standing.returns) == 2
        assert [conflict.rows for conflict in shown.conflicts] == [("returned_twice",)]
    centre.settle(dossier, "returned")
    centre.meet()
    assert not any(shown.contested for shown in centre.shown(dossier))


def test_an_officer_who_took_part_may_not_settle(centre: SmallCentre) -> None:
    """Nobody judges their own act: here nobody at all but the desk may, and it took no part."""
    dossier = centre.appraised()
    centre.approve(dossier)
    centre.withdraw(dossier)
    centre.meet()
    with pytest.raises(NotAllowed) as refused:
        centre.settle(dossier, "approved", by="viet.tq")
    assert refused.value.because is Because.ROLE


def test_an_act_that_arrives_before_its_past_waits_and_says_so(centre: SmallCentre) -> None:
    """The appraisal without the reception: kept, shown as incomplete, and folded when the past arrives."""
    dossier = centre.receive("counter-01")
    centre.meet("counter-01", "room-01")
    appraised = centre.appraise(dossier)
    appraisal = appraised.timeline[-1].hash
    room, other = centre["room-01"], centre["counter-02"]
    document = room.stores["dossiers"].get(f"{dossier.stream}:{appraisal}")
    other.stores["dossiers"].bulk_docs([document], new_edits=False, source="room-01.1")

    early = other.register.dossier(dossier.stream)
    assert not early.complete
    assert [line.place.value for line in early.timeline] == ["waiting"]
    assert other.register.problems().held == 1

    centre.meet("counter-01", "counter-02")
    assert other.register.dossier(dossier.stream).status is Status.PROCESSING
    assert other.register.problems().none


def test_a_restart_changes_nothing(centre: SmallCentre) -> None:
    """Lists, searches and numbers are as they were, and a rebuild makes the same ones again."""
    for applicant in ("Nông Văn Thắng", "Lý Thị Mai", "Đặng Văn Đạt"):
        centre.receive(applicant=applicant)
    counter = centre["counter-01"]
    before = [(row.number, row.applicant) for row in counter.register.find("").rows]
    counter = centre.reopen("counter-01")
    assert [(row.number, row.applicant) for row in counter.register.find("").rows] == before
    assert [row.applicant for row in counter.register.find("dang van dat").rows] == ["Đặng Văn Đạt"]
    counter.projector.rebuild()
    assert [(row.number, row.applicant) for row in counter.register.find("").rows] == before
    after = centre.receive()
    assert after.received is not None
    assert after.received.number.endswith("-0104")
