"""The table of acts, told as days at the centre: every act once, every status, and what each of them needs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.acts import BY_KIND, TABLE, Act, NodeStatus, PetitionStatus, Status, VisitStatus
from schemas.canonical import to_base64
from schemas.catalog import Catalog
from schemas.entries import (
    Admission,
    Agency,
    Commune,
    Confirmation,
    Cut,
    Delegation,
    Form,
    NumberRange,
    Procedure,
    Redaction,
    Revocation,
)
from schemas.entries import Step as Needs
from schemas.errors import Because, Malformed
from schemas.events import Event, timestamp
from schemas.fold import Dossier, Place, fold
from schemas.rules import Delivery, Inner, Money
from schemas.seals import fingerprint
from schemas.slips import SlipCode
from tests.schemas.histories import (
    AGENCY,
    MORNING,
    PROCEDURE,
    STREAM,
    History,
    Step,
    amended,
    appraised,
    approved,
    catalog_documents,
    certificate_of,
    extended,
    fee_collected,
    fee_refunded,
    fee_voided,
    history,
    informed,
    key_of,
    numbered,
    office,
    recalled,
    received,
    refused,
    registered,
    result_file,
    returned,
    sealed,
    sent_back,
    settled,
    told,
    withdrawal_asked,
    withdrawal_granted,
    withdrawal_refused,
)
from tests.schemas.test_canonical import values

DUE = "2026-12-07T09:30:00.000000Z"


def note(text: str = "Đã gọi điện") -> Step:
    return told("dossier.note", "lan", "room-01.1", text=text)


def requested(**more: Any) -> Step:
    components = [{"name": "Bản sao hộ khẩu", "why": "thiếu"}]
    return told(
        "dossier.supplement_requested", "lan", "room-01.1", components=components, reason="Thiếu", **more
    )


def supplied() -> Step:
    return told(
        "dossier.supplied", "hoa", "counter-01.1", components=[{"name": "Bản sao hộ khẩu", "originals": 1}]
    )


def obligation_asked() -> Step:
    return told("dossier.obligation_asked", "lan", "room-01.1", what="Thuế", amount=1_000_000)


def obligation_met() -> Step:
    return told("dossier.obligation_met", "hoa", "counter-01.1", proof="Giấy nộp tiền", amount=1_000_000)


def suspended(ground: str = "not_supplemented") -> Step:
    return told("dossier.suspended", "viet", "room-01.1", ground=ground, reason="Quá hạn bổ sung")


def forwarded(**to: Any) -> Step:
    return told("dossier.forwarded", "hoa", "counter-01.1", **to)


def taken_over() -> Step:
    return told("dossier.taken_over", "lan", "room-01.1")


def cancelled() -> Step:
    return told(
        "dossier.reception_cancelled", "hoa", "counter-01.1", reason="Sai thủ tục", successor="0" * 32
    )


def because(past: History) -> str:
    return past.line(past.last).why.partition(":")[0]


def statuses(*steps: Step) -> list[int]:
    past = history(steps[0])
    found = [int(past.dossier.status)]
    for step in steps[1:]:
        past = past + step
        assert past.line(past.last).place is Place.EFFECTIVE, past.line(past.last)
        found.append(int(past.dossier.status))
    return found


@pytest.mark.parametrize(
    ("steps", "reached"),
    [
        ([registered(), received(), forwarded(room="4"), taken_over(), appraised(), approved(), returned()],
         [1, 2, 4, 4, 4, 9, 10]),
        ([registered(), told("dossier.not_received", "hoa", "counter-01.1", reason="Sai nơi")], [1, 3]),
        ([registered(), withdrawal_asked(), withdrawal_granted()], [1, 7, 8]),
        ([received(), appraised(), requested(), supplied()], [2, 4, 5, 4]),
        ([received(), appraised(), requested(), suspended()], [2, 4, 5, 8]),
        ([received(), appraised(), requested(), withdrawal_asked(), withdrawal_granted()], [2, 4, 5, 7, 8]),
        ([received(), appraised(), obligation_asked(), obligation_met()], [2, 4, 6, 4]),
        ([received(), appraised(), obligation_asked(), suspended("obligation_not_met")], [2, 4, 6, 8]),
        ([received(), appraised(), suspended("other")], [2, 4, 8]),
        ([received(), appraised(), withdrawal_asked(), withdrawal_refused()], [2, 4, 7, 4]),
        ([received(), cancelled()], [2, 8]),
        ([received(), appraised(), refused(), returned("r")], [2, 4, 9, 10]),
        ([received(), appraised(), approved(), sent_back(), appraised(), approved("b"), returned("b")],
         [2, 4, 9, 4, 4, 9, 10]),
    ],
)  # fmt: skip
def test_the_ways_of_a_dossier_through_the_ten_statuses(steps: list[Step], reached: list[int]) -> None:
    assert statuses(*steps) == reached


def test_online_and_asked_for_more_before_reception() -> None:
    """The supplement leads back to the portal's inbox; once received, the dossier is at work (5 to 4)."""
    ask = requested().but(by="minh", node="counter-02.1")
    assert statuses(registered(), ask, supplied(), received()) == [1, 5, 1, 4]


def test_a_table_of_acts_that_can_be_read() -> None:
    assert len(BY_KIND) == len(TABLE)
    for act in TABLE:
        assert act.title
        assert act.statuses
        assert all(kind in BY_KIND for kind in (*act.ends, *act.needs, *act.rests))


def test_inner_states_say_who_is_waited_for() -> None:
    past, inner = history(registered()), []
    steps = [received(), forwarded(agency=AGENCY), taken_over(), forwarded(agency=AGENCY, opinion=True), taken_over(),
             appraised(), requested(), supplied(), obligation_asked(), obligation_met(), withdrawal_asked(),
             withdrawal_refused(), approved(), returned()]  # fmt: skip
    for step in steps:
        inner.append(past.dossier.inner)
        past = past + step
    assert inner == [
        Inner.AWAITS_RECEPTION, Inner.AWAITS_APPRAISAL, Inner.AWAITS_TAKE_OVER, Inner.AWAITS_APPRAISAL,
        Inner.AWAITS_OPINION, Inner.AWAITS_APPRAISAL, Inner.AWAITS_SIGNATURE, Inner.AWAITS_SUPPLEMENT,
        Inner.AWAITS_SIGNATURE, Inner.AWAITS_PAYMENT, Inner.AWAITS_SIGNATURE, Inner.AWAITS_ANSWER,
        Inner.AWAITS_SIGNATURE, Inner.AWAITS_COLLECTION,
    ]  # fmt: skip
    assert past.dossier.inner is Inner.CLOSED
    assert history(received(), cancelled()).dossier.inner is Inner.CANCELLED
    assert fold([], office().catalog).inner is Inner.NOTHING


# --- number and seal ---


def sealing() -> Any:
    """A catalog in which the procedure needs number and seal; the version of the day of reception counts."""
    old = office().catalog.latest.procedure(PROCEDURE, MORNING.date())
    assert old is not None
    return informed(msgspec.structs.replace(old, steps=tuple(Needs)))


def in_catalog(catalog: Any, *steps: Step) -> tuple[History, Dossier]:
    past = history(*(step.but(catalog=catalog.name) for step in steps))
    return past, fold(past, catalog)


def test_a_result_is_finished_when_it_has_its_number_and_its_seal() -> None:
    catalog = sealing()
    base = [received(), appraised(rests_on=None), approved()]
    found = []
    for steps in (base, [*base, numbered()], [*base, numbered(), sealed()]):
        past = history()
        for step in steps:
            dossier = fold(past, catalog)
            stand = [done.hash for done in dossier.standing.newest.values()]
            decides = step.kind != "dossier.received"
            past = past + step.but(catalog=catalog.name, rests_on=sorted(stand) if decides else None)
        dossier = fold(past, catalog)
        found.append((dossier.status, dossier.inner, [line.why for line in dossier.timeline]))
    assert [one[:2] for one in found] == [
        (Status.PROCESSING, Inner.AWAITS_NUMBER),
        (Status.PROCESSING, Inner.AWAITS_SEAL),
        (Status.DONE, Inner.AWAITS_COLLECTION),
    ]
    assert not any(why for one in found for why in one[2])


def test_a_dossier_keeps_the_version_it_was_received_under() -> None:
    past = history(received(), appraised(), approved())
    assert fold(past, sealing()).status is Status.DONE


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([numbered()], Because.STATUS),
        ([appraised(), approved(), numbered(), numbered("13/GCN")], Because.STATUS),
        ([appraised(), approved(), sealed(), sealed("b")], Because.STATUS),
        ([appraised(), approved(by="kim"), sealed()], Because.SAME_PERSON),
        ([appraised(), approved(), appraised()], Because.STATUS),
        ([appraised(), approved(rests_on=[])], Because.RESTS_ON),
        ([extended(3), extended(2)], Because.DATA),
        ([appraised(), requested(), supplied(), requested()], Because.DATA),
        ([amended().saying(changes=[])], Because.DATA),
        ([amended("", "applicant.name")], Because.DATA),
        ([amended("đâu đó", "return_by")], Because.DATA),
        ([recalled()], Because.DATA),
        ([fee_collected(), fee_voided("0" * 64)], Because.MONEY),
        ([fee_collected(), fee_voided("0" * 64, with_=())], Because.WITNESS),
        ([fee_collected(), fee_voided("0" * 64, with_=("tien",))], Because.WITNESS),
        ([told("dossier.number_cancelled", "hoa", "counter-01.1", number="1", reason="?")], Because.DUTY),
    ],
)
def test_a_decision_against_the_rules_is_held(steps: list[Step], why: Because) -> None:
    past = history(received(), *steps)
    assert past.line(past.last).place is Place.HELD
    assert because(past) == why.value


def test_a_second_request_for_papers_says_why() -> None:
    past = history(
        received(), appraised(), requested(), supplied(), requested(again="CSDL hộ tịch không đọc được")
    )
    assert past.dossier.status is Status.SUPPLEMENT


def test_a_recalled_result_is_not_handed_out() -> None:
    past = history(received(), appraised(), approved(), recalled())
    assert past.dossier.delivery is Delivery.NOTHING_YET
    assert (past + returned()).place("returned") is Place.IRREGULAR
    assert (past + returned()).dossier.delivery is Delivery.RECALLED


def test_what_must_follow_a_settlement_stays_open_until_it_is_done() -> None:
    """The desk found for the withdrawal, though the result had its number and was handed out."""
    past = history(received(), appraised())
    out = past + approved() + numbered() + sealed() + returned()
    both = (out | (past + withdrawal_asked())) + settled("withdrawal_asked", with_=("giam",))
    assert {task.must for task in both.dossier.tasks} == {
        "dossier.result_recalled", "dossier.number_cancelled", "dossier.seal_void",
    }  # fmt: skip
    both = both + recalled()
    both = both + told("dossier.number_cancelled", "kim", "room-01.1", number="12/GCN", reason="Đối soát")
    assert [task.must for task in both.dossier.tasks] == ["dossier.seal_void"]
    both = both + told("dossier.seal_void", "kim", "room-01.1", result=result_file("a"), reason="Đối soát")
    assert both.dossier.tasks == ()
    assert both.acts(Place.HELD) == []


# --- money ---


def test_the_state_of_money_is_apart() -> None:
    past = history(received().saying(fees=[{"kind": "le_phi", "amount": 100_000}]))
    assert past.dossier.money is Money.DUE
    part = past + fee_collected(1, 40_000)
    assert part.dossier.money is Money.PARTLY_PAID
    paid = past + fee_collected()
    assert paid.dossier.money is Money.PAID
    assert (paid + fee_voided(paid.last)).dossier.money is Money.DUE
    assert (paid + fee_refunded(paid.last, 60_000)).dossier.money is Money.PARTLY_PAID
    too_much = paid + fee_refunded(paid.last, 100_001)
    assert too_much.line(too_much.last).place is Place.IRREGULAR
    assert history(received()).dossier.money is Money.NOTHING_DUE


# --- reception in other ways ---


def afterwards(**changes: Any) -> Step:
    step = received().saying(
        number="H37.08-261120-0101",
        happened_at="2026-11-20T02:00:00.000000Z",
        reason="Mất điện",
        paper="7/12",
    )
    return step.but(kind="dossier.entered_afterwards", with_=("giam",)).but(**changes)


def test_entered_afterwards_counts_from_the_hour_of_the_paper_book() -> None:
    past = history(afterwards())
    assert past.line(past.last).place is Place.EFFECTIVE, past.line(past.last)
    assert past.dossier.standing.received_at == "2026-11-20T02:00:00.000000Z"
    alone = history(afterwards().but(with_=()))
    assert (alone.line(alone.last).place, because(alone)) == (Place.IRREGULAR, Because.WITNESS.value)


def test_a_portal_dossier_keeps_its_number() -> None:
    code = "H37.08-261120-0975"
    kept = history(registered(code), received().saying(number=code))
    assert kept.line(kept.last).place is Place.EFFECTIVE
    other = history(registered(code), received())
    assert (other.line(other.last).place, because(other)) == (Place.IRREGULAR, Because.NUMBER.value)


def test_amendments_are_read_over_what_was_received() -> None:
    past = history(received(), amended("0987654321", "submitter.phone"), amended("post", "return_by"))
    read = past.dossier.received
    assert read is not None
    assert read.submitter
    assert (read.submitter.phone, read.return_by) == ("0987654321", "post")


# --- every other act of the table ---

OTHERS: list[tuple[list[Step], Step]] = [
    ([received()], note()),
    ([received()], told("dossier.components_added", "hoa", "counter-01.1", components=[{"name": "Đơn", "originals": 1}])),
    ([received()], told("dossier.outage_noted", "hoa", "counter-01.1", database="Hộ tịch", since=DUE)),
    ([received()], told("dossier.printed", "", "counter-01.1", paper="slip", of="0" * 64)),
    ([received()], told("dossier.reprinted", "hoa", "counter-01.1", paper="slip", of="0" * 64, copy=2, reason="Mất")),
    ([received(), appraised(), approved()],
     told("dossier.result_ready", "kim", "room-01.1", result=result_file("a"))),
    ([received(), appraised(), approved()],
     told("dossier.originals_collected", "hoa", "counter-01.1", components=["Giấy chứng nhận cũ"])),
    ([received(), appraised(), approved(), returned()],
     told("dossier.corrected", "hoa", "counter-01.1", stream="1" * 32, reason="Đính chính")),
]  # fmt: skip


@pytest.mark.parametrize(("before", "step"), OTHERS)
def test_what_is_only_written_down_leaves_the_status(before: list[Step], step: Step) -> None:
    past = history(*before)
    after = past + step
    assert after.line(after.last).place is Place.EFFECTIVE, after.line(after.last)
    assert after.dossier.status is past.dossier.status


def test_a_visit_from_ticket_to_rating() -> None:
    counter = {"counter": "Quầy 01"}
    steps = [
        (told("visit.ticket_taken", "", "counter-01.1", ticket="A001", queue="Đất đai"), VisitStatus.WAITING),
        (told("visit.called", "hoa", "counter-01.1", **counter), VisitStatus.CALLED),
        (told("visit.skipped", "hoa", "counter-01.1", **counter), VisitStatus.SKIPPED),
        (told("visit.recalled", "hoa", "counter-01.1", **counter), VisitStatus.CALLED),
        (told("visit.transferred", "hoa", "counter-01.1", **counter), VisitStatus.WAITING),
        (told("visit.called", "minh", "counter-02.1", **counter), VisitStatus.CALLED),
        (told("visit.served", "minh", "counter-02.1", dossiers=[STREAM], **counter), VisitStatus.SERVED),
        (
            told("visit.rated", "", "counter-02.1", phase="reception", level=5, satisfied=True),
            VisitStatus.SERVED,
        ),
    ]
    past = history()
    for step, status in steps:
        past = past + step
        assert past.line(past.last).place is Place.EFFECTIVE, past.line(past.last)
        assert past.dossier.visit is status
    left = history(steps[0][0], told("visit.abandoned", "", "counter-01.1"))
    assert left.dossier.visit is VisitStatus.ABANDONED
    by_staff = past + told("visit.rated", "hoa", "counter-01.1", phase="return", level=5, satisfied=True)
    assert because(by_staff) == Because.ROLE.value
    silent = past + told("visit.rated", "", "counter-01.1", phase="return", level=1, satisfied=False)
    assert because(silent) == Because.DATA.value


def test_a_petition_is_filed_answered_and_closed() -> None:
    filed = told("petition.filed", "giam", "counter-01.1", sender={"name": "Bà Lan"}, text="Chờ lâu", due=DUE)
    answered = told("petition.answered", "giam", "counter-01.1", text="Xin lỗi bà")
    closed = told("petition.closed", "giam", "counter-01.1", satisfied=True)
    past = history(filed)
    assert past.dossier.petition is PetitionStatus.OPEN
    past = past + answered
    assert past.dossier.petition is PetitionStatus.ANSWERED
    assert (past + closed).dossier.petition is PetitionStatus.CLOSED
    assert history(answered).dossier.petition is PetitionStatus.NONE


def test_a_machine_s_shift_outage_and_end() -> None:
    steps = [
        told("node.outage_opened", "", "counter-01.1", what="line", since=DUE),
        told("node.outage_closed", "", "counter-01.1", until=DUE),
        told("node.shift_opened", "tien", "counter-01.1", cash=0),
        told("node.shift_closed", "tien", "counter-01.1", counted=5_000, expected=5_000,
             notes=[{"value": 5_000, "count": 1}]),
        told("node.day_closed", "", "counter-01.1", day="2026-11-23", last_seq=4, acts=4),
        told("node.closed", "quan", "counter-01.1", last_seq=5, reason="Thay máy"),
    ]  # fmt: skip
    past = history(*steps)
    assert {line.place for line in past.dossier.timeline} == {Place.EFFECTIVE}
    assert past.dossier.node is NodeStatus.CLOSED
    gap = history(steps[2], steps[3].saying(counted=4_000, notes=[]))
    assert because(gap) == Because.DATA.value
    assert history(steps[3]).place_of_last is Place.IRREGULAR


# --- what central says later ---


def test_beyond_a_cut_acts_are_held_until_the_desk_admits_them() -> None:
    past = history(received(), appraised(), approved())
    approval = past.events[past.last]
    assert isinstance(approval, Event)
    cut = Cut("room-01.1", "dossiers", approval.seq - 1, approval.prev, "stolen")
    held = fold(past, informed(cut))
    assert (held.timeline[-1].place, held.timeline[-1].why) == (Place.HELD, "cut")
    assert held.status is Status.PROCESSING
    admitted = fold(past, informed(cut, Admission(approval.hash, "Biên bản xác minh")))
    assert admitted.status is Status.DONE
    assert admitted.timeline[-1].why == "admitted: cut"
    branch = Cut("room-01.1", "dossiers", approval.seq, "0" * 64, "forked")
    assert fold(past, informed(branch)).status is Status.PROCESSING


def test_who_decided_before_an_admission_had_not_seen_what_was_admitted() -> None:
    """Refused over a held approval; when that is admitted, both are decisions that did not know each other."""
    past = history(received(), appraised()) + approved(by="hoa") + refused(by="quang", node="room-02.1")
    assert past.dossier.standing.outcome is not None
    admitted = fold(past, informed(Admission(past.hash_of("approved"), "Có văn bản phân công")))
    assert [conflict.rows for conflict in admitted.conflicts] == [("opposed_outcomes",)]
    assert admitted.status is Status.PROCESSING


def test_what_is_redacted_has_no_words_and_keeps_its_place() -> None:
    past = history(received(), appraised(), withdrawal_asked(), withdrawal_refused(), approved())
    for kind, status in (("withdrawal_asked", Status.DONE), ("approved", Status.PROCESSING)):
        dossier = fold(past, informed(Redaction(past.hash_of(kind), "Luật 91/2025/QH15")))
        (line,) = [line for line in dossier.timeline if line.place is Place.REDACTED]
        assert (line.kind, line.why) == (f"dossier.{kind}", "Luật 91/2025/QH15")
        assert dossier.status is status
    wrong = history(received()) + told("dossier.supplied", "hoa", "counter-01.1")
    assert fold(wrong, informed(Redaction(wrong.last, "?"))).timeline[-1].place is Place.HELD


def test_a_redaction_is_signed_by_two() -> None:
    documents = catalog_documents([Redaction("0" * 64, "?")], office().root, after=office().documents)
    assert documents[0]["with"] == ["son"]


DELEGATION = Delegation("UQ-01", "TUQ", "Giám đốc Sở", "viet", "QĐ 12/QĐ-SNV",
                        MORNING.date(), MORNING.date().replace(year=2027), (PROCEDURE,))  # fmt: skip


def delegated(catalog: Any, by: str = "viet") -> str:
    past = history(received(), appraised())
    step = approved(by=by).saying(delegation="UQ-01").but(catalog=catalog.name)
    past = past + step
    line = fold(past, catalog).timeline[-1]
    return line.why.partition(":")[0] or line.place.value


def test_a_delegation_is_checked_by_person_day_procedure_and_end() -> None:
    change = msgspec.structs.replace
    early = change(DELEGATION, until=MORNING.date().replace(day=1), since=MORNING.date().replace(day=1))
    ended = Revocation("delegation", "UQ-01", "2026-11-22T00:00:00.000000Z", "Hết nhiệm kỳ")
    assert delegated(informed(DELEGATION)) == "effective"
    assert delegated(informed(DELEGATION), by="quang") == Because.DELEGATION.value
    assert delegated(informed(early)) == Because.DELEGATION.value
    assert delegated(informed(change(DELEGATION, procedures=("2.000001",)))) == Because.DELEGATION.value
    assert delegated(informed(DELEGATION, ended)) == Because.DELEGATION.value
    assert delegated(office().catalog) == Because.DELEGATION.value


def test_a_certificate_that_the_author_knew_as_revoked_signs_nothing() -> None:
    past = history(received(), appraised(), approved())
    event = past.events[past.last]
    assert isinstance(event, Event)
    assert event.signed
    catalog = informed(
        Revocation("certificate", event.signed.certificate, "2026-11-01T00:00:00.000000Z", "Mất")
    )
    known = history(received(), appraised(), approved(catalog=catalog.name))
    assert fold(known, catalog).timeline[-1].why == "certificate: revoked"


def test_an_abolished_procedure_is_not_received_any_more() -> None:
    old = office().catalog.latest.procedure(PROCEDURE, MORNING.date())
    assert isinstance(old, Procedure)
    catalog = informed(msgspec.structs.replace(old, until=MORNING.date().replace(day=1)))
    assert catalog.latest.procedure(PROCEDURE, MORNING.date()) is None
    assert PROCEDURE not in [one.code for one in catalog.latest.procedures(MORNING.date())]
    assert old.limit_of("khác") == old.limit
    assert Agency(AGENCY, "Sở Nội vụ", until=MORNING.date()).exists(MORNING.date())


def test_a_delegation_that_had_ended_before_it_was_used_is_contested() -> None:
    catalog = informed(DELEGATION)
    past = history(received(), appraised())
    past = past + approved().saying(delegation="UQ-01").but(catalog=catalog.name)
    ended = Revocation("delegation", "UQ-01", "2026-11-22T00:00:00.000000Z", "Hết nhiệm kỳ")
    later = fold(past, informed(DELEGATION, ended))
    assert [conflict.rows for conflict in later.conflicts] == [("revoked",)]
    settled_later = past + settled(None).but(
        data={
            "conflict": later.conflicts[0].id,
            "members": list(later.conflicts[0].members),
            "stands": list(later.conflicts[0].members),
            "reason": "Uỷ quyền vẫn còn khi ký",
        },
        catalog=informed(DELEGATION, ended).name,
    )
    assert fold(settled_later, informed(DELEGATION, ended)).status is Status.DONE


def test_what_is_not_the_desk_s_is_not_settled_by_it() -> None:
    past = history(received())
    both = (past + fee_collected()) | (past + fee_collected(2, by="ngan", node="counter-02.1"))
    assert because(both + settled(None)) == Because.NO_SUCH_CONFLICT.value


def test_nothing_is_sealed_or_decided_anew_while_it_is_in_question_who_did_what() -> None:
    past = history(received(), appraised())
    both = (past + approved() + sealed()) | (past + approved(by="kim", node="room-02.1"))
    again = both + sealed(by="chi")
    assert because(again) == Because.CONTESTED.value


def test_where_number_and_seal_are_needed_the_result_stands_before_it_is_finished() -> None:
    catalog = sealing()
    begin = [step.but(catalog=catalog.name) for step in (received(), appraised(), approved())]
    past = history()
    for step in begin:
        named = [e.hash for e in past if isinstance(e, Event)]
        past = past + step.but(rests_on=named if past.events else None)
    named = [past.hash_of("approved"), past.hash_of("received")]
    for step, why in (
        (appraised(), Because.STATUS),
        (sealed(), Because.STATUS),
        (withdrawal_asked(), Because.STATUS),
    ):
        late = past + step.but(catalog=catalog.name, rests_on=sorted(named))
        line = fold(late, catalog).timeline[-1]
        assert line.why.startswith(why.value)


def test_a_procedure_is_received_for_its_own_agency() -> None:
    past = history(received().saying(agency="H37.09"))
    assert because(past) == Because.DATA.value


def test_the_catalog_says_what_held_on_a_day() -> None:
    day = MORNING.date()
    catalog = informed(
        DELEGATION,
        Commune("20-01", "xã Mẫu Sơn", True, day),
        Form("02", "QĐ 12/QĐ-TTPVHCC", day, "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ"),
        NumberRange("R1", "counter-01.1", "receipt", 1, 500, day, form="01BLP", symbol="26TAA"),
    ).latest
    commune = catalog.commune("20-01", day)
    assert commune is not None
    assert commune.difficult
    assert [one.title for one in catalog.forms("02")] == ["PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ"]
    assert catalog.forms("03") == []
    assert [one.id for one in catalog.ranges("counter-01.1", day)] == ["R1"]
    assert [one.id for one in catalog.delegations("viet", day)] == ["UQ-01"]
    with pytest.raises(ValueError, match="last comes before first"):
        NumberRange("R1", "counter-01.1", "receipt", 9, 5, day)


# --- bad input ---


@given(act=st.sampled_from(TABLE), value=values, first=st.booleans())
def test_any_data_is_folded_or_refused_with_its_field(*, act: Act, value: Any, first: bool) -> None:
    """Whatever stands in `data`: never an exception, and a reason that names the member."""
    data = value if isinstance(value, dict) else {"reason": value}
    past = history(*([] if first else [received(), appraised()]))
    try:
        past = past + Step(act.kind, "lan", "room-01.1", data)
    except Malformed as refused:
        assert refused.field  # noqa: PT017 - some data is folded, some refused
        return
    line = past.line(past.last)
    if line.why.startswith(Because.DATA.value):
        assert "$" in line.why or "missing" in line.why or "is" in line.why


@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_members_of_the_wrong_type_are_named(kind: str) -> None:
    members = BY_KIND[kind].data.__struct_fields__
    for member in members:
        past = history(received()) + Step(kind, "lan", "room-01.1", {member: {"wrong": []}})
        assert past.line(past.last).why.startswith("data:")


# --- hostile lengths ---


@pytest.mark.parametrize("refuses", [True, False])
def test_a_stream_without_end_folds_all_the_same(*, refuses: bool) -> None:
    """Asked and refused without end, or contested and then asked without end: no act costs more than the last."""
    past = history(received(), appraised())
    known = dict(past.events)
    one = past.notebook.write(approved(), past)
    other = past.notebook.write(withdrawal_asked(), past)
    tip = [other.hash]
    if not refuses:
        known[one.hash] = one
        tip.append(one.hash)
    known[other.hash] = other
    for number in range(600):
        step = withdrawal_refused(rests_on=tip[:1]) if refuses and number % 2 == 0 else withdrawal_asked()
        event = past.notebook.write(step.but(parents=tip), past)
        known[event.hash] = event
        tip = [event.hash]
    dossier = fold(known.values(), office().catalog)
    assert len(dossier.timeline) == len(known)
    assert dossier.contested is not refuses


def organisation() -> tuple[Agency, str]:
    """The agency with a certificate that seals its results, and the certificate's name."""
    der = certificate_of("Sở Nội vụ", key_of("seal").public_key(), "Motcua CA", key_of("ca"))
    return Agency(AGENCY, "Sở Nội vụ", sample=True, certificates=(to_base64(der),)), fingerprint(der)


def last_after(step: Step, catalog: Any) -> str:
    past = history(received(), appraised(), approved(), numbered(), step.but(catalog=catalog.name))
    return fold(past, catalog).timeline[-1].why


def test_a_result_carries_the_seal_of_the_agency_that_resolves_it() -> None:
    agency, name = organisation()
    assert last_after(sealed().saying(certificate=name), informed(agency)) == ""
    strange = sealed().saying(certificate="0" * 64)
    assert last_after(strange, informed(agency)) == "certificate: not one of the agency's certificates"
    assert last_after(sealed().saying(certificate=name), office().catalog).startswith("certificate")


def test_a_seal_by_a_certificate_that_had_ended_is_held_or_contested() -> None:
    """Held where its author knew; contested where the word came later."""
    agency, name = organisation()
    ended = Revocation("certificate", name, "2026-11-01T00:00:00.000000Z", "Mất thẻ")
    assert last_after(sealed().saying(certificate=name), informed(agency, ended)) == "certificate: revoked"
    unknowing = sealed().saying(certificate=name).but(catalog=informed(agency).name)
    past = history(received(), appraised(), approved(), numbered(), unknowing)
    later = fold(past, informed(agency, ended))
    assert [conflict.rows for conflict in later.conflicts] == [("revoked",)]


def test_who_signs_for_another_names_the_delegation() -> None:
    """TL., TUQ. and KT. are somebody else's power (NĐ 30/2020 Đ13); Q. is one's own."""
    past = history(received(), appraised())
    for capacity in ("TUQ. GIÁM ĐỐC", "TL. CHỦ TỊCH", "KT. GIÁM ĐỐC"):
        alone = past + approved().saying(capacity=capacity)
        assert fold(alone, office().catalog).timeline[-1].why.startswith(Because.DELEGATION.value)
    own = past + approved().saying(capacity="Q. GIÁM ĐỐC")
    assert fold(own, office().catalog).timeline[-1].place is Place.EFFECTIVE


def test_a_time_stamped_copy_stands_beside_the_result() -> None:
    past = history(received(), appraised(), approved())
    result = fold(past, office().catalog).standing.result
    stamped = told(
        "dossier.result_preserved", "", "central.1", result=result, preserved="file-" + "b" * 64, level="B-LT"
    )
    dossier = fold(past + stamped, office().catalog)
    assert dossier.timeline[-1].place is Place.EFFECTIVE, dossier.timeline[-1].why
    assert (dossier.standing.result, dossier.standing.preserved) == (result, "file-" + "b" * 64)


# --- what is left to chance by nobody ---


def test_who_has_not_heard_of_central_for_long_decides_with_a_second_person() -> None:
    """Facts go on: money is taken and papers are received, whatever the line does (design §3.2)."""
    late = MORNING + timedelta(days=24)
    lonely = appraised(at=late)
    past = history(received(), lonely)
    assert (past.place_of_last, because(past)) == (Place.HELD, Because.CATALOG_AGE.value)
    with_another = history(received(), lonely.but(with_=("hoa",)))
    assert with_another.place_of_last is Place.EFFECTIVE
    with_nobody_we_know = history(received(), lonely.but(with_=("nobody",)))
    assert with_nobody_we_know.place_of_last is Place.HELD
    with_themselves = history(received(), lonely.but(with_=("lan",)))
    assert with_themselves.place_of_last is Place.HELD
    assert history(received(at=late)).place_of_last is Place.EFFECTIVE


def test_central_says_that_nothing_is_new_and_that_counts_as_heard() -> None:
    confirmed = informed(Confirmation(date(2026, 11, 23)))
    before = office().catalog.latest.age(timestamp(MORNING))
    assert confirmed.latest.age(timestamp(MORNING)) == before - timedelta(seconds=1)
    assert Catalog(office().root).latest.age(timestamp(MORNING)) == timedelta()


@pytest.mark.parametrize(
    ("ground", "before"),
    [
        ("not_supplemented", [appraised()]),
        ("obligation_not_met", [appraised()]),
        ("obligation_not_met", [forwarded(), requested()]),
        ("not_supplemented", [forwarded(), requested(until="2026-12-31")]),
    ],
)
def test_a_dossier_is_stopped_for_a_request_that_is_open_and_whose_time_has_passed(
    ground: str, before: list[Step]
) -> None:
    past = history(received(), *before, suspended(ground))
    assert (past.place_of_last, because(past)) == (Place.HELD, Because.DATA.value)


def test_after_the_day_that_was_given_a_dossier_is_stopped() -> None:
    past = history(received(), forwarded(), requested(until="2026-11-30"))
    last_day = suspended().but(at=datetime(2026, 11, 30, 9, 0, tzinfo=UTC))
    day_after = suspended().but(at=datetime(2026, 11, 30, 18, 0, tzinfo=UTC))
    assert (past + last_day).place_of_last is Place.HELD
    assert (past + day_after).dossier.status is Status.STOPPED


def test_a_stop_shares_the_fate_of_the_request_that_it_rests_on() -> None:
    past = history(received(), forwarded(), requested(), suspended())
    assert past.events[past.last].rests_on.count(past.hash_of("supplement_requested")) == 1  # type: ignore[union-attr]
    names_nothing = history(received(), forwarded(), requested(), suspended().but(rests_on=[]))
    assert (names_nothing.place_of_last, because(names_nothing)) == (Place.HELD, Because.RESTS_ON.value)


def test_what_is_entered_afterwards_happened_before() -> None:
    past = history(afterwards().saying(happened_at="2026-11-23T23:00:00.000000Z"))
    assert (past.place_of_last, because(past)) == (Place.IRREGULAR, Because.DATA.value)


# --- a genuine slip whose event is lost ---


def lost_and_entered_again(**changes: Any) -> tuple[History, History]:
    """A reception, and what another counter makes of its paper when the first machine has burnt."""
    original = history(received())
    first = original.dossier.received
    assert first is not None
    code = SlipCode(first.number, STREAM, original.last, "counter-01.1").sealed(key_of("counter-01.1").sign)
    members = {"number": first.number, "happened_at": timestamp(MORNING), "slip": code} | changes
    step = afterwards(by="minh", node="counter-02.1").saying(**members)
    return original, History(original.notebook, {}) + step


def test_a_genuine_slip_brings_its_number_back_at_any_machine() -> None:
    original, again = lost_and_entered_again()
    assert again.place_of_last is Place.EFFECTIVE, again.why("entered_afterwards")
    assert again.dossier.received is not None
    assert original.dossier.received is not None
    assert again.dossier.received.number == original.dossier.received.number


def test_when_the_lost_event_is_found_the_two_are_one_reception() -> None:
    original, again = lost_and_entered_again()
    together = original | again
    assert not together.dossier.contested
    assert together.dossier.standing.receipt is not None
    assert together.dossier.standing.receipt.hash == original.last
    twice = together | (original + received("Ai đó khác", by="minh", node="counter-02.1").but(parents=[]))
    assert {row for conflict in twice.dossier.conflicts for row in conflict.rows} == {"received_twice"}


@pytest.mark.parametrize("slip", ["MC1|nonsense", "", "forged", "of another stream", "of no machine"])
def test_a_slip_that_proves_nothing_brings_no_number_back(slip: str) -> None:
    number = "H37.08-261123-0101"
    codes = {
        "forged": SlipCode(number, STREAM, "0" * 64, "counter-01.1").sealed(key_of("counter-02.1").sign),
        "of another stream": SlipCode(number, "f" * 32, "0" * 64, "counter-01.1").sealed(
            key_of("counter-01.1").sign
        ),
        "of no machine": SlipCode(number, STREAM, "0" * 64, "counter-09.1").sealed(
            key_of("counter-09.1").sign
        ),
    }
    _, again = lost_and_entered_again(slip=codes.get(slip, slip))
    assert (again.place_of_last, because(again)) == (Place.IRREGULAR, Because.NUMBER.value)


def test_a_cut_of_a_machine_s_dossiers_says_nothing_of_its_visits() -> None:
    """They are counted in another chain."""
    ticket = told("visit.ticket_taken", "", "counter-01.1", ticket="A1", queue="Đất đai")
    cut = informed(Cut("counter-01.1", "dossiers", 0, "", "forked"))
    assert fold(history(ticket), cut).visit is VisitStatus.WAITING
    assert fold(history(received()), cut).status is Status.NONE
