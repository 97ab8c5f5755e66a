"""Central's sums: what they say of a few dossiers that are counted by hand, and what moves when one boundary is crossed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from central.demo.plan import QUEUES
from edge.node import Node
from edge.tallying import HEIR, Reckoning
from schemas.acts import Linked, Rated, Returned
from schemas.calendar import VIETNAM
from schemas.events import StreamId, moment, timestamp
from schemas.fees import Channel
from schemas.queue import Turn
from schemas.reports import Figures, Period, Succession, counted, linked_streams, report
from tests.centres import SEALED, SmallCentre
from tests.edge.test_hall import visits

MONTH = Period(date(2027, 3, 1), date(2027, 3, 31))


def kept(centre: SmallCentre, period: Period = MONTH, at: str = "") -> Figures:
    """What the sums say, which is what a look at every dossier says, and what they say when they are made again."""
    node = centre["central"]
    at = at or timestamp(centre.clock())
    found = Reckoning(node.file).sums("agency", period, at).total()
    assert found == looked_at(node, period, at)
    return found


def looked_at(node: Node, period: Period, at: str) -> Figures:
    with node.file.read() as connection:
        streams = [stream for (stream,) in connection.execute("SELECT stream FROM dossier")]
    dossiers = [counted(node.projector.dossier(stream), node.catalog) for stream in streams]
    return report(dossiers, period, at, linked=linked_streams(dossiers)).total


def test_a_few_dossiers_are_counted_as_by_hand(centre: SmallCentre) -> None:
    """One approved, one refused, one withdrawn, one contested, one open: and the same when all is made again."""
    centre.five_ends()
    found = kept(centre)
    assert (found.new, found.direct, found.resolved, found.refused) == (5, 5, 2, 1)
    assert (found.returned, found.contested, found.in_progress) == (1, 1, 3)
    before = found
    centre["central"].projector.rebuild()
    assert kept(centre) == before
    acts = Reckoning(centre["central"].file).acts(MONTH)
    assert acts["ha.lt"] == {"dossier.appraised": 3}
    assert (
        Reckoning(centre["counter-01"].file).sums("agency", MONTH, timestamp(centre.clock())).members() == []
    )


def test_the_due_moment_to_the_second(centre: SmallCentre) -> None:
    """At the moment itself it is not over; a moment later it is, on the same day."""
    dossier = centre.receive()
    centre.meet()
    assert dossier.received is not None
    due = moment(dossier.received.due)
    period = Period(MONTH.first, due.astimezone(VIETNAM).date())
    just_before, at_it, after = (timestamp(due + timedelta(seconds=n)) for n in (-1, 0, 1))
    assert [kept(centre, period, at).over for at in (just_before, at_it, after)] == [0, 0, 1]
    assert [kept(centre, period, at).within for at in (just_before, at_it, after)] == [1, 1, 0]


def test_midnight_is_a_vietnamese_one(centre: SmallCentre) -> None:
    centre.clock.at = datetime(2027, 3, 31, 23, 59, 50, tzinfo=VIETNAM).astimezone(UTC)
    centre.receive()
    centre.clock.at = datetime(2027, 4, 1, 0, 0, 1, tzinfo=VIETNAM).astimezone(UTC)
    centre.receive()
    centre.meet()
    april = Period(date(2027, 4, 1), date(2027, 4, 30))
    assert [kept(centre, period).new for period in (MONTH, april)] == [1, 1]
    assert kept(centre, april).carried_over == 1


@pytest.mark.parametrize("by", ["agency", "field", "place", "procedure"])
def test_another_channel_agency_or_place_is_another_row(centre: SmallCentre, by: str) -> None:
    centre.receive()
    draft, counter = replace(centre.draft(procedure=SEALED), channel=Channel.ONLINE), centre["counter-02"]
    stream = StreamId(centre.ids.stream(centre.clock()))
    counter.ledger.receive(stream, draft, by="hanh.nh", spool=counter.papers.spool_slip)
    centre.meet()
    sums = Reckoning(centre["central"].file).sums(by, MONTH, timestamp(centre.clock()))
    assert sorted(sums.figures(member).direct for member in sums.members()) == [0, 1]
    assert sorted(sums.figures(member).online for member in sums.members()) == [0, 1]
    assert sums.total() == kept(centre)


def test_a_dossier_that_another_one_corrects_counts_once(centre: SmallCentre) -> None:
    """Whichever of the two is known first."""
    done, new = centre.receive(), centre.receive()
    centre.meet()
    centre.appraise(done)
    centre.meet()
    centre.approve(done)
    centre.meet()
    returned = centre.return_(done)
    assert isinstance(returned.standing.newest["dossier.returned"].data, Returned)
    centre["counter-01"].ledger.act(done.stream, "dossier.corrected", Linked(new.stream), by="hanh.nh")
    centre.meet()
    assert kept(centre).new == 1
    centre["central"].projector.rebuild()
    assert kept(centre).new == 1


# ---- agencies that are no more


def test_what_an_agency_received_is_told_under_who_followed_it(centre: SmallCentre) -> None:
    """One is merged whole, another is shared out by procedures; every figure is where it was, and the sum is the same."""
    roads, land = "1.000703", SEALED
    for procedure in (roads, land, land):
        centre.receive(procedure=procedure)
    centre.meet()
    central, at = centre["central"], timestamp(centre.clock())
    reckoning = Reckoning(central.file)
    before = reckoning.sums("agency", MONTH, at)
    first, second = (before_of for before_of in before.members() if before.figures(before_of).received)
    heirs = Succession({"H37.07": ("H37.901", "H37.08")}, {roads: "H37.08"})
    of_land = next(one for one in (first, second) if one != "H37.07")

    told = reckoning.sums(HEIR, MONTH, at, heirs)
    assert told.figures("H37.08").received == before.figures("H37.07").received == 1
    assert told.figures("H37.07").received == 0
    assert told.figures(of_land).received == before.figures(of_land).received == 2
    assert told.total() == before.total()
    merged = reckoning.sums(HEIR, MONTH, at, Succession({"H37.07": (of_land,)}))
    assert merged.figures(of_land).received == 3
    by_procedure = reckoning.sums("procedure", MONTH, at)
    assert (by_procedure.figures(roads).received, by_procedure.figures(land).received) == (1, 2)


# ---- ratings


def rate(centre: SmallCentre) -> Turn:
    """Somebody took a ticket at one counter, was called at another, and rated it there."""
    turn = centre["counter-01"].hall.take(QUEUES[0])
    visits(centre, "counter-01", "counter-02")
    called = centre["counter-02"].hall.call_next("", "served", by="long.pd")
    assert called is not None
    assert called.stream == turn.stream
    centre["counter-02"].visits.act(turn.stream, "visit.rated", Rated("reception", 5, True, ""))
    return turn


def ratings_counted(centre: SmallCentre) -> tuple[int, int]:
    """Ratings counted, and those of the highest level."""
    sums = Reckoning(centre["central"].file).sums("place", MONTH, timestamp(centre.clock()))
    return sums.total().rated, sum(sums.amount(member, "level_5") for member in sums.members())


def test_a_rating_that_comes_before_its_visit_is_counted_when_that_comes(centre: SmallCentre) -> None:
    """The counter's line is quicker than the kiosk's: the visit is here whole a moment later."""
    turn = rate(centre)
    node, central = centre["counter-02"], centre["central"]
    whole = [
        node.stores["visits"].get(one.id)
        for one in node.stores["visits"].all_docs(startkey=f"{turn.stream}:", endkey=f"{turn.stream}:~")
    ]
    rating = [one for one in whole if one["kind"] == "visit.rated"]
    central.stores["visits"].bulk_docs(rating, new_edits=False, source=node.id)
    assert ratings_counted(centre) == (0, 0)
    assert central.projector.ratings_waiting() == [turn.stream]
    central.stores["visits"].bulk_docs(whole, new_edits=False, source=node.id)
    assert ratings_counted(centre) == (1, 1)
    assert central.projector.ratings_waiting() == []
    central.projector.rebuild()
    assert ratings_counted(centre) == (1, 1)
