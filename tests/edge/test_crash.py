"""The power goes between two statements of a reception: event, number, projection and paper, all or none."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from edge.node import Node
from edge.tables.node import Chain, Number
from printing.spool import PrintJob
from tests.centres import SmallCentre
from tests.proving import Times

KILLED = -signal.SIGKILL


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Children that have the program loaded and nothing open."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def receive_until(data: Path, statements: int) -> None:
    """Receive a dossier; the process dies before it runs one statement more than it may."""
    centre = SmallCentre(data, "counter-01")
    left = statements

    def statement(_sql: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    centre["counter-01"].file.file.on_statement(statement)
    centre.receive()


def traces(counter: Node) -> list[int]:
    """What a reception leaves behind: event, place in the chain, number, projection, paper."""
    with counter.file.read() as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [
            counter.stores["dossiers"].info().doc_count,
            Chain.get(Chain.database == "dossiers").seq,
            Number.select().count(),
            counter.register.find("").searched,
            PrintJob.select().count(),
        ]


def test_a_reception_is_there_whole_or_not_at_all(
    founded: Path, tmp_path: Path, processes: ForkServerContext, times: Times
) -> None:
    data = tmp_path / "centre"
    shutil.copytree(founded, data)
    stride = 100 // times(10, 100)
    statements = 0
    while True:
        child = processes.Process(target=receive_until, args=(data, statements))
        child.start()
        child.join()
        centre = SmallCentre(data, "counter-01")
        left = traces(centre["counter-01"])
        centre.close()
        if child.exitcode != KILLED:
            break
        assert left == [0, 0, 0, 0, 0], f"killed after {statements} statements"
        statements += stride
    assert child.exitcode == 0
    assert left == [1, 1, 1, 1, 1]
    assert statements > 20
