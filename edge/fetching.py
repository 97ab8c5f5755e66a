"""Files that dossiers worked on here name, and that are still elsewhere: fetched piece by piece, after all events.

A machine works on what waits for its duties, on what it received itself as long as that is open, and on what a
person here has opened. The files that such dossiers name, and those that the catalog names, are fetched from whoever has them: central first, then the
neighbours that are spoken to now. Everything else stays where it is until somebody asks for it.

A file comes as its list and then its chunks (`edge.archive`), which are documents: what has come is durable, is
checked by its hash on the way in, and is not fetched again after a restart. The file that lacks least goes first, so
that a large scan holds up no signed result; before each piece, events that have something to say may say it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from edge.archive import CHUNK_BYTES, Archive, Damaged, chunk_revision, files_named
from edge.projector import Projector
from edge.register import Register, Work
from edge.tables.dossiers import DossierRow
from schemas.catalog import Catalog
from schemas.entries import Card, Duty
from schemas.events import Event
from sync.errors import SyncError, Unavailable
from sync.peer import LocalPeer, Peer

LOOK_S: Final = 1.0
"""While dossiers or pieces come, so often is it found out anew what is wanted."""
PIECES: Final = 4
"""Chunks of one request: 256 KiB, of which a cut loses what was under way."""
LISTED: Final = 1_000
"""Dossiers of one work list that are looked at; whose turn comes later, comes later."""
LONGEST_DELAY_S: Final = 30.0

_SERVED: Final = (
    (Duty.APPRAISE, Work.APPRAISE),
    (Duty.APPROVE, Work.APPROVE),
    (Duty.APPROVE, Work.WITHDRAW),
    (Duty.RETURN, Work.RETURN),
)

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Somebody who may have files. `files` has a connection of its own."""

    @property
    def node(self) -> str:
        """Its id; it stands in `Elsewhere.source` beside what it gave."""

    @property
    def files(self) -> Peer:
        """Its database `files`. What raises `SyncError` there is asked for again later."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A file that is not whole here, and a dossier that names it, "" for the catalog.

    `size` is None until the file's list is here, `here` counts its bytes; `source` gave the newest piece.
    """

    file: str
    stream: str
    size: int | None
    here: int
    source: str
    why: str


@dataclass(slots=True)
class _Want:
    """`missing`: None until the file's list is here. `tries`: by source, how often in vain and when next."""

    file: str
    stream: str
    demanded: bool = False
    size: int | None = None
    chunks: int = 0
    missing: list[str] | None = None
    source: str = ""
    why: str = ""
    tries: dict[str, tuple[int, float]] = field(default_factory=dict)

    @property
    def turn(self) -> tuple[bool, int]:
        """What somebody waits for first; then lists, which are small; then what lacks least."""
        return (not self.demanded, 0 if self.missing is None else len(self.missing))

    def in_vain(self, source: str, why: str, now: float) -> None:
        times = self.tries.get(source, (0, 0.0))[0] + 1
        self.tries[source] = (times, now + min(2.0 ** (times - 1), LONGEST_DELAY_S))
        self.why = why

    def is_due(self, source: str, now: float) -> bool:
        return self.tries.get(source, (0, 0.0))[1] <= now


class Fetching:
    """`sources` gives those that are spoken to now, the preferred first; `after_events` waits until no event does.

    One thread. `wake`, `demand` and `elsewhere` may be called from any other.
    """

    def __init__(
        self,
        archive: Archive,
        register: Register,
        projector: Projector,
        catalog: Catalog,
        *,
        node: str,
        server_uuid: str,
        sources: Callable[[], Sequence[Source]],
        after_events: Callable[[], None],
    ) -> None:
        self._archive, self._register, self._projector = archive, register, projector
        self._catalog, self._node, self._uuid = catalog, node, server_uuid
        self._sources, self._after_events = sources, after_events
        self._wants: dict[str, _Want] = {}
        self._named: dict[str, tuple[str, tuple[str, ...]]] = {}  # by stream: when it changed, what it names
        self._whole: set[str] = set()
        self._demanded: dict[str, None] = {}  # streams, the newest last
        self._busy: dict[str, float] = {}  # by node: until when it is not asked, as it said itself
        self._lock = threading.Lock()
        self._changed, self._asked = threading.Event(), threading.Event()
        self._look_at = 0.0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="fetching files", daemon=True)
        self._ends: list[Callable[[], None]] = []

    def start(self) -> None:
        """From here on it looks again whenever dossiers or files change here."""
        for store in (self._projector.store, self._archive.store):
            self._ends.append(store.on_change(self._changed.set))
        self._thread.start()

    def stop(self) -> None:
        """Its sources should be closed by now, or it waits for their answer."""
        self._stopping = True
        self._at_once()
        for end in self._ends:
            end()
        if self._thread.ident is not None:
            self._thread.join(timeout=5)

    def wake(self) -> None:
        """Ask everybody again at once: a line is back, or somebody pressed the button."""
        with self._lock:
            for want in self._wants.values():
                want.tries.clear()
            self._busy.clear()
        self._at_once()

    def demand(self, stream: str) -> None:
        """Somebody here has opened this dossier and wants to see what it names."""
        with self._lock:
            self._demanded.pop(stream, None)
            self._demanded[stream] = None
        self.wake()

    def elsewhere(self) -> list[Elsewhere]:
        """What is wanted and not whole here, in the order in which it is fetched."""
        with self._lock:
            wants = sorted(self._wants.values(), key=lambda want: want.turn)
            return [_shown(want) for want in wants]

    def look(self) -> None:
        """Find out what is wanted, and how much of it is here."""
        self._look_at = time.monotonic() + LOOK_S
        wanted = self._wanted()
        with self._lock:
            for file in [file for file in self._wants if file not in wanted]:
                del self._wants[file]
            for file, (stream, demanded) in wanted.items():
                want = self._wants.setdefault(file, _Want(file, stream))
                want.stream, want.demanded = stream, demanded
                if self._measured(want):
                    del self._wants[file]
                    self._whole.add(file)

    # ---- what is wanted

    def _wanted(self) -> dict[str, tuple[str, bool]]:
        """By file: a dossier that names it, and whether somebody waits for it."""
        with self._lock:
            demanded = list(self._demanded)
        found: dict[str, tuple[str, bool]] = {}
        rows = {row.stream: row for row in self._worked_on()}
        for stream in demanded:
            row = rows.get(stream) or self._register.row(stream)
            if row is not None:
                rows[stream] = row
        self._named = {stream: one for stream, one in self._named.items() if stream in rows}
        gone = self._catalog.trust.redacted
        for file in sorted(self._catalog.latest.named_files()):
            if file not in self._whole and file not in gone:
                found[file] = ("", False)
        for row in rows.values():
            for file in self._files_of(row):
                if file not in self._whole and file not in gone:
                    found.setdefault(file, (row.stream, row.stream in demanded))
        return found

    def _worked_on(self) -> Iterable[DossierRow]:
        return worked_on(self._register, self._catalog.latest.card(self._node), self._node)

    def _files_of(self, row: DossierRow) -> tuple[str, ...]:
        known = self._named.get(row.stream)
        if known is not None and known[0] == row.changed_at:
            return known[1]
        events = [event for event in self._projector.events_of(row.stream) if isinstance(event, Event)]
        files = tuple(dict.fromkeys(file for event in events for file in files_named(event.data)))
        self._named[row.stream] = (row.changed_at, files)
        return files

    def _measured(self, want: _Want) -> bool:
        """Count what is here; whether that is all."""
        lists = self._archive.lists(want.file)
        counted = sorted(
            ((self._archive.missing(index), index) for index in lists), key=lambda one: len(one[0])
        )
        if not counted:
            return False
        missing, index = next(((some, index) for some, index in counted if some), counted[0])
        want.size, want.chunks, want.missing = index["size"], len(dict.fromkeys(index["chunks"])), missing
        if counted[0][0]:
            return False
        try:
            if self._archive.holds(want.file):
                return True
        except Damaged:
            want.why = "what came does not have the hash in the file's name"
        return False

    # ---- fetching

    def _at_once(self) -> None:
        self._asked.set()
        self._changed.set()

    @property
    def _may_look(self) -> bool:
        return self._stopping or self._asked.is_set() or time.monotonic() >= self._look_at

    def _run(self) -> None:
        while not self._stopping:
            self._changed.clear()
            self._asked.clear()
            try:
                self.look()
                rest_s = self._fetch_what_is_due()
            except SyncError as why:  # the store here: a full disk, or the end
                _log.warning("files wait: %s", why)
                rest_s = 1.0
            except Exception:  # noqa: BLE001 - nobody would miss a thread that ends here
                _log.exception("files wait")
                rest_s = 1.0
            self._changed.wait(rest_s)
            if not self._may_look:
                self._asked.wait(self._look_at - time.monotonic())

    def _fetch_what_is_due(self) -> float:
        """Piece after piece, until nobody has any; the seconds until somebody should be asked again."""
        while not self._stopping:
            now = time.monotonic()
            sources = self._sources()
            with self._lock:
                self._busy = {node: until for node, until in self._busy.items() if until > now}
                asked = [source for source in sources if source.node not in self._busy]
                wants = sorted(self._wants.values(), key=lambda want: want.turn)
                chosen = next(
                    ((w, s) for w in wants for s in asked if w.is_due(s.node, now)),
                    None,
                )
                if chosen is None:
                    due = [w.tries[s.node][1] - now for w in wants for s in asked if s.node in w.tries]
                    due += [until - now for until in self._busy.values()]
                    return max(0.05, min(due, default=LONGEST_DELAY_S))
            self._after_events()
            self._piece(*chosen)
            if self._changed.is_set() and self._may_look:
                return 0.0  # somebody wants something else by now, or something came by another road
        return 0.0

    def _piece(self, want: _Want, source: Source) -> None:
        """The list of a file, or the next few chunks of it."""
        if want.missing:
            asked = [(chunk, chunk_revision(chunk)) for chunk in want.missing[:PIECES]]
        else:
            asked = [(want.file, "")]
        try:
            got = source.files.bulk_get(asked)
        except SyncError as why:
            now = time.monotonic()
            want.in_vain(source.node, str(why), now)
            if isinstance(why, Unavailable) and why.retry_after_s is not None:
                with self._lock:  # the next file would hear the same
                    self._busy[source.node] = now + min(why.retry_after_s, LONGEST_DELAY_S)
            return
        documents = [one.document for one in got if one.document is not None]
        if not documents:
            want.in_vain(source.node, "not there", time.monotonic())
            return
        here = LocalPeer(self._archive.store, server_uuid=self._uuid, source=source.node)
        refused = here.bulk_docs(documents)
        if refused:
            _log.warning("%s sends %s, refused: %s", source.node, refused[0].id, refused[0].reason)
            want.in_vain(source.node, refused[0].reason, time.monotonic())
        with self._lock:
            before = want.missing
            want.source = source.node
            if self._measured(want):
                self._wants.pop(want.file, None)
                self._whole.add(want.file)
            elif before == want.missing:  # it gave us what we had, or nothing of use
                want.in_vain(source.node, want.why or "not there", time.monotonic())


def worked_on(register: Register, card: Card | None, node: str) -> Iterator[DossierRow]:
    """The dossiers that a machine works on, as far as they are known here."""
    duties = card.duties if card is not None else ()
    for duty, work in _SERVED:
        if duty in duties:
            yield from register.work(work, limit=LISTED)[0]
    yield from register.open_of(node, limit=LISTED)


def _shown(want: _Want) -> Elsewhere:
    here = 0
    if want.size is not None and want.missing is not None:
        here = min(want.size, (want.chunks - len(want.missing)) * CHUNK_BYTES)
    return Elsewhere(want.file, want.stream, want.size, here, want.source, want.why)
