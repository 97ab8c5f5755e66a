"""Where a request and its body begin and end, strictly: what `sync.web_server` reads.

cheroot takes several forms that others read differently (two lengths, a length beside chunks, sizes like `-5` or
`0x5`, folded lines). Whoever can make a proxy and us disagree about where a request ends can hide one in
another's; so here everything that RFC 9112 does not allow is a 400, and the connection ends. It also reads a
whole chunk, and a whole body that nobody asked for, into memory; here memory does not grow with what a client
announces.
"""

from __future__ import annotations

import errno
import io
import re
import ssl
from typing import Any, Final, Protocol

from cheroot.server import HeaderReader, HTTPRequest

MAX_UNREAD_BYTES: Final = 64 * 1024 * 1024
"""How much of a body that nobody wanted is read away, so that the connection can be kept and the client reads
its answer instead of a reset."""
_MAX_LINE: Final = 4 * 1024
_MAX_TRAILERS: Final = 16 * 1024
_PIECE: Final = 64 * 1024

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_HOST: Final = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]+\]|(?=.{0,253}(?::|$))(?:[0-9A-Za-z_-]{1,63}(?:\.|(?=:|$)))*)(?::[0-9]{0,5})?"
)
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_ONCE: Final = frozenset((b"Content-Length", b"Transfer-Encoding", b"Host"))


class Readable(Protocol):
    """What a request is read from; both answer b"" at the end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes. Blocks."""
        ...

    def readline(self, size: int, /) -> bytes:
        """Up to a line feed, and at most `size` bytes. Blocks."""
        ...


class Request(HTTPRequest):
    """cheroot's, with its own reading of headers and bodies."""

    def __init__(self, server: Any, conn: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(server, conn, *arguments, **named)
        self.scheme = b"https" if isinstance(conn.socket, ssl.SSLSocket) else b"http"

    def read_request_line(self) -> bool:
        """Whether to go on; cheroot's, and a 400 for a target that is no URI."""
        try:
            return bool(super().read_request_line())  # type: ignore[no-untyped-call]
        except ValueError:  # of urlsplit
            self.simple_response("400 Bad Request", "Malformed Request-URI")
            return False

    def read_request_headers(self) -> bool:
        """Whether to go on; cheroot's, and a 400 for framing that two readers could take differently."""
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        refused = self._refused()
        if refused is not None:
            self.simple_response("400 Bad Request", refused)
        return refused is None

    def _refused(self) -> str | None:
        length, coding = (self.inheaders.get(name) for name in (b"Content-Length", b"Transfer-Encoding"))
        if length is not None and not _LENGTH.fullmatch(length):
            return "Malformed Content-Length Header."
        if coding is not None and (length is not None or not self.chunked_read or b"," in coding):
            return "Malformed Transfer-Encoding Header."
        if not _HOST.fullmatch(self.inheaders.get(b"Host", b"")):
            return "Malformed Host Header."
        return None

    def respond(self) -> None:
        """Have the application answer, once; its body ends where the framing says. Raises `ConnectionResetError`, of which cheroot
        says nothing in the log, for who leaves meanwhile."""
        try:
            self._respond()
        except ssl.SSLError as why:  # gone without TLS's farewell: a browser that was closed, a health check
            raise ConnectionResetError(errno.ECONNRESET, str(why)) from why

    def _respond(self) -> None:
        source = self.conn.rfile
        length = int(self.inheaders.get(b"Content-Length", 0))
        self.rfile: Body = Chunked(source) if self.chunked_read else Measured(source, length)
        self.server.gateway(self).respond()
        if self.ready:
            self.ensure_headers_sent()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")

    def send_headers(self) -> None:
        """Before the answer, what is left of the body: or the next request would begin inside it."""
        if not self.close_connection and not self.rfile.skip(MAX_UNREAD_BYTES):
            self.close_connection = True
        super().send_headers()


class _Headers(HeaderReader):
    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        """Names are tokens directly before the colon, values have no control characters, no line is folded.
        Raises `ValueError`."""
        headers = {} if hdict is None else hdict
        while (line := rfile.readline()) != b"\r\n":
            if not line.endswith(b"\r\n"):
                raise ValueError("HTTP requires CRLF terminators" if line else "Illegal end of headers.")
            name, colon, value = line[:-2].partition(b":")
            if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError("Illegal header line.")
            name, value = name.title(), value.strip(b" \t")
            if name in headers:
                if name in _ONCE:
                    raise ValueError(f"More than one {name.decode()} Header.")
                value = headers[name] + (b"; " if name == b"Cookie" else b", ") + value
            headers[name] = value
        return headers


Request.header_reader = _Headers()


class Body(io.RawIOBase):
    """`wsgi.input`. Reading raises `ValueError` where the framing is broken."""

    ended = False

    def readable(self) -> bool:
        """Always: a body is there to be read."""
        return True

    def skip(self, limit: int) -> bool:
        """Read away what is left; whether that was possible within `limit` bytes."""
        skipped = 0
        try:
            while skipped <= limit and (part := self.read(_PIECE)):
                skipped += len(part)
        except (ValueError, OSError):
            return False
        return self.ended


class Measured(Body):
    """A body whose length was announced. It ends early where the client does."""

    def __init__(self, source: Readable, length: int) -> None:
        super().__init__()
        self._source, self._left = source, length
        self.ended = length == 0

    def readinto(self, buffer: Any) -> int:
        """Bytes read; 0 at the end, and where the client ended early."""
        part = self._source.read(min(len(buffer), self._left)) if self._left else b""
        buffer[: len(part)] = part
        self._left -= len(part)
        self.ended = self._left == 0
        return len(part)


class Chunked(Body):
    """A chunked body: sizes strictly hexadecimal, extensions and trailers read and forgotten."""

    def __init__(self, source: Readable) -> None:
        super().__init__()
        self._source = source
        self._left = 0
        self._broken = False

    def readinto(self, buffer: Any) -> int:
        """Bytes read; 0 at the end. Raises `ValueError` where the framing is broken, and ever after."""
        if self.ended:
            return 0
        if self._broken:
            raise ValueError("Bad chunked transfer coding")
        self._broken = True  # unless this ends well
        if self._left == 0 and not self._next_chunk():
            self.ended = True
            return 0
        part = self._source.read(min(len(buffer), self._left))
        if not part:
            raise ValueError("Bad chunked transfer coding: cut off")
        buffer[: len(part)] = part
        self._left -= len(part)
        if self._left == 0 and self._source.read(2) != b"\r\n":
            raise ValueError("Bad chunked transfer coding: no end of line after a chunk")
        self._broken = False
        return len(part)

    def _next_chunk(self) -> bool:
        """False after the last one."""
        match = _CHUNK.fullmatch(self._source.readline(_MAX_LINE))
        if match is None:
            raise ValueError("Bad chunked transfer size")
        self._left = int(match[1], 16)
        if self._left == 0:
            self._skip_trailers()
        return self._left > 0

    def _skip_trailers(self) -> None:
        left = _MAX_TRAILERS
        while (line := self._source.readline(_MAX_LINE)) != b"\r\n":
            left -= len(line)
            if not line.endswith(b"\r\n") or left < 0:
                raise ValueError("Bad chunked transfer coding: malformed trailers")
