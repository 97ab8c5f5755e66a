"""What leaves an edge, and when: nothing that central has not said it holds. docs/decisions/0030.

A stream leaves when it is over for longer than the window, and for no other reason while the machine's card stays as it
is; when the card loses an agency, or the machine retires, when it is no longer its to read. Either way it must be
whole here, uncontested, understood, and every act in it must be held by central: by the road here, and by central's own
sealed word. For what is merely old that word has to be a week old, so that central has backups of it.

Documents, tables and the paper's text go in one transaction, stream by stream. What was merely old is remembered by the
first 8 bytes of its hashes, so that a neighbour with another day mark brings nothing back; a really new act of such a
stream comes in, and the rest of the stream after it. Visits leave seven days after theirs; their names say which it was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from edge.acks import AckBook
from edge.archive import Archive
from edge.clock import Clock
from edge.database import NodeFile
from edge.ledger import CLOSED
from edge.projector import Projector
from edge.redaction import SCRUB_DUE
from edge.tables.departed import Departed, DepartedFile
from edge.tables.exchange import Brought
from edge.tables.node import Fact
from edge.tables.people import DraftRow
from edge.tables.streams import FileRow
from edge.unacknowledged import Unacknowledged
from edge.visits import Visits
from edge.window import LEFT_BY, Window
from printing import spool
from printing.spool import SETTLED, Also, PrintJob
from schemas.acks import Acks
from schemas.catalog import Catalog
from schemas.events import moment, timestamp
from schemas.scopes import KEPT, NOBODYS, VISITS_KEPT, Scope
from sync.errors import Unavailable
from sync.rows import where_in
from sync.sqlite import Connection
from sync.store import Store

AT_ONCE: Final = 200
"""Streams that leave in one turn: others write in between."""
BROUGHT_KEPT: Final = timedelta(days=7)
"""So long does stay what somebody has asked for from outside the window."""
_PREFIX: Final = 8
_EACH_SET_OF_AGENCIES: Final = """
    WITH RECURSIVE found(agencies) AS (
        SELECT min(agencies) FROM stream
        UNION ALL
        SELECT (SELECT min(agencies) FROM stream WHERE agencies > found.agencies) FROM found
        WHERE agencies IS NOT NULL
    )
    SELECT agencies FROM found WHERE agencies IS NOT NULL
"""
"""From one to the next in the index, however many dossiers there are: every page asks what is to leave."""

Holds = Callable[[Mapping[str, Sequence[str]]], bool]
"""Whether central misses none of these documents; raises `SyncError` where it cannot be asked."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Farewell:
    """How it stands with what this machine may no longer hold: `unsent` acts are not at central yet, `streams` are
    still here. `closed`: the machine writes no more, and all of it leaves.
    """

    streams: int
    unsent: int
    closed: bool


class Leaving:
    """Of one node. Central keeps everything."""

    def __init__(
        self,
        file: NodeFile,
        store: Store,
        projector: Projector,
        archive: Archive,
        acks: AckBook,
        window: Window,
        catalog: Catalog,
        visits: Visits,
        clock: Clock,
        *,
        node: str,
    ) -> None:
        self._file, self._store, self._projector, self._archive = file, store, projector, archive
        self._visits, self._unacknowledged = visits, Unacknowledged(file, "files")
        self._acks, self._window, self._catalog, self._clock = acks, window, catalog, clock
        self._node = node
        self._last_tried = ""

    # ---- what may no longer be here

    @property
    def scope(self) -> Scope:
        """What this machine may hold now: nothing, once it has written its last act or its card was withdrawn."""
        card = self._catalog.latest.card(self._node)
        if self._is_closed() or card is None or not card.opens:
            return Scope(dossiers=False)
        return self._window.own

    def farewell(self) -> Farewell | None:
        """What the pages show while something leaves because the machine may not hold it any more."""
        if self._node == self._catalog.centre:
            return None
        with self._file.read() as connection:
            streams = self._foreign(connection)
            unsent = sum(
                1
                for _ in where_in(
                    connection,
                    "SELECT 1 FROM delivery WHERE own = 1 AND centre_at IS NULL AND stream IN",
                    streams,
                )
            )
        return Farewell(len(streams), unsent, self._is_closed()) if streams else None

    def brought(self, stream: str) -> Brought | None:
        """Who gave a stream that is outside the window, and when, if somebody here has asked for it."""
        with self._file.read():
            row: Brought | None = Brought.get_or_none(Brought.stream == stream)
            return row

    def known(self, ids: Collection[str]) -> set[str]:
        """Of these documents those that were here, and have left because they were old."""
        with self._file.read() as connection:
            rows = where_in(
                connection,
                "SELECT stream, hashes FROM departed WHERE over <> '' AND stream IN",
                list(dict.fromkeys(doc_id[:32] for doc_id in ids)),
            )
            left = {stream: _prefixes(bytes(hashes)) for stream, hashes in rows}
        return {one for one in ids if one[:32] in left and _prefix(one[33:]) in left[one[:32]]}

    # ---- leaving

    def turn(self, centre_holds: Holds | None = None) -> int:
        """Let some of what may leave leave; how many streams did. `centre_holds`: for files, while central is reached.

        Raises `Unavailable`.
        """
        if self._node == self._catalog.centre:
            return 0
        gone = self._let_go_of_what_is_foreign() + self._let_go_of_what_is_old()
        self._let_go_of_visits()
        if centre_holds is not None:
            self._let_go_of_files(centre_holds)
        return gone

    def _let_go_of_what_is_old(self) -> int:
        settled, mark = self._acks.settled(), self._acks.mark()
        if settled is None or mark is None:
            return 0
        gone, after = self._let_go_of_what_was_brought(settled), ("", "")
        while gone < AT_ONCE:
            with self._file.read() as connection:
                found = connection.execute(
                    "SELECT over, stream FROM stream WHERE over <> '' AND over < ? AND (over, stream) > (?, ?)"
                    " ORDER BY over, stream LIMIT ?",
                    ((mark - KEPT).isoformat(), *after, AT_ONCE),
                ).fetchall()
            if not found:
                break
            gone += sum(self._let_go(stream, settled, over=over) for over, stream in found)
            after = tuple(found[-1])
        return gone

    def _let_go_of_visits(self) -> None:
        """Those of days that are past for longer than visits are kept."""
        settled, mark = self._acks.settled(), self._acks.mark()
        if settled is not None and mark is not None:
            for paper in self._visits.let_go(mark - VISITS_KEPT, settled):
                paper.unlink(missing_ok=True)

    def _let_go_of_what_was_brought(self, settled: Acks) -> int:
        """It came lately, but it has been over for long."""
        before = timestamp(self._clock() - BROUGHT_KEPT)
        with self._file.read() as connection:
            found = connection.execute(
                "SELECT s.over, s.stream FROM brought b JOIN stream s ON s.stream = b.stream"
                " WHERE b.at < ? AND s.over <> '' LIMIT ?",
                (before, AT_ONCE),
            ).fetchall()
        return sum(self._let_go(stream, settled, over=over) for over, stream in found)

    def _let_go_of_what_is_foreign(self) -> int:
        newest = self._acks.newest()
        if newest is None or newest.node != self._catalog.centre:
            return 0
        with self._file.read() as connection:
            streams = self._foreign(connection)
        # each time from where the last turn ended: those before may wait for long, for central or for the desk
        later = [one for one in streams if one > self._last_tried]
        turn = (later + streams[: len(streams) - len(later)])[:AT_ONCE]
        self._last_tried = turn[-1] if turn else ""
        gone = sum(self._let_go(stream, newest, over="") for stream in turn)
        if gone:
            _log.info("%d dossiers left: the card here is no longer of their agencies", gone)
        return gone

    def _foreign(self, connection: Connection) -> list[str]:
        """The streams here that this machine may not hold. One of which nothing is known yet may be its own."""
        scope = self.scope
        if scope.is_whole:
            return []
        foreign = [
            agencies
            for (agencies,) in connection.execute(_EACH_SET_OF_AGENCIES).fetchall()
            if agencies and not scope.has(agencies.split()) and not (scope.dossiers and agencies == NOBODYS)
        ]
        rows = where_in(connection, "SELECT stream FROM stream WHERE agencies IN", foreign)
        return sorted(stream for (stream,) in rows)

    def _let_go(self, stream: str, acks: Acks, *, over: str) -> bool:
        """One stream, whole or not at all; whether it has left."""
        with self._file.write() as connection:
            rows = connection.execute(
                "SELECT e.node, e.seq, e.kind, e.at, e.hash, d.centre_at FROM event e"
                " LEFT JOIN delivery d ON d.hash = e.hash WHERE e.stream = ? ORDER BY e.seq",
                (stream,),
            ).fetchall()
            documents = self._store.all_docs(startkey=f"{stream}:", endkey=f"{stream}:~")
            held = all(at is not None and seq <= acks.upto("dossiers", node) for node, seq, *_, at in rows)
            if not held or len(documents) != len(rows) or self._is_kept(connection, stream, over):
                return False
            files = [row.file for row in FileRow.select(FileRow.file).where(FileRow.stream == stream)]
            number = connection.execute("SELECT number FROM dossier WHERE stream = ?", (stream,)).fetchone()
            before = Departed.get_or_none(Departed.stream == stream)
            own = {tuple(one) for one in msgspec.json.decode(before.own)} if before is not None else set()
            own |= {(seq, kind, at) for node, seq, kind, at, *_ in rows if node == self._node}
            Departed.insert(
                stream=stream,
                number=number[0] if number and over else "",
                over=over,
                at=timestamp(self._clock()),
                hashes=b"".join(_prefix(row[4]) for row in rows) if over else b"",
                own=msgspec.json.encode(sorted(own)).decode(),
            ).on_conflict_replace().execute()
            for file in files:
                DepartedFile.insert(file=file).on_conflict_ignore().execute()
            Brought.delete().where(Brought.stream == stream).execute()
            papers = spool.forget(stream)
            DraftRow.delete().where(
                DraftRow.path.contains(stream) | DraftRow.fields.contains(stream)
            ).execute()
            if not over:  # should the machine have it again, all of it is read anew
                entry = str(self._catalog.latest.card_entry(self._node))
                Fact.insert(key=LEFT_BY, value=entry).on_conflict_replace().execute()
                Fact.insert(key=SCRUB_DUE, value="1").on_conflict_replace().execute()
            self._store.purge(
                {one.id: [str(leaf.rev) for leaf in one.leaves] for one in documents}, scrub=False
            )
            self._projector.remove(connection, stream)
        for paper in papers:
            paper.unlink(missing_ok=True)
        return True

    def _is_kept(self, connection: Connection, stream: str, over: str) -> bool:
        """For a paper that is still to be printed; and for who has asked for it not long ago."""
        if not over:
            return False
        of_it = (PrintJob.stream == stream) | PrintJob.id.in_(
            Also.select(Also.job).where(Also.stream == stream)
        )
        if PrintJob.select().where(of_it & PrintJob.state.not_in(SETTLED)).exists():
            return True
        row = Brought.get_or_none(Brought.stream == stream)
        return row is not None and self._clock() - moment(row.at) < BROUGHT_KEPT

    # ---- files

    def _let_go_of_files(self, centre_holds: Holds) -> None:
        """Those that nothing here names any more, and of which central misses no piece."""
        with self._file.read():
            waiting = [row.file for row in DepartedFile.select(DepartedFile.file).limit(AT_ONCE)]
            named = {row.file for row in FileRow.select(FileRow.file).where(FileRow.file.in_(waiting))}
        named |= self._catalog.latest.named_files()
        for file in waiting:
            if file in named or self._forgotten(file, centre_holds):
                with self._file.write():
                    DepartedFile.delete().where(DepartedFile.file == file).execute()

    def _forgotten(self, file: str, centre_holds: Holds) -> bool:
        chunks = {chunk for index in self._archive.lists(file) for chunk in index["chunks"]}
        here = self._archive.store.summaries([file, *chunks])
        if not centre_holds({name: [str(leaf.rev) for leaf in one.leaves] for name, one in here.items()}):
            return False
        # asked last: some may just have gone out
        if any(name in here for name, _ in self._unacknowledged.before()):
            return False
        shared = set().union(
            *(
                chunks & set(index["chunks"])
                for other in self._archive.lists_naming(chunks)
                if other != file
                for index in self._archive.lists(other)
            )
        )
        try:
            self._archive.forget([name for name in here if name not in shared])
        except Unavailable as why:  # it is gone; only a reader still kept bytes in a log
            _log.info("%s: %s", file, why)
        return True

    def _is_closed(self) -> bool:
        with self._file.read():
            return Fact.get_or_none(Fact.key == CLOSED) is not None


def own_acts_that_left(file: NodeFile, after: int) -> Iterator[tuple[int, str, str]]:
    """Number, kind and moment of the acts of this machine's own, after a number, that are not here any more."""
    with file.read():
        rows = list(Departed.select(Departed.own).where(Departed.own != "[]"))
    for row in rows:
        yield from ((seq, kind, at) for seq, kind, at in msgspec.json.decode(row.own) if seq > after)


def _prefix(event_hash: str) -> bytes:
    return bytes.fromhex(event_hash[: 2 * _PREFIX])


def _prefixes(hashes: bytes) -> set[bytes]:
    return {hashes[at : at + _PREFIX] for at in range(0, len(hashes), _PREFIX)}
