"""The processes that keep projections in PostgreSQL: those that central starts, and others that join them.

What pages show must not wait for what is folded, so they are processes of their own. One that ends, whatever ended it, has
lost nothing: others go on where it stood, and central starts it again.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

from central.rekey import passphrase
from central.stopping import stop_signal, stop_with_stdin
from edge import log as logs
from edge.at_rest import AtRest
from edge.errors import CannotStart
from edge.folder import Folder
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
        self._running: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Returns before the processes run."""
        for thread in self._threads:
            thread.start()

    def processes(self) -> list[int]:
        """Those that run."""
        with self._lock:
            return [process.pid for process in self._running]

    def stop(self) -> None:
        """End them all; one that does not hear is killed."""
        with self._lock:
            self._stopping.set()
            for process in self._running:
                process.terminate()
        until = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))
        with self._lock:
            for process in self._running:
                log.warning("a projector does not end, and is killed")
                process.kill()
        for thread in self._threads:
            thread.join(timeout=STOP_S)

    def _keep(self) -> None:
        while not self._stopping.is_set():
            try:
                status = self._run()
            except OSError as why:  # no memory, no more processes
                log.warning("no projector can be started now, and is tried again: %s", why)
            else:
                if not self._stopping.is_set():
                    log.warning("a projector has ended with status %d and is started again", status)
            self._stopping.wait(AGAIN_S)

    def _run(self) -> int:
        """One process, until it ends; its status. Raises `OSError` where none can be started."""
        command = [sys.executable, "-m", "central.projecting", str(self._config)]
        with self._started(command) as process:
            assert process.stdin is not None  # noqa: S101
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write((self._key or b"").hex().encode() + b"\n")
            status = process.wait()  # with the pipe open: where central is gone, it ends too
        with self._lock:
            self._running.remove(process)
        return status

    def _started(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Within the lock: who is to end all of them misses none that is only beginning."""
        with self._lock:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # a Ctrl-C is for central, which ends it
            )
            self._running.append(process)
            if self._stopping.is_set():
                process.terminate()
            return process


def run_projector(config: Path) -> None:
    """Project beside those that central has, until told to stop. Raises `CannotStart`."""
    stopping = stop_signal()
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
    logs.tell_of_crashes()
    follow(understood(settings.projections), lambda: Source(folder, settings.node), stopping)


def _child(config: Path) -> None:
    """One that central has started: the first line says the key, and the end of the input that central is gone."""
    stopping = stop_signal()
    settings = read_config(config)
    folder = Folder(config.parent / settings.data)
    key = bytes.fromhex(sys.stdin.readline().strip())
    folder.at_rest = AtRest(key or None)
    stop_with_stdin(stopping)
    try:
        _project(folder, settings, stopping)
    except CannotStart as why:
        log.error("%s", why)
        sys.exit(1)


if __name__ == "__main__":
    _child(Path(sys.argv[1]))
