"""Projections in PostgreSQL: the same rows as in the node's file, whoever makes them and whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace as replace_standing
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace

from central.centre import Office
from central.projecting import _project
from central.redaction import redact
from edge.errors import CannotStart
from edge.folder import Folder
from edge.health import Projections, health_of
from edge.ids import Ids
from edge.node import Node
from edge.postgres.connection import PostgresConnection, connected, in_postgres
from edge.postgres.following import Follower, follow
from edge.postgres.reading import Otherwise, Source
from edge.postgres.shards import Lost, shard_of
from edge.postgres.shown import AGAIN_S, LATE_S, Shown
from edge.postgres.tables import OF_THE_NODE, SHARDS
from edge.searching import positions
from edge.settings import read_settings, write_settings
from edge.tables.projections import TABLES
from edge.till import Payment
from schemas.acts import Linked, Party
from schemas.entries import Cut
from schemas.events import StreamId
from schemas.numbers import looks_like_a_number
from schemas.spelling import words
from sync.errors import Unavailable
from tests.central.test_outages import alone, back
from tests.centres import MONDAY, SEALED, HandClock, SmallCentre
from tests.edge.hostile import Hostile
from tests.edge.test_redaction import GROUND
from tests.edge.test_till import ALL, DUE
from tests.portal import Portal, submission
from tests.postgres import Postgres, a_server
from tests.proving import Times
from tests.waiting import until
from tests.web.clerk import Clerk

THIEF = "counter-01.1"
SECRET = "secret%"
"""Written as addresses have it it would end in %25."""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with a_server() as server:
        yield server


class Following:
    """One projector of central in this process."""

    def __init__(self, address: str, node: Node) -> None:
        self.address = address
        self.connection = connected(address)
        self.source = Source(node.folder, node.id)
        seconds = count()
        self.follower = Follower(self.connection, self.source, lambda: float(next(seconds)))

    def close(self) -> None:
        self.connection.close()
        self.source.close()


@pytest.fixture
def projectors(server: Postgres, centre: SmallCentre) -> Iterator[list[Following]]:
    """One that follows central from the beginning; a test may add others."""
    address = server.new_database()
    chosen = [Following(address, centre["central"])]
    yield chosen
    for one in chosen:
        one.close()


KEPT = [table for table in TABLES if table not in OF_THE_NODE]


NOTHING = {
    "queue_count": "count = 0",
    "work_count": "count = 0",
    "tally": "number = 0",
    "tallied": "turns = '[]'",
}
"""What is counted to nothing, where one who comes later has no row."""


def rows(connection: Any, table: str) -> list[tuple[Any, ...]]:
    columns = "rowid, words" if table == "dossier_search" else "*"
    where = f" WHERE NOT ({NOTHING[table]})" if table in NOTHING else ""
    return sorted(tuple(row) for row in connection.execute(f"SELECT {columns} FROM {table}{where}"))


def same(node: Node | Source, connection: PostgresConnection) -> None:
    """Every projection, row for row."""
    with node.file.read() as own:
        for table in KEPT:
            assert rows(connection, table) == rows(own, table), table


def a_day(centre: SmallCentre) -> None:
    """Dossiers of all sorts."""
    centre.receive(procedure=SEALED)
    centre.five_ends()


def test_marks_become_postgresqls() -> None:
    assert in_postgres("SELECT a FROM t INDEXED BY i WHERE b = '?' AND c = ? LIMIT ?") == (
        "SELECT a FROM t WHERE b = '?' AND c = $1 LIMIT $2"
    )


def test_every_projection_is_that_of_the_file(
    server: Postgres, centre: SmallCentre, projectors: list[Following]
) -> None:
    """Followed act by act, and made anew by one who comes when all has happened; and the search finds the same."""
    (one,) = projectors
    one.follower.catch_up()
    a_day(centre)
    one.follower.catch_up()
    same(centre["central"], one.connection)
    the_same_is_found(centre["central"], one.connection)
    what_central_says_later(centre)
    one.follower.catch_up()
    same(centre["central"], one.connection)
    again = Following(server.new_database(), centre["central"])
    projectors.append(again)
    again.follower.catch_up()
    same(centre["central"], again.connection)


def what_central_says_later(centre: SmallCentre) -> None:
    """A machine was stolen, and half of what it wrote is not its own; a reception has to go by law."""
    central = centre["central"]
    with central.file.read() as connection:
        rows = connection.execute(
            "SELECT seq, hash, stream, kind FROM event WHERE node = ? ORDER BY seq", (THIEF,)
        )
        acts = rows.fetchall()
    seq, event_hash, _, _ = acts[len(acts) // 2]
    Office(central).define([Cut(THIEF, "dossiers", seq, event_hash, "stolen")], by="quan.nv")
    gone = next(one[1] for one in acts if one[3] == "dossier.received")
    redact(central, [gone], GROUND, by="quan.nv", second=DESK)
    with central.file.read() as connection:
        places = {place for (place,) in connection.execute("SELECT DISTINCT place FROM event")}
    assert {"held", "redacted"} <= places


def the_same_is_found(node: Node, connection: PostgresConnection) -> None:
    with node.file.read() as own:
        numbers = [number for (number,) in own.execute("SELECT number FROM dossier")]
        terms = [
            "ng",
            "nguyen",
            "nguyen van",
            "Nguyễn",
            "NGUYỄN  văn",
            "van nguyen",
            "dat",
            "Đ",
            "zzz",
            "0",
            "09",
        ]
        found = 0
        for term in [*terms, *numbers, numbers[0][:-1], numbers[0].replace("-", " ")]:
            phrase = looks_like_a_number(term)
            expected = positions(own, words(term), phrase=phrase, limit=3)
            assert positions(connection, words(term), phrase=phrase, limit=3) == expected, term
            found += bool(expected)
        assert found > len(numbers)


# ---- what pages ask

SUPERVISOR, DESK = "dung.tt", "huong.ltt"
PAGES = (
    (SUPERVISOR, "/reports"),
    (SUPERVISOR, "/reports/06a?period=month"),
    (SUPERVISOR, "/reports/06a?period=month&by=procedure"),
    (SUPERVISOR, "/reports/qua-han?period=month"),
    (SUPERVISOR, "/reports/so-theo-doi?period=month"),
    (DESK, "/desk"),
    (DESK, "/find"),
)


def looked_at(clerks: Mapping[str, Clerk]) -> list[str]:
    texts = [clerks[person].open(path).page.text for person, path in PAGES]
    return [*texts, clerks[DESK].find("Nguyễn").page.text]


def moved(centre: SmallCentre, address: str) -> Node:
    """Central, started again with its projections in PostgreSQL."""
    folder = centre["central"].folder.path
    write_settings(folder, replace(read_settings(folder), projections=address))
    return centre.reopen("central")


def asks_postgresql(node: Node) -> bool:
    with node.shown.read() as connection:
        return isinstance(connection, PostgresConnection)


def test_pages_say_the_same(server: Postgres, centre: SmallCentre) -> None:
    """Whoever answers them; and PostgreSQL is asked where it is as new as the file, and nobody sees where it is not."""
    a_day(centre)
    address = server.new_database()
    node = moved(centre, address)
    assert not asks_postgresql(node)  # nobody has made anything yet
    centre.clock.forward(seconds=AGAIN_S)
    clerks = {person: Clerk(centre, "central", person) for person in (SUPERVISOR, DESK)}
    hour = centre.clock.at
    before = looked_at(clerks)
    assert "Nguyễn" in before[-1]
    centre.clock.forward(seconds=AGAIN_S)
    one = Following(address, node)
    try:
        one.follower.catch_up()
        assert asks_postgresql(node)
        assert health_of(node, centre.clock()).projections == Projections(0)
        centre.clock.at = hour  # pages tell how long things wait
        assert looked_at(clerks) == before

        one.connection.execute("UPDATE dossier SET applicant = 'Bà Trong Máy Chủ'")
        assert "Bà Trong Máy Chủ" in clerks[DESK].open("/find").page.text
        with node.file.write():  # what writes is answered by what it writes to
            assert not asks_postgresql(node)

        contested, _ = node.register.conflicts()[0]
        centre.settle(node.register.dossier(contested.stream), "approved")
        assert not asks_postgresql(node)  # it lacks an act of this machine
        one.follower.catch_up()
        assert asks_postgresql(node)

        centre.receive()
        centre.meet()
        assert asks_postgresql(node)  # what comes over a line may be late
        centre.clock.forward(seconds=LATE_S)
        assert not asks_postgresql(node)
        assert node.projections_behind is not None
        assert node.projections_behind() == 1
        one.follower.catch_up()
        assert asks_postgresql(node)

        server.stop()
        try:
            assert not asks_postgresql(node)
            assert health_of(node, centre.clock()).projections == Projections(None)
            assert "Bà Trong Máy Chủ" not in clerks[DESK].open("/find").page.text
            centre.receive()
            centre.meet()
            with pytest.raises((Unavailable, psycopg.OperationalError)):
                one.follower.catch_up()
        finally:
            server.start()
        centre.clock.forward(seconds=AGAIN_S)
        one.close()
        one = Following(address, node)
        one.follower.catch_up()
        assert asks_postgresql(node)
    finally:
        one.close()


def test_what_postgresql_cannot_keep_as_it_is_stops_no_projector(
    server: Postgres, centre: SmallCentre, projectors: list[Following]
) -> None:
    """A NUL, which JSON allows, and a number as long as no index takes it: one machine would stop the lists of all."""
    (one,) = projectors
    dossier = centre.receive(applicant="Nông\0Văn Thắng")
    number = "".join(chr(Random(n).randrange(0x4E00, 0x9000)) for n in range(1900))
    named = Hostile(centre).event(
        dossier.stream, "dossier.something", {"identity": number}, parents=dossier.heads
    )
    centre.meet()
    assert centre["central"].stores["dossiers"].bulk_docs([named], new_edits=False)[0].refusal is None
    centre.receive(applicant="Bà Đến Sau")
    centre.meet()
    one.follower.catch_up()
    found = one.connection.execute("SELECT applicant FROM dossier ORDER BY position").fetchall()
    assert found == [("Nông\ufffdVăn Thắng",), ("Bà Đến Sau",)]
    (short,) = one.connection.execute("SELECT identity FROM party WHERE length(identity) > 60").fetchall()[0]
    assert (short[:60], len(short)) == (number[:60], 92)
    assert one.connection.execute(
        "SELECT 1 FROM dossier WHERE applicant = ?", ("Nông\0Văn Thắng",)
    ).fetchone()


def test_a_server_that_only_reads_is_waited_for(
    server: Postgres, centre: SmallCentre, caplog: pytest.LogCaptureFixture
) -> None:
    """A standby that somebody was led to, or one that is being moved: its projectors go on when it writes again."""
    node, address, stopping = centre["central"], server.new_database(), threading.Event()
    name = psycopg.conninfo.conninfo_to_dict(address)["dbname"]
    with psycopg.connect(address, autocommit=True) as other:
        other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    ended: list[Exception] = []

    def run() -> None:
        try:
            follow(address, lambda: Source(node.folder, node.id), stopping)
        except psycopg.Error as why:
            ended.append(why)

    following = threading.Thread(target=run)
    following.start()
    try:
        centre.receive()
        centre.meet()
        until(lambda: "begins again" in caplog.text or ended != [])
        assert ended == []
        with psycopg.connect(address, autocommit=True) as other:
            other.execute("SET default_transaction_read_only = off")
            other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
        with connected(address) as connection:
            until(lambda: connection.execute("SELECT to_regclass('motcua.dossier')").fetchone() != (None,))
            until(lambda: connection.execute("SELECT count(*) FROM dossier").fetchone() == (1,))
    finally:
        stopping.set()
        following.join()


def test_many_rows_go_in_few_statements(server: Postgres) -> None:
    """Whatever their number, each is written, and what it adds to is added to once."""
    with connected(server.new_database()) as connection:
        connection.execute("CREATE SCHEMA motcua")
        connection.execute("CREATE TABLE figure (name TEXT PRIMARY KEY, number BIGINT)")
        add = (
            "INSERT INTO figure VALUES (?, ?) ON CONFLICT (name)"
            " DO UPDATE SET number = figure.number + excluded.number"
        )
        for many in (0, 1, 2, 127, 128, 389):
            names = [f"{n}?" for n in range(many + 1)]
            with connection.transaction():
                connection.executemany(add, [(name, n) for n, name in enumerate(names[:many])])
                connection.executemany(add, [(name, 1) for name in names])
            found = connection.execute(
                "SELECT name, number FROM figure ORDER BY length(name), name"
            ).fetchall()
            assert found == [*((name, n + 1) for n, name in enumerate(names[:many])), (names[many], 1)]
            connection.executemany("DELETE FROM figure WHERE name = ?", [(name,) for name in names])
            assert connection.execute("SELECT 1 FROM figure").fetchone() is None


def test_two_rows_of_one_name_at_once_are_refused(server: Postgres) -> None:
    """Within the few statements too nothing is passed over in silence."""
    with connected(server.new_database()) as connection:
        connection.execute("CREATE SCHEMA motcua")
        connection.execute("CREATE TABLE figure (name TEXT PRIMARY KEY)")
        twice = [(f"{n % 200}",) for n in range(201)]
        with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
            connection.executemany("INSERT INTO figure VALUES (?)", twice)
        assert connection.execute("SELECT 1 FROM figure").fetchone() is None


def test_a_projector_that_rests_is_woken_by_what_is_written(server: Postgres, centre: SmallCentre) -> None:
    """No time passes for it, so it does not look by itself."""
    node, address, stopping = centre["central"], server.new_database(), threading.Event()
    resting = threading.Thread(
        target=follow,
        args=(address, lambda: Source(node.folder, node.id), stopping),
        kwargs={"tick": lambda: 0.0},
    )
    resting.start()
    try:
        for _ in range(3):
            centre.receive()
            centre.meet()
            with connected(address) as connection:
                until(partial(caught_up, node, connection))
    finally:
        stopping.set()
        resting.join()


def test_what_came_otherwise_is_asked_there_too(server: Postgres, centre: SmallCentre) -> None:
    """Petitions, what was filed online, receipts that are still to be issued, outages, and of how many people there is
    something: as the file says it, and by PostgreSQL."""
    outage = an_outage(centre)
    central = centre["central"]
    Portal(central).post(submission())
    central.petitions.file(central.petitions.new_stream(), sender=Party("Vi Thị Lan"), text="Chờ hai giờ.")
    address = server.new_database()
    node = moved(centre, address)
    pages = (
        (SUPERVISOR, "/petitions", "UPDATE petition SET sender = 'Bà Trong Máy Chủ'"),
        (SUPERVISOR, "/inbox", "UPDATE inbox SET applicant = 'Bà Trong Máy Chủ'"),
        (SUPERVISOR, "/fees/pending", "UPDATE pending_receipt SET payer = 'Bà Trong Máy Chủ'"),
        (DESK, f"/outages/{outage}", "UPDATE event SET by = 'nobody'"),
        (DESK, "/outages", "UPDATE outage SET what = 'power'"),
        ("quan.nv", "/personal/register", "DELETE FROM party"),
    )
    clerks = {person: Clerk(centre, "central", person) for person, _, _ in pages}
    hour = centre.clock.at
    by_file = [clerks[person].open(path).page.text for person, path, _ in pages]
    centre.clock.forward(seconds=AGAIN_S)
    with contextlib.closing(Following(address, node)) as one:
        one.follower.catch_up()
        assert asks_postgresql(node)
        for (person, path, change), before in zip(pages, by_file, strict=True):
            centre.clock.at = hour  # pages tell how long things wait
            assert clerks[person].open(path).page.text == before, path
            one.connection.execute(change)
            assert clerks[person].open(path).page.text != before, path


def an_outage(centre: SmallCentre) -> str:
    """A counter is alone for a quarter of an hour, and takes money meanwhile."""
    centre.clock.forward(minutes=10)
    alone(centre, "counter-01", minutes=15)
    till = centre["counter-01"].till
    till.open(0, by="van.lt")
    till.collect(centre.receive().stream, Payment(ALL, DUE, "Hoàng Thị Mỷ"), by="van.lt")
    outage = centre["counter-01"].outages.lasting
    assert outage is not None
    back(centre, "counter-01")
    centre.meet()
    return str(outage.stream)


def test_what_the_law_takes_away_is_on_no_list_at_once(server: Postgres, centre: SmallCentre) -> None:
    """Whose act it was does not matter: until PostgreSQL has followed, the file answers, which knows the name no more."""
    dossier = centre.receive()
    centre.meet()
    address = server.new_database()
    node = moved(centre, address)
    with contextlib.closing(Following(address, node)) as one:
        one.follower.catch_up()
        assert asks_postgresql(node)
        assert node.register.find("Thắng").rows
        redact(node, [dossier.timeline[0].hash], GROUND, by="quan.nv", second=DESK)
        assert not node.register.find("Thắng").rows
        one.follower.catch_up()
        assert asks_postgresql(node)
        assert not node.register.find("Thắng").rows


def test_a_page_asks_once_who_answers_it(
    server: Postgres, centre: SmallCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is of one moment, but for what it writes itself."""
    asked, place = [0], Shown._place

    def counted(*given: Any) -> Any:
        asked[0] += 1
        return place(*given)

    monkeypatch.setattr(Shown, "_place", counted)
    centre.receive()
    centre.meet()
    address = server.new_database()
    node = moved(centre, address)
    centre.clock.forward(seconds=AGAIN_S)
    with contextlib.closing(Following(address, node)) as one:
        one.follower.catch_up()
        for person, path in PAGES:
            clerk = Clerk(centre, "central", person)
            asked[0] = 0
            clerk.open(path)
            assert asked == [1], path

        assert node.one_page is not None
        with node.one_page():
            (row,) = node.register.find("Thắng").rows
            one.connection.execute("UPDATE dossier SET applicant = 'Bà Trong Máy Chủ'")
            assert node.register.find("Thắng").rows[0].applicant == row.applicant
            node.petitions.file(node.petitions.new_stream(), sender=Party("Vi Thị Lan"), text="Chờ hai giờ.")
            assert not asks_postgresql(node)
        one.follower.catch_up()
        with node.one_page():
            with pytest.raises(Unavailable):
                lost_under_a_page(node, one.connection)
            assert node.register.find("Thắng").rows[0].applicant == row.applicant  # the file says so


def test_whatever_is_wrong_with_it_the_file_answers(server: Postgres, centre: SmallCentre) -> None:
    """Rights that somebody took, a table that somebody changed or rewrites, a connection that is lost under a page."""
    centre.receive()
    address = server.new_database()
    node = moved(centre, address)
    with contextlib.closing(Following(address, node)) as one:
        one.follower.catch_up()
        assert asks_postgresql(node)
        for wrong, right in (
            ("REVOKE SELECT ON shard FROM motcua", "GRANT SELECT ON shard TO motcua"),
            ("ALTER TABLE shard RENAME catalog TO list", "ALTER TABLE shard RENAME list TO catalog"),
            ("ALTER TABLE motcua RENAME TO other", "ALTER TABLE other RENAME TO motcua"),
        ):
            one.connection.execute(wrong)
            assert not asks_postgresql(node), wrong
            assert node.projections_behind is not None
            assert node.projections_behind() is None
            one.connection.execute(right)
            centre.clock.forward(seconds=AGAIN_S)
            assert asks_postgresql(node)
        with one.connection.transaction():
            one.connection.execute("LOCK TABLE shard IN ACCESS EXCLUSIVE MODE")
            assert not asks_postgresql(node)
        centre.clock.forward(seconds=AGAIN_S)

        with pytest.raises(Unavailable):
            lost_under_a_page(node, one.connection)
        assert not asks_postgresql(node)  # the next page does not meet the same
        centre.clock.forward(seconds=AGAIN_S)
        assert asks_postgresql(node)


def lost_under_a_page(node: Node, other: PostgresConnection) -> None:
    with node.shown.read() as connection:
        assert isinstance(connection, PostgresConnection)
        pid = connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(?)", (pid,))
        until(lambda: not present(other, pid))
        connection.execute("SELECT 1")


def test_both_ends_notice_a_line_that_is_gone_without_a_word(server: Postgres) -> None:
    """Else a page hangs on it, and a machine whose power went keeps its leases, for as long as the system likes."""
    with connected(server.new_database()) as connection:
        here = connection.info.get_parameters()
        there = dict(connection.execute("SELECT name, reset_val FROM pg_settings WHERE name LIKE 'tcp_%'"))
    names = ("keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout")
    assert [here[name] for name in names] == ["5", "2", "3", "10000"]
    assert [there[f"tcp_{name.removeprefix('tcp_')}"] for name in names] == ["5", "2", "3", "10000"]


def test_what_is_no_address_is_refused_and_not_repeated(founded: Path, tmp_path: Path) -> None:
    """A sign in its password was not written as addresses have it: by central, and by a projector that joins."""
    folder = Folder(Path(shutil.copytree(founded / "central", tmp_path / "central")))
    settings = replace(read_settings(folder.path), projections=f"postgresql://motcua:{SECRET}@host/motcua")
    for start in (
        lambda: Node(folder, settings, clock=HandClock(MONDAY), ids=Ids()),
        lambda: _project(folder, settings, threading.Event()),
    ):
        with pytest.raises(CannotStart, match="no address") as refused:
            start()
        assert SECRET not in str(refused.value)
        assert refused.value.__cause__ is None


def test_only_central_has_them(founded: Path, tmp_path: Path) -> None:
    folder = Folder(Path(shutil.copytree(founded / "counter-01", tmp_path / "counter-01")))
    settings = replace(read_settings(folder.path), projections="postgresql://nowhere/x")
    with pytest.raises(CannotStart, match="only central"):
        Node(folder, settings, clock=HandClock(MONDAY), ids=Ids())


# ---- who makes them


def test_projectors_share_the_shards_and_go_on_for_each_other(
    centre: SmallCentre, projectors: list[Following]
) -> None:
    """A second one takes half without anybody stopping; when one is gone in the middle of its work, the other has all. Of
    two that believe to have one shard only one commits."""
    node = centre["central"]
    (one,) = projectors
    centre.receive()
    centre.meet()
    one.follower.catch_up()
    assert len(one.follower.shards.held) == SHARDS
    other = Following(one.address, node)
    projectors.append(other)
    other.follower.shards.held[0] = replace_standing(one.follower.shards.held[0], dossiers=0)
    other.follower._shared_at = float("inf")
    with pytest.raises(Lost):
        other.follower.step()
    other.follower.shards.held.clear()
    other.follower._shared_at = None
    for follower in (one.follower, other.follower) * 2:
        follower.catch_up()
    assert {len(one.follower.shards.held), len(other.follower.shards.held)} == {SHARDS // 2}
    assert not one.follower.shards.held.keys() & other.follower.shards.held.keys()
    for _ in range(4):
        centre.receive()
    centre.meet()
    for follower in (other.follower, one.follower):
        follower.catch_up()
    same(node, one.connection)

    centre.receive()
    centre.meet()
    with one.connection.transaction(), contextlib.suppress(psycopg.OperationalError):
        one.connection.execute("UPDATE shard SET dossiers = dossiers + 1000000 WHERE shard IN (0, 1, 2)")
        pid = one.connection.info.backend_pid
        other.connection.execute("SELECT pg_terminate_backend(?)", (pid,))
        until(lambda: not present(other.connection, pid))
        one.connection.execute("SELECT 1")
    other.follower.catch_up()
    until(lambda: other.follower.step() or len(other.follower.shards.held) == SHARDS)
    other.follower.catch_up()
    same(node, other.connection)


def test_a_dossier_of_another_one_is_counted_by_the_newest_word_of_the_catalog(
    centre: SmallCentre, projectors: list[Following]
) -> None:
    """Of two projectors one has counted it by an entry that came while the other was at work, and will not look at it again;
    the other, whose dossier is linked with it, counts it once more."""
    (one,) = projectors
    node, counter, another = centre["central"], centre["counter-01"], centre["counter-02"]
    other = Following(one.address, node)
    projectors.append(other)
    for follower in (one.follower, other.follower) * 2:
        follower.catch_up()
    named = centre.receive()
    ones = received_in(centre, "counter-01", one.follower.shards.held)
    others = received_in(centre, "counter-02", other.follower.shards.held)
    for decide in (centre.appraise, centre.approve):
        centre.meet()
        for dossier in (ones, others):
            decide(dossier)
    centre.meet()
    twice = centre.return_(ones).standing.newest["dossier.returned"].hash
    for dossier in (ones, others):
        centre.return_(dossier, "counter-02", by="long.pd")
    another.ledger.act(ones.stream, "dossier.corrected", Linked(named.stream), by="long.pd")
    centre.meet()
    for follower in (one.follower, other.follower):
        follower.catch_up()
    same(node, one.connection)

    another.ledger.act(others.stream, "dossier.corrected", Linked(named.stream), by="long.pd")
    centre.meet()
    folds = other.source.folds

    def meanwhile(streams: Sequence[str]) -> Any:
        other.source.folds = folds  # type: ignore[method-assign]
        with node.file.read() as connection:
            before = "node = ? AND seq < (SELECT seq FROM event WHERE hash = ?) ORDER BY seq DESC LIMIT 1"
            ((seq, last),) = connection.execute(
                f"SELECT seq, hash FROM event WHERE {before}", (counter.id, twice)
            )
        Office(node).define([Cut(counter.id, "dossiers", seq, last, "stolen")], by="quan.nv")
        one.follower.catch_up()
        return folds(streams)

    other.source.folds = meanwhile  # type: ignore[method-assign]
    assert other.follower.step()
    for follower in (other.follower, one.follower):
        follower.catch_up()
    same(node, one.connection)


def received_in(centre: SmallCentre, counter: str, shards: Collection[int]) -> Any:
    """A dossier whose stream lies in one of these."""
    node = centre[counter]
    stream = next(one for _ in count() if shard_of(one := centre.ids.stream(centre.clock())) in shards)
    by = {"counter-01": "hanh.nh", "counter-02": "long.pd"}[counter]
    return node.ledger.receive(StreamId(stream), centre.draft(), by=by, spool=node.papers.spool_slip)


def present(connection: PostgresConnection, pid: int) -> bool:
    (count,) = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE pid = ?", (pid,)
    ).fetchone() or (0,)
    return bool(count)


def test_a_file_that_has_taken_the_place_of_another_is_read_anew(founded: Path, tmp_path: Path) -> None:
    """It was closed with a new key, or put back: what was read of the old one says nothing of it."""
    folder = Folder(Path(shutil.copytree(founded / "central", tmp_path / "central")))
    with contextlib.closing(Source(folder, "central.1")) as source:
        assert source.follow_catalog()
        shutil.copy(folder.database, tmp_path / "other")
        (tmp_path / "other").replace(folder.database)
        with pytest.raises(Otherwise):
            source.follow_catalog()


@pytest.mark.proof
def test_projectors_are_killed_anywhere(server: Postgres, centre: SmallCentre, times: Times) -> None:
    """SIGKILLed again and again while dossiers come, and the server's power goes too: nothing is lost or counted twice."""
    address = server.new_database()
    node = moved(centre, address)
    random = Random(14)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for turn in range(times(6, 60)):
            while len(running) < 3:
                running.append(projecting(node))
            for _ in range(3):
                centre.receive()
            centre.meet()
            if turn % 3 == 0:
                a_day(centre)
            if turn % 4 == 2:
                server.stop(signal.SIGQUIT)
                server.start()
            killed = running.pop(random.randrange(len(running)))
            with contextlib.suppress(subprocess.TimeoutExpired):
                assert killed.wait(random.uniform(0.2, 3.0)) is None, "it ended by itself"
            killed.kill()
            killed.wait()
            assert all(process.poll() is None for process in running), "the loss of the server ends nobody"
        with connected(address) as connection:
            until(lambda: caught_up(node, connection), patience_s=300)
            same(node, connection)
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.proof
def test_central_keeps_its_projectors(server: Postgres, centre: SmallCentre) -> None:
    """It starts those that its settings name, starts one again that was killed, and leaves none behind when it is killed."""
    a_day(centre)
    node = centre.nodes.pop("central")
    node.close()
    folder, address = node.folder.path, server.new_database()
    write_settings(folder, replace(read_settings(folder), port=0, projections=address, projectors=2))
    command = [sys.executable, "-m", "central.cli", "central", "--watch-stdin", "--data", str(folder)]
    with connected(address) as connection, contextlib.closing(Source(node.folder, node.id)) as source:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as central:
            try:
                assert central.stdout is not None
                assert central.stdout.readline().startswith(b"ready")
                until(lambda: source.follow_catalog() and caught_up(source, connection), patience_s=300)
                same(source, connection)
                until(lambda: len(projectors_of(central.pid)) == 2)
                killed = projectors_of(central.pid)[0]
                os.kill(killed, signal.SIGKILL)
                until(lambda: killed not in projectors_of(central.pid))
                until(lambda: len(projectors_of(central.pid)) == 2)
                left = projectors_of(central.pid)
            finally:
                central.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))


def projectors_of(pid: int) -> list[int]:
    """The processes that central has started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(one) for task in tasks for one in (task / "children").read_text().split()]
    return sorted(
        {one for one in children if b"central.projecting" in Path(f"/proc/{one}/cmdline").read_bytes()}
    )


def projecting(node: Node) -> subprocess.Popen[bytes]:
    """One projector more, beside those that are there."""
    command = [sys.executable, "-m", "central.cli", "projector", "--data", str(node.folder.path)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


def caught_up(node: Node | Source, connection: PostgresConnection) -> bool:
    try:
        row = connection.execute("SELECT min(dossiers), min(visits), min(catalog) FROM shard").fetchone()
    except psycopg.errors.UndefinedTable:
        return False
    return row == (node.stores["dossiers"].seq(), node.stores["visits"].seq(), node.catalog.number)
