"""Who looked at which dossier, when, on which page: a log that stays at this machine, line by line a hash chain.

Each line's hash covers the line before, and every Vietnamese day the machine seals, in an event that goes to central,
up to which line its log reaches and with which hash (`node.day_closed`). Until then its newest line carries the
machine's own seal, here. A line that is changed, left out or put in afterwards breaks the chain; a whole log that is
written anew does not match what was sealed. Whoever has the machine's key and its open disk can still rewrite the lines
of today. A line names the dossier by its stream and nobody outside the office, so that a redaction has nothing to look for here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from edge.clock import Clock
from edge.database import NodeFile
from edge.keys import NodeKeys
from edge.tables.node import Fact
from edge.tables.people import ViewRow
from schemas.acts import Views
from schemas.calendar import VIETNAM
from schemas.canonical import canonical, from_base64, to_base64
from schemas.errors import Malformed
from schemas.events import timestamp
from schemas.seals import holds
from sync.rows import where_in

LISTED: Final = 200
HEAD: Final = "view log head"


@dataclass(frozen=True, slots=True)
class View:
    """One look. `what` is the page or paper: `dossier`, `result`, `slip`, `room`, `return`, `desk`, …"""

    line: int
    at: str
    person: str
    stream: str
    what: str


class ViewLog:
    """The log of one node."""

    def __init__(self, file: NodeFile, clock: Clock, keys: NodeKeys, *, node: str) -> None:
        self._file, self._clock, self._keys, self._node = file, clock, keys, node

    def looked(self, person: str, stream: str, what: str) -> None:
        """Write one line; the page answers after it is durable."""
        self.looked_at_all(person, [stream], what)

    def looked_at_all(self, person: str, streams: Sequence[str], what: str) -> None:
        """A line for each of them, together durable."""
        with self._file.write():
            before = ViewRow.select().order_by(ViewRow.line.desc()).first()
            line, newest = (before.line, before.hash) if before else (0, "")
            at = timestamp(self._clock())
            for stream in streams:
                line += 1
                newest = hash_of(self._node, newest, View(line, at, person, stream, what))
                row = {"line": line, "at": at, "person": person, "stream": stream, "what": what}
                ViewRow.insert(**row, hash=newest).execute()
            seal = to_base64(self._keys.ed25519.sign(_head(self._node, line, newest)))
            Fact.insert(key=HEAD, value=seal).on_conflict_replace().execute()

    def seen_by(self, person: str, streams: Sequence[str]) -> set[str]:
        """Which of these dossiers somebody has looked at here."""
        with self._file.read() as connection:
            # by dossier alone: whoever works here for years has looked at all of them
            found = where_in(
                connection, "SELECT DISTINCT stream, person FROM view_log WHERE stream IN", streams
            )
            return {str(stream) for stream, looked in found if looked == person}

    def sealed_by(self, day: date, before: Views | None) -> Views:
        """What the end of a Vietnamese day seals, after what was sealed before."""
        end = timestamp(datetime.combine(day + timedelta(days=1), time(), VIETNAM))
        done = before.last_line if before else 0
        with self._file.read():
            newest = (
                ViewRow.select()
                .where((ViewRow.line > done) & (ViewRow.at < end))
                .order_by(ViewRow.line.desc())
                .first()
            )
        if newest is None:
            return Views(done, before.last_hash if before else "", 0)
        return Views(newest.line, newest.hash, newest.line - done)

    def days_after(self, line: int) -> list[str]:
        """The moments of the lines after this one, oldest first."""
        with self._file.read():
            rows = ViewRow.select(ViewRow.at).where(ViewRow.line > line).order_by(ViewRow.line)
            return [row.at for row in rows]

    def search(
        self,
        *,
        person: str = "",
        streams: Sequence[str] | None = None,
        since: date | None = None,
        until: date | None = None,
        limit: int = LISTED,
    ) -> tuple[list[View], int]:
        """The looks of a person, at some dossiers, from one Vietnamese day to another; newest first, and how many."""
        wanted = ViewRow.line > 0
        if person:
            wanted &= ViewRow.person == person
        if streams is not None:
            wanted &= ViewRow.stream.in_(list(streams))
        if since is not None:
            wanted &= ViewRow.at >= timestamp(datetime.combine(since, time(), VIETNAM))
        if until is not None:
            wanted &= ViewRow.at < timestamp(datetime.combine(until + timedelta(days=1), time(), VIETNAM))
        with self._file.read():
            found = ViewRow.select().where(wanted)
            rows = list(found.order_by(ViewRow.line.desc()).limit(limit))
            return [View(row.line, row.at, row.person, row.stream, row.what) for row in rows], found.count()

    def why_broken(self, sealed: Iterable[Views]) -> str | None:
        """What is wrong with the log, against itself and against what was sealed of it; None if nothing is."""
        with self._file.read():
            rows = (
                (row.line, row.at, row.person, row.stream, row.what, row.hash)
                for row in ViewRow.select().order_by(ViewRow.line).iterator()
            )
            head = Fact.get_or_none(Fact.key == HEAD)
            seal = head.value if head else None
            return why_broken(self._node, self._keys.seal_key, rows, sealed, seal)


def why_broken(
    node: str,
    key: str,
    rows: Iterable[tuple[Any, ...]],
    sealed: Iterable[Views],
    seal: str | None,
) -> str | None:
    """What is wrong with the log of a machine with this Ed25519 key; None if nothing is.

    `rows`: line, at, person, stream, what, hash, in order. `sealed`: what the ends of days say. `seal`: the machine's,
    on its newest line.
    """
    promised = {one.last_line: one.last_hash for one in sealed if one.last_line}
    expected, prev = 1, ""
    for line, at, person, stream, what, found in rows:
        if line != expected:
            return f"line {expected} is missing"
        if found != hash_of(node, prev, View(line, at, person, stream, what)):
            return f"line {line} was changed"
        if promised.pop(line, found) != found:
            return f"line {line} is not the one that was sealed"
        expected, prev = line + 1, found
    if promised:
        return f"the log ends at line {expected - 1}, and line {max(promised)} was sealed"
    if seal is None:
        return "the log has no seal" if expected > 1 else None
    if not _holds(key, seal, _head(node, expected - 1, prev)):
        return f"line {expected - 1} is not the newest one that was written"
    return None


def _head(node: str, line: int, newest: str) -> bytes:
    """What the machine seals of its newest line."""
    return f"motcua/views/1\n{node}\n{line}\n{newest}".encode()


def _holds(key: str, seal: str, message: bytes) -> bool:
    try:
        return holds(key, from_base64(seal, "seal", 64), message)
    except Malformed:
        return False


def hash_of(node: str, prev: str, view: View) -> str:
    """SHA-256 over the canonical JSON of the line, the node that wrote it, and the hash before it."""
    content = [node, prev, view.line, view.at, view.person, view.stream, view.what]
    return hashlib.sha256(b"motcua/view/1\n" + canonical({"view": content})).hexdigest()
