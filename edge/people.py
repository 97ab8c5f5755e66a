"""Who sits at this machine: a PIN per person and node, a password per person; checked offline, slower after each mistake.

The password's verifier comes with the catalog and is changed at central only. A PIN is set here after signing in with
the password, and never leaves this machine. Both are argon2id.

A try is counted before it is looked at: a power cut in between, or twenty tries at once, buy nothing. The wait is
measured by a stopwatch and never by the clock, which anybody at the machine can turn; a restart begins it anew.
"""

from __future__ import annotations

import math
import threading
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from edge.clock import Stopwatch
from edge.database import NodeFile
from edge.errors import WeakSecret, WrongPassword, WrongPin
from edge.tables.people import Attempt, Pin
from schemas.catalog import Catalog
from schemas.identity import is_filler

FREE_TRIES: Final = 3
LONGEST_WAIT_S: Final = 15 * 60
PIN_DIGITS: Final = (6, 12)
PASSWORD_LENGTH: Final = (12, 128)
_LETTERS: Final = 6
"""A password has at least this many different characters."""


class People:
    """The PINs of one node, and the passwords as its catalog has them."""

    def __init__(
        self, file: NodeFile, catalog: Catalog, stopwatch: Stopwatch, hasher: PasswordHasher
    ) -> None:
        self._file, self._catalog, self._stopwatch, self._hasher = file, catalog, stopwatch, hasher
        self._began = stopwatch()
        self._tried: dict[str, float] = {}
        self._lock = threading.Lock()

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash("no such person")

    # ---- PINs

    def set_pin(self, person: str, pin: str) -> None:
        """Set a person's PIN at this node; wrong tries are forgotten. Raises `WeakSecret`."""
        shortest, longest = PIN_DIGITS
        if not (pin.isascii() and pin.isdigit() and shortest <= len(pin) <= longest):
            raise WeakSecret("digits")
        if len(set(pin)) < 3 or is_filler(pin) or _is_a_run(pin):
            raise WeakSecret("simple")
        row = {"person": person, "verifier": self._hasher.hash(pin), "catalog": self._catalog.number}
        with self._file.write():
            Pin.insert(**row).on_conflict_replace().execute()
            Attempt.delete().where(Attempt.key == _pin(person)).execute()

    def has_pin(self, person: str) -> bool:
        """Whether somebody has a PIN here that central has not made void."""
        return self._pin_of(person) is not None

    def check_pin(self, person: str, pin: str) -> None:
        """Return if the PIN is right; else raise `WrongPin` with the seconds until the next try counts.

        A try during the wait is not looked at, whether right or wrong. Somebody without a PIN takes as long
        to refuse as somebody with one.
        """
        wait_s = self._count(person, _pin(person))
        if wait_s:
            raise WrongPin(wait_s)
        verifier = self._pin_of(person)
        if not self._matches(verifier or self._decoy, pin) or verifier is None:
            raise WrongPin(self._left(_pin(person)))
        self._forgive(_pin(person))

    def _pin_of(self, person: str) -> str | None:
        with self._file.read():
            row = Pin.get_or_none(Pin.person == person)
        if row is None or self._catalog.trust.signed_out_since(person, row.catalog, pins=True):
            return None
        return str(row.verifier)

    # ---- passwords

    def verifier(self, person: str, password: str) -> str:
        """What the catalog keeps of a new password. Raises `WeakSecret`."""
        shortest, longest = PASSWORD_LENGTH
        if not shortest <= len(password) <= longest:
            raise WeakSecret("length")
        known = self._catalog.latest.person(person)
        parts = [person, *(known.name.split() if known else ())]
        bare = password.casefold()
        if len(set(bare)) < _LETTERS or any(len(part) > 3 and part.casefold() in bare for part in parts):
            raise WeakSecret("simple")
        return self.verifier_of(password)

    def verifier_of(self, password: str) -> str:
        """The same for one that was made by chance, and needs no questions."""
        return self._hasher.hash(password)

    def check_password(self, person: str, password: str) -> None:
        """Return if it is the password; else raise `WrongPassword` with the seconds until the next try counts."""
        wait_s = self._count(person, _password(person))
        if wait_s:
            raise WrongPassword(wait_s)
        known = self._catalog.latest.password(person)
        if not self._matches(known.verifier if known else self._decoy, password) or known is None:
            raise WrongPassword(self._left(_password(person)))
        self._forgive(_password(person))

    def _matches(self, verifier: str, secret: str) -> bool:
        try:
            return self._hasher.verify(verifier, secret)
        except (VerifyMismatchError, InvalidHashError):
            return False

    # ---- mistakes

    def _count(self, person: str, key: str) -> int:
        """Count a try as a mistake until it has proved right; the seconds to wait if it does not count yet."""
        if self._catalog.latest.person(person) is None:
            return 0
        with self._lock, self._file.write():
            failures = _failures(key)
            if (left := self._left_of(failures, key)) > 0:
                return left
            Attempt.insert(key=key, failures=failures + 1).on_conflict_replace().execute()
            self._tried[key] = self._stopwatch()
        return 0

    def _left(self, key: str) -> int:
        with self._file.read():
            return self._left_of(_failures(key), key)

    def _left_of(self, failures: int, key: str) -> int:
        """Seconds until the next try counts. What happened before this process began happened at its beginning."""
        if failures < FREE_TRIES:
            return 0
        wait_s = min(LONGEST_WAIT_S, 1 << (failures - FREE_TRIES + 2))
        left = self._tried.get(key, self._began) + wait_s - self._stopwatch()
        return max(0, math.ceil(left))

    def _forgive(self, key: str) -> None:
        with self._file.write():
            Attempt.delete().where(Attempt.key == key).execute()


def _failures(key: str) -> int:
    row = Attempt.get_or_none(Attempt.key == key)
    return int(row.failures) if row else 0


def _pin(person: str) -> str:
    return f"pin {person}"


def _password(person: str) -> str:
    return f"password {person}"


def _is_a_run(digits: str) -> bool:
    return digits in "01234567890123456789" or digits in "98765432109876543210"
