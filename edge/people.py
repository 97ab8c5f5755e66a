"""Who sits at this machine: a PIN per person and node (argon2id), checked offline, slower after each mistake."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from edge.clock import Clock
from edge.database import NodeFile, Pin
from edge.errors import WrongPin
from schemas.events import timestamp

FREE_TRIES: Final = 3
LONGEST_WAIT_S: Final = 15 * 60


class People:
    """The PINs of one node. A PIN is set after enrolment and never leaves the node."""

    def __init__(self, file: NodeFile, clock: Clock, hasher: PasswordHasher) -> None:
        self._file, self._clock, self._hasher = file, clock, hasher

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash("no such person")

    def set_pin(self, person: str, pin: str) -> None:
        """Set a person's PIN at this node; wrong tries are forgotten."""
        row = {"person": person, "verifier": self._hasher.hash(pin), "failures": 0, "locked_until": ""}
        with self._file.write():
            Pin.insert(**row).on_conflict_replace().execute()

    def check_pin(self, person: str, pin: str) -> None:
        """Return if the PIN is right; else raise `WrongPin` with the seconds until the next try counts.

        A try during the wait is not looked at, whether right or wrong. Somebody without a PIN takes as long
        to refuse as somebody with one.
        """
        now = self._clock()
        with self._file.read():
            row = Pin.get_or_none(Pin.person == person)
        if row is not None and row.locked_until > timestamp(now):
            raise WrongPin(_seconds_until(row.locked_until, now))
        if self._matches(row.verifier if row else self._decoy, pin) and row is not None:
            if row.failures:
                with self._file.write():
                    Pin.update(failures=0, locked_until="").where(Pin.person == person).execute()
            return
        raise WrongPin(self._count_failure(person, now))

    def _matches(self, verifier: str, pin: str) -> bool:
        try:
            return self._hasher.verify(verifier, pin)
        except (VerifyMismatchError, InvalidHashError):
            return False

    def _count_failure(self, person: str, now: datetime) -> int:
        with self._file.write():
            row = Pin.get_or_none(Pin.person == person)
            if row is None:
                return 0
            failures = row.failures + 1
            wait = 0 if failures < FREE_TRIES else min(LONGEST_WAIT_S, 2 ** (failures - FREE_TRIES + 2))
            until = timestamp(now + timedelta(seconds=wait)) if wait else ""
            Pin.update(failures=failures, locked_until=until).where(Pin.person == person).execute()
        return wait


def _seconds_until(until: str, now: datetime) -> int:
    return max(1, round((datetime.fromisoformat(until) - now).total_seconds()))
