"""The processes that keep projections in PostgreSQL: those that central starts, and others that join them.

What pages show must not wait for what is folded, so they are processes of their own. One that ends, whatever ended it, has
lost nothing: others go on where it stood, and central starts it again.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Final

from central.rekey import passphrase
from edge import log as logs
from edge.at_rest import AtRest
from edge.errors import CannotStart
from edge.node import Folder
from edge.postgres.connection import understood
from edge.postgres.following import follow
from edge.postgres.reading import Source
from edge.settings import NodeSettings, read_config

AGAIN_S: Final = 2.0
STOP_S: Final = 10.0

log = logging.getLogger(__name__)


class Projectors:
    """Some of them, kept running beside central. `key` opens its folder."""

    def __init__(self, config: Path, count: int, key: bytes | None) -> None:
        self._config, self._key = config, key
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, name=f"projector {number}", daemon=True)
            for number in range(count)
        ]
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def processes(self) -> list[int]:
        """Those that run."""
        with self._lock:
            return [process.pid for process in self._running.values()]

    def stop(self) -> None:
        self._stopping.set()
        with self._lock:
            for process in self._running.values():
                process.terminate()
        for thread in self._threads:
            thread.join(timeout=STOP_S)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            process = subprocess.Popen(
                [sys.executable, "-m", "central.projecting", str(self._config)],
                stdin=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C is for central, which ends it
            )
            with self._lock:
                self._running[process.pid] = process
                if self._stopping.is_set():
                    process.terminate()
            with process:  # its end of the pipe stays open: where central is gone, it ends too
                assert process.stdin is not None  # noqa: S101
                with contextlib.suppress(OSError):
                    process.stdin.write((self._key or b"").hex().encode() + b"\n")
                    process.stdin.flush()
                status = self._waited(process)
            with self._lock:
                del self._running[process.pid]
            if not self._stopping.is_set():
                log.warning("a projector has ended with status %d and is started again", status)
                self._stopping.wait(AGAIN_S)

    def _waited(self, process: subprocess.Popen[bytes]) -> int:
        while True:
            try:
                return process.wait(STOP_S if self._stopping.is_set() else 1.0)
            except subprocess.TimeoutExpired:
                if self._stopping.is_set():
                    process.kill()


def run_projector(config: Path) -> None:
    """Project beside those that central has, until told to stop. Raises `CannotStart`."""
    stopping = threading.Event()
    _stop_by_signal(stopping)
    settings = read_config(config)
    folder = Folder(config.parent / settings.data)
    folder.unlock(settings, passphrase)
    _project(folder, settings, stopping)


def _project(folder: Folder, settings: NodeSettings, stopping: threading.Event) -> None:
    if not settings.projections:
        raise CannotStart(
            "this central keeps its projections in its own file: the setting `projections` is not there"
        )
    logs.begin(settings.log)
    follow(understood(settings.projections), lambda: Source(folder, settings.node), stopping)


def _stop_by_signal(stopping: threading.Event) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _child(config: Path) -> None:
    """One that central has started: the first line says the key, and the end of the input that central is gone."""
    stopping = threading.Event()
    _stop_by_signal(stopping)
    settings = read_config(config)
    folder = Folder(config.parent / settings.data)
    key = bytes.fromhex(sys.stdin.readline().strip())
    folder.at_rest = AtRest(key or None)

    def watch() -> None:
        sys.stdin.read()
        stopping.set()

    threading.Thread(target=watch, name="stdin", daemon=True).start()
    try:
        _project(folder, settings, stopping)
    except CannotStart as why:
        log.error("%s", why)
        sys.exit(1)


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
