"""The outbox of central: what has to go out, written in the transaction that shows it, and kept until it went.

A dossier has one row, whose body is the newest of it: a line that is down makes no queue of states that are over. Its
version counts them, and names the message, so that whoever receives it twice can tell. A mail has a row of its own for the act that
it tells of, and is written once. An electronic receipt has a row until it was issued, and again when it is made void; money
that was given back has one of its own, written once, when its receipt was issued. The summary of a collector's day has one
without a body, which is made when it goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import msgspec

from edge.clock import Clock
from edge.database import NodeFile
from edge.tables.centre import OutboxRow
from schemas.calendar import VIETNAM
from schemas.catalog import Catalog
from schemas.events import Event, Unknown, timestamp
from schemas.exchange import mails_of, message_of
from schemas.fold import Dossier
from schemas.pending_receipts import REPLACED
from schemas.receipt_messages import COLLECTED, VOIDED, Electronic, State, electronic_of, given_back_of
from sync.sqlite import Connection

DOSSIER, MAIL, ISSUING, SUMMARY = "dossier", "mail", "issuing", "summary"
DUE, SENT, REFUSED = "due", "sent", "refused"
FIRST_WAIT: Final = timedelta(seconds=15)
LONGEST_WAIT: Final = timedelta(hours=1)
SHOWN: Final = 50
CLOSING: Final = time(21)
"""Nobody takes money after that: the summary of the day goes out, on the day itself (NĐ 254/2026 Đ29(3))."""
QUIET: Final = timedelta(minutes=5)
"""What comes of a day that is over is told together: machines that were alone bring it in one go."""
_FAR: Final = {SUMMARY: timedelta(days=2)}
"""Waits longer than these were written by a clock that was wrong."""


@dataclass(frozen=True, slots=True)
class Due:
    """Something that has to go out now. `name` is the same however often it is tried, and never that of anything else: a
    central that was restored counts some versions twice."""

    key: str
    kind: str
    version: int
    body: bytes
    tries: int

    @property
    def name(self) -> str:
        """`key.version-` and 16 hex of the SHA-256 of the body."""
        return f"{self.key}.{self.version}-{_digest(self.body)[:16]}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of one kind waits, since when the oldest does, and how much was refused for good."""

    kind: str
    due: int
    oldest: str
    refused: int


class Outbox:
    """Of one node. `kinds`: what it sends at all; of others it keeps nothing."""

    def __init__(self, file: NodeFile, catalog: Catalog, clock: Clock, kinds: Collection[str]) -> None:
        self._file, self._catalog, self._clock, self._kinds = file, catalog, clock, frozenset(kinds)

    def take(
        self,
        connection: Connection,
        told: Sequence[tuple[Dossier, Sequence[Event | Unknown], Collection[str]]],
    ) -> None:
        """Note what these dossiers say now, each with the acts of it that are new here; in the projector's transaction.

        A dossier that only looks different by a newer catalog, and was never told of, is not told of now.
        """
        now = timestamp(self._clock())
        for dossier, events, new in told:
            message = message_of(dossier, self._catalog.latest)
            if message is None:
                if not new:  # its words had to go: what waits of it goes too
                    connection.execute(_FORGET, (dossier.stream,))
                continue
            if DOSSIER in self._kinds:
                self._take_dossier(connection, dossier.stream, msgspec.json.encode(message), new, now)
            if MAIL in self._kinds and new:
                for mail in mails_of(dossier, new, self._catalog.latest):
                    body = msgspec.json.encode({"to": mail.to, "subject": mail.subject, "text": mail.text})
                    _note(connection, f"{MAIL} {mail.act}", MAIL, dossier.stream, body, now, once=True)
            if ISSUING in self._kinds:
                self._take_receipts(connection, dossier, events, new)

    @staticmethod
    def _take_dossier(
        connection: Connection, stream: str, body: bytes, new: Collection[str], now: str
    ) -> None:
        key = f"{DOSSIER} {stream}"
        known = connection.execute("SELECT digest FROM outbox WHERE key = ?", (key,)).fetchone()
        if known is None and not new:
            return
        if known is None or known[0] != _digest(body):
            _note(connection, key, DOSSIER, stream, body, now)

    def mail(self, connection: Connection, name: str, to: Collection[str], subject: str, text: str) -> None:
        """Note a mail of central's own, about no dossier, to each of these; in the transaction of what it tells.

        `name` names it for ever.
        """
        now = timestamp(self._clock())
        for place, address in enumerate(to):
            body = msgspec.json.encode({"to": address, "subject": subject, "text": text})
            _note(connection, f"{MAIL} {name} {place}", MAIL, "", body, now, once=True)

    def has_own_mail(self, connection: Connection) -> bool:
        """Whether such a mail still waits to go."""
        query = "SELECT 1 FROM outbox WHERE state = 'due' AND kind = 'mail' AND stream = '' LIMIT 1"
        return connection.execute(query).fetchone() is not None

    def _take_receipts(
        self,
        connection: Connection,
        dossier: Dossier,
        events: Sequence[Event | Unknown],
        new: Collection[str],
    ) -> None:
        come = [event for event in events if isinstance(event, Event) and str(event.hash) in new]
        issued = {str(event.data.get("collected")) for event in come if event.kind == REPLACED}
        money = any(event.kind in (COLLECTED, VOIDED) for event in come)
        for one in electronic_of(dossier, events, self._catalog.latest):
            known = connection.execute(
                "SELECT digest FROM outbox WHERE key = ?", (f"{ISSUING} {one.collected}",)
            ).fetchone()
            if one.state is State.ISSUED:
                connection.execute(
                    "UPDATE outbox SET state = 'sent', body = x'' WHERE key = ?",
                    (f"{ISSUING} {one.collected}",),
                )
                if one.collected in issued:
                    self._note_summary(connection, one)
                for back in given_back_of(dossier, events, one):
                    if back.refunded in new or one.collected in issued:
                        body = msgspec.json.encode(back.message)
                        key = f"{ISSUING} {back.refunded}"
                        _note(connection, key, ISSUING, one.stream, body, timestamp(self._clock()), once=True)
            elif known is not None or money or (new and one.state is State.PENDING):
                self._note_receipt(connection, one, known[0] if known is not None else "")

    def take_pending(
        self, connection: Connection, dossier: Dossier, events: Sequence[Event | Unknown]
    ) -> None:
        """Note what was to be issued already when an administrator told central where receipts go."""
        for one in electronic_of(dossier, events, self._catalog.latest):
            if one.state is State.PENDING:
                self._note_receipt(connection, one, "")

    def pending(self) -> list[str]:
        """Dossiers with a receipt that is to be issued and lies in no row here: no more than what is to be done."""
        with self._file.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT stream FROM pending_receipt WHERE NOT EXISTS"
                " (SELECT 1 FROM outbox WHERE key = 'issuing ' || collected)"
            ).fetchall()
        return [str(stream) for (stream,) in rows]

    def _note_receipt(self, connection: Connection, one: Electronic, digest: str) -> None:
        body = msgspec.json.encode(one.message)
        if digest == _digest(body):
            return
        now = timestamp(self._clock())
        _note(connection, f"{ISSUING} {one.collected}", ISSUING, one.stream, body, now)
        self._note_summary(connection, one)

    def _note_summary(self, connection: Connection, one: Electronic) -> None:
        now, closing = self._clock(), datetime.combine(one.day, CLOSING, VIETNAM)
        key = f"{SUMMARY} {one.day.isoformat()} {one.agency}"
        begins = timestamp(max(now + QUIET, closing))
        _note(connection, key, SUMMARY, "", b"", begins, begins)

    def due(self, kind: str, limit: int) -> list[Due]:
        """What is to be tried now, what has waited longest first; also after the clock was turned back."""
        now = self._clock()
        with self._file.read() as connection:
            rows = connection.execute(
                "SELECT key, kind, version, body, tries FROM outbox WHERE state = 'due' AND kind = ?"
                " AND (next_at <= ? OR next_at > ?) ORDER BY next_at LIMIT ?",
                (kind, timestamp(now), timestamp(now + _FAR.get(kind, 2 * LONGEST_WAIT)), limit),
            ).fetchall()
        return [Due(key, kind_, version, bytes(body), tries) for key, kind_, version, body, tries in rows]

    def sent(self, one: Due) -> None:
        """It went. What has come since then under the same name is still to go."""
        self._update(
            "UPDATE outbox SET sent = ?, tries = 0, problem = '', state = CASE WHEN version > ? THEN 'due' ELSE 'sent' END,"
            " body = CASE WHEN version > ? THEN body ELSE x'' END WHERE key = ?",
            (one.version, one.version, one.version, one.key),
        )

    def later(self, one: Due, why: str, *, jitter: float) -> None:
        """It did not go: twice as long as the last time until it is tried again, an hour at most. `jitter`: 0 to 1."""
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(one.tries, 10)) * (0.5 + jitter / 2)
        self._update(
            "UPDATE outbox SET tries = tries + 1, next_at = ?, problem = ? WHERE key = ?",
            (timestamp(self._clock() + wait), why[:500], one.key),
        )

    def refused(self, one: Due, why: str) -> None:
        """Whoever got it says that it will never take it; a person looks at it. Something newer is tried again."""
        self._update(
            "UPDATE outbox SET problem = ?, state = CASE WHEN version > ? THEN 'due' ELSE 'refused' END WHERE key = ?",
            (why[:500], one.version, one.key),
        )

    def again(self, key: str) -> bool:
        """Try what was refused once more; whether there was such a thing."""
        with self._file.write() as connection:
            moved = connection.execute(
                "UPDATE outbox SET state = 'due', tries = 0, next_at = ? WHERE key = ? AND state = 'refused'",
                (timestamp(self._clock()), key),
            ).rowcount
        return bool(moved)

    def drop(self, key: str) -> bool:
        """Give up what was refused: it is not sent, unless the dossier changes; whether there was such a thing."""
        with self._file.write() as connection:
            moved = connection.execute(
                "UPDATE outbox SET state = 'sent', body = x'' WHERE key = ? AND state = 'refused'", (key,)
            ).rowcount
        return bool(moved)

    def waiting(self) -> list[Waiting]:
        """Of each kind that is sent: counted along indexes of what has not gone; not what is to go later in the day."""
        found, now = [], timestamp(self._clock())
        with self._file.read() as connection:
            for kind in sorted(self._kinds):
                count, oldest = connection.execute(
                    "SELECT count(*), min(at) FROM outbox WHERE state = 'due' AND kind = ? AND (at <= ? OR kind <> 'summary')",
                    (kind, now),
                ).fetchone()
                (refused,) = connection.execute(
                    "SELECT count(*) FROM outbox WHERE state = 'refused' AND kind = ?", (kind,)
                ).fetchone()
                found.append(Waiting(kind, count, oldest or "", refused))
        return found

    def troubled(self) -> list[OutboxRow]:
        """What was refused, the newest first."""
        with self._file.read():
            rows = OutboxRow.select().where(OutboxRow.state == REFUSED)
            return list(rows.order_by(OutboxRow.at.desc()).limit(SHOWN))

    def _update(self, statement: str, values: Sequence[Any]) -> None:
        with self._file.write() as connection:
            connection.execute(statement, values)


_FORGET: Final = "UPDATE outbox SET body = x'', digest = '', state = 'sent' WHERE stream = ?"


_INTO: Final = (
    "INSERT INTO outbox (key, kind, stream, version, sent, state, body, digest, at, tries, next_at, problem)"
    " VALUES (?, ?, ?, 1, 0, 'due', ?, ?, ?, 0, ?, '') ON CONFLICT (key) DO "
)
_ONCE: Final = _INTO + "NOTHING"
_NEWEST: Final = (
    _INTO + "UPDATE SET version = version + 1, state = 'due', body = excluded.body, digest = excluded.digest,"
    " at = CASE WHEN state = 'due' THEN at ELSE excluded.at END, tries = 0, next_at = excluded.next_at, problem = ''"
)


def _note(
    connection: Connection,
    key: str,
    kind: str,
    stream: str,
    body: bytes,
    now: str,
    begins: str = "",
    *,
    once: bool = False,
) -> None:
    """What is new has a row; what is newer has the next version; what is told `once` stays as it was written. `begins`:
    not to be tried before."""
    values = (key, kind, stream, body, _digest(body), now, begins or now)
    connection.execute(_ONCE if once else _NEWEST, values)


def day_of_summary(key: str) -> tuple[date, str]:
    """The day and the collector's agency that the row of a summary is for."""
    _, day, agency = key.split(" ")
    return date.fromisoformat(day), agency


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
