"""The network of a demo: every line from one node to another goes through here, and can be cut.

A line is a TCP relay on loopback. To pull a node's cable is to close every line that it is an end of, and to
let none be opened, until it is plugged in again. Nodes notice what they would notice in a building.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from edge.clock import Clock

PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Outage:
    """A cable that was pulled; `until` is None while it is."""

    node: str
    since: datetime
    until: datetime | None = None


@dataclass(slots=True)
class _Line:
    source: str
    target: str
    address: tuple[str, int]
    port: int = 0


class Switchboard:
    """Relays between named nodes. `connect` before `start`; then `pull` and `plug` from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: dict[tuple[str, str], _Line] = {}
        self._pulled: dict[str, datetime] = {}
        self._outages: list[Outage] = []
        self._open: dict[asyncio.Task[None], _Line] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="switchboard", daemon=True)
        self._servers: list[asyncio.Server] = []

    def connect(self, source: str, target: str, address: tuple[str, int]) -> None:
        """A line from `source` to the server of `target`, which listens at `address`."""
        self._lines[source, target] = _Line(source, target, address)

    def start(self) -> None:
        """Returns when each line has its port, which `url` tells."""
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Closes all lines; what they carry is cut off."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    def url(self, source: str, target: str) -> str:
        """Where `source` finds `target`."""
        return f"http://127.0.0.1:{self._lines[source, target].port}"

    def pull(self, node: str) -> None:
        """Pull a node's cable; nothing happens if it is pulled."""
        if node not in self._pulled:
            self._pulled[node] = self._clock()
            asyncio.run_coroutine_threadsafe(self._cut(node), self._loop).result(timeout=5)

    def plug(self, node: str) -> None:
        """Plug a node's cable in again."""
        since = self._pulled.pop(node, None)
        if since is not None:
            self._outages.append(Outage(node, since, self._clock()))

    def plugged(self, nodes: Iterable[str]) -> dict[str, bool]:
        """By name; whoever has no lines here counts as plugged in."""
        return {node: node not in self._pulled for node in nodes}

    def outages(self) -> list[Outage]:
        """All that there were, and those that still last."""
        return [*self._outages, *(Outage(node, since) for node, since in self._pulled.items())]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._close())
        self._loop.close()

    async def _listen(self) -> None:
        for line in self._lines.values():
            server = await asyncio.start_server(partial(self._relay, line), "127.0.0.1", 0)
            line.port = server.sockets[0].getsockname()[1]
            self._servers.append(server)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut(self, node: str) -> None:
        for task, line in list(self._open.items()):
            if node in (line.source, line.target):
                task.cancel()

    async def _relay(self, line: _Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or line.source in self._pulled or line.target in self._pulled:
            writer.transport.abort()
            return
        self._open[task] = line
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await asyncio.open_connection(*line.address)
            await _both(_pump(reader, far), _pump(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass  # a line that is cut says nothing; its ends notice
        finally:
            del self._open[task]
            for end in (writer, far):
                if end is not None:
                    end.transport.abort()


async def _both(*pumps: Coroutine[object, None, None]) -> None:
    """Until either side ends: half a line is no line."""
    tasks = [asyncio.create_task(pump) for pump in pumps]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
