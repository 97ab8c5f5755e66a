"""A central whose documents lie in a cluster and whose projections lie in PostgreSQL, beside an embedded one in the same run.

Both are founded anew and empty. The machines of the five years (`--dossiers` of them, quick 500) push the same acts to both
over HTTP: a third while one projector is there, a third after a second has joined, a third with four. In place of the cluster
stands our bare server, as a process of its own, or the CouchDB of `MOTCUA_COUCHDB_URL`. All of it is on this one machine.
"""

from __future__ import annotations

import itertools
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import psycopg
import requests

from central.dataset.acts import Group
from central.dataset.making import found_once, world_in
from central.dataset.office import CENTRAL, GROUPS
from central.dataset.plan import five_years
from central.dataset.totals import totals
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import NodeKeys, read_keys
from edge.node import DATABASES
from edge.postgres.connection import PostgresConnection, connected
from edge.postgres.reading import Source
from edge.settings import CouchdbSettings, read_settings
from sync.documents import Json, dump
from tests.bench import office, postgresql, processes
from tests.bench.figures import Bench, Figure, Round, Size, p50, p95
from tests.bench.ground import Ground
from tests.bench.machine import proportional_memory_mib
from tests.bench.peers import Peer, couchdb_elsewhere
from tests.fronts.stand_in import ADMIN, settings_for
from tests.postgres import a_server
from tests.waiting import until

_DOSSIERS: Final = {Size.FULL: 20_000, Size.QUICK: 500}
_SINGLY: Final = {Size.FULL: 40, Size.QUICK: 10}
"""So many acts come one by one while so many projectors are there."""
_PROJECTORS: Final = (1, 2, 4)
_AT_ONCE: Final = 250
_LOOK_S: Final = 0.001
_PATIENCE_S: Final = 7_200


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    machines = _Machines(ground.folder / "written", ground.dossiers or _DOSSIERS[size], _SINGLY[size])
    with ExitStack() as stack:
        embedded, large = (Path(ground.folder / name / "central") for name in ("embedded", "large"))
        for folder in (embedded, large):
            shutil.copytree(machines.central, folder)
        there = stack.enter_context(processes.node(embedded))
        alone = _Central(there, stack.enter_context(closing(_source(embedded))))
        found = _embedded(alone, machines)

        address = stack.enter_context(a_server()).new_database()
        cluster = stack.enter_context(_cluster(ground.folder / "cluster"))
        before = stack.enter_context(_settings(cluster, large))
        node = stack.enter_context(processes.node(large, projections=address, couchdb=before))
        central = _Central(node, stack.enter_context(closing(_source(large))))
        connection = stack.enter_context(connected(address))
        central.postgresql = connection
        _met(cluster, before.database_prefix, central, machines)
        found |= _large(stack, large, central, machines)
        connection.execute("ANALYZE")  # as the server does by itself after a while
        # central found no tables when it started, and asks again after a while, which may last longer than all before
        until(partial(_asks_postgresql, node), "central's pages do not ask PostgreSQL")

        def measure() -> dict[str, float]:
            pages = office.looked_at(there.url, size)
            asked = postgresql.searches(connection)
            over = office.looked_at(node.url, size)
            until(lambda: postgresql.searches(connection) > asked, "the pages were answered by the file")
            return {
                **found,
                **{name: pages[name] for name in postgresql.PAGES},
                **{f"couchdb_{name}": over[name] for name in postgresql.PAGES},
                "memory": proportional_memory_mib(there.process),
                "couchdb_memory": proportional_memory_mib(node.process),
            }

        yield measure


@dataclass(slots=True)
class _Central:
    """One that runs, and what its files say meanwhile."""

    running: processes.Running
    source: Source
    postgresql: PostgresConnection | None = None
    expected: int = field(init=False)
    """Up to where the feed of dossiers goes once everything that was pushed is folded."""

    def __post_init__(self) -> None:
        self.expected = self._folded()

    def _folded(self) -> int:
        return self.source.stores["dossiers"].seq()

    @property
    def has_folded(self) -> bool:
        """What is stored is folded by the same transaction, and stands on its lists."""
        return self._folded() >= self.expected

    @property
    def has_projected(self) -> bool:
        assert self.postgresql is not None
        try:
            return postgresql.place(self.postgresql) >= self.expected
        except psycopg.errors.UndefinedTable:
            return False


class _Machines:
    """What all machines of the five years wrote, as they push it: those of one group after each other, groups beside each other."""

    def __init__(self, folder: Path, dossiers: int, singly: int) -> None:
        ids = Ids()
        found_once(folder, ids)
        self.central = folder / "central"
        world, planned = world_in(folder, ids), five_years(totals(dossiers), 1)
        self._keys: list[tuple[str, NodeKeys]] = []
        self._acts: list[list[Json]] = []
        for group in range(GROUPS):
            wrote = Group(world, group, 1).documents(planned)
            self._acts.append([document for name, document in wrote if name == "dossiers"])
            place = next(one for one in world.machines if one.startswith(f"room-{group + 1:02}"))
            self._keys.append((place, read_keys(Folder(folder / place.rpartition(".")[0]).keys)))
        self._singly = singly

    def portion(self, number: int) -> tuple[list[list[bytes]], int, list[bytes]]:
        """Of the acts of each group that of so many equal portions, as bodies of `_bulk_docs`; how many acts; and those that
        come one by one after it."""
        bodies, count = [], 0
        singly: list[bytes] = []
        for acts in self._acts:
            first, last = (len(acts) * one // len(_PROJECTORS) for one in (number, number + 1))
            some = acts[first:last]
            if not singly:
                some, alone = some[: -self._singly], some[-self._singly :]
                singly = [_body([one]) for one in alone]
            count += len(some)
            bodies.append([_body(some[place : place + _AT_ONCE]) for place in range(0, len(some), _AT_ONCE)])
        return bodies, count, singly

    @contextmanager
    def line(self, url: str, group: int) -> Iterator[Callable[[bytes], None]]:
        """Push to a central as a machine of the group does: what it does not take now is sent again."""
        name, keys = self._keys[group]
        with requests.Session() as session:
            session.trust_env = False
            session.auth = (name, keys.password_for(name, CENTRAL.node))
            session.headers["Content-Type"] = "application/json"

            def push(body: bytes) -> None:
                while True:
                    said = session.post(f"{url}/dossiers/_bulk_docs", data=body, timeout=120)
                    if said.status_code != 503:
                        break
                    threading.Event().wait(float(said.headers.get("Retry-After", "1")))
                assert (said.status_code, said.json()) == (201, []), said.text[:500]

            yield push

    def push_all(self, url: str, bodies: Sequence[Sequence[bytes]]) -> None:
        """All groups at once, until everything is acknowledged."""

        def push(group: int) -> None:
            with self.line(url, group) as one:
                for body in bodies[group]:
                    one(body)

        with ThreadPoolExecutor(GROUPS) as groups:
            for done in [groups.submit(push, group) for group in range(GROUPS)]:
                done.result()


def _body(acts: Sequence[Json]) -> bytes:
    return dump({"docs": list(acts), "new_edits": False})


# ---- what is measured


def _embedded(central: _Central, machines: _Machines) -> dict[str, float]:
    """An embedded central acknowledges what it has folded."""
    acts, took, answers = 0, 0.0, list[float]()
    for number in range(len(_PROJECTORS)):
        bodies, count, singly = machines.portion(number)
        began = time.monotonic()
        machines.push_all(central.running.url, bodies)
        took += time.monotonic() - began
        acts += count
        answers += _one_by_one(central, machines, singly)[0]
        central.expected += count + len(singly)
        assert central.has_folded
    return {"ingest": acts / took, "acknowledged_p95": p95(answers)}


def _large(stack: ExitStack, folder: Path, central: _Central, machines: _Machines) -> dict[str, float]:
    """More and more projectors, and acts that come meanwhile; what one of them needs to start is not counted."""
    found: dict[str, float] = {}
    answers, listed = list[float](), list[float]()
    before = 0
    for number, projectors in enumerate(_PROJECTORS):
        stack.enter_context(processes.projectors(folder, projectors - before, first=before))
        before = projectors
        until(partial(_share, central, projectors), "a projector does not start")
        bodies, count, singly = machines.portion(number)
        rates = _together(central, machines, bodies, count)
        found |= {f"{name}_by_{projectors}": rate for name, rate in rates.items()}
        answered, seen, projected = _one_by_one(central, machines, singly)
        answers += answered
        listed += seen
        found |= {f"lag_p50_by_{projectors}": p50(projected), f"lag_p95_by_{projectors}": p95(projected)}
    return {
        **found,
        "couchdb_acknowledged_p95": p95(answers),
        "listed_p50": p50(listed),
        "listed_p95": p95(listed),
    }


def _together(
    central: _Central, machines: _Machines, bodies: Sequence[Sequence[bytes]], count: int
) -> dict[str, float]:
    """Acts a second, of so many that come as quickly as they are taken."""
    central.expected += count
    began = time.monotonic()
    with ThreadPoolExecutor(1) as beside:
        pushing = beside.submit(_pushed_at, machines, central, bodies)
        until(lambda: pushing.done() and central.has_folded, patience_s=_PATIENCE_S)
        folded_at = time.monotonic()
    until(lambda: central.has_projected, patience_s=_PATIENCE_S)
    at = {"acknowledged": pushing.result(), "folded": folded_at, "projected": time.monotonic()}
    return {name: count / (moment - began) for name, moment in at.items()}


def _pushed_at(machines: _Machines, central: _Central, bodies: Sequence[Sequence[bytes]]) -> float:
    """When everything was acknowledged."""
    machines.push_all(central.running.url, bodies)
    return time.monotonic()


def _one_by_one(
    central: _Central, machines: _Machines, bodies: Sequence[bytes]
) -> tuple[list[float], list[float], list[float]]:
    """Of acts that come each when nothing else is going on, ms: until the acknowledgement, and from there until the act stands on
    central's lists, and on those in PostgreSQL, where there are any."""
    answered, listed, projected = [], [], []
    before = central.expected
    with machines.line(central.running.url, 0) as push:
        for number, body in enumerate(bodies):
            began = time.monotonic()
            push(body)
            acknowledged = time.monotonic()
            answered.append((acknowledged - began) * 1000)
            if central.postgresql is None:
                continue
            central.expected = before + number + 1
            listed.append(_until_ms(lambda: central.has_folded, acknowledged))
            projected.append(_until_ms(lambda: central.has_projected, acknowledged))
    return answered, listed, projected


def _until_ms(state: Callable[[], bool], since: float) -> float:
    while not state():
        time.sleep(_LOOK_S)
    return (time.monotonic() - since) * 1000


def _share(central: _Central, projectors: int) -> bool:
    """Whether so many have a part of the shards."""
    assert central.postgresql is not None
    rows = central.postgresql.execute(
        "SELECT a.pid, count(*) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory'"
        " WHERE a.application_name = 'motcua projector' AND l.mode = 'ExclusiveLock' AND l.granted GROUP BY a.pid"
    ).fetchall()
    return len(rows) == projectors


def _asks_postgresql(node: processes.Running) -> bool:
    return "\nmotcua_projections_there 1\n" in requests.get(f"{node.url}/metrics", timeout=30).text


# ---- what it stands on


def _source(folder: Path) -> Source:
    return Source(Folder(folder), read_settings(folder).node)


@contextmanager
def _cluster(folder: Path) -> Iterator[Peer]:
    elsewhere = couchdb_elsewhere()
    if elsewhere is not None:
        yield elsewhere
        return
    with processes.bare_server(folder, admin=f"{ADMIN.name}:{ADMIN.password}") as server:
        yield Peer("bare server", server.url, server.process, ADMIN.name, ADMIN.password)


@contextmanager
def _settings(cluster: Peer, folder: Path) -> Iterator[CouchdbSettings]:
    """Of a central in a folder. Its databases have a prefix of their own, and are there for as long as the block lasts."""
    assert cluster.user is not None, "MOTCUA_COUCHDB_URL needs its admin's name and password"
    assert cluster.password is not None
    settings = settings_for(cluster.url, folder, cluster.user, cluster.password)
    settings = msgspec.structs.replace(settings, database_prefix=f"motcua-bench-{secrets.token_hex(6)}-")
    try:
        yield settings
    finally:
        with cluster.client() as client:
            for name in DATABASES:
                said = client.delete(f"{cluster.url}/{settings.database_prefix}{name}")
                assert said.status_code in (200, 202, 404), said.text


def _met(cluster: Peer, prefix: str, central: _Central, machines: _Machines) -> None:
    """Wait until central has brought its catalog there, and lets machines in."""
    wanted = central.source.stores["catalog"].info().doc_count
    with cluster.client() as client:
        url = f"{cluster.url}/{prefix}catalog"
        until(lambda: bool(client.get(url).json().get("doc_count", 0) >= wanted), patience_s=_PATIENCE_S)
    with machines.line(central.running.url, 0) as push:
        push(_body([]))


def _figures() -> Iterator[Figure]:
    of_office: Mapping[str, Figure] = {one.name: one for one in office.BENCH.figures}
    # no must: that of the five years is of dossiers that begin and end in one push, and are folded once
    yield Figure("ingest", "embedded: acts taken in over HTTP, verified and projected", "events/s", "higher")
    for count, (name, what) in itertools.product(
        _PROJECTORS,
        {
            "acknowledged": "in the cluster and acknowledged",
            "folded": "until they are folded at central",
            "projected": "until they are in PostgreSQL",
        }.items(),
    ):
        yield Figure(f"{name}_by_{count}", f"the same acts {what}, {count} projectors", "events/s", "higher")
    yield Figure(
        "acknowledged_p95", "embedded: one act until it is acknowledged, and on its lists, p95", "ms", "lower"
    )
    yield Figure("couchdb_acknowledged_p95", "one act until the front acknowledges it, p95", "ms", "lower")
    for name, p in (("listed_p50", "p50"), ("listed_p95", "p95")):
        yield Figure(name, f"from there until it is on central's lists, {p}", "ms", "lower")
    for count, p in itertools.product(_PROJECTORS, ("p50", "p95")):
        yield Figure(
            f"lag_{p}_by_{count}",
            f"from there to its rows in PostgreSQL, {count} projectors, {p}",
            "ms",
            "lower",
        )
    for name in postgresql.PAGES:
        one = of_office[name]
        yield Figure(name, f"embedded: {one.what}", one.unit, one.better, one.must, one.aim)
        yield Figure(f"couchdb_{name}", one.what, one.unit, one.better, one.must, one.aim)
    yield Figure("memory", "embedded: memory of central after that", "MiB", "lower")
    yield Figure("couchdb_memory", "memory of central and front after that", "MiB", "lower")


BENCH: Final = Bench(office.BENCH.name, tuple(_figures()), prepared, quick_rounds=1)
