"""The power goes while a stick is written or read: a bundle is there whole or not at all, and taking goes on."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

import edge.courier
from edge.courier import Courier
from edge.envelope import Closing
from edge.node import Node
from sync.documents import render
from tests.centres import SmallCentre
from tests.proving import Times

KILLED = -signal.SIGKILL
ACTS = 6


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Children that have the program loaded and nothing open."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def take_until(data: Path, stick: Path, statements: int) -> None:
    """Take a bundle at central; the process dies before it runs one statement more than it may."""
    centre = SmallCentre(data, "central")
    left = statements

    def statement(_sql: str) -> None:
        nonlocal left
        if left == 0:
            _die()
        left -= 1

    courier = Courier(centre["central"])
    for store in (centre["central"].file.file, centre["central"].stores["files"].file):
        store.on_statement(statement)
    courier.take(stick)


def give_until(data: Path, stick: Path, steps: int) -> None:
    """Write a bundle at the counter; the process dies before one more part is written, synced or renamed."""
    centre = SmallCentre(data, "counter-01")
    left = steps

    def step() -> None:
        nonlocal left
        if left == 0:
            _die()
        left -= 1

    class Dying(Closing):
        def _out(self, content: bytes) -> None:
            step()
            super()._out(content[: len(content) // 2])
            step()
            super()._out(content[len(content) // 2 :])

    fsync, replace = os.fsync, Path.replace

    def dying_fsync(handle: int) -> None:
        step()
        fsync(handle)

    def dying_replace(self: Path, target: Path) -> Path:
        step()
        return replace(self, target)

    edge.courier.Closing = Dying  # type: ignore[attr-defined]
    os.fsync, Path.replace = dying_fsync, dying_replace  # type: ignore[assignment]
    Courier(centre["counter-01"]).give("central.1", stick)


def _founded(founded: Path, tmp_path: Path) -> Path:
    """A counter with some acts and a scan, of which central knows nothing."""
    data = tmp_path / "centre"
    shutil.copytree(founded, data)
    centre = SmallCentre(data)
    for number in range(ACTS):
        centre.receive(applicant=f"Nông Văn {number}")
    centre["counter-01"].archive.keep(os.urandom(200_000))
    centre.close()
    return data


def _documents(node: Node) -> list[bytes]:
    return [
        render(store.revision(one.id))
        for name in ("dossiers", "files")
        for store in (node.stores[name],)
        for one in store.all_docs()
    ]


def test_taking_goes_on_after_a_power_cut_anywhere(
    founded: Path, tmp_path: Path, processes: ForkServerContext, times: Times
) -> None:
    data = _founded(founded, tmp_path)
    centre, stick = SmallCentre(data), tmp_path / "x.motcua"
    Courier(centre["counter-01"]).give(centre["central"].id, stick)
    wanted = _documents(centre["counter-01"])
    centre.close()
    stride = 400 // times(8, 80)
    statements = 0
    ended: int | None = KILLED
    while ended == KILLED:
        child = processes.Process(target=take_until, args=(data, stick, statements))
        child.start()
        child.join()
        ended = child.exitcode
        centre = SmallCentre(data, "central")
        central = centre["central"]
        with central.file.read() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert set(_documents(central)) <= set(wanted)
        centre.close()
        statements += stride
    assert ended == 0
    assert statements > stride
    centre = SmallCentre(data, "central")
    assert _documents(centre["central"]) == wanted
    assert Courier(centre["central"]).take(stick).events == 0
    centre.close()


def test_a_bundle_is_on_the_stick_whole_or_not_at_all(
    founded: Path, tmp_path: Path, processes: ForkServerContext, times: Times
) -> None:
    data = _founded(founded, tmp_path)
    folder = tmp_path / "usb"
    folder.mkdir()
    stick, steps = folder / "x.motcua", 0
    ended: int | None = KILLED
    seen: set[bool] = set()
    while ended == KILLED:
        child = processes.Process(target=give_until, args=(data, stick, steps))
        child.start()
        child.join()
        ended = child.exitcode
        centre = SmallCentre(data, "central")
        if stick.exists():
            assert Courier(centre["central"]).take(stick).refused == 0
            stick.unlink()
            seen.add(True)
        else:
            seen.add(False)
        centre.close()
        steps += max(1, 4 // times(1, 4))
    assert ended == 0
    assert seen == {True, False}
    assert [one.name for one in folder.iterdir() if not one.name.startswith(".")] == []
