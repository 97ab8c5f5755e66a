"""A dossier is the fold of its events: the same for everybody, however they came, and for any of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.acts import BY_KIND, Status
from schemas.catalog import Catalog
from schemas.conflicts import row_of
from schemas.errors import Because
from schemas.events import Event, EventHash, Unknown
from schemas.fold import Dossier, Line, Place, fold
from tests.schemas.histories import (
    MORNING,
    STREAM,
    History,
    Notebook,
    Step,
    appraised,
    approved,
    history,
    office,
    received,
    refused,
    result_file,
    returned,
    settled,
    withdrawal_asked,
    withdrawal_granted,
    withdrawal_refused,
)
from tests.schemas.plausible import ancestors, histories, only, shuffled_with_duplicates

NO_EFFECT = {Place.HELD, Place.WAITING, Place.NEWER}
randoms = st.randoms(use_true_random=False)


def folded(past: History) -> Dossier:
    return fold(past, office().catalog)


# --- laws ---


@given(histories(), randoms)
def test_the_fold_does_not_care_how_events_arrive(past: History, random: Random) -> None:
    assert fold(shuffled_with_duplicates(past, random), office().catalog) == folded(past)


@given(histories(), randoms)
def test_nor_does_it_when_some_have_not_arrived(past: History, random: Random) -> None:
    kept = only(past, {h for h in past.events if random.random() < 0.7})
    dossier = folded(kept)

    assert fold(shuffled_with_duplicates(kept, random), office().catalog) == dossier
    named = {p for event in kept if isinstance(event, Event) for p in event.parents}
    assert set(dossier.missing) == named - kept.events.keys()
    assert dossier.complete == (not dossier.missing)


@given(histories(), randoms)
def test_when_the_rest_arrives_all_is_as_if_it_had_always_been_there(past: History, random: Random) -> None:
    kept = only(past, {h for h in past.events if random.random() < 0.5})
    assert folded(kept | past) == folded(past)


@given(histories())
def test_every_act_is_judged_over_its_ancestors_alone(past: History) -> None:
    """What others did meanwhile may contest it or make it void, never irregular or held."""
    lines = {line.hash: line for line in folded(past).timeline}
    for event_hash in past.events:
        alone = only(past, ancestors(past, event_hash) | {event_hash})
        then, now = alone.line(event_hash), lines[event_hash]
        assert then.why == now.why
        assert (then.place in NO_EFFECT) == (now.place in NO_EFFECT)


@given(histories(), randoms)
def test_a_prefix_folds_the_same_whatever_else_lies_beside_it(past: History, random: Random) -> None:
    """Two branches apart, then together: each event keeps its verdict, each line appears once."""
    head = random.choice(sorted(past.events))
    prefix = only(past, ancestors(past, head) | {head})
    whys = {line.hash: line.why for line in folded(prefix).timeline}
    assert whys.items() <= {line.hash: line.why for line in folded(past).timeline}.items()


@given(histories())
def test_every_event_has_one_line_and_parents_come_first(past: History) -> None:
    dossier = folded(past)
    place = {line.hash: number for number, line in enumerate(dossier.timeline)}

    assert place.keys() == past.events.keys()
    assert len(dossier.timeline) == len(past)
    for event in past:
        assert isinstance(event, Event)
        assert all(place[EventHash(parent)] < place[event.hash] for parent in event.parents)
    understood = {line.hash for line in dossier.timeline if line.place not in (Place.WAITING, Place.NEWER)}
    known = [past.events[name] for name in understood]
    named = {parent for event in known if isinstance(event, Event) for parent in event.parents}
    assert list(dossier.heads) == sorted(understood - named)


@given(histories())
def test_conflicts_are_the_connected_components_of_the_table(past: History) -> None:
    """Checked against the definition, pair by pair, where nothing has been settled."""
    dossier = folded(past)
    if "settled" in {line.kind.partition(".")[2] for line in dossier.timeline if line.place not in NO_EFFECT}:
        return
    acts = [line for line in dossier.timeline if line.place not in NO_EFFECT]
    before = {line.hash: ancestors(past, line.hash) for line in acts}
    groups: list[set[str]] = []
    for one, other in combinations(acts, 2):
        if one.hash in before[other.hash] or other.hash in before[one.hash]:
            continue
        if _joined(past, one, other) and not _confirmed(past, one, other, acts, before):
            touching = [group for group in groups if group & {one.hash, other.hash}]
            groups = [group for group in groups if group not in touching]
            groups.append({one.hash, other.hash}.union(*touching))

    assert sorted(map(sorted, groups)) == sorted(list(conflict.members) for conflict in dossier.conflicts)


@given(histories())
def test_conflicts_have_only_acts_in_force_and_nothing_void_is_contested(past: History) -> None:
    dossier = folded(past)
    places = {line.hash: line.place for line in dossier.timeline}
    for conflict in dossier.conflicts:
        assert {places[member] for member in conflict.members} == {Place.CONTESTED}
        assert len(conflict.members) > 1
    if not any(line.kind == "dossier.settled" and line.place not in NO_EFFECT for line in dossier.timeline):
        assert Place.VOID not in places.values()


@given(histories())
def test_a_settled_history_can_always_be_settled_to_its_end(past: History) -> None:
    """However contested, officers who took no part can answer until nothing is left open."""
    officers = ["thu"]
    for _ in range(2 * len(past)):
        found = [conflict for conflict in past.dossier.conflicts if conflict.for_desk]
        officers = [name for name in ("thu", "son", "ha") if name not in past.dossier.standing.authors]
        if not found or not officers:
            break
        conflict = found[0]
        data = {
            "conflict": conflict.id,
            "members": list(conflict.members),
            "stands": [conflict.members[0]],
            "reason": "Theo biên bản",
        }
        # whoever stands beside them, should a result be revoked
        beside = [
            name for name in ("giam", *officers[1:]) if name not in past.dossier.standing.authors
        ] or officers
        past = past + settled(None, by=officers[0], with_=beside[:1]).but(data=data)
        assert past.line(past.last).place is Place.EFFECTIVE
    assert not any(conflict.for_desk for conflict in past.dossier.conflicts) or not officers


def _joined(past: History, one: Line, other: Line) -> bool:
    """Whether a row joins two acts: of one kind, where they are about the same; else by kind and person."""
    if one.kind != other.kind:
        return row_of(one.kind, other.kind, False, one.by == other.by) is not None
    mine, theirs = _claims(past, one), _claims(past, other)
    return any(
        row_of(one.kind, one.kind, mine[about] == theirs[about]) for about in mine.keys() & theirs.keys()
    )


def _claims(past: History, line: Line) -> Mapping[str, str]:
    event, act = past.events[line.hash], BY_KIND[line.kind]
    assert isinstance(event, Event)
    if line.kind == "dossier.received":
        return {"": line.hash}  # each reception speaks of itself
    return act.says(msgspec.convert(event.data, act.data))


def _confirmed(
    past: History, one: Line, other: Line, acts: list[Line], before: Mapping[EventHash, set[EventHash]]
) -> bool:
    """Whether somebody who had seen both has written the same field again."""
    if one.kind != "dossier.amended" or other.kind != one.kind:
        return False
    fields = _claims(past, one).keys() & _claims(past, other).keys()
    later = (line for line in acts if line.kind == one.kind and {one.hash, other.hash} <= before[line.hash])
    return any(_claims(past, line).keys() & fields for line in later)


# --- a day like any other ---


def test_from_reception_to_return() -> None:
    past = history(received())
    statuses = [past.dossier.status]
    for step in (appraised(), approved(), returned()):
        past = past + step
        statuses.append(past.dossier.status)

    assert statuses == [Status.RECEIVED, Status.PROCESSING, Status.DONE, Status.RETURNED]
    assert {line.place for line in past.dossier.timeline} == {Place.EFFECTIVE}
    assert past.dossier.received is not None
    assert past.dossier.received.applicant.name == "Hoàng Văn Nùng"
    assert past.dossier.stream == STREAM


def test_withdrawn_and_stopped() -> None:
    past = history(received(), withdrawal_asked())
    assert past.dossier.status is Status.WITHDRAWING
    assert (past + withdrawal_granted()).dossier.status is Status.STOPPED
    assert (past + withdrawal_refused()).dossier.status is Status.RECEIVED


def test_a_withdrawal_refused_may_be_asked_again() -> None:
    past = history(received(), appraised(), withdrawal_asked(), withdrawal_refused(), withdrawal_asked())
    assert past.dossier.status is Status.WITHDRAWING
    assert past.place("withdrawal_asked") is Place.EFFECTIVE


def test_nothing_at_all_folds_to_nothing() -> None:
    dossier = fold([], office().catalog)
    assert dossier == History(Notebook(), {}).dossier
    assert (dossier.stream, dossier.status, dossier.timeline, dossier.heads) == ("", Status.NONE, (), ())


def test_without_any_catalog_everything_waits() -> None:
    dossier = fold(history(received(), appraised()), Catalog(b"no certificate"))
    assert {line.place for line in dossier.timeline} == {Place.WAITING}
    assert dossier.status is Status.NONE


def test_of_two_receptions_of_one_dossier_the_first_counts() -> None:
    past = history(received("Hoàng Văn Nùng"))
    again = past + received("Nông Thị Tày")
    assert again.place("received") is Place.IRREGULAR
    assert again.dossier.received == past.dossier.received


def test_time_orders_what_nobody_has_ordered() -> None:
    """Two papers at the same hour at two counters: earlier first, then by hash."""
    past = history(received())
    later = past + withdrawal_asked(at=MORNING + timedelta(hours=2))
    sooner = past + appraised(at=MORNING + timedelta(hours=1))
    kinds = [line.kind for line in (later | sooner).dossier.timeline]
    assert kinds == ["dossier.received", "dossier.appraised", "dossier.withdrawal_asked"]


# --- waiting ---


def test_an_act_whose_past_is_missing_waits_and_says_so() -> None:
    past = history(received(), appraised(), approved(), returned())
    late = past.without("appraised")

    assert late.acts(Place.EFFECTIVE) == ["received"]
    assert late.acts(Place.WAITING) == ["approved", "returned"] or late.place("approved") is Place.WAITING
    assert late.why("approved") == "parents"
    assert late.dossier.missing == (past.hash_of("appraised"),)
    assert not late.dossier.complete


def test_what_rests_on_a_waiting_act_waits_too_and_is_not_blamed() -> None:
    past = history(received()) + appraised(catalog="999-" + "0" * 16) + approved()
    assert past.why("appraised") == "catalogue 999"
    assert (past.place("approved"), past.why("approved")) == (Place.WAITING, "parents")


def test_a_fact_after_a_waiting_act_still_happened() -> None:
    past = history(received()) + appraised(catalog="999-" + "0" * 16) + withdrawal_asked()
    assert past.place("withdrawal_asked") is Place.EFFECTIVE
    assert past.dossier.status is Status.WITHDRAWING


def test_an_act_of_a_machine_without_a_card_waits_for_it() -> None:
    past = history(received(), appraised(node="room-77.1"))
    assert (past.place("appraised"), past.why("appraised")) == (Place.WAITING, "card of room-77.1")


def test_a_new_act_does_not_name_what_waits_or_is_nobodys() -> None:
    """It was allowed without them: as their child it would be judged by them later, or wait for what others refuse."""
    past = history(received()) + appraised(catalog="999-" + "0" * 16)
    assert past.dossier.heads == (past.hash_of("received"),)

    past = history(received(), appraised())
    forged = fold(past.events.values(), office().catalog, {past.hash_of("appraised"): "seal"})
    assert forged.heads == (past.hash_of("received"),)


def test_a_catalog_of_another_branch_is_not_ours() -> None:
    past = history(received(), appraised(catalog="3-" + "f" * 16))
    assert past.place("appraised") is Place.WAITING


def test_a_kind_that_a_newer_version_writes_is_shown_and_changes_nothing() -> None:
    past = history(received()) + Step("dossier.teleported", "hoa", "counter-01.1", {"to": "Hà Nội"})
    assert past.place("teleported") is Place.NEWER
    assert past.why("teleported") == "needs a newer version"
    assert (past + appraised()).dossier.status is Status.PROCESSING


def test_an_event_of_a_newer_format_is_shown_and_is_not_missing() -> None:
    """Its children wait, and nobody goes looking for what is already here."""
    past = history(received(), appraised())
    newer = Unknown(STREAM, past.hash_of("received"), 2)
    dossier = fold([newer, past.events[past.hash_of("appraised")]], office().catalog)

    assert {line.place for line in dossier.timeline} == {Place.NEWER, Place.WAITING}
    assert dossier.missing == ()
    assert dossier.stream == STREAM


# --- held ---


def held_because(past: History, kind: str) -> str:
    assert past.place(kind) is Place.HELD
    return past.why(kind).partition(":")[0]


@pytest.mark.parametrize(
    ("steps", "because"),
    [
        ([appraised(by="nobody")], Because.NO_SUCH_PERSON),
        ([appraised(by="viet")], Because.ROLE),
        ([appraised(by="")], Because.NO_SUCH_PERSON),
        ([appraised(node="counter-01.1")], Because.DUTY),
        ([appraised(at=MORNING - timedelta(days=365))], Because.ROLE),
        ([appraised().saying(passed="yes")], Because.DATA),
        ([appraised().but(data={})], Because.DATA),
        ([appraised(rests_on=["0" * 64])], Because.RESTS_ON),
        ([approved()], Because.STATUS),
        ([appraised(passed=False), approved()], Because.NOT_APPRAISED),
        ([appraised(), approved(signed_by="")], Because.SIGNATURE),
        ([appraised(), approved(signed_by="quang")], Because.CERTIFICATE),
        ([appraised(), approved().saying(result="file-0")], Because.DATA),
        ([appraised(), approved(), approved()], Because.STATUS),
        ([appraised(), approved(), appraised()], Because.STATUS),
        ([withdrawal_granted()], Because.STATUS),
    ],
)
def test_a_decision_that_keeps_to_no_rule_is_held(steps: list[Step], because: Because) -> None:
    past = history(received(), *steps)
    kind = steps[-1].kind.partition(".")[2]
    assert held_because(past, kind) == because.value
    assert past.line(past.last).place is Place.HELD


def test_who_received_may_not_approve() -> None:
    """A person with both roles: the catalog of this test lets the approver sit at the counter."""
    past = history(received(by="viet"), appraised(), approved())
    assert past.place("received") is Place.IRREGULAR
    assert held_because(past, "approved") == Because.SAME_PERSON.value


def test_a_refusal_may_follow_either_appraisal() -> None:
    for passed in (True, False):
        assert history(received(), appraised(passed=passed), refused()).dossier.status is Status.DONE


def test_a_signature_of_another_decision_does_not_count() -> None:
    """The signed value is moved from one approval to another."""
    past = history(received(), appraised())
    one = past + approved("a")
    signed = one.notebook.documents[one.last]["signed"]
    step = approved("b")
    forged = past.notebook.write(step, past)
    assert forged.signed is not None
    changed = History(past.notebook, {**past.events, forged.hash: _with_signature(forged, signed["value"])})
    assert changed.place("approved") is Place.HELD
    assert changed.why("approved") == "signature: does not hold"


def _with_signature(event: Event, value: str) -> Event:
    assert event.signed is not None
    return msgspec.structs.replace(event, signed=msgspec.structs.replace(event.signed, value=value))


def test_an_event_whose_seal_is_in_doubt_is_held_with_the_reason() -> None:
    past = history(received(), appraised())
    dossier = fold(past, office().catalog, {past.last: "seal"})
    assert [(line.place, line.why) for line in dossier.timeline] == [
        (Place.EFFECTIVE, ""),
        (Place.HELD, "seal"),
    ]
    assert dossier.status is Status.RECEIVED


def test_a_held_act_keeps_its_place_and_its_descendants_fold() -> None:
    past = history(received()) + appraised(by="nobody") + appraised() + approved()
    assert past.acts(Place.HELD) == ["appraised"]
    assert past.dossier.status is Status.DONE


def test_a_decision_that_rests_on_a_held_act_is_held_with_it() -> None:
    past = history(received(), appraised()) + appraised(by="nobody")
    decided = past + approved(rests_on=[past.last])
    assert held_because(decided, "approved") == Because.RESTS_ON.value


def test_a_decision_rests_on_its_ancestors_only() -> None:
    past = history(received(), appraised())
    beside = past + withdrawal_asked()
    decided = past + approved(rests_on=[beside.last])
    assert held_because(decided | beside, "approved") == Because.RESTS_ON.value


# --- irregular facts ---


@pytest.mark.parametrize(
    ("step", "because"),
    [
        (returned(), Because.STATUS),
        (withdrawal_asked(by="nobody"), Because.NO_SUCH_PERSON),
        (withdrawal_asked(node="room-01.1"), Because.DUTY),
        (received("Ai đó"), Because.STATUS),
    ],
)
def test_a_fact_against_the_rules_happened_and_is_marked(step: Step, because: Because) -> None:
    past = history(received()) + step
    assert past.line(past.last).place is Place.IRREGULAR
    assert past.line(past.last).why.startswith(because.value)


def test_another_result_than_the_one_that_stands_was_handed_out() -> None:
    past = history(received(), appraised(), approved("a"), returned("b"))
    assert past.place("returned") is Place.IRREGULAR
    assert past.dossier.status is Status.RETURNED


@pytest.mark.parametrize(
    "step", [returned(), returned(by="nobody"), withdrawal_asked(by="nobody"), appraised()]
)
def test_where_nothing_was_received_nothing_else_happened(step: Step) -> None:
    """With the right to it or without: there is no dossier yet."""
    past = history(step)
    assert past.acts(Place.HELD) == [step.kind.partition(".")[2]]
    assert past.dossier.status is Status.NONE


@pytest.mark.parametrize(
    ("step", "because"),
    [
        (received(by="nobody"), Because.NO_SUCH_PERSON),
        (received(node="room-01.1"), Because.DUTY),
        (received().saying(number="H37.08-261123-0201"), Because.NUMBER),
        (received().saying(number="H37.08-261122-0101"), Because.NUMBER),
        (received().saying(number="H37.09-261123-0101"), Because.NUMBER),
        (received().saying(number="H37.08-261123-01001"), Because.NUMBER),
        (received().saying(number="1"), Because.NUMBER),
        (received(at=MORNING.replace(year=2031)), Because.NUMBER),
        (received().saying(procedure="9.999999"), Because.NO_SUCH_PROCEDURE),
        (received(at=MORNING.replace(year=2025)), Because.ROLE),
    ],
)
def test_an_irregular_reception_opens_the_dossier_and_is_marked(step: Step, because: Because) -> None:
    """The citizen holds a slip: the dossier exists, and says what is wrong with it."""
    past = history(step)
    assert past.place("received") is Place.IRREGULAR
    assert past.why("received").partition(":")[0] == because.value
    assert past.dossier.status is Status.RECEIVED


@pytest.mark.parametrize(
    "members",
    [
        {"due": "2026-02-30T09:30:00.000000Z"},
        {"due": "2026-11-27T09:30:00.000000Z\n"},
        {"due": "2026-11-27"},
        {"number": ""},
        {"limit": {"value": 3, "unit": "fortnights"}},
        {"components": "none"},
    ],
)
def test_a_reception_that_cannot_be_read_opens_nothing(members: dict[str, object]) -> None:
    """What pages would stumble over later never gets into a standing dossier."""
    past = history(received().saying(**members))
    assert past.place("received") is Place.HELD
    assert past.dossier.received is None


# --- hostile lengths ---


@settings(max_examples=5)
@given(st.sampled_from([2, 40]))
def test_a_wide_and_a_long_stream_fold_alike(width: int) -> None:
    """Many heads, merged and branched again: no act is lost, the order of arrival still does not matter."""
    past = history(received())
    for _ in range(80 // width):
        branches = [past + withdrawal_asked() for _ in range(width)]
        for branch in branches:
            past = past | branch
    dossier = past.dossier
    assert len(dossier.timeline) == len(past) == 81
    assert dossier.status is Status.WITHDRAWING
    assert fold(reversed(list(past)), office().catalog) == dossier


def test_every_act_of_the_table_is_in_some_history() -> None:
    past = history(received(), appraised(), withdrawal_asked(), withdrawal_refused(), approved(), returned())
    assert {line.kind for line in past.dossier.timeline} <= BY_KIND.keys()
    assert past.dossier.standing.outcome is not None
    assert past.dossier.standing.outcome.data.result == result_file("a")
