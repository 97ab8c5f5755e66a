"""Who looked at what: a log that cannot be changed unseen, sealed day by day."""

from __future__ import annotations

from datetime import date

import pytest

from edge.closing import closed_in, views_of
from edge.node import Node
from schemas.fold import Place
from tests.centres import SmallCentre


@pytest.fixture
def counter(centre: SmallCentre) -> Node:
    """A counter with three looks of yesterday, sealed, and two of today."""
    node = centre["counter-01"]
    stream = centre.receive().stream
    for person in ("hanh.nh", "long.pd", "hanh.nh"):
        node.views.looked(person, stream, "dossier.page")
    centre.clock.forward(days=1)
    assert node.closing.close_days() == 1
    for person in ("hanh.nh", "long.pd"):
        node.views.looked(person, stream, "room.one")
    return node


def _why_broken(node: Node) -> str | None:
    return node.views.why_broken(views_of(node.closing.closed()))


def _change(node: Node, statement: str) -> None:
    with node.file.write() as connection:
        connection.execute(statement)


def test_a_day_is_closed_once_when_the_next_one_has_begun(centre: SmallCentre, counter: Node) -> None:
    """With what was written and what was looked at; a day on which nothing happened is left out."""
    (closed,) = counter.closing.closed()
    assert (closed.day, closed.acts, closed.last_seq) == ("2027-03-01", 1, 1)
    assert [(one.last_line, one.count) for one in views_of([closed])] == [(3, 3)]
    assert counter.closing.close_days() == 0
    centre.clock.forward(days=3)
    assert counter.closing.close_days() == 1
    assert counter.closing.closed()[-1].day == "2027-03-02"
    assert views_of(counter.closing.closed())[-1].last_line == 5
    centre.clock.forward(days=1)
    assert counter.closing.close_days() == 0


def test_the_seal_of_a_day_comes_to_central(centre: SmallCentre, counter: Node) -> None:
    """As an act of the machine, which every reader believes."""
    centre.meet()
    central = centre["central"]
    ((node, stream),) = central.register.closings()
    assert node == counter.id
    assert closed_in(central.projector, stream, node) == counter.closing.closed()
    (line,) = central.register.dossier(stream).timeline
    assert line.place is Place.EFFECTIVE


def test_a_log_that_nobody_touched_is_whole(counter: Node) -> None:
    assert _why_broken(counter) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE view_log SET person = 'long.pd' WHERE line = 1", "line 1 was changed"),
        ("UPDATE view_log SET at = '2027-03-01T00:00:00.000000Z' WHERE line = 2", "line 2 was changed"),
        ("UPDATE view_log SET what = '' WHERE line = 5", "line 5 was changed"),
        ("DELETE FROM view_log WHERE line = 2", "line 2 is missing"),
        ("DELETE FROM view_log WHERE line > 2", "the log ends at line 2, and line 3 was sealed"),
        ("DELETE FROM view_log", "the log ends at line 0, and line 3 was sealed"),
        ("DELETE FROM view_log WHERE line = 5", "line 4 is not the newest one that was written"),
        ("DELETE FROM fact WHERE key = 'view log head'", "the log has no seal"),
        (
            "UPDATE fact SET value = 'AAAA' WHERE key = 'view log head'",
            "line 5 is not the newest one that was written",
        ),
    ],
)
def test_a_log_that_somebody_changed_is_found_out(counter: Node, change: str, why: str) -> None:
    _change(counter, change)
    assert _why_broken(counter) == why


def test_a_log_that_was_written_anew_is_not_the_one_that_was_sealed(counter: Node) -> None:
    """Whole in itself, with one look left out: but yesterday's seal is at central."""
    looks, _ = counter.views.search()
    _change(counter, "DELETE FROM view_log")
    for look in reversed(looks):
        person = "long.pd" if look.line == 1 else look.person
        counter.views.looked(person, look.stream, look.what)
    assert _why_broken(counter) == "line 3 is not the one that was sealed"


def test_looks_are_found_by_who_and_whom_and_when(counter: Node) -> None:
    """Newest first, with the whole count."""
    stream = counter.register.find("").rows[0].stream
    everything, count = counter.views.search(limit=2)
    assert ([look.line for look in everything], count) == ([5, 4], 5)
    assert counter.views.search(person="long.pd")[1] == 2
    assert counter.views.search(streams=[stream])[1] == 5
    assert counter.views.search(streams=[])[1] == 0
    assert counter.views.search(until=date(2027, 3, 1))[1] == 3
    assert counter.views.search(since=date(2027, 3, 2))[1] == 2


def test_a_look_is_durable_before_the_page_is_shown(centre: SmallCentre, counter: Node) -> None:
    """After a power cut the log goes on where it was."""
    centre.reopen("counter-01")
    node = centre["counter-01"]
    node.views.looked("hanh.nh", "0" * 32, "dossier.page")
    assert node.views.search()[0][0].line == 6
    assert _why_broken(node) is None
