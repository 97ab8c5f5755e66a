"""Backups as an administrator makes them, with a recovery key that lies in the test's own safe."""

from __future__ import annotations

from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central.backup import Copy, Made, Told, back_up, opened_copy
from central.recovery import public_half
from edge.at_rest import Ask
from edge.clock import Clock
from edge.folder import Folder
from edge.settings import BackupSettings, NodeSettings, read_settings

RECOVERY = X25519PrivateKey.from_private_bytes(bytes(range(32)))


def silent(what: str, done: int, total: int) -> None:
    pass


def backing_up(folder: Path, daily: int = 7, weekly: int = 5) -> NodeSettings:
    """The settings of a node, with the recovery key among them."""
    backup = BackupSettings((public_half(RECOVERY),), daily=daily, weekly=weekly)
    return msgspec.structs.replace(read_settings(folder), backup=backup)


def backed_up(
    folder: Path,
    target: Path,
    clock: Clock,
    *,
    told: Told = silent,
    ask: Ask | None = None,
    daily: int = 7,
    weekly: int = 5,
) -> Made:
    """A backup of the node in a folder, in `target`."""
    target.mkdir(exist_ok=True)
    settings = backing_up(folder, daily, weekly)
    return back_up(Folder(folder), settings, target, clock=clock, told=told, ask=ask)


def brought_back(done: Made, into: Path) -> Copy:
    """That backup as a folder, as `motcua restore` makes it."""
    return opened_copy(done.where, RECOVERY, into, silent, done.name)


def copied(folder: Path, target: Path, clock: Clock) -> Copy:
    """A node backed up, and brought back beside the repository."""
    return brought_back(backed_up(folder, target, clock), target.with_name(f"{target.name} again"))
