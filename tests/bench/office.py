"""Central with the customer's five years in it: taking them in, making everything again, and the pages of who looks at them.

The data set is made once (`motcua dataset`) and kept in the folder of the benches; how quickly central took it in is what
that run noted. `--dossiers` chooses another size. The desk settles in a copy: the set stays what the article tells.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import requests

from central.dataset.making import PIN, Made, make
from central.dataset.office import LEADER, OFFICER
from central.demo.visitor import Page, parse
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_settings
from tests.bench import processes
from tests.bench.contests import contest
from tests.bench.figures import Bench, Figure, Round, Size, p95
from tests.bench.ground import Ground
from tests.bench.machine import proportional_memory_mib
from tests.bench.walking import WHO, slowest, walked

_DOSSIERS: Final = {Size.FULL: 521_756, Size.QUICK: 5_000}
_OPENED: Final = {Size.FULL: 40, Size.QUICK: 10}
_YEARS: Final = "period=days&first=2019-01-01&last=2023-12-31"
_ODD: Final = "period=days&first=2019-02-14&last=2023-10-17"
"""A period that begins and ends in the middle of months: the most sums that there can be."""
_PAGES: Final = {
    "dashboard_p95": "/reports",
    "form_06a_p95": f"/reports/06a?{_ODD}",
    "form_06a_procedures_p95": f"/reports/06a?{_YEARS}&by=procedure",
    "indices_p95": f"/reports/766?{_ODD}",
    "overdue_p95": "/reports/qua-han?period=all",
    "figures_p95": "/figures",
}
_CONTESTED: Final = {Size.FULL: 120, Size.QUICK: 9}
"""How many wait at the desk, or as many as a smaller set has; a third of them is settled."""
_FEWEST: Final = 3
_TERMS: Final = ("ng", "nguyen", "nguyen van")


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    folder = set_of(ground, size)
    made = make(folder, ground.dossiers or _DOSSIERS[size], 1, ids=Ids())
    central = folder / "central"
    rebuilt = _rebuilt(central, made)
    stored = sum(file.stat().st_size for file in central.glob("*.db*")) / 2**20
    desk = _desk(folder, ground.folder / f"{folder.name}-desk", _CONTESTED[size])

    def measure() -> dict[str, float]:
        began = time.monotonic()
        with processes.node(central) as node:
            start_s = time.monotonic() - began
            pages = looked_at(node.url, size)
            memory = proportional_memory_mib(node.process)
            of_all_pages = slowest(walked(node.url, WHO))[0][0]
        return {
            "ingest": made.events_a_second,
            "rebuild": rebuilt,
            **pages,
            "page_slowest": of_all_pages,
            "start": start_s,
            "memory": memory,
            "stored": stored,
            **desk,
        }

    yield measure


def set_of(ground: Ground, size: Size) -> Path:
    """The folder of the data set that this bench is about."""
    return ground.kept / f"dataset-{ground.dossiers or _DOSSIERS[size]}"


def looked_at(url: str, size: Size) -> dict[str, float]:
    """What a leader waits for, page by page."""
    leader = _Person(url, LEADER)
    pages = {name: p95([leader.open_ms(path) for _ in range(_OPENED[size])]) for name, path in _PAGES.items()}
    searches = [leader.find_ms(term) for _ in range(_OPENED[size]) for term in _TERMS]
    return {**pages, "search_p95": p95(searches)}


def _rebuilt(central: Path, made: Made) -> float:
    """Acts a second: every projection is dropped and made again."""
    node = Node(Folder(central), read_settings(central), clock=system_clock, ids=Ids())
    try:
        began = time.monotonic()
        node.projector.rebuild()
        return made.events / (time.monotonic() - began)
    finally:
        node.close()


def _desk(folder: Path, copies: Path, wanted: int) -> dict[str, float]:
    """What the officer waits for, with so many conflicts open, or as many as there are dossiers for it."""
    central = copies / "central"
    shutil.copytree(folder / "central", central)
    try:
        node = Node(Folder(central), read_settings(central), clock=system_clock, ids=Ids())
        try:
            contested = contest(node, folder, wanted)
            node.people.set_pin(OFFICER, PIN)
        finally:
            node.close()
        assert contested >= _FEWEST, f"only {contested} dossiers wait for their approver"
        with processes.node(central) as running:
            officer = _Person(running.url, OFFICER)
            opened = [officer.open_ms("/desk") for _ in range(contested // 3)]
            settled = [officer.settle_ms() for _ in range(contested // 3)]
        return {"desk_p95": p95(opened), "settle_p95": p95(settled)}
    finally:
        shutil.rmtree(copies)


class _Person:
    """A browser without eyes that looks at the clock."""

    def __init__(self, url: str, who: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept"] = "text/html"
        form = self._get("/sign-in").form("pin")
        fields = {**form.fields, "person": who, "pin": PIN}
        self._session.post(urljoin(url, form.action), data=fields).raise_for_status()

    def open_ms(self, path: str) -> float:
        return self._timed(lambda: self._session.get(self._url + path), path)

    def find_ms(self, term: str) -> float:
        fields = {**self._get("/find").form("q").fields, "q": term}
        return self._timed(lambda: self._session.post(f"{self._url}/find", data=fields), "/find")

    def settle_ms(self) -> float:
        """Let the first act stand of what the desk shows first: until it is written, and the next page is here."""
        form = self._get("/desk").form("stands")
        stands = next(one for one in form.choices["stands"] if len(one) == 64)
        fields = {**form.fields, "stands": stands, "reason": "Phê duyệt trước khi có đơn rút."}
        began = time.monotonic()
        answer = self._session.post(self._url + form.action, data=fields)
        took = time.monotonic() - began
        assert answer.status_code == 200, answer.text
        assert "settled=" in answer.url, answer.text
        return took * 1000

    def _timed(self, ask: Callable[[], requests.Response], path: str) -> float:
        began = time.monotonic()
        answer = ask()
        took = time.monotonic() - began
        assert answer.status_code == 200, answer.text
        assert not answer.history, f"{path} leads elsewhere"
        return took * 1000

    def _get(self, path: str) -> Page:
        answer = self._session.get(self._url + path)
        answer.raise_for_status()
        return parse(answer.url, answer.text)


BENCH: Final = Bench(
    "centre",
    (
        Figure(
            "ingest",
            "acts taken in, verified and projected, when the set was made",
            "events/s",
            "higher",
            must=2_000,
            aim=5_000,
        ),
        Figure("rebuild", "all projections made again", "events/s", "higher", must=2_000, aim=5_000),
        Figure(
            "dashboard_p95",
            "the overview of today, month and all years, p95",
            "ms",
            "lower",
            must=300,
            aim=100,
        ),
        Figure(
            "form_06a_p95",
            "06a by agency, of days in the middle of months, p95",
            "ms",
            "lower",
            must=300,
            aim=100,
        ),
        Figure("form_06a_procedures_p95", "06a by procedure, five years, p95", "ms", "lower"),
        Figure("indices_p95", "indices of QĐ 766, p95", "ms", "lower"),
        Figure("overdue_p95", "overdue, with where and why, p95", "ms", "lower"),
        Figure("figures_p95", "the public page, p95", "ms", "lower"),
        Figure("search_p95", 'search "ng", "nguyen", "nguyen van", p95', "ms", "lower", must=100, aim=30),
        Figure(
            "page_slowest",
            "the slowest kind of page that an administrator's and a leader's links lead to, median of up to 10",
            "ms",
            "lower",
            must=1_000,
        ),
        Figure("desk_p95", "the desk with a conflict open, p95", "ms", "lower"),
        Figure("settle_p95", "a conflict settled, until the desk shows the next, p95", "ms", "lower"),
        Figure("start", "from the command to the first page", "s", "lower"),
        Figure("memory", "memory of central after that", "MiB", "lower"),
        Figure("stored", "central's files", "MiB", "lower"),
    ),
    prepared,
)
