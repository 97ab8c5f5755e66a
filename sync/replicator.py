"""Copy what one peer has to another, once or for ever: CouchDB's algorithm. protocol.md §3.1, §3.3.

A step reads a page of changes, asks the target what it misses, fetches that, and hands it to a thread that
writes; while that one works, the next page is read. When a page is durable at the target its sequence is
noted on both sides. So a run that dies anywhere repeats at most two pages, and of them only what had not
arrived. What the target refuses is reported and passed over, never retried here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sync.checkpoints import FROM_THE_START, Session, agreed_seq, history_of, replication_id
from sync.documents import Json
from sync.errors import Broken, Refused, SyncError, Unavailable
from sync.peer import ChangesPage, Peer, RefusedDocument

BATCH = 500
WAIT_S = 300.0  # of one wait for changes; a feed notices a dead line by itself
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 30.0

# A whole batch refused for what may be the fault of one document: malformed, a stub, too large.
_PERHAPS_ONE_DOCUMENT = (400, 412, 413)


class State(StrEnum):
    STARTING = "starting"
    COPYING = "copying"
    WAITING = "waiting"  # all is copied; live, the feed is open
    RETRYING = "retrying"  # the line or the other side is down
    REFUSED = "refused"  # the other side says no: credentials, rights, database
    BROKEN = "broken"  # stopped for good: see `last_error`
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Status:
    """A snapshot for people and programs. `pending`: changes not yet looked at, if the source says."""

    state: State = State.STARTING
    pending: int | None = None
    docs_written: int = 0
    docs_refused: int = 0
    source_seq: Any = FROM_THE_START
    last_success: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None


class Replication:
    """One direction between two peers, which are its own: `stop` closes them.

    `node_id`: of the node that runs it. `session_id`: new for each start of the program. `jitter`: numbers
    in [0, 1). `on_refused` hears of each document that the target does not take; `after_checkpoint` of
    each sequence of the source up to which everything is durable at the target (or was refused).
    """

    def __init__(
        self,
        source: Peer,
        target: Peer,
        *,
        node_id: str,
        session_id: str,
        now: Callable[[], datetime],
        jitter: Callable[[], float],
        batch: int = BATCH,
        on_refused: Callable[[RefusedDocument], None] = lambda refused: None,
        after_checkpoint: Callable[[Any], None] = lambda seq: None,
    ) -> None:
        self._source = source
        self._target = target
        self._node_id = node_id
        self._now = now
        self._jitter = jitter
        self._batch = batch
        self._on_refused = on_refused
        self._after_checkpoint = after_checkpoint
        self._session = Session(session_id, now())
        self._notes: _Notes | None = None
        self._read_up_to: Any = FROM_THE_START
        self._under_way: _Page | None = None
        self._status = Status()
        self._stopping = False
        self._wake = threading.Event()

    def status(self) -> Status:
        return self._status

    def run_once(self) -> Status:
        """Copy all that is there. Raises `SyncError` where it ends early."""
        with ThreadPoolExecutor(1, thread_name_prefix="replication-write") as writer:
            self._connect()
            while self._step(writer, wait_s=0):
                pass
        return self._status

    def run_live(self) -> None:
        """Copy all that is there and all that will be, until `stop`; after failures try again on a timer.

        Returns early only when something is broken (`Status.state`).
        """
        with ThreadPoolExecutor(1, thread_name_prefix="replication-write") as writer:
            self._keep_following(writer)

    def _keep_following(self, writer: Executor) -> None:
        failures = 0
        while not self._stopping:
            try:
                self._follow(writer)
            except (Unavailable, Refused) as why:
                if self._stopping:
                    break
                connected = self._notes is not None
                failures = 1 if connected else failures + 1
                self._notes = None
                self._failed(State.RETRYING if isinstance(why, Unavailable) else State.REFUSED, why)
                self._pause(why, failures)
            except Broken as why:
                self._failed(State.BROKEN, why)
                return
        self._status = replace(self._status, state=State.STOPPED)

    def stop(self) -> None:
        """From any thread: `run_live` returns soon, and this replication is over."""
        self._stopping = True
        self._wake.set()
        self._source.close()
        self._target.close()

    def wake(self) -> None:
        """Do not wait any longer before the next try: the network is back, or may be."""
        self._wake.set()

    # ---- running

    def _follow(self, writer: Executor) -> None:
        self._connect()
        more = True
        while not self._stopping:
            more = self._step(writer, wait_s=0 if more else WAIT_S)

    def _connect(self) -> None:
        """Read both notes; from then on only write them."""
        self._notes = None
        self._abandon()
        notes = _Notes(self._source, self._target, node_id=self._node_id)
        since = notes.read()
        self._session.start_last_seq = since
        self._notes = notes
        self._read_up_to = since
        self._status = replace(self._status, state=State.COPYING, source_seq=since)

    def _step(self, writer: Executor, *, wait_s: float) -> bool:
        """Read one page while the one before is being written; False if there was none to read."""
        page = self._source.changes(self._read_up_to, limit=self._batch, wait_s=wait_s)
        if page.changes and page.last_seq == self._read_up_to:
            raise Unavailable("the source gives changes, but its sequence does not move")
        documents = self._fetch(page) if page.changes else []
        self._finish()
        self._read_up_to = page.last_seq
        self._under_way = _Page(
            page,
            frozenset((str(one.get("_id")), str(one.get("_rev"))) for one in documents),
            writer.submit(self._write, documents),
        )
        if len(page.changes) < self._batch:  # nothing to overlap with, and somebody may be waiting for it
            self._finish()
        return bool(page.changes)

    def _fetch(self, page: ChangesPage) -> list[Json]:
        """What the target misses of a page, but for what is on its way there."""
        session = self._session
        missing = self._target.revs_diff({one.id: one.revs for one in page.changes})
        on_the_way = self._under_way.revisions if self._under_way is not None else frozenset()
        wanted = [
            (doc_id, rev)
            for doc_id, revs in missing.items()
            for rev in revs
            if (doc_id, rev) not in on_the_way
        ]
        session.missing_checked += sum(len(one.revs) for one in page.changes)
        session.missing_found += len(wanted)
        if not wanted:
            return []
        fetched = self._source.bulk_get(wanted)
        documents = [one.document for one in fetched if one.document is not None]
        session.docs_read += len(documents)
        self._refused(
            RefusedDocument(one.id, one.rev, "not_found", f"the source does not give it: {one.reason}")
            for one in fetched
            if one.document is None
        )
        return documents

    def _finish(self) -> None:
        """Wait until the page under way is written, and note that it is."""
        if self._under_way is None:
            return
        under_way, self._under_way = self._under_way, None
        not_taken = under_way.written.result()
        session, page = self._session, under_way.page
        session.docs_written += len(under_way.revisions) - len(not_taken)
        session.doc_write_failures += len(not_taken)
        self._refused(not_taken)
        if page.last_seq != self._status.source_seq:
            self._note(page.last_seq)
        self._status = replace(
            self._status,
            state=State.COPYING if page.changes else State.WAITING,
            pending=page.pending,
            docs_written=session.docs_written,
            source_seq=page.last_seq,
            last_success=self._now(),
        )

    def _abandon(self) -> None:
        """After a failure: let the write under way end, whatever comes of it.

        It is not noted, so its page is read again, and what the target refused of it is refused again.
        """
        if self._under_way is not None:
            wait([self._under_way.written])
            self._under_way = None

    def _refused(self, documents: Iterable[RefusedDocument]) -> None:
        for one in documents:
            self._on_refused(one)
            self._status = replace(self._status, docs_refused=self._status.docs_refused + 1)

    def _write(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        """What the target does not take. A batch that it refuses as a whole is halved, down to the one.

        Runs in the writer's thread.
        """
        if not documents:
            return []
        try:
            return self._target.bulk_docs(documents)
        except Refused as why:
            if why.status not in _PERHAPS_ONE_DOCUMENT:
                raise
            if len(documents) == 1:
                named = (str(documents[0].get("_id")), str(documents[0].get("_rev")))
                return [RefusedDocument(*named, why.error, why.reason)]
            half = len(documents) // 2
            return self._write(documents[:half]) + self._write(documents[half:])

    def _note(self, last_seq: Any) -> None:
        if self._notes is None:
            raise Broken("a step before the checkpoints were read")
        self._notes.write(self._session, last_seq=last_seq, at=self._now())
        self._after_checkpoint(last_seq)

    # ---- failing

    def _failed(self, state: State, why: SyncError) -> None:
        self._status = replace(self._status, state=state, last_error=str(why), last_error_at=self._now())

    def _pause(self, why: SyncError, failures: int) -> None:
        retry_after_s = why.retry_after_s if isinstance(why, Unavailable) else None
        self._wake.wait(delay_s(failures, jitter=self._jitter(), retry_after_s=retry_after_s))
        self._wake.clear()


def delay_s(failures: int, *, jitter: float, retry_after_s: float | None = None) -> float:
    """How long to wait after so many failures in a row: 1 s, 2 s, 4 s … 30 s.

    `jitter` in [0, 1) shortens it by up to a half, so that nodes do not all come back at once. What the
    other side asks for (`Retry-After`) is respected, up to the same 30 s.
    """
    delay = min(FIRST_DELAY_S * 2.0 ** min(failures - 1, 10), LONGEST_DELAY_S) * (1 - jitter / 2)
    return max(delay, min(retry_after_s or 0, LONGEST_DELAY_S))


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that is being written. `written` gives what the target does not take."""

    page: ChangesPage
    revisions: frozenset[tuple[str, str]]
    written: Future[list[RefusedDocument]]


class _Notes:
    """The checkpoint documents on both sides."""

    def __init__(self, source: Peer, target: Peer, *, node_id: str) -> None:
        self._source = source
        self._target = target
        self._id = replication_id(node_id=node_id, source_id=source.peer_id(), target_id=target.peer_id())
        self._history: list[Json] = []
        self._revs: dict[Peer, str | None] = {}
        self._source_notes = True  # until the source refuses to keep any

    def read(self) -> Any:
        """The sequence to go on from."""
        target = self._target.get_local(self._id)
        try:
            source = self._source.get_local(self._id)
        except Refused:
            self._source_notes = False
            source = target
        self._revs = {self._source: _rev(source), self._target: _rev(target)}
        self._history = history_of(target)
        return agreed_seq(source, target)

    def write(self, session: Session, *, last_seq: Any, at: datetime) -> None:
        note = session.note(last_seq=last_seq, at=at, history=self._history)
        if self._source_notes:
            try:
                self._put(self._source, note)
            except Refused:
                self._source_notes = False
        self._put(self._target, note)

    def _put(self, peer: Peer, note: Json) -> None:
        rev = self._revs[peer]
        self._revs[peer] = peer.put_local(self._id, note if rev is None else {**note, "_rev": rev})


def _rev(note: Json | None) -> str | None:
    return None if note is None else str(note["_rev"])
