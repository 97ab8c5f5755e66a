"""Central's pages over projections in PostgreSQL, beside the same pages over its file in the same run.

How quickly 1, 2 and 4 projectors fill an empty database is measured over the first minute of each (`--quick`: the first
seconds); the four go on to the end. All of it, server and projectors and pages, is on this one machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import psycopg

from central.demo.plan import HOST
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.postgres.connection import PostgresConnection, connected
from edge.postgres.reading import Source
from edge.settings import NodeSettings, read_settings, write_settings
from tests.bench import office, processes
from tests.bench.figures import Bench, Figure, Round, Size, p95
from tests.bench.ground import Ground
from tests.postgres import a_server
from tests.waiting import until

_FILLING_S: Final = {Size.FULL: 60.0, Size.QUICK: 5.0}
_TOLD: Final = {Size.FULL: 40, Size.QUICK: 10}
PAGES: Final = ("dashboard_p95", "form_06a_p95", "form_06a_procedures_p95", "overdue_p95", "search_p95")


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    with office.prepared(ground, size) as measured, a_server() as server:
        central = office.set_of(ground, size) / "central"
        seconds = _FILLING_S[size]
        filled = {
            f"filled_by_{count}": _filled(central, server.new_database(), count, seconds) for count in (1, 2)
        }
        address = server.new_database()
        filled["filled_by_4"] = _filled(central, address, 4, seconds, whole=True)

        def measure() -> dict[str, float]:
            found = {**measured(), **filled}
            with (
                processes.node(central, projections=address) as node,
                processes.projectors(central, 1),
                connected(address) as connection,
            ):
                _caught_up(central, connection)
                before = searches(connection)
                pages = office.looked_at(node.url, size)
                until(lambda: searches(connection) > before, "the pages were answered by the file")
            found |= {f"postgresql_{name}": pages[name] for name in PAGES}
            return {**found, "lag_p95": _lag(central, address, _TOLD[size])}

        yield measure


def _filled(central: Path, address: str, count: int, seconds: float, *, whole: bool = False) -> float:
    """Acts a second that so many projectors write into an empty database: from the first that is there, for so long or to
    the last; `whole`: go on to the last."""
    settings = NodeSettings(read_settings(central).node, host=HOST, port=0, projections=address)
    write_settings(central, settings)
    there = _acts_of(central)
    with connected(address) as connection, processes.projectors(central, count):
        until(lambda: _acts(connection) > 0)
        newest = first = _acts(connection)
        newest_at = began = time.monotonic()
        while newest < there and time.monotonic() - began < seconds:
            time.sleep(0.2)
            newest, newest_at = _acts(connection), time.monotonic()
        assert newest > first, "all came at once: take a larger set"
        if whole:
            _caught_up(central, connection)
            connection.execute("ANALYZE")  # as the server does by itself after a while
    return (newest - first) / (newest_at - began)


def _caught_up(central: Path, connection: PostgresConnection) -> None:
    """Wait until all that central has is in PostgreSQL."""
    with closing(Source(Folder(central), read_settings(central).node)) as source:
        until(lambda: place(connection) == source.stores["dossiers"].seq(), patience_s=7_200)


def _acts_of(central: Path) -> int:
    with closing(Source(Folder(central), read_settings(central).node)) as source, source.file.read() as file:
        return int(file.execute("SELECT count(*) FROM event").fetchone()[0])


def searches(connection: PostgresConnection) -> int:
    """How often the table of the search was asked."""
    return _one(
        connection,
        "SELECT coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_user_tables"
        " WHERE relname = 'dossier_search'",
    )


def _acts(connection: PostgresConnection) -> int:
    try:
        return int(_one(connection, "SELECT count(*) FROM event"))
    except psycopg.errors.UndefinedTable:
        return 0


def place(connection: PostgresConnection) -> int:
    """Up to where the feed of dossiers is in all shards."""
    return int(_one(connection, "SELECT min(dossiers) FROM shard"))


def _one(connection: PostgresConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def _lag(central: Path, address: str, told: int) -> float:
    """From the commit of a change at central until its rows are in PostgreSQL, ms; one change at a time."""
    node = Node(Folder(central), read_settings(central), clock=system_clock, ids=Ids())
    try:
        store = node.stores["dossiers"]
        names = [one.id for one in store.changes(limit=told)]
        with connected(address) as connection, processes.projectors(central, 1):
            until(lambda: place(connection) == store.seq())
            took = []
            for name in names:
                with node.file.write() as here:
                    seq = store.tell_again([name])[name]
                    here.execute(
                        "UPDATE delivery SET local_seq = ? WHERE hash = ?", (seq, name.partition(":")[2])
                    )
                began = time.monotonic()
                while place(connection) < seq:
                    time.sleep(0.001)
                took.append((time.monotonic() - began) * 1000)
    finally:
        node.close()
    return p95(took)


BENCH: Final = Bench(
    office.BENCH.name,
    (
        *office.BENCH.figures,
        *(
            Figure(f"filled_by_{count}", f"PostgreSQL filled by {count} projectors", "events/s", "higher")
            for count in (1, 2, 4)
        ),
        *(
            Figure(
                f"postgresql_{one.name}",
                f"{one.what}, over PostgreSQL",
                one.unit,
                one.better,
                one.must,
                one.aim,
            )
            for one in office.BENCH.figures
            if one.name in PAGES
        ),
        Figure("lag_p95", "from a change at central to its rows in PostgreSQL, p95", "ms", "lower"),
    ),
    prepared,
    quick_rounds=1,
)
