"""When this machine was backed up last: a note in its folder, which whoever makes a backup leaves there.

It is no row of the database: a backup is made by another process, of a machine that may be stopped.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from edge.durable import write_whole

NAME: Final = "backup.json"


class BackedUp(msgspec.Struct, frozen=True):
    """`at`: as of when the backup is; `where`: its folder."""

    at: datetime
    where: str


def note_backup(folder: Path, note: BackedUp) -> None:
    """Replace the note, whole or not at all."""
    write_whole(folder / NAME, msgspec.json.encode(note))


def last_backup(folder: Path) -> BackedUp | None:
    """None where there was none, or the note cannot be read."""
    try:
        return msgspec.json.decode((folder / NAME).read_bytes(), type=BackedUp)
    except (OSError, msgspec.MsgspecError):
        return None
