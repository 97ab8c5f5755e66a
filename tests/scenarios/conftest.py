"""The command as a user starts it: real processes, real ports, real signals."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from edge.settings import NodeSettings, write_settings
from tests.large import RUN, beyond
from tests.scenarios import demo_beyond

Start = Callable[..., subprocess.Popen[str]]


def free_ports() -> int:
    """The first of four free ports in a row."""
    for first in range(21000, 40000, 7):
        try:
            for port in range(first, first + 4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise RuntimeError("no four free ports in a row")


@pytest.fixture
def motcua(tmp_path: Path) -> Iterator[Start]:
    """Starts `motcua …`; whatever still runs when the test ends is ended."""
    started: list[subprocess.Popen[str]] = []
    elsewhere = ExitStack()

    def lies_elsewhere(data: Path) -> Path:
        """A folder whose settings say where the centre in this one has what lies beyond its machine."""
        large = tmp_path / f"large-{data.name}"
        if not large.exists():
            large.mkdir()
            given = elsewhere.enter_context(beyond())
            given.create()
            write_settings(large, given.of(NodeSettings("central.1")))
        return large

    def start(*arguments: object, cwd: Path | None = None) -> subprocess.Popen[str]:
        program = ["-m", "central.cli"]
        if RUN.is_large and arguments[0] == "demo":  # which founds the centre itself
            data = Path(str(arguments[arguments.index("--data") + 1]))
            program = [demo_beyond.__file__, str(lies_elsewhere(data))]
        command = [sys.executable, *program, *map(str, arguments)]
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
    elsewhere.close()
