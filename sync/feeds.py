"""Live answers: what goes on when everything has been said, on one thread for all of them.

A `Feed` is written as one generator of steps: bytes to send, or what it waits for. Any WSGI server can
iterate over it and wait in its own thread. `sync.web_server` instead lends the connection to `Feeds`, where
one thread watches all sockets and a feed that waits costs its generator and a buffer.

What reads the database is never done in that thread. A feed asks for it by a key (`Make`), and feeds that
ask for the same while it is being made get the same: 256 of them at the head cost one query for each commit.
Two more threads make: one what is small and at the head, one what is large or far behind, so that a catch-up
over everything delays other catch-ups, and no feed at the head.

A reader that takes nothing for `STUCK_S` is cut off; until then no more than `ENOUGH` and one step is kept
for it. One that closes is noticed at once, one that vanishes when nobody acknowledges for as long (TCP).
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import ssl
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

ENOUGH: Final = 256 * 1024
"""Bytes unsent at which a feed is not asked for more."""
STUCK_S: Final = 30.0
END_S: Final = 1.0
"""How long feeds have to take their leave when the server stops."""

_AHEAD: Final = 64 * 1024  # what a client may send of its next request while it still reads this answer
_SMALL: Final = 64 * 1024  # pieces below are joined, to be one packet
_RECEIVE: Final = 16 * 1024
_LAST_CHUNK: Final = b"0\r\n\r\n"
_NOT_NOW: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

_log = logging.getLogger(__name__)


class Until(NamedTuple):
    """Wait for a change after `since`, or the moment `due` (`time.monotonic`), or the end.

    Answered with whether there is such a change.
    """

    since: int
    due: float


class Make(NamedTuple):
    """Have something read from the database; answered with what `make` returns.

    What has the same key is interchangeable. `slow`: it may take more than some milliseconds.
    """

    key: Hashable
    make: Callable[[], object]
    slow: bool


Step: TypeAlias = bytes | Until | Make
Steps: TypeAlias = Generator[Step, Any, None]


class Tidings(Protocol):
    """What feeds listen to: a store, or whoever knows that something has changed elsewhere."""

    @property
    def published(self) -> int:
        """The last change that feeds were told of; it only grows."""

    @property
    def closed(self) -> bool:
        """Whether all feeds are to come to their end."""

    def wait(self, since: int, timeout_s: float) -> bool:
        """Wait until something after `since` is published: True; or for `timeout_s`, or the end: False."""

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, from any thread. Returns what ends it."""


class Feed(ABC):
    """One live answer about one store. To be gone through once."""

    def __init__(self, store: Tidings) -> None:
        self.store = store
        self._told_to_end = False

    @abstractmethod
    def steps(self) -> Steps:
        """The answer; it must look at `ending` after every wait, and then come to an end."""

    @property
    def ending(self) -> bool:
        """Whether it must come to its end: it was told to, or the store is closed."""
        return self._told_to_end or self.store.closed

    def end(self) -> None:
        """Only tells it, from any thread: the answer ends at its next step."""
        self._told_to_end = True

    def __iter__(self) -> Iterator[bytes]:
        """The same in one thread, for servers that know no feeds."""
        steps = self.steps()
        answer: object = None
        while True:
            try:
                step = steps.send(answer)
            except StopIteration:
                return
            answer = None
            match step:
                case Until():
                    answer = self.store.wait(step.since, max(0.0, step.due - time.monotonic()))
                case Make():
                    answer = step.make()
                case _:
                    yield step


class Line(Protocol):
    """A connection that is lent for one answer."""

    socket: socket.socket

    def push_back(self, received: bytes) -> None:
        """What the client sent ahead: the beginning of its next request."""

    def give_back(self) -> None:
        """The answer is complete, and the client may ask again."""

    def cut(self) -> None:
        """Close it."""


class Feeds:
    """All live feeds of a server. `take` and `stop` may be called from any thread, the rest is the loop's."""

    def __init__(self, *, stuck_s: float = STUCK_S) -> None:
        self._stuck_s = stuck_s
        self._live: set[_Live] = set()
        self._wanted: dict[Hashable, list[_Live]] = {}
        self._stores: dict[Tidings, Callable[[], None]] = {}
        self._stop_at: float | None = None
        self._over = False
        self._inbox: deque[Callable[[], None]] = deque()
        self._selector = selectors.DefaultSelector()
        self._woken, self._bell = socket.socketpair()
        self._woken.setblocking(False)
        self._bell.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._at_head = ThreadPoolExecutor(1, thread_name_prefix="feeds-head")
        self._behind = ThreadPoolExecutor(1, thread_name_prefix="feeds-behind")
        self._thread = threading.Thread(target=self._run, name="feeds", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return len(self._live)

    def take(self, line: Line, feed: Feed, *, chunked: bool, keep: bool) -> None:
        """Send the feed on a connection that has its headers already.

        `chunked`: by HTTP/1.1's transfer coding. `keep`: give the connection back afterwards.
        """
        if self._over:
            line.cut()
            return
        self._post(lambda: self._admit(_Live(line, feed, chunked=chunked, keep=keep)))

    def stop(self) -> None:
        """End all feeds as they would end by themselves, cut off those that take longer than `END_S`."""
        self._post(self._begin_to_stop)
        self._thread.join()
        self._over = True
        self._at_head.shutdown()
        self._behind.shutdown()
        self._take_from_inbox()
        self._selector.close()
        self._woken.close()
        self._bell.close()

    def end_all(self) -> None:
        """End the feeds of now, as they would end by themselves: whoever may still listen asks again."""
        self._post(self._end_all)

    def _post(self, action: Callable[[], None]) -> None:
        """Have the loop do something next."""
        self._inbox.append(action)
        with contextlib.suppress(BlockingIOError, OSError):  # it is ringing already, or nobody is in
            self._bell.send(b"\0")

    # ---- the loop

    def _run(self) -> None:
        while self._stop_at is None or self._live:
            for key, mask in self._selector.select(self._rest_s()):
                if key.data is None:
                    self._woken.recv(_RECEIVE)
                    continue
                if mask & selectors.EVENT_READ and key.data in self._live:
                    self._listen(key.data)
                if mask & selectors.EVENT_WRITE and key.data in self._live:
                    self._go(key.data)
            self._take_from_inbox()
            self._look_at_the_clock()

    def _take_from_inbox(self) -> None:
        while self._inbox:
            self._inbox.popleft()()

    def _rest_s(self) -> float | None:
        """How long nothing is due."""
        moments = [moment for live in self._live if (moment := live.due(self._stuck_s)) is not None]
        if self._stop_at is not None:
            moments.append(self._stop_at)
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _look_at_the_clock(self) -> None:
        now = time.monotonic()
        late = self._stop_at is not None and self._stop_at <= now
        for live in list(self._live):
            if late or (live.unsent and live.stuck_since + self._stuck_s <= now):
                self._drop(live)
            elif live.until is not None and live.until.due <= now:
                self._go(live, False)

    def _admit(self, live: _Live) -> None:
        if self._over:
            live.line.cut()
            return
        if self._stop_at is not None:
            live.feed.end()  # its headers are out already, so it gets a proper end too
        store = live.feed.store
        if store not in self._stores:
            self._stores[store] = store.on_change(lambda: self._post(lambda: self._changed(store)))
        self._live.add(live)
        self._selector.register(live.line.socket, live.interest, live)
        try:
            _watch_the_other_side(live.line.socket, self._stuck_s)
            live.line.socket.setblocking(False)
        except OSError:  # lost already
            self._drop(live)
        else:
            self._go(live)

    def _changed(self, store: Tidings) -> None:
        for live in list(self._live):
            if live.feed.store is store and live.until is not None:
                if store.published > live.until.since:
                    self._go(live, True)
                elif live.feed.ending:
                    self._go(live, False)

    def _begin_to_stop(self) -> None:
        self._stop_at = time.monotonic() + END_S
        self._end_all()

    def _end_all(self) -> None:
        for live in list(self._live):
            live.feed.end()
            if live.until is not None:
                self._go(live, False)

    # ---- one feed

    def _go(self, live: _Live, answer: object = None) -> None:
        """Go on with a feed; what it does wrong is the end of it, and not of the thread for all."""
        try:
            self._advance(live, answer)
        except Exception:  # noqa: BLE001  # see above
            _log.exception("a feed broke")
            if live in self._live:
                self._drop(live)

    def _advance(self, live: _Live, answer: object) -> None:
        """Until the feed waits for something: a change, a page, its reader."""
        if live.until is not None and answer is not None:
            live.until, live.runs = None, True
        while True:
            while live.runs and live.unsent < ENOUGH:
                answer = self._step(live, answer)
            if not self._send(live):
                return
            if live.unsent or not live.runs:
                break
        if live.ended and not live.unsent:
            self._forget(live)
            if live.keep:
                live.line.give_back()
            else:
                live.line.cut()
        else:
            self._attend(live)

    def _step(self, live: _Live, answer: object) -> bool | None:
        """One step; what the next one is to be answered with."""
        try:
            step = live.steps.send(answer)
        except StopIteration:
            live.runs, live.ended = False, True
            if live.chunked:
                live.put(_LAST_CHUNK)
            return None
        match step:
            case Until():
                if live.feed.store.published > step.since:
                    return True
                if live.feed.ending:
                    return False
                live.until, live.runs = step, False
            case Make():
                live.runs = False
                self._want(live, step)
            case _:
                live.send_later(step)
        return None

    def _want(self, live: _Live, step: Make) -> None:
        others = self._wanted.get(step.key)
        if others is not None:
            others.append(live)
            return
        self._wanted[step.key] = [live]
        making = (self._behind if step.slow else self._at_head).submit(step.make)
        making.add_done_callback(lambda made: self._post(lambda: self._made(step.key, made)))

    def _made(self, key: Hashable, made: Future[object]) -> None:
        failure = made.exception()
        if failure is not None:
            _log.error("a feed could not be read", exc_info=failure)
        for live in self._wanted.pop(key):
            if live not in self._live:
                continue
            if failure is not None:
                self._drop(live)
            else:
                live.runs = True
                self._go(live, made.result())

    def _send(self, live: _Live) -> bool:
        """Send what can be sent now; False if the connection is lost."""
        try:
            live.send()
        except OSError:
            self._drop(live)
            return False
        return True

    def _listen(self, live: _Live) -> None:
        """The client closed, or begins with its next request; that is kept for later."""
        try:
            received = live.line.socket.recv(_RECEIVE)
        except _NOT_NOW:
            return
        except OSError:
            received = b""
        if not received:
            self._drop(live)
            return
        live.line.push_back(received)
        live.ahead += len(received)
        self._attend(live)

    def _attend(self, live: _Live) -> None:
        """Ask the selector for what this connection can do for us next."""
        interest = selectors.EVENT_READ if live.ahead < _AHEAD else 0
        if live.unsent:
            interest |= selectors.EVENT_WRITE
        if interest == live.interest:
            return
        if not live.interest:
            self._selector.register(live.line.socket, interest, live)
        elif not interest:
            self._selector.unregister(live.line.socket)
        else:
            self._selector.modify(live.line.socket, interest, live)
        live.interest = interest

    def _drop(self, live: _Live) -> None:
        self._forget(live)
        live.line.cut()

    def _forget(self, live: _Live) -> None:
        self._live.discard(live)
        live.steps.close()
        if live.interest:
            self._selector.unregister(live.line.socket)
            live.interest = 0
        store = live.feed.store
        if not any(other.feed.store is store for other in self._live):
            self._stores.pop(store)()


class _Live:
    """One feed under way on its connection."""

    def __init__(self, line: Line, feed: Feed, *, chunked: bool, keep: bool) -> None:
        self.line = line
        self.feed = feed
        self.steps = feed.steps()
        self.chunked = chunked
        self.keep = keep
        self.runs = True  # neither waits nor has ended
        self.ended = False
        self.until: Until | None = None
        self.unsent = 0
        self.stuck_since = 0.0
        self.ahead = 0
        self.interest: int = selectors.EVENT_READ
        self._out: deque[memoryview] = deque()

    def send_later(self, part: bytes) -> None:
        if not self.chunked:
            self.put(part)
        elif len(part) < _SMALL:
            self.put(b"%x\r\n%b\r\n" % (len(part), part))
        else:  # not copied: others may have the same one in their buffers
            self.put(b"%x\r\n" % len(part))
            self.put(part)
            self.put(b"\r\n")

    def put(self, part: bytes) -> None:
        if not self.unsent:
            self.stuck_since = time.monotonic()
        self._out.append(memoryview(part))
        self.unsent += len(part)

    def send(self) -> None:
        """As much as the other side takes without waiting. Raises `OSError`."""
        if len(self._out) > 1 and self.unsent < _SMALL:
            self._out = deque([memoryview(b"".join(self._out))])
        while self._out:
            try:
                sent = self.line.socket.send(self._out[0])
            except _NOT_NOW:
                return
            self.stuck_since = time.monotonic()
            self.unsent -= sent
            rest = self._out[0][sent:]
            if rest:
                self._out[0] = rest
            else:
                self._out.popleft()

    def due(self, stuck_s: float) -> float | None:
        moments = [self.until.due] if self.until is not None else []
        if self.unsent:
            moments.append(self.stuck_since + stuck_s)
        return min(moments, default=None)


def _watch_the_other_side(line: socket.socket, silent_s: float) -> None:
    """Have the kernel give up a peer that acknowledges nothing any more, instead of trying for 15 minutes."""
    if line.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_USER_TIMEOUT"):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(silent_s * 1000))
