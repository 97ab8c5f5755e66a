"""The five years that are made up: as many of everything as the article says, and not one act that does not stand."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import cast

import pytest
from pypdf import PdfReader

from central.dataset.making import PIN, Made, make
from central.dataset.office import DEPARTMENTS, LEADER, procedures
from central.dataset.plan import five_years
from central.dataset.totals import ARTICLE, totals
from central.verify import verify
from edge.clock import system_clock
from edge.errors import CannotStart
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_settings
from edge.tallying import Reckoning
from schemas.reports import Period, counted, on_site_procedures, report
from sync.documents import load, render
from tests.centres import SmallCentre
from tests.waiting import until
from tests.web.clerk import Clerk

FIVE_YEARS = Period(date(2019, 1, 1), date(2023, 12, 31))
NOW = "2026-11-26T00:00:00.000000Z"
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
    assert (levels.count(5), levels.count(4)) == (wanted.rated - wanted.satisfied, wanted.satisfied)
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
    acks = central.acks.newest()
    assert acks is not None
    held = {database: sum(seq for seq, _ in nodes.values()) for database, nodes in acks.held.items()}
    assert held["dossiers"] == made[1].events, "central says that it holds every chain to its end"
    assert held["visits"] == made[1].visits
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
    assert (levels.count(5), levels.count(4)) == (wanted.rated - wanted.satisfied, wanted.satisfied)


def test_the_kept_sums_say_what_the_article_says(central: Node) -> None:
    """As do the sums that are made again from the acts, to the last one."""
    wanted, kept = totals(SIZE), Reckoning(central.file)
    sums = kept.sums("agency", FIVE_YEARS, NOW)
    found = sums.total()
    assert (found.new, found.online, found.on_site_received, found.carried_over) == (
        wanted.received,
        wanted.online,
        wanted.on_site,
        0,
    )
    assert (found.resolved, found.overdue, found.in_progress) == (
        wanted.resolved,
        wanted.overdue,
        wanted.in_progress,
    )
    assert (found.rated, found.satisfied) == (wanted.rated, wanted.rated)
    levels = [sum(sums.amount(agency, f"level_{level}") for agency in sums.members()) for level in (5, 4)]
    assert levels == [wanted.rated - wanted.satisfied, wanted.satisfied]
    for by in ("field", "place", "procedure"):
        assert kept.sums(by, FIVE_YEARS, NOW).total() == found
    before = _tally(central)
    central.projector.rebuild()
    assert _tally(central) == before


def _tally(node: Node) -> list[tuple[object, ...]]:
    with node.file.read() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                "SELECT * FROM tally WHERE number <> 0 ORDER BY dimension, span, member, name"
            )
        ]


@pytest.mark.parametrize(
    "period",
    [FIVE_YEARS, Period(date(2021, 2, 13), date(2022, 7, 5)), Period(date(2023, 12, 1), date(2023, 12, 31))],
)
def test_a_query_over_the_acts_as_they_are_written_says_the_same(central: Node, period: Period) -> None:
    """Independent of every fold: SQL over the JSON of the acts."""
    found = Reckoning(central.file).sums("agency", period, NOW).total()
    raw = sqlite3.connect(":memory:")
    raw.execute("CREATE TABLE act (stream, kind, at, data)")
    store = central.stores["dossiers"]
    for document in (
        load(render(one)) for one in store.winners([one.id for one in store.all_docs()]).values()
    ):
        row = (document["stream"], document["kind"], document["at"], json.dumps(document["data"]))
        raw.execute("INSERT INTO act VALUES (?, ?, ?, ?)", row)
    raw.execute(
        """CREATE TABLE dossier AS SELECT r.stream, r.at AS came, json_extract(r.data, '$.channel') AS channel,
        (SELECT max(d.at) FROM act d WHERE d.stream = r.stream AND d.kind IN ('dossier.approved', 'dossier.sealed'))
        AS done, json_extract(r.data, '$.due') AS due, EXISTS (SELECT 1 FROM act s WHERE s.stream = r.stream
        AND s.kind = 'dossier.supplement_requested') AS waited FROM act r WHERE r.kind = 'dossier.received'"""
    )

    def count(where: str) -> int:
        bounds = {"b": period.begins, "e": period.ends}
        return int(raw.execute(f"SELECT count(*) FROM dossier WHERE {where}", bounds).fetchone()[0])

    came, done = "came >= :b AND came < :e", "done >= :b AND done < :e"
    assert found.new == count(came)
    assert found.online == count(f"{came} AND channel = 'online'")
    assert found.resolved == count(done)
    assert found.overdue == count(f"{done} AND done > due AND NOT waited")
    assert found.carried_over == count("came < :b AND (done IS NULL OR done >= :b)")
    assert found.in_progress == count("came < :e AND (done IS NULL OR done >= :e)")
    money = raw.execute(
        "SELECT coalesce(sum(json_extract(data, '$.total')), 0) FROM act"
        " WHERE kind = 'dossier.fee_collected' AND at >= :b AND at < :e",
        {"b": period.begins, "e": period.ends},
    ).fetchone()[0]
    sums = Reckoning(central.file).sums("agency", period, NOW)
    assert money == sum(sums.amount(one, kind) for one in sums.members() for kind in ("phi", "le_phi"))


def test_the_leader_reads_them_and_everybody_the_public_page(central: Node) -> None:
    wanted = totals(SIZE)
    leader = Clerk(cast(SmallCentre, {"central": central}), "central")
    assert "Số liệu công khai" in leader.open("/figures").html
    assert leader.open("/reports").status != 200
    leader.sign_in(LEADER, PIN)
    first = Reckoning(central.file).first_day()
    assert first is not None
    assert f"Từ {first:%d/%m/%Y}" in leader.open("/reports").page.text
    days = "?period=days&first=2019-01-01&last=2023-12-31"
    text = leader.open(f"/reports/06a{days}").page.text
    assert f"Cả Trung tâm {wanted.received} {wanted.online}" in text
    assert "60,54%" in leader.open(f"/reports/766{days}").page.text
    assert "31,71%" in leader.open(f"/reports/4-tai-cho{days}").page.text
    for name in ("hai-long", "phi", "qua-han", "cong-viec"):
        assert leader.open(f"/reports/{name}{days}").status == 200
    assert leader.open("/reports/none").status == 404
    late = leader.open("/reports/qua-han?period=all").page
    assert "Chờ thẩm định" in late.text
    assert any(path.startswith("/dossier/") for path, _ in late.links)
    for form, words in (
        (f"06a.pdf{days}", "Cả Trung tâm"),
        (f"phi.pdf{days}", "Cả Trung tâm"),
        ("06a.pdf?period=all", "II.06a"),  # the form is in force now, and was not then
    ):
        pages = PdfReader(io.BytesIO(leader.raw(f"/reports/{form}").data)).pages
        assert words in "".join(page.extract_text() for page in pages)
    for ending, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF")):
        answer = leader.raw(f"/reports/06a.{ending}{days}&by=field")
        assert answer.status_code == 200
        assert answer.data.startswith(begins)


def test_the_years_are_not_confirmed_and_the_leader_can_sign_in(central: Node) -> None:
    calendar = central.catalog.latest.calendar()
    assert not any(calendar.is_confirmed(date(year, 6, 1)) for year in range(2019, 2024))
    central.people.check_pin(LEADER, PIN)


def test_verification_finds_nothing_but_that_its_results_are_samples(made: tuple[Path, Made]) -> None:
    """Numbers of years ago are right too: their cards were renewed since."""
    found = verify(made[0]).findings
    assert [one.what for one in found if "0 signatures, 1 expected" not in one.what] == []


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


@pytest.mark.proof
def test_killed_in_the_middle_it_leaves_nobody_who_writes(tmp_path: Path) -> None:
    """They wrote for a process that was gone, and waited for it for ever."""
    command = [sys.executable, "-m", "central.cli", "dataset", str(tmp_path / "set"), "--dossiers", "20000"]
    making = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    until(lambda: len(_of_session(making.pid)) > 4, patience_s=300)
    making.kill()
    making.wait()
    until(lambda: not _of_session(making.pid), patience_s=120)


def _of_session(session: int) -> list[int]:
    """The processes that began with one, and have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, of = stat.read_text().rpartition(")")[2].split()[:4]
            if int(of) == session and state != "Z":
                found.append(int(stat.parent.name))
    return found
