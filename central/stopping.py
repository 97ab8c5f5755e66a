"""When a process is to end: it is told by a signal, or whoever started it is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

from edge.chain import ClockBehind
from sync.errors import Unavailable

HOUR_S: Final = 3600


def stop_signal() -> threading.Event:
    """Set when the process is asked to end, from now on.

    A signal only wakes a thread, by a pipe. A handler runs in the middle of whatever the main thread does, and that may
    be waiting for the event, or setting it for the signal before: setting it there waits for itself.
    """
    stopping = threading.Event()
    heard, asked = os.pipe()
    os.set_blocking(asked, False)

    def stop(number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody needs to be told that often
            os.write(asked, b"\0")

    def listen() -> None:
        os.read(heard, 1)
        stopping.set()

    threading.Thread(target=listen, name="signals", daemon=True).start()
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


def wait_until(
    stopping: threading.Event,
    now_and_then: Callable[[], object] = lambda: None,
    *,
    unless: Callable[[], bool] = lambda: False,
) -> None:
    """Look up every second: a signal that comes just before a wait begins does not end it. `unless` ends it, too.

    At once, and about every hour, something is done `now_and_then`; what a full disk or a wrong clock forbids then is
    done an hour later.
    """
    seconds = 0
    while True:
        if seconds % HOUR_S == 0:
            with contextlib.suppress(Unavailable, ClockBehind):
                now_and_then()
        if stopping.wait(1) or unless():
            return
        seconds += 1
