"""The ledger: one act, one transaction; nothing half done and nothing done twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import pytest

from central.centre import Office
from edge.chain import ClockBehind
from edge.ledger import Reception
from edge.tables.node import Chain, Number
from printing.spool import PrintJob
from schemas.acts import Appraised, FeeDue, Party, Received, Registered, Status
from schemas.calendar import local_day
from schemas.deadlines import Limit, Unit
from schemas.entries import Case, Commune, Procedure
from schemas.errors import Because, NotAllowed
from schemas.events import StreamId, moment
from schemas.fees import At, Channel, FeeLine, FeeTable, Kind
from sync.errors import DiskFull
from sync.sqlite import SqliteFile
from tests.centres import SmallCentre

SINCE: Final = date(2026, 1, 1)


def test_a_reception_has_number_due_moment_and_a_paper_that_waits(centre: SmallCentre) -> None:
    """One transaction leaves all of them."""
    dossier = centre.receive()

    counter = centre["counter-01"]
    assert dossier.status is Status.RECEIVED
    assert dossier.received is not None
    assert dossier.received.number == "H37.07-270301-0101"
    assert dossier.received.due == "2027-03-05T09:30:00.000000Z"
    with counter.file.read():
        job = PrintJob.get(PrintJob.stream == dossier.stream)
        assert (job.number, job.state) == (dossier.received.number, "queued")


def test_a_save_pressed_twice_gives_one_dossier(centre: SmallCentre) -> None:
    """The second press finds the first one's stream."""
    counter = centre["counter-01"]
    stream = StreamId(centre.ids.stream(centre.clock()))
    first = counter.ledger.receive(stream, centre.draft(), by="hanh.nh", spool=counter.papers.spool_slip)
    again = counter.ledger.receive(stream, centre.draft(), by="hanh.nh", spool=counter.papers.spool_slip)

    assert again == first
    assert counter.register.find("").searched == 1
    with counter.file.read():
        assert PrintJob.select().count() == 1


def test_what_the_portal_sent_twice_is_received_twice_under_one_number(centre: SmallCentre) -> None:
    """Nobody is turned away at the counter; central finds the pair, and each has the slip of their own dossier."""
    counter = centre["counter-01"]
    registered = Registered("1.000703", "Cấp phép", "H37.07", Party("Nông Văn Thắng"), "G13-270301-900001")
    streams = [StreamId(centre.ids.stream(centre.clock())) for _ in range(2)]
    for stream in streams:
        counter.ledger.act(stream, "dossier.registered", registered, by="hanh.nh")
        counter.ledger.receive(stream, centre.draft(), by="hanh.nh", spool=counter.papers.spool_slip)

    with counter.file.read():
        jobs = list(PrintJob.select().order_by(PrintJob.id))
    assert [(job.stream, job.number) for job in jobs] == [(stream, registered.number) for stream in streams]
    assert len({job.paper for job in jobs}) == 2


def test_a_failure_at_the_very_end_leaves_no_number_event_or_paper(centre: SmallCentre) -> None:
    """The number that was not used is used by the next one."""
    counter = centre["counter-01"]

    class PowerCut(Exception):
        pass

    def spool(reception: Reception) -> None:
        counter.papers.spool_slip(reception)
        raise PowerCut

    stream = StreamId(centre.ids.stream(centre.clock()))
    with pytest.raises(PowerCut):
        counter.ledger.receive(stream, centre.draft(), by="hanh.nh", spool=spool)

    with counter.file.read():
        assert Chain.get(Chain.database == "dossiers").seq == 0
        assert Number.select().count() == PrintJob.select().count() == 0
    assert counter.register.find("").searched == 0
    after = centre.receive()
    assert after.received is not None
    assert after.received.number == "H37.07-270301-0101"


def test_numbers_of_two_counters_never_meet(centre: SmallCentre) -> None:
    """Each counter counts for itself, with its own node number in front."""
    numbers = [
        dossier.received.number
        for name in ("counter-01", "counter-02")
        for _ in range(3)
        if (dossier := centre.receive(name)).received
    ]
    assert numbers == [f"H37.07-270301-{node:02d}{count:02d}" for node in (1, 2) for count in (1, 2, 3)]


def test_the_number_goes_by_the_vietnamese_day(centre: SmallCentre) -> None:
    """At 23:30 in Lạng Sơn it is still that day, though UTC and the server may think otherwise."""
    centre.clock.forward(hours=14.5)
    late = centre.receive()
    centre.clock.forward(hours=1)
    early = centre.receive()
    assert late.received is not None
    assert early.received is not None
    assert late.received.number == "H37.07-270301-0101"
    assert early.received.number == "H37.07-270302-0101"


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ("approve", Because.STATUS),
        ("refuse", Because.STATUS),
        ("return_", Because.STATUS),
    ],
)
def test_what_is_not_yet_due_is_refused_with_its_reason(centre: SmallCentre, act: str, why: Because) -> None:
    """A dossier that was only received is neither approved nor returned."""
    dossier = centre.receive("room-01")
    if act == "return_":
        centre.appraise(dossier)
        with pytest.raises(AssertionError):
            centre.return_(dossier, "room-01")
        return
    with pytest.raises(NotAllowed) as refused:
        getattr(centre, act)(dossier)
    assert refused.value.because is why


def test_a_counter_has_no_duty_to_approve(centre: SmallCentre) -> None:
    """Whoever sits at it: the duty is the machine's, on its card."""
    dossier = centre.receive()
    with pytest.raises(NotAllowed) as refused:
        centre.appraise(dossier, at="counter-01")
    assert refused.value.because is Because.DUTY


def test_a_receiver_may_not_appraise(centre: SmallCentre) -> None:
    """The role is the person's, in the catalog."""
    dossier = centre.receive("room-01")
    with pytest.raises(NotAllowed) as refused:
        centre["room-01"].ledger.act(dossier.stream, "dossier.appraised", Appraised("đủ", True), by="hanh.nh")
    assert refused.value.because is Because.ROLE


def test_a_clock_a_little_behind_is_the_last_act_and_a_bit(centre: SmallCentre) -> None:
    """Up to two minutes behind: the order of acts holds and nobody is bothered."""
    first = centre.receive()
    centre.clock.forward(seconds=-90)
    second = centre.receive()
    assert second.timeline[0].at > first.timeline[0].at


def test_a_clock_far_behind_stops_with_both_times(centre: SmallCentre) -> None:
    """More than two minutes behind is not guessed at, and nothing is written."""
    centre.receive()
    centre.clock.forward(hours=-3)
    with pytest.raises(ClockBehind) as behind:
        centre.receive()
    assert behind.value.last - behind.value.now > timedelta(hours=2)
    assert centre["counter-01"].register.find("").searched == 1


def test_a_full_disk_saves_nothing_and_says_so(centre: SmallCentre) -> None:
    """SQLite refuses to grow: the act is not there, and the next one is when there is room again."""
    counter = centre["counter-01"]
    file: SqliteFile = counter.file.file
    with file.write() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        _receive_for_ever(centre)

    with file.write() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    saved = counter.register.find("").searched
    assert saved > 0
    centre.receive()
    assert counter.register.find("").searched == saved + 1
    with counter.file.read():
        assert Chain.get(Chain.database == "dossiers").seq == saved + 1


def _receive_for_ever(centre: SmallCentre) -> None:
    while True:
        centre.receive()


# --- what the procedure's entry says of time and money ---


def published(centre: SmallCentre, **changes: Any) -> Procedure:
    """Central says something else of the drafts' procedure, and everybody hears of it."""
    central = centre["central"]
    procedure = central.catalog.latest.procedure("1.000703", local_day(centre.clock()))
    assert procedure is not None
    said = msgspec.structs.replace(procedure, **changes)
    Office(central).define([said], by="")
    centre.meet()
    return said


def draft_with(centre: SmallCentre, **changes: Any) -> Received:
    counter = centre["counter-01"]
    stream = StreamId(centre.ids.stream(centre.clock()))
    draft = replace(centre.draft(), **changes)
    dossier = counter.ledger.receive(stream, draft, by="hanh.nh", spool=counter.papers.spool_slip)
    assert dossier.received is not None
    return dossier.received


def test_a_case_and_a_difficult_commune_have_their_own_limit(centre: SmallCentre) -> None:
    longer = Case("01", "Có tài sản gắn liền với đất", limit=Limit(5, Unit.WORKING_DAYS))
    procedure = published(centre, cases=(longer,), in_difficult_communes=10)
    communes = [
        Commune("06001", "Xã Mẫu Sơn", True, SINCE),
        Commune("06002", "Phường Tam Thanh", False, SINCE),
    ]
    Office(centre["central"]).define(communes, by="")
    centre.meet()

    usual = draft_with(centre)
    assert usual.limit == procedure.limit
    assert draft_with(centre, commune="06002").limit == procedure.limit
    assert draft_with(centre, case="01").limit == Limit(5, Unit.WORKING_DAYS)
    far = draft_with(centre, case="01", commune="06001")
    assert far.limit == Limit(5, Unit.WORKING_DAYS, 10)
    assert far.due > usual.due


def test_a_dossier_for_an_agency_elsewhere_is_promised_from_the_hand_over(centre: SmallCentre) -> None:
    centre.clock.forward(hours=7)  # Monday, 16:00: the papers leave on Tuesday morning
    here, elsewhere = draft_with(centre), draft_with(centre, elsewhere=True)
    assert local_day(moment(elsewhere.due)) == local_day(moment(here.due)) + timedelta(days=3)
    assert local_day(moment(here.due)).weekday() == 4


def test_the_fee_table_says_what_is_collected_at_reception(centre: SmallCentre) -> None:
    lines = (
        FeeLine(Kind.FEE, "Lệ phí cấp giấy", 50_000, SINCE, "NQ HĐND"),
        FeeLine(Kind.FEE, "Lệ phí cấp giấy", 25_000, SINCE, "NQ HĐND", channel=Channel.ONLINE),
        FeeLine(Kind.CHARGE, "Phí thẩm định", 200_000, SINCE, "TT", at=At.RETURN),
    )
    Office(centre["central"]).define([FeeTable("1.000703", lines)], by="")
    centre.meet()
    assert draft_with(centre).fees == (FeeDue("le_phi", 50_000),)
    assert draft_with(centre, channel=Channel.ONLINE).fees == (FeeDue("le_phi", 25_000),)


# --- central that has nothing new to say ---


def test_central_confirms_its_catalog_after_a_week_of_silence_and_not_before(centre: SmallCentre) -> None:
    office = Office(centre["central"])
    assert not office.confirm()
    centre.clock.forward(days=6)
    assert not office.confirm()
    centre.clock.forward(days=1)
    assert office.confirm()
    assert not office.confirm()


def test_a_room_that_hears_nothing_for_a_month_decides_with_a_second_person(centre: SmallCentre) -> None:
    dossier = centre.receive()
    centre.meet("counter-01", "room-01")
    centre.clock.forward(days=31)
    room = centre["room-01"]
    opinion = Appraised("Đủ điều kiện", passed=True)
    with pytest.raises(NotAllowed) as refused:
        room.ledger.act(dossier.stream, "dossier.appraised", opinion, by="ha.lt")
    assert refused.value.because is Because.CATALOG_AGE
    done = room.ledger.act(dossier.stream, "dossier.appraised", opinion, by="ha.lt", with_=["hanh.nh"])
    assert done.standing.appraisal is not None
