"""Thermal printers that speak ESC/POS, over the network (port 9100) or a device file. The only module that knows
python-escpos.

A paper goes as a picture, so that it looks the same on every make, and with all of Vietnamese. After it the printer is
asked for its status *in sequence* (`GS r`): the answer proves that all dots before it were taken. A printer that does
not answer that leaves the paper unsure, and a person is asked. Before it, the real-time status (`DLE EOT`) says whether
there is paper and whether the cover is shut.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol
from urllib.parse import urlsplit

from escpos.printer import Dummy
from PIL import Image

from printing.errors import OutcomeUnknown, PrinterUnavailable, TooWide
from printing.raster import pages
from printing.spool import Fate, Told

PORT: Final = 9100
DOTS: Final = 576
"""Across the head of an 80 mm printer."""
WIDEST: Final = 648
"""A roll of 80 mm and a little over; its margins lie outside the head's reach."""
CONNECT_S: Final = 3.0
STATUS_S: Final = 2.0
PRINTED_S: Final = 20.0
"""A long receipt takes seconds to come out; the answer comes when its dots are in the printer's memory."""

_STATUS_OFFLINE: Final = b"\x10\x04\x02"
_STATUS_PAPER: Final = b"\x10\x04\x04"
_IN_SEQUENCE: Final = b"\x1dr\x01"
_COVER_OPEN, _ERROR, _PAPER_STOP = 0x04, 0x40, 0x20
_PAPER_END: Final = 0x60
_FEED_LINES: Final = 4


class Line(Protocol):
    """An open line to a printer."""

    def send(self, data: bytes) -> None:
        """Blocks until the printer has taken all of it. Raises `OSError` where the line breaks, or nothing more is taken."""
        ...

    def receive(self, timeout_s: float) -> bytes:
        """What comes within the time, or nothing."""
        ...


class EscPosPrinter:
    """`address` is `host`, `host:port`, or a device file (`/dev/usb/lp0`)."""

    def __init__(self, name: str, address: str) -> None:
        self.name, self._address = name, address

    def deliver(self, paper: str, pdf: bytes) -> Told:
        """Blocks until the printer has all of it, or `PRINTED_S`. Raises as `Printer.deliver` does; `TooWide`."""
        pictures = list(pages(pdf))
        if (width := max((picture.width for picture in pictures), default=0)) > WIDEST:
            raise TooWide(self.name, width, WIDEST)
        data = dots(pictures)
        with self._open() as line:
            if trouble := self._trouble(line):
                raise PrinterUnavailable(self.name, trouble)
            self._unless_broken(lambda: line.send(data + _IN_SEQUENCE))
            if not self._unless_broken(lambda: line.receive(PRINTED_S)):
                raise OutcomeUnknown(
                    self.name, "it took the paper's data and does not say that it has printed them"
                )
        return Told(Fate.OUT)

    def ask(self, paper: str) -> Told:
        """Raises `OutcomeUnknown`, always: there is nothing to ask."""
        raise OutcomeUnknown(self.name, "it keeps no record of what it has printed")

    def take_back(self, paper: str) -> Told:
        """Raises `OutcomeUnknown`, always: what was sent cannot be stopped."""
        raise OutcomeUnknown(self.name, "it keeps no record of what it has printed")

    def about(self) -> str:
        """How the printer is, for a page and a test of the line. Raises PrinterUnavailable."""
        with self._open() as line:
            return self._trouble(line) or "ready"

    def _trouble(self, line: Line) -> str:
        """Why it would not print now; empty where it would, or does not say."""
        line.send(_STATUS_OFFLINE)
        offline = line.receive(STATUS_S)
        line.send(_STATUS_PAPER)
        paper = line.receive(STATUS_S)
        if paper and paper[-1] & _PAPER_END:
            return "media-empty"
        if offline and offline[-1] & _COVER_OPEN:
            return "cover-open"
        if offline and offline[-1] & (_ERROR | _PAPER_STOP):
            return "stopped"
        return ""

    def _unless_broken(self, step: Callable[[], bytes | None]) -> bytes:
        try:
            return step() or b""
        except OSError as why:
            raise OutcomeUnknown(self.name, "the line broke while the paper was sent") from why

    @contextmanager
    def _open(self) -> Iterator[Line]:
        try:
            with _opened(self._address) as line:
                yield line
        except OSError as why:
            raise PrinterUnavailable(self.name, why.strerror or str(why)) from why
        except UnicodeError as why:  # a name that no host can have
            raise PrinterUnavailable(self.name, f"{self._address!r} is no address of a printer") from why


def dots(pictures: Iterable[Image.Image]) -> bytes:
    """The commands that print these pictures one below the other, feed, and cut."""
    printer = Dummy()
    for picture in pictures:
        left = max(0, (picture.width - DOTS) // 2)
        printer.image(picture.crop((left, 0, left + min(picture.width, DOTS), picture.height)), center=False)
    printer.print_and_feed(_FEED_LINES)
    printer.cut()
    return bytes(printer.output)


@contextmanager
def _opened(address: str) -> Iterator[Line]:
    if address.startswith("/"):
        device = _Device(os.open(address, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
        try:
            yield device
        finally:
            os.close(device.handle)
        return
    at = urlsplit(f"//{address}")
    with socket.create_connection((at.hostname or "", at.port or PORT), timeout=CONNECT_S) as connection:
        yield _Network(connection)


class _Network:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, data: bytes) -> None:
        self._connection.settimeout(PRINTED_S)
        self._connection.sendall(data)

    def receive(self, timeout_s: float) -> bytes:
        self._connection.settimeout(timeout_s)
        try:
            return self._connection.recv(64)
        except TimeoutError:
            return b""


class _Device:
    """A device file that can be read too, as Linux has for USB printers.

    One whose paper ends in the middle takes nothing more, and whoever writes would wait for ever.
    """

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def send(self, data: bytes) -> None:
        ready = select.poll()
        ready.register(self.handle, select.POLLOUT)
        while data:
            if not ready.poll(PRINTED_S * 1000):
                raise TimeoutError(f"it has taken nothing more for {PRINTED_S:.0f} s")
            with suppress(BlockingIOError):
                data = data[os.write(self.handle, data) :]

    def receive(self, timeout_s: float) -> bytes:
        answer = select.poll()  # `select` knows no file whose number is above 1023
        answer.register(self.handle, select.POLLIN)
        return os.read(self.handle, 64) if answer.poll(timeout_s * 1000) else b""
