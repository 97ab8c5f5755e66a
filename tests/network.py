"""A network of its own for each test: machines, and between each two of them a line with its own weather.

Where root and the kernel allow, each machine is a network namespace with a tun device, and every packet between two
of them passes through here: it can be late, be lost, wait for its turn on a slow line, or vanish in one direction
only, and TCP on both sides does what it does in a building. Elsewhere each line is a TCP proxy. A proxy cannot lose
packets, only let them come late as after a repetition, and it acknowledges what the other side has not got yet.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import heapq
import os
import selectors
import socket
import struct
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Final, TypeVar

PORT: Final = 8600
QUEUE_BYTES: Final = 256 * 1024
"""What a router keeps for a slow line before it drops: two seconds at 1 Mbit/s, as cheap ones do."""
REPEATED_S: Final = 0.25
_NET: Final = "10.77.0."
_CLONE_NEWNET: Final = 0x40000000
_TUNSETIFF, _TUN_NO_INFO = 0x400454CA, 0x1001
_numbers = count(os.getpid() % 10_000 * 100)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Weather:
    """Of one direction. `loss` is a share of the packets; `bytes_s` None: as fast as it goes."""

    delay_s: float = 0.0
    loss: float = 0.0
    bytes_s: float | None = None
    is_open: bool = True


FINE: Final = Weather()


@dataclass(slots=True)
class Wire:
    """One direction of one line. `free_at`: when what waits for its turn has gone out."""

    weather: Weather = FINE
    free_at: float = 0.0
    chance: Random = field(default_factory=lambda: Random(1))
    passed: int = 0
    longest_queue_s: float = 0.0

    def carry(self, size: int, now: float) -> float | None:
        """When so many bytes arrive at the other end; None: never."""
        weather = self.weather
        if not weather.is_open or (weather.loss and self.chance.random() < weather.loss):
            return None
        if weather.bytes_s is None:
            self.free_at = now
        else:
            waits_s = max(0.0, self.free_at - now)
            if waits_s * weather.bytes_s > QUEUE_BYTES:
                return None
            self.longest_queue_s = max(self.longest_queue_s, waits_s)
            self.free_at = now + waits_s + size / weather.bytes_s
        self.passed += size
        return self.free_at + weather.delay_s


class Network(ABC):
    """`names`: of the machines. Lines are fine until somebody says otherwise."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.wires = {(a, b): Wire() for a in names for b in names if a != b}

    def weather(self, weather: Weather, *, source: str | None = None, target: str | None = None) -> None:
        """From now on, on all wires from `source` and to `target`, by default from and to everybody."""
        for (a, b), wire in self.wires.items():
            if source in (None, a) and target in (None, b):
                wire.weather = weather

    def around(self, name: str, weather: Weather) -> None:
        """On a machine's own line, both ways."""
        self.weather(weather, source=name)
        self.weather(weather, target=name)

    def split(self, *sides: Sequence[str]) -> None:
        """Only machines of one side reach each other."""
        for (a, b), wire in self.wires.items():
            together = any(a in side and b in side for side in sides)
            wire.weather = FINE if together else Weather(is_open=False)

    def mend(self) -> None:
        self.weather(FINE)

    @abstractmethod
    def listens(self, name: str) -> tuple[str, int]:
        """Host and port at which the machine's server is to listen."""

    @abstractmethod
    def url(self, source: str, target: str) -> str:
        """Where one machine finds the other one's server."""

    @abstractmethod
    def page_url(self, name: str) -> str:
        """Where somebody who sits at a machine finds its pages."""

    @abstractmethod
    def command(self, name: str, command: Sequence[str]) -> list[str]:
        """As it is said at that machine."""

    @abstractmethod
    def at(self, name: str, act: Callable[[], _T]) -> _T:
        """Do something as somebody who sits at a machine: its connections begin there."""

    @abstractmethod
    def close(self) -> None:
        """End it, and leave nothing behind."""


# ---- namespaces


class Namespaces(Network):
    """Raises `OSError` or `CalledProcessError` where it may not be."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self._closing = contextlib.ExitStack()
        self._number = {name: number for number, name in enumerate(names, 1)}
        self._space = {name: f"mt{next(_numbers)}" for name in names}
        self._tun: dict[str, int] = {}
        self._hands: dict[str, ThreadPoolExecutor] = {}
        self._wake, self._bell = os.pipe()
        self._over = False
        try:
            for name in names:
                self._make(name)
        except BaseException:
            self._closing.close()
            raise
        self._thread = threading.Thread(target=self._run, name="network", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over = True
        os.write(self._bell, b"\0")
        self._thread.join()
        self._closing.close()

    def listens(self, name: str) -> tuple[str, int]:
        return "0.0.0.0", PORT  # of a network of its own

    def url(self, source: str, target: str) -> str:
        return f"https://{self.address(target)}:{PORT}"

    def page_url(self, name: str) -> str:
        return f"http://127.0.0.1:{PORT}"

    def address(self, name: str) -> str:
        return f"{_NET}{self._number[name]}"

    def command(self, name: str, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self._space[name], *command]

    def at(self, name: str, act: Callable[[], _T]) -> _T:
        """A socket belongs to the namespace of the thread that makes it."""
        hand = self._hands.get(name)
        if hand is None:
            hand = ThreadPoolExecutor(1, initializer=_enter, initargs=(self._space[name],))
            self._hands[name] = hand
            self._closing.callback(hand.shutdown)
        return hand.submit(act).result()

    def _make(self, name: str) -> None:
        space = self._space[name]
        _ip("netns", "add", space)
        self._closing.callback(_ip, "netns", "del", space)
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        self._closing.callback(os.close, tun)
        fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", space.encode(), _TUN_NO_INFO))
        _ip("link", "set", space, "netns", space)
        for command in (
            ("addr", "add", f"{self.address(name)}/24", "dev", space),
            ("link", "set", space, "up", "multicast", "on"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", space, *command)
        # as most machines have it, and unlike BBR: it fills whatever queue there is
        control = "/proc/sys/net/ipv4/tcp_congestion_control"
        _ip("netns", "exec", space, "sh", "-c", f"echo cubic > {control} || echo reno > {control}")
        self._tun[name] = tun

    def _run(self) -> None:
        by_address = {socket.inet_aton(self.address(name)): name for name in self.names}
        under_way: list[tuple[float, int, int, bytes]] = []
        order = count()
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake, selectors.EVENT_READ, None)
            for name, tun in self._tun.items():
                selector.register(tun, selectors.EVENT_READ, name)
            while not self._over:
                rest = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
                for key, _ in selector.select(rest):
                    if key.data is None:
                        continue
                    for packet in _read(key.fd):
                        now = time.monotonic()
                        for target in self._targets(key.data, packet, by_address):
                            due = self.wires[key.data, target].carry(len(packet), now)
                            if due is not None:
                                heapq.heappush(under_way, (due, next(order), self._tun[target], packet))
                while under_way and under_way[0][0] <= time.monotonic():
                    _, _, tun, packet = heapq.heappop(under_way)
                    with contextlib.suppress(OSError):  # its queue is full: lost
                        os.write(tun, packet)
        for end in (self._wake, self._bell):
            os.close(end)

    def _targets(self, source: str, packet: bytes, by_address: dict[bytes, str]) -> list[str]:
        if packet[0] >> 4 != 4:
            return []
        if packet[16] >> 4 == 14:  # multicast
            return [name for name in self.names if name != source]
        target = by_address.get(packet[16:20])
        return [target] if target is not None and target != source else []


def _read(tun: int) -> Iterator[bytes]:
    for _ in range(64):
        try:
            yield os.read(tun, 65536)
        except BlockingIOError:
            return


def _ip(*command: str) -> None:
    subprocess.run(["ip", *command], check=True, capture_output=True)


def _enter(space: str) -> None:
    """This thread goes to another network."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{space}", "rb") as handle:  # noqa: PTH123
        if libc.setns(handle.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


# ---- proxies


class Proxies(Network):
    """Each line a TCP proxy on loopback, with threads that let pieces wait as long as packets would."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self._ports = {name: _free_port() for name in names}
        self._lock = threading.Lock()
        self._open: dict[socket.socket, tuple[str, str]] = {}
        self._listeners: dict[tuple[str, str], socket.socket] = {}
        for line in self.wires:
            listener = self._listeners[line] = socket.create_server(("127.0.0.1", 0))
            threading.Thread(target=self._accept, args=(line, listener), daemon=True).start()

    def close(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        with self._lock:
            lines = list(self._open)
        for line in lines:
            _shut(line)

    def listens(self, name: str) -> tuple[str, int]:
        return "127.0.0.1", self._ports[name]

    def url(self, source: str, target: str) -> str:
        return f"http://127.0.0.1:{self._listeners[source, target].getsockname()[1]}"

    def page_url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    def command(self, name: str, command: Sequence[str]) -> list[str]:
        return list(command)

    def at(self, name: str, act: Callable[[], _T]) -> _T:
        return act()

    def _accept(self, line: tuple[str, str], listener: socket.socket) -> None:
        source, target = line
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                if not self.wires[line].weather.is_open:
                    raise ConnectionRefusedError
                far = socket.create_connection(("127.0.0.1", self._ports[target]))
            except OSError:
                near.close()
                continue
            with self._lock:
                self._open[near] = self._open[far] = line
            for one, other, way in ((near, far, line), (far, near, (target, source))):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass, args=(one, other, self.wires[way]), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, wire: Wire) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(1400):
                due = wire.carry(len(part), time.monotonic())
                while due is None:  # what TCP does about a lost packet, and about a line that says nothing
                    time.sleep(REPEATED_S)
                    due = wire.carry(len(part), time.monotonic())
                time.sleep(max(0.0, due - time.monotonic()))
                target.sendall(part)
        _shut(target)
        source.close()
        with self._lock:
            self._open.pop(source, None)


def _shut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def network(names: Sequence[str]) -> Iterator[Network]:
    """Of namespaces where that may be, of proxies elsewhere."""
    one: Network
    try:
        one = Namespaces(names)
    except (OSError, subprocess.CalledProcessError):
        one = Proxies(names)
    try:
        yield one
    finally:
        one.close()
