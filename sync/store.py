"""The document store: one CouchDB database in the tables of one SQLite file.

Everything that changes documents goes through `Store.write`; DESIGN.md tells its steps. Reading never
waits for it. Sequences are integers in here and `"<n>-<epoch>"` outside (`Store.outer_seq`).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from sync import rows, tables
from sync.compaction import Compaction
from sync.contents import Contents, Staging, unpacked
from sync.documents import (
    LOCAL,
    Attachment,
    Incoming,
    Json,
    Stored,
    body_bytes,
    dump,
    load,
    parse_document,
    render,
)
from sync.errors import BadRequest, NotFound
from sync.pace import Hold
from sync.revisions import Rev, Tree, parse_rev
from sync.rows import SUMMARY, Summary, marks, stored_of, summary_of
from sync.sqlite import Connection, SqliteFile
from sync.writing import Arrived, Outcome, WriteRules, Writing

MayLeave: TypeAlias = Callable[[Stored], bool]

HOLD_S = 0.02
"""So long do copies keep the writer from somebody who waits: whoever presses save at a counter."""
_OUTER_SEQ = re.compile(r"([0-9]{1,18})-([0-9a-f]+)")
_BEYOND = 2**63 - 1  # no sequence comes so far
_LOCAL_REV = re.compile(r"0-([0-9]{1,15})")


@dataclass(frozen=True, slots=True)
class Info:
    """Counts of documents, deleted ones apart, and the sequence of the newest change."""

    doc_count: int
    doc_del_count: int
    seq: int


class Wanted(NamedTuple):
    """One entry of `_bulk_get`; without `rev`, all leaves."""

    id: str
    rev: str | None = None


class Got(NamedTuple):
    """One answer to it, rendered: the document, or `error` and `reason`."""

    id: str
    rev: str
    document: bytes | None
    error: str | None = None
    reason: str | None = None


class Opened(NamedTuple):
    """One answer to it: the revision, with its history if that was asked for; or `error` and `reason`."""

    id: str
    rev: str
    stored: Stored | None = None
    history: list[Rev] | None = None
    error: str | None = None
    reason: str | None = None


class _Life:
    """What all views of one open store share: how far it has come, and whether it goes on."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.listeners: tuple[Callable[[], None], ...] = ()
        self.closed = False
        self.published = 0


class Store:
    """`new_id` gives 32 hex digits; `rules` and `arrived` are told in `sync.writing`.

    `may_leave` is asked about each revision that is read; one that may not leave is missing to whoever reads, unless
    he reads `for_others=False`. Feeds and lists name it all the same. `tick`: seconds that only grow.

    `prefix` of its tables: by default its name, which must then be fit for one. Only one process opens a store,
    and has a lock for it: opening takes away what uploads left that a crash has ended. `reading`: a store that another
    process has open, and in which nothing is written here.
    """

    def __init__(
        self,
        file: SqliteFile,
        name: str,
        *,
        new_id: Callable[[], str],
        rules: WriteRules | None = None,
        arrived: Arrived | None = None,
        may_leave: MayLeave | None = None,
        prefix: str | None = None,
        tick: Callable[[], float] = time.monotonic,
        reading: bool = False,
    ) -> None:
        self.name = name
        self.file = file
        self._p = tables.checked_prefix(prefix or name)
        self._rules = rules
        self._arrived = arrived
        self._may_leave = may_leave
        self._contents = Contents(self._p)
        self._life = _Life()
        self._hold, self._tick = Hold(HOLD_S), tick
        self._compacting = threading.Lock()
        if not reading:
            with file.write() as connection:
                tables.create(connection, self._p, epoch=new_id()[:16])
                self._contents.sweep(connection)
        with file.read() as connection:
            row = connection.execute(f"SELECT epoch, seq FROM {self._p}_meta").fetchone()
        self.epoch: str = row[0]
        self._life.published = row[1]

    def seen_by(self, may_leave: MayLeave) -> Store:
        """The same store as somebody sees it who may not have everything: of what may leave, that."""
        seen = copy(self)
        before = self._may_leave
        seen._may_leave = may_leave if before is None else lambda stored: before(stored) and may_leave(stored)
        return seen

    def is_same(self, other: Store | None) -> bool:
        """Whether two are one open store, whoever sees it."""
        return other is not None and self._life is other._life

    # ---- sequences

    def seq(self) -> int:
        """The last sequence; inside `file.write()` with what this transaction has written."""
        seq: int = self._meta("seq")
        return seq

    def outer_seq(self, seq: int) -> str:
        """As others see it, with the epoch of this store: "42-…"."""
        return f"{seq}-{self.epoch}"

    def inner_seq(self, outer: object) -> int:
        """A sequence that came in: ours, or 0 (from the start) for one of another epoch or time.

        Raises `BadRequest` for what never was a sequence of a store like this.
        """
        if outer in ("0", 0):
            return 0
        match = _OUTER_SEQ.fullmatch(outer) if isinstance(outer, str) else None
        if match is None:
            raise BadRequest("Malformed sequence supplied in 'since' parameter.")
        seq = int(match[1])
        # beyond our own last sequence: given out by a life of this file that a restore took back
        return seq if match[2] == self.epoch and seq <= self.seq() else 0

    def wait(self, since: int, timeout_s: float, *, unless: Callable[[], bool] = lambda: False) -> bool:
        """Wait until something after `since` is committed: True; or for `timeout_s`, `wake()`, close: False."""
        with self._life.changed:
            self._life.changed.wait_for(
                lambda: self._life.published > since or self._life.closed or unless(), timeout=timeout_s
            )
            return self._life.published > since

    def wake(self) -> None:
        """Make every `wait` look at its `unless` again, and tell all listeners."""
        with self._life.changed:
            self._life.changed.notify_all()
            listeners = self._life.listeners
        for listener in listeners:
            listener()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every commit that changed documents and when the store closes.

        It is called in whatever thread did so, and must be quick. Returns what ends it.
        """
        with self._life.changed:
            self._life.listeners = (*self._life.listeners, listener)

        def end() -> None:
            with self._life.changed:
                self._life.listeners = tuple(one for one in self._life.listeners if one is not listener)

        return end

    @property
    def published(self) -> int:
        """The last sequence that feeds were told of; unlike `seq()` no query."""
        return self._life.published

    @property
    def closed(self) -> bool:
        """Whether it was shut; for whoever sees the same open store."""
        return self._life.closed

    def close(self) -> None:
        """End all feeds. The file is the caller's, and stays open."""
        self.shut()
        self.wake()

    def shut(self) -> None:
        """As `close`, but that those who wait are told by the next `wake()`."""
        self._life.closed = True

    def info(self) -> Info:
        """Documents, deleted ones, and the newest sequence."""
        with self.file.read() as connection:
            return Info(
                *connection.execute(f"SELECT doc_count, doc_del_count, seq FROM {self._p}_meta").fetchone()
            )

    # ---- writing

    def bulk_docs(
        self, documents: Sequence[Json], *, new_edits: bool = True, source: str | None = None
    ) -> list[Outcome]:
        """Write documents, each by itself accepted or not, all in one transaction; one outcome each, in order.

        `source` says who brought them (None: this node itself). Raises `BadRequest` if one is malformed
        and `MissingStub`; then nothing is written. Only copies that somebody brought may become several transactions:
        every 20 ms they make way for whoever wants to write something of this node's own.
        """
        return self.write([parse_document(one) for one in documents], new_edits=new_edits, source=source)

    def write(
        self, incoming: Sequence[Incoming], *, new_edits: bool, source: str | None = None
    ) -> list[Outcome]:
        """What came of each, in their order, durable when this returns; in several transactions where there
        are many.
        """
        if not new_edits and not all(one.path for one in incoming):
            raise BadRequest("When `new_edits: false`, the document needs `_rev` or `_revisions` specified")
        outcomes: list[Outcome] = []
        while True:
            self._write(incoming, outcomes, new_edits=new_edits, source=source)
            if len(outcomes) == len(incoming):
                return outcomes

    def _write(
        self, incoming: Sequence[Incoming], outcomes: list[Outcome], *, new_edits: bool, source: str | None
    ) -> None:
        """One transaction, that goes on where `outcomes` ends: to the end, or until somebody else wants to write."""
        brought = source is not None and not new_edits
        with self.file.write(patient=brought) as connection:
            done: list[Outcome] = []
            rest = incoming[len(outcomes) :]
            while True:
                some = rest[len(done) : len(done) + self._hold.size] if brought else rest
                began = self._tick()
                done += self._run(connection, some, new_edits=new_edits, source=source)
                self._hold.took(len(some), self._tick() - began)
                if len(done) == len(rest) or self.file.is_wanted:
                    break
        outcomes += done

    def _run(
        self, connection: Connection, incoming: Sequence[Incoming], *, new_edits: bool, source: str | None
    ) -> list[Outcome]:
        writing = Writing(connection, self._p, self._contents, source=source)
        outcomes = writing.run(incoming, new_edits=new_edits, rules=self._rules)
        if self._arrived is not None and (arrivals := writing.arrivals()):
            self._arrived(connection, arrivals)
        if writing.last_seq is not None:
            seq = writing.last_seq
            self.file.after_commit(lambda: self._publish(seq))
        return outcomes

    def put(
        self,
        document: Json,
        *,
        doc_id: str | None = None,
        new_edits: bool = True,
        source: str | None = None,
    ) -> Rev:
        """Write one document; a refusal is raised: `Conflict`, `Forbidden`, `BadRequest`, `MissingStub`."""
        incoming = parse_document(document, doc_id=doc_id)
        (outcome,) = self.write([incoming], new_edits=new_edits, source=source)
        return outcome.saved()

    def _publish(self, seq: int) -> None:
        with self._life.changed:
            self._life.published = max(self._life.published, seq)
        self.wake()

    # ---- forgetting

    def purge(self, wanted: Mapping[str, Sequence[str]], *, scrub: bool = True) -> dict[str, list[str]]:
        """Forget leaves for good, as if they had never come; returns those that were there.

        Not an edit: it does not replicate, and a peer that still has them may bring them again. Of their
        content no byte stays in the file once the outermost transaction is done (`SqliteFile.scrub`, which
        may raise `Unavailable` then: all is purged, and asking again scrubs again); without `scrub`, when
        SQLite gets to it.
        """
        asked = {doc_id: [parse_rev(rev) for rev in revs] for doc_id, revs in wanted.items()}
        with self.file.write() as connection:
            writing = Writing(connection, self._p, self._contents, source=None)
            purged = writing.purge(asked)
            if writing.last_seq is not None:
                seq = writing.last_seq
                self.file.after_commit(lambda: self._publish(seq))
            if scrub:
                self.file.after_commit(self.file.scrub)
        return {doc_id: [str(rev) for rev in revs] for doc_id, revs in purged.items()}

    def compact(self) -> None:
        """Forget the bodies of all revisions that are no leaf, and attachments that nobody holds.

        In short transactions, so that others write in between; at once if it runs already. What it has not
        done when it is stopped, the next run does.
        """
        if not self._compacting.acquire(blocking=False):
            return
        try:
            Compaction(self.file, self._p, self._contents).run(stopped=lambda: self._life.closed)
            self.file.scrub()
        finally:
            self._compacting.release()

    def strip(self, doc_id: str) -> int:
        """Forget the bodies of the revisions of one document that have a child; how many. As `compact`, at once.

        The bytes are gone from the file after `SqliteFile.scrub`.
        """
        with self.file.write() as connection:
            number = self.summary(doc_id).number
            return Compaction(self.file, self._p, self._contents).strip(connection, number - 1, number)

    def tell_again(self, ids: Sequence[str]) -> dict[str, int]:
        """Give documents that are here new sequences, as if they had changed just now; by id, those.

        Who follows a part of this database by a filter is past them, and did not need them then. They have no new
        revision, so who has them fetches nothing.
        """
        with self.file.write() as connection:
            (seq,) = connection.execute(f"SELECT seq FROM {self._p}_meta").fetchone()
            told: dict[str, int] = {}
            for doc_id in ids:
                if connection.execute(
                    f"UPDATE {self._p}_doc SET seq = ? WHERE id = ?", (seq + 1, doc_id)
                ).rowcount:
                    seq += 1
                    told[doc_id] = seq
            connection.execute(
                f"UPDATE {self._p}_meta SET seq = ?, told_again = told_again + ?", (seq, len(told))
            )
            self.file.after_commit(lambda: self._publish(seq))
        return told

    # ---- settings of the database

    def purge_seq(self) -> int:
        """How many revisions were purged so far."""
        return int(self._meta("purge_seq"))

    def revs_limit(self) -> int:
        """How many revisions back the history of each leaf goes."""
        return int(self._meta("revs_limit"))

    def set_revs_limit(self, limit: int) -> None:
        """How many revisions back the history of each leaf goes; older documents are cut when they change."""
        if limit < 1:
            raise BadRequest("`revs_limit` must be at least 1")
        self._set_meta("revs_limit", limit)

    def security(self) -> Json:
        """The `_security` object; empty if it was never set. Whoever serves the store obeys it."""
        told = self._meta("security")
        security: Json = {} if told is None else load(told.encode())
        return security

    def set_security(self, security: Json) -> None:
        """Replaces it whole; what it says is not judged here."""
        self._set_meta("security", dump(security).decode())

    def _meta(self, column: str) -> Any:
        with self.file.read() as connection:
            return connection.execute(f"SELECT {column} FROM {self._p}_meta").fetchone()[0]

    def _set_meta(self, column: str, value: object) -> None:
        with self.file.write() as connection:
            connection.execute(f"UPDATE {self._p}_meta SET {column} = ?", (value,))

    # ---- reading

    def get(self, doc_id: str, rev: str | None = None) -> Json:
        """The document as it is here, attachments as stubs. Raises `NotFound`."""
        with self.file.read():
            stored = self.revision(doc_id, parse_rev(rev) if rev else None, for_others=False)
            document: Json = load(render(stored))
            return document

    def summary(self, doc_id: str) -> Summary:
        """Raises `NotFound("missing")`; a deleted document has a summary."""
        found = self.summaries([doc_id]).get(doc_id)
        if found is None:
            raise NotFound("missing")
        return found

    def summaries(self, ids: Iterable[str]) -> dict[str, Summary]:
        """By id; those that are not here are left out, those that are deleted are not."""
        with self.file.read() as connection:
            return rows.summaries(connection, self._p, list(ids))

    def tree(self, summary: Summary) -> Tree:
        """All that is known of the document's revisions."""
        with self.file.read() as connection:
            return rows.trees(connection, self._p, [summary.number])[summary.number]

    def revision(self, doc_id: str, rev: Rev | None = None, *, for_others: bool = True) -> Stored:
        """One stored revision, by default the winner. Raises `NotFound`: `missing`, or `deleted`."""
        with self.file.read() as connection:
            summary = self.summary(doc_id)
            if rev is None and summary.deleted:
                raise NotFound("deleted")
            at = rev or summary.winner
            stored = rows.revision(connection, self._p, doc_id, summary.number, at)
            if stored is None or (for_others and not self._leaves(stored)):
                raise NotFound("missing")
            return stored

    def _leaves(self, stored: Stored) -> bool:
        return self._may_leave is None or self._may_leave(stored)

    def winners(self, ids: Iterable[str], *, for_others: bool = True) -> dict[str, Stored]:
        """The winning revisions of documents, tombstones included; what is not here (for others) is left out."""
        wanted = list(ids)
        with self.file.read() as connection:
            found = rows.where_in(
                connection,
                "SELECT d.id, r.generation, r.hash, r.deleted, r.parent, r.body, r.attachments"
                f" FROM {self._p}_doc d JOIN {self._p}_rev r"
                " ON r.doc = d.number AND r.generation = d.generation AND r.hash = d.hash WHERE d.id IN",
                wanted,
            )
            winners = {row[0]: stored_of(row) for row in found}
        if self._may_leave is None or not for_others:
            return winners
        return {doc_id: stored for doc_id, stored in winners.items() if self._may_leave(stored)}

    def contents(self, stored: Stored) -> dict[int, bytes]:
        """The bytes of all attachments of a revision, for `render`."""
        with self.file.read():
            return {one.content: b"".join(self.attachment(one)) for one in stored.attachments}

    def attachment(self, one: Attachment) -> Iterator[bytes]:
        """The bytes of an attachment, unpacked, piece by piece, each read in a transaction of its own."""
        return self.stored_bytes(one) if one.gzipped is None else unpacked(self.stored_bytes(one))

    def stored_bytes(self, one: Attachment, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes [start, stop) as they are stored: a gzip, where they came as one."""
        end = one.stored_length if stop is None else stop
        at = start
        while at < end:
            with self.file.read() as connection:
                piece = self._contents.piece_from(connection, one.content, one.digest, at)
            piece = piece[: end - at]
            at += len(piece)
            yield piece

    def staging(self) -> Staging:
        """Where a request lays down streams before it writes the document that names them."""
        return Staging(self.file, self._contents)

    def revs_diff(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, Json]:
        """`{id: {"missing": [rev], "possible_ancestors": [rev]?}}`, without ids that miss nothing."""
        asked = {doc_id: [parse_rev(text) for text in revs] for doc_id, revs in wanted.items()}
        with self.file.read() as connection:
            known = rows.summaries(connection, self._p, list(asked))
            unsure = [
                known[doc_id].number
                for doc_id, revs in asked.items()
                if doc_id in known and any(rev != known[doc_id].winner for rev in revs)
            ]
            trees = rows.trees(connection, self._p, unsure)
        diff: dict[str, Json] = {}
        for doc_id, revs in asked.items():
            summary = known.get(doc_id)
            if summary is None:
                if revs:
                    diff[doc_id] = {"missing": [str(rev) for rev in revs]}
                continue
            tree = trees.get(summary.number)
            if tree is None:
                continue  # only the winner was asked for, and it is here
            missing = [rev for rev in revs if rev not in tree.nodes]
            if missing:
                diff[doc_id] = {"missing": [str(rev) for rev in missing]}
                ancestors = [str(rev) for rev in tree.possible_ancestors(missing)]
                if ancestors:
                    diff[doc_id]["possible_ancestors"] = ancestors
        return diff

    def bulk_get(
        self, wanted: Sequence[Wanted], *, revs: bool = False, latest: bool = False, attachments: bool = False
    ) -> list[list[Got]]:
        """For each entry its answers, in order: one, or one for each leaf where no revision was named
        or, with `latest`, where the named one has grown into several."""
        with self.file.read():
            opened = self.open_revs(wanted, revs=revs, latest=latest)
            return [[self._got(one, attachments=attachments) for one in answers] for answers in opened]

    def _got(self, one: Opened, *, attachments: bool) -> Got:
        if one.stored is None:
            return Got(one.id, one.rev, None, one.error, one.reason)
        contents = self.contents(one.stored) if attachments else None
        return Got(one.id, one.rev, render(one.stored, history=one.history, contents=contents))

    def open_revs(
        self, wanted: Sequence[Wanted], *, revs: bool = False, latest: bool = False
    ) -> list[list[Opened]]:
        """The same, not rendered yet; with their histories if `revs`."""
        with self.file.read() as connection:
            summaries = self.summaries(one.id for one in wanted)
            winners = self.winners(summaries)
            with_history = [
                one.number
                for one in summaries.values()
                if one.id in winners and winners[one.id].parent is not None
            ]
            trees = rows.trees(connection, self._p, with_history) if revs else None
            return [
                self._opened(one, summaries.get(one.id), winners, trees=trees, latest=latest)
                for one in wanted
            ]

    def _opened(
        self,
        wanted: Wanted,
        summary: Summary | None,
        winners: Mapping[str, Stored],
        *,
        trees: Mapping[int, Tree] | None,
        latest: bool,
    ) -> list[Opened]:
        """`trees`: those that there may be a history in, by document number; None: no history is asked for."""
        try:
            named = None if wanted.rev is None else parse_rev(wanted.rev)
        except BadRequest as why:
            return [Opened(wanted.id, str(wanted.rev), error=why.error, reason=why.reason)]
        if summary is None:
            return [Opened(wanted.id, wanted.rev or "undefined", error="not_found", reason="missing")]
        answers = []
        for rev in self._grown(summary, named, latest=latest):
            stored = winners.get(wanted.id)
            try:
                if stored is None or rev != stored.rev:
                    stored = self.revision(wanted.id, rev)
            except NotFound as why:
                answers.append(Opened(wanted.id, str(rev), error=why.error, reason=why.reason))
                continue
            history = None if trees is None else self.history(summary, stored, tree=trees.get(summary.number))
            answers.append(Opened(wanted.id, str(rev), stored, history))
        return answers

    def _grown(self, summary: Summary, named: Rev | None, *, latest: bool) -> list[Rev]:
        leaves = [leaf.rev for leaf in summary.leaves]
        if named is None:
            return leaves if len(leaves) == 1 else self.tree(summary).branches()
        if not latest or named in leaves:
            return [named]
        tree = self.tree(summary)
        return tree.leaves_from(named) if named in tree.nodes else [named]

    def history(self, summary: Summary, stored: Stored, *, tree: Tree | None = None) -> list[Rev]:
        """As far back as `revs_limit` lets it go: what lies behind leaves with the next edit."""
        if stored.parent is None:
            return [stored.rev]
        return (tree or self.tree(summary)).history(stored.rev)[: self.revs_limit()]

    # ---- feeds and lists

    def changes(
        self,
        since: int = 0,
        *,
        limit: int | None = None,
        descending: bool = False,
        before: int | None = None,
        doc_ids: Sequence[str] | None = None,
    ) -> list[Summary]:
        """Documents in the order of their last change: after `since`, or backwards from `before` or the newest."""
        where, bound = ("seq < ?", before or _BEYOND) if descending else ("seq > ?", since)
        if doc_ids is not None:
            where += f" AND id IN ({marks(doc_ids)})"
        with self.file.read() as connection:
            found = connection.execute(
                f"SELECT {SUMMARY} FROM {self._p}_doc WHERE {where}"
                f" ORDER BY seq {'DESC' if descending else 'ASC'} LIMIT ?",
                [bound, *(doc_ids or ()), -1 if limit is None else limit],
            )
            return [summary_of(row) for row in found]

    def pending(self, since: int, *, doc_ids: Sequence[str] | None = None) -> int:
        """How many documents have changed after `since`."""
        where, values = "seq > ?", [since, *(doc_ids or ())]
        if doc_ids is not None:
            where += f" AND id IN ({marks(doc_ids)})"
        with self.file.read() as connection:
            count: int = connection.execute(
                f"SELECT count(*) FROM {self._p}_doc WHERE {where}", values
            ).fetchone()[0]
            return count

    def all_docs(
        self,
        *,
        startkey: str | None = None,
        inclusive_start: bool = True,
        endkey: str | None = None,
        inclusive_end: bool = True,
        descending: bool = False,
        limit: int | None = None,
        skip: int = 0,
    ) -> list[Summary]:
        """Live documents by the bytes of their ids, from `startkey` to `endkey` in the direction asked for."""
        where, values = ["deleted = 0"], []
        forwards, backwards = ("<", ">") if descending else (">", "<")
        if startkey is not None:
            where.append(f"id {forwards}{'=' if inclusive_start else ''} ?")
            values.append(startkey)
        if endkey is not None:
            where.append(f"id {backwards}{'=' if inclusive_end else ''} ?")
            values.append(endkey)
        with self.file.read() as connection:
            found = connection.execute(
                f"SELECT {SUMMARY} FROM {self._p}_doc WHERE {' AND '.join(where)}"
                f" ORDER BY id {'DESC' if descending else 'ASC'} LIMIT ? OFFSET ?",
                [*values, -1 if limit is None else limit, skip],
            )
            return [summary_of(row) for row in found]

    def count_before(self, key: str, *, descending: bool) -> int:
        """How many live documents an `_all_docs` that starts at `key` leaves behind."""
        with self.file.read() as connection:
            count: int = connection.execute(
                f"SELECT count(*) FROM {self._p}_doc WHERE deleted = 0 AND id {'>' if descending else '<'} ?",
                (key,),
            ).fetchone()[0]
            return count

    # ---- _local: a peer's notes, without tree, rules, sequence or replication

    def get_local(self, local_id: str) -> Json:
        """`local_id` without `_local/`. Raises `NotFound`."""
        with self.file.read() as connection:
            row = connection.execute(
                f"SELECT generation, body FROM {self._p}_local WHERE id = ?", (local_id,)
            ).fetchone()
        if row is None:
            raise NotFound("missing")
        members: Json = load(row[1])
        return {"_id": LOCAL + local_id, "_rev": f"0-{row[0]}", **members}

    def local_docs(self) -> list[Json]:
        """All of them, in the order of their ids' bytes."""
        with self.file.read() as connection:
            found = connection.execute(
                f"SELECT id, generation, body FROM {self._p}_local ORDER BY id"
            ).fetchall()
        return [
            {"_id": LOCAL + local_id, "_rev": f"0-{number}", **load(body)} for local_id, number, body in found
        ]

    def put_local(self, local_id: str, document: object) -> str:
        """Write it over whatever is there, as CouchDB does; returns the new `0-N`."""
        if not isinstance(document, dict):
            raise BadRequest("Document must be a JSON object")
        if document.get("_deleted") is True:
            self.delete_local(local_id)
            return "0-0"
        before = _local_generation(document.get("_rev"))
        with self.file.write() as connection:
            connection.execute(
                f"INSERT INTO {self._p}_local VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET generation = excluded.generation, body = excluded.body",
                (local_id, before + 1, body_bytes(document)),
            )
        return f"0-{before + 1}"

    def delete_local(self, local_id: str) -> None:
        """Raises `NotFound`."""
        with self.file.write() as connection:
            gone = connection.execute(f"DELETE FROM {self._p}_local WHERE id = ?", (local_id,)).rowcount
            if not gone:
                raise NotFound("missing")


def _local_generation(rev: object) -> int:
    if rev is None:
        return 0
    match = _LOCAL_REV.fullmatch(rev) if isinstance(rev, str) else None
    if match is None:
        raise BadRequest("Invalid rev format")
    return int(match[1])
