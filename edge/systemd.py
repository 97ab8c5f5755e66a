"""What a node says to systemd, where that has started it: that it is ready, that it ends (sd_notify(3))."""

from __future__ import annotations

import contextlib
import socket
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"


def tell(state: str, address: str | None) -> None:
    """Say something at the socket that systemd named; nothing where it named none, or does not listen any more."""
    if not address:
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line,
    ):
        line.connect("\0" + address[1:] if address.startswith("@") else address)
        line.send(state.encode())
