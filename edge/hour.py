"""Whether the hour that this machine shows can be believed (design §5), and who said so when nobody could know.

A clock is measured against others at every contact, and against what this machine itself has written. One that is more
than two minutes behind its own last act, or more than twelve hours ahead of all that is known at a sign-in, is asked
about once: the person says what the wall says. So is one that jumped while the machine was at work, by more than two
minutes against the seconds that passed. Nothing stops; acts carry `clock: unsure` until a contact agrees.

Where the person says that the clock is wrong, it is not believed: the machine goes on from the last moment that speaks
against it, by the seconds that passed since, or from what central said at a contact. In 2015 nobody here had a role.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

import msgspec

from edge.clock import Clock, Stopwatch
from edge.database import NodeFile
from edge.tables.node import Chain, Fact
from schemas.events import moment, timestamp

BEHIND: Final = timedelta(minutes=2)
AHEAD: Final = timedelta(hours=12)
_AGREED, _CONFIRMED = "clock agreed", "clock confirmed"
_KEPT_EVERY: Final = timedelta(minutes=1)


class Doubt(Enum):
    """On which side of what is known a machine's clock stands."""

    BEHIND = "behind"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The hour shown, and the moment that speaks against it; `jumped`: what it should be by the seconds that passed."""

    doubt: Doubt
    now: datetime
    known: datetime
    jumped: bool = False


class Confirmed(msgspec.Struct, frozen=True):
    """A person's word: at which shown hour, after which own act; `right` is whether the wall agreed.

    `known`: what spoke against the clock, where it did not agree.
    """

    at: str
    after: str
    by: str
    right: bool
    known: str = ""


class Hour:
    """The hour of one node. `is_centre`: others are measured by it, so it is never called ahead."""

    def __init__(self, file: NodeFile, clock: Clock, stopwatch: Stopwatch, *, is_centre: bool) -> None:
        self._file, self._clock, self._stopwatch, self._is_centre = file, clock, stopwatch, is_centre
        self._lock = threading.Lock()
        with file.read():
            facts = {fact.key: fact.value for fact in Fact.select().where(Fact.key.startswith("clock "))}
        self._agreed = moment(facts[_AGREED]) if _AGREED in facts else None
        confirmed = facts.get(_CONFIRMED)
        self._confirmed = msgspec.json.decode(confirmed, type=Confirmed) if confirmed else None
        self._counted_from: tuple[datetime, float] | None = None
        if self._confirmed is not None and self._confirmed.known:
            after = [moment(at) for at in (self._confirmed.known, self._last_at()) if at]
            self._counted_from = max(after), stopwatch()
        self._pace: tuple[datetime, float] | None = None
        self._uptime: Stopwatch | None = None
        self.skew: timedelta | None = None
        """How far this clock is ahead of the one that was measured last; None while they agree."""

    def now(self) -> datetime:
        """The clock; or, where a person said that it is wrong, what was known and the seconds that passed since."""
        counted_from = self._counted_from
        if counted_from is None:
            return self._clock()
        known, since = counted_from
        return known + timedelta(seconds=self._stopwatch() - since)

    @property
    def confirmed(self) -> Confirmed | None:
        """What a person said, until another clock agrees with ours."""
        return self._confirmed

    @property
    def unsure(self) -> bool:
        """Whether what is written now carries `clock: unsure`."""
        return self._confirmed is not None

    def watch(self, uptime: Stopwatch) -> None:
        """Keep pace with the seconds that pass: from now on, and at every call while nothing has jumped."""
        self._uptime = uptime
        if self.jumped_to() is None:
            self._keep_pace()

    def jumped_to(self) -> Doubtful | None:
        """The hour shown and the one that it should be, where the clock jumped while this machine was at work."""
        if self._pace is None or self._uptime is None:
            return None
        (at, uptime), now = self._pace, self._clock()
        expected = at + timedelta(seconds=self._uptime() - uptime)
        if abs(now - expected) <= BEHIND:
            return None
        if self._counted_from is not None:  # it was wrong before it jumped: what is counted past it is known
            expected = self.now()
        return Doubtful(Doubt.AHEAD if now > expected else Doubt.BEHIND, now, expected, jumped=True)

    def _keep_pace(self) -> None:
        if self._uptime is not None:
            self._pace = self._clock(), self._uptime()

    def doubt(self) -> Doubtful | None:
        """What speaks against the hour shown, if nobody has been asked about it yet."""
        jumped = self.jumped_to()
        if jumped is not None:
            return jumped
        now, last = self.now(), self._last()
        if last is not None and last - now > BEHIND and not self.covers(last):
            return Doubtful(Doubt.BEHIND, now, last)
        said = moment(self._confirmed.known or self._confirmed.at) if self._confirmed else None
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
        last, doubtful = self._last(), self.doubt()
        known = None if right else self._known(doubtful)
        said = Confirmed(
            timestamp(self._clock()),
            timestamp(last) if last else "",
            by,
            right,
            timestamp(known) if known else "",
        )
        with self._lock:
            self._confirmed = said
            self._counted_from = (known, self._stopwatch()) if known else None
            self._keep_pace()
            self._keep(_CONFIRMED, msgspec.json.encode(said).decode())

    def _known(self, doubtful: Doubtful | None) -> datetime | None:
        """From which moment to go on where the clock is wrong; None where nothing but the clock is known."""
        if doubtful is not None:
            return doubtful.known
        return self.now() if self._counted_from is not None else None

    def measured(self, theirs: datetime) -> None:
        """Another node told its hour just now, to the second."""
        now = self._clock()
        ahead = now - theirs
        with self._lock:
            if abs(ahead) > BEHIND:
                self.skew = ahead
                if self._counted_from is not None:
                    self._counted_from = theirs, self._stopwatch()
                return
            self.skew = None
            self._keep_pace()
            self._counted_from = None
            if self._confirmed is not None:
                self._confirmed = None
                with self._file.write():
                    Fact.delete().where(Fact.key == _CONFIRMED).execute()
            if self._agreed is None or not timedelta(0) <= now - self._agreed < _KEPT_EVERY:
                self._agreed = now
                self._keep(_AGREED, timestamp(now))

    def _last(self) -> datetime | None:
        at = self._last_at()
        return moment(at) if at else None

    def _last_at(self) -> str:
        with self._file.read():
            moments = [row.at for row in Chain.select().where(Chain.database != "catalog") if row.at]
        return max(moments, default="")

    def _keep(self, key: str, value: str) -> None:
        with self._file.write():
            Fact.insert(key=key, value=value).on_conflict_replace().execute()
