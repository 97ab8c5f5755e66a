"""The demo's network: a pulled cable is a dead line, for everybody at either end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from central.demo.switchboard import Switchboard
from edge.clock import system_clock


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """A server that says back what it hears."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                end, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=_echo, args=(end,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def _echo(end: socket.socket) -> None:
    with end:
        while piece := end.recv(100):
            end.sendall(piece)


@pytest.fixture
def board(echo: tuple[str, int]) -> Iterator[Switchboard]:
    board = Switchboard(system_clock)
    for source, target in (("counter", "central"), ("room", "central"), ("counter", "room")):
        board.connect(source, target, echo)
    board.start()
    yield board
    board.stop()


def _call(board: Switchboard, source: str, target: str) -> socket.socket:
    address = urlsplit(board.url(source, target))
    line = socket.create_connection((address.hostname, address.port), timeout=5)
    line.sendall(b"hello")
    return line


def _is_dead(line: socket.socket) -> bool:
    try:
        return line.recv(100) == b""
    except ConnectionResetError:
        return True


def test_a_line_carries_what_is_said(board: Switchboard) -> None:
    """Both ways, until somebody pulls a cable."""
    with _call(board, "counter", "central") as line:
        assert line.recv(100) == b"hello"


def test_a_pulled_cable_cuts_open_lines_and_lets_none_be_opened(board: Switchboard) -> None:
    """Central is gone; counter and room still reach each other."""
    with _call(board, "counter", "central") as line:
        assert line.recv(100) == b"hello"
        board.pull("central")
        assert _is_dead(line)
    with _call(board, "room", "central") as line:
        assert _is_dead(line)
    with _call(board, "counter", "room") as line:
        assert line.recv(100) == b"hello"


def test_a_cable_plugged_in_again_works_and_the_outage_is_on_record(board: Switchboard) -> None:
    """With its beginning and its end."""
    board.pull("counter")
    board.pull("counter")
    assert board.plugged(["counter", "room"]) == {"counter": False, "room": True}
    board.plug("counter")
    with _call(board, "counter", "central") as line:
        assert line.recv(100) == b"hello"
    (outage,) = board.outages()
    assert outage.node == "counter"
    assert outage.until is not None
    assert outage.since <= outage.until
