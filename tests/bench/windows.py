"""The first load of an edge that has nothing yet, as its clerk sees it; and what a day of keeping the window costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

import requests

from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.keys import read_keys
from edge.leaving import AT_ONCE
from edge.node import Node
from edge.settings import PeerSettings, read_settings
from edge.status import asked
from schemas.acks import seal
from schemas.events import Document
from schemas.scopes import KEPT
from tests.bench import processes
from tests.bench.documents import A_DOSSIER
from tests.bench.pulling import DATABASE, opened
from tests.centres import HandClock

_BATCH: Final = 1_000
_PATIENCE_S: Final = 300.0
_LOOK_S: Final = 0.05


def fill(folder: Path, events: Sequence[Document]) -> None:
    """Events that a node got from others, verified and projected: who filters has to know of what they are."""
    with opened(folder) as node:
        for at in range(0, len(events), _BATCH):
            source = str(events[at]["node"])
            outcomes = node.stores[DATABASE].bulk_docs(
                events[at : at + _BATCH], new_edits=False, source=source
            )
            assert all(outcome.refusal is None for outcome in outcomes)


def first_load(central: processes.Running, folder: Path, expected: int) -> dict[str, float]:
    """A counter is switched on for the first time: when its page is there, and when all of its window is."""
    peer = PeerSettings(read_settings(folder.with_name("central")).node, central.url)
    began = time.monotonic()
    with processes.node(folder, peers=[peer]) as counter, requests.Session() as session:
        session.trust_env = False
        page = session.get(f"{counter.url}/sign-in", timeout=_PATIENCE_S)
        first_page_s = time.monotonic() - began
        assert page.status_code == 200
        while _here(folder) < expected:
            assert time.monotonic() - began < _PATIENCE_S, "the window did not come"
            time.sleep(_LOOK_S)
        loaded_s = time.monotonic() - began
    return {"first_page": first_page_s, "first_load": expected / (loaded_s - first_page_s)}


def _here(folder: Path) -> int:
    status = asked(Folder(folder))
    lanes = [lane for peer in status.peers for lane in peer.lanes] if status is not None else []
    return sum(lane.written for lane in lanes if (lane.database, lane.direction) == (DATABASE, "pull"))


def a_day(folder: Path, window: int) -> dict[str, float]:
    """Two months later: what leaves in a day of a window of so many events, a sixtieth of it."""
    clock = HandClock(system_clock() + KEPT + timedelta(days=1))
    node = Node(Folder(folder), read_settings(folder), clock=clock, ids=Ids())
    try:
        newest = node.acks.newest()
        assert newest is not None
        keys = read_keys(folder.with_name("central") / "keys")
        later = newest.day + KEPT + timedelta(days=1)
        assert node.acks.take(
            seal(newest.number + 1, later, newest.node, newest.held, sign=keys.ed25519.sign).document()
        )
        began = time.monotonic()
        gone = node.leaving.turn()
        took_s = time.monotonic() - began
    finally:
        node.close()
    assert gone == min(AT_ONCE, window // A_DOSSIER), gone
    return {"window_day": took_s / gone * window / A_DOSSIER / KEPT.days * 1000}
