"""Whether the hour that this machine shows can be believed (design §5), and who said so when nobody could know.

A clock is measured against others at every contact, and against what this machine itself has written. One that is more
than two minutes behind its own last act, or more than twelve hours ahead of all that is known at a sign-in, is asked
about once: the person says what the wall says. Nothing stops; acts carry `clock: unsure` until a contact agrees.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import msgspec

from edge.clock import Clock
from edge.database import Chain, Fact, NodeFile
from schemas.events import moment, timestamp

BEHIND: Final = timedelta(minutes=2)
AHEAD: Final = timedelta(hours=12)
_AGREED, _CONFIRMED = "clock agreed", "clock confirmed"
_KEPT_EVERY: Final = timedelta(minutes=1)


class Doubt(Enum):
    BEHIND = "behind"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The hour shown, and the moment that speaks against it."""

    doubt: Doubt
    now: datetime
    known: datetime


class Confirmed(msgspec.Struct, frozen=True):
    """A person's word: at which shown hour, after which own act; `right` is whether the wall agreed."""

    at: str
    after: str
    by: str
    right: bool


class Hour:
    """The hour of one node. `is_centre`: others are measured by it, so it is never called ahead."""

    def __init__(self, file: NodeFile, clock: Clock, *, is_centre: bool) -> None:
        self._file, self._clock, self._is_centre = file, clock, is_centre
        self._lock = threading.Lock()
        with file.read():
            facts = {fact.key: fact.value for fact in Fact.select().where(Fact.key.startswith("clock "))}
        self._agreed = moment(facts[_AGREED]) if _AGREED in facts else None
        confirmed = facts.get(_CONFIRMED)
        self._confirmed = msgspec.json.decode(confirmed, type=Confirmed) if confirmed else None
        self.skew: timedelta | None = None
        """How far this clock is ahead of the one that was measured last; None while they agree."""

    @property
    def confirmed(self) -> Confirmed | None:
        """What a person said, until another clock agrees with ours."""
        return self._confirmed

    @property
    def unsure(self) -> bool:
        """Whether what is written now carries `clock: unsure`."""
        return self._confirmed is not None

    def doubt(self) -> Doubtful | None:
        """What speaks against the hour shown, if nobody has been asked about it yet."""
        now, last = self._clock(), self._last()
        if last is not None and last - now > BEHIND and not self.covers(last):
            return Doubtful(Doubt.BEHIND, now, last)
        said = moment(self._confirmed.at) if self._confirmed else None
        if last is not None and self.covers(last):
            last = None
        known = max((at for at in (last, said, self._agreed) if at is not None), default=None)
        if not self._is_centre and known is not None and now - known > AHEAD:
            return Doubtful(Doubt.AHEAD, now, known)
        return None

    def covers(self, last: datetime) -> bool:
        """Whether somebody was asked about the hour after this last act: the clock then counts, not the act."""
        return self._confirmed is not None and self._confirmed.after == timestamp(last)

    def confirm(self, by: str, *, right: bool) -> None:
        """The person was shown the day and the hour, and showed their PIN."""
        last = self._last()
        said = Confirmed(timestamp(self._clock()), timestamp(last) if last else "", by, right)
        with self._lock:
            self._confirmed = said
            self._keep(_CONFIRMED, msgspec.json.encode(said).decode())

    def measured(self, theirs: datetime) -> None:
        """Another node told its hour just now, to the second."""
        now = self._clock()
        ahead = now - theirs
        with self._lock:
            if abs(ahead) > BEHIND:
                self.skew = ahead
                return
            self.skew = None
            if self._confirmed is not None:
                self._confirmed = None
                with self._file.write():
                    Fact.delete().where(Fact.key == _CONFIRMED).execute()
            if self._agreed is None or not timedelta(0) <= now - self._agreed < _KEPT_EVERY:
                self._agreed = now
                self._keep(_AGREED, timestamp(now))

    def _last(self) -> datetime | None:
        with self._file.read():
            moments = [row.at for row in Chain.select().where(Chain.database != "catalog") if row.at]
        return moment(max(moments)) if moments else None

    def _keep(self, key: str, value: str) -> None:
        with self._file.write():
            Fact.insert(key=key, value=value).on_conflict_replace().execute()
