"""A counter as its clerk meets it: pages over HTTP from a node with dossiers in it, and what must not grow with them.

One clerk works alone and nothing replicates meanwhile: the load that the table names (four clerks, 50,000 dossiers,
replication) comes with the counter's own issue.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import requests

from central.demo.visitor import Page, parse
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_settings
from tests.bench import documents, processes
from tests.bench.figures import Bench, Figure, Round, Size, p50, p95
from tests.bench.ground import RECEIVER, Ground, People, procedures, receive
from tests.bench.machine import proportional_memory_mib
from tests.bench.processes import Running
from tests.centres import PINS, SmallCentre

FEW: Final = 100
_MANY: Final = {Size.FULL: 5_000, Size.QUICK: 500}
_OPENED: Final = {Size.FULL: 100, Size.QUICK: 10}
_SAVED: Final = {Size.FULL: 40, Size.QUICK: 6}
_RECEIVED: Final = {Size.FULL: 50, Size.QUICK: 20}
_COUNTER: Final = "counter-01"
_PATIENCE_S: Final = 30.0
_TERMS: Final = {"find_p95": "nguyen van"}
"""What is looked for by POST: names of citizens stand in no address."""
_PAGES: Final = {
    "open_form_p95": "/counter",
    "procedure_search_p95": "/counter/procedures?q=dang+ky",
    "find_p95": "/find",
    "return_list_p95": "/return",
}


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    """A counter with few dossiers and one with many; of the latter a second copy, to be served as a process."""
    few = _filled(ground, "few", FEW)
    many = _filled(ground, "many", _MANY[size])
    served = Path(shutil.copytree(many, ground.folder / "served" / _COUNTER))
    people, small, large = People(), opened(few), opened(many)
    codes = [procedure.code for procedure in procedures(small)]
    turn = count()

    def measure() -> dict[str, float]:
        few_ms, many_ms = [], []
        for _ in range(_RECEIVED[size]):  # by turns: what else the machine does falls on both
            few_ms.append(_receive_ms(small, people))
            many_ms.append(_receive_ms(large, people))
        began = time.monotonic()
        with processes.node(served) as node:
            clerk = Clerk(node, served)
            start_s = time.monotonic() - began
            clerk.sign_in()
            pages = {
                name: p95([clerk.open_ms(path, _TERMS.get(name)) for _ in range(_OPENED[size])])
                for name, path in _PAGES.items()
            }
            saves = [clerk.save_ms(codes[next(turn) % len(codes)], people) for _ in range(_SAVED[size])]
            memory = proportional_memory_mib(node.process)
        return {
            "save_to_slip_p95": p95([slip_ms for _, slip_ms in saves]),
            "save_p95": p95([save_ms for save_ms, _ in saves]),
            **pages,
            "start": start_s,
            "memory": memory,
            "receive_p50_few": p50(few_ms),
            "receive_p50_many": p50(many_ms),
        }

    try:
        yield measure
    finally:
        small.close()
        large.close()


def _filled(ground: Ground, name: str, dossiers: int) -> Path:
    """A counter that has so many dossiers of its neighbours."""
    with ground.centre(name) as centre:
        _bring(centre, dossiers)
        return centre[_COUNTER].folder.path


def _bring(centre: SmallCentre, dossiers: int) -> None:
    """All at once: what is prepared need not be durable piece by piece."""
    store = centre[_COUNTER].stores["dossiers"]
    source = str(centre["central"].id)
    with centre[_COUNTER].file.write():
        for events in documents.dossiers(centre, dossiers):
            store.bulk_docs(events, new_edits=False, source=source)


def opened(folder: Path) -> Node:
    """A node in this process."""
    return Node(Folder(folder), read_settings(folder), clock=system_clock, ids=Ids())


def _receive_ms(node: Node, people: People) -> float:
    """One reception in the ledger: checked, numbered, sealed, written, projected, spooled; durable."""
    draft = people.draft(node)
    began = time.monotonic()
    receive(node, draft, spool=node.papers.spool_slip)
    return (time.monotonic() - began) * 1000


class Clerk:
    """A browser without eyes that looks at the clock."""

    def __init__(self, node: Running, folder: Path) -> None:
        self._url, self._paper = node.url, Folder(folder).paper
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Accept"] = "text/html"
        self._first = self._get("/sign-in")

    def sign_in(self) -> None:
        form = self._first.form("pin")
        fields = {**form.fields, "person": RECEIVER, "pin": PINS[RECEIVER]}
        self._session.post(urljoin(self._url, form.action), data=fields).raise_for_status()

    def open_ms(self, path: str, term: str | None = None) -> float:
        fields = None if term is None else {**self._get(path).form("q").fields, "q": term}
        began = time.monotonic()
        url = self._url + path
        answer = self._session.get(url) if fields is None else self._session.post(url, data=fields)
        took = time.monotonic() - began
        assert answer.status_code == 200, answer.text
        assert not answer.history, f"{path} leads elsewhere"
        return took * 1000

    def answered_ms(self, code: str, people: People) -> float:
        """Fill in a reception and save it: until the answer."""
        filled = self._filled(code, people)
        began = time.monotonic()
        answer = self._post(filled)
        took = time.monotonic() - began
        assert answer.status_code == 303, parse(self._url, answer.text).text
        return took * 1000

    def save_ms(self, code: str, people: People) -> tuple[float, float]:
        """The same until the answer, and until its slip lies in the folder as a PDF."""
        filled = self._filled(code, people)
        before = self._slips()
        began = time.monotonic()
        answer = self._post(filled)
        saved = time.monotonic() - began
        assert answer.status_code == 303, parse(self._url, answer.text).text
        while self._slips() == before:
            assert time.monotonic() - began < _PATIENCE_S, "no slip came out"
            time.sleep(0.001)
        return saved * 1000, (time.monotonic() - began) * 1000

    def _filled(self, code: str, people: People) -> dict[str, str]:
        blank = self._get("/counter").form("/counter")
        looked = self._post({**blank.fields, "act": "look", "q": code, "procedure": code})
        form = parse(self._url, looked.text).form("/counter")
        person = {"name": people.name(), "identity": people.identity(), "phone": people.phone()}
        return {**form.fields, **person, "originals-0": "1", "act": "save"}

    def _get(self, path: str) -> Page:
        answer = self._session.get(self._url + path)
        answer.raise_for_status()
        return parse(answer.url, answer.text)

    def _post(self, fields: dict[str, str]) -> requests.Response:
        return self._session.post(f"{self._url}/counter", data=fields, allow_redirects=False)

    def _slips(self) -> int:
        """How many papers are in the folder, whole."""
        if not self._paper.exists():
            return 0
        return sum(file.suffix == ".pdf" for file in self._paper.iterdir())


BENCH: Final = Bench(
    "counter",
    (
        Figure(
            "save_to_slip_p95",
            "from pressing save until the slip's PDF is ready, p95",
            "ms",
            "lower",
            must=150,
            aim=60,
        ),
        Figure("save_p95", "from pressing save until the answer, p95", "ms", "lower"),
        Figure("open_form_p95", "the reception's form, p95", "ms", "lower", must=100, aim=30),
        Figure("procedure_search_p95", "search for a procedure, p95", "ms", "lower", must=100, aim=30),
        Figure("find_p95", "search for a dossier by name, p95", "ms", "lower", must=100, aim=30),
        Figure("return_list_p95", "the list of results to return, p95", "ms", "lower", must=100, aim=30),
        Figure("start", "from the command to the first page", "s", "lower", must=2, aim=0.7),
        Figure("memory", "memory of the node after that", "MiB", "lower", must=250, aim=120),
        Figure("receive_p50_few", f"one reception in the ledger, {FEW} dossiers here, p50", "ms", "lower"),
        Figure(
            "receive_p50_many",
            "the same, 5,000 dossiers here (500 with --quick), p50",
            "ms",
            "lower",
        ),
    ),
    prepared,
)
