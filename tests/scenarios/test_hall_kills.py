"""The kiosk's process is killed while people take numbers: none is given twice, none is lost, each has one paper."""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import signal
import threading
from collections import Counter
from pathlib import Path

import pytest
import requests

from central.demo.centre import RunningCentre
from central.demo.centre import centre as run_centre
from central.demo.plan import QUEUES, nodes
from central.demo.visitor import PageError, Visitor
from edge.clock import system_clock
from edge.folder import Folder
from edge.ids import Ids
from edge.node import Node
from edge.settings import read_settings
from printing.spool import PrintJob
from schemas.queue import number_of
from tests.large import enlarged
from tests.proving import Times
from tests.waiting import until

A_LIFE = 12
"""Numbers between two kills at the most: fewer than one address may take at once."""


@pytest.mark.proof
def test_numbers_survive_kills(founded: Path, tmp_path: Path, times: Times) -> None:
    data, said = tmp_path / "demo", list[str]()
    shutil.copytree(founded, data)
    chance = random.Random(20261126)
    with enlarged(data / "central"), run_centre(data, nodes(first_port=0)[:2], system_clock) as running:
        for _ in range(times(2, 20)):
            _until_killed(running, chance.randint(1, A_LIFE), chance.random() / 20, said)
        _take(running, said)
    folder = Folder(data / "counter-01")
    node = Node(folder, read_settings(folder.path), clock=system_clock, ids=Ids())
    try:
        turns = [turn for turn in node.visits.turns() if turn.code == QUEUES[0].code]
        with node.file.read():
            papers = Counter(job.stream for job in PrintJob.select().where(PrintJob.form == "ticket"))
    finally:
        node.close()
    assert len(said) == len(set(said)), "somebody was shown another's number"
    assert set(said) <= {turn.ticket for turn in turns}, "a number that was shown is not there"
    assert sorted(number_of(turn.ticket) for turn in turns) == list(range(1, len(turns) + 1))
    assert papers == Counter(turn.stream for turn in turns)


def _take(running: RunningCentre, said: list[str]) -> None:
    visitor = Visitor(running.url("counter-01"))
    page = visitor.open("/kiosk")
    given = visitor.press(page, page.form("/kiosk"), queue="A")
    number = re.search(r"A-\d{3}", given.text)
    assert number is not None, given.text
    said.append(number[0])


def _until_killed(running: RunningCentre, after: int, later_s: float, said: list[str]) -> None:
    """Somebody takes numbers; somewhere after so many of them, and a moment, the power goes."""
    node, enough, gone = running.nodes["counter-01"], threading.Event(), threading.Event()
    process, killed = node.process, node.killed
    assert process is not None

    def power_goes() -> None:
        enough.wait(60)
        threading.Event().wait(later_s)
        node.ready.clear()
        os.kill(process.pid, signal.SIGKILL)
        gone.set()

    threading.Thread(target=power_goes, daemon=True).start()
    taken = 0
    while not gone.is_set() and taken < A_LIFE + 4:
        with contextlib.suppress(requests.RequestException, PageError):
            _take(running, said)
        taken += 1
        if taken >= after:
            enough.set()
    enough.set()
    until(lambda: node.killed > killed)
    running.wait_until_ready(["counter-01"])
