"""The 4-on-site room: a batch of results from draft to seal, and the approver's page before a full queue.

The page is asked of the application itself, without a socket: what is measured is what the room adds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from flask.testing import FlaskClient

from central.demo.plan import SEAL_PIN
from edge.deciding import Wanted
from edge.node import Node
from edge.register import Work
from edge.signing import why_not_signed
from schemas.acts import Appraised, CheckedPoint
from schemas.entries import Procedure, Step
from schemas.fold import Dossier
from tests.bench.figures import Bench, Figure, Round, Size, p95
from tests.bench.ground import Ground, People, procedures, receive
from tests.bench.trust import APPRAISER, APPROVER, CLERK
from tests.centres import PINS, SmallCentre
from tests.web.clerk import Clerk

_BATCH: Final = {Size.FULL: 50, Size.QUICK: 5}
_WAITING: Final = {Size.FULL: 5_000, Size.QUICK: 300}
_FEW: Final = 50
_OPENED: Final = {Size.FULL: 60, Size.QUICK: 15}
_AT_ONCE: Final = 50
"""Dossiers that are written in one transaction while the queue is filled."""


@contextmanager
def prepared(ground: Ground, size: Size) -> Iterator[Round]:
    with ground.centre("room") as centre:
        room, people = centre["room-01"], People()
        procedure = next(one for one in procedures(room) if Step.SEAL in one.steps and one.checklist)
        fill(room, people, procedure, _FEW)
        few = _page_ms(centre, _OPENED[size])
        fill(room, people, procedure, _WAITING[size] - _FEW)

        def measure() -> dict[str, float]:
            batch = [_appraised(room, people, procedure) for _ in range(_BATCH[size])]
            return {
                **_batch(room, batch),
                "page_p95": p95(_page_ms(centre, _OPENED[size])),
                "page_few_p95": p95(few),
            }

        yield measure


def fill(room: Node, people: People, procedure: Procedure, count: int) -> None:
    """So many dossiers that wait for the approver."""
    for first in range(0, count, _AT_ONCE):
        with room.file.write():
            for _ in range(min(_AT_ONCE, count - first)):
                _appraised(room, people, procedure)


def _appraised(room: Node, people: People, procedure: Procedure) -> Dossier:
    dossier = receive(room, people.draft_of(procedure))
    points = tuple(CheckedPoint(one, "met") for one in procedure.checklist)
    data = Appraised("Hồ sơ đủ, hợp lệ.", passed=True, points=points)
    return room.ledger.act(dossier.stream, "dossier.appraised", data, by=APPRAISER)


def _batch(room: Node, dossiers: list[Dossier]) -> dict[str, float]:
    """Drafted and signed with one PIN; numbered and sealed one by one; all read again and verified."""
    began, each = time.monotonic(), []
    wanted = [
        Wanted(one.stream, room.papers.wording_of(one, approved=True, at=room.clock())) for one in dossiers
    ]
    signing, last = [], began
    for approval in room.deciding.approve_each(wanted, by=APPROVER, pin=PINS[APPROVER]):
        assert approval.done, approval.why
        signing.append(time.monotonic() - last)
        last = time.monotonic()
    clerk = room.catalog.latest.person(CLERK)
    assert clerk is not None
    for one, signed_s in zip(dossiers, signing, strict=True):
        since = time.monotonic()
        done = room.sealing.seal(one.stream, by=CLERK, pin=PINS[CLERK], agency_pin=SEAL_PIN)
        content = room.archive.read(done.standing.result or "")
        assert content is not None
        problem = why_not_signed(content, clerk.ders()[0])
        assert problem is None, problem
        each.append((time.monotonic() - since + signed_s) * 1000)
    return {"batch_s": time.monotonic() - began, "result_p95": p95(each)}


def _page_ms(centre: SmallCentre, times: int) -> list[float]:
    """The approver's page with one dossier open, each time another one of the first page."""
    approver = Clerk(centre, "room-01", APPROVER)
    rows, _ = centre["room-01"].register.work(Work.APPROVE, times)
    return [_asked(approver.client, f"/room/{row.stream}") for row in rows]


def _asked(client: FlaskClient, path: str) -> float:
    began = time.monotonic()
    answer = client.get(path)
    took = (time.monotonic() - began) * 1000
    assert answer.status_code == 200, answer.status
    return took


BENCH: Final = Bench(
    "room",
    (
        Figure(
            "batch_s",
            "50 results drafted, signed with one PIN, numbered, sealed, recorded and verified, in all",
            "s",
            "lower",
            must=25,
            aim=10,
        ),
        Figure("result_p95", "one of them, from its draft to its seal, p95", "ms", "lower"),
        Figure(
            "page_p95",
            "the approver's page with one dossier open, 5,000 waiting, p95",
            "ms",
            "lower",
            must=150,
            aim=60,
        ),
        Figure("page_few_p95", "the same page with 50 waiting, p95", "ms", "lower"),
    ),
    prepared,
)
