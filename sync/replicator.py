"""Copy what one peer has to another, once or for ever: CouchDB's algorithm. protocol.md §3.1, §3.3.

Three pages are under way at a time, and wait for each other only where they must:

1. one thread reads which changes come after those that are being copied;
2. the run's own thread asks the target what it misses of a page, and fetches that;
3. one thread writes the page before, and when that is durable at the target notes its sequence on both sides.

So a run that dies anywhere repeats at most two pages of documents, and of them only what had not arrived. What the
target refuses is reported, before the note says that the page is done, and passed over; it is offered again at each
new connection and now and then (`refused_before`), because what was wrong may have been the rule, the clock or the
disk over there.

What each failure leads to: docs/sync.md.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence, Set
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from sync.checkpoints import FROM_THE_START, Session, agreed_seq, history_of, replication_id
from sync.documents import Json, dump, dump_sorted
from sync.errors import Broken, Conflict, DiskFull, Refused, SyncError, Unavailable
from sync.pace import Pace
from sync.peer import ChangesPage, LocalPeer, Peer, RefusedDocument

_log = logging.getLogger(__name__)

BATCH = 1000
"""The most documents of a page; how many it has follows the line (`sync.pace`)."""
LINE_S, DISK_S = 1.0, 0.3  # what a page may take on a line, and what its write may hold a store of ours
NOTE_EVERY_S = 1.0
"""While pages follow each other. What was written since is not sent again after a cut, for it is not missing then: only
its changes are read once more. A note is a durable write on either side, and an answer on the line."""
GIVEN_AFTER_S: Final = (0.5, 1.0, 2.0)
"""A copy of a cluster may tell of what the others hear a moment later, and asked is a quorum of them."""
OFFER_AGAIN_S = 600.0
_OFFERED_AT_ONCE = 100
_EMPTY_PAGES: Final = 3  # in a row and at once; after them a source is asked more slowly
WAIT_S = 300.0  # of one wait for changes; a feed notices a dead line by itself
FIRST_DELAY_S, LONGEST_DELAY_S = 1.0, 30.0

# A whole batch refused for what may be the fault of one document: malformed, a stub, too large.
_PERHAPS_ONE_DOCUMENT = (400, 412, 413)


class State(StrEnum):
    """What a replication is doing."""

    STARTING = "starting"
    COPYING = "copying"
    WAITING = "waiting"  # all is copied; live, the feed is open
    RETRYING = "retrying"  # the line or the other side is down
    REFUSED = "refused"  # the other side says no: credentials, rights, database
    BROKEN = "broken"  # stopped for good: see `last_error`
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Status:
    """A snapshot for people and programs. `pending`: changes not yet looked at, if the source says.

    `rate`: documents per second of the newest page that brought any. `behind_since`: the last moment at which
    nothing was left to copy; None while nothing is. `failing`: since the newest failure no page was done, whatever `state`
    says between two tries.
    """

    state: State = State.STARTING
    pending: int | None = None
    rate: float | None = None
    behind_since: datetime | None = None
    docs_written: int = 0
    docs_refused: int = 0
    source_seq: Any = FROM_THE_START
    last_success: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    failing: bool = False


class Offered(NamedTuple):
    """A revision that was refused before."""

    id: str
    rev: str


class Unacknowledged(Protocol):
    """Revisions, as (id, rev), that were sent to a target and not acknowledged, kept over restarts."""

    def before(self) -> Set[tuple[str, str]]:
        """Those of earlier runs."""

    def sending(self, revisions: Set[tuple[str, str]]) -> None:
        """Told before they go."""

    def acknowledged(self, revisions: Set[tuple[str, str]]) -> None:
        """Told when the target has answered for them: it has them durably, or refuses them."""


def one_thread(name: str) -> Executor:
    """An executor that does one thing after another."""
    return ThreadPoolExecutor(1, thread_name_prefix=name)


class Replication:
    """One direction between two peers, which are its own: `stop` closes them.

    `node_id`: of the node that runs it. `session_id`: new for each start of the program. `jitter`: numbers in [0, 1).
    `batch`: the most documents of a page. `note_every_s`: with 0 after each page, for a target to which a note is the
    end of one (`sync.bundle`). `on_refused` hears of each document that the target does not take; `refused_before`
    gives those that wait to be offered again, and `on_accepted` hears of each that the target has by now, whoever
    brought it; `after_checkpoint` of each sequence of the source up to which everything is durable at the target (or
    was refused); `unacknowledged` keeps what is on its way for later runs. These are called from the run's threads.

    `transform` sees each document on its way. It may hold one back, by None, which is then listed like one that was
    refused; it may not change any, for a copy that differs from its original under the same name is no copy: a run
    whose transform does so is over. `tick`: seconds that only grow. `hand`: makes what does one thing after another
    beside the run's own thread.
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
        note_every_s: float = NOTE_EVERY_S,
        on_refused: Callable[[RefusedDocument], None] = lambda refused: None,
        refused_before: Callable[[], Sequence[Offered]] = tuple,
        unacknowledged: Unacknowledged | None = None,
        on_accepted: Callable[[Offered], None] = lambda accepted: None,
        after_checkpoint: Callable[[Any], None] = lambda seq: None,
        transform: Callable[[Json], Json | None] | None = None,
        tick: Callable[[], float] = time.monotonic,
        hand: Callable[[str], Executor] = one_thread,
    ) -> None:
        self._source = source
        self._target = target
        self._transform = transform
        self._hand = hand
        self._node_id = node_id
        self._now = now
        self._jitter = jitter
        self._note_every_s = note_every_s
        self._pace = Pace(
            most=batch, line_s=LINE_S, write_s=DISK_S if isinstance(target, LocalPeer) else LINE_S
        )
        self._on_refused = on_refused
        self._refused_before = refused_before
        self._kept_unacknowledged = unacknowledged
        self._on_accepted = on_accepted
        self._after_checkpoint = after_checkpoint
        self._tick = tick
        self._session = Session(session_id, now())
        self._notes: _Notes | None = None
        self._noted_seq: Any = FROM_THE_START
        self._noted_at = 0.0
        self._read_up_to: Any = FROM_THE_START
        self._passed = _Passed()
        self._empty = 0
        self._offered_at: float | None = None
        self._ahead: _Ahead | None = None
        self._under_way: _Page | None = None
        self._unacknowledged: frozenset[tuple[str, str]] = frozenset()  # sent, and not acknowledged
        self._status = Status()
        self._telling = threading.Lock()
        self._stopping = False
        self._is_live = False
        self._wake = threading.Event()

    def status(self) -> Status:
        """As it is now; from any thread."""
        return self._status

    def run_once(self) -> Status:
        """Copy all that is there. Raises `SyncError` where it ends early."""
        with ExitStack() as stack:
            hands = self._hands(stack)
            self._connect()
            while self._step(hands, wait_s=0):
                pass
        return self._status

    def run_live(self) -> None:
        """Copy all that is there and all that will be, until `stop`; after failures try again on a timer.

        Returns early only when something is broken (`Status.state`).
        """
        self._is_live = True
        with ExitStack() as stack:
            self._keep_following(self._hands(stack))

    def _hands(self, stack: ExitStack) -> _Hands:
        return _Hands(
            stack.enter_context(self._hand("replication-read")),
            stack.enter_context(self._hand("replication-write")),
        )

    def _keep_following(self, hands: _Hands) -> None:
        failures = 0
        while not self._stopping:
            try:
                self._follow(hands)
            except (Unavailable, Refused) as why:
                if self._stopping:
                    break
                # to connect is no success: where much is asked at once, more is not got by asking more often
                failures = failures + 1 if self._status.failing else 1
                if isinstance(why, Refused) and why.status == 413:
                    self._pace.halve()
                self._failed(State.RETRYING if isinstance(why, Unavailable) else State.REFUSED, why)
                if self._pause(why, failures):
                    failures = 0
            except Broken as why:
                self._failed(State.BROKEN, why)
                return
            except Exception as why:  # noqa: BLE001 - who stopped here would stand still unseen
                if self._stopping:
                    break
                _log.exception("copying is tried again")
                failures += 1
                unforeseen = Unavailable(f"{type(why).__name__}: {why}")
                self._failed(State.RETRYING, unforeseen)
                self._pause(unforeseen, failures)
        self._tell(state=State.STOPPED)

    def stop(self) -> None:
        """From any thread: `run_live` returns soon, and this replication is over."""
        self._stopping = True
        self._wake.set()
        self._source.close()
        self._target.close()

    def wake(self) -> None:
        """Do not wait any longer before the next try: the network is back, or may be.

        At the next step what was refused is offered again, and our note is looked for, for the other side may have lost what it
        had. That step does not wait for a change: at a source elsewhere it comes with the next sign of life of
        its feed.
        """
        self._offered_at = None
        self._wake.set()
        self._source.wake()

    # ---- running

    def _follow(self, hands: _Hands) -> None:
        self._connect()
        more = True
        while not self._stopping:
            waited = not more
            more = self._step(hands, wait_s=WAIT_S if waited else 0)
            if waited and not more and self._notes is not None:
                self._require_kept(self._notes)

    def _connect(self) -> None:
        """Read both notes; from then on only write them."""
        self._notes = None
        self._abandon()
        notes = _Notes(self._source, self._target, node_id=self._node_id)
        since = notes.read()
        self._session.start_last_seq = since
        self._notes, self._noted_seq, self._noted_at = notes, since, self._tick()
        if self._kept_unacknowledged is not None:
            self._unacknowledged |= self._kept_unacknowledged.before()
        self._read_up_to = since
        self._passed = _Passed()
        self._offered_at = None
        self._tell(state=State.COPYING, source_seq=since)

    def _step(self, hands: _Hands, *, wait_s: float) -> bool:
        """Fetch one page while the one before is written and the next one read; False if there was none."""
        page, is_last = self._next_page(hands.reader, wait_s)
        began = self._tick()
        documents = self._fetch(page) if page.changes else []
        read_s = self._tick() - began
        self._finish()
        self._read_up_to = page.last_seq
        self._under_way = _Page(
            page,
            frozenset((str(one.get("_id")), str(one.get("_rev"))) for one in documents),
            read_s,
            hands.writer.submit(
                self._put_away, self._notes, page, documents, replace(self._session), is_last=is_last
            ),
        )
        if is_last:  # nothing to overlap with, and somebody may be waiting for it
            self._finish()
            self._offer_unacknowledged()
            if self._offered_at is None or self._tick() - self._offered_at > OFFER_AGAIN_S:
                self._offer_again()
        return bool(page.changes)

    def _next_page(self, reader: Executor, wait_s: float) -> tuple[ChangesPage, bool]:
        """And whether it is the last one for now. Where it is not, the one after it is being read from here on."""
        if self._ahead is None:
            limit, began = self._pace.size, self._tick()
            page = self._changes(limit, wait_s)
            self._distrust(page, waited=bool(wait_s) and self._tick() - began > LINE_S)
        else:
            ahead, self._ahead = self._ahead, None
            page, limit = ahead.read.result(), ahead.limit
            self._distrust(page, waited=False)
        if len(page.changes) < limit:
            return page, True
        size = self._pace.size
        self._ahead = _Ahead(size, reader.submit(self._source.changes, page.last_seq, limit=size, wait_s=0))
        return page, False

    def _changes(self, limit: int, wait_s: float) -> ChangesPage:
        """A source that does not know the noted sequence for one of its own is read from the start."""
        try:
            return self._source.changes(self._read_up_to, limit=limit, wait_s=wait_s)
        except Refused as why:
            noted = self._session.start_last_seq
            if why.status != 400 or noted == FROM_THE_START or self._read_up_to != noted:
                raise
        self._read_up_to = FROM_THE_START
        return self._source.changes(self._read_up_to, limit=limit, wait_s=wait_s)

    def _distrust(self, page: ChangesPage, *, waited: bool) -> None:
        """A source whose sequence stands still or turns in a circle would be read for ever.

        One that says at once, again and again, that nothing has changed is asked more slowly.
        """
        if page.changes:
            self._empty = 0
            if page.last_seq == self._read_up_to:
                raise Unavailable("the source gives changes, but its sequence does not move")
            if self._passed.before(dump(page.last_seq)):
                raise Unavailable("the sequence of the source turns in a circle")
            return
        self._passed = _Passed()
        self._empty = 0 if waited else self._empty + 1
        if self._empty > _EMPTY_PAGES and not self._stopping:
            self._wake.wait(min(0.01 * 2.0 ** min(self._empty - _EMPTY_PAGES, 10), LINE_S))
            self._wake.clear()

    def _fetch(self, page: ChangesPage) -> list[Json]:
        """What the target misses of a page, but for what is on its way there; and what it has not acknowledged: a cluster
        says of what lies in one copy that it is not missing, and keeps it when a quorum has it."""
        session = self._session
        missing = self._target.revs_diff({one.id: one.revs for one in page.changes})
        on_the_way = self._under_way.revisions if self._under_way is not None else frozenset()
        wanted = [
            (doc_id, rev)
            for doc_id, revs in missing.items()
            for rev in revs
            if (doc_id, rev) not in on_the_way
        ]
        if again := self._unacknowledged.difference(on_the_way, wanted):
            wanted += [(one.id, rev) for one in page.changes for rev in one.revs if (one.id, rev) in again]
        session.missing_checked += sum(len(one.revs) for one in page.changes)
        session.missing_found += len(wanted)
        if not wanted:
            return []
        return self._given(wanted, tries=() if isinstance(self._source, LocalPeer) else GIVEN_AFTER_S)

    def _given(self, wanted: Sequence[tuple[str, str]], *, tries: Sequence[float] = ()) -> list[Json]:
        """What the source gives of these, if need be after so many seconds; what it does not give is listed."""
        fetched = list(self._source.bulk_get(wanted))
        for delay in tries:
            lacking = {one.id for one in fetched if one.document is None}
            if not lacking or self._stopping:
                break
            self._wake.wait(delay)
            self._wake.clear()
            fetched = [one for one in fetched if one.id not in lacking]
            fetched += self._source.bulk_get([one for one in wanted if one[0] in lacking])
        documents = [one.document for one in fetched if one.document is not None]
        self._session.docs_read += len(documents)
        self._refused(
            RefusedDocument(one.id, one.rev, "not_found", f"the source does not give it: {one.reason}")
            for one in fetched
            if one.document is None
        )
        return documents if self._transform is None else self._let_through(documents, self._transform)

    def _let_through(self, documents: Sequence[Json], transform: Callable[[Json], Json | None]) -> list[Json]:
        """What the transform does not hold back, which is listed. Raises `Broken` where it changes something."""
        through: list[Json] = []
        held: list[RefusedDocument] = []
        for document in documents:
            doc_id, rev, before = str(document.get("_id")), str(document.get("_rev")), dump_sorted(document)
            shown = transform(document)
            if shown is None:
                held.append(RefusedDocument(doc_id, rev, "held_back", "this node holds it back"))
            elif dump_sorted(shown) == before:
                through.append(document)
            else:
                raise Broken(f"a transform changed {doc_id}; it may only hold documents back")
        self._refused(held)
        return through

    def _offer_unacknowledged(self) -> None:
        """What was sent and not acknowledged, and is in no page any more: offered again after it had been refused, or from
        before our note. Whatever the target says that it misses. What is gone here by law nobody can send; what came in its
        place goes."""
        if not self._unacknowledged:
            return
        fetched = self._source.bulk_get(sorted(self._unacknowledged))
        documents = [one.document for one in fetched if one.document is not None]
        self._answered(self._unacknowledged - {(str(one["_id"]), str(one["_rev"])) for one in documents})
        self._refused(
            self._write(
                documents if self._transform is None else self._let_through(documents, self._transform)
            )
        )

    def _offer_again(self) -> None:
        """What was refused before: perhaps it is there by now, or is taken now."""
        self._offered_at = self._tick()
        listed = list(self._refused_before())
        for at in range(0, len(listed), _OFFERED_AT_ONCE):
            part = listed[at : at + _OFFERED_AT_ONCE]
            revs: dict[str, list[str]] = {}
            for one in part:
                revs.setdefault(one.id, []).append(one.rev)
            missing = {(doc_id, rev) for doc_id, few in self._target.revs_diff(revs).items() for rev in few}
            still: set[str] = set()
            if missing:
                documents = self._given(sorted(missing))
                given = {str(one.get("_id")) for one in documents}
                not_taken = self._write(documents)
                self._refused(not_taken)
                still = {one.id for one in part if one.id not in given} | {one.id for one in not_taken}
            for one in part:
                if one not in missing or one.id not in still:
                    self._on_accepted(one)

    def _finish(self) -> None:
        """Wait until the page under way is written, and note that it is."""
        if self._under_way is None:
            return
        under_way, self._under_way = self._under_way, None
        done = under_way.written.result()
        session, page = self._session, under_way.page
        session.docs_written, session.doc_write_failures = done.docs_written, done.doc_write_failures
        written = len(under_way.revisions)
        self._pace.took(written, read_s=under_way.read_s, write_s=done.write_s)
        now = self._now()
        up_to_date = not page.changes if page.pending is None else page.pending == 0
        slower = max(under_way.read_s, done.write_s)
        status = self._status
        self._tell(
            state=State.COPYING if page.changes else State.WAITING,
            pending=page.pending,
            rate=written / slower if written and slower else status.rate,
            behind_since=None if up_to_date else status.behind_since or now,
            docs_written=session.docs_written,
            source_seq=page.last_seq,
            last_success=now,
            failing=False,
        )

    def _abandon(self) -> None:
        """After a failure: let what is under way end, whatever comes of it; what was not noted is read again."""
        if self._ahead is not None:
            self._ahead.read.exception()
            self._ahead = None
        if self._under_way is not None:
            self._under_way.written.exception()
            self._under_way = None

    def _refused(self, documents: Iterable[RefusedDocument]) -> None:
        for one in documents:
            self._on_refused(one)
            with self._telling:
                self._status = replace(self._status, docs_refused=self._status.docs_refused + 1)

    def _tell(self, **news: Any) -> None:
        with self._telling:
            self._status = replace(self._status, **news)

    def _put_away(
        self,
        notes: _Notes | None,
        page: ChangesPage,
        documents: Sequence[Json],
        session: Session,
        *,
        is_last: bool,
    ) -> _Written:
        """In the writer's thread. `session`: the counters as of this page."""
        began = self._tick()
        not_taken = self._write(documents)
        write_s = self._tick() - began
        session.docs_written += len(documents) - len(not_taken)
        session.doc_write_failures += len(not_taken)
        self._refused(not_taken)
        if page.last_seq != self._noted_seq and (
            is_last or self._tick() - self._noted_at >= self._note_every_s
        ):
            self._note(notes, session, page.last_seq)
        return _Written(session.docs_written, session.doc_write_failures, write_s)

    def _write(self, documents: Sequence[Json]) -> list[RefusedDocument]:
        """What the target does not take. A batch that it refuses as a whole is halved, down to the one."""
        if not documents:
            return []
        named = {(str(one.get("_id")), str(one.get("_rev"))) for one in documents}
        if self._kept_unacknowledged is not None:
            # what is on a full disk must get off it all the more; this run remembers
            with suppress(DiskFull):
                self._kept_unacknowledged.sending(named)
        self._unacknowledged |= named  # another one: the reader's thread may be looking at it
        try:
            refused = self._target.bulk_docs(documents)
        except Refused as why:
            if why.status not in _PERHAPS_ONE_DOCUMENT:
                raise
            if len(documents) == 1:
                (one,) = named
                self._answered(named)
                return [RefusedDocument(*one, why.error, why.reason)]
            half = len(documents) // 2
            return self._write(documents[:half]) + self._write(documents[half:])
        self._answered(named)
        return refused

    def _answered(self, revisions: Set[tuple[str, str]]) -> None:
        self._unacknowledged -= revisions
        if self._kept_unacknowledged is not None:
            with suppress(DiskFull):  # it is sent once more than it needs to be
                self._kept_unacknowledged.acknowledged(revisions)

    def _note(self, notes: _Notes | None, session: Session, last_seq: Any) -> None:
        if notes is None:
            raise Broken("a step before the checkpoints were read")
        if self._is_live:  # PUT would write over the hole: CouchDB asks for no revision of a note
            self._require_kept(notes)
        notes.write(session, last_seq=last_seq, at=self._now())
        self._noted_seq, self._noted_at = last_seq, self._tick()
        self._after_checkpoint(last_seq)

    def _require_kept(self, notes: _Notes) -> None:
        """Raises `Unavailable` where the target has not the note that we read or wrote last, and so perhaps not what we brought: a
        database that was made anew, from a backup, by another cluster. Both notes are read again then.

        It is asked more than once: a copy that was away may answer with the note of then. A source that lost its own note
        gives all it has from its beginning by itself.
        """
        for delay in (*GIVEN_AFTER_S, 0.0):
            if notes.kept() or self._stopping:
                return
            self._wake.wait(delay)
        raise Unavailable("the other side has another checkpoint than we left there; both are read again")

    # ---- failing

    def _failed(self, state: State, why: SyncError) -> None:
        now = self._now()
        self._tell(
            state=state,
            behind_since=self._status.behind_since or self._status.last_success or now,
            last_error=str(why),
            last_error_at=now,
            failing=True,
        )

    def _pause(self, why: SyncError, failures: int) -> bool:
        """Whether it was woken."""
        retry_after_s = why.retry_after_s if isinstance(why, Unavailable) else None
        woken = self._wake.wait(delay_s(failures, jitter=self._jitter(), retry_after_s=retry_after_s))
        self._wake.clear()
        return woken


def delay_s(failures: int, *, jitter: float, retry_after_s: float | None = None) -> float:
    """How long to wait after so many failures in a row: 1 s, 2 s, 4 s … 30 s.

    `jitter` in [0, 1) shortens it by up to a half, so that nodes do not all come back at once. What the
    other side asks for (`Retry-After`) is respected, up to the same 30 s, and made longer by up to a half: it says the same to all.
    """
    delay = min(FIRST_DELAY_S * 2.0 ** min(failures - 1, 10), LONGEST_DELAY_S) * (1 - jitter / 2)
    return max(delay, min((retry_after_s or 0) * (1 + jitter / 2), LONGEST_DELAY_S))


class _Passed:
    """Where a source was since there was last nothing to read. One place is remembered, and another one after twice as many as
    before (Brent): whoever goes round passes it again, and millions of pages take no memory."""

    def __init__(self) -> None:
        self._mark, self._steps, self._until_next = b"", 0, 1

    def before(self, seq: bytes) -> bool:
        """Whether this place was passed before; maybe noticed some rounds later."""
        if seq == self._mark:
            return True
        self._steps += 1
        if self._steps == self._until_next:
            self._mark, self._steps, self._until_next = seq, 0, 2 * self._until_next
        return False


class _Hands(NamedTuple):
    reader: Executor
    writer: Executor


class _Ahead(NamedTuple):
    """A page of changes that is being read."""

    limit: int
    read: Future[ChangesPage]


class _Written(NamedTuple):
    """The session's counters with a page that has been written, and the seconds that took."""

    docs_written: int
    doc_write_failures: int
    write_s: float


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that is being written, and noted."""

    page: ChangesPage
    revisions: frozenset[tuple[str, str]]
    read_s: float
    written: Future[_Written]


class _Notes:
    """The checkpoint documents on both sides, each with a history of its own.

    Where a node's disk was copied, central's note tells of both. The source's must not: the copy would take for its own
    what the original has brought.
    """

    def __init__(self, source: Peer, target: Peer, *, node_id: str) -> None:
        self._source = source
        self._target = target
        self._id = replication_id(node_id=node_id, source_id=source.peer_id(), target_id=target.peer_id())
        self._history: dict[Peer, list[Json]] = {}
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
        self._history = {self._source: history_of(source), self._target: history_of(target)}
        return agreed_seq(source, target)

    def write(self, session: Session, *, last_seq: Any, at: datetime) -> None:
        def put(peer: Peer) -> None:
            self._put(peer, session.note(last_seq=last_seq, at=at, history=self._history[peer]))

        if self._source_notes:
            try:
                put(self._source)
            except Refused:
                self._source_notes = False
        put(self._target)

    def kept(self) -> bool:
        """Whether the target has the note that was read or written last; or still none."""
        return _rev(self._target.get_local(self._id)) == self._revs[self._target]

    def _put(self, peer: Peer, note: Json) -> None:
        rev = self._revs[peer]
        try:
            self._revs[peer] = peer.put_local(self._id, note if rev is None else {**note, "_rev": rev})
        except Conflict as why:
            # an answer that was lost, a copy of this node that runs too: both notes are read again
            raise Unavailable("the checkpoint was written by somebody else; it is read again") from why


def _rev(note: Json | None) -> str | None:
    return None if note is None else str(note.get("_rev"))
