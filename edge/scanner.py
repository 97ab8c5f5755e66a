"""The folder into which the counter's scanner puts its files, as `scans` in node.toml says.

Nothing here is an act: files lie and wait until somebody says of which dossier they are. A taken file is put aside, not
deleted: what was scanned is with the dossier, and a copy for whoever took the wrong one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SETTLED_S: Final = 2.0
"""A file that changed later than this is still being scanned."""
LISTED: Final = 30
TAKEN: Final = "da-nhan"


@dataclass(frozen=True, slots=True)
class Lying:
    """A file that waits. `id` names it in a page, because its name may be somebody's."""

    name: str
    size: int
    changed: float
    ready: bool

    @property
    def id(self) -> str:
        """16 hex of the SHA-256 of the name."""
        return hashlib.sha256(self.name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class ScannerFolder:
    """`seconds` is the hour of this machine, by which files of its own are dated."""

    def __init__(self, folder: str, seconds: Callable[[], float]) -> None:
        self._folder = Path(folder) if folder else None
        self._seconds = seconds

    @property
    def watched(self) -> bool:
        """Whether the settings name a folder; it may be out of reach all the same."""
        return self._folder is not None

    def lying(self) -> list[Lying]:
        """What waits, the newest first; nothing while the folder is out of reach, as a share is now and then."""
        if self._folder is None:
            return []
        found = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    known = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(known.st_mode) and not entry.name.startswith("."):
                        settled = abs(self._seconds() - known.st_mtime) >= SETTLED_S
                        found.append(Lying(entry.name, known.st_size, known.st_mtime, settled))
        return sorted(found, key=lambda one: -one.changed)[:LISTED]

    def read(self, one: Lying, most: int) -> bytes:
        """Its bytes, at most one more than `most`. Raises `OSError` for what went, or is no file any more."""
        if self._folder is None:
            raise FileNotFoundError(one.name)
        handle = os.open(self._folder / one.name, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as file:
            return file.read(most + 1)

    def put_aside(self, one: Lying) -> None:
        """It is with a dossier now. A folder that cannot be written leaves it where it is."""
        if self._folder is None:
            return
        aside = self._folder / TAKEN
        with contextlib.suppress(OSError):
            aside.mkdir(exist_ok=True)
            (self._folder / one.name).replace(aside / f"{one.id}-{one.name}")
