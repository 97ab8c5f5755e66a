"""The lists of the counter, kept by the projector: what they hold, how they are counted and paged, and what that costs."""

from __future__ import annotations

from collections import Counter
from itertools import product

from edge.node import Node
from edge.worklists import Cut, Key, Sort, Whose, Worklists, _query
from schemas.acts import RequestedComponent, SupplementRequested
from schemas.events import timestamp
from schemas.fold import Dossier
from schemas.worklists import Waits
from tests.centres import SEALED, SmallCentre

EVERYBODY = Whose()


def kept(node: Node) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    with node.file.read() as connection:
        rows = connection.execute("SELECT * FROM work ORDER BY position, list").fetchall()
        counts = connection.execute(
            "SELECT list, place, person, agency, count FROM work_count ORDER BY 1, 2, 3, 4"
        ).fetchall()
    return rows, counts


def named(lists: Worklists, cut: Cut, whose: Whose = EVERYBODY, sort: Sort = Sort.MOMENT) -> list[str]:
    return [item.row.applicant for item in lists.all(cut, whose, sort)]


def ask_for_papers(centre: SmallCentre, dossier: Dossier) -> None:
    asked = SupplementRequested((RequestedComponent("Giấy", "mờ", 1),), "Giấy mờ.", until="2027-03-05")
    centre["room-01"].ledger.act(dossier.stream, "dossier.supplement_requested", asked, by="ha.lt")


def a_day(centre: SmallCentre) -> None:
    """Dossiers that wait for everything there is, some of them over, known everywhere."""
    quiet, returned, ready = (
        centre.receive(applicant=name) for name in ("Nông Văn An", "Lý Sáng", "Vi Bình")
    )
    centre.receive("counter-02", by="long.pd", applicant="Hoàng Cúc", procedure=SEALED)
    halted = centre.receive(applicant="Đàm Dung")
    centre.meet()
    for dossier in (returned, ready, halted):
        centre.appraise(dossier)
    ask_for_papers(centre, halted)
    for dossier in (returned, ready):
        centre.approve(dossier)
    centre.meet()
    centre.return_(returned)
    centre.withdraw(quiet)
    centre.meet()


def test_every_machine_keeps_the_same_lists_and_makes_them_anew_as_they_were(centre: SmallCentre) -> None:
    """In whatever order the acts came; and what is added up is what a count would find."""
    a_day(centre)
    node = centre["counter-01"]
    rows, counts = kept(node)
    assert rows
    assert kept(centre["central"]) == kept(centre["room-01"]) == (rows, counts)
    found = Counter((row[1], row[3], row[4], row[5]) for row in rows)
    assert {tuple(row[:4]): row[4] for row in counts} == found
    node.projector.rebuild()
    assert kept(node) == (rows, counts)


def test_what_is_over_stands_in_no_list(centre: SmallCentre) -> None:
    a_day(centre)
    lists = centre["counter-01"].worklists
    assert "Lý Sáng" not in named(lists, Cut(Waits.OPEN))
    assert named(lists, Cut(Waits.SUPPLEMENT)) == named(lists, Cut(Waits.EXPIRING)) == ["Đàm Dung"]
    assert named(lists, Cut(Waits.OPEN), Whose(place="counter-02")) == ["Hoàng Cúc"]
    assert named(lists, Cut(Waits.OPEN), Whose(person="long.pd")) == ["Hoàng Cúc"]


def test_a_stream_that_leaves_a_machine_leaves_its_lists(centre: SmallCentre) -> None:
    dossier = centre.receive()
    node = centre["counter-01"]
    with node.file.write() as connection:
        node.projector.remove(connection, dossier.stream)
    assert kept(node) == ([], [])


def test_the_clock_alone_makes_a_dossier_overdue(centre: SmallCentre) -> None:
    """No act comes; the counts of before, within and after an hour always add up."""
    dossier = centre.receive()
    centre.receive(applicant="Vi Bình")
    lists, due = centre["counter-01"].worklists, dossier.standing.due
    at, later = timestamp(centre.clock()), "2027-12-31T00:00:00.000000Z"
    assert lists.count(Cut(Waits.RUNNING, before=at), EVERYBODY) == 0
    assert lists.count(Cut(Waits.RUNNING, since=at), EVERYBODY) == 2
    assert lists.count(Cut(Waits.RUNNING, since=at, before=due), EVERYBODY) == 0
    assert lists.count(Cut(Waits.RUNNING, before=later), EVERYBODY) == 2
    assert lists.count(Cut(Waits.RUNNING, before=later), Whose(person="long.pd")) == 0
    assert named(lists, Cut(Waits.RUNNING, before=later), Whose(agency=dossier.standing.received.agency))  # type: ignore[union-attr]


SOME = [Whose(), Whose(place="counter-01"), Whose(person="hanh.nh"), Whose(agency="H37.07")]


def test_pages_show_every_row_once_though_rows_leave_between_them(centre: SmallCentre) -> None:
    """In every order and for everybody; whoever was last on a page may be gone when the next one is asked for."""
    names = {"Ân", "Bình", "Cúc", "Dung", "Em"}
    for name in names:
        centre.receive(applicant=name)
    lists, cut = centre["counter-01"].worklists, Cut(Waits.OPEN)
    for sort, whose in product(Sort, SOME):
        whole, seen, after = named(lists, cut, whose, sort), list[str](), None
        while page := lists.page(cut, whose, sort, after=after, size=2):
            seen += [item.row.applicant for item in page.items]
            after = page.after
            if after is None:
                break
        assert (seen, set(seen)) == (whole, names), (sort, whose)

    first = lists.page(cut, EVERYBODY, size=2)
    assert first.after is not None
    with centre["counter-01"].file.write() as connection:
        connection.execute("DELETE FROM work WHERE position = ?", (first.after.position,))
    rest = lists.page(cut, EVERYBODY, after=first.after)
    assert {item.row.applicant for item in (*first.items, *rest.items)} == names


def test_no_page_and_no_count_reads_more_than_its_own_part_of_a_list(centre: SmallCentre) -> None:
    """By the plans: every table by an index, nothing sorted, the archive not touched."""
    cut = Cut(Waits.RUNNING, before=timestamp(centre.clock()))
    with centre["counter-01"].file.read() as connection:
        for sort, whose, after in product(Sort, SOME, (None, Key("2027-03-01", 7))):
            query, values = _query(connection, cut, whose, sort, after)
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query} LIMIT 51", values)]
            assert len(plan) == 1, plan
            assert plan[0].startswith("SEARCH work USING COVERING INDEX"), plan
