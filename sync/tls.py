"""TLS between machines: what is trusted is a key that is known beforehand, and no date.

A server speaks TLS to whoever comes over a line, and plain HTTP to its own machine: the address at which a
connection arrives decides, so that one port serves both. A client is told which certificate is the right one by
its caller (`Trusts`): neither the names in it nor its dates are looked at, for a clock that is wrong must not part
two nodes. Browsers look at both.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from cheroot.errors import FatalSSLAlert
from cheroot.ssl import Adapter

Trusts = Callable[[bytes], bool]
"""Whether a server with this certificate (DER) is the one that is meant."""
_NAMES: Final = frozenset({"localhost", "localhost."})


class NotTrusted(ssl.SSLError):
    """The other side has proved to have a key, and it is not the one that it should have."""

    def __init__(self) -> None:
        super().__init__("another machine answers at this address: its key is not the one on the card")

    def __str__(self) -> str:
        return str(self.args[0])


def is_loopback(host: str) -> bool:
    """Whether an address, or the host of a URL, is this machine itself and no line leads there."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host.lower() in _NAMES
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def pinned(line: socket.socket, trusts: Trusts, *, host: str | None = None) -> ssl.SSLSocket:
    """The line with TLS on it, after the other side has proved its key. Raises `ssl.SSLError`, and closes it."""
    try:
        line.getpeername()  # Python would lose the socket of a line that is cut already
        secure = _CLIENT.wrap_socket(line, server_hostname=host)
    except OSError:
        line.close()
        raise
    certificate = secure.getpeercert(binary_form=True)
    if certificate is None or not trusts(certificate):
        secure.close()
        raise NotTrusted
    return secure


def _client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # `pinned` looks at the key, and at nothing else
    return context


_CLIENT: Final = _client()


class ServerTls(Adapter):
    """What a server has for the connections that come over a line. The handshake is made by the first reading.

    `chain`: PEM, the server's certificate first. `key`: PEM, closed with the password if there is one.
    """

    def __init__(self, chain: Path, key: Path, password: bytes | None = None) -> None:
        super().__init__(str(chain), str(key))
        self._chain, self._key, self._password = chain, key, password or b""
        self.context: ssl.SSLContext = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.read()

    def read(self) -> None:
        """Take the files as they are now, for the connections to come. Raises `OSError` (`ssl.SSLError`)."""
        self.context.load_cert_chain(self._chain, self._key, self._password)

    def bind(self, sock: socket.socket) -> socket.socket:
        """The same socket: the handshake comes with each connection."""
        return sock

    def wrap(self, sock: socket.socket) -> tuple[socket.socket, dict[str, Any]]:
        """Raises cheroot's `FatalSSLAlert` for who has gone already, and closes the socket."""
        if is_loopback(str(sock.getsockname()[0])):
            return sock, {}
        try:
            sock.getpeername()  # Python would lose the socket of one who went away before it was accepted
            return self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), {}
        except OSError as why:
            sock.close()
            raise FatalSSLAlert(*why.args) from why

    def get_environ(self) -> dict[str, Any]:
        """Empty: nothing of the handshake is told to the application."""
        return {}

    def makefile(self, sock: socket.socket, mode: str = "r", bufsize: int = -1) -> object:
        """Raises `NotImplementedError`, always."""
        raise NotImplementedError("our connections make their own files")
