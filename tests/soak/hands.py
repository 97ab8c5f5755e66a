"""The hands of the clocks of all machines, in one file: every process that is started with them goes by that.

libfaketime will not do here: a program that sleeps under it, as ours do when they end, fails at it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PATCH: Final = """\
from datetime import timedelta
from pathlib import Path

import edge.clock

right, hands = edge.clock.system_clock, Path({file!r})
edge.clock.system_clock = lambda: right() + timedelta(seconds=int(hands.read_text()))
"""


class Hands:
    """In a folder of their own, which is made."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder, self._file = folder.absolute(), folder.absolute() / "ahead"
        self.turn(0)
        patch = _PATCH.format(file=str(self._file))
        (folder / "sitecustomize.py").write_text(
            patch, encoding="utf-8"
        )  # Python reads it before anything of ours

    def turn(self, ahead_s: int) -> None:
        """So many seconds before the true hour."""
        half = self._file.with_suffix(".new")
        half.write_text(str(ahead_s), encoding="ascii")
        half.replace(self._file)

    def environment(self) -> dict[str, str]:
        """Of the processes that go by them."""
        return {"PYTHONPATH": str(self._folder)}
