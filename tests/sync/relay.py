"""A line that can be cut: a TCP relay between a client and a server on loopback."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Relay:
    """`cut()` breaks all connections and takes no new ones; `mend()` takes them again.

    `cut_after_bytes` cuts by itself in the middle of an answer; with `cut_in`, of one to a request whose first line
    has these bytes. `silence()` keeps connections open and
    passes nothing on, as a line does that is dead somewhere in the middle. `is_cut` is set while it is cut.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._lock = threading.Lock()
        self._lines: set[socket.socket] = set()
        self._up = True
        self._passing = threading.Event()
        self._passing.set()
        self.is_cut = threading.Event()
        self.passed = 0  # bytes of answers
        self.asked = 0  # bytes of requests
        self.cut_after_bytes: int | None = None
        self.cut_in = b""
        self._asked_on: dict[socket.socket, bytes] = {}  # the first line of what is under way to the server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        with self._lock:
            lines = self._taken_down()
        self._break(lines)

    def _taken_down(self) -> set[socket.socket]:
        self._up = False
        lines, self._lines = self._lines, set()
        return lines

    def _break(self, lines: set[socket.socket]) -> None:
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self.is_cut.set()

    def mend(self, *, cut_after_bytes: int | None = None) -> None:
        with self._lock:
            self.cut_after_bytes = cut_after_bytes
            self._passing.set()
            self.is_cut.clear()
            self._up = True

    def silence(self) -> None:
        self._passing.clear()

    def close(self) -> None:
        self.mend()
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)  # or who waits in it would wait on
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if not self._up:
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                for line in (near, far):
                    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._lines.add(line)
            threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, True), daemon=True).start()

    def _cut_by_itself(self, server: socket.socket) -> bool:
        with self._lock:  # several lines may get here at once, and one of them after a `mend`
            if not self._up or self.cut_after_bytes is None or self.passed < self.cut_after_bytes:
                return not self._up
            if self.cut_in not in self._asked_on.get(server, b""):
                return False
            lines = self._taken_down()
        self._break(lines)
        return True

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(4096):
                self._passing.wait()
                if answers and self._cut_by_itself(source):
                    break
                if not answers and part.startswith((b"GET ", b"POST ", b"PUT ")):
                    self._asked_on[target] = part.partition(b"\r\n")[0]
                target.sendall(part)
                if answers:
                    self.passed += len(part)
                else:
                    self.asked += len(part)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        source.close()


@contextlib.contextmanager
def relaying(port: int) -> Iterator[Relay]:
    relay = Relay(port)
    try:
        yield relay
    finally:
        relay.close()
