"""The table of what cannot both stand (design §3.4): every row once, and how the desk settles.

A test named after a row tells its story; `test_every_row_has_its_story` counts them.
"""

from __future__ import annotations

import hashlib
import sys
from datetime import date
from itertools import combinations_with_replacement

import msgspec
import pytest

from schemas.acts import BY_KIND, Effect, Settled, Status, VisitStatus
from schemas.conflicts import ALL, TABLE, Blocks, Suspends, row_of
from schemas.entries import Cut, Fork, Person, Report, Revocation
from schemas.errors import Because
from schemas.events import Event, timestamp
from schemas.fold import Place, fold
from schemas.rules import Money
from tests.schemas.histories import (
    MORNING,
    STREAM,
    History,
    Step,
    amended,
    appraised,
    approved,
    extended,
    fee_collected,
    fee_refunded,
    fee_voided,
    history,
    informed,
    office,
    recalled,
    received,
    refused,
    registered,
    returned,
    sealed,
    settled,
    told,
    withdrawal_asked,
    withdrawal_granted,
    withdrawal_refused,
)


def ready() -> History:
    """A dossier that waits for its approval."""
    return history(received(), appraised())


def withdrawing() -> History:
    return ready() + withdrawal_asked()


def approved_and_withdrawn() -> History:
    """Approved in the room while it was withdrawn at a counter."""
    past = ready()
    return (past + approved()) | (past + withdrawal_asked())


def contested(past: History) -> set[str]:
    return set(past.acts(Place.CONTESTED))


# --- the rows ---


def test_settled_apart() -> None:
    """Two desks choose differently without knowing of each other: nothing stands until a third officer looks."""
    past = approved_and_withdrawn()
    both = (past + settled("approved")) | (past + settled("withdrawal_asked", by="son", node="central.2"))

    assert {conflict.rows for conflict in both.dossier.conflicts} == {
        ("settled_apart",),
        ("which_came_first",),
    }
    assert contested(both) == {"approved", "withdrawal_asked", "settled"}
    assert both.dossier.standing.blocks == ALL
    assert both.dossier.status is Status.PROCESSING


def test_opposed_outcomes() -> None:
    past = ready()
    both = (past + approved()) | (past + refused(by="quang", node="room-02.1"))

    assert both.conflict().rows == ("opposed_outcomes",)
    assert contested(both) == {"approved", "refused"}
    assert both.dossier.standing.blocks == ALL
    assert both.dossier.status is Status.PROCESSING
    assert both.dossier.standing.outcome is None


def test_which_came_first() -> None:
    """A fact and a decision: the citizen asked to withdraw while the approval was signed elsewhere."""
    both = approved_and_withdrawn()

    assert both.conflict().rows == ("which_came_first",)
    assert contested(both) == {"approved", "withdrawal_asked"}
    assert both.dossier.standing.blocks == ALL
    assert both.dossier.status is Status.PROCESSING


def test_returned_twice() -> None:
    """Two counters hand out the same result: both stand, nothing is blocked, the desk is told."""
    past = ready() + approved()
    both = (past + returned()) | (past + returned(by="minh", node="counter-02.1"))

    assert both.conflict().rows == ("returned_twice",)
    assert both.acts(Place.CONTESTED) == ["returned", "returned"]
    assert both.dossier.standing.blocks == frozenset()
    assert both.dossier.status is Status.RETURNED
    assert len(both.dossier.standing.returns) == 2


def test_other_decisions() -> None:
    """Found complete in one room, incomplete in the other."""
    past = history(received())
    both = (past + appraised()) | (past + appraised(passed=False, by="dung", node="room-02.1"))

    assert both.conflict().rows == ("other_decisions",)
    assert contested(both) == {"appraised"}
    assert both.dossier.standing.blocks == ALL
    assert both.dossier.status is Status.RECEIVED


def test_one_person() -> None:
    """Kim seals one approval, and approves the same result at another machine."""
    past = ready()
    both = (past + approved() + sealed()) | (past + approved(by="kim", node="room-02.1"))

    assert both.conflict().rows == ("one_person",)
    assert both.dossier.standing.blocks == {Blocks.SEAL, Blocks.RETURN}
    assert both.dossier.status is Status.DONE


def test_returned_or_recalled() -> None:
    """Handed out at a counter while the result was found wrong in the room: it was handed out."""
    past = ready() + approved()
    both = (past + returned()) | (past + recalled())

    assert both.conflict().rows == ("returned_or_recalled",)
    assert both.dossier.standing.blocks == {Blocks.DECISIONS}
    assert both.dossier.status is Status.RETURNED


def test_received_twice() -> None:
    """One portal dossier at two counters: both slips are out, the earlier promise holds."""
    past = history(registered())
    late = received(by="minh", node="counter-02.1").saying(due="2026-11-26T09:30:00.000000Z")
    both = (past + received()) | (past + late)

    assert both.conflict().rows == ("received_twice",)
    assert both.dossier.standing.blocks == frozenset()
    assert both.dossier.standing.due == "2026-11-26T09:30:00.000000Z"
    assert not (both + settled(None)).dossier.contested
    assert (both + settled(None)).acts(Place.VOID) == []


def test_extended_apart() -> None:
    past = history(received())
    both = (past + extended(3)) | (past + extended(2, by="quang", node="room-02.1"))

    assert both.conflict().rows == ("extended_apart",)
    assert both.dossier.standing.blocks == {Blocks.DECISIONS}
    assert both.dossier.standing.due.startswith("2026-12-02")
    assert both.dossier.standing.first_due.startswith("2026-11-27")
    chosen = both + settled(next(h for h in both.conflict().members if "-03T" in str(both.events[h])))
    assert chosen.dossier.standing.due.startswith("2026-12-03")


def test_fee_twice() -> None:
    """The money was taken twice: both receipts stand until one is given back."""
    past = history(received())
    both = (past + fee_collected()) | (past + fee_collected(2, by="ngan", node="counter-02.1"))

    assert both.conflict().rows == ("fee_twice",)
    assert both.dossier.standing.blocks == frozenset()
    assert both.dossier.money is Money.REFUND_DUE
    (task,) = both.dossier.tasks
    assert task.must == "dossier.fee_refunded"
    back = both + fee_refunded(task.about)
    assert not back.dossier.contested
    assert back.dossier.tasks == ()
    assert not (both + fee_voided(task.about)).dossier.contested


def test_amended_apart() -> None:
    past = history(received())
    both = (past + amended("Hoàng Văn Nhùng")) | (
        past + amended("Hoàng Văn Nung", by="minh", node="counter-02.1")
    )

    assert both.conflict().rows == ("amended_apart",)
    assert both.dossier.standing.blocks == frozenset()
    assert both.dossier.received is not None
    assert both.dossier.received.applicant.name == "Hoàng Văn Nung"
    confirmed = both + amended("Hoàng Văn Nhùng")
    assert not confirmed.dossier.contested
    assert confirmed.dossier.received is not None
    assert confirmed.dossier.received.applicant.name == "Hoàng Văn Nhùng"


def waiting() -> History:
    return history(told("visit.ticket_taken", "", "counter-01.1", ticket="A001", queue="Đất đai"))


def called(node: str = "counter-01.1") -> Step:
    return told("visit.called", "hoa", node, counter=node)


def test_rated_twice() -> None:
    past = waiting() + called()
    one, other = (
        told("visit.rated", "", "counter-01.1", phase="reception", level=n, satisfied=True) for n in (4, 5)
    )
    both = (past + one) | (past + other)
    assert both.conflict().rows == ("rated_twice",)
    assert both.acts(Place.HELD) == []


def test_called_twice() -> None:
    past = waiting()
    both = (past + called()) | (past + called("counter-02.1"))
    assert both.conflict().rows == ("called_twice",)
    assert both.dossier.visit is VisitStatus.CALLED


def test_revoked() -> None:
    """Signed with a certificate that had ended an hour before; the room had not heard of it."""
    past = ready() + approved()
    event = past.events[past.last]
    assert isinstance(event, Event)
    assert event.signed is not None
    ended = Revocation("certificate", event.signed.certificate, timestamp(MORNING), "Mất thẻ")
    later = fold(past, informed(ended))

    assert [conflict.rows for conflict in later.conflicts] == [("revoked",)]
    assert later.standing.blocks == {Blocks.SEAL, Blocks.RETURN}
    assert later.status is Status.PROCESSING
    assert past.dossier.status is Status.DONE
    before = Revocation("certificate", event.signed.certificate, "2027-01-01T00:00:00.000000Z", "Mất thẻ")
    assert fold(past, informed(before)).status is Status.DONE


def test_revoked_is_also_who_had_lost_the_role_meanwhile() -> None:
    """The approver had left on Friday; the room decided on Monday and had not heard of it."""
    past = ready() + approved()
    viet = office().catalog.latest.person("viet")
    assert viet is not None

    def until(day: date | msgspec.UnsetType) -> Person:
        (grant,) = viet.roles
        return msgspec.structs.replace(viet, roles=(msgspec.structs.replace(grant, until=day),))

    assert until(date(2026, 11, 20)) != viet
    left = fold(past, informed(until(date(2026, 11, 20))))
    assert [conflict.rows for conflict in left.conflicts] == [("revoked",)]
    assert left.status is Status.PROCESSING
    for harmless in (until(date(2026, 11, 23)), msgspec.structs.replace(viet, roles=())):
        assert not fold(past, informed(harmless)).contested, harmless
    given_back = fold(past, informed(until(date(2026, 11, 20)), until(msgspec.UNSET)))
    assert given_back.contested, "the desk answers"


def test_machine_doubted() -> None:
    """Two machines call themselves room-01.1: what it decides is neither sealed nor handed out."""
    past = ready() + approved()
    event = past.events[past.last]
    assert isinstance(event, Event)
    twin = past + told("dossier.note", "lan", "room-01.1", text="Đã gọi điện").but(seq=event.seq)
    assert twin.conflict().rows == ("machine_doubted",)
    assert twin.dossier.standing.blocks == {Blocks.SEAL, Blocks.RETURN}

    fork = Fork("room-01.1", "dossiers", event.seq, ("0" * 64, event.hash))
    told_of_it = fold(past, informed(fork))
    assert [conflict.rows for conflict in told_of_it.conflicts] == [("machine_doubted",)]
    assert told_of_it.blocked(Blocks.RETURN)
    assert told_of_it.status is Status.DONE


def reported(row: str, past: History) -> Report:
    return Report("r1", row, (STREAM, "0" * 32), (past.hash_of("received"), "f" * 64))  # type: ignore[arg-type]


@pytest.mark.parametrize("row", ["portal_twice", "possible_duplicate", "number_twice"])
def test_what_central_reports_is_shown_at_every_node(row: str) -> None:
    past = history(received())
    dossier = fold(past, informed(reported(row, past)))
    assert [conflict.rows for conflict in dossier.conflicts] == [(row,)]
    assert dossier.status is Status.RECEIVED
    assert dossier.blocked(Blocks.RETURN) is dossier.contested is (row == "number_twice")
    closed = msgspec.structs.replace(reported(row, past), closed=True)
    assert not fold(past, informed(reported(row, past), closed)).contested


def test_what_is_held_is_shown_as_held_even_where_central_reports_it() -> None:
    """Whoever admits what is held looks for it by that word."""
    past = history(received())
    cut = Cut("counter-01.1", "dossiers", 0, "", "forked")
    dossier = fold(past, informed(reported("number_twice", past), cut))
    assert [(line.place, line.why) for line in dossier.timeline] == [(Place.HELD, "cut")]
    assert [conflict.rows for conflict in dossier.conflicts] == [("number_twice",)]


test_portal_twice = test_possible_duplicate = test_number_twice = (
    test_what_central_reports_is_shown_at_every_node
)


@pytest.mark.parametrize("row", [row.name for row in TABLE])
def test_every_row_has_its_story(row: str) -> None:
    assert f"test_{row}" in vars(sys.modules[__name__])


# --- more stories of the same rows ---


def test_approved_twice_with_different_results_is_contested() -> None:
    past = ready()
    both = (past + approved("a")) | (past + approved("b", by="quang", node="room-02.1"))
    assert both.conflict().rows == ("opposed_outcomes",)


def test_approved_here_and_withdrawal_granted_there_is_one_conflict_of_three_acts() -> None:
    past = ready()
    both = (past + approved()) | (past + withdrawal_asked() + withdrawal_granted())

    assert both.conflict().rows == ("opposed_outcomes", "which_came_first")
    assert contested(both) == {"approved", "withdrawal_asked", "withdrawal_granted"}


def test_withdrawal_granted_here_and_refused_there_is_contested() -> None:
    past = withdrawing()
    both = (past + withdrawal_granted()) | (past + withdrawal_refused(by="viet", node="room-01.1"))

    assert both.conflict().rows == ("other_decisions",)
    assert both.dossier.status is Status.WITHDRAWING


def test_appraised_here_and_approved_there_is_contested() -> None:
    """Decisions that lead to different statuses: a new appraisal is a new question."""
    past = ready()
    both = (past + approved()) | (past + appraised(passed=False, by="dung", node="room-02.1"))
    assert both.conflict().rows == ("other_decisions",)


# --- what lives together ---


def test_the_same_decision_twice_is_one_decision_and_both_are_recorded() -> None:
    past = ready()
    both = (past + approved()) | (past + approved(by="quang", node="room-02.1"))

    assert not both.dossier.contested
    assert both.acts(Place.EFFECTIVE) == ["received", "appraised", "approved", "approved"]
    assert both.dossier.status is Status.DONE


def test_appraised_here_and_a_withdrawal_refused_there_lead_to_the_same_status() -> None:
    past = history(received())
    both = (past + appraised()) | (past + withdrawal_asked() + withdrawal_refused())

    assert not both.dossier.contested
    assert both.dossier.status is Status.PROCESSING


def test_asked_to_withdraw_at_two_counters_is_no_conflict() -> None:
    past = ready()
    both = (past + withdrawal_asked()) | (past + withdrawal_asked(by="hoa", node="counter-01.1"))

    assert not both.dossier.contested
    assert both.dossier.status is Status.WITHDRAWING


@pytest.mark.parametrize("second_first", [True, False])
def test_a_withdrawal_stays_granted_whenever_another_request_was_made(second_first: bool) -> None:
    """The hour orders displays; it never decides which decision stands."""
    past = ready()
    if second_first:
        again = past + withdrawal_asked(by="hoa", node="counter-01.1")
        granted = past + withdrawal_asked() + withdrawal_granted()
    else:
        granted = past + withdrawal_asked() + withdrawal_granted()
        again = past + withdrawal_asked(by="hoa", node="counter-01.1")
    assert (granted | again).dossier.status is Status.STOPPED


@pytest.mark.parametrize("second_first", [True, False])
def test_a_refusal_answers_only_the_requests_that_it_had_seen(second_first: bool) -> None:
    past = ready()
    if second_first:
        again = past + withdrawal_asked(by="hoa", node="counter-01.1")
        answered = past + withdrawal_asked() + withdrawal_refused()
    else:
        answered = past + withdrawal_asked() + withdrawal_refused()
        again = past + withdrawal_asked(by="hoa", node="counter-01.1")
    both = answered | again

    assert both.dossier.status is Status.WITHDRAWING
    assert (both + withdrawal_refused()).dossier.status is Status.PROCESSING


def test_acts_that_saw_each_other_are_never_joined() -> None:
    past = history(received(), appraised(passed=False), appraised(), withdrawal_asked(), withdrawal_refused())
    assert not past.dossier.contested
    assert past.dossier.status is Status.PROCESSING


# --- the table itself ---


def test_the_table_does_not_care_which_act_is_named_first() -> None:
    for one, other in combinations_with_replacement(sorted(BY_KIND), 2):
        for same in (True, False):
            assert row_of(one, other, same) is row_of(other, one, same)


def test_two_facts_are_never_suspended_by_each_other() -> None:
    facts = [kind for kind, act in BY_KIND.items() if act.effect is Effect.FACT]
    for one, other in combinations_with_replacement(facts, 2):
        row = row_of(one, other, False)
        assert row is None or row.suspends is Suspends.NEITHER


def test_the_same_decision_with_the_same_outcome_is_in_no_row() -> None:
    for kind, act in BY_KIND.items():
        if act.effect is Effect.DECISION:
            assert row_of(kind, kind, True) is None


def test_a_row_that_only_tells_binds_nobody() -> None:
    assert [row.name for row in TABLE if not row.binds] == [
        "returned_twice",
        "received_twice",
        "fee_twice",
        "amended_apart",
        "rated_twice",
        "called_twice",
        "portal_twice",
        "possible_duplicate",
    ]


def test_a_conflict_is_named_by_its_members() -> None:
    both = approved_and_withdrawn()
    members = sorted([both.hash_of("approved"), both.hash_of("withdrawal_asked")])

    assert both.conflict().members == tuple(members)
    assert both.conflict().id == hashlib.sha256("\n".join(members).encode()).hexdigest()
    assert both.conflict().title == "Phê duyệt / Rút hồ sơ"


# --- contested binds whoever knows of it ---


@pytest.mark.parametrize(
    "step",
    [
        appraised(),
        approved(),
        refused(),
        approved(by="quang", node="room-02.1"),
    ],
)
def test_a_contested_dossier_takes_no_decision(step: Step) -> None:
    past = approved_and_withdrawn() + step
    kind = step.kind.partition(".")[2]
    assert past.place(kind) is Place.HELD
    assert past.why(kind).startswith(Because.CONTESTED.value)


def test_a_contested_dossier_takes_no_answer_to_its_withdrawal() -> None:
    past = approved_and_withdrawn() + withdrawal_granted()
    assert past.place("withdrawal_granted") is Place.HELD


def test_a_return_from_a_contested_dossier_happened_and_is_marked() -> None:
    past = approved_and_withdrawn() + returned()
    assert past.place("returned") is Place.IRREGULAR
    assert past.why("returned").startswith(Because.CONTESTED.value)


def test_a_return_made_unknowing_folds() -> None:
    """The counter had not heard of the withdrawal."""
    past = ready() + approved()
    both = (past + returned()) | (past.without("approved") + withdrawal_asked())

    assert both.place("returned") is Place.EFFECTIVE
    assert both.dossier.blocked(Blocks.RETURN)
    assert len(both.dossier.standing.returns) == 1


def test_a_third_act_that_clashes_joins_the_conflict() -> None:
    past = ready()
    three = (past + approved()) | (past + withdrawal_asked()) | (past + refused(by="quang", node="room-02.1"))
    assert len(three.conflict().members) == 3


def test_two_conflicts_that_share_no_act_stay_two() -> None:
    past = ready() + approved()
    returned_twice = (past + returned()) | (past + returned(by="minh", node="counter-02.1"))
    both = returned_twice | (past.without("approved") + withdrawal_asked())

    assert sorted(conflict.rows for conflict in both.dossier.conflicts) == [
        ("returned_twice",),
        ("which_came_first",),
    ]


# --- the desk settles ---


def test_the_desk_lets_the_approval_stand() -> None:
    past = approved_and_withdrawn() + settled("approved")

    assert not past.dossier.contested
    assert past.place("withdrawal_asked") is Place.VOID
    assert past.dossier.status is Status.DONE
    assert (past + returned()).dossier.status is Status.RETURNED


def test_the_desk_lets_the_withdrawal_stand() -> None:
    past = approved_and_withdrawn() + settled("withdrawal_asked")

    assert not past.dossier.contested
    assert past.place("approved") is Place.VOID
    assert past.dossier.status is Status.WITHDRAWING
    assert (past + withdrawal_granted()).dossier.status is Status.STOPPED


def test_the_desk_lets_nothing_stand() -> None:
    past = approved_and_withdrawn() + settled(None)

    assert not past.dossier.contested
    assert past.acts(Place.VOID) == ["approved", "withdrawal_asked"]
    assert past.dossier.status is Status.PROCESSING
    assert (past + approved("b")).dossier.status is Status.DONE


def test_either_choice_between_two_results_decides_the_result() -> None:
    past = ready()
    both = (past + approved("a")) | (past + approved("b", by="quang", node="room-02.1"))
    for approval in both.conflict().members:
        chosen = both + settled(approval)
        assert chosen.dossier.standing.outcome is not None
        assert chosen.dossier.standing.outcome.hash == approval


def test_settling_a_double_return_leaves_both_returns() -> None:
    """Facts happened: the desk closes the question, it does not undo a hand-over."""
    past = ready() + approved()
    both = (past + returned()) | (past + returned(by="minh", node="counter-02.1"))
    closed = both + settled(both.conflict().members[0])

    assert not closed.dossier.contested
    assert closed.acts(Place.VOID) == []
    assert len(closed.dossier.standing.returns) == 2


def test_settled_apart_twice_then_settled_again() -> None:
    past = approved_and_withdrawn()
    here = past + settled("approved")
    there = past + settled("withdrawal_asked", by="son", node="central.2")
    again = (here | there) + settled(here.last, of="settled_apart", by="ha")

    assert not again.dossier.contested
    assert again.dossier.status is Status.DONE
    assert again.line(there.last).place is Place.VOID
    assert again.line(here.last).place is Place.EFFECTIVE


def test_settled_apart_and_neither_stands_opens_the_first_question_again() -> None:
    past = approved_and_withdrawn()
    both = (past + settled("approved")) | (past + settled("withdrawal_asked", by="son", node="central.2"))
    again = both + settled(None, of="settled_apart", by="ha")

    assert again.conflict().rows == ("which_came_first",)
    assert (again + settled("approved")).dossier.status is Status.DONE


def test_settled_twice_alike_is_settled() -> None:
    past = approved_and_withdrawn()
    both = (past + settled("approved")) | (past + settled("approved", by="son", node="central.2"))
    assert not both.dossier.contested
    assert both.dossier.status is Status.DONE


def test_two_desks_that_settle_different_questions_do_not_clash() -> None:
    past = ready() + approved()
    both = (past + returned()) | (past + returned(by="minh", node="counter-02.1"))
    both = both | (past.without("approved") + withdrawal_asked())
    here = both + settled("approved", of="which_came_first")
    there = both + settled(None, of="returned_twice", by="son", node="central.2")

    assert not (here | there).dossier.contested
    assert (here | there).dossier.status is Status.RETURNED


def test_a_decision_after_the_settlement_that_clashes_with_what_stands_is_a_new_conflict() -> None:
    past = ready()
    late = past + refused(by="quang", node="room-02.1")
    over = ((past + approved()) | (past + withdrawal_asked())) + settled("approved")
    both = over | late

    assert both.conflict().rows == ("opposed_outcomes",)
    assert contested(both) == {"approved", "refused"}
    again = both + settled("refused", by="son")
    assert not again.dossier.contested
    assert again.acts(Place.VOID) == ["approved", "withdrawal_asked"]
    assert again.dossier.standing.outcome is not None
    assert again.dossier.standing.outcome.kind == "dossier.refused"


def test_a_late_act_that_clashes_only_with_what_fell_is_no_conflict() -> None:
    past = ready()
    late = past + approved(by="quang", node="room-02.1")
    over = ((past + approved()) | (past + withdrawal_asked())) + settled("approved")
    assert not (over | late).dossier.contested


def test_dependents_share_the_fate_of_what_they_rest_on() -> None:
    """Granted there because it was asked there; when the desk finds for the approval, both fall."""
    past = ready()
    asked = past + withdrawal_asked()
    granted = asked + withdrawal_granted(rests_on=[asked.last])
    unknowing = (past + approved()) | asked
    over = unknowing + settled("approved")
    both = over | granted

    assert both.place("withdrawal_asked") is Place.VOID
    assert both.place("withdrawal_granted") is Place.VOID
    assert both.dossier.status is Status.DONE
    assert not both.dossier.contested


def test_dependents_of_a_contested_act_wait_with_it() -> None:
    past = history(received())
    one = past + appraised()
    other = past + appraised(passed=False, by="dung", node="room-02.1")
    both = (one + approved(rests_on=[one.last])) | other

    assert contested(both) == {"appraised", "approved"}
    assert both.dossier.status is Status.RECEIVED
    assert both.dossier.standing.outcome is None


def test_a_fact_that_names_a_foundation_still_happened_when_that_falls() -> None:
    past = ready() + approved()
    handed_out = past + returned(rests_on=[past.last])
    unknowing = past | (past.without("approved") + withdrawal_asked())
    both = handed_out | (unknowing + settled("withdrawal_asked"))

    assert both.place("approved") is Place.VOID
    assert both.place("returned") is Place.EFFECTIVE
    assert len(both.dossier.standing.returns) == 1


@pytest.mark.parametrize("rests_on_a_void_act", [True, False])
def test_a_decision_on_a_void_foundation_is_void(rests_on_a_void_act: bool) -> None:
    past = history(received())
    one, other = past + appraised(), past + appraised(passed=False, by="dung", node="room-02.1")
    over = (one | other) + settled(one.last)
    foundation = other.last if rests_on_a_void_act else one.last
    decided = over + approved(rests_on=[foundation])

    assert decided.place("approved") is (Place.VOID if rests_on_a_void_act else Place.EFFECTIVE)
    assert decided.dossier.status is (Status.PROCESSING if rests_on_a_void_act else Status.DONE)


# --- who may settle, and what ---


def held_because(past: History) -> str:
    assert past.place("settled") is Place.HELD
    return past.why("settled").partition(":")[0]


def test_an_officer_who_took_part_may_not_settle() -> None:
    """The same person handed the result out, and now sits at the desk."""
    past = approved_and_withdrawn()
    both = (past + settled("approved")) | (past + settled("withdrawal_asked", by="son", node="central.2"))

    again = both + settled(None, of="settled_apart", by="son")
    assert held_because(again) == Because.TOOK_PART.value
    assert len(again.dossier.conflicts) == 2


@pytest.mark.parametrize(
    ("step", "because"),
    [
        (settled("approved", node="room-01.1"), Because.DUTY),
        (settled("approved", by="hoa"), Because.ROLE),
        (settled("approved", by="nobody"), Because.NO_SUCH_PERSON),
        (settled("approved").saying(conflict="0" * 64), Because.NO_SUCH_CONFLICT),
        (settled("approved").saying(members=[]), Because.NO_SUCH_CONFLICT),
        (settled("approved").saying(stands=["0" * 64]), Because.DATA),
        (settled("approved").saying(reason=""), Because.DATA),
    ],
)
def test_a_settlement_that_keeps_to_no_rule_is_held(step: Step, because: Because) -> None:
    past = approved_and_withdrawn() + step
    assert held_because(past) == because.value
    assert past.dossier.contested


def test_at_most_one_member_stands() -> None:
    past = approved_and_withdrawn()
    both = past + settled("approved").saying(stands=list(past.conflict().members))
    assert held_because(both) == Because.DATA.value


def test_a_conflict_that_is_settled_is_not_settled_again() -> None:
    past = approved_and_withdrawn()
    twice = past + settled("approved")
    conflict = past.conflict()
    again = twice + settled(None).but(
        data={
            "conflict": conflict.id,
            "members": list(conflict.members),
            "stands": [],
            "reason": "Xem lại",
        },
        by="son",
    )
    assert held_because(again) == Because.NO_SUCH_CONFLICT.value


def test_the_desk_cannot_settle_a_conflict_that_it_has_not_seen() -> None:
    past = ready()
    seen, unseen = past + approved(), past + withdrawal_asked()
    conflict = (seen | unseen).conflict()
    blind = seen + settled(None).but(
        data={"conflict": conflict.id, "members": list(conflict.members), "stands": [], "reason": "?"}
    )
    assert held_because(blind | unseen) == Because.NO_SUCH_CONFLICT.value
    assert (blind | unseen).dossier.contested


# --- what central reports of several dossiers ---


def test_the_desk_answers_a_reported_row_in_one_dossier_and_it_stays_answered() -> None:
    """Central closes the row afterwards; the answer was given while it was open, and is judged by that."""
    past = history(received())
    report = reported("possible_duplicate", past)
    told_of_it = informed(report)
    (conflict,) = fold(past, told_of_it).conflicts
    answer = Settled(conflict.id, conflict.members, (past.last,), "Hai việc khác nhau")
    step = settled(None).but(data=answer, rests_on=[past.last], catalog=told_of_it.name)
    answered = past + step
    for catalog in (told_of_it, informed(report, msgspec.structs.replace(report, closed=True))):
        dossier = fold(answered, catalog)
        assert [line.place for line in dossier.timeline] == [Place.EFFECTIVE, Place.EFFECTIVE]
        assert not dossier.contested
        assert dossier.status is Status.RECEIVED


def test_who_did_not_know_of_a_report_was_not_bound_by_it() -> None:
    past = history(received(), appraised(), approved())
    returned_unknowing = past + returned()
    dossier = fold(returned_unknowing, informed(reported("number_twice", past)))
    assert dossier.timeline[-1].place is Place.EFFECTIVE
    assert dossier.blocked(Blocks.RETURN)
