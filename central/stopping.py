"""When a process is to end: it is told by a signal, or whoever started it is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from types import FrameType


def stop_signal() -> threading.Event:
    """Set when the process is asked to end, from now on."""
    stopping = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping


def stop_with_stdin(stopping: threading.Event) -> None:
    """Set it too when standard input ends.

    It is read as it is, because a thread that is left inside `sys.stdin` keeps its lock, and Python aborts at the end of
    the process when it wants that.
    """

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        stopping.set()

    threading.Thread(target=watch, name="stdin", daemon=True).start()
