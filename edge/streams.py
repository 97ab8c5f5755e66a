"""Whole streams, asked of others one by one: what is outside the window and somebody wants, and what has gaps here.

An act whose parents are not here makes this machine ask for the rest of its stream: it may have come into the window
just now, or somebody passed on less than all. A dossier that is over for long is asked for by its number or the code on
its slip, stays for a week, and says who gave it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final, Protocol

from edge.clock import Clock
from edge.database import NodeFile
from edge.tables.departed import Departed
from edge.tables.exchange import Brought
from edge.window import MOST_EVENTS, STREAM
from schemas.events import timestamp
from sync.errors import SyncError, Unavailable
from sync.peer import Chosen, LocalPeer, Peer
from sync.store import Store

LOOK_S: Final = 2.0
"""What lacks its parents for so long does not get them by the road that it came by."""
LONGEST_DELAY_S: Final = 300.0
_AT_ONCE: Final = 50
_BATCH: Final = 200

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Somebody who may have streams. `asked` opens a connection of its own."""

    @property
    def node(self) -> str:
        """Its id; it is noted of a stream who brought it."""

    def asked(self, chosen: Chosen) -> Peer:
        """What is `chosen` of its `dossiers`; the caller closes it. Its calls raise `SyncError`."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of asking: the streams, and who gave them. `asked`: who answered at all."""

    streams: tuple[str, ...] = ()
    source: str = ""
    asked: tuple[str, ...] = ()


@dataclass(slots=True)
class _Gap:
    """A stream with missing acts: since when it is seen so, how often it was asked for in vain, and when next."""

    since: float
    times: int = 0
    due: float = 0.0


class Streams:
    """`sources` gives those that are spoken to now, central first. `after_events` waits until no road copies any."""

    def __init__(
        self,
        file: NodeFile,
        store: Store,
        clock: Clock,
        *,
        server_uuid: str,
        sources: Callable[[], Sequence[Source]],
        after_events: Callable[[], None],
    ) -> None:
        self._file, self._store, self._clock, self._uuid = file, store, clock, server_uuid
        self._sources, self._after_events = sources, after_events
        self._gaps: dict[str, _Gap] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fetching streams", daemon=True)

    def start(self) -> None:
        """Look every second for gaps that stay; `find` works without it."""
        self._thread.start()

    def stop(self) -> None:
        """Wait for it, 5 s at most. What it asks for meanwhile is asked for again at the next start."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)

    # ---- what somebody asks for

    def find(self, *, number: str = "", stream: str = "") -> Found:
        """Ask everybody in turn for a dossier that is not here, until somebody has it; it is here then."""
        answered: list[str] = []
        for source in self._sources():
            try:
                streams = self._fetch(source, {"stream": stream} if stream else {"number": number})
            except SyncError as why:
                _log.info("%s was asked for a dossier: %s", source.node, why)
                continue
            answered.append(source.node)
            if streams:
                self._note_brought(streams, source.node)
                return Found(tuple(streams), source.node, tuple(answered))
        return Found(asked=tuple(answered))

    def _note_brought(self, streams: Sequence[str], source: str) -> None:
        with self._file.write():
            for stream in streams:
                Brought.insert(
                    stream=stream, source=source, at=timestamp(self._clock())
                ).on_conflict_replace().execute()

    # ---- what has gaps

    def look(self) -> int:
        """Ask for streams whose gaps stay; how many were asked for."""
        now = time.monotonic()
        with self._file.read() as connection:
            rows = connection.execute(
                "SELECT stream FROM stream WHERE missing > 0 LIMIT ?", (_AT_ONCE * 20,)
            ).fetchall()
        self._gaps = {stream: self._gaps.get(stream) or _Gap(now) for (stream,) in rows}
        due = [stream for stream, gap in self._gaps.items() if now - gap.since >= LOOK_S and gap.due <= now][
            :_AT_ONCE
        ]
        for stream in due:
            gap = self._gaps[stream]
            gap.times += 1
            gap.due = now + min(LOOK_S * 2.0 ** min(gap.times, 10), LONGEST_DELAY_S)
            self._after_events()
            self._fill(stream)
        return len(due)

    def _fill(self, stream: str) -> None:
        for source in self._sources():
            if self._stopping.is_set():
                return
            try:
                self._fetch(source, {"stream": stream})
            except SyncError as why:
                _log.info("%s was asked for the rest of a dossier: %s", source.node, why)
            with self._file.read() as connection:
                row = connection.execute("SELECT missing FROM stream WHERE stream = ?", (stream,)).fetchone()
            if row is None or not row[0]:
                return

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S / 2):
            try:
                self.look()
            except Unavailable as why:  # the store here: a full disk, or the end
                _log.warning("streams wait: %s", why)
            except Exception:  # noqa: BLE001 - nobody would miss a thread that ends here
                _log.exception("streams wait")

    # ---- one stream

    def _fetch(self, source: Source, asked: Mapping[str, str]) -> list[str]:
        """All that somebody has of a stream and this machine lacks; the streams. Raises `SyncError`."""
        with closing(source.asked(Chosen(filter=STREAM, parameters=asked))) as peer:
            page = peer.changes("0", limit=MOST_EVENTS, wait_s=0)
            lacking = self._store.revs_diff({one.id: one.revs for one in page.changes})
            wanted = [(doc_id, rev) for doc_id, one in lacking.items() for rev in one["missing"]]
            here = LocalPeer(self._store, server_uuid=self._uuid, source=source.node)
            for at in range(0, len(wanted), _BATCH):
                got = peer.bulk_get(wanted[at : at + _BATCH])
                for refused in here.bulk_docs([one.document for one in got if one.document is not None]):
                    _log.warning("%s sends %s, refused: %s", source.node, refused.id, refused.reason)
        streams = list(dict.fromkeys(one.id[:32] for one in page.changes))
        if wanted:
            with self._file.write():
                Departed.update(over="", hashes=b"").where(Departed.stream.in_(streams)).execute()
        return streams
