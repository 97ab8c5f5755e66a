"""Who is signed in at this machine, kept here and not in the browser: a session ends when we say so.

The cookie holds a random token and nothing else of value; here lies its hash. A session is locked when nobody does
anything for a while, by the stopwatch and by the clock, whichever says more; its person's PIN opens it again. It ends
when that person or another one signs out, after `LONGEST`, or when central signs the person out everywhere.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from edge.clock import Clock, Stopwatch
from edge.database import NodeFile
from edge.ids import Ids
from edge.tables.people import SessionRow
from schemas.catalog import Catalog
from schemas.events import moment, timestamp

LONGEST: Final = timedelta(hours=16)
"""A day at the counter; the next one begins with signing in."""
_KEPT_EVERY_S: Final = 60.0
_BACK: Final = timedelta(minutes=2)
"""A clock that is further back than this since somebody was last seen is no measure of idleness: locked."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser and its person. `owes` is what they must do first: `pin` (set one), `password` (change it)."""

    id: str
    person: str
    how: str
    owes: str
    catalog: int
    began_at: str
    seen_at: str
    locked: bool
    browser: str


class Sessions:
    """The sessions of one node. `idle_s`: how long nobody may do anything."""

    def __init__(
        self, file: NodeFile, catalog: Catalog, clock: Clock, stopwatch: Stopwatch, ids: Ids, *, idle_s: float
    ) -> None:
        self._file, self._catalog, self._clock, self._stopwatch, self._ids = (
            file,
            catalog,
            clock,
            stopwatch,
            ids,
        )
        self._idle_s = idle_s
        self._lock = threading.Lock()
        with file.read():
            self._sessions = {row.id: _session(row) for row in SessionRow.select()}
        self._touched: dict[str, float] = {}
        self._kept: dict[str, float] = {}
        self._began: dict[str, float] = {}

    def begin(self, person: str, *, how: str, owes: str = "", browser: str = "") -> str:
        """A new session; its token, which is told once."""
        token = self._ids.hex() + self._ids.hex()
        now = timestamp(self._clock())
        session = Session(_id(token), person, how, owes, self._catalog.number, now, now, False, browser[:200])
        with self._lock:
            self._sessions[session.id] = session
        with self._file.write():
            SessionRow.insert(**_row(session)).execute()
        self._touched[session.id] = self._kept[session.id] = self._began[session.id] = self._stopwatch()
        return token

    def get(self, token: str | None) -> Session | None:
        """The session of a token, locked or not; None once it is over."""
        session = self._sessions.get(_id(token)) if token else None
        if session is None:
            return None
        if self._is_over(session):
            self.end(session.id)
            return None
        if not session.locked and self._is_idle(session):
            self._change(session := replace(session, locked=True))
        return session

    def touch(self, session: Session) -> None:
        """Its person did something. Written down once a minute: whoever loses power is locked a little early."""
        now = self._stopwatch()
        seen = replace(session, seen_at=timestamp(self._clock()))
        with self._lock:
            if session.id not in self._sessions:
                return
            self._sessions[session.id] = seen
            self._touched[session.id] = now
        if now - self._kept.get(session.id, -_KEPT_EVERY_S) >= _KEPT_EVERY_S:
            self._kept[session.id] = now
            self._change(seen)

    def lock(self, session: Session) -> None:
        """Until `unlock`, over a restart too."""
        self._change(replace(session, locked=True))

    def unlock(self, session: Session) -> None:
        """Its person has shown their PIN."""
        self._touched[session.id] = self._stopwatch()
        self._change(replace(session, locked=False, seen_at=timestamp(self._clock())))

    def paid(self, session: Session) -> None:
        """What the person owed is done."""
        self.owe(session, "")

    def owe(self, session: Session, owes: str) -> None:
        """`owes` as `Session` has it; "" for nothing."""
        self._change(replace(session, owes=owes))

    def end(self, session_id: str) -> None:
        """From the next request on its cookie is nobody's, after a restart too."""
        with self._lock:
            self._sessions.pop(session_id, None)
            self._touched.pop(session_id, None)
            self._began.pop(session_id, None)
        with self._file.write():
            SessionRow.delete().where(SessionRow.id == session_id).execute()

    def end_all(self, person: str, *, but: str = "") -> int:
        """Sign a person out of every browser at this machine, but for one session; how many there were."""
        ended = [session.id for session in self.of(person) if session.id != but]
        for session_id in ended:
            self.end(session_id)
        return len(ended)

    def of(self, person: str) -> list[Session]:
        """A person's sessions here, the newest first."""
        mine = [session for session in list(self._sessions.values()) if session.person == person]
        return sorted(
            (session for session in mine if not self._is_over(session)),
            key=lambda one: one.began_at,
            reverse=True,
        )

    def _is_over(self, session: Session) -> bool:
        if self._catalog.trust.signed_out_since(session.person, session.catalog):
            return True
        began = self._began.get(session.id)
        if began is None:  # from before a restart: only the clock can tell
            return self._clock() - moment(session.began_at) > LONGEST
        return self._stopwatch() - began > LONGEST.total_seconds()

    def _is_idle(self, session: Session) -> bool:
        by_clock = self._clock() - moment(session.seen_at)
        touched = self._touched.get(session.id)
        if touched is None:  # from before a restart: only the clock can tell
            return by_clock < -_BACK or by_clock.total_seconds() > self._idle_s
        return max(by_clock.total_seconds(), self._stopwatch() - touched) > self._idle_s

    def _change(self, session: Session) -> None:
        """Nothing, where it was ended meanwhile by another request: it must not come back."""
        with self._lock:
            if session.id not in self._sessions:
                return
            self._sessions[session.id] = session
        with self._file.write():  # and not put there again, should it end just now
            SessionRow.update(**_row(session)).where(SessionRow.id == session.id).execute()


def _id(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _session(row: SessionRow) -> Session:
    return Session(
        row.id,
        row.person,
        row.how,
        row.owes,
        row.catalog,
        row.began_at,
        row.seen_at,
        bool(row.locked),
        row.browser,
    )


def _row(session: Session) -> dict[str, str | bool]:
    return {name: getattr(session, name) for name in Session.__slots__}
