"""A TCP line that dies after exactly so many bytes, and knows which documents went over it how often."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator

_NAMED = re.compile(rb'"_id":"([^"]+)"')


class Line:
    """`passed`: bytes both ways, by all connections. After `dies_after` of them it is dead until `mend`.

    Documents are counted by the `_id`s that passed in bodies that are not packed, in whichever direction.
    """

    def __init__(self, port: int, listener: socket.socket | None = None) -> None:
        self._target = ("127.0.0.1", port)
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._heard: list[bytearray] = []
        self._dead = False
        self.passed = 0
        self.dies_after: int | None = None
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def counts(self) -> Counter[str]:
        """How often each document went over the line, wholly or in part."""
        with self._changed:
            return Counter(name.decode() for heard in self._heard for name in _NAMED.findall(heard))

    def wait_for(self, passed: int, timeout_s: float = 60) -> None:
        """Until so many bytes have passed."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.passed >= passed, timeout_s), "nothing passes any more"

    def mend(self, *, dies_after: int | None = None) -> None:
        with self._changed:
            self._dead = False
            self.dies_after = None if dies_after is None else self.passed + dies_after

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # or who waits in it would wait on
        self._listener.close()
        self.die()

    def die(self) -> None:
        with self._changed:
            lines = self._dying()
        _shut(lines)

    def _dying(self) -> set[socket.socket]:
        """The connections that die now."""
        self._dead = True
        lines, self._open = self._open, set()
        return lines

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self._dead:
                    raise ConnectionRefusedError
                far = socket.create_connection(self._target)
            except OSError:
                near.close()
                continue
            with self._changed:
                self._open |= {near, far}
            for source, target in ((near, far), (far, near)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        heard = bytearray()
        with self._changed:
            self._heard.append(heard)
        with contextlib.suppress(OSError):
            while part := source.recv(4096):
                part, dying = self._let(part, heard)
                target.sendall(part)
                if dying is not None:
                    _shut(dying)
                    break
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        source.close()

    def _let(self, part: bytes, heard: bytearray) -> tuple[bytes, set[socket.socket] | None]:
        """As much of these bytes as the line still carries; and if they are its last, the connections that die.

        Only who finds the line's end first takes them down: whoever came later could meet those of after a `mend`.
        """
        with self._changed:
            left = len(part) if self.dies_after is None else self.dies_after - self.passed
            dying: set[socket.socket] | None = None
            if self._dead:
                part, dying = b"", set()
            elif left < len(part):
                part, dying = part[: max(left, 0)], self._dying()
            heard += part
            self.passed += len(part)
            self._changed.notify_all()
            return part, dying


def _shut(lines: set[socket.socket]) -> None:
    for line in lines:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def line_to(port: int, listener: socket.socket | None = None) -> Iterator[Line]:
    """`listener`: where it begins, if not just anywhere on this machine."""
    line = Line(port, listener)
    try:
        yield line
    finally:
        line.close()
