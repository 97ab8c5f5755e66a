"""What a report counts, to which period and agency, and how its shares are rounded and written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.calendar import VIETNAM
from schemas.clock import Tick
from schemas.deadlines import resolved
from schemas.entries import Agency, Procedure
from schemas.events import timestamp
from schemas.reports import (
    BESIDE_06A,
    FORM_06A,
    INDICES,
    Counted,
    Ending,
    Figures,
    Period,
    Petition,
    Points,
    Rating,
    Report,
    Share,
    Succession,
    counted,
    figures_of,
    half_up,
    linked_streams,
    on_site_procedures,
    report,
    vietnamese,
)
from tests.schemas.histories import (
    AGENCY,
    PROCEDURE,
    History,
    appraised,
    approved,
    extended,
    fee_collected,
    history,
    office,
    received,
    refused,
    registered,
    returned,
    told,
    withdrawal_asked,
    withdrawal_granted,
)
from tests.schemas.plausible import histories

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
DECEMBER = Period(date(2026, 12, 1), date(2026, 12, 31))
LATER = "2027-06-01T00:00:00.000000Z"


def at(text: str) -> str:
    """A Vietnamese moment of 2026, "20/11 10:00", as events have it."""
    return timestamp(datetime.strptime(f"2026/{text}", "%Y/%d/%m %H:%M").replace(tzinfo=VIETNAM))


def dossier(
    came: str, due: str, done: str = "", ending: Ending = Ending.APPROVED, **changes: object
) -> Counted:
    """A dossier that came, was promised and was done at Vietnamese moments."""
    one = Counted(
        stream="a",
        agency="H37.08",
        received=at(came),
        clock=(Tick(at(came), at(due)),),
        ending=ending if done else None,
        ended=at(done) if done else "",
    )
    return msgspec.structs.replace(one, **changes)


def total(*dossiers: Counted, of: Period = NOVEMBER, known: str = LATER) -> Figures:
    return report(dossiers, of, known).total


# --- periods and moments ---


def test_a_day_begins_at_midnight_in_vietnam_not_in_utc() -> None:
    """00:30 on 1 December is still 30 November in UTC, and is December's all the same."""
    late = dossier("01/12 00:30", "04/12 16:30")
    assert late.received.startswith("2026-11-30T17:30")
    assert total(late) == Figures()
    assert total(late, of=DECEMBER).new == 1
    assert total(dossier("30/11 23:59", "04/12 16:30")).new == 1


def test_the_first_moment_of_a_period_is_in_it_and_the_first_after_it_is_not() -> None:
    assert total(dossier("01/11 00:00", "04/12 16:30")).new == 1
    assert total(dossier("01/12 00:00", "04/12 16:30")).new == 0


def test_months_make_quarters_and_years() -> None:
    assert Period.of_months(2026, 11) == NOVEMBER
    assert Period.of_months(2026, 10, 3) == Period(date(2026, 10, 1), date(2026, 12, 31))
    assert Period.of_months(2026, 12, 3).last == date(2027, 2, 28)
    assert Period.of_months(2024, 1, 2).last == date(2024, 2, 29)
    assert Period.of_months(2026, 1, 12).last == date(2026, 12, 31)


def test_any_two_days_make_a_period() -> None:
    one = dossier("20/11 10:00", "25/11 16:30")
    assert total(one, of=Period(date.min, date.max)).new == 1
    assert total(one, of=Period(date.max, date.min)) == Figures()


def test_a_running_period_is_cut_where_it_is_asked_about() -> None:
    """On 24 November nobody is late for 25 November."""
    one = dossier("20/11 10:00", "25/11 16:30", "27/11 10:00")
    assert total(one, known=at("24/11 09:00")).within == 1
    assert total(one, known=at("26/11 09:00")).over == 1
    assert total(one).overdue == 1


# --- in time or not ---


@pytest.mark.parametrize(
    ("done", "figure"),
    [
        ("24/11 23:59", "early"),
        ("25/11 00:00", "on_time"),
        ("25/11 16:30", "on_time"),
        ("25/11 16:31", "overdue"),
    ],
)
def test_resolved_at_its_due_moment_is_in_time(done: str, figure: str) -> None:
    assert figures_of(dossier("20/11 10:00", "25/11 16:30", done), at("01/11 00:00"), LATER) == (
        "direct",
        figure,
    )


MOMENTS = st.integers(0, 70 * 366 * 86_400).map(
    lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
)


@given(MOMENTS, st.integers(-3 * 86_400, 3 * 86_400))
def test_in_time_is_what_the_deadlines_say(due: datetime, after_s: int) -> None:
    """One rule: the report only computes it faster."""
    done = due + timedelta(seconds=after_s)
    one = Counted("a", "H37", received="2019-01-01T00:00:00.000000Z", ending=Ending.APPROVED)
    one = msgspec.structs.replace(one, clock=(Tick(one.received, timestamp(due)),), ended=timestamp(done))
    assert figures_of(one, "2000-01-01", "2099-01-01")[-1] == resolved(done, due).value


def test_an_extension_keeps_the_first_due_moment() -> None:
    """It is overdue for ever; that it was excused is told beside."""
    late = dossier("20/11 10:00", "25/11 16:30", "27/11 10:00", extended=at("30/11 16:30"))
    assert (total(late).overdue, total(late).overdue_excused) == (1, 1)
    open_ = dossier("20/11 10:00", "25/11 16:30", extended=at("02/12 16:30"))
    assert (total(open_).over, total(open_).over_excused) == (1, 1)
    assert total(open_, of=DECEMBER).over_excused == 0


def test_suspended_time_is_not_counted() -> None:
    """While it waits for papers it is not overdue; then the moment promised is a later one."""
    ticks = (
        Tick(at("20/11 10:00"), at("25/11 16:30")),
        Tick(at("23/11 09:00"), ""),
        Tick(at("28/11 09:00"), at("03/12 16:30")),
    )
    waits = dossier("20/11 10:00", "25/11 16:30", "02/12 10:00", clock=ticks)
    assert (total(waits, known=at("27/11 09:00")).within, total(waits, known=at("27/11 09:00")).stopped) == (
        1,
        1,
    )
    assert (total(waits).within, total(waits).stopped) == (1, 0)
    assert total(waits, of=DECEMBER).early == 1


def test_what_is_decided_while_the_clock_stands_still_took_no_time() -> None:
    ticks = (
        Tick(at("20/11 10:00"), at("25/11 16:30")),
        Tick(at("25/11 09:00"), ""),
        Tick(at("26/11 09:00"), ""),
    )
    assert total(dossier("20/11 10:00", "25/11 16:30", "28/11 09:00", clock=ticks)).on_time == 1


# --- where a dossier counts ---


def test_resolved_counts_when_the_result_is_there_not_when_it_is_returned() -> None:
    one = dossier("20/11 10:00", "25/11 16:30", "24/11 09:00", returned=at("05/12 09:00"))
    assert (total(one).early, total(one).returned) == (1, 0)
    assert total(one, of=DECEMBER) == Figures(returned=1)


def test_what_is_resolved_later_is_carried_over() -> None:
    one = dossier("20/11 10:00", "03/12 16:30", "02/12 09:00")
    assert (total(one).direct, total(one).within) == (1, 1)
    assert total(one, of=DECEMBER) == Figures(carried_over=1, early=1)


def test_a_refusal_is_a_result_and_a_withdrawal_is_none() -> None:
    said_no = dossier("20/11 10:00", "25/11 16:30", "24/11 09:00", Ending.REFUSED)
    assert (total(said_no).resolved, total(said_no).refused) == (1, 1)
    for ending in (Ending.WITHDRAWN, Ending.SUSPENDED):
        gone = total(dossier("20/11 10:00", "25/11 16:30", "24/11 09:00", ending))
        assert (gone.received, gone.resolved, gone.in_progress, gone.closed) == (1, 0, 0, 1)


def test_what_was_never_a_reception_is_told_beside() -> None:
    cancelled = dossier("20/11 10:00", "25/11 16:30", "21/11 09:00", Ending.CANCELLED)
    assert total(cancelled) == Figures(cancelled=1)
    assert total(cancelled, of=DECEMBER) == Figures()
    form_03 = Counted("a", "H37", ending=Ending.NOT_RECEIVED, ended=at("20/11 10:00"))
    assert total(form_03) == Figures(not_received=1)
    assert total(form_03, of=DECEMBER) == Figures()


def test_a_clock_that_was_wrong_ends_nothing_before_it_began() -> None:
    odd = dossier("02/12 10:00", "05/12 16:30", "20/11 09:00")
    assert total(odd) == Figures()
    assert total(odd, of=DECEMBER).resolved == 1


def test_linked_dossiers_count_once() -> None:
    """In the one that nobody names; in a circle, in the first."""

    def named(stream: str, *others: str) -> Counted:
        return dossier("20/11 10:00", "25/11 16:30", stream=stream, counts_for=others)

    assert linked_streams([named("a", "b"), named("b", "c"), named("c"), named("d", "c")]) == {"b", "c"}
    assert linked_streams([named("a", "b"), named("b", "a")]) == {"b"}
    assert linked_streams([named("a", "a")]) == set()
    void = dossier(
        "20/11 10:00", "25/11 16:30", "21/11 09:00", Ending.CANCELLED, stream="x", counts_for=("y",)
    )
    assert linked_streams([void]) == set()
    group = [named("b"), named("a", "b")]
    found = report(group, NOVEMBER, LATER, linked=linked_streams(group))
    assert (found.total.new, found.linked) == (1, 1)


# --- agencies ---


def test_an_agency_that_is_merged_in_the_middle_of_the_period() -> None:
    """At the time: under the old name; by successor: with what the new one received itself."""
    old, new = (
        dossier("05/11 10:00", "10/11 16:30", "20/11 09:00", agency="H37.01"),
        dossier("20/11 10:00", "25/11 16:30"),
    )
    agencies = [
        Agency("H37.01", "Cũ", until=date(2026, 11, 14), successor="H37.08"),
        Agency("H37.08", "Mới", since=date(2026, 11, 15)),
    ]
    then = report([old, new], NOVEMBER, LATER)
    assert {code: figures.new for code, figures in then.agencies.items()} == {"H37.01": 1, "H37.08": 1}
    now = report([old, new], NOVEMBER, LATER, succession=Succession.on(NOVEMBER.last, agencies))
    assert {code: (f.new, f.overdue) for code, f in now.agencies.items()} == {"H37.08": (2, 1)}
    assert then.total == now.total
    before = Succession.on(date(2026, 11, 14), agencies)
    assert before.heir("H37.01") == "H37.01"


def test_of_several_heirs_the_competent_one_answers() -> None:
    agencies = [
        Agency("H37.01", "Lao động"),
        Agency("H37.05", "Y tế", successor_of=("H37.01",)),
        Agency("H37.06", "Nội vụ", successor_of=("H37.01",)),
    ]
    split = Succession.on(
        NOVEMBER.last, agencies, [procedure("1.000001", "H37.06"), procedure("1.000002", "H37.99")]
    )
    assert split.heir("H37.01", "1.000001") == "H37.06"
    assert split.heir("H37.01", "1.000002") == "H37.05"
    assert Succession({"A": ("B",), "B": ("A",)}).heir("A") == Succession({"A": ("B",), "B": ("A",)}).heir(
        "B"
    )


def procedure(code: str, agency: str, *, on_site: bool = False) -> Procedure:
    sample = office().catalog.latest.procedure(PROCEDURE, date(2026, 11, 23))
    assert sample is not None
    return msgspec.structs.replace(sample, code=code, agency=agency, on_site=on_site)


def test_the_share_of_procedures_4_on_site_names_its_denominator() -> None:
    shares = on_site_procedures(
        [
            procedure("1.000001", "H37.06", on_site=True),
            procedure("1.000002", "H37.06"),
            procedure("1.000003", "H37.07"),
        ]
    )
    assert shares == {"": Share(1, 3), "H37.06": Share(1, 2), "H37.07": Share(0, 1)}


# --- ratings and petitions ---


def test_a_dossier_is_rated_once_a_phase() -> None:
    one = dossier(
        "20/11 10:00",
        "25/11 16:30",
        ratings=(
            Rating("reception", True, at("20/11 11:00")),
            Rating("reception", False, at("20/11 10:30")),
            Rating("return", True, at("26/11 10:30")),
        ),
    )
    figures = total(one)
    assert (figures.rated_reception, figures.satisfied_reception) == (1, 0)
    assert (figures.rated_return, figures.satisfied_return) == (1, 1)
    assert scores(figures)["response_reception"] == Share(1, 1)


def test_a_visit_without_a_dossier_is_rated_too() -> None:
    found = report([], NOVEMBER, LATER, visits=[Rating("reception", True, at("20/11 11:00"))])
    assert (found.total.rated, found.total.satisfied) == (1, 1)
    assert found.agencies == {}


def test_a_petition_counts_when_it_is_answered_or_late() -> None:
    petitions = [
        Petition(at("02/11 09:00"), at("16/11 16:30"), at("16/11 16:30"), at("17/11 09:00"), True),
        Petition(at("02/11 09:00"), at("16/11 16:30"), at("17/11 09:00"), at("17/11 10:00"), False),
        Petition(at("20/11 09:00"), at("07/12 16:30")),
        Petition(at("20/11 09:00"), at("07/12 16:30"), at("30/11 16:30")),
    ]
    figures = report([], NOVEMBER, LATER, petitions=petitions).total
    assert (figures.petitions, figures.petitions_in_time) == (3, 2)
    assert (figures.petitions_judged, figures.petitions_satisfied) == (2, 1)
    assert report([], DECEMBER, LATER, petitions=petitions).total == Figures(petitions=1)


def test_fees_paid_online_are_a_share_of_those_paid() -> None:
    paid = at("20/11 10:05")
    figures = total(
        dossier("20/11 10:00", "25/11 16:30", paid=paid),
        dossier("20/11 10:00", "25/11 16:30", paid_online=True, paid=paid),
        dossier("20/11 10:00", "25/11 16:30"),
    )
    assert scores(figures)["paid_online"] == Share(1, 2)


# --- shares, points, and how they are written ---


def scores(figures: Figures) -> dict[str, Share]:
    return {index.name: index.share(figures) for index in INDICES}


def test_the_centres_figures_of_five_years() -> None:
    """The numbers that the province published, with their denominators (domain §8.2)."""
    five_years = Figures(
        online=315_494, direct=206_262, early=509_254, overdue=306, within=12_196,
        on_site_received=71_126, on_site_resolved=71_126, rated_return=30_468, satisfied_return=30_468,
    )  # fmt: skip
    words = {name: share.words for name, share in scores(five_years).items()}
    assert words["online"] == "60,47%"
    assert words["in_time"] == "99,94%"
    assert words["overdue"] == "0,06%"
    assert words["response"] == "5,98%"
    assert words["on_site_of_resolved"] == "13,96%"
    assert words["on_site_of_received"] == "13,63%"
    assert Share(396, 1_249).words == "31,71%"
    assert vietnamese(five_years.received) == "521.756"


def test_nothing_to_divide_by_is_no_percentage() -> None:
    assert all(share.percent is None and share.words == "–" for share in scores(Figures()).values())
    assert Share(1, 0).percent is None


def test_points_are_those_of_decision_766() -> None:
    by_name = {index.name: index for index in INDICES}
    assert by_name["progress_766"].scored(Figures(direct=4, on_time=3, within=1)) == Decimal("15.00")
    satisfied = by_name["satisfied"]
    assert satisfied.scored(Figures(rated_return=10, satisfied_return=9)) == Decimal("6.00")
    assert satisfied.scored(Figures(rated_return=10, satisfied_return=3)) == Decimal("2.00")
    assert satisfied.scored(Figures()) == Decimal("0.00")
    assert by_name["petitions_in_time"].scored(Figures()) == Decimal("6.00")
    assert by_name["petitions_satisfied"].scored(Figures(petitions_judged=2)) == Decimal("0.00")
    assert by_name["progress_766"].scored(Figures()) is None
    assert by_name["online"].scored(Figures(online=1)) is None
    assert Points(6).of(Share(3, 2)) == Decimal("6.00")


def test_halves_are_rounded_up() -> None:
    assert half_up(Fraction(1, 8)) == Decimal("0.13")
    assert half_up(Fraction(-1, 8)) == Decimal("-0.13")
    assert half_up(Fraction(249, 2000)) == Decimal("0.12")


def test_numbers_are_written_as_in_vietnam() -> None:
    assert vietnamese(Decimal("1234.56")) == "1.234,56"
    assert vietnamese(1_000_000) == "1.000.000"
    assert Share(1, 1).words == "100,00%"


# --- what always holds ---

STREAMS = st.text("ab", min_size=1, max_size=3)
AUTUMN = datetime(2026, 9, 1, tzinfo=UTC)
STAMPS = st.integers(0, 150 * 86_400).map(lambda s: timestamp(AUTUMN + timedelta(seconds=s)))
MAYBE = st.just("") | STAMPS
COUNTED = st.builds(
    Counted,
    stream=STREAMS,
    agency=st.sampled_from(["H37.01", "H37.07", "H37.08"]),
    channel=st.sampled_from(["direct", "online", "post"]),
    received=MAYBE,
    clock=st.tuples(STAMPS, STAMPS, STAMPS, MAYBE).map(
        lambda s: (Tick("", s[0]), Tick(s[1], s[3]), Tick(s[2], s[0]))
    ),
    extended=MAYBE,
    ending=st.none() | st.sampled_from(Ending),
    ended=STAMPS,
    returned=MAYBE,
    on_site=st.booleans(),
    contested=st.booleans(),
    paid=MAYBE,
    ratings=st.lists(st.builds(Rating, st.sampled_from(["reception", "return"]), st.booleans(), STAMPS)).map(
        tuple
    ),
    counts_for=st.lists(STREAMS, max_size=2).map(tuple),
)
MANY = st.lists(COUNTED, max_size=20)


def balanced(found: Report) -> bool:
    rows = [*found.agencies.values(), found.total]
    return all(row.received == row.resolved + row.in_progress + row.closed for row in rows)


@given(MANY, STAMPS)
def test_received_and_carried_over_are_resolved_in_progress_or_closed(
    dossiers: Sequence[Counted], known: str
) -> None:
    """For each agency and for the total, whenever it is asked."""
    found = report(dossiers, NOVEMBER, known)
    assert balanced(found)
    assert found.left_out == 0
    summed = Figures()
    for row in found.agencies.values():
        summed = summed.plus(row)
    assert summed == found.total
    assert found.total.in_time <= found.total.received


@given(MANY)
def test_what_is_in_progress_at_the_end_is_carried_over(dossiers: Sequence[Counted]) -> None:
    november, december = total(*dossiers), total(*dossiers, of=DECEMBER)
    assert november.in_progress == december.carried_over
    both = total(*dossiers, of=Period(NOVEMBER.first, DECEMBER.last))
    assert (both.new, both.resolved, both.closed) == (
        november.new + december.new,
        november.resolved + december.resolved,
        november.closed + december.closed,
    )
    assert both.in_progress == december.in_progress


@given(MANY, st.randoms(use_true_random=False))
def test_the_order_of_the_dossiers_does_not_matter(dossiers: list[Counted], random: object) -> None:
    linked = linked_streams(dossiers)
    turned = list(reversed(dossiers))
    assert report(dossiers, NOVEMBER, LATER, linked=linked) == report(turned, NOVEMBER, LATER, linked=linked)


@given(MANY)
def test_of_linked_dossiers_one_always_counts(dossiers: Sequence[Counted]) -> None:
    once = {one.stream: one for one in dossiers}.values()
    naming = {
        one.stream: set(one.counts_for) for one in once if one.received and one.ending is not Ending.CANCELLED
    }
    linked = linked_streams(once)
    for stream in linked:
        assert any(stream in others and other != stream for other, others in naming.items())
    if naming:
        assert naming.keys() - linked


@given(
    st.builds(
        Counted,
        stream=st.text(max_size=3),
        agency=st.text(max_size=3),
        received=st.text(max_size=30) | STAMPS,
        clock=st.lists(st.builds(Tick, st.text(max_size=30) | STAMPS, st.text(max_size=30)), max_size=3).map(
            tuple
        ),
        ending=st.none() | st.sampled_from(Ending),
        ended=st.text(max_size=30) | STAMPS,
        extended=st.text(max_size=30),
    ),
    st.dates(),
    st.dates(),
    st.text(max_size=30) | STAMPS,
)
def test_a_report_has_an_answer_to_anything(one: Counted, first: date, last: date, known: str) -> None:
    """A moment that is none leaves its dossier out, by name."""
    found = report([one], Period(first, last), known)
    assert balanced(found)
    assert found.unreadable in ((), (one.stream,))


def test_a_dossier_without_a_due_moment_is_left_out_by_name() -> None:
    found = report([dossier("20/11 10:00", "25/11 16:30", "24/11 09:00", clock=())] * 101, NOVEMBER, LATER)
    assert (found.left_out, len(found.unreadable), found.total) == (101, 100, Figures())


def test_the_form_and_what_is_beside_it_add_up() -> None:
    figures = Figures(online=3, direct=2, post=1, carried_over=4, early=5, overdue=1, within=2, withdrawn=2)
    form = [column.figure(figures) for column in FORM_06A]
    assert form == [10, 3, 3, 4, 6, 5, 0, 1, 2, 2, 0]
    assert form[0] == form[4] + form[8] + sum(column.figure(figures) for column in BESIDE_06A[:2])


# --- from the fold ---


def of(past: History) -> Counted:
    return counted(past.dossier, office().catalog)


def test_a_dossier_that_was_received_approved_and_returned() -> None:
    past = history(received(), appraised(), approved(), returned())
    one = of(past)
    assert (one.agency, one.procedure, one.channel, one.on_site) == (AGENCY, PROCEDURE, "direct", True)
    assert one.ending is Ending.APPROVED
    assert one.received < one.ended < one.returned
    assert total(one) == Figures(direct=1, early=1, on_site_received=1, on_site_resolved=1, returned=1)


def test_a_dossier_that_was_refused_and_one_that_was_withdrawn() -> None:
    assert of(history(received(), appraised(), refused())).ending is Ending.REFUSED
    gone = history(received(), withdrawal_asked(), withdrawal_granted())
    assert of(gone).ending is Ending.WITHDRAWN
    assert total(of(gone)).closed == 1


def test_a_contested_dossier_is_in_progress_until_the_desk_settles() -> None:
    past = history(received(), appraised())
    met = (past + approved()) | (past + withdrawal_asked())
    one = of(met)
    assert one.contested
    assert (total(one).in_progress, total(one).contested) == (1, 1)


def test_an_extension_is_told_beside_the_first_promise() -> None:
    one = of(history(received(), extended()))
    assert one.extended > one.clock[0].due
    assert len(one.clock) == 1


def test_waiting_for_papers_moves_the_promise() -> None:
    asked = told(
        "dossier.supplement_requested",
        "lan",
        "room-01.1",
        components=[{"name": "Giấy đề nghị", "why": "mờ"}],
        reason="thiếu",
    )
    came = datetime(2026, 12, 4, 2, 0, tzinfo=UTC)
    waiting = history(received(), appraised(), asked)
    assert [tick.due for tick in of(waiting).clock][1:] == [""]
    assert total(of(waiting)).stopped == 1
    back = waiting + told("dossier.supplied", "hoa", "counter-01.1").but(at=came)
    clock = of(back).clock
    assert clock[2] == Tick(timestamp(came), at("09/12 16:30"))


def test_a_dossier_that_was_not_received_and_one_that_is_only_registered() -> None:
    came = history(registered())
    assert total(of(came)) == Figures()
    sent_away = came + told("dossier.not_received", "hoa", "counter-01.1", reason="Không thuộc thẩm quyền")
    assert of(sent_away).ending is Ending.NOT_RECEIVED
    assert total(of(sent_away)).not_received == 1


def test_money_that_was_taken_is_paid() -> None:
    one = of(history(received(), fee_collected()))
    assert one.paid
    assert not one.paid_online


@given(histories())
def test_whatever_the_fold_shows_can_be_counted(past: History) -> None:
    found = report([of(past)], NOVEMBER, LATER)
    assert balanced(found)
    assert found.left_out == 0


def test_a_limit_that_cannot_be_counted_leaves_the_promise() -> None:
    """Zero working days are no time; the moment that was printed still holds when the papers are back."""
    past = history(
        received().saying(limit={"value": 0, "unit": "working_days"}),
        appraised(),
        told("dossier.obligation_asked", "lan", "room-01.1", what="Lệ phí trước bạ", amount=500_000),
        told("dossier.obligation_met", "hoa", "counter-01.1", proof="Giấy nộp tiền", amount=500_000),
    )
    clock = of(past).clock
    assert [tick.due for tick in clock] == [clock[0].due, "", clock[0].due]


def test_a_corrected_result_is_counted_with_its_correction() -> None:
    other = "01934f0e6b7c7d3e9a51c0ffee000002"
    past = history(received(), appraised(), approved(), returned())
    past = past + told("dossier.corrected", "hoa", "counter-01.1", stream=other)
    assert linked_streams([of(past)]) == {other}


def test_what_happens_after_the_result_does_not_change_its_due_moment() -> None:
    """A supplement asked where the result was not known yet came too late to move the promise."""
    ticks = (Tick(at("20/11 10:00"), at("25/11 16:30")), Tick(at("26/11 09:00"), ""))
    assert total(dossier("20/11 10:00", "25/11 16:30", "25/11 17:00", clock=ticks)).overdue == 1
