"""The processes that project beside central: begun again whatever becomes of them, and none is left when central ends."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

import pytest

from central import projecting
from central.projecting import Projectors
from tests.waiting import until


def test_one_that_cannot_begin_begins_later_and_one_that_does_not_hear_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The machine had no memory left for a process; and one hangs in its sleep when central is to end."""
    monkeypatch.setattr(projecting, "AGAIN_S", 0.05)
    monkeypatch.setattr(projecting, "STOP_S", 0.2)
    projectors = Projectors(tmp_path / "node.toml", 1, None)
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(sys, "executable", str(tmp_path / "nothing"))
        projectors.start()
        until(lambda: "no projector can be started now" in caplog.text)
        assert projectors.processes() == []
    until(lambda: projectors.processes() != [])
    (process,) = projectors.processes()
    os.kill(process, signal.SIGSTOP)
    projectors.stop()
    assert projectors.processes() == []
    assert not Path(f"/proc/{process}").exists()
