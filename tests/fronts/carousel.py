"""What stands before fronts and divides their clients: each new connection goes to the next one that takes it."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator, Sequence


class Carousel:
    """`taken`: how many connections each of `ports` took."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.taken = dict.fromkeys(ports, 0)
        self.go_to(*ports)
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def go_to(self, *ports: int) -> None:
        """Where new connections go from now on."""
        self._ports = ports
        self._next = itertools.cycle(ports)

    def part(self) -> None:
        """End all connections, so that everybody comes anew."""
        lines, self._open = self._open, set()
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # or who waits in it would wait on
        self._listener.close()
        self.part()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = self._connected()
            if far is None:
                near.close()
                continue
            self._open |= {near, far}
            for source, target in ((near, far), (far, near)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=_pass, args=(source, target), daemon=True).start()

    def _connected(self) -> socket.socket | None:
        for _ in self._ports:
            port = next(self._next)
            with contextlib.suppress(OSError):
                far = socket.create_connection(("127.0.0.1", port))
                self.taken[port] = self.taken.get(port, 0) + 1
                return far
        return None


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    for line in (source, target):
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
    source.close()


@contextlib.contextmanager
def carousel(*ports: int) -> Iterator[Carousel]:
    made = Carousel(ports)
    try:
        yield made
    finally:
        made.close()
