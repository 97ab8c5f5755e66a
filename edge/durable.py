"""Small files that are on the disk when a call returns; one in the place of another is old or new, whenever the power goes."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def synced(path: Path) -> None:
    """What is in a file, or the names in a folder: a rename lasts only when its folder does."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_new(path: Path, content: bytes, mode: int = 0o600) -> None:
    """A file that is not there yet, for its owner's eyes alone; never through somebody's link. Raises `FileExistsError`.

    Where it cannot be written whole, it is not there. Only when the power goes meanwhile it may be half.
    """
    _write(path, content, mode)
    synced(path.parent)


def write_whole(path: Path, content: bytes, mode: int = 0o600) -> None:
    """A file in the place of what was there."""
    half = path.with_name(f"{path.name}.new")
    half.unlink(missing_ok=True)
    _write(half, content, mode)
    half.replace(path)
    synced(path.parent)


def _write(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
