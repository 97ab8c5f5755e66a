"""One request to another machine outside the replication, over a line whose other end proves who it is by its key."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from sync.tls import is_loopback, pinned


@contextlib.contextmanager
def line_to(
    url: str, trusts: Callable[[bytes], bool], patience_s: float
) -> Iterator[tuple[http.client.HTTPConnection, str]]:
    """A connection to a machine's address, and the path of that. `trusts` is shown its certificate. Raises `OSError`."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as why:
        raise OSError(f"{url} is no address: {why}") from why
    if parts.scheme != "https" and not is_loopback(host):
        raise OSError(f"{url} is open to everybody on the line")
    connection = http.client.HTTPConnection(host, port, timeout=patience_s)
    with contextlib.closing(connection):
        line = socket.create_connection((host, port), timeout=patience_s)
        connection.sock = pinned(line, trusts, host=host) if parts.scheme == "https" else line
        yield connection, parts.path.rstrip("/")
