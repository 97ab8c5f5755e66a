"""Our web server: cheroot, with live feeds on one thread, and limits against the slow and the endless.

A worker of cheroot's pool holds its connection until the answer is written. Two things must not hold one:

- *A live feed.* Where an application answers with a `Feed`, the worker writes status and headers and lends the
  connection to `Feeds`; afterwards it is kept alive like any other. Elsewhere a `Feed` is a plain iterable.
- *A client that has not said what it wants.* A connection waits among the idle ones until the head of its
  request is whole, so that a slow head costs a file and no thread; nor does a slow TLS handshake, which is made by
  the same reading.

What cheroot cannot do, and this does not change:

- A reader of an ordinary answer holds its worker while it reads, however slowly, as long as something is taken
  every `IDLE_S`. Large answers to slow readers therefore need threads; feeds do not.
- Refusals of what is no HTTP at all, or has too long a head (400, 413, 414), are plain text.
- The number of headers is limited only by their size.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import re
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from cheroot import wsgi
from cheroot.makefile import StreamWriter
from cheroot.server import HTTPConnection

from sync.feeds import STUCK_S, Feed, Feeds
from sync.framing import Request
from sync.structs import know_structs
from sync.tls import ServerTls

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

MAX_HEAD_BYTES: Final = 64 * 1024
"""Request line and headers. CouchDB's replicator keeps its URLs below 7,000 characters; `doc_ids` in a URL are
the longest that PouchDB sends; browsers' cookies are below 8 KB."""
IDLE_S: Final = 30
"""How long a connection may stay without a request, a head may take to come, and a worker waits for the next
bytes in either direction. CouchDB's replicator takes 30 s of silence for a failure too."""
BODY_GRACE_S: Final = 30.0
BODY_BYTES_PER_S: Final = 4 * 1024
"""A body may keep us waiting for `BODY_GRACE_S`, and one second more for each so many bytes: the slowest line
that sends an attachment of 10 MB within the hour passes, one byte now and then does not."""
MAX_FEEDS: Final = 800
MAX_CONNECTIONS: Final = 1600
"""As many machines as the feeds allow, three for each, ask every two seconds on a fourth whether we are there; a fifth stays for
`IDLE_S` when they have sent something."""
FILES: Final = 4096
"""Open files that the server asks the system for: all connections, and databases with their readers. The usual
1,024 are not enough for both, and a server that cannot accept for want of one runs hot."""
MALLOC_ARENAS: Final = 2
"""In so many places threads get memory and give it back. glibc would give each of our threads a place of its own, where
what one large batch needed lies until that very thread needs it again: three times the memory for the same work."""
BACKLOG: Final = 128
"""Connections that the kernel holds until we accept them: feeds of a whole site come back at once."""

_M_ARENA_MAX: Final = -8  # malloc.h
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_RECEIVE: Final = 16 * 1024
_NOT_NOW: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

_log = logging.getLogger(__name__)


class Server(wsgi.Server):
    """Serves a WSGI application. `prepare()` binds (`OSError`), `serve()` blocks, `stop()` ends all feeds first."""

    def __init__(
        self,
        address: tuple[str, int],
        app: WsgiApp,
        *,
        threads: int,
        stop_s: int = 3,
        stuck_s: float = STUCK_S,
        tls: ServerTls | None = None,
    ) -> None:
        super().__init__(
            address,
            app,
            numthreads=threads,
            request_queue_size=BACKLOG,
            timeout=IDLE_S,
            shutdown_timeout=stop_s,
        )
        self.ssl_adapter = tls
        self.gateway = _Gateway
        self.ConnectionClass = Connection
        self.max_request_header_size = MAX_HEAD_BYTES
        self.keep_alive_conn_limit = MAX_CONNECTIONS
        self.connections: set[Connection] = set()
        """All that are open, whoever holds them now."""
        self._stuck_s = stuck_s

    def prepare(self) -> None:
        """Bind and begin the threads and feeds. Raises `OSError`."""
        _share_freed_memory()  # before the threads are there
        know_structs()
        super().prepare()
        _ask_for_files()
        self.feeds = Feeds(stuck_s=self._stuck_s)

    def process_conn(self, conn: Connection) -> None:
        """Where cheroot gives any connection with something to read to a worker: only whole heads, please."""
        try:
            whole = conn.receive_head()
        except OSError:  # closed or lost
            conn.close()
            return
        if len(self.connections) > MAX_CONNECTIONS and not conn.used:
            conn.close()
        elif whole:
            conn.used = True
            super().process_conn(conn)
        else:
            self.put_conn(conn)

    def end_feeds(self) -> None:
        """Have everybody who listens ask again: somebody may no longer."""
        if self.ready:
            self.feeds.end_all()

    def put_conn(self, conn: Connection) -> None:
        """Where a connection waits for its next request, unless the server stops at this very moment."""
        try:
            super().put_conn(conn)
        except (KeyError, ValueError):  # nobody watches any more
            conn.cut()

    def stop(self) -> None:
        """Ends the feeds first, then the workers, then every connection."""
        if self.ready:
            self.feeds.stop()
        super().stop()
        for conn in list(
            self.connections
        ):  # on the way from one hand to another when all hands were dismissed
            conn.cut()

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Where cheroot would write to stderr: into the log."""
        _log.log(level, "%s", msg, exc_info=traceback)


@contextlib.contextmanager
def serving(server: Server) -> Iterator[tuple[str, int]]:
    """Serve in a thread until the block ends; the address that was really bound. Raises `OSError`."""
    server.prepare()
    thread = threading.Thread(target=server.serve, name="server", daemon=True)
    thread.start()
    try:
        host, port = server.bind_addr[:2]
        yield str(host), int(port)
    finally:
        server.stop()
        thread.join()


class Connection(HTTPConnection):
    """A connection that can be lent to the feeds, and does not go to a worker before it has a whole head."""

    RequestHandlerClass = Request
    used = False
    _lent: tuple[Feed, bool, bool] | None = None
    _seen = 0.0
    _head_has_begun = False
    _head_is_timed = False

    def __init__(self, server: Server, sock: socket.socket, makefile: object = None) -> None:
        super().__init__(server, sock, _make_file)
        server.connections.add(self)

    @property
    def last_used(self) -> float:
        """When the time began that cheroot lets pass before it closes the connection."""
        return self._seen

    @last_used.setter
    def last_used(self, moment: float) -> None:
        """A head that has begun must be whole within that time: more of it does not prolong it."""
        if not self._head_is_timed:
            self._seen = moment
            self._head_is_timed = self._head_has_begun

    def receive_head(self) -> bool:
        """Take what has come; whether a worker can begin: the head is whole, or too long. Raises `OSError`."""
        source: _Source = self.rfile.source
        self.socket.settimeout(0)
        try:
            while not self.rfile.has_data() and len(source.ahead) <= MAX_HEAD_BYTES:
                received = self.socket.recv(_RECEIVE)
                if not received:
                    raise ConnectionResetError("closed by the client")
                source.ahead += received
        except _NOT_NOW:
            self._head_has_begun = bool(source.ahead)
            return False
        except ssl.SSLError as why:
            if why.reason == "HTTP_REQUEST":
                self._send_to_https()
            raise
        finally:
            self.socket.settimeout(IDLE_S)
        self._head_has_begun = self._head_is_timed = False
        source.begin()
        return True

    def _send_to_https(self) -> None:
        """A browser said http://. What page it wanted is lost in the handshake: it gets the first one."""
        host, port = self.socket.getsockname()[:2]
        name = f"[{host}]" if ":" in host else host
        answer = f"HTTP/1.1 302 Found\r\nLocation: https://{name}:{port}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        socket.socket.send(self.socket, answer.encode())  # below the TLS

    def lend(self, feed: Feed, *, chunked: bool, keep: bool) -> None:
        """Give the connection to the feeds as soon as the worker is finished with it."""
        self._lent = feed, chunked, keep

    def close(self) -> None:
        """cheroot is finished with it. Lent, it lives on."""
        if self._lent is None:
            self.cut()
            return
        (feed, chunked, keep), self._lent = self._lent, None
        self.server.feeds.take(self, feed, chunked=chunked, keep=keep)

    # what `feeds.Line` asks for

    def push_back(self, received: bytes) -> None:
        """Bytes that were read too far: the next request begins with them."""
        self.rfile.source.ahead += received

    def give_back(self) -> None:
        """To whoever waits for the next request, with `IDLE_S` from now."""
        self.socket.settimeout(IDLE_S)
        self.server.put_conn(self)

    def cut(self) -> None:
        """Close it, lent or not; one that is lost already is let go."""
        self.server.connections.discard(self)
        with contextlib.suppress(OSError):  # of a connection that is lost
            super().close()


class _Gateway(wsgi.Gateway_10):
    """WSGI, but for answers that are live feeds."""

    def respond(self) -> None:
        answer = self.req.server.wsgi_app(self.env, self.start_response)
        try:
            if isinstance(answer, Feed):
                self._lend(answer)
                return
            for part in answer:
                if part:
                    self.write(part)
        finally:
            try:
                self.req.ensure_headers_sent()
            finally:
                if hasattr(answer, "close"):
                    answer.close()

    def _lend(self, feed: Feed) -> None:
        request = self.req
        if len(request.server.feeds) >= MAX_FEEDS:
            request.status = b"503 Service Unavailable"
            self.write(b'{"error":"unavailable","reason":"too many live feeds"}\n')
            return
        request.ensure_headers_sent()
        request.conn.lend(feed, chunked=request.chunked_write, keep=not request.close_connection)
        request.chunked_write = False  # or the worker would write the last chunk
        request.close_connection = True  # or it would wait for the next request


class _Source(socket.SocketIO):
    """A socket to read from: first what was received ahead of its turn, then within the time for bodies."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, "r")
        self.ahead = b""
        self.shut = False
        self._received = 0
        self._waited_s = 0.0

    def begin(self) -> None:
        """A request begins."""
        self._received, self._waited_s = 0, 0.0

    def readinto(self, buffer: Any) -> int | None:
        """Raises `TimeoutError` for a body that is too slow."""
        if self.shut:
            return None
        if self.ahead:
            part = self.ahead[: len(buffer)]
            buffer[: len(part)] = part
            self.ahead = self.ahead[len(part) :]
            return len(part)
        if self._waited_s > BODY_GRACE_S + self._received / BODY_BYTES_PER_S:
            raise TimeoutError("timed out")
        asked = time.monotonic()
        count = super().readinto(buffer)
        self._waited_s += time.monotonic() - asked
        self._received += count or 0
        return count


class _Reader(io.BufferedReader):
    """What cheroot reads requests from. In C, unlike cheroot's own."""

    bytes_read = 0  # cheroot's statistics, which nobody asks for

    def __init__(self, source: _Source, size: int) -> None:
        super().__init__(source, size)
        self.source = source

    def has_data(self) -> bool:
        """cheroot's question after a request: whether the next one can begin at once, its head being here."""
        self.source.shut = True
        early = self.peek()
        if early:
            self.source.ahead = self.read(len(early)) + self.source.ahead
        self.source.shut = False
        return _HEAD_END.search(self.source.ahead) is not None


def _share_freed_memory() -> None:
    """On glibc. What other systems do about it, they do by themselves."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, MALLOC_ARENAS)


def _ask_for_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _make_file(sock: socket.socket, mode: str = "r", size: int = _RECEIVE) -> object:
    return _Reader(_Source(sock), size) if "r" in mode else StreamWriter(sock, mode, size)
