"""The processes that make a node's PDFs: threads share one processor, and a pile of slips must not slow a clerk.

They are started when there is something to set, work one paper at a time, and are started anew after whatever ended
them. A paper that ends its process twice, or takes too long, is refused, so that it does not hold up the others.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import subprocess
import sys
import threading
from typing import BinaryIO, Final, cast

import msgspec

from printing.errors import RenderingStopped
from printing.forms import Form
from printing.worker import Answer, Order, receive, send

WORKERS: Final = 2
"""The spool prints one paper after the other; the second sets what somebody opens meanwhile."""
SECONDS: Final = 120.0
_TRIES: Final = 2

log = logging.getLogger(__name__)


class Renderers:
    """Some processes, of which each caller gets one that is free."""

    def __init__(self, count: int = WORKERS, *, seconds: float = SECONDS) -> None:
        self._workers = [_Worker(seconds) for _ in range(count)]
        self._free: queue.LifoQueue[_Worker] = queue.LifoQueue()
        for worker in self._workers:
            self._free.put(worker)

    def typeset(self, form: Form, payload: bytes) -> bytes:
        """The PDF of a spooled paper. Raises PrintError."""
        worker = self._free.get()
        try:
            answer = worker.ask(Order(form, payload))
        finally:
            self._free.put(worker)
        if answer.refused:
            raise RenderingStopped(form.number, answer.refused)
        return answer.pdf

    def warm(self) -> None:
        """Let the first process load what it needs before the first paper is there."""
        worker = self._free.get()
        try:
            worker.start()
        finally:
            self._free.put(worker)

    def processes(self) -> list[int]:
        """Those that run."""
        return [worker.process.pid for worker in self._workers if worker.process is not None]

    def close(self) -> None:
        """Kill them, in the middle of a paper too, and wait for each. Nobody may ask any more."""
        for worker in self._workers:
            worker.end()


class _Worker:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "printing.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C is for the node, which ends it
            )
        return self.process

    def ask(self, order: Order) -> Answer:
        for _ in range(_TRIES):
            process, late = self.start(), threading.Event()
            timer = threading.Timer(self._seconds, self._kill, (process, late))
            timer.start()
            try:
                answer = self._told(process, order)
            finally:
                timer.cancel()
            if answer is not None:
                return answer
            self.end()
            log.warning("a process that set form %s has ended", order.form.number)
            if late.is_set():
                return Answer(refused=f"setting it takes more than {self._seconds:.0f} seconds")
        return Answer(refused="the process that sets it ends")

    def _told(self, process: subprocess.Popen[bytes], order: Order) -> Answer | None:
        """None where the process has ended."""
        orders, answers = cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout)
        try:
            send(orders, order)
            packed = receive(answers)
        except OSError:
            return None
        return None if packed is None else msgspec.msgpack.decode(packed, type=Answer)

    @staticmethod
    def _kill(process: subprocess.Popen[bytes], late: threading.Event) -> None:
        late.set()
        process.kill()

    def end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError), process:
                """Its pipes are closed, and it is waited for."""
