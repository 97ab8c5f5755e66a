"""How many documents a page has, so that it takes about a second on the line and its write holds nobody long.

A page that is too large makes a slow line repeat much after a cut, and keeps acts at the counter waiting for the
writer; one that is too small pays for the way there and back more often than for the documents.
"""

from __future__ import annotations

from typing import Final

LEAST: Final = 20
FIRST: Final = 100
FIRST_HELD: Final = 50
"""And the fewest: fewer save little time, and each lot has its own cost."""
MOST_HELD: Final = 500
_GROWTH: Final = 2


class Pace:
    """`most`: documents of a page, at most. `line_s`, `write_s`: what reading and writing one may take."""

    def __init__(self, *, most: int, line_s: float, write_s: float) -> None:
        self._most, self._line_s, self._write_s = most, line_s, write_s
        self.size = min(FIRST, most)

    def took(self, documents: int, *, read_s: float, write_s: float) -> None:
        """A page brought so many documents in so many seconds. One that brought few says little of the line."""
        share = max(read_s / self._line_s, write_s / self._write_s)
        if share > 1:
            self.size = self._within(documents / share)
        elif documents >= self.size / 2:
            self.size = self._within(min(self.size * _GROWTH, documents / share if share else self._most))

    def halve(self) -> None:
        """The other side takes no requests of this size."""
        self.size = max(1, self.size // 2)

    def _within(self, documents: float) -> int:
        return max(min(LEAST, self._most), min(self._most, int(documents)))


class Hold:
    """How many documents are written until the writer looks whether somebody waits: for three quarters of `most_s`."""

    def __init__(self, most_s: float) -> None:
        self._aim_s = most_s * 0.75
        self.size = FIRST_HELD

    def took(self, documents: int, seconds: float) -> None:
        """So many took so long. Few documents say little of many."""
        if seconds > 0 and (seconds > self._aim_s or documents >= self.size / 2):
            fit = documents * self._aim_s / seconds
            self.size = max(FIRST_HELD, min(MOST_HELD, int(fit), int(self.size * 1.25)))
