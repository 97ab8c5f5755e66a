"""A thermal printer on a socket (stands for hardware): it reads ESC/POS and gives back the dots that arrived."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image


class Thermal:
    """`rolls` are the pieces of paper that were cut off, `paper` and `cover` its state, `answers` whether it talks.

    `breaks_after`: so many bytes into the dots somebody pulls the cable.
    """

    def __init__(self) -> None:
        self.rolls: list[Image.Image] = []
        self.paper = self.answers = True
        self.cover_open = False
        self.breaks_after: int | None = None
        self._strips: list[Image.Image] = []

    def serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while lead := stream.read(1):
            if lead == b"\x10":  # DLE EOT n: status at once
                _, which = stream.read(2)
                self._say(connection, self._status(which))
            elif lead == b"\x1b":  # ESC d n: feed lines; ESC @ and others of two bytes
                if stream.read(1) == b"d":
                    stream.read(1)
            elif lead == b"\x1d":
                self._group(stream.read(1), stream, connection)

    def _group(self, command: bytes, stream: object, connection: socket.socket) -> None:
        read = stream.read  # type: ignore[attr-defined]
        if command == b"v":  # GS v 0 m xL xH yL yH: a raster of dots
            _, _, x_low, x_high, y_low, y_high = read(6)
            across, down = x_low + 256 * x_high, y_low + 256 * y_high
            if self.breaks_after is not None:
                read(self.breaks_after)
                connection.shutdown(socket.SHUT_RDWR)
                raise ConnectionAbortedError
            dots = read(across * down)
            if len(dots) < across * down:
                raise ConnectionAbortedError  # whoever printed is gone
            picture = Image.frombytes("1", (across * 8, down), bytes(byte ^ 0xFF for byte in dots))
            self._strips.append(picture)
        elif command == b"V":  # GS V m (n): cut
            if read(1) in b"AB":
                read(1)
            self._cut()
        elif command == b"r":  # GS r n: status in sequence
            read(1)
            self._say(connection, 0)

    def _status(self, which: int) -> int:
        if which == 4:
            return 0x12 if self.paper else 0x72
        return 0x16 if self.cover_open else 0x12

    def _say(self, connection: socket.socket, status: int) -> None:
        if self.answers:
            connection.sendall(bytes([status]))

    def _cut(self) -> None:
        height = sum(strip.height for strip in self._strips)
        roll = Image.new("1", (max(strip.width for strip in self._strips), height), 1)
        y = 0
        for strip in self._strips:
            roll.paste(strip, (0, y))
            y += strip.height
        self.rolls.append(roll)
        self._strips = []


@contextmanager
def thermal() -> Iterator[tuple[Thermal, str]]:
    """A printer, and its address."""
    printer = Thermal()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        printer.serve(connection)
                    except (OSError, ValueError, IndexError):  # a command that ends in its middle
                        continue

        threading.Thread(target=accept, daemon=True).start()
        yield printer, f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
