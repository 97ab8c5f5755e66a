"""The five years that are made up: as many of everything as the article says, and not one act that does not stand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from central.dataset.making import PIN, Made, make
from central.dataset.office import DEPARTMENTS, LEADER, procedures
from central.dataset.plan import five_years
from central.dataset.totals import ARTICLE, totals
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.ids import Ids
from edge.node import Folder, Node
from edge.settings import read_settings
from schemas.reports import Period, counted, on_site_procedures, report

FIVE_YEARS = Period(date(2019, 1, 1), date(2023, 12, 31))
SIZE = 522
"""A thousandth."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    folder = tmp_path_factory.mktemp("dataset") / "five-years"
    return folder, make(folder, SIZE, 1, ids=Ids())


@pytest.fixture(scope="module")
def central(made: tuple[Path, Made]) -> Node:
    folder = made[0] / "central"
    return Node(Folder(folder), read_settings(folder), clock=system_clock, ids=Ids())


def test_the_catalog_has_the_procedures_of_the_article() -> None:
    of = {one.abbreviation: one.procedures for one in DEPARTMENTS}
    assert (of.pop("BHXH"), of.pop("CAT"), of.pop("PCLS"), sum(of.values())) == (25, 14, 19, 1_191)
    every = procedures()
    assert len({one.code for one in every}) == 1_249
    share = on_site_procedures(every)[""]
    assert (share.numerator, share.denominator, share.words) == (396, 1_249, "31,71%")


def test_a_smaller_centre_has_the_sums_divided_and_rounded() -> None:
    assert totals(ARTICLE.received) == ARTICLE
    hundredth = totals(5_218)
    assert (hundredth.online, hundredth.resolved, hundredth.overdue, hundredth.on_site) == (
        3155,
        5096,
        3,
        711,
    )
    assert hundredth.in_time + hundredth.overdue + hundredth.in_progress == 5_218


def test_the_plan_has_exactly_so_many_of_each() -> None:
    wanted = totals(5_218)
    planned = five_years(wanted, 1)
    done = [one for one in planned if one.ended is not None]
    assert len(planned) == wanted.received
    assert sum(one.channel == "online" for one in planned) == wanted.online
    assert len(done) == wanted.resolved
    assert sum(one.ended > one.due for one in done if one.ended) == wanted.overdue
    assert all(one.received < one.ended for one in done if one.ended)
    levels = [one.level for one in planned if one.level]
    assert (levels.count(5), levels.count(4)) == (wanted.very_satisfied, wanted.satisfied)
    assert five_years(wanted, 1) == planned
    assert five_years(wanted, 2) != planned


def test_every_act_stands_and_the_report_says_what_the_article_says(
    made: tuple[Path, Made], central: Node
) -> None:
    with central.file.read() as connection:
        places = dict(connection.execute("SELECT place, count(*) FROM event GROUP BY place").fetchall())
        seals = dict(connection.execute("SELECT sealed, count(*) FROM delivery GROUP BY sealed").fetchall())
        streams = [stream for (stream,) in connection.execute("SELECT stream FROM dossier")]
        assert connection.execute("SELECT count(*) FROM conflict").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM fork").fetchone() == (0,)
    assert places == {"effective": made[1].events}
    assert seals == {1: made[1].events}
    dossiers = [counted(central.projector.dossier(stream), central.catalog) for stream in streams]
    found = report(dossiers, FIVE_YEARS, "2026-11-26T00:00:00.000000Z").total
    wanted = totals(SIZE)
    assert (found.new, found.online, found.on_site_received) == (
        wanted.received,
        wanted.online,
        wanted.on_site,
    )
    assert (found.resolved, found.overdue, found.in_time) == (
        wanted.resolved,
        wanted.overdue,
        wanted.in_time,
    )
    assert (found.in_progress, found.closed, found.cancelled) == (wanted.in_progress, 0, 0)


def test_every_visit_stands_and_is_rated(made: tuple[Path, Made], central: Node) -> None:
    visits = [central.visits.visit(stream) for stream in central.visits.streams()]
    assert {line.place.value for visit in visits for line in visit.timeline} == {"effective"}
    levels = [visit.standing.newest["visit.rated"].data.level for visit in visits]
    wanted = totals(SIZE)
    assert (levels.count(5), levels.count(4)) == (wanted.very_satisfied, wanted.satisfied)


def test_the_years_are_not_confirmed_and_the_leader_can_sign_in(central: Node) -> None:
    calendar = central.catalog.latest.calendar()
    assert not any(calendar.is_confirmed(date(year, 6, 1)) for year in range(2019, 2024))
    central.people.check_pin(LEADER, PIN)


def test_begun_again_it_takes_nothing_twice(made: tuple[Path, Made], central: Node) -> None:
    """Cut off before it was whole: what central has stays, and the same documents come again."""
    central.close()
    folder = made[0]
    whole = folder / "dataset.json"
    whole.rename(folder / "aside")
    again = make(folder, SIZE, 1, ids=Ids())
    assert (again.events, again.visits) == (made[1].events, made[1].visits)
    node = Node(Folder(folder / "central"), read_settings(folder / "central"), clock=system_clock, ids=Ids())
    with node.file.read() as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (again.events,)
    node.close()
    with pytest.raises(CannotStart, match="name another folder"):
        make(folder, SIZE, 2, ids=Ids())
